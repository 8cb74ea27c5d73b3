-- Segments of a mart: the language against its vocabulary, members and views, plans as by hand, definitions that rest on others, explanations, time.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET search_path = crmseg, public;
SET TimeZone = 'UTC';
SELECT create_datamart('Seg "m"', '{"time_zone": "Europe/Paris"}');
SET crmseg.mart = 'Seg "m"';
INSERT INTO "Seg ""m""".party (party_id, given_name, birth_date, country, sex)
	SELECT i, 'p' || i, CASE WHEN i % 7 > 0 THEN date '1950-01-01' + i * 97 END, (ARRAY['FR', 'BE', NULL])[1 + i % 3], (ARRAY['f', 'm'])[1 + i % 2] FROM generate_series(1, 200) i;
INSERT INTO "Seg ""m""".source (name) VALUES ('s');
INSERT INTO "Seg ""m""".store (code, name, channel_id) VALUES ('S1', 'One', 7);
INSERT INTO "Seg ""m""".product (sku, name, category) VALUES ('A', 'ß', 'x'), ('B', 'tea', 'y');
INSERT INTO "Seg ""m""".sales_order (party_id, ordered_at, currency, amount, source_id, external_id, channel_id, status)
	SELECT 1 + i * 7 % 150, now() - i * interval '17 hours', 'EUR', i % 90, 1, i, (ARRAY[7, 8])[1 + i % 2], CASE WHEN i % 11 = 0 THEN 'cancelled' ELSE 'paid' END FROM generate_series(1, 600) i;
INSERT INTO "Seg ""m""".sales_order_line (party_id, order_id, line_no, product_id, ordered_at, amount)
	SELECT o.party_id, o.order_id, 1, 1 + o.order_id / 150 % 2, o.ordered_at, o.amount FROM "Seg ""m""".sales_order o;
INSERT INTO "Seg ""m""".reaction (party_id, occurred_at, channel_id, kind) SELECT 1 + i % 100, now() - i * interval '5 hours', 1, (ARRAY['open', 'click'])[1 + i % 2] FROM generate_series(1, 300) i;
INSERT INTO "Seg ""m""".cart (visitor_id, party_id, created_at, updated_at) SELECT gen_random_uuid(), i, now() - i * interval '1 day', now() - i * interval '1 day' FROM generate_series(1, 30) i;
INSERT INTO "Seg ""m""".contact_point (party_id, kind, value, value_norm, is_primary, lat, lon) SELECT i, 'postal', 'a' || i, 'a' || i, true, 45.76 + i * 0.01, 4.84 FROM generate_series(1, 100) i;
INSERT INTO "Seg ""m""".contact_point (party_id, kind, value, value_norm, is_primary) SELECT i, 'email', i || '@x.test', i || '@x.test', true FROM generate_series(1, 50) i;
INSERT INTO "Seg ""m""".consent (party_id, purpose, channel_id, status, valid, captured_at) SELECT i, 'newsletter', 1, CASE WHEN i % 5 = 0 THEN 'withdrawn' ELSE 'granted' END, tstzrange(now() - interval '1 day', NULL), now() FROM generate_series(1, 50) i;
INSERT INTO "Seg ""m""".attribute_def (key, data_type, is_multi) VALUES ('interests', 'text', true), ('dwelling.tenure', 'text', false), ('rooms', 'num', false);
INSERT INTO "Seg ""m""".party_attribute (party_id, attribute_id, item, txt) SELECT i, 1, j, (ARRAY['tennis', 'golf', 'chess'])[1 + (i + j) % 3] FROM generate_series(1, 60) i, generate_series(0, i % 2) j;
INSERT INTO "Seg ""m""".party_attribute (party_id, attribute_id, txt) SELECT i, 2, (ARRAY['owner', 'tenant'])[1 + i % 2] FROM generate_series(1, 60) i;
INSERT INTO "Seg ""m""".party_attribute (party_id, attribute_id, num) SELECT i, 3, i % 6 FROM generate_series(1, 60) i;
ANALYZE;

-- what each means, counted by SQL of another kind
CREATE TEMP VIEW o AS SELECT * FROM "Seg ""m""".sales_order WHERE status <> 'cancelled' AND amount >= 0;
CREATE TEMP TABLE forms (n serial, predicate segment, q text);
INSERT INTO forms (predicate, q) VALUES
	('age >= 30', 'p.birth_date <= ((now() AT TIME ZONE ''Europe/Paris'')::date - interval ''30 years'')::date'),
	('country in (''FR'',''BE'') and sex = ''f''', 'p.country IN (''FR'', ''BE'') AND p.sex = ''f'''),
	('country <> ''FR''', 'p.country <> ''FR'''),
	('dwelling.tenure = ''owner''', '(SELECT f.traits ->> ''dwelling.tenure'' FROM "Seg ""m""".party_profile f WHERE f.party_id = p.party_id) = ''owner'''),
	('interests has ''tennis''', 'EXISTS (SELECT FROM "Seg ""m""".party_attribute a WHERE a.party_id = p.party_id AND a.txt = ''tennis'')'),
	('interests has any (''tennis'',''golf'')', 'EXISTS (SELECT FROM "Seg ""m""".party_attribute a WHERE a.party_id = p.party_id AND a.txt IN (''tennis'', ''golf''))'),
	('rooms > 3', 'EXISTS (SELECT FROM "Seg ""m""".party_attribute a WHERE a.party_id = p.party_id AND a.num > 3)'),
	('last_order_at within last 90 days', '(SELECT max(o.ordered_at) FROM o WHERE o.party_id = p.party_id) >= ((now() AT TIME ZONE ''Europe/Paris'') - interval ''90 days'') AT TIME ZONE ''Europe/Paris'''),
	('last_order_at older than 6 months', '(SELECT max(o.ordered_at) FROM o WHERE o.party_id = p.party_id) < ((now() AT TIME ZONE ''Europe/Paris'') - interval ''6 months'') AT TIME ZONE ''Europe/Paris'''),
	('last_order_at in last 3 calendar months', '(SELECT max(o.ordered_at) AT TIME ZONE ''Europe/Paris'' FROM o WHERE o.party_id = p.party_id) >= date_trunc(''month'', now() AT TIME ZONE ''Europe/Paris'') - interval ''3 months'' AND (SELECT max(o.ordered_at) AT TIME ZONE ''Europe/Paris'' FROM o WHERE o.party_id = p.party_id) < date_trunc(''month'', now() AT TIME ZONE ''Europe/Paris'')'),
	('birth_date anniversary in this month', 'extract(month FROM p.birth_date) = extract(month FROM now() AT TIME ZONE ''Europe/Paris'')'),
	('did order at least 2 times within last 250 days', '(SELECT count(*) FROM o WHERE o.party_id = p.party_id AND o.ordered_at >= ((now() AT TIME ZONE ''Europe/Paris'') - interval ''250 days'') AT TIME ZONE ''Europe/Paris'') >= 2'),
	('did not open within last 30 days', '(SELECT count(*) FROM "Seg ""m""".reaction o WHERE o.kind = ''open'' AND o.party_id = p.party_id AND o.occurred_at >= now() - interval ''30 days'') = 0'),
	('did order where product = ''ß'' and amount >= 50 exactly once', '(SELECT count(*) FROM o WHERE o.party_id = p.party_id AND o.amount >= 50 AND o.order_id IN (SELECT l.order_id FROM "Seg ""m""".sales_order_line l WHERE l.product_id = 1)) = 1'),
	('did order between 2 and 3 times', '(SELECT count(*) FROM o WHERE o.party_id = p.party_id) BETWEEN 2 AND 3'),
	('did order at most 3 times', '(SELECT count(*) FROM o WHERE o.party_id = p.party_id) <= 3'),
	('sum(order.amount) within last 12 months >= 100', '(SELECT sum(o.amount) FROM o WHERE o.party_id = p.party_id AND o.ordered_at >= ((now() AT TIME ZONE ''Europe/Paris'') - interval ''12 months'') AT TIME ZONE ''Europe/Paris'') >= 100'),
	('not sum(order.amount) >= 100', '(SELECT sum(o.amount) FROM o WHERE o.party_id = p.party_id) < 100'),
	('avg(order.amount) between 10 and 50', '(SELECT avg(o.amount) FROM o WHERE o.party_id = p.party_id) BETWEEN 10 AND 50'),
	('count distinct (order.product) >= 2', '(SELECT count(DISTINCT l.product_id) FROM o JOIN "Seg ""m""".sales_order_line l USING (party_id, order_id) WHERE o.party_id = p.party_id) >= 2'),
	('count(order) = 0', 'NOT EXISTS (SELECT FROM o WHERE o.party_id = p.party_id)'),
	('first order.channel = ''store''', '(SELECT o.channel_id FROM o WHERE o.party_id = p.party_id ORDER BY o.ordered_at LIMIT 1) = 7'),
	('last order where amount > 20 .amount > 60', '(SELECT o.amount FROM o WHERE o.party_id = p.party_id AND o.amount > 20 ORDER BY o.ordered_at DESC LIMIT 1) > 60'),
	('did cart then not order within 3 days', 'EXISTS (SELECT FROM "Seg ""m""".cart c WHERE c.party_id = p.party_id AND c.updated_at < now() - interval ''3 days'' AND NOT EXISTS (SELECT FROM o WHERE o.party_id = p.party_id AND o.ordered_at > c.updated_at AND o.ordered_at <= c.updated_at + interval ''3 days''))'),
	('did order then click then order within 400 days', 'EXISTS (SELECT FROM o a JOIN "Seg ""m""".reaction c USING (party_id) JOIN o b USING (party_id) WHERE a.party_id = p.party_id AND c.kind = ''click'' AND c.occurred_at > a.ordered_at AND b.ordered_at > c.occurred_at AND b.ordered_at <= ((a.ordered_at AT TIME ZONE ''Europe/Paris'') + interval ''400 days'') AT TIME ZONE ''Europe/Paris'')'),
	('stopped ordering for 100 days after at least 3 orders', '(SELECT count(*) >= 3 AND max(o.ordered_at) < ((now() AT TIME ZONE ''Europe/Paris'') - interval ''100 days'') AT TIME ZONE ''Europe/Paris'' FROM o WHERE o.party_id = p.party_id)'),
	('rfm in (''5-5-5'',''5-4-5'') or r >= 4 and m < 3', '(SELECT f.rfm IN (555, 545) OR f.r >= 4 AND f.m < 3 FROM "Seg ""m""".customer_rfm f WHERE f.party_id = p.party_id)'),
	('within 20 km of (45.76, 4.84)', 'p.party_id <= 17'),
	('reachable by email for ''newsletter''', 'p.party_id <= 50 AND p.party_id % 5 > 0'),
	('sample 10 to 30 percent seed ''spring''', 'sample_bucket(p.party_id::text, ''spring'') BETWEEN 100000 AND 299999'),
	('country = ''FR'' and top 7 by revenue', 'p.party_id IN (SELECT f.party_id FROM "Seg ""m""".party_profile f JOIN "Seg ""m""".party USING (party_id) WHERE country = ''FR'' ORDER BY f.revenue DESC, f.party_id LIMIT 7)'),
	('top 10 percent by sum(order.amount)', 'p.party_id IN (SELECT f.party_id FROM o f GROUP BY f.party_id ORDER BY sum(amount) DESC, f.party_id LIMIT 20)');
CREATE FUNCTION pg_temp.ids(q text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE r text; BEGIN EXECUTE 'SELECT string_agg(x.id::text, '' '' ORDER BY x.id) FROM (' || q || ') x(id)' INTO r; RETURN r; END $$;
SELECT f.predicate, h.ids <> '' AS some, s.ids IS NOT DISTINCT FROM h.ids AS by_sql, w.ids IS NOT DISTINCT FROM h.ids AS by_where, e.ids IS NOT DISTINCT FROM h.ids AS by_evaluator
	FROM forms f, pg_temp.ids(format('SELECT p.party_id FROM "Seg ""m""".party p WHERE %s', f.q)) h(ids), pg_temp.ids(segment_sql('Seg "m"', f.predicate)) s(ids),
		pg_temp.ids(format('SELECT p.party_id FROM "Seg ""m""".party p WHERE p @@ %L::segment', f.predicate)) w(ids),
		pg_temp.ids(format('SELECT p.party_id FROM "Seg ""m""".party p, forms f WHERE f.n = %s AND p @@ f.predicate', f.n)) e(ids) ORDER BY f.n;

-- plans as by hand
CREATE FUNCTION pg_temp.plan_of(q text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE l text; r text := ''; BEGIN FOR l IN EXECUTE 'EXPLAIN (COSTS OFF) ' || q LOOP r := r || regexp_replace(l, '\m[a-z]+[0-9]\M', 'x', 'g') || E'\n'; END LOOP; RETURN r; END $$;
SELECT n, pg_temp.plan_of(a) = pg_temp.plan_of(b) AS same_plan FROM (VALUES
	(1, 'SELECT * FROM "Seg ""m""".party x WHERE x @@ ''country = ''''FR'''' and sex in (''''f'''', ''''m'''') and not party_id > 10''', 'SELECT * FROM "Seg ""m""".party x WHERE country = ''FR'' AND sex IN (''f'', ''m'') AND NOT party_id > 10'),
	(2, 'SELECT * FROM "Seg ""m""".party x WHERE x @@ ''did click''', 'SELECT * FROM "Seg ""m""".party x WHERE EXISTS (SELECT FROM "Seg ""m""".reaction e1 WHERE e1.party_id = x.party_id AND e1.kind = ''click'' AND NOT e1.is_machine)'),
	(3, 'SELECT * FROM "Seg ""m""".party x WHERE x @@ ''did not click and country = ''''FR''''''', 'SELECT * FROM "Seg ""m""".party x WHERE NOT EXISTS (SELECT FROM "Seg ""m""".reaction e1 WHERE e1.party_id = x.party_id AND e1.kind = ''click'' AND NOT e1.is_machine) AND country = ''FR'''),
	(4, 'SELECT * FROM "Seg ""m""".party x WHERE x @@ ''did click at least 2 times''', 'SELECT * FROM "Seg ""m""".party x WHERE EXISTS (SELECT FROM (SELECT e1.party_id AS k FROM "Seg ""m""".reaction e1 WHERE e1.kind = ''click'' AND NOT e1.is_machine GROUP BY e1.party_id HAVING count(*) >= 2) g WHERE g.k = x.party_id)')) v(n, a, b) ORDER BY n;
-- as joins, in views, subqueries and CTEs too
SELECT n, pg_temp.plan_of(q) ~ 'Semi Join|Unique|HashAggregate|Join' AND pg_temp.plan_of(q) !~ 'SubPlan|@@' AS joined FROM (VALUES
	(1, 'SELECT * FROM (SELECT p.* FROM "Seg ""m""".party p OFFSET 0) x WHERE x @@ ''did click'''), (2, 'WITH c AS MATERIALIZED (SELECT * FROM "Seg ""m""".party) SELECT * FROM c WHERE c @@ ''did not click'''),
	(3, 'SELECT count(*) FROM "Seg ""m""".customer_360 x WHERE x @@ ''did click and sex = ''''f''''''')) v(n, q) ORDER BY n;

-- definitions that rest on others: cycles refused, diamonds taken; redefined, renamed, dropped
SELECT define_segment('Seg "m"', 'french', 'country = ''FR'''), define_segment('Seg "m"', 'buyers', 'did order within last 200 days'), define_segment('Seg "m"', 'a''b "c"', 'in segment ''french'' and in segment ''buyers'''),
	define_segment('Seg "m"', 'diamond', 'in segment ''a''''b "c"'' or in segment ''french'' and not in segment ''buyers''');
SELECT define_segment('Seg "m"', 'french', 'in segment ''diamond''');
SELECT define_segment('Seg "m"', 'self', 'in segment ''self''');
SELECT define_segment('Seg "m"', 'x', 'contry = ''FR''');
SELECT define_segment('Seg "m"', 'x', 'in segment ''no such''');
SELECT define_segment('Seg "m"', '', 'true');
SELECT define_segment('Seg "m"', repeat('x', 56), 'true');
SELECT count(*) FROM members('Seg "m"', 'diamond');
SELECT count(*) FROM "Seg ""m""".segment_diamond;
SELECT count(*) FROM "Seg ""m""".party p WHERE in_segment('Seg "m"', p, 'diamond');
SELECT count(*) FROM "Seg ""m""".party p, (VALUES ('diamond'), ('french')) v(n) WHERE in_segment('Seg "m"', p, v.n);
PREPARE french AS SELECT count(*) FROM "Seg ""m""".party p WHERE p @@ 'in segment ''french''';
EXECUTE french;
SELECT define_segment('Seg "m"', 'french', 'country in (''FR'', ''BE'')');
EXECUTE french;
SELECT count(*) FROM "Seg ""m""".segment_diamond;
SELECT drop_segment('Seg "m"', 'french');
SELECT rename_segment('Seg "m"', 'french', 'FR/BE');
SELECT name, predicate FROM "Seg ""m""".segment_definition ORDER BY name;
SELECT count(*) FROM "Seg ""m""".segment_diamond;
\set VERBOSITY terse
ALTER TABLE "Seg ""m""".party DROP COLUMN country;
\set VERBOSITY default
SELECT drop_segment('Seg "m"', 'diamond'), drop_segment('Seg "m"', 'a''b "c"');
SELECT drop_segment('Seg "m"', 'diamond');
SELECT a, b, members, round(share::numeric, 3) AS share FROM segment_overlap('Seg "m"', ARRAY['FR/BE', 'buyers']) ORDER BY a, b;
SELECT * FROM segment_size('Seg "m"', 'country = ''FR''');
SELECT step, condition, remaining FROM segment_funnel('Seg "m"', 'country = ''FR'' and did order and top 3 by revenue') ORDER BY step;

SELECT svg ~ '^<svg .*FR/BE.*</svg>$' AS overlap_drawn FROM (SELECT svg_segment_overlap(jsonb_agg(to_jsonb(o))) AS svg FROM segment_overlap('Seg "m"', ARRAY['FR/BE', 'buyers']) o) x;
SELECT svg ~ '^<svg .*&lt; 3.*</svg>$' AS funnel_drawn FROM (SELECT svg_segment_funnel(jsonb_agg(to_jsonb(f))) AS svg FROM segment_funnel('Seg "m"', 'country = ''FR'' and party_id < 3') f) x;
SELECT svg_segment_overlap('[]') ~ 'no segments', svg_segment_funnel('[]') ~ '^<svg';

-- a vocabulary of one's own
CREATE SCHEMA seg_app;
CREATE TABLE seg_app.client (client_no int PRIMARY KEY, plan text, "Since" date);
CREATE TABLE seg_app.login (client_no int, at timestamp, seconds int, props jsonb);
INSERT INTO seg_app.client SELECT i, (ARRAY['free', 'pro'])[1 + i % 2], current_date - i FROM generate_series(1, 20) i;
INSERT INTO seg_app.login SELECT i % 10, localtimestamp - i * interval '1 day', i, jsonb_build_object('os', 'o' || i % 2) FROM generate_series(1, 30) i;
SELECT add_attribute('Seg "m"', 'plan', 'seg_app.client', 'plan', 'client_no'), add_attribute('Seg "m"', 'tenure.days', 'seg_app.client', '({now} AT TIME ZONE {zone})::date - "Since"', 'client_no'),
	add_event('Seg "m"', 'login', 'seg_app.login', 'client_no', 'at', '{"length": "seconds", "minutes": "seconds / 60.0"}');
SELECT add_attribute('Seg "m"', 'bad', 'seg_app.client', 'plan; drop table seg_app.client', 'client_no');
SELECT add_attribute('Seg "m"', 'bad', 'seg_app.client', 'no_column', 'client_no');
SELECT add_event('Seg "m"', 'bad', 'seg_app.login', 'client_no', 'seconds', '{}');
SELECT string_agg(c.client_no::text, ' ' ORDER BY client_no) FROM seg_app.client c WHERE c @@ 'plan = ''pro'' and did login where length > 5 and minutes < 1 and props.os = ''o1'' at least 2 times and tenure.days < 15 and last login.length < 9';
SELECT string_agg(m::text, ' ' ORDER BY m) FROM pg_temp.ids(segment_sql('Seg "m"', 'plan = ''pro'' and (did login where length > 5) and tenure.days < 15 or stopped login for 10 days')) m;
SELECT segment_sql('Seg "m"', 'did login where lenght > 5');
SELECT define_segment('Seg "m"', 'pros', 'plan = ''pro'' and did login');
SELECT drop_event('Seg "m"', 'login');
SELECT drop_attribute('Seg "m"', 'plan');
ALTER TABLE seg_app.client DROP COLUMN plan;
SELECT drop_segment('Seg "m"', 'pros'), drop_event('Seg "m"', 'login'), drop_attribute('Seg "m"', 'plan'), drop_attribute('Seg "m"', 'tenure.days');
SELECT count(*) FROM seg_app.client c WHERE c @@ 'did login';

-- rights: what the SQL would refuse is refused; policies on events hold
CREATE ROLE seg_reader;
GRANT USAGE ON SCHEMA "Seg ""m""" TO seg_reader;
GRANT SELECT ON "Seg ""m""".party, "Seg ""m""".datamart, "Seg ""m""".segment_attribute, "Seg ""m""".segment_event, "Seg ""m""".segment_definition, "Seg ""m""".attribute_def TO seg_reader;
SET ROLE seg_reader;
SELECT count(*) FROM "Seg ""m""".party p WHERE p @@ 'did click';
SELECT count(*) FROM "Seg ""m""".party p, (VALUES ('did click'::segment)) v(s) WHERE p @@ v.s;
SELECT count(*) FROM members('Seg "m"', 'buyers');
RESET ROLE;
GRANT SELECT ON "Seg ""m""".reaction TO seg_reader;
ALTER TABLE "Seg ""m""".reaction ENABLE ROW LEVEL SECURITY;
CREATE POLICY seg_few ON "Seg ""m""".reaction USING (party_id <= 5);
SET ROLE seg_reader;
SELECT count(*) FROM "Seg ""m""".party p WHERE p @@ 'did click';
SELECT count(*) FROM "Seg ""m""".party p, (VALUES ('did click'::segment)) v(s) WHERE p @@ v.s;
RESET ROLE;
SELECT count(*) FROM "Seg ""m""".party p WHERE p @@ 'did click';
DROP OWNED BY seg_reader;
DROP ROLE seg_reader;

-- why, and until when
SELECT * FROM explain_segment('Seg "m"', (SELECT p FROM "Seg ""m""".party p WHERE party_id = 8), 'country = ''FR'' and (did order at least 100 times or sex = ''m'') and not given_name is null');
SELECT * FROM segment_missing('Seg "m"', (SELECT p FROM "Seg ""m""".party p WHERE party_id = 8), 'country = ''FR'' and (did order at least 100 times and sex = ''m'' or party_id = 9) and given_name is null');
SELECT next_change('Seg "m"', (SELECT p FROM "Seg ""m""".party p WHERE party_id = 8), s, '2026-03-01 12:00+01') FROM unnest(ARRAY['birth_date anniversary within next 7 days', 'age >= 80', 'country = ''FR''', 'birth_date anniversary in this month']::segment[]) s;
INSERT INTO "Seg ""m""".sales_order (party_id, ordered_at, currency, amount, source_id, external_id) VALUES (200, '2026-03-15 02:30+01', 'EUR', 5, 1, 'dst');
SELECT s, next_change('Seg "m"', (SELECT p FROM "Seg ""m""".party p WHERE party_id = 200), s, '2026-03-16') FROM unnest(ARRAY['did order within last 14 days', 'did order within last 336 hours', 'did order in this month', 'last_order_at within last 14 days', 'stopped ordering for 20 days', 'did order then not return within 30 days']::segment[]) s;
-- as of a past instant
SELECT define_segment('Seg "m"', 'then', 'did order within last 30 days and age > 30');
SELECT count(*) = (SELECT count(DISTINCT o.party_id) FROM o JOIN "Seg ""m""".party p USING (party_id) WHERE o.ordered_at <= now() - interval '60 days' AND o.ordered_at >= now() - interval '60 days' - interval '30 days'
	AND p.birth_date <= (now() - interval '60 days' - interval '31 years')::date) AS as_it_was FROM members('Seg "m"', 'then', now() - interval '60 days');
SELECT count(*) FROM members('Seg "m"', 'FR/BE', now() - interval '60 days');
-- names of the schema change: nothing in it names it
ALTER SCHEMA "Seg ""m""" RENAME TO seg_renamed;
SELECT count(*) > 0 FROM seg_renamed.party p WHERE p @@ 'did order and in segment ''buyers''';
SELECT count(*) > 0 FROM members('seg_renamed', 'buyers');
DROP VIEW o;
DROP SCHEMA seg_renamed, seg_app CASCADE;
