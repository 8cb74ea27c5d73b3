/*
 * summary_fn.c: purchase_summary in the server: the aggregates that make and merge it, and the arithmetic of amounts that do not fit an
 * int64. The state grows in place inside the aggregate's memory; its unused room is cut off by the final function. What is merged may
 * come from a worker, another node, or a table of yesterday.
 */
#include "rfm_private.h"

#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

void
rfm_fail(rfm_status status)
{
	switch (status)
	{
		case RFM_LIMIT:
			ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("purchase summary is too large"),
							errdetail("A summary holds at most %d distinct days and 2^63 - 1 purchases.", RFM_DAYS_MAX),
							errhint("Summarise fewer days at a time.")));
			break;
		case RFM_NAN:
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("amount is not a finite number"),
							errhint("Leave out NaN and infinite amounts, or set them to NULL: NULL amounts are not counted.")));
			break;
		default:
			elog(ERROR, "unexpected status %d", status);
	}
}

Numeric
rfm_numeric(int64 value, int scale)
{
	return int64_div_fast_to_numeric(value, scale);
}

/* true when n is an int64 at a scale within reach */
bool
rfm_small(Numeric n, int64 *value, int *scale)
{
	rfm_status	status = rfm_decode_numeric((unsigned char *) VARDATA_ANY(n), VARSIZE_ANY_EXHDR(n), value, scale);

	if (status == RFM_NAN)
		rfm_fail(status);
	return status == RFM_OK;
}

int
rfm_numeric_scale(Numeric n)
{
	return DatumGetInt32(DirectFunctionCall1(numeric_scale, NumericGetDatum(n)));
}

Numeric
rfm_at_scale(Numeric n, int scale)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_round, NumericGetDatum(n), Int32GetDatum(scale)));
}

/* the text must be a decimal in the sense of rfm_is_decimal */
Numeric
rfm_numeric_from_text(const char *s, size_t len)
{
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(pnstrdup(s, len)), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

/* the argument, detoasted and aligned; read only */
purchase_state *
summary_arg(Datum d)
{
	return (purchase_state *) PG_DETOAST_DATUM(d);
}

void
summary_parts(const purchase_state *s, SummaryParts *p)
{
	Numeric    *to[SUMMARY_AMOUNTS] = {&p->gross, &p->returned, &p->largest, &p->first_day};

	p->purchases = s->purchases, p->returns = s->returns;
	p->first_at = s->first_at, p->last_at = s->last_at;
	p->scale = s->scale;
	p->days = s->days, p->day = s->day;
	if (s->wide)
	{
		char	   *at = (char *) s + purchase_state_size(s->room);

		for (int i = 0; i < SUMMARY_AMOUNTS; i++)
		{
			*to[i] = (Numeric) at;
			at += INTALIGN(VARSIZE(at));
		}
	}
	else
	{
		int64		amount[SUMMARY_AMOUNTS] = {s->gross, s->returned, s->largest, s->first_day};

		for (int i = 0; i < SUMMARY_AMOUNTS; i++)
			*to[i] = rfm_numeric(amount[i], s->scale);
	}
}

/* The one stored form of these parts, with room for that many days where the form allows. */
purchase_state *
summary_build(const SummaryParts *p, int32 room)
{
	Numeric		amount[SUMMARY_AMOUNTS] = {p->gross, p->returned, p->largest, p->first_day};
	int64		small[SUMMARY_AMOUNTS];
	bool		wide = p->scale > RFM_SCALE_MAX;
	Size		size;
	purchase_state *s;

	for (int i = 0; i < SUMMARY_AMOUNTS; i++)
	{
		int			scale;

		amount[i] = rfm_at_scale(amount[i], p->scale);
		if (!wide)
			wide = !rfm_small(amount[i], &small[i], &scale) || !rfm_rescale(&small[i], scale, p->scale);
	}
	if (wide || room < p->days)
		room = p->days;
	size = purchase_state_size(room);
	if (wide)
		for (int i = 0; i < SUMMARY_AMOUNTS; i++)
			size += INTALIGN(VARSIZE(amount[i]));
	s = palloc0(size);
	purchase_state_init(s, room);
	SET_VARSIZE(s, size);
	s->purchases = p->purchases, s->returns = p->returns;
	s->first_at = p->first_at, s->last_at = p->last_at;
	s->scale = p->scale;
	s->days = p->days;
	if (p->days > 0)
		memcpy(s->day, p->day, sizeof(int32) * p->days);
	s->wide = wide;
	if (wide)
	{
		char	   *at = (char *) s + purchase_state_size(room);

		for (int i = 0; i < SUMMARY_AMOUNTS; i++)
		{
			memcpy(at, amount[i], VARSIZE(amount[i]));
			at += INTALIGN(VARSIZE(amount[i]));
		}
	}
	else
		s->gross = small[0], s->returned = small[1], s->largest = small[2], s->first_day = small[3];
	return s;
}

Numeric
summary_net(const purchase_state *s)
{
	SummaryParts p;
	int64		net;

	if (!s->wide && !__builtin_sub_overflow(s->gross, s->returned, &net))
		return rfm_numeric(net, s->scale);
	summary_parts(s, &p);
	return DatumGetNumeric(rfm_numeric_op(numeric_sub, p.gross, p.returned));
}

/* a copy of a narrow state with more room for days */
static purchase_state *
enlarged(const purchase_state *s, int32 room)
{
	Size		used = purchase_state_size(s->days);
	purchase_state *copy = palloc(purchase_state_size(room));

	memcpy(copy, s, used);
	copy->room = room;
	SET_VARSIZE(copy, purchase_state_size(room));
	return copy;
}

static int32
more_room(int32 need)
{
	need = Max(need, 2);		/* a state of returns alone holds no day yet, and has no room */
	return need < RFM_DAYS_MAX / 2 ? need * 2 : RFM_DAYS_MAX;
}

static Numeric
larger(Numeric a, Numeric b)
{
	return DatumGetBool(rfm_numeric_op(numeric_gt, b, a)) ? b : a;
}

/* one more order, by numeric arithmetic */
static purchase_state *
add_wide(const purchase_state *s, int64 at, int32 day, Numeric amount)
{
	SummaryParts p;
	int			scale = rfm_numeric_scale(amount);
	Numeric		zero = rfm_numeric(0, 0);

	summary_parts(s, &p);
	p.scale = Max(p.scale, scale);
	if (DatumGetBool(rfm_numeric_op(numeric_lt, amount, zero)))
	{
		if (__builtin_add_overflow(p.returns, INT64CONST(1), &p.returns))
			rfm_fail(RFM_LIMIT);
		p.returned = DatumGetNumeric(rfm_numeric_op(numeric_sub, p.returned, amount));
	}
	else
	{
		bool		found;
		int32		place = rfm_find_day(p.day, p.days, day, &found);

		if (__builtin_add_overflow(p.purchases, INT64CONST(1), &p.purchases) || (!found && p.days >= RFM_DAYS_MAX))
			rfm_fail(RFM_LIMIT);
		p.gross = DatumGetNumeric(rfm_numeric_op(numeric_add, p.gross, amount));
		p.largest = larger(p.largest, amount);
		if (place == 0)
			p.first_day = found ? DatumGetNumeric(rfm_numeric_op(numeric_add, p.first_day, amount)) : amount;
		if (!found)
		{
			int32	   *days = palloc(sizeof(int32) * (p.days + 1));

			p.days = rfm_union_days(days, p.day, p.days, &day, 1);
			p.day = days;
		}
		p.first_at = p.purchases == 1 ? at : Min(p.first_at, at);
		p.last_at = p.purchases == 1 ? at : Max(p.last_at, at);
	}
	return summary_build(&p, more_room(p.days));
}

static purchase_state *
merge_wide(const purchase_state *a, const purchase_state *b)
{
	SummaryParts p,
				q;

	summary_parts(a, &p);
	summary_parts(b, &q);
	if (q.purchases > 0)
	{
		int32	   *days = palloc(sizeof(int32) * ((Size) p.days + q.days));

		if (p.purchases == 0 || q.day[0] < p.day[0])
			p.first_day = q.first_day;
		else if (q.day[0] == p.day[0])
			p.first_day = DatumGetNumeric(rfm_numeric_op(numeric_add, p.first_day, q.first_day));
		p.first_at = p.purchases == 0 ? q.first_at : Min(p.first_at, q.first_at);
		p.last_at = p.purchases == 0 ? q.last_at : Max(p.last_at, q.last_at);
		p.largest = larger(p.largest, q.largest);
		p.days = rfm_union_days(days, p.day, p.days, q.day, q.days);
		p.day = days;
	}
	p.scale = Max(p.scale, q.scale);
	p.gross = DatumGetNumeric(rfm_numeric_op(numeric_add, p.gross, q.gross));
	p.returned = DatumGetNumeric(rfm_numeric_op(numeric_add, p.returned, q.returned));
	if (__builtin_add_overflow(p.purchases, q.purchases, &p.purchases) || __builtin_add_overflow(p.returns, q.returns, &p.returns) ||
		p.days > RFM_DAYS_MAX)
		rfm_fail(RFM_LIMIT);
	return summary_build(&p, more_room(p.days));
}

/* one more order in s, which may be changed and may move; the current context is where a new state may live */
static purchase_state *
add_order(purchase_state *s, int64 at, int32 day, Numeric amount)
{
	int64		value;
	int			scale;
	rfm_status	status;

	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("order time is not finite"),
						errhint("Leave out infinite times, or set them to NULL: orders without a time are not counted.")));
	if (!rfm_small(amount, &value, &scale) || s->wide)
		return add_wide(s, at, day, amount);
	while ((status = purchase_state_add(s, at, day, value, scale)) == RFM_FULL)
		s = enlarged(s, more_room(s->days));
	if (status == RFM_WIDE)
		return add_wide(s, at, day, amount);
	if (status != RFM_OK)
		rfm_fail(status);
	return s;
}

static purchase_state *
new_state(int32 room)
{
	purchase_state *s = palloc0(purchase_state_size(room));

	purchase_state_init(s, room);
	SET_VARSIZE(s, purchase_state_size(room));
	return s;
}

static int32
day_arg(DateADT day)
{
	if (day < RFM_DAY_MIN || day > RFM_DAY_MAX)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("purchase day is out of range"), errhint("Give the day of the order in your time zone, as (ordered_at AT TIME ZONE 'Europe/Paris')::date.")));
	return day;
}

/* the running state: within an aggregate itself, to be changed in place, else a copy. A state that moves the aggregate copies to its memory. */
static purchase_state *
state_arg(FunctionCallInfo fcinfo)
{
	struct varlena *v = (struct varlena *) PG_GETARG_POINTER(0);

	if (AggCheckCallContext(fcinfo, NULL) && !VARATT_IS_EXTENDED(v))
		return (purchase_state *) v;
	return (purchase_state *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0));
}

PG_FUNCTION_INFO_V1(crmseg_purchases_accum);
PG_FUNCTION_INFO_V1(crmseg_purchase);
PG_FUNCTION_INFO_V1(crmseg_summary_merge);
PG_FUNCTION_INFO_V1(crmseg_summary_final);

/* purchases_accum(purchase_summary, timestamptz, numeric [, date]): the state with one more order; a NULL time, amount or day changes nothing */
Datum
crmseg_purchases_accum(PG_FUNCTION_ARGS)
{
	purchase_state *s;
	int64		at;
	int32		day;
	Numeric		amount;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || (PG_NARGS() > 3 && PG_ARGISNULL(3)))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	at = PG_GETARG_TIMESTAMPTZ(1);
	amount = DatumGetNumeric(PG_GETARG_DATUM(2));
	day = PG_NARGS() > 3 ? day_arg(PG_GETARG_DATEADT(3)) : rfm_day_of(at);
	s = PG_ARGISNULL(0) ? new_state(4) : state_arg(fcinfo);
	s = add_order(s, at, day, amount);
	PG_RETURN_POINTER(s);
}

/* purchase(timestamptz, numeric [, date]): the summary of one order */
Datum
crmseg_purchase(PG_FUNCTION_ARGS)
{
	int64		at = PG_GETARG_TIMESTAMPTZ(0);
	int32		day = PG_NARGS() > 2 ? day_arg(PG_GETARG_DATEADT(2)) : rfm_day_of(at);
	SummaryParts p;

	summary_parts(add_order(new_state(1), at, day, PG_GETARG_NUMERIC(1)), &p);
	PG_RETURN_POINTER(summary_build(&p, 0));
}

/* rollup's transition and everyone's combine function: the two merged; NULL is nothing */
Datum
crmseg_summary_merge(PG_FUNCTION_ARGS)
{
	purchase_state *s,
			   *other;
	int32		need;
	rfm_status	status;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	other = summary_arg(PG_GETARG_DATUM(1));
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(other->wide ? other : enlarged(other, other->days));
	s = state_arg(fcinfo);
	if (s->wide || other->wide)
		PG_RETURN_POINTER(merge_wide(s, other));
	while ((status = purchase_state_merge(s, other, &need)) == RFM_FULL)
		s = enlarged(s, more_room(need));
	if (status == RFM_WIDE)
		PG_RETURN_POINTER(merge_wide(s, other));
	if (status != RFM_OK)
		rfm_fail(status);
	PG_RETURN_POINTER(s);
}

/* the state without its unused room */
Datum
crmseg_summary_final(PG_FUNCTION_ARGS)
{
	purchase_state *s = summary_arg(PG_GETARG_DATUM(0));

	PG_RETURN_POINTER(s->wide ? s : enlarged(s, s->days));
}
