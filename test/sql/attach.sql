-- live tables of an application as sources, of every entity: by triggers and by a watermark, changes and deletions, names that need quotes
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT crmseg.create_datamart('Am', '{"time_zone": "Europe/Paris", "default_phone_region": "FR"}');
SET search_path = "Am", public;
CREATE SCHEMA att_app;
CREATE TABLE att_app.customer (id int PRIMARY KEY, name text, mail text);
CREATE TABLE att_app.orders (id int PRIMARY KEY, customer_id int, at timestamptz, total numeric);
CREATE TABLE att_app."Order Line" (id int PRIMARY KEY, order_id int, ref text, qty int, amount numeric(10,2));
CREATE TABLE att_app.contact (id int PRIMARY KEY, customer_id int, kind text, value text);
CREATE TABLE att_app.optin (id int PRIMARY KEY, customer_id int, purpose text, status text, at timestamp);
CREATE TABLE att_app.mailing (id int PRIMARY KEY, customer_id int, sent_at timestamptz, camp text);
CREATE TABLE att_app.event (id int PRIMARY KEY, customer_id int, at timestamptz, what text, camp text);
CREATE TABLE att_app.hit (id int PRIMARY KEY, cookie text, customer_id int, at timestamptz, url text, sku text, what text);
INSERT INTO att_app.customer SELECT i, 'N'||i, 'c'||i||'@x.fr' FROM generate_series(1,5) i;
INSERT INTO att_app.orders SELECT i, 1+i%5, '2026-01-01'::timestamptz + i*interval '1 day', 10*i FROM generate_series(1,8) i;
INSERT INTO att_app."Order Line" SELECT i, 1+i%8, 'S'||i%3, 1, 5 FROM generate_series(1,16) i;
INSERT INTO att_app.contact VALUES (1,1,'phone','06 12 34 56 78'),(2,2,'email','Second@X.fr'),(3,1,'email','c1@x.fr'),(4,3,'email','nothing');
INSERT INTO att_app.optin VALUES (1,1,'newsletter','granted','2026-01-01 10:00'),(2,2,'newsletter','granted','2026-01-01 10:00');
INSERT INTO campaign (name) VALUES ('Spring');
INSERT INTO att_app.mailing VALUES (1,1,'2026-02-01','Spring'),(2,2,'2026-02-01','Spring'),(3,99,'2026-02-01','Spring');
INSERT INTO att_app.event VALUES (1,1,'2026-02-02','click','Spring'),(2,2,'2026-02-02','unsubscribe','Spring');
INSERT INTO att_app.hit VALUES (1,'aa',NULL,'2026-02-01 10:00','/a',NULL,'page'),(2,'aa',1,'2026-02-01 10:05','/p','S1','product'),(3,'bb',NULL,'2026-02-01 10:05','/p','S1','product');
SELECT crmseg.attach('Am','party','att_app.customer','{"source":"app","deletions":"erase","source_key":"id","party":{"full_name":"name"},"email":"mail"}');
SELECT crmseg.attach('Am','order','att_app.orders','{"source":"app","deletions":"cancel","source_key":"customer_id","order":{"external_id":"id","ordered_at":"at","amount":"total"}}');
SELECT crmseg.attach('Am','line','att_app."Order Line"','{"source":"app","key":"id","order":"order_id","sku":"ref","quantity":"qty","amount":"amount"}');
SELECT crmseg.attach('Am','contact_point','att_app.contact','{"source":"app","key":"id","party":"customer_id","kind":"kind","value":"value"}');
SELECT crmseg.attach('Am','consent','att_app.optin','{"source":"app","key":"id","party":"customer_id","purpose":"purpose","channel":{"value":"email"},"status":"status","captured_at":"at"}');
SELECT crmseg.attach('Am','interaction','att_app.mailing','{"source":"app","key":"id","party":"customer_id","occurred_at":"sent_at","channel":{"value":"email"},"campaign":"camp"}');
SELECT crmseg.attach('Am','reaction','att_app.event','{"source":"app","key":"id","party":"customer_id","occurred_at":"at","channel":{"value":"email"},"kind":"what"}');
SELECT crmseg.attach('Am','web_event','att_app.hit','{"source":"app","key":"id","party":"customer_id","visitor":"cookie","occurred_at":"at","kind":"what","page":"url","sku":"sku"}');
CREATE VIEW att_count AS SELECT (SELECT count(*) FROM party) parties, (SELECT count(*) FROM sales_order) orders, (SELECT count(*) FROM sales_order_line) lines, (SELECT count(*) FROM contact_point) points, (SELECT count(*) FROM consent) consents,
	(SELECT count(*) FROM interaction) interactions, (SELECT count(*) FROM reaction) reactions, (SELECT count(*) FROM web_event) events, (SELECT count(*) FROM survey_answer) answers, (SELECT count(*) FROM service_case) cases, (SELECT count(*) FROM loyalty_account) cards,
	(SELECT count(*) FROM attached_row) followed, (SELECT count(*) FROM attached_change) waiting;
CREATE TABLE att_app.answer (id int PRIMARY KEY, customer_id int, note int, at timestamptz, sku text);
CREATE TABLE att_app.claim (id int PRIMARY KEY, customer_id int, at timestamptz);
CREATE TABLE att_app.card (no text PRIMARY KEY, customer_id int, points int);
INSERT INTO survey (kind, name) VALUES ('satisfaction', 'Visit');
INSERT INTO att_app.answer VALUES (1, 1, 9, '2026-03-01', 'S1'), (2, 2, 3, '2026-03-01', 'S2');
INSERT INTO att_app.claim VALUES (1, 1, '2026-03-02');
INSERT INTO att_app.card VALUES ('K1', 1, 100);
SELECT crmseg.attach('Am', 'survey_answer', 'att_app.answer', '{"source": "app", "key": "id", "party": "customer_id", "survey": {"value": "Visit"}, "question": {"value": "service"}, "score": "note", "answered_at": "at", "sku": "sku"}');
SELECT crmseg.attach('Am', 'service_case', 'att_app.claim', '{"source": "app", "key": "id", "party": "customer_id", "kind": {"value": "complaint"}, "opened_at": "at"}');
SELECT crmseg.attach('Am', 'loyalty_account', 'att_app.card', '{"source": "app", "key": "no", "party": "customer_id", "programme": {"value": "club"}, "card_no": "no", "points": "points"}');
-- a mailing of a customer that is not there yet waits
SELECT attachment_id, rows_read, deleted FROM crmseg.pull_attached('Am');
SELECT attachment_id, rows_read, deleted FROM crmseg.pull_attached('Am') WHERE rows_read > 0;
SELECT * FROM att_count;
SELECT c.kind, c.value_norm FROM contact_point c WHERE c.value_norm !~ '^c[0-9]@x.fr' ORDER BY 1, 2;
SELECT r.kind, i.occurred_at IS NOT NULL AS of_a_message, r.occurred_at FROM reaction r LEFT JOIN interaction i USING (party_id, interaction_id) ORDER BY 1;
-- changes and deletions of each
UPDATE att_app."Order Line" SET amount = 7 WHERE id = 3; DELETE FROM att_app."Order Line" WHERE id = 4; INSERT INTO att_app."Order Line" VALUES (17, 3, 'S1', 2, 9);
DELETE FROM att_app.contact WHERE id = 1; DELETE FROM att_app.optin WHERE id = 1;
DELETE FROM att_app.mailing WHERE id = 2; UPDATE att_app.mailing SET sent_at = '2026-01-31' WHERE id = 1; INSERT INTO att_app.customer VALUES (99, 'Late', 'late@x.fr');
DELETE FROM att_app.event WHERE id = 1; DELETE FROM att_app.hit WHERE id = 3; INSERT INTO att_app.hit VALUES (4, 'aa', NULL, '2026-02-01 10:20', '/q', NULL, 'click');
UPDATE att_app.answer SET note = 8 WHERE id = 1; DELETE FROM att_app.answer WHERE id = 2; DELETE FROM att_app.claim; UPDATE att_app.card SET points = 150;
SELECT attachment_id, rows_read, deleted FROM crmseg.pull_attached('Am');
SELECT attachment_id, rows_read, deleted FROM crmseg.pull_attached('Am') WHERE rows_read > 0;
SELECT * FROM att_count;
SELECT purpose, status, lower(valid) < '2026-02-01' AS old, upper_inf(valid) AS holds FROM consent ORDER BY party_id, valid;
SELECT session_id, events, clicks FROM web_session ORDER BY 1;
SELECT r.external_id, i.occurred_at FROM interaction i JOIN source_record r USING (party_id) ORDER BY 1;
SELECT o.external_id, l.line_no, l.amount FROM sales_order_line l JOIN sales_order o USING (order_id) WHERE o.external_id IN ('3', '4', '5') ORDER BY 1, 2;
SELECT score, points FROM survey_answer, loyalty_account;
-- a merged party is followed, since its records are
SELECT crmseg.merge_parties('Am', (SELECT party_id FROM source_record WHERE external_id = '3'), (SELECT party_id FROM source_record WHERE external_id = '1')) > 0 AS merged;
UPDATE att_app."Order Line" SET amount = 8 WHERE order_id IN (5, 2);
DELETE FROM att_app.mailing WHERE id = 1;
DELETE FROM att_app.card;
SELECT sum(deleted) FROM crmseg.pull_attached('Am');
SELECT * FROM att_count;
SELECT count(*) AS lines FROM sales_order_line WHERE amount = 8;
-- who is erased leaves no trace of what was followed
SELECT crmseg.erase_party('Am', (SELECT party_id FROM source_record WHERE external_id = '2')) IS NOT NULL AS erased;
SELECT count(*) AS orphans FROM attached_row k WHERE NOT EXISTS (SELECT FROM party p WHERE p.party_id = k.party_id) AND k.party_id IS NOT NULL;
SELECT crmseg.rescore('Am') > 0 AS scored;
-- by a watermark: what rose comes, what is gone is found by its key
CREATE TABLE att_app.call (id int PRIMARY KEY, customer_id int, at timestamptz, agent text, changed int);
INSERT INTO att_app.call VALUES (1, 1, '2026-04-01', 'Zoe', 1), (2, 2, '2026-04-02', 'Zoe', 2);
SELECT crmseg.attach('Am', 'interaction', 'att_app.call', '{"source": "app", "key": "id", "watermark": "changed", "party": "customer_id", "occurred_at": "at", "channel": {"value": "phone"}, "agent": "agent", "status": {"value": "answered"}, "is_solicitation": {"value": false}}') AS calls \gset
SELECT rows_read, deleted FROM crmseg.pull_attached('Am', :calls);
UPDATE att_app.call SET agent = 'Max', changed = 3 WHERE id = 1; DELETE FROM att_app.call WHERE id = 2; INSERT INTO att_app.call VALUES (3, 5, '2026-04-03', 'Zoe', 4);
SELECT rows_read, deleted FROM crmseg.pull_attached('Am', :calls);
SELECT i.occurred_at, i.agent, i.status FROM interaction i JOIN channel USING (channel_id) WHERE name = 'phone' ORDER BY 1;
-- what keeps up with it all is as it would be made anew
SELECT crmseg.refresh_channels('Am') AS wrong, (SELECT count(*) FROM crmseg.check_datamart('Am')) AS problems;
-- carts, their lines and products; rows that the mart refuses keep none back
CREATE TABLE att_app.item (id int PRIMARY KEY, ref text, label text, price text, kind text);
CREATE TABLE att_app.basket (id int PRIMARY KEY, cookie text, customer_id int, begun timestamptz, changed timestamptz, order_id int);
CREATE TABLE att_app.basket_line (id int PRIMARY KEY, basket_id int, ref text, qty int, price numeric);
INSERT INTO att_app.item VALUES (1, 'T1', 'Tent', '99.90', 'camp'), (2, 'T2', NULL, '12', 'camp'), (3, 'T3', 'Torch', 'free', 'camp'), (4, NULL, 'Nothing', '1', 'camp');
INSERT INTO att_app.basket VALUES (1, 'ca', NULL, '2026-03-01 10:00', '2026-03-01 10:05', NULL), (2, 'cb', 2, NULL, '2026-03-02 10:00', NULL), (3, NULL, 1, NULL, '2026-03-02 11:00', NULL), (4, 'cc', 777, '2026-03-03 10:00', '2026-03-02 10:00', NULL);
INSERT INTO att_app.basket_line VALUES (1, 1, 'T1', 1, 99.90), (2, 1, 'T2', 2, 12), (3, 2, 'T1', 1, 99.90), (4, 3, 'T1', 1, 99.90), (5, 2, 'T2', 0, 12), (6, 2, 'N', 1, 3);
SELECT crmseg.attach('Am', 'product', 'att_app.item', '{"key": "id", "sku": "ref", "name": "label", "list_price": "price", "category": "kind"}') AS items \gset
SELECT crmseg.attach('Am', 'cart', 'att_app.basket', '{"source": "app", "key": "id", "visitor": "cookie", "party": "customer_id", "created_at": "begun", "updated_at": "changed", "order": "order_id"}') AS baskets \gset
SELECT crmseg.attach('Am', 'cart_line', 'att_app.basket_line', '{"source": "app", "key": "id", "cart": "basket_id", "sku": "ref", "quantity": "qty", "unit_price": "price"}') AS lines \gset
SELECT rows_read, deleted, refused FROM crmseg.pull_attached('Am') WHERE attachment_id IN (:items, :baskets, :lines);
SELECT attachment_id = :items AS item, attachment_id = :baskets AS basket, row_key, code, reason FROM attached_change ORDER BY attachment_id, row_key;
SELECT sku, name, list_price, category FROM product WHERE sku ~ '^[TN]' ORDER BY sku;
SELECT c.party_id IS NOT NULL AS known, c.created_at, c.updated_at, c.amount, (SELECT string_agg(p.sku || ' x ' || l.quantity, ', ' ORDER BY p.sku) FROM cart_line l JOIN product p USING (product_id) WHERE l.cart_id = c.cart_id) AS holds FROM cart c ORDER BY c.updated_at;
SELECT subject, value, state FROM mart_health WHERE subject ~ 'live tables' ORDER BY 1;
-- what is claimed stays claimed; a visitor who says who he is is recognised; an order ends it; what is corrected there comes
UPDATE cart SET claimed_at = '2026-03-05' WHERE visitor_id = crmseg.visitor_id('ca');
UPDATE att_app.basket SET customer_id = 1, changed = '2026-03-04' WHERE id = 1;
UPDATE att_app.basket SET order_id = 3 WHERE id = 2;
UPDATE att_app.basket SET cookie = 'cd' WHERE id = 3;
UPDATE att_app.basket_line SET qty = 3 WHERE id = 1;
DELETE FROM att_app.basket_line WHERE id = 2;
UPDATE att_app.item SET price = '7' WHERE id = 3;
UPDATE att_app.item SET ref = 'T1b' WHERE id = 1;
DELETE FROM att_app.item WHERE id = 2;
SELECT rows_read, deleted, refused FROM crmseg.pull_attached('Am') WHERE attachment_id IN (:items, :baskets, :lines);
SELECT rows_read, deleted, refused FROM crmseg.pull_attached('Am') WHERE rows_read > 0 OR refused > 0;
SELECT row_key, code FROM attached_change WHERE attachment_id IN (:items, :baskets, :lines) ORDER BY attachment_id, row_key;
SELECT sku, name, list_price, upper(on_sale) IS NOT NULL AS ended FROM product WHERE sku ~ '^[TN]' ORDER BY sku;
SELECT c.party_id IS NOT NULL AS known, c.updated_at, c.claimed_at IS NOT NULL AS claimed, c.order_id IS NOT NULL AS ordered, c.amount, (SELECT string_agg(p.sku || ' x ' || l.quantity, ', ' ORDER BY p.sku) FROM cart_line l JOIN product p USING (product_id) WHERE l.cart_id = c.cart_id) AS holds FROM cart c ORDER BY c.updated_at;
DELETE FROM att_app.basket WHERE id = 2; DELETE FROM att_app.basket_line WHERE basket_id = 2;
SELECT sum(deleted) AS gone FROM crmseg.pull_attached('Am');
SELECT count(*) AS carts, sum((SELECT count(*) FROM cart_line l WHERE l.cart_id = c.cart_id)) AS lines FROM cart c;
-- a product in several lines of one cart: each is a line, is changed and goes by itself, and the cart is worth all of them
INSERT INTO att_app.basket VALUES (5, 'ce', 1, NULL, '2026-03-05 10:00', NULL);
INSERT INTO att_app.basket_line VALUES (10, 5, 'T3', 1, 7), (11, 5, 'T3', 2, 6), (12, 5, 'T2', 1, 12), (13, 5, 'T3', NULL, 5);
SELECT refused FROM crmseg.pull_attached('Am') WHERE attachment_id = :lines;
CREATE VIEW att_app.holds AS SELECT c.amount, (SELECT string_agg(p.sku || ' x ' || l.quantity || ' at ' || l.unit_price, ', ' ORDER BY p.sku, l.line_no) FROM cart_line l JOIN product p USING (product_id) WHERE l.cart_id = c.cart_id) AS holds FROM cart c WHERE c.visitor_id = crmseg.visitor_id('ce');
SELECT * FROM att_app.holds;
DELETE FROM att_app.basket_line WHERE id = 10;
UPDATE att_app.basket_line SET qty = 5 WHERE id = 11;
UPDATE att_app.basket_line SET ref = 'T3' WHERE id = 12;
INSERT INTO att_app.basket_line VALUES (14, 5, 'T3', 1, 1);
SELECT sum(refused) AS refused FROM crmseg.pull_attached('Am');
SELECT * FROM att_app.holds;
UPDATE att_app.basket_line SET ref = 'T2' WHERE id = 11;
DELETE FROM att_app.basket_line WHERE id = 14;
UPDATE att_app.basket SET changed = '2026-03-06' WHERE id = 5;
SELECT sum(refused) AS refused FROM crmseg.pull_attached('Am');
SELECT * FROM att_app.holds;
DROP VIEW att_app.holds;
-- by a watermark too: who is not known yet waits, and what was refused comes again when one says so
CREATE TABLE att_app.note (id int PRIMARY KEY, customer_id int, at timestamptz, what text, changed int);
INSERT INTO att_app.note VALUES (1, 555, '2026-05-01', 'complaint', 1), (2, 1, '2026-05-02', 'grumble', 2), (3, 1, '2026-05-03', 'quote', 3);
SELECT crmseg.attach('Am', 'service_case', 'att_app.note', '{"source": "app", "key": "id", "watermark": "changed", "party": "customer_id", "opened_at": "at", "kind": "what"}') AS notes \gset
SELECT rows_read, deleted, refused FROM crmseg.pull_attached('Am', :notes);
INSERT INTO att_app.customer VALUES (555, 'Later', 'later@x.fr');
ALTER TABLE service_case DROP CONSTRAINT service_case_kind_check;
UPDATE attached_change SET refused_at = NULL WHERE attachment_id = :notes;
SELECT count(*) FROM crmseg.pull_attached('Am');
SELECT k.kind, r.external_id FROM service_case k JOIN source_record r USING (party_id) ORDER BY opened_at;
-- a table that cannot be read any more keeps none of the others back, and is told
ALTER TABLE att_app.basket_line DROP COLUMN price;
INSERT INTO att_app.note VALUES (4, 1, '2026-05-04', 'quote', 4);
SET client_min_messages = error;
SELECT sum(rows_read) FROM crmseg.pull_attached('Am') WHERE attachment_id >= :notes;
SET client_min_messages = warning;
SELECT failure FROM attachment WHERE attachment_id = :lines;
SELECT value, state FROM mart_health WHERE subject = 'live tables that fail';
-- refused
\set VERBOSITY terse
SELECT crmseg.pull_attached('Am', 999);
CREATE VIEW att_app.open_claim AS SELECT * FROM att_app.claim;
SELECT crmseg.attach('Am', 'service_case', 'att_app.open_claim', '{"key": "id", "party": "customer_id", "kind": {"value": "complaint"}, "opened_at": "at"}');
SELECT crmseg.attach('Am', 'dream', 'att_app.card', '{"key": "no"}');
SELECT crmseg.attach('Am', 'line', 'att_app."Order Line"', '{"key": "id", "order": "order_id"}');
SELECT crmseg.attach('Am', 'line', 'att_app."Order Line"', '{"key": "no", "order": "order_id", "amount": "amount"}');
SELECT crmseg.attach('Am', 'line', 'att_app."Order Line"', '{"key": "id", "order": "order_id", "amount": "price"}');
SELECT crmseg.attach('Am', 'line', 'att_app."Order Line"', '{"key": "id", "order": "order_id", "amount": "amount", "colour": "ref"}');
SELECT crmseg.detach_source('Am', :calls);
RESET search_path;
DROP SCHEMA att_app, "Am" CASCADE;
