/*
 * choose_fn.c: choose_channel() for SQL. The channels, what a response is worth and the rates of parties alike are read once for a statement;
 * each channel is asked by the means of eligible(), whose answers for many parties come by blocks; and one query says what is known of a party.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "error.h"
#include "mart/choose.h"
#include "mart/eligible_read.h"
#include "rfm/rfm.h"

PG_FUNCTION_INFO_V1(crmseg_choose_channel);

typedef struct Prior
{
	int16		channel_id;
	char	   *lifecycle;		/* NULL: of all parties */
	bool		is_professional;
	ChannelPrior p;
} Prior;

typedef struct Channel
{
	int16		id;
	text	   *name;
	int64		touches;		/* of the party at hand */
} Channel;

/* Lives as long as the statement's state of this function call; what is in moment_context, until something can have changed. */
typedef struct Call
{
	MemoryContext context;
	MemoryContext moment_context;
	TupleDesc	desc;
	bool		is_valid;
	Moment		moment;
	int64		campaign;		/* what was read is for it and for this instant */
	TimestampTz at;
	Statement  *eligible;
	int			n;
	Channel    *channel;
	ChannelChoice *choice;
	bool		has_value;
	double		value;			/* of a response */
	Numeric		weight;			/* of the instant in the sums of party_channel */
	int			n_priors;
	Prior	   *prior;
	Lookup	   *lookup;			/* the query for one party, begun */
	bool		tried;			/* to begin it */
	/* the party at hand */
	bool		exists;
	bool		is_professional;
	char	   *lifecycle;
} Call;

static double
number_of(const Rows *r, uint64 row, int column, bool *null)
{
	Datum		d = cell(r, row, column, null);

	return *null ? 0 : DatumGetFloat8(d);
}

/* Reads what holds for all parties, unless that was done under the same snapshot. */
static void
set_moment(Call *c, Plans *p, Name mart, int64 campaign, TimestampTz at)
{
	Moment		moment = eligible_moment(p);
	Datum		values[2] = {Int64GetDatum(campaign), TimestampTzGetDatum(at)};
	MemoryContext was;
	Rows		r;
	bool		null;

	if (c->is_valid && c->campaign == campaign && c->at == at && eligible_same_moment(&c->moment, &moment))
		return;
	c->is_valid = false;
	if (c->moment_context == NULL)
		c->moment_context = AllocSetContextCreate(c->context, "choose_channel", ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(c->moment_context);	/* ends the lookups */
	c->lookup = NULL;
	c->lifecycle = NULL;
	c->tried = false;
	r = eligible_run(p->plan[CHANNELS], values, NULL);
	was = MemoryContextSwitchTo(c->moment_context);
	c->n = (int) r.n;
	c->channel = palloc0((r.n + 1) * sizeof *c->channel);
	c->choice = palloc0((r.n + 1) * sizeof *c->choice);
	for (uint64 i = 0; i < r.n; i++)
	{
		c->channel[i].id = DatumGetInt16(cell(&r, i, 1, &null));
		c->channel[i].name = DatumGetTextPCopy(cell(&r, i, 2, &null));
		c->choice[i].cost = number_of(&r, i, 3, &null);
		c->choice[i].cost_place = number(&r, i, 4);
		c->value = number_of(&r, i, 5, &null);
		c->has_value = !null;
		c->weight = DatumGetNumericCopy(cell(&r, i, 6, &null));
	}
	MemoryContextSwitchTo(was);
	values[0] = NameGetDatum(mart);
	r = eligible_run(p->plan[PRIORS], values, NULL);
	was = MemoryContextSwitchTo(c->moment_context);
	c->n_priors = (int) r.n;
	c->prior = palloc0((r.n + 1) * sizeof *c->prior);
	for (uint64 i = 0; i < r.n; i++)
	{
		Prior	   *q = &c->prior[i];
		Datum		d;

		q->channel_id = DatumGetInt16(cell(&r, i, 1, &null));
		d = cell(&r, i, 2, &null);
		q->lifecycle = null ? NULL : TextDatumGetCString(d);
		q->is_professional = is_true(&r, i, 3);
		q->p.rate = number_of(&r, i, 4, &null);
		q->p.strength = number_of(&r, i, 5, &null);
	}
	MemoryContextSwitchTo(was);
	c->moment = moment;
	c->campaign = campaign;
	c->at = at;
	c->is_valid = true;
}

/* The rows of the query PERSON as they come; they are few. */
static void
gather(TupleTableSlot *slot, void *arg)
{
	Call	   *c = arg;
	int			i = 0;

	slot_getallattrs(slot);
	if (DatumGetInt32(slot->tts_values[0]) == 1)
	{
		c->exists = true;
		c->is_professional = !slot->tts_isnull[2] && DatumGetBool(slot->tts_values[2]);
		c->lifecycle = slot->tts_isnull[3] ? NULL : MemoryContextStrdup(c->moment_context, TextDatumGetCString(slot->tts_values[3]));
		return;
	}
	while (i < c->n && c->channel[i].id != DatumGetInt16(slot->tts_values[1]))
		i++;
	if (i == c->n)
		return;
	if (DatumGetInt32(slot->tts_values[0]) == 3)
	{
		c->choice[i].is_preferred = true;
		return;
	}
	c->choice[i].responses = slot->tts_isnull[4] ? 0 : DatumGetFloat8(slot->tts_values[4]);
	c->choice[i].touches = slot->tts_isnull[5] ? 0 : DatumGetFloat8(slot->tts_values[5]);
	c->channel[i].touches = slot->tts_isnull[6] ? 0 : DatumGetInt64(slot->tts_values[6]);
}

static void
read_person(Call *c, Plans *p, int64 party, bool keep)
{
	Datum		values[2] = {Int64GetDatum(party), NumericGetDatum(c->weight)};

	c->exists = false;
	if (c->lifecycle)
		pfree(c->lifecycle);
	c->lifecycle = NULL;
	for (int i = 0; i < c->n; i++)
	{
		c->choice[i].is_preferred = false;
		c->choice[i].touches = c->choice[i].responses = 0;
		c->channel[i].touches = 0;
	}
	if (keep && !c->tried)
	{
		c->tried = true;
		c->lookup = eligible_lookup_open(c->moment_context, p->plan[PERSON], values, NULL, 1);
	}
	if (c->lookup == NULL || !eligible_lookup(c->lookup, values, NULL, gather, c))
	{
		c->tried &= c->lookup == NULL;
		c->lookup = NULL;
		eligible_rows(eligible_run(p->plan[PERSON], values, NULL), gather, c);
	}
}

/* The rate of parties alike, else that of all. */
static ChannelPrior
prior_of(const Call *c, int16 channel_id)
{
	ChannelPrior all = CHOOSE_NO_PRIOR;

	for (int i = 0; i < c->n_priors; i++)
	{
		const Prior *q = &c->prior[i];

		if (q->channel_id != channel_id)
			continue;
		if (q->lifecycle == NULL)
			all = q->p;
		else if (c->lifecycle && q->is_professional == c->is_professional && strcmp(q->lifecycle, c->lifecycle) == 0)
			return q->p;
	}
	return all;
}

Datum
crmseg_choose_channel(PG_FUNCTION_ARGS)
{
	Call	   *c = fcinfo->flinfo->fn_extra;
	Name		mart = PG_GETARG_NAME(0);
	int64		party = PG_GETARG_INT64(1);
	int64		campaign = PG_GETARG_INT64(2);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(3);
	bool		keep = fcinfo->resultinfo != NULL;	/* as in eligible() */
	StringInfoData closed;
	Datum		values[3] = {0};
	bool		nulls[3] = {true, true, true};
	Plans	   *p;
	int			best;

	if (c == NULL)
	{
		MemoryContext was = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		TupleDesc	desc;

		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "choose_channel returns a row");
		c = palloc0(sizeof *c);
		c->context = CurrentMemoryContext;
		c->eligible = eligible_begin(c->context);
		c->desc = BlessTupleDesc(CreateTupleDescCopy(desc));
		MemoryContextSwitchTo(was);
		fcinfo->flinfo->fn_extra = c;
	}
	initStringInfo(&closed);
	SPI_connect();
	p = eligible_plans(NameStr(*mart));
	set_moment(c, p, mart, campaign, at);
	read_person(c, p, party, keep);
	if (!c->exists)
	{
		/* merged away? */
		Datum		id = Int64GetDatum(party);
		Rows		r = eligible_run(p->plan[ALIAS], &id, NULL);

		if (r.n > 0)
			read_person(c, p, party = number(&r, 0, 1), keep);
	}
	for (int i = 0; i < c->n; i++)
	{
		EligibleReason reason = eligible_ask(c->eligible, p, c->channel[i].name, campaign, at, party, keep).reason;

		c->choice[i].is_open = reason == ELIGIBLE_OK;
		c->choice[i].prior = prior_of(c, c->channel[i].id);
		if (reason != ELIGIBLE_OK)
			appendStringInfo(&closed, "%s%s %s", closed.len > 0 ? ", " : "", text_to_cstring(c->channel[i].name), eligible_reason_name(reason));
	}
	SPI_finish();
	best = choose_best(c->choice, c->n, c->has_value ? &c->value : NULL);
	if (best >= 0)
	{
		values[0] = PointerGetDatum(c->channel[best].name);
		values[1] = Float8GetDatum(c->choice[best].score);
		values[2] = CStringGetTextDatum(c->choice[best].is_preferred ? "preferred by the party"
										: c->channel[best].touches > 0 ? "past reactions" : "reactions of parties alike");
		nulls[0] = nulls[1] = nulls[2] = false;
	}
	else if (closed.len > 0)
	{
		values[2] = CStringGetTextDatum(closed.data);
		nulls[2] = false;
	}
	return HeapTupleGetDatum(heap_form_tuple(c->desc, values, nulls));
}

PG_FUNCTION_INFO_V1(crmseg_channel_rate);

static double
weight_arg(Datum d)
{
	Numeric		n = DatumGetNumeric(d);
	int64		v;
	int			scale;

	/* most sums of weights are whole numbers of 64 bits, without the server's detour through text */
	if (rfm_decode_numeric((const unsigned char *) VARDATA_ANY(n), VARSIZE_ANY_EXHDR(n), &v, &scale) == RFM_OK && scale == 0)
		return (double) v;
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(n)));
}

/* (responses, touches: sums of weights, weight of the instant, rate and strength of parties alike, NULL: unknown) */
Datum
crmseg_channel_rate(PG_FUNCTION_ARGS)
{
	ChannelPrior prior = CHOOSE_NO_PRIOR;
	double		weight,
				responses,
				touches;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	responses = weight_arg(PG_GETARG_DATUM(0));
	touches = weight_arg(PG_GETARG_DATUM(1));
	weight = weight_arg(PG_GETARG_DATUM(2));
	if (!(weight > 0))
		ereport(ERROR, errcode(CRMSEG_BAD_VALUE), errmsg("the weight of an instant is above 0"));
	if (!PG_ARGISNULL(3) && !PG_ARGISNULL(4))
		prior = (ChannelPrior) {PG_GETARG_FLOAT8(3), PG_GETARG_FLOAT8(4)};
	PG_RETURN_FLOAT8(choose_rate(responses / weight, Max(touches, responses) / weight, prior));
}
