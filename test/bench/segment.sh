#!/usr/bin/env bash
# segment.sh [PROFILES [PREDICATES]] : row @@ segment against the same conditions written by hand, and the evaluator against both, on random
# predicates of three to eight conditions over profiles of 17 attributes, NULLs among them; events of a mart against hand-written joins.
# Times are the server's own (EXPLAIN ANALYZE); least of RUNS (3). Also by the environment: PROFILES=200000 PREDICATES=200 EVENTS=1000000.
set -eu
[[ "${1:-}" =~ ^[0-9]+$ ]] && PROFILES=$1 && [[ "${2:-}" =~ ^[0-9]+$ ]] && PREDICATES=$2
PROFILES=${PROFILES:-200000} PREDICATES=${PREDICATES:-200} EVENTS=${EVENTS:-1000000} RUNS=${RUNS:-3}
q() { psql -qXAt -v ON_ERROR_STOP=1 "$@"; }
q -c 'CREATE EXTENSION IF NOT EXISTS crmseg' 2>/dev/null
q <<SQL
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS bench_seg, bench_seg_mart CASCADE;
CREATE SCHEMA bench_seg;
SET search_path = bench_seg, crmseg;
SELECT setseed(0.42) \g /dev/null
CREATE UNLOGGED TABLE profile AS SELECT i AS party_id, CASE WHEN random() < 0.95 THEN least(95, greatest(18, (45 + 16 * (random() + random() + random() - 1.5) * 1.6)::int)) END AS age,
	CASE WHEN random() < 0.98 THEN (ARRAY['F', 'M', 'X'])[1 + floor(random() * 2.04)::int] END AS sex, (ARRAY['FR','DE','IT','ES','BE','NL','PL','PT','AT','CH','GB','IE','SE','DK','FI','CZ','HU','RO','GR','NO'])[1 + floor(20 * power(random(), 2.5))::int] AS country,
	lpad(floor(-20 * ln(1 - random()) * 100)::int::text, 5, '0') AS postcode, (1 + floor(random() * 5))::smallint AS r, (1 + floor(random() * 5))::smallint AS f, (1 + floor(random() * 5))::smallint AS m,
	round(exp(5.2 + 1.3 * sqrt(-2 * ln(1 - random())) * cos(6.283 * random()))::numeric, 2) AS revenue, now() - least(1500, -180 * ln(1 - random())) * interval '1 day' AS last_order_at,
	exp(1.2 + sqrt(-2 * ln(1 - random())) * cos(6.283 * random()))::int AS orders, array_remove(ARRAY[CASE WHEN random() < 0.7 THEN 'email' END, CASE WHEN random() < 0.4 THEN 'sms' END, CASE WHEN random() < 0.3 THEN 'push' END, CASE WHEN random() < 0.6 THEN 'web' END], NULL) AS channels,
	ARRAY(SELECT 'i' || floor(200 * power(random(), 2))::int FROM generate_series(1, 1 + i % 9)) AS interests, CASE WHEN random() < 0.2 THEN 'B2B' ELSE 'B2C' END AS status, CASE WHEN random() < 0.2 THEN exp(2.5 + 1.6 * random())::int END AS headcount,
	(-5 * ln(1 - random()))::int AS opens, (-2 * ln(1 - random()))::int AS clicks FROM generate_series(1, $PROFILES) i;
CREATE INDEX ON profile (age); CREATE INDEX ON profile (revenue); CREATE INDEX ON profile (last_order_at); CREATE INDEX ON profile (postcode); CREATE INDEX ON profile USING gin (interests); CREATE INDEX ON profile (country, orders);
VACUUM ANALYZE profile;
CREATE FUNCTION leaf(OUT s text, OUT q text) LANGUAGE plpgsql AS \$\$
DECLARE
	k float := random();
	a int := 18 + (random() * 50)::int;
	c text := (SELECT string_agg(quote_literal(x), ', ') FROM (SELECT (ARRAY['FR','DE','IT','ES','BE','NL','PL'])[1 + floor(random() * 7)::int] AS x FROM generate_series(1, 1 + (random() * 3)::int)) y);
	d int := (ARRAY[7, 30, 60, 90, 180, 365, 730])[1 + floor(random() * 7)::int];
	t text := (SELECT string_agg(quote_literal('i' || floor(200 * power(random(), 2))::int), ', ') FROM generate_series(1, 1 + (random() * 4)::int));
	n int := 1 + (random() * 9)::int;
BEGIN
	CASE
		WHEN k < .15 THEN s := format('age between %s and %s', a, a + 20); q := format('age BETWEEN %s AND %s', a, a + 20);
		WHEN k < .21 THEN s := 'sex = ''F'''; q := s;
		WHEN k < .36 THEN s := format('country in (%s)', c); q := s;
		WHEN k < .40 THEN s := format('postcode in (''%1\$s'', ''%2\$s'', ''%3\$s'')', lpad((a * 7)::text, 5, '0'), lpad((a * 9)::text, 5, '0'), lpad((a * 11)::text, 5, '0')); q := s;
		WHEN k < .54 THEN s := format('%s >= %s', (ARRAY['r', 'f', 'm'])[1 + n % 3], 1 + n % 5); q := s;
		WHEN k < .63 THEN s := format('revenue >= %s', n * n * 20); q := s;
		WHEN k < .68 THEN s := format('last_order_at within last %s days', d); q := format('(last_order_at >= now() - interval ''%s days'' AND last_order_at <= now())', d);
		WHEN k < .73 THEN s := format('last_order_at older than %s days', d); q := format('last_order_at < now() - interval ''%s days''', d);
		WHEN k < .79 THEN s := format('orders < %s', n); q := s;
		WHEN k < .84 THEN s := 'channels has ''sms'''; q := 'channels && ''{sms}''';
		WHEN k < .92 THEN s := format('interests has any (%s)', t); q := format('interests && ARRAY[%s]', t);
		WHEN k < .95 THEN s := 'status = ''B2B'''; q := s;
		WHEN k < .97 THEN s := format('headcount >= %s', n * 5); q := s;
		ELSE s := format('opens >= %s', n); q := s;
	END CASE;
END \$\$;
CREATE TABLE predicate (n serial, s segment, q text, leaves int);
DO \$\$
DECLARE
	l record;
	s text;
	q text;
	n int;
	k int;
BEGIN
	FOR i IN 1 .. $PREDICATES LOOP
		n := 3 + (random() * 5)::int; s := 'true'; q := 'true'; k := n;
		WHILE k > 0 LOOP
			IF random() < .22 AND k >= 2 THEN
				SELECT format(' and (%s or %s)', a.s, b.s) AS seg, format(' AND (%s OR %s)', a.q, b.q) AS sql INTO l FROM leaf() a, leaf() b; k := k - 2;
			ELSIF random() < .12 THEN
				SELECT format(' and not %s', a.s) AS seg, format(' AND NOT %s', a.q) AS sql INTO l FROM leaf() a; k := k - 1;
			ELSE
				SELECT format(' and %s', a.s) AS seg, format(' AND %s', a.q) AS sql INTO l FROM leaf() a; k := k - 1;
			END IF;
			s := s || l.seg; q := q || l.sql;
		END LOOP;
		INSERT INTO predicate (s, q, leaves) VALUES (substr(s, 10)::segment, substr(q, 10), n);
	END LOOP;
END \$\$;
SQL

# milliseconds of planning and execution of a query, least of RUNS, into a table: by the server's own clock
q <<SQL
SET client_min_messages = warning;
SET search_path = bench_seg, crmseg;
SET max_parallel_workers_per_gather = 0;
SET jit = off;
CREATE FUNCTION best(query text, runs int, OUT planning float8, OUT execution float8, OUT rows bigint) LANGUAGE plpgsql AS \$\$
DECLARE
	j json;
BEGIN
	FOR i IN 1 .. runs LOOP
		EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ' || query INTO j;
		planning := least(planning, (j -> 0 ->> 'Planning Time')::float8);
		execution := least(execution, (j -> 0 ->> 'Execution Time')::float8);
		rows := (j -> 0 -> 'Plan' ->> 'Actual Rows')::float8::bigint;
	END LOOP;
END \$\$;
-- the nodes of a plan and their indexes, without conditions and costs
CREATE FUNCTION nodes(query text) RETURNS text LANGUAGE plpgsql AS \$\$
DECLARE
	l text;
	r text := '';
BEGIN
	FOR l IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF l ~ '->' OR l !~ '^ ' THEN
			r := r || l || E'\\n';
		END IF;
	END LOOP;
	RETURN r;
END \$\$;
CREATE TABLE measured AS SELECT p.n, p.leaves, h.planning AS hand_planning, h.execution AS hand, h.rows AS hand_rows, s.planning, s.execution AS segment, s.rows AS segment_rows,
		nodes('SELECT party_id FROM profile p WHERE ' || p.q) = nodes(format('SELECT party_id FROM profile p WHERE p @@ %L::segment', p.s)) AS same_plan
	FROM predicate p, best('SELECT party_id FROM profile p WHERE ' || p.q, $RUNS) h, best(format('SELECT party_id FROM profile p WHERE p @@ %L::segment', p.s), $RUNS) s;
-- what seems slower is measured again, longer: the machine may have had other work
UPDATE measured d SET hand = least(d.hand, h.execution), segment = least(d.segment, s.execution), hand_planning = least(d.hand_planning, h.planning), planning = least(d.planning, s.planning)
	FROM predicate p, best('SELECT party_id FROM profile p WHERE ' || p.q, 10 * $RUNS) h, best(format('SELECT party_id FROM profile p WHERE p @@ %L::segment', p.s), 10 * $RUNS) s
	WHERE p.n = d.n AND (d.segment > 1.05 * d.hand OR d.planning > d.hand_planning + 0.3);
SELECT format('%s predicates over %s profiles: %s differ in rows, %s in the nodes of the plan; execution %s x by hand in all, median %s, worst of those above 1 ms %s; planning + %s ms at the median of eight conditions, + %s ms worst',
	count(*), $PROFILES, count(*) FILTER (WHERE hand_rows <> segment_rows), count(*) FILTER (WHERE NOT same_plan), round((sum(segment) / sum(hand))::numeric, 3), round((percentile_disc(0.5) WITHIN GROUP (ORDER BY segment / hand))::numeric, 3),
	round((max(segment / hand) FILTER (WHERE hand > 1))::numeric, 2), round((percentile_disc(0.5) WITHIN GROUP (ORDER BY planning - hand_planning) FILTER (WHERE leaves = 8))::numeric, 3), round(max(planning - hand_planning)::numeric, 3)) FROM measured;
-- where no plan is made of it: the same predicates from a table, one at a time; both by a sequential scan
SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off;
CREATE TABLE evaluated AS SELECT p.n, h.execution AS hand, e.execution AS evaluator, h.rows = e.rows AS same FROM (SELECT * FROM predicate ORDER BY n LIMIT 20) p,
	best('SELECT party_id FROM profile p WHERE ' || p.q, $RUNS) h, best(format('SELECT p.party_id FROM (SELECT s FROM predicate WHERE n = %s OFFSET 0) x CROSS JOIN profile p WHERE p @@ x.s', p.n), $RUNS) e;
SELECT format('evaluator, sequential scan: %s x by hand in all, worst %s; %s of %s with the same rows', round((sum(evaluator) / sum(hand))::numeric, 2), round(max(evaluator / hand)::numeric, 2), count(*) FILTER (WHERE same), count(*)) FROM evaluated;
SQL

# events
q <<SQL
SET client_min_messages = warning;
SELECT crmseg.create_datamart('bench_seg_mart') \g /dev/null
SELECT setseed(0.1) \g /dev/null
CREATE UNLOGGED TABLE bench_seg.event AS SELECT (power(random(), 1.3) * $PROFILES)::int AS party_id, (ARRAY['buy', 'open', 'cart'])[1 + floor(random() * 3)::int] AS kind, now() - random() * interval '400 days' AS at, (random() * 100)::int AS amount FROM generate_series(1, $EVENTS);
CREATE INDEX ON bench_seg.event (party_id, kind, at); CREATE INDEX ON bench_seg.event (kind, at); VACUUM ANALYZE bench_seg.event;
SET search_path = bench_seg, crmseg;
SELECT add_event('bench_seg_mart', k, 'bench_seg.event', 'party_id', 'at', '{}', format('kind = %L', k)) FROM unnest(ARRAY['buy', 'open', 'cart']) k \g /dev/null
SET crmseg.mart = 'bench_seg_mart';
SET max_parallel_workers_per_gather = 0;
SET jit = off;
SELECT format('%-75s %s ms by hand, x %s, planning + %s ms, %s', x.s, round(h.execution::numeric, 1), round((s.execution / h.execution)::numeric, 2), round((s.planning - h.planning)::numeric, 2), CASE WHEN h.rows = s.rows THEN 'same rows' ELSE 'OTHER ROWS' END)
FROM (VALUES ('did buy at least 3 times within last 90 days and did not open within last 30 days',
		'party_id IN (SELECT party_id FROM event WHERE kind = ''buy'' AND at >= now() - interval ''90 days'' AND at <= now() GROUP BY 1 HAVING count(*) >= 3) AND NOT EXISTS (SELECT FROM event e WHERE e.party_id = p.party_id AND kind = ''open'' AND at >= now() - interval ''30 days'' AND at <= now())'),
	('did buy within last 90 days', 'EXISTS (SELECT FROM event e WHERE e.party_id = p.party_id AND kind = ''buy'' AND at >= now() - interval ''90 days'' AND at <= now())'),
	('sum(buy.amount) within last 365 days >= 200', 'party_id IN (SELECT party_id FROM event WHERE kind = ''buy'' AND at >= now() - interval ''365 days'' AND at <= now() GROUP BY 1 HAVING sum(amount) >= 200)'),
	('did cart then not buy within 3 days within last 30 days', 'EXISTS (SELECT FROM event c WHERE c.party_id = p.party_id AND c.kind = ''cart'' AND c.at >= now() - interval ''30 days'' AND c.at <= now() - interval ''3 days'' AND NOT EXISTS (SELECT FROM event b WHERE b.party_id = c.party_id AND b.kind = ''buy'' AND b.at > c.at AND b.at <= c.at + interval ''3 days''))'),
	('last buy.amount > 95', '(SELECT amount FROM event e WHERE e.party_id = p.party_id AND kind = ''buy'' ORDER BY at DESC, amount DESC LIMIT 1) > 95')) x(s, q),
	best('SELECT party_id FROM profile p WHERE ' || x.q, $RUNS) h, best(format('SELECT party_id FROM profile p WHERE p @@ %L::segment', x.s), $RUNS) s;
SET client_min_messages = error;
DROP SCHEMA bench_seg, bench_seg_mart CASCADE;
SQL
