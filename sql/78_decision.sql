-- May we, should we, by which channel: eligibility of a party, the best channel, audiences reserved among many workers, what a campaign
-- brought. (The tables are those of sql/mart/09_campaign.sql and 11_behaviour.sql, the views those of 15_decision.sql.)

CREATE FUNCTION @extschema@.eligible_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'crmseg_eligible_support' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.eligible_support(internal) IS 'internal: for the planner, puts eligible_of_many in the place of eligible in a query over rows';

CREATE FUNCTION @extschema@.eligible_of_many(mart name, party bigint, channel text, campaign bigint, at timestamptz, OUT ok boolean, OUT reason text)
	AS 'MODULE_PATHNAME', 'crmseg_eligible_of_many' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION @extschema@.eligible_of_many(name, bigint, text, bigint, timestamptz) IS 'internal: eligible in a query over rows, to which the planner leads it: it keeps queries begun until that query ends';

CREATE FUNCTION @extschema@.eligible(mart name, party bigint, channel text, campaign bigint, at timestamptz DEFAULT now(), OUT ok boolean, OUT reason text)
	AS 'MODULE_PATHNAME', 'crmseg_eligible' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100 SUPPORT @extschema@.eligible_support;
COMMENT ON FUNCTION @extschema@.eligible(name, bigint, text, bigint, timestamptz) IS 'may this party be written to, by this channel, for this campaign, at this instant? The reason when not, the first that holds of: unknown_party, closed (the party, or the campaign is not running), deceased, no_address, bounced, no_consent, suppressed, already_claimed, paused, quiet_hours, over_cap (a cap of NULL is no rule, of 0 is never). A transactional campaign (is_commercial false) needs no consent and knows no pause, quiet hours or cap, but suppression, bounces and refusals hold. 22023 for an unknown channel or campaign';

CREATE FUNCTION @extschema@.eligible_point(mart name, party bigint, channel text, campaign bigint, at timestamptz, OUT ok boolean, OUT reason text, OUT contact_point_id bigint)
	AS 'MODULE_PATHNAME', 'crmseg_eligible_point' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION @extschema@.eligible_point(name, bigint, text, bigint, timestamptz) IS 'as eligible, with the contact point to write to';

-- Rates by channel and kind of party: means, and how much they bind, by moments of the beta-binomial (Kleinman 1973).
CREATE FUNCTION @extschema@.channel_priors(mart name) RETURNS TABLE (channel_id smallint, lifecycle text, is_professional boolean, rate float8, strength float8, parties bigint)
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY EXECUTE format('
		WITH w AS (SELECT @extschema@.decay_weight(now(), d.half_life_days) AS weight FROM %1$I.datamart d),
		c AS (
			SELECT c.channel_id, y.lifecycle, y.is_professional, (c.touch_w / w.weight)::float8 AS n, (least(c.response_w, c.touch_w) / w.weight)::float8 AS x
			FROM %1$I.party_channel c JOIN %1$I.party y ON y.party_id = c.party_id CROSS JOIN w WHERE c.touch_w > 0),
		g AS (
			SELECT c.channel_id, c.lifecycle, c.is_professional, GROUPING(c.lifecycle) AS width, count(*) AS parties, sum(c.n) AS n, sum(c.x) AS x, sum(c.x * c.x / c.n) AS xx, sum(c.n * c.n) AS nn
			FROM c WHERE c.n > 0 GROUP BY GROUPING SETS ((c.channel_id, c.lifecycle, c.is_professional), (c.channel_id))),
		m AS (
			-- with weights n / sum: S is the spread of the rates, A and B what chance alone gives
			SELECT g.*, g.x / g.n AS p, g.xx / g.n - (g.x / g.n) ^ 2 AS s, 1 - g.nn / g.n ^ 2 AS a, (g.parties - 1) / g.n AS b FROM g)
		SELECT m.channel_id, CASE WHEN m.width = 0 THEN m.lifecycle END, CASE WHEN m.width = 0 THEN m.is_professional END,
			-- a channel that never got an answer is not held to be hopeless
			greatest((m.x + 1) / (m.n + 20), 1e-6),
			CASE WHEN v.g IS NULL THEN 20 ELSE least(greatest(1 / least(greatest(v.g, 1e-6), 0.5) - 1, 2), 1000) END, m.parties
		FROM m CROSS JOIN LATERAL (SELECT (m.s - m.p * (1 - m.p) * m.b) / nullif(m.p * (1 - m.p) * (m.a - m.b), 0) AS g) v
		WHERE m.width > 0 OR m.parties >= 30', mart);
END $$;
COMMENT ON FUNCTION @extschema@.channel_priors(name) IS 'how each channel works with parties of a lifecycle, professional or private, where 30 of them were touched, and with all (NULL): the mean rate of responses, decayed, and how many touches of a party''s own weigh as much (moments of the beta-binomial, 2 to 1000)';

CREATE FUNCTION @extschema@.channel_rate(responses numeric, touches numeric, weight numeric, prior_rate float8, prior_strength float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_channel_rate' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.channel_rate(numeric, numeric, numeric, float8, float8) IS 'expected responses for one more touch: sums of weights of responses and touches, as in party_channel, the weight of the instant (decay_weight), and the rate of parties alike with the number of touches that weighs as much; without these 1 in 20. More responses than touches are taken for as many touches. NULL when a sum is; 22023 for a weight of 0';

CREATE FUNCTION @extschema@.refresh_priors(mart name) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	made bigint;
BEGIN
	EXECUTE format('LOCK TABLE %s.channel_prior IN SHARE ROW EXCLUSIVE MODE', m);
	EXECUTE format('DELETE FROM %s.channel_prior', m);
	EXECUTE format('INSERT INTO %s.channel_prior (channel_id, lifecycle, is_professional, rate, strength, parties) SELECT * FROM @extschema@.channel_priors($1)', m) USING mart;
	GET DIAGNOSTICS made = ROW_COUNT;
	PERFORM @extschema@.rank_channels(mart);
	RETURN made;
END $$;
COMMENT ON FUNCTION @extschema@.refresh_priors(name) IS 'makes channel_prior anew from party_channel, and the best channel of each party by it, as maintain does; returns its rows';

CREATE FUNCTION @extschema@.rank_channels(mart name) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	changed bigint;
	m text := @extschema@.require_datamart(mart);
BEGIN
	-- in the order of parties, as those who touch them lock them; then by what holds once they are locked
	EXECUTE format('CREATE TEMPORARY TABLE crmseg_ranked ON COMMIT DROP AS SELECT DISTINCT r.party_id FROM %s.channel_ranking r WHERE r.is_best <> r.should_be', m);
	EXECUTE format('SELECT count(DISTINCT l.party_id) FROM (SELECT c.party_id FROM %s.party_channel c JOIN pg_temp.crmseg_ranked k ON k.party_id = c.party_id ORDER BY c.party_id, c.channel_id FOR NO KEY UPDATE OF c) l', m) INTO changed;
	EXECUTE format('UPDATE %1$s.party_channel c SET is_best = r.should_be FROM %1$s.channel_ranking r
		WHERE r.is_best <> r.should_be AND r.party_id = c.party_id AND r.channel_id = c.channel_id AND c.party_id IN (SELECT k.party_id FROM pg_temp.crmseg_ranked k)', m);
	EXECUTE 'DROP TABLE pg_temp.crmseg_ranked';
	RETURN changed;
END $$;
COMMENT ON FUNCTION @extschema@.rank_channels(name) IS 'internal: the best channel of each party anew (party_channel.is_best), as refresh_priors and refresh_channels do; returns the parties for which it had changed';

CREATE FUNCTION @extschema@.require_campaign(mart name, campaign bigint) RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	known boolean;
BEGIN
	EXECUTE format('SELECT EXISTS (SELECT FROM %I.campaign g WHERE g.campaign_id = $1)', mart) INTO known USING campaign;
	IF NOT known THEN
		RAISE EXCEPTION 'campaign % does not exist', coalesce(campaign::text, 'NULL') USING ERRCODE = 'invalid_parameter_value';
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.require_campaign(name, bigint) IS 'internal: 22023 for a campaign that the mart does not have';

CREATE FUNCTION @extschema@.choose_channel(mart name, party bigint, campaign bigint, at timestamptz DEFAULT now(), OUT channel text, OUT score float8, OUT reason text)
	AS 'MODULE_PATHNAME', 'crmseg_choose_channel' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 500;
COMMENT ON FUNCTION @extschema@.choose_channel(name, bigint, bigint, timestamptz) IS 'the channel by which to write to a party for a campaign, among those eligible now: the one it prefers, else the one with the highest expected response. That is the party''s own rate, decayed by half-life, drawn to the mean of parties alike the more the less is known of it (empirical Bayes), times campaign.response_value less the cost of a message where the value is given. Equal scores: the cheaper. Without an eligible channel: NULL, and the reason of each. 22023 for an unknown campaign';

-- Who is in a segment: one defined in the mart, else a table or view with a column party_id, of the mart or by its own name.
CREATE FUNCTION @extschema@.audience_sql(mart name, segment text) RETURNS text
	LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rel regclass;
	defined boolean := false;
BEGIN
	IF to_regclass(format('%I.segment_definition', mart)) IS NOT NULL AND to_regprocedure('@extschema@.members(name,text,timestamptz)') IS NOT NULL THEN
		EXECUTE format('SELECT EXISTS (SELECT FROM %I.segment_definition d WHERE d.name = $1)', mart) INTO defined USING segment;
	END IF;
	IF defined THEN
		RETURN format('SELECT DISTINCT m.party_id FROM @extschema@.members(%L, %L) m (party_id)', mart, segment);
	END IF;
	rel := to_regclass(format('%I.%I', mart, segment));
	IF rel IS NULL THEN
		BEGIN
			rel := to_regclass(segment);
		EXCEPTION WHEN syntax_error OR invalid_name THEN
			NULL;
		END;
	END IF;
	IF rel IS NULL OR NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = rel AND a.attname = 'party_id' AND NOT a.attisdropped) THEN
		RAISE EXCEPTION 'there is no segment "%", and no table or view of that name with a column party_id', segment USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN format('SELECT DISTINCT s.party_id::bigint AS party_id FROM %s s WHERE s.party_id IS NOT NULL', rel);
END $$;
COMMENT ON FUNCTION @extschema@.audience_sql(name, text) IS 'internal: the query of the members of a segment, or of a table or view with a column party_id; 22023 when there is none';

CREATE FUNCTION @extschema@.claim_audience(mart name, segment text, campaign bigint, channel text, max_parties integer, control_share float8 DEFAULT 0) RETURNS SETOF bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	members text;
	chan smallint;
	candidates bigint[];
	points bigint[];
	batch bigint[];
	seen text;
	wanted integer := max_parties;
	at timestamptz;
	claimed bigint[];
	reached bigint := -9223372036854775808;
	share CONSTANT float8 := control_share;
BEGIN
	IF segment IS NULL OR campaign IS NULL OR channel IS NULL OR max_parties IS NULL OR control_share IS NULL THEN
		RAISE EXCEPTION 'segment, campaign, channel, number of parties and share of the control group must be given' USING ERRCODE = 'null_value_not_allowed';
	ELSIF max_parties < 0 OR NOT control_share BETWEEN 0 AND 1 OR control_share = 'NaN' THEN
		RAISE EXCEPTION 'the number of parties is 0 or more, the share of the control group 0 to 1' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	members := @extschema@.audience_sql(mart, segment);
	EXECUTE format('SELECT h.channel_id FROM %s.channel h WHERE h.name = $1', m) INTO chan USING channel;
	PERFORM @extschema@.eligible(mart, 0, channel, campaign, now());	-- raises for an unknown campaign or channel
	WHILE wanted > 0 LOOP
		-- who could be written to as things stand, in the order of ids, so that neighbours are answered together
		seen := pg_current_snapshot()::text;
		at := clock_timestamp();
		EXECUTE format('SELECT coalesce(array_agg(c.party_id), ''{}''), array_agg(c.contact_point_id) FROM (SELECT x.party_id, e.contact_point_id FROM (SELECT s.party_id FROM (%s) s WHERE s.party_id > $6 ORDER BY s.party_id) x
			CROSS JOIN LATERAL @extschema@.eligible_point($1, x.party_id, $2, $3, $4) e WHERE e.ok LIMIT $5) c', members)
			INTO candidates, points USING mart, channel, campaign, at, wanted, reached;
		EXIT WHEN candidates = '{}';
		SELECT max(c) INTO reached FROM unnest(candidates) c;
		-- reserved for this transaction: what others are claiming is passed over, what they have claimed is seen below
		EXECUTE format('SELECT coalesce(array_agg(p.party_id ORDER BY p.party_id), ''{}'') FROM (
			SELECT p.party_id FROM %s.party p WHERE p.party_id = ANY ($1) ORDER BY p.party_id FOR NO KEY UPDATE SKIP LOCKED) p', m)
			INTO batch USING candidates;
		-- while nothing was committed since they were asked for, the answers hold; else all is looked at again under the lock
		IF pg_current_snapshot()::text <> seen THEN
			at := clock_timestamp();
			EXECUTE 'SELECT coalesce(array_agg(b.party_id), ''{}''), array_agg(e.contact_point_id) FROM unnest($1) b (party_id) CROSS JOIN LATERAL @extschema@.eligible_point($2, b.party_id, $4, $3, $5) e WHERE e.ok'
				INTO candidates, points USING batch, mart, campaign, channel, at;
		END IF;
		EXECUTE format('WITH e AS MATERIALIZED (
				SELECT c.party_id, c.contact_point_id, row_number() OVER (ORDER BY hashint8extended(c.party_id, $3)) AS turn, count(*) OVER () AS parties
				FROM unnest($1, $2) c (party_id, contact_point_id) JOIN unnest($4) b (party_id) ON b.party_id = c.party_id),
			i AS (
				INSERT INTO %s.campaign_target (party_id, campaign_id, channel_id, contact_point_id, is_control, claimed_at, segment)
				SELECT e.party_id, $3, $6, CASE WHEN e.turn > round(e.parties * $7) THEN e.contact_point_id END, e.turn <= round(e.parties * $7), $5, $8 FROM e ORDER BY e.party_id
				ON CONFLICT DO NOTHING RETURNING party_id, is_control)
			SELECT coalesce(array_agg(i.party_id ORDER BY i.party_id) FILTER (WHERE NOT i.is_control), ''{}''), $9 - count(*) FROM i', m)
			INTO claimed, wanted USING candidates, points, campaign, batch, at, chan, share, segment, wanted;
		RETURN QUERY SELECT unnest(claimed);
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.claim_audience(name, text, bigint, text, integer, float8) IS 'reserves up to max_parties members of a segment for a campaign on a channel, those eligible, in campaign_target, and returns those to write to; a share of them (exactly, drawn by a digest) is reserved as control group and not returned. Safe among many sessions: none claims a party that another has claimed or is claiming, and caps across campaigns hold; in one transaction with whatever else it does. 22023 for an unknown segment, campaign or channel';

CREATE FUNCTION @extschema@.release_claims(mart name, campaign bigint, channel text, before timestamptz DEFAULT now()) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	released bigint;
BEGIN
	PERFORM @extschema@.require_campaign(mart, campaign);
	EXECUTE format('SELECT count(*) FROM %s.channel h WHERE h.name = $1', m) INTO released USING channel;
	IF released = 0 THEN
		RAISE EXCEPTION 'channel "%" does not exist', coalesce(channel, 'NULL') USING ERRCODE = 'invalid_parameter_value';
	END IF;
	EXECUTE format('DELETE FROM %1$s.campaign_target t USING %1$s.channel h WHERE h.name = $2 AND t.channel_id = h.channel_id AND t.campaign_id = $1
		AND t.state = ''claimed'' AND NOT t.is_control AND t.claimed_at < $3', m) USING campaign, channel, before;
	GET DIAGNOSTICS released = ROW_COUNT;
	RETURN released;
END $$;
COMMENT ON FUNCTION @extschema@.release_claims(name, bigint, text, timestamptz) IS 'gives back the claims of a campaign that were never sent, such as those of a worker that died; the control group stays. Returns their number';

CREATE FUNCTION @extschema@.claim_abandoned_carts(mart name, campaign bigint, channel text, older_than interval DEFAULT '1 hour', not_older_than interval DEFAULT '30 days', max_carts integer DEFAULT 1000)
	RETURNS TABLE (party_id bigint, visitor_id uuid, cart_id bigint, amount numeric)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
BEGIN
	IF campaign IS NULL OR channel IS NULL OR older_than IS NULL OR not_older_than IS NULL OR max_carts IS NULL OR max_carts < 0 THEN
		RAISE EXCEPTION 'campaign, channel, ages and number of carts must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	PERFORM @extschema@.eligible(mart, 0, channel, campaign, now());
	-- one reminder a party too: its newest cart; a cart that another session is claiming is passed over
	RETURN QUERY EXECUTE format('
		WITH newest AS (
			SELECT DISTINCT ON (a.party_id) a.visitor_id, a.cart_id, a.party_id
			FROM %1$s.abandoned_carts a
			WHERE a.party_id IS NOT NULL AND a.claimed_at IS NULL AND a.updated_at < now() - $3 AND a.updated_at >= now() - $4
				AND NOT EXISTS (SELECT FROM %1$s.cart k WHERE k.party_id = a.party_id AND k.claimed_at >= a.updated_at)
			ORDER BY a.party_id, a.updated_at DESC, a.cart_id),
		fit AS (
			SELECT n.visitor_id, n.cart_id FROM newest n CROSS JOIN LATERAL @extschema@.eligible($6, n.party_id, $1, $2, now()) e WHERE e.ok LIMIT $5),
		mine AS (
			SELECT c.visitor_id, c.cart_id FROM %1$s.cart c JOIN fit f ON f.visitor_id = c.visitor_id AND f.cart_id = c.cart_id
			WHERE c.claimed_at IS NULL AND c.order_id IS NULL FOR NO KEY UPDATE OF c SKIP LOCKED)
		UPDATE %1$s.cart c SET claimed_at = clock_timestamp() FROM mine WHERE c.visitor_id = mine.visitor_id AND c.cart_id = mine.cart_id
		RETURNING c.party_id, c.visitor_id, c.cart_id, c.amount', m) USING channel, campaign, older_than, not_older_than, max_carts, mart;
END $$;
COMMENT ON FUNCTION @extschema@.claim_abandoned_carts(name, bigint, text, interval, interval, integer) IS 'the abandoned carts to remind of, each once for ever: their claimed_at is set, and no other session gets them; of a party its newest, if the party is eligible, and none that it left before it was last reminded. Carts of visitors not known stay. 22023 for an unknown campaign or channel';

CREATE FUNCTION @extschema@.campaign_exposure(mart name, campaign bigint) RETURNS TABLE (party_id bigint, channel text, touches bigint, exposure text)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
BEGIN
	PERFORM @extschema@.require_campaign(mart, campaign);
	RETURN QUERY EXECUTE format('
		SELECT t.party_id, h.name, n.touches, CASE WHEN t.is_control THEN CASE WHEN n.touches > 0 THEN ''control reached'' ELSE ''control'' END
			WHEN n.touches = 0 THEN ''missed'' WHEN n.touches > coalesce(g.max_touches, 1) THEN ''over-exposed'' ELSE ''reached'' END
		FROM %1$s.campaign_target t JOIN %1$s.campaign g ON g.campaign_id = t.campaign_id JOIN %1$s.channel h ON h.channel_id = t.channel_id
		CROSS JOIN LATERAL (SELECT count(*) AS touches FROM %1$s.interaction i WHERE i.party_id = t.party_id AND i.campaign_id = t.campaign_id AND i.channel_id = t.channel_id
			AND i.direction = ''o'' AND i.status NOT IN (''planned'', ''failed'', ''suppressed'', ''bounced'')) n
		WHERE t.campaign_id = $1 AND t.state <> ''cancelled'' ORDER BY 1, 2', m) USING campaign;
END $$;
COMMENT ON FUNCTION @extschema@.campaign_exposure(name, bigint) IS 'who of a campaign''s audience was missed, reached or over-exposed (more messages than campaign.max_touches, by default 1), by channel; control, and control reached, who should not have been. 22023 for an unknown campaign';

-- Inverse of the normal distribution by rational functions (Acklam 2003), to nine digits.
-- OFFSET 0 in these two: else each mention of a name is the whole expression again, and the quantile is found a dozen times
CREATE FUNCTION @extschema@.normal_quantile(p float8) RETURNS float8
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN NOT (p > 0 AND p < 1) THEN NULL
		WHEN p < 0.02425 OR p > 0.97575 THEN sign(p - 0.5) * -1
			* (((((-7.784894002430293e-03 * t - 3.223964580411365e-01) * t - 2.400758277161838) * t - 2.549732539343734) * t + 4.374664141464968) * t + 2.938163982698783)
			/ ((((7.784695709041462e-03 * t + 3.224671290700398e-01) * t + 2.445134137142996) * t + 3.754408661907416) * t + 1)
		ELSE (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r + 1.383577518672690e+02) * r - 3.066479806614716e+01) * r + 2.506628277459239) * q
			/ (((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r + 6.680131188771972e+01) * r - 1.328068155288572e+01) * r + 1) END
	FROM (SELECT p - 0.5 AS q, (p - 0.5) ^ 2 AS r, CASE WHEN p > 0 AND p < 1 THEN sqrt(-2 * ln(least(p, 1 - p))) END AS t OFFSET 0) x $$;
COMMENT ON FUNCTION @extschema@.normal_quantile(float8) IS 'the value below which a share p of the standard normal distribution lies, to nine digits; NULL unless 0 < p < 1';

CREATE FUNCTION @extschema@.wilson_interval(successes float8, trials float8, confidence float8 DEFAULT 0.95, OUT low float8, OUT high float8)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT CASE WHEN trials > 0 THEN (p + z * z / (2 * trials) - s) / (1 + z * z / trials) ELSE 0 END, CASE WHEN trials > 0 THEN (p + z * z / (2 * trials) + s) / (1 + z * z / trials) ELSE 1 END
	FROM (SELECT @extschema@.normal_quantile((1 + confidence) / 2) AS z, successes / nullif(trials, 0) AS p OFFSET 0) a
	CROSS JOIN LATERAL (SELECT CASE WHEN trials > 0 THEN z * sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials)) END AS s OFFSET 0) b $$;
COMMENT ON FUNCTION @extschema@.wilson_interval(float8, float8, float8) IS 'the interval of a share by its score (Wilson 1927): successes of trials; 0 to 1 without trials';

CREATE FUNCTION @extschema@.campaign_lift(mart name, campaign bigint, within interval DEFAULT '30 days', confidence float8 DEFAULT 0.95)
	RETURNS TABLE (treated bigint, treated_buyers bigint, treated_rate float8, control bigint, control_buyers bigint, control_rate float8,
		lift float8, lift_low float8, lift_high float8, is_significant boolean, treated_revenue numeric, control_revenue numeric, extra_buyers float8, extra_revenue numeric)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
BEGIN
	IF confidence IS NULL OR within IS NULL THEN
		RAISE EXCEPTION 'the time within which to buy and the confidence must be given' USING ERRCODE = 'null_value_not_allowed';
	ELSIF NOT confidence > 0 OR NOT confidence < 1 OR NOT within > interval '0' THEN
		RAISE EXCEPTION 'a confidence lies between 0 and 1, the time within which to buy is longer than 0' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM @extschema@.require_campaign(mart, campaign);
	RETURN QUERY EXECUTE format('
		WITH t AS (
			-- everybody who was meant to be written to, reached or not: to leave out the missed would choose the better ones
			SELECT t.party_id, bool_or(t.is_control) AS is_control, min(t.claimed_at) AS since FROM %1$s.campaign_target t WHERE t.campaign_id = $1 AND t.state <> ''cancelled'' GROUP BY 1),
		o AS (
			SELECT t.is_control, s.buys, s.revenue FROM t CROSS JOIN LATERAL (
				SELECT count(*) FILTER (WHERE c.is_purchase) AS buys, coalesce(sum(c.amount), 0) AS revenue
				FROM %1$s.counted_order c WHERE c.party_id = t.party_id AND c.ordered_at > t.since AND c.ordered_at <= t.since + $2) s),
		n AS (
			SELECT count(*) FILTER (WHERE NOT o.is_control) AS n1, count(*) FILTER (WHERE NOT o.is_control AND o.buys > 0) AS x1, sum(o.revenue) FILTER (WHERE NOT o.is_control) AS r1,
				count(*) FILTER (WHERE o.is_control) AS n2, count(*) FILTER (WHERE o.is_control AND o.buys > 0) AS x2, sum(o.revenue) FILTER (WHERE o.is_control) AS r2 FROM o),
		p AS (SELECT n.*, n.x1::float8 / nullif(n.n1, 0) AS p1, n.x2::float8 / nullif(n.n2, 0) AS p2 FROM n),
		i AS (
			SELECT p.*, p.p1 - p.p2 - sqrt((p.p1 - a.low) ^ 2 + (b.high - p.p2) ^ 2) AS low, p.p1 - p.p2 + sqrt((a.high - p.p1) ^ 2 + (p.p2 - b.low) ^ 2) AS high
			FROM p CROSS JOIN LATERAL @extschema@.wilson_interval(p.x1, p.n1, $3) a CROSS JOIN LATERAL @extschema@.wilson_interval(p.x2, p.n2, $3) b)
		SELECT i.n1, i.x1, i.p1, i.n2, i.x2, i.p2, i.p1 - i.p2, i.low, i.high, i.low > 0 OR i.high < 0, coalesce(i.r1, 0), coalesce(i.r2, 0), (i.p1 - i.p2) * i.n1,
			CASE WHEN i.n2 > 0 THEN i.r1 - i.r2 * i.n1 / i.n2 END
		FROM i', m) USING campaign, within, confidence;
END $$;
COMMENT ON FUNCTION @extschema@.campaign_lift(name, bigint, interval, float8) IS 'what a campaign brought against its control group: shares of those who bought within the time after the claim, their difference (lift) with its interval (Newcombe 1998, hybrid score), buyers and revenue beyond what the control group lets expect. Everybody claimed counts, reached or not. NULLs where a group is empty; 22023 for an unknown campaign, a confidence outside 0 to 1';

CREATE FUNCTION @extschema@.cross_sell(mart name, sku text, kinds text[] DEFAULT '{accessory_of,cross_sell,upsell}')
	RETURNS TABLE (party_id bigint, product_id integer, offer text, kind text, weight real, bought numeric, last_bought_at timestamptz)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	known boolean;
BEGIN
	EXECUTE format('SELECT EXISTS (SELECT FROM %s.product p WHERE p.sku = $1)', m) INTO known USING sku;
	IF NOT known THEN
		RAISE EXCEPTION 'product "%" does not exist', sku USING ERRCODE = 'invalid_parameter_value', HINT = 'A product is named by its sku.';
	END IF;
	RETURN QUERY EXECUTE format('
		WITH line AS (
			SELECT l.party_id, l.product_id, sum(l.quantity) AS quantity, max(l.ordered_at) FILTER (WHERE l.quantity > 0) AS last_at
			FROM %1$s.sales_order_line l JOIN %1$s.sales_order o ON o.party_id = l.party_id AND o.order_id = l.order_id AND o.status <> ''cancelled''
			WHERE l.product_id IN (SELECT p.product_id FROM %1$s.product p WHERE p.sku = $1
				UNION SELECT r.related_id FROM %1$s.product_relation r JOIN %1$s.product p ON p.product_id = r.product_id WHERE p.sku = $1 AND r.kind = ANY ($2))
			GROUP BY 1, 2)
		SELECT b.party_id, r.related_id, a.sku, r.kind, r.weight, b.quantity, b.last_at
		FROM %1$s.product p JOIN line b ON b.product_id = p.product_id AND b.quantity > 0
		JOIN %1$s.party y ON y.party_id = b.party_id AND y.kind <> ''unidentified''
		JOIN %1$s.product_relation r ON r.product_id = p.product_id AND r.kind = ANY ($2)
		JOIN %1$s.product a ON a.product_id = r.related_id
		WHERE p.sku = $1 AND NOT EXISTS (SELECT FROM line o WHERE o.party_id = b.party_id AND o.product_id = r.related_id AND o.quantity > 0)
		ORDER BY b.party_id, r.weight DESC, r.related_id', m) USING sku, kinds;
END $$;
COMMENT ON FUNCTION @extschema@.cross_sell(name, text, text[]) IS 'who has bought a product, and kept it, without what goes with it: the products to offer (accessories, cross-sells, upsells of product_relation), the strongest first. 22023 for an unknown product';

CREATE FUNCTION @extschema@.first_missing_key(object jsonb, keys text[], leave_out text[]) RETURNS integer
	AS 'MODULE_PATHNAME', 'crmseg_first_missing_key' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION @extschema@.first_missing_key(jsonb, text[], text[]) IS 'internal: place of the first of the keys that a JSON object lacks (NULL: it has none) and that is not left out; NULL when there is no such key. 22023 for another kind of JSON, 22004 for a key that is NULL';

CREATE FUNCTION @extschema@.next_question(mart name, party bigint) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_next_question' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION @extschema@.next_question(name, bigint) IS 'the attribute to ask a party for next: the first by ask_rank that is not known of it, special categories only under an explicit consent; NULL when all is known, and for an unknown party. The view question_to_ask says the same of all parties';

CREATE FUNCTION @extschema@.churn_list(mart name, as_of timestamptz DEFAULT now(), horizon interval DEFAULT '90 days', max_rows integer DEFAULT 1000)
	RETURNS TABLE (party_id bigint, last_order_at timestamptz, orders bigint, revenue numeric, p_alive float8, expected_purchases float8, revenue_at_risk numeric)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	model @extschema@.value_model;
BEGIN
	IF as_of IS NULL OR NOT isfinite(as_of) OR horizon IS NULL OR max_rows IS NULL OR max_rows < 0 THEN
		RAISE EXCEPTION 'a finite instant, the horizon and the number of rows must be given' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- the customers of the mart give the model; days of purchase, in weeks (two orders on one day are no repeat)
	EXECUTE format('SELECT @extschema@.fit_mbg_nbd((p.order_days - 1)::float8, CASE WHEN p.order_days > 1 THEN extract(epoch FROM p.last_order_at - p.first_order_at)::float8 / 604800 ELSE 0 END, extract(epoch FROM $1 - p.first_order_at)::float8 / 604800)
		FROM %s.party_profile p WHERE p.orders > 0 AND p.last_order_at <= $1', m) INTO model USING as_of;
	RETURN QUERY EXECUTE format('
		WITH c AS (
			SELECT p.party_id, p.last_order_at, p.orders, p.revenue, (p.order_days - 1)::float8 AS x, extract(epoch FROM p.last_order_at - p.first_order_at)::float8 / 604800 AS r,
				extract(epoch FROM $1 - p.first_order_at)::float8 / 604800 AS t, p.gross_revenue / p.order_days AS a_day
			FROM %1$s.party_profile p JOIN %1$s.party y ON y.party_id = p.party_id AND y.lifecycle <> ''closed'' AND y.deceased_on IS NULL WHERE p.order_days > 1 AND p.last_order_at <= $1),
		s AS (SELECT c.*, @extschema@.p_alive($2, c.x, c.r, c.t) AS alive, @extschema@.expected_purchases($2, c.x, c.r, c.t, extract(epoch FROM $3)::float8 / 604800) AS more FROM c)
		SELECT s.party_id, s.last_order_at, s.orders, s.revenue, s.alive, s.more, round(((1 - s.alive) * s.revenue::float8)::numeric, 2)
		FROM s WHERE s.alive < 0.5 ORDER BY (1 - s.alive) * s.revenue::float8 DESC, s.party_id LIMIT $4', m) USING as_of, model, horizon, max_rows;
END $$;
COMMENT ON FUNCTION @extschema@.churn_list(name, timestamptz, interval, integer) IS 'customers of more than one day of purchase who have probably gone (chance to be alive below one half, by a model fitted to the customers of the mart), those who brought most first: what they may still be expected to buy in the horizon, and the revenue at risk. 22023 when no model fits';

CREATE FUNCTION @extschema@.message_performance(mart name, campaign bigint DEFAULT NULL)
	RETURNS TABLE (status text, channel text, message_id integer, variant text, subject text, tone text, touches bigint, responses bigint, rate float8, rate_low float8, rate_high float8, is_best boolean)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
BEGIN
	IF campaign IS NOT NULL THEN
		PERFORM @extschema@.require_campaign(mart, campaign);
	END IF;
	RETURN QUERY EXECUTE format('
		-- the answered messages once for all, from the first touch of the campaign on: a condition on each message would look up its reactions one by one
		WITH a AS (
			SELECT DISTINCT r.party_id, r.interaction_id, r.interaction_at FROM %1$s.reaction r
			WHERE r.occurred_at >= r.interaction_at AND r.kind IN (''click'', ''reply'', ''order'') AND NOT r.is_machine
				AND r.occurred_at >= coalesce((SELECT min(i.occurred_at) FROM %1$s.interaction i WHERE i.campaign_id = $1), ''-infinity'')),
		t AS (
			SELECT concat_ws('' '', CASE WHEN y.is_professional THEN ''professional'' ELSE ''private'' END, coalesce(y.tier, y.lifecycle)) AS status, i.channel_id, i.message_id, count(*) AS touches,
				count(a.party_id) AS responses
			FROM %1$s.interaction i JOIN %1$s.party y ON y.party_id = i.party_id
			LEFT JOIN a ON a.party_id = i.party_id AND a.interaction_id = i.interaction_id AND a.interaction_at = i.occurred_at
			WHERE i.message_id IS NOT NULL AND i.direction = ''o'' AND i.status NOT IN (''planned'', ''failed'', ''suppressed'') AND ($1 IS NULL OR i.campaign_id = $1)
			GROUP BY 1, 2, 3)
		SELECT t.status, h.name, t.message_id, s.variant, s.subject, s.tone, t.touches, t.responses, t.responses::float8 / t.touches, w.low, w.high,
			rank() OVER (PARTITION BY t.status, t.channel_id ORDER BY w.low DESC, t.touches DESC, t.message_id) = 1
		FROM t JOIN %1$s.message s ON s.message_id = t.message_id JOIN %1$s.channel h ON h.channel_id = t.channel_id
		CROSS JOIN LATERAL @extschema@.wilson_interval(t.responses, t.touches) w
		ORDER BY 1, 2, 3', m) USING campaign;
END $$;
COMMENT ON FUNCTION @extschema@.message_performance(name, bigint) IS 'report: how each message (subject line, tone) works with parties of each status (professional or private, then tier or lifecycle), of one campaign or all: messages that a person clicked, replied to or ordered from, with the interval of their share; the best of a status and channel is the one whose low end is highest. 22023 for an unknown campaign';

CREATE PROCEDURE @extschema@.maintain(mart name)
	LANGUAGE plpgsql AS $$
DECLARE
	task record;
	number bigint;
	run_number bigint;
	failed text;
	many boolean := true;
BEGIN
	PERFORM @extschema@.require_datamart(mart);
	-- one at a time
	IF NOT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended('crmseg.maintain ' OPERATOR(pg_catalog.||) mart::pg_catalog.text, 0)) THEN
		RAISE NOTICE 'maintain: another session is at it';
		RETURN;
	END IF;
	EXECUTE pg_catalog.format('INSERT INTO %I.run (task) VALUES (''maintain'') RETURNING run_id', mart) INTO run_number;
	BEGIN
		COMMIT;
	EXCEPTION WHEN invalid_transaction_termination THEN
		many := false;	-- called in a transaction: all of it is one
	END;
	FOR task IN SELECT t.name, t.sql FROM @extschema@.maintain_tasks() t ORDER BY t.place LOOP
		EXECUTE pg_catalog.format('UPDATE %I.run SET phase = $1, updated_at = pg_catalog.clock_timestamp() WHERE run_id OPERATOR(pg_catalog.=) $2', mart) USING task.name, run_number;
		BEGIN
			EXECUTE task.sql INTO number USING mart;
			RAISE NOTICE 'maintain: %: %', task.name, number;
		EXCEPTION WHEN OTHERS THEN
			-- one task that fails does not keep the others from their work
			failed := pg_catalog.concat_ws('; ', failed, pg_catalog.format('%s: %s', task.name, SQLSTATE));
			RAISE WARNING 'maintain: % failed: %', task.name, SQLERRM USING ERRCODE = SQLSTATE;
		END;
		IF many THEN
			COMMIT;
		END IF;
	END LOOP;
	EXECUTE pg_catalog.format('UPDATE %I.run SET state = CASE WHEN $1 IS NULL THEN ''done'' ELSE ''failed'' END, note = $1, ended_at = pg_catalog.clock_timestamp(), updated_at = pg_catalog.clock_timestamp() WHERE run_id OPERATOR(pg_catalog.=) $2', mart)
		USING failed, run_number;
	PERFORM pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended('crmseg.maintain ' OPERATOR(pg_catalog.||) mart::pg_catalog.text, 0));
END $$;
COMMENT ON PROCEDURE @extschema@.maintain(name) IS 'what a scheduler calls, such as every night: partitions made and filled from the default ones, attached tables pulled, attributes that ran out taken from the traits, records linked, rates of channels, borders of peers, activity folded, segments refreshed, statistics gathered, retention. Commits after each task (in a caller''s transaction it does not), goes on when one fails, writes what it does to run; one at a time. Those whose time is over are counted, and erased where the setting apply_retention is true';

CREATE FUNCTION @extschema@.maintain_tasks() RETURNS TABLE (place integer, name text, sql text)
	LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT v.place, v.name, v.sql
	FROM (VALUES
		(1, 'partitions', 'SELECT @extschema@.make_partitions($1)', 'make_partitions(name,integer,date,date)'),
		(2, 'attached tables', 'SELECT coalesce(pg_catalog.sum(p.rows_read), 0)::bigint FROM @extschema@.pull_attached($1) p', 'pull_attached(name,bigint)'),
		(3, 'resolve', 'SELECT r.records_read FROM @extschema@.resolve($1) r', 'resolve(name)'),
		(4, 'traits', 'SELECT @extschema@.refresh_traits($1)', 'refresh_traits(name)'),
		(5, 'rates of channels', 'SELECT @extschema@.refresh_priors($1)', 'refresh_priors(name)'),
		(6, 'peers of customers', 'SELECT @extschema@.refresh_peers($1)', 'refresh_peers(name)'),
		(7, 'activity', 'SELECT @extschema@.fold_activity($1)', 'fold_activity(name)'),
		(8, 'segments', 'SELECT r.entered + r.left_ FROM @extschema@.refresh_segments($1) r', 'refresh_segments(name,timestamptz)'),
		(9, 'sets of segments', 'SELECT @extschema@.fold_segment_sets($1)', 'fold_segment_sets(name,bigint)'),
		(10, 'statistics', 'SELECT @extschema@.refresh_statistics($1)', 'refresh_statistics(name)'),
		(11, 'retention', 'SELECT @extschema@.retention_task($1)', 'retention_task(name)')) v (place, name, sql, needs)
	WHERE to_regprocedure('@extschema@.' || v.needs) IS NOT NULL $$;
COMMENT ON FUNCTION @extschema@.maintain_tasks() IS 'internal: what maintain does, in order';
