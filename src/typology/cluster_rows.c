/*
 * cluster_rows.c: the rows of a k-means before and after the search: one order whatever order they came in, means and deviations, the
 * silhouette. Rows come from the state of the aggregate (cluster_sample_fn.c) and go to kmeans.c.
 */
#include <math.h>
#include <string.h>

#include "typology/typology.h"

/* splitmix64 (Steele, Lea and Flood 2014) */
static uint64_t
mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

uint64_t
cluster_random(uint64_t *state)
{
	return mix(*state += UINT64_C(0x9E3779B97F4A7C15));
}

double
cluster_uniform(uint64_t *state)
{
	return ((double) (cluster_random(state) >> 11) + 0.5) / 9007199254740992.0;
}

/* ---------- one order ---------- */

typedef struct place
{
	uint64_t	hash;			/* the highest bit: something is missing */
	uint32_t	row;
} place;

#define DIGIT 11
#define PASSES 3
#define SORTED_BITS (DIGIT * PASSES)

typedef struct sorter
{
	const double *x,
			   *w;
	int			d;
} sorter;

/* numbers by their bits: any fixed order will do */
static int
compare(const sorter *s, const place *a, const place *b)
{
	int			c;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	c = memcmp(s->x + (size_t) a->row * s->d, s->x + (size_t) b->row * s->d, s->d * sizeof(double));
	if (c == 0 && s->w != NULL)
		c = memcmp(s->w + a->row, s->w + b->row, sizeof(double));
	return c;
}

/* heapsort of a run whose sorted bits are equal */
static void
sort_run(const sorter *s, place *p, size_t n)
{
	for (size_t end = n, root = n / 2; end > 1;)
	{
		place		moved;
		size_t		at;

		if (root > 0)
			moved = p[at = --root];
		else
		{
			moved = p[--end];
			p[end] = p[0];
			at = 0;
		}
		for (size_t child; (child = 2 * at + 1) < end; at = child)
		{
			if (child + 1 < end && compare(s, &p[child], &p[child + 1]) < 0)
				child++;
			if (compare(s, &moved, &p[child]) >= 0)
				break;
			p[at] = p[child];
		}
		p[at] = moved;
	}
}

/* x must hold no minus zero and one kind of NaN. False when no row has a known feature. */
bool
cluster_rows_order(const double *x, const double *w, size_t n, int d, uint64_t seed, cluster_rows *out, double *ignored, const typology_host *host)
{
	place	   *from = host->allocate(n * sizeof(place) + 1),
			   *to = host->allocate(n * sizeof(place) + 1);
	sorter		s = {x, w, d};
	size_t		kept = 0,
				rows = 0;

	*ignored = 0;
	seed = mix(seed + 1);
	for (size_t i = 0; i < n; i++)
	{
		uint64_t	h = seed;
		int			missing = 0;

		for (int j = 0; j < d; j++)
		{
			uint64_t	bits;

			memcpy(&bits, &x[i * d + j], sizeof(bits));
			h = (h ^ bits) * UINT64_C(0x9FB21C651E98DF25);
			h ^= h >> 35;
			missing += isnan(x[i * d + j]) != 0;
		}
		if (missing == d)
		{
			*ignored += w != NULL ? w[i] : 1;
			continue;
		}
		from[kept++] = (place) {(mix(h) >> 1) | (uint64_t) (missing > 0) << 63, (uint32_t) i};
		if ((i & 0xFFFF) == 0 && host->tick)
			host->tick();
	}
	for (int pass = 0; pass < PASSES; pass++)
	{
		size_t		start[1 << DIGIT] = {0},
					sum = 0;
		int			shift = 64 - SORTED_BITS + pass * DIGIT;
		place	   *t;

		for (size_t i = 0; i < kept; i++)
			start[(from[i].hash >> shift) & ((1 << DIGIT) - 1)]++;
		for (int b = 0; b < 1 << DIGIT; b++)
		{
			size_t		c = start[b];

			start[b] = sum;
			sum += c;
		}
		for (size_t i = 0; i < kept; i++)
			to[start[(from[i].hash >> shift) & ((1 << DIGIT) - 1)]++] = from[i];
		t = from, from = to, to = t;
		if (host->tick)
			host->tick();
	}
	host->release(to);
	out->d = d;
	out->complete = 0;
	out->x = host->allocate((kept + 1) * d * sizeof(double));
	out->w = host->allocate((kept + 1) * sizeof(double));
	for (size_t i = 0; i < kept;)
	{
		size_t		j = i + 1;
		bool		alike = true;

		for (; j < kept && from[j].hash >> (64 - SORTED_BITS) == from[i].hash >> (64 - SORTED_BITS); j++)
			alike = alike && compare(&s, &from[i], &from[j]) == 0;
		if (!alike)
			sort_run(&s, from + i, j - i);
		for (; i < j; i++)
		{
			const double *row = x + (size_t) from[i].row * d;
			double		weight = w != NULL ? w[from[i].row] : 1;

			/* rows are read in no order: ask for a later one now */
			if (i + 16 < kept)
				__builtin_prefetch(x + (size_t) from[i + 16].row * d);
			if (rows > 0 && memcmp(out->x + (rows - 1) * d, row, d * sizeof(double)) == 0)
				out->w[rows - 1] += weight;
			else
			{
				memcpy(out->x + rows * d, row, d * sizeof(double));
				out->w[rows++] = weight;
				out->complete += !(from[i].hash >> 63);
			}
			if ((i & 0xFFFF) == 0 && host->tick)
				host->tick();
		}
	}
	out->n = rows;
	host->release(from);
	return rows > 0;
}

/* ---------- means and deviations ---------- */

#define BLOCK 512				/* rows summed before their sum is added to that of all: rounding does not pile up */

/*
 * Of the known values of each feature; the deviation is that of the population. Two passes: from the first known value, so that large numbers close
 * together keep their digits, then from the mean itself. room: 5 d numbers.
 */
void
cluster_rows_moments(const cluster_rows *r, double *mean, double *deviation, double *room)
{
	int			d = r->d;
	double	   *weight = room,
			   *sum = room + d,
			   *square = room + 2 * d,
			   *part = room + 3 * d,
			   *part_square = room + 4 * d;

	for (int j = 0; j < d; j++)
	{
		mean[j] = 0;
		for (size_t i = 0; i < r->n; i++)
			if (!isnan(r->x[i * d + j]))
			{
				mean[j] = r->x[i * d + j];
				break;
			}
	}
	for (int pass = 0; pass < 2; pass++)
	{
		memset(room, 0, 5 * d * sizeof(double));
		for (size_t i = 0; i < r->n;)
		{
			size_t		stop = i + BLOCK < r->n ? i + BLOCK : r->n;

			for (; i < stop; i++)
			{
				const double *x = r->x + i * d;
				double		w = r->w[i];

				for (int j = 0; j < d; j++)
				{
					double		v = x[j] - mean[j],
								known = v == v ? w : 0;

					v = v == v ? v : 0;
					weight[j] += known;
					part[j] += known * v;
					part_square[j] += known * v * v;
				}
			}
			for (int j = 0; j < d; j++)
			{
				sum[j] += part[j];
				square[j] += part_square[j];
				part[j] = part_square[j] = 0;
			}
		}
		for (int j = 0; j < d; j++)
			if (weight[j] > 0)
			{
				double		rest = sum[j] / weight[j];

				mean[j] += rest;
				deviation[j] = sqrt(fmax(0, square[j] / weight[j] - rest * rest));
			}
			else
				deviation[j] = 0;
	}
}

/* ---------- silhouette ---------- */

/*
 * The mean silhouette (Rousseeuw 1987) of at most `sample` complete rows, each with its weight: how much nearer a row is to its own group
 * than to the next, from -1 to 1. A row alone in its group counts as 0. NaN with fewer than two groups.
 */
double
cluster_rows_silhouette(const cluster_rows *r, const uint32_t *label, int k, int sample, const typology_host *host)
{
	size_t		m = r->complete < (size_t) sample ? r->complete : (size_t) sample,
			   *row;
	double	   *sum,
			   *weight,
				mean = 0,
				all = 0;
	int			d = r->d,
				groups = 0;

	if (m < 2)
		return NAN;
	row = host->allocate(m * sizeof(size_t));
	sum = host->allocate(m * k * sizeof(double));
	weight = host->allocate(k * sizeof(double));
	memset(sum, 0, m * k * sizeof(double));
	memset(weight, 0, k * sizeof(double));
	/* the rows stand in an order without meaning: evenly chosen is chosen at random */
	for (size_t i = 0; i < m; i++)
	{
		row[i] = (size_t) ((double) i * ((double) r->complete / (double) m));
		weight[label[row[i]]] += r->w[row[i]];
	}
	for (size_t i = 0; i < m; i++)
	{
		const double *x = r->x + row[i] * d;

		for (size_t j = 0; j < i; j++)
		{
			const double *y = r->x + row[j] * d;
			double		s = 0;

			for (int f = 0; f < d; f++)
				s += (x[f] - y[f]) * (x[f] - y[f]);
			s = sqrt(s);
			sum[i * k + label[row[j]]] += s * r->w[row[j]];
			sum[j * k + label[row[i]]] += s * r->w[row[i]];
		}
		if ((i & 63) == 0 && host->tick)
			host->tick();
	}
	for (int c = 0; c < k; c++)
		groups += weight[c] > 0;
	for (size_t i = 0; i < m; i++)
	{
		double		w = r->w[row[i]],
					others = weight[label[row[i]]] - fmin(1, w),
					own,
					next = INFINITY;

		all += w;
		if (others <= 0)
			continue;
		own = sum[i * k + label[row[i]]] / others;
		for (int c = 0; c < k; c++)
			if (c != (int) label[row[i]] && weight[c] > 0)
				next = fmin(next, sum[i * k + c] / weight[c]);
		if (fmax(own, next) > 0)
			mean += w * (next - own) / fmax(own, next);
	}
	host->release(weight);
	host->release(sum);
	host->release(row);
	return groups < 2 ? NAN : mean / all;
}
