#!/usr/bin/env bash
# import.sh: lines per second of import_flat and import_csv in one process, beside a bare COPY of the same file; 1 % of the lines are bad.
# Each line has a party with e-mail, telephone, address and consent, an order and an order line. Three files: many lines a customer (the
# till of a year: 10 lines), some (an export of a month: 5), and one (every line a new customer, the worst case).
# Run by test/lib/bench.sh; LINES=200000 sets the size. Seconds are of the wall clock and of the process.
set -eu
lines=${LINES:-200000}
psql() { command psql -XqAt -v ON_ERROR_STOP=1 -d bench_import "$@"; }
command psql -XqAt -d postgres -c 'CREATE DATABASE bench_import'
trap "command psql -XqAt -d postgres -c 'DROP DATABASE bench_import (FORCE)'" EXIT
map='{"source_key": "no_client", "party": {"given_name": "prenom", "family_name": "nom", "birth_date": {"column": "naissance", "format": "DD/MM/YYYY"}}, "email": "mail", "phone": {"column": "tel", "region": "FR"}, "address": {"street": "adresse", "postal_code": "cp", "city": "ville", "country": {"value": "FR"}}, "consent": {"purpose": "newsletter", "channel": "email", "status": {"column": "optin", "true": ["oui", "1"]}}, "order": {"external_id": "no_ticket", "ordered_at": {"column": "date", "format": "DD/MM/YYYY HH24:MI", "zone": "Europe/Paris"}, "store": "magasin"}, "line": {"sku": "ref", "quantity": "qte", "amount": {"column": "montant", "decimal": ","}}}'
psql <<SQL
SET client_min_messages = warning;
CREATE EXTENSION crmseg;
-- seconds of this process, user and system
CREATE FUNCTION cpu() RETURNS numeric LANGUAGE sql AS \$\$ SELECT (split_part(s, ' ', 14)::numeric + split_part(s, ' ', 15)::numeric) / 100 FROM pg_read_file('/proc/self/stat') s \$\$;
CREATE FUNCTION timed(statement text, OUT wall numeric, OUT process numeric) LANGUAGE plpgsql AS \$\$
DECLARE t timestamptz := clock_timestamp(); c numeric := cpu();
BEGIN
	EXECUTE statement;
	wall := extract(epoch FROM clock_timestamp() - t); process := cpu() - c;
END \$\$;
CREATE FUNCTION file(lines int, lines_per_order int, orders_per_customer int) RETURNS SETOF text LANGUAGE sql AS \$\$
	SELECT concat_ws(';', c, (ARRAY['Jean', 'Hélène', 'Marie', 'Paul', 'Chloé', 'Zoé'])[1 + c % 6], 'Nom' || c * 7919::bigint % 50000, to_char(date '1950-01-01' + c % 20000, 'DD/MM/YYYY'),
		'client' || c || '@exemple' || c % 50 || '.fr', '06' || lpad((10000000 + c * 37::bigint % 80000000)::text, 8, '0'), c % 200 + 1 || ' rue de la Paix n' || c % 977,
		lpad((1000 + c % 94000)::text, 5, '0'), 'Ville' || c % 3000, CASE WHEN c % 3 = 0 THEN 'oui' ELSE 'non' END, 'T' || o,
		to_char(timestamp '2023-01-01' + o % 100000 * interval '11 min', 'DD/MM/YYYY HH24:MI'), 'Magasin ' || o % 50, 'REF' || i * 31::bigint % 5000, 1 + i % 3,
		CASE WHEN i % 100 = 7 THEN 'abc' ELSE replace(round((i % 9000) / 100.0, 2)::text, '.', ',') || ' €' END)
	FROM (SELECT i, i / lines_per_order AS o, i / lines_per_order / orders_per_customer AS c FROM generate_series(1, lines) i) x ORDER BY i \$\$;
SQL
printf '%-28s %9s %9s %9s %11s %11s %8s\n' 'lines per customer' 'COPY s' 'import s' 'again s' 'lines/s' 'lines/cpu s' 'x COPY'
for shape in '4 3' '3 2' '1 1'; do
	set -- $shape
	f=$CRMSEG_WORK/import_bench.csv
	psql -c "SELECT * FROM file($lines, $1, $2)" >"$f"; chmod a+r "$f"
	psql -v map="$map" <<SQL
SET client_min_messages = error;
DROP TABLE IF EXISTS flat, raw; DROP SCHEMA IF EXISTS bench CASCADE;
CREATE TABLE flat (no_client text, prenom text, nom text, naissance text, mail text, tel text, adresse text, cp text, ville text, optin text, no_ticket text, date text, magasin text, ref text, qte text, montant text);
SELECT crmseg.create_datamart('bench', '{"default_phone_region": "FR"}') \g /dev/null
CHECKPOINT;
SELECT * FROM timed(\$s\$ COPY flat FROM '$f' (DELIMITER ';', FORMAT csv) \$s\$) \gset copy_
SELECT * FROM timed(format('SELECT crmseg.import_flat(%L, %L, %L, %L)', 'bench', 'till', 'flat', :'map')) \gset first_
SELECT * FROM timed(format('SELECT crmseg.import_flat(%L, %L, %L, %L)', 'bench', 'till', 'flat', :'map')) \gset again_
SELECT format('%-28s %9s %9s %9s %11s %11s %8s', 'flat: ' || $1 * $2, round(:copy_wall, 2), round(:first_wall, 2), round(:again_wall, 2), round($lines / :first_wall), round($lines / :first_process), round(:first_wall / :copy_wall, 1));
SELECT CASE WHEN (lines_read, inserted, rejected) <> ($lines, $lines - ($lines + 92) / 100, ($lines + 92) / 100) THEN 'WRONG: ' || r::text END FROM crmseg.import_report('bench', 1) r WHERE inserted + rejected <> $lines OR rejected <> ($lines + 92) / 100;
DROP SCHEMA bench CASCADE;
SELECT crmseg.create_datamart('bench', '{"default_phone_region": "FR"}') \g /dev/null
CREATE TABLE raw (n bigint GENERATED ALWAYS AS IDENTITY, l text);
COPY raw (l) FROM '$f' (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02', ENCODING 'LATIN1');
SELECT * FROM timed(format('SELECT crmseg.import_csv(%L, %L, %L, %L, %L)', 'bench', 'till', 'raw', :'map',
	'{"columns": ["no_client", "prenom", "nom", "naissance", "mail", "tel", "adresse", "cp", "ville", "optin", "no_ticket", "date", "magasin", "ref", "qte", "montant"]}')) \gset csv_
SELECT format('%-28s %9s %9s %9s %11s %11s %8s', 'csv: ' || $1 * $2, round(:copy_wall, 2), round(:csv_wall, 2), '', round($lines / :csv_wall), round($lines / :csv_process), round(:csv_wall / :copy_wall, 1));
SQL
done
