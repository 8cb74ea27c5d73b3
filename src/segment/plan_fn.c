/*
 * plan_fn.c: row @@ segment, in_segment() and members() in a plan. A planner hook puts the conditions that a predicate stands for into the
 * query, before it is planned: so they become index scans, semi-, anti- and hash joins as if they had been written. Where the hook does not
 * come (constraints, partial indexes, WHEN of a trigger) a support function does the same for predicates that read no other table.
 * Plans are told which tables they rest on, so that another definition makes another plan.
 */
#include "plan_fn.h"

#include "activity/activity_fn.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/planner.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "rewrite/rewriteHandler.h"
#include "rewrite/rewriteManip.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(crmseg_matches_support);

static planner_hook_type next_planner = NULL;

/* the functions that the hook knows, found by name when first needed */
static struct
{
	bool		known;
	Oid			matches,
				matches_columns,
				in_segment,
				members,
				members_as_of;
}			ours;

static void
forget_ours(Datum argument, int cache, uint32 hash)
{
	ours.known = false;
}

static void
find_ours(void)
{
	Oid			schema = get_namespace_oid("crmseg", true);
	Oid			segment;

	memset(&ours, 0, sizeof(ours));
	ours.known = true;
	if (!OidIsValid(schema))
		return;
	segment = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("segment"), ObjectIdGetDatum(schema));
	if (!OidIsValid(segment))
		return;
	ours.matches = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("segment_matches"),
								   PointerGetDatum(buildoidvector((Oid[]) {RECORDOID, segment}, 2)), ObjectIdGetDatum(schema));
	ours.matches_columns = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("segment_matches_columns"),
										   PointerGetDatum(buildoidvector((Oid[]) {segment, ANYOID, ANYOID}, 3)), ObjectIdGetDatum(schema));
	ours.in_segment = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("in_segment"),
									  PointerGetDatum(buildoidvector((Oid[]) {NAMEOID, RECORDOID, TEXTOID}, 3)), ObjectIdGetDatum(schema));
	ours.members = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("members"),
								   PointerGetDatum(buildoidvector((Oid[]) {NAMEOID, TEXTOID}, 2)), ObjectIdGetDatum(schema));
	ours.members_as_of = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("members"),
										 PointerGetDatum(buildoidvector((Oid[]) {NAMEOID, TEXTOID, TIMESTAMPTZOID}, 3)), ObjectIdGetDatum(schema));
}

/* ---- the hook ---- */

typedef struct expansion
{
	query_level *at;
	ParamListInfo bound;		/* values that parameters have for this plan, NULL: for any */
	List	   *tables;			/* whose change makes another plan */
	bool		row_security;
	bool		made_query;		/* the query in hand got a subquery */
	bool		joining;		/* its FROM and WHERE are in hand */
} expansion;

static void
depend(expansion *x, const vocabulary *v)
{
	if (v)
		for (int i = 0; i < VOCABULARY_TABLES; i++)
			if (OidIsValid(v->tables[i]))
				x->tables = list_append_unique_oid(x->tables, v->tables[i]);
}

static bool
is_const(Node *n)
{
	return n && IsA(n, Const) && !((Const *) n)->constisnull;
}

/* the constant that a literal, with its cast, is or will be */
static Node *
as_const(Node *n)
{
	if (n && !IsA(n, Const) && !contain_volatile_functions(n) && !contain_var_clause(n) && !checkExprHasSubLink(n))
		n = eval_const_expressions(NULL, n);
	return n;
}

/* the query asks for one party by its key: its events are looked up, not everybody's bitmaps made */
static bool
is_pinned(Node *qual, Index varno, AttrNumber attno)
{
	ListCell   *l;

	if (!qual)
		return false;
	if (IsA(qual, List) || is_andclause(qual))
	{
		foreach(l, IsA(qual, List) ? (List *) qual : ((BoolExpr *) qual)->args)
			if (is_pinned(lfirst(l), varno, attno))
				return true;
		return false;
	}
	if (IsA(qual, FromExpr))
	{
		foreach(l, ((FromExpr *) qual)->fromlist)
			if (is_pinned(lfirst(l), varno, attno))
				return true;
		return is_pinned(((FromExpr *) qual)->quals, varno, attno);
	}
	if (IsA(qual, OpExpr) && list_length(((OpExpr *) qual)->args) == 2)
		for (int i = 0; i < 2; i++)
		{
			Node	   *v = list_nth(((OpExpr *) qual)->args, i),
					   *other = list_nth(((OpExpr *) qual)->args, 1 - i);

			if (IsA(v, Var) && ((Var *) v)->varno == varno && ((Var *) v)->varattno == attno && ((Var *) v)->varlevelsup == 0 && !contain_vars_of_level(other, 0) &&
				op_mergejoinable(((OpExpr *) qual)->opno, exprType(v)))
				return true;
		}
	return false;
}

static bool
asks_for_one(expansion *x, segment_row *row, vocabulary *v)
{
	Var		   *whole = (Var *) row->base;

	if (!x->at || !IsA(whole, Var) || whole->varlevelsup > 0)
		return false;
	for (int i = 0; i < row->desc->natts; i++)
	{
		const char *name = NameStr(TupleDescAttr(row->desc, i)->attname);
		bool		key = strcmp(name, "party_id") == 0;

		for (int a = 0; v && a < v->attributes && !key; a++)
			key = v->attribute[a].relation == row->relation && strcmp(v->attribute[a].party_column, name) == 0;
		if (key && is_pinned((Node *) x->at->query->jointree, whole->varno, i + 1))
			return true;
	}
	return false;
}

/* the conditions of row @@ segment, or NULL: not known here */
static Node *
expanded(expansion *x, Node *arg, vocabulary *v, const segment_node *tree, bool filter, bool queries)
{
	segment_row row;
	segment_scope s = {0};
	char	   *sql;
	Node	   *n;

	if (!segment_row_of(arg, x->at, &row))
		return NULL;
	s.row = row.desc;
	s.row_relation = row.relation;
	s.v = v ? v : vocabulary_for(row.relation);
	s.activity = queries && activity_is_used() && !asks_for_one(x, &row, s.v);
	sql = segment_condition_sql(&s, tree, filter);
	if (s.has_query && !queries)
		return NULL;
	n = segment_condition_tree(&row, sql);
	depend(x, s.v);
	x->row_security = x->row_security || row.row_security;
	x->made_query = x->made_query || s.has_query;
	return n;
}

/*
 * row @@ segment where the segment is not known: the evaluator gets the row's columns one by one. A whole row would be made into a value for it, which
 * takes more time than most conditions.
 */
static Node *
by_columns(expansion *x, Node *arg, Node *segment)
{
	Query	   *q = x->at ? x->at->query : NULL;
	Var		   *v = (Var *) arg;
	segment_row row;
	List	   *args;

	/* behind GROUP BY a row is known as a whole only */
	if (!OidIsValid(ours.matches_columns) || !IsA(arg, Var) || v->varattno != 0 || v->varlevelsup != 0 || v->vartype == RECORDOID || !q ||
		(!x->joining && (q->groupClause || q->groupingSets)) || get_typtype(v->vartype) != TYPTYPE_COMPOSITE || !segment_row_of(arg, x->at, &row) ||
		row.desc->natts > FUNC_MAX_ARGS - 2)
		return NULL;
	args = list_make2(segment, makeNullConst(v->vartype, -1, InvalidOid));
	for (int i = 0; i < row.desc->natts; i++)
		args = lappend(args, TupleDescAttr(row.desc, i)->attisdropped ? (Node *) makeNullConst(INT4OID, -1, InvalidOid) : row.column(&row, i, 0));
	return (Node *) makeFuncExpr(ours.matches_columns, BOOLOID, args, InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
}

static List *
call_of(Node *node, Oid *function)
{
	if (IsA(node, OpExpr))
	{
		*function = ((OpExpr *) node)->opfuncid ? ((OpExpr *) node)->opfuncid : get_opcode(((OpExpr *) node)->opno);
		return ((OpExpr *) node)->args;
	}
	if (IsA(node, FuncExpr))
	{
		*function = ((FuncExpr *) node)->funcid;
		return ((FuncExpr *) node)->args;
	}
	*function = InvalidOid;
	return NIL;
}

static bool
has_ours(Node *node, void *context)
{
	Oid			f;

	if (!node)
		return false;
	if (IsA(node, OpExpr) || IsA(node, FuncExpr))
	{
		call_of(node, &f);
		if (OidIsValid(f) && (f == ours.matches || f == ours.in_segment || f == ours.members || f == ours.members_as_of))
			return true;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, has_ours, context, 0);
	return expression_tree_walker(node, has_ours, context);
}

static bool
find_param(Node *node, void *context)
{
	return node && (IsA(node, Param) || expression_tree_walker(node, find_param, context));
}

static Node *expand_node(Node *node, expansion *x);

static Node *
replaced(Node *node, expansion *x, bool filter)
{
	Oid			f;
	List	   *args = call_of(node, &f);

	if (!OidIsValid(f))
		return NULL;
	if (f == ours.matches)
	{
		Node	   *c = as_const(lsecond(args));

		if (is_const(c))
			return expanded(x, linitial(args), NULL, segment_tree(PG_DETOAST_DATUM_PACKED(((Const *) c)->constvalue)), filter, true);
		/* a parameter with a value becomes a constant later, and that conditions */
		if (!x->bound || !find_param(c, NULL))
			return by_columns(x, linitial(args), expand_node(c, x));
	}
	else if (f == ours.in_segment)
	{
		Node	   *mart = as_const(linitial(args)),
				   *name = as_const(lthird(args));

		if (is_const(mart) && is_const(name))
		{
			segment_node *n = segment_make_member(TextDatumGetCString(((Const *) name)->constvalue));

			return expanded(x, lsecond(args), vocabulary_of_mart(NameStr(*DatumGetName(((Const *) mart)->constvalue))), n, filter, true);
		}
	}
	return NULL;
}

static Query *expand_query(Query *q, expansion *x);

static Node *
expand_node(Node *node, expansion *x)
{
	Node	   *n;

	if (!node)
		return NULL;
	if (IsA(node, Query))
		return (Node *) expand_query((Query *) node, x);
	n = replaced(node, x, false);
	if (n)
		return n;
	return expression_tree_mutator(node, expand_node, x);
}

/* where unknown is as good as false */
static Node *
expand_filter(Node *node, expansion *x)
{
	Node	   *n;

	if (!node)
		return NULL;
	if (IsA(node, List))
	{
		ListCell   *l;

		foreach(l, (List *) node)
			lfirst(l) = expand_filter(lfirst(l), x);
		return node;
	}
	if (IsA(node, BoolExpr) && ((BoolExpr *) node)->boolop != NOT_EXPR)
	{
		BoolExpr   *b = (BoolExpr *) node;

		b->args = (List *) expand_filter((Node *) b->args, x);
		return node;
	}
	n = replaced(node, x, true);
	return n ? n : expand_node(node, x);
}

static void
expand_joins(Node *node, expansion *x)
{
	ListCell   *l;

	if (!node)
		return;
	if (IsA(node, FromExpr))
	{
		foreach(l, ((FromExpr *) node)->fromlist)
			expand_joins(lfirst(l), x);
		((FromExpr *) node)->quals = expand_filter(((FromExpr *) node)->quals, x);
	}
	else if (IsA(node, JoinExpr))
	{
		expand_joins(((JoinExpr *) node)->larg, x);
		expand_joins(((JoinExpr *) node)->rarg, x);
		((JoinExpr *) node)->quals = expand_filter(((JoinExpr *) node)->quals, x);
	}
}

/* anything but the number of rows is asked for */
static bool
asks_for_more(Node *node, void *context)
{
	if (!node)
		return false;
	if (IsA(node, Var) || IsA(node, SubLink))
		return true;
	if (IsA(node, Aggref))
		return ((Aggref *) node)->aggfnoid != F_COUNT_ || ((Aggref *) node)->aggfilter || ((Aggref *) node)->agglevelsup > 0;
	return expression_tree_walker(node, asks_for_more, context);
}

/* SELECT count(*) FROM members(...) and no more: a set has its number, nobody need be told one by one */
static bool
only_counts(Query *q)
{
	return q->commandType == CMD_SELECT && list_length(q->rtable) == 1 && list_length(q->jointree->fromlist) == 1 && IsA(linitial(q->jointree->fromlist), RangeTblRef) && !q->jointree->quals &&
		q->hasAggs && !q->groupClause && !q->groupingSets && !q->havingQual && !q->hasWindowFuncs && !q->hasTargetSRFs && !q->hasSubLinks && !q->rowMarks && !q->setOperations &&
		!asks_for_more((Node *) q->targetList, NULL);
}

static Node *
count_as_column(Node *node, void *context)
{
	if (!node)
		return NULL;
	if (IsA(node, Aggref))
		return (Node *) makeVar(1, 1, INT8OID, -1, InvalidOid, 0);
	return expression_tree_mutator(node, count_as_column, context);
}

/* FROM members(mart, name) is the query of the members */
static void
expand_members(RangeTblEntry *rte, Query *around, expansion *x)
{
	RangeTblFunction *f;
	Oid			function;
	List	   *args;
	Node	   *mart,
			   *name,
			   *as_of;
	vocabulary *v;
	segment_node *n;
	segment_scope s = {0};
	char	   *sql;
	Query	   *q;
	List	   *rewritten;

	if (rte->rtekind != RTE_FUNCTION || rte->funcordinality || list_length(rte->functions) != 1)
		return;
	f = linitial(rte->functions);
	args = call_of(f->funcexpr, &function);
	if (!OidIsValid(function) || (function != ours.members && function != ours.members_as_of))
		return;
	mart = as_const(linitial(args));
	name = as_const(lsecond(args));
	as_of = list_length(args) > 2 ? as_const(lthird(args)) : NULL;
	if (!is_const(mart) || !is_const(name) || (as_of && !(IsA(as_of, Const) && ((Const *) as_of)->constisnull)))
		return;
	v = vocabulary_of_mart(NameStr(*DatumGetName(((Const *) mart)->constvalue)));
	n = segment_definition_of(v, TextDatumGetCString(((Const *) name)->constvalue));
	s.v = v;
	s.activity = activity_is_used();
	s.expanding = list_make1(TextDatumGetCString(((Const *) name)->constvalue));
	sql = s.activity && only_counts(around) ? activity_count_sql(&s, n) : NULL;
	if (sql)
	{
		around->targetList = (List *) count_as_column((Node *) around->targetList, NULL);
		around->hasAggs = false;
	}
	else
		sql = segment_members_sql(&s, n);
	q = parse_analyze_fixedparams(linitial_node(RawStmt, raw_parser(sql, RAW_PARSE_DEFAULT)), "", NULL, 0, NULL);
	rewritten = QueryRewrite(q);
	if (list_length(rewritten) != 1)
		return;
	depend(x, v);
	rte->rtekind = RTE_SUBQUERY;
	rte->subquery = linitial(rewritten);
	rte->functions = NIL;
	rte->lateral = false;
	x->row_security = x->row_security || rte->subquery->hasRowSecurity;
}

static Query *
expand_query(Query *q, expansion *x)
{
	query_level here = {q, x->at};
	bool		outer_made = x->made_query,
				outer_security = x->row_security,
				outer_joining = x->joining;
	ListCell   *l;

	x->at = &here;
	x->made_query = false;
	foreach(l, q->rtable)
		expand_members(lfirst(l), q, x);
	x->joining = true;
	expand_joins((Node *) q->jointree, x);
	x->joining = false;
	q->havingQual = expand_filter(q->havingQual, x);
	/* the joins are done; what is left is the same for any place, and a second look finds nothing in them */
	q = query_tree_mutator(q, expand_node, x, QTW_DONT_COPY_QUERY);
	if (x->made_query)
		q->hasSubLinks = true;
	if (x->row_security)
		q->hasRowSecurity = true;
	x->joining = outer_joining;
	x->made_query = outer_made;
	x->row_security = x->row_security || outer_security;
	x->at = here.outer;
	return q;
}

static PlannedStmt *
plan(Query *parse, const char *query_string, int cursor_options, ParamListInfo bound)
{
	expansion	x = {.bound = bound};
	PlannedStmt *p;

	if (!ours.known && IsTransactionState())
		find_ours();
	if (ours.known && OidIsValid(ours.matches) && parse->commandType != CMD_UTILITY && has_ours((Node *) parse, NULL))
		parse = expand_query(parse, &x);
	p = next_planner ? next_planner(parse, query_string, cursor_options, bound) : standard_planner(parse, query_string, cursor_options, bound);
	p->relationOids = list_concat_unique_oid(p->relationOids, x.tables);
	return p;
}

void
segment_init(void)
{
	vocabulary_init();
	activity_init();
	CacheRegisterSyscacheCallback(PROCOID, forget_ours, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, forget_ours, (Datum) 0);
	next_planner = planner_hook;
	planner_hook = plan;
}

/* support function of segment_matches: the same without a hook, for predicates that read no other table */
Datum
crmseg_matches_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	SupportRequestSimplify *r;
	query_level here = {0},
			 *up = NULL;
	expansion	x = {0};
	Node	   *n;

	if (!request || !IsA(request, SupportRequestSimplify))
		PG_RETURN_POINTER(NULL);
	r = (SupportRequestSimplify *) request;
	if (list_length(r->fcall->args) != 2 || !is_const(lsecond(r->fcall->args)))
		PG_RETURN_POINTER(NULL);
	/* the queries around, for a row without a type of its own */
	for (PlannerInfo *root = r->root; root; root = root->parent_root)
	{
		query_level *l = root == r->root ? &here : palloc(sizeof(query_level));

		l->query = root->parse;
		l->outer = NULL;
		if (up)
			up->outer = l;
		up = l;
	}
	x.at = r->root ? &here : NULL;
	n = expanded(&x, linitial(r->fcall->args), NULL, segment_tree(PG_DETOAST_DATUM_PACKED(((Const *) lsecond(r->fcall->args))->constvalue)), false, false);
	if (n && r->root)
		r->root->glob->relationOids = list_concat_unique_oid(r->root->glob->relationOids, x.tables);
	PG_RETURN_POINTER(n ? eval_const_expressions(r->root, n) : NULL);
}
