/*
 * sql_fn.c: a predicate as SQL: the conditions joined, denials pushed down to them (De Morgan holds in three values), segments replaced by
 * their definitions, ranks, samples, places, permissions.
 */
#include "sql_fn.h"

#include "activity/activity_fn.h"

#include <ctype.h>
#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#define CONDITIONS_MAX 20000	/* of a predicate with all the segments that it names */

bool
segment_names_event(const segment_node *n, const segment_node *parent, void *name)
{
	return (n->kind == SEGMENT_DID || n->kind == SEGMENT_STEP || n->kind == SEGMENT_STOPPED || n->kind == SEGMENT_MEASURE || n->kind == SEGMENT_EDGE) &&
		strcmp(n->object.data, name) == 0;
}

/* never unknown */
static bool
is_known(const segment_node *n)
{
	switch (n->kind)
	{
		case SEGMENT_AND:
		case SEGMENT_OR:
		case SEGMENT_NOT:
			for (uint32_t i = 0; i < n->children; i++)
				if (!is_known(n->child[i]))
					return false;
			return true;
		case SEGMENT_IS:
		case SEGMENT_DID:
		case SEGMENT_SEQUENCE:
		case SEGMENT_STOPPED:
		case SEGMENT_MEMBER:
		case SEGMENT_REACHABLE:
		case SEGMENT_TOP:
			return true;
		case SEGMENT_CONSTANT:
			return n->op != SEGMENT_UNKNOWN;
		default:
			return false;
	}
}

static bool
is_rank(const segment_node *n, const segment_node *parent, void *context)
{
	return n->kind == SEGMENT_TOP;
}

static char *ranked(segment_scope *s, const segment_node *n, const segment_node *root);

/* another segment: a member or not, never unknown */
static char *
member(segment_scope *s, const segment_node *n, bool negated, bool filter)
{
	segment_node *definition;
	const segment_node *root = s->root;
	const char *inside = s->inside;
	List	   *expanding = s->expanding;
	ListCell   *l;
	char	   *sql;

	if (!s->v)
		segment_refuse(s, n, CRMSEG_BAD_MART, "no mart is known in which to look for a segment", "The row's relation lies in no datamart: SET crmseg.mart to the one to use.");
	foreach(l, expanding)
		if (strcmp(lfirst(l), n->object.data) == 0)
			segment_refuse(s, n, ERRCODE_INVALID_RECURSION, psprintf("segment '%s' is defined by itself", n->object.data), NULL);
	definition = vocabulary_find_segment(s->v, n->object.data);
	if (!definition)
		segment_refuse(s, n, ERRCODE_UNDEFINED_OBJECT, psprintf("there is no segment '%s'", n->object.data), "See the table segment_definition of the mart, or define it by crmseg.define_segment().");
	s->expanding = lappend(list_copy(expanding), pstrdup(n->object.data));
	s->root = definition;
	s->inside = pstrdup(n->object.data);
	if (segment_walk(definition, is_rank, NULL))
		sql = psprintf("%s%s", negated ? "NOT " : "", ranked(s, n, definition));
	else if (is_known(definition))
		sql = segment_make_sql(s, definition, negated, filter);
	else if (filter && !negated)
		sql = segment_make_sql(s, definition, false, true);
	else
		sql = psprintf("(%s) IS %sTRUE", segment_make_sql(s, definition, false, false), negated ? "NOT " : "");
	s->root = root;
	s->inside = inside;
	s->expanding = expanding;
	return psprintf("(%s)", sql);
}

static int
share_of_buckets(const segment_value *v)
{
	return (int) (strtod(v->text.data, NULL) * (SEGMENT_BUCKETS / 100) + 0.5);
}

static char *
sample(segment_scope *s, const segment_node *n, bool negated)
{
	int			from = share_of_buckets(&n->value[0]),
				to = share_of_buckets(&n->value[1]);
	char	   *bucket = psprintf("crmseg.sample_bucket((%s)::%stext, %s)", segment_key(s, n), s->plain ? "" : "pg_catalog.", quote_literal_cstr(n->object.data));

	if (from == 0)
		return psprintf("(%s %s %d)", bucket, segment_operator(s, negated ? ">=" : "<"), to);
	return psprintf("%s(%s %s %d AND %s %s %d)", negated ? "NOT " : "", bucket, segment_operator(s, ">="), from, bucket, segment_operator(s, "<"), to);
}

static segment_node *
attribute_named(const char *name, const segment_node *at)
{
	segment_node *a = segment_parse(name, strlen(name), segment_memory(CurrentMemoryContext), &(segment_error) {0})->child[0];

	a->position = at->position;
	return a;
}

/* near a place: by latitude first, which an index may have, then by the distance */
static char *
place(segment_scope *s, const segment_node *n, bool negated)
{
	segment_reference lat = segment_resolve(s, attribute_named("lat", n)),
				lon = segment_resolve(s, attribute_named("lon", n));
	double		km = strtod(n->value[0].text.data, NULL),
				at = strtod(n->value[1].text.data, NULL),
				degrees = km / 111.19 + 0.001;

	if (lat.class != CLASS_NUMBER || lon.class != CLASS_NUMBER)
		segment_clash(s, n, lat.class != CLASS_NUMBER ? &lat : &lon, "a place in degrees");
	return psprintf("%s(%s %s (%.6f) AND %s %s (%.6f) AND crmseg.distance_km(%s, %s, (%s), (%s)) %s %s)", negated ? "NOT " : "",
					lat.sql, segment_operator(s, ">="), at - degrees, lat.sql, segment_operator(s, "<="), at + degrees,
					lat.sql, lon.sql, n->value[1].text.data, n->value[2].text.data, segment_operator(s, "<="), n->value[0].text.data);
}

/* the view of permissions as of the instant: consents, pauses and contact points have periods; the rest of it is as it is now */
static char *
reachable_then(segment_scope *s, Oid view)
{
	char	   *definition = TextDatumGetCString(OidFunctionCall1(F_PG_GET_VIEWDEF_OID, ObjectIdGetDatum(view)));
	StringInfoData b;

	initStringInfo(&b);
	appendStringInfoChar(&b, '(');
	for (const char *p = definition; *p && *p != ';'; p++)
		if (strncmp(p, "now()", 5) == 0 && (p == definition || !(isalnum((unsigned char) p[-1]) || p[-1] == '_')))
			appendStringInfo(&b, "(%s)", s->now), p += 4;
		else
			appendStringInfoChar(&b, *p);
	appendStringInfoChar(&b, ')');
	return b.data;
}

static char *
reachable(segment_scope *s, const segment_node *n, bool negated)
{
	StringInfoData b;
	Oid			view = s->v ? get_relname_relid("reachable", s->v->schema) : InvalidOid;

	if (!OidIsValid(view))
		segment_refuse(s, n, CRMSEG_BAD_MART, "no mart is known in which to look for permissions", "The row's relation lies in no datamart: SET crmseg.mart to the one to use.");
	s->has_query = true;
	s->names++;
	initStringInfo(&b);
	appendStringInfo(&b, "%sEXISTS (SELECT FROM %s e%d WHERE e%d.party_id %s %s AND e%d.channel %s %s", negated ? "NOT " : "", s->now ? reachable_then(s, view) : segment_relation_sql(view), s->names, s->names,
					 segment_operator(s, "="), segment_key(s, n), s->names, segment_operator(s, "="), quote_literal_cstr(n->object.data));
	if (n->values > 0)
		appendStringInfo(&b, " AND e%d.purpose %s %s", s->names, segment_operator(s, "="), quote_literal_cstr(n->value[0].text.data));
	appendStringInfoChar(&b, ')');
	return b.data;
}

/* denied or not, for a WHERE or for its three values */
char *
segment_make_sql(segment_scope *s, const segment_node *n, bool negated, bool filter)
{
	StringInfoData b;

	check_stack_depth();
	if (++s->nodes > CONDITIONS_MAX)
		segment_refuse(s, n, CRMSEG_LIMIT, psprintf("more than %d conditions, with the segments that are named", CONDITIONS_MAX), NULL);
	if (s->activity)
	{
		const segment_node *rest;
		char	   *sql = activity_condition_sql(s, n, negated, &rest);

		if (sql)
			return rest ? psprintf("(%s %s %s)", sql, (n->kind == SEGMENT_AND) != negated ? "AND" : "OR", segment_make_sql(s, rest, negated, filter)) : sql;
	}
	switch (n->kind)
	{
		case SEGMENT_AND:
		case SEGMENT_OR:
			initStringInfo(&b);
			appendStringInfoChar(&b, '(');
			for (uint32_t i = 0; i < n->children; i++)
				appendStringInfo(&b, "%s%s", i == 0 ? "" : (n->kind == SEGMENT_AND) != negated ? " AND " : " OR ", segment_make_sql(s, n->child[i], negated, filter));
			appendStringInfoChar(&b, ')');
			return b.data;
		case SEGMENT_NOT:
			return segment_make_sql(s, n->child[0], !negated, filter);
		case SEGMENT_IS:
			if (segment_is_operand(n->child[0]))
				return segment_leaf_sql(s, n, negated);
			if (filter && !negated && n->op == SEGMENT_IS_TRUE)
				return segment_make_sql(s, n->child[0], false, true);
			if (filter && !negated && n->op == SEGMENT_IS_FALSE)
				return segment_make_sql(s, n->child[0], true, true);
			return psprintf("((%s) IS %s%s)", segment_make_sql(s, n->child[0], false, false), negated ? "NOT " : "",
							n->op == SEGMENT_IS_TRUE ? "TRUE" : n->op == SEGMENT_IS_FALSE ? "FALSE" : "UNKNOWN");
		case SEGMENT_CONSTANT:
			return pstrdup(n->op == SEGMENT_UNKNOWN ? s->plain ? "NULL::boolean" : "NULL::pg_catalog.bool" : (n->op == SEGMENT_TRUE) != negated ? "true" : "false");
		case SEGMENT_DID:
		case SEGMENT_SEQUENCE:
		case SEGMENT_STOPPED:
			return segment_event_sql(s, n, negated, filter);
		case SEGMENT_COMPARE:
			if (n->child[0]->kind != SEGMENT_ATTRIBUTE)
				return segment_event_sql(s, n, negated, filter);
			return segment_leaf_sql(s, n, negated);
		case SEGMENT_MEMBER:
			return member(s, n, negated, filter);
		case SEGMENT_SAMPLE:
			return sample(s, n, negated);
		case SEGMENT_PLACE:
			return place(s, n, negated);
		case SEGMENT_REACHABLE:
			return reachable(s, n, negated);
		case SEGMENT_TOP:
			return ranked(s, n, s->root);
		default:
			return segment_leaf_sql(s, n, negated);
	}
}

/* ---- all members of a mart ---- */

static const segment_node *
rank_of(const segment_node *root)
{
	if (root->kind == SEGMENT_TOP)
		return root;
	for (uint32_t i = 0; root->kind == SEGMENT_AND && i < root->children; i++)
		if (root->child[i]->kind == SEGMENT_TOP)
			return root->child[i];
	return NULL;
}

char *
segment_members_sql(segment_scope *s, const segment_node *n)
{
	const segment_node *rank = rank_of(n);
	StringInfoData b,
				where;
	char	   *from;

	initStringInfo(&b);
	initStringInfo(&where);
	s->row = NULL;
	if (!s->root)
		s->root = n;
	if (s->activity && !rank && (from = activity_members_sql(s, n)) != NULL)
		return from;
	appendStringInfo(&where, "p.kind %s 'unidentified'", segment_operator(s, "<>"));
	if (n->kind == SEGMENT_AND)
	{
		for (uint32_t i = 0; i < n->children; i++)
			if (n->child[i] != rank)
				appendStringInfo(&where, " AND %s", segment_make_sql(s, n->child[i], false, true));
	}
	else if (n != rank)
		appendStringInfo(&where, " AND %s", segment_make_sql(s, n, false, true));
	if (rank)
	{
		const segment_node *o = rank->child[0];
		segment_reference r = o->kind == SEGMENT_ATTRIBUTE ? segment_resolve(s, o) : segment_measure_sql(s, o);

		if (r.class == CLASS_JSON)
			r.sql = psprintf("crmseg.trait_number(%s)", r.sql);
		from = segment_joins_sql(s);
		/* of equals the one that came first */
		appendStringInfo(&b, "SELECT ranked.party_id FROM (SELECT p.party_id, %s AS value FROM %s WHERE %s) ranked WHERE ranked.value IS NOT NULL ORDER BY ranked.value DESC, ranked.party_id LIMIT ",
						 r.sql, from, where.data);
		if (rank->op)
			appendStringInfo(&b, "(SELECT %s(%s(*) %s %s / 100.0)::%s FROM %s WHERE %s)", s->plain ? "ceil" : "pg_catalog.ceil", s->plain ? "count" : "pg_catalog.count",
							 segment_operator(s, "*"), rank->value[0].text.data, s->plain ? "bigint" : "pg_catalog.int8", from, where.data);
		else
			appendStringInfoString(&b, rank->value[0].text.data);
		return b.data;
	}
	from = segment_joins_sql(s);
	appendStringInfo(&b, "SELECT p.party_id FROM %s WHERE %s", from, where.data);
	return b.data;
}

/* a rank is among all parties of the mart */
static char *
ranked(segment_scope *s, const segment_node *n, const segment_node *root)
{
	segment_scope all = {.v = s->v, .plain = s->plain, .now = s->now, .past = s->past, .clocked = s->clocked, .activity = s->activity, .root = root, .inside = s->inside, .expanding = s->expanding, .names = s->names, .nodes = s->nodes};
	char	   *key,
			   *sql;

	if (!s->v)
		segment_refuse(s, n, ERRCODE_FEATURE_NOT_SUPPORTED, "a rank needs all parties of a mart, and none is known here", "SET crmseg.mart, or ask crmseg.members().");
	s->has_query = true;
	key = segment_key(s, n);
	sql = segment_members_sql(&all, root);
	s->names = all.names + 1;
	s->nodes = all.nodes;
	return psprintf("EXISTS (SELECT FROM (%s) g%d WHERE g%d.party_id %s %s)", sql, s->names, s->names, segment_operator(s, "="), key);
}

char *
segment_condition_sql(segment_scope *s, const segment_node *n, bool filter)
{
	s->root = n;
	/* the rank looks at the other conditions too */
	if (rank_of(n))
		return ranked(s, rank_of(n), n);
	return segment_make_sql(s, n, false, filter);
}

segment_node *
segment_make_member(const char *name)
{
	char	   *text = psprintf("in segment %s", quote_literal_cstr(name));
	segment_error error;
	segment_node *n = strchr(name, '\\') ? NULL : segment_parse(text, strlen(text), segment_memory(CurrentMemoryContext), &error);

	if (!n)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("there is no segment of that name")));
	return n;
}

segment_node *
segment_definition_of(vocabulary *v, const char *name)
{
	segment_node *n = vocabulary_find_segment(v, name);

	if (!n)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("there is no segment \"%s\" in datamart \"%s\"", name, v->name),
						errhint("See the table segment_definition of the mart, or define it by crmseg.define_segment().")));
	return n;
}
