#!/usr/bin/env bash
# link.sh DIR: linking whole tables with the defaults. DIR holds records_N.csv.gz (rec_id, source, created_at, first_name, last_name, full_name,
# company, birth_date, email, phone, address, postcode, city, country, reg_no) and truth_N.csv.gz (rec_id, entity_id, kind), for N of
# SETS="10k 100k 1m"; where it also holds Febrl's dataset3.csv (and dataset4a.csv, dataset4b.csv) these too. Pairwise precision, recall and
# F1 of clusters over all true pairs, at 0.5 and 0.8; least time and processor time of RUNS (3) beside a bare copy of the table; calibration.
set -eu
DIR=${1:-} RUNS=${RUNS:-3} SETS=${SETS:-10k 100k 1m}
[ -n "$DIR" ] || { echo "link: needs a folder of record sets; see the head of test/bench/link.sh"; exit 0; }
q() { psql -qXAt -v ON_ERROR_STOP=1 "$@"; }
KINDS='{"first_name": "given_name", "last_name": "family_name", "full_name": "full_name", "company": "organisation_name", "birth_date": "date", "email": "email", "phone": "phone",
 "address": "address", "postcode": "postal_code", "city": "city", "country": "country", "reg_no": "registry_number", "source": "source"}'
FEBRL='{"given_name": "given_name", "surname": "family_name", "street_number": "address", "address_1": "address", "address_2": "address", "suburb": "city", "postcode": "postal_code",
 "state": "code", "date_of_birth": "date", "soc_sec_id": "registry_number"}'
q -c 'CREATE EXTENSION IF NOT EXISTS crmseg' 2>/dev/null

# timed SQL... : least milliseconds of the last one
timed() {
	local best= ms i s a=(); for s; do a+=(-c "$s"); done
	for ((i = 0; i < RUNS; i++)); do
		ms=$(q -c '\timing on' "${a[@]}" | grep '^Time:' | tail -1 | sed 's/Time: \([0-9.]*\) ms.*/\1/')
		if [ -z "$best" ] || awk "BEGIN{exit !($ms < $best)}"; then best=$ms; fi
	done
	echo "$best"
}
# score TABLE: precision, recall, F1 of bench_cluster against TABLE(id, entity)
score() {
	q -F ' ' -c "WITH x AS (SELECT cluster_id, entity, count(*) n FROM bench_cluster c JOIN $1 t ON t.id = c.record_id GROUP BY 1, 2),
		v AS (SELECT (SELECT sum(n * (n - 1) / 2) FROM x) AS b, (SELECT sum(n * (n - 1) / 2) FROM (SELECT sum(n) n FROM x GROUP BY cluster_id) y) AS c,
			(SELECT sum(n * (n - 1) / 2) FROM (SELECT sum(n) n FROM x GROUP BY entity) z) AS t)
		SELECT round(b / c, 4), round(b / t, 4), round(2 * b / (c + t), 4) FROM v"
}
one() {	# TITLE RELATION ID KINDS TRUTH
	local run="DROP TABLE IF EXISTS bench_cluster; CREATE UNLOGGED TABLE bench_cluster AS SELECT * FROM crmseg.cluster_records('$2', '$3', '$4'" copy ms
	copy=$(timed "DROP TABLE IF EXISTS bench_copy; CREATE UNLOGGED TABLE bench_copy AS SELECT * FROM $2")
	ms=$(timed "$run)" 2>/dev/null)
	printf '%-10s read, link and write %9.0f ms  %5.1f x a bare copy   P R F1 at 0.5: %s' "$1" "$ms" "$(awk "BEGIN{print $ms/$copy}")" "$(score "$5")"
	q -c "$run, 0.8)" 2>/dev/null
	printf '   at 0.8: %s\n' "$(score "$5")"
}
calibration() {	# RELATION ID KINDS TRUTH
	q -F '  ' -c "SELECT 'said ' || lo || ' to ' || hi, count(*) || ' pairs', 'mean ' || round(avg(match_probability)::numeric, 3), 'true ' || round(avg((a.entity = b.entity)::int), 3)
		FROM crmseg.link_records('$1', '$2', '$3', 0.1) l JOIN $4 a ON a.id = l.left_id JOIN $4 b ON b.id = l.right_id,
			(VALUES (0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 0.99), (0.99, 1.0)) v(lo, hi)
		WHERE match_probability >= lo AND (match_probability < hi OR hi = 1) GROUP BY lo, hi ORDER BY lo" 2>/dev/null
}
for n in $SETS; do
	[ -e "$DIR/records_$n.csv.gz" ] || continue
	q -c "DROP TABLE IF EXISTS bench_record, bench_raw, bench_truth; CREATE UNLOGGED TABLE bench_record (rec_id int, source text, created_at text, first_name text, last_name text, full_name text, company text, birth_date text, email text,
		phone text, address text, postcode text, city text, country text, reg_no text); CREATE UNLOGGED TABLE bench_raw (rec_id text, entity int, kind text)" 2>/dev/null
	zcat "$DIR/records_$n.csv.gz" | q -c '\copy bench_record FROM STDIN WITH (FORMAT csv, HEADER)'
	zcat "$DIR/truth_$n.csv.gz" | q -c '\copy bench_raw FROM STDIN WITH (FORMAT csv, HEADER)'
	q -c "CREATE UNLOGGED TABLE bench_truth AS SELECT rec_id AS id, entity FROM bench_raw" -c 'VACUUM ANALYZE bench_record' -c 'VACUUM ANALYZE bench_truth'
	one "CRM $n" bench_record rec_id "$KINDS" bench_truth
	[ "$n" = 100k ] && calibration bench_record rec_id "$KINDS" bench_truth
done
febrl() {	# FILE TABLE
	q -c "DROP TABLE IF EXISTS $2 CASCADE; CREATE TABLE $2 (rec_id text, given_name text, surname text, street_number text, address_1 text, address_2 text, suburb text, postcode text, state text, date_of_birth text, soc_sec_id text)" 2>/dev/null
	sed 's/, */,/g' "$DIR/$1" | q -c "\\copy $2 FROM STDIN WITH (FORMAT csv, HEADER)"
}
if [ -e "$DIR/dataset3.csv" ]; then
	febrl dataset3.csv bench_febrl3
	q -c "DROP TABLE IF EXISTS bench_truth; CREATE TABLE bench_truth AS SELECT rec_id AS id, split_part(rec_id, '-', 2) AS entity FROM bench_febrl3"
	one 'Febrl 3' bench_febrl3 rec_id "$FEBRL" bench_truth
fi
if [ -e "$DIR/dataset4a.csv" ]; then
	febrl dataset4a.csv bench_febrl4a; febrl dataset4b.csv bench_febrl4b
	ms=$(timed "DROP TABLE IF EXISTS bench_pair; CREATE TABLE bench_pair AS SELECT * FROM crmseg.link_records('bench_febrl4a', 'rec_id', '$FEBRL', 0.5, 'bench_febrl4b')" 2>/dev/null)
	printf '%-10s read, link and write %9.0f ms   pairs: P R F1 at 0.5: %s\n' 'Febrl 4' "$ms" "$(q -F ' ' -c "SELECT round(t / n, 4), round(t / 5000, 4), round(2 * t / (n + 5000), 4)
		FROM (SELECT count(*)::numeric AS n, count(*) FILTER (WHERE split_part(left_id, '-', 2) = split_part(right_id, '-', 2))::numeric AS t FROM bench_pair) x")"
fi
q -c 'DROP TABLE IF EXISTS bench_record, bench_raw, bench_truth, bench_copy, bench_cluster, bench_febrl3, bench_febrl4a, bench_febrl4b, bench_pair CASCADE' 2>/dev/null
