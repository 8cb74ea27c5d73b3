-- RFM: the purchase summary of a customer, cuts into scores, the value '5-4-3' and its names. (src/rfm)

-- ---- purchase_summary ----
CREATE TYPE @extschema@.purchase_summary;
CREATE FUNCTION @extschema@.purchase_summary_in(cstring) RETURNS @extschema@.purchase_summary
	AS 'MODULE_PATHNAME', 'crmseg_summary_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_summary_in(cstring) IS 'text to purchase_summary';
CREATE FUNCTION @extschema@.purchase_summary_out(@extschema@.purchase_summary) RETURNS cstring
	AS 'MODULE_PATHNAME', 'crmseg_summary_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_summary_out(@extschema@.purchase_summary) IS 'purchase_summary to text, the same for every setting';
CREATE FUNCTION @extschema@.purchase_summary_recv(internal) RETURNS @extschema@.purchase_summary
	AS 'MODULE_PATHNAME', 'crmseg_summary_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_summary_recv(internal) IS 'bytes to purchase_summary; another version, or bytes that break its rules: 22P03';
CREATE FUNCTION @extschema@.purchase_summary_send(@extschema@.purchase_summary) RETURNS bytea
	AS 'MODULE_PATHNAME', 'crmseg_summary_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_summary_send(@extschema@.purchase_summary) IS 'purchase_summary to bytes, the first of which is the version';
CREATE TYPE @extschema@.purchase_summary (INPUT = @extschema@.purchase_summary_in, OUTPUT = @extschema@.purchase_summary_out, RECEIVE = @extschema@.purchase_summary_recv, SEND = @extschema@.purchase_summary_send,
	INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE @extschema@.purchase_summary IS 'what one customer bought: purchases (amount >= 0) and returns (amount < 0) apart, exact sums, first and last time, the distinct days; merges in any order. Made by purchase() and purchases()';
CREATE FUNCTION @extschema@.purchase_summary_lt(@extschema@.purchase_summary, @extschema@.purchase_summary) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_summary_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.purchase_summary_lt(@extschema@.purchase_summary, @extschema@.purchase_summary) IS 'support function of the operator < of purchase_summary';
CREATE FUNCTION @extschema@.purchase_summary_le(@extschema@.purchase_summary, @extschema@.purchase_summary) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_summary_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.purchase_summary_le(@extschema@.purchase_summary, @extschema@.purchase_summary) IS 'support function of the operator <= of purchase_summary';
CREATE FUNCTION @extschema@.purchase_summary_eq(@extschema@.purchase_summary, @extschema@.purchase_summary) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_summary_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.purchase_summary_eq(@extschema@.purchase_summary, @extschema@.purchase_summary) IS 'support function of the operator = of purchase_summary';
CREATE FUNCTION @extschema@.purchase_summary_ne(@extschema@.purchase_summary, @extschema@.purchase_summary) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_summary_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.purchase_summary_ne(@extschema@.purchase_summary, @extschema@.purchase_summary) IS 'support function of the operator <> of purchase_summary';
CREATE FUNCTION @extschema@.purchase_summary_ge(@extschema@.purchase_summary, @extschema@.purchase_summary) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_summary_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.purchase_summary_ge(@extschema@.purchase_summary, @extschema@.purchase_summary) IS 'support function of the operator >= of purchase_summary';
CREATE FUNCTION @extschema@.purchase_summary_gt(@extschema@.purchase_summary, @extschema@.purchase_summary) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_summary_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.purchase_summary_gt(@extschema@.purchase_summary, @extschema@.purchase_summary) IS 'support function of the operator > of purchase_summary';
CREATE FUNCTION @extschema@.purchase_summary_cmp(@extschema@.purchase_summary, @extschema@.purchase_summary) RETURNS int4
	AS 'MODULE_PATHNAME', 'crmseg_summary_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.purchase_summary_cmp(@extschema@.purchase_summary, @extschema@.purchase_summary) IS 'btree support of purchase_summary: by last purchase, first, counts, amounts as numbers, days';
CREATE FUNCTION @extschema@.purchase_summary_hash(@extschema@.purchase_summary) RETURNS int4
	AS 'MODULE_PATHNAME', 'crmseg_summary_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.purchase_summary_hash(@extschema@.purchase_summary) IS 'hash support of purchase_summary';
CREATE FUNCTION @extschema@.purchase_summary_hash_extended(@extschema@.purchase_summary, int8) RETURNS int8
	AS 'MODULE_PATHNAME', 'crmseg_summary_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.purchase_summary_hash_extended(@extschema@.purchase_summary, int8) IS 'seeded hash support of purchase_summary, for hash partitions';
CREATE OPERATOR @extschema@.< (LEFTARG = @extschema@.purchase_summary, RIGHTARG = @extschema@.purchase_summary, FUNCTION = @extschema@.purchase_summary_lt, COMMUTATOR = OPERATOR(@extschema@.>), NEGATOR = OPERATOR(@extschema@.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR @extschema@.< (@extschema@.purchase_summary, @extschema@.purchase_summary) IS 'sorts before: by last purchase, first, counts, amounts as numbers, days';
CREATE OPERATOR @extschema@.<= (LEFTARG = @extschema@.purchase_summary, RIGHTARG = @extschema@.purchase_summary, FUNCTION = @extschema@.purchase_summary_le, COMMUTATOR = OPERATOR(@extschema@.>=), NEGATOR = OPERATOR(@extschema@.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR @extschema@.<= (@extschema@.purchase_summary, @extschema@.purchase_summary) IS 'sorts before or is equal: by last purchase, first, counts, amounts as numbers, days';
CREATE OPERATOR @extschema@.= (LEFTARG = @extschema@.purchase_summary, RIGHTARG = @extschema@.purchase_summary, FUNCTION = @extschema@.purchase_summary_eq, COMMUTATOR = OPERATOR(@extschema@.=), NEGATOR = OPERATOR(@extschema@.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
COMMENT ON OPERATOR @extschema@.= (@extschema@.purchase_summary, @extschema@.purchase_summary) IS 'equal: by last purchase, first, counts, amounts as numbers, days';
CREATE OPERATOR @extschema@.<> (LEFTARG = @extschema@.purchase_summary, RIGHTARG = @extschema@.purchase_summary, FUNCTION = @extschema@.purchase_summary_ne, COMMUTATOR = OPERATOR(@extschema@.<>), NEGATOR = OPERATOR(@extschema@.=),
	RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR @extschema@.<> (@extschema@.purchase_summary, @extschema@.purchase_summary) IS 'not equal: by last purchase, first, counts, amounts as numbers, days';
CREATE OPERATOR @extschema@.>= (LEFTARG = @extschema@.purchase_summary, RIGHTARG = @extschema@.purchase_summary, FUNCTION = @extschema@.purchase_summary_ge, COMMUTATOR = OPERATOR(@extschema@.<=), NEGATOR = OPERATOR(@extschema@.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR @extschema@.>= (@extschema@.purchase_summary, @extschema@.purchase_summary) IS 'sorts after or is equal: by last purchase, first, counts, amounts as numbers, days';
CREATE OPERATOR @extschema@.> (LEFTARG = @extschema@.purchase_summary, RIGHTARG = @extschema@.purchase_summary, FUNCTION = @extschema@.purchase_summary_gt, COMMUTATOR = OPERATOR(@extschema@.<), NEGATOR = OPERATOR(@extschema@.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR @extschema@.> (@extschema@.purchase_summary, @extschema@.purchase_summary) IS 'sorts after: by last purchase, first, counts, amounts as numbers, days';
CREATE OPERATOR CLASS @extschema@.purchase_summary_ops DEFAULT FOR TYPE @extschema@.purchase_summary USING btree AS
	OPERATOR 1 @extschema@.<, OPERATOR 2 @extschema@.<=, OPERATOR 3 @extschema@.=, OPERATOR 4 @extschema@.>=, OPERATOR 5 @extschema@.>,
	FUNCTION 1 @extschema@.purchase_summary_cmp(@extschema@.purchase_summary, @extschema@.purchase_summary);
CREATE OPERATOR CLASS @extschema@.purchase_summary_ops DEFAULT FOR TYPE @extschema@.purchase_summary USING hash AS
	OPERATOR 1 @extschema@.=,
	FUNCTION 1 @extschema@.purchase_summary_hash(@extschema@.purchase_summary), FUNCTION 2 @extschema@.purchase_summary_hash_extended(@extschema@.purchase_summary, int8);

CREATE FUNCTION @extschema@.purchase(ordered_at timestamptz, amount numeric) RETURNS @extschema@.purchase_summary
	AS 'MODULE_PATHNAME', 'crmseg_purchase' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase(ordered_at timestamptz, amount numeric) IS 'the summary of one order: amount >= 0 is a purchase, below 0 a return; its day is the UTC day. NaN, infinite amounts or times: 22023';
CREATE FUNCTION @extschema@.purchase(ordered_at timestamptz, amount numeric, day date) RETURNS @extschema@.purchase_summary
	AS 'MODULE_PATHNAME', 'crmseg_purchase' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase(ordered_at timestamptz, amount numeric, day date) IS 'the summary of one order on a day of your own reckoning, such as (ordered_at AT TIME ZONE ''Europe/Paris'')::date';
CREATE FUNCTION @extschema@.purchases_accum(@extschema@.purchase_summary, timestamptz, numeric) RETURNS @extschema@.purchase_summary
	AS 'MODULE_PATHNAME', 'crmseg_purchases_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchases_accum(@extschema@.purchase_summary, timestamptz, numeric) IS 'transition function of purchases: one more order; a NULL time or amount is not counted';
CREATE FUNCTION @extschema@.purchases_accum(@extschema@.purchase_summary, timestamptz, numeric, date) RETURNS @extschema@.purchase_summary
	AS 'MODULE_PATHNAME', 'crmseg_purchases_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchases_accum(@extschema@.purchase_summary, timestamptz, numeric, date) IS 'transition function of purchases with days: one more order; a NULL time, amount or day is not counted';
CREATE FUNCTION @extschema@.summary_merge(@extschema@.purchase_summary, @extschema@.purchase_summary) RETURNS @extschema@.purchase_summary
	AS 'MODULE_PATHNAME', 'crmseg_summary_merge' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.summary_merge(@extschema@.purchase_summary, @extschema@.purchase_summary) IS 'both summaries as one; NULL is nothing. Transition function of rollup, and combine function of purchases';
CREATE FUNCTION @extschema@.summary_final(@extschema@.purchase_summary) RETURNS @extschema@.purchase_summary
	AS 'MODULE_PATHNAME', 'crmseg_summary_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.summary_final(@extschema@.purchase_summary) IS 'final function of purchases: the state without the room it kept for growing';
CREATE AGGREGATE @extschema@.purchases(timestamptz, numeric) (SFUNC = @extschema@.purchases_accum, STYPE = @extschema@.purchase_summary, FINALFUNC = @extschema@.summary_final,
	COMBINEFUNC = @extschema@.summary_merge, PARALLEL = SAFE);
CREATE AGGREGATE @extschema@.purchases(timestamptz, numeric, date) (SFUNC = @extschema@.purchases_accum, STYPE = @extschema@.purchase_summary, FINALFUNC = @extschema@.summary_final,
	COMBINEFUNC = @extschema@.summary_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.purchases(timestamptz, numeric) IS 'the purchase summary of many orders (time, amount); days are UTC days; rows with NULL time or amount are not counted; NULL when none is';
COMMENT ON AGGREGATE @extschema@.purchases(timestamptz, numeric, date) IS 'the purchase summary of many orders (time, amount, day of your own reckoning)';
CREATE AGGREGATE @extschema@.rollup(@extschema@.purchase_summary) (SFUNC = @extschema@.summary_merge, STYPE = @extschema@.purchase_summary, FINALFUNC = @extschema@.summary_final,
	COMBINEFUNC = @extschema@.summary_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.rollup(@extschema@.purchase_summary) IS 'many summaries as one, equal to the summary of all their orders';
CREATE FUNCTION @extschema@.first_purchase_at(@extschema@.purchase_summary) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'crmseg_first_purchase_at' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.first_purchase_at(@extschema@.purchase_summary) IS 'time of the first purchase; NULL without a purchase';
CREATE FUNCTION @extschema@.last_purchase_at(@extschema@.purchase_summary) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'crmseg_last_purchase_at' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.last_purchase_at(@extschema@.purchase_summary) IS 'time of the last purchase; NULL without a purchase';
CREATE FUNCTION @extschema@.purchase_count(@extschema@.purchase_summary) RETURNS int8
	AS 'MODULE_PATHNAME', 'crmseg_purchase_count' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_count(@extschema@.purchase_summary) IS 'number of purchases: orders with an amount >= 0, a free one included';
CREATE FUNCTION @extschema@.return_count(@extschema@.purchase_summary) RETURNS int8
	AS 'MODULE_PATHNAME', 'crmseg_return_count' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.return_count(@extschema@.purchase_summary) IS 'number of returns: orders with an amount below 0';
CREATE FUNCTION @extschema@.purchase_days(@extschema@.purchase_summary) RETURNS int8
	AS 'MODULE_PATHNAME', 'crmseg_purchase_days' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.purchase_days(@extschema@.purchase_summary) IS 'number of distinct days with a purchase; less one, it is the number of repeat purchases as value models count them';
CREATE FUNCTION @extschema@.first_purchase_day(@extschema@.purchase_summary) RETURNS date
	AS 'MODULE_PATHNAME', 'crmseg_first_purchase_day' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.first_purchase_day(@extschema@.purchase_summary) IS 'the first day with a purchase';
CREATE FUNCTION @extschema@.last_purchase_day(@extschema@.purchase_summary) RETURNS date
	AS 'MODULE_PATHNAME', 'crmseg_last_purchase_day' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.last_purchase_day(@extschema@.purchase_summary) IS 'the last day with a purchase';
CREATE FUNCTION @extschema@.gross_amount(@extschema@.purchase_summary) RETURNS numeric
	AS 'MODULE_PATHNAME', 'crmseg_gross_amount' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.gross_amount(@extschema@.purchase_summary) IS 'sum of the purchases, exact';
CREATE FUNCTION @extschema@.returned_amount(@extschema@.purchase_summary) RETURNS numeric
	AS 'MODULE_PATHNAME', 'crmseg_returned_amount' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.returned_amount(@extschema@.purchase_summary) IS 'sum of the returns, exact, as a positive amount';
CREATE FUNCTION @extschema@.net_amount(@extschema@.purchase_summary) RETURNS numeric
	AS 'MODULE_PATHNAME', 'crmseg_net_amount' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.net_amount(@extschema@.purchase_summary) IS 'purchases less returns, exact: the sum of all amounts';
CREATE FUNCTION @extschema@.largest_purchase(@extschema@.purchase_summary) RETURNS numeric
	AS 'MODULE_PATHNAME', 'crmseg_largest_purchase' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.largest_purchase(@extschema@.purchase_summary) IS 'largest purchase; NULL without one';
CREATE FUNCTION @extschema@.first_day_amount(@extschema@.purchase_summary) RETURNS numeric
	AS 'MODULE_PATHNAME', 'crmseg_first_day_amount' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.first_day_amount(@extschema@.purchase_summary) IS 'sum of the purchases of the first day, which spend models leave out';
CREATE FUNCTION @extschema@.mean_gap(@extschema@.purchase_summary) RETURNS interval
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE WHEN @extschema@.purchase_days($1) > 1
		THEN pg_catalog.justify_hours(pg_catalog.make_interval(secs => (EXTRACT(epoch FROM @extschema@.last_purchase_at($1) - @extschema@.first_purchase_at($1)) / (@extschema@.purchase_days($1) - 1))::float8)) END;
COMMENT ON FUNCTION @extschema@.mean_gap(@extschema@.purchase_summary) IS 'mean time between purchases: last less first, by the number of repeat days; NULL with a single day';

-- ---- rfm ----
CREATE TYPE @extschema@.rfm;
CREATE FUNCTION @extschema@.rfm_in(cstring) RETURNS @extschema@.rfm
	AS 'MODULE_PATHNAME', 'crmseg_rfm_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_in(cstring) IS 'text to rfm';
CREATE FUNCTION @extschema@.rfm_out(@extschema@.rfm) RETURNS cstring
	AS 'MODULE_PATHNAME', 'crmseg_rfm_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_out(@extschema@.rfm) IS 'rfm to text, the same for every setting';
CREATE FUNCTION @extschema@.rfm_recv(internal) RETURNS @extschema@.rfm
	AS 'MODULE_PATHNAME', 'crmseg_rfm_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_recv(internal) IS 'bytes to rfm; another version, or bytes that break its rules: 22P03';
CREATE FUNCTION @extschema@.rfm_send(@extschema@.rfm) RETURNS bytea
	AS 'MODULE_PATHNAME', 'crmseg_rfm_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_send(@extschema@.rfm) IS 'rfm to bytes, the first of which is the version';
CREATE TYPE @extschema@.rfm (INPUT = @extschema@.rfm_in, OUTPUT = @extschema@.rfm_out, RECEIVE = @extschema@.rfm_recv, SEND = @extschema@.rfm_send,
	INTERNALLENGTH = 2, PASSEDBYVALUE, ALIGNMENT = int2, STORAGE = plain);
COMMENT ON TYPE @extschema@.rfm IS 'three scores of 1 to 9, recency, frequency, amount, as ''5-4-3''; the higher the better; ordered by recency, then frequency, then amount';
CREATE FUNCTION @extschema@.rfm_lt(@extschema@.rfm, @extschema@.rfm) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_rfm_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.rfm_lt(@extschema@.rfm, @extschema@.rfm) IS 'support function of the operator < of rfm';
CREATE FUNCTION @extschema@.rfm_le(@extschema@.rfm, @extschema@.rfm) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_rfm_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.rfm_le(@extschema@.rfm, @extschema@.rfm) IS 'support function of the operator <= of rfm';
CREATE FUNCTION @extschema@.rfm_eq(@extschema@.rfm, @extschema@.rfm) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_rfm_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.rfm_eq(@extschema@.rfm, @extschema@.rfm) IS 'support function of the operator = of rfm';
CREATE FUNCTION @extschema@.rfm_ne(@extschema@.rfm, @extschema@.rfm) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_rfm_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.rfm_ne(@extschema@.rfm, @extschema@.rfm) IS 'support function of the operator <> of rfm';
CREATE FUNCTION @extschema@.rfm_ge(@extschema@.rfm, @extschema@.rfm) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_rfm_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.rfm_ge(@extschema@.rfm, @extschema@.rfm) IS 'support function of the operator >= of rfm';
CREATE FUNCTION @extschema@.rfm_gt(@extschema@.rfm, @extschema@.rfm) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_rfm_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.rfm_gt(@extschema@.rfm, @extschema@.rfm) IS 'support function of the operator > of rfm';
CREATE FUNCTION @extschema@.rfm_cmp(@extschema@.rfm, @extschema@.rfm) RETURNS int4
	AS 'MODULE_PATHNAME', 'crmseg_rfm_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.rfm_cmp(@extschema@.rfm, @extschema@.rfm) IS 'btree support of rfm: by recency, then frequency, then amount';
CREATE FUNCTION @extschema@.rfm_hash(@extschema@.rfm) RETURNS int4
	AS 'MODULE_PATHNAME', 'crmseg_rfm_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.rfm_hash(@extschema@.rfm) IS 'hash support of rfm';
CREATE FUNCTION @extschema@.rfm_hash_extended(@extschema@.rfm, int8) RETURNS int8
	AS 'MODULE_PATHNAME', 'crmseg_rfm_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.rfm_hash_extended(@extschema@.rfm, int8) IS 'seeded hash support of rfm, for hash partitions';
CREATE OPERATOR @extschema@.< (LEFTARG = @extschema@.rfm, RIGHTARG = @extschema@.rfm, FUNCTION = @extschema@.rfm_lt, COMMUTATOR = OPERATOR(@extschema@.>), NEGATOR = OPERATOR(@extschema@.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR @extschema@.< (@extschema@.rfm, @extschema@.rfm) IS 'sorts before: by recency, then frequency, then amount';
CREATE OPERATOR @extschema@.<= (LEFTARG = @extschema@.rfm, RIGHTARG = @extschema@.rfm, FUNCTION = @extschema@.rfm_le, COMMUTATOR = OPERATOR(@extschema@.>=), NEGATOR = OPERATOR(@extschema@.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR @extschema@.<= (@extschema@.rfm, @extschema@.rfm) IS 'sorts before or is equal: by recency, then frequency, then amount';
CREATE OPERATOR @extschema@.= (LEFTARG = @extschema@.rfm, RIGHTARG = @extschema@.rfm, FUNCTION = @extschema@.rfm_eq, COMMUTATOR = OPERATOR(@extschema@.=), NEGATOR = OPERATOR(@extschema@.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
COMMENT ON OPERATOR @extschema@.= (@extschema@.rfm, @extschema@.rfm) IS 'equal: by recency, then frequency, then amount';
CREATE OPERATOR @extschema@.<> (LEFTARG = @extschema@.rfm, RIGHTARG = @extschema@.rfm, FUNCTION = @extschema@.rfm_ne, COMMUTATOR = OPERATOR(@extschema@.<>), NEGATOR = OPERATOR(@extschema@.=),
	RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR @extschema@.<> (@extschema@.rfm, @extschema@.rfm) IS 'not equal: by recency, then frequency, then amount';
CREATE OPERATOR @extschema@.>= (LEFTARG = @extschema@.rfm, RIGHTARG = @extschema@.rfm, FUNCTION = @extschema@.rfm_ge, COMMUTATOR = OPERATOR(@extschema@.<=), NEGATOR = OPERATOR(@extschema@.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR @extschema@.>= (@extschema@.rfm, @extschema@.rfm) IS 'sorts after or is equal: by recency, then frequency, then amount';
CREATE OPERATOR @extschema@.> (LEFTARG = @extschema@.rfm, RIGHTARG = @extschema@.rfm, FUNCTION = @extschema@.rfm_gt, COMMUTATOR = OPERATOR(@extschema@.<), NEGATOR = OPERATOR(@extschema@.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR @extschema@.> (@extschema@.rfm, @extschema@.rfm) IS 'sorts after: by recency, then frequency, then amount';
CREATE OPERATOR CLASS @extschema@.rfm_ops DEFAULT FOR TYPE @extschema@.rfm USING btree AS
	OPERATOR 1 @extschema@.<, OPERATOR 2 @extschema@.<=, OPERATOR 3 @extschema@.=, OPERATOR 4 @extschema@.>=, OPERATOR 5 @extschema@.>,
	FUNCTION 1 @extschema@.rfm_cmp(@extschema@.rfm, @extschema@.rfm);
CREATE OPERATOR CLASS @extschema@.rfm_ops DEFAULT FOR TYPE @extschema@.rfm USING hash AS
	OPERATOR 1 @extschema@.=,
	FUNCTION 1 @extschema@.rfm_hash(@extschema@.rfm), FUNCTION 2 @extschema@.rfm_hash_extended(@extschema@.rfm, int8);

CREATE FUNCTION @extschema@.rfm(r int4, f int4, m int4) RETURNS @extschema@.rfm
	AS 'MODULE_PATHNAME', 'crmseg_rfm_make' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm(r int4, f int4, m int4) IS 'an rfm of three scores; a score outside 1 to 9: 22023';
CREATE FUNCTION @extschema@.rfm(int4) RETURNS @extschema@.rfm
	AS 'MODULE_PATHNAME', 'crmseg_rfm_from_int' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm(int4) IS '543 as 5-4-3; anything but three digits of 1 to 9: 22023';
CREATE FUNCTION @extschema@.rfm_to_int(@extschema@.rfm) RETURNS int4
	AS 'MODULE_PATHNAME', 'crmseg_rfm_to_int' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_to_int(@extschema@.rfm) IS '5-4-3 as 543';
CREATE CAST (@extschema@.rfm AS int4) WITH FUNCTION @extschema@.rfm_to_int(@extschema@.rfm) AS ASSIGNMENT;
CREATE CAST (int4 AS @extschema@.rfm) WITH FUNCTION @extschema@.rfm(int4);
CREATE FUNCTION @extschema@.r(@extschema@.rfm) RETURNS int2
	AS 'MODULE_PATHNAME', 'crmseg_rfm_r' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.r(@extschema@.rfm) IS 'the recency score';
CREATE FUNCTION @extschema@.f(@extschema@.rfm) RETURNS int2
	AS 'MODULE_PATHNAME', 'crmseg_rfm_f' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.f(@extschema@.rfm) IS 'the frequency score';
CREATE FUNCTION @extschema@.m(@extschema@.rfm) RETURNS int2
	AS 'MODULE_PATHNAME', 'crmseg_rfm_m' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.m(@extschema@.rfm) IS 'the amount score';
CREATE FUNCTION @extschema@.rfm_label(@extschema@.rfm) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_rfm_label' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_label(@extschema@.rfm) IS 'the usual name of the cell, of eleven from Champions to Lost; scores of five bins, a higher score: 22023';
CREATE FUNCTION @extschema@.rfm_group(@extschema@.rfm, bins int4 DEFAULT 5, groups int4 DEFAULT 11) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_rfm_label' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_group(@extschema@.rfm, int4, int4) IS 'the name of the cell for scores of that many bins (1 to 9, brought to the scale of five): of eleven groups as rfm_label, of five (Best, Loyal, New, At risk, Lost) or of three (Active, Slipping, Lost), which join them';

-- ---- rfm_cuts ----
CREATE TYPE @extschema@.rfm_cuts;
CREATE FUNCTION @extschema@.rfm_cuts_in(cstring) RETURNS @extschema@.rfm_cuts
	AS 'MODULE_PATHNAME', 'crmseg_cuts_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_cuts_in(cstring) IS 'text to rfm_cuts';
CREATE FUNCTION @extschema@.rfm_cuts_out(@extschema@.rfm_cuts) RETURNS cstring
	AS 'MODULE_PATHNAME', 'crmseg_cuts_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_cuts_out(@extschema@.rfm_cuts) IS 'rfm_cuts to text, the same for every setting';
CREATE FUNCTION @extschema@.rfm_cuts_recv(internal) RETURNS @extschema@.rfm_cuts
	AS 'MODULE_PATHNAME', 'crmseg_cuts_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_cuts_recv(internal) IS 'bytes to rfm_cuts; another version, or bytes that break its rules: 22P03';
CREATE FUNCTION @extschema@.rfm_cuts_send(@extschema@.rfm_cuts) RETURNS bytea
	AS 'MODULE_PATHNAME', 'crmseg_cuts_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_cuts_send(@extschema@.rfm_cuts) IS 'rfm_cuts to bytes, the first of which is the version';
CREATE TYPE @extschema@.rfm_cuts (INPUT = @extschema@.rfm_cuts_in, OUTPUT = @extschema@.rfm_cuts_out, RECEIVE = @extschema@.rfm_cuts_recv, SEND = @extschema@.rfm_cuts_send,
	INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE @extschema@.rfm_cuts IS 'the borders between scores, made by the aggregate rfm_cuts or written by hand: ''{bins=3; recency=30d,180d; frequency=1,4; monetary=50,500}''. A value equal to a cut lies below it: up to 30 days old, up to 1 purchase, up to 50';
CREATE FUNCTION @extschema@.rfm_cuts_lt(@extschema@.rfm_cuts, @extschema@.rfm_cuts) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_cuts_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.rfm_cuts_lt(@extschema@.rfm_cuts, @extschema@.rfm_cuts) IS 'support function of the operator < of rfm_cuts';
CREATE FUNCTION @extschema@.rfm_cuts_le(@extschema@.rfm_cuts, @extschema@.rfm_cuts) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_cuts_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.rfm_cuts_le(@extschema@.rfm_cuts, @extschema@.rfm_cuts) IS 'support function of the operator <= of rfm_cuts';
CREATE FUNCTION @extschema@.rfm_cuts_eq(@extschema@.rfm_cuts, @extschema@.rfm_cuts) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_cuts_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.rfm_cuts_eq(@extschema@.rfm_cuts, @extschema@.rfm_cuts) IS 'support function of the operator = of rfm_cuts';
CREATE FUNCTION @extschema@.rfm_cuts_ne(@extschema@.rfm_cuts, @extschema@.rfm_cuts) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_cuts_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.rfm_cuts_ne(@extschema@.rfm_cuts, @extschema@.rfm_cuts) IS 'support function of the operator <> of rfm_cuts';
CREATE FUNCTION @extschema@.rfm_cuts_ge(@extschema@.rfm_cuts, @extschema@.rfm_cuts) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_cuts_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.rfm_cuts_ge(@extschema@.rfm_cuts, @extschema@.rfm_cuts) IS 'support function of the operator >= of rfm_cuts';
CREATE FUNCTION @extschema@.rfm_cuts_gt(@extschema@.rfm_cuts, @extschema@.rfm_cuts) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_cuts_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.rfm_cuts_gt(@extschema@.rfm_cuts, @extschema@.rfm_cuts) IS 'support function of the operator > of rfm_cuts';
CREATE FUNCTION @extschema@.rfm_cuts_cmp(@extschema@.rfm_cuts, @extschema@.rfm_cuts) RETURNS int4
	AS 'MODULE_PATHNAME', 'crmseg_cuts_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.rfm_cuts_cmp(@extschema@.rfm_cuts, @extschema@.rfm_cuts) IS 'btree support of rfm_cuts: by bins, definitions and borders; the order has no meaning';
CREATE FUNCTION @extschema@.rfm_cuts_hash(@extschema@.rfm_cuts) RETURNS int4
	AS 'MODULE_PATHNAME', 'crmseg_cuts_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.rfm_cuts_hash(@extschema@.rfm_cuts) IS 'hash support of rfm_cuts';
CREATE OPERATOR @extschema@.< (LEFTARG = @extschema@.rfm_cuts, RIGHTARG = @extschema@.rfm_cuts, FUNCTION = @extschema@.rfm_cuts_lt, COMMUTATOR = OPERATOR(@extschema@.>), NEGATOR = OPERATOR(@extschema@.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR @extschema@.< (@extschema@.rfm_cuts, @extschema@.rfm_cuts) IS 'sorts before: by bins, definitions and borders; the order has no meaning';
CREATE OPERATOR @extschema@.<= (LEFTARG = @extschema@.rfm_cuts, RIGHTARG = @extschema@.rfm_cuts, FUNCTION = @extschema@.rfm_cuts_le, COMMUTATOR = OPERATOR(@extschema@.>=), NEGATOR = OPERATOR(@extschema@.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR @extschema@.<= (@extschema@.rfm_cuts, @extschema@.rfm_cuts) IS 'sorts before or is equal: by bins, definitions and borders; the order has no meaning';
CREATE OPERATOR @extschema@.= (LEFTARG = @extschema@.rfm_cuts, RIGHTARG = @extschema@.rfm_cuts, FUNCTION = @extschema@.rfm_cuts_eq, COMMUTATOR = OPERATOR(@extschema@.=), NEGATOR = OPERATOR(@extschema@.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
COMMENT ON OPERATOR @extschema@.= (@extschema@.rfm_cuts, @extschema@.rfm_cuts) IS 'equal: by bins, definitions and borders; the order has no meaning';
CREATE OPERATOR @extschema@.<> (LEFTARG = @extschema@.rfm_cuts, RIGHTARG = @extschema@.rfm_cuts, FUNCTION = @extschema@.rfm_cuts_ne, COMMUTATOR = OPERATOR(@extschema@.<>), NEGATOR = OPERATOR(@extschema@.=),
	RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR @extschema@.<> (@extschema@.rfm_cuts, @extschema@.rfm_cuts) IS 'not equal: by bins, definitions and borders; the order has no meaning';
CREATE OPERATOR @extschema@.>= (LEFTARG = @extschema@.rfm_cuts, RIGHTARG = @extschema@.rfm_cuts, FUNCTION = @extschema@.rfm_cuts_ge, COMMUTATOR = OPERATOR(@extschema@.<=), NEGATOR = OPERATOR(@extschema@.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR @extschema@.>= (@extschema@.rfm_cuts, @extschema@.rfm_cuts) IS 'sorts after or is equal: by bins, definitions and borders; the order has no meaning';
CREATE OPERATOR @extschema@.> (LEFTARG = @extschema@.rfm_cuts, RIGHTARG = @extschema@.rfm_cuts, FUNCTION = @extschema@.rfm_cuts_gt, COMMUTATOR = OPERATOR(@extschema@.<), NEGATOR = OPERATOR(@extschema@.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR @extschema@.> (@extschema@.rfm_cuts, @extschema@.rfm_cuts) IS 'sorts after: by bins, definitions and borders; the order has no meaning';
CREATE OPERATOR CLASS @extschema@.rfm_cuts_ops DEFAULT FOR TYPE @extschema@.rfm_cuts USING btree AS
	OPERATOR 1 @extschema@.<, OPERATOR 2 @extschema@.<=, OPERATOR 3 @extschema@.=, OPERATOR 4 @extschema@.>=, OPERATOR 5 @extschema@.>,
	FUNCTION 1 @extschema@.rfm_cuts_cmp(@extschema@.rfm_cuts, @extschema@.rfm_cuts);
CREATE OPERATOR CLASS @extschema@.rfm_cuts_ops DEFAULT FOR TYPE @extschema@.rfm_cuts USING hash AS
	OPERATOR 1 @extschema@.=,
	FUNCTION 1 @extschema@.rfm_cuts_hash(@extschema@.rfm_cuts);

CREATE FUNCTION @extschema@.rfm_bins(@extschema@.rfm_cuts) RETURNS int4
	AS 'MODULE_PATHNAME', 'crmseg_cuts_bins' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_bins(@extschema@.rfm_cuts) IS 'number of bins';
CREATE FUNCTION @extschema@.rfm_scores(@extschema@.rfm_cuts, measure text) RETURNS int2[]
	AS 'MODULE_PATHNAME', 'crmseg_cuts_scores' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_scores(@extschema@.rfm_cuts, measure text) IS 'the scores of a measure (r, f or m) that some customer has: where many are equal, some scores do not exist. For cuts written by hand, the scores that can occur';
CREATE FUNCTION @extschema@.recency_cuts(@extschema@.rfm_cuts) RETURNS interval[]
	AS 'MODULE_PATHNAME', 'crmseg_cuts_recency' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.recency_cuts(@extschema@.rfm_cuts) IS 'the borders of age, in days and time of day';
CREATE FUNCTION @extschema@.frequency_cuts(@extschema@.rfm_cuts) RETURNS int8[]
	AS 'MODULE_PATHNAME', 'crmseg_cuts_frequency' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.frequency_cuts(@extschema@.rfm_cuts) IS 'the borders of frequency';
CREATE FUNCTION @extschema@.monetary_cuts(@extschema@.rfm_cuts) RETURNS numeric[]
	AS 'MODULE_PATHNAME', 'crmseg_cuts_monetary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.monetary_cuts(@extschema@.rfm_cuts) IS 'the borders of the amount';
CREATE FUNCTION @extschema@.rfm_score(@extschema@.purchase_summary, @extschema@.rfm_cuts, as_of timestamptz) RETURNS @extschema@.rfm
	AS 'MODULE_PATHNAME', 'crmseg_score_summary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_score(@extschema@.purchase_summary, @extschema@.rfm_cuts, as_of timestamptz) IS 'the scores of a customer: recency = bins less the cuts below the age at as_of, the others 1 plus the cuts below the value. A purchase after as_of has age 0; without a purchase: NULL';
CREATE FUNCTION @extschema@.rfm_score(last_purchase_at timestamptz, frequency int8, monetary numeric, cuts @extschema@.rfm_cuts, as_of timestamptz) RETURNS @extschema@.rfm
	AS 'MODULE_PATHNAME', 'crmseg_score_values' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_score(last_purchase_at timestamptz, frequency int8, monetary numeric, cuts @extschema@.rfm_cuts, as_of timestamptz) IS 'the scores of plain values; frequency 0: NULL, below 0: 22023';
CREATE TYPE @extschema@.rfm_sample;
CREATE FUNCTION @extschema@.rfm_sample_in(cstring) RETURNS @extschema@.rfm_sample
	AS 'MODULE_PATHNAME', 'crmseg_sample_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_sample_in(cstring) IS 'text to rfm_sample';
CREATE FUNCTION @extschema@.rfm_sample_out(@extschema@.rfm_sample) RETURNS cstring
	AS 'MODULE_PATHNAME', 'crmseg_sample_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_sample_out(@extschema@.rfm_sample) IS 'rfm_sample to text, the same for every setting';
CREATE FUNCTION @extschema@.rfm_sample_recv(internal) RETURNS @extschema@.rfm_sample
	AS 'MODULE_PATHNAME', 'crmseg_sample_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_sample_recv(internal) IS 'bytes to rfm_sample; another version, or bytes that break its rules: 22P03';
CREATE FUNCTION @extschema@.rfm_sample_send(@extschema@.rfm_sample) RETURNS bytea
	AS 'MODULE_PATHNAME', 'crmseg_sample_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_sample_send(@extschema@.rfm_sample) IS 'rfm_sample to bytes, the first of which is the version';
CREATE TYPE @extschema@.rfm_sample (INPUT = @extschema@.rfm_sample_in, OUTPUT = @extschema@.rfm_sample_out, RECEIVE = @extschema@.rfm_sample_recv, SEND = @extschema@.rfm_sample_send,
	INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE @extschema@.rfm_sample IS 'state of the aggregate rfm_cuts: the measures of many customers, 24 bytes each; its text is hex, for machines';
CREATE FUNCTION @extschema@.rfm_sample_accum(@extschema@.rfm_sample, @extschema@.purchase_summary, timestamptz, int4) RETURNS @extschema@.rfm_sample
	AS 'MODULE_PATHNAME', 'crmseg_sample_summary' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_sample_accum(@extschema@.rfm_sample, @extschema@.purchase_summary, timestamptz, int4) IS 'transition function of rfm_cuts: one customer more';
CREATE FUNCTION @extschema@.rfm_sample_accum(@extschema@.rfm_sample, @extschema@.purchase_summary, timestamptz, int4, text) RETURNS @extschema@.rfm_sample
	AS 'MODULE_PATHNAME', 'crmseg_sample_summary' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_sample_accum(@extschema@.rfm_sample, @extschema@.purchase_summary, timestamptz, int4, text) IS 'transition function of rfm_cuts with options: one customer more';
CREATE FUNCTION @extschema@.rfm_sample_accum(@extschema@.rfm_sample, timestamptz, int8, numeric, timestamptz, int4) RETURNS @extschema@.rfm_sample
	AS 'MODULE_PATHNAME', 'crmseg_sample_values' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_sample_accum(@extschema@.rfm_sample, timestamptz, int8, numeric, timestamptz, int4) IS 'transition function of rfm_cuts over plain columns: one customer more';
CREATE FUNCTION @extschema@.rfm_sample_merge(@extschema@.rfm_sample, @extschema@.rfm_sample) RETURNS @extschema@.rfm_sample
	AS 'MODULE_PATHNAME', 'crmseg_sample_merge' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_sample_merge(@extschema@.rfm_sample, @extschema@.rfm_sample) IS 'combine function of rfm_cuts';
CREATE FUNCTION @extschema@.rfm_sample_cuts(@extschema@.rfm_sample) RETURNS @extschema@.rfm_cuts
	AS 'MODULE_PATHNAME', 'crmseg_sample_cuts' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_sample_cuts(@extschema@.rfm_sample) IS 'final function of rfm_cuts: quantile cuts';
CREATE AGGREGATE @extschema@.rfm_cuts(@extschema@.purchase_summary, as_of timestamptz, bins int4) (SFUNC = @extschema@.rfm_sample_accum, STYPE = @extschema@.rfm_sample, FINALFUNC = @extschema@.rfm_sample_cuts,
	COMBINEFUNC = @extschema@.rfm_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.rfm_cuts(@extschema@.purchase_summary, as_of timestamptz, bins int4) IS 'quantile cuts of all customers: cut k of a measure is percentile_disc(k / bins), the smallest value with that share of the customers at or below it; equal values get equal scores. 1 to 9 bins; frequency is purchases, the amount net; who never purchased is no customer';
CREATE AGGREGATE @extschema@.rfm_cuts(@extschema@.purchase_summary, as_of timestamptz, bins int4, options text) (SFUNC = @extschema@.rfm_sample_accum, STYPE = @extschema@.rfm_sample, FINALFUNC = @extschema@.rfm_sample_cuts,
	COMBINEFUNC = @extschema@.rfm_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.rfm_cuts(@extschema@.purchase_summary, as_of timestamptz, bins int4, options text) IS 'the same with definitions: ''{count=purchases|days; amount=net|gross}'', which the cuts keep and rfm_score follows';
CREATE AGGREGATE @extschema@.rfm_cuts(last_purchase_at timestamptz, frequency int8, monetary numeric, as_of timestamptz, bins int4) (SFUNC = @extschema@.rfm_sample_accum, STYPE = @extschema@.rfm_sample, FINALFUNC = @extschema@.rfm_sample_cuts,
	COMBINEFUNC = @extschema@.rfm_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.rfm_cuts(last_purchase_at timestamptz, frequency int8, monetary numeric, as_of timestamptz, bins int4) IS 'the same over plain columns, one row a customer; NULL or frequency 0 is no customer, below 0: 22023';

-- ---- amounts in order ----
CREATE FUNCTION @extschema@.amount_sample_accum(@extschema@.rfm_sample, numeric) RETURNS @extschema@.rfm_sample
	AS 'MODULE_PATHNAME', 'crmseg_sample_amount' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.amount_sample_accum(@extschema@.rfm_sample, numeric) IS 'transition function of amount_sample: one amount more';
CREATE AGGREGATE @extschema@.amount_sample(numeric) (SFUNC = @extschema@.amount_sample_accum, STYPE = @extschema@.rfm_sample, COMBINEFUNC = @extschema@.rfm_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.amount_sample(numeric) IS 'amounts, to ask share_cuts and sample_quantile about; NULLs do not count, 24 bytes each; NaN and infinity: 22023';
CREATE AGGREGATE @extschema@.amount_sample(@extschema@.rfm_sample) (SFUNC = @extschema@.rfm_sample_merge, STYPE = @extschema@.rfm_sample, COMBINEFUNC = @extschema@.rfm_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.amount_sample(@extschema@.rfm_sample) IS 'samples put together';
CREATE FUNCTION @extschema@.share_cuts(@extschema@.rfm_sample, shares numeric[]) RETURNS numeric[]
	AS 'MODULE_PATHNAME', 'crmseg_share_cuts' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.share_cuts(@extschema@.rfm_sample, numeric[]) IS 'of amounts: the sum of those above 0; then for each share, 0 to 1, the least amount above 0 whose betters, all that are above it, sum up to less than that share of the sum: from it on an amount is among the largest that bring the share. NULL where there is none. 22023 for a share outside 0 to 1';
CREATE FUNCTION @extschema@.sample_quantile(@extschema@.rfm_sample, share float8) RETURNS numeric
	AS 'MODULE_PATHNAME', 'crmseg_sample_quantile' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.sample_quantile(@extschema@.rfm_sample, float8) IS 'of amounts: the least with that share of them at or below it, as percentile_disc gives it; 22023 for a share outside 0 to 1';
CREATE FUNCTION @extschema@.sample_size(@extschema@.rfm_sample) RETURNS int8
	AS 'MODULE_PATHNAME', 'crmseg_sample_size' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.sample_size(@extschema@.rfm_sample) IS 'how many customers or amounts there are in it';

-- ---- bad input ----
CREATE FUNCTION @extschema@.finite_amount(numeric) RETURNS numeric
	AS 'MODULE_PATHNAME', 'crmseg_finite_amount' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.finite_amount(numeric) IS 'the amount; NaN or infinite: 22023';
CREATE FUNCTION @extschema@.finite_time(timestamptz) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'crmseg_finite_time' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.finite_time(timestamptz) IS 'the time; infinite: 22023';
