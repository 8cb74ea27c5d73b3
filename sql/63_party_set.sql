-- Sets of parties as roaring bitmaps: the type party_set and its algebra. (src/activity)

CREATE TYPE @extschema@.party_set;
CREATE FUNCTION @extschema@.party_set_in(cstring) RETURNS @extschema@.party_set
	AS 'MODULE_PATHNAME', 'crmseg_party_set_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.party_set_in(cstring) IS 'text such as {1,2,3} to party_set; 22P02 when it cannot be read';
CREATE FUNCTION @extschema@.party_set_out(@extschema@.party_set) RETURNS cstring
	AS 'MODULE_PATHNAME', 'crmseg_party_set_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.party_set_out(@extschema@.party_set) IS 'party_set to text, ascending';
CREATE FUNCTION @extschema@.party_set_recv(internal) RETURNS @extschema@.party_set
	AS 'MODULE_PATHNAME', 'crmseg_party_set_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.party_set_recv(internal) IS 'bytes to party_set: a version, then the portable form; 22P03 when they are not such';
CREATE FUNCTION @extschema@.party_set_send(@extschema@.party_set) RETURNS bytea
	AS 'MODULE_PATHNAME', 'crmseg_party_set_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.party_set_send(@extschema@.party_set) IS 'party_set to bytes, the first of which is the version';
CREATE TYPE @extschema@.party_set (INPUT = @extschema@.party_set_in, OUTPUT = @extschema@.party_set_out, RECEIVE = @extschema@.party_set_recv, SEND = @extschema@.party_set_send,
	INTERNALLENGTH = VARIABLE, STORAGE = external, CATEGORY = 'U');
COMMENT ON TYPE @extschema@.party_set IS 'a set of parties (bigint) as a roaring bitmap: | & - make union, intersection, difference of it. Up to 1 GB; as bytea it is the portable form of 64-bit roaring bitmaps that other libraries read';

CREATE FUNCTION @extschema@.party_set(bytea) RETURNS @extschema@.party_set
	AS 'MODULE_PATHNAME', 'crmseg_party_set_of_bytes' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.party_set(bytea) IS 'the set whose portable form these bytes are, all of it checked; 22P03 when they are not such';
CREATE FUNCTION @extschema@.party_set_bytes(@extschema@.party_set) RETURNS bytea
	AS 'MODULE_PATHNAME', 'crmseg_party_set_to_bytes' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.party_set_bytes(@extschema@.party_set) IS 'the portable form of a set: 64-bit roaring bitmaps';
CREATE CAST (bytea AS @extschema@.party_set) WITH FUNCTION @extschema@.party_set(bytea);
CREATE CAST (@extschema@.party_set AS bytea) WITH FUNCTION @extschema@.party_set_bytes(@extschema@.party_set) AS ASSIGNMENT;

CREATE FUNCTION @extschema@.party_set_or(@extschema@.party_set, @extschema@.party_set) RETURNS @extschema@.party_set
	AS 'MODULE_PATHNAME', 'crmseg_party_set_or' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.party_set_or(@extschema@.party_set, @extschema@.party_set) IS 'the parties in either set';
CREATE FUNCTION @extschema@.party_set_and(@extschema@.party_set, @extschema@.party_set) RETURNS @extschema@.party_set
	AS 'MODULE_PATHNAME', 'crmseg_party_set_and' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.party_set_and(@extschema@.party_set, @extschema@.party_set) IS 'the parties in both sets';
CREATE FUNCTION @extschema@.party_set_minus(@extschema@.party_set, @extschema@.party_set) RETURNS @extschema@.party_set
	AS 'MODULE_PATHNAME', 'crmseg_party_set_minus' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.party_set_minus(@extschema@.party_set, @extschema@.party_set) IS 'the parties in the first set and not in the second';
CREATE FUNCTION @extschema@.party_set_eq(@extschema@.party_set, @extschema@.party_set) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_party_set_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.party_set_eq(@extschema@.party_set, @extschema@.party_set) IS 'the same parties';
CREATE FUNCTION @extschema@.party_set_ne(@extschema@.party_set, @extschema@.party_set) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_party_set_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.party_set_ne(@extschema@.party_set, @extschema@.party_set) IS 'not the same parties';
CREATE OPERATOR @extschema@.| (LEFTARG = @extschema@.party_set, RIGHTARG = @extschema@.party_set, FUNCTION = @extschema@.party_set_or, COMMUTATOR = OPERATOR(@extschema@.|));
COMMENT ON OPERATOR @extschema@.| (@extschema@.party_set, @extschema@.party_set) IS 'the parties in either set';
CREATE OPERATOR @extschema@.& (LEFTARG = @extschema@.party_set, RIGHTARG = @extschema@.party_set, FUNCTION = @extschema@.party_set_and, COMMUTATOR = OPERATOR(@extschema@.&));
COMMENT ON OPERATOR @extschema@.& (@extschema@.party_set, @extschema@.party_set) IS 'the parties in both sets';
CREATE OPERATOR @extschema@.- (LEFTARG = @extschema@.party_set, RIGHTARG = @extschema@.party_set, FUNCTION = @extschema@.party_set_minus);
COMMENT ON OPERATOR @extschema@.- (@extschema@.party_set, @extschema@.party_set) IS 'the parties in the first set and not in the second';
CREATE OPERATOR @extschema@.= (LEFTARG = @extschema@.party_set, RIGHTARG = @extschema@.party_set, FUNCTION = @extschema@.party_set_eq, COMMUTATOR = OPERATOR(@extschema@.=), NEGATOR = OPERATOR(@extschema@.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel);
COMMENT ON OPERATOR @extschema@.= (@extschema@.party_set, @extschema@.party_set) IS 'the same parties';
CREATE OPERATOR @extschema@.<> (LEFTARG = @extschema@.party_set, RIGHTARG = @extschema@.party_set, FUNCTION = @extschema@.party_set_ne, COMMUTATOR = OPERATOR(@extschema@.<>), NEGATOR = OPERATOR(@extschema@.=),
	RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR @extschema@.<> (@extschema@.party_set, @extschema@.party_set) IS 'not the same parties';

CREATE FUNCTION @extschema@.cardinality(@extschema@.party_set) RETURNS bigint
	AS 'MODULE_PATHNAME', 'crmseg_party_set_cardinality' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.cardinality(@extschema@.party_set) IS 'how many parties are in a set';
CREATE FUNCTION @extschema@.common_parties(@extschema@.party_set, @extschema@.party_set) RETURNS bigint
	AS 'MODULE_PATHNAME', 'crmseg_party_set_common' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.common_parties(@extschema@.party_set, @extschema@.party_set) IS 'how many parties are in both sets, which are not joined for it';
CREATE FUNCTION @extschema@.common_parties_of_all(numbers integer[], sets @extschema@.party_set[]) RETURNS TABLE (i integer, j integer, members bigint)
	AS 'MODULE_PATHNAME', 'crmseg_party_set_common_of_all' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 200;
COMMENT ON FUNCTION @extschema@.common_parties_of_all(integer[], @extschema@.party_set[]) IS 'internal: for each pair of numbered sets, and each with itself, how many parties are in both; NULL is nobody';
CREATE FUNCTION @extschema@.has_party_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'crmseg_has_party_support' LANGUAGE C STRICT;
COMMENT ON FUNCTION @extschema@.has_party_support(internal) IS 'planner support of has_party: its third argument is the share of the parties that it holds for';
CREATE FUNCTION @extschema@.has_party(parties @extschema@.party_set, party_id bigint, expected_share float8 DEFAULT NULL) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_has_party' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10 SUPPORT @extschema@.has_party_support;
COMMENT ON FUNCTION @extschema@.has_party(@extschema@.party_set, bigint, float8) IS 'whether a party is in a set; false for NULL. The share of the parties for which it is expected to hold (0 to 1) is for the planner alone';
CREATE FUNCTION @extschema@.party_ids_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'crmseg_party_ids_support' LANGUAGE C STRICT;
COMMENT ON FUNCTION @extschema@.party_ids_support(internal) IS 'planner support of party_ids: its second argument is the number of rows';
CREATE FUNCTION @extschema@.party_ids(parties @extschema@.party_set, expected_rows float8 DEFAULT NULL) RETURNS SETOF bigint
	AS 'MODULE_PATHNAME', 'crmseg_party_ids' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 10000 SUPPORT @extschema@.party_ids_support;
COMMENT ON FUNCTION @extschema@.party_ids(@extschema@.party_set, float8) IS 'the parties of a set, ascending; none for NULL. How many are expected is for the planner alone';

CREATE FUNCTION @extschema@.party_set_add_step(@extschema@.party_set, bigint) RETURNS @extschema@.party_set
	AS 'MODULE_PATHNAME', 'crmseg_party_set_add_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.party_set_add_step(@extschema@.party_set, bigint) IS 'transition of party_set_agg';
CREATE FUNCTION @extschema@.party_set_or_step(@extschema@.party_set, @extschema@.party_set) RETURNS @extschema@.party_set
	AS 'MODULE_PATHNAME', 'crmseg_party_set_or_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.party_set_or_step(@extschema@.party_set, @extschema@.party_set) IS 'transition of party_set_union';
CREATE FUNCTION @extschema@.party_set_and_step(@extschema@.party_set, @extschema@.party_set) RETURNS @extschema@.party_set
	AS 'MODULE_PATHNAME', 'crmseg_party_set_and_step' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.party_set_and_step(@extschema@.party_set, @extschema@.party_set) IS 'transition of party_set_intersection';
CREATE AGGREGATE @extschema@.party_set_agg(bigint) (SFUNC = @extschema@.party_set_add_step, STYPE = @extschema@.party_set, COMBINEFUNC = @extschema@.party_set_or_step, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.party_set_agg(bigint) IS 'the set of some parties; NULLs are left out, NULL of none';
CREATE AGGREGATE @extschema@.party_set_union(@extschema@.party_set) (SFUNC = @extschema@.party_set_or_step, STYPE = @extschema@.party_set, COMBINEFUNC = @extschema@.party_set_or_step, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.party_set_union(@extschema@.party_set) IS 'the parties in any of some sets; NULLs are left out, NULL of none';
CREATE AGGREGATE @extschema@.party_set_intersection(@extschema@.party_set) (SFUNC = @extschema@.party_set_and_step, STYPE = @extschema@.party_set, COMBINEFUNC = @extschema@.party_set_and_step, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.party_set_intersection(@extschema@.party_set) IS 'the parties in all of some sets; NULLs are left out, NULL of none';
