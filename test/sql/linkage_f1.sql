-- How well records are linked with the defaults: a made-up set of 2000 records with its truth (test/data/link_people.py, seed 7).
\getenv abs_srcdir PG_ABS_SRCDIR
\set content `cat ":abs_srcdir"/data/link_people.tsv`
SET search_path = public;
CREATE TABLE lf_record AS SELECT a[1]::int AS id, a[2]::int AS entity, a[3] AS source, nullif(a[4], '') AS given_name, nullif(a[5], '') AS family_name, nullif(a[6], '') AS full_name,
	nullif(a[7], '') AS company, nullif(a[8], '') AS born, nullif(a[9], '') AS email, nullif(a[10], '') AS phone, nullif(a[11], '') AS street, nullif(a[12], '') AS postal_code, nullif(a[13], '') AS city
FROM (SELECT string_to_array(l, E'\t') AS a FROM string_to_table(:'content', E'\n') WITH ORDINALITY x(l, n) WHERE n > 1 AND l <> '') y;
SELECT count(*), count(DISTINCT entity) FROM lf_record;
\set kinds '\'{"source": "source", "given_name": "given_name", "family_name": "family_name", "full_name": "full_name", "company": "organisation_name", "born": "date", "email": "email", "phone": "phone", "street": "address", "postal_code": "postal_code", "city": "city"}\''

-- pairwise precision, recall and F1 of clusters over all true pairs
CREATE FUNCTION lf_score(clusters text, OUT p numeric, OUT r numeric, OUT f1 numeric) LANGUAGE plpgsql AS $$
DECLARE
	joint numeric; claimed numeric; expected numeric;
BEGIN
	EXECUTE format('WITH x AS (SELECT cluster_id, entity, count(*) n FROM %s c JOIN lf_record r ON r.id::text = c.record_id GROUP BY 1, 2)
		SELECT (SELECT sum(n * (n - 1) / 2) FROM x), (SELECT sum(n * (n - 1) / 2) FROM (SELECT sum(n) n FROM x GROUP BY cluster_id) y), (SELECT sum(n * (n - 1) / 2) FROM (SELECT sum(n) n FROM x GROUP BY entity) z)', clusters) INTO joint, claimed, expected;
	p := joint / claimed; r := joint / expected; f1 := 2 * joint / (claimed + expected);
END $$;
CREATE TABLE lf_cluster AS SELECT * FROM crmseg.cluster_records('lf_record', 'id', :kinds);
SELECT count(*), count(DISTINCT record_id) FROM lf_cluster;
SELECT p >= 0.99 AS precise, r >= 0.82 AS complete, f1 >= 0.90 AS good FROM lf_score('lf_cluster');
CREATE TABLE lf_careful AS SELECT * FROM crmseg.cluster_records('lf_record', 'id', :kinds, 0.8);
SELECT p >= 0.995 AS precise, r >= 0.73 AS complete FROM lf_score('lf_careful');

-- a family name that was read out of the very address that two records share speaks for nobody else
CREATE VIEW lf_read AS SELECT * FROM lf_record UNION ALL SELECT 9001, 9001, 'a', 'Robert', 'Mondal', NULL, NULL, NULL, 'robert.pegar40@mail.example', NULL, NULL, NULL, NULL
	UNION ALL SELECT 9002, 9001, 'b', NULL, NULL, NULL, NULL, NULL, 'robert.pegar40@mail.example', NULL, NULL, NULL, NULL;
SELECT match_probability > 0.9 AS sure FROM crmseg.link_records('lf_read', 'id', :kinds) WHERE left_id = '9001' AND right_id = '9002';

-- two names in the other order, one with a slip, weigh the same whichever of the records comes first
CREATE VIEW lf_exchanged AS SELECT * FROM lf_record UNION ALL SELECT a, a, 'a', g, f, NULL, NULL, NULL, m, p, NULL, NULL, NULL
	FROM (VALUES (9005, 'Irene', 'Steinelinbach', NULL, '0141424344'), (9006, 'Steinelinbahc', NULL, 'irene.steinelinbahc@mail.example', '0141424344'),
		(9007, 'Irene', 'Steinelinbach', NULL, '0141424345'), (9008, 'Steinelinbahc', 'Irene', NULL, '0141424345')) x(a, g, f, m, p);
SELECT count(*), max(match_weight) - min(match_weight) < 0.2 AS same FROM crmseg.link_records('lf_exchanged', 'id', :kinds, 0.01) WHERE (left_id, right_id) IN (('9005', '9006'), ('9007', '9008'));
-- the least id of a cluster is its name, and it is a member
SELECT count(*) AS wrong FROM (SELECT cluster_id, min(record_id::int) AS least FROM lf_cluster GROUP BY 1) x WHERE cluster_id::int <> least;

-- the same clusters in whatever order the rows come, and when run again
CREATE TABLE lf_turned AS SELECT * FROM lf_record ORDER BY md5(id::text);
SELECT count(*) AS differ FROM (SELECT * FROM crmseg.cluster_records('lf_turned', 'id', :kinds) EXCEPT SELECT * FROM lf_cluster) x;
CREATE VIEW lf_view AS SELECT * FROM lf_record ORDER BY id DESC;
SELECT count(*) AS differ FROM (SELECT * FROM crmseg.cluster_records('lf_view', 'id', :kinds) EXCEPT SELECT * FROM lf_cluster) x;
CREATE TABLE lf_parted (LIKE lf_record) PARTITION BY HASH (id);
CREATE TABLE lf_parted_0 PARTITION OF lf_parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE lf_parted_1 PARTITION OF lf_parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO lf_parted SELECT * FROM lf_record;
SELECT count(*) AS differ FROM (SELECT * FROM crmseg.cluster_records('lf_parted', 'id', :kinds) EXCEPT SELECT * FROM lf_cluster) x;

-- probabilities mean what they say: of pairs that are said to be as likely about that share is true, also of unlikely ones
SELECT width_bucket(match_probability, 0.1, 1.0, 3) AS bin, abs(avg(match_probability) - avg((a.entity = b.entity)::int)) < 0.15 AS calibrated
	FROM crmseg.link_records('lf_record', 'id', :kinds, 0.1) l JOIN lf_record a ON a.id = l.left_id::int JOIN lf_record b ON b.id = l.right_id::int GROUP BY 1 ORDER BY 1;
SELECT count(*) AS twice FROM (SELECT left_id, right_id FROM crmseg.link_records('lf_record', 'id', :kinds, 0.1) GROUP BY 1, 2 HAVING count(*) > 1) x;

-- two halves linked, nothing inside one
CREATE VIEW lf_a AS SELECT * FROM lf_record WHERE id % 2 = 0;
CREATE VIEW lf_b AS SELECT * FROM lf_record WHERE id % 2 = 1;
SELECT count(*) > 300 AS many, bool_and(left_id::int % 2 = 0 AND right_id::int % 2 = 1) AS across, avg((a.entity = b.entity)::int) > 0.87 AS precise
	FROM crmseg.link_records('lf_a', 'id', :kinds, 0.5, 'lf_b') l JOIN lf_record a ON a.id = l.left_id::int JOIN lf_record b ON b.id = l.right_id::int;

-- a trained model gives the same clusters
CREATE TABLE lf_model AS SELECT crmseg.train_records('lf_record', 'id', :kinds) AS model;
SELECT count(*) AS differ FROM (SELECT c.* FROM lf_model, crmseg.cluster_records('lf_record', 'id', :kinds, 0.5, NULL, model) c EXCEPT SELECT * FROM lf_cluster) x;

-- few columns: what a name is worth is not taken from it where names say nearly all
CREATE TABLE lf_few AS SELECT * FROM crmseg.cluster_records('lf_record', 'id', '{"given_name": "given_name", "family_name": "family_name", "full_name": "full_name", "company": "organisation_name", "email": "email"}');
SELECT p >= 0.9 AS precise, r >= 0.65 AS complete FROM lf_score('lf_few');
SELECT abs(avg(match_probability) - avg((a.entity = b.entity)::int)) < 0.12 AS calibrated
	FROM crmseg.link_records('lf_record', 'id', '{"given_name": "given_name", "family_name": "family_name", "full_name": "full_name", "company": "organisation_name", "email": "email"}', 0.1) l
	JOIN lf_record a ON a.id = l.left_id::int JOIN lf_record b ON b.id = l.right_id::int WHERE match_probability < 0.7;
-- and only one
SELECT count(DISTINCT cluster_id) BETWEEN 1000 AND 1999 AS some FROM crmseg.cluster_records('lf_record', 'id', '{"email": "email"}');
SELECT count(DISTINCT cluster_id) BETWEEN 1000 AND 2000 AS some FROM crmseg.cluster_records('lf_record', 'id', '{"email": "code", "phone": "text"}');
-- a column that says x everywhere takes nothing away
CREATE VIEW lf_constant AS SELECT id, 'x' AS given_name, family_name, email FROM lf_record;
SELECT count(*) > 300 AS some FROM crmseg.link_records('lf_constant', 'id', '{"given_name": "given_name", "family_name": "family_name", "email": "email"}');
SET client_min_messages = warning;
DROP FUNCTION lf_score;
DROP TABLE lf_record, lf_few, lf_cluster, lf_careful, lf_turned, lf_parted, lf_model CASCADE;
