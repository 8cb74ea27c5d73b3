/*
 * activity_write_fn.c: activity_write(relation, trigger, verb), what the trigger that keeps activity (mart step 21) does with the rows of a
 * statement: one row an event and day in activity_delta. The trigger function is the mart's own and runs as its owner; it calls this from a
 * FROM clause, so that the transition tables are found in the query's environment. The statements name the mart's tables and the event's
 * columns, so they are built as text; run_kept has each planned once a session, for most of a single insert's time would be planning.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/partition.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/queryenvironment.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "error.h"
#include "mart/kept_plan.h"

PG_FUNCTION_INFO_V1(crmseg_activity_write);

#define FEW_ROWS 100			/* above, a plan for so many is worth its time */

/* the mart: the schema of the function that this trigger calls */
static char *
mart_of_trigger(Oid relation, const char *name)
{
	Relation	rel = try_table_open(relation, AccessShareLock);
	char	   *schema = NULL;

	for (int i = 0; rel && rel->trigdesc && i < rel->trigdesc->numtriggers && !schema; i++)
		if (strcmp(rel->trigdesc->triggers[i].tgname, name) == 0)
			schema = get_namespace_name(get_func_namespace(rel->trigdesc->triggers[i].tgfoid));
	if (rel)
		table_close(rel, AccessShareLock);
	if (!schema)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("there is no trigger \"%s\" on this table", name)));
	return schema;
}

static Oid
root_of(Oid relation)
{
	return get_rel_relispartition(relation) ? llast_oid(get_partition_ancestors(relation)) : relation;
}

/* makes a transition table known to this call's statements; how many rows it has */
static double
share_rows(QueryEnvironment *env, const char *name)
{
	EphemeralNamedRelation rows = env ? get_ENR(env, name) : NULL;

	if (!rows || SPI_register_relation(rows) != SPI_OK_REL_REGISTER)
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED), errmsg("activity_write is called by the triggers that keep_activity makes")));
	return tuplestore_tuple_count(rows->reldata);
}

/* a text column of a row of the result, in the caller's memory */
static char *
column(SPITupleTable *t, uint64 row, int i)
{
	return SPI_getvalue(t->vals[row], t->tupdesc, i);
}

/* activity_write(relation oid, trigger name, verb text) -> void */
Datum
crmseg_activity_write(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	Oid			relation = PG_GETARG_OID(0);
	const char *verb = text_to_cstring(PG_GETARG_TEXT_PP(2)),
			   *mart = quote_identifier(mart_of_trigger(relation, NameStr(*PG_GETARG_NAME(1))));
	Oid			type = OIDOID;
	Datum		root = ObjectIdGetDatum(root_of(relation));
	QueryEnvironment *env = info && IsA(info, ReturnSetInfo) && info->econtext && info->econtext->ecxt_estate ? info->econtext->ecxt_estate->es_queryEnv : NULL;
	SPITupleTable *kept;
	uint64		n;
	double		rows = 0;

	SPI_connect();
	if (strcmp(verb, "TRUNCATE") == 0)
	{
		run_kept(psprintf("UPDATE %s.activity_kept SET ready = false WHERE relation OPERATOR(pg_catalog.=) $1 AND ready", mart), 1, &type, &root, NULL);
		SPI_finish();
		PG_RETURN_VOID();
	}
	if (strcmp(verb, "INSERT") != 0)
		rows += share_rows(env, "old_row");
	if (strcmp(verb, "DELETE") != 0)
		rows += share_rows(env, "new_row");
	/* nothing was written: no delta */
	n = rows == 0 ? 0 : run_kept(psprintf("SELECT k.event, pg_catalog.format('SELECT e.%%I::pg_catalog.int8 AS party, %%s AS at FROM ', k.party_column, crmseg.activity_instant('e', k.time_column, k.time_type)), k.filter"
										  " FROM %s.activity_kept k WHERE k.relation OPERATOR(pg_catalog.=) $1", mart), 1, &type, &root, NULL);
	kept = SPI_tuptable;
	for (uint64 i = 0; i < n; i++)
	{
		Datum		event = CStringGetTextDatum(column(kept, i, 1));
		const char *head = column(kept, i, 2),
				   *filter = column(kept, i, 3),
				   *was = psprintf("%sold_row e WHERE %s", head, filter),
				   *becomes = psprintf("%snew_row e WHERE %s", head, filter);
		StringInfoData b;

		CHECK_FOR_INTERRUPTS();
		initStringInfo(&b);
		/* the table in the text: of another one the transition tables have other columns */
		appendStringInfo(&b, "/* %u */ INSERT INTO %s.activity_delta (event, day, doubtful, members, first_at, last_at)"
						 " SELECT $1, c.at::pg_catalog.date, c.doubtful, crmseg.party_set_bytes(crmseg.party_set_agg(c.party)), pg_catalog.min(c.at), pg_catalog.max(c.at) FROM (", relation, mart);
		if (strcmp(verb, "INSERT") == 0)
			appendStringInfo(&b, "SELECT false AS doubtful, i.* FROM (%s) i", becomes);
		else if (strcmp(verb, "DELETE") == 0)
			appendStringInfo(&b, "SELECT true AS doubtful, i.* FROM (%s) i", was);
		else
			appendStringInfo(&b, "SELECT true AS doubtful, i.* FROM (%s EXCEPT ALL %s) i UNION ALL SELECT false, i.* FROM (%s EXCEPT ALL %s) i", was, becomes, becomes, was);
		appendStringInfoString(&b, ") c GROUP BY 2, 3");
		type = TEXTOID;
		if (rows > FEW_ROWS)
		{
			if (SPI_execute_with_args(b.data, 1, &type, &event, NULL, false, 0) != SPI_OK_INSERT)
				elog(ERROR, "could not write the activity");
		}
		else
			run_kept(b.data, 1, &type, &event, NULL);
	}
	SPI_finish();
	PG_RETURN_VOID();
}
