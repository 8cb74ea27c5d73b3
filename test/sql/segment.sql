-- The type segment: what is read and written, what is refused and where, equality, operators, bytes, the row without a mart.
\set SHOW_CONTEXT never
SET search_path = crmseg, public;
SET TimeZone = 'UTC';
SELECT 'AGE>=030.50 and not (city in (''Lyon'') or vip)'::segment;
SELECT s::segment::text AS canonical, s::segment::text::segment = s::segment AS fixed_point FROM unnest(ARRAY[
	'age >= 30', 'country in (''FR'',''BE'')', 'dwelling.tenure = ''owner''', 'interests has ''tennis''', 'interests has any (''tennis'',''golf'')', 'interests has all (''a'', ''b'')',
	'interests has none (''a'', ''b'')', 'last_order_at within last 90 days', 'last_order_at not within last 90 days', 'last_order_at older than 2 years', 'contract_end within next 30 days',
	'd in this month', 'd in last 3 calendar months', 'birth_date anniversary within next 7 days', 'did order at least 3 times within last 90 days', 'did not open within last 30 days',
	'did order where product = ''ß'' and amount >= 50 exactly once', 'did order between 2 and 5 times', 'sum(order.amount) within last 12 months >= 500', 'count distinct (order.product) >= 3',
	'first order.channel = ''store''', 'last order where status = ''paid'' .amount > 100', 'did cart then not order within 3 days', 'did quote then call then order within 30 days',
	'stopped ordering for 180 days after at least 3 orders', 'rfm in (''5-5-5'',''5-5-4'') and r >= 4 and p_alive < 0.3', 'in segment ''vip'' and not in segment ''lost''', 'sample 10 percent seed ''spring''',
	'sample 0 to 10 percent seed ''spring''', 'within 20 km of (45.76, 4.84)', 'reachable by email for ''newsletter''', 'top 5000 by revenue', 'country = ''FR'' and top 10 percent by revenue',
	'a is null or (b or c) is unknown', 'x like ''a%'' and y not ilike ''_b''', 'd > date ''2026-01-01'' and t < timestamp ''2026-01-01T10:00Z'' and i > interval ''2 years''']) WITH ORDINALITY u(s, n) ORDER BY n;
-- equality, order, hash
SELECT 'a = 1.0'::segment = '(A=1)' AS same, 'a = 1'::segment <> 'a = 2' AS other, count(DISTINCT s) FROM (VALUES ('x'::segment), ('( x )'), ('y')) v(s);
CREATE TEMP TABLE h (s segment) PARTITION BY HASH (s);
CREATE TEMP TABLE h0 PARTITION OF h FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO h VALUES ('x'), ('y');
CREATE UNIQUE INDEX ON h0 (s);
INSERT INTO h VALUES ('(x)');
-- operators, names
SELECT 'a or b'::segment & 'c', 'a'::segment | 'b and c', !'a or b'::segment, !'x in (1)'::segment;
SELECT 'top 3 by a'::segment | 'b';
SELECT !'top 3 by a'::segment;
SELECT segment_attributes('b.c = 1 and a and (did x where y = 3) and within 3 km of (1, 2)'), segment_events('did b then a and sum(c.x) > 3 and first d.y = 1'), segment_segments('in segment ''v'' or not in segment ''u''');
-- bytes

SELECT encode(segment_send('a = 1'), 'hex');
COPY (SELECT 'did x then not y within 3 days or top_ > 3'::segment) TO '/dev/null' (FORMAT binary);
-- JSON and back, for every form; what is no segment is refused
SELECT count(*) AS forms, count(*) FILTER (WHERE segment_from_json(segment_to_json(s::segment)) = s::segment) AS back FROM unnest(ARRAY[
	'age >= 30.5 and not (a or b) or c is null and (a or b) is not true', 'x in (1, ''a'', true, date ''2026-01-01'') and d between interval ''2 days'' and timestamp ''2026-01-01''', 'a like ''x'' and b ilike ''y'' and c has all (1, 2) and d has none (''x'')',
	'a within last 3 days and b anniversary within next 2 weeks and c in last 3 calendar months and d in this week and e older than 3 years', 'did order where gift or amount > 3 between 2 and 5 times within last 3 days and did not x',
	'sum(a.b where c = 1) within last 3 days > 3 and count(a) = 0 and count distinct (a.b) > 1 and first a.b = 1 and last a where c .d = 2', 'did a then b where x = 1 then not c within 3 days within last 2 months', 'stopped ordering for 3 days after at least 3 orders',
	'in segment ''v'' and sample 10 to 20.5 percent seed ''s'' and within 3 km of (-1.5, 2) and reachable by email for ''n'' and true and top 10 percent by a.b']) s;
SELECT segment_to_json('did order where amount > 3 at least twice within last 3 days');
SELECT segment_from_json('{"kind": "and", "children": [{"kind": "and", "children": [{"kind": "flag", "children": [{"kind": "attribute", "name": ["a"]}]}, {"kind": "flag", "children": [{"kind": "attribute", "name": ["top"]}]}]}, {"kind": "compare", "op": "=", "values": ["it''s"], "children": [{"kind": "attribute", "name": ["B"]}]}]}');
SELECT segment_from_json('{"kind": "compare", "op": "=", "values": [3]}');
SELECT segment_from_json('{"kind": "like", "values": [3], "children": [{"kind": "attribute", "name": ["a"]}]}');
SELECT segment_from_json('{"kind": "or", "children": [{"kind": "top", "values": [3], "children": [{"kind": "attribute", "name": ["a"]}]}, {"kind": "constant", "op": "true"}]}');
SELECT segment_from_json('[]');
SELECT segment_from_json('{"kind": "drop"}');
-- errors: the place, a caret, a hint
SELECT 'age >= and country = ''FR'''::segment;
SELECT E'age >= 3 and\n  countr in ()'::segment;
SELECT 'city = ''Lyon'::segment;
SELECT 'born > date ''2026-02-30'''::segment;
SELECT 'a or top 3 by b'::segment;
SELECT 'did order where did open'::segment;
SELECT ('x = ''' || repeat('é', 40000) || '''')::segment;
SELECT (repeat('(', 1000000) || 'a' || repeat(')', 1000000))::segment;
SELECT (repeat('(', 600) || 'a' || repeat(')', 600))::segment;
SELECT (repeat('not ', 3000) || 'a')::segment;
SELECT length((repeat('(', 400) || 'a' || repeat(')', 400))::segment::text), length((repeat('not ', 400) || 'a')::segment::text);
SELECT length((SELECT 'c in (' || string_agg('''' || i || '''', ', ') || ')' FROM generate_series(1, 20000) i)::segment::text);
SELECT repeat('a and ', 200000)::segment;
SELECT (repeat('x', 256) || ' = 1')::segment;

-- ---- rows without a mart ----
CREATE TABLE seg_person (id int PRIMARY KEY, age int, "City" text, vip bool, born date, seen timestamptz, tags text[], ratio float8, traits jsonb, rfm int);
INSERT INTO seg_person VALUES (1, 30, 'Lyon', true, '1990-02-28', now() - interval '5 days', '{a,b}', 0.1, '{"pets": ["cat"], "home": {"rooms": 4, "since": "2020-05-01"}, "own": true}', 555),
	(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (3, 70, 'Brest', false, current_date - 3, now() + interval '1 day', '{c}', 2, '{"pets": "dog", "home": {"rooms": "3"}, "own": "yes"}', 111);
SELECT s, (SELECT string_agg(coalesce((p @@ s::segment)::text, 'unknown'), ' ' ORDER BY id) FROM seg_person p) AS answers FROM unnest(ARRAY[
	'age >= 30', '"City" = ''Lyon''', 'not "City" = ''Lyon''', 'vip', 'not vip', 'vip is not true', 'age is null', 'age between 30 and 40', 'age in (30, 70.0)', 'age not in (30)', 'tags has ''a''', 'tags has none (''a'')',
	'tags has all (''a'', ''b'')', 'seen within last 7 days', 'seen not within last 7 days', 'seen within next 2 days', 'seen older than 3 days', 'born anniversary within next 365 days', 'born within last 10 days or age = 30', 'ratio = 0.1',
	'pets has ''cat''', 'pets has any (''dog'', ''cat'')', 'home.rooms >= 3', 'home.since < date ''2021-01-01''', 'own', 'traits.own is null', 'rfm in (''5-5-5'', ''5-5-4'')', 'born > ''1990-01-01''',
	'(age > 50 or vip) is unknown', '"City" like ''L%''', '"City" ilike ''l%''', 'age > id', 'unknown', 'true and not false', 'sample 100 percent seed ''x''', 'sample 0 percent']) WITH ORDINALITY u(s, n) ORDER BY n;
-- samples are disjoint and cover
SELECT count(*) FILTER (WHERE p @@ 'sample 0 to 30 percent seed ''a'''), count(*) FILTER (WHERE p @@ 'sample 30 to 100 percent seed ''a'''), count(*) FILTER (WHERE p @@ 'sample 0 to 30 percent seed ''a''' AND p @@ 'sample 30 to 100 percent seed ''a''')
	FROM (SELECT i AS party_id FROM generate_series(1, 1000) i) p;
-- a NULL row has no attributes; rows of subqueries, CTEs, VALUES, joins, functions
SELECT count(*) FROM seg_person a LEFT JOIN seg_person b ON b.id = -a.id WHERE b @@ 'vip is unknown';
SELECT count(*) FROM seg_person a LEFT JOIN seg_person b ON b.id = -a.id, (VALUES ('vip is unknown'::segment)) v(s) WHERE b @@ v.s;
SELECT x.years FROM (SELECT age + 1 AS years FROM seg_person) x WHERE x @@ 'years > 50';
WITH x AS MATERIALIZED (SELECT age + 1 AS years FROM seg_person) SELECT x.years FROM x WHERE x @@ 'years > 50';
SELECT v.* FROM (VALUES (1, 'x'), (2, 'y')) v(a, b) WHERE v @@ 'a = 2 and b = ''y''';
SELECT count(*) FROM (seg_person a JOIN seg_person b USING (id)) j WHERE j @@ 'id = 1';
SELECT g FROM generate_series(1, 3) g WHERE ROW(g) @@ 'f1 = 1';
-- unknown names and types that do not fit
SELECT count(*) FROM seg_person p WHERE p @@ 'agee > 3';
SELECT count(*) FROM seg_person p WHERE p @@ 'age >= 30 and age = ''x''';
SELECT count(*) FROM seg_person p WHERE p @@ 'tags = ''x''';
SELECT count(*) FROM seg_person p WHERE p @@ 'age has 3';
SELECT count(*) FROM seg_person p WHERE p @@ 'age within last 3 days';
SELECT count(*) FROM seg_person p WHERE p @@ 'age > vip';
SELECT count(*) FROM seg_person p WHERE p @@ 'did order';
SELECT count(*) FROM seg_person p WHERE p @@ 'in segment ''x''';
SET crmseg.mart = 'no_such';
SELECT count(*) FROM seg_person p WHERE p @@ 'did order';
RESET crmseg.mart;
-- strings and names are data
SELECT count(*) FROM seg_person p WHERE p @@ $$"City" = 'Lyon'' or true --'$$;
SELECT count(*) FROM seg_person p WHERE p @@ $$"City" = 'a\'' or 1=1'$$;
SELECT count(*) FROM seg_person p WHERE p @@ $$"City"" or true --" = 'x' or true$$;
SET standard_conforming_strings = off;
SELECT count(*) FROM seg_person p WHERE p @@ '"City" = ''a\\b'' or "City" = ''Lyon''';
RESET standard_conforming_strings;
-- in a partial index, a constraint, a trigger, an update, a prepared statement whatever its plan
CREATE INDEX seg_old ON seg_person (id) WHERE seg_person @@ 'age > 60';
ALTER TABLE seg_person ADD CONSTRAINT seg_possible CHECK (seg_person @@ 'age < 150 or age is null');
INSERT INTO seg_person (id, age) VALUES (4, 200);
CREATE FUNCTION seg_told() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'vip: %', new.id; RETURN new; END $$;
CREATE TRIGGER seg_vip BEFORE INSERT ON seg_person FOR EACH ROW WHEN (new @@ 'vip and age > 3') EXECUTE FUNCTION seg_told();
INSERT INTO seg_person (id, age, vip) VALUES (5, 20, true), (6, 2, true);
UPDATE seg_person p SET ratio = 9 WHERE p @@ 'vip and age > 3';
PREPARE seg_q(segment) AS SELECT count(*) FROM seg_person p WHERE p @@ $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE seg_q('age >= 30');
SET plan_cache_mode = force_custom_plan;
EXECUTE seg_q('age >= 30');
RESET plan_cache_mode;
-- a column that the reader may not see
CREATE ROLE seg_reader;
GRANT SELECT (id, age) ON seg_person TO seg_reader;
SET ROLE seg_reader;
SELECT count(*) FROM seg_person p WHERE p @@ 'age > 3';
SELECT count(*) FROM (SELECT id, age FROM seg_person) p WHERE p @@ 'age > 3';
RESET ROLE;
-- an attribute under row-level security: the policy stays
ALTER TABLE seg_person ENABLE ROW LEVEL SECURITY;
CREATE POLICY seg_own ON seg_person USING (id = 1);
GRANT SELECT ON seg_person TO seg_reader;
SET ROLE seg_reader;
SELECT id FROM seg_person p WHERE p @@ 'age > 3';
RESET ROLE;
REVOKE ALL ON seg_person FROM seg_reader;
DROP TABLE seg_person;
DROP FUNCTION seg_told();
DROP ROLE seg_reader;
-- the functions behind it: clocks that change, leap days, weeks, values that are no such
SELECT shift('2026-03-28 12:00+01', '1 day', 'Europe/Paris'), shift('2026-10-24 12:00+02', '1 day', 'Europe/Paris'), shift('infinity', '1 day', 'Europe/Paris');
SELECT calendar_start('2026-03-30 00:30+02', 'week', 0, 'Europe/Paris', 1), calendar_start('2026-03-29 00:30+01', 'week', 0, 'Europe/Paris', 7), calendar_start('2026-11-22 10:00Z', 'quarter', -1, 'UTC', 1), calendar_start('2026-10-25 02:30+01', 'hour', 0, 'Europe/Paris', 1);
SELECT shift(now(), '1 day', 'Nowhere/Land');
SELECT next_anniversary('1980-02-29', '2026-02-28'), next_anniversary('1980-02-29', '2027-03-01'), next_anniversary('2026-05-05', '2026-05-05'), next_anniversary('infinity', '2026-01-01');
SELECT sample_bucket('1', ''), sample_bucket('123456789', 'spring'), round(distance_km(48.853, 2.3499, 45.7578, 4.832)), distance_km('NaN', 0, 0, 0);
SELECT trait_number('3.5'), trait_number('"3.50"'), trait_number('"3x"'), trait_number('[3]'), trait_flag('true'), trait_flag('"true"'), trait_date('"2026-02-28T10:00"'), trait_date('"2026-02-30"'), trait_date('3');
