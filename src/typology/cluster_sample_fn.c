/*
 * cluster_sample_fn.c: the k-means aggregates and their state, the type cluster_sample: the rows as they came, side by side, and what is asked
 * of them. An expanded object while it grows, one flat value when it travels to another process or node. Rows come from SQL, go to kmeans.c.
 */
#include "typology/typology_fn.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/expandeddatum.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "state.h"

PG_FUNCTION_INFO_V1(crmseg_cluster_sample_in);
PG_FUNCTION_INFO_V1(crmseg_cluster_sample_out);
PG_FUNCTION_INFO_V1(crmseg_cluster_sample_recv);
PG_FUNCTION_INFO_V1(crmseg_cluster_sample_send);
PG_FUNCTION_INFO_V1(crmseg_cluster_sample_merge);
PG_FUNCTION_INFO_V1(crmseg_cluster_sample_add);
PG_FUNCTION_INFO_V1(crmseg_cluster_sample_add_start);
PG_FUNCTION_INFO_V1(crmseg_cluster_sample_add_range);
PG_FUNCTION_INFO_V1(crmseg_kmeans);
PG_FUNCTION_INFO_V1(crmseg_kmeans_models);

#define SAMPLE_MAGIC 0x434C5553
#define SAMPLE_VERSION 1
#define MAX_WEIGHT 1e15

/* what is asked: the same for all rows of one aggregate */
typedef struct request
{
	int32		d,
				k,
				last_k,			/* models of k to last_k centres */
				starts,
				max_iterations,
				silhouette_rows,
				standardise,
				given;			/* k centres are given */
	int64		seed;
} request;

typedef struct flat_sample
{
	int32		vl_len_;
	uint8		version;
	uint8		weighted;
	uint8		pad[2];
	request		ask;
	int64		rows;
	double		number[FLEXIBLE_ARRAY_MEMBER];	/* given centres, rows, weights if weighted */
} flat_sample;

typedef struct sample
{
	ExpandedObjectHeader header;
	int			magic;
	request		ask;
	double	   *start,			/* k x d, when given */
			   *x,				/* rows x d */
			   *w;				/* NULL: each row counts once */
	size_t		rows,
				capacity;
} sample;

#define HEADER offsetof(flat_sample, number)
#define STARTS(ask) ((ask)->given ? (size_t) (ask)->k * (ask)->d : 0)

static size_t
numbers(const request *ask, size_t rows, bool weighted)
{
	return STARTS(ask) + rows * (ask->d + (weighted ? 1 : 0));
}

static Size
get_flat_size(ExpandedObjectHeader *eohptr)
{
	sample	   *s = (sample *) eohptr;

	return HEADER + numbers(&s->ask, s->rows, s->w != NULL) * sizeof(double);
}

static void
flatten_into(ExpandedObjectHeader *eohptr, void *result, Size size)
{
	sample	   *s = (sample *) eohptr;
	flat_sample *f = result;
	double	   *to = f->number;

	memset(f, 0, HEADER);
	SET_VARSIZE(f, size);
	f->version = SAMPLE_VERSION;
	f->weighted = s->w != NULL;
	f->ask = s->ask;
	f->rows = s->rows;
	if (s->ask.given)
		memcpy(to, s->start, STARTS(&s->ask) * sizeof(double));
	to += STARTS(&s->ask);
	memcpy(to, s->x, s->rows * s->ask.d * sizeof(double));
	to += s->rows * s->ask.d;
	if (s->w != NULL)
		memcpy(to, s->w, s->rows * sizeof(double));
}

static const ExpandedObjectMethods methods = {get_flat_size, flatten_into};

static sample *
make(MemoryContext parent, const request *ask, const double *start)
{
	MemoryContext context = AllocSetContextCreate(parent, "cluster_sample", ALLOCSET_DEFAULT_SIZES);
	sample	   *s = MemoryContextAllocZero(context, sizeof(sample));

	EOH_init_header(&s->header, &methods, context);
	s->magic = SAMPLE_MAGIC;
	s->ask = *ask;
	s->capacity = 64;
	s->x = MemoryContextAllocHuge(context, s->capacity * ask->d * sizeof(double));
	if (ask->given)
	{
		s->start = MemoryContextAllocHuge(context, STARTS(ask) * sizeof(double));
		memcpy(s->start, start, STARTS(ask) * sizeof(double));
	}
	return s;
}

static void
append(sample *s, const double *x, double w)
{
	if (s->rows == s->capacity)
	{
		size_t		most = ((MaxAllocSize - HEADER) / sizeof(double) - STARTS(&s->ask)) / (s->ask.d + 1);

		if (s->rows >= most)
			ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("too many rows for one k-means: more than %zu of %d features", most, s->ask.d),
							errdetail("They would take more than 1 GB."),
							errhint("Cluster a sample of the rows, such as those of TABLESAMPLE BERNOULLI (10), and find the cluster of each row by nearest_cluster.")));
		s->capacity = Min(s->capacity * 2, most);
		s->x = repalloc_huge(s->x, s->capacity * s->ask.d * sizeof(double));
		if (s->w != NULL)
			s->w = repalloc_huge(s->w, s->capacity * sizeof(double));
	}
	if (w != 1 && s->w == NULL)
	{
		s->w = MemoryContextAllocHuge(s->header.eoh_context, s->capacity * sizeof(double));
		for (size_t i = 0; i < s->rows; i++)
			s->w[i] = 1;
	}
	memcpy(s->x + s->rows * s->ask.d, x, s->ask.d * sizeof(double));
	if (s->w != NULL)
		s->w[s->rows] = w;
	s->rows++;
}

/* a sample for reading, its arrays where they lie */
static void
view_of(Datum datum, sample *view)
{
	flat_sample *f;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(datum)))
	{
		*view = *(sample *) DatumGetEOHP(datum);
		Assert(view->magic == SAMPLE_MAGIC);
		return;
	}
	f = (flat_sample *) PG_DETOAST_DATUM(datum);
	if (VARSIZE(f) < HEADER || f->version != SAMPLE_VERSION)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("cluster_sample is of another version of the extension")));
	view->ask = f->ask;
	view->rows = f->rows;
	view->start = f->number;
	view->x = f->number + STARTS(&f->ask);
	view->w = f->weighted ? view->x + view->rows * f->ask.d : NULL;
}

static void
append_all(sample *s, const sample *from)
{
	for (size_t i = 0; i < from->rows; i++)
	{
		append(s, from->x + i * from->ask.d, from->w != NULL ? from->w[i] : 1);
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

/* the sample of an argument, to be written to: in place when it is ours to change, else a copy under the given context */
static sample *
writable(Datum datum, MemoryContext parent)
{
	sample	   *s,
				view;

	if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(datum)))
	{
		s = (sample *) DatumGetEOHP(datum);
		if (s->magic == SAMPLE_MAGIC)
			return s;
	}
	view_of(datum, &view);
	s = make(parent, &view.ask, view.start);
	append_all(s, &view);
	return s;
}

/* ---------- what is asked ---------- */

static int
option_number(const char *name, JsonbValue *v, int least, int most)
{
	double		n = NAN;

	if (v->type == jbvNumeric)
		n = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(v->val.numeric)));
	if (!(n >= least && n <= most) || n != floor(n))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("option \"%s\" must be a whole number from %d to %d", name, least, most)));
	return (int) n;
}

static void
read_options(Jsonb *options, request *ask)
{
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken token;

	if (!JB_ROOT_IS_OBJECT(options))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("options of k-means must be a JSON object")));
	it = JsonbIteratorInit(&options->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		char	   *name;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(v.val.string.val, v.val.string.len);
		JsonbIteratorNext(&it, &v, true);
		if (strcmp(name, "standardise") == 0)
		{
			if (v.type != jbvBool)
				ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("option \"%s\" must be true or false", name)));
			ask->standardise = v.val.boolean;
		}
		else if (strcmp(name, "starts") == 0)
			ask->starts = option_number(name, &v, 1, 1000);
		else if (strcmp(name, "max_iterations") == 0)
			ask->max_iterations = option_number(name, &v, 1, 1000000);
		else if (strcmp(name, "silhouette_rows") == 0)
			ask->silhouette_rows = option_number(name, &v, 0, 20000);
		else
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("k-means has no option \"%s\"", name),
							errhint("The options are standardise, starts, max_iterations and silhouette_rows.")));
	}
}

static request
request_of(int k, int last_k, int64 seed, FunctionCallInfo fcinfo, int options)
{
	request		ask = {0, k, last_k, 0, CLUSTER_ITERATIONS, CLUSTER_SILHOUETTE_ROWS, false, false, seed};

	if (k < 1 || k > CLUSTER_MAX_K || last_k < k || last_k > CLUSTER_MAX_K)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("k must be between 1 and %d", CLUSTER_MAX_K)));
	if (options > 0 && !PG_ARGISNULL(options))
		read_options(PG_GETARG_JSONB_P(options), &ask);
	return ask;
}

/* ---------- transitions ---------- */

#define ROOM 64

static Datum
unchanged(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* the state to which a row goes, NULL when it must be made first */
static sample *
state_of(FunctionCallInfo fcinfo)
{
	MemoryContext parent;

	if (PG_ARGISNULL(0))
		return NULL;
	if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(PG_GETARG_DATUM(0))))
		return writable(PG_GETARG_DATUM(0), CurrentMemoryContext);
	if (!AggCheckCallContext(fcinfo, &parent))
		parent = CurrentMemoryContext;
	return writable(PG_GETARG_DATUM(0), parent);
}

static sample *
new_state(FunctionCallInfo fcinfo, const request *ask, const double *start)
{
	MemoryContext parent;

	if (!AggCheckCallContext(fcinfo, &parent))
		parent = CurrentMemoryContext;
	return make(parent, ask, start);
}

static Datum
add_row(sample *s, const double *x, int d, double w)
{
	if (d != s->ask.d)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("all rows must have the same number of features"),
						errdetail("A row has %d, those before had %d.", d, s->ask.d)));
	if (!(w >= 0 && w <= MAX_WEIGHT))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("weight must be a number from 0 to 1e15")));
	if (w > 0)
		append(s, x, w);
	PG_RETURN_DATUM(EOHPGetRWDatum(&s->header));
}

/* (state, features, k, seed [, [weight,] options]): options are read at the first row */
Datum
crmseg_cluster_sample_add(PG_FUNCTION_ARGS)
{
	sample	   *s;
	double		room[ROOM],
			   *x;
	int			d,
				n = PG_NARGS();

	if (PG_ARGISNULL(1) || (n == 6 && PG_ARGISNULL(4)))
		return unchanged(fcinfo);
	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("k and seed must not be null")));
	x = cluster_features(PG_GETARG_DATUM(1), room, ROOM, &d);
	s = state_of(fcinfo);
	if (s == NULL)
	{
		request		ask = request_of(PG_GETARG_INT32(2), PG_GETARG_INT32(2), PG_GETARG_INT64(3), fcinfo, n == 5 ? 4 : n == 6 ? 5 : 0);

		ask.d = d;
		s = new_state(fcinfo, &ask, NULL);
	}
	else if (s->ask.k != PG_GETARG_INT32(2) || s->ask.seed != PG_GETARG_INT64(3))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("k and seed must be the same for all rows")));
	return add_row(s, x, d, n == 6 ? PG_GETARG_FLOAT8(4) : 1);
}

/* (state, features, start [, weight, options]): start is read at the first row */
Datum
crmseg_cluster_sample_add_start(PG_FUNCTION_ARGS)
{
	sample	   *s;
	double		room[ROOM],
			   *x;
	int			d;

	if (PG_ARGISNULL(1) || (PG_NARGS() == 5 && PG_ARGISNULL(3)))
		return unchanged(fcinfo);
	x = cluster_features(PG_GETARG_DATUM(1), room, ROOM, &d);
	s = state_of(fcinfo);
	if (s == NULL)
	{
		ArrayType  *start;
		const double *v;
		request		ask;

		if (PG_ARGISNULL(2))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("start must not be null")));
		start = PG_GETARG_ARRAYTYPE_P(2);
		if (ARR_NDIM(start) != 2 || ARR_DIMS(start)[1] != d || array_contains_nulls(start))
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("start must be an array of centres, each of as many numbers as a row has features"),
							errhint("Write ARRAY[[1, 2], [3, 4]]::float8[].")));
		v = (const double *) ARR_DATA_PTR(start);
		for (int i = 0; i < ARR_DIMS(start)[0] * d; i++)
			if (!(fabs(v[i]) <= CLUSTER_MAX_VALUE))
				ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("a start must consist of numbers from -1e140 to 1e140")));
		ask = request_of(ARR_DIMS(start)[0], ARR_DIMS(start)[0], 0, fcinfo, PG_NARGS() == 5 ? 4 : 0);
		ask.d = d;
		ask.given = true;
		s = new_state(fcinfo, &ask, v);
	}
	return add_row(s, x, d, PG_NARGS() == 5 ? PG_GETARG_FLOAT8(3) : 1);
}

/* (state, features, from k, to k, seed, options) */
Datum
crmseg_cluster_sample_add_range(PG_FUNCTION_ARGS)
{
	sample	   *s;
	double		room[ROOM],
			   *x;
	int			d;

	if (PG_ARGISNULL(1))
		return unchanged(fcinfo);
	if (PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(4))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("k and seed must not be null")));
	x = cluster_features(PG_GETARG_DATUM(1), room, ROOM, &d);
	s = state_of(fcinfo);
	if (s == NULL)
	{
		request		ask = request_of(PG_GETARG_INT32(2), PG_GETARG_INT32(3), PG_GETARG_INT64(4), fcinfo, 5);

		ask.d = d;
		s = new_state(fcinfo, &ask, NULL);
	}
	return add_row(s, x, d, 1);
}

Datum
crmseg_cluster_sample_merge(PG_FUNCTION_ARGS)
{
	MemoryContext parent;
	sample	   *s,
				view;

	if (!AggCheckCallContext(fcinfo, &parent))
		parent = CurrentMemoryContext;
	if (PG_ARGISNULL(1))
		return unchanged(fcinfo);
	view_of(PG_GETARG_DATUM(1), &view);
	if (PG_ARGISNULL(0))
		s = make(parent, &view.ask, view.start);
	else
		s = writable(PG_GETARG_DATUM(0), parent);
	if (memcmp(&s->ask, &view.ask, sizeof(request)) != 0 || (s->ask.given && memcmp(s->start, view.start, STARTS(&s->ask) * sizeof(double)) != 0))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("samples gathered for different k-means cannot be merged")));
	append_all(s, &view);
	PG_RETURN_DATUM(EOHPGetRWDatum(&s->header));
}

/* ---------- fitting ---------- */

/* models of ask.k to ask.last_k centres; how many, 0 when no row has a known feature */
static int
fit(Datum state, Datum *model)
{
	MemoryContext caller = CurrentMemoryContext,
				work = AllocSetContextCreate(CurrentMemoryContext, "kmeans", ALLOCSET_DEFAULT_SIZES);
	sample		view;
	cluster_rows rows;
	double	   *kept = NULL,
				ignored;
	int			n = 0;

	MemoryContextSwitchTo(work);
	view_of(state, &view);
	if (view.rows > PG_UINT32_MAX - 1)
		ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("too many rows for one k-means")));
	if (cluster_rows_order(view.x, view.w, view.rows, view.ask.d, view.ask.seed, &rows, &ignored, &typology_server))
	{
		if (view.ask.last_k > view.ask.k)
		{
			kept = typology_server.allocate(rows.n * rows.d * sizeof(double));
			memcpy(kept, rows.x, rows.n * rows.d * sizeof(double));
		}
		for (int k = view.ask.k; k <= view.ask.last_k; k++)
		{
			cluster_options o = {k, view.ask.starts, view.ask.max_iterations, view.ask.silhouette_rows, view.ask.standardise, view.ask.seed};
			stored_clusters *s;
			cluster_model m;
			const char *wrong;

			if (k > view.ask.k)
				memcpy(rows.x, kept, rows.n * rows.d * sizeof(double));
			MemoryContextSwitchTo(caller);
			s = cluster_model_make(k, rows.d, &m);
			MemoryContextSwitchTo(work);
			cluster_fit(&rows, &o, view.ask.given ? view.start : NULL, &m, &typology_server);
			m.ignored = ignored;
			if ((wrong = cluster_model_check(&m)) != NULL)
				elog(ERROR, "fitted model is not valid: %s", wrong);
			model[n++] = cluster_model_finish(s, &m);
		}
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(work);
	return n;
}

Datum
crmseg_kmeans(PG_FUNCTION_ARGS)
{
	Datum		model[CLUSTER_MAX_K];

	if (PG_ARGISNULL(0) || fit(PG_GETARG_DATUM(0), model) == 0)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(model[0]);
}

Datum
crmseg_kmeans_models(PG_FUNCTION_ARGS)
{
	Datum		model[CLUSTER_MAX_K];
	Oid			type = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	int			n;

	if (PG_ARGISNULL(0) || (n = fit(PG_GETARG_DATUM(0), model)) == 0)
		PG_RETURN_NULL();
	PG_RETURN_ARRAYTYPE_P(construct_array(model, n, type, -1, false, TYPALIGN_DOUBLE));
}

/* ---------- the type ---------- */

static void
send_sample(StringInfo buf, Datum datum)
{
	sample		view;
	size_t		n;

	view_of(datum, &view);
	pq_sendbyte(buf, SAMPLE_VERSION);
	pq_sendbyte(buf, view.w != NULL);
	pq_sendint32(buf, view.ask.d);
	pq_sendint32(buf, view.ask.k);
	pq_sendint32(buf, view.ask.last_k);
	pq_sendint32(buf, view.ask.starts);
	pq_sendint32(buf, view.ask.max_iterations);
	pq_sendint32(buf, view.ask.silhouette_rows);
	pq_sendbyte(buf, view.ask.standardise);
	pq_sendbyte(buf, view.ask.given);
	pq_sendint64(buf, view.ask.seed);
	pq_sendint64(buf, view.rows);
	for (size_t i = 0; i < STARTS(&view.ask); i++)
		pq_sendfloat8(buf, view.start[i]);
	n = view.rows * view.ask.d;
	for (size_t i = 0; i < n; i++)
		pq_sendfloat8(buf, view.x[i]);
	for (size_t i = 0; view.w != NULL && i < view.rows; i++)
		pq_sendfloat8(buf, view.w[i]);
}

/* what a hostile client may send: every number is held to the rules of the aggregates */
static Datum
receive_sample(StringInfo buf)
{
	request		ask = {0};
	int			version = pq_getmsgbyte(buf),
				weighted = pq_getmsgbyte(buf);
	int64		rows;
	sample	   *s;
	double	   *x,
				unknown = NAN;
	bool		good;

	ask.d = pq_getmsgint(buf, 4);
	ask.k = pq_getmsgint(buf, 4);
	ask.last_k = pq_getmsgint(buf, 4);
	ask.starts = pq_getmsgint(buf, 4);
	ask.max_iterations = pq_getmsgint(buf, 4);
	ask.silhouette_rows = pq_getmsgint(buf, 4);
	ask.standardise = pq_getmsgbyte(buf);
	ask.given = pq_getmsgbyte(buf);
	ask.seed = pq_getmsgint64(buf);
	rows = pq_getmsgint64(buf);
	good = version == SAMPLE_VERSION && weighted >= 0 && weighted <= 1 && ask.d >= 1 && ask.d <= CLUSTER_MAX_FEATURES && ask.k >= 1 && ask.last_k >= ask.k &&
		ask.last_k <= CLUSTER_MAX_K && ask.starts >= 0 && ask.starts <= 1000 && ask.max_iterations >= 1 && ask.max_iterations <= 1000000 &&
		ask.silhouette_rows >= 0 && ask.silhouette_rows <= 20000 && (ask.standardise & ~1) == 0 && (ask.given & ~1) == 0 && (!ask.given || ask.k == ask.last_k) &&
		rows >= 0 && rows < (buf->len - buf->cursor) && numbers(&ask, rows, weighted) * sizeof(double) == (size_t) (buf->len - buf->cursor);
	if (!good)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("invalid binary cluster_sample")));
	x = palloc(sizeof(double) * (numbers(&ask, rows, weighted) + 1));
	for (size_t i = 0; i < numbers(&ask, rows, weighted); i++)
	{
		bool		weight = i >= STARTS(&ask) + (size_t) rows * ask.d;

		x[i] = pq_getmsgfloat8(buf);
		/* numbers have one form: the usual NaN, and only where a feature is missing; zero without a sign */
		if (isnan(x[i]) && i >= STARTS(&ask) && !weight)
			good = memcmp(&x[i], &unknown, sizeof(double)) == 0;
		else
			good = weight ? x[i] > 0 && x[i] <= MAX_WEIGHT : fabs(x[i]) <= CLUSTER_MAX_VALUE && (x[i] != 0 || !signbit(x[i]));
		if (!good)
			ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("invalid number in binary cluster_sample")));
	}
	s = make(CurrentMemoryContext, &ask, x);
	if (weighted)
		s->w = MemoryContextAllocHuge(s->header.eoh_context, s->capacity * sizeof(double));
	x += STARTS(&ask);
	for (int64 i = 0; i < rows; i++)
	{
		append(s, x + i * ask.d, weighted ? x[rows * ask.d + i] : 1);
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return EOHPGetRWDatum(&s->header);
}

Datum
crmseg_cluster_sample_in(PG_FUNCTION_ARGS)
{
	bytea	   *b = DatumGetByteaPP(DirectFunctionCall1(byteain, PG_GETARG_DATUM(0)));
	StringInfoData buf;

	buf.data = VARDATA_ANY(b);
	buf.len = buf.maxlen = VARSIZE_ANY_EXHDR(b);
	buf.cursor = 0;
	PG_RETURN_DATUM(receive_sample(&buf));
}

Datum
crmseg_cluster_sample_out(PG_FUNCTION_ARGS)
{
	return state_out(crmseg_cluster_sample_send, PG_GETARG_DATUM(0));
}

Datum
crmseg_cluster_sample_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(receive_sample((StringInfo) PG_GETARG_POINTER(0)));
}

Datum
crmseg_cluster_sample_send(PG_FUNCTION_ARGS)
{
	StringInfoData buf;

	pq_begintypsend(&buf);
	send_sample(&buf, PG_GETARG_DATUM(0));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
