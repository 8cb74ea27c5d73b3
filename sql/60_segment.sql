-- Segments: the predicate as a value, and its marts' vocabulary, SQL and views. (src/segment)

CREATE TYPE @extschema@.segment;
CREATE FUNCTION @extschema@.segment_in(cstring) RETURNS @extschema@.segment
	AS 'MODULE_PATHNAME', 'crmseg_segment_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_in(cstring) IS 'text to segment: 42601 with the place and a caret when it cannot be read, 54000 above a limit, 22023 for a value out of range';
CREATE FUNCTION @extschema@.segment_out(@extschema@.segment) RETURNS cstring
	AS 'MODULE_PATHNAME', 'crmseg_segment_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_out(@extschema@.segment) IS 'segment to its canonical text';
CREATE FUNCTION @extschema@.segment_recv(internal) RETURNS @extschema@.segment
	AS 'MODULE_PATHNAME', 'crmseg_segment_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_recv(internal) IS 'bytes to segment; another version, or bytes that the text form would not make: 22P03';
CREATE FUNCTION @extschema@.segment_send(@extschema@.segment) RETURNS bytea
	AS 'MODULE_PATHNAME', 'crmseg_segment_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_send(@extschema@.segment) IS 'segment to bytes, the first of which is the version';
CREATE TYPE @extschema@.segment (INPUT = @extschema@.segment_in, OUTPUT = @extschema@.segment_out, RECEIVE = @extschema@.segment_recv, SEND = @extschema@.segment_send,
	INTERNALLENGTH = VARIABLE, STORAGE = extended);
COMMENT ON TYPE @extschema@.segment IS 'a predicate about a party, such as ''age >= 30 and did order at least 3 times within last 90 days'': typed conditions on attributes, events, other segments, in three-valued logic. Limits: 1 MB, 500 levels, strings of 8 kB. docs/segments.md has the language';
CREATE FUNCTION @extschema@.segment_lt(@extschema@.segment, @extschema@.segment) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_segment_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.segment_lt(@extschema@.segment, @extschema@.segment) IS 'support function of the operator < of segment';
CREATE FUNCTION @extschema@.segment_le(@extschema@.segment, @extschema@.segment) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_segment_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.segment_le(@extschema@.segment, @extschema@.segment) IS 'support function of the operator <= of segment';
CREATE FUNCTION @extschema@.segment_eq(@extschema@.segment, @extschema@.segment) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_segment_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.segment_eq(@extschema@.segment, @extschema@.segment) IS 'support function of the operator = of segment';
CREATE FUNCTION @extschema@.segment_ne(@extschema@.segment, @extschema@.segment) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_segment_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.segment_ne(@extschema@.segment, @extschema@.segment) IS 'support function of the operator <> of segment';
CREATE FUNCTION @extschema@.segment_ge(@extschema@.segment, @extschema@.segment) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_segment_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.segment_ge(@extschema@.segment, @extschema@.segment) IS 'support function of the operator >= of segment';
CREATE FUNCTION @extschema@.segment_gt(@extschema@.segment, @extschema@.segment) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_segment_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.segment_gt(@extschema@.segment, @extschema@.segment) IS 'support function of the operator > of segment';
CREATE FUNCTION @extschema@.segment_cmp(@extschema@.segment, @extschema@.segment) RETURNS int4
	AS 'MODULE_PATHNAME', 'crmseg_segment_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.segment_cmp(@extschema@.segment, @extschema@.segment) IS 'btree support of segment: an order of the stored bytes, without a meaning';
CREATE FUNCTION @extschema@.segment_hash(@extschema@.segment) RETURNS int4
	AS 'MODULE_PATHNAME', 'crmseg_segment_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.segment_hash(@extschema@.segment) IS 'hash support of segment';
CREATE FUNCTION @extschema@.segment_hash_extended(@extschema@.segment, int8) RETURNS int8
	AS 'MODULE_PATHNAME', 'crmseg_segment_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.segment_hash_extended(@extschema@.segment, int8) IS 'seeded hash support of segment, for hash partitions';
CREATE OPERATOR @extschema@.< (LEFTARG = @extschema@.segment, RIGHTARG = @extschema@.segment, FUNCTION = @extschema@.segment_lt, COMMUTATOR = OPERATOR(@extschema@.>), NEGATOR = OPERATOR(@extschema@.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR @extschema@.< (@extschema@.segment, @extschema@.segment) IS 'by the stored bytes: for indexes, without a meaning';
CREATE OPERATOR @extschema@.<= (LEFTARG = @extschema@.segment, RIGHTARG = @extschema@.segment, FUNCTION = @extschema@.segment_le, COMMUTATOR = OPERATOR(@extschema@.>=), NEGATOR = OPERATOR(@extschema@.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR @extschema@.<= (@extschema@.segment, @extschema@.segment) IS 'by the stored bytes: for indexes, without a meaning';
CREATE OPERATOR @extschema@.= (LEFTARG = @extschema@.segment, RIGHTARG = @extschema@.segment, FUNCTION = @extschema@.segment_eq, COMMUTATOR = OPERATOR(@extschema@.=), NEGATOR = OPERATOR(@extschema@.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
COMMENT ON OPERATOR @extschema@.= (@extschema@.segment, @extschema@.segment) IS 'the same canonical text';
CREATE OPERATOR @extschema@.<> (LEFTARG = @extschema@.segment, RIGHTARG = @extschema@.segment, FUNCTION = @extschema@.segment_ne, COMMUTATOR = OPERATOR(@extschema@.<>), NEGATOR = OPERATOR(@extschema@.=),
	RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR @extschema@.<> (@extschema@.segment, @extschema@.segment) IS 'another canonical text';
CREATE OPERATOR @extschema@.>= (LEFTARG = @extschema@.segment, RIGHTARG = @extschema@.segment, FUNCTION = @extschema@.segment_ge, COMMUTATOR = OPERATOR(@extschema@.<=), NEGATOR = OPERATOR(@extschema@.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR @extschema@.>= (@extschema@.segment, @extschema@.segment) IS 'by the stored bytes: for indexes, without a meaning';
CREATE OPERATOR @extschema@.> (LEFTARG = @extschema@.segment, RIGHTARG = @extschema@.segment, FUNCTION = @extschema@.segment_gt, COMMUTATOR = OPERATOR(@extschema@.<), NEGATOR = OPERATOR(@extschema@.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR @extschema@.> (@extschema@.segment, @extschema@.segment) IS 'by the stored bytes: for indexes, without a meaning';
CREATE OPERATOR CLASS @extschema@.segment_ops DEFAULT FOR TYPE @extschema@.segment USING btree AS
	OPERATOR 1 @extschema@.<, OPERATOR 2 @extschema@.<=, OPERATOR 3 @extschema@.=, OPERATOR 4 @extschema@.>=, OPERATOR 5 @extschema@.>,
	FUNCTION 1 @extschema@.segment_cmp(@extschema@.segment, @extschema@.segment);
CREATE OPERATOR CLASS @extschema@.segment_ops DEFAULT FOR TYPE @extschema@.segment USING hash AS
	OPERATOR 1 @extschema@.=,
	FUNCTION 1 @extschema@.segment_hash(@extschema@.segment), FUNCTION 2 @extschema@.segment_hash_extended(@extschema@.segment, int8);
CREATE CAST (@extschema@.segment AS text) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (@extschema@.segment AS text) IS 'the canonical text';
CREATE CAST (text AS @extschema@.segment) WITH INOUT;
COMMENT ON CAST (text AS @extschema@.segment) IS 'reads a predicate';

CREATE FUNCTION @extschema@.segment_and(@extschema@.segment, @extschema@.segment) RETURNS @extschema@.segment
	AS 'MODULE_PATHNAME', 'crmseg_segment_and' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_and(@extschema@.segment, @extschema@.segment) IS 'both predicates hold';
CREATE FUNCTION @extschema@.segment_or(@extschema@.segment, @extschema@.segment) RETURNS @extschema@.segment
	AS 'MODULE_PATHNAME', 'crmseg_segment_or' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_or(@extschema@.segment, @extschema@.segment) IS 'one of two predicates holds';
CREATE FUNCTION @extschema@.segment_not(@extschema@.segment) RETURNS @extschema@.segment
	AS 'MODULE_PATHNAME', 'crmseg_segment_not' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_not(@extschema@.segment) IS 'the predicate is false';
CREATE OPERATOR @extschema@.& (LEFTARG = @extschema@.segment, RIGHTARG = @extschema@.segment, FUNCTION = @extschema@.segment_and);
COMMENT ON OPERATOR @extschema@.& (@extschema@.segment, @extschema@.segment) IS 'a segment: both predicates hold';
CREATE OPERATOR @extschema@.| (LEFTARG = @extschema@.segment, RIGHTARG = @extschema@.segment, FUNCTION = @extschema@.segment_or);
COMMENT ON OPERATOR @extschema@.| (@extschema@.segment, @extschema@.segment) IS 'a segment: one of the predicates holds';
CREATE OPERATOR @extschema@.! (RIGHTARG = @extschema@.segment, FUNCTION = @extschema@.segment_not);
COMMENT ON OPERATOR @extschema@.! (NONE, @extschema@.segment) IS 'a segment: the predicate is false';
CREATE FUNCTION @extschema@.segment_attributes(@extschema@.segment) RETURNS text[]
	AS 'MODULE_PATHNAME', 'crmseg_segment_attributes' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_attributes(@extschema@.segment) IS 'the attributes that a predicate names, dotted, in order; columns of events are not among them';
CREATE FUNCTION @extschema@.segment_events(@extschema@.segment) RETURNS text[]
	AS 'MODULE_PATHNAME', 'crmseg_segment_events' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_events(@extschema@.segment) IS 'the events that a predicate names, in order';
CREATE FUNCTION @extschema@.segment_segments(@extschema@.segment) RETURNS text[]
	AS 'MODULE_PATHNAME', 'crmseg_segment_segments' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_segments(@extschema@.segment) IS 'the other segments that a predicate names by in segment, in order';
