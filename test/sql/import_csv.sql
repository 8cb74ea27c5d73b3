-- import_csv: raw lines as files really are
SET client_min_messages = warning;
SELECT crmseg.create_datamart('imp_csv', '{"time_zone": "Europe/Paris", "default_phone_region": "FR"}');
CREATE TABLE imp_line (l text);
\set map '{"source_key": "id", "party": {"given_name": "prenom", "family_name": "nom"}, "email": "mail", "address": {"street": "adresse", "city": "ville"}}'
-- bytes loaded as LATIN1: UTF-8 and CP1252 side by side, a quoted line break, doubled quotes, a truncated line, too few and too many fields, bad bytes, CRLF, a blank line
CREATE FUNCTION imp_bytes(b bytea) RETURNS text LANGUAGE sql AS $$ SELECT convert_from(b, 'LATIN1') $$;
INSERT INTO imp_line VALUES
	(imp_bytes('\xEFBBBF' || convert_to('id;prenom;nom;mail;adresse;ville', 'UTF8'))),
	(imp_bytes(convert_to('1;Hélène;DUPONT;helene@exemple.fr;"12; rue des Lilas";Paris', 'UTF8'))),
	(imp_bytes(convert_to('2;Chloé;L’HÔTE;chloe@exemple.fr;3 rue de l’Église;Orléans' || E'\r', 'WIN1252'))),
	(imp_bytes(convert_to('3;Jean;MARTIN;jean@exemple.fr;"Résidence', 'UTF8'))),
	(imp_bytes(convert_to('les Pins";Nice', 'UTF8'))),
	(imp_bytes(convert_to('4;Zoé;BERNARD;zoe@exemple.fr;"coupée', 'UTF8'))),
	(imp_bytes(convert_to('5;"Marie ""Jo""";PETIT;marie@exemple.fr;"1 rue X";Lyon', 'UTF8'))),
	(imp_bytes(convert_to('6;Luc;TROP', 'UTF8'))),
	(imp_bytes(convert_to('7;Luc;PEU;luc@exemple.fr;a;b;c;d', 'UTF8'))),
	(''),
	(imp_bytes('\x383B4CE93B4E4F81'::bytea || convert_to(';x@exemple.fr;a;b', 'UTF8'))),
	(imp_bytes(convert_to('9;HÃ©lÃ¨ne;MOJIBAKE;h@exemple.fr;rue;ville;', 'UTF8')));
SELECT crmseg.import_csv('imp_csv', 'shop', 'imp_line', :'map') AS batch \gset
SELECT * FROM crmseg.import_report('imp_csv', :batch);
SELECT line_no, column_name, code, reason, raw FROM imp_csv.import_reject ORDER BY line_no;
SELECT s.external_id, p.given_name, p.family_name, c.value FROM imp_csv.source_record s JOIN imp_csv.party p USING (party_id)
	LEFT JOIN imp_csv.contact_point c ON c.party_id = p.party_id AND c.kind = 'postal' ORDER BY s.external_id;
SELECT format, repaired FROM imp_csv.import_batch;
-- the same file again
SELECT crmseg.import_csv('imp_csv', 'shop', 'imp_line', :'map') AS again \gset
SELECT * FROM crmseg.import_report('imp_csv', :again);
-- corrected as text and read again; what is still wrong stays
UPDATE imp_csv.import_reject SET raw = raw || '";Lille' WHERE import_id = :batch AND line_no = 6;
UPDATE imp_csv.import_reject SET raw = '6;Luc;TROP;luc6@exemple.fr;rue;Lille' WHERE import_id = :batch AND line_no = 8;
SELECT crmseg.import_replay('imp_csv', :batch) AS replay \gset
SELECT * FROM crmseg.import_report('imp_csv', :replay);
SELECT * FROM crmseg.import_report('imp_csv', :batch);
SELECT line_no, code FROM imp_csv.import_reject WHERE import_id = :batch ORDER BY line_no;
SELECT given_name, family_name FROM imp_csv.party WHERE family_name IN ('BERNARD', 'TROP') ORDER BY 2;
-- bytea, with a column of line numbers that is not the physical order; tabs; no header; a stated encoding
CREATE TABLE imp_bytea (no integer, b bytea);
INSERT INTO imp_bytea VALUES (2, convert_to(E'11\tPaweł\tWójcik\tpawel@example.pl\tul. Długa 5\tŁódź', 'WIN1250')), (1, convert_to(E'10\tŽofie\tNováková\tzofie@example.cz\tDlouhá 1\tBrno', 'WIN1250'));
SELECT crmseg.import_csv('imp_csv', 'east', 'imp_bytea', :'map', '{"columns": ["id", "prenom", "nom", "mail", "adresse", "ville"], "delimiter": "\t", "encoding": "WIN1250"}') AS east \gset
SELECT * FROM crmseg.import_report('imp_csv', :east);
SELECT party_id, given_name, family_name FROM imp_csv.party WHERE family_name ~ '^(Nov|W)' ORDER BY party_id;
-- text that never was bytes, comma and pipe found out
TRUNCATE imp_line;
INSERT INTO imp_line VALUES ('id,prenom,nom,mail,adresse,ville'), ('20,Łukasz,Żak,lukasz@example.pl,"a, b",Łódź');
SELECT * FROM crmseg.import_report('imp_csv', crmseg.import_csv('imp_csv', 'text', 'imp_line', :'map'));
TRUNCATE imp_line;
INSERT INTO imp_line VALUES ('id|prenom|nom|mail|adresse|ville'), ('21|Ann|Lee|ann@example.com|1, High St|York');
SELECT * FROM crmseg.import_report('imp_csv', crmseg.import_csv('imp_csv', 'text', 'imp_line', :'map'));
SELECT value FROM imp_csv.contact_point WHERE kind = 'postal' AND source_id = (SELECT source_id FROM imp_csv.source WHERE name = 'text') ORDER BY 1;
-- a whole file in one value; short lines allowed; lines skipped
TRUNCATE imp_bytea;
INSERT INTO imp_bytea VALUES (1, convert_to(E'exported 2024-05-01\r\nid;prenom;nom;mail;adresse;ville\r\n30;A;B;ab@example.com\r\n31;C;D;cd@example.com;x;y\r\n', 'UTF8'));
SELECT * FROM crmseg.import_report('imp_csv', crmseg.import_csv('imp_csv', 'whole', 'imp_bytea', :'map', '{"short_lines": true, "skip": 1}'));
-- lines that end with a carriage return alone, as files of the old Macintosh, and in its character set; Excel's line before the header
TRUNCATE imp_bytea;
INSERT INTO imp_bytea VALUES (1, convert_to(E'sep=;\rid;prenom;nom;mail;adresse;ville', 'UTF8')
	|| '\x0d'::bytea || '40;Ren'::bytea || '\x8e'::bytea || 'e;F'::bytea || '\x8e'::bytea || 'vrier;renee@example.com;rue;Orl'::bytea || '\x8e'::bytea || 'ans'::bytea || '\x0d'::bytea);
SELECT * FROM crmseg.import_report('imp_csv', crmseg.import_csv('imp_csv', 'mac', 'imp_bytea', :'map'));
-- DOS: found out, and stated
TRUNCATE imp_bytea;
INSERT INTO imp_bytea VALUES (1, 'id;prenom;nom;mail;adresse;ville'), (2, '50;H'::bytea || '\x82'::bytea || 'l'::bytea || '\x8a'::bytea || 'ne;Cond'::bytea || '\x82'::bytea || ';helene5@example.com;;Besan'::bytea || '\x87'::bytea || 'on'::bytea);
SELECT * FROM crmseg.import_report('imp_csv', crmseg.import_csv('imp_csv', 'dos', 'imp_bytea', :'map'));
SELECT * FROM crmseg.import_report('imp_csv', crmseg.import_csv('imp_csv', 'dos stated', 'imp_bytea', :'map', '{"encoding": "CP850"}'));
SELECT s.name, p.given_name, p.family_name, c.value FROM imp_csv.source_record r JOIN imp_csv.source s USING (source_id) JOIN imp_csv.party p USING (party_id)
	JOIN imp_csv.contact_point c ON c.party_id = p.party_id AND c.kind = 'postal' WHERE s.name IN ('mac', 'dos', 'dos stated') ORDER BY 1;
-- nothing but a header, one name twice (the first counts), a line of a megabyte, a NUL
TRUNCATE imp_bytea;
INSERT INTO imp_bytea VALUES (1, 'id;prenom;nom;nom;mail;adresse;ville');
SELECT * FROM crmseg.import_report('imp_csv', crmseg.import_csv('imp_csv', 'odd', 'imp_bytea', :'map'));
INSERT INTO imp_bytea VALUES (2, '60;A;first;second;;;'), (3, convert_to('61;B;' || repeat('x', 1000000) || ';;;;', 'UTF8')), (4, '62;C;n'::bytea || '\x00'::bytea || 'ul;;;;'::bytea);
SELECT * FROM crmseg.import_report('imp_csv', crmseg.import_csv('imp_csv', 'odd', 'imp_bytea', :'map'));
SELECT left(family_name, 8), length(family_name) FROM imp_csv.party WHERE given_name IN ('A', 'B', 'C') AND length(family_name) > 1 ORDER BY 2;
SELECT line_no, column_name, code, left(raw, 20) AS raw FROM imp_csv.import_reject JOIN imp_csv.import_batch USING (import_id) JOIN imp_csv.source USING (source_id) WHERE name = 'odd' ORDER BY 1;
-- refused before anything is read
TRUNCATE imp_bytea;
INSERT INTO imp_bytea VALUES (1, '\xFFFE690064003B00'::bytea);
SELECT crmseg.import_csv('imp_csv', 'utf16', 'imp_bytea', :'map');
TRUNCATE imp_bytea;
INSERT INTO imp_bytea VALUES (1, '\x00690064003B'::bytea);
SELECT crmseg.import_csv('imp_csv', 'utf16', 'imp_bytea', :'map');
TRUNCATE imp_bytea;
SELECT crmseg.import_csv('imp_csv', 'empty', 'imp_bytea', :'map');
INSERT INTO imp_bytea VALUES (1, 'id;nom');
SELECT crmseg.import_csv('imp_csv', 'no', 'imp_bytea', :'map');
SELECT crmseg.import_csv('imp_csv', 'no', 'imp_bytea', '{"source_key": "id"}', '{"delimiters": ";"}');
SELECT crmseg.import_csv('imp_csv', 'no', 'imp_bytea', '{"source_key": "id"}', '{"encoding": "EBCDIC"}');
SELECT crmseg.import_csv('imp_csv', 'no', 'imp_csv.party', '{"source_key": "id"}');
SELECT count(*) FROM imp_csv.source WHERE name IN ('utf16', 'empty', 'no');
DROP TABLE imp_line, imp_bytea;
DROP FUNCTION imp_bytes;
DROP SCHEMA imp_csv CASCADE;
