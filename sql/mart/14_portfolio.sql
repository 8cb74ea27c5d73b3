-- Step 14: what a manager asks about the portfolio: the orders that count of the customers who are known, the rhythm of each, who is
-- overdue, who could bring more, and the rules of the status that customers see. The views read kept tables and never add up facts.
CREATE VIEW @mart@.customer_order WITH (security_invoker = true) AS
	SELECT o.party_id, o.order_id, o.ordered_at, o.day, o.amount, o.margin, o.is_purchase
	FROM @mart@.counted_order o JOIN @mart@.party p ON p.party_id = o.party_id AND p.kind <> 'unidentified';
COMMENT ON VIEW @mart@.customer_order IS 'the orders that count of the parties that are known: what profiles and scores are made of';

CREATE VIEW @mart@.customer_history WITH (security_invoker = true) AS
	SELECT f.party_id, (f.order_days - 1)::double precision AS frequency,
		CASE WHEN f.order_days > 1 THEN extract(epoch FROM f.last_order_at - f.first_order_at)::double precision / 86400 ELSE 0 END AS recency,
		greatest(extract(epoch FROM now() - f.first_order_at)::double precision / 86400,
			CASE WHEN f.order_days > 1 THEN extract(epoch FROM f.last_order_at - f.first_order_at)::double precision / 86400 ELSE 0 END) AS age,
		CASE WHEN f.order_days > 1 THEN ((f.gross_revenue - f.first_day_revenue) / (f.order_days - 1))::double precision END AS mean_amount,
		f.first_day_revenue::double precision AS first_amount,
		f.revenue / greatest(extract(epoch FROM now() - f.first_order_at) / 31557600, 1) AS yearly_revenue,
		f.margin / greatest(extract(epoch FROM now() - f.first_order_at) / 31557600, 1) AS yearly_margin
	FROM @mart@.party_profile f WHERE f.order_days > 0;
COMMENT ON VIEW @mart@.customer_history IS 'the customers as value models see them, as of now, in days. @primaryKey party_id';
COMMENT ON COLUMN @mart@.customer_history.frequency IS 'repeat purchases: days with a purchase, less one';
COMMENT ON COLUMN @mart@.customer_history.recency IS 'days from the first to the last purchase; 0 without a repeat';
COMMENT ON COLUMN @mart@.customer_history.age IS 'days since the first purchase';
COMMENT ON COLUMN @mart@.customer_history.mean_amount IS 'mean gross amount of a repeat day; NULL without one';
COMMENT ON COLUMN @mart@.customer_history.first_amount IS 'gross amount of the first day';
COMMENT ON COLUMN @mart@.customer_history.yearly_revenue IS 'revenue by the years since the first purchase, at least one';
COMMENT ON COLUMN @mart@.customer_history.yearly_margin IS 'margin by the years since the first purchase, at least one; NULL when none is known';

CREATE VIEW @mart@.customer_rhythm WITH (security_invoker = true) AS
	SELECT g.party_id, g.order_days AS purchase_days, g.first_order_at AS first_purchase_at, g.last_order_at AS last_purchase_at, justify_hours(g.gap) AS mean_gap,
		g.last_order_at + g.gap AS next_purchase_at, CASE WHEN g.last_order_at + g.gap < now() THEN now() - (g.last_order_at + g.gap) END AS overdue_by,
		extract(epoch FROM now() - g.last_order_at)::double precision / nullif(extract(epoch FROM g.gap), 0)::double precision AS lateness
	FROM (SELECT f.party_id, f.order_days, f.first_order_at, f.last_order_at,
			make_interval(secs => extract(epoch FROM f.last_order_at - f.first_order_at)::double precision / nullif(f.order_days - 1, 0)) AS gap
		FROM @mart@.party_profile f WHERE f.orders > 0 OFFSET 0) g;
COMMENT ON VIEW @mart@.customer_rhythm IS 'how often each customer buys and when the next purchase is due. @primaryKey party_id';
COMMENT ON COLUMN @mart@.customer_rhythm.party_id IS 'the customer';
COMMENT ON COLUMN @mart@.customer_rhythm.purchase_days IS 'number of distinct days with a purchase';
COMMENT ON COLUMN @mart@.customer_rhythm.first_purchase_at IS 'time of the first purchase';
COMMENT ON COLUMN @mart@.customer_rhythm.last_purchase_at IS 'time of the last purchase';
COMMENT ON COLUMN @mart@.customer_rhythm.mean_gap IS 'mean time between purchase days; NULL with one';
COMMENT ON COLUMN @mart@.customer_rhythm.next_purchase_at IS 'the last purchase and one mean gap';
COMMENT ON COLUMN @mart@.customer_rhythm.overdue_by IS 'how long ago the next purchase was due; NULL when it is not';
COMMENT ON COLUMN @mart@.customer_rhythm.lateness IS 'time since the last purchase, in mean gaps: above 1 is overdue';

CREATE VIEW @mart@.overdue_customers WITH (security_invoker = true) AS
	SELECT h.party_id, h.last_purchase_at, h.mean_gap, h.next_purchase_at, h.overdue_by, h.lateness, f.revenue
	FROM @mart@.customer_rhythm h JOIN @mart@.party_profile f ON f.party_id = h.party_id
	WHERE h.overdue_by IS NOT NULL;
COMMENT ON VIEW @mart@.overdue_customers IS 'customers whose next purchase, by their own rhythm, should have come. @primaryKey party_id';

-- The yearly margin of every customer beside what the best fifth of customers like him reaches: of the same kind, industry or income band, and
-- region; where these are fewer than ten, of the same kind and industry or income band, then of the same kind. A mart without any margin takes revenue.
-- No part of it is a query of its own that looks at the row: such a one keeps all that stands above it out of parallel plans.
CREATE VIEW @mart@.customer_margin WITH (security_invoker = true) AS
	SELECT y.party_id, y.kind, coalesce(y.industry_code, f.traits ->> 'income.band', '') AS sector, coalesce(y.country, '') || ' ' || coalesce(left(y.postal_code, 2), '') AS region,
		y.kind || E'\x1f' || coalesce(y.industry_code, f.traits ->> 'income.band', '') || E'\x1f' || coalesce(y.country, '') || ' ' || coalesce(left(y.postal_code, 2), '') AS alike,
		@extschema@.yearly_amount(CASE WHEN (SELECT EXISTS (SELECT FROM @mart@.party_profile k WHERE k.margin IS NOT NULL)) THEN f.margin ELSE f.revenue END, f.first_order_at, now()) AS margin, f.revenue
	FROM @mart@.party y JOIN @mart@.party_profile f ON f.party_id = y.party_id
	WHERE y.kind <> 'unidentified' AND f.order_days > 0 AND f.first_order_at IS NOT NULL
		AND (f.margin IS NOT NULL OR NOT (SELECT EXISTS (SELECT FROM @mart@.party_profile k WHERE k.margin IS NOT NULL)));
COMMENT ON VIEW @mart@.customer_margin IS 'what each customer brings a year, and who his peers are. @primaryKey party_id';
COMMENT ON COLUMN @mart@.customer_margin.party_id IS 'the customer';
COMMENT ON COLUMN @mart@.customer_margin.sector IS 'industry, or band of income where there is none; empty: neither is known';
COMMENT ON COLUMN @mart@.customer_margin.region IS 'country and the first two characters of the postal code';
COMMENT ON COLUMN @mart@.customer_margin.alike IS 'kind, sector and region as one key';
COMMENT ON COLUMN @mart@.customer_margin.margin IS 'margin a year since the first purchase (revenue, in a mart that knows no margin), to eight decimals';
COMMENT ON COLUMN @mart@.customer_margin.revenue IS 'purchases less returns, in the base currency, of all time';

CREATE VIEW @mart@.peer_group WITH (security_invoker = true) AS
	-- the wider groups are put together from the narrow ones
	WITH s0 AS MATERIALIZED (SELECT c.kind, c.sector, c.region, @extschema@.amount_sample(c.margin) AS s FROM @mart@.customer_margin c GROUP BY c.kind, c.sector, c.region),
	s1 AS MATERIALIZED (SELECT s0.kind, s0.sector, @extschema@.amount_sample(s0.s) AS s FROM s0 GROUP BY s0.kind, s0.sector),
	s2 AS MATERIALIZED (SELECT s1.kind, @extschema@.amount_sample(s1.s) AS s FROM s1 GROUP BY s1.kind),
	g0 AS MATERIALIZED (SELECT s0.kind, s0.sector, s0.region, @extschema@.sample_size(s0.s) AS peers, @extschema@.sample_quantile(s0.s, 0.8) AS margin FROM s0),
	g1 AS MATERIALIZED (SELECT s1.kind, s1.sector, @extschema@.sample_size(s1.s) AS peers, @extschema@.sample_quantile(s1.s, 0.8) AS margin FROM s1),
	g2 AS MATERIALIZED (SELECT s2.kind, @extschema@.sample_size(s2.s) AS peers, @extschema@.sample_quantile(s2.s, 0.8) AS margin FROM s2)
	SELECT g0.kind, g0.sector, g0.region,
		CASE WHEN g0.peers >= 10 THEN g0.peers WHEN g1.peers >= 10 THEN g1.peers ELSE g2.peers END AS peers,
		CASE WHEN g0.peers >= 10 THEN g0.margin WHEN g1.peers >= 10 THEN g1.margin ELSE g2.margin END AS margin
	FROM g0 JOIN g1 ON g1.kind = g0.kind AND g1.sector = g0.sector JOIN g2 ON g2.kind = g0.kind
	UNION ALL
	SELECT g1.kind, g1.sector, NULL, CASE WHEN g1.peers >= 10 THEN g1.peers ELSE g2.peers END, CASE WHEN g1.peers >= 10 THEN g1.margin ELSE g2.margin END
	FROM g1 JOIN g2 ON g2.kind = g1.kind
	UNION ALL
	SELECT g2.kind, NULL, NULL, g2.peers, g2.margin FROM g2;
COMMENT ON VIEW @mart@.peer_group IS 'what the best fifth of each group of customers alike reaches, as of now: reads all profiles, for refresh_peers and while nothing is kept';
COMMENT ON COLUMN @mart@.peer_group.sector IS 'industry or band of income; NULL: all';
COMMENT ON COLUMN @mart@.peer_group.region IS 'country and begin of the postal code; NULL: all';
COMMENT ON COLUMN @mart@.peer_group.peers IS 'customers who are compared: of the group, or of the wider one where it has fewer than ten';
COMMENT ON COLUMN @mart@.peer_group.margin IS 'the yearly margin of the customer at the 80th percentile of them';

CREATE TABLE @mart@.peer_border (
	alike text PRIMARY KEY GENERATED ALWAYS AS (kind || coalesce(E'\x1f' || sector, '') || coalesce(E'\x1f' || region, '')) STORED,
	kind text NOT NULL,
	sector text,
	region text,
	peers bigint NOT NULL,
	margin numeric NOT NULL,
	of_margin boolean NOT NULL,
	made_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE @mart@.peer_border IS 'what the best fifth of each group of customers alike reached when refresh_peers was last run, to which customer_potential compares; empty: it compares to the groups of the moment';
COMMENT ON COLUMN @mart@.peer_border.alike IS 'kind, sector and region as one key';
COMMENT ON COLUMN @mart@.peer_border.kind IS 'kind of party';
COMMENT ON COLUMN @mart@.peer_border.sector IS 'industry or band of income; NULL: all';
COMMENT ON COLUMN @mart@.peer_border.region IS 'country and begin of the postal code; NULL: all';
COMMENT ON COLUMN @mart@.peer_border.peers IS 'customers who were compared';
COMMENT ON COLUMN @mart@.peer_border.margin IS 'the yearly margin of the customer at the 80th percentile of them';
COMMENT ON COLUMN @mart@.peer_border.of_margin IS 'of margins, or of revenue where no margin was known';
COMMENT ON COLUMN @mart@.peer_border.made_at IS 'when it was made';

-- A customer of a group that was not there when the borders were made is compared to the wider one. A join and nothing else, so that who asks for
-- some customers has it done for these; the groups of the moment come from a function, of which the planner expects few rows.
CREATE VIEW @mart@.customer_potential WITH (security_invoker = true) AS
	SELECT c.party_id, c.margin AS yearly_margin, coalesce(n.margin, g.margin, s.margin, k.margin) AS peer_margin, coalesce(n.peers, g.peers, s.peers, k.peers) AS peers,
		@extschema@.potential_share(c.margin, coalesce(n.margin, g.margin, s.margin, k.margin)) AS potential, coalesce(n.made_at, g.made_at, s.made_at, k.made_at) AS fresh_as_of, c.revenue
	FROM @mart@.customer_margin c
	LEFT JOIN @mart@.peer_border n ON n.alike = c.alike AND n.of_margin = (SELECT EXISTS (SELECT FROM @mart@.party_profile f WHERE f.margin IS NOT NULL))
	LEFT JOIN (
		SELECT m.kind || E'\x1f' || m.sector || E'\x1f' || m.region AS alike, m.peers, m.margin, now() AS made_at
		FROM @extschema@.peers_of_moment('@mart_text@.party_profile'::pg_catalog.regclass) m
		WHERE NOT EXISTS (SELECT FROM @mart@.peer_border k WHERE k.of_margin = (SELECT EXISTS (SELECT FROM @mart@.party_profile f WHERE f.margin IS NOT NULL)))) g
		ON g.alike = c.alike
	LEFT JOIN @mart@.peer_border s ON s.alike = c.kind || E'\x1f' || c.sector
	LEFT JOIN @mart@.peer_border k ON k.alike = c.kind;
COMMENT ON VIEW @mart@.customer_potential IS 'what each customer could bring more, by the customers like him, as refresh_peers (maintain) last found them, or those of the moment while nothing is kept. Reads profiles only. @primaryKey party_id';
COMMENT ON COLUMN @mart@.customer_potential.party_id IS 'the customer';
COMMENT ON COLUMN @mart@.customer_potential.yearly_margin IS 'margin a year since the first purchase (revenue, in a mart that knows no margin), to eight decimals';
COMMENT ON COLUMN @mart@.customer_potential.peer_margin IS 'the same of the customer at the 80th percentile of his peers';
COMMENT ON COLUMN @mart@.customer_potential.peers IS 'how many peers there are, himself included; NULL, and so peer_margin: nobody of his kind was there then';
COMMENT ON COLUMN @mart@.customer_potential.potential IS 'what is missing to peer_margin, as a share of it: 0 to 1';
COMMENT ON COLUMN @mart@.customer_potential.fresh_as_of IS 'when peer_margin and peers were found; now, where they are of the moment';
COMMENT ON COLUMN @mart@.customer_potential.revenue IS 'purchases less returns, in the base currency, of all time';

-- Class C is what brings less than the least of class B (portfolio); where nobody brings anything, all are.
CREATE VIEW @mart@.high_potential_small_customers WITH (security_invoker = true) AS
	SELECT p.party_id, 'C'::text AS class, p.revenue, p.yearly_margin, p.peer_margin, p.peers, p.potential, p.fresh_as_of
	FROM @mart@.customer_potential p
	WHERE p.potential >= 0.5 AND p.revenue < (SELECT coalesce((@extschema@.share_cuts(@extschema@.amount_sample(f.revenue), '{0.95}'))[2], 'Infinity') FROM @mart@.party_profile f WHERE f.orders > 0);
COMMENT ON VIEW @mart@.high_potential_small_customers IS 'customers of class C who bring less than half of what their peers show to be possible. @primaryKey party_id';
COMMENT ON COLUMN @mart@.high_potential_small_customers.class IS 'C, as in portfolio';

CREATE TABLE @mart@.tier_def (
	position smallint PRIMARY KEY,
	tier text NOT NULL,
	revenue_min numeric NOT NULL DEFAULT '-Infinity',
	orders_min bigint NOT NULL DEFAULT 0,
	bought_within interval,
	class text CHECK (class IN ('A', 'B', 'C')),
	label text
);
COMMENT ON TABLE @mart@.tier_def IS 'the rules by which apply_tiers gives parties a status, such as VIP: the first row that fits';
COMMENT ON COLUMN @mart@.tier_def.position IS 'order in which the rules are tried';
COMMENT ON COLUMN @mart@.tier_def.tier IS 'the status, written to party.tier';
COMMENT ON COLUMN @mart@.tier_def.revenue_min IS 'least revenue, in the base currency';
COMMENT ON COLUMN @mart@.tier_def.orders_min IS 'least number of purchases';
COMMENT ON COLUMN @mart@.tier_def.bought_within IS 'the last purchase is not older than this; NULL: of any age';
COMMENT ON COLUMN @mart@.tier_def.class IS 'class of the portfolio, or a better one; NULL: any';
COMMENT ON COLUMN @mart@.tier_def.label IS 'name of the RFM group; NULL: any';
SELECT @extschema@.comment_view_columns(@mart_literal@);
