-- the questions of docs/questions.md: one short statement each, against an answer made otherwise, on data with traps
SET client_min_messages = warning;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
SELECT crmseg.create_datamart('qm', '{"time_zone": "Europe/Paris"}');
SET search_path = qm, public;
INSERT INTO source (source_id, name, kind, party_level) VALUES (1, 'till', 'system', 'first'), (2, 'partner', 'partner', 'third');
INSERT INTO store (store_id, code, name) VALUES (1, '1', 'Paris');
INSERT INTO product (product_id, sku, name, audience) VALUES (1, 'ß', 'fabulous', 'men'), (2, 'case', 'case', 'men'), (3, 'dress', 'dress', 'women'), (4, 'ball', 'ball', NULL);
INSERT INTO product_relation (product_id, kind, related_id) VALUES (1, 'accessory_of', 2);
INSERT INTO attribute_def (attribute_id, key, data_type, is_multi, ask_rank) VALUES (1, 'children.count', 'num', false, 1), (2, 'dwelling.tenure', 'text', false, 2), (3, 'interest', 'text', true, 3), (4, 'vehicle.fuel', 'text', true, NULL);
INSERT INTO campaign (campaign_id, name) VALUES (1, 'spring'), (2, 'silent');
INSERT INTO message (message_id, campaign_id, channel_id, offer) VALUES (1, 1, 1, '10 %'), (2, 1, 1, NULL), (3, 2, 1, 'free');
SELECT setseed(0.2);
INSERT INTO party (party_id, lifecycle, tier, deceased_on) SELECT i, CASE WHEN i % 5 = 0 THEN 'prospect' WHEN i % 41 = 0 THEN 'closed' ELSE 'customer' END, CASE WHEN i % 9 = 0 THEN 'VIP' END, CASE WHEN i % 37 = 0 THEN date '2024-01-01' END FROM generate_series(1, 300) i;
INSERT INTO contact_point (party_id, kind, value, value_norm, is_primary, status) SELECT i, 'email', concat(i, n, '@x.fr'), concat(i, n, '@x.fr'), n = 1, CASE WHEN random() < 0.1 THEN 'bounced' ELSE 'valid' END FROM generate_series(1, 300) i, generate_series(1, 2) n WHERE random() < 0.8;
-- consent on one address only, withdrawn a minute ago, for any
INSERT INTO consent (party_id, purpose, channel_id, contact_point_id, status, valid, captured_at) SELECT c.party_id, 'newsletter', 1, CASE WHEN random() < 0.3 THEN min(c.contact_point_id) ELSE 0 END, 'granted', '[2024-01-01,)', '2024-01-01' FROM contact_point c GROUP BY 1;
SELECT count(crmseg.set_consent('qm', i, 'newsletter', 'email', 'withdrawn', now() - interval '1 minute')) AS withdrawn FROM generate_series(7, 300, 13) i;
SELECT count(crmseg.suppress('qm', 'email', concat(i, '1@x.fr'), 'complaint')) AS suppressed FROM generate_series(11, 300, 31) i;
INSERT INTO sales_order (party_id, order_id, ordered_at, kind, currency, amount, channel_id, source_id, external_id)
	SELECT 1 + (random() * 299)::int, i, now() - random() * interval '700 days', CASE WHEN i % 11 = 0 THEN 'r' ELSE 's' END, 'EUR', CASE WHEN i % 11 = 0 THEN -1 ELSE 1 END * round((random() * 90)::numeric, 2), CASE WHEN random() < 0.5 THEN 7 ELSE 8 END, 1, i FROM generate_series(1, 900) i;
DELETE FROM sales_order o USING party p WHERE p.party_id = o.party_id AND p.lifecycle = 'prospect';
UPDATE sales_order SET amount = -500 WHERE order_id = 11;
INSERT INTO party (party_id, kind) VALUES (301, 'unidentified');
UPDATE store SET anonymous_party_id = 301;
INSERT INTO sales_order (party_id, order_id, ordered_at, currency, amount, channel_id, source_id, external_id) VALUES (301, 2000, now(), 'EUR', 99999, 7, 1, 'anonymous');
INSERT INTO sales_order_line (party_id, order_id, line_no, product_id, ordered_at, quantity, amount) SELECT o.party_id, o.order_id, n, 1 + (random() * 3)::int, o.ordered_at, sign(o.amount), o.amount / 2 FROM sales_order o, generate_series(1, 2) n;
INSERT INTO interaction (party_id, interaction_id, occurred_at, channel_id, campaign_id, message_id, is_solicitation, cost)
	SELECT 1 + (random() * 299)::int, i, now() - random() * interval '200 days', 1 + (random() * 2)::int, 1, 1 + (random())::int, random() < 0.9, 0.01 FROM generate_series(1, 2500) i;
-- touched often and silent, whatever chance drew for the others
INSERT INTO party (party_id) VALUES (302);
INSERT INTO interaction (party_id, interaction_id, occurred_at, channel_id, is_solicitation) SELECT 302, 4000 + i, now() - i * interval '1 day', 1, true FROM generate_series(1, 10) i;
INSERT INTO interaction (party_id, interaction_id, occurred_at, channel_id) SELECT 5, 3000 + i, now() - i * interval '1 day', 1 FROM generate_series(1, 12) i;
INSERT INTO reaction (party_id, interaction_id, interaction_at, occurred_at, channel_id, kind, is_machine, amount) SELECT i.party_id, i.interaction_id, i.occurred_at, least(i.occurred_at + random() * interval '3 days', now()), i.channel_id, k, random() < 0.3, CASE WHEN k = 'order' THEN 10 END
	FROM interaction i, unnest('{open,click,order}'::text[]) k WHERE random() < 0.15 AND i.interaction_id < 3000;
INSERT INTO reaction (party_id, interaction_id, interaction_at, occurred_at, channel_id, kind, is_machine) SELECT i.party_id, i.interaction_id, i.occurred_at, i.occurred_at, 1, 'open', true FROM interaction i WHERE i.interaction_id > 3000;
INSERT INTO cart (visitor_id, cart_id, party_id, created_at, updated_at, amount) SELECT ('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid, i, CASE WHEN i % 3 > 0 THEN i END, now() - interval '9 days', now() - (i % 5) * interval '1 day' - interval '2 hours', i FROM generate_series(1, 60) i;
INSERT INTO cart_line (visitor_id, cart_id, product_id, quantity, unit_price) SELECT c.visitor_id, c.cart_id, 1 + c.cart_id % 4, 1, 5 FROM cart c;
INSERT INTO web_session (visitor_id, session_id, party_id, started_at) SELECT ('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid, i, CASE WHEN i % 2 = 0 THEN i END, now() - interval '3 days' FROM generate_series(1, 120) i;
INSERT INTO web_event (visitor_id, session_id, occurred_at, kind, product_id) SELECT s.visitor_id, s.session_id, s.started_at, 'product', 1 + s.session_id % 4 FROM web_session s;
SELECT crmseg.recognise_visitor('qm', '00000000-0000-0000-0000-000000000003', 100) AS recognised;
INSERT INTO service_case (party_id, kind, opened_at, product_id) SELECT i, (ARRAY['complaint', 'quote', 'sample', 'information'])[1 + i / 2 % 4], now() - (i % 300) * interval '1 day', 1 FROM generate_series(1, 300, 2) i;
INSERT INTO party_attribute (party_id, attribute_id, num, source_id) SELECT i, 1, i % 3, 1 FROM generate_series(1, 300) i WHERE i % 2 = 0;
INSERT INTO party_attribute (party_id, attribute_id, txt, source_id) SELECT i, 2, CASE WHEN i % 4 = 0 THEN 'owner' ELSE 'tenant' END, 2 FROM generate_series(1, 300) i WHERE i % 4 < 2 UNION ALL SELECT i, 3, 'tennis', 1 FROM generate_series(1, 300, 3) i UNION ALL SELECT i, 4, 'diesel', 1 FROM generate_series(1, 300, 5) i;
-- merged yesterday: facts and consent
SELECT crmseg.merge_parties('qm', 20, 21), crmseg.merge_parties('qm', 33, 34);
SELECT crmseg.define_segment('qm', 'vip', 'tier = ''VIP''') > 0 AS defined;
SELECT entered > 0 AS members FROM crmseg.refresh_segments('qm');

-- each: rows that one answer has and the other has not
CREATE FUNCTION differ(short text, slow text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	a bigint; b bigint; n bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM ((%1$s) EXCEPT ALL (%2$s)) x', short, slow) INTO a;
	EXECUTE format('SELECT count(*) FROM ((%2$s) EXCEPT ALL (%1$s)) x', short, slow) INTO b;
	EXECUTE format('SELECT count(*) FROM (%s) x', short) INTO n;
	RETURN CASE WHEN n = 0 THEN 'no rows' WHEN a + b = 0 THEN 'same' ELSE format('%s too many, %s too few', a, b) END;
END $$;
-- 4: buyers of ß with e-mail and consent, without its accessory, not solicited this month
SELECT differ($q$SELECT party_id, address FROM reachable r WHERE channel = 'email' AND purpose = 'newsletter'
	AND party_id IN (SELECT party_id FROM product_purchase WHERE sku = 'ß')
	AND party_id NOT IN (SELECT party_id FROM product_purchase WHERE product_id IN (SELECT related_id FROM product_relation JOIN product USING (product_id) WHERE sku = 'ß' AND kind = 'accessory_of'))
	AND NOT EXISTS (SELECT FROM interaction i WHERE i.party_id = r.party_id AND i.is_solicitation AND i.occurred_at >= date_trunc('month', now()))$q$,
$q$SELECT c.party_id, c.value FROM contact_point c JOIN party p USING (party_id), suppression_key k
	WHERE c.kind = 'email' AND c.status IN ('valid', 'unverified') AND p.lifecycle <> 'closed' AND p.deceased_on IS NULL
		AND NOT EXISTS (SELECT FROM suppression s WHERE s.value_hash = crmseg.suppression_digest(k.key, c.value_norm))
		AND 'withdrawn' <> ALL (ARRAY(SELECT s.status FROM consent s WHERE s.party_id = c.party_id AND s.valid @> now() AND s.contact_point_id IN (0, c.contact_point_id)))
		AND (c.contact_point_id IN (SELECT s.contact_point_id FROM consent s WHERE s.party_id = c.party_id AND s.valid @> now() AND s.status = 'granted')
			OR (0 IN (SELECT s.contact_point_id FROM consent s WHERE s.party_id = c.party_id AND s.valid @> now() AND s.status = 'granted')
				AND c.contact_point_id = (SELECT o.contact_point_id FROM contact_point o WHERE o.party_id = c.party_id AND o.kind = 'email' AND o.status IN ('valid', 'unverified') ORDER BY o.is_primary DESC, o.contact_point_id LIMIT 1)))
		AND (SELECT count(*) FILTER (WHERE l.product_id = 1) > 0 AND count(*) FILTER (WHERE l.product_id = 2) = 0 FROM sales_order_line l WHERE l.party_id = c.party_id)
		AND (SELECT count(*) FROM interaction i WHERE i.party_id = c.party_id AND i.is_solicitation AND to_char(i.occurred_at, 'YYYYMM') = to_char(now(), 'YYYYMM')) = 0$q$);
-- 5: carts abandoned two days ago and what lies in them
SELECT differ($q$SELECT c.party_id, l.product_id, l.quantity FROM abandoned_carts c JOIN cart_line l USING (visitor_id, cart_id) WHERE c.updated_at::date = current_date - 2 AND c.party_id IS NOT NULL$q$,
$q$SELECT c.party_id, l.product_id, l.quantity FROM cart c, cart_line l WHERE l.cart_id = c.cart_id AND c.party_id > 0 AND date_trunc('day', c.updated_at) = date_trunc('day', now()) - interval '2 days'
	AND c.updated_at > (SELECT coalesce(max(o.ordered_at), '-infinity') FROM sales_order o WHERE o.party_id = c.party_id AND o.kind = 's')$q$);
-- 7: purchases and returns of one customer by all channels
SELECT differ($q$SELECT o.ordered_at, o.kind, c.name, l.product_id, l.amount FROM sales_order o JOIN sales_order_line l USING (party_id, order_id) JOIN channel c USING (channel_id) WHERE party_id = 20$q$,
$q$SELECT o.ordered_at, o.kind, CASE o.channel_id WHEN 7 THEN 'store' ELSE 'web' END, l.product_id, l.amount FROM sales_order o, sales_order_line l WHERE l.order_id = o.order_id AND o.party_id = crmseg.party_of('qm', 21)$q$);
-- 9: good customers who complained in the last six months
SELECT differ($q$SELECT party_id, class FROM portfolio p WHERE class < 'C' AND EXISTS (SELECT FROM service_case s WHERE s.party_id = p.party_id AND kind = 'complaint' AND opened_at > now() - interval '6 months')$q$,
$q$WITH r AS (SELECT o.party_id, sum(o.amount) AS revenue FROM sales_order o JOIN party p USING (party_id) WHERE p.kind <> 'unidentified' GROUP BY 1 HAVING count(*) FILTER (WHERE o.kind = 's') > 0),
	t AS (SELECT sum(greatest(revenue, 0)) AS total FROM r),
	c AS (SELECT r.party_id, (SELECT coalesce(sum(greatest(x.revenue, 0)), 0) FROM r x WHERE x.revenue > r.revenue) / t.total AS before, r.revenue FROM r, t)
	SELECT c.party_id, CASE WHEN c.before < 0.80 THEN 'A' ELSE 'B' END FROM c WHERE c.revenue > 0 AND c.before < 0.95 AND c.party_id IN (SELECT s.party_id FROM service_case s WHERE s.kind = 'complaint' AND s.opened_at > now() - interval '6 months')$q$);
-- 11: owners with children who like tennis, no diesel
SELECT differ($q$SELECT party_id FROM customer_360 WHERE traits @> '{"dwelling.tenure": "owner", "interest": ["tennis"]}' AND (traits ->> 'children.count')::int > 0 AND NOT traits @> '{"vehicle.fuel": ["diesel"]}'$q$,
$q$SELECT party_id FROM party_attribute WHERE valid @> now() AND attribute_id = 2 AND txt = 'owner' INTERSECT SELECT party_id FROM party_attribute WHERE valid @> now() AND txt = 'tennis' INTERSECT SELECT party_id FROM party_attribute WHERE valid @> now() AND attribute_id = 1 AND num > 0 EXCEPT SELECT party_id FROM party_attribute WHERE txt = 'diesel'$q$);
-- 12: VIPs without an offer for three months
SELECT differ($q$SELECT party_id FROM segment_membership v WHERE segment = 'vip' AND NOT EXISTS (SELECT FROM interaction i JOIN message m USING (message_id) WHERE i.party_id = v.party_id AND offer IS NOT NULL AND occurred_at > now() - interval '3 months')$q$,
$q$SELECT p.party_id FROM party p WHERE p.tier = 'VIP' AND p.party_id NOT IN (SELECT i.party_id FROM interaction i WHERE i.message_id IN (1, 3) AND i.occurred_at > now() - interval '3 months')$q$);
-- 13: ten touches and no reaction of a person in six months
SELECT differ($q$SELECT party_id FROM interaction i WHERE is_solicitation AND occurred_at > now() - interval '6 months' GROUP BY 1
	HAVING count(*) >= 10 AND NOT EXISTS (SELECT FROM reaction r WHERE r.party_id = i.party_id AND NOT is_machine AND r.occurred_at > now() - interval '6 months')$q$,
$q$SELECT p.party_id FROM party p WHERE (SELECT count(*) FROM interaction i WHERE i.party_id = p.party_id AND i.is_solicitation AND i.occurred_at > now() - interval '6 months') > 9
	AND (SELECT count(*) FROM reaction r WHERE r.party_id = p.party_id AND r.is_machine = false AND r.occurred_at > now() - interval '6 months') = 0$q$);
-- 16: revenue per e-mail and cost of each campaign, the one without a touch too
SELECT differ($q$SELECT campaign, revenue / nullif(touches, 0), cost FROM channel_performance WHERE channel = 'email'$q$,
$q$SELECT g.name, (SELECT sum(r.amount) FROM reaction r WHERE r.kind = 'order' AND NOT r.is_machine AND r.interaction_id IN (SELECT i.interaction_id FROM interaction i WHERE i.campaign_id = g.campaign_id AND i.channel_id = 1))
		/ nullif((SELECT count(*) FROM interaction i WHERE i.campaign_id = g.campaign_id AND i.channel_id = 1), 0), (SELECT sum(i.cost) FROM interaction i WHERE i.campaign_id = g.campaign_id AND i.channel_id = 1) FROM campaign g$q$);
-- the same where some costs are not told, and one channel has a cost of its own
BEGIN;
UPDATE channel SET unit_cost = 0.055 WHERE name = 'email';
UPDATE interaction SET cost = NULL WHERE interaction_id % 7 = 0 OR channel_id = 3;
SELECT differ($q$SELECT campaign_id, channel, touches, cost FROM channel_performance WHERE touches > 0$q$,
$q$SELECT i.campaign_id::int, h.name, count(*), sum(coalesce(i.cost, h.unit_cost)) FROM interaction i JOIN channel h USING (channel_id) WHERE i.campaign_id IS NOT NULL GROUP BY 1, 2$q$);
ROLLBACK;
-- 18: reachable, and bought or looked at the men's range
SELECT differ($q$SELECT party_id FROM reachable r WHERE channel = 'email' AND (EXISTS (SELECT FROM product_purchase p WHERE p.party_id = r.party_id AND audience = 'men')
	OR EXISTS (SELECT FROM web_session s JOIN web_event e USING (session_id) JOIN product p USING (product_id) WHERE s.party_id = r.party_id AND p.audience = 'men'))$q$,
$q$SELECT r.party_id FROM reachable r WHERE r.channel_id = 1 AND r.party_id IN (SELECT l.party_id FROM sales_order_line l WHERE l.product_id IN (1, 2) UNION SELECT s.party_id FROM web_session s, web_event e WHERE e.session_id = s.session_id AND e.product_id IN (1, 2))$q$);
-- 19: the best channel of everybody ever touched
SELECT differ($q$SELECT party_id, channel FROM best_channel$q$,
$q$WITH t AS (SELECT i.party_id, i.channel_id, sum(2 ^ (extract(epoch FROM date_trunc('day', i.occurred_at) - date_trunc('day', now())) / 86400 / 180)) AS n,
		sum(CASE WHEN EXISTS (SELECT FROM reaction r WHERE r.interaction_id = i.interaction_id AND r.kind <> 'open' AND NOT r.is_machine) THEN 2 ^ (extract(epoch FROM date_trunc('day', i.occurred_at) - date_trunc('day', now())) / 86400 / 180) ELSE 0 END) AS x
	FROM interaction i WHERE i.is_solicitation OR EXISTS (SELECT FROM reaction r WHERE r.interaction_id = i.interaction_id AND r.kind <> 'open' AND NOT r.is_machine) GROUP BY 1, 2),
	s AS (SELECT t.party_id, t.channel_id, (SELECT least(c.responses_now, greatest(c.touches_now, c.responses_now)) FROM channel_rate c WHERE c.party_id = t.party_id AND c.channel_id = t.channel_id) AS own, t.n, t.x FROM t)
	SELECT DISTINCT ON (s.party_id) s.party_id, h.name FROM s JOIN channel h USING (channel_id) JOIN channel_rate c ON c.party_id = s.party_id AND c.channel_id = s.channel_id
	WHERE abs(s.own - s.x) < 1e-3 ORDER BY s.party_id, (s.x + 1) / (greatest(c.touches_now, s.x) + 20) DESC, h.channel_id$q$);
-- 21: who buys both in a shop and online
SELECT differ($q$SELECT party_id FROM sales_order JOIN channel USING (channel_id) GROUP BY 1 HAVING bool_or(name = 'store') AND bool_or(name = 'web')$q$,
$q$SELECT party_id FROM sales_order WHERE channel_id = 7 INTERSECT SELECT party_id FROM sales_order WHERE channel_id = 8$q$);
-- 23: the next question for each person
SELECT differ($q$SELECT party_id, crmseg.next_question('qm', party_id) FROM person$q$,
$q$SELECT p.party_id, (SELECT d.key FROM attribute_def d WHERE d.ask_rank > 0 AND d.attribute_id NOT IN (SELECT a.attribute_id FROM party_attribute a WHERE a.party_id = p.party_id AND upper_inf(a.valid)) ORDER BY d.ask_rank LIMIT 1) FROM party p WHERE p.kind = 'person'$q$);
SELECT differ($q$SELECT party_id, key FROM question_to_ask$q$, $q$SELECT party_id, crmseg.next_question('qm', party_id) FROM party$q$);
-- the same of ids in any order, merged away, unknown, far apart, in one statement
SELECT count(*) > 900 AS asked, count(*) FILTER (WHERE crmseg.next_question('qm', p) IS DISTINCT FROM (SELECT q.key FROM question_to_ask q WHERE q.party_id = crmseg.party_of('qm', p))) AS differ, count(*) FILTER (WHERE p IN (21, 34) AND crmseg.next_question('qm', p) IS NOT NULL) AS merged,
	crmseg.next_question('qm', -9223372036854775808) IS NULL AND crmseg.next_question('qm', 9223372036854775807) IS NULL AND crmseg.next_question('qm', NULL) IS NULL AS no_such
FROM (SELECT CASE WHEN i % 10 = 9 THEN i * 1000 - 400000 WHEN i > 700 THEN i % 40 ELSE i % 310 END AS p FROM generate_series(1, 1000) i ORDER BY md5(i::text)) x;
-- 24: prospects who asked for a quote or a sample after our action
SELECT differ($q$SELECT p.party_id, c.kind, c.product_id FROM prospects p JOIN service_case c USING (party_id) WHERE kind IN ('quote', 'sample') AND EXISTS (SELECT FROM interaction i WHERE i.party_id = p.party_id AND i.occurred_at BETWEEN c.opened_at - interval '30 days' AND c.opened_at)$q$,
$q$SELECT DISTINCT c.party_id, c.kind, c.product_id FROM service_case c JOIN party p USING (party_id) JOIN interaction i USING (party_id) WHERE p.lifecycle = 'prospect' AND c.kind LIKE '%e' AND c.kind NOT LIKE 'p%' AND i.occurred_at <= c.opened_at AND i.occurred_at >= c.opened_at - interval '30 days'
	AND NOT EXISTS (SELECT FROM sales_order o WHERE o.party_id = c.party_id AND o.kind = 's') AND c.kind IN ('quote', 'sample')$q$);
-- 1, 2, 3, 15: kept elsewhere; that they answer
SELECT (SELECT count(*) > 0 FROM customer_rfm) AS rfm, (SELECT count(*) > 1 FROM (SELECT class, count(*), sum(revenue) FROM portfolio GROUP BY 1) x) AS classes, (SELECT count(*) >= 0 FROM high_potential_small_customers) AS potential,
	(SELECT count(*) > 0 FROM data_audit) AS audit, (SELECT count(*) > 1 FROM marketing_kpi) AS kpi, (SELECT bool_and(d7 <= d30) FROM marketing_pressure) AS pressure;
RESET search_path;
DROP SCHEMA qm CASCADE;
