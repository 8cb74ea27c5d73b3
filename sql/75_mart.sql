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

-- The list of names is read from the disk each time (0.1 s), so only where it must: 'Foo5' is a zone to the server, five hours off.
CREATE FUNCTION @extschema@.is_time_zone(name text) RETURNS boolean
	LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF name = 'UTC' THEN
		RETURN true;
	ELSIF name ~ '/' AND name !~ '[0-9]' THEN
		PERFORM timezone(name, timestamptz 'epoch');
		RETURN true;
	END IF;
	RETURN EXISTS (SELECT FROM pg_timezone_names z WHERE lower(z.name COLLATE "C") = lower(is_time_zone.name COLLATE "C"));
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN false;
END $$;
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
			JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
			WHERE n.nspname = mart AND c.relname = 'datamart' AND c.relkind = 'r' AND starts_with(d.description, 'crmseg datamart:')) THEN
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

-- The placeholders of a step: @mart@ the schema as an identifier, @mart_text@ the same inside a literal, @mart_literal@ its name as a literal.
-- One pass over the text: a schema's own name may hold anything.
CREATE FUNCTION @extschema@.step_sql(ddl text, mart name) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT string_agg(CASE t.n % 2 WHEN 1 THEN t.part ELSE CASE t.part WHEN '' THEN quote_ident(mart) WHEN '_text' THEN replace(quote_ident(mart), '''', '''''') ELSE quote_literal(mart) END END, '' ORDER BY t.n)
	FROM string_to_table(replace(replace(replace(ddl, '@mart@', E'\x01\x01'), '@mart_text@', E'\x01_text\x01'), '@mart_literal@', E'\x01_literal\x01'), E'\x01') WITH ORDINALITY t (part, n)
$$;
COMMENT ON FUNCTION @extschema@.step_sql(text, name) IS 'internal: the text of a step with the name of the schema in place of its placeholders';

CREATE FUNCTION @extschema@.datamart_ddl(mart name, from_step integer, to_step integer) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN from_step <= 0 THEN format(E'CREATE SCHEMA %I;\n', mart) ELSE '' END
		|| coalesce(string_agg(format(E'-- step %s: %s\n%s\nUPDATE %I.datamart SET step = %s;\n', s.step, s.title,
			@extschema@.step_sql(s.ddl, mart), mart, s.step), E'\n' ORDER BY s.step), '')
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
		EXECUTE @extschema@.step_sql(s.ddl, mart);
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
	PERFORM @extschema@.make_partitions(mart);
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
	at := @extschema@.run_mart_steps(mart, at, latest);
	PERFORM @extschema@.make_partitions(mart);
	RETURN at;
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
DECLARE
	base text;
BEGIN
	EXECUTE format('SELECT d.base_currency FROM %I.datamart d', TG_TABLE_SCHEMA) INTO base;
	NEW.currency := coalesce(NEW.currency, base);
	NEW.base_rate := CASE WHEN NEW.currency = base THEN 1 ELSE @extschema@.base_rate(TG_TABLE_SCHEMA, NEW.currency, NEW.ordered_at) END;
	RETURN NEW;
END $$;
COMMENT ON FUNCTION @extschema@.set_base_rate() IS 'trigger of a datamart: gives an order written without base_rate its rate, and the base currency to one without a currency';

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

-- Tables are followed in three places (live sources, memberships, activity), by triggers of one shape.
CREATE FUNCTION @extschema@.follow_statements(relation regclass, trigger_name name, verb text, call text) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %s%s FOR EACH STATEMENT EXECUTE FUNCTION %s', trigger_name, upper(verb COLLATE "C"), relation,
		CASE verb WHEN 'insert' THEN ' REFERENCING NEW TABLE AS new_row' WHEN 'delete' THEN ' REFERENCING OLD TABLE AS old_row' WHEN 'update' THEN ' REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row' ELSE '' END, call);
END $$;
COMMENT ON FUNCTION @extschema@.follow_statements(regclass, name, text, text) IS 'internal: a statement trigger that shows its function the rows as new_row and old_row: verb insert, update, delete or truncate, call the function with its arguments as SQL';

CREATE FUNCTION @extschema@.keep_referenced() RETURNS trigger
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	used boolean;
	old_key bigint := to_jsonb(OLD) -> TG_ARGV[0];
BEGIN
	IF TG_OP = 'DELETE' OR to_jsonb(NEW) -> TG_ARGV[0] <> to_jsonb(OLD) -> TG_ARGV[0] THEN
		FOR i IN 1 .. TG_NARGS - 1 LOOP
			EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I f WHERE f.%I = $1)', TG_TABLE_SCHEMA, TG_ARGV[i], TG_ARGV[0]) INTO used USING old_key;
			IF used THEN
				RAISE EXCEPTION '%.% % is in use', TG_TABLE_NAME, TG_ARGV[0], old_key USING ERRCODE = 'foreign_key_violation',
					DETAIL = format('Rows of %I.%I name it.', TG_TABLE_SCHEMA, TG_ARGV[i]), TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
			END IF;
		END LOOP;
	END IF;
	RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
COMMENT ON FUNCTION @extschema@.keep_referenced() IS 'trigger of a datamart, with a key column and the tables that name it: refuses (23503) to delete or renumber a row of a list while a fact names it';

CREATE FUNCTION @extschema@.comment_view_columns(mart name) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	c record;
BEGIN
	FOR c IN
		SELECT DISTINCT ON (v.oid, a.attnum) v.relname, a.attname, col_description(b.attrelid, b.attnum) AS text
		FROM pg_namespace n
		JOIN pg_class v ON v.relnamespace = n.oid AND v.relkind = 'v'
		JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0 AND NOT a.attisdropped
		JOIN pg_rewrite r ON r.ev_class = v.oid
		JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid
		JOIN pg_attribute b ON b.attrelid = d.refobjid AND b.attnum = d.refobjsubid AND b.attname = a.attname
		WHERE n.nspname = mart AND col_description(v.oid, a.attnum) IS NULL AND col_description(b.attrelid, b.attnum) IS NOT NULL
		ORDER BY v.oid, a.attnum, b.attrelid
	LOOP
		EXECUTE format('COMMENT ON COLUMN %I.%I.%I IS %L', mart, c.relname, c.attname, c.text);
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.comment_view_columns(name) IS 'gives each column of a view in the schema that has no comment the comment of the column of the same name in the table or view it reads';

-- What the catalogue says of the objects of a schema, one row a fact; check_datamart compares two of these lists.
CREATE FUNCTION @extschema@.mart_facts(mart name) RETURNS TABLE (relation text, kind text, object text, fact text)
	LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
	WITH rel AS (
		SELECT c.oid, c.relname::text AS name, c.relkind, c.relowner, n.nspowner
		FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
		WHERE n.nspname = mart AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
			-- months come and go
			AND (NOT c.relispartition OR pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'))
	SELECT r.name, 'relation', r.name,
		CASE r.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' ELSE 'foreign table' END
	FROM rel r
	UNION ALL
	SELECT r.name, 'owner', r.name, CASE WHEN r.relowner = r.nspowner THEN 'the owner of the schema' ELSE 'another role' END FROM rel r
	UNION ALL
	SELECT r.name, 'column', a.attname::text, concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END,
		CASE a.attidentity WHEN 'd' THEN 'GENERATED BY DEFAULT AS IDENTITY' WHEN 'a' THEN 'GENERATED ALWAYS AS IDENTITY' END,
		CASE WHEN a.attgenerated <> '' THEN 'GENERATED ALWAYS AS' WHEN d.oid IS NOT NULL THEN 'DEFAULT' END, pg_get_expr(d.adbin, d.adrelid))
	FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND r.relkind <> 'S'
	LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	UNION ALL
	SELECT r.name, 'statistics', a.attname::text, 'off'
	FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstattarget = 0
	UNION ALL
	SELECT r.name, 'comment', a.attname::text, 'present'
	FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE col_description(r.oid, a.attnum) IS NOT NULL
	UNION ALL
	SELECT r.name, 'comment', NULL, 'present' FROM rel r WHERE obj_description(r.oid, 'pg_class') IS NOT NULL
	UNION ALL
	SELECT r.name, 'constraint', c.conname::text, pg_get_constraintdef(c.oid)
	FROM rel r JOIN pg_constraint c ON c.conrelid = r.oid AND c.contype IN ('c', 'f', 'p', 'u', 'x')
	UNION ALL
	SELECT r.name, 'index', c.relname::text, pg_get_indexdef(c.oid) || CASE WHEN i.indisvalid THEN '' ELSE ' (invalid)' END
	FROM rel r JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class c ON c.oid = i.indexrelid
	WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
	UNION ALL
	SELECT r.name, 'trigger', t.tgname::text, pg_get_triggerdef(t.oid) FROM rel r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
	UNION ALL
	SELECT r.name, 'trigger state', t.tgname::text, CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'for replicas only' ELSE 'enabled' END
	FROM rel r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
	UNION ALL
	SELECT r.name, 'view', NULL, concat_ws(' ', array_to_string(c.reloptions, ' '), pg_get_viewdef(r.oid))
	FROM rel r JOIN pg_class c ON c.oid = r.oid WHERE r.relkind IN ('v', 'm')
	UNION ALL
	SELECT NULL, 'function', format('%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)), pg_get_functiondef(p.oid)
	FROM pg_namespace n JOIN pg_proc p ON p.pronamespace = n.oid AND p.prokind IN ('f', 'p') WHERE n.nspname = mart
	UNION ALL
	SELECT NULL, 'function rights', format('%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)),
		format('%s, %s', CASE WHEN p.proowner = n.nspowner THEN 'owned by the owner of the schema' ELSE 'owned by another role' END,
			CASE WHEN has_function_privilege('public', p.oid, 'EXECUTE') THEN 'open to PUBLIC' ELSE 'closed to PUBLIC' END)
	FROM pg_namespace n JOIN pg_proc p ON p.pronamespace = n.oid AND p.prosecdef WHERE n.nspname = mart
$$;
COMMENT ON FUNCTION @extschema@.mart_facts(name) IS 'internal: what the catalogue says of the relations and functions of a schema, one row a fact';

CREATE FUNCTION @extschema@.check_datamart(mart name) RETURNS TABLE (object text, problem text, hint text)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	at integer := @extschema@.datamart_step_of(mart);
	latest integer := (SELECT max(s.step) FROM @extschema@.mart_step s);
	pattern text := format('crmseg_check_%s', pg_backend_pid());
	expected jsonb;
BEGIN
	IF at <> latest THEN
		RETURN QUERY SELECT 'datamart'::text, format('at step %s, the extension is at step %s', at, latest),
			CASE WHEN at < latest THEN format('SELECT @extschema@.upgrade_datamart(%L);', mart) ELSE 'ALTER EXTENSION crmseg UPDATE;' END;
	END IF;
	-- The pattern is a mart made for the purpose and rolled back: what it looks like on this server is what the mart should look like.
	BEGIN
		EXECUTE format('CREATE SCHEMA %I', pattern);
		PERFORM @extschema@.run_mart_steps(pattern, 0, at);
		SELECT jsonb_agg(to_jsonb(f)) INTO expected FROM @extschema@.mart_facts(pattern) f;
		RAISE EXCEPTION USING ERRCODE = 'CS000', MESSAGE = 'rolled back';
	EXCEPTION
		WHEN SQLSTATE 'CS000' THEN
			NULL;
		WHEN insufficient_privilege THEN
			RAISE EXCEPTION 'check_datamart compares with a mart that it makes and rolls back, which needs CREATE on the database'
				USING ERRCODE = 'insufficient_privilege', HINT = format('GRANT CREATE ON DATABASE %I TO %I;', current_database(), current_user);
	END;
	RETURN QUERY
	WITH want AS (
		SELECT e.relation, e.kind, e.object, replace(e.fact, pattern, quote_ident(mart)) AS fact
		FROM jsonb_to_recordset(expected) e (relation text, kind text, object text, fact text)),
	have AS MATERIALIZED (SELECT * FROM @extschema@.mart_facts(mart)),
	-- what is missing as a whole is said once
	gone AS (SELECT w.relation FROM want w WHERE w.kind = 'relation' AND NOT EXISTS (SELECT FROM have h WHERE h.kind = 'relation' AND h.relation = w.relation))
	SELECT CASE WHEN w.relation IS NULL THEN w.object ELSE concat_ws('.', w.relation, nullif(w.object, w.relation)) END,
		CASE
			WHEN w.kind = 'relation' AND h.fact IS NULL THEN w.fact || ' is missing'
			WHEN w.kind = 'trigger state' THEN 'trigger is ' || h.fact
			WHEN w.kind = 'comment' THEN 'comment is missing'
			WHEN w.kind = 'statistics' THEN 'statistics are on: values of a direct identifier are copied into the planner''s statistics'
			WHEN w.kind = 'owner' THEN 'owned by another role than the schema'
			WHEN w.kind = 'function rights' THEN coalesce(h.fact, 'does not run with the rights of its owner')
			WHEN h.fact IS NULL THEN w.kind || ' is missing'
			WHEN w.kind = 'column' THEN format('column is %s', h.fact)
			ELSE w.kind || ' differs'
		END,
		CASE w.kind
			WHEN 'relation' THEN format('Its definition stands in SELECT @extschema@.datamart_ddl(%L);', mart)
			WHEN 'column' THEN format('%I.%I should be %s', w.relation, w.object, w.fact)
			WHEN 'statistics' THEN format('ALTER TABLE %I.%I ALTER COLUMN %I SET STATISTICS 0; ANALYZE %1$I.%2$I;', mart, w.relation, w.object)
			WHEN 'constraint' THEN format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s;', mart, w.relation, w.object, w.fact)
			WHEN 'trigger state' THEN format('ALTER TABLE %I.%I ENABLE TRIGGER %I;', mart, w.relation, w.object)
			WHEN 'index' THEN w.fact || ';'
			WHEN 'trigger' THEN w.fact || ';'
			WHEN 'owner' THEN 'ALTER ... OWNER TO the owner of the schema'
			WHEN 'function rights' THEN w.fact
			WHEN 'function' THEN w.fact
			WHEN 'view' THEN format('It should be %s', w.fact)
			ELSE format('SELECT @extschema@.datamart_ddl(%L) shows it.', mart)
		END
	FROM want w
	LEFT JOIN have h ON h.kind = w.kind AND coalesce(h.relation, '') = coalesce(w.relation, '') AND coalesce(h.object, '') = coalesce(w.object, '')
	-- parentheses and line breaks are the server's choice, and another one after a restore; quotes double where a name stands in a
	-- literal; which characters are spaces is a collation's choice
	WHERE regexp_replace(h.fact COLLATE "C", '[()''[:space:]]', '', 'g') IS DISTINCT FROM regexp_replace(w.fact COLLATE "C", '[()''[:space:]]', '', 'g')
		AND (w.kind = 'relation' OR w.relation IS NULL OR w.relation NOT IN (SELECT g.relation FROM gone g))
		AND NOT (w.kind IN ('trigger state', 'statistics', 'comment', 'function rights') AND h.fact IS NULL
			AND EXISTS (SELECT FROM want p WHERE p.relation IS NOT DISTINCT FROM w.relation AND p.object = w.object
				AND p.kind = CASE w.kind WHEN 'trigger state' THEN 'trigger' WHEN 'function rights' THEN 'function' ELSE 'column' END
				AND NOT EXISTS (SELECT FROM have q WHERE q.kind = p.kind AND q.relation IS NOT DISTINCT FROM p.relation AND q.object = p.object)))
	ORDER BY 1, 2;
END $$;
COMMENT ON FUNCTION @extschema@.check_datamart(name) IS 'what of a datamart is missing or not as its steps make it: tables, columns, indexes, constraints, triggers, views, functions and their rights, comments. What was added to it is no deviation. Compares with a mart made and rolled back, so it needs CREATE on the database; repairs nothing';
