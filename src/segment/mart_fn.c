/*
 * mart_fn.c: a predicate against a mart: its SQL, its conditions one by one, its segments renamed.
 */
#include "sql_fn.h"

#include "activity/activity_fn.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(crmseg_segment_sql);
PG_FUNCTION_INFO_V1(crmseg_segment_sql_of);
PG_FUNCTION_INFO_V1(crmseg_segment_sql_at);
PG_FUNCTION_INFO_V1(crmseg_segment_set_sql);
PG_FUNCTION_INFO_V1(crmseg_segment_count_sql);
PG_FUNCTION_INFO_V1(crmseg_segment_rename);
PG_FUNCTION_INFO_V1(crmseg_segment_conditions);

/* segment_sql(mart name, segment) -> text */
Datum
crmseg_segment_sql(PG_FUNCTION_ARGS)
{
	segment_scope s = {.v = vocabulary_of_mart(NameStr(*PG_GETARG_NAME(0))), .plain = true};

	PG_RETURN_TEXT_P(cstring_to_text(segment_members_sql(&s, segment_tree(PG_GETARG_VARLENA_PP(1)))));
}

/* an instant as SQL, the same under any TimeZone and DateStyle */
static char *
instant_sql(TimestampTz at)
{
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("as_of must be an instant")));
	return psprintf("'%s'::timestamptz", DatumGetCString(DirectFunctionCall1(timestamptz_out, TimestampTzGetDatum(at))));
}

/* segment_sql_at(mart name, segment, clock timestamptz) -> text: now is that instant; the rows are as they are */
Datum
crmseg_segment_sql_at(PG_FUNCTION_ARGS)
{
	segment_scope s = {.v = vocabulary_of_mart(NameStr(*PG_GETARG_NAME(0))), .plain = true, .clocked = true, .now = instant_sql(PG_GETARG_TIMESTAMPTZ(2))};

	PG_RETURN_TEXT_P(cstring_to_text(segment_members_sql(&s, segment_tree(PG_GETARG_VARLENA_PP(1)))));
}

/* segment_sql(mart name, segment, defining text, at timestamptz, sample float8) -> text */
Datum
crmseg_segment_sql_of(PG_FUNCTION_ARGS)
{
	segment_scope s = {.plain = true};

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	s.v = vocabulary_of_mart(NameStr(*PG_GETARG_NAME(0)));
	if (!PG_ARGISNULL(2))
		s.expanding = list_make1(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	if (!PG_ARGISNULL(3))
	{
		TimestampTz at = PG_GETARG_TIMESTAMPTZ(3);

		s.now = instant_sql(at);
		s.past = true;
	}
	if (!PG_ARGISNULL(4))
		s.sample = Min(Max(PG_GETARG_FLOAT8(4), 0), 100);
	PG_RETURN_TEXT_P(cstring_to_text(segment_members_sql(&s, segment_tree(PG_GETARG_VARLENA_PP(1)))));
}

/* segment_set_sql(mart name, segment, defining text) -> text: of activity bitmaps their set itself, of anything else the set of its members */
Datum
crmseg_segment_set_sql(PG_FUNCTION_ARGS)
{
	segment_node *n = segment_tree(PG_GETARG_VARLENA_PP(1));
	segment_scope s = {.v = vocabulary_of_mart(NameStr(*PG_GETARG_NAME(0))), .expanding = list_make1(text_to_cstring(PG_GETARG_TEXT_PP(2))), .activity = activity_is_used()};
	char	   *set = s.activity ? activity_set_sql(&s, n) : NULL;

	s.root = n;
	PG_RETURN_TEXT_P(cstring_to_text(set ? set : psprintf("SELECT crmseg.party_set_agg(m.party_id) AS parties FROM (%s) m", segment_members_sql(&s, n))));
}

/* segment_count_sql(mart name, segment, in_any_case bool) -> text: how many members, from the activity bitmaps; else from the rows, or NULL */
Datum
crmseg_segment_count_sql(PG_FUNCTION_ARGS)
{
	segment_node *n = segment_tree(PG_GETARG_VARLENA_PP(1));
	segment_scope s = {.v = vocabulary_of_mart(NameStr(*PG_GETARG_NAME(0))), .activity = activity_is_used()};
	char	   *count = s.activity ? activity_count_sql(&s, n) : NULL;

	if (!count && !PG_GETARG_BOOL(2))
		PG_RETURN_NULL();
	s.root = n;
	PG_RETURN_TEXT_P(cstring_to_text(count ? count : psprintf("SELECT pg_catalog.count(*) FROM (%s) m", segment_members_sql(&s, n))));
}

static void
rename_in(segment_node *n, const char *old, const segment_text *new)
{
	if (n->kind == SEGMENT_MEMBER && strcmp(n->object.data, old) == 0)
		n->object = *new;
	for (uint32_t i = 0; i < n->children; i++)
		rename_in(n->child[i], old, new);
}

/* segment_rename(segment, old text, new text) -> segment */
Datum
crmseg_segment_rename(PG_FUNCTION_ARGS)
{
	segment_node *n = segment_tree(PG_GETARG_VARLENA_PP(0));
	char	   *new = text_to_cstring(PG_GETARG_TEXT_PP(2));
	segment_text t = {new, (uint32_t) strlen(new)};

	if (t.len == 0 || t.len > SEGMENT_LITERAL_MAX)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("the name of a segment is empty or too long")));
	rename_in(n, text_to_cstring(PG_GETARG_TEXT_PP(1)), &t);
	PG_RETURN_POINTER(segment_datum(n));
}

/* segment_conditions(segment) -> segment[]: what AND joins; a rank is the last */
Datum
crmseg_segment_conditions(PG_FUNCTION_ARGS)
{
	segment_node *n = segment_tree(PG_GETARG_VARLENA_PP(0));
	uint32_t	count = n->kind == SEGMENT_AND ? n->children : 1;
	Datum	   *d = palloc(sizeof(Datum) * count);
	int			k = 0;

	for (int rank = 0; rank < 2; rank++)
		for (uint32_t i = 0; i < count; i++)
		{
			segment_node *c = n->kind == SEGMENT_AND ? n->child[i] : n;

			if ((c->kind == SEGMENT_TOP) == rank)
				d[k++] = PointerGetDatum(segment_datum(c));
		}
	PG_RETURN_ARRAYTYPE_P(construct_array(d, (int) count, get_fn_expr_argtype(fcinfo->flinfo, 0), -1, false, TYPALIGN_INT));
}
