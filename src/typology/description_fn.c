/*
 * description_fn.c: describe_segment(relation, condition): which modalities and means set the rows that meet a condition apart from all rows, by
 * the test values of Lebart, Morineau and Piron (1995), Statistique exploratoire multidimensionnelle, as FactoMineR's catdes gives them. One scan.
 */
#include "typology/relation.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(crmseg_describe_segment);

#define COLUMNS 10
#define MEAN "mean"

/* how often a column's values occur, outside and inside of the segment */
typedef struct tally
{
	uint64		missing[2];
	uint64	   *count[2];		/* by category */
	int			room;
	group_sums	sums[2];
	double		shift;
} tally;

typedef struct work
{
	MemoryContext context;
	tally	   *tally;
	uint64		rows[2];
} work;

static void
count_row(table_reader *r)
{
	work	   *w = r->context;
	int			in = r->member;

	w->rows[in]++;
	for (int i = 0; i < r->columns; i++)
	{
		const table_column *c = &r->column[i];
		tally	   *t = &w->tally[i];

		if (!isnan(c->number))
		{
			if (t->sums[0].n == 0 && t->sums[1].n == 0)
				t->shift = c->number;
			group_add(&t->sums[in], c->number - t->shift);
		}
		if (c->code >= 0)
		{
			if (c->code >= t->room)
			{
				int			room = t->room == 0 ? 16 : t->room * 2;

				for (int j = 0; j < 2; j++)
				{
					uint64	   *bigger = MemoryContextAllocZero(w->context, sizeof(uint64) * room);

					if (t->room > 0)
					{
						memcpy(bigger, t->count[j], sizeof(uint64) * t->room);
						pfree(t->count[j]);
					}
					t->count[j] = bigger;
				}
				t->room = room;
			}
			t->count[in][c->code]++;
		}
		t->missing[in] += !c->known;
	}
}

typedef struct finding
{
	const char *variable,
			   *modality;		/* NULL: the value is missing */
	double		share,
				base,
				v,
				p;
	uint64		inside,
				all;
} finding;

/* the over-represented first, the under-represented last, what cannot be tested after them */
static int
compare_findings(const void *x, const void *y)
{
	const finding *a = x,
			   *b = y;
	int			c;

	if (isnan(a->v) || isnan(b->v))
	{
		if (!isnan(a->v) || !isnan(b->v))
			return isnan(a->v) ? 1 : -1;
	}
	else if (a->v != b->v)
		return a->v > b->v ? -1 : 1;
	c = strcmp(a->variable, b->variable);
	if (c != 0)
		return c;
	if (a->modality == NULL || b->modality == NULL)
		return (a->modality == NULL) - (b->modality == NULL);
	return strcmp(a->modality, b->modality);
}

static finding
modality(const work *w, const char *variable, const char *name, uint64 outside, uint64 inside)
{
	double		in = (double) w->rows[1],
				n = in + (double) w->rows[0],
				sort = (double) inside + (double) outside,
				log_p = tail_hypergeometric((double) inside, sort, n - sort, in);
	finding		f = {variable, name, (double) inside / in, sort / n, 0, exp(log_p), inside, inside + outside};

	f.v = tail_normal_quantile(log_p) * (f.share >= f.base ? 1 : -1);
	return f;
}

static double
value_of(exact_sum s)
{
	return s.high + s.low;
}

static finding
mean(const work *w, const char *variable, const tally *t)
{
	double		n = t->sums[0].n + t->sums[1].n,
				in = t->sums[1].n,
				sum = value_of(t->sums[0].sum) + value_of(t->sums[1].sum),
				center = n > 0 ? sum / n : NAN,
				inside = in > 0 ? value_of(t->sums[1].sum) / in : NAN,
				variance = measure_variance(t->sums, 2);
	finding		f = {variable, MEAN, inside + t->shift, center + t->shift, measure_mean_v_test(inside, in, center, variance, n), NAN, (uint64) in, (uint64) n};

	f.p = isnan(f.v) ? NAN : exp(tail_normal(f.v));
	return f;
}

Datum
crmseg_describe_segment(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *store = typology_result(fcinfo, &desc);
	char	   *condition = text_to_cstring(PG_GETARG_TEXT_PP(1));
	double		rate = PG_NARGS() > 2 ? PG_GETARG_FLOAT8(2) : 1,
			   *p,
			   *adjusted;
	const double **order;
	table_reader *r = table_reader_open(PG_GETARG_OID(0), NULL);
	work		w = {CurrentMemoryContext, palloc0(sizeof(tally) * (r->columns + 1))};
	finding    *f;
	size_t		n = 0,
				room = 1;

	if (!(rate >= 0 && rate <= 1))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("false discovery rate must be between 0 and 1")));
	r->row = count_row;
	r->context = &w;
	table_reader_run(r, PG_GETARG_OID(0), condition);
	/* of an empty segment nothing can be said */
	if (w.rows[1] == 0)
		return (Datum) 0;
	for (int i = 0; i < r->columns; i++)
		room += r->column[i].categories + 2;
	f = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(finding) * room);
	for (int i = 0; i < r->columns; i++)
	{
		const table_column *c = &r->column[i];
		const tally *t = &w.tally[i];

		if (c->readings & AS_CATEGORY && !table_reader_names_rows(c, (int64) (w.rows[0] + w.rows[1])))
			for (int j = 0; j < c->categories && j < t->room; j++)
				if (t->count[0][j] + t->count[1][j] > 0)
					f[n++] = modality(&w, c->name, table_reader_category(c, j), t->count[0][j], t->count[1][j]);
		if (c->readings & AS_NUMBER)
			f[n++] = mean(&w, c->name, t);
		if (t->missing[0] + t->missing[1] > 0 && c->readings != 0 && (c->readings & AS_NUMBER || !table_reader_names_rows(c, (int64) (w.rows[0] + w.rows[1]))))
			f[n++] = modality(&w, c->name, NULL, t->missing[0], t->missing[1]);
		CHECK_FOR_INTERRUPTS();
	}
	qsort(f, n, sizeof(finding), compare_findings);
	p = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(double) * (n + 1));
	adjusted = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(double) * (n + 1));
	order = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(double *) * (n + 1));
	for (size_t i = 0; i < n; i++)
		p[i] = f[i].p;
	measure_adjust(p, n, adjusted, order);
	for (size_t i = 0; i < n; i++)
	{
		Datum		values[COLUMNS];
		double		lift = f[i].base != 0 ? f[i].share / f[i].base : NAN;
		bool		nulls[COLUMNS] = {false, f[i].modality == NULL, isnan(f[i].share) != 0, isnan(f[i].base) != 0, isnan(lift) != 0, isnan(f[i].v) != 0, isnan(f[i].p) != 0,
					isnan(adjusted[i]) != 0};
		NameData	name;

		if (PG_NARGS() > 2 && !(adjusted[i] <= rate))
			continue;
		namestrcpy(&name, f[i].variable);
		values[0] = NameGetDatum(&name);
		values[1] = f[i].modality != NULL ? CStringGetTextDatum(f[i].modality) : (Datum) 0;
		values[2] = Float8GetDatum(f[i].share);
		values[3] = Float8GetDatum(f[i].base);
		values[4] = Float8GetDatum(lift);
		values[5] = Float8GetDatum(f[i].v);
		values[6] = Float8GetDatum(f[i].p);
		values[7] = Float8GetDatum(adjusted[i]);
		values[8] = Int64GetDatum((int64) f[i].inside);
		values[9] = Int64GetDatum((int64) f[i].all);
		tuplestore_putvalues(store, desc, values, nulls);
	}
	return (Datum) 0;
}
