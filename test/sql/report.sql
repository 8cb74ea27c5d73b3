-- drawing functions: text that would be markup is harmless, odd input gives a picture or a plain error
SELECT crmseg.svg_escape(E'<script>"a" & ''b''</script>\x01\x1f');
SELECT n, crmseg.svg_number(n) FROM unnest(ARRAY[0, 7, 7.25, 99.96, 812.4, 1234, -1234, 9994, 9999, 12345, 99949, 99950, 105000, 999499, 999500, 1234567, 999499999, 999500000, -2500000, 'NaN', 'Infinity']::numeric[]) AS n;
SELECT v, crmseg.svg_step(v) FROM unnest(ARRAY[0, -3, 0.04, 1, 9, 10, 11, 49, 50.1, 173000, 1e12]::numeric[]) AS v;
SELECT s, (crmseg.svg_shade(s)).* FROM unnest(ARRAY[-1, 0, 0.14, 0.15, 0.5, 1, 7, 'NaN', NULL]::numeric[]) AS s;
-- each is well-formed XML, whatever the labels say
CREATE TEMP TABLE picture (name text, svg text);
INSERT INTO picture VALUES
	('heat map', crmseg.svg_rfm_heatmap('[{"r": 5, "f": 5, "parties": 10, "revenue": 12345.6, "label": "<script>alert(1)</script>"}, {"r": 1, "f": 2, "parties": 3, "revenue": -5}]', 'EUR<b>')),
	('heat map of nothing', crmseg.svg_rfm_heatmap('[]')),
	('heat map of 9 bins', crmseg.svg_rfm_heatmap('[{"r": 9, "f": 12, "parties": 10, "revenue": 1}]')),
	('segments', crmseg.svg_segments('[{"label": "<script>&\"''", "parties": 10, "revenue": 100}, {"label": "Lost", "parties": 30, "revenue": -4}, {"label": null}]')),
	('segments of nothing', crmseg.svg_segments('[]')),
	('curve', crmseg.svg_abc_curve('[{"share_of_parties": 0.2, "share_of_revenue": 0.8, "class": "A"}, {"share_of_parties": 1, "share_of_revenue": 1, "class": "<C>"}]')),
	('curve of nothing', crmseg.svg_abc_curve('[]')),
	('months', crmseg.svg_months('[{"month": "2025-12-01", "orders": 3, "revenue": 170000, "returned": -900}, {"month": "2026-01-01", "orders": 0, "revenue": null, "returned": null}]', '<EUR>')),
	('months of nothing', crmseg.svg_months('[]')),
	('imports', crmseg.svg_imports('[{"label": "<i>till", "inserted": 100, "updated": 2, "unchanged": 3, "rejected": 1}, {"label": "none", "inserted": 0}]')),
	('imports of nothing', crmseg.svg_imports('[]')),
	('completeness', crmseg.svg_completeness('[{"source": "a<b", "field": "e-mail", "filled": 1, "total": 2}, {"source": "a<b", "field": "phone", "filled": 0, "total": 2}, {"source": "c", "field": "phone", "filled": 0, "total": 0}]')),
	('completeness of nothing', crmseg.svg_completeness('[]')),
	('moves', crmseg.svg_transitions('[{"from": "Champions", "to": "Lost", "customers": 10, "revenue": 99.5}, {"from": null, "to": "<b>own&", "customers": 4}, {"from": "Lost", "to": null, "customers": 1, "revenue": null}, {"from": "Lost", "to": "Lost", "customers": 0}]', '<then>', 'now')),
	('moves of nothing', crmseg.svg_transitions('[]')),
	('cohorts', crmseg.svg_cohorts('[{"cohort": "2025-01-01", "age": 0, "customers": 40, "active": 40, "retention": 1}, {"cohort": "2025-01-01", "age": 1, "customers": 40, "active": 10, "retention": 0.25}, {"cohort": "2025-02-01", "age": 0, "customers": 1, "active": 1, "retention": 1}, {"cohort": "2025-02-01", "age": 1, "customers": 1, "active": 1, "retention": 1}]')),
	('cohorts of nothing', crmseg.svg_cohorts('[]')),
	('alive', crmseg.svg_p_alive((SELECT jsonb_agg(to_jsonb(g)) FROM crmseg.p_alive_grid('bg_nbd(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259)', 39, 3, 2) g), '<weeks>')),
	('alive of nothing', crmseg.svg_p_alive('[]')),
	('tracking', crmseg.svg_tracking('[{"period_end": "2025-01-08", "actual": 3, "actual_cumulated": 3, "expected": 2.5, "expected_cumulated": 2.5}, {"period_end": "2025-01-15", "actual": 4, "actual_cumulated": 7, "expected": 3.25, "expected_cumulated": 5.75}]')),
	('tracking by period', crmseg.svg_tracking('[{"period_end": "2025-01-08", "actual": 3, "expected": 2.5}, {"period_end": null}]', false)),
	('tracking of nothing', crmseg.svg_tracking('[]')),
	('flow', crmseg.svg_flow('[{"period_start": "2025-01-01", "active": 10, "new": 10, "kept": 0, "won_back": 0, "lost": 0}, {"period_start": "2025-02-01", "active": 9, "new": 4, "kept": 4, "won_back": 1, "lost": 6}]')),
	('flow of nothing', crmseg.svg_flow('[]'));
SELECT name, regexp_replace(svg, '</?[a-zA-Z]+(\s+[a-zA-Z0-9-]+="[^"<>]*")*\s*/?>', '', 'g') !~ '[<>]'
		AND (SELECT count(*) FROM regexp_matches(svg, '<[a-zA-Z]', 'g')) = (SELECT count(*) FROM regexp_matches(svg, '(</|/>)', 'g')) AS well_formed,
	svg ~ '<(script|i>|b>)' AS markup_inside, svg ~ '(NaN|Infinity)' AS no_numbers FROM picture ORDER BY name;
-- what is drawn: the words and figures of each picture
SELECT name, string_agg(t[1], ' | ' ORDER BY n) AS texts FROM picture, regexp_matches(svg, '<text[^>]*>([^<]*)</text>', 'g') WITH ORDINALITY AS m (t, n)
WHERE name IN ('heat map', 'segments', 'curve', 'months', 'imports', 'completeness', 'moves', 'cohorts', 'alive', 'tracking', 'flow') GROUP BY name ORDER BY name;
SELECT crmseg.report_section('<a>', 'n', NULL), crmseg.report_tile(NULL, '<b>');
SELECT crmseg.svg_segments(NULL) IS NULL AS nothing, crmseg.report_page('<t>', '&', '<p/>') ~ '&lt;t&gt;' AS title_escaped;
\set VERBOSITY terse
SELECT crmseg.svg_segments('"x"');
SELECT crmseg.report('no_such_mart');
SELECT crmseg.p_alive_grid('bg_nbd(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259)', 0);
-- the grid is what the model says
SELECT count(*) AS cells, count(*) FILTER (WHERE p_alive <> crmseg.p_alive('bg_nbd(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259)', frequency, recency, 39)) AS wrong FROM crmseg.p_alive_grid('bg_nbd(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259)', 39);
DROP TABLE picture;
