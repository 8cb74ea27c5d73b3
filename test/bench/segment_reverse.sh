#!/usr/bin/env bash
# segment_reverse.sh: one row, all its segments, against 100, 1,000, 10,000 and 100,000 predicates of three to eight conditions (segment_workload.c):
# the core, be-tree, matching_segments in the server, jsquery and evaluation one by one, in the same run. Every engine's pairs of predicate and
# customer are compared with the truth. Times are processor time, least of five.
#   BETREE=DIR   be-tree's source, built: DIR/src and DIR/build/libbetree.a (github.com/adgear/be-tree)
#   JSQUERY=DIR  a folder into which the package postgresql-NN-jsquery was unpacked (dpkg -x): nothing is installed; its server must find it, so only the bench's own private server does
#   SIZES="100 1000"
set -eu
root=${CRMSEG_ROOT:-.} work=$(mktemp -d "${TMPDIR:-/tmp}/crmseg_reverse.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }
cores=$(make -C "$root" -s print-CORES | tr ' ' '\n' | grep '^src/segment/')
(cd "$root" && gcc -O2 -Itest/bench -o "$work/workload" test/bench/segment_workload.c -lm)
# shellcheck disable=SC2086
(cd "$root" && gcc -O2 -Isrc -Itest/bench -o "$work/core" test/bench/segment_core.c $cores -lm)
betree=
if [ -n "${BETREE:-}" ] && [ -f "$BETREE/build/libbetree.a" ]; then
	gcc -O2 -I"$root/test/bench" -I"$BETREE/src" -o "$work/betree" "$root/test/bench/segment_betree.c" "$BETREE/build/libbetree.a" -lm && betree=1
else
	echo "be-tree: not measured (BETREE names no folder with its built source)"
fi
sql -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION IF NOT EXISTS crmseg' -c "SELECT crmseg.create_datamart('bench')" >/dev/null
jsquery=
if [ -n "${JSQUERY:-}" ]; then
	lib=$(find "$JSQUERY" -name jsquery.so | head -1) script=$(find "$JSQUERY" -name 'jsquery--1.1.sql' | head -1)
	if [ -n "$lib" ] && [ -n "$script" ]; then
		cp "$lib" "$work/jsquery.so"; chmod 755 "$work/jsquery.so"
		sed -e "s|MODULE_PATHNAME|$work/jsquery.so|" -e '/^\\echo/d' "$script" >"$work/jsquery.sql"
		sql -c 'CREATE SCHEMA IF NOT EXISTS jsquery' >/dev/null
		(echo 'SET search_path = jsquery;'; cat "$work/jsquery.sql") | sql >/dev/null 2>&1 && jsquery=1
	fi
fi
[ -n "$jsquery" ] || echo "jsquery: not measured (JSQUERY names no folder with its unpacked package)"
sql <<'SQL'
SET client_min_messages = warning;
CREATE TABLE bench.cust (party_id bigint PRIMARY KEY, age int, sex text, country text, postcode text, r int, f int, m int, revenue int, last_order int, orders int, channels text[], interests text[], status text,
	headcount int, opens int, clicks int, consent text);
CREATE TABLE bench.doc (party_id bigint, d jsonb);
CREATE TABLE bench.p (i int, ours text, betree text, jsquery text);
SQL
line() { # line NAME PREDICATES : the engine's line, read from standard input
	awk -F'|' -v n="$2" -v m="$truth_matches" -v s="$truth_sum" -v all="${3:-1}" '{ ok = all ? ($7 == m && $8 == s ? "the truth" : "NOT THE TRUTH") : $7 " pairs"
		printf "%7d  %-28s %10.1f us a row (median %.1f), insert %.1f us, %.2f MB, %s\n", n, $1, $3, $4, $5, $6, ok }'
}
for n in ${SIZES:-100 1000 10000 100000}; do
	few=$((n >= 100000 ? 20 : n >= 10000 ? 200 : 2000))
	"$work/workload" "$work" "$n" 2000 42 >"$work/truth"
	IFS='|' read -r _ _ truth_matches truth_sum <"$work/truth"
	chmod 644 "$work"/*.tsv "$work"/*.jsonl
	echo "$n predicates, $truth_matches pairs with 2000 customers"
	"$work/core" "$work" 2000 | tee "$work/core.out" | grep '^crmseg' | line core "$n"
	grep '^image' "$work/core.out" | awk -F'|' '{ printf "%7d  image of %.2f MB, loaded in %.2f ms\n", $2, $3 / 1e6, $4 / 1e3 }'
	if [ -n "$betree" ]; then
		"$work/core" "$work" "$few" | grep '^crmseg' >"$work/few.out"
		"$work/betree" "$work" "$few" >"$work/betree.out"
		paste -d'|' "$work/few.out" "$work/betree.out" | awk -F'|' -v n="$n" -v few="$few" '{ printf "%7d  %-28s %10.1f us a row (median %.1f), insert %.1f us, %.2f MB, %s; core on these %d rows: %.1f x faster\n",
			n, $9, $11, $12, $13, $14, ($7 == $15 && $8 == $16 ? "the pairs of the core" : "OTHER PAIRS"), few, $11 / $3 }'
	fi
	sql -v n="$n" -v truth="$truth_matches|$truth_sum" -v few_rows="$few" -v work="$work" -v jsquery="${jsquery:-0}" <<'SQL' | awk -v n="$n" '/^ *[0-9]+ predicates|^\|/ { sub(/^\|/, ""); printf "%7d  %s\n", n, $0 }'
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
TRUNCATE bench.cust, bench.doc, bench.p, bench.segment_image;
DELETE FROM bench.segment_definition;
SELECT format('COPY bench.cust FROM %L', :'work' || '/customers.tsv'), format('COPY bench.p FROM %L', :'work' || '/predicates.tsv'),
	format('COPY bench.doc (d) FROM %L WITH (FORMAT csv, QUOTE E''\001'', DELIMITER E''\002'')', :'work' || '/customers.jsonl') \gexec
UPDATE bench.doc SET party_id = (d ->> 'id')::bigint;
INSERT INTO bench.segment_definition (segment_id, name, predicate) SELECT i, i::text, ours::crmseg.segment::text FROM bench.p;
VACUUM ANALYZE bench.segment_definition, bench.cust, bench.doc, bench.p;
-- this backend's processor time, by the time that its statements add to it
CREATE OR REPLACE FUNCTION pg_temp.used() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	f text[] := string_to_array(regexp_replace(pg_read_file('/proc/' || pg_backend_pid() || '/schedstat', 0, 100), E'\n', ''), ' ');
BEGIN
	RETURN f[1]::float8 / 1000;		-- nanoseconds on a processor
END $$;
SELECT pg_temp.used() AS t0 \gset
SELECT count(*) FROM bench.cust c, LATERAL crmseg.matching_segments('bench', c) WHERE c.party_id = 1 \g /dev/null
SELECT format('|%-28s %s ms', 'the index made anew', round(((pg_temp.used() - :t0) / 1e3)::numeric, 1));
\c
SET max_parallel_workers_per_gather = 0;
CREATE OR REPLACE FUNCTION pg_temp.used() RETURNS float8 LANGUAGE sql AS $$ SELECT split_part(pg_read_file('/proc/' || pg_backend_pid() || '/schedstat', 0, 100), ' ', 1)::float8 / 1000 $$;
SELECT pg_temp.used() IS NOT NULL, 'age = 1'::crmseg.segment IS NOT NULL \g /dev/null
SELECT pg_temp.used() AS t0 \gset
SELECT count(*) FROM bench.cust c, LATERAL crmseg.matching_segments('bench', c) WHERE c.party_id = 1 \g /dev/null
SELECT format('|%-28s %s ms of processor time, %s kB of memory', 'first use in a session', round(((pg_temp.used() - :t0) / 1e3)::numeric, 1), (SELECT sum(total_bytes) / 1000 FROM pg_backend_memory_contexts WHERE name = 'crmseg segments of a mart')::int);
SELECT count(*) || '|' || coalesce(sum(s::bigint * c.party_id), 0) = :'truth' AS right FROM bench.cust c, LATERAL crmseg.matching_segments('bench', c) s \gset
DO $$
DECLARE
	t float8;
	least_time float8;
BEGIN
	FOR i IN 1 .. 5 LOOP
		t := pg_temp.used();
		PERFORM count(*) FROM bench.cust c, LATERAL crmseg.matching_segments('bench', c);
		least_time := least(least_time, pg_temp.used() - t);
	END LOOP;
	PERFORM set_config('bench.t', (least_time / 2000)::text, false);
END $$;
SELECT format('|%-28s %s us a row, %s', 'matching_segments', round(current_setting('bench.t')::numeric, 1), CASE WHEN :'right' THEN 'the truth' ELSE 'NOT THE TRUTH' END);
SELECT :n <= 1000 AS few \gset
\if :few
SELECT count(*) FROM bench.cust c, bench.segment_definition d WHERE c.party_id <= 20 AND crmseg.in_segment('bench', c, d.name) \g /dev/null
SELECT pg_temp.used() AS t0 \gset
SELECT count(*) FROM bench.cust c, bench.segment_definition d WHERE c.party_id <= 20 AND crmseg.in_segment('bench', c, d.name) \g /dev/null
SELECT format('|%-28s %s us a row', 'in_segment of each', round(((pg_temp.used() - :t0) / 20)::numeric, 1));
\endif
\if :jsquery
ALTER TABLE bench.p ADD q jsquery.jsquery;
UPDATE bench.p SET q = jsquery::jsquery.jsquery;
VACUUM ANALYZE bench.p;
SELECT pg_temp.used() AS t0 \gset
SELECT count(*) AS n, coalesce(sum(p.i::bigint * c.party_id), 0) AS s FROM bench.doc c, bench.p WHERE c.party_id <= least(:few_rows, 20) AND c.d OPERATOR(jsquery.@@) p.q \gset
SELECT format('|%-28s %s us a row, %s', 'jsquery', round(((pg_temp.used() - :t0) / least(:few_rows, 20))::numeric, 1), CASE WHEN :s = (SELECT coalesce(sum(s::bigint * c.party_id), 0) FROM bench.cust c, LATERAL crmseg.matching_segments('bench', c) s WHERE c.party_id <= least(:few_rows, 20)) THEN 'the same pairs' ELSE 'OTHER PAIRS' END);
ALTER TABLE bench.p DROP q;
\endif
SQL
done
sql -c 'SET client_min_messages = error' -c 'DROP SCHEMA IF EXISTS jsquery CASCADE' -c 'DROP SCHEMA bench CASCADE'
