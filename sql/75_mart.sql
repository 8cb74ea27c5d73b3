-- The datamart: made, found, upgraded and checked here. Its tables are ordinary tables of whoever makes it; the extension keeps only
-- the steps by which they are made (sql/mart/NN_title.sql, one row each in mart_step).
CREATE TABLE @extschema@.mart_step (
	step integer PRIMARY KEY,
	title text NOT NULL,
	ddl text NOT NULL
);
COMMENT ON TABLE @extschema@.mart_step IS 'the steps by which a datamart is made, in order; @mart@ in the text stands for its schema. Shipped rows only';
GRANT SELECT ON @extschema@.mart_step TO PUBLIC;
--@steps@

CREATE FUNCTION @extschema@.is_time_zone(name text) RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN EXISTS (SELECT FROM pg_catalog.pg_timezone_names z WHERE lower(z.name) = lower($1));
COMMENT ON FUNCTION @extschema@.is_time_zone(text) IS 'whether the server knows a time zone of that name, such as Europe/Paris; guards the settings of a datamart';

-- Every function of a mart begins with this: it knows the mart by its marker and refuses one of another step than the code's.
CREATE FUNCTION @extschema@.datamart_step_of(mart name) RETURNS integer
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	at integer;
BEGIN
	IF mart IS NULL THEN
		RAISE EXCEPTION 'the name of a datamart must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = mart) THEN
		RAISE EXCEPTION 'schema "%" does not exist', mart USING ERRCODE = 'invalid_schema_name',
			HINT = format('Make a datamart with SELECT @extschema@.create_datamart(%L), or see @extschema@.datamarts().', mart);
	END IF;
	IF NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = mart AND c.relname = 'datamart' AND c.relkind = 'r'
				AND starts_with(obj_description(c.oid, 'pg_class'), 'crmseg datamart:')) THEN
		RAISE EXCEPTION 'schema "%" is not a datamart', mart USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'See @extschema@.datamarts() for those that exist.';
	END IF;
	EXECUTE format('SELECT d.step FROM %I.datamart d', mart) INTO at;
	IF at IS NULL THEN
		RAISE EXCEPTION 'the settings of datamart "%" are missing', mart USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = 'Its table datamart has no row.';
	END IF;
	RETURN at;
END $$;
COMMENT ON FUNCTION @extschema@.datamart_step_of(name) IS 'the step of a datamart; 3F000 when there is no such schema, 55000 when it is no datamart';

CREATE FUNCTION @extschema@.require_datamart(mart name) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	at integer := @extschema@.datamart_step_of(mart);
	latest integer := (SELECT max(s.step) FROM @extschema@.mart_step s);
BEGIN
	IF at < latest THEN
		RAISE EXCEPTION 'datamart "%" is at step %, this version of crmseg needs %', mart, at, latest
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = format('SELECT @extschema@.upgrade_datamart(%L);', mart);
	ELSIF at > latest THEN
		RAISE EXCEPTION 'datamart "%" is at step %, this version of crmseg knows only %', mart, at, latest
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Update the extension: ALTER EXTENSION crmseg UPDATE;';
	END IF;
	RETURN quote_ident(mart);
END $$;
COMMENT ON FUNCTION @extschema@.require_datamart(name) IS 'the quoted schema of a datamart of the present step; 3F000 when there is no such schema, 55000 with a hint when it is no datamart or of another step';

CREATE FUNCTION @extschema@.datamart_ddl(mart name, from_step integer, to_step integer) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN from_step <= 0 THEN format(E'CREATE SCHEMA %I;\n', mart) ELSE '' END
		|| coalesce(string_agg(format(E'-- step %s: %s\n%s\nUPDATE %I.datamart SET step = %s;\n', s.step, s.title,
			replace(s.ddl, '@' || 'mart@', quote_ident(mart)), mart, s.step), E'\n' ORDER BY s.step), '')
	FROM @extschema@.mart_step s WHERE s.step > from_step AND s.step <= to_step
$$;
COMMENT ON FUNCTION @extschema@.datamart_ddl(name, integer, integer) IS 'the SQL of the steps above from_step up to to_step, for a schema of that name';

CREATE FUNCTION @extschema@.datamart_ddl(mart name, from_step integer DEFAULT 0) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN @extschema@.datamart_ddl(mart, from_step, 2147483647);
COMMENT ON FUNCTION @extschema@.datamart_ddl(name, integer) IS 'the SQL that create_datamart (from_step 0) or upgrade_datamart (from_step the mart''s step) would run, for review and for tools that keep schema changes; it needs btree_gist';

-- One statement string a step: a failure names the step.
CREATE FUNCTION @extschema@.run_mart_steps(mart name, from_step integer, to_step integer) RETURNS integer
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	s record;
	reached integer := from_step;
BEGIN
	FOR s IN SELECT m.step, m.ddl FROM @extschema@.mart_step m WHERE m.step > from_step AND m.step <= to_step ORDER BY m.step LOOP
		EXECUTE replace(s.ddl, '@' || 'mart@', quote_ident(mart));
		EXECUTE format('UPDATE %I.datamart SET step = $1', mart) USING s.step;
		reached := s.step;
	END LOOP;
	RETURN reached;
END $$;
COMMENT ON FUNCTION @extschema@.run_mart_steps(name, integer, integer) IS 'internal: runs the steps above from_step up to to_step in an existing schema; returns the last one';

CREATE FUNCTION @extschema@.set_datamart(mart name, settings jsonb) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	known text[];
	wrong text;
	list text;
BEGIN
	PERFORM @extschema@.datamart_step_of(mart);
	IF settings IS NULL OR jsonb_typeof(settings) <> 'object' THEN
		RAISE EXCEPTION 'the settings of a datamart are a JSON object' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT array_agg(a.attname ORDER BY a.attnum) INTO known
	FROM pg_attribute a WHERE a.attrelid = format('%I.datamart', mart)::regclass AND a.attnum > 0 AND NOT a.attisdropped
		AND a.attname NOT IN ('one_row', 'step', 'created_at');
	SELECT k INTO wrong FROM jsonb_object_keys(settings) k WHERE k <> ALL (known) ORDER BY k LIMIT 1;
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'a datamart has no setting "%"', wrong USING ERRCODE = 'invalid_parameter_value',
			HINT = format('The settings are %s.', array_to_string(known, ', '));
	END IF;
	SELECT string_agg(format('%1$I = r.%1$I', k), ', ') INTO list FROM unnest(known) k;
	EXECUTE format('UPDATE %1$I.datamart d SET %2$s FROM %1$I.datamart b, jsonb_populate_record(b, $1) r', mart, list) USING settings;
END $$;
COMMENT ON FUNCTION @extschema@.set_datamart(name, jsonb) IS 'changes settings of a datamart, those that are named: {"time_zone": "Europe/Paris", "base_currency": "EUR", "default_phone_region": "FR", ...}; they stand in its table datamart. 22023 for an unknown setting, 23514 for a value that cannot be';

CREATE FUNCTION @extschema@.create_datamart(mart name, settings jsonb) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	ns oid;
	ns_owner oid;
BEGIN
	IF mart IS NULL THEN
		RAISE EXCEPTION 'the name of a datamart must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	-- two sessions that make the same mart: the second one waits and is then told that it exists
	PERFORM pg_advisory_xact_lock(hashtextextended('crmseg.create_datamart ' || mart, 0));
	SELECT n.oid, n.nspowner INTO ns, ns_owner FROM pg_namespace n WHERE n.nspname = mart;
	IF ns IS NULL THEN
		EXECUTE format('CREATE SCHEMA %I', mart);
	ELSIF EXISTS (SELECT FROM pg_depend d WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = ns) THEN
		IF EXISTS (SELECT FROM @extschema@.datamarts() d WHERE d.mart = create_datamart.mart) THEN
			RAISE EXCEPTION 'schema "%" is a datamart already', mart USING ERRCODE = 'duplicate_schema',
				HINT = format('To bring it to the present step: SELECT @extschema@.upgrade_datamart(%L);', mart);
		END IF;
		RAISE EXCEPTION 'schema "%" is not empty', mart USING ERRCODE = 'duplicate_schema',
			HINT = 'A datamart is made in a new schema, or in an empty one of your own.';
	ELSIF ns_owner <> (SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user) THEN
		RAISE EXCEPTION 'schema "%" is owned by another role', mart USING ERRCODE = 'insufficient_privilege',
			HINT = 'A datamart is made in a new schema, or in an empty one of your own.';
	END IF;
	-- periods that must not overlap need gist on plain types
	IF NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'btree_gist') THEN
		IF NOT EXISTS (SELECT FROM pg_available_extensions e WHERE e.name = 'btree_gist') THEN
			RAISE EXCEPTION 'the extension btree_gist is not installed on this server' USING ERRCODE = 'undefined_file',
				HINT = 'It is part of PostgreSQL''s contrib: install the package of that name beside the server.';
		END IF;
		BEGIN
			EXECUTE format('CREATE EXTENSION btree_gist SCHEMA %s',
				CASE WHEN EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = 'public') THEN 'public' ELSE '@extschema@' END);
		EXCEPTION WHEN duplicate_object OR unique_violation THEN
			NULL;	-- another session made it meanwhile
		END;
	END IF;
	PERFORM @extschema@.run_mart_steps(mart, 0, 2147483647);
	IF settings <> '{}' THEN
		PERFORM @extschema@.set_datamart(mart, settings);
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.create_datamart(name, jsonb) IS 'makes a datamart with settings (see set_datamart) in a new schema, or in an empty one of the caller''s; its tables are ordinary tables owned by the caller. 42P06 when the schema holds something, 58P01 when btree_gist is not on the server';

CREATE FUNCTION @extschema@.create_datamart(mart name) RETURNS void
	LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$ SELECT @extschema@.create_datamart(mart, '{}'::jsonb) $$;
COMMENT ON FUNCTION @extschema@.create_datamart(name) IS 'makes a datamart in a new schema, or in an empty one of the caller''s; its tables are ordinary tables owned by the caller. 42P06 when the schema holds something, 58P01 when btree_gist is not on the server';

CREATE FUNCTION @extschema@.upgrade_datamart(mart name) RETURNS integer
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	at integer;
	latest integer := (SELECT max(s.step) FROM @extschema@.mart_step s);
BEGIN
	PERFORM @extschema@.datamart_step_of(mart);
	EXECUTE format('LOCK TABLE %I.datamart IN SHARE ROW EXCLUSIVE MODE', mart);
	at := @extschema@.datamart_step_of(mart);	-- another session may have upgraded it while this one waited
	IF at > latest THEN
		PERFORM @extschema@.require_datamart(mart);
	END IF;
	RETURN @extschema@.run_mart_steps(mart, at, latest);
END $$;
COMMENT ON FUNCTION @extschema@.upgrade_datamart(name) IS 'runs the steps a datamart lacks, in one transaction and one session at a time; returns its step. Only its owner can. 55000 when it is no datamart, or newer than the extension';

CREATE FUNCTION @extschema@.datamarts() RETURNS TABLE (mart name, step integer, created_at timestamptz)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	c record;
BEGIN
	-- a table of another role is only read where nothing of that role's making would run
	FOR c IN SELECT n.nspname, t.relrowsecurity, t.oid FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
			WHERE t.relname = 'datamart' AND t.relkind = 'r' AND starts_with(obj_description(t.oid, 'pg_class'), 'crmseg datamart:')
			ORDER BY n.nspname LOOP
		mart := c.nspname; step := NULL; created_at := NULL;
		IF has_schema_privilege(c.nspname, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AND NOT c.relrowsecurity THEN
			EXECUTE format('SELECT d.step, d.created_at FROM %I.datamart d', c.nspname) INTO step, created_at;
		END IF;
		RETURN NEXT;
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.datamarts() IS 'the datamarts of this database, found by the marker in the comment of their table datamart; step and created_at are NULL where the caller may not read them';

-- Amounts of several currencies are never added as one: an order bears its rate into the mart's base currency, or none.
CREATE FUNCTION @extschema@.base_rate(mart name, currency text, at timestamptz) RETURNS numeric
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rate numeric;
BEGIN
	EXECUTE format('SELECT CASE WHEN d.base_currency = $1 THEN 1 ELSE (SELECT c.rate FROM %1$I.currency_rate c
		WHERE c.base_currency = d.base_currency AND c.currency = $1 AND c.valid_from <= ($2 AT TIME ZONE d.time_zone)::date
		ORDER BY c.valid_from DESC LIMIT 1) END FROM %1$I.datamart d', mart) INTO rate USING currency, at;
	RETURN rate;
END $$;
COMMENT ON FUNCTION @extschema@.base_rate(name, text, timestamptz) IS 'what one unit of a currency was worth in the base currency of the mart at an instant: 1 for the base currency, NULL when currency_rate holds no rate of that day or before';

CREATE FUNCTION @extschema@.set_base_rate() RETURNS trigger
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	NEW.base_rate := @extschema@.base_rate(TG_TABLE_SCHEMA, NEW.currency, NEW.ordered_at);
	RETURN NEW;
END $$;
COMMENT ON FUNCTION @extschema@.set_base_rate() IS 'trigger of a datamart: gives an order written without base_rate its rate';

CREATE FUNCTION @extschema@.convert_orders(mart name, OUT converted bigint, OUT missing bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
BEGIN
	-- the rates as periods, so that each order finds its own by one join
	EXECUTE format('WITH d AS (SELECT time_zone, base_currency FROM %1$s.datamart),
		rate AS (
			SELECT c.currency, c.rate, (c.valid_from::timestamp AT TIME ZONE d.time_zone) AS since,
				lead(c.valid_from::timestamp AT TIME ZONE d.time_zone, 1, ''infinity'') OVER (PARTITION BY c.currency ORDER BY c.valid_from) AS until
			FROM d JOIN %1$s.currency_rate c ON c.base_currency = d.base_currency
			UNION ALL SELECT d.base_currency, 1, ''-infinity'', ''infinity'' FROM d),
		new AS (
			SELECT o.party_id, o.order_id, r.rate
			FROM %1$s.sales_order o LEFT JOIN rate r ON r.currency = o.currency AND o.ordered_at >= r.since AND o.ordered_at < r.until
			WHERE o.base_rate IS DISTINCT FROM r.rate)
		UPDATE %1$s.sales_order o SET base_rate = n.rate FROM new n WHERE o.party_id = n.party_id AND o.order_id = n.order_id', m);
	GET DIAGNOSTICS converted = ROW_COUNT;
	EXECUTE format('SELECT count(*) FROM %s.sales_order WHERE base_rate IS NULL', m) INTO missing;
END $$;
COMMENT ON FUNCTION @extschema@.convert_orders(name) IS 'gives every order the rate of its day after currency_rate or the base currency changed; returns the orders changed and those that still have no rate, which count in no total';
