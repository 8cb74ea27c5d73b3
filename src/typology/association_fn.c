/*
 * association_fn.c: association(relation, target): how strongly each column of any relation goes with one of them, in one scan. Two categories
 * are counted in a table, numbers of categories are summed by group, pairs of numbers are kept and ranked at the end.
 */
#include "typology/relation.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(crmseg_association);

#define COLUMNS 5

/* a column against the target */
typedef struct pair
{
	uint64		both;			/* rows in which the two are known, whatever is made of them */
	uint64	   *counts;			/* [category of the column][category of the target] */
	int			rows,
				stride;
	group_sums *by_target;		/* the column's numbers by category of the target */
	int			targets;
	group_sums *by_column;		/* the target's numbers by category of the column */
	int			groups;
	double		shift;			/* the first number, taken off all */
	double	   *number;			/* one a row with a known target; NaN */
} pair;

typedef struct work
{
	MemoryContext context;
	table_column *target;
	pair	   *pair;			/* one a column; that of the target holds its own numbers */
	double		shift;
	bool		keep;			/* numbers are kept: the target is one */
	size_t		kept,
				room;
	int			numbers;		/* columns that are kept */
} work;

static group_sums *
grow_groups(work *w, group_sums *g, int *have, int want)
{
	int			room = *have == 0 ? 16 : *have;

	while (room <= want)
		room *= 2;
	if (g == NULL)
		g = MemoryContextAllocZero(w->context, room * sizeof(group_sums));
	else
	{
		g = repalloc(g, room * sizeof(group_sums));
		memset(g + *have, 0, (room - *have) * sizeof(group_sums));
	}
	*have = room;
	return g;
}

static void
grow_table(work *w, pair *p, int row, int column)
{
	int			rows = p->rows == 0 ? 16 : p->rows,
				stride = p->stride == 0 ? 8 : p->stride;
	uint64	   *counts;

	while (rows <= row)
		rows *= 2;
	while (stride <= column)
		stride *= 2;
	counts = MemoryContextAllocZero(w->context, sizeof(uint64) * rows * stride);
	for (int i = 0; i < p->rows; i++)
		memcpy(counts + (size_t) i * stride, p->counts + (size_t) i * p->stride, sizeof(uint64) * p->stride);
	if (p->counts != NULL)
		pfree(p->counts);
	p->counts = counts;
	p->rows = rows;
	p->stride = stride;
}

static void
grow_numbers(table_reader *r, work *w)
{
	size_t		room = w->room == 0 ? 1024 : w->room * 2;

	if (room * sizeof(double) * w->numbers > (Size) 4 * MaxAllocSize)
		room = w->kept + w->kept / 8;
	if (room * sizeof(double) * w->numbers > (Size) 4 * MaxAllocSize || room > PG_UINT32_MAX)
		ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("too many rows and numbers for one association"),
						errdetail("%zu rows of %d numbers would take more than 4 GB.", w->kept + 1, w->numbers),
						errhint("Make a view of fewer columns, or of a sample of the rows.")));
	for (int i = 0; i < r->columns; i++)
		if (r->column[i].readings & AS_NUMBER)
		{
			pair	   *p = &w->pair[i];

			if (p->number == NULL)
				p->number = MemoryContextAllocHuge(w->context, room * sizeof(double));
			else
				p->number = repalloc_huge(p->number, room * sizeof(double));
		}
	w->room = room;
}

static void
count_row(table_reader *r)
{
	work	   *w = r->context;
	const table_column *t = w->target;

	if (!t->known)
		return;
	if (w->keep)
	{
		if (w->kept == w->room)
			grow_numbers(r, w);
		if (w->kept == 0)
			w->shift = t->number;
	}
	for (int i = 0; i < r->columns; i++)
	{
		const table_column *c = &r->column[i];
		pair	   *p = &w->pair[i];

		if (w->keep && c->readings & AS_NUMBER)
			p->number[w->kept] = c->number;
		if (c == t)
			continue;
		p->both += c->known;
		if (c->code >= 0)
		{
			if (t->code >= 0)
			{
				if (c->code >= p->rows || t->code >= p->stride)
					grow_table(w, p, c->code, t->code);
				p->counts[(size_t) c->code * p->stride + t->code]++;
			}
			if (!isnan(t->number))
			{
				if (c->code >= p->groups)
					p->by_column = grow_groups(w, p->by_column, &p->groups, c->code);
				group_add(&p->by_column[c->code], t->number - w->shift);
			}
		}
		if (!isnan(c->number) && t->code >= 0)
		{
			if (p->by_target == NULL)
				p->shift = c->number;
			if (t->code >= p->targets)
				p->by_target = grow_groups(w, p->by_target, &p->targets, t->code);
			group_add(&p->by_target[t->code], c->number - p->shift);
		}
	}
	w->kept += w->keep;
}

/* ---------- results ---------- */

typedef struct finding
{
	const char *variable,
			   *measure;
	association a;
} finding;

/* the strongest first, what is not defined last */
static int
compare_findings(const void *x, const void *y)
{
	const finding *a = x,
			   *b = y;
	double		s = isnan(a->a.strength) ? -1 : fabs(a->a.strength),
				t = isnan(b->a.strength) ? -1 : fabs(b->a.strength);
	int			c;

	if (s != t)
		return s > t ? -1 : 1;
	if (!isnan(a->a.p_value) && !isnan(b->a.p_value) && a->a.p_value != b->a.p_value)
		return a->a.p_value < b->a.p_value ? -1 : 1;
	c = strcmp(a->variable, b->variable);
	return c != 0 ? c : strcmp(a->measure, b->measure);
}

/* the ranks of the target among the rows in which the other is known too */
typedef struct ranker
{
	double	   *x,
			   *y;
	int64	   *rank_x,
			   *rank_y,
			   *rank_target;	/* of all rows, once known */
	ranked	   *room;
} ranker;

static void
compare_numbers(work *w, pair *target, pair *p, ranker *k, association *pearson, association *spearman)
{
	size_t		n = 0;
	int64	   *rank_x = k->rank_x;

	if (k->x == NULL)
	{
		k->x = typology_server.allocate(w->kept * sizeof(double));
		k->y = typology_server.allocate(w->kept * sizeof(double));
		k->rank_x = typology_server.allocate(w->kept * sizeof(int64));
		k->rank_y = typology_server.allocate(w->kept * sizeof(int64));
		k->room = typology_server.allocate(2 * w->kept * sizeof(ranked));
		rank_x = k->rank_x;
	}
	for (size_t i = 0; i < w->kept; i++)
		if (!isnan(p->number[i]) && !isnan(target->number[i]))
		{
			k->x[n] = target->number[i];
			k->y[n++] = p->number[i];
		}
	*pearson = measure_pearson(k->x, k->y, n);
	CHECK_FOR_INTERRUPTS();
	if (n == w->kept)
	{
		if (k->rank_target == NULL)
		{
			k->rank_target = typology_server.allocate(n * sizeof(int64));
			measure_ranks(k->x, n, k->rank_target, k->room);
		}
		rank_x = k->rank_target;
	}
	else
		measure_ranks(k->x, n, rank_x, k->room);
	CHECK_FOR_INTERRUPTS();
	measure_ranks(k->y, n, k->rank_y, k->room);
	*spearman = measure_spearman(rank_x, k->rank_y, n);
	CHECK_FOR_INTERRUPTS();
}

static int
compare_column(work *w, table_reader *r, int i, finding *to, ranker *k)
{
	table_column *c = &r->column[i],
			   *t = w->target;
	pair	   *p = &w->pair[i];
	int			n = 0;
	bool		by_target = t->readings & AS_CATEGORY && c->readings & AS_NUMBER;

	if (c->readings & t->readings & AS_NUMBER)
	{
		to[n++] = (finding) {c->name, "pearson"};
		to[n++] = (finding) {c->name, "spearman"};
		compare_numbers(w, &w->pair[t - r->column], p, k, &to[n - 2].a, &to[n - 1].a);
	}
	if (!(c->readings & AS_NUMBER) && table_reader_names_rows(c, (int64) p->both))
	{
		/* a name or an identifier: it would go with anything */
		to[n++] = (finding) {c->name, t->readings & AS_CATEGORY ? "cramers_v" : "correlation_ratio", {NAN, NAN, (double) p->both}};
		return n;
	}
	if (c->readings & t->readings & AS_CATEGORY)
	{
		double	   *room = palloc(sizeof(double) * (p->rows + p->stride + 1));

		to[n++] = (finding) {c->name, "cramers_v"};
		to[n++] = (finding) {c->name, "mutual_information"};
		measure_table(p->counts, p->rows, p->stride, p->stride, room, &to[n - 2].a, &to[n - 1].a);
		pfree(room);
	}
	if (by_target)
		to[n++] = (finding) {c->name, "correlation_ratio", measure_groups(p->by_target, p->targets)};
	else if (t->readings & AS_NUMBER && c->readings & AS_CATEGORY)
		to[n++] = (finding) {c->name, "correlation_ratio", measure_groups(p->by_column, p->groups)};
	return n;
}

#define MOST 5					/* findings of one column */

Datum
crmseg_association(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *store = typology_result(fcinfo, &desc);
	char	   *target = NameStr(*PG_GETARG_NAME(1));
	table_reader *r = table_reader_open(PG_GETARG_OID(0), target);
	work		w = {CurrentMemoryContext};
	ranker		k = {0};
	finding    *f = palloc(sizeof(finding) * MOST * (r->columns + 1));
	int			n = 0;

	w.pair = palloc0(sizeof(pair) * r->columns);
	for (int i = 0; i < r->columns; i++)
		if (strcmp(r->column[i].name, target) == 0)
			w.target = &r->column[i];
	w.keep = w.target->readings & AS_NUMBER;
	for (int i = 0; i < r->columns; i++)
		w.numbers += (r->column[i].readings & AS_NUMBER) != 0;
	r->row = count_row;
	r->context = &w;
	table_reader_run(r, PG_GETARG_OID(0), NULL);
	if (w.target->readings == 0)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("the target has more than %d values", CATEGORIES_MAX),
						errdetail("Column \"%s\" names the rows rather than sorting them.", target), errhint("Make a view in which its values are grouped.")));
	for (int i = 0; i < r->columns; i++)
		if (&r->column[i] != w.target)
			n += compare_column(&w, r, i, f + n, &k);
	qsort(f, n, sizeof(finding), compare_findings);
	for (int i = 0; i < n; i++)
	{
		Datum		values[COLUMNS];
		bool		nulls[COLUMNS] = {false, false, isnan(f[i].a.strength) != 0, isnan(f[i].a.p_value) != 0, false};
		NameData	name;

		namestrcpy(&name, f[i].variable);
		values[0] = NameGetDatum(&name);
		values[1] = CStringGetTextDatum(f[i].measure);
		values[2] = Float8GetDatum(f[i].a.strength);
		values[3] = Float8GetDatum(f[i].a.p_value);
		values[4] = Int64GetDatum((int64) f[i].a.n);
		tuplestore_putvalues(store, desc, values, nulls);
	}
	return (Datum) 0;
}
