-- the order in which records come does not matter, whatever they say: drawn records of few names, addresses, numbers and dates, brought at once or in
-- batches with changes, deletions and what people decide in between, end in the same parties (seeds 0.1, 0.2, ...)
SET client_min_messages = warning;
SET timezone = 'UTC';
-- what is looked at: parties of several clusters, clusters of several parties; pairs by weight
SELECT * FROM crmseg.mixed_records('{1,2,3,9}', '{1,1,3,3}', '{3,1,2}', '{7,7,7}', '{}', '{}', '{}', '{}');
-- 1 and 2 are as they were, 3 left 4 and 4 is gone, 5 and 6 are mixed as they were, 7 is fresh with 8
SELECT * FROM crmseg.mixed_records('{1,2,3,5,6,7,8}', '{1,1,3,5,6,7,8}', '{1,2,3,5,6,7,8}', '{11,11,13,15,15,17,17}', '{1,2,3,4,5,6,7,8}', '{2,2,3,3,5,6,7,8}', '{11,11,13,13,15,15,17,17}', '{7}');
SELECT * FROM crmseg.changed_places('{1,2,3,5,6}', '{1,1,3,5,6}', '{1,2,3,5,6}', '{11,11,13,15,15}', '{1,2,3,4,5,6}', '{2,2,3,3,5,6}', '{11,11,13,13,15,15}') ORDER BY 1, 4;
SELECT * FROM crmseg.placed_pairs('{1,2,1,1,5}', '{2,3,2,3,6}', '{NaN,Infinity,-Infinity,3.5,1}', 0.1, '{1,2,3}', '{1,2,2}') ORDER BY 1, 4;
\set VERBOSITY sqlstate
SELECT * FROM crmseg.mixed_records('{1,2,NULL}', '{1,1,1}', '{1}', '{1}', '{}', '{}', '{}', '{}');
SELECT * FROM crmseg.changed_places('{1,2}', '{1,1}', '{1}', '{1}', '{1}', '{1}', '{}');
SELECT * FROM crmseg.mixed_records('{1,2,3}', '{1,1}', '{1}', '{1}', '{}', '{}', '{}', '{}');
\set VERBOSITY default
SELECT set_config('crmseg_test.records', CASE WHEN coalesce(current_setting('crmseg_test.light', true), '') = 'on' THEN '60' ELSE '200' END, false) \g /dev/null
CREATE TEMPORARY TABLE arriving (n int PRIMARY KEY, given text, family text, legal text, mail text, number text, card text, born date, source int, at float8, was text);
-- a mart of the records of some batches; changed ones say first what they were
CREATE FUNCTION pg_temp.bring(mart name, low float8, high float8, early boolean) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	told bigint;
BEGIN
	EXECUTE format($q$
		WITH s AS MATERIALIZED (SELECT a.*, coalesce(CASE WHEN $3 THEN a.was END, a.given) AS says, nextval('%1$s.party_party_id_seq') AS id FROM (SELECT * FROM pg_temp.arriving a WHERE a.at >= $1 AND a.at < $2 ORDER BY a.at) a),
		p AS (INSERT INTO %1$s.party (party_id, kind, given_name, family_name, legal_name, birth_date) SELECT id, CASE WHEN legal IS NULL THEN 'person' ELSE 'organisation' END, says, family, legal, born FROM s),
		r AS (INSERT INTO %1$s.source_record (party_id, source_id, external_id, payload) SELECT id, source, n, jsonb_strip_nulls(jsonb_build_object('given_name', says, 'family_name', family, 'legal_name', legal, 'email', mail, 'phone', number, 'birth_date', born)) FROM s),
		k AS (INSERT INTO %1$s.external_key (party_id, scheme, key_value) SELECT id, 'card', card FROM s WHERE card IS NOT NULL),
		c AS (INSERT INTO %1$s.contact_point (party_id, kind, value, value_norm, is_primary) SELECT id, 'email', mail, mail, true FROM s WHERE mail IS NOT NULL UNION ALL SELECT id, 'phone', number, number, true FROM s WHERE number IS NOT NULL)
		SELECT count(*) FROM s$q$, mart) INTO told USING low, high, early;
	RETURN told;
END $$;
CREATE FUNCTION pg_temp.parties(mart name) RETURNS TABLE (records text) LANGUAGE plpgsql AS $$ BEGIN
	RETURN QUERY EXECUTE format('SELECT string_agg(external_id, '','' ORDER BY external_id COLLATE "C") FROM %I.source_record GROUP BY party_id', mart); END $$;
CREATE FUNCTION pg_temp.differences(a name, b name) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM ((SELECT * FROM pg_temp.parties(a) EXCEPT ALL SELECT * FROM pg_temp.parties(b)) UNION ALL (SELECT * FROM pg_temp.parties(b) EXCEPT ALL SELECT * FROM pg_temp.parties(a))) d $$;
-- what people decide of records, by their keys
CREATE FUNCTION pg_temp.judge(mart name, a int, b int, how text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	x bigint;
	y bigint;
BEGIN
	EXECUTE format('SELECT (SELECT i.origin_id FROM %1$s.record_identity i JOIN %1$s.source_record r USING (source_record_id) WHERE r.external_id = $1::text), (SELECT i.origin_id FROM %1$s.record_identity i JOIN %1$s.source_record r USING (source_record_id) WHERE r.external_id = $2::text)', mart) INTO x, y USING a, b;
	EXECUTE format('INSERT INTO %s.party_judgement (left_id, right_id, verdict) VALUES (least($1, $2), greatest($1, $2), $3)', mart) USING x, y, how;
END $$;
CREATE FUNCTION pg_temp.walk(round int, by_similarity boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	m name;
	records int := current_setting('crmseg_test.records')::int;
	batches int;
	answer text;
BEGIN
	PERFORM setseed(round / 10.0);
	TRUNCATE pg_temp.arriving;
	INSERT INTO pg_temp.arriving SELECT n, g.given, f.family, g.legal, CASE WHEN random() < 0.6 THEN 'm' || floor(random() * records / 5)::int || '@a' || floor(random() * 3)::int || '.fr' END, CASE WHEN random() < 0.5 THEN '+3360000' || lpad(floor(random() * records / 5)::int::text, 4, '0') END,
			CASE WHEN random() < 0.15 THEN 'c' || floor(random() * records / 6)::int END, CASE WHEN random() < 0.5 THEN date '1980-03-04' + 40 * floor(random() * 4)::int END, 1 + floor(random() * 3)::int, random(), CASE WHEN random() < 0.1 THEN 'Zo' END
		FROM generate_series(1, records) n, LATERAL (SELECT CASE WHEN d.x < 0.1 THEN NULL WHEN d.x < 0.9 THEN (ARRAY['Jean', 'Jeanne', 'J.', 'Marie', 'Paul', 'Anne', 'Jean Paul', 'Louis', 'Louise', 'Dupont'])[1 + (d.y * 10)::int % 10] END AS given,
				CASE WHEN d.x >= 0.95 THEN (ARRAY['Acme', 'Acme SARL', 'Globex'])[1 + (d.y * 3)::int % 3] END AS legal, d.x, d.y FROM (SELECT random() + 0 * n AS x, random() + 0 * n AS y) d) g,
			LATERAL (SELECT CASE WHEN g.legal IS NULL AND random() + 0 * n < 0.85 THEN (ARRAY['Dupont', 'Dupond', 'Martin', 'Jean', 'Moreau', 'Le Gall', 'Legall', 'Durand'])[1 + floor(random() * 8)::int] END AS family) f;
	UPDATE pg_temp.arriving SET was = NULL WHERE mail IS NULL AND number IS NULL AND family IS NULL;	-- a record that says nothing is taken for its party
	FOREACH m IN ARRAY '{crm_once,crm_early,crm_many}'::name[] LOOP
		EXECUTE format('TRUNCATE %1$s.party, %1$s.record_identity, %1$s.party_alias, %1$s.party_merge, %1$s.party_undo, %1$s.party_judgement, %1$s.record_cluster, %1$s.record_place, %1$s.doubtful_pair, %1$s.weight_histogram CASCADE', m);
		EXECUTE format('UPDATE %s.datamart SET link_min_records = $1', m) USING CASE WHEN by_similarity THEN 2 ELSE 1000000 END;
	END LOOP;
	-- all at once, with what people decide known before the last look
	PERFORM pg_temp.bring('crm_once', 0, 1, false), crmseg.resolve('crm_once');
	-- in batches of any size
	batches := 2 + round % 4;
	FOR b IN 0 .. batches - 1 LOOP
		PERFORM pg_temp.bring('crm_many', b / batches::float8, (b + 1) / batches::float8, false), crmseg.resolve('crm_many');
	END LOOP;
	answer := format('%s', pg_temp.differences('crm_once', 'crm_many'));
	-- what was said otherwise first, and records that go again
	PERFORM pg_temp.bring('crm_early', 0, 0.4, true);
	INSERT INTO pg_temp.arriving SELECT n + 100000, given, family, legal, mail, number, card, NULL, source, 2, NULL FROM pg_temp.arriving WHERE n % 9 = 0;
	PERFORM pg_temp.bring('crm_early', 2, 3, true), crmseg.resolve('crm_early');
	PERFORM pg_temp.bring('crm_early', 0.4, 0.9, true), crmseg.resolve('crm_early');
	DELETE FROM crm_early.source_record WHERE external_id::int > 100000;
	UPDATE crm_early.source_record r SET payload = r.payload - 'given_name' || jsonb_strip_nulls(jsonb_build_object('given_name', a.given)), resolved_at = NULL FROM pg_temp.arriving a WHERE a.n = r.external_id::int AND a.was IS NOT NULL;
	PERFORM pg_temp.bring('crm_early', 0.9, 1, false), crmseg.resolve('crm_early');
	answer := answer || format(', %s', pg_temp.differences('crm_once', 'crm_early'));
	-- what people know, told before or after
	PERFORM pg_temp.judge(w.m, j.a, j.b, j.how) FROM unnest('{crm_once,crm_many}'::name[]) w (m), (SELECT DISTINCT ON (least(x, y), greatest(x, y)) x AS a, y AS b, CASE WHEN (x + y) % 3 = 0 THEN 'same' ELSE 'different' END AS how
		FROM (SELECT 1 + (i * 37) % records AS x, 1 + (i * 61 + 5) % records AS y FROM generate_series(1, records / 8) i) p
		JOIN pg_temp.arriving u ON u.n = x JOIN pg_temp.arriving v ON v.n = y AND (u.legal IS NULL) = (v.legal IS NULL) WHERE x <> y ORDER BY least(x, y), greatest(x, y)) j;
	UPDATE crm_once.source_record SET resolved_at = NULL;
	UPDATE crm_many.source_record SET resolved_at = NULL WHERE source_record_id % 2 = 0;
	PERFORM crmseg.resolve('crm_once'), crmseg.resolve('crm_many');
	UPDATE crm_many.source_record SET resolved_at = NULL WHERE source_record_id % 2 = 1;
	PERFORM crmseg.resolve('crm_many');
	answer := answer || format(', %s differences', pg_temp.differences('crm_once', 'crm_many'));
	IF NOT EXISTS (SELECT FROM crm_once.source_record GROUP BY party_id HAVING count(*) > 2) THEN
		answer := answer || ', and nothing is one';
	END IF;
	RETURN answer;
END $$;
\set ECHO none
SELECT format('SELECT crmseg.create_datamart(%L, ''{"default_phone_region": "FR"}'')', m), format('INSERT INTO %s.source (name) VALUES (''a''), (''b''), (''c'')', m),
	format('INSERT INTO %s.identifier_rule (kind, source_id, max_parties, priority, max_values) VALUES (''email'', 2, 5, 1, NULL), (''phone'', NULL, NULL, 0, 4)', m),
	format('INSERT INTO %s.blocked_identifier (kind, value_norm) VALUES (''email'', ''m1@%%'')', m) FROM unnest('{crm_once,crm_early,crm_many}'::name[]) m \gexec
\set ECHO all
-- parties that differ: in batches, with changes and deletions, with what people decided
SELECT pg_temp.walk(1, true) AS by_similarity;
SELECT pg_temp.walk(2, true) AS by_similarity;
SELECT pg_temp.walk(3, false) AS by_keys;
DROP SCHEMA crm_once, crm_early, crm_many CASCADE;
