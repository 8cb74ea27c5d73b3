/*
 * table_fn.c: rfm_table, the scores of every customer of any table of orders, and rfm_rows, which reads them out of a book. The orders
 * are read by a plain query with the rights of the caller, so that privileges and row-level security hold; the book that comes out is
 * scored where it stands, and each customer becomes one row.
 */
#include "rfm_private.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#define COLUMNS 8

/* one measure of all customers with a purchase; age and frequency need no numeric */
static int64
measure(const rfm_cell *c, int which, int64 as_of)
{
	return which == 0 ? rfm_age(c->last_at, as_of) : which == 1 ? (int64) c->purchases : c->amount;
}

/* the quantile cuts of the customers of a book: exists and cuts in c, those of the amount in wide_cut when amounts are wide, else in cut */
static void
cut_book(const BookView *v, int64 as_of, RfmCuts *c, int64 *cut, Numeric *wide_cut)
{
	int64	   *value = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(int64) * (v->used + 1)),
			   *to[3] = {c->age, c->frequency, cut};

	for (int which = 0; which < (v->wides > 0 ? 2 : 3); which++)
	{
		int64		n = 0;

		for (uint64 i = 0; i < v->slots; i++)
			if (v->cell[i].tag != 0 && v->cell[i].purchases > 0)
				value[n++] = measure(&v->cell[i], which, as_of);
		c->customers = n;
		if (n > 0)
			rfm_quantiles(value, n, c->bins, to[which]);
		CHECK_FOR_INTERRUPTS();
	}
	if (v->wides > 0 && c->customers > 0)
	{
		Numeric    *sorted = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Numeric) * c->customers);
		int64		n = 0;

		for (uint64 i = 0; i < v->slots; i++)
			if (v->cell[i].tag != 0 && v->cell[i].purchases > 0)
				sorted[n++] = v->cell[i].tag & RFM_CELL_WIDE ? v->wide[v->cell[i].amount] : rfm_numeric(v->cell[i].amount, v->scale);
		rfm_cut_numerics(sorted, n, c->bins, wide_cut);
	}
	pfree(value);
}

/* the labels of all cells as text datums, made when first met */
static Datum
label_of(Datum *label, int value, int bins)
{
	if (label[value] == 0)
		label[value] = CStringGetTextDatum(rfm_label_name(value, bins, 11));
	return label[value];
}

/* scores the customers of a book and puts them into the tuplestore: all rows live in buffers here until the tuple is made */
static void
emit_book(Datum book, int64 as_of, int bins, Tuplestorestate *store, TupleDesc desc)
{
	BookView	v;
	RfmCuts		c = {.bins = bins};
	int64		cut[RFM_BINS_MAX];
	Numeric		wide_cut[RFM_BINS_MAX];
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS] = {0};
	Datum	   *label = palloc0(sizeof(Datum) * 1000);
	union
	{
		int32		align;
		char		data[64];
	}			id,
				amount;
	text	   *key = NULL;
	uint32		key_room = 0;

	book_view(book, &v);
	cut_book(&v, as_of, &c, cut, wide_cut);
	for (uint64 i = 0; i < v.slots; i++)
	{
		const rfm_cell *cell = &v.cell[i];
		int			r,
					f,
					m;

		if (cell->tag == 0 || cell->purchases == 0)
			continue;
		if (v.keys)
		{
			uint32		len;

			memcpy(&len, v.keys + cell->id, sizeof(uint32));
			if (!key || len > key_room)
			{
				key_room = Max(len, 256);
				key = palloc(key_room + VARHDRSZ);
			}
			SET_VARSIZE(key, len + VARHDRSZ);
			memcpy(VARDATA(key), v.keys + cell->id + sizeof(uint32), len);
			values[0] = PointerGetDatum(key);
		}
		else
		{
			SET_VARSIZE(id.data, VARHDRSZ + pg_lltoa(cell->id, id.data + VARHDRSZ));
			values[0] = PointerGetDatum(id.data);
		}
		values[1] = TimestampTzGetDatum(cell->last_at);
		values[2] = Int64GetDatum((int64) cell->purchases);
		if (cell->tag & RFM_CELL_WIDE)
			values[3] = NumericGetDatum(v.wide[cell->amount]);
		else
		{
			SET_VARSIZE(amount.data, VARHDRSZ + rfm_encode_numeric((unsigned char *) amount.data + VARHDRSZ, cell->amount, v.scale));
			values[3] = PointerGetDatum(amount.data);
		}
		r = bins - rfm_above(c.age, bins - 1, rfm_age(cell->last_at, as_of));
		f = 1 + rfm_above(c.frequency, bins - 1, cell->purchases);
		if (v.wides == 0)
			m = 1 + rfm_above(cut, bins - 1, cell->amount);
		else
			for (m = 1; m < bins && DatumGetBool(rfm_numeric_op(numeric_lt, wide_cut[m - 1], DatumGetNumeric(values[3]))); m++)
				;
		values[4] = Int16GetDatum(r);
		values[5] = Int16GetDatum(f);
		values[6] = Int16GetDatum(m);
		values[7] = label_of(label, RFM_PACK(r, f, m), bins);
		tuplestore_putvalues(store, desc, values, nulls);
		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

/* the tuplestore in which the function returns its rows */
static Tuplestorestate *
result_store(FunctionCallInfo fcinfo, TupleDesc *desc)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext old;

	if (!info || !IsA(info, ReturnSetInfo) || !(info->allowedModes & SFRM_Materialize))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("set-valued function called in context that cannot accept a set"),
						errhint("Call it in FROM.")));
	if (get_call_result_type(fcinfo, NULL, desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	old = MemoryContextSwitchTo(info->econtext->ecxt_per_query_memory);
	*desc = BlessTupleDesc(CreateTupleDescCopy(*desc));
	info->returnMode = SFRM_Materialize;
	info->setResult = tuplestore_begin_heap((info->allowedModes & SFRM_Materialize_Random) != 0, false, work_mem);
	info->setDesc = *desc;
	MemoryContextSwitchTo(old);
	return info->setResult;
}

static void
check_arguments(int64 as_of, int bins)
{
	if (TIMESTAMP_NOT_FINITE(as_of))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("as_of must be a finite time"), errhint("Score as of a date, such as now().")));
	if (bins < 1 || bins > RFM_BINS_MAX)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("bins must be between 1 and %d", RFM_BINS_MAX)));
}

PG_FUNCTION_INFO_V1(crmseg_rfm_rows);
PG_FUNCTION_INFO_V1(crmseg_rfm_table);

/* rfm_rows(rfm_book, as_of, bins): the customers of a book with their scores */
Datum
crmseg_rfm_rows(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *store = result_store(fcinfo, &desc);

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("as_of and bins must not be null")));
	check_arguments(PG_GETARG_TIMESTAMPTZ(1), PG_GETARG_INT32(2));
	if (!PG_ARGISNULL(0))
		emit_book(PG_GETARG_DATUM(0), PG_GETARG_TIMESTAMPTZ(1), PG_GETARG_INT32(2), store, desc);
	return (Datum) 0;
}

/* takes the one row of the query while the book is still in the executor's hands */
typedef struct BookReceiver
{
	DestReceiver pub;
	int64		as_of;
	int			bins;
	Tuplestorestate *store;
	TupleDesc	desc;
} BookReceiver;

static bool
receive_book(TupleTableSlot *slot, DestReceiver *self)
{
	BookReceiver *r = (BookReceiver *) self;
	bool		isnull;
	Datum		book = slot_getattr(slot, 1, &isnull);

	if (!isnull)
		emit_book(book, r->as_of, r->bins, r->store, r->desc);
	return true;
}

static void
receiver_startup(DestReceiver *self, int operation, TupleDesc typeinfo)
{
}

static void
receiver_done(DestReceiver *self)
{
}

/* the column as an expression of one of the types wanted, the first of which serves the others by a cast; *type is what it becomes */
static char *
column_expression(Oid relid, Name column, Oid as_it_is, const char *cast)
{
	AttrNumber	number = get_attnum(relid, NameStr(*column));
	Oid			type;

	if (number <= 0)
		ereport(ERROR, (errcode(CRMSEG_UNKNOWN_NAME), errmsg("column \"%s\" of relation \"%s\" does not exist", NameStr(*column), get_rel_name(relid)),
						errhint("rfm_table takes the columns of customer, time and amount, in this order.")));
	type = getBaseType(get_atttype(relid, number));
	return psprintf(type == as_it_is ? "o.%s" : "o.%s::%s", quote_identifier(NameStr(*column)), cast);
}

/* rfm_table(orders, party_column, time_column, amount_column, as_of, bins) */
Datum
crmseg_rfm_table(PG_FUNCTION_ARGS)
{
	BookReceiver receiver = {{receive_book, receiver_startup, receiver_done, receiver_done, DestNone}};
	Oid			relid,
				id_type;
	AttrNumber	id_number;
	char	   *id,
			   *at,
			   *amount,
			   *schema = quote_qualified_identifier(NULL, get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid)));
	StringInfoData query;
	SPIExecuteOptions options = {0};
	ParamListInfo params = makeParamList(1);
	bool		integer_id;

	for (int i = 0; i < 6; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("arguments of rfm_table must not be null")));
	relid = PG_GETARG_OID(0);
	receiver.as_of = PG_GETARG_TIMESTAMPTZ(4);
	receiver.bins = PG_GETARG_INT32(5);
	check_arguments(receiver.as_of, receiver.bins);
	if (!get_rel_name(relid))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation with OID %u does not exist", relid)));
	receiver.store = result_store(fcinfo, &receiver.desc);
	id_number = get_attnum(relid, NameStr(*PG_GETARG_NAME(1)));
	id_type = id_number > 0 ? getBaseType(get_atttype(relid, id_number)) : InvalidOid;
	integer_id = id_type == INT8OID || id_type == INT4OID || id_type == INT2OID;
	id = column_expression(relid, PG_GETARG_NAME(1), integer_id ? INT8OID : TEXTOID, integer_id ? "pg_catalog.int8" : "pg_catalog.text");
	at = column_expression(relid, PG_GETARG_NAME(2), TIMESTAMPTZOID, "pg_catalog.timestamptz");
	amount = column_expression(relid, PG_GETARG_NAME(3), NUMERICOID, "pg_catalog.numeric");

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT %s.rfm_book(%s, %s, %s, $1) FROM %s o", schema, id, at, amount,
					 quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)), get_rel_name(relid)));
	params->params[0].value = TimestampTzGetDatum(receiver.as_of);
	params->params[0].isnull = false;
	params->params[0].pflags = PARAM_FLAG_CONST;
	params->params[0].ptype = TIMESTAMPTZOID;
	options.params = params;
	options.read_only = true;
	options.dest = &receiver.pub;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	SPI_execute_extended(query.data, &options);
	SPI_finish();
	return (Datum) 0;
}
