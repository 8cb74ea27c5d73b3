/*
 * explain_fn.c: why a party is in a segment or not: each condition with its value, what it gives and what would turn it; the fewest conditions
 * that would make a member of it.
 */
#include "explain_fn.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_node.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(crmseg_explain_segment);
PG_FUNCTION_INFO_V1(crmseg_segment_missing);

#define NOW_COLUMN "crmseg_now"

static Node *
param_of(ParseState *pstate, ColumnRef *ref)
{
	asked	   *a = pstate->p_ref_hook_state;
	const char *name;
	Param	   *p;

	if (list_length(ref->fields) != 2 || !IsA(linitial(ref->fields), String) || !IsA(lsecond(ref->fields), String) || strcmp(strVal(linitial(ref->fields)), SEGMENT_ROW) != 0)
		return NULL;
	name = strVal(lsecond(ref->fields));
	p = makeNode(Param);
	p->paramkind = PARAM_EXTERN;
	p->location = -1;
	p->paramtypmod = -1;
	for (int i = 0; i < a->desc->natts; i++)
	{
		Form_pg_attribute t = TupleDescAttr(a->desc, i);

		if (!t->attisdropped && strcmp(NameStr(t->attname), name) == 0)
		{
			p->paramid = i + 1;
			p->paramtype = t->atttypid;
			p->paramtypmod = t->atttypmod;
			p->paramcollid = t->attcollation;
			return (Node *) p;
		}
	}
	if (strcmp(name, NOW_COLUMN) != 0)
		return NULL;
	p->paramid = a->desc->natts + 1;
	p->paramtype = TIMESTAMPTZOID;
	return (Node *) p;
}

static void
set_up(ParseState *pstate, void *a)
{
	pstate->p_pre_columnref_hook = param_of;
	pstate->p_ref_hook_state = a;
}

void
ask_at(asked *a, TimestampTz at)
{
	ParamExternData *p = &a->params->params[a->desc->natts];

	p->ptype = TIMESTAMPTZOID;
	p->isnull = false;
	p->value = TimestampTzGetDatum(at);
	a->scope.now = SEGMENT_ROW "." NOW_COLUMN;
}

asked *
ask_about(FunctionCallInfo fcinfo, int mart, int row)
{
	asked	   *a = palloc0(sizeof(asked));
	HeapTupleHeader header = PG_GETARG_HEAPTUPLEHEADER(row);
	Oid			type = HeapTupleHeaderGetTypeId(header);
	TupleDesc	desc = lookup_rowtype_tupdesc_domain(type, HeapTupleHeaderGetTypMod(header), false);
	HeapTupleData tuple;

	a->desc = CreateTupleDescCopy(desc);
	ReleaseTupleDesc(desc);
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	a->scope.v = vocabulary_of_mart(NameStr(*PG_GETARG_NAME(mart)));
	a->scope.row = a->desc;
	a->scope.row_relation = type == RECORDOID ? InvalidOid : get_typ_typrelid(getBaseType(type));
	a->params = makeParamList(a->desc->natts + 1);
	for (int i = 0; i <= a->desc->natts; i++)
	{
		ParamExternData *p = &a->params->params[i];

		p->pflags = 0;
		p->isnull = true;
		p->value = (Datum) 0;
		p->ptype = i == a->desc->natts || TupleDescAttr(a->desc, i)->attisdropped ? TIMESTAMPTZOID : TupleDescAttr(a->desc, i)->atttypid;
		if (i < a->desc->natts && !TupleDescAttr(a->desc, i)->attisdropped)
			p->value = heap_getattr(&tuple, i + 1, a->desc, &p->isnull);
	}
	return a;
}

SPIPlanPtr
ask_prepare(asked *a, const char *sql)
{
	SPIPlanPtr	p = SPI_prepare_params(sql, set_up, a, 0);

	if (!p)
		elog(ERROR, "could not prepare the conditions of a segment");
	return p;
}

/* the value in the first column of the first row, in the caller's memory when it is no small value */
Datum
ask_one(asked *a, SPIPlanPtr plan, bool *isnull)
{
	Datum		d;

	CHECK_FOR_INTERRUPTS();
	if (SPI_execute_plan_with_paramlist(plan, a->params, true, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "could not run the conditions of a segment");
	d = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, isnull);
	if (!*isnull && SPI_gettypeid(SPI_tuptable->tupdesc, 1) == TEXTOID)
		d = PointerGetDatum(DatumGetTextPCopy(d));
	SPI_freetuptable(SPI_tuptable);
	return d;
}

/* ---- the conditions ---- */

typedef struct condition
{
	const segment_node *node;
	bool		wanted;			/* it must be true, not false, for the whole to be */
	segment_truth result;
	char	   *value;
} condition;

typedef struct conditions
{
	int			n,
				room;
	condition  *item;
} conditions;

static void
collect(conditions *c, const segment_node *n, bool wanted)
{
	check_stack_depth();
	if (!segment_is_inner(n) && n->kind != SEGMENT_CONSTANT)
	{
		if (c->n == c->room)
			c->item = c->item ? repalloc(c->item, sizeof(condition) * (c->room *= 2)) : palloc(sizeof(condition) * (c->room = 16));
		c->item[c->n++] = (condition) {n, wanted, SEGMENT_UNKNOWN, NULL};
		return;
	}
	for (uint32_t i = 0; i < n->children; i++)
		collect(c, n->child[i], n->kind == SEGMENT_NOT || (n->kind == SEGMENT_IS && n->op != SEGMENT_IS_TRUE) ? !wanted : wanted);
}

static void
evaluate(asked *a, const segment_node *root, conditions *c)
{
	MemoryContext caller = CurrentMemoryContext;

	for (int i = 0; i < c->n; i++)
	{
		const segment_node *n = c->item[i].node;
		segment_node count = {0};
		char	   *sql,
				   *value = NULL;
		SPIPlanPtr	plan;
		bool		isnull;
		Datum		d;

		a->scope.root = root;
		sql = segment_make_sql(&a->scope, n, false, false);
		if (n->kind == SEGMENT_DID)
		{
			count = *n;
			count.kind = SEGMENT_MEASURE;
			count.op = SEGMENT_COUNT;
			value = psprintf("%s || ' times'", segment_measure_sql(&a->scope, &count).sql);
		}
		else if (n->children > 0 && segment_is_operand(n->child[0]))
		{
			segment_reference r = n->child[0]->kind == SEGMENT_ATTRIBUTE ? segment_resolve(&a->scope, n->child[0]) : segment_measure_sql(&a->scope, n->child[0]);

			value = psprintf("(%s)::text", r.sql);
		}
		if (a->scope.root != root)
			elog(ERROR, "lost the predicate");
		SPI_connect();
		plan = ask_prepare(a, psprintf("SELECT (%s)", sql));
		d = ask_one(a, plan, &isnull);
		SPI_freeplan(plan);
		c->item[i].result = isnull ? SEGMENT_UNKNOWN : DatumGetBool(d) ? SEGMENT_TRUE : SEGMENT_FALSE;
		if (value)
		{
			plan = ask_prepare(a, psprintf("SELECT (%s)::pg_catalog.text", value));
			d = ask_one(a, plan, &isnull);
			if (!isnull)
				c->item[i].value = MemoryContextStrdup(caller, TextDatumGetCString(d));
			SPI_freeplan(plan);
		}
		SPI_finish();
	}
}

/* what has to become of it for the contrary: a comparison turned round, else the condition, denied when it holds */
static char *
turned(const condition *c)
{
	segment_node *no,
			   *copy;

	if (c->result == SEGMENT_FALSE || (c->result == SEGMENT_UNKNOWN && c->wanted))
		return segment_text_of(c->node);
	if (c->node->kind == SEGMENT_COMPARE)
	{
		copy = palloc(sizeof(segment_node));
		*copy = *c->node;
		copy->op = (uint8_t) segment_op_negated((segment_op) c->node->op);
		return segment_text_of(copy);
	}
	no = palloc0(sizeof(segment_node));
	no->kind = SEGMENT_NOT;
	no->children = 1;
	no->object.data = "";
	no->child = palloc(sizeof(segment_node *));
	no->child[0] = unconstify(segment_node *, c->node);
	return segment_text_of(no);
}

/* explain_segment(mart name, row record, segment) -> (condition text, value text, result bool, flips_when text) */
Datum
crmseg_explain_segment(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsi = (ReturnSetInfo *) fcinfo->resultinfo;
	conditions	c = {0};
	segment_node *root;
	asked	   *a;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	a = ask_about(fcinfo, 0, 1);
	root = segment_tree(PG_GETARG_VARLENA_PP(2));
	collect(&c, root, true);
	evaluate(a, root, &c);
	for (int i = 0; i < c.n; i++)
	{
		condition  *k = &c.item[i];
		Datum		values[4] = {CStringGetTextDatum(segment_text_of(k->node)), k->value ? CStringGetTextDatum(k->value) : (Datum) 0,
		BoolGetDatum(k->result == SEGMENT_TRUE), CStringGetTextDatum(turned(k))};
		bool		nulls[4] = {false, k->value == NULL, k->result == SEGMENT_UNKNOWN, false};

		tuplestore_putvalues(rsi->setResult, rsi->setDesc, values, nulls);
	}
	PG_RETURN_NULL();
}

/* ---- the fewest that must turn ---- */

#define NEVER 1000000

typedef struct search
{
	conditions *c;
	int			next;			/* the condition that the walk comes to, in the order of collect */
} search;

typedef struct answer
{
	int			cost[2];		/* how many must turn to make it false, true */
	Bitmapset  *which[2];
} answer;

/* children share no condition, so that the fewest of each are the fewest of all */
static answer
fewest(const segment_node *n, search *s)
{
	answer		r = {{0, 0}, {NULL, NULL}};

	if (n->kind == SEGMENT_CONSTANT)
	{
		r.cost[0] = n->op == SEGMENT_FALSE ? 0 : NEVER;
		r.cost[1] = n->op == SEGMENT_TRUE ? 0 : NEVER;
		return r;
	}
	if (!segment_is_inner(n))
	{
		int			i = s->next++;

		r.cost[0] = s->c->item[i].result != SEGMENT_FALSE;
		r.cost[1] = s->c->item[i].result != SEGMENT_TRUE;
		for (int v = 0; v < 2; v++)
			if (r.cost[v])
				r.which[v] = bms_make_singleton(i);
		return r;
	}
	if (n->kind == SEGMENT_NOT || n->kind == SEGMENT_IS)
	{
		answer		k = fewest(n->child[0], s);
		bool		swap = n->kind == SEGMENT_NOT || n->op == SEGMENT_IS_FALSE;

		for (int v = 0; v < 2; v++)
		{
			r.cost[v] = k.cost[swap ? !v : v];
			r.which[v] = k.which[swap ? !v : v];
		}
		return r;
	}
	/* one child makes an OR true and an AND false; the contrary takes all of them */
	{
		int			one = n->kind == SEGMENT_OR;

		r.cost[one] = NEVER;
		for (uint32_t i = 0; i < n->children; i++)
		{
			answer		k = fewest(n->child[i], s);

			if (k.cost[one] < r.cost[one])
				r.cost[one] = k.cost[one], r.which[one] = k.which[one];
			r.cost[!one] = Min(NEVER, r.cost[!one] + k.cost[!one]);
			r.which[!one] = bms_union(r.which[!one], k.which[!one]);
		}
	}
	return r;
}

/* segment_missing(mart name, row record, segment) -> SETOF text */
Datum
crmseg_segment_missing(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsi = (ReturnSetInfo *) fcinfo->resultinfo;
	conditions	c = {0};
	search		s = {&c, 0};
	segment_node *root;
	asked	   *a;
	answer		r;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	a = ask_about(fcinfo, 0, 1);
	root = segment_tree(PG_GETARG_VARLENA_PP(2));
	collect(&c, root, true);
	evaluate(a, root, &c);
	r = fewest(root, &s);
	for (int i = -1; r.cost[1] < NEVER && (i = bms_next_member(r.which[1], i)) >= 0;)
	{
		Datum		value = CStringGetTextDatum(turned(&c.item[i]));
		bool		isnull = false;

		tuplestore_putvalues(rsi->setResult, rsi->setDesc, &value, &isnull);
	}
	PG_RETURN_NULL();
}
