-- RFM by definitions of one's own, and through time: borders by hand, weighted or nested; moves between two dates, entry into the present
-- group, cohorts, the rhythm of purchases. Every function reads any table or view of orders with the rights of the caller; those that
-- take a mart read its view customer_order.

-- ---- definitions ----
CREATE FUNCTION @extschema@.rfm_options(options jsonb, bins integer) RETURNS jsonb
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	defaults CONSTANT jsonb := '{"count": "purchases", "amount": "net", "first": true, "zone": "UTC", "since": null, "binning": "independent", "weight": "customers", "groups": 11, "cuts": {}}';
	allowed CONSTANT jsonb := '{"count": ["purchases", "days"], "amount": ["net", "gross"], "first": [true, false], "binning": ["independent", "nested"],
		"weight": ["customers", "frequency", "monetary"], "groups": [11, 5, 3]}';
	o jsonb;
	k text;
	cut text;
BEGIN
	IF bins IS NULL OR bins NOT BETWEEN 1 AND 9 THEN
		RAISE EXCEPTION 'bins must be between 1 and 9' USING ERRCODE = '22023';
	END IF;
	IF jsonb_typeof(coalesce(options, '{}')) <> 'object' THEN
		RAISE EXCEPTION 'options must be a JSON object' USING ERRCODE = '22023', HINT = 'Such as {"count": "days", "amount": "gross", "zone": "Europe/Paris"}.';
	END IF;
	o := defaults || coalesce(options, '{}');
	FOR k IN SELECT jsonb_object_keys(o) LOOP
		IF NOT defaults ? k THEN
			RAISE EXCEPTION 'unknown option "%"', left(k, 60) USING ERRCODE = '22023', HINT = 'The options are ' || (SELECT string_agg(d, ', ' ORDER BY d) FROM jsonb_object_keys(defaults) d) || '.';
		ELSIF allowed ? k AND NOT (allowed -> k) @> jsonb_build_array(o -> k) THEN
			RAISE EXCEPTION 'option "%" cannot be %', k, left((o -> k)::text, 60) USING ERRCODE = '22023', HINT = 'It is one of ' || (SELECT string_agg(a, ', ' ORDER BY n) FROM jsonb_array_elements_text(allowed -> k) WITH ORDINALITY v(a, n)) || '.';
		END IF;
	END LOOP;
	IF o -> 'first' = 'false' THEN
		IF options ->> 'count' = 'purchases' THEN
			RAISE EXCEPTION 'without the first purchase, days are counted' USING ERRCODE = '22023', HINT = 'Leave "count" out, or say {"count": "days", "first": false}: what is left out is the first day with a purchase.';
		END IF;
		o := jsonb_set(o, '{count}', '"days"');
	END IF;
	IF jsonb_typeof(o -> 'zone') <> 'string' OR NOT @extschema@.is_time_zone(o ->> 'zone') THEN
		RAISE EXCEPTION 'option "zone" is not a time zone the server knows' USING ERRCODE = '22023', HINT = 'Such as Europe/Paris.';
	END IF;
	IF jsonb_typeof(o -> 'cuts') <> 'object' THEN
		RAISE EXCEPTION 'option "cuts" must be a JSON object' USING ERRCODE = '22023', HINT = 'Such as {"recency": ["30d", "180d"], "monetary": [50, 500]}; a measure that it does not name has quantiles.';
	END IF;
	-- the borders given by hand become those of an rfm_cuts, which checks them
	cut := '{bins=' || bins;
	FOR k IN SELECT jsonb_object_keys(o -> 'cuts') LOOP
		IF k NOT IN ('recency', 'frequency', 'monetary') THEN
			RAISE EXCEPTION 'unknown measure "%" in option "cuts"', left(k, 60) USING ERRCODE = '22023', HINT = 'The measures are recency, frequency and monetary.';
		ELSIF jsonb_typeof(o #> ARRAY['cuts', k]) <> 'array' OR jsonb_array_length(o #> ARRAY['cuts', k]) <> bins - 1 THEN
			RAISE EXCEPTION 'the cuts of % must be %, one less than bins', k, bins - 1 USING ERRCODE = '22023';
		END IF;
	END LOOP;
	IF bins > 1 THEN
		FOREACH k IN ARRAY '{recency,frequency,monetary}'::text[] LOOP
			cut := cut || '; ' || k || '=' || CASE WHEN o -> 'cuts' ? k THEN (SELECT string_agg(v, ',' ORDER BY n) FROM jsonb_array_elements_text(o #> ARRAY['cuts', k]) WITH ORDINALITY c(v, n))
				ELSE repeat('0,', bins - 2) || '0' END;
		END LOOP;
	END IF;
	BEGIN
		RETURN o || jsonb_build_object('since', (o ->> 'since')::timestamptz, 'borders', (cut || '}')::@extschema@.rfm_cuts::text);
	EXCEPTION WHEN invalid_text_representation OR invalid_datetime_format OR datetime_field_overflow OR null_value_not_allowed OR not_null_violation THEN
		RAISE EXCEPTION 'options of RFM cannot be read' USING ERRCODE = '22023', DETAIL = SQLERRM, HINT = 'Ages are written "30d", cuts ascend, "since" is a time: {"cuts": {"recency": ["30d", "180d"]}, "since": "2025-01-01"}.';
	END;
END $$;
COMMENT ON FUNCTION @extschema@.rfm_options(jsonb, integer) IS 'checks the options of rfm_table and fills in what they leave out; 22023 for what is unknown or cannot be';

CREATE FUNCTION @extschema@.rfm_measures(orders regclass, party_column name, time_column name, amount_column name, as_of timestamptz, options jsonb DEFAULT '{}')
	RETURNS TABLE (party_id text, last_purchase_at timestamptz, frequency bigint, monetary numeric)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	o jsonb := @extschema@.rfm_options(options - 'cuts', 1);
BEGIN
	IF as_of IS NULL OR NOT isfinite(as_of) THEN
		RAISE EXCEPTION 'as_of must be a finite time' USING ERRCODE = '22023', HINT = 'Score as of a date, such as now().';
	END IF;
	RETURN QUERY EXECUTE format($q$
		SELECT g.id, @extschema@.last_purchase_at(g.s),
			CASE WHEN $3 ->> 'count' = 'days' THEN @extschema@.purchase_days(g.s) ELSE @extschema@.purchase_count(g.s) END - CASE WHEN ($3 -> 'first')::boolean THEN 0 ELSE 1 END,
			CASE WHEN $3 ->> 'amount' = 'gross' THEN @extschema@.gross_amount(g.s) ELSE @extschema@.net_amount(g.s) END - CASE WHEN ($3 -> 'first')::boolean THEN 0 ELSE @extschema@.first_day_amount(g.s) END
		FROM (SELECT o.%2$I::text AS id, @extschema@.purchases(o.%3$I::timestamptz, o.%4$I::numeric, (o.%3$I::timestamptz AT TIME ZONE ($3 ->> 'zone'))::date) AS s
			FROM %1$s o WHERE o.%2$I IS NOT NULL AND @extschema@.finite_time(o.%3$I::timestamptz) <= $1 AND ($2 IS NULL OR o.%3$I::timestamptz > $2) GROUP BY 1) g
		WHERE @extschema@.purchase_count(g.s) > 0 $q$, orders, party_column, time_column, amount_column)
	USING as_of, (o ->> 'since')::timestamptz, o;
END $$;
COMMENT ON FUNCTION @extschema@.rfm_measures(regclass, name, name, name, timestamptz, jsonb) IS 'last purchase, frequency and amount of every customer of a table of orders as of a date, by definitions of one''s own: {"count": "purchases"|"days", "amount": "net"|"gross", "first": false (leaves the first day with a purchase out of both), "zone": of the days, "since": only later orders}';

-- Equal values have equal scores in every way of binning: a score is 1 + the whole part of bins * (weight below the value) / (weight of all),
-- which for weights of 1 is the bin between the cuts percentile_disc(k / bins).
CREATE FUNCTION @extschema@.rfm_table(orders regclass, party_column name, time_column name, amount_column name, as_of timestamptz, bins integer, options jsonb)
	RETURNS TABLE (party_id text, last_purchase_at timestamptz, frequency bigint, monetary numeric, r smallint, f smallint, m smallint, label text)
	LANGUAGE plpgsql STABLE ROWS 100000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	o jsonb := @extschema@.rfm_options(options, bins);
	nested CONSTANT boolean := o ->> 'binning' = 'nested';
	within text;
	measure text;
	score text[];
BEGIN
	-- r from the age, then f within r and m within both when nested
	FOR i IN 1 .. 3 LOOP
		measure := (ARRAY['v.age', 'v.frequency', 'v.monetary'])[i];
		within := CASE WHEN nested AND i > 1 THEN 'PARTITION BY ' || (ARRAY['v.r', 'v.r, v.f'])[i - 1] ELSE '' END;
		score[i] := CASE
			WHEN o -> 'cuts' ? (ARRAY['recency', 'frequency', 'monetary'])[i] THEN
				format('(SELECT count(*) FROM unnest(%s) c WHERE c < %s)', (ARRAY['$4', '$5', '$6'])[i], measure)
			WHEN o ->> 'weight' = 'customers' THEN
				format('((rank() OVER (%s ORDER BY %s) - 1) * $3 / count(*) OVER (%1$s))', within, measure)
			ELSE format('least($3 - 1, coalesce(div(coalesce(sum(v.w) OVER (%s ORDER BY %s GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) * $3, nullif(sum(v.w) OVER (%1$s), 0)), 0))',
				within, measure) END;
	END LOOP;
	RETURN QUERY EXECUTE format($q$
		WITH m AS (SELECT x.*, greatest($2 - x.last_purchase_at, '0') AS age, greatest(CASE $7 ->> 'weight' WHEN 'frequency' THEN x.frequency::numeric WHEN 'monetary' THEN x.monetary ELSE 1 END, 0) AS w
				FROM @extschema@.rfm_measures($1, $8, $9, $10, $2, $7 - 'borders' - 'cuts') x),
			a AS (SELECT v.*, ($3 - %s)::smallint AS r FROM m v),
			b AS (SELECT v.*, (1 + %s)::smallint AS f FROM a v),
			c AS (SELECT v.*, (1 + %s)::smallint AS m FROM b v)
		SELECT c.party_id, c.last_purchase_at, c.frequency, c.monetary, c.r, c.f, c.m, @extschema@.rfm_group(@extschema@.rfm(c.r, c.f, c.m), $3, ($7 ->> 'groups')::integer) FROM c $q$,
		score[1], score[2], score[3])
	USING orders, as_of, bins, @extschema@.recency_cuts((o ->> 'borders')::@extschema@.rfm_cuts), @extschema@.frequency_cuts((o ->> 'borders')::@extschema@.rfm_cuts),
		@extschema@.monetary_cuts((o ->> 'borders')::@extschema@.rfm_cuts), o, party_column, time_column, amount_column;
END $$;
COMMENT ON FUNCTION @extschema@.rfm_table(regclass, name, name, name, timestamptz, integer, jsonb) IS 'rfm_table by definitions of one''s own: those of rfm_measures, and {"cuts": {"recency": ["30d", "180d"], "frequency": [..], "monetary": [..]} (fixed borders, each measure for itself; a value equal to one lies below it), "binning": "nested" (frequency within each recency score, amount within both), "weight": "monetary"|"frequency" (bins of equal weight instead of equal number), "groups": 11|5|3}. Equal values have equal scores, when nested within their bin';

CREATE FUNCTION @extschema@.rfm_weighted(score @extschema@.rfm, r double precision, f double precision, m double precision) RETURNS double precision
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN ($2 * @extschema@.r($1) + $3 * @extschema@.f($1) + $4 * @extschema@.m($1)) / nullif($2 + $3 + $4, 0);
COMMENT ON FUNCTION @extschema@.rfm_weighted(@extschema@.rfm, double precision, double precision, double precision) IS 'one score of three: their mean weighted by r, f and m; NULL when the weights sum to 0';

-- ---- a mart as of any date ----
CREATE FUNCTION @extschema@.rfm_names(mart name, bins integer) RETURNS TABLE (r smallint, f smallint, m smallint, label text)
	LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 125 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT r::smallint, f::smallint, m::smallint, coalesce((SELECT d.label FROM %s.rfm_label_def d WHERE r BETWEEN d.r_min AND d.r_max AND f BETWEEN d.f_min AND d.f_max
			AND m BETWEEN d.m_min AND d.m_max ORDER BY d.position LIMIT 1), @extschema@.rfm_group(@extschema@.rfm(r, f, m), $1))
		FROM generate_series(1, $1) r, generate_series(1, $1) f, generate_series(1, $1) m', @extschema@.require_datamart(mart)) USING bins;
END $$;
COMMENT ON FUNCTION @extschema@.rfm_names(name, integer) IS 'the name of every cell of so many bins in a datamart: its own where rfm_label_def has one, else the usual one';

CREATE FUNCTION @extschema@.rfm_at(mart name, as_of timestamptz DEFAULT now(), bins integer DEFAULT NULL, options jsonb DEFAULT '{}')
	RETURNS TABLE (party_id bigint, last_purchase_at timestamptz, frequency bigint, monetary numeric, r smallint, f smallint, m smallint, label text)
	LANGUAGE plpgsql STABLE ROWS 100000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	mt text := @extschema@.require_datamart(mart);
	cuts @extschema@.rfm_cuts;
	by_hand boolean;
	zone text;
BEGIN
	EXECUTE format('SELECT c.cuts, c.customers = 0 FROM %s.rfm_cut c ORDER BY c.rfm_cut_id DESC LIMIT 1', mt) INTO cuts, by_hand;
	EXECUTE format('SELECT d.time_zone FROM %s.datamart d', mt) INTO zone;
	options := coalesce(options, '{}');
	IF by_hand AND bins IS NULL AND NOT options ? 'cuts' THEN
		options := options || jsonb_build_object('cuts', jsonb_build_object('recency', (SELECT coalesce(jsonb_agg((extract(epoch FROM a) * 1000000)::bigint || 'us' ORDER BY n), '[]') FROM unnest(@extschema@.recency_cuts(cuts)) WITH ORDINALITY v(a, n)),
			'frequency', to_jsonb(@extschema@.frequency_cuts(cuts)), 'monetary', to_jsonb(@extschema@.monetary_cuts(cuts))));
	END IF;
	bins := coalesce(bins, @extschema@.rfm_bins(cuts), 5);
	-- the usual definitions go by the one pass of the plain rfm_table
	IF options = '{}' THEN
		RETURN QUERY EXECUTE format('SELECT t.party_id::bigint, t.last_purchase_at, t.frequency, t.monetary, t.r, t.f, t.m, n.label
			FROM @extschema@.rfm_table(%L, ''party_id'', ''ordered_at'', ''amount'', $2, $3) t JOIN @extschema@.rfm_names($1, $3) n USING (r, f, m)', mt || '.customer_order') USING mart, as_of, bins;
	ELSE
		RETURN QUERY EXECUTE format('SELECT t.party_id::bigint, t.last_purchase_at, t.frequency, t.monetary, t.r, t.f, t.m, CASE WHEN $4 ? ''groups'' THEN t.label ELSE n.label END
			FROM @extschema@.rfm_table(%L, ''party_id'', ''ordered_at'', ''amount'', $2, $3, $4) t JOIN @extschema@.rfm_names($1, $3) n USING (r, f, m)', mt || '.customer_order')
			USING mart, as_of, bins, jsonb_build_object('zone', zone) || options;
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.rfm_at(name, timestamptz, integer, jsonb) IS 'the scores of a datamart as of any date, from its orders until then: by the borders that were set by hand (set_rfm_cuts), else by quantiles of that date; bins as in the newest borders, else 5; options as in rfm_table. Cancelled orders, unconverted ones and unidentified parties do not count';

CREATE FUNCTION @extschema@.rfm_transitions(orders regclass, party_column name, time_column name, amount_column name, earlier timestamptz, later timestamptz, bins integer DEFAULT 5, options jsonb DEFAULT '{}')
	RETURNS TABLE ("from" text, "to" text, customers bigint, revenue numeric)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	call text := CASE WHEN coalesce(options, '{}') = '{}' THEN '@extschema@.rfm_table($1, $2, $3, $4, %s, $7)' ELSE '@extschema@.rfm_table($1, $2, $3, $4, %s, $7, $8)' END;
BEGIN
	IF NOT earlier <= later THEN
		RAISE EXCEPTION 'the earlier date must not lie after the later one' USING ERRCODE = '22023';
	END IF;
	RETURN QUERY EXECUTE 'SELECT a.label, b.label, count(*), sum(coalesce(b.monetary, a.monetary)) FROM ' || format(call, '$5') || ' a FULL JOIN ' || format(call, '$6') || ' b USING (party_id)
		GROUP BY a.label, b.label ORDER BY 3 DESC, 1, 2' USING orders, party_column, time_column, amount_column, earlier, later, bins, options;
END $$;
COMMENT ON FUNCTION @extschema@.rfm_transitions(regclass, name, name, name, timestamptz, timestamptz, integer, jsonb) IS 'how customers moved between the groups of two dates, each date scored by its own quantiles (or the borders of options): from is NULL for who had not bought by the earlier date, to for who no longer counts; revenue is the amount of these customers as of the later date';

CREATE FUNCTION @extschema@.rfm_transitions(mart name, earlier timestamptz, later timestamptz DEFAULT now(), bins integer DEFAULT NULL, options jsonb DEFAULT '{}')
	RETURNS TABLE ("from" text, "to" text, customers bigint, revenue numeric)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NOT earlier <= later THEN
		RAISE EXCEPTION 'the earlier date must not lie after the later one' USING ERRCODE = '22023';
	END IF;
	RETURN QUERY SELECT a.label, b.label, count(*), sum(coalesce(b.monetary, a.monetary)) FROM @extschema@.rfm_at(mart, earlier, bins, options) a FULL JOIN @extschema@.rfm_at(mart, later, bins, options) b USING (party_id)
		GROUP BY a.label, b.label ORDER BY 3 DESC, 1, 2;
END $$;
COMMENT ON FUNCTION @extschema@.rfm_transitions(name, timestamptz, timestamptz, integer, jsonb) IS 'how the customers of a datamart moved between the groups of two dates; rows for svg_transitions';

-- Between two orders of a customer only his recency changes, each time his age passes a border. The group he is in now was entered at the
-- last such instant, or order, at which his group became another.
CREATE FUNCTION @extschema@.rfm_entered(orders regclass, party_column name, time_column name, amount_column name, cuts @extschema@.rfm_cuts, as_of timestamptz DEFAULT now())
	RETURNS TABLE (party_id text, label text, entered_at timestamptz, previous text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF cuts IS NULL OR as_of IS NULL OR NOT isfinite(as_of) THEN
		RAISE EXCEPTION 'cuts and as_of must be given, and as_of be finite' USING ERRCODE = '22023', HINT = 'Cuts are written by hand or made by rfm_cuts.';
	END IF;
	RETURN QUERY EXECUTE format($q$
		WITH o AS (SELECT o.%2$I::text AS id, o.%3$I::timestamptz AS at, @extschema@.purchases(o.%3$I::timestamptz, o.%4$I::numeric) AS s FROM %1$s o
				WHERE o.%2$I IS NOT NULL AND o.%4$I IS NOT NULL AND @extschema@.finite_time(o.%3$I::timestamptz) <= $1 GROUP BY 1, 2),
			run AS (SELECT o.id, o.at, coalesce(lead(o.at) OVER w, 'infinity') AS next, max(@extschema@.last_purchase_at(o.s)) OVER w AS last,
					sum(@extschema@.purchase_count(o.s)) OVER w AS n, sum(@extschema@.net_amount(o.s)) OVER w AS amount
				FROM o WINDOW w AS (PARTITION BY o.id ORDER BY o.at)),
			moment AS (SELECT r.*, greatest(r.at, r.last + coalesce(c, '0')) AS t FROM run r, unnest(array_prepend(NULL, $3)) c
				WHERE r.n > 0 AND (c IS NULL OR (r.last + c >= r.at AND r.last + c < r.next AND r.last + c <= $1))),
			named AS (SELECT m.id, m.t, @extschema@.rfm_group(@extschema@.rfm_score(m.last, m.n::bigint, m.amount, $2, m.t), @extschema@.rfm_bins($2)) AS name FROM moment m),
			step AS (SELECT x.*, lag(x.name) OVER (PARTITION BY x.id ORDER BY x.t) AS before FROM (SELECT DISTINCT ON (n.id, n.t) n.* FROM named n ORDER BY n.id, n.t) x)
		SELECT DISTINCT ON (z.id) z.id, z.name, z.t, z.before FROM step z WHERE z.name IS DISTINCT FROM z.before ORDER BY z.id, z.t DESC $q$, orders, party_column, time_column, amount_column)
	USING as_of, cuts, ARRAY(SELECT make_interval(secs => extract(epoch FROM i)::float8) + interval '1 microsecond' FROM unnest(@extschema@.recency_cuts(cuts)) i);
END $$;
COMMENT ON FUNCTION @extschema@.rfm_entered(regclass, name, name, name, @extschema@.rfm_cuts, timestamptz) IS 'since when each customer is in his present group, and in which he was before (NULL: none), as he would have moved under these cuts: by his orders, and by the time that passed since';
