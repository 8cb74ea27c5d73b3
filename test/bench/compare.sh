#!/usr/bin/env bash
# compare.sh : the comparison functions over 1M pairs of names in a table, net of reading it, against DuckDB's jaro_winkler_similarity in the same
# run, and the same functions of the core alone. PYTHON=... names a python3 with duckdb (and rapidfuzz, for a million random pairs that must agree);
# without it our own figures are printed. PAIRS=1000000 RUNS=5.
set -eu
cd "${CRMSEG_ROOT:-$(dirname "$0")/../..}"
PAIRS=${PAIRS:-1000000} RUNS=${RUNS:-5} PYTHON=${PYTHON:-python3}
q() { psql -qXAt -v ON_ERROR_STOP=1 "$@"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
q -c 'CREATE EXTENSION IF NOT EXISTS crmseg' 2>/dev/null
# two names each, half of the pairs one person with a slip of the pen
q -c 'DROP TABLE IF EXISTS bench_pair' -c 'SELECT setseed(0.42)' -c "CREATE UNLOGGED TABLE bench_pair AS
	WITH word AS (SELECT ARRAY['Hélène', 'Jean-Pierre', 'Marie', 'François', 'Ludwig', 'Katharina', 'Élodie', 'Christophe', 'Jürgen', 'William', 'Anne-Sophie', 'Mohamed', 'Sébastien', 'Charlotte', 'Guillaume', 'Noël'] AS g,
		ARRAY['Dupont', 'Lefèvre', 'Martin', 'Müller', 'Schneider', 'O''Brien', 'Thompson', 'Beaumont', 'de la Tour', 'Lefebvre-Durand', 'Wagner', 'Girard', 'Fournier', 'Roux', 'Garçon', 'Boulanger', 'Chevalier', 'Taylor'] AS f)
	SELECT a, CASE WHEN random() < 0.5 THEN b ELSE overlay(a placing substr('aeioulrst', 1 + floor(random() * 9)::int, 1) from 1 + floor(random() * length(a))::int for floor(random() * 2)::int) END AS b
	FROM (SELECT g[1 + floor(random() * 16)::int] || ' ' || f[1 + floor(random() * 18)::int] AS a, g[1 + floor(random() * 16)::int] || ' ' || f[1 + floor(random() * 18)::int] AS b
		FROM word, generate_series(1, $PAIRS)) x" -c 'VACUUM ANALYZE bench_pair' >/dev/null
q -c "COPY bench_pair TO STDOUT" > "$work/pairs"
declare -A best
# t NAME SQL : milliseconds of processor time of the SQL, into best[NAME] when less; so is the peer's
t() {
	local ms; ms=$(psql -qXAt -v ON_ERROR_STOP=1 -c 'SET max_parallel_workers_per_gather = 0' -c "$2" -c "SET client_min_messages = log" -c 'SET log_statement_stats = on' -c "$2" 2>&1 |
		sed -n "s/.*[!]\t\([0-9.]*\) s user, \([0-9.]*\) s system, .*/\1 \2/p" | head -1 | awk '{print ($1 + $2) * 1000}')
	if [ -z "${best[$1]:-}" ] || awk "BEGIN{exit !($ms < ${best[$1]})}"; then best[$1]=$ms; fi
}
cat > "$work/duck.py" <<'PY'
import sys, time, duckdb
c = duckdb.connect()
c.execute("SET threads = 1")
c.execute("CREATE TABLE p AS SELECT * FROM read_csv(?, delim = '\t', header = false, quote = '', escape = '', columns = {'a': 'VARCHAR', 'b': 'VARCHAR'})", [sys.argv[1]])
def least(q):
	best = 1e9
	for _ in range(int(sys.argv[2])):
		t = time.process_time()
		c.execute(q).fetchall()
		best = min(best, time.process_time() - t)
	return best * 1e3
print(least("SELECT count(a), count(b), sum(strlen(a)), sum(strlen(b)) FROM p"), least("SELECT sum(jaro_winkler_similarity(a, b)) FROM p"), least("SELECT sum(levenshtein(a, b)) FROM p"))
PY
have() { "$PYTHON" -c "import $1" 2>/dev/null; }
for ((i = 0; i < RUNS; i++)); do
	t read 'SELECT count(a), count(b) FROM bench_pair'
	t jaro_winkler 'SELECT sum(crmseg.jaro_winkler(a, b)) FROM bench_pair'
	t edit_distance 'SELECT sum(crmseg.edit_distance(a, b)) FROM bench_pair'
	t edit_distance_3 'SELECT sum(crmseg.edit_distance(a, b, 3)) FROM bench_pair'
	t name_similarity 'SELECT sum(crmseg.name_similarity(a, b)) FROM bench_pair'
	if have duckdb; then
		read -r r j l < <("$PYTHON" "$work/duck.py" "$work/pairs" 3)
		for x in "duck_read $r" "duck_jaro_winkler $j" "duck_levenshtein $l"; do
			set -- $x
			if [ -z "${best[$1]:-}" ] || awk "BEGIN{exit !($2 < ${best[$1]})}"; then best[$1]=$2; fi
		done
	fi
done
net() { awk "BEGIN{printf \"%.1f\", (${best[$1]} - ${best[$2]}) * 1e6 / $PAIRS}"; }
peer=; have duckdb && peer=$(net duck_jaro_winkler duck_read)
show() { printf '%-58s %8.1f ns a pair%s\n' "$1" "$2" "$([ -n "$peer" ] && awk "BEGIN{printf \"  %5.2f x DuckDB jaro_winkler_similarity\", $2 / $peer}")"; }
echo "$PAIRS pairs of names, net of reading them, one process"
[ -z "$peer" ] || show 'DuckDB jaro_winkler_similarity (bytes)' "$peer"
[ -z "$peer" ] || show 'DuckDB levenshtein (bytes)' "$(net duck_levenshtein duck_read)"
for f in jaro_winkler edit_distance edit_distance_3 name_similarity; do show "SQL $f" "$(net $f read)"; done
# the core alone
gcc -std=gnu11 -O2 -Isrc -o "$work/compare" test/bench/compare.c src/match/similarity.c src/match/phonetic.c src/match/nickname.c src/match/nickname_table.c src/match/words.c src/match/name.c src/text/fold.c src/text/fold_table.c src/text/name_key.c
"$work/compare" < "$work/pairs" | while IFS=$'\t' read -r name ns; do show "core $name" "$ns"; done
if have rapidfuzz; then
	cat > "$work/generate.py" <<'PY'
import random, sys
# letters of ASCII, Latin-1, Cyrillic, Greek, kana, Han, and beyond the basic plane; lengths up to 90
random.seed(20261122)
alphabets = ["abcdefghijklmnopqrstuvwxyz", "abc", "aàâäbcçdeéèêëfghiîïjklmnoôöpqrstuùûüvwxyzß ", "абвгдежзийклмнопрстуфхцчшщъыьэюя", "αβγδεζηθικλμνξοπρστυφχψω", "あいうえおかきくけこさしすせそ", "王小明山田太郎李张", "😀😁😂🤣😃𝒜𝒞𠀀𠀁ab", "AaÀбあ😀"]
for i in range(int(sys.argv[1])):
	s = random.choice(alphabets)
	n = random.randint(0, 12) if i % 3 else random.randint(0, 30) if i % 7 else random.randint(0, 90)
	a = [random.choice(s) for _ in range(n)]
	if random.random() < .5:
		b = list(a)
		for _ in range(random.randint(0, 4)):
			k = random.random()
			p = random.randrange(len(b) + 1)
			if k < .3: b.insert(p, random.choice(s))
			elif k < .6 and p < len(b): del b[p]
			elif k < .8 and p < len(b): b[p] = random.choice(s)
			elif p + 1 < len(b): b[p], b[p + 1] = b[p + 1], b[p]
	else:
		b = [random.choice(s) for _ in range(random.randint(0, n + 3))]
	print("".join(a) + "\t" + "".join(b))
PY
	cat > "$work/agree.py" <<'PY'
import sys
from rapidfuzz.distance import JaroWinkler, OSA
n = wrong = 0
for line in open(sys.argv[1], encoding="utf-8"):
	a, b, jw, d = line.rstrip("\n").split("\t")
	n += 1
	wrong += JaroWinkler.similarity(a, b) != float(jw) or OSA.distance(a, b) != int(d)
print(f"{n} random pairs compared with rapidfuzz: {wrong} differ")
PY
	"$PYTHON" "$work/generate.py" "$PAIRS" > "$work/random"
	q -c 'CREATE TEMP TABLE r (a text, b text)' -c "\\copy r FROM '$work/random'" -c 'COPY (SELECT a, b, crmseg.jaro_winkler(a, b), crmseg.edit_distance(a, b) FROM r) TO STDOUT' > "$work/ours"
	"$PYTHON" "$work/agree.py" "$work/ours"
fi
q -c 'DROP TABLE bench_pair'
