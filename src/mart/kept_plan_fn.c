/*
 * kept_plan_fn.c: run_kept(sql, ...) for SQL and run_kept() for C: a statement whose text is built, because it names a mart's tables, is
 * planned once a session and not each time, which is most of the time of a single merge (76_merge.sql, merge_fn.c). The server keeps such
 * a plan right: it is made again when a table, a policy or search_path changes, and rights are asked for at each execution.
 * The plan serves few rows, so it goes by indexes, however small the tables were when it was made: a session may merge long after.
 * A statement to keep must not read a table that has no index for it beside others: what the planner adds to the cost of a scan it should
 * not make hides what the rest costs.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/resowner.h"

#include "mart/kept_plan.h"

PG_FUNCTION_INFO_V1(crmseg_run_kept);

enum
{
	MOST_PLANS = 500,			/* of a session, some 50 kB each */
	MOST_ARGS = 12,
	MOST_ITEMS = 16				/* of an array: above that a plan of its own is worth its time */
};

typedef struct KeptPlan
{
	uint64		hash;			/* of the text and the types */
	SPIPlanPtr	plan;
	char	   *sql;
	int			nargs;
	Oid			types[MOST_ARGS];
} KeptPlan;

static HTAB *kept_plans = NULL;
static int	running = 0;		/* kept plans at work: none may be freed meanwhile */

/* All of them go when there are too many: a session that merges in hundreds of marts, or whose marts come and go. */
static void
forget_plans(void)
{
	HASH_SEQ_STATUS all;
	KeptPlan   *k;

	hash_seq_init(&all, kept_plans);
	while ((k = hash_seq_search(&all)) != NULL)
	{
		SPI_freeplan(k->plan);
		pfree(k->sql);
		hash_search(kept_plans, &k->hash, HASH_REMOVE, NULL);
	}
}

static SPIPlanPtr
kept_plan(const char *sql, int nargs, Oid *types)
{
	uint64		hash = hash_combine64(hash_bytes_extended((const unsigned char *) sql, (int) strlen(sql), 0),
									  hash_bytes_extended((const unsigned char *) types, nargs * (int) sizeof *types, 0));
	SPIPlanPtr	plan;
	KeptPlan   *k;
	bool		found;

	if (kept_plans == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(uint64), .entrysize = sizeof(KeptPlan), .hcxt = CacheMemoryContext};

		kept_plans = hash_create("crmseg kept plans", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	k = hash_search(kept_plans, &hash, HASH_FIND, NULL);
	if (k)
		return k->nargs == nargs && (nargs == 0 || memcmp(k->types, types, nargs * sizeof *types) == 0) && strcmp(k->sql, sql) == 0 ? k->plan : NULL;
	if (hash_get_num_entries(kept_plans) >= MOST_PLANS)
	{
		if (running > 0)
			return NULL;
		forget_plans();
	}
	plan = SPI_prepare_cursor(sql, nargs, types, CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL)
		ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("statement cannot be prepared: %s", SPI_result_code_string(SPI_result)));
	sql = MemoryContextStrdup(CacheMemoryContext, sql);
	SPI_keepplan(plan);
	k = hash_search(kept_plans, &hash, HASH_ENTER, &found);
	k->plan = plan;
	k->sql = unconstify(char *, sql);
	k->nargs = nargs;
	if (nargs > 0)
		memcpy(k->types, types, nargs * sizeof *types);
	return plan;
}

/* Lets the server plan it now, for few rows: triggers that the statement fires are planned under the session's own settings. */
static void
plan_for_few(SPIPlanPtr plan)
{
	static const char *const off[] = {"enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"};
	int			level = NewGUCNestLevel();
	CachedPlan *cached;

	for (int i = 0; i < lengthof(off); i++)
		(void) set_config_option(off[i], "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	cached = SPI_plan_get_cached_plan(plan);
	if (cached)
		ReleaseCachedPlan(cached, CurrentResourceOwner);
	AtEOXact_GUC(false, level);
}

static bool
is_short(int nargs, const Oid *types, const Datum *args, const char *nulls)
{
	for (int i = 0; i < nargs; i++)
	{
		ArrayType  *a;

		if ((nulls && nulls[i] == 'n') || !OidIsValid(get_element_type(types[i])))
			continue;
		a = DatumGetArrayTypeP(args[i]);
		if (ArrayGetNItems(ARR_NDIM(a), ARR_DIMS(a)) > MOST_ITEMS)
			return false;
	}
	return true;
}

static int
run_plan(SPIPlanPtr plan, Datum *args, const char *nulls)
{
	volatile int done = 0;

	plan_for_few(plan);
	running++;
	PG_TRY();
	{
		done = SPI_execute_plan(plan, args, nulls, false, 0);
	}
	PG_FINALLY();
	{
		running--;
	}
	PG_END_TRY();
	return done;
}

uint64
run_kept(const char *sql, int nargs, Oid *types, Datum *args, const char *nulls)
{
	SPIPlanPtr	plan = NULL;
	int			rc;

	CHECK_FOR_INTERRUPTS();
	if (nargs <= MOST_ARGS && is_short(nargs, types, args, nulls))
		plan = kept_plan(sql, nargs, types);
	rc = plan == NULL ? SPI_execute_with_args(sql, nargs, types, args, nulls, false, 0) : run_plan(plan, args, nulls);
	if (rc < 0)
		ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("statement cannot be run here: %s", SPI_result_code_string(rc)));
	return SPI_processed;
}

/* run_kept(sql, VARIADIC "any") returns record: the first row, NULL when there is none. */
Datum
crmseg_run_kept(PG_FUNCTION_ARGS)
{
	int			nargs = PG_NARGS() - 1;
	Oid			types[MOST_ARGS];
	Datum		args[MOST_ARGS];
	char		nulls[MOST_ARGS + 1];
	MemoryContext outside = CurrentMemoryContext;
	Datum		row = 0;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (nargs > MOST_ARGS || get_fn_expr_variadic(fcinfo->flinfo))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("run_kept takes at most %d arguments, one by one", MOST_ARGS));
	SPI_connect();
	for (int i = 0; i < nargs; i++)
	{
		types[i] = get_fn_expr_argtype(fcinfo->flinfo, i + 1);
		if (types[i] == UNKNOWNOID || !OidIsValid(types[i]))
			ereport(ERROR, errcode(ERRCODE_INDETERMINATE_DATATYPE), errmsg("run_kept takes arguments of a known type"));
		nulls[i] = PG_ARGISNULL(i + 1) ? 'n' : ' ';
		args[i] = PG_ARGISNULL(i + 1) ? (Datum) 0 : PG_GETARG_DATUM(i + 1);
	}
	nulls[nargs] = '\0';
	if (run_kept(text_to_cstring(PG_GETARG_TEXT_PP(0)), nargs, types, args, nulls) > 0 && SPI_tuptable)
	{
		TupleDesc	desc = BlessTupleDesc(SPI_tuptable->tupdesc);
		HeapTuple	tuple = SPI_tuptable->vals[0];
		MemoryContext inside = MemoryContextSwitchTo(outside);

		row = heap_copy_tuple_as_datum(tuple, desc);
		MemoryContextSwitchTo(inside);
	}
	SPI_finish();
	if (row == 0)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(row);
}
