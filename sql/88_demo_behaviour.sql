-- The demo's behaviour: what the shop of 87_demo_mart.sql did with its customers and they with it, drawn from the same seed. Campaigns with a control
-- group, messages and reactions, carts, visits, answers, cases; by the functions that every user could call where there is one.
CREATE FUNCTION @extschema@.demo_behaviour(mart name, seed bigint DEFAULT 1) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	written bigint := 0;
	n bigint;
	s text;
BEGIN
	PERFORM @extschema@.make_partitions(mart, 0, '2025-01-01', '2025-12-31');
	EXECUTE format('UPDATE %s.channel SET unit_cost = CASE name WHEN ''email'' THEN 0.002 WHEN ''sms'' THEN 0.06 WHEN ''post'' THEN 0.9 WHEN ''phone'' THEN 4 END', m);
	FOREACH s IN ARRAY ARRAY[
		'INSERT INTO %1$s.campaign (name, purpose, objective, topic, fixed_cost) VALUES (''Soldes d''''hiver'', ''newsletter'', ''clear the stock'', NULL, 800), (''Printemps'', ''newsletter'', ''win back'', ''garden'', 1200), (''Rentrée'', ''newsletter'', ''sell along'', NULL, 900)',
		'INSERT INTO %1$s.message (campaign_id, channel_id, variant, subject, offer, format, tone) SELECT g.campaign_id, h.channel_id, v.variant, g.name || v.subject, v.offer, CASE h.name WHEN ''post'' THEN ''letter'' ELSE ''html'' END, v.tone
			FROM %1$s.campaign g, %1$s.channel h, (VALUES (''A'', '' : -20 %% pour vous'', ''20 %%'', ''light''), (''B'', '' : nos conditions'', NULL, ''formal'')) v (variant, subject, offer, tone) WHERE h.name IN (''email'', ''post'')'
	] LOOP
		EXECUTE format(s, m);
		GET DIAGNOSTICS n = ROW_COUNT;
		written := written + n;
	END LOOP;
	FOR g IN 1 .. 3 LOOP
		FOREACH s IN ARRAY ARRAY[
			-- 2025: an e-mail a campaign to those who said yes, a letter to some of the others, a tenth kept back; who leaves is not written to again
			'INSERT INTO %1$s.campaign_target (party_id, campaign_id, channel_id, is_control, state, claimed_at)
				SELECT p.party_id, g.campaign_id, x.channel_id, @extschema@.demo_u(p.party_id, 510 + g.campaign_id, $1) < 0.1, ''sent'', x.at
				FROM %1$s.party p JOIN %1$s.campaign g ON g.campaign_id = $2,
					LATERAL (SELECT a.at, CASE WHEN EXISTS (SELECT FROM %1$s.consent c WHERE c.party_id = p.party_id AND c.purpose = g.purpose AND c.channel_id = 1 AND c.status = ''granted'' AND c.valid @> a.at) THEN 1::smallint
							WHEN EXISTS (SELECT FROM %1$s.contact_point c WHERE c.party_id = p.party_id AND c.kind = ''postal'') THEN 3::smallint END AS channel_id
						FROM (SELECT timestamptz ''2025-01-08 09:00+01'' + (g.campaign_id - 1) * interval ''110 days'' AS at) a) x
				WHERE p.kind <> ''unidentified'' AND x.channel_id IS NOT NULL AND @extschema@.demo_u(p.party_id, 520 + g.campaign_id, $1) < CASE x.channel_id WHEN 1 THEN 0.9 ELSE 0.4 END',
			'INSERT INTO %1$s.interaction (party_id, occurred_at, channel_id, campaign_id, message_id, cost, contact_point_id)
				SELECT t.party_id, t.claimed_at + @extschema@.demo_u(t.party_id, 530, $1) * interval ''8 hours'', t.channel_id, t.campaign_id, s.message_id, h.unit_cost, (SELECT c.contact_point_id FROM %1$s.contact_point c WHERE c.party_id = t.party_id AND c.kind = h.contact_kind ORDER BY c.is_primary DESC, c.contact_point_id LIMIT 1)
				FROM %1$s.campaign_target t JOIN %1$s.channel h ON h.channel_id = t.channel_id
				JOIN %1$s.message s ON s.campaign_id = t.campaign_id AND s.channel_id = t.channel_id AND s.variant = CASE WHEN @extschema@.demo_u(t.party_id, 540 + t.campaign_id, $1) < 0.5 THEN ''A'' ELSE ''B'' END WHERE NOT t.is_control AND t.campaign_id = $2',
			'INSERT INTO %1$s.reaction (party_id, interaction_id, interaction_at, occurred_at, channel_id, kind, is_machine, amount)
				SELECT i.party_id, i.interaction_id, i.occurred_at, i.occurred_at + (1 + @extschema@.demo_u(i.interaction_id, 550, $1) * 40) * interval ''1 hour'', i.channel_id, k.kind, k.kind = ''open'' AND @extschema@.demo_u(i.interaction_id, 551, $1) < 0.3, CASE WHEN k.kind = ''order'' THEN round((15 + @extschema@.demo_u(i.interaction_id, 552, $1) * 90)::numeric, 2) END
				FROM %1$s.interaction i JOIN %1$s.message s ON s.message_id = i.message_id, (VALUES (''open'', 0.35), (''click'', 0.09), (''order'', 0.025), (''unsubscribe'', 0.006), (''bounce'', 0.01)) k (kind, share)
				WHERE @extschema@.demo_u(i.interaction_id, 560 + length(k.kind), $1) < k.share * CASE WHEN s.variant = ''A'' THEN 1.3 ELSE 0.8 END AND (i.channel_id = 1 OR k.kind = ''order'') AND i.campaign_id = $2'
		] LOOP
			EXECUTE format(s, m) USING seed, g;
			GET DIAGNOSTICS n = ROW_COUNT;
			written := written + n;
		END LOOP;
	END LOOP;
	FOREACH s IN ARRAY ARRAY[
		'INSERT INTO %1$s.web_session (visitor_id, started_at, party_id, ended_at, device, events, product_views)
			SELECT md5(p.party_id || ''/'' || $1)::uuid, x.at, CASE WHEN @extschema@.demo_u(p.party_id * 7 + k, 571, $1) < 0.7 THEN p.party_id END, x.at + interval ''6 minutes'', (ARRAY[''mobile'', ''computer'', ''tablet''])[1 + floor(@extschema@.demo_u(p.party_id, 572, $1) * 2.4)::int], 4, 2
			FROM %1$s.party p, generate_series(1, 3) k, LATERAL (SELECT timestamptz ''2025-02-01 08:00+01'' + @extschema@.demo_u(p.party_id * 7 + k, 573, $1) * interval ''320 days'' AS at) x WHERE p.kind <> ''unidentified'' AND @extschema@.demo_u(p.party_id * 7 + k, 570, $1) < 0.3',
		'INSERT INTO %1$s.web_event (visitor_id, session_id, occurred_at, kind, product_id, page)
			SELECT w.visitor_id, w.session_id, w.started_at + k * interval ''90 seconds'', CASE WHEN k < 3 THEN ''product'' WHEN @extschema@.demo_u(w.session_id * 5 + k, 581, $1) < 0.05 THEN ''quote_begun'' WHEN @extschema@.demo_u(w.session_id * 5 + k, 581, $1) < 0.15 THEN ''search'' ELSE ''page'' END, CASE WHEN k < 3 THEN p.ids[1 + floor(@extschema@.demo_u(w.session_id * 5 + k, 580, $1) * cardinality(p.ids))::int] END, CASE WHEN k < 3 THEN ''/product'' ELSE ''/delivery'' END
			FROM %1$s.web_session w, generate_series(1, 4) k, (SELECT array_agg(product_id ORDER BY product_id) AS ids FROM %1$s.product) p WHERE p.ids IS NOT NULL',
		'INSERT INTO %1$s.cart (visitor_id, party_id, created_at, updated_at, amount)
			SELECT w.visitor_id, w.party_id, w.started_at, w.ended_at, round((10 + @extschema@.demo_u(w.session_id, 591, $1) * 120)::numeric, 2) FROM %1$s.web_session w WHERE @extschema@.demo_u(w.session_id, 590, $1) < 0.25',
		'INSERT INTO %1$s.cart_line (visitor_id, cart_id, product_id, quantity, unit_price, added_at)
			SELECT c.visitor_id, c.cart_id, p.ids[1 + floor(@extschema@.demo_u(c.cart_id, 592, $1) * cardinality(p.ids))::int], 1, c.amount, c.created_at FROM %1$s.cart c, (SELECT array_agg(product_id ORDER BY product_id) AS ids FROM %1$s.product) p WHERE p.ids IS NOT NULL',
		'INSERT INTO %1$s.attribute_def (key, data_type, allowed, is_multi, ask_rank, description) VALUES (''children.count'', ''num'', NULL, false, 1, ''dependent children''), (''dwelling.tenure'', ''enum'', ''{owner,tenant}'', false, 2, ''owner or tenant''), (''interest'', ''text'', NULL, true, 3, ''what interests'') ON CONFLICT DO NOTHING',
		'INSERT INTO %1$s.survey (kind, name, questions) VALUES (''satisfaction'', ''Après achat'', ''[{"question": "satisfaction"}]''), (''qualification'', ''Mieux vous connaître'', ''[{"question": "children", "attribute": "children.count"}]'')',
		'INSERT INTO %1$s.survey_answer (party_id, survey_id, question, answered_at, score)
			SELECT p.party_id, s.survey_id, CASE s.kind WHEN ''satisfaction'' THEN ''satisfaction'' ELSE ''children'' END, timestamptz ''2025-06-01 12:00+02'' + @extschema@.demo_u(p.party_id, 600, $1) * interval ''100 days'', floor(@extschema@.demo_u(p.party_id, 601 + s.survey_id, $1) * CASE s.kind WHEN ''satisfaction'' THEN 11 ELSE 4 END)
			FROM %1$s.party p, %1$s.survey s WHERE p.kind = ''person'' AND @extschema@.demo_u(p.party_id, 605 + s.survey_id, $1) < 0.08',
		'INSERT INTO %1$s.service_case (party_id, kind, opened_at, closed_at, status)
			SELECT p.party_id, (ARRAY[''complaint'', ''quote'', ''sample'', ''information'', ''privacy_access''])[1 + floor(@extschema@.demo_u(p.party_id, 611, $1) * 4.2)::int], x.at, x.at + interval ''5 days'', ''closed''
			FROM %1$s.party p, LATERAL (SELECT timestamptz ''2025-01-15 10:00+01'' + @extschema@.demo_u(p.party_id, 612, $1) * interval ''330 days'' AS at) x WHERE p.kind <> ''unidentified'' AND @extschema@.demo_u(p.party_id, 610, $1) < CASE p.lifecycle WHEN ''prospect'' THEN 0.8 ELSE 0.06 END'
	] LOOP
		EXECUTE format(s, m) USING seed;
		GET DIAGNOSTICS n = ROW_COUNT;
		written := written + n;
	END LOOP;
	written := written + @extschema@.demo_background(mart, seed);
	written := written + @extschema@.demo_detail(mart, seed);
	PERFORM @extschema@.refresh_priors(mart);
	RETURN written;
END $$;
COMMENT ON FUNCTION @extschema@.demo_behaviour(name, bigint) IS 'demo: campaigns with a control group, messages, reactions, visits, carts, answers and cases of the parties that a mart holds, in 2025, drawn from the seed; returns the rows written';

-- What a mart knows beside orders and campaigns: households and employers, cards, wishes, products that go together, what people said and what
-- was guessed of them, statuses, segments, requests by right of one's data, and a table of the application that is a live source.
CREATE FUNCTION @extschema@.demo_background(mart name, seed bigint) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	written bigint := 0;
	n bigint;
	s text;
	r record;
BEGIN
	FOREACH s IN ARRAY ARRAY[
		'INSERT INTO %1$s.currency_rate (base_currency, currency, valid_from, rate) VALUES (''EUR'', ''CHF'', ''2024-01-01'', 1.04), (''EUR'', ''CHF'', ''2025-01-01'', 1.06), (''EUR'', ''GBP'', ''2024-01-01'', 1.17)',
		'UPDATE %1$s.product SET audience = CASE category WHEN ''Mode homme'' THEN ''men'' WHEN ''Mode femme'' THEN ''women'' WHEN ''Enfant'' THEN ''children'' ELSE ''all'' END, brand = CASE WHEN product_id %% 3 = 0 THEN ''Maison Lise'' ELSE ''Atelier Nord'' END WHERE audience IS NULL',
		-- (ß, accessory_of, case): the next product of the category goes with this one
		'INSERT INTO %1$s.product_relation (product_id, kind, related_id, weight)
			SELECT p.product_id, k.kind, p.next, k.weight FROM (SELECT product_id, lead(product_id, 1) OVER w AS next, row_number() OVER w AS place FROM %1$s.product WINDOW w AS (PARTITION BY category ORDER BY sku COLLATE "C")) p
			JOIN (VALUES (1, ''accessory_of'', 0.9::real), (2, ''cross_sell'', 0.6), (3, ''replaces'', 1), (4, ''upsell'', 0.7)) k (place, kind, weight) ON k.place = 1 + p.place %% 4 WHERE p.next IS NOT NULL ON CONFLICT DO NOTHING',
		-- those of one address and one name are a household
		'CREATE TEMPORARY TABLE crmseg_demo_house ON COMMIT DROP AS
			SELECT nextval(pg_get_serial_sequence(format(''%%I.party'', $2), ''party_id'')) AS party_id, h.* FROM (SELECT c.value_norm, p.family_name, min(c.value) AS value, min(c.street) AS street, min(c.postal_code) AS postal_code, min(c.city) AS city, array_agg(DISTINCT p.party_id) AS members
				FROM %1$s.contact_point c JOIN %1$s.party p ON p.party_id = c.party_id AND p.kind = ''person'' WHERE c.kind = ''postal'' AND p.family_name IS NOT NULL GROUP BY 1, 2 HAVING count(DISTINCT p.party_id) BETWEEN 2 AND 6 ORDER BY 1, p.family_name COLLATE "C") h',
		'INSERT INTO %1$s.party (party_id, kind, lifecycle, family_name, postal_code) SELECT h.party_id, ''household'', ''customer'', h.family_name, h.postal_code FROM pg_temp.crmseg_demo_house h',
		'INSERT INTO %1$s.contact_point (party_id, kind, value, value_norm, street, postal_code, city, country, is_primary) SELECT h.party_id, ''postal'', h.value, h.value_norm, h.street, h.postal_code, h.city, ''FR'', true FROM pg_temp.crmseg_demo_house h',
		'INSERT INTO %1$s.party_relation (party_id, related_id, kind, valid) SELECT x.party_id, h.party_id, ''member_of_household'', ''[2024-01-01,)'' FROM pg_temp.crmseg_demo_house h, unnest(h.members) x (party_id)',
		'INSERT INTO %1$s.party_relation (party_id, related_id, kind, valid, title)
			SELECT p.party_id, o.ids[1 + floor(@extschema@.demo_u(p.party_id, 621, $1) * cardinality(o.ids))::int], ''employee_of'', CASE WHEN @extschema@.demo_u(p.party_id, 622, $1) < 0.2 THEN daterange(''2022-09-01'', ''2025-06-30'') ELSE daterange(''2023-01-01'', NULL) END,
				(ARRAY[''acheteuse'', ''gérant'', ''comptable'', ''décoratrice''])[1 + floor(@extschema@.demo_u(p.party_id, 623, $1) * 4)::int]
			FROM %1$s.party p, (SELECT array_agg(party_id ORDER BY party_id) AS ids FROM %1$s.party WHERE kind = ''organisation'') o WHERE p.kind = ''person'' AND o.ids IS NOT NULL AND @extschema@.demo_u(p.party_id, 620, $1) < 0.04',
		'UPDATE %1$s.party SET is_professional = true, industry_code = (ARRAY[''4778C'', ''5610A'', ''7410Z''])[1 + party_id %% 3], headcount = 1 + floor(power(@extschema@.demo_u(party_id, 624, $1), 3) * 180)::int, trade = (ARRAY[''boutique'', ''restaurant'', ''décoration''])[1 + party_id %% 3], chain_position = (ARRAY[''retailer'', ''end user''])[1 + party_id %% 2] WHERE kind = ''organisation''',
		'INSERT INTO %1$s.loyalty_account (party_id, programme, card_no, tier, points, enrolled)
			SELECT k.party_id, ''Carte Boutique'', k.key_value, CASE WHEN f.revenue > 1500 THEN ''or'' WHEN f.revenue > 500 THEN ''argent'' ELSE ''bronze'' END, greatest(floor(coalesce(f.revenue, 0)), 0)::int, daterange(coalesce(f.first_order_at::date, ''2024-06-01''), NULL)
			FROM %1$s.external_key k LEFT JOIN %1$s.party_profile f ON f.party_id = k.party_id WHERE k.scheme = ''loyalty_card'' ON CONFLICT DO NOTHING',
		'INSERT INTO %1$s.contact_preference (party_id, channel_id, is_preferred, max_touches, per, paused, quiet_hours, topics)
			SELECT p.party_id, c.channel_id, u.u < 0.5, CASE WHEN u.u < 0.1 THEN 0 WHEN u.u < 0.6 THEN 4 END, CASE WHEN u.u < 0.6 THEN interval ''30 days'' END, CASE WHEN u.u > 0.9 THEN tstzrange(''2025-07-01'', ''2025-09-01'') END, CASE WHEN c.channel_id = 2 THEN ''[20,33)''::int4range END, CASE WHEN u.u BETWEEN 0.7 AND 0.8 THEN ''{garden,food}''::text[] END
			FROM %1$s.party p CROSS JOIN (VALUES (1::smallint), (2), (3)) c (channel_id), LATERAL (SELECT @extschema@.demo_u(p.party_id * 5 + c.channel_id, 631, $1) AS u) u WHERE p.kind = ''person'' AND @extschema@.demo_u(p.party_id * 5 + c.channel_id, 630, $1) < 0.05',
		'INSERT INTO %1$s.consent (party_id, purpose, channel_id, status, valid, captured_at, method, notice, jurisdiction)
			SELECT p.party_id, ''opinions'', 8, ''granted'', tstzrange(''2025-05-02 10:00+02'', NULL), ''2025-05-02 10:00+02'', ''survey'', ''v3'', ''FR'' FROM %1$s.party p WHERE p.kind = ''person'' AND @extschema@.demo_u(p.party_id, 640, $1) < 0.02',
		'INSERT INTO %1$s.source (name, kind, party_level, trust) VALUES (''panel'', ''partner'', ''third'', 20) ON CONFLICT (name) DO NOTHING',
		'INSERT INTO %1$s.attribute_def (key, data_type, allowed, is_multi, sensitivity, ask_rank, description, consent_purpose) VALUES (''family.status'', ''enum'', ''{single,couple,married,widowed}'', false, ''personal'', 4, ''in a couple or single'', NULL), (''dwelling.garden'', ''bool'', NULL, false, ''personal'', 5, ''has a garden'', NULL),
			(''vehicle.fuel'', ''enum'', ''{diesel,petrol,electric}'', true, ''personal'', NULL, ''cars of the household'', NULL), (''income.band'', ''enum'', ''{low,middle,high}'', false, ''personal'', NULL, ''level of income'', NULL), (''education.level'', ''enum'', ''{school,degree,master}'', false, ''personal'', NULL, ''level of education'', NULL),
			(''lifestyle'', ''text'', NULL, false, ''personal'', NULL, ''way of life'', NULL), (''project'', ''json'', NULL, true, ''personal'', NULL, ''what is planned, and by when'', NULL), (''opinion.ecology'', ''text'', NULL, false, ''special'', NULL, ''what ecology means to it'', ''opinions'') ON CONFLICT DO NOTHING',
		'INSERT INTO %1$s.party_attribute (party_id, attribute_id, item, flag, num, txt, doc, provenance, confidence, source_id, collected_at, valid)
			SELECT p.party_id, d.attribute_id, 0, CASE d.key WHEN ''dwelling.garden'' THEN x.v < 0.4 END, NULL, CASE d.key WHEN ''dwelling.tenure'' THEN (ARRAY[''owner'', ''tenant''])[1 + floor(x.v * 1.7)::int] WHEN ''interest'' THEN (ARRAY[''tennis'', ''garden'', ''cooking'', ''reading''])[1 + floor(x.v * 4)::int]
					WHEN ''family.status'' THEN (ARRAY[''single'', ''couple'', ''married'', ''widowed''])[1 + floor(x.v * 3.3)::int] WHEN ''vehicle.fuel'' THEN (ARRAY[''diesel'', ''petrol'', ''electric''])[1 + floor(x.v * 3)::int] WHEN ''income.band'' THEN (ARRAY[''low'', ''middle'', ''high''])[1 + floor(x.v * 3)::int]
					WHEN ''education.level'' THEN (ARRAY[''school'', ''degree'', ''master''])[1 + floor(x.v * 3)::int] WHEN ''lifestyle'' THEN (ARRAY[''urban'', ''rural'', ''outdoors''])[1 + floor(x.v * 3)::int] WHEN ''opinion.ecology'' THEN (ARRAY[''matters'', ''does not matter''])[1 + floor(x.v * 2)::int] END,
				CASE d.key WHEN ''project'' THEN jsonb_build_object(''what'', (ARRAY[''kitchen'', ''wedding'', ''house''])[1 + floor(x.v * 3)::int], ''by'', ''2026-0'' || 1 + floor(x.v * 9)::int) END,
				w.provenance, w.confidence, CASE WHEN w.provenance = ''inferred'' THEN (SELECT source_id FROM %1$s.source WHERE name = ''panel'') WHEN w.provenance = ''observed'' THEN (SELECT source_id FROM %1$s.source WHERE name = ''web'') END, ''2025-05-02 12:00+02'', tstzrange(''2025-05-02 12:00+02'', NULL)
			FROM %1$s.attribute_def d JOIN (VALUES (''dwelling.tenure'', ''declared'', 1::real, 0.10), (''interest'', ''declared'', 1, 0.12), (''interest'', ''observed'', 0.7, 0.08), (''family.status'', ''declared'', 1, 0.08), (''dwelling.garden'', ''declared'', 1, 0.06), (''vehicle.fuel'', ''declared'', 1, 0.05), (''income.band'', ''inferred'', 0.4, 0.15),
					(''education.level'', ''declared'', 1, 0.03), (''lifestyle'', ''inferred'', 0.3, 0.10), (''project'', ''declared'', 1, 0.02), (''opinion.ecology'', ''declared'', 1, 1)) w (key, provenance, confidence, share) ON w.key = d.key
			JOIN %1$s.party p ON p.kind = ''person'', LATERAL (SELECT @extschema@.demo_u(p.party_id * 31 + d.attribute_id, 650 + length(w.provenance), $1) AS u, @extschema@.demo_u(p.party_id * 31 + d.attribute_id, 670 + length(w.provenance), $1) AS v) x
			WHERE x.u < w.share AND (d.sensitivity <> ''special'' OR EXISTS (SELECT FROM %1$s.consent c WHERE c.party_id = p.party_id AND c.purpose = ''opinions'')) ON CONFLICT DO NOTHING',
		'INSERT INTO %1$s.survey (kind, name, questions) VALUES (''nps'', ''Recommander'', ''[{"question": "recommend"}]'')',
		'INSERT INTO %1$s.survey_answer (party_id, survey_id, question, answered_at, score, choice, body, sentiment, order_id, store_id)
			SELECT DISTINCT ON (o.party_id) o.party_id, s.survey_id, ''recommend'', o.ordered_at + interval ''5 days'', x.score, CASE WHEN x.score > 8 THEN ''promoter'' WHEN x.score < 7 THEN ''detractor'' ELSE ''passive'' END, CASE WHEN x.score > 8 THEN ''Très bon accueil'' WHEN x.score < 4 THEN ''Trop d''''attente'' END, (x.score - 5) / 5, o.order_id, o.store_id
			FROM %1$s.sales_order o JOIN %1$s.party p ON p.party_id = o.party_id AND p.kind = ''person'' JOIN %1$s.survey s ON s.kind = ''nps'', LATERAL (SELECT floor(11 * sqrt(@extschema@.demo_u(o.order_id, 661, $1))) AS score) x
			WHERE o.kind = ''s'' AND o.ordered_at >= ''2025-03-01'' AND @extschema@.demo_u(o.order_id, 660, $1) < 0.03 ORDER BY o.party_id, o.ordered_at',
		-- calls and meetings of the salesmen with companies
		'INSERT INTO %1$s.interaction (party_id, occurred_at, channel_id, is_solicitation, status, agent)
			SELECT p.party_id, timestamptz ''2025-02-03 10:00+01'' + k * interval ''60 days'' + floor(@extschema@.demo_u(p.party_id * 7 + k, 681, $1) * 40) * interval ''1 day'', CASE WHEN k = 3 THEN 7 ELSE 4 END, k < 3, CASE WHEN k = 3 THEN ''held'' WHEN @extschema@.demo_u(p.party_id * 7 + k, 682, $1) < 0.6 THEN ''answered'' ELSE ''unanswered'' END, (ARRAY[''Mme Petit'', ''M. Roux''])[1 + p.party_id %% 2]
			FROM %1$s.party p, generate_series(1, 3) k WHERE p.kind = ''organisation'' AND @extschema@.demo_u(p.party_id * 7 + k, 680, $1) < 0.5',
		'UPDATE %1$s.cart c SET order_id = o.order_id FROM (SELECT DISTINCT ON (c.visitor_id, c.cart_id) c.visitor_id, c.cart_id, o.order_id FROM %1$s.cart c JOIN %1$s.sales_order o ON o.party_id = c.party_id AND o.kind = ''s'' AND o.channel_id = 8 AND o.ordered_at BETWEEN c.updated_at AND c.updated_at + interval ''7 days''
			ORDER BY c.visitor_id, c.cart_id, o.ordered_at, o.order_id) o WHERE c.visitor_id = o.visitor_id AND c.cart_id = o.cart_id',
		'INSERT INTO %1$s.tier_def (position, tier, revenue_min, orders_min, bought_within) VALUES (1, ''VIP'', 1500, 5, NULL), (2, ''fidèle'', 500, 3, NULL)',
		-- tickets of the application, a live source: what is written there stands here after the next pull
		'CREATE TABLE %1$s.demo_ticket (ticket_id integer PRIMARY KEY, account text NOT NULL, about text NOT NULL, opened_at timestamptz NOT NULL)',
		'COMMENT ON TABLE %1$s.demo_ticket IS ''stands for a table of the application, attached as a source of service cases''',
		'COMMENT ON COLUMN %1$s.demo_ticket.ticket_id IS ''number of the ticket''',
		'COMMENT ON COLUMN %1$s.demo_ticket.account IS ''account of the web shop''',
		'COMMENT ON COLUMN %1$s.demo_ticket.about IS ''what it is about''',
		'COMMENT ON COLUMN %1$s.demo_ticket.opened_at IS ''when it came''',
		'INSERT INTO %1$s.demo_ticket SELECT row_number() OVER (ORDER BY r.external_id COLLATE "C"), r.external_id, (ARRAY[''complaint'', ''quote'', ''information''])[1 + floor(@extschema@.demo_u(r.source_record_id, 692, $1) * 3)::int], timestamptz ''2025-03-01 11:00+01'' + @extschema@.demo_u(r.source_record_id, 691, $1) * interval ''250 days''
			FROM %1$s.source_record r JOIN %1$s.source o ON o.source_id = r.source_id AND o.name = ''web'' WHERE @extschema@.demo_u(r.source_record_id, 690, $1) < 0.02'
	] LOOP
		EXECUTE format(s, m) USING seed, mart;
		GET DIAGNOSTICS n = ROW_COUNT;
		written := written + n;
	END LOOP;
	PERFORM @extschema@.attach(mart, 'service_case', format('%s.demo_ticket', m)::regclass, '{"source": "web", "key": "ticket_id", "party": "account", "kind": "about", "opened_at": "opened_at"}');
	SELECT written + coalesce(sum(p.rows_read), 0) INTO written FROM @extschema@.pull_attached(mart) p;
	PERFORM @extschema@.apply_tiers(mart);
	-- segments, with entries and exits told to whoever follows them
	EXECUTE format('UPDATE %s.datamart SET follow_segments = true', m);
	PERFORM @extschema@.define_segment(mart, v.name, v.predicate::@extschema@.segment)
		FROM (VALUES ('vip', $p$tier = 'VIP'$p$), ('loyal', $p$tier = 'VIP' or tier = 'fidèle'$p$), ('owners with children', $p$traits.dwelling.tenure = 'owner' and traits.children.count > 0$p$), ('companies', $p$kind = 'organisation'$p$)) v (name, predicate);
	PERFORM @extschema@.refresh_segments(mart);
	-- what people asked for by right of their data
	FOR r IN EXECUTE format('SELECT p.party_id, row_number() OVER (ORDER BY @extschema@.demo_u(p.party_id, 700, $1)) AS place FROM %s.party p WHERE p.kind = ''person'' ORDER BY 2 LIMIT 6', m) USING seed LOOP
		CASE r.place
			WHEN 1 THEN PERFORM @extschema@.erase_party(mart, r.party_id);
			WHEN 2 THEN PERFORM @extschema@.restrict_party(mart, r.party_id);
			WHEN 3 THEN EXECUTE format('SELECT @extschema@.suppress($1, ''email'', c.value, ''complaint'') FROM %s.contact_point c WHERE c.party_id = $2 AND c.kind = ''email''', m) USING mart, r.party_id;
			ELSE PERFORM @extschema@.object_to(mart, r.party_id, 'newsletter');
		END CASE;
	END LOOP;
	RETURN written;
END $$;
COMMENT ON FUNCTION @extschema@.demo_background(name, bigint) IS 'demo: households, employers, loyalty accounts, preferences, related products, attributes of every provenance, answers, calls, statuses, segments, a table of the application attached as a source, and requests by right of one''s data, drawn from the seed; returns the rows written';
