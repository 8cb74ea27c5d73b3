-- the type value_model
SET search_path = crmseg, public;
SELECT 'bg_nbd(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259)'::crmseg.value_model;
SELECT t::crmseg.value_model FROM unnest(ARRAY[' mbg_nbd ( b=1.6,a=.89, alpha = 6.18 , r=5.25e-1 ) ', 'pareto_nbd(r=0.55, alpha=10.6, s=0.606, beta=11.7, unit=1 week)',
	'gamma_gamma(p=6.25, q=3.74, v=15.44, se_p=1.19, log_likelihood=-4055.9, customers=946, ignored=1411, status=converged)', 'bg_bb(alpha=1.2, beta=0.75, gamma=0.66, delta=2.78)',
	'bg_nbd(r=0.5, alpha=2, a=0, b=1, nbd_aic=100, log_likelihood=-47, unit=36 hours, status=equal_rates+no_dropout)']) t;
SELECT (s::text)::crmseg.value_model = s AS text_again, s::text FROM (SELECT 'bg_nbd(r=0.1, alpha=0.30000000000000004, a=1e-9, b=1e12)'::crmseg.value_model s) x;
\set SHOW_CONTEXT never
SELECT ''::crmseg.value_model;
SELECT 'bg_nbd(r=1, alpha=1, a=1)'::crmseg.value_model;
SELECT 'bg_nbd(r=1, alpha=1, a=1, b=1, c=1)'::crmseg.value_model;
SELECT 'bg_nbd(r=1, alpha=1, a=1, b=1, b=1)'::crmseg.value_model;
SELECT 'bg_nbd(r=1, alpha=1, a=1, b=NaN)'::crmseg.value_model;
SELECT 'bg_nbd(r=1, alpha=1, a=1, b=Infinity)'::crmseg.value_model;
SELECT 'bg_nbd(r=1, alpha=1, a=1, b=-1)'::crmseg.value_model;
SELECT 'bg_nbd(r=1, alpha=0, a=1, b=1)'::crmseg.value_model;
SELECT 'bg_nbd(r=1, alpha=1, a=1, b=1e999)'::crmseg.value_model;
SELECT 'bg_nbd(r=1, alpha=1, a=1, b=0x10)'::crmseg.value_model;
SELECT 'bg_nbd(r=1, alpha=1, a=1, b=1'::crmseg.value_model;
SELECT 'bg_nbd(r=1, alpha=1, a=1, b=1) x'::crmseg.value_model;
SELECT 'bg_nbd(r=1, alpha=1, a=1, b=1, status=happy)'::crmseg.value_model;
SELECT 'gamma_gamma(p=1, q=1, v=1, status=no_dropout)'::crmseg.value_model;
SELECT 'weibull(a=1)'::crmseg.value_model;
-- order, equality, hash
SELECT a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt FROM (SELECT 'bg_nbd(r=1, alpha=1, a=1, b=1)'::crmseg.value_model a, 'bg_nbd(r=1, alpha=2, a=1, b=1)'::crmseg.value_model b) x;
CREATE TABLE model (m crmseg.value_model PRIMARY KEY);
INSERT INTO model SELECT format('%s(r=%s, alpha=%s, a=1, b=1)', f, r, alpha)::crmseg.value_model FROM unnest(ARRAY['mbg_nbd', 'bg_nbd']) f, generate_series(1, 3) r, generate_series(1, 2) alpha;
SELECT m FROM model ORDER BY m LIMIT 3;
SELECT count(DISTINCT m), count(*) FROM (SELECT m FROM model UNION ALL SELECT m FROM model) x;
SET enable_hashjoin = on; SET enable_mergejoin = off; SET enable_nestloop = off;
SELECT count(*) FROM model a JOIN model b ON a.m = b.m;
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_nestloop;
-- binary form: there and back, and refused when it is none
CREATE TABLE other (m crmseg.value_model);
COPY model TO '/dev/null' WITH (FORMAT binary);
SELECT encode(crmseg.value_model_send('bg_nbd(r=1, alpha=2, a=3, b=4)'), 'hex') LIKE '010000000100000000%' AS versioned;
DROP TABLE model, other;
-- reading
SELECT crmseg.family(m), crmseg.parameter(m, 'alpha'), crmseg.standard_error(m, 'alpha'), crmseg.standard_error(m, 'r') IS NULL AS unknown, crmseg.log_likelihood(m), crmseg.aic(m), crmseg.nbd_aic(m), crmseg.customers(m), crmseg.time_unit(m), crmseg.fit_status(m)
FROM (SELECT 'bg_nbd(r=1, alpha=2, a=3, b=4, se_alpha=0.5, log_likelihood=-10, nbd_aic=30, customers=7, unit=36 hours, status=converged)'::crmseg.value_model m) x;
SELECT crmseg.parameter('bg_nbd(r=1, alpha=2, a=3, b=4)', 's');

-- CDNOW, first 39 weeks, by the dates of the event log: the published maxima, 1e-6 relative
\getenv abs_srcdir PG_ABS_SRCDIR
\set content `cat ":abs_srcdir"/data/cdnow_sample.txt`
\set reference `cat ":abs_srcdir"/data/reference_cdnow.json`
\set points `cat ":abs_srcdir"/data/exact_points.json`
CREATE TABLE cdnow AS SELECT a[2]::int AS id, to_date(a[3], 'YYYYMMDD')::timestamp AT TIME ZONE 'UTC' AS at, a[5]::numeric AS amount
FROM (SELECT regexp_split_to_array(btrim(l), '\s+') a FROM regexp_split_to_table(:'content', E'\\r?\\n') l WHERE l <> '') x;
CREATE TABLE customer AS SELECT id, crmseg.purchases(at, amount) AS s FROM cdnow WHERE at <= '1997-09-30 00:00+00' GROUP BY id;
CREATE TABLE history AS SELECT id, s, crmseg.purchase_days(s) - 1 AS x, extract(epoch FROM crmseg.last_purchase_at(s) - crmseg.first_purchase_at(s))::float8 / 604800 AS tx,
	extract(epoch FROM '1997-09-30 00:00+00' - crmseg.first_purchase_at(s))::float8 / 604800 AS t,
	CASE WHEN crmseg.purchase_days(s) > 1 THEN (crmseg.gross_amount(s) - crmseg.first_day_amount(s))::float8 / (crmseg.purchase_days(s) - 1) ELSE 0 END AS mean FROM customer;
CREATE TABLE fitted AS SELECT f.name, f.m FROM (SELECT crmseg.fit_bg_nbd(x, tx, t) AS bgnbd, crmseg.fit_mbg_nbd(x, tx, t) AS mbgnbd, crmseg.fit_pareto_nbd(x, tx, t) AS paretonbd, crmseg.fit_gamma_gamma(x, mean) AS gammagamma FROM history) x,
	LATERAL (VALUES ('bgnbd', bgnbd), ('mbgnbd', mbgnbd), ('paretonbd', paretonbd), ('gammagamma', gammagamma)) f(name, m);
CREATE TABLE published AS SELECT name, r FROM jsonb_each((:'reference')::jsonb -> 'exact_dates') j(name, r) WHERE name IN (SELECT name FROM fitted);
SELECT f.name, crmseg.fit_status(f.m), abs(crmseg.log_likelihood(f.m) - (r->>'loglik')::float8) < 1e-6 AS likelihood_agrees,
	(SELECT bool_and(abs(crmseg.parameter(f.m, k) / v::float8 - 1) < 1e-6) FROM jsonb_each_text(r->'params') p(k, v)) AS parameters_agree
FROM fitted f JOIN published USING (name) ORDER BY 1;
-- standard errors as published for the Pareto/NBD, from the summaries with two decimals that the paper used
SELECT round(crmseg.standard_error(m, 'r')::numeric, 4) AS r, round(crmseg.standard_error(m, 'alpha')::numeric, 4) AS alpha, round(crmseg.standard_error(m, 's')::numeric, 4) AS s, round(crmseg.standard_error(m, 'beta')::numeric, 3) AS beta
FROM (SELECT crmseg.fit_pareto_nbd(x, round(tx::numeric, 2)::float8, round(t::numeric, 2)::float8) m FROM history) x;
-- over purchase summaries the same, whatever the unit; over money in another currency too (fewer of them in the light mode)
SELECT name, bool_and(abs(crmseg.parameter(x.m, 'r') / crmseg.parameter(f.m, 'r') - 1) < 1e-6 AND abs(crmseg.parameter(x.m, 'alpha') * extract(epoch FROM u) / 604800 / crmseg.parameter(f.m, 'alpha') - 1) < 1e-6) AS same_in_any_unit
FROM (SELECT u, unnest(ARRAY['bgnbd', 'mbgnbd', 'paretonbd']) AS name, unnest(ARRAY[crmseg.fit_bg_nbd(s, '1997-09-30 00:00+00', u), crmseg.fit_mbg_nbd(s, '1997-09-30 00:00+00', u), crmseg.fit_pareto_nbd(s, '1997-09-30 00:00+00', u)]) AS m
	FROM customer, unnest(CASE WHEN current_setting('crmseg_test.light', true) = 'on' THEN ARRAY['1 second']::interval[] ELSE ARRAY['1 second', '1 hour', '1 day', '7 days', '30 days']::interval[] END) u GROUP BY u) x JOIN fitted f USING (name) GROUP BY name ORDER BY name;
SELECT bool_and(abs(crmseg.parameter(x.m, 'v') / k / crmseg.parameter(f.m, 'v') - 1) < 1e-6 AND abs(crmseg.parameter(x.m, 'q') / crmseg.parameter(f.m, 'q') - 1) < 1e-6) AS same_in_any_money
FROM (SELECT k, crmseg.fit_gamma_gamma(x, mean * k) m FROM history, unnest(CASE WHEN current_setting('crmseg_test.light', true) = 'on' THEN ARRAY[1e6] ELSE ARRAY[0.01, 1, 1e3, 1e6] END::float8[]) k GROUP BY k) x, fitted f WHERE f.name = 'gammagamma';
SELECT crmseg.fit_gamma_gamma(s) = (SELECT m FROM fitted WHERE name = 'gammagamma') AS same FROM customer;
-- predictions of these models: total and means as published, 1e-6 relative
SELECT p.name, abs(sum(crmseg.expected_purchases(m, x, tx, t, 39)) / (r->>'sum_cond_exp')::float8 - 1) < 1e-6 AS expected, abs(avg(crmseg.p_alive(m, x, tx, t)) / (r->>'mean_p_alive')::float8 - 1) < 1e-6 AS alive,
	(SELECT bool_and(abs(crmseg.expected_purchases(m, k::float8) / v::float8 - 1) < 1e-6) FROM jsonb_each_text(r->'expected_X_t') e(k, v)) AS new_customer
FROM fitted f JOIN published p USING (name), history WHERE name <> 'gammagamma' GROUP BY p.name, m, r ORDER BY 1;
SELECT bool_and(abs(crmseg.expected_spend(m, x, mean) / v::float8 - 1) < 1e-6) AS spend FROM fitted f JOIN published p USING (name), jsonb_each_text(r->'cond_mean') c(id, v),
	LATERAL (SELECT x, mean FROM history h WHERE h.id = c.id::int) h WHERE name = 'gammagamma';
-- from the summary, as from its numbers
SELECT count(*), count(*) FILTER (WHERE abs(crmseg.p_alive(m, s, '1997-09-30 00:00+00') - crmseg.p_alive(m, x, tx, t)) < 1e-12 AND abs(crmseg.expected_purchases(m, s, '1997-09-30 00:00+00', '273 days') - crmseg.expected_purchases(m, x, tx, t, 39)) < 1e-9) AS same
FROM history, (SELECT crmseg.fit_bg_nbd(s, '1997-09-30 00:00+00', '7 days') m FROM customer) f;
-- donations: 11,104 donors, six years (Fader, Hardie and Shang 2010)
\set donations `tail -n +2 ":abs_srcdir"/data/donations.csv`
CREATE TABLE donor AS SELECT a[1]::float8 AS x, a[2]::float8 AS tx, a[3]::float8 AS n, a[4]::float8 AS w FROM (SELECT string_to_array(l, ',') a FROM regexp_split_to_table(:'donations', '\n') l WHERE l <> '') y;
SELECT round(crmseg.parameter(m, 'alpha')::numeric, 4) AS alpha, round(crmseg.parameter(m, 'beta')::numeric, 4) AS beta, round(crmseg.parameter(m, 'gamma')::numeric, 4) AS gamma, round(crmseg.parameter(m, 'delta')::numeric, 4) AS delta,
	round(crmseg.log_likelihood(m)::numeric, 5) AS log_likelihood, crmseg.customers(m), crmseg.fit_status(m) FROM (SELECT crmseg.fit_bg_bb(x, tx, n, w) m FROM donor) f;

-- exact points: the worst relative error (one point of the file has no sound truth: a likelihood cannot be complex)
CREATE TABLE point AS SELECT format(CASE model WHEN 'bgnbd' THEN 'bg_nbd(r=%s, alpha=%s, a=%s, b=%s)' ELSE 'pareto_nbd(r=%s, alpha=%s, s=%s, beta=%s)' END, params[1], params[2], params[3], params[4])::crmseg.value_model AS m,
	x, t_x, "T", t, p_alive, cond_exp, loglik FROM jsonb_to_recordset((:'points')::jsonb) AS p(model text, params text[], x float8, t_x float8, "T" float8, t float8, p_alive numeric, cond_exp numeric, loglik text);
SELECT count(*), max(abs(crmseg.p_alive(m, x, t_x, "T") / p_alive::float8 - 1)) < 1e-12 AS p_alive, max(abs(crmseg.expected_purchases(m, x, t_x, "T", t) / cond_exp::float8 - 1)) < 1e-12 AS purchases,
	max(abs(crmseg.log_likelihood(m, x, t_x, "T") / loglik::float8 - 1)) < 1e-12 AS likelihood FROM point WHERE p_alive > 0;
SELECT m, x, abs(p_alive(m, x, t_x, "T") / 1.0175437403249573462e-73 - 1) < 1e-12 AS alive, abs(expected_purchases(m, x, t_x, "T", t) / 7.7812712896940994369e-70 - 1) < 1e-12 AS purchases FROM point WHERE p_alive <= 0;

-- parallel, merged in parts, by weight, by group: one answer
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
ALTER TABLE history SET (parallel_workers = 2);
EXPLAIN (COSTS OFF) SELECT fit_bg_nbd(x, tx, t) FROM history;
SELECT name, fit_bg_nbd(x, tx, t) = m AS same FROM history, fitted WHERE name = 'bgnbd' GROUP BY name, m;
SELECT fit_bg_nbd(x, tx, t) = (SELECT m FROM fitted WHERE name = 'bgnbd') AS same FROM history;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET max_parallel_workers_per_gather;
SELECT fit_bg_nbd(x, tx, t, w) = (SELECT m FROM fitted WHERE name = 'bgnbd') AS same FROM (SELECT x, tx, t, count(*) AS w FROM history GROUP BY x, tx, t) h;
CREATE AGGREGATE pg_temp.sample(float8, float8, float8) (SFUNC = value_sample_repeat, STYPE = value_sample);
SELECT value_fit_bg_nbd(value_sample_merge(value_sample_in(value_sample_out(a)), b)) = (SELECT m FROM fitted WHERE name = 'bgnbd') AS merged_from_text
FROM (SELECT pg_temp.sample(x, tx, t) FILTER (WHERE id % 2 = 0) AS a, pg_temp.sample(x, tx, t) FILTER (WHERE id % 2 = 1) AS b FROM history) h;
DROP AGGREGATE pg_temp.sample(float8, float8, float8);
-- bad input
SELECT fit_bg_nbd(x, tx, t) FROM history WHERE false;
SELECT fit_bg_nbd(NULL::float8, 1, 2);
SELECT fit_gamma_gamma(0, 25);
SELECT fit_bg_nbd(2, 5, 4);
SELECT fit_bg_nbd(-1, 0, 4);
SELECT fit_bg_nbd(1.5, 1, 4);
SELECT fit_bg_nbd(1, -1, 4);
SELECT fit_bg_nbd(1, 'NaN', 4);
SELECT fit_bg_nbd(1, 1, 'Infinity');
SELECT fit_bg_nbd(0, 1, 4);
SELECT fit_bg_nbd(1, 0, 4);
SELECT fit_bg_nbd(1, 1, 4, -1);
SELECT fit_bg_nbd(1, 1, 4, 'NaN');
SELECT fit_bg_nbd(2e9, 1, 4);
SELECT fit_gamma_gamma(1, 'NaN');
SELECT fit_bg_bb(3, 2, 6);
SELECT fit_bg_bb(1, 1.5, 6);
SELECT fit_bg_nbd(purchase('2024-01-02 00:00+00', 5), '2024-01-01 00:00+00', '1 day');
SELECT fit_bg_nbd(purchase('2024-01-01 00:00+00', 5), '2024-02-01 00:00+00', '-1 day');
SELECT fit_bg_nbd(purchase('2024-01-01 00:00+00', 5), '2024-02-01 00:00+00', u::interval) FROM unnest(ARRAY['1 day', '1 week']) u;
SELECT fit_bg_nbd(purchase('2024-01-01 00:00+00', 5), 'infinity', '1 day');
\set bg '''bg_nbd(r=0.3, alpha=5, a=1, b=2.4)'''
\set gg '''gamma_gamma(p=6.25, q=3.74, v=15.44)'''
SELECT p_alive(:bg, 2, 5, 4);
SELECT p_alive(:bg, 2, 'NaN', 4);
SELECT expected_purchases(:bg, 2, 3, 4, -1);
SELECT expected_purchases(:bg, 2, 3, 4, 'Infinity');
SELECT expected_purchases(:gg, 2, 3, 4, 1);
SELECT expected_spend(:bg, 2, 3);
SELECT expected_spend(:gg, 2, 'NaN');
SELECT expected_spend(:gg, -2, 3);
SELECT discounted_purchases(:bg, 2, 3, 4, 0);
SELECT discounted_purchases(:bg, 2, 3, 4, -0.1);
SELECT p_alive(:bg, purchase('2024-01-01 00:00+00', 5), '2024-02-01 00:00+00');
SELECT value_sample_in('\x00');
SELECT value_sample_in('\x01010000000000000000000000017ff80000000000000000000000000000000000000000000000000000000000003ff0000000000000');
-- the limits by name
SELECT fit_status(m), p_alive(m, 0, 0, 30), expected_purchases(m, 0, 0, 30, 10) FROM (SELECT fit_bg_nbd(0, 0, t) m FROM generate_series(1, 30) t) x;
SELECT fit_status(m), round(expected_purchases(m, 10, 30, 30, 30)::numeric, 4) AS ten_again FROM (SELECT fit_pareto_nbd(10, 30, 30) m FROM generate_series(1, 5)) x;
SELECT fit_status(m), round(expected_spend(m, 3, 25)::numeric, 6) AS spend FROM (SELECT fit_gamma_gamma(n, 25) m FROM generate_series(1, 5) n) x;
SELECT fit_status(m) FROM (SELECT fit_mbg_nbd(n % 3, (n % 3) * 5, 30) m FROM generate_series(1, 100) n) x;
-- values: all to come is more than a year's, and money scales; next purchase; risk; refunds and free purchases
CREATE TABLE buyer AS SELECT purchases(d, a) AS s FROM (VALUES ('2024-01-01 10:00+00'::timestamptz, 20.00), ('2024-01-01 18:00+00', 5.00), ('2024-02-10 12:00+00', 0.00), ('2024-03-15 09:00+00', 60.00), ('2024-03-20 09:00+00', -10.00)) o(d, a);
SELECT round(p_alive(m, s, '2024-06-01 00:00+00')::numeric, 6) AS alive, round(expected_purchases(m, s, '2024-06-01 00:00+00', '1 year')::numeric, 6) AS purchases, round(expected_spend(:gg, s)::numeric, 4) AS spend,
	round(lifetime_value(m, :gg, s, '2024-06-01 00:00+00', '1 year', 0.1)::numeric, 4) AS year, round(lifetime_value(m, :gg, s, '2024-06-01 00:00+00', 0.1)::numeric, 4) AS all_to_come,
	round(churn_risk(m, s, '2024-06-01 00:00+00')::numeric, 6) AS left, round(churn_risk(m, s, '2024-06-01 00:00+00', '90 days')::numeric, 6) AS silent, date_trunc('hour', next_purchase_at(m, s, '2024-06-01 00:00+00')) AT TIME ZONE 'UTC' AS next
FROM buyer, (SELECT 'pareto_nbd(r=0.5533, alpha=10.5776, s=0.6062, beta=11.6669, unit=7 days)'::value_model m) x;
-- no discount: the purchases themselves; the plain form and that over a summary agree
SELECT abs(lifetime_value(m, :gg, s, '2024-06-01 00:00+00', '1 year', 0) - expected_purchases(m, s, '2024-06-01 00:00+00', '1 year') * expected_spend(:gg, s)) < 1e-9 AS undiscounted,
	abs(lifetime_value(m, :gg, s, '2024-06-01 00:00+00', '1 year', 0.1) / lifetime_value(m, :gg, 2, extract(epoch FROM '2024-03-15 09:00'::timestamp - '2024-01-01 10:00')::float8 / 604800, extract(epoch FROM '2024-06-01 00:00'::timestamp - '2024-01-01 10:00')::float8 / 604800, 30, 365.25 / 7, 1.1 ^ (7 / 365.25) - 1) - 1) < 1e-12 AS same
FROM buyer, (SELECT 'bg_nbd(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259, unit=7 days)'::value_model m) x;
SELECT p_alive('bg_nbd(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259, unit=7 days)', purchase('2024-01-01 00:00+00', -5), '2024-06-01 00:00+00') IS NULL AS only_a_refund;
-- holdout: 39 weeks against the next 39 (published errors, and that of the naive rate)
SELECT model, fit_status(fitted) AS status, customers, actual, round(predicted::numeric, 4) AS predicted, round(mae::numeric, 6) AS mae, round(rmse::numeric, 6) AS rmse, beats_naive FROM fit_report('cdnow', 'id', 'at', 'amount', '1997-09-30 00:00+00');
-- the columns told by their names
SELECT model, round(mae::numeric, 6) AS mae FROM fit_report('cdnow', '1997-09-30 00:00+00');
SELECT * FROM fit_report('donor', '1997-09-30 00:00+00');
SELECT count(*), max(actual_cumulated) AS actual, round(max(expected_cumulated)::numeric, 3) AS expected FROM fit_tracking('bg_nbd(r=0.242594522, alpha=4.413602, a=0.792922, b=2.42590678, unit=7 days)', 'cdnow', 'id', 'at', 'amount', '1997-09-30 00:00+00');
SELECT * FROM fit_report('cdnow', 'id', 'at', 'amount', '1999-01-01 00:00+00');
DROP TABLE cdnow, customer, history, fitted, published, donor, point, buyer;
