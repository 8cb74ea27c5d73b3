-- What a merge moves without the row by row check of its references is proved otherwise; what cannot be proved is checked.
SET client_min_messages = warning;
SELECT crmseg.create_datamart('crm_checks', '{"time_zone": "UTC"}');
RESET client_min_messages;
SET search_path = crm_checks, public;
INSERT INTO source (source_id, name) VALUES (1, 'till');
INSERT INTO party (family_name) SELECT 'Roy ' || n FROM generate_series(1, 8) n;
INSERT INTO sales_order (party_id, order_id, ordered_at, currency, amount, source_id, external_id) SELECT n, n, '2024-01-01', 'EUR', n, 1, 'o' || n FROM generate_series(1, 8) n;
INSERT INTO sales_order_line (party_id, order_id, line_no, ordered_at, amount) SELECT n, n, l, '2024-01-01', 1 FROM generate_series(1, 8) n, generate_series(1, 2) l;
-- what refers to an order follows it: by the whole key, in part unknown, and line by line
CREATE TABLE order_note (party_id bigint, order_id bigint, note text, FOREIGN KEY (party_id, order_id) REFERENCES sales_order (party_id, order_id) ON UPDATE CASCADE);
CREATE TABLE line_note (p bigint, o bigint, l integer, note text, FOREIGN KEY (p, o, l) REFERENCES sales_order_line ON UPDATE CASCADE);
INSERT INTO order_note VALUES (2, 2, 'two'), (2, NULL, 'two, without an order'), (3, 3, 'three');
INSERT INTO line_note VALUES (2, 2, 1, 'two'), (3, 3, 2, 'three');
SELECT crmseg.merge_parties('crm_checks', 1, 2);
SELECT * FROM order_note ORDER BY note;
SELECT * FROM line_note ORDER BY note;
SELECT party_id, order_id, line_no FROM sales_order_line WHERE order_id < 3 ORDER BY 2, 3;
SELECT party_id, orders, revenue FROM party_profile WHERE party_id < 3;
-- a foreign key that forbids the move is asked
CREATE TABLE order_lock (party_id bigint, order_id bigint, FOREIGN KEY (party_id, order_id) REFERENCES sales_order (party_id, order_id));
INSERT INTO order_lock VALUES (3, 3);
\set VERBOSITY terse
SELECT crmseg.merge_parties('crm_checks', 1, 3);
DROP TABLE order_lock;
-- a trigger that writes another party than the merge does
CREATE FUNCTION astray() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.party_id := 77; RETURN NEW; END $$;
CREATE TRIGGER astray BEFORE UPDATE ON sales_order FOR EACH ROW EXECUTE FUNCTION astray();
SELECT crmseg.merge_parties('crm_checks', 1, 3);
DROP TRIGGER astray ON sales_order;
CREATE TRIGGER astray BEFORE UPDATE ON sales_order_line FOR EACH ROW EXECUTE FUNCTION astray();
SELECT crmseg.merge_parties('crm_checks', 1, 3);
DROP TRIGGER astray ON sales_order_line;
-- a trigger that gives a party that goes a last row
CREATE TABLE farewell (party_id bigint REFERENCES party);
CREATE FUNCTION wave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO crm_checks.farewell VALUES (OLD.party_id); RETURN OLD; END $$;
CREATE TRIGGER wave BEFORE DELETE ON party FOR EACH ROW EXECUTE FUNCTION wave();
SELECT crmseg.merge_parties('crm_checks', 1, 3);
DROP TRIGGER wave ON party;
-- rows of foreign keys that a merge does not move
ALTER TABLE party ADD UNIQUE (party_id, kind);
CREATE TABLE by_kind (party_id bigint, kind text, FOREIGN KEY (party_id, kind) REFERENCES party (party_id, kind));
INSERT INTO by_kind VALUES (3, 'person');
SELECT crmseg.merge_parties('crm_checks', 1, 3);
DROP TABLE by_kind;
-- partitions, and a snapshot that may be older than the newest rows
CREATE TABLE lodging (party_id bigint REFERENCES party, day date) PARTITION BY RANGE (day);
CREATE TABLE lodging_2024 PARTITION OF lodging FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO lodging VALUES (3, '2024-05-01'), (4, '2024-05-02');
SELECT crmseg.merge_parties('crm_checks', 1, 3);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT crmseg.merge_parties('crm_checks', 1, 4);
COMMIT;
SELECT * FROM lodging ORDER BY day;
-- nobody can use the parts to leave a reference astray
SELECT crmseg.drop_parties('crm_checks.party'::regclass, '{5}', '{}', 0);
SELECT crmseg.move_rows('crm_checks.party'::regclass, 'crm_checks.sales_order'::regclass, 1::smallint, '{78}', '{5}', '{}', 0, '{}');
SELECT crmseg.move_rows('crm_checks.party'::regclass, 'crm_checks.sales_order'::regclass, 1::smallint, '{1,6}', '{5,5}', '{}', 0, '{}');
SELECT count(*) AS astray FROM crm_checks.sales_order WHERE party_id = 5;
SELECT count(*) FROM sales_order o LEFT JOIN party p USING (party_id) WHERE p.party_id IS NULL;
SELECT count(*) FROM sales_order_line l LEFT JOIN sales_order o USING (party_id, order_id) WHERE o.order_id IS NULL;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA crm_checks CASCADE;
