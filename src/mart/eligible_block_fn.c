/*
 * eligible_block_fn.c: neighbouring parties answered together: each table is read once for all of them, in their order, and the rows are brought together here.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "mart/eligible_statement.h"

/* Those whose touches are at one of their caps. */
static void
apply_caps(Plans *p, const Occasion *o, const Instant *w, Answer *answer, Capped *capped, int n)
{
	Datum	   *ids = palloc(n * sizeof(Datum));
	TimestampTz from = w->at;
	Datum		values[3];
	Rows		r;

	for (int i = 0; i < n; i++)
	{
		ids[i] = Int64GetDatum(answer[capped[i].answer].party);
		from = Min(from, Min(capped[i].from[0], capped[i].from[1]));
	}
	values[0] = PointerGetDatum(construct_array(ids, n, INT8OID, sizeof(int64), true, TYPALIGN_DOUBLE));
	values[1] = TimestampTzGetDatum(from);
	values[2] = TimestampTzGetDatum(w->at);
	r = eligible_run(p->plan[TOUCHES], values, NULL);
	for (int i = 0; i < n; i++)
	{
		int64		count[2] = {0, 0};
		uint64		row,
					end = rows_of(&r, answer[capped[i].answer].party, &row);

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
				answer[capped[i].answer].reason = ELIGIBLE_OVER_CAP;
	}
}

int
eligible_block(Plans *p, const Occasion *o, const Instant *w, int64 lo, int64 hi, Answer **answers)
{
	Datum		values[6] = {Int64GetDatum(lo), Int64GetDatum(hi)};
	char		nulls[] = "      ";
	Rows		parties,
				points,
				consents,
				wishes,
				targets;
	Answer	   *answer;
	Capped	   *capped;
	int			n_capped = 0;
	Case		c;

	parties = eligible_run(p->plan[PARTIES], values, NULL);
	if (parties.n == 0)
		return 0;
	values[2] = PointerGetDatum(o->contact_kind);
	values[3] = DateADTGetDatum(w->day);
	points = eligible_run(p->plan[POINTS], values, NULL);
	values[2] = PointerGetDatum(o->purpose);
	values[3] = Int16GetDatum(o->channel_id);
	values[4] = TimestampTzGetDatum(w->at);
	consents = eligible_run(p->plan[CONSENTS], values, NULL);
	values[2] = Int16GetDatum(o->channel_id);
	values[3] = TimestampTzGetDatum(w->at);
	values[4] = Int32GetDatum(w->hour);
	values[5] = o->topic ? PointerGetDatum(o->topic) : (Datum) 0;
	nulls[5] = o->topic ? ' ' : 'n';
	wishes = eligible_run(p->plan[WISHES], values, nulls);
	values[3] = Int64GetDatum(o->campaign);
	targets = eligible_run(p->plan[TARGETS], values, NULL);
	*answers = answer = palloc(parties.n * sizeof *answer);
	capped = palloc(parties.n * sizeof *capped);

	c.point = palloc(sizeof *c.point);
	c.consent = palloc(sizeof *c.consent);

	for (uint64 i = 0; i < parties.n; i++)
	{
		int64		party = number(&parties, i, 1);
		uint64		row,
					end;
		bool		null;

		eligible_begin_case(o, &c);
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
		answer[i].party = party;
		capped[n_capped].answer = (int) i;
		n_capped += eligible_decide_case(o, w, &c, &answer[i], &capped[n_capped]);
	}
	if (n_capped > 0)
		apply_caps(p, o, w, answer, capped, n_capped);
	return (int) parties.n;
}
