/*
 * bulk_insert_fn.c: see bulk_insert.h. What COPY FROM does for a plain table, for rows that come from a plan instead of a file: they are
 * gathered, written page by page (table_multi_insert), and entered into one index after the other, sorted by its keys, which finds the
 * upper pages of the index in the processor's cache. Rows of a table without triggers of the user's leave no trace in memory.
 */
#include "mart/bulk_insert.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/nbtree.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/sortsupport.h"
#include "utils/varlena.h"

#include "compat.h"

#define BATCH 4096				/* rows, or */
#define BATCH_BYTES (8 * 1024 * 1024)	/* bytes, that are written at once */

struct BulkInsert
{
	DestReceiver pub;
	Relation	relation;
	EState	   *estate;
	ResultRelInfo *result;
	TransitionCaptureState *capture;
	int			columns;
	AttrNumber *attribute;		/* of each column of the plan's rows */
	ExprState **instead;		/* of each attribute: its default, when the rows do not give it */
	bool		apart;
	bool		has_defaults;
	TupleTableSlot **slot;
	int			count, slots;
	Size		bytes;
	BulkInsertState bulk;
	CommandId	command;
	/* index keys of the rows at hand */
	Datum	   *values;
	bool	   *nulls;
	int		   *order, *row;
	uint64		inserted;
};

/* ---- indexes ---- */

typedef struct KeyOrder
{
	const BulkInsert *b;
	int			keys, width;
	SortSupport sort;
} KeyOrder;

static int
by_keys(const void *x, const void *y, void *arg)
{
	const KeyOrder *o = arg;
	size_t		i = (size_t) *(const int *) x * o->width,
				k = (size_t) *(const int *) y * o->width;

	for (int c = 0; c < o->keys; c++)
	{
		int			r = ApplySortComparator(o->b->values[i + c], o->b->nulls[i + c], o->b->values[k + c], o->b->nulls[k + c], &o->sort[c]);

		if (r != 0)
			return r;
	}
	return *(const int *) x - *(const int *) y;
}

/* Puts the entries into the order of a btree's keys, unless they are in it. */
static void
sort_entries(BulkInsert *b, Relation index, int entries)
{
	KeyOrder	o = {.b = b, .keys = IndexRelationGetNumberOfKeyAttributes(index), .width = IndexRelationGetNumberOfAttributes(index)};

	o.sort = palloc0(sizeof(SortSupportData) * o.keys);
	for (int c = 0; c < o.keys; c++)
	{
		SortSupport s = &o.sort[c];
		int16		option = index->rd_indoption[c];

		s->ssup_cxt = CurrentMemoryContext;
		s->ssup_collation = index->rd_indcollation[c];
		s->ssup_nulls_first = (option & INDOPTION_NULLS_FIRST) != 0;
		s->ssup_attno = c + 1;
		PrepareSortSupportFromIndexRel(index, (option & INDOPTION_DESC) != 0 ? BTGreaterStrategyNumber : BTLessStrategyNumber, s);
	}
	for (int i = 1; i < entries; i++)
		if (by_keys(&b->order[i - 1], &b->order[i], &o) > 0)
		{
			qsort_arg(b->order, entries, sizeof(int), by_keys, &o);
			break;
		}
}

/* Enters the rows at hand into one of the table's indexes. */
static void
enter(BulkInsert *b, Relation index, IndexInfo *info)
{
	ExprContext *context = GetPerTupleExprContext(b->estate);
	int			width = info->ii_NumIndexAttrs;
	int			entries = 0;
	IndexUniqueCheck unique = index->rd_index->indisunique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO;

	if (!info->ii_ReadyForInserts)
		return;
	if (info->ii_Predicate != NIL && info->ii_PredicateState == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(b->estate->es_query_cxt);

		info->ii_PredicateState = ExecPrepareQual(info->ii_Predicate, b->estate);
		MemoryContextSwitchTo(old);
	}
	for (int i = 0; i < b->count; i++)
	{
		context->ecxt_scantuple = b->slot[i];
		if (info->ii_Predicate != NIL && !ExecQual(info->ii_PredicateState, context))
			continue;
		FormIndexDatum(info, b->slot[i], b->estate, b->values + (size_t) entries * width, b->nulls + (size_t) entries * width);
		b->row[entries] = i;
		b->order[entries] = entries;
		entries++;
	}
	if (index->rd_rel->relam == BTREE_AM_OID && entries > 1)
		sort_entries(b, index, entries);
	for (int i = 0; i < entries; i++)
	{
		int			e = b->order[i];
		Datum	   *values = b->values + (size_t) e * width;
		bool	   *nulls = b->nulls + (size_t) e * width;
		ItemPointer tid = &b->slot[b->row[e]]->tts_tid;

		index_insert(index, values, nulls, tid, b->relation, unique, false, info);
		if (info->ii_ExclusionOps != NULL && !b->apart)
			check_exclusion_constraint(b->relation, index, info, tid, values, nulls, b->estate, false);
		if ((i & 255) == 255)
			CHECK_FOR_INTERRUPTS();
	}
}

static void
flush(BulkInsert *b)
{
	MemoryContext old;

	if (b->count == 0)
		return;
	CHECK_FOR_INTERRUPTS();
	ResetPerTupleExprContext(b->estate);
	old = MemoryContextSwitchTo(GetPerTupleMemoryContext(b->estate));
	table_multi_insert(b->relation, b->slot, b->count, b->command, 0, b->bulk);
	for (int i = 0; i < b->result->ri_NumIndices; i++)
		enter(b, b->result->ri_IndexRelationDescs[i], b->result->ri_IndexRelationInfo[i]);
	if (b->capture != NULL || (b->result->ri_TrigDesc != NULL && b->result->ri_TrigDesc->trig_insert_after_row))
		for (int i = 0; i < b->count; i++)
			ExecARInsertTriggers(b->estate, b->result, b->slot[i], NIL, b->capture);
	MemoryContextSwitchTo(old);
	for (int i = 0; i < b->count; i++)
		ExecClearTuple(b->slot[i]);
	ResetPerTupleExprContext(b->estate);
	b->inserted += b->count;
	b->count = 0;
	b->bytes = 0;
}

/* ---- rows ---- */

static bool
receive(TupleTableSlot *from, DestReceiver *self)
{
	BulkInsert *b = (BulkInsert *) self;
	TupleTableSlot *to;
	int			natts = RelationGetDescr(b->relation)->natts;
	MemoryContext old;

	if (b->count == b->slots)
	{
		old = MemoryContextSwitchTo(b->estate->es_query_cxt);
		b->slot[b->slots++] = MakeSingleTupleTableSlot(RelationGetDescr(b->relation), table_slot_callbacks(b->relation));
		MemoryContextSwitchTo(old);
	}
	to = b->slot[b->count];
	ResetPerTupleExprContext(b->estate);
	old = MemoryContextSwitchTo(GetPerTupleMemoryContext(b->estate));
	slot_getallattrs(from);
	memset(to->tts_isnull, true, natts * sizeof(bool));
	memset(to->tts_values, 0, natts * sizeof(Datum));
	for (int i = 0; i < b->columns; i++)
	{
		to->tts_values[b->attribute[i] - 1] = from->tts_values[i];
		to->tts_isnull[b->attribute[i] - 1] = from->tts_isnull[i];
	}
	if (b->has_defaults)
		for (int i = 0; i < natts; i++)
			if (b->instead[i])
				to->tts_values[i] = ExecEvalExpr(b->instead[i], GetPerTupleExprContext(b->estate), &to->tts_isnull[i]);
	ExecStoreVirtualTuple(to);
	to->tts_tableOid = RelationGetRelid(b->relation);
	if (RelationGetDescr(b->relation)->constr)
	{
		if (RelationGetDescr(b->relation)->constr->has_generated_stored)
			ExecComputeStoredGenerated(b->result, b->estate, to, CMD_INSERT);
		ExecConstraints(b->result, to, b->estate);
	}
	ExecMaterializeSlot(to);
	MemoryContextSwitchTo(old);
	{
		HeapTuple	t = ExecFetchSlotHeapTuple(to, false, NULL);

		b->bytes += t->t_len;
	}
	b->count++;
	if (b->count == BATCH || b->bytes > BATCH_BYTES)
		flush(b);
	return true;
}

static void
nothing(DestReceiver *self)
{
}

static void
startup(DestReceiver *self, int operation, TupleDesc row)
{
}

/* ---- a table ---- */

/* The attributes of a list of columns; false: one is not there, or the plan's rows have another type. */
static bool
find_columns(BulkInsert *b, const char *columns, TupleDesc row)
{
	List	   *names;
	ListCell   *l;
	TupleDesc	table = RelationGetDescr(b->relation);

	if (row == NULL || !SplitIdentifierString(pstrdup(columns), ',', &names) || list_length(names) != row->natts)
		return false;
	b->columns = row->natts;
	b->attribute = palloc(sizeof(AttrNumber) * b->columns);
	foreach(l, names)
	{
		int			i = foreach_current_index(l);
		AttrNumber	a = get_attnum(RelationGetRelid(b->relation), lfirst(l));

		if (a <= 0 || TupleDescAttr(table, a - 1)->atttypid != TupleDescAttr(row, i)->atttypid || TupleDescAttr(table, a - 1)->atttypmod != -1 ||
			TupleDescAttr(table, a - 1)->attgenerated)
			return false;
		b->attribute[i] = a;
	}
	return true;
}

static bool
is_usable(Relation relation, const char *known)
{
	List	   *indexes;
	ListCell   *l;
	bool		ok = true;

	if (pg_class_aclcheck(RelationGetRelid(relation), GetUserId(), ACL_INSERT) != ACLCHECK_OK ||
		check_enable_rls(RelationGetRelid(relation), InvalidOid, true) == RLS_ENABLED || !without_checks_is_plain(relation, CMD_INSERT, 0, known))
		return false;
	indexes = RelationGetIndexList(relation);
	foreach(l, indexes)
	{
		Relation	index = index_open(lfirst_oid(l), AccessShareLock);

		/* constraints that wait for the end of the statement or of the transaction, or that are both unique and exclusive */
		ok &= index->rd_index->indimmediate && !(index->rd_index->indisunique && index->rd_index->indisexclusion);
		index_close(index, NoLock);
	}
	return ok;
}

static BulkInsert *
open_table(BulkScope *scope, Oid table, const char *columns, TupleDesc row, const char *known)
{
	Relation	relation = table_open(table, RowExclusiveLock);
	BulkInsert *b = palloc0(sizeof(BulkInsert));
	EState	   *estate;
	MemoryContext old;
	TupleDesc	desc = RelationGetDescr(relation);
	int			width = 1;

	b->relation = relation;
	if (!is_usable(relation, known) || !find_columns(b, columns, row))
	{
		table_close(relation, NoLock);
		return NULL;
	}
	b->estate = estate = CreateExecutorState();
	old = MemoryContextSwitchTo(estate->es_query_cxt);
	b->result = makeNode(ResultRelInfo);
	InitResultRelInfo(b->result, relation, 0, NULL, 0);
	estate->es_opened_result_relations = lappend(estate->es_opened_result_relations, b->result);
	without_checks_filter(&scope->checks, b->result, true);
	ExecOpenIndices(b->result, false);
	b->capture = MakeTransitionCaptureState(b->result->ri_TrigDesc, table, CMD_INSERT);
	b->instead = palloc0(sizeof(ExprState *) * desc->natts);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute a = TupleDescAttr(desc, i);
		bool		given = a->attisdropped || a->attgenerated;
		Expr	   *e;

		for (int k = 0; k < b->columns; k++)
			given |= b->attribute[k] == i + 1;
		if (given || (e = (Expr *) build_column_default(relation, i + 1)) == NULL)
			continue;
		b->instead[i] = ExecPrepareExpr(e, estate);
		b->has_defaults = true;
	}
	for (int i = 0; i < b->result->ri_NumIndices; i++)
		width = Max(width, b->result->ri_IndexRelationInfo[i]->ii_NumIndexAttrs);
	b->slot = palloc0(sizeof(TupleTableSlot *) * BATCH);
	b->values = palloc(sizeof(Datum) * BATCH * width);
	b->nulls = palloc(sizeof(bool) * BATCH * width);
	b->order = palloc(sizeof(int) * BATCH);
	b->row = palloc(sizeof(int) * BATCH);
	b->bulk = GetBulkInsertState();
	b->command = GetCurrentCommandId(true);
	MemoryContextSwitchTo(old);
	b->pub = (DestReceiver) {.receiveSlot = receive, .rStartup = startup, .rShutdown = nothing, .rDestroy = nothing, .mydest = DestNone};
	return b;
}

bool
bulk_insert(BulkScope *scope, Oid table, const char *columns, SPIPlanPtr plan, ParamListInfo params, const char *known, bool apart, uint64 *inserted)
{
	CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(plan));
	BulkInsert *b = open_table(scope, table, columns, source->resultDesc, known);
	SPIExecuteOptions options = {.params = params};
	int			rc;

	if (b == NULL)
		return false;
	b->apart = apart;
	scope->inserts = lappend(scope->inserts, b);
	options.dest = &b->pub;
	rc = SPI_execute_plan_extended(plan, &options);
	if (rc < 0)
		elog(ERROR, "bulk insert: statement failed: %s", SPI_result_code_string(rc));
	flush(b);
	for (int i = 0; i < b->slots; i++)
		ExecDropSingleTupleTableSlot(b->slot[i]);
	FreeBulkInsertState(b->bulk);
	table_finish_bulk_insert(b->relation, 0);
	*inserted = b->inserted;
	return true;
}

/* ---- a scope ---- */

void
bulk_begin(BulkScope *scope, is_proved_function is_proved, void *arg)
{
	scope->inserts = NIL;
	without_checks_begin(&scope->checks, NULL, is_proved, arg);
	AfterTriggerBeginQuery();
}

void
bulk_end(BulkScope *scope)
{
	EState	   *estate = NULL;
	ListCell   *l;

	/* what the triggers start may leave out the checks that are proved, too */
	scope->checks.started = true;
	foreach(l, scope->inserts)
	{
		BulkInsert *b = lfirst(l);

		ExecASInsertTriggers(b->estate, b->result, b->capture);
		estate = b->estate;
	}
	if (estate == NULL)
		estate = CreateExecutorState();
	AfterTriggerEndQuery(estate);
	foreach(l, scope->inserts)
	{
		BulkInsert *b = lfirst(l);

		ExecResetTupleTable(b->estate->es_tupleTable, false);
		ExecCloseResultRelations(b->estate);	/* and indexes */
		table_close(b->relation, NoLock);
		FreeExecutorState(b->estate);
	}
	if (scope->inserts == NIL)
		FreeExecutorState(estate);
	bulk_abandon(scope);
}

void
bulk_abandon(BulkScope *scope)
{
	without_checks_end(&scope->checks);
	scope->inserts = NIL;
}
