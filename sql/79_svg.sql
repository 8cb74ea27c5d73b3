-- Pictures: each svg_* function draws rows given as a JSON array into one <svg> element of text, without scripts, fonts or references to
-- anything outside. The rows come from the data functions of 80_report.sql, or from any query: jsonb_agg(row). Every text is escaped.

CREATE FUNCTION @extschema@.svg_escape(t text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN replace(replace(replace(replace(replace(translate(t, E'\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f' || chr(65534) || chr(65535), ''),
		'&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;');
COMMENT ON FUNCTION @extschema@.svg_escape(text) IS 'text made harmless inside HTML and SVG: & < > and both quotes escaped, characters that XML forbids taken out';

CREATE FUNCTION @extschema@.svg_number(n numeric) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE
		WHEN n IN ('NaN', 'Infinity', '-Infinity') THEN n::text
		WHEN abs(n) >= 999500000 THEN trim_scale(round(n / 1000000000, 2))::text || ' G'
		WHEN abs(n) >= 999500 THEN trim_scale(round(n / 1000000, 2))::text || ' M'
		WHEN abs(n) >= 99950 THEN round(n / 1000)::text || ' k'
		WHEN abs(n) >= 9995 THEN trim_scale(round(n / 1000, 1))::text || ' k'
		WHEN abs(n) >= 100 OR n = round(n) THEN regexp_replace(round(n)::text, '(\d)(\d{3})$', '\1 \2')
		ELSE trim_scale(round(n, 1))::text END;
COMMENT ON FUNCTION @extschema@.svg_number(numeric) IS 'a number short enough for a label: 812, 1 234, 12.3 k, 4.56 M';

-- A step above the largest value for axes: 1, 2, 2.5 or 5 times a power of ten, at most six steps
CREATE FUNCTION @extschema@.svg_step(largest numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(trim_scale(min(s)), 1) FROM (SELECT m * power(10::numeric, e) AS s FROM unnest(ARRAY[1, 2, 2.5, 5]) AS m, generate_series(-2, 30) AS e) AS steps
	WHERE s * 5 >= largest AND largest > 0;
END;
COMMENT ON FUNCTION @extschema@.svg_step(numeric) IS 'the distance of an axis'' lines for values up to the largest, so that five or fewer are drawn above zero';

CREATE FUNCTION @extschema@.svg_text(x numeric, y numeric, t text, style text DEFAULT '') RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN format('<text x="%s" y="%s" %s>%s</text>', round(x, 1), round(y, 1), style, coalesce(@extschema@.svg_escape(t), ''));
COMMENT ON FUNCTION @extschema@.svg_text(numeric, numeric, text, text) IS 'a text element of a picture; t is escaped, style is a literal of ours: attributes';

CREATE FUNCTION @extschema@.svg_frame(width numeric, height numeric, title text, body text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN format('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%1$s" height="%2$s" role="img" aria-label="%3$s" '
		|| 'font-family="system-ui, ''Segoe UI'', Roboto, ''DejaVu Sans'', sans-serif" font-size="13" fill="#1f2933"><title>%3$s</title>%4$s</svg>',
		round(width), round(height), coalesce(@extschema@.svg_escape(title), ''), coalesce(body, ''));
COMMENT ON FUNCTION @extschema@.svg_frame(numeric, numeric, text, text) IS 'the svg element around a body that is markup already; width and height in pixels, the title is escaped';

-- Seven blues from nearly white to dark; on the last three the text is white.
CREATE FUNCTION @extschema@.svg_shade(share numeric, OUT fill text, OUT ink text)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT (ARRAY['#edf3fb', '#d3e2f4', '#adcaea', '#7dabd9', '#4b88c2', '#2866a5', '#15457c'])[k], CASE WHEN k > 4 THEN '#ffffff' ELSE '#1f2933' END
	FROM (SELECT 1 + least(6, floor(7 * greatest(0, coalesce(nullif(share, 'NaN'), 0))))::int AS k) AS step;
END;
COMMENT ON FUNCTION @extschema@.svg_shade(numeric) IS 'colour of a cell for a share from 0 to 1, and of the text upon it';

CREATE FUNCTION @extschema@.svg_rfm_heatmap(cells jsonb, unit text DEFAULT '', title text DEFAULT 'RFM: revenue by recency and frequency') RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	bins int;
	largest numeric;
	total numeric;
	c record;
	body text := '';
	x0 CONSTANT numeric := 104;
	y0 CONSTANT numeric := 16;
	w CONSTANT numeric := 132;
	h CONSTANT numeric := 74;
	x numeric;
	y numeric;
BEGIN
	SELECT greatest(max(d.r), max(d.f), 2), max(d.revenue), sum(d.revenue) INTO bins, largest, total
	FROM jsonb_to_recordset(cells) AS d (r int, f int, revenue numeric);
	IF bins > 9 OR bins IS NULL THEN bins := least(coalesce(bins, 5), 9); END IF;
	FOR c IN
		SELECT gr AS r, gf AS f, sum(d.parties) AS parties, sum(d.revenue) AS revenue, max(d.label) AS label, s.fill, s.ink
		FROM generate_series(1, bins) AS gr CROSS JOIN generate_series(1, bins) AS gf
			LEFT JOIN jsonb_to_recordset(cells) AS d (r int, f int, parties numeric, revenue numeric, label text) ON d.r = gr AND d.f = gf
			LEFT JOIN LATERAL @extschema@.svg_shade(d.revenue / nullif(greatest(largest, 0), 0)) AS s ON true
		GROUP BY gr, gf, s.fill, s.ink ORDER BY gr, gf
	LOOP
		x := x0 + (c.f - 1) * w;
		y := y0 + (bins - c.r) * h;
		body := body || format('<g><title>%s</title><rect x="%s" y="%s" width="%s" height="%s" rx="5" fill="%s"/>',
			@extschema@.svg_escape(format('R %s, F %s: %s customers, %s %s%s', c.r, c.f, coalesce(c.parties, 0), round(coalesce(c.revenue, 0), 2), unit,
				coalesce(', ' || c.label, ''))),
			x, y, w - 4, h - 4, CASE WHEN coalesce(c.parties, 0) = 0 THEN '#f5f5f3' ELSE c.fill END);
		IF coalesce(c.parties, 0) > 0 THEN
			body := body || @extschema@.svg_text(x + w / 2 - 2, y + 28, @extschema@.svg_number(c.revenue),
					format('text-anchor="middle" font-size="17" font-weight="600" fill="%s"', c.ink))
				|| @extschema@.svg_text(x + w / 2 - 2, y + 45, @extschema@.svg_number(c.parties) || ' customers'
						|| CASE WHEN total > 0 AND c.revenue > 0 THEN ', ' || round(100 * c.revenue / total) || ' %' ELSE '' END,
					format('text-anchor="middle" font-size="11" fill="%s"', c.ink))
				|| @extschema@.svg_text(x + w / 2 - 2, y + 61, CASE WHEN length(c.label) > 20 THEN left(c.label, 19) || '…' ELSE c.label END,
					format('text-anchor="middle" font-size="10.5" font-style="italic" fill="%s"', c.ink));
		END IF;
		body := body || '</g>';
	END LOOP;
	FOR i IN 1..bins LOOP
		body := body || @extschema@.svg_text(x0 - 12, y0 + (bins - i) * h + h / 2 + 3, i::text, 'text-anchor="end" font-size="15" font-weight="600"')
			|| @extschema@.svg_text(x0 + (i - 1) * w + w / 2 - 2, y0 + bins * h + 18, i::text, 'text-anchor="middle" font-size="15" font-weight="600"');
	END LOOP;
	body := body
		|| @extschema@.svg_text(x0 - 30, y0 + 30, 'latest', 'text-anchor="end" fill="#66707c"')
		|| @extschema@.svg_text(x0 - 30, y0 + 47, 'purchases', 'text-anchor="end" fill="#66707c"')
		|| @extschema@.svg_text(x0 - 30, y0 + bins * h - 42, 'longest', 'text-anchor="end" fill="#66707c"')
		|| @extschema@.svg_text(x0 - 30, y0 + bins * h - 25, 'ago', 'text-anchor="end" fill="#66707c"')
		|| format('<text transform="translate(24 %s) rotate(-90)" text-anchor="middle" font-weight="600">Recency</text>', y0 + bins * h / 2)
		|| @extschema@.svg_text(x0, y0 + bins * h + 38, 'rare', 'fill="#66707c"')
		|| @extschema@.svg_text(x0 + bins * w / 2 - 2, y0 + bins * h + 38, 'Frequency', 'text-anchor="middle" font-weight="600"')
		|| @extschema@.svg_text(x0 + bins * w - 4, y0 + bins * h + 38, 'frequent', 'text-anchor="end" fill="#66707c"')
		|| @extschema@.svg_text(x0, y0 + bins * h + 62, 'each cell: revenue' || CASE WHEN unit <> '' THEN ' in ' || unit ELSE '' END || ', customers, share of all revenue', 'font-size="11.5" fill="#66707c"');
	RETURN @extschema@.svg_frame(x0 + bins * w + 8, y0 + bins * h + 72, title, body);
END;
$$;
COMMENT ON FUNCTION @extschema@.svg_rfm_heatmap(jsonb, text, text) IS
	'RFM heat map as SVG text, of rows [{"r", "f", "parties", "revenue", "label"}] such as rfm_cells() gives; unit is the currency; up to 9 bins';

CREATE FUNCTION @extschema@.svg_segments(segments jsonb, title text DEFAULT 'Segments: share of customers and of revenue') RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	s record;
	body text;
	y numeric := 36;
	x0 CONSTANT numeric := 176;
	w CONSTANT numeric := 380;
	all_parties numeric;
	all_revenue numeric;
	largest numeric;
BEGIN
	SELECT nullif(sum(d.parties), 0), nullif(sum(greatest(d.revenue, 0)), 0) INTO all_parties, all_revenue FROM jsonb_to_recordset(segments) AS d (parties numeric, revenue numeric);
	SELECT nullif(greatest(max(d.parties) / all_parties, max(d.revenue) / all_revenue), 0) INTO largest FROM jsonb_to_recordset(segments) AS d (parties numeric, revenue numeric);
	body := format('<rect x="%s" y="8" width="12" height="12" rx="2" fill="#7dabd9"/><rect x="%s" y="8" width="12" height="12" rx="2" fill="#15457c"/>', x0, x0 + 150)
		|| @extschema@.svg_text(x0 + 18, 18.5, 'share of customers', 'font-size="12"') || @extschema@.svg_text(x0 + 168, 18.5, 'share of revenue', 'font-size="12"');
	FOR s IN
		SELECT d.label, coalesce(d.parties, 0) AS n, coalesce(d.revenue, 0) AS m, coalesce(d.parties / all_parties, 0) AS a, greatest(coalesce(d.revenue / all_revenue, 0), 0) AS b
		FROM ROWS FROM (jsonb_to_recordset(segments) AS (label text, parties numeric, revenue numeric)) WITH ORDINALITY AS d (label, parties, revenue, n) ORDER BY d.n
	LOOP
		body := body || @extschema@.svg_text(x0 - 10, y + 17, CASE WHEN length(s.label) > 24 THEN left(s.label, 23) || '…' ELSE s.label END, 'text-anchor="end"')
			|| format('<rect x="%s" y="%s" width="%s" height="11" rx="2" fill="#7dabd9"/><rect x="%1$s" y="%4$s" width="%5$s" height="11" rx="2" fill="#15457c"/>',
				x0, y, round(greatest(w * s.a / coalesce(largest, 1), 1), 1), y + 13, round(greatest(w * s.b / coalesce(largest, 1), 1), 1))
			|| @extschema@.svg_text(x0 + w * s.a / coalesce(largest, 1) + 6, y + 9.5, format('%s %% (%s)', round(100 * s.a, 1), @extschema@.svg_number(s.n)), 'font-size="11" fill="#66707c"')
			|| @extschema@.svg_text(x0 + w * s.b / coalesce(largest, 1) + 6, y + 22.5, format('%s %% (%s)', round(100 * s.b, 1), @extschema@.svg_number(s.m)), 'font-size="11"');
		y := y + 36;
	END LOOP;
	RETURN @extschema@.svg_frame(x0 + w + 110, y + 2, title, body);
END;
$$;
COMMENT ON FUNCTION @extschema@.svg_segments(jsonb, text) IS
	'two bars a segment as SVG text, of rows [{"label", "parties", "revenue"}] such as rfm_segments() gives, in the order given';

CREATE FUNCTION @extschema@.svg_abc_curve(points jsonb, title text DEFAULT 'Concentration: how much of the revenue the best customers make') RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	p record;
	body text := '';
	line text;
	y numeric := 24;
	x0 CONSTANT numeric := 56;
	y0 CONSTANT numeric := 16;
	w CONSTANT numeric := 480;
	h CONSTANT numeric := 300;
	fills CONSTANT jsonb := '{"A": "#d3e2f4", "B": "#fdeedd", "C": "#f1f1ee"}';
BEGIN
	FOR i IN 0..5 LOOP
		body := body || format('<line x1="%s" x2="%s" y1="%s" y2="%3$s" stroke="#e3e5e8"/>', x0, x0 + w, y0 + h - i * h / 5)
			|| @extschema@.svg_text(x0 - 8, y0 + h - i * h / 5 + 4, i * 20 || ' %', 'text-anchor="end" font-size="11.5" fill="#66707c"')
			|| @extschema@.svg_text(x0 + i * w / 5, y0 + h + 18, i * 20 || ' %', 'text-anchor="middle" font-size="11.5" fill="#66707c"');
	END LOOP;
	FOR p IN
		SELECT d.class, lag(max(d.share_of_parties), 1, 0::numeric) OVER (ORDER BY max(d.share_of_parties), d.class) AS x1, max(d.share_of_parties) AS x2,
			lag(max(d.share_of_revenue), 1, 0::numeric) OVER (ORDER BY max(d.share_of_parties), d.class) AS y1, max(d.share_of_revenue) AS y2
		FROM jsonb_to_recordset(points) AS d (share_of_parties numeric, share_of_revenue numeric, class text)
		WHERE d.class IS NOT NULL GROUP BY d.class ORDER BY 3
	LOOP
		body := body || format('<rect x="%s" y="%s" width="%s" height="%s" fill="%s" fill-opacity="0.75"><title>%s</title></rect>', round(x0 + p.x1 * w, 1), y0, round((p.x2 - p.x1) * w, 1), h,
				coalesce(fills ->> p.class, '#f1f1ee'), @extschema@.svg_escape(format('class %s: %s %% of the customers, %s %% of the revenue', p.class, round(100 * (p.x2 - p.x1), 1), round(100 * (p.y2 - p.y1), 1))))
			|| @extschema@.svg_text(x0 + (p.x1 + p.x2) / 2 * w, y0 + h - 12, p.class, 'text-anchor="middle" font-size="20" font-weight="700" fill="#66707c"')
			|| format('<rect x="%s" y="%s" width="16" height="16" rx="3" fill="%s"/>', x0 + w + 24, y, coalesce(fills ->> p.class, '#f1f1ee'))
			|| @extschema@.svg_text(x0 + w + 48, y + 13, 'class ' || p.class, 'font-weight="600"')
			|| @extschema@.svg_text(x0 + w + 48, y + 31, round(100 * (p.x2 - p.x1), 1) || ' % of the customers')
			|| @extschema@.svg_text(x0 + w + 48, y + 49, round(100 * (p.y2 - p.y1), 1) || ' % of the revenue');
		y := y + 74;
	END LOOP;
	SELECT string_agg(format('%s,%s', round(x0 + d.share_of_parties * w, 1), round(y0 + h - d.share_of_revenue * h, 1)), ' ' ORDER BY d.share_of_parties, d.share_of_revenue) INTO line
	FROM jsonb_to_recordset(points) AS d (share_of_parties numeric, share_of_revenue numeric)
	WHERE d.share_of_parties IS NOT NULL AND d.share_of_revenue IS NOT NULL;
	body := body || format('<line x1="%s" y1="%s" x2="%s" y2="%s" stroke="#9aa3ad" stroke-dasharray="4 4"/>', x0, y0 + h, x0 + w, y0)
		|| format('<polyline points="%s,%s %s" fill="none" stroke="#15457c" stroke-width="2.5" stroke-linejoin="round"/>', x0, y0 + h, coalesce(line, ''))
		|| @extschema@.svg_text(x0 + w / 2, y0 + h + 40, 'share of the customers, best first', 'text-anchor="middle" font-weight="600"')
		|| format('<text transform="translate(13 %s) rotate(-90)" text-anchor="middle" font-weight="600">share of the revenue</text>', y0 + h / 2);
	RETURN @extschema@.svg_frame(x0 + w + 230, y0 + h + 52, title, body);
END;
$$;
COMMENT ON FUNCTION @extschema@.svg_abc_curve(jsonb, text) IS
	'revenue concentration curve as SVG text, of rows [{"share_of_parties", "share_of_revenue", "class"}] such as abc_points() gives; shares from 0 to 1';

CREATE FUNCTION @extschema@.svg_months(months jsonb, unit text DEFAULT '', title text DEFAULT 'Revenue and orders by month') RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m record;
	body text := '';
	n int;
	top numeric;
	low numeric;
	step numeric;
	x0 CONSTANT numeric := 64;
	y0 CONSTANT numeric := 18;
	w CONSTANT numeric := 640;
	h CONSTANT numeric := 250;
	bar numeric;
	zero numeric;
	x numeric;
BEGIN
	SELECT count(*), coalesce(max(d.revenue), 0), coalesce(max(-d.returned), 0) INTO n, top, low
	FROM jsonb_to_recordset(months) AS d (revenue numeric, returned numeric);
	step := @extschema@.svg_step(greatest(top, low));
	top := greatest(ceil(top / step), 1) * step;
	low := CASE WHEN low > 0 THEN least(greatest(low * 1.2, top / 25), top) ELSE 0 END;
	zero := y0 + h * top / (top + low);
	FOR i IN 0..round(top / step)::int LOOP
		body := body || format('<line x1="%s" x2="%s" y1="%s" y2="%3$s" stroke="%4$s"/>', x0, x0 + w, round(zero - i * step * h / (top + low), 1), CASE i WHEN 0 THEN '#66707c' ELSE '#e3e5e8' END)
			|| @extschema@.svg_text(x0 - 8, zero - i * step * h / (top + low) + 4, @extschema@.svg_number(i * step), 'text-anchor="end" font-size="11.5" fill="#66707c"');
	END LOOP;
	bar := w / greatest(n, 1);
	FOR m IN
		SELECT d.month, d.orders, coalesce(d.revenue, 0) AS revenue, coalesce(d.returned, 0) AS returned, d.n,
			d.n = 1 OR extract(month FROM d.month) = 1 AS new_year
		FROM (SELECT e.*, row_number() OVER (ORDER BY e.month) AS n FROM jsonb_to_recordset(months) AS e (month date, orders bigint, revenue numeric, returned numeric)) AS d ORDER BY d.n
	LOOP
		x := x0 + (m.n - 1) * bar;
		body := body || format('<g><title>%s</title><rect x="%s" y="%s" width="%s" height="%s" rx="1.5" fill="#4b88c2"/>',
				@extschema@.svg_escape(format('%s: %s orders, %s %s, returned %s', to_char(m.month, 'YYYY-MM'), m.orders, round(m.revenue, 2), unit, round(-m.returned, 2))),
				round(x + bar * 0.13, 1), round(zero - greatest(m.revenue, 0) * h / (top + low), 1), round(bar * 0.74, 1), round(greatest(m.revenue, 0) * h / (top + low), 1))
			|| format('<rect x="%s" y="%s" width="%s" height="%s" fill="#cf6a4c"/></g>', round(x + bar * 0.13, 1), round(zero, 1), round(bar * 0.74, 1),
				round(greatest(-m.returned, 0) * h / (top + low), 1));
		IF n <= 36 THEN
			body := body || @extschema@.svg_text(x + bar / 2, y0 + h + 15, left(to_char(m.month, 'Mon'), CASE WHEN n <= 18 THEN 3 ELSE 1 END), 'text-anchor="middle" font-size="11" fill="#66707c"');
		END IF;
		IF m.new_year THEN
			body := body || @extschema@.svg_text(x + bar * 0.13, y0 + h + 33, to_char(m.month, 'YYYY'), 'font-size="12" font-weight="600"');
		END IF;
	END LOOP;
	body := body || format('<rect x="%s" y="%s" width="11" height="11" rx="2" fill="#4b88c2"/><rect x="%s" y="%2$s" width="11" height="11" rx="2" fill="#cf6a4c"/>', x0, y0 + h + 46, x0 + 170)
		|| @extschema@.svg_text(x0 + 17, y0 + h + 56, 'revenue' || CASE WHEN unit <> '' THEN ' in ' || unit ELSE '' END, 'font-size="12"') || @extschema@.svg_text(x0 + 187, y0 + h + 56, 'returns', 'font-size="12"');
	RETURN @extschema@.svg_frame(x0 + w + 16, y0 + h + 64, title, body);
END;
$$;
COMMENT ON FUNCTION @extschema@.svg_months(jsonb, text, text) IS
	'columns by month as SVG text, of rows [{"month", "orders", "revenue", "returned"}] such as orders_by_month() gives; returned is negative, month its first day';

CREATE FUNCTION @extschema@.svg_imports(imports jsonb, title text DEFAULT 'Imports: what became of each line') RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	b record;
	body text := '';
	y numeric := 36;
	x numeric;
	piece numeric;
	x0 CONSTANT numeric := 150;
	w CONSTANT numeric := 390;
	names CONSTANT text[] := ARRAY['inserted', 'updated', 'unchanged', 'rejected'];
	fills CONSTANT text[] := ARRAY['#4b88c2', '#7fb69a', '#d5d8dc', '#c8443c'];
BEGIN
	FOR i IN 1..4 LOOP
		body := body || format('<rect x="%s" y="6" width="12" height="12" rx="2" fill="%s"/>', x0 + (i - 1) * 98, fills[i])
			|| @extschema@.svg_text(x0 + (i - 1) * 98 + 17, 16.5, names[i], 'font-size="12"');
	END LOOP;
	FOR b IN
		SELECT d.label, d.counts, (SELECT sum(c) FROM unnest(d.counts) AS c) AS lines
		FROM (SELECT e.label, ARRAY[coalesce(e.inserted, 0), coalesce(e.updated, 0), coalesce(e.unchanged, 0), coalesce(e.rejected, 0)] AS counts, e.n
			FROM ROWS FROM (jsonb_to_recordset(imports) AS (label text, inserted numeric, updated numeric, unchanged numeric, rejected numeric))
				WITH ORDINALITY AS e (label, inserted, updated, unchanged, rejected, n)) AS d ORDER BY d.n
	LOOP
		body := body || @extschema@.svg_text(x0 - 10, y + 14, CASE WHEN length(b.label) > 20 THEN left(b.label, 19) || '…' ELSE b.label END, 'text-anchor="end"');
		x := x0;
		FOR i IN 1..4 LOOP
			-- a reject is never too small to be seen
			piece := CASE WHEN b.counts[i] > 0 THEN greatest(w * b.counts[i] / b.lines, 2) ELSE 0 END;
			IF piece > 0 THEN
				body := body || format('<rect x="%s" y="%s" width="%s" height="18" fill="%s"><title>%s: %s</title></rect>', round(least(x, x0 + w - 2), 1), y, round(least(piece, x0 + w - least(x, x0 + w - 2)), 1), fills[i], names[i], b.counts[i]);
			END IF;
			x := x + piece;
		END LOOP;
		body := body || @extschema@.svg_text(x0 + w + 10, y + 14, format('%s lines, %s rejected%s', @extschema@.svg_number(coalesce(b.lines, 0)), @extschema@.svg_number(b.counts[4]),
			CASE WHEN b.lines > 0 THEN ' (' || round(100 * b.counts[4] / b.lines, 2) || ' %)' ELSE '' END), 'font-size="12"');
		y := y + 30;
	END LOOP;
	RETURN @extschema@.svg_frame(x0 + w + 250, y + 2, title, body);
END;
$$;
COMMENT ON FUNCTION @extschema@.svg_imports(jsonb, text) IS
	'one bar a batch as SVG text, of rows [{"label", "inserted", "updated", "unchanged", "rejected"}] such as import_outcomes() gives, in the order given';

CREATE FUNCTION @extschema@.svg_completeness(fields jsonb, title text DEFAULT 'Completeness: how many records of each source have the field') RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	sources text[];
	columns text[];
	c record;
	body text := '';
	x0 CONSTANT numeric := 150;
	y0 CONSTANT numeric := 34;
	w CONSTANT numeric := 82;
	h CONSTANT numeric := 36;
BEGIN
	SELECT array_agg(d.source ORDER BY d.n) INTO sources FROM (SELECT e.source, min(e.n) AS n FROM ROWS FROM (jsonb_to_recordset(fields) AS (source text)) WITH ORDINALITY AS e (source, n) GROUP BY e.source) AS d;
	SELECT array_agg(d.field ORDER BY d.n) INTO columns FROM (SELECT e.field, min(e.n) AS n FROM ROWS FROM (jsonb_to_recordset(fields) AS (field text)) WITH ORDINALITY AS e (field, n) GROUP BY e.field) AS d;
	FOR c IN
		SELECT array_position(columns, d.field) AS cx, array_position(sources, d.source) AS cy, d.field, d.source, coalesce(d.filled, 0) AS filled, d.total,
			coalesce(d.filled / nullif(d.total, 0), 0) AS share, s.fill, s.ink
		FROM jsonb_to_recordset(fields) AS d (source text, field text, filled numeric, total numeric),
			LATERAL @extschema@.svg_shade(coalesce(d.filled / nullif(d.total, 0), 0)) AS s ORDER BY 2, 1
	LOOP
		body := body || format('<g><title>%s</title><rect x="%s" y="%s" width="%s" height="%s" rx="4" fill="%s"/></g>',
				@extschema@.svg_escape(format('%s of %s, %s', c.filled, c.total, c.source || ': ' || c.field)), x0 + (c.cx - 1) * w, y0 + (c.cy - 1) * h, w - 3, h - 3,
				CASE WHEN c.filled = 0 THEN '#f5f5f3' ELSE c.fill END)
			|| @extschema@.svg_text(x0 + (c.cx - 1) * w + w / 2 - 1.5, y0 + (c.cy - 1) * h + 21, CASE WHEN c.filled = 0 THEN '–' ELSE round(100 * c.share) || ' %' END,
				format('text-anchor="middle" fill="%s"', CASE WHEN c.filled = 0 THEN '#9aa3ad' ELSE c.ink END));
	END LOOP;
	FOR i IN 1..coalesce(cardinality(columns), 0) LOOP
		body := body || @extschema@.svg_text(x0 + (i - 1) * w + w / 2 - 1.5, y0 - 10, columns[i], 'text-anchor="middle" font-size="12"');
	END LOOP;
	FOR i IN 1..coalesce(cardinality(sources), 0) LOOP
		body := body || @extschema@.svg_text(x0 - 10, y0 + (i - 1) * h + 21, CASE WHEN length(sources[i]) > 20 THEN left(sources[i], 19) || '…' ELSE sources[i] END, 'text-anchor="end"');
	END LOOP;
	RETURN @extschema@.svg_frame(x0 + coalesce(cardinality(columns), 1) * w + 8, y0 + coalesce(cardinality(sources), 1) * h + 6, title, body);
END;
$$;
COMMENT ON FUNCTION @extschema@.svg_completeness(jsonb, text) IS
	'shaded table as SVG text, of rows [{"source", "field", "filled", "total"}] such as source_completeness() gives';
