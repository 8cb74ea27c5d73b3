/*
 * kmeans_fit.c: the whole of a k-means: features centred and scaled, seeds by k-means++ (Arthur and Vassilvitskii 2007), greedy, several times, the
 * search (kmeans.c), the model; and the nearest centre to a row. Called by the final functions of cluster_sample_fn.c.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "typology/kmeans_private.h"

#define SEED_ROWS 16384			/* seedings are tried on this many rows, the best goes on with all */

/* ---------- seeding ---------- */

/* a missing feature of a seed is that of the mean, which is zero here */
static void
take_row(kmeans_search *s, size_t row, int c)
{
	for (int j = 0; j < s->d; j++)
	{
		double		v = s->r->x[row * s->d + j];

		s->centre[(size_t) c * s->d + j] = isnan(v) ? 0 : v;
	}
}

/*
 * k-means++: each centre a row drawn by its squared distance to those before; of some draws, the one that leaves the least. May end with
 * fewer centres, when all rows lie on one. near and sums have room for n each, trial for two more.
 */
static void
seed_centres(kmeans_search *s, uint64_t *random, double *near, double *sums, double *trial)
{
	size_t		n = s->r->n;
	int			trials = 2 + (int) log(s->k),
				c = 0;
	double		total = 0;

	for (size_t i = 0; i < n; i++)
	{
		near[i] = INFINITY;
		sums[i] = total += s->r->w[i];
	}
	for (; c < s->k; c++)
	{
		double		best = INFINITY;
		size_t		chosen = 0;

		for (int t = 0; t < (c == 0 ? 1 : trials); t++)
		{
			double		goal = cluster_uniform(random) * total,
						left = 0;
			size_t		low = 0,
						high = n - 1;

			while (low < high)
			{
				size_t		mid = (low + high) / 2;

				if (sums[mid] > goal)
					high = mid;
				else
					low = mid + 1;
			}
			take_row(s, low, c);
			for (size_t i = 0; i < n; i++)
			{
				trial[i] = fmin(near[i], kmeans_distance(s->r->x + i * s->d, s->centre + (size_t) c * s->d, s->d));
				left += s->r->w[i] * trial[i];
			}
			if (left < best)
			{
				best = left;
				chosen = low;
				memcpy(trial + n, trial, n * sizeof(double));
			}
			kmeans_tick(s);
		}
		take_row(s, chosen, c);
		memcpy(near, trial + n, n * sizeof(double));
		total = 0;
		for (size_t i = 0; i < n; i++)
			sums[i] = total += s->r->w[i] * near[i];
		if (!(total > 0))
		{
			c++;
			break;
		}
	}
	s->k = c;
	s->blocks = (c + LANES - 1) / LANES;
}

/* the best centres of several seedings, each searched to its end on the first rows; how many there are */
static int
find_start(const cluster_rows *r, const cluster_options *o, double *start, const typology_host *host)
{
	cluster_rows part = *r;
	kmeans_search s;
	uint64_t	random = o->seed;
	double	   *room,
				best = INFINITY;
	int			k = 0,
				starts = o->starts;

	if (part.n > SEED_ROWS && part.n / SEED_ROWS >= 2)
		part.n = SEED_ROWS;
	if (part.complete > part.n)
		part.complete = part.n;
	if (starts == 0)
		starts = (int) fmin(100, fmax(10, 4e6 / ((double) part.n * o->k * part.d)));
	room = host->allocate((4 * part.n + o->k) * sizeof(double));
	kmeans_begin(&s, &part, o->k, host);
	for (int i = 0; i < starts; i++)
	{
		int64_t		iterations;
		double		left;

		s.k = o->k;
		seed_centres(&s, &random, room, room + part.n, room + 2 * part.n);
		if (starts > 1 || part.n < r->n)
			kmeans_lloyd(&s, o->max_iterations, &iterations);
		else
		{
			memset(s.label, 0, part.n * sizeof(uint32_t));
			kmeans_assign(&s);
		}
		left = kmeans_inertia(&s, room);
		if (left < best)
		{
			best = left;
			k = s.k;
			memcpy(start, s.centre, (size_t) k * s.d * sizeof(double));
		}
	}
	kmeans_end(&s);
	host->release(room);
	return k;
}

/* ---------- the whole ---------- */

/* larger groups first; of equal ones, by their centres */
static bool
stands_before(const kmeans_search *s, int a, int b)
{
	if (s->weight[a] != s->weight[b])
		return s->weight[a] > s->weight[b];
	for (int j = 0; j < s->d; j++)
		if (s->centre[(size_t) a * s->d + j] != s->centre[(size_t) b * s->d + j])
			return s->centre[(size_t) a * s->d + j] < s->centre[(size_t) b * s->d + j];
	return a < b;
}

/* as many digits as a fit is worth: the last one depends on the order of the sums */
static double
settled(double v)
{
	char		text[40];

	snprintf(text, sizeof(text), "%.15g", v);
	return strtod(text, NULL) + 0.0;
}

void
cluster_fit(cluster_rows *r, const cluster_options *o, const double *start, cluster_model *m, const typology_host *host)
{
	int			d = r->d,
				k = o->k,
				used = 0,
			   *order;
	double		unit = 0,
			   *moments = host->allocate(7 * d * sizeof(double)),
			   *centre = host->allocate((size_t) k * d * sizeof(double)),
			   *within;
	kmeans_search s;

	cluster_rows_moments(r, moments, moments + d, moments + 2 * d);
	/* a common unit of about the largest deviation, a power of two: it rounds nothing, and squares neither overflow nor vanish */
	for (int j = 0; j < d; j++)
		if (moments[d + j] > unit)
			unit = moments[d + j];
	unit = o->standardise || !(unit > 0) ? 1 : ldexp(1, ilogb(unit));
	for (int j = 0; j < d; j++)
	{
		double		scale = o->standardise && moments[d + j] > 0 ? moments[d + j] : unit;

		moments[2 * d + j] = scale;
		for (int c = 0; start != NULL && c < k; c++)
			centre[(size_t) c * d + j] = (start[(size_t) c * d + j] - moments[j]) / scale;
	}
	for (size_t i = 0; i < r->n; i++)
		for (int j = 0; j < d; j++)
			r->x[i * d + j] = (r->x[i * d + j] - moments[j]) / moments[2 * d + j];
	if (start == NULL)
	{
		if ((size_t) k > r->n)
			k = (int) r->n;
		cluster_options with_k = *o;

		with_k.k = k;
		k = find_start(r, &with_k, centre, host);
	}
	kmeans_begin(&s, r, k, host);
	memcpy(s.centre, centre, (size_t) k * d * sizeof(double));
	m->status = kmeans_lloyd(&s, o->max_iterations, &m->iterations) ? CLUSTER_CONVERGED : CLUSTER_NOT_CONVERGED;
	if (m->status == CLUSTER_NOT_CONVERGED)
		kmeans_assign(&s);
	kmeans_count(&s);
	within = host->allocate(k * sizeof(double));
	order = host->allocate(k * sizeof(int));
	m->inertia = kmeans_inertia(&s, within);
	m->silhouette = cluster_rows_silhouette(r, s.label, k, o->silhouette_rows, host);
	/* groups that stayed empty are none; seeded ones are numbered by size, those of given centres as given */
	for (int c = 0; c < k; c++)
	{
		int			at = used;

		if (s.count[c] == 0)
			continue;
		for (; start == NULL && at > 0 && stands_before(&s, c, order[at - 1]); at--)
			order[at] = order[at - 1];
		order[at] = c;
		used++;
	}
	m->k = used;
	m->d = d;
	m->standardised = o->standardise;
	m->seed = (int64_t) o->seed;
	m->rows = m->total = 0;
	for (size_t i = 0; i < r->n; i++)
	{
		double		v = 0;

		for (int j = 0; j < d; j++)
			v += isnan(r->x[i * d + j]) ? 0 : r->x[i * d + j] * r->x[i * d + j];
		m->rows += r->w[i];
		m->total += r->w[i] * v;
	}
	m->inertia = settled(m->inertia * unit * unit);
	m->total = settled(m->total * unit * unit);
	m->silhouette = isnan(m->silhouette) ? NAN : settled(m->silhouette);
	for (int j = 0; j < d; j++)
	{
		CLUSTER_MEAN(m)[j] = settled(moments[j]);
		CLUSTER_DEVIATION(m)[j] = settled(moments[d + j]);
	}
	for (int c = 0; c < used; c++)
	{
		for (int j = 0; j < d; j++)
			CLUSTER_CENTRE(m, c)[j] = settled(s.centre[(size_t) order[c] * d + j] * moments[2 * d + j] + moments[j]);
		CLUSTER_SIZE(m)[c] = s.weight[order[c]];
		CLUSTER_WITHIN(m)[c] = settled(within[order[c]] * unit * unit);
	}
	kmeans_end(&s);
	host->release(order);
	host->release(within);
	host->release(centre);
	host->release(moments);
}

int
cluster_nearest(const cluster_model *m, const double *x, double *squared)
{
	int			best = -1;
	double		least = INFINITY;
	bool		any = false;

	for (int j = 0; j < m->d; j++)
		any |= !isnan(x[j]);
	for (int c = 0; any && c < m->k; c++)
	{
		const double *centre = CLUSTER_CENTRE(m, c);
		double		sum = 0;

		for (int j = 0; j < m->d; j++)
		{
			double		v = x[j] - centre[j];

			if (isnan(v))
				continue;
			if (m->standardised && CLUSTER_DEVIATION(m)[j] > 0)
				v /= CLUSTER_DEVIATION(m)[j];
			sum += v * v;
		}
		if (sum < least)
		{
			least = sum;
			best = c;
		}
	}
	*squared = least;
	return best;
}
