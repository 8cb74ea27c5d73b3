#!/usr/bin/env bash
# link.sh DIR: linking whole tables with the defaults. DIR holds records_N.csv.gz (rec_id, source, created_at, first_name, last_name, full_name,
# company, birth_date, email, phone, address, postcode, city, country, reg_no) and truth_N.csv.gz (rec_id, entity_id, kind), for N of
# SETS="10k 100k 1m"; where it also holds Febrl's dataset3.csv (and dataset4a.csv, dataset4b.csv) these too. Pairwise precision, recall and
# F1 of clusters over all true pairs, at 0.5 and 0.8; least time of RUNS (3) by one process and with WORKERS (1) beside it, a bare copy of the table,
# memory; calibration. PEER_PYTHON names a Python that has Splink: it is run beside on the sets of PEER_SETS ("10k 100k"; 1m takes it a minute).
# Then other bases, which test/bench/link_sets.py makes (OTHER="" leaves them out; Splink beside on all of them where there is one): other dirt,
# countries, seeds and sizes, 10,000 records each unless said.
set -eu
DIR=${1:-} RUNS=${RUNS:-3} SETS=${SETS:-10k 100k 1m} WORKERS=${WORKERS:-1} PEER_PYTHON=${PEER_PYTHON:-} PEER_SETS=${PEER_SETS-10k 100k}
OTHER=${OTHER-yes} DIR=${DIR:-/nonexistent}
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
	local run="DROP TABLE IF EXISTS bench_cluster; CREATE UNLOGGED TABLE bench_cluster AS SELECT * FROM crmseg.cluster_records('$2', '$3', '$4'" copy one many memory same
	copy=$(timed "DROP TABLE IF EXISTS bench_copy; CREATE UNLOGGED TABLE bench_copy AS SELECT * FROM $2" 2>/dev/null)
	one=$(timed 'SET max_parallel_workers_per_gather = 0' "$run)" 2>/dev/null)
	q -c "DROP TABLE IF EXISTS bench_alone; CREATE UNLOGGED TABLE bench_alone AS TABLE bench_cluster" 2>/dev/null
	many=$(timed "SET max_parallel_workers_per_gather = $WORKERS" "$run)" 2>/dev/null)
	same=$(q -c "SELECT CASE WHEN EXISTS (TABLE bench_cluster EXCEPT TABLE bench_alone) THEN 'OTHER CLUSTERS' ELSE 'the same clusters' END")
	# what the process had at most, the buffers that it touched included and told
	memory=$(q -c 'SET max_parallel_workers_per_gather = 0' -c "SELECT count(*) FROM crmseg.cluster_records('$2', '$3', '$4')" -c "SELECT 'at most ' || substring(s FROM 'VmHWM:\s+(\d+)')::int / 1024 || ' MB, '
		|| substring(s FROM 'RssShmem:\s+(\d+)')::int / 1024 || ' MB of it shared buffers' FROM pg_read_file('/proc/self/status') s" 2>/dev/null | tail -1)
	printf '%-9s read, link and write: one process %7.0f ms, %s worker(s) beside it %7.0f ms (%s), %4.1f and %4.1f x a bare copy; %s\n' \
		"$1" "$one" "$WORKERS" "$many" "$same" "$(awk "BEGIN{print $one/$copy}")" "$(awk "BEGIN{print $many/$copy}")" "$memory"
	printf '%-9s P R F1 of clusters at 0.5: %s' '' "$(score "$5")"
	q -c "$run, 0.8)" 2>/dev/null
	printf '   at 0.8: %s\n' "$(score "$5")"
	MS=$one
}
peer() {	# RECORDS TRUTH : the peer beside it
	local ms mb usual best
	[ -n "$PEER_PYTHON" ] || return 0
	read -r ms mb usual best < <("$PEER_PYTHON" "$CRMSEG_ROOT/test/bench/link_peer.py" "$1" "$2" 2>/dev/null | tail -1) || { echo '          the peer did not run'; return 0; }
	printf '%-9s Splink: %.0f ms, %s x ours by one process; at most %s MB; F1 of clusters at 0.95: %s, at its best threshold: %s\n' '' "$ms" "$(awk "BEGIN{printf \"%.0f\", $ms/$MS}")" "$mb" "$usual" "$best"
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
	[[ " $PEER_SETS " == *" $n "* ]] && peer "$DIR/records_$n.csv.gz" "$DIR/truth_$n.csv.gz"
	[ "$n" = 10k ] || calibration bench_record rec_id "$KINDS" bench_truth
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
# other bases: a line each
other() {	# TITLE, ARGUMENTS OF link_sets.py
	local title=$1 half careful; shift
	python3 "$CRMSEG_ROOT/test/bench/link_sets.py" "$@" "$CRMSEG_WORK/other.csv" "$CRMSEG_WORK/truth.csv"
	q -c "DROP TABLE IF EXISTS bench_record, bench_raw, bench_truth; CREATE UNLOGGED TABLE bench_record (rec_id int, source text, created_at text, first_name text, last_name text, full_name text, company text, birth_date text, email text,
		phone text, address text, postcode text, city text, country text, reg_no text); CREATE UNLOGGED TABLE bench_raw (rec_id text, entity int, kind text)" 2>/dev/null
	q -c '\copy bench_record FROM STDIN WITH (FORMAT csv, HEADER)' <"$CRMSEG_WORK/other.csv"
	q -c '\copy bench_raw FROM STDIN WITH (FORMAT csv, HEADER)' <"$CRMSEG_WORK/truth.csv"
	q -c "CREATE UNLOGGED TABLE bench_truth AS SELECT rec_id AS id, entity FROM bench_raw" -c 'VACUUM ANALYZE bench_record' -c 'VACUUM ANALYZE bench_truth'
	local run="DROP TABLE IF EXISTS bench_cluster; CREATE UNLOGGED TABLE bench_cluster AS SELECT * FROM crmseg.cluster_records('bench_record', 'rec_id', '$KINDS'"
	MS=$(q -c '\timing on' -c "$run)" 2>/dev/null | grep '^Time:' | tail -1 | sed 's/Time: \([0-9.]*\) ms.*/\1/')
	half=$(score bench_truth)
	q -c "$run, 0.8)" 2>/dev/null
	careful=$(score bench_truth)
	printf '%-26s P R F1 at 0.5: %s   at 0.8: %s\n' "$title" "$half" "$careful"
	case $title in 'dirt 1, seed 1' | 'dirt 2.5, seed 1' | 'name, e-mail' | '100,000') calibration bench_record rec_id "$KINDS" bench_truth ;; esac
	gzip -c "$CRMSEG_WORK/other.csv" >"$CRMSEG_WORK/other.csv.gz"; gzip -c "$CRMSEG_WORK/truth.csv" >"$CRMSEG_WORK/truth.csv.gz"
	peer "$CRMSEG_WORK/other.csv.gz" "$CRMSEG_WORK/truth.csv.gz"
}
if [ -n "$OTHER" ]; then
	for seed in 1 2; do for dirt in 0.3 1 2.5; do other "dirt $dirt, seed $seed" --corruption $dirt --seed $seed; done; done
	for land in FR:1 GB:1 DE:1 US:1 PL:1 PT:1 SE:1 BE:1,CH:1 ES:1,IT:1,NL:1; do other "$land" --countries $land --seed 5; done
	other 'BE and CH, dirt 2.5' --countries BE:1,CH:1 --corruption 2.5 --seed 6; other 'PL, PT and SE, dirt 2' --countries PL:1,PT:1,SE:1 --corruption 2 --seed 7
	other 'no birth dates' --drop birth_date; other 'no addresses' --drop address,postcode,city; other 'no e-mail, no telephone' --drop email,phone
	other 'full names alone' --full-only; other 'organisations' --companies 1 --seed 22; other 'web and club alone' --sources club,shop --seed 23; other 'till and letters alone' --sources till,letter --seed 23
	other 'name, e-mail' --drop birth_date,phone,address,postcode,city,reg_no,country --seed 21; other 'name, telephone' --drop birth_date,email,address,postcode,city,reg_no,country --seed 21
	other 'name, postcode' --drop birth_date,email,phone,address,city,reg_no --seed 21; other 'name, birth date' --drop email,phone,address,postcode,city,reg_no --seed 21
	other 'eight countries' --countries PL:1,PT:1,SE:1,NL:1,IT:1,ES:1,GB:1,US:1 --seed 31; other 'PL, NL, IT and ES, dirt 2' --countries PL:1,NL:1,IT:1,ES:1 --seed 45 --corruption 2
	for land in NL:32 IT:33 ES:34 CH:35; do other "${land%:*}" --countries ${land%:*}:1 --seed ${land#*:}; done
	for seed in 41 42; do other "usual, seed $seed" --seed $seed; done; other 'dirt 2.5, seed 43' --seed 43 --corruption 2.5; other 'dirt 3, seed 44' --seed 44 --corruption 3
	other 'US and GB, 30,000' --countries US:1,GB:1 --size 30000 --seed 65; other '100,000' --size 100000 --seed 68
	other 'name, telephone, seed 51' --drop birth_date,email,address,postcode,city,reg_no,country --seed 51; other 'name, e-mail, telephone' --drop birth_date,address,postcode,city,reg_no --seed 58
	other 'name, address' --drop birth_date,email,phone,reg_no --seed 55; other 'name, city' --drop birth_date,email,phone,address,postcode,reg_no --seed 56; other 'name, birth date, postcode' --drop email,phone,address,city,reg_no --seed 57
	other 'full name, birth date' --full-only --drop email,phone,address,postcode,city,reg_no --seed 59; other 'full name, e-mail' --full-only --drop birth_date,phone,address,postcode,city,reg_no,country --seed 60
	other 'no contacts, dirt 2' --drop email,phone --seed 63 --corruption 2; other 'no birth dates, dirt 2' --drop birth_date --seed 64 --corruption 2
	for seed in 1 2 3; do other "1,000 records, seed $seed" --size 1000 --seed $seed; other "300 records, seed $seed" --size 300 --seed $seed; done
fi
q -c 'DROP TABLE IF EXISTS bench_record, bench_raw, bench_truth, bench_copy, bench_cluster, bench_alone, bench_febrl3, bench_febrl4a, bench_febrl4b, bench_pair CASCADE' 2>/dev/null
