-- Sums of a party's orders in one pass over them, for the triggers of party_profile (sql/mart/06_profile.sql).
CREATE TYPE @extschema@.order_sums AS (orders bigint, returns bigint, days bigint, first_day date, first_at timestamptz, last_at timestamptz, active_at timestamptz,
	gross numeric, returned numeric, revenue numeric, largest numeric, first_day_revenue numeric, margin numeric);
COMMENT ON TYPE @extschema@.order_sums IS 'what orders add up to: purchases, returns, days with a purchase; first day, first, last purchase and last of either; purchases, returns (above 0), both, largest purchase, purchases of the first day, and margins; NULL where there is none';
CREATE FUNCTION @extschema@.order_sums_add(internal, timestamptz, date, numeric, numeric, boolean) RETURNS internal
	AS 'MODULE_PATHNAME', 'crmseg_order_sums_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.order_sums_add(internal, timestamptz, date, numeric, numeric, boolean) IS 'transition function of order_sums';
CREATE FUNCTION @extschema@.order_sums_end(internal) RETURNS @extschema@.order_sums
	AS 'MODULE_PATHNAME', 'crmseg_order_sums_end' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.order_sums_end(internal) IS 'final function of order_sums';
CREATE AGGREGATE @extschema@.order_sums(ordered_at timestamptz, day date, amount numeric, margin numeric, is_purchase boolean)
	(SFUNC = @extschema@.order_sums_add, STYPE = internal, SSPACE = 256, FINALFUNC = @extschema@.order_sums_end, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.order_sums(timestamptz, date, numeric, numeric, boolean) IS 'what orders add up to, exactly; one without an amount does not count';
