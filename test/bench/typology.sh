#!/usr/bin/env bash
# typology.sh: k-means of 1M rows of 6 features beside scikit-learn (when $PEER_PYTHON, default python3, has it; one thread), association and
# describe_segment over ten columns beside a bare scan of the same table. One process; minimum and median of 5 runs after a warm-up, ms. ROWS=1000000
set -eu
rows=${ROWS:-1000000}
psql -X -q -v ON_ERROR_STOP=1 -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION IF NOT EXISTS crmseg' -c 'CREATE SCHEMA typology_bench'
psql -X -q -v ON_ERROR_STOP=1 -v rows="$rows" <<'SQL' >/dev/null
SET search_path = typology_bench, crmseg, public;
SELECT setseed(0.42);
CREATE FUNCTION typology_bench.gauss() RETURNS float8 LANGUAGE sql VOLATILE RETURN sqrt(-2 * ln(1 - random())) * cos(6.283185307179586 * random());
-- eight groups in six dimensions, and the same array stored
CREATE TABLE typology_bench.centre AS SELECT i, ARRAY(SELECT 3 * gauss() + 0 * i FROM generate_series(1, 6)) AS c FROM generate_series(0, 7) i;
CREATE TABLE typology_bench.points AS SELECT c[1] + gauss() AS a, c[2] + gauss() AS b, c[3] + gauss() AS c, c[4] + gauss() AS d, c[5] + gauss() AS e, c[6] + gauss() AS f
FROM (SELECT (SELECT c FROM typology_bench.centre WHERE i = n % 8) AS c FROM generate_series(1, :rows) n) x;
-- customers with ten columns of all kinds
CREATE TABLE typology_bench.customer AS SELECT (ARRAY['Champions', 'Loyal', 'New', 'At risk', 'Lost', 'Hibernating', 'Promising', 'About to sleep'])[1 + (random() * 7.99)::int % 8] AS label,
	'department ' || (random() * 94)::int AS department, (ARRAY['web', 'shop', 'phone'])[1 + (random() * 2.99)::int % 3] AS channel, random() < 0.4 AS newsletter, 18 + (random() * 70)::int AS age,
	(random() * 5)::int AS children, round((random() * 1000)::numeric, 2) AS amount, random() * 1000 AS score, date '2020-01-01' + (random() * 2000)::int AS since, gauss() AS distance
FROM generate_series(1, :rows);
VACUUM ANALYZE typology_bench.points; VACUUM ANALYZE typology_bench.customer;
SQL
run() { # run LABEL SQL
	local label=$1 sql=$2
	{ printf 'SET max_parallel_workers_per_gather = 0;\nSET search_path = typology_bench, crmseg, public;\n\\timing on\n'; for _ in 1 2 3 4 5 6; do printf '%s;\n' "$sql"; done; } |
		psql -X -q -A -t | awk -v l="$label" '/^Time:/ { n++; if (n > 1) v[n - 1] = $2 + 0 } END { m = n - 1; for (i = 1; i <= m; i++) for (j = i + 1; j <= m; j++) if (v[j] < v[i]) { t = v[i]; v[i] = v[j]; v[j] = t }
			printf "%-72s %9.1f %9.1f\n", l, v[1], v[int((m + 1) / 2)] }'
}
printf '%-72s %9s %9s\n' 'ms, one process' min median
start=$(psql -X -A -t -c 'SELECT array_agg(ARRAY[a, b, c, d, e, f]) FROM (SELECT * FROM typology_bench.points LIMIT 8) p')
run "the array alone, $rows x 6: count(ARRAY[...])" 'SELECT count(ARRAY[a, b, c, d, e, f]) FROM points'
run "kmeans, $rows x 6, given start" "SELECT kmeans(ARRAY[a, b, c, d, e, f], '$start'::float8[]) FROM points"
run "kmeans, $rows x 6, k = 8, ten seedings" 'SELECT kmeans(ARRAY[a, b, c, d, e, f], 8, 1) FROM points'
run "nearest_cluster of $rows" "SELECT sum(nearest_cluster(m, ARRAY[a, b, c, d, e, f])) FROM points, (SELECT kmeans(ARRAY[a, b, c, d, e, f], 8, 1) AS m FROM (SELECT * FROM points LIMIT 10000) x) y"
run "bare scan of ten columns: count(*), sum(amount)" 'SELECT count(*), sum(amount) FROM customer'
run "bare scan of ten columns: count(*) and a count of each" 'SELECT count(*), count(label), count(department), count(channel), count(newsletter), count(age), count(children), count(amount), count(score), count(since), count(distance) FROM customer'
run 'association, ten columns, with a category' "SELECT count(*) FROM association('customer', 'label')"
run 'association, ten columns, with a number (Pearson and Spearman)' "SELECT count(*) FROM association('customer', 'score')"
run 'describe_segment, ten columns' "SELECT count(*) FROM describe_segment('customer', 'age > 60')"
run "adjusted_rand_index of $rows pairs" 'SELECT adjusted_rand_index(label, department) FROM customer'
python=${PEER_PYTHON:-python3}
if "$python" -c 'import sklearn' 2>/dev/null; then
	out=$(mktemp -d)
	psql -X -q -c "\\copy typology_bench.points TO '$out/points.csv' WITH (FORMAT csv)"
	psql -X -q -c "\\copy typology_bench.customer TO '$out/customer.csv' WITH (FORMAT csv)"
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$python" -W ignore - "$out" <<'PY'
import sys, time
import numpy as np, pandas as pd
from scipy import stats
from sklearn.cluster import KMeans
from sklearn.metrics import mutual_info_score
X = pd.read_csv(sys.argv[1] + '/points.csv', header=None).values
c = pd.read_csv(sys.argv[1] + '/customer.csv', header=None)
def run(label, f, n=3):
    v = []
    for _ in range(n):
        s = time.perf_counter(); r = f(); v.append((time.perf_counter() - s) * 1000)
    v.sort(); print('%-72s %9.1f %9.1f' % ('scikit-learn, scipy: ' + label, v[0], v[n // 2])); return r
m = run('KMeans, given start, tol=0', lambda: KMeans(8, init=X[:8].copy(), n_init=1, tol=0).fit(X))
print('  inertia %.10g, %d iterations' % (m.inertia_, m.n_iter_))
m = run('KMeans, k-means++, tol=0', lambda: KMeans(8, n_init=1, tol=0, random_state=1).fit(X))
print('  inertia %.10g, %d iterations' % (m.inertia_, m.n_iter_))
run('crosstab, chi2, mutual information, one column', lambda: (stats.chi2_contingency(pd.crosstab(c[0], c[1])), mutual_info_score(c[0], c[1])))
run('spearmanr, pearsonr, one column', lambda: (stats.spearmanr(c[7], c[9]), stats.pearsonr(c[7], c[9])))
PY
	rm -rf "$out"
else
	echo 'scikit-learn: not installed (pip install scikit-learn), not measured'
fi
psql -X -A -t -c "SELECT '  inertia ' || crmseg.inertia(m)::numeric(20,4) || ', ' || crmseg.iterations(m) || ' iterations, given start' FROM (SELECT crmseg.kmeans(ARRAY[a, b, c, d, e, f], '$start'::float8[]) AS m FROM typology_bench.points) x"
psql -X -q -c 'SET client_min_messages = warning' -c 'DROP SCHEMA typology_bench CASCADE'
