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
note() { printf '%s\n' "$*" | fold -s -w 100 | sed 's/ *$//'; }
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
sql() { as env PGOPTIONS="-c client_min_messages=warning" "$PGBIN/psql" -X -q -v ON_ERROR_STOP=1 -U retailer -d demo -P pager=off -P footer=off -P null=- "$@" || exit 1; }
show() { sql -P border=1 "$@" | sed '/^ *$/d;s/^/  /;s/ *$//' || exit 1; }
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

title "3. Imported, line by line accounted for"
note "Raw lines are loaded by \\copy as they are, numbered, into a table. A mapping says what is what; the tills' is" ""
value "SELECT crmseg.demo_mapping('till')" | fold -s -w 92 | sed "s/^/    $dim/; s/\$/$plain/"
echo
load() {	# load KIND : the lines of a file, whatever their bytes, numbered, then the import
	sql -c "CREATE TABLE line_$1 (n bigint GENERATED ALWAYS AS IDENTITY, l text)" \
		-c "\\copy line_$1 (l) FROM PSTDIN WITH (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02', NULL E'\\x03', ENCODING 'LATIN1')" \
		-c "SELECT crmseg.import_csv('shop', '$1', 'line_$1', crmseg.demo_mapping('$1'))" <"$OUT/$1.csv"
}
for kind in card web newsletter till; do working "\\copy and crmseg.import_csv('shop', '$kind', 'line_$kind', mapping)" load $kind; done
shown "SELECT s.name AS source, b.lines_read, b.inserted, b.updated, b.unchanged, b.rejected, b.warnings
	FROM shop.import_batch b JOIN shop.source s USING (source_id) ORDER BY b.import_id"
echo
note "Every line read has one outcome. Warnings: a bad e-mail or phone was left out of a line that was taken. Why lines were refused:"
shown "SELECT source, lines, \"column\", reason, such_as
	FROM (SELECT s.name AS source, r.column_name AS column, left(r.reason, 36) AS reason, 
	count(*) AS lines, left(min(r.raw), 24) AS such_as,
	row_number() OVER (PARTITION BY s.name ORDER BY count(*) DESC, left(r.reason, 36)) AS place
	FROM shop.import_reject r JOIN shop.import_batch b USING (import_id)
	JOIN shop.source s USING (source_id)
	GROUP BY s.name, r.column_name, left(r.reason, 36)) AS why WHERE place <= 3 ORDER BY source, place"
echo
note "Rejected lines are corrected in SQL and read again: the tills' letter O for a zero."
done_ "UPDATE shop.import_reject SET raw = regexp_replace(raw, '[0-9O,]*O[0-9O,]*(?=;[A-Z]+\$)',
	translate(substring(raw, '([0-9O,]*O[0-9O,]*);[A-Z]+\$'), 'O', '0'))
	WHERE import_id = 4 AND column_name = 'montant'"
shown "SELECT * FROM crmseg.import_report('shop', crmseg.import_replay('shop', 4))"
echo
note "The same file once more changes nothing:"
shown "SELECT * FROM crmseg.import_report('shop',
	crmseg.import_csv('shop', 'card', 'line_card', crmseg.demo_mapping('card')))"

title "4. Linked: who is the same person"
note "Records that share a key, an e-mail as its provider sees it, or a telephone and a name; then those that are alike in all they say (no labels, no settings)."
sql -c "SET client_min_messages = error" -c "ANALYZE"	# autovacuum has not come by yet
working "SELECT * FROM crmseg.resolve('shop')" sql -c "SELECT * FROM crmseg.resolve('shop')"
shown "SELECT count(*) AS records, count(DISTINCT party_id) AS parties FROM shop.source_record"
echo
note "Three systems, one customer:"
shown "SELECT r.party_id, s.name AS source, r.external_id,
	concat_ws(' ', r.payload ->> 'prenom', r.payload ->> 'nom', r.payload ->> 'first_name', r.payload ->> 'last_name') AS written_as
	FROM shop.source_record r JOIN shop.source s USING (source_id)
	WHERE r.party_id = (SELECT party_id FROM shop.source_record GROUP BY party_id
		ORDER BY count(DISTINCT source_id) DESC, count(*) DESC, party_id LIMIT 1) ORDER BY s.name, r.external_id"
echo
note "The generator knows who is who, so the links can be judged. A pair: two records of one person."
sql -c "CREATE TABLE shop.demo_truth AS SELECT DISTINCT ON (k, source_key) k AS source, source_key AS external_id, person_id
	FROM unnest(ARRAY['card', 'web', 'newsletter']) AS k, crmseg.demo_records(k, $PARTIES, $SEED) ORDER BY k, source_key, person_id"
shown "SELECT * FROM crmseg.demo_links('shop')"

title "5. Scored: recency, frequency, amount"
shown "SELECT crmseg.rescore('shop', '2026-01-01 00:00+01') AS customers"
shown "SELECT label, count(*) AS customers, round(avg(frequency), 1) AS purchases, sum(monetary) AS revenue,
	round(100 * sum(monetary) / sum(sum(monetary)) OVER (), 1) AS share
	FROM shop.customer_rfm GROUP BY label ORDER BY revenue DESC"
echo
note "The portfolio: A brings the first 80 % of the revenue, B up to 95 %, C the rest."
shown "SELECT class, count(*) AS customers,
	round(100.0 * count(*) / sum(count(*)) OVER (), 1) AS share_of_customers,
	sum(revenue) AS revenue, round(100 * sum(share), 1) AS share_of_revenue
	FROM shop.portfolio GROUP BY class ORDER BY class"

title "6. Three queries to try"
shown "SELECT party_id, given_name, family_name, address, last_purchase_at::date, frequency, monetary
	FROM shop.customer_rfm JOIN shop.reachable USING (party_id) JOIN shop.person USING (party_id)
	WHERE label = 'Champions' AND channel = 'email' AND purpose = 'newsletter'
	ORDER BY monetary DESC LIMIT 5"
shown "SELECT category, count(DISTINCT party_id) AS customers, sum(base_amount) AS revenue
	FROM shop.product_purchase WHERE party_id IN (SELECT party_id FROM shop.portfolio WHERE class = 'A')
	GROUP BY category ORDER BY revenue DESC"
shown "SELECT count(*) AS both_ways FROM (SELECT party_id FROM shop.sales_order JOIN shop.channel USING (channel_id)
	GROUP BY party_id HAVING bool_or(name = 'store') AND bool_or(name = 'web')) AS buyers"

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
echo
note "Counted twice, by the summaries and by plain SQL over the purchases:"
shown "SELECT 'summaries' AS by, count(*) AS customers, sum(purchases) AS purchases,
	sum(dollars) AS dollars FROM cdnow_rfm
	UNION ALL SELECT 'plain SQL', count(DISTINCT customer), count(*), sum(dollars) FROM cdnow"
if [ "$(value "SELECT (SELECT ROW(count(*), sum(purchases), sum(dollars))::text FROM cdnow_rfm) = (SELECT ROW(count(DISTINCT customer), count(*), sum(dollars))::text FROM cdnow)")" = t ] &&
	[ "$(value "SELECT count(*), sum(dollars) FROM cdnow")" = '6919|244091.94' ]; then
	echo "  They agree, to the cent, and are the published 6,919 purchases of 2,357 customers."
else
	echo "  They DIFFER: this is a fault of crmseg, please report it." >&2; exit 1
fi

title "8. The report"
sql -At -c "SELECT crmseg.report('shop')" >"$ROOT/build/demo.html" || exit 1
note "One page with pictures, made by SELECT crmseg.report('shop'):"
printf '  %s%s%s\n' "$bold" "$ROOT/build/demo.html" "$plain"
printf '\n  The whole took %d s after the build. The same in a database of yours: CALL crmseg.demo('\''shop'\'');\n' $((SECONDS - began))
rm -f "$OUT/step.log"
if [ -n "${KEEP:-}" ]; then
	KEEP_WORK=1
	trap - EXIT
	printf '\n  The server runs on. To connect:   %s -h %s -p %s -U retailer demo\n' "$PGBIN/psql" "$WORK" "$PGPORT"
	printf '  To end it and remove it:          %s%s/pg_ctl -D %s/data stop; rm -rf %s\n' "$([ "$ACCOUNT" = "$(id -un)" ] || echo "setpriv --reuid=$ACCOUNT --regid=$ACCOUNT --clear-groups ")" "$PGBIN" "$WORK" "$WORK"
fi
