-- Linking the records of any relation: shapes, errors, edges. The accuracy is in linkage_f1.
\set VERBOSITY default
SET search_path = public;
CREATE SCHEMA "li""nk";
CREATE TABLE "li""nk"."Rec ords" ("Id" int PRIMARY KEY, "select" text, nom text, "Né le" text, mail text, tel text, rue text, cp text, ville text, src text);
INSERT INTO "li""nk"."Rec ords" VALUES
	(1, 'Jean', 'Dupont', '1982-11-18', 'jean.dupont@example.org', '06 12 34 56 78', '12 rue de la Paix', '75002', 'Paris', 'shop'),
	(2, 'Jean', 'DUPOND', '18/11/1982', NULL, '+33 6 12 34 56 78', '12, r. de la paix', '75002', 'PARIS', 'web'),
	(3, 'Marie', 'Dupont', '1984-02-03', NULL, '06 99 88 77 66', '12 rue de la Paix', '75002', 'Paris', 'web'),
	(4, 'Dupont', 'Marie', '03.02.84', 'marie.dupont@example.net', NULL, NULL, NULL, NULL, 'shop'),
	(5, 'Zoé', 'Lemaître', NULL, 'zoe@lemaitre.example', NULL, NULL, NULL, NULL, 'shop'),
	(6, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
\set kinds '\'{"select": "given_name", "nom": "family_name", "Né le": "date", "mail": "email", "tel": "phone", "rue": "address", "cp": "postal_code", "ville": "city", "src": "source"}\''
SELECT * FROM crmseg.cluster_records('"li""nk"."Rec ords"', 'Id', :kinds) ORDER BY record_id;
SELECT left_id, right_id, match_probability > 0.9 AS sure, match_weight > 3 AS heavy FROM crmseg.link_records('"li""nk"."Rec ords"', 'Id', :kinds) ORDER BY 1, 2;

-- two relations, nothing inside one
CREATE VIEW "li""nk".other AS SELECT * FROM "li""nk"."Rec ords" WHERE "Id" < 5;
SELECT * FROM crmseg.cluster_records('"li""nk"."Rec ords"', 'Id', :kinds, 0.5, '"li""nk".other') ORDER BY record_id;
SELECT count(*) FROM crmseg.link_records('"li""nk"."Rec ords"', 'Id', :kinds, 0.5, '"li""nk".other') WHERE left_id = right_id;

-- blocking
SELECT rule, blocks, pairs, largest_block, skipped FROM crmseg.explain_blocking('"li""nk"."Rec ords"', 'Id', :kinds) WHERE pairs > 0 ORDER BY rule;

-- a model out and in again gives the same pairs
SELECT crmseg.train_records('"li""nk"."Rec ords"', 'Id', :kinds) AS model \gset
SELECT jsonb_object_keys(:'model'::jsonb -> 'persons' -> 'comparisons') AS comparison ORDER BY 1;
SELECT (SELECT array_agg(l ORDER BY l) FROM crmseg.link_records('"li""nk"."Rec ords"', 'Id', :kinds) l) =
	(SELECT array_agg(l ORDER BY l) FROM crmseg.link_records('"li""nk"."Rec ords"', 'Id', :kinds, 0.5, NULL, :'model') l) AS same;

-- one pair explained; the last sum is the weight
SELECT comparison, left_value, right_value, level, m IS NULL AS no_m, round(weight::numeric, 1) AS weight, round(running::numeric, 1) AS running
	FROM crmseg.explain_match('{"n": "Bob", "f": "Miller", "m": "bob@x.org", "d": "18/11/1982"}', '{"n": "Robert", "f": "Muller", "m": "bob@x.org", "d": "1982-11-18"}',
		'{"n": "given_name", "f": "family_name", "m": "email", "d": "date"}');
SELECT * FROM crmseg.explain_match('{"n": "Bob"}', '{"o": "Bob Ltd"}', '{"n": "given_name", "o": "organisation_name"}');

-- nothing, little, and all the same
CREATE TABLE "li""nk".few (id text, name text, mail text);
SELECT * FROM crmseg.cluster_records('"li""nk".few', 'id', '{"name": "full_name", "mail": "email"}');
SELECT * FROM crmseg.link_records('"li""nk".few', 'id', '{"name": "full_name", "mail": "email"}');
INSERT INTO "li""nk".few VALUES ('x', 'Ann Lee', NULL);
SELECT * FROM crmseg.cluster_records('"li""nk".few', 'id', '{"name": "full_name", "mail": "email"}');
INSERT INTO "li""nk".few SELECT 'n' || g, NULL, NULL FROM generate_series(1, 50) g;
SELECT count(DISTINCT cluster_id) FROM crmseg.cluster_records('"li""nk".few', 'id', '{"name": "full_name", "mail": "email"}');
TRUNCATE "li""nk".few;
INSERT INTO "li""nk".few SELECT g, 'Ann Lee', 'ann@lee.example' FROM generate_series(1, 20000) g;
SELECT count(*), count(DISTINCT cluster_id) <= 20000 AS defined FROM crmseg.cluster_records('"li""nk".few', 'id', '{"name": "full_name", "mail": "email"}');
SELECT rule, pairs, largest_block, skipped FROM crmseg.explain_blocking('"li""nk".few', 'id', '{"name": "full_name", "mail": "email"}') ORDER BY rule;

-- what is wrong is said
\set SHOW_CONTEXT never
\set VERBOSITY sqlstate
SELECT * FROM crmseg.link_records('"li""nk".few', 'id', '{"nom": "full_name"}');
SELECT * FROM crmseg.link_records('"li""nk".few', 'nr', '{"name": "full_name"}');
SELECT * FROM crmseg.link_records('"li""nk".few', 'id', '{"name": "surname"}');
SELECT * FROM crmseg.link_records('"li""nk".few', 'id', '{"name": ["full_name"]}');
SELECT * FROM crmseg.link_records('"li""nk".few', 'id', '["name"]');
SELECT * FROM crmseg.link_records('"li""nk".few', 'id', '{}');
SELECT * FROM crmseg.link_records('"li""nk".few', 'id', '{"name": "ignored"}');
SELECT * FROM crmseg.link_records('"li""nk".few', 'id', '{"name": "country"}');
SELECT * FROM crmseg.link_records('"li""nk".few', 'mail', '{"name": "full_name"}');
SELECT * FROM crmseg.link_records('"li""nk".few', 'id', '{"name": "full_name"}', 1);
SELECT * FROM crmseg.link_records('"li""nk".few', 'id', '{"name": "full_name"}', 'NaN');
SELECT * FROM crmseg.link_records('"li""nk".few', 'id', NULL);
SELECT * FROM crmseg.link_records(1::oid::regclass, 'id', '{"name": "full_name"}');
SELECT * FROM crmseg.link_records('"li""nk".few', 'id', '{"name": "full_name"}', 0.5, '"li""nk".other');
SELECT * FROM crmseg.link_records('"li""nk".few', 'id', '{"name": "full_name"}', 0.5, NULL, '{}');
SELECT * FROM crmseg.link_records('"li""nk".few', 'id', '{"name": "full_name"}', 0.5, NULL, '[1]');
UPDATE "li""nk".few SET id = NULL WHERE id = '7';
SELECT * FROM crmseg.cluster_records('"li""nk".few', 'id', '{"name": "full_name"}');
SELECT crmseg.link_records('"li""nk".few', 'id', '{"name": "full_name"}') LIMIT 0;
\set VERBOSITY default
SELECT * FROM crmseg.link_records('"li""nk".few', 'id', '{"name": "surname"}');

-- the caller's rights, and row-level security
CREATE ROLE linkage_reader;
SET ROLE linkage_reader;
SELECT * FROM crmseg.cluster_records('"li""nk".few', 'id', '{"name": "full_name"}');
RESET ROLE;
GRANT USAGE ON SCHEMA "li""nk" TO linkage_reader;
GRANT SELECT ON "li""nk"."Rec ords" TO linkage_reader;
ALTER TABLE "li""nk"."Rec ords" ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON "li""nk"."Rec ords" USING ("Id" < 3);
SET ROLE linkage_reader;
SELECT * FROM crmseg.cluster_records('"li""nk"."Rec ords"', 'Id', :kinds) ORDER BY record_id;
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA "li""nk" CASCADE;
DROP ROLE linkage_reader;
