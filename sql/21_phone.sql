-- the type phone: a telephone number, equal by its E.164 form

CREATE TYPE @extschema@.phone;
CREATE FUNCTION @extschema@.phone_in(cstring) RETURNS @extschema@.phone
	AS 'MODULE_PATHNAME', 'crmseg_phone_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.phone_in(cstring) IS 'reads a number in E.164, +33612345678 or +33612345678;ext=12, without numbering plans; 22P02 with a detail when it is not one';
CREATE FUNCTION @extschema@.phone_out(@extschema@.phone) RETURNS cstring
	AS 'MODULE_PATHNAME', 'crmseg_phone_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.phone_out(@extschema@.phone) IS 'the number in E.164, with ;ext= and the extension where there is one';
CREATE FUNCTION @extschema@.phone_recv(internal) RETURNS @extschema@.phone
	AS 'MODULE_PATHNAME', 'crmseg_phone_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.phone_recv(internal) IS 'binary input: a version byte, the E.164 form, checked, and the text as written; 22P03';
CREATE FUNCTION @extschema@.phone_send(@extschema@.phone) RETURNS bytea
	AS 'MODULE_PATHNAME', 'crmseg_phone_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.phone_send(@extschema@.phone) IS 'binary output: a version byte, the E.164 form and the text as written';
CREATE TYPE @extschema@.phone (
	INPUT = @extschema@.phone_in, OUTPUT = @extschema@.phone_out, RECEIVE = @extschema@.phone_recv, SEND = @extschema@.phone_send,
	INTERNALLENGTH = VARIABLE, STORAGE = extended, CATEGORY = 'U'
);
COMMENT ON TYPE @extschema@.phone IS 'a telephone number: its E.164 form with the extension, by which it is equal, ordered and hashed and which it shows, and the text as written';

-- comparison and hash: bytes of the normal form; they never raise, hence LEAKPROOF
CREATE FUNCTION @extschema@.phone_eq(@extschema@.phone, @extschema@.phone) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_contact_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.phone_eq(@extschema@.phone, @extschema@.phone) IS 'equal, by the E.164 form; the operator =';
CREATE FUNCTION @extschema@.phone_ne(@extschema@.phone, @extschema@.phone) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_contact_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.phone_ne(@extschema@.phone, @extschema@.phone) IS 'not equal, by the E.164 form; the operator <>';
CREATE FUNCTION @extschema@.phone_lt(@extschema@.phone, @extschema@.phone) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_contact_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.phone_lt(@extschema@.phone, @extschema@.phone) IS 'less, by the E.164 form; the operator <';
CREATE FUNCTION @extschema@.phone_le(@extschema@.phone, @extschema@.phone) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_contact_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.phone_le(@extschema@.phone, @extschema@.phone) IS 'less or equal, by the E.164 form; the operator <=';
CREATE FUNCTION @extschema@.phone_gt(@extschema@.phone, @extschema@.phone) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_contact_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.phone_gt(@extschema@.phone, @extschema@.phone) IS 'greater, by the E.164 form; the operator >';
CREATE FUNCTION @extschema@.phone_ge(@extschema@.phone, @extschema@.phone) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_contact_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.phone_ge(@extschema@.phone, @extschema@.phone) IS 'greater or equal, by the E.164 form; the operator >=';
CREATE FUNCTION @extschema@.phone_cmp(@extschema@.phone, @extschema@.phone) RETURNS integer
	AS 'MODULE_PATHNAME', 'crmseg_contact_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.phone_cmp(@extschema@.phone, @extschema@.phone) IS 'less than, equal to or greater than zero, by the E.164 form; for btree indexes';
CREATE FUNCTION @extschema@.phone_hash(@extschema@.phone) RETURNS integer
	AS 'MODULE_PATHNAME', 'crmseg_contact_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.phone_hash(@extschema@.phone) IS 'hash of the E.164 form; for hash indexes and joins';
CREATE FUNCTION @extschema@.phone_hash_extended(@extschema@.phone, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'crmseg_contact_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.phone_hash_extended(@extschema@.phone, bigint) IS 'hash of the E.164 form with a seed; for hash partitions';
CREATE FUNCTION @extschema@.phone_sortsupport(internal) RETURNS void
	AS 'MODULE_PATHNAME', 'crmseg_phone_sortsupport' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.phone_sortsupport(internal) IS 'faster sorting, with abbreviated keys';
CREATE OPERATOR @extschema@.= (
	LEFTARG = @extschema@.phone, RIGHTARG = @extschema@.phone, FUNCTION = @extschema@.phone_eq, COMMUTATOR = OPERATOR(@extschema@.=), NEGATOR = OPERATOR(@extschema@.<>),
	RESTRICT = pg_catalog.eqsel, JOIN = pg_catalog.eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR @extschema@.= (@extschema@.phone, @extschema@.phone) IS 'equal, by the E.164 form';
CREATE OPERATOR @extschema@.<> (
	LEFTARG = @extschema@.phone, RIGHTARG = @extschema@.phone, FUNCTION = @extschema@.phone_ne, COMMUTATOR = OPERATOR(@extschema@.<>), NEGATOR = OPERATOR(@extschema@.=),
	RESTRICT = pg_catalog.neqsel, JOIN = pg_catalog.neqjoinsel
);
COMMENT ON OPERATOR @extschema@.<> (@extschema@.phone, @extschema@.phone) IS 'not equal, by the E.164 form';
CREATE OPERATOR @extschema@.< (
	LEFTARG = @extschema@.phone, RIGHTARG = @extschema@.phone, FUNCTION = @extschema@.phone_lt, COMMUTATOR = OPERATOR(@extschema@.>), NEGATOR = OPERATOR(@extschema@.>=),
	RESTRICT = pg_catalog.scalarltsel, JOIN = pg_catalog.scalarltjoinsel
);
COMMENT ON OPERATOR @extschema@.< (@extschema@.phone, @extschema@.phone) IS 'less, by the E.164 form';
CREATE OPERATOR @extschema@.<= (
	LEFTARG = @extschema@.phone, RIGHTARG = @extschema@.phone, FUNCTION = @extschema@.phone_le, COMMUTATOR = OPERATOR(@extschema@.>=), NEGATOR = OPERATOR(@extschema@.>),
	RESTRICT = pg_catalog.scalarlesel, JOIN = pg_catalog.scalarlejoinsel
);
COMMENT ON OPERATOR @extschema@.<= (@extschema@.phone, @extschema@.phone) IS 'less or equal, by the E.164 form';
CREATE OPERATOR @extschema@.> (
	LEFTARG = @extschema@.phone, RIGHTARG = @extschema@.phone, FUNCTION = @extschema@.phone_gt, COMMUTATOR = OPERATOR(@extschema@.<), NEGATOR = OPERATOR(@extschema@.<=),
	RESTRICT = pg_catalog.scalargtsel, JOIN = pg_catalog.scalargtjoinsel
);
COMMENT ON OPERATOR @extschema@.> (@extschema@.phone, @extschema@.phone) IS 'greater, by the E.164 form';
CREATE OPERATOR @extschema@.>= (
	LEFTARG = @extschema@.phone, RIGHTARG = @extschema@.phone, FUNCTION = @extschema@.phone_ge, COMMUTATOR = OPERATOR(@extschema@.<=), NEGATOR = OPERATOR(@extschema@.<),
	RESTRICT = pg_catalog.scalargesel, JOIN = pg_catalog.scalargejoinsel
);
COMMENT ON OPERATOR @extschema@.>= (@extschema@.phone, @extschema@.phone) IS 'greater or equal, by the E.164 form';
CREATE OPERATOR CLASS @extschema@.phone_ops DEFAULT FOR TYPE @extschema@.phone USING btree AS
	OPERATOR 1 @extschema@.<, OPERATOR 2 @extschema@.<=, OPERATOR 3 @extschema@.=, OPERATOR 4 @extschema@.>=, OPERATOR 5 @extschema@.>,
	FUNCTION 1 @extschema@.phone_cmp(@extschema@.phone, @extschema@.phone), FUNCTION 2 @extschema@.phone_sortsupport(internal);
COMMENT ON OPERATOR CLASS @extschema@.phone_ops USING btree IS 'order of the type phone: bytes of the E.164 form';
COMMENT ON OPERATOR FAMILY @extschema@.phone_ops USING btree IS 'order of the type phone: bytes of the E.164 form';
CREATE OPERATOR CLASS @extschema@.phone_ops DEFAULT FOR TYPE @extschema@.phone USING hash AS
	OPERATOR 1 @extschema@.=, FUNCTION 1 @extschema@.phone_hash(@extschema@.phone), FUNCTION 2 @extschema@.phone_hash_extended(@extschema@.phone, bigint);
COMMENT ON OPERATOR CLASS @extschema@.phone_ops USING hash IS 'hash of the E.164 form';
COMMENT ON OPERATOR FAMILY @extschema@.phone_ops USING hash IS 'hash of the E.164 form';

-- From varchar by itself, because drivers send parameters so; from text on assignment only, or text = text would be ambiguous.
CREATE CAST (@extschema@.phone AS text) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (@extschema@.phone AS text) IS 'the number in E.164';
CREATE CAST (text AS @extschema@.phone) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (text AS @extschema@.phone) IS 'reads the text as the type''s input does';
CREATE CAST (varchar AS @extschema@.phone) WITH INOUT AS IMPLICIT;
COMMENT ON CAST (varchar AS @extschema@.phone) IS 'reads the text as the type''s input does; implicit, so that a driver''s varchar parameter compares as phone';

CREATE FUNCTION @extschema@.as_written(@extschema@.phone) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_contact_as_written' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.as_written(@extschema@.phone) IS 'the number as it was written where it was read; kept in tables and in binary copies, not in text dumps';

-- what follows depends on the numbering plans of libphonenumber, which change with its version: STABLE
CREATE FUNCTION @extschema@.phone(number text, region text DEFAULT NULL) RETURNS @extschema@.phone
	AS 'MODULE_PATHNAME', 'crmseg_phone' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.phone(text, text) IS 'a number as people write it, dialled from a region (ISO 3166-1, two letters; not needed when it begins with + or 00 and the country code); 22P02 for a number that cannot exist, 22023 for an unknown region, 58P01 when libphonenumber is missing';
CREATE FUNCTION @extschema@.try_phone(number text, region text, OUT phone @extschema@.phone, OUT reason text)
	AS 'MODULE_PATHNAME', 'crmseg_try_phone' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.try_phone(text, text) IS 'the same, or NULL and a short stable reason: empty, not_a_number, no_region, unknown_region, invalid_country_code, too_short, too_long, local_only, invalid_number; both NULL for NULL';
CREATE FUNCTION @extschema@.phone_region(@extschema@.phone) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_phone_region' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.phone_region(@extschema@.phone) IS 'the region of the number (ISO 3166-1, two letters; 001 for a number of no country), or NULL where the plans do not know it';
CREATE FUNCTION @extschema@.phone_kind(@extschema@.phone) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_phone_kind' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.phone_kind(@extschema@.phone) IS 'mobile, fixed_line, fixed_line_or_mobile, toll_free, premium_rate, shared_cost, voip, personal, pager, uan, voicemail, or unknown';
CREATE FUNCTION @extschema@.national(@extschema@.phone) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_phone_national' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.national(@extschema@.phone) IS 'the number as it is written in its country, 06 12 34 56 78';
CREATE FUNCTION @extschema@.international(@extschema@.phone) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_phone_international' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.international(@extschema@.phone) IS 'the number as it is written abroad, +33 6 12 34 56 78';
