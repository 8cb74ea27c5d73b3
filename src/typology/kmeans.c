/*
 * kmeans.c: k-means. Lloyd's (1982) iteration made cheaper by Hamerly's (2010) bounds, which change nothing in its result: a row whose own
 * centre is surely the nearest is not looked at. Seeds by k-means++ (Arthur and Vassilvitskii 2007), greedy, several times. A missing
 * feature does not count in a row's distances, nor in the mean of its group (k-POD, Chi, Chi and Baraniuk 2016). Called by the final
 * functions of cluster_sample_fn.c.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "typology/typology.h"

#define LANES 8					/* centres measured at a time */
#define SEED_ROWS 16384			/* seedings are tried on this many rows, the best goes on with all */
#define NOWHERE 1e200			/* the centres that fill the last lanes: never near */

/* the clones have the same operations in the same order, so the same results; only how many at a time differs */
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_UNDEFINED__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

typedef double lanes __attribute__((vector_size(LANES * sizeof(double) / 2)));

typedef struct search
{
	const cluster_rows *r;
	const typology_host *host;
	int			k,
				d,
				blocks;			/* of LANES centres */
	double	   *centre,			/* k x d */
			   *before,			/* the same, one iteration ago */
			   *across,			/* blocks x d x LANES */
			   *sum,			/* k x d */
			   *known,			/* k x d: weight of the known values; only with incomplete rows */
			   *weight,			/* k */
			   *move,			/* k: how far each centre went just now */
			   *gone,			/* k: and since the bounds were last set for all */
			   *others,			/* k: the sum of the farthest moves of the other centres */
			   *half;			/* k: half the distance to the nearest other centre */
	size_t	   *count;			/* k */
	uint32_t   *label;			/* n */
	float	   *upper,			/* complete rows: this + gone[label] is at least the distance to the own centre */
			   *lower;			/* this - others[label] is at most the distance to any other */
} search;

static inline void
tick(const search *s)
{
	if (s->host->tick)
		s->host->tick();
}

static void
search_begin(search *s, const cluster_rows *r, int k, const typology_host *host)
{
	size_t		kd = (size_t) k * r->d;

	memset(s, 0, sizeof(*s));
	s->r = r;
	s->host = host;
	s->k = k;
	s->d = r->d;
	s->blocks = (k + LANES - 1) / LANES;
	s->centre = host->allocate(kd * sizeof(double));
	s->before = host->allocate(kd * sizeof(double));
	s->sum = host->allocate(kd * sizeof(double));
	s->known = host->allocate(kd * sizeof(double));
	s->across = host->allocate((size_t) s->blocks * LANES * r->d * sizeof(double));
	s->weight = host->allocate(k * sizeof(double));
	s->move = host->allocate(k * sizeof(double));
	s->gone = host->allocate(k * sizeof(double));
	s->others = host->allocate(k * sizeof(double));
	s->half = host->allocate(k * sizeof(double));
	s->count = host->allocate(k * sizeof(size_t));
	s->label = host->allocate((r->n + 1) * sizeof(uint32_t));
	s->upper = host->allocate((r->complete + 1) * sizeof(float));
	s->lower = host->allocate((r->complete + 1) * sizeof(float));
}

static void
search_end(search *s)
{
	void	   *all[] = {s->centre, s->before, s->sum, s->known, s->across, s->weight, s->move, s->gone, s->others, s->half, s->count, s->label, s->upper, s->lower};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		s->host->release(all[i]);
}

/* ---------- distances ---------- */

/* squared, over the known features */
static inline double
distance(const double *x, const double *y, int d)
{
	double		sum = 0;

	for (int j = 0; j < d; j++)
	{
		double		v = x[j] - y[j];

		sum += isnan(v) ? 0 : v * v;
	}
	return sum;
}

static void
lay_across(search *s)
{
	for (int c = 0; c < s->blocks * LANES; c++)
		for (int j = 0; j < s->d; j++)
			s->across[((size_t) (c / LANES) * s->d + j) * LANES + c % LANES] = c < s->k ? s->centre[(size_t) c * s->d + j] : NOWHERE;
}

/* the nearest centre, of equal ones the first; *first and *second are squared distances */
static inline uint32_t
nearest_two(const search *s, const double *x, double *first, double *second)
{
	uint32_t	best = 0;
	double		one = INFINITY,
				two = INFINITY;

	for (int b = 0; b < s->blocks; b++)
	{
		const lanes *centre = (const lanes *) __builtin_assume_aligned(s->across + (size_t) b * LANES * s->d, 8);
		lanes		low = {0},
					high = {0};
		double		at[LANES];

		for (int j = 0; j < s->d; j++)
		{
			lanes		p,
						q;

			memcpy(&p, centre + 2 * j, sizeof(lanes));
			memcpy(&q, centre + 2 * j + 1, sizeof(lanes));
			p = x[j] - p;
			q = x[j] - q;
			low += p * p;
			high += q * q;
		}
		memcpy(at, &low, sizeof(lanes));
		memcpy(at + LANES / 2, &high, sizeof(lanes));
		for (int c = 0; c < LANES; c++)
			if (at[c] < one)
			{
				two = one;
				one = at[c];
				best = b * LANES + c;
			}
			else if (at[c] < two)
				two = at[c];
	}
	*first = one;
	*second = two;
	return best;
}

static uint32_t
nearest_known(const search *s, const double *x)
{
	uint32_t	best = 0;
	double		least = INFINITY;

	for (int c = 0; c < s->k; c++)
	{
		double		v = distance(x, s->centre + (size_t) c * s->d, s->d);

		if (v < least)
		{
			least = v;
			best = c;
		}
	}
	return best;
}

/* ---------- one iteration ---------- */

/* a row comes into a group (sign 1) or leaves it (-1) */
static inline void
count_row(search *s, size_t i, uint32_t c, double sign)
{
	const double *x = s->r->x + i * s->d;
	double	   *sum = s->sum + (size_t) c * s->d,
				w = sign * s->r->w[i];

	s->weight[c] += w;
	s->count[c] += sign > 0 ? 1 : -1;
	if (s->r->complete == s->r->n)
		for (int j = 0; j < s->d; j++)
			sum[j] += w * x[j];
	else
		for (int j = 0; j < s->d; j++)
			if (!isnan(x[j]))
			{
				sum[j] += w * x[j];
				s->known[(size_t) c * s->d + j] += w;
			}
}

/* sums afresh, free of the rounding of rows that came and went */
static void
count_all(search *s)
{
	size_t		kd = (size_t) s->k * s->d;

	memset(s->sum, 0, kd * sizeof(double));
	memset(s->known, 0, kd * sizeof(double));
	memset(s->weight, 0, s->k * sizeof(double));
	memset(s->count, 0, s->k * sizeof(size_t));
	for (size_t i = 0; i < s->r->n; i++)
	{
		count_row(s, i, s->label[i], 1);
		if ((i & 0xFFFF) == 0)
			tick(s);
	}
}

/*
 * The bounds are floats, widened by more than they can be rounded (distances are about one here, so 1e-37 is nothing): less memory to read costs less
 * than a row looked at in vain.
 */
#define SLACK 4e-7
#define LEAST 1e-37
#define MOST 1e37

static inline void
set_bounds(search *s, size_t i, uint32_t c, double one, double two)
{
	one = sqrt(one);
	two = sqrt(two);
	s->upper[i] = (float) (one - s->gone[c] + SLACK * (one + s->gone[c]) + LEAST);
	two += s->others[c];
	s->lower[i] = two < MOST ? (float) (two - SLACK * two - LEAST) : (float) -MOST;
}

/* every row to its nearest centre, no bound trusted; how many changed */
WIDE static size_t
assign_all(search *s)
{
	size_t		changed = 0;

	memset(s->gone, 0, s->k * sizeof(double));
	memset(s->others, 0, s->k * sizeof(double));
	for (size_t i = 0; i < s->r->complete; i++)
	{
		double		one,
					two;
		uint32_t	c = nearest_two(s, s->r->x + i * s->d, &one, &two);

		changed += s->label[i] != c;
		s->label[i] = c;
		set_bounds(s, i, c, one, two);
		if ((i & 0x3FFF) == 0)
			tick(s);
	}
	for (size_t i = s->r->complete; i < s->r->n; i++)
	{
		uint32_t	c = nearest_known(s, s->r->x + i * s->d);

		changed += s->label[i] != c;
		s->label[i] = c;
		if ((i & 0x3FFF) == 0)
			tick(s);
	}
	return changed;
}

/* the same with the bounds */
WIDE static size_t
assign_some(search *s)
{
	size_t		changed = 0;
	double		most = 0,
				next = 0;
	int			farthest = 0;

	for (int c = 0; c < s->k; c++)
		if (s->move[c] > most)
		{
			next = most;
			most = s->move[c];
			farthest = c;
		}
		else if (s->move[c] > next)
			next = s->move[c];
	for (int c = 0; c < s->k; c++)
	{
		s->gone[c] += s->move[c];
		s->others[c] += c == farthest ? next : most;
	}
	for (size_t i = 0; i < s->r->complete; i++)
	{
		uint32_t	c = s->label[i],
					now;
		double		bound = s->lower[i] - s->others[c],
					one,
					two;

		if ((i & 0x3FFF) == 0)
			tick(s);
		bound = bound > s->half[c] ? bound : s->half[c];
		if (s->upper[i] + s->gone[c] < bound)
			continue;
		/* with many centres the own one alone first */
		if (s->blocks > 1)
		{
			one = sqrt(distance(s->r->x + i * s->d, s->centre + (size_t) c * s->d, s->d));
			if (one * (1 + SLACK) < bound)
			{
				s->upper[i] = (float) (one - s->gone[c] + SLACK * (one + s->gone[c]) + LEAST);
				continue;
			}
		}
		now = nearest_two(s, s->r->x + i * s->d, &one, &two);
		set_bounds(s, i, now, one, two);
		if (now != c)
		{
			count_row(s, i, c, -1);
			count_row(s, i, now, 1);
			s->label[i] = now;
			changed++;
		}
	}
	for (size_t i = s->r->complete; i < s->r->n; i++)
	{
		uint32_t	now = nearest_known(s, s->r->x + i * s->d);

		if (now != s->label[i])
		{
			count_row(s, i, s->label[i], -1);
			count_row(s, i, now, 1);
			s->label[i] = now;
			changed++;
		}
		if ((i & 0x3FFF) == 0)
			tick(s);
	}
	return changed;
}

/* a group without rows takes the row that lies farthest from its own centre; false when all rows lie on their centres */
static bool
fill_empty(search *s, uint32_t empty)
{
	size_t		far = s->r->n;
	double		most = 0;

	for (size_t i = 0; i < s->r->n; i++)
	{
		double		v = s->count[s->label[i]] > 1 ? distance(s->r->x + i * s->d, s->centre + (size_t) s->label[i] * s->d, s->d) : 0;

		if (v > most)
		{
			most = v;
			far = i;
		}
	}
	if (far == s->r->n)
		return false;
	count_row(s, far, s->label[far], -1);
	s->label[far] = empty;
	count_row(s, far, empty, 1);
	return true;
}

/* the centres move into the middle of their groups; true when some group had to be filled */
static bool
move_centres(search *s)
{
	bool		filled = false;

	for (int c = 0; c < s->k; c++)
		if (s->count[c] == 0)
			filled |= fill_empty(s, c);
	memcpy(s->before, s->centre, (size_t) s->k * s->d * sizeof(double));
	for (int c = 0; c < s->k; c++)
	{
		double	   *centre = s->centre + (size_t) c * s->d;

		for (int j = 0; s->count[c] > 0 && j < s->d; j++)
		{
			double		w = s->weight[c];

			if (s->r->complete < s->r->n)
			{
				/* rows count only where they are known */
				w = s->known[(size_t) c * s->d + j];
				if (!(w > 0))
					continue;
			}
			centre[j] = s->sum[(size_t) c * s->d + j] / w;
		}
		s->move[c] = sqrt(distance(centre, s->before + (size_t) c * s->d, s->d));
	}
	for (int c = 0; c < s->k; c++)
		s->half[c] = INFINITY;
	for (int c = 0; c < s->k; c++)
		for (int o = 0; o < c; o++)
		{
			double		v = 0.5 * sqrt(distance(s->centre + (size_t) c * s->d, s->centre + (size_t) o * s->d, s->d)) * (1 - SLACK);

			s->half[c] = fmin(s->half[c], v);
			s->half[o] = fmin(s->half[o], v);
		}
	lay_across(s);
	return filled;
}

/* Lloyd's iteration from s->centre until no row changes its group; false when it was stopped before */
static bool
lloyd(search *s, int max_iterations, int64_t *iterations)
{
	bool		fresh = true;

	lay_across(s);
	memset(s->label, 0, s->r->n * sizeof(uint32_t));
	assign_all(s);
	count_all(s);
	for (*iterations = 1; *iterations < max_iterations; ++*iterations)
	{
		size_t		changed;

		if (move_centres(s))
		{
			/* a row was moved by hand: its bounds say nothing */
			changed = assign_all(s);
			count_all(s);
			fresh = true;
		}
		else
			changed = assign_some(s);
		if (changed > 0)
			fresh = false;
		else if (fresh)
			return true;
		else
		{
			/* settled, up to the rounding of the sums: once more with sums as they should be, and without bounds */
			count_all(s);
			move_centres(s);
			if (assign_all(s) == 0)
				return true;
			count_all(s);
		}
	}
	move_centres(s);
	return false;
}

static double
inertia_of(const search *s, double *within)
{
	double		all = 0;

	memset(within, 0, s->k * sizeof(double));
	for (size_t i = 0; i < s->r->n; i++)
		within[s->label[i]] += s->r->w[i] * distance(s->r->x + i * s->d, s->centre + (size_t) s->label[i] * s->d, s->d);
	for (int c = 0; c < s->k; c++)
		all += within[c];
	return all;
}

/* ---------- seeding ---------- */

/* a missing feature of a seed is that of the mean, which is zero here */
static void
take_row(search *s, size_t row, int c)
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
seed_centres(search *s, uint64_t *random, double *near, double *sums, double *trial)
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
				trial[i] = fmin(near[i], distance(s->r->x + i * s->d, s->centre + (size_t) c * s->d, s->d));
				left += s->r->w[i] * trial[i];
			}
			if (left < best)
			{
				best = left;
				chosen = low;
				memcpy(trial + n, trial, n * sizeof(double));
			}
			tick(s);
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
	search		s;
	uint64_t	random = o->seed;
	double	   *room,
				best = INFINITY;
	int			k = 0;

	if (part.n > SEED_ROWS && part.n / SEED_ROWS >= 2)
		part.n = SEED_ROWS;
	if (part.complete > part.n)
		part.complete = part.n;
	room = host->allocate((4 * part.n + o->k) * sizeof(double));
	search_begin(&s, &part, o->k, host);
	for (int i = 0; i < o->starts; i++)
	{
		int64_t		iterations;
		double		left;

		s.k = o->k;
		seed_centres(&s, &random, room, room + part.n, room + 2 * part.n);
		if (o->starts > 1 || part.n < r->n)
			lloyd(&s, o->max_iterations, &iterations);
		else
		{
			memset(s.label, 0, part.n * sizeof(uint32_t));
			lay_across(&s);
			assign_all(&s);
		}
		left = inertia_of(&s, room);
		if (left < best)
		{
			best = left;
			k = s.k;
			memcpy(start, s.centre, (size_t) k * s.d * sizeof(double));
		}
	}
	search_end(&s);
	host->release(room);
	return k;
}

/* ---------- the whole ---------- */

/* larger groups first; of equal ones, by their centres */
static bool
stands_before(const search *s, int a, int b)
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
	search		s;

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
	search_begin(&s, r, k, host);
	memcpy(s.centre, centre, (size_t) k * d * sizeof(double));
	m->status = lloyd(&s, o->max_iterations, &m->iterations) ? CLUSTER_CONVERGED : CLUSTER_NOT_CONVERGED;
	if (m->status == CLUSTER_NOT_CONVERGED)
		assign_all(&s);
	count_all(&s);
	within = host->allocate(k * sizeof(double));
	order = host->allocate(k * sizeof(int));
	m->inertia = inertia_of(&s, within);
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
	search_end(&s);
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
