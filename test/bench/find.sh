#!/usr/bin/env bash
# find.sh DIR [SIZE] : find_matches among the parties of DIR/records_SIZE.csv.gz (1m), each record a party, for records held out of them: milliseconds
# (median, 95th percentile) and how often a record of the same entity (DIR/truth_SIZE.csv.gz) is among the first ten, beside a trigram index on the name in the
# same run (NO_PEER=1 leaves it out). PROBES=1000.
set -eu
DIR=${1:-} SIZE=${2:-1m} PROBES=${PROBES:-1000}
[ -e "$DIR/records_$SIZE.csv.gz" ] || { echo "find: needs a folder with records_$SIZE.csv.gz and truth_$SIZE.csv.gz"; exit 0; }
q() { psql -qXAt -v ON_ERROR_STOP=1 "$@"; }
export PGOPTIONS='-c client_min_messages=warning -c work_mem=256MB -c maintenance_work_mem=1GB -c jit=off'
q -c 'CREATE EXTENSION IF NOT EXISTS crmseg' -c 'DROP SCHEMA IF EXISTS bench_find, bench_mart CASCADE' -c 'CREATE SCHEMA bench_find'
q <<SQL
SET search_path = bench_find;
CREATE UNLOGGED TABLE rec (rec_id bigint, source text, created_at date, first_name text, last_name text, full_name text, company text, birth_date text, email text, phone text, address text, postcode text, city text, country text, reg_no text);
CREATE UNLOGGED TABLE truth (rec_id bigint PRIMARY KEY, entity_id bigint, kind text);
\copy rec FROM PROGRAM 'zcat "$DIR/records_$SIZE.csv.gz"' csv header
\copy truth FROM PROGRAM 'zcat "$DIR/truth_$SIZE.csv.gz"' csv header
CREATE INDEX ON truth (entity_id);
ANALYZE;
-- records whose entity has others that stay
CREATE TABLE probe AS SELECT t.rec_id, t.entity_id FROM (SELECT * FROM truth ORDER BY md5(rec_id::text) LIMIT 5 * $PROBES) t
	WHERE (SELECT count(*) FROM truth u WHERE u.entity_id = t.entity_id) > 1 ORDER BY md5(t.rec_id::text) LIMIT $PROBES;
DELETE FROM probe p WHERE EXISTS (SELECT FROM probe q WHERE q.entity_id = p.entity_id AND q.rec_id < p.rec_id);
CREATE TABLE question AS SELECT p.rec_id, p.entity_id, crmseg.fold(coalesce(r.full_name, concat_ws(' ', r.first_name, r.last_name), r.company)) AS name,
	jsonb_strip_nulls(jsonb_build_object('given_name', nullif(first_name, ''), 'family_name', nullif(last_name, ''), 'full_name', nullif(full_name, ''), 'legal_name', nullif(company, ''), 'birth_date', nullif(birth_date, ''),
		'email', nullif(email, ''), 'phone', nullif(phone, ''), 'street', nullif(address, ''), 'postal_code', nullif(postcode, ''), 'city', nullif(city, ''), 'country', nullif(country, ''), 'registry_number', nullif(reg_no, ''))) AS record
	FROM probe p JOIN rec r USING (rec_id);
SELECT crmseg.create_datamart('bench_mart');
DELETE FROM rec r USING probe p WHERE p.rec_id = r.rec_id;
INSERT INTO bench_mart.party (party_id, kind, given_name, family_name, legal_name, birth_date, postal_code, country)
	SELECT rec_id, CASE WHEN company <> '' THEN 'organisation' ELSE 'person' END, coalesce(nullif(first_name, ''), CASE WHEN full_name LIKE '%,%' THEN trim(split_part(full_name, ',', 2)) ELSE split_part(full_name, ' ', 1) END),
		coalesce(nullif(last_name, ''), CASE WHEN full_name LIKE '%,%' THEN split_part(full_name, ',', 1) ELSE nullif(substr(full_name, strpos(full_name, ' ') + 1), '') END), nullif(company, ''),
		CASE WHEN birth_date ~ '^\d{4}-\d\d-\d\d\$' THEN birth_date::date WHEN birth_date ~ '^\d\d[/.]\d\d[/.]\d{4}\$' THEN to_date(translate(birth_date, '.', '/'), 'DD/MM/YYYY') END, nullif(postcode, ''), nullif(country, '') FROM rec;
INSERT INTO bench_mart.contact_point (party_id, kind, value, value_norm, street, postal_code, city, country)
	SELECT r.rec_id, c.kind, c.value, c.norm, c.street, c.code, c.city, c.country FROM rec r CROSS JOIN LATERAL (
		SELECT 'email' AS kind, r.email AS value, (SELECT crmseg.canonical(e.email) FROM crmseg.try_email(r.email) e) AS norm, NULL AS street, NULL AS code, NULL AS city, NULL AS country WHERE r.email <> ''
		UNION ALL SELECT 'phone', r.phone, regexp_replace(r.phone, '[^0-9]', '', 'g'), NULL, NULL, NULL, NULL WHERE r.phone <> ''
		UNION ALL SELECT 'postal', r.address, crmseg.address_key(concat_ws(', ', r.address, concat_ws(' ', r.postcode, r.city)), r.country), r.address, r.postcode, r.city, nullif(r.country, '') WHERE r.address <> '') c WHERE c.norm <> '';
VACUUM ANALYZE bench_mart.party;
VACUUM ANALYZE bench_mart.contact_point;
SQL
keys=$(psql -qXAt -c '\timing on' -c "SELECT crmseg.match_catch_up('bench_mart')" | sed -n 's/Time: \([0-9]*\).*/\1/p')
q -c 'VACUUM ANALYZE bench_mart.match_key'
echo "$(q -c 'SELECT count(*) FROM bench_mart.party') parties, $(q -c 'SELECT count(*) FROM bench_find.question') records held out; keys made in $keys ms, $(q -c "SELECT pg_size_pretty(pg_total_relation_size('bench_mart.match_key'))") with their indexes"
q <<'SQL'
CREATE TABLE bench_find.answer (how text, ms float8, hit boolean);
DO $$
DECLARE
	r record;
	t timestamptz;
	ids bigint[];
BEGIN
	FOR pass IN 1 .. 2 LOOP
		FOR r IN SELECT * FROM bench_find.question ORDER BY rec_id LOOP
			t := clock_timestamp();
			SELECT array_agg(f.party_id) INTO ids FROM crmseg.find_matches('bench_mart', r.record) f;
			IF pass = 2 THEN
				INSERT INTO bench_find.answer VALUES ('find_matches', extract(epoch FROM clock_timestamp() - t) * 1000, EXISTS (SELECT FROM bench_find.truth x WHERE x.entity_id = r.entity_id AND x.rec_id = ANY (ids)));
			END IF;
		END LOOP;
	END LOOP;
END $$;
SQL
if [ -z "${NO_PEER:-}" ] && [ "$(q -c "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'")" = 1 ]; then
	q <<'SQL'
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE TABLE bench_find.person AS SELECT party_id, crmseg.fold(coalesce(legal_name, concat_ws(' ', given_name, family_name))) AS name FROM bench_mart.party;
CREATE INDEX ON bench_find.person USING gin (name gin_trgm_ops);
ANALYZE bench_find.person;
SET pg_trgm.similarity_threshold = 0.6;
DO $$
DECLARE
	r record;
	t timestamptz;
	ids bigint[];
BEGIN
	FOR r IN SELECT * FROM bench_find.question WHERE name <> '' ORDER BY rec_id LIMIT 200 LOOP
		t := clock_timestamp();
		SELECT array_agg(x.party_id) INTO ids FROM (SELECT p.party_id FROM bench_find.person p WHERE p.name % r.name ORDER BY similarity(p.name, r.name) DESC LIMIT 10) x;
		INSERT INTO bench_find.answer VALUES ('trigrams of the name', extract(epoch FROM clock_timestamp() - t) * 1000, EXISTS (SELECT FROM bench_find.truth x WHERE x.entity_id = r.entity_id AND x.rec_id = ANY (ids)));
	END LOOP;
END $$;
SQL
fi
q -F ' ' -c "SELECT rpad(how, 24), 'median', round((percentile_cont(0.5) WITHIN GROUP (ORDER BY ms))::numeric, 2), 'ms, p95', round((percentile_cont(0.95) WITHIN GROUP (ORDER BY ms))::numeric, 2), 'ms, recall@10', round(avg(hit::int), 3) FROM bench_find.answer GROUP BY how ORDER BY how"
q -c 'DROP SCHEMA bench_find, bench_mart CASCADE'
