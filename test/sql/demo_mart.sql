-- CALL demo: made, imported, linked, scored; every line of every file accounted for
SET client_min_messages = warning;
CALL crmseg.demo('demo_shop', 60, 3);
SELECT s.name, b.lines_read, b.inserted, b.updated, b.unchanged, b.rejected, b.lines_read = b.inserted + b.updated + b.unchanged + b.rejected AS every_line
FROM demo_shop.import_batch b JOIN demo_shop.source s USING (source_id) ORDER BY b.import_id;
SELECT records, people, parties >= people AS not_too_few, found_pairs - right_pairs AS wrong_pairs, pair_precision, pair_recall > 0.6 AS most_found FROM crmseg.demo_links('demo_shop');
-- the purchases of the lines that were taken are those of the generator
SELECT (SELECT sum(amount) FROM demo_shop.sales_order_line) BETWEEN 0.95 * sum(amount) AND 1.05 * sum(amount) AS about_all FROM crmseg.demo_orders(60, 3);
SELECT sum(c.parties) = (SELECT count(*) FROM demo_shop.customer_rfm) AS every_customer, sum(c.revenue) = (SELECT sum(monetary) FROM demo_shop.customer_rfm) AS every_cent FROM crmseg.rfm_cells('demo_shop') c;
SELECT sum(s.parties) = (SELECT count(*) FROM demo_shop.customer_rfm) AS every_customer FROM crmseg.rfm_segments('demo_shop') s;
SELECT max(share_of_parties) = 1 AND max(share_of_revenue) = 1 AS to_the_end, bool_and(share_of_revenue BETWEEN 0 AND 1) AS in_range FROM crmseg.abc_points('demo_shop', 10);
SELECT count(*) AS months, sum(revenue + returned) = (SELECT sum(base_amount) FROM demo_shop.sales_order) AS every_cent, min(month) FROM crmseg.orders_by_month('demo_shop');
SELECT label, rejected >= 0 AS counted FROM crmseg.import_outcomes('demo_shop');
SELECT source, count(*) AS fields, bool_and(filled BETWEEN 0 AND total) AS in_range FROM crmseg.source_completeness('demo_shop') GROUP BY source ORDER BY source;
-- names of one's own that would be markup are harmless in the page
INSERT INTO demo_shop.rfm_label_def (position, label) VALUES (1, '<script>alert("x")</script>');
SELECT r LIKE '<!DOCTYPE html>%' AS page, r ~ '<script' AS script, r ~ '&lt;script&gt;' AS escaped, (SELECT count(*) FROM regexp_matches(r, '<svg ', 'g')) > 5 AS pictures,
	r ~ '(https?:)?//(?!www.w3.org/2000/svg)' AS refers_outside FROM crmseg.report('demo_shop') AS r;
\set VERBOSITY terse
CALL crmseg.demo('demo_shop', 60);
CALL crmseg.demo('demo_none', 0);
DROP SCHEMA demo_shop CASCADE;
-- a mart without anything in it has a page too
SELECT crmseg.create_datamart('demo_empty');
SELECT (SELECT count(*) FROM regexp_matches(r, 'nothing to show yet', 'g')) AS empty_sections FROM crmseg.report('demo_empty') AS r;
DROP SCHEMA demo_empty CASCADE;
