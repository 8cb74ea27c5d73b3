/*
 * placed_fn.c: what resolve has to look at of a whole base's records, clusters and pairs, given as arrays: mixed_records leaves out all records
 * whose party is their cluster, placed_pairs counts the pairs of records by weight and picks those in doubt.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "error.h"

#include <math.h>

PG_FUNCTION_INFO_V1(crmseg_mixed_records);
PG_FUNCTION_INFO_V1(crmseg_placed_pairs);

/* the elements of an array of eight bytes each, without NULLs, as long as the others */
static const int64 *
elements(FunctionCallInfo fcinfo, int arg, Oid type, size_t *n)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(arg);
	size_t		length = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (ARR_NDIM(array) > 1 || ARR_ELEMTYPE(array) != type || array_contains_nulls(array))
		ereport(ERROR, errcode(CRMSEG_BAD_VALUE), errmsg("records are given as arrays of one dimension, without nulls"));
	if (*n != SIZE_MAX && *n != length)
		ereport(ERROR, errcode(CRMSEG_BAD_VALUE), errmsg("arrays that belong together differ in length"));
	*n = length;
	return (const int64 *) ARR_DATA_PTR(array);
}

/* ---- numbers found again: open addressing, at most half full ---- */

typedef struct Places
{
	const int64 *id;
	uint32	   *slot,			/* number of the id, plus one */
				mask;
} Places;

static inline uint32
slot_of(const Places *p, int64 id)
{
	return (uint32) (((uint64) id * UINT64CONST(0x9e3779b97f4a7c15)) >> 32) & p->mask;
}

/* the number under which an id stands, or -1 */
static inline int64
place_of(const Places *p, int64 id)
{
	for (uint32 s = slot_of(p, id); p->slot[s]; s = (s + 1) & p->mask)
		if (p->id[p->slot[s] - 1] == id)
			return p->slot[s] - 1;
	return -1;
}

static void
places_make(Places *p, const int64 *id, size_t n)
{
	size_t		slots = 16;

	/* an array has fewer than 2^27 elements */
	while (slots < 2 * n)
		slots *= 2;
	p->id = id;
	p->mask = (uint32) (slots - 1);
	p->slot = palloc_extended(sizeof(uint32) * slots, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (size_t i = 0; i < n; i++)
		if (place_of(p, id[i]) < 0)
		{
			uint32		s = slot_of(p, id[i]);

			while (p->slot[s])
				s = (s + 1) & p->mask;
			p->slot[s] = (uint32) i + 1;
			if ((i & 0xffff) == 0)
				CHECK_FOR_INTERRUPTS();
		}
}

/*
 * For each value of one array, whether those who share it differ in another: mixed[i] is set for each element i of such a value. A value's first
 * element stands for it.
 */
static void
mark_mixed(const int64 *value, const int64 *other, const bool *there, size_t n, bool *mixed)
{
	Places		first;
	bool	   *differs = palloc_extended(n + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	places_make(&first, value, n);
	for (int pass = 0; pass < 2; pass++)
	{
		/* the first that is there speaks for the value */
		for (size_t i = 0; i < n; i++)
		{
			int64		f;

			if ((i & 0xffff) == 0)
				CHECK_FOR_INTERRUPTS();
			if (!there[i])
				continue;
			f = place_of(&first, value[i]);
			if (pass == 0)
				differs[f] |= other[f] != other[i] || !there[f];
			else if (differs[f])
				mixed[i] = true;
		}
	}
	pfree(differs);
	pfree(first.slot);
}

/* mixed_records(records, clusters, placed, parties): placed and parties say of which party each record is */
Datum
crmseg_mixed_records(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	size_t		n = SIZE_MAX,
				nplaced = SIZE_MAX;
	const int64 *record = elements(fcinfo, 0, INT8OID, &n),
			   *cluster = elements(fcinfo, 1, INT8OID, &n),
			   *placed = elements(fcinfo, 2, INT8OID, &nplaced),
			   *of = elements(fcinfo, 3, INT8OID, &nplaced);
	Places		places;
	int64	   *party;
	bool	   *there,
			   *mixed;

	InitMaterializedSRF(fcinfo, 0);
	places_make(&places, placed, nplaced);
	party = palloc_extended(sizeof(int64) * (n + 1), MCXT_ALLOC_HUGE);
	there = palloc_extended(n + 1, MCXT_ALLOC_HUGE);
	mixed = palloc_extended(n + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (size_t i = 0; i < n; i++)
	{
		int64		p = place_of(&places, record[i]);

		there[i] = p >= 0;
		party[i] = p >= 0 ? of[p] : 0;
		if ((i & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	mark_mixed(party, cluster, there, n, mixed);
	mark_mixed(cluster, party, there, n, mixed);
	for (size_t i = 0; i < n; i++)
		if (mixed[i])
		{
			Datum		values[3] = {Int64GetDatum(record[i]), Int64GetDatum(cluster[i]), Int64GetDatum(party[i])};
			bool		nulls[3] = {false, false, false};

			CHECK_FOR_INTERRUPTS();
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		}
	return (Datum) 0;
}

#define BITS_LEAST (-64)
#define BITS_MOST 1100

/* placed_pairs(lefts, rights, weights, doubt, placed, parties) */
Datum
crmseg_placed_pairs(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	size_t		n = SIZE_MAX,
				nplaced = SIZE_MAX;
	const int64 *left = elements(fcinfo, 0, INT8OID, &n),
			   *right = elements(fcinfo, 1, INT8OID, &n);
	const float8 *weight = (const float8 *) elements(fcinfo, 2, FLOAT8OID, &n);
	double		doubt = PG_GETARG_FLOAT8(3);
	const int64 *placed = elements(fcinfo, 4, INT8OID, &nplaced),
			   *of = elements(fcinfo, 5, INT8OID, &nplaced);
	int64	   *pairs = palloc0(sizeof(int64) * (BITS_MOST - BITS_LEAST + 1)),
			   *one = palloc0(sizeof(int64) * (BITS_MOST - BITS_LEAST + 1));
	Places		places;

	InitMaterializedSRF(fcinfo, 0);
	places_make(&places, placed, nplaced);
	for (size_t i = 0; i < n; i++)
	{
		int64		a = place_of(&places, left[i]),
					b = place_of(&places, right[i]);
		double		bits = floor(weight[i]),
					probability = 1 / (1 + pow(2, -weight[i]));
		int			k;

		if ((i & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (a < 0 || b < 0)
			continue;
		/* what is no number counts as nothing */
		k = !(bits >= BITS_LEAST) ? 0 : bits > BITS_MOST ? BITS_MOST - BITS_LEAST : (int) bits - BITS_LEAST;
		pairs[k]++;
		if (of[a] == of[b])
			one[k]++;
		else if (probability >= doubt)
		{
			Datum		values[7] = {0, 0, 0, Int64GetDatum(left[i]), Int64GetDatum(right[i]), Float8GetDatum(weight[i]), Float8GetDatum(probability)};
			bool		nulls[7] = {true, true, true, false, false, false, false};

			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		}
	}
	for (int k = 0; k <= BITS_MOST - BITS_LEAST; k++)
		if (pairs[k] > 0)
		{
			Datum		values[7] = {Int32GetDatum(k + BITS_LEAST), Int64GetDatum(pairs[k]), Int64GetDatum(one[k])};
			bool		nulls[7] = {false, false, false, true, true, true, true};

			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		}
	return (Datum) 0;
}
