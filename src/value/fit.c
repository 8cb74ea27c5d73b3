/*
 * fit.c: from the rows of a sample to a model: scale, group, search from several starts on a part of the rows, end on all of them, compare
 * with the NBD, and name the boundary when the supremum lies there. Called by value_fit_fn.c; the likelihoods are in likelihood_*.c.
 */
#include <math.h>
#include <string.h>

#include "value/value.h"

#define PART 160				/* rows on which the starts are tried, at least */
#define MAX_STARTS 16
#define HANDFUL 100			/* rows of which many more starts are tried */
#define MAX_ITERATIONS 300
#define TOLERANCE 1e-7			/* of ln(parameter) */
#define FAR 1e8					/* a parameter this far from 1 (times its natural scale) stands for its limit */

/* ---------- rows in groups of equal x ---------- */

/* sorts by x (a whole number up to 10^9) by three passes over its digits; spare has room for as many */
static value_row *
sort_by_x(value_row *row, value_row *spare, size_t rows)
{
	for (int shift = 0; shift < 30; shift += 10)
	{
		size_t		count[1025] = {0};
		value_row  *swap;

		for (size_t i = 0; i < rows; i++)
			count[(((uint32_t) row[i].x >> shift) & 1023) + 1]++;
		if (count[1] == rows)
			continue;
		for (int d = 0; d < 1024; d++)
			count[d + 1] += count[d];
		for (size_t i = 0; i < rows; i++)
			spare[count[((uint32_t) row[i].x >> shift) & 1023]++] = row[i];
		swap = row;
		row = spare;
		spare = swap;
	}
	return row;
}

static size_t
count_groups(const value_row *row, size_t rows)
{
	size_t		n = 0;

	for (size_t i = 0; i < rows; i++)
		n += i == 0 || row[i].x != row[i - 1].x;
	return n;
}

static void
make_groups(const value_row *row, size_t rows, value_group *group)
{
	value_group *g = group - 1;

	for (size_t i = 0; i < rows; i++)
	{
		if (i == 0 || row[i].x != row[i - 1].x)
		{
			g++;
			g->x = row[i].x;
			g->customers = 0;
			g->first = i;
			g->rows = 0;
		}
		g->customers += row[i].w;
		g->rows++;
	}
}

/* ---------- searching ---------- */

typedef struct problem
{
	value_data	all,
				part;			/* every so many rows, for the first steps */
	value_search search;
	double		plain[VALUE_MAX_PARAMS];	/* a start in the middle */
} problem;

static void
set_bounds(value_search *s, int i, double low, double high)
{
	s->low[i] = log(low);
	s->high[i] = log(high);
}

/* far enough inside that every direction has a slope */
static void
draw_inside(const value_search *s, double *param)
{
	for (int i = 0; i < s->params; i++)
		param[i] = fmin(fmax(param[i], 1e-3), 1e3);
}

/* the start with the best value so far among those not yet tried, or -1 */
static int
best_of(const double *value, int n)
{
	int			pick = -1;

	for (int i = 0; i < n; i++)
		if (value[i] > (pick < 0 ? -INFINITY : value[pick]))
			pick = i;
	return pick;
}

/*
 * The best maximum from these starts. Few rows: a search from each. Many: a few steps from each on the part, more from the better half, the
 * best two searched there, the better end searched on all rows. Where that ends far out and the part did not, a second search on all
 * rows, from the plain first start, must agree.
 */
static bool
search_all(problem *p, double (*start)[VALUE_MAX_PARAMS], int starts, double *param, value_sums *at)
{
	double		value[MAX_STARTS],
				q[VALUE_MAX_PARAMS];
	value_sums	sums;
	value_search *s = &p->search;
	bool		ok = false,
				converged,
				far_in_part = false,
				far = false;

	if (p->part.rows == p->all.rows)
	{
		at->f = -INFINITY;
		for (int i = 0; i < starts; i++)
		{
			converged = value_newton(s, &p->all, start[i], &sums);
			if (i == 0 || sums.f > at->f)
			{
				memcpy(param, start[i], sizeof(q));
				*at = sums;
				ok = converged;
			}
		}
		/* of a handful of customers the likelihood may have several maxima: 24 more starts, spread evenly over six decades */
		for (int i = 1; i <= 24 && p->all.rows <= HANDFUL; i++)
		{
			for (int k = 0; k < s->params; k++)
				q[k] = pow(10, 6 * fmod(i * (double[]) {0.8566748838545029, 0.7338918566271260, 0.6287067210378087, 0.5385972572236101}[k], 1) - 3);
			converged = value_newton(s, &p->all, q, &sums);
			if (sums.f > at->f + 1e-9)
			{
				memcpy(param, q, sizeof(q));
				*at = sums;
				ok = converged;
			}
		}
		return ok;
	}
	for (int i = 0; i < starts; i++)
	{
		s->likelihood(&p->part, start[i], &sums, false);
		s->row_visits += p->part.rows;
		value[i] = isfinite(sums.f) ? sums.f : -INFINITY;
	}
	s->tolerance = 1e-2;
	for (int round = 0, kept = starts; round < 3; round++, kept = kept > 4 ? kept / 2 : kept > 1 ? 2 : 1)
	{
		double		better[MAX_STARTS];

		for (int i = 0; i < starts; i++)
			better[i] = -INFINITY;
		s->max_iterations = round == 0 ? 2 : round == 1 ? 4 : MAX_ITERATIONS;
		for (int i = 0; i < kept; i++)
		{
			int			pick = best_of(value, starts);

			if (pick < 0)
				break;
			value[pick] = -INFINITY;
			value_newton(s, &p->part, start[pick], &sums);
			better[pick] = sums.f;
		}
		memcpy(value, better, sizeof(value));
	}
	s->tolerance = TOLERANCE;
	s->max_iterations = MAX_ITERATIONS;
	memcpy(param, start[best_of(value, starts) < 0 ? 0 : best_of(value, starts)], sizeof(q));
	for (int i = 0; i < s->params; i++)
		far_in_part |= param[i] < 1 / FAR || param[i] > FAR;
	draw_inside(s, param);
	ok = value_newton(s, &p->all, param, at);
	for (int i = 0; i < s->params; i++)
		far |= param[i] < 1 / FAR || param[i] > FAR;
	if (!ok || (far && !far_in_part))
	{
		memcpy(q, p->plain, sizeof(q));
		converged = value_newton(s, &p->all, q, &sums);
		if (isfinite(sums.f) && sums.f > at->f)
		{
			memcpy(param, q, sizeof(q));
			*at = sums;
			ok = converged;
		}
	}
	return ok;
}

/* ---------- the families ---------- */

/* Repeat-purchase models: the NBD first, then dropout on top of it. Time is in units of the mean age. */
static int
fit_repeat(problem *p, int kind, double *param, value_sums *at, double *nbd)
{
	/* the shape of the rates against the NBD's (0: as large as can be, Poisson), and dropout: in between, at one rate, polarised */
	static const double leaving[][3] = {{1, 1, 3}, {1.5, 0.3, 0.6}, {1, 3, 20}, {2, 2, 1}, {1, 0.02, 0.2}, {1.5, 0.02, 0.02}, {0, 0.02, 0.02},
	{1, 20, 100}, {0, 20, 20}, {0, 1, 1}, {0.6, 20, 25}, {1, 1e-3, 0.02}, {0, 1e-4, 1e-3}, {0.5, 0.05, 0.02}, {0.5, 0.2, 6}};
	static const double lives[][3] = {{1, 0.6, 0.6}, {1.5, 0.2, 2}, {1, 2, 6}, {1, 0.03, 1e-6}, {0, 0.05, 1e-6}, {1.5, 20, 20}, {0, 20, 40}, {0.5, 0.1, 0.01}};
	double		start[MAX_STARTS][VALUE_MAX_PARAMS],
				rate[2][VALUE_MAX_PARAMS] = {{0.5, 1}, {20, 1}};
	int			starts = 0,
				status = 0;
	value_sums	sums;
	double		x = 0,
				T = 0,
				reach;

	for (size_t j = 0; j < p->all.groups; j++)
		x += p->all.group[j].customers * p->all.group[j].x;
	for (size_t i = 0; i < p->all.rows; i++)
		T += p->all.row[i].w * p->all.row[i].T;
	rate[0][1] = rate[0][0] * T / x;
	rate[1][1] = rate[1][0] * T / x;
	memcpy(p->plain, rate[0], sizeof(p->plain));

	p->search.likelihood = value_sum_nbd;
	p->search.params = 2;
	set_bounds(&p->search, 0, 1e-10, 1e12);
	set_bounds(&p->search, 1, 1e-12, 1e16);
	search_all(p, rate, 2, nbd, &sums);

	p->search.params = 4;
	p->search.likelihood = kind == VALUE_BG_NBD ? value_sum_bg : kind == VALUE_MBG_NBD ? value_sum_mbg : value_sum_pareto;
	if (kind == VALUE_PARETO_NBD)
	{
		set_bounds(&p->search, 2, 1e-12, 1e12);
		set_bounds(&p->search, 3, 1e-30, 1e14);
	}
	else
	{
		set_bounds(&p->search, 2, 1e-12, 1e12);
		set_bounds(&p->search, 3, 1e-12, 1e12);
	}
	{
		const double (*other)[3] = kind == VALUE_PARETO_NBD ? lives : leaving;
		double		r = fmin(fmax(nbd[0], 0.01), 100),
					mean = nbd[0] / nbd[1];

		starts = kind == VALUE_PARETO_NBD ? sizeof(lives) / sizeof(lives[0]) : sizeof(leaving) / sizeof(leaving[0]);
		for (int i = 0; i < starts; i++)
		{
			/* those who leave have bought at a higher rate than the NBD believes */
			start[i][0] = other[i][0] > 0 ? r * other[i][0] : 50;
			start[i][1] = start[i][0] / mean * (kind != VALUE_PARETO_NBD && other[i][1] > 0.7 * other[i][2] ? 0.3 : 0.8);
			start[i][2] = other[i][1];
			start[i][3] = other[i][2];
		}
		memcpy(p->plain, start[0], sizeof(p->plain));
	}
	status = search_all(p, start, starts, param, at) ? VALUE_CONVERGED : VALUE_NOT_CONVERGED;

	/* how many leave, of those observed for the mean age */
	reach = kind == VALUE_PARETO_NBD ? param[2] * log1p(1 / param[3]) : param[2] / (param[2] + param[3]);
	if (at->f <= sums.f + 1e-9 || (reach < 1e-7 && at->f < sums.f + 1e-6))
	{
		status = VALUE_NO_DROPOUT;
		param[0] = nbd[0];
		param[1] = nbd[1];
		param[2] = 0;
		param[3] = 1;
		at->f = fmax(sums.f, at->f);
	}
	else if (kind == VALUE_PARETO_NBD)
	{
		if (param[3] < 1 / FAR)
			status |= VALUE_POLARISED_DROPOUT;
		else if (param[2] > FAR)
			status |= VALUE_EQUAL_DROPOUT;
	}
	else if (param[2] + param[3] < 1 / FAR)
		status |= VALUE_POLARISED_DROPOUT;
	else if (param[3] < param[2] / FAR)
		status |= VALUE_CERTAIN_DROPOUT;
	else if (param[2] > FAR || param[3] > FAR)
		status |= VALUE_EQUAL_DROPOUT;
	if (param[0] > FAR)
		status |= VALUE_EQUAL_RATES;
	nbd[0] = sums.f;
	return status;
}

#define SHAPES 10
static int
fit_spend(problem *p, double *param, value_sums *at)
{
	static const double shape[][2] = {{6, 4}, {1, 2}, {2, 10}, {30, 3}, {30, 30}, {0.5, 1.5}, {1000, 2}, {1000, 20}, {1, 1000}, {100, 1.1}};
	double		start[MAX_STARTS][VALUE_MAX_PARAMS];
	int			status;

	p->search.likelihood = value_sum_spend;
	p->search.params = 3;
	for (int i = 0; i < 3; i++)
		set_bounds(&p->search, i, 1e-12, 1e12);
	for (int i = 0; i < SHAPES; i++)
	{
		/* amounts are in units of their mean, which is p v / (q - 1) */
		start[i][0] = shape[i][0];
		start[i][1] = shape[i][1];
		start[i][2] = (shape[i][1] - 1) / shape[i][0];
		start[i][3] = 0;
	}
	memcpy(p->plain, start[0], sizeof(p->plain));
	status = search_all(p, start, SHAPES, param, at) ? VALUE_CONVERGED : VALUE_NOT_CONVERGED;
	if (param[0] > FAR)
		status |= VALUE_EQUAL_AMOUNTS;
	if (param[1] > FAR)
		status |= VALUE_EQUAL_CUSTOMERS;
	if (param[0] < 1 / FAR || param[1] < 1 / FAR || ((param[2] < 1 / FAR || param[2] > FAR) && !(status & (VALUE_EQUAL_AMOUNTS | VALUE_EQUAL_CUSTOMERS))))
		status |= VALUE_UNBOUNDED_AMOUNTS;
	return status;
}

static int
fit_bg_bb(problem *p, double *param, value_sums *at)
{
	double		start[MAX_STARTS][VALUE_MAX_PARAMS] = {
		{1, 1, 0.7, 2}, {0.5, 0.5, 0.3, 1}, {1, 4, 1, 10}, {4, 2, 2, 20}, {0.2, 1, 0.1, 0.2}, {2, 10, 0.1, 2}, {1, 1, 0.02, 0.02}, {20, 20, 0.02, 0.02},
		{0.02, 0.02, 20, 60}, {20, 20, 20, 60}, {20, 5, 0.7, 2}, {1, 0.01, 1, 1}, {0.02, 0.02, 0.02, 0.02}, {1, 1, 20, 60}
	};
	int			status;

	p->search.likelihood = value_sum_bg_bb;
	p->search.params = 4;
	for (int i = 0; i < 4; i++)
		set_bounds(&p->search, i, 1e-12, 1e12);
	memcpy(p->plain, start[0], sizeof(p->plain));
	status = search_all(p, start, 14, param, at) ? VALUE_CONVERGED : VALUE_NOT_CONVERGED;
	if (param[2] / (param[2] + param[3]) < 1e-9)
	{
		status |= VALUE_NO_DROPOUT;
		param[2] = 0;
		param[3] = 1;
	}
	else if (param[2] + param[3] < 1 / FAR)
		status |= VALUE_POLARISED_DROPOUT;
	else if (param[3] < param[2] / FAR)
		status |= VALUE_CERTAIN_DROPOUT;
	else if (param[2] > FAR || param[3] > FAR)
		status |= VALUE_EQUAL_DROPOUT;
	if (param[0] + param[1] < 1 / FAR)
		status |= VALUE_POLARISED_RATES;
	else if (param[0] > FAR || param[1] > FAR || param[1] < param[0] / FAR)
		status |= VALUE_EQUAL_RATES;
	return status;
}

/* ---------- the whole ---------- */

/* as many digits as a fit is worth: the last ones depend on the order of the rows */
static double
round_to(double v, int digits)
{
	double		unit;

	if (v == 0 || !isfinite(v))
		return v;
	unit = pow(10, digits - 1 - (int) floor(log10(fabs(v))));
	if (!isfinite(unit) || unit == 0)
		return v;
	return nearbyint(v * unit) / unit;
}

const char *
value_fit(int kind, value_row *row, size_t rows, value_model *out, double *passes, const value_host *host)
{
	problem		p;
	value_row  *room,
			   *part;
	value_group *group,
			   *part_group;
	size_t		kept = 0,
				every;
	double		customers = 0,
				ignored = 0,
				scale = 0,
				events = 0,
				low = INFINITY,
				high = 0,
				param[VALUE_MAX_PARAMS] = {0},
				nbd[VALUE_MAX_PARAMS] = {0};
	value_sums	at;
	int			status;
	bool		spend = kind == VALUE_GAMMA_GAMMA;

	memset(&p, 0, sizeof(p));
	*passes = 0;
	value_model_clear(out, kind);
	/* who says nothing: no weight, and of amounts those without a repeat purchase of a positive amount */
	for (size_t i = 0; i < rows; i++)
	{
		if (!(row[i].w > 0))
			continue;
		if (spend && !(row[i].x > 0 && row[i].tx > 0))
		{
			ignored += row[i].w;
			continue;
		}
		customers += row[i].w;
		scale += row[i].w * (spend ? row[i].tx : row[i].T);
		events += row[i].w * row[i].x;
		low = fmin(low, row[i].tx);
		high = fmax(high, row[i].tx);
		row[kept++] = row[i];
	}
	rows = kept;
	if (rows == 0)
		return spend ? "No customer has a repeat purchase of a positive amount." : "There is no customer to fit a model to.";
	out->customers = customers;
	if (ignored > 0)
		out->ignored = ignored;
	scale = scale > 0 && isfinite(scale) ? scale / customers : 1;
	if (kind == VALUE_BG_BB)
		scale = 1;

	/* nothing to search */
	if (!spend && events == 0)
	{
		out->param[0] = 0;
		out->param[1] = scale;
		out->param[2] = 0;
		out->param[3] = scale;
		out->log_likelihood = 0;
		out->status = VALUE_NO_REPEATS | VALUE_NO_DROPOUT;
		if (kind <= VALUE_PARETO_NBD)
			out->nbd_aic = 4;
		if (kind != VALUE_PARETO_NBD)
			out->param[3] = 1;
		if (kind == VALUE_BG_BB)
			out->param[1] = 1;
		return NULL;
	}
	if (spend && high - low <= 1e-13 * high)
	{
		/* the likelihood has no bound: everybody spends this */
		out->param[0] = out->param[1] = 1e10;
		out->param[2] = high;
		out->status = VALUE_EQUAL_AMOUNTS | VALUE_EQUAL_CUSTOMERS;
		return NULL;
	}

	/* one unit whatever the user's: the mean age, the mean amount */
	if (kind != VALUE_BG_BB)
		for (size_t i = 0; i < rows; i++)
		{
			row[i].tx /= scale;
			row[i].T /= scale;
		}
	room = host->allocate(rows * sizeof(value_row));
	row = sort_by_x(row, room, rows);
	p.all.row = row;
	p.all.rows = rows;
	p.all.groups = count_groups(row, rows);
	group = host->allocate(p.all.groups * sizeof(value_group));
	make_groups(row, rows, group);
	p.all.group = group;
	p.all.host = host;
	/* few rows are searched whole, from every start; of the Pareto/NBD, whose rows cost ten times as much, fewer */
	every = rows > (kind == VALUE_PARETO_NBD ? 2 : 4) * PART ? rows / PART : 1;
	if (rows > 200000)
		every = 64;
	part = host->allocate((rows / every + 1) * sizeof(value_row));
	kept = 0;
	for (size_t i = every / 2; i < rows; i += every)
		part[kept++] = row[i];
	p.part.row = part;
	p.part.rows = kept;
	p.part.groups = count_groups(part, kept);
	part_group = host->allocate(p.part.groups * sizeof(value_group));
	make_groups(part, kept, part_group);
	p.part.group = part_group;
	p.part.host = host;
	p.search.max_iterations = MAX_ITERATIONS;
	p.search.tolerance = TOLERANCE;

	switch (kind)
	{
		case VALUE_GAMMA_GAMMA:
			status = fit_spend(&p, param, &at);
			break;
		case VALUE_BG_BB:
			status = fit_bg_bb(&p, param, &at);
			break;
		default:
			status = fit_repeat(&p, kind, param, &at, nbd);
			nbd[0] -= events * log(scale);
			out->nbd_aic = round_to(4 - 2 * nbd[0], 13);
	}
	if ((status & ~VALUE_CONVERGED) != 0)
		status &= ~VALUE_CONVERGED;
	out->status = status;
	*passes = p.search.row_visits / rows;
	if (status == VALUE_CONVERGED)
	{
		double		information[VALUE_MAX_PARAMS][VALUE_MAX_PARAMS],
					variance[VALUE_MAX_PARAMS][VALUE_MAX_PARAMS];

		for (int i = 0; i < p.search.params; i++)
			for (int j = 0; j <= i; j++)
				information[i][j] = -at.h[i][j];
		if (value_invert((const double (*)[VALUE_MAX_PARAMS]) information, p.search.params, variance))
			for (int i = 0; i < p.search.params; i++)
				out->se[i] = sqrt(variance[i][i]);
	}
	/* back to the user's unit */
	out->log_likelihood = at.f - (spend ? customers : kind == VALUE_BG_BB ? 0 : events) * log(scale);
	for (int i = 0; i < p.search.params; i++)
	{
		bool		time = spend ? i == 2 : kind == VALUE_BG_BB ? false : i == 1 || (kind == VALUE_PARETO_NBD && i == 3);

		out->param[i] = round_to(param[i] * (time ? scale : 1), 10);
		out->se[i] = round_to(out->se[i] * (time ? scale : 1), 6);
	}
	out->log_likelihood = round_to(out->log_likelihood, 13);
	host->release(part_group);
	host->release(part);
	host->release(group);
	host->release(room);
	return NULL;
}
