/*
 * upkeep_write_fn.c: the segments of some parties, looked at again: update_memberships and segments_touched. Their rows of party_segments are locked, so that of two sessions
 * which change one party the later sees what the earlier wrote; then each row of party_row is asked of the index over predicates, and what differs is written: party_segments
 * and the stays of segment_member. That goes row by row to the tables and their indexes, as a worker of logical replication writes, with their constraints; the two
 * references of a stay are checked for all stays at once. Where the user has put triggers or columns onto segment_member it goes by SQL instead.
 */
#include "reverse_fn.h"

#include "mart/kept_plan.h"
#include "mart/without_checks.h"
#include "segment_set_fn.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(crmseg_update_memberships);
PG_FUNCTION_INFO_V1(crmseg_segments_touched);

extern Datum crmseg_segment_turns(PG_FUNCTION_ARGS);

#define PORTION 10000			/* parties at a time, for memory */

typedef struct stays
{
	int64	   *party,
			   *id;
	int			n,
				room;
} stays;

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

static void
add_stay(stays *s, int64 party, int64 id)
{
	if (s->n == s->room)
	{
		s->room = s->room ? s->room * 2 : 64;
		s->party = s->party ? repalloc_huge(s->party, s->room * sizeof(int64)) : palloc(s->room * sizeof(int64));
		s->id = s->id ? repalloc_huge(s->id, s->room * sizeof(int64)) : palloc(s->room * sizeof(int64));
	}
	s->party[s->n] = party;
	s->id[s->n++] = id;
}

/* ---- tables written row by row ---- */

typedef struct writer
{
	Relation	rel;
	EState	   *estate;
	ResultRelInfo *result;
	EPQState	epq;
	TupleTableSlot *was,
			   *is;
	WithoutChecks checks;
} writer;

/* the references of a stay, which lock_references has checked */
static bool
is_reference(const Trigger *t, Relation relation, bool is_own, void *arg)
{
	return is_own && (t->tgfoid == F_RI_FKEY_CHECK_INS || t->tgfoid == F_RI_FKEY_CHECK_UPD);
}

/* nothing but what a mart makes: then rows can be written past the planner; has_sets: sets follow it, which must be told */
static bool
is_plain(Relation rel, int columns, bool *has_sets)
{
	*has_sets = false;
	if (rel->rd_rel->relkind != RELKIND_RELATION || rel->rd_rel->relispartition || rel->rd_rel->relhassubclass || rel->rd_rel->relhasrules || rel->rd_rel->relrowsecurity || RelationGetDescr(rel)->natts != columns)
		return false;
	for (int i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
		if (!rel->trigdesc->triggers[i].tgisinternal)
		{
			if (!segment_set_is_trigger(&rel->trigdesc->triggers[i]))
				return false;
			*has_sets = true;
		}
	return true;
}

static void
open_writer(writer *w, Relation rel)
{
	memset(w, 0, sizeof(*w));
	w->rel = rel;
	w->estate = CreateExecutorState();
	w->estate->es_snapshot = GetActiveSnapshot();
	w->result = makeNode(ResultRelInfo);
	InitResultRelInfo(w->result, rel, 0, NULL, 0);
	w->estate->es_opened_result_relations = lappend(w->estate->es_opened_result_relations, w->result);
	w->checks.is_proved = is_reference;
	without_checks_filter(&w->checks, w->result, true);
	ExecOpenIndices(w->result, false);
	w->was = MakeSingleTupleTableSlot(RelationGetDescr(rel), table_slot_callbacks(rel));
	w->is = MakeSingleTupleTableSlot(RelationGetDescr(rel), &TTSOpsVirtual);
	AfterTriggerBeginQuery();
}

static void
close_writer(writer *w)
{
	AfterTriggerEndQuery(w->estate);
	ExecDropSingleTupleTableSlot(w->was);
	ExecDropSingleTupleTableSlot(w->is);
	ExecCloseIndices(w->result);
	ExecResetTupleTable(w->estate->es_tupleTable, false);
	FreeExecutorState(w->estate);
}

/* the row at a place into w->was, its values into w->is */
static void
fetch(writer *w, ItemPointer at)
{
	if (!table_tuple_fetch_row_version(w->rel, at, SnapshotAny, w->was))
		elog(ERROR, "a row of \"%s\" is gone", RelationGetRelationName(w->rel));
	slot_getallattrs(w->was);
	ExecClearTuple(w->is);
	memcpy(w->is->tts_values, w->was->tts_values, RelationGetDescr(w->rel)->natts * sizeof(Datum));
	memcpy(w->is->tts_isnull, w->was->tts_isnull, RelationGetDescr(w->rel)->natts * sizeof(bool));
}

static void
write_update(writer *w)
{
	MemoryContext old = MemoryContextSwitchTo(GetPerTupleMemoryContext(w->estate));

	ExecStoreVirtualTuple(w->is);
	ExecSimpleRelationUpdate(w->result, w->estate, &w->epq, w->was, w->is);
	MemoryContextSwitchTo(old);
	ResetPerTupleExprContext(w->estate);
}

/* ---- stays ---- */

typedef struct stay_table
{
	writer		w;
	Oid			key;			/* its primary key's index */
	AttrNumber	segment,
				party,
				valid;
	TypeCacheEntry *range;
} stay_table;

typedef enum stay_kind
{
	NO_STAY,
	OPEN_STAY,					/* it has no end */
	JUST_ENDED					/* it ends at the instant */
} stay_kind;

/* the stay of a party in a segment that has no end or ends at an instant; begun: before that */
static stay_kind
find_stay(stay_table *t, int64 party, int64 id, TimestampTz at, ItemPointer place, bool *begun)
{
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	stay_kind	found = NO_STAY;

	ScanKeyInit(&key[0], t->party, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(party));
	ScanKeyInit(&key[1], t->segment, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(id));
	scan = systable_beginscan(t->w.rel, t->key, true, GetActiveSnapshot(), 2, key);
	while (found != OPEN_STAY && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull,
					empty;
		RangeBound	lower,
					upper;

		range_deserialize(t->range, DatumGetRangeTypeP(heap_getattr(tuple, t->valid, RelationGetDescr(t->w.rel), &isnull)), &lower, &upper, &empty);
		if (empty || (!upper.infinite && DatumGetTimestampTz(upper.val) != at))
			continue;
		found = upper.infinite ? OPEN_STAY : JUST_ENDED;
		*begun = lower.infinite || DatumGetTimestampTz(lower.val) < at;
		*place = tuple->t_self;
	}
	systable_endscan(scan);
	return found;
}

static Datum
range_from(stay_table *t, const RangeBound *lower, TimestampTz upper, bool has_upper)
{
	RangeBound	l = *lower,
				u = {.val = TimestampTzGetDatum(upper), .infinite = !has_upper, .inclusive = false, .lower = false};

	return RangeTypePGetDatum(range_serialize(t->range, &l, &u, false COMPAT_RANGE_NO_SOFT_ERROR));
}

/* locked until the end of the transaction, as the checks of foreign keys would: what of come refers to nothing that is there goes out of the list; and who follows */
static void
lock_references(upkeep *u, bool *follow, char **notify)
{
	Oid			types[2] = {INT8ARRAYOID, INT8ARRAYOID};
	Datum		values[2];
	stays	   *s = &u->come;
	int64	   *id = palloc(sizeof(int64) * Max(1, s->n)),
			   *party = palloc(sizeof(int64) * Max(1, s->n));
	int			ids = 0,
				parties = 0,
				n = 0;
	bool		isnull;
	ArrayType  *there[2];

	/* a party's stays come one after the other */
	for (int i = 0; i < s->n; i++)
	{
		if (i == 0 || s->party[i] != s->party[i - 1])
			party[parties++] = s->party[i];
		id[i] = s->id[i];
	}
	reverse_sort_ids(id, s->n);
	for (int i = 0; i < s->n; i++)
		if (i == 0 || id[i] != id[ids - 1])
			id[ids++] = id[i];
	values[0] = PointerGetDatum(reverse_array_of_ids(party, parties));
	values[1] = PointerGetDatum(reverse_array_of_ids(id, ids));
	run_kept(psprintf("SELECT ARRAY(SELECT x.party_id FROM (SELECT p.party_id FROM %1$s.party p WHERE p.party_id = ANY ($1) ORDER BY 1 FOR KEY SHARE) x ORDER BY 1),"
					  " ARRAY(SELECT x.segment_id FROM (SELECT d.segment_id FROM %1$s.segment_definition d WHERE d.segment_id = ANY ($2) ORDER BY 1 FOR KEY SHARE) x ORDER BY 1),"
					  " d.follow_segments, d.notify_segments FROM %1$s.datamart d", u->m), 2, types, values, NULL);
	if (SPI_processed != 1)
		elog(ERROR, "the datamart has no settings");
	*follow = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 3, &isnull));
	*notify = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 4);
	for (int k = 0; k < 2; k++)
		there[k] = DatumGetArrayTypeP(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, k + 1, &isnull));
	if (ArrayGetNItems(ARR_NDIM(there[0]), ARR_DIMS(there[0])) == parties && ArrayGetNItems(ARR_NDIM(there[1]), ARR_DIMS(there[1])) == ids)
		return;
	for (int i = 0; i < s->n; i++)
		if (reverse_is_among(there[0], s->party[i]) && reverse_is_among(there[1], s->id[i]))
		{
			s->party[n] = s->party[i];
			s->id[n++] = s->id[i];
		}
	s->n = n;
}

static void
write_stays(upkeep *u, Relation rel)
{
	stay_table	t = {.party = get_attnum(RelationGetRelid(rel), "party_id"), .segment = get_attnum(RelationGetRelid(rel), "segment_id"), .valid = get_attnum(RelationGetRelid(rel), "valid")};
	ItemPointerData place;
	bool		begun,
				empty;
	RangeBound	lower,
				upper;

	t.key = RelationGetPrimaryKeyIndex(rel COMPAT_NO_DEFERRABLE);
	t.range = lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO);
	PushActiveSnapshot(GetTransactionSnapshot());
	open_writer(&t.w, rel);
	for (int i = 0; i < u->gone.n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (find_stay(&t, u->gone.party[i], u->gone.id[i], u->at, &place, &begun) != OPEN_STAY)
			continue;
		fetch(&t.w, &place);
		if (begun)
		{
			range_deserialize(t.range, DatumGetRangeTypeP(t.w.is->tts_values[t.valid - 1]), &lower, &upper, &empty);
			t.w.is->tts_values[t.valid - 1] = range_from(&t, &lower, u->at, true);
			write_update(&t.w);
		}
		else					/* entered in this very transaction: it never was */
			ExecSimpleRelationDelete(t.w.result, t.w.estate, &t.w.epq, t.w.was);
	}
	for (int i = 0; i < u->come.n; i++)
	{
		stay_kind	found = find_stay(&t, u->come.party[i], u->come.id[i], u->at, &place, &begun);

		CHECK_FOR_INTERRUPTS();
		if (found == OPEN_STAY)
			continue;
		if (found == JUST_ENDED)
		{
			/* left in this very transaction: it never did */
			fetch(&t.w, &place);
			range_deserialize(t.range, DatumGetRangeTypeP(t.w.is->tts_values[t.valid - 1]), &lower, &upper, &empty);
			t.w.is->tts_values[t.valid - 1] = range_from(&t, &lower, 0, false);
			write_update(&t.w);
			continue;
		}
		lower = (RangeBound) {.val = TimestampTzGetDatum(u->at), .inclusive = true, .lower = true};
		ExecClearTuple(t.w.is);
		memset(t.w.is->tts_isnull, false, RelationGetDescr(rel)->natts * sizeof(bool));
		t.w.is->tts_values[t.party - 1] = Int64GetDatum(u->come.party[i]);
		t.w.is->tts_values[t.segment - 1] = Int64GetDatum(u->come.id[i]);
		t.w.is->tts_values[t.valid - 1] = range_from(&t, &lower, 0, false);
		ExecStoreVirtualTuple(t.w.is);
		{
			MemoryContext old = MemoryContextSwitchTo(GetPerTupleMemoryContext(t.w.estate));

			ExecSimpleRelationInsert(t.w.result, t.w.estate, t.w.is);
			MemoryContextSwitchTo(old);
			ResetPerTupleExprContext(t.w.estate);
		}
	}
	close_writer(&t.w);
	PopActiveSnapshot();
	CommandCounterIncrement();
}

/* the same where the user has triggers or columns of his own on the table */
static void
write_stays_by_sql(upkeep *u)
{
	Oid			types[3] = {INT8ARRAYOID, INT8ARRAYOID, TIMESTAMPTZOID};
	Datum		values[3] = {0, 0, TimestampTzGetDatum(u->at)};

	if (u->gone.n > 0)
	{
		values[0] = PointerGetDatum(reverse_array_of_ids(u->gone.party, u->gone.n));
		values[1] = PointerGetDatum(reverse_array_of_ids(u->gone.id, u->gone.n));
		run_kept(psprintf("UPDATE %s.segment_member t SET valid = tstzrange(lower(t.valid), $3) FROM unnest($1, $2) g (party_id, id)"
						  " WHERE t.party_id = g.party_id AND t.segment_id = g.id AND upper_inf(t.valid) AND lower(t.valid) < $3", u->m), 3, types, values, NULL);
		run_kept(psprintf("DELETE FROM %s.segment_member t USING unnest($1, $2) g (party_id, id)"
						  " WHERE t.party_id = g.party_id AND t.segment_id = g.id AND upper_inf(t.valid) AND lower(t.valid) >= $3", u->m), 3, types, values, NULL);
	}
	if (u->come.n > 0)
	{
		values[0] = PointerGetDatum(reverse_array_of_ids(u->come.party, u->come.n));
		values[1] = PointerGetDatum(reverse_array_of_ids(u->come.id, u->come.n));
		run_kept(psprintf("WITH back AS ("
						  " UPDATE %1$s.segment_member t SET valid = tstzrange(lower(t.valid), NULL) FROM unnest($1, $2) c (party_id, id)"
						  " WHERE t.party_id = c.party_id AND t.segment_id = c.id AND upper(t.valid) = $3 RETURNING t.party_id, t.segment_id)"
						  " INSERT INTO %1$s.segment_member (segment_id, party_id, valid) SELECT c.id, c.party_id, tstzrange($3, NULL) FROM unnest($1, $2) c (party_id, id)"
						  " WHERE (c.party_id, c.id) NOT IN (SELECT b.party_id, b.segment_id FROM back b) ON CONFLICT DO NOTHING", u->m), 3, types, values, NULL);
	}
}

/* ---- parties ---- */

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
compare_party(upkeep *u, writer *w, Relation segments, const locked *l, const int64 *id, int n, bool has_due, TimestampTz due)
{
	const int64 *before = (const int64 *) ARR_DATA_PTR(l->before);
	int			m = ArrayGetNItems(ARR_NDIM(l->before), ARR_DIMS(l->before));
	bool		same = same_ids(l->before, id, n);

	if (same && has_due == l->has_due && (!has_due || due == l->due))
		return;
	for (int i = 0, k = 0; !same && (i < m || k < n);)
		if (k == n || (i < m && before[i] < id[k]))
			add_stay(&u->gone, l->party, before[i++]);
		else if (i == m || id[k] < before[i])
			add_stay(&u->come, l->party, id[k++]);
		else
			i++, k++;
	if (!w->rel)
		open_writer(w, segments);
	fetch(w, unconstify(ItemPointerData *, &l->at));
	if (!same)
		w->is->tts_values[u->list - 1] = PointerGetDatum(reverse_array_of_ids(id, n));
	w->is->tts_values[u->due_at - 1] = TimestampTzGetDatum(due);
	w->is->tts_isnull[u->due_at - 1] = !has_due;
	write_update(w);
}

static void
write_lists(upkeep *u)
{
	Relation	rel;
	char	   *notify;
	Oid			types[6] = {INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, TIMESTAMPTZOID, TEXTOID};
	Datum		values[6] = {0};
	bool		follow,
				has_sets;

	u->entered += u->come.n;
	u->left += u->gone.n;
	lock_references(u, &follow, &notify);
	rel = table_open(get_relname_relid("segment_member", u->v->schema), RowExclusiveLock);
	if (is_plain(rel, 3, &has_sets))
	{
		write_stays(u, rel);
		if (has_sets)
		{
			segment_set_note(rel, u->gone.id, u->gone.party, u->gone.n);
			segment_set_note(rel, u->come.id, u->come.party, u->come.n);
		}
	}
	else
		write_stays_by_sql(u);
	table_close(rel, NoLock);
	if (!follow && !notify)
		return;
	values[0] = PointerGetDatum(reverse_array_of_ids(u->gone.party, u->gone.n));
	values[1] = PointerGetDatum(reverse_array_of_ids(u->gone.id, u->gone.n));
	values[2] = PointerGetDatum(reverse_array_of_ids(u->come.party, u->come.n));
	values[3] = PointerGetDatum(reverse_array_of_ids(u->come.id, u->come.n));
	values[4] = TimestampTzGetDatum(u->at);
	if (follow)
		run_kept(psprintf("INSERT INTO %s.segment_change (party_id, segment_id, entered, at)"
						  " SELECT x.party_id, x.id, x.entered, $5 FROM (SELECT g.*, false AS entered FROM unnest($1, $2) g (party_id, id) UNION ALL SELECT c.*, true FROM unnest($3, $4) c (party_id, id)) x ORDER BY 1, 2", u->m),
				 5, types, values, NULL);
	if (notify)
	{
		values[0] = values[1];
		values[1] = values[3];
		values[2] = CStringGetTextDatum(notify);
		values[3] = CStringGetTextDatum(u->v->name);
		types[2] = types[3] = TEXTOID;
		run_kept(psprintf("SELECT count(crmseg.tell_segment($3, $4::name, n.name)) FROM %s.segment_definition n WHERE n.segment_id IN (SELECT unnest($1) UNION SELECT unnest($2))", u->m), 4, types, values, NULL);
	}
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
	writer		w = {0};
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
		close_writer(&w);
		CommandCounterIncrement();
	}
	PopActiveSnapshot();
	table_close(segments, NoLock);
	if (u->come.n + u->gone.n > 0)
		write_lists(u);
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
