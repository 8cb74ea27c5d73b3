-- Step 20: the joins that questions begin with, under the nouns that people use: what was bought where, what was looked at, what came of each
-- message, what is known of somebody and from whom, who lives and works with whom, what they answered, and all that happened with one of them.
-- None adds up facts: a join that a query does not read costs nothing.
CREATE VIEW @mart@.purchase_history WITH (security_invoker = true) AS
	SELECT l.party_id, l.order_id, l.line_no, l.ordered_at, o.kind, o.status, h.name AS channel, s.code AS store, s.name AS store_name, o.payment_method, o.delivery_method, o.device, o.usage, o.campaign_id,
		l.product_id, p.sku, p.name AS product, p.category, p.brand, p.audience, l.quantity, l.amount, o.currency, l.amount * o.base_rate AS base_amount, l.discount, l.return_reason
	FROM @mart@.sales_order_line l
	JOIN @mart@.sales_order o ON o.party_id = l.party_id AND o.order_id = l.order_id
	LEFT JOIN @mart@.channel h ON h.channel_id = o.channel_id
	LEFT JOIN @mart@.store s ON s.store_id = o.store_id
	LEFT JOIN @mart@.product p ON p.product_id = l.product_id;
COMMENT ON VIEW @mart@.purchase_history IS 'purchases and returns of all channels, line by line, with product, channel, store and what the order says';
COMMENT ON COLUMN @mart@.purchase_history.channel IS 'name of the channel';
COMMENT ON COLUMN @mart@.purchase_history.store IS 'code of the store';
COMMENT ON COLUMN @mart@.purchase_history.store_name IS 'its name';
COMMENT ON COLUMN @mart@.purchase_history.product IS 'name of the product';
COMMENT ON COLUMN @mart@.purchase_history.base_amount IS 'amount in the base currency; NULL while the order has no rate';

CREATE VIEW @mart@.visit WITH (security_invoker = true) AS
	SELECT s.session_id, s.party_id, s.started_at, s.ended_at, (extract(epoch FROM s.ended_at - s.started_at) / 60)::double precision AS minutes, h.name AS channel, s.device,
		s.campaign_id, g.name AS campaign, s.events, s.product_views, s.clicks, s.cart_adds
	FROM @mart@.web_session s LEFT JOIN @mart@.channel h ON h.channel_id = s.channel_id LEFT JOIN @mart@.campaign g ON g.campaign_id = s.campaign_id;
COMMENT ON VIEW @mart@.visit IS 'visits of the web site and the app: how long, by which device, from which campaign';
COMMENT ON COLUMN @mart@.visit.minutes IS 'from the first event to the last, in minutes';
COMMENT ON COLUMN @mart@.visit.channel IS 'name of the channel';
COMMENT ON COLUMN @mart@.visit.campaign IS 'name of the campaign';

-- The coalesce is for the planner, which takes the two columns of the key to be independent and would expect hardly any event to have a session.
CREATE VIEW @mart@.web_activity WITH (security_invoker = true) AS
	SELECT s.party_id, e.visitor_id, e.session_id, e.occurred_at, e.kind, e.page, e.value, e.product_id, p.sku, p.name AS product, p.category, p.brand, p.audience, s.device, s.campaign_id
	FROM @mart@.web_event e
	JOIN @mart@.web_session s ON s.session_id = e.session_id AND coalesce(s.visitor_id = e.visitor_id, false)
	LEFT JOIN @mart@.product p ON p.product_id = e.product_id;
COMMENT ON VIEW @mart@.web_activity IS 'what each visitor did on the web site, with the party he is (NULL: not known) and the product he looked at';
COMMENT ON COLUMN @mart@.web_activity.product IS 'name of the product';

-- the same without pages, whose addresses may name who looks at them
CREATE VIEW @mart@.product_interest WITH (security_invoker = true) AS
	SELECT s.party_id, e.visitor_id, e.session_id, e.occurred_at, e.kind, e.value, e.product_id, p.sku, p.name AS product, p.category, p.brand, p.audience, s.device, s.campaign_id
	FROM @mart@.web_event e
	JOIN @mart@.web_session s ON s.session_id = e.session_id AND coalesce(s.visitor_id = e.visitor_id, false)
	JOIN @mart@.product p ON p.product_id = e.product_id;
COMMENT ON VIEW @mart@.product_interest IS 'which products each visitor looked at or put in a cart, with the party he is (NULL: not known); web_activity without pages';
COMMENT ON COLUMN @mart@.product_interest.product IS 'name of the product';

-- A reaction is never before its message; that is not asked here, so that the planner may read all reactions once where it wants many messages.
CREATE VIEW @mart@.message_outcome WITH (security_invoker = true) AS
	SELECT i.party_id, i.interaction_id, i.occurred_at, h.name AS channel, i.campaign_id, g.name AS campaign, i.message_id, m.variant, m.subject, m.offer, m.format, m.tone, i.is_solicitation, i.status, i.agent,
		EXISTS (SELECT FROM @mart@.reaction r WHERE r.party_id = i.party_id AND r.interaction_id = i.interaction_id AND r.interaction_at = i.occurred_at AND r.kind IN ('open', 'click') AND NOT r.is_machine) AS opened,
		EXISTS (SELECT FROM @mart@.reaction r WHERE r.party_id = i.party_id AND r.interaction_id = i.interaction_id AND r.interaction_at = i.occurred_at AND r.kind = 'click' AND NOT r.is_machine) AS clicked,
		EXISTS (SELECT FROM @mart@.reaction r WHERE r.party_id = i.party_id AND r.interaction_id = i.interaction_id AND r.interaction_at = i.occurred_at AND r.kind = 'reply' AND NOT r.is_machine) AS replied,
		EXISTS (SELECT FROM @mart@.reaction r WHERE r.party_id = i.party_id AND r.interaction_id = i.interaction_id AND r.interaction_at = i.occurred_at AND r.kind = 'bounce') AS bounced,
		EXISTS (SELECT FROM @mart@.reaction r WHERE r.party_id = i.party_id AND r.interaction_id = i.interaction_id AND r.interaction_at = i.occurred_at AND r.kind = 'unsubscribe' AND NOT r.is_machine) AS unsubscribed,
		EXISTS (SELECT FROM @mart@.reaction r WHERE r.party_id = i.party_id AND r.interaction_id = i.interaction_id AND r.interaction_at = i.occurred_at AND r.kind = 'order' AND NOT r.is_machine) AS ordered
	FROM @mart@.interaction i
	JOIN @mart@.channel h ON h.channel_id = i.channel_id
	LEFT JOIN @mart@.message m ON m.message_id = i.message_id
	LEFT JOIN @mart@.campaign g ON g.campaign_id = i.campaign_id
	WHERE i.direction = 'o';
COMMENT ON VIEW @mart@.message_outcome IS 'each message, call and meeting of the company, what it said, and whether a person (no machine) opened it, clicked, replied, ordered or left';
COMMENT ON COLUMN @mart@.message_outcome.channel IS 'name of the channel';
COMMENT ON COLUMN @mart@.message_outcome.campaign IS 'name of the campaign';
COMMENT ON COLUMN @mart@.message_outcome.opened IS 'opened or clicked by a person';
COMMENT ON COLUMN @mart@.message_outcome.clicked IS 'clicked by a person';
COMMENT ON COLUMN @mart@.message_outcome.replied IS 'answered';
COMMENT ON COLUMN @mart@.message_outcome.bounced IS 'came back';
COMMENT ON COLUMN @mart@.message_outcome.unsubscribed IS 'led to an unsubscription';
COMMENT ON COLUMN @mart@.message_outcome.ordered IS 'led to an order';

CREATE VIEW @mart@.known_trait WITH (security_invoker = true) AS
	SELECT a.party_id, d.key, coalesce(to_jsonb(a.flag), to_jsonb(a.num), to_jsonb(a.txt), to_jsonb(a.day), a.doc) AS value, a.provenance, a.confidence, s.name AS source, coalesce(s.party_level, 'first') AS level, a.collected_at, d.sensitivity
	FROM @mart@.party_attribute a JOIN @mart@.attribute_def d ON d.attribute_id = a.attribute_id LEFT JOIN @mart@.source s ON s.source_id = a.source_id
	WHERE a.valid @> now()
		AND (d.sensitivity <> 'special' OR EXISTS (SELECT FROM @mart@.special_permission c WHERE c.party_id = a.party_id AND c.attribute_id = a.attribute_id AND c.valid @> now()));
COMMENT ON VIEW @mart@.known_trait IS 'what holds now of each party (of a special category: while the consent holds), who said it and how sure it is: declared, observed or inferred, of first, second or third party';
COMMENT ON COLUMN @mart@.known_trait.value IS 'the value';
COMMENT ON COLUMN @mart@.known_trait.source IS 'name of the source, NULL: ourselves';
COMMENT ON COLUMN @mart@.known_trait.level IS 'first, second or third party';

CREATE VIEW @mart@.related WITH (security_invoker = true) AS
	SELECT r.party_id, r.kind, r.related_id, r.title, r.valid, coalesce(o.legal_name, concat_ws(' ', o.given_name, o.family_name)) AS related_name, o.kind AS related_kind, r.valid @> (now() AT TIME ZONE (SELECT d.time_zone FROM @mart@.datamart d))::date AS is_current
	FROM @mart@.party_relation r JOIN @mart@.party o ON o.party_id = r.related_id;
COMMENT ON VIEW @mart@.related IS 'who works for whom, lives in which household, belongs to which group, with the name of the other side';
COMMENT ON COLUMN @mart@.related.related_name IS 'the employer, the household, the group: its name';
COMMENT ON COLUMN @mart@.related.related_kind IS 'what that is: person, organisation or household';
COMMENT ON COLUMN @mart@.related.is_current IS 'it holds today, in the time zone of the mart';

CREATE VIEW @mart@.survey_result WITH (security_invoker = true) AS
	SELECT w.party_id, s.name AS survey, s.kind, w.question, w.answered_at, w.score, w.choice, w.sentiment, w.order_id, p.sku, t.code AS store
	FROM @mart@.survey_answer w JOIN @mart@.survey s ON s.survey_id = w.survey_id LEFT JOIN @mart@.product p ON p.product_id = w.product_id LEFT JOIN @mart@.store t ON t.store_id = w.store_id;
COMMENT ON VIEW @mart@.survey_result IS 'answers with the name of their survey, and the product and store they are about; what was written in words is in survey_answer.body';
COMMENT ON COLUMN @mart@.survey_result.survey IS 'name of the survey';
COMMENT ON COLUMN @mart@.survey_result.store IS 'code of the store';

CREATE VIEW @mart@.timeline WITH (security_invoker = true) AS
	SELECT o.party_id, o.ordered_at AS at, CASE o.kind WHEN 'r' THEN 'return' ELSE 'order' END AS event, o.channel_id, o.amount, o.order_id AS number, NULL::integer AS campaign_id FROM @mart@.sales_order o
	UNION ALL SELECT i.party_id, i.occurred_at, CASE i.direction WHEN 'o' THEN 'message' ELSE 'message received' END, i.channel_id, NULL, i.interaction_id, i.campaign_id FROM @mart@.interaction i
	UNION ALL SELECT r.party_id, r.occurred_at, r.kind, r.channel_id, r.amount, r.interaction_id, NULL FROM @mart@.reaction r WHERE NOT r.is_machine
	UNION ALL SELECT s.party_id, s.started_at, 'visit', s.channel_id, NULL, s.session_id, s.campaign_id FROM @mart@.web_session s WHERE s.party_id IS NOT NULL
	UNION ALL SELECT c.party_id, c.updated_at, 'cart', c.channel_id, c.amount, c.cart_id, NULL FROM @mart@.cart c WHERE c.party_id IS NOT NULL
	UNION ALL SELECT w.party_id, w.answered_at, 'answer', 0::smallint, w.score, w.survey_id, NULL FROM @mart@.survey_answer w
	UNION ALL SELECT k.party_id, k.opened_at, k.kind, k.channel_id, NULL, k.case_id, k.campaign_id FROM @mart@.service_case k
	UNION ALL SELECT c.party_id, lower(c.valid), 'consent ' || c.status, c.channel_id, NULL, NULL, NULL FROM @mart@.consent c WHERE NOT lower_inf(c.valid);
COMMENT ON VIEW @mart@.timeline IS 'all that happened with a party, in one list: ask for one party, or for an instant';
COMMENT ON COLUMN @mart@.timeline.at IS 'when';
COMMENT ON COLUMN @mart@.timeline.event IS 'order, return, message, the kind of a reaction, visit, cart, answer, the kind of a case, consent granted, denied or withdrawn';
COMMENT ON COLUMN @mart@.timeline.channel_id IS 'by which channel';
COMMENT ON COLUMN @mart@.timeline.amount IS 'amount of an order, an attributed order or a cart, score of an answer';
COMMENT ON COLUMN @mart@.timeline.number IS 'number of the order, interaction, session, cart, survey or case';
COMMENT ON COLUMN @mart@.timeline.campaign_id IS 'of which campaign';
SELECT @extschema@.comment_view_columns(@mart_literal@);
