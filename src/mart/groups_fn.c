/*
 * groups_fn.c: connected_groups(left_ids, right_ids, fact_ids, facts, apart_left, apart_right) for SQL: pairs in, (member, root) out.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "error.h"
#include "mart/groups.h"

PG_FUNCTION_INFO_V1(crmseg_connected_groups);

/* The elements of a bigint array without NULLs, of one dimension or none. */
static const int64 *
int8_elements(FunctionCallInfo fcinfo, int arg, size_t *n)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(arg);

	if (ARR_NDIM(array) > 1 || ARR_ELEMTYPE(array) != INT8OID)
		ereport(ERROR, errcode(CRMSEG_BAD_VALUE), errmsg("ids are given as an array of bigint with one dimension"));
	if (array_contains_nulls(array))
		ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("ids must not be null"));
	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return (const int64 *) ARR_DATA_PTR(array);
}

Datum
crmseg_connected_groups(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	size_t		pairs,
				rights,
				facts,
				fact_ids,
				aparts,
				apart_rights,
				n;
	const int64 *left = int8_elements(fcinfo, 0, &pairs);
	const int64 *right = int8_elements(fcinfo, 1, &rights);
	const int64 *fact_id = int8_elements(fcinfo, 2, &fact_ids);
	const int64 *fact = int8_elements(fcinfo, 3, &facts);
	const int64 *apart_left = int8_elements(fcinfo, 4, &aparts);
	const int64 *apart_right = int8_elements(fcinfo, 5, &apart_rights);
	int64	   *ids;
	Groups		g = {0};

	if (pairs != rights || fact_ids != facts || aparts != apart_rights)
		ereport(ERROR, errcode(CRMSEG_BAD_VALUE), errmsg("arrays that belong together differ in length"));
	InitMaterializedSRF(fcinfo, 0);
	if (pairs == 0)
		return (Datum) 0;

	/* an array has at most 2^27 elements, so no product here overflows */
	ids = palloc_extended(2 * pairs * sizeof *ids, MCXT_ALLOC_HUGE);
	memcpy(ids, left, pairs * sizeof *ids);
	memcpy(ids + pairs, right, pairs * sizeof *ids);
	n = ids_sort_unique(ids, 2 * pairs);
	g.n = (uint32_t) n;
	g.parent = palloc_extended(n * sizeof *g.parent, MCXT_ALLOC_HUGE);
	g.fact = palloc_extended(n * sizeof *g.fact, MCXT_ALLOC_HUGE);
	g.has_fact = palloc_extended(n * sizeof *g.has_fact, MCXT_ALLOC_HUGE);
	if (aparts > 0)
	{
		g.apart = palloc_extended(2 * aparts * sizeof *g.apart, MCXT_ALLOC_HUGE);
		g.first = palloc_extended(n * sizeof *g.first, MCXT_ALLOC_HUGE);
		g.last = palloc_extended(n * sizeof *g.last, MCXT_ALLOC_HUGE);
		g.count = palloc_extended(n * sizeof *g.count, MCXT_ALLOC_HUGE);
	}
	groups_init(&g);
	for (size_t i = 0; i < aparts; i++)
	{
		size_t		a = ids_find(ids, n, apart_left[i]),
					b = ids_find(ids, n, apart_right[i]);

		CHECK_FOR_INTERRUPTS();
		if (a < n && b < n)
			groups_keep_apart(&g, (uint32_t) a, (uint32_t) b);
	}
	for (size_t i = 0; i < facts; i++)
	{
		size_t		at = ids_find(ids, n, fact_id[i]);

		CHECK_FOR_INTERRUPTS();
		if (at < n)
		{
			g.has_fact[at] = true;
			g.fact[at] = fact[i];
		}
	}
	for (size_t i = 0; i < pairs; i++)
	{
		CHECK_FOR_INTERRUPTS();
		groups_join(&g, (uint32_t) ids_find(ids, n, left[i]), (uint32_t) ids_find(ids, n, right[i]));
	}
	for (size_t i = 0; i < n; i++)
	{
		Datum		values[2] = {Int64GetDatum(ids[i]), Int64GetDatum(ids[groups_root(&g, (uint32_t) i)])};
		bool		nulls[2] = {false, false};

		CHECK_FOR_INTERRUPTS();
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
