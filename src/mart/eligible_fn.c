/*
 * eligible_fn.c: eligible() for SQL: reads with plans kept for each mart, as the caller and under the caller's snapshot.
 *
 * What a call keeps from row to row lives with the expression it stands in. In a query that is until the query ends; but an expression of PL/pgSQL lasts as long as
 * the transaction, and a query that stayed begun so long would keep tables from being altered. In FROM the two can be told apart, in a
 * list of columns or a condition they cannot: there the planner puts eligible_of_many() in the place of eligible() in a query over rows, which PL/pgSQL
 * never evaluates as an expression of its own.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "mart/eligible_read.h"

PG_FUNCTION_INFO_V1(crmseg_eligible);
PG_FUNCTION_INFO_V1(crmseg_eligible_of_many);
PG_FUNCTION_INFO_V1(crmseg_eligible_point);
PG_FUNCTION_INFO_V1(crmseg_eligible_support);

/* Lives as long as the statement's state of this function call. */
typedef struct Call
{
	Statement  *st;
	TupleDesc	desc;
} Call;

/* The statement of the call made last: (eligible(…)).* is a call for each column, of one query. */
typedef struct Shared
{
	Statement  *st;
	MemoryContextCallback end;
} Shared;

static Statement *latest;
static MemoryContext latest_context;
static NameData latest_mart;

static void
forget_latest(void *arg)
{
	if (((Shared *) arg)->st == latest)
		latest = NULL;
}

static Statement *
statement_of(MemoryContext context, Name mart)
{
	Shared	   *shared;

	if (latest != NULL && latest_context == context && strcmp(NameStr(latest_mart), NameStr(*mart)) == 0)
		return latest;
	shared = MemoryContextAllocZero(context, sizeof *shared);
	shared->st = eligible_begin(context);
	shared->end.func = forget_latest;
	shared->end.arg = shared;
	MemoryContextRegisterResetCallback(context, &shared->end);
	latest_context = context;
	latest_mart = *mart;
	return latest = shared->st;
}

static Datum
eligible(FunctionCallInfo fcinfo, bool with_point, bool keep)
{
	Call	   *call = fcinfo->flinfo->fn_extra;
	Name		mart = PG_GETARG_NAME(0);
	int64		party = PG_GETARG_INT64(1);
	text	   *channel = PG_GETARG_TEXT_PP(2);
	int64		campaign = PG_GETARG_INT64(3);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(4);
	Plans	   *plans = eligible_plans_made(NameStr(*mart));
	const Answer *known = NULL;
	Answer		answer;
	const char *name;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};

	if (call == NULL)
	{
		MemoryContext was = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		TupleDesc	desc;

		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "eligible returns a row");
		call = palloc0(sizeof *call);
		call->st = statement_of(CurrentMemoryContext, mart);
		call->desc = BlessTupleDesc(CreateTupleDescCopy(desc));
		MemoryContextSwitchTo(was);
		fcinfo->flinfo->fn_extra = call;
	}
	if (plans != NULL)
		known = eligible_known(call->st, plans, channel, campaign, at, party);
	if (known != NULL)
		answer = *known;
	else
	{
		SPI_connect();
		answer = eligible_ask(call->st, eligible_plans(NameStr(*mart)), channel, campaign, at, party, keep);
		SPI_finish();
	}
	name = eligible_reason_name(answer.reason);
	values[0] = BoolGetDatum(answer.reason == ELIGIBLE_OK);
	nulls[1] = name == NULL;
	values[1] = name ? CStringGetTextDatum(name) : (Datum) 0;
	if (with_point)
	{
		values[2] = Int64GetDatum(answer.point);
		nulls[2] = answer.reason != ELIGIBLE_OK;
	}
	return HeapTupleGetDatum(heap_form_tuple(call->desc, values, nulls));
}

Datum crmseg_eligible(PG_FUNCTION_ARGS) { return eligible(fcinfo, false, fcinfo->resultinfo != NULL); }
Datum crmseg_eligible_of_many(PG_FUNCTION_ARGS) { return eligible(fcinfo, false, true); }
Datum crmseg_eligible_point(PG_FUNCTION_ARGS) { return eligible(fcinfo, true, fcinfo->resultinfo != NULL); }

/* eligible(…) in a query that reads rows becomes eligible_of_many(…). */
Datum
crmseg_eligible_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	static const Oid types[] = {NAMEOID, INT8OID, TEXTOID, INT8OID, TIMESTAMPTZOID};
	FuncExpr   *call = ((SupportRequestSimplify *) request)->fcall;
	Oid			many;
	bool		has_rows = false;
	ListCell   *lc;

	if (!IsA(request, SupportRequestSimplify) || ((SupportRequestSimplify *) request)->root == NULL)
		PG_RETURN_POINTER(NULL);
	foreach(lc, ((SupportRequestSimplify *) request)->root->parse->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);
		Node	   *source = rte->rtekind == RTE_FUNCTION ? linitial_node(RangeTblFunction, rte->functions)->funcexpr : NULL;

		/* eligible() itself in FROM is no reason: it is told by standing there */
		has_rows |= rte->rtekind != RTE_RESULT && !(source && IsA(source, FuncExpr) && ((FuncExpr *) source)->funcid == call->funcid);
	}
	if (!has_rows || list_length(call->args) != lengthof(types))
		PG_RETURN_POINTER(NULL);
	many = LookupFuncName(list_make2(makeString(get_namespace_name(get_func_namespace(call->funcid))), makeString("eligible_of_many")), lengthof(types), types, true);
	if (!OidIsValid(many) || many == call->funcid)
		PG_RETURN_POINTER(NULL);
	call = copyObject(call);
	call->funcid = many;
	PG_RETURN_POINTER(call);
}
