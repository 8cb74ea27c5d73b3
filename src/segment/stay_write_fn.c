/*
 * stay_write_fn.c: stays of parties in segments that begin and end, written to segment_member row by row, with its constraints; their two references are
 * checked for all of them at once. Where the user has put triggers or columns onto segment_member it goes by SQL instead. What comes and goes is upkeep_write_fn.c's.
 */
#include "stay_write_fn.h"

#include "mart/kept_plan.h"
#include "reverse_fn.h"
#include "segment_set_fn.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

void
stay_add(stays *s, int64 party, int64 id)
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

void
row_writer_open(row_writer *w, Relation rel)
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

void
row_writer_close(row_writer *w)
{
	AfterTriggerEndQuery(w->estate);
	ExecDropSingleTupleTableSlot(w->was);
	ExecDropSingleTupleTableSlot(w->is);
	ExecCloseIndices(w->result);
	ExecResetTupleTable(w->estate->es_tupleTable, false);
	FreeExecutorState(w->estate);
}

void
row_writer_fetch(row_writer *w, ItemPointer at)
{
	if (!table_tuple_fetch_row_version(w->rel, at, SnapshotAny, w->was))
		elog(ERROR, "a row of \"%s\" is gone", RelationGetRelationName(w->rel));
	slot_getallattrs(w->was);
	ExecClearTuple(w->is);
	memcpy(w->is->tts_values, w->was->tts_values, RelationGetDescr(w->rel)->natts * sizeof(Datum));
	memcpy(w->is->tts_isnull, w->was->tts_isnull, RelationGetDescr(w->rel)->natts * sizeof(bool));
}

void
row_writer_update(row_writer *w)
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
	row_writer	w;
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
lock_references(stay_changes *c, bool *follow, char **notify)
{
	Oid			types[2] = {INT8ARRAYOID, INT8ARRAYOID};
	Datum		values[2];
	stays	   *s = &c->come;
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
					  " d.follow_segments, d.notify_segments FROM %1$s.datamart d", c->m), 2, types, values, NULL);
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
write_stays(stay_changes *c, Relation rel)
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
	row_writer_open(&t.w, rel);
	for (int i = 0; i < c->gone.n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (find_stay(&t, c->gone.party[i], c->gone.id[i], c->at, &place, &begun) != OPEN_STAY)
			continue;
		row_writer_fetch(&t.w, &place);
		if (begun)
		{
			range_deserialize(t.range, DatumGetRangeTypeP(t.w.is->tts_values[t.valid - 1]), &lower, &upper, &empty);
			t.w.is->tts_values[t.valid - 1] = range_from(&t, &lower, c->at, true);
			row_writer_update(&t.w);
		}
		else					/* entered in this very transaction: it never was */
			ExecSimpleRelationDelete(t.w.result, t.w.estate, &t.w.epq, t.w.was);
	}
	for (int i = 0; i < c->come.n; i++)
	{
		stay_kind	found = find_stay(&t, c->come.party[i], c->come.id[i], c->at, &place, &begun);

		CHECK_FOR_INTERRUPTS();
		if (found == OPEN_STAY)
			continue;
		if (found == JUST_ENDED)
		{
			/* left in this very transaction: it never did */
			row_writer_fetch(&t.w, &place);
			range_deserialize(t.range, DatumGetRangeTypeP(t.w.is->tts_values[t.valid - 1]), &lower, &upper, &empty);
			t.w.is->tts_values[t.valid - 1] = range_from(&t, &lower, 0, false);
			row_writer_update(&t.w);
			continue;
		}
		lower = (RangeBound) {.val = TimestampTzGetDatum(c->at), .inclusive = true, .lower = true};
		ExecClearTuple(t.w.is);
		memset(t.w.is->tts_isnull, false, RelationGetDescr(rel)->natts * sizeof(bool));
		t.w.is->tts_values[t.party - 1] = Int64GetDatum(c->come.party[i]);
		t.w.is->tts_values[t.segment - 1] = Int64GetDatum(c->come.id[i]);
		t.w.is->tts_values[t.valid - 1] = range_from(&t, &lower, 0, false);
		ExecStoreVirtualTuple(t.w.is);
		{
			MemoryContext old = MemoryContextSwitchTo(GetPerTupleMemoryContext(t.w.estate));

			ExecSimpleRelationInsert(t.w.result, t.w.estate, t.w.is);
			MemoryContextSwitchTo(old);
			ResetPerTupleExprContext(t.w.estate);
		}
	}
	row_writer_close(&t.w);
	PopActiveSnapshot();
	CommandCounterIncrement();
}

/* the same where the user has triggers or columns of his own on the table */
static void
write_stays_by_sql(stay_changes *c)
{
	Oid			types[3] = {INT8ARRAYOID, INT8ARRAYOID, TIMESTAMPTZOID};
	Datum		values[3] = {0, 0, TimestampTzGetDatum(c->at)};

	if (c->gone.n > 0)
	{
		values[0] = PointerGetDatum(reverse_array_of_ids(c->gone.party, c->gone.n));
		values[1] = PointerGetDatum(reverse_array_of_ids(c->gone.id, c->gone.n));
		run_kept(psprintf("UPDATE %s.segment_member t SET valid = tstzrange(lower(t.valid), $3) FROM unnest($1, $2) g (party_id, id)"
						  " WHERE t.party_id = g.party_id AND t.segment_id = g.id AND upper_inf(t.valid) AND lower(t.valid) < $3", c->m), 3, types, values, NULL);
		run_kept(psprintf("DELETE FROM %s.segment_member t USING unnest($1, $2) g (party_id, id)"
						  " WHERE t.party_id = g.party_id AND t.segment_id = g.id AND upper_inf(t.valid) AND lower(t.valid) >= $3", c->m), 3, types, values, NULL);
	}
	if (c->come.n > 0)
	{
		values[0] = PointerGetDatum(reverse_array_of_ids(c->come.party, c->come.n));
		values[1] = PointerGetDatum(reverse_array_of_ids(c->come.id, c->come.n));
		run_kept(psprintf("WITH back AS ("
						  " UPDATE %1$s.segment_member t SET valid = tstzrange(lower(t.valid), NULL) FROM unnest($1, $2) c (party_id, id)"
						  " WHERE t.party_id = c.party_id AND t.segment_id = c.id AND upper(t.valid) = $3 RETURNING t.party_id, t.segment_id)"
						  " INSERT INTO %1$s.segment_member (segment_id, party_id, valid) SELECT c.id, c.party_id, tstzrange($3, NULL) FROM unnest($1, $2) c (party_id, id)"
						  " WHERE (c.party_id, c.id) NOT IN (SELECT b.party_id, b.segment_id FROM back b) ON CONFLICT DO NOTHING", c->m), 3, types, values, NULL);
	}
}

void
stay_changes_write(stay_changes *c)
{
	Relation	rel;
	char	   *notify;
	Oid			types[6] = {INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, TIMESTAMPTZOID, TEXTOID};
	Datum		values[6] = {0};
	bool		follow,
				has_sets;

	lock_references(c, &follow, &notify);
	rel = table_open(get_relname_relid("segment_member", c->v->schema), RowExclusiveLock);
	if (is_plain(rel, 3, &has_sets))
	{
		write_stays(c, rel);
		if (has_sets)
		{
			segment_set_note(rel, c->gone.id, c->gone.party, c->gone.n);
			segment_set_note(rel, c->come.id, c->come.party, c->come.n);
		}
	}
	else
		write_stays_by_sql(c);
	table_close(rel, NoLock);
	if (!follow && !notify)
		return;
	values[0] = PointerGetDatum(reverse_array_of_ids(c->gone.party, c->gone.n));
	values[1] = PointerGetDatum(reverse_array_of_ids(c->gone.id, c->gone.n));
	values[2] = PointerGetDatum(reverse_array_of_ids(c->come.party, c->come.n));
	values[3] = PointerGetDatum(reverse_array_of_ids(c->come.id, c->come.n));
	values[4] = TimestampTzGetDatum(c->at);
	if (follow)
		run_kept(psprintf("INSERT INTO %s.segment_change (party_id, segment_id, entered, at)"
						  " SELECT x.party_id, x.id, x.entered, $5 FROM (SELECT g.*, false AS entered FROM unnest($1, $2) g (party_id, id) UNION ALL SELECT c.*, true FROM unnest($3, $4) c (party_id, id)) x ORDER BY 1, 2", c->m),
				 5, types, values, NULL);
	if (notify)
	{
		values[0] = values[1];
		values[1] = values[3];
		values[2] = CStringGetTextDatum(notify);
		values[3] = CStringGetTextDatum(c->v->name);
		types[2] = types[3] = TEXTOID;
		run_kept(psprintf("SELECT count(crmseg.tell_segment($3, $4::name, n.name)) FROM %s.segment_definition n WHERE n.segment_id IN (SELECT unnest($1) UNION SELECT unnest($2))", c->m), 4, types, values, NULL);
	}
}
