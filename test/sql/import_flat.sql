-- import_flat: rows of one table become rows of many
SET client_min_messages = warning;
SET TimeZone = 'UTC';
SELECT crmseg.create_datamart('imp_flat', '{"time_zone": "Europe/Paris", "default_phone_region": "FR"}');
CREATE TABLE imp_till (no_client text, prenom text, nom text, naissance text, mail text, tel text, adresse text, cp text, ville text, optin text,
	no_ticket text, date text, magasin text, ref text, qte text, montant text, loisirs text);
INSERT INTO imp_till VALUES
	('1', 'Hélène', 'DUPONT', '05/03/1980', 'helene@exemple.fr', '06 12 34 56 78', '12 bis av. du Gal Leclerc', '75014', 'Paris', 'oui', 'T1', '05/03/2024 14:30', 'Lyon', 'A', '1', '12,50', 'tennis'),
	('1', 'Hélène', 'DUPONT', '05/03/1980', 'helene@exemple.fr', '06 12 34 56 78', '12 bis av. du Gal Leclerc', '75014', 'Paris', 'oui', 'T1', '05/03/2024 14:30', 'Lyon', 'A', '2', '25,00 €', 'tennis'),
	('2', 'Jean', 'MARTIN', '31/02/1980', 'jean@exemple.fr', '06 12 34 56 79', '1 rue du Port', '1000', 'Bourg', 'non', 'T2', '05/03/2024 14:30', 'Lyon', 'A', '1', '12,50', NULL),
	('3', 'Léa', 'MARTIN', '', 'pas-un-mail', '123', '1 rue du Port', '1000', 'Bourg', 'non', 'T3', '05/03/2024 14:30', 'Paris', 'B', '-1', '-12,50', NULL),
	('', NULL, NULL, '', 'NULL', '', '', '', '-', '', 'T4', '06/03/2024 14:30', 'Paris', 'A', '1', '9,99', NULL),
	('4', 'Paul', 'DURAND', '1/1/70', 'paul@exemple.fr', '', '', '', '', 'peut-être', '', '', '', '', '', '', NULL),
	('5', 'Ines', 'ROY', NULL, 'ines@exemple.fr', NULL, NULL, NULL, NULL, 'oui', NULL, NULL, NULL, NULL, NULL, NULL, 'lecture'),
	('1', 'HÃ©lÃ¨ne', 'DUPONT', '05/03/1980', 'helene@exemple.fr', '06 12 34 56 78', '12 bis av. du Gal Leclerc', '75014', 'Paris', 'oui', 'T5', '07/03/2024 14:30', 'Lyon', 'C', '1', 'abc', 'tennis');
\set map '{"source_key": "no_client", "party": {"given_name": "prenom", "family_name": "nom", "birth_date": {"column": "naissance", "format": "DD/MM/YYYY"}}, "email": "mail", "phone": {"column": "tel", "region": "FR"}, "address": {"street": "adresse", "postal_code": "cp", "city": "ville", "country": {"value": "FR"}}, "consent": {"purpose": "newsletter", "channel": "email", "status": {"column": "optin", "true": ["oui", "1"]}}, "order": {"external_id": "no_ticket", "ordered_at": {"column": "date", "format": "DD/MM/YYYY HH24:MI", "zone": "Europe/Paris"}, "store": "magasin"}, "line": {"sku": "ref", "quantity": "qte", "amount": {"column": "montant", "decimal": ","}}, "attributes": {"interest": "loisirs"}}'
SELECT crmseg.import_flat('imp_flat', 'till', 'imp_till', :'map') AS batch \gset
SELECT * FROM crmseg.import_report('imp_flat', :batch);
SELECT line_no, column_name, code, reason, detail FROM imp_flat.import_reject ORDER BY 1;
SELECT line_no, column_name, code, reason, value FROM imp_flat.import_warning ORDER BY 1, 2;
SELECT coalesce(s.external_id, '(store)') AS key, p.kind, p.lifecycle, p.given_name, p.family_name, p.birth_date, p.country, p.postal_code
	FROM imp_flat.party p LEFT JOIN imp_flat.source_record s USING (party_id) ORDER BY 1;
SELECT s.external_id, c.kind, c.value, CASE WHEN c.kind <> 'postal' THEN c.value_norm END AS norm, c.is_primary FROM imp_flat.contact_point c JOIN imp_flat.source_record s USING (party_id) ORDER BY 1, 2;
SELECT s.external_id, c.purpose, c.channel_id, c.status FROM imp_flat.consent c JOIN imp_flat.source_record s USING (party_id) ORDER BY 1;
SELECT o.external_id, coalesce(s.external_id, '(store)') AS key, o.ordered_at, o.kind, st.code, o.channel_id, o.currency, o.amount, o.base_amount FROM imp_flat.sales_order o
	LEFT JOIN imp_flat.source_record s USING (party_id) LEFT JOIN imp_flat.store st USING (store_id) ORDER BY 1;
SELECT o.external_id, l.line_no, p.sku, l.quantity, l.amount FROM imp_flat.sales_order_line l JOIN imp_flat.sales_order o USING (party_id, order_id) JOIN imp_flat.product p USING (product_id) ORDER BY 1, 2;
SELECT s.external_id, d.key, d.data_type, a.txt, a.provenance FROM imp_flat.party_attribute a JOIN imp_flat.attribute_def d USING (attribute_id) JOIN imp_flat.source_record s USING (party_id) ORDER BY 1;
SELECT payload FROM imp_flat.source_record WHERE external_id = '5';
-- the same file again changes nothing
CREATE TABLE imp_before AS SELECT md5(string_agg(x::text, ',' ORDER BY x::text)) AS digest FROM (
	SELECT 'p' || p::text FROM imp_flat.party p UNION ALL SELECT 's' || s::text FROM imp_flat.source_record s UNION ALL SELECT 'c' || c::text FROM imp_flat.contact_point c
	UNION ALL SELECT 'n' || n::text FROM imp_flat.consent n UNION ALL SELECT 'o' || o::text FROM imp_flat.sales_order o UNION ALL SELECT 'l' || l::text FROM imp_flat.sales_order_line l
	UNION ALL SELECT 'a' || a::text FROM imp_flat.party_attribute a) x(x);
SELECT crmseg.import_flat('imp_flat', 'till', 'imp_till', :'map') AS again \gset
SELECT * FROM crmseg.import_report('imp_flat', :again);
SELECT digest = (SELECT md5(string_agg(x::text, ',' ORDER BY x::text)) FROM (
	SELECT 'p' || p::text FROM imp_flat.party p UNION ALL SELECT 's' || s::text FROM imp_flat.source_record s UNION ALL SELECT 'c' || c::text FROM imp_flat.contact_point c
	UNION ALL SELECT 'n' || n::text FROM imp_flat.consent n UNION ALL SELECT 'o' || o::text FROM imp_flat.sales_order o UNION ALL SELECT 'l' || l::text FROM imp_flat.sales_order_line l
	UNION ALL SELECT 'a' || a::text FROM imp_flat.party_attribute a) x(x)) AS nothing_changed FROM imp_before;
-- rejects corrected in SQL and read again: only these
UPDATE imp_flat.import_reject SET raw = replace(raw, '31/02/1980', '28/02/1980') WHERE import_id = :batch AND line_no = 3;
UPDATE imp_flat.import_reject SET raw = (raw::jsonb || '{"naissance": "01/01/1970", "optin": "oui"}')::text WHERE import_id = :batch AND line_no = 6;
SELECT crmseg.import_replay('imp_flat', :batch) AS replay \gset
SELECT * FROM crmseg.import_report('imp_flat', :replay);
SELECT * FROM crmseg.import_report('imp_flat', :batch);
SELECT line_no, column_name, reason FROM imp_flat.import_reject WHERE import_id = :batch;
-- the corrected file: what was corrected is known already
UPDATE imp_till SET naissance = '28/02/1980' WHERE no_client = '2';
UPDATE imp_till SET naissance = '01/01/1970', optin = 'oui' WHERE no_client = '4';
DELETE FROM imp_till WHERE montant = 'abc';
SELECT * FROM crmseg.import_report('imp_flat', crmseg.import_flat('imp_flat', 'till', 'imp_till', :'map'));
-- changed lines: another amount, another address of mail, a consent taken back; a new line of a known order, a new order
UPDATE imp_till SET montant = '26,00' WHERE qte = '2';
UPDATE imp_till SET mail = 'ines.roy@exemple.fr', optin = 'non' WHERE no_client = '5';
INSERT INTO imp_till VALUES ('2', 'Jean', 'MARTIN', '28/02/1980', 'jean@exemple.fr', '06 12 34 56 79', '1 rue du Port', '1000', 'Bourg', 'non', 'T2', '05/03/2024 14:30', 'Lyon', 'C', '1', '3,00', NULL),
	('2', 'Jean', 'MARTIN', '28/02/1980', 'jean@exemple.fr', '06 12 34 56 79', '1 rue du Port', '1000', 'Bourg', 'non', 'T6', '08/03/2024 10:00', 'Lyon', 'C', '1', '3,00', NULL);
SELECT * FROM crmseg.import_report('imp_flat', crmseg.import_flat('imp_flat', 'till', 'imp_till', :'map'));
SELECT external_id, amount FROM imp_flat.sales_order ORDER BY 1;
SELECT c.value, c.is_primary FROM imp_flat.contact_point c JOIN imp_flat.source_record s USING (party_id) WHERE s.external_id = '5' AND c.kind = 'email' ORDER BY 1;
SELECT c.status, upper_inf(c.valid) AS current FROM imp_flat.consent c JOIN imp_flat.source_record s USING (party_id) WHERE s.external_id = '5' ORDER BY lower(c.valid);
SELECT * FROM crmseg.import_report('imp_flat', crmseg.import_flat('imp_flat', 'till', 'imp_till', :'map'));
-- a newsletter list without a key, organisations, several numbers, typed columns, constants, words, another currency
CREATE TABLE imp_list (mail text, name text, since date, amount numeric, active boolean, tel1 text, tel2 text, company text, devise text, ord int, pays text);
INSERT INTO imp_list VALUES ('A.Dupont@Gmail.com', 'DUPONT Anne', '2024-01-05', 12.5, true, '01 42 68 53 00', '+32 2 555 12 12', NULL, 'CHF', 1, 'Belgique'),
	('info@acme.example', NULL, '2024-01-06', 1000, false, NULL, NULL, 'ACME SA', 'EUR', 2, 'CH'), ('adupont@gmail.com', 'Anne Dupont', '2024-02-01', 1, true, NULL, NULL, NULL, 'EUR', 3, 'Atlantis'),
	(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT crmseg.import_flat('imp_flat', 'list', 'imp_list', '{"party": {"full_name": "name", "legal_name": "company", "country": "pays", "is_professional": {"column": "company", "map": {"ACME SA": "oui"}, "default": "non"}},
	"email": "mail", "phone": ["tel1", {"column": "tel2", "label": "work"}], "consent": [{"purpose": "news", "channel": "email", "status": "active", "captured_at": "since"}, {"purpose": "news", "channel": "sms", "status": {"value": "denied"}}],
	"order": {"external_id": "ord", "ordered_at": "since", "amount": "amount", "currency": "devise", "channel": {"value": "web"}}, "attributes": {"since": {"column": "since", "type": "date"}}, "keys": {"mailing": "ord"}}') AS list \gset
SELECT * FROM crmseg.import_report('imp_flat', :list);
SELECT line_no, code, reason FROM imp_flat.import_reject WHERE import_id = :list;
SELECT line_no, column_name, reason, value FROM imp_flat.import_warning WHERE import_id = :list;
SELECT s.external_id, p.kind, p.given_name, p.family_name, p.legal_name, p.country, p.is_professional FROM imp_flat.source_record s JOIN imp_flat.party p USING (party_id)
	WHERE s.source_id = (SELECT source_id FROM imp_flat.source WHERE name = 'list') ORDER BY 1;
SELECT o.external_id, o.currency, o.amount, o.base_amount, o.channel_id, o.ordered_at FROM imp_flat.sales_order o WHERE o.source_id = (SELECT source_id FROM imp_flat.source WHERE name = 'list') ORDER BY 1;
SELECT c.kind, c.value_norm, c.label, c.is_primary FROM imp_flat.contact_point c WHERE c.source_id = (SELECT source_id FROM imp_flat.source WHERE name = 'list') ORDER BY 2;
-- a mapping that cannot be is refused before anything is read
SELECT crmseg.import_flat('imp_flat', 'x', 'imp_till', '{"source_key": "no_clent"}');
SELECT crmseg.import_flat('imp_flat', 'x', 'imp_till', '{"source_key": "no_client", "partie": {}}');
SELECT crmseg.import_flat('imp_flat', 'x', 'imp_till', '{"source_key": "no_client", "party": {"given_nam": "prenom"}}');
SELECT crmseg.import_flat('imp_flat', 'x', 'imp_till', '{"source_key": "no_client", "party": {"birth_date": {"column": "naissance", "format": "JJ/QQ/AAAA"}}}');
SELECT crmseg.import_flat('imp_flat', 'x', 'imp_till', '{"source_key": "no_client", "order": {"external_id": "no_ticket"}}');
SELECT crmseg.import_flat('imp_flat', 'x', 'imp_till', '{"source_key": "no_client", "consent": {"purpose": "n", "channel": "pigeon", "status": "optin"}}');
SELECT crmseg.import_flat('imp_flat', 'x', 'imp_till', '{"source_key": "no_client", "zone": "Europe/Atlantis"}');
SELECT crmseg.import_flat('imp_flat', 'x', 'imp_till', '[]');
SELECT crmseg.import_flat('imp_flat', 'x', 'imp_till', '{}');
SELECT crmseg.import_flat('imp_flat', 'x', 'imp_till', NULL);
SELECT crmseg.import_flat('imp_flat', '  ', 'imp_till', '{"source_key": "no_client"}');
SELECT crmseg.import_flat('public', 'x', 'imp_till', '{"source_key": "no_client"}');
SELECT * FROM crmseg.import_report('imp_flat', 4711);
SELECT crmseg.import_replay('imp_flat', 4711);
SELECT count(*) FROM imp_flat.source WHERE name = 'x';
-- contacts that are none may cost the line instead
SELECT * FROM crmseg.import_report('imp_flat', crmseg.import_flat('imp_flat', 'strict', 'imp_till', '{"source_key": "no_client", "email": "mail", "invalid_contact": "reject"}'));
-- every reference of what was written without a check, row by row, leads somewhere
SELECT (SELECT count(*) FROM imp_flat.contact_point c WHERE NOT EXISTS (SELECT FROM imp_flat.party p WHERE p.party_id = c.party_id))
	+ (SELECT count(*) FROM imp_flat.sales_order_line l WHERE NOT EXISTS (SELECT FROM imp_flat.sales_order o WHERE o.party_id = l.party_id AND o.order_id = l.order_id)) AS astray;
-- a trigger of the user's own that sends rows to a party that is not there: the server's check is at work
CREATE FUNCTION imp_flat.astray() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.party_id := NEW.party_id + 900000000; RETURN NEW; END $$;
CREATE TRIGGER astray BEFORE INSERT ON imp_flat.contact_point FOR EACH ROW EXECUTE FUNCTION imp_flat.astray();
DO $$
BEGIN
	PERFORM crmseg.import_flat('imp_flat', 'astray', 'imp_till', '{"source_key": "no_client", "email": "mail"}');
	RAISE EXCEPTION 'rows went astray';
EXCEPTION WHEN foreign_key_violation THEN
	RAISE WARNING 'refused: %', SQLSTATE;
END $$;
DROP TRIGGER astray ON imp_flat.contact_point;
-- two imports in one transaction, and one that is rolled back
BEGIN;
SELECT * FROM crmseg.import_report('imp_flat', crmseg.import_flat('imp_flat', 'twice', 'imp_till', '{"source_key": "no_client", "email": "mail"}'));
SELECT * FROM crmseg.import_report('imp_flat', crmseg.import_flat('imp_flat', 'twice', 'imp_till', '{"source_key": "no_client", "email": "mail"}'));
ROLLBACK;
-- a yes and a no of one file, undated, in either order: no; a second import of the transaction holds in the very next query, attributes too
CREATE TABLE imp_twice (id text, mail text, optin text, hobby text);
INSERT INTO imp_twice VALUES ('t1', 't1@example.org', 'oui', 'golf'), ('t1', 't1@example.org', 'non', 'chess'), ('t2', 't2@example.org', 'non', 'golf'), ('t2', 't2@example.org', 'oui', 'chess'), ('t3', 't3@example.org', 'oui', 'golf');
\set twice '{"source_key": "id", "email": "mail", "consent": {"purpose": "twice", "channel": "email", "status": {"column": "optin", "true": ["oui"], "false": ["non"]}}, "attributes": {"hobby": "hobby"}}'
CREATE VIEW imp_said AS SELECT s.external_id, c.status, c.valid @> now() AS holds, upper_inf(c.valid) AS is_open, p.traits ->> 'hobby' AS hobby
	FROM imp_flat.source_record s JOIN imp_flat.consent c ON c.party_id = s.party_id AND c.purpose = 'twice' JOIN imp_flat.party_profile p ON p.party_id = s.party_id;
BEGIN;
SELECT * FROM crmseg.import_report('imp_flat', crmseg.import_flat('imp_flat', 'twice', 'imp_twice', :'twice'));
TABLE imp_said ORDER BY 1, 4;
TRUNCATE imp_twice;
INSERT INTO imp_twice VALUES ('t1', 't1@example.org', 'oui', 'tennis'), ('t3', 't3@example.org', 'non', 'tennis');
SELECT * FROM crmseg.import_report('imp_flat', crmseg.import_flat('imp_flat', 'twice', 'imp_twice', :'twice'));
TABLE imp_said ORDER BY 1, 4;
UPDATE imp_twice SET hobby = 'rugby', optin = 'oui';
SELECT * FROM crmseg.import_report('imp_flat', crmseg.import_flat('imp_flat', 'twice', 'imp_twice', :'twice'));
COMMIT;
TABLE imp_said ORDER BY 1, 4;
SELECT count(*) AS attributes_open FROM imp_flat.party_attribute a JOIN imp_flat.source_record s ON s.party_id = a.party_id WHERE s.external_id = 't1' AND upper_inf(a.valid);
-- the same of two columns of one line
TRUNCATE imp_twice;
INSERT INTO imp_twice VALUES ('t7', 't7@example.org', 'oui', 'non'), ('t8', 't8@example.org', 'non', 'oui'), ('t9', 't9@example.org', 'oui', 'oui');
SELECT * FROM crmseg.import_report('imp_flat', crmseg.import_flat('imp_flat', 'twice', 'imp_twice', '{"source_key": "id", "email": "mail", "consent": [{"purpose": "twice", "channel": "email", "status": {"column": "optin", "true": ["oui"], "false": ["non"]}},
	{"purpose": "twice", "channel": "email", "status": {"column": "hobby", "true": ["oui"], "false": ["non"]}}]}'));
SELECT external_id, status FROM imp_said WHERE external_id > 't6' ORDER BY 1;
DROP VIEW imp_said;
DROP TABLE imp_twice;
-- a role with rights on the tables, without any on the extension or the database; row security of what is read
CREATE ROLE imp_loader;
GRANT USAGE ON SCHEMA imp_flat TO imp_loader;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA imp_flat TO imp_loader;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA imp_flat TO imp_loader;
GRANT SELECT ON imp_till TO imp_loader;
ALTER TABLE imp_till ENABLE ROW LEVEL SECURITY;
CREATE POLICY lyon ON imp_till FOR SELECT TO imp_loader USING (magasin = 'Lyon');
SET ROLE imp_loader;
SELECT lines_read, rejected FROM crmseg.import_report('imp_flat', crmseg.import_flat('imp_flat', 'loader', 'imp_till', :'map'));
SELECT crmseg.import_flat('imp_flat', 'loader', 'imp_list', '{"email": "mail"}');
RESET ROLE;
DROP POLICY lyon ON imp_till;
DROP OWNED BY imp_loader;
DROP ROLE imp_loader;
DROP TABLE imp_till, imp_list, imp_before;
DROP SCHEMA imp_flat CASCADE;
