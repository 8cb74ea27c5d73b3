/*
 * match_fn.c: row @@ segment for one row at a time, where no plan was made of it: a segment that is not known while planning, constraints,
 * triggers. The same conditions are compiled once for each segment and sort of row and kept with the caller: a predicate about the row alone as
 * an expression over its columns, one that reads tables as a prepared query.
 */
#include "plan_fn.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/params.h"
#include "access/sysattr.h"
#include "optimizer/optimizer.h"
#include "parser/parse_node.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(crmseg_segment_matches);
PG_FUNCTION_INFO_V1(crmseg_segment_matches_columns);
PG_FUNCTION_INFO_V1(crmseg_in_segment);
PG_FUNCTION_INFO_V1(crmseg_segment_clock);

TimestampTz segment_clock = DT_NOBEGIN;

#define COMPILED_MAX 512		/* kept by one caller; the oldest make room */

typedef struct compiled
{
	struct compiled *next;
	MemoryContext context;
	Oid			type;
	int32		typmod;
	uint64		generation;
	Oid			user;
	Oid			mart;
	bool		clocked;		/* made for segment_clock */
	uint32		hash;
	struct varlena *segment;
	TupleDesc	desc;
	bool		checked;		/* that the caller's columns are these */
	/* about the row alone */
	ExprState  *state;
	ExprContext *econtext;
	TupleTableSlot *slot,		/* of a row */
			   *columns;		/* of its columns one by one; made when it is needed */
	int			needed;			/* columns that the expression reads */
	int		   *need;
	/* or a query */
	SPIPlanPtr	plan;
	ParamListInfo params;
} compiled;

typedef struct kept
{
	Oid			type;			/* of the row whose columns come one by one, from the call */
	compiled   *last;			/* used for the row before */
	compiled   *bucket[128];
	int			n;
} kept;

static void
free_plan(void *plan)
{
	SPI_freeplan(plan);
}

static Node *
column_of_slot(segment_row *row, int i, int depth)
{
	Form_pg_attribute a = TupleDescAttr(row->desc, i);

	return (Node *) makeVar(1, i + 1, a->atttypid, a->atttypmod, a->attcollation, 0);
}

/* in a prepared query the columns are parameters */
static Node *
column_of_params(ParseState *pstate, ColumnRef *ref)
{
	TupleDesc	desc = pstate->p_ref_hook_state;

	if (list_length(ref->fields) != 2 || !IsA(linitial(ref->fields), String) || !IsA(lsecond(ref->fields), String) || strcmp(strVal(linitial(ref->fields)), SEGMENT_ROW) != 0)
		return NULL;
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute a = TupleDescAttr(desc, i);

		if (!a->attisdropped && strcmp(NameStr(a->attname), strVal(lsecond(ref->fields))) == 0)
		{
			Param	   *p = makeNode(Param);

			p->paramkind = PARAM_EXTERN;
			p->paramid = i + 1;
			p->paramtype = a->atttypid;
			p->paramtypmod = a->atttypmod;
			p->paramcollid = a->attcollation;
			p->location = -1;
			return (Node *) p;
		}
	}
	return NULL;
}

static void
set_up_params(ParseState *pstate, void *desc)
{
	pstate->p_pre_columnref_hook = column_of_params;
	pstate->p_ref_hook_state = desc;
}

static compiled *
compile(FunctionCallInfo fcinfo, vocabulary *v, struct varlena *segment, const segment_node *tree, TupleDesc desc, Oid relation, uint32 hash)
{
	MemoryContext context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "crmseg compiled segment", ALLOCSET_SMALL_SIZES),
				old;
	compiled   *c = MemoryContextAllocZero(context, sizeof(compiled));
	segment_scope s = {0};
	char	   *sql;

	c->context = context;
	c->type = desc->tdtypeid;
	c->typmod = desc->tdtypmod;
	c->user = GetUserId();
	c->mart = v ? v->schema : InvalidOid;
	c->hash = hash;
	s.row = desc;
	s.row_relation = relation;
	s.v = v ? v : vocabulary_for(relation);
	c->clocked = segment_clock != DT_NOBEGIN;
	if (c->clocked)
	{
		s.clocked = true;
		s.now = "crmseg.segment_clock()";
	}
	sql = segment_condition_sql(&s, tree, false);
	c->generation = segment_generation();
	old = MemoryContextSwitchTo(context);
	c->desc = CreateTupleDescCopy(desc);
	if (segment)
	{
		c->segment = palloc(VARSIZE_ANY(segment));
		memcpy(c->segment, segment, VARSIZE_ANY(segment));
	}
	if (!s.has_query)
	{
		segment_row row = {.desc = c->desc, .column = column_of_slot};
		Expr	   *e = expression_planner((Expr *) segment_condition_tree(&row, sql));

		Bitmapset  *read = NULL;

		pull_varattnos((Node *) e, 1, &read);
		c->need = palloc(sizeof(int) * Max(1, bms_num_members(read)));
		for (int x = -1; (x = bms_next_member(read, x)) >= 0;)
			if (x + FirstLowInvalidHeapAttributeNumber > 0)
				c->need[c->needed++] = x + FirstLowInvalidHeapAttributeNumber - 1;
		c->state = ExecInitExpr(e, NULL);
		c->econtext = CreateStandaloneExprContext();
		c->slot = MakeSingleTupleTableSlot(c->desc, &TTSOpsHeapTuple);
		MemoryContextSwitchTo(old);
	}
	else
	{
		MemoryContextCallback *cb = palloc0(sizeof(*cb));

		c->params = makeParamList(desc->natts);
		MemoryContextSwitchTo(old);
		SPI_connect();
		c->plan = SPI_prepare_params(psprintf("SELECT (%s)", sql), set_up_params, c->desc, 0);
		if (!c->plan || SPI_keepplan(c->plan) != 0)
			elog(ERROR, "could not prepare the conditions of a segment");
		SPI_finish();
		cb->func = free_plan;
		cb->arg = c->plan;
		MemoryContextRegisterResetCallback(context, cb);
	}
	return c;
}

/* columns: those of the row from this argument on; else the tuple, NULL for a row of nothing but NULL */
static Datum
run(FunctionCallInfo fcinfo, compiled *c, HeapTuple tuple, int columns)
{
	bool		isnull;
	Datum		d;
	int			n = c->desc->natts;

	if (c->state)
	{
		MemoryContext old;
		TupleTableSlot *slot = c->slot;

		ResetExprContext(c->econtext);
		if (columns)
		{
			const NullableDatum *arg = &fcinfo->args[columns];

			slot = c->columns;
			if (!slot)
			{
				old = MemoryContextSwitchTo(c->context);
				slot = c->columns = MakeSingleTupleTableSlot(c->desc, &TTSOpsVirtual);
				MemoryContextSwitchTo(old);
			}
			/* nothing in it is its own */
			for (int k = 0; k < c->needed; k++)
			{
				int			i = c->need[k];

				slot->tts_values[i] = arg[i].value;
				slot->tts_isnull[i] = arg[i].isnull;
			}
			slot->tts_flags &= ~TTS_FLAG_EMPTY;
			slot->tts_nvalid = n;
		}
		else if (tuple)
			ExecStoreHeapTuple(tuple, slot, false);
		else
			ExecStoreAllNullTuple(slot);
		c->econtext->ecxt_scantuple = slot;
		old = MemoryContextSwitchTo(c->econtext->ecxt_per_tuple_memory);
		d = ExecEvalExpr(c->state, c->econtext, &isnull);
		MemoryContextSwitchTo(old);
		if (!columns)
			ExecClearTuple(slot);
	}
	else
	{
		bool		pushed = false;

		for (int i = 0; i < n; i++)
		{
			ParamExternData *p = &c->params->params[i];

			p->ptype = TupleDescAttr(c->desc, i)->attisdropped ? InvalidOid : TupleDescAttr(c->desc, i)->atttypid;
			p->pflags = 0;
			p->isnull = true;
			if (columns)
			{
				p->value = fcinfo->args[columns + i].value;
				p->isnull = fcinfo->args[columns + i].isnull;
			}
			else if (tuple && !TupleDescAttr(c->desc, i)->attisdropped)
				p->value = heap_getattr(tuple, i + 1, c->desc, &p->isnull);
		}
		if (!ActiveSnapshotSet())
			PushActiveSnapshot(GetTransactionSnapshot()), pushed = true;
		SPI_connect();
		if (SPI_execute_plan_with_paramlist(c->plan, c->params, true, 1) != SPI_OK_SELECT || SPI_processed != 1)
			elog(ERROR, "could not run the conditions of a segment");
		d = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
		SPI_finish();
		if (pushed)
			PopActiveSnapshot();
	}
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(d);
}

/* the row's type, also when it is NULL; false when nothing says what it would have been */
static bool
type_of_row(FunctionCallInfo fcinfo, int argument, HeapTupleHeader header, Oid *type, int32 *typmod)
{
	if (header)
	{
		*type = HeapTupleHeaderGetTypeId(header);
		*typmod = HeapTupleHeaderGetTypMod(header);
		return true;
	}
	*type = get_fn_expr_argtype(fcinfo->flinfo, argument);
	*typmod = -1;
	return OidIsValid(*type) && *type != RECORDOID && type_is_rowtype(*type);
}

/* the segment compiled for rows of a type */
static compiled *
find_compiled(FunctionCallInfo fcinfo, Oid type, int32 typmod, const char *mart, struct varlena *segment)
{
	kept	   *k = fcinfo->flinfo->fn_extra;
	uint32		hash;
	compiled  **at,
			   *c;
	bool		clocked = segment_clock != DT_NOBEGIN;

	if (!k)
		fcinfo->flinfo->fn_extra = k = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(kept));
	/* mostly the segment of the row before */
	c = k->last;
	if (c && c->type == type && c->typmod == typmod && c->clocked == clocked && c->generation == segment_generation() && c->user == GetUserId() &&
		VARSIZE_ANY_EXHDR(c->segment) == VARSIZE_ANY_EXHDR(segment) && memcmp(VARDATA_ANY(c->segment), VARDATA_ANY(segment), VARSIZE_ANY_EXHDR(segment)) == 0)
		return c;
	k->last = NULL;
	hash = DatumGetUInt32(hash_any((unsigned char *) VARDATA_ANY(segment), VARSIZE_ANY_EXHDR(segment)));
	at = &k->bucket[hash % lengthof(k->bucket)];
	for (c = *at; c; at = &c->next, c = *at)
		if (c->hash == hash && c->type == type && c->typmod == typmod && c->clocked == clocked && c->user == GetUserId() && VARSIZE_ANY_EXHDR(c->segment) == VARSIZE_ANY_EXHDR(segment) &&
			memcmp(VARDATA_ANY(c->segment), VARDATA_ANY(segment), VARSIZE_ANY_EXHDR(segment)) == 0)
			break;
	if (c && c->generation != segment_generation())
	{
		*at = c->next;
		MemoryContextDelete(c->context);
		k->n--;
		c = NULL;
	}
	if (!c)
	{
		TupleDesc	desc = lookup_rowtype_tupdesc_domain(type, typmod, false);
		Oid			base = getBaseType(type);

		if (k->n >= COMPILED_MAX)
			for (int b = 0; b < lengthof(k->bucket); b++)
				while (k->bucket[b])
				{
					compiled   *next = k->bucket[b]->next;

					MemoryContextDelete(k->bucket[b]->context);
					k->bucket[b] = next;
					k->n--;
				}
		c = compile(fcinfo, mart ? vocabulary_of_mart(mart) : NULL, segment, segment_tree(segment), desc, base == RECORDOID ? InvalidOid : get_typ_typrelid(base), hash);
		ReleaseTupleDesc(desc);
		c->type = type;
		c->typmod = typmod;
		at = &k->bucket[hash % lengthof(k->bucket)];
		c->next = *at;
		*at = c;
		k->n++;
	}
	return k->last = c;
}

static Datum
matched(FunctionCallInfo fcinfo, int argument, const char *mart, struct varlena *segment)
{
	HeapTupleHeader header = PG_ARGISNULL(argument) ? NULL : PG_GETARG_HEAPTUPLEHEADER(argument);
	Oid			type;
	int32		typmod;
	HeapTupleData tuple;

	if (!type_of_row(fcinfo, argument, header, &type, &typmod))
		PG_RETURN_NULL();
	if (header)
	{
		tuple.t_len = HeapTupleHeaderGetDatumLength(header);
		ItemPointerSetInvalid(&tuple.t_self);
		tuple.t_tableOid = InvalidOid;
		tuple.t_data = header;
	}
	return run(fcinfo, find_compiled(fcinfo, type, typmod, mart, segment), header ? &tuple : NULL, 0);
}

/* segment_matches(record, segment) -> bool */
Datum
crmseg_segment_matches(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	return matched(fcinfo, 0, NULL, PG_GETARG_VARLENA_PP(1));
}

/* segment_matches_columns(segment, row, columns) -> bool: the planner's form of it: the row is but a NULL of its type */
Datum
crmseg_segment_matches_columns(PG_FUNCTION_ARGS)
{
	kept	   *k = fcinfo->flinfo->fn_extra;
	Oid			type = k ? k->type : get_fn_expr_argtype(fcinfo->flinfo, 1);
	compiled   *c;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (!k && (!OidIsValid(type) || get_typtype(type) != TYPTYPE_COMPOSITE))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("segment_matches_columns is called by the planner only")));
	c = find_compiled(fcinfo, type, -1, NULL, PG_GETARG_VARLENA_PP(0));
	((kept *) fcinfo->flinfo->fn_extra)->type = type;
	/* whoever calls it himself */
	if (PG_NARGS() != c->desc->natts + 2)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("segment_matches_columns is called by the planner only")));
	for (int i = 0; !c->checked && i < c->desc->natts; i++)
		if (!TupleDescAttr(c->desc, i)->attisdropped && get_fn_expr_argtype(fcinfo->flinfo, i + 2) != TupleDescAttr(c->desc, i)->atttypid)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("segment_matches_columns is called by the planner only")));
	c->checked = true;
	return run(fcinfo, c, NULL, 2);
}

/* in_segment(mart name, row record, name text) -> bool */
Datum
crmseg_in_segment(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	return matched(fcinfo, 1, NameStr(*PG_GETARG_NAME(0)), segment_datum(segment_make_member(text_to_cstring(PG_GETARG_TEXT_PP(2)))));
}

/* segment_clock() -> timestamptz: what conditions take for now */
Datum
crmseg_segment_clock(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(segment_clock != DT_NOBEGIN ? segment_clock : GetCurrentTransactionStartTimestamp());
}
