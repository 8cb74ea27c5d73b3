/*
 * reverse_watch_fn.c: which rows the segments of a mart rest on. While definitions are put into the index what its conditions cannot hold is noted
 * here: columns of the row, and other relations with the expressions that are read of them. For a table that changed this becomes the columns whose
 * change may matter, so that upkeep_fn.c passes over all other changes.
 */
#include "reverse_fn.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* ---- noted while a definition is put in ---- */

void
reverse_watch_column(reverse_index *r, int column)
{
	MemoryContext old = MemoryContextSwitchTo(r->context);

	r->watched_columns = bms_add_member(r->watched_columns, column);
	MemoryContextSwitchTo(old);
}

void
reverse_watch_all(reverse_index *r)
{
	r->watch_all = true;
	r->rests = PG_UINT64_MAX;
}

/* text: what is read of the relation's rows, NULL: all */
void
reverse_watch(reverse_index *r, Oid relation, const char *text)
{
	watched    *w;

	if (!OidIsValid(relation))
	{
		reverse_watch_all(r);
		return;
	}
	r->rests |= RESTS_ON(relation);
	for (int i = 0; i < r->watches; i++)
		if (r->watch[i].relation == relation && (!r->watch[i].text || (text && strcmp(r->watch[i].text, text) == 0)))
			return;
	if (r->watches == r->watch_room)
	{
		r->watch_room = r->watch_room ? r->watch_room * 2 : 16;
		r->watch = r->watch ? repalloc(r->watch, r->watch_room * sizeof(watched)) : MemoryContextAlloc(r->context, r->watch_room * sizeof(watched));
	}
	w = &r->watch[r->watches++];
	w->relation = relation;
	w->text = text ? MemoryContextStrdup(r->context, text) : NULL;
	r->watch_version++;
}

static int
column_of(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped && strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) == 0)
			return i;
	return -1;
}

/* an attribute of the vocabulary; false when there is none of that name */
static bool
watch_attribute(reverse_index *r, vocabulary *v, const char *name)
{
	const vocabulary_attribute *a = v ? vocabulary_find_attribute(v, name) : NULL;

	if (!a)
		return false;
	reverse_watch(r, a->relation, get_rel_relkind(a->relation) == RELKIND_VIEW ? NULL : psprintf("%s %s", a->expression, a->party_column));
	return true;
}

static void
watch_name(reverse_index *r, vocabulary *v, const segment_text *part, int parts)
{
	int			c = column_of(r->desc, part[0].data);
	StringInfoData name;

	if (c >= 0)
	{
		reverse_watch_column(r, c);
		return;
	}
	initStringInfo(&name);
	for (int i = 0; i < parts; i++)
		appendStringInfo(&name, "%s%s", i ? "." : "", part[i].data);
	if (watch_attribute(r, v, name.data) || watch_attribute(r, v, part[0].data))
		return;
	c = column_of(r->desc, "traits");
	if (c >= 0)
		reverse_watch_column(r, c);
	else if (!watch_attribute(r, v, "traits"))
		reverse_watch_all(r);
}

static void
watch_plain(reverse_index *r, vocabulary *v, const char *name)
{
	segment_text part = {name, strlen(name)};

	watch_name(r, v, &part, 1);
}

/* a column of an event: of its own row, or of the rows of another relation */
static void
watch_event_column(reverse_index *r, const vocabulary_event *e, const segment_text *part)
{
	const vocabulary_column *c = vocabulary_find_column(e, part->data);

	reverse_watch(r, e->relation, part->data);
	if (!c)
		return;
	if (!OidIsValid(c->relation))
	{
		reverse_watch(r, e->relation, c->expression);
		return;
	}
	reverse_watch(r, c->relation, get_rel_relkind(c->relation) == RELKIND_VIEW ? NULL : c->expression);
	for (int i = 0; i < c->nby; i++)
	{
		reverse_watch(r, e->relation, c->by[i]);
		reverse_watch(r, c->relation, c->by[i]);
	}
}

void
reverse_watch_leaf(reverse_index *r, vocabulary *v, const segment_node *n, const vocabulary_event *event)
{
	check_stack_depth();
	switch (n->kind)
	{
		case SEGMENT_DID:
		case SEGMENT_STEP:
		case SEGMENT_STOPPED:
		case SEGMENT_MEASURE:
		case SEGMENT_EDGE:
			event = NULL;
			for (int i = 0; v && i < v->events; i++)
			{
				segment_text name = {v->event[i].name, strlen(v->event[i].name)};

				if (strcmp(name.data, n->object.data) == 0 || (n->kind == SEGMENT_STOPPED && !event && segment_same_name(&name, &n->object)))
					event = &v->event[i];
			}
			if (!event)
			{
				reverse_watch_all(r);
				return;
			}
			reverse_watch(r, event->relation, psprintf("%s %s %s", event->party_column, event->time_column, event->condition ? event->condition : ""));
			if (n->parts > 0)
				watch_event_column(r, event, n->part);
			break;
		case SEGMENT_ATTRIBUTE:
			if (event)
				watch_event_column(r, event, n->part);
			else
				watch_name(r, v, n->part, n->parts);
			break;
		case SEGMENT_PLACE:
			watch_plain(r, v, "lat");
			watch_plain(r, v, "lon");
			break;
		case SEGMENT_REACHABLE:
			if (!v)
				break;
			reverse_watch(r, get_relname_relid("reachable", v->schema), NULL);
			reverse_watch(r, get_relname_relid("consent", v->schema), "valid");
			reverse_watch(r, get_relname_relid("contact_preference", v->schema), "paused");
			reverse_watch(r, get_relname_relid("contact_point", v->schema), "valid");
			break;
		case SEGMENT_SAMPLE:
		case SEGMENT_MEMBER:
			reverse_watch_all(r);
			break;
		default:
			break;
	}
	for (uint32 i = 0; i < n->children; i++)
		reverse_watch_leaf(r, v, n->child[i], event);
}

static bool
is_open(const segment_condition *c)
{
	if (c->form == SEGMENT_OPAQUE)
		return true;
	for (uint32 i = 0; c->form <= SEGMENT_ONE_OF && i < c->n; i++)
		if (is_open(c->child[i]))
			return true;
	return false;
}

/* of an OR with something opaque in it the index holds nothing: the columns of its other conditions are watched; with all, those of every condition */
void
reverse_watch_weak(reverse_index *r, const segment_condition *c, bool all)
{
	check_stack_depth();
	if (c->form > SEGMENT_ONE_OF)
	{
		if (all && c->form >= SEGMENT_RANGES)
			reverse_watch_column(r, r->part[c->attribute].column);
		return;
	}
	all = all || (c->form == SEGMENT_ONE_OF && is_open(c));
	for (uint32 i = 0; i < c->n; i++)
		reverse_watch_weak(r, c->child[i], all);
}

/* ---- a table ---- */

static uint64 relcache_changes = 1;

static void
relcache_changed(Datum arg, Oid relation)
{
	relcache_changes++;
}

typedef struct reading
{
	Oid			relation;
	relevance  *of;
	uint64		through;		/* the view from which the reading began */
	List	   *seen;
} reading;

/* which of the table's columns a view reads, through other views too */
static void
read_view(Oid view, reading *g)
{
	HeapTuple	rule;
	Oid			rule_oid;
	Relation	depend;
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	t;
	List	   *views = NIL;
	ListCell   *l;

	check_stack_depth();
	if (list_member_oid(g->seen, view))
		return;
	g->seen = lappend_oid(g->seen, view);
	rule = SearchSysCache2(RULERELNAME, ObjectIdGetDatum(view), CStringGetDatum("_RETURN"));
	if (!HeapTupleIsValid(rule))
		return;
	rule_oid = ((Form_pg_rewrite) GETSTRUCT(rule))->oid;
	ReleaseSysCache(rule);
	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyInit(&key[0], Anum_pg_depend_classid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(RewriteRelationId));
	ScanKeyInit(&key[1], Anum_pg_depend_objid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(rule_oid));
	scan = systable_beginscan(depend, DependDependerIndexId, true, NULL, 2, key);
	while (HeapTupleIsValid(t = systable_getnext(scan)))
	{
		Form_pg_depend d = (Form_pg_depend) GETSTRUCT(t);

		if (d->refclassid != RelationRelationId || d->refobjid == view)
			continue;
		if (d->refobjid == g->relation)
		{
			g->of->rows = true;
			g->of->reached |= g->through;
			if (d->refobjsubid > 0)
				g->of->touch = bms_add_member(g->of->touch, d->refobjsubid);
			else if (d->refobjsubid == 0)
				g->of->all = true;
		}
		else
			views = list_append_unique_oid(views, d->refobjid);
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	foreach(l, views)
		if (get_rel_relkind(lfirst_oid(l)) == RELKIND_VIEW)
			read_view(lfirst_oid(l), g);
}

typedef struct pulling
{
	int			varno;
	Bitmapset  *columns;
} pulling;

static bool
pull_columns(Node *node, pulling *p)
{
	if (node == NULL || IsA(node, Query))
		return false;			/* what a query inside reads of the row is given to it by none of ours */
	if (IsA(node, Var))
	{
		Var		   *v = (Var *) node;

		if (v->varno == p->varno && v->varlevelsup == 0)
			p->columns = bms_add_member(p->columns, Max(v->varattno, 0));
		return false;
	}
	return expression_tree_walker(node, pull_columns, p);
}

/* the columns of the row that are columns of the table as they are; those that are made of them, or decide whether there is a row, may matter */
static void
read_row(reverse_index *r, Oid view, reading *g)
{
	Relation	rel;
	Query	   *q;
	ListCell   *l;

	if (get_rel_relkind(view) != RELKIND_VIEW)
		return;
	rel = table_open(view, AccessShareLock);
	q = get_view_query(rel);
	for (int i = 1; i <= list_length(q->rtable); i++)
	{
		RangeTblEntry *e = rt_fetch(i, q->rtable);
		pulling		p = {.varno = i};

		if (e->rtekind != RTE_RELATION || e->relid != g->relation)
			continue;
		g->of->in_row = g->of->rows = true;
		pull_columns((Node *) q->jointree, &p);
		g->of->touch = bms_add_members(g->of->touch, p.columns);
		foreach(l, q->targetList)
		{
			TargetEntry *t = lfirst(l);
			int			column = t->resno - 1;

			if (t->resjunk || column < 0 || column >= r->desc->natts)
				continue;
			p.columns = NULL;
			if (IsA(t->expr, Var) && ((Var *) t->expr)->varno == i && ((Var *) t->expr)->varlevelsup == 0 && ((Var *) t->expr)->varattno > 0)
			{
				if (bms_is_member(column, r->watched_columns))
					g->of->touch = bms_add_member(g->of->touch, ((Var *) t->expr)->varattno);
				g->of->from[column] = ((Var *) t->expr)->varattno;
				continue;
			}
			pull_columns((Node *) t->expr, &p);
			for (int k = 0; k < r->parts; k++)
				if (r->part[k].column == column)
					g->of->touch = bms_add_members(g->of->touch, p.columns);
			if (bms_is_member(column, r->watched_columns))
				g->of->touch = bms_add_members(g->of->touch, p.columns);
		}
	}
	if (bms_is_member(0, g->of->touch))
		g->of->all = true;
	table_close(rel, AccessShareLock);
}

relevance *
reverse_relevance(reverse_index *r, Oid relation, TupleDesc desc)
{
	static bool registered = false;
	relevance  *of;
	reading		g = {.relation = relation};
	List	   *views = NIL;
	MemoryContext old;

	if (!registered)
	{
		CacheRegisterRelcacheCallback(relcache_changed, (Datum) 0);
		registered = true;
	}
	for (of = r->relevances; of; of = of->next)
		if (of->relation == relation)
			break;
	if (of && of->catalog == relcache_changes && of->version == r->watch_version && of->parts == r->parts && of->watch_all == r->watch_all && bms_equal(of->watched, r->watched_columns))
		return of;
	old = MemoryContextSwitchTo(r->context);
	if (!of)
	{
		of = palloc0(sizeof(relevance));
		of->relation = relation;
		of->from = palloc(sizeof(AttrNumber) * r->desc->natts);
		of->next = r->relevances;
		r->relevances = of;
	}
	bms_free(of->touch);
	bms_free(of->watched);
	of->catalog = 0;			/* until it is made */
	of->touch = NULL;
	of->watched = bms_copy(r->watched_columns);
	of->version = r->watch_version;
	of->parts = r->parts;
	of->watch_all = r->watch_all;
	of->in_row = false;
	of->rows = of->all = r->watch_all;
	of->reached = 0;
	memset(of->from, 0, sizeof(AttrNumber) * r->desc->natts);
	g.of = of;
	{
		uint64		changes = relcache_changes;

		read_row(r, get_typ_typrelid(r->type), &g);
		for (int i = 0; i < r->watches; i++)
		{
			const watched *w = &r->watch[i];

			if (w->relation != relation)
			{
				if (get_rel_relkind(w->relation) == RELKIND_VIEW && !list_member_oid(views, w->relation))
				{
					views = lappend_oid(views, w->relation);
					g.through = RESTS_ON(w->relation);
					g.seen = NIL;
					read_view(w->relation, &g);
				}
				continue;
			}
			of->rows = true;
			of->reached |= RESTS_ON(relation);
			of->all |= !w->text;
			/* a name that stands anywhere in an expression may be read by it */
			for (int k = 0; w->text && k < desc->natts; k++)
				if (!TupleDescAttr(desc, k)->attisdropped && strstr(w->text, NameStr(TupleDescAttr(desc, k)->attname)))
					of->touch = bms_add_member(of->touch, k + 1);
		}
		list_free(views);
		/* with a part of windows a change may bring its turn nearer */
		for (int k = 0; k < r->parts; k++)
			if (r->part[k].kind == PART_WINDOWS && of->from[r->part[k].column] > 0)
				of->touch = bms_add_member(of->touch, of->from[r->part[k].column]);
		of->catalog = changes;
	}
	MemoryContextSwitchTo(old);
	return of;
}
