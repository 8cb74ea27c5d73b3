/*
 * reverse_fn.c: one row, all the segments of a mart that it is in: matching_segments, from the index that reverse_index_fn.c keeps. What the index
 * cannot hold (events, ranks, places, attributes that are not in the row) is a candidate, and the evaluator of match_fn.c decides.
 */
#include "reverse_fn.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(crmseg_matching_segments);
PG_FUNCTION_INFO_V1(crmseg_segment_ids);
PG_FUNCTION_INFO_V1(crmseg_ids_without);
PG_FUNCTION_INFO_V1(crmseg_segment_looks_elsewhere);

extern Datum crmseg_in_segment(PG_FUNCTION_ARGS);

typedef struct answering
{
	reverse_index *r;
	Datum		mart;
	Datum		row;
	Tuplestorestate *store;
	TupleDesc	desc;
	/* or as numbers; the ranks are as they were */
	ArrayType  *before;
	int64	   *id;
	int			ids,
				id_room;
	uint64		changed;		/* segments that look elsewhere, but into none of these relations (all bits: anything), are as they were, too */
} answering;

static bool
holds(void *context, uint32_t id)
{
	answering  *a = context;
	LOCAL_FCINFO(fcinfo, 3);
	Datum		result;

	CHECK_FOR_INTERRUPTS();
	if (a->before && (a->r->definition[id].ranked || (a->changed != PG_UINT64_MAX && a->r->definition[id].elsewhere && !(a->r->definition[id].rests & a->changed))))
	{
		const int64 *x = (const int64 *) ARR_DATA_PTR(a->before);

		/* whoever calls segment_ids may give them in any order */
		for (int i = ArrayGetNItems(ARR_NDIM(a->before), ARR_DIMS(a->before)); i-- > 0;)
			if (x[i] == a->r->definition[id].id)
				return true;
		return false;
	}
	if (!a->r->in_segment.fn_addr)
	{
		a->r->in_segment.fn_addr = crmseg_in_segment;
		a->r->in_segment.fn_nargs = 3;
		a->r->in_segment.fn_mcxt = a->r->context;
	}
	InitFunctionCallInfoData(*fcinfo, &a->r->in_segment, 3, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = a->mart;
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = a->row;
	fcinfo->args[1].isnull = a->row == (Datum) 0;
	fcinfo->args[2].value = a->r->label[id];
	fcinfo->args[2].isnull = false;
	result = FunctionCallInvoke(fcinfo);
	return !fcinfo->isnull && DatumGetBool(result);
}

/* a row of one text, laid out here: two hundred a call are most of its time, and a label lies ready but for the head before it */
static void
found(void *context, uint32_t id)
{
	answering  *a = context;
	reverse_index *r = a->r;
	const char *label = DatumGetPointer(r->label[id]);
	Size		hoff = MAXALIGN(SizeofHeapTupleHeader) - MINIMAL_TUPLE_OFFSET,
				len = hoff + VARSIZE(label);

	if (len > r->answer_room)
	{
		r->answer_room = len + 64;
		r->answer = r->answer ? repalloc(r->answer, r->answer_room) : MemoryContextAlloc(r->context, r->answer_room);
		memset(r->answer, 0, hoff);
		r->answer->t_infomask = HEAP_HASVARWIDTH;
		r->answer->t_infomask2 = 1;
		r->answer->t_hoff = MAXALIGN(SizeofHeapTupleHeader);
	}
	if (!r->answer_slot)
	{
		MemoryContext old = MemoryContextSwitchTo(r->context);

		r->answer_slot = MakeSingleTupleTableSlot(CreateTupleDescCopy(a->desc), &TTSOpsMinimalTuple);
		MemoryContextSwitchTo(old);
	}
	r->answer->t_len = len;
	memcpy((char *) r->answer + hoff, label, VARSIZE(label));
	ExecStoreMinimalTuple(r->answer, r->answer_slot, false);
	tuplestore_puttupleslot(a->store, r->answer_slot);
}

/* matching_segments(mart name, row record) -> setof text: the names of all segments of the mart that the row is in, in no order */
Datum
crmseg_matching_segments(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	HeapTupleHeader header;
	HeapTupleData tuple;
	answering	a = {0};
	vocabulary *v;
	MemoryContext old;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	header = PG_GETARG_HEAPTUPLEHEADER(1);
	v = vocabulary_of_mart(NameStr(*PG_GETARG_NAME(0)));
	a.r = reverse_index_for(v, HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	a.mart = PG_GETARG_DATUM(0);
	a.row = PointerGetDatum(header);
	a.store = rsinfo->setResult;
	a.desc = rsinfo->setDesc;
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	old = MemoryContextSwitchTo(a.r->per_row);
	reverse_read_row(a.r, &tuple, v, GetCurrentTransactionStartTimestamp());
	segment_index_match(a.r->ix, a.r->datum, holds, found, &a);
	MemoryContextSwitchTo(old);
	MemoryContextReset(a.r->per_row);
	PG_RETURN_NULL();
}

static void
found_id(void *context, uint32_t id)
{
	answering  *a = context;

	if (a->ids == a->id_room)
	{
		a->id_room = a->id_room ? a->id_room * 2 : 256;
		a->id = a->id ? repalloc(a->id, a->id_room * sizeof(int64)) : palloc(a->id_room * sizeof(int64));
	}
	a->id[a->ids++] = a->r->definition[id].id;
}

static int
compare_int64(const void *a, const void *b)
{
	int64		x = *(const int64 *) a,
				y = *(const int64 *) b;

	return (x > y) - (x < y);
}

void
reverse_sort_ids(int64 *id, int n)
{
	qsort(id, n, sizeof(int64), compare_int64);
}

bool
reverse_is_among(const ArrayType *ids, int64 id)
{
	return bsearch(&id, ARR_DATA_PTR(ids), ArrayGetNItems(ARR_NDIM(ids), ARR_DIMS(ids)), sizeof(int64), compare_int64) != NULL;
}

ArrayType *
reverse_array_of_ids(const int64 *id, int n)
{
	Datum	   *d = palloc(sizeof(Datum) * Max(1, n));

	for (int i = 0; i < n; i++)
		d[i] = Int64GetDatum(id[i]);
	return construct_array(d, n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
}

int
reverse_answer(reverse_index *r, vocabulary *v, Datum mart, HeapTupleHeader row, ArrayType *before, TimestampTz at, uint64 changed, int64 **ids, TimestampTz *due)
{
	TimestampTz clock_before = segment_clock;
	answering	a = {.r = r, .mart = mart, .row = PointerGetDatum(row), .before = before, .changed = changed};
	HeapTupleData tuple;
	MemoryContext old;

	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	old = MemoryContextSwitchTo(r->per_row);
	reverse_read_row(r, &tuple, v, at);
	PG_TRY();
	{
		segment_clock = at == GetCurrentTransactionStartTimestamp() ? DT_NOBEGIN : at;
		segment_index_match(r->ix, r->datum, holds, found_id, &a);
	}
	PG_FINALLY();
	{
		segment_clock = clock_before;
	}
	PG_END_TRY();
	*due = reverse_next_flip(r, v, at);
	qsort(a.id, a.ids, sizeof(int64), compare_int64);
	MemoryContextSwitchTo(old);
	*ids = a.id;
	return a.ids;
}

/*
 * segment_ids(mart name, row record, before bigint[] [, at timestamptz, row_only bool]) -> (ids bigint[], due timestamptz): their numbers ascending, and
 * when time alone may change them
 */
Datum
crmseg_segment_ids(PG_FUNCTION_ARGS)
{
	HeapTupleHeader header = PG_GETARG_HEAPTUPLEHEADER(1);
	vocabulary *v = vocabulary_of_mart(NameStr(*PG_GETARG_NAME(0)));
	bool		has_more = PG_NARGS() > 3;
	TupleDesc	desc;
	reverse_index *r;
	Datum		value[2];
	bool		isnull[2] = {false, false};
	int64	   *id;
	int			n;
	TimestampTz due;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "a row is returned");
	r = reverse_index_for(v, HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	n = reverse_answer(r, v, PG_GETARG_DATUM(0), header, PG_GETARG_ARRAYTYPE_P(2), has_more ? PG_GETARG_TIMESTAMPTZ(3) : GetCurrentTransactionStartTimestamp(), has_more && PG_GETARG_BOOL(4) ? 0 : PG_UINT64_MAX, &id, &due);
	value[0] = PointerGetDatum(reverse_array_of_ids(id, n));
	value[1] = TimestampTzGetDatum(due);
	isnull[1] = TIMESTAMP_IS_NOEND(due);
	MemoryContextReset(r->per_row);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), value, isnull)));
}

/* ids_without(a bigint[], b bigint[]) -> bigint[]: of two ascending lists what is in the first only; NULL is empty */
Datum
crmseg_ids_without(PG_FUNCTION_ARGS)
{
	ArrayType  *a = PG_ARGISNULL(0) ? NULL : PG_GETARG_ARRAYTYPE_P(0),
			   *b = PG_ARGISNULL(1) ? NULL : PG_GETARG_ARRAYTYPE_P(1);
	int			na,
				nb,
				n = 0;
	const int64 *x,
			   *y;
	int64	   *left;

	if (!a)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(INT8OID));
	if (ARR_NDIM(a) > 1 || (b && ARR_NDIM(b) > 1) || array_contains_nulls(a) || (b && array_contains_nulls(b)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("lists of numbers have one dimension and no NULL")));
	na = ArrayGetNItems(ARR_NDIM(a), ARR_DIMS(a));
	nb = b ? ArrayGetNItems(ARR_NDIM(b), ARR_DIMS(b)) : 0;
	x = (const int64 *) ARR_DATA_PTR(a);
	y = b ? (const int64 *) ARR_DATA_PTR(b) : NULL;
	left = palloc(sizeof(int64) * Max(1, na));
	for (int i = 0, j = 0; i < na; i++)
	{
		while (j < nb && y[j] < x[i])
			j++;
		if (j == nb || y[j] != x[i])
			left[n++] = x[i];
	}
	PG_RETURN_ARRAYTYPE_P(reverse_array_of_ids(left, n));
}

/* segment_looks_elsewhere(mart name, row record, id bigint) -> bool: whether more than the row decides; NULL: the segment cannot be asked of such a row */
Datum
crmseg_segment_looks_elsewhere(PG_FUNCTION_ARGS)
{
	HeapTupleHeader header = PG_GETARG_HEAPTUPLEHEADER(1);
	int64		id = PG_GETARG_INT64(2);
	reverse_index *r = reverse_index_for(vocabulary_of_mart(NameStr(*PG_GETARG_NAME(0))), HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	int			at = reverse_find(r, id);

	if (at < 0 || !r->definition[at].held)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(r->definition[at].elsewhere);
}
