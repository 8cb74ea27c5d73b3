/*
 * placed_fn.c: what resolve has to look at of a whole base's records, clusters and pairs, given as arrays: mixed_records leaves out what is as it
 * was and as it should be, changed_places says what is to be remembered, placed_pairs counts the pairs of records by weight and picks those in doubt.
 */
#include "compat.h"
#include "disjoint.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "error.h"

#include <math.h>

PG_FUNCTION_INFO_V1(crmseg_changed_places);
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

/* of each value the number of the element that stands for it: its first */
static uint32 *
first_of(const int64 *value, size_t n, Places *places)
{
	uint32	   *first = palloc_extended(sizeof(uint32) * (n + 1), MCXT_ALLOC_HUGE);

	places_make(places, value, n);
	for (size_t i = 0; i < n; i++)
	{
		first[i] = (uint32) place_of(places, value[i]);
		if ((i & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return first;
}

/* For each value, by its first element, whether those who share it differ in another. */
static bool *
differing(const uint32 *first, const uint32 *other, size_t n)
{
	bool	   *differs = palloc_extended(n + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	for (size_t i = 0; i < n; i++)
		differs[first[i]] |= other[first[i]] != other[i];
	return differs;
}

/*
 * Sets touched[i] of each element whose set (those who share its value) is not what it was: was[] is the number of what each element belonged to then,
 * -1 for none, and was_size[] of how many that consisted, those that are gone since included.
 */
static void
mark_changed(const uint32 *first, const int64 *was, const uint32 *was_size, size_t n, bool *touched)
{
	uint32	   *size = palloc_extended(sizeof(uint32) * (n + 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	bool	   *changed = palloc_extended(n + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	for (size_t i = 0; i < n; i++)
	{
		size[first[i]]++;
		changed[first[i]] |= was[i] < 0 || was[first[i]] != was[i];
	}
	for (size_t i = 0; i < n; i++)
		touched[i] |= changed[first[i]] || size[first[i]] != was_size[was[i]];
	pfree(size);
	pfree(changed);
}

static void
join(uint32 *up, uint32 a, uint32 b)
{
	a = disjoint_root(up, a);
	b = disjoint_root(up, b);
	up[Max(a, b)] = Min(a, b);
}

static Datum
array_of(int64 *v, size_t n)
{
	int			dims[1] = {(int) n},
				low[1] = {1};

	StaticAssertStmt(sizeof(Datum) == sizeof(int64), "numbers are passed by value");
	if (n == 0)
		return PointerGetDatum(construct_empty_array(INT8OID));
	return PointerGetDatum(construct_md_array((Datum *) v, NULL, 1, dims, low, INT8OID, sizeof(int64), true, TYPALIGN_DOUBLE));
}

/*
 * mixed_records(records, clusters, placed, parties, was_records, was_clusters, was_parties, fresh): placed and parties say of which party each record
 * is, was_ how it was when resolve looked last. Gives as arrays the records that are not where all of their cluster and nobody else are (record_ids,
 * clusters); the parties that have something new: a record of fresh, a cluster or a party that is not the same set of records as then, or one that
 * hangs together with such by parties and clusters (touched); and the other parties of mixed records (still) with the group in which they hang together.
 */
Datum
crmseg_mixed_records(PG_FUNCTION_ARGS)
{
	enum
	{
		RECORD, CLUSTER, TOUCHED, STILL, GROUP, FIELDS
	};
	TupleDesc	desc;
	size_t		n = SIZE_MAX,
				nplaced = SIZE_MAX,
				nwas = SIZE_MAX,
				nfresh = SIZE_MAX,
				count[FIELDS] = {0};
	const int64 *record = elements(fcinfo, 0, INT8OID, &n),
			   *cluster = elements(fcinfo, 1, INT8OID, &n),
			   *placed = elements(fcinfo, 2, INT8OID, &nplaced),
			   *of = elements(fcinfo, 3, INT8OID, &nplaced),
			   *was_record = elements(fcinfo, 4, INT8OID, &nwas),
			   *was[2] = {elements(fcinfo, 5, INT8OID, &nwas), elements(fcinfo, 6, INT8OID, &nwas)},
			   *fresh = elements(fcinfo, 7, INT8OID, &nfresh);
	Places		places,
				was_places,
				by[2];
	int64	   *party = palloc_extended(sizeof(int64) * (n + 1), MCXT_ALLOC_HUGE),
			   *then = palloc_extended(sizeof(int64) * (n + 1), MCXT_ALLOC_HUGE),
			   *list[FIELDS];
	uint32	   *row = palloc_extended(sizeof(uint32) * (n + 1), MCXT_ALLOC_HUGE),
			   *first[2],
			   *up = palloc_extended(sizeof(uint32) * (n + 1), MCXT_ALLOC_HUGE),
				there = 0;
	int64	   *value[2];
	bool	   *touched = palloc_extended(n + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO),
			   *mixed_by[2],
			   *told;
	Datum		values[FIELDS];
	bool		nulls[FIELDS] = {0};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != FIELDS)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);
	/* those whose party is known, from here on by their number among these */
	value[0] = palloc_extended(sizeof(int64) * (n + 1), MCXT_ALLOC_HUGE);
	value[1] = party;
	places_make(&places, placed, nplaced);
	for (size_t i = 0; i < n; i++)
	{
		int64		p = place_of(&places, record[i]);

		if ((i & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (p < 0)
			continue;
		value[0][there] = cluster[i];
		party[there] = of[p];
		row[there++] = (uint32) i;
	}
	pfree(places.slot);
	for (uint32 i = 0; i < there; i++)
		up[i] = i;
	places_make(&was_places, was_record, nwas);
	for (int w = 0; w < 2; w++)
	{
		Places		was_by;
		uint32	   *was_first = first_of(was[w], nwas, &was_by),
				   *was_size = palloc_extended(sizeof(uint32) * (nwas + 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

		for (size_t i = 0; i < nwas; i++)
			was_size[was_first[i]]++;
		first[w] = first_of(value[w], there, &by[w]);
		for (uint32 i = 0; i < there; i++)
		{
			int64		p = place_of(&was_places, record[row[i]]);

			then[i] = p < 0 ? -1 : (int64) was_first[p];
			join(up, i, first[w][i]);
		}
		mark_changed(first[w], then, was_size, there, touched);
		pfree(was_by.slot);
		pfree(was_first);
		pfree(was_size);
	}
	mixed_by[0] = differing(first[0], first[1], there);
	mixed_by[1] = differing(first[1], first[0], there);
	places_make(&places, fresh, nfresh);
	for (uint32 i = 0; i < there; i++)
		if (touched[i] || place_of(&places, record[row[i]]) >= 0)
			touched[disjoint_root(up, i)] = true;
	for (int f = 0; f < FIELDS; f++)
		list[f] = palloc_extended(sizeof(int64) * (there + 1), MCXT_ALLOC_HUGE);
	told = palloc_extended(there + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 i = 0; i < there; i++)
	{
		uint32		root = disjoint_root(up, i);
		bool		mixed = mixed_by[0][first[0][i]] || mixed_by[1][first[1][i]];

		if ((i & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (mixed)
		{
			list[RECORD][count[RECORD]++] = record[row[i]];
			list[CLUSTER][count[CLUSTER]++] = value[0][i];
		}
		if ((!mixed && !touched[root]) || told[first[1][i]])
			continue;
		told[first[1][i]] = true;
		if (touched[root])
			list[TOUCHED][count[TOUCHED]++] = party[i];
		else
		{
			list[STILL][count[STILL]++] = party[i];
			list[GROUP][count[GROUP]++] = root;
		}
	}
	for (int f = 0; f < FIELDS; f++)
		values[f] = array_of(list[f], count[f]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}

/*
 * changed_places(record_ids, clusters, placed, parties, was_records, was_clusters, was_parties): how each record is now (is_now) and how it was, for
 * those of which something is new and those that are gone.
 */
Datum
crmseg_changed_places(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	size_t		n = SIZE_MAX,
				nplaced = SIZE_MAX,
				nwas = SIZE_MAX;
	const int64 *record = elements(fcinfo, 0, INT8OID, &n),
			   *cluster = elements(fcinfo, 1, INT8OID, &n),
			   *placed = elements(fcinfo, 2, INT8OID, &nplaced),
			   *of = elements(fcinfo, 3, INT8OID, &nplaced),
			   *was_record = elements(fcinfo, 4, INT8OID, &nwas),
			   *was_cluster = elements(fcinfo, 5, INT8OID, &nwas),
			   *was_party = elements(fcinfo, 6, INT8OID, &nwas);
	Places		places,
				was_places;
	bool	   *same = palloc_extended(nwas + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	InitMaterializedSRF(fcinfo, 0);
	places_make(&places, placed, nplaced);
	places_make(&was_places, was_record, nwas);
	for (size_t i = 0; i < n + nwas; i++)
	{
		bool		is_now = i < n;
		size_t		k = is_now ? i : i - n;
		int64		p,
					w;
		Datum		values[4];
		bool		nulls[4] = {0};

		if ((i & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (is_now)
		{
			p = place_of(&places, record[k]);
			w = place_of(&was_places, record[k]);
			if (p < 0)
				continue;
			if (w >= 0 && was_cluster[w] == cluster[k] && was_party[w] == of[p])
			{
				same[w] = true;
				continue;
			}
			values[0] = Int64GetDatum(record[k]);
			values[1] = Int64GetDatum(cluster[k]);
			values[2] = Int64GetDatum(of[p]);
		}
		else
		{
			if (same[k])
				continue;
			values[0] = Int64GetDatum(was_record[k]);
			values[1] = Int64GetDatum(was_cluster[k]);
			values[2] = Int64GetDatum(was_party[k]);
		}
		values[3] = BoolGetDatum(is_now);
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
