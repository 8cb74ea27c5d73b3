-- the profile that is kept is the one that a rebuild gives, to the last bit, whatever comes in whatever order: orders, returns, attributes,
-- messages, reactions, visits, merges and splits in any chain, erasures; a random walk from a printed seed, and beside it plain SQL of its own
SET client_min_messages = warning;
SET timezone = 'UTC';
SET jit = off;
SELECT crmseg.create_datamart('Prof "R"', '{"time_zone": "Europe/Paris"}');
SET search_path = "Prof ""R""", public;
UPDATE datamart SET half_life_days = 36500;	-- so that no midnight changes which channel is the best
INSERT INTO source (name, trust) VALUES ('till', 60), ('web', 40), ('bought', 10);
INSERT INTO currency_rate VALUES ('EUR', 'USD', '2020-01-01', 0.9);
INSERT INTO attribute_def (key, data_type, is_multi, sensitivity) VALUES ('children', 'num', false, 'personal'), ('interest', 'text', true, 'personal'), ('faith', 'text', false, 'special');
INSERT INTO campaign (name) VALUES ('one'), ('two');
INSERT INTO product (sku, name) VALUES ('p', 'p');
SELECT crmseg.make_partitions('Prof "R"', 0, '2026-01-01', '2026-02-28') > 0 AS months;
\if `test -n "$CRMSEG_SEED" && echo 1 || echo 0`
\set seed `echo $CRMSEG_SEED`
\else
\set seed 20261122
\endif
\echo seed :seed
SELECT setseed((:seed % 1000003) / 1000003.0);
CREATE FUNCTION pr_party() RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT party_id FROM "Prof ""R""".party WHERE kind = 'person' ORDER BY random() LIMIT 1 $$;
-- how many profiles a rebuild would change, and how many differ from plain SQL over the facts
CREATE FUNCTION pr_wrong(OUT rebuilt bigint, OUT plain bigint) LANGUAGE plpgsql AS $$
BEGIN
	-- plain first: the rebuild would mend what it finds
	WITH o AS (
		SELECT o.party_id, o.ordered_at, o.kind, o.base_amount AS amount, o.margin, (o.ordered_at AT TIME ZONE 'Europe/Paris')::date AS day
		FROM "Prof ""R""".sales_order o WHERE o.status <> 'cancelled' AND o.base_amount IS NOT NULL AND (o.kind = 's' OR o.base_amount < 0)),
	v AS MATERIALIZED (
		SELECT x.party_id, max(x.at) AS at FROM (SELECT o.party_id, o.ordered_at FROM o UNION ALL SELECT r.party_id, r.occurred_at FROM "Prof ""R""".reaction r WHERE r.kind IN ('click', 'reply', 'order', 'unsubscribe', 'complaint') AND NOT r.is_machine
			UNION ALL SELECT s.party_id, s.started_at FROM "Prof ""R""".web_session s UNION ALL SELECT c.party_id, c.updated_at FROM "Prof ""R""".cart c UNION ALL SELECT k.party_id, k.opened_at FROM "Prof ""R""".service_case k) x (party_id, at) GROUP BY 1),
	w AS (
		SELECT p.party_id, p.kind, (SELECT min(ordered_at) FROM o WHERE o.party_id = p.party_id AND amount >= 0) AS f, (SELECT max(ordered_at) FROM o WHERE o.party_id = p.party_id AND amount >= 0) AS l,
			(SELECT count(*) FROM o WHERE o.party_id = p.party_id AND amount >= 0) AS n, (SELECT count(DISTINCT day) FROM o WHERE o.party_id = p.party_id AND amount >= 0) AS days,
			coalesce((SELECT sum(amount) FROM o WHERE o.party_id = p.party_id), 0) AS revenue, (SELECT sum(margin) FROM o WHERE o.party_id = p.party_id) AS margin,
			(SELECT count(*) FROM o WHERE o.party_id = p.party_id AND amount < 0) AS returns,
			(SELECT max(v.at) FROM v WHERE v.party_id = p.party_id) AS active
		FROM "Prof ""R""".party p WHERE p.kind <> 'unidentified'),
	t AS (
		SELECT x.party_id, coalesce(jsonb_object_agg(x.key, x.value) FILTER (WHERE x.key IS NOT NULL), '{}') AS traits FROM (
			SELECT p.party_id, d.key, CASE WHEN d.is_multi THEN (SELECT jsonb_agg(DISTINCT coalesce(to_jsonb(a.num), to_jsonb(a.txt))) FROM "Prof ""R""".party_attribute a WHERE a.party_id = p.party_id AND a.attribute_id = d.attribute_id AND a.valid @> now())
				ELSE (SELECT coalesce(to_jsonb(a.num), to_jsonb(a.txt)) FROM "Prof ""R""".party_attribute a LEFT JOIN "Prof ""R""".source s ON s.source_id = a.source_id WHERE a.party_id = p.party_id AND a.attribute_id = d.attribute_id AND a.valid @> now()
					ORDER BY coalesce(s.trust, 50) DESC, a.confidence DESC, a.collected_at DESC, a.party_attribute_id DESC LIMIT 1) END AS value
			FROM "Prof ""R""".party p LEFT JOIN "Prof ""R""".attribute_def d ON EXISTS (SELECT FROM "Prof ""R""".party_attribute a WHERE a.party_id = p.party_id AND a.attribute_id = d.attribute_id AND a.valid @> now())
				AND (d.sensitivity <> 'special' OR EXISTS (SELECT FROM "Prof ""R""".consent c WHERE c.party_id = p.party_id AND c.purpose IN (d.key, 'special_categories') AND c.status = 'granted' AND c.valid @> now()))) x GROUP BY 1),
	c AS (
		SELECT i.party_id, i.channel_id, count(*) AS touches, sum(crmseg.decay_weight(i.occurred_at, 36500)) AS touch_w, max(i.occurred_at) AS last_at FROM "Prof ""R""".interaction i GROUP BY 1, 2)
	SELECT (SELECT count(*) FROM w FULL JOIN "Prof ""R""".party_profile f USING (party_id) WHERE w.kind IS DISTINCT FROM NULL
				AND (w.f, w.l, w.n, w.days, w.revenue, w.margin, w.returns) IS DISTINCT FROM (f.first_order_at, f.last_order_at, f.orders, f.order_days, f.revenue, f.margin, f.returns))
		+ (SELECT count(*) FROM w JOIN "Prof ""R""".party_profile f USING (party_id) WHERE w.active > f.last_active_at OR (f.last_active_at IS NULL AND w.active IS NOT NULL))
		+ (SELECT count(*) FROM t FULL JOIN "Prof ""R""".party_profile f USING (party_id) WHERE t.traits IS DISTINCT FROM f.traits)
		+ (SELECT count(*) FROM c FULL JOIN (SELECT * FROM "Prof ""R""".party_channel WHERE touches > 0) k USING (party_id, channel_id) WHERE (c.touches, c.touch_w, c.last_at) IS DISTINCT FROM (k.touches, k.touch_w, k.last_touch_at))
		-- the best channel: preferred, else of the highest rate drawn to 1 in 20 by 20 touches, else the cheapest, the first
		+ (SELECT count(*) FROM (
			SELECT k.party_id, k.channel_id, k.is_best, rank() OVER (PARTITION BY k.party_id ORDER BY
				EXISTS (SELECT FROM "Prof ""R""".contact_preference f WHERE f.party_id = k.party_id AND f.channel_id = k.channel_id AND f.is_preferred) DESC,
				round((k.response_w / crmseg.decay_weight(now(), 36500) + 1) / (greatest(k.touch_w, k.response_w) / crmseg.decay_weight(now(), 36500) + 20), 9) DESC, h.unit_cost, k.channel_id) = 1 AS should_be
			FROM "Prof ""R""".party_channel k JOIN "Prof ""R""".channel h ON h.channel_id = k.channel_id) b WHERE b.is_best <> b.should_be) INTO plain;
	rebuilt := crmseg.rank_channels('Prof "R"') + crmseg.refresh_profile('Prof "R"') + crmseg.refresh_traits('Prof "R"') + crmseg.refresh_channels('Prof "R"');
END $$;
DO $$
DECLARE
	light boolean := coalesce(current_setting('crmseg_test.light', true), '') = 'on';
	what float8;
	a bigint;
	b bigint;
	at timestamptz;
	rebuilt bigint := 0;
	plain bigint := 0;
	w record;
	done jsonb := '{}';
	word text;
BEGIN
	FOR i IN 1 .. 40 LOOP
		INSERT INTO party (kind) VALUES ('person');
		INSERT INTO source_record (party_id, source_id, external_id) VALUES (currval(pg_get_serial_sequence('"Prof ""R""".party', 'party_id')), 1, 'r' || i);
	END LOOP;
	FOR i IN 1 .. CASE WHEN light THEN 40 ELSE 150 END LOOP
		what := random();
		a := pr_party();
		at := timestamptz '2026-01-01' + random() * interval '80 days';
		IF what < 0.30 THEN
			word := 'order';
			FOR j IN 1 .. 1 + (random() * 3)::int LOOP
				INSERT INTO sales_order (party_id, ordered_at, kind, currency, amount, margin, status, source_id, external_id)
					SELECT pr_party(), at + j * interval '7 hours', CASE WHEN x.amount < 0 THEN 'r' ELSE 's' END, CASE WHEN random() < 0.1 THEN 'GBP' WHEN random() < 0.3 THEN 'USD' ELSE 'EUR' END, x.amount,
						CASE WHEN random() < 0.7 THEN round((random() * 20)::numeric, 2) END, CASE WHEN random() < 0.1 THEN 'cancelled' ELSE 'paid' END, 1, i || '/' || j
					FROM (SELECT round((random() * 200 - 30)::numeric, 2) AS amount) x;
			END LOOP;
		ELSIF what < 0.38 THEN
			word := 'order changed';
			UPDATE sales_order SET amount = amount * 1.1, status = CASE WHEN random() < 0.3 THEN 'cancelled' ELSE 'paid' END WHERE order_id IN (SELECT order_id FROM sales_order ORDER BY random() LIMIT 3);
			DELETE FROM sales_order WHERE order_id IN (SELECT order_id FROM sales_order ORDER BY random() LIMIT 1);
		ELSIF what < 0.48 THEN
			word := 'attribute';
			PERFORM crmseg.set_attribute('Prof "R"', a, 'children', to_jsonb((random() * 5)::int), 'declared', (0.2 + (random() * 8)::int / 10.0)::real, (ARRAY['till', 'web', 'bought', NULL])[1 + (random() * 3)::int], at);
			PERFORM crmseg.set_attribute('Prof "R"', a, 'interest', to_jsonb('i' || (random() * 5)::int), 'observed', 0.5, NULL, at);
		ELSIF what < 0.54 THEN
			word := 'special';
			PERFORM crmseg.set_consent('Prof "R"', a, 'faith', 'web', 'granted', now());
			PERFORM crmseg.set_attribute('Prof "R"', a, 'faith', to_jsonb('f' || i));
			IF random() < 0.5 THEN
				PERFORM crmseg.set_consent('Prof "R"', pr_party(), 'faith', 'web', 'withdrawn', clock_timestamp());
			END IF;
		ELSIF what < 0.66 THEN
			word := 'message';
			INSERT INTO interaction (party_id, occurred_at, channel_id, campaign_id) SELECT pr_party(), at, 1 + (random() * 2)::int, 1 + (random())::int FROM generate_series(1, 4);
			INSERT INTO reaction (party_id, occurred_at, interaction_id, interaction_at, channel_id, kind, is_machine)
				SELECT i.party_id, i.occurred_at + interval '1 hour', i.interaction_id, i.occurred_at, i.channel_id, (ARRAY['open', 'click', 'reply', 'order'])[1 + (random() * 3)::int], random() < 0.2 FROM (SELECT * FROM interaction ORDER BY random() LIMIT 3) i;
		ELSIF what < 0.68 THEN
			word := 'wish';
			INSERT INTO contact_preference (party_id, channel_id, is_preferred) SELECT DISTINCT ON (1, 2) x.p, 1 + (random() * 2)::int, random() < 0.7 FROM (SELECT pr_party() AS p FROM generate_series(1, 3) g) x
				ON CONFLICT (party_id, channel_id) DO UPDATE SET is_preferred = excluded.is_preferred;
			DELETE FROM contact_preference WHERE (party_id, channel_id) IN (SELECT party_id, channel_id FROM contact_preference ORDER BY random() LIMIT (random() * 2)::int);
			UPDATE contact_preference SET is_preferred = NOT is_preferred WHERE (party_id, channel_id) IN (SELECT party_id, channel_id FROM contact_preference ORDER BY random() LIMIT 1);
		ELSIF what < 0.70 THEN
			word := 'visit';
			INSERT INTO web_session (visitor_id, started_at, ended_at) VALUES (crmseg.visitor_id('v' || i % 7), at, at + interval '5 minutes');
			INSERT INTO cart (visitor_id, created_at, updated_at, amount) VALUES (crmseg.visitor_id('v' || i % 7), at, at + interval '9 minutes', 5);
			PERFORM crmseg.recognise_visitor('Prof "R"', crmseg.visitor_id('v' || (random() * 6)::int), a);
			INSERT INTO service_case (party_id, kind, opened_at) VALUES (pr_party(), 'complaint', at);
		ELSIF what < 0.72 THEN
			word := 'party';
			INSERT INTO party (kind) VALUES ('person');
		ELSIF what < 0.86 THEN
			word := 'merge';
			b := pr_party();
			IF a <> b THEN
				PERFORM crmseg.merge_parties('Prof "R"', a, b, 'random');
			END IF;
		ELSIF what < 0.96 THEN
			word := 'split';
			SELECT old_party_id INTO b FROM party_alias ORDER BY random() LIMIT 1;
			IF FOUND THEN
				PERFORM crmseg.split_party('Prof "R"', b);
			END IF;
		ELSE
			word := 'erasure';
			PERFORM crmseg.erase_party('Prof "R"', a, CASE WHEN random() < 0.5 THEN 'erase' ELSE 'keep_accounts' END);
		END IF;
		done := done || jsonb_build_object(word, coalesce((done ->> word)::int, 0) + 1);
		IF i % 5 = 0 OR word IN ('merge', 'split', 'erasure') THEN
			w := pr_wrong();
			IF w.rebuilt > 0 OR w.plain > 0 THEN
				RAISE WARNING 'step %, %: % profiles are not those of a rebuild, % not those of plain SQL', i, word, w.rebuilt, w.plain;
			END IF;
			rebuilt := rebuilt + w.rebuilt;
			plain := plain + w.plain;
		END IF;
	END LOOP;
	RAISE DEBUG '%', done;
	PERFORM set_config('pr.done', done::text, false), set_config('pr.wrong', (rebuilt + plain)::text, false);
END $$;
SELECT current_setting('pr.wrong') AS wrong;
SELECT coalesce(current_setting('crmseg_test.light', true), '') = 'on' OR bool_and(current_setting('pr.done')::jsonb ? k) AS everything_happened FROM unnest('{order,order changed,attribute,special,message,wish,visit,merge,split,erasure}'::text[]) k;
-- a split gives back what was written under a consent that has been withdrawn since, and nobody reads it
INSERT INTO party (party_id) VALUES (900001), (900002);
SELECT crmseg.set_consent('Prof "R"', p, 'faith', 'web', 'granted', '2026-01-01'), crmseg.set_attribute('Prof "R"', p, 'faith', '"x"') > 0 AS written FROM generate_series(900001, 900002) p;
SELECT crmseg.merge_parties('Prof "R"', 900001, 900002);
SELECT crmseg.set_consent('Prof "R"', 900001, 'faith', 'web', 'withdrawn', now());
SELECT crmseg.split_party('Prof "R"', 900002);
UPDATE consent SET status = 'withdrawn' WHERE party_id = 900002;
SELECT party_id, traits, (SELECT count(*) FROM party_attribute a WHERE a.party_id = f.party_id) AS evidence FROM party_profile f WHERE party_id > 900000 ORDER BY 1;
SELECT count(*) AS problems FROM crmseg.check_datamart('Prof "R"');
RESET search_path;
DROP SCHEMA "Prof ""R""" CASCADE;
