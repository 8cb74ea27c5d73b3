-- One row, all its segments: src/segment/reverse_fn.c, docs/segments.md.

CREATE FUNCTION @extschema@.matching_segments(mart name, "row" record) RETURNS SETOF text
	AS 'MODULE_PATHNAME', 'crmseg_matching_segments' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 ROWS 20;
COMMENT ON FUNCTION @extschema@.matching_segments(name, record) IS 'the names of all segments of a mart that a row is in, found by an index over their predicates, as in_segment would say of each; the row may come from any table, view or query. Segments that name an attribute which neither the row nor the mart has are left out. NULL: none. 3F000, 55000 when it is no datamart';

CREATE FUNCTION @extschema@.segment_ids(mart name, "row" record, before bigint[], OUT ids bigint[], OUT due timestamptz)
	AS 'MODULE_PATHNAME', 'crmseg_segment_ids' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION @extschema@.segment_ids(name, record, bigint[]) IS 'the numbers of all segments of a mart that a row is in, ascending, and the first instant at which time alone may change them (never later than it does; NULL: it will not). Segments by rank are taken from before, as of the last refresh';

CREATE FUNCTION @extschema@.segment_ids(mart name, "row" record, before bigint[], at timestamptz, row_only boolean, OUT ids bigint[], OUT due timestamptz)
	AS 'MODULE_PATHNAME', 'crmseg_segment_ids' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION @extschema@.segment_ids(name, record, bigint[], timestamptz, boolean) IS 'the same at an instant; with row_only segments that more than the row decides are taken from before, too';
CREATE FUNCTION @extschema@.segment_clock() RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'crmseg_segment_clock' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.segment_clock() IS 'internal: what the conditions of segments take for now while they are evaluated at another instant';

CREATE FUNCTION @extschema@.ids_without(a bigint[], b bigint[]) RETURNS bigint[]
	AS 'MODULE_PATHNAME', 'crmseg_ids_without' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.ids_without(bigint[], bigint[]) IS 'internal: of two ascending lists what is in the first only; NULL is the empty list';

CREATE FUNCTION @extschema@.segment_looks_elsewhere(mart name, "row" record, id bigint) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_segment_looks_elsewhere' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_looks_elsewhere(name, record, bigint) IS 'internal: whether more than such a row decides about a segment; NULL when it cannot be asked of such a row';

CREATE FUNCTION @extschema@.parties_changed(mart name, party_column name) RETURNS SETOF bigint[]
	AS 'MODULE_PATHNAME', 'crmseg_parties_changed' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION @extschema@.parties_changed(name, name) IS 'internal: in a statement trigger with transition tables old_row and new_row, the parties (by a column of these) whose segments the change may have changed: one ascending list, or no row. Changes of columns that no segment names, and those that no predicate can tell from what was, are passed over. 0A000 elsewhere';
