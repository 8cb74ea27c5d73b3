/*
 * profile_fn.c: order_sums, the aggregate of which the trigger of party_profile (sql/mart/06_profile.sql) sums up the new orders of each
 * party in one pass; fourteen aggregates of SQL, two of which sort, take ten times as long.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "compat.h"

PG_FUNCTION_INFO_V1(crmseg_order_sums_add);
PG_FUNCTION_INFO_V1(crmseg_order_sums_end);

typedef struct OrderSums
{
	int64		orders,
				returns;
	TimestampTz first_at,		/* of the purchases */
				last_at,
				active_at;		/* of all that counts */
	Numeric		gross,			/* NULL: none */
				returned,		/* below 0 */
				largest,
				margin,
				first_day;		/* purchases of the first day */
	int			days, room;
	DateADT    *day;			/* with a purchase, rising */
} OrderSums;

static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "called outside of an aggregate");
	return context;
}

static void
put(MemoryContext context, Numeric *to, Numeric n)
{
	if (*to != NULL)
		pfree(*to);
	*to = memcpy(MemoryContextAlloc(context, VARSIZE_ANY(n)), n, VARSIZE_ANY(n));
}

static void
add(MemoryContext context, Numeric *to, Numeric n)
{
	put(context, to, *to == NULL ? n : DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(*to), NumericGetDatum(n))));
}

/* Orders mostly come in the order of time. */
static void
add_day(MemoryContext context, OrderSums *s, DateADT day)
{
	int			low = 0,
				high = s->days;

	if (high > 0 && s->day[high - 1] < day)
		low = high;
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (s->day[middle] < day)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < s->days && s->day[low] == day)
		return;
	if (s->days == s->room)
	{
		s->room = s->room ? 2 * s->room : 4;
		s->day = s->day ? repalloc_huge(s->day, sizeof(DateADT) * s->room) : MemoryContextAlloc(context, sizeof(DateADT) * s->room);
	}
	memmove(s->day + low + 1, s->day + low, sizeof(DateADT) * (s->days - low));
	s->day[low] = day;
	s->days++;
}

/* order_sums(ordered_at timestamptz, day date, amount numeric, margin numeric, is_purchase boolean): without an amount it does not count */
Datum
crmseg_order_sums_add(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	OrderSums  *s = PG_ARGISNULL(0) ? MemoryContextAllocZero(context, sizeof(OrderSums)) : (OrderSums *) PG_GETARG_POINTER(0);
	TimestampTz at;
	DateADT		day;
	Numeric		amount;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(5))
		PG_RETURN_POINTER(s);
	at = PG_GETARG_TIMESTAMPTZ(1);
	day = PG_GETARG_DATEADT(2);
	amount = PG_GETARG_NUMERIC(3);
	if (s->orders + s->returns == 0 || at > s->active_at)
		s->active_at = at;
	if (!PG_ARGISNULL(4))
		add(context, &s->margin, PG_GETARG_NUMERIC(4));
	if (!PG_GETARG_BOOL(5))
	{
		add(context, &s->returned, amount);
		s->returns++;
		PG_RETURN_POINTER(s);
	}
	if (s->orders == 0 || at < s->first_at)
		s->first_at = at;
	if (s->orders == 0 || at > s->last_at)
		s->last_at = at;
	if (s->largest == NULL || DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(amount), NumericGetDatum(s->largest))) > 0)
		put(context, &s->largest, amount);
	add(context, &s->gross, amount);
	if (s->orders == 0 || day < s->day[0])
		put(context, &s->first_day, amount);
	else if (day == s->day[0])
		add(context, &s->first_day, amount);
	add_day(context, s, day);
	s->orders++;
	PG_RETURN_POINTER(s);
}

Datum
crmseg_order_sums_end(PG_FUNCTION_ARGS)
{
	OrderSums  *s = PG_ARGISNULL(0) ? NULL : (OrderSums *) PG_GETARG_POINTER(0);
	TupleDesc	desc;
	Datum		v[13];
	bool		n[13] = {false};
	Numeric		zero,
				returned;

	aggregate_context(fcinfo);
	if (s == NULL)
		PG_RETURN_NULL();
	if (fcinfo->flinfo->fn_extra == NULL)
	{
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != lengthof(v))
			elog(ERROR, "order_sums must return its row");
		fcinfo->flinfo->fn_extra = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(TupleDesc));
		{
			MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

			*(TupleDesc *) fcinfo->flinfo->fn_extra = BlessTupleDesc(CreateTupleDescCopy(desc));
			MemoryContextSwitchTo(old);
		}
	}
	desc = *(TupleDesc *) fcinfo->flinfo->fn_extra;
	zero = int64_to_numeric(0);
	returned = s->returned ? DatumGetNumeric(DirectFunctionCall1(numeric_uminus, NumericGetDatum(s->returned))) : zero;
	v[0] = Int64GetDatum(s->orders);
	v[1] = Int64GetDatum(s->returns);
	v[2] = Int64GetDatum(s->days);
	v[3] = DateADTGetDatum(s->orders ? s->day[0] : 0);
	v[4] = TimestampTzGetDatum(s->first_at);
	v[5] = TimestampTzGetDatum(s->last_at);
	n[3] = n[4] = n[5] = s->orders == 0;
	v[6] = TimestampTzGetDatum(s->active_at);
	n[6] = s->orders + s->returns == 0;
	v[7] = s->gross == NULL ? NumericGetDatum(zero) : NumericGetDatum(s->gross);
	v[8] = NumericGetDatum(returned);
	v[9] = s->returned == NULL ? v[7] : DirectFunctionCall2(numeric_add, v[7], NumericGetDatum(s->returned));
	v[10] = NumericGetDatum(s->largest);
	n[10] = s->largest == NULL;
	v[11] = s->first_day == NULL ? NumericGetDatum(zero) : NumericGetDatum(s->first_day);
	v[12] = NumericGetDatum(s->margin);
	n[12] = s->margin == NULL;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, v, n)));
}
