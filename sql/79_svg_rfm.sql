-- Pictures of customers through time: moves between groups, cohorts, the chance of being alive, a model beside what happened. As in
-- 79_svg.sql each draws rows given as a JSON array; every text is escaped.

CREATE FUNCTION @extschema@.svg_group_colour(label text, place integer DEFAULT 0) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN coalesce('{"Champions": "#15457c", "Best": "#15457c", "Active": "#15457c", "Loyal": "#2866a5", "Potential loyalist": "#4b88c2", "New": "#5aa469", "Promising": "#8fc39a",
		"Need attention": "#e0b04c", "About to sleep": "#d9944a", "At risk": "#cf6a4c", "Slipping": "#cf6a4c", "Can''t lose them": "#b23a48", "Hibernating": "#8d8f94", "Lost": "#b5b7bb", "not yet": "#d8dadd", "gone": "#d8dadd"}'::jsonb ->> label,
		(ARRAY['#4b88c2', '#5aa469', '#e0b04c', '#cf6a4c', '#8a6fae', '#5f9ea0', '#8d8f94'])[1 + abs(place) % 7]);
COMMENT ON FUNCTION @extschema@.svg_group_colour(text, integer) IS 'the colour of a group of customers: blue for the good, green for the new, yellow to red for those at risk, grey for the lost; others by their place';

CREATE FUNCTION @extschema@.svg_transitions(moves jsonb, from_title text DEFAULT 'before', to_title text DEFAULT 'now', title text DEFAULT 'Moves between groups') RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	usual CONSTANT text[] := '{Champions,Best,Active,Loyal,"Potential loyalist",New,Promising,"Need attention","About to sleep","At risk",Slipping,"Can''t lose them",Hibernating,Lost,"not yet",gone}';
	total numeric;
	groups int;
	body text := '';
	b record;
	x0 CONSTANT numeric := 190;
	x1 CONSTANT numeric := 620;
	bar CONSTANT numeric := 14;
	y0 CONSTANT numeric := 40;
	gap CONSTANT numeric := 12;
	h numeric;
	scale numeric;
	middle CONSTANT numeric := (190 + 14 + 620) / 2.0;
BEGIN
	SELECT sum(d.customers), greatest(count(DISTINCT coalesce(d.from, 'not yet')), count(DISTINCT coalesce(d.to, 'gone'))) INTO total, groups
	FROM jsonb_to_recordset(moves) AS d ("from" text, "to" text, customers numeric) WHERE d.customers > 0;
	IF total IS NULL THEN
		RETURN @extschema@.svg_frame(820, 60, title, @extschema@.svg_text(20, 34, 'nothing to show yet', 'fill="#66707c"'));
	END IF;
	h := 26 * groups + 150;
	scale := h / total;
	body := @extschema@.svg_text(x0 + bar, 20, from_title, 'text-anchor="end" font-weight="600"') || @extschema@.svg_text(x1, 20, to_title, 'font-weight="600"');
	-- bands: each leaves its left bar in the order of the right bars, and the other way round
	FOR b IN
		WITH m AS (SELECT coalesce(d.from, 'not yet') AS a, coalesce(d.to, 'gone') AS b, sum(d.customers) AS n, sum(d.revenue) AS revenue
				FROM jsonb_to_recordset(moves) AS d ("from" text, "to" text, customers numeric, revenue numeric) WHERE d.customers > 0 GROUP BY 1, 2),
			g AS (SELECT x.label, row_number() OVER (ORDER BY coalesce(array_position(usual, x.label), 99), x.label) AS place FROM (SELECT m.a AS label FROM m UNION SELECT m.b FROM m) x),
			l AS (SELECT m.*, ga.place AS pa, gb.place AS pb FROM m JOIN g ga ON ga.label = m.a JOIN g gb ON gb.label = m.b),
			r AS (SELECT l.*, sum(l.n) OVER (ORDER BY l.pa, l.pb) - l.n AS ya, sum(l.n) OVER (ORDER BY l.pb, l.pa) - l.n AS yb,
					dense_rank() OVER (ORDER BY l.pa) - 1 AS ia, dense_rank() OVER (ORDER BY l.pb) - 1 AS ib FROM l)
		SELECT r.a, r.b, r.n, r.revenue, r.pa, y0 + r.ya * scale + r.ia * gap AS top_a, y0 + r.yb * scale + r.ib * gap AS top_b, greatest(r.n * scale, 0.5) AS thick FROM r ORDER BY r.pa, r.pb
	LOOP
		body := body || format('<path d="M%s,%s C%s,%2$s %3$s,%4$s %5$s,%4$s L%5$s,%6$s C%3$s,%6$s %3$s,%7$s %1$s,%7$s Z" fill="%8$s" fill-opacity="0.45"><title>%9$s</title></path>',
			x0 + bar, round(b.top_a, 1), middle, round(b.top_b, 1), x1, round(b.top_b + b.thick, 1), round(b.top_a + b.thick, 1), @extschema@.svg_group_colour(b.a, b.pa::int),
			@extschema@.svg_escape(format('%s → %s: %s customers, %s', b.a, b.b, b.n, @extschema@.svg_number(coalesce(b.revenue, 0)))));
	END LOOP;
	FOR b IN
		WITH m AS (SELECT coalesce(d.from, 'not yet') AS a, coalesce(d.to, 'gone') AS b, d.customers AS n
				FROM jsonb_to_recordset(moves) AS d ("from" text, "to" text, customers numeric) WHERE d.customers > 0),
			s AS (SELECT 0 AS side, m.a AS label, sum(m.n) AS n FROM m GROUP BY m.a UNION ALL SELECT 1, m.b, sum(m.n) FROM m GROUP BY m.b),
			p AS (SELECT s.*, row_number() OVER (PARTITION BY s.side ORDER BY coalesce(array_position(usual, s.label), 99), s.label) AS place, dense_rank() OVER (ORDER BY coalesce(array_position(usual, s.label), 99), s.label) AS colour FROM s)
		SELECT p.side, p.label, p.n, p.colour, y0 + (sum(p.n) OVER (PARTITION BY p.side ORDER BY p.place) - p.n) * scale + (p.place - 1) * gap AS top FROM p ORDER BY p.side, p.place
	LOOP
		body := body || format('<rect x="%s" y="%s" width="%s" height="%s" fill="%s"/>', CASE b.side WHEN 0 THEN x0 ELSE x1 END, round(b.top, 1), bar, round(greatest(b.n * scale, 1), 1), @extschema@.svg_group_colour(b.label, b.colour::int))
			|| @extschema@.svg_text(CASE b.side WHEN 0 THEN x0 - 8 ELSE x1 + bar + 8 END, b.top + greatest(b.n * scale, 1) / 2 + 4,
				format('%s  %s', CASE WHEN length(b.label) > 22 THEN left(b.label, 21) || '…' ELSE b.label END, @extschema@.svg_number(b.n)), CASE b.side WHEN 0 THEN 'text-anchor="end" font-size="12"' ELSE 'font-size="12"' END);
	END LOOP;
	RETURN @extschema@.svg_frame(820, y0 + h + gap * groups + 8, title, body);
END;
$$;
COMMENT ON FUNCTION @extschema@.svg_transitions(jsonb, text, text, text) IS 'moves between groups as bands of SVG text, as wide as customers are many, of rows [{"from", "to", "customers", "revenue"}] such as rfm_transitions() gives';

CREATE FUNCTION @extschema@.svg_cohorts(cells jsonb, title text DEFAULT 'Cohorts: share of the customers who bought again') RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	c record;
	body text := '';
	cohorts int;
	ages int;
	largest numeric;
	x0 CONSTANT numeric := 170;
	y0 CONSTANT numeric := 44;
	w numeric;
	h CONSTANT numeric := 24;
BEGIN
	SELECT count(DISTINCT d.cohort), max(d.age), coalesce(max(d.retention) FILTER (WHERE d.age > 0 AND d.customers >= 10), max(d.retention) FILTER (WHERE d.age > 0)) INTO cohorts, ages, largest
	FROM jsonb_to_recordset(cells) AS d (cohort date, age int, customers numeric, retention numeric) WHERE d.age >= 0;
	-- at most 24 cohorts and ages, the newest; the shades are those of cohorts that are no accident
	ages := least(coalesce(ages, 0), 24);
	w := CASE WHEN ages <= 13 THEN 48 ELSE 30 END;
	FOR c IN
		SELECT d.cohort, d.age, d.customers, d.active, d.retention, s.fill, s.ink, d.place - 1 AS row
		FROM (SELECT e.*, dense_rank() OVER (ORDER BY e.cohort) - greatest(cohorts - 24, 0) AS place FROM jsonb_to_recordset(cells) AS e (cohort date, age int, customers numeric, active numeric, retention numeric) WHERE e.age >= 0) d,
			LATERAL @extschema@.svg_shade(CASE WHEN d.age = 0 THEN 0 ELSE least(d.retention / nullif(largest, 0), 1) * 0.999 END) s
		WHERE d.place > 0 AND d.age <= ages ORDER BY d.cohort, d.age
	LOOP
		IF c.age = 0 THEN
			body := body || @extschema@.svg_text(x0 - 62, y0 + c.row * h + 16, to_char(c.cohort, 'YYYY-MM-DD'), 'text-anchor="end" font-size="12"')
				|| @extschema@.svg_text(x0 - 10, y0 + c.row * h + 16, @extschema@.svg_number(c.customers), 'text-anchor="end" font-size="12" fill="#66707c"');
		ELSE
			body := body || format('<g><title>%s</title><rect x="%s" y="%s" width="%s" height="%s" rx="3" fill="%s"/>', @extschema@.svg_escape(format('%s + %s: %s of %s customers', to_char(c.cohort, 'YYYY-MM-DD'), c.age, c.active, c.customers)),
					x0 + (c.age - 1) * w, y0 + c.row * h, w - 2, h - 2, c.fill)
				|| @extschema@.svg_text(x0 + (c.age - 1) * w + w / 2 - 1, y0 + c.row * h + 15, round(100 * c.retention)::text, format('text-anchor="middle" font-size="11" fill="%s"', c.ink)) || '</g>';
		END IF;
	END LOOP;
	FOR i IN 1 .. ages LOOP
		body := body || @extschema@.svg_text(x0 + (i - 1) * w + w / 2 - 1, y0 - 8, '+' || i, 'text-anchor="middle" font-size="11" fill="#66707c"');
	END LOOP;
	body := body || @extschema@.svg_text(8, y0 - 8, 'first purchase', 'font-size="11.5" font-weight="600"') || @extschema@.svg_text(x0 - 10, y0 - 8, 'customers', 'text-anchor="end" font-size="11" fill="#66707c"')
		|| @extschema@.svg_text(x0, 16, 'periods later, % who bought', 'font-size="11.5" font-weight="600"');
	RETURN @extschema@.svg_frame(greatest(x0 + ages * w + 8, 380), y0 + least(coalesce(cohorts, 0), 24) * h + 6, title, body);
END;
$$;
COMMENT ON FUNCTION @extschema@.svg_cohorts(jsonb, text) IS 'cohort triangle as SVG text, of rows [{"cohort", "age", "customers", "active", "retention"}] such as cohort_retention() gives; the newest 24 cohorts, 24 periods';

CREATE FUNCTION @extschema@.p_alive_grid(model @extschema@.value_model, age double precision, max_frequency integer DEFAULT 10, steps integer DEFAULT 12)
	RETURNS TABLE (frequency integer, recency double precision, p_alive double precision)
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NOT (age > 0 AND age < 'Infinity') OR max_frequency NOT BETWEEN 1 AND 1000 OR steps NOT BETWEEN 1 AND 1000 THEN
		RAISE EXCEPTION 'the grid needs an age above zero, and 1 to 1000 purchases and steps' USING ERRCODE = '22023';
	END IF;
	RETURN QUERY SELECT x, least(age * s / steps, age), @extschema@.p_alive(model, x::double precision, least(age * s / steps, age), age) FROM generate_series(1, max_frequency) x, generate_series(1, steps) s ORDER BY 1, 2;
END $$;
COMMENT ON FUNCTION @extschema@.p_alive_grid(@extschema@.value_model, double precision, integer, integer) IS 'the probability that a customer observed for age is still there, for each number of repeat purchases and time of the last; rows for svg_p_alive';

CREATE FUNCTION @extschema@.svg_p_alive(cells jsonb, unit text DEFAULT '', title text DEFAULT 'Probability that the customer is still there') RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	c record;
	body text := '';
	x_count int;
	y_count int;
	x0 CONSTANT numeric := 92;
	y0 CONSTANT numeric := 12;
	w numeric;
	h CONSTANT numeric := 26;
BEGIN
	SELECT count(DISTINCT d.frequency), count(DISTINCT d.recency) INTO x_count, y_count FROM jsonb_to_recordset(cells) AS d (frequency int, recency numeric);
	w := least(greatest(560.0 / greatest(x_count, 1), 14), 56);
	FOR c IN
		SELECT d.*, s.fill, s.ink, dense_rank() OVER (ORDER BY d.frequency) - 1 AS col, y_count - dense_rank() OVER (ORDER BY d.recency) AS row
		FROM jsonb_to_recordset(cells) AS d (frequency int, recency numeric, p_alive numeric), LATERAL @extschema@.svg_shade(d.p_alive * 0.999) s ORDER BY d.frequency, d.recency
	LOOP
		body := body || format('<g><title>%s</title><rect x="%s" y="%s" width="%s" height="%s" rx="2" fill="%s"/>', @extschema@.svg_escape(format('%s repeat purchases, the last at %s%s: %s', c.frequency, round(c.recency, 1), ' ' || unit, round(c.p_alive, 3))),
				round(x0 + c.col * w, 1), y0 + c.row * h, round(w - 1.5, 1), h - 1.5, c.fill)
			|| CASE WHEN w >= 30 THEN @extschema@.svg_text(x0 + c.col * w + w / 2 - 1, y0 + c.row * h + 17, round(100 * c.p_alive)::text, format('text-anchor="middle" font-size="11" fill="%s"', c.ink)) ELSE '' END || '</g>';
		IF c.col = 0 THEN
			body := body || @extschema@.svg_text(x0 - 8, y0 + c.row * h + 17, @extschema@.svg_number(c.recency), 'text-anchor="end" font-size="11" fill="#66707c"');
		END IF;
		IF c.row = y_count - 1 AND (w >= 20 OR c.col % 5 = 0) THEN
			body := body || @extschema@.svg_text(x0 + c.col * w + w / 2 - 1, y0 + y_count * h + 14, c.frequency::text, 'text-anchor="middle" font-size="11" fill="#66707c"');
		END IF;
	END LOOP;
	body := body || @extschema@.svg_text(x0 + x_count * w / 2, y0 + y_count * h + 34, 'repeat purchases', 'text-anchor="middle" font-weight="600"')
		|| format('<text transform="translate(20 %s) rotate(-90)" text-anchor="middle" font-weight="600">%s</text>', y0 + y_count * h / 2, @extschema@.svg_escape('time of the last' || CASE WHEN unit <> '' THEN ', ' || unit ELSE '' END));
	RETURN @extschema@.svg_frame(greatest(x0 + x_count * w + 10, 300), y0 + y_count * h + 44, title, body);
END;
$$;
COMMENT ON FUNCTION @extschema@.svg_p_alive(jsonb, text, text) IS 'heat map of the probability to be alive as SVG text, of rows [{"frequency", "recency", "p_alive"}] such as p_alive_grid() gives';

CREATE FUNCTION @extschema@.svg_tracking(points jsonb, cumulated boolean DEFAULT true, title text DEFAULT 'Repeat purchases: model and actual') RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	n int;
	top numeric;
	step numeric;
	first timestamptz;
	last timestamptz;
	actual text;
	expected text;
	p record;
	body text := '';
	x0 CONSTANT numeric := 64;
	y0 CONSTANT numeric := 30;
	w CONSTANT numeric := 640;
	h CONSTANT numeric := 260;
BEGIN
	SELECT count(*), greatest(max(CASE WHEN cumulated THEN d.actual_cumulated ELSE d.actual END), max(CASE WHEN cumulated THEN d.expected_cumulated ELSE d.expected END)), min(d.period_end), max(d.period_end) INTO n, top, first, last
	FROM jsonb_to_recordset(points) AS d (period_end timestamptz, actual numeric, actual_cumulated numeric, expected numeric, expected_cumulated numeric) WHERE d.period_end IS NOT NULL;
	step := @extschema@.svg_step(coalesce(top, 0));
	top := greatest(ceil(coalesce(top, 0) / step), 1) * step;
	FOR i IN 0 .. round(top / step)::int LOOP
		body := body || format('<line x1="%s" x2="%s" y1="%s" y2="%3$s" stroke="%4$s"/>', x0, x0 + w, round(y0 + h - i * step * h / top, 1), CASE i WHEN 0 THEN '#66707c' ELSE '#e3e5e8' END)
			|| @extschema@.svg_text(x0 - 8, y0 + h - i * step * h / top + 4, @extschema@.svg_number(i * step), 'text-anchor="end" font-size="11.5" fill="#66707c"');
	END LOOP;
	SELECT string_agg(format('%s,%s', x, round(y0 + h - greatest(a, 0) * h / top, 1)), ' ' ORDER BY t) FILTER (WHERE a IS NOT NULL), string_agg(format('%s,%s', x, round(y0 + h - greatest(e, 0) * h / top, 1)), ' ' ORDER BY t) FILTER (WHERE e IS NOT NULL)
	INTO actual, expected
	FROM (SELECT d.period_end AS t, round(x0 + w * (row_number() OVER (ORDER BY d.period_end) - 0.5) / n, 1) AS x, CASE WHEN cumulated THEN d.actual_cumulated ELSE d.actual END AS a, CASE WHEN cumulated THEN d.expected_cumulated ELSE d.expected END AS e
		FROM jsonb_to_recordset(points) AS d (period_end timestamptz, actual numeric, actual_cumulated numeric, expected numeric, expected_cumulated numeric) WHERE d.period_end IS NOT NULL) v;
	body := body || format('<polyline points="%s" fill="none" stroke="#1f2933" stroke-width="2" stroke-linejoin="round"/><polyline points="%s" fill="none" stroke="#cf6a4c" stroke-width="2.5" stroke-dasharray="7 4" stroke-linejoin="round"/>', coalesce(actual, ''), coalesce(expected, ''))
		|| format('<line x1="%s" x2="%s" y1="13" y2="13" stroke="#1f2933" stroke-width="2"/>', x0, x0 + 26) || @extschema@.svg_text(x0 + 32, 17, 'actual', 'font-size="12"')
		|| format('<line x1="%s" x2="%s" y1="13" y2="13" stroke="#cf6a4c" stroke-width="2.5" stroke-dasharray="7 4"/>', x0 + 90, x0 + 116) || @extschema@.svg_text(x0 + 122, 17, 'model', 'font-size="12"')
		|| @extschema@.svg_text(x0, y0 + h + 18, to_char(first AT TIME ZONE 'UTC', 'YYYY-MM-DD'), 'font-size="11.5" fill="#66707c"') || @extschema@.svg_text(x0 + w, y0 + h + 18, to_char(last AT TIME ZONE 'UTC', 'YYYY-MM-DD'), 'text-anchor="end" font-size="11.5" fill="#66707c"')
		|| @extschema@.svg_text(x0 + w / 2, y0 + h + 18, CASE WHEN cumulated THEN 'repeat purchases since the start' ELSE 'repeat purchases in each period' END, 'text-anchor="middle" font-weight="600"');
	RETURN @extschema@.svg_frame(x0 + w + 16, y0 + h + 30, title, body);
END;
$$;
COMMENT ON FUNCTION @extschema@.svg_tracking(jsonb, boolean, text) IS 'a model beside what happened as SVG text, of rows [{"period_end", "actual", "actual_cumulated", "expected", "expected_cumulated"}] such as fit_tracking() gives';

CREATE FUNCTION @extschema@.svg_flow(periods jsonb, title text DEFAULT 'Customers won, kept, won back and lost') RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m record;
	body text := '';
	n int;
	top numeric;
	low numeric;
	step numeric;
	x0 CONSTANT numeric := 64;
	y0 CONSTANT numeric := 34;
	w CONSTANT numeric := 640;
	h CONSTANT numeric := 260;
	bar numeric;
	zero numeric;
	x numeric;
	y numeric;
	tall numeric;
	names CONSTANT text[] := '{kept,new,"won back",lost}';
	fills CONSTANT text[] := '{#4b88c2,#5aa469,#e0b04c,#cf6a4c}';
BEGIN
	SELECT count(*), coalesce(max(d.active), 0), coalesce(max(d.lost), 0) INTO n, top, low FROM (SELECT * FROM jsonb_to_recordset(periods) AS e (period_start date, active numeric, lost numeric) ORDER BY e.period_start DESC LIMIT 36) d;
	step := @extschema@.svg_step(greatest(top, low));
	top := greatest(ceil(top / step), 1) * step;
	low := ceil(low / step) * step;
	zero := y0 + h * top / (top + low);
	bar := w / greatest(n, 1);
	FOR i IN round(-low / step)::int .. round(top / step)::int LOOP
		body := body || format('<line x1="%s" x2="%s" y1="%s" y2="%3$s" stroke="%4$s"/>', x0, x0 + w, round(zero - i * step * h / (top + low), 1), CASE i WHEN 0 THEN '#66707c' ELSE '#e3e5e8' END)
			|| @extschema@.svg_text(x0 - 8, zero - i * step * h / (top + low) + 4, @extschema@.svg_number(abs(i * step)), 'text-anchor="end" font-size="11.5" fill="#66707c"');
	END LOOP;
	FOR m IN
		SELECT v.*, row_number() OVER (ORDER BY v.period_start) AS n FROM (SELECT d.period_start, ARRAY[coalesce(d.kept, 0), coalesce(d.new, 0), coalesce(d.won_back, 0), coalesce(d.lost, 0)] AS counts
			FROM jsonb_to_recordset(periods) AS d (period_start date, kept numeric, new numeric, won_back numeric, lost numeric) ORDER BY d.period_start DESC LIMIT 36) v ORDER BY v.period_start
	LOOP
		x := x0 + (m.n - 1) * bar;
		y := zero;
		FOR i IN 1 .. 4 LOOP
			tall := m.counts[i] * h / (top + low);
			IF i < 4 THEN
				y := y - tall;
			END IF;
			IF tall > 0 THEN
				body := body || format('<rect x="%s" y="%s" width="%s" height="%s" fill="%s"><title>%s</title></rect>', round(x + bar * 0.13, 1), round(CASE WHEN i < 4 THEN y ELSE zero END, 1), round(bar * 0.74, 1), round(tall, 1), fills[i],
					@extschema@.svg_escape(format('%s: %s %s', to_char(m.period_start, 'YYYY-MM-DD'), m.counts[i], names[i])));
			END IF;
		END LOOP;
		IF n <= 12 OR m.n % 6 = 1 THEN
			body := body || @extschema@.svg_text(x + bar / 2, y0 + h + 16, to_char(m.period_start, CASE WHEN n <= 12 THEN 'YY-MM-DD' ELSE 'YYYY-MM' END), 'text-anchor="middle" font-size="10.5" fill="#66707c"');
		END IF;
	END LOOP;
	FOR i IN 1 .. 4 LOOP
		body := body || format('<rect x="%s" y="8" width="12" height="12" rx="2" fill="%s"/>', x0 + (i - 1) * 110, fills[i]) || @extschema@.svg_text(x0 + (i - 1) * 110 + 18, 18.5, names[i], 'font-size="12"');
	END LOOP;
	RETURN @extschema@.svg_frame(x0 + w + 16, y0 + h + 26, title, body);
END;
$$;
COMMENT ON FUNCTION @extschema@.svg_flow(jsonb, text) IS 'customers won, kept, won back (above) and lost (below) in each period as SVG text, of rows such as customer_flow() gives; the newest 36 periods';
