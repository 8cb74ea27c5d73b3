/*
 * event_fn.c: SQL of the conditions on what a party did. Each is an EXISTS that a planner can turn into a semi- or anti-join: one event is
 * looked for as it is, a number of events in a grouped subquery. A measure that must be known to be unknown is a scalar subquery.
 */
#include "sql_fn.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

static char *
column_of(const char *alias, const char *column)
{
	return psprintf("%s.%s", alias, quote_identifier(column));
}

/* what makes a row of the event's relation count: its condition, the one of the predicate, the window; each begins with AND */
static char *
rows_that_count(segment_scope *s, const vocabulary_event *e, const char *alias, const segment_node *where, segment_window window)
{
	StringInfoData b;

	initStringInfo(&b);
	if (e->condition)
		appendStringInfo(&b, " AND (%s)", vocabulary_expression(s->v, e->relation, e->condition, (char **) &e->parsed, alias, s->now));
	if (where)
	{
		const vocabulary_event *outer = s->event;
		const char *outer_name = s->event_name;

		s->event = e;
		s->event_name = alias;
		appendStringInfo(&b, " AND %s", segment_make_sql(s, where, false, true));
		s->event = outer;
		s->event_name = outer_name;
	}
	/* at a past instant what came later was not known */
	if (s->past || s->clocked)
		appendStringInfo(&b, " AND %s %s %s", column_of(alias, e->time_column), segment_operator(s, "<="),
						 segment_as_class(s, segment_now(s), segment_class_of(vocabulary_column_type(e->relation, e->time_column))));
	if (window.kind != SEGMENT_ALWAYS)
	{
		char	   *time = column_of(alias, e->time_column);
		segment_class class = segment_class_of(vocabulary_column_type(e->relation, e->time_column));

		appendStringInfo(&b, " AND %s", segment_window_sql(s, time, class, window));
	}
	return b.data;
}

/* SELECT FROM (SELECT party AS k ... GROUP BY party HAVING ...) g WHERE g.k = key */
static char *
grouped(segment_scope *s, const vocabulary_event *e, const char *alias, const char *join, const char *rows, const char *having, const char *key)
{
	char	   *g = psprintf("g%d", ++s->names),
			   *party = column_of(alias, e->party_column);

	return psprintf("EXISTS (SELECT FROM (SELECT %s AS k FROM %s %s%s WHERE true%s GROUP BY %s HAVING %s) %s WHERE %s.k %s %s)",
					party, segment_relation_sql(e->relation), alias, join, rows, party, having, g, g, segment_operator(s, "="), key);
}

static char *
did(segment_scope *s, const segment_node *n, bool negated)
{
	const vocabulary_event *e = segment_resolve_event(s, n);
	char	   *alias = psprintf("e%d", ++s->names),
			   *key = segment_key(s, n),
			   *rows = rows_that_count(s, e, alias, n->children > 0 ? n->child[0] : NULL, n->window),
			   *exists,
			   *count = s->plain ? "count(*)" : "pg_catalog.count(*)";
	int			min = n->count.min,
				max = n->count.max;

	/* at least none is always so; and none at all, or at most some, is the contrary of more */
	if (min == 0 && max < 0)
		return pstrdup(negated ? "false" : "true");
	if (min == 0)
	{
		min = max + 1, max = -1;
		negated = !negated;
	}
	if (min == 1 && max < 0)
		exists = psprintf("EXISTS (SELECT FROM %s %s WHERE %s %s %s%s)", segment_relation_sql(e->relation), alias, column_of(alias, e->party_column),
						  segment_operator(s, "="), key, rows);
	else if (max < 0)
		exists = grouped(s, e, alias, "", rows, psprintf("%s %s %d", count, segment_operator(s, ">="), min), key);
	else if (min == max)
		exists = grouped(s, e, alias, "", rows, psprintf("%s %s %d", count, segment_operator(s, "="), min), key);
	else
		exists = grouped(s, e, alias, "", rows, psprintf("%s %s %d AND %s %s %d", count, segment_operator(s, ">="), min, count, segment_operator(s, "<="), max), key);
	return psprintf("%s%s", negated ? "NOT " : "", exists);
}

/* each step stands in the one before: ... AND EXISTS (... AND EXISTS (...)) */
static char *
sequence(segment_scope *s, const segment_node *n, bool negated)
{
	StringInfoData b;
	char	   *first = NULL,
			   *before = NULL;

	initStringInfo(&b);
	if (negated)
		appendStringInfoString(&b, "NOT ");
	for (uint32_t i = 0; i < n->children; i++)
	{
		const segment_node *step = n->child[i];
		const vocabulary_event *e = segment_resolve_event(s, step);
		char	   *alias = psprintf("e%d", ++s->names),
				   *time = column_of(alias, e->time_column),
				   *rows = rows_that_count(s, e, alias, step->children > 0 ? step->child[0] : NULL, i == 0 ? n->window : (segment_window) {0});

		if (i > 0 && step->op && n->span.kind != SEGMENT_ALWAYS)
			/* what was not done in time is known when the time is over */
			appendStringInfo(&b, " AND %s %s %s", segment_shift(s, before, n->span, false), segment_operator(s, "<="), segment_now(s));
		appendStringInfo(&b, "%s%sEXISTS (SELECT FROM %s %s WHERE %s %s %s%s", i ? " AND " : "", step->op ? "NOT " : "", segment_relation_sql(e->relation), alias,
						 column_of(alias, e->party_column), segment_operator(s, "="), segment_key(s, n), rows);
		if (i > 0)
		{
			appendStringInfo(&b, " AND %s %s %s", time, segment_operator(s, ">"), before);
			if (n->span.kind != SEGMENT_ALWAYS)
				appendStringInfo(&b, " AND %s %s %s", time, segment_operator(s, "<="), segment_shift(s, step->op ? before : first, n->span, false));
		}
		if (i == 0)
			first = time;
		before = time;
	}
	for (uint32_t i = 0; i < n->children; i++)
		appendStringInfoChar(&b, ')');
	return b.data;
}

static char *
stopped(segment_scope *s, const segment_node *n, bool negated)
{
	const vocabulary_event *e = segment_resolve_event(s, n);
	char	   *alias = psprintf("e%d", ++s->names),
			   *key = segment_key(s, n),
			   *rows = rows_that_count(s, e, alias, NULL, (segment_window) {0}),
			   *last = psprintf("%s(%s)", s->plain ? "max" : "pg_catalog.max", column_of(alias, e->time_column));
	segment_window w = n->span;
	StringInfoData b;

	w.kind = SEGMENT_OLDER;
	initStringInfo(&b);
	if (n->count.min > 1)
		appendStringInfo(&b, "%s %s %d AND ", s->plain ? "count(*)" : "pg_catalog.count(*)", segment_operator(s, ">="), n->count.min);
	appendStringInfoString(&b, segment_window_sql(s, last, segment_class_of(vocabulary_column_type(e->relation, e->time_column)), w));
	return psprintf("%s%s", negated ? "NOT " : "", grouped(s, e, alias, "", rows, b.data, key));
}

/* a measure or an edge: what is aggregated, over which rows */
typedef struct measured
{
	const vocabulary_event *event;
	char	   *alias,
			   *join,			/* the relation of a column of several rows */
			   *rows,
			   *value;			/* the aggregate */
	segment_reference type;
} measured;

static Oid
aggregate_type(segment_scope *s, const segment_node *n, const segment_reference *column)
{
	Oid			t = OidIsValid(column->type) ? getBaseType(column->type) : InvalidOid;

	switch ((segment_measure) n->op)
	{
		case SEGMENT_COUNT:
		case SEGMENT_COUNT_DISTINCT:
			return INT8OID;
		case SEGMENT_MIN:
		case SEGMENT_MAX:
			if (column->class == CLASS_JSON || column->class == CLASS_BOOL)
				segment_refuse(s, n, CRMSEG_TYPE_CLASH, psprintf("there is no least and greatest of type %s", format_type_be(column->type)), NULL);
			return column->type;
		default:
			if (column->class == CLASS_INTERVAL)
				return INTERVALOID;
			if (column->class != CLASS_NUMBER)
				segment_refuse(s, n, CRMSEG_TYPE_CLASH, psprintf("what is of type %s cannot be added", format_type_be(column->type)), NULL);
			if (t == FLOAT4OID || t == FLOAT8OID)
				return t == FLOAT4OID && n->op == SEGMENT_SUM ? FLOAT4OID : FLOAT8OID;
			return n->op == SEGMENT_SUM && (t == INT2OID || t == INT4OID) ? INT8OID : NUMERICOID;
	}
}

static measured
measure(segment_scope *s, const segment_node *n)
{
	measured	m = {.join = ""};
	segment_reference column = {0};

	m.event = segment_resolve_event(s, n);
	m.alias = psprintf("e%d", ++s->names);
	m.rows = rows_that_count(s, m.event, m.alias, n->children > 0 ? n->child[0] : NULL, n->window);
	if (n->parts > 0)
	{
		column = segment_resolve_column(s, m.event, m.alias, n, n->part, n->parts);
		if (column.class == CLASS_JSON)
		{
			bool		number = n->kind == SEGMENT_MEASURE && (n->op == SEGMENT_SUM || n->op == SEGMENT_AVG);

			column.sql = number ? psprintf("crmseg.trait_number(%s)", column.sql) : psprintf("(%s %s '{}')", column.sql, segment_operator(s, "#>>"));
			column.type = number ? NUMERICOID : TEXTOID;
			column.class = number ? CLASS_NUMBER : CLASS_TEXT;
		}
		if (column.from)
			m.join = psprintf(" LEFT JOIN %s ON %s", column.from, column.on);
	}
	m.type = column;
	m.type.from = NULL;
	m.type.is_rfm = false;
	if (n->kind == SEGMENT_EDGE)
		m.value = column.sql;
	else
	{
		static const char *const name[] = {"sum", "avg", "min", "max", "count", "count"};

		m.value = psprintf("%s%s(%s%s)", s->plain ? "" : "pg_catalog.", name[n->op], n->op == SEGMENT_COUNT_DISTINCT ? "DISTINCT " : "", n->parts > 0 ? column.sql : "*");
		m.type.type = aggregate_type(s, n, &column);
		m.type.class = segment_class_of(m.type.type);
	}
	return m;
}

/* the value by itself, as a scalar subquery: unknown where SQL's is */
segment_reference
segment_measure_sql(segment_scope *s, const segment_node *n)
{
	measured	m = measure(s, n);
	char	   *from = psprintf("%s %s%s WHERE %s %s %s%s", segment_relation_sql(m.event->relation), m.alias, m.join,
								column_of(m.alias, m.event->party_column), segment_operator(s, "="), segment_key(s, n), m.rows);

	s->has_query = true;
	if (n->kind == SEGMENT_MEASURE)
		m.type.sql = psprintf("(SELECT %s FROM %s)", m.value, from);
	else
	{
		char	   *time = column_of(m.alias, m.event->time_column);

		/* of several at one instant the one with the greatest (least) value: the answer must not depend on the order of rows */
		m.type.sql = psprintf("(SELECT %s FROM %s AND %s IS NOT NULL ORDER BY %s %s, %s %s NULLS LAST LIMIT 1)", m.value, from, time, time, n->op ? "DESC" : "ASC",
							  m.value, n->op ? "DESC" : "ASC");
	}
	return m.type;
}

/* a compared measure in a WHERE: the parties for which it holds, grouped */
static char *
compared_measure(segment_scope *s, const segment_node *n, bool negated)
{
	const segment_node *o = n->child[0];
	segment_op	op = negated ? segment_op_negated((segment_op) n->op) : (segment_op) n->op;
	measured	m;
	bool		none = false;	/* whether those who did nothing are among them */
	char	   *key,
			   *exists;

	m = measure(s, o);
	if (o->op == SEGMENT_COUNT || o->op == SEGMENT_COUNT_DISTINCT)
	{
		double		v = strtod(n->value[0].text.data, NULL);

		none = op == SEGMENT_EQ ? v == 0 : op == SEGMENT_NE ? v != 0 : op == SEGMENT_LT ? 0 < v : op == SEGMENT_LE ? 0 <= v : op == SEGMENT_GE ? 0 >= v : 0 > v;
		if (none)
			op = segment_op_negated(op);
	}
	key = segment_key(s, n);
	s->has_query = true;
	exists = grouped(s, m.event, m.alias, m.join, m.rows, psprintf("%s %s %s", m.value, segment_operator(s, segment_op_text(op)), segment_literal(s, n, &n->value[0], &m.type)), key);
	return psprintf("%s%s", none ? "NOT " : "", exists);
}

char *
segment_event_sql(segment_scope *s, const segment_node *n, bool negated, bool filter)
{
	s->has_query = true;
	switch (n->kind)
	{
		case SEGMENT_DID:
			return did(s, n, negated);
		case SEGMENT_SEQUENCE:
			return sequence(s, n, negated);
		case SEGMENT_STOPPED:
			return stopped(s, n, negated);
		default:				/* a comparison */
			if (filter && n->child[0]->kind == SEGMENT_MEASURE && n->values == 1)
				return compared_measure(s, n, negated);
			return segment_leaf_sql(s, n, negated);
	}
}
