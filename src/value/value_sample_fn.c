/*
 * value_sample_fn.c: the type value_sample, the state of the fitting aggregates: the distinct histories of customers and how many have each.
 * An expanded object while it grows, one flat value when it travels to another process or node. Rows come from SQL, go to value_fit.
 */
#include "value/value_fn.h"

#include <math.h>

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"

#include "error.h"
#include "state.h"
#include "value/value_sample.h"

PG_FUNCTION_INFO_V1(crmseg_value_sample_in);
PG_FUNCTION_INFO_V1(crmseg_value_sample_out);
PG_FUNCTION_INFO_V1(crmseg_value_sample_recv);
PG_FUNCTION_INFO_V1(crmseg_value_sample_send);
PG_FUNCTION_INFO_V1(crmseg_value_sample_merge);

#define SAMPLE_MAGIC 0x56534d50

typedef struct flat_sample
{
	int32		vl_len_;
	uint8		version;
	uint8		kind;
	uint8		pad[2];
	double		unit;			/* of time, in microseconds; 0: not said */
	value_row	row[FLEXIBLE_ARRAY_MEMBER];
} flat_sample;

#define HEADER offsetof(flat_sample, row)
#define FLAT_ROWS(f) ((VARSIZE(f) - HEADER) / sizeof(value_row))

static Size
get_flat_size(ExpandedObjectHeader *eohptr)
{
	return HEADER + ((value_sample *) eohptr)->rows * sizeof(value_row);
}

static void
flatten_into(ExpandedObjectHeader *eohptr, void *result, Size size)
{
	value_sample *s = (value_sample *) eohptr;
	flat_sample *f = result;

	memset(f, 0, HEADER);
	SET_VARSIZE(f, size);
	f->version = VALUE_SAMPLE_VERSION;
	f->kind = s->kind;
	f->unit = s->unit;
	memcpy(f->row, s->row, s->rows * sizeof(value_row));
}

static const ExpandedObjectMethods methods = {get_flat_size, flatten_into};

/* An empty sample whose memory is a child of the given context; kind 0 takes that of the first rows. */
value_sample *
value_sample_make(MemoryContext parent, int kind, double unit)
{
	MemoryContext context = AllocSetContextCreate(parent, "value_sample", ALLOCSET_DEFAULT_SIZES);
	value_sample *s = MemoryContextAllocZero(context, sizeof(value_sample));

	EOH_init_header(&s->header, &methods, context);
	s->magic = SAMPLE_MAGIC;
	s->kind = kind;
	s->unit = unit;
	return s;
}

static uint32
row_hash(double x, double tx, double T)
{
	union
	{
		double		d;
		uint64		u;
	}			a = {.d = x},
				b = {.d = tx},
				c = {.d = T};
	uint64		h = (a.u ^ (b.u * UINT64CONST(0x9E3779B97F4A7C15))) * UINT64CONST(0xBF58476D1CE4E5B9);

	h ^= h >> 29;
	h = (h ^ c.u) * UINT64CONST(0x94D049BB133111EB);
	return (uint32) (h >> 32) | 1;
}

static void
grow(value_sample *s)
{
	Size		most = (MaxAllocSize - HEADER) / sizeof(value_row),
				capacity = s->capacity == 0 ? 32 : Min(s->capacity * 2, most);

	if (s->rows >= most)
		ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("too many distinct customer histories for one fit: more than %zu", most),
						errhint("Fit a sample of the customers, or round times to days, so that equal histories are counted together.")));
	if (s->row == NULL)
		s->row = MemoryContextAlloc(s->header.eoh_context, capacity * sizeof(value_row));
	else
		s->row = repalloc(s->row, capacity * sizeof(value_row));
	s->capacity = capacity;
	/* where the last rows of each hash value stand: equal histories meet again there, mostly */
	if (s->slots < 65536)
	{
		Size		slots = capacity * 2;

		if (s->slot != NULL)
			pfree(s->slot);
		s->slot = MemoryContextAllocZero(s->header.eoh_context, slots * sizeof(sample_slot));
		s->slots = slots;
		for (Size i = 0; i < s->rows; i++)
		{
			uint32		h = row_hash(s->row[i].x, s->row[i].tx, s->row[i].T);

			s->slot[(h >> 1) & (slots - 1)] = (sample_slot) {h, (uint32) i};
		}
	}
}

void
value_sample_append(value_sample *s, double x, double tx, double T, double w)
{
	uint32		h;
	sample_slot *slot;

	/* zero has no sign */
	x += 0.0;
	tx += 0.0;
	T += 0.0;
	h = row_hash(x, tx, T);
	if (s->rows == s->capacity)
	{
		/* full: perhaps this history is there already */
		if (s->slots == 0 || s->slot[(h >> 1) & (s->slots - 1)].tag != h)
			grow(s);
	}
	slot = &s->slot[(h >> 1) & (s->slots - 1)];
	if (slot->tag == h)
	{
		value_row  *r = &s->row[slot->row];

		if (r->x == x && r->tx == tx && r->T == T)
		{
			r->w += w;
			return;
		}
		if (s->rows == s->capacity)
		{
			grow(s);
			slot = &s->slot[(h >> 1) & (s->slots - 1)];
		}
	}
	*slot = (sample_slot) {h, (uint32) s->rows};
	s->row[s->rows++] = (value_row) {x, tx, T, w};
}

static void
must_agree(value_sample *s, int kind, double unit)
{
	if (s->kind != kind)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("samples for different families of models cannot be merged")));
	if (s->unit != unit)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("samples in different units of time cannot be merged"),
						errhint("Give one unit for all rows.")));
}

/* The sample of an argument, to be written to: in place when it is ours to change, else a copy under the given context. */
value_sample *
value_sample_writable(Datum d, MemoryContext parent)
{
	const value_row *row;
	Size		rows;
	value_sample *s,
				view;

	if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(d)))
	{
		s = (value_sample *) DatumGetEOHP(d);
		if (s->magic == SAMPLE_MAGIC)
			return s;
	}
	row = value_sample_rows(d, &rows, &view);
	s = value_sample_make(parent, view.kind, view.unit);
	for (Size i = 0; i < rows; i++)
		value_sample_append(s, row[i].x, row[i].tx, row[i].T, row[i].w);
	return s;
}

/* The rows of a sample for reading; kind and unit go to *view. */
const value_row *
value_sample_rows(Datum d, Size *rows, value_sample *view)
{
	flat_sample *f;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(d)))
	{
		value_sample *s = (value_sample *) DatumGetEOHP(d);

		Assert(s->magic == SAMPLE_MAGIC);
		view->kind = s->kind;
		view->unit = s->unit;
		*rows = s->rows;
		return s->row;
	}
	f = (flat_sample *) PG_DETOAST_DATUM(d);
	if (VARSIZE(f) < HEADER || f->version != VALUE_SAMPLE_VERSION || (VARSIZE(f) - HEADER) % sizeof(value_row) != 0)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("value_sample is of another version of the extension")));
	view->kind = f->kind;
	view->unit = f->unit;
	*rows = FLAT_ROWS(f);
	return f->row;
}

/* ---------- the type ---------- */

static void
send_sample(StringInfo buf, Datum d)
{
	value_sample view;
	Size		rows;
	const value_row *row = value_sample_rows(d, &rows, &view);

	pq_sendbyte(buf, VALUE_SAMPLE_VERSION);
	pq_sendbyte(buf, view.kind);
	pq_sendfloat8(buf, view.unit);
	pq_sendint32(buf, rows);
	for (Size i = 0; i < rows; i++)
	{
		pq_sendfloat8(buf, row[i].x);
		pq_sendfloat8(buf, row[i].tx);
		pq_sendfloat8(buf, row[i].T);
		pq_sendfloat8(buf, row[i].w);
	}
}

/* What a hostile client may send: every row is held to the rules of the aggregates. */
static Datum
receive_sample(StringInfo buf)
{
	int			version = pq_getmsgbyte(buf),
				kind = pq_getmsgbyte(buf);
	double		unit = pq_getmsgfloat8(buf);
	uint32		rows = pq_getmsgint(buf, 4);
	value_sample *s;

	if (version != VALUE_SAMPLE_VERSION || kind < SAMPLE_REPEAT || kind > SAMPLE_OCCASIONS ||
		!(unit == 0 || (kind != SAMPLE_OCCASIONS && unit >= 1 && unit <= 1e18)) ||
		rows != (uint32) (buf->len - buf->cursor) / 32 || (buf->len - buf->cursor) % 32 != 0)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("invalid binary value_sample")));
	s = value_sample_make(CurrentMemoryContext, kind, unit);
	for (uint32 i = 0; i < rows; i++)
	{
		double		x = pq_getmsgfloat8(buf),
					tx = pq_getmsgfloat8(buf),
					T = pq_getmsgfloat8(buf),
					w = pq_getmsgfloat8(buf);

		if (!isfinite(w) || w <= 0 || value_sample_wrong(kind, x, tx, T) != NULL)
			ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("invalid row in binary value_sample")));
		value_sample_append(s, x, tx, T, w);
		if ((i & 65535) == 65535)
			CHECK_FOR_INTERRUPTS();
	}
	return EOHPGetRWDatum(&s->header);
}

/* why a history cannot be fitted, or NULL */
const char *
value_sample_wrong(int kind, double x, double tx, double T)
{
	const char *wrong;

	if (kind == SAMPLE_SPEND)
	{
		if (T != 0 || !isfinite(tx) || fabs(tx) > 1e100 || (tx != 0 && fabs(tx) < 1e-100))
			return "An amount must be a finite number, at most 1e100.";
		tx = 0;
	}
	if ((wrong = value_history_check(kind == SAMPLE_OCCASIONS ? VALUE_BG_BB : VALUE_BG_NBD, x, tx, T)) != NULL)
		return wrong;
	if (kind == SAMPLE_SPEND)
		return NULL;
	if (x == 0 && tx != 0)
		return "Frequency is zero, so recency must be zero: there is no repeat purchase.";
	if (x > 0 && tx == 0)
		return "Frequency is above zero but recency is zero: a repeat purchase lies after the first.";
	return NULL;
}

Datum
crmseg_value_sample_in(PG_FUNCTION_ARGS)
{
	Datum		bytes = DirectFunctionCall1(byteain, PG_GETARG_DATUM(0));
	bytea	   *b = DatumGetByteaPP(bytes);
	StringInfoData buf;

	buf.data = VARDATA_ANY(b);
	buf.len = buf.maxlen = VARSIZE_ANY_EXHDR(b);
	buf.cursor = 0;
	PG_RETURN_DATUM(receive_sample(&buf));
}

Datum
crmseg_value_sample_out(PG_FUNCTION_ARGS)
{
	return state_out(crmseg_value_sample_send, PG_GETARG_DATUM(0));
}

Datum
crmseg_value_sample_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(receive_sample((StringInfo) PG_GETARG_POINTER(0)));
}

Datum
crmseg_value_sample_send(PG_FUNCTION_ARGS)
{
	StringInfoData buf;

	pq_begintypsend(&buf);
	send_sample(&buf, PG_GETARG_DATUM(0));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

Datum
crmseg_value_sample_merge(PG_FUNCTION_ARGS)
{
	MemoryContext parent;
	value_sample *s,
				view;
	const value_row *row;
	Size		rows;

	if (!AggCheckCallContext(fcinfo, &parent))
		parent = CurrentMemoryContext;
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	row = value_sample_rows(PG_GETARG_DATUM(1), &rows, &view);
	if (PG_ARGISNULL(0))
		s = value_sample_make(parent, view.kind, view.unit);
	else
	{
		s = value_sample_writable(PG_GETARG_DATUM(0), parent);
		must_agree(s, view.kind, view.unit);
	}
	for (Size i = 0; i < rows; i++)
	{
		value_sample_append(s, row[i].x, row[i].tx, row[i].T, row[i].w);
		if ((i & 65535) == 65535)
			CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_DATUM(EOHPGetRWDatum(&s->header));
}
