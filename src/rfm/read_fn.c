/*
 * read_fn.c: rfm_table and rfm_scopes, the scores of every customer of any table of orders. The orders are read by a plain query with the
 * rights of the caller, so that privileges and row-level security hold. Where the server would read in parallel, or elsewhere, its query
 * is the aggregate rfm_book; else the rows of a plain scan go straight into a book. When there are more customers than a book should
 * hold, they are taken by parts, told apart by a hash of the id, one reading each. table_fn.c makes the rows.
 */
#include "rfm_private.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "nodes/plannodes.h"
#include "optimizer/cost.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "table_private.h"

#define PARTS_MAX (1u << 16)

/* what receives the orders, or the one row that holds their book */
typedef struct Reading
{
	DestReceiver pub;
	int64		as_of;
	bool		text_ids,
				scoped;
	MemoryContext context;
	Book	   *book;
	uint32		part,
				parts;
	uint64		most;			/* customers of one reading */
	rfm_book	names;			/* scopes: amount is the place in scope, from 1 */
	Book	  **scope;
	int			scopes,
				scope_room;
	rfm_cell   *last;			/* the scope of the last order */
} Reading;

static void *
names_allocate(void *context, size_t size)
{
	return MemoryContextAllocExtended(context, size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* the book of a scope, made when first met */
static Book *
scope_book(Reading *r, Datum name)
{
	text	   *t = DatumGetTextPP(name);
	uint32		len = VARSIZE_ANY_EXHDR(t),
				last_len = 0;
	rfm_cell   *c = r->last;
	const char *last = c ? rfm_book_key(&r->names, c, &last_len) : NULL;

	if (!last || len != last_len || memcmp(last, VARDATA_ANY(t), len) != 0)
	{
		if (rfm_book_find_text(&r->names, VARDATA_ANY(t), len, &c) != RFM_OK)
			ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("too many scopes")));
		if (c->amount == 0)
		{
			if (r->scopes == r->scope_room)
			{
				r->scope_room = Max(16, r->scope_room * 2);
				r->scope = r->scope ? repalloc_huge(r->scope, sizeof(Book *) * r->scope_room) :
					MemoryContextAllocHuge(r->context, sizeof(Book *) * r->scope_room);
			}
			r->scope[r->scopes++] = book_new(r->context, r->text_ids, 0);
			c->amount = r->scopes;
		}
		r->last = c;
	}
	if ((Pointer) t != DatumGetPointer(name))
		pfree(t);
	return r->scope[c->amount - 1];
}

/* one order: customer, time, amount, and the scope; with a NULL among them, or after as_of, it does not count */
static bool
receive_order(TupleTableSlot *slot, DestReceiver *self)
{
	Reading    *r = (Reading *) self;
	int64		at;
	Datum		amount;
	Book	   *book = r->book;

	slot_getallattrs(slot);
	if (slot->tts_isnull[0] || slot->tts_isnull[1] || slot->tts_isnull[2] || (r->scoped && slot->tts_isnull[3]))
		return true;
	at = DatumGetTimestampTz(slot->tts_values[1]);
	if (unlikely(TIMESTAMP_NOT_FINITE(at)))
		book_bad_time();
	if (at > r->as_of)
		return true;
	if (r->scoped)
		book = scope_book(r, slot->tts_values[3]);
	amount = PointerGetDatum(PG_DETOAST_DATUM_PACKED(slot->tts_values[2]));
	if (!r->text_ids)
	{
		int64		id = DatumGetInt64(slot->tts_values[0]);

		if (likely(r->parts == 1) || rfm_part_of(id, r->parts) == r->part)
			book_add(book, id, at, amount);
	}
	else
	{
		text	   *id = DatumGetTextPP(slot->tts_values[0]);

		if (likely(r->parts == 1) || rfm_part_of_text(VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id), r->parts) == r->part)
			book_add_text(book, VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id), at, amount);
		if ((Pointer) id != DatumGetPointer(slot->tts_values[0]))
			pfree(id);
	}
	if (amount != slot->tts_values[2])
		pfree(DatumGetPointer(amount));
	if (unlikely(book->b.used > r->most) && !r->scoped && r->part == 0 && r->parts < PARTS_MAX)
	{
		/* half of the customers wait for another reading */
		r->parts *= 2;
		book_keep_part(book, 0, r->parts);
	}
	return true;
}

/* the one row of the aggregate, while its book is still in the executor's hands */
typedef struct BookReceiver
{
	DestReceiver pub;
	RfmOut	   *out;
	int64		as_of;
} BookReceiver;

static bool
receive_book(TupleTableSlot *slot, DestReceiver *self)
{
	BookReceiver *r = (BookReceiver *) self;
	bool		isnull;
	Datum		book = slot_getattr(slot, 1, &isnull);
	BookView	v;

	if (!isnull)
	{
		book_view(book, &v);
		table_book(r->out, &v, NULL, 0, r->as_of);
	}
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

/* the column as an expression of the type wanted, by a cast when it has another */
static char *
column_expression(Oid relid, Name column, Oid as_it_is, const char *cast)
{
	AttrNumber	number = get_attnum(relid, NameStr(*column));

	if (number <= 0)
		ereport(ERROR, (errcode(CRMSEG_UNKNOWN_NAME), errmsg("column \"%s\" of relation \"%s\" does not exist", NameStr(*column), get_rel_name(relid)),
						errhint("The columns are those of customer, time and amount, in this order.")));
	return psprintf(getBaseType(get_atttype(relid, number)) == as_it_is ? "o.%s" : "o.%s::%s", quote_identifier(NameStr(*column)), cast);
}

/* about how many values a column has, as far as statistics say; 0 when they do not */
static double
distinct_values(Oid relid, AttrNumber column)
{
	HeapTuple	class = SearchSysCache1(RELOID, ObjectIdGetDatum(relid)),
				stats;
	double		rows = 0,
				distinct = 0;

	if (HeapTupleIsValid(class))
	{
		rows = Max(((Form_pg_class) GETSTRUCT(class))->reltuples, 0);
		ReleaseSysCache(class);
	}
	for (int inherit = 0; inherit < 2 && distinct == 0; inherit++)
	{
		stats = SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(relid), Int16GetDatum(column), BoolGetDatum(inherit == 1));
		if (HeapTupleIsValid(stats))
		{
			distinct = ((Form_pg_statistic) GETSTRUCT(stats))->stadistinct;
			ReleaseSysCache(stats);
		}
	}
	return distinct < 0 ? -distinct * rows : distinct;
}

/* whether the plan of the aggregate reads in this process alone, so that its rows may as well be taken from a plain scan */
static bool
is_serial(SPIPlanPtr plan)
{
	CachedPlan *cached = SPI_plan_get_cached_plan(plan);
	bool		serial = false;

	if (cached)
	{
		PlannedStmt *statement = linitial_node(PlannedStmt, cached->stmt_list);

		serial = !statement->parallelModeNeeded && statement->planTree && IsA(statement->planTree, Agg);
		ReleaseCachedPlan(cached, NULL);	/* of a plan that is not saved nobody owns the reference */
	}
	return serial;
}

static void
execute(SPIPlanPtr plan, ParamListInfo params, DestReceiver *dest)
{
	SPIExecuteOptions options = {0};

	options.params = params;
	options.read_only = true;
	options.dest = dest;
	if (SPI_execute_plan_extended(plan, &options) < 0)
		elog(ERROR, "could not read the orders");
}

static SPIPlanPtr
prepare(const char *query, int nargs, int options)
{
	Oid			types[1] = {TIMESTAMPTZOID};
	SPIPlanPtr	plan = SPI_prepare_cursor(query, nargs, types, options);

	if (!plan)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	return plan;
}

/*
 * Part by part: the measures of all customers are gathered for the cuts, and their rows wait without scores, on disk when they are many;
 * then each is scored. The first part has been read, and may be the only one.
 */
static void
read_parts(Reading *r, SPIPlanPtr plan, RfmOut *out)
{
	RfmOut		waiting = *out;
	struct Sample *sample = sample_new(r->context, out->bins, COUNT_PURCHASES, AMOUNT_NET, 1024);
	RfmCuts    *cuts;
	TupleTableSlot *slot = MakeSingleTupleTableSlot(out->desc, &TTSOpsMinimalTuple);
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext, "rfm_table row", ALLOCSET_SMALL_SIZES),
				old;

	waiting.store = tuplestore_begin_heap(false, false, work_mem);
	for (;;)
	{
		BookView	v;

		book_view_of(r->book, &v);
		old = MemoryContextSwitchTo(row_context);
		for (uint64 i = 0; i < v.slots; i++)
		{
			const rfm_cell *c = &v.cell[i];
			char		digits[MAXINT8LEN + 1];
			uint32		len;
			const char *id = digits;
			Numeric		amount;
			int64		value = 0;
			int			scale = 0;
			bool		small;

			if ((i & 0xFFF) == 0)
				CHECK_FOR_INTERRUPTS();
			if (c->purchases == 0)
				continue;
			if (r->text_ids)
				id = rfm_book_key(&r->book->b, c, &len);
			else
				len = pg_lltoa(c->id, digits);
			amount = book_amount(r->book, c);
			small = rfm_small(amount, &value, &scale);
			sample_push(sample, rfm_age_at(c->last_at, r->as_of), c->purchases, amount, small, value, scale);
			table_put(&waiting, NULL, 0, id, len, c->last_at, c->purchases, VARDATA_ANY(amount), VARSIZE_ANY_EXHDR(amount), 1, 1, 1);
			MemoryContextReset(row_context);
		}
		MemoryContextSwitchTo(old);
		MemoryContextDelete(r->book->hdr.eoh_context);
		if (++r->part == r->parts)
			break;
		r->book = book_new(r->context, r->text_ids, 0);
		execute(plan, NULL, &r->pub);
	}
	cuts = sample_cuts(sample);
	while (cuts && tuplestore_gettupleslot(waiting.store, true, false, slot))
	{
		Datum	   *v;
		text	   *id;
		Numeric		amount;
		int			score;

		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		v = slot->tts_values;
		old = MemoryContextSwitchTo(row_context);
		id = DatumGetTextPP(v[0]);
		amount = (Numeric) PG_DETOAST_DATUM_PACKED(v[3]);
		score = cuts_score(cuts, DatumGetTimestampTz(v[1]), DatumGetInt64(v[2]), DatumGetNumeric(v[3]), r->as_of);
		table_put(out, NULL, 0, VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id), DatumGetTimestampTz(v[1]), DatumGetInt64(v[2]),
				  VARDATA_ANY(amount), VARSIZE_ANY_EXHDR(amount), RFM_R(score), RFM_F(score), RFM_M(score));
		MemoryContextSwitchTo(old);
		MemoryContextReset(row_context);
	}
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_end(waiting.store);
}

PG_FUNCTION_INFO_V1(crmseg_rfm_table);
PG_FUNCTION_INFO_V1(crmseg_rfm_scopes);

static Datum
read_table(FunctionCallInfo fcinfo, bool scoped)
{
	int			first = scoped ? 2 : 1,
				last = first + 5;
	Reading		r = {{receive_order, receiver_startup, receiver_done, receiver_done, DestNone}};
	RfmOut		out;
	Oid			relid,
				id_type;
	AttrNumber	id_number;
	const char *most;
	char	   *id,
			   *at,
			   *amount,
			   *scope = "",
			   *relation;
	SPIPlanPtr	plan = NULL;
	bool		serial = scoped;
	int			nest = NewGUCNestLevel();

	for (int i = 0; i < last; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("arguments of %s must not be null", scoped ? "rfm_scopes" : "rfm_table")));
	relid = PG_GETARG_OID(0);
	r.as_of = PG_GETARG_TIMESTAMPTZ(last - 2);
	table_check(r.as_of, PG_GETARG_INT32(last - 1));
	if (!get_rel_name(relid))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation with OID %u does not exist", relid)));
	table_begin(fcinfo, &out, PG_GETARG_INT32(last - 1));
	id_number = get_attnum(relid, NameStr(*PG_GETARG_NAME(first)));
	id_type = id_number > 0 ? getBaseType(get_atttype(relid, id_number)) : InvalidOid;
	r.text_ids = id_type != INT8OID && id_type != INT4OID && id_type != INT2OID;
	id = column_expression(relid, PG_GETARG_NAME(first), r.text_ids ? TEXTOID : INT8OID, r.text_ids ? "pg_catalog.text" : "pg_catalog.int8");
	at = column_expression(relid, PG_GETARG_NAME(first + 1), TIMESTAMPTZOID, "pg_catalog.timestamptz");
	amount = column_expression(relid, PG_GETARG_NAME(first + 2), NUMERICOID, "pg_catalog.numeric");
	if (scoped)
		scope = psprintf(", %s", column_expression(relid, PG_GETARG_NAME(1), TEXTOID, "pg_catalog.text"));
	relation = quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)), get_rel_name(relid));
	most = GetConfigOption("crmseg.rfm_customers", true, false);
	r.most = most && atoll(most) > 0 ? Min((uint64) atoll(most), RFM_BOOK_MAX / 4 * 3) : RFM_BOOK_MAX / 4 * 3;
	r.scoped = scoped;
	r.part = 0, r.parts = 1;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	r.context = AllocSetContextCreate(CurrentMemoryContext, "rfm_table", ALLOCSET_DEFAULT_SIZES);
	if (!serial && distinct_values(relid, id_number) <= r.most)
	{
		/* two workers have two books to merge; a leader that read too would add a third, and have the processors share them */
		if (max_parallel_workers_per_gather > 1)
			(void) set_config_option("parallel_leader_participation", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
		char	   *schema = quote_qualified_identifier(NULL, get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid)));

		plan = prepare(psprintf("SELECT %s.rfm_book(%s, %s, %s, $1) FROM %s o", schema, id, at, amount, relation), 1, CURSOR_OPT_PARALLEL_OK);
		serial = is_serial(plan);
	}
	else
		serial = true;
	if (!serial)
	{
		BookReceiver whole = {{receive_book, receiver_startup, receiver_done, receiver_done, DestNone}, &out, r.as_of};
		ParamListInfo params = makeParamList(1);

		params->params[0].value = TimestampTzGetDatum(r.as_of);
		params->params[0].isnull = false;
		params->params[0].pflags = PARAM_FLAG_CONST;
		params->params[0].ptype = TIMESTAMPTZOID;
		execute(plan, params, &whole.pub);
	}
	else
	{
		BookView	v;

		if (scoped)
		{
			r.names.allocate = names_allocate, r.names.release = pfree, r.names.context = r.context;
			rfm_book_init(&r.names, true, 0);
		}
		else
			r.book = book_new(r.context, r.text_ids, 0);
		plan = prepare(psprintf("SELECT %s, %s, %s%s FROM %s o", id, at, amount, scope, relation), 0, 0);
		execute(plan, NULL, &r.pub);
		if (!scoped && r.parts == 1)
		{
			book_view_of(r.book, &v);
			table_book(&out, &v, NULL, 0, r.as_of);
		}
		else if (!scoped)
			read_parts(&r, plan, &out);
		for (uint64 i = 0; scoped && i < r.names.slots; i++)
			if (r.names.cell[i].tag != 0)
			{
				uint32		len;
				const char *name = rfm_book_key(&r.names, &r.names.cell[i], &len);

				book_view_of(r.scope[r.names.cell[i].amount - 1], &v);
				table_book(&out, &v, name, len, r.as_of);
			}
	}
	SPI_finish();
	AtEOXact_GUC(true, nest);
	return (Datum) 0;
}

/* rfm_table(orders, party_column, time_column, amount_column, as_of, bins) */
Datum
crmseg_rfm_table(PG_FUNCTION_ARGS)
{
	return read_table(fcinfo, false);
}

/* rfm_scopes(orders, scope_column, party_column, time_column, amount_column, as_of, bins) */
Datum
crmseg_rfm_scopes(PG_FUNCTION_ARGS)
{
	return read_table(fcinfo, true);
}
