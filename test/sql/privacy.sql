-- The rights of a person: export, erasure, restriction, objection, retention.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT crmseg.create_datamart('Right"s', '{"time_zone": "Europe/Paris", "base_currency": "EUR", "default_phone_region": "FR"}');
SET search_path = "Right""s", crmseg, public;
-- a table of the application with a foreign key, one registered by hand, and one that nothing says anything about (later)
CREATE SCHEMA right_app;
CREATE TABLE right_app.ticket (ticket_id int PRIMARY KEY, customer bigint REFERENCES party ON DELETE CASCADE, body text);
CREATE TABLE right_app.ticket_note (ticket_id int REFERENCES right_app.ticket ON DELETE CASCADE, note text);
CREATE TABLE right_app.visit (who bigint, page text);
INSERT INTO party_key (relation, column_name, on_erase) VALUES ('right_app.visit', 'who', 'detach');

INSERT INTO party (party_id, given_name, family_name, birth_date, lifecycle, created_at) VALUES
	(1, 'Zoé', 'Lefèvre', '1980-02-29', 'customer', '2019-05-01 00:00+02'), (2, 'Zoe', 'Lefevre', NULL, 'prospect', '2020-01-01 00:00+01'), (3, 'Paul', 'Lefèvre', NULL, 'prospect', '2021-03-01 00:00+01');
INSERT INTO source (name, kind) VALUES ('till', 'system');
INSERT INTO contact_point (party_id, kind, value, value_norm, is_primary) VALUES
	(1, 'email', 'Zoe.Lefevre@gmail.com', 'zoelefevre@gmail.com', true), (1, 'phone', '06 12 34 56 78', '+33612345678', true), (3, 'phone', '06 12 34 56 78', '+33612345678', true),
	(2, 'email', 'zoe@free.fr', 'zoe@free.fr', true), (3, 'email', 'paul@free.fr', 'paul@free.fr', true);
INSERT INTO sales_order (party_id, ordered_at, currency, amount, source_id, external_id) SELECT 1, '2024-03-31 03:00+02', 'EUR', 49.90, source_id, 'T1' FROM source WHERE name = 'till';
INSERT INTO sales_order_line (party_id, order_id, line_no, ordered_at, amount) SELECT party_id, order_id, 1, ordered_at, amount FROM sales_order;
SELECT set_consent('Right"s', 1, 'newsletter', 'email', 'granted', '2024-01-01'), set_consent('Right"s', 2, 'newsletter', 'email', 'granted', '2024-01-01'), set_consent('Right"s', 3, 'newsletter', 'email', 'granted', '2024-01-01');
INSERT INTO cart (visitor_id, party_id, cart_id) VALUES ('00000000-0000-0000-0000-000000000001', 1, 1);
INSERT INTO product (sku, name) VALUES ('ß', 'Beta');
INSERT INTO cart_line (visitor_id, cart_id, product_id) SELECT '00000000-0000-0000-0000-000000000001', 1, product_id FROM product;
INSERT INTO web_session (visitor_id, started_at, session_id, party_id) VALUES ('00000000-0000-0000-0000-000000000001', '2024-02-01', 77, 1);
INSERT INTO web_event (visitor_id, session_id, occurred_at, kind) VALUES ('00000000-0000-0000-0000-000000000001', 77, '2024-02-01', 'view'), ('00000000-0000-0000-0000-000000000002', 77, '2024-02-01', 'view');
INSERT INTO right_app.ticket VALUES (1, 2, 'help'), (2, 3, 'me');
INSERT INTO right_app.ticket_note VALUES (1, 'called back'), (2, 'waits');
INSERT INTO right_app.visit VALUES (1, '/'), (2, '/b'), (3, '/c');
INSERT INTO import_batch (source_id, kind, relation, mapping) SELECT source_id, 'csv', 'x', '{}' FROM source WHERE name = 'till';
INSERT INTO import_reject (import_id, line_no, raw, code, reason) VALUES (1, 1, 'C9;LEFEVRE;ZOE.LEFEVRE@GMAIL.COM;31/02/2024', '22008', 'no such day'), (1, 2, 'C8;PAUL@free.fr', '22P04', 'cut');
SELECT merge_parties('Right"s', 1, 2, 'same person') > 0 AS merged;

-- every table of a mart in which a party stands has a rule, in party_key or by its foreign key
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('party_id', 'related_id')
WHERE c.relnamespace = '"Right""s"'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
	AND NOT EXISTS (SELECT FROM party_columns('Right"s') p WHERE p.relation = c.oid AND p.column_name = a.attname AND p.on_erase IS NOT NULL)
	AND (c.relname, a.attname) <> ('product_relation', 'related_id') ORDER BY 1, 2;
SELECT column_name, on_export, on_erase FROM party_columns('Right"s') WHERE relation::text LIKE 'right_app%' ORDER BY relation::text;

-- export: by the old id too, with what hangs on its rows, and nothing of anybody else
SELECT e ->> 'party_id' AS party_id, e -> 'former_ids' AS former_ids, r.key, jsonb_array_length(r.value) AS rows
FROM export_party('Right"s', 2) e CROSS JOIN jsonb_each(e -> 'rows') r
WHERE r.key !~ 'change|match|segment|identity' ORDER BY r.key COLLATE "C";
SELECT export_party('Right"s', 1)::text ~ 'Paul|waits|paul@free' AS of_others, export_party('Right"s', 1)::text ~ 'called back' AS of_the_application;

-- restriction and objection work in the very next query and can be taken back
SELECT party_id, channel FROM reachable ORDER BY 1, 2;
SELECT restrict_party('Right"s', 2);
SELECT party_id, channel FROM reachable ORDER BY 1, 2;
SELECT restrict_party('Right"s', 1, false);
SELECT object_to('Right"s', 3, 'newsletter') > 0 AS objected;
SELECT party_id, channel FROM reachable ORDER BY 1, 2;
SELECT object_to('Right"s', 1) > 0 AS objected;
SELECT party_id, channel FROM reachable ORDER BY 1, 2;
DELETE FROM contact_preference;
SELECT suppress('Right"s', 'email', 'ZoeLefevre+shop@GoogleMail.com', 'complaint'), suppress('Right"s', 'email', 'zoelefevre@gmail.com', 'complaint');
SELECT party_id, address FROM reachable ORDER BY 1, 2;
SELECT suppress('Right"s', 'phone', '12', 'x');

-- retention: an own action keeps a party, what a machine or an opening did does not
INSERT INTO reaction (party_id, occurred_at, channel_id, kind) VALUES (3, '2023-05-01 10:00+02', 1, 'open');
SELECT party_id, rule, due FROM retention_due('Right"s', '2024-03-02') ORDER BY 1;
INSERT INTO reaction (party_id, occurred_at, channel_id, kind) VALUES (3, '2023-05-02 10:00+02', 1, 'click');
SELECT party_id, rule, due FROM retention_due('Right"s', '2024-03-02') ORDER BY 1;
SELECT party_id, rule, due FROM retention_due('Right"s', '2027-04-01 12:00+02') ORDER BY 1;
-- applied: by the action of each rule, not more than asked for; what people are to review stays, and so does what is not due
BEGIN;
SELECT apply_retention('Right"s', '2027-04-01 12:00+02', 0);
SELECT count(*) AS due FROM retention_due('Right"s', '2027-04-01 12:00+02');
UPDATE retention_rule SET action = 'review' WHERE rule = 'prospect';
SELECT apply_retention('Right"s', '2027-04-01 12:00+02');
SELECT rule, count(*) AS due FROM retention_due('Right"s', '2027-04-01 12:00+02') GROUP BY 1 ORDER BY 1;
UPDATE retention_rule SET action = 'erase';
SELECT apply_retention('Right"s', '2027-04-01 12:00+02');
SELECT count(*) AS due FROM retention_due('Right"s', '2027-04-01 12:00+02');
SELECT set_datamart('Right"s', '{"apply_retention": true}'), retention_task('Right"s') >= 0 AS done;
ROLLBACK;
SELECT apply_retention('Right"s', NULL);

-- erasure: what is of nobody else goes, in every table
SELECT t.what, r.key, r.value FROM jsonb_each(erase_party('Right"s', 2, 'keep_accounts')) t (what, rows)
	CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(t.rows) WHEN 'object' THEN t.rows ELSE jsonb_build_object('', t.rows) END) r
WHERE r.key !~ 'change|match|segment|identity' ORDER BY t.what, r.key COLLATE "C";
SELECT kind, lifecycle, given_name, family_name, birth_date FROM party WHERE party_id = 1;
SELECT count(*), sum(amount) FROM sales_order;
SELECT party_id, orders FROM party_profile WHERE party_id = 1;
SELECT party_id, kind, value FROM contact_point ORDER BY 1, 2;
SELECT kind, reason, value_hash = suppression_digest(key, 'zoe@free.fr') AS zoe_free FROM suppression CROSS JOIN suppression_key ORDER BY 1, 2, 3;
SELECT line_no, raw FROM import_reject ORDER BY 1;
SELECT * FROM right_app.ticket ORDER BY 1;
SELECT * FROM right_app.visit ORDER BY 2;
SELECT count(*) FROM party_alias;
SELECT crmseg.party_of('Right"s', 2);
SELECT erase_party('Right"s', 1) -> 'kept' AS kept, (SELECT count(*) FROM party WHERE party_id = 1) AS seen_before;
SELECT count(*) FROM party WHERE party_id = 1;
SELECT count(*) FROM sales_order;
SELECT erase_party('Right"s', 1);
SELECT erase_party('Right"s', 3, 'burn');
CREATE TABLE right_app.contract (party bigint REFERENCES party);
INSERT INTO right_app.contract VALUES (3);
SELECT erase_party('Right"s', 3);
SELECT count(*) FROM contact_point WHERE party_id = 3;
INSERT INTO party_key (relation, column_name, on_erase) VALUES ('right_app.contract', 'party', 'delete');
SELECT erase_party('Right"s', 3) -> 'deleted' -> 'right_app.contract' AS contracts;
SELECT count(*) FROM party;

-- the log grows only, and names nobody
SELECT action, rows ?| ARRAY['right_app.ticket'] AS tickets FROM privacy_log ORDER BY privacy_log_id;
DELETE FROM privacy_log;
TRUNCATE privacy_log;
UPDATE privacy_log SET action = 'export';
SELECT privacy_log::text ~* 'lefevre|zoe|paul' AS names FROM privacy_log GROUP BY 1;
SELECT count(*) > 20 AS many, bool_and(s LIKE 'VACUUM (FULL, ANALYZE) %') AS all_rewrite FROM erasure_statements('Right"s') s;
-- who may not read all of it gets no partial answer
CREATE ROLE right_reader;
GRANT USAGE ON SCHEMA "Right""s" TO right_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA "Right""s" TO right_reader;
INSERT INTO party (party_id, given_name) VALUES (9, 'Ann');
ALTER TABLE party ENABLE ROW LEVEL SECURITY;
CREATE POLICY right_policy ON party TO right_reader USING (party_id <> 9);
SET ROLE right_reader;
SELECT export_party('Right"s', 9);
RESET ROLE;
RESET search_path;
DROP SCHEMA right_app CASCADE;
DROP SCHEMA "Right""s" CASCADE;
DROP OWNED BY right_reader;
DROP ROLE right_reader;
