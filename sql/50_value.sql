-- Customer value: the type value_model, the aggregates that fit one, and predictions from it. (src/value)

-- ---- value_model ----
CREATE TYPE @extschema@.value_model;
CREATE FUNCTION @extschema@.value_model_in(cstring) RETURNS @extschema@.value_model
	AS 'MODULE_PATHNAME', 'crmseg_value_model_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_model_in(cstring) IS 'text to value_model: a family and its parameters, bg_nbd(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259), perhaps what the fit says of itself; else 22P02';
CREATE FUNCTION @extschema@.value_model_out(@extschema@.value_model) RETURNS cstring
	AS 'MODULE_PATHNAME', 'crmseg_value_model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_model_out(@extschema@.value_model) IS 'value_model to text, the shortest decimals that read back as the same numbers';
CREATE FUNCTION @extschema@.value_model_recv(internal) RETURNS @extschema@.value_model
	AS 'MODULE_PATHNAME', 'crmseg_value_model_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_model_recv(internal) IS 'bytes to value_model; another version, or numbers that no model has: 22P03';
CREATE FUNCTION @extschema@.value_model_send(@extschema@.value_model) RETURNS bytea
	AS 'MODULE_PATHNAME', 'crmseg_value_model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_model_send(@extschema@.value_model) IS 'value_model to bytes, the first of which is the version';
CREATE TYPE @extschema@.value_model (INPUT = @extschema@.value_model_in, OUTPUT = @extschema@.value_model_out, RECEIVE = @extschema@.value_model_recv, SEND = @extschema@.value_model_send,
	INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = plain);
COMMENT ON TYPE @extschema@.value_model IS 'a fitted or given model of customers: bg_nbd, mbg_nbd, pareto_nbd (purchases), bg_bb (occasions), gamma_gamma (amounts), with standard errors, log-likelihood, AIC, unit of time and status. Its text is its input';
CREATE FUNCTION @extschema@.value_model_lt(@extschema@.value_model, @extschema@.value_model) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_value_model_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.value_model_lt(@extschema@.value_model, @extschema@.value_model) IS 'support function of the operator < of value_model';
CREATE OPERATOR @extschema@.< (LEFTARG = @extschema@.value_model, RIGHTARG = @extschema@.value_model, FUNCTION = @extschema@.value_model_lt, COMMUTATOR = OPERATOR(@extschema@.>), NEGATOR = OPERATOR(@extschema@.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR @extschema@.< (@extschema@.value_model, @extschema@.value_model) IS 'sorts before: by family, parameters, then what the fit says';
CREATE FUNCTION @extschema@.value_model_le(@extschema@.value_model, @extschema@.value_model) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_value_model_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.value_model_le(@extschema@.value_model, @extschema@.value_model) IS 'support function of the operator <= of value_model';
CREATE OPERATOR @extschema@.<= (LEFTARG = @extschema@.value_model, RIGHTARG = @extschema@.value_model, FUNCTION = @extschema@.value_model_le, COMMUTATOR = OPERATOR(@extschema@.>=), NEGATOR = OPERATOR(@extschema@.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR @extschema@.<= (@extschema@.value_model, @extschema@.value_model) IS 'sorts before or is equal: by family, parameters, then what the fit says';
CREATE FUNCTION @extschema@.value_model_eq(@extschema@.value_model, @extschema@.value_model) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_value_model_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.value_model_eq(@extschema@.value_model, @extschema@.value_model) IS 'support function of the operator = of value_model';
CREATE OPERATOR @extschema@.= (LEFTARG = @extschema@.value_model, RIGHTARG = @extschema@.value_model, FUNCTION = @extschema@.value_model_eq, COMMUTATOR = OPERATOR(@extschema@.=), NEGATOR = OPERATOR(@extschema@.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
COMMENT ON OPERATOR @extschema@.= (@extschema@.value_model, @extschema@.value_model) IS 'equal: by family, parameters, then what the fit says';
CREATE FUNCTION @extschema@.value_model_ne(@extschema@.value_model, @extschema@.value_model) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_value_model_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.value_model_ne(@extschema@.value_model, @extschema@.value_model) IS 'support function of the operator <> of value_model';
CREATE OPERATOR @extschema@.<> (LEFTARG = @extschema@.value_model, RIGHTARG = @extschema@.value_model, FUNCTION = @extschema@.value_model_ne, COMMUTATOR = OPERATOR(@extschema@.<>), NEGATOR = OPERATOR(@extschema@.=),
	RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR @extschema@.<> (@extschema@.value_model, @extschema@.value_model) IS 'not equal: by family, parameters, then what the fit says';
CREATE FUNCTION @extschema@.value_model_ge(@extschema@.value_model, @extschema@.value_model) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_value_model_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.value_model_ge(@extschema@.value_model, @extschema@.value_model) IS 'support function of the operator >= of value_model';
CREATE OPERATOR @extschema@.>= (LEFTARG = @extschema@.value_model, RIGHTARG = @extschema@.value_model, FUNCTION = @extschema@.value_model_ge, COMMUTATOR = OPERATOR(@extschema@.<=), NEGATOR = OPERATOR(@extschema@.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR @extschema@.>= (@extschema@.value_model, @extschema@.value_model) IS 'sorts after or is equal: by family, parameters, then what the fit says';
CREATE FUNCTION @extschema@.value_model_gt(@extschema@.value_model, @extschema@.value_model) RETURNS bool
	AS 'MODULE_PATHNAME', 'crmseg_value_model_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.value_model_gt(@extschema@.value_model, @extschema@.value_model) IS 'support function of the operator > of value_model';
CREATE OPERATOR @extschema@.> (LEFTARG = @extschema@.value_model, RIGHTARG = @extschema@.value_model, FUNCTION = @extschema@.value_model_gt, COMMUTATOR = OPERATOR(@extschema@.<), NEGATOR = OPERATOR(@extschema@.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR @extschema@.> (@extschema@.value_model, @extschema@.value_model) IS 'sorts after: by family, parameters, then what the fit says';
CREATE FUNCTION @extschema@.value_model_cmp(@extschema@.value_model, @extschema@.value_model) RETURNS int4
	AS 'MODULE_PATHNAME', 'crmseg_value_model_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.value_model_cmp(@extschema@.value_model, @extschema@.value_model) IS 'btree support of value_model: by family, parameters, then what the fit says';
CREATE FUNCTION @extschema@.value_model_hash(@extschema@.value_model) RETURNS int4
	AS 'MODULE_PATHNAME', 'crmseg_value_model_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.value_model_hash(@extschema@.value_model) IS 'hash support of value_model';
CREATE FUNCTION @extschema@.value_model_hash_extended(@extschema@.value_model, int8) RETURNS int8
	AS 'MODULE_PATHNAME', 'crmseg_value_model_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;
COMMENT ON FUNCTION @extschema@.value_model_hash_extended(@extschema@.value_model, int8) IS 'seeded hash support of value_model, for hash partitions';
CREATE OPERATOR CLASS @extschema@.value_model_ops DEFAULT FOR TYPE @extschema@.value_model USING btree AS
	OPERATOR 1 @extschema@.<, OPERATOR 2 @extschema@.<=, OPERATOR 3 @extschema@.=, OPERATOR 4 @extschema@.>=, OPERATOR 5 @extschema@.>,
	FUNCTION 1 @extschema@.value_model_cmp(@extschema@.value_model, @extschema@.value_model);
CREATE OPERATOR CLASS @extschema@.value_model_ops DEFAULT FOR TYPE @extschema@.value_model USING hash AS
	OPERATOR 1 @extschema@.=,
	FUNCTION 1 @extschema@.value_model_hash(@extschema@.value_model), FUNCTION 2 @extschema@.value_model_hash_extended(@extschema@.value_model, int8);
CREATE CAST (@extschema@.value_model AS text) WITH INOUT AS ASSIGNMENT;

-- ---- reading a model ----
CREATE FUNCTION @extschema@.family(@extschema@.value_model) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_value_model_family' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.family(@extschema@.value_model) IS 'bg_nbd, mbg_nbd, pareto_nbd, gamma_gamma or bg_bb';
CREATE FUNCTION @extschema@.fit_status(@extschema@.value_model) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_value_model_status' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.fit_status(@extschema@.value_model) IS 'converged; not_converged; given (not fitted); or the names of the boundaries at which the supremum lies, joined by +: no_repeats, no_dropout, equal_rates, equal_dropout, polarised_dropout, certain_dropout, polarised_rates, equal_amounts, equal_customers, unbounded_amounts';
CREATE FUNCTION @extschema@.time_unit(@extschema@.value_model) RETURNS interval
	AS 'MODULE_PATHNAME', 'crmseg_value_model_unit' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.time_unit(@extschema@.value_model) IS 'the unit of time of the fit, NULL when it was fitted to plain numbers';
CREATE FUNCTION @extschema@.parameter(@extschema@.value_model, name text) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_value_model_parameter' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.parameter(@extschema@.value_model, name text) IS 'a parameter by its name, such as alpha; 22023 when the family has none of that name';
CREATE FUNCTION @extschema@.standard_error(@extschema@.value_model, name text) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_value_model_standard_error' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.standard_error(@extschema@.value_model, name text) IS 'the standard error of a parameter (inverse of the observed information); NULL at a boundary and when not fitted';
CREATE FUNCTION @extschema@.log_likelihood(@extschema@.value_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_value_model_log_likelihood' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.log_likelihood(@extschema@.value_model) IS 'the log-likelihood at the maximum, in the unit of time and money of the data; NULL when not fitted';
CREATE FUNCTION @extschema@.aic(@extschema@.value_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_value_model_aic' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.aic(@extschema@.value_model) IS 'Akaike information criterion: twice the number of parameters less twice the log-likelihood; NULL when not fitted';
CREATE FUNCTION @extschema@.nbd_aic(@extschema@.value_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_value_model_nbd_aic' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.nbd_aic(@extschema@.value_model) IS 'the AIC of the NBD (two parameters, nobody leaves) on the same data: when it is the lower, prefer it; NULL for other families';
CREATE FUNCTION @extschema@.customers(@extschema@.value_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_value_model_customers' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.customers(@extschema@.value_model) IS 'how many customers (sum of weights) the fit was made of; NULL when not fitted';

-- ---- the state of the fitting aggregates ----
CREATE TYPE @extschema@.value_sample;
CREATE FUNCTION @extschema@.value_sample_in(cstring) RETURNS @extschema@.value_sample
	AS 'MODULE_PATHNAME', 'crmseg_value_sample_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_sample_in(cstring) IS 'the hexadecimal form of the bytes of a state';
CREATE FUNCTION @extschema@.value_sample_out(@extschema@.value_sample) RETURNS cstring
	AS 'MODULE_PATHNAME', 'crmseg_value_sample_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_sample_out(@extschema@.value_sample) IS 'the bytes of a state, in hexadecimal';
CREATE FUNCTION @extschema@.value_sample_recv(internal) RETURNS @extschema@.value_sample
	AS 'MODULE_PATHNAME', 'crmseg_value_sample_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_sample_recv(internal) IS 'bytes to value_sample; another version or an impossible history: 22P03';
CREATE FUNCTION @extschema@.value_sample_send(@extschema@.value_sample) RETURNS bytea
	AS 'MODULE_PATHNAME', 'crmseg_value_sample_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_sample_send(@extschema@.value_sample) IS 'value_sample to bytes, the first of which is the version';
CREATE TYPE @extschema@.value_sample (INPUT = @extschema@.value_sample_in, OUTPUT = @extschema@.value_sample_out, RECEIVE = @extschema@.value_sample_recv, SEND = @extschema@.value_sample_send,
	INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE @extschema@.value_sample IS 'the state of the fitting aggregates: distinct histories of customers and how many have each, 32 bytes a history, at most 33 million';
CREATE FUNCTION @extschema@.value_sample_merge(@extschema@.value_sample, @extschema@.value_sample) RETURNS @extschema@.value_sample
	AS 'MODULE_PATHNAME', 'crmseg_value_sample_merge' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_sample_merge(@extschema@.value_sample, @extschema@.value_sample) IS 'both samples as one; other families or units of time: 22023';
CREATE FUNCTION @extschema@.value_sample_repeat(@extschema@.value_sample, float8, float8, float8) RETURNS @extschema@.value_sample
	AS 'MODULE_PATHNAME', 'crmseg_value_sample_repeat' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_sample_repeat(@extschema@.value_sample, float8, float8, float8) IS 'transition function of fit_bg_nbd, fit_mbg_nbd and fit_pareto_nbd: frequency, recency, age; a row with a NULL is left out';
CREATE FUNCTION @extschema@.value_sample_repeat(@extschema@.value_sample, float8, float8, float8, float8) RETURNS @extschema@.value_sample
	AS 'MODULE_PATHNAME', 'crmseg_value_sample_repeat' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_sample_repeat(@extschema@.value_sample, float8, float8, float8, float8) IS 'the same for as many customers as the weight says';
CREATE FUNCTION @extschema@.value_sample_repeat(@extschema@.value_sample, @extschema@.purchase_summary, timestamptz, interval) RETURNS @extschema@.value_sample
	AS 'MODULE_PATHNAME', 'crmseg_value_sample_summary' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_sample_repeat(@extschema@.value_sample, @extschema@.purchase_summary, timestamptz, interval) IS 'the same from a purchase_summary as of an instant, in a unit of time';
CREATE FUNCTION @extschema@.value_sample_spend(@extschema@.value_sample, float8, float8) RETURNS @extschema@.value_sample
	AS 'MODULE_PATHNAME', 'crmseg_value_sample_spend' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_sample_spend(@extschema@.value_sample, float8, float8) IS 'transition function of fit_gamma_gamma: frequency, mean amount; a row with a NULL is left out';
CREATE FUNCTION @extschema@.value_sample_spend(@extschema@.value_sample, float8, float8, float8) RETURNS @extschema@.value_sample
	AS 'MODULE_PATHNAME', 'crmseg_value_sample_spend' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_sample_spend(@extschema@.value_sample, float8, float8, float8) IS 'the same for as many customers as the weight says';
CREATE FUNCTION @extschema@.value_sample_spend(@extschema@.value_sample, @extschema@.purchase_summary) RETURNS @extschema@.value_sample
	AS 'MODULE_PATHNAME', 'crmseg_value_sample_spend_summary' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_sample_spend(@extschema@.value_sample, @extschema@.purchase_summary) IS 'the same from a purchase_summary: the purchase days after the first and their mean gross amount';
CREATE FUNCTION @extschema@.value_sample_occasions(@extschema@.value_sample, float8, float8, float8) RETURNS @extschema@.value_sample
	AS 'MODULE_PATHNAME', 'crmseg_value_sample_occasions' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_sample_occasions(@extschema@.value_sample, float8, float8, float8) IS 'transition function of fit_bg_bb: frequency, recency, opportunities; a row with a NULL is left out';
CREATE FUNCTION @extschema@.value_sample_occasions(@extschema@.value_sample, float8, float8, float8, float8) RETURNS @extschema@.value_sample
	AS 'MODULE_PATHNAME', 'crmseg_value_sample_occasions' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_sample_occasions(@extschema@.value_sample, float8, float8, float8, float8) IS 'the same for as many customers as the weight says';
CREATE FUNCTION @extschema@.value_fit_bg_nbd(@extschema@.value_sample) RETURNS @extschema@.value_model
	AS 'MODULE_PATHNAME', 'crmseg_fit_bg_nbd' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_fit_bg_nbd(@extschema@.value_sample) IS 'final function of fit_bg_nbd: the maximum of the likelihood, or the boundary it lies at; 22023 when there is no customer';
CREATE FUNCTION @extschema@.value_fit_mbg_nbd(@extschema@.value_sample) RETURNS @extschema@.value_model
	AS 'MODULE_PATHNAME', 'crmseg_fit_mbg_nbd' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_fit_mbg_nbd(@extschema@.value_sample) IS 'final function of fit_mbg_nbd: the maximum of the likelihood, or the boundary it lies at; 22023 when there is no customer';
CREATE FUNCTION @extschema@.value_fit_pareto_nbd(@extschema@.value_sample) RETURNS @extschema@.value_model
	AS 'MODULE_PATHNAME', 'crmseg_fit_pareto_nbd' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_fit_pareto_nbd(@extschema@.value_sample) IS 'final function of fit_pareto_nbd: the maximum of the likelihood, or the boundary it lies at; 22023 when there is no customer';
CREATE FUNCTION @extschema@.value_fit_gamma_gamma(@extschema@.value_sample) RETURNS @extschema@.value_model
	AS 'MODULE_PATHNAME', 'crmseg_fit_gamma_gamma' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_fit_gamma_gamma(@extschema@.value_sample) IS 'final function of fit_gamma_gamma: the maximum of the likelihood, or the boundary it lies at; 22023 when there is no customer';
CREATE FUNCTION @extschema@.value_fit_bg_bb(@extschema@.value_sample) RETURNS @extschema@.value_model
	AS 'MODULE_PATHNAME', 'crmseg_fit_bg_bb' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.value_fit_bg_bb(@extschema@.value_sample) IS 'final function of fit_bg_bb: the maximum of the likelihood, or the boundary it lies at; 22023 when there is no customer';

-- ---- the fitting aggregates ----
CREATE AGGREGATE @extschema@.fit_bg_nbd(frequency float8, recency float8, age float8) (SFUNC = @extschema@.value_sample_repeat, STYPE = @extschema@.value_sample, FINALFUNC = @extschema@.value_fit_bg_nbd, COMBINEFUNC = @extschema@.value_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.fit_bg_nbd(frequency float8, recency float8, age float8) IS 'the BG/NBD of Fader, Hardie and Lee (2005) by maximum likelihood: repeat purchases, time of the last and time observed, both since the first purchase in one unit. Impossible histories, no customer: 22023';
CREATE AGGREGATE @extschema@.fit_bg_nbd(frequency float8, recency float8, age float8, weight float8) (SFUNC = @extschema@.value_sample_repeat, STYPE = @extschema@.value_sample, FINALFUNC = @extschema@.value_fit_bg_nbd, COMBINEFUNC = @extschema@.value_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.fit_bg_nbd(frequency float8, recency float8, age float8, weight float8) IS 'the BG/NBD of Fader, Hardie and Lee (2005), each history for as many customers as its weight says';
CREATE AGGREGATE @extschema@.fit_bg_nbd(@extschema@.purchase_summary, as_of timestamptz, unit interval) (SFUNC = @extschema@.value_sample_repeat, STYPE = @extschema@.value_sample, FINALFUNC = @extschema@.value_fit_bg_nbd, COMBINEFUNC = @extschema@.value_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.fit_bg_nbd(@extschema@.purchase_summary, as_of timestamptz, unit interval) IS 'the BG/NBD of Fader, Hardie and Lee (2005) over purchase summaries as of an instant: frequency is purchase days less one; a month is 30.4375 days. Purchases after as_of: 22023';
CREATE AGGREGATE @extschema@.fit_mbg_nbd(frequency float8, recency float8, age float8) (SFUNC = @extschema@.value_sample_repeat, STYPE = @extschema@.value_sample, FINALFUNC = @extschema@.value_fit_mbg_nbd, COMBINEFUNC = @extschema@.value_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.fit_mbg_nbd(frequency float8, recency float8, age float8) IS 'the MBG/NBD of Batislam, Denizel and Filiztekin (2007) by maximum likelihood: repeat purchases, time of the last and time observed, both since the first purchase in one unit. Impossible histories, no customer: 22023';
CREATE AGGREGATE @extschema@.fit_mbg_nbd(frequency float8, recency float8, age float8, weight float8) (SFUNC = @extschema@.value_sample_repeat, STYPE = @extschema@.value_sample, FINALFUNC = @extschema@.value_fit_mbg_nbd, COMBINEFUNC = @extschema@.value_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.fit_mbg_nbd(frequency float8, recency float8, age float8, weight float8) IS 'the MBG/NBD of Batislam, Denizel and Filiztekin (2007), each history for as many customers as its weight says';
CREATE AGGREGATE @extschema@.fit_mbg_nbd(@extschema@.purchase_summary, as_of timestamptz, unit interval) (SFUNC = @extschema@.value_sample_repeat, STYPE = @extschema@.value_sample, FINALFUNC = @extschema@.value_fit_mbg_nbd, COMBINEFUNC = @extschema@.value_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.fit_mbg_nbd(@extschema@.purchase_summary, as_of timestamptz, unit interval) IS 'the MBG/NBD of Batislam, Denizel and Filiztekin (2007) over purchase summaries as of an instant: frequency is purchase days less one; a month is 30.4375 days. Purchases after as_of: 22023';
CREATE AGGREGATE @extschema@.fit_pareto_nbd(frequency float8, recency float8, age float8) (SFUNC = @extschema@.value_sample_repeat, STYPE = @extschema@.value_sample, FINALFUNC = @extschema@.value_fit_pareto_nbd, COMBINEFUNC = @extschema@.value_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.fit_pareto_nbd(frequency float8, recency float8, age float8) IS 'the Pareto/NBD of Schmittlein, Morrison and Colombo (1987) by maximum likelihood: repeat purchases, time of the last and time observed, both since the first purchase in one unit. Impossible histories, no customer: 22023';
CREATE AGGREGATE @extschema@.fit_pareto_nbd(frequency float8, recency float8, age float8, weight float8) (SFUNC = @extschema@.value_sample_repeat, STYPE = @extschema@.value_sample, FINALFUNC = @extschema@.value_fit_pareto_nbd, COMBINEFUNC = @extschema@.value_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.fit_pareto_nbd(frequency float8, recency float8, age float8, weight float8) IS 'the Pareto/NBD of Schmittlein, Morrison and Colombo (1987), each history for as many customers as its weight says';
CREATE AGGREGATE @extschema@.fit_pareto_nbd(@extschema@.purchase_summary, as_of timestamptz, unit interval) (SFUNC = @extschema@.value_sample_repeat, STYPE = @extschema@.value_sample, FINALFUNC = @extschema@.value_fit_pareto_nbd, COMBINEFUNC = @extschema@.value_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.fit_pareto_nbd(@extschema@.purchase_summary, as_of timestamptz, unit interval) IS 'the Pareto/NBD of Schmittlein, Morrison and Colombo (1987) over purchase summaries as of an instant: frequency is purchase days less one; a month is 30.4375 days. Purchases after as_of: 22023';
CREATE AGGREGATE @extschema@.fit_gamma_gamma(frequency float8, mean_amount float8) (SFUNC = @extschema@.value_sample_spend, STYPE = @extschema@.value_sample, FINALFUNC = @extschema@.value_fit_gamma_gamma, COMBINEFUNC = @extschema@.value_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.fit_gamma_gamma(frequency float8, mean_amount float8) IS 'the Gamma-Gamma model of amounts of Fader and Hardie (2013) by maximum likelihood; customers without a repeat purchase or with a mean of zero or below are left out and counted';
CREATE AGGREGATE @extschema@.fit_gamma_gamma(frequency float8, mean_amount float8, weight float8) (SFUNC = @extschema@.value_sample_spend, STYPE = @extschema@.value_sample, FINALFUNC = @extschema@.value_fit_gamma_gamma, COMBINEFUNC = @extschema@.value_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.fit_gamma_gamma(frequency float8, mean_amount float8, weight float8) IS 'the Gamma-Gamma model of amounts of Fader and Hardie (2013), each row for as many customers as its weight says';
CREATE AGGREGATE @extschema@.fit_gamma_gamma(@extschema@.purchase_summary) (SFUNC = @extschema@.value_sample_spend, STYPE = @extschema@.value_sample, FINALFUNC = @extschema@.value_fit_gamma_gamma, COMBINEFUNC = @extschema@.value_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.fit_gamma_gamma(@extschema@.purchase_summary) IS 'the Gamma-Gamma model of amounts of Fader and Hardie (2013) over purchase summaries: the purchase days after the first and their mean gross amount';
CREATE AGGREGATE @extschema@.fit_bg_bb(frequency float8, recency float8, opportunities float8) (SFUNC = @extschema@.value_sample_occasions, STYPE = @extschema@.value_sample, FINALFUNC = @extschema@.value_fit_bg_bb, COMBINEFUNC = @extschema@.value_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.fit_bg_bb(frequency float8, recency float8, opportunities float8) IS 'the BG/BB of Fader, Hardie and Shang (2010) by maximum likelihood: occasions taken, number of the last one taken, occasions there were';
CREATE AGGREGATE @extschema@.fit_bg_bb(frequency float8, recency float8, opportunities float8, weight float8) (SFUNC = @extschema@.value_sample_occasions, STYPE = @extschema@.value_sample, FINALFUNC = @extschema@.value_fit_bg_bb, COMBINEFUNC = @extschema@.value_sample_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.fit_bg_bb(frequency float8, recency float8, opportunities float8, weight float8) IS 'the BG/BB of Fader, Hardie and Shang (2010), each row for as many customers as its weight says';

-- ---- predictions from plain numbers: repeat purchases, time of the last, time observed, in the unit of the fit ----
CREATE FUNCTION @extschema@.p_alive(@extschema@.value_model, frequency float8, recency float8, age float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_p_alive' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.p_alive(@extschema@.value_model, frequency float8, recency float8, age float8) IS 'probability that the customer has not left by age (bg_bb: that he is there at the next occasion). Impossible histories, a gamma_gamma model: 22023';
CREATE FUNCTION @extschema@.churn_risk(@extschema@.value_model, frequency float8, recency float8, age float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_churn_risk' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.churn_risk(@extschema@.value_model, frequency float8, recency float8, age float8) IS 'probability that the customer has left: one less p_alive, exact near zero too';
CREATE FUNCTION @extschema@.churn_risk(@extschema@.value_model, frequency float8, recency float8, age float8, horizon float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_churn_risk' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.churn_risk(@extschema@.value_model, frequency float8, recency float8, age float8, horizon float8) IS 'probability that the customer buys nothing within the horizon';
CREATE FUNCTION @extschema@.expected_purchases(@extschema@.value_model, frequency float8, recency float8, age float8, horizon float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_expected_purchases' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.expected_purchases(@extschema@.value_model, frequency float8, recency float8, age float8, horizon float8) IS 'mean number of purchases in the horizon after age, given the history; horizon below zero or infinite: 22023';
CREATE FUNCTION @extschema@.expected_purchases(@extschema@.value_model, horizon float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_expected_purchases_new' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.expected_purchases(@extschema@.value_model, horizon float8) IS 'mean number of repeat purchases of a new customer in the horizon after the first purchase';
CREATE FUNCTION @extschema@.expected_spend(@extschema@.value_model, frequency float8, mean_amount float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_expected_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.expected_spend(@extschema@.value_model, frequency float8, mean_amount float8) IS 'mean amount of a future purchase by a gamma_gamma model, given the mean of frequency repeat purchases; without one (or with a mean of zero or below) that of the population; infinite where the model has no mean (p * frequency + q <= 1)';
CREATE FUNCTION @extschema@.log_likelihood(@extschema@.value_model, frequency float8, recency float8, age float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_history_log_likelihood' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.log_likelihood(@extschema@.value_model, frequency float8, recency float8, age float8) IS 'the log-likelihood of one history';
CREATE FUNCTION @extschema@.discounted_purchases(@extschema@.value_model, frequency float8, recency float8, age float8, discount float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_discounted_purchases' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.discounted_purchases(@extschema@.value_model, frequency float8, recency float8, age float8, discount float8) IS 'DERT: all purchases to come, each discounted by (1 + discount) to the power of minus its time in units; discount of zero or below: 22023';
CREATE FUNCTION @extschema@.discounted_purchases(@extschema@.value_model, frequency float8, recency float8, age float8, discount float8, horizon float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_discounted_purchases' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.discounted_purchases(@extschema@.value_model, frequency float8, recency float8, age float8, discount float8, horizon float8) IS 'the discounted purchases of the horizon';
CREATE FUNCTION @extschema@.lifetime_value(@extschema@.value_model, spend_model @extschema@.value_model, frequency float8, recency float8, age float8, mean_amount float8, horizon float8, discount float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_lifetime_value' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.lifetime_value(@extschema@.value_model, spend_model @extschema@.value_model, frequency float8, recency float8, age float8, mean_amount float8, horizon float8, discount float8) IS 'discounted purchases of the horizon (infinity: all to come, DERT) times the expected spend; discount is for one unit of time';

-- ---- predictions from a purchase summary, as of an instant; NULL for a customer without a purchase ----
CREATE FUNCTION @extschema@.p_alive(@extschema@.value_model, @extschema@.purchase_summary, as_of timestamptz) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_p_alive_summary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.p_alive(@extschema@.value_model, @extschema@.purchase_summary, as_of timestamptz) IS 'probability that the customer has not left by as_of; the model must know its unit of time, purchases after as_of: 22023';
CREATE FUNCTION @extschema@.churn_risk(@extschema@.value_model, @extschema@.purchase_summary, as_of timestamptz) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_churn_risk_summary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.churn_risk(@extschema@.value_model, @extschema@.purchase_summary, as_of timestamptz) IS 'probability that the customer has left by as_of';
CREATE FUNCTION @extschema@.churn_risk(@extschema@.value_model, @extschema@.purchase_summary, as_of timestamptz, horizon interval) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_churn_risk_summary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.churn_risk(@extschema@.value_model, @extschema@.purchase_summary, as_of timestamptz, horizon interval) IS 'probability that the customer buys nothing within the horizon after as_of';
CREATE FUNCTION @extschema@.expected_purchases(@extschema@.value_model, @extschema@.purchase_summary, as_of timestamptz, horizon interval) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_expected_purchases_summary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.expected_purchases(@extschema@.value_model, @extschema@.purchase_summary, as_of timestamptz, horizon interval) IS 'mean number of purchase days in the horizon after as_of; a month is 30.4375 days';
CREATE FUNCTION @extschema@.expected_spend(@extschema@.value_model, @extschema@.purchase_summary) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_expected_spend_summary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.expected_spend(@extschema@.value_model, @extschema@.purchase_summary) IS 'mean gross amount of a future purchase day by a gamma_gamma model';
CREATE FUNCTION @extschema@.discounted_purchases(@extschema@.value_model, @extschema@.purchase_summary, as_of timestamptz, annual_discount float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_discounted_purchases_summary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.discounted_purchases(@extschema@.value_model, @extschema@.purchase_summary, as_of timestamptz, annual_discount float8) IS 'DERT: all purchases to come, discounted by (1 + annual_discount) a year of 365.25 days';
CREATE FUNCTION @extschema@.lifetime_value(@extschema@.value_model, spend_model @extschema@.value_model, @extschema@.purchase_summary, as_of timestamptz, horizon interval, annual_discount float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_lifetime_value_summary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.lifetime_value(@extschema@.value_model, spend_model @extschema@.value_model, @extschema@.purchase_summary, as_of timestamptz, horizon interval, annual_discount float8) IS 'discounted purchases of the horizon times the expected spend, in the currency of the amounts';
CREATE FUNCTION @extschema@.lifetime_value(@extschema@.value_model, spend_model @extschema@.value_model, @extschema@.purchase_summary, as_of timestamptz, annual_discount float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_lifetime_value_summary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.lifetime_value(@extschema@.value_model, spend_model @extschema@.value_model, @extschema@.purchase_summary, as_of timestamptz, annual_discount float8) IS 'the same over all time (DERT times the expected spend); annual_discount must be above zero';
CREATE FUNCTION @extschema@.next_purchase_at(@extschema@.value_model, @extschema@.purchase_summary, as_of timestamptz) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'crmseg_next_purchase_at' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.next_purchase_at(@extschema@.value_model, @extschema@.purchase_summary, as_of timestamptz) IS 'the instant by which a customer who has not left buys again with even odds; NULL where he never does; not for bg_bb';

-- ---- does a model hold? fitted until one instant, judged by what came after ----
CREATE FUNCTION @extschema@.fit_report(orders regclass, party_column name, time_column name, amount_column name, calibration_end timestamptz, unit interval DEFAULT '7 days', holdout_end timestamptz DEFAULT NULL)
	RETURNS TABLE (model text, fitted @extschema@.value_model, customers bigint, actual float8, predicted float8, mae float8, rmse float8, beats_naive bool)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 4 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	last timestamptz := holdout_end;
	horizon interval;
BEGIN
	IF last IS NULL THEN
		EXECUTE format('SELECT max(%I::timestamptz) FROM %s', time_column, orders) INTO last;
	END IF;
	IF last IS NULL OR last <= calibration_end THEN
		RAISE EXCEPTION 'no order lies after the end of the calibration' USING ERRCODE = '22023', HINT = 'Give an earlier calibration_end: what comes after it is what the models are judged by.';
	END IF;
	horizon := make_interval(secs => extract(epoch FROM last - calibration_end)::float8);
	RETURN QUERY EXECUTE format($q$
		WITH o AS (SELECT %2$I AS party, %3$I::timestamptz AS at, %4$I::numeric AS amount FROM %1$s),
		h AS MATERIALIZED (SELECT s, after::float8, ($1 - @extschema@.first_purchase_at(s)) AS age, (@extschema@.purchase_days(s) - 1)::float8 AS x
			FROM (SELECT @extschema@.purchases(at, amount) FILTER (WHERE at <= $1) AS s, count(DISTINCT (at AT TIME ZONE 'UTC')::date) FILTER (WHERE at > $1 AND at <= $2 AND amount >= 0) AS after FROM o WHERE party IS NOT NULL GROUP BY party) g
			WHERE @extschema@.purchase_days(s) > 0),
		f AS MATERIALIZED (SELECT @extschema@.fit_bg_nbd(s, $1, $4) AS bg, @extschema@.fit_mbg_nbd(s, $1, $4) AS mbg, @extschema@.fit_pareto_nbd(s, $1, $4) AS pareto FROM h),
		e AS (SELECT p.i, p.name, p.m, count(*) AS customers, sum(after) AS actual, sum(p.n) AS predicted, avg(abs(p.n - after)) AS mae, sqrt(avg((p.n - after) ^ 2)) AS rmse
		FROM h, f, LATERAL (VALUES (1, 'naive', NULL::@extschema@.value_model, CASE WHEN age > '0' THEN x * extract(epoch FROM $3)::float8 / extract(epoch FROM age)::float8 ELSE 0 END),
			(2, 'bg_nbd', bg, @extschema@.expected_purchases(bg, s, $1, $3)), (3, 'mbg_nbd', mbg, @extschema@.expected_purchases(mbg, s, $1, $3)),
			(4, 'pareto_nbd', pareto, @extschema@.expected_purchases(pareto, s, $1, $3))) p(i, name, m, n)
		GROUP BY p.i, p.name, p.m)
		SELECT e.name, e.m, e.customers, e.actual, e.predicted, e.mae, e.rmse, CASE WHEN e.i > 1 THEN e.mae < min(e.mae) FILTER (WHERE e.i = 1) OVER () AND e.rmse < min(e.rmse) FILTER (WHERE e.i = 1) OVER () END FROM e ORDER BY e.i $q$, orders, party_column, time_column, amount_column)
	USING calibration_end, last, horizon, unit;
END $$;
COMMENT ON FUNCTION @extschema@.fit_report(regclass, name, name, name, timestamptz, interval, timestamptz) IS 'the three models fitted to the orders until calibration_end, and their purchase days predicted for each of these customers until holdout_end (NULL: the last order) against the actual ones: totals, mean absolute and root mean square error a customer; naive is his rate so far, and a model that does not beat it in both errors is not worth its trouble (beats_naive). Returns (amount below 0) and rows without a party do not count; no order after calibration_end: 22023';
CREATE FUNCTION @extschema@.fit_report(orders regclass, calibration_end timestamptz)
	RETURNS TABLE (model text, fitted @extschema@.value_model, customers bigint, actual float8, predicted float8, mae float8, rmse float8, beats_naive bool)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 4 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	party name;
	ordered name;
	amount name;
BEGIN
	-- the names that such columns usually have, the most certain first; of times and amounts also the only column of its kind
	SELECT (array_agg(a.attname ORDER BY array_position(ARRAY['party_id', 'customer_id', 'customer', 'client_id', 'client', 'party', 'user_id', 'id']::name[], a.attname)) FILTER (WHERE a.attname IN ('party_id', 'customer_id', 'customer', 'client_id', 'client', 'party', 'user_id', 'id')))[1],
		coalesce((array_agg(a.attname ORDER BY array_position(ARRAY['ordered_at', 'order_date', 'purchased_at', 'bought_at', 'bought_on', 'at']::name[], a.attname)) FILTER (WHERE a.attname IN ('ordered_at', 'order_date', 'purchased_at', 'bought_at', 'bought_on', 'at')))[1],
			CASE count(*) FILTER (WHERE a.atttypid IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)) WHEN 1 THEN min(a.attname::text) FILTER (WHERE a.atttypid IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)) END),
		coalesce((array_agg(a.attname ORDER BY array_position(ARRAY['base_amount', 'amount', 'net_amount', 'total', 'revenue', 'dollars', 'price']::name[], a.attname)) FILTER (WHERE a.attname IN ('base_amount', 'amount', 'net_amount', 'total', 'revenue', 'dollars', 'price')))[1],
			CASE count(*) FILTER (WHERE a.atttypid IN ('numeric'::regtype, 'float8'::regtype, 'float4'::regtype, 'money'::regtype)) WHEN 1 THEN min(a.attname::text) FILTER (WHERE a.atttypid IN ('numeric'::regtype, 'float8'::regtype, 'float4'::regtype, 'money'::regtype)) END)
	INTO party, ordered, amount FROM pg_attribute a WHERE a.attrelid = orders AND a.attnum > 0 AND NOT a.attisdropped;
	IF party IS NULL OR ordered IS NULL OR amount IS NULL THEN
		RAISE EXCEPTION 'the columns of customer, time and amount cannot be told by their names' USING ERRCODE = '42703',
			HINT = 'Name them: fit_report(orders, party_column, time_column, amount_column, calibration_end).';
	END IF;
	RETURN QUERY SELECT * FROM @extschema@.fit_report(orders, party, ordered, amount, calibration_end, '7 days'::interval, NULL::timestamptz);
END $$;
COMMENT ON FUNCTION @extschema@.fit_report(regclass, timestamptz) IS 'the same by weeks until the last order, of a table whose columns have usual names, such as party_id, ordered_at, amount; else 42703';
CREATE FUNCTION @extschema@.fit_tracking(model @extschema@.value_model, orders regclass, party_column name, time_column name, amount_column name, calibration_end timestamptz, period interval DEFAULT '7 days')
	RETURNS TABLE (period_end timestamptz, actual bigint, actual_cumulated bigint, expected float8, expected_cumulated float8)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF @extschema@.time_unit(model) IS NULL THEN
		RAISE EXCEPTION 'the model does not know its unit of time' USING ERRCODE = '22023', HINT = 'Fit it over purchase summaries, or write the unit into its text: bg_nbd(..., unit=7 days).';
	END IF;
	IF period <= '0' THEN
		RAISE EXCEPTION 'period must be above zero' USING ERRCODE = '22023';
	END IF;
	RETURN QUERY EXECUTE format($q$
		WITH o AS (SELECT %2$I AS party, %3$I::timestamptz AS at FROM %1$s WHERE %4$I::numeric >= 0 AND %2$I IS NOT NULL AND %3$I IS NOT NULL),
		d AS (SELECT party, min(at) AS at FROM o GROUP BY party, (at AT TIME ZONE 'UTC')::date),
		w AS MATERIALIZED (SELECT at, min(at) OVER (PARTITION BY party) AS first FROM d),
		r AS MATERIALIZED (SELECT at FROM w WHERE first <= $2 AND at > first),
		c AS MATERIALIZED (SELECT first, count(*) AS n FROM w WHERE first <= $2 AND at = first GROUP BY first),
		e AS (SELECT g AS stop FROM (SELECT min(first) AS start FROM c) s, (SELECT max(at) AS last FROM w) l, generate_series(s.start + $3, l.last, $3) g),
		t AS (SELECT stop, (SELECT count(*) FROM r WHERE at <= stop) AS real, (SELECT coalesce(sum(n * @extschema@.expected_purchases($1, extract(epoch FROM stop - first)::float8 / extract(epoch FROM @extschema@.time_unit($1))::float8)), 0) FROM c WHERE first < stop) AS mean FROM e)
		SELECT stop, real - lag(real, 1, 0::bigint) OVER (ORDER BY stop), real, mean - lag(mean, 1, 0::float8) OVER (ORDER BY stop), mean FROM t ORDER BY stop $q$, orders, party_column, time_column, amount_column)
	USING model, calibration_end, period;
END $$;
COMMENT ON FUNCTION @extschema@.fit_tracking(@extschema@.value_model, regclass, name, name, name, timestamptz, interval) IS 'the tracking plot of a model: for each period after the first order, actual and expected repeat purchase days of the customers won by calibration_end, in the period and since the start. A model without unit of time, a period of zero: 22023';
