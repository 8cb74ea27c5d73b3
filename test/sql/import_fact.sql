-- files of other kinds: loyalty cards, what an e-mail tool saw, answers to surveys
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT crmseg.create_datamart('imp_fact', '{"time_zone": "Europe/Paris", "default_phone_region": "FR"}');
SET search_path = imp_fact, public;
CREATE FUNCTION imp_load(source text, relation regclass, mapping jsonb) RETURNS TABLE (lines_read bigint, inserted bigint, updated bigint, unchanged bigint, rejected bigint) LANGUAGE sql AS
	$$ SELECT r.* FROM crmseg.import_flat('imp_fact', source, relation, mapping) b, crmseg.import_report('imp_fact', b) r $$;
-- loyalty: a card, its level and its points; the last line of a card counts
CREATE TABLE card (mail text, carte text, niveau text, points text, depuis text);
INSERT INTO card VALUES ('a@example.com', '4001', 'gold', '1 250', '01/02/2020'), ('b@example.com', '4002', 'silver', '10', '15/06/2021'), ('b@example.com', '4002', 'silver', '20', '15/06/2021'),
	('c@example.com', '4003', NULL, 'many', '01/01/2022'), ('d@example.com', NULL, NULL, NULL, NULL);
\set map '{"email": "mail", "loyalty": {"programme": "club", "card_no": "carte", "tier": "niveau", "points": "points", "enrolled_on": {"column": "depuis", "format": "DD/MM/YYYY"}}}'
SELECT * FROM imp_load('club', 'card', :'map');
SELECT * FROM imp_load('club', 'card', :'map');
UPDATE card SET points = '1300' WHERE carte = '4001';
SELECT * FROM imp_load('club', 'card', :'map');
SELECT line_no, column_name, code, reason FROM import_reject WHERE import_id = 1;
SELECT c.value, l.programme, l.card_no, l.tier, l.points, l.enrolled, k.key_value FROM loyalty_account l JOIN contact_point c USING (party_id) JOIN external_key k ON k.party_id = l.party_id AND k.scheme = l.programme ORDER BY 3;
-- what an e-mail tool saw: mailings, and what became of them; words of the tool's own
CREATE TABLE seen (email text, event text, date text, campaign text, subject text, link text);
INSERT INTO seen VALUES ('a@example.com', 'sent', '2026-03-01 08:00:00', 'Spring', 'Hello', NULL), ('b@example.com', 'Request', '2026-03-01 08:00:05', 'Spring', 'Hello', NULL),
	('a@example.com', 'Opened', '2026-03-01 09:00:00', 'Spring', 'Hello', NULL), ('a@example.com', 'Clicked', '2026-03-01 09:01:00', 'Spring', 'Hello', 'https://example.com/x'),
	('a@example.com', 'Clicked', '2026-03-01 09:01:00', 'Spring', 'Hello', 'https://example.com/x'), ('b@example.com', 'Hard bounce', '2026-03-01 08:00:09', 'Spring', 'Hello', NULL),
	('a@example.com', 'unsubscribed', '2026-02-01 08:00:00', 'Spring', NULL, NULL), ('a@example.com', 'Waved', '2026-03-01 10:00:00', 'Spring', 'Hello', NULL),
	('a@example.com', 'open', '2026-13-01 10:00:00', 'Spring', 'Hello', NULL), (NULL, 'open', '2026-03-01 10:00:00', 'Spring', 'Hello', NULL), ('e@example.com', 'click', '2026-03-02 10:00:00', 'Autumn', NULL, NULL);
\set map '{"email": "email", "reaction": {"kind": "event", "occurred_at": "date", "campaign": "campaign", "subject": "subject", "url": "link", "channel": "email"}}'
SELECT * FROM imp_load('club', 'seen', :'map');
SELECT * FROM imp_load('club', 'seen', :'map');
SELECT line_no, column_name, code FROM import_reject r JOIN import_batch b USING (import_id) WHERE b.relation = 'imp_fact.seen' AND import_id = (SELECT min(import_id) FROM import_batch WHERE relation = 'imp_fact.seen') ORDER BY 1;
SELECT v.value, i.occurred_at, g.name, m.subject, h.name AS channel, i.status FROM interaction i JOIN contact_point v USING (party_id) JOIN campaign g USING (campaign_id) LEFT JOIN message m USING (message_id) JOIN channel h ON h.channel_id = i.channel_id ORDER BY 1, 2;
SELECT v.value, r.occurred_at, r.kind, r.interaction_at, r.url FROM reaction r JOIN contact_point v USING (party_id) ORDER BY 1, 2, 3;
SELECT v.value, c.touches, c.responses FROM party_channel c JOIN contact_point v USING (party_id) ORDER BY 1;
SELECT crmseg.refresh_channels('imp_fact') AS wrong;
-- answers: a column for each question, and a row for each answer
CREATE TABLE wide (mail text, le text, accueil text, delai text, mot text);
INSERT INTO wide VALUES ('a@example.com', '2026-04-01 10:00', '9', '7,5', 'parfait'), ('b@example.com', '2026-04-02 11:00', '3', NULL, NULL), ('c@example.com', '2026-04-03 12:00', 'neuf', '1', NULL), ('d@example.com', NULL, '5', NULL, NULL), ('e@example.com', NULL, NULL, NULL, NULL);
\set map '{"email": "mail", "decimal": ",", "answer": [{"survey": "visit", "question": "welcome", "score": "accueil", "answered_at": "le"}, {"survey": "visit", "question": "delay", "score": "delai", "answered_at": "le"}, {"survey": "visit", "question": "word", "body": "mot", "answered_at": "le"}]}'
SELECT * FROM imp_load('club', 'wide', :'map');
SELECT * FROM imp_load('club', 'wide', :'map');
UPDATE wide SET accueil = '4' WHERE mail = 'b@example.com';
SELECT * FROM imp_load('club', 'wide', :'map');
CREATE TABLE long (mail text, q text, r text, at timestamptz);
INSERT INTO long VALUES ('a@example.com', 'recommend', '10', '2026-05-01 10:00+00'), ('a@example.com', 'again', '8', '2026-05-01 10:00+00');
SELECT * FROM imp_load('club', 'long', '{"email": "mail", "answer": {"survey": "nps 2026", "survey_kind": "nps", "question": {"column": "q"}, "score": "r", "answered_at": "at"}}');
SELECT v.value, s.name, s.kind, a.question, a.answered_at, a.score, a.body FROM survey_answer a JOIN survey s USING (survey_id) JOIN contact_point v USING (party_id) ORDER BY 1, 2, 4;
SELECT r.line_no, r.column_name, r.code FROM import_reject r WHERE import_id = (SELECT min(import_id) FROM import_batch WHERE relation = 'imp_fact.wide') ORDER BY 1;
-- an attribute of a special category, with and without the consent that it needs: left out, and the line taken
INSERT INTO attribute_def (key, sensitivity, consent_purpose) VALUES ('opinion', 'special', 'opinions');
CREATE TABLE opinion (mail text, says text, may text);
INSERT INTO opinion VALUES ('x@example.com', 'green', 'oui'), ('y@example.com', 'blue', 'non'), ('z@example.com', 'red', NULL);
\set map '{"email": "mail", "attributes": {"opinion": "says"}, "consent": {"purpose": "opinions", "channel": "email", "status": "may"}}'
SELECT * FROM imp_load('form', 'opinion', :'map');
SELECT * FROM imp_load('form', 'opinion', :'map');
SELECT v.value, a.txt, f.traits FROM party_attribute a JOIN contact_point v USING (party_id) JOIN party_profile f USING (party_id) ORDER BY 1;
SELECT line_no, column_name, code, reason FROM import_warning WHERE import_id = (SELECT min(import_id) FROM import_batch WHERE relation = 'imp_fact.opinion') ORDER BY 1;
-- what the e-mail tool saw follows at once: an unsubscription withdraws, a bounce marks the address, a soft one does not
SELECT v.value, v.status, v.verified_at FROM contact_point v WHERE v.status <> 'unverified' ORDER BY 1;
SELECT v.value, c.purpose, c.status, c.contact_point_id, c.valid, c.method FROM consent c JOIN contact_point v USING (party_id) WHERE c.purpose <> 'opinions' ORDER BY 1, 2, c.valid;
CREATE TABLE list (mail text, other text, optin text, le text);
INSERT INTO list VALUES ('k1@example.com', 'k1b@example.com', 'oui', '2026-01-01'), ('k2@example.com', NULL, 'oui', '2026-01-01'), ('k3@example.com', NULL, 'oui', '2026-05-01'), ('k4@example.com', NULL, 'oui', '2026-01-01'), ('k5@example.com', NULL, 'non', '2026-01-01');
SELECT * FROM imp_load('letter', 'list', '{"source_key": "mail", "email": ["mail", "other"], "consent": [{"purpose": "newsletter", "channel": "email", "status": "optin", "captured_at": "le"}, {"purpose": "offers", "channel": "email", "status": "optin", "captured_at": "le"}]}');
CREATE TABLE tool (mail text, event text, date text, campaign text, machine text);
INSERT INTO tool VALUES ('k1@example.com', 'sent', '2026-03-01 08:00', 'Letter 3', NULL), ('k1@example.com', 'unsubscribed', '2026-03-02 08:00', 'Letter 3', NULL), ('k1@example.com', 'unsubscribed', '2026-03-05 08:00', 'Letter 3', NULL),
	('k2@example.com', 'spam', '2026-03-03 08:00', NULL, NULL), ('k3@example.com', 'unsubscribed', '2026-03-04 08:00', NULL, NULL), ('k4@example.com', 'unsubscribed', '2026-03-04 08:00', NULL, 'oui'),
	('k4@example.com', 'soft bounce', '2026-03-05 08:00', NULL, NULL), ('k5@example.com', 'hard bounce', '2026-03-05 08:00', NULL, NULL), ('k1b@example.com', 'bounce', '2026-03-05 08:00', NULL, NULL);
\set map '{"source_key": "mail", "reaction": {"kind": "event", "occurred_at": "date", "campaign": "campaign", "is_machine": "machine", "channel": "email"}}'
SELECT * FROM imp_load('letter', 'tool', :'map');
SELECT * FROM imp_load('letter', 'tool', :'map');
SELECT v.value, c.purpose, c.status, c.valid, c.method FROM consent c JOIN contact_point v USING (party_id) WHERE v.is_primary AND v.value LIKE 'k%' ORDER BY 1, 2, c.valid;
SELECT v.value, v.status, v.is_primary FROM contact_point v WHERE v.value LIKE 'k%' ORDER BY 1;
SELECT r.external_id, r.payload FROM source_record r WHERE r.external_id LIKE 'k1%' ORDER BY 1;
SELECT v.value, h.purpose FROM reachable h JOIN contact_point v USING (party_id, contact_point_id) WHERE v.value LIKE 'k%' ORDER BY 1, 2;
-- another source that knows addresses only: what it saw is of the party that has the address, with its second address too
INSERT INTO tool VALUES ('K1B@example.com', 'bounce', '2026-03-06 08:00', NULL, NULL), ('k3@example.com', 'unsubscribed', '2026-06-06 08:00', NULL, NULL);
SELECT * FROM imp_load('sender', 'tool', '{"email": "mail", "reaction": {"kind": "event", "occurred_at": "date", "campaign": "campaign", "is_machine": "machine", "channel": "email"}}');
SELECT v.value, v.status, h.purpose FROM contact_point v LEFT JOIN reachable h USING (party_id, contact_point_id) WHERE v.value LIKE 'k%' ORDER BY 1, 3;
-- a row of the application itself: withdrawn in the very next query, in the same transaction
BEGIN;
SELECT count(*) AS before FROM reachable h JOIN contact_point v USING (party_id, contact_point_id) WHERE v.value = 'k4@example.com';
INSERT INTO reaction (party_id, occurred_at, channel_id, kind) SELECT party_id, '2026-06-01', 1, 'unsubscribe' FROM contact_point WHERE value = 'k4@example.com';
SELECT count(*) AS after FROM reachable h JOIN contact_point v USING (party_id, contact_point_id) WHERE v.value = 'k4@example.com';
ROLLBACK;
-- the log of a web site: visitors, half an hour of silence ends a session, who logs in is known before and after
CREATE TABLE log (c text, u text, t text, e text, p text, sku text);
INSERT INTO log VALUES ('ck1', NULL, '2026-03-01 10:00', 'page_view', '/a', NULL), ('ck1', NULL, '2026-03-01 10:05', 'view_item', '/p', 'S1'), ('ck1', NULL, '2026-03-01 11:00', 'page_view', '/a', NULL),
	('ck1', '42', '2026-03-01 11:10', 'add_to_cart', '/p', 'S1'), ('ck2', NULL, '2026-03-01 10:00', 'page_view', '/a', NULL), ('ck2', NULL, '2026-03-01 10:00', 'page_view', '/a', NULL), (NULL, NULL, '2026-03-01 10:00', 'page_view', '/a', NULL),
	('ck2', NULL, '2026-13-01 10:00', 'page_view', '/a', NULL), ('9f3b0d52-0c61-4d0e-9a52-8b25c7f0a111', NULL, '2026-03-01 10:00', NULL, NULL, 'S2');
\set map '{"source_key": "u", "visit": {"visitor": "c", "occurred_at": "t", "kind": "e", "page": "p", "sku": "sku"}}'
SELECT * FROM imp_load('site', 'log', :'map');
SELECT * FROM imp_load('site', 'log', :'map');
INSERT INTO log VALUES ('ck1', NULL, '2026-03-01 11:30', 'click', '/z', NULL), ('ck1', NULL, '2026-03-01 11:55', 'page_view', '/z', NULL), ('ck1', NULL, '2026-03-01 09:55', 'page_view', '/z', NULL), ('ck1', '43', '2026-03-01 12:00', 'page_view', '/z', NULL);
SELECT * FROM imp_load('site', 'log', :'map');
SELECT line_no, column_name, code, reason FROM import_reject WHERE import_id = (SELECT min(import_id) FROM import_batch WHERE relation = 'imp_fact.log') ORDER BY 1;
SELECT s.visitor_id = crmseg.visitor_id('ck1') AS ck1, s.started_at, s.ended_at, r.external_id, s.events, s.product_views, s.clicks, s.cart_adds, s.landing FROM web_session s LEFT JOIN source_record r USING (party_id) ORDER BY s.visitor_id, s.started_at;
SELECT e.occurred_at, e.kind, p.sku, e.page, e.session_id = s.session_id AS own FROM web_event e JOIN web_session s USING (visitor_id, session_id) LEFT JOIN product p USING (product_id) ORDER BY e.visitor_id, 1, 4;
UPDATE import_reject SET raw = (raw::jsonb || '{"c": "ck3", "t": "2026-03-01 10:01"}')::text WHERE import_id = (SELECT min(import_id) FROM import_batch WHERE relation = 'imp_fact.log');
SELECT r.* FROM crmseg.import_replay('imp_fact', (SELECT min(import_id) FROM import_batch WHERE relation = 'imp_fact.log')) b, crmseg.import_report('imp_fact', b) r;
-- a list of a partner: a source of its own level, which tells the mart what it is once
SELECT imp_load('partner', 'list', '{"source": {"kind": "partner", "party_level": "third", "trust": 10}, "email": "mail"}');
SELECT name, kind, party_level, trust FROM source WHERE name IN ('partner', 'letter') ORDER BY 1;
-- refused before anything is read
SELECT imp_load('club', 'list', '{"email": "mail", "source": {"kind": "friend"}}');
SELECT imp_load('club', 'list', '{"email": "mail", "source": {"trust": 101}}');
SELECT imp_load('club', 'log', '{"visit": {"visitor": "c"}}');
SELECT imp_load('club', 'long', '{"answer": {"survey": "x", "question": "y", "score": "r", "answered_at": "at"}}');
SELECT imp_load('club', 'long', '{"email": "mail", "answer": {"survey": "x", "question": "y", "answered_at": "at"}}');
SELECT imp_load('club', 'long', '{"email": "mail", "reaction": {"kind": "q", "occurred_at": "at"}}');
SELECT imp_load('club', 'long', '{"email": "mail", "loyalty": {"card": "q"}}');
RESET search_path;
DROP SCHEMA imp_fact CASCADE;
