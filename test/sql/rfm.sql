-- purchase summaries, cuts and scores
SET timezone = 'America/New_York';
SET search_path = crmseg, public;
-- one order, and its parts; the text is the same for every setting
SELECT crmseg.purchase('2024-03-01 23:30+00', 12.50);
SELECT crmseg.purchase('2024-03-01 23:30+00', -12.50);
SELECT crmseg.purchase('2024-03-01 23:30+00', 0);
SELECT crmseg.purchase('2024-03-01 23:30+00', 12.50, '2024-03-02');
SELECT crmseg.purchase('2024-03-01', NULL) IS NULL AS no_amount, crmseg.purchase(NULL, 1) IS NULL AS no_time;
CREATE TEMP TABLE o (id int, at timestamptz, amount numeric);
INSERT INTO o VALUES (1, '2024-01-05 10:00+00', 20), (1, '2024-01-05 18:00+00', 5.5), (1, '2024-03-01 09:00+00', 100), (1, '2024-03-04 09:00+00', -20.25),
	(2, '2024-02-01 00:00+00', -7), (3, NULL, 5), (3, '2024-02-01 00:00+00', NULL), (4, '2025-12-31 23:59:59.999999+00', 0.001);
SELECT id, crmseg.purchases(at, amount) FROM o GROUP BY id ORDER BY id;
SELECT id, crmseg.first_purchase_at(s), crmseg.last_purchase_at(s), crmseg.purchase_count(s), crmseg.return_count(s), crmseg.purchase_days(s), crmseg.first_purchase_day(s), crmseg.last_purchase_day(s)
FROM (SELECT id, crmseg.purchases(at, amount) s FROM o GROUP BY id) x ORDER BY id;
SELECT id, crmseg.gross_amount(s), crmseg.returned_amount(s), crmseg.net_amount(s), crmseg.largest_purchase(s), crmseg.first_day_amount(s), crmseg.mean_gap(s)
FROM (SELECT id, crmseg.purchases(at, amount) s FROM o GROUP BY id) x ORDER BY id;
SELECT crmseg.purchases(at, amount) IS NULL AS nothing, crmseg.rollup(NULL::crmseg.purchase_summary) IS NULL AS nothing_merged FROM o WHERE false;
SELECT crmseg.purchase_days(crmseg.purchases(at, amount, (at AT TIME ZONE 'Asia/Tokyo')::date)) FROM o WHERE id = 1;
SELECT crmseg.rollup(s) = (SELECT crmseg.purchases(at, amount) FROM o) AS rolled_up FROM (SELECT crmseg.purchases(at, amount) s FROM o GROUP BY id) x;
-- sums that no int64 holds stay exact
SELECT crmseg.purchases('2024-01-01', a) FROM (VALUES (1e30), (0.1234567890123456789012), (-3.5), (9223372036854775807)) v(a);
SELECT crmseg.net_amount(crmseg.purchases('2024-01-01', a)) = sum(a) AS exact FROM (SELECT 9223372036854775.807 * g FROM generate_series(1, 1000) g UNION ALL SELECT -1e-15 * g FROM generate_series(1, 1000) g) v(a);
-- what cannot be an order
SELECT crmseg.purchase('infinity', 1);
SELECT crmseg.purchase(now(), 'NaN');
SELECT crmseg.purchases(now(), 'Infinity');
SELECT crmseg.purchase(now(), 1, 'infinity');
-- text in
SELECT '{purchases=1; first=2024-03-01; last=2024-03-01T00:00:00Z; gross=5; largest=5; first_day=5; days=2024-03-01}'::crmseg.purchase_summary;
SELECT '{purchases=2; first=2024-03-01; last=2024-03-01; gross=5; largest=5; first_day=5; days=2024-03-01,2024-03-01}'::crmseg.purchase_summary;
SELECT '{purchases=1; first=2024-02-30; last=2024-03-01; gross=5; largest=5; first_day=5; days=2024-03-01}'::crmseg.purchase_summary;
SELECT '{purchases=1; returns=1; first=2024-02-28; last=2024-02-28; gross=5; largest=5; first_day=5; days=2024-02-28}'::crmseg.purchase_summary;
SELECT '{returns=9223372036854775807; returned=5}'::crmseg.purchase_summary;
SELECT crmseg.rollup(s) FROM (VALUES ('{returns=9223372036854775807; returned=5}'::crmseg.purchase_summary), ('{returns=1; returned=5}')) v(s);
SELECT '{returns=9223372036854775808; returned=5}'::crmseg.purchase_summary;
SELECT '{purchases=1; first=-4712-01-01; last=-4712-01-01; gross=0; largest=0; first_day=0; days=-4712-01-01}'::crmseg.purchase_summary;
-- random orders: every part against plain SQL, in one state, rolled up from parts in another order, through text, and through bytes
\set seed 0.42
SELECT setseed(:seed);
CREATE TEMP TABLE r AS
SELECT g % 401 AS id, g AS n,
	'2023-01-01 00:00+00'::timestamptz + (random() * 700)::int * interval '1 day' + CASE WHEN random() < 0.5 THEN random() * interval '1 day' ELSE interval '0' END AS at,
	CASE WHEN random() < 0.02 THEN NULL WHEN random() < 0.01 THEN (random() * 1e19)::numeric * 10 WHEN random() < 0.1 THEN -round((random() * 50)::numeric, 2)
	WHEN random() < 0.05 THEN 0 WHEN random() < 0.02 THEN round((random() * 50)::numeric, (random() * 25)::int) ELSE round((random() * 100)::numeric, 2) END AS amount
FROM generate_series(1, CASE WHEN current_setting('crmseg_test.light', true) = 'on' THEN 4000 ELSE 20000 END) g;
CREATE TEMP TABLE s AS SELECT id, crmseg.purchases(at, amount ORDER BY random()) AS s FROM r GROUP BY id;
WITH day AS (SELECT id, (at AT TIME ZONE 'UTC')::date d, amount FROM r WHERE amount >= 0),
plain AS (
	SELECT id, count(*) FILTER (WHERE amount >= 0) p, count(*) FILTER (WHERE amount < 0) r, min(at) FILTER (WHERE amount >= 0) f, max(at) FILTER (WHERE amount >= 0) l,
		coalesce(sum(amount), 0) net, coalesce(sum(amount) FILTER (WHERE amount >= 0), 0) gross, max(amount) FILTER (WHERE amount >= 0) big,
		(SELECT count(DISTINCT d) FROM day WHERE day.id = r.id) days,
		(SELECT sum(amount) FROM day WHERE day.id = r.id AND d = (SELECT min(d) FROM day WHERE day.id = r.id)) first_day
	FROM r WHERE amount IS NOT NULL GROUP BY id)
SELECT count(*) AS customers, count(*) FILTER (WHERE (crmseg.purchase_count(s), crmseg.return_count(s), crmseg.purchase_days(s)) = (p, r, days)
	AND (crmseg.first_purchase_at(s), crmseg.last_purchase_at(s), crmseg.largest_purchase(s), crmseg.first_day_amount(s)) IS NOT DISTINCT FROM (f, l, big, first_day)
	AND (crmseg.net_amount(s), crmseg.gross_amount(s), crmseg.returned_amount(s)) = (net, gross, gross - net)) AS equal_to_plain_sql
FROM plain JOIN s USING (id);
SELECT count(*) FILTER (WHERE s.s::text <> p.s::text) AS differ_rolled_up
FROM s JOIN (SELECT id, crmseg.rollup(s ORDER BY random()) s FROM (SELECT id, crmseg.purchases(at, amount) s FROM r GROUP BY id, n % 7) x GROUP BY id) p USING (id);
SELECT count(*) FILTER (WHERE s.s::text::crmseg.purchase_summary <> s OR s::text::crmseg.purchase_summary::text <> s::text) AS differ_by_text FROM s;
SELECT count(*) > 300 AS many, count(DISTINCT s) = count(DISTINCT s::text) AS distinct_alike, count(*) FILTER (WHERE crmseg.purchase_summary_hash(s) <> crmseg.purchase_summary_hash(s::text::crmseg.purchase_summary)) AS hash_differs FROM s;
SELECT crmseg.purchase_summary_send(s) = crmseg.purchase_summary_send(s::text::crmseg.purchase_summary) AS same_bytes, count(*) FROM s GROUP BY 1;
-- equality ignores decimals, and so does the hash
SELECT a = b AS equal, crmseg.purchase_summary_hash(a) = crmseg.purchase_summary_hash(b) AS same_hash, a < b AS below, crmseg.purchase('2024-01-02', 1) > a AS later
FROM (SELECT crmseg.purchase('2024-01-01', 10) a, crmseg.purchase('2024-01-01', 10.00) b) x;
-- the value
SELECT '5-4-3'::crmseg.rfm, ' 543 '::crmseg.rfm, 543::crmseg.rfm, '5-4-3'::crmseg.rfm::int, crmseg.rfm(5, 4, 3), crmseg.r('5-4-3'), crmseg.f('5-4-3'), crmseg.m('5-4-3');
SELECT pg_typeof(crmseg.r('5-4-3')), '1-9-9'::crmseg.rfm < '2-1-1'::crmseg.rfm AS ordered, crmseg.rfm_hash('5-4-3') = crmseg.rfm_hash(543::crmseg.rfm) AS same_hash;
SELECT '5-4-0'::crmseg.rfm;
SELECT '5-4'::crmseg.rfm;
SELECT 540::crmseg.rfm;
SELECT 1543::crmseg.rfm;
SELECT crmseg.rfm(10, 1, 1);
SELECT string_agg(v::text, ' ' ORDER BY v) FROM (SELECT DISTINCT crmseg.rfm(r, f, m) v FROM generate_series(1, 2) r, generate_series(1, 2) f, generate_series(1, 2) m, generate_series(1, 2)) x;
-- the names: total over the 125 cells, eleven of them
SELECT r, string_agg(crmseg.rfm_label(crmseg.rfm(r, fm, fm)), ' | ' ORDER BY fm) FROM generate_series(1, 5) r, generate_series(1, 5) fm GROUP BY r ORDER BY r DESC;
SELECT count(crmseg.rfm_label(v)) AS cells, count(DISTINCT crmseg.rfm_label(v)) AS names FROM (SELECT crmseg.rfm(r, f, m) v FROM generate_series(1, 5) r, generate_series(1, 5) f, generate_series(1, 5) m) x;
SELECT bins, count(crmseg.rfm_group(crmseg.rfm(r, f, m), bins)) = bins ^ 3 AS total, count(DISTINCT crmseg.rfm_group(crmseg.rfm(r, f, m), bins)) AS names,
	crmseg.rfm_group(crmseg.rfm(bins, bins, bins), bins) AS best, crmseg.rfm_group('1-1-1', bins) AS worst
FROM generate_series(1, 9) bins, generate_series(1, bins) r, generate_series(1, bins) f, generate_series(1, bins) m GROUP BY bins ORDER BY bins;
SELECT crmseg.rfm_label('6-1-1');
SELECT crmseg.rfm_group('1-1-1', 10);
SELECT crmseg.rfm_group('1-1-1', 5, 4);
SELECT crmseg.rfm_group(v, 5, 5) AS five, crmseg.rfm_group(v, 5, 3) AS three, string_agg(DISTINCT crmseg.rfm_label(v), ', ' ORDER BY crmseg.rfm_label(v)) AS eleven
FROM (SELECT crmseg.rfm(r, f, m) v FROM generate_series(1, 5) r, generate_series(1, 5) f, generate_series(1, 5) m) x GROUP BY 1, 2 ORDER BY 3;
-- cuts as text
SELECT '{bins=3; recency=30,180d; frequency=1,4; monetary=50,500.00}'::crmseg.rfm_cuts;
SELECT '{bins=3;recency=12h , 1.5;frequency=1,4;monetary=-2.5,0;amount=gross;count=days;}'::crmseg.rfm_cuts;
SELECT '{bins=1}'::crmseg.rfm_cuts, crmseg.rfm_score(crmseg.purchase('2024-01-01', 5), '{bins=1}', '2024-02-01');
SELECT '{bins=3; recency=30,180; frequency=1,4; monetary=50}'::crmseg.rfm_cuts;
SELECT '{bins=3; recency=180,30; frequency=1,4; monetary=50,60}'::crmseg.rfm_cuts;
SELECT '{bins=10; recency=1; frequency=1; monetary=1}'::crmseg.rfm_cuts;
SELECT '{bins=2; recency=1; frequency=1; monetary=NaN}'::crmseg.rfm_cuts;
SELECT crmseg.rfm_bins(c), crmseg.recency_cuts(c), crmseg.frequency_cuts(c), crmseg.monetary_cuts(c), crmseg.rfm_scores(c, 'r'), crmseg.rfm_scores(c, 'f')
FROM (SELECT '{bins=4; recency=12h,30,30; frequency=1,1,4; monetary=50,60,70}'::crmseg.rfm_cuts c) x;
SELECT crmseg.rfm_scores('{bins=1}', 'x');
-- a value equal to a cut lies below it
SELECT d, n, a, crmseg.rfm_score('2024-06-01'::timestamptz - d * interval '1 day', n, a, '{bins=3; recency=30,180; frequency=1,4; monetary=50,500}', '2024-06-01')
FROM (VALUES (30, 1, 50), (31, 2, 50.01), (180, 4, 500), (181, 5, 500.01), (-1, 1, -3)) v(d, n, a);
SELECT crmseg.rfm_score(crmseg.purchase('2024-01-01', -5), '{bins=1}', '2024-02-01') IS NULL AS only_returns;
SELECT crmseg.rfm_score(crmseg.purchase('2024-01-01', 5), '{bins=1}', 'infinity');
-- quantile cuts: one customer, all equal, only returns, a purchase to come
SELECT crmseg.rfm_cuts(crmseg.purchase('2024-01-01', 5), '2024-01-11', 5);
SELECT crmseg.rfm_cuts(crmseg.purchase('2024-01-01', 5), '2024-01-11', 5) FROM generate_series(1, 100);
SELECT crmseg.rfm_cuts(crmseg.purchase('2024-01-01', -5), '2024-01-11', 5) IS NULL AS none;
SELECT crmseg.rfm_cuts(crmseg.purchase('2025-01-01', 5), '2024-01-11', 2);
SELECT crmseg.rfm_cuts(NULL::crmseg.purchase_summary, '2024-01-11', 2) IS NULL AS none;
SELECT crmseg.rfm_cuts(crmseg.purchase('2024-01-01', 5), '2024-01-11', 10);
SELECT crmseg.rfm_cuts(crmseg.purchase('2024-01-01', 5), '2024-01-11', g) FROM generate_series(2, 3) g;
SELECT crmseg.rfm_cuts(crmseg.purchase('2024-01-01', 5), NULL, 5);
SELECT crmseg.rfm_cuts(crmseg.purchase('2024-01-01', 5), '2024-02-01', 5, '{amount=most}');
-- CDNOW: totals and scores against plain SQL
\getenv abs_srcdir PG_ABS_SRCDIR
\set content `cat ":abs_srcdir"/data/cdnow_sample.txt`
CREATE TEMP TABLE line AS SELECT l FROM regexp_split_to_table(:'content', E'\\r?\\n') l WHERE l <> '';
CREATE TEMP TABLE cdnow AS SELECT a[1]::int AS id, to_date(a[3], 'YYYYMMDD')::timestamp AT TIME ZONE 'UTC' AS at, a[5]::numeric AS amount
FROM (SELECT regexp_split_to_array(btrim(l), '\s+') a FROM line) x;
CREATE TEMP TABLE c AS SELECT id, crmseg.purchases(at, amount) AS s FROM cdnow GROUP BY id;
SELECT count(*) AS customers, sum(crmseg.purchase_count(s)) AS purchases, sum(crmseg.purchase_days(s)) AS customer_days, sum(crmseg.net_amount(s)) AS dollars FROM c;
SELECT crmseg.rfm_cuts(s, '1998-07-01 00:00+00', 5) FROM c;
CREATE FUNCTION pg_temp.check_cuts(bins int, options text) RETURNS TABLE (customers bigint, other_r bigint, other_f bigint, other_m bigint, split bigint) LANGUAGE sql AS $$
	WITH v AS (SELECT id, s, '1998-07-01 00:00+00'::timestamptz - crmseg.last_purchase_at(s) AS age, CASE WHEN options ~ 'days' THEN crmseg.purchase_days(s) ELSE crmseg.purchase_count(s) END AS n,
		CASE WHEN options ~ 'gross' THEN crmseg.gross_amount(s) ELSE crmseg.net_amount(s) END AS a FROM c),
	p AS (SELECT array_agg(k::float8 / bins) AS p FROM generate_series(1, bins - 1) k),
	q AS (SELECT percentile_disc((SELECT p FROM p)) WITHIN GROUP (ORDER BY age) ages, percentile_disc((SELECT p FROM p)) WITHIN GROUP (ORDER BY n) ns, percentile_disc((SELECT p FROM p)) WITHIN GROUP (ORDER BY a) amounts FROM v),
	cuts AS (SELECT crmseg.rfm_cuts(s, '1998-07-01 00:00+00', bins, options) c FROM v),
	scored AS (SELECT v.*, crmseg.rfm_score(s, c, '1998-07-01 00:00+00') AS x FROM v, cuts)
	SELECT count(*), count(*) FILTER (WHERE crmseg.r(x) <> bins - (SELECT count(*) FROM unnest(ages) u WHERE u < age)),
		count(*) FILTER (WHERE crmseg.f(x) <> 1 + (SELECT count(*) FROM unnest(ns) u WHERE u < n)),
		count(*) FILTER (WHERE crmseg.m(x) <> 1 + (SELECT count(*) FROM unnest(amounts) u WHERE u < a)),
		(SELECT count(*) FROM (SELECT FROM scored GROUP BY n HAVING count(DISTINCT crmseg.f(x)) > 1) y)
	FROM scored, q
$$;
SELECT options, min(customers) AS customers, sum(other_r) AS other_r, sum(other_f) AS other_f, sum(other_m) AS other_m, sum(split) AS split
FROM generate_series(CASE WHEN current_setting('crmseg_test.light', true) = 'on' THEN 9 ELSE 2 END, 9) bins, (VALUES ('{count=purchases}'), ('{count=days; amount=gross}')) o(options),
	pg_temp.check_cuts(bins, options) t GROUP BY options ORDER BY options COLLATE "C";
-- the same cuts from plain columns, from amounts that no int64 holds, and by parallel workers
SELECT crmseg.rfm_cuts(crmseg.last_purchase_at(s), crmseg.purchase_count(s), crmseg.net_amount(s), '1998-07-01 00:00+00', 5) = crmseg.rfm_cuts(s, '1998-07-01 00:00+00', 5) AS same FROM c;
SELECT array(SELECT trim_scale(u * 1e-20) FROM unnest(crmseg.monetary_cuts(crmseg.rfm_cuts(crmseg.last_purchase_at(s), crmseg.purchase_count(s), crmseg.net_amount(s) * 1e20, '1998-07-01 00:00+00', 5))) u) AS wide FROM c;
SELECT crmseg.rfm_cuts(s, '1998-07-01 00:00+00', 5)::text AS serial FROM c \gset
-- amounts that stop fitting while they are brought to more decimals
SELECT crmseg.monetary_cuts(crmseg.rfm_cuts(crmseg.purchase('2024-01-01', a), '2024-02-01', 4)) FROM (VALUES (1), (9000000000000000.05), (0.00001), (3)) v(a);
CREATE TABLE rfm_parallel AS SELECT c.*, n FROM c, generate_series(1, 3) n;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT crmseg.rfm_cuts(s, '1998-07-01 00:00+00', 5), crmseg.rollup(s) FROM rfm_parallel;
SELECT crmseg.rfm_cuts(s, '1998-07-01 00:00+00', 5)::text = replace(:'serial', 'customers=2357', 'customers=7071') AS same, crmseg.purchase_count(crmseg.rollup(s)) AS purchases, crmseg.net_amount(crmseg.rollup(s)) AS dollars FROM rfm_parallel;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET max_parallel_workers_per_gather;
DROP TABLE rfm_parallel;
-- a state as text and back, and what is no state
SELECT crmseg.rfm_sample_cuts(x::text::crmseg.rfm_sample) = crmseg.rfm_sample_cuts(x) AS same
FROM (SELECT crmseg.rfm_sample_accum(crmseg.rfm_sample_accum(NULL, crmseg.purchase('2024-01-01', 5), '2024-02-01', 2), crmseg.purchase('2024-01-11', 1e25), '2024-02-01', 2) x) y;
SELECT '\x01'::crmseg.rfm_sample;
SELECT '\x0205000000000000000000000000'::crmseg.rfm_sample;
SELECT '\x01050000000000000000000100000000000000010000000000000001000000014e'::crmseg.rfm_sample;
SELECT 'abc'::crmseg.rfm_sample;
-- bytes: there and back by COPY BINARY
CREATE TABLE rfm_there (s crmseg.purchase_summary, c crmseg.rfm_cuts, x crmseg.rfm, b crmseg.rfm_sample);
INSERT INTO rfm_there SELECT s.s, crmseg.rfm_cuts(c.s, '1998-07-01 00:00+00', 5, '{count=days; amount=gross}'), '5-4-3', crmseg.rfm_sample_accum(NULL, s.s, '2026-01-01', 3) FROM s, c WHERE s.id < 20 GROUP BY s.s;
CREATE TABLE rfm_back (LIKE rfm_there);
\copy rfm_there TO 'results/rfm.copy' (FORMAT binary)
\copy rfm_back FROM 'results/rfm.copy' (FORMAT binary)
SELECT count(*) AS rows, count(*) FILTER (WHERE a.c = b.c AND a.x = b.x AND a.s::text = b.s::text AND a.b::text = b.b::text) AS equal FROM rfm_there a JOIN rfm_back b USING (s);
DROP TABLE rfm_there, rfm_back;
SELECT crmseg.rfm_send('5-4-3'), crmseg.rfm_cuts_send('{bins=2; recency=1; frequency=1; monetary=1.50}'), crmseg.purchase_summary_send(crmseg.purchase('2024-01-01 00:00+00', 1.5));
