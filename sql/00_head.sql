-- crmseg: the install script. It is assembled from the numbered pieces in sql/.
\echo Use "CREATE EXTENSION crmseg" to load this file. \quit

CREATE FUNCTION @extschema@.version() RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_version' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.version() IS 'the version of the loaded module, such as 0.1.0';
