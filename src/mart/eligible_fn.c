/*
 * eligible_fn.c: eligible() for SQL. Reads with plans kept for each mart, as the caller and under the caller's snapshot.
 * A query of one row takes fifty times as long to begin as to find its row. So a statement that asks for many parties is answered by
 * blocks of neighbouring ids: each table is read once for a block, the rows are brought together here, and the answers wait, for this
 * statement alone, until they are asked for. A statement that asks for parties far apart goes on one by one.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "error.h"
#include "mart/eligible.h"

PG_FUNCTION_INFO_V1(crmseg_eligible);
PG_FUNCTION_INFO_V1(crmseg_eligible_point);

#define BLOCK 1024				/* ids that are answered together */
#define SINGLES 4				/* the first parties of a statement are answered one by one */
#define WASTE 4					/* so many parties may be answered by blocks for each that is asked for */
#define MAX_ANSWERS 1000000		/* kept at a time */

enum {CAMPAIGN, PARTIES, POINTS, CONSENTS, WISHES, TARGETS, TOUCHES, ALIAS, N_PLANS};

/* The plans of a mart; they hold its name, so a renamed schema has others. */
typedef struct Plans
{
	char		mart[NAMEDATALEN];	/* key of the hash table */
	Oid			schema;
	SPIPlanPtr	plan[N_PLANS];
} Plans;

/* What a statement asks for, and what was found once for all its parties. */
typedef struct Occasion
{
	bool		is_valid;
	/* what it was read for, and whether anything can have changed since */
	Oid			schema;
	Oid			user;
	int64		campaign;
	TimestampTz at;
	text	   *channel;
	TimestampTz transaction;
	TransactionId xmin,
				xmax;
	uint32		xcnt;
	int32		subxcnt;
	CommandId	curcid;
	/* what was found */
	EligibleCampaign what;
	int16		channel_id;
	DateADT		day;
	int32		hour;
	text	   *contact_kind;
	text	   *purpose;
	text	   *topic;
	int32		cap[2];			/* of the channel, over all; -1: no rule */
	Interval	per[2];
} Occasion;

typedef struct Answer
{
	int64		party;			/* key of the hash table */
	int64		point;
	EligibleReason reason;
} Answer;

/* Lives as long as the statement's state of this function call. */
typedef struct Statement
{
	MemoryContext context;
	MemoryContext answer_context;
	TupleDesc	desc;
	Occasion	occasion;
	HTAB	   *answers;
	int64		asked;			/* calls */
	int64		answered;		/* parties answered by blocks */
} Statement;

static HTAB *all_plans;

/* ---- the queries; '@.' stands for the schema ---- */

static const char *const query[N_PLANS] = {
	/* $1 channel, $2 campaign, $3 instant */
	[CAMPAIGN] = "SELECT h.channel_id, h.contact_kind, h.can_solicit AND h.contact_kind IS NOT NULL, h.needs_opt_in, g.is_commercial, g.purpose, g.topic, "
	"g.running IS NULL OR g.running OPERATOR(pg_catalog.@>) $3, "
	"(pg_catalog.timezone(d.time_zone, $3))::pg_catalog.date, pg_catalog.date_part('hour', pg_catalog.timezone(d.time_zone, $3))::integer, "
	"h.max_touches, COALESCE(h.per, '30 days'), d.max_touches, COALESCE(d.max_touches_per, '30 days') "
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
	"f.quiet_hours OPERATOR(pg_catalog.@>) $5 OR f.quiet_hours OPERATOR(pg_catalog.@>) ($5 OPERATOR(pg_catalog.+) 24), "
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
	[ALIAS] = "SELECT a.party_id FROM @.party_alias a WHERE a.old_party_id OPERATOR(pg_catalog.=) $1",
};

static const Oid query_types[N_PLANS][6] = {
	[CAMPAIGN] = {TEXTOID, INT8OID, TIMESTAMPTZOID},
	[PARTIES] = {INT8OID, INT8OID},
	[POINTS] = {INT8OID, INT8OID, TEXTOID, DATEOID},
	[CONSENTS] = {INT8OID, INT8OID, TEXTOID, INT2OID, TIMESTAMPTZOID},
	[WISHES] = {INT8OID, INT8OID, INT2OID, TIMESTAMPTZOID, INT4OID, TEXTOID},
	[TARGETS] = {INT8OID, INT8OID, INT2OID, INT8OID},
	[TOUCHES] = {INT8ARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID},
	[ALIAS] = {INT8OID},
};

static SPIPlanPtr
prepare(int which, const char *schema)
{
	StringInfoData sql;
	SPIPlanPtr	plan;
	Oid			types[6];
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
	while (n < 6 && OidIsValid(types[n]))
		n++;
	/* one plan for all values: to plan takes longer than to run */
	plan = SPI_prepare_cursor(sql.data, n, types, CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL)
		elog(ERROR, "eligible: prepare failed: %s", SPI_result_code_string(SPI_result));
	SPI_keepplan(plan);
	return plan;
}

static Plans *
plans_of(const char *mart)
{
	Oid			schema = get_namespace_oid(mart, true);
	char		key[NAMEDATALEN] = {0};
	Plans	   *p;
	Oid			type = NAMEOID;
	Datum		name = PointerGetDatum(key);

	strlcpy(key, mart, NAMEDATALEN);
	if (all_plans == NULL)
	{
		HASHCTL		ctl = {.keysize = NAMEDATALEN, .entrysize = sizeof(Plans), .hcxt = TopMemoryContext};

		all_plans = hash_create("crmseg eligible", 8, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	}
	p = hash_search(all_plans, key, HASH_FIND, NULL);
	if (p != NULL && p->schema == schema && OidIsValid(schema))
		return p;
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

/* Rows of a query, read in the order of their first column, the party. */
typedef struct Rows
{
	SPITupleTable *table;
	uint64		n;
	uint64		next;
} Rows;

static Rows
run(SPIPlanPtr plan, Datum *values, const char *nulls)
{
	Rows		r = {0};
	int			rc = SPI_execute_plan(plan, values, nulls, true, 0);

	if (rc != SPI_OK_SELECT)
		elog(ERROR, "eligible: query failed: %s", SPI_result_code_string(rc));
	r.table = SPI_tuptable;
	r.n = SPI_processed;
	return r;
}

static inline Datum
cell(const Rows *r, uint64 row, int column, bool *null)
{
	return heap_getattr(r->table->vals[row], column, r->table->tupdesc, null);
}

static inline bool
is_true(const Rows *r, uint64 row, int column)
{
	bool		null;
	Datum		d = cell(r, row, column, &null);

	return !null && DatumGetBool(d);
}

static inline int64
number(const Rows *r, uint64 row, int column)
{
	bool		null;

	return DatumGetInt64(cell(r, row, column, &null));
}

/* The rows of a party: from *first to the number returned; parties are asked for in rising order. */
static uint64
rows_of(Rows *r, int64 party, uint64 *first)
{
	while (r->next < r->n && number(r, r->next, 1) < party)
		r->next++;
	*first = r->next;
	while (r->next < r->n && number(r, r->next, 1) == party)
		r->next++;
	return r->next;
}

static text *
kept_text(MemoryContext context, Datum d, bool null)
{
	MemoryContext was = MemoryContextSwitchTo(context);
	text	   *t = null ? NULL : DatumGetTextPCopy(d);

	MemoryContextSwitchTo(was);
	return t;
}

/* Reads the campaign, the channel and the rules of the house, unless that was done for the same question under the same snapshot. */
static void
set_occasion(Statement *st, Plans *p, text *channel, int64 campaign, TimestampTz at)
{
	Occasion   *o = &st->occasion;
	Snapshot	s = GetActiveSnapshot();
	Datum		values[3] = {PointerGetDatum(channel), Int64GetDatum(campaign), TimestampTzGetDatum(at)};
	HASHCTL		ctl = {.keysize = sizeof(int64), .entrysize = sizeof(Answer)};
	bool		null,
				no_campaign;
	Datum		d,
				purpose;
	Rows		r;

	if (o->is_valid && o->schema == p->schema && o->user == GetUserId() && o->campaign == campaign && o->at == at
		&& o->transaction == GetCurrentTransactionStartTimestamp() && o->xmin == s->xmin && o->xmax == s->xmax && o->xcnt == s->xcnt
		&& o->subxcnt == s->subxcnt && o->curcid == s->curcid && VARSIZE_ANY_EXHDR(o->channel) == VARSIZE_ANY_EXHDR(channel)
		&& memcmp(VARDATA_ANY(o->channel), VARDATA_ANY(channel), VARSIZE_ANY_EXHDR(channel)) == 0)
		return;
	o->is_valid = false;
	if (st->answer_context == NULL)
		st->answer_context = AllocSetContextCreate(st->context, "eligible", ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(st->answer_context);
	st->answers = NULL;
	st->asked = st->answered = 0;
	r = run(p->plan[CAMPAIGN], values, NULL);
	if (r.n != 1)
		ereport(ERROR, errcode(CRMSEG_BAD_MART), errmsg("the settings of the datamart cannot be read"));
	d = cell(&r, 0, 1, &null);
	if (null)
		ereport(ERROR, errcode(CRMSEG_BAD_VALUE), errmsg("channel \"%s\" does not exist", text_to_cstring(channel)));
	o->channel_id = DatumGetInt16(d);
	purpose = cell(&r, 0, 6, &no_campaign);
	if (no_campaign)
		ereport(ERROR, errcode(CRMSEG_BAD_VALUE), errmsg("campaign " INT64_FORMAT " does not exist", campaign));
	o->purpose = kept_text(st->answer_context, purpose, false);
	d = cell(&r, 0, 2, &null);
	o->contact_kind = kept_text(st->answer_context, null ? PointerGetDatum(cstring_to_text("")) : d, false);
	d = cell(&r, 0, 7, &null);
	o->topic = kept_text(st->answer_context, d, null);
	o->channel = kept_text(st->answer_context, PointerGetDatum(channel), false);
	o->what.can_solicit = is_true(&r, 0, 3);
	o->what.needs_opt_in = is_true(&r, 0, 4);
	o->what.is_commercial = is_true(&r, 0, 5);
	o->what.is_running = is_true(&r, 0, 8);
	o->day = DatumGetDateADT(cell(&r, 0, 9, &null));
	d = cell(&r, 0, 10, &null);
	o->hour = null ? 0 : DatumGetInt32(d);
	for (int i = 0; i < 2; i++)
	{
		d = cell(&r, 0, 11 + 2 * i, &null);
		o->cap[i] = null ? -1 : DatumGetInt32(d);
		o->per[i] = *DatumGetIntervalP(cell(&r, 0, 12 + 2 * i, &null));
	}
	o->schema = p->schema;
	o->user = GetUserId();
	o->campaign = campaign;
	o->at = at;
	o->transaction = GetCurrentTransactionStartTimestamp();
	o->xmin = s->xmin;
	o->xmax = s->xmax;
	o->xcnt = s->xcnt;
	o->subxcnt = s->subxcnt;
	o->curcid = s->curcid;
	ctl.hcxt = st->answer_context;
	st->answers = hash_create("eligible", BLOCK, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	o->is_valid = true;
}

/* A party whose touches have to be counted, and from when. */
typedef struct Capped
{
	Answer	   *answer;
	int32		cap[2];
	TimestampTz from[2];
} Capped;

/* Those whose touches are at one of their caps. */
static void
apply_caps(Plans *p, const Occasion *o, Capped *capped, int n)
{
	Datum	   *ids = palloc(n * sizeof(Datum));
	TimestampTz from = o->at;
	Datum		values[3];
	Rows		r;

	for (int i = 0; i < n; i++)
	{
		ids[i] = Int64GetDatum(capped[i].answer->party);
		from = Min(from, Min(capped[i].from[0], capped[i].from[1]));
	}
	values[0] = PointerGetDatum(construct_array(ids, n, INT8OID, sizeof(int64), true, TYPALIGN_DOUBLE));
	values[1] = TimestampTzGetDatum(from);
	values[2] = TimestampTzGetDatum(o->at);
	r = run(p->plan[TOUCHES], values, NULL);
	for (int i = 0; i < n; i++)
	{
		int64		count[2] = {0, 0};
		uint64		row,
					end = rows_of(&r, capped[i].answer->party, &row);

		for (; row < end; row++)
		{
			bool		null;
			int16		channel = DatumGetInt16(cell(&r, row, 2, &null));
			TimestampTz at = DatumGetTimestampTz(cell(&r, row, 3, &null));

			count[0] += channel == o->channel_id && at > capped[i].from[0];
			count[1] += at > capped[i].from[1];
		}
		for (int k = 0; k < 2; k++)
			if (capped[i].cap[k] >= 0 && count[k] >= capped[i].cap[k])
				capped[i].answer->reason = ELIGIBLE_OVER_CAP;
	}
}

/* Answers for all parties from lo to hi; returns their number. */
static int
answer_range(Statement *st, Plans *p, int64 lo, int64 hi)
{
	const Occasion *o = &st->occasion;
	Datum		values[6] = {Int64GetDatum(lo), Int64GetDatum(hi)};
	char		nulls[] = "      ";
	Rows		parties,
				points,
				consents,
				wishes,
				targets;
	Capped	   *capped;
	int			n_capped = 0;
	EligiblePoint *point = palloc(sizeof *point);
	EligibleConsent *consent = palloc(sizeof *consent);

	parties = run(p->plan[PARTIES], values, NULL);
	if (parties.n == 0)
		return 0;
	values[2] = PointerGetDatum(o->contact_kind);
	values[3] = DateADTGetDatum(o->day);
	points = run(p->plan[POINTS], values, NULL);
	values[2] = PointerGetDatum(o->purpose);
	values[3] = Int16GetDatum(o->channel_id);
	values[4] = TimestampTzGetDatum(o->at);
	consents = run(p->plan[CONSENTS], values, NULL);
	values[2] = Int16GetDatum(o->channel_id);
	values[3] = TimestampTzGetDatum(o->at);
	values[4] = Int32GetDatum(o->hour);
	values[5] = o->topic ? PointerGetDatum(o->topic) : (Datum) 0;
	nulls[5] = o->topic ? ' ' : 'n';
	wishes = run(p->plan[WISHES], values, nulls);
	values[3] = Int64GetDatum(o->campaign);
	targets = run(p->plan[TARGETS], values, NULL);
	capped = palloc(parties.n * sizeof *capped);

	for (uint64 i = 0; i < parties.n; i++)
	{
		int64		party = number(&parties, i, 1);
		Answer	   *answer = hash_search(st->answers, &party, HASH_ENTER, NULL);
		Capped		c = {answer, {o->cap[0], o->cap[1]}, {o->at, o->at}};
		Interval	per[2] = {o->per[0], o->per[1]};
		EligibleParty who = {0};
		uint64		row,
					end;
		int			n_points = 0,
					n_consents = 0;
		bool		null;

		who.is_closed = is_true(&parties, i, 2);
		who.is_deceased = is_true(&parties, i, 3);
		who.is_restricted = is_true(&parties, i, 4);
		end = rows_of(&points, party, &row);
		point = repalloc(point, (end - row + 1) * sizeof *point);
		for (; row < end; row++, n_points++)
		{
			point[n_points].id = number(&points, row, 2);
			point[n_points].status = DatumGetChar(cell(&points, row, 3, &null));
			point[n_points].is_current = is_true(&points, row, 4);
			point[n_points].is_suppressed = is_true(&points, row, 5);
		}
		end = rows_of(&consents, party, &row);
		consent = repalloc(consent, (end - row + 1) * sizeof *consent);
		for (; row < end; row++, n_consents++)
		{
			consent[n_consents].point = number(&consents, row, 2);
			consent[n_consents].is_granted = is_true(&consents, row, 3);
		}
		for (end = rows_of(&wishes, party, &row); row < end; row++)
		{
			int			k = is_true(&wishes, row, 2) ? 1 : 0;
			Datum		d = cell(&wishes, row, 3, &null);

			if (!null)
				c.cap[k] = DatumGetInt16(d);
			d = cell(&wishes, row, 4, &null);
			if (!null)
				per[k] = *DatumGetIntervalP(d);
			who.is_paused |= is_true(&wishes, row, 5);
			who.is_quiet |= is_true(&wishes, row, 6);
			who.is_off_topic |= is_true(&wishes, row, 7);
		}
		who.is_claimed = rows_of(&targets, party, &row) > row;
		answer->reason = eligible_decide(&o->what, &who, point, n_points, consent, n_consents, &answer->point);
		if (answer->reason != ELIGIBLE_OK || !o->what.is_commercial || (c.cap[0] < 0 && c.cap[1] < 0))
			continue;
		if (c.cap[0] == 0 || c.cap[1] == 0)
		{
			answer->reason = ELIGIBLE_OVER_CAP;
			continue;
		}
		for (int k = 0; k < 2; k++)
			if (c.cap[k] > 0)
				c.from[k] = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval, TimestampTzGetDatum(o->at), IntervalPGetDatum(&per[k])));
		capped[n_capped++] = c;
	}
	if (n_capped > 0)
		apply_caps(p, o, capped, n_capped);
	return (int) parties.n;
}

static const Answer *
find_answer(Statement *st, Plans *p, int64 party)
{
	Answer	   *found = hash_search(st->answers, &party, HASH_FIND, NULL);
	int64		lo;
	int			guc;

	st->asked++;
	if (found != NULL)
		return found;
	CHECK_FOR_INTERRUPTS();
	if (hash_get_num_entries(st->answers) > MAX_ANSWERS)
	{
		HASH_SEQ_STATUS seq;
		Answer	   *a;

		hash_seq_init(&seq, st->answers);
		while ((a = hash_seq_search(&seq)) != NULL)
			hash_search(st->answers, &a->party, HASH_REMOVE, NULL);
	}
	/* a plan made while a table was small serves when it is large: it goes by keys; and what the planner then holds to be dear is not compiled */
	guc = NewGUCNestLevel();
	set_config_option("enable_seqscan", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	set_config_option("jit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	if (st->asked <= SINGLES || st->answered > WASTE * st->asked + 2 * BLOCK)
		answer_range(st, p, party, party);
	else
	{
		lo = party & ~(int64) (BLOCK - 1);
		st->answered += answer_range(st, p, lo, lo + BLOCK - 1);
	}
	AtEOXact_GUC(true, guc);
	return hash_search(st->answers, &party, HASH_FIND, NULL);
}

static Datum
eligible(FunctionCallInfo fcinfo, bool with_point)
{
	Statement  *st = fcinfo->flinfo->fn_extra;
	int64		party = PG_GETARG_INT64(1);
	EligibleReason reason = ELIGIBLE_UNKNOWN_PARTY;
	int64		point = 0;
	const Answer *found;
	const char *name;
	Plans	   *p;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};

	if (st == NULL)
	{
		MemoryContext was = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		TupleDesc	desc;

		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "eligible returns a row");
		st = palloc0(sizeof *st);
		st->context = CurrentMemoryContext;
		st->desc = BlessTupleDesc(CreateTupleDescCopy(desc));
		MemoryContextSwitchTo(was);
		fcinfo->flinfo->fn_extra = st;
	}
	SPI_connect();
	p = plans_of(NameStr(*PG_GETARG_NAME(0)));
	set_occasion(st, p, PG_GETARG_TEXT_PP(2), PG_GETARG_INT64(3), PG_GETARG_TIMESTAMPTZ(4));
	found = find_answer(st, p, party);
	if (found == NULL)
	{
		/* merged away? */
		Datum		id = Int64GetDatum(party);
		Rows		r = run(p->plan[ALIAS], &id, NULL);

		if (r.n > 0)
			found = find_answer(st, p, number(&r, 0, 1));
	}
	if (found != NULL)
	{
		reason = found->reason;
		point = found->point;
	}
	SPI_finish();
	name = eligible_reason_name(reason);
	values[0] = BoolGetDatum(reason == ELIGIBLE_OK);
	nulls[1] = name == NULL;
	values[1] = name ? CStringGetTextDatum(name) : (Datum) 0;
	if (with_point)
	{
		values[2] = Int64GetDatum(point);
		nulls[2] = reason != ELIGIBLE_OK;
	}
	return HeapTupleGetDatum(heap_form_tuple(st->desc, values, nulls));
}

Datum crmseg_eligible(PG_FUNCTION_ARGS) { return eligible(fcinfo, false); }
Datum crmseg_eligible_point(PG_FUNCTION_ARGS) { return eligible(fcinfo, true); }
