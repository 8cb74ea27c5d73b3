-- the same clusters and pairs whoever does the work: one process, or several; in the light mode too few rows for workers
CREATE TABLE lparallel AS
SELECT g AS id, (ARRAY['Jean', 'Jeanne', 'Robert', 'Bob', 'Anna', 'Ann', 'Luc', 'J.'])[1 + abs(hashint4(p)) % 8] AS first,
	'fam' || chr(97 + p % 26) || chr(97 + p / 26 % 26) || chr(97 + p / 676 % 26) || CASE WHEN hashint4(g) % 9 = 0 THEN 'x' ELSE '' END AS last,
	CASE WHEN hashint4(g + 1) % 3 = 0 THEN 'box' || p || '@mail.example' END AS mail,
	CASE WHEN hashint4(g + 2) % 2 = 0 THEN '19' || (50 + p % 50) || '-0' || (1 + p % 9) || '-1' || p % 9 END AS born,
	CASE WHEN p % 50 = 0 THEN 'Firm ' || p || ' SARL' END AS firm
FROM (SELECT g, g * 7 / 10 AS p FROM generate_series(1, CASE WHEN current_setting('crmseg_test.light', true) = 'on' THEN 2000 ELSE 60000 END) g) x;
CREATE FUNCTION lparallel_both(workers int) RETURNS TABLE (a text, b text, w float8) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
	RETURN QUERY SELECT record_id, cluster_id, NULL::float8
		FROM crmseg.cluster_records('lparallel', 'id', '{"first": "given_name", "last": "family_name", "mail": "email", "born": "date", "firm": "organisation_name"}')
		UNION ALL SELECT left_id, right_id, match_weight
		FROM crmseg.link_records('lparallel', 'id', '{"first": "given_name", "last": "family_name", "mail": "email", "born": "date", "firm": "organisation_name"}', 0.01);
END $$;
SET client_min_messages = warning;
CREATE TEMP TABLE alone AS SELECT * FROM lparallel_both(0);
CREATE TEMP TABLE together AS SELECT * FROM lparallel_both(2);
SELECT count(*) > 1000 AS some, count(*) FILTER (WHERE w IS NULL AND a <> b) > 100 AS joined FROM alone;
SELECT count(*) AS differ FROM ((TABLE alone EXCEPT ALL TABLE together) UNION ALL (TABLE together EXCEPT ALL TABLE alone)) d;
-- in a transaction that writes
BEGIN;
CREATE TABLE lparallel_out AS SELECT * FROM crmseg.cluster_records('lparallel', 'id', '{"first": "given_name", "last": "family_name", "mail": "email"}');
INSERT INTO lparallel_out SELECT * FROM crmseg.cluster_records('lparallel', 'id', '{"first": "given_name", "last": "family_name", "mail": "email"}');
SELECT count(*) = 2 * (SELECT count(*) FROM lparallel) AS twice, count(DISTINCT (record_id, cluster_id)) = (SELECT count(*) FROM lparallel) AS same FROM lparallel_out;
ROLLBACK;
SELECT count(*) = (SELECT count(*) FROM lparallel) AS all_there FROM crmseg.cluster_records('lparallel', 'id', '{"last": "family_name", "mail": "email"}');
-- several addresses and numbers a record, a model that is given, small tables: workers from the first row on
SET min_parallel_table_scan_size = 0;
CREATE TABLE lparallel_several AS
SELECT g AS id, 'N' || chr(97 + p % 26) || 'l' AS first, 'Fam' || chr(97 + p / 26 % 26) || chr(97 + p % 26) AS last, 'a' || p || '@mail.example; b' || p % 700 || '@mail.example' AS mail,
	CASE WHEN g % 3 = 0 THEN 'c' || p || '@other.example|a' || p || '@mail.example' END AS mail2, '+3361' || 1000000 + p AS tel, CASE WHEN g % 4 < 2 THEN '+3361' || 1000000 + p + 1 END AS tel2
FROM (SELECT g, g * 7 / 10 AS p FROM generate_series(1, CASE WHEN current_setting('crmseg_test.light', true) = 'on' THEN 300 ELSE 3000 END) g) x;
CREATE FUNCTION lparallel_several_by(workers int) RETURNS TABLE (r text) LANGUAGE plpgsql AS $$
DECLARE
	kinds jsonb := '{"first": "given_name", "last": "family_name", "mail": "email", "mail2": "email", "tel": "phone", "tel2": "phone"}';
	model jsonb;
BEGIN
	PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
	model := jsonb_set(crmseg.train_records('lparallel_several', 'id', kinds), '{frequencies,given_name,nal}', '0.2');
	RETURN QUERY SELECT c::text FROM crmseg.cluster_records('lparallel_several', 'id', kinds) c UNION ALL SELECT l::text FROM crmseg.link_records('lparallel_several', 'id', kinds, 0.01) l
		UNION ALL SELECT l::text FROM crmseg.link_records('lparallel_several', 'id', kinds, 0.01, NULL, model) l UNION ALL SELECT q::text FROM crmseg.cluster_quality('lparallel_several', 'id', kinds) q
		UNION ALL SELECT c::text FROM crmseg.cluster_records('lparallel_several', 'id', kinds, 0.5, 'lparallel_several') c;
END $$;
CREATE TEMP TABLE several_alone AS SELECT * FROM lparallel_several_by(0);
CREATE TEMP TABLE several_together AS SELECT * FROM lparallel_several_by(2);
SELECT count(*) > 1000 AS some FROM several_alone;
SELECT count(*) AS differ FROM ((TABLE several_alone EXCEPT ALL TABLE several_together) UNION ALL (TABLE several_together EXCEPT ALL TABLE several_alone)) d;
-- what ranges of blocks do not say: rows of children, rows that a policy hides, temporary tables; columns of other types; an id that is missing
CREATE FUNCTION lparallel_same(relation regclass, kinds jsonb) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
	alone text;
	together text;
BEGIN
	PERFORM set_config('max_parallel_workers_per_gather', '0', true);
	SELECT string_agg(c::text, ' ' ORDER BY c) INTO alone FROM crmseg.cluster_records(relation, 'id', kinds) c;
	PERFORM set_config('max_parallel_workers_per_gather', '2', true);
	SELECT string_agg(c::text, ' ' ORDER BY c) INTO together FROM crmseg.cluster_records(relation, 'id', kinds) c;
	RETURN alone = together;
END $$;
CREATE TABLE "L'Parallel" (id bigint, "Na""me" text, born date, seen timestamptz, visits int, tel varchar(20));
INSERT INTO "L'Parallel" SELECT g, CASE WHEN g % 5 > 0 THEN 'Jean Fam' || chr(97 + p % 26) || chr(97 + p / 26 % 26) || repeat(' x', g % 90) END, date '1950-01-01' + p, timestamptz '2020-01-01 00:00+00' + p * interval '1 hour', p % 9,
	CASE WHEN g % 3 = 0 THEN '061' || 1000000 + p END FROM (SELECT g, g * 7 / 10 AS p FROM generate_series(1, 600) g) x;
SELECT lparallel_same('"L''Parallel"', '{"Na\"me": "full_name", "born": "date", "seen": "date", "visits": "code", "tel": "phone"}');
\set VERBOSITY terse
CREATE ROLE lparallel_reader;
GRANT USAGE ON SCHEMA crmseg TO lparallel_reader;
GRANT SELECT ON "L'Parallel" TO lparallel_reader;
ALTER TABLE "L'Parallel" ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON "L'Parallel" FOR SELECT TO lparallel_reader USING (id <= 50);
SET max_parallel_workers_per_gather = 2;
SET ROLE lparallel_reader;
SELECT count(*) FROM crmseg.cluster_records('"L''Parallel"', 'id', '{"Na\"me": "full_name"}');
RESET ROLE;
REVOKE SELECT ON "L'Parallel" FROM lparallel_reader;
ALTER TABLE "L'Parallel" DISABLE ROW LEVEL SECURITY;
SET ROLE lparallel_reader;
SELECT count(*) FROM crmseg.cluster_records('"L''Parallel"', 'id', '{"Na\"me": "full_name"}');
RESET ROLE;
CREATE TEMP TABLE lparallel_temp AS SELECT * FROM "L'Parallel";
SELECT count(*) FROM crmseg.cluster_records('lparallel_temp', 'id', '{"Na\"me": "full_name"}');
-- deleted and updated rows of this transaction and of others
BEGIN;
DELETE FROM "L'Parallel" WHERE id % 4 = 0;
UPDATE "L'Parallel" SET visits = visits + 1 WHERE id % 4 = 1;
SELECT count(*) FROM crmseg.cluster_records('"L''Parallel"', 'id', '{"Na\"me": "full_name", "visits": "code"}', 0.5, '"L''Parallel"');
ROLLBACK;
INSERT INTO "L'Parallel" VALUES (NULL, 'nobody');
SELECT count(*) FROM crmseg.cluster_records('"L''Parallel"', 'id', '{"Na\"me": "full_name"}');
UPDATE "L'Parallel" SET id = 7 WHERE id IS NULL;
SELECT count(*) FROM crmseg.cluster_records('"L''Parallel"', 'id', '{"Na\"me": "full_name"}');
\set VERBOSITY default
DELETE FROM "L'Parallel" WHERE id = 7;
CREATE TABLE lparallel_child () INHERITS ("L'Parallel");
INSERT INTO lparallel_child SELECT id + 600, "Na""me", born, seen, visits, tel FROM ONLY "L'Parallel" WHERE id <= 100;
SELECT lparallel_same('"L''Parallel"', '{"Na\"me": "full_name", "born": "date", "tel": "phone"}'), count(*) FROM crmseg.cluster_records('"L''Parallel"', 'id', '{"Na\"me": "full_name"}');
DROP TABLE lparallel_child;
DROP TABLE "L'Parallel", lparallel_temp;
REVOKE USAGE ON SCHEMA crmseg FROM lparallel_reader;
DROP ROLE lparallel_reader;
DROP FUNCTION lparallel_same(regclass, jsonb);
-- nothing, one, and what is no person
CREATE TEMP TABLE lparallel_none (id int, name text);
SET max_parallel_workers_per_gather = 2;
SELECT * FROM crmseg.cluster_records('lparallel_none', 'id', '{"name": "full_name"}');
INSERT INTO lparallel_none VALUES (1, NULL);
SELECT * FROM crmseg.cluster_records('lparallel_none', 'id', '{"name": "full_name"}');
INSERT INTO lparallel_none VALUES (2, 'Ann Lee'), (3, 'Ann Lee'), (4, '-');
SELECT count(*) FROM crmseg.cluster_records('lparallel_none', 'id', '{"name": "full_name"}');
RESET max_parallel_workers_per_gather;
RESET min_parallel_table_scan_size;
DROP TABLE lparallel_several, several_alone, several_together, lparallel_none;
DROP FUNCTION lparallel_several_by(int);
RESET client_min_messages;
DROP TABLE alone, together, lparallel;
DROP FUNCTION lparallel_both(int);
