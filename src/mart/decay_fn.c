/*
 * decay_fn.c: decay_weight(at, half_life_days) for SQL: a whole numeric, so that sums of weights are exact in any order.
 */
#include "compat.h"

#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "error.h"
#include "mart/decay.h"

PG_FUNCTION_INFO_V1(crmseg_decay_weight);

#define LANDMARK_DAYS 7305		/* 2020-01-01 in days since 2000-01-01 */
#define SCALE_BITS 20			/* the weight of the landmark is 2^20 */

Datum
crmseg_decay_weight(PG_FUNCTION_ARGS)
{
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(0);
	int32		half_life = PG_GETARG_INT32(1);
	int64		days,
				exponent;
	uint64		m;
	Datum		weight;

	if (half_life < 1 || half_life > 36500)
		ereport(ERROR, errcode(CRMSEG_BAD_VALUE), errmsg("a half-life has 1 to 36500 days"));
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR, errcode(CRMSEG_BAD_VALUE), errmsg("a fact that decays has a finite instant"));
	days = at / USECS_PER_DAY - (at % USECS_PER_DAY < 0) - LANDMARK_DAYS;
	m = decay_mantissa(days, half_life, &exponent);
	exponent += SCALE_BITS;
	if (exponent < 0)
		return NumericGetDatum(int64_to_numeric(0));
	if (exponent <= 62)
		return NumericGetDatum(int64_to_numeric((int64) (m >> (62 - exponent))));
	/* a very short half-life, or a far future */
	if (exponent > 100000)
		ereport(ERROR, errcode(CRMSEG_BAD_VALUE), errmsg("an instant lies too many half-lives ahead"));
	weight = NumericGetDatum(int64_to_numeric((int64) m));
	for (int64 left = exponent - 62; left > 0; left -= 62)
		weight = DirectFunctionCall2(numeric_mul, weight, NumericGetDatum(int64_to_numeric(INT64CONST(1) << Min(left, 62))));
	return weight;
}
