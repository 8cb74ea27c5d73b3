#!/usr/bin/env bash
# merge.sh [DIR [SIZE]]: merging. PEOPLE=30000 people of the demo shop, their orders and lines, are merged in one statement, beside the bare UPDATE
# of the same order lines; then MERGES=100000 merges from 8 sessions at once, each of which makes STEPS=1 in each group of ten parties: links that were told but do not hold, and errors.
set -eu
PEOPLE=${PEOPLE:-30000} MERGES=${MERGES:-100000} STEPS=${STEPS:-1}
q() { psql -qXAt -v ON_ERROR_STOP=1 "$@"; }
export PGOPTIONS='-c client_min_messages=warning -c jit=off'
q -c 'CREATE EXTENSION IF NOT EXISTS crmseg' -c 'DROP SCHEMA IF EXISTS bench_merge, bench_race CASCADE' -c "SELECT crmseg.create_datamart('bench_merge', '{\"time_zone\": \"Europe/Paris\", \"default_phone_region\": \"FR\"}')" >/dev/null
for kind in card web newsletter till; do
	q -c "CREATE TEMPORARY TABLE line AS SELECT row_number() OVER () AS n, l FROM crmseg.demo_file('$kind', $PEOPLE, 1) l" -c "SELECT crmseg.import_csv('bench_merge', '$kind', 'pg_temp.line'::regclass, crmseg.demo_mapping('$kind'))" >/dev/null
done
# what resolve finds by keys, as lists; processor time of the statement that merges them
q <<'SQL'
ANALYZE;
SELECT crmseg.refresh_record_identity('bench_merge', ARRAY(SELECT r.source_record_id FROM bench_merge.source_record r)) \g /dev/null
CREATE TABLE bench_merge.todo AS SELECT * FROM crmseg.exact_groups('bench_merge');
CREATE TABLE bench_merge.moved AS SELECT l.party_id, l.order_id, l.line_no, m.keep FROM bench_merge.todo t, unnest(t.keep, t.dropped) m (keep, dropped), bench_merge.sales_order_line l WHERE l.party_id = m.dropped;
CHECKPOINT;
SQL
cpu() { sed 's/.*) //' "/proc/$1/stat" | awk '{print ($12 + $13) / 100}'; }
took=$(q <<'SQL'
CREATE TEMPORARY TABLE at (what text, wall timestamptz, cpu float8);
CREATE FUNCTION pg_temp.spent() RETURNS float8 LANGUAGE sql AS $$ SELECT (s[12]::float8 + s[13]::float8) / 100 FROM regexp_split_to_array(regexp_replace(pg_read_file('/proc/self/stat'), '.*\) ', ''), ' ') s $$;
BEGIN;
INSERT INTO at SELECT 'begin', clock_timestamp(), pg_temp.spent();
UPDATE bench_merge.sales_order_line l SET discount = l.discount + 1 FROM bench_merge.moved m WHERE (l.party_id, l.order_id, l.line_no) = (m.party_id, m.order_id, m.line_no);
INSERT INTO at SELECT 'bare', clock_timestamp(), pg_temp.spent();
SAVEPOINT before;
INSERT INTO at SELECT 'merge', clock_timestamp(), pg_temp.spent();
SELECT crmseg.merge_party_lists('bench_merge', t.keep, t.dropped, t.why) FROM bench_merge.todo t \g /dev/null
INSERT INTO at SELECT 'end', clock_timestamp(), pg_temp.spent();
COMMIT;
SELECT format('%s merges with %s orders and %s lines: %s s (processor %s s); bare UPDATE of those lines %s s (%s s)', (SELECT count(*) FROM bench_merge.party_alias),
	(SELECT sum(jsonb_array_length(u.moved)) FROM bench_merge.party_undo u WHERE u.relation = 'bench_merge.sales_order'::regclass AND u.column_name = 'party_id'), (SELECT count(*) FROM bench_merge.moved),
	round(extract(epoch FROM e.wall - m.wall), 1), round((e.cpu - m.cpu)::numeric, 1), round(extract(epoch FROM b.wall - s.wall), 1), round((b.cpu - s.cpu)::numeric, 1))
FROM at s, at b, at m, at e WHERE (s.what, b.what, m.what, e.what) = ('begin', 'bare', 'merge', 'end');
SQL
)
echo "$took"

# many sessions at the same parties: all walk through groups of ten at about the same pace and tell two of them, drawn at random, to be one; in the end
# each told pair must lead to one party
q -c "SELECT crmseg.create_datamart('bench_race')" -c "INSERT INTO bench_race.party (given_name) SELECT 'p' FROM generate_series(1, 10 * ($MERGES / 8 / $STEPS + 1))" -c "INSERT INTO bench_race.source (name) VALUES ('s')" \
	-c "INSERT INTO bench_race.source_record (party_id, source_id, external_id) SELECT party_id, 1, party_id FROM bench_race.party" -c "CREATE TABLE bench_race.told (a bigint, b bigint)" -c "ANALYZE" >/dev/null
cat >"$CRMSEG_WORK/race.sql" <<SQL
\set i :i + 1
\set g :i / $STEPS
\set a 10 * :g + random(1, 10)
\set b 10 * :g + random(1, 10)
WITH m AS (SELECT crmseg.merge_parties('bench_race', least(:a, :b), greatest(:a, :b))) INSERT INTO bench_race.told SELECT :a, :b FROM m;
SQL
chmod a+r "$CRMSEG_WORK/race.sql"
began=$SECONDS
pgbench -n -c 8 -j 2 -t $((MERGES / 8)) -D i=-1 --max-tries=1 -f "$CRMSEG_WORK/race.sql" >"$CRMSEG_WORK/race.log" 2>&1 || true
echo "$(q -c 'SELECT count(*) FROM bench_race.told') merges told by 8 sessions in $((SECONDS - began)) s, $(q -c 'SELECT count(*) FROM bench_race.party_alias') parties merged away, $(grep -c 'ERROR' "$CRMSEG_WORK/race.log" || true) errors, $(q -c "SELECT count(*) FROM bench_race.told WHERE crmseg.party_of('bench_race', a) IS DISTINCT FROM crmseg.party_of('bench_race', b)") broken links, $(q -c "SELECT count(*) FROM bench_race.party_alias a JOIN bench_race.party_alias b ON b.old_party_id = a.party_id") aliases of aliases, $(q -c "SELECT count(*) FROM bench_race.source_record r LEFT JOIN bench_race.party p USING (party_id) WHERE p.party_id IS NULL") records without a party"
grep -m3 ERROR "$CRMSEG_WORK/race.log" || true
