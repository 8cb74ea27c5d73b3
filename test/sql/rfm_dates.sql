-- RFM by definitions of one's own, and through time, against plain SQL that says the same slowly
SET timezone = 'UTC';
SET jit = off;
\set VERBOSITY terse
\set seed 0.3
SELECT setseed(:seed);
CREATE TABLE rd_order AS SELECT (random() * random() * 30)::int AS id, '2024-01-01'::timestamptz + (random() * 9000)::int * interval '1 hour' AS at,
	CASE WHEN random() < 0.1 THEN -round((random() * 30)::numeric, 2) WHEN random() < 0.3 THEN 10 ELSE round((random() * 100)::numeric, 2) END AS amount FROM generate_series(1, 400);
INSERT INTO rd_order VALUES (NULL, '2024-05-01', 5), (7, NULL, 5), (7, '2024-05-01', NULL), (900, '2024-05-01', -5);
-- the measures
CREATE FUNCTION rd_measures(as_of timestamptz, o jsonb) RETURNS TABLE (party_id text, last_purchase_at timestamptz, frequency bigint, monetary numeric) LANGUAGE sql AS $$
	WITH x AS (SELECT *, amount >= 0 AS buy, (at AT TIME ZONE (o ->> 'zone'))::date AS day FROM rd_order WHERE id IS NOT NULL AND amount IS NOT NULL AND at <= as_of AND at > coalesce((o ->> 'since')::timestamptz, '-infinity')),
	f AS (SELECT id, min(day) AS first_day FROM x WHERE buy GROUP BY id),
	y AS (SELECT x.*, f.first_day, NOT (NOT (o ->> 'first')::bool AND buy AND day = first_day) AS counts FROM x JOIN f USING (id))
	SELECT id::text, max(at) FILTER (WHERE buy), CASE WHEN o ->> 'count' = 'days' THEN count(DISTINCT day) FILTER (WHERE buy AND counts) ELSE count(*) FILTER (WHERE buy) END,
		coalesce(sum(amount) FILTER (WHERE counts AND (buy OR o ->> 'amount' = 'net')), 0) FROM y GROUP BY id
$$;
SELECT o, count(*) AS customers, count(*) FILTER (WHERE (a.last_purchase_at, a.frequency, a.monetary) IS DISTINCT FROM (b.last_purchase_at, b.frequency, b.monetary)) AS wrong
FROM (VALUES ('{"count": "purchases", "amount": "net", "first": true, "zone": "UTC"}'::jsonb), ('{"count": "days", "amount": "gross", "first": true, "zone": "Asia/Tokyo"}'), ('{"count": "days", "amount": "net", "first": false, "zone": "America/New_York"}'),
	('{"count": "days", "amount": "gross", "first": false, "zone": "UTC", "since": "2024-06-01"}')) v(o),
	LATERAL (SELECT * FROM rd_measures('2024-12-01', o)) a FULL JOIN LATERAL (SELECT * FROM crmseg.rfm_measures('rd_order', 'id', 'at', 'amount', '2024-12-01', o)) b USING (party_id) GROUP BY o ORDER BY o;
-- the scores, each way of binning: a cut is the least value with that share of the weight at or below it
CREATE FUNCTION rd_scores(as_of timestamptz, bins int, o jsonb) RETURNS TABLE (party_id text, r int, f int, m int) LANGUAGE plpgsql AS $$
DECLARE
	nested bool := coalesce(o ->> 'binning' = 'nested', false);
BEGIN
	CREATE TEMP TABLE v ON COMMIT DROP AS SELECT x.party_id, extract(epoch FROM as_of - x.last_purchase_at)::numeric AS age, x.frequency::numeric AS frequency, x.monetary, 0 AS r, 0 AS f, 0 AS m,
		greatest(CASE o ->> 'weight' WHEN 'monetary' THEN x.monetary WHEN 'frequency' THEN x.frequency ELSE 1 END, 0) AS w
		FROM crmseg.rfm_measures('rd_order', 'id', 'at', 'amount', as_of, o - 'binning' - 'weight' - 'cuts') x;
	UPDATE v SET r = bins - (SELECT count(*) FROM generate_series(1, bins - 1) k WHERE v.age > (SELECT min(c.age) FROM v c WHERE (SELECT sum(d.w) FROM v d WHERE d.age <= c.age) * bins >= k * (SELECT sum(d.w) FROM v d)));
	UPDATE v SET f = 1 + (SELECT count(*) FROM generate_series(1, bins - 1) k WHERE v.frequency > (SELECT min(c.frequency) FROM v c WHERE (NOT nested OR c.r = v.r)
		AND (SELECT sum(d.w) FROM v d WHERE d.frequency <= c.frequency AND (NOT nested OR d.r = v.r)) * bins >= k * (SELECT sum(d.w) FROM v d WHERE NOT nested OR d.r = v.r)));
	UPDATE v SET m = 1 + (SELECT count(*) FROM generate_series(1, bins - 1) k WHERE v.monetary > (SELECT min(c.monetary) FROM v c WHERE (NOT nested OR (c.r = v.r AND c.f = v.f))
		AND (SELECT sum(d.w) FROM v d WHERE d.monetary <= c.monetary AND (NOT nested OR (d.r = v.r AND d.f = v.f))) * bins >= k * (SELECT sum(d.w) FROM v d WHERE NOT nested OR (d.r = v.r AND d.f = v.f))));
	RETURN QUERY SELECT v.party_id, v.r, v.f, v.m FROM v;
	DROP TABLE v;
END $$;
SET client_min_messages = warning;
CREATE FUNCTION rd_wrong(bins int, o jsonb) RETURNS TABLE (customers bigint, wrong bigint) LANGUAGE sql AS $$
	SELECT count(*), count(*) FILTER (WHERE (a.r, a.f, a.m) IS DISTINCT FROM (b.r::int, b.f::int, b.m::int))
	FROM rd_scores('2024-12-01', bins, o) a FULL JOIN crmseg.rfm_table('rd_order', 'id', 'at', 'amount', '2024-12-01', bins, o) b USING (party_id)
$$;
SELECT o, bins, w.* FROM (VALUES ('{}'::jsonb), ('{"binning": "nested"}'), ('{"weight": "frequency"}'), ('{"weight": "monetary", "binning": "nested"}'), ('{"first": false, "amount": "gross"}')) v(o),
	(VALUES (1), (4), (9)) b(bins), rd_wrong(bins, o) w ORDER BY o, bins;
RESET client_min_messages;
-- without options, the same as the one pass
SELECT count(*) AS differ FROM ((SELECT * FROM crmseg.rfm_table('rd_order', 'id', 'at', 'amount', '2024-12-01', 7, '{}') EXCEPT SELECT * FROM crmseg.rfm_table('rd_order', 'id', 'at', 'amount', '2024-12-01', 7))
	UNION ALL (SELECT * FROM crmseg.rfm_table('rd_order', 'id', 'at', 'amount', '2024-12-01', 7) EXCEPT SELECT * FROM crmseg.rfm_table('rd_order', 'id', 'at', 'amount', '2024-12-01', 7, '{}'))) x;
-- fixed borders, each measure for itself: a value equal to one lies below it
SELECT min(age) AS youngest, max(age) AS oldest, r FROM (SELECT '2024-12-01' - last_purchase_at AS age, r FROM crmseg.rfm_table('rd_order', 'id', 'at', 'amount', '2024-12-01', 3, '{"cuts": {"recency": ["15d", "50d"]}}')) x GROUP BY r ORDER BY r;
SELECT count(*) FILTER (WHERE f <> 1 + (frequency > 2)::int + (frequency > 6)::int) AS f, count(*) FILTER (WHERE m <> 1 + (monetary > 99.5)::int + (monetary > 300)::int) AS m, count(DISTINCT r) AS r
FROM crmseg.rfm_table('rd_order', 'id', 'at', 'amount', '2024-12-01', 3, '{"cuts": {"frequency": [2, 6], "monetary": [99.5, 300]}, "groups": 3}');
SELECT label, count(*) > 0 AS some FROM crmseg.rfm_table('rd_order', 'id', 'at', 'amount', '2024-12-01', 4, '{"groups": 5}') GROUP BY 1 ORDER BY 1;
SELECT crmseg.rfm_weighted('5-4-3', 1, 1, 1), crmseg.rfm_weighted('5-4-3', 100, 10, 1), crmseg.rfm_weighted('5-4-3', 0, 0, 0);
-- what cannot be
SELECT crmseg.rfm_options('{"kount": 1}', 5);
SELECT crmseg.rfm_options('{"count": "all"}', 5);
SELECT crmseg.rfm_options('[]', 5);
SELECT crmseg.rfm_options('{}', 10);
SELECT crmseg.rfm_options('{"first": false, "count": "purchases"}', 5);
SELECT crmseg.rfm_options('{"zone": "Nowhere/Else"}', 5);
SELECT crmseg.rfm_options('{"since": "soon"}', 5);
SELECT crmseg.rfm_options('{"cuts": {"recency": ["30d"]}}', 3);
SELECT crmseg.rfm_options('{"cuts": {"recency": ["30d", "10d"]}}', 3);
SELECT crmseg.rfm_options('{"cuts": {"size": [1, 2]}}', 3);
SELECT crmseg.rfm_options('{"cuts": {"frequency": [null, 2]}}', 3);
SELECT * FROM crmseg.rfm_measures('rd_order', 'id', 'at', 'amount', 'infinity');
\set VERBOSITY sqlstate
SELECT * FROM crmseg.rfm_measures('rd_order', 'nobody', 'at', 'amount', now());
\set VERBOSITY terse
-- moves between two dates
SELECT count(*) AS differ FROM ((SELECT * FROM crmseg.rfm_transitions('rd_order', 'id', 'at', 'amount', '2024-03-01', '2024-12-01', 4))
	EXCEPT SELECT a.label, b.label, count(*), sum(coalesce(b.monetary, a.monetary)) FROM crmseg.rfm_table('rd_order', 'id', 'at', 'amount', '2024-03-01', 4) a FULL JOIN crmseg.rfm_table('rd_order', 'id', 'at', 'amount', '2024-12-01', 4) b USING (party_id) GROUP BY 1, 2) x;
SELECT sum(customers) AS customers, sum(customers) FILTER (WHERE "from" IS NULL) AS new, sum(revenue) AS revenue FROM crmseg.rfm_transitions('rd_order', 'id', 'at', 'amount', '2024-02-01', '2024-12-01');
SELECT * FROM crmseg.rfm_transitions('rd_order', 'id', 'at', 'amount', '2025-02-01', '2024-12-01');
-- since when in the present group: every candidate instant, scored from all orders until then
CREATE FUNCTION rd_entered(as_of timestamptz, cuts crmseg.rfm_cuts) RETURNS TABLE (party_id text, label text, entered_at timestamptz, previous text) LANGUAGE sql AS $$
	WITH t AS (SELECT DISTINCT id, at + c AS t FROM rd_order, unnest(ARRAY['0'::interval] || ARRAY(SELECT c + interval '1 microsecond' FROM unnest(crmseg.recency_cuts(cuts)) c)) c WHERE id IS NOT NULL AND amount IS NOT NULL AND at + c <= as_of),
	n AS (SELECT id, t, (SELECT crmseg.rfm_group(crmseg.rfm_score(crmseg.purchases(o.at, o.amount), cuts, t), crmseg.rfm_bins(cuts)) FROM rd_order o WHERE o.id = t.id AND o.at <= t) AS label FROM t)
	SELECT id::text, label, (SELECT min(t) FROM n x WHERE x.id = n.id AND x.t > coalesce((SELECT max(t) FROM n y WHERE y.id = n.id AND y.label IS DISTINCT FROM n.label), '-infinity')),
		(SELECT y.label FROM n y WHERE y.id = n.id AND y.label IS DISTINCT FROM n.label ORDER BY t DESC LIMIT 1)
	FROM (SELECT DISTINCT ON (id) * FROM n ORDER BY id, t DESC) n WHERE label IS NOT NULL
$$;
SELECT cuts, count(*) AS customers, count(*) FILTER (WHERE (a.label, a.entered_at, a.previous) IS DISTINCT FROM (b.label, b.entered_at, b.previous)) AS wrong, count(b.previous) > 0 AS moved
FROM (VALUES ('{bins=3; recency=20d,60d; frequency=2,6; monetary=100,300}'::crmseg.rfm_cuts), ('{bins=5; recency=10d,20d,20d,200d; frequency=1,2,5,9; monetary=0,50,300,500}'), ('{bins=1}')) v(cuts),
	LATERAL rd_entered('2024-12-01', cuts) a FULL JOIN LATERAL crmseg.rfm_entered('rd_order', 'id', 'at', 'amount', cuts, '2024-12-01') b USING (party_id) GROUP BY cuts::text, 1 ORDER BY cuts::text;
-- an hour that the zone of the session skips changes nothing
CREATE TABLE rd_utc AS SELECT * FROM crmseg.rfm_entered('rd_order', 'id', 'at', 'amount', '{bins=3; recency=20d,60d; frequency=2,6; monetary=100,300}', '2024-12-01 00:00+00');
SET timezone = 'Europe/Paris';
SELECT count(*) AS differ FROM (TABLE rd_utc EXCEPT SELECT * FROM crmseg.rfm_entered('rd_order', 'id', 'at', 'amount', '{bins=3; recency=20d,60d; frequency=2,6; monetary=100,300}', '2024-12-01 00:00+00')) x;
SET timezone = 'UTC';
-- periods
SELECT count(*) AS wrong FROM generate_series(date '1999-12-20', '2001-01-10', '1 day') d, unnest('{day,week,month,quarter,year}'::text[]) p
WHERE crmseg.period_start(crmseg.period_number(d::date, p), p) <> date_trunc(p, d)::date OR crmseg.period_number((date_trunc(p, d) + ('1 ' || replace(p, 'quarter', 'month'))::interval * CASE p WHEN 'quarter' THEN 3 ELSE 1 END)::date, p) <> crmseg.period_number(d::date, p) + 1;
-- cohorts
CREATE TABLE rd_period AS SELECT p, id, date_trunc(p, at AT TIME ZONE 'Europe/Paris')::date AS start, bool_or(amount >= 0) AS bought, sum(amount) AS amount
FROM rd_order, unnest('{week,month,quarter,year}'::text[]) p WHERE id IS NOT NULL AND amount IS NOT NULL AND at <= '2024-12-01' GROUP BY 1, 2, 3;
CREATE TABLE rd_first AS SELECT p, id, min(start) AS cohort FROM rd_period WHERE bought GROUP BY 1, 2;
SELECT p, count(*) AS cells, count(*) FILTER (WHERE c.customers <> (SELECT count(*) FROM rd_first f WHERE f.p = v.p AND f.cohort = c.cohort)) AS wrong_size, count(*) FILTER (WHERE c.retention <> c.active / c.customers::numeric) AS wrong_share,
	count(*) FILTER (WHERE (c.active, c.revenue) <> (SELECT count(*) FILTER (WHERE bought), coalesce(sum(amount), 0) FROM rd_period x JOIN rd_first f USING (p, id) WHERE x.p = v.p AND f.cohort = c.cohort
		AND x.start = crmseg.period_start(crmseg.period_number(c.cohort, v.p) + c.age, v.p))) AS wrong
FROM unnest('{week,month,quarter,year}'::text[]) v(p), crmseg.cohort_retention('rd_order', 'id', 'at', 'amount', p, '2024-12-01', 'Europe/Paris') c GROUP BY p ORDER BY p;
SELECT * FROM crmseg.cohort_retention('rd_order', 'id', 'at', 'amount', 'year', '2025-12-01');
SELECT * FROM crmseg.cohort_retention('rd_order', 'id', 'at', 'amount', 'fortnight');
SELECT * FROM crmseg.cohort_retention('rd_order', 'id', 'at', 'amount', 'month', now(), 'Nowhere');
-- new, kept, lost, won back
SELECT p, count(*) AS periods, count(*) FILTER (WHERE (c.active, c.new, c.kept, c.won_back, c.lost, c.revenue, c.new_revenue, c.kept_revenue, c.won_back_revenue, c.lost_revenue) IS DISTINCT FROM (e.active, e.new, e.kept, e.won, e.lost, e.revenue, e.a, e.b, e.c, e.d)) AS wrong,
	count(*) FILTER (WHERE c.attrition_rate <> c.lost::numeric / e.before) AS wrong_rate
FROM unnest('{week,month,quarter,year}'::text[]) v(p), crmseg.customer_flow('rd_order', 'id', 'at', 'amount', p, '2024-12-01', 'Europe/Paris') c,
LATERAL (SELECT count(*) FILTER (WHERE now) AS active, count(*) FILTER (WHERE now AND first) AS new, count(*) FILTER (WHERE now AND last) AS kept, count(*) FILTER (WHERE now AND NOT last AND NOT first) AS won, count(*) FILTER (WHERE last AND NOT now) AS lost,
		coalesce(sum(amount), 0) AS revenue, coalesce(sum(amount) FILTER (WHERE now AND first), 0) AS a, coalesce(sum(amount) FILTER (WHERE now AND last), 0) AS b, coalesce(sum(amount) FILTER (WHERE now AND NOT last AND NOT first), 0) AS c,
		coalesce(sum(amount_before) FILTER (WHERE last AND NOT now), 0) AS d, nullif(count(*) FILTER (WHERE last), 0) AS before
	FROM (SELECT id, coalesce(bool_or(bought) FILTER (WHERE start = period_start), false) AS now, coalesce(bool_or(bought) FILTER (WHERE start = before), false) AS last, coalesce(bool_and(NOT bought) FILTER (WHERE start < period_start), true) AS first,
			sum(amount) FILTER (WHERE start = period_start) AS amount, sum(amount) FILTER (WHERE start = before) AS amount_before
		FROM rd_period x, LATERAL (SELECT crmseg.period_start(crmseg.period_number(c.period_start, v.p) - 1, v.p) AS before) b WHERE x.p = v.p AND start <= period_start GROUP BY id) y) e GROUP BY p ORDER BY p;
SELECT period_start, active, new, kept, won_back, lost, attrition_rate FROM crmseg.customer_flow('rd_order', 'id', 'at', 'amount', 'quarter', '2025-06-01');
SELECT round(crmseg.attrition_rate('rd_order', 'id', 'at', 'amount', '2024-04-01', '2024-07-01'), 6) = round(a.attrition_rate, 6) AS as_by_quarters FROM crmseg.customer_flow('rd_order', 'id', 'at', 'amount', 'quarter', '2024-06-30 23:59:59') a WHERE period_start = '2024-04-01';
SELECT crmseg.attrition_rate('rd_order', 'id', 'at', 'amount', '1990-04-01', '1990-07-01');
SELECT crmseg.attrition_rate('rd_order', 'id', 'at', 'amount', '2024-04-01', '2024-04-01');
-- rhythm
SELECT count(*) AS customers, count(*) FILTER (WHERE mean_gap IS NULL) AS once, count(*) FILTER (WHERE overdue_by IS NOT NULL) AS overdue, count(*) FILTER (WHERE (overdue_by IS NOT NULL) IS DISTINCT FROM (coalesce(lateness, 0) > 1)) AS differ,
	count(*) FILTER (WHERE overdue_by <> '2024-12-01' - next_purchase_at OR abs(extract(epoch FROM next_purchase_at - last_purchase_at - (last_purchase_at - first_purchase_at) / nullif(purchase_days - 1, 0))) > 1e-5) AS wrong
FROM crmseg.purchase_rhythm('rd_order', 'id', 'at', 'amount', '2024-12-01');

-- what cannot be added up: sums and counts far beyond, then errors that say so
DO $$ DECLARE s crmseg.purchase_summary := crmseg.purchase('2024-01-01', 12.5); begin for i in 1..70 loop s := crmseg.summary_merge(s, s); if i in (30, 40, 62) then raise notice '% % %', i, crmseg.purchase_count(s), crmseg.net_amount(s); end if; end loop; end $$;
DO $$ DECLARE k crmseg.rfm_book; n int8; begin SELECT crmseg.rfm_book(1, '2024-01-01', 12.5, null) into k; for i in 1..40 loop k := crmseg.rfm_book_merge(k, k); if i in (30,31) then SELECT frequency into n FROM crmseg.rfm_rows(k, now()); raise notice '% %', i, n; end if; end loop; end $$;
SELECT crmseg.rfm_score(now(), -1, 5, '{bins=1}', now());
SELECT crmseg.rfm_cuts(now(), -1, 5, now(), 3);
SELECT crmseg.rfm_score(now(), 1, 'NaN', '{bins=3; recency=1,2; frequency=1,2; monetary=1,2}', now());
SELECT crmseg.rfm_score(now(), 1, 'Infinity', '{bins=3; recency=1,2; frequency=1,2; monetary=1,2}', now());
SELECT crmseg.rfm_cuts(now(), 1, 'NaN', now(), 3);
SELECT crmseg.rfm_cuts('infinity'::timestamptz, 1, 5, now(), 3);
SELECT crmseg.purchase('infinity', 5);
SELECT crmseg.purchase(now(), 'NaN');
SELECT crmseg.purchase(now(), '-Infinity');
SELECT crmseg.gini('NaN'::numeric);
SELECT crmseg.gini('Infinity'::numeric);
CREATE TABLE rd_bad (id int, at timestamptz, amount numeric);
INSERT INTO rd_bad VALUES (1, now(), 'NaN'), (2, now(), 5);
SELECT * FROM crmseg.portfolio('rd_bad','id','amount');
SELECT * FROM crmseg.rfm_measures('rd_bad','id','at','amount',now());
SELECT * FROM crmseg.customer_flow('rd_bad','id','at','amount');
SELECT * FROM crmseg.cohort_retention('rd_bad','id','at','amount');
SELECT * FROM crmseg.purchase_rhythm('rd_bad','id','at','amount');
SELECT * FROM crmseg.rfm_scopes('rd_bad','amount','id','at','amount');
SELECT * FROM crmseg.rfm_entered('rd_bad','id','at','amount','{bins=1}');
UPDATE rd_bad SET at = 'infinity', amount = 1;
SELECT * FROM crmseg.customer_flow('rd_bad','id','at','amount');
SELECT * FROM crmseg.rfm_measures('rd_bad','id','at','amount',now());
UPDATE rd_bad SET at = '-infinity', amount = 1;
SELECT * FROM crmseg.customer_flow('rd_bad','id','at','amount');
SELECT * FROM crmseg.cohort_retention('rd_bad','id','at','amount');
SELECT * FROM crmseg.rfm_measures('rd_bad','id','at','amount',now());
SELECT * FROM crmseg.attrition_rate('rd_bad','id','at','amount',now()-interval '1 day', now());
DROP TABLE rd_bad, rd_order, rd_period, rd_first, rd_utc;
DROP FUNCTION rd_measures, rd_scores, rd_wrong, rd_entered;
