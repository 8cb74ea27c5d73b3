-- k-means, association, the description of a segment
SET search_path = crmseg, public;
SET extra_float_digits = 0;
\set SHOW_CONTEXT never
\getenv abs_srcdir PG_ABS_SRCDIR
\set content `cat ":abs_srcdir"/data/iris.csv`
CREATE TABLE iris AS SELECT a[1]::float8 AS sepal_length, a[2]::float8 AS sepal_width, a[3]::float8 AS petal_length, a[4]::float8 AS petal_width, a[5] AS species, n AS id
FROM (SELECT string_to_array(l, ',') AS a, n FROM regexp_split_to_table(:'content', '\n') WITH ORDINALITY AS r (l, n) WHERE l <> '') x;
ALTER TABLE iris ADD PRIMARY KEY (id);

-- the type: text is input, bytes there and back, order
SELECT t::cluster_model FROM unnest(ARRAY['kmeans(centres={{1,2},{3,4}})', ' kmeans ( sizes={10 , 20}, centres = {{ 1e0,-0 },{ 0.1, 4}} ,standardised=true, deviation={1,0}, mean={2,3}, status=converged, seed=-5, inertia=.5 ) ']) AS t;
SELECT t::cluster_model FROM unnest(ARRAY['kmeans(centres={{1}})']) AS t;
SELECT ''::cluster_model;
SELECT 'kmeans(sizes={1})'::cluster_model;
SELECT 'kmeans(centres={{1,2},{3}})'::cluster_model;
SELECT 'kmeans(centres={{1,2},{3,4}}, sizes={1})'::cluster_model;
SELECT 'kmeans(centres={{1,NaN}})'::cluster_model;
SELECT 'kmeans(centres={{1,1e999}})'::cluster_model;
SELECT 'kmeans(centres={{1,2}}, centres={{1,2}})'::cluster_model;
SELECT 'kmeans(centres={{1,2}}, colour=red)'::cluster_model;
SELECT 'kmeans(centres={{1,2}}, standardised=true)'::cluster_model;
SELECT 'kmeans(centres={{1,2}}, seed=9223372036854775808)'::cluster_model;
SELECT 'kmeans(centres={{1,2}}) x'::cluster_model;
SELECT a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt, cluster_model_hash(a) = cluster_model_hash('kmeans(centres={{1,2}})') AS hash FROM (SELECT 'kmeans(centres={{1,2}})'::cluster_model AS a, 'kmeans(centres={{1,3}})'::cluster_model AS b) x;
SELECT encode(cluster_model_send('kmeans(centres={{1,2}})'), 'hex') LIKE '010000000100000002%' AS versioned;

-- k-means: scikit-learn reaches 78.851441426146 from this start and from k-means++, silhouette 0.552819012356, adjusted Rand index against the species 0.730238272283
CREATE TABLE model AS SELECT kmeans(ARRAY[sepal_length, sepal_width, petal_length, petal_width], 3, 1) AS m FROM iris;
SELECT round(inertia(m)::numeric, 9) AS inertia, round(total_inertia(m)::numeric, 4) AS total, cluster_sizes(m), round(silhouette(m)::numeric, 12) AS silhouette, fit_status(m), row_count(m), ignored_rows(m), cluster_count(m) FROM model;
SELECT c, array_agg(round(v::numeric, 6) ORDER BY f) AS centre FROM model, generate_series(1, 3) c, generate_series(1, 4) f, LATERAL (SELECT (centres(m))[c][f] AS v) x GROUP BY c ORDER BY c;
SELECT round(inertia(m)::numeric, 9) AS inertia, cluster_sizes(m) FROM (SELECT kmeans(ARRAY[sepal_length, sepal_width, petal_length, petal_width], ARRAY[[5.1, 3.5, 1.4, 0.2], [7, 3.2, 4.7, 1.4], [6.3, 3.3, 6, 2.5]]) AS m FROM iris) x;
SELECT round(adjusted_rand_index(species, nearest_cluster(m, ARRAY[sepal_length, sepal_width, petal_length, petal_width]))::numeric, 12) AS rand FROM iris, model;
SELECT array_agg(n ORDER BY c) = cluster_sizes(m) AS sizes_agree FROM (SELECT nearest_cluster(m, ARRAY[sepal_length, sepal_width, petal_length, petal_width]) AS c, count(*)::float8 AS n FROM iris, model GROUP BY 1) x, model GROUP BY m;
-- standardised: the same as of standardised features; scikit-learn: 139.820496359749
SELECT round(inertia(m)::numeric, 9) AS inertia, is_standardised(m), round(inertia(n)::numeric, 9) AS by_hand, cluster_sizes(m) = cluster_sizes(n) AS same
FROM (SELECT kmeans(ARRAY[sepal_length, sepal_width, petal_length, petal_width], 3, 1, '{"standardise": true}') AS m FROM iris) x,
	(SELECT kmeans(ARRAY[a, b, c, d], 3, 1) AS n FROM (SELECT (sepal_length - avg(sepal_length) OVER ()) / stddev_pop(sepal_length) OVER () AS a, (sepal_width - avg(sepal_width) OVER ()) / stddev_pop(sepal_width) OVER () AS b,
		(petal_length - avg(petal_length) OVER ()) / stddev_pop(petal_length) OVER () AS c, (petal_width - avg(petal_width) OVER ()) / stddev_pop(petal_width) OVER () AS d FROM iris) i) y;
-- the same model whatever the order of the rows, by weight, in parallel, merged in parts
SELECT count(DISTINCT m) AS models FROM (SELECT (SELECT kmeans(ARRAY[sepal_length, sepal_width, petal_length, petal_width], 3, 1) FROM (SELECT * FROM iris ORDER BY (id * 7919 * s) % 151) o) AS m FROM generate_series(1, 5) s) x;
SELECT kmeans(ARRAY[sepal_length, sepal_width, petal_length, petal_width], 3, 1, n, NULL) = (SELECT m FROM model) AS by_weight FROM (SELECT sepal_length, sepal_width, petal_length, petal_width, count(*) AS n FROM iris GROUP BY 1, 2, 3, 4) x;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
ALTER TABLE iris SET (parallel_workers = 2);
EXPLAIN (COSTS OFF) SELECT kmeans(ARRAY[sepal_length, sepal_width, petal_length, petal_width], 3, 1) FROM iris;
SELECT kmeans(ARRAY[sepal_length, sepal_width, petal_length, petal_width], 3, 1) = (SELECT m FROM model) AS parallel, round(adjusted_rand_index(species, round(petal_length))::numeric, 10) AS rand FROM iris;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET max_parallel_workers_per_gather;
SELECT round(adjusted_rand_index(species, round(petal_length))::numeric, 10) AS rand FROM iris;
CREATE AGGREGATE pg_temp.sample(float8[], int4, int8, float8, jsonb) (SFUNC = cluster_sample_add, STYPE = cluster_sample);
SELECT cluster_sample_fit(cluster_sample_merge(cluster_sample_in(cluster_sample_out(a)), b)) = (SELECT m FROM model) AS merged_from_text
FROM (SELECT pg_temp.sample(ARRAY[sepal_length, sepal_width, petal_length, petal_width], 3, 1, 1, '{}') FILTER (WHERE id % 2 = 0) AS a, pg_temp.sample(ARRAY[sepal_length, sepal_width, petal_length, petal_width], 3, 1, 1, '{}') FILTER (WHERE id % 2 = 1) AS b FROM iris) x;
DROP AGGREGATE pg_temp.sample(float8[], int4, int8, float8, jsonb);
-- missing features do not count: a row of none is left out, the inertia is over what is known
SELECT round(inertia(m)::numeric, 6) AS inertia, ignored_rows(m), row_count(m),
	abs(inertia(m) - (SELECT sum((SELECT sum((f[j] - (centres(m))[nearest_cluster(m, f)][j]) ^ 2) FROM generate_series(1, 4) j WHERE f[j] IS NOT NULL AND f[j] <> 'NaN')) FROM (SELECT ARRAY[CASE WHEN id % 5 > 0 THEN sepal_length END, CASE WHEN id % 7 = 0 THEN 'NaN' ELSE sepal_width END, petal_length, CASE WHEN id % 11 > 0 THEN petal_width END] AS f FROM iris) r)) < 1e-9 AS by_hand
FROM (SELECT kmeans(f, 3, 1) AS m FROM (SELECT ARRAY[CASE WHEN id % 5 > 0 THEN sepal_length END, CASE WHEN id % 7 = 0 THEN 'NaN' ELSE sepal_width END, petal_length, CASE WHEN id % 11 > 0 THEN petal_width END] AS f FROM iris UNION ALL SELECT ARRAY[NULL, NULL, 'NaN', NULL]::float8[] UNION ALL SELECT NULL) r) x;
SELECT nearest_cluster(m, ARRAY[3, NULL]) AS a, nearest_cluster(m, ARRAY['NaN', 1]::float8[]) AS b, nearest_cluster(m, ARRAY[NULL, NULL]::float8[]) IS NULL AS none, cluster_distance(m, ARRAY[4, 6]) AS distance FROM (SELECT 'kmeans(centres={{1,2},{3,4}})'::cluster_model AS m) x;
-- fewer rows than clusters, one cluster, equal rows, no rows
SELECT kmeans(ARRAY[1, 2], 5, 1), kmeans(ARRAY[i % 2], 5, 1) FROM generate_series(1, 6) i;
SELECT kmeans(ARRAY[i], 1, 1) FROM generate_series(1, 4) i;
SELECT kmeans(ARRAY[i], 1, 1) IS NULL AS nothing, kmeans(ARRAY[NULL]::float8[], 2, 1) IS NULL AS nothing_known, adjusted_rand_index(i, i) IS NULL AS no_rand FROM generate_series(1, 0) i;
SELECT kmeans(ARRAY[NULL]::float8[], 2, 1) IS NULL AS nothing_known FROM generate_series(1, 3) i;
-- far from zero; a centre that no row is near to takes the farthest row
SELECT cluster_sizes(m), round(inertia(m)::numeric, 6) AS inertia FROM (SELECT kmeans(ARRAY[1e9 + i % 3 + i / 1000.0], 3, 1) AS m FROM generate_series(0, 29) i) x;
SELECT centres(m), cluster_sizes(m) FROM (SELECT kmeans(ARRAY[i], ARRAY[[0], [1000]]::float8[]) AS m FROM generate_series(1, 4) i) x;
-- refused
SELECT kmeans(ARRAY[1, 2], 0, 1);
SELECT kmeans(ARRAY[1, 2], NULL, 1);
SELECT kmeans(ARRAY[1, 2], i, 1) FROM generate_series(1, 2) i;
SELECT kmeans(f, 1, 1) FROM (VALUES (ARRAY[1, 2]), (ARRAY[1])) v (f);
SELECT kmeans(ARRAY['Infinity']::float8[], 1, 1);
SELECT kmeans('{}'::float8[], 1, 1);
SELECT kmeans(ARRAY[[1, 2]], 1, 1);
SELECT kmeans(ARRAY[1], 1, 1, -1, '{}');
SELECT kmeans(ARRAY[1], 1, 1, '{"weights": 1}');
SELECT kmeans(ARRAY[1], 1, 1, '{"starts": 0}');
SELECT kmeans(ARRAY[1], 1, 1, '{"standardise": 1}');
SELECT kmeans(ARRAY[1], 1, 1, '[]');
SELECT kmeans(ARRAY[1], ARRAY[[1, 2]]::float8[]);
SELECT nearest_cluster('kmeans(centres={{1,2},{3,4}})', ARRAY[1]);
SELECT cluster_sample_in('\x00');
SELECT contingency_merge('\x434e540100000000'::bytea, '\x434e5401ffffffffffffffffffffffff');
-- how many? scikit-learn: silhouettes 0.681046, 0.552819, 0.498051; Calinski-Harabasz 513.924546, 561.627757, 530.765808
SELECT k, round(inertia::numeric, 4) AS inertia, round(explained::numeric, 4) AS explained, round(silhouette::numeric, 6) AS silhouette, round(calinski_harabasz::numeric, 6) AS calinski_harabasz, round(bic::numeric, 3) AS bic, sizes
FROM kmeans_report('iris', '{sepal_length,sepal_width,petal_length,petal_width}', 4, 1, false);
SELECT cluster, size, round(share::numeric, 3) AS share, feature, round(centre::numeric, 3) AS centre, round(mean::numeric, 3) AS mean, round(z::numeric, 3) AS z FROM model, cluster_profile(m, '{sepal length,sepal width}') ORDER BY cluster, feature LIMIT 6;
\set VERBOSITY terse
SELECT * FROM kmeans_report('iris', '{}');
SELECT * FROM kmeans_report('iris', '{no_such}');
\set VERBOSITY default

-- association: iris, as scipy has it (f_oneway, pearsonr, spearmanr)
SELECT variable, measure, round(strength::numeric, 12) AS strength, abs(p_value / g - 1) < 1e-11 AS p_agrees, n
FROM association('iris', 'species') JOIN (VALUES ('petal_length', 2.856776610961617e-91), ('petal_width', 4.169445839443824e-85), ('sepal_length', 1.6696691907693988e-31), ('sepal_width', 4.492017133309084e-17)) p (variable, g) USING (variable) ORDER BY strength DESC;
SELECT variable, measure, round(strength::numeric, 12) AS strength, abs(p_value / g - 1) < 1e-11 AS p_agrees
FROM association('iris', 'sepal_length') JOIN (VALUES ('petal_length', 'pearson', 1.0386674194498e-47), ('petal_length', 'spearman', 3.443087278047207e-50), ('sepal_width', 'pearson', 0.15189826071144805), ('sepal_width', 'spearman', 0.041367994248845366)) p (variable, measure, g) USING (variable, measure) ORDER BY strength DESC;
-- Snee (1974), hair and eyes of 592 students: chi-square 138.29, 9 degrees of freedom
CREATE TABLE student AS SELECT h.hair, e.eye FROM (VALUES ('black', ARRAY[68, 20, 15, 5]), ('brown', ARRAY[119, 84, 54, 29]), ('red', ARRAY[26, 17, 14, 14]), ('blond', ARRAY[7, 94, 10, 16])) h (hair, counts),
	unnest(ARRAY['brown', 'blue', 'hazel', 'green'], h.counts) AS e (eye, n), generate_series(1, e.n);
SELECT measure, round(strength::numeric, 12) AS strength, n, round((strength ^ 2 * n * 3)::numeric, 2) AS chi_square, CASE measure WHEN 'cramers_v' THEN abs(p_value / 2.3252867e-25 - 1) < 1e-7 END AS p_agrees FROM association('student', 'hair');
SELECT round(cramers_v(hair, eye)::numeric, 12) AS v, round(mutual_information(hair, eye)::numeric, 12) AS information FROM student;
-- columns of all kinds, hostile names, NULLs, constants, identifiers
CREATE TYPE "Tier" AS ENUM ('gold', 'silver', 'it''s "x"');
CREATE TABLE "Odd ""Table" ("Group" text, "select" numeric(10, 2), "a""b" float8, flag bool, tier "Tier", born date, at timestamptz, wait interval, n int, code bpchar(4), big bigint, ref uuid, tags text[], doc jsonb, nothing text, same int, name text, gone int);
ALTER TABLE "Odd ""Table" DROP COLUMN gone;
INSERT INTO "Odd ""Table" SELECT 'g' || i % 3, i % 7 + i / 100.0, CASE i % 11 WHEN 0 THEN NULL WHEN 1 THEN 'NaN' WHEN 2 THEN 'Infinity' ELSE sin(i) END, CASE WHEN i % 13 > 0 THEN i % 3 = 0 OR i % 5 = 0 END,
	(ARRAY['gold', 'silver', 'it''s "x"']::"Tier"[])[1 + (i * i) % 3], CASE WHEN i % 17 = 0 THEN 'infinity'::date ELSE date '2020-01-01' + i % 29 END, '2024-01-01 00:00+00'::timestamptz + i % 3 * interval '1 day', i % 5 * interval '1 hour',
	i % 6, 'c' || i % 2, 4503599627370 + i, ('00000000-0000-0000-0000-00000000000' || i % 4)::uuid, ARRAY['x'], '{}', NULL, 5, 'name ' || i FROM generate_series(1, 200) i;
SELECT variable, measure, round(strength::numeric, 6) AS strength, round(p_value::numeric, 6) AS p, n FROM association('"Odd ""Table"', 'Group') ORDER BY variable, measure;
SELECT variable, measure, round(strength::numeric, 6) AS strength, round(p_value::numeric, 6) AS p, n FROM association('"Odd ""Table"', 'n') WHERE variable IN ('Group', 'select', 'flag', 'same', 'name', 'nothing') ORDER BY variable, measure;
-- the same by plain SQL
SELECT round(a.strength::numeric, 9) = round(p.eta::numeric, 9) AS eta_agrees FROM association('"Odd ""Table"', 'Group') a,
	(SELECT sum(c * (m - all_m) ^ 2) / (SELECT sum(("select" - all_m) ^ 2) FROM "Odd ""Table") AS eta FROM (SELECT count(*) AS c, avg("select") AS m FROM "Odd ""Table" GROUP BY "Group") g, (SELECT avg("select") AS all_m FROM "Odd ""Table") t GROUP BY all_m) p
WHERE a.variable = 'select';
SELECT a.variable, round(a.strength::numeric, 10) = round(CASE a.variable WHEN 'big' THEN corr(o.n, big::float8) WHEN 'born' THEN corr(o.n, CASE WHEN isfinite(born) THEN born - date '2000-01-01' END) WHEN 'wait' THEN corr(o.n, extract(epoch FROM wait)) END::numeric, 10) AS pearson_agrees
FROM association('"Odd ""Table"', 'n') a, "Odd ""Table" o WHERE a.measure = 'pearson' AND a.variable IN ('big', 'born', 'wait') GROUP BY a.variable, a.strength ORDER BY 1;
SELECT round(a.strength::numeric, 10) = round((SELECT corr(rn, rb) FROM (SELECT rank() OVER (ORDER BY n) + count(*) OVER (PARTITION BY n) / 2.0 AS rn, rank() OVER (ORDER BY born) + count(*) OVER (PARTITION BY born) / 2.0 AS rb FROM "Odd ""Table" WHERE isfinite(born)) r)::numeric, 10) AS spearman_agrees
FROM association('"Odd ""Table"', 'n') a WHERE a.measure = 'spearman' AND a.variable = 'born';
-- nothing to read, views, what is refused
CREATE VIEW nobody AS SELECT * FROM iris WHERE false;
SELECT variable, measure, strength, p_value, n FROM association('nobody', 'species') ORDER BY 1, 2;
SELECT * FROM association('iris', 'no_such');
SELECT * FROM association('"Odd ""Table"', 'doc');
SELECT * FROM association('"Odd ""Table"', 'tags');
SELECT * FROM association(0, 'x');
SELECT count(*) FROM association(NULL, 'x');
CREATE TABLE many AS SELECT 'v' || i AS v, i FROM generate_series(1, 1001) i;
SELECT * FROM association('many', 'v');
SELECT * FROM association('many', 'i');

-- the description of a segment, as FactoMineR's catdes
SELECT variable, modality, round(share::numeric, 6) AS share, round(base_share::numeric, 6) AS base, round(lift::numeric, 6) AS lift, round(v_test::numeric, 6) AS v_test, p_value FROM describe_segment('iris', 'species = ''setosa''') WHERE variable <> 'id';
-- exactly: the hypergeometric distribution by factorials
CREATE FUNCTION pg_temp.choose(n int, k int) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT factorial(n) / (factorial(k) * factorial(n - k))';
SELECT d.modality, round(d.share::numeric, 6) AS share, round(d.lift::numeric, 4) AS lift, round(d.v_test::numeric, 6) AS v_test, abs(d.p_value / least(1, 2 * least(e.low, e.high) + e.here)::float8 - 1) < 1e-12 AS exact
FROM describe_segment('student', 'hair = ''blond''') d, LATERAL (SELECT count(*) FILTER (WHERE hair = 'blond')::int AS drawn, count(*) FILTER (WHERE eye = d.modality)::int AS sort, count(*) FILTER (WHERE eye = d.modality AND hair = 'blond')::int AS x, count(*)::int AS n FROM student) c,
	LATERAL (SELECT coalesce(sum(p) FILTER (WHERE i < x), 0) AS low, coalesce(sum(p) FILTER (WHERE i > x), 0) AS high, sum(p) FILTER (WHERE i = x) AS here FROM (SELECT i, pg_temp.choose(sort, i) * pg_temp.choose(n - sort, drawn - i) / round(pg_temp.choose(n, drawn), 0)::numeric(500, 300) AS p FROM generate_series(greatest(0, drawn + sort - n), least(sort, drawn)) i) w) e
WHERE d.variable = 'eye' ORDER BY d.v_test DESC;
SELECT variable, modality, round(share::numeric, 4) AS share, round(v_test::numeric, 3) AS v, round(adjusted_p_value::numeric, 9) AS adjusted, members, rows FROM describe_segment('"Odd ""Table"', 'flag AND "Group" <> ''g1''', 0.05);
SELECT variable, modality, round(share::numeric, 4) AS share, round(base_share::numeric, 4) AS base, round(v_test::numeric, 3) AS v FROM describe_segment('"Odd ""Table"', 'flag') WHERE variable IN ('a"b', 'flag', 'nothing', 'same', 'born', 'tier') ORDER BY variable, modality;
SELECT count(*) AS of_nobody FROM describe_segment('iris', 'false');
SELECT max(abs(v_test)) AS of_everybody FROM describe_segment('iris', 'true');
SELECT count(*) > 0 AS null_is_no FROM describe_segment('iris', 'CASE WHEN id > 75 THEN true END');
-- one expression, and nothing else
\set VERBOSITY terse
SELECT * FROM describe_segment('iris', '');
SELECT * FROM describe_segment('iris', 'id');
SELECT * FROM describe_segment('iris', 'true; DROP TABLE iris');
SELECT * FROM describe_segment('iris', 'true) FROM pg_class WHERE (true');
SELECT * FROM describe_segment('iris', 'true), (SELECT count(*) FROM pg_authid');
SELECT * FROM describe_segment('iris', 'true) UNION SELECT (true');
SELECT * FROM describe_segment('iris', 'true) AS x');
SELECT * FROM describe_segment('iris', 'no_such > 1');
SELECT * FROM describe_segment('iris', 'count(*) > 1');
SELECT * FROM describe_segment('iris', 'true', 2);
SELECT count(*) FROM describe_segment('iris', 'true -- and a comment') WHERE v_test IS NOT NULL;
-- the rights of the caller: row-level security, columns
CREATE ROLE crmseg_typology_reader;
GRANT USAGE ON SCHEMA crmseg TO crmseg_typology_reader;
GRANT SELECT (species, petal_length, id) ON iris TO crmseg_typology_reader;
ALTER TABLE iris ENABLE ROW LEVEL SECURITY;
CREATE POLICY later_ones ON iris FOR SELECT USING (species <> 'setosa');
SET ROLE crmseg_typology_reader;
SELECT variable, measure, n FROM association('iris', 'species');
SELECT * FROM association('iris', 'sepal_length');
SELECT DISTINCT variable FROM describe_segment('iris', 'species = ''virginica''') ORDER BY 1;
SELECT * FROM describe_segment('iris', 'sepal_length > 5');
SELECT * FROM association('student', 'hair');
RESET ROLE;
\set VERBOSITY default
DROP POLICY later_ones ON iris;

-- random tables against plain SQL: correlations, correlation ratios, Cramer's V
CREATE FUNCTION pg_temp.differs(seed int) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	many int := (ARRAY[10, 100, 1000])[1 + seed % 3];
BEGIN
	PERFORM setseed(seed / 1000.0);
	CREATE TEMP TABLE t AS SELECT CASE WHEN random() > 0.05 THEN 'a' || (random() * 3)::int END AS a, CASE WHEN random() > 0.1 THEN (random() * 4)::int || 'b' END AS b, CASE WHEN random() > 0.1 THEN random() * 100 END AS x,
		CASE WHEN random() > 0.1 THEN round((random() * 30)::numeric, (seed % 3)) END AS y FROM generate_series(1, many);
	RETURN QUERY
		SELECT 'correlation ratio' FROM association('t', 'a') r, (SELECT sum(c * (m - mm) ^ 2) / sum(ss + c * (m - mm) ^ 2) AS v FROM (SELECT count(x) AS c, avg(x) AS m, regr_sxx(x, x) AS ss, (SELECT avg(x) FROM t WHERE a IS NOT NULL) AS mm FROM t WHERE a IS NOT NULL AND x IS NOT NULL GROUP BY a) g) p
			WHERE variable = 'x' AND NOT abs(strength - v) < 1e-12
		UNION ALL SELECT 'pearson' FROM association('t', 'x') r, (SELECT corr(x, y) AS v, count(*) FILTER (WHERE x IS NOT NULL AND y IS NOT NULL) AS c FROM t) p WHERE variable = 'y' AND measure = 'pearson' AND NOT (abs(strength - v) < 1e-12 AND r.n = c)
		UNION ALL SELECT 'spearman' FROM association('t', 'y') r, (SELECT corr(rx, ry) AS v FROM (SELECT rank() OVER (ORDER BY x) + count(*) OVER (PARTITION BY x) / 2.0 AS rx, rank() OVER (ORDER BY y) + count(*) OVER (PARTITION BY y) / 2.0 AS ry FROM t WHERE x IS NOT NULL AND y IS NOT NULL) k) p
			WHERE variable = 'x' AND measure = 'spearman' AND NOT abs(strength - v) < 1e-12
		UNION ALL SELECT 'cramer' FROM association('t', 'b') r, (WITH d AS (SELECT a, b, count(*) AS o FROM t WHERE a IS NOT NULL AND b IS NOT NULL GROUP BY a, b), s AS (SELECT sum(o) AS n FROM d), ra AS (SELECT a, sum(o) AS ra FROM d GROUP BY a), rb AS (SELECT b, sum(o) AS rb FROM d GROUP BY b)
			SELECT sqrt(sum((coalesce(o, 0) - ra * rb / n) ^ 2 / (ra * rb / n)) / max(n) / (least(count(DISTINCT ra.a), count(DISTINCT rb.b)) - 1))::float8 AS v FROM ra CROSS JOIN rb CROSS JOIN s LEFT JOIN d USING (a, b)) p
			WHERE variable = 'a' AND measure = 'cramers_v' AND NOT abs(strength - v) < 1e-12;
	DROP TABLE t;
END $$;
SELECT count(*) AS differences FROM generate_series(1, CASE WHEN current_setting('crmseg_test.light', true) = 'on' THEN 3 ELSE 30 END) seed, pg_temp.differs(seed) d;

-- two typologies: the examples of scikit-learn's manual, 0.57, 1, 0
SELECT adjusted_rand_index(a, b) FROM unnest(ARRAY[0, 0, 1, 2], ARRAY[0, 0, 1, 1]) x (a, b);
SELECT adjusted_rand_index(a, b), adjusted_rand_index(a, b::text || 'x') FROM unnest(ARRAY[0, 0, 1, 1], ARRAY[1.0, 1.0, 0, 0]) x (a, b);
SELECT adjusted_rand_index(a, b), adjusted_rand_index(a, NULL::int) IS NULL AS nothing, cramers_v(a, 1) IS NULL AS constant FROM unnest(ARRAY[0, 0, 1, 1], ARRAY['a', 'b', 'a', 'b']) x (a, b);

-- pictures: well-formed, whatever the names say
SELECT n, regexp_replace(svg, '</?[a-zA-Z]+(\s+[a-zA-Z0-9-]+="[^"<>]*")*\s*/?>', '', 'g') !~ '[<>]' AND (SELECT count(*) FROM regexp_matches(svg, '<[a-zA-Z]', 'g')) = (SELECT count(*) FROM regexp_matches(svg, '(</|/>)', 'g')) AS well_formed, svg ~ '(<script|NaN|Infinity)' AS bad
FROM (SELECT 'profile' AS n, svg_cluster_profile((SELECT jsonb_agg(p) FROM model, cluster_profile(m, ARRAY['<script>', 'a&b', 'petal length', 'petal width']) p)) AS svg
	UNION ALL SELECT 'nothing', svg_cluster_profile('[]') UNION ALL SELECT 'odd', svg_cluster_profile('[{"cluster": 1, "feature": "x", "centre": null, "z": null}]')
	UNION ALL SELECT 'description', svg_segment_description((SELECT jsonb_agg(d) FROM describe_segment('"Odd ""Table"', 'flag') d))
	UNION ALL SELECT 'no description', svg_segment_description('[]') UNION ALL SELECT 'odd description', svg_segment_description('[{"variable": "<b>", "modality": null, "v_test": 1e300}, {"variable": "y", "v_test": null}]')) x ORDER BY n;
DROP VIEW nobody;
REVOKE ALL ON SCHEMA crmseg FROM crmseg_typology_reader;
DROP TABLE iris, model, student, many, "Odd ""Table";
DROP TYPE "Tier";
DROP ROLE crmseg_typology_reader;
