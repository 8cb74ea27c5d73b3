#!/usr/bin/env bash
# activity.sh [PARTIES [EVENTS]] : event windows from activity bitmaps against the joins in the same run, upkeep, and set algebra of 20 sets,
# beside pg_roaringbitmap where the server has that extension. Processor time of the backend (getrusage), the least of RUNS (3).
# Also by the environment: PARTIES=1000000 EVENTS=10000000, SETS=10000000 (parties of the 20 sets), PARTS="windows sets".
set -eu
[[ "${1:-}" =~ ^[0-9]+$ ]] && PARTIES=$1 && [[ "${2:-}" =~ ^[0-9]+$ ]] && EVENTS=$2
PARTIES=${PARTIES:-200000} EVENTS=${EVENTS:-2000000} SETS=${SETS:-1000000} RUNS=${RUNS:-3} PARTS=${PARTS:-windows sets}
q() { psql -qXAt -v ON_ERROR_STOP=1 "$@"; }
q -c 'CREATE EXTENSION IF NOT EXISTS crmseg' 2>/dev/null
q -c "SET client_min_messages = warning" -c "DROP SCHEMA IF EXISTS bench_act, bench_act_app CASCADE" -c "CREATE SCHEMA bench_act_app"
# ms SQL... : processor time of the last statement, least of RUNS, after the ones before it
ms() {
	local setup=$1 sql=$2
	{ echo "SET client_min_messages = log; SET search_path = pg_catalog, crmseg; $setup"; echo "SELECT 'load'::crmseg.segment IS NULL \\g /dev/null" | sed "s/'load'/'a = 1'/"
	  for ((i = 0; i <= RUNS; i++)); do echo "SET log_executor_stats = on; $sql; SET log_executor_stats = off;"; done; } |
		psql -qXAt -v ON_ERROR_STOP=1 2>&1 | sed -n 's/^.*!\t\([0-9.]*\) s user, \([0-9.]*\) s system, .*elapsed.*$/\1 \2/p' | awk '{ t = ($1 + $2) * 1000; if (n++ && (m == "" || t < m)) m = t } END { printf "%.2f", m }'
}
row() { printf '| %s | %s ms | %s ms | %s x |\n' "$1" "$2" "$3" "$(awk -v a="$2" -v b="$3" 'BEGIN { printf "%.1f", (b > 0 ? a / b : 0) }')"; }
if [[ " $PARTS " == *" windows "* ]]; then
q <<SQL
SET client_min_messages = warning;
SELECT crmseg.create_datamart('bench_act') \g /dev/null
SELECT setseed(0.42) \g /dev/null
INSERT INTO bench_act.party (party_id) SELECT i FROM generate_series(1, $PARTIES) i;
CREATE TABLE bench_act_app.event (party_id bigint NOT NULL, kind smallint NOT NULL, at timestamptz NOT NULL);
-- in the order of time, as events come; the kinds are a visit, an opening, a click, a cart, a purchase
INSERT INTO bench_act_app.event SELECT 1 + floor(random() * $PARTIES)::bigint, CASE WHEN k < 0.5 THEN 0 WHEN k < 0.8 THEN 1 WHEN k < 0.9 THEN 2 WHEN k < 0.95 THEN 3 ELSE 4 END, now() - interval '365 days' * (1 - i::float8 / $EVENTS)
	FROM (SELECT i, random() AS k FROM generate_series(1, $EVENTS) i) e;
CREATE INDEX ON bench_act_app.event (party_id, kind, at);
CREATE INDEX ON bench_act_app.event (at);
SELECT crmseg.add_event('bench_act', 'open', 'bench_act_app.event', 'party_id', 'at', '{}', 'kind = 1'), crmseg.add_event('bench_act', 'buy', 'bench_act_app.event', 'party_id', 'at', '{}', 'kind = 4') \g /dev/null
VACUUM ANALYZE bench_act_app.event, bench_act.party;
SQL
echo "$PARTIES parties, $EVENTS events of a year; processor time, least of $RUNS"
echo "| | joins | bitmaps | ratio |"; echo "| --- | --- | --- | --- |"
q -c "SELECT 'kept in ' || extract(milliseconds FROM clock_timestamp() - now())::int || ' ms' FROM crmseg.keep_activity('bench_act', ARRAY['open', 'buy'])" >"${TMPDIR:-/tmp}/act.$$"
q -c "ANALYZE bench_act.activity, bench_act.activity_kept"
for p in 'did buy within last 90 days and did not open within last 30 days' 'did buy within last 30 days' 'did open within last 90 days' 'did not open within last 30 days'; do
	q -c "SELECT crmseg.define_segment('bench_act', 'w', '$p')" >/dev/null
	on=$(q -c "SET crmseg.use_activity = on" -c "SELECT 'a = 1'::crmseg.segment IS NULL" -c "SELECT count(*) FROM crmseg.members('bench_act', 'w')" | tail -1)
	off=$(q -c "SET crmseg.use_activity = off" -c "SELECT 'a = 1'::crmseg.segment IS NULL" -c "SELECT count(*) FROM crmseg.members('bench_act', 'w')" | tail -1)
	[ "$on" = "$off" ] || { echo "they differ: $p: $on and $off" >&2; exit 1; }
	joins=$(ms "SET crmseg.use_activity = off; SET max_parallel_workers_per_gather = 0;" "SELECT count(*) FROM crmseg.members('bench_act', 'w')")
	row "count of members: $p ($on)" "$joins" "$(ms "" "SELECT count(*) FROM crmseg.members('bench_act', 'w')")"
	row "its set: cardinality(activity_set())" "$joins" "$(ms "" "SELECT cardinality(activity_set('bench_act', '$p'))")"
	row "party @@: $p" "$(ms "SET crmseg.use_activity = off; SET max_parallel_workers_per_gather = 0;" "SELECT count(*) FROM bench_act.party p WHERE p @@ '$p'::segment")" \
		"$(ms "SET max_parallel_workers_per_gather = 0;" "SELECT count(*) FROM bench_act.party p WHERE p @@ '$p'::segment")"
done
echo; cat "${TMPDIR:-/tmp}/act.$$"; rm -f "${TMPDIR:-/tmp}/act.$$"
q -c "SELECT 'bitmaps: ' || pg_size_pretty(pg_total_relation_size('bench_act.activity')) || ', events: ' || pg_size_pretty(pg_total_relation_size('bench_act_app.event'))"
with=$(ms "" "INSERT INTO bench_act_app.event VALUES (1, 4, now())")
bulk=$(ms "" "INSERT INTO bench_act_app.event SELECT 1 + i % $PARTIES, i % 5, now() FROM generate_series(1, 100000) i")
q -c "SELECT crmseg.keep_activity('bench_act', NULL, false)" >/dev/null
row "upkeep: one event inserted (with, without)" "$with" "$(ms "" "INSERT INTO bench_act_app.event VALUES (1, 4, now())")"
row "upkeep: 100,000 events at once (with, without)" "$bulk" "$(ms "" "INSERT INTO bench_act_app.event SELECT 1 + i % $PARTIES, i % 5, now() FROM generate_series(1, 100000) i")"
fi
if [[ " $PARTS " == *" sets "* ]]; then
# ---- 20 sets of 5 to 62 % of SETS parties ----
rb=0; ! q -c "CREATE EXTENSION IF NOT EXISTS roaringbitmap" 2>/dev/null || rb=1
q <<SQL
CREATE TABLE bench_act_app.sets AS SELECT k, crmseg.party_set_agg(i) AS s FROM generate_series(1, 20) k, generate_series(1, $SETS) i
	WHERE hashint8extended(i, k) & 1023 < 50 + k * 30 GROUP BY k;
ALTER TABLE bench_act_app.sets ALTER s SET STORAGE external;
SQL
[ "$rb" = 0 ] || q -c "CREATE TABLE bench_act_app.rb AS SELECT k, (SELECT rb_build_agg(i::int) FROM crmseg.party_ids(s) i) AS s FROM bench_act_app.sets" >/dev/null
echo; echo "20 sets of $SETS parties, 8 to 63 % each (peer: pg_roaringbitmap$([ "$rb" = 0 ] && echo ', not there'))"
echo "| | pg_roaringbitmap | ours | ratio |"; echo "| --- | --- | --- | --- |"
peer() { if [ "$rb" = 0 ]; then echo 0; else ms "SET search_path = public, pg_catalog;" "$1"; fi; }
T=bench_act_app
set_row() { printf '| %s | %s ms | %s ms | %s x |\n' "$1" "$2" "$3" "$(awk -v a="$2" -v b="$3" 'BEGIN { printf "%.2f", (a > 0 ? b / a : 0) }')"; }
set_row "and of 3" "$(peer "SELECT rb_cardinality(rb_and_agg(s)) FROM $T.rb WHERE k IN (3, 9, 15)")" "$(ms "" "SELECT cardinality(party_set_intersection(s)) FROM $T.sets WHERE k IN (3, 9, 15)")"
set_row "and of 20" "$(peer "SELECT rb_cardinality(rb_and_agg(s)) FROM $T.rb")" "$(ms "" "SELECT cardinality(party_set_intersection(s)) FROM $T.sets")"
set_row "or of 20" "$(peer "SELECT rb_cardinality(rb_or_agg(s)) FROM $T.rb")" "$(ms "" "SELECT cardinality(party_set_union(s)) FROM $T.sets")"
set_row "or of 9 less or of 11" "$(peer "SELECT rb_andnot_cardinality((SELECT rb_or_agg(s) FROM $T.rb WHERE k > 11), (SELECT rb_or_agg(s) FROM $T.rb WHERE k <= 11))")" \
	"$(ms "" "SELECT cardinality(party_set_minus((SELECT party_set_union(s) FROM $T.sets WHERE k > 11), (SELECT party_set_union(s) FROM $T.sets WHERE k <= 11)))")"
set_row "190 overlaps" "$(peer "SELECT sum(rb_and_cardinality(a.s, b.s)) FROM $T.rb a JOIN $T.rb b ON a.k < b.k")" "$(ms "" "SELECT sum(common_parties(a.s, b.s)) FROM $T.sets a JOIN $T.sets b ON a.k < b.k")"
fi
[ -n "${KEEP:-}" ] || q -c "SET client_min_messages = warning" -c "DROP SCHEMA IF EXISTS bench_act, bench_act_app CASCADE"
