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
	PERFORM @extschema@.make_partitions(mart, 0, '2025-01-01');
	EXECUTE format('UPDATE %s.channel SET unit_cost = CASE name WHEN ''email'' THEN 0.002 WHEN ''sms'' THEN 0.06 WHEN ''post'' THEN 0.9 WHEN ''phone'' THEN 4 END', m);
	FOREACH s IN ARRAY ARRAY[
		'INSERT INTO %1$s.campaign (name, purpose, objective, topic, fixed_cost) VALUES (''Soldes d''''hiver'', ''newsletter'', ''clear the stock'', NULL, 800), (''Printemps'', ''newsletter'', ''win back'', ''garden'', 1200), (''Rentrée'', ''newsletter'', ''sell along'', NULL, 900)',
		'INSERT INTO %1$s.message (campaign_id, channel_id, variant, subject, offer, format, tone) SELECT g.campaign_id, h.channel_id, v.variant, g.name || v.subject, v.offer, CASE h.name WHEN ''post'' THEN ''letter'' ELSE ''html'' END, v.tone
			FROM %1$s.campaign g, %1$s.channel h, (VALUES (''A'', '' : -20 %% pour vous'', ''20 %%'', ''light''), (''B'', '' : nos conditions'', NULL, ''formal'')) v (variant, subject, offer, tone) WHERE h.name IN (''email'', ''post'')',
		-- 2025: a letter or e-mail a campaign to most, a tenth kept back
		'INSERT INTO %1$s.campaign_target (party_id, campaign_id, channel_id, is_control, state, claimed_at)
			SELECT p.party_id, g.campaign_id, CASE WHEN @extschema@.demo_u(p.party_id, 501, $1) < 0.7 THEN 1 ELSE 3 END, @extschema@.demo_u(p.party_id, 510 + g.campaign_id, $1) < 0.1, ''sent'', timestamptz ''2025-01-08 09:00+01'' + (g.campaign_id - 1) * interval ''110 days''
			FROM %1$s.party p, %1$s.campaign g WHERE p.kind <> ''unidentified'' AND @extschema@.demo_u(p.party_id, 520 + g.campaign_id, $1) < 0.6',
		'INSERT INTO %1$s.interaction (party_id, occurred_at, channel_id, campaign_id, message_id, cost)
			SELECT t.party_id, t.claimed_at + @extschema@.demo_u(t.party_id, 530, $1) * interval ''8 hours'', t.channel_id, t.campaign_id, s.message_id, h.unit_cost
			FROM %1$s.campaign_target t JOIN %1$s.channel h ON h.channel_id = t.channel_id
			JOIN %1$s.message s ON s.campaign_id = t.campaign_id AND s.channel_id = t.channel_id AND s.variant = CASE WHEN @extschema@.demo_u(t.party_id, 540 + t.campaign_id, $1) < 0.5 THEN ''A'' ELSE ''B'' END WHERE NOT t.is_control',
		'INSERT INTO %1$s.reaction (party_id, interaction_id, interaction_at, occurred_at, channel_id, kind, is_machine, amount)
			SELECT i.party_id, i.interaction_id, i.occurred_at, i.occurred_at + (1 + @extschema@.demo_u(i.interaction_id, 550, $1) * 40) * interval ''1 hour'', i.channel_id, k.kind, k.kind = ''open'' AND @extschema@.demo_u(i.interaction_id, 551, $1) < 0.3, CASE WHEN k.kind = ''order'' THEN round((15 + @extschema@.demo_u(i.interaction_id, 552, $1) * 90)::numeric, 2) END
			FROM %1$s.interaction i JOIN %1$s.message s ON s.message_id = i.message_id, (VALUES (''open'', 0.35), (''click'', 0.09), (''order'', 0.025), (''unsubscribe'', 0.006), (''bounce'', 0.01)) k (kind, share)
			WHERE @extschema@.demo_u(i.interaction_id, 560 + length(k.kind), $1) < k.share * CASE WHEN s.variant = ''A'' THEN 1.3 ELSE 0.8 END AND (i.channel_id = 1 OR k.kind = ''order'')',
		'INSERT INTO %1$s.web_session (visitor_id, started_at, party_id, ended_at, device, events, product_views)
			SELECT md5(p.party_id || ''/'' || $1)::uuid, x.at, CASE WHEN @extschema@.demo_u(p.party_id * 7 + k, 571, $1) < 0.7 THEN p.party_id END, x.at + interval ''6 minutes'', (ARRAY[''mobile'', ''computer'', ''tablet''])[1 + floor(@extschema@.demo_u(p.party_id, 572, $1) * 2.4)::int], 4, 2
			FROM %1$s.party p, generate_series(1, 3) k, LATERAL (SELECT timestamptz ''2025-02-01 08:00+01'' + @extschema@.demo_u(p.party_id * 7 + k, 573, $1) * interval ''320 days'' AS at) x WHERE p.kind <> ''unidentified'' AND @extschema@.demo_u(p.party_id * 7 + k, 570, $1) < 0.3',
		'INSERT INTO %1$s.web_event (visitor_id, session_id, occurred_at, kind, product_id, page)
			SELECT w.visitor_id, w.session_id, w.started_at + k * interval ''90 seconds'', CASE WHEN k < 3 THEN ''product'' ELSE ''page'' END, CASE WHEN k < 3 THEN p.ids[1 + floor(@extschema@.demo_u(w.session_id * 5 + k, 580, $1) * cardinality(p.ids))::int] END, CASE WHEN k < 3 THEN ''/product'' ELSE ''/delivery'' END
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
			FROM %1$s.party p, LATERAL (SELECT timestamptz ''2025-01-15 10:00+01'' + @extschema@.demo_u(p.party_id, 612, $1) * interval ''330 days'' AS at) x WHERE p.kind <> ''unidentified'' AND @extschema@.demo_u(p.party_id, 610, $1) < 0.06'
	] LOOP
		EXECUTE format(s, m) USING seed;
		GET DIAGNOSTICS n = ROW_COUNT;
		written := written + n;
	END LOOP;
	PERFORM @extschema@.refresh_priors(mart);
	RETURN written;
END $$;
COMMENT ON FUNCTION @extschema@.demo_behaviour(name, bigint) IS 'demo: campaigns with a control group, messages, reactions, visits, carts, answers and cases of the parties that a mart holds, in 2025, drawn from the seed; returns the rows written';
