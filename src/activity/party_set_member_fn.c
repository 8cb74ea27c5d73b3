/*
 * party_set_member_fn.c: who is in a party_set, one asked for or all of them, and what the planner is told of how many that are.
 */
#include "activity/party_set_fn.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/supportnodes.h"

PG_FUNCTION_INFO_V1(crmseg_has_party);
PG_FUNCTION_INFO_V1(crmseg_has_party_support);
PG_FUNCTION_INFO_V1(crmseg_party_ids);
PG_FUNCTION_INFO_V1(crmseg_party_ids_support);

/* has_party(party_set, bigint, share float8) -> bool: false for NULL, as EXISTS says; share is for the planner */
Datum
crmseg_has_party(PG_FUNCTION_ARGS)
{
	Datum		d;
	struct varlena *v;
	bool		has;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_BOOL(false);
	d = PG_GETARG_DATUM(0);
	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(d)))
		PG_RETURN_BOOL(party_set_has(party_set_of(d), PG_GETARG_INT64(1)));
	v = PG_DETOAST_DATUM_PACKED(d);
	has = party_set_bytes_have((uint8_t *) VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v), PG_GETARG_INT64(1));
	if ((Pointer) v != DatumGetPointer(d))
		pfree(v);
	PG_RETURN_BOOL(has);
}

static double
constant_of(List *args, int i, double otherwise)
{
	Node	   *n = list_length(args) > i ? list_nth(args, i) : NULL;

	return n && IsA(n, Const) && !((Const *) n)->constisnull && ((Const *) n)->consttype == FLOAT8OID ? DatumGetFloat8(((Const *) n)->constvalue) : otherwise;
}

Datum
crmseg_has_party_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestSelectivity))
	{
		SupportRequestSelectivity *r = (SupportRequestSelectivity *) request;
		double		share = constant_of(r->args, 2, -1);

		if (share >= 0 && !r->is_join)
		{
			r->selectivity = Min(share, 1);
			PG_RETURN_POINTER(r);
		}
	}
	PG_RETURN_POINTER(NULL);
}

Datum
crmseg_party_ids_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestRows))
	{
		SupportRequestRows *r = (SupportRequestRows *) request;
		double		rows = r->node && IsA(r->node, FuncExpr) ? constant_of(((FuncExpr *) r->node)->args, 1, -1) : -1;

		if (rows >= 0)
		{
			r->rows = Max(rows, 1);
			PG_RETURN_POINTER(r);
		}
	}
	PG_RETURN_POINTER(NULL);
}

typedef struct walk
{
	const party_set *set;
	party_set_place at;
	size_t		n,
				next;
	int64_t		id[1024];
} walk;

/* party_ids(party_set [, expected float8]) -> SETOF bigint, ascending; expected is for the planner */
Datum
crmseg_party_ids(PG_FUNCTION_ARGS)
{
	FuncCallContext *c;
	walk	   *w;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;

		c = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(c->multi_call_memory_ctx);
		c->user_fctx = w = palloc0(sizeof(walk));
		if (!PG_ARGISNULL(0))
		{
			/* flat, so that nobody changes it meanwhile */
			struct varlena *flat = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));

			w->set = party_set_of(party_set_datum(party_set_read((uint8_t *) VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat)), c->multi_call_memory_ctx));
		}
		MemoryContextSwitchTo(old);
	}
	c = SRF_PERCALL_SETUP();
	w = c->user_fctx;
	if (w->next == w->n && w->set)
	{
		CHECK_FOR_INTERRUPTS();
		w->n = party_set_take(w->set, &w->at, w->id, lengthof(w->id));
		w->next = 0;
	}
	if (w->next >= w->n)
		SRF_RETURN_DONE(c);
	SRF_RETURN_NEXT(c, Int64GetDatum(w->id[w->next++]));
}
