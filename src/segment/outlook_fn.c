/*
 * outlook_fn.c: what the queue of refresh_segments must know of a predicate beside the row of the party: from which instant on the passing of
 * time may change its answer because of events and attributes of other relations. Each window gives a query of such instants for some
 * parties, never later than the change: $1 is the instant after which, $2 the parties. Windows of the row itself are followed by the index
 * over predicates (reverse_row_fn.c).
 */
#include "plan_fn.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(crmseg_segment_outlook);
PG_FUNCTION_INFO_V1(crmseg_segment_turns);

typedef struct outlook
{
	segment_scope scope;
	TupleDesc	row;			/* of party_row */
	bool		foreseen;		/* the queries tell all instants, and all that decides lies in tables that triggers can watch */
	bool		timed;			/* time alone may change it */
	List	   *turns;			/* SELECT party_id, due */
	List	   *views;			/* of attributes: Oid */
	List	   *inside;			/* segments gone into */
} outlook;

static const segment_window always = {0};

static void
add(outlook *o, char *sql)
{
	ListCell   *l;

	foreach(l, o->turns)
		if (strcmp(lfirst(l), sql) == 0)
			return;
	o->turns = lappend(o->turns, sql);
}

/* instants in a relation: time is one, of a row x; which: what makes a row count, or empty */
typedef struct timeline
{
	Oid			relation;
	const char *party_column;
	char	   *time;			/* as timestamptz */
	bool		day;			/* a day: what happens on it happens until it ends */
	char	   *which;
} timeline;

/* SELECT party_id, the instant given, for rows of the parties that meet a condition */
static void
add_rows(outlook *o, const timeline *t, const char *instant, const char *condition)
{
	char	   *key = psprintf("e.%s", quote_identifier(t->party_column));

	add(o, psprintf("SELECT %s::pg_catalog.int8 AS party_id, %s AS due FROM %s e WHERE %s OPERATOR(pg_catalog.=) ANY ($2)%s AND %s", key, instant, segment_relation_sql(t->relation), key, t->which, condition));
}

/* from the first instant on until the last one something may turn */
static void
add_between(outlook *o, const timeline *t, const char *from, const char *until)
{
	add_rows(o, t, psprintf("CASE WHEN %s OPERATOR(pg_catalog.>) $1 THEN %s ELSE $1 OPERATOR(pg_catalog.+) '1 microsecond'::pg_catalog.interval END", from, from),
			 psprintf("%s OPERATOR(pg_catalog.>=) $1", until));
}

static char *
moved(const char *at, const char *sign, const char *interval)
{
	return psprintf("(%s OPERATOR(pg_catalog.%s) %s::pg_catalog.interval)", at, sign, interval);
}

/* an instant moved by a span: the first or the last at which it may be over, calendars and clocks considered. Hours pass as they pass, so that the session's zone does not count */
static char *
span_moved(outlook *o, const char *at, const char *sign, segment_window w, bool last)
{
	switch (w.unit)
	{
		case SEGMENT_MINUTE:
			return moved(at, sign, psprintf("'%d minutes'", w.amount));
		case SEGMENT_HOUR:
			return moved(at, sign, psprintf("'%d hours'", w.amount));
		case SEGMENT_DAY:
		case SEGMENT_WEEK:
			return moved(moved(at, sign, psprintf("'%d hours'", w.amount * (w.unit == SEGMENT_WEEK ? 168 : 24))), last ? "+" : "-", "'3 hours'");
		default:
			/* the last days of a month have one and the same day in a shorter one: it may turn again and again until they are over */
			return moved(psprintf("crmseg.shift(%s, '%s%d months'::pg_catalog.interval, %s)", at, strcmp(sign, "-") == 0 ? "-" : "",
								  w.amount * (w.unit == SEGMENT_MONTH ? 1 : w.unit == SEGMENT_QUARTER ? 3 : 12), quote_literal_cstr(o->scope.v->zone)),
						 last ? "+" : "-", last ? "'99 hours'" : "'3 hours'");
	}
}

static char *
unit_start(outlook *o, segment_unit unit, int by)
{
	return psprintf("crmseg.calendar_start($1, '%s', %d, %s, %d)", segment_unit_text(unit), by, quote_literal_cstr(o->scope.v->zone), o->scope.v->week_start);
}

/* where a value in a window comes into it and leaves it */
static void
add_window(outlook *o, const timeline *t, segment_window w)
{
	char	   *begin = t->time,
			   *end = t->day ? moved(t->time, "+", "'27 hours'") : t->time;

	/* what lies ahead comes */
	add_between(o, t, begin, end);
	switch (w.kind)
	{
		case SEGMENT_ALWAYS:
			break;
		case SEGMENT_LAST:
		case SEGMENT_OLDER:
			add_between(o, t, span_moved(o, begin, "+", w, false), span_moved(o, end, "+", w, true));
			break;
		case SEGMENT_NEXT:
			add_between(o, t, span_moved(o, begin, "-", w, false), span_moved(o, end, "-", w, true));
			break;
		default:
			/* those that are in it or lie ahead may be out of it or in it when the next unit begins */
			add_rows(o, t, unit_start(o, w.unit, 1), psprintf("%s OPERATOR(pg_catalog.>=) %s", end, unit_start(o, w.unit, w.kind == SEGMENT_LAST_CALENDAR ? -w.amount : 0)));
	}
}

/* any midnight may turn it */
static void
add_daily(outlook *o, const timeline *t)
{
	add_rows(o, t, unit_start(o, SEGMENT_DAY, 1), "true");
}

static bool
is_timed(const segment_node *n, const segment_node *parent, void *context)
{
	return n->kind == SEGMENT_WITHIN || n->kind == SEGMENT_ANNIVERSARY;
}

static char *
instant_of(outlook *o, char *x, segment_class class)
{
	if (class == CLASS_TIMESTAMPTZ)
		return x;
	return psprintf("pg_catalog.timezone(%s, (%s)::pg_catalog.timestamp)", quote_literal_cstr(o->scope.v->zone), x);
}

static void
see_event(outlook *o, const segment_node *n, segment_window window, segment_window span)
{
	const vocabulary_event *e = segment_resolve_event(&o->scope, n);
	Oid			type = vocabulary_column_type(e->relation, e->time_column);
	timeline	t = {e->relation, e->party_column, instant_of(o, psprintf("e.%s", quote_identifier(e->time_column)), segment_class_of(type)), segment_class_of(type) == CLASS_DATE, ""};

	o->timed = true;
	if (e->condition)
	{
		t.which = psprintf(" AND (%s)", vocabulary_expression(o->scope.v, e->relation, e->condition, (char **) &e->parsed, "e", "$1"));
		if (strstr(e->condition, "{now}"))
			add_daily(o, &(timeline) {t.relation, t.party_column, t.time, t.day, ""});
	}
	add_window(o, &t, window);
	if (span.kind != SEGMENT_ALWAYS)
	{
		span.kind = SEGMENT_LAST;
		add_window(o, &t, span);
	}
	if (n->children > 0 && segment_walk(n->child[0], is_timed, NULL))
		add_daily(o, &t);
}

/* an attribute, perhaps in a window */
static void
see_attribute(outlook *o, const segment_node *n, const segment_node *leaf)
{
	vocabulary *v = o->scope.v;
	const vocabulary_attribute *a;
	StringInfoData name;
	char		kind;
	timeline	t = {0};

	/* of the row itself: the index knows */
	for (int i = 0; i < o->row->natts; i++)
		if (!TupleDescAttr(o->row, i)->attisdropped && strcmp(NameStr(TupleDescAttr(o->row, i)->attname), n->part[0].data) == 0)
		{
			o->timed |= strcmp(n->part[0].data, "age") == 0 || (leaf && is_timed(leaf, NULL, NULL));
			return;
		}
	initStringInfo(&name);
	for (int i = 0; i < n->parts; i++)
		appendStringInfo(&name, "%s%s", i ? "." : "", n->part[i].data);
	a = vocabulary_find_attribute(v, name.data);
	if (!a)
		a = vocabulary_find_attribute(v, n->part[0].data);
	if (!a || strcmp(a->name, "traits") == 0)
	{
		/* a key of the traits, which are in the row */
		o->timed |= leaf && is_timed(leaf, NULL, NULL);
		return;
	}
	kind = get_rel_relkind(a->relation);
	if (kind == RELKIND_VIEW)
		o->views = list_append_unique_oid(o->views, a->relation);
	else if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
		o->foreseen = false;
	t.relation = a->relation;
	t.party_column = a->party_column;
	t.which = "";
	if (strstr(a->expression, "{now}") || (leaf && leaf->kind == SEGMENT_ANNIVERSARY))
	{
		o->timed = true;
		add_daily(o, &t);
	}
	if (leaf && leaf->kind == SEGMENT_WITHIN)
	{
		segment_class class = segment_class_of(a->type);

		o->timed = true;
		if (class != CLASS_DATE && class != CLASS_TIMESTAMP && class != CLASS_TIMESTAMPTZ)
		{
			add_daily(o, &t);
			return;
		}
		t.time = instant_of(o, a->is_column ? psprintf("e.%s", quote_identifier(a->expression)) :
							psprintf("(%s)", vocabulary_expression(v, a->relation, a->expression, (char **) &a->parsed, "e", "$1")), class);
		t.day = class == CLASS_DATE;
		add_window(o, &t, leaf->window);
	}
}

static void
see(outlook *o, const segment_node *n, const segment_node *parent)
{
	ListCell   *l;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	switch (n->kind)
	{
		case SEGMENT_ATTRIBUTE:
			see_attribute(o, n, parent);
			return;
		case SEGMENT_PLACE:
			{
				static const char *const axis[] = {"lat", "lon"};

				for (int i = 0; i < 2; i++)
					see_attribute(o, segment_parse(axis[i], 3, segment_memory(CurrentMemoryContext), &(segment_error) {0})->child[0], NULL);
				return;
			}
		case SEGMENT_REACHABLE:
			o->foreseen = false;
			o->timed = true;
			return;
		case SEGMENT_TOP:
			o->foreseen = false;
			break;
		case SEGMENT_DID:
		case SEGMENT_MEASURE:
		case SEGMENT_EDGE:
			see_event(o, n, n->window, always);
			/* the value in a window of its own: last order.delivered_at within last 3 days */
			if (parent && is_timed(parent, NULL, NULL))
			{
				const vocabulary_event *e = segment_resolve_event(&o->scope, n);

				add_daily(o, &(timeline) {e->relation, e->party_column, NULL, false, ""});
				/* spans of hours turn between midnights */
				o->foreseen &= parent->kind == SEGMENT_ANNIVERSARY || (parent->window.unit >= SEGMENT_DAY && parent->window.kind != SEGMENT_LAST && parent->window.kind != SEGMENT_NEXT && parent->window.kind != SEGMENT_OLDER);
			}
			return;
		case SEGMENT_STOPPED:
			see_event(o, n, always, n->span);
			return;
		case SEGMENT_SEQUENCE:
			for (uint32 i = 0; i < n->children; i++)
				see_event(o, n->child[i], i == 0 ? n->window : always, n->span);
			return;
		case SEGMENT_MEMBER:
			foreach(l, o->inside)
				if (strcmp(lfirst(l), n->object.data) == 0)
					return;
			o->inside = lappend(o->inside, pstrdup(n->object.data));
			{
				segment_node *d = vocabulary_find_segment(o->scope.v, n->object.data);

				if (d)
				{
					const segment_node *root = o->scope.root;

					o->scope.root = d;
					see(o, d, NULL);
					o->scope.root = root;
				}
			}
			return;
		default:
			break;
	}
	for (uint32 i = 0; i < n->children; i++)
		see(o, n->child[i], n);
}

static void
look_ahead(outlook *o, vocabulary *v, segment_node *tree)
{
	Relation	rel;
	Oid			row = get_relname_relid("party_row", v->schema);

	if (!OidIsValid(row) || (rel = RelationIdGetRelation(row)) == NULL)
		ereport(ERROR, (errcode(CRMSEG_BAD_MART), errmsg("the mart has no view party_row"), errhint("Run crmseg.upgrade_datamart().")));
	o->row = CreateTupleDescCopy(RelationGetDescr(rel));
	RelationClose(rel);
	o->scope.v = v;
	o->scope.root = tree;
	o->foreseen = true;
	see(o, tree, NULL);
}

static Datum
text_array(List *texts)
{
	Datum	   *d = palloc(sizeof(Datum) * Max(1, list_length(texts)));
	int			n = 0;
	ListCell   *l;

	foreach(l, texts)
		d[n++] = CStringGetTextDatum(lfirst(l));
	return PointerGetDatum(construct_array(d, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* segment_outlook(mart name, segment) -> (foreseen bool, timed bool, views regclass[], turns text[]) */
Datum
crmseg_segment_outlook(PG_FUNCTION_ARGS)
{
	outlook		o = {0};
	Datum		value[4],
			   *view;
	bool		isnull[4] = {false, false, false, false};
	TupleDesc	desc;
	ListCell   *l;
	int			n = 0;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "a row is returned");
	look_ahead(&o, vocabulary_of_mart(NameStr(*PG_GETARG_NAME(0))), segment_tree(PG_GETARG_VARLENA_PP(1)));
	view = palloc(sizeof(Datum) * Max(1, list_length(o.views)));
	foreach(l, o.views)
		view[n++] = ObjectIdGetDatum(lfirst_oid(l));
	value[0] = BoolGetDatum(o.foreseen);
	value[1] = BoolGetDatum(o.timed);
	value[2] = PointerGetDatum(construct_array(view, n, REGCLASSOID, sizeof(Oid), true, TYPALIGN_INT));
	value[3] = text_array(o.turns);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), value, isnull)));
}

/* ---- of all segments that the queue follows beside the row: kept by the session, made again when a definition changes ---- */

static Oid	turns_schema = InvalidOid;
static Oid	turns_user = InvalidOid;
static uint64 turns_generation = 0;
static char *turns_sql = NULL;

/* segment_turns(mart name) -> text: the query of the first instant of each party that has one; NULL when no segment needs it */
Datum
crmseg_segment_turns(PG_FUNCTION_ARGS)
{
	vocabulary *v = vocabulary_of_mart(NameStr(*PG_GETARG_NAME(0)));
	MemoryContext caller = CurrentMemoryContext;
	outlook		all = {0};
	StringInfoData b;
	ListCell   *l;

	if (turns_schema != v->schema || turns_user != GetUserId() || turns_generation != segment_generation())
	{
		uint64		generation = segment_generation();

		turns_schema = InvalidOid;
		if (turns_sql)
			pfree(turns_sql);
		turns_sql = NULL;
		/* what this very transaction has just written is seen, also while a query that began before is under way */
		PushActiveSnapshot(GetTransactionSnapshot());
		SPI_connect();
		if (SPI_execute(psprintf("SELECT d.predicate FROM %s.segment_definition d JOIN %s.segment_state s ON s.segment_id OPERATOR(pg_catalog.=) d.segment_id WHERE s.has_turns ORDER BY d.segment_id",
								 quote_identifier(v->name), quote_identifier(v->name)), true, 0) != SPI_OK_SELECT)
			elog(ERROR, "could not read the segments of the mart");
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			char	   *predicate = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);
			segment_error error;
			outlook		o = {.turns = all.turns};
			segment_node *tree = segment_parse(predicate, strlen(predicate), segment_memory(CurrentMemoryContext), &error);

			if (!tree)
				segment_raise(&error, predicate, NULL);
			look_ahead(&o, v, tree);
			all.turns = o.turns;
		}
		MemoryContextSwitchTo(caller);
		initStringInfo(&b);
		foreach(l, all.turns)
			appendStringInfo(&b, "%s%s", b.len ? " UNION ALL " : "SELECT x.party_id, pg_catalog.min(x.due) AS due FROM (", (char *) lfirst(l));
		if (b.len)
		{
			appendStringInfoString(&b, ") x GROUP BY x.party_id");
			turns_sql = MemoryContextStrdup(TopMemoryContext, b.data);
		}
		SPI_finish();
			PopActiveSnapshot();
		turns_user = GetUserId();
		turns_generation = generation;
		turns_schema = v->schema;
	}
	if (!turns_sql)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(turns_sql));
}
