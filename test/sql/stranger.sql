-- what a stranger met who followed the docs with data of his own: a mart with quotes and blanks in its name, values given wrongly, late or empty
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'America/Santiago';
SELECT crmseg.create_datamart('St "r''anger', '{"time_zone": "Pacific/Auckland", "default_phone_region": "NZ"}');
SET search_path = "St ""r'anger", public;
INSERT INTO party DEFAULT VALUES;
INSERT INTO party DEFAULT VALUES;
INSERT INTO attribute_def (key, data_type, is_multi, sensitivity) VALUES ('tenure', 'text', false, 'personal'), ('interest', 'text', true, 'personal'), ('child', 'num', true, 'personal'), ('pet', 'json', true, 'personal');
-- what is heard late is no news: it holds until what was said after it
SELECT crmseg.set_attribute('St "r''anger', 1, 'tenure', '"owner"', at => '2026-05-01 00:00Z') > 0 AS ok;
SELECT crmseg.set_attribute('St "r''anger', 1, 'tenure', '"tenant"', at => '2026-03-01 00:00Z') > 0 AS ok;
SELECT crmseg.set_attribute('St "r''anger', 1, 'tenure', '"guest"', at => '2026-04-01 00:00Z') > 0 AS ok;
SELECT crmseg.set_attribute('St "r''anger', 1, 'tenure', '"lodger"', at => '2026-04-01 00:00Z') > 0 AS ok;
SELECT txt, lower(valid) AT TIME ZONE 'UTC' AS since, upper(valid) AT TIME ZONE 'UTC' AS until FROM party_attribute ORDER BY valid;
SELECT traits FROM party_profile WHERE party_id = 1;
-- several values in an array are several values; a text is no document
SELECT crmseg.set_attribute('St "r''anger', 2, 'interest', '["golf", "tennis", "golf"]') > 0 AS ok, crmseg.set_attribute('St "r''anger', 2, 'child', '[7, 9]') > 0 AS ok, crmseg.set_attribute('St "r''anger', 2, 'pet', '[{"kind": "cat"}]') > 0 AS ok;
SELECT traits FROM party_profile WHERE party_id = 2;
SELECT crmseg.set_attribute('St "r''anger', 2, 'interest', '["chess", {"topic": "golf"}]');
SELECT crmseg.set_attribute('St "r''anger', 2, 'interest', '["chess", null]');
SELECT crmseg.set_attribute('St "r''anger', 2, 'child', '["two"]');
SELECT crmseg.set_attribute('St "r''anger', 2, 'tenure', '["owner"]');
SELECT crmseg.set_attribute('St "r''anger', NULL, 'tenure', '"owner"');
SELECT traits FROM party_profile WHERE party_id = 2;
SELECT crmseg.set_consent('St "r''anger', 1, 'newsletter', 'email', 'maybe');
SELECT crmseg.set_consent('St "r''anger', NULL, 'newsletter', 'email', 'granted');
-- a channel that is not there is said so
INSERT INTO campaign (campaign_id, name) VALUES (1, 'spring');
SELECT crmseg.release_claims('St "r''anger', 1, 'pigeon');
SELECT crmseg.release_claims('St "r''anger', 1, NULL);
-- an attached table that is emptied, filled anew, dropped
CREATE SCHEMA "A p'p";
CREATE TABLE "A p'p"."Cust" ("Id" int PRIMARY KEY, "Name" text);
CREATE TABLE "A p'p"."Ord" ("Id" int PRIMARY KEY, c int, at timestamptz, amt numeric);
CREATE TABLE "A p'p"."Point" ("Id" int PRIMARY KEY, c int, mail text);
INSERT INTO "A p'p"."Cust" VALUES (1, 'Ilona'), (2, NULL), (3, 'Béla');
INSERT INTO "A p'p"."Ord" VALUES (1, 1, '2026-01-01', 10), (2, 2, '2026-01-02', 20), (3, 3, '2026-01-03', 30);
INSERT INTO "A p'p"."Point" VALUES (1, 1, 'ilona@x.hu'), (2, 3, 'bela@x.hu');
SELECT crmseg.attach('St "r''anger', 'party', '"A p''p"."Cust"', '{"source": "my ''app''", "source_key": "Id", "party": {"given_name": "Name"}, "deletions": "erase"}') AS cust \gset
SELECT crmseg.attach('St "r''anger', 'order', '"A p''p"."Ord"', '{"source": "my ''app''", "source_key": "c", "order": {"external_id": "Id", "ordered_at": "at", "amount": "amt"}, "deletions": "cancel"}') > 0 AS ok;
SELECT crmseg.attach('St "r''anger', 'contact_point', '"A p''p"."Point"', '{"source": "my ''app''", "key": "Id", "party": "c", "kind": {"value": "email"}, "value": "mail"}') > 0 AS ok;
SELECT rows_read, deleted, refused FROM crmseg.pull_attached('St "r''anger') ORDER BY attachment_id;
BEGIN;
TRUNCATE "A p'p"."Ord";
INSERT INTO "A p'p"."Ord" VALUES (2, 2, '2026-01-02', 25);
COMMIT;
TRUNCATE "A p'p"."Point";
SELECT rows_read, deleted, refused FROM crmseg.pull_attached('St "r''anger') ORDER BY attachment_id;
SELECT external_id, status, amount FROM sales_order ORDER BY 1;
SELECT count(*) AS points FROM contact_point;
TRUNCATE "A p'p"."Cust";
SELECT deleted FROM crmseg.pull_attached('St "r''anger', :cust);
SELECT count(*) AS records FROM source_record;
DROP TABLE "A p'p"."Cust";
\set VERBOSITY terse
SELECT count(*) FROM crmseg.pull_attached('St "r''anger') p WHERE p.attachment_id <> :cust;
\set VERBOSITY default
SELECT crmseg.pull_attached('St "r''anger', :cust);
SELECT entity, failure FROM attachment WHERE failure IS NOT NULL;
SELECT crmseg.detach_source('St "r''anger', :cust);
SELECT count(*) AS problems FROM crmseg.check_datamart('St "r''anger');
-- a segment asked of the row that a subselect gives, with and without events, alone and for each row
SELECT (SELECT p FROM customer_360 p WHERE p.party_id = 1) OPERATOR(crmseg.@@) 'did order'::crmseg.segment AS did, (SELECT p FROM customer_360 p WHERE p.party_id = 1) OPERATOR(crmseg.@@) 'traits.tenure = ''owner'' or did not order'::crmseg.segment AS did_not,
	(SELECT count(*) FROM party y WHERE (SELECT p FROM customer_360 p WHERE p.party_id = y.party_id) OPERATOR(crmseg.@@) 'did order at least 1 times'::crmseg.segment) AS buyers;
-- a record as a form gives it: what it says is read, not refused
SELECT crmseg.identify('St "r''anger', 'form', 'f1', '{"party": {"given_name": " Ilse ", "family_name": "Ruiz", "birth_date": "18/11/1982", "sex": "Frau"}, "email": "ilse@ruiz.nz", "address": {"street": "1 Rua St", "postal_code": "6011", "city": "Wellington", "country": "New Zealand"}}') AS ilse \gset
SELECT given_name, birth_date, sex, country FROM party WHERE party_id = :ilse;
SELECT d.text, (crmseg.identity_record(jsonb_build_object('birth_date', d.text), 'NZ') ->> 'birth_date')::date AS born, (crmseg.identity_record(jsonb_build_object('birth_date', d.text), 'US') ->> 'birth_date')::date AS born_in_us
FROM unnest('{1982-11-18,19821118,1982-11-18T10:00:00Z,18.11.1982,11/18/1982,3/4/1982,18 nov 1982}'::text[]) d (text);
SELECT crmseg.identity_record('{"sex": "?", "country": "Atlantis", "legal_name": null, "organisation_name": "Kea Ltd", "given_name": 7}', NULL);
SELECT crmseg.identify('St "r''anger', 'form', 'f2', '{"given_name": "Bo", "birth_date": "today"}');
SELECT crmseg.identify('St "r''anger', 'form', 'f2', '{"given_name": "Bo", "birth_date": "31/02/1982"}');
SELECT crmseg.identify('St "r''anger', 'form', 'f2', '{"given_name": ["Bo"]}');
SELECT crmseg.identify('St "r''anger', 'form', 'f2', '{"party": {"name": "Bo"}}');
-- contact points written by hand, without their normal form
INSERT INTO contact_point (party_id, kind, value, country) VALUES (1, 'email', 'Kiri.Te+x@GMail.com', NULL), (1, 'phone', '021 123 4567', NULL), (1, 'phone', '06 12 34 56 78', 'FR'), (1, 'postal', '12 Queen Street, 1010 Auckland', 'NZ'), (1, 'social', '@Kiri', NULL),
	(2, 'email', 'no address', NULL);
SELECT kind, value, value_norm, status FROM contact_point WHERE party_id IN (1, 2) ORDER BY contact_point_id;
INSERT INTO contact_point (party_id, kind, value) VALUES (2, 'email', '');
INSERT INTO sales_order (party_id, ordered_at, amount, source_id, external_id) SELECT 1, '2026-02-01', 10, min(source_id), 'by hand' FROM source RETURNING currency = (SELECT base_currency FROM datamart) AS in_base_currency, base_amount;
-- a list of values with a hole allows nothing beyond it
INSERT INTO attribute_def (key, data_type, allowed) VALUES ('size', 'enum', '{s,m,NULL}');
SELECT * FROM crmseg.churn_list('St "r''anger', 'infinity');
-- all of a mart can be published: what is changed or deleted has a key, or is sent whole
SELECT c.relname AS cannot_be_published FROM pg_class c WHERE c.relnamespace = '"St ""r''anger"'::regnamespace AND c.relkind IN ('r', 'p') AND c.relreplident <> 'f'
	AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) ORDER BY 1;
DROP SCHEMA "St ""r'anger", "A p'p" CASCADE;
