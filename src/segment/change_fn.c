/*
 * change_fn.c: when the answer will change if nothing happens. The instants at which a condition can turn (a window runs out, a day or a
 * month begins, an anniversary comes) are listed for the row, with some room for the changes of clocks; at each the predicate is asked, and
 * where it first differs the exact microsecond is found by halving.
 */
#include "explain_fn.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(crmseg_next_change);

#define AROUND "(VALUES (interval '-1 day'), ('-1 hour'), ('0'), ('1 microsecond'), ('1 hour'), ('1 day')) o(by)"

typedef struct turns
{
	asked	   *a;
	StringInfoData sql;			/* SELECT ... UNION ALL SELECT ... */
} turns;

static void
turn(turns *t, const char *instant, const char *from)
{
	appendStringInfo(&t->sql, "%sSELECT %s AS t%s%s", t->sql.len ? " UNION ALL " : "", instant, from ? " FROM " : "", from ? from : "");
}

static char *
zone(turns *t)
{
	return quote_literal_cstr(t->a->scope.v->zone);
}

/* a column or expression as an instant */
static char *
instant_of(turns *t, const char *x, segment_class class)
{
	if (class == CLASS_TIMESTAMPTZ)
		return pstrdup(x);
	return psprintf("pg_catalog.timezone(%s, (%s)::pg_catalog.timestamp)", zone(t), x);
}

static char *
calendar_of(turns *t, const char *x, segment_unit unit, int by)
{
	return psprintf("crmseg.calendar_start(%s, '%s', %d, %s, %d)", x, segment_unit_text(unit), by, zone(t), t->a->scope.v->week_start);
}

/* where a value in a window comes into it and leaves it */
static void
window_turns(turns *t, const char *x, segment_window w, const char *from)
{
	turn(t, x, from);
	switch (w.kind)
	{
		case SEGMENT_ALWAYS:
			break;
		case SEGMENT_LAST:
		case SEGMENT_OLDER:
			turn(t, segment_shift(&t->a->scope, x, w, false), from);
			break;
		case SEGMENT_NEXT:
			turn(t, segment_shift(&t->a->scope, x, w, true), from);
			break;
		default:
			turn(t, calendar_of(t, x, w.unit, 0), from);
			turn(t, calendar_of(t, x, w.unit, 1), from);
			if (w.kind == SEGMENT_LAST_CALENDAR)
				turn(t, calendar_of(t, x, w.unit, w.amount + 1), from);
			if (w.kind == SEGMENT_NEXT_CALENDAR)
				turn(t, calendar_of(t, x, w.unit, -w.amount), from);
	}
}

/* every midnight of a year, for what is not followed more closely */
static void
daily_turns(turns *t)
{
	char	   *now = segment_now(&t->a->scope);

	turn(t, psprintf("pg_catalog.timezone(%s, (crmseg.local_date(%s, %s) OPERATOR(pg_catalog.+) k)::pg_catalog.timestamp)", zone(t), now, zone(t)), "pg_catalog.generate_series(1, 366) k");
}

static bool
is_timed(const segment_node *n, const segment_node *parent, void *context)
{
	return n->kind == SEGMENT_WITHIN || n->kind == SEGMENT_ANNIVERSARY;
}

static void
list_turns(turns *t, const segment_node *n, const segment_node *parent)
{
	segment_scope *s = &t->a->scope;

	switch (n->kind)
	{
		case SEGMENT_ATTRIBUTE:
			{
				const vocabulary_attribute *a = vocabulary_find_attribute(s->v, segment_path_of(n));

				if (!a || !strstr(a->expression, "{now}"))
					return;
				if (strcmp(a->name, "age") == 0 && vocabulary_find_attribute(s->v, "birth_date"))
				{
					segment_reference born = segment_resolve(s, segment_parse("birth_date", strlen("birth_date"), segment_memory(CurrentMemoryContext), &(segment_error) {0})->child[0]);

					turn(t, instant_of(t, psprintf("crmseg.next_anniversary(%s, crmseg.local_date(%s, %s) OPERATOR(pg_catalog.+) (365 OPERATOR(pg_catalog.*) k))", born.sql, segment_now(s), zone(t)), CLASS_DATE),
						 "pg_catalog.generate_series(0, 120) k");
				}
				else
					/* made of now, in a way that is not known here: any day may bring another value */
					daily_turns(t);
				return;
			}
		case SEGMENT_WITHIN:
			{
				segment_reference r = n->child[0]->kind == SEGMENT_ATTRIBUTE ? segment_resolve(s, n->child[0]) : segment_measure_sql(s, n->child[0]);

				if (r.class == CLASS_JSON)
					r.sql = psprintf("crmseg.trait_date(%s)", r.sql), r.class = CLASS_DATE;
				window_turns(t, instant_of(t, r.sql, r.class), n->window, NULL);
				return;
			}
		case SEGMENT_ANNIVERSARY:
			{
				segment_reference r = n->child[0]->kind == SEGMENT_ATTRIBUTE ? segment_resolve(s, n->child[0]) : segment_measure_sql(s, n->child[0]);
				char	   *day = r.class == CLASS_JSON ? psprintf("crmseg.trait_date(%s)", r.sql) : r.class == CLASS_DATE ? r.sql :
					r.class == CLASS_TIMESTAMPTZ ? psprintf("crmseg.local_date(%s, %s)", r.sql, zone(t)) : psprintf("(%s)::pg_catalog.date", r.sql);

				window_turns(t, instant_of(t, psprintf("crmseg.next_anniversary(%s, crmseg.local_date(%s, %s) OPERATOR(pg_catalog.+) (365 OPERATOR(pg_catalog.*) k))", day, segment_now(s), zone(t)), CLASS_DATE),
							 n->window, "pg_catalog.generate_series(-2, 3) k");
				return;
			}
		case SEGMENT_DID:
		case SEGMENT_STOPPED:
		case SEGMENT_MEASURE:
		case SEGMENT_EDGE:
		case SEGMENT_STEP:
			{
				const vocabulary_event *e = segment_resolve_event(s, n);
				char	   *from = psprintf("%s e WHERE e.%s OPERATOR(pg_catalog.=) %s", segment_relation_sql(e->relation), quote_identifier(e->party_column), segment_key(s, n)),
						   *time = instant_of(t, psprintf("e.%s", quote_identifier(e->time_column)), segment_class_of(vocabulary_column_type(e->relation, e->time_column)));

				window_turns(t, time, n->kind == SEGMENT_STEP ? parent->window : n->window, from);
				if (n->kind == SEGMENT_STOPPED)
					window_turns(t, time, n->span, from);
				if (n->kind == SEGMENT_STEP && parent->span.kind != SEGMENT_ALWAYS)
					window_turns(t, time, parent->span, from);
				if (n->children > 0 && segment_walk(n->child[0], is_timed, NULL))
					daily_turns(t);
				return;
			}
		case SEGMENT_REACHABLE:
			{
				const char *schema = quote_identifier(s->v->name);
				char	   *key = segment_key(s, n);

				for (int side = 0; side < 2; side++)
				{
					const char *end = side ? "upper" : "lower";

					turn(t, psprintf("pg_catalog.%s(c.valid)", end), psprintf("%s.consent c WHERE c.party_id OPERATOR(pg_catalog.=) %s", schema, key));
					turn(t, psprintf("pg_catalog.%s(c.paused)", end), psprintf("%s.contact_preference c WHERE c.party_id OPERATOR(pg_catalog.=) %s", schema, key));
					turn(t, psprintf("pg_catalog.timezone(%s, pg_catalog.%s(c.valid)::pg_catalog.timestamp)", zone(t), end), psprintf("%s.contact_point c WHERE c.party_id OPERATOR(pg_catalog.=) %s", schema, key));
				}
				return;
			}
		case SEGMENT_MEMBER:
			{
				ListCell   *l;

				foreach(l, s->expanding)
					if (strcmp(lfirst(l), n->object.data) == 0)
						return;
				s->expanding = lappend(s->expanding, pstrdup(n->object.data));
				list_turns(t, segment_definition_of(s->v, n->object.data), NULL);
				return;
			}
		default:
			for (uint32_t i = 0; i < n->children; i++)
				list_turns(t, n->child[i], n);
	}
}

static int
truth_at(asked *a, SPIPlanPtr plan, TimestampTz at)
{
	bool		isnull;
	Datum		d;

	ask_at(a, at);
	d = ask_one(a, plan, &isnull);
	return !isnull && DatumGetBool(d);
}

/* next_change(mart name, row record, segment, after timestamptz) -> timestamptz */
Datum
crmseg_next_change(PG_FUNCTION_ARGS)
{
	TimestampTz after = PG_GETARG_TIMESTAMPTZ(3),
				before,
				found = 0;
	segment_node *root = segment_tree(PG_GETARG_VARLENA_PP(2));
	asked	   *a = ask_about(fcinfo, 0, 1);
	turns		t = {a};
	SPIPlanPtr	condition,
				candidates;
	bool		any = false;
	uint64		n;
	TimestampTz *at;
	int			now;

	if (TIMESTAMP_NOT_FINITE(after))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("after must be an instant")));
	a->scope.moving = true;
	a->scope.root = root;
	ask_at(a, after);
	initStringInfo(&t.sql);
	list_turns(&t, root, NULL);
	if (t.sql.len == 0)
		PG_RETURN_NULL();
	a->scope.expanding = NIL;
	SPI_connect();
	condition = ask_prepare(a, psprintf("SELECT (%s)", segment_condition_sql(&a->scope, root, false)));
	candidates = ask_prepare(a, psprintf("SELECT DISTINCT x.t OPERATOR(pg_catalog.+) o.by FROM (%s) x, " AROUND
										 " WHERE x.t > '-infinity' AND x.t < 'infinity' AND x.t OPERATOR(pg_catalog.+) o.by OPERATOR(pg_catalog.>) %s ORDER BY 1", t.sql.data, segment_now(&a->scope)));
	ask_at(a, after);
	if (SPI_execute_plan_with_paramlist(candidates, a->params, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not list the instants of a segment");
	n = SPI_processed;
	at = palloc(sizeof(TimestampTz) * (n + 1));
	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;

		at[i] = DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
	}
	now = truth_at(a, condition, after);
	before = after;
	for (uint64 i = 0; i < n && !any; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (truth_at(a, condition, at[i]) != now)
		{
			/* it turned between the last instant and this one */
			TimestampTz low = before,
						high = at[i];

			while (high - low > 1)
			{
				TimestampTz mid = low + (high - low) / 2;

				if (truth_at(a, condition, mid) == now)
					low = mid;
				else
					high = mid;
			}
			found = high;
			any = true;
		}
		before = at[i];
	}
	SPI_freeplan(condition);
	SPI_freeplan(candidates);
	SPI_finish();
	if (!any)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(found);
}
