/*
 * eligible_read_fn.c: what eligible(), choose_channel() and next_question() read, by plans that are kept for each mart and run as the caller under the caller's snapshot.
 */
#include "compat.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "mart/eligible_read.h"

#define MAX_PARAMETERS 9

static HTAB *all_plans;

/* ---- the queries; '@.' stands for the schema ---- */

/* Is it a quiet hour of the party at this instant? In its own time zone, else in that of the mart, whose hour is given. */
#define HOUR(at, hour) "(CASE WHEN f.time_zone IS NULL THEN " hour " ELSE pg_catalog.date_part('hour', pg_catalog.timezone(f.time_zone, " at "))::pg_catalog.int4 END)"
#define QUIET(at, hour) "f.quiet_hours OPERATOR(pg_catalog.@>) " HOUR(at, hour) " OR f.quiet_hours OPERATOR(pg_catalog.@>) (" HOUR(at, hour) " OPERATOR(pg_catalog.+) 24)"

static const char *const query[N_PLANS] = {
	/* $1 channel, $2 campaign */
	[CAMPAIGN] = "SELECT h.channel_id, h.contact_kind, h.can_solicit AND h.contact_kind IS NOT NULL, h.needs_opt_in, g.is_commercial, g.purpose, g.topic, "
	"g.running, d.time_zone, h.max_touches, COALESCE(h.per, '30 days'), d.max_touches, COALESCE(d.max_touches_per, '30 days'), (SELECT k.key FROM @.suppression_key k) "
	"FROM @.datamart d LEFT JOIN @.channel h ON h.name OPERATOR(pg_catalog.=) $1 LEFT JOIN @.campaign g ON g.campaign_id OPERATOR(pg_catalog.=) $2",
	/* from here on: $1 to $2 parties */
	[PARTIES] = "SELECT y.party_id, y.lifecycle OPERATOR(pg_catalog.=) 'closed', y.deceased_on IS NOT NULL, y.restricted_at IS NOT NULL FROM @.party y "
	"WHERE y.party_id OPERATOR(pg_catalog.>=) $1 AND y.party_id OPERATOR(pg_catalog.<=) $2 ORDER BY 1",
	/* $3 kind of address, $4 day */
	[POINTS] = "SELECT c.party_id, c.contact_point_id, c.status::\"char\", c.valid OPERATOR(pg_catalog.@>) $4, "
	/* not EXISTS, which would be answered by reading all suppressions */
	"(SELECT true FROM @.suppression s WHERE s.kind OPERATOR(pg_catalog.=) $3 "
	"AND s.value_hash OPERATOR(pg_catalog.=) crmseg.suppression_digest((SELECT k.key FROM @.suppression_key k), c.value_norm) LIMIT 1) "
	"FROM @.contact_point c WHERE c.party_id OPERATOR(pg_catalog.>=) $1 AND c.party_id OPERATOR(pg_catalog.<=) $2 "
	"AND c.kind OPERATOR(pg_catalog.=) $3 ORDER BY c.party_id, c.is_primary DESC, c.contact_point_id",
	/* $3 purpose, $4 channel, $5 instant */
	[CONSENTS] = "SELECT c.party_id, c.contact_point_id, c.status OPERATOR(pg_catalog.=) 'granted' FROM @.consent c "
	"WHERE c.party_id OPERATOR(pg_catalog.>=) $1 AND c.party_id OPERATOR(pg_catalog.<=) $2 AND c.purpose OPERATOR(pg_catalog.=) $3 "
	"AND c.channel_id OPERATOR(pg_catalog.=) $4 AND c.valid OPERATOR(pg_catalog.@>) $5 ORDER BY 1",
	/* $3 channel, $4 instant, $5 hour, $6 topic; channel 0 stands for all channels together */
	[WISHES] = "SELECT f.party_id, f.channel_id OPERATOR(pg_catalog.=) 0, f.max_touches, f.per, f.paused OPERATOR(pg_catalog.@>) $4, "
	QUIET("$4", "$5") ", "
	"$6 OPERATOR(pg_catalog.<>) ALL (f.topics) FROM @.contact_preference f WHERE f.party_id OPERATOR(pg_catalog.>=) $1 "
	"AND f.party_id OPERATOR(pg_catalog.<=) $2 AND (f.channel_id OPERATOR(pg_catalog.=) $3 OR f.channel_id OPERATOR(pg_catalog.=) 0) ORDER BY 1",
	/* $3 channel, $4 campaign */
	[TARGETS] = "SELECT t.party_id FROM @.campaign_target t WHERE t.party_id OPERATOR(pg_catalog.>=) $1 AND t.party_id OPERATOR(pg_catalog.<=) $2 "
	"AND t.campaign_id OPERATOR(pg_catalog.=) $4 AND t.state OPERATOR(pg_catalog.<>) 'cancelled' "
	"AND (t.channel_id OPERATOR(pg_catalog.=) $3 OR t.is_control) ORDER BY 1",
	/* $1 parties, $2 from, $3 to: a claim counts as the message it will become, until that message is there */
	[TOUCHES] = "SELECT i.party_id, i.channel_id, i.occurred_at AS at FROM @.interaction i WHERE i.party_id OPERATOR(pg_catalog.=) ANY ($1) "
	"AND i.occurred_at OPERATOR(pg_catalog.>) $2 AND i.occurred_at OPERATOR(pg_catalog.<=) $3 AND i.is_solicitation "
	"AND i.direction OPERATOR(pg_catalog.=) 'o' AND i.status OPERATOR(pg_catalog.<>) ALL ('{planned,failed,suppressed}') "
	"UNION ALL SELECT t.party_id, t.channel_id, t.claimed_at FROM @.campaign_target t "
	"JOIN @.campaign g ON g.campaign_id OPERATOR(pg_catalog.=) t.campaign_id AND g.is_commercial "
	"WHERE t.party_id OPERATOR(pg_catalog.=) ANY ($1) AND t.state OPERATOR(pg_catalog.=) 'claimed' AND NOT t.is_control "
	"AND t.claimed_at OPERATOR(pg_catalog.>) $2 AND t.claimed_at OPERATOR(pg_catalog.<=) $3 "
	"AND NOT EXISTS (SELECT FROM @.interaction i WHERE i.party_id OPERATOR(pg_catalog.=) t.party_id AND i.campaign_id OPERATOR(pg_catalog.=) t.campaign_id "
	"AND i.channel_id OPERATOR(pg_catalog.=) t.channel_id AND i.occurred_at OPERATOR(pg_catalog.>=) t.claimed_at AND i.occurred_at OPERATOR(pg_catalog.>) $2) "
	"ORDER BY 1",
	/*
	 * $1 one party, $2 kind of address, $3 day, $4 purpose, $5 channel, $6 instant, $7 hour, $8 topic, $9 campaign: what the queries above read of it,
	 * in one, for to begin a query takes longer than to find a row; the first column says which. Of the targets also those that count as touches.
	 */
	[ONE] = "SELECT 1, NULL::pg_catalog.int8, y.lifecycle OPERATOR(pg_catalog.=) 'closed', y.deceased_on IS NOT NULL, y.restricted_at IS NOT NULL, NULL::pg_catalog.int4, NULL::pg_catalog.interval, "
	"NULL::\"char\", NULL::pg_catalog.timestamptz, NULL::pg_catalog.text FROM @.party y WHERE y.party_id OPERATOR(pg_catalog.=) $1 "
	"UNION ALL SELECT 2, c.contact_point_id, c.valid OPERATOR(pg_catalog.@>) $3, NULL, c.is_primary, NULL, NULL, c.status::\"char\", NULL, c.value_norm "
	"FROM @.contact_point c WHERE c.party_id OPERATOR(pg_catalog.=) $1 AND c.kind OPERATOR(pg_catalog.=) $2 "
	"UNION ALL SELECT 3, c.contact_point_id, c.status OPERATOR(pg_catalog.=) 'granted', NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM @.consent c "
	"WHERE c.party_id OPERATOR(pg_catalog.=) $1 AND c.purpose OPERATOR(pg_catalog.=) $4 AND c.channel_id OPERATOR(pg_catalog.=) $5 AND c.valid OPERATOR(pg_catalog.@>) $6 "
	"UNION ALL SELECT CASE f.channel_id WHEN 0 THEN 5 ELSE 4 END, NULL, f.paused OPERATOR(pg_catalog.@>) $6, " QUIET("$6", "$7") ", $8 OPERATOR(pg_catalog.<>) ALL (f.topics), f.max_touches, f.per, NULL, NULL, NULL "
	"FROM @.contact_preference f WHERE f.party_id OPERATOR(pg_catalog.=) $1 AND (f.channel_id OPERATOR(pg_catalog.=) $5 OR f.channel_id OPERATOR(pg_catalog.=) 0) "
	"UNION ALL SELECT 6, t.campaign_id, t.campaign_id OPERATOR(pg_catalog.=) $9 AND (t.channel_id OPERATOR(pg_catalog.=) $5 OR t.is_control), "
	"t.state OPERATOR(pg_catalog.=) 'claimed' AND NOT t.is_control, NULL, t.channel_id, NULL, NULL, t.claimed_at, NULL "
	"FROM @.campaign_target t WHERE t.party_id OPERATOR(pg_catalog.=) $1 AND t.state OPERATOR(pg_catalog.<>) 'cancelled'",
	/* the messages of $1 one party since $2, and which of them count as touches; the others may be what became of a claim */
	[TOUCHES_OF_ONE] = "SELECT i.channel_id, i.occurred_at, i.campaign_id::pg_catalog.int8, i.is_solicitation AND i.direction OPERATOR(pg_catalog.=) 'o' "
	"AND i.status OPERATOR(pg_catalog.<>) ALL ('{planned,failed,suppressed}') FROM @.interaction i WHERE i.party_id OPERATOR(pg_catalog.=) $1 "
	"AND i.occurred_at OPERATOR(pg_catalog.>) $2",
	/* $1 digest, $2 kind */
	[SUPPRESSED] = "SELECT true FROM @.suppression s WHERE s.value_hash OPERATOR(pg_catalog.=) $1 AND s.kind OPERATOR(pg_catalog.=) $2",
	[COMMERCIAL] = "SELECT g.is_commercial FROM @.campaign g WHERE g.campaign_id OPERATOR(pg_catalog.=) $1",
	[ALIAS] = "SELECT a.party_id FROM @.party_alias a WHERE a.old_party_id OPERATOR(pg_catalog.=) $1",
	/*
	 * $1 campaign, $2 instant: the channels, their places by cost (those of unknown cost last), what a response is worth, and the weight of the
	 * instant in the sums of party_channel
	 */
	[CHANNELS] = "SELECT h.channel_id, h.name, COALESCE(h.unit_cost, 0)::pg_catalog.float8, pg_catalog.rank() OVER (ORDER BY h.unit_cost), g.response_value::pg_catalog.float8, "
	"GREATEST(crmseg.decay_weight($2, d.half_life_days), 1) FROM @.datamart d CROSS JOIN @.channel h LEFT JOIN @.campaign g ON g.campaign_id OPERATOR(pg_catalog.=) $1 "
	"WHERE h.can_solicit ORDER BY 1",
	/* $1 mart: those kept, else made on the spot */
	[PRIORS] = "SELECT p.channel_id, p.lifecycle, p.is_professional, p.rate, p.strength FROM @.channel_prior p "
	"UNION ALL SELECT p.channel_id, p.lifecycle, p.is_professional, p.rate, p.strength FROM crmseg.channel_priors($1) p WHERE NOT EXISTS (SELECT FROM @.channel_prior)",
	/* $1 one party, $2 weight of the instant: who it is, its touches and responses by channel as of that instant, the channels it prefers */
	[PERSON] = "SELECT 1, NULL::pg_catalog.int2, y.is_professional, y.lifecycle, NULL::pg_catalog.float8, NULL::pg_catalog.float8, NULL::pg_catalog.int8 "
	"FROM @.party y WHERE y.party_id OPERATOR(pg_catalog.=) $1 "
	"UNION ALL SELECT 2, k.channel_id, NULL, NULL, (LEAST(k.response_w, k.touch_w) OPERATOR(pg_catalog./) $2)::pg_catalog.float8, (k.touch_w OPERATOR(pg_catalog./) $2)::pg_catalog.float8, k.touches "
	"FROM @.party_channel k WHERE k.party_id OPERATOR(pg_catalog.=) $1 "
	"UNION ALL SELECT 3, f.channel_id, NULL, NULL, NULL, NULL, NULL FROM @.contact_preference f WHERE f.party_id OPERATOR(pg_catalog.=) $1 AND f.is_preferred",
	/* $1 parties: what to ask each for next. Of a range, the planner would expect many, and first make a table of all who are to be looked at closer */
	[QUESTIONS] = "SELECT q.party_id, q.key FROM @.question_to_ask q WHERE q.party_id OPERATOR(pg_catalog.=) ANY ($1)",
};

static const Oid query_types[N_PLANS][MAX_PARAMETERS] = {
	[CAMPAIGN] = {TEXTOID, INT8OID},
	[PARTIES] = {INT8OID, INT8OID},
	[POINTS] = {INT8OID, INT8OID, TEXTOID, DATEOID},
	[CONSENTS] = {INT8OID, INT8OID, TEXTOID, INT2OID, TIMESTAMPTZOID},
	[WISHES] = {INT8OID, INT8OID, INT2OID, TIMESTAMPTZOID, INT4OID, TEXTOID},
	[TARGETS] = {INT8OID, INT8OID, INT2OID, INT8OID},
	[TOUCHES] = {INT8ARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID},
	[ONE] = {INT8OID, TEXTOID, DATEOID, TEXTOID, INT2OID, TIMESTAMPTZOID, INT4OID, TEXTOID, INT8OID},
	[TOUCHES_OF_ONE] = {INT8OID, TIMESTAMPTZOID},
	[SUPPRESSED] = {BYTEAOID, TEXTOID},
	[COMMERCIAL] = {INT8OID},
	[ALIAS] = {INT8OID},
	[CHANNELS] = {INT8OID, TIMESTAMPTZOID},
	[PRIORS] = {NAMEOID},
	[PERSON] = {INT8OID, NUMERICOID},
	[QUESTIONS] = {INT8ARRAYOID},
};

static SPIPlanPtr
prepare(int which, const char *schema)
{
	StringInfoData sql;
	SPIPlanPtr	plan;
	Oid			types[MAX_PARAMETERS];
	int			n = 0;

	initStringInfo(&sql);
	for (const char *p = query[which]; *p; p++)
	{
		if (*p == '@' && p[1] == '.')
			appendStringInfoString(&sql, schema);
		else
			appendStringInfoChar(&sql, *p);
	}
	memcpy(types, query_types[which], sizeof types);
	while (n < MAX_PARAMETERS && OidIsValid(types[n]))
		n++;
	/* one plan for all values: to plan takes longer than to run */
	plan = SPI_prepare_cursor(sql.data, n, types, CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL)
		elog(ERROR, "eligible: prepare failed: %s", SPI_result_code_string(SPI_result));
	SPI_keepplan(plan);
	return plan;
}

Plans *
eligible_plans_made(const char *mart)
{
	Oid			schema = get_namespace_oid(mart, true);
	Plans	   *p = all_plans ? hash_search(all_plans, mart, HASH_FIND, NULL) : NULL;

	return p != NULL && p->schema == schema && OidIsValid(schema) ? p : NULL;
}

Plans *
eligible_plans(const char *mart)
{
	Oid			schema = get_namespace_oid(mart, true);
	char		key[NAMEDATALEN] = {0};
	Plans	   *p = eligible_plans_made(mart);
	Oid			type = NAMEOID;
	Datum		name = PointerGetDatum(key);

	if (p != NULL)
		return p;
	strlcpy(key, mart, NAMEDATALEN);
	if (all_plans == NULL)
	{
		HASHCTL		ctl = {.keysize = NAMEDATALEN, .entrysize = sizeof(Plans), .hcxt = TopMemoryContext};

		all_plans = hash_create("crmseg eligible", 8, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	}
	p = hash_search(all_plans, key, HASH_FIND, NULL);
	if (p == NULL)
	{
		p = hash_search(all_plans, key, HASH_ENTER, NULL);
		memset(p->plan, 0, sizeof p->plan);
	}
	p->schema = InvalidOid;		/* until all is well */
	/* a mart, and of the present step; else this raises */
	if (SPI_execute_with_args("SELECT crmseg.require_datamart($1)", 1, &type, &name, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "eligible: the mart could not be checked");
	for (int i = 0; i < N_PLANS; i++)
	{
		if (p->plan[i] != NULL)
			SPI_freeplan(p->plan[i]);
		p->plan[i] = NULL;
		p->plan[i] = prepare(i, quote_identifier(mart));
	}
	p->schema = schema;
	return p;
}

Moment
eligible_moment(const Plans *p)
{
	Snapshot	s = GetActiveSnapshot();

	return (Moment) {.schema = p->schema, .user = GetUserId(), .transaction = GetCurrentTransactionStartTimestamp(),
		.xmin = s->xmin, .xmax = s->xmax, .xcnt = s->xcnt, .subxcnt = s->subxcnt, .curcid = s->curcid};
}

bool
eligible_same_moment(const Moment *a, const Moment *b)
{
	return a->schema == b->schema && a->user == b->user && a->transaction == b->transaction
		&& a->xmin == b->xmin && a->xmax == b->xmax && a->xcnt == b->xcnt && a->subxcnt == b->subxcnt && a->curcid == b->curcid;
}

/*
 * A plan that was made while a table was small serves when it is large: it goes by keys; and what the planner then holds to be dear is not
 * compiled. The settings are for the making alone.
 */
void
eligible_make_plan(SPIPlanPtr plan)
{
	CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(plan));
	CachedPlan *made;
	int			guc;

	if (source->is_valid && source->gplan != NULL && source->gplan->is_valid)
		return;
	guc = NewGUCNestLevel();
	set_config_option("enable_seqscan", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	set_config_option("jit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	made = SPI_plan_get_cached_plan(plan);
	if (made)
		ReleaseCachedPlan(made, CurrentResourceOwner);
	AtEOXact_GUC(true, guc);
}

Rows
eligible_run(SPIPlanPtr plan, Datum *values, const char *nulls)
{
	Rows		r = {0};
	int			rc;

	eligible_make_plan(plan);
	rc = SPI_execute_plan(plan, values, nulls, true, 0);
	if (rc != SPI_OK_SELECT)
		elog(ERROR, "eligible: query failed: %s", SPI_result_code_string(rc));
	r.table = SPI_tuptable;
	r.n = SPI_processed;
	return r;
}

/* Hands the rows over one by one, as a lookup does. */
void
eligible_rows(Rows r, lookup_row row, void *arg)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(r.table->tupdesc, &TTSOpsHeapTuple);

	for (uint64 i = 0; i < r.n; i++)
	{
		ExecStoreHeapTuple(r.table->vals[i], slot, false);
		row(slot, arg);
	}
	ExecDropSingleTupleTableSlot(slot);
}
