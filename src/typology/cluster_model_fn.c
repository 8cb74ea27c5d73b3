/*
 * cluster_model_fn.c: the type cluster_model: text and binary form, comparison, hash, what can be read from a model, and the nearest
 * centre to a row. Models come from cluster_sample_fn.c or from their text (cluster_text.c).
 */
#include "typology/typology_fn.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(crmseg_cluster_model_in);
PG_FUNCTION_INFO_V1(crmseg_cluster_model_out);
PG_FUNCTION_INFO_V1(crmseg_cluster_model_recv);
PG_FUNCTION_INFO_V1(crmseg_cluster_model_send);
PG_FUNCTION_INFO_V1(crmseg_cluster_model_eq);
PG_FUNCTION_INFO_V1(crmseg_cluster_model_ne);
PG_FUNCTION_INFO_V1(crmseg_cluster_model_lt);
PG_FUNCTION_INFO_V1(crmseg_cluster_model_le);
PG_FUNCTION_INFO_V1(crmseg_cluster_model_gt);
PG_FUNCTION_INFO_V1(crmseg_cluster_model_ge);
PG_FUNCTION_INFO_V1(crmseg_cluster_model_cmp);
PG_FUNCTION_INFO_V1(crmseg_cluster_model_hash);
PG_FUNCTION_INFO_V1(crmseg_cluster_model_hash_extended);
PG_FUNCTION_INFO_V1(crmseg_cluster_centres);
PG_FUNCTION_INFO_V1(crmseg_cluster_numbers);
PG_FUNCTION_INFO_V1(crmseg_cluster_number);
PG_FUNCTION_INFO_V1(crmseg_cluster_count);
PG_FUNCTION_INFO_V1(crmseg_cluster_status);
PG_FUNCTION_INFO_V1(crmseg_nearest_cluster);
PG_FUNCTION_INFO_V1(crmseg_cluster_distance);

static void *
allocate(size_t size)
{
	return MemoryContextAllocExtended(CurrentMemoryContext, size + 1, MCXT_ALLOC_HUGE);
}

static void
tick(void)
{
	CHECK_FOR_INTERRUPTS();
}

const typology_host typology_server = {allocate, pfree, tick};

#define HEADER offsetof(stored_clusters, number)

static void
view_of(stored_clusters *s, cluster_model *m)
{
	if (VARSIZE(s) < HEADER || s->version != CLUSTER_MODEL_VERSION || s->k < 1 || s->k > CLUSTER_MAX_K || s->d < 1 || s->d > CLUSTER_MAX_FEATURES ||
		VARSIZE(s) != HEADER + CLUSTER_NUMBERS(s->k, s->d) * sizeof(double))
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("cluster_model is of another version of the extension")));
	*m = (cluster_model) {s->k, s->d, s->status, s->standardised, s->seed, s->iterations, s->rows, s->ignored, s->inertia, s->total, s->silhouette, s->number};
}

void
cluster_model_arg(FunctionCallInfo fcinfo, int n, cluster_model *m)
{
	view_of((stored_clusters *) PG_DETOAST_DATUM(PG_GETARG_DATUM(n)), m);
}

/* room for a model of that shape; its numbers are written through view */
stored_clusters *
cluster_model_make(int k, int d, cluster_model *view)
{
	stored_clusters *s = palloc0(HEADER + CLUSTER_NUMBERS(k, d) * sizeof(double));

	memset(view, 0, sizeof(*view));
	view->k = k;
	view->d = d;
	view->number = s->number;
	return s;
}

/* what m says, which may have fewer centres than there was room for */
Datum
cluster_model_finish(stored_clusters *s, const cluster_model *m)
{
	SET_VARSIZE(s, HEADER + CLUSTER_NUMBERS(m->k, m->d) * sizeof(double));
	s->version = CLUSTER_MODEL_VERSION;
	s->k = m->k;
	s->d = m->d;
	s->status = m->status;
	s->standardised = m->standardised;
	s->seed = m->seed;
	s->iterations = m->iterations;
	s->rows = m->rows;
	s->ignored = m->ignored;
	s->inertia = m->inertia;
	s->total = m->total;
	s->silhouette = m->silhouette;
	return PointerGetDatum(s);
}

Datum
crmseg_cluster_model_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	size_t		position = 0;
	int			k,
				d;
	cluster_model m;
	stored_clusters *s = NULL;
	const char *wrong = cluster_text_shape(text, strlen(text), &k, &d, &position);

	if (wrong == NULL)
	{
		s = cluster_model_make(k, d, &m);
		wrong = cluster_text_parse(text, strlen(text), &m, &position);
	}
	if (wrong != NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(CRMSEG_BAD_TEXT), errmsg("invalid input syntax for type %s at character %zu", "cluster_model", position + 1),
				 errdetail_internal("%s", wrong), errhint("Write a model as kmeans(centres={{1,2},{3,4}}).")));
	PG_RETURN_DATUM(cluster_model_finish(s, &m));
}

Datum
crmseg_cluster_model_out(PG_FUNCTION_ARGS)
{
	cluster_model m;
	char	   *text;

	cluster_model_arg(fcinfo, 0, &m);
	text = palloc(cluster_text_room(&m));
	cluster_text_print(&m, text);
	PG_RETURN_CSTRING(text);
}

Datum
crmseg_cluster_model_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buf);
	cluster_model m;
	stored_clusters *s;
	int			k,
				d;
	const char *wrong;

	if (version != CLUSTER_MODEL_VERSION)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("unsupported version number %d of cluster_model", version)));
	k = pq_getmsgint(buf, 4);
	d = pq_getmsgint(buf, 4);
	if (k < 1 || k > CLUSTER_MAX_K || d < 1 || d > CLUSTER_MAX_FEATURES || (size_t) (buf->len - buf->cursor) != 64 + CLUSTER_NUMBERS(k, d) * sizeof(double))
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("invalid binary cluster_model"), errdetail_internal("Its length does not fit its shape.")));
	s = cluster_model_make(k, d, &m);
	m.status = pq_getmsgint(buf, 4);
	m.standardised = pq_getmsgint(buf, 4);
	m.seed = pq_getmsgint64(buf);
	m.iterations = pq_getmsgint64(buf);
	m.rows = pq_getmsgfloat8(buf);
	m.ignored = pq_getmsgfloat8(buf);
	m.inertia = pq_getmsgfloat8(buf);
	m.total = pq_getmsgfloat8(buf);
	m.silhouette = pq_getmsgfloat8(buf);
	for (size_t i = 0; i < CLUSTER_NUMBERS(k, d); i++)
		m.number[i] = pq_getmsgfloat8(buf);
	if ((wrong = cluster_model_check(&m)) != NULL)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("invalid binary cluster_model"), errdetail_internal("%s", wrong)));
	PG_RETURN_DATUM(cluster_model_finish(s, &m));
}

Datum
crmseg_cluster_model_send(PG_FUNCTION_ARGS)
{
	cluster_model m;
	StringInfoData buf;

	cluster_model_arg(fcinfo, 0, &m);
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, CLUSTER_MODEL_VERSION);
	pq_sendint32(&buf, m.k);
	pq_sendint32(&buf, m.d);
	pq_sendint32(&buf, m.status);
	pq_sendint32(&buf, m.standardised);
	pq_sendint64(&buf, m.seed);
	pq_sendint64(&buf, m.iterations);
	pq_sendfloat8(&buf, m.rows);
	pq_sendfloat8(&buf, m.ignored);
	pq_sendfloat8(&buf, m.inertia);
	pq_sendfloat8(&buf, m.total);
	pq_sendfloat8(&buf, m.silhouette);
	for (size_t i = 0; i < CLUSTER_NUMBERS(m.k, m.d); i++)
		pq_sendfloat8(&buf, m.number[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* ---------- order ---------- */

/* unknown numbers last */
static int
compare_numbers(double a, double b)
{
	if (isnan(a) || isnan(b))
		return (isnan(a) != 0) - (isnan(b) != 0);
	return (a > b) - (a < b);
}

/* by number of centres and features, then the numbers, then what the fit says. Never raises. */
static int
compare(FunctionCallInfo fcinfo)
{
	stored_clusters *a = (stored_clusters *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0)),
			   *b = (stored_clusters *) PG_DETOAST_DATUM(PG_GETARG_DATUM(1));
	const double x[] = {a->rows, a->ignored, a->inertia, a->total, a->silhouette, a->status, a->standardised},
				y[] = {b->rows, b->ignored, b->inertia, b->total, b->silhouette, b->status, b->standardised};
	int			c = 0;

	if (a->k != b->k)
		return a->k < b->k ? -1 : 1;
	if (a->d != b->d)
		return a->d < b->d ? -1 : 1;
	for (size_t i = 0; c == 0 && i < CLUSTER_NUMBERS(a->k, a->d); i++)
		c = compare_numbers(a->number[i], b->number[i]);
	for (size_t i = 0; c == 0 && i < lengthof(x); i++)
		c = compare_numbers(x[i], y[i]);
	if (c == 0 && a->seed != b->seed)
		c = a->seed < b->seed ? -1 : 1;
	if (c == 0 && a->iterations != b->iterations)
		c = a->iterations < b->iterations ? -1 : 1;
	return c;
}

Datum crmseg_cluster_model_eq(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare(fcinfo) == 0); }
Datum crmseg_cluster_model_ne(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare(fcinfo) != 0); }
Datum crmseg_cluster_model_lt(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare(fcinfo) < 0); }
Datum crmseg_cluster_model_le(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare(fcinfo) <= 0); }
Datum crmseg_cluster_model_gt(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare(fcinfo) > 0); }
Datum crmseg_cluster_model_ge(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare(fcinfo) >= 0); }
Datum crmseg_cluster_model_cmp(PG_FUNCTION_ARGS) { PG_RETURN_INT32(compare(fcinfo)); }

/* equal models are equal bytes: every number has one form */
Datum
crmseg_cluster_model_hash(PG_FUNCTION_ARGS)
{
	stored_clusters *s = (stored_clusters *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));

	PG_RETURN_DATUM(hash_any((const unsigned char *) &s->k, VARSIZE(s) - offsetof(stored_clusters, k)));
}

Datum
crmseg_cluster_model_hash_extended(PG_FUNCTION_ARGS)
{
	stored_clusters *s = (stored_clusters *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));

	PG_RETURN_DATUM(hash_any_extended((const unsigned char *) &s->k, VARSIZE(s) - offsetof(stored_clusters, k), PG_GETARG_INT64(1)));
}

/* ---------- reading ---------- */

Datum
crmseg_cluster_centres(PG_FUNCTION_ARGS)
{
	cluster_model m;
	Datum	   *element;
	int			bounds[2] = {1, 1};

	cluster_model_arg(fcinfo, 0, &m);
	element = palloc(sizeof(Datum) * m.k * m.d);
	for (int i = 0; i < m.k * m.d; i++)
		element[i] = Float8GetDatum(m.number[i]);
	PG_RETURN_ARRAYTYPE_P(construct_md_array(element, NULL, 2, (int[2]) {m.k, m.d}, bounds, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* the arrays of one dimension: 0 sizes, 1 sums of squares, 2 means, 3 deviations; NULL when unknown */
Datum
crmseg_cluster_numbers(PG_FUNCTION_ARGS)
{
	cluster_model m;
	int			which = PG_GETARG_INT32(1),
				n;
	const double *v;
	Datum	   *element;

	cluster_model_arg(fcinfo, 0, &m);
	if (which < 0 || which > 3)
		PG_RETURN_NULL();
	v = which == 0 ? CLUSTER_SIZE(&m) : which == 1 ? CLUSTER_WITHIN(&m) : which == 2 ? CLUSTER_MEAN(&m) : CLUSTER_DEVIATION(&m);
	n = which < 2 ? m.k : m.d;
	if (isnan(v[0]))
		PG_RETURN_NULL();
	element = palloc(sizeof(Datum) * n);
	for (int i = 0; i < n; i++)
		element[i] = Float8GetDatum(v[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(element, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* 0 rows, 1 ignored, 2 inertia, 3 total, 4 silhouette, 5 iterations, 6 whether standardised; NULL when unknown */
Datum
crmseg_cluster_number(PG_FUNCTION_ARGS)
{
	cluster_model m;
	int			which = PG_GETARG_INT32(1);
	double		v;

	cluster_model_arg(fcinfo, 0, &m);
	v = which == 0 ? m.rows : which == 1 ? m.ignored : which == 2 ? m.inertia : which == 3 ? m.total : which == 4 ? m.silhouette : which == 5 ? (double) m.iterations : which == 6 ? m.standardised : NAN;
	if (isnan(v))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(v);
}

Datum
crmseg_cluster_count(PG_FUNCTION_ARGS)
{
	cluster_model m;

	cluster_model_arg(fcinfo, 0, &m);
	PG_RETURN_INT32(m.k);
}

Datum
crmseg_cluster_status(PG_FUNCTION_ARGS)
{
	cluster_model m;

	cluster_model_arg(fcinfo, 0, &m);
	PG_RETURN_TEXT_P(cstring_to_text(m.status == CLUSTER_CONVERGED ? "converged" : m.status == CLUSTER_NOT_CONVERGED ? "not_converged" : "given"));
}

/* ---------- rows ---------- */

/*
 * The features of a row, NULL as NaN, minus zero as zero: in room when they fit, else palloc'd. An array without NULLs is read where it lies,
 * also from a short datum, whose numbers are not aligned.
 */
double *
cluster_features(Datum array, double *room, int room_for, int *d)
{
	struct varlena *v = PG_DETOAST_DATUM_PACKED(array);
	const char *p = VARDATA_ANY(v);
	int32		head[5];		/* dimensions, offset of the data, element type, length, lower bound */

	if (VARSIZE_ANY_EXHDR(v) < 12)
		elog(ERROR, "invalid array");
	memcpy(head, p, 12);
	if (head[0] != 1)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("features must be an array of one dimension with at least one element"),
						errhint("Write ARRAY[recency, frequency, amount]::float8[].")));
	memcpy(head + 3, p + 12, 8);
	*d = head[3];
	if (*d > CLUSTER_MAX_FEATURES)
		ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("a row has at most %d features", CLUSTER_MAX_FEATURES)));
	if (*d > room_for)
		room = palloc(*d * sizeof(double));
	if (head[1] == 0)
		memcpy(room, p + ARR_OVERHEAD_NONULLS(1) - VARHDRSZ, *d * sizeof(double));
	else
	{
		const bits8 *bitmap = (const bits8 *) p + 20;
		const char *at = p + head[1] - VARHDRSZ;

		for (int j = 0; j < *d; j++)
			if (bitmap[j / 8] & (1 << (j % 8)))
			{
				memcpy(&room[j], at, sizeof(double));
				at += sizeof(double);
			}
			else
				room[j] = NAN;
	}
	for (int j = 0; j < *d; j++)
	{
		if (isnan(room[j]))
			room[j] = NAN;
		else if (!(fabs(room[j]) <= CLUSTER_MAX_VALUE))
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("a feature must be a number from -1e140 to 1e140"), errhint("NULL and NaN stand for a missing feature.")));
		room[j] += 0.0;
	}
	return room;
}

#define ROOM 64

static int
nearest(FunctionCallInfo fcinfo, double *squared)
{
	cluster_model m;
	double		room[ROOM],
			   *x;
	int			d;

	cluster_model_arg(fcinfo, 0, &m);
	x = cluster_features(PG_GETARG_DATUM(1), room, ROOM, &d);
	if (d != m.d)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("a row of %d features cannot be compared with centres of %d", d, m.d)));
	return cluster_nearest(&m, x, squared);
}

/* counted from 1, as arrays are; NULL when no feature is known */
Datum
crmseg_nearest_cluster(PG_FUNCTION_ARGS)
{
	double		squared;
	int			c = nearest(fcinfo, &squared);

	if (c < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(c + 1);
}

Datum
crmseg_cluster_distance(PG_FUNCTION_ARGS)
{
	double		squared;

	if (nearest(fcinfo, &squared) < 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(sqrt(squared));
}
