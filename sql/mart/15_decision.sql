-- Step 15: what decisions and reports read: how well channels work on the whole, best channels, pressure, exposure, carts, consent of each
-- message, what campaigns brought, what is known of parties, and the health of the mart. marketing_pressure, channel_performance,
-- marketing_kpi and data_audit are reports: they add up facts, cost what that costs, and no other view reads them.
CREATE TABLE @mart@.channel_prior (
	channel_id smallint NOT NULL,
	lifecycle text,
	is_professional boolean,
	rate double precision NOT NULL CHECK (rate >= 0 AND rate <= 1),
	strength double precision NOT NULL CHECK (strength > 0),
	parties bigint NOT NULL,
	made_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT channel_prior_once UNIQUE NULLS NOT DISTINCT (channel_id, lifecycle, is_professional)
);
ALTER TABLE @mart@.channel_prior REPLICA IDENTITY FULL;
COMMENT ON TABLE @mart@.channel_prior IS 'how a channel works with parties of a kind, to which the rate of a party with little history is drawn: made by refresh_priors';
COMMENT ON COLUMN @mart@.channel_prior.channel_id IS 'the channel';
COMMENT ON COLUMN @mart@.channel_prior.lifecycle IS 'of parties in this lifecycle, NULL: of all';
COMMENT ON COLUMN @mart@.channel_prior.is_professional IS 'professional or private parties, NULL: both';
COMMENT ON COLUMN @mart@.channel_prior.rate IS 'responses for each touch, both decayed';
COMMENT ON COLUMN @mart@.channel_prior.strength IS 'how many touches of a party''s own weigh as much as this rate';
COMMENT ON COLUMN @mart@.channel_prior.parties IS 'parties with a touch';
COMMENT ON COLUMN @mart@.channel_prior.made_at IS 'when it was made';

CREATE VIEW @mart@.channel_rate WITH (security_invoker = true) AS
	SELECT c.party_id, h.name AS channel, c.channel_id, c.touches, c.responses, c.last_touch_at, c.last_response_at,
		(c.touch_w / n.weight)::double precision AS touches_now, (c.response_w / n.weight)::double precision AS responses_now,
		@extschema@.channel_rate(c.response_w, c.touch_w, n.weight, coalesce(p.rate, b.rate), coalesce(p.strength, b.strength)) AS rate,
		coalesce(f.is_preferred, false) AS is_preferred, h.unit_cost, c.is_best
	FROM @mart@.party_channel c
	JOIN @mart@.channel h ON h.channel_id = c.channel_id AND h.can_solicit
	LEFT JOIN @mart@.party y ON y.party_id = c.party_id
	CROSS JOIN (SELECT @extschema@.decay_weight(now(), d.half_life_days) AS weight FROM @mart@.datamart d OFFSET 0) n
	LEFT JOIN @mart@.channel_prior p ON p.channel_id = c.channel_id AND p.lifecycle = y.lifecycle AND p.is_professional = y.is_professional
	LEFT JOIN @mart@.channel_prior b ON b.channel_id = h.channel_id AND b.lifecycle IS NULL AND b.is_professional IS NULL
	LEFT JOIN @mart@.contact_preference f ON f.party_id = c.party_id AND f.channel_id = c.channel_id;
COMMENT ON VIEW @mart@.channel_rate IS 'how each channel works with each party that it touched: decayed touches and responses as of now, and the rate drawn to that of parties alike (channel_prior; without one, 1 in 20)';
COMMENT ON COLUMN @mart@.channel_rate.channel IS 'name of the channel';
COMMENT ON COLUMN @mart@.channel_rate.touches_now IS 'touches, each counting half after every half-life';
COMMENT ON COLUMN @mart@.channel_rate.responses_now IS 'responses, likewise';
COMMENT ON COLUMN @mart@.channel_rate.rate IS 'expected responses for one more touch';
COMMENT ON COLUMN @mart@.channel_rate.is_preferred IS 'the party prefers it';
COMMENT ON COLUMN @mart@.channel_rate.is_best IS 'the one that best_channel shows';

-- Which channel is the best of a party: the one it prefers, else the one with the highest rate. Kept in party_channel.is_best, for all parties are
-- otherwise put in order at each question; ranked of a party when it was touched, has answered or said what it prefers, and of all by refresh_priors.
CREATE VIEW @mart@.channel_ranking WITH (security_invoker = true) AS
	SELECT x.party_id, x.channel_id, x.is_best, x.place = 1 AS should_be
	FROM (SELECT r.party_id, r.channel_id, r.is_best, row_number() OVER (PARTITION BY r.party_id ORDER BY r.is_preferred DESC, r.rate DESC, r.unit_cost, r.channel_id) AS place FROM @mart@.channel_rate r) x
	UNION ALL
	SELECT c.party_id, c.channel_id, c.is_best, false FROM @mart@.party_channel c JOIN @mart@.channel h ON h.channel_id = c.channel_id AND NOT h.can_solicit;
COMMENT ON VIEW @mart@.channel_ranking IS 'which channel is kept as the best of each party, and which one should be by what holds now';
COMMENT ON COLUMN @mart@.channel_ranking.should_be IS 'what is_best should be';

CREATE VIEW @mart@.best_channel WITH (security_invoker = true) AS
	SELECT r.party_id, r.channel, r.rate, r.is_preferred, r.touches, r.responses
	FROM @mart@.channel_rate r WHERE r.is_best;
COMMENT ON VIEW @mart@.best_channel IS 'the channel that works best with each party that was ever touched: the one it prefers, else the one with the highest rate, as of the last touch, response or wish of the party or the last refresh_priors (maintain); the rate is that of now. Whether it may be used now is for eligible and choose_channel to say. @primaryKey party_id';
COMMENT ON COLUMN @mart@.best_channel.rate IS 'expected responses for one more touch, as of now';
SELECT @extschema@.comment_view_columns(@mart_literal@);

CREATE FUNCTION @mart@.channel_wished() RETURNS trigger
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
DECLARE
	touched bigint[];
BEGIN
	PERFORM set_config('search_path', quote_ident(TG_TABLE_SCHEMA) || ', pg_temp', true);
	IF TG_OP = 'TRUNCATE' OR TG_TABLE_NAME = 'channel' THEN
		SELECT array_agg(DISTINCT c.party_id) INTO touched FROM party_channel c;
	ELSIF TG_OP = 'INSERT' THEN
		SELECT array_agg(DISTINCT n.party_id) INTO touched FROM new_row n WHERE n.is_preferred;
	ELSIF TG_OP = 'DELETE' THEN
		SELECT array_agg(DISTINCT o.party_id) INTO touched FROM old_row o WHERE o.is_preferred;
	ELSE
		SELECT array_agg(DISTINCT x.party_id) INTO touched FROM (SELECT o.party_id FROM old_row o WHERE o.is_preferred UNION ALL SELECT n.party_id FROM new_row n WHERE n.is_preferred) x;
	END IF;
	IF touched IS NULL THEN
		RETURN NULL;
	END IF;
	-- as in channel_touched
	PERFORM FROM party_profile p WHERE p.party_id = ANY (touched) AND NOT EXISTS (SELECT FROM party_channel c WHERE c.party_id = p.party_id) ORDER BY p.party_id FOR NO KEY UPDATE;
	PERFORM FROM party_channel c WHERE c.party_id = ANY (touched) ORDER BY c.party_id, c.channel_id FOR NO KEY UPDATE;
	UPDATE party_channel c SET is_best = r.should_be FROM channel_ranking r
	WHERE r.party_id = ANY (touched) AND r.is_best <> r.should_be AND c.party_id = r.party_id AND c.channel_id = r.channel_id;
	RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION @mart@.channel_wished() FROM PUBLIC;
COMMENT ON FUNCTION @mart@.channel_wished() IS 'trigger: ranks the channels of the parties whose preferred channel changed, or of all after a change of a channel, as the owner of the mart';
CREATE TRIGGER contact_preference_wish_insert AFTER INSERT ON @mart@.contact_preference REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION @mart@.channel_wished();
CREATE TRIGGER contact_preference_wish_update AFTER UPDATE ON @mart@.contact_preference REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION @mart@.channel_wished();
CREATE TRIGGER contact_preference_wish_delete AFTER DELETE ON @mart@.contact_preference REFERENCING OLD TABLE AS old_row FOR EACH STATEMENT EXECUTE FUNCTION @mart@.channel_wished();
CREATE TRIGGER contact_preference_wish_truncate AFTER TRUNCATE ON @mart@.contact_preference FOR EACH STATEMENT EXECUTE FUNCTION @mart@.channel_wished();
CREATE TRIGGER channel_rank AFTER UPDATE ON @mart@.channel FOR EACH ROW WHEN ((OLD.can_solicit, OLD.unit_cost) IS DISTINCT FROM (NEW.can_solicit, NEW.unit_cost)) EXECUTE FUNCTION @mart@.channel_wished();

-- facts that were there before this step
UPDATE @mart@.party_channel c SET is_best = true FROM @mart@.channel_ranking r WHERE r.should_be AND r.party_id = c.party_id AND r.channel_id = c.channel_id;

-- What to ask each party next: the first attribute that the traits of its profile lack. Two kinds of parties are looked at closer, and are
-- found by an index each: those with an attribute whose time began after it was collected, which the traits may not hold yet, and, where
-- special categories are asked for, those who gave a consent to one.
CREATE INDEX party_attribute_ahead ON @mart@.party_attribute (party_id) WHERE lower(valid) > collected_at;
CREATE VIEW @mart@.question_to_ask WITH (security_invoker = true) AS
	SELECT q.party_id, d.attribute_id, d.key
	FROM (
		SELECT f.party_id, k.attributes, @extschema@.first_missing_key(f.traits, k.keys,
			CASE WHEN EXISTS (SELECT FROM @mart@.party_attribute v WHERE v.party_id = f.party_id AND lower(v.valid) > v.collected_at AND v.valid @> now())
					OR (k.special IS NOT NULL AND EXISTS (SELECT FROM @mart@.special_permission c WHERE c.party_id = f.party_id AND c.valid @> now()))
				THEN ARRAY(SELECT d.key FROM @mart@.attribute_def d
					WHERE EXISTS (SELECT FROM @mart@.party_attribute v WHERE v.party_id = f.party_id AND v.attribute_id = d.attribute_id AND v.valid @> now())
						OR (d.sensitivity = 'special' AND NOT EXISTS (SELECT FROM @mart@.special_permission c WHERE c.party_id = f.party_id AND c.attribute_id = d.attribute_id AND c.valid @> now())))
				ELSE k.special END) AS place
		FROM @mart@.party_profile f
		CROSS JOIN (SELECT array_agg(d.key ORDER BY d.ask_rank, d.attribute_id) AS keys, array_agg(d.attribute_id ORDER BY d.ask_rank, d.attribute_id) AS attributes,
				array_agg(d.key) FILTER (WHERE d.sensitivity = 'special') AS special
			FROM @mart@.attribute_def d WHERE d.ask_rank IS NOT NULL) k) q
	LEFT JOIN @mart@.attribute_def d ON d.attribute_id = q.attributes[q.place];
COMMENT ON VIEW @mart@.question_to_ask IS 'the attribute to ask each party for next, as next_question gives it: the first by ask_rank that is not known of it, special categories only under an explicit consent. @primaryKey party_id';
COMMENT ON COLUMN @mart@.question_to_ask.attribute_id IS 'the attribute; NULL: all is known';
COMMENT ON COLUMN @mart@.question_to_ask.key IS 'its key; NULL: all is known';

CREATE VIEW @mart@.marketing_pressure WITH (security_invoker = true) AS
	SELECT i.party_id, h.name AS channel, i.channel_id,
		count(*) FILTER (WHERE i.occurred_at > now() - interval '7 days') AS d7,
		count(*) FILTER (WHERE i.occurred_at > now() - interval '30 days') AS d30,
		count(*) FILTER (WHERE i.occurred_at >= m.this_month) AS this_month,
		count(*) FILTER (WHERE i.occurred_at >= m.last_month AND i.occurred_at < m.this_month) AS last_month,
		max(i.occurred_at) AS last_at
	FROM @mart@.interaction i
	CROSS JOIN (SELECT date_trunc('month', now() AT TIME ZONE d.time_zone) AT TIME ZONE d.time_zone AS this_month,
			(date_trunc('month', now() AT TIME ZONE d.time_zone) - interval '1 month') AT TIME ZONE d.time_zone AS last_month FROM @mart@.datamart d) m
	JOIN @mart@.channel h ON h.channel_id = i.channel_id
	WHERE i.is_solicitation AND i.direction = 'o' AND i.status NOT IN ('planned', 'failed', 'suppressed')
		AND i.occurred_at > now() - interval '63 days' AND i.occurred_at <= now()
	GROUP BY GROUPING SETS ((i.party_id, h.name, i.channel_id), (i.party_id));
COMMENT ON VIEW @mart@.marketing_pressure IS 'report: solicitations that left, for each party and channel, and over all channels where channel is NULL';
COMMENT ON COLUMN @mart@.marketing_pressure.channel IS 'name of the channel, NULL: all together';
COMMENT ON COLUMN @mart@.marketing_pressure.channel_id IS 'its number';
COMMENT ON COLUMN @mart@.marketing_pressure.d7 IS 'in the last 7 days';
COMMENT ON COLUMN @mart@.marketing_pressure.d30 IS 'in the last 30 days';
COMMENT ON COLUMN @mart@.marketing_pressure.this_month IS 'since the month began, in the time zone of the mart';
COMMENT ON COLUMN @mart@.marketing_pressure.last_month IS 'in the month before';
COMMENT ON COLUMN @mart@.marketing_pressure.last_at IS 'the last one';

CREATE VIEW @mart@.abandoned_carts WITH (security_invoker = true) AS
	SELECT c.visitor_id, c.cart_id, c.party_id, c.channel_id, c.created_at, c.updated_at, c.amount, c.claimed_at
	FROM @mart@.cart c
	WHERE c.order_id IS NULL AND c.updated_at < now() - interval '1 hour'
		AND (c.amount > 0 OR EXISTS (SELECT FROM @mart@.cart_line l WHERE l.visitor_id = c.visitor_id AND l.cart_id = c.cart_id))
		-- the last condition follows from the one before it, and spares reading the orders that are older than any open cart
		AND NOT EXISTS (SELECT FROM @mart@.sales_order o
			WHERE o.party_id = c.party_id AND o.kind = 's' AND o.status <> 'cancelled' AND o.ordered_at >= c.updated_at
				AND o.ordered_at >= (SELECT min(k.updated_at) FROM @mart@.cart k WHERE k.order_id IS NULL));
COMMENT ON VIEW @mart@.abandoned_carts IS 'carts with something in them, untouched for an hour, that became no order, and whose party has bought nothing since, in a shop neither';

CREATE VIEW @mart@.message_consent WITH (security_invoker = true) AS
	SELECT i.party_id, i.interaction_id, i.occurred_at, i.channel_id, h.name AS channel, i.contact_point_id, i.campaign_id, g.purpose,
		c.status, c.legal_basis, c.contact_point_id AS consent_contact_point_id, c.valid, c.captured_at, c.double_opt_in_at, c.source_id, c.method, c.notice, c.jurisdiction, c.evidence
	FROM @mart@.interaction i
	JOIN @mart@.channel h ON h.channel_id = i.channel_id
	LEFT JOIN @mart@.campaign g ON g.campaign_id = i.campaign_id
	LEFT JOIN @mart@.consent c ON c.party_id = i.party_id AND c.purpose = g.purpose AND c.channel_id = i.channel_id
		AND (c.contact_point_id = 0 OR c.contact_point_id = i.contact_point_id) AND c.valid @> i.occurred_at
	WHERE i.direction = 'o';
COMMENT ON VIEW @mart@.message_consent IS 'the proof: which consent, refusal or withdrawal was in force when each message left; several rows where several were, status NULL where none was';
COMMENT ON COLUMN @mart@.message_consent.channel IS 'name of the channel';
COMMENT ON COLUMN @mart@.message_consent.consent_contact_point_id IS 'the contact point the consent is about, 0: any';

CREATE VIEW @mart@.channel_performance WITH (security_invoker = true) AS
	WITH touch AS (
		SELECT i.campaign_id, i.channel_id, count(*) AS touches, sum(i.cost) AS cost, count(*) - count(i.cost) AS without_cost,
			count(*) FILTER (WHERE r.opened) AS opens, count(*) FILTER (WHERE r.clicked) AS clicks, count(*) FILTER (WHERE r.ordered) AS orders,
			count(*) FILTER (WHERE r.bounced) AS bounces, count(*) FILTER (WHERE r.unsubscribed) AS unsubscribes, coalesce(sum(r.revenue), 0) AS revenue
		FROM @mart@.interaction i
		LEFT JOIN (
			SELECT x.party_id, x.interaction_id, x.interaction_at, bool_or(x.kind IN ('open', 'click')) AS opened, bool_or(x.kind = 'click') AS clicked,
				bool_or(x.kind = 'order') AS ordered, bool_or(x.kind = 'bounce') AS bounced, bool_or(x.kind = 'unsubscribe') AS unsubscribed,
				sum(x.amount) FILTER (WHERE x.kind = 'order') AS revenue
			FROM @mart@.reaction x WHERE NOT x.is_machine AND x.interaction_id IS NOT NULL
			GROUP BY x.party_id, x.interaction_id, x.interaction_at) r
			ON r.party_id = i.party_id AND r.interaction_id = i.interaction_id AND r.interaction_at = i.occurred_at
		WHERE i.campaign_id IS NOT NULL AND i.direction = 'o' AND i.status NOT IN ('planned', 'failed', 'suppressed')
		GROUP BY i.campaign_id, i.channel_id)
	SELECT g.campaign_id, g.name AS campaign, h.name AS channel, coalesce(t.touches, 0) AS touches, coalesce(t.opens, 0) AS opens, coalesce(t.clicks, 0) AS clicks,
		coalesce(t.orders, 0) AS orders, coalesce(t.bounces, 0) AS bounces, coalesce(t.unsubscribes, 0) AS unsubscribes, coalesce(t.revenue, 0) AS revenue,
		-- a message whose cost is not told costs what one costs on its channel
		CASE WHEN t.without_cost > 0 AND h.unit_cost IS NOT NULL THEN coalesce(t.cost, 0) + t.without_cost * h.unit_cost ELSE t.cost END AS cost, g.fixed_cost
	FROM (SELECT t.campaign_id, t.channel_id FROM touch t
		UNION SELECT m.campaign_id, m.channel_id FROM @mart@.message m WHERE m.campaign_id IS NOT NULL AND m.channel_id IS NOT NULL
		UNION SELECT c.campaign_id, h.channel_id FROM @mart@.campaign c CROSS JOIN @mart@.channel h
			WHERE EXISTS (SELECT FROM @mart@.campaign_target r WHERE r.campaign_id = c.campaign_id AND r.channel_id = h.channel_id)) x
	JOIN @mart@.campaign g ON g.campaign_id = x.campaign_id
	JOIN @mart@.channel h ON h.channel_id = x.channel_id
	LEFT JOIN touch t ON t.campaign_id = x.campaign_id AND t.channel_id = x.channel_id;
COMMENT ON VIEW @mart@.channel_performance IS 'report: what each campaign did and brought by each channel; machine reactions are left out, a campaign with a message or an audience and no touch has its row';
COMMENT ON COLUMN @mart@.channel_performance.campaign IS 'name of the campaign';
COMMENT ON COLUMN @mart@.channel_performance.channel IS 'name of the channel';
COMMENT ON COLUMN @mart@.channel_performance.touches IS 'messages that left';
COMMENT ON COLUMN @mart@.channel_performance.opens IS 'messages opened or clicked by a person';
COMMENT ON COLUMN @mart@.channel_performance.clicks IS 'messages clicked';
COMMENT ON COLUMN @mart@.channel_performance.orders IS 'messages that led to an order';
COMMENT ON COLUMN @mart@.channel_performance.bounces IS 'messages that came back';
COMMENT ON COLUMN @mart@.channel_performance.unsubscribes IS 'messages that led to an unsubscription';
COMMENT ON COLUMN @mart@.channel_performance.revenue IS 'amount of the orders attributed, base currency';
COMMENT ON COLUMN @mart@.channel_performance.cost IS 'cost of the messages, base currency; NULL: not known';

CREATE VIEW @mart@.marketing_kpi WITH (security_invoker = true) AS
	WITH span AS (
		SELECT d.time_zone, date_trunc('month', least((SELECT min(i.occurred_at) FROM @mart@.interaction i), (SELECT min(p.first_order_at) FROM @mart@.party_profile p), now()) AT TIME ZONE d.time_zone) AS first,
			date_trunc('month', now() AT TIME ZONE d.time_zone) AS last
		FROM @mart@.datamart d),
	month AS (
		SELECT g::date AS month, g AT TIME ZONE s.time_zone AS since, (g + interval '1 month') AT TIME ZONE s.time_zone AS until
		FROM span s CROSS JOIN LATERAL generate_series(s.first, s.last, interval '1 month') g),
	touch AS (
		SELECT date_trunc('month', i.occurred_at AT TIME ZONE s.time_zone)::date AS month, count(*) AS touches, count(*) FILTER (WHERE h.name = 'email') AS emails, sum(coalesce(i.cost, h.unit_cost)) AS cost
		FROM @mart@.interaction i CROSS JOIN span s JOIN @mart@.channel h ON h.channel_id = i.channel_id
		WHERE i.is_solicitation AND i.direction = 'o' AND i.status NOT IN ('planned', 'failed', 'suppressed') GROUP BY 1),
	answer AS (
		SELECT date_trunc('month', r.occurred_at AT TIME ZONE s.time_zone)::date AS month, sum(r.amount) FILTER (WHERE r.kind = 'order') AS revenue,
			sum(r.amount) FILTER (WHERE r.kind = 'order' AND h.name = 'email') AS email_revenue, count(*) FILTER (WHERE r.kind = 'unsubscribe') AS unsubscribes
		FROM @mart@.reaction r CROSS JOIN span s JOIN @mart@.channel h ON h.channel_id = r.channel_id WHERE NOT r.is_machine GROUP BY 1),
	-- a customer counts from the month after his first order to the month in which the year after his last one runs out: two dates a profile, summed up month by month
	turn AS (
		SELECT date_trunc('month', e.at AT TIME ZONE s.time_zone)::date AS month, sum(e.came) AS came, sum(e.gone) AS gone
		FROM @mart@.party_profile p CROSS JOIN span s CROSS JOIN LATERAL (VALUES (p.first_order_at, 1, 0), (p.last_order_at + interval '1 year', 0, 1)) e(at, came, gone)
		WHERE p.first_order_at IS NOT NULL AND p.last_order_at IS NOT NULL GROUP BY 1),
	customer AS (
		SELECT m.month, sum(coalesce(e.came, 0) - coalesce(e.gone, 0)) OVER (ORDER BY m.month ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)::bigint AS active, e.gone AS lost
		FROM month m LEFT JOIN turn e ON e.month = m.month)
	SELECT m.month, coalesce(t.touches, 0) AS touches, coalesce(t.emails, 0) AS emails, t.cost, coalesce(a.revenue, 0) AS revenue, a.email_revenue / nullif(t.emails, 0) AS revenue_per_email,
		coalesce(a.unsubscribes, 0) AS unsubscribes, coalesce(c.active, 0) AS customers, coalesce(c.lost, 0) AS lost, c.lost::double precision / nullif(c.active, 0) AS attrition
	FROM month m LEFT JOIN touch t ON t.month = m.month LEFT JOIN answer a ON a.month = m.month LEFT JOIN customer c ON c.month = m.month;
COMMENT ON VIEW @mart@.marketing_kpi IS 'report: month by month, in the time zone of the mart, what was sent and what came of it, and attrition: of the customers of the year before the month, those for whom that year ran out in it without another order';
COMMENT ON COLUMN @mart@.marketing_kpi.month IS 'first day of the month';
COMMENT ON COLUMN @mart@.marketing_kpi.touches IS 'solicitations that left';
COMMENT ON COLUMN @mart@.marketing_kpi.emails IS 'of these by e-mail';
COMMENT ON COLUMN @mart@.marketing_kpi.cost IS 'their cost, base currency; NULL: not known';
COMMENT ON COLUMN @mart@.marketing_kpi.revenue IS 'orders attributed to messages, base currency';
COMMENT ON COLUMN @mart@.marketing_kpi.revenue_per_email IS 'revenue attributed to e-mails for each e-mail';
COMMENT ON COLUMN @mart@.marketing_kpi.unsubscribes IS 'unsubscriptions';
COMMENT ON COLUMN @mart@.marketing_kpi.customers IS 'customers with an order in the year before the month';
COMMENT ON COLUMN @mart@.marketing_kpi.lost IS 'of these, those whose last order was a year ago in this month';
COMMENT ON COLUMN @mart@.marketing_kpi.attrition IS 'their share';

-- Tables of the application that are sources (attach), and the rows of them that changed since they were last pulled.
CREATE TABLE @mart@.attachment (
	attachment_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
	relation regclass NOT NULL,
	entity text NOT NULL CHECK (entity IN ('party', 'order', 'line', 'contact_point', 'consent', 'interaction', 'reaction', 'web_event', 'survey_answer', 'service_case', 'loyalty_account', 'product', 'cart', 'cart_line')),
	source text NOT NULL,
	key_column text NOT NULL,
	mapping jsonb NOT NULL,
	watermark text,
	deletions text NOT NULL DEFAULT 'keep' CHECK (deletions IN ('keep', 'cancel', 'erase')),
	seen text,
	pulled_at timestamptz,
	failure text,
	UNIQUE (relation, entity)
);
COMMENT ON TABLE @mart@.attachment IS 'live tables of the application that are sources of the mart';
COMMENT ON COLUMN @mart@.attachment.attachment_id IS 'number of the attachment';
COMMENT ON COLUMN @mart@.attachment.relation IS 'the table';
COMMENT ON COLUMN @mart@.attachment.entity IS 'what its rows are: party, order, line, contact_point, ...';
COMMENT ON COLUMN @mart@.attachment.source IS 'the name of the source';
COMMENT ON COLUMN @mart@.attachment.key_column IS 'the column that identifies a row';
COMMENT ON COLUMN @mart@.attachment.mapping IS 'the mapping, as attach took it';
COMMENT ON COLUMN @mart@.attachment.watermark IS 'the column that rises with every change, NULL: triggers note the changes';
COMMENT ON COLUMN @mart@.attachment.deletions IS 'what follows when a row goes: keep, cancel or erase';
COMMENT ON COLUMN @mart@.attachment.seen IS 'the highest watermark seen; NULL: nothing was pulled yet';
COMMENT ON COLUMN @mart@.attachment.pulled_at IS 'when it was last pulled';
COMMENT ON COLUMN @mart@.attachment.failure IS 'SQLSTATE of the last attempt to pull it, NULL: it went well';

CREATE TABLE @mart@.attached_change (
	change_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
	attachment_id bigint NOT NULL REFERENCES @mart@.attachment ON DELETE CASCADE,
	row_key text NOT NULL,
	noted_at timestamptz NOT NULL DEFAULT now(),
	refused_at timestamptz,
	code text,
	reason text
);
CREATE INDEX attached_change_attachment ON @mart@.attached_change (attachment_id);
COMMENT ON TABLE @mart@.attached_change IS 'rows of attached tables that changed or went since they were last pulled, wait for a customer or cart that is not known yet, or were refused';
COMMENT ON COLUMN @mart@.attached_change.change_id IS 'number of the change';
COMMENT ON COLUMN @mart@.attached_change.attachment_id IS 'of which table';
COMMENT ON COLUMN @mart@.attached_change.row_key IS 'the key of the row';
COMMENT ON COLUMN @mart@.attached_change.noted_at IS 'when';
COMMENT ON COLUMN @mart@.attached_change.refused_at IS 'when the mart refused the row: it comes again when it changes, or when this is set to NULL; NULL: it is still to be read';
COMMENT ON COLUMN @mart@.attached_change.code IS 'SQLSTATE of the reason';
COMMENT ON COLUMN @mart@.attached_change.reason IS 'why, in words, without the value';
ALTER TABLE @mart@.attached_change ALTER COLUMN row_key SET STATISTICS 0;

CREATE TABLE @mart@.attached_row (
	attachment_id bigint NOT NULL REFERENCES @mart@.attachment ON DELETE CASCADE,
	row_key text NOT NULL,
	party_id bigint,
	ref jsonb NOT NULL,
	PRIMARY KEY (attachment_id, row_key)
);
CREATE INDEX attached_row_party ON @mart@.attached_row (party_id) WHERE party_id IS NOT NULL;
COMMENT ON TABLE @mart@.attached_row IS 'which row of an attached table became which row of the mart, so that changes and deletions find it: lines, contact points, consents, interactions, ...';
COMMENT ON COLUMN @mart@.attached_row.attachment_id IS 'of which table';
COMMENT ON COLUMN @mart@.attached_row.row_key IS 'the key of the row there';
COMMENT ON COLUMN @mart@.attached_row.party_id IS 'the party of the row here; follows merges, and goes with the party';
COMMENT ON COLUMN @mart@.attached_row.ref IS 'the rest of the key of the row here';
INSERT INTO @mart@.party_key (relation, column_name, on_export, on_erase, on_merge, note)
	VALUES ('@mart_text@.attached_row', 'party_id', 'none', 'delete', 'follow', 'which row came from where: the rows themselves are exported');
ALTER TABLE @mart@.attached_row ALTER COLUMN row_key SET STATISTICS 0, ALTER COLUMN ref SET STATISTICS 0;

-- Runs where the application writes: its arguments name the mart's row and the key, its schema is found by its own oid.
CREATE FUNCTION @mart@.note_attached() RETURNS trigger
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	mart name := @extschema@.trigger_schema(TG_RELID, TG_NAME);
BEGIN
	IF TG_OP = 'TRUNCATE' THEN
		-- all that came from it may be gone: the next pull looks
		EXECUTE format('INSERT INTO %1$I.attached_change (attachment_id, row_key)
			SELECT $1, k.row_key FROM %1$I.attached_row k WHERE k.attachment_id = $1
			UNION SELECT $1, r.external_id FROM %1$I.source_record r JOIN %1$I.source s ON s.source_id = r.source_id JOIN %1$I.attachment a ON a.source = s.name WHERE a.attachment_id = $1 AND a.entity = ''party''
			UNION SELECT $1, o.external_id FROM %1$I.sales_order o JOIN %1$I.source s ON s.source_id = o.source_id JOIN %1$I.attachment a ON a.source = s.name WHERE a.attachment_id = $1 AND a.entity = ''order'' AND o.status <> ''cancelled''',
			mart) USING TG_ARGV[0]::bigint;
		RETURN NULL;
	END IF;
	EXECUTE format('INSERT INTO %I.attached_change (attachment_id, row_key) SELECT $1, x.k FROM (%s) x WHERE x.k IS NOT NULL', mart,
		CASE TG_OP WHEN 'INSERT' THEN format('SELECT DISTINCT n.%I::text AS k FROM new_row n', TG_ARGV[1])
			WHEN 'DELETE' THEN format('SELECT DISTINCT o.%I::text AS k FROM old_row o', TG_ARGV[1])
			ELSE format('SELECT o.%1$I::text AS k FROM old_row o UNION SELECT n.%1$I::text FROM new_row n', TG_ARGV[1]) END) USING TG_ARGV[0]::bigint;
	RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION @mart@.note_attached() FROM PUBLIC;
COMMENT ON FUNCTION @mart@.note_attached() IS 'trigger on an attached table: notes the keys of the rows that change, as the owner of the mart';

CREATE VIEW @mart@.mart_health WITH (security_invoker = true) AS
	SELECT h.subject, h.value, CASE WHEN h.is_bad THEN 'look' ELSE 'ok' END AS state, h.hint
	FROM (
		SELECT 'records to link' AS subject, count(*)::text AS value, count(*) > 100000 AS is_bad, 'run resolve' AS hint FROM @mart@.source_record r WHERE r.resolved_at IS NULL
		UNION ALL
		SELECT 'orders without a rate' AS subject, count(*)::text AS value, count(*) > 0 AS is_bad, 'fill currency_rate, run convert_orders' AS hint FROM @mart@.sales_order o WHERE o.base_rate IS NULL
		UNION ALL
		SELECT 'refused lines' AS subject, count(*)::text AS value, count(*) > 0 AS is_bad, 'correct import_reject.raw, run import_replay' AS hint FROM @mart@.import_reject
		UNION ALL
		SELECT 'refused rows of live tables' AS subject, count(*)::text AS value, count(*) > 0 AS is_bad, 'see attached_change, correct them in the application' AS hint FROM @mart@.attached_change c WHERE c.refused_at IS NOT NULL
		UNION ALL
		SELECT 'live tables that fail' AS subject, count(*)::text AS value, count(*) > 0 AS is_bad, 'see attachment.failure, SELECT pull_attached(mart, attachment)' AS hint FROM @mart@.attachment a WHERE a.failure IS NOT NULL
		UNION ALL
		SELECT 'rows in default partitions' AS subject, n.total::text AS value, n.total > 0 AS is_bad, 'run make_partitions' AS hint
		FROM (SELECT (SELECT count(*) FROM @mart@.interaction_default) + (SELECT count(*) FROM @mart@.reaction_default) + (SELECT count(*) FROM @mart@.web_session_default) + (SELECT count(*) FROM @mart@.web_event_default) AS total) n
		UNION ALL
		SELECT 'months ahead' AS subject, count(*)::text AS value, count(*) < 1 AS is_bad, 'run make_partitions' AS hint
		FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = '@mart_text@.interaction'::pg_catalog.regclass AND c.relname > 'interaction' || to_char(now() AT TIME ZONE 'UTC', '_YYYY_MM') AND c.relname <> 'interaction_default'
		UNION ALL
		SELECT 'last maintain' AS subject, coalesce(max(r.ended_at)::text, 'never') AS value, coalesce(max(r.ended_at) < now() - interval '2 days', true) AS is_bad, 'schedule CALL maintain' AS hint FROM @mart@.run r WHERE r.task = 'maintain' AND r.state = 'done'
		UNION ALL
		SELECT 'failed runs of 7 days' AS subject, count(*)::text AS value, count(*) > 0 AS is_bad, 'see run.note' AS hint FROM @mart@.run r WHERE r.state = 'failed' AND r.started_at > now() - interval '7 days'
		UNION ALL
		SELECT 'privacy requests overdue' AS subject, count(*)::text AS value, count(*) > 0 AS is_bad, 'see service_case' AS hint FROM @mart@.service_case s WHERE starts_with(s.kind, 'privacy_') AND s.closed_at IS NULL AND s.due_at < now()
		UNION ALL
		SELECT 'best channels as of' AS subject, coalesce(max(p.made_at)::text, 'never') AS value, coalesce(max(p.made_at) < now() - interval '8 days', false) AS is_bad, 'run refresh_priors or maintain' AS hint FROM @mart@.channel_prior p) h;
COMMENT ON VIEW @mart@.mart_health IS 'for whoever watches: what of the mart wants attention';
COMMENT ON COLUMN @mart@.mart_health.subject IS 'what is watched';
COMMENT ON COLUMN @mart@.mart_health.value IS 'how it stands';
COMMENT ON COLUMN @mart@.mart_health.state IS 'ok or look';
COMMENT ON COLUMN @mart@.mart_health.hint IS 'what to do';
SELECT @extschema@.comment_view_columns(@mart_literal@);
