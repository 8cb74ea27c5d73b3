-- The report of a datamart: rows to draw, read from its views and tables with the caller's rights, and one HTML page of them all.
-- Each picture is a pair: a data function here and a drawing function svg_* in 79_svg.sql. Amounts are in the mart's base currency.

CREATE FUNCTION @extschema@.rfm_cells(mart name) RETURNS TABLE (r int, f int, parties bigint, revenue numeric, label text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT c.r::int, c.f::int, count(*), sum(c.monetary), mode() WITHIN GROUP (ORDER BY c.label) FROM %s.customer_rfm AS c
		WHERE c.r IS NOT NULL GROUP BY c.r, c.f ORDER BY c.r, c.f', @extschema@.require_datamart(mart));
END $$;
COMMENT ON FUNCTION @extschema@.rfm_cells(name) IS
	'customers and revenue of each cell of recency and frequency, with the name that most of its customers bear; rows for svg_rfm_heatmap';

CREATE FUNCTION @extschema@.rfm_segments(mart name) RETURNS TABLE (label text, parties bigint, revenue numeric, mean_amount numeric, median_frequency numeric)
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT c.label, count(*), sum(c.monetary), round(avg(c.monetary), 2), percentile_disc(0.5) WITHIN GROUP (ORDER BY c.frequency)::numeric
		FROM %s.customer_rfm AS c WHERE c.label IS NOT NULL GROUP BY c.label ORDER BY sum(c.monetary) DESC, c.label', @extschema@.require_datamart(mart));
END $$;
COMMENT ON FUNCTION @extschema@.rfm_segments(name) IS 'customers, revenue, mean revenue and median number of purchases for each RFM name, most revenue first; rows for svg_segments';

CREATE FUNCTION @extschema@.abc_points(mart name, points int DEFAULT 200) RETURNS TABLE (share_of_parties numeric, share_of_revenue numeric, class text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT round(n::numeric / total, 6), round(sum_to / nullif(revenue, 0), 6), class
		FROM (SELECT p.class::text, count(*) OVER () AS total, sum(greatest(p.revenue, 0)) OVER () AS revenue,
				row_number() OVER best AS n, sum(greatest(p.revenue, 0)) OVER (best ROWS UNBOUNDED PRECEDING) AS sum_to,
				lead(p.class::text) OVER best IS DISTINCT FROM p.class::text AS last_of_class
			FROM %s.portfolio AS p WINDOW best AS (ORDER BY p.revenue DESC NULLS LAST, p.party_id)) AS ranked
		WHERE last_of_class OR n %% greatest(total / $1, 1) = 0 ORDER BY n', @extschema@.require_datamart(mart)) USING greatest(points, 2);
END $$;
COMMENT ON FUNCTION @extschema@.abc_points(name, int) IS
	'the curve of concentration: the best share of the customers makes this share of the revenue; about that many points, the last of each class among them; rows for svg_abc_curve';

CREATE FUNCTION @extschema@.orders_by_month(mart name) RETURNS TABLE (month date, orders bigint, revenue numeric, returned numeric)
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT date_trunc(''month'', o.ordered_at AT TIME ZONE d.time_zone)::date, count(*) FILTER (WHERE o.kind = ''s''),
			coalesce(sum(o.base_amount) FILTER (WHERE o.kind = ''s''), 0), coalesce(sum(o.base_amount) FILTER (WHERE o.kind = ''r''), 0)
		FROM %1$s.sales_order AS o CROSS JOIN %1$s.datamart AS d WHERE o.status <> ''cancelled'' GROUP BY 1 ORDER BY 1', @extschema@.require_datamart(mart));
END $$;
COMMENT ON FUNCTION @extschema@.orders_by_month(name) IS
	'orders, their amount and the amount of returns (negative) by month in the mart''s time zone, cancelled orders left out; rows for svg_months';

CREATE FUNCTION @extschema@.import_outcomes(mart name) RETURNS TABLE (label text, inserted bigint, updated bigint, unchanged bigint, rejected bigint)
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT b.import_id || '' '' || s.name || CASE WHEN b.replay_of IS NULL THEN '''' ELSE '' (replay)'' END, b.inserted, b.updated, b.unchanged, b.rejected
		FROM %1$s.import_batch AS b JOIN %1$s.source AS s USING (source_id) ORDER BY b.import_id DESC LIMIT 20', @extschema@.require_datamart(mart));
END $$;
COMMENT ON FUNCTION @extschema@.import_outcomes(name) IS 'what became of the lines of the last 20 imports, newest first; rows for svg_imports';

CREATE FUNCTION @extschema@.source_completeness(mart name) RETURNS TABLE (source text, field text, filled bigint, total bigint)
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	-- a field counts for a source when the party of its record has it, and for a contact point when that source said so
	RETURN QUERY EXECUTE format('WITH records AS (
			SELECT s.source_id, s.name, r.party_id FROM %1$s.source AS s JOIN %1$s.source_record AS r USING (source_id)
		)
		SELECT s.name, f.field, f.filled, s.total
		FROM (SELECT r.source_id, r.name, count(*) AS total,
				count(*) FILTER (WHERE coalesce(p.family_name, p.legal_name) IS NOT NULL) AS named, count(p.birth_date) AS born,
				count(*) FILTER (WHERE EXISTS (SELECT FROM %1$s.contact_point AS c WHERE c.party_id = r.party_id AND c.source_id = r.source_id AND c.kind = ''email'')) AS email,
				count(*) FILTER (WHERE EXISTS (SELECT FROM %1$s.contact_point AS c WHERE c.party_id = r.party_id AND c.source_id = r.source_id AND c.kind = ''phone'')) AS phone,
				count(*) FILTER (WHERE EXISTS (SELECT FROM %1$s.contact_point AS c WHERE c.party_id = r.party_id AND c.source_id = r.source_id AND c.kind = ''postal'')) AS postal,
				count(*) FILTER (WHERE EXISTS (SELECT FROM %1$s.consent AS c WHERE c.party_id = r.party_id AND c.source_id = r.source_id)) AS consent
			FROM records AS r JOIN %1$s.party AS p ON p.party_id = r.party_id GROUP BY r.source_id, r.name) AS s,
			LATERAL (VALUES (1, ''name'', named), (2, ''e-mail'', email), (3, ''phone'', phone), (4, ''address'', postal), (5, ''birth date'', born), (6, ''consent'', consent))
				AS f (n, field, filled)
		ORDER BY s.total DESC, s.name, f.n', @extschema@.require_datamart(mart));
END $$;
COMMENT ON FUNCTION @extschema@.source_completeness(name) IS
	'for each source and field, of how many of its records it is known: e-mail, phone, address and consent where that source said so, name and birth date of the record''s party; rows for svg_completeness';

CREATE FUNCTION @extschema@.report_tile(figure text, caption text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN format('<div class="tile"><b>%s</b><span>%s</span></div>', coalesce(@extschema@.svg_escape(figure), '–'), @extschema@.svg_escape(caption));
COMMENT ON FUNCTION @extschema@.report_tile(text, text) IS 'one figure at the head of a report, as HTML';

CREATE FUNCTION @extschema@.report_section(title text, note text, picture text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN format('<section><h2>%s</h2><p>%s</p><div class="picture">%s</div></section>', @extschema@.svg_escape(title), coalesce(@extschema@.svg_escape(note), ''),
		coalesce(picture, '<p class="none">nothing to show yet</p>'));
COMMENT ON FUNCTION @extschema@.report_section(text, text, text) IS 'one section of a report, as HTML: title and note are escaped, the picture is markup already; NULL: nothing to show';

CREATE FUNCTION @extschema@.report_page(title text, subtitle text, body text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN format('<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>%s</title><style>'
		|| 'body{font-family:system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;color:#1f2933;background:#f3f4f6;margin:0;line-height:1.45}'
		|| 'main{max-width:880px;margin:0 auto;padding:24px 16px 48px}h1{margin:0;font-size:26px}h2{margin:0;font-size:18px}header p{margin:2px 0 18px;color:#66707c}'
		|| 'section{background:#fff;border:1px solid #e3e5e8;border-radius:10px;padding:18px 22px;margin-top:16px;break-inside:avoid}section>p{margin:2px 0 14px;color:#66707c;font-size:14px;max-width:76ch}'
		|| '.tiles{display:flex;flex-wrap:wrap;gap:12px}.tile{background:#fff;border:1px solid #e3e5e8;border-radius:10px;padding:10px 13px;flex:1 1 100px}.tile b{display:block;font-size:20px;white-space:nowrap}'
		|| '.tile span{color:#66707c;font-size:13px}.picture{overflow-x:auto}.picture svg{max-width:100%%;height:auto;display:block}.none{color:#9aa3ad}footer{color:#66707c;font-size:12.5px;margin-top:20px}'
		|| '@media print{body{background:#fff}main{padding:0}}</style></head><body><main><header><h1>%s</h1><p>%s</p></header>%s</main></body></html>',
		@extschema@.svg_escape(title), @extschema@.svg_escape(title), @extschema@.svg_escape(subtitle), body);
COMMENT ON FUNCTION @extschema@.report_page(text, text, text) IS 'a self-contained HTML page around a body of markup; title and subtitle are escaped';

CREATE FUNCTION @extschema@.report(mart name) RETURNS text
	LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m CONSTANT text := @extschema@.require_datamart(mart);
	unit text;
	zone text;
	head record;
	as_of timestamptz;
	body text;
	note text;
	period text;
	fitted @extschema@.value_model;
	rows jsonb;
BEGIN
	EXECUTE format('SELECT base_currency, time_zone FROM %s.datamart', m) INTO unit, zone;
	EXECUTE format('SELECT (SELECT count(*) FROM %1$s.party WHERE kind = ''person'') AS people, (SELECT count(*) FROM %1$s.party WHERE kind = ''organisation'') AS organisations,
			(SELECT count(*) FROM %1$s.source_record) AS records, (SELECT count(DISTINCT party_id) FROM %1$s.source_record) AS recorded,
			count(*) FILTER (WHERE kind = ''s'') AS orders, count(*) FILTER (WHERE kind = ''r'') AS returns, sum(base_amount) AS revenue,
			count(*) FILTER (WHERE base_amount IS NULL) AS unconverted, min(ordered_at) AS first_at, max(ordered_at) AS last_at
		FROM %1$s.sales_order WHERE status <> ''cancelled''', m) INTO head;
	EXECUTE format('SELECT c.as_of FROM %s.rfm_cut AS c ORDER BY c.rfm_cut_id DESC LIMIT 1', m) INTO as_of;
	body := '<div class="tiles">' || @extschema@.report_tile(@extschema@.svg_number(head.people), 'people')
		|| @extschema@.report_tile(@extschema@.svg_number(head.organisations), 'organisations')
		|| @extschema@.report_tile(@extschema@.svg_number(head.records), 'records of ' || @extschema@.svg_number(head.recorded) || ' parties')
		|| @extschema@.report_tile(@extschema@.svg_number(head.orders), 'orders')
		|| @extschema@.report_tile(@extschema@.svg_number(coalesce(head.revenue, 0)) || ' ' || unit, 'revenue less returns')
		|| @extschema@.report_tile(@extschema@.svg_number(head.returns), 'returns') || '</div>';

	SELECT jsonb_agg(to_jsonb(c)) INTO rows FROM @extschema@.rfm_cells(mart) AS c;
	body := body || @extschema@.report_section('Recency and frequency',
		'Customers by the age of their last purchase and by how often they bought, in groups as equal as ties allow; above right are the best. A score that nobody has is empty: customers with equal values have equal scores. Scores'
			|| CASE WHEN as_of IS NULL THEN ' of this moment.' ELSE ' as of ' || to_char(as_of AT TIME ZONE zone, 'YYYY-MM-DD') || '.' END,
		@extschema@.svg_rfm_heatmap(rows, unit));

	SELECT jsonb_agg(to_jsonb(s)) INTO rows FROM @extschema@.rfm_segments(mart) AS s;
	body := body || @extschema@.report_section('Groups of customers', 'The usual names of the scores: how many customers each group has, and what it brings.', @extschema@.svg_segments(rows));

	SELECT jsonb_agg(to_jsonb(p)) INTO rows FROM @extschema@.abc_points(mart) AS p;
	body := body || @extschema@.report_section('Concentration',
		'Customers in order of what they brought, best first. Class A brings the first 80 % of the revenue, B up to 95 %, C the rest.', @extschema@.svg_abc_curve(rows));

	IF head.last_at IS NOT NULL THEN
		-- the past is read as of the last order, so that a mart of old files shows something too
		SELECT jsonb_agg(to_jsonb(t)) INTO rows FROM @extschema@.rfm_transitions(mart, head.last_at - interval '90 days', head.last_at) AS t;
		body := body || @extschema@.report_section('Moves between groups', 'Where the customers of each group stand 90 days later; each date by the groups of its own day.',
			@extschema@.svg_transitions(rows, to_char((head.last_at - interval '90 days') AT TIME ZONE zone, 'YYYY-MM-DD'), to_char(head.last_at AT TIME ZONE zone, 'YYYY-MM-DD')));
		period := CASE WHEN head.last_at - head.first_at > interval '730 days' THEN 'quarter' ELSE 'month' END;
		SELECT jsonb_agg(to_jsonb(f)) INTO rows FROM @extschema@.customer_flow(mart, period, head.last_at) AS f;
		body := body || @extschema@.report_section('Won, kept, won back, lost', format('Customers who bought in each %s: for the first time, as in the %1$s before, or again after a pause; and below the line those of the %1$s before who did not. The last %1$s may be unfinished.', period), @extschema@.svg_flow(rows));
		SELECT jsonb_agg(to_jsonb(c)) INTO rows FROM @extschema@.cohort_retention(mart, period, head.last_at) AS c;
		body := body || @extschema@.report_section('Cohorts', format('Of the customers who first bought in a %s, the percentage who bought again so many %1$ss later.', period), @extschema@.svg_cohorts(rows));
		SELECT f.model INTO fitted FROM @extschema@.fit_customers(mart) AS f;
		IF fitted IS NOT NULL THEN
			SELECT jsonb_agg(to_jsonb(g)) INTO rows FROM @extschema@.p_alive_grid(fitted, greatest(extract(epoch FROM head.last_at - head.first_at)::float8 / 86400, 1)) AS g;
			body := body || @extschema@.report_section('Still a customer?', 'The probability, by the MBG/NBD model of all customers, that one who first bought at the start is still there, by the number of his repeat purchases and the day of the last.', @extschema@.svg_p_alive(rows, 'days'));
		END IF;
		SELECT jsonb_agg(to_jsonb(t)) INTO rows FROM @extschema@.model_tracking(mart, as_of => head.last_at) AS t;
		IF rows IS NOT NULL THEN
			body := body || @extschema@.report_section('The model and what happened', 'Repeat purchases of the customers of the first two thirds of the time: as they came, and as the model that saw those two thirds only expected them.', @extschema@.svg_tracking(rows));
		END IF;
	END IF;

	SELECT jsonb_agg(to_jsonb(o)) INTO rows FROM @extschema@.orders_by_month(mart) AS o;
	body := body || @extschema@.report_section('Month by month', 'Purchases and returns, by the calendar of ' || zone || '.'
		|| CASE WHEN head.unconverted > 0 THEN ' ' || head.unconverted || ' orders in a currency without a rate are in no total.' ELSE '' END, @extschema@.svg_months(rows, unit));

	SELECT jsonb_agg(to_jsonb(i)) INTO rows FROM @extschema@.import_outcomes(mart) AS i;
	body := body || @extschema@.report_section('Imports', 'Every line read was inserted, updated, unchanged or rejected; rejected lines wait in import_reject with their reason.', @extschema@.svg_imports(rows));

	SELECT jsonb_agg(to_jsonb(s)) INTO rows FROM @extschema@.source_completeness(mart) AS s;
	body := body || @extschema@.report_section('What the sources know', 'Of how many records of each source a field is known; an address or number that several sources gave counts for the first.', @extschema@.svg_completeness(rows));

	note := format('<footer>Made by crmseg %s for datamart %s on %s.</footer>', @extschema@.version(), @extschema@.svg_escape(mart),
		to_char(now() AT TIME ZONE zone, 'YYYY-MM-DD HH24:MI'));
	RETURN @extschema@.report_page('Customers of ' || mart,
		coalesce(to_char(head.first_at AT TIME ZONE zone, 'YYYY-MM-DD') || ' to ' || to_char(head.last_at AT TIME ZONE zone, 'YYYY-MM-DD'), 'no orders yet'), body || note);
END $$;
COMMENT ON FUNCTION @extschema@.report(name) IS
	'one HTML page about a datamart, with pictures and nothing outside of it: psql -At -o report.html -c "SELECT crmseg.report(''shop'')". 3F000, 55000 as every function of a mart';
