-- records that are one become one party: what is a key, what is none, what follows
SET client_min_messages = warning;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
-- groups
SELECT * FROM crmseg.connected_groups('{5,2,9,7}', '{2,1,8,9}') ORDER BY 1;
SELECT * FROM crmseg.connected_groups('{1,2,3}', '{2,3,4}', '{1,3,4}', '{10,20,20}') ORDER BY 1;
SELECT * FROM crmseg.connected_groups('{}', '{}');
SELECT * FROM crmseg.connected_groups(NULL, '{}');
SELECT * FROM crmseg.connected_groups('{1}', '{}');
SELECT * FROM crmseg.connected_groups('{1,NULL}', '{1,2}');
SELECT * FROM crmseg.connected_groups('{{1,2},{3,4}}', '{1,2,3,4}');
SELECT count(*), count(DISTINCT root), sum(root) FROM crmseg.connected_groups(ARRAY(SELECT i FROM generate_series(1, 100000) i), ARRAY(SELECT i + 2 FROM generate_series(1, 100000) i));

-- names that stand at one address
SELECT a, b, crmseg.names_agree(split_part(a, ',', 2), split_part(a, ',', 1), split_part(b, ',', 2), split_part(b, ',', 1)) AS agree,
	crmseg.names_agree(split_part(b, ',', 2), split_part(b, ',', 1), split_part(a, ',', 2), split_part(a, ',', 1)) AS agree_swapped
FROM (VALUES ('dupont,jean', 'dupont,jean'), ('dupont,jean', 'jean,dupont'), ('dupont,jean', 'dupont jean,'), ('dupont,jean', 'dupond,jean'), ('dupont,jean', 'martin,jean'),
	('dupont,jean', 'dupont,marie'), ('dupont,jean', 'dupont,jaen'), ('dupont,marie', 'dupont,maire'), ('dupont,louis', 'dupont,louise'), ('dupont,jean', 'dupont,jeanne'), ('dupont,jean', 'dupont,j'),
	('dupont,jean', 'dupont,jean pierre'), ('dupont,jean pierre', 'dupont,j p'), ('dupont,jean', 'dupont,'), ('dupont,jean', 'martin,'), ('dupont,jean', ','), (',', ','), ('dupont,', 'dupont,'), (',jean', ',jean'),
	('dupont,jean', 'durand,paul'), ('dupont,jean', 'dupont martin,jean')) v (a, b);
SELECT a, b, crmseg.organisations_agree(a, b) FROM (VALUES ('acme', 'acme'), ('acme', 'acme sarl'), ('acme france', 'france acme'), ('acme', 'globex'), ('acme', NULL), ('boulangerie martin', 'boulangerie martn')) v (a, b);

SELECT crmseg.create_datamart('crm_link', '{"time_zone": "Europe/Paris", "max_names_per_key": 2, "max_parties_per_key": 6}');
SET search_path = crm_link;
INSERT INTO source (name, key_scheme) VALUES ('till', NULL), ('web', 'client'), ('crm', 'client');
-- one line a record: name, e-mail, phone, key
CREATE FUNCTION pg_temp.record(external text, given text, family text, email text DEFAULT NULL, phone text DEFAULT NULL, card text DEFAULT NULL, born date DEFAULT NULL, source int DEFAULT 1, what text DEFAULT 'person')
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	p bigint;
BEGIN
	INSERT INTO party (kind, given_name, family_name, birth_date, legal_name) VALUES (what, given, CASE WHEN what = 'person' THEN family END, born, CASE WHEN what <> 'person' THEN family END) RETURNING party_id INTO p;
	INSERT INTO source_record (party_id, source_id, external_id) VALUES (p, source, external);
	INSERT INTO contact_point (party_id, kind, value, value_norm, is_primary)
		SELECT p, 'email', email, crmseg.canonical(email::crmseg.email), true WHERE email IS NOT NULL UNION ALL SELECT p, 'phone', phone, phone, true WHERE phone IS NOT NULL;
	INSERT INTO external_key (party_id, scheme, key_value) SELECT p, 'loyalty_card', card WHERE card IS NOT NULL;
	INSERT INTO sales_order (party_id, ordered_at, currency, amount, source_id, external_id) VALUES (p, '2024-01-01', 'EUR', p, source, 'order ' || external);
END $$;
CREATE VIEW pg_temp.linked AS SELECT string_agg(external_id, ' ' ORDER BY source_record_id) AS records FROM source_record GROUP BY party_id HAVING count(*) > 1 ORDER BY min(source_record_id);

-- e-mail: as providers read it, names as people write them
SELECT pg_temp.record('a1', 'Jean', 'Dupont', 'Jean.Dupont@gmail.com'), pg_temp.record('a2', 'JEAN', 'DUPONT', 'jeandupont+shop@googlemail.com'), pg_temp.record('a3', NULL, NULL, 'jeandupont@gmail.com'),
	pg_temp.record('a4', 'Dupont', 'Jean', 'jeandupont@gmail.com'), pg_temp.record('a5', 'J.', 'Dupont', 'jeandupont@gmail.com');
-- a couple at one address, and a record that could be either
SELECT pg_temp.record('b1', 'Paul', 'Martin', 'famille.martin@orange.fr'), pg_temp.record('b2', 'Sophie', 'Martin', 'famille.martin@orange.fr'), pg_temp.record('b3', 'paul', 'martin', 'famille.martin@orange.fr'),
	pg_temp.record('b4', NULL, 'Martin', 'famille.martin@orange.fr'), pg_temp.record('b5', 'P', 'Martin', 'famille.martin@orange.fr');
-- three people: no key for anybody
SELECT pg_temp.record('c1', 'Luc', 'Petit', 'club@petit.fr'), pg_temp.record('c2', 'Anne', 'Roux', 'club@petit.fr'), pg_temp.record('c3', 'Marc', 'Blanc', 'club@petit.fr'), pg_temp.record('c4', 'Luc', 'Petit', 'club@petit.fr');
-- a role, a throw-away address
SELECT pg_temp.record('d1', 'Eva', 'Noir', 'info@noir.fr'), pg_temp.record('d2', 'Eva', 'Noir', 'info@noir.fr'), pg_temp.record('d3', 'Eva', 'Vert', 'eva@mailinator.com'), pg_temp.record('d4', 'Eva', 'Vert', 'eva@mailinator.com');
-- too many parties, though one name
SELECT pg_temp.record('e' || i, 'Guy', 'Lent', 'guy@lent.fr') FROM generate_series(1, 7) i;
-- birth dates keep apart, also through a third record
SELECT pg_temp.record('f1', 'Jo', 'Brun', 'jo@brun.fr', NULL, NULL, '1970-01-01'), pg_temp.record('f2', 'Jo', 'Brun', 'jo@brun.fr'), pg_temp.record('f3', 'Jo', 'Brun', 'jo@brun.fr', NULL, NULL, '1990-01-01'),
	pg_temp.record('f4', 'Jo', 'Brun', NULL, '+33600000001', NULL, '1990-01-01'), pg_temp.record('f5', 'Jo', 'Brun', NULL, '+33600000001', NULL);
-- phone: with the same name, whatever its order and accents; a family name alone is a household's
SELECT pg_temp.record('g1', 'Élise', 'Noël-Morel', NULL, '+33100000001'), pg_temp.record('g2', 'NOEL MOREL', 'Elise', NULL, '+33100000001'), pg_temp.record('g3', 'Hugo', 'Noël-Morel', NULL, '+33100000001'),
	pg_temp.record('g4', NULL, 'Faure', NULL, '+33100000002'), pg_temp.record('g5', NULL, 'Faure', NULL, '+33100000002'), pg_temp.record('g6', 'Léa', 'Noël-Morel', NULL, '+33100000003');
-- keys: a card, and numbers that two sources share; the till's numbers are its own
SELECT pg_temp.record('h1', 'Ida', 'Gris', NULL, NULL, 'C-1'), pg_temp.record('h2', 'Ida', 'Gris-Leroy', NULL, NULL, 'C-1'), pg_temp.record('1001', 'Max', 'Bleu', source => 2), pg_temp.record('1001', 'Max', 'Bleu', source => 3), pg_temp.record('1001', 'Zoé', 'Rose', source => 1);
-- organisations; never a person with an organisation
SELECT pg_temp.record('k1', NULL, 'ACME SARL', 'jane@acme.fr', what => 'organisation'), pg_temp.record('k2', NULL, 'Acme', 'jane@acme.fr', what => 'organisation'), pg_temp.record('k3', 'Jane', 'Doe', 'jane@acme.fr'),
	pg_temp.record('k4', NULL, 'Globex', 'jane@acme.fr', what => 'organisation');
-- an address known to be wrong
SELECT pg_temp.record('m1', 'Tom', 'Or', 'tom@or.fr'), pg_temp.record('m2', 'Tom', 'Or', 'tom@or.fr');
UPDATE contact_point SET status = 'invalid' WHERE party_id = (SELECT party_id FROM source_record WHERE external_id = 'm2');

SELECT * FROM crmseg.resolve('crm_link');
SELECT * FROM pg_temp.linked;
SELECT * FROM crmseg.resolve('crm_link');
-- what comes later joins what is there; the oldest id lives on
SELECT pg_temp.record('n1', 'Tom', 'Or', 'new@or.fr', '+33600000009'), pg_temp.record('n2', 'jean', 'dupont', 'jean.dupont@gmail.com', '+33600000009'), pg_temp.record('n3', 'JEAN', 'Dupont', NULL, '+33600000009');
SELECT * FROM crmseg.resolve('crm_link');
SELECT * FROM pg_temp.linked;
SELECT crmseg.party_of('crm_link', a.old_party_id) = a.party_id AS leads_there, a.reason, (SELECT u.before ->> 'given_name' FROM party_undo u WHERE u.merge_id = a.merge_id AND u.party_id = a.old_party_id AND u.relation = 'party'::regclass) AS was FROM party_alias a ORDER BY old_party_id;
SELECT count(*) AS aliases_of_aliases FROM party_alias a JOIN party_alias b ON b.old_party_id = a.party_id;
-- a bridge joins two parties that were apart
SELECT pg_temp.record('p1', 'Ada', 'Bois', 'ada@bois.fr'), pg_temp.record('p2', 'Ada', 'Bois', NULL, '+33600000077');
SELECT * FROM crmseg.resolve('crm_link');
SELECT pg_temp.record('p3', 'Ada', 'Bois', 'ada@bois.fr', '+33600000077');
SELECT * FROM crmseg.resolve('crm_link');
-- nothing is lost: every record, order and euro is there once
SELECT count(*) AS records, count(DISTINCT external_id || source_id) AS keys FROM source_record;
SELECT count(*) AS orders, sum(amount) AS amount, sum(amount) = (SELECT sum(i) FROM generate_series(1, (SELECT max(party_id) FROM (SELECT party_id FROM party UNION ALL SELECT old_party_id FROM party_alias) p)) i) AS all_of_it FROM sales_order;
SELECT count(*) AS without_a_party FROM sales_order o WHERE NOT EXISTS (SELECT FROM party p WHERE p.party_id = o.party_id);
RESET search_path;
DROP SCHEMA crm_link CASCADE;

-- what follows a merge, fact by fact
SELECT crmseg.create_datamart('crm_merge');
SET search_path = crm_merge;
INSERT INTO source (name) VALUES ('till'), ('web');
CREATE TABLE my_notes (note_id int PRIMARY KEY, customer bigint NOT NULL REFERENCES party, body text);
CREATE TABLE my_locker (customer bigint PRIMARY KEY REFERENCES party ON DELETE CASCADE, number int);
CREATE TABLE my_vote (poll int, voter bigint REFERENCES party ON DELETE CASCADE, answer text, PRIMARY KEY (poll, voter));
ALTER TABLE party ADD COLUMN shoe_size int;
ALTER TABLE consent ADD COLUMN my_ref text;
INSERT INTO party (given_name, family_name, lifecycle, created_at) VALUES ('Ann', NULL, 'prospect', '2024-01-01'), ('Anne', 'Roy', 'customer', '2020-01-01'), ('A.', 'Roi', 'prospect', '2022-01-01'), ('Bob', 'Roy', 'prospect', '2022-01-01');
UPDATE party SET shoe_size = 38 WHERE party_id = 2;
UPDATE party SET shoe_size = 40, sex = 'f' WHERE party_id = 3;
INSERT INTO party (kind, family_name) VALUES ('household', 'Roy');
INSERT INTO party (kind) VALUES ('unidentified');
INSERT INTO source_record (party_id, source_id, external_id) VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c');
INSERT INTO contact_point (party_id, kind, value, value_norm, is_primary, status) VALUES
	(1, 'email', 'x@x.fr', 'x@x.fr', false, 'unverified'), (2, 'email', 'X@x.fr', 'x@x.fr', true, 'bounced'), (2, 'phone', '+331', '+331', true, 'valid'), (3, 'phone', '+332', '+332', true, 'valid'), (3, 'email', 'x@X.fr', 'x@x.fr', true, 'valid'), (3, 'email', 'y@y.fr', 'y@y.fr', false, 'valid');
INSERT INTO consent (party_id, purpose, channel_id, contact_point_id, status, valid, captured_at, my_ref) VALUES
	(1, 'newsletter', 1, 0, 'granted', '[2020-01-01,)', '2020-01-01', 'one'),
	(2, 'newsletter', 1, 0, 'withdrawn', '[2021-01-01,2022-01-01)', '2021-01-01', 'two'),
	(3, 'newsletter', 1, 0, 'denied', '[2021-06-01,2023-01-01)', '2021-06-01', 'three'),
	(1, 'offers', 1, 1, 'granted', '[2020-01-01,)', '2020-01-01', 'four'), (3, 'offers', 1, 5, 'withdrawn', '[2024-01-01,)', '2024-01-01', 'five'),
	(2, 'offers', 2, 0, 'granted', '[2020-01-01,)', '2020-01-01', 'six'), (3, 'offers', 2, 0, 'granted', '[2022-01-01,)', '2022-01-01', 'seven');
INSERT INTO party_relation (party_id, related_id, kind, valid, title) VALUES (1, 5, 'member_of_household', '[2020-01-01,)', 'one'), (2, 5, 'member_of_household', '[2019-01-01,2021-01-01)', 'two'), (2, 3, 'spouse_of', '(,)', NULL), (4, 2, 'spouse_of', '(,)', 'bob'), (4, 3, 'spouse_of', '[2024-01-01,)', 'bob again');
INSERT INTO attribute_def (key, data_type, is_multi) VALUES ('children.count', 'num', false), ('interest', 'text', true);
INSERT INTO party_attribute (party_id, attribute_id, item, num, txt, source_id, collected_at) VALUES
	(1, 1, 0, 1, NULL, 1, '2020-01-01'), (2, 1, 0, 2, NULL, 1, '2022-01-01'), (3, 1, 0, 3, NULL, 2, '2021-01-01'), (1, 2, 0, NULL, 'tennis', 1, '2020-01-01'), (2, 2, 0, NULL, 'golf', 1, '2020-01-01'), (2, 2, 1, NULL, 'tennis', 1, '2020-01-01'), (3, 2, 0, NULL, 'chess', 1, '2020-01-01');
INSERT INTO contact_preference (party_id, channel_id, max_touches, per) VALUES (1, 1, 5, '1 month'), (2, 1, 0, '1 month'), (3, 2, 1, '1 week');
INSERT INTO external_key (party_id, scheme, key_value) VALUES (1, 'card', '7'), (2, 'card', '7'), (3, 'card', '8');
INSERT INTO loyalty_account (party_id, programme, card_no, points) VALUES (2, 'club', '7', 10), (3, 'club', '8', 5);
INSERT INTO sales_order (party_id, ordered_at, currency, amount, source_id, external_id) VALUES (2, '2024-01-01', 'EUR', 10, 1, 'o1'), (3, '2024-01-02', 'EUR', 20, 1, 'o2');
INSERT INTO sales_order_line (party_id, order_id, line_no, ordered_at, amount) VALUES (2, 1, 1, '2024-01-01', 10), (3, 2, 1, '2024-01-02', 20);
INSERT INTO my_notes VALUES (1, 2, 'two'), (2, 3, 'three');
INSERT INTO my_locker VALUES (2, 22), (3, 33);
INSERT INTO my_vote VALUES (1, 1, 'yes'), (1, 2, 'no'), (2, 2, 'no'), (2, 3, 'yes'), (3, 3, 'yes');
UPDATE party_profile SET traits = CASE party_id WHEN 1 THEN '{"a": 1}' WHEN 2 THEN '{"a": 2, "b": 2}' ELSE '{"b": 3, "c": 3}' END::jsonb WHERE party_id < 4;
SELECT crmseg.merge_party_lists('crm_merge', '{1,1}', '{2,3}', '{told,told}');
SELECT party_id, given_name, family_name, lifecycle, sex, shoe_size, created_at < '2021-01-01' AS old FROM party ORDER BY 1;
SELECT party_id, external_id FROM source_record ORDER BY 2;
SELECT party_id, contact_point_id, kind, value, is_primary, status FROM contact_point ORDER BY 2;
SELECT party_id, purpose, channel_id, contact_point_id, status, valid, my_ref FROM consent ORDER BY 2, 3, 4, lower(valid);
SELECT party_id, related_id, kind, valid, title FROM party_relation ORDER BY 1, 2, 4;
SELECT party_id, attribute_id, source_id, item, num, txt, upper_inf(valid) AS current FROM party_attribute ORDER BY 2, 3, upper_inf(valid), 4;
SELECT party_id, channel_id, max_touches FROM contact_preference ORDER BY 1, 2;
SELECT party_id, scheme, key_value FROM external_key ORDER BY 3;
SELECT party_id, card_no, points FROM loyalty_account ORDER BY 2;
SELECT l.party_id, l.order_id, o.external_id, l.amount FROM sales_order_line l JOIN sales_order o USING (party_id, order_id) ORDER BY 2;
SELECT * FROM my_notes ORDER BY 1;
SELECT * FROM my_locker;
SELECT * FROM my_vote ORDER BY 1, 2;
SELECT old_party_id, party_id, merged_into, merge_id, reason FROM party_alias ORDER BY 1;
SELECT relation, count(moved) AS moved, count(*) FILTER (WHERE after IS NULL AND before IS NOT NULL) AS gone, count(*) FILTER (WHERE before IS NULL AND after IS NOT NULL) AS made, count(*) FILTER (WHERE after IS NOT NULL AND before IS NOT NULL) AS changed FROM party_undo GROUP BY relation ORDER BY relation::text;
SELECT party_id, traits, orders, revenue, last_order_at FROM party_profile WHERE party_id < 4 ORDER BY 1;
SELECT party_id, given_name, email, phone, orders, revenue, traits FROM customer_360 ORDER BY 1;
-- by hand: ids that were merged stand for the party they lead to
SELECT crmseg.merge_parties('crm_merge', 4, 3, 'really');
SELECT old_party_id, party_id, reason FROM party_alias ORDER BY 1;
SELECT crmseg.merge_parties('crm_merge', 4, 2), crmseg.merge_parties('crm_merge', 2, 4), crmseg.merge_parties('crm_merge', 4, 4);
SELECT crmseg.party_of('crm_merge', 1), crmseg.party_of('crm_merge', 4), crmseg.party_of('crm_merge', 77), crmseg.party_of('crm_merge', NULL);
SELECT crmseg.merge_parties('crm_merge', 4, 77);
SELECT crmseg.merge_parties('crm_merge', 4, 5);
SELECT crmseg.merge_parties('crm_merge', 4, 6);
SELECT crmseg.merge_parties('crm_merge', NULL, 6);
SELECT crmseg.merge_parties('nowhere', 1, 2);
RESET search_path;
-- a reader who sees only some rows cannot merge what he does not see
CREATE ROLE regress_merge_some;
GRANT USAGE ON SCHEMA crm_merge TO regress_merge_some;
GRANT ALL ON ALL TABLES IN SCHEMA crm_merge TO regress_merge_some;
ALTER TABLE crm_merge.party ENABLE ROW LEVEL SECURITY;
CREATE POLICY regress_some ON crm_merge.party USING (party_id = 4);
SET ROLE regress_merge_some;
SELECT crmseg.resolve('crm_merge');
RESET ROLE;
DROP SCHEMA crm_merge CASCADE;
DROP ROLE regress_merge_some;
