/*
 * time_fn.c: what the SQL of segments counts with: instants moved and cut on the clock of a zone, anniversaries, samples, distances, and the
 * values of traits. The functions of now() keep their last answer: in a scan it is asked for again with each row.
 */
#include "segment_fn.h"

#include <math.h>

#include "datatype/timestamp.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(crmseg_shift);
PG_FUNCTION_INFO_V1(crmseg_calendar_start);
PG_FUNCTION_INFO_V1(crmseg_local_time);
PG_FUNCTION_INFO_V1(crmseg_local_date);
PG_FUNCTION_INFO_V1(crmseg_next_anniversary);
PG_FUNCTION_INFO_V1(crmseg_sample_bucket);
PG_FUNCTION_INFO_V1(crmseg_distance_km);
PG_FUNCTION_INFO_V1(crmseg_trait_number);
PG_FUNCTION_INFO_V1(crmseg_trait_flag);
PG_FUNCTION_INFO_V1(crmseg_trait_date);

typedef struct remembered
{
	bool		valid;
	TimestampTz at;
	Interval	by;
	int32		n,
				week_start;
	char		unit[16];
	char		zone[TZ_STRLEN_MAX + 1];
	Datum		answer;
} remembered;

static remembered *
memory_of(FunctionCallInfo fcinfo)
{
	if (!fcinfo->flinfo->fn_extra)
		fcinfo->flinfo->fn_extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(remembered));
	return fcinfo->flinfo->fn_extra;
}

static bool
same_text(const text *t, const char *s)
{
	size_t		n = VARSIZE_ANY_EXHDR(t);

	return strlen(s) == n && memcmp(VARDATA_ANY(t), s, n) == 0;
}

static void
keep_text(char *to, size_t room, const text *t)
{
	size_t		n = VARSIZE_ANY_EXHDR(t);

	if (n >= room)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("a name of a time zone or unit is too long")));
	memcpy(to, VARDATA_ANY(t), n);
	to[n] = 0;
}

static Datum
local(TimestampTz at, text *zone)
{
	return DirectFunctionCall2(timestamptz_zone, PointerGetDatum(zone), TimestampTzGetDatum(at));
}

static Datum
global(Datum timestamp, text *zone)
{
	return DirectFunctionCall2(timestamp_zone, PointerGetDatum(zone), timestamp);
}

/* shift(at timestamptz, by interval, zone text) -> timestamptz: the clock of the zone moved, so that a day is a day when the clocks change */
Datum
crmseg_shift(PG_FUNCTION_ARGS)
{
	remembered *m = memory_of(fcinfo);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(0);
	Interval   *by = PG_GETARG_INTERVAL_P(1);
	text	   *zone = PG_GETARG_TEXT_PP(2);

	if (m->valid && m->at == at && m->by.time == by->time && m->by.day == by->day && m->by.month == by->month && same_text(zone, m->zone))
		PG_RETURN_DATUM(m->answer);
	m->valid = false;
	m->answer = TIMESTAMP_NOT_FINITE(at) ? TimestampTzGetDatum(at) :
		global(DirectFunctionCall2(timestamp_pl_interval, local(at, zone), IntervalPGetDatum(by)), zone);
	m->at = at;
	m->by = *by;
	keep_text(m->zone, sizeof(m->zone), zone);
	m->valid = true;
	PG_RETURN_DATUM(m->answer);
}

/* calendar_start(at timestamptz, unit text, n int, zone text, week_start int) -> timestamptz: begin of the unit n after the one that holds at */
Datum
crmseg_calendar_start(PG_FUNCTION_ARGS)
{
	remembered *m = memory_of(fcinfo);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(0);
	text	   *unit = PG_GETARG_TEXT_PP(1),
			   *zone = PG_GETARG_TEXT_PP(3);
	int32		n = PG_GETARG_INT32(2),
				week_start = PG_GETARG_INT32(4);
	Interval	by = {0};
	Datum		t;
	bool		week = same_text(unit, "week");

	if (m->valid && m->at == at && m->n == n && m->week_start == week_start && same_text(unit, m->unit) && same_text(zone, m->zone))
		PG_RETURN_DATUM(m->answer);
	m->valid = false;
	keep_text(m->unit, sizeof(m->unit), unit);
	keep_text(m->zone, sizeof(m->zone), zone);
	if (strcmp(m->unit, "hour") == 0 || strcmp(m->unit, "minute") == 0)
	{
		/* as time passes: the hour that the clocks repeat is two hours */
		by.time = (strcmp(m->unit, "hour") == 0 ? USECS_PER_HOUR : USECS_PER_MINUTE) * n;
		t = DirectFunctionCall3(timestamptz_trunc_zone, PointerGetDatum(unit), TimestampTzGetDatum(at), PointerGetDatum(zone));
		m->answer = DirectFunctionCall2(timestamptz_pl_interval, t, IntervalPGetDatum(&by));
	}
	else
	{
		t = local(at, zone);
		if (week && week_start > 1)
		{
			by.day = -(week_start - 1);
			t = DirectFunctionCall2(timestamp_pl_interval, t, IntervalPGetDatum(&by));
		}
		t = DirectFunctionCall2(timestamp_trunc, PointerGetDatum(unit), t);
		by.day = week ? 7 * n + (week_start > 1 ? week_start - 1 : 0) : strcmp(m->unit, "day") == 0 ? n : 0;
		by.month = strcmp(m->unit, "month") == 0 ? n : strcmp(m->unit, "quarter") == 0 ? 3 * n : strcmp(m->unit, "year") == 0 ? 12 * n : 0;
		m->answer = global(DirectFunctionCall2(timestamp_pl_interval, t, IntervalPGetDatum(&by)), zone);
	}
	m->at = at;
	m->n = n;
	m->week_start = week_start;
	m->valid = true;
	PG_RETURN_DATUM(m->answer);
}

/* local_time(at timestamptz, zone text) -> timestamp */
Datum
crmseg_local_time(PG_FUNCTION_ARGS)
{
	remembered *m = memory_of(fcinfo);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(0);
	text	   *zone = PG_GETARG_TEXT_PP(1);

	if (!m->valid || m->at != at || !same_text(zone, m->zone))
	{
		m->valid = false;
		m->answer = local(at, zone);
		m->at = at;
		keep_text(m->zone, sizeof(m->zone), zone);
		m->valid = true;
	}
	PG_RETURN_DATUM(m->answer);
}

/* local_date(at timestamptz, zone text) -> date */
Datum
crmseg_local_date(PG_FUNCTION_ARGS)
{
	return DirectFunctionCall1(timestamp_date, crmseg_local_time(fcinfo));
}

/* next_anniversary(day date, from date) -> date: NULL for days without an end */
Datum
crmseg_next_anniversary(PG_FUNCTION_ARGS)
{
	DateADT		day = PG_GETARG_DATEADT(0),
				from = PG_GETARG_DATEADT(1);

	if (DATE_NOT_FINITE(day) || DATE_NOT_FINITE(from) || day > 1000000000 || from > 1000000000)
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(segment_next_anniversary(day, from));
}

/* sample_bucket(key text, seed text) -> int */
Datum
crmseg_sample_bucket(PG_FUNCTION_ARGS)
{
	text	   *key = PG_GETARG_TEXT_PP(0),
			   *seed = PG_GETARG_TEXT_PP(1);

	PG_RETURN_INT32((int32) segment_bucket(VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key), VARDATA_ANY(seed), VARSIZE_ANY_EXHDR(seed)));
}

/* distance_km(lat, lon, lat, lon float8) -> float8 */
Datum
crmseg_distance_km(PG_FUNCTION_ARGS)
{
	double		d = segment_distance(PG_GETARG_FLOAT8(0), PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3));

	if (isnan(d))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(d);
}

/* ---- values of traits: what is not of the type asked for is unknown ---- */

static bool
scalar_of(FunctionCallInfo fcinfo, JsonbValue *v)
{
	Jsonb	   *j = PG_GETARG_JSONB_P(0);

	return JB_ROOT_IS_SCALAR(j) && JsonbExtractScalar(&j->root, v);
}

/* a number, or a string that is one in plain decimals */
Datum
crmseg_trait_number(PG_FUNCTION_ARGS)
{
	JsonbValue	v;

	if (!scalar_of(fcinfo, &v))
		PG_RETURN_NULL();
	if (v.type == jbvNumeric)
		PG_RETURN_NUMERIC(DatumGetNumericCopy(NumericGetDatum(v.val.numeric)));
	if (v.type == jbvString && v.val.string.len > 0 && v.val.string.len <= SEGMENT_NUMBER_MAX)
	{
		char		text[SEGMENT_NUMBER_MAX + 1];
		int			i = v.val.string.val[0] == '-',
					digits = 0,
					points = 0;

		for (; i < v.val.string.len; i++)
			if (v.val.string.val[i] >= '0' && v.val.string.val[i] <= '9')
				digits++;
			else if (v.val.string.val[i] == '.')
				points++;
			else
				PG_RETURN_NULL();
		if (digits == 0 || points > 1)
			PG_RETURN_NULL();
		memcpy(text, v.val.string.val, v.val.string.len);
		text[v.val.string.len] = 0;
		return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	}
	PG_RETURN_NULL();
}

Datum
crmseg_trait_flag(PG_FUNCTION_ARGS)
{
	JsonbValue	v;

	if (!scalar_of(fcinfo, &v) || v.type != jbvBool)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(v.val.boolean);
}

/* a string that begins with a day as 2026-11-22 */
Datum
crmseg_trait_date(PG_FUNCTION_ARGS)
{
	JsonbValue	v;
	char		text[16];
	char		query[40];
	segment_error error;

	if (!scalar_of(fcinfo, &v) || v.type != jbvString || v.val.string.len < 10 ||
		(v.val.string.len > 10 && v.val.string.val[10] != 'T' && v.val.string.val[10] != ' '))
		PG_RETURN_NULL();
	memcpy(text, v.val.string.val, 10);
	text[10] = 0;
	for (int i = 0; i < 10; i++)
		if (i == 4 || i == 7 ? text[i] != '-' : text[i] < '0' || text[i] > '9')
			PG_RETURN_NULL();
	snprintf(query, sizeof(query), "x = date '%s'", text);
	if (!segment_parse(query, strlen(query), segment_memory(CurrentMemoryContext), &error))
		PG_RETURN_NULL();
	return DirectFunctionCall1(date_in, CStringGetDatum(text));
}
