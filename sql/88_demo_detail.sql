-- What the demo's files do not say and a shop knows: where its stores lie, what its products cost, why and how people bought, why they sent
-- back, when campaigns ran; and what its people decided: rules, judgements, names of their own. So that every table of a demo shows what it is for.
CREATE FUNCTION @extschema@.demo_detail(mart name, seed bigint) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	written bigint := 0;
	n bigint;
	s text;
	pair record;
BEGIN
	FOREACH s IN ARRAY ARRAY[
		'UPDATE %1$s.store s SET country = ''FR'', postal_code = v.postal_code, lat = v.lat, lon = v.lon, opened = daterange(v.opened, NULL)
			FROM (VALUES (''Strasbourg'', ''67000'', 48.5818, 7.7510, date ''2012-09-01''), (''Lille'', ''59800'', 50.6366, 3.0635, ''2015-03-14''), (''Marseille'', ''13001'', 43.2951, 5.3745, ''2010-05-02''), (''Lyon'', ''69003'', 45.7606, 4.8575, ''2008-10-11''),
				(''Nantes'', ''44000'', 47.2150, -1.5530, ''2018-04-07''), (''Paris'', ''75011'', 48.8531, 2.3692, ''2005-11-26'')) v (city, postal_code, lat, lon, opened) WHERE starts_with(s.name, v.city)',
		'UPDATE %1$s.source SET kind = ''system'', trust = CASE name WHEN ''card'' THEN 80 WHEN ''web'' THEN 60 ELSE trust END, note = CASE name WHEN ''card'' THEN ''loyalty programme, checked at the till'' WHEN ''web'' THEN ''accounts of the web shop'' WHEN ''till'' THEN ''tickets of the stores'' ELSE ''sign-ups of the newsletter'' END WHERE name IN (''card'', ''web'', ''till'', ''newsletter'')',
		-- prices as they were charged, costs by the trade
		'UPDATE %1$s.product p SET list_price = x.price, unit_cost = round(x.price * (0.40 + 0.25 * @extschema@.demo_u(p.product_id, 801, $1))::numeric, 2), on_sale = daterange(date ''2022-01-01'' + floor(@extschema@.demo_u(p.product_id, 802, $1) * 700)::int, NULL), specs = jsonb_build_object(''origin'', (ARRAY[''FR'', ''PT'', ''IT''])[1 + floor(@extschema@.demo_u(p.product_id, 803, $1) * 3)::int])
			FROM (SELECT l.product_id, max(round(l.amount / l.quantity, 2)) AS price FROM %1$s.sales_order_line l WHERE l.quantity > 0 AND l.amount > 0 GROUP BY 1) x WHERE x.product_id = p.product_id',
		-- what a purchase was for, how it was made and sent, what it left, what led to it
		'UPDATE %1$s.sales_order o SET usage = x.usage, device = CASE WHEN o.channel_id = 8 THEN x.device END, delivery_method = CASE WHEN o.kind = ''r'' THEN NULL WHEN o.channel_id = 8 THEN x.delivery ELSE ''taken along'' END, margin = o.amount - x.cost, campaign_id = x.campaign_id
			FROM (SELECT o.party_id, o.order_id, CASE WHEN o.kind = ''s'' AND @extschema@.demo_u(o.order_id, 811, $1) < 0.4 THEN CASE WHEN p.kind = ''organisation'' THEN ''professional'' WHEN @extschema@.demo_u(o.order_id, 812, $1) < CASE WHEN extract(month FROM o.ordered_at) = 12 THEN 0.5 ELSE 0.15 END THEN ''gift'' ELSE ''personal'' END END AS usage,
					(ARRAY[''mobile'', ''computer'', ''tablet''])[1 + floor(@extschema@.demo_u(o.order_id, 813, $1) * 2.3)::int] AS device, (ARRAY[''home'', ''relay'', ''click and collect''])[1 + floor(@extschema@.demo_u(o.order_id, 814, $1) * 2.6)::int] AS delivery,
					(SELECT coalesce(sum(l.quantity * q.unit_cost), 0) FROM %1$s.sales_order_line l JOIN %1$s.product q ON q.product_id = l.product_id WHERE l.party_id = o.party_id AND l.order_id = o.order_id) AS cost,
					(SELECT i.campaign_id FROM %1$s.interaction i JOIN %1$s.reaction r ON r.party_id = i.party_id AND r.interaction_id = i.interaction_id AND r.interaction_at = i.occurred_at AND r.kind IN (''click'', ''order'') WHERE i.party_id = o.party_id AND o.kind = ''s'' AND o.ordered_at >= r.occurred_at AND o.ordered_at < r.occurred_at + interval ''7 days'' ORDER BY r.occurred_at DESC LIMIT 1) AS campaign_id
				FROM %1$s.sales_order o JOIN %1$s.party p ON p.party_id = o.party_id) x
			WHERE o.party_id = x.party_id AND o.order_id = x.order_id',
		-- who ordered for a company
		'UPDATE %1$s.sales_order o SET contact_party_id = r.party_id FROM (SELECT DISTINCT ON (r.related_id) r.related_id, r.party_id FROM %1$s.party_relation r WHERE r.kind = ''employee_of'' ORDER BY r.related_id, r.party_id) r WHERE o.party_id = r.related_id',
		-- what is sent back was bought before, and was wrong somehow
		'UPDATE %1$s.sales_order_line l SET return_reason = (ARRAY[''size'', ''defect'', ''changed mind'', ''late''])[1 + floor(@extschema@.demo_u(l.order_id * 31 + l.line_no, 821, $1) * 4)::int],
				returns_order_id = (SELECT b.order_id FROM %1$s.sales_order_line b WHERE b.party_id = l.party_id AND b.product_id = l.product_id AND b.quantity > 0 AND b.ordered_at <= l.ordered_at ORDER BY b.ordered_at DESC, b.order_id DESC, b.line_no LIMIT 1),
				returns_line_no = (SELECT b.line_no FROM %1$s.sales_order_line b WHERE b.party_id = l.party_id AND b.product_id = l.product_id AND b.quantity > 0 AND b.ordered_at <= l.ordered_at ORDER BY b.ordered_at DESC, b.order_id DESC, b.line_no LIMIT 1)
			FROM %1$s.sales_order o, %1$s.party p WHERE o.party_id = l.party_id AND o.order_id = l.order_id AND o.kind = ''r'' AND p.party_id = l.party_id AND p.kind <> ''unidentified''',
		'UPDATE %1$s.reaction r SET url = ''https://shop.example/offre'' WHERE r.kind = ''click''',
		'UPDATE %1$s.campaign_target t SET segment = ''newsletter list'', contact_point_id = (SELECT i.contact_point_id FROM %1$s.interaction i WHERE i.party_id = t.party_id AND i.campaign_id = t.campaign_id AND i.channel_id = t.channel_id LIMIT 1)',
		'UPDATE %1$s.campaign g SET running = tstzrange(timestamptz ''2025-01-08 09:00+01'' + (g.campaign_id - 1) * interval ''110 days'', NULL), max_touches = 2, response_value = CASE g.name WHEN ''Rentrée'' THEN 6 END',
		'UPDATE %1$s.channel SET max_touches = 2, per = ''30 days'' WHERE name = ''phone''',
		'UPDATE %1$s.web_session w SET referrer = CASE WHEN @extschema@.demo_u(w.session_id, 831, $1) < 0.4 THEN ''https://search.example/'' WHEN @extschema@.demo_u(w.session_id, 831, $1) < 0.5 THEN ''https://social.example/'' END, landing = CASE WHEN @extschema@.demo_u(w.session_id, 832, $1) < 0.6 THEN ''/'' ELSE ''/product'' END, clicks = 3,
				campaign_id = (SELECT i.campaign_id FROM %1$s.interaction i JOIN %1$s.reaction r ON r.party_id = i.party_id AND r.interaction_id = i.interaction_id AND r.interaction_at = i.occurred_at AND r.kind = ''click'' WHERE i.party_id = w.party_id AND r.occurred_at BETWEEN w.started_at - interval ''2 days'' AND w.started_at LIMIT 1)',
		'INSERT INTO %1$s.web_event (visitor_id, session_id, occurred_at, kind, value, page, props)
			SELECT w.visitor_id, w.session_id, w.ended_at, ''device'', 1 + floor(@extschema@.demo_u(w.session_id, 841, $1) * 5), ''/store'', jsonb_build_object(''near_store'', (ARRAY[''Lyon'', ''Paris'', ''Lille''])[1 + w.session_id %% 3]) FROM %1$s.web_session w WHERE w.device = ''mobile'' AND @extschema@.demo_u(w.session_id, 840, $1) < 0.1',
		'UPDATE %1$s.contact_point c SET lat = s.lat + 0.02 * @extschema@.demo_u(c.contact_point_id, 851, $1), lon = s.lon + 0.02 * @extschema@.demo_u(c.contact_point_id, 852, $1), detail = CASE WHEN @extschema@.demo_u(c.contact_point_id, 853, $1) < 0.1 THEN ''{"door": "B", "floor": 2}''::jsonb END
			FROM %1$s.store s WHERE c.kind = ''postal'' AND left(c.postal_code, 2) = left(s.postal_code, 2)',
		'UPDATE %1$s.consent c SET double_opt_in_at = c.captured_at + interval ''2 hours'', notice = ''2023-11'', jurisdiction = ''FR'', evidence = ''{"form": "newsletter footer"}'' WHERE c.status = ''granted'' AND c.purpose = ''newsletter''',
		'UPDATE %1$s.contact_preference SET time_zone = ''America/Guadeloupe'' WHERE @extschema@.demo_u(party_id, 861, $1) < 0.1',
		'UPDATE %1$s.party p SET language = ''fr'', deceased_on = CASE WHEN p.birth_date < ''1950-01-01'' AND @extschema@.demo_u(p.party_id, 871, $1) < 0.1 THEN date ''2025-11-02'' END WHERE p.kind = ''person''',
		'UPDATE %1$s.attribute_def SET keep_for = ''3 years'' WHERE key = ''income.band''',
		'INSERT INTO %1$s.attribute_def (key, data_type, ask_rank, description) VALUES (''project.move_on'', ''date'', 5, ''when a move is planned'')',
		'INSERT INTO %1$s.party_attribute (party_id, attribute_id, day, collected_at) SELECT p.party_id, d.attribute_id, date ''2026-03-01'' + floor(@extschema@.demo_u(p.party_id, 881, $1) * 300)::int, ''2025-11-20 12:00+01''
			FROM %1$s.party p JOIN %1$s.attribute_def d ON d.key = ''project.move_on'' WHERE p.kind = ''person'' AND @extschema@.demo_u(p.party_id, 880, $1) < 0.03',
		'UPDATE %1$s.service_case k SET product_id = l.product_id, order_id = l.order_id, detail = ''{"subject": "colis abîmé"}'' FROM (SELECT DISTINCT ON (k.party_id, k.case_id) k.party_id, k.case_id, l.product_id, l.order_id FROM %1$s.service_case k JOIN %1$s.sales_order_line l ON l.party_id = k.party_id AND l.ordered_at < k.opened_at
			WHERE k.kind = ''complaint'' ORDER BY k.party_id, k.case_id, l.ordered_at DESC, l.order_id DESC, l.line_no) l WHERE k.party_id = l.party_id AND k.case_id = l.case_id',
		'UPDATE %1$s.service_case k SET campaign_id = (SELECT i.campaign_id FROM %1$s.interaction i WHERE i.party_id = k.party_id AND i.campaign_id IS NOT NULL AND i.occurred_at BETWEEN k.opened_at - interval ''30 days'' AND k.opened_at ORDER BY i.occurred_at DESC LIMIT 1) WHERE k.kind IN (''quote'', ''sample'')',
		'UPDATE %1$s.survey SET campaign_id = (SELECT g.campaign_id FROM %1$s.campaign g WHERE g.name = ''Printemps'') WHERE kind = ''qualification''',
		'UPDATE %1$s.survey_answer w SET product_id = (SELECT l.product_id FROM %1$s.sales_order_line l WHERE l.party_id = w.party_id AND l.order_id = w.order_id ORDER BY l.line_no LIMIT 1) WHERE w.order_id IS NOT NULL',
		-- a reminder of a cart that was left, once
		'WITH c AS (UPDATE %1$s.cart c SET claimed_at = c.updated_at + interval ''1 day'' WHERE c.order_id IS NULL AND c.party_id IS NOT NULL AND @extschema@.demo_u(c.cart_id, 891, $1) < 0.3 RETURNING c.*)
			INSERT INTO %1$s.interaction (party_id, occurred_at, channel_id, contact_point_id, cart_id, cost) SELECT c.party_id, c.claimed_at, 1, p.contact_point_id, c.cart_id, 0.002 FROM c JOIN %1$s.contact_point p ON p.party_id = c.party_id AND p.kind = ''email'' AND p.is_primary ORDER BY c.cart_id',
		'UPDATE %1$s.tier_def SET bought_within = ''2 years'' WHERE tier = ''VIP''',
		'INSERT INTO %1$s.rfm_label_def (position, label, r_min, f_max, m_min) VALUES (100, ''One big purchase'', 4, 1, 4)',
		'INSERT INTO %1$s.survivorship_rule (field, rule) VALUES (''language'', ''recent''), (''trade'', ''complete'')',
		'INSERT INTO %1$s.identifier_rule (kind, max_values, max_parties, priority) VALUES (''email'', 20, 100, 2), (''phone'', 20, 100, 1)',
		-- whoever grants roles limits them by scope_readers, which also turns row-level security on; the owner is never limited
		'INSERT INTO %1$s.reader_scope (reader, dimension, value) VALUES (current_user, ''country'', ''FR'')',
		'UPDATE %1$s.segment_definition SET description = CASE name WHEN ''vip'' THEN ''the best, by revenue and orders'' WHEN ''loyal'' THEN ''those who come back'' WHEN ''companies'' THEN ''for the salesmen'' ELSE ''for the garden range'' END',
		-- a ticket that came since the last pull
		'INSERT INTO %1$s.demo_ticket SELECT max(t.ticket_id) + 1, min(t.account), ''quote'', timestamptz ''2025-12-30 16:00+01'' FROM %1$s.demo_ticket t HAVING count(*) > 0',
		'INSERT INTO %1$s.run (task, phase, state, done, total, ended_at, note) SELECT ''demo'', ''behaviour'', ''done'', count(*), count(*), clock_timestamp(), ''parties'' FROM %1$s.party'
	] LOOP
		EXECUTE format(s, m) USING seed;
		GET DIAGNOSTICS n = ROW_COUNT;
		written := written + n;
	END LOOP;
	-- two of one name at one address: somebody looked, and they are brothers; some pairs are judged, to measure the links by
	EXECUTE format('SELECT q.left_id, q.right_id FROM %s.steward_queue q ORDER BY q.match_probability DESC, q.left_id, q.right_id LIMIT 1', m) INTO pair;
	IF pair.left_id IS NOT NULL THEN
		PERFORM @extschema@.keep_apart(mart, pair.left_id, pair.right_id, 'two people of one house');
	END IF;
	PERFORM @extschema@.match_review(mart, 20);
	EXECUTE format('SELECT @extschema@.judge_match($1, v.left_record_id, v.right_record_id, v.match_probability > 0.5) FROM (SELECT * FROM %s.review_pair v ORDER BY v.left_record_id, v.right_record_id LIMIT 10) v', m) USING mart;
	PERFORM @extschema@.find_matches(mart, '{"given_name": "Jeanne", "family_name": "Royer"}');
	PERFORM @extschema@.keep_activity(mart);
	RETURN written;
END $$;
COMMENT ON FUNCTION @extschema@.demo_detail(name, bigint) IS 'demo: what stores, products, orders, campaigns and visits are like beside what the files say, and the rules and judgements of the people of the shop, drawn from the seed; returns the rows written';
