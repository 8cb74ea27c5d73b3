-- Pictures of segments, from the rows of segment_overlap, segment_funnel and segment_history. (79_svg.sql has what they are drawn with)
CREATE FUNCTION @extschema@.svg_segment_overlap(cells jsonb, title text DEFAULT 'Overlap: share of the segment on the left that is in the other') RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	names text[];
	body text := '';
	c record;
	side constant int := 46;
	left_ constant int := 190;
BEGIN
	SELECT array_agg(DISTINCT x.a ORDER BY x.a) INTO names FROM jsonb_to_recordset(cells) x(a text);
	IF names IS NULL THEN
		RETURN @extschema@.svg_frame(400, 80, title, @extschema@.svg_text(20, 45, 'no segments'));
	END IF;
	FOR c IN SELECT x.a, x.b, x.members, x.share, array_position(names, x.a) AS i, array_position(names, x.b) AS j FROM jsonb_to_recordset(cells) x(a text, b text, members bigint, share numeric) ORDER BY 5, 6 LOOP
		CONTINUE WHEN c.j IS NULL;
		body := body || format('<rect x="%s" y="%s" width="%s" height="%3$s" fill="%s"><title>%s</title></rect>', left_ + (c.j - 1) * side, 60 + (c.i - 1) * side, side - 2, (@extschema@.svg_shade(coalesce(c.share, 0))).fill,
				@extschema@.svg_escape(format('%s and %s: %s', c.a, c.b, c.members)))
			|| @extschema@.svg_text(left_ + (c.j - 0.5) * side - 1, 60 + (c.i - 0.5) * side + 4, CASE WHEN c.share IS NULL THEN '' ELSE round(100 * c.share)::text END,
				format('text-anchor="middle" font-size="12" fill="%s"', (@extschema@.svg_shade(coalesce(c.share, 0))).ink));
	END LOOP;
	FOR i IN 1 .. cardinality(names) LOOP
		body := body || @extschema@.svg_text(left_ - 8, 60 + (i - 0.5) * side + 4, i || '  ' || left(names[i], 26), 'text-anchor="end" font-size="12"')
			|| @extschema@.svg_text(left_ + (i - 0.5) * side - 1, 52, i::text, 'text-anchor="middle" font-size="12" fill="#5b6770"');
	END LOOP;
	RETURN @extschema@.svg_frame(left_ + cardinality(names) * side + 20, 80 + cardinality(names) * side, title, @extschema@.svg_text(20, 26, title, 'font-weight="600"') || body);
END $$;
COMMENT ON FUNCTION @extschema@.svg_segment_overlap(jsonb, text) IS 'an SVG picture of the rows of segment_overlap, as jsonb_agg(to_jsonb(o)): per cent of the segment in the row that is in the one of the column';

CREATE FUNCTION @extschema@.svg_segment_funnel(steps jsonb, title text DEFAULT 'Funnel: parties left after each condition') RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	body text := '';
	c record;
	n int := 0;
	most numeric;
BEGIN
	SELECT max(x.remaining) INTO most FROM jsonb_to_recordset(steps) x(remaining numeric);
	FOR c IN SELECT x.step, x.condition, x.remaining, x.share FROM jsonb_to_recordset(steps) x(step int, condition text, remaining numeric, share numeric) ORDER BY x.step LOOP
		body := body || format('<rect x="20" y="%s" width="%s" height="22" rx="2" fill="#2866a5"/>', 66 + n * 46, round(coalesce(c.remaining / nullif(most, 0), 0) * 420 + 2, 1))
			|| @extschema@.svg_text(20, 60 + n * 46, left(c.condition, 90), 'font-size="12"')
			|| @extschema@.svg_text(30 + coalesce(c.remaining / nullif(most, 0), 0) * 420, 82 + n * 46, @extschema@.svg_number(c.remaining) || CASE WHEN c.share IS NULL THEN '' ELSE format('  (%s %%)', round(100 * c.share)) END, 'font-size="12"');
		n := n + 1;
	END LOOP;
	RETURN @extschema@.svg_frame(620, 70 + n * 46, title, @extschema@.svg_text(20, 26, title, 'font-weight="600"') || body);
END $$;
COMMENT ON FUNCTION @extschema@.svg_segment_funnel(jsonb, text) IS 'an SVG picture of the rows of segment_funnel, as jsonb_agg(to_jsonb(f)): a bar for each condition with the parties left, and which share of those before';

CREATE FUNCTION @extschema@.svg_segment_history(days jsonb, title text DEFAULT 'Members by day') RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	body text := '';
	line text;
	c record;
	step numeric;
	x0 constant int := 70;
	w constant int := 620;
	h constant int := 190;
	top constant int := 50;
BEGIN
	SELECT min(x.day) AS low, max(x.day) AS high, greatest(max(x.members), 1) AS most, count(*) AS n INTO c FROM jsonb_to_recordset(days) x(day date, members numeric);
	IF c.n = 0 THEN
		RETURN @extschema@.svg_frame(400, 80, title, @extschema@.svg_text(20, 26, title, 'font-weight="600"') || @extschema@.svg_text(20, 55, 'nothing recorded yet'));
	END IF;
	step := @extschema@.svg_step(c.most);
	FOR i IN 0 .. floor(c.most / step)::int LOOP
		body := body || format('<line x1="%s" x2="%s" y1="%s" y2="%3$s" stroke="#d9e2ec"/>', x0, x0 + w, round(top + h - h * i * step / c.most, 1))
			|| @extschema@.svg_text(x0 - 8, top + h - h * i * step / c.most + 4, @extschema@.svg_number(i * step), 'text-anchor="end" font-size="12" fill="#5b6770"');
	END LOOP;
	-- a day's members stand at its end; of many days every so many is drawn, and the last
	SELECT string_agg(round(x0 + w * (x.day - c.low)::numeric / greatest(c.high - c.low, 1), 1) || ',' || round(top + h - h * x.members / c.most, 1), ' ' ORDER BY x.day) INTO line
		FROM jsonb_to_recordset(days) x(day date, members numeric) WHERE (x.day - c.low) % greatest(1, c.n / 1000) = 0 OR x.day = c.high;
	body := body || CASE WHEN c.low = c.high THEN format('<circle cx="%s" cy="%s" r="4" fill="#2866a5"/>', x0, round(top + h - h * (days -> 0 ->> 'members')::numeric / c.most, 1))
			ELSE format('<polyline fill="none" stroke="#2866a5" stroke-width="2" points="%s"/>', line) END
		|| @extschema@.svg_text(x0, top + h + 20, to_char(c.low, 'YYYY-MM-DD'), 'font-size="12" fill="#5b6770"')
		|| @extschema@.svg_text(x0 + w, top + h + 20, to_char(c.high, 'YYYY-MM-DD'), 'text-anchor="end" font-size="12" fill="#5b6770"');
	RETURN @extschema@.svg_frame(x0 + w + 30, top + h + 40, title, @extschema@.svg_text(20, 26, title, 'font-weight="600"') || body);
END $$;
COMMENT ON FUNCTION @extschema@.svg_segment_history(jsonb, text) IS 'an SVG picture of the rows of segment_history, as jsonb_agg(to_jsonb(h)): the members at the end of each day';
