/*
 * kmeans.c: the search of a k-means: Lloyd's (1982) iteration made cheaper by Hamerly's (2010) bounds, which change nothing in its result: a row
 * whose own centre is surely the nearest is not looked at. A missing feature does not count in a row's distances, nor in the mean of its group
 * (k-POD, Chi, Chi and Baraniuk 2016). Called by kmeans_fit.c.
 */
#include <stdlib.h>

#include "typology/kmeans_private.h"

#define NOWHERE 1e200			/* the centres that fill the last lanes: never near */

/* the clones have the same operations in the same order, so the same results; only how many at a time differs */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_UNDEFINED__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

typedef double lanes __attribute__((vector_size(LANES * sizeof(double) / 2)));

void
kmeans_begin(kmeans_search *s, const cluster_rows *r, int k, const typology_host *host)
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

void
kmeans_end(kmeans_search *s)
{
	void	   *all[] = {s->centre, s->before, s->sum, s->known, s->across, s->weight, s->move, s->gone, s->others, s->half, s->count, s->label, s->upper, s->lower};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		s->host->release(all[i]);
}

/* ---------- distances ---------- */

static void
lay_across(kmeans_search *s)
{
	for (int c = 0; c < s->blocks * LANES; c++)
		for (int j = 0; j < s->d; j++)
			s->across[((size_t) (c / LANES) * s->d + j) * LANES + c % LANES] = c < s->k ? s->centre[(size_t) c * s->d + j] : NOWHERE;
}

/* the nearest centre, of equal ones the first; *first and *second are squared distances */
static inline uint32_t
nearest_two(const kmeans_search *s, const double *x, double *first, double *second)
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
nearest_known(const kmeans_search *s, const double *x)
{
	uint32_t	best = 0;
	double		least = INFINITY;

	for (int c = 0; c < s->k; c++)
	{
		double		v = kmeans_distance(x, s->centre + (size_t) c * s->d, s->d);

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
count_row(kmeans_search *s, size_t i, uint32_t c, double sign)
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
void
kmeans_count(kmeans_search *s)
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
			kmeans_tick(s);
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
set_bounds(kmeans_search *s, size_t i, uint32_t c, double one, double two)
{
	one = sqrt(one);
	two = sqrt(two);
	s->upper[i] = (float) (one - s->gone[c] + SLACK * (one + s->gone[c]) + LEAST);
	two += s->others[c];
	s->lower[i] = two < MOST ? (float) (two - SLACK * two - LEAST) : (float) -MOST;
}

/* every row to its nearest centre, no bound trusted; how many changed */
WIDE static size_t
assign_all(kmeans_search *s)
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
			kmeans_tick(s);
	}
	for (size_t i = s->r->complete; i < s->r->n; i++)
	{
		uint32_t	c = nearest_known(s, s->r->x + i * s->d);

		changed += s->label[i] != c;
		s->label[i] = c;
		if ((i & 0x3FFF) == 0)
			kmeans_tick(s);
	}
	return changed;
}

/* the same with the bounds */
WIDE static size_t
assign_some(kmeans_search *s)
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
			kmeans_tick(s);
		bound = bound > s->half[c] ? bound : s->half[c];
		if (s->upper[i] + s->gone[c] < bound)
			continue;
		/* with many centres the own one alone first */
		if (s->blocks > 1)
		{
			one = sqrt(kmeans_distance(s->r->x + i * s->d, s->centre + (size_t) c * s->d, s->d));
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
			kmeans_tick(s);
	}
	return changed;
}

/* a group without rows takes the row that lies farthest from its own centre; false when all rows lie on their centres */
static bool
fill_empty(kmeans_search *s, uint32_t empty)
{
	size_t		far = s->r->n;
	double		most = 0;

	for (size_t i = 0; i < s->r->n; i++)
	{
		double		v = s->count[s->label[i]] > 1 ? kmeans_distance(s->r->x + i * s->d, s->centre + (size_t) s->label[i] * s->d, s->d) : 0;

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
move_centres(kmeans_search *s)
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
		s->move[c] = sqrt(kmeans_distance(centre, s->before + (size_t) c * s->d, s->d));
	}
	for (int c = 0; c < s->k; c++)
		s->half[c] = INFINITY;
	for (int c = 0; c < s->k; c++)
		for (int o = 0; o < c; o++)
		{
			double		v = 0.5 * sqrt(kmeans_distance(s->centre + (size_t) c * s->d, s->centre + (size_t) o * s->d, s->d)) * (1 - SLACK);

			s->half[c] = fmin(s->half[c], v);
			s->half[o] = fmin(s->half[o], v);
		}
	lay_across(s);
	return filled;
}

/* Lloyd's iteration from s->centre until no row changes its group; false when it was stopped before */
bool
kmeans_lloyd(kmeans_search *s, int max_iterations, int64_t *iterations)
{
	bool		fresh = true;

	lay_across(s);
	memset(s->label, 0, s->r->n * sizeof(uint32_t));
	assign_all(s);
	kmeans_count(s);
	for (*iterations = 1; *iterations < max_iterations; ++*iterations)
	{
		size_t		changed;

		if (move_centres(s))
		{
			/* a row was moved by hand: its bounds say nothing */
			changed = assign_all(s);
			kmeans_count(s);
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
			kmeans_count(s);
			move_centres(s);
			if (assign_all(s) == 0)
				return true;
			kmeans_count(s);
		}
	}
	move_centres(s);
	return false;
}

double
kmeans_inertia(const kmeans_search *s, double *within)
{
	double		all = 0;

	memset(within, 0, s->k * sizeof(double));
	for (size_t i = 0; i < s->r->n; i++)
		within[s->label[i]] += s->r->w[i] * kmeans_distance(s->r->x + i * s->d, s->centre + (size_t) s->label[i] * s->d, s->d);
	for (int c = 0; c < s->k; c++)
		all += within[c];
	return all;
}

/* every row to its nearest centre as the centres are */
void
kmeans_assign(kmeans_search *s)
{
	lay_across(s);
	assign_all(s);
}
