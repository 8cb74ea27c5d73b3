/*
 * leaf_fn.c: SQL of the conditions on one value: comparisons, lists, patterns, sets, windows of time, anniversaries.
 * Days, months and the like are those of the mart's time zone; without a mart those of the session, as in SQL.
 */
#include "sql_fn.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

const char *
segment_operator(segment_scope *s, const char *op)
{
	return s->plain ? op : psprintf("OPERATOR(pg_catalog.%s)", op);
}

char *
segment_now(segment_scope *s)
{
	return pstrdup(s->now ? s->now : s->plain ? "now()" : "pg_catalog.now()");
}

static const char *
builtin_type(segment_scope *s, const char *name)
{
	return s->plain ? name : psprintf("pg_catalog.%s", name);
}

static const char *
type_name(segment_scope *s, Oid type)
{
	return s->plain ? format_type_be(type) : format_type_be_qualified(type);
}

/* what a value of a segment is called when it does not fit */
static const char *
kind_of(const segment_value *v)
{
	switch (v->kind)
	{
		case SEGMENT_NUMBER:
			return "a number";
		case SEGMENT_STRING:
			return "a text";
		case SEGMENT_BOOL:
			return "a boolean";
		case SEGMENT_DATE:
			return "a date";
		case SEGMENT_TIMESTAMP:
			return "a timestamp";
		default:
			return "an interval";
	}
}

static bool
looks_like_number(const char *t)
{
	int			digits = 0,
				points = 0;

	t += *t == '-';
	for (; (*t >= '0' && *t <= '9') || *t == '.'; t++)
		*t == '.' ? points++ : digits++;
	return digits > 0 && points <= 1 && *t == 0;
}

/* a date or timestamp without a zone, against a column with one, is of the mart's zone */
static char *
zoned(segment_scope *s, char *timestamp)
{
	return s->v ? psprintf("%stimezone(%s, %s)", s->plain ? "" : "pg_catalog.", quote_literal_cstr(s->v->zone), timestamp) : psprintf("(%s)::%s", timestamp, builtin_type(s, "timestamptz"));
}

static bool
has_offset(const char *t)
{
	return strlen(t) > 6 && (t[strlen(t) - 6] == '+' || t[strlen(t) - 6] == '-') && t[strlen(t) - 3] == ':' && strlen(t) > 19;
}

/* a string that is a day or an instant as the language writes them */
static bool
time_of(const segment_value *v, segment_value *as)
{
	char	   *text = psprintf("x = %s %s", strlen(v->text.data) > 10 ? "timestamp" : "date", quote_literal_cstr(v->text.data));
	segment_error error;
	segment_node *n = segment_parse(text, strlen(text), segment_memory(CurrentMemoryContext), &error);

	if (n && n->kind == SEGMENT_COMPARE)
		*as = n->value[0];
	return n != NULL;
}

char *
segment_literal(segment_scope *s, const segment_node *n, const segment_value *v, const segment_reference *r)
{
	const char *t = v->text.data;
	segment_value time;

	switch (r->class)
	{
		case CLASS_NUMBER:
			if (v->kind == SEGMENT_NUMBER)
				return t[0] == '-' ? psprintf("(%s)", t) : pstrdup(t);
			if (v->kind == SEGMENT_STRING && r->is_rfm && strlen(t) == 5 && t[1] == '-' && t[3] == '-')
				return psprintf("%c%c%c", t[0], t[2], t[4]);
			if (v->kind == SEGMENT_STRING && looks_like_number(t))
				return psprintf("(%s)", t);
			break;
		case CLASS_BOOL:
			if (v->kind == SEGMENT_BOOL)
				return pstrdup(t);
			break;
		case CLASS_TEXT:
			if (v->kind == SEGMENT_STRING)
				return quote_literal_cstr(t);
			break;
		case CLASS_OTHER:
			if (v->kind == SEGMENT_STRING)
				return psprintf("%s::%s", quote_literal_cstr(t), type_name(s, r->type));
			break;
		case CLASS_INTERVAL:
			if (v->kind == SEGMENT_INTERVAL || v->kind == SEGMENT_STRING)
				return psprintf("%s::%s", quote_literal_cstr(t), builtin_type(s, "interval"));
			break;
		case CLASS_DATE:
		case CLASS_TIMESTAMP:
		case CLASS_TIMESTAMPTZ:
			if (v->kind == SEGMENT_STRING)
			{
				if (!time_of(v, &time))
					segment_refuse(s, n, CRMSEG_BAD_VALUE, "this is neither a date nor a timestamp", "Write it as date '2026-11-22' or timestamp '2026-11-22 10:30:00'.");
				return segment_literal(s, n, &time, r);
			}
			if (v->kind == SEGMENT_DATE)
			{
				if (r->class == CLASS_TIMESTAMPTZ)
					return zoned(s, psprintf("%s::%s", quote_literal_cstr(t), builtin_type(s, "timestamp")));
				return psprintf("%s::%s", quote_literal_cstr(t), builtin_type(s, r->class == CLASS_DATE ? "date" : "timestamp"));
			}
			if (v->kind == SEGMENT_TIMESTAMP)
			{
				bool		offset = has_offset(t);
				char	   *instant = psprintf("%s::%s", quote_literal_cstr(t), builtin_type(s, offset ? "timestamptz" : "timestamp"));

				if (r->class == CLASS_TIMESTAMPTZ)
					return offset ? instant : zoned(s, instant);
				if (!offset)
					return instant;
				return s->v ? psprintf("%stimezone(%s, %s)", s->plain ? "" : "pg_catalog.", quote_literal_cstr(s->v->zone), instant) :
					psprintf("(%s)::%s", instant, builtin_type(s, "timestamp"));
			}
			break;
		default:
			break;
	}
	segment_clash(s, n, r, kind_of(v));
}

/* ---- time ---- */

char *
segment_interval(segment_window w)
{
	if (w.unit == SEGMENT_QUARTER)
		return psprintf("%d months", 3 * w.amount);
	return psprintf("%d %ss", w.amount, segment_unit_text(w.unit));
}

/* an instant moved by a span: whole days and more on the clock of the mart, hours and minutes as they pass */
char *
segment_shift(segment_scope *s, const char *at, segment_window w, bool back)
{
	if (w.unit < SEGMENT_DAY || !s->v)
		return psprintf("(%s %s %s::%s)", at, segment_operator(s, back ? "-" : "+"), quote_literal_cstr(segment_interval(w)), builtin_type(s, "interval"));
	return psprintf("crmseg.shift(%s, '%s%s'::%s, %s)", at, back ? "-" : "", segment_interval(w), builtin_type(s, "interval"), quote_literal_cstr(s->v->zone));
}

/* the begin of the calendar unit in which now lies, moved by so many units */
static char *
calendar(segment_scope *s, segment_unit unit, int by)
{
	if (s->v)
		return psprintf("crmseg.calendar_start(%s, '%s', %d, %s, %d)", segment_now(s), segment_unit_text(unit), by, quote_literal_cstr(s->v->zone), s->v->week_start);
	return psprintf("crmseg.calendar_start(%s, '%s', %d, %s, 1)", segment_now(s), segment_unit_text(unit), by, s->plain ? "current_setting('TimeZone')" : "pg_catalog.current_setting('TimeZone')");
}

/* an instant as the column has it */
char *
segment_as_class(segment_scope *s, const char *at, segment_class class)
{
	if (class == CLASS_TIMESTAMPTZ)
		return pstrdup(at);
	if (class == CLASS_TIMESTAMP)
		return s->v ? psprintf("crmseg.local_time(%s, %s)", at, quote_literal_cstr(s->v->zone)) : psprintf("(%s)::%s", at, builtin_type(s, "timestamp"));
	return s->v ? psprintf("crmseg.local_date(%s, %s)", at, quote_literal_cstr(s->v->zone)) : psprintf("(%s)::%s", at, builtin_type(s, "date"));
}

/* the ends of a window as SQL, in the class of what is compared with them; a NULL end is open */
void
segment_window_ends(segment_scope *s, segment_class class, segment_window w, segment_ends *ends)
{
	char	   *now = segment_now(s);

	*ends = (segment_ends) {NULL, NULL, "<="};
	switch (w.kind)
	{
		case SEGMENT_ALWAYS:
			break;
		case SEGMENT_LAST:
			ends->from = segment_as_class(s, segment_shift(s, now, w, true), class);
			ends->to = segment_as_class(s, now, class);
			break;
		case SEGMENT_NEXT:
			ends->from = segment_as_class(s, now, class);
			ends->to = segment_as_class(s, segment_shift(s, now, w, false), class);
			break;
		case SEGMENT_OLDER:
			ends->to = segment_as_class(s, segment_shift(s, now, w, true), class);
			ends->to_op = "<";
			break;
		default:
			ends->from = segment_as_class(s, calendar(s, w.unit, w.kind == SEGMENT_LAST_CALENDAR ? -w.amount : w.kind == SEGMENT_NEXT_CALENDAR ? 1 : 0), class);
			ends->to = segment_as_class(s, calendar(s, w.unit, w.kind == SEGMENT_LAST_CALENDAR ? 0 : w.kind == SEGMENT_NEXT_CALENDAR ? 1 + w.amount : 1), class);
			ends->to_op = "<";
	}
}

char *
segment_window_sql(segment_scope *s, const char *x, segment_class class, segment_window w)
{
	segment_ends e;

	segment_window_ends(s, class, w, &e);
	return e.from ? psprintf("(%s %s %s AND %s %s %s)", x, segment_operator(s, ">="), e.from, x, segment_operator(s, e.to_op), e.to) :
		psprintf("(%s %s %s)", x, segment_operator(s, e.to_op), e.to);
}

static char *
anniversary(segment_scope *s, const char *day, segment_window w)
{
	char	   *now = segment_now(s),
			   *from,
			   *to;
	const char *op = "<=";

	switch (w.kind)
	{
		case SEGMENT_NEXT:
			from = segment_as_class(s, now, CLASS_DATE);
			to = segment_as_class(s, segment_shift(s, now, w, false), CLASS_DATE);
			break;
		case SEGMENT_LAST:
			from = segment_as_class(s, segment_shift(s, now, w, true), CLASS_DATE);
			to = segment_as_class(s, now, CLASS_DATE);
			break;
		default:
			from = segment_as_class(s, calendar(s, w.unit, w.kind == SEGMENT_LAST_CALENDAR ? -w.amount : w.kind == SEGMENT_NEXT_CALENDAR ? 1 : 0), CLASS_DATE);
			to = segment_as_class(s, calendar(s, w.unit, w.kind == SEGMENT_LAST_CALENDAR ? 0 : w.kind == SEGMENT_NEXT_CALENDAR ? 1 + w.amount : 1), CLASS_DATE);
			op = "<";
	}
	return psprintf("(crmseg.next_anniversary(%s, %s) %s %s)", day, from, segment_operator(s, op), to);
}

/* ---- a value of the traits or another document, read as what it is compared with ---- */

static segment_reference
document_as(segment_scope *s, const segment_reference *j, segment_value_kind kind)
{
	segment_reference r = *j;

	switch (kind)
	{
		case SEGMENT_NUMBER:
			r.sql = psprintf("crmseg.trait_number(%s)", j->sql);
			r.type = NUMERICOID, r.class = CLASS_NUMBER;
			break;
		case SEGMENT_BOOL:
			r.sql = psprintf("crmseg.trait_flag(%s)", j->sql);
			r.type = BOOLOID, r.class = CLASS_BOOL;
			break;
		case SEGMENT_DATE:
		case SEGMENT_TIMESTAMP:
			r.sql = psprintf("crmseg.trait_date(%s)", j->sql);
			r.type = DATEOID, r.class = CLASS_DATE;
			break;
		default:
			r.sql = psprintf("(%s %s '{}')", j->sql, segment_operator(s, "#>>"));
			r.type = TEXTOID, r.class = CLASS_TEXT;
	}
	return r;
}

static char *
has_document(segment_scope *s, const segment_node *n, const segment_reference *r)
{
	StringInfoData b;
	bool		strings = true;

	initStringInfo(&b);
	for (uint32_t i = 0; i < n->values; i++)
		strings = strings && n->value[i].kind == SEGMENT_STRING;
	if (strings)
	{
		appendStringInfo(&b, "(%s %s ARRAY[", r->sql, segment_operator(s, n->op == SEGMENT_HAS_ANY ? "?|" : "?&"));
		for (uint32_t i = 0; i < n->values; i++)
			appendStringInfo(&b, "%s%s", i ? ", " : "", quote_literal_cstr(n->value[i].text.data));
		appendStringInfoString(&b, "])");
		return b.data;
	}
	for (uint32_t i = 0; i < n->values; i++)
	{
		const segment_value *v = &n->value[i];

		if (i)
			appendStringInfoString(&b, n->op == SEGMENT_HAS_ANY ? " OR " : " AND ");
		if (v->kind == SEGMENT_NUMBER || v->kind == SEGMENT_BOOL)
			appendStringInfo(&b, "(%s %s '%s'::%s)", r->sql, segment_operator(s, "@>"), v->text.data, builtin_type(s, "jsonb"));
		else
			appendStringInfo(&b, "(%s %s %s)", r->sql, segment_operator(s, "?"), quote_literal_cstr(v->text.data));
	}
	return psprintf("(%s)", b.data);
}

/* ---- the leaves ---- */

static char *
list_of(segment_scope *s, const segment_node *n, const segment_reference *r, Oid cast_to)
{
	StringInfoData b;

	initStringInfo(&b);
	appendStringInfoString(&b, "ARRAY[");
	for (uint32_t i = 0; i < n->values; i++)
		appendStringInfo(&b, "%s%s", i ? ", " : "", segment_literal(s, n, &n->value[i], r));
	appendStringInfoString(&b, "]");
	if (OidIsValid(cast_to))
		appendStringInfo(&b, "::%s", type_name(s, cast_to));
	return b.data;
}

static segment_reference
operand_of(segment_scope *s, const segment_node *n)
{
	const segment_node *o = n->child[0];

	return o->kind == SEGMENT_ATTRIBUTE ? segment_resolve(s, o) : segment_measure_sql(s, o);
}

static bool
timely(segment_class c)
{
	return c == CLASS_DATE || c == CLASS_TIMESTAMP || c == CLASS_TIMESTAMPTZ;
}

/* SQL of the condition itself, or of its contrary */
static char *
condition(segment_scope *s, const segment_node *n, segment_reference *r, bool negated)
{
	segment_op	op = (segment_op) n->op;
	const char *no = negated ? "NOT " : "";

	if (r->class == CLASS_JSON && n->kind != SEGMENT_HAS)
		*r = document_as(s, r, n->values > 0 ? n->value[0].kind : n->kind == SEGMENT_WITHIN || n->kind == SEGMENT_ANNIVERSARY ? SEGMENT_DATE :
						 n->kind == SEGMENT_FLAG || (n->kind == SEGMENT_IS && n->op != SEGMENT_IS_NULL) ? SEGMENT_BOOL : SEGMENT_STRING);
	switch (n->kind)
	{
		case SEGMENT_COMPARE:
			if (negated)
				op = segment_op_negated(op);
			if (n->values > 0)
				return psprintf("(%s %s %s)", r->sql, segment_operator(s, segment_op_text(op)), segment_literal(s, n, &n->value[0], r));
			else
			{
				segment_reference other = segment_resolve(s, n->child[1]);

				if (other.class == CLASS_JSON)
					other = document_as(s, &other, r->class == CLASS_NUMBER ? SEGMENT_NUMBER : r->class == CLASS_BOOL ? SEGMENT_BOOL : timely(r->class) ? SEGMENT_DATE : SEGMENT_STRING);
				if (other.class != r->class && !(timely(other.class) && timely(r->class)))
					segment_clash(s, n, r, psprintf("%s of type %s", segment_text_of(n->child[1]), format_type_be(other.type)));
				return psprintf("(%s %s %s)", r->sql, segment_operator(s, segment_op_text(op)), other.sql);
			}
		case SEGMENT_IN:
			/* of one value it is an equality, as it is to the server: another operator may take another index */
			if (n->values == 1)
				return psprintf("(%s %s %s)", r->sql, segment_operator(s, negated ? "<>" : "="), segment_literal(s, n, &n->value[0], r));
			return psprintf("(%s %s %s (%s))", r->sql, segment_operator(s, negated ? "<>" : "="), negated ? "ALL" : "ANY",
							list_of(s, n, r, r->class == CLASS_NUMBER ? InvalidOid : get_array_type(getBaseType(r->type))));
		case SEGMENT_BETWEEN:
			return psprintf("%s(%s %s %s AND %s %s %s)", no, r->sql, segment_operator(s, ">="), segment_literal(s, n, &n->value[0], r),
							r->sql, segment_operator(s, "<="), segment_literal(s, n, &n->value[1], r));
		case SEGMENT_LIKE:
			if (r->class != CLASS_TEXT)
				segment_clash(s, n, r, "a pattern");
			return psprintf("(%s %s %s)", r->sql, segment_operator(s, negated ? n->op ? "!~~*" : "!~~" : n->op ? "~~*" : "~~"), quote_literal_cstr(n->value[0].text.data));
		case SEGMENT_IS:
			if (n->op != SEGMENT_IS_NULL && r->class != CLASS_BOOL)
				segment_clash(s, n, r, "a boolean");
			return psprintf("(%s IS %s%s)", r->sql, negated ? "NOT " : "", n->op == SEGMENT_IS_NULL ? "NULL" : n->op == SEGMENT_IS_TRUE ? "TRUE" : n->op == SEGMENT_IS_FALSE ? "FALSE" : "UNKNOWN");
		case SEGMENT_FLAG:
			if (r->class != CLASS_BOOL)
				segment_refuse(s, n, CRMSEG_TYPE_CLASH, psprintf("%s is of type %s, not boolean: compare it", segment_text_of(n->child[0]), format_type_be(r->type)), NULL);
			return psprintf("%s%s", negated ? "NOT " : "", r->sql);
		case SEGMENT_HAS:
			if (r->class == CLASS_JSON)
				return psprintf("%s%s", no, has_document(s, n, r));
			if (r->class != CLASS_ARRAY)
				segment_refuse(s, n, CRMSEG_TYPE_CLASH, psprintf("%s is of type %s, not a set", segment_text_of(n->child[0]), format_type_be(r->type)), "Compare it with = or in.");
			else
			{
				Oid			array = getBaseType(r->type);
				segment_reference element = {.sql = r->sql, .type = get_element_type(array), .class = segment_class_of(get_element_type(array))};

				return psprintf("%s(%s %s %s)", no, r->sql, segment_operator(s, n->op == SEGMENT_HAS_ANY ? "&&" : "@>"), list_of(s, n, &element, array));
			}
		case SEGMENT_WITHIN:
			if (!timely(r->class))
				segment_clash(s, n, r, "a window of time");
			return psprintf("%s%s", no, segment_window_sql(s, r->sql, r->class, n->window));
		default:				/* ANNIVERSARY */
			if (!timely(r->class))
				segment_clash(s, n, r, "an anniversary");
			return psprintf("%s%s", no, anniversary(s, segment_as_class(s, r->sql, r->class == CLASS_TIMESTAMPTZ ? CLASS_DATE : CLASS_TIMESTAMPTZ), n->window));
	}
}

char *
segment_leaf_sql(segment_scope *s, const segment_node *n, bool negated)
{
	segment_reference r = operand_of(s, n);

	if (n->kind == SEGMENT_ANNIVERSARY && r.class == CLASS_TIMESTAMP)
	{
		r.sql = psprintf("(%s)::%s", r.sql, builtin_type(s, "date"));
		r.class = CLASS_DATE;
	}
	/* of several rows one that fits is enough */
	if (r.from)
	{
		s->has_query = true;
		return psprintf("%sEXISTS (SELECT FROM %s WHERE %s AND %s)", negated ? "NOT " : "", r.from, r.on, condition(s, n, &r, false));
	}
	return condition(s, n, &r, negated);
}

char *
segment_operand_sql(segment_scope *s, const segment_node *operand)
{
	segment_reference r = operand->kind == SEGMENT_ATTRIBUTE ? segment_resolve(s, operand) : segment_measure_sql(s, operand);

	if (r.class == CLASS_JSON)
		r = document_as(s, &r, SEGMENT_STRING);
	return r.sql;
}
