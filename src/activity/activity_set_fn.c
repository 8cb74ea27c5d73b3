/*
 * activity_set_fn.c: activity_set(), the parties for whom a predicate on events holds, made of the bitmaps by day. A bitmap counts whole when all
 * its events lie in the window (each knows its first and last instant); of a day that the window cuts, and of parties whose rows went since
 * the last fold, the events themselves are asked. All is read with the snapshot of the query, so bitmaps and events agree.
 * The events alone are read where the bitmaps cannot be trusted, where the caller may not read all events, and inside of triggers, for the
 * statement that fired them may not have written its delta yet.
 */
#include "activity_fn.h"
#include "activity_private.h"
#include "party_set_fn.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(crmseg_activity_set);
PG_FUNCTION_INFO_V1(crmseg_activity_condition_is_stable);
PG_FUNCTION_INFO_V1(crmseg_activity_expression);

#define INSTANTS_MAX 64			/* pieces of days that are read from the events; more become one */

/* instants are those of the column's own clock, UTC for timestamptz: what activity.first_at is of */
typedef struct reading
{
	segment_scope scope;
	const char *schema;			/* quoted */
	MemoryContext context;
	bool		in_trigger;
} reading;

typedef struct answer
{
	party_set  *set;
	bool		contrary;		/* all but these */
} answer;

typedef struct piece
{
	Timestamp	from,
				to;
} piece;

static void
run(const char *sql, int n, Oid *types, Datum *values)
{
	if (SPI_execute_with_args(sql, n, types, values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the activity");
}

/* the first column of the only row, a set in bytes, joined to another */
static void
join_result(party_set *set)
{
	bool		isnull;
	Datum		d;

	if (SPI_processed != 1)
		elog(ERROR, "unexpected result of a set");
	d = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	if (!isnull)
		party_set_or(set, party_set_of(d), false);
	SPI_freetuptable(SPI_tuptable);
}

static const char *
instant_sql(const char *alias, const char *column, segment_class class)
{
	return psprintf(class == CLASS_TIMESTAMPTZ ? "pg_catalog.timezone('UTC', %s%s%s)" : "(%s%s%s)::pg_catalog.timestamp", alias, *alias ? "." : "", column);
}

/* the rows of an event that count, e their alias */
static char *
rows_sql(reading *r, const vocabulary_event *e)
{
	StringInfoData b;

	initStringInfo(&b);
	appendStringInfo(&b, "%s e WHERE e.%s IS NOT NULL", segment_relation_sql(e->relation), quote_identifier(e->party_column));
	if (e->condition)
		appendStringInfo(&b, " AND (%s)", vocabulary_expression(r->scope.v, e->relation, e->condition, (char **) &e->parsed, "e", NULL));
	return b.data;
}

static char *
parties_sql(const vocabulary_event *e)
{
	return psprintf("crmseg.party_set_agg(e.%s::pg_catalog.int8)", quote_identifier(e->party_column));
}

/* the events between two instants of their own clock; a constant of the column's type, so that indexes and partitions serve */
static char *
between_sql(const vocabulary_event *e, segment_class class, const char *from, const char *to)
{
	const char *column = psprintf("e.%s", quote_identifier(e->time_column));
	const char *as = class == CLASS_TIMESTAMPTZ ? "pg_catalog.timezone('UTC', %s)" : class == CLASS_DATE ? "(%s)::pg_catalog.date" : "%s";

	/* a day counts by its midnight: the first at or after the begin */
	if (class == CLASS_DATE)
		return psprintf("(%s)::pg_catalog.timestamp OPERATOR(pg_catalog.>=) %s AND (%s)::pg_catalog.timestamp OPERATOR(pg_catalog.<=) %s", column, from, column, to);
	return psprintf("%s OPERATOR(pg_catalog.>=) %s AND %s OPERATOR(pg_catalog.<=) %s", column, psprintf(as, from), column, psprintf(as, to));
}

/* what lies in the window, from the events alone */
static void
read_events(reading *r, const segment_node *n, const vocabulary_event *e, segment_class class, party_set *set)
{
	char	   *column = psprintf("e.%s", quote_identifier(e->time_column));

	run(psprintf("SELECT %s FROM %s%s%s", parties_sql(e), rows_sql(r, e), n->window.kind == SEGMENT_ALWAYS ? "" : " AND ",
				 n->window.kind == SEGMENT_ALWAYS ? "" : segment_window_sql(&r->scope, column, class, n->window)), 0, NULL, NULL);
	join_result(set);
}

static int
by_begin(const void *a, const void *b)
{
	Timestamp	x = ((const piece *) a)->from,
				y = ((const piece *) b)->from;

	return x < y ? -1 : x > y;
}

/* the window on the column's clock, both ends in it */
static piece
window_of(reading *r, segment_class class, segment_window w)
{
	piece		p = {DT_NOBEGIN, DT_NOEND};
	segment_ends ends;
	bool		no_from,
				no_to;

	if (w.kind == SEGMENT_ALWAYS)
		return p;
	segment_window_ends(&r->scope, class, w, &ends);
	run(psprintf("SELECT %s, %s", ends.from ? instant_sql("", psprintf("(%s)", ends.from), class) : "NULL::pg_catalog.timestamp", instant_sql("", psprintf("(%s)", ends.to), class)), 0, NULL, NULL);
	p.from = DatumGetTimestamp(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &no_from));
	p.to = DatumGetTimestamp(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &no_to));
	SPI_freetuptable(SPI_tuptable);
	if (no_from)
		p.from = DT_NOBEGIN;
	if (no_to)
		elog(ERROR, "a window has no end");
	if (ends.to_op[1] == 0 && !TIMESTAMP_NOT_FINITE(p.to))
		p.to--;
	return p;
}

/* the part of a bitmap that lies in the window, as a piece of the events; those that touch become one */
static void
add_piece(piece *pieces, int *n, piece p)
{
	if (*n == INSTANTS_MAX)
	{
		int			kept = 0;

		qsort(pieces, *n, sizeof(piece), by_begin);
		for (int i = 1; i < *n; i++)
			if (pieces[i].from <= pieces[kept].to)
				pieces[kept].to = Max(pieces[kept].to, pieces[i].to);
			else
				pieces[++kept] = pieces[i];
		*n = kept + 1;
		/* many days cut: what lies between them is read too, which is within the window */
		if (*n == INSTANTS_MAX)
		{
			pieces[0].to = pieces[*n - 1].to;
			*n = 1;
		}
	}
	pieces[(*n)++] = p;
}

static bool
is_ready(reading *r, const char *event)
{
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(event);
	bool		ready;

	run(psprintf("SELECT FROM %s.activity_kept k WHERE k.event OPERATOR(pg_catalog.=) $1 AND k.ready", r->schema), 1, &type, &value);
	ready = SPI_processed == 1;
	SPI_freetuptable(SPI_tuptable);
	return ready;
}

static void
read_bitmaps(reading *r, const char *name, const char *rows, const vocabulary_event *e, segment_class class, piece window, party_set *set)
{
	Oid			types[3] = {TEXTOID, TIMESTAMPOID, TIMESTAMPOID};
	Datum		values[3] = {CStringGetTextDatum(name), TimestampGetDatum(window.from), TimestampGetDatum(window.to)};
	SPITupleTable *found;
	piece	   *pieces = palloc(sizeof(piece) * INSTANTS_MAX);
	int			npieces = 0;
	party_set_work *whole = party_set_work_in_context(r->context),
			   *doubts = NULL;
	party_set  *doubtful = NULL;

	run(psprintf("SELECT a.members, a.first_at, a.last_at, false FROM %s.activity a WHERE a.event OPERATOR(pg_catalog.=) $1 AND a.day OPERATOR(pg_catalog.>=) $2::pg_catalog.date AND a.day OPERATOR(pg_catalog.<=) $3::pg_catalog.date"
				 " UNION ALL SELECT d.members, d.first_at, d.last_at, d.doubtful FROM %s.activity_delta d WHERE d.event OPERATOR(pg_catalog.=) $1 AND d.day OPERATOR(pg_catalog.>=) $2::pg_catalog.date AND d.day OPERATOR(pg_catalog.<=) $3::pg_catalog.date",
				 r->schema, r->schema), 3, types, values);
	found = SPI_tuptable;
	for (uint64 i = 0; i < found->numvals; i++)
	{
		bool		isnull;
		Datum		members = SPI_getbinval(found->vals[i], found->tupdesc, 1, &isnull);
		Timestamp	first = DatumGetTimestamp(SPI_getbinval(found->vals[i], found->tupdesc, 2, &isnull)),
					last = DatumGetTimestamp(SPI_getbinval(found->vals[i], found->tupdesc, 3, &isnull));

		CHECK_FOR_INTERRUPTS();
		if (last < window.from || first > window.to)
			continue;
		if (DatumGetBool(SPI_getbinval(found->vals[i], found->tupdesc, 4, &isnull)))
		{
			if (!doubts)
				doubts = party_set_work_in_context(r->context);
			party_set_work_join_bytes(doubts, members);
		}
		else if (first >= window.from && last <= window.to)
			party_set_work_join_bytes(whole, members);
		else
			add_piece(pieces, &npieces, (piece) {Max(first, window.from), Min(last, window.to)});
	}
	party_set_join_work(set, whole);
	if (doubts)
		party_set_join_work(doubtful = party_set_in_context(r->context), doubts);
	SPI_freetuptable(found);
	qsort(pieces, npieces, sizeof(piece), by_begin);
	for (int i = 0; i < npieces; i++)
	{
		piece		p = pieces[i];
		Datum		ends[2];

		for (; i + 1 < npieces && pieces[i + 1].from <= p.to; i++)
			p.to = Max(p.to, pieces[i + 1].to);
		ends[0] = TimestampGetDatum(p.from);
		ends[1] = TimestampGetDatum(p.to);
		run(psprintf("SELECT %s FROM %s AND %s", parties_sql(e), rows, between_sql(e, class, "$1", "$2")), 2, types + 1, ends);
		join_result(set);
	}
	if (doubtful)
	{
		/* without a window what has no instant counts too */
		Oid			asked[3] = {BYTEAOID, TIMESTAMPOID, TIMESTAMPOID};
		Datum		about[3] = {PointerGetDatum(NULL), TimestampGetDatum(window.from), TimestampGetDatum(window.to)};
		bytea	   *bytes = palloc(VARHDRSZ + party_set_bytes(doubtful));

		SET_VARSIZE(bytes, VARHDRSZ + party_set_bytes(doubtful));
		party_set_write(doubtful, (uint8_t *) VARDATA(bytes));
		about[0] = PointerGetDatum(bytes);
		party_set_minus(set, doubtful);
		run(psprintf("SELECT crmseg.party_set_agg(u.id) FROM crmseg.party_ids(crmseg.party_set($1)) u (id) WHERE EXISTS (SELECT FROM %s AND e.%s OPERATOR(pg_catalog.=) u.id%s%s)", rows,
					 quote_identifier(e->party_column), TIMESTAMP_IS_NOEND(window.to) ? "" : " AND ", TIMESTAMP_IS_NOEND(window.to) ? "" : between_sql(e, class, "$2", "$3")), 3, asked, about);
		join_result(set);
	}
}

static answer
leaf(reading *r, const segment_node *n)
{
	const vocabulary_event *e = segment_resolve_event(&r->scope, n);
	segment_class class = segment_class_of(vocabulary_column_type(e->relation, e->time_column));
	answer		a = {party_set_in_context(r->context), n->count.max == 0};

	if (!r->in_trigger && activity_is_used() && activity_is_trusted(r->scope.v, e->relation, e->activity) && is_ready(r, e->name))
		read_bitmaps(r, e->name, rows_sql(r, e), e, class, window_of(r, class, n->window), a.set);
	else
		read_events(r, n, e, class, a.set);
	return a;
}

/* and of two; or is the contrary of and of the contraries */
static answer
both(answer a, answer b)
{
	if (a.contrary && b.contrary)
		party_set_or(a.set, b.set, false);
	else if (b.contrary)
		party_set_minus(a.set, b.set);
	else if (a.contrary)
	{
		party_set_minus(b.set, a.set);
		return b;
	}
	else
		party_set_and(a.set, b.set);
	return a;
}

static answer
evaluate(reading *r, const segment_node *n)
{
	answer		a;

	check_stack_depth();
	switch (n->kind)
	{
		case SEGMENT_NOT:
			a = evaluate(r, n->child[0]);
			a.contrary = !a.contrary;
			return a;
		case SEGMENT_AND:
		case SEGMENT_OR:
			a = evaluate(r, n->child[0]);
			a.contrary ^= n->kind == SEGMENT_OR;
			for (uint32_t i = 1; i < n->children; i++)
			{
				answer		b = evaluate(r, n->child[i]);

				b.contrary ^= n->kind == SEGMENT_OR;
				a = both(a, b);
			}
			a.contrary ^= n->kind == SEGMENT_OR;
			return a;
		default:
			return leaf(r, n);
	}
}

/* the parties of the mart that are somebody */
static party_set *
everybody(reading *r)
{
	vocabulary *v = r->scope.v;
	Oid			party = get_relname_relid("party", v->schema);
	vocabulary_event e = {.name = "", .relation = party, .party_column = "party_id"};
	party_set  *set = party_set_in_context(r->context);
	char	   *rows;

	if (!OidIsValid(party))
		ereport(ERROR, (errcode(CRMSEG_BAD_MART), errmsg("datamart \"%s\" has no table of parties", v->name)));
	rows = psprintf("%s e WHERE e.kind OPERATOR(pg_catalog.<>) 'unidentified'", segment_relation_sql(party));
	if (!r->in_trigger && activity_is_used() && activity_is_trusted(v, party, v->parties) && is_ready(r, ""))
		read_bitmaps(r, "", rows, &e, CLASS_TIMESTAMP, (piece) {DT_NOBEGIN, DT_NOEND}, set);
	else
	{
		run(psprintf("SELECT crmseg.party_set_agg(e.party_id) FROM %s", rows), 0, NULL, NULL);
		join_result(set);
	}
	return set;
}

static bool
any_leaf(void *context, const segment_node *n)
{
	return true;
}

/* activity_set(mart name, predicate segment, among_parties bool) -> party_set */
Datum
crmseg_activity_set(PG_FUNCTION_ARGS)
{
	reading		r = {.context = CurrentMemoryContext};
	segment_node *n;
	answer		a;
	party_set  *own;

	r.scope.v = vocabulary_of_mart(NameStr(*PG_GETARG_NAME(0)));
	r.schema = quote_identifier(r.scope.v->name);
	r.in_trigger = DatumGetInt32(DirectFunctionCall1(pg_trigger_depth, (Datum) 0)) > 0;
	n = segment_tree(PG_GETARG_VARLENA_PP(1));
	r.scope.root = n;
	if (!activity_is_made_of(n, any_leaf, NULL))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("only events that were done or not can be told by activity"),
						errhint("A predicate of and, or, not over did EVENT [window], without a condition on the event. crmseg.members() takes any.")));
	SPI_connect();
	a = evaluate(&r, n);
	if (PG_GETARG_BOOL(2))
	{
		a = both((answer) {everybody(&r), false}, a);
		Assert(!a.contrary);
	}
	SPI_finish();
	/* the sets so far go with the caller's context; what a datum owns goes with the datum */
	own = party_set_new();
	party_set_or(own, a.set, false);
	PG_RETURN_DATUM(party_set_datum(own, CurrentMemoryContext));
}

static Oid
existing(Oid relation)
{
	if (!get_rel_name(relation))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("there is no relation %u", relation)));
	return relation;
}

Datum
crmseg_activity_condition_is_stable(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(vocabulary_is_immutable(existing(PG_GETARG_OID(0)), text_to_cstring(PG_GETARG_TEXT_PP(1))));
}

Datum
crmseg_activity_expression(PG_FUNCTION_ARGS)
{
	vocabulary *v = vocabulary_of_mart(NameStr(*PG_GETARG_NAME(0)));
	char	   *parsed = NULL;

	PG_RETURN_TEXT_P(cstring_to_text(vocabulary_expression(v, existing(PG_GETARG_OID(1)), text_to_cstring(PG_GETARG_TEXT_PP(2)), &parsed, text_to_cstring(PG_GETARG_TEXT_PP(3)), NULL)));
}
