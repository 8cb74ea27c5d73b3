-- names of persons: order, initials, particles, compounds, forms of given names, maiden names, scripts
SELECT a, b, round(crmseg.name_similarity(a, b)::numeric, 3) AS name_similarity
FROM (VALUES (1, 'Jean Dupont', 'DUPONT, Jean'), (2, 'Jean Dupont', 'J. Dupont'), (3, 'Jean-Pierre Dupont', 'J.-P. Dupont'), (4, 'Jean-Pierre Dupont', 'JP Dupont'),
	(5, 'Jean-Pierre Dupont', 'Jean Dupont'), (6, 'Bob Smith', 'Robert Smith'), (7, 'Liz Taylor', 'Elizabeth Taylor'), (8, 'Hans Müller', 'Johannes Mueller'), (9, 'Manu Petit', 'Emmanuel Petit'),
	(10, 'Marie Durand née Martin', 'Marie Martin'), (11, 'Marie Durand', 'Marie Durand-Martin'), (12, 'Charles de Gaulle', 'Charles Degaulle'), (13, 'Ludwig van Beethoven', 'Beethoven, Ludwig'),
	(14, 'Юлия Чехов', 'Iuliia Chekhov'), (15, '王小明', 'Wang Xiaoming'), (16, 'Mohamed El Amrani', 'Mohammed Elamrani'), (17, 'Mme Hélène Gauthier', 'HELENE GOTHIER'), (18, 'Luc Saint-Martin', 'Luc St Martin'),
	(19, 'Jean Dupont', 'Jean Dupond'), (20, 'Jean Dupont', 'Dupont'), (21, 'Jean Dupont', 'Marie Dupont'), (22, 'Jean Dupont', 'Jean Durand'), (23, 'Jean Dupont', 'Paul Martin'), (24, '', ''), (25, 'a', '')) v(n, a, b) ORDER BY n;
-- organisations: legal forms, common words, abbreviations, registry numbers
SELECT a, b, round(crmseg.organisation_similarity(a, b)::numeric, 3) AS organisation_similarity
FROM (VALUES (1, 'Dupont SARL', 'DUPONT S.A.R.L.'), (2, 'Müller GmbH & Co. KG', 'Müller'), (3, 'Société Générale', 'SOCIETE GENERALE S.A.'), (4, 'Acme Ltd', 'ACME Limited'), (5, 'Acme B.V.', 'acme'),
	(6, 'Acme société par actions simplifiée', 'Acme SAS'), (7, 'SNCF', 'Société nationale des chemins de fer'), (8, 'Garage Martin', 'Martin Garage SARL'), (9, 'Garage Martin', 'Garage Durand'), (10, 'Martin SARL', 'Durand SARL'),
	(11, 'Peier & Fils Garage', 'SASU Peier et Fils Garage'), (12, 'Total SIREN 542 051 180', 'TotalEnergies (542051180)'), (13, 'Acme SIRET 55210055400013', 'Acme SIREN 542051180'), (14, 'SARL', 'SARL'), (15, 'SA', 'SARL')) v(n, a, b) ORDER BY n;
-- dates of birth
SELECT a, b, round(crmseg.date_similarity(a, b)::numeric, 3) AS date_similarity
FROM (VALUES (1, date '1982-11-18', date '1982-11-18'), (2, '1982-11-08', '1982-08-11'), (3, '1982-11-18', '1982-11-19'), (4, '1982-11-18', '1928-11-18'), (5, '1982-11-18', '1882-11-18'), (6, '1982-11-18', '1982-01-01'),
	(7, '1982-11-30', '1982-12-02'), (8, '1982-11-18', '1982-11-03'), (9, '1982-11-18', '1900-01-01'), (10, '1900-01-01', '1900-01-01'), (11, '1982-11-18', 'infinity'), (12, 'infinity', 'infinity'), (13, '-infinity', 'infinity'),
	(14, '1982-11-18', '1984-03-02'), (15, '1982-11-18', '1944-03-02'), (16, '0044-03-15 BC', '5874897-12-31')) v(n, a, b) ORDER BY n;
-- e-mail and postal addresses
SELECT a, b, round(crmseg.email_similarity(a::crmseg.email, b::crmseg.email)::numeric, 3) AS email_similarity
FROM (VALUES (1, 'Jean.Dupont@gmail.com', 'jean.dupont@GMAIL.com'), (2, 'jean.dupont@gmail.com', 'jeandupont+x@gmail.com'), (3, 'jean.dupont@gmail.com', 'jean.dupont@gmial.com'), (4, 'jean.dupont@gmail.com', 'jean.dupnt@gmail.com'),
	(5, 'jean.dupont@gmail.com', 'jean.dupont@orange.fr'), (6, 'dupont.jean@free.fr', 'jean.dupont@free.fr'), (7, 'info@acme.fr', 'info@dupont.fr'), (8, 'a@acme.fr', 'zoe.durand@acme.fr'), (9, 'marie@free.fr', 'paul@free.fr')) v(n, a, b) ORDER BY n;
SELECT a, b, round(crmseg.address_similarity(a, b)::numeric, 3) AS address_similarity
FROM (VALUES (1, '12 bis av. du Gal Leclerc, 75014 Paris', '12bis avenue du Général Leclerc 75014 PARIS CEDEX 14'), (2, '12 rue de la Paix 75002 Paris', '12 rue de la Paix 75002'), (3, '12 rue de la Paix 75002 Paris', '12 rue de la Pais 75002 Paris'),
	(4, '12 rue du Bois 59000 Lille', '12 rue des Bois 59000 Lille'), (5, '12 rue Leclerc 59000 Lille', '12 rue du général Leclerc 59000 Lille'), (6, '12 rue de la Paix 75002 Paris', '14 rue de la Paix 75002 Paris'),
	(7, '12 rue de la Paix 75002 Paris', '12 rue de la Paix 69002 Lyon'), (8, '12 rue de la Paix 75002 Paris', '12 avenue Foch 69006 Lyon'), (9, '10 Downing Street, London SW1A 2AA', '10 Downing St, London'), (10, '', ''), (11, '', '12 rue Leclerc')) v(n, a, b) ORDER BY n;
-- sounds
SELECT w, crmseg.phonetic(w) FROM (VALUES (1, 'Renault'), (2, 'Reno'), (3, 'Schmidt'), (4, 'Smith'), (5, 'Jean-Baptiste'), (6, 'Чехов'), (7, 'Tchekhov'), (8, ''), (9, '3M')) v(n, w) ORDER BY n;
SELECT crmseg.phonetic('Renault') && crmseg.phonetic('RENAUD') AS french, crmseg.phonetic('Philip') && crmseg.phonetic('Filip') AS english, crmseg.phonetic('Meyer') && crmseg.phonetic('Maier') AS german,
	crmseg.phonetic('Martin') && crmseg.phonetic('Durand') AS different;
-- registry numbers
SELECT crmseg.is_valid_siren('552 100 554') AS siren, crmseg.is_valid_siren('552 100 555') AS wrong_siren, crmseg.is_valid_siret('55210055400013') AS siret, crmseg.is_valid_siret('552100554') AS no_siret,
	crmseg.is_valid_vat('FR40303265045') AS vat, crmseg.is_valid_vat('BE 0403.170.701') AS be, crmseg.is_valid_vat('DE136695976') AS de, crmseg.is_valid_vat('FR41303265045') AS wrong_vat,
	crmseg.registry_number('Acme, SIRET 552 100 554 00013') AS number, crmseg.registry_number('Acme') AS none;
-- what holds for any pair of values: 0 to 1, the same in both directions, 1 for equal ones; NULL gives NULL
WITH value AS (
	SELECT n, string_agg(w, ' ') AS name, date '1950-01-01' + (n * 7919) % 20000 AS day
	FROM (SELECT n, (ARRAY['Jean', 'PIERRE', 'jp', 'Müller', 'Mueller', 'd''Arc', 'née', 'SARL', 'S.A.', '12', 'rue', 'de', 'la Paix', '75002', 'Élodie', 'Чехов', '山田', 'x', '552100554', ''])[1 + (n * 31 + k * k * 17 + n * k * 7) % 20] AS w
		FROM generate_series(1, 120) n, generate_series(1, 5) k WHERE k <= 1 + n % 5 ORDER BY n, k) x GROUP BY n),
pair AS (SELECT a.name AS a, b.name AS b, a.day AS c, b.day AS d, a.n = b.n AS same FROM value a, value b),
result AS (
	SELECT p.same, s.*, p.a, p.b FROM pair p, LATERAL (VALUES ('name', crmseg.name_similarity(a, b), crmseg.name_similarity(b, a)), ('organisation', crmseg.organisation_similarity(a, b), crmseg.organisation_similarity(b, a)),
		('address', crmseg.address_similarity(a, b), crmseg.address_similarity(b, a)), ('date', crmseg.date_similarity(c, d), crmseg.date_similarity(d, c))) s(kind, value, other))
SELECT kind, bool_and(value BETWEEN 0 AND 1) AS within, bool_and(value = other) AS symmetric, bool_and(value = 1) FILTER (WHERE same) AS equal_is_one FROM result GROUP BY kind ORDER BY kind;
SELECT crmseg.name_similarity(NULL, 'a') IS NULL AND crmseg.organisation_similarity('a', NULL) IS NULL AND crmseg.address_similarity(NULL, 'a') IS NULL AND crmseg.date_similarity(NULL, '2000-01-01') IS NULL
	AND crmseg.email_similarity(NULL, 'a@b.fr') IS NULL AND crmseg.phonetic(NULL) IS NULL AND crmseg.registry_number(NULL) IS NULL AS null_gives_null;
-- limits
SELECT crmseg.name_similarity(repeat('é', 4097), 'e');
SELECT crmseg.name_similarity(repeat('é ', 2048), repeat('e ', 2047)) AS many_words, cardinality(crmseg.phonetic(repeat('ab', 2048))) AS codes;
SELECT crmseg.address_similarity(repeat('a', 1001), 'a');
