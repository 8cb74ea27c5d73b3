-- the demo's draws: the same for ever, on every server
SELECT crmseg.demo_u(1, 1, 1) AS u, crmseg.demo_pick('city', 7, 3, 1) AS city, crmseg.demo_season('2025-12-20') AS season, crmseg.demo_day('2025-01-01', 365, 9, 1) AS day;
SELECT crmseg.demo_pick('no such list', 1, 1, 1);
SELECT crmseg.demo_pick('city', 1, 1, 1, skew => s) FROM unnest(ARRAY['-1', 'NaN', '0', 'Infinity']::float8[]) s;
SELECT crmseg.demo_typo('Martin', k, 5, 1) FROM generate_series(1, 6) k;
SELECT count(*) AS people, count(*) FILTER (WHERE is_organisation) AS organisations, count(DISTINCT house) AS houses, count(DISTINCT email) AS emails,
	count(maiden_name) AS maiden_names, count(*) FILTER (WHERE has_card) AS cards FROM crmseg.demo_people(2000);
SELECT person_id, coalesce(legal_name, given_name || ' ' || family_name) AS name, street, postal_code, city, email FROM crmseg.demo_people(8);
SELECT count(*) AS lines, count(DISTINCT order_no) AS orders, sum(amount) AS amount, count(*) FILTER (WHERE amount < 0) AS returned_lines,
	count(DISTINCT order_no) FILTER (WHERE person_id IS NULL) AS anonymous, min(ordered_at), max(ordered_at) FROM crmseg.demo_orders(1000);
-- more orders before Christmas than in August
SELECT count(*) FILTER (WHERE extract(month FROM ordered_at) = 12) > 2 * count(*) FILTER (WHERE extract(month FROM ordered_at) = 8) AS christmas FROM crmseg.demo_orders(1000);
-- the files: lines and digest
SELECT kind, count(*) AS lines, md5(string_agg(l, '\x0a' ORDER BY n)) AS digest
FROM unnest(ARRAY['card', 'newsletter', 'till', 'web']) AS kind, crmseg.demo_file(kind, 300, 7) WITH ORDINALITY AS f (l, n) GROUP BY kind ORDER BY kind;
SELECT count(*) FROM (SELECT * FROM crmseg.demo_file('card', 300, 1) EXCEPT SELECT * FROM crmseg.demo_file('card', 300, 2)) AS other_seed_other_rows;
SELECT convert_from(l, 'WIN1252') FROM crmseg.demo_file('till', 40) AS l LIMIT 4;
SELECT convert_from(l, 'UTF8') FROM crmseg.demo_file('newsletter', 10) AS l LIMIT 3;
\set VERBOSITY terse
SELECT crmseg.demo_file('dreams');
SELECT crmseg.demo_file('card', 0);
\set VERBOSITY default
-- nobody's e-mail or mobile is another's; records of a system have keys of their own
SELECT count(*) - count(DISTINCT email) AS same_email, count(*) - count(DISTINCT mobile) AS same_mobile FROM crmseg.demo_people(3000);
SELECT count(*) - count(DISTINCT source_key) AS same_key FROM crmseg.demo_records('card', 3000);
