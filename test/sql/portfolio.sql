-- the portfolio of any table and of a mart, against plain SQL; its potential, risk and status
SET timezone = 'UTC';
SET jit = off;
\set VERBOSITY terse
-- Gini: known values, and the mean absolute difference by twice the mean
SELECT crmseg.gini(x) FROM (VALUES (5::numeric), (5), (5)) v(x);
SELECT crmseg.gini(x) FROM (VALUES (0::numeric), (0), (0), (1)) v(x);
SELECT crmseg.gini(x) FROM (VALUES (0::numeric), (-3), (NULL)) v(x);
SELECT crmseg.gini(x) FROM (VALUES (1::numeric), (2), (3), (4), (NULL), (-9)) v(x);
SELECT crmseg.gini(NULL::numeric);
\set seed 0.4
SELECT setseed(:seed);
CREATE TABLE po_order AS SELECT (random() * random() * 80)::int AS id, '2024-01-01'::timestamptz + (random() * 9000)::int * interval '1 hour' AS at,
	CASE WHEN random() < 0.1 THEN -round((random() * 90)::numeric, 2) WHEN random() < 0.3 THEN 10 ELSE round((random() * 100)::numeric, 2) END AS amount FROM generate_series(1, 500);
INSERT INTO po_order VALUES (NULL, '2024-05-01', 5), (7, NULL, NULL), (900, '2024-05-01', -5), (901, '2024-05-01', 10), (902, '2024-05-01', 10), (903, '2024-05-01', 0);
CREATE TABLE po AS SELECT id::text AS party_id, sum(amount) AS revenue, greatest(sum(amount), 0) AS paid FROM po_order WHERE id IS NOT NULL AND amount IS NOT NULL GROUP BY id;
SELECT abs(crmseg.gini(revenue) - (SELECT sum(abs(a.paid - b.paid)) FROM po a, po b) / (2 * count(*) * sum(paid))) < 1e-9 AS gini FROM po;
SELECT count(*) AS customers, count(DISTINCT class) AS classes, count(*) FILTER (WHERE (p.revenue, p.rank) IS DISTINCT FROM (o.revenue, (SELECT 1 + count(*) FROM po x WHERE x.revenue > o.revenue))) AS wrong_rank,
	count(*) FILTER (WHERE abs(p.share - o.paid / t.total) > 1e-12 OR abs(p.cumulated_share - (SELECT sum(x.paid) FROM po x WHERE x.revenue >= o.revenue) / t.total) > 1e-12) AS wrong_share,
	count(*) FILTER (WHERE p.class <> CASE WHEN o.revenue <= 0 THEN 'C' WHEN b.before < 0.8 * t.total THEN 'A' WHEN b.before < 0.95 * t.total THEN 'B' ELSE 'C' END) AS wrong_class
FROM crmseg.portfolio('po_order', 'id', 'amount') p FULL JOIN po o USING (party_id), (SELECT sum(paid) AS total FROM po) t, LATERAL (SELECT coalesce(sum(x.paid), 0) AS before FROM po x WHERE x.revenue > o.revenue) b;
SELECT class, customers, revenue FROM crmseg.portfolio_summary('po_order', 'id', 'amount');
SELECT sum(share_of_customers) FILTER (WHERE class <> 'all') AS customers, round(sum(share_of_revenue) FILTER (WHERE class <> 'all'), 12) AS revenue, round(max(gini) FILTER (WHERE class = 'all') - (SELECT crmseg.gini(revenue) FROM po), 12) AS gini FROM crmseg.portfolio_summary('po_order', 'id', 'amount');
SELECT count(*) > 5 AS points, bool_and(share_of_revenue >= before) AS rises, max(share_of_parties) = 1 AND max(share_of_revenue) = 1 AS whole FROM (SELECT *, lag(share_of_revenue, 1, 0) OVER (ORDER BY share_of_parties) AS before FROM crmseg.concentration_curve('po_order', 'id', 'amount', 10)) x;
SELECT size_class, customers, revenue FROM crmseg.portfolio_structure('po_order', 'id', 'amount');
SELECT s.size_class, s.customers = (SELECT count(*) FROM po WHERE revenue BETWEEN s.from_revenue AND s.to_revenue) AS customers, round(sum(s.share_of_revenue) OVER (), 12) AS all_of_it FROM crmseg.portfolio_structure('po_order', 'id', 'amount', ARRAY[0, 100, 300]) s;
SELECT crmseg.portfolio_structure('po_order', 'id', 'amount', ARRAY[100, 0]);
SELECT crmseg.portfolio('po_order', 'id', 'amount', 0.9, 0.8);
SELECT label = 'all' AS total, sum(customers) AS customers, bool_and(churn_risk BETWEEN 0 AND 1 AND revenue_at_risk <= greatest(yearly_revenue, 0) + 1) AS sane FROM crmseg.revenue_at_risk('po_order', 'id', 'at', 'amount', '2025-06-01') GROUP BY 1 ORDER BY 1;
-- nothing
TRUNCATE po_order;
SELECT (SELECT count(*) FROM crmseg.portfolio('po_order', 'id', 'amount')) AS a, (SELECT count(*) FROM crmseg.portfolio_summary('po_order', 'id', 'amount')) AS b, (SELECT count(*) FROM crmseg.concentration_curve('po_order', 'id', 'amount')) AS c, (SELECT count(*) FROM crmseg.portfolio_structure('po_order', 'id', 'amount')) AS d,
	(SELECT count(*) FROM crmseg.revenue_at_risk('po_order', 'id', 'at', 'amount')) AS e, (SELECT count(*) FROM crmseg.customer_flow('po_order', 'id', 'at', 'amount')) AS f;
-- a mart
SELECT crmseg.create_datamart('pm');
SELECT (SELECT count(*) FROM crmseg.portfolio_structure('pm')) AS a, (SELECT count(*) FROM crmseg.revenue_at_risk('pm')) AS b, (SELECT count(*) FROM crmseg.customer_values('pm')) AS c, (SELECT count(*) FROM pm.high_potential_small_customers) AS d, (SELECT count(*) FROM crmseg.apply_tiers('pm')) AS e,
	(SELECT count(*) FROM crmseg.model_tracking('pm')) AS f, (SELECT count(*) FROM crmseg.rfm_at('pm')) AS g, (SELECT count(*) FROM crmseg.cohort_retention('pm')) AS h, length(crmseg.report('pm')) > 1000 AS report;
INSERT INTO pm.source (name) VALUES ('till');
INSERT INTO pm.party (kind, legal_name, country, postal_code, industry_code) SELECT CASE WHEN g = 1 THEN 'unidentified' WHEN g % 5 = 0 THEN 'organisation' ELSE 'person' END, CASE WHEN g % 5 = 0 THEN 'Firm ' || g END, 'FR', (70000 + g % 4 * 1000)::text, CASE WHEN g % 5 = 0 THEN (ARRAY['47', '62'])[1 + g / 5 % 2] END FROM generate_series(1, 200) g;
SELECT setseed(:seed);
-- customers who leave after a while, and rich ones; fixed days before now, so that who is late stays late
INSERT INTO pm.sales_order (party_id, ordered_at, currency, amount, base_rate, margin, kind, source_id, external_id)
	SELECT x.party_id, x.at, 'EUR', CASE WHEN x.back THEN -x.amount ELSE x.amount END, 1, CASE WHEN x.amount > 5 THEN round(x.amount / 5, 2) END, CASE WHEN x.back THEN 'r' ELSE 's' END, 1, row_number() OVER ()
	FROM (SELECT p.party_id, date_trunc('day', now()) - interval '700 days' + p.born + e * p.gap AS at, round((p.rich * (0.5 + random()))::numeric, 2) AS amount, random() < 0.05 AS back
		FROM (SELECT party_id, random() * interval '200 days' AS born, random() * interval '60 days' + interval '3 days' AS gap, (random() * 12)::int AS n, exp(random() * 5) AS rich FROM pm.party WHERE party_id <= 180) p, generate_series(0, p.n) e) x WHERE x.at < date_trunc('day', now());
SELECT class, customers FROM crmseg.portfolio_summary('pm');
SELECT size_class, customers FROM crmseg.portfolio_structure('pm');
SELECT count(*) AS differ FROM ((SELECT party_id::text, rank, revenue, round(share, 12), round(cumulated_share, 12), class::text FROM pm.portfolio EXCEPT SELECT party_id, rank, revenue, round(share, 12), round(cumulated_share, 12), class FROM crmseg.portfolio('pm.customer_order', 'party_id', 'amount'))) x
JOIN pm.party_profile p ON p.party_id::text = x.party_id AND p.orders > 0;
-- scores of any date, those of today as the view has them; a past date knows nothing of what came later
SELECT count(*) AS customers, count(*) FILTER (WHERE (a.last_purchase_at, a.frequency, a.monetary, a.r, a.f, a.m, a.label) IS DISTINCT FROM (b.last_purchase_at, b.frequency, b.monetary, b.r, b.f, b.m, b.label)) AS differ FROM crmseg.rfm_at('pm') a FULL JOIN pm.customer_rfm b USING (party_id);
SELECT count(*) FILTER (WHERE last_purchase_at > now() - interval '300 days') AS later, count(*) FILTER (WHERE a.monetary <> (SELECT sum(amount) FROM pm.customer_order o WHERE o.party_id = a.party_id AND ordered_at <= now() - interval '300 days')) AS wrong FROM crmseg.rfm_at('pm', now() - interval '300 days') a;
SELECT crmseg.set_rfm_cuts('pm', '{bins=3; recency=30d,180d; frequency=1,4; monetary=50,500}');
INSERT INTO pm.rfm_label_def (position, label, f_min) VALUES (1, 'regulars', 3);
SELECT count(*) AS customers, count(*) FILTER (WHERE (a.r, a.f, a.m, a.label) IS DISTINCT FROM (b.r, b.f, b.m, b.label)) AS differ FROM crmseg.rfm_at('pm') a FULL JOIN pm.customer_rfm b USING (party_id);
SELECT max(r) <= 4 AS four, count(*) FILTER (WHERE label NOT IN ('Active', 'Slipping', 'Lost')) AS other_names FROM crmseg.rfm_at('pm', now(), 4, '{"groups": 3, "binning": "nested"}');
SELECT sum(customers) = (SELECT count(*) FROM pm.customer_rfm) AS all_customers, count(*) FILTER (WHERE "from" = 'regulars') > 0 AS own_names FROM crmseg.rfm_transitions('pm', now() - interval '200 days');
SELECT crmseg.set_rfm_cuts('pm', NULL);
-- rhythm: as from the orders
SELECT count(*) AS customers, count(*) FILTER (WHERE (a.purchase_days, a.first_purchase_at, a.last_purchase_at) IS DISTINCT FROM (b.purchase_days, b.first_purchase_at, b.last_purchase_at) OR abs(extract(epoch FROM a.next_purchase_at - b.next_purchase_at)) > 0.001 OR (a.overdue_by IS NULL) <> (b.overdue_by IS NULL)) AS wrong
FROM pm.customer_rhythm a FULL JOIN (SELECT party_id::bigint AS id, x.* FROM crmseg.purchase_rhythm('pm.customer_order', 'party_id', 'ordered_at', 'amount', now(), (SELECT time_zone FROM pm.datamart)) x) b ON b.id = a.party_id;
SELECT count(*) = (SELECT count(*) FROM pm.customer_rhythm WHERE lateness > 1) AS overdue FROM pm.overdue_customers;
-- potential: the 80th percentile of the yearly margin of the peers, by plain SQL
CREATE TEMP TABLE peer AS SELECT p.party_id, kind, coalesce(industry_code, '') AS sector, country || left(postal_code, 2) AS region, f.margin / greatest(extract(epoch FROM now() - first_order_at) / 31557600, 1) AS margin
FROM pm.party p JOIN pm.party_profile f USING (party_id) WHERE order_days > 0 AND kind <> 'unidentified' AND margin IS NOT NULL;
SELECT count(*) AS customers, count(DISTINCT c.peers) > 3 AS many_groups, count(*) FILTER (WHERE c.peers <> g.n OR abs(c.peer_margin - g.p80) > 1e-6 * abs(g.p80) OR abs(c.potential - CASE WHEN g.p80 > 0 AND p.margin < g.p80 THEN least((g.p80 - p.margin) / g.p80, 1) ELSE 0 END) > 1e-6) AS wrong
FROM pm.customer_potential c FULL JOIN peer p USING (party_id),
LATERAL (SELECT count(*) AS n0 FROM peer x WHERE (x.kind, x.sector, x.region) = (p.kind, p.sector, p.region)) a, LATERAL (SELECT count(*) AS n1 FROM peer x WHERE (x.kind, x.sector) = (p.kind, p.sector)) b,
LATERAL (SELECT count(*) AS n, percentile_disc(0.8) WITHIN GROUP (ORDER BY x.margin) AS p80 FROM peer x WHERE x.kind = p.kind AND (n1 < 10 AND n0 < 10 OR x.sector = p.sector) AND (n0 < 10 OR x.region = p.region)) g;
SELECT count(*) > 0 AS some, bool_and(class = 'C' AND potential >= 0.5) AS small_with_potential FROM pm.high_potential_small_customers;
-- kept borders: in the same transaction those of the moment; who comes into a group that was not there is compared to the wider one
BEGIN;
CREATE TEMP TABLE of_the_moment ON COMMIT DROP AS SELECT * FROM pm.customer_potential;
SELECT crmseg.refresh_peers('pm') = (SELECT count(*) FROM pm.peer_group) AS borders;
SELECT count(*) > 100 AS customers, count(*) FILTER (WHERE a IS DISTINCT FROM b) AS differ FROM of_the_moment a FULL JOIN pm.customer_potential b USING (party_id);
COMMIT;
BEGIN;
UPDATE pm.party SET country = 'ZZ' WHERE party_id = (SELECT min(party_id) FROM pm.customer_margin);
UPDATE pm.party SET country = 'ZZ', industry_code = 'new' WHERE party_id = (SELECT max(party_id) FROM pm.customer_margin);
SELECT c.sector = 'new' AS new_sector, (p.peers, p.peer_margin, p.fresh_as_of) IS NOT DISTINCT FROM (SELECT (b.peers, b.margin, b.made_at) FROM pm.peer_border b WHERE b.kind = c.kind AND b.region IS NULL AND b.sector IS NOT DISTINCT FROM nullif(c.sector, 'new')) AS wider
FROM pm.customer_margin c JOIN pm.customer_potential p USING (party_id) WHERE c.region LIKE 'ZZ%' ORDER BY 1;
ROLLBACK;
SELECT count(*) AS customers, count(*) FILTER (WHERE abs(p.peer_margin - b.margin) > 0 OR p.yearly_margin <> c.margin) AS wrong FROM pm.customer_potential p JOIN pm.customer_margin c USING (party_id) JOIN pm.peer_border b USING (kind, sector, region);
-- all of it in a parallel plan, with the same result
CREATE FUNCTION pg_temp.plan(sql text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE line text; t text := ''; BEGIN FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || sql LOOP t := t || line || E'\n'; END LOOP; RETURN t; END $$;
BEGIN;
CREATE TEMP TABLE alone ON COMMIT DROP AS SELECT * FROM pm.high_potential_small_customers;
SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL max_parallel_workers_per_gather = 2;
SELECT pg_temp.plan('SELECT count(*), max(class), sum(potential) FROM pm.high_potential_small_customers') LIKE 'Finalize Aggregate%' AS parallel;
CREATE TEMP TABLE beside ON COMMIT DROP AS SELECT * FROM pm.high_potential_small_customers;
SELECT count(*) > 0 AS some, count(*) FILTER (WHERE a IS DISTINCT FROM b) AS differ FROM alone a FULL JOIN beside b USING (party_id);
COMMIT;
SELECT crmseg.potential_share(m, p) FROM (VALUES (1, 10::numeric, 40::numeric), (2, -10, 40), (3, 50, 40), (4, 40, 40), (5, 10, 0), (6, -20, -10), (7, NULL, 40), (8, 10, NULL), (9, 0, 1e-30)) v(n, m, p) ORDER BY n;
SELECT count(*) AS margins, count(*) FILTER (WHERE crmseg.potential_share(m, p) IS DISTINCT FROM CASE WHEN p > 0 AND p > m THEN least((p - m) / p, 1) ELSE 0 END) AS differ
FROM (SELECT round(((hashint4(i) % 1000) / 7.0)::numeric, i % 9) AS m, round(((hashint4(i + 5000) % 1000) / 3.0)::numeric, i % 5) AS p FROM generate_series(1, 3000) i) v;
-- an amount by the years, against the server's arithmetic
SELECT count(*) AS amounts, count(*) FILTER (WHERE y <> round(round(a, 25) * 31557600 / greatest(extract(epoch FROM t - s), 31557600), 8) OR scale(y) <> 8) AS differ
FROM (SELECT a, s, t, crmseg.yearly_amount(a, s, t) AS y FROM (SELECT round(((random() - 0.5) * 10 ^ (i % 19))::numeric, (random() * 10)::int) AS a, '2024-01-01'::timestamptz - random() * interval '20 years' AS s, '2024-01-01'::timestamptz + random() * interval '1 year' AS t
	FROM generate_series(1, 2000) i) x) v;
SELECT crmseg.yearly_amount(a, '2020-01-01', '2022-01-01 12:00') FROM (VALUES (1, 100::numeric), (2, 0.00000001), (3, -0.00000003), (4, 1e30), (5, 0), (6, NULL)) v(n, a) ORDER BY n;
SELECT crmseg.yearly_amount(1.000000005, '2022-01-01', '2020-01-01');
SELECT crmseg.yearly_amount('NaN', '2020-01-01', '2022-01-01');
SELECT crmseg.yearly_amount(1, '-infinity', '2022-01-01');
SELECT count(*) AS customers, bool_and(p_alive BETWEEN 0 AND 1 AND expected_purchases >= 0 AND abs(expected_revenue - expected_purchases * expected_spend) < 1e-9) AS sane FROM crmseg.customer_values('pm');
SELECT customers, crmseg.family(model) AS model, crmseg.family(spend_model) AS spend FROM crmseg.fit_customers('pm');
SELECT bool_and(class = 'C') AS small, bool_and(expected_revenue >= (SELECT percentile_disc(0.8) WITHIN GROUP (ORDER BY expected_revenue) FROM crmseg.customer_values('pm')) - 1e-9) AS best_fifth FROM crmseg.high_potential_by_value('pm', '1 year', 0.2);
SELECT crmseg.high_potential_by_value('pm', '1 year', 0);
SELECT crmseg.customer_values('pm', '-1 day');
SELECT sum(customers) FILTER (WHERE label <> 'all') = max(customers) FILTER (WHERE label = 'all') AS customers, abs(sum(revenue_at_risk) FILTER (WHERE label <> 'all') - max(revenue_at_risk) FILTER (WHERE label = 'all')) < 1 AS adds_up, bool_and(margin_at_risk <= yearly_margin AND churn_risk BETWEEN 0 AND 1) AS sane FROM crmseg.revenue_at_risk('pm');
-- the status by rule: the first that fits; one given by hand stays
UPDATE pm.party SET tier = 'by hand' WHERE party_id = 2;
INSERT INTO pm.tier_def (position, tier, revenue_min, orders_min, bought_within, class, label) VALUES (1, 'VIP', DEFAULT, 5, NULL, 'A', NULL), (2, 'gold', 100, 0, '365 days', 'B', NULL), (3, 'sleeping', 0, 1, NULL, NULL, 'Lost');
SELECT tier, parties > 0 AS some, CASE WHEN tier <> 'by hand' THEN changed = parties ELSE changed = 0 END AS changed FROM crmseg.apply_tiers('pm') ORDER BY 1;
SELECT count(*) AS wrong FROM pm.party y LEFT JOIN pm.party_profile f USING (party_id) LEFT JOIN pm.portfolio c USING (party_id) LEFT JOIN pm.customer_rfm r USING (party_id)
WHERE y.party_id > 2 AND y.kind <> 'unidentified' AND tier IS DISTINCT FROM CASE WHEN c.class = 'A' AND f.orders >= 5 THEN 'VIP' WHEN c.class <= 'B' AND f.revenue >= 100 AND f.last_order_at > now() - interval '365 days' THEN 'gold' WHEN r.label = 'Lost' AND f.revenue >= 0 THEN 'sleeping' END;
SELECT sum(changed) AS changed FROM crmseg.apply_tiers('pm');
UPDATE pm.tier_def SET orders_min = 1000 WHERE position = 1;
SELECT count(*) FILTER (WHERE tier = 'VIP') AS no_longer FROM crmseg.apply_tiers('pm');
SELECT tier FROM pm.party WHERE party_id = 2;
SELECT count(*) FROM crmseg.check_datamart('pm');
-- a mart without any margin takes revenue
UPDATE pm.sales_order SET margin = NULL;
SELECT count(*) = (SELECT count(*) FROM pm.customer_rfm) AS all_customers FROM pm.customer_potential;
SELECT crmseg.refresh_peers('pm') > 0 AS borders;
SELECT count(*) = (SELECT count(*) FROM pm.customer_rfm) AS all_customers, count(DISTINCT fresh_as_of) AS kept FROM pm.customer_potential;
SELECT c.relname, a.attname AS column_without_comment FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'pm'::regnamespace AND c.relname IN ('customer_order', 'customer_history', 'customer_rhythm', 'overdue_customers', 'customer_margin', 'peer_group', 'peer_border', 'customer_potential', 'high_potential_small_customers', 'tier_def') AND col_description(c.oid, a.attnum) IS NULL;
SET client_min_messages = warning;
DROP SCHEMA pm CASCADE;
DROP TABLE po_order, po, peer;

-- amounts in order: the cuts against windows, quantiles against percentile_disc; small and wide amounts, ties, quotients, nothing above 0 (seed 0.3)
SELECT setseed(0.3) IS NOT NULL AS seeded;
CREATE TEMPORARY TABLE amounts AS SELECT g, CASE g % 6 WHEN 0 THEN round((random() * 200 - 50)::numeric, 2) WHEN 1 THEN floor(random() * 5)::numeric WHEN 2 THEN (random() * 1000)::numeric / 7
	WHEN 3 THEN -random()::numeric WHEN 4 THEN random()::numeric * 1e20 ELSE random()::numeric * 9e12 END AS v FROM generate_series(1, 600) g, generate_series(1, 40) i;
SELECT count(*) AS groups, count(*) FILTER (WHERE w.total IS DISTINCT FROM c.c[1] OR w.a IS DISTINCT FROM c.c[2] OR w.b IS DISTINCT FROM c.c[3] OR w.q IS DISTINCT FROM c.q OR w.n <> c.n) AS differ
FROM (SELECT g, crmseg.share_cuts(crmseg.amount_sample(v), '{0.8,0.95}') AS c, crmseg.sample_quantile(crmseg.amount_sample(v), 0.8) AS q, crmseg.sample_size(crmseg.amount_sample(v)) AS n FROM amounts GROUP BY g) c
JOIN (SELECT g, sum(greatest(v, 0)) AS total, min(v) FILTER (WHERE v > 0 AND before < 0.8 * total) AS a, min(v) FILTER (WHERE v > 0 AND before < 0.95 * total) AS b,
		percentile_disc(0.8) WITHIN GROUP (ORDER BY v) AS q, count(*) AS n
	FROM (SELECT g, v, sum(greatest(v, 0)) OVER (PARTITION BY g) AS total,
			coalesce(sum(greatest(v, 0)) OVER (PARTITION BY g ORDER BY v DESC GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before FROM amounts) x GROUP BY g) w USING (g);
-- put together from parts
SELECT crmseg.share_cuts(crmseg.amount_sample(p.s), '{0.5}') = (SELECT crmseg.share_cuts(crmseg.amount_sample(v), '{0.5}') FROM amounts) AS same FROM (SELECT crmseg.amount_sample(v) AS s FROM amounts GROUP BY g) p;
SELECT crmseg.share_cuts(crmseg.amount_sample(v), '{0,0.5,1}') FROM (VALUES (10.00), (10.00), (5.50), (NULL), (-3)) v (v);
SELECT crmseg.share_cuts(crmseg.amount_sample(v), '{0.5}') FROM (VALUES (-1.0), (0)) v (v);
SELECT crmseg.share_cuts(crmseg.amount_sample(v), '{0.5}') FROM (VALUES (NULL::numeric)) v (v);
SELECT crmseg.share_cuts(crmseg.amount_sample(1), '{1.5}');
SELECT crmseg.share_cuts(crmseg.amount_sample(1), ARRAY[NULL]::numeric[]);
SELECT crmseg.sample_quantile(crmseg.amount_sample(1), 'NaN');
SELECT crmseg.amount_sample('NaN'::numeric);
DROP TABLE amounts;
