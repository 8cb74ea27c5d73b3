#!/usr/bin/env bash
# rfm.sh [ORDERS [CUSTOMERS]] : RFM of raw orders against the bare scan of the same table in the same run, and the upkeep of the profiles
# of a mart against the bare insert. Least of RUNS (3); also by the environment: ORDERS=10000000 CUSTOMERS=1000000 MART_CUSTOMERS=200000.
set -eu
[[ "${1:-}" =~ ^[0-9]+$ ]] && ORDERS=$1 && [[ "${2:-}" =~ ^[0-9]+$ ]] && CUSTOMERS=$2
ORDERS=${ORDERS:-10000000} CUSTOMERS=${CUSTOMERS:-$((ORDERS / 10))} MART_CUSTOMERS=${MART_CUSTOMERS:-200000} RUNS=${RUNS:-3}
q() { psql -qXAt -v ON_ERROR_STOP=1 "$@"; }
declare -A best
# t NAME SQL... : milliseconds of the last SQL of a session, into best[NAME] when less
t() {
	local name=$1 ms; shift
	local a=(); for s; do a+=(-c "$s"); done
	ms=$(psql -qXAt -v ON_ERROR_STOP=1 -c '\timing on' "${a[@]}" | grep '^Time:' | tail -1 | sed 's/Time: \([0-9.]*\) ms.*/\1/')
	if [ -z "${best[$name]:-}" ] || awk "BEGIN{exit !($ms < ${best[$name]})}"; then best[$name]=$ms; fi
}
show() { printf '%-58s %10.0f ms  %6.2f x the %s\n' "$1" "${best[$2]}" "$(awk "BEGIN{print ${best[$2]}/${best[$3]}}")" "$4"; }

q -c 'CREATE EXTENSION IF NOT EXISTS crmseg' 2>/dev/null
q -c 'DROP TABLE IF EXISTS bench_order' -c 'CREATE UNLOGGED TABLE bench_order (id bigint, at timestamptz, amount numeric(12,2))' -c "INSERT INTO bench_order
	SELECT ($CUSTOMERS * power(random(), 1.3))::bigint, '2022-01-01'::timestamptz + make_interval(secs => floor(random() * 86400 * 700)),
		CASE WHEN random() < 0.02 THEN -1 ELSE 1 END * (floor(random() * 200) + (ARRAY[0, 0.5, 0.9, 0.99])[1 + floor(random() * 4)::int])::numeric
	FROM generate_series(1, $ORDERS)" -c 'VACUUM ANALYZE bench_order' 2>/dev/null
scan='SELECT count(*), sum(amount) FROM bench_order'
table="SELECT count(*), sum(r) FROM crmseg.rfm_table('bench_order', 'id', 'at', 'amount', '2024-01-01')"
one='SET max_parallel_workers_per_gather = 0' two='SET max_parallel_workers_per_gather = 2'
for ((i = 0; i < RUNS; i++)); do
	t scan "$one" "$scan"
	t rfm "$one" "$table"
	t written "$one" 'DROP TABLE IF EXISTS bench_rfm' "CREATE UNLOGGED TABLE bench_rfm AS SELECT * FROM crmseg.rfm_table('bench_order', 'id', 'at', 'amount', '2024-01-01')"
	t scan2 "$two" "$scan"
	t rfm2 "$two" "$table"
	t summaries "$one" "SELECT count(s) FROM (SELECT crmseg.purchases(at, amount) s FROM bench_order GROUP BY id) x"
done
[ -n "${NO_PEER:-}" ] || t ntile "$one" "SELECT count(*), sum(r + f + m) FROM (SELECT id, ntile(5) OVER (ORDER BY last) r, ntile(5) OVER (ORDER BY n) f, ntile(5) OVER (ORDER BY amount) m
	FROM (SELECT id, max(at) AS last, count(*) AS n, sum(amount) AS amount FROM bench_order GROUP BY id) x) y"
echo "RFM of $ORDERS orders of $CUSTOMERS customers"
show 'bare scan: count(*), sum(amount)' scan scan 'bare scan'
show 'rfm_table, read' rfm scan 'bare scan'
show 'rfm_table, written to a table' written scan 'bare scan'
show 'bare scan, two workers' scan2 scan 'bare scan'
show 'rfm_table, two workers' rfm2 scan 'bare scan'
show 'purchase summaries, GROUP BY customer' summaries scan 'bare scan'
[ -n "${NO_PEER:-}" ] || show 'plain SQL: GROUP BY, three ntile(5)' ntile scan 'bare scan'
q -c 'DROP TABLE bench_order, bench_rfm'

# upkeep: one percent of new orders in a mart, with and without the triggers of the profile
n=$MART_CUSTOMERS new=$((MART_CUSTOMERS / 10))
q -c 'SET client_min_messages = warning' -c 'DROP SCHEMA IF EXISTS bench_mart CASCADE' -c "SELECT crmseg.create_datamart('bench_mart')" -c "INSERT INTO bench_mart.source (name) VALUES ('till')" \
	-c "INSERT INTO bench_mart.party (party_id) SELECT g FROM generate_series(1, $n) g" -c 'CREATE SEQUENCE bench_mart.ticket' >/dev/null
insert() { echo "INSERT INTO bench_mart.sales_order (party_id, ordered_at, currency, amount, base_rate, source_id, external_id)
	SELECT 1 + floor(random() * $n), '2024-01-01'::timestamptz + random() * interval '$1 days', 'EUR', round((random() * 100)::numeric, 2), 1, 1, nextval('bench_mart.ticket') FROM generate_series(1, $2)"; }
q -c "$(insert 365 $((n * 10)))" -c 'VACUUM ANALYZE bench_mart.sales_order' -c 'VACUUM ANALYZE bench_mart.party_profile' -c 'VACUUM ANALYZE bench_mart.party'
off='ALTER TABLE bench_mart.sales_order DISABLE TRIGGER sales_order_profile_insert' on='ALTER TABLE bench_mart.sales_order ENABLE TRIGGER sales_order_profile_insert'
for ((i = 0; i < RUNS; i++)); do
	q -c "$off"; t bare BEGIN "$(insert 365 $new)"
	q -c "$on"; t upkeep BEGIN "$(insert 365 $new)"
	t rescore BEGIN "$one" "SELECT crmseg.rescore('bench_mart', '2025-01-01')"
	t percentiles "$one" "SELECT percentile_disc(ARRAY[.2, .4, .6, .8]) WITHIN GROUP (ORDER BY last_order_at), percentile_disc(ARRAY[.2, .4, .6, .8]) WITHIN GROUP (ORDER BY orders),
		percentile_disc(ARRAY[.2, .4, .6, .8]) WITHIN GROUP (ORDER BY revenue) FROM bench_mart.party_profile WHERE orders > 0"
	t view "$one" 'SELECT count(*), sum(rfm) FROM bench_mart.customer_rfm'
done
echo "upkeep of $n profiles, $new new orders"
show 'insert of the orders alone' bare bare 'bare insert'
show 'insert with the profiles kept' upkeep bare 'bare insert'
show 'rescore: new cuts' rescore bare 'bare insert'
show 'plain SQL: percentile_disc of three measures' percentiles bare 'bare insert'
show 'customer_rfm, all customers' view bare 'bare insert'
# one order a transaction, from a client
if command -v pgbench >/dev/null; then
	f=$(mktemp); chmod 644 "$f"
	echo "INSERT INTO bench_mart.sales_order (party_id, ordered_at, currency, amount, base_rate, source_id, external_id)
		VALUES (1 + floor(random() * $n), now(), 'EUR', round((random() * 100)::numeric, 2), 1, 1, nextval('bench_mart.ticket'));" | tr '\n\t' '  ' > "$f"
	tps() { pgbench -n -M prepared -T "${SECONDS_EACH:-5}" -f "$f" 2>/dev/null | sed -n 's/^tps = \([0-9]*\).*/\1/p'; }
	export PGOPTIONS='-c synchronous_commit=on'
	fsync=$(q -c 'SHOW fsync')
	q -c 'ALTER SYSTEM SET fsync = on' -c 'SELECT pg_reload_conf()' >/dev/null; sleep 1
	q -c "$off"; a=$(tps); q -c "$on"; b=$(tps); q -c "$off"; a2=$(tps); q -c "$on"; b2=$(tps)
	rm -f "$f"
	echo "one order a transaction: $a and $a2 tps alone, $b and $b2 tps with the profile kept (fsync on)"
	q -c "ALTER SYSTEM SET fsync = $fsync" -c 'SELECT pg_reload_conf()' >/dev/null
fi
q -c 'SET client_min_messages = warning' -c 'DROP SCHEMA bench_mart CASCADE'
