-- The way in: cells of flat files, and flat files themselves. The reading is in src/mart/import*.c; docs/import.md has the mapping.
CREATE FUNCTION @extschema@.parse_number(number text, decimal_sign text DEFAULT NULL, grouping_sign text DEFAULT NULL, OUT value numeric, OUT currency text, OUT reason text)
	AS 'MODULE_PATHNAME', 'crmseg_parse_number' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.parse_number(text, text, text) IS 'reads a number or an amount as people write it: 1 234,56 €, (12.00), 12.00-, 5 %; decimal_sign . or , (NULL: found out, and refused where two readings are possible); value NULL with a reason when it is none, both NULL for nothing; currency ISO 4217';
CREATE FUNCTION @extschema@.parse_date(date_text text, format text DEFAULT 'ISO', OUT value date, OUT reason text)
	AS 'MODULE_PATHNAME', 'crmseg_parse_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.parse_date(text, text) IS 'reads a date in a format written as for to_char (DD/MM/YYYY, DD Month YYYY), or ISO, EXCEL, EPOCH; unlike to_date an impossible day is refused; value NULL with a reason when it is none; 22023 for a format that is none';
CREATE FUNCTION @extschema@.parse_timestamp(time_text text, format text DEFAULT 'ISO', zone text DEFAULT 'UTC', OUT value timestamptz, OUT reason text)
	AS 'MODULE_PATHNAME', 'crmseg_parse_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.parse_timestamp(text, text, text) IS 'reads an instant in a format as of parse_date with hours, in a named time zone unless the text has an offset; a local time that the clocks skip is one hour later, one that they repeat is the later one; value NULL with a reason when it is none; 22023 for an unknown zone or format';
CREATE FUNCTION @extschema@.parse_boolean(word text, true_words text[] DEFAULT NULL, false_words text[] DEFAULT NULL, OUT value boolean, OUT reason text)
	AS 'MODULE_PATHNAME', 'crmseg_parse_boolean' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.parse_boolean(text, text[], text[]) IS 'reads yes or no (oui, ja, yes, 1, x; non, nein, no, 0 ...), or words of one''s own in their place; value NULL with a reason when it is neither';
CREATE FUNCTION @extschema@.parse_sex(word text) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_parse_sex' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.parse_sex(text) IS 'f, m or x of a word or a salutation (F, femme, Mrs, Herr, 2 ...), as the import reads it; NULL when it is none';
CREATE FUNCTION @extschema@.parse_country(country text) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_parse_country' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.parse_country(text) IS 'the code (ISO 3166, two letters) of a country by its code or its name in several languages, as the import reads it; NULL when it is none';
CREATE FUNCTION @extschema@.repair_text(broken text) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_repair_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.repair_text(text) IS 'undoes a reading in the wrong encoding (HÃ©lÃ¨ne is Hélène), where there is one explanation only; other text is returned as it is';

CREATE FUNCTION @extschema@.import_flat(mart name, source text, relation regclass, mapping jsonb) RETURNS bigint
	AS 'MODULE_PATHNAME', 'crmseg_import_flat' LANGUAGE C;
COMMENT ON FUNCTION @extschema@.import_flat(name, text, regclass, jsonb) IS 'reads the rows of a relation into a datamart as a mapping says (docs/import.md); each row is inserted, updated, unchanged or rejected, and a bad one stops no other; returns the number of the import, for import_report. 42703 for an unknown column, 22023 for a mapping that is none, before anything is read';
CREATE FUNCTION @extschema@.import_csv(mart name, source text, lines regclass, mapping jsonb, format jsonb DEFAULT '{}') RETURNS bigint
	AS 'MODULE_PATHNAME', 'crmseg_import_csv' LANGUAGE C;
COMMENT ON FUNCTION @extschema@.import_csv(name, text, regclass, jsonb, jsonb) IS 'the same from raw lines of CSV, in a relation with one column of text or bytea (and perhaps one of line numbers): delimiter, encodings of each field and line breaks inside quotes are found out, a truncated line costs one reject; format {"delimiter": ";", "quote": "\"", "escape": "\"", "header": true, "columns": [], "encoding": "auto", "short_lines": false, "skip": 0}';
CREATE FUNCTION @extschema@.import_replay(mart name, batch bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'crmseg_import_replay' LANGUAGE C STRICT;
COMMENT ON FUNCTION @extschema@.import_replay(name, bigint) IS 'reads the rejects of an import again after import_reject.raw was corrected; returns the number of this second import. What is taken leaves import_reject, what is refused again stays with its reason, and the report of the first import shows the last outcome of each line. P0002 for an unknown import';
CREATE FUNCTION @extschema@.import_report(mart name, batch bigint) RETURNS TABLE (lines_read bigint, inserted bigint, updated bigint, unchanged bigint, rejected bigint)
	LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	-- volatile: import_report(m, import_flat(m, ...)) in one statement sees the import
	RETURN QUERY EXECUTE format('SELECT b.lines_read, b.inserted, b.updated, b.unchanged, b.rejected FROM %s.import_batch b WHERE b.import_id = $1', @extschema@.require_datamart(mart))
		USING batch;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'datamart "%" has no import %', mart, batch USING ERRCODE = 'no_data_found', HINT = 'See its table import_batch.';
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.import_report(name, bigint) IS 'what became of the lines of an import; the four add up to the lines read. P0002 for an unknown import';
