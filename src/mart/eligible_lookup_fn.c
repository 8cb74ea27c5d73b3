/*
 * eligible_lookup_fn.c: one query, begun once, for many parties one after the other: the executor's plan is started anew (ExecReScan) with other
 * parameters, which leaves rights, row security and whatever stands in the place of a table to the executor. It lives in a portal, so that
 * an error, a savepoint or the end of the transaction clears it away.
 */
#include "compat.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "utils/memutils.h"
#include "utils/partcache.h"
#include "utils/portal.h"
#include "utils/rel.h"
#include "utils/resowner.h"

#include "mart/eligible_read.h"

struct Lookup
{
	Portal		portal;
	char	   *name;
	int			changing;		/* the first parameters, which are given anew each time */
	MemoryContextCallback end;
};

/* Nothing here keeps rows, or a hash table of them, that were found for another parameter: no sort, no hash, no join but by loops. */
static bool
is_fresh(PlanState *state)
{
	switch (nodeTag(state))
	{
		case T_IndexScanState:
		case T_IndexOnlyScanState:
		case T_SeqScanState:
			return true;
		case T_BitmapHeapScanState:
			return IsA(outerPlanState(state), BitmapIndexScanState);
		case T_SubqueryScanState:
			return is_fresh(((SubqueryScanState *) state)->subplan);
		case T_ResultState:
			return outerPlanState(state) == NULL || is_fresh(outerPlanState(state));
		case T_NestLoopState:
			return is_fresh(outerPlanState(state)) && is_fresh(innerPlanState(state));
		case T_AppendState:
			for (int i = 0; i < ((AppendState *) state)->as_nplans; i++)
				if (!is_fresh(((AppendState *) state)->appendplans[i]))
					return false;
			return true;
		default:
			return false;
	}
}

/* Partitions are left out when the query is begun: for the first values, and so for all. May they be cut by what one of those that change stands for? */
static bool
is_cut_by(EState *state, ParamListInfo params, int changing)
{
	ListCell   *lc;

	foreach(lc, state->es_range_table)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (rte->rtekind == RTE_RELATION && rte->relkind == RELKIND_PARTITIONED_TABLE)
		{
			Relation	rel = table_open(rte->relid, AccessShareLock);
			PartitionKey key = RelationGetPartitionKey(rel);
			bool		found = false;

			for (int i = 0; i < key->partnatts; i++)
				for (int k = 0; k < changing; k++)
					found |= key->parttypid[i] == params->params[k].ptype;
			table_close(rel, AccessShareLock);
			if (found)
				return true;
		}
	}
	return false;
}

static void
end_lookup(void *arg)
{
	Lookup	   *l = arg;

	/* else the portal goes, or went, with its transaction */
	if (IsTransactionState() && GetPortalByName(l->name) == l->portal)
		SPI_cursor_close(l->portal);
}

Lookup *
eligible_lookup_open(MemoryContext context, SPIPlanPtr plan, Datum *values, const char *nulls, int changing)
{
	Portal		portal;
	Lookup	   *l;

	eligible_make_plan(plan);
	portal = SPI_cursor_open(NULL, plan, values, nulls, true);
	if (portal->strategy != PORTAL_ONE_SELECT || portal->portalParams == NULL || !is_fresh(portal->queryDesc->planstate)
		|| is_cut_by(portal->queryDesc->estate, portal->portalParams, changing))
	{
		SPI_cursor_close(portal);
		return NULL;
	}
	portal->visible = false;	/* not one of the user's cursors */
	l = MemoryContextAllocZero(context, sizeof *l);
	l->portal = portal;
	l->changing = changing;
	l->name = MemoryContextStrdup(context, portal->name);
	l->end.func = end_lookup;
	l->end.arg = l;
	MemoryContextRegisterResetCallback(context, &l->end);
	return l;
}

bool
eligible_lookup(Lookup *l, const Datum *values, const char *nulls, lookup_row row, void *arg)
{
	PlanState  *state;
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContext context;
	TupleTableSlot *slot;

	/* a cursor goes on after the savepoint, in which it was begun, was rolled back */
	if (GetPortalByName(l->name) != l->portal)
		return false;
	state = l->portal->queryDesc->planstate;
	context = MemoryContextSwitchTo(state->state->es_query_cxt);
	CurrentResourceOwner = l->portal->resowner;
	for (int i = 0; i < l->changing; i++)
	{
		l->portal->portalParams->params[i].value = values[i];
		l->portal->portalParams->params[i].isnull = nulls && nulls[i] == 'n';
	}
	ExecReScan(state);
	while (slot = ExecProcNode(state), !TupIsNull(slot))
	{
		ResetPerTupleExprContext(state->state);
		row(slot, arg);
	}
	CurrentResourceOwner = owner;
	MemoryContextSwitchTo(context);
	return true;
}
