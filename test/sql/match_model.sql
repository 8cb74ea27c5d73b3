-- Models that are kept, edited and given: levels, and how frequent values are.
SET search_path = public;
SET client_min_messages = warning;
SET extra_float_digits = 0;
CREATE SCHEMA "mo""del";
-- two hundred people; one in five bears the same given name, one in eight the same family name
CREATE TABLE "mo""del"."from" AS
SELECT g AS "Id", CASE WHEN p % 5 = 0 THEN 'Jean' ELSE 'N' || chr(97 + p % 26) || chr(97 + p / 26) || 'o' END AS "First", CASE WHEN p % 8 = 0 THEN 'Le Goff' ELSE 'Fam' || chr(97 + p / 26) || chr(97 + p % 26) || 'r' END AS "select",
	'x' || p || '@mail.example' AS mail, (10000 + p % 40)::text AS code, CASE WHEN p % 3 = 0 THEN 'gold' WHEN p % 7 = 0 THEN 'tin' END AS "ti""er"
FROM (SELECT g, g * 7 / 10 AS p FROM generate_series(1, 300) g) x;
\set kinds '''{"First": "given_name", "select": "family_name", "mail": "email", "code": "postal_code", "ti\\"er": "text"}'''
SELECT crmseg.train_records('"mo""del"."from"', 'Id', :kinds) AS model \gset
SELECT k.key, count(*) AS listed, max(v.value::text::float8) > 0.1 AS frequent, min(v.value::text::float8) > 0 AS above_0
FROM jsonb_each(:'model'::jsonb -> 'frequencies') k CROSS JOIN LATERAL jsonb_each(k.value) v WHERE k.key <> 'columns' GROUP BY 1 ORDER BY 1;
SELECT k.key, v.key, v.value::text::float8 BETWEEN 0.1 AND 1 AS frequent FROM jsonb_each(:'model'::jsonb #> '{frequencies,columns}') k CROSS JOIN LATERAL jsonb_each(k.value) v ORDER BY 1, 2;
-- the same pairs by the model and without it
SELECT (SELECT array_agg(l ORDER BY l) FROM crmseg.link_records('"mo""del"."from"', 'Id', :kinds, 0.01) l) =
	(SELECT array_agg(l ORDER BY l) FROM crmseg.link_records('"mo""del"."from"', 'Id', :kinds, 0.01, NULL, :'model') l) AS same;
-- a name that is said to be frequent says less, one that is said to be rare more; the other pairs stay as they are
CREATE FUNCTION "mo""del".weights(model jsonb, t float8 DEFAULT 0.001) RETURNS TABLE (l text, r text, w numeric) LANGUAGE sql AS $$
	SELECT left_id, right_id, round(match_weight::numeric, 3) FROM crmseg.link_records('"mo""del"."from"', 'Id', '{"First": "given_name", "select": "family_name", "mail": "email", "code": "postal_code", "ti\"er": "text"}', t, NULL, model) $$;
SELECT jsonb_set(:'model', '{frequencies,given_name,jean}', '0.9') AS frequent, jsonb_set(:'model', '{frequencies,given_name,JEAN}', '0.0001') #- '{frequencies,given_name,jean}' AS rare \gset
CREATE TABLE "mo""del".compared AS
SELECT a.l, a.r, f."First" = 'Jean' AND s."First" = 'Jean' AS jean, a.w, b.w AS frequent, c.w AS rare
FROM "mo""del".weights(:'model') a LEFT JOIN "mo""del".weights(:'frequent', 1e-9) b USING (l, r) LEFT JOIN "mo""del".weights(:'rare', 1e-9) c USING (l, r)
JOIN "mo""del"."from" f ON f."Id"::text = a.l JOIN "mo""del"."from" s ON s."Id"::text = a.r;
SELECT jean, count(*) > 5 AS some, bool_and(frequent < w) AS less, bool_and(rare > w) AS more, bool_and(abs(frequent - w) < 0.2) AS stays FROM "mo""del".compared GROUP BY 1 ORDER BY 1;
-- frequencies alone of some kinds; names as people write them, values that nobody has
SELECT count(*) > 0 AS some FROM "mo""del".weights(:'model'::jsonb || '{"frequencies": {"family_name": {"LE GOFF": 0.5, "Nobody": 0.01}}}');
SELECT count(*) > 0 AS some FROM "mo""del".weights(:'model'::jsonb - 'frequencies');
-- m edited: what agrees is told to be worth nothing
SELECT (SELECT count(*) FROM "mo""del".weights(:'model', 0.9)) > 50 AS many,
	(SELECT count(*) FROM "mo""del".weights(jsonb_set(:'model', '{persons,same}', '1e-9'), 0.9)) AS none;
-- one pair explained: the frequency of the value, not of the level
SELECT comparison, level, round(term_frequency::numeric, 4) AS term_frequency FROM crmseg.explain_match('{"First": "JEAN", "select": "Rare", "ti\"er": "Gold"}', '{"First": "Jean", "select": "Rare", "ti\"er": "gold"}', :kinds,
	jsonb_set(:'model', '{frequencies,given_name,jean}', '0.25')) WHERE level IS NOT NULL ORDER BY 1;
-- what is wrong is said
\set VERBOSITY terse
\set SHOW_CONTEXT never
SELECT "mo""del".weights(:'model'::jsonb || '{"frequencies": 1}');
SELECT "mo""del".weights(:'model'::jsonb || '{"frequencies": {"given_name": []}}');
SELECT "mo""del".weights(:'model'::jsonb || '{"frequencies": {"given_name": {"jean": "often"}}}');
SELECT "mo""del".weights(:'model'::jsonb || '{"frequencies": {"given_name": {"jean": 0}}}');
SELECT "mo""del".weights(:'model'::jsonb || '{"frequencies": {"family_name": {"jean": 1.5}}}');
SELECT "mo""del".weights(:'model'::jsonb || '{"frequencies": {"columns": {"ti\"er": {"gold": null}}}}');
SELECT count(*) > 0 AS some FROM "mo""del".weights(:'model'::jsonb || '{"frequencies": {"columns": {"other": 1}, "colour": 2, "given_name": {"": 0.1, " - ": 0.1}}}');

-- tables that hold nothing, the same thing, or what is none
\set VERBOSITY sqlstate
CREATE TABLE "mo""del"."sel;ect" ("I'd" text, "né" text, "a ""b" text, "order" date, n int, j jsonb);
SELECT * FROM crmseg.cluster_quality('"mo""del"."sel;ect"', $$I'd$$, '{"né": "family_name"}');
SELECT crmseg.train_records('"mo""del"."sel;ect"', $$I'd$$, '{"né": "family_name", "a \"b": "code"}') IS NOT NULL AS a_model;
SELECT * FROM crmseg.explain_blocking('"mo""del"."sel;ect"', $$I'd$$, '{"né": "family_name"}');
INSERT INTO "mo""del"."sel;ect" SELECT g FROM generate_series(1, 3000) g;
SELECT count(*), count(DISTINCT cluster_id) FROM crmseg.cluster_records('"mo""del"."sel;ect"', $$I'd$$, '{"né": "full_name", "a \"b": "email", "order": "date", "n": "phone", "j": "address"}');
SELECT jsonb_path_exists(crmseg.train_records('"mo""del"."sel;ect"', $$I'd$$, '{"né": "full_name", "order": "date"}'), '$.persons.same ? (@ >= 0)') AS a_model;
-- one giant block, whatever is the same in it
UPDATE "mo""del"."sel;ect" SET "né" = 'Ann Lee', "a ""b" = 'ann@lee.example', "order" = '1980-01-01', n = 612345678, j = '"1 rue de la Paix"';
INSERT INTO "mo""del"."sel;ect" SELECT 'x' || g, CASE WHEN g % 2 = 0 THEN 'Ann Lee' END, CASE WHEN g % 3 = 0 THEN 'ann@lee.example' END, '1980-01-01' FROM generate_series(1, 20000) g;
SELECT count(*) = 23000 AS all_of_them, count(DISTINCT cluster_id) BETWEEN 1 AND 23000 AS defined FROM crmseg.cluster_records('"mo""del"."sel;ect"', $$I'd$$, '{"né": "full_name", "a \"b": "email", "order": "date", "n": "phone", "j": "address"}');
SELECT sum(pairs) < 30 * 23000 AS not_quadratic FROM crmseg.explain_blocking('"mo""del"."sel;ect"', $$I'd$$, '{"né": "full_name", "a \"b": "email", "order": "date", "n": "phone", "j": "address"}');
SELECT crmseg.cluster_records('"mo""del"."sel;ect"', $$i'd$$, '{"né": "full_name"}');
SELECT crmseg.cluster_records('"mo""del"."sel;ect"', $$I'd$$, '{"ne": "full_name"}');
SELECT crmseg.cluster_records('"mo""del"."sel;ect"', $$I'd$$, '{"né": "nom"}');
SELECT crmseg.cluster_records('"mo""del"."sel;ect"', $$I'd$$, '{"né": "ignored"}');
SELECT crmseg.cluster_records('"mo""del"."sel;ect"', $$I'd$$, NULL);
SELECT crmseg.cluster_records('"mo""del"."sel;ect"', $$order$$, '{"né": "full_name"}');
SELECT crmseg.cluster_records('"mo""del"."sel;ect"', $$I'd$$, '{"né": "full_name"}', 'NaN');
SELECT crmseg.cluster_records('"mo""del"."sel;ect"', $$I'd$$, '{"né": "full_name"}', 0.5, NULL, '[]');
SELECT crmseg.cluster_records(0::regclass, $$I'd$$, '{"né": "full_name"}');
INSERT INTO "mo""del"."sel;ect" VALUES (NULL);
SELECT crmseg.cluster_records('"mo""del"."sel;ect"', $$I'd$$, '{"né": "full_name"}');
SET client_min_messages = error;
DROP SCHEMA "mo""del" CASCADE;
