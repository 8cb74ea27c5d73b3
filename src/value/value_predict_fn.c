/*
 * value_predict_fn.c: predictions from a value_model and a customer's plain numbers. The mathematics is in predict.c.
 */
#include "value/value_fn.h"

#include <math.h>

#include "error.h"

PG_FUNCTION_INFO_V1(crmseg_p_alive);
PG_FUNCTION_INFO_V1(crmseg_expected_purchases);
PG_FUNCTION_INFO_V1(crmseg_expected_purchases_new);
PG_FUNCTION_INFO_V1(crmseg_expected_spend);
PG_FUNCTION_INFO_V1(crmseg_churn_risk);
PG_FUNCTION_INFO_V1(crmseg_history_log_likelihood);
PG_FUNCTION_INFO_V1(crmseg_discounted_purchases);
PG_FUNCTION_INFO_V1(crmseg_lifetime_value);

/* a model of purchases, and a history it can have; x, tx and T are the arguments from n on */
static const value_model *
purchases_model(FunctionCallInfo fcinfo, int n, bool history)
{
	const value_model *m = GETARG_MODEL(0);

	if (m->kind == VALUE_GAMMA_GAMMA)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("a gamma_gamma model says nothing of purchases"),
						errhint("It is for expected_spend; give a bg_nbd, mbg_nbd, pareto_nbd or bg_bb model here.")));
	if (history)
	{
		const char *wrong = value_history_check(m->kind, PG_GETARG_FLOAT8(n), PG_GETARG_FLOAT8(n + 1), PG_GETARG_FLOAT8(n + 2));

		if (wrong != NULL)
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("invalid history of a customer"), errdetail_internal("%s", wrong)));
	}
	return m;
}

/* what is tabulated for this model, kept for the query by the call site */
value_predictor *
value_predictor_of(FunctionCallInfo fcinfo, const value_model *m)
{
	value_predictor *p = fcinfo->flinfo->fn_extra;

	if (p == NULL)
		p = fcinfo->flinfo->fn_extra = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(value_predictor));
	else if (memcmp(&p->model, m, sizeof(value_model)) == 0)
		return p;
	value_predictor_init(p, m);
	return p;
}

static const value_model *
spend_model(FunctionCallInfo fcinfo, int n)
{
	const value_model *m = GETARG_MODEL(n);

	if (m->kind != VALUE_GAMMA_GAMMA)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("a %s model says nothing of amounts", value_kind_name(m->kind)),
						errhint("Give a gamma_gamma model.")));
	return m;
}

static double
horizon_arg(FunctionCallInfo fcinfo, int n, bool infinite)
{
	double		t = PG_GETARG_FLOAT8(n);

	if (!(t >= 0) || (isinf(t) && !infinite) || (t > 1e15 && !isinf(t)))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("horizon must be a finite number, from zero to 1e15")));
	return t;
}

/* a discount of 0.1 takes 1 / 1.1 after one unit of time */
static double
discount_arg(FunctionCallInfo fcinfo, int n)
{
	double		d = PG_GETARG_FLOAT8(n);

	if (!(d >= 0) || isinf(d))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("discount must be a finite number, not below zero")));
	return log1p(d);
}

static double
spend_of(FunctionCallInfo fcinfo, int n, double x, double mean)
{
	const value_model *m = spend_model(fcinfo, n);

	if (!isfinite(x) || x < 0 || x > 1e9)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("frequency must be a finite number, not below zero")));
	if (!isfinite(mean) || fabs(mean) > 1e100)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("mean amount must be a finite number")));
	/* of a mean of zero or below (refunds) the model can make nothing: as of one who has not bought again */
	return mean > 0 ? value_expected_spend(m, x, mean) : value_expected_spend(m, 0, 0);
}

static double
discounted(const value_model *m, double x, double tx, double T, double rate, double t)
{
	if (rate == 0 && isinf(t))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("without a horizon the discount must be above zero")));
	return value_discounted(m, x, tx, T, rate, t);
}

Datum
crmseg_p_alive(PG_FUNCTION_ARGS)
{
	const value_model *m = purchases_model(fcinfo, 1, true);

	PG_RETURN_FLOAT8(value_predictor_alive(value_predictor_of(fcinfo, m), PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3)));
}

Datum
crmseg_expected_purchases(PG_FUNCTION_ARGS)
{
	const value_model *m = purchases_model(fcinfo, 1, true);

	PG_RETURN_FLOAT8(value_predictor_expected(value_predictor_of(fcinfo, m), PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3),
											  horizon_arg(fcinfo, 4, false)));
}

Datum
crmseg_expected_purchases_new(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(value_expected_new(purchases_model(fcinfo, 0, false), horizon_arg(fcinfo, 1, false)));
}

Datum
crmseg_expected_spend(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(spend_of(fcinfo, 0, PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2)));
}

/* has left; or, with a horizon, will not buy within it */
Datum
crmseg_churn_risk(PG_FUNCTION_ARGS)
{
	const value_model *m = purchases_model(fcinfo, 1, true);
	double		x = PG_GETARG_FLOAT8(1),
				tx = PG_GETARG_FLOAT8(2),
				T = PG_GETARG_FLOAT8(3);

	if (PG_NARGS() == 4)
		PG_RETURN_FLOAT8(value_p_gone(m, x, tx, T));
	if (m->kind == VALUE_BG_BB && PG_GETARG_FLOAT8(4) > 1e6)
		ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("horizon is limited to 1000000 occasions")));
	PG_RETURN_FLOAT8(1 - value_buys_within(m, x, tx, T, horizon_arg(fcinfo, 4, false)));
}

Datum
crmseg_history_log_likelihood(PG_FUNCTION_ARGS)
{
	const value_model *m = purchases_model(fcinfo, 1, true);

	PG_RETURN_FLOAT8(value_log_likelihood(m, PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3)));
}

Datum
crmseg_discounted_purchases(PG_FUNCTION_ARGS)
{
	const value_model *m = purchases_model(fcinfo, 1, true);
	double		rate = discount_arg(fcinfo, 4);

	PG_RETURN_FLOAT8(discounted(m, PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3), rate,
								PG_NARGS() > 5 ? horizon_arg(fcinfo, 5, true) : INFINITY));
}

/* model, spend model, frequency, recency, age, mean amount, horizon, discount a unit of time */
Datum
crmseg_lifetime_value(PG_FUNCTION_ARGS)
{
	const value_model *m = purchases_model(fcinfo, 2, true);
	double		x = PG_GETARG_FLOAT8(2),
				rate = discount_arg(fcinfo, 7),
				purchases = discounted(m, x, PG_GETARG_FLOAT8(3), PG_GETARG_FLOAT8(4), rate, horizon_arg(fcinfo, 6, true)),
				spend = spend_of(fcinfo, 1, x, PG_GETARG_FLOAT8(5));

	PG_RETURN_FLOAT8(purchases == 0 ? 0 : purchases * spend);
}
