-- Simulated years: the memberships that refreshes record, looking only at parties whose time has come, against evaluating everything at every step;
-- steps at the edges of days, months, years, clock changes and leap days, and drawn ones.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET search_path = crmseg, public;
SET TimeZone = 'America/New_York';
SELECT create_datamart('yr', '{"time_zone": "Europe/Paris"}');
\set seed 0.4711
\echo seed :seed
SELECT CASE current_setting('crmseg_test.light', true) WHEN 'on' THEN 6 ELSE 12 END AS steps, CASE current_setting('crmseg_test.light', true) WHEN 'on' THEN 20 ELSE 60 END AS parties \gset
SELECT setseed(:seed) IS NOT NULL AS seeded;
CREATE SCHEMA yr_app;
CREATE TABLE yr_app."Contract" ("Client" int PRIMARY KEY, ends date, "signed At" timestamp, state json);
CREATE TABLE yr_app.login (client bigint, at timestamp, minutes int);
INSERT INTO yr.party (party_id, given_name, birth_date, country, created_at) SELECT i, 'G' || i, CASE WHEN i % 6 = 0 THEN make_date(1960 + 4 * (i % 10), 2, 29) WHEN i % 11 = 0 THEN NULL ELSE date '1950-01-01' + (random() * 20000)::int END,
	CASE i % 3 WHEN 0 THEN 'FR' WHEN 1 THEN 'BE' END, timestamptz '2023-06-01' + random() * interval '900 days' FROM generate_series(1, :parties) i;
INSERT INTO yr.source (name) VALUES ('till');
INSERT INTO yr.sales_order (party_id, ordered_at, currency, amount, source_id, external_id) SELECT 1 + floor(random() * :parties), timestamptz '2023-09-01' + random() * interval '950 days', 'EUR', round((random() * 90)::numeric, 2), 1, 'a' || i FROM generate_series(1, :parties * 6) i;
INSERT INTO yr.cart (visitor_id, party_id, created_at, updated_at) SELECT gen_random_uuid(), 1 + floor(random() * :parties), t, t FROM (SELECT timestamptz '2023-09-01' + random() * interval '950 days' AS t FROM generate_series(1, :parties * 2)) x;
INSERT INTO yr_app."Contract" SELECT i, date '2024-01-01' + (random() * 800)::int, timestamp '2023-10-29 00:00' + (i % 48) * interval '1 hour' + (i % 3) * interval '154 days', '{}' FROM generate_series(1, :parties) i WHERE i % 4 > 0;
INSERT INTO yr_app.login SELECT 1 + floor(random() * :parties), timestamp '2023-11-01' + random() * interval '900 days', i % 60 FROM generate_series(1, :parties * 3) i;
SELECT add_attribute('yr', 'contract_end', 'yr_app."Contract"', 'ends', 'Client'), add_attribute('yr', 'signed', 'yr_app."Contract"', '"signed At"', 'Client'),
	add_attribute('yr', 'days_left', 'yr_app."Contract"', 'ends - ({now} AT TIME ZONE {zone})::date', 'Client'), add_event('yr', 'login', 'yr_app.login', 'client', 'at');
SELECT count(define_segment('yr', 's' || i, p::segment)) AS segments FROM unnest(ARRAY[
	'last_order_at within last 90 days', 'last_order_at not within last 1 month', 'last_order_at older than 1 year', 'created_at older than 30 days', 'created_at in last 3 calendar months', 'created_at in this week',
	'birth_date anniversary within next 7 days', 'birth_date anniversary in this month', 'birth_date anniversary within last 1 month', 'age >= 40', 'age between 30 and 64 and country = ''FR''',
	'contract_end within next 30 days', 'contract_end within last 2 months', 'contract_end in next quarter', 'not contract_end older than 1 week', 'signed within last 1 year', 'signed within last 24 hours', 'days_left < 100', '(days_left between 0 and 10) is not true',
	'did order within last 30 days', 'not did order within last 30 days and did order', 'did order at least 2 times within last 3 months', 'did order in last 2 calendar months', 'did order exactly once in this year', 'did order where amount > 50 within last 1 week',
	'sum(order.amount) within last 6 months >= 100', 'max(order.amount) within last 90 days > 80', 'count distinct (order.amount) within last 1 quarter between 1 and 2', 'first order.amount > 45', 'last order within last 1 year .amount > 45',
	'did cart then not order within 3 days', 'did cart then order within 30 days', 'did cart then not order within 1 month within last 60 days', 'stopped ordering for 180 days', 'stopped ordering for 2 months after at least 2 orders',
	'did login within last 36 hours', 'did login at least 2 times within last 1 quarter', 'stopped login for 100 days', 'in segment ''s1'' and not in segment ''s7''', 'in segment ''s20'' or in segment ''s34'' and sample 50 percent seed ''y''',
	'country = ''FR'' and (last_order_at within last 3 weeks or given_name like ''G1%'')', 'top 10 by revenue', 'country is null or contract_end in this year']) WITH ORDINALITY x (p, i);
-- the steps: edges, and what is drawn
CREATE TEMP TABLE step AS SELECT row_number() OVER (ORDER BY at) AS n, at FROM (
	SELECT DISTINCT at FROM (
		SELECT (d + t) AT TIME ZONE 'Europe/Paris' FROM unnest('{2024-02-29,2024-03-31,2024-10-27,2025-01-01,2025-02-28}'::date[]) d,
			unnest('{00:00,02:30,23:59:59.999999}'::time[]) t WHERE NOT current_setting('crmseg_test.light', true) IS NOT DISTINCT FROM 'on'
		UNION ALL SELECT timestamptz '2025-06-11 09:10Z' + i * interval '40 minutes' FROM generate_series(1, 8) i
		UNION ALL SELECT timestamptz '2024-01-15' + (1.0 * i / :steps) * interval '780 days' + (random() - 0.5) * interval '3 days' FROM generate_series(1, :steps) i) x (at)) y;
CREATE FUNCTION pg_temp.expected(at timestamptz) RETURNS TABLE (segment_id bigint, party_id bigint) LANGUAGE plpgsql AS $$
DECLARE
	d record;
BEGIN
	FOR d IN SELECT * FROM yr.segment_definition LOOP
		RETURN QUERY EXECUTE format('SELECT %s::bigint, x.party_id FROM (%s) x', d.segment_id, segment_sql_at('yr', d.predicate::segment, at));
	END LOOP;
END $$;
CREATE TEMP TABLE outcome (n bigint, at timestamptz, wrong bigint, looked bigint, parties bigint, changes bigint, came text);
CREATE FUNCTION pg_temp.go(first bigint, last bigint, change boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	s record;
	r record;
	due bigint;
	bad bigint;
	who bigint;
BEGIN
	FOR s IN SELECT * FROM step WHERE n BETWEEN first AND last ORDER BY n LOOP
		IF change THEN
			who := 1 + floor(random() * (SELECT max(party_id) FROM yr.party));
			UPDATE yr.party SET country = CASE WHEN random() < 0.5 THEN 'FR' END, birth_date = birth_date + 3 WHERE party_id = who;
			INSERT INTO yr.sales_order (party_id, ordered_at, currency, amount, source_id, external_id) VALUES (1 + who / 2, s.at - random() * interval '2 days', 'EUR', 33, 1, 'z' || s.n);
			DELETE FROM yr.sales_order WHERE party_id = who / 3 AND ordered_at > s.at - interval '30 days';
			UPDATE yr_app."Contract" SET ends = ends + 20 WHERE "Client" = who;
			UPDATE yr_app.login SET client = who WHERE client = who + 1 AND minutes < 20;
		END IF;
		SELECT count(*) INTO due FROM yr.party_segments WHERE due_at <= s.at;
		SELECT * INTO r FROM refresh_segments('yr', s.at);
		WITH a AS MATERIALIZED (SELECT * FROM pg_temp.expected(s.at)), b AS (SELECT segment_id, party_id FROM yr.segment_member WHERE upper_inf(valid))
		SELECT count(*) INTO bad FROM ((TABLE a EXCEPT TABLE b) UNION ALL (TABLE b EXCEPT TABLE a)) x;
		INSERT INTO outcome VALUES (s.n, s.at, bad, due, (SELECT count(*) FROM yr.party), r.entered + r.left_);
	END LOOP;
END $$;
-- nothing happens but time
SELECT pg_temp.go(1, (SELECT max(n) * 3 / 4 FROM step), false);
SELECT sum(wrong) AS wrong, sum(changes) > 100 AS changed, sum(looked) FILTER (WHERE at BETWEEN '2025-06-11 10:00Z' AND '2025-06-12') < 0.5 * sum(parties) FILTER (WHERE at BETWEEN '2025-06-11 10:00Z' AND '2025-06-12') AS few_looked_at FROM outcome;
-- the recorded history, as all would be evaluated now for each of those instants
WITH a AS MATERIALIZED (SELECT s.n, e.* FROM step s JOIN outcome o USING (n), pg_temp.expected(s.at) e WHERE s.n % 7 = 0), b AS MATERIALIZED (SELECT s.n, m.segment_id, m.party_id FROM step s JOIN outcome o USING (n) JOIN yr.segment_member m ON m.valid @> s.at WHERE s.n % 7 = 0)
SELECT count(*) AS history_differs FROM ((TABLE a EXCEPT TABLE b) UNION ALL (TABLE b EXCEPT TABLE a)) x;
SELECT count(*) AS overlap FROM yr.segment_member a JOIN yr.segment_member b ON a.party_id = b.party_id AND a.segment_id = b.segment_id AND a.valid && b.valid AND a.ctid <> b.ctid;
-- rows change between the steps: they are seen by the next
SELECT pg_temp.go((SELECT max(n) * 3 / 4 + 1 FROM step), (SELECT max(n) FROM step), true);
SELECT sum(wrong) AS wrong, string_agg(DISTINCT n::text, ' ') FILTER (WHERE wrong > 0) AS where FROM outcome;
-- what was recorded is not written over, unless it is asked for
DO $$ BEGIN PERFORM refresh_segments('yr', '2024-06-01'); EXCEPTION WHEN invalid_parameter_value THEN RAISE WARNING 'refused'; END $$;
SELECT rewind_segments('yr', '2024-06-01') > 0 AS rewound;
SELECT (SELECT count(*) FROM yr.segment_member WHERE lower(valid) >= '2024-06-01' OR upper(valid) >= '2024-06-01') AS later;
INSERT INTO step VALUES (100000, '2024-06-01 12:00+02'), (100001, '2031-02-28 23:30+01');
SELECT pg_temp.go(100000, 100001, false);
SELECT sum(wrong) AS wrong FROM outcome WHERE n >= 100000;
SELECT keep_segments('yr', false) AS triggers, rewind_segments('yr', '2025-01-01') IS NOT NULL AS rewound;
UPDATE yr.party SET country = 'FR' WHERE party_id % 5 = 0;
INSERT INTO step VALUES (100002, '2025-06-01 12:00+02'), (100003, '2025-06-02');
SELECT pg_temp.go(100002, 100003, true);
SELECT sum(wrong) AS wrong FROM outcome WHERE n >= 100002;
DROP SCHEMA yr, yr_app CASCADE;
RESET TimeZone;
RESET search_path;
