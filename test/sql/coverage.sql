-- what must be refused is, with its reason and nothing half done; audiences for advertising; the views that questions begin with; the other
-- shipped mappings
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT crmseg.create_datamart('cov', '{"time_zone": "Europe/Paris", "default_phone_region": "FR"}');
SET search_path = cov, public;
INSERT INTO party (party_id, kind, given_name, family_name, postal_code, country) SELECT i, 'person', 'Ann' || i, 'Doe', '7500' || i, 'FR' FROM generate_series(1, 6) i;
SELECT setval(pg_get_serial_sequence('cov.party', 'party_id'), 100) AS next_party, setval(pg_get_serial_sequence('cov.source', 'source_id'), 10) AS next_source, setval(pg_get_serial_sequence('cov.campaign', 'campaign_id'), 10) AS next_campaign;
INSERT INTO contact_point (party_id, kind, value, value_norm, is_primary) SELECT i, 'email', 'A' || i || '@X.fr', 'a' || i || '@x.fr', true FROM generate_series(1, 6) i;
INSERT INTO contact_point (party_id, kind, value, value_norm, is_primary) VALUES (1, 'phone', '06 12 34 56 78', '+33612345678', true);
SELECT count(crmseg.set_consent('cov', i, 'newsletter', 'email', 'granted', '2026-01-01')) AS said FROM generate_series(1, 5) i;
SELECT crmseg.set_consent('cov', 1, 'newsletter', 'sms', 'granted', '2026-01-01');
INSERT INTO campaign (campaign_id, name) VALUES (1, 'Spring');
CREATE VIEW everybody AS SELECT party_id FROM party;
\set VERBOSITY terse
-- overlapping consents
INSERT INTO consent (party_id, purpose, channel_id, status, valid, captured_at) VALUES (6, 'newsletter', 1, 'granted', '[2026-01-01,)', '2026-01-01'), (1, 'newsletter', 1, 'granted', '[2026-02-01,)', '2026-02-01');
SELECT count(*) AS half_done FROM consent WHERE party_id = 6;
-- a target in two claims: nobody twice, and by hand refused
SELECT (SELECT count(*) FROM crmseg.claim_audience('cov', 'everybody', 1, 'email', 3)) AS first, (SELECT count(*) FROM crmseg.claim_audience('cov', 'everybody', 1, 'email', 100)) AS second;
SELECT count(*) AS third FROM crmseg.claim_audience('cov', 'everybody', 1, 'email', 100);
INSERT INTO campaign_target (party_id, campaign_id, channel_id) SELECT party_id, 1, 1 FROM party;
SELECT count(*) AS targets, count(DISTINCT party_id) AS parties FROM campaign_target;
-- a reaction before its message, or to the message of somebody else
INSERT INTO interaction (party_id, interaction_id, occurred_at, channel_id, campaign_id) VALUES (1, 1, '2026-03-01', 1, 1);
INSERT INTO reaction (party_id, occurred_at, interaction_id, channel_id, kind) VALUES (1, '2026-03-02', 1, 1, 'click'), (1, '2026-02-28', 1, 1, 'click');
INSERT INTO reaction (party_id, occurred_at, interaction_id, channel_id, kind) VALUES (2, '2026-03-02', 1, 1, 'click');
SELECT count(*) AS half_done, (SELECT count(*) FROM party_channel WHERE responses > 0) AS counted FROM reaction;
-- an attribute of the wrong type, of a special category without consent, and with it
INSERT INTO attribute_def (key, data_type, sensitivity) VALUES ('children', 'num', 'personal'), ('faith', 'text', 'special');
INSERT INTO party_attribute (party_id, attribute_id, num) SELECT 1, attribute_id, 2 FROM attribute_def WHERE key = 'children' UNION ALL SELECT 2, attribute_id, 2 FROM attribute_def WHERE key = 'faith';
INSERT INTO party_attribute (party_id, attribute_id, txt) SELECT 2, attribute_id, 'many' FROM attribute_def WHERE key = 'children';
SELECT crmseg.set_attribute('cov', 2, 'faith', '"x"');
SELECT count(*) AS half_done FROM party_attribute;
SELECT crmseg.set_consent('cov', 2, 'faith', 'web', 'granted', '2026-01-01'), crmseg.set_attribute('cov', 2, 'faith', '"x"') > 0 AS taken;
-- a cart without a visitor, before its time, of nothing
INSERT INTO cart (visitor_id) VALUES (NULL);
INSERT INTO cart (visitor_id, created_at, updated_at) VALUES ('00000000-0000-0000-0000-000000000001', '2026-01-02', '2026-01-01');
SELECT count(*) AS carts FROM cart;
-- a segment that is none, an audience that is hashed otherwise
SELECT * FROM crmseg.export_audience('cov', 'nobody');
SELECT * FROM crmseg.export_audience('cov', 'everybody', 'md5');
\set VERBOSITY default
-- an audience for those who show advertising: who may be written to, as digests that anybody can make
SELECT party_id, email = encode(sha256(convert_to('a' || party_id || '@x.fr', 'UTF8')), 'hex') AS email, phone = encode(sha256('+33612345678'), 'hex') AS phone, given_name = encode(sha256(convert_to('ann' || party_id, 'UTF8')), 'hex') AS given_name, postal_code, country
FROM crmseg.export_audience('cov', 'everybody') ORDER BY 1;
SELECT crmseg.set_consent('cov', 1, 'newsletter', 'email', 'withdrawn'), crmseg.suppress('cov', 'email', 'a2@x.fr', 'complaint');
SELECT * FROM crmseg.export_audience('cov', 'everybody', false) ORDER BY 1;
SELECT count(*) AS other_purpose FROM crmseg.export_audience('cov', 'everybody', 'sha256', 'advertising');
-- the views that questions begin with, against the tables themselves
INSERT INTO product (product_id, sku, name, audience) VALUES (1, 'S1', 'Scarf', 'men');
INSERT INTO store (store_id, code, name) VALUES (1, 'P1', 'Paris');
INSERT INTO source (source_id, name, party_level) VALUES (1, 'till', 'first'), (2, 'bought', 'third');
INSERT INTO sales_order (party_id, order_id, ordered_at, channel_id, store_id, currency, amount, kind, source_id, external_id) VALUES (1, 1, '2026-01-01', 7, 1, 'EUR', 10, 's', 1, '1'), (1, 2, '2026-01-09', 8, NULL, 'EUR', -10, 'r', 1, '2');
INSERT INTO sales_order_line (party_id, order_id, line_no, product_id, ordered_at, quantity, amount) VALUES (1, 1, 1, 1, '2026-01-01', 1, 10), (1, 2, 1, 1, '2026-01-09', -1, -10), (1, 2, 2, NULL, '2026-01-09', 1, 0);
SELECT ordered_at::date, kind, channel, store, sku, audience, quantity, amount, base_amount FROM purchase_history ORDER BY 1, line_no;
INSERT INTO web_session (visitor_id, session_id, started_at, ended_at, party_id, device) VALUES ('00000000-0000-0000-0000-000000000001', 1, '2026-01-05 10:00', '2026-01-05 10:09', NULL, 'mobile'), ('00000000-0000-0000-0000-000000000002', 2, '2026-01-05 10:00', NULL, 2, NULL);
INSERT INTO web_event (visitor_id, session_id, occurred_at, kind, product_id) VALUES ('00000000-0000-0000-0000-000000000001', 1, '2026-01-05 10:01', 'product', 1), ('00000000-0000-0000-0000-000000000002', 2, '2026-01-05 10:01', 'quote_begun', NULL);
SELECT session_id, party_id, minutes, device FROM visit ORDER BY 1;
SELECT party_id, kind, sku, audience FROM web_activity ORDER BY session_id;
SELECT crmseg.recognise_visitor('cov', '00000000-0000-0000-0000-000000000001', 3) AS recognised;
SELECT party_id, kind, sku FROM web_activity ORDER BY session_id;
INSERT INTO reaction (party_id, occurred_at, interaction_id, channel_id, kind, is_machine) VALUES (1, '2026-03-01 01:00', 1, 1, 'open', true), (1, '2026-03-02 01:00', 1, 1, 'click', false), (1, '2026-03-02 02:00', 1, 1, 'click', false);
SELECT party_id, channel, campaign, opened, clicked, replied, bounced, unsubscribed, ordered FROM message_outcome;
INSERT INTO party_attribute (party_id, attribute_id, num, source_id, provenance, confidence) SELECT 1, attribute_id, 3, 2, 'inferred', 0.3 FROM attribute_def WHERE key = 'children';
SELECT party_id, key, value, provenance, source, level FROM known_trait ORDER BY 1, 2;
INSERT INTO party (party_id, kind, legal_name) VALUES (10, 'organisation', 'ACME');
INSERT INTO party_relation (party_id, related_id, kind, title, valid) VALUES (1, 10, 'employee_of', 'buyer', '[2020-01-01,2021-01-01)'), (2, 10, 'employee_of', 'owner', '[2020-01-01,)');
SELECT party_id, kind, related_name, title, is_current FROM related ORDER BY 1;
SELECT at, event, amount FROM timeline WHERE party_id = 1 AND at < '2026-06-01' ORDER BY at, event COLLATE "C" LIMIT 8;
SELECT count(*) AS others FROM timeline WHERE party_id = 3;
-- mappings of other exports
CREATE FUNCTION cov_shipped(name text, content text) RETURNS TABLE (lines_read bigint, inserted bigint, updated bigint, unchanged bigint, rejected bigint) LANGUAGE plpgsql AS $$
BEGIN
	CREATE TEMPORARY TABLE cov_file AS SELECT n, l FROM string_to_table(content, E'\n') WITH ORDINALITY t (l, n);
	RETURN QUERY SELECT r.* FROM crmseg.shipped_mappings() s CROSS JOIN LATERAL crmseg.import_csv('cov', s.name, 'cov_file', s.mapping, s.format) b CROSS JOIN LATERAL crmseg.import_report('cov', b) r WHERE s.name = cov_shipped.name;
	DROP TABLE cov_file;
END $$;
SELECT * FROM cov_shipped('brevo_events', E'event,email,date,messageId,subject,tag,link\nrequest,e1@x.fr,2026-05-01 08:00:00,m1,Hello,May,\nproxy_open,e1@x.fr,2026-05-01 08:01:00,m1,Hello,May,\nclick,e1@x.fr,2026-05-01 09:00:00,m1,Hello,May,https://x.fr/a\nsoft_bounce,e2@x.fr,2026-05-01 08:00:09,m1,Hello,May,\nhard_bounce,e3@x.fr,2026-05-01 08:00:09,m1,Hello,May,\nunsubscribed,e1@x.fr,2026-05-02 09:00:00,m1,Hello,May,');
SELECT * FROM cov_shipped('mailchimp_cleaned', E'"Email Address","First Name","Last Name",MEMBER_RATING,OPTIN_TIME,CLEAN_TIME,LEID,EUID\nm1@x.fr,Max,Mo,2,"2025-01-01 10:00:00","2026-04-01 10:00:00",1,abc');
SELECT v.value, v.status, r.kind, r.is_machine, r.is_temporary, r.interaction_at FROM contact_point v JOIN reaction r USING (party_id) WHERE v.value ~ '^[em][0-9]@' ORDER BY 1, r.occurred_at;
SELECT * FROM cov_shipped('snowplow_events', E'collector_tstamp\tevent_name\tuser_id\tdomain_userid\tdomain_sessionid\tpage_url\tpage_referrer\tdvce_type\n2026-05-01 08:00:00.123\tpage_view\t\tc1\ts1\thttps://x.fr/\thttps://search.example/\tMobile\n2026-05-01 08:01:00.5\tpage_view\tU7\tc1\ts1\thttps://x.fr/b\t\tMobile');
SELECT s.events, s.device, s.referrer, r.external_id FROM web_session s JOIN source_record r USING (party_id) WHERE r.external_id = 'U7';
SELECT * FROM cov_shipped('partner_list', E'email;civilite;prenom;nom;telephone;cp;ville;optin_partenaire;date_optin\np1@x.fr;Mme;Zoé;Roy;0612345670;75011;Paris;oui;03/02/2026\np2@x.fr;M.;Luc;Roy;;69001;Lyon;;\n;M.;;;;;;;');
SELECT s.name, s.kind, s.party_level, s.trust, count(c.party_id) AS records, count(k.party_id) AS consents FROM source s JOIN source_record c USING (source_id) LEFT JOIN consent k ON k.party_id = c.party_id AND k.purpose = 'partner_offers' AND k.status = 'granted' WHERE s.name = 'partner_list' GROUP BY s.source_id;
SELECT * FROM cov_shipped('loyalty_cards', E'no_client;no_carte;niveau;points;date_adhesion\n7;K7;or;1 200;01/02/2024');
SELECT * FROM cov_shipped('survey_answers', E'email,survey,question,score,comment,answered_at,sku,store\np1@x.fr,Visit,service,9,Fine,2026-05-01 10:00:00,S1,P1');
SELECT l.card_no, l.points FROM loyalty_account l;
SELECT survey, question, score, sku, store FROM survey_result;
RESET search_path;
DROP SCHEMA cov CASCADE;
