/*
 * upkeep_write_fn.c: the segments of some parties, looked at again: update_memberships and segments_touched. Their rows of party_segments are locked, so that of two sessions
 * which change one party the later sees what the earlier wrote; then each row of party_row is asked of the index over predicates, and what differs is written: party_segments
 * row by row here, and the stays of segment_member by stay_write_fn.c.
 */
#include "reverse_fn.h"

#include "mart/kept_plan.h"
#include "stay_write_fn.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(crmseg_update_memberships);
PG_FUNCTION_INFO_V1(crmseg_segments_touched);

extern Datum crmseg_segment_turns(PG_FUNCTION_ARGS);

#define PORTION 10000			/* parties at a time, for memory */

typedef struct upkeep
{
	vocabulary *v;
	Datum		mart;
	const char *m;				/* the schema, quoted */
	TimestampTz at;
	bool		present;		/* at is now */
	AttrNumber	list,			/* columns of party_segments: segments, due_at */
				due_at;
	uint64		changed;		/* what more than the row decides is looked at when it rests on one of these, by RESTS_ON */
	stays		come,
				gone;
	int64		entered,
				left;
} upkeep;

/* a party as it is locked */
typedef struct locked
{
	int64		party;
	ArrayType  *before;
	bool		has_due;
	TimestampTz due;
	ItemPointerData at;
} locked;

typedef struct found_row
{
	int64		party;
	int			at;				/* in the rows found */
} found_row;

static int
compare_rows(const void *a, const void *b)
{
	int64		x = ((const found_row *) a)->party,
				y = ((const found_row *) b)->party;

	return (x > y) - (x < y);
}

/* the rows of party_segments, locked in the order of parties; whether the clock of the mart stands at another instant */
static locked *
lock_parties(upkeep *u, Datum parties, int wanted, int *n, bool *simulated)
{
	Oid			types[1] = {INT8ARRAYOID};
	const char *sql = psprintf("SELECT s.party_id, s.segments, s.due_at, s.ctid, (SELECT k.simulated FROM %1$s.segment_upkeep k) FROM %1$s.party_segments s"
							   " WHERE s.party_id = ANY ($1) ORDER BY s.party_id FOR NO KEY UPDATE OF s", u->m);
	locked	   *all;

	if (run_kept(sql, 1, types, &parties, NULL) < wanted)
	{
		/* those of whom nothing was known */
		run_kept(psprintf("INSERT INTO %1$s.party_segments (party_id) SELECT p.party_id FROM %1$s.party p WHERE p.party_id = ANY ($1) AND p.kind <> 'unidentified'"
						  " AND NOT EXISTS (SELECT FROM %1$s.party_segments s WHERE s.party_id = p.party_id) ORDER BY 1 ON CONFLICT DO NOTHING", u->m), 1, types, &parties, NULL);
		run_kept(sql, 1, types, &parties, NULL);
	}
	*n = (int) SPI_processed;
	all = palloc(sizeof(locked) * Max(1, *n));
	for (int i = 0; i < *n; i++)
	{
		HeapTuple	t = SPI_tuptable->vals[i];
		bool		isnull;

		all[i].party = DatumGetInt64(SPI_getbinval(t, SPI_tuptable->tupdesc, 1, &isnull));
		all[i].before = DatumGetArrayTypeP(SPI_getbinval(t, SPI_tuptable->tupdesc, 2, &isnull));
		all[i].due = DatumGetTimestampTz(SPI_getbinval(t, SPI_tuptable->tupdesc, 3, &isnull));
		all[i].has_due = !isnull;
		ItemPointerCopy((ItemPointer) DatumGetPointer(SPI_getbinval(t, SPI_tuptable->tupdesc, 4, &isnull)), &all[i].at);
		*simulated = DatumGetBool(SPI_getbinval(t, SPI_tuptable->tupdesc, 5, &isnull));
	}
	return all;
}

/* the rows of party_row, and of each the first instant at which events or other relations may change something */
static const char *
rows_sql(upkeep *u)
{
	LOCAL_FCINFO(fcinfo, 1);
	Datum		turns;
	StringInfoData b;
	const char *p;

	InitFunctionCallInfoData(*fcinfo, NULL, 1, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = u->mart;
	fcinfo->args[0].isnull = false;
	turns = crmseg_segment_turns(fcinfo);
	initStringInfo(&b);
	appendStringInfoString(&b, "SELECT p.party_id, ");
	if (u->present)
		appendStringInfoString(&b, "p");
	else						/* the row says the age of today */
		appendStringInfo(&b, "jsonb_populate_record(p, jsonb_build_object('age', extract(year FROM age(($2 AT TIME ZONE %s)::date::timestamp, p.birth_date::timestamp))::integer))", quote_literal_cstr(u->v->zone));
	if (fcinfo->isnull)
	{
		appendStringInfo(&b, " FROM %s.party_row p WHERE p.party_id = ANY ($1) AND $2 IS NOT NULL", u->m);
		return b.data;
	}
	appendStringInfo(&b, ", w.due FROM %s.party_row p LEFT JOIN (", u->m);
	/* there $1 is the instant and $2 the parties */
	for (p = TextDatumGetCString(turns); *p; p++)
	{
		if (p[0] == '$' && (p[1] == '1' || p[1] == '2') && !(p[2] >= '0' && p[2] <= '9'))
		{
			appendStringInfo(&b, "$%c", p[1] == '1' ? '2' : '1');
			p++;
		}
		else
			appendStringInfoChar(&b, *p);
	}
	appendStringInfoString(&b, ") w ON w.party_id = p.party_id WHERE p.party_id = ANY ($1)");
	return b.data;
}

static bool
same_ids(const ArrayType *before, const int64 *id, int n)
{
	return ArrayGetNItems(ARR_NDIM(before), ARR_DIMS(before)) == n && (n == 0 || memcmp(ARR_DATA_PTR(before), id, n * sizeof(int64)) == 0);
}

/* what differs into the lists of stays, and the row of party_segments anew */
static void
compare_party(upkeep *u, row_writer *w, Relation segments, const locked *l, const int64 *id, int n, bool has_due, TimestampTz due)
{
	const int64 *before = (const int64 *) ARR_DATA_PTR(l->before);
	int			m = ArrayGetNItems(ARR_NDIM(l->before), ARR_DIMS(l->before));
	bool		same = same_ids(l->before, id, n);

	if (same && has_due == l->has_due && (!has_due || due == l->due))
		return;
	for (int i = 0, k = 0; !same && (i < m || k < n);)
		if (k == n || (i < m && before[i] < id[k]))
			stay_add(&u->gone, l->party, before[i++]);
		else if (i == m || id[k] < before[i])
			stay_add(&u->come, l->party, id[k++]);
		else
			i++, k++;
	if (!w->rel)
		row_writer_open(w, segments);
	row_writer_fetch(w, unconstify(ItemPointerData *, &l->at));
	if (!same)
		w->is->tts_values[u->list - 1] = PointerGetDatum(reverse_array_of_ids(id, n));
	w->is->tts_values[u->due_at - 1] = TimestampTzGetDatum(due);
	w->is->tts_isnull[u->due_at - 1] = !has_due;
	row_writer_update(w);
}

/* a portion of the parties; true when the clock of the mart stands elsewhere and is heeded */
static bool
look_again(upkeep *u, ArrayType *parties, bool heed_clock)
{
	Oid			types[2] = {INT8ARRAYOID, TIMESTAMPTZOID};
	Datum		values[2] = {PointerGetDatum(parties), TimestampTzGetDatum(u->at)};
	int			n,
				rows;
	bool		simulated = false;
	locked	   *all = lock_parties(u, values[0], ArrayGetNItems(ARR_NDIM(parties), ARR_DIMS(parties)), &n, &simulated);
	found_row  *row;
	SPITupleTable *table;
	row_writer	w = {0};
	Relation	segments;
	reverse_index *r = NULL;

	if (simulated && heed_clock)
		return true;
	if (n == 0)
		return false;
	rows = (int) run_kept(rows_sql(u), 2, types, values, NULL);
	table = SPI_tuptable;
	row = palloc(sizeof(found_row) * Max(1, rows));
	for (int i = 0; i < rows; i++)
	{
		bool		isnull;

		row[i] = (found_row) {DatumGetInt64(SPI_getbinval(table->vals[i], table->tupdesc, 1, &isnull)), i};
	}
	qsort(row, rows, sizeof(found_row), compare_rows);
	segments = table_open(get_relname_relid("party_segments", u->v->schema), RowExclusiveLock);
	u->list = get_attnum(RelationGetRelid(segments), "segments");
	u->due_at = get_attnum(RelationGetRelid(segments), "due_at");
	PushActiveSnapshot(GetTransactionSnapshot());
	u->come.n = u->gone.n = 0;
	for (int i = 0, k = 0; i < n; i++)
	{
		int64	   *id = NULL;
		int			ids = 0;
		TimestampTz due = DT_NOEND;

		CHECK_FOR_INTERRUPTS();
		while (k < rows && row[k].party < all[i].party)
			k++;
		/* of a party without a row there is nothing to be in */
		if (k < rows && row[k].party == all[i].party)
		{
			bool		isnull;
			HeapTupleHeader header = DatumGetHeapTupleHeader(SPI_getbinval(table->vals[row[k].at], table->tupdesc, 2, &isnull));

			if (!r)
				r = reverse_index_for(u->v, HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
			ids = reverse_answer(r, u->v, u->mart, header, all[i].before, u->at, all[i].has_due && all[i].due <= u->at && u->changed != 0 ? PG_UINT64_MAX : u->changed, &id, &due);
			if (table->tupdesc->natts > 2)
			{
				TimestampTz turn = DatumGetTimestampTz(SPI_getbinval(table->vals[row[k].at], table->tupdesc, 3, &isnull));

				if (!isnull && turn < due)
					due = turn;
			}
		}
		compare_party(u, &w, segments, &all[i], id, ids, due != DT_NOEND, due);
		if (r)
			MemoryContextReset(r->per_row);
	}
	if (w.rel)
	{
		row_writer_close(&w);
		CommandCounterIncrement();
	}
	PopActiveSnapshot();
	table_close(segments, NoLock);
	u->entered += u->come.n;
	u->left += u->gone.n;
	if (u->come.n + u->gone.n > 0)
		stay_changes_write(&(stay_changes) {.v = u->v, .m = u->m, .at = u->at, .come = u->come, .gone = u->gone});
	return false;
}

/* Of a table whose columns are none of the row's only what rests on it may differ, as long as time has changed nothing. */
static uint64
upkeep_changed(vocabulary *v, Oid relation)
{
	Oid			row = get_relname_relid("party_row", v->schema);
	reverse_index *r = OidIsValid(row) ? reverse_index_for(v, get_rel_type_id(row), -1) : NULL;
	Relation	rel;
	relevance  *of;

	if (!r || r->watch_all)
		return PG_UINT64_MAX;
	rel = try_relation_open(relation, AccessShareLock);
	if (!rel)
		return PG_UINT64_MAX;
	of = reverse_relevance(r, relation, RelationGetDescr(rel));
	relation_close(rel, NoLock);
	return of->in_row || of->reached == 0 ? PG_UINT64_MAX : of->reached;
}

static void
look_at_all(upkeep *u, ArrayType *parties, bool heed_clock)
{
	int			n = ArrayGetNItems(ARR_NDIM(parties), ARR_DIMS(parties));
	MemoryContext portion,
				old;

	if (ARR_NDIM(parties) > 1 || array_contains_nulls(parties))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("lists of numbers have one dimension and no NULL")));
	if (n == 0)
		return;
	u->m = quote_identifier(u->v->name);
	for (int from = 0; from < n; from += PORTION)
	{
		bool		elsewhere;

		SPI_connect();
		portion = AllocSetContextCreate(CurrentMemoryContext, "crmseg memberships", ALLOCSET_DEFAULT_SIZES);
		old = MemoryContextSwitchTo(portion);
		elsewhere = look_again(u, n <= PORTION ? parties : reverse_array_of_ids((const int64 *) ARR_DATA_PTR(parties) + from, Min(PORTION, n - from)), heed_clock);
		MemoryContextSwitchTo(old);
		if (elsewhere)
		{
			Oid			types[1] = {INT8ARRAYOID};
			Datum		values[1] = {PointerGetDatum(parties)};

			/* they are looked at by the next refresh */
			run_kept(psprintf("UPDATE %s.party_segments SET due_at = '-infinity' WHERE party_id = ANY ($1)", u->m), 1, types, values, NULL);
			from = n;
		}
		u->come = u->gone = (stays) {0};
		SPI_finish();
	}
}

/* segments_touched(mart name, parties bigint[], relation regclass) */
Datum
crmseg_segments_touched(PG_FUNCTION_ARGS)
{
	upkeep		u = {.v = vocabulary_of_mart(NameStr(*PG_GETARG_NAME(0))), .mart = PG_GETARG_DATUM(0), .at = GetCurrentTransactionStartTimestamp(), .present = true};

	u.changed = upkeep_changed(u.v, PG_GETARG_OID(2));
	look_at_all(&u, PG_GETARG_ARRAYTYPE_P(1), true);
	PG_RETURN_VOID();
}

/* update_memberships(mart name, parties bigint[], at timestamptz, row_only bool) -> (entered bigint, left_ bigint) */
Datum
crmseg_update_memberships(PG_FUNCTION_ARGS)
{
	upkeep		u = {.v = vocabulary_of_mart(NameStr(*PG_GETARG_NAME(0))), .mart = PG_GETARG_DATUM(0), .at = PG_GETARG_TIMESTAMPTZ(2), .changed = PG_GETARG_BOOL(3) ? 0 : PG_UINT64_MAX};
	TupleDesc	desc;
	Datum		value[2];
	bool		isnull[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "a row is returned");
	u.present = u.at == GetCurrentTransactionStartTimestamp();
	look_at_all(&u, PG_GETARG_ARRAYTYPE_P(1), false);
	value[0] = Int64GetDatum(u.entered);
	value[1] = Int64GetDatum(u.left);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), value, isnull)));
}
