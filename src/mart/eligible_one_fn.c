/*
 * eligible_one_fn.c: one party by one query, its addresses' suppression by another, its touches by a third: each kept begun where the statement asks for many.
 */
#include "compat.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "mart/digest.h"
#include "mart/eligible_statement.h"

#define REOPENED 8				/* queries of touches that a statement begins to keep */
#define LONGEST_WAIT (INT64CONST(400) * USECS_PER_DAY)

/* A claim that counts as the message it will become, until that message is there. */
typedef struct Claim
{
	int64		campaign;
	int16		channel_id;
	TimestampTz at;
} Claim;

/* The rows of the query ONE as they come; they are few. */
typedef struct Gathered
{
	Case		c;
	bool	   *is_primary;
	text	  **value;
	Claim	   *claim;
	int			points,
				consents,
				claims,			/* there is room for */
				n_claims;
	bool		exists;
	/* for is_suppressed */
	Statement  *st;
	Plans	   *p;
	const Occasion *o;
	bool		keep;
} Gathered;

static inline bool
slot_is_true(TupleTableSlot *slot, int column)
{
	return !slot->tts_isnull[column - 1] && DatumGetBool(slot->tts_values[column - 1]);
}

static void
gather_point(TupleTableSlot *slot, Gathered *g, int64 id, bool is_primary)
{
	Case	   *c = &g->c;
	int			k;

	if (c->n_points == g->points)
	{
		g->points *= 2;
		c->point = repalloc(c->point, g->points * sizeof *c->point);
		g->is_primary = repalloc(g->is_primary, g->points * sizeof *g->is_primary);
		g->value = repalloc(g->value, g->points * sizeof *g->value);
	}
	/* the primary one first, then the oldest */
	for (k = c->n_points++; k > 0 && (g->is_primary[k - 1] != is_primary ? is_primary : c->point[k - 1].id > id); k--)
	{
		c->point[k] = c->point[k - 1];
		g->is_primary[k] = g->is_primary[k - 1];
		g->value[k] = g->value[k - 1];
	}
	g->is_primary[k] = is_primary;
	c->point[k] = (EligiblePoint) {id, DatumGetChar(slot->tts_values[7]), slot_is_true(slot, 3), false};
	g->value[k] = slot->tts_isnull[9] ? NULL : DatumGetTextPCopy(slot->tts_values[9]);
}

static void
gather(TupleTableSlot *slot, void *arg)
{
	Gathered   *g = arg;
	Case	   *c = &g->c;
	bool		first,
				second,
				third;
	int			what;
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
			gather_point(slot, g, id, third);
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
			c->who.is_claimed |= first;
			if (!second)
				break;
			if (g->n_claims == g->claims)
				g->claim = repalloc(g->claim, (g->claims *= 2) * sizeof *g->claim);
			g->claim[g->n_claims++] = (Claim) {id, (int16) DatumGetInt32(slot->tts_values[5]), DatumGetTimestampTz(slot->tts_values[8])};
	}
}

static void
note_row(TupleTableSlot *slot, void *arg)
{
	*(bool *) arg = true;
}

static bool
is_suppressed(int point, void *arg)
{
	Gathered   *g = arg;
	bool		found = false;
	Datum		values[2];

	if (g->o->key == NULL || g->value[point] == NULL)
		return false;
	values[0] = PointerGetDatum(suppression_digest(g->o->key, g->value[point]));
	values[1] = PointerGetDatum(g->o->contact_kind);
	eligible_ask_rows(g->st, &g->st->suppressed, g->p->plan[SUPPRESSED], values, NULL, 2, g->keep, note_row, &found);
	return found;
}

/* Does a claim for this campaign count? */
static bool
is_commercial(Statement *st, Plans *p, int64 campaign)
{
	struct {int64 campaign; bool counts;} *entry;
	bool		found;

	if (st->commercial == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(int64), .entrysize = sizeof *entry, .hcxt = st->answer_context};

		st->commercial = hash_create("eligible campaigns", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	entry = hash_search(st->commercial, &campaign, HASH_FIND, NULL);
	if (entry == NULL)
	{
		Datum		id = Int64GetDatum(campaign);
		Rows		r = eligible_run(p->plan[COMMERCIAL], &id, NULL);

		entry = hash_search(st->commercial, &campaign, HASH_ENTER, &found);
		entry->counts = r.n > 0 && is_true(&r, 0, 1);
	}
	return entry->counts;
}

/* The messages of one party, counted as they come. */
typedef struct Counted
{
	const Capped *capped;
	Claim	   *claim;
	int			n_claims;
	int16		channel_id;
	TimestampTz at;
	int64		count[2];
} Counted;

static void
count_touch(Counted *c, int16 channel_id, TimestampTz at)
{
	if (at > c->at)
		return;
	c->count[0] += channel_id == c->channel_id && at > c->capped->from[0];
	c->count[1] += at > c->capped->from[1];
}

static void
count_message(TupleTableSlot *slot, void *arg)
{
	Counted    *c = arg;
	int16		channel_id;
	TimestampTz at;

	slot_getallattrs(slot);
	channel_id = DatumGetInt16(slot->tts_values[0]);
	at = DatumGetTimestampTz(slot->tts_values[1]);
	if (slot_is_true(slot, 4))
		count_touch(c, channel_id, at);
	/* a claim became this message */
	for (int i = 0; i < c->n_claims; i++)
		if (!slot->tts_isnull[2] && c->claim[i].campaign == DatumGetInt64(slot->tts_values[2]) && c->claim[i].channel_id == channel_id && at >= c->claim[i].at)
			c->claim[i--] = c->claim[--c->n_claims];
}

/* The kept query looks as far back as was needed so far; where more is needed it is begun again, some times, each time with more to spare. */
static void
apply_cap(Statement *st, Plans *p, const Instant *w, Gathered *g, Answer *answer, const Capped *capped)
{
	TimestampTz from = Min(capped->from[0], capped->from[1]);
	Counted		counted = {capped, g->claim, 0, g->o->channel_id, w->at, {0, 0}};
	Datum		values[2] = {Int64GetDatum(answer->party), TimestampTzGetDatum(from)};
	Kept		none = {NULL, true};
	bool		is_kept = g->keep;

	for (int i = 0; i < g->n_claims; i++)
		if (g->claim[i].at > from && g->claim[i].at <= w->at && is_commercial(st, p, g->claim[i].campaign))
			g->claim[counted.n_claims++] = g->claim[i];
	if (is_kept && (!st->touches.tried || from < st->touched_from))
	{
		if (st->touches_begun == REOPENED)
			is_kept = false;
		else if (st->touches_begun++ == 0)
			st->touched_from = st->touched_first = from;
		else if (!TIMESTAMP_NOT_FINITE(from) && !TIMESTAMP_NOT_FINITE(st->touched_first))
			st->touched_from = from - Min(Max(st->touched_first - from, USECS_PER_DAY), LONGEST_WAIT);
		else
			st->touched_from = from;
		if (is_kept)
			st->touches = (Kept) {NULL, false};
	}
	if (is_kept)
		values[1] = TimestampTzGetDatum(st->touched_from);
	eligible_ask_rows(st, is_kept ? &st->touches : &none, p->plan[TOUCHES_OF_ONE], values, NULL, 1, is_kept, count_message, &counted);
	for (int i = 0; i < counted.n_claims; i++)
		count_touch(&counted, g->claim[i].channel_id, g->claim[i].at);
	for (int k = 0; k < 2; k++)
		if (capped->cap[k] >= 0 && counted.count[k] >= capped->cap[k])
			answer->reason = ELIGIBLE_OVER_CAP;
}

bool
eligible_one(Statement *st, Plans *p, const Occasion *o, const Instant *w, int64 party, bool keep, Answer *answer)
{
	Datum		values[] = {Int64GetDatum(party), PointerGetDatum(o->contact_kind), DateADTGetDatum(w->day), PointerGetDatum(o->purpose),
		Int16GetDatum(o->channel_id), TimestampTzGetDatum(w->at), Int32GetDatum(w->hour), o->topic ? PointerGetDatum(o->topic) : (Datum) 0,
	Int64GetDatum(o->campaign)};
	Gathered	g = {.points = 8, .consents = 8, .claims = 8, .st = st, .p = p, .o = o, .keep = keep};
	Capped		capped;

	eligible_begin_case(o, &g.c);
	g.c.point = palloc(g.points * sizeof *g.c.point);
	g.c.consent = palloc(g.consents * sizeof *g.c.consent);
	g.is_primary = palloc(g.points * sizeof *g.is_primary);
	g.value = palloc(g.points * sizeof *g.value);
	g.claim = palloc(g.claims * sizeof *g.claim);
	eligible_ask_rows(st, &st->one, p->plan[ONE], values, o->topic ? NULL : "       n ", lengthof(values), keep, gather, &g);
	if (!g.exists)
		return false;
	answer->party = party;
	g.c.is_suppressed = is_suppressed;
	g.c.arg = &g;
	if (eligible_decide_case(o, w, &g.c, answer, &capped))
		apply_cap(st, p, w, &g, answer, &capped);
	return true;
}
