/*
 * reverse_row_fn.c: a row as the index over predicates takes it: the key or number of each value, and which windows of time and anniversaries
 * hold at the instant asked for.
 */
#include "reverse_fn.h"

#include <limits.h>
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/formatting.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

extern Datum crmseg_shift(PG_FUNCTION_ARGS);
extern Datum crmseg_calendar_start(PG_FUNCTION_ARGS);
extern Datum crmseg_trait_number(PG_FUNCTION_ARGS);
extern Datum crmseg_trait_date(PG_FUNCTION_ARGS);

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

/* the value of a key of a document, or NULL */
static JsonbValue *
document_value(const part *p, Jsonb *j, JsonbValue *room)
{
	JsonbValue *v = room;

	if (p->keys == 0)
	{
		if (!JB_ROOT_IS_SCALAR(j) || !JsonbExtractScalar(&j->root, v))
		{
			v->type = jbvBinary;
			v->val.binary.data = &j->root;
			v->val.binary.len = VARSIZE(j) - VARHDRSZ;
		}
		return v;
	}
	if (JB_ROOT_IS_SCALAR(j))
		return NULL;
	v->type = jbvBinary;
	v->val.binary.data = &j->root;
	for (int i = 0; i < p->keys && v; i++)
	{
		JsonbContainer *c;

		if (v->type != jbvBinary)
			return NULL;
		c = v->val.binary.data;
		if (JsonContainerIsObject(c))
			v = getKeyJsonValueFromContainer(c, p->key[i], strlen(p->key[i]), NULL);
		else if (JsonContainerIsArray(c) && !p->flat)
		{
			char	   *end;
			long		at;

			errno = 0;
			at = strtol(p->key[i], &end, 10);
			if (end == p->key[i] || *end || errno || at > INT_MAX || at < INT_MIN)
				return NULL;
			if (at < 0)
				at += JsonContainerSize(c);
			v = at < 0 ? NULL : getIthJsonbValueFromContainer(c, (uint32) at);
		}
		else
			return NULL;
	}
	return v;
}

static void
code(segment_given *d, uint32 value)
{
	uint32	   *v = palloc(sizeof(uint32));

	*v = value;
	d->n = 1;
	d->value = v;
}

static void
number(segment_given *d, Numeric n)
{
	segment_bound b;

	reverse_bound_of_numeric(n, &b);
	d->key = b.key;
	d->exact = b.exact;
}

static void
windows_of(segment_given *d, reverse_index *r, int part_no, int64 value, vocabulary *v, TimestampTz now)
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

static void
set_of_array(segment_given *d, segment_index *ix, int part_no, ArrayType *a, Oid element)
{
	Datum	   *item;
	bool	   *isnull;
	int			n;
	uint32	   *value;

	deconstruct_array(a, element, -1, false, TYPALIGN_INT, &item, &isnull, &n);
	value = palloc(sizeof(uint32) * Max(1, n));
	for (int i = 0; i < n; i++)
		if (!isnull[i])
		{
			uint32		number = segment_index_value(ix, part_no, VARDATA_ANY(DatumGetPointer(item[i])), VARSIZE_ANY_EXHDR(DatumGetPointer(item[i])), false);

			if (number)
				value[d->n++] = number;
		}
	d->value = value;
}

static void
set_of_document(segment_given *d, segment_index *ix, int part_no, JsonbValue *v)
{
	uint32	   *value;
	JsonbIterator *it;
	JsonbValue	e;
	JsonbIteratorToken t;
	bool		object;
	uint32		number;

	if (v->type == jbvString)
	{
		value = palloc(sizeof(uint32));
		number = segment_index_value(ix, part_no, v->val.string.val, v->val.string.len, false);
		if (number)
			value[d->n++] = number;
		d->value = value;
		return;
	}
	if (v->type != jbvBinary)
		return;
	object = JsonContainerIsObject(v->val.binary.data);
	value = palloc(sizeof(uint32) * Max(1, JsonContainerSize(v->val.binary.data)));
	it = JsonbIteratorInit(v->val.binary.data);
	while ((t = JsonbIteratorNext(&it, &e, true)) != WJB_DONE)
		if ((object ? t == WJB_KEY : t == WJB_ELEM) && e.type == jbvString)
		{
			number = segment_index_value(ix, part_no, e.val.string.val, e.val.string.len, false);
			if (number)
				value[d->n++] = number;
		}
	d->value = value;
}

/* which patterns hold of a text; those that were named since the last are compiled */
static void
patterns_of(segment_given *d, reverse_index *r, int part_no, const char *data, Size len)
{
	part	   *p = &r->part[part_no];
	Oid			collation = reverse_collation(r, p);
	uint32		named = segment_index_values(r->ix, part_no);
	uint32	   *found;

	if (!p->patterns)
		p->patterns = segment_patterns_new(reverse_realloc, r->context, GetDatabaseEncoding() == PG_UTF8);
	while (segment_patterns_count(p->patterns) < named)
	{
		uint32		number = segment_patterns_count(p->patterns) + 1;
		size_t		n;
		const char *pattern = segment_index_value_name(r->ix, part_no, number, &n);

		if (p->kind == PART_ILIKE)
		{
			pattern = str_tolower(pattern, n, collation);
			n = strlen(pattern);
		}
		segment_patterns_add(p->patterns, number, pattern, n);
	}
	if (p->kind == PART_ILIKE)
	{
		data = str_tolower(data, len, collation);
		len = strlen(data);
	}
	found = palloc(sizeof(uint32) * Max(1, named));
	d->n = segment_patterns_match(p->patterns, data, len, found);
	d->value = found;
}

static void
text_value(segment_given *d, reverse_index *r, int part_no, const char *data, Size len)
{
	part	   *p = &r->part[part_no];

	switch (p->kind)
	{
		case PART_PRESENT:
			code(d, 1);
			break;
		case PART_LIKE:
		case PART_ILIKE:
			patterns_of(d, r, part_no, data, len);
			break;
		case PART_ORDER:
			d->exact = reverse_exact_text(reverse_collation(r, p), data, len);
			break;
		default:
			code(d, segment_index_value(r->ix, part_no, data, len, false));
	}
}

static void
read_document(reverse_index *r, int part_no, Jsonb *j, segment_given *d, vocabulary *v, TimestampTz now)
{
	part	   *p = &r->part[part_no];
	JsonbValue	room,
			   *value = document_value(p, j, &room);
	char	   *text;
	int			len;

	if (!value)
	{
		d->is_null = true;
		return;
	}
	switch (p->document)
	{
		case DOCUMENT_SET:
			set_of_document(d, r->ix, part_no, value);
			return;
		case DOCUMENT_NUMBER:
		case DOCUMENT_DATE:
			if (value->type == jbvNumeric && p->document == DOCUMENT_NUMBER)
			{
				number(d, value->val.numeric);
				return;
			}
			if (value->type == jbvString)
			{
				LOCAL_FCINFO(fcinfo, 1);
				Datum		result;

				InitFunctionCallInfoData(*fcinfo, NULL, 1, InvalidOid, NULL, NULL);
				fcinfo->args[0].value = JsonbPGetDatum(JsonbValueToJsonb(value));
				fcinfo->args[0].isnull = false;
				result = p->document == DOCUMENT_NUMBER ? crmseg_trait_number(fcinfo) : crmseg_trait_date(fcinfo);
				if (!fcinfo->isnull)
				{
					if (p->document == DOCUMENT_NUMBER)
						number(d, DatumGetNumeric(result));
					else if (p->kind == PART_WINDOWS)
						windows_of(d, r, part_no, DatumGetDateADT(result), v, now);
					else
						d->key = reverse_key_of_int(DatumGetDateADT(result));
					return;
				}
			}
			d->is_null = true;
			return;
		case DOCUMENT_FLAG:
			if (value->type != jbvBool)
				d->is_null = true;
			else
				code(d, value->val.boolean ? 2 : 1);
			return;
		default:
			break;
	}
	switch (value->type)
	{
		case jbvNull:
			d->is_null = true;
			return;
		case jbvString:
			text = value->val.string.val;
			len = value->val.string.len;
			break;
		case jbvBool:
			text = value->val.boolean ? "true" : "false";
			len = strlen(text);
			break;
		case jbvNumeric:
			text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
			len = strlen(text);
			break;
		default:
			text = JsonbToCString(NULL, value->val.binary.data, value->val.binary.len);
			len = strlen(text);
	}
	text_value(d, r, part_no, text, len);
}

void
reverse_read_part(reverse_index *r, int i, Datum x, bool isnull, segment_given *d, vocabulary *v, TimestampTz now)
{
	part	   *p = &r->part[i];
	Oid			type;

	memset(d, 0, sizeof(*d));
	d->is_null = isnull;
	if (isnull)
		return;
	if (p->document != NO_DOCUMENT)
	{
		read_document(r, i, DatumGetJsonbP(x), d, v, now);
		return;
	}
	type = getBaseType(TupleDescAttr(r->desc, p->column)->atttypid);
	switch (p->kind)
	{
		case PART_PRESENT:
			code(d, 1);
			break;
		case PART_NUMBER:
			switch (type)
			{
				case INT2OID:
					d->key = reverse_key_of_double(DatumGetInt16(x));
					break;
				case INT4OID:
					d->key = reverse_key_of_double(DatumGetInt32(x));
					break;
				case INT8OID:
					if (DatumGetInt64(x) < INT64CONST(1000000000000000) && DatumGetInt64(x) > -INT64CONST(1000000000000000))
						d->key = reverse_key_of_double((double) DatumGetInt64(x));
					else
						number(d, DatumGetNumeric(DirectFunctionCall1(int8_numeric, x)));
					break;
				case FLOAT4OID:
					d->key = reverse_key_of_double(DatumGetFloat4(x));
					break;
				case FLOAT8OID:
					d->key = reverse_key_of_double(DatumGetFloat8(x));
					break;
				default:
					number(d, DatumGetNumeric(x));
			}
			break;
		case PART_TEXT:
		case PART_LIKE:
		case PART_ILIKE:
		case PART_ORDER:
			if (type == NAMEOID)
				text_value(d, r, i, NameStr(*DatumGetName(x)), strlen(NameStr(*DatumGetName(x))));
			else
			{
				text	   *t = DatumGetTextPP(x);

				text_value(d, r, i, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
			}
			break;
		case PART_BOOL:
			code(d, DatumGetBool(x) ? 2 : 1);
			break;
		case PART_TIME:
			d->key = reverse_key_of_int(type == DATEOID ? DatumGetDateADT(x) : DatumGetInt64(x));
			break;
		case PART_SET:
			set_of_array(d, r->ix, i, DatumGetArrayTypeP(x), get_element_type(type));
			break;
		case PART_WINDOWS:
			windows_of(d, r, i, type == DATEOID ? DatumGetDateADT(x) : DatumGetInt64(x), v, now);
			break;
		case PART_BUCKET:
			{
				Oid			output;
				bool		varlena;
				char	   *key;

				getTypeOutputInfo(TupleDescAttr(r->desc, p->column)->atttypid, &output, &varlena);
				key = OidOutputFunctionCall(output, x);
				d->key = reverse_key_of_int(segment_bucket(key, strlen(key), p->seed, strlen(p->seed)));
				break;
			}
	}
}

void
reverse_read_row(reverse_index *r, HeapTuple tuple, vocabulary *v, TimestampTz now)
{
	int			n = r->desc->natts;
	Datum	   *value = r->value = palloc(sizeof(Datum) * n);
	bool	   *isnull = r->isnull = palloc(sizeof(bool) * n);

	if (tuple)
		heap_deform_tuple(tuple, r->desc, value, isnull);
	else
		memset(isnull, true, n * sizeof(bool));
	for (int i = 0; i < r->parts; i++)
		reverse_read_part(r, i, value[r->part[i].column], isnull[r->part[i].column], &r->datum[i], v, now);
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
