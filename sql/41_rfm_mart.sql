-- RFM of a datamart: its profiles rebuilt, its borders made, its own names of groups. (sql/mart/06_profile.sql)
CREATE FUNCTION @extschema@.profile_order_added() RETURNS trigger
	AS 'MODULE_PATHNAME', 'crmseg_profile_order_added' LANGUAGE C;
COMMENT ON FUNCTION @extschema@.profile_order_added() IS 'trigger sales_order_profile_insert of a datamart: one new order goes straight into the profile of its party, as the owner of the mart; many, and whatever is unusual, by the mart''s own profile_order_inserted';
CREATE FUNCTION @extschema@.refresh_profile(mart name) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	missing bigint;
	changed bigint;
	more bigint;
BEGIN
	-- no order may come between the reading and the writing
	EXECUTE format('LOCK TABLE %1$s.sales_order IN SHARE ROW EXCLUSIVE MODE', m);
	EXECUTE format('INSERT INTO %1$s.party_profile (party_id) SELECT y.party_id FROM %1$s.party y
		WHERE NOT EXISTS (SELECT FROM %1$s.party_profile p WHERE p.party_id = y.party_id)', m);
	GET DIAGNOSTICS missing = ROW_COUNT;
	EXECUTE format('WITH s AS (
			SELECT y.party_id, s.first_order_at, s.last_order_at, coalesce(s.orders, 0) AS orders, coalesce(s.order_days, 0) AS order_days,
				coalesce(s.revenue, 0) AS revenue, coalesce(s.gross_revenue, 0) AS gross_revenue, coalesce(s.first_day_revenue, 0) AS first_day_revenue,
				s.largest_order, coalesce(s.returns, 0) AS returns, coalesce(s.returned, 0) AS returned, s.margin, s.last_active_at
			FROM %1$s.party_profile y LEFT JOIN %1$s.order_summary s USING (party_id))
		UPDATE %1$s.party_profile p SET first_order_at = s.first_order_at, last_order_at = s.last_order_at, orders = s.orders, order_days = s.order_days,
			revenue = s.revenue, gross_revenue = s.gross_revenue, first_day_revenue = s.first_day_revenue, largest_order = s.largest_order,
			returns = s.returns, returned = s.returned, margin = s.margin, last_active_at = greatest(p.last_active_at, s.last_active_at)
		FROM s WHERE s.party_id = p.party_id
			AND (p.first_order_at, p.last_order_at, p.orders, p.order_days, p.revenue, p.gross_revenue, p.first_day_revenue, p.largest_order, p.returns, p.returned, p.margin,
				p.last_active_at)
			IS DISTINCT FROM (s.first_order_at, s.last_order_at, s.orders, s.order_days, s.revenue, s.gross_revenue, s.first_day_revenue, s.largest_order, s.returns, s.returned, s.margin,
				greatest(p.last_active_at, s.last_active_at))', m);
	GET DIAGNOSTICS changed = ROW_COUNT;
	-- an own action of any kind, of those that are still there: it never goes back
	EXECUTE format('UPDATE %1$s.party_profile p SET last_active_at = a.at FROM (SELECT o.party_id, max(o.at) AS at FROM %1$s.own_action o GROUP BY o.party_id) a JOIN %1$s.party y ON y.party_id = a.party_id AND y.kind <> ''unidentified''
		WHERE p.party_id = a.party_id AND (p.last_active_at IS NULL OR p.last_active_at < a.at)', m);
	GET DIAGNOSTICS more = ROW_COUNT;
	RETURN missing + changed + more;
END $$;
COMMENT ON FUNCTION @extschema@.refresh_profile(name) IS 'rebuilds the order summaries of a datamart exactly from its orders, and the last action of each party from all facts, for instance after its time zone changed or triggers were off; returns the profiles that were missing or wrong, normally 0. Orders wait meanwhile. Needs the rights of the owner';

CREATE FUNCTION @extschema@.rescore(mart name, as_of timestamptz DEFAULT now(), bins integer DEFAULT 5) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	new_cuts text;
	customers bigint;
BEGIN
	-- a statement of its own, so that workers may share the scan
	EXECUTE format('SELECT @extschema@.rfm_cuts(p.last_order_at, p.orders, p.revenue, $1, $2), count(*) FILTER (WHERE p.orders > 0) FROM %s.party_profile p', m)
		INTO new_cuts, customers USING as_of, bins;
	IF new_cuts IS NULL THEN
		RETURN 0;
	END IF;
	EXECUTE format('INSERT INTO %s.rfm_cut (cuts, bins, as_of, customers) VALUES ($1, $2, $3, $4)', m) USING new_cuts, bins, as_of, customers;
	PERFORM @extschema@.refresh_peers(mart);
	RETURN customers;
END $$;
COMMENT ON FUNCTION @extschema@.rescore(name, timestamptz, integer) IS 'makes new borders for the scores of a datamart: quantiles of its customers, ages taken at as_of; customer_rfm shows the new scores at once, and no customer is rewritten. Finds anew what customers alike reach (refresh_peers), as of now. Returns the number of customers; 0, and nothing is stored, when there is none';

CREATE FUNCTION @extschema@.set_rfm_cuts(mart name, cuts @extschema@.rfm_cuts, as_of timestamptz DEFAULT NULL) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
BEGIN
	IF cuts IS NULL THEN
		EXECUTE format('DELETE FROM %s.rfm_cut', m);
	ELSE
		EXECUTE format('INSERT INTO %s.rfm_cut (cuts, bins, as_of) VALUES ($1, $2, $3)', m) USING cuts::text, @extschema@.rfm_bins(cuts), as_of;
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.set_rfm_cuts(name, @extschema@.rfm_cuts, timestamptz) IS 'gives a datamart borders of your own, such as ''{bins=3; recency=30d,180d; frequency=1,4; monetary=50,500}''; ages are those of the present unless as_of is given. NULL: back to the quintiles of the moment, and the history of borders is deleted';

CREATE FUNCTION @extschema@.rfm_label(mart name, rfm @extschema@.rfm) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	label text;
BEGIN
	IF rfm IS NULL THEN
		RETURN NULL;
	END IF;
	EXECUTE format('SELECT coalesce((SELECT d.label FROM %1$s.rfm_label_def d WHERE $1 BETWEEN d.r_min AND d.r_max AND $2 BETWEEN d.f_min AND d.f_max
			AND $3 BETWEEN d.m_min AND d.m_max ORDER BY d.position LIMIT 1),
		@extschema@.rfm_group($4, coalesce((SELECT c.bins::integer FROM %1$s.rfm_cut c ORDER BY c.rfm_cut_id DESC LIMIT 1), 5)))', @extschema@.require_datamart(mart))
		INTO label USING @extschema@.r(rfm), @extschema@.f(rfm), @extschema@.m(rfm), rfm;
	RETURN label;
END $$;
COMMENT ON FUNCTION @extschema@.rfm_label(name, @extschema@.rfm) IS 'the name a datamart gives to a cell: the first row of its rfm_label_def that fits, else the usual name. 22023 for a score above the bins of the mart';
