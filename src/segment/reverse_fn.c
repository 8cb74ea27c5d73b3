/*
 * reverse_fn.c: one row, all the segments of a mart that it is in: matching_segments. The definitions of a mart are put into the index over
 * predicates (match_index.h) once a session, for each sort of row, and kept up when a definition changes. What a leaf means is
 * settled by the same resolution as for SQL (resolve_fn.c); what the index cannot hold (events, patterns, ranks, places, attributes that are
 * not in the row) makes its segment a candidate, and the evaluator of match_fn.c decides.
 */
#include "reverse_fn.h"

#include <math.h>
#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/hsearch.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(crmseg_matching_segments);
PG_FUNCTION_INFO_V1(crmseg_segment_ids);
PG_FUNCTION_INFO_V1(crmseg_ids_without);
PG_FUNCTION_INFO_V1(crmseg_segment_looks_elsewhere);

extern Datum crmseg_in_segment(PG_FUNCTION_ARGS);

static reverse_index *indexes = NULL;

typedef struct by_id_entry
{
	int64		id;
	int			at;
} by_id_entry;

static void *
index_realloc(void *context, void *old, size_t size)
{
	if (size == 0)
	{
		if (old)
			pfree(old);
		return NULL;
	}
	return old ? repalloc_huge(old, size) : MemoryContextAllocHuge(context, size);
}

/* ---- definitions ---- */

static int
column_named(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped && strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) == 0)
			return i;
	return -1;
}

static bool
is_document(TupleDesc desc, int column)
{
	return column >= 0 && segment_class_of(TupleDescAttr(desc, column)->atttypid) == CLASS_JSON;
}

typedef struct lookup
{
	TupleDesc	desc;
	vocabulary *v;
	char	   *missing;
	int			members;		/* gone into; one that names itself is refused elsewhere */
} lookup;

/* an attribute of which neither the row nor the mart knows anything: what segment_resolve would refuse */
static bool
is_missing(const segment_node *n, const segment_node *parent, void *context)
{
	lookup	   *l = context;
	const vocabulary_attribute *a;
	StringInfoData name;
	int			c;

	/* those of an event are none of the row */
	if (n->kind != SEGMENT_ATTRIBUTE || l->missing)
		return false;
	c = column_named(l->desc, n->part[0].data);
	if (c >= 0)
	{
		if (n->parts > 1 && !is_document(l->desc, c))
			l->missing = segment_path_of(n);
		return false;
	}
	initStringInfo(&name);
	for (int i = 0; i < n->parts; i++)
		appendStringInfo(&name, "%s%s", i ? "." : "", n->part[i].data);
	if (l->v)
	{
		bool		has_key = column_named(l->desc, "party_id") >= 0;

		if (has_key && vocabulary_find_attribute(l->v, name.data))
			return false;
		a = vocabulary_find_attribute(l->v, n->part[0].data);
		if (has_key && a && n->parts > 1 && segment_class_of(a->type) == CLASS_JSON)
			return false;
		if (has_key && (n->parts > 1 || vocabulary_find_trait(l->v, name.data)) && (a = vocabulary_find_attribute(l->v, "traits")) && segment_class_of(a->type) == CLASS_JSON)
			return false;
	}
	if ((!l->v || n->parts > 1 || vocabulary_find_trait(l->v, name.data)) && is_document(l->desc, column_named(l->desc, "traits")))
		return false;
	l->missing = segment_path_of(n);
	return false;
}

/* walks conditions on the row only */
static void
look_up(const segment_node *n, lookup *l)
{
	check_stack_depth();
	is_missing(n, NULL, l);
	if (n->kind == SEGMENT_MEMBER && l->v && !l->missing && ++l->members < 1000)
	{
		segment_node *definition = vocabulary_find_segment(l->v, n->object.data);

		if (definition)
			look_up(definition, l);
	}
	for (uint32 i = 0; i < n->children; i++)
		if (!(n->kind == SEGMENT_DID || n->kind == SEGMENT_SEQUENCE || n->kind == SEGMENT_STOPPED || n->kind == SEGMENT_MEASURE || n->kind == SEGMENT_EDGE))
			look_up(n->child[i], l);
}

static void
put_definition(reverse_index *r, vocabulary *v, definition *d, uint32 at)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "crmseg definition", ALLOCSET_SMALL_SIZES),
				old = MemoryContextSwitchTo(scratch);
	segment_allocator memory = segment_memory(scratch);
	segment_error error;
	segment_node *tree = segment_parse(d->predicate, strlen(d->predicate), memory, &error);
	lookup		l = {.desc = r->desc, .v = v};
	segment_condition *c;
	Bitmapset  *columns;

	if (!tree)
		segment_raise(&error, d->predicate, NULL);
	look_up(tree, &l);
	if (l.missing)
	{
		ereport(DEBUG1, (errmsg("segment \"%s\" cannot be asked of such a row: unknown attribute %s", d->name, l.missing)));
		MemoryContextSwitchTo(old);
		MemoryContextDelete(scratch);
		return;
	}
	c = reverse_condition(r, v, tree, d->name, memory, &columns, &d->elsewhere, &d->ranked);
	segment_index_add(r->ix, at, c, memory);
	d->held = true;
	MemoryContextSwitchTo(r->context);
	bms_free(d->columns);
	d->columns = bms_copy(columns);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* Takes over what changed in the table of definitions. */
static void
read_definitions(reverse_index *r, vocabulary *v)
{
	char	   *sql = psprintf("SELECT d.segment_id, d.name, d.predicate, d.uses OPERATOR(pg_catalog.<>) '{}' FROM %s.segment_definition d ORDER BY 1", quote_identifier(v->name));

	for (int i = 0; i < r->definitions; i++)
		r->definition[i].seen = false;
	PushActiveSnapshot(GetTransactionSnapshot());	/* with what this transaction has just written */
	SPI_connect();
	if (SPI_execute(sql, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the segments of the mart");
	if (r->definitions == 0)
		segment_index_reserve(r->ix, (uint32) Min(SPI_processed, 10000000));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	t = SPI_tuptable->vals[i];
		bool		isnull,
					found,
					uses;
		int64		id = DatumGetInt64(SPI_getbinval(t, SPI_tuptable->tupdesc, 1, &isnull));
		char	   *name = SPI_getvalue(t, SPI_tuptable->tupdesc, 2),
				   *predicate = SPI_getvalue(t, SPI_tuptable->tupdesc, 3);
		by_id_entry *e = hash_search(r->by_id, &id, HASH_ENTER, &found);
		definition *d;

		CHECK_FOR_INTERRUPTS();
		uses = DatumGetBool(SPI_getbinval(t, SPI_tuptable->tupdesc, 4, &isnull));
		if (!found)
		{
			if (r->definitions == r->definition_room)
			{
				r->definition_room = r->definition_room ? r->definition_room * 2 : 64;
				r->definition = r->definition ? repalloc_huge(r->definition, r->definition_room * sizeof(definition)) :
					MemoryContextAllocHuge(r->context, r->definition_room * sizeof(definition));
				r->label = r->label ? repalloc_huge(r->label, r->definition_room * sizeof(Datum)) : MemoryContextAllocHuge(r->context, r->definition_room * sizeof(Datum));
			}
			e->at = r->definitions++;
			memset(&r->definition[e->at], 0, sizeof(definition));
			r->definition[e->at].id = id;
		}
		d = &r->definition[e->at];
		d->seen = true;
		if (d->predicate && strcmp(d->predicate, predicate) == 0 && strcmp(d->name, name) == 0 && !uses)
			continue;
		if (d->held)
			segment_index_remove(r->ix, (uint32) e->at);
		d->held = false;
		if (d->predicate)
		{
			pfree(d->predicate);
			pfree(d->name);
			pfree(DatumGetPointer(r->label[e->at]));
		}
		d->predicate = MemoryContextStrdup(r->context, predicate);
		d->name = MemoryContextStrdup(r->context, name);
		{
			MemoryContext old = MemoryContextSwitchTo(r->context);

			r->label[e->at] = CStringGetTextDatum(name);
			MemoryContextSwitchTo(old);
		}
		put_definition(r, v, d, (uint32) e->at);
	}
	SPI_finish();
	PopActiveSnapshot();
	for (int i = 0; i < r->definitions; i++)
	{
		definition *d = &r->definition[i];

		if (!d->seen && d->held)
		{
			segment_index_remove(r->ix, (uint32) i);
			d->held = false;
		}
		/* its number may come again */
		if (!d->seen && d->predicate)
		{
			pfree(d->predicate);
			d->predicate = NULL;
			pfree(d->name);
			d->name = NULL;
			pfree(DatumGetPointer(r->label[i]));
		}
	}
}

/* what the names of predicates mean, but for the definitions themselves */
static uint64
digest_of(const vocabulary *v)
{
	uint64		h = hash_bytes_extended((const unsigned char *) v->zone, strlen(v->zone), v->week_start);

#define DIGEST(s) ((s) ? h = hash_bytes_extended((const unsigned char *) (s), strlen(s), h) : 0)
	for (int i = 0; i < v->attributes; i++)
	{
		DIGEST(v->attribute[i].name);
		DIGEST(v->attribute[i].party_column);
		DIGEST(v->attribute[i].expression);
		h = hash_combine64(h, v->attribute[i].relation ^ (uint64) v->attribute[i].type << 32);
	}
	for (int i = 0; i < v->events; i++)
	{
		DIGEST(v->event[i].name);
		DIGEST(v->event[i].party_column);
	}
	for (int i = 0; i < v->traits; i++)
	{
		DIGEST(v->trait[i].key);
		h = hash_combine64(h, v->trait[i].kind * 2 + v->trait[i].is_multi);
	}
#undef DIGEST
	return h;
}

static void
drop_index(reverse_index *r)
{
	reverse_index **at = &indexes;

	while (*at && *at != r)
		at = &(*at)->next;
	if (*at)
		*at = r->next;
	MemoryContextDelete(r->context);
}

#define INDEXES_MAX 16

static reverse_index *
index_for(vocabulary *v, Oid type, int32 typmod)
{
	reverse_index *r;
	uint64		digest;
	int			n = 0;
	HASHCTL		ctl = {.keysize = sizeof(int64), .entrysize = sizeof(by_id_entry)};
	TupleDesc	desc;
	MemoryContext context;

	for (r = indexes; r; r = r->next, n++)
		if (r->schema == v->schema && r->type == type && r->typmod == typmod && r->user == GetUserId())
			break;
	if (r && r->generation == segment_generation())
		return r;
	digest = digest_of(v);
	desc = lookup_rowtype_tupdesc_domain(type, typmod, false);
	/* the row's type may have another shape now; generation 0 is one that an error left half done */
	if (r && (r->digest != digest || r->generation == 0 || !equalTupleDescs(r->desc, desc)))
	{
		drop_index(r);
		r = NULL;
	}
	if (!r)
	{
		if (n >= INDEXES_MAX)
		{
			reverse_index *last = indexes;

			while (last->next)
				last = last->next;
			drop_index(last);
		}
		context = AllocSetContextCreate(TopMemoryContext, "crmseg segments of a mart", ALLOCSET_DEFAULT_SIZES);
		r = MemoryContextAllocZero(context, sizeof(reverse_index));
		r->context = context;
		r->schema = v->schema;
		r->type = type;
		r->typmod = typmod;
		r->user = GetUserId();
		r->digest = digest;
		r->next = indexes;
		indexes = r;
		ctl.hcxt = context;
		r->by_id = hash_create("crmseg segments by number", 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		ctl.keysize = 256;
		ctl.entrysize = sizeof(reverse_name);
		r->names = hash_create("crmseg attributes of a row", 64, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
		r->ix = segment_index_new(index_realloc, context, reverse_compare);
		context = MemoryContextSwitchTo(context);
		r->desc = CreateTupleDescCopy(desc);
		context = MemoryContextSwitchTo(context);
		r->per_row = AllocSetContextCreate(context, "crmseg row", ALLOCSET_DEFAULT_SIZES);
	}
	ReleaseTupleDesc(desc);
	r->generation = 0;
	read_definitions(r, v);
	r->datum = r->datum ? repalloc(r->datum, Max(1, r->parts) * sizeof(segment_given)) : MemoryContextAlloc(r->context, Max(1, r->parts) * sizeof(segment_given));
	r->generation = segment_generation();
	return r;
}

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
	bool		row_only;		/* segments that look elsewhere are as they were, too */
} answering;

static bool
holds(void *context, uint32_t id)
{
	answering  *a = context;
	LOCAL_FCINFO(fcinfo, 3);
	Datum		result;

	CHECK_FOR_INTERRUPTS();
	if (a->before && (a->r->definition[id].ranked || (a->row_only && a->r->definition[id].elsewhere)))
	{
		const int64 *x = (const int64 *) ARR_DATA_PTR(a->before);

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

static void
found(void *context, uint32_t id)
{
	answering  *a = context;
	bool		isnull = false;

	tuplestore_putvalues(a->store, a->desc, &a->r->label[id], &isnull);
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
	a.r = index_for(v, HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
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

static ArrayType *
array_of_ids(const int64 *id, int n)
{
	Datum	   *d = palloc(sizeof(Datum) * Max(1, n));

	for (int i = 0; i < n; i++)
		d[i] = Int64GetDatum(id[i]);
	return construct_array(d, n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
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
	TimestampTz now = GetCurrentTransactionStartTimestamp(),
				clock = DT_NOBEGIN,
				clock_before = segment_clock;
	answering	a = {.mart = PG_GETARG_DATUM(0), .row = PointerGetDatum(header), .before = PG_GETARG_ARRAYTYPE_P(2)};
	HeapTupleData tuple;
	TupleDesc	desc;
	Datum		value[2];
	bool		isnull[2] = {false, false};
	MemoryContext old;
	TimestampTz due;

	if (PG_NARGS() > 3)
	{
		a.row_only = PG_GETARG_BOOL(4);
		if (PG_GETARG_TIMESTAMPTZ(3) != now)
			clock = now = PG_GETARG_TIMESTAMPTZ(3);
	}
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "a row is returned");
	a.r = index_for(v, HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	old = MemoryContextSwitchTo(a.r->per_row);
	reverse_read_row(a.r, &tuple, v, now);
	PG_TRY();
	{
		segment_clock = clock;
		segment_index_match(a.r->ix, a.r->datum, holds, found_id, &a);
	}
	PG_FINALLY();
	{
		segment_clock = clock_before;
	}
	PG_END_TRY();
	due = reverse_next_flip(a.r, v, now);
	qsort(a.id, a.ids, sizeof(int64), compare_int64);
	MemoryContextSwitchTo(old);
	value[0] = PointerGetDatum(array_of_ids(a.id, a.ids));
	value[1] = TimestampTzGetDatum(due);
	isnull[1] = TIMESTAMP_IS_NOEND(due);
	MemoryContextReset(a.r->per_row);
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
	PG_RETURN_ARRAYTYPE_P(array_of_ids(left, n));
}

/* segment_looks_elsewhere(mart name, row record, id bigint) -> bool: whether more than the row decides; NULL: the segment cannot be asked of such a row */
Datum
crmseg_segment_looks_elsewhere(PG_FUNCTION_ARGS)
{
	HeapTupleHeader header = PG_GETARG_HEAPTUPLEHEADER(1);
	int64		id = PG_GETARG_INT64(2);
	reverse_index *r = index_for(vocabulary_of_mart(NameStr(*PG_GETARG_NAME(0))), HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	by_id_entry *e = hash_search(r->by_id, &id, HASH_FIND, NULL);

	if (!e || !r->definition[e->at].held)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(r->definition[e->at].elsewhere);
}
