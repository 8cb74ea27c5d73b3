-- Activity bitmaps: the same answer as the joins after any sequence of writes, for any reader; sets of parties.
SET client_min_messages = warning;
SET search_path = public, crmseg;
SELECT setseed(0.42), 'seed 0.42' AS drawn;

-- ---- sets of parties ----
SELECT '{3, 1,-5,9000000000000,2}'::party_set AS set, '{}'::party_set AS none, party_set(party_set_bytes('{1,70000,-1}')) AS through_bytes, cardinality('{1,2,5000000000}'::party_set) AS cardinality;
SELECT '{1,2,3}'::party_set & '{2,3,4}' AS both, '{1,2,3}'::party_set | '{2,3,4}' AS either, '{1,2,3}'::party_set - '{2,3,4}' AS first, common_parties('{1,2,3}', '{2,3,9}') AS common,
	'{1,2}'::party_set = '{2,1,1}' AS equal, '{1,2}'::party_set <> '{1}' AS unequal, has_party('{1,2}', 2), has_party('{1,2}', 3) AS not_there, has_party(NULL, 2) AS nobody, has_party('{1}', NULL) AS null_is;
SELECT party_set_agg(i) AS agg, party_set_agg(i) FILTER (WHERE false) AS of_none, (SELECT count(*) FROM party_ids(NULL)) AS ids_of_null FROM (VALUES (5::bigint), (NULL), (1)) v (i);
SELECT party_set_union(s) AS any_of, party_set_intersection(s) AS all_of FROM (VALUES ('{1,2,3}'::party_set), (NULL), ('{2,3,4}'), ('{3,2}')) v (s);
-- arrays, bitsets and runs in all parts, by every way, against arrays
CREATE TEMP TABLE sets AS
	SELECT k, (SELECT array_agg(DISTINCT x ORDER BY x) FROM (
		SELECT CASE k % 4 WHEN 0 THEN (random() * 300000)::bigint WHEN 1 THEN 100000 + i WHEN 2 THEN (random() * 90000)::bigint * 3 - 50000 ELSE (random() * 3e10)::bigint - 10000000000 END AS x
		FROM generate_series(1, CASE WHEN current_setting('crmseg_test.light', true) = 'on' THEN 3000 ELSE 12000 END) i) r) AS a
	FROM generate_series(1, 12) k;
CREATE TEMP TABLE kept AS SELECT k, a, (SELECT party_set_agg(x) FROM unnest(a) x) AS s FROM sets;
SELECT count(*) FILTER (WHERE cardinality(s) <> cardinality(a)) AS counts, count(*) FILTER (WHERE ARRAY(SELECT party_ids(s)) <> a) AS ids, count(*) FILTER (WHERE s::text <> a::text) AS texts,
	count(*) FILTER (WHERE party_set(s::bytea) <> s) AS bytes, count(*) FILTER (WHERE NOT has_party(s, a[cardinality(a) / 2]) OR NOT has_party(s, a[1]) OR has_party(s, a[cardinality(a)] + 1)) AS has FROM kept;
SELECT count(*) AS pairs, count(*) FILTER (WHERE ARRAY(SELECT party_ids(x.s & y.s)) <> ARRAY(SELECT unnest(x.a) INTERSECT SELECT unnest(y.a) ORDER BY 1)) AS both,
	count(*) FILTER (WHERE ARRAY(SELECT party_ids(x.s | y.s)) <> ARRAY(SELECT unnest(x.a) UNION SELECT unnest(y.a) ORDER BY 1)) AS either,
	count(*) FILTER (WHERE ARRAY(SELECT party_ids(x.s - y.s)) <> ARRAY(SELECT unnest(x.a) EXCEPT SELECT unnest(y.a) ORDER BY 1)) AS first,
	count(*) FILTER (WHERE common_parties(x.s, y.s) <> cardinality(x.s & y.s)) AS common
FROM kept x JOIN kept y ON x.k < y.k AND (x.k + y.k) % 5 = 0;
SELECT (SELECT count(*) FROM kept k, unnest(ARRAY[0, -50000, 299999, 100001, 65536, 131071]) x WHERE has_party(k.s, x) <> (x = ANY (k.a))) AS has;
-- runs, which the library writes where they are shorter: one of 1 to 100000
SELECT cardinality(r) AS n, has_party(r, 65535), has_party(r, 100000), has_party(r, 100001) AS past, has_party(r, 0) AS before FROM party_set('\x0100000000000000000000003b300100030000feff0100a08601000100feff01000000a086'::bytea) r;
-- what is no set
CREATE FUNCTION pg_temp.tried(sql text) RETURNS text LANGUAGE plpgsql AS $$BEGIN EXECUTE sql; RETURN 'taken'; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM; END$$;
SELECT t, pg_temp.tried(format('SELECT %L::crmseg.party_set', t)) FROM unnest('{"","{","{1","{1,}","{1 2}","{a}","{99999999999999999999}","{1}x","{--1}"}'::text[]) t;
SELECT b, pg_temp.tried(format('SELECT crmseg.party_set(%L::bytea)', b)) FROM unnest(ARRAY['', '\x0000000000000000', '\x0100000000000000', '\x01000000000000000000000010', '\x010000000000000000000000' || '3a300000010000000000010010000000' || '02000100', '\x00000000000000000000']) b;
SELECT count(*) FILTER (WHERE t !~ '^(taken|22P03)') AS odd, count(*) > 100 AS many FROM (
	SELECT pg_temp.tried(format('SELECT cardinality(x), has_party(x, 1), x | x, (SELECT count(*) FROM party_ids(x)) FROM crmseg.party_set(%L::bytea) x', set_byte(b, i % length(b), (i * 37) % 256))) AS t
	FROM (SELECT party_set_bytes('{1,2,70000,5000000000}') AS b) s, generate_series(0, 500) i) f;

-- ---- bitmaps and joins ----
SELECT create_datamart('Act "m"', '{"time_zone": "Europe/Paris"}');
CREATE SCHEMA "App";
CREATE TABLE "App".login (client integer, "At" timestamp, kind text, n int);
CREATE TABLE "App".call (party_id bigint, day date);
CREATE TABLE "App".page (who bigint, seen_at timestamptz, kind text) PARTITION BY RANGE (seen_at);
CREATE TABLE "App".page_old PARTITION OF "App".page FOR VALUES FROM (MINVALUE) TO (date_trunc('month', now()));
CREATE TABLE "App".page_new PARTITION OF "App".page FOR VALUES FROM (date_trunc('month', now())) TO (MAXVALUE);
CREATE INDEX ON "App".page (seen_at);
CREATE VIEW "App".view AS SELECT * FROM "App".call;
SELECT add_event('Act "m"', 'login', '"App".login', 'client', 'At', '{}', 'kind ILIKE ''%in'' AND n IS DISTINCT FROM 3');
SELECT add_event('Act "m"', 'call', '"App".call', 'party_id', 'day');
SELECT add_event('Act "m"', 'page', '"App".page', 'who', 'seen_at');
SELECT add_event('Act "m"', 'look', '"App".page', 'who', 'seen_at', '{}', 'kind = ''look''');
SELECT add_event('Act "m"', 'viewed', '"App".view', 'party_id', 'day');
SELECT add_event('Act "m"', 'fresh', '"App".call', 'party_id', 'day', '{}', 'day > now()');
INSERT INTO "Act ""m""".party (party_id, kind) SELECT i, CASE WHEN i % 11 = 0 THEN 'unidentified' ELSE 'person' END FROM generate_series(1, 300) i;
-- something there is when it begins
INSERT INTO "App".login SELECT (random() * 300)::int, now() - random() * interval '100 days', 'log in', 1 FROM generate_series(1, 500);
SELECT keep_activity('Act "m"', ARRAY['viewed']);
SELECT keep_activity('Act "m"', ARRAY['fresh']);
SELECT keep_activity('Act "m"', ARRAY['nothing']);
SELECT keep_activity('Act "m"') > 4 AS kept;
SELECT event, relation::text, relations::text[], time_type, ready FROM "Act ""m""".activity_kept WHERE event IN ('', 'login', 'call', 'page', 'look') ORDER BY event COLLATE "C";
ALTER TABLE "Act ""m""".party SET (autovacuum_enabled = false);
ANALYZE "Act ""m""".party;

CREATE FUNCTION pg_temp.instant() RETURNS timestamptz LANGUAGE sql AS $$
	SELECT CASE WHEN k < 0.02 THEN NULL WHEN k < 0.03 THEN 'infinity' WHEN k < 0.04 THEN '-infinity' WHEN k < 0.1 THEN now() + random() * interval '5 days' WHEN k < 0.25 THEN now() - random() * interval '1 day'
		WHEN k < 0.3 THEN date_trunc('day', now() AT TIME ZONE 'Europe/Paris') AT TIME ZONE 'Europe/Paris' - (random() * 40)::int * interval '1 day'
		WHEN k < 0.35 THEN now() - (random() * 40)::int * interval '1 day' ELSE now() - random() * interval '100 days' END FROM (SELECT random() AS k) r $$;
CREATE FUNCTION pg_temp.leaf() RETURNS text LANGUAGE sql AS $$
	SELECT 'did ' || CASE WHEN random() < 0.3 THEN 'not ' ELSE '' END || (ARRAY['login', 'call', 'page', 'look'])[1 + floor(random() * 4)::int] || CASE WHEN random() < 0.1 THEN '' ELSE ' ' ||
		(ARRAY['within last 30 days', 'within last 1 day', 'within last 90 days', 'within last 36 hours', 'in this month', 'in last 2 calendar months', 'in last week', 'within next 3 days', 'in this day', 'within last 1 month',
			'in last 3 calendar days'])[1 + floor(random() * 11)::int] END $$;
CREATE FUNCTION pg_temp.predicate() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	p text := pg_temp.leaf();
BEGIN
	FOR i IN 1 .. (random() * 3)::int LOOP
		p := CASE WHEN random() < 0.3 THEN format('not (%s)', p) ELSE format('(%s)', p) END || CASE WHEN random() < 0.5 THEN ' and ' ELSE ' or ' END || pg_temp.leaf();
	END LOOP;
	-- something that bitmaps do not tell
	RETURN CASE WHEN random() < 0.3 THEN format('(%s) %s party_id >= 150', p, CASE WHEN random() < 0.5 THEN 'and' ELSE 'or' END) ELSE p END;
END $$;
CREATE FUNCTION pg_temp.write_something() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	k float8 := random();
	n int := 1 + (random() * 20)::int;
BEGIN
	IF k < 0.25 THEN
		INSERT INTO "App".login SELECT nullif((random() * 310)::int, 0), pg_temp.instant() AT TIME ZONE 'UTC', (ARRAY['log in', 'out', NULL])[1 + floor(random() * 3)::int], (random() * 4)::int FROM generate_series(1, n);
	ELSIF k < 0.4 THEN
		INSERT INTO "App".call SELECT nullif((random() * 310)::bigint, 0), pg_temp.instant()::date FROM generate_series(1, n);
	ELSIF k < 0.5 THEN
		INSERT INTO "App".page SELECT nullif((random() * 310)::bigint, 0), coalesce(pg_temp.instant(), now()), (ARRAY['look', 'scroll'])[1 + floor(random() * 2)::int] FROM generate_series(1, n);
	ELSIF k < 0.55 THEN
		-- straight into a partition
		INSERT INTO "App".page_new SELECT (random() * 310)::bigint, greatest(now(), coalesce(pg_temp.instant(), now())), 'look' FROM generate_series(1, n);
	ELSIF k < 0.65 THEN
		UPDATE "App".login SET "At" = CASE WHEN random() < 0.5 THEN "At" ELSE pg_temp.instant() AT TIME ZONE 'UTC' END, kind = CASE WHEN random() < 0.3 THEN 'out' ELSE kind END, n = (random() * 4)::int WHERE random() < 0.05;
	ELSIF k < 0.72 THEN
		UPDATE "App".page SET who = nullif((random() * 310)::bigint, 0), seen_at = coalesce(pg_temp.instant(), now()), kind = CASE WHEN random() < 0.3 THEN 'scroll' ELSE kind END WHERE random() < 0.05;
	ELSIF k < 0.8 THEN
		DELETE FROM "App".login WHERE random() < 0.03;
	ELSIF k < 0.85 THEN
		DELETE FROM "App".call WHERE random() < 0.05;
	ELSIF k < 0.9 THEN
		DELETE FROM "App".page WHERE random() < 0.05;
	ELSIF k < 0.93 THEN
		UPDATE "Act ""m""".party SET kind = CASE WHEN random() < 0.5 THEN 'unidentified' ELSE 'person' END WHERE random() < 0.02;
	ELSIF k < 0.94 THEN
		TRUNCATE "App".call;
	ELSE
		PERFORM crmseg.fold_activity('Act "m"');
	END IF;
END $$;
CREATE TEMP TABLE difference (way text, predicate text, bitmaps bigint[], joins bigint[]);
-- the set, row @@ in WHERE, and the value of row @@ for strangers and NULL too, with the bitmaps and without, at one instant
CREATE FUNCTION pg_temp.compare(p text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	way text;
	got bigint[];
	expected bigint[];
	set_of bigint[];
	used integer := 0;
	line text;
BEGIN
	FOREACH way IN ARRAY ARRAY[
		CASE WHEN p !~ 'party_id' THEN format($q$SELECT array_agg(m ORDER BY m) FROM crmseg.party_ids(crmseg.activity_set('Act "m"', %L)) m$q$, p) END,
		format($q$SELECT array_agg(party_id ORDER BY party_id) FROM "Act ""m""".party p WHERE kind <> 'unidentified' AND p @@ %L::crmseg.segment$q$, p),
		format($q$SELECT array_agg(party_id ORDER BY party_id) FROM "Act ""m""".party p WHERE p @@ %L::crmseg.segment$q$, p),
		format($q$SELECT array_agg((v.party_id * 10 + CASE v @@ %L::crmseg.segment WHEN true THEN 1 WHEN false THEN 2 ELSE 3 END) ORDER BY 1) FROM (SELECT i AS party_id FROM generate_series(0, 320) i UNION ALL SELECT NULL) v$q$, p)] LOOP
		CONTINUE WHEN way IS NULL;
		PERFORM set_config('crmseg.use_activity', 'on', true), set_config('crmseg.mart', 'Act "m"', true);
		EXECUTE way INTO got;
		FOR line IN EXECUTE 'EXPLAIN ' || way LOOP
			used := used + (line ~ 'activity_set|party_ids')::int;
		END LOOP;
		PERFORM set_config('crmseg.use_activity', 'off', true);
		EXECUTE way INTO expected;
		-- the set, and the parties of the next way
		IF got IS DISTINCT FROM expected OR (way ~ 'unidentified' AND set_of IS DISTINCT FROM expected AND p !~ 'party_id') THEN
			INSERT INTO difference VALUES (way, p, got, expected);
		END IF;
		set_of := got;
	END LOOP;
	RETURN used;
END $$;
CREATE FUNCTION pg_temp.rounds(n int) RETURNS TABLE (compared int, by_bitmaps bool) LANGUAGE plpgsql AS $$
DECLARE
	used int := 0;
BEGIN
	FOR i IN 1 .. n LOOP
		FOR j IN 1 .. 3 LOOP
			-- some of it is undone
			BEGIN
				PERFORM pg_temp.write_something();
				IF random() < 0.15 THEN
					RAISE EXCEPTION 'undone' USING ERRCODE = 'UU000';
				END IF;
			EXCEPTION WHEN SQLSTATE 'UU000' THEN
				NULL;
			END;
		END LOOP;
		used := used + pg_temp.compare(pg_temp.predicate());
	END LOOP;
	RETURN QUERY SELECT n, used > n;
END $$;
SELECT by_bitmaps FROM pg_temp.rounds(60);
SELECT way, predicate, bitmaps, joins FROM difference LIMIT 5;
-- the bitmaps by themselves, after all is folded: what is in the events
SELECT fold_activity('Act "m"') >= 0 AS folded;
SELECT count(*) AS deltas FROM "Act ""m""".activity_delta;
SELECT count(*) AS differ FROM (
	SELECT a.day, party_ids(party_set(a.members)) AS party FROM "Act ""m""".activity a WHERE a.event = 'login'
	EXCEPT SELECT coalesce(l."At", 'infinity')::date, l.client FROM "App".login l WHERE l.kind ILIKE '%in' AND l.n IS DISTINCT FROM 3) x;
SELECT count(*) AS differ FROM (
	SELECT (l.seen_at AT TIME ZONE 'UTC')::date, l.who FROM "App".page l WHERE l.who IS NOT NULL
	EXCEPT SELECT a.day, party_ids(party_set(a.members)) FROM "Act ""m""".activity a WHERE a.event = 'page') x;

-- ---- beside the triggers: the events are read, until it is folded ----
CREATE FUNCTION pg_temp.check_page(step text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	used int := pg_temp.compare('did page within last 30 days and did not look in this month');
BEGIN
	RETURN step || ': ' || CASE WHEN used >= 3 THEN 'bitmaps' WHEN used <= 1 THEN 'events' ELSE 'some' END || (SELECT CASE WHEN count(*) > 0 THEN ', wrong' ELSE '' END FROM difference);
END $$;
SELECT pg_temp.check_page('at first');
ALTER TABLE "App".page DETACH PARTITION "App".page_old;
SELECT pg_temp.check_page('detached');
SELECT fold_activity('Act "m"') >= 0 AS folded;
SELECT pg_temp.check_page('folded');
INSERT INTO "App".page_old VALUES (7, now() - interval '3 months', 'look');
ALTER TABLE "App".page ATTACH PARTITION "App".page_old FOR VALUES FROM (MINVALUE) TO (date_trunc('month', now()));
SELECT pg_temp.check_page('attached');
SELECT fold_activity('Act "m"') >= 0 AS folded;
SELECT pg_temp.check_page('folded');
CREATE TABLE "App".page_none PARTITION OF "App".page DEFAULT;
SELECT pg_temp.check_page('new partition');
SELECT fold_activity('Act "m"') >= 0 AS folded;
ALTER TABLE "App".page_new DISABLE TRIGGER USER;
INSERT INTO "App".page_new SELECT i, now(), 'look' FROM generate_series(200, 250) i;
SELECT pg_temp.check_page('triggers off');
ALTER TABLE "App".page_new ENABLE TRIGGER USER;
SELECT pg_temp.check_page('and on');
SELECT fold_activity('Act "m"') >= 0 AS folded;
SELECT pg_temp.check_page('folded');
SET session_replication_role = replica;
INSERT INTO "App".page_new SELECT i, now(), 'scroll' FROM generate_series(250, 280) i;
RESET session_replication_role;
SELECT pg_temp.check_page('as a replica');
TRUNCATE "App".page_new;
SELECT pg_temp.check_page('emptied');
SELECT fold_activity('Act "m"') >= 0 AS folded;
SELECT pg_temp.check_page('folded');
-- another definition of the event
SELECT add_event('Act "m"', 'look', '"App".page', 'who', 'seen_at', '{}', 'kind = ''scroll''');
SELECT pg_temp.check_page('defined anew');
SELECT keep_activity('Act "m"', ARRAY['look']);
SELECT pg_temp.check_page('kept anew');
-- inside of a trigger the statement that fired it may not have told yet
CREATE FUNCTION pg_temp.seen() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE WARNING 'seen in a trigger: %', (SELECT count(*) FROM "Act ""m""".party p WHERE party_id BETWEEN 1 AND 3 AND p @@ 'did call within last 2 days'::crmseg.segment); RETURN NULL; END$$;
DELETE FROM "App".call;
CREATE TRIGGER "AA" AFTER INSERT ON "App".call FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.seen();
\set SHOW_CONTEXT never
INSERT INTO "App".call SELECT i, (now() AT TIME ZONE 'Europe/Paris')::date FROM generate_series(1, 3) i;
DROP TRIGGER "AA" ON "App".call;

-- ---- parties that are one, and gone ----
SELECT merge_parties('Act "m"', 1, 2) = 2 AS merged;
INSERT INTO "Act ""m""".service_case (party_id, kind, opened_at) SELECT i, 'quote', now() - interval '2 days' FROM generate_series(100, 120) i;
SELECT fold_activity('Act "m"') > 0 AS folded;
SELECT merge_parties('Act "m"', 98, 102) = 102 AS merged;
SELECT erase_party('Act "m"', 101) IS NOT NULL AS erased;
SELECT pg_temp.compare('did quote within last 3 days') > 0 AS compared;
SELECT fold_activity('Act "m"') > 0 AS folded;
SELECT pg_temp.compare('did quote within last 3 days') > 0 AS compared;
SELECT array_agg(party_id ORDER BY party_id) FILTER (WHERE party_id < 104) FROM "Act ""m""".party p WHERE p @@ 'did quote'::segment;

-- ---- readers ----
CREATE FUNCTION pg_temp.explained(sql text) RETURNS SETOF text LANGUAGE plpgsql AS $f$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || sql LOOP
		IF line ~ 'activity_set|party_ids|has_party' THEN
			RETURN NEXT regexp_replace(regexp_replace(line, '\$\d|\(InitPlan \d\)\.col1', 'the set'), '''[0-9.]+''::double precision', 'share');
		END IF;
	END LOOP;
END $f$;
CREATE ROLE regress_activity_rls;
CREATE ROLE regress_activity_none;
GRANT USAGE ON SCHEMA "Act ""m""", "App", crmseg TO regress_activity_rls, regress_activity_none;
GRANT SELECT ON ALL TABLES IN SCHEMA "Act ""m""" TO regress_activity_rls, regress_activity_none;
GRANT SELECT ON ALL TABLES IN SCHEMA "App" TO regress_activity_rls;
ALTER TABLE "App".login ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON "App".login TO regress_activity_rls USING (client <= 100);
PREPARE logged AS SELECT count(*) > 0 AS some, bool_and(party_id <= 100) AS few FROM members('Act "m"', 'drawn') m (party_id);
SELECT define_segment('Act "m"', 'drawn', 'did login') > 0 AS defined;
EXECUTE logged;
SET ROLE regress_activity_rls;
EXECUTE logged;
SELECT pg_temp.explained($$SELECT p FROM "Act ""m""".party p WHERE p @@ 'did call'$$), pg_temp.explained($$SELECT p FROM "Act ""m""".party p WHERE p @@ 'did login'$$);
SELECT cardinality(activity_set('Act "m"', 'did login')) = (SELECT count(DISTINCT p.party_id) FROM "Act ""m""".party p JOIN "App".login l ON l.client = p.party_id WHERE l.kind ILIKE '%in' AND l.n IS DISTINCT FROM 3 AND p.kind <> 'unidentified') AS set_of_few;
SET ROLE regress_activity_none;
SELECT count(*) FROM "Act ""m""".party p WHERE p @@ 'did login'::segment;
EXECUTE logged;
SELECT activity_set('Act "m"', 'did login');
RESET ROLE;
EXECUTE logged;
-- in a plan
EXPLAIN (COSTS OFF) SELECT count(*) FROM members('Act "m"', 'drawn');
EXPLAIN (COSTS OFF) SELECT p FROM "Act ""m""".party p WHERE p @@ 'did call within last 2 days and not did login within last 30 days and party_id > 5'::segment;
SELECT pg_temp.explained($$SELECT p FROM "Act ""m""".party p WHERE p @@ 'did login within last 90 days and not did call within last 30 days'$$);
-- overlaps from sets, of bitmaps and of anything else, against the members one by one
SELECT define_segment('Act "m"', n, p::segment) > 0 AS defined FROM (VALUES ('a', 'did login within last 90 days'), ('b', 'did not call within last 30 days or did login'), ('c', 'did call and party_id > 50'), ('d', 'party_id < 0')) v (n, p) ORDER BY n;
SELECT count(*) AS pairs, max(o.members) > 0 AS some, count(*) FILTER (WHERE o.members IS DISTINCT FROM e.members OR o.share IS DISTINCT FROM e.share) AS differ
FROM segment_overlap('Act "m"', '{a,b,drawn,c,d,a}') o
FULL JOIN (WITH m AS MATERIALIZED (SELECT n, array(SELECT members('Act "m"', n)) AS ids FROM unnest('{a,b,drawn,c,d}'::text[]) n)
	SELECT x.n AS a, y.n AS b, k.members, k.members::float8 / nullif(cardinality(x.ids), 0) AS share FROM m x CROSS JOIN m y
		CROSS JOIN LATERAL (SELECT count(*) AS members FROM (SELECT unnest(x.ids) INTERSECT SELECT unnest(y.ids)) b) k) e USING (a, b);
SELECT o.members, o.share FROM segment_overlap('Act "m"', '{d}') o;
-- counted: a set has its number, and nobody is told one by one; with anything beside the number they are
EXPLAIN (COSTS OFF) SELECT 2 * count(*) AS twice FROM members('Act "m"', 'a');
SELECT v.n > 0 AS some, (SELECT count(*) FROM members('Act "m"', 'a')) = v.n AS alone, (SELECT 2 * count(*) FROM members('Act "m"', 'b') HAVING true) = 2 * (SELECT count(x) FROM members('Act "m"', 'b') x) AS having, (SELECT count(*) FROM members('Act "m"', 'a') x WHERE x > 50) = (SELECT count(*) FILTER (WHERE x > 50) FROM members('Act "m"', 'a') x) AS filtered,
	(SELECT count(*) + max(x) > max(x) FROM members('Act "m"', 'a') x) AS with_another, (SELECT count(*) FROM members('Act "m"', 'a') GROUP BY ()) = v.n AS grouped, (SELECT (count(*) = v.n)::text FROM members('Act "m"', 'a')) AS outside, (SELECT count(*) FROM members('Act "m"', 'c')) = (SELECT count(x) FROM members('Act "m"', 'c') x) AS of_rows
FROM (SELECT cardinality(activity_set('Act "m"', 'did login within last 90 days')) AS n) v;
SELECT count(*) AS steps, count(*) FILTER (WHERE f.remaining IS DISTINCT FROM CASE f.step WHEN 0 THEN (SELECT count(*) FROM "Act ""m""".party WHERE kind <> 'unidentified') WHEN 1 THEN (SELECT count(*) FROM members('Act "m"', 'a')) ELSE (SELECT count(*) FROM members('Act "m"', 'a') x WHERE x > 50) END) AS differ
FROM segment_funnel('Act "m"', 'did login within last 90 days and party_id > 50') f;
SELECT s.margin, s.estimate = (SELECT count(*) FROM members('Act "m"', 'b')) AS counted FROM segment_size('Act "m"', 'did not call within last 30 days or did login') s;
SELECT segment_overlap('Act "m"', '{}');
-- one party: its events are looked up
SELECT pg_temp.explained($$SELECT p @@ 'did login within last 90 days'::crmseg.segment FROM "Act ""m""".party p WHERE party_id = 7$$);
SELECT activity_set('Act "m"', 'did login at least twice');

-- no longer
SELECT keep_activity('Act "m"', ARRAY['login'], false);
SELECT keep_activity('Act "m"', NULL, false) > 4 AS ended;
SELECT count(*) AS triggers FROM pg_trigger WHERE tgname LIKE 'aa\_activity%';
SELECT (SELECT count(*) FROM "Act ""m""".activity) + (SELECT count(*) FROM "Act ""m""".activity_delta) AS rows;
SELECT way, predicate, bitmaps, joins FROM difference LIMIT 5;
DROP SCHEMA "App", "Act ""m""" CASCADE;
REVOKE ALL ON SCHEMA crmseg FROM regress_activity_rls, regress_activity_none;
DROP ROLE regress_activity_rls, regress_activity_none;
