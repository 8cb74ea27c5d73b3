-- the type email: an e-mail address, equal by its mailbox

CREATE TYPE @extschema@.email;
CREATE FUNCTION @extschema@.email_in(cstring) RETURNS @extschema@.email
	AS 'MODULE_PATHNAME', 'crmseg_email_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.email_in(cstring) IS 'reads an address (RFC 5321, RFC 6531); 22P02 with a detail when it is not one';
CREATE FUNCTION @extschema@.email_out(@extschema@.email) RETURNS cstring
	AS 'MODULE_PATHNAME', 'crmseg_email_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.email_out(@extschema@.email) IS 'the address as written';
CREATE FUNCTION @extschema@.email_recv(internal) RETURNS @extschema@.email
	AS 'MODULE_PATHNAME', 'crmseg_email_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.email_recv(internal) IS 'binary input: a version byte and the text as written, read anew; 22P03, 22P02';
CREATE FUNCTION @extschema@.email_send(@extschema@.email) RETURNS bytea
	AS 'MODULE_PATHNAME', 'crmseg_email_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.email_send(@extschema@.email) IS 'binary output: a version byte and the text as written';
CREATE TYPE @extschema@.email (
	INPUT = @extschema@.email_in, OUTPUT = @extschema@.email_out, RECEIVE = @extschema@.email_recv, SEND = @extschema@.email_send,
	INTERNALLENGTH = VARIABLE, STORAGE = extended, CATEGORY = 'U'
);
COMMENT ON TYPE @extschema@.email IS 'an e-mail address: keeps what was written, and is equal, ordered and hashed by its mailbox (local part case-folded by NFKC_Casefold, domain in lower case and ASCII by IDNA)';

-- comparison and hash: bytes of the normal form; they never raise, hence LEAKPROOF
CREATE FUNCTION @extschema@.email_eq(@extschema@.email, @extschema@.email) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_contact_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.email_eq(@extschema@.email, @extschema@.email) IS 'equal, by the normal form of the mailbox; the operator =';
CREATE FUNCTION @extschema@.email_ne(@extschema@.email, @extschema@.email) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_contact_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.email_ne(@extschema@.email, @extschema@.email) IS 'not equal, by the normal form of the mailbox; the operator <>';
CREATE FUNCTION @extschema@.email_lt(@extschema@.email, @extschema@.email) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_contact_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.email_lt(@extschema@.email, @extschema@.email) IS 'less, by the normal form of the mailbox; the operator <';
CREATE FUNCTION @extschema@.email_le(@extschema@.email, @extschema@.email) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_contact_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.email_le(@extschema@.email, @extschema@.email) IS 'less or equal, by the normal form of the mailbox; the operator <=';
CREATE FUNCTION @extschema@.email_gt(@extschema@.email, @extschema@.email) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_contact_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.email_gt(@extschema@.email, @extschema@.email) IS 'greater, by the normal form of the mailbox; the operator >';
CREATE FUNCTION @extschema@.email_ge(@extschema@.email, @extschema@.email) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_contact_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.email_ge(@extschema@.email, @extschema@.email) IS 'greater or equal, by the normal form of the mailbox; the operator >=';
CREATE FUNCTION @extschema@.email_cmp(@extschema@.email, @extschema@.email) RETURNS integer
	AS 'MODULE_PATHNAME', 'crmseg_contact_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.email_cmp(@extschema@.email, @extschema@.email) IS 'less than, equal to or greater than zero, by the normal form of the mailbox; for btree indexes';
CREATE FUNCTION @extschema@.email_hash(@extschema@.email) RETURNS integer
	AS 'MODULE_PATHNAME', 'crmseg_contact_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.email_hash(@extschema@.email) IS 'hash of the normal form of the mailbox; for hash indexes and joins';
CREATE FUNCTION @extschema@.email_hash_extended(@extschema@.email, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'crmseg_contact_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.email_hash_extended(@extschema@.email, bigint) IS 'hash of the normal form of the mailbox with a seed; for hash partitions';
CREATE FUNCTION @extschema@.email_sortsupport(internal) RETURNS void
	AS 'MODULE_PATHNAME', 'crmseg_email_sortsupport' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.email_sortsupport(internal) IS 'faster sorting, with abbreviated keys';
CREATE OPERATOR @extschema@.= (
	LEFTARG = @extschema@.email, RIGHTARG = @extschema@.email, FUNCTION = @extschema@.email_eq, COMMUTATOR = OPERATOR(@extschema@.=), NEGATOR = OPERATOR(@extschema@.<>),
	RESTRICT = pg_catalog.eqsel, JOIN = pg_catalog.eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR @extschema@.= (@extschema@.email, @extschema@.email) IS 'equal, by the normal form of the mailbox';
CREATE OPERATOR @extschema@.<> (
	LEFTARG = @extschema@.email, RIGHTARG = @extschema@.email, FUNCTION = @extschema@.email_ne, COMMUTATOR = OPERATOR(@extschema@.<>), NEGATOR = OPERATOR(@extschema@.=),
	RESTRICT = pg_catalog.neqsel, JOIN = pg_catalog.neqjoinsel
);
COMMENT ON OPERATOR @extschema@.<> (@extschema@.email, @extschema@.email) IS 'not equal, by the normal form of the mailbox';
CREATE OPERATOR @extschema@.< (
	LEFTARG = @extschema@.email, RIGHTARG = @extschema@.email, FUNCTION = @extschema@.email_lt, COMMUTATOR = OPERATOR(@extschema@.>), NEGATOR = OPERATOR(@extschema@.>=),
	RESTRICT = pg_catalog.scalarltsel, JOIN = pg_catalog.scalarltjoinsel
);
COMMENT ON OPERATOR @extschema@.< (@extschema@.email, @extschema@.email) IS 'less, by the normal form of the mailbox';
CREATE OPERATOR @extschema@.<= (
	LEFTARG = @extschema@.email, RIGHTARG = @extschema@.email, FUNCTION = @extschema@.email_le, COMMUTATOR = OPERATOR(@extschema@.>=), NEGATOR = OPERATOR(@extschema@.>),
	RESTRICT = pg_catalog.scalarlesel, JOIN = pg_catalog.scalarlejoinsel
);
COMMENT ON OPERATOR @extschema@.<= (@extschema@.email, @extschema@.email) IS 'less or equal, by the normal form of the mailbox';
CREATE OPERATOR @extschema@.> (
	LEFTARG = @extschema@.email, RIGHTARG = @extschema@.email, FUNCTION = @extschema@.email_gt, COMMUTATOR = OPERATOR(@extschema@.<), NEGATOR = OPERATOR(@extschema@.<=),
	RESTRICT = pg_catalog.scalargtsel, JOIN = pg_catalog.scalargtjoinsel
);
COMMENT ON OPERATOR @extschema@.> (@extschema@.email, @extschema@.email) IS 'greater, by the normal form of the mailbox';
CREATE OPERATOR @extschema@.>= (
	LEFTARG = @extschema@.email, RIGHTARG = @extschema@.email, FUNCTION = @extschema@.email_ge, COMMUTATOR = OPERATOR(@extschema@.<=), NEGATOR = OPERATOR(@extschema@.<),
	RESTRICT = pg_catalog.scalargesel, JOIN = pg_catalog.scalargejoinsel
);
COMMENT ON OPERATOR @extschema@.>= (@extschema@.email, @extschema@.email) IS 'greater or equal, by the normal form of the mailbox';
CREATE OPERATOR CLASS @extschema@.email_ops DEFAULT FOR TYPE @extschema@.email USING btree AS
	OPERATOR 1 @extschema@.<, OPERATOR 2 @extschema@.<=, OPERATOR 3 @extschema@.=, OPERATOR 4 @extschema@.>=, OPERATOR 5 @extschema@.>,
	FUNCTION 1 @extschema@.email_cmp(@extschema@.email, @extschema@.email), FUNCTION 2 @extschema@.email_sortsupport(internal);
COMMENT ON OPERATOR CLASS @extschema@.email_ops USING btree IS 'order of the type email: bytes of the normal form of the mailbox';
COMMENT ON OPERATOR FAMILY @extschema@.email_ops USING btree IS 'order of the type email: bytes of the normal form of the mailbox';
CREATE OPERATOR CLASS @extschema@.email_ops DEFAULT FOR TYPE @extschema@.email USING hash AS
	OPERATOR 1 @extschema@.=, FUNCTION 1 @extschema@.email_hash(@extschema@.email), FUNCTION 2 @extschema@.email_hash_extended(@extschema@.email, bigint);
COMMENT ON OPERATOR CLASS @extschema@.email_ops USING hash IS 'hash of the normal form of the mailbox';
COMMENT ON OPERATOR FAMILY @extschema@.email_ops USING hash IS 'hash of the normal form of the mailbox';

-- From varchar by itself, because drivers send parameters so; from text on assignment only, or text = text would be ambiguous.
CREATE CAST (@extschema@.email AS text) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (@extschema@.email AS text) IS 'the address as written';
CREATE CAST (text AS @extschema@.email) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (text AS @extschema@.email) IS 'reads the text as the type''s input does';
CREATE CAST (varchar AS @extschema@.email) WITH INOUT AS IMPLICIT;
COMMENT ON CAST (varchar AS @extschema@.email) IS 'reads the text as the type''s input does; implicit, so that a driver''s varchar parameter compares as email';

CREATE FUNCTION @extschema@.as_written(@extschema@.email) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_contact_as_written' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.as_written(@extschema@.email) IS 'the address as written, without the white space, brackets or mailto: that stood around it';
CREATE FUNCTION @extschema@.mailbox(@extschema@.email) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_email_mailbox' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.mailbox(@extschema@.email) IS 'the normal form by which addresses are compared: local part case-folded, domain in lower case and ASCII';
CREATE FUNCTION @extschema@.email_domain(@extschema@.email) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_email_domain' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.email_domain(@extschema@.email) IS 'the domain, in lower case and in its ASCII form (xn--...)';
CREATE FUNCTION @extschema@.try_email(text, OUT email @extschema@.email, OUT reason text)
	AS 'MODULE_PATHNAME', 'crmseg_try_email' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.try_email(text) IS 'the address, or NULL and a short stable reason (no_at, local_dot, domain_character, ...) where the type''s input would raise; both NULL for NULL';

-- what is known of mailbox providers, from lists compiled in
CREATE FUNCTION @extschema@.canonical(@extschema@.email) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_canonical' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.canonical(@extschema@.email) IS 'the mailbox in which mail to this address arrives: its normal form without what its provider is known to ignore (dots, tags, other names of the domain), by the shipped list';
CREATE FUNCTION @extschema@.canonical(email @extschema@.email, rules jsonb) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_canonical_rules' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.canonical(@extschema@.email, jsonb) IS 'the same by rules of one''s own, {"example.org": {"drop_dots": true, "drop": "-_", "alike": "-.", "tag": "+", "same_as": "example.com"}, "*": {...}}; a domain without a rule of its own has the shipped one, then that of "*"; rules NULL: the shipped ones; 22023 for rules that are not of this shape';
CREATE FUNCTION @extschema@.is_free_mail(@extschema@.email) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_is_free_mail' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.is_free_mail(@extschema@.email) IS 'does the domain give mailboxes to anybody, or to every customer of an access line? By the shipped list';
CREATE FUNCTION @extschema@.is_disposable(@extschema@.email) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_is_disposable' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.is_disposable(@extschema@.email) IS 'is the domain, or one above it, one of throw-away mailboxes? By the shipped list';
CREATE FUNCTION @extschema@.is_role_address(@extschema@.email) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_is_role_address' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.is_role_address(@extschema@.email) IS 'does the part before the @ name a function (info, contact, comptabilite, vertrieb) and not a person? By the shipped list, in English, French, German, Spanish, Italian';
CREATE FUNCTION @extschema@.suggest(@extschema@.email) RETURNS @extschema@.email
	AS 'MODULE_PATHNAME', 'crmseg_suggest' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.suggest(@extschema@.email) IS 'the address with a mistyped well-known domain put right (gmial.com, orange.ft, hotmail.con), or NULL when there is nothing to suggest';
