#!/usr/bin/env bash
# value.sh: fits of CDNOW and of 1M customers, and 1M predictions, beside the bare scan of the same table in the same run; and lifetimes,
# when $PEER_PYTHON (default python3) has it. One process; minimum and median of 5 runs after a warm-up, ms. CUSTOMERS=1000000
set -eu
root=${CRMSEG_ROOT:?} customers=${CUSTOMERS:-1000000}
psql -X -q -v ON_ERROR_STOP=1 -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION IF NOT EXISTS crmseg' -c 'CREATE SCHEMA value_bench' -c 'CREATE TABLE value_bench.line (l text)'
psql -X -q -c "\\copy value_bench.line FROM '$root/test/data/cdnow_sample.txt' WITH (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02')"
psql -X -q -v ON_ERROR_STOP=1 -v customers="$customers" <<'SQL' >/dev/null
SET search_path = value_bench, crmseg, public;
CREATE TABLE value_bench.cdnow AS SELECT purchase_days(s)::float8 - 1 AS x, extract(epoch FROM last_purchase_at(s) - first_purchase_at(s))::float8 / 604800 AS tx, extract(epoch FROM '1997-09-30 00:00+00' - first_purchase_at(s))::float8 / 604800 AS t
FROM (SELECT substr(l, 8, 4) AS id, purchases(to_date(substr(l, 13, 8), 'YYYYMMDD')::timestamp AT TIME ZONE 'UTC', substr(l, 24)::numeric) AS s FROM value_bench.line WHERE substr(l, 13, 8) <= '19970930' GROUP BY 1) c;
-- customers much as those of CDNOW, times to the second, purchases drawn one by one
SELECT setseed(0.42);
CREATE FUNCTION value_bench.customer(rate float8, p float8, t float8, OUT x float8, OUT tx float8) LANGUAGE plpgsql AS $$
DECLARE now float8 := 0;
BEGIN
	x := 0; tx := 0;
	LOOP
		now := now - ln(1 - random()) / rate;
		EXIT WHEN now > t;
		x := x + 1; tx := now;
		EXIT WHEN random() < p;
	END LOOP;
END $$;
CREATE TABLE value_bench.million AS SELECT c.x, c.tx, u.t FROM (SELECT 27 + 12 * random() AS t, -ln(1 - random()) * sin(random() * 1.5707963) ^ 6 / 4.4 AS rate, 0.7 * random() ^ 1.6 AS p FROM generate_series(1, :customers)) u,
	LATERAL value_bench.customer(greatest(u.rate, 1e-9), u.p, u.t) c;
VACUUM ANALYZE value_bench.million;
SQL
run() { # run LABEL SQL
	local label=$1 sql=$2
	{ printf 'SET max_parallel_workers_per_gather = 0;\nSET search_path = value_bench, crmseg, public;\n\\timing on\n'; for _ in 1 2 3 4 5 6; do printf '%s;\n' "$sql"; done; } |
		psql -X -q -A -t | awk -v l="$label" '/^Time:/ { n++; if (n > 1) v[n - 1] = $2 + 0 } END { m = n - 1; for (i = 1; i <= m; i++) for (j = i + 1; j <= m; j++) if (v[j] < v[i]) { t = v[i]; v[i] = v[j]; v[j] = t }
			printf "%-58s %9.1f %9.1f\n", l, v[1], v[int((m + 1) / 2)] }'
}
printf '%-58s %9s %9s\n' 'ms, one process' min median
for f in bg mbg pareto; do run "fit_${f}_nbd, CDNOW (2,357 customers)" "SELECT fit_${f}_nbd(x, tx, t) FROM cdnow"; done
run "bare scan, $customers customers: count(*), sum(x), sum(tx)" 'SELECT count(*), sum(x), sum(tx) FROM million'
run "fit_bg_nbd, $customers customers" 'SELECT fit_bg_nbd(x, tx, t) FROM million'
psql -X -q -A -t -c 'SET search_path = value_bench, crmseg, public' -c 'SET client_min_messages = debug1' -c 'SELECT fit_bg_nbd(x, tx, t) FROM million' 2>&1 | sed -n 's/^DEBUG:  bg/  bg/p; /^bg_nbd(/p'
m="'bg_nbd(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259)'"
run "p_alive + expected_purchases of $customers, BG/NBD" "SELECT sum(p_alive($m, x, tx, t)), sum(expected_purchases($m, x, tx, t, 39)) FROM million"
m="'pareto_nbd(r=0.5533, alpha=10.578, s=0.606, beta=11.669)'"
run "p_alive + expected_purchases of $customers, Pareto/NBD" "SELECT sum(p_alive($m, x, tx, t)), sum(expected_purchases($m, x, tx, t, 39)) FROM million"
python=${PEER_PYTHON:-python3}
if "$python" -c 'import lifetimes' 2>/dev/null; then
	out=$(mktemp -d)
	for t in cdnow million; do psql -X -q -c "\\copy value_bench.$t TO '$out/$t.csv' WITH (FORMAT csv)"; done
	"$python" -W ignore - "$out" <<'PY'
import sys, time
import pandas as pd
from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter
c, m = (pd.read_csv('%s/%s.csv' % (sys.argv[1], n), names=['x', 'tx', 't']) for n in ('cdnow', 'million'))
def run(label, f):
    v = []
    for _ in range(5):
        s = time.perf_counter(); f(); v.append((time.perf_counter() - s) * 1000)
    v.sort(); print('%-58s %9.1f %9.1f' % ('lifetimes: ' + label, v[0], v[2]))
for name, F in (('BG/NBD', BetaGeoFitter), ('MBG/NBD', ModifiedBetaGeoFitter), ('Pareto/NBD', ParetoNBDFitter)):
    run('fit ' + name + ', CDNOW', lambda: F().fit(c.x, c.tx, c.t))
b = BetaGeoFitter(); b.fit(c.x, c.tx, c.t)
run('E[Y] + P(alive), BG/NBD', lambda: (b.conditional_expected_number_of_purchases_up_to_time(39, m.x.values, m.tx.values, m.t.values), b.conditional_probability_alive(m.x.values, m.tx.values, m.t.values)))
PY
	rm -rf "$out"
else
	echo 'lifetimes: not installed (pip install lifetimes), not measured'
fi
psql -X -q -c 'SET client_min_messages = warning' -c 'DROP SCHEMA value_bench CASCADE'
