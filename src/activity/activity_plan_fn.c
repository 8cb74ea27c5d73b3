/*
 * activity_plan_fn.c: where the SQL of a predicate may read activity bitmaps instead of joining the events. That is so for did EVENT and did
 * not EVENT, with or without a window, joined by and, or, not; where the event's activity is kept and trusted, and the reader may read all of
 * the events. What stands in the plan is crmseg.activity_set(), which looks once more when it runs and reads the events where it must:
 * so a plan may outlive what it was decided upon.
 */
#include "activity_fn.h"
#include "activity_private.h"

#include <math.h>

#include "access/table.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"

#define SMALL_SHARE 0.02		/* of the parties: below, a join begins with the set */
#define FEW_PARTIES 1000

static bool use_activity = true;

bool
activity_is_used(void)
{
	return use_activity;
}

void
activity_init(void)
{
	DefineCustomBoolVariable("crmseg.use_activity", "Whether conditions on events may be answered from activity bitmaps.", NULL, &use_activity, true,
							 PGC_USERSET, 0, NULL, NULL, NULL);
}

static bool
may_read(Oid relation)
{
	return OidIsValid(relation) && pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) == ACLCHECK_OK && check_enable_rls(relation, InvalidOid, true) != RLS_ENABLED;
}

/* the triggers of this mart that follow a table, all of them always on */
static bool
is_followed(vocabulary *v, Oid relation)
{
	Relation	rel = try_table_open(relation, AccessShareLock);
	int			n = 0;

	if (!rel)
		return false;
	for (int i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
	{
		const Trigger *t = &rel->trigdesc->triggers[i];

		if (strncmp(t->tgname, "aa_activity_", 12) == 0 && t->tgenabled == 'A' && get_func_namespace(t->tgfoid) == v->schema)
			n++;
	}
	table_close(rel, AccessShareLock);
	return n == 4;
}

bool
activity_is_trusted(vocabulary *v, Oid relation, const vocabulary_activity *a)
{
	List	   *now;
	int			i = 0;
	ListCell   *l;

	if (!a || a->relations == 0 || !may_read(relation))
		return false;
	for (int k = 0; k < 3; k++)
		if (!may_read(get_relname_relid(((const char *const[]) {"activity", "activity_delta", "activity_kept"})[k], v->schema)))
			return false;
	now = find_all_inheritors(relation, NoLock, NULL);
	list_sort(now, list_oid_cmp);
	if (list_length(now) != a->relations)
		return false;
	foreach(l, now)
	{
		if (lfirst_oid(l) != a->relation[i++] || !is_followed(v, lfirst_oid(l)))
			return false;
	}
	return true;
}

bool
activity_is_leaf(const segment_node *n)
{
	return n->kind == SEGMENT_DID && n->children == 0 && ((n->count.min == 1 && n->count.max < 0) || (n->count.min == 0 && n->count.max == 0));
}

bool
activity_is_made_of(const segment_node *n, bool (*leaf) (void *context, const segment_node *n), void *context)
{
	check_stack_depth();
	switch (n->kind)
	{
		case SEGMENT_AND:
		case SEGMENT_OR:
		case SEGMENT_NOT:
			for (uint32_t i = 0; i < n->children; i++)
				if (!activity_is_made_of(n->child[i], leaf, context))
					return false;
			return true;
		default:
			return activity_is_leaf(n) && leaf(context, n);
	}
}

/* whether it holds for who did nothing: then the set is the contrary's */
bool
activity_holds_for_none(const segment_node *n)
{
	switch (n->kind)
	{
		case SEGMENT_NOT:
			return !activity_holds_for_none(n->child[0]);
		case SEGMENT_AND:
		case SEGMENT_OR:
			for (uint32_t i = 0; i < n->children; i++)
				if (activity_holds_for_none(n->child[i]) != (n->kind == SEGMENT_AND))
					return n->kind == SEGMENT_OR;
			return n->kind == SEGMENT_AND;
		default:
			return n->count.max == 0;
	}
}

static bool
leaf_is_kept(void *context, const segment_node *n)
{
	segment_scope *s = context;
	const vocabulary_event *e = segment_resolve_event(s, n);

	return activity_is_trusted(s->v, e->relation, e->activity);
}

/* ---- how many: independent days, independent conditions ---- */

static double
parties_of(vocabulary *v)
{
	Oid			party = get_relname_relid("party", v->schema);
	double		n = 0;
	Relation	rel = OidIsValid(party) ? try_table_open(party, AccessShareLock) : NULL;

	if (rel)
	{
		n = rel->rd_rel->reltuples;
		table_close(rel, AccessShareLock);
	}
	return Max(n, 1);
}

static double
share_of(segment_scope *s, const segment_node *n, double parties)
{
	static const double days[] = {1.0 / 1440, 1.0 / 24, 1, 7, 30.4, 91.3, 365.2};
	double		share;

	switch (n->kind)
	{
		case SEGMENT_NOT:
			return 1 - share_of(s, n->child[0], parties);
		case SEGMENT_AND:
		case SEGMENT_OR:
			share = 1;
			for (uint32_t i = 0; i < n->children; i++)
				share *= n->kind == SEGMENT_AND ? share_of(s, n->child[i], parties) : 1 - share_of(s, n->child[i], parties);
			return n->kind == SEGMENT_AND ? share : 1 - share;
		default:
			{
				const vocabulary_event *e = segment_resolve_event(s, n);
				double		length = n->window.kind == SEGMENT_ALWAYS || n->window.kind == SEGMENT_OLDER ? 730 : Max(n->window.amount, 1) * days[n->window.unit],
							a_day = e->activity ? Min(e->activity->parties_a_day / parties, 1) : 0.001;

				share = 1 - pow(1 - a_day, length);
				return n->count.max == 0 ? 1 - share : share;
			}
	}
}

/* ---- SQL ---- */

/* as EXPLAIN shows it */
static const char *
title(const char *text)
{
	return quote_identifier(pnstrdup(text, pg_mbcliplen(text, strlen(text), NAMEDATALEN - 1)));
}

static char *
call(segment_scope *s, const char *text, bool among)
{
	return psprintf("crmseg.activity_set(%s::pg_catalog.name, %s::crmseg.segment, %s)", quote_literal_cstr(s->v->name), quote_literal_cstr(text), among ? "true" : "false");
}

/* the party of the row, when it is a whole number */
static char *
key_of(segment_scope *s, const segment_node *n)
{
	char	   *key = segment_key(s, n);

	if (s->row)
	{
		Oid			type = InvalidOid;

		for (int i = 0; i < s->row->natts; i++)
			if (!TupleDescAttr(s->row, i)->attisdropped && strcmp(key, psprintf(SEGMENT_ROW ".%s", quote_identifier(NameStr(TupleDescAttr(s->row, i)->attname)))) == 0)
				type = getBaseType(TupleDescAttr(s->row, i)->atttypid);
		if (type != INT8OID && type != INT4OID && type != INT2OID)
			return NULL;
	}
	return key;
}

static segment_node *
joined(segment_kind kind, segment_node **child, uint32_t n)
{
	segment_node *j;

	if (n == 1 && kind != SEGMENT_NOT)
		return child[0];
	j = palloc0(sizeof(segment_node));
	j->kind = kind;
	j->children = n;
	j->child = child;
	return j;
}

static bool
is_possible(segment_scope *s)
{
	return s->v && !s->event && !s->plain && !s->past && !s->now && !s->clocked && s->sample == 0;
}

char *
activity_condition_sql(segment_scope *s, const segment_node *n, bool negated, const segment_node **rest)
{
	segment_node *mine = (segment_node *) n;
	const char *text;
	char	   *key;
	double		parties,
				share;
	bool		contrary;

	*rest = NULL;
	if (!is_possible(s) || (n->kind != SEGMENT_DID && n->kind != SEGMENT_AND && n->kind != SEGMENT_OR && n->kind != SEGMENT_NOT))
		return NULL;
	if (!activity_is_made_of(n, leaf_is_kept, s))
	{
		segment_node **yes,
				  **no;
		uint32_t	ny = 0,
					nn = 0;

		if (n->kind != SEGMENT_AND && n->kind != SEGMENT_OR)
			return NULL;
		yes = palloc(sizeof(segment_node *) * n->children);
		no = palloc(sizeof(segment_node *) * n->children);
		for (uint32_t i = 0; i < n->children; i++)
			if (activity_is_made_of(n->child[i], leaf_is_kept, s))
				yes[ny++] = n->child[i];
			else
				no[nn++] = n->child[i];
		/* one by itself is met again where it stands */
		if (ny < 2 || nn == 0)
			return NULL;
		mine = joined(n->kind, yes, ny);
		*rest = joined(n->kind, no, nn);
	}
	key = key_of(s, mine);
	if (!key)
		return NULL;
	s->has_query = true;
	text = segment_text_of(mine);
	contrary = activity_holds_for_none(mine);
	parties = parties_of(s->v);
	share = share_of(s, mine, parties);
	if (contrary)
		share = 1 - share;
	if (share * parties < FEW_PARTIES || share < SMALL_SHARE)
		return psprintf("%sEXISTS (SELECT FROM crmseg.party_ids(%s, %.0f) %s (id) WHERE %s.id %s %s)", contrary != negated ? "NOT " : "", call(s, text, false), share * parties,
						title(text), title(text), segment_operator(s, "="), key);
	return psprintf("%scrmseg.has_party((SELECT %s.parties FROM %s %s (parties)), (%s)::pg_catalog.int8, %.6f)", contrary != negated ? "NOT " : "",
					title(text), call(s, text, false), title(text), key, share);
}

static bool
is_of_bitmaps(segment_scope *s, const segment_node *n)
{
	return is_possible(s) && activity_is_trusted(s->v, get_relname_relid("party", s->v->schema), s->v->parties) && activity_is_made_of(n, leaf_is_kept, s);
}

char *
activity_members_sql(segment_scope *s, const segment_node *n)
{
	const char *text;
	double		parties;

	if (!is_of_bitmaps(s, n))
		return NULL;
	text = segment_text_of(n);
	parties = parties_of(s->v);
	s->has_query = true;
	return psprintf("SELECT crmseg.party_ids(%s.parties, %.0f) AS party_id FROM %s %s (parties)", title(text), share_of(s, n, parties) * parties, call(s, text, true), title(text));
}

char *
activity_set_sql(segment_scope *s, const segment_node *n)
{
	return is_of_bitmaps(s, n) ? psprintf("SELECT parties FROM %s x (parties)", call(s, segment_text_of(n), true)) : NULL;
}

char *
activity_count_sql(segment_scope *s, const segment_node *n)
{
	const char *text;

	if (!is_of_bitmaps(s, n))
		return NULL;
	text = segment_text_of(n);
	return psprintf("SELECT crmseg.cardinality(%s.parties) AS members FROM %s %s (parties)", title(text), call(s, text, true), title(text));
}
