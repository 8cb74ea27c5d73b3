#!/usr/bin/env bash
# segment_random.sh [N [SEED]] : random predicates through text input and output, binary output and input, the planner (as a value and as a
# condition), the evaluator, and SQL written beside them, over rows with NULLs everywhere, events and ATTRIBUTES (300) columns: what
# test/sql/segment_random.sql does for 300. Prints every difference, and how many there were. By the environment too: PREDICATES=1000000
# SEED=0.5 ATTRIBUTES=300 ROWS=40 NULLS=0.3 (share of unknown values) PIECE=1000.
set -eu
[[ "${1:-}" =~ ^[0-9]+$ ]] && PREDICATES=$1 && [[ "${2:-}" =~ ^[0-9.]+$ ]] && SEED=$2
PREDICATES=${PREDICATES:-2000} SEED=${SEED:-0.31} ATTRIBUTES=${ATTRIBUTES:-300} ROWS=${ROWS:-40} NULLS=${NULLS:-0.3} PIECE=${PIECE:-1000}
root=${CRMSEG_ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
work=$(mktemp -d "${TMPDIR:-/tmp}/segment_random.XXXXXX"); trap 'rm -rf "$work"' EXIT
psql -qXAt -v ON_ERROR_STOP=1 -c 'SET client_min_messages = error' -c 'CREATE EXTENSION IF NOT EXISTS crmseg' -c 'DROP SCHEMA IF EXISTS rnd, rnd_data CASCADE' >/dev/null
{
	cat <<SQL
\\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET search_path = crmseg, public;
SET jit = off;
SET max_parallel_workers_per_gather = 0;
SELECT create_datamart('rnd', '{"time_zone": "Europe/Paris"}') \\g /dev/null
SET crmseg.mart = 'rnd';
CREATE SCHEMA rnd_data;
SELECT setseed($SEED) \\g /dev/null
CREATE TABLE rnd_data.visit AS
	SELECT CASE WHEN random() < 0.97 THEN (random() * $ROWS)::bigint END AS person, CASE WHEN random() < 0.97 THEN now() - random() * 200 * interval '1 day' END AS at,
		CASE WHEN random() >= $NULLS THEN (ARRAY['web', 'store', 'app'])[1 + floor(random() * 3)::int] END AS place, CASE WHEN random() >= $NULLS THEN (random() * 50)::int END AS amount
	FROM generate_series(1, 3 * $ROWS);
SELECT 'CREATE TABLE rnd_data.person AS SELECT i::bigint AS party_id, CASE WHEN random() >= $NULLS THEN (random() * 90)::int END AS age, CASE WHEN random() >= $NULLS THEN round((random() * 1000)::numeric, 2) END AS revenue,
		CASE WHEN random() >= $NULLS THEN (ARRAY[''Lyon'', ''Paris'', ''Brest'', ''O''''Hara'', ''a\\b''])[1 + floor(random() * 5)::int] END AS city,
		CASE WHEN random() >= $NULLS THEN random() < 0.5 END AS vip, CASE WHEN random() >= $NULLS THEN current_date - (random() * 20000)::int END AS born,
		CASE WHEN random() >= $NULLS THEN now() - (random() * 400 - 50) * interval ''1 day'' END AS seen_at,
		CASE WHEN random() >= $NULLS THEN ARRAY(SELECT ''t'' || (random() * 6)::int FROM generate_series(1, 1 + (i % 3))) END AS tags,
		CASE WHEN random() >= $NULLS THEN jsonb_strip_nulls(jsonb_build_object(''rooms'', CASE WHEN random() < 0.6 THEN (random() * 8)::int END, ''own'', CASE WHEN random() < 0.6 THEN random() < 0.5 END,
			''home'', jsonb_build_object(''kind'', CASE WHEN random() < 0.6 THEN ''k'' || (random() * 3)::int END))) END AS traits'
	|| string_agg(format(', CASE WHEN random() >= %s THEN %s END AS a%s', power(random(), 2)::numeric(3, 2), CASE n % 8 WHEN 0 THEN '(random() * 100)::int' WHEN 1 THEN 'round((random() * 20)::numeric, 1)' WHEN 2 THEN '(random() * 20)::float8'
		WHEN 3 THEN '''v'' || (random() * 9)::int' WHEN 4 THEN 'current_date - (random() * 400)::int' WHEN 5 THEN 'now() - random() * interval ''400 days''' WHEN 6 THEN 'random() < 0.3' ELSE 'ARRAY[''x'' || (random() * 4)::int, ''y'' || (random() * 4)::int]' END, n), '' ORDER BY n)
	|| ' FROM generate_series(1, $ROWS) i' FROM generate_series(1, $ATTRIBUTES - 9) n \\gexec
CREATE INDEX ON rnd_data.person (age);
CREATE INDEX ON rnd_data.visit (person, at);
ANALYZE rnd_data.person, rnd_data.visit;
SELECT add_event('rnd', 'visit', 'rnd_data.visit', 'person', 'at', '{"where": "place"}') \\g /dev/null
SQL
	sed -n '/^-- a leaf and its SQL/,/^CREATE TABLE rnd_data.one/p' "$root/test/sql/segment_random.sql" | sed '$d'
	cat <<SQL
ALTER FUNCTION rnd_data.leaf RENAME TO leaf_of_person;
-- half of the conditions are on one of the other attributes, of selectivities from nobody to all
CREATE FUNCTION rnd_data.leaf(OUT seg text, OUT q text) LANGUAGE plpgsql AS \$\$
DECLARE
	n int := 1 + floor(random() * greatest($ATTRIBUTES - 9, 1));
	b int := 1 + floor(random() * greatest($ATTRIBUTES - 9, 1));
	o text := (ARRAY['=', '<>', '<', '<=', '>=', '>'])[1 + floor(random() * 6)::int];
	no text := CASE WHEN random() < 0.3 THEN 'not ' ELSE '' END;
	is_ text := CASE WHEN random() < 0.15 THEN (ARRAY[' is true', ' is not true', ' is false', ' is not false', ' is unknown', ' is not unknown'])[1 + floor(random() * 6)::int] ELSE '' END;
	v float8 := power(random(), 3) * (CASE WHEN random() < 0.5 THEN -1 ELSE 1 END);
	d int := floor(random() * 420);
	i text;
BEGIN
	IF random() < 0.5 OR $ATTRIBUTES < 17 THEN
		SELECT * INTO seg, q FROM rnd_data.leaf_of_person();
		RETURN;
	END IF;
	b := b - (b - n) % 8;	-- of the same type
	IF b < 1 OR b > $ATTRIBUTES - 9 THEN
		b := n;
	END IF;
	IF random() < 0.05 THEN
		seg := format('a%s is %snull', n, no); q := format('(t.a%s IS %sNULL)', n, no);
		RETURN;
	END IF;
	CASE n % 8
		WHEN 0, 1, 2 THEN
			IF random() < 0.2 THEN seg := format('a%s %s a%s', n, o, b); q := format('t.a%s %s t.a%s', n, o, b);
			ELSIF random() < 0.3 THEN seg := format('a%s %sbetween %s and %s', n, no, round(v * 20), round(v * 20) + d); q := format('t.a%s %sBETWEEN %s AND %s', n, no, round(v * 20), round(v * 20) + d);
			ELSIF random() < 0.3 THEN seg := format('a%s %sin (%s, %s, 3)', n, no, d, round(v * 50)); q := format('t.a%s %sIN (%s, %s, 3)', n, no, d, round(v * 50));
			ELSIF random() < 0.5 THEN seg := format('%s %s a%s', round((50 + 50 * v)::numeric, 1), o, n); q := format('%s %s t.a%s', round((50 + 50 * v)::numeric, 1), o, n);
			ELSE seg := format('a%s %s %s', n, o, round((10 + 10 * v)::numeric, 1)); q := format('t.a%s %s %s', n, o, round((10 + 10 * v)::numeric, 1)); END IF;
		WHEN 3 THEN
			IF random() < 0.4 THEN seg := format('a%s %slike ''%%%s''', n, no, d % 10); q := format('t.a%s %sLIKE ''%%%s''', n, no, d % 10);
			ELSIF random() < 0.5 THEN seg := format('a%s %sin (''v%s'', ''v%s'', ''O''''x'')', n, no, d % 10, d % 7); q := format('t.a%s %sIN (''v%s'', ''v%s'', ''O''''x'')', n, no, d % 10, d % 7);
			ELSE seg := format('a%s %s ''v%s''', n, o, d % 10); q := format('t.a%s %s ''v%s''', n, o, d % 10); END IF;
		WHEN 4 THEN
			IF random() < 0.5 THEN seg := format('a%s %s date ''%s''', n, o, current_date - d); q := format('t.a%s %s date ''%s''', n, o, current_date - d); is_ := '';
			ELSE seg := format('a%s %swithin last %s days', n, no, d); q := format('(t.a%s %sBETWEEN (now() AT TIME ZONE ''Europe/Paris'')::date - %s AND (now() AT TIME ZONE ''Europe/Paris'')::date)', n, no, d); is_ := ''; END IF;
		WHEN 5 THEN
			i := format('((now() AT TIME ZONE ''Europe/Paris'' - interval ''%s days'') AT TIME ZONE ''Europe/Paris'')', d);
			IF random() < 0.5 THEN seg := format('a%s %swithin last %s days', n, no, d); q := format('(%s (t.a%s >= %s AND t.a%2\$s <= now()))', no, n, i);
			ELSE seg := format('a%s %solder than %s days', n, no, d); q := format('(%s t.a%s < %s)', no, n, i); END IF;
			is_ := '';
		WHEN 6 THEN seg := format('%sa%s', no, n); q := format('%st.a%s', no, n); is_ := '';
		ELSE
			IF random() < 0.5 THEN seg := format('a%s has any (''x%s'', ''y%s'')', n, d % 5, d % 3); q := format('t.a%s && ARRAY[''x%s'', ''y%s'']', n, d % 5, d % 3);
			ELSE seg := format('a%s has all (''x%s'', ''y%s'')', n, d % 5, d % 3); q := format('t.a%s @> ARRAY[''x%s'', ''y%s'']', n, d % 5, d % 3); END IF;
			is_ := '';
	END CASE;
	seg := seg || is_; q := '(' || q || is_ || ')';
END \$\$;
CREATE TABLE rnd_data.one (n int PRIMARY KEY, seg text, q text, predicate segment, back segment);
CREATE TABLE rnd_data.came_back (n int, predicate segment);
CREATE TABLE rnd_data.seen (predicates bigint DEFAULT 0, wrong bigint DEFAULT 0, unstable bigint DEFAULT 0, members bigint DEFAULT 0);
INSERT INTO rnd_data.seen DEFAULT VALUES;
CREATE PROCEDURE rnd_data.piece(first bigint, n int) LANGUAGE plpgsql AS \$\$
BEGIN
	PERFORM setseed((hashint8extended(first, 42) & 1048575) / 1048576.0 * $SEED);
	TRUNCATE rnd_data.one, rnd_data.came_back;
	INSERT INTO rnd_data.one (n, seg, q, predicate) SELECT i, p.seg, p.q, p.seg::segment FROM generate_series(1, n) i CROSS JOIN LATERAL rnd_data.predicate(i * 0 + CASE WHEN random() < 0.5 THEN 1 ELSE (random() * 4)::int END) p;
	ANALYZE rnd_data.one;
END \$\$;
CREATE PROCEDURE rnd_data.compare(first bigint) LANGUAGE plpgsql AS \$\$
DECLARE
	p record;
	r record;
	kept bigint;
BEGIN
	-- each of these is a text that was read; its text, and its bytes, are read again
	FOR p IN SELECT o.* FROM rnd_data.one o LEFT JOIN rnd_data.came_back c USING (n) WHERE o.predicate::text::segment::text <> o.predicate::text OR o.predicate::text::segment <> o.predicate OR c.predicate IS NULL OR c.predicate::text <> o.predicate::text LOOP
		RAISE WARNING 'not a fixed point: %', p.seg;
		UPDATE rnd_data.seen SET unstable = unstable + 1;
	END LOOP;
	FOR p IN SELECT * FROM rnd_data.one ORDER BY n LOOP
		EXECUTE format('SELECT count(*) FILTER (WHERE (%1\$s) IS DISTINCT FROM (t @@ %2\$L::segment)) AS planned, count(*) FILTER (WHERE (%1\$s) IS DISTINCT FROM (t @@ o.predicate)) AS evaluated,
			count(*) FILTER (WHERE %1\$s) AS members FROM rnd_data.person t CROSS JOIN (SELECT predicate FROM rnd_data.one WHERE n = \$1 OFFSET 0) o', p.q, p.predicate) INTO r USING p.n;
		EXECUTE format('SELECT count(*) FROM rnd_data.person t WHERE t @@ %L::segment', p.seg) INTO kept;
		IF r.planned > 0 OR r.evaluated > 0 OR kept <> r.members THEN
			RAISE WARNING E'differs: %\\n%\\n% rows as a value, % by the evaluator, % instead of % members', p.seg, p.q, r.planned, r.evaluated, kept, r.members;
			UPDATE rnd_data.seen SET wrong = wrong + 1;
		END IF;
		UPDATE rnd_data.seen SET predicates = predicates + 1, members = seen.members + r.members;
	END LOOP;
END \$\$;
SQL
	for ((first = 0; first < PREDICATES; first += PIECE)); do
		n=$((PREDICATES - first < PIECE ? PREDICATES - first : PIECE))
		echo "CALL rnd_data.piece($first, $n);"
		echo "\\copy (SELECT n, predicate FROM rnd_data.one) TO '$work/piece' (FORMAT binary)"
		echo "\\copy rnd_data.came_back FROM '$work/piece' (FORMAT binary)"
		echo "CALL rnd_data.compare($first);"
		# what has been updated a thousand times
		echo "VACUUM rnd_data.seen, rnd_data.one;"
	done
	echo "SELECT format('seed $SEED, $ATTRIBUTES attributes, %s predicates over $ROWS rows, of which %s%% hold on average: %s that differ, %s that are not a fixed point', predicates, round(100.0 * members / nullif(predicates, 0) / $ROWS), wrong, unstable) FROM rnd_data.seen;"
	echo "SET client_min_messages = error; DROP SCHEMA rnd, rnd_data CASCADE;"
} >"$work/run.sql"
psql -qXAt -f "$work/run.sql"
