-- The language, form by form, against SQL written by hand: who is in it, now and at instants of clock changes, leap days and ends of years.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET search_path = crmseg, public;
SET DateStyle = ISO;
SET TimeZone = 'Asia/Tokyo';
SELECT create_datamart('lang', '{"time_zone": "Europe/Paris"}');
\set seed 0.2718
\echo seed :seed
SELECT setseed(:seed) IS NOT NULL AS seeded;
INSERT INTO lang.source (name) VALUES ('till');
INSERT INTO lang.party (party_id, given_name, family_name, birth_date, country, is_professional, created_at) SELECT i, CASE WHEN i % 7 > 0 THEN 'G' || i END, (ARRAY['O''Neil', 'a_b', 'a%b', 'axb', 'ÉTÉ', 'été', 'ß', '\'])[1 + i % 8],
	CASE WHEN i % 5 = 0 THEN NULL WHEN i % 9 = 0 THEN make_date(1944 + 4 * (i % 17), 2, 29) ELSE date '1940-12-25' + (random() * 26000)::int END,
	(ARRAY['FR', 'BE', 'DE', NULL])[1 + i % 4], i % 3 = 1, timestamptz '2023-03-01' + random() * interval '1000 days' FROM generate_series(1, 150) i;
INSERT INTO lang.sales_order (party_id, ordered_at, currency, amount, kind, source_id, external_id) SELECT 1 + floor(random() ^ 2 * 140), timestamptz '2023-09-01' + random() * interval '900 days', 'EUR', round((random() * 90)::numeric, 2), 's', 1, 'a' || i FROM generate_series(1, 600) i;
INSERT INTO lang.sales_order (party_id, ordered_at, currency, amount, kind, source_id, external_id) SELECT 1 + i % 40, t, 'EUR', i % 50, 's', 1, 'e' || i || t || k FROM generate_series(1, 40) i,
	unnest('{2024-02-29 12:00+01,2024-03-31 00:59:59+00,2024-03-31 01:00+00,2024-10-27 00:30+00,2024-10-27 01:30+00,2024-12-31 22:59:59.999999+00,2024-12-31 23:00+00,2024-12-31 22:59:59.999999+00}'::timestamptz[]) WITH ORDINALITY u(t, k) WHERE (i + extract(minute FROM t)::int) % 3 = 0;
INSERT INTO lang.cart (visitor_id, party_id, created_at, updated_at) SELECT gen_random_uuid(), 1 + floor(random() * 140), t, t FROM (SELECT timestamptz '2023-09-01' + random() * interval '900 days' AS t FROM generate_series(1, 200)) x;
CREATE SCHEMA "lang ""App""";
CREATE TABLE "lang ""App"""."Select" ("Client No" int PRIMARY KEY, "from" text[], lat float8, lon float8, "we""ird 'n" numeric, due date, scored float8, flag bool, traits json);
INSERT INTO "lang ""App"""."Select" SELECT i, CASE WHEN i % 6 > 0 THEN (SELECT coalesce(array_agg(t), '{}') FROM unnest(ARRAY['tennis', 'golf', 'O''x', 'sel"ect']) WITH ORDINALITY u(t, k) WHERE (i >> k::int) % 2 = 1) END, 45 + random(), 4 + random(),
	CASE WHEN i % 4 > 0 THEN i / 3.0 END, date '2024-01-01' + i * 3, CASE i % 5 WHEN 0 THEN 'NaN'::float8 WHEN 1 THEN 'Infinity' ELSE i END, (ARRAY[true, false, NULL])[1 + i % 3], '{"a": {"b": 1}}' FROM generate_series(1, 130) i;
CREATE VIEW "lang ""App"""."Log" AS SELECT "Client No" AS who, (due - 5)::timestamp AS "at", "we""ird 'n" AS "order", "from"[1] AS topic FROM "lang ""App"""."Select" UNION ALL SELECT 1 + k % 60, timestamp '2024-06-01' + k * interval '7 hours', k, NULL FROM generate_series(1, 90) k;
SELECT add_attribute('lang', 'interests', '"lang ""App"""."Select"', '"from"', 'Client No'), add_attribute('lang', 'we"ird ''n', '"lang ""App"""."Select"', '"we""ird ''n"', 'Client No'), add_attribute('lang', 'due', '"lang ""App"""."Select"', 'due', 'Client No'),
	add_attribute('lang', 'scored', '"lang ""App"""."Select"', 'scored', 'Client No'), add_attribute('lang', 'flag', '"lang ""App"""."Select"', 'flag', 'Client No'), add_attribute('lang', 'doc', '"lang ""App"""."Select"', 'traits::jsonb', 'Client No'),
	add_attribute('lang', 'lat', '"lang ""App"""."Select"', 'lat', 'Client No'), add_attribute('lang', 'lon', '"lang ""App"""."Select"', 'lon', 'Client No'), add_event('lang', 'Log In', '"lang ""App"""."Log"', 'who', 'at', '{"select": "\"order\" * 2"}');
SELECT define_segment('lang', 'a', 'country = ''FR''') > 0, define_segment('lang', 'b', 'in segment ''a'' and is_professional') > 0, define_segment('lang', 'c', 'in segment ''a'' or country is null') > 0,
	define_segment('lang', 'diamond', 'in segment ''b'' or in segment ''c'' and not in segment ''b''') > 0, define_segment('lang', '"; DROP TABLE x; --', 'in segment ''diamond''') > 0;
-- at: the instant; z: the wall clock in Paris then; p the party, x its row of the application, o() its orders up to then
CREATE TABLE lang.form (n serial, predicate text, by_hand text);
INSERT INTO lang.form (predicate, by_hand) VALUES
('country <> ''FR''', 'p.country <> ''FR'''), ('not country = ''FR''', 'not p.country = ''FR'''), ('country <> ''FR'' or country is null', 'p.country <> ''FR'' or p.country is null'),
('country not in (''FR'', ''BE'')', 'p.country not in (''FR'', ''BE'')'), ('(country = ''FR'' or is_professional) is unknown', '(p.country = ''FR'' or p.is_professional) is unknown'),
('country = ''FR'' is not true', 'p.country = ''FR'' is not true'), ('not age between 20 and 70 is unknown', 'not extract(year from age(z::date::timestamp, p.birth_date::timestamp)) between 20 and 70 is unknown'), ('min(order.amount) in (1, 2, 3, 4, 5)', '(select min(amount) from o) in (1, 2, 3, 4, 5)'), ('min(order.amount) not in (1, 2, 3, 4) is not false', '(select min(amount) from o) not in (1, 2, 3, 4) is not false'),
('(country = ''FR'') is not true', '(p.country = ''FR'') is not true'), ('family_name like ''a\_b''', 'p.family_name like ''a\_b'''), ('family_name like ''a_b''', 'p.family_name like ''a_b'''), ('family_name not like ''a%''', 'p.family_name not like ''a%'''), ('family_name ilike ''ÉT_''', 'p.family_name ilike ''ÉT_'''),
('family_name = ''O''''Neil''', 'p.family_name = ''O''''Neil'''), ('family_name = ''\''', 'p.family_name = ''\'''), ('given_name is null and not (family_name > ''b'')', 'p.given_name is null and not (p.family_name > ''b'')'),
('age >= 30 and age < 60', 'extract(year from age(z::date::timestamp, p.birth_date::timestamp)) >= 30 and extract(year from age(z::date::timestamp, p.birth_date::timestamp)) < 60'), ('age not between 20 and 70', 'extract(year from age(z::date::timestamp, p.birth_date::timestamp)) not between 20 and 70'),
('interests has ''tennis''', '''tennis'' = any (x."from")'), ('interests has any (''golf'', ''O''''x'')', 'x."from" && ''{golf,O''''x}'''), ('interests has all (''golf'', ''tennis'')', 'x."from" @> ''{golf,tennis}'''), ('interests has none (''golf'', ''sel"ect'')', 'not x."from" && array[''golf'', ''sel"ect'']'), ('not interests has none (''golf'')', 'x."from" && ''{golf}'''),
('"we""ird ''n" > 10.5', 'x."we""ird ''n" > 10.5'), ('"we""ird ''n" between -1 and 12', 'x."we""ird ''n" between -1 and 12'), ('scored > 100', 'x.scored > 100'), ('scored <= 100', 'x.scored <= 100'), ('flag', 'x.flag'), ('not flag', 'not x.flag'), ('flag is unknown', 'x.flag is unknown'), ('flag is not false', 'x.flag is not false'), ('doc.a.b = 1', 'x.traits #>> ''{a,b}'' = ''1'''),
('created_at within last 90 days', 'p.created_at between ((z - interval ''90 days'') at time zone ''Europe/Paris'') and at'), ('created_at not within last 6 months', 'not p.created_at between ((z - interval ''6 months'') at time zone ''Europe/Paris'') and at'), ('created_at within last 36 hours', 'p.created_at between at - interval ''36 hours'' and at'),
('created_at older than 1 year', 'p.created_at < (z - interval ''1 year'') at time zone ''Europe/Paris'''), ('due within next 30 days', 'x.due between z::date and z::date + 30'), ('due within last 1 month', 'x.due between (z - interval ''1 month'')::date and z::date'),
('created_at in this month', 'date_trunc(''month'', p.created_at at time zone ''Europe/Paris'') = date_trunc(''month'', z)'), ('created_at in last 3 calendar months', 'p.created_at at time zone ''Europe/Paris'' >= date_trunc(''month'', z) - interval ''3 months'' and p.created_at at time zone ''Europe/Paris'' < date_trunc(''month'', z)'),
('created_at in last week', 'date_trunc(''week'', p.created_at at time zone ''Europe/Paris'') = date_trunc(''week'', z) - interval ''7 days'''), ('due in next quarter', 'date_trunc(''quarter'', x.due::timestamp) = date_trunc(''quarter'', z) + interval ''3 months'''), ('due in this year', 'extract(year from x.due) = extract(year from z)'),
('birth_date anniversary within next 7 days', 'exists (select from generate_series(0, 7) k, lateral (select z::date + k as d) t where extract(year from t.d) > extract(year from p.birth_date) and (to_char(t.d, ''MMDD'') = to_char(p.birth_date, ''MMDD'') or (to_char(p.birth_date, ''MMDD'') = ''0229'' and to_char(t.d, ''MMDD'') = ''0228'' and to_char(t.d + 1, ''MMDD'') = ''0301'')))'),
('birth_date anniversary in this month', 'extract(month from p.birth_date) = extract(month from z) and extract(year from p.birth_date) < extract(year from z)'),
('birth_date anniversary within last 2 days', 'exists (select from generate_series(0, 2) k, lateral (select z::date - k as d) t where extract(year from t.d) > extract(year from p.birth_date) and (to_char(t.d, ''MMDD'') = to_char(p.birth_date, ''MMDD'') or (to_char(p.birth_date, ''MMDD'') = ''0229'' and to_char(t.d, ''MMDD'') = ''0228'' and to_char(t.d + 1, ''MMDD'') = ''0301'')))'),
('did order', '(select count(*) from o) > 0'), ('did not order', '(select count(*) from o) = 0'), ('did order at least 3 times within last 90 days', '(select count(*) from o where t >= (z - interval ''90 days'') at time zone ''Europe/Paris'') >= 3'), ('did order at most once', '(select count(*) from o) <= 1'),
('did order more than 3 times', '(select count(*) from o) > 3'), ('did order between 2 and 5 times', '(select count(*) from o) between 2 and 5'), ('not did order between 2 and 5 times', '(select count(*) from o) not between 2 and 5'), ('did order where amount >= 50 exactly once', '(select count(*) from o where amount >= 50) = 1'), ('did order where amount >= 50 or amount < 3 exactly twice within last 1 year', '(select count(*) from o where (amount >= 50 or amount < 3) and t >= (z - interval ''1 year'') at time zone ''Europe/Paris'') = 2'),
('did not order in this year', '(select count(*) from o where extract(year from t at time zone ''Europe/Paris'') = extract(year from z)) = 0'), ('did "Log In" where "select" > 20 within last 60 days', 'exists (select from "lang ""App"""."Log" l where l.who = p.party_id and l."order" * 2 > 20 and l."at" between z - interval ''60 days'' and z)'), ('did "Log In" where topic is null at least twice', '(select count(*) from "lang ""App"""."Log" l where l.who = p.party_id and topic is null and l."at" <= z) >= 2'),
('sum(order.amount) within last 12 months >= 100', '(select sum(amount) from o where t >= (z - interval ''12 months'') at time zone ''Europe/Paris'') >= 100'), ('not sum(order.amount) >= 100', 'not (select sum(amount) from o) >= 100'), ('sum(order.amount) is null', '(select sum(amount) from o) is null'), ('avg(order.amount) between 20 and 45', '(select avg(amount) from o) between 20 and 45'), ('min(order.amount where amount > 5) < 10', '(select min(amount) from o where amount > 5) < 10'),
('max(order.amount) = 49 or max(order.amount) > 80', '(select max(amount) from o) = 49 or (select max(amount) from o) > 80'), ('count(order) = 0', '(select count(*) from o) = 0'), ('count distinct (order.amount) >= 3', '(select count(distinct amount) from o) >= 3'), ('count distinct ("Log In".topic) < 1', '(select count(distinct topic) from "lang ""App"""."Log" l where l.who = p.party_id and l."at" <= z) < 1'),
('first order.amount > 40', '(select amount from o order by t, amount limit 1) > 40'), ('last order.amount <= 40', '(select amount from o order by t desc, amount desc limit 1) <= 40'), ('not last order.amount <= 40', 'not (select amount from o order by t desc, amount desc limit 1) <= 40'), ('last order where amount > 10 .amount > 70', '(select amount from o where amount > 10 order by t desc, amount desc limit 1) > 70'),
('did cart then not order within 3 days', 'exists (select from c where ((t at time zone ''Europe/Paris'') + interval ''3 days'') at time zone ''Europe/Paris'' <= at and not exists (select from o where o.t > c.t and o.t <= ((c.t at time zone ''Europe/Paris'') + interval ''3 days'') at time zone ''Europe/Paris''))'),
('did cart then order where amount > 20 within 30 days', 'exists (select from c, o where o.amount > 20 and o.t > c.t and o.t <= ((c.t at time zone ''Europe/Paris'') + interval ''30 days'') at time zone ''Europe/Paris'')'),
('did order then cart then order within 60 days', 'exists (select from o a, c, o b where c.t > a.t and b.t > c.t and b.t <= ((a.t at time zone ''Europe/Paris'') + interval ''60 days'') at time zone ''Europe/Paris'')'),
('stopped ordering for 180 days after at least 3 orders', '(select count(*) >= 3 and max(t) < (z - interval ''180 days'') at time zone ''Europe/Paris'' from o)'), ('stopped ordering for 36 hours', '(select max(t) < at - interval ''36 hours'' from o)'),
('in segment ''diamond''', 'p.country = ''FR'' or p.country is null'), ('not in segment ''diamond''', '(p.country = ''FR'' or p.country is null) is not true'), ('in segment ''"; DROP TABLE x; --'' and not in segment ''b''', '(p.country = ''FR'' or p.country is null) and (p.country = ''FR'' and p.is_professional) is not true'),
('sample 10 percent seed ''s'' or sample 10 to 100 percent seed ''s''', 'true'), ('sample 0 to 30 percent seed ''s'' and sample 30 to 60 percent seed ''s''', 'false'), ('sample 25 percent seed ''s''', 'sample_bucket(p.party_id::text, ''s'') < 250000'),
('within 30 km of (45.5, 4.5)', '6371.0088 * 2 * asin(sqrt(sind((x.lat - 45.5) / 2) ^ 2 + cosd(45.5) * cosd(x.lat) * sind((x.lon - 4.5) / 2) ^ 2)) <= 30'), ('not within 30 km of (45.5, 4.5)', 'not 6371.0088 * 2 * asin(sqrt(sind((x.lat - 45.5) / 2) ^ 2 + cosd(45.5) * cosd(x.lat) * sind((x.lon - 4.5) / 2) ^ 2)) <= 30'),
('top 7 by "we""ird ''n"', 'p.party_id in (select y."Client No" from "lang ""App"""."Select" y where y."we""ird ''n" is not null order by y."we""ird ''n" desc, y."Client No" limit 7)'),
('country = ''FR'' and top 10 percent by scored', 'p.party_id in (select y."Client No" from "lang ""App"""."Select" y join lang.party q on q.party_id = y."Client No" where q.country = ''FR'' and y.scored is not null order by y.scored desc, 1 limit (select ceil(count(*) * 0.1) from lang.party q where q.country = ''FR''))');
CREATE FUNCTION pg_temp.compare(at timestamptz) RETURNS TABLE (n int, predicate text, members bigint, differ bigint) LANGUAGE plpgsql AS $$
DECLARE
	f record;
BEGIN
	FOR f IN SELECT * FROM lang.form ORDER BY form.n LOOP
		n := f.n; predicate := f.predicate;
		EXECUTE format('WITH a AS (%s), b AS (SELECT p.party_id FROM lang.party p LEFT JOIN "lang ""App"""."Select" x ON x."Client No" = p.party_id CROSS JOIN (SELECT $1 AS at, $1 AT TIME ZONE ''Europe/Paris'' AS z) i
			CROSS JOIN LATERAL (SELECT (WITH o AS (SELECT s.ordered_at AS t, s.base_amount AS amount FROM lang.sales_order s WHERE s.party_id = p.party_id AND s.ordered_at <= i.at AND s.status <> ''cancelled''), c AS (SELECT s.updated_at AS t FROM lang.cart s WHERE s.party_id = p.party_id AND s.updated_at <= i.at) SELECT %s) AS ok) h WHERE h.ok)
			SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM ((TABLE a EXCEPT TABLE b) UNION ALL (TABLE b EXCEPT TABLE a)) u)', segment_sql_at('lang', f.predicate::segment, at), f.by_hand) INTO members, differ USING at;
		RETURN NEXT;
	END LOOP;
END $$;
CREATE TEMP TABLE outcome AS SELECT i.at, c.* FROM unnest('{2024-02-28 12:00+01,2024-02-29 23:30+01,2024-03-31 01:59:59+01,2024-03-31 03:00+02,2024-04-30 12:00+02,2024-10-27 02:30+02,2024-10-27 02:30+01,2024-12-31 23:59:59.999999+01,2025-01-01 00:00+01,2025-02-28 00:00+01}'::timestamptz[]) WITH ORDINALITY i(at, k)
	CROSS JOIN LATERAL pg_temp.compare(i.at) c WHERE i.k <= CASE WHEN current_setting('crmseg_test.light', true) = 'on' THEN 1 ELSE 10 END;
SELECT at, predicate, members, differ FROM outcome WHERE differ > 0 ORDER BY 1, n LIMIT 20;
-- forms that hold for nobody, or for all, at every instant say nothing: there are none but those meant to
SELECT predicate FROM outcome WHERE predicate NOT LIKE 'sample 0 to 30 %' GROUP BY n, predicate HAVING sum(members) = 0 AND current_setting('crmseg_test.light', true) IS DISTINCT FROM 'on' ORDER BY n;
-- all forms as they are read, printed, sent and planned: the same now by members(), the view, row @@ and the evaluator
CREATE FUNCTION pg_temp.ways() RETURNS TABLE (predicate text, differ bigint) LANGUAGE plpgsql AS $$
DECLARE
	f record;
BEGIN
	FOR f IN SELECT * FROM lang.form ORDER BY form.n LOOP
		predicate := f.predicate;
		PERFORM define_segment('lang', 'form', f.predicate::segment);
		EXECUTE format('WITH a AS (SELECT members(''lang'', ''form'') AS p), b AS (SELECT party_id AS p FROM lang.segment_form), c AS (SELECT q.party_id AS p FROM lang.party q WHERE q @@ %1$L::segment), d AS (SELECT q.party_id AS p FROM lang.party q WHERE in_segment(''lang'', q, ''form'')),
			e AS (SELECT q.party_id AS p FROM lang.party q WHERE segment_from_json(segment_to_json($1)) = $1 AND segment_matches(q, $1::text::segment))
			SELECT count(*) FROM (SELECT u.p, count(*) FROM (TABLE a UNION ALL TABLE b UNION ALL TABLE c UNION ALL TABLE d UNION ALL TABLE e) u GROUP BY 1 HAVING count(*) <> 5) v', f.predicate) INTO differ USING f.predicate::segment;
		RETURN NEXT;
	END LOOP;
END $$;
SELECT * FROM pg_temp.ways() WHERE differ > 0;
DROP SCHEMA lang, "lang ""App""" CASCADE;
RESET TimeZone;
RESET search_path;
