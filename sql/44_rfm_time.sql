-- Customers through time: cohorts and how many of them come back, the rhythm of purchases and who is late, who was won, kept, lost and won
-- back in each period. Every function reads any table or view of orders with the rights of the caller; those that take a mart read its
-- view customer_order. A period is a day, week, month, quarter or year of a time zone.

CREATE FUNCTION @extschema@.check_period(period text, zone text) RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF period IS NULL OR period NOT IN ('day', 'week', 'month', 'quarter', 'year') THEN
		RAISE EXCEPTION 'unknown period' USING ERRCODE = '22023', HINT = 'The periods are day, week, month, quarter and year.';
	ELSIF zone IS NULL OR NOT @extschema@.is_time_zone(zone) THEN
		RAISE EXCEPTION 'not a time zone the server knows' USING ERRCODE = '22023', HINT = 'Such as Europe/Paris.';
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.check_period(text, text) IS 'refuses periods and time zones that are none: 22023';

-- periods numbered, so that the next one is one more
CREATE FUNCTION @extschema@.period_number(day date, period text) RETURNS integer
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE period WHEN 'day' THEN day - date '0001-01-01' WHEN 'week' THEN (date_trunc('week', day::timestamp)::date - date '0001-01-01') / 7
		WHEN 'month' THEN (extract(year FROM day) * 12 + extract(month FROM day) - 1)::integer
		WHEN 'quarter' THEN (extract(year FROM day) * 4 + extract(quarter FROM day) - 1)::integer WHEN 'year' THEN extract(year FROM day)::integer END;
COMMENT ON FUNCTION @extschema@.period_number(date, text) IS 'the number of the day, week, month, quarter or year that a day lies in; the next one has one more';

CREATE FUNCTION @extschema@.period_start(number integer, period text) RETURNS date
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE period WHEN 'day' THEN date '0001-01-01' + number WHEN 'week' THEN date '0001-01-01' + 7 * number
		WHEN 'month' THEN (timestamp '2000-01-01' + make_interval(months => number - 24000))::date
		WHEN 'quarter' THEN (timestamp '2000-01-01' + make_interval(months => 3 * (number - 8000)))::date
		WHEN 'year' THEN (timestamp '2000-01-01' + make_interval(years => number - 2000))::date END;
COMMENT ON FUNCTION @extschema@.period_start(integer, text) IS 'the first day of the period of that number';

-- ---- cohorts ----
CREATE FUNCTION @extschema@.cohort_retention(orders regclass, party_column name, time_column name, amount_column name, period text DEFAULT 'month', as_of timestamptz DEFAULT now(), zone text DEFAULT 'UTC')
	RETURNS TABLE (cohort date, age integer, customers bigint, active bigint, retention numeric, revenue numeric)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM @extschema@.check_period(period, zone);
	RETURN QUERY EXECUTE format($q$
		WITH o AS MATERIALIZED (SELECT x.id, @extschema@.period_number(x.day, $1) AS n, x.bought, x.amount
				FROM (SELECT o.%2$I::text AS id, (o.%3$I::timestamptz AT TIME ZONE $3)::date AS day, bool_or(o.%4$I::numeric >= 0) AS bought, sum(@extschema@.finite_amount(o.%4$I::numeric)) AS amount
					FROM %1$s o WHERE o.%2$I IS NOT NULL AND o.%4$I IS NOT NULL AND @extschema@.finite_time(o.%3$I::timestamptz) <= $2 GROUP BY 1, 2) x),
			f AS MATERIALIZED (SELECT o.id, min(o.n) AS first FROM o WHERE o.bought GROUP BY o.id),
			c AS (SELECT f.first, count(*) AS n FROM f GROUP BY f.first),
			a AS (SELECT f.first, o.n, count(DISTINCT o.id) FILTER (WHERE o.bought) AS active, sum(o.amount) AS amount FROM o JOIN f USING (id) WHERE o.n >= f.first GROUP BY f.first, o.n)
		SELECT @extschema@.period_start(c.first, $1), g - c.first, c.n, coalesce(a.active, 0), coalesce(a.active, 0)::numeric / c.n, coalesce(a.amount, 0)
		FROM c CROSS JOIN LATERAL generate_series(c.first, @extschema@.period_number(($2 AT TIME ZONE $3)::date, $1)) g
		LEFT JOIN a ON a.first = c.first AND a.n = g ORDER BY 1, 2 $q$, orders, party_column, time_column, amount_column) USING period, as_of, zone;
END $$;
COMMENT ON FUNCTION @extschema@.cohort_retention(regclass, name, name, name, text, timestamptz, text) IS 'of the customers whose first purchase lies in a period (the cohort), how many bought again age periods later, and the net amount of them; every period up to as_of has a row, the last may be unfinished; rows for svg_cohorts';

CREATE FUNCTION @extschema@.cohort_retention(mart name, period text DEFAULT 'month', as_of timestamptz DEFAULT now())
	RETURNS TABLE (cohort date, age integer, customers bigint, active bigint, retention numeric, revenue numeric)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	mt text := @extschema@.require_datamart(mart);
	zone text;
BEGIN
	EXECUTE format('SELECT d.time_zone FROM %s.datamart d', mt) INTO zone;
	RETURN QUERY SELECT * FROM @extschema@.cohort_retention((mt || '.customer_order')::regclass, 'party_id', 'ordered_at', 'amount', period, as_of, zone);
END $$;
COMMENT ON FUNCTION @extschema@.cohort_retention(name, text, timestamptz) IS 'cohort retention of a datamart, by the calendar of its time zone';

-- ---- rhythm ----
CREATE FUNCTION @extschema@.purchase_rhythm(orders regclass, party_column name, time_column name, amount_column name, as_of timestamptz DEFAULT now(), zone text DEFAULT 'UTC')
	RETURNS TABLE (party_id text, purchase_days bigint, first_purchase_at timestamptz, last_purchase_at timestamptz, mean_gap interval, next_purchase_at timestamptz, overdue_by interval, lateness double precision)
	LANGUAGE plpgsql STABLE ROWS 100000 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM @extschema@.check_period('day', zone);
	RETURN QUERY EXECUTE format($q$
		SELECT g.id, @extschema@.purchase_days(g.s), @extschema@.first_purchase_at(g.s), @extschema@.last_purchase_at(g.s), @extschema@.mean_gap(g.s),
			r.next, CASE WHEN r.next < $1 THEN $1 - r.next END, extract(epoch FROM $1 - @extschema@.last_purchase_at(g.s))::float8 / nullif(extract(epoch FROM @extschema@.mean_gap(g.s)), 0)::float8
		FROM (SELECT o.%2$I::text AS id, @extschema@.purchases(o.%3$I::timestamptz, o.%4$I::numeric, (o.%3$I::timestamptz AT TIME ZONE $2)::date) AS s
				FROM %1$s o WHERE o.%2$I IS NOT NULL AND @extschema@.finite_time(o.%3$I::timestamptz) <= $1 GROUP BY 1) g
		CROSS JOIN LATERAL (SELECT @extschema@.last_purchase_at(g.s) + make_interval(secs => extract(epoch FROM @extschema@.mean_gap(g.s))::float8) AS next OFFSET 0) r
		WHERE @extschema@.purchase_count(g.s) > 0 $q$, orders, party_column, time_column, amount_column) USING as_of, zone;
END $$;
COMMENT ON FUNCTION @extschema@.purchase_rhythm(regclass, name, name, name, timestamptz, text) IS 'mean time between the days on which a customer bought (last less first, by their number less one; NULL with one day), when the next purchase is due by it, by how long it is overdue (NULL: not yet), and the time since the last purchase in mean gaps (lateness: above 1 is overdue)';

-- ---- new, kept, lost, won back ----
CREATE FUNCTION @extschema@.customer_flow(orders regclass, party_column name, time_column name, amount_column name, period text DEFAULT 'month', as_of timestamptz DEFAULT now(), zone text DEFAULT 'UTC')
	RETURNS TABLE (period_start date, active bigint, new bigint, kept bigint, won_back bigint, lost bigint, revenue numeric, new_revenue numeric, kept_revenue numeric, won_back_revenue numeric, lost_revenue numeric, attrition_rate numeric)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM @extschema@.check_period(period, zone);
	RETURN QUERY EXECUTE format($q$
		WITH o AS MATERIALIZED (SELECT x.id, @extschema@.period_number(x.day, $1) AS n, bool_or(x.bought) AS bought, sum(x.amount) AS amount
				FROM (SELECT o.%2$I::text AS id, (o.%3$I::timestamptz AT TIME ZONE $3)::date AS day, bool_or(o.%4$I::numeric >= 0) AS bought, sum(@extschema@.finite_amount(o.%4$I::numeric)) AS amount
					FROM %1$s o WHERE o.%2$I IS NOT NULL AND o.%4$I IS NOT NULL AND @extschema@.finite_time(o.%3$I::timestamptz) <= $2 GROUP BY 1, 2) x GROUP BY 1, 2),
			b AS (SELECT o.*, lag(o.n) OVER w AS before, lead(o.n) OVER w AS after FROM o WHERE o.bought WINDOW w AS (PARTITION BY o.id ORDER BY o.n)),
			-- the period itself, and the one after it when the customer is missing there
			e AS (SELECT b.n, b.amount, CASE WHEN b.before IS NULL THEN 'new' WHEN b.before = b.n - 1 THEN 'kept' ELSE 'won' END AS kind FROM b
				UNION ALL SELECT b.n + 1, b.amount, 'lost' FROM b WHERE b.after IS DISTINCT FROM b.n + 1),
			s AS (SELECT e.n, count(*) FILTER (WHERE e.kind <> 'lost') AS active, count(*) FILTER (WHERE e.kind = 'new') AS new, count(*) FILTER (WHERE e.kind = 'kept') AS kept,
					count(*) FILTER (WHERE e.kind = 'won') AS won, count(*) FILTER (WHERE e.kind = 'lost') AS lost, sum(e.amount) FILTER (WHERE e.kind = 'new') AS new_amount,
					sum(e.amount) FILTER (WHERE e.kind = 'kept') AS kept_amount, sum(e.amount) FILTER (WHERE e.kind = 'won') AS won_amount, sum(e.amount) FILTER (WHERE e.kind = 'lost') AS lost_amount
				FROM e GROUP BY e.n),
			r AS (SELECT o.n, sum(o.amount) AS amount FROM o GROUP BY o.n)
		SELECT @extschema@.period_start(g, $1), coalesce(s.active, 0), coalesce(s.new, 0), coalesce(s.kept, 0), coalesce(s.won, 0), coalesce(s.lost, 0), coalesce(r.amount, 0),
			coalesce(s.new_amount, 0), coalesce(s.kept_amount, 0), coalesce(s.won_amount, 0), coalesce(s.lost_amount, 0), s.lost::numeric / nullif(lag(s.active) OVER (ORDER BY g), 0)
		FROM (SELECT min(o.n) AS first FROM o) l CROSS JOIN LATERAL generate_series(l.first, @extschema@.period_number(($2 AT TIME ZONE $3)::date, $1)) g
		LEFT JOIN s ON s.n = g LEFT JOIN r ON r.n = g ORDER BY g $q$, orders, party_column, time_column, amount_column) USING period, as_of, zone;
END $$;
COMMENT ON FUNCTION @extschema@.customer_flow(regclass, name, name, name, text, timestamptz, text) IS 'for each period up to as_of, which may be unfinished: customers who bought (active), of whom bought for the first time (new), had bought in the period before (kept), or earlier only (won_back); those of the period before who did not buy (lost); net amounts of each in the period, of the lost in the period before; attrition_rate is lost by the active of the period before. revenue holds the returns of people who bought nothing too';

CREATE FUNCTION @extschema@.customer_flow(mart name, period text DEFAULT 'month', as_of timestamptz DEFAULT now())
	RETURNS TABLE (period_start date, active bigint, new bigint, kept bigint, won_back bigint, lost bigint, revenue numeric, new_revenue numeric, kept_revenue numeric, won_back_revenue numeric, lost_revenue numeric, attrition_rate numeric)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	mt text := @extschema@.require_datamart(mart);
	zone text;
BEGIN
	EXECUTE format('SELECT d.time_zone FROM %s.datamart d', mt) INTO zone;
	RETURN QUERY SELECT * FROM @extschema@.customer_flow((mt || '.customer_order')::regclass, 'party_id', 'ordered_at', 'amount', period, as_of, zone);
END $$;
COMMENT ON FUNCTION @extschema@.customer_flow(name, text, timestamptz) IS 'new, kept, lost and won back customers of a datamart in each period, by the calendar of its time zone';

CREATE FUNCTION @extschema@.attrition_rate(orders regclass, party_column name, time_column name, amount_column name, from_time timestamptz, to_time timestamptz)
	RETURNS numeric
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rate numeric;
BEGIN
	IF from_time IS NULL OR to_time IS NULL OR NOT isfinite(from_time) OR NOT isfinite(to_time) OR from_time >= to_time THEN
		RAISE EXCEPTION 'the time ends before it begins' USING ERRCODE = '22023', HINT = 'from_time lies before to_time.';
	END IF;
	EXECUTE format('SELECT count(*) FILTER (WHERE g.before AND NOT g.after)::numeric / nullif(count(*) FILTER (WHERE g.before), 0)
		FROM (SELECT bool_or(@extschema@.finite_time(o.%3$I::timestamptz) < $1) AS before, bool_or(@extschema@.finite_time(o.%3$I::timestamptz) >= $1) AS after FROM %1$s o
			WHERE o.%2$I IS NOT NULL AND @extschema@.finite_amount(o.%4$I::numeric) >= 0 AND @extschema@.finite_time(o.%3$I::timestamptz) >= $1 - ($2 - $1) AND @extschema@.finite_time(o.%3$I::timestamptz) < $2 GROUP BY o.%2$I) g',
		orders, party_column, time_column, amount_column) INTO rate USING from_time, to_time;
	RETURN rate;
END $$;
COMMENT ON FUNCTION @extschema@.attrition_rate(regclass, name, name, name, timestamptz, timestamptz) IS 'of those who bought in a time as long before from_time, the share who bought nothing from then until before to_time; NULL when nobody did';

CREATE FUNCTION @extschema@.attrition_rate(mart name, from_time timestamptz, to_time timestamptz)
	RETURNS numeric
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN @extschema@.attrition_rate((@extschema@.require_datamart(mart) || '.customer_order')::regclass, 'party_id', 'ordered_at', 'amount', from_time, to_time);
END $$;
COMMENT ON FUNCTION @extschema@.attrition_rate(name, timestamptz, timestamptz) IS 'the same of a datamart';
