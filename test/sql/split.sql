-- what a merge did is taken back by a split: exactly, in whatever order, and without losing what was written since
SET client_min_messages = warning;
SET timezone = 'Europe/Paris';
SET datestyle = 'German';
\set SHOW_CONTEXT never
SELECT crmseg.create_datamart('crm "split"', '{"time_zone": "Europe/Paris"}');
SET search_path = "crm ""split""";
INSERT INTO source (name, trust) VALUES ('till', 10), ('web', 90), ('crm', 50);
CREATE TABLE my_notes (note_id int PRIMARY KEY, customer bigint NOT NULL REFERENCES party, body text);
CREATE TABLE my_locker (customer bigint PRIMARY KEY REFERENCES party ON DELETE CASCADE, number int DEFAULT 7);
CREATE TABLE my_vote (poll int, "Voter" bigint REFERENCES party ON DELETE CASCADE, answer text, at timestamptz, PRIMARY KEY (poll, at, "Voter"));
CREATE TABLE my_log (party_id bigint REFERENCES party, body text, at timestamptz);
CREATE TABLE my_wish (party_id bigint REFERENCES party, wish_id int PRIMARY KEY, friend bigint REFERENCES party);
ALTER TABLE party ADD COLUMN shoe_size int DEFAULT 40, ADD COLUMN "a 'strange' name" text[], ADD COLUMN initials text GENERATED ALWAYS AS (left(given_name, 1)) STORED;
ALTER TABLE consent ADD COLUMN my_ref text;
INSERT INTO attribute_def (key, data_type, is_multi) VALUES ('children.count', 'num', false), ('interest', 'text', true), ('doc', 'json', false);
INSERT INTO product (sku, name) VALUES ('p', 'product');

-- a party of everything, drawn from its number
SELECT coalesce(current_setting('crmseg_test.light', true), '') = 'on' AS light \gset
SELECT CASE WHEN :'light' THEN 6 ELSE 10 END AS parties, CASE WHEN :'light' THEN 8 ELSE 40 END AS steps \gset
SELECT setseed(0.20260401);
CREATE FUNCTION pg_temp.draw(n int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT floor(random() * n)::int';
INSERT INTO party (given_name, family_name, birth_date, sex, shoe_size, "a 'strange' name", lifecycle, is_professional, created_at, updated_at)
	SELECT (ARRAY['Ann', 'Anne', NULL])[1 + pg_temp.draw(3)], (ARRAY['Roy', 'Roi', NULL])[1 + pg_temp.draw(3)], (ARRAY[date '1980-02-01', NULL])[1 + pg_temp.draw(2)], (ARRAY['f', NULL])[1 + pg_temp.draw(2)],
		(ARRAY[38, NULL, 40])[1 + pg_temp.draw(3)], CASE WHEN pg_temp.draw(2) = 0 THEN '{a,"b c"}'::text[] END, (ARRAY['prospect', 'customer', 'former', 'closed'])[1 + pg_temp.draw(4)], pg_temp.draw(2) = 0,
		timestamptz '2020-01-01 00:00:00.123456+00' + i * interval '1 day', '2021-01-01' FROM generate_series(1, :parties) i;
INSERT INTO party (kind, family_name) VALUES ('household', 'Roy'), ('household', 'Roi');
INSERT INTO source_record (party_id, source_id, external_id, payload) SELECT p, 1 + pg_temp.draw(3), 'r' || p || n, '{"a": [1, 2.50]}' FROM generate_series(1, :parties) p, generate_series(1, 2) n;
INSERT INTO contact_point (party_id, kind, value, value_norm, status, verified_at, source_id, valid, is_primary)
	SELECT p, k, upper(v), v, (ARRAY['valid', 'unverified', 'bounced', 'opted_out'])[1 + pg_temp.draw(4)], timestamptz '2022-01-01' + pg_temp.draw(500) * interval '1 day', 1, daterange(date '2020-01-01' + pg_temp.draw(500), NULL), v LIKE '1%'
	FROM generate_series(1, :parties) p, unnest(ARRAY['email', 'phone']) k, LATERAL (SELECT DISTINCT n || 'x' || pg_temp.draw(4) + 0 * p AS v FROM generate_series(1, 3) n) x;
INSERT INTO consent (party_id, purpose, channel_id, contact_point_id, status, valid, captured_at, my_ref, evidence)
	SELECT p, u, 1, coalesce((SELECT min(contact_point_id) FROM contact_point c WHERE c.party_id = p AND pg_temp.draw(2) = 0), 0), (ARRAY['granted', 'denied', 'withdrawn'])[1 + pg_temp.draw(3)],
		tstzrange(timestamptz '2020-01-01' + n * interval '1 year' + pg_temp.draw(300) * interval '1 day', timestamptz '2021-01-01' + n * interval '1 year'), timestamptz '2020-01-01' + pg_temp.draw(500) * interval '1 day', p || ' ' || n, '{"ip": "1.2.3.4"}'
	FROM generate_series(1, :parties) p, unnest(ARRAY['newsletter', 'offers']) u, generate_series(1, 2) n;
INSERT INTO party_relation (party_id, related_id, kind, valid, title)
	SELECT p, :parties + 1 + pg_temp.draw(2), 'member_of_household', daterange('2020-01-01', date '2022-01-01' + pg_temp.draw(900)), 't' || p FROM generate_series(1, :parties) p;
INSERT INTO party_relation (party_id, related_id, kind, valid, title)
	SELECT p, 1 + (p + pg_temp.draw(:parties - 1)) % :parties, 'spouse_of', daterange('2020-01-01', date '2022-01-01' + pg_temp.draw(900)), 's' || p FROM generate_series(1, :parties) p;
INSERT INTO party_attribute (party_id, attribute_id, item, num, txt, doc, source_id, collected_at)
	SELECT p, a, CASE WHEN a = 2 THEN n ELSE 0 END, CASE WHEN a = 1 THEN 1.50 END, CASE WHEN a = 2 THEN (ARRAY['golf', 'chess', 'tennis'])[1 + n] END, CASE WHEN a = 3 THEN '{"x": null}'::jsonb END, 1 + pg_temp.draw(2), timestamptz '2020-01-01' + pg_temp.draw(500) * interval '1 day'
	FROM generate_series(1, :parties) p, (VALUES (1, 0), (2, 0), (2, 1), (3, 0)) v (a, n) WHERE pg_temp.draw(4) > 0;
INSERT INTO contact_preference (party_id, channel_id, max_touches, per, paused) SELECT p, 1 + pg_temp.draw(2), pg_temp.draw(5), '1 month', (ARRAY[tstzrange('2020-01-01', '2020-02-01'), NULL])[1 + pg_temp.draw(2)] FROM generate_series(1, :parties) p;
INSERT INTO external_key (party_id, scheme, key_value) SELECT p, 'card', pg_temp.draw(4) FROM generate_series(1, :parties) p;
INSERT INTO loyalty_account (party_id, programme, card_no, points) SELECT p, 'club', pg_temp.draw(4), p FROM generate_series(1, :parties) p;
INSERT INTO sales_order (party_id, ordered_at, currency, amount, source_id, external_id, contact_party_id)
	SELECT p, timestamptz '2023-01-01' + pg_temp.draw(40) * interval '1 day', 'EUR', 10.25 + n, 1, 'o' || p || '.' || n, CASE WHEN n = 1 THEN 1 + pg_temp.draw(:parties) END FROM generate_series(1, :parties) p, generate_series(1, 3) n WHERE pg_temp.draw(4) > 0;
INSERT INTO sales_order_line (party_id, order_id, line_no, product_id, ordered_at, amount) SELECT party_id, order_id, l, 1, ordered_at, 5 FROM sales_order, generate_series(1, 2) l;
INSERT INTO my_notes SELECT p, p, 'note' FROM generate_series(1, :parties) p;
INSERT INTO my_locker SELECT p, NULLIF(p % 3, 0) FROM generate_series(1, :parties) p WHERE p % 2 = 0;
INSERT INTO my_vote SELECT pg_temp.draw(2), p, 'yes', timestamptz '2024-05-05 12:00' + pg_temp.draw(2) * interval '1 day' FROM generate_series(1, :parties) p;
INSERT INTO my_log SELECT p, b, '2024-01-02 03:04:05+06' FROM generate_series(1, :parties) p, unnest(ARRAY['twice', 'twice', 'once']) b;
INSERT INTO my_wish SELECT p, 10 * p + n, 1 + pg_temp.draw(:parties) FROM generate_series(1, :parties) p, generate_series(1, 2) n;
UPDATE party_profile SET traits = traits || jsonb_build_object('k' || pg_temp.draw(3), party_id), last_active_at = '2024-06-01' WHERE pg_temp.draw(2) = 0;
SELECT crmseg.refresh_profile('crm "split"') >= 0 AS refreshed;

-- all rows of the mart but the history of identities
CREATE FUNCTION pg_temp.everything() RETURNS TABLE (relation text, image jsonb) LANGUAGE plpgsql AS $$
DECLARE
	t regclass;
BEGIN
	FOR t IN SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'crm "split"' AND c.relkind = 'r'
			AND c.relname NOT IN ('party_change', 'party_judgement', 'party_merge', 'party_undo', 'match_pending') ORDER BY 1 LOOP
		RETURN QUERY EXECUTE format('SELECT %L::text, crmseg.row_image(t) %s FROM %s t', t, CASE t::text WHEN 'party_alias' THEN '- ''merge_id''' ELSE '' END, t);
	END LOOP;
END $$;
CREATE FUNCTION pg_temp.differences(was text) RETURNS TABLE (d text, relation text, image jsonb) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('(SELECT ''lost'', x.* FROM (TABLE pg_temp.%1$I EXCEPT ALL SELECT * FROM pg_temp.everything()) x) UNION ALL (SELECT ''new'', x.* FROM (SELECT * FROM pg_temp.everything() EXCEPT ALL TABLE pg_temp.%1$I) x)', was);
END $$;
CREATE TEMPORARY TABLE beginning AS SELECT * FROM pg_temp.everything();
SELECT count(DISTINCT relation) > 20 AS of_many_tables FROM beginning;

-- one merge and back
SELECT crmseg.merge_parties('crm "split"', 1, 2, 'told');
SELECT count(*) > 0 AS changed FROM pg_temp.differences('beginning');
SELECT crmseg.split_party('crm "split"', 2);
SELECT * FROM pg_temp.differences('beginning') ORDER BY 2, 1, 3;
SELECT kind, party_id, other_id, reason FROM party_change ORDER BY change_id DESC LIMIT 2;
SELECT left_id, right_id, verdict, reason FROM party_judgement;
-- several at once, and one of them back; then the others
SELECT crmseg.merge_party_lists('crm "split"', '{1,1,4}', '{2,3,5}', '{a,b,c}');
CREATE TEMPORARY TABLE three AS SELECT * FROM pg_temp.everything();
SELECT crmseg.split_party('crm "split"', 3), crmseg.merge_parties('crm "split"', 1, 3, 'b'), crmseg.split_party('crm "split"', 2), crmseg.split_party('crm "split"', 3), crmseg.split_party('crm "split"', 5);
SELECT * FROM pg_temp.differences('beginning') ORDER BY 2, 1, 3;
-- a chain: what was merged below comes back together
SELECT crmseg.merge_parties('crm "split"', 2, 3), crmseg.merge_parties('crm "split"', 1, 2), crmseg.merge_parties('crm "split"', 1, 4);
SELECT old_party_id, party_id, merged_into FROM party_alias ORDER BY 1;
SELECT crmseg.split_party('crm "split"', 2);
SELECT old_party_id, party_id, merged_into FROM party_alias ORDER BY 1;
SELECT crmseg.split_party('crm "split"', 3), crmseg.split_party('crm "split"', 4);
SELECT * FROM pg_temp.differences('beginning') ORDER BY 2, 1, 3;

-- a walk of merges and splits; each step that is taken back at once changes nothing, and the end is the beginning
SELECT set_config('crmseg_test.steps', :'steps', false) \g /dev/null
DO $$
DECLARE
	a bigint;
	b bigint;
	merges int := 0;
	splits int := 0;
	n bigint;
BEGIN
	FOR i IN 1 .. current_setting('crmseg_test.steps')::int LOOP
		IF random() < 0.6 THEN
			SELECT party_id INTO a FROM party WHERE kind = 'person' ORDER BY random() LIMIT 1;
			SELECT party_id INTO b FROM party WHERE kind = 'person' AND party_id <> a ORDER BY random() LIMIT 1;
			CONTINUE WHEN b IS NULL;
			IF random() < 0.3 THEN
				DROP TABLE IF EXISTS pg_temp.step;
				CREATE TEMPORARY TABLE step AS SELECT * FROM pg_temp.everything();
				PERFORM crmseg.split_party('crm "split"', crmseg.merge_parties('crm "split"', a, b));
				SELECT count(*) INTO n FROM pg_temp.differences('step');
				IF n > 0 THEN
					RAISE EXCEPTION 'step %: merging % into % and back leaves % differences', i, b, a, n USING DETAIL = (SELECT string_agg(d::text, E'\n') FROM pg_temp.differences('step') d);
				END IF;
			ELSE
				PERFORM crmseg.merge_parties('crm "split"', a, b);
				merges := merges + 1;
			END IF;
		ELSE
			SELECT old_party_id INTO a FROM party_alias ORDER BY random() LIMIT 1;
			CONTINUE WHEN a IS NULL;
			PERFORM crmseg.split_party('crm "split"', a);
			splits := splits + 1;
		END IF;
		IF EXISTS (SELECT FROM party_alias x JOIN party_alias y ON y.old_party_id = x.party_id) THEN
			RAISE EXCEPTION 'step %: an alias leads to an alias', i;
		END IF;
	END LOOP;
	LOOP
		SELECT old_party_id INTO a FROM party_alias ORDER BY random() LIMIT 1;
		EXIT WHEN a IS NULL;
		PERFORM crmseg.split_party('crm "split"', a);
	END LOOP;
END $$;
SELECT * FROM pg_temp.differences('beginning') ORDER BY 2, 1, 3;
SELECT count(*) FROM party_merge UNION ALL SELECT count(*) FROM party_undo;

-- what was written since stays; an address that bounced meanwhile goes back as it is now
SELECT crmseg.merge_parties('crm "split"', 1, 2);
UPDATE party SET given_name = 'Corrected', tier = 'gold' WHERE party_id = 1;
UPDATE contact_point SET label = 'seen since' WHERE party_id = 1;
INSERT INTO sales_order (party_id, ordered_at, currency, amount, source_id, external_id) VALUES (1, '2024-05-05', 'EUR', 99, 1, 'since');
SELECT crmseg.split_party('crm "split"', 2);
SELECT party_id, given_name, tier FROM party WHERE party_id < 3 ORDER BY 1;
SELECT party_id, count(*) FILTER (WHERE label = 'seen since') > 0 AS seen FROM contact_point WHERE party_id < 3 GROUP BY 1 ORDER BY 1;
SELECT party_id FROM sales_order WHERE external_id = 'since';
SELECT p.party_id, p.orders - (SELECT count(*) FROM counted_order o WHERE o.party_id = p.party_id AND o.is_purchase) AS off FROM party_profile p WHERE p.party_id < 3 ORDER BY 1;

-- what people decide
\set VERBOSITY terse
SELECT crmseg.keep_apart('crm "split"', 3, 4, 'father and son');
SELECT crmseg.keep_together('crm "split"', 4, 3);
SELECT crmseg.keep_apart('crm "split"', 3, 4);
SELECT left_id, right_id, verdict, reason FROM party_judgement WHERE (left_id, right_id) = (3, 4);
SELECT crmseg.split_party('crm "split"', 4, 'they are two');
SELECT left_id, right_id, verdict, reason FROM party_judgement WHERE (left_id, right_id) = (3, 4);
SELECT crmseg.split_party('crm "split"', 4);
SELECT crmseg.split_party('crm "split"', 4711);
SELECT crmseg.split_party('crm "split"', NULL);
SELECT crmseg.keep_apart('crm "split"', 1, 1);
SELECT crmseg.keep_apart('crm "split"', 1, NULL);
SELECT crmseg.keep_together('crm "split"', 1, 4711);
SELECT crmseg.merge_parties('crm "split"', 1, 2);
DELETE FROM party_undo;
SELECT crmseg.split_party('crm "split"', 2);
\set VERBOSITY default

-- resolve obeys: by e-mail 1 and 2 were one, by phone 2 and 3; a name alone joins nobody
SELECT crmseg.create_datamart('crm_judged', '{"time_zone": "UTC"}');
SET search_path = crm_judged;
INSERT INTO source (name) VALUES ('till');
INSERT INTO party (given_name, family_name) SELECT 'Ann', 'Roy' FROM generate_series(1, 4);
INSERT INTO source_record (party_id, source_id, external_id) SELECT p, 1, p FROM generate_series(1, 4) p;
INSERT INTO contact_point (party_id, kind, value, value_norm) VALUES (1, 'email', 'a@roy.fr', 'a@roy.fr'), (2, 'email', 'a@roy.fr', 'a@roy.fr'), (2, 'phone', '+331', '+331'), (3, 'phone', '+331', '+331'), (4, 'phone', '+331', '+331');
SELECT crmseg.keep_apart('crm_judged', 3, 1);
SELECT * FROM crmseg.resolve('crm_judged');
SELECT old_party_id, party_id, reason FROM party_alias ORDER BY 1;
SELECT crmseg.split_party('crm_judged', 4);
UPDATE source_record SET resolved_at = NULL;
SELECT * FROM crmseg.resolve('crm_judged');
SELECT crmseg.keep_together('crm_judged', 3, 2);
SELECT old_party_id, party_id, reason FROM party_alias ORDER BY 1;
SELECT kind, party_id, other_id, reason FROM party_change ORDER BY change_id;
-- a change of identity is followed by whoever reads the table from where it stopped; parties that go say so
INSERT INTO party (given_name) VALUES ('Eve');
DELETE FROM party WHERE given_name = 'Eve';
SELECT kind, party_id, other_id FROM party_change ORDER BY change_id DESC LIMIT 2;
RESET search_path;
DROP SCHEMA crm_judged, "crm ""split""" CASCADE;
