#!/usr/bin/env bash
# scale.sh: a mart of PARTIES (20000) parties with 10 orders, 1.5 times as many lines, 20 web events and 5 interactions each: how fast each table
# loads in bulk with all its indexes, keys and triggers, sizes on disk, and how long the questions of docs/questions.md, the main views and
# decisions take. A million parties want 40 GB of disk and an hour: PARTIES=1000000 ONLY=scale make bench.
# What is drawn is a digest of its number: the same on every machine. KEEP_MART=1 leaves the mart, NO_FILL=1 takes the one that is there.
set -eu
PARTIES=${PARTIES:-20000} MART=${MART:-bench_scale}
AT=$(psql -qXAt -c 'SELECT now()') # one instant for all that is filled: a reaction finds its message
ORDERS=$((PARTIES * 10)) EVENTS=$((PARTIES * 20)) TOUCHES=$((PARTIES * 5)) CHUNK=${CHUNK:-500000}
q() { PGOPTIONS="-c client_min_messages=warning -c jit=off -c search_path=$MART,public" psql -qXAt -v ON_ERROR_STOP=1 "$@"; }

# load WHAT ROWS STATEMENT: the statement fills the rows from :first to :last, a chunk at a time; prints rows, rates by clock and by processor
load() {
	local what=$1 rows=$2 sql=$3 first=1 last
	{
		echo "CREATE TEMPORARY TABLE began AS SELECT clock_timestamp() AS at, bench_cpu() AS cpu;"
		while [ "$first" -le "$rows" ]; do
			last=$((first + CHUNK - 1)); [ "$last" -le "$rows" ] || last=$rows
			printf '\\set first %s\n\\set last %s\n%s;\n' "$first" "$last" "$sql"
			first=$((last + 1))
		done
		echo "SELECT format('%-22s %10s rows %9s/s by clock %9s/s by processor', '$what', $rows, round($rows / extract(epoch FROM clock_timestamp() - at)), round($rows / greatest(bench_cpu() - cpu, 0.01))) FROM began;"
	} | q
}

if [ -z "${NO_FILL:-}" ]; then
	q -c 'CREATE EXTENSION IF NOT EXISTS crmseg' -c "DROP SCHEMA IF EXISTS $MART CASCADE" -c "SELECT crmseg.create_datamart('$MART', '{\"time_zone\": \"Europe/Paris\"}')" >/dev/null
	q <<SQL
SELECT crmseg.make_partitions('$MART', 1, (timestamptz '$AT' - interval '15 months')::date) \g /dev/null
CREATE OR REPLACE FUNCTION public.bench_cpu() RETURNS numeric LANGUAGE sql AS \$\$ SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::numeric / 1000000000 \$\$;
-- a number from 0 below n, drawn by what is numbered and what for
CREATE OR REPLACE FUNCTION public.pick(i bigint, what int, n bigint) RETURNS bigint IMMUTABLE PARALLEL SAFE LANGUAGE sql AS \$\$ SELECT (hashint8extended(i, what) & 9223372036854775807) % n \$\$;
INSERT INTO source (source_id, name, kind, party_level) VALUES (1, 'till', 'system', 'first');
INSERT INTO store (store_id, code, name) SELECT i, i, 'Store ' || i FROM generate_series(1, 50) i;
INSERT INTO product (product_id, sku, name, category, audience) SELECT i, CASE i WHEN 1 THEN 'ß' ELSE 'P' || i END, 'product ' || i, 'c' || i % 20, (ARRAY['men', 'women', 'children', NULL])[1 + i % 4] FROM generate_series(1, 5000) i;
INSERT INTO product_relation (product_id, kind, related_id) SELECT i, 'accessory_of', i + 1 FROM generate_series(1, 4999, 2) i;
INSERT INTO attribute_def (attribute_id, key, data_type, is_multi, ask_rank) VALUES (1, 'children.count', 'num', false, 1), (2, 'dwelling.tenure', 'text', false, 2), (3, 'interest', 'text', true, 3), (4, 'vehicle.fuel', 'text', true, NULL);
INSERT INTO campaign (campaign_id, name) SELECT i, 'campaign ' || i FROM generate_series(1, 60) i;
INSERT INTO message (message_id, campaign_id, channel_id, subject, offer) SELECT i, i, 1 + i % 2, 'subject ' || i, CASE WHEN i % 3 > 0 THEN '10 %' END FROM generate_series(1, 60) i;
SQL
	load party "$PARTIES" "INSERT INTO party (party_id, lifecycle, tier, given_name, family_name, birth_date, country, postal_code)
		SELECT i, CASE WHEN i % 10 = 0 THEN 'prospect' ELSE 'customer' END, CASE WHEN i % 50 = 1 THEN 'VIP' END, 'Given' || pick(i, 1, 300), 'Family' || pick(i, 2, 50000), date '1940-01-01' + pick(i, 3, 25000)::int, 'FR', lpad(pick(i, 4, 95000)::text, 5, '0') FROM generate_series(:first, :last) i"
	load contact_point "$((PARTIES * 2))" "INSERT INTO contact_point (party_id, kind, value, value_norm, is_primary, status)
		SELECT (i + 1) / 2, k, v, v, true, CASE WHEN i % 40 = 0 THEN 'bounced' ELSE 'valid' END FROM (SELECT i, CASE i % 2 WHEN 1 THEN 'email' ELSE 'phone' END AS k, CASE i % 2 WHEN 1 THEN 'mail' || i || '@example' || i % 50 || '.fr' ELSE '+336' || lpad(i::text, 8, '0') END AS v FROM generate_series(:first, :last) i) x"
	load consent "$PARTIES" "INSERT INTO consent (party_id, purpose, channel_id, status, valid, captured_at)
		SELECT i, 'newsletter', 1, CASE WHEN i % 20 = 0 THEN 'withdrawn' ELSE 'granted' END, tstzrange(t, NULL), t FROM (SELECT i, timestamptz '$AT' - pick(i, 5, 1000) * interval '1 day' AS t FROM generate_series(:first, :last) i) x"
	load contact_preference "$((PARTIES / 10))" "INSERT INTO contact_preference (party_id, channel_id, max_touches, quiet_hours) SELECT i * 10, 1, 4, '[22,31)' FROM generate_series(:first, :last) i"
	load suppression "$((PARTIES / 100))" "INSERT INTO suppression (kind, value_hash, reason) SELECT 'email', crmseg.suppression_digest((SELECT key FROM suppression_key), 'mail' || i * 200 - 1 || '@example' || (i * 200 - 1) % 50 || '.fr'), 'complaint' FROM generate_series(:first, :last) i"
	load party_attribute "$((PARTIES * 2))" "INSERT INTO party_attribute (party_id, attribute_id, num, txt, source_id)
		SELECT (i + 3) / 4 * 2 - 1, a, CASE WHEN a = 1 THEN pick(i, 6, 4) END, CASE a WHEN 2 THEN CASE WHEN i % 3 = 0 THEN 'owner' ELSE 'tenant' END WHEN 3 THEN (ARRAY['tennis', 'golf', 'reading'])[1 + pick(i, 7, 3)] WHEN 4 THEN (ARRAY['diesel', 'petrol'])[1 + pick(i, 8, 2)] END, 1
		FROM (SELECT i, 1 + (i - 1) % 4 AS a FROM generate_series(:first, :last) i) x"
	# a tenth never bought; most orders are of a few
	load sales_order "$ORDERS" "INSERT INTO sales_order (party_id, order_id, ordered_at, kind, channel_id, store_id, currency, base_rate, amount, margin, source_id, external_id)
		SELECT p, i, timestamptz '$AT' - ($ORDERS - i) * (interval '3 years' / $ORDERS), CASE WHEN r THEN 'r' ELSE 's' END, CASE i % 3 WHEN 0 THEN 8 ELSE 7 END, CASE WHEN i % 3 > 0 THEN 1 + pick(i, 9, 50) END, 'EUR', 1, a, round(a / 4, 2), 1, 'T' || i
		FROM (SELECT i, CASE WHEN p % 10 = 0 THEN p - 1 ELSE p END AS p, r, round(CASE WHEN r THEN -1 ELSE 1 END * (100 + pick(i, 10, 15000)) / 100.0, 2) AS a
			FROM (SELECT i, 1 + least(pick(i, 11, $PARTIES), pick(i, 12, $PARTIES)) AS p, i % 17 = 0 AS r FROM generate_series(:first, :last) i) y) x"
	load sales_order_line "$((ORDERS * 3 / 2))" "INSERT INTO sales_order_line (party_id, order_id, line_no, product_id, ordered_at, quantity, amount)
		SELECT o.party_id, o.order_id, n, 1 + least(pick(o.order_id * 2 + n, 13, 5000), pick(o.order_id * 2 + n, 14, 5000)), o.ordered_at, CASE o.kind WHEN 's' THEN 1 ELSE -1 END, round(o.amount / (1 + o.order_id % 2), 2)
		FROM (SELECT x.* FROM sales_order x WHERE x.ordered_at BETWEEN timestamptz '$AT' - ($ORDERS - (:first - 1) * 2 / 3) * (interval '3 years' / $ORDERS) - interval '1 hour' AND timestamptz '$AT' - ($ORDERS - :last * 2 / 3) * (interval '3 years' / $ORDERS) + interval '1 hour'
				AND x.order_id > (:first - 1) * 2 / 3 AND x.order_id <= :last * 2 / 3) o, generate_series(1, (1 + o.order_id % 2)::int) n"
	# five events a session, one visitor for some sessions, half of them known
	load web_session "$((EVENTS / 5))" "INSERT INTO web_session (visitor_id, session_id, started_at, ended_at, party_id, device, events)
		SELECT lpad(to_hex(v), 32, '0')::uuid, i, t, t + interval '5 minutes', CASE WHEN v % 2 = 0 AND v / 2 BETWEEN 1 AND $PARTIES THEN v / 2 END, 'mobile', 5
		FROM (SELECT i, pick(i, 15, $PARTIES * 2) AS v, timestamptz '$AT' - ($EVENTS / 5 - i + 1) * (interval '1 year' / ($EVENTS / 5)) - interval '10 minutes' AS t FROM generate_series(:first, :last) i) x"
	load web_event "$EVENTS" "INSERT INTO web_event (visitor_id, session_id, occurred_at, kind, product_id, page)
		SELECT lpad(to_hex(pick(s, 15, $PARTIES * 2)), 32, '0')::uuid, s, timestamptz '$AT' - ($EVENTS / 5 - s + 1) * (interval '1 year' / ($EVENTS / 5)) - (10 - i % 5) * interval '1 minute', CASE WHEN i % 5 < 2 THEN 'product' ELSE 'page' END, CASE WHEN i % 5 < 2 THEN 1 + pick(i, 16, 5000) END, '/shop/page/' || pick(i, 17, 2000)
		FROM (SELECT i, 1 + (i - 1) / 5 AS s FROM generate_series(:first, :last) i) x"
	load interaction "$TOUCHES" "INSERT INTO interaction (party_id, occurred_at, interaction_id, channel_id, is_solicitation, campaign_id, message_id, cost)
		SELECT 1 + pick(i, 18, $PARTIES), t, i, 1 + m % 2, true, m, m, 0.01 FROM (SELECT i, timestamptz '$AT' - ($TOUCHES - i) * (interval '14 months' / $TOUCHES) AS t, 1 + (i * 60 - 1) / $TOUCHES AS m FROM generate_series(:first::bigint, :last) i) x"
	load reaction "$((TOUCHES / 5))" "INSERT INTO reaction (party_id, occurred_at, interaction_id, interaction_at, channel_id, kind, is_machine, amount)
		SELECT 1 + pick(i, 18, $PARTIES), least(t + pick(i, 19, 48) * interval '1 hour', timestamptz '$AT'), i, t, 1 + m % 2, k, pick(i, 20, 4) = 0, CASE WHEN k = 'order' THEN 30 END
		FROM (SELECT i, timestamptz '$AT' - ($TOUCHES - i) * (interval '14 months' / $TOUCHES) AS t, 1 + (i * 60 - 1) / $TOUCHES AS m, (ARRAY['open', 'open', 'click', 'order'])[1 + pick(i, 21, 4)] AS k FROM (SELECT j * 5 AS i FROM generate_series(:first::bigint, :last) j) y) x"
	load cart "$((PARTIES / 5))" "INSERT INTO cart (visitor_id, cart_id, party_id, created_at, updated_at, amount) SELECT lpad(to_hex(i * 10), 32, '0')::uuid, i, CASE WHEN i % 3 > 0 THEN i * 5 END, t, t, 20 FROM (SELECT i, timestamptz '$AT' - pick(i, 22, 86400 * 60) * interval '1 second' AS t FROM generate_series(:first, :last) i) x"
	load cart_line "$((PARTIES / 5))" "INSERT INTO cart_line (visitor_id, cart_id, product_id, unit_price) SELECT lpad(to_hex(i * 10), 32, '0')::uuid, i, 1 + pick(i, 23, 5000), 20 FROM generate_series(:first, :last) i"
	load service_case "$((PARTIES / 20))" "INSERT INTO service_case (party_id, kind, opened_at, product_id) SELECT i * 20 - i % 2, (ARRAY['complaint', 'quote', 'sample'])[1 + i % 3], timestamptz '$AT' - pick(i, 24, 400) * interval '1 day', 1 + pick(i, 25, 5000) FROM generate_series(:first, :last) i"
	q -c 'VACUUM ANALYZE' -c 'CHECKPOINT' -c "SELECT crmseg.rescore('$MART')" -c "SELECT crmseg.refresh_priors('$MART')" -c "SELECT crmseg.refresh_peers('$MART')" -c "SELECT crmseg.define_segment('$MART', 'vip', 'tier = ''VIP''')" -c "SELECT crmseg.refresh_segments('$MART')" -c 'VACUUM ANALYZE' >/dev/null
fi

[ -z "${FILL_ONLY:-}" ] || exit 0
echo; echo '-- on disk: table, rows, heap with TOAST and indexes, bytes a row'
q -c "SELECT format('%-22s %10s rows %9s heap %9s indexes %6s bytes a row', s.name, s.rows::bigint, pg_size_pretty(s.heap), pg_size_pretty(s.indexes), round((s.heap + s.indexes) / nullif(s.rows, 0)::numeric))
	FROM (SELECT regexp_replace(c.relname, '_(\d{4}_\d\d|default)\$', '') AS name, sum(greatest(c.reltuples, 0)) AS rows, sum(pg_table_size(c.oid)) AS heap, sum(pg_indexes_size(c.oid)) AS indexes
		FROM pg_class c WHERE c.relnamespace = '$MART'::regnamespace AND c.relkind = 'r' GROUP BY 1 HAVING sum(pg_total_relation_size(c.oid)) > 1000000) s ORDER BY s.heap + s.indexes DESC"

# timed NAME STATEMENT: milliseconds of the second of two runs, by clock and by processor of the one process; all columns computed and none sent
timed() {
	local out
	out=$(q -c "SET statement_timeout = '300s'" -c 'SET max_parallel_workers_per_gather = 0' -c "EXPLAIN (ANALYZE, TIMING OFF, SUMMARY ON) $2" -c "SELECT 'cpu ' || bench_cpu()" \
		-c "EXPLAIN (ANALYZE, TIMING OFF, SUMMARY ON) $2" -c "SELECT 'cpu ' || bench_cpu()" 2>&1) || true
	printf '%8s ms %8s ms by processor %9s rows  %s\n' "$(sed -n 's/^Execution Time: \([0-9.]*\) ms/\1/p' <<<"$out" | tail -1 | cut -d. -f1)" "$(awk '$1 == "cpu" {a = b; b = $2} END {print int(1000 * (b - a))}' <<<"$out")" \
		"$(sed -n '1,/^Execution/s/.*actual rows=\([0-9]*\).*/\1/p' <<<"$out" | head -1)" "$1"
	grep -m1 ERROR <<<"$out" || true
}
echo; echo '-- the questions of docs/questions.md'
# the page's product, segment and days are those of the demo
while IFS=$'\t' read -r name sql; do timed "$name" "$sql"; done < <(awk '/^\*\*/ {h = $0; gsub(/\*\*/, "", h)} /^```sql/ {c = 1; s = ""; next} /^```/ {if (c && h ~ /^[0-9]/) print h "\t" s; c = 0}
	c && h ~ /^[0-9]/ {sub(/;$/, ""); s = s " " $0} c && h ~ /^Others/ {n = $0; sub(/.*; *-- */, "", n); sub(/; *--.*/, ""); print n "\t" $0}' "${CRMSEG_ROOT:-.}/docs/questions.md" |
	sed "s/'shop'/'$MART'/g; s/party_id = 20;*$/party_id = 21/; s/\t */\t/; s/BEA-01/ß/g; s/'loyal'/'vip'/; s/timestamptz '2025-12-15'/now()/g; s/date '2025-12-12'/current_date/; s/'2025-01-01'/now() - interval '2 years'/; s/'2025-10-01'/now() - interval '3 months'/")
echo; echo '-- views'
for v in person reachable customer_360 customer_rfm portfolio prospects current_consent best_channel channel_rate segment_membership abandoned_carts customer_potential mart_health identity_health channel_performance marketing_kpi marketing_pressure data_audit; do timed "$v" "SELECT * FROM $v"; done
timed 'customer_360, 50 parties' "SELECT * FROM customer_360 WHERE party_id BETWEEN $((PARTIES / 2)) AND $((PARTIES / 2 + 49))"
echo; echo '-- decisions'
timed 'eligible, e-mail, all' "SELECT count(*) FROM party p, crmseg.eligible('$MART', p.party_id, 'email', 1) e WHERE e.ok"
timed 'eligible, one in fifty' "SELECT count(*) FROM party p, crmseg.eligible('$MART', p.party_id, 'email', 1) e WHERE p.party_id % 50 = 1 AND e.ok"
timed 'eligible, one in fifty, all with a cap' "SELECT count(*) FROM party p, crmseg.eligible('$MART', p.party_id, 'email', 1) e WHERE p.party_id % 50 = 0 AND e.ok"
timed 'choose_channel, 1,000' "SELECT count(*) FROM (SELECT party_id FROM party LIMIT 1000) p, crmseg.choose_channel('$MART', p.party_id, 1) e"
timed 'claim_audience of PARTIES / 4' "SELECT count(*) FROM crmseg.claim_audience('$MART', 'party', 60, 'email', $((PARTIES / 4)), 0.1)"
timed 'campaign_lift' "SELECT * FROM crmseg.campaign_lift('$MART', 60)"
timed 'cross_sell' "SELECT * FROM crmseg.cross_sell('$MART', 'ß')"
timed 'churn_list' "SELECT * FROM crmseg.churn_list('$MART')"
timed 'message_performance' "SELECT * FROM crmseg.message_performance('$MART')"
[ -n "${KEEP_MART:-}" ] || q -c "DROP SCHEMA $MART CASCADE"
