-- the parties that an incoming record may be, and why
SET client_min_messages = warning;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
SELECT crmseg.create_datamart('Who "is" it');
CREATE FUNCTION pg_temp.find(record jsonb, max_rows int DEFAULT 10) RETURNS TABLE (party text, likely boolean) LANGUAGE sql AS
	$$ SELECT coalesce(p.legal_name, concat_ws(' ', p.given_name, p.family_name)), f.match_probability > 0.5
		FROM crmseg.find_matches('Who "is" it', record, max_rows) WITH ORDINALITY f JOIN "Who ""is"" it".party p USING (party_id) ORDER BY f.ordinality $$;
INSERT INTO "Who ""is"" it".party (party_id, given_name, family_name, maiden_name, birth_date, postal_code) VALUES
	(1, 'Jean-Baptiste', 'de la Tour', NULL, '1982-11-08', '75014'), (2, 'Élodie', 'Lefèvre', 'Garçon', '1990-05-17', NULL), (3, 'Robert', 'Smith', NULL, NULL, NULL),
	(4, 'Юлия', 'Чехова', NULL, NULL, NULL), (5, 'Hans', 'Müller', NULL, '1970-02-03', '10115'), (6, NULL, NULL, NULL, NULL, NULL);
INSERT INTO "Who ""is"" it".party (party_id, kind, legal_name) VALUES (7, 'organisation', 'Boulangerie Petit SARL'), (8, 'organisation', 'Acme GmbH (FR40303265045)'), (9, 'household', NULL);
INSERT INTO "Who ""is"" it".contact_point (party_id, kind, value, value_norm, street, postal_code, city, country) VALUES
	(1, 'postal', '12 bis av. du Gal Leclerc, 75014 Paris', crmseg.address_key('12 bis av. du Gal Leclerc, 75014 Paris', 'FR'), '12 bis av. du Gal Leclerc', '75014', 'Paris', 'FR'),
	(2, 'email', 'elodie.lefevre@gmail.com', 'elodielefevre@gmail.com', NULL, NULL, NULL, NULL), (2, 'email', 'elo@orange.fr', 'elo@orange.fr', NULL, NULL, NULL, NULL),
	(3, 'phone', '+447700900123', '+447700900123', NULL, NULL, NULL, 'GB'), (6, 'email', 'nobody.knows@free.fr', 'nobody.knows@free.fr', NULL, NULL, NULL, NULL),
	(7, 'email', 'contact@boulangerie-petit.fr', 'contact@boulangerie-petit.fr', NULL, NULL, NULL, NULL);
-- order, accents, initials, slips, forms of names, scripts, one field or two
SELECT n, f.* FROM (VALUES (1, '{"given_name": "JEAN BAPTISTE", "family_name": "DELATOUR"}'::jsonb), (2, '{"full_name": "DE LA TOUR, Jean-Baptiste"}'), (3, '{"given_name": "Lefevre", "family_name": "Elodie"}'),
	(4, '{"given_name": "Elodie", "family_name": "Lefebvre"}'), (5, '{"given_name": "Elodie", "family_name": "Garcon"}'), (6, '{"given_name": "E.", "family_name": "Lefevre"}'), (7, '{"given_name": "Iuliia", "family_name": "Chekhova"}'),
	(8, '{"given_name": "Hanz", "family_name": "Mueller", "birth_date": "03.02.1970"}'), (9, '{"birth_date": "1970-03-02", "given_name": "Hans"}'), (10, '{"party": {"given_name": "Hans"}, "birth_date": "3/2/1970"}'),
	(11, '{"email": "Elodie.Lefevre+shop@googlemail.com"}'), (12, '{"email": ["x@y.fr", "elodielefevre@orange.fr"]}'), (13, '{"phone": "07700 900123", "given_name": "Bob"}'), (14, '{"phone": "0044 7700 900 123"}'),
	(15, '{"given_name": "J-B", "address": {"street": "12bis avenue du Général Leclerc", "postal_code": 75014, "city": "PARIS"}}'), (16, '{"legal_name": "S.A.R.L. Petit Boulangerie"}'),
	(17, '{"legal_name": "x", "registry_number": "303265045"}'), (18, '{"legal_name": "La boulangerie", "email": "info@boulangerie-petit.fr"}'), (19, '{"given_name": "Nobody", "family_name": "Atall"}'),
	(20, '{}'), (21, '{"given_name": null, "family_name": ""}'), (22, '{"email": "not an address", "phone": "12", "birth_date": "yesterday"}')) v(n, record)
	LEFT JOIN LATERAL pg_temp.find(record) f ON true ORDER BY n, f.party COLLATE "C";
-- what is known of a record, and what is not
SELECT * FROM crmseg.find_matches('Who "is" it', '{"nom": "Petit"}');
SELECT * FROM crmseg.find_matches('Who "is" it', '["Petit"]');
SELECT * FROM crmseg.find_matches('Who "is" it', '{"email": {"value": "a@b.fr"}}');
SELECT * FROM crmseg.find_matches('Who "is" it', '{"email": "a@b.fr"}', -1);
SELECT * FROM crmseg.find_matches('Who "is" it', NULL);
SELECT * FROM crmseg.find_matches('nowhere', '{}');
SELECT count(*) AS none_asked FROM crmseg.find_matches('Who "is" it', '{"family_name": "Smith", "given_name": "Robert"}', 0);
-- changes are seen at once: another name, another address, a party that goes, one that comes
UPDATE "Who ""is"" it".party SET family_name = 'Jones' WHERE party_id = 3;
SELECT * FROM pg_temp.find('{"given_name": "Bob", "family_name": "Jones"}');
SELECT count(*) AS by_its_old_name FROM pg_temp.find('{"given_name": "Robert", "family_name": "Smith"}');
UPDATE "Who ""is"" it".contact_point SET value = '+33612345678', value_norm = '+33612345678' WHERE party_id = 3;
SELECT * FROM pg_temp.find('{"phone": "06 12 34 56 78"}');
SELECT count(*) AS by_its_old_number FROM pg_temp.find('{"phone": "+447700900123"}');
DELETE FROM "Who ""is"" it".contact_point WHERE party_id = 3;
SELECT count(*) AS by_no_number FROM pg_temp.find('{"phone": "06 12 34 56 78"}');
DELETE FROM "Who ""is"" it".party WHERE party_id = 3;
SELECT count(*) AS gone, (SELECT count(*) FROM "Who ""is"" it".match_key WHERE party_id = 3) AS keys FROM pg_temp.find('{"given_name": "Robert", "family_name": "Jones"}');
UPDATE "Who ""is"" it".party SET updated_at = now();
SELECT count(*) AS noted_for_nothing FROM "Who ""is"" it".match_pending;
-- where nothing may be written the keys of the last time serve
INSERT INTO "Who ""is"" it".party (party_id, given_name, family_name) VALUES (10, 'Anna', 'Kowalska');
BEGIN READ ONLY;
SELECT count(*) AS not_yet FROM pg_temp.find('{"given_name": "Anna", "family_name": "Kowalska"}');
COMMIT;
SELECT * FROM pg_temp.find('{"given_name": "Anna", "family_name": "Kowalska"}');
CREATE ROLE find_reader;
GRANT USAGE ON SCHEMA "Who ""is"" it" TO find_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA "Who ""is"" it" TO find_reader;
SET ROLE find_reader;
SELECT party_id FROM crmseg.find_matches('Who "is" it', '{"given_name": "Hans", "family_name": "Muller"}');
RESET ROLE;
REVOKE SELECT ON "Who ""is"" it".party FROM find_reader;
SET ROLE find_reader;
SELECT party_id FROM crmseg.find_matches('Who "is" it', '{"given_name": "Hans", "family_name": "Muller"}');
RESET ROLE;

-- why: the same sum by both ways, in words and as a picture
INSERT INTO "Who ""is"" it".party (party_id, given_name, family_name, birth_date) VALUES (11, 'Johannes', 'Mueller', '1970-03-02');
SELECT comparison, left_value, right_value, level, m IS NOT NULL AS has_m, round(weight::numeric) AS weight FROM crmseg.explain_match('Who "is" it', 5, 11);
SELECT abs((SELECT match_weight FROM crmseg.find_matches('Who "is" it', '{"given_name": "Johannes", "family_name": "Mueller", "birth_date": "1970-03-02"}') WHERE party_id = 5)
	- (SELECT running FROM crmseg.explain_match('Who "is" it', 5, 11) WITH ORDINALITY ORDER BY ordinality DESC LIMIT 1)) < 0.01 AS same_sum;
-- well-formed: as many elements closed as opened, no sign left that would open one (a server may have no libxml)
CREATE FUNCTION pg_temp.is_svg(x text) RETURNS boolean LANGUAGE sql AS $$
	SELECT x ~ '^<svg .*</svg>$' AND (SELECT count(*) FROM regexp_matches(x, '<[a-z]', 'g')) = (SELECT count(*) FROM regexp_matches(x, '</[a-z]|/>', 'g'))
		AND regexp_replace(x, '<[^<>]*>', '', 'g') !~ '[<>]' AND x !~ '&(?!(amp|lt|gt|quot|apos|#[0-9]+);)' $$;
SELECT pg_temp.is_svg(x) AS well_formed, (SELECT count(*) FROM regexp_matches(x, '<rect', 'g')) AS bars, strpos(x, '<script') AS scripts
	FROM (SELECT crmseg.match_chart('Who "is" it', 5, 11) AS x) c;
UPDATE "Who ""is"" it".party SET given_name = '<b>&"''' WHERE party_id = 11;
SELECT pg_temp.is_svg(crmseg.match_chart('Who "is" it', 5, 11)) AS well_formed;
SELECT * FROM crmseg.explain_match('Who "is" it', 5, 9);
SELECT * FROM crmseg.explain_match('Who "is" it', 5, 12345);
SELECT crmseg.match_chart('Who "is" it', NULL, 5) IS NULL AS null_gives_null;
SELECT pg_temp.is_svg(crmseg.svg_match('[]')) AS nothing_to_show;

-- many parties: of those that are asked for with slips of the pen nearly all are among the first ten, as a search through all of them finds
SELECT setseed(0.25);
WITH word AS (SELECT ARRAY['Hélène', 'Jean', 'Marie', 'François', 'Ludwig', 'Katharina', 'Élodie', 'Christophe', 'Jürgen', 'William', 'Sophie', 'Mohamed', 'Sébastien', 'Charlotte', 'Guillaume', 'Noël'] AS g,
	ARRAY['Dupont', 'Lefèvre', 'Martin', 'Müller', 'Schneider', 'Brien', 'Thompson', 'Beaumont', 'Tour', 'Durand', 'Wagner', 'Girard', 'Fournier', 'Roux', 'Garçon', 'Boulanger', 'Chevalier', 'Taylor'] AS f, ARRAY['', 'et', 'ier', 'o', 'mann', 'sen', 'ot', 'elle'] AS s)
INSERT INTO "Who ""is"" it".party (party_id, given_name, family_name, birth_date)
	SELECT 1000 + n, g[1 + floor(random() * 16)::int], f[1 + floor(random() * 18)::int] || s[1 + floor(random() * 8)::int], date '1940-01-01' + floor(random() * 25000)::int FROM word, generate_series(1, 3000) n;
INSERT INTO "Who ""is"" it".contact_point (party_id, kind, value, value_norm) SELECT party_id, 'phone', '+336' || 10000000 + party_id * 7919, '+336' || 10000000 + party_id * 7919 FROM "Who ""is"" it".party WHERE party_id > 1000 AND party_id % 3 = 0;
ANALYZE "Who ""is"" it".party;
WITH probe AS (
	SELECT p.party_id, jsonb_strip_nulls(jsonb_build_object('given_name', CASE WHEN p.party_id % 5 = 0 THEN left(p.given_name, 1) ELSE crmseg.fold(p.given_name) END,
		'family_name', CASE WHEN p.party_id % 4 = 0 THEN overlay(p.family_name placing '' from 3 for 1) ELSE upper(p.family_name) END, 'birth_date', CASE WHEN p.party_id % 5 = 0 OR p.party_id % 4 < 2 THEN p.birth_date END)) AS record
	FROM "Who ""is"" it".party p WHERE p.party_id BETWEEN 1001 AND CASE WHEN current_setting('crmseg_test.light', true) = 'on' THEN 1020 ELSE 1300 END)
SELECT avg((EXISTS (SELECT FROM crmseg.find_matches('Who "is" it', record) f WHERE f.party_id = p.party_id))::int) >= 0.95 AS recall_at_10 FROM probe p;
SELECT crmseg.train_match_model('Who "is" it');
SELECT comparison, count(*) > 0 AS some, bool_and(share > 0 AND share <= 1) AS shares FROM "Who ""is"" it".match_frequency GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM "Who ""is"" it".match_model WHERE model ? 'frequencies' OR frequencies IS NULL;
SELECT class, count(DISTINCT comparison) >= 8 AS comparisons, bool_and(m BETWEEN 0 AND 1 AND u BETWEEN 0 AND 1) AS shares, bool_and(weight > 0) FILTER (WHERE level_no = 1 AND comparison IN ('family_name', 'email', 'phone', 'date')) AS equal_is_for FROM "Who ""is"" it".match_weight GROUP BY class ORDER BY class;
SELECT party, likely FROM pg_temp.find('{"given_name": "Hans", "family_name": "Müller", "birth_date": "1970-02-03"}', 1);

-- a mart that is renamed goes on, and one that is made again under its name too
ALTER SCHEMA "Who ""is"" it" RENAME TO renamed_mart;
INSERT INTO renamed_mart.party (party_id, given_name, family_name) VALUES (20, 'Zoé', 'Renamed');
SELECT party_id FROM crmseg.find_matches('renamed_mart', '{"given_name": "Zoe", "family_name": "Renamed"}');
DROP SCHEMA renamed_mart CASCADE;
SELECT * FROM crmseg.find_matches('renamed_mart', '{"family_name": "x"}');
SELECT crmseg.create_datamart('renamed_mart');
SELECT count(*) AS empty_again FROM crmseg.find_matches('renamed_mart', '{"given_name": "Zoe", "family_name": "Renamed"}');
DROP SCHEMA renamed_mart CASCADE;
DROP ROLE find_reader;
