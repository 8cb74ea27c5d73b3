/*
 * eligible_fn.c: eligible() for SQL. Reads with plans kept for each mart, as the caller and under the caller's snapshot.
 * A query of one row takes fifty times as long to begin as to find its row. So a statement that asks for many parties is answered by
 * blocks of neighbouring ids: each table is read once for a block, the rows are brought together here, and the answers wait, for this
 * statement alone, until they are asked for. A statement that asks for parties far apart goes on one by one, with one query that stays begun.
 */
#include "compat.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "error.h"
#include "mart/eligible.h"
#include "mart/eligible_read.h"

PG_FUNCTION_INFO_V1(crmseg_eligible);
PG_FUNCTION_INFO_V1(crmseg_eligible_point);

#define BLOCK 1024				/* ids that are answered together */
#define SINGLES 4				/* the first parties of a statement are answered one by one */
#define MAX_ANSWERS 1000000		/* kept at a time */
#define REOPENED 8				/* queries of touches that a statement begins to keep */

/* What a statement asks for, and what was found once for all its parties. */
typedef struct Occasion
{
	bool		is_valid;
	/* what it was read for */
	Moment		moment;
	text	   *channel;
	TimestampTz at;
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

struct Statement
{
	MemoryContext context;
	MemoryContext answer_context;
	Occasion	occasion;
	HTAB	   *answers;
	int64		asked;			/* calls */
	int64		met;			/* of these, answered by blocks */
	int64		falls;			/* of these, with a lesser id than the one before */
	int64		last;			/* id */
	int64		answered;		/* parties answered by blocks */
	Lookup	   *lookup;			/* the query for one party, begun */
	bool		tried;			/* to begin it */
	Lookup	   *touches;		/* the one for its touches */
	int			touches_tried;	/* how often it was begun */
	TimestampTz touched_from;	/* how far back it looks */
};

/* Lives as long as the statement's state of this function call. */
typedef struct Call
{
	Statement  *st;
	TupleDesc	desc;
} Call;

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
	Moment		moment = eligible_moment(p, campaign, at);
	Datum		values[3] = {PointerGetDatum(channel), Int64GetDatum(campaign), TimestampTzGetDatum(at)};
	HASHCTL		ctl = {.keysize = sizeof(int64), .entrysize = sizeof(Answer)};
	bool		null,
				no_campaign;
	Datum		d,
				purpose;
	Rows		r;

	if (o->is_valid && eligible_same_moment(&o->moment, &moment) && VARSIZE_ANY_EXHDR(o->channel) == VARSIZE_ANY_EXHDR(channel)
		&& memcmp(VARDATA_ANY(o->channel), VARDATA_ANY(channel), VARSIZE_ANY_EXHDR(channel)) == 0)
		return;
	o->is_valid = false;
	if (st->answer_context == NULL)
		st->answer_context = AllocSetContextCreate(st->context, "eligible", ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(st->answer_context);	/* ends the lookup */
	st->answers = NULL;
	st->lookup = st->touches = NULL;
	st->tried = false;
	st->touches_tried = 0;
	st->asked = st->met = st->answered = st->falls = 0;
	r = eligible_run(p->plan[CAMPAIGN], values, NULL);
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
	o->moment = moment;
	o->at = at;
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
	r = eligible_run(p->plan[TOUCHES], values, NULL);
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

/* The touches of one party, counted as they come. */
typedef struct Counted
{
	const Capped *capped;
	int16		channel_id;
	int64		count[2];
} Counted;

static void
count_touch(TupleTableSlot *slot, void *arg)
{
	Counted    *c = arg;
	TimestampTz at;

	slot_getallattrs(slot);
	at = DatumGetTimestampTz(slot->tts_values[1]);
	c->count[0] += DatumGetInt16(slot->tts_values[0]) == c->channel_id && at > c->capped->from[0];
	c->count[1] += at > c->capped->from[1];
}

/*
 * As apply_caps for one party of many, by a query that is kept begun. It looks as far back as was needed so far; where a party's wish needs more, it
 * is begun again, some times.
 */
static void
apply_cap(Statement *st, Plans *p, const Capped *capped)
{
	const Occasion *o = &st->occasion;
	TimestampTz from = Min(capped->from[0], capped->from[1]);
	Counted		counted = {capped, o->channel_id, {0, 0}};
	Datum		values[3] = {Int64GetDatum(capped->answer->party), TimestampTzGetDatum(from), TimestampTzGetDatum(o->at)};

	if (st->touches != NULL && from >= st->touched_from)
		eligible_lookup(st->touches, capped->answer->party, count_touch, &counted);
	else
	{
		eligible_rows(eligible_run(p->plan[TOUCHES_OF_ONE], values, NULL), count_touch, &counted);
		if (st->touches_tried++ < REOPENED)
		{
			st->touched_from = from;
			st->touches = eligible_lookup_open(st->answer_context, p->plan[TOUCHES_OF_ONE], values, NULL);
		}
	}
	for (int k = 0; k < 2; k++)
		if (capped->cap[k] >= 0 && counted.count[k] >= capped->cap[k])
			capped->answer->reason = ELIGIBLE_OVER_CAP;
}

/* What was read of one party. */
typedef struct Case
{
	EligibleParty who;
	EligiblePoint *point;		/* the best first */
	int			n_points;
	EligibleConsent *consent;
	int			n_consents;
	int32		cap[2];
	Interval	per[2];
} Case;

static void
begin_case(const Occasion *o, Case *c)
{
	memset(&c->who, 0, sizeof c->who);
	c->n_points = c->n_consents = 0;
	memcpy(c->cap, o->cap, sizeof c->cap);
	memcpy(c->per, o->per, sizeof c->per);
}

/* The answer, but for the touches: true when these have to be counted, by *capped. */
static bool
decide(const Occasion *o, const Case *c, Answer *answer, Capped *capped)
{
	answer->reason = eligible_decide(&o->what, &c->who, c->point, c->n_points, c->consent, c->n_consents, &answer->point);
	if (answer->reason != ELIGIBLE_OK || !o->what.is_commercial || (c->cap[0] < 0 && c->cap[1] < 0))
		return false;
	if (c->cap[0] == 0 || c->cap[1] == 0)
	{
		answer->reason = ELIGIBLE_OVER_CAP;
		return false;
	}
	*capped = (Capped) {answer, {c->cap[0], c->cap[1]}, {o->at, o->at}};
	for (int k = 0; k < 2; k++)
		if (c->cap[k] > 0)
			capped->from[k] = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval, TimestampTzGetDatum(o->at), IntervalPGetDatum(&c->per[k])));
	return true;
}

/* The rows of the query ONE as they come; they are few. */
typedef struct Gathered
{
	Case		c;
	bool	   *is_primary;
	int			points,
				consents;		/* there is room for */
	bool		exists;
} Gathered;

static inline bool
slot_is_true(TupleTableSlot *slot, int column)
{
	return !slot->tts_isnull[column - 1] && DatumGetBool(slot->tts_values[column - 1]);
}

static void
gather(TupleTableSlot *slot, void *arg)
{
	Gathered   *g = arg;
	Case	   *c = &g->c;
	bool		first,
				second,
				third;
	int			what,
				k;
	int64		id;

	slot_getallattrs(slot);
	what = DatumGetInt32(slot->tts_values[0]);
	id = DatumGetInt64(slot->tts_values[1]);
	first = slot_is_true(slot, 3);
	second = slot_is_true(slot, 4);
	third = slot_is_true(slot, 5);
	switch (what)
	{
		case 1:
			g->exists = true;
			c->who.is_closed = first;
			c->who.is_deceased = second;
			c->who.is_restricted = third;
			break;
		case 2:
			if (c->n_points == g->points)
			{
				g->points *= 2;
				c->point = repalloc(c->point, g->points * sizeof *c->point);
				g->is_primary = repalloc(g->is_primary, g->points * sizeof *g->is_primary);
			}
			/* the primary one first, then the oldest */
			for (k = c->n_points++; k > 0 && (g->is_primary[k - 1] != third ? third : c->point[k - 1].id > id); k--)
			{
				c->point[k] = c->point[k - 1];
				g->is_primary[k] = g->is_primary[k - 1];
			}
			g->is_primary[k] = third;
			c->point[k] = (EligiblePoint) {id, DatumGetChar(slot->tts_values[7]), first, second};
			break;
		case 3:
			if (c->n_consents == g->consents)
				c->consent = repalloc(c->consent, (g->consents *= 2) * sizeof *c->consent);
			c->consent[c->n_consents++] = (EligibleConsent) {id, first};
			break;
		case 4:
		case 5:
			if (!slot->tts_isnull[5])
				c->cap[what - 4] = DatumGetInt32(slot->tts_values[5]);
			if (!slot->tts_isnull[6])
				c->per[what - 4] = *DatumGetIntervalP(slot->tts_values[6]);
			c->who.is_paused |= first;
			c->who.is_quiet |= second;
			c->who.is_off_topic |= third;
			break;
		default:
			c->who.is_claimed = true;
	}
}

/* One party by one query, which is kept begun where the statement will ask for many and ends with it. False: there is no such party. */
static bool
answer_one(Statement *st, Plans *p, int64 party, bool keep)
{
	const Occasion *o = &st->occasion;
	Datum		values[] = {Int64GetDatum(party), PointerGetDatum(o->contact_kind), DateADTGetDatum(o->day), PointerGetDatum(o->purpose),
		Int16GetDatum(o->channel_id), TimestampTzGetDatum(o->at), Int32GetDatum(o->hour), o->topic ? PointerGetDatum(o->topic) : (Datum) 0,
	Int64GetDatum(o->moment.campaign)};
	const char *nulls = o->topic ? NULL : "       n ";
	Gathered	g = {.points = 8, .consents = 8};
	Answer	   *answer;
	Capped		capped;

	begin_case(o, &g.c);
	g.c.point = palloc(g.points * sizeof *g.c.point);
	g.c.consent = palloc(g.consents * sizeof *g.c.consent);
	g.is_primary = palloc(g.points * sizeof *g.is_primary);
	if (keep && !st->tried)
	{
		st->tried = true;
		st->lookup = eligible_lookup_open(st->answer_context, p->plan[ONE], values, nulls);
	}
	if (st->lookup != NULL)
		eligible_lookup(st->lookup, party, gather, &g);
	else
		eligible_rows(eligible_run(p->plan[ONE], values, nulls), gather, &g);
	if (!g.exists)
		return false;
	answer = hash_search(st->answers, &party, HASH_ENTER, NULL);
	if (decide(o, &g.c, answer, &capped))
	{
		if (keep)
			apply_cap(st, p, &capped);
		else
			apply_caps(p, o, &capped, 1);
	}
	return true;
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
	Case		c;

	parties = eligible_run(p->plan[PARTIES], values, NULL);
	if (parties.n == 0)
		return 0;
	values[2] = PointerGetDatum(o->contact_kind);
	values[3] = DateADTGetDatum(o->day);
	points = eligible_run(p->plan[POINTS], values, NULL);
	values[2] = PointerGetDatum(o->purpose);
	values[3] = Int16GetDatum(o->channel_id);
	values[4] = TimestampTzGetDatum(o->at);
	consents = eligible_run(p->plan[CONSENTS], values, NULL);
	values[2] = Int16GetDatum(o->channel_id);
	values[3] = TimestampTzGetDatum(o->at);
	values[4] = Int32GetDatum(o->hour);
	values[5] = o->topic ? PointerGetDatum(o->topic) : (Datum) 0;
	nulls[5] = o->topic ? ' ' : 'n';
	wishes = eligible_run(p->plan[WISHES], values, nulls);
	values[3] = Int64GetDatum(o->moment.campaign);
	targets = eligible_run(p->plan[TARGETS], values, NULL);
	capped = palloc(parties.n * sizeof *capped);

	c.point = palloc(sizeof *c.point);
	c.consent = palloc(sizeof *c.consent);

	for (uint64 i = 0; i < parties.n; i++)
	{
		int64		party = number(&parties, i, 1);
		uint64		row,
					end;
		bool		null;

		begin_case(o, &c);
		c.who.is_closed = is_true(&parties, i, 2);
		c.who.is_deceased = is_true(&parties, i, 3);
		c.who.is_restricted = is_true(&parties, i, 4);
		end = rows_of(&points, party, &row);
		c.point = repalloc(c.point, (end - row + 1) * sizeof *c.point);
		for (; row < end; row++)
			c.point[c.n_points++] = (EligiblePoint) {number(&points, row, 2), DatumGetChar(cell(&points, row, 3, &null)), is_true(&points, row, 4), is_true(&points, row, 5)};
		end = rows_of(&consents, party, &row);
		c.consent = repalloc(c.consent, (end - row + 1) * sizeof *c.consent);
		for (; row < end; row++)
			c.consent[c.n_consents++] = (EligibleConsent) {number(&consents, row, 2), is_true(&consents, row, 3)};
		for (end = rows_of(&wishes, party, &row); row < end; row++)
		{
			int			k = is_true(&wishes, row, 2) ? 1 : 0;
			Datum		d = cell(&wishes, row, 3, &null);

			if (!null)
				c.cap[k] = DatumGetInt16(d);
			d = cell(&wishes, row, 4, &null);
			if (!null)
				c.per[k] = *DatumGetIntervalP(d);
			c.who.is_paused |= is_true(&wishes, row, 5);
			c.who.is_quiet |= is_true(&wishes, row, 6);
			c.who.is_off_topic |= is_true(&wishes, row, 7);
		}
		c.who.is_claimed = rows_of(&targets, party, &row) > row;
		n_capped += decide(o, &c, hash_search(st->answers, &party, HASH_ENTER, NULL), &capped[n_capped]);
	}
	if (n_capped > 0)
		apply_caps(p, o, capped, n_capped);
	return (int) parties.n;
}

/* keep: a query may be kept begun for the parties to come */
static const Answer *
find_answer(Statement *st, Plans *p, int64 party, bool keep)
{
	Answer	   *found = hash_search(st->answers, &party, HASH_FIND, NULL);
	int64		lo;

	st->asked++;
	st->falls += party < st->last;
	st->last = party;
	if (found != NULL)
	{
		st->met++;
		return found;
	}
	CHECK_FOR_INTERRUPTS();
	if (hash_get_num_entries(st->answers) > MAX_ANSWERS)
	{
		HASH_SEQ_STATUS seq;
		Answer	   *a;

		hash_seq_init(&seq, st->answers);
		while ((a = hash_seq_search(&seq)) != NULL)
			hash_search(st->answers, &a->party, HASH_REMOVE, NULL);
	}
	if (st->asked <= SINGLES)
		answer_one(st, p, party, false);
	/*
	 * A party of a block takes a third of the time of one alone: blocks go on while half of what they answered was asked for. Where ids do not
	 * rise, the others may be asked for yet.
	 */
	else if (st->answered > 2 * st->met + (4 * st->falls > st->asked ? 4 * st->asked : st->asked / 4))
		answer_one(st, p, party, keep);
	else
	{
		lo = party & ~(int64) (BLOCK - 1);
		st->answered += answer_range(st, p, lo, lo + BLOCK - 1);
		st->met++;
	}
	return hash_search(st->answers, &party, HASH_FIND, NULL);
}

Statement *
eligible_begin(MemoryContext context)
{
	Statement  *st = MemoryContextAllocZero(context, sizeof *st);

	st->context = context;
	return st;
}

EligibleReason
eligible_ask(Statement *st, Plans *p, text *channel, int64 campaign, TimestampTz at, int64 party, bool keep, int64 *point)
{
	const Answer *found;

	set_occasion(st, p, channel, campaign, at);
	found = find_answer(st, p, party, keep);
	if (found == NULL)
	{
		/* merged away? */
		Datum		id = Int64GetDatum(party);
		Rows		r = eligible_run(p->plan[ALIAS], &id, NULL);

		if (r.n > 0)
			found = find_answer(st, p, number(&r, 0, 1), keep);
	}
	*point = found ? found->point : 0;
	return found ? found->reason : ELIGIBLE_UNKNOWN_PARTY;
}

static Datum
eligible(FunctionCallInfo fcinfo, bool with_point)
{
	Call	   *call = fcinfo->flinfo->fn_extra;
	EligibleReason reason;
	int64		point;
	const char *name;
	/* in FROM: the state of the call ends with the statement (that of an expression of PL/pgSQL lasts as long as the transaction) */
	bool		keep = fcinfo->resultinfo != NULL;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};

	if (call == NULL)
	{
		MemoryContext was = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		TupleDesc	desc;

		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "eligible returns a row");
		call = palloc0(sizeof *call);
		call->st = eligible_begin(CurrentMemoryContext);
		call->desc = BlessTupleDesc(CreateTupleDescCopy(desc));
		MemoryContextSwitchTo(was);
		fcinfo->flinfo->fn_extra = call;
	}
	SPI_connect();
	reason = eligible_ask(call->st, eligible_plans(NameStr(*PG_GETARG_NAME(0))), PG_GETARG_TEXT_PP(2), PG_GETARG_INT64(3), PG_GETARG_TIMESTAMPTZ(4),
						  PG_GETARG_INT64(1), keep, &point);
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
	return HeapTupleGetDatum(heap_form_tuple(call->desc, values, nulls));
}

Datum crmseg_eligible(PG_FUNCTION_ARGS) { return eligible(fcinfo, false); }
Datum crmseg_eligible_point(PG_FUNCTION_ARGS) { return eligible(fcinfo, true); }
