-- Small tables in which a person would be sure: what a first try looks like. Each line says what is expected.
SET search_path = public;
SET client_min_messages = warning;
CREATE TABLE ls_record (id text, f text, l text, full_name text, co text, d text, m text, p text, a text, pc text, ci text, reg text, src text);
CREATE FUNCTION ls_groups(cols jsonb, threshold float8 DEFAULT 0.5) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(c, ' | ' ORDER BY c), 'none') FROM (SELECT string_agg(record_id, ' ' ORDER BY record_id) c FROM crmseg.cluster_records('ls_record', 'id', cols, threshold) GROUP BY cluster_id HAVING count(*) > 1) x $$;
\set all '''{"f":"given_name","l":"family_name","d":"date","m":"email","p":"phone","a":"address","pc":"postal_code","ci":"city"}'''
-- typo in mail: expect a1 a2
TRUNCATE ls_record; INSERT INTO ls_record (id,f,l,m) VALUES ('a1','Jean','Dupont','jean.dupont@gmail.com'),('a2','Jean','Dupont','jean.dupond@gmail.com'),('a3','Marie','Curie','marie@curie.fr');
SELECT ls_groups('{"f":"given_name","l":"family_name","m":"email"}');
-- two records only: expect a1 a2
DELETE FROM ls_record WHERE id='a3';
SELECT ls_groups('{"f":"given_name","l":"family_name","m":"email"}');
-- father and son: expect none / with birth dates none
TRUNCATE ls_record; INSERT INTO ls_record (id,f,l,d,a,pc,ci,p) VALUES ('f','Pierre','Martin','1950-03-02','12 rue de la Paix','75002','Paris','01 42 33 44 55'),('s','Pierre','Martin','1978-07-21','12 rue de la Paix','75002','Paris','01 42 33 44 55'),('x','Anne','Leroy','1966-01-05','3 av Foch','69006','Lyon',null);
SELECT ls_groups(:all);
-- father and son, each twice, and a record that may be of either: expect f f2 | s s2, x with neither
TRUNCATE ls_record; INSERT INTO ls_record (id,f,l,d,m,a,pc,ci) VALUES ('f','Pierre','Martin','1950-03-02',null,'12 rue de la Paix','75002','Paris'),('f2','Pierre','Martin','1950-03-02','p.martin@free.fr','12 rue de la Paix','75002','Paris'),
	('s','Pierre','Martin','1978-07-21',null,'12 rue de la Paix','75002','Paris'),('s2','Pierre','Martin','1978-07-21','pierrot@gmx.fr','12 rue de la Paix','75002','Paris'),('x','Pierre','Martin',null,null,'12 rue de la Paix','75002','Paris');
SELECT ls_groups(:all);
-- a date that stands for none: expect a b, not c
TRUNCATE ls_record; INSERT INTO ls_record (id,f,l,d,p,a,pc,ci) VALUES ('a','Louise','Besnard','1900-01-01','06 12 34 56 78','4 rue Haute','35000','Rennes'),('b','Louise','Besnard','1988-05-07','06 12 34 56 78','4 rue Haute','35000','Rennes'),
	('c','Hugo','Besnard','01/01/1900','02 99 11 22 33','4 rue Haute','35000','Rennes'),('d','Anna','Leroy','1970-01-01',null,null,null,'Lyon');
SELECT ls_groups(:all);
-- a mobile and a landline are no contradiction, two mobiles are: weights of otherwise equal pairs
SELECT round(max(weight) FILTER (WHERE n = 1)::numeric, 1) - round(max(weight) FILTER (WHERE n = 2)::numeric, 1) > 0.5 AS less FROM
	(SELECT 1 AS n, weight FROM crmseg.explain_match('{"f":"Louise","l":"Besnard","p":"+33 6 12 34 56 78"}', '{"f":"Louise","l":"Besnard","p":"+33 2 99 11 22 33"}', '{"f":"given_name","l":"family_name","p":"phone"}') WHERE comparison = 'phone'
	UNION ALL SELECT 2, weight FROM crmseg.explain_match('{"f":"Louise","l":"Besnard","p":"+33 6 12 34 56 78"}', '{"f":"Louise","l":"Besnard","p":"+33 6 99 11 22 33"}', '{"f":"given_name","l":"family_name","p":"phone"}') WHERE comparison = 'phone') x;
-- twins: expect none
TRUNCATE ls_record; INSERT INTO ls_record (id,f,l,d,a,pc,ci,p) VALUES ('f','Paul','Martin','1990-03-02','12 rue de la Paix','75002','Paris','01 42 33 44 55'),('s','Julie','Martin','1990-03-02','12 rue de la Paix','75002','Paris','01 42 33 44 55'),('x','Anne','Leroy','1966-01-05','3 av Foch','69006','Lyon',null);
SELECT ls_groups(:all);
-- same company: expect c1 c2 (c3 not)
TRUNCATE ls_record; INSERT INTO ls_record (id,co,a,pc,ci) VALUES ('c1','Boulangerie Lefort SARL','4 rue du Port','35400','Saint-Malo'),('c2','BOULANGERIE LEFORT SAS','4, rue du port','35400','St Malo'),('c3','Garage Kerouac',null,'35400','Saint-Malo');
SELECT ls_groups('{"co":"organisation_name","a":"address","pc":"postal_code","ci":"city"}');
-- name only: SARL Lefort / Lefort ltd: expect c1 c2
TRUNCATE ls_record; INSERT INTO ls_record (id,co) VALUES ('c1','Dupuis & Fils SARL'),('c2','SARL Dupuis et Fils'),('c3','Garage Kerouac'),('c4','Acme GmbH'),('c5','ACME G.m.b.H.');
SELECT ls_groups('{"co":"organisation_name"}');
-- only phone: expect 1 2
TRUNCATE ls_record; INSERT INTO ls_record (id,p) VALUES ('1','06 12 34 56 78'),('2','+33 6 12 34 56 78'),('3','06 99 88 77 66'),('4',null),('5','12');
SELECT ls_groups('{"p":"phone"}');
-- only mail: expect 1 2
TRUNCATE ls_record; INSERT INTO ls_record (id,m) VALUES ('1','Ann@Example.org'),('2',' ann@example.org'),('3','bob@example.org'),('4',null),('5','not a mail');
SELECT ls_groups('{"m":"email"}');
-- only full name: expect 1 2
TRUNCATE ls_record; INSERT INTO ls_record (id,full_name) VALUES ('1','Ann Smithfield'),('2','SMITHFIELD Ann'),('3','Bob Jones'),('4',null);
SELECT ls_groups('{"full_name":"full_name"}');
-- a name and a phone, and an address and that phone: expect 1 2
TRUNCATE ls_record; INSERT INTO ls_record (id,f,l,m,p) VALUES ('1','Ann','Lee',null,'06 12 34 56 78'),('2',null,null,'ann@lee.org','+33612345678'),('3','Bob','Ray','b@r.org','0699887766');
SELECT ls_groups('{"f":"given_name","l":"family_name","p":"phone","m":"email"}');
-- all null / single
TRUNCATE ls_record; INSERT INTO ls_record (id) VALUES ('1'),('2'),('3');
SELECT count(*), count(DISTINCT cluster_id) FROM crmseg.cluster_records('ls_record','id',:all);
DELETE FROM ls_record WHERE id<>'1';
SELECT * FROM crmseg.cluster_records('ls_record','id',:all);
-- same name same mailbox other phones: expect 1 2 3
TRUNCATE ls_record; INSERT INTO ls_record (id,f,l,m,p) VALUES ('1','Ann','Lee','ann@lee.org','06 12 34 56 78'),('2','Ann','Lee','ann@lee.org','0699887766'),('3','Ann','Lee','ann@lee.org','0711223344');
SELECT ls_groups('{"f":"given_name","l":"family_name","p":"phone","m":"email"}');
-- exact copies of everything: expect 1 2
TRUNCATE ls_record; INSERT INTO ls_record (id,f,l,d,m,p,a,pc,ci) VALUES ('1','Ann','Lee','1980-01-03','ann@lee.org','06 12 34 56 78','1 rue A','75001','Paris'),('2','Ann','Lee','1980-01-03','ann@lee.org','06 12 34 56 78','1 rue A','75001','Paris');
SELECT ls_groups(:all);
-- nickname and same phone: expect 1 2
TRUNCATE ls_record; INSERT INTO ls_record (id,f,l,p) VALUES ('1','Robert','Miller','(415) 555-2671'),('2','Bob','Miller','415-555-2671'),('3','Alice','Wong','212-555-0199');
SELECT ls_groups('{"f":"given_name","l":"family_name","p":"phone"}');
-- married name, same mail and birth: expect 1 2
TRUNCATE ls_record; INSERT INTO ls_record (id,f,l,d,m) VALUES ('1','Sophie','Bernard','1985-05-06','sophie.b@free.fr'),('2','Sophie','Delmas','06/05/1985','sophie.b@free.fr'),('3','Luc','Delmas','1980-02-02',null);
SELECT ls_groups('{"f":"given_name","l":"family_name","d":"date","m":"email"}');
-- couple sharing mailbox: expect none
TRUNCATE ls_record; INSERT INTO ls_record (id,f,l,m,a,pc) VALUES ('1','Sophie','Bernard','bernard.famille@free.fr','1 rue X','75001'),('2','Luc','Bernard','bernard.famille@free.fr','1 rue X','75001'),('3','Anne','Roy','anne@roy.fr','9 rue Y','33000');
SELECT ls_groups('{"f":"given_name","l":"family_name","m":"email","a":"address","pc":"postal_code"}');
-- same name, different mails and birth dates: expect none
TRUNCATE ls_record; INSERT INTO ls_record (id,f,l,d,m) VALUES ('1','John','Smith','1985-05-06','js85@free.fr'),('2','John','Smith','1961-12-24','john.smith@gmx.de'),('3','Luc','Delmas','1980-02-02',null);
SELECT ls_groups('{"f":"given_name","l":"family_name","d":"date","m":"email"}');
-- same name and birth date only: expect 1 2
TRUNCATE ls_record; INSERT INTO ls_record (id,f,l,d) VALUES ('1','Johanna','Sandoval','1985-05-06'),('2','JOHANNA','SANDOVAL','06.05.1985'),('3','Luc','Delmas','1980-02-02');
SELECT ls_groups('{"f":"given_name","l":"family_name","d":"date"}');
-- same name and address: expect 1 2
TRUNCATE ls_record; INSERT INTO ls_record (id,f,l,a,pc,ci) VALUES ('1','Johanna','Sandoval','Hauptstr. 5','10115','Berlin'),('2','Johanna','Sandoval','Hauptstraße 5','10115','Berlin'),('3','Luc','Delmas','1 rue X','75001','Paris');
SELECT ls_groups('{"f":"given_name","l":"family_name","a":"address","pc":"postal_code","ci":"city"}');
-- registry number same, name other: expect 1 2
TRUNCATE ls_record; INSERT INTO ls_record (id,co,reg) VALUES ('1','Lefort SARL','552 100 554'),('2','Boulangerie Lefort','55210055400013'),('3','Garage','404833048');
SELECT ls_groups('{"co":"organisation_name","reg":"registry_number"}');
-- same name, first initial, same mobile: expect 1 2
TRUNCATE ls_record; INSERT INTO ls_record (id,f,l,p) VALUES ('1','J.','Okonkwo','07700 900123'),('2','James','Okonkwo','+44 7700 900123'),('3','Alice','Wong','07700 900999');
SELECT ls_groups('{"f":"given_name","l":"family_name","p":"phone"}');
-- code column only: expect 1 2
TRUNCATE ls_record; INSERT INTO ls_record (id,reg) VALUES ('1','AB-123'),('2','ab 123'),('3','AB-124'),('4','ZZ-999');
SELECT ls_groups('{"reg":"code"}');
-- sorted/duplicate full name + mail different provider: expect 1 2
TRUNCATE ls_record; INSERT INTO ls_record (id,full_name,m) VALUES ('1','Zbigniew Kowalczykiewicz','z.kowalczykiewicz@gmail.com'),('2','Kowalczykiewicz Zbigniew','z.kowalczykiewicz@wp.pl'),('3','Ann Lee','ann@lee.org');
SELECT ls_groups('{"full_name":"full_name","m":"email"}');
-- twenty people + 2 dups: expect d1 d2, e1 e2
TRUNCATE ls_record; INSERT INTO ls_record (id,f,l,d,m,p) select 'p'||g, (array['Ann','Bob','Carl','Dora','Eve','Finn','Gus','Hal','Ida','Jon'])[g%10+1], (array['Adler','Baker','Cohen','Dietz'])[g%4+1]||chr(97+g), date '1950-01-01'+g*777, 'u'||g||'@mail'||g||'.org', '06'||lpad((g*12345671%100000000)::text,8,'0') from generate_series(1,20) g;
INSERT INTO ls_record (id,f,l,d,m,p) VALUES ('d1','Katherine','Holloway','1971-08-09','kholloway@mail.org','0612121212'),('d2','Kathy','Holloway',null,'kholloway@mail.org',null),('e1','Stefan','Grüber','1971-02-03',null,'0634343434'),('e2','Stefan','Grueber','03.02.1971','s@g.de',null);
SELECT ls_groups('{"f":"given_name","l":"family_name","d":"date","m":"email","p":"phone"}');

-- one name, two dates of birth: expect none
TRUNCATE ls_record; INSERT INTO ls_record (id,f,l,d) VALUES ('1','John','Smith','1985-05-06'),('2','John','Smith','1961-12-24'),('3','Zoe','Quillfeather','1985-05-06'),('4','Zoe','Quillfeather','1961-12-24'),('5','Al','Bo',NULL);
SELECT ls_groups('{"f":"given_name","l":"family_name","d":"date"}');
-- the same row sixty times: expect one of sixty
TRUNCATE ls_record; INSERT INTO ls_record (id,f,l,d,m) SELECT g, 'Ann', 'Leeward', '1985-05-06', 'ann@lee.example' FROM generate_series(1, 60) g;
SELECT count(DISTINCT cluster_id) FROM crmseg.cluster_records('ls_record', 'id', '{"f":"given_name","l":"family_name","d":"date","m":"email"}');
-- instants as ids
CREATE VIEW ls_instant AS SELECT timestamptz '2026-01-01 00:00Z' + g * interval '1 second' AS id, 'a' || g || '@b.example' AS m FROM generate_series(1, 5) g;
SELECT count(DISTINCT record_id) FROM crmseg.cluster_records('ls_instant', 'id', '{"m":"email"}');

-- several addresses and numbers, in one cell or in several columns: all of them count
CREATE TABLE ls_several (id int, name text, email text, email2 text, phone text, mobile text);
INSERT INTO ls_several VALUES (1, 'Ann Leeward', 'ann@work.example; leeward.ann@home.example', NULL, '01 42 33 44 55 / +33 6 12 34 56 78', NULL),
	(2, 'A. Leeward', 'leeward.ann@home.example', NULL, NULL, NULL), (3, 'Ann Leward', NULL, NULL, NULL, '+33612345678'),
	(4, 'Bob Rayner', 'bob@rayner.example', 'info@shop.example', '+33 6 99 88 77 66', NULL), (5, 'B Rayner', 'x@y.example', 'Bob <bob@rayner.example>', NULL, NULL),
	(6, 'Carla Dietz', 'carla@dietz.example|carla@dietz.example,info@shop.example', 'carla@dietz.example', NULL, NULL), (7, 'Carla Dietz', 'n/a; carla@dietz,example', NULL, NULL, NULL),
	(8, 'Emil Voss', ';;,|', '|', ' / ', ';'), (9, 'Fay Wolfe', 'fay@', '@', '12;13', NULL);
SELECT string_agg(record_id, ' ' ORDER BY record_id) AS one FROM crmseg.cluster_records('ls_several', 'id', '{"name": "full_name", "email": "email", "email2": "email", "phone": "phone", "mobile": "phone"}') GROUP BY cluster_id HAVING count(*) > 1 ORDER BY 1;
-- a pair that several values bring is one pair, and none is of a record with itself
SELECT count(*) AS pairs, count(DISTINCT (left_id, right_id)) AS different, count(*) FILTER (WHERE left_id = right_id) AS itself
	FROM crmseg.link_records('ls_several', 'id', '{"name": "ignored", "email": "email", "email2": "email", "phone": "phone", "mobile": "phone"}', 0.001);
CREATE VIEW ls_other AS SELECT * FROM ls_several;
SELECT count(*) FILTER (WHERE left_id = right_id) AS same, count(*) - count(DISTINCT (left_id, right_id)) AS twice
	FROM crmseg.link_records('ls_several', 'id', '{"name": "full_name", "email": "email", "email2": "email", "phone": "phone", "mobile": "phone"}', 0.5, 'ls_other') WHERE left_id::int < 8;
-- how well a cluster hangs together: its weakest edge, its density, and whether it is larger than expected
SELECT cluster_id, size, links, round(density::numeric, 2) AS density, weakest_left || ' ' || weakest_right AS weakest, weakest_probability BETWEEN 0 AND 1 AS probability, weakest_weight > 0 AS heavy, over_guard
	FROM crmseg.cluster_quality('ls_several', 'id', '{"name": "full_name", "email": "email", "email2": "email", "phone": "phone", "mobile": "phone"}', size_guard => 2) ORDER BY 1;
SELECT (SELECT array_agg((cluster_id, size)::text ORDER BY cluster_id) FROM crmseg.cluster_quality('ls_several', 'id', '{"name": "full_name", "email": "email"}', 0.5, 'ls_other')) =
	(SELECT array_agg((cluster_id, size)::text ORDER BY cluster_id) FROM (SELECT cluster_id, count(*) AS size FROM crmseg.cluster_records('ls_several', 'id', '{"name": "full_name", "email": "email"}', 0.5, 'ls_other') GROUP BY 1 HAVING count(*) > 1) x) AS same;
\set SHOW_CONTEXT never
\set VERBOSITY sqlstate
SELECT * FROM crmseg.cluster_quality('ls_several', 'id', '{"name": "full_name"}', size_guard => 0);
SELECT * FROM crmseg.cluster_quality('ls_several', 'nr', '{"name": "full_name"}');
\set VERBOSITY default
DROP TABLE ls_several CASCADE;
DROP VIEW ls_instant;
DROP FUNCTION ls_groups;
DROP TABLE ls_record;
