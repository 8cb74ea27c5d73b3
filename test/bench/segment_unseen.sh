#!/usr/bin/env bash
# segment_unseen.sh: matching_segments on predicates that the index over predicates was not measured on: 300 attributes of which most are NULL; ranges of numbers and
# instants, windows and anniversaries, each with bounds of its own; patterns, sets, denials and ORs over several attributes; patterns and orders of texts, each of its own; selectivity from one in ten thousand to nine in ten.
# Microseconds a row (processor time, least of three), of the index made anew and taken from the image; a sample is compared with in_segment of each.
#   SIZE=10000   ROWS=500
set -eu
sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }
sql -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION IF NOT EXISTS crmseg' >/dev/null
for kind in wide ranges mixed texts; do
	sql -v kind="$kind" -v n="${SIZE:-10000}" -v rows="${ROWS:-500}" <<'SQL'
SET client_min_messages = warning;
SET search_path = crmseg, public;
SELECT create_datamart('unseen', '{"time_zone": "Europe/Paris"}'), setseed(0.77) \g /dev/null
CREATE FUNCTION pg_temp.pick(a text[]) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT a[1 + floor(random() * cardinality(a))::int] $$;
-- column k of the wide table is of the kind k % 6; the others have one of each kind that the name says
SELECT CASE WHEN :'kind' = 'wide' THEN (SELECT string_agg(format('c%s %s', k, (ARRAY['int', 'numeric', 'text', 'boolean', 'date', 'text[]'])[1 + k % 6]), ', ') FROM generate_series(0, 299) k)
	ELSE 'a int, b numeric, c float8, d date, e timestamptz, f timestamptz, g bigint, h numeric, s text, t text, u text, v boolean, w boolean, x text[], y text[], z jsonb' END AS columns \gset
CREATE TABLE unseen.row (party_id bigint PRIMARY KEY, :columns);
CREATE FUNCTION pg_temp.letters(n int) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT string_agg(chr(97 + floor(random() * 26)::int + i % 1), '') FROM generate_series(1, n) i $$;
CREATE FUNCTION pg_temp.leaf(kind text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	k int := floor(random() * 300)::int;
	op text := pg_temp.pick('{<,<=,>,>=,=,<>}');
BEGIN
	IF kind = 'wide' THEN
		RETURN CASE k % 6 WHEN 0 THEN format('c%s %s %s', k, op, (random() * 100)::int) WHEN 1 THEN format('c%s between %s and %s', k, round((random() * 50)::numeric, 2), round((50 + random() * 50)::numeric, 2))
			WHEN 2 THEN format('c%s in (''v%s'', ''v%s'')', k, floor(random() * 40), floor(random() * 40)) WHEN 3 THEN pg_temp.pick(ARRAY[format('c%s', k), format('c%s is null', k), format('c%s is not true', k)])
			WHEN 4 THEN format('c%s within last %s days', k, 1 + (random() * 600)::int) ELSE format('c%s has %s (''x%s'', ''x%s'')', k, pg_temp.pick('{any,none,all}'), floor(random() * 30), floor(random() * 30)) END;
	ELSIF kind = 'ranges' THEN
		RETURN CASE k % 8 WHEN 0 THEN format('a %s %s', op, (random() * 100000)::int) WHEN 1 THEN format('b between %s and %s', round((random() * 500)::numeric, 3), round((500 + random() * 500)::numeric, 3))
			WHEN 2 THEN format('c not between %s and %s', round((random() * 500)::numeric, 4), round((500 + random() * 500)::numeric, 4)) WHEN 3 THEN format('d >= date ''%s''', date '2000-01-01' + (random() * 9000)::int)
			WHEN 4 THEN format('e within last %s %s', 1 + (random() * 2000)::int, pg_temp.pick('{hours,days,weeks}')) WHEN 5 THEN format('f %s %s months', pg_temp.pick('{older than,not within last,within next}'), 1 + (random() * 60)::int)
			WHEN 6 THEN format('d anniversary within next %s days', 1 + (random() * 300)::int) ELSE format('g %s %s and h < %s', op, (random() * 1000000000)::bigint, round((random() * 1000)::numeric, 5)) END;
	END IF;
	IF kind = 'texts' THEN
		RETURN CASE k % 6 WHEN 0 THEN format('s like ''%s%%''', pg_temp.letters(1 + k % 4)) WHEN 1 THEN format('t ilike ''%%%s%%''', upper(pg_temp.letters(2 + k % 2))) WHEN 2 THEN format('u %s ''%s''', pg_temp.pick('{<,<=,>,>=}'), pg_temp.letters(4))
			WHEN 3 THEN format('s between ''%s'' and ''%s''', pg_temp.letters(3), 'n' || pg_temp.letters(3)) WHEN 4 THEN format('t not like ''%%%s_%s%%''', pg_temp.letters(1), pg_temp.letters(1)) ELSE format('u like ''%s%%%s''', pg_temp.letters(1), pg_temp.letters(1)) END;
	END IF;
	RETURN CASE k % 10 WHEN 0 THEN format('s like ''%s%%''', pg_temp.pick('{a,b,ab,ba,c}')) WHEN 1 THEN format('t ilike ''%%%s%%''', pg_temp.pick('{x,y,xy}')) WHEN 2 THEN format('u <> ''k%s''', floor(random() * 500)) WHEN 3 THEN 'v is not true'
		WHEN 4 THEN format('x has none (''i%s'', ''i%s'', ''i%s'')', floor(random() * 200), floor(random() * 200), floor(random() * 200)) WHEN 5 THEN format('y has all (''i%s'', ''i%s'')', floor(random() * 40), floor(random() * 40))
		WHEN 6 THEN format('z.size %s %s', op, (random() * 60)::int) WHEN 7 THEN format('(a < %s or b > %s or s = ''ab'')', (random() * 40000)::int, (500 + random() * 500)::int)
		WHEN 8 THEN format('not (u = ''k%s'' and w)', floor(random() * 500)) ELSE format('a %s %s', pg_temp.pick('{<,>=}'), (random() * 100000)::int) END;
END $$;
SELECT format('INSERT INTO unseen.row SELECT i, %s FROM generate_series(1, %s) i', CASE WHEN :'kind' = 'wide' THEN (SELECT string_agg(format('CASE WHEN random() > %s THEN %s END', round((k % 10) / 10.0, 1),
		(ARRAY['(random() * 100)::int', 'round((random() * 100)::numeric, 2)', '''v'' || floor(random() * 40)', 'random() < 0.5', 'current_date - (random() * 600)::int', 'ARRAY[''x'' || floor(random() * 30), ''x'' || floor(random() * 30)]'])[1 + k % 6]), ', ')
		FROM generate_series(0, 299) k)
	ELSE 'n.a, n.b, n.b * random(), date ''2000-01-01'' + (random() * 9000)::int, now() - random() * interval ''900 days'', now() + (random() - 0.7) * interval ''2000 days'', (random() * 1000000000)::bigint, round((random() * 1000)::numeric, 5),
		' || CASE :'kind' WHEN 'texts' THEN 'pg_temp.letters(12 + i % 1), pg_temp.letters(12 + i % 1), pg_temp.letters(12 + i % 1)' ELSE 'pg_temp.pick(''{a,ab,abc,b,ba,c,d,NULL}''), pg_temp.pick(''{xx,xyz,yz,z,q,NULL}''), ''k'' || floor(random() * 500)' END || ', random() < 0.5, CASE WHEN random() < 0.7 THEN random() < 0.5 END,
		ARRAY(SELECT ''i'' || floor(random() * 200 + i % 1) FROM generate_series(1, 5)), CASE WHEN random() < 0.8 THEN ARRAY(SELECT ''i'' || floor(random() * 40 + i % 1) FROM generate_series(1, 9)) END, jsonb_build_object(''size'', (random() * 60)::int)' END, :rows)
	|| CASE WHEN :'kind' = 'wide' THEN '' ELSE ', LATERAL (SELECT CASE WHEN random() < 0.8 THEN (random() * 100000 + i % 1)::int END AS a, round((random() * 1000 + i % 1)::numeric, 3) AS b) n' END \gexec
INSERT INTO unseen.segment_definition (name, predicate)
	SELECT 's' || i, string_agg(CASE WHEN random() < 0.15 THEN 'not (' || pg_temp.leaf(:'kind') || ')' ELSE pg_temp.leaf(:'kind') END, CASE WHEN i % 10 = 0 THEN ' or ' ELSE ' and ' END)::segment::text
	FROM generate_series(1, :n) i, generate_series(0, i % CASE WHEN :'kind' = 'wide' THEN 3 ELSE 6 END) GROUP BY i;
VACUUM ANALYZE unseen.segment_definition;
CREATE FUNCTION pg_temp.used() RETURNS float8 LANGUAGE sql AS $$ SELECT split_part(pg_read_file('/proc/' || pg_backend_pid() || '/schedstat', 0, 100), ' ', 1)::float8 / 1000 $$;
SELECT pg_temp.used() AS t0 \gset
SELECT count(*) FROM unseen.row r, matching_segments('unseen', r) WHERE r.party_id = 1 \g /dev/null
SELECT pg_temp.used() - :t0 AS anew \gset
\c
SET client_min_messages = warning;
SET search_path = crmseg, public;
CREATE FUNCTION pg_temp.used() RETURNS float8 LANGUAGE sql AS $$ SELECT split_part(pg_read_file('/proc/' || pg_backend_pid() || '/schedstat', 0, 100), ' ', 1)::float8 / 1000 $$;
SELECT pg_temp.used() IS NOT NULL, 'age = 1'::segment IS NOT NULL \g /dev/null
SELECT pg_temp.used() AS t0 \gset
SELECT count(*) FROM unseen.row r, matching_segments('unseen', r) WHERE r.party_id = 1 \g /dev/null
SELECT pg_temp.used() - :t0 AS first_use, (SELECT sum(total_bytes) / 1e6 FROM pg_backend_memory_contexts WHERE name = 'crmseg segments of a mart') AS mb \gset
SELECT count(*) AS pairs FROM unseen.row r, matching_segments('unseen', r) \gset
DO $$
DECLARE
	t float8;
	least_time float8;
	n bigint;
BEGIN
	FOR i IN 1 .. 3 LOOP
		t := pg_temp.used();
		PERFORM count(*) FROM unseen.row r, matching_segments('unseen', r);
		least_time := least(least_time, pg_temp.used() - t);
	END LOOP;
	SELECT count(*) INTO n FROM unseen.row;
	PERFORM set_config('bench.t', (least_time / n)::text, false);
END $$;
WITH a AS MATERIALIZED (SELECT r.party_id, m.s FROM unseen.row r, matching_segments('unseen', r) m (s) WHERE r.party_id % 50 = 1 AND right(m.s, 1) IN ('0', '7')),
	b AS MATERIALIZED (SELECT r.party_id, d.name FROM unseen.row r, unseen.segment_definition d WHERE r.party_id % 50 = 1 AND right(d.name, 1) IN ('0', '7') AND in_segment('unseen', r, d.name))
SELECT (SELECT count(*) FROM b) AS compared, (SELECT count(*) FROM (TABLE a EXCEPT TABLE b) x) + (SELECT count(*) FROM (TABLE b EXCEPT TABLE a) x) AS differ \gset
SELECT format('%s: %s predicates, %s found a row: %s us a row; made anew %s ms (%s us a predicate), from the image %s ms, %s MB; of %s pairs compared with in_segment %s differ', :'kind', :n, round(:pairs::numeric / :rows, 1), round(current_setting('bench.t')::numeric, 1),
	round((:anew / 1e3)::numeric, 1), round((:anew / :n)::numeric, 1), round((:first_use / 1e3)::numeric, 1), round(:mb::numeric, 1), :compared, :differ);
DROP SCHEMA unseen CASCADE;
SQL
done
