-- may we write, by which channel, whom: eligible, choose_channel, claim_audience, carts, lift, exposure, what sells along, what to ask
SET client_min_messages = warning;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
SELECT crmseg.create_datamart('dm', '{"time_zone": "Europe/Paris"}');
SET search_path = dm, public;
INSERT INTO source (name) VALUES ('till');
INSERT INTO party (party_id, given_name) SELECT i, 'P' || i FROM generate_series(1, 30) i;
SELECT setval(pg_get_serial_sequence('dm.party', 'party_id'), 100) IS NOT NULL AS ok;
INSERT INTO campaign (campaign_id, name, purpose, is_commercial, running, topic) VALUES (1, 'spring', 'newsletter', true, NULL, NULL), (2, 'receipts', 'service', false, NULL, NULL),
	(3, 'over', 'newsletter', true, '(,2026-01-01)', NULL), (4, 'golf', 'newsletter', true, NULL, 'golf'), (5, 'autumn', 'newsletter', true, NULL, NULL);
INSERT INTO contact_point (contact_point_id, party_id, kind, value, value_norm, is_primary, status) SELECT 100 + i, i, 'email', 'p' || i || '@x.fr', 'p' || i || '@x.fr', true, 'valid' FROM generate_series(1, 30) i WHERE i <> 3;
INSERT INTO consent (party_id, purpose, channel_id, status, valid, captured_at) SELECT i, 'newsletter', 1, 'granted', '[2024-01-01,)', '2024-01-01' FROM generate_series(1, 30) i WHERE i <> 4;

-- each reason
SELECT crmseg.suppress('dm', 'email', 'p5@x.fr', 'complaint');
UPDATE contact_point SET status = 'bounced' WHERE party_id = 6;
UPDATE party SET deceased_on = '2026-01-01' WHERE party_id = 7;
UPDATE party SET lifecycle = 'closed' WHERE party_id = 8;
INSERT INTO contact_preference (party_id, channel_id, max_touches, per, paused, quiet_hours, topics) VALUES
	(9, 1, NULL, NULL, '[2026-06-01,2026-07-01)', NULL, NULL), (10, 1, NULL, NULL, NULL, '[22,31)', NULL), (11, 1, 0, NULL, NULL, NULL, NULL), (12, 1, 2, '7 days', NULL, NULL, NULL), (13, 1, NULL, '7 days', NULL, NULL, NULL),
	(14, 0, 1, '7 days', NULL, NULL, NULL), (15, 1, NULL, NULL, NULL, NULL, '{tennis,golf}'), (16, 1, NULL, NULL, NULL, NULL, '{tennis}');
INSERT INTO interaction (party_id, occurred_at, channel_id, is_solicitation, status, direction) VALUES (12, '2026-06-14', 1, true, 'sent', 'o'), (12, '2026-06-13', 1, true, 'sent', 'o'), (12, '2026-06-13', 1, true, 'failed', 'o'),
	(13, '2026-06-14', 1, true, 'sent', 'o'), (14, '2026-06-14', 3, true, 'sent', 'o'), (20, '2026-06-14', 1, true, 'sent', 'o');
INSERT INTO campaign_target (party_id, campaign_id, channel_id, is_control, state) VALUES (17, 1, 1, false, 'sent'), (18, 1, 2, true, 'claimed'), (19, 1, 1, false, 'cancelled');
SELECT crmseg.restrict_party('dm', 21);
SELECT p.party_id, e.* FROM party p CROSS JOIN LATERAL crmseg.eligible('dm', p.party_id, 'email', 1, '2026-06-15 21:30') e WHERE p.party_id <= 22 ORDER BY 1;
SELECT e.* FROM crmseg.eligible('dm', 1, 'email', 3, '2026-06-15') e;
SELECT e.* FROM crmseg.eligible('dm', 999, 'email', 1) e;
SELECT e.* FROM crmseg.eligible('dm', 1, 'store', 1) e;
SELECT p, e.* FROM unnest(ARRAY[15, 16]) p, crmseg.eligible('dm', p, 'email', 4, '2026-06-15') e;
-- quiet from ten in the evening to seven, in Paris; the pause and the cap end
SELECT at, (crmseg.eligible('dm', 10, 'email', 1, at)).reason FROM unnest('{2026-06-15 19:59+00,2026-06-15 20:00+00,2026-06-16 04:59+00,2026-06-16 05:00+00,2026-12-15 20:59+00,2026-12-15 21:00+00}'::timestamptz[]) at;
SELECT at, (crmseg.eligible('dm', 9, 'email', 1, at)).reason AS nine, (crmseg.eligible('dm', 12, 'email', 1, at)).reason AS twelve FROM unnest('{2026-06-30 23:59:59+00,2026-07-01 00:00+00,2026-06-20 00:00+00,2026-06-19 23:59+00}'::timestamptz[]) at;
-- a transactional message needs no consent and knows no cap, pause or quiet hours; suppression, bounces, death and refusals hold
SELECT p.party_id, e.reason FROM party p CROSS JOIN LATERAL crmseg.eligible('dm', p.party_id, 'email', 2, '2026-06-15 21:30') e WHERE p.party_id <= 22 AND NOT e.ok ORDER BY 1;
SELECT crmseg.set_consent('dm', 1, 'service', 'email', 'denied');
SELECT e.* FROM crmseg.eligible('dm', 1, 'email', 2) e;
-- caps of the house: by channel and over all; NULL no rule, 0 never; what a party wishes goes first
UPDATE channel SET max_touches = 1, per = '7 days' WHERE name = 'email';
SELECT p, (crmseg.eligible('dm', p, 'email', 1, '2026-06-15')).reason FROM unnest('{2,12,13,20}'::bigint[]) p;
UPDATE channel SET max_touches = 0 WHERE name = 'email';
SELECT p, (crmseg.eligible('dm', p, 'email', 1, '2026-06-25')).reason FROM unnest('{2,12,13,20}'::bigint[]) p;
UPDATE channel SET max_touches = NULL WHERE name = 'email';
SELECT crmseg.set_datamart('dm', '{"max_touches": 1}');
SELECT p, (crmseg.eligible('dm', p, 'email', 1, '2026-06-25')).reason FROM unnest('{2,12,13,20}'::bigint[]) p;
SELECT crmseg.set_datamart('dm', '{"max_touches": null}');
\set VERBOSITY terse
SELECT crmseg.eligible('dm', 1, 'pigeon', 1);
SELECT crmseg.eligible('dm', 1, 'email', 99);
SELECT crmseg.eligible('nowhere', 1, 'email', 1);
SELECT crmseg.eligible(NULL, 1, 'email', 1) IS NULL AS strict;
\set VERBOSITY default
-- a withdrawn consent holds in the very next query, in the same transaction and past a savepoint
BEGIN;
SELECT ok FROM crmseg.eligible('dm', 2, 'email', 1);
SAVEPOINT s;
SELECT crmseg.set_consent('dm', 2, 'newsletter', 'email', 'withdrawn');
SELECT ok, reason FROM crmseg.eligible('dm', 2, 'email', 1, clock_timestamp());
SELECT count(*) AS reachable FROM reachable WHERE party_id = 2;
ROLLBACK TO s;
SELECT ok FROM crmseg.eligible('dm', 2, 'email', 1);
ROLLBACK;
-- which consent was in force when the message left
SELECT crmseg.set_consent('dm', 22, 'newsletter', 'email', 'withdrawn', '2026-03-01');
INSERT INTO interaction (party_id, interaction_id, occurred_at, channel_id, campaign_id) VALUES (22, 1001, '2026-02-28 23:59:59', 1, 1), (22, 1002, '2026-03-01', 1, 1), (4, 1003, '2026-03-01', 1, 1);
SELECT interaction_id, purpose, status, valid FROM message_consent WHERE interaction_id > 1000 ORDER BY 1;
-- an old id stands for the party it leads to
SELECT crmseg.merge_parties('dm', 23, 24);
SELECT ok FROM crmseg.eligible('dm', 24, 'email', 1);

-- against an answer that is slow and made otherwise, on random data (seed 11)
SELECT crmseg.create_datamart('dr', '{"time_zone": "Europe/Paris"}');
SET search_path = dr, public;
-- touches lie in several partitions
SELECT crmseg.make_partitions('dr', 1, '2026-05-01') \g /dev/null
SELECT setseed(0.11);
INSERT INTO campaign (campaign_id, name, purpose, is_commercial, topic) VALUES (1, 'a', 'newsletter', true, 'golf'), (2, 'b', 'service', false, NULL), (3, 'c', 'newsletter', true, NULL);
UPDATE channel SET max_touches = 3, per = '10 days' WHERE name = 'sms';
SELECT crmseg.set_datamart('dr', '{"max_touches": 6, "max_touches_per": "20 days"}');
INSERT INTO party (party_id, lifecycle, deceased_on, restricted_at) SELECT i * 3, CASE WHEN random() < 0.03 THEN 'closed' ELSE 'customer' END, CASE WHEN random() < 0.03 THEN date '2020-01-01' END, CASE WHEN random() < 0.03 THEN now() END FROM generate_series(1, 1500) i;
INSERT INTO contact_point (party_id, kind, value, value_norm, is_primary, status, valid)
	SELECT p.party_id, k.kind, p.party_id || k.kind || n, p.party_id || k.kind || n, n = 2 AND random() < 0.5, (ARRAY['valid', 'valid', 'unverified', 'bounced', 'invalid', 'opted_out'])[1 + (random() * 5)::int], CASE WHEN random() < 0.1 THEN '(,2025-01-01)' ELSE '(,)' END::daterange
	FROM party p, (VALUES ('email'), ('phone'), ('postal')) k (kind), generate_series(1, 3) n WHERE random() < 0.5;
INSERT INTO consent (party_id, purpose, channel_id, contact_point_id, status, valid, captured_at)
	SELECT p.party_id, u.purpose, h.channel_id, coalesce((SELECT min(c.contact_point_id) FROM contact_point c WHERE c.party_id = p.party_id AND c.kind = h.contact_kind AND n = 1), 0), (ARRAY['granted', 'granted', 'granted', 'denied', 'withdrawn'])[1 + (random() * 4)::int],
		CASE WHEN random() < 0.2 THEN '[2024-01-01,2025-01-01)' ELSE '[2025-01-01,)' END::tstzrange, '2025-01-01'
	FROM party p, (VALUES ('newsletter'), ('service')) u (purpose), channel h, generate_series(0, 1) n WHERE h.can_solicit AND random() < 0.35 ON CONFLICT DO NOTHING;
INSERT INTO suppression (kind, value_hash, reason) SELECT c.kind, crmseg.suppression_digest(k.key, c.value_norm), 'x' FROM contact_point c, suppression_key k WHERE random() < 0.1;
INSERT INTO contact_preference (party_id, channel_id, max_touches, per, paused, quiet_hours, topics)
	SELECT p.party_id, h.channel_id, CASE WHEN random() < 0.5 THEN (random() * 3)::int END, CASE WHEN random() < 0.5 THEN '5 days'::interval END, CASE WHEN random() < 0.1 THEN '[2026-06-01,)'::tstzrange END,
		CASE WHEN random() < 0.1 THEN '[20,33)'::int4range WHEN random() < 0.1 THEN '[12,14)' END, CASE WHEN random() < 0.1 THEN '{tennis}'::text[] END
	FROM party p, channel h WHERE h.channel_id <= 4 AND random() < 0.2;
INSERT INTO interaction (party_id, occurred_at, channel_id, is_solicitation, status, direction, campaign_id)
	SELECT 3 * (1 + (random() * 1499)::int), timestamptz '2026-06-15' - random() * interval '40 days' + interval '1 day', 1 + (random() * 3)::int, random() < 0.9, CASE WHEN random() < 0.1 THEN 'failed' ELSE 'sent' END, CASE WHEN random() < 0.1 THEN 'i' ELSE 'o' END, 1 + (random() * 2)::int FROM generate_series(1, 8000);
INSERT INTO campaign_target (party_id, campaign_id, channel_id, is_control, state, claimed_at)
	SELECT p.party_id, g, h, random() < 0.2, (ARRAY['claimed', 'sent', 'cancelled'])[1 + (random() * 2)::int], timestamptz '2026-06-14' - random() * interval '15 days' FROM party p, generate_series(1, 3) g, generate_series(1, 4) h WHERE random() < 0.05;
CREATE FUNCTION slow_touches(who bigint, chan smallint, since timestamptz, at timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT (SELECT count(*) FROM interaction i WHERE i.party_id = who AND (chan IS NULL OR i.channel_id = chan) AND i.occurred_at > since AND i.occurred_at <= at AND i.is_solicitation AND i.direction = 'o' AND i.status = 'sent')
		+ (SELECT count(*) FROM campaign_target t JOIN campaign USING (campaign_id) WHERE t.party_id = who AND (chan IS NULL OR t.channel_id = chan) AND t.claimed_at > since AND t.claimed_at <= at AND t.state = 'claimed' AND NOT t.is_control AND is_commercial
			AND (SELECT count(*) FROM interaction i WHERE i.party_id = who AND i.channel_id = t.channel_id AND i.campaign_id = t.campaign_id AND i.occurred_at >= t.claimed_at AND i.occurred_at > since) = 0) $$;
CREATE FUNCTION slow_reason(who bigint, chan text, camp integer, at timestamptz) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
	p party; g campaign; h channel; good bigint[]; best bigint; allowed bigint[]; f contact_preference; o contact_preference;
	hour int := extract(hour FROM at AT TIME ZONE 'Europe/Paris');
BEGIN
	SELECT * INTO p FROM party WHERE party_id = who; SELECT * INTO g FROM campaign WHERE campaign_id = camp; SELECT * INTO h FROM channel WHERE name = chan;
	SELECT * INTO f FROM contact_preference WHERE party_id = who AND channel_id = h.channel_id; SELECT * INTO o FROM contact_preference WHERE party_id = who AND channel_id = 0;
	IF p.lifecycle = 'closed' THEN RETURN 'closed'; END IF;
	IF p.deceased_on IS NOT NULL THEN RETURN 'deceased'; END IF;
	IF p.restricted_at IS NOT NULL THEN RETURN 'restricted'; END IF;
	IF NOT EXISTS (SELECT FROM contact_point c WHERE c.party_id = who AND c.kind = h.contact_kind) THEN RETURN 'no_address'; END IF;
	good := ARRAY(SELECT contact_point_id FROM contact_point c WHERE c.party_id = who AND c.kind = h.contact_kind AND c.status = ANY ('{valid,unverified}') AND c.valid @> (at AT TIME ZONE 'Europe/Paris')::date ORDER BY is_primary DESC, contact_point_id);
	IF good = '{}' THEN
		RETURN CASE WHEN EXISTS (SELECT FROM contact_point c WHERE c.party_id = who AND c.kind = h.contact_kind AND c.status = 'bounced') THEN 'bounced'
			WHEN EXISTS (SELECT FROM contact_point c WHERE c.party_id = who AND c.kind = h.contact_kind AND c.status = 'opted_out') THEN 'no_consent' ELSE 'no_address' END;
	END IF;
	best := good[1];
	allowed := ARRAY(SELECT x FROM unnest(good) x
		WHERE NOT EXISTS (SELECT FROM consent c WHERE c.party_id = who AND c.purpose = g.purpose AND c.channel_id = h.channel_id AND c.valid @> at AND c.status <> 'granted' AND c.contact_point_id IN (0, x))
			AND (EXISTS (SELECT FROM consent c WHERE c.party_id = who AND c.purpose = g.purpose AND c.channel_id = h.channel_id AND c.valid @> at AND c.status = 'granted' AND c.contact_point_id = x)
				OR (x = best AND (NOT h.needs_opt_in OR NOT g.is_commercial OR EXISTS (SELECT FROM consent c WHERE c.party_id = who AND c.purpose = g.purpose AND c.channel_id = h.channel_id AND c.valid @> at AND c.status = 'granted' AND c.contact_point_id = 0)))));
	IF allowed = '{}' THEN RETURN 'no_consent'; END IF;
	IF NOT EXISTS (SELECT FROM contact_point c, suppression_key k WHERE c.contact_point_id = ANY (allowed) AND (c.kind, crmseg.suppression_digest(k.key, c.value_norm)) NOT IN (SELECT s.kind, s.value_hash FROM suppression s)) THEN RETURN 'suppressed'; END IF;
	IF EXISTS (SELECT FROM campaign_target t WHERE t.party_id = who AND t.campaign_id = camp AND t.state IN ('claimed', 'sent') AND (t.is_control OR t.channel_id = h.channel_id)) THEN RETURN 'already_claimed'; END IF;
	IF NOT g.is_commercial THEN RETURN NULL; END IF;
	IF NOT coalesce(g.topic, 'x') = ANY (coalesce(f.topics, ARRAY[coalesce(g.topic, 'x')])) AND g.topic IS NOT NULL THEN RETURN 'no_consent'; END IF;
	IF NOT coalesce(g.topic, 'x') = ANY (coalesce(o.topics, ARRAY[coalesce(g.topic, 'x')])) AND g.topic IS NOT NULL THEN RETURN 'no_consent'; END IF;
	IF f.paused @> at OR o.paused @> at THEN RETURN 'paused'; END IF;
	IF hour <@ f.quiet_hours OR hour + 24 <@ f.quiet_hours OR hour <@ o.quiet_hours OR hour + 24 <@ o.quiet_hours THEN RETURN 'quiet_hours'; END IF;
	IF coalesce(f.max_touches, h.max_touches) <= slow_touches(who, h.channel_id, at - coalesce(f.per, h.per, '30 days'), at) THEN RETURN 'over_cap'; END IF;
	IF coalesce(o.max_touches, 6) <= slow_touches(who, NULL, at - coalesce(o.per, '20 days'), at) THEN RETURN 'over_cap'; END IF;
	RETURN NULL;
END $$;
CREATE TEMPORARY TABLE asked AS SELECT p.party_id, h.name AS channel, g.campaign_id, t.at FROM party p, channel h, campaign g, (VALUES ('2026-06-15 11:00+00'::timestamptz), ('2026-06-14 20:30+00'), ('2026-06-15 00:00+00')) t (at)
	WHERE h.name IN ('email', 'sms', 'post', 'phone') AND p.party_id % CASE WHEN current_setting('crmseg_test.light', true) = 'on' THEN 999 ELSE 90 END = 0;
ANALYZE;
SELECT count(*) = 0 AS all_agree FROM (
	SELECT a.*, e.reason, slow_reason(a.party_id, a.channel, a.campaign_id, a.at) AS slow FROM asked a CROSS JOIN LATERAL crmseg.eligible('dr', a.party_id, a.channel, a.campaign_id, a.at) e) x
WHERE x.reason IS DISTINCT FROM x.slow;
-- every reason was met, and blocks answer as one by one
SELECT count(DISTINCT e.reason) AS reasons FROM party p, (VALUES ('email'), ('sms'), ('post')) h (name), (VALUES ('2026-06-15 11:00+00'::timestamptz), ('2026-06-14 20:30+00')) t (at), crmseg.eligible('dr', p.party_id, h.name, 1, t.at) e;
DO $$
DECLARE
	a record;
	one text;
BEGIN
	FOR a IN SELECT p.party_id, e.reason, e.contact_point_id FROM party p, crmseg.eligible_point('dr', p.party_id, 'email', 3, '2026-06-15 11:00+00') e LOOP
		SELECT e.reason || coalesce(e.contact_point_id::text, '') INTO one FROM crmseg.eligible_point('dr', a.party_id, 'email', 3, '2026-06-15 11:00+00') e;
		IF one IS DISTINCT FROM a.reason || coalesce(a.contact_point_id::text, '') THEN RAISE 'party %: % %', a.party_id, one, a.reason; END IF;
	END LOOP;
END $$;
-- parties far apart are asked by one query that stays begun: every channel, campaign and hour, against one statement for each
SELECT count(*) > 100 AS many, count(*) FILTER (WHERE one IS DISTINCT FROM many) AS differ FROM (
	SELECT e.reason || e.contact_point_id AS many, (SELECT o.reason || o.contact_point_id FROM (VALUES (p.party_id)) v (id), crmseg.eligible_point('dr', v.id, 'email', 1, '2026-06-14 20:30+00') o) AS one
	FROM (SELECT p.party_id FROM party p WHERE p.party_id % 33 = 0 ORDER BY p.party_id) p, crmseg.eligible_point('dr', p.party_id, 'email', 1, '2026-06-14 20:30+00') e) x;
SELECT c.name, count(*) FILTER (WHERE e.reason IS DISTINCT FROM slow_reason(p.party_id, c.name, 3, '2026-06-15 11:00+00')) AS differ
FROM (VALUES ('email'), ('sms'), ('post')) c (name), LATERAL (SELECT party_id FROM party p WHERE p.party_id % CASE WHEN current_setting('crmseg_test.light', true) = 'on' THEN 513 ELSE 57 END = 0 ORDER BY party_id OFFSET 0) p, crmseg.eligible('dr', p.party_id, c.name, 3, '2026-06-15 11:00+00') e
GROUP BY 1 ORDER BY 1;
-- one statement that asks for channels, campaigns and instants in turn, for parties in no order, some twice or unknown: against statements of one question (seed 0.12)
SELECT setseed(0.12);
CREATE TEMPORARY TABLE question AS SELECT n, 3 * (random() * 1510)::int::bigint AS party, (ARRAY['email', 'sms', 'post', 'phone', 'email'])[1 + (random() * 4)::int] AS channel, 1 + (random() * 2)::int::bigint AS campaign,
		timestamptz '2026-06-15 11:00+00' - CASE WHEN n % 3 = 0 THEN random() * interval '60 days' WHEN n % 3 = 1 THEN (n % 7) * interval '7 hours' ELSE '0' END AS at
	FROM generate_series(1, CASE WHEN current_setting('crmseg_test.light', true) = 'on' THEN 300 ELSE 2000 END) n;
INSERT INTO question SELECT q.n + 10000, q.party, q.channel, q.campaign, q.at FROM question q WHERE q.n % 5 = 0;
INSERT INTO question SELECT 20000 + row_number() OVER (ORDER BY t, i), party, 'sms', 1, t FROM unnest(ARRAY[0, 4503, 0, 3, -1]) WITH ORDINALITY p (party, i), unnest('{infinity,-infinity,2026-06-15 11:00+00}'::timestamptz[]) t;
CREATE TEMPORARY TABLE answer (n int, reason text);
DO $$
DECLARE
	q question;
BEGIN
	FOR q IN SELECT * FROM question LOOP
		INSERT INTO answer SELECT q.n, e.reason FROM crmseg.eligible('dr', q.party, q.channel, q.campaign, q.at) e;
	END LOOP;
END $$;
SELECT count(*) > 300 AS many, count(DISTINCT a.reason) > 9 AS all_sorts, count(*) FILTER (WHERE e.reason IS DISTINCT FROM a.reason OR e.ok IS DISTINCT FROM (a.reason IS NULL)) AS differ
FROM question q JOIN answer a USING (n), crmseg.eligible('dr', q.party, q.channel, q.campaign, q.at) e;
-- in the list of columns, as a condition, in a query within the query, as an expression of PL/pgSQL, after which tables may change
SELECT count(*) FILTER (WHERE x.reason IS DISTINCT FROM a.reason OR x.ok IS DISTINCT FROM (a.reason IS NULL)) AS differ
FROM (SELECT q.n, (crmseg.eligible('dr', q.party, q.channel, q.campaign, q.at)).* FROM question q OFFSET 0) x JOIN answer a USING (n);
SELECT count(*) FILTER (WHERE a.reason IS NULL) = (SELECT count(*) FROM question q WHERE (crmseg.eligible('dr', q.party, q.channel, q.campaign, q.at)).ok) AS same FROM answer a JOIN question USING (n);
SELECT count(*) FILTER (WHERE a.reason IS DISTINCT FROM (SELECT (crmseg.eligible('dr', q.party, q.channel, q.campaign, q.at)).reason)) AS differ FROM question q JOIN answer a USING (n);
BEGIN;
DO $$
DECLARE
	q record;
	differ int := 0;
BEGIN
	FOR q IN SELECT x.*, a.reason FROM question x JOIN answer a USING (n) WHERE x.n % 10 = 1 LOOP
		IF (crmseg.eligible('dr', q.party, q.channel, q.campaign, q.at)).reason IS DISTINCT FROM q.reason THEN differ := differ + 1; END IF;
	END LOOP;
	IF differ > 0 THEN RAISE '% differ', differ; END IF;
	ALTER TABLE campaign_target ADD COLUMN note text;
END $$;
ALTER TABLE interaction ADD COLUMN note text;
ROLLBACK;
-- in parallel workers, where there are any
CREATE TABLE asked_row AS SELECT q.* FROM question q;
ANALYZE asked_row;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
ALTER TABLE asked_row SET (parallel_workers = 2);
SELECT count(*) FILTER (WHERE x.reason IS DISTINCT FROM a.reason) AS differ FROM (SELECT q.n, (crmseg.eligible('dr', q.party, q.channel, q.campaign, q.at)).reason FROM asked_row q OFFSET 0) x JOIN answer a USING (n);
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
DROP TABLE asked_row;
-- cursors that go on after the savepoint in which they were begun
BEGIN;
DECLARE c CURSOR FOR SELECT p.party_id, e.reason FROM (SELECT p.party_id FROM party p WHERE p.party_id % 90 = 0 ORDER BY 1 OFFSET 0) p, crmseg.eligible('dr', p.party_id, 'email', 1, '2026-06-15 11:00+00') e;
DECLARE d CURSOR FOR SELECT p.party_id, (crmseg.eligible('dr', p.party_id, 'email', 1, '2026-06-15 11:00+00')).reason FROM (SELECT p.party_id FROM party p WHERE p.party_id % 90 = 0 ORDER BY 1 OFFSET 0) p;
DECLARE k CURSOR FOR SELECT p.party_id, e.channel FROM (SELECT p.party_id FROM party p WHERE p.party_id % 90 = 0 ORDER BY 1 OFFSET 0) p, crmseg.choose_channel('dr', p.party_id, 1, '2026-06-15 11:00+00') e;
SAVEPOINT s;
MOVE 12 IN c;
MOVE 12 IN d;
MOVE 12 IN k;
ROLLBACK TO s;
FETCH 3 FROM c;
FETCH 3 FROM d;
FETCH 3 FROM k;
CLOSE c;
ROLLBACK;
-- an error in the middle, a savepoint, a change of the tables in the same transaction; nothing is left begun
BEGIN;
SAVEPOINT s;
SELECT count(1 / (p.party_id - 3600)) FROM (SELECT p.party_id FROM party p WHERE p.party_id % 90 = 0 ORDER BY 1 OFFSET 0) p, crmseg.eligible('dr', p.party_id, 'email', 1) e WHERE (1 / (p.party_id - 3600)) IS NOT NULL OR e.ok;
ROLLBACK TO s;
DO $$
BEGIN
	PERFORM count(1 / (p.party_id - 3600 + 0 * e.ok::int)) FROM (SELECT p.party_id FROM party p WHERE p.party_id % 90 = 0 ORDER BY 1 OFFSET 0) p, crmseg.eligible('dr', p.party_id, 'email', 1) e;
EXCEPTION WHEN division_by_zero THEN
	RAISE NOTICE 'caught';
END $$;
SELECT count(e.ok) > 10 AS asked FROM (SELECT p.party_id FROM party p WHERE p.party_id % 90 = 0 ORDER BY 1 OFFSET 0) p, crmseg.eligible('dr', p.party_id, 'email', 1) e;
SELECT count(*) FROM pg_cursors;
ALTER TABLE consent ADD COLUMN note text;
UPDATE consent SET status = 'withdrawn' WHERE upper_inf(valid);
SELECT count(*) FILTER (WHERE e.ok) AS ok FROM (SELECT p.party_id FROM party p WHERE p.party_id % 90 = 0 ORDER BY 1 OFFSET 0) p, crmseg.eligible('dr', p.party_id, 'email', 1) e;
-- a view that adds up, in the place of a table
ALTER TABLE contact_preference RENAME TO wish;
CREATE VIEW contact_preference AS SELECT party_id, channel_id, min(max_touches) AS max_touches, min(per) AS per, (array_agg(paused))[1] AS paused, (array_agg(quiet_hours))[1] AS quiet_hours, min(time_zone) AS time_zone, (SELECT w.topics FROM wish w WHERE w.party_id = x.party_id AND w.channel_id = x.channel_id) AS topics FROM wish x GROUP BY 1, 2;
UPDATE consent SET status = 'granted';
SELECT count(*) > 100 AS many, count(*) FILTER (WHERE one IS DISTINCT FROM many) AS differ, count(*) FILTER (WHERE many = 'over_cap') > 0 AS capped FROM (
	SELECT e.reason AS many, (SELECT o.reason FROM (VALUES (p.party_id)) v (id), crmseg.eligible_point('dr', v.id, 'email', 1, '2026-06-14 10:30+00') o) AS one
	FROM (SELECT p.party_id FROM party p WHERE p.party_id % 33 = 0 ORDER BY p.party_id) p, crmseg.eligible_point('dr', p.party_id, 'email', 1, '2026-06-14 10:30+00') e) x;
ROLLBACK;
-- quiet from ten in the evening to seven where the party lives: in New York on the day the clocks go forward, else in Paris
BEGIN;
INSERT INTO party (party_id) VALUES (9001), (9002);
INSERT INTO contact_point (party_id, kind, value, value_norm, is_primary) SELECT i, 'email', 'q' || i, 'q' || i, true FROM generate_series(9001, 9002) i;
INSERT INTO consent (party_id, purpose, channel_id, status, valid, captured_at) SELECT i, 'newsletter', 1, 'granted', '[2024-01-01,)', '2024-01-01' FROM generate_series(9001, 9002) i;
INSERT INTO contact_preference (party_id, channel_id, quiet_hours, time_zone) VALUES (9001, 1, '[22,31)', 'America/New_York'), (9002, 1, '[22,31)', NULL);
SELECT at, (crmseg.eligible('dr', 9001, 'email', 3, at)).reason AS new_york, (crmseg.eligible('dr', 9002, 'email', 3, at)).reason AS paris
FROM unnest('{2026-03-07 11:59+00,2026-03-07 12:00+00,2026-03-08 02:59+00,2026-03-08 03:00+00,2026-03-08 10:59+00,2026-03-08 11:00+00,2026-03-09 01:59+00,2026-03-09 02:00+00}'::timestamptz[]) at;
\set VERBOSITY terse
INSERT INTO contact_preference (party_id, channel_id, time_zone) VALUES (9001, 2, 'Middle/Earth');
\set VERBOSITY default
ROLLBACK;
-- whoever is reachable is eligible for a campaign without any rule of pressure, hours or topics, and the other way round
DELETE FROM campaign_target;
DELETE FROM contact_preference WHERE channel_id = 0;
UPDATE contact_preference SET quiet_hours = NULL, topics = NULL, max_touches = nullif(max_touches, greatest(max_touches, 1));
UPDATE channel SET max_touches = NULL;
SELECT crmseg.set_datamart('dr', '{"max_touches": null}');
SELECT count(*) AS differ, (SELECT count(*) > 100 FROM reachable WHERE purpose = 'newsletter') AS enough
FROM (SELECT p.party_id, h.name, r.channel IS NOT NULL AS reachable, e.ok FROM party p CROSS JOIN (VALUES ('email'), ('sms')) h (name)
	LEFT JOIN (SELECT DISTINCT party_id, channel FROM reachable WHERE purpose = 'newsletter') r ON r.party_id = p.party_id AND r.channel = h.name
	CROSS JOIN LATERAL crmseg.eligible('dr', p.party_id, h.name, 3) e) x WHERE x.reachable <> x.ok;
DROP TABLE asked;
SET search_path = dm, public;
DROP SCHEMA dr CASCADE;

-- the best channel: decayed reactions, drawn to those of parties alike
DELETE FROM interaction;
UPDATE channel SET unit_cost = CASE name WHEN 'email' THEN 0.01 WHEN 'sms' THEN 0.10 WHEN 'post' THEN 1 END;
INSERT INTO party (party_id, given_name) SELECT i, 'Q' || i FROM generate_series(200, 260) i;
INSERT INTO contact_point (party_id, kind, value, value_norm, is_primary, status) SELECT p.party_id, k, p.party_id || k, p.party_id || k, true, 'valid' FROM party p, unnest('{email,phone,postal}'::text[]) k WHERE p.party_id >= 200;
INSERT INTO consent (party_id, purpose, channel_id, status, valid, captured_at) SELECT p.party_id, 'newsletter', c, 'granted', '[2024-01-01,)', '2024-01-01' FROM party p, generate_series(1, 2) c WHERE p.party_id >= 200;
-- on the whole sms gets 1 in 5, e-mail 1 in 10, letters 1 in 20
INSERT INTO interaction (party_id, interaction_id, occurred_at, channel_id) SELECT 200 + i % 50, 5000 + i * 10 + c, now() - interval '10 days', c FROM generate_series(1, 1000) i, generate_series(1, 3) c;
INSERT INTO reaction (party_id, interaction_id, interaction_at, occurred_at, channel_id, kind) SELECT i.party_id, i.interaction_id, i.occurred_at, i.occurred_at, i.channel_id, 'click' FROM interaction i WHERE (i.interaction_id / 10 - 500) % CASE i.channel_id WHEN 1 THEN 10 WHEN 2 THEN 5 ELSE 20 END = 0;
-- 250 answers letters only, long ago it was e-mail; 251 is new, 252 prefers e-mail, 253 has withdrawn sms
INSERT INTO interaction (party_id, interaction_id, occurred_at, channel_id) SELECT 250, 20000 + i, now() - interval '30 days', 3 FROM generate_series(1, 60) i UNION ALL SELECT 250, 21000 + i, now() - interval '4 years', 1 FROM generate_series(1, 60) i;
INSERT INTO reaction (party_id, interaction_id, interaction_at, occurred_at, channel_id, kind) SELECT i.party_id, i.interaction_id, i.occurred_at, i.occurred_at + interval '1 hour', i.channel_id, 'reply' FROM interaction i WHERE i.party_id = 250;
INSERT INTO contact_preference (party_id, channel_id, is_preferred) VALUES (252, 1, true);
SELECT crmseg.set_consent('dm', 253, 'newsletter', 'sms', 'withdrawn');
SELECT crmseg.refresh_priors('dm') AS priors;
SELECT channel_id, lifecycle, round(rate::numeric, 2) AS rate, strength BETWEEN 2 AND 1000 AS sane, parties FROM channel_prior WHERE lifecycle IS NULL ORDER BY 1;
SELECT p, c.channel, round(c.score::numeric, 1) AS score, c.reason FROM generate_series(250, 253) p, crmseg.choose_channel('dm', p, 1, now()) c ORDER BY 1;
-- choose_channel against the same in one statement of plain SQL, for parties with and without history, wishes, consents and for none
CREATE FUNCTION pg_temp.slow_choice(mart name, party bigint, campaign bigint, at timestamptz DEFAULT now(), OUT channel text, OUT score float8, OUT reason text)
	LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := crmseg.require_datamart(mart);
	who bigint := coalesce(crmseg.party_of(mart, party), party);
	value numeric;
	best record;
BEGIN
	EXECUTE format('SELECT g.response_value FROM %s.campaign g WHERE g.campaign_id = $1', m) INTO value USING campaign;
	EXECUTE format('
		WITH w AS (SELECT greatest(crmseg.decay_weight($3, d.half_life_days), 1) AS weight FROM %1$s.datamart d),
		prior AS (
			SELECT p.channel_id, p.lifecycle, p.is_professional, p.rate, p.strength FROM %1$s.channel_prior p
			UNION ALL SELECT p.channel_id, p.lifecycle, p.is_professional, p.rate, p.strength FROM crmseg.channel_priors($4) p WHERE NOT EXISTS (SELECT FROM %1$s.channel_prior)),
		c AS (
			SELECT h.name, h.channel_id, h.unit_cost, e.ok, e.reason, coalesce(f.is_preferred, false) AS is_preferred,
				((least(coalesce(k.response_w, 0), coalesce(k.touch_w, 0)) / w.weight)::float8 + coalesce(p.strength * p.rate, b.strength * b.rate, 1))
					/ ((coalesce(k.touch_w, 0) / w.weight)::float8 + coalesce(p.strength, b.strength, 20)) AS rate,
				coalesce(k.touches, 0) AS touches
			FROM %1$s.channel h CROSS JOIN w LEFT JOIN %1$s.party y ON y.party_id = $1
			CROSS JOIN LATERAL crmseg.eligible($4, $1, h.name, $2, $3) e
			LEFT JOIN %1$s.party_channel k ON k.party_id = $1 AND k.channel_id = h.channel_id
			LEFT JOIN prior p ON p.channel_id = h.channel_id AND p.lifecycle = y.lifecycle AND p.is_professional = y.is_professional
			LEFT JOIN prior b ON b.channel_id = h.channel_id AND b.lifecycle IS NULL
			LEFT JOIN %1$s.contact_preference f ON f.party_id = $1 AND f.channel_id = h.channel_id
			WHERE h.can_solicit),
		s AS (SELECT c.*, CASE WHEN $5 IS NULL THEN c.rate ELSE c.rate * $5 - coalesce(c.unit_cost, 0)::float8 END AS score FROM c)
		SELECT (array_agg(s.name ORDER BY s.is_preferred DESC, s.score DESC, s.unit_cost, s.channel_id) FILTER (WHERE s.ok))[1] AS name,
			(array_agg(s.score ORDER BY s.is_preferred DESC, s.score DESC, s.unit_cost, s.channel_id) FILTER (WHERE s.ok))[1] AS score,
			(array_agg(CASE WHEN s.is_preferred THEN ''preferred by the party'' WHEN s.touches > 0 THEN ''past reactions'' ELSE ''reactions of parties alike'' END
				ORDER BY s.is_preferred DESC, s.score DESC, s.unit_cost, s.channel_id) FILTER (WHERE s.ok))[1] AS why,
			string_agg(s.name || '' '' || s.reason, '', '' ORDER BY s.channel_id) FILTER (WHERE NOT s.ok) AS closed
		FROM s', m) INTO best USING who, campaign, at, mart, value;
	channel := best.name;
	score := best.score;
	reason := coalesce(best.why, best.closed);
END $$;
SELECT count(*) AS asked, count(*) FILTER (WHERE c.channel IS DISTINCT FROM s.channel OR c.reason IS DISTINCT FROM s.reason OR abs(c.score - s.score) > 1e-12 OR (c.score IS NULL) <> (s.score IS NULL)) AS differ
FROM generate_series(1, 260) p, unnest(ARRAY[now(), now() + interval '400 days']) at,
	crmseg.choose_channel('dm', p, 1, at) c, pg_temp.slow_choice('dm', p, 1, at) s WHERE p % 5 = 0 OR p > 249;
-- one by one in the list of columns, where nothing is kept begun
SELECT count(*) AS differ FROM (SELECT p, (crmseg.choose_channel('dm', p, 1, now())).* FROM generate_series(200, 260, 7) p
	EXCEPT SELECT p, c.* FROM generate_series(200, 260, 7) p, crmseg.choose_channel('dm', p, 1, now()) c) x;
-- dear letters lose to cheap e-mails when a response is worth little
UPDATE campaign SET response_value = 0.5 WHERE campaign_id = 1;
SELECT p, c.channel, c.reason FROM generate_series(250, 251) p, crmseg.choose_channel('dm', p, 1, now()) c ORDER BY 1;
UPDATE campaign SET response_value = NULL;
SELECT channel, score, reason FROM crmseg.choose_channel('dm', 6, 1, '2026-06-15');
SELECT party_id, channel, is_preferred FROM best_channel WHERE party_id IN (200, 250) ORDER BY 1;
-- without priors that were kept, they are made on the spot
DELETE FROM channel_prior;
SELECT p, c.channel, c.reason FROM generate_series(250, 253) p, crmseg.choose_channel('dm', p, 1, now()) c ORDER BY 1;
-- the means are what their definition says; the strength lies near the truth: rates drawn from a beta with alpha + beta = 20 (seed 5)
DO $$
DECLARE
	found record;
BEGIN
	PERFORM setseed(0.5);
	DELETE FROM party_channel;
	INSERT INTO party (party_id) SELECT i FROM generate_series(10000, CASE WHEN current_setting('crmseg_test.light', true) = 'on' THEN 12000 ELSE 14000 END) i;
	-- a beta of whole parameters: the 4th smallest of 19 uniform numbers has alpha 4, beta 16
	INSERT INTO party_channel (party_id, channel_id, touches, responses, touch_w, response_w)
		SELECT p.party_id, 5, 30, r.n, 30 * w.weight, r.n * w.weight
		FROM party p CROSS JOIN (SELECT crmseg.decay_weight(now(), 180) AS weight) w
		CROSS JOIN LATERAL (SELECT u.u AS rate FROM (SELECT random() AS u FROM generate_series(1, 19) WHERE p.party_id > 0) u ORDER BY u.u OFFSET 3 LIMIT 1) b
		CROSS JOIN LATERAL (SELECT count(*) AS n FROM generate_series(1, 30) g WHERE random() < b.rate AND g > 0) r WHERE p.party_id >= 10000;
	SELECT rate, strength INTO found FROM crmseg.channel_priors('dm') WHERE channel_id = 5 AND lifecycle IS NULL;
	IF abs(found.rate - 0.2) > 0.01 OR found.strength NOT BETWEEN 16 AND 25 THEN RAISE 'prior %', found; END IF;
END $$;
DELETE FROM party WHERE party_id >= 10000;
SELECT crmseg.refresh_channels('dm') > 0 AS rebuilt;

-- audiences
CREATE VIEW everybody AS SELECT party_id FROM party WHERE party_id BETWEEN 200 AND 249;
SELECT count(*) AS claimed, min(p), max(p) FROM crmseg.claim_audience('dm', 'everybody', 1, 'email', 20) p;
SELECT count(*) AS rest FROM crmseg.claim_audience('dm', 'everybody', 1, 'email', 1000) p;
SELECT count(*) AS none FROM crmseg.claim_audience('dm', 'everybody', 1, 'email', 1000) p;
SELECT count(*) AS targets, count(contact_point_id) AS with_address, min(segment) FROM campaign_target WHERE campaign_id = 1 AND party_id >= 200;
-- control group: a fifth, exactly; none of it by another channel
SELECT count(*) AS claimed FROM crmseg.claim_audience('dm', 'dm.everybody', 5, 'email', 40, 0.2) p;
SELECT is_control, count(*), count(contact_point_id) AS with_address FROM campaign_target WHERE campaign_id = 5 GROUP BY 1 ORDER BY 1;
SELECT count(*) AS by_sms FROM crmseg.claim_audience('dm', 'everybody', 5, 'sms', 1000) p;
-- a claim counts in the pressure of other campaigns, until its message does
SELECT crmseg.set_datamart('dm', '{"max_touches": 3, "max_touches_per": "1 day"}');
SELECT count(*) AS under_cap FROM crmseg.claim_audience('dm', 'everybody', 4, 'email', 1000) p;
SELECT crmseg.set_datamart('dm', '{"max_touches": null}');
SELECT crmseg.release_claims('dm', 5, 'sms', 'infinity') AS released, (SELECT count(*) FROM campaign_target WHERE campaign_id = 5) AS left_over;
\set VERBOSITY terse
SELECT crmseg.claim_audience('dm', 'nobody', 1, 'email', 10);
SELECT crmseg.claim_audience('dm', 'product', 1, 'email', 10);
SELECT crmseg.claim_audience('dm', 'everybody', 99, 'email', 10);
SELECT crmseg.claim_audience('dm', 'everybody', 1, 'pigeon', 10);
SELECT crmseg.claim_audience('dm', 'everybody', 1, 'email', -1);
SELECT crmseg.claim_audience('dm', 'everybody', 1, 'email', 1, 1.5);
SELECT crmseg.claim_audience('dm', NULL, 1, 'email', 1);
\set VERBOSITY default

-- exposure
INSERT INTO interaction (party_id, occurred_at, channel_id, campaign_id) SELECT 200 + i / 2, now(), 1, 5 FROM generate_series(0, 9) i UNION ALL SELECT 200 + i, now(), 1, 5 FROM generate_series(5, 20) i;
SELECT exposure, count(*) FROM crmseg.campaign_exposure('dm', 5) GROUP BY 1 ORDER BY 1;

-- lift: 56 of 70 against 48 of 80 (Newcombe 1998, method 10: 0.0524 to 0.3339); who bought before, or after the time, has not bought
INSERT INTO campaign (campaign_id, name) VALUES (10, 'lift');
INSERT INTO party (party_id) SELECT i FROM generate_series(1000, 1149) i;
INSERT INTO campaign_target (party_id, campaign_id, channel_id, is_control, claimed_at, state) SELECT i, 10, 1, i >= 1070, '2026-01-10', CASE WHEN i % 2 = 0 THEN 'sent' ELSE 'claimed' END FROM generate_series(1000, 1149) i;
INSERT INTO sales_order (party_id, ordered_at, currency, amount, source_id, external_id) SELECT i, '2026-01-20', 'EUR', 10, 1, 'l' || i FROM generate_series(1000, 1149) i WHERE i < 1056 OR i BETWEEN 1070 AND 1117;
INSERT INTO sales_order (party_id, ordered_at, currency, amount, source_id, external_id) SELECT i, CASE WHEN i % 2 = 0 THEN '2026-01-09'::timestamptz ELSE '2026-02-10' END, 'EUR', 10, 1, 'm' || i FROM generate_series(1000, 1149) i;
INSERT INTO sales_order (party_id, ordered_at, kind, currency, amount, source_id, external_id) VALUES (1060, '2026-01-20', 'r', 'EUR', -50, 1, 'ret');
SELECT treated, treated_buyers, treated_rate, control, control_buyers, control_rate, round(lift::numeric, 4) AS lift, round(lift_low::numeric, 4) AS low, round(lift_high::numeric, 4) AS high, is_significant, treated_revenue, control_revenue, round(extra_buyers::numeric, 1) AS extra, round(extra_revenue, 2) AS extra_revenue
FROM crmseg.campaign_lift('dm', 10);
SELECT treated, control, lift, lift_low FROM crmseg.campaign_lift('dm', 3);

-- carts: reminded once
INSERT INTO product (product_id, sku, name) VALUES (1, 'ß', 'fabulous'), (2, 'case', 'case for ß'), (3, 'strap', 'strap for ß'), (4, 'other', 'other');
INSERT INTO cart (visitor_id, cart_id, party_id, created_at, updated_at, amount) SELECT ('00000000-0000-0000-0000-0000000000' || lpad(i::text, 2, '0'))::uuid, i, CASE WHEN i < 9 THEN 200 + i / 2 END, now() - interval '2 days', now() - i * interval '1 hour', CASE WHEN i = 5 THEN 0 ELSE 10 END FROM generate_series(0, 12) i;
INSERT INTO sales_order (party_id, ordered_at, currency, amount, source_id, external_id) VALUES (203, now(), 'EUR', 10, 1, 'in the shop');
SELECT cart_id, party_id FROM abandoned_carts ORDER BY 1;
SELECT c.party_id, c.cart_id FROM crmseg.claim_abandoned_carts('dm', 2, 'email') c ORDER BY 1;
SELECT c.party_id, c.cart_id FROM crmseg.claim_abandoned_carts('dm', 2, 'email') c ORDER BY 1;

-- what sells along: net of returns
INSERT INTO product_relation (product_id, kind, related_id, weight) VALUES (1, 'accessory_of', 2, 2), (1, 'accessory_of', 3, 1), (1, 'replaces', 4, 1);
INSERT INTO sales_order (party_id, order_id, ordered_at, kind, currency, amount, source_id, external_id) VALUES (1, 901, '2026-01-01', 's', 'EUR', 10, 1, 'x1'), (2, 902, '2026-01-01', 's', 'EUR', 10, 1, 'x2'), (2, 903, '2026-01-02', 'r', 'EUR', -10, 1, 'x3'),
	(3, 904, '2026-01-01', 's', 'EUR', 20, 1, 'x4'), (4, 905, '2026-01-01', 's', 'EUR', 20, 1, 'x5'), (4, 906, '2026-01-05', 'r', 'EUR', -20, 1, 'x6');
INSERT INTO sales_order_line (party_id, order_id, line_no, product_id, ordered_at, quantity, amount) VALUES (1, 901, 1, 1, '2026-01-01', 1, 10), (2, 902, 1, 1, '2026-01-01', 1, 10), (2, 903, 1, 1, '2026-01-02', -1, -10),
	(3, 904, 1, 1, '2026-01-01', 1, 10), (3, 904, 2, 2, '2026-01-01', 1, 10), (4, 905, 1, 1, '2026-01-01', 1, 10), (4, 905, 2, 2, '2026-01-01', 1, 10), (4, 906, 1, 2, '2026-01-05', -2, -20);
SELECT party_id, offer, kind, bought FROM crmseg.cross_sell('dm', 'ß') ORDER BY 1, 2;

-- what to ask
INSERT INTO attribute_def (key, data_type, sensitivity, ask_rank) VALUES ('children.count', 'num', 'personal', 2), ('faith', 'text', 'special', 1), ('garden', 'bool', 'personal', 3), ('never', 'text', 'personal', NULL);
SELECT crmseg.next_question('dm', 1);
SELECT crmseg.set_consent('dm', 1, 'faith', 'web', 'granted', '2024-01-01');
SELECT crmseg.next_question('dm', 1);
SELECT crmseg.set_attribute('dm', 1, 'faith', '"none"') > 0 AS a, crmseg.set_attribute('dm', 1, 'children.count', '0') > 0 AS b;
SELECT crmseg.next_question('dm', 1);
SELECT crmseg.set_attribute('dm', 1, 'garden', 'false') > 0 AS c;
SELECT crmseg.next_question('dm', 1) IS NULL AS all_known, crmseg.next_question('dm', 2);
-- of all parties, as the definition has it: a consent without a value, values whose time began after the traits were written, is to come, is over
SELECT crmseg.set_consent('dm', 3, 'faith', 'web', 'granted', '2024-01-01');
INSERT INTO party_attribute (party_id, attribute_id, num, collected_at, valid)
	SELECT x.party_id, d.attribute_id, 1, now() - interval '10 days', tstzrange(now() + x.since, now() + x.until)
	FROM attribute_def d, (VALUES (4, interval '-1 day', NULL::interval), (5, interval '1 day', NULL), (6, interval '-9 days', interval '-1 day'), (3, interval '-1 day', NULL)) x(party_id, since, until) WHERE d.key = 'children.count';
UPDATE party_profile SET traits = '{}' WHERE party_id IN (3, 4);
SELECT party_id, key FROM question_to_ask WHERE party_id BETWEEN 1 AND 6 ORDER BY 1;
SELECT count(*) > 20 AS parties, count(*) FILTER (WHERE (q.attribute_id, q.key) IS DISTINCT FROM (a.attribute_id, a.key) OR q.party_id IS NULL) AS differ
FROM party p JOIN party_profile f USING (party_id) LEFT JOIN question_to_ask q USING (party_id)
LEFT JOIN LATERAL (
	SELECT d.attribute_id, d.key FROM attribute_def d
	WHERE d.ask_rank IS NOT NULL AND NOT f.traits ? d.key AND NOT EXISTS (SELECT FROM party_attribute v WHERE v.party_id = p.party_id AND v.attribute_id = d.attribute_id AND v.valid @> now())
		AND (d.sensitivity <> 'special' OR EXISTS (SELECT FROM special_permission c WHERE c.party_id = p.party_id AND c.attribute_id = d.attribute_id AND c.valid @> now()))
	ORDER BY d.ask_rank, d.attribute_id LIMIT 1) a ON true;
SELECT crmseg.first_missing_key('{"a": null, "b": 1}', k, l) AS place FROM (VALUES (1, '{a,b}'::text[], NULL::text[]), (2, '{a,c,d}', '{}'), (3, '{a,c,d}', '{c,cc}'), (4, '{}', '{}'), (5, NULL, '{}')) v(n, k, l) ORDER BY n;
SELECT crmseg.first_missing_key(NULL, '{a}', NULL), crmseg.first_missing_key('{}', ARRAY[repeat('é', 200), ''], ARRAY[repeat('é', 200)]);
SELECT crmseg.first_missing_key('[1]', '{a}', NULL);
SELECT crmseg.first_missing_key('{}', '{a,NULL}', NULL);
SELECT crmseg.first_missing_key('{}', '{{a},{b}}', NULL);
UPDATE attribute_def SET ask_rank = NULL;
SELECT count(*) = (SELECT count(*) FROM party) AS parties, count(key) AS nothing_to_ask FROM question_to_ask;

-- subject lines and tones by status
INSERT INTO message (message_id, campaign_id, channel_id, variant, subject, tone) VALUES (1, 1, 1, 'A', 'Hello', 'light'), (2, 1, 1, 'B', 'Conditions', 'trade'), (3, 1, 3, 'C', 'Letter', 'formal');
UPDATE party SET is_professional = true WHERE party_id >= 230;
DELETE FROM reaction; DELETE FROM interaction;
INSERT INTO interaction (party_id, interaction_id, occurred_at, channel_id, campaign_id, message_id) SELECT 210 + i % 40, 30000 + i, '2026-05-01', 1, 1, 1 + (i / 40) % 2 FROM generate_series(0, 399) i;
INSERT INTO reaction (party_id, interaction_id, interaction_at, occurred_at, channel_id, kind, is_machine) SELECT i.party_id, i.interaction_id, i.occurred_at, i.occurred_at, 1, 'click', i.interaction_id % 7 = 0 FROM interaction i
	WHERE i.interaction_id % CASE WHEN (i.party_id >= 230) = (i.message_id = 2) THEN 2 ELSE 5 END = 0;
SELECT status, subject, tone, touches, responses, is_best FROM crmseg.message_performance('dm', 1) ORDER BY 1, 2;
SELECT campaign, channel, touches, clicks, revenue, cost FROM channel_performance ORDER BY 1, 2;
-- who has probably gone
SET timezone = 'UTC';
INSERT INTO party (party_id) SELECT i FROM generate_series(2000, 2199) i;
INSERT INTO sales_order (party_id, ordered_at, currency, amount, source_id, external_id)
	SELECT 2000 + i, timestamptz '2025-01-01' + n * (7 + i % 20) * interval '1 day', 'EUR', 20 + i % 30, 1, 'c' || i || '/' || n FROM generate_series(0, 199) i, generate_series(0, 40) n WHERE n * (7 + i % 20) < CASE WHEN i % 3 = 0 THEN 90 ELSE 360 END;
-- two orders on one day are one day of purchase
INSERT INTO party (party_id) VALUES (2300);
INSERT INTO sales_order (party_id, ordered_at, currency, amount, source_id, external_id) SELECT 2300, timestamptz '2025-03-03 10:00' + n * interval '1 hour', 'EUR', 20, 1, 'd' || n FROM generate_series(0, 2) n;
SELECT count(*) > 20 AS some, bool_and(last_order_at < '2025-11-01') AS gone_long, bool_and(p_alive < 0.5) AS below, count(*) FILTER (WHERE expected_purchases IS NULL) AS unknown
FROM (SELECT * FROM crmseg.churn_list('dm', '2026-01-01', max_rows => 40)) x;

-- a table of the application as a source, by triggers and by a watermark
CREATE TABLE public.app_customer (id int PRIMARY KEY, mail text, prenom text, changed timestamptz DEFAULT now());
INSERT INTO public.app_customer VALUES (1, 'ann@app.fr', 'Ann', '2026-01-01'), (2, 'bob@app.fr', 'Bob', '2026-01-02');
SELECT crmseg.attach('dm', 'party', 'public.app_customer', '{"source": "app", "deletions": "erase", "source_key": "id", "party": {"given_name": "prenom"}, "email": "mail"}') AS attachment \gset
SELECT rows_read, deleted FROM crmseg.pull_attached('dm');
INSERT INTO public.app_customer VALUES (3, 'cid@app.fr', 'Cid', '2026-01-03');
UPDATE public.app_customer SET prenom = 'Anna' WHERE id = 1;
DELETE FROM public.app_customer WHERE id = 2;
SELECT row_key FROM attached_change ORDER BY 1;
SELECT rows_read, deleted FROM crmseg.pull_attached('dm');
SELECT rows_read, deleted FROM crmseg.pull_attached('dm');
SELECT r.external_id, p.given_name FROM source_record r JOIN source s USING (source_id) JOIN party p USING (party_id) WHERE s.name = 'app' ORDER BY 1;
SELECT count(*) AS bob FROM contact_point WHERE value_norm = 'bob@app.fr';
SELECT crmseg.detach_source('dm', :attachment);
SELECT count(*) AS triggers FROM pg_trigger WHERE tgrelid = 'public.app_customer'::regclass;
SELECT crmseg.attach('dm', 'party', 'public.app_customer', '{"source": "app", "watermark": "changed", "deletions": "keep", "source_key": "id", "party": {"given_name": "prenom"}, "email": "mail"}') > 0 AS attached;
SELECT rows_read FROM crmseg.pull_attached('dm');
UPDATE public.app_customer SET prenom = 'Annabel', changed = '2026-02-01' WHERE id = 1;
SELECT rows_read FROM crmseg.pull_attached('dm');
SELECT p.given_name FROM source_record r JOIN source s USING (source_id) JOIN party p USING (party_id) WHERE s.name = 'app' AND r.external_id = '1';
\set VERBOSITY terse
SELECT crmseg.attach('dm', 'dream', 'public.app_customer', '{"source_key": "id"}');
SELECT crmseg.attach('dm', 'party', 'public.app_customer', '{"source_key": "number"}');
SELECT crmseg.attach('dm', 'party', 'public.app_customer', '{"source_key": "id", "watermark": "when"}');
SELECT crmseg.detach_source('dm', 99);
\set VERBOSITY default
DROP TABLE public.app_customer;
DELETE FROM attachment;

-- what a scheduler calls, and whoever watches
CALL crmseg.maintain('dm');
SELECT task, phase, state, note FROM run WHERE task = 'maintain';
SELECT subject, state FROM mart_health ORDER BY subject COLLATE "C";
RESET search_path;
DROP SCHEMA dm CASCADE;
