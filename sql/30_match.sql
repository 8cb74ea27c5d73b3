-- Comparison of records: how alike two values are.
CREATE FUNCTION @extschema@.jaro_winkler(text, text) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_jaro_winkler' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.jaro_winkler(text, text) IS 'Jaro-Winkler similarity (Winkler 1990), 0: nothing in common, 1: equal; by characters, prefix of at most 4, weight 0.1 from 0.7 on; case and accents count. 54000 beyond 4096 characters';

CREATE FUNCTION @extschema@.edit_distance(text, text) RETURNS integer
	AS 'MODULE_PATHNAME', 'crmseg_edit_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.edit_distance(text, text) IS 'optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours, in characters (Damerau 1964; Hyyro 2003). 54000 beyond 4096 characters';

CREATE FUNCTION @extschema@.edit_distance(text, text, at_most integer) RETURNS integer
	AS 'MODULE_PATHNAME', 'crmseg_edit_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.edit_distance(text, text, integer) IS 'the same, where a distance above at_most is given as at_most + 1, and found sooner. 22023 for at_most below 0 or above 4096';
