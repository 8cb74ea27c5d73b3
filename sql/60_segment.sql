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

-- ---- what the SQL of segments calls ----
CREATE FUNCTION @extschema@.shift(at timestamptz, by interval, zone text) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'crmseg_shift' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.shift(timestamptz, interval, text) IS 'an instant moved by an interval on the clock of a time zone: a day is a day when the clocks change. 22023 for an unknown zone';
CREATE FUNCTION @extschema@.calendar_start(at timestamptz, unit text, n integer, zone text, week_start integer) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'crmseg_calendar_start' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.calendar_start(timestamptz, text, integer, text, integer) IS 'the begin of the minute, hour, day, week, month, quarter or year n after the one in which an instant lies, in a time zone; weeks begin on week_start, 1 Monday to 7 Sunday';
CREATE FUNCTION @extschema@.local_time(at timestamptz, zone text) RETURNS timestamp
	AS 'MODULE_PATHNAME', 'crmseg_local_time' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.local_time(timestamptz, text) IS 'what the clock of a time zone shows at an instant';
CREATE FUNCTION @extschema@.local_date(at timestamptz, zone text) RETURNS date
	AS 'MODULE_PATHNAME', 'crmseg_local_date' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.local_date(timestamptz, text) IS 'the day of a time zone at an instant';
CREATE FUNCTION @extschema@.next_anniversary(day date, "from" date) RETURNS date
	AS 'MODULE_PATHNAME', 'crmseg_next_anniversary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.next_anniversary(date, date) IS 'the first anniversary of a day that is on or after another; the day itself is none; 29 February is 28 February in common years. NULL for infinite days';
CREATE FUNCTION @extschema@.sample_bucket(key text, seed text) RETURNS integer
	AS 'MODULE_PATHNAME', 'crmseg_sample_bucket' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.sample_bucket(text, text) IS 'the place of a party in the samples of a seed, 0 to 999999, the same for ever: SipHash-2-4 of its key';
CREATE FUNCTION @extschema@.distance_km(lat float8, lon float8, to_lat float8, to_lon float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_distance_km' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.distance_km(float8, float8, float8, float8) IS 'great-circle distance of two places in degrees, on a sphere of 6371.0088 km; NULL for NaN';
CREATE FUNCTION @extschema@.trait_number(value jsonb) RETURNS numeric
	AS 'MODULE_PATHNAME', 'crmseg_trait_number' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.trait_number(jsonb) IS 'a number, or a string that is one in plain decimals; anything else is NULL';
CREATE FUNCTION @extschema@.trait_flag(value jsonb) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_trait_flag' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.trait_flag(jsonb) IS 'true or false; anything else is NULL';
CREATE FUNCTION @extschema@.trait_date(value jsonb) RETURNS date
	AS 'MODULE_PATHNAME', 'crmseg_trait_date' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.trait_date(jsonb) IS 'a string that begins with a day as 2026-11-22; anything else is NULL';

CREATE FUNCTION @extschema@.vocabulary_changed() RETURNS trigger
	AS 'MODULE_PATHNAME', 'crmseg_vocabulary_changed' LANGUAGE C;
COMMENT ON FUNCTION @extschema@.vocabulary_changed() IS 'trigger of the tables that say what the names of predicates mean: sessions read them anew, plans are made again';
CREATE FUNCTION @extschema@.expression_type(relation regclass, expression text) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_expression_type' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.expression_type(regclass, text) IS 'the type of an expression over the columns of a relation; {now} and {zone} stand for an instant and a time zone. 42601 when it is not one expression, 42703 for an unknown column';

-- ---- row @@ segment ----
CREATE FUNCTION @extschema@.segment_matches_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'crmseg_matches_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_matches_support(internal) IS 'planner support of segment_matches: the conditions it stands for';
CREATE FUNCTION @extschema@.segment_matches("row" record, predicate @extschema@.segment) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_segment_matches' LANGUAGE C STABLE PARALLEL SAFE COST 1000 SUPPORT @extschema@.segment_matches_support;
COMMENT ON FUNCTION @extschema@.segment_matches(record, @extschema@.segment) IS 'whether a predicate holds for a row, in three values; its columns are the attributes, its traits too; events are those of its mart or of the one named by crmseg.mart. In a query it becomes the conditions it stands for. 42703 for what is unknown, 42804 for types that do not fit';
CREATE FUNCTION @extschema@.segment_matches_columns(predicate @extschema@.segment, "row" "any", VARIADIC columns "any") RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_segment_matches_columns' LANGUAGE C STABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION @extschema@.segment_matches_columns(@extschema@.segment, "any", "any") IS 'internal: what the planner makes of row @@ segment where the segment is not known: the columns of the row one by one, which spares making a value of the whole row. 22023 when it is called with anything else';
CREATE OPERATOR @extschema@.@@ (LEFTARG = record, RIGHTARG = @extschema@.segment, FUNCTION = @extschema@.segment_matches);
COMMENT ON OPERATOR @extschema@.@@ (record, @extschema@.segment) IS 'the row satisfies the predicate';
CREATE FUNCTION @extschema@.in_segment(mart name, "row" record, name text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_in_segment' LANGUAGE C STABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION @extschema@.in_segment(name, record, text) IS 'whether a row belongs to a named segment of a mart: true or false. 42704 when there is no such segment';

CREATE FUNCTION @extschema@.segment_to_json(predicate @extschema@.segment) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'crmseg_segment_to_json' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_to_json(@extschema@.segment) IS 'a predicate as a tree of objects, for screen builders: kind, and what there is of op, name, object, values, min, max, window, span, children';
CREATE FUNCTION @extschema@.segment_from_json(tree jsonb) RETURNS @extschema@.segment
	AS 'MODULE_PATHNAME', 'crmseg_segment_from_json' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_from_json(jsonb) IS 'the predicate of such a tree; 22023 when it is none';
