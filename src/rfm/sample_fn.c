/*
 * sample_fn.c: the aggregate rfm_cuts: gathers the three measures of every customer and cuts them into quantiles at the end. Its state,
 * the type rfm_sample, is an expanded object while it grows, and flat when it travels between workers and nodes; it takes 24 bytes a
 * customer.
 */
#include "rfm_private.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define SAMPLE_MAGIC 0x52464D53
#define SAMPLE_VERSION 1
#define SAMPLE_WIRE_VERSION 1

typedef struct Sample
{
	ExpandedObjectHeader hdr;
	int			magic;
	uint8		bins,
				count_by,
				amount_by;
	bool		wide;			/* amounts are in `numeric`, not in `amount` */
	int			scale;
	int64		n,
				room;
	int64	   *age,
			   *frequency,
			   *amount;
	Numeric    *numeric;
} Sample;

/* as it travels: the three arrays follow, the third as int64 or as numerics at int boundaries */
typedef struct FlatSample
{
	int32		vl_len_;
	uint8		version,
				bins,
				count_by,
				amount_by;
	int32		wide,
				scale;
	int64		n;
	int64		value[];
} FlatSample;

static Size sample_flat_size(ExpandedObjectHeader *eohptr);
static void sample_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated);

static const ExpandedObjectMethods sample_methods = {sample_flat_size, sample_flatten};

static Size
sample_flat_size(ExpandedObjectHeader *eohptr)
{
	Sample	   *s = (Sample *) eohptr;
	Size		size = offsetof(FlatSample, value) + sizeof(int64) * 2 * (Size) s->n;

	if (!s->wide)
		size += sizeof(int64) * (Size) s->n;
	else
		for (int64 i = 0; i < s->n; i++)
			size += INTALIGN(VARSIZE(s->numeric[i]));
	if (!AllocSizeIsValid(size))
		ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("too many customers for one state of rfm_cuts"),
						errdetail("A state that travels between processes holds at most 1 GB, about 44 million customers."),
						errhint("Set max_parallel_workers_per_gather to 0.")));
	return size;
}

static void
sample_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated)
{
	Sample	   *s = (Sample *) eohptr;
	FlatSample *f = result;
	char	   *at = (char *) (f->value + 2 * s->n);

	memset(f, 0, allocated);
	SET_VARSIZE(f, allocated);
	f->version = SAMPLE_VERSION;
	f->bins = s->bins, f->count_by = s->count_by, f->amount_by = s->amount_by;
	f->wide = s->wide, f->scale = s->scale, f->n = s->n;
	memcpy(f->value, s->age, sizeof(int64) * s->n);
	memcpy(f->value + s->n, s->frequency, sizeof(int64) * s->n);
	if (!s->wide)
		memcpy(at, s->amount, sizeof(int64) * s->n);
	else
		for (int64 i = 0; i < s->n; i++)
		{
			memcpy(at, s->numeric[i], VARSIZE(s->numeric[i]));
			at += INTALIGN(VARSIZE(s->numeric[i]));
		}
}

Sample *
sample_new(MemoryContext parent, int bins, int count_by, int amount_by, int64 room)
{
	MemoryContext context = AllocSetContextCreate(parent, "rfm_cuts state", ALLOCSET_DEFAULT_SIZES);
	Sample	   *s = MemoryContextAllocZero(context, sizeof(Sample));

	EOH_init_header(&s->hdr, &sample_methods, context);
	s->magic = SAMPLE_MAGIC;
	s->bins = bins, s->count_by = count_by, s->amount_by = amount_by;
	s->room = Max(room, 64);
	s->age = MemoryContextAllocHuge(context, sizeof(int64) * s->room);
	s->frequency = MemoryContextAllocHuge(context, sizeof(int64) * s->room);
	s->amount = MemoryContextAllocHuge(context, sizeof(int64) * s->room);
	return s;
}

static void
sample_enlarge(Sample *s)
{
	s->room *= 2;
	s->age = repalloc_huge(s->age, sizeof(int64) * s->room);
	s->frequency = repalloc_huge(s->frequency, sizeof(int64) * s->room);
	s->amount = repalloc_huge(s->amount, sizeof(int64) * s->room);
	if (s->wide)
		s->numeric = repalloc_huge(s->numeric, sizeof(Numeric) * s->room);
}

static Numeric
keep(Sample *s, Numeric n)
{
	Numeric		copy = MemoryContextAlloc(s->hdr.eoh_context, VARSIZE(n));

	memcpy(copy, n, VARSIZE(n));
	return copy;
}

static void
sample_widen(Sample *s)
{
	s->numeric = MemoryContextAllocHuge(s->hdr.eoh_context, sizeof(Numeric) * s->room);
	for (int64 i = 0; i < s->n; i++)
		s->numeric[i] = keep(s, rfm_numeric(s->amount[i], s->scale));
	s->wide = true;
}

/* all amounts at one scale, or wide */
static void
sample_rescale(Sample *s, int scale)
{
	for (int64 i = 0; i < s->n; i++)
	{
		int64		v = s->amount[i];

		if (!rfm_rescale(&v, s->scale, scale))
		{
			sample_widen(s);
			return;
		}
	}
	for (int64 i = 0; i < s->n; i++)
		rfm_rescale(&s->amount[i], s->scale, scale);
	s->scale = scale;
}

void
sample_push(Sample *s, int64 age, int64 frequency, Numeric amount, bool small, int64 value, int scale)
{
	if (s->n == s->room)
		sample_enlarge(s);
	if (!s->wide)
	{
		if (small && scale > s->scale)
			sample_rescale(s, scale);
		if (!s->wide && (!small || !rfm_rescale(&value, scale, s->scale)))
			sample_widen(s);
	}
	if (s->wide)
		s->numeric[s->n] = keep(s, amount ? amount : rfm_numeric(value, scale));
	else
		s->amount[s->n] = value;
	s->age[s->n] = age;
	s->frequency[s->n] = frequency;
	s->n++;
}

static void
sample_append(Sample *s, const FlatSample *f)
{
	const int64 *amount = f->value + 2 * f->n;
	const char *at = (const char *) amount;

	if (s->bins != f->bins || s->count_by != f->count_by || s->amount_by != f->amount_by)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("bins and options of rfm_cuts must be the same for all customers")));
	for (int64 i = 0; i < f->n; i++)
	{
		if (f->wide)
		{
			Numeric		n = (Numeric) at;
			int64		value = 0;
			int			scale = 0;
			bool		small = rfm_small(n, &value, &scale);

			sample_push(s, f->value[i], f->value[f->n + i], n, small, value, scale);
			at += INTALIGN(VARSIZE(n));
		}
		else
			sample_push(s, f->value[i], f->value[f->n + i], NULL, true, amount[i], f->scale);
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

/* the argument as an object that may be changed: the aggregate's own, or a new one */
static Sample *
sample_arg(Datum d, MemoryContext context)
{
	FlatSample *f;
	Sample	   *s;

	if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(d)))
	{
		s = (Sample *) DatumGetEOHP(d);
		if (s->magic == SAMPLE_MAGIC)
			return s;
	}
	f = (FlatSample *) PG_DETOAST_DATUM(d);
	s = sample_new(context, f->bins, f->count_by, f->amount_by, f->n);
	s->scale = f->wide ? 0 : f->scale;
	sample_append(s, f);
	return s;
}

static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	return AggCheckCallContext(fcinfo, &context) ? context : CurrentMemoryContext;
}

/* the state in argument 0, made when it is NULL */
static Sample *
sample_state(FunctionCallInfo fcinfo, int bins_arg, int options_arg)
{
	MemoryContext context = aggregate_context(fcinfo);
	int			bins;
	uint8		count_by = COUNT_PURCHASES,
				amount_by = AMOUNT_NET;

	if (PG_ARGISNULL(bins_arg) || (options_arg > 0 && PG_ARGISNULL(options_arg)))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("bins and options of rfm_cuts must not be null")));
	bins = PG_GETARG_INT32(bins_arg);
	if (PG_ARGISNULL(0))
	{
		if (bins < 1 || bins > RFM_BINS_MAX)
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("bins must be between 1 and %d", RFM_BINS_MAX)));
		if (options_arg > 0)
		{
			text	   *t = PG_GETARG_TEXT_PP(options_arg);

			rfm_parse_options(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), &count_by, &amount_by);
		}
		return sample_new(context, bins, count_by, amount_by, 64);
	}
	else
	{
		Sample	   *s = sample_arg(PG_GETARG_DATUM(0), context);

		if (bins != s->bins)
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("bins and options of rfm_cuts must be the same for all customers")));
		return s;
	}
}

static int64
as_of_arg(FunctionCallInfo fcinfo, int arg)
{
	if (PG_ARGISNULL(arg) || TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMPTZ(arg)))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("as_of must be a finite time"), errhint("Score as of a date, such as now().")));
	return PG_GETARG_TIMESTAMPTZ(arg);
}

PG_FUNCTION_INFO_V1(crmseg_sample_summary);
PG_FUNCTION_INFO_V1(crmseg_sample_values);
PG_FUNCTION_INFO_V1(crmseg_sample_merge);
PG_FUNCTION_INFO_V1(crmseg_sample_cuts);
PG_FUNCTION_INFO_V1(crmseg_sample_amount);

/* (rfm_sample, purchase_summary, as_of, bins [, options]): one customer more; who never purchased is none */
Datum
crmseg_sample_summary(PG_FUNCTION_ARGS)
{
	int64		as_of = as_of_arg(fcinfo, 2);
	Sample	   *s = sample_state(fcinfo, 3, PG_NARGS() > 4 ? 4 : 0);

	if (!PG_ARGISNULL(1))
	{
		purchase_state *p = summary_arg(PG_GETARG_DATUM(1));

		if (p->purchases > 0)
		{
			int64		value = p->gross;
			int			scale = p->scale;
			bool		small = !p->wide;
			Numeric		amount = NULL;

			if (small && s->amount_by == AMOUNT_NET)
				small = !__builtin_sub_overflow(p->gross, p->returned, &value);
			if (!small)
			{
				SummaryParts parts;

				summary_parts(p, &parts);
				amount = s->amount_by == AMOUNT_NET ? summary_net(p) : parts.gross;
				small = rfm_small(amount, &value, &scale);
			}
			sample_push(s, rfm_age_at(p->last_at, as_of), s->count_by == COUNT_DAYS ? p->days : p->purchases, amount, small, value, scale);
		}
	}
	PG_RETURN_DATUM(EOHPGetRWDatum(&s->hdr));
}

/* (rfm_sample, last_purchase_at, frequency, monetary, as_of, bins): the same over plain columns; NULL or frequency 0 is no customer */
Datum
crmseg_sample_values(PG_FUNCTION_ARGS)
{
	int64		as_of = as_of_arg(fcinfo, 4);
	Sample	   *s = sample_state(fcinfo, 5, 0);

	if (!PG_ARGISNULL(2))
		rfm_check_frequency(PG_GETARG_INT64(2));
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && !PG_ARGISNULL(3) && PG_GETARG_INT64(2) > 0)
	{
		int64		last_at = PG_GETARG_TIMESTAMPTZ(1),
					value = 0;
		int			scale = 0;
		Numeric		amount = PG_GETARG_NUMERIC(3);
		bool		small = rfm_small(amount, &value, &scale);

		if (TIMESTAMP_NOT_FINITE(last_at))
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("time of last purchase is not finite")));
		sample_push(s, rfm_age_at(last_at, as_of), PG_GETARG_INT64(2), amount, small, value, scale);
	}
	PG_RETURN_DATUM(EOHPGetRWDatum(&s->hdr));
}

Datum
crmseg_sample_merge(PG_FUNCTION_ARGS)
{
	Sample	   *s;

	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	s = sample_arg(PG_GETARG_DATUM(PG_ARGISNULL(0) ? 1 : 0), aggregate_context(fcinfo));
	if (!PG_ARGISNULL(0) && !PG_ARGISNULL(1))
		sample_append(s, (FlatSample *) PG_DETOAST_DATUM(PG_GETARG_DATUM(1)));
	PG_RETURN_DATUM(EOHPGetRWDatum(&s->hdr));
}

static int
compare_numerics(const void *a, const void *b)
{
	return DatumGetInt32(rfm_numeric_op(numeric_cmp, *(const Numeric *) a, *(const Numeric *) b));
}

/* the cuts of one measure, and which bins hold somebody */
uint16
rfm_cut_measure(const int64 *value, int64 n, int bins, bool falling, int64 *copy, int64 *cut)
{
	uint16		mask = 0;

	memcpy(copy, value, sizeof(int64) * n);
	rfm_quantiles(copy, n, bins, cut);
	for (int64 i = 0; i < n; i++)
		mask |= 1 << rfm_above(cut, bins - 1, value[i]);
	if (falling)
	{
		uint16		turned = 0;

		for (int i = 0; i < bins; i++)
			turned |= ((mask >> i) & 1) << (bins - i);
		return turned;
	}
	return mask << 1;
}

/* the same for numerics, which it sorts */
uint16
rfm_cut_numerics(Numeric *sorted, int64 n, int bins, Numeric *cut)
{
	int			bin = 0;
	uint16		mask = 0;

	qsort(sorted, n, sizeof(Numeric), compare_numerics);
	for (int k = 1; k < bins; k++)
		cut[k - 1] = sorted[(n / bins) * k + (n % bins * k + bins - 1) / bins - 1];
	for (int64 i = 0; i < n; i++)
	{
		while (bin < bins - 1 && compare_numerics(&cut[bin], &sorted[i]) < 0)
			bin++;
		mask |= 2 << bin;
	}
	return mask;
}

RfmCuts *
sample_cuts(Sample *s)
{
	RfmCuts		c = {0};
	Numeric		amount[RFM_BINS_MAX];
	int64	   *copy;

	if (s->n == 0)
		return NULL;
	c.bins = s->bins, c.count_by = s->count_by, c.amount_by = s->amount_by;
	c.customers = s->n;
	copy = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(int64) * s->n);
	c.exists[0] = rfm_cut_measure(s->age, s->n, s->bins, true, copy, c.age);
	CHECK_FOR_INTERRUPTS();
	c.exists[1] = rfm_cut_measure(s->frequency, s->n, s->bins, false, copy, c.frequency);
	CHECK_FOR_INTERRUPTS();
	if (!s->wide)
	{
		int64		cut[RFM_BINS_MAX];

		c.exists[2] = rfm_cut_measure(s->amount, s->n, s->bins, false, copy, cut);
		for (int i = 0; i < s->bins - 1; i++)
			amount[i] = rfm_numeric(cut[i], s->scale);
	}
	else
	{
		Numeric    *sorted = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Numeric) * s->n);

		memcpy(sorted, s->numeric, sizeof(Numeric) * s->n);
		c.exists[2] = rfm_cut_numerics(sorted, s->n, s->bins, amount);
		pfree(sorted);
	}
	pfree(copy);
	return cuts_build(&c, amount);
}

/* to read only */
static Sample *
sample_to_read(Datum d)
{
	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(d)))
	{
		Sample	   *s = (Sample *) DatumGetEOHP(d);

		if (s->magic == SAMPLE_MAGIC)
			return s;
	}
	return sample_arg(d, CurrentMemoryContext);
}

/* the final function: NULL when there was no customer */
Datum
crmseg_sample_cuts(PG_FUNCTION_ARGS)
{
	RfmCuts    *c = sample_cuts(sample_to_read(PG_GETARG_DATUM(0)));

	if (!c)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(c);
}

SampleAmounts
sample_amounts(Datum d)
{
	Sample	   *s = sample_to_read(d);

	return (SampleAmounts) {.n = s->n, .scale = s->scale, .amount = s->amount, .numeric = s->wide ? s->numeric : NULL};
}

/* (rfm_sample, amount): an amount alone; NULL is none */
Datum
crmseg_sample_amount(PG_FUNCTION_ARGS)
{
	Sample	   *s = PG_ARGISNULL(0) ? sample_new(aggregate_context(fcinfo), 1, COUNT_PURCHASES, AMOUNT_NET, 64) : sample_arg(PG_GETARG_DATUM(0), aggregate_context(fcinfo));

	if (!PG_ARGISNULL(1))
	{
		Numeric		amount = PG_GETARG_NUMERIC(1);
		int64		value = 0;
		int			scale = 0;
		bool		small = rfm_small(amount, &value, &scale);

		/* a quotient has sixteen decimals and more, most of them zeros */
		if (!small || scale > 6)
		{
			amount = DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale, NumericGetDatum(amount)));
			small = rfm_small(amount, &value, &scale);
		}
		sample_push(s, 0, 0, amount, small, value, scale);
	}
	PG_RETURN_DATUM(EOHPGetRWDatum(&s->hdr));
}

PG_FUNCTION_INFO_V1(crmseg_sample_in);
PG_FUNCTION_INFO_V1(crmseg_sample_out);
PG_FUNCTION_INFO_V1(crmseg_sample_recv);
PG_FUNCTION_INFO_V1(crmseg_sample_send);

/* version 1: bins, definitions, how many, then age, frequency and amount of each as decimal text with its length */
Datum
crmseg_sample_send(PG_FUNCTION_ARGS)
{
	FlatSample *f = (FlatSample *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
	const char *at = (const char *) (f->value + 2 * f->n);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, SAMPLE_WIRE_VERSION);
	pq_sendbyte(&buf, f->bins);
	pq_sendbyte(&buf, f->count_by);
	pq_sendbyte(&buf, f->amount_by);
	pq_sendint64(&buf, f->n);
	for (int64 i = 0; i < f->n; i++)
	{
		Numeric		n = f->wide ? (Numeric) at : rfm_numeric(f->value[2 * f->n + i], f->scale);
		char	   *s = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(n)));

		if (f->wide)
			at += INTALIGN(VARSIZE(n));
		else
			pfree(n);
		pq_sendint64(&buf, f->value[i]);
		pq_sendint64(&buf, f->value[f->n + i]);
		pq_sendint32(&buf, strlen(s));
		pq_sendbytes(&buf, s, strlen(s));
		pfree(s);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

Datum
crmseg_sample_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buf),
				bins,
				count_by,
				amount_by;
	int64		n;
	Sample	   *s;

	if (version != SAMPLE_WIRE_VERSION)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("unsupported rfm_sample version number %d", version)));
	bins = pq_getmsgbyte(buf);
	count_by = pq_getmsgbyte(buf);
	amount_by = pq_getmsgbyte(buf);
	n = pq_getmsgint64(buf);
	if (bins < 1 || bins > RFM_BINS_MAX || count_by > COUNT_DAYS || amount_by > AMOUNT_GROSS || n < 0 || n > (buf->len - buf->cursor) / 21)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("invalid binary rfm_sample")));
	s = sample_new(CurrentMemoryContext, bins, count_by, amount_by, n);
	for (int64 i = 0; i < n; i++)
	{
		int64		age = pq_getmsgint64(buf),
					frequency = pq_getmsgint64(buf),
					value = 0;
		int			len = (int) pq_getmsgint(buf, 4),
					scale = 0;
		const char *text;
		Numeric		amount;
		bool		small;

		if (age < 0 || frequency < 1 || len < 1 || len > 120000 ||
			(text = pq_getmsgbytes(buf, len), !rfm_is_decimal(text, len, true)))
			ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("invalid binary rfm_sample")));
		amount = rfm_numeric_from_text(text, len);
		small = rfm_small(amount, &value, &scale);
		sample_push(s, age, frequency, amount, small, value, scale);
		pfree(amount);
		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_DATUM(EOHPGetRWDatum(&s->hdr));
}

Datum
crmseg_sample_out(PG_FUNCTION_ARGS)
{
	return state_out(crmseg_sample_send, PG_GETARG_DATUM(0));
}

Datum
crmseg_sample_in(PG_FUNCTION_ARGS)
{
	return state_in(crmseg_sample_recv, PG_GETARG_CSTRING(0), "rfm_sample");
}
