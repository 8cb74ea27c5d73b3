/*
 * finite_fn.c: finite_amount and finite_time, by which the reports written in SQL refuse what cannot be added up, with the errors of the
 * summaries.
 */
#include "rfm_private.h"

#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(crmseg_finite_amount);
PG_FUNCTION_INFO_V1(crmseg_finite_time);

Datum
crmseg_finite_amount(PG_FUNCTION_ARGS)
{
	Numeric		n = PG_GETARG_NUMERIC(0);

	if (numeric_is_nan(n) || numeric_is_inf(n))
		rfm_fail(RFM_NAN);
	PG_RETURN_NUMERIC(n);
}

Datum
crmseg_finite_time(PG_FUNCTION_ARGS)
{
	if (TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMPTZ(0)))
		book_bad_time();
	PG_RETURN_TIMESTAMPTZ(PG_GETARG_TIMESTAMPTZ(0));
}
