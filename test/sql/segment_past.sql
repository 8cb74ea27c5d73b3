-- Members as of a past instant: from orders, the periods of attributes and consents, events; else from recorded periods, or refused; growth by day,
-- description, pictures.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET search_path = crmseg, public;
SET DateStyle = ISO;
SET TimeZone = 'UTC';
SELECT create_datamart('past', '{"time_zone": "Europe/Paris"}');
INSERT INTO past.source (name) VALUES ('till');
UPDATE past.source SET trust = 90 WHERE name = 'till';
INSERT INTO past.party (party_id, country, birth_date, created_at, given_name) SELECT i, CASE WHEN i % 2 = 0 THEN 'FR' ELSE 'BE' END, date '1980-01-01' + i * 100, '2023-01-01', 'P' || i FROM generate_series(1, 30) i;
INSERT INTO past.sales_order (party_id, ordered_at, currency, amount, source_id, external_id) SELECT i, timestamptz '2024-01-01 10:00Z' + i * interval '10 days' + k * interval '100 days', 'EUR', 10 * k + i, 1, i || '.' || k FROM generate_series(1, 30) i, generate_series(0, 2) k;
INSERT INTO past.attribute_def (key, data_type, is_multi) VALUES ('hobby', 'text', true), ('size', 'num', false), ('house', 'json', false);
INSERT INTO past.party_attribute (party_id, attribute_id, item, txt, num, doc, source_id, valid) SELECT i, d.attribute_id, k, CASE d.key WHEN 'hobby' THEN (ARRAY['tennis', 'golf'])[1 + k % 2] END, CASE d.key WHEN 'size' THEN 30 + i + 5 * k END,
	CASE d.key WHEN 'house' THEN jsonb_build_object('rooms', i % 5 + k) END, 1, tstzrange(timestamptz '2024-01-01Z' + k * interval '200 days', CASE WHEN k = 0 THEN timestamptz '2024-01-01Z' + 200 * interval '1 day' + CASE d.key WHEN 'hobby' THEN interval '30 days' ELSE '0' END END)
	FROM generate_series(1, 20) i, past.attribute_def d, generate_series(0, 1) k WHERE d.key IN ('hobby', 'size', 'house');
INSERT INTO past.contact_point (party_id, kind, value, value_norm, status, is_primary, source_id, valid) SELECT i, 'email', 'p' || i || '@example.com', 'p' || i || '@example.com', 'valid', true, 1, '[2023-01-01,)' FROM generate_series(1, 30) i;
INSERT INTO past.consent (party_id, purpose, channel_id, status, valid, captured_at) SELECT i, 'newsletter', (SELECT channel_id FROM past.channel WHERE name = 'email'), 'granted', tstzrange(timestamptz '2024-01-01Z' + i * interval '7 days', timestamptz '2024-01-01Z' + i * interval '20 days'), '2024-01-01' FROM generate_series(1, 30) i;
SELECT count(define_segment('past', name, p::segment)) FROM (VALUES ('orders', 'orders >= 2 and revenue > 30'), ('recent', 'last_order_at within last 60 days'), ('did', 'did order at least 2 times within last 150 days'), ('hobby', 'hobby has ''golf'''), ('size', 'size > 50 and not size > 60'),
	('house', 'house.rooms >= 4'), ('old', 'age >= 42'), ('reach', 'reachable by email for ''newsletter'''), ('none', 'did not order and created_at older than 1 year'), ('country', 'country = ''FR''')) v (name, p);
CREATE TABLE past.by_hand (name text, sql text);
INSERT INTO past.by_hand VALUES
('orders', 'SELECT o.party_id FROM past.sales_order o WHERE o.ordered_at <= $1 GROUP BY 1 HAVING count(*) >= 2 AND sum(o.base_amount) > 30'),
('recent', 'SELECT o.party_id FROM past.sales_order o WHERE o.ordered_at <= $1 GROUP BY 1 HAVING max(o.ordered_at) >= ($1 AT TIME ZONE ''Europe/Paris'' - interval ''60 days'') AT TIME ZONE ''Europe/Paris'''),
('did', 'SELECT o.party_id FROM past.sales_order o WHERE o.ordered_at <= $1 AND o.ordered_at >= ($1 AT TIME ZONE ''Europe/Paris'' - interval ''150 days'') AT TIME ZONE ''Europe/Paris'' GROUP BY 1 HAVING count(*) >= 2'),
('hobby', 'SELECT DISTINCT a.party_id FROM past.party_attribute a WHERE a.txt = ''golf'' AND a.valid @> $1'),
('size', 'SELECT a.party_id FROM past.party_attribute a WHERE a.num > 50 AND a.num <= 60 AND a.valid @> $1'),
('house', 'SELECT a.party_id FROM past.party_attribute a WHERE (a.doc ->> ''rooms'')::int >= 4 AND a.valid @> $1'),
('old', 'SELECT p.party_id FROM past.party p WHERE extract(year FROM age(($1 AT TIME ZONE ''Europe/Paris'')::date::timestamp, p.birth_date::timestamp)) >= 42'),
('reach', 'SELECT c.party_id FROM past.consent c WHERE c.valid @> $1'),
('none', 'SELECT p.party_id FROM past.party p WHERE p.created_at < ($1 AT TIME ZONE ''Europe/Paris'' - interval ''1 year'') AT TIME ZONE ''Europe/Paris'' AND NOT EXISTS (SELECT FROM past.sales_order o WHERE o.party_id = p.party_id AND o.ordered_at <= $1)');
CREATE FUNCTION pg_temp.compare(at timestamptz) RETURNS TABLE (name text, members bigint, differ bigint) LANGUAGE plpgsql AS $$
DECLARE
	f record;
BEGIN
	FOR f IN SELECT * FROM past.by_hand ORDER BY 1 LOOP
		name := f.name;
		EXECUTE format('WITH a AS (SELECT members(''past'', %L, $1)), b AS (%s) SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM ((TABLE a EXCEPT ALL TABLE b) UNION ALL (TABLE b EXCEPT ALL TABLE a)) x)', f.name, f.sql) INTO members, differ USING at;
		RETURN NEXT;
	END LOOP;
END $$;
SELECT c.name, sum(c.members) > 0 AS some, sum(c.differ) AS differ FROM unnest('{2024-03-31 01:30Z,2024-07-19 00:00Z,2024-08-10 12:00Z,2024-12-31 23:30Z}'::timestamptz[]) at, pg_temp.compare(at) c GROUP BY 1 ORDER BY 1;
-- what has no history is refused, until it is recorded; then a notice says so
SELECT count(*) FROM members('past', 'country', '2024-06-01Z');
SELECT entered > 0 AS entered FROM refresh_segments('past', '2024-06-01Z');
UPDATE past.party SET country = 'DE' WHERE party_id <= 10;
SELECT left_ > 0 AS left_ FROM refresh_segments('past', '2024-06-03 12:00Z');
SELECT refresh_segments('past', '2024-06-05Z') IS NOT NULL AS done;
SET client_min_messages = notice;
SELECT count(*) FROM members('past', 'country', '2024-06-02Z');
SELECT count(*) FROM members('past', 'country', '2024-06-04Z');
SET client_min_messages = warning;
\set VERBOSITY terse
SELECT count(*) FROM members('past', 'country', '2024-05-31Z');
\set VERBOSITY default
SELECT * FROM segment_history('past', 'country');
SELECT * FROM segment_history('past', 'country', '2024-06-03', '2024-06-04');
SELECT * FROM segment_history('past', 'nobody');
SELECT count(*) AS elements, svg LIKE '<svg%</svg>' AS whole FROM (SELECT svg_segment_history((SELECT jsonb_agg(to_jsonb(h)) FROM segment_history('past', 'country') h), 'A & <b>') AS svg) s, regexp_matches(svg, '<(line|text|polyline|circle)', 'g') GROUP BY svg;
SELECT svg_segment_history('[]') LIKE '%nothing recorded%' AS empty;
SELECT variable, modality, round(share::numeric, 2) AS share, v_test > 2 AS typical FROM segment_profile('past', 'country') WHERE variable = 'country' AND modality = 'FR';
SELECT variable, modality FROM segment_profile('past', 'country', 'past.party_row') WHERE variable = 'country' AND v_test > 2;
DROP SCHEMA past CASCADE;
RESET TimeZone;
RESET search_path;
