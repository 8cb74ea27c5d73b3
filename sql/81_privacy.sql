-- The rights of a person: what is held about it, erased, restricted, objected to; what is kept for too long. docs/privacy.md.

-- HMAC with two independent halves of a key (NMAC: Bellare, Canetti, Krawczyk 1996), each a block of SHA-256.
CREATE FUNCTION @extschema@.suppression_digest(key bytea, value_norm text) RETURNS bytea
	AS 'MODULE_PATHNAME', 'crmseg_suppression_digest' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION @extschema@.suppression_digest(bytea, text) IS 'the keyed digest (32 bytes) under which an address stands in suppression: key is that of the mart''s table suppression_key, value_norm the normal form of a contact point';

CREATE FUNCTION @extschema@.suppress(mart name, kind text, address text, reason text) RETURNS boolean
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	added bigint;
BEGIN
	IF kind IS NULL OR address IS NULL OR reason IS NULL THEN
		RAISE EXCEPTION 'kind, address and reason must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	EXECUTE format('INSERT INTO %1$s.suppression (kind, value_hash, reason)
		SELECT $1, @extschema@.suppression_digest(k.key, v.norm), $3
		FROM %1$s.suppression_key k CROSS JOIN %1$s.datamart d CROSS JOIN LATERAL (SELECT CASE $1
			WHEN ''email'' THEN CASE WHEN d.email_rules IS NULL THEN @extschema@.canonical($2::@extschema@.email) ELSE @extschema@.canonical($2::@extschema@.email, d.email_rules) END
			WHEN ''phone'' THEN @extschema@.phone($2, d.default_phone_region)::text
			WHEN ''postal'' THEN @extschema@.address_key($2) ELSE $2 END) v (norm)
		ON CONFLICT DO NOTHING', m) USING kind, address, reason;
	GET DIAGNOSTICS added = ROW_COUNT;
	RETURN added = 1;
END $$;
COMMENT ON FUNCTION @extschema@.suppress(name, text, text, text) IS 'never to write again to an address, as it is written (email, phone in the region of the mart, postal address, social or push account): its keyed digest goes into suppression, effective in the very next query. True when it was not there yet; 22P02 or 22023 for an address that is none';

CREATE FUNCTION @extschema@.refuse_change() RETURNS trigger
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RAISE EXCEPTION 'rows of %.% are only added', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END $$;
COMMENT ON FUNCTION @extschema@.refuse_change() IS 'trigger of a datamart on a log: refuses (42501) to change or delete';

-- Where a person stands: columns with a foreign key to party, in any schema, and those registered in party_key. A table with neither is
-- not known here. Rules of foreign keys without a row in party_key follow from what they do on delete.
CREATE FUNCTION @extschema@.party_columns(mart name) RETURNS TABLE (relation regclass, column_name text, on_export text, on_erase text, depth integer)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	party oid := format('%I.party', mart)::regclass;
BEGIN
	RETURN QUERY EXECUTE format($q$
		WITH RECURSIVE found AS (
			SELECT k.relation::oid AS rel, k.column_name AS col, k.on_export AS export, k.on_erase AS erase
			FROM %1$s.party_key k WHERE EXISTS (SELECT FROM pg_class c WHERE c.oid = k.relation)
			UNION ALL
			SELECT c.conrelid, a.attname::text, 'rows', CASE c.confdeltype WHEN 'c' THEN 'delete' WHEN 'n' THEN 'detach' END
			FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
			WHERE c.contype = 'f' AND c.confrelid = $1 AND cardinality(c.conkey) = 1 AND c.conparentid = 0
				AND NOT EXISTS (SELECT FROM %1$s.party_key k WHERE k.relation = c.conrelid AND k.column_name = a.attname)),
		-- who refers to whom among them: what refers goes first
		edge AS (
			SELECT DISTINCT c.conrelid AS child, c.confrelid AS parent FROM pg_constraint c
			WHERE c.contype = 'f' AND c.conrelid <> c.confrelid AND c.conparentid = 0
				AND c.conrelid IN (SELECT f.rel FROM found f) AND c.confrelid IN (SELECT f.rel FROM found f)),
		level AS (
			SELECT f.rel, 0 AS depth, ARRAY[f.rel] AS path FROM (SELECT DISTINCT x.rel FROM found x) f
			UNION ALL
			SELECT e.child, l.depth + 1, l.path || e.child FROM level l JOIN edge e ON e.parent = l.rel WHERE e.child <> ALL (l.path) AND l.depth < 16)
		SELECT f.rel::regclass, f.col, f.export, f.erase, (SELECT max(l.depth) FROM level l WHERE l.rel = f.rel)
		FROM found f ORDER BY 5, f.rel, f.col$q$, m) USING party;
END $$;
COMMENT ON FUNCTION @extschema@.party_columns(name) IS 'the columns in which a party of the mart stands, in any schema: by foreign key or by party_key, with what export_party and erase_party do with their rows (on_erase NULL: no rule, erase_party refuses), and how deep they refer to each other';

CREATE FUNCTION @extschema@.party_ids(mart name, party bigint) RETURNS bigint[]
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	who bigint := @extschema@.party_of(mart, party);
	ids bigint[];
BEGIN
	IF who IS NULL THEN
		RAISE EXCEPTION 'party % does not exist', party USING ERRCODE = 'invalid_parameter_value';
	END IF;
	EXECUTE format('SELECT array_agg(a.old_party_id) FROM %s.party_alias a WHERE a.party_id = $1', m) INTO ids USING who;
	RETURN who || ids;
END $$;
COMMENT ON FUNCTION @extschema@.party_ids(name, bigint) IS 'internal: the id of the living party, then the ids that lead to it; 22023 when there is no such party';

CREATE FUNCTION @extschema@.export_party(mart name, party bigint) RETURNS jsonb
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	ids bigint[] := @extschema@.party_ids(mart, party);
	result jsonb := '{}';
	counts jsonb := '{}';
	part jsonb;
	r record;
BEGIN
	-- rows that hold the party
	FOR r IN SELECT c.relation, string_agg(format('t.%I = ANY ($1)', c.column_name), ' OR ' ORDER BY c.column_name) AS held
			FROM @extschema@.party_columns(mart) c WHERE c.on_export = 'rows' GROUP BY c.relation ORDER BY c.relation::text LOOP
		EXECUTE format('SELECT jsonb_agg(to_jsonb(t)) FROM %s t WHERE %s', r.relation, r.held) INTO part USING ids;
		IF part IS NOT NULL THEN
			result := result || jsonb_build_object(r.relation::text, part);
			counts := counts || jsonb_build_object(r.relation::text, jsonb_array_length(part));
		END IF;
	END LOOP;
	-- and those that hang on such rows by a foreign key of theirs
	FOR r IN
		SELECT c.conrelid::regclass AS relation,
			string_agg(format('EXISTS (SELECT FROM %s p WHERE (%s) = (%s) AND (%s))', c.confrelid::regclass,
				(SELECT string_agg(format('p.%I', a.attname), ', ' ORDER BY k.n) FROM unnest(c.confkey) WITH ORDINALITY k (num, n) JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.num),
				(SELECT string_agg(format('t.%I', a.attname), ', ' ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY k (num, n) JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num),
				h.held), ' OR ') AS held
		FROM pg_constraint c
		JOIN (SELECT p.relation, string_agg(format('p.%I = ANY ($1)', p.column_name), ' OR ') AS held FROM @extschema@.party_columns(mart) p
			WHERE p.on_export = 'rows' AND p.relation <> format('%I.party', mart)::regclass GROUP BY p.relation) h ON h.relation = c.confrelid
		WHERE c.contype = 'f' AND c.conparentid = 0 AND NOT EXISTS (SELECT FROM @extschema@.party_columns(mart) p WHERE p.relation = c.conrelid)
		GROUP BY c.conrelid ORDER BY c.conrelid::regclass::text
	LOOP
		EXECUTE format('SELECT jsonb_agg(to_jsonb(t)) FROM %s t WHERE %s', r.relation, r.held) INTO part USING ids;
		IF part IS NOT NULL THEN
			result := result || jsonb_build_object(r.relation::text, part);
			counts := counts || jsonb_build_object(r.relation::text, jsonb_array_length(part));
		END IF;
	END LOOP;
	-- a web event knows its session only
	EXECUTE format('SELECT jsonb_agg(to_jsonb(e)) FROM %1$s.web_session s JOIN %1$s.web_event e ON e.session_id = s.session_id AND e.visitor_id = s.visitor_id
		WHERE s.party_id = ANY ($1)', m) INTO part USING ids;
	IF part IS NOT NULL THEN
		result := result || jsonb_build_object(m || '.web_event', part);
		counts := counts || jsonb_build_object(m || '.web_event', jsonb_array_length(part));
	END IF;
	EXECUTE format('INSERT INTO %s.privacy_log (action, rows) VALUES (''export'', $1)', m) USING counts;
	RETURN jsonb_build_object('party_id', ids[1], 'former_ids', to_jsonb(ids[2:]), 'exported_at', now(), 'rows', result);
END $$;
COMMENT ON FUNCTION @extschema@.export_party(name, bigint) IS 'all that is held about a party, in JSON: {"party_id", "former_ids", "exported_at", "rows": {"schema.table": [row, ...]}}, in the mart and in every table of the database with a foreign key to party or a row in party_key, with what hangs on those rows; an old id gives the party that lives. Noted in privacy_log. 22023 for an unknown party; needs the right to read all of it, past row-level security';

CREATE FUNCTION @extschema@.erase_party(mart name, party bigint, mode text DEFAULT 'erase') RETURNS jsonb
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	ids bigint[];
	keeps boolean;
	deleted jsonb := '{}';
	detached jsonb := '{}';
	kept jsonb := '{}';
	contacts text[];
	suppressed bigint;
	done bigint;
	r record;
BEGIN
	keeps := CASE mode WHEN 'erase' THEN false WHEN 'keep_accounts' THEN true END;
	IF keeps IS NULL THEN
		RAISE EXCEPTION 'there is no mode "%" of erasure', mode USING ERRCODE = 'invalid_parameter_value', HINT = 'The modes are erase and keep_accounts.';
	END IF;
	-- nobody merges into a party that goes, nor resolves it
	PERFORM pg_advisory_xact_lock_shared(@extschema@.mart_lock(mart));
	ids := @extschema@.party_ids(mart, party);
	EXECUTE format('SELECT FROM %s.party p WHERE p.party_id = $1 FOR UPDATE', m) USING ids[1];
	ids := @extschema@.party_ids(mart, ids[1]);	-- another session may have merged it meanwhile
	FOR r IN SELECT c.relation, c.column_name FROM @extschema@.party_columns(mart) c WHERE c.on_erase IS NULL LOOP
		RAISE EXCEPTION 'nothing says what becomes of the rows of %', r.relation USING ERRCODE = 'object_not_in_prerequisite_state',
			DETAIL = format('Its column "%s" refers to a party.', r.column_name),
			HINT = format('INSERT INTO %s.party_key (relation, column_name, on_erase) VALUES (%L, %L, ''delete''), or ''detach'', ''account'' or ''keep''.', m, r.relation, r.column_name);
	END LOOP;

	-- the addresses live on as digests, but for those that somebody else has too
	EXECUTE format('SELECT array_agg(DISTINCT v.value) FROM %1$s.contact_point c CROSS JOIN LATERAL (VALUES (c.value), (c.value_norm)) v (value)
		WHERE c.party_id = $1 AND length(v.value) >= 6', m) INTO contacts USING ids[1];
	EXECUTE format('INSERT INTO %1$s.suppression (kind, value_hash, reason)
		SELECT c.kind, @extschema@.suppression_digest(k.key, c.value_norm), ''erasure'' FROM %1$s.contact_point c CROSS JOIN %1$s.suppression_key k
		WHERE c.party_id = $1 AND NOT EXISTS (SELECT FROM %1$s.contact_point o WHERE o.kind = c.kind AND o.value_norm = c.value_norm AND o.party_id <> c.party_id)
		ON CONFLICT DO NOTHING', m) USING ids[1];
	GET DIAGNOSTICS suppressed = ROW_COUNT;

	-- refused lines that name it
	EXECUTE format('UPDATE %s.import_reject j SET raw = '''', detail = NULL WHERE j.raw <> '''' AND EXISTS (SELECT FROM unnest($1) v WHERE position(lower(translate(v, ''I'', ''i'')) IN lower(translate(j.raw, ''I'', ''i''))) > 0)', m) USING contacts;
	GET DIAGNOSTICS done = ROW_COUNT;
	IF done > 0 THEN
		detached := detached || jsonb_build_object(m || '.import_reject', done);
	END IF;
	EXECUTE format('UPDATE %s.import_warning w SET value = NULL WHERE EXISTS (SELECT FROM unnest($1) v WHERE position(lower(translate(v, ''I'', ''i'')) IN lower(translate(w.value, ''I'', ''i''))) > 0)', m) USING contacts;
	GET DIAGNOSTICS done = ROW_COUNT;
	IF done > 0 THEN
		detached := detached || jsonb_build_object(m || '.import_warning', done);
	END IF;

	FOR r IN SELECT c.relation, c.column_name, c.on_erase, c.relation = format('%I.party', mart)::regclass AS is_party FROM @extschema@.party_columns(mart) c
			ORDER BY c.relation = format('%I.party', mart)::regclass, c.on_erase = 'detach' DESC, c.depth DESC, c.relation::text, c.column_name LOOP
		IF r.on_erase = 'keep' OR (r.on_erase = 'account' AND keeps) THEN
			IF r.is_party THEN
				EXECUTE format('UPDATE %s.party p SET kind = ''unidentified'', lifecycle = ''closed'', salutation = NULL, given_name = NULL, family_name = NULL, maiden_name = NULL,
					sex = NULL, birth_date = NULL, deceased_on = NULL, language = NULL, postal_code = NULL, legal_name = NULL, industry_code = NULL, headcount = NULL, trade = NULL,
					chain_position = NULL, tier = NULL, restricted_at = NULL, updated_at = now() WHERE p.party_id = $1', m) USING ids[1];
			END IF;
			EXECUTE format('SELECT count(*) FROM %s t WHERE t.%I = ANY ($1)', r.relation, r.column_name) INTO done USING ids;
			IF done > 0 THEN
				kept := kept || jsonb_build_object(r.relation::text, done);
			END IF;
		ELSIF r.on_erase = 'detach' THEN
			EXECUTE format('UPDATE %1$s SET %2$I = NULL WHERE %2$I = ANY ($1)', r.relation, r.column_name) USING ids;
			GET DIAGNOSTICS done = ROW_COUNT;
			IF done > 0 THEN
				detached := detached || jsonb_build_object(r.relation::text, done);
			END IF;
		ELSE
			EXECUTE format('DELETE FROM %s WHERE %I = ANY ($1)', r.relation, r.column_name) USING ids;
			GET DIAGNOSTICS done = ROW_COUNT;
			IF done > 0 THEN
				deleted := deleted || jsonb_build_object(r.relation::text, done + coalesce((deleted ->> r.relation::text)::bigint, 0));
			END IF;
		END IF;
	END LOOP;
	EXECUTE format('INSERT INTO %s.privacy_log (action, rows) VALUES ($1, $2)', m) USING mode, deleted || detached || kept;
	RETURN jsonb_build_object('mode', mode, 'deleted', deleted, 'detached', detached, 'kept', kept, 'suppressed', suppressed);
END $$;
COMMENT ON FUNCTION @extschema@.erase_party(name, bigint, text) IS 'erases a party wherever it stands (party_columns), in one transaction: mode erase deletes all of it, keep_accounts leaves its orders at a party without a name. Its addresses stay as keyed digests in suppression, unless somebody else has them too; refused lines of imports that name them are emptied. Returns the rows by table; privacy_log notes them without saying whose. From the live files the bytes go by erasure_statements. 22023 for an unknown party or mode, 55000 for a table of which nothing says what becomes of its rows';

CREATE FUNCTION @extschema@.erasure_statements(mart name) RETURNS SETOF text
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM @extschema@.require_datamart(mart);
	RETURN QUERY
		SELECT format('VACUUM (FULL, ANALYZE) %s', c.oid::regclass)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND ((n.nspname = mart AND (c.relname LIKE 'import\_%' OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attname IN ('party_id', 'visitor_id'))))
			OR c.oid IN (SELECT p.relation FROM @extschema@.party_columns(mart) p))
		ORDER BY c.oid::regclass::text;
END $$;
COMMENT ON FUNCTION @extschema@.erasure_statements(name) IS 'the statements that rewrite the tables in which persons stand, so that no live file holds a byte of those erased: run each outside a transaction (psql: \gexec), then CHECKPOINT. Write-ahead log, backups, replicas and server logs lose them by their own retention';

CREATE FUNCTION @extschema@.restrict_party(mart name, party bigint, restricted boolean DEFAULT true) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	ids bigint[] := @extschema@.party_ids(mart, party);
BEGIN
	IF restricted IS NULL THEN
		RAISE EXCEPTION 'restricted must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	EXECUTE format('UPDATE %s.party p SET restricted_at = CASE WHEN $2 THEN coalesce(p.restricted_at, now()) END WHERE p.party_id = $1', m) USING ids[1], restricted;
	EXECUTE format('INSERT INTO %s.privacy_log (action) VALUES ($1)', m) USING CASE WHEN restricted THEN 'restrict' ELSE 'release' END;
END $$;
COMMENT ON FUNCTION @extschema@.restrict_party(name, bigint, boolean) IS 'keeps the data of a party without using them, or (restricted false) uses them again: it is in no audience, reachable by nothing and eligible for nothing from the very next query. 22023 for an unknown party';

CREATE FUNCTION @extschema@.object_to(mart name, party bigint, purpose text DEFAULT NULL) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	ids bigint[] := @extschema@.party_ids(mart, party);
	c record;
	done bigint := 0;
BEGIN
	FOR c IN EXECUTE format('SELECT h.name, h.channel_id FROM %s.channel h WHERE h.can_solicit ORDER BY h.channel_id', m) LOOP
		IF purpose IS NULL THEN
			EXECUTE format('INSERT INTO %s.contact_preference AS p (party_id, channel_id, max_touches) VALUES ($1, $2, 0) ON CONFLICT (party_id, channel_id) DO UPDATE SET max_touches = 0', m)
				USING ids[1], c.channel_id;
		ELSE
			PERFORM @extschema@.set_consent(mart, ids[1], purpose, c.name, 'withdrawn', now(), 0, NULL, 'objection');
			-- what was said of a single address ends as well
			EXECUTE format('UPDATE %s.consent k SET valid = tstzrange(lower(k.valid), now()) WHERE k.party_id = $1 AND k.purpose = $2 AND k.channel_id = $3 AND k.contact_point_id <> 0
				AND k.status = ''granted'' AND k.valid @> now() AND lower(k.valid) < now()', m) USING ids[1], purpose, c.channel_id;
		END IF;
		done := done + 1;
	END LOOP;
	EXECUTE format('INSERT INTO %s.privacy_log (action) VALUES (''object'')', m);
	RETURN done;
END $$;
COMMENT ON FUNCTION @extschema@.object_to(name, bigint, text) IS 'an objection: no message of that purpose any more on any channel that solicits; without a purpose none of any, those to come included (a preference of 0 touches). Effective in the very next query, stronger than every segment. Returns the number of channels; 22023 for an unknown party';

CREATE FUNCTION @extschema@.retention_due(mart name, as_of timestamptz) RETURNS TABLE (party_id bigint, rule text, due timestamptz)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
BEGIN
	IF as_of IS NULL THEN
		RAISE EXCEPTION 'as_of must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	RETURN QUERY EXECUTE format($q$
		SELECT d.party_id, d.rule, d.due FROM (
			SELECT p.party_id, r.rule, (CASE r.since WHEN 'created' THEN p.created_at WHEN 'last_order' THEN coalesce(f.last_order_at, p.created_at)
				ELSE greatest(f.last_active_at, f.last_order_at, CASE WHEN f.last_active_at IS NULL THEN p.created_at END) END AT TIME ZONE z.time_zone + r.keep_for) AT TIME ZONE z.time_zone AS due
			FROM %1$s.retention_rule r CROSS JOIN %1$s.datamart z JOIN %1$s.party p ON p.lifecycle = ANY (r.lifecycle) AND p.kind <> 'unidentified'
			LEFT JOIN %1$s.party_profile f ON f.party_id = p.party_id
			UNION ALL
			SELECT a.party_id, 'attribute ' || t.key, min((a.collected_at AT TIME ZONE z.time_zone + t.keep_for) AT TIME ZONE z.time_zone)
			FROM %1$s.attribute_def t CROSS JOIN %1$s.datamart z JOIN %1$s.party_attribute a ON a.attribute_id = t.attribute_id
			WHERE t.keep_for IS NOT NULL GROUP BY a.party_id, t.key) d
		WHERE d.due <= $1 ORDER BY d.due, d.party_id, d.rule$q$, m) USING as_of;
END $$;
COMMENT ON FUNCTION @extschema@.retention_due(name, timestamptz) IS 'the parties whose time by a rule of retention_rule was over at an instant, and the attributes older than attribute_def.keep_for (rule ''attribute key''): an own action keeps a party, a click among them, an opened message does not. Months and years are counted in the time zone of the mart';

CREATE FUNCTION @extschema@.apply_retention(mart name, as_of timestamptz DEFAULT now(), max_parties integer DEFAULT 1000, OUT parties bigint, OUT attributes bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	r record;
BEGIN
	IF as_of IS NULL OR max_parties IS NULL OR max_parties < 0 THEN
		RAISE EXCEPTION 'the instant and the number of parties, 0 or more, must be given' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	EXECUTE format('DELETE FROM %1$s.party_attribute a USING %1$s.attribute_def t, %1$s.datamart z
		WHERE t.attribute_id = a.attribute_id AND (a.collected_at AT TIME ZONE z.time_zone + t.keep_for) AT TIME ZONE z.time_zone <= $1', m) USING as_of;
	GET DIAGNOSTICS attributes = ROW_COUNT;
	IF attributes > 0 THEN
		EXECUTE format('INSERT INTO %s.privacy_log (action, rows) VALUES (''erase'', $1)', m) USING jsonb_build_object(m || '.party_attribute', attributes);
	END IF;
	parties := 0;
	FOR r IN EXECUTE format('SELECT d.party_id, min(r.action) AS action FROM @extschema@.retention_due($1, $2) d JOIN %s.retention_rule r ON r.rule = d.rule AND r.action <> ''review'' GROUP BY d.party_id ORDER BY min(d.due), d.party_id LIMIT $3', m)
			USING mart, as_of, max_parties LOOP
		PERFORM @extschema@.erase_party(mart, r.party_id, r.action);
		parties := parties + 1;
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.apply_retention(name, timestamptz, integer) IS 'does what retention_due lists: deletes attributes older than attribute_def.keep_for, and erases the parties whose time is over by the action of their rule (those for review are left), the longest due first, up to max_parties. maintain calls it where the setting apply_retention is true. Returns what went; 22023 for wrong arguments, 55000 as erase_party';

CREATE FUNCTION @extschema@.retention_task(mart name) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	wanted boolean;
	n bigint;
BEGIN
	EXECUTE format('SELECT d.apply_retention FROM %s.datamart d', m) INTO wanted;
	IF wanted THEN
		SELECT a.parties + a.attributes INTO n FROM @extschema@.apply_retention(mart) a;
	ELSE
		SELECT count(*) INTO n FROM @extschema@.retention_due(mart, now());
	END IF;
	RETURN n;
END $$;
COMMENT ON FUNCTION @extschema@.retention_task(name) IS 'internal: what maintain does about retention: where the setting says so it is applied, else what is due is counted';
