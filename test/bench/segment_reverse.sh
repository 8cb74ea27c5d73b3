#!/usr/bin/env bash
# segment_reverse.sh: one row, all its segments: matching_segments of rows of 17 attributes against 100 to 10,000 predicates of 3 to 8 conditions,
# in microseconds a row, beside evaluating the predicates one by one (in_segment) in the same session.
set -eu
sql() { psql -X -v ON_ERROR_STOP=1 "$@"; }
sql -q <<'SQL'
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS crmseg;
SELECT crmseg.create_datamart('bench');
SELECT setseed(0.7);
CREATE TABLE bench.cust AS SELECT i AS party_id, 18 + (random() * 70)::int AS age, (array['F','M','X'])[1 + floor(random() * 3)::int] AS sex, (array['FR','DE','IT','ES','BE','NL','PL','PT','AT','CH'])[1 + floor(random() ^ 2 * 10)::int] AS country,
	1 + floor(random() * 5)::int AS r, 1 + floor(random() * 5)::int AS f, 1 + floor(random() * 5)::int AS m, round((exp(random() * 8))::numeric, 2) AS revenue, now() - random() ^ 2 * interval '1500 days' AS last_order_at,
	floor(random() ^ 3 * 60)::int AS orders, (SELECT array_agg(c) FROM unnest(array['email','sms','push','post','phone','web','store']) c WHERE random() < 0.4 + 0 * i) AS channels,
	(SELECT array_agg('i' || floor(random() ^ 2 * 200)::int) FROM generate_series(1, 1 + (i % 8))) AS interests, (array['B2B','B2C','B2C'])[1 + floor(random() * 3)::int] AS status,
	floor(random() * 300)::int AS headcount, floor(random() * 20)::int AS opens, floor(random() * 8)::int AS clicks, random() < 0.8 AS consent FROM generate_series(1, 2000) i;
CREATE FUNCTION pg_temp.leaf() RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT (array[
	format('age >= %s and age < %s', 18 + floor(random() * 8) * 5, 50 + floor(random() * 8) * 5), format('sex = ''%s''', (array['F','M'])[1 + floor(random() * 2)::int]), format('country in (''%s'',''%s'')', (array['FR','DE','IT'])[1 + floor(random() * 3)::int], (array['ES','BE','NL','PL'])[1 + floor(random() * 4)::int]),
	format('r >= %s', 2 + floor(random() * 4)), format('f >= %s', 2 + floor(random() * 4)), format('m >= %s', 2 + floor(random() * 4)), format('revenue >= %s', floor(exp(random() * 7))), format('last_order_at within last %s days', (array[7,14,30,60,90,120,180,270,365,730])[1 + floor(random() * 10)::int]),
	format('orders >= %s', 1 + floor(random() * 9)), format('channels has ''%s''', (array['email','sms','push','post','phone','web','store'])[1 + floor(random() * 7)::int]), format('interests has any (''i%s'',''i%s'',''i%s'')', floor(random() ^ 2 * 200), floor(random() ^ 2 * 200), floor(random() ^ 2 * 200)),
	format('status = ''%s''', (array['B2B','B2C'])[1 + floor(random() * 2)::int]), format('headcount >= %s', 5 + floor(random() * 250)), format('not opens >= %s', 1 + floor(random() * 8)), 'consent'])[1 + floor(random() * 15)::int] $$;
CREATE TEMP TABLE p AS SELECT i, (SELECT string_agg(CASE WHEN random() < 0.2 THEN '(' || pg_temp.leaf() || ' or ' || pg_temp.leaf() || ')' ELSE pg_temp.leaf() END, ' and ') FROM generate_series(1, 3 + (i % 6))) AS t FROM generate_series(1, 10000) i;
CREATE TABLE bench.p AS SELECT i, t::crmseg.segment::text AS t FROM p;
SQL
echo "predicates | matches a row | us a row | first use, ms | us a row, one by one"
for n in 100 1000 10000; do
	sql -q -At <<SQL | awk -F'[|]' -v n=$n '/^n\|/ { m = $2 } /^t\|/ { t[++k] = $2 } END { printf "%10d | %13.1f | %8.1f | %13.1f | %s\n", n, m, t[2], t[1], (k > 2 ? sprintf("%.0f", t[3]) : "-") }'
SET client_min_messages = warning;
DELETE FROM bench.segment_definition;
INSERT INTO bench.segment_definition (segment_id, name, predicate) SELECT i, i::text, t FROM bench.p WHERE i <= $n;
ANALYZE bench.segment_definition;
SELECT clock_timestamp() AS t0 \gset
SELECT count(*) FROM (SELECT * FROM bench.cust LIMIT 1) c, LATERAL crmseg.matching_segments('bench', c) \g /dev/null
SELECT 't', extract(epoch FROM clock_timestamp() - :'t0'::timestamptz) * 1e3;
SELECT 'n', count(*) / 2000.0 FROM bench.cust c, LATERAL crmseg.matching_segments('bench', c);
SELECT clock_timestamp() AS t0 \gset
SELECT count(*) FROM bench.cust c, LATERAL crmseg.matching_segments('bench', c) \g /dev/null
SELECT 't', extract(epoch FROM clock_timestamp() - :'t0'::timestamptz) * 1e6 / 2000;
SELECT $n <= 100 AS few \gset
\if :few
SELECT count(*) FROM bench.cust c, bench.segment_definition d WHERE c.party_id <= 100 AND crmseg.in_segment('bench', c, d.name) \g /dev/null
SELECT clock_timestamp() AS t0 \gset
SELECT count(*) FROM bench.cust c, bench.segment_definition d WHERE c.party_id <= 100 AND crmseg.in_segment('bench', c, d.name) \g /dev/null
SELECT 't', extract(epoch FROM clock_timestamp() - :'t0'::timestamptz) * 1e6 / 100;
\endif
SQL
done
