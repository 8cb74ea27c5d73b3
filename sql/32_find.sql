-- Who is this: the parties of a mart that one incoming record may be, and why. (src/match/key.c, find_fn.c; docs/match.md)
CREATE FUNCTION @extschema@.match_keys(kind text, given_name text, family_name text, maiden_name text, legal_name text, birth_date date, postal_code text,
		contact_kinds text[], contact_values text[], contact_postal_codes text[]) RETURNS bigint[]
	AS 'MODULE_PATHNAME', 'crmseg_match_keys' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.match_keys(text, text, text, text, text, date, text, text[], text[], text[]) IS 'internal: the keys under which a party is found again, from its row and its contact points (value_norm)';

CREATE FUNCTION @extschema@.match_catch_up(mart name) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	keys text;
	ids bigint[];
	n bigint;
	r record;
	done bigint := 0;
	whole boolean := false;
	fresh boolean;
BEGIN
	IF NOT (has_table_privilege(m || '.match_pending', 'SELECT, DELETE') AND has_table_privilege(m || '.match_pending', 'UPDATE')
			AND has_table_privilege(m || '.match_key', 'INSERT') AND has_table_privilege(m || '.match_key', 'DELETE')) THEN
		RETURN 0;
	END IF;
	keys := format('SELECT p.party_id, unnest(@extschema@.match_keys(p.kind, p.given_name, p.family_name, p.maiden_name, p.legal_name, p.birth_date, p.postal_code, c.kinds, c.norms, c.codes)) AS key_hash
		FROM %1$s.party p
		LEFT JOIN LATERAL (SELECT array_agg(c.kind) AS kinds, array_agg(c.value_norm) AS norms, array_agg(c.postal_code) AS codes
			FROM %1$s.contact_point c WHERE c.party_id = p.party_id AND c.kind IN (''email'', ''phone'', ''postal'') AND c.status <> ''invalid'') c ON true
		WHERE p.kind IN (''person'', ''organisation'') AND p.party_id = ANY (', m);
	LOOP
		r := @extschema@.run_kept(format('SELECT count(*) AS n FROM (SELECT FROM %s.match_pending LIMIT $1) x', m), 50001::bigint);
		n := r.n;
		EXIT WHEN n = 0;
		-- a whole base: the list is emptied at once, so that nobody goes through its dead rows, and the keys are written in their order
		IF n > 50000 AND has_table_privilege(m || '.match_pending', 'TRUNCATE') THEN
			BEGIN
				EXECUTE format('LOCK TABLE %s.match_pending IN ACCESS EXCLUSIVE MODE NOWAIT', m);
				whole := true;
			EXCEPTION WHEN lock_not_available THEN
				NULL;
			END;
		END IF;
		IF whole THEN
			RAISE NOTICE 'find_matches: the keys of many parties are being made';
			EXECUTE format('SELECT array_agg(DISTINCT p.party_id) FROM %s.match_pending p', m) INTO ids;
			EXECUTE format('TRUNCATE %s.match_pending', m);
			whole := false;
		ELSE
			r := @extschema@.run_kept(format('WITH gone AS (DELETE FROM %1$s.match_pending WHERE ctid = ANY (ARRAY(SELECT p.ctid FROM %1$s.match_pending p LIMIT $1 FOR UPDATE SKIP LOCKED)) RETURNING party_id)
				SELECT array_agg(DISTINCT g.party_id) AS ids FROM gone g', m), 50000::bigint);
			ids := r.ids;
			EXIT WHEN ids IS NULL;
		END IF;
		-- into an empty table of one's own: its indexes are made at the end, in one go
		fresh := cardinality(ids) > 50000;
		IF fresh THEN
			EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s.match_key)', m) INTO fresh;
		END IF;
		IF fresh AND (SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class c WHERE c.oid = (m || '.match_key')::regclass) THEN
			EXECUTE format('ALTER TABLE %s.match_key DROP CONSTRAINT match_key_pkey', m);
			EXECUTE format('DROP INDEX %s.match_key_party_id', m);
			EXECUTE format('INSERT INTO %s.match_key (party_id, key_hash) %s $1)', m, keys) USING ids;
			EXECUTE format('ALTER TABLE %s.match_key ADD CONSTRAINT match_key_pkey PRIMARY KEY (key_hash, party_id)', m);
			EXECUTE format('CREATE INDEX match_key_party_id ON %s.match_key (party_id)', m);
			done := done + cardinality(ids);
			CONTINUE;
		END IF;
		PERFORM @extschema@.run_kept(format('DELETE FROM %s.match_key k WHERE k.party_id = ANY ($1)', m), ids);
		PERFORM @extschema@.run_kept(format('INSERT INTO %s.match_key (party_id, key_hash) SELECT k.party_id, k.key_hash FROM (%s $1)) k ORDER BY k.key_hash ON CONFLICT DO NOTHING', m, keys), ids);
		done := done + cardinality(ids);
	END LOOP;
	RETURN done;
END $$;
COMMENT ON FUNCTION @extschema@.match_catch_up(name) IS 'makes the keys of the parties that changed since the last time; returns their number. find_matches does it by itself where its caller may write match_key and match_pending; worth a call of its own after a large load';

CREATE FUNCTION @extschema@.find_matches(mart name, record jsonb, max_rows integer DEFAULT 10) RETURNS TABLE (party_id bigint, match_weight float8, match_probability float8)
	AS 'MODULE_PATHNAME', 'crmseg_find_matches' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10
	SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off;
COMMENT ON FUNCTION @extschema@.find_matches(name, jsonb, integer) IS 'the parties that a record may be, best first, with log2 of the odds and the probability. The record has the keys of an import mapping: given_name, family_name, full_name, legal_name, birth_date, email, phone, street, postal_code, city, country and more; 22023 for another key, naming the known ones. By indexes on match_key; Fellegi and Sunter 1969';

CREATE FUNCTION @extschema@.match_columns() RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN '{"given_name": "given_name", "family_name": "family_name", "maiden_name": "maiden_name", "full_name": "full_name", "legal_name": "organisation_name", "birth_date": "date", "sex": "sex", "email": "email",
		"phone": "phone", "street": "address", "postal_code": "postal_code", "city": "city", "country": "country", "registry_number": "registry_number"}'::jsonb;
COMMENT ON FUNCTION @extschema@.match_columns() IS 'internal: the columns of match_record and of an incoming record, with their kinds';

CREATE FUNCTION @extschema@.train_match_model(mart name) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
BEGIN
	EXECUTE format('INSERT INTO %1$s.match_model (model, frequencies, parties)
		SELECT t.model - ''frequencies'', t.model -> ''frequencies'', (SELECT count(*) FROM %1$s.match_record)
		FROM (SELECT @extschema@.train_records(%2$L::regclass, ''party_id'', @extschema@.match_columns() - ''full_name'' - ''registry_number'') AS model) t', m, m || '.match_record');
END $$;
COMMENT ON FUNCTION @extschema@.train_match_model(name) IS 'learns from the parties of the mart, without labels, how their records agree and differ, and keeps it, with the frequencies of the most frequent values, as the newest row of match_model; match_weight and match_frequency show it';

CREATE FUNCTION @extschema@.match_pair(mart name, a bigint, b bigint, OUT left_record jsonb, OUT right_record jsonb)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	ids bigint[] := ARRAY[@extschema@.party_of(mart, a), @extschema@.party_of(mart, b)];
	r jsonb[];
	one jsonb;
	c record;
BEGIN
	FOR i IN 1 .. 2 LOOP
		EXECUTE format('SELECT to_jsonb(x) - ''party_id'' FROM %s.match_record x WHERE x.party_id = $1', m) INTO one USING ids[i];
		r[i] := one;
		IF one IS NULL THEN
			RAISE EXCEPTION 'there is no person or organisation %', CASE i WHEN 1 THEN a ELSE b END USING ERRCODE = 'no_data_found';
		END IF;
	END LOOP;
	-- of several contact points the two that agree best are compared
	FOR c IN EXECUTE format('SELECT DISTINCT ON (x.kind) x.kind, x.value AS left_value, y.value AS right_value, coalesce(x.street, x.value) AS left_street, coalesce(y.street, y.value) AS right_street,
			x.postal_code AS left_code, y.postal_code AS right_code, x.city AS left_city, y.city AS right_city, x.country AS left_country, y.country AS right_country
			FROM %1$s.contact_point x JOIN %1$s.contact_point y ON y.party_id = $2 AND y.kind = x.kind
			WHERE x.party_id = $1 AND x.kind IN (''email'', ''phone'', ''postal'')
			ORDER BY x.kind, x.value_norm = y.value_norm DESC, x.postal_code IS NOT DISTINCT FROM y.postal_code DESC, @extschema@.jaro_winkler(left(x.value_norm, 200), left(y.value_norm, 200)) DESC,
				x.contact_point_id, y.contact_point_id', m) USING ids[1], ids[2] LOOP
		IF c.kind = 'postal' THEN
			r[1] := r[1] || jsonb_build_object('street', c.left_street, 'postal_code', c.left_code, 'city', c.left_city, 'country', coalesce(c.left_country, r[1] ->> 'country'));
			r[2] := r[2] || jsonb_build_object('street', c.right_street, 'postal_code', c.right_code, 'city', c.right_city, 'country', coalesce(c.right_country, r[2] ->> 'country'));
		ELSE
			r[1] := r[1] || jsonb_build_object(c.kind, c.left_value);
			r[2] := r[2] || jsonb_build_object(c.kind, c.right_value);
		END IF;
	END LOOP;
	left_record := r[1];
	right_record := r[2];
END $$;
COMMENT ON FUNCTION @extschema@.match_pair(name, bigint, bigint) IS 'internal: two parties as records to be compared, with the contact points that agree best; P0002 for a party that is not there';

CREATE FUNCTION @extschema@.explain_match(mart name, a bigint, b bigint)
	RETURNS TABLE (comparison text, left_value text, right_value text, level text, m float8, u float8, term_frequency float8, weight float8, running float8)
	LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp ROWS 10 AS $$
#variable_conflict use_column
DECLARE
	pair record;
	known jsonb;
BEGIN
	SELECT * INTO pair FROM @extschema@.match_pair(mart, a, b);
	EXECUTE format('SELECT x.model || jsonb_strip_nulls(jsonb_build_object(''frequencies'', x.frequencies)) FROM %I.match_model x ORDER BY x.match_model_id DESC LIMIT 1', mart) INTO known;
	RETURN QUERY SELECT e.comparison, e.left_value, e.right_value, e.level, e.m, e.u, e.term_frequency, e.weight, e.running
		FROM @extschema@.explain_match(pair.left_record, pair.right_record, @extschema@.match_columns(), known) e;
END $$;
COMMENT ON FUNCTION @extschema@.explain_match(name, bigint, bigint) IS 'why two parties are or are not one: a row for each comparison with its level, the shares m and u, and its weight in bits, with the sum so far, which begins with the prior. By the newest row of match_model, or what is usual. P0002 for a party that is not there';

-- A waterfall: each comparison's bits for or against, one below the other, from the prior to the sum.
CREATE FUNCTION @extschema@.svg_match(rows jsonb, title text DEFAULT 'Why these two records are, or are not, one party') RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	x0 CONSTANT numeric := 330;
	wide CONSTANT numeric := 420;
	line CONSTANT numeric := 34;
	n int := jsonb_array_length(rows);
	lowest numeric := 0;
	highest numeric := 0;
	scale numeric;
	step numeric;
	y numeric := 58;
	before numeric := 0;
	body text := '';
	c record;
	at numeric;
BEGIN
	SELECT least(0, min(r.running)), greatest(0, max(r.running)) INTO lowest, highest
		FROM (SELECT greatest(-60, least(60, (e ->> 'running')::float8))::numeric AS running FROM jsonb_array_elements(rows) e) r;
	lowest := coalesce(lowest, 0);
	highest := coalesce(highest, 0);
	IF highest - lowest < 1 THEN
		highest := lowest + 1;
	END IF;
	scale := wide / (highest - lowest);
	-- the axis: bits, and the even odds in the middle of them
	step := @extschema@.svg_step(highest - lowest);
	FOR at IN SELECT generate_series(ceil(lowest / step) * step, highest, step) LOOP
		body := body || format('<line x1="%s" y1="44" x2="%1$s" y2="%s" stroke="%s"/>', round(x0 + (at - lowest) * scale, 1), round(y + line * n + 4), CASE WHEN at = 0 THEN '#66707c' ELSE '#e4e7eb' END)
			|| @extschema@.svg_text(x0 + (at - lowest) * scale, 38, trim_scale(round(at, 2))::text, 'text-anchor="middle" fill="#66707c" font-size="11"');
	END LOOP;
	FOR c IN SELECT e ->> 'comparison' AS comparison, e ->> 'left_value' AS l, e ->> 'right_value' AS r, e ->> 'level' AS level,
			greatest(-60, least(60, (e ->> 'weight')::float8))::numeric AS weight, greatest(-60, least(60, (e ->> 'running')::float8))::numeric AS running
			FROM jsonb_array_elements(rows) WITH ORDINALITY t (e, i) ORDER BY t.i LOOP
		body := body || @extschema@.svg_text(12, y + 13, replace(c.comparison, '_', ' '), 'font-weight="600"')
			|| @extschema@.svg_text(122, y + 13, coalesce(c.level, ''), 'fill="#66707c"')
			|| CASE WHEN c.l IS NULL AND c.r IS NULL THEN '' ELSE @extschema@.svg_text(12, y + 27, left(coalesce(c.l, '–'), 24) || '  |  ' || left(coalesce(c.r, '–'), 24), 'fill="#66707c" font-size="11"') END
			|| format('<rect x="%s" y="%s" width="%s" height="18" rx="2" fill="%s"/>', round(x0 + (least(before, c.running) - lowest) * scale, 1), round(y + 2, 1),
				round(greatest(1, abs(c.running - before) * scale), 1), CASE WHEN c.comparison = 'prior' THEN '#9aa3ad' WHEN c.running >= before THEN '#2e7d5b' ELSE '#c0504d' END)
			|| format('<line x1="%s" y1="%s" x2="%1$s" y2="%s" stroke="#9aa3ad" stroke-dasharray="2 2"/>', round(x0 + (c.running - lowest) * scale, 1), round(y + 20, 1), round(y + line + 2, 1))
			|| @extschema@.svg_text(x0 + wide + 12, y + 15, CASE WHEN c.weight >= 0 THEN '+' ELSE '' END || trim_scale(round(c.weight, 1))::text || ' bits', 'font-size="12"');
		before := c.running;
		y := y + line;
	END LOOP;
	body := @extschema@.svg_text(12, 22, title, 'font-size="15" font-weight="600"') || body
		|| @extschema@.svg_text(x0 + (before - lowest) * scale, y + 20, format('%s bits: probability %s', trim_scale(round(before, 1)), round((1 / (1 + power(2::float8, -before::float8)))::numeric, 4)),
			CASE WHEN (before - lowest) * scale > wide * 0.6 THEN 'text-anchor="end" font-weight="600"' ELSE 'font-weight="600"' END);
	RETURN @extschema@.svg_frame(x0 + wide + 90, y + 36, title, body);
END $$;
COMMENT ON FUNCTION @extschema@.svg_match(jsonb, text) IS 'the waterfall of a comparison; rows as explain_match gives them: jsonb_agg(row) with comparison, left_value, right_value, level, weight, running. Beyond 60 bits the picture stops';

CREATE FUNCTION @extschema@.match_chart(mart name, a bigint, b bigint) RETURNS text
	LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN @extschema@.svg_match(coalesce((SELECT jsonb_agg(e) FROM @extschema@.explain_match(mart, a, b) e), '[]'), format('Party %s and party %s', a, b));
END $$;
COMMENT ON FUNCTION @extschema@.match_chart(name, bigint, bigint) IS 'explain_match as a picture: an <svg> element, a waterfall of the bits for and against; holds the values compared';

-- For calls with bare literals, which fit explain_match(jsonb, ...) and explain_match(name, ...) alike.
CREATE FUNCTION @extschema@.explain_match(a text, b text, columns text, model jsonb DEFAULT NULL)
	RETURNS TABLE (comparison text, left_value text, right_value text, level text, m float8, u float8, term_frequency float8, weight float8, running float8)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT e.comparison, e.left_value, e.right_value, e.level, e.m, e.u, e.term_frequency, e.weight, e.running
	FROM @extschema@.explain_match(a::jsonb, b::jsonb, columns::jsonb, model) e;
END;
COMMENT ON FUNCTION @extschema@.explain_match(text, text, text, jsonb) IS 'explain_match of two records given as JSON in text';
