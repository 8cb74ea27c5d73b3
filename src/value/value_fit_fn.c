/*
 * value_fit_fn.c: the fitting aggregates: transition functions that gather customers into a value_sample, final functions that fit a
 * value_model to it. The search is in fit.c.
 */
#include "value/value_fn.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "error.h"
#include "value/value_sample.h"

PG_FUNCTION_INFO_V1(crmseg_value_sample_repeat);
PG_FUNCTION_INFO_V1(crmseg_value_sample_spend);
PG_FUNCTION_INFO_V1(crmseg_value_sample_occasions);
PG_FUNCTION_INFO_V1(crmseg_fit_bg_nbd);
PG_FUNCTION_INFO_V1(crmseg_fit_mbg_nbd);
PG_FUNCTION_INFO_V1(crmseg_fit_pareto_nbd);
PG_FUNCTION_INFO_V1(crmseg_fit_gamma_gamma);
PG_FUNCTION_INFO_V1(crmseg_fit_bg_bb);

/* One customer into the state, or w customers of one history. */
Datum
value_sample_add(FunctionCallInfo fcinfo, int kind, double unit, double x, double tx, double T, double w)
{
	MemoryContext parent;
	value_sample *s;
	const char *wrong = value_sample_wrong(kind, x, tx, T);

	if (wrong != NULL)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("a customer's history cannot be fitted"), errdetail_internal("%s", wrong)));
	if (!isfinite(w) || w < 0)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("weight must be a finite number, not below zero")));
	if (PG_ARGISNULL(0) || !VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(PG_GETARG_DATUM(0))))
	{
		if (!AggCheckCallContext(fcinfo, &parent))
			parent = CurrentMemoryContext;
		if (PG_ARGISNULL(0))
			s = value_sample_make(parent, kind, unit);
		else
			s = value_sample_writable(PG_GETARG_DATUM(0), parent);
	}
	else
		s = value_sample_writable(PG_GETARG_DATUM(0), CurrentMemoryContext);
	if (s->kind != kind || s->unit != unit)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("the unit of time changes within one fit"), errhint("Give one unit for all rows.")));
	if (w > 0)
		value_sample_append(s, x, tx, T, w);
	PG_RETURN_DATUM(EOHPGetRWDatum(&s->header));
}

/* rows with an unknown part are left out, as in every aggregate */
static bool
some_null(FunctionCallInfo fcinfo)
{
	for (int i = 1; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i))
			return true;
	return false;
}

#define SKIP_NULLS() do { if (some_null(fcinfo)) { if (PG_ARGISNULL(0)) PG_RETURN_NULL(); PG_RETURN_DATUM(PG_GETARG_DATUM(0)); } } while (0)

Datum
crmseg_value_sample_repeat(PG_FUNCTION_ARGS)
{
	SKIP_NULLS();
	return value_sample_add(fcinfo, SAMPLE_REPEAT, 0, PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3), PG_NARGS() > 4 ? PG_GETARG_FLOAT8(4) : 1);
}

Datum
crmseg_value_sample_spend(PG_FUNCTION_ARGS)
{
	SKIP_NULLS();
	return value_sample_add(fcinfo, SAMPLE_SPEND, 0, PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2), 0, PG_NARGS() > 3 ? PG_GETARG_FLOAT8(3) : 1);
}

Datum
crmseg_value_sample_occasions(PG_FUNCTION_ARGS)
{
	SKIP_NULLS();
	return value_sample_add(fcinfo, SAMPLE_OCCASIONS, 0, PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3), PG_NARGS() > 4 ? PG_GETARG_FLOAT8(4) : 1);
}

/* ---------- fitting ---------- */

static void *
allocate(size_t size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, size);
}

static void
tick(void)
{
	CHECK_FOR_INTERRUPTS();
}

static Datum
fit(FunctionCallInfo fcinfo, int kind, int sample_kind)
{
	static const value_host host = {allocate, pfree, tick};
	MemoryContext old,
				work;
	value_sample view;
	const value_row *row;
	value_row  *copy;
	Size		rows;
	value_model m;
	double		passes;
	const char *wrong = "There is no customer to fit a model to.";

	if (!PG_ARGISNULL(0))
	{
		row = value_sample_rows(PG_GETARG_DATUM(0), &rows, &view);
		if (view.kind != sample_kind)
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("this sample was gathered for another family of models")));
		work = AllocSetContextCreate(CurrentMemoryContext, "value_fit", ALLOCSET_DEFAULT_SIZES);
		old = MemoryContextSwitchTo(work);
		copy = allocate((rows + 1) * sizeof(value_row));
		memcpy(copy, row, rows * sizeof(value_row));
		wrong = value_fit(kind, copy, rows, &m, &passes, &host);
		MemoryContextSwitchTo(old);
		MemoryContextDelete(work);
		ereport(DEBUG1, (errmsg_internal("%s: %zu histories, %.1f passes over them", value_kind_name(kind), rows, passes)));
		if (view.unit > 0)
			m.unit = view.unit;
	}
	if (wrong == NULL)
		wrong = value_model_check(&m);	/* ages of 1e-308 lead to rates that no model has */
	if (wrong != NULL)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("no %s model can be fitted", value_kind_name(kind)), errdetail_internal("%s", wrong)));
	PG_RETURN_DATUM(value_model_datum(&m));
}

Datum crmseg_fit_bg_nbd(PG_FUNCTION_ARGS) { return fit(fcinfo, VALUE_BG_NBD, SAMPLE_REPEAT); }
Datum crmseg_fit_mbg_nbd(PG_FUNCTION_ARGS) { return fit(fcinfo, VALUE_MBG_NBD, SAMPLE_REPEAT); }
Datum crmseg_fit_pareto_nbd(PG_FUNCTION_ARGS) { return fit(fcinfo, VALUE_PARETO_NBD, SAMPLE_REPEAT); }
Datum crmseg_fit_gamma_gamma(PG_FUNCTION_ARGS) { return fit(fcinfo, VALUE_GAMMA_GAMMA, SAMPLE_SPEND); }
Datum crmseg_fit_bg_bb(PG_FUNCTION_ARGS) { return fit(fcinfo, VALUE_BG_BB, SAMPLE_OCCASIONS); }
