/*
 * table_fn.c: rfm_rows, which scores the customers of a book where they stand and makes each a row. The rows of rfm_table and rfm_scopes
 * (read_fn.c) are made here too.
 */
#include "rfm_private.h"

#include "access/htup_details.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "table_private.h"

static void *
allocate_values(size_t size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, size);
}

/* the quantile cuts of the customers of a book: those of age and frequency in c, of the amount in wide_cut when amounts are wide, else in cut */
static void
cut_book(const BookView *v, int64 as_of, RfmCuts *c, int64 *cut, Numeric *wide_cut)
{
	c->customers = (int64) rfm_cell_quantiles(v->cell, v->slots, RFM_AGE, as_of, c->bins, c->age, allocate_values, pfree);
	CHECK_FOR_INTERRUPTS();
	rfm_cell_quantiles(v->cell, v->slots, RFM_PURCHASES, as_of, c->bins, c->frequency, allocate_values, pfree);
	CHECK_FOR_INTERRUPTS();
	if (v->wides == 0)
		rfm_cell_quantiles(v->cell, v->slots, RFM_AMOUNT, as_of, c->bins, cut, allocate_values, pfree);
	else if (c->customers > 0)
	{
		Numeric    *sorted = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Numeric) * c->customers);
		int64		n = 0;

		for (uint64 i = 0; i < v->slots; i++)
			if (v->cell[i].purchases > 0)
				sorted[n++] = v->cell[i].tag & RFM_CELL_WIDE ? v->wide[v->cell[i].amount] : rfm_numeric(v->cell[i].amount, v->scale);
		rfm_cut_numerics(sorted, n, c->bins, wide_cut);
		pfree(sorted);
	}
	CHECK_FOR_INTERRUPTS();
}

/* the tuplestore in which a function returns its rows, and a buffer for one of them */
void
table_begin(FunctionCallInfo fcinfo, RfmOut *out, int bins)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext old;
	TupleDesc	desc;

	if (!info || !IsA(info, ReturnSetInfo) || !(info->allowedModes & SFRM_Materialize))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("set-valued function called in context that cannot accept a set"),
						errhint("Call it in FROM.")));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	old = MemoryContextSwitchTo(info->econtext->ecxt_per_query_memory);
	out->desc = BlessTupleDesc(CreateTupleDescCopy(desc));
	info->returnMode = SFRM_Materialize;
	info->setResult = out->store = tuplestore_begin_heap((info->allowedModes & SFRM_Materialize_Random) != 0, false, work_mem);
	info->setDesc = out->desc;
	MemoryContextSwitchTo(old);
	out->bins = bins;
	out->slot = MakeSingleTupleTableSlot(out->desc, &TTSOpsMinimalTuple);
	out->label = palloc0(sizeof(char *) * 1000);
	out->room = 1024;
	out->row = palloc0(out->room);
}

/*
 * One row, its parts laid down as heap_form_minimal_tuple would, which takes as long as all else: texts and numerics with their
 * shortest headers, nothing NULL. scope is the first column of rfm_scopes, and NULL for the others.
 */
void
table_put(RfmOut *out, const char *scope, uint32 scope_len, const char *id, uint32 id_len, int64 last_at, int64 frequency, const char *amount, uint32 amount_len, int r, int f, int m)
{
	Size		need = MAXALIGN(SizeofMinimalTupleHeader) + scope_len + id_len + amount_len + 256;
	MinimalTuple t;
	char	   *start,
			   *at;
	int			cell = RFM_PACK(r, f, m);

	if (need > out->room)
	{
		if (!AllocSizeIsValid(need))
			ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("row is too large")));
		out->room = need;
		out->row = repalloc(out->row, out->room);
		memset(out->row, 0, out->room);
	}
	if (!out->label[cell])
		out->label[cell] = rfm_label_name(cell, out->bins, 11);
	t = (MinimalTuple) out->row;
	at = start = out->row + MAXALIGN(SizeofMinimalTupleHeader);

	/* at the alignment that a reader of the row computes; the gaps are zero, for rows may be compared as bytes */
#define ALIGN_AT(align) \
	do { char *to_ = start + TYPEALIGN(align, at - start); while (at < to_) *at++ = 0; } while (0)
#define PUT_VARLENA(data, len) \
	do { \
		if ((len) + VARHDRSZ_SHORT <= VARATT_SHORT_MAX) { SET_VARSIZE_SHORT(at, (len) + VARHDRSZ_SHORT); at += VARHDRSZ_SHORT; } \
		else { ALIGN_AT(ALIGNOF_INT); SET_VARSIZE(at, (len) + VARHDRSZ); at += VARHDRSZ; } \
		memcpy(at, data, len); at += (len); \
	} while (0)
#define PUT_FIXED(type, value) \
	do { type v_ = (value); ALIGN_AT(sizeof(type)); memcpy(at, &v_, sizeof(type)); at += sizeof(type); } while (0)

	if (scope)
		PUT_VARLENA(scope, scope_len);
	PUT_VARLENA(id, id_len);
	PUT_FIXED(int64, last_at);
	PUT_FIXED(int64, frequency);
	PUT_VARLENA(amount, amount_len);
	PUT_FIXED(int16, (int16) r);
	PUT_FIXED(int16, (int16) f);
	PUT_FIXED(int16, (int16) m);
	PUT_VARLENA(out->label[cell], strlen(out->label[cell]));
	t->t_len = (uint32) (at - out->row);
	t->t_infomask2 = (uint16) out->desc->natts;
	t->t_infomask = HEAP_HASVARWIDTH;
	t->t_hoff = MAXALIGN(SizeofMinimalTupleHeader) + MINIMAL_TUPLE_OFFSET;
	ExecStoreMinimalTuple(t, out->slot, false);
	tuplestore_puttupleslot(out->store, out->slot);
}

/* scores the customers of a book by quantiles and puts out their rows */
void
table_book(RfmOut *out, const BookView *v, const char *scope, uint32 scope_len, int64 as_of)
{
	RfmCuts		c = {.bins = out->bins};
	int64		cut[RFM_BINS_MAX];
	Numeric		wide_cut[RFM_BINS_MAX];
	int			bins = out->bins;

	cut_book(v, as_of, &c, cut, wide_cut);
	for (uint64 i = 0; i < v->slots; i++)
	{
		const rfm_cell *cell = &v->cell[i];
		char		digits[MAXINT8LEN + 1];
		unsigned char amount[RFM_NUMERIC_MAX];
		const char *id = digits,
				   *value = (char *) amount;
		uint32		id_len,
					value_len;
		int			r,
					f,
					m;

		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (cell->purchases == 0)
			continue;
		if (v->keys)
		{
			memcpy(&id_len, v->keys + cell->id, sizeof(uint32));
			id = v->keys + cell->id + sizeof(uint32);
		}
		else
			id_len = pg_lltoa(cell->id, digits);
		r = bins - rfm_above(c.age, bins - 1, rfm_age_at(cell->last_at, as_of));
		f = 1 + rfm_above(c.frequency, bins - 1, cell->purchases);
		if (cell->tag & RFM_CELL_WIDE)
		{
			value = VARDATA_ANY(v->wide[cell->amount]);
			value_len = VARSIZE_ANY_EXHDR(v->wide[cell->amount]);
		}
		else
			value_len = rfm_encode_numeric(amount, cell->amount, v->scale);
		if (v->wides == 0)
			m = 1 + rfm_above(cut, bins - 1, cell->amount);
		else
		{
			Numeric		n = cell->tag & RFM_CELL_WIDE ? v->wide[cell->amount] : rfm_numeric(cell->amount, v->scale);

			for (m = 1; m < bins && DatumGetBool(rfm_numeric_op(numeric_lt, wide_cut[m - 1], n)); m++)
				;
			if (!(cell->tag & RFM_CELL_WIDE))
				pfree(n);
		}
		table_put(out, scope, scope_len, id, id_len, cell->last_at, cell->purchases, value, value_len, r, f, m);
	}
}

void
table_check(int64 as_of, int bins)
{
	if (TIMESTAMP_NOT_FINITE(as_of))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("as_of must be a finite time"), errhint("Score as of a date, such as now().")));
	if (bins < 1 || bins > RFM_BINS_MAX)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("bins must be between 1 and %d", RFM_BINS_MAX)));
}

PG_FUNCTION_INFO_V1(crmseg_rfm_rows);

/* rfm_rows(rfm_book, as_of, bins): the customers of a book with their scores */
Datum
crmseg_rfm_rows(PG_FUNCTION_ARGS)
{
	RfmOut		out;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("as_of and bins must not be null")));
	table_check(PG_GETARG_TIMESTAMPTZ(1), PG_GETARG_INT32(2));
	table_begin(fcinfo, &out, PG_GETARG_INT32(2));
	if (!PG_ARGISNULL(0))
	{
		BookView	v;

		book_view(PG_GETARG_DATUM(0), &v);
		table_book(&out, &v, NULL, 0, PG_GETARG_TIMESTAMPTZ(1));
	}
	return (Datum) 0;
}
