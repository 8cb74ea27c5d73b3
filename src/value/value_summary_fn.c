/*
 * value_summary_fn.c: fits and predictions over purchase_summary, the customer as src/rfm keeps him. A repeat purchase is a purchase day
 * after the first; recency and age run from the first purchase; amounts are gross (returns are not taken off). The mathematics is in
 * predict.c, the gathering in value_fit_fn.c.
 */
#include "value/value_fn.h"

#include <math.h>

#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "error.h"
#include "rfm/rfm.h"
#include "value/value_sample.h"

PG_FUNCTION_INFO_V1(crmseg_value_sample_summary);
PG_FUNCTION_INFO_V1(crmseg_value_sample_spend_summary);
PG_FUNCTION_INFO_V1(crmseg_p_alive_summary);
PG_FUNCTION_INFO_V1(crmseg_churn_risk_summary);
PG_FUNCTION_INFO_V1(crmseg_expected_purchases_summary);
PG_FUNCTION_INFO_V1(crmseg_expected_spend_summary);
PG_FUNCTION_INFO_V1(crmseg_discounted_purchases_summary);
PG_FUNCTION_INFO_V1(crmseg_lifetime_value_summary);
PG_FUNCTION_INFO_V1(crmseg_next_purchase_at);

/* accessors of src/rfm, for amounts that do not fit an integer */
extern Datum crmseg_gross_amount(PG_FUNCTION_ARGS);
extern Datum crmseg_first_day_amount(PG_FUNCTION_ARGS);

#define YEAR (365.25 * USECS_PER_DAY)

typedef struct history
{
	double		x,
				tx,
				T;
} history;

/* a month is the twelfth of a year of 365.25 days */
double
value_interval_microseconds(const Interval *span)
{
	return (double) span->time + (double) span->day * USECS_PER_DAY + span->month * (YEAR / 12);
}

static purchase_state *
summary(FunctionCallInfo fcinfo, int n)
{
	return (purchase_state *) PG_DETOAST_DATUM(PG_GETARG_DATUM(n));
}

/* false when there is no purchase */
static bool
history_of(const purchase_state *s, TimestampTz as_of, double unit, history *h)
{
	if (s->purchases == 0)
		return false;
	if (TIMESTAMP_NOT_FINITE(as_of))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("as_of must be a finite instant")));
	if (as_of < s->last_at)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("a purchase lies after as_of"),
						errhint("Summarise the orders up to as_of only: purchases(ordered_at, amount) FILTER (WHERE ordered_at <= as_of).")));
	h->x = s->days > 0 ? s->days - 1 : 0;
	h->tx = h->x > 0 ? (double) (s->last_at - s->first_at) / unit : 0;
	h->T = (double) (as_of - s->first_at) / unit;
	return true;
}

/* purchase days after the first, and their mean gross amount */
static bool
spend_history(FunctionCallInfo fcinfo, int n, double *x, double *mean)
{
	purchase_state *s = summary(fcinfo, n);

	if (s->purchases == 0)
		return false;
	*x = s->days > 0 ? s->days - 1 : 0;
	*mean = 0;
	if (*x == 0)
		return true;
	if (s->wide)
	{
		Datum		d = PointerGetDatum(s),
					gross = DirectFunctionCall1(crmseg_gross_amount, d),
					first = DirectFunctionCall1(crmseg_first_day_amount, d);

		*mean = DatumGetFloat8(DirectFunctionCall1(numeric_float8, DirectFunctionCall2(numeric_sub, gross, first))) / *x;
	}
	else
		*mean = (double) (s->gross - s->first_day) / pow(10, s->scale) / *x;
	return true;
}

static const value_model *
timed_model(FunctionCallInfo fcinfo)
{
	const value_model *m = GETARG_MODEL(0);

	if (m->kind > VALUE_PARETO_NBD)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("a %s model says nothing of purchases in time", value_kind_name(m->kind)),
						errhint("Give a bg_nbd, mbg_nbd or pareto_nbd model.")));
	if (isnan(m->unit))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("the model does not know its unit of time"),
						errhint("Fit it over purchase summaries, or write the unit into its text: bg_nbd(..., unit=7 days).")));
	return m;
}

static double
horizon_units(FunctionCallInfo fcinfo, int n, const value_model *m)
{
	double		t = value_interval_microseconds(PG_GETARG_INTERVAL_P(n)) / m->unit;

	if (!(t >= 0) || t > 1e15)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("horizon must not be below zero")));
	return t;
}

/* a yearly discount of 0.1 as a continuous rate per unit of the model */
static double
yearly(FunctionCallInfo fcinfo, int n, const value_model *m, bool endless)
{
	double		d = PG_GETARG_FLOAT8(n);

	if (!(d >= 0) || isinf(d))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("discount must be a finite number, not below zero")));
	if (endless && d == 0)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("without a horizon the discount must be above zero")));
	return log1p(d) * (m->unit / YEAR);
}

/* ---------- gathering ---------- */

Datum
crmseg_value_sample_summary(PG_FUNCTION_ARGS)
{
	history		h;
	double		unit;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	unit = value_interval_microseconds(PG_GETARG_INTERVAL_P(3));
	if (!(unit >= 1 && unit <= 1e18))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("the unit of time must be above zero")));
	if (!history_of(summary(fcinfo, 1), PG_GETARG_TIMESTAMPTZ(2), unit, &h))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	return value_sample_add(fcinfo, SAMPLE_REPEAT, unit, h.x, h.tx, h.T, 1);
}

Datum
crmseg_value_sample_spend_summary(PG_FUNCTION_ARGS)
{
	double		x,
				mean;

	if (PG_ARGISNULL(1) || !spend_history(fcinfo, 1, &x, &mean))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	return value_sample_add(fcinfo, SAMPLE_SPEND, 0, x, mean, 0, 1);
}

/* ---------- predicting ---------- */

Datum
crmseg_p_alive_summary(PG_FUNCTION_ARGS)
{
	const value_model *m = timed_model(fcinfo);
	history		h;

	if (!history_of(summary(fcinfo, 1), PG_GETARG_TIMESTAMPTZ(2), m->unit, &h))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value_predictor_alive(value_predictor_of(fcinfo, m), h.x, h.tx, h.T));
}

Datum
crmseg_churn_risk_summary(PG_FUNCTION_ARGS)
{
	const value_model *m = timed_model(fcinfo);
	history		h;

	if (!history_of(summary(fcinfo, 1), PG_GETARG_TIMESTAMPTZ(2), m->unit, &h))
		PG_RETURN_NULL();
	if (PG_NARGS() == 3)
		PG_RETURN_FLOAT8(value_p_gone(m, h.x, h.tx, h.T));
	PG_RETURN_FLOAT8(1 - value_buys_within(m, h.x, h.tx, h.T, horizon_units(fcinfo, 3, m)));
}

Datum
crmseg_expected_purchases_summary(PG_FUNCTION_ARGS)
{
	const value_model *m = timed_model(fcinfo);
	double		t = horizon_units(fcinfo, 3, m);
	history		h;

	if (!history_of(summary(fcinfo, 1), PG_GETARG_TIMESTAMPTZ(2), m->unit, &h))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value_predictor_expected(value_predictor_of(fcinfo, m), h.x, h.tx, h.T, t));
}

static double
spend(FunctionCallInfo fcinfo, int model, double x, double mean)
{
	const value_model *m = GETARG_MODEL(model);

	if (m->kind != VALUE_GAMMA_GAMMA)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("a %s model says nothing of amounts", value_kind_name(m->kind)),
						errhint("Give a gamma_gamma model.")));
	return mean > 0 ? value_expected_spend(m, x, mean) : value_expected_spend(m, 0, 0);
}

Datum
crmseg_expected_spend_summary(PG_FUNCTION_ARGS)
{
	double		x,
				mean;

	if (!spend_history(fcinfo, 1, &x, &mean))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(spend(fcinfo, 0, x, mean));
}

Datum
crmseg_discounted_purchases_summary(PG_FUNCTION_ARGS)
{
	const value_model *m = timed_model(fcinfo);
	double		rate = yearly(fcinfo, 3, m, true);
	history		h;

	if (!history_of(summary(fcinfo, 1), PG_GETARG_TIMESTAMPTZ(2), m->unit, &h))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value_discounted(m, h.x, h.tx, h.T, rate, INFINITY));
}

/* model, spend model, summary, as_of, [horizon,] discount a year */
Datum
crmseg_lifetime_value_summary(PG_FUNCTION_ARGS)
{
	const value_model *m = timed_model(fcinfo);
	bool		endless = PG_NARGS() == 5;
	double		t = endless ? INFINITY : horizon_units(fcinfo, 4, m),
				rate = yearly(fcinfo, endless ? 4 : 5, m, endless),
				x,
				mean,
				purchases;
	history		h;

	if (!history_of(summary(fcinfo, 2), PG_GETARG_TIMESTAMPTZ(3), m->unit, &h) || !spend_history(fcinfo, 2, &x, &mean))
		PG_RETURN_NULL();
	purchases = value_discounted(m, h.x, h.tx, h.T, rate, t);
	PG_RETURN_FLOAT8(purchases == 0 ? 0 : purchases * spend(fcinfo, 1, x, mean));
}

Datum
crmseg_next_purchase_at(PG_FUNCTION_ARGS)
{
	const value_model *m = timed_model(fcinfo);
	TimestampTz as_of = PG_GETARG_TIMESTAMPTZ(2);
	history		h;
	double		wait;

	if (!history_of(summary(fcinfo, 1), as_of, m->unit, &h))
		PG_RETURN_NULL();
	wait = value_median_wait(m, h.x, h.T) * m->unit;
	/* beyond the calendar is never */
	if (!(wait < (double) (END_TIMESTAMP - 1) - (double) as_of - 2048))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(as_of + (int64) wait);
}
