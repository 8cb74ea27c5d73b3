-- The portfolio, as a manager asks about it: who brings how much, how unequal it is, how many are large and small, what is at risk, who
-- could bring more, who deserves a status. Functions over any table act with the rights of the caller; those of a mart read its profiles.

-- ---- concentration ----
CREATE FUNCTION @extschema@.gini_of(amounts numeric[]) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN sum(x) > 0 THEN 2 * sum(n * x) / (count(*) * sum(x)) - (count(*) + 1)::numeric / count(*) END
	FROM (SELECT greatest(a, 0) AS x, row_number() OVER (ORDER BY greatest(a, 0)) AS n FROM (SELECT @extschema@.finite_amount(b) AS a FROM unnest(amounts) AS b) AS f WHERE a IS NOT NULL) AS v;
END;
COMMENT ON FUNCTION @extschema@.gini_of(numeric[]) IS 'final function of gini';
CREATE AGGREGATE @extschema@.gini(numeric) (SFUNC = array_append, STYPE = numeric[], FINALFUNC = @extschema@.gini_of, INITCOND = '{}');
COMMENT ON AGGREGATE @extschema@.gini(numeric) IS 'Gini coefficient of amounts: 0 when all are equal, near 1 when one has all; amounts below 0 count as 0, NULLs do not count; NULL when the sum is 0';

CREATE FUNCTION @extschema@.portfolio(relation regclass, party_column name, amount_column name, a numeric DEFAULT 0.80, b numeric DEFAULT 0.95)
	RETURNS TABLE (party_id text, rank bigint, revenue numeric, share numeric, cumulated_share numeric, class text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF a IS NULL OR b IS NULL OR NOT (0 < a AND a <= b AND b <= 1) THEN
		RAISE EXCEPTION 'the borders of the classes must ascend between 0 and 1' USING ERRCODE = '22023', HINT = 'Such as 0.80 and 0.95.';
	END IF;
	RETURN QUERY EXECUTE format($q$
		SELECT w.id, w.rank, w.revenue, greatest(w.revenue, 0) / nullif(w.total, 0), w.up_to / nullif(w.total, 0),
			CASE WHEN w.revenue <= 0 THEN 'C' WHEN w.before < $1 * w.total THEN 'A' WHEN w.before < $2 * w.total THEN 'B' ELSE 'C' END
		FROM (SELECT p.id, p.revenue, rank() OVER by_revenue AS rank, sum(greatest(p.revenue, 0)) OVER () AS total, sum(greatest(p.revenue, 0)) OVER by_revenue AS up_to,
				coalesce(sum(greatest(p.revenue, 0)) OVER (by_revenue GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
			FROM (SELECT o.%2$I::text AS id, sum(@extschema@.finite_amount(o.%3$I::numeric)) AS revenue FROM %1$s o WHERE o.%2$I IS NOT NULL AND o.%3$I IS NOT NULL GROUP BY 1) p
			WINDOW by_revenue AS (ORDER BY p.revenue DESC)) w ORDER BY w.rank, w.id $q$, relation, party_column, amount_column) USING a, b;
END $$;
COMMENT ON FUNCTION @extschema@.portfolio(regclass, name, name, numeric, numeric) IS 'customers of any table of orders or amounts by what they brought: rank, share, cumulated share, and class: A those who bring the first 80 %, B up to 95 %, C the rest and who brought nothing. The class comes from the share of those who bring more, so equal amounts have equal class and the first is always A';

CREATE FUNCTION @extschema@.portfolio_summary(relation regclass, party_column name, amount_column name)
	RETURNS TABLE (class text, customers bigint, share_of_customers numeric, revenue numeric, share_of_revenue numeric, gini numeric)
	LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
	WITH p AS MATERIALIZED (SELECT * FROM @extschema@.portfolio(relation, party_column, amount_column))
	SELECT coalesce(p.class, 'all'), count(*), count(*)::numeric / (SELECT count(*) FROM p), sum(p.revenue), coalesce(sum(p.share), 0), @extschema@.gini(p.revenue)
	FROM p GROUP BY GROUPING SETS ((p.class), ()) HAVING count(*) > 0 ORDER BY p.class NULLS LAST;
END;
COMMENT ON FUNCTION @extschema@.portfolio_summary(regclass, name, name) IS 'customers, revenue and Gini coefficient of the classes A, B, C and of all';

CREATE FUNCTION @extschema@.portfolio_summary(mart name)
	RETURNS TABLE (class text, customers bigint, share_of_customers numeric, revenue numeric, share_of_revenue numeric, gini numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY EXECUTE format('WITH p AS MATERIALIZED (SELECT * FROM %s.portfolio)
		SELECT coalesce(p.class::text, ''all''), count(*), count(*)::numeric / (SELECT count(*) FROM p), sum(p.revenue), coalesce(sum(p.share), 0), @extschema@.gini(p.revenue)
		FROM p GROUP BY GROUPING SETS ((p.class), ()) HAVING count(*) > 0 ORDER BY p.class NULLS LAST', @extschema@.require_datamart(mart));
END $$;
COMMENT ON FUNCTION @extschema@.portfolio_summary(name) IS 'customers, revenue and Gini coefficient of the classes A, B, C of a datamart and of all';

CREATE FUNCTION @extschema@.concentration_curve(relation regclass, party_column name, amount_column name, points integer DEFAULT 200)
	RETURNS TABLE (share_of_parties numeric, share_of_revenue numeric, class text)
	LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
	SELECT r.n::numeric / r.total, r.sum_to / nullif(r.revenue, 0), r.class
	FROM (SELECT p.class, count(*) OVER () AS total, sum(greatest(p.revenue, 0)) OVER () AS revenue, row_number() OVER best AS n,
			sum(greatest(p.revenue, 0)) OVER (best ROWS UNBOUNDED PRECEDING) AS sum_to, lead(p.class) OVER best IS DISTINCT FROM p.class AS last_of_class
		FROM @extschema@.portfolio(relation, party_column, amount_column) AS p WINDOW best AS (ORDER BY p.rank, p.party_id)) AS r
	WHERE r.last_of_class OR r.n % greatest(r.total / greatest(points, 2), 1) = 0 ORDER BY r.n;
END;
COMMENT ON FUNCTION @extschema@.concentration_curve(regclass, name, name, integer) IS 'the curve of concentration of any table: the best share of the customers brings this share of the revenue; about that many points, the last of each class among them; rows for svg_abc_curve';

-- ---- size classes ----
-- The customer pyramid of Curry and Curry (The Customer Marketing Method, 2000): the top 1 %, the next 4 %, the next 15 %, the other 80 %.
CREATE FUNCTION @extschema@.portfolio_structure(mart name, borders numeric[] DEFAULT NULL)
	RETURNS TABLE (size_class text, from_revenue numeric, to_revenue numeric, customers bigint, share_of_customers numeric, revenue numeric, share_of_revenue numeric, margin numeric, mean_revenue numeric, mean_orders numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF borders IS NOT NULL AND (array_position(borders, NULL) IS NOT NULL OR borders <> ARRAY(SELECT DISTINCT x FROM unnest(borders) x ORDER BY x)) THEN
		RAISE EXCEPTION 'borders must ascend' USING ERRCODE = '22023', HINT = 'Such as ARRAY[100, 1000, 10000].';
	END IF;
	RETURN QUERY EXECUTE format($q$
		WITH p AS (SELECT f.revenue, f.margin, f.orders, f.orders > 0 AS is_customer, rank() OVER (PARTITION BY f.orders > 0 ORDER BY f.revenue DESC) - 1 AS better, count(*) OVER (PARTITION BY f.orders > 0) AS n
				FROM %1$s.party_profile f JOIN %1$s.party y ON y.party_id = f.party_id AND y.kind <> 'unidentified'),
			c AS (SELECT p.*, CASE WHEN NOT p.is_customer THEN 99 WHEN $1 IS NOT NULL THEN 50 - (SELECT count(*) FROM unnest($1) b WHERE b <= p.revenue)
					WHEN p.better < 0.01 * p.n THEN 1 WHEN p.better < 0.05 * p.n THEN 2 WHEN p.better < 0.20 * p.n THEN 3 ELSE 4 END AS place FROM p)
		SELECT CASE WHEN c.place = 99 THEN 'No purchase' WHEN $1 IS NULL THEN (ARRAY['Top', 'Big', 'Medium', 'Small'])[c.place]
				WHEN 50 - c.place = 0 THEN 'below ' || $1[1] WHEN 50 - c.place = cardinality($1) THEN 'from ' || $1[cardinality($1)] ELSE $1[50 - c.place] || ' to ' || $1[51 - c.place] END,
			min(c.revenue) FILTER (WHERE c.is_customer), max(c.revenue) FILTER (WHERE c.is_customer), count(*), count(*)::numeric / sum(count(*)) FILTER (WHERE c.place < 99) OVER (), sum(c.revenue),
			sum(c.revenue) / nullif(sum(sum(c.revenue)) OVER (), 0), sum(c.margin), avg(c.revenue) FILTER (WHERE c.is_customer), avg(c.orders) FILTER (WHERE c.is_customer)
		FROM c GROUP BY c.place ORDER BY c.place $q$, @extschema@.require_datamart(mart)) USING borders;
END $$;
COMMENT ON FUNCTION @extschema@.portfolio_structure(name, numeric[]) IS 'how many large and small customers, and what they bring: by the customer pyramid (Top 1 %, Big 4 %, Medium 15 %, Small; equal revenue is in one class), or by borders of revenue; a row for parties without a purchase (their share is of the customers). from_revenue and to_revenue are the least and the greatest of the class';

CREATE FUNCTION @extschema@.portfolio_structure(relation regclass, party_column name, amount_column name, borders numeric[] DEFAULT NULL)
	RETURNS TABLE (size_class text, from_revenue numeric, to_revenue numeric, customers bigint, share_of_customers numeric, revenue numeric, share_of_revenue numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF borders IS NOT NULL AND (array_position(borders, NULL) IS NOT NULL OR borders <> ARRAY(SELECT DISTINCT x FROM unnest(borders) x ORDER BY x)) THEN
		RAISE EXCEPTION 'borders must ascend' USING ERRCODE = '22023', HINT = 'Such as ARRAY[100, 1000, 10000].';
	END IF;
	RETURN QUERY
		WITH p AS (SELECT f.revenue, f.rank - 1 AS better, count(*) OVER () AS n FROM @extschema@.portfolio(relation, party_column, amount_column) f),
			c AS (SELECT p.*, CASE WHEN borders IS NOT NULL THEN 50 - (SELECT count(*) FROM unnest(borders) b WHERE b <= p.revenue)
					WHEN p.better < 0.01 * p.n THEN 1 WHEN p.better < 0.05 * p.n THEN 2 WHEN p.better < 0.20 * p.n THEN 3 ELSE 4 END AS place FROM p)
		SELECT CASE WHEN borders IS NULL THEN (ARRAY['Top', 'Big', 'Medium', 'Small'])[c.place]
				WHEN 50 - c.place = 0 THEN 'below ' || borders[1] WHEN 50 - c.place = cardinality(borders) THEN 'from ' || borders[cardinality(borders)] ELSE borders[50 - c.place] || ' to ' || borders[51 - c.place] END,
			min(c.revenue), max(c.revenue), count(*), count(*)::numeric / sum(count(*)) OVER (), sum(c.revenue), sum(c.revenue) / nullif(sum(sum(c.revenue)) OVER (), 0)
		FROM c GROUP BY c.place ORDER BY c.place;
END $$;
COMMENT ON FUNCTION @extschema@.portfolio_structure(regclass, name, name, numeric[]) IS 'the same of any table of orders or amounts';

-- ---- value models over the profiles of a mart ----
-- Histories by day: frequency is purchase days less one, recency and age run from the first purchase.
CREATE FUNCTION @extschema@.fit_customers(mart name, OUT model @extschema@.value_model, OUT spend_model @extschema@.value_model, OUT customers bigint)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	EXECUTE format('SELECT count(*) FILTER (WHERE p.order_days > 0) FROM %s.party_profile p', @extschema@.require_datamart(mart)) INTO customers;
	IF customers > 0 THEN
		EXECUTE format('SELECT @extschema@.fit_mbg_nbd(v.frequency, v.recency, v.age), CASE WHEN count(*) FILTER (WHERE v.frequency > 0 AND v.mean_amount > 0) > 0
				THEN @extschema@.fit_gamma_gamma(v.frequency, v.mean_amount) FILTER (WHERE v.frequency > 0 AND v.mean_amount > 0) END
			FROM %s.customer_history v', @extschema@.require_datamart(mart)) INTO model, spend_model;
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.fit_customers(name) IS 'the MBG/NBD of all customers of a datamart as of now, in days, and the Gamma-Gamma of their amounts; NULL without customers, or without repeat purchases';

CREATE FUNCTION @extschema@.customer_values(mart name, horizon interval DEFAULT '1 year')
	RETURNS TABLE (party_id bigint, p_alive double precision, expected_purchases double precision, expected_spend double precision, expected_revenue double precision)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	fitted record;
	days double precision := extract(epoch FROM horizon) / 86400;
BEGIN
	IF days IS NULL OR NOT days >= 0 THEN
		RAISE EXCEPTION 'the horizon must not be below zero' USING ERRCODE = '22023';
	END IF;
	SELECT * INTO fitted FROM @extschema@.fit_customers(mart);
	RETURN QUERY EXECUTE format('SELECT v.party_id, @extschema@.p_alive($1, v.frequency, v.recency, v.age), e.n, e.amount, e.n * e.amount
		FROM (SELECT h.*, CASE WHEN $2 IS NOT NULL THEN @extschema@.expected_spend($2, CASE WHEN h.mean_amount > 0 THEN h.frequency ELSE 0 END, coalesce(h.mean_amount, 0)) END AS spend FROM %s.customer_history h OFFSET 0) v
		CROSS JOIN LATERAL (SELECT @extschema@.expected_purchases($1, v.frequency, v.recency, v.age, $3) AS n,
			CASE WHEN v.spend < ''Infinity'' THEN v.spend ELSE coalesce(nullif(v.mean_amount, 0), v.first_amount) END AS amount OFFSET 0) e',
		@extschema@.require_datamart(mart)) USING fitted.model, fitted.spend_model, days;
END $$;
COMMENT ON FUNCTION @extschema@.customer_values(name, interval) IS 'what each customer of a datamart is worth by the value models (MBG/NBD and Gamma-Gamma, fitted at once to all of them): probability that he is still there, purchase days and gross revenue to expect within the horizon. Where that model has no finite mean, or there is none for want of repeat purchases, the spend is the customer''s own mean';

CREATE FUNCTION @extschema@.model_tracking(mart name, calibration_end timestamptz DEFAULT NULL, period interval DEFAULT '7 days', as_of timestamptz DEFAULT now())
	RETURNS TABLE (period_end timestamptz, actual bigint, actual_cumulated bigint, expected double precision, expected_cumulated double precision)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	mt text := @extschema@.require_datamart(mart);
	m @extschema@.value_model;
	first_at timestamptz;
	known boolean;
BEGIN
	IF calibration_end IS NULL THEN
		EXECUTE format('SELECT min(p.first_order_at) FROM %s.party_profile p', mt) INTO first_at;
		calibration_end := first_at + (as_of - first_at) * 2 / 3;
	END IF;
	EXECUTE format('SELECT EXISTS (SELECT FROM %s.customer_order o WHERE o.ordered_at <= $1 AND o.is_purchase)', mt) INTO known USING calibration_end;
	IF known THEN
		EXECUTE format('SELECT @extschema@.fit_mbg_nbd(x.s, $1, $2) FROM (SELECT @extschema@.purchases(o.ordered_at, o.amount) AS s FROM %s.customer_order o WHERE o.ordered_at <= $1 GROUP BY o.party_id) x', mt)
			INTO m USING calibration_end, period;
		RETURN QUERY SELECT * FROM @extschema@.fit_tracking(m, (mt || '.customer_order')::regclass, 'party_id', 'ordered_at', 'amount', calibration_end, period);
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.model_tracking(name, timestamptz, interval, timestamptz) IS 'repeat purchases of the customers of a datamart who were won by calibration_end (NULL: two thirds of the time from the first order to as_of), as they came and as the MBG/NBD of the orders until then expects them; rows for svg_tracking; none without orders';

-- ---- at risk ----
CREATE FUNCTION @extschema@.revenue_at_risk(mart name)
	RETURNS TABLE (label text, customers bigint, yearly_revenue numeric, yearly_margin numeric, churn_risk numeric, revenue_at_risk numeric, margin_at_risk numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		SELECT coalesce(x.label, 'all'), count(*), round(sum(x.revenue), 2), round(sum(x.margin), 2), round(avg(x.risk), 4), round(sum(x.revenue * x.risk), 2), round(sum(x.margin * x.risk), 2)
		FROM (SELECT r.label, h.yearly_revenue AS revenue, h.yearly_margin AS margin, (1 - v.p_alive)::numeric AS risk
			FROM %1$s.customer_rfm r JOIN %1$s.customer_history h USING (party_id) JOIN @extschema@.customer_values($1, '0') v USING (party_id)) x
		GROUP BY GROUPING SETS ((x.label), ()) HAVING count(*) > 0 ORDER BY x.label IS NULL, 6 DESC, 1 $q$, @extschema@.require_datamart(mart)) USING mart;
END $$;
COMMENT ON FUNCTION @extschema@.revenue_at_risk(name) IS 'for each RFM group and all: yearly revenue and margin (what a customer brought, by the years since his first purchase, at least one), the mean probability that he has left (MBG/NBD), and the sum of both multiplied customer by customer: what is lost if nobody acts';

CREATE FUNCTION @extschema@.revenue_at_risk(orders regclass, party_column name, time_column name, amount_column name, as_of timestamptz DEFAULT now())
	RETURNS TABLE (label text, customers bigint, yearly_revenue numeric, churn_risk numeric, revenue_at_risk numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		WITH s AS MATERIALIZED (SELECT o.%2$I::text AS id, @extschema@.purchases(o.%3$I::timestamptz, o.%4$I::numeric) AS s FROM %1$s o WHERE o.%2$I IS NOT NULL AND @extschema@.finite_time(o.%3$I::timestamptz) <= $1 GROUP BY 1),
			f AS MATERIALIZED (SELECT (SELECT @extschema@.fit_mbg_nbd(s.s, $1, '1 day') FROM s) AS m, (SELECT @extschema@.rfm_cuts(s.s, $1, 5) FROM s) AS c WHERE EXISTS (SELECT FROM s WHERE @extschema@.purchase_count(s.s) > 0)),
			x AS (SELECT @extschema@.rfm_label(@extschema@.rfm_score(s.s, f.c, $1)) AS label, (1 - @extschema@.p_alive(f.m, s.s, $1))::numeric AS risk,
					@extschema@.net_amount(s.s) / greatest(extract(epoch FROM $1 - @extschema@.first_purchase_at(s.s)) / 31557600, 1) AS revenue FROM s, f WHERE @extschema@.purchase_count(s.s) > 0)
		SELECT coalesce(x.label, 'all'), count(*), round(sum(x.revenue), 2), round(avg(x.risk), 4), round(sum(x.revenue * x.risk), 2)
		FROM x GROUP BY GROUPING SETS ((x.label), ()) HAVING count(*) > 0 ORDER BY x.label IS NULL, 5 DESC, 1 $q$, orders, party_column, time_column, amount_column) USING as_of;
END $$;
COMMENT ON FUNCTION @extschema@.revenue_at_risk(regclass, name, name, name, timestamptz) IS 'the same of any table of orders, as of a date';

-- ---- potential ----
CREATE FUNCTION @extschema@.yearly_amount(amount numeric, since timestamptz, at timestamptz) RETURNS numeric
	AS 'MODULE_PATHNAME', 'crmseg_yearly_amount' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.yearly_amount(numeric, timestamptz, timestamptz) IS 'an amount by the years of 365.25 days from since to at, at least one, rounded to eight decimals; NaN and infinity: 22023';

CREATE FUNCTION @extschema@.potential_share(margin numeric, peer_margin numeric) RETURNS numeric
	AS 'MODULE_PATHNAME', 'crmseg_potential_share' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.potential_share(numeric, numeric) IS 'what a margin lacks to that of the best peers, as a share of theirs, 0 to 1: 0 where nothing is missing, one of the two is NULL, or the peers bring nothing';

CREATE FUNCTION @extschema@.peers_of_moment(profiles regclass) RETURNS TABLE (kind text, sector text, region text, peers bigint, margin numeric)
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT g.kind, g.sector, g.region, g.peers, g.margin FROM %I.peer_group g', (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = profiles));
END $$;
COMMENT ON FUNCTION @extschema@.peers_of_moment(regclass) IS 'internal: the view peer_group of the datamart to which the table of profiles belongs';

CREATE FUNCTION @extschema@.refresh_peers(mart name) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	made bigint;
BEGIN
	EXECUTE format('LOCK TABLE %s.peer_border IN SHARE ROW EXCLUSIVE MODE', m);
	EXECUTE format('DELETE FROM %s.peer_border', m);
	EXECUTE format('INSERT INTO %1$s.peer_border (kind, sector, region, peers, margin, of_margin) SELECT g.kind, g.sector, g.region, g.peers, g.margin, EXISTS (SELECT FROM %1$s.party_profile f WHERE f.margin IS NOT NULL)
		FROM %1$s.peer_group g ORDER BY g.region NULLS LAST, g.sector NULLS LAST ON CONFLICT DO NOTHING', m);
	GET DIAGNOSTICS made = ROW_COUNT;
	RETURN made;
END $$;
COMMENT ON FUNCTION @extschema@.refresh_peers(name) IS 'makes peer_border anew from the profiles, as maintain does: what customers are compared to by customer_potential. Returns its rows. To have them compared to the groups of the moment again, empty the table';

CREATE FUNCTION @extschema@.high_potential_by_value(mart name, horizon interval DEFAULT '1 year', best_share numeric DEFAULT 0.2)
	RETURNS TABLE (party_id bigint, class text, revenue numeric, expected_revenue double precision, p_alive double precision)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF best_share IS NULL OR NOT (best_share > 0 AND best_share <= 1) THEN
		RAISE EXCEPTION 'best_share must be above 0 and at most 1' USING ERRCODE = '22023';
	END IF;
	RETURN QUERY EXECUTE format('SELECT x.party_id, x.class::text, x.revenue, x.expected_revenue, x.p_alive
		FROM (SELECT p.party_id, p.class, p.revenue, v.expected_revenue, v.p_alive, rank() OVER (ORDER BY v.expected_revenue DESC) - 1 AS better, count(*) OVER () AS n
			FROM %s.portfolio p JOIN @extschema@.customer_values($1, $2) v USING (party_id)) x
		WHERE x.class = ''C'' AND x.better < $3 * x.n ORDER BY x.expected_revenue DESC, x.party_id', @extschema@.require_datamart(mart)) USING mart, horizon, best_share;
END $$;
COMMENT ON FUNCTION @extschema@.high_potential_by_value(name, interval, numeric) IS 'customers who brought little so far (class C) and of whom the value models expect as much within the horizon as of the best share of all customers';

-- ---- status ----
CREATE FUNCTION @extschema@.apply_tiers(mart name)
	RETURNS TABLE (tier text, parties bigint, changed bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		WITH fit AS MATERIALIZED (SELECT y.party_id, y.tier AS had, (SELECT d.tier FROM %1$s.tier_def d
					WHERE coalesce(f.revenue, 0) >= d.revenue_min AND coalesce(f.orders, 0) >= d.orders_min AND (d.bought_within IS NULL OR f.last_order_at > now() - d.bought_within)
						AND (d.class IS NULL OR c.class <= d.class) AND (d.label IS NULL OR r.label = d.label)
					ORDER BY d.position LIMIT 1) AS now
				FROM %1$s.party y LEFT JOIN %1$s.party_profile f USING (party_id) LEFT JOIN %1$s.portfolio c USING (party_id) LEFT JOIN %1$s.customer_rfm r USING (party_id)
				WHERE y.kind <> 'unidentified'),
			-- a status that no rule knows was given by hand, and stays
			due AS MATERIALIZED (SELECT fit.party_id, fit.now FROM fit WHERE fit.now IS DISTINCT FROM fit.had AND (fit.had IS NULL OR fit.had IN (SELECT d.tier FROM %1$s.tier_def d))),
			done AS (UPDATE %1$s.party y SET tier = due.now FROM due WHERE due.party_id = y.party_id RETURNING y.party_id, y.tier)
		SELECT coalesce(done.tier, fit.had), count(*), count(done.party_id) FROM fit LEFT JOIN done USING (party_id)
		GROUP BY CASE WHEN done.party_id IS NULL THEN fit.had ELSE done.tier END, coalesce(done.tier, fit.had)
		ORDER BY 2 DESC, 1 $q$, @extschema@.require_datamart(mart));
END $$;
COMMENT ON FUNCTION @extschema@.apply_tiers(name) IS 'writes the status of every party by the rules of tier_def, the first that fits; who fits none loses the status a rule had given, and keeps one given by hand that no rule names. Returns the parties of each status, and how many of them got it now';
