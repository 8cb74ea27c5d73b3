-- the datamart: made, found again, upgraded, checked
SET client_min_messages = warning;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
SELECT crmseg.create_datamart('crm_test');
SELECT crmseg.create_datamart('crm_test');
-- names that need quotes, and names that look like parts of the code
SELECT crmseg.create_datamart(n::name, '{"time_zone": "Europe/Paris", "default_phone_region": "FR"}')
FROM unnest(ARRAY['it''s "a" $$ mart', '@mart@ $crmseg_step_text$', 'été \ %I.%s 🙂', repeat('x', 63)]) n;
SELECT mart, step = (SELECT max(step) FROM crmseg.mart_step) AS at_latest, created_at IS NOT NULL AS dated FROM crmseg.datamarts() ORDER BY mart COLLATE "C";
SELECT d.mart, c.* FROM crmseg.datamarts() d, LATERAL crmseg.check_datamart(d.mart) c;
SELECT d.mart, crmseg.upgrade_datamart(d.mart) = d.step AS nothing_to_do FROM crmseg.datamarts() d ORDER BY mart COLLATE "C";
SELECT count(*) AS relations_of_our_types FROM crmseg.datamarts() d JOIN pg_namespace n ON n.nspname = d.mart JOIN pg_class c ON c.relnamespace = n.oid
	JOIN pg_type t ON t.typname = c.relname AND t.typnamespace = 'crmseg'::regnamespace;
DO $$
DECLARE
	m name;
BEGIN
	FOR m IN SELECT d.mart FROM crmseg.datamarts() d WHERE d.mart <> 'crm_test' LOOP
		EXECUTE format('DROP SCHEMA %I CASCADE', m);
	END LOOP;
END $$;
-- wrong names
SELECT crmseg.create_datamart(NULL);
SELECT crmseg.create_datamart('');
SELECT crmseg.create_datamart('pg_mart');
SELECT crmseg.create_datamart('public');
SELECT crmseg.upgrade_datamart('nowhere');
SELECT crmseg.upgrade_datamart('public');
SELECT * FROM crmseg.check_datamart(NULL);

-- every relation and column has a comment, and only columns of built-in types
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'crm_test'::regnamespace AND c.relkind IN ('r', 'p', 'v')
	AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL OR a.atttypid >= 16384)
ORDER BY 1, 2;
-- facts about a party have it first in their key
SELECT c.conrelid::regclass AS table_without, pg_get_constraintdef(c.oid) AS party_first
FROM pg_constraint c
WHERE c.contype = 'p' AND c.connamespace = 'crm_test'::regnamespace
	AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attname = 'party_id' AND a.attnotnull)
	AND (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = c.conkey[1]) <> 'party_id' ORDER BY c.conrelid::regclass::text COLLATE "C";
-- the closed list of direct identifiers: the columns that the planner keeps no values of
SELECT c.relname, string_agg(a.attname, ', ' ORDER BY a.attnum) AS columns
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attstattarget = 0 AND a.attnum > 0
WHERE c.relnamespace = 'crm_test'::regnamespace AND NOT c.relispartition GROUP BY 1 ORDER BY 1;
-- what runs with its owner's rights is pinned, and closed to PUBLIC
SELECT p.oid::regprocedure AS unsafe FROM pg_proc p
WHERE p.pronamespace = 'crm_test'::regnamespace AND p.prosecdef
	AND (NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false) OR has_function_privilege('public', p.oid, 'EXECUTE')) ORDER BY 1;

-- settings
SELECT crmseg.set_datamart('crm_test', '{"time_zone": "Europe/Paris", "week_start": 7, "fiscal_year_start_month": 4, "base_currency": "CHF", "default_phone_region": "CH"}');
SELECT time_zone, week_start, fiscal_year_start_month, base_currency, default_phone_region, email_rules FROM crm_test.datamart;
SELECT crmseg.set_datamart('crm_test', '{"default_phone_region": null}');
SELECT default_phone_region FROM crm_test.datamart;
\set VERBOSITY terse
SELECT crmseg.set_datamart('crm_test', '{"time_zone": "Europe/Pari"}');
SELECT z, crmseg.is_time_zone(z) FROM unnest(ARRAY['UTC', 'GMT', 'europe/paris', 'Etc/GMT+5', 'Foo5', 'Europe/Paris5', 'Europe/', '', 'America/Argentina/Buenos_Aires', NULL]) z;
SELECT crmseg.set_datamart('crm_test', '{"week_start": 0}');
SELECT crmseg.set_datamart('crm_test', '{"fiscal_year_start_month": 13}');
SELECT crmseg.set_datamart('crm_test', '{"base_currency": "euro"}');
SELECT crmseg.set_datamart('crm_test', '{"default_phone_region": "fr"}');
SELECT crmseg.set_datamart('crm_test', '{"email_rules": ["gmail.com"]}');
SELECT crmseg.set_datamart('crm_test', '{"step": 99}');
SELECT crmseg.set_datamart('crm_test', '{"timezone": "Europe/Paris"}');
SELECT crmseg.set_datamart('crm_test', '[]');
SELECT crmseg.set_datamart('crm_test', '{"week_start": "monday"}');
SELECT crmseg.create_datamart('crm_bad', '{"time_zone": "Mars/Olympus"}');
INSERT INTO crm_test.datamart DEFAULT VALUES;
\set VERBOSITY default
SELECT count(*) AS left_behind FROM pg_namespace WHERE nspname = 'crm_bad';

-- a mart of an older step is refused by functions, and upgraded to what a fresh one is
SELECT max(step) - 1 AS one_less, max(step) AS latest FROM crmseg.mart_step \gset
DO $$ BEGIN
	EXECUTE crmseg.datamart_ddl('crm_old', 0, 3);
	IF (SELECT step FROM crm_old.datamart) <> 3 THEN RAISE 'not at step 3'; END IF;
END $$;
SELECT replace(problem, :'latest', 'LATEST') AS problem, hint FROM crmseg.check_datamart('crm_old');
\set VERBOSITY sqlstate
SELECT crmseg.resolve('crm_old');
\set VERBOSITY default
SELECT crmseg.upgrade_datamart('crm_old') = :latest AS upgraded;
SELECT * FROM crmseg.check_datamart('crm_old');
SELECT crmseg.set_datamart('crm_test', '{"time_zone": "UTC", "week_start": 1, "fiscal_year_start_month": 1, "base_currency": "EUR"}');
(SELECT relation, kind, object, replace(fact, 'crm_old', 'crm_test') FROM crmseg.mart_facts('crm_old') EXCEPT SELECT * FROM crmseg.mart_facts('crm_test'))
UNION ALL
(SELECT * FROM crmseg.mart_facts('crm_test') EXCEPT SELECT relation, kind, object, replace(fact, 'crm_old', 'crm_test') FROM crmseg.mart_facts('crm_old'));
-- and to what its SQL as text makes
DO $$ BEGIN EXECUTE crmseg.datamart_ddl('crm_text'); END $$;
(SELECT relation, kind, object, replace(fact, 'crm_text', 'crm_test') FROM crmseg.mart_facts('crm_text') EXCEPT SELECT * FROM crmseg.mart_facts('crm_test'))
UNION ALL
(SELECT * FROM crmseg.mart_facts('crm_test') EXCEPT SELECT relation, kind, object, replace(fact, 'crm_text', 'crm_test') FROM crmseg.mart_facts('crm_text'));
SELECT crmseg.datamart_ddl('crm_text', :latest) = '' AS nothing_left, crmseg.datamart_ddl('crm_text', :one_less) LIKE '%UPDATE crm_text.datamart SET step = ' || :latest || ';%' AS last_one;
-- a mart newer than the code
UPDATE crm_text.datamart SET step = 1000;
\set VERBOSITY sqlstate
SELECT crmseg.resolve('crm_text');
SELECT crmseg.upgrade_datamart('crm_text');
\set VERBOSITY default
DELETE FROM crm_text.datamart;
SELECT crmseg.upgrade_datamart('crm_text');
DROP SCHEMA crm_old, crm_text CASCADE;

-- deviations
ALTER TABLE crm_test.party ADD COLUMN shoe_size integer;
CREATE INDEX party_shoe_size ON crm_test.party (shoe_size);
CREATE TABLE crm_test.mine (i integer);
SELECT * FROM crmseg.check_datamart('crm_test');
DROP INDEX crm_test.contact_point_primary;
ALTER TABLE crm_test.consent DROP CONSTRAINT consent_no_overlap;
ALTER TABLE crm_test.sales_order DISABLE TRIGGER sales_order_base_rate;
DROP TRIGGER product_in_use ON crm_test.product;
ALTER TABLE crm_test.party DROP COLUMN chain_position CASCADE;
ALTER TABLE crm_test.store ALTER COLUMN postal_code TYPE varchar(20);
ALTER TABLE crm_test.contact_point ALTER COLUMN value SET STATISTICS 100;
ALTER TABLE crm_test.external_key ALTER COLUMN key_value SET STATISTICS -1;
DROP TABLE crm_test.product_relation;
COMMENT ON TABLE crm_test.run IS NULL;
CREATE OR REPLACE VIEW crm_test.unconverted_order AS SELECT o.party_id, o.order_id, o.ordered_at, o.currency, o.amount FROM crm_test.sales_order o WHERE o.base_rate IS NULL OR o.base_rate = 2;
SELECT object, problem, CASE WHEN problem <> 'view differs' THEN hint END AS hint FROM crmseg.check_datamart('crm_test') ORDER BY object COLLATE "C", problem COLLATE "C";
DROP SCHEMA crm_test CASCADE;

-- a mart goes on under another name
SELECT crmseg.create_datamart('crm_test');
ALTER SCHEMA crm_test RENAME TO "The Mart";
SELECT mart FROM crmseg.datamarts();
SELECT * FROM crmseg.check_datamart('The Mart');
INSERT INTO "The Mart".source (name) VALUES ('till');
INSERT INTO "The Mart".party (given_name) VALUES ('Ada');
INSERT INTO "The Mart".sales_order (party_id, ordered_at, currency, amount, source_id, external_id) VALUES (1, '2024-03-01', 'EUR', 10, 1, 'a');
SELECT currency, amount, base_rate, base_amount FROM "The Mart".sales_order;

-- lists are guarded
\set VERBOSITY terse
DELETE FROM "The Mart".source;
UPDATE "The Mart".source SET source_id = 7;
UPDATE "The Mart".source SET name = 'tills';
\set VERBOSITY default
DELETE FROM "The Mart".channel WHERE name = 'app';

-- currencies: nothing is added at a rate that is not known
INSERT INTO "The Mart".sales_order (party_id, ordered_at, currency, amount, source_id, external_id) VALUES
	(1, '2024-01-10', 'USD', 100, 1, 'b'), (1, '2024-02-10', 'USD', 100, 1, 'c'), (1, '2023-12-31 23:30+00', 'USD', 100, 1, 'd'), (1, '2024-01-10', 'GBP', 100, 1, 'e');
SELECT order_id, currency, amount FROM "The Mart".unconverted_order ORDER BY 1;
INSERT INTO "The Mart".currency_rate VALUES ('EUR', 'USD', '2024-01-01', 0.9), ('EUR', 'USD', '2024-02-01', 0.8);
SELECT * FROM crmseg.convert_orders('The Mart');
SELECT crmseg.set_datamart('The Mart', '{"time_zone": "Europe/Paris"}');
SELECT * FROM crmseg.convert_orders('The Mart');
SELECT * FROM crmseg.convert_orders('The Mart');
SELECT external_id, currency, amount, base_rate, base_amount FROM "The Mart".sales_order ORDER BY 1;
UPDATE "The Mart".sales_order SET ordered_at = '2024-02-15' WHERE external_id = 'b';
UPDATE "The Mart".sales_order SET currency = 'EUR' WHERE external_id = 'c';
UPDATE "The Mart".sales_order SET amount = -5, kind = 'r' WHERE external_id = 'a';
SELECT external_id, currency, amount, base_rate, base_amount FROM "The Mart".sales_order ORDER BY 1;
SELECT crmseg.base_rate('The Mart', 'USD', '2024-01-31 23:30+00'), crmseg.base_rate('The Mart', 'EUR', now()), crmseg.base_rate('The Mart', 'JPY', now());
\set VERBOSITY terse
INSERT INTO "The Mart".sales_order (party_id, ordered_at, currency, amount, source_id, external_id) VALUES (1, now(), 'EUR', 'NaN', 1, 'x');
INSERT INTO "The Mart".sales_order (party_id, ordered_at, currency, amount, source_id, external_id) VALUES (1, 'infinity', 'EUR', 1, 1, 'x');
INSERT INTO "The Mart".sales_order (party_id, ordered_at, kind, currency, amount, source_id, external_id) VALUES (1, now(), 'r', 'EUR', 1, 1, 'x');
\set VERBOSITY default

-- views that can be written to
INSERT INTO "The Mart".person (given_name, birth_date) VALUES ('Grace', current_date - 10000);
INSERT INTO "The Mart".organisation (legal_name) VALUES ('ACME');
INSERT INTO "The Mart".household (family_name) VALUES ('Dupont');
UPDATE "The Mart".person SET family_name = 'Hopper' WHERE given_name = 'Grace';
SELECT party_id, kind, given_name, family_name, legal_name FROM "The Mart".party ORDER BY 1;
SELECT given_name, age FROM "The Mart".person ORDER BY 1;
\set VERBOSITY terse
INSERT INTO "The Mart".person (kind) VALUES ('household');
INSERT INTO "The Mart".organisation (industry_code) VALUES ('47');
\set VERBOSITY default
SELECT party_id, given_name FROM "The Mart".prospects ORDER BY 1;
DROP SCHEMA "The Mart" CASCADE;

-- a hostile table that bears the marker is not read
CREATE ROLE regress_mart_other;
GRANT CREATE ON DATABASE regression TO regress_mart_other;
SET ROLE regress_mart_other;
CREATE SCHEMA trap;
CREATE TABLE trap.datamart (step integer, created_at timestamptz);
COMMENT ON TABLE trap.datamart IS 'crmseg datamart: not one';
INSERT INTO trap.datamart VALUES (1, '2024-01-01');
CREATE FUNCTION trap.shout() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'ran as %', current_user; RETURN true; END $$;
CREATE POLICY trap ON trap.datamart USING (trap.shout());
ALTER TABLE trap.datamart ENABLE ROW LEVEL SECURITY;
-- and a role without any other right does all of it
SELECT crmseg.create_datamart('theirs');
CREATE SCHEMA empty_one;
SELECT crmseg.create_datamart('empty_one');
SELECT * FROM crmseg.check_datamart('theirs');
RESET ROLE;
SELECT mart, step IS NULL AS not_read FROM crmseg.datamarts() ORDER BY 1;
CREATE SCHEMA not_theirs;
SET ROLE regress_mart_other;
SELECT crmseg.create_datamart('not_theirs');
RESET ROLE;
REVOKE CREATE ON DATABASE regression FROM regress_mart_other;
SET ROLE regress_mart_other;
SELECT * FROM crmseg.check_datamart('theirs');
SELECT crmseg.create_datamart('more');
RESET ROLE;
DROP SCHEMA not_theirs;
DROP SCHEMA trap, theirs, empty_one CASCADE;
DROP ROLE regress_mart_other;

-- what consents and relations may not be
SELECT crmseg.create_datamart('crm_test');
INSERT INTO crm_test.party (given_name) VALUES ('A'), ('B');
INSERT INTO crm_test.consent (party_id, purpose, channel_id, status, valid, captured_at) VALUES (1, 'newsletter', 1, 'granted', '[2024-01-01, 2024-06-01)', '2024-01-01');
\set VERBOSITY terse
INSERT INTO crm_test.consent (party_id, purpose, channel_id, status, valid, captured_at) VALUES (1, 'newsletter', 1, 'withdrawn', '[2024-05-01,)', '2024-05-01');
INSERT INTO crm_test.party_relation (party_id, related_id, kind) VALUES (1, 1, 'spouse_of');
\set VERBOSITY default
INSERT INTO crm_test.consent (party_id, purpose, channel_id, status, valid, captured_at) VALUES (1, 'newsletter', 1, 'withdrawn', '[2024-06-01,)', '2024-06-01');
-- whom one may write to
INSERT INTO crm_test.contact_point (party_id, kind, value, value_norm, is_primary, status) VALUES
	(1, 'email', 'A@x.fr', 'a@x.fr', true, 'valid'), (2, 'email', 'b1@x.fr', 'b1@x.fr', false, 'valid'), (2, 'email', 'b2@x.fr', 'b2@x.fr', true, 'unverified'), (2, 'phone', '06', '+33600000000', true, 'valid');
INSERT INTO crm_test.consent (party_id, purpose, channel_id, status, valid, captured_at) VALUES
	(2, 'newsletter', 1, 'granted', '[2024-01-01,)', '2024-01-01'), (2, 'newsletter', 2, 'granted', '[2024-01-01,)', '2024-01-01'), (2, 'newsletter', 7, 'granted', '[2024-01-01,)', '2024-01-01');
SELECT * FROM crm_test.reachable ORDER BY 1, 2;
UPDATE crm_test.contact_point SET status = 'bounced' WHERE value = 'b2@x.fr';
SELECT party_id, channel, address FROM crm_test.reachable ORDER BY 1, 2;
INSERT INTO crm_test.consent (party_id, purpose, channel_id, contact_point_id, status, valid, captured_at) VALUES (2, 'newsletter', 1, 2, 'withdrawn', '[2024-06-01,)', '2024-06-01');
SELECT party_id, channel, address FROM crm_test.reachable ORDER BY 1, 2;
INSERT INTO crm_test.suppression (kind, value_hash, reason) SELECT 'phone', crmseg.suppression_digest(k.key, '+33600000000'), 'erasure' FROM crm_test.suppression_key k;
SELECT party_id, channel, address FROM crm_test.reachable ORDER BY 1, 2;
SELECT party_id, purpose, channel, status FROM crm_test.current_consent ORDER BY 1, 2, 3, 4;
DROP SCHEMA crm_test CASCADE;
