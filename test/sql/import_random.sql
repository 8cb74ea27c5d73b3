-- A file of known contents, drawn from a seed, written down with dirt, and read: what stands in the mart is compared, row by row, with
-- what an independent statement makes of the contents.
SET client_min_messages = warning;
SET TimeZone = 'UTC';
\set seed 0.20260117
SELECT setseed(:seed);
SELECT crmseg.create_datamart('imp_random', '{"time_zone": "Europe/Paris", "default_phone_region": "FR"}');
-- 400 customers, 900 orders (300 in a light run) of one to four lines
CREATE TABLE imp_customer AS SELECT c, (ARRAY['Hélène', 'Zoé', 'Jean', 'Łukasz', 'O''Neil', 'Anne-Marie'])[1 + c % 6] AS given, 'Nom' || c % 70 AS family,
	date '1940-01-01' + (random() * 25000)::int AS born, CASE WHEN random() < 0.8 THEN 'client' || c || '@exemple.fr' END AS mail,
	CASE WHEN random() < 0.7 THEN '06' || lpad((10000000 + c * 7919)::text, 8, '0') END AS tel, random() < 0.5 AS optin,
	CASE WHEN random() < 0.1 THEN E'1, rue "du Port"\nBât. B; 2e' WHEN random() < 0.1 THEN NULL ELSE c || ' rue de la Paix' END AS street FROM generate_series(1, 400) c;
CREATE TABLE imp_line AS SELECT row_number() OVER () AS id, o, c, at, l, 'REF' || (random() * 20)::int AS sku, (1 + random() * 3)::int * CASE WHEN o % 17 = 0 THEN -1 ELSE 1 END AS qty,
	round((random() * 900)::numeric, 2) * CASE WHEN o % 17 = 0 THEN -1 ELSE 1 END AS amount
	FROM (SELECT o, 1 + (random() * 399)::int AS c, timestamp '2024-01-01' + random() * interval '366 days' AS at, 1 + (random() * 3)::int AS n FROM generate_series(1, CASE WHEN current_setting('crmseg_test.light', true) = 'on' THEN 300 ELSE 900 END) o OFFSET 0) h, LATERAL generate_series(1, n) l;
-- the lines as a careless program writes them; dirt: kinds 1 to 6 must cost the line, the others nothing
CREATE TABLE imp_dirty AS SELECT i.*, CASE WHEN i.id % 23 = 0 THEN 1 + (i.id / 23) % 6 ELSE 0 END AS dirt FROM imp_line i;
CREATE FUNCTION imp_cell(t text, quoted boolean) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN t IS NULL THEN (ARRAY['', 'NULL', ' - '])[1 + (random() * 2)::int] WHEN quoted OR t ~ '[;"\n]' THEN '"' || replace(t, '"', '""') || '"' ELSE CASE WHEN random() < 0.1 THEN ' ' || t || E'\u00A0' ELSE t END END $$;
CREATE TABLE imp_file AS
SELECT d.id, d.dirt, concat_ws(';', imp_cell(d.c::text, random() < 0.3), imp_cell(k.given, random() < 0.3), imp_cell(k.family, false),
		imp_cell(CASE WHEN d.dirt = 1 THEN '31/02/1980' ELSE to_char(k.born, 'DD/MM/YYYY') END, false), imp_cell(k.mail, random() < 0.5), imp_cell(k.tel, false),
		imp_cell(CASE WHEN k.optin THEN (ARRAY['oui', 'OUI', '1'])[1 + d.id % 3] ELSE 'non' END, false), imp_cell(k.street, true),
		imp_cell('T' || d.o, false), imp_cell(CASE WHEN d.dirt = 2 THEN to_char(d.at, 'MM-DD') ELSE to_char(d.at, 'DD/MM/YYYY HH24:MI') END, false), imp_cell(d.l::text, false), imp_cell(d.sku, false),
		imp_cell(d.qty::text, false), imp_cell(CASE WHEN d.dirt = 3 THEN 'douze' WHEN d.id % 3 = 0 THEN replace(translate(to_char(d.amount, 'FM999,990.00'), ',.', ' ,'), '-', '-') || ' €' ELSE replace(d.amount::text, '.', ',') END, true))
		|| CASE d.dirt WHEN 4 THEN ';x;y' ELSE '' END AS text
	FROM imp_dirty d JOIN imp_customer k USING (c);
UPDATE imp_file SET text = CASE dirt WHEN 5 THEN split_part(text, ';', 1) || ';' || split_part(text, ';', 2) ELSE split_part(text, ';', 1) || ';"coup' END WHERE dirt IN (5, 6);
-- half of the lines in CP1252, the others in UTF-8; one physical line a row
CREATE TABLE imp_raw (n bigint GENERATED ALWAYS AS IDENTITY, l bytea);
INSERT INTO imp_raw (l) VALUES ('\xEFBBBF'::bytea || convert_to('client;prenom;nom;ne;mail;tel;optin;adresse;ticket;date;ligne;ref;qte;montant', 'UTF8'));
INSERT INTO imp_raw (l) SELECT convert_to(p || CASE WHEN f.id % 2 = 0 THEN E'\r' ELSE '' END, CASE WHEN f.id % 4 < 2 AND p !~ 'Ł' THEN 'WIN1252' ELSE 'UTF8' END)
	FROM imp_file f, regexp_split_to_table(f.text, E'\n') WITH ORDINALITY AS x(p, k) ORDER BY f.id, k;
\set map '{"source_key": "client", "party": {"given_name": "prenom", "family_name": "nom", "birth_date": {"column": "ne", "format": "DD/MM/YYYY"}}, "email": "mail", "phone": "tel", "address": {"street": "adresse"}, "consent": {"purpose": "n", "channel": "email", "status": {"column": "optin", "true": ["oui", "1"]}}, "order": {"external_id": "ticket", "ordered_at": {"column": "date", "format": "DD/MM/YYYY HH24:MI"}}, "line": {"line_no": "ligne", "sku": "ref", "quantity": "qte", "amount": {"column": "montant", "decimal": ","}}}'
SELECT crmseg.import_csv('imp_random', 'till', 'imp_raw', :'map') AS batch \gset
-- the counts
SELECT r.lines_read = (SELECT count(*) FROM imp_file) AS every_line, r.inserted = (SELECT count(*) FROM imp_file WHERE dirt = 0) AS good_ones, r.rejected = (SELECT count(*) FROM imp_file WHERE dirt > 0) AS bad_ones,
	r.updated + r.unchanged AS others FROM crmseg.import_report('imp_random', :batch) r;
SELECT count(*) > 500 AS lines, count(*) FILTER (WHERE dirt > 0) > 20 AS dirty FROM imp_file;
SELECT j.code, count(*) > 3 AS some FROM imp_random.import_reject j GROUP BY 1 ORDER BY 1;
-- each reject is one of the dirty lines
SELECT count(*) AS wrongly_refused FROM imp_random.import_reject j
	WHERE NOT EXISTS (SELECT FROM (SELECT f.dirt, 2 + coalesce(sum(1 + length(g.text) - length(replace(g.text, E'\n', ''))), 0) AS line_no FROM imp_file f LEFT JOIN imp_file g ON g.id < f.id GROUP BY f.id, f.dirt) p
		WHERE p.line_no = j.line_no AND p.dirt > 0);
-- the contents, both ways round
CREATE VIEW imp_good AS SELECT d.* FROM imp_dirty d WHERE d.dirt = 0;
CREATE VIEW imp_expected AS
	SELECT 'party' AS kind, c::text AS key, concat_ws('|', given, family, born, CASE WHEN c IN (SELECT c FROM imp_good) THEN 'customer' END) AS what FROM imp_customer WHERE c IN (SELECT c FROM imp_good)
	UNION ALL SELECT 'email', c::text, mail FROM imp_customer WHERE mail IS NOT NULL AND c IN (SELECT c FROM imp_good)
	UNION ALL SELECT 'phone', c::text, '+33' || substr(tel, 2) FROM imp_customer WHERE tel IS NOT NULL AND c IN (SELECT c FROM imp_good)
	UNION ALL SELECT 'postal', c::text, translate(street, E'\n', ' ') FROM imp_customer WHERE street IS NOT NULL AND c IN (SELECT c FROM imp_good)
	UNION ALL SELECT 'consent', c::text, CASE WHEN optin THEN 'granted' ELSE 'denied' END FROM imp_customer WHERE c IN (SELECT c FROM imp_good)
	UNION ALL SELECT 'order', 'T' || o, concat_ws('|', min(c), date_trunc('minute', min(at)) AT TIME ZONE 'Europe/Paris', sum(amount), CASE WHEN sum(amount) < 0 THEN 'r' ELSE 's' END) FROM imp_good GROUP BY o
	UNION ALL SELECT 'line', 'T' || o, concat_ws('|', sku, qty, amount) FROM imp_good;
CREATE VIEW imp_found AS
	SELECT 'party' AS kind, s.external_id AS key, concat_ws('|', p.given_name, p.family_name, p.birth_date, p.lifecycle) AS what FROM imp_random.source_record s JOIN imp_random.party p USING (party_id)
	UNION ALL SELECT c.kind, s.external_id, CASE WHEN c.kind = 'postal' THEN c.street ELSE c.value_norm END FROM imp_random.source_record s JOIN imp_random.contact_point c USING (party_id)
	UNION ALL SELECT 'consent', s.external_id, c.status FROM imp_random.source_record s JOIN imp_random.consent c USING (party_id)
	UNION ALL SELECT 'order', o.external_id, concat_ws('|', s.external_id, o.ordered_at, o.amount, o.kind) FROM imp_random.sales_order o JOIN imp_random.source_record s USING (party_id)
	UNION ALL SELECT 'line', o.external_id, concat_ws('|', p.sku, l.quantity, l.amount) FROM imp_random.sales_order_line l JOIN imp_random.sales_order o USING (party_id, order_id) JOIN imp_random.product p USING (product_id);
SELECT kind, count(*) > 100 AS many FROM imp_expected GROUP BY 1 ORDER BY 1;
(SELECT 'missing' AS how, * FROM imp_expected EXCEPT ALL SELECT 'missing', * FROM imp_found) UNION ALL (SELECT 'too much', * FROM imp_found EXCEPT ALL SELECT 'too much', * FROM imp_expected) ORDER BY 1, 2, 3 LIMIT 10;
-- the same file again, and the clean contents through import_flat into the same mart: nothing new but what was refused before
SELECT inserted, updated, rejected = (SELECT count(*) FROM imp_file WHERE dirt > 0) AS same FROM crmseg.import_report('imp_random', crmseg.import_csv('imp_random', 'till', 'imp_raw', :'map'));
SELECT count(*) AS differs FROM ((SELECT * FROM imp_expected EXCEPT ALL SELECT * FROM imp_found) UNION ALL (SELECT * FROM imp_found EXCEPT ALL SELECT * FROM imp_expected)) x;
DROP VIEW imp_expected, imp_found, imp_good;
DROP TABLE imp_customer, imp_line, imp_dirty, imp_file, imp_raw;
DROP FUNCTION imp_cell;
DROP SCHEMA imp_random CASCADE;
