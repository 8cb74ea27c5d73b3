-- Who may do what: roles for the people around a mart, and which rows a reader sees. docs/roles.md.

CREATE FUNCTION @extschema@.grant_mart_roles(mart name, prefix text DEFAULT NULL) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	p text := coalesce(prefix, mart);
	-- who a person is and how to reach it: not for marketing
	identity_tables text[] := '{party_undo,record_identity,import_reject,import_warning,suppression,suppression_key,privacy_log}';
	-- of these, what names nobody: that there is an address, of which kind, whether it works, and from whom
	harmless jsonb := '{"contact_point": ["contact_point_id", "party_id", "kind", "status", "is_primary", "verified_at", "source_id", "valid"], "source_record": ["party_id", "source_id", "last_seen"], "external_key": ["party_id", "scheme", "source_id"]}';
	r record;
	role_name text;
	columns text;
BEGIN
	FOREACH role_name IN ARRAY '{loader,steward,marketing,activation,data_protection,auditor}'::text[] LOOP
		EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %s FROM %I', m, p || '_' || role_name);
		EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', m, p || '_' || role_name);
		-- the settings are everybody's to read: each function asks them for the step
		EXECUTE format('GRANT SELECT ON %s.datamart TO %I', m, p || '_' || role_name);
		IF role_name NOT IN ('marketing', 'auditor') THEN
			EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %s TO %I', m, p || '_' || role_name);
		END IF;
	END LOOP;
	FOR r IN SELECT c.oid, c.relname, c.relkind, c.oid::regclass AS rel FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = mart AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition ORDER BY c.relname LOOP
		IF r.relkind = 'v' THEN
			-- views act with their reader's rights: whoever may read what they read reads them
			EXECUTE format('GRANT SELECT ON %s TO %I, %I, %I, %I, %I', r.rel, p || '_loader', p || '_steward', p || '_marketing', p || '_activation', p || '_data_protection');
			CONTINUE;
		END IF;
		-- loader: writes what imports write, which must see what is there; logs, keys and rules are not its business
		IF r.relname NOT IN ('privacy_log', 'retention_rule', 'party_key', 'datamart', 'reader_scope', 'suppression', 'suppression_key') THEN
			EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', r.rel, p || '_loader');
		END IF;
		IF r.relname NOT IN ('privacy_log', 'retention_rule', 'datamart', 'reader_scope', 'suppression', 'suppression_key') THEN
			EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', r.rel, p || '_steward');
		END IF;
		-- marketing: everything but who it is; direct identifiers are the columns without statistics. visitor_id is a pseudonym, as party_id is, and joins a cart to its lines
		IF harmless ? r.relname THEN
			EXECUTE format('GRANT SELECT (%s) ON %s TO %I', (SELECT string_agg(quote_ident(c), ', ') FROM jsonb_array_elements_text(harmless -> r.relname) c), r.rel, p || '_marketing');
		ELSIF r.relname <> ALL (identity_tables) AND r.relname NOT IN ('party_key', 'reader_scope') THEN
			SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE coalesce(a.attstattarget, -1) <> 0 OR a.attname = 'visitor_id') INTO columns
			FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped HAVING bool_or(a.attstattarget = 0);
			EXECUTE format('GRANT SELECT %s ON %s TO %I', coalesce('(' || columns || ')', ''), r.rel, p || '_marketing');
		END IF;
		IF r.relname IN ('campaign', 'message', 'survey', 'segment_definition') THEN
			EXECUTE format('GRANT INSERT, UPDATE%s ON %s TO %I', CASE r.relname WHEN 'segment_definition' THEN ', DELETE' END, r.rel, p || '_marketing');
		END IF;
		-- activation: reaches people, and writes down whom
		IF r.relname NOT IN ('source_record', 'external_key', 'party_undo', 'record_identity', 'import_reject', 'import_warning', 'privacy_log', 'party_key', 'reader_scope') THEN
			EXECUTE format('GRANT SELECT ON %s TO %I', r.rel, p || '_activation');
		END IF;
		IF r.relname IN ('campaign_target', 'interaction', 'reaction', 'cart') THEN
			EXECUTE format('GRANT INSERT, UPDATE%s ON %s TO %I', CASE r.relname WHEN 'campaign_target' THEN ', DELETE' END, r.rel, p || '_activation');
		ELSIF r.relname = 'party' THEN
			-- a claim locks the parties it claims, which asks for the right to change some column
			EXECUTE format('GRANT UPDATE (updated_at) ON %s TO %I', r.rel, p || '_activation');
		END IF;
		-- data protection: sees all, ends what must end
		IF r.relname <> 'reader_scope' THEN
			EXECUTE format('GRANT SELECT ON %s TO %I', r.rel, p || '_data_protection');
		END IF;
		IF r.relname NOT IN ('datamart', 'suppression_key', 'reader_scope', 'privacy_log') THEN
			EXECUTE format('GRANT UPDATE, DELETE ON %s TO %I', r.rel, p || '_data_protection');
		END IF;
		IF r.relname IN ('privacy_log', 'suppression', 'consent', 'contact_preference', 'retention_rule', 'service_case', 'party_key') THEN
			EXECUTE format('GRANT INSERT ON %s TO %I', r.rel, p || '_data_protection');
		END IF;
		-- auditor: what was done, not to whom
		IF r.relname IN ('privacy_log', 'retention_rule', 'party_key', 'run', 'import_batch', 'source', 'channel', 'attribute_def', 'reader_scope', 'campaign') THEN
			EXECUTE format('GRANT SELECT ON %s TO %I', r.rel, p || '_auditor');
		END IF;
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.grant_mart_roles(name, text) IS 'grants the roles <prefix>_loader, _steward, _marketing, _activation, _data_protection and _auditor what they need in a mart and takes all else from them; again after an upgrade. prefix NULL: the name of the mart. 42704 for a role that does not exist';

CREATE FUNCTION @extschema@.create_mart_roles(mart name, prefix text DEFAULT NULL) RETURNS SETOF name
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	p text := coalesce(prefix, mart);
	r record;
	role_name text;
BEGIN
	FOREACH role_name IN ARRAY '{owner,loader,steward,marketing,activation,data_protection,auditor}'::text[] LOOP
		IF octet_length(p || '_' || role_name) > 63 THEN
			RAISE EXCEPTION 'the name of a role would be longer than 63 bytes' USING ERRCODE = 'name_too_long', HINT = 'Give a shorter prefix.';
		END IF;
		IF NOT EXISTS (SELECT FROM pg_roles g WHERE g.rolname = p || '_' || role_name) THEN
			EXECUTE format('CREATE ROLE %I NOLOGIN', p || '_' || role_name);
		END IF;
		RETURN NEXT p || '_' || role_name;
	END LOOP;
	PERFORM @extschema@.grant_mart_roles(mart, prefix);
	-- the mart goes to its owner role, of which the caller is a member; what others own in its schema is left to them
	IF NOT pg_has_role(p || '_owner', 'MEMBER') OR NOT pg_has_role(p || '_owner', 'USAGE') THEN
		EXECUTE format('GRANT %I TO %I', p || '_owner', current_user);
	END IF;
	EXECUTE format('ALTER SCHEMA %s OWNER TO %I', m, p || '_owner');
	FOR r IN SELECT c.relkind, c.oid::regclass AS rel FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = mart AND c.relkind IN ('r', 'p', 'v', 'm') AND pg_has_role(c.relowner, 'USAGE') ORDER BY c.relkind, c.oid LOOP
		EXECUTE format('ALTER %s %s OWNER TO %I', CASE r.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, r.rel, p || '_owner');
	END LOOP;
	FOR r IN SELECT f.oid::regprocedure AS fn FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace WHERE n.nspname = mart AND pg_has_role(f.proowner, 'USAGE') LOOP
		EXECUTE format('ALTER ROUTINE %s OWNER TO %I', r.fn, p || '_owner');
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.create_mart_roles(name, text) IS 'makes the roles <prefix>_owner, _loader, _steward, _marketing, _activation, _data_protection and _auditor where they are absent (NOLOGIN, to be granted to people), grants them what they need in the mart, and gives the mart to _owner, of which the caller becomes a member. prefix NULL: the name of the mart. Returns their names; needs CREATEROLE and the ownership of the mart';

CREATE FUNCTION @extschema@.scope_readers(mart name, reader name, dimension text, allowed text[]) RETURNS integer
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	mine text := format('FROM %s.reader_scope s WHERE pg_has_role(s.reader, ''MEMBER'') AND s.dimension = ', m);
	r record;
	changed integer := 0;
BEGIN
	IF dimension IS NULL OR dimension NOT IN ('country', 'store', 'brand') THEN
		RAISE EXCEPTION 'there is no dimension "%"', dimension USING ERRCODE = 'invalid_parameter_value', HINT = 'The dimensions are country, store (by code) and brand.';
	ELSIF NOT EXISTS (SELECT FROM pg_roles g WHERE g.rolname = reader) THEN
		RAISE EXCEPTION 'role "%" does not exist', reader USING ERRCODE = 'undefined_object';
	END IF;
	EXECUTE format('DELETE FROM %s.reader_scope s WHERE s.reader = $1 AND s.dimension = $2', m) USING reader, dimension;
	EXECUTE format('INSERT INTO %s.reader_scope (reader, dimension, value) SELECT DISTINCT $1, $2, v FROM unnest($3) v WHERE v IS NOT NULL', m) USING reader, dimension, coalesce(allowed, '{}');
	IF allowed = '{}' THEN
		-- nothing allowed is no row at all to see, which is not the same as no limit
		EXECUTE format('INSERT INTO %s.reader_scope (reader, dimension, value) VALUES ($1, $2, NULL)', m) USING reader, dimension;
	END IF;
	EXECUTE format('GRANT SELECT ON %s.reader_scope TO PUBLIC', m);
	FOR r IN
		SELECT v.rel, v.policy, v.kind, v.condition
		FROM (
			SELECT format('%I.party', mart)::regclass AS rel, 'reader_scope' AS policy, 'PERMISSIVE' AS kind,
				format('NOT EXISTS (SELECT %1$s ''country'') OR country = ANY (ARRAY(SELECT s.value %1$s ''country''))', mine) AS condition
			UNION ALL
			-- rows about a party that is seen, and those of nobody
			SELECT c.oid::regclass, 'reader_scope', 'PERMISSIVE',
				format('party_id IS NULL OR NOT EXISTS (SELECT %s ''country'') OR EXISTS (SELECT FROM %s.party p WHERE p.party_id = %s.party_id)', mine, m, quote_ident(c.relname))
			FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = mart AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'party'
				AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'party_id' AND NOT a.attisdropped)
			UNION ALL
			-- what knows its cart or its session only
			SELECT format('%I.cart_line', mart)::regclass, 'reader_scope', 'PERMISSIVE',
				format('NOT EXISTS (SELECT %s ''country'') OR EXISTS (SELECT FROM %s.cart c WHERE c.visitor_id = cart_line.visitor_id AND c.cart_id = cart_line.cart_id)', mine, m)
			UNION ALL
			SELECT format('%I.web_event', mart)::regclass, 'reader_scope', 'PERMISSIVE',
				format('NOT EXISTS (SELECT %s ''country'') OR EXISTS (SELECT FROM %s.web_session s WHERE s.session_id = web_event.session_id AND s.visitor_id = web_event.visitor_id)', mine, m)
			UNION ALL
			SELECT format('%I.sales_order', mart)::regclass, 'reader_scope_store', 'RESTRICTIVE',
				format('NOT EXISTS (SELECT %1$s ''store'') OR store_id = ANY (ARRAY(SELECT t.store_id FROM %2$s.store t WHERE t.code = ANY (ARRAY(SELECT s.value %1$s ''store''))))', mine, m)
			UNION ALL
			SELECT format('%I.sales_order_line', mart)::regclass, 'reader_scope_store', 'RESTRICTIVE',
				format('NOT EXISTS (SELECT %1$s ''store'') OR EXISTS (SELECT FROM %2$s.sales_order o WHERE o.party_id = sales_order_line.party_id AND o.order_id = sales_order_line.order_id)', mine, m)
			UNION ALL
			SELECT format('%I.sales_order_line', mart)::regclass, 'reader_scope_brand', 'RESTRICTIVE',
				format('NOT EXISTS (SELECT %1$s ''brand'') OR product_id = ANY (ARRAY(SELECT t.product_id FROM %2$s.product t WHERE t.brand = ANY (ARRAY(SELECT s.value %1$s ''brand''))))', mine, m)) v
		ORDER BY v.rel, v.policy
	LOOP
		EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', r.rel);
		CONTINUE WHEN EXISTS (SELECT FROM pg_policy y WHERE y.polrelid = r.rel AND y.polname = r.policy);
		EXECUTE format('CREATE POLICY %I ON %s AS %s USING (%s)', r.policy, r.rel, r.kind, r.condition);
		changed := changed + 1;
	END LOOP;
	RETURN changed;
END $$;
COMMENT ON FUNCTION @extschema@.scope_readers(name, name, text, text[]) IS 'limits what a role, and those that inherit from it, see of a mart by row-level security: parties of some countries with all that is about them, orders of some stores (by code), order lines of some brands. An empty list: none; NULL: no limit any more. Limits of several roles of one person add up. The first call turns row-level security on for the tables that hold parties (the owner is never limited) and returns the policies made. 42704 for an unknown role, 22023 for an unknown dimension';
