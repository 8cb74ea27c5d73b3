-- shipped mappings on exports as their systems write them, and mappings proposed from columns
SET client_min_messages = warning;
SELECT crmseg.create_datamart('imp_map', '{"time_zone": "Europe/Paris", "default_phone_region": "FR"}');
\getenv abs_srcdir PG_ABS_SRCDIR
CREATE TABLE imp_file (n bigint GENERATED ALWAYS AS IDENTITY, l text);
CREATE FUNCTION imp_shipped(name text, content text) RETURNS TABLE (lines_read bigint, inserted bigint, updated bigint, unchanged bigint, rejected bigint) LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE imp_file;
	INSERT INTO imp_file (l) SELECT l FROM regexp_split_to_table(rtrim(content, E'\n'), E'\n') l;
	RETURN QUERY SELECT r.* FROM crmseg.shipped_mappings() s CROSS JOIN LATERAL crmseg.import_csv('imp_map', s.name, 'imp_file', s.mapping, s.format) b CROSS JOIN LATERAL crmseg.import_report('imp_map', b) r WHERE s.name = imp_shipped.name;
END $$;
\set content `cat ":abs_srcdir"/data/shopify_orders.csv`
SELECT * FROM imp_shipped('shopify_orders', :'content');
SELECT * FROM imp_shipped('shopify_orders', :'content');
\set content `cat ":abs_srcdir"/data/brevo_contacts.csv`
SELECT * FROM imp_shipped('brevo_contacts', :'content');
\set content `cat ":abs_srcdir"/data/mailchimp_subscribed.csv`
SELECT * FROM imp_shipped('mailchimp_subscribed', :'content');
\set content `cat ":abs_srcdir"/data/mailchimp_unsubscribed.csv`
SELECT * FROM imp_shipped('mailchimp_unsubscribed', :'content');
\set content `cat ":abs_srcdir"/data/till_fr.csv`
SELECT * FROM imp_shipped('till', :'content');
SELECT s.name, r.line_no, r.column_name, r.code FROM imp_map.import_reject r JOIN imp_map.import_batch b USING (import_id) JOIN imp_map.source s USING (source_id) ORDER BY r.import_id, 2;
SELECT s.name, w.line_no, w.column_name, w.value FROM imp_map.import_warning w JOIN imp_map.import_batch b USING (import_id) JOIN imp_map.source s USING (source_id) ORDER BY w.import_id, 2;
SELECT s.name AS source, r.external_id, p.given_name, p.family_name, (SELECT string_agg(c.value_norm, ' ' ORDER BY c.kind, c.value_norm) FROM imp_map.contact_point c WHERE c.party_id = p.party_id AND c.kind <> 'postal') AS contacts,
	(SELECT string_agg(c.status || CASE WHEN c.captured_at > now() - interval '1 day' THEN '' ELSE ' ' || to_char(c.captured_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') END, ' ' ORDER BY c.valid) FROM imp_map.consent c WHERE c.party_id = p.party_id) AS consent, p.postal_code
	FROM imp_map.source_record r JOIN imp_map.source s USING (source_id) JOIN imp_map.party p USING (party_id) ORDER BY 1, 2;
SELECT o.external_id, p.family_name, p.kind, o.kind, o.ordered_at AT TIME ZONE 'UTC' AS utc, o.amount, o.currency, o.status, st.code AS store, count(l.line_no) AS lines, sum(l.amount) AS of_lines
	FROM imp_map.sales_order o JOIN imp_map.party p USING (party_id) LEFT JOIN imp_map.store st USING (store_id) LEFT JOIN imp_map.sales_order_line l USING (party_id, order_id)
	GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 ORDER BY 1;
SELECT d.key, a.txt, a.num, a.provenance FROM imp_map.party_attribute a JOIN imp_map.attribute_def d USING (attribute_id) ORDER BY 1, 2, 3;
-- the audit: what is held, of how many, from whom, how fresh, how sure
SELECT theme, key, provenance, level, source, parties, fill_rate, items, newest IS NOT NULL AS dated, confidence FROM imp_map.data_audit WHERE source IS DISTINCT FROM 'till' ORDER BY 1, 2, 5, 3;
-- against the tables themselves
SELECT count(*) AS wrong FROM imp_map.data_audit a WHERE a.theme = 'attribute' AND (a.parties, a.items) IS DISTINCT FROM (SELECT (count(DISTINCT t.party_id), count(*)) FROM imp_map.party_attribute t
	JOIN imp_map.attribute_def d USING (attribute_id) JOIN imp_map.source s USING (source_id) WHERE d.key = a.key AND s.name = a.source AND t.provenance = a.provenance AND upper_inf(t.valid));
SELECT (SELECT fill_rate FROM imp_map.data_audit WHERE theme = 'party' AND key = 'given_name') = round((count(given_name)::numeric / count(*)), 4) AS same FROM imp_map.party WHERE kind <> 'unidentified';
SELECT crmseg.shipped_mapping('hubspot');
-- proposed: five languages, dates of both orders, decimal signs, kinds told by what stands in the columns
CREATE TABLE imp_fr ("N° Client" text, "Prénom" text, "Nom" text, "Date de naissance" text, "Adresse e-mail" text, "Tél. portable" text, "Code postal" text, "Ville" text, "Opt-in" text, "N° Ticket" text, "Date" text, "Réf." text, "Qté" text, "Montant TTC" text, "Commentaire" text);
INSERT INTO imp_fr VALUES ('1', 'Léa', 'Martin', '14/07/1988', 'lea@example.com', '06 12 34 56 78', '69003', 'Lyon', 'oui', 'T1', '02/01/2024 10:15', 'A1', '2', '1 234,56 €', 'bonjour'),
	('2', 'Paul', 'Durand', '01/02/1970', 'paul@example.com', '07 12 34 56 78', '01000', 'Bourg', 'non', 'T2', '25/01/2024 09:00', 'A2', '1', '12,00', 'x');
CREATE TABLE imp_en ("Customer ID" text, "First Name" text, "Last Name" text, "DOB" text, "Email" text, "Phone" text, "Address 1" text, "Zip Code" text, "City" text, "Country" text, "Order ID" text, "Order Date" text, "SKU" text, "Quantity" text, "Unit Price" text);
INSERT INTO imp_en VALUES ('7', 'Sue', 'Lee', '12/31/1980', 'sue@example.com', '+1 212 555 0123', '5 Main St', '10001', 'New York', 'US', 'O1', '01/02/2024 3:15 PM', 'X', '2', '12.50');
CREATE TABLE imp_de ("Kundennummer" text, "Vorname" text, "Nachname" text, "Geburtsdatum" text, "E-Mail" text, "Straße" text, "PLZ" text, "Ort" text, "Bestellnummer" text, "Bestelldatum" text, "Gesamtbetrag" text);
INSERT INTO imp_de VALUES ('K1', 'Jürgen', 'Groß', '03.04.1965', 'jg@example.de', 'Hauptstr. 5', '80331', 'München', 'B1', '2024-05-06', '1.234,50 €');
CREATE TABLE imp_es ("Código cliente" text, "Nombre" text, "Apellidos" text, "Fecha de nacimiento" date, "Correo electrónico" text, "Móvil" text, "Dirección" text, "Código postal" text, "Población" text, "Nº pedido" text, "Fecha pedido" timestamptz, "Importe" numeric);
INSERT INTO imp_es VALUES ('E1', 'José', 'García López', '1975-05-06', 'jose@example.es', '+34 612 345 678', 'Calle Mayor 3', '28013', 'Madrid', 'P1', '2024-06-07 10:00+02', 99.95);
CREATE TABLE imp_it (a text, b text, "Nominativo" text, "CAP" text, "Città" text, q text);
INSERT INTO imp_it VALUES ('mario@example.it', '+39 06 6982 1234', 'Mario Rossi', '00186', 'Roma', '5'), ('anna@example.it', '+39 02 7200 3456', 'Anna Bianchi', '20121', 'Milano', '7');
CREATE TABLE imp_name ("Nom" text, mail text);
INSERT INTO imp_name VALUES ('DUPONT Jean', 'j@example.com'), ('PETIT Anne', 'a@example.com');
SELECT t, jsonb_pretty(crmseg.propose_mapping(t)) FROM unnest(ARRAY['imp_fr', 'imp_en', 'imp_de', 'imp_es', 'imp_it', 'imp_name']::regclass[]) t;
SELECT t, r.* FROM unnest(ARRAY['imp_fr', 'imp_en', 'imp_de', 'imp_es', 'imp_it', 'imp_name']::regclass[]) WITH ORDINALITY u(t, n)
	CROSS JOIN LATERAL crmseg.import_report('imp_map', crmseg.import_flat('imp_map', 'proposed ' || n, t, crmseg.propose_mapping(t))) r ORDER BY n;
SELECT p.given_name, p.family_name, p.birth_date, o.ordered_at AT TIME ZONE 'UTC' AS utc, o.amount FROM imp_map.source_record r JOIN imp_map.source s USING (source_id) JOIN imp_map.party p USING (party_id)
	LEFT JOIN imp_map.sales_order o ON o.party_id = p.party_id WHERE s.name LIKE 'proposed%' ORDER BY 2, 1;
-- day and month cannot be told apart: as most of the world has them, unless another column is certain
SELECT crmseg.date_format_of(ARRAY['01/02/2024', '03/04/2024']), crmseg.date_format_of(ARRAY['01/02/2024', '03/04/2024'], true), crmseg.date_format_of(ARRAY['01/02/2024', '13/04/2024']), crmseg.date_format_of(ARRAY['soon']);
-- nothing to go by, odd names, an empty table
CREATE TABLE imp_odd ("select" text, "a""b" text, "E-MAIL " text);
SELECT crmseg.propose_mapping('imp_odd');
INSERT INTO imp_odd VALUES ('x', 'y', 'z@example.com');
SELECT crmseg.propose_mapping('imp_odd');
DROP TABLE imp_file, imp_fr, imp_en, imp_de, imp_es, imp_it, imp_name, imp_odd;
DROP FUNCTION imp_shipped;
-- headings nobody foresaw, known by some of their words
CREATE TABLE imp_h1 ("Réf client" text, "Nom de famille" text, "Prénom usuel" text, "E-mail principal" text, "N° de mobile" text, "CP" text, "Localité" text, "Né(e) le" text, "Accepte la newsletter" text, "Date de la vente" text, "Numéro de ticket de caisse" text, "Code EAN" text, "Nb articles" text, "Montant TTC (€)" text, "Pays de résidence" text);
INSERT INTO imp_h1 VALUES ('C1','Martin','Zoé','z@x.fr','0612345678','75011','Paris','03/04/1980','oui','12/05/2025 10:20','T1','3250390000013','2','12,50','France'),('C2','Roy','Luc','l@x.fr','0612345679','69001','Lyon','23/04/1980','non','13/05/2025 11:20','T2','3250390000014','1','1 200,00','France');
CREATE TABLE imp_h2 (cust_ref text, "First" text, "Surname" text, "E Mail" text, "Cell Phone" text, "Postal/Zip Code" text, "Town/City" text, "D.O.B." text, "Opted In" text, "Order Date" text, "Order Ref" text, "Item SKU" text, "Qty Ordered" text, "Line Total" text, "Country/Region" text);
INSERT INTO imp_h2 VALUES ('C1','Ann','Lee','a@x.com','+44 7400 123456','SW1A 1AA','London','1980-02-03','Y','2025-01-02 10:00','O1','A1','2','12.50','UK'),('C2','Bob','Lee','b@x.com','+44 7400 123457','SW1A 1AB','London','1980-02-13','N','2025-01-03 10:00','O2','A2','1','1,200.00','UK');
CREATE TABLE imp_h3 ("Kunden-Nr." text, "Vorname" text, "Nachname" text, "E-Mail-Adresse" text, "Mobilnummer" text, "PLZ" text, "Wohnort" text, "Geb.-Datum" text, "Newsletter abonniert" text, "Bestelldatum" text, "Bestell-Nr." text, "Art.-Nr." text, "Menge" text, "Betrag (EUR)" text, "Straße und Hausnummer" text);
INSERT INTO imp_h3 VALUES ('K1','Jörg','Müller','j@x.de','0151 23456789','10115','Berlin','03.04.1980','ja','12.05.2025','B1','A1','2','12,50','Hauptstr. 5'),('K2','Anna','Weiß','a@x.de','0151 23456780','10117','Berlin','23.04.1980','nein','13.05.2025','B2','A2','1','1.200,00','Ring 7');
SELECT n, jsonb_pretty(crmseg.propose_mapping(n::regclass)) AS mapping FROM unnest('{imp_h1,imp_h2,imp_h3}'::text[]) n;
SELECT n, r.* FROM unnest('{imp_h1,imp_h2,imp_h3}'::text[]) n, crmseg.import_flat('imp_map', n, n::regclass, crmseg.propose_mapping(n::regclass) || '{"region": "FR"}') b, crmseg.import_report('imp_map', b) r;
DROP TABLE imp_h1, imp_h2, imp_h3;
DROP SCHEMA imp_map CASCADE;
