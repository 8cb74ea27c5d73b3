#!/usr/bin/env bash
# demo.sh: crmseg shown on a private throw-away server: a made-up French retailer's files become one customer base, and the real
# purchases of CDNOW (test/data) are scored. The files and the report stay in build/demo. KEEP=1 leaves the server running,
# PARTIES=20000 makes a larger retailer, SEED=2 another one.
set -u -o pipefail
cd "$(dirname "$0")/../.." || exit 1
. test/lib/deps.sh; . test/lib/server.sh
PARTIES=${PARTIES:-5000} SEED=${SEED:-1}
case $PARTIES$SEED in *[!0-9]*) echo "PARTIES and SEED are whole numbers" >&2; exit 1 ;; esac
OUT=$ROOT/build/demo
if [ -t 1 ]; then bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m'); else bold= dim= plain=; fi

title() { printf '\n%s%s%s\n%s\n' "$bold" "$1" "$plain" "$(printf '%.0s─' $(seq 1 ${#1}))"; }
note() { printf '%s\n' "$*" | fold -s -w 100; }
# working TEXT COMMAND... : runs the command in this shell and counts the seconds beside it; its output is shown only when it fails
working() {
	local text=$1 start=$SECONDS ticker= ok=0; shift
	if [ -t 1 ]; then
		( while kill -0 $$ 2>/dev/null; do printf '\r  %s … %d s ' "$text" $((SECONDS - start)); sleep 0.2; done ) & ticker=$!
	fi
	"$@" >"$OUT/step.log" 2>&1 || ok=$?
	[ -z "$ticker" ] || { kill $ticker; wait $ticker; printf '\r\033[K'; } 2>/dev/null
	if [ $ok != 0 ]; then printf '  %s: failed\n' "$text"; cat "$OUT/step.log" >&2; exit 1; fi
	printf '  %s: %d s\n' "$text" $((SECONDS - start))
}
# sql [OPTION]... : psql as the owner of the demo's database, who is no superuser
sql() { as "$PGBIN/psql" -X -q -v ON_ERROR_STOP=1 -U retailer -d demo -P pager=off -P footer=off -P null=- "$@" || exit 1; }
show() { sql -P border=1 "$@" | sed 's/^/  /;s/ *$//' || exit 1; }
# shown SQL : the statement, then its rows; done_ SQL only the statement, and runs it
shown() { printf '\n'; printf '%s\n' "$1" | sed "s/^\t*/  $dim/; s/\$/$plain/"; show -c "$1"; }
done_() { printf '\n'; printf '%s\n' "$1" | sed "s/^\t*/  $dim/; s/\$/$plain/"; sql -c "$1" >/dev/null; }
value() { sql -At -c "$1"; }

# shellcheck disable=SC2086
[ -n "${NO_DEPS:-}" ] || need $BUILD_PACKAGES
mkdir -p "$OUT" || exit 1
note "crmseg demo: builds the extension, starts a server of its own in a temporary folder, and touches nothing else."
find_pg
working "building, once" make -s -j"$(nproc)" PG_CONFIG="$PG_CONFIG" with_llvm=no all
server_prepare
working "starting a private server" server_start
began=$SECONDS
as "$PGBIN/psql" -X -q -v ON_ERROR_STOP=1 -c "CREATE ROLE retailer LOGIN" -c "CREATE DATABASE demo OWNER retailer" || exit 1

title "1. A datamart"
note "The owner of a database, no superuser, makes it:"
done_ "CREATE EXTENSION crmseg"
done_ "SELECT crmseg.create_datamart('shop', '{\"time_zone\": \"Europe/Paris\", \"default_phone_region\": \"FR\"}')"

title "2. The files of four systems"
note "A shop with $PARTIES customers, made up (seed $SEED): names and addresses of nobody. Each system writes them in its own way," \
	"with the dirt that such files have."
for kind in card web newsletter till; do
	sql -c "\\copy (SELECT convert_from(l, 'LATIN1') FROM crmseg.demo_file('$kind', $PARTIES, $SEED) AS l) TO STDOUT WITH (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02', NULL E'\\x03', ENCODING 'LATIN1')" >"$OUT/$kind.csv" || exit 1
	printf '\n  %s%s%s  (%s lines)\n' "$bold" "build/demo/$kind.csv" "$plain" "$(wc -l <"$OUT/$kind.csv")"
	case $kind in card | till) iconv -f CP1252 -t UTF-8 "$OUT/$kind.csv" ;; *) cat "$OUT/$kind.csv" ;; esac 2>/dev/null | head -n 4 | cut -c 1-96 | sed 's/^/    /'
done

title "7. The same on real purchases: CDNOW, 1997 and 1998"
note "test/data/cdnow_sample.txt: what 2,357 people really bought from an early web shop. Any table with a customer, a time and an" \
	"amount will do, no datamart is needed."
sql -c "CREATE TABLE cdnow_line (l text)" -c "\\copy cdnow_line FROM PSTDIN WITH (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02')" <test/data/cdnow_sample.txt
sql <<'SQL'
SET TimeZone = 'UTC';
CREATE TABLE cdnow AS
	SELECT substr(l, 8, 4)::int AS customer, to_date(substr(l, 13, 8), 'YYYYMMDD')::timestamptz AS bought_at, substr(l, 24)::numeric AS dollars FROM cdnow_line;
CREATE TABLE cdnow_customer AS SELECT customer, crmseg.purchases(bought_at, dollars) AS bought FROM cdnow GROUP BY customer;
CREATE VIEW cdnow_rfm AS
	SELECT c.customer, crmseg.net_amount(c.bought) AS dollars, crmseg.purchase_count(c.bought) AS purchases, crmseg.rfm_score(c.bought, cuts, '1998-07-01Z') AS rfm
	FROM cdnow_customer AS c, (SELECT crmseg.rfm_cuts(bought, '1998-07-01Z', 5) AS cuts FROM cdnow_customer) AS cut;
SQL
shown "SELECT crmseg.rfm_label(rfm) AS label, count(*) AS customers,
	round(avg(purchases), 1) AS purchases, sum(dollars) AS dollars
	FROM cdnow_rfm GROUP BY label ORDER BY dollars DESC"
note "" "Counted twice, by the summaries and by plain SQL over the purchases:"
shown "SELECT 'summaries' AS by, count(*) AS customers, sum(purchases) AS purchases, sum(dollars) AS dollars
	FROM cdnow_rfm
	UNION ALL SELECT 'plain SQL', count(DISTINCT customer), count(*), sum(dollars) FROM cdnow"
if [ "$(value "SELECT (SELECT ROW(count(*), sum(purchases), sum(dollars))::text FROM cdnow_rfm) = (SELECT ROW(count(DISTINCT customer), count(*), sum(dollars))::text FROM cdnow)")" = t ] &&
	[ "$(value "SELECT count(*), sum(dollars) FROM cdnow")" = '6919|244091.94' ]; then
	echo "  They agree, to the cent, and are the published 6,919 purchases of 2,357 customers."
else
	echo "  They DIFFER: this is a fault of crmseg, please report it." >&2; exit 1
fi
