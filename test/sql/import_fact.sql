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
-- refused before anything is read
SELECT imp_load('club', 'long', '{"answer": {"survey": "x", "question": "y", "score": "r", "answered_at": "at"}}');
SELECT imp_load('club', 'long', '{"email": "mail", "answer": {"survey": "x", "question": "y", "answered_at": "at"}}');
SELECT imp_load('club', 'long', '{"email": "mail", "reaction": {"kind": "q", "occurred_at": "at"}}');
SELECT imp_load('club', 'long', '{"email": "mail", "loyalty": {"card": "q"}}');
RESET search_path;
DROP SCHEMA imp_fact CASCADE;
