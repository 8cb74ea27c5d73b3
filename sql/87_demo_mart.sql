-- CALL demo('shop'): the whole way in any database. A datamart is made, the files of 86_demo_files.sql are imported with the mappings
-- below, linked and scored. Only what every user could call is called.

CREATE FUNCTION @extschema@.demo_mapping(kind text) RETURNS jsonb
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE kind
	WHEN 'card' THEN '{"source_key": "no_carte", "keys": {"loyalty_card": "no_carte"},
		"party": {"salutation": "civilite", "given_name": "prenom", "family_name": "nom", "maiden_name": "nom_naissance",
			"birth_date": {"column": "date_naissance", "format": "DD/MM/YYYY"}},
		"email": {"column": "courriel"},
		"phone": [{"column": "mobile", "region": "FR", "label": "mobile"}, {"column": "telephone", "region": "FR", "label": "home"}],
		"address": {"street": "adresse", "postal_code": "code_postal", "city": "ville", "country": {"value": "FR"}}}'::jsonb
	WHEN 'web' THEN '{"source_key": "customer_id",
		"party": {"given_name": "first_name", "family_name": "last_name", "legal_name": "company"},
		"email": "email", "phone": {"column": "phone", "region": "FR"},
		"address": {"street": "address", "postal_code": "postal_code", "city": "city", "country": "country"},
		"order": {"external_id": "order_id", "ordered_at": {"column": "created_at", "format": "ISO"}, "channel": {"value": "web"}, "currency": "currency"},
		"line": {"line_no": "line", "sku": "sku", "name": "product", "category": "category", "quantity": "quantity", "amount": {"column": "total", "decimal": "."}}}'
	WHEN 'newsletter' THEN '{"source_key": "email", "party": {"given_name": "prenom", "family_name": "nom"},
		"email": {"column": "email", "invalid": "reject"},
		"consent": {"purpose": "newsletter", "channel": "email", "status": {"column": "optin", "true": ["oui", "1"], "false": ["non", "0"]},
			"captured_at": {"column": "inscrit_le", "format": "DD/MM/YYYY"}, "method": "web_form"}}'
	WHEN 'till' THEN '{"keys": {"loyalty_card": "carte"},
		"order": {"external_id": "ticket", "ordered_at": {"column": "date", "format": "DD/MM/YYYY HH24:MI", "zone": "Europe/Paris"},
			"store": "magasin", "channel": {"value": "store"}, "payment_method": "reglement", "currency": {"value": "EUR"}},
		"line": {"line_no": "ligne", "sku": "ref", "name": "designation", "quantity": "quantite", "amount": {"column": "montant", "decimal": ","}}}'
	END;
COMMENT ON FUNCTION @extschema@.demo_mapping(text) IS
	'demo: the mapping with which import_csv reads a file of demo_file(); kind card, web, newsletter or till, NULL for another';

-- Records that the mart holds against the people behind them: a pair is two records of one person, found when both have one party.
CREATE FUNCTION @extschema@.demo_links(mart name)
	RETURNS TABLE (records bigint, people bigint, parties bigint, true_pairs bigint, found_pairs bigint, right_pairs bigint, pair_precision numeric, pair_recall numeric)
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY EXECUTE format('WITH known AS (
			SELECT r.party_id, t.person_id, count(*) AS n FROM %1$s.source_record AS r JOIN %1$s.source AS s USING (source_id)
				JOIN %1$s.demo_truth AS t ON t.source = s.name AND t.external_id = r.external_id GROUP BY 1, 2
		), pairs AS (
			SELECT (SELECT sum(n) FROM known) AS records, (SELECT count(DISTINCT person_id) FROM known) AS people, (SELECT count(DISTINCT party_id) FROM known) AS parties,
				(SELECT sum(n * (n - 1) / 2) FROM (SELECT sum(n) AS n FROM known GROUP BY person_id) AS p) AS truth,
				(SELECT sum(n * (n - 1) / 2) FROM (SELECT sum(n) AS n FROM known GROUP BY party_id) AS p) AS found,
				(SELECT sum(n * (n - 1) / 2) FROM known) AS hit
		)
		SELECT records::bigint, people, parties, trunc(truth)::bigint, trunc(found)::bigint, trunc(hit)::bigint, round(hit / nullif(found, 0), 4), round(hit / nullif(truth, 0), 4) FROM pairs',
		@extschema@.require_datamart(mart));
END $$;
COMMENT ON FUNCTION @extschema@.demo_links(name) IS
	'demo: how many pairs of records of one person were found, how many wrongly, against the table demo_truth; precision and recall from 0 to 1';

CREATE PROCEDURE @extschema@.demo(mart name, parties int DEFAULT 5000, seed bigint DEFAULT 1)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
	m text;
	kind text;
	batch bigint;
	r record;
	links record;
	n bigint;
	level CONSTANT text := current_setting('client_min_messages');
	began CONSTANT timestamptz := clock_timestamp();
BEGIN
	PERFORM @extschema@.demo_size(parties);
	PERFORM @extschema@.create_datamart(mart, '{"time_zone": "Europe/Paris", "default_phone_region": "FR", "base_currency": "EUR"}');
	m := @extschema@.require_datamart(mart);
	RAISE NOTICE 'datamart % made; a shop with % customers, drawn from seed %', m, parties, seed;
	FOREACH kind IN ARRAY ARRAY['card', 'web', 'newsletter', 'till'] LOOP
		EXECUTE 'CREATE TEMPORARY TABLE crmseg_demo_line (n bigint GENERATED ALWAYS AS IDENTITY, l bytea) ON COMMIT DROP';
		EXECUTE 'INSERT INTO pg_temp.crmseg_demo_line (l) SELECT * FROM @extschema@.demo_file($1, $2, $3)' USING kind, parties, seed;
		PERFORM set_config('client_min_messages', 'warning', true);	-- the phases of each import, and of resolve, are theirs to tell
		batch := @extschema@.import_csv(mart, kind, 'pg_temp.crmseg_demo_line'::regclass, @extschema@.demo_mapping(kind));
		SELECT * INTO r FROM @extschema@.import_report(mart, batch);
		PERFORM set_config('client_min_messages', level, true);
		RAISE NOTICE '% file: % lines read, % inserted, % updated, % unchanged, % rejected', kind, r.lines_read, r.inserted, r.updated, r.unchanged, r.rejected;
		EXECUTE 'DROP TABLE pg_temp.crmseg_demo_line';
	END LOOP;
	-- the truth, beside the mart's own tables: nothing of crmseg reads it but demo_links()
	EXECUTE format('CREATE TABLE %s.demo_truth (source text, external_id text, person_id int NOT NULL, PRIMARY KEY (source, external_id))', m);
	EXECUTE format('COMMENT ON TABLE %s.demo_truth IS %L', m, 'who is behind each record of the demo''s files, by which demo_links() judges the links');
	EXECUTE format('COMMENT ON COLUMN %s.demo_truth.source IS %L', m, 'name of the source');
	EXECUTE format('COMMENT ON COLUMN %s.demo_truth.external_id IS %L', m, 'key of the record in its source');
	EXECUTE format('COMMENT ON COLUMN %s.demo_truth.person_id IS %L', m, 'number in demo_people()');
	-- the numbers of cards and accounts are made of the person's; who is behind a line of the list, the generator says once more
	EXECUTE format('INSERT INTO %1$s.demo_truth SELECT s.name, r.external_id, CASE s.name WHEN ''card'' THEN left(substr(r.external_id, 4), -1)::bigint / 7 ELSE (substr(r.external_id, 2)::bigint - 100000) / 2 END
		FROM %1$s.source_record r JOIN %1$s.source s ON s.source_id = r.source_id AND s.name IN (''card'', ''web'') WHERE r.external_id ~ CASE s.name WHEN ''card'' THEN ''^296[0-9]{10,}$'' ELSE ''^W[0-9]{6,}$'' END
		UNION ALL SELECT ''newsletter'', t.source_key, t.person_id FROM @extschema@.demo_records(''newsletter'', $1, $2) AS t ON CONFLICT DO NOTHING', m) USING parties, seed;
	PERFORM set_config('client_min_messages', 'warning', true);
	SELECT * INTO r FROM @extschema@.resolve(mart);
	PERFORM set_config('client_min_messages', level, true);
	SELECT * INTO links FROM @extschema@.demo_links(mart);
	RAISE NOTICE 'linked: % records of % people are % parties; % of % pairs found, % wrong', links.records, links.people, links.parties,
		links.right_pairs, links.true_pairs, links.found_pairs - links.right_pairs;
	n := @extschema@.rescore(mart, timestamptz '2026-01-01 00:00+01', 5);
	RAISE NOTICE 'scored: % customers, as of 1 January 2026', n;
	n := @extschema@.demo_behaviour(mart, seed);
	RAISE NOTICE 'behaviour of 2025: % rows of campaigns, messages, reactions, visits, carts, answers and cases', n;
	RAISE NOTICE E'done in % s. Try:\n  SELECT label, count(*), sum(monetary) FROM %.customer_rfm GROUP BY label ORDER BY 3 DESC;\n  SELECT class, count(*), sum(revenue), max(cumulated_share) FROM %.portfolio GROUP BY class ORDER BY class;\n  SELECT * FROM %.customer_rfm JOIN %.reachable USING (party_id) WHERE label = ''Champions'' AND channel = ''email'' LIMIT 10;\nand the report: psql -At -o report.html -c "SELECT @extschema@.report(%)"',
		round(extract(epoch FROM clock_timestamp() - began)::numeric, 1), m, m, m, m, quote_literal(mart);
END $$;
COMMENT ON PROCEDURE @extschema@.demo(name, int, bigint) IS
	'makes a datamart and fills it with a made-up French shop: files of four systems imported, linked, scored. The customers'' years are 2024 and 2025, scores as of 1 January 2026; the same seed gives the same rows. 42P06 when the schema exists, 22023 for other sizes than 1 to 1000000';
