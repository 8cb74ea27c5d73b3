-- crmseg: the install script. It is assembled from the numbered pieces in sql/.
\echo Use "CREATE EXTENSION crmseg" to load this file. \quit

-- Names, e-mails and addresses are compared code point by code point: the cores read UTF-8 and nothing else.
DO $$
BEGIN
	IF pg_catalog.current_setting('server_encoding') OPERATOR(pg_catalog.<>) 'UTF8' THEN
		RAISE EXCEPTION 'crmseg needs a database with encoding UTF8, this one has %', pg_catalog.current_setting('server_encoding')
			USING ERRCODE = 'feature_not_supported',
			HINT = 'Create a database WITH TEMPLATE template0 ENCODING ''UTF8'', and convert the data when it is loaded: COPY and clients do so by themselves.';
	END IF;
END $$;

CREATE FUNCTION @extschema@.version() RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_version' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.version() IS 'the version of the loaded module, such as 0.1.0';
