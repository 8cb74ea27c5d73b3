-- Memberships in the transaction of each change, against the members of each segment: random statements of every kind on the mart's tables and the
-- user's, some taken back, over conditions of every kind; and what is passed over, who may write what, names that need quotes.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET search_path = crmseg, public;
SET TimeZone = 'Europe/Paris';
SELECT CASE current_setting('crmseg_test.light', true) WHEN 'on' THEN 10 ELSE 31 END AS changes, CASE current_setting('crmseg_test.light', true) WHEN 'on' THEN 20 ELSE 22 END AS segments \gset
SELECT create_datamart('Up k''eep', '{"time_zone": "Europe/Paris"}');
CREATE SCHEMA "us'er app";
CREATE TABLE "us'er app"."Account" ("Client" bigint PRIMARY KEY, plan text, "note" text, since date);
CREATE TABLE "us'er app".login (client_no bigint, at timestamptz NOT NULL, kind text, minutes int, remark text) PARTITION BY LIST (kind);
CREATE TABLE "us'er app".login_web PARTITION OF "us'er app".login FOR VALUES IN ('web');
CREATE TABLE "us'er app".login_other PARTITION OF "us'er app".login DEFAULT;
SELECT add_attribute('Up k''eep', 'plan', '"us''er app"."Account"', 'plan', 'Client'), add_attribute('Up k''eep', 'since', '"us''er app"."Account"', 'since', 'Client'),
	add_event('Up k''eep', 'login', '"us''er app".login', 'client_no', 'at', '{}');
SET search_path = "Up k'eep", crmseg, public;
SELECT setseed(0.4711) IS NOT NULL AS seed_0_4711;
INSERT INTO source (name) VALUES ('till');
INSERT INTO party (given_name, family_name, birth_date, country, sex, tier) SELECT 'G' || i, 'F' || i % 9, date '1950-01-01' + (random() * 20000)::int, (ARRAY['FR', 'BE', 'DE', NULL])[1 + i % 4], (ARRAY['f', 'm', NULL])[1 + i % 3], (ARRAY['gold', 'silver', NULL])[1 + i % 3]
	FROM generate_series(1, 60) i;
INSERT INTO sales_order (party_id, ordered_at, currency, amount, source_id, external_id) SELECT 1 + (random() * 59)::int, now() - random() * interval '400 days', 'EUR', 1 + (random() * 100)::int, 1, 'a' || i FROM generate_series(1, 150) i;
INSERT INTO "us'er app"."Account" SELECT i, (ARRAY['free', 'pro'])[1 + i % 2], '', date '2020-01-01' + i * 30 FROM generate_series(1, 40) i;
INSERT INTO "us'er app".login SELECT 1 + (random() * 59)::int, now() - random() * interval '90 days', (ARRAY['web', 'app'])[1 + i % 2], i % 40 FROM generate_series(1, 120) i;
INSERT INTO contact_point (party_id, kind, value, value_norm, is_primary, lat, lon, city, status) SELECT i, 'postal', 'p' || i, 'p' || i, true, 45 + random() * 2, 4 + random() * 2, 'Lyon', 'valid' FROM generate_series(1, 50) i;
INSERT INTO contact_point (party_id, kind, value, value_norm, is_primary, status) SELECT i, 'email', 'p' || i || '@example.com', 'p' || i || '@example.com', true, 'valid' FROM generate_series(1, 50) i;
INSERT INTO consent (party_id, purpose, channel_id, status, valid, captured_at) SELECT i, 'newsletter', (SELECT channel_id FROM channel WHERE name = 'email'), 'granted', tstzrange(now() - interval '1 year', NULL), now() FROM generate_series(1, 40, 2) i;
CREATE FUNCTION pg_temp.leaf() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT (ARRAY[format('age >= %s', (20 + random() * 40)::int), format('age < %s', (30 + random() * 40)::int), format('country = ''%s''', (ARRAY['FR', 'BE', 'IT'])[1 + floor(random() * 3)::int]), 'country is null',
		'sex in (''f'', ''x'')', 'tier = ''gold''', format('family_name like ''F%s%%''', (random() * 9)::int), format('family_name < ''F%s''', (random() * 9)::int), 'given_name ilike ''%1%''',
		format('revenue >= %s', (random() * 200)::int), format('orders between 1 and %s', 1 + (random() * 4)::int), format('last_order_at within last %s days', 30 + (random() * 300)::int), 'revenue > largest_order',
		format('birth_date anniversary within next %s days', 1 + (random() * 300)::int), format('sample %s percent seed ''s''', (random() * 90)::int + 5), format('(did order at least %s times within last %s days)', 1 + (random() * 2)::int, 100 + (random() * 200)::int),
		format('(did order where amount >= %s)', (random() * 90)::int), format('sum(order.amount) within last 300 days >= %s', (random() * 150)::int), '(did not order within last 200 days)', format('last order.amount > %s', (random() * 90)::int),
		format('(did login where minutes >= %s within last 60 days)', (random() * 40)::int), '(did login where kind = ''web'' at least twice)', 'stopped ordering for 60 days', '(did login then order within 30 days)', 'plan = ''pro''', 'plan is null', 'since older than 5 years',
		'within 60 km of (45.76, 4.84)', 'reachable by email for ''newsletter''', 'reachable by email', format('in segment ''s%s''', 1 + (random() * 9)::int), format('not in segment ''s%s''', 1 + (random() * 9)::int), 'traits.size >= 3', '(traits.hobby = ''golf'' or tier is null)'])
		[1 + floor(random() * 34)::int] $$;
CREATE FUNCTION pg_temp.predicate(depth int) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	k float8 := random();
	r text;
BEGIN
	IF depth = 0 OR k < 0.2 THEN
		LOOP
			r := pg_temp.leaf();
			EXIT WHEN depth < 9 OR r !~ 'segment';
		END LOOP;
		RETURN r;
	ELSIF k < 0.35 THEN
		RETURN 'not (' || pg_temp.predicate(depth - 1) || ')';
	ELSIF k < 0.42 THEN
		RETURN '(' || pg_temp.predicate(depth - 1) || ') is ' || (ARRAY['true', 'not true', 'unknown'])[1 + floor(random() * 3)::int];
	END IF;
	SELECT '(' || string_agg(pg_temp.predicate(depth - 1), CASE WHEN k < 0.75 THEN ' and ' ELSE ' or ' END) || ')' INTO r FROM generate_series(1, 2 + floor(random() * 2)::int);
	RETURN r;
END $$;
-- the first ten name no other segment
SELECT count(define_segment('Up k''eep', 's' || i, CASE WHEN i <= 10 THEN replace(replace(pg_temp.predicate(2), 'not in segment', 'tier = ''silver'' and not family_name ='), 'in segment', 'family_name =') ELSE pg_temp.predicate(2) END::segment)) = :segments AS defined
	FROM generate_series(1, :segments) i;
SELECT define_segment('Up k''eep', 'top', 'top 10 by revenue') > 0 AS ranked;
SELECT entered > 100 AS entered FROM refresh_segments('Up k''eep');
CREATE FUNCTION pg_temp.wrong() RETURNS TABLE (name text, predicate text, party_id bigint, recorded boolean) LANGUAGE sql AS $$
	WITH truth AS MATERIALIZED (SELECT d.name, m AS party_id FROM "Up k'eep".segment_definition d CROSS JOIN LATERAL crmseg.members('Up k''eep', d.name) m WHERE d.name <> 'top'),
		kept AS MATERIALIZED (SELECT m.segment AS name, m.party_id FROM "Up k'eep".segment_membership m WHERE m.segment <> 'top')
	SELECT x.name, d.predicate, x.party_id, x.recorded FROM (SELECT *, false AS recorded FROM (TABLE truth EXCEPT ALL TABLE kept) a UNION ALL SELECT *, true FROM (TABLE kept EXCEPT ALL TABLE truth) b) x
		JOIN "Up k'eep".segment_definition d ON d.name = x.name $$;
SELECT * FROM pg_temp.wrong();
CREATE TABLE "us'er app".statement (no int PRIMARY KEY, sql text);
INSERT INTO "us'er app".statement SELECT row_number() OVER (), s FROM unnest(ARRAY[
	'UPDATE party SET country = (ARRAY[''FR'', ''BE'', NULL])[1 + floor(random() * 3)::int], tier = (ARRAY[''gold'', ''silver'', NULL])[1 + floor(random() * 3)::int] WHERE random() < 0.2',
	'UPDATE party SET birth_date = birth_date + (random() * 3000)::int WHERE random() < 0.05',
	'UPDATE party SET family_name = ''F'' || floor(random() * 9), given_name = given_name || ''1'' WHERE random() < 0.1',
	'UPDATE party SET sex = CASE sex WHEN ''f'' THEN ''m'' ELSE ''f'' END WHERE party_id = 1 + floor(random() * 60)',
	'UPDATE party SET kind = CASE kind WHEN ''person'' THEN ''unidentified'' ELSE ''person'' END WHERE party_id = 50 + floor(random() * 10) AND NOT EXISTS (SELECT FROM sales_order o WHERE o.party_id = party.party_id)',
	'INSERT INTO party (given_name, birth_date, country) SELECT ''N'' || i, date ''1990-01-01'', ''FR'' FROM generate_series(1, 3) i',
	'DELETE FROM party p WHERE p.party_id > 60 AND random() < 0.5 AND NOT EXISTS (SELECT FROM sales_order o WHERE o.party_id = p.party_id)',
	'INSERT INTO sales_order (party_id, ordered_at, currency, amount, source_id, external_id) SELECT p.party_id, now() - random() * interval ''300 days'', ''EUR'', 1 + (random() * 100)::int, 1, ''n'' || random() FROM party p WHERE p.kind = ''person'' AND random() < 0.1',
	'DELETE FROM sales_order WHERE random() < 0.05',
	'UPDATE sales_order SET amount = amount + 10, status = (ARRAY[''cancelled'', ''open'', ''paid''])[1 + floor(random() * 3)::int] WHERE random() < 0.1',
	'UPDATE sales_order SET party_id = (SELECT min(p.party_id) FROM party p WHERE p.kind = ''person'' AND p.party_id > sales_order.party_id % 17) WHERE random() < 0.05',
	'UPDATE sales_order SET ordered_at = ordered_at - interval ''50 days'' WHERE random() < 0.1',
	'UPDATE party_profile SET traits = jsonb_build_object(''size'', (random() * 6)::int, ''hobby'', (ARRAY[''golf'', ''tennis''])[1 + floor(random() * 2)::int]) WHERE random() < 0.2',
	'UPDATE party_profile SET margin = 1',
	'INSERT INTO "us''er app".login SELECT 1 + floor(random() * 60), now() - random() * interval ''70 days'', (ARRAY[''web'', ''app'', ''tv''])[1 + floor(random() * 3)::int], random() * 40 FROM generate_series(1, 10)',
	'UPDATE "us''er app".login SET kind = CASE kind WHEN ''web'' THEN ''app'' ELSE ''web'' END WHERE random() < 0.2',
	'UPDATE "us''er app".login SET minutes = 40 - minutes, client_no = CASE WHEN random() < 0.2 THEN 1 + floor(random() * 60) ELSE client_no END WHERE random() < 0.2',
	'UPDATE "us''er app".login SET remark = ''x''',
	'DELETE FROM "us''er app".login WHERE random() < 0.1',
	'TRUNCATE "us''er app".login',
	'TRUNCATE "us''er app"."Account"',
	'INSERT INTO "us''er app"."Account" SELECT i, ''free'', '''', date ''2020-01-01'' + i * 60 FROM (SELECT DISTINCT 1 + floor(random() * 60)::int AS i FROM generate_series(1, 9)) x ON CONFLICT ("Client") DO UPDATE SET plan = CASE "Account".plan WHEN ''pro'' THEN ''free'' ELSE ''pro'' END',
	'UPDATE "us''er app"."Account" SET "Client" = "Client" + 1000 WHERE random() < 0.05',
	'UPDATE "us''er app"."Account" SET note = note || ''.''',
	'UPDATE contact_point SET lat = 45 + random() * 2 WHERE kind = ''postal'' AND random() < 0.1',
	'UPDATE contact_point SET status = CASE status WHEN ''valid'' THEN ''bounced'' ELSE ''valid'' END WHERE kind = ''email'' AND random() < 0.1',
	'DELETE FROM consent WHERE random() < 0.1',
	'INSERT INTO consent (party_id, purpose, channel_id, status, valid, captured_at) SELECT p.party_id, ''newsletter'', (SELECT channel_id FROM channel WHERE name = ''email''), (ARRAY[''granted'', ''denied''])[1 + floor(random() * 2)::int], tstzrange(now() - interval ''1 day'', NULL), now() FROM party p
		WHERE random() < 0.1 AND NOT EXISTS (SELECT FROM consent c WHERE c.party_id = p.party_id)',
	'SELECT count(crmseg.merge_parties(''Up k''''eep'', a, b, ''test'')) FROM (SELECT min(p.party_id) AS a, max(p.party_id) AS b FROM (SELECT party_id FROM party WHERE kind = ''person'' AND party_id > 20 ORDER BY random() LIMIT 2) p) x WHERE a < b',
	'WITH a AS (UPDATE party SET country = ''IT'' WHERE random() < 0.1 RETURNING 1), b AS (UPDATE party_profile SET revenue = revenue + 30 WHERE random() < 0.1 RETURNING 1) SELECT count(*) FROM a, b']) s;
-- each in a transaction of its own; one in four is taken back to a savepoint before another one follows
CREATE PROCEDURE pg_temp.change(n int) LANGUAGE plpgsql AS $$
DECLARE
	s text;
	k int;
	bad record;
	total int := 0;
BEGIN
	FOR i IN 1 .. n LOOP
		k := CASE WHEN i <= 30 THEN i ELSE 1 + floor(random() * 30)::int END;
		SELECT x.sql INTO STRICT s FROM "us'er app".statement x WHERE x.no = k;
		IF i % 4 = 0 THEN
			BEGIN
				EXECUTE s;
				RAISE EXCEPTION 'taken back' USING ERRCODE = 'UPK01';
			EXCEPTION WHEN SQLSTATE 'UPK01' THEN
				k := 1 + floor(random() * 30)::int;
				SELECT x.sql INTO STRICT s FROM "us'er app".statement x WHERE x.no = k;
			END;
		END IF;
		EXECUTE s;
		FOR bad IN SELECT * FROM pg_temp.wrong() LIMIT 2 LOOP
			total := total + 1;
			RAISE WARNING 'after % %: party % recorded % in % %', i, s, bad.party_id, bad.recorded, bad.name, bad.predicate;
		END LOOP;
		EXIT WHEN total > 5;
		COMMIT;
	END LOOP;
END $$;
CALL pg_temp.change(:changes);
-- lines of COPY
COPY "us'er app".login (client_no, at, kind, minutes) FROM stdin;
3	2026-01-01 10:00:00+00	web	30
3	2026-01-02 10:00:00+00	app	39
4	2026-01-02 10:00:00+00	web	1
\.
SELECT * FROM pg_temp.wrong();
SELECT count(*) > 20 AS ended FROM segment_member WHERE NOT upper_inf(valid);
SELECT count(*) AS overlap FROM segment_member a JOIN segment_member b ON a.party_id = b.party_id AND a.segment_id = b.segment_id AND a.valid && b.valid AND a.ctid <> b.ctid;
SELECT count(*) AS apart FROM party_segments s WHERE s.segments <> coalesce((SELECT array_agg(m.segment_id ORDER BY m.segment_id) FROM segment_member m WHERE m.party_id = s.party_id AND upper_inf(m.valid)), '{}');

-- a change of what no segment names writes nothing at all
CREATE FUNCTION pg_temp.versions() RETURNS text LANGUAGE sql AS $$ SELECT md5(string_agg(ctid::text, ' ' ORDER BY party_id)) FROM "Up k'eep".party_segments $$;
SELECT pg_temp.versions() AS before \gset
UPDATE party SET industry_code = 'x', language = 'fr';
UPDATE "us'er app".login SET remark = 'y';
UPDATE "us'er app"."Account" SET note = 'z';
UPDATE party SET country = country, tier = tier;
SELECT pg_temp.versions() = :'before' AS untouched;

-- where the user has a trigger or a column of his own on the stays they are written by statements
ALTER TABLE segment_member ADD COLUMN remark text DEFAULT 'mine';
UPDATE party SET country = CASE country WHEN 'FR' THEN 'BE' ELSE 'FR' END, tier = 'gold' WHERE party_id < 20;
SELECT * FROM pg_temp.wrong();
UPDATE party SET country = 'DE', tier = NULL WHERE party_id < 20;
SELECT * FROM pg_temp.wrong();
ALTER TABLE segment_member DROP COLUMN remark;
UPDATE party SET country = 'FR', tier = 'gold' WHERE party_id < 20;
SELECT * FROM pg_temp.wrong();
SELECT count(*) AS apart FROM party_segments s WHERE s.segments <> coalesce((SELECT array_agg(m.segment_id ORDER BY m.segment_id) FROM segment_member m WHERE m.party_id = s.party_id AND upper_inf(m.valid)), '{}');
-- asked for elsewhere
SELECT * FROM parties_changed('Up k''eep', 'party_id');
RESET search_path;
DROP SCHEMA "Up k'eep", "us'er app" CASCADE;
