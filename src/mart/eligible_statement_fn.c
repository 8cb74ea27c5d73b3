/*
 * eligible_statement_fn.c: what a statement asks for and what it knows already. A query of one row takes fifty times as long to begin as to find its row. So
 * a statement that asks for many parties is answered by blocks of neighbouring ids (eligible_block_fn.c), and where parties are far apart one by one
 * with queries that stay begun (eligible_one_fn.c). What was found for a channel and campaign, and the answers, wait for this statement alone.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "error.h"
#include "mart/eligible_statement.h"

#define BLOCK 1024				/* ids that are answered together */
#define SINGLES 4				/* the first parties of a statement are answered one by one */
#define SPARSE 8				/* ids so far apart look like a sample */
#define MAX_ANSWERS 1000000		/* kept at a time */

Statement *
eligible_begin(MemoryContext context)
{
	Statement  *st = MemoryContextAllocZero(context, sizeof *st);

	st->context = context;
	return st;
}

/* What is known is forgotten when anything can have changed. */
static void
set_moment(Statement *st, const Moment *moment)
{
	if (st->is_valid && eligible_same_moment(&st->moment, moment))
		return;
	st->is_valid = false;
	if (st->answer_context == NULL)
		st->answer_context = AllocSetContextCreate(st->context, "eligible", ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(st->answer_context);	/* ends the lookups */
	*st = (Statement) {.context = st->context, .answer_context = st->answer_context, .moment = *moment, .is_valid = true};
}

static bool
is_asked(const Occasion *o, const text *channel, int64 campaign)
{
	return o->campaign == campaign && VARSIZE_ANY_EXHDR(o->channel) == VARSIZE_ANY_EXHDR(channel)
		&& memcmp(VARDATA_ANY(o->channel), VARDATA_ANY(channel), VARSIZE_ANY_EXHDR(channel)) == 0;
}

/* The channel and campaign, where they were asked for before. */
static Occasion *
known_occasion(Statement *st, const text *channel, int64 campaign)
{
	if (st->n_occasions > 0 && is_asked(st->occasion[st->recent], channel, campaign))
		return st->occasion[st->recent];
	for (int i = 0; i < st->n_occasions; i++)
		if (is_asked(st->occasion[i], channel, campaign))
			return st->occasion[st->recent = i];
	return NULL;
}

static void *
kept_value(MemoryContext context, Datum d, bool null)
{
	MemoryContext was = MemoryContextSwitchTo(context);
	void	   *value = null ? NULL : PG_DETOAST_DATUM_COPY(d);

	MemoryContextSwitchTo(was);
	return value;
}

/* Reads the campaign, the channel and the rules of the house. */
static Occasion *
find_occasion(Statement *st, Plans *p, text *channel, int64 campaign)
{
	Occasion   *o = known_occasion(st, channel, campaign);
	MemoryContext to = st->answer_context;
	Datum		values[2] = {PointerGetDatum(channel), Int64GetDatum(campaign)};
	bool		null,
				no_campaign;
	Datum		d,
				purpose;
	Rows		r;

	if (o != NULL)
		return o;
	r = eligible_run(p->plan[CAMPAIGN], values, NULL);
	if (r.n != 1)
		ereport(ERROR, errcode(CRMSEG_BAD_MART), errmsg("the settings of the datamart cannot be read"));
	d = cell(&r, 0, 1, &null);
	if (null)
		ereport(ERROR, errcode(CRMSEG_BAD_VALUE), errmsg("channel \"%s\" does not exist", text_to_cstring(channel)));
	purpose = cell(&r, 0, 6, &no_campaign);
	if (no_campaign)
		ereport(ERROR, errcode(CRMSEG_BAD_VALUE), errmsg("campaign " INT64_FORMAT " does not exist", campaign));
	o = MemoryContextAllocZero(to, sizeof *o);
	o->channel_id = DatumGetInt16(d);
	o->purpose = kept_value(to, purpose, false);
	d = cell(&r, 0, 2, &null);
	o->contact_kind = kept_value(to, null ? PointerGetDatum(cstring_to_text("")) : d, false);
	d = cell(&r, 0, 7, &null);
	o->topic = kept_value(to, d, null);
	d = cell(&r, 0, 8, &null);
	o->running = kept_value(to, d, null);
	d = cell(&r, 0, 9, &null);
	o->time_zone = kept_value(to, d, null);
	d = cell(&r, 0, 14, &null);
	o->key = kept_value(to, d, null);
	o->channel = kept_value(to, PointerGetDatum(channel), false);
	o->campaign = campaign;
	o->what.can_solicit = is_true(&r, 0, 3);
	o->what.needs_opt_in = is_true(&r, 0, 4);
	o->what.is_commercial = is_true(&r, 0, 5);
	for (int i = 0; i < 2; i++)
	{
		d = cell(&r, 0, 10 + 2 * i, &null);
		o->cap[i] = null ? -1 : DatumGetInt32(d);
		o->per[i] = *DatumGetIntervalP(cell(&r, 0, 11 + 2 * i, &null));
	}
	if ((st->n_occasions & (st->n_occasions - 1)) == 0)
		st->occasion = st->occasion ? repalloc(st->occasion, Max(2 * st->n_occasions, 1) * sizeof *st->occasion) : MemoryContextAlloc(to, sizeof *st->occasion);
	st->recent = st->n_occasions;
	st->occasion[st->n_occasions++] = o;
	return o;
}

static Instant *
known_instant(Occasion *o, TimestampTz at)
{
	for (int i = 0; i < o->n_instants; i++)
		if (o->instant[i].at == at)
			return &o->instant[i];
	return NULL;
}

static void
forget_answers(Statement *st, Instant *w)
{
	if (w->answers == NULL)
		return;
	st->answers -= w->answers->members;
	answers_destroy(w->answers);
	w->answers = NULL;
}

/* The instant, its day and hour where the mart is, and whether the campaign is running; it takes the place of the one not asked for longest. */
static Instant *
find_instant(Statement *st, Occasion *o, TimestampTz at)
{
	Instant    *w = known_instant(o, at);
	Timestamp	local;
	struct pg_tm tm;
	fsec_t		fsec;

	if (w != NULL)
		return w;
	if (o->n_instants < INSTANTS)
		w = &o->instant[o->n_instants];
	else
	{
		w = &o->instant[0];
		for (int i = 1; i < INSTANTS; i++)
			if (o->instant[i].turn < w->turn)
				w = &o->instant[i];
		forget_answers(st, w);
	}
	local = DatumGetTimestamp(DirectFunctionCall2(timestamptz_zone, PointerGetDatum(o->time_zone), TimestampTzGetDatum(at)));
	*w = (Instant) {.at = at, .last = PG_INT64_MIN, .is_running = true};
	w->day = DatumGetDateADT(DirectFunctionCall1(timestamp_date, TimestampGetDatum(local)));
	if (!TIMESTAMP_NOT_FINITE(local) && timestamp2tm(local, NULL, &tm, &fsec, NULL, NULL) == 0)
		w->hour = tm.tm_hour;
	if (o->running != NULL)
		w->is_running = range_contains_elem_internal(lookup_type_cache(RangeTypeGetOid(o->running), TYPECACHE_RANGE_INFO), o->running, TimestampTzGetDatum(at));
	if (w == &o->instant[o->n_instants])
		o->n_instants++;
	return w;
}

void
eligible_begin_case(const Occasion *o, Case *c)
{
	memset(&c->who, 0, sizeof c->who);
	c->n_points = c->n_consents = 0;
	memcpy(c->cap, o->cap, sizeof c->cap);
	memcpy(c->per, o->per, sizeof c->per);
	c->is_suppressed = NULL;
	c->arg = NULL;
}

bool
eligible_decide_case(const Occasion *o, const Instant *w, const Case *c, Answer *answer, Capped *capped)
{
	EligibleCampaign what = o->what;

	what.is_running = w->is_running;
	answer->reason = eligible_decide(&what, &c->who, c->point, c->n_points, c->consent, c->n_consents, c->is_suppressed, c->arg, &answer->point);
	if (answer->reason != ELIGIBLE_OK || !o->what.is_commercial || (c->cap[0] < 0 && c->cap[1] < 0))
		return false;
	if (c->cap[0] == 0 || c->cap[1] == 0)
	{
		answer->reason = ELIGIBLE_OVER_CAP;
		return false;
	}
	for (int k = 0; k < 2; k++)
	{
		capped->cap[k] = c->cap[k];
		capped->from[k] = w->at;
		if (c->cap[k] > 0)
			capped->from[k] = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_mi_interval, TimestampTzGetDatum(w->at), IntervalPGetDatum(&c->per[k])));
	}
	return true;
}

void
eligible_ask_rows(Statement *st, Kept *kept, SPIPlanPtr plan, Datum *values, const char *nulls, int changing, bool keep, lookup_row row, void *arg)
{
	if (keep && !kept->tried)
	{
		kept->tried = true;
		kept->lookup = eligible_lookup_open(st->answer_context, plan, values, nulls, changing);
	}
	if (kept->lookup != NULL && eligible_lookup(kept->lookup, values, nulls, row, arg))
		return;
	if (kept->lookup != NULL)
		*kept = (Kept) {NULL, false};
	eligible_rows(eligible_run(plan, values, nulls), row, arg);
}

static void
keep_answer(Statement *st, Instant *w, const Answer *answer)
{
	bool		found;
	Answer	   *kept;

	if (w->answers == NULL)
		w->answers = answers_create(st->answer_context, 32, NULL);
	kept = answers_insert(w->answers, answer->party, &found);
	kept->point = answer->point;
	kept->reason = answer->reason;
	st->answers += !found;
}

/* Counts the question. The answer, where it is known. */
static const Answer *
known_answer(Statement *st, Instant *w, int64 party)
{
	const Answer *found;

	if (w->has_latest && w->latest.party == party)
		return &w->latest;
	found = w->answers ? answers_lookup(w->answers, party) : NULL;
	if (found == NULL)
		return NULL;
	w->asked++;
	w->falls += party < w->last;
	w->met++;
	w->last = party;
	w->turn = ++st->turn;
	return found;
}

/* False: there is no such party. keep: as in eligible_ask */
static bool
find_answer(Statement *st, Plans *p, const Occasion *o, Instant *w, int64 party, bool keep, Answer *answer)
{
	const Answer *found = known_answer(st, w, party);
	int64		singly;
	bool		is_sparse,
				exists;

	if (found != NULL)
	{
		*answer = *found;
		return true;
	}
	CHECK_FOR_INTERRUPTS();
	if (w->asked++ == 0)
		w->first = party;
	w->falls += party < w->last;
	w->last = party;
	w->turn = ++st->turn;
	if (st->answers > MAX_ANSWERS)
		for (int i = 0; i < st->n_occasions; i++)
			for (int k = 0; k < st->occasion[i]->n_instants; k++)
				forget_answers(st, &st->occasion[i]->instant[k]);
	/*
	 * A party of a block takes a third of the time of one alone: blocks go on while half of what they answered was asked for. Where ids do not
	 * rise, the others may be asked for yet: as much is spent on blocks as on parties alone. Ids far apart from the first on may be all there are: that is
	 * tried out when many were asked for.
	 */
	singly = 4 * w->falls > w->asked ? w->asked : w->asked / 4;
	is_sparse = w->falls == 0 && (uint64) party - (uint64) w->first > SPARSE * (uint64) w->asked;
	if (w->asked > (is_sparse ? BLOCK : SINGLES) && w->answered <= 2 * w->met + singly)
	{
		Answer	   *answers;
		int64		lo = party & ~(int64) (BLOCK - 1);
		int			n = eligible_block(p, o, w, lo, lo + BLOCK - 1, &answers);

		exists = false;
		for (int i = 0; i < n; i++)
		{
			keep_answer(st, w, &answers[i]);
			if (answers[i].party == party)
			{
				*answer = answers[i];
				exists = true;
			}
		}
		w->answered += n;
		w->met++;
	}
	else
	{
		exists = eligible_one(st, p, o, w, party, keep && st->turn > SINGLES, answer);
		if (exists && w->asked > 1)
			keep_answer(st, w, answer);
	}
	if (exists)
		w->latest = *answer;
	w->has_latest = exists;
	return exists;
}

const Answer *
eligible_known(Statement *st, Plans *p, text *channel, int64 campaign, TimestampTz at, int64 party)
{
	Moment		moment = eligible_moment(p);
	Occasion   *o;
	Instant    *w;

	if (!st->is_valid || !eligible_same_moment(&st->moment, &moment))
		return NULL;
	o = known_occasion(st, channel, campaign);
	w = o ? known_instant(o, at) : NULL;
	return w ? known_answer(st, w, party) : NULL;
}

Answer
eligible_ask(Statement *st, Plans *p, text *channel, int64 campaign, TimestampTz at, int64 party, bool keep)
{
	Moment		moment = eligible_moment(p);
	Occasion   *o;
	Instant    *w;
	Answer		answer = {0};

	set_moment(st, &moment);
	o = find_occasion(st, p, channel, campaign);
	w = find_instant(st, o, at);
	if (!find_answer(st, p, o, w, party, keep, &answer))
	{
		/* merged away? */
		Datum		id = Int64GetDatum(party);
		Rows		r = eligible_run(p->plan[ALIAS], &id, NULL);

		if (r.n == 0 || !find_answer(st, p, o, w, number(&r, 0, 1), keep, &answer))
			answer = (Answer) {.reason = ELIGIBLE_UNKNOWN_PARTY};
	}
	return answer;
}
