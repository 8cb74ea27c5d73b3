#!/usr/bin/env bash
# eligible.sh: answers of eligible() a second, for each way of asking: all parties and samples of them, with caps and without, in FROM and in the
# list of columns, by several channels and campaigns, at one instant and at one of each party's own. Beside each the bare read of the same parties.
# By processor, the least of RUNS (5). PARTIES (200000) with two addresses, a consent, 10 interactions in 14 months; one in ten with wishes.
# KEEP_MART=1 leaves the mart, NO_FILL=1 takes the one that is there.
set -eu
PARTIES=${PARTIES:-200000} MART=bench_eligible RUNS=${RUNS:-5}
q() { PGOPTIONS="-c client_min_messages=warning -c jit=off -c max_parallel_workers_per_gather=0 -c search_path=$MART,public" psql -qXAt -v ON_ERROR_STOP=1 "$@"; }
if [ -z "${NO_FILL:-}" ]; then
	q -c 'CREATE EXTENSION IF NOT EXISTS crmseg' -c "DROP SCHEMA IF EXISTS $MART CASCADE" -c "SELECT crmseg.create_datamart('$MART', '{\"time_zone\": \"Europe/Paris\"}')" >/dev/null
	q <<SQL
SELECT crmseg.make_partitions('$MART', 1, (now() - interval '15 months')::date) \g /dev/null
CREATE OR REPLACE FUNCTION public.bench_cpu() RETURNS numeric LANGUAGE sql AS \$\$ SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::numeric / 1000000000 \$\$;
CREATE OR REPLACE FUNCTION public.pick(i bigint, what int, n bigint) RETURNS bigint IMMUTABLE PARALLEL SAFE LANGUAGE sql AS \$\$ SELECT (hashint8extended(i, what) & 9223372036854775807) % n \$\$;
INSERT INTO campaign (campaign_id, name, topic) SELECT i, 'campaign ' || i, CASE WHEN i = 3 THEN 'golf' END FROM generate_series(1, 20) i;
INSERT INTO party (party_id) SELECT generate_series(1, $PARTIES);
INSERT INTO contact_point (party_id, kind, value, value_norm, is_primary, status)
	SELECT (i + 1) / 2, k, v, v, true, CASE WHEN i % 40 = 0 THEN 'bounced' ELSE 'valid' END FROM (SELECT i, CASE i % 2 WHEN 1 THEN 'email' ELSE 'phone' END AS k, CASE i % 2 WHEN 1 THEN 'mail' || i || '@example' || i % 50 || '.fr' ELSE '+336' || lpad(i::text, 8, '0') END AS v FROM generate_series(1, $PARTIES * 2) i) x;
INSERT INTO consent (party_id, purpose, channel_id, status, valid, captured_at)
	SELECT i, 'newsletter', 1 + pick(i, 6, 8) / 7, CASE WHEN i % 20 = 0 THEN 'withdrawn' ELSE 'granted' END, tstzrange(t, NULL), t FROM (SELECT i, now() - pick(i, 5, 1000) * interval '1 day' AS t FROM generate_series(1, $PARTIES) i) x;
INSERT INTO contact_preference (party_id, channel_id, max_touches, quiet_hours) SELECT i * 10, 1, 4, '[22,31)' FROM generate_series(1, $PARTIES / 10) i;
INSERT INTO suppression (kind, value_hash, reason) SELECT 'email', crmseg.suppression_digest((SELECT key FROM suppression_key), 'mail' || i * 200 - 1 || '@example' || (i * 200 - 1) % 50 || '.fr'), 'complaint' FROM generate_series(1, $PARTIES / 100) i;
INSERT INTO interaction (party_id, occurred_at, interaction_id, channel_id, is_solicitation, campaign_id)
	SELECT 1 + pick(i, 18, $PARTIES), now() - i * (interval '14 months' / ($PARTIES * 10)), i, 1 + i % 2, true, 1 + i % 20 FROM generate_series(1, $PARTIES * 10::bigint) i;
INSERT INTO campaign_target (party_id, campaign_id, channel_id, state, claimed_at) SELECT 1 + pick(i, 30, $PARTIES), 2 + i % 18, 1 + i % 2, 'claimed', now() - pick(i, 31, 40) * interval '1 day' FROM generate_series(1, $PARTIES / 2) i ON CONFLICT DO NOTHING;
VACUUM ANALYZE;
CHECKPOINT;
SQL
fi

# asked NAME ROWS STATEMENT BARE: microseconds of an answer with and without the bare statement, by processor, the least of some runs
asked() {
	local name=$1 rows=$2 out i
	out=$(for ((i = 0; i < RUNS + 1; i++)); do printf "SELECT 'a ' || bench_cpu();\nEXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) %s;\nSELECT 'b ' || bench_cpu();\nEXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) %s;\nSELECT 'c ' || bench_cpu();\n" "$3" "$4"; done | q)
	awk -v n="$rows" -v name="$name" '$1 == "a" {a = $2} $1 == "b" {b = $2 - a; if (m == "" || b < m) m = b; a = $2} $1 == "c" {c = $2 - a; if (l == "" || c < l) l = c}
		END {printf "%8d/s all told, %8d/s without the bare read (%5.1f us)  %s\n", n / m, n / (m - l > 0 ? m - l : 1e-9), 1e6 * (m - l) / n, name}' <<<"$out"
}
P=$PARTIES
from() { asked "$1" "$2" "SELECT count(*) FILTER (WHERE e.ok) FROM $3, crmseg.eligible('$MART', p.party_id, ${4:-"'email', 1"}) e" "SELECT count(p.party_id) FROM $3"; }
from 'all' "$P" 'party p'
for n in 2 3 5 7 10 20 50 500; do from "one in $n" $((P / n)) "(SELECT party_id FROM party WHERE party_id % $n = 1) p"; done
from 'one in 50, all with wishes and a cap' $((P / 50)) '(SELECT party_id FROM party WHERE party_id % 50 = 0) p'
from 'one in 7, in an order of their own' $((P / 7)) '(SELECT party_id FROM party WHERE party_id % 7 = 1 ORDER BY hashint8(party_id) OFFSET 0) p'
from 'all, in an order of their own' "$P" '(SELECT party_id FROM party ORDER BY hashint8(party_id) OFFSET 0) p'
from 'all, by sms' "$P" 'party p' "'sms', 1"
from 'one in 10, three channels' $((P / 10 * 3)) "(SELECT party_id, h.name FROM party, (VALUES ('email'), ('sms'), ('phone')) h (name) WHERE party_id % 10 = 1) p" "p.name, 1"
from 'all, four campaigns by e-mail' $((P * 4)) "(SELECT party_id, g FROM party, generate_series(1, 4) g) p" "'email', p.g"
from 'one in 10, each at its instant' $((P / 10)) "(SELECT party_id FROM party WHERE party_id % 10 = 1) p" "'email', 1, now() - p.party_id * interval '1 second'"
from 'all, each at its instant' "$P" "party p" "'email', 1, now() - p.party_id * interval '1 second'"
asked 'all, in the list of columns' "$P" "SELECT count(*) FILTER (WHERE ok) FROM (SELECT (crmseg.eligible('$MART', party_id, 'email', 1)).ok FROM party OFFSET 0) x" "SELECT count(party_id) FROM (SELECT party_id FROM party OFFSET 0) x"
asked 'one in 50, in the list of columns' $((P / 50)) "SELECT count(*) FILTER (WHERE ok) FROM (SELECT (crmseg.eligible('$MART', party_id, 'email', 1)).ok FROM party WHERE party_id % 50 = 1 OFFSET 0) x" "SELECT count(*) FROM (SELECT party_id FROM party WHERE party_id % 50 = 1 OFFSET 0) x"
asked 'one in 50, all columns by .*' $((P / 50)) "SELECT count(*) FILTER (WHERE ok), max(reason) FROM (SELECT (crmseg.eligible('$MART', party_id, 'email', 1)).* FROM party WHERE party_id % 50 = 1 OFFSET 0) x" "SELECT count(*) FROM (SELECT party_id FROM party WHERE party_id % 50 = 1 OFFSET 0) x"
asked 'one in 50, as a condition' $((P / 50)) "SELECT count(*) FROM party WHERE party_id % 50 = 1 AND (crmseg.eligible('$MART', party_id, 'email', 1)).ok" "SELECT count(*) FROM party WHERE party_id % 50 = 1"
[ -n "${KEEP_MART:-}" ] || q -c "DROP SCHEMA $MART CASCADE"
