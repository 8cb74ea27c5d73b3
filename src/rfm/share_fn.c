/*
 * share_fn.c: amounts gathered by an aggregate, in the state of rfm_cuts, and what is asked of them in order: the amounts from which on the
 * largest have brought a share of all (classes A, B, C), and quantiles.
 */
#include "rfm_private.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(crmseg_share_cuts);
PG_FUNCTION_INFO_V1(crmseg_sample_quantile);
PG_FUNCTION_INFO_V1(crmseg_sample_size);
PG_FUNCTION_INFO_V1(crmseg_yearly_amount);
PG_FUNCTION_INFO_V1(crmseg_potential_share);

static int
compare_numerics(const void *a, const void *b)
{
	return DatumGetInt32(rfm_numeric_op(numeric_cmp, *(const Numeric *) a, *(const Numeric *) b));
}

/* the amounts in ascending order, as one or the other */
typedef struct Ordered
{
	int64		n;
	int			scale;
	int64	   *small;
	Numeric    *wide;
} Ordered;

static Ordered
in_order(Datum d)
{
	SampleAmounts a = sample_amounts(d);
	Ordered		o = {.n = a.n, .scale = a.scale};

	if (a.numeric)
	{
		o.wide = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Numeric) * (a.n + 1));
		memcpy(o.wide, a.numeric, sizeof(Numeric) * a.n);
		qsort(o.wide, a.n, sizeof(Numeric), compare_numerics);
	}
	else
	{
		int64	   *scratch = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(int64) * (a.n + 1));

		o.small = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(int64) * (a.n + 1));
		memcpy(o.small, a.amount, sizeof(int64) * a.n);
		rfm_sort(o.small, a.n, scratch);
		pfree(scratch);
	}
	CHECK_FOR_INTERRUPTS();
	return o;
}

/* as numerics, for what does not fit otherwise */
static void
widen(Ordered *o)
{
	if (o->wide)
		return;
	o->wide = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Numeric) * (o->n + 1));
	for (int64 i = 0; i < o->n; i++)
		o->wide[i] = rfm_numeric(o->small[i], o->scale);
}

static bool
is_below(Numeric a, Numeric b)
{
	return compare_numerics(&a, &b) < 0;
}

/* the least amount above 0 whose betters sum up to less than the limit; NULL: there is none */
static Numeric
wide_cut(const Ordered *o, Numeric limit)
{
	Numeric		before = rfm_numeric(0, 0),
				zero = rfm_numeric(0, 0),
				cut = NULL;

	for (int64 i = o->n; i > 0 && is_below(zero, o->wide[i - 1]) && is_below(before, limit);)
	{
		cut = o->wide[i - 1];
		for (; i > 0 && compare_numerics(&o->wide[i - 1], &cut) == 0; i--)
			before = DatumGetNumeric(rfm_numeric_op(numeric_add, before, cut));
		CHECK_FOR_INTERRUPTS();
	}
	return cut;
}

/* (rfm_sample, shares numeric[]) returns numeric[]: the sum of the amounts above 0, then a cut for each share */
Datum
crmseg_share_cuts(PG_FUNCTION_ARGS)
{
	Ordered		o = in_order(PG_GETARG_DATUM(0));
	ArrayType  *shares = PG_GETARG_ARRAYTYPE_P(1);
	Datum	   *share,
			   *out;
	bool	   *share_null,
			   *null;
	int			n,
				dims[1],
				lower[1] = {1};
	int64		sum = 0;
	Numeric		total;

	deconstruct_array(shares, NUMERICOID, -1, false, TYPALIGN_INT, &share, &share_null, &n);
	out = palloc0(sizeof(Datum) * (n + 1));
	null = palloc0(sizeof(bool) * (n + 1));
	if (o.small && rfm_sum_above_zero(o.small, o.n, &sum))
		total = rfm_numeric(sum, o.scale);
	else
	{
		widen(&o);
		total = rfm_numeric(0, 0);
		for (int64 i = o.n; i > 0 && is_below(rfm_numeric(0, 0), o.wide[i - 1]); i--)
			total = DatumGetNumeric(rfm_numeric_op(numeric_add, total, o.wide[i - 1]));
	}
	out[0] = NumericGetDatum(total);
	for (int i = 0; i < n; i++)
	{
		Numeric		limit,
					cut = NULL;
		int64		value;
		int			scale;

		if (share_null[i] || is_below(DatumGetNumeric(share[i]), rfm_numeric(0, 0)) || is_below(rfm_numeric(1, 0), DatumGetNumeric(share[i])))
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("a share lies between 0 and 1")));
		limit = DatumGetNumeric(rfm_numeric_op(numeric_mul, total, DatumGetNumeric(share[i])));
		if (!o.wide)
		{
			/* what is less than the limit is less than the next whole number of the amounts' least unit */
			Numeric		whole = DatumGetNumeric(DirectFunctionCall1(numeric_ceil, rfm_numeric_op(numeric_mul, limit, DatumGetNumeric(rfm_numeric_op(numeric_power, rfm_numeric(10, 0), rfm_numeric(o.scale, 0))))));

			if (!rfm_small(whole, &value, &scale) || scale != 0)
				elog(ERROR, "share_cuts: a share of a sum is no whole number");
			if (rfm_share_cut(o.small, o.n, value, &value))
				cut = rfm_numeric(value, o.scale);
		}
		else
			cut = wide_cut(&o, limit);
		null[i + 1] = cut == NULL;
		out[i + 1] = cut ? NumericGetDatum(cut) : (Datum) 0;
	}
	dims[0] = n + 1;
	PG_RETURN_ARRAYTYPE_P(construct_md_array(out, null, 1, dims, lower, NUMERICOID, -1, false, TYPALIGN_INT));
}

/* (rfm_sample, share float8) returns numeric: as percentile_disc */
Datum
crmseg_sample_quantile(PG_FUNCTION_ARGS)
{
	float8		share = PG_GETARG_FLOAT8(1);
	Ordered		o;
	int64		at;

	if (!(share >= 0 && share <= 1))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("a share lies between 0 and 1")));
	o = in_order(PG_GETARG_DATUM(0));
	if (o.n == 0)
		PG_RETURN_NULL();
	at = (int64) ceil(share * (double) o.n);
	at = Min(Max(at, 1), o.n) - 1;
	PG_RETURN_NUMERIC(o.wide ? o.wide[at] : rfm_numeric(o.small[at], o.scale));
}

Datum
crmseg_sample_size(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(sample_amounts(PG_GETARG_DATUM(0)).n);
}

/* (amount, since, at) returns numeric: by the years between, at least one, to RFM_YEARLY_SCALE decimals */
Datum
crmseg_yearly_amount(PG_FUNCTION_ARGS)
{
	Numeric		amount = PG_GETARG_NUMERIC(0);
	TimestampTz since = PG_GETARG_TIMESTAMPTZ(1),
				at = PG_GETARG_TIMESTAMPTZ(2);
	int64		span,
				value,
				yearly;
	int			scale;

	if (TIMESTAMP_NOT_FINITE(since) || TIMESTAMP_NOT_FINITE(at) || __builtin_sub_overflow(at, since, &span))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("the years are counted between finite times")));
	if (rfm_small(amount, &value, &scale) && rfm_yearly(value, scale, span, &yearly))
		PG_RETURN_NUMERIC(rfm_numeric(yearly, RFM_YEARLY_SCALE));
	if (span <= RFM_YEAR)
		PG_RETURN_NUMERIC(rfm_at_scale(amount, RFM_YEARLY_SCALE));
	/* the server divides to sixteen digits, or to as many decimals as there are */
	amount = DatumGetNumeric(rfm_numeric_op(numeric_mul, rfm_at_scale(amount, 3 * RFM_YEARLY_SCALE), rfm_numeric(RFM_YEAR, 0)));
	PG_RETURN_NUMERIC(rfm_at_scale(DatumGetNumeric(rfm_numeric_op(numeric_div, amount, rfm_numeric(span, 0))), RFM_YEARLY_SCALE));
}

/* (margin, peer_margin) returns numeric: CASE WHEN peer > 0 AND peer > margin THEN least((peer - margin) / peer, 1) ELSE 0 END */
Datum
crmseg_potential_share(PG_FUNCTION_ARGS)
{
	Numeric		margin,
				peer,
				missing;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NUMERIC(rfm_numeric(0, 0));
	margin = PG_GETARG_NUMERIC(0);
	peer = PG_GETARG_NUMERIC(1);
	if (!is_below(rfm_numeric(0, 0), peer) || !is_below(margin, peer))
		PG_RETURN_NUMERIC(rfm_numeric(0, 0));
	missing = DatumGetNumeric(rfm_numeric_op(numeric_div, DatumGetNumeric(rfm_numeric_op(numeric_sub, peer, margin)), peer));
	PG_RETURN_NUMERIC(is_below(rfm_numeric(1, 0), missing) ? rfm_numeric(1, 0) : missing);
}
