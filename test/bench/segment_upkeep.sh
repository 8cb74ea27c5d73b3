#!/usr/bin/env bash
# segment_upkeep.sh: what a changed row costs more when its memberships are kept in the same transaction, with 100 and 10,000 segments of three to five
# conditions on age, revenue, sex and country (1 % of them also on events): the same UPDATE with an empty statement trigger in the same session, and with the triggers
# of keep_segments. Processor time, the least of five. Memberships are compared with the members of some segments at the end.
#   SIZES="100 10000"   PARTIES=3000
set -eu
sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }
parties=${PARTIES:-3000}
sql -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION IF NOT EXISTS crmseg' >/dev/null
for n in ${SIZES:-100 10000}; do
	sql -v n="$n" -v parties="$parties" <<'SQL'
SET client_min_messages = warning;
SET search_path = crmseg, public;
SELECT create_datamart('keepbench', '{"time_zone": "Europe/Paris"}') \g /dev/null
SELECT setseed(0.5) \g /dev/null
INSERT INTO keepbench.source (name) VALUES ('till');
INSERT INTO keepbench.party (given_name, birth_date, country, sex, lifecycle) SELECT 'G' || i, date '1940-01-01' + (random() * 25000)::int, (ARRAY['FR', 'DE', 'BE', 'IT', 'ES'])[1 + floor(random() * 5)::int],
	(ARRAY['f', 'm', 'x'])[1 + floor(random() * 3)::int], 'customer' FROM generate_series(1, :parties) i;
INSERT INTO keepbench.sales_order (party_id, ordered_at, currency, amount, source_id, external_id) SELECT 1 + floor(random() * :parties)::int, now() - random() * interval '700 days', 'EUR', 1 + (random() * 300)::int, 1, 'o' || i
	FROM generate_series(1, :parties * 3) i;
CREATE FUNCTION pg_temp.leaf() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT (ARRAY[format('age between %s and %s', a, a + 20), format('revenue between %s and %s', v, v + 300), format('revenue >= %s', v),
		format('country in (''%s'', ''%s'')', (ARRAY['FR', 'DE', 'BE'])[1 + a % 3], (ARRAY['IT', 'ES'])[1 + v % 2]), format('sex = ''%s''', (ARRAY['f', 'm'])[1 + v % 2])])[k]
	FROM (SELECT 20 + (random() * 50)::int AS a, (random() * 900)::int AS v, 1 + floor(random() * 5)::int AS k) x $$;
INSERT INTO keepbench.segment_definition (name, predicate)
	SELECT 's' || i, ((SELECT string_agg(pg_temp.leaf(), ' and ') FROM generate_series(1, 3 + i % 3)) || CASE WHEN i % 100 = 0 THEN ' and did order at least 2 times within last 300 days' ELSE '' END)::segment::text FROM generate_series(1, :n) i;
VACUUM ANALYZE keepbench.party, keepbench.party_profile, keepbench.sales_order, keepbench.segment_definition;
CREATE FUNCTION public.keepbench_nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE OR REPLACE FUNCTION pg_temp.used() RETURNS float8 LANGUAGE sql AS $$ SELECT split_part(pg_read_file('/proc/' || pg_backend_pid() || '/schedstat', 0, 100), ' ', 1)::float8 / 1000 $$;
-- statements of one row, run so many times; a statement of all rows once: microseconds a row, the least of five
CREATE FUNCTION pg_temp.cost(statement text, times int) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	least_time float8;
	t float8;
	rows bigint;
BEGIN
	EXECUTE statement USING 1;
	FOR run IN 1 .. 5 LOOP
		t := pg_temp.used();
		rows := times;
		IF times = 1 THEN
			EXECUTE statement;
			GET DIAGNOSTICS rows = ROW_COUNT;
		ELSE
			FOR i IN 1 .. times LOOP
				EXECUTE statement USING run * times + i;
			END LOOP;
		END IF;
		least_time := least(least_time, (pg_temp.used() - t) / rows);
	END LOOP;
	RETURN least_time;
END $$;
CREATE TEMP TABLE statement (no int, what text, sql text, times int, empty_us float8, kept_us float8, moved float8);
INSERT INTO statement VALUES
	(1, 'one row, a column that no segment names', 'UPDATE keepbench.party SET given_name = given_name || ''x'' WHERE party_id = 1 + $1 % 3000', 300),
	(2, 'one row, all as it was', 'UPDATE keepbench.party SET given_name = given_name WHERE party_id = 1 + $1 % 3000', 300),
	(3, 'one row, revenue, hardly moved', 'UPDATE keepbench.party_profile SET revenue = revenue + 0.01 WHERE party_id = 1 + $1 % 3000', 300),
	(4, 'one row, revenue, by 30', 'UPDATE keepbench.party_profile SET revenue = revenue + CASE $1 / 300 % 2 WHEN 0 THEN 30 ELSE -30 END WHERE party_id = 1 + $1 % 3000', 300),
	(5, 'one row, country', 'UPDATE keepbench.party SET country = CASE country WHEN ''FR'' THEN ''IT'' ELSE ''FR'' END WHERE party_id = 1 + $1 % 3000', 300),
	(6, 'all rows, a column that no segment names', 'UPDATE keepbench.party SET given_name = left(given_name || ''x'', 20)', 1),
	(7, 'all rows, revenue, hardly moved', 'UPDATE keepbench.party_profile SET revenue = revenue + 0.01', 1),
	(8, 'all rows, revenue, by 30', 'UPDATE keepbench.party_profile SET revenue = revenue + CASE WHEN revenue::int % 2 = 0 THEN 30 ELSE -31 END', 1),
	(9, 'all rows, country', 'UPDATE keepbench.party SET country = CASE country WHEN ''FR'' THEN ''IT'' ELSE ''FR'' END', 1);
CREATE TRIGGER zz_nothing AFTER UPDATE ON keepbench.party REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION public.keepbench_nothing();
CREATE TRIGGER zz_nothing AFTER UPDATE ON keepbench.party_profile REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION public.keepbench_nothing();
UPDATE statement SET empty_us = pg_temp.cost(sql, times);
VACUUM keepbench.party, keepbench.party_profile;
DROP TRIGGER zz_nothing ON keepbench.party;
DROP TRIGGER zz_nothing ON keepbench.party_profile;
SELECT entered AS stays FROM refresh_segments('keepbench') \gset
VACUUM ANALYZE keepbench.party_segments, keepbench.segment_member;
UPDATE statement SET kept_us = pg_temp.cost(sql, times) WHERE no <= 5;
VACUUM keepbench.party, keepbench.party_profile, keepbench.party_segments, keepbench.segment_member;
UPDATE statement SET kept_us = pg_temp.cost(sql, times) WHERE no > 5;
-- how many entries and exits each brings
SELECT set_datamart('keepbench', '{"follow_segments": true}') \g /dev/null
CREATE FUNCTION pg_temp.moved(statement text, times int) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	n float8;
BEGIN
	DELETE FROM keepbench.segment_change;
	IF times = 1 THEN
		EXECUTE statement;
	ELSE
		FOR i IN 1 .. 50 LOOP
			EXECUTE statement USING i * 7;
		END LOOP;
	END IF;
	SELECT count(*) / CASE times WHEN 1 THEN (SELECT count(*) FROM keepbench.party) ELSE 50.0 END INTO n FROM keepbench.segment_change;
	RETURN n;
END $$;
UPDATE statement SET moved = pg_temp.moved(sql, times);
SELECT format('%6s segments, %s stays: %-44s %5s entries and exits a row, %8s us, with an empty trigger %6s us: %s us more, %s x', :n, :stays, what, round(moved::numeric, 1), round(kept_us::numeric, 1), round(empty_us::numeric, 1), round((kept_us - empty_us)::numeric, 1), round((kept_us / empty_us)::numeric, 1))
	FROM statement ORDER BY no;
SELECT format('%6s segments: %s wrong memberships of 20 segments looked at', :n, count(*)) FROM (SELECT d.name FROM keepbench.segment_definition d WHERE segment_id % (1 + :n / 20) = 1) d CROSS JOIN LATERAL (
	(SELECT members('keepbench', d.name) EXCEPT SELECT m.party_id FROM keepbench.segment_membership m WHERE m.segment = d.name) UNION ALL
	(SELECT m.party_id FROM keepbench.segment_membership m WHERE m.segment = d.name EXCEPT SELECT members('keepbench', d.name))) x;
DROP SCHEMA keepbench CASCADE;
DROP FUNCTION public.keepbench_nothing();
SQL
done
