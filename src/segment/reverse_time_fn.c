/*
 * reverse_time_fn.c: what of a row the passing of time decides, for the index over predicates: which windows and anniversaries of a time hold at the
 * instant asked for, and when that may be otherwise.
 */
#include "reverse_fn.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

extern Datum crmseg_shift(PG_FUNCTION_ARGS);
extern Datum crmseg_calendar_start(PG_FUNCTION_ARGS);

static Datum
call_shift(TimestampTz at, Datum by, const char *zone)
{
	FmgrInfo	f = {.fn_addr = crmseg_shift, .fn_nargs = 3, .fn_mcxt = CurrentMemoryContext};

	return FunctionCall3(&f, TimestampTzGetDatum(at), by, CStringGetTextDatum(zone));
}

static int64
as_class(TimestampTz at, segment_class class, const char *zone)
{
	Datum		local;

	if (class == CLASS_TIMESTAMPTZ)
		return at;
	local = DirectFunctionCall2(timestamptz_zone, CStringGetTextDatum(zone), TimestampTzGetDatum(at));
	return class == CLASS_TIMESTAMP ? DatumGetTimestamp(local) : DatumGetDateADT(DirectFunctionCall1(timestamp_date, local));
}

static TimestampTz
shifted(TimestampTz now, segment_window w, bool back, const char *zone)
{
	Datum		by = DirectFunctionCall3(interval_in, CStringGetDatum(psprintf("%s%s", back ? "-" : "", segment_interval(w))), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));

	if (w.unit < SEGMENT_DAY)
		return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(now), by));
	return DatumGetTimestampTz(call_shift(now, by, zone));
}

static TimestampTz
calendar_start(TimestampTz now, segment_unit unit, int n, vocabulary *v)
{
	FmgrInfo	f = {.fn_addr = crmseg_calendar_start, .fn_nargs = 5, .fn_mcxt = CurrentMemoryContext};

	return DatumGetTimestampTz(FunctionCall5(&f, TimestampTzGetDatum(now), CStringGetTextDatum(segment_unit_text(unit)), Int32GetDatum(n), CStringGetTextDatum(v->zone), Int32GetDatum(v->week_start)));
}

/* the ends of windows at an instant, as the SQL of leaf_fn.c has them */
static void
place_windows(part *p, vocabulary *v, TimestampTz now)
{
	for (int i = 0; i < p->windows; i++)
	{
		window_test *w = &p->window[i];
		segment_window s = w->window;
		segment_class class = w->kind == SEGMENT_ANNIVERSARY ? CLASS_DATE : p->class;

		w->open = false;
		switch (s.kind)
		{
			case SEGMENT_LAST:
				w->from = as_class(shifted(now, s, true, v->zone), class, v->zone);
				w->to = as_class(now, class, v->zone);
				break;
			case SEGMENT_NEXT:
				w->from = as_class(now, class, v->zone);
				w->to = as_class(shifted(now, s, false, v->zone), class, v->zone);
				break;
			case SEGMENT_OLDER:
				w->from = PG_INT64_MIN;
				w->to = as_class(shifted(now, s, true, v->zone), class, v->zone);
				w->open = true;
				break;
			default:
				w->from = as_class(calendar_start(now, s.unit, s.kind == SEGMENT_LAST_CALENDAR ? -s.amount : s.kind == SEGMENT_NEXT_CALENDAR ? 1 : 0, v), class, v->zone);
				w->to = as_class(calendar_start(now, s.unit, s.kind == SEGMENT_LAST_CALENDAR ? 0 : s.kind == SEGMENT_NEXT_CALENDAR ? 1 + s.amount : 1, v), class, v->zone);
				w->open = true;
				w->next = calendar_start(now, s.unit, 1, v);
		}
	}
	p->at = now;
}

void
reverse_windows_of(segment_given *d, reverse_index *r, int part_no, int64 value, vocabulary *v, TimestampTz now)
{
	part	   *p = &r->part[part_no];
	uint32	   *found = palloc(sizeof(uint32) * Max(1, p->windows));
	int64		day = value;

	p->value = value;
	if (p->at != now)
		place_windows(p, v, now);
	if (p->class != CLASS_DATE)
	{
		/* the day, for anniversaries; the infinite ones have none */
		if (TIMESTAMP_NOT_FINITE(value))
			day = value < 0 ? DATEVAL_NOBEGIN : DATEVAL_NOEND;
		else if (p->class == CLASS_TIMESTAMP)
			day = DatumGetDateADT(DirectFunctionCall1(timestamp_date, TimestampGetDatum(value)));
		else
			day = PG_INT64_MIN;	/* when it is needed */
	}
	for (int i = 0; i < p->windows; i++)
	{
		window_test *w = &p->window[i];
		int64		x = value;

		if (w->kind == SEGMENT_ANNIVERSARY)
		{
			if (day == PG_INT64_MIN)
				day = as_class(value, CLASS_DATE, v->zone);
			if (DATE_NOT_FINITE((DateADT) day) || day > 1000000000 || w->from > 1000000000)
				continue;
			x = segment_next_anniversary((int32_t) day, (int32_t) w->from);
			found[d->n++] = (uint32) (2 * i + 1 + !(w->open ? x < w->to : x <= w->to));
		}
		else
			found[d->n++] = (uint32) (2 * i + 1 + !(x >= w->from && (w->open ? x < w->to : x <= w->to)));
	}
	d->value = found;
}

/* ---- until when ---- */

#define HOURS(n) ((n) * USECS_PER_HOUR)

/* how long a span is at least or at most, clocks and calendars considered */
static int64
span_of(segment_window w, bool most)
{
	double		days;

	switch (w.unit)
	{
		case SEGMENT_MINUTE:
			return w.amount * USECS_PER_MINUTE;
		case SEGMENT_HOUR:
			return w.amount * USECS_PER_HOUR;
		case SEGMENT_DAY:
			days = w.amount;
			break;
		case SEGMENT_WEEK:
			days = 7.0 * w.amount;
			break;
		default:
			days = (w.unit == SEGMENT_MONTH ? 1 : w.unit == SEGMENT_QUARTER ? 3 : 12) * (double) w.amount * 30.436875 + (most ? 4 : -4);
	}
	return (int64) (Max(days, 0) * (double) USECS_PER_DAY) + (most ? HOURS(3) : -HOURS(3));
}

/* a change between two instants: nothing when it is over, from now on when it is under way */
static void
flip_between(TimestampTz from, TimestampTz to, TimestampTz now, TimestampTz *next)
{
	if (to < now)
		return;
	if (from <= now)
		from = now + 1;
	if (from < *next)
		*next = from;
}

TimestampTz
reverse_next_flip(reverse_index *r, vocabulary *v, TimestampTz now)
{
	TimestampTz next = DT_NOEND;
	int			birth = -1,
				age = -1;

	for (int i = 0; i < r->parts; i++)
	{
		part	   *p = &r->part[i];
		int64		x = p->value,
					slack = p->class == CLASS_TIMESTAMPTZ ? 0 : HOURS(27);

		if (p->kind == PART_NUMBER && p->document == NO_DOCUMENT && strcmp(NameStr(TupleDescAttr(r->desc, p->column)->attname), "age") == 0)
			age = i;
		if (p->kind != PART_WINDOWS || r->datum[i].is_null)
			continue;
		/* as an instant, to a day */
		if (p->class == CLASS_DATE)
		{
			if (DATE_NOT_FINITE((DateADT) x))
				continue;
			x = x * USECS_PER_DAY;
		}
		else if (TIMESTAMP_NOT_FINITE(x))
			continue;
		for (int k = 0; k < p->windows; k++)
		{
			window_test *w = &p->window[k];
			int64		least = span_of(w->window, false),
						most = span_of(w->window, true);

			if (w->kind == SEGMENT_ANNIVERSARY)
			{
				int32		today = (int32) as_class(now, CLASS_DATE, v->zone),
							day = p->class == CLASS_DATE ? (int32) p->value : (int32) as_class(x, CLASS_DATE, v->zone);
				bool		any;
				int64		coming = (int64) segment_next_anniversary(day, today) * USECS_PER_DAY,
							past = (int64) segment_last_anniversary(day, today, &any) * USECS_PER_DAY;

				if (w->window.kind != SEGMENT_LAST && w->window.kind != SEGMENT_NEXT)
				{
					flip_between(w->next, w->next, now, &next);
					continue;
				}
				flip_between(coming - most - HOURS(27), coming - least + HOURS(27), now, &next);
				flip_between(coming - HOURS(27), coming + HOURS(51), now, &next);
				if (any)
					flip_between(past + least - HOURS(27), past + most + HOURS(51), now, &next);
				continue;
			}
			switch (w->window.kind)
			{
				case SEGMENT_LAST:
					flip_between(x - slack, x + slack, now, &next);
					flip_between(x + least - slack, x + most + slack, now, &next);
					break;
				case SEGMENT_OLDER:
					flip_between(x + least - slack, x + most + slack, now, &next);
					break;
				case SEGMENT_NEXT:
					flip_between(x - most - slack, x - least + slack, now, &next);
					flip_between(x - slack, x + slack, now, &next);
					break;
				default:
					/* a window of the calendar only moves on */
					if (p->value >= w->from)
						flip_between(w->next, w->next, now, &next);
			}
		}
	}
	/* an age in years that the row brings changes on a birthday */
	if (age >= 0)
		for (int i = 0; i < r->desc->natts; i++)
			if (!TupleDescAttr(r->desc, i)->attisdropped && TupleDescAttr(r->desc, i)->atttypid == DATEOID && strcmp(NameStr(TupleDescAttr(r->desc, i)->attname), "birth_date") == 0)
				birth = i;
	if (birth >= 0 && !r->isnull[birth] && !DATE_NOT_FINITE(DatumGetDateADT(r->value[birth])))
	{
		int32		today = (int32) as_class(now, CLASS_DATE, v->zone);
		int64		coming = (int64) segment_next_anniversary(DatumGetDateADT(r->value[birth]), today + 1) * USECS_PER_DAY;

		flip_between(coming - HOURS(27), coming + HOURS(51), now, &next);
	}
	return next;
}
