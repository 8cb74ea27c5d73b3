/*
 * plan_row_fn.c: the row that a predicate is asked of, as a query names it (a table's row, ROW(...), a value of a composite type), and a
 * condition in SQL as an expression tree over its columns. The SQL comes from sql_fn.c, the trees go to plan_fn.c and match_fn.c.
 */
#include "plan_fn.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "rewrite/rewriteManip.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

/* ---- SQL into a tree ---- */

static Node *
row_reference(ParseState *pstate, ColumnRef *ref)
{
	segment_row *row = pstate->p_ref_hook_state;
	int			depth = 0;

	if (list_length(ref->fields) != 2 || !IsA(linitial(ref->fields), String) || !IsA(lsecond(ref->fields), String) || strcmp(strVal(linitial(ref->fields)), SEGMENT_ROW) != 0)
		return NULL;
	for (ParseState *p = pstate; p->parentParseState; p = p->parentParseState)
		depth++;
	for (int i = 0; i < row->desc->natts; i++)
		if (!TupleDescAttr(row->desc, i)->attisdropped && strcmp(NameStr(TupleDescAttr(row->desc, i)->attname), strVal(lsecond(ref->fields))) == 0)
			return row->column(row, i, depth);
	return NULL;
}

/* subqueries pass the rewriter as any query does: views, row-level security */
static bool
rewrite_subqueries(Node *node, segment_row *row)
{
	if (!node)
		return false;
	if (IsA(node, SubLink))
	{
		SubLink    *link = (SubLink *) node;
		List	   *rewritten;

		if (rewrite_subqueries(link->testexpr, row))
			return true;
		rewritten = QueryRewrite((Query *) link->subselect);
		if (list_length(rewritten) != 1)
			elog(ERROR, "unexpected rewrite of a condition");
		link->subselect = linitial(rewritten);
		row->row_security = row->row_security || ((Query *) link->subselect)->hasRowSecurity;
		return false;
	}
	return expression_tree_walker(node, rewrite_subqueries, row);
}

Node *
segment_condition_tree(segment_row *row, const char *sql)
{
	List	   *raw = raw_parser(psprintf("SELECT (%s)", sql), RAW_PARSE_DEFAULT);
	SelectStmt *select = (SelectStmt *) linitial_node(RawStmt, raw)->stmt;
	ParseState *pstate = make_parsestate(NULL);
	Node	   *node;

	pstate->p_pre_columnref_hook = row_reference;
	pstate->p_ref_hook_state = row;
	node = transformExpr(pstate, linitial_node(ResTarget, select->targetList)->val, EXPR_KIND_WHERE);
	node = coerce_to_boolean(pstate, node, "WHERE");
	assign_expr_collations(pstate, node);
	if (pstate->p_hasSubLinks)
		rewrite_subqueries(node, row);
	return node;
}

/* ---- the row of a query ---- */

static Node *
column_of_var(segment_row *row, int i, int depth)
{
	Var		   *v = (Var *) row->base;
	Form_pg_attribute a = TupleDescAttr(row->desc, i);
	Var		   *c = makeVar(v->varno, i + 1, a->atttypid, a->atttypmod, a->attcollation, v->varlevelsup + depth);

	CRMSEG_COPY_NULLINGRELS(c, v);
	return (Node *) c;
}

static Node *
column_of_row(segment_row *row, int i, int depth)
{
	Node	   *n = copyObject(list_nth(((RowExpr *) row->base)->args, i));

	IncrementVarSublevelsUp(n, depth, 0);
	return n;
}

static Node *
column_of_value(segment_row *row, int i, int depth)
{
	FieldSelect *f = makeNode(FieldSelect);
	Form_pg_attribute a = TupleDescAttr(row->desc, i);

	f->arg = copyObject((Expr *) row->base);
	IncrementVarSublevelsUp((Node *) f->arg, depth, 0);
	f->fieldnum = i + 1;
	f->resulttype = a->atttypid;
	f->resulttypmod = a->atttypmod;
	f->resultcollid = a->attcollation;
	return (Node *) f;
}

static TupleDesc
desc_of_type(Oid type)
{
	return lookup_rowtype_tupdesc_copy(getBaseType(type), -1);
}

static void
describe(TupleDesc desc, int i, const char *name, Oid type, int32 typmod, Oid collation)
{
	TupleDescInitEntry(desc, i + 1, name, type, typmod, 0);
	TupleDescInitEntryCollation(desc, i + 1, collation);
}

bool
segment_row_of(Node *arg, query_level *at, segment_row *row)
{
	*row = (segment_row) {0};
	for (;;)
	{
		if (IsA(arg, ConvertRowtypeExpr))
			arg = (Node *) ((ConvertRowtypeExpr *) arg)->arg;
		else if (IsA(arg, RelabelType))
			arg = (Node *) ((RelabelType *) arg)->arg;
		else
			break;
	}
	/* a subselect would be run for each column anew, and each query of the condition would have to know of it: the evaluator takes its row */
	if (checkExprHasSubLink(arg))
		return false;
	row->base = arg;
	if (exprType(arg) != RECORDOID && type_is_rowtype(exprType(arg)))
		row->relation = get_typ_typrelid(getBaseType(exprType(arg)));
	if (IsA(arg, Var) && ((Var *) arg)->varattno == 0)
	{
		Var		   *v = (Var *) arg;

		row->column = column_of_var;
		if (v->vartype != RECORDOID)
		{
			row->desc = desc_of_type(v->vartype);
			return true;
		}
		for (Index up = v->varlevelsup; up > 0 && at; up--)
			at = at->outer;
		if (!at || v->varno < 1 || v->varno > list_length(at->query->rtable))
			return false;
		else
		{
			RangeTblEntry *rte = rt_fetch(v->varno, at->query->rtable);
			List	   *names,
					   *vars;

			if (rte->rtekind == RTE_RELATION)
				return false;
			CRMSEG_EXPAND_RTE(rte, v->varno, &names, &vars);
			row->desc = CreateTemplateTupleDesc(list_length(vars));
			for (int i = 0; i < list_length(vars); i++)
			{
				Node	   *c = list_nth(vars, i);

				describe(row->desc, i, strVal(list_nth(names, i)), exprType(c), exprTypmod(c), exprCollation(c));
			}
			return true;
		}
	}
	if (IsA(arg, RowExpr))
	{
		RowExpr    *r = (RowExpr *) arg;

		row->column = column_of_row;
		if (r->row_typeid != RECORDOID)
			row->desc = desc_of_type(r->row_typeid);
		else
		{
			if (list_length(r->colnames) != list_length(r->args))
				return false;
			row->desc = CreateTemplateTupleDesc(list_length(r->args));
			for (int i = 0; i < list_length(r->args); i++)
			{
				Node	   *a = list_nth(r->args, i);

				describe(row->desc, i, strVal(list_nth(r->colnames, i)), exprType(a), exprTypmod(a), exprCollation(a));
			}
		}
		return list_length(r->args) == row->desc->natts;
	}
	/* a value computed once for each column would be wrong if it changed, and dear */
	if (exprType(arg) != RECORDOID && type_is_rowtype(exprType(arg)) && !contain_volatile_functions(arg))
	{
		row->desc = desc_of_type(exprType(arg));
		row->column = column_of_value;
		return true;
	}
	return false;
}
