-- Step 8: the views that people and reports read. They join or filter, and none adds up a table of facts. They act with their reader's
-- rights (security_invoker), so that row-level security and column grants on the tables hold through them.
CREATE VIEW @mart@.person WITH (security_invoker = true) AS
	SELECT p.party_id, p.kind, p.lifecycle, p.is_professional, p.salutation, p.given_name, p.family_name, p.maiden_name, p.sex, p.birth_date,
		extract(year FROM age((now() AT TIME ZONE (SELECT d.time_zone FROM @mart@.datamart d))::date::timestamp, p.birth_date::timestamp))::integer AS age,
		p.deceased_on, p.language, p.country, p.postal_code, p.trade, p.tier, p.created_at, p.updated_at
	FROM @mart@.party p WHERE p.kind = 'person'
	WITH CASCADED CHECK OPTION;
ALTER VIEW @mart@.person ALTER COLUMN kind SET DEFAULT 'person';
COMMENT ON VIEW @mart@.person IS 'the parties that are people; can be written to';
COMMENT ON COLUMN @mart@.person.age IS 'whole years lived today, in the time zone of the mart';

CREATE VIEW @mart@.organisation WITH (security_invoker = true) AS
	SELECT p.party_id, p.kind, p.lifecycle, p.is_professional, p.legal_name, p.industry_code, p.headcount, p.trade, p.chain_position,
		p.language, p.country, p.postal_code, p.tier, p.created_at, p.updated_at
	FROM @mart@.party p WHERE p.kind = 'organisation'
	WITH CASCADED CHECK OPTION;
ALTER VIEW @mart@.organisation ALTER COLUMN kind SET DEFAULT 'organisation';
COMMENT ON VIEW @mart@.organisation IS 'the parties that are organisations; can be written to';

CREATE VIEW @mart@.household WITH (security_invoker = true) AS
	SELECT p.party_id, p.kind, p.lifecycle, p.family_name, p.language, p.country, p.postal_code, p.tier, p.created_at, p.updated_at
	FROM @mart@.party p WHERE p.kind = 'household'
	WITH CASCADED CHECK OPTION;
ALTER VIEW @mart@.household ALTER COLUMN kind SET DEFAULT 'household';
COMMENT ON VIEW @mart@.household IS 'the parties that are households; can be written to. Their members are in party_relation, kind member_of_household';

CREATE VIEW @mart@.contact_point_email WITH (security_invoker = true) AS
	SELECT c.party_id, c.contact_point_id, c.value AS email, c.value_norm AS canonical, c.label, c.status, c.is_primary, c.verified_at
	FROM @mart@.contact_point c WHERE c.kind = 'email';
COMMENT ON VIEW @mart@.contact_point_email IS 'e-mail addresses';
COMMENT ON COLUMN @mart@.contact_point_email.email IS 'as written: the one to write to';
COMMENT ON COLUMN @mart@.contact_point_email.canonical IS 'the one to compare';

CREATE VIEW @mart@.contact_point_phone WITH (security_invoker = true) AS
	SELECT c.party_id, c.contact_point_id, c.value_norm AS phone, c.value AS written, c.country AS region, c.label, c.status, c.is_primary, c.verified_at
	FROM @mart@.contact_point c WHERE c.kind = 'phone';
COMMENT ON VIEW @mart@.contact_point_phone IS 'telephone numbers';
COMMENT ON COLUMN @mart@.contact_point_phone.phone IS 'E.164: the one to call and to compare';
COMMENT ON COLUMN @mart@.contact_point_phone.written IS 'as written';
COMMENT ON COLUMN @mart@.contact_point_phone.region IS 'region of the number, ISO 3166';

CREATE VIEW @mart@.contact_point_address WITH (security_invoker = true) AS
	SELECT c.party_id, c.contact_point_id, c.street, c.postal_code, c.city, c.country, c.lat, c.lon, c.value AS written, c.value_norm AS address_key,
		c.label, c.status, c.is_primary, c.verified_at
	FROM @mart@.contact_point c WHERE c.kind = 'postal';
COMMENT ON VIEW @mart@.contact_point_address IS 'postal addresses';
COMMENT ON COLUMN @mart@.contact_point_address.written IS 'as written';
COMMENT ON COLUMN @mart@.contact_point_address.address_key IS 'the one to compare';

CREATE VIEW @mart@.current_consent WITH (security_invoker = true) AS
	SELECT c.party_id, c.purpose, h.name AS channel, c.channel_id, c.contact_point_id, c.status, c.legal_basis, lower(c.valid) AS since,
		c.captured_at, c.double_opt_in_at, c.source_id
	FROM @mart@.consent c JOIN @mart@.channel h ON h.channel_id = c.channel_id
	WHERE c.valid @> now();
COMMENT ON VIEW @mart@.current_consent IS 'the consents, refusals and withdrawals in force at this instant';
COMMENT ON COLUMN @mart@.current_consent.channel IS 'name of the channel';
COMMENT ON COLUMN @mart@.current_consent.since IS 'begin of its period, NULL: always';

-- nullif(..., false) IS NOT NULL says the same as its condition, and is for the planner: it takes it for nearly always true, as it is here,
-- whereas it would hold a period compared with a day that is known only when the query runs to fit one row in two hundred, and lets what is asked
-- of single rows stay with the row instead of becoming a join: few tables here leave room for those of the reader's own before join_collapse_limit
-- (8) puts them into a fixed order. Each NOT EXISTS is by equalities alone where it can be: for many rows the planner then reads the table once.
CREATE VIEW @mart@.reachable WITH (security_invoker = true) AS
	SELECT cp.party_id, h.name AS channel, h.channel_id, c.purpose, cp.contact_point_id,
		CASE WHEN cp.kind = 'email' THEN cp.value WHEN cp.kind = 'postal' THEN cp.value ELSE cp.value_norm END AS address
	FROM @mart@.consent c
	JOIN @mart@.channel h ON h.channel_id = c.channel_id AND h.can_solicit
	JOIN @mart@.contact_point cp ON cp.party_id = c.party_id AND cp.kind = h.contact_kind
	JOIN @mart@.party p ON p.party_id = cp.party_id
	CROSS JOIN (SELECT (now() AT TIME ZONE d.time_zone)::date AS today, (SELECT k.key FROM @mart@.suppression_key k) AS key FROM @mart@.datamart d OFFSET 0) n
	WHERE c.status = 'granted' AND c.valid @> now()
		AND p.deceased_on IS NULL AND p.lifecycle <> 'closed' AND p.restricted_at IS NULL
		AND cp.status IN ('valid', 'unverified') AND nullif(cp.valid @> n.today, false) IS NOT NULL
		-- a consent for one contact point is for that one; a consent for any is used at the best of its kind, which a primary one is
		AND nullif(c.contact_point_id = cp.contact_point_id OR (c.contact_point_id = 0
			AND NOT EXISTS (SELECT FROM @mart@.consent s
				WHERE s.party_id = cp.party_id AND s.contact_point_id = cp.contact_point_id AND s.purpose = c.purpose AND s.channel_id = c.channel_id
					AND s.contact_point_id <> 0 AND s.status = 'granted' AND s.valid @> now())
			AND (cp.is_primary OR NOT EXISTS (SELECT FROM @mart@.contact_point o
				WHERE o.party_id = cp.party_id AND o.kind = cp.kind AND o.status IN ('valid', 'unverified')
					AND nullif(o.valid @> n.today, false) IS NOT NULL
					AND (o.is_primary OR o.contact_point_id < cp.contact_point_id)))), false) IS NOT NULL
		-- the most restrictive statement counts, whether about this contact point or about any; most parties have refused nothing
		AND nullif(NOT EXISTS (SELECT FROM @mart@.consent x
				WHERE x.party_id = cp.party_id AND x.purpose = c.purpose AND x.channel_id = c.channel_id AND x.status <> 'granted' AND x.valid @> now())
			OR NOT EXISTS (SELECT FROM @mart@.consent x
				WHERE x.party_id = cp.party_id AND x.purpose = c.purpose AND x.channel_id = c.channel_id AND x.status <> 'granted' AND x.valid @> now()
					AND x.contact_point_id IN (0, cp.contact_point_id)), false) IS NOT NULL
		AND nullif(NOT EXISTS (SELECT FROM @mart@.suppression s WHERE s.kind = h.contact_kind AND s.value_hash = @extschema@.suppression_digest(n.key, cp.value_norm)), false) IS NOT NULL
		AND nullif(NOT EXISTS (SELECT FROM @mart@.contact_preference f
			WHERE f.party_id = cp.party_id AND f.channel_id = h.channel_id AND (f.max_touches = 0 OR f.paused @> now())), false) IS NOT NULL;
COMMENT ON VIEW @mart@.reachable IS 'whom one may write to now, by which channel, for which purpose and where: consent, refusal, suppression, bounces, death, restriction, pauses applied';
COMMENT ON COLUMN @mart@.reachable.channel IS 'name of the channel';
COMMENT ON COLUMN @mart@.reachable.address IS 'where to: the e-mail and postal address as written, the number in E.164';

-- The scores are those of customer_rfm, found here of the profile that is read anyway: joined to that view, this one could be read for one party
-- or for all, but not for a few (WHERE party_id IN ..., a page, a join) without the scores of all. A party without a profile has no score.
CREATE VIEW @mart@.customer_360 WITH (security_invoker = true) AS
	SELECT p.party_id, p.kind, p.lifecycle, p.is_professional, p.salutation, p.given_name, p.family_name, p.legal_name, p.sex, p.birth_date,
		extract(year FROM age((now() AT TIME ZONE (SELECT d.time_zone FROM @mart@.datamart d))::date::timestamp, p.birth_date::timestamp))::integer AS age,
		p.language, p.country, p.postal_code, p.tier,
		(SELECT c.value FROM @mart@.contact_point c WHERE c.party_id = p.party_id AND c.kind = 'email' AND c.is_primary) AS email,
		(SELECT c.value_norm FROM @mart@.contact_point c WHERE c.party_id = p.party_id AND c.kind = 'phone' AND c.is_primary) AS phone,
		f.traits, f.first_order_at, f.last_order_at, f.orders, f.order_days, f.revenue, f.largest_order, f.returns, f.returned, f.margin, f.last_active_at,
		@extschema@.r(s.score) AS r, @extschema@.f(s.score) AS f, @extschema@.m(s.score) AS m, s.score::integer AS rfm,
		CASE WHEN k.has_labels THEN coalesce((SELECT d.label FROM @mart@.rfm_label_def d
			WHERE @extschema@.r(s.score) >= d.r_min AND @extschema@.r(s.score) <= d.r_max AND @extschema@.f(s.score) >= d.f_min AND @extschema@.f(s.score) <= d.f_max
				AND @extschema@.m(s.score) >= d.m_min AND @extschema@.m(s.score) <= d.m_max ORDER BY d.position LIMIT 1), @extschema@.rfm_group(s.score, k.bins))
			ELSE @extschema@.rfm_group(s.score, k.bins) END AS rfm_label
	FROM (SELECT b.cuts::@extschema@.rfm_cuts AS cuts, b.as_of, b.bins, b.has_labels FROM @mart@.rfm_border b OFFSET 0) k
	CROSS JOIN @mart@.party p
	LEFT JOIN @mart@.party_profile f ON f.party_id = p.party_id
	CROSS JOIN LATERAL (SELECT CASE WHEN f.orders > 0 THEN @extschema@.rfm_score(f.last_order_at, f.orders, f.revenue, k.cuts, k.as_of) END AS score OFFSET 0) s
	WHERE p.kind <> 'unidentified';
COMMENT ON VIEW @mart@.customer_360 IS 'one flat row a party, prospects too: who it is, how to reach it, what it is worth. Reads kept tables only. @primaryKey party_id';
COMMENT ON COLUMN @mart@.customer_360.age IS 'whole years lived today, in the time zone of the mart';
COMMENT ON COLUMN @mart@.customer_360.email IS 'primary e-mail address, as written';
COMMENT ON COLUMN @mart@.customer_360.phone IS 'primary telephone number, E.164';
COMMENT ON COLUMN @mart@.customer_360.r IS 'recency score, the higher the more recent; NULL without a purchase';
COMMENT ON COLUMN @mart@.customer_360.f IS 'frequency score';
COMMENT ON COLUMN @mart@.customer_360.m IS 'amount score';
COMMENT ON COLUMN @mart@.customer_360.rfm IS 'the three scores as one number, such as 543';
COMMENT ON COLUMN @mart@.customer_360.rfm_label IS 'name of the RFM group';

CREATE VIEW @mart@.product_purchase WITH (security_invoker = true) AS
	SELECT l.party_id, l.order_id, l.line_no, l.ordered_at, l.product_id, p.sku, p.name, p.category, p.brand, p.audience, l.quantity,
		l.amount, o.currency, l.amount * o.base_rate AS base_amount
	FROM @mart@.sales_order_line l
	LEFT JOIN @mart@.product p ON p.product_id = l.product_id
	LEFT JOIN @mart@.sales_order o ON o.party_id = l.party_id AND o.order_id = l.order_id;
COMMENT ON VIEW @mart@.product_purchase IS 'each line bought or given back, with its product; not aggregated, a join that is not needed costs nothing';
COMMENT ON COLUMN @mart@.product_purchase.currency IS 'currency of amount';
COMMENT ON COLUMN @mart@.product_purchase.base_amount IS 'amount in the base currency, NULL: no rate known';

CREATE VIEW @mart@.prospects WITH (security_invoker = true) AS
	SELECT p.party_id, p.given_name, p.family_name, p.legal_name, p.country, p.postal_code, p.created_at
	FROM @mart@.party p
	WHERE p.lifecycle = 'prospect' AND p.kind <> 'unidentified'
		AND NOT EXISTS (SELECT FROM @mart@.sales_order o WHERE o.party_id = p.party_id AND o.kind = 's' AND o.status <> 'cancelled');
COMMENT ON VIEW @mart@.prospects IS 'parties that never bought';

CREATE VIEW @mart@.unconverted_order WITH (security_invoker = true) AS
	SELECT o.party_id, o.order_id, o.ordered_at, o.currency, o.amount
	FROM @mart@.sales_order o WHERE o.base_rate IS NULL;
COMMENT ON VIEW @mart@.unconverted_order IS 'orders in a currency without a rate: they count in no total until currency_rate holds one and convert_orders has run';

-- a column of a view that says nothing of itself means what the column of the same name in its table means
SELECT @extschema@.comment_view_columns(@mart_literal@);
