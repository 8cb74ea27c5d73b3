/*
 * link_fn.c: link_records, cluster_records, cluster_quality, resolve_records, explain_blocking and train_records for SQL: read a relation into the engine, run it, give rows.
 */
#include "match/link_fn.h"
#include "disjoint.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include <math.h>

#define KEEP_FROM -7.0			/* bits: weaker pairs take no part in clusters */
#define LONG_RUN 500000			/* records from which a phase is told */

PG_FUNCTION_INFO_V1(crmseg_link_records);
PG_FUNCTION_INFO_V1(crmseg_cluster_records);
PG_FUNCTION_INFO_V1(crmseg_cluster_quality);
PG_FUNCTION_INFO_V1(crmseg_resolve_records);
PG_FUNCTION_INFO_V1(crmseg_explain_blocking);
PG_FUNCTION_INFO_V1(crmseg_train_records);

static void
check_arguments(FunctionCallInfo fcinfo, const char *name, int needed)
{
	for (int i = 0; i < needed; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s: only other and model may be null", name)));
}

static double
threshold_bits(double p)
{
	if (!(p > 0 && p < 1))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("threshold must be above 0 and below 1"), errhint("0.5 is balanced, 0.8 careful.")));
	return log2(p / (1 - p));
}

/* runs everything up to the weighed pairs */
static link_engine *
run(FunctionCallInfo fcinfo, double keep_from, const char *order, LinkShared **shared)
{
	Jsonb	   *model = PG_ARGISNULL(5) ? NULL : PG_GETARG_JSONB_P(5);
	link_engine *e = link_read(PG_GETARG_OID(0), PG_GETARG_NAME(1), PG_GETARG_JSONB_P(2), PG_ARGISNULL(4) ? InvalidOid : PG_GETARG_OID(4), model, order);
	link_model	given;
	uint64		pairs,
				edges;
	int			level = link_rows(e) >= LONG_RUN ? NOTICE : DEBUG1;

	if (model)
		link_model_from(model, e, &given);
	ereport(level, (errmsg("%u records read", link_rows(e))));
	pairs = link_block(e);
	ereport(level, (errmsg(UINT64_FORMAT " candidate pairs", pairs)));
	link_train(e, model ? &given : NULL, NULL);
	edges = link_score_shared(e, keep_from, shared);
	ereport(level, (errmsg(UINT64_FORMAT " pairs of weight %.1f and more", edges, keep_from)));
	return e;
}

/* run, and for every row the least row of its cluster, by the threshold that was given */
static link_engine *
run_clusters(FunctionCallInfo fcinfo, uint32 **cluster, double *bits, const char *order, LinkShared **shared)
{
	double		threshold = threshold_bits(PG_GETARG_FLOAT8(3));
	link_engine *e = run(fcinfo, Min(threshold, KEEP_FROM), order, shared);

	*cluster = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(uint32) * (link_rows(e) + 1));
	link_cluster_shared(e, threshold, *cluster, *shared);
	link_state_weights(e);
	if (bits)
		*bits = threshold;
	return e;
}

static MemoryContext
engine_context(void)
{
	return AllocSetContextCreate(CurrentMemoryContext, "linkage", ALLOCSET_DEFAULT_SIZES);
}

/* ids of digits by number, others by their bytes */
static int
compare_ids(const char *a, size_t na, const char *b, size_t nb)
{
	bool		digits = true;
	int			r;

	for (size_t i = 0; i < na && digits; i++)
		digits = a[i] >= '0' && a[i] <= '9';
	for (size_t i = 0; i < nb && digits; i++)
		digits = b[i] >= '0' && b[i] <= '9';
	if (digits && na != nb)
		return na < nb ? -1 : 1;
	r = memcmp(a, b, Min(na, nb));
	return r != 0 ? r : na < nb ? -1 : na > nb;
}

static Datum
id_datum(const link_engine *e, uint32 row, bool prefix, char **buffer, size_t *room)
{
	size_t		n;
	int			side;
	const char *id = link_id(e, row, &n, &side);
	char	   *p;

	if (!*buffer || *room < n + 8)
	{
		*room = n + 64;
		*buffer = palloc(*room);
	}
	p = VARDATA(*buffer);
	if (prefix)
	{
		*p++ = side ? 'b' : 'a';
		*p++ = ':';
	}
	memcpy(p, id, n);
	SET_VARSIZE(*buffer, VARHDRSZ + n + (prefix ? 2 : 0));
	return PointerGetDatum(*buffer);
}

/* link_records(records, id_column, columns, threshold, other, model) */
Datum
crmseg_link_records(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *store;
	MemoryContext context,
				old;
	link_engine *e;
	const link_edge *edge;
	LinkShared *shared;
	uint64		n;
	double		least;
	char	   *buffer[2] = {NULL, NULL};
	size_t		room[2] = {0, 0};

	check_arguments(fcinfo, "link_records", 4);
	least = threshold_bits(PG_GETARG_FLOAT8(3));
	store = link_result(fcinfo, &desc);
	context = engine_context();
	old = MemoryContextSwitchTo(context);
	e = run(fcinfo, Min(link_unstated(false, 0, least), link_unstated(true, 0, least)) - 0.001, NULL, &shared);
	link_state_weights(e);
	edge = link_edges(e, &n);
	for (uint64 i = 0; i < n; i++)
	{
		Datum		values[4];
		bool		nulls[4] = {0};
		uint32		a = edge[i].a,
					b = edge[i].b;
		size_t		na,
					nb;
		int			sa,
					sb;
		const char *ia = link_id(e, a, &na, &sa),
				   *ib = link_id(e, b, &nb, &sb);

		if (edge[i].weight < least)
			continue;
		if (sa != sb ? sa > sb : compare_ids(ia, na, ib, nb) > 0)
		{
			a = edge[i].b;
			b = edge[i].a;
		}
		values[0] = id_datum(e, a, false, &buffer[0], &room[0]);
		values[1] = id_datum(e, b, false, &buffer[1], &room[1]);
		values[2] = Float8GetDatum(edge[i].weight);
		values[3] = Float8GetDatum(1 / (1 + exp2(-(double) edge[i].weight)));
		tuplestore_putvalues(store, desc, values, nulls);
		if ((i & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	link_shared_end(shared);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return (Datum) 0;
}

/* cluster_records(the same): every record, and the least id of its cluster */
Datum
crmseg_cluster_records(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *store;
	MemoryContext context,
				old;
	link_engine *e;
	uint32	   *cluster,
			   *least,
				n;
	LinkShared *shared;
	bool		prefix = !PG_ARGISNULL(4);
	char	   *buffer[2] = {NULL, NULL};
	size_t		room[2] = {0, 0};

	check_arguments(fcinfo, "cluster_records", 4);
	store = link_result(fcinfo, &desc);
	context = engine_context();
	old = MemoryContextSwitchTo(context);
	e = run_clusters(fcinfo, &cluster, NULL, NULL, &shared);
	n = link_rows(e);
	least = MemoryContextAllocHuge(context, sizeof(uint32) * (n + 1));
	for (uint32 i = 0; i < n; i++)
	{
		uint32		c = cluster[i];

		/* ids lie as the rows were read, rows do not */
		if (i + 16 < n && cluster[i + 16] != i + 16)
		{
			link_prefetch_id(e, i + 16);
			link_prefetch_id(e, cluster[i + 16]);
		}
		if (c == i)
			least[c] = i;
		else
		{
			size_t		na,
						nb;
			int			sa,
						sb;
			const char *ia = link_id(e, i, &na, &sa),
					   *ib = link_id(e, least[c], &nb, &sb);

			if (sa != sb ? sa < sb : compare_ids(ia, na, ib, nb) < 0)
				least[c] = i;
		}
	}
	for (uint32 i = 0; i < n; i++)
	{
		Datum		values[2];
		bool		nulls[2] = {0};

		if (i + 16 < n)
		{
			link_prefetch_id(e, i + 16);
			link_prefetch_id(e, least[cluster[i + 16]]);
		}
		values[0] = id_datum(e, i, prefix, &buffer[0], &room[0]);
		values[1] = least[cluster[i]] == i ? values[0] : id_datum(e, least[cluster[i]], prefix, &buffer[1], &room[1]);
		tuplestore_putvalues(store, desc, values, nulls);
		if ((i & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	link_shared_end(shared);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return (Datum) 0;
}

static int
heavier_first(const void *a, const void *b)
{
	const link_edge *x = a,
			   *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return x->a != y->a ? (x->a < y->a ? -1 : 1) : x->b < y->b ? -1 : x->b > y->b;
}

typedef struct ClusterQuality
{
	uint32		size,
				least,			/* row of the least id */
				weakest;		/* edge, plus one */
	uint64		links,
				held_by;		/* edges between the two halves that the weakest one holds together, itself too */
} ClusterQuality;

/* of every cluster, by its least row; *inner gets the edges within clusters, heaviest first */
static ClusterQuality *
quality(const link_engine *e, const uint32 *cluster, double threshold, link_edge **inner_out)
{
	uint32		n = link_rows(e),
			   *up = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(uint32) * (n + 1));
	ClusterQuality *q = MemoryContextAllocExtended(CurrentMemoryContext, sizeof(ClusterQuality) * (n + 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	uint64		nedges,
				ninner = 0;
	const link_edge *edge = link_edges(e, &nedges);
	link_edge  *inner;

	for (uint32 i = 0; i < n; i++)
	{
		ClusterQuality *c = &q[cluster[i]];
		size_t		na,
					nb;
		int			sa,
					sb;
		const char *ia = link_id(e, i, &na, &sa),
				   *ib;

		up[i] = i;
		if (c->size++ == 0)
			c->least = i;
		ib = link_id(e, c->least, &nb, &sb);
		if (sa != sb ? sa < sb : compare_ids(ia, na, ib, nb) < 0)
			c->least = i;
	}
	for (uint64 i = 0; i < nedges; i++)
		ninner += cluster[edge[i].a] == cluster[edge[i].b];
	inner = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(link_edge) * (ninner + 1));
	ninner = 0;
	for (uint64 i = 0; i < nedges; i++)
		if (cluster[edge[i].a] == cluster[edge[i].b])
			inner[ninner++] = edge[i];
	CHECK_FOR_INTERRUPTS();
	qsort(inner, ninner, sizeof(link_edge), heavier_first);
	for (uint64 i = 0; i < ninner; i++)
	{
		ClusterQuality *c = &q[cluster[inner[i].a]];
		uint32		a = disjoint_root(up, inner[i].a),
					b = disjoint_root(up, inner[i].b);

		c->links += inner[i].weight >= threshold;
		if (a != b)
		{
			up[a] = b;
			c->weakest = (uint32) i + 1;
		}
		if ((i & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	/* once more, without the weakest: what is then in two halves is held together by it and by what is lighter still */
	for (uint32 i = 0; i < n; i++)
		up[i] = i;
	for (uint64 i = 0; i < ninner; i++)
	{
		ClusterQuality *c = &q[cluster[inner[i].a]];
		uint32		a = disjoint_root(up, inner[i].a),
					b = disjoint_root(up, inner[i].b);

		if (i + 1 < c->weakest)
			up[a] = b;
		else
			c->held_by += a != b;
		if ((i & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	pfree(up);
	*inner_out = inner;
	return q;
}

/*
 * cluster_quality(as cluster_records, size_guard): of each cluster of two and more how many pairs of its members are links by themselves, and
 * the weakest of the edges that hold it together: the lightest of its heaviest spanning tree, which where it is cut falls into two.
 */
Datum
crmseg_cluster_quality(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *store;
	MemoryContext context,
				old;
	link_engine *e;
	LinkShared *shared;
	uint32	   *cluster,
				n;
	ClusterQuality *q;
	link_edge  *inner;
	double		threshold;
	bool		prefix = !PG_ARGISNULL(4);
	int64		guard;
	char	   *buffer[3] = {NULL, NULL, NULL};
	size_t		room[3] = {0, 0, 0};

	check_arguments(fcinfo, "cluster_quality", 4);
	if (PG_ARGISNULL(6) || PG_GETARG_INT32(6) < 1)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("size_guard must be 1 or more")));
	guard = PG_GETARG_INT32(6);
	store = link_result(fcinfo, &desc);
	context = engine_context();
	old = MemoryContextSwitchTo(context);
	e = run_clusters(fcinfo, &cluster, &threshold, NULL, &shared);
	n = link_rows(e);
	q = quality(e, cluster, threshold, &inner);
	for (uint32 i = 0; i < n; i++)
	{
		const ClusterQuality *c = &q[i];
		Datum		values[10];
		bool		nulls[10] = {0};

		if (c->size < 2)
			continue;
		values[0] = id_datum(e, c->least, prefix, &buffer[0], &room[0]);
		values[1] = Int64GetDatum(c->size);
		values[2] = Int64GetDatum((int64) c->links);
		values[3] = Float8GetDatum(c->links / (c->size * (c->size - 1.0) / 2));
		nulls[4] = nulls[5] = nulls[6] = nulls[7] = nulls[8] = c->weakest == 0;
		if (c->weakest)
		{
			const link_edge *x = &inner[c->weakest - 1];

			values[4] = Float8GetDatum(x->weight);
			values[5] = Float8GetDatum(1 / (1 + exp2(-(double) x->weight)));
			values[6] = id_datum(e, x->a, prefix, &buffer[1], &room[1]);
			values[7] = id_datum(e, x->b, prefix, &buffer[2], &room[2]);
		}
		values[8] = Int64GetDatum((int64) c->held_by);
		values[9] = BoolGetDatum(c->size > guard);
		tuplestore_putvalues(store, desc, values, nulls);
		if ((i & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	link_shared_end(shared);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return (Datum) 0;
}

static Datum
numbers(const int64 *v, const bool *nulls, size_t n)
{
	int			dims[1] = {(int) n},
				low[1] = {1};

	StaticAssertStmt(sizeof(Datum) == sizeof(int64), "numbers are passed by value");
	if (n > MaxArraySize)
		ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("resolve_records: at most %zu pairs", (size_t) MaxArraySize), errhint("Ask for pairs of a higher probability.")));
	if (n == 0)
		return PointerGetDatum(construct_empty_array(INT8OID));
	return PointerGetDatum(construct_md_array((Datum *) v, (bool *) nulls, 1, dims, low, INT8OID, 8, true, TYPALIGN_DOUBLE));
}

/*
 * resolve_records(as cluster_records, at_least, order_column): what resolve asks of records whose ids are numbers, from one run: every record with its cluster,
 * every pair of at least that probability, and the quality of every cluster of two and more. One row of arrays: they go on to functions that
 * take them whole.
 */
Datum
crmseg_resolve_records(PG_FUNCTION_ARGS)
{
	enum
	{
		RECORD, CLUSTER, LEFT, RIGHT, WEIGHT, OF, SIZE, LINKS, HELD_BY, WEAKEST_LEFT, WEAKEST_RIGHT, WEAKEST, FIELDS
	};
	TupleDesc	desc;
	Datum		values[FIELDS];
	bool		nulls[FIELDS] = {0},
			   *without;
	MemoryContext context,
				old;
	link_engine *e;
	LinkShared *shared;
	uint32	   *cluster,
				n;
	int64	   *number,
			   *list[FIELDS];
	ClusterQuality *q;
	link_edge  *inner;
	const link_edge *edge;
	uint64		nedges,
				npairs = 0;
	uint32		nclusters = 0;
	double		threshold,
				least;

	check_arguments(fcinfo, "resolve_records", 4);
	least = PG_ARGISNULL(6) ? 0.01 : PG_GETARG_FLOAT8(6);
	least = Max(threshold_bits(least), KEEP_FROM);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != FIELDS)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);
	context = engine_context();
	old = MemoryContextSwitchTo(context);
	e = run_clusters(fcinfo, &cluster, &threshold, PG_ARGISNULL(7) ? NULL : NameStr(*PG_GETARG_NAME(7)), &shared);
	n = link_rows(e);
	q = quality(e, cluster, threshold, &inner);
	edge = link_edges(e, &nedges);
	number = MemoryContextAllocHuge(context, sizeof(int64) * (n + 1));
	for (uint32 i = 0; i < n; i++)
	{
		char		text[24];
		size_t		len;
		int			side;
		const char *id = link_id(e, i, &len, &side);

		if (len >= sizeof text)
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("resolve_records: ids must be numbers")));
		memcpy(text, id, len);
		text[len] = 0;
		number[i] = pg_strtoint64(text);
		nclusters += q[i].size > 1;
	}
	for (uint64 i = 0; i < nedges; i++)
		npairs += edge[i].weight >= least;
	for (int f = 0; f < FIELDS; f++)
		list[f] = MemoryContextAllocHuge(context, sizeof(int64) * ((f <= CLUSTER ? n : f <= WEIGHT ? npairs : nclusters) + 1));
	without = MemoryContextAllocZero(context, nclusters + 1);
	CHECK_FOR_INTERRUPTS();
	/* a cluster is called by its first record: parts of one by their own */
	link_part_by_date(e, cluster);
	for (uint32 i = 0; i < n; i++)
	{
		list[RECORD][i] = number[i];
		list[CLUSTER][i] = number[cluster[i]];
	}
	npairs = 0;
	for (uint64 i = 0; i < nedges; i++)
		if (edge[i].weight >= least)
		{
			int64		a = number[edge[i].a],
						b = number[edge[i].b];

			list[LEFT][npairs] = Min(a, b);
			list[RIGHT][npairs] = Max(a, b);
			list[WEIGHT][npairs++] = DatumGetInt64(Float8GetDatum(edge[i].weight));
		}
	nclusters = 0;
	for (uint32 i = 0; i < n; i++)
		if (q[i].size > 1)
		{
			const link_edge *x = q[i].weakest ? &inner[q[i].weakest - 1] : NULL;
			uint32		k = nclusters++;

			without[k] = !x;
			list[OF][k] = number[q[i].least];
			list[SIZE][k] = q[i].size;
			list[LINKS][k] = (int64) q[i].links;
			list[HELD_BY][k] = (int64) q[i].held_by;
			list[WEAKEST_LEFT][k] = x ? number[x->a] : 0;
			list[WEAKEST_RIGHT][k] = x ? number[x->b] : 0;
			list[WEAKEST][k] = x ? DatumGetInt64(Float8GetDatum(x->weight)) : 0;
		}
	link_shared_end(shared);
	MemoryContextSwitchTo(old);
	for (int f = 0; f < FIELDS; f++)
	{
		values[f] = numbers(list[f], f >= WEAKEST_LEFT ? without : NULL, f <= CLUSTER ? n : f <= WEIGHT ? npairs : nclusters);
		/* as wide, and passed alike */
		if (f == WEIGHT || f == WEAKEST)
			ARR_ELEMTYPE(DatumGetArrayTypeP(values[f])) = FLOAT8OID;
	}
	MemoryContextDelete(context);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}

/* explain_blocking(records, id_column, columns) */
Datum
crmseg_explain_blocking(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *store;
	MemoryContext context,
				old;
	link_engine *e;
	const link_rule *rule;
	int			n;

	check_arguments(fcinfo, "explain_blocking", 3);
	store = link_result(fcinfo, &desc);
	context = engine_context();
	old = MemoryContextSwitchTo(context);
	e = link_read(PG_GETARG_OID(0), PG_GETARG_NAME(1), PG_GETARG_JSONB_P(2), InvalidOid, NULL, NULL);
	link_block(e);
	rule = link_rules(e, &n);
	for (int i = 0; i < n; i++)
	{
		Datum		values[5];
		bool		nulls[5] = {0};

		/* a rule that these columns cannot have */
		if (rule[i].blocks == 0 && rule[i].pairs == 0)
			continue;
		values[0] = CStringGetTextDatum(rule[i].name);
		values[1] = Int64GetDatum((int64) rule[i].blocks);
		values[2] = Int64GetDatum((int64) rule[i].pairs);
		values[3] = Int64GetDatum((int64) rule[i].largest);
		values[4] = Int64GetDatum((int64) rule[i].skipped);
		tuplestore_putvalues(store, desc, values, nulls);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return (Datum) 0;
}

/* train_records(records, id_column, columns, other): the model of a relation */
Datum
crmseg_train_records(PG_FUNCTION_ARGS)
{
	MemoryContext context,
				old;
	link_engine *e;
	link_model	model;
	Jsonb	   *json;

	check_arguments(fcinfo, "train_records", 3);
	context = engine_context();
	old = MemoryContextSwitchTo(context);
	e = link_read(PG_GETARG_OID(0), PG_GETARG_NAME(1), PG_GETARG_JSONB_P(2), PG_ARGISNULL(3) ? InvalidOid : PG_GETARG_OID(3), NULL, NULL);
	link_block(e);
	link_train(e, NULL, &model);
	MemoryContextSwitchTo(old);
	json = link_model_to(e, &model);
	MemoryContextDelete(context);
	PG_RETURN_JSONB_P(json);
}
