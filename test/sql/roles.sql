-- Roles around a mart: what each may do with each table, that no view shows an identifier to marketing, and rows by country, store, brand.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE role_builder CREATEROLE;
GRANT CREATE ON DATABASE :DBNAME TO role_builder;
SET ROLE role_builder;
SELECT crmseg.create_datamart('roles_mart', '{"time_zone": "Europe/Paris", "default_phone_region": "FR"}');
SELECT crmseg.create_mart_roles('roles_mart', repeat('x', 60));
SELECT crmseg.create_mart_roles('roles_mart', 'rm') ORDER BY 1;
SELECT count(*) FROM crmseg.create_mart_roles('roles_mart', 'rm');
-- role x object x verb
SELECT c.relname, string_agg(CASE WHEN v.granted <> '' THEN v.role || ' ' || v.granted END, ', ' ORDER BY v.n) AS granted
FROM pg_class c CROSS JOIN LATERAL (
	SELECT r.role, r.n, concat(CASE WHEN has_table_privilege('rm_' || r.role, c.oid, 'SELECT') THEN 'r' WHEN has_any_column_privilege('rm_' || r.role, c.oid, 'SELECT') THEN '(r)' END,
		CASE WHEN has_table_privilege('rm_' || r.role, c.oid, 'INSERT') THEN 'i' END, CASE WHEN has_table_privilege('rm_' || r.role, c.oid, 'UPDATE') THEN 'u' END,
		CASE WHEN has_table_privilege('rm_' || r.role, c.oid, 'DELETE') THEN 'd' END, CASE WHEN has_table_privilege('rm_' || r.role, c.oid, 'TRUNCATE,REFERENCES,TRIGGER') THEN '!' END) AS granted
	FROM unnest('{loader,steward,marketing,activation,data_protection,auditor}'::text[]) WITH ORDINALITY r (role, n)) v
WHERE c.relnamespace = 'roles_mart'::regnamespace AND c.relname IN ('party', 'contact_point', 'consent', 'source_record', 'party_alias', 'sales_order', 'party_profile', 'campaign', 'campaign_target', 'interaction',
	'suppression', 'suppression_key', 'privacy_log', 'retention_rule', 'reader_scope', 'datamart', 'import_reject', 'import_batch')
GROUP BY c.relname ORDER BY c.relname;
-- nothing is open to everybody, and nobody but the owner owns
SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'roles_mart'::regnamespace AND has_table_privilege('public', c.oid, 'SELECT,INSERT,UPDATE,DELETE') AND c.relkind IN ('r', 'p', 'v');
SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'roles_mart'::regnamespace;
SELECT string_agg(a.attname, ' ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = 'roles_mart.party'::regclass AND a.attnum > 0 AND NOT has_column_privilege('rm_marketing', a.attrelid, a.attnum, 'SELECT');

-- an import as the loader, whose name and address nobody of marketing sees through any view
CREATE SCHEMA roles_input;
CREATE TABLE roles_input.line (no text, mail text, nom text, ville text, pays text, magasin text, ticket text, date text, montant text, ref text);
INSERT INTO roles_input.line VALUES ('1', 'zqcanary@example.fr', 'Zqcanary', 'Lyon', 'FR', 'S1', 'T1', '2024-02-01', '10.00', 'A'), ('2', 'zqcanary2@example.be', 'Zqcanary', 'Gent', 'BE', 'S2', 'T2', '2024-02-02', '20.00', 'B'),
	('1', 'zqcanary@example.fr', 'Zqcanary', 'Lyon', 'FR', 'S2', 'T3', '2024-02-03', '5.00', 'B');
GRANT USAGE ON SCHEMA roles_input TO rm_loader;
GRANT SELECT ON roles_input.line TO rm_loader;
RESET ROLE;
SET ROLE rm_loader;
SELECT lines_read, inserted, rejected FROM crmseg.import_report('roles_mart', crmseg.import_flat('roles_mart', 'till', 'roles_input.line', '{"source_key": "no", "party": {"family_name": "nom", "country": "pays"}, "email": "mail", "address": {"city": "ville", "country": "pays"},
	"order": {"external_id": "ticket", "ordered_at": {"column": "date", "format": "YYYY-MM-DD"}, "store": "magasin"}, "line": {"sku": "ref", "amount": "montant"}}'));
RESET ROLE;
UPDATE roles_mart.product SET brand = 'brand ' || sku;
UPDATE roles_mart.party SET country = c.country FROM roles_mart.contact_point c WHERE c.party_id = party.party_id AND c.kind = 'postal' AND party.country IS NULL;
-- a steward links, by similarity too
UPDATE roles_mart.datamart SET link_min_records = 2;
UPDATE roles_mart.source_record SET resolved_at = NULL;
SET ROLE rm_steward;
SELECT records_read > 0 AS read, merged FROM crmseg.resolve('roles_mart');
UPDATE roles_mart.source_record SET resolved_at = NULL;
SELECT records_read > 0 AS read, merged FROM crmseg.resolve('roles_mart');
RESET ROLE;
UPDATE roles_mart.datamart SET link_min_records = 1000;
-- somebody whose name stands in the address of a page
INSERT INTO roles_mart.web_session (visitor_id, started_at, session_id, party_id, landing) SELECT crmseg.visitor_id('zq'), '2024-03-01', 8000, min(party_id), '/zqcanary' FROM roles_mart.party;
INSERT INTO roles_mart.web_event (visitor_id, session_id, occurred_at, kind, page, product_id) SELECT crmseg.visitor_id('zq'), 8000, '2024-03-01', 'product', '/?mail=zqcanary@example.fr', min(product_id) FROM roles_mart.product;
CREATE FUNCTION pg_temp.can_read(reader text, rel oid) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	ok boolean := true;
BEGIN
	PERFORM set_config('role', reader, true);
	BEGIN
		EXECUTE format('SELECT FROM %s LIMIT 0', rel::regclass);
	EXCEPTION WHEN insufficient_privilege THEN
		ok := false;
	END;
	PERFORM set_config('role', 'none', true);
	RETURN ok;
END $$;
SET ROLE rm_marketing;
DO $$
DECLARE
	v record;
	n bigint;
	readable integer := 0;
BEGIN
	FOR v IN SELECT c.oid::regclass AS rel FROM pg_class c WHERE c.relnamespace = 'roles_mart'::regnamespace AND c.relkind = 'v' ORDER BY c.relname LOOP
		BEGIN
			EXECUTE format('SELECT count(*) FROM %s t WHERE t::text ILIKE ''%%zqcanary%%''', v.rel) INTO n;
			readable := readable + 1;
			IF n > 0 THEN
				RAISE WARNING '% shows who it is', v.rel;
			END IF;
		EXCEPTION WHEN insufficient_privilege THEN
			NULL;
		END;
	END LOOP;
	RAISE WARNING 'enough views can be read: %', readable >= 6;
END $$;
RESET ROLE;
-- which views each of the readers cannot read, so that nobody opens or shuts one unseen
SELECT r.role, (SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class c WHERE c.relnamespace = 'roles_mart'::regnamespace AND c.relkind = 'v' AND NOT pg_temp.can_read('rm_' || r.role, c.oid)) AS cannot_read
FROM unnest('{steward,marketing,activation,data_protection}'::text[]) WITH ORDINALITY r (role, n) ORDER BY r.n;
-- marketing sees that there are addresses, records and keys, not which; carts, what was in them and what was looked at by the pseudonym of a visitor, no page
SELECT c.relname, string_agg(a.attname, ' ' ORDER BY a.attnum) FILTER (WHERE NOT has_column_privilege('rm_marketing', a.attrelid, a.attnum, 'SELECT')) AS hidden
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'roles_mart'::regnamespace AND c.relname IN ('contact_point', 'source_record', 'external_key', 'cart', 'cart_line', 'web_session', 'web_event') AND a.attnum > 0 AND NOT a.attisdropped GROUP BY 1 ORDER BY 1;
SET ROLE rm_marketing;
SELECT theme, key, parties FROM roles_mart.data_held WHERE theme IN ('contact', 'record', 'party') ORDER BY 1, 2;
SELECT count(*) >= 0 AS carts FROM roles_mart.abandoned_carts c JOIN roles_mart.cart_line l USING (visitor_id, cart_id) JOIN roles_mart.product_interest i USING (party_id);
SELECT count(*) FROM roles_mart.party_features;
SELECT theme FROM roles_mart.data_audit;
SELECT page FROM roles_mart.web_activity;
SELECT value_norm FROM roles_mart.contact_point;
SELECT payload FROM roles_mart.source_record;
SELECT count(*), sum(revenue) FROM roles_mart.customer_profile;
-- what happened, who allowed what and which card somebody holds is no identity; the proof and the number of the card are
SELECT count(*) > 0 AS timeline FROM roles_mart.timeline;
SELECT count(*) >= 0 AS consents FROM roles_mart.consent WHERE status = 'granted';
SELECT count(*) >= 0 AS cards FROM roles_mart.loyalty_account JOIN roles_mart.party_profile USING (party_id);
-- it defines segments, whose views the mart's owner makes, and campaigns
SELECT crmseg.define_segment('roles_mart', 'bought', 'orders > 0') > 0 AS defined;
SELECT crmseg.define_segment('roles_mart', 'bought twice', 'in segment ''bought'' and orders > 1') > 0 AS defined;
SELECT (SELECT count(*) FROM roles_mart.segment_bought) AS bought, (SELECT count(*) FROM roles_mart."segment_bought twice") AS twice;
SELECT crmseg.rename_segment('roles_mart', 'bought', 'buyers');
SELECT crmseg.define_segment('roles_mart', 'buyers', 'orders > 100') > 0 AS defined;
SELECT (SELECT count(*) FROM roles_mart.segment_buyers) AS buyers, (SELECT count(*) FROM roles_mart."segment_bought twice") AS twice;
SELECT crmseg.drop_segment('roles_mart', 'buyers');
SELECT crmseg.drop_segment('roles_mart', 'bought twice'), crmseg.drop_segment('roles_mart', 'buyers');
INSERT INTO roles_mart.campaign (name, purpose, is_commercial) VALUES ('recall', 'service', false) RETURNING campaign_id;
SELECT crmseg.next_question('roles_mart', 1) IS NULL AS nothing_to_ask, (SELECT count(*) > 0 FROM roles_mart.question_to_ask) AS questions;
-- activation claims, gives back, chooses
SET ROLE rm_activation;
SELECT count(*) > 0 AS claimed FROM crmseg.claim_audience('roles_mart', 'party', 1, 'email', 10);
SELECT crmseg.release_claims('roles_mart', 1, 'email', 'infinity') > 0 AS released;
SELECT channel FROM crmseg.choose_channel('roles_mart', (SELECT min(party_id) FROM roles_mart.contact_point WHERE kind = 'email'), 1);
SELECT count(*) AS carts FROM crmseg.claim_abandoned_carts('roles_mart', 1, 'email');
UPDATE roles_mart.party SET given_name = 'x';
SET ROLE rm_marketing;
SELECT evidence FROM roles_mart.consent;
SELECT card_no FROM roles_mart.loyalty_account;
SELECT family_name FROM roles_mart.party;
SELECT email FROM roles_mart.customer_360;
RESET ROLE;
SET ROLE rm_auditor;
SELECT count(*) FROM roles_mart.privacy_log;
SELECT count(*) FROM roles_mart.contact_point;
RESET ROLE;
SET ROLE rm_data_protection;
SELECT count(*) FROM jsonb_object_keys(crmseg.export_party('roles_mart', (SELECT min(party_id) FROM roles_mart.party)) -> 'rows') WHERE jsonb_object_keys ~ 'party$|contact_point$';
SELECT crmseg.restrict_party('roles_mart', (SELECT min(party_id) FROM roles_mart.party));
RESET ROLE;

-- rows by country, store and brand; a visit and a cart of each party, and of a visitor not known
INSERT INTO roles_mart.web_session (visitor_id, started_at, session_id, party_id) SELECT crmseg.visitor_id('v' || p.party_id), timestamptz '2024-03-01', p.party_id, p.party_id FROM roles_mart.party p UNION ALL SELECT crmseg.visitor_id('v'), '2024-03-01', 9000, NULL;
INSERT INTO roles_mart.web_event (visitor_id, session_id, occurred_at, kind) SELECT visitor_id, session_id, started_at, 'page' FROM roles_mart.web_session;
INSERT INTO roles_mart.cart (visitor_id, cart_id, party_id) SELECT visitor_id, session_id, party_id FROM roles_mart.web_session;
INSERT INTO roles_mart.cart_line (visitor_id, cart_id, product_id) SELECT c.visitor_id, c.cart_id, (SELECT min(product_id) FROM roles_mart.product) FROM roles_mart.cart c;
CREATE ROLE role_belgian;
GRANT rm_activation TO role_belgian;
SET ROLE role_builder;
SELECT crmseg.scope_readers('roles_mart', 'role_belgian', 'region', '{BE}');
SELECT crmseg.scope_readers('roles_mart', 'role_nobody', 'country', '{BE}');
SELECT crmseg.scope_readers('roles_mart', 'role_belgian', 'country', '{BE}') > 10 AS policies;
SELECT crmseg.scope_readers('roles_mart', 'role_belgian', 'country', '{BE}') AS again;
RESET ROLE;
SET ROLE role_belgian;
SELECT country, count(*) FROM roles_mart.party GROUP BY 1;
SELECT kind, value_norm FROM roles_mart.contact_point WHERE kind = 'email';
SELECT (SELECT count(*) FROM roles_mart.web_event) AS events, (SELECT count(*) FROM roles_mart.cart_line) AS in_carts, (SELECT count(*) FROM roles_mart.web_activity) AS activity;
SELECT count(*), sum(amount) FROM roles_mart.sales_order;
SELECT count(*), sum(revenue) FROM roles_mart.customer_profile;
RESET ROLE;
SET ROLE rm_activation;
SELECT count(*), sum(amount) FROM roles_mart.sales_order;
RESET ROLE;
SELECT crmseg.scope_readers('roles_mart', 'role_belgian', 'country', NULL), crmseg.scope_readers('roles_mart', 'role_belgian', 'store', '{S2}');
SET ROLE role_belgian;
SELECT count(*), sum(amount) FROM roles_mart.sales_order;
SELECT count(*), sum(amount) FROM roles_mart.sales_order_line;
RESET ROLE;
SELECT crmseg.scope_readers('roles_mart', 'role_belgian', 'store', NULL), crmseg.scope_readers('roles_mart', 'role_belgian', 'brand', '{brand A}');
SET ROLE role_belgian;
SELECT count(*), sum(amount) FROM roles_mart.sales_order_line;
SELECT count(*), sum(amount) FROM roles_mart.sales_order;
RESET ROLE;
SELECT crmseg.scope_readers('roles_mart', 'role_belgian', 'brand', '{}');
SET ROLE role_belgian;
SELECT count(*) FROM roles_mart.sales_order_line;
-- one party is still found by its key
SET enable_seqscan = off;
CREATE FUNCTION pg_temp.plan_begins() RETURNS text LANGUAGE plpgsql AS $$ DECLARE l text; BEGIN FOR l IN EXPLAIN (COSTS OFF) SELECT created_at FROM roles_mart.party WHERE party_id = 1 LOOP RETURN l; END LOOP; END $$;
SELECT pg_temp.plan_begins();
RESET enable_seqscan;
RESET ROLE;
DROP FUNCTION pg_temp.can_read(text, oid);
DROP SCHEMA roles_mart, roles_input CASCADE;
DO $$
DECLARE
	r record;
BEGIN
	FOR r IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'rm\_%' OR rolname IN ('role_builder', 'role_belgian') LOOP
		EXECUTE format('DROP OWNED BY %I', r.rolname);
		EXECUTE format('DROP ROLE %I', r.rolname);
	END LOOP;
END $$;
