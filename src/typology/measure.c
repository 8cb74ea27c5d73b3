/*
 * measure.c: measures of association and their p-values, from tables of counts, groups of values and pairs. What is summed over rows is
 * counted in whole numbers or summed with twice the digits, so that the result does not depend on the order of the rows.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "typology/typology.h"

/* the error of a + b (Knuth) goes to low */
static inline void
exact_add(exact_sum *s, double v)
{
	double		t = s->high + v,
				z = t - s->high;

	s->low += (s->high - (t - z)) + (v - z);
	s->high = t;
}

static inline double
exact_value(exact_sum s)
{
	return s.high + s.low;
}

/* v * v is the product and what rounding took of it (Dekker) */
void
group_add(group_sums *g, double v)
{
	double		square = v * v,
				c = 134217729.0 * v,
				big = c - (c - v),
				small = v - big;

	g->n += 1;
	exact_add(&g->sum, v);
	exact_add(&g->square, square);
	if (fabs(v) < 1e100)
		g->square.low += ((big * big - square) + 2 * big * small) + small * small;
}

/* ---------- tables of counts ---------- */

static association
undefined(double n)
{
	return (association) {NAN, NAN, n};
}

/*
 * Pearson's chi-square without correction and Cramer's V (Cramer 1946), the mutual information in nats and its likelihood ratio test
 * (G = 2 n I). work has room for rows + columns.
 */
void
measure_table(const uint64_t *counts, size_t rows, size_t columns, size_t stride, double *work, association *cramer, association *mutual)
{
	double	   *row = work,
			   *column = work + rows,
				n = 0,
				df;
	exact_sum	chi = {0, 0},
				information = {0, 0};
	size_t		r = 0,
				c = 0;

	memset(work, 0, (rows + columns) * sizeof(double));
	for (size_t i = 0; i < rows; i++)
		for (size_t j = 0; j < columns; j++)
		{
			double		o = (double) counts[i * stride + j];

			row[i] += o;
			column[j] += o;
			n += o;
		}
	for (size_t i = 0; i < rows; i++)
		r += row[i] > 0;
	for (size_t j = 0; j < columns; j++)
		c += column[j] > 0;
	*cramer = *mutual = undefined(n);
	if (r < 2 || c < 2)
		return;
	for (size_t i = 0; i < rows; i++)
		for (size_t j = 0; row[i] > 0 && j < columns; j++)
		{
			double		o = (double) counts[i * stride + j],
						e = row[i] * (column[j] / n);

			if (column[j] > 0)
				exact_add(&chi, (o - e) * (o - e) / e);
			if (o > 0)
				exact_add(&information, o * log1p((o - e) / e));
		}
	df = (double) (r - 1) * (double) (c - 1);
	cramer->strength = fmin(1, sqrt(exact_value(chi) / n / (double) ((r < c ? r : c) - 1)));
	cramer->p_value = exp(tail_chi_square(exact_value(chi), df));
	mutual->strength = fmax(0, exact_value(information) / n);
	mutual->p_value = exp(tail_chi_square(2 * fmax(0, exact_value(information)), df));
}

/* pairs of n things */
static __int128
pairs(uint64_t n)
{
	return (__int128) n * (n - (n > 0)) / 2;
}

/* Hubert and Arabie (1985): (index - expected) / (largest - expected); 1 when both typologies are one group, or all alone */
double
measure_adjusted_rand(const pair_count *cell, size_t cells, const uint64_t *a, size_t as, const uint64_t *b, size_t bs)
{
	__int128	index = 0,
				by_a = 0,
				by_b = 0,
				all;
	uint64_t	n = 0;
	double		expected,
				largest;

	for (size_t i = 0; i < cells; i++)
		index += pairs(cell[i].n);
	for (size_t i = 0; i < as; i++)
	{
		by_a += pairs(a[i]);
		n += a[i];
	}
	for (size_t i = 0; i < bs; i++)
		by_b += pairs(b[i]);
	all = pairs(n);
	if (n == 0)
		return NAN;
	/* together or apart in both alike */
	if (index == by_a && index == by_b)
		return 1;
	expected = (double) by_a / (double) all * (double) by_b;
	largest = ((double) by_a + (double) by_b) / 2;
	return ((double) index - expected) / (largest - expected);
}

/* ---------- groups of values ---------- */

/* the sum of squares of a group about its own mean: square - sum^2 / n, with twice the digits */
static double
squares_within(const group_sums *g)
{
	double		s = g->sum.high,
				c = 134217729.0 * s,
				big = c - (c - s),
				small = s - big,
				square = s * s,
				rest = ((big * big - square) + 2 * big * small) + small * small + 2 * s * g->sum.low,
				quotient = square / g->n,
				q,
				quotient_big,
				left;

	if (!(g->n > 0) || fabs(s) > 1e150)
		return g->n > 0 ? fmax(0, g->square.high - quotient) : 0;
	/* what the division left over */
	q = 134217729.0 * quotient;
	quotient_big = q - (q - quotient);
	left = ((square - quotient_big * g->n) - (quotient - quotient_big) * g->n + rest) / g->n;
	return fmax(0, (g->square.high - quotient) + (g->square.low - left));
}

/* the sums of squares within the groups and between them; how many groups have values, *n how many values there are */
static size_t
split_squares(const group_sums *group, size_t groups, double *n, double *between, double *within)
{
	exact_sum	sum = {0, 0};
	double		mean;
	size_t		used = 0;

	*n = *between = *within = 0;
	for (size_t i = 0; i < groups; i++)
		if (group[i].n > 0)
		{
			used++;
			*n += group[i].n;
			exact_add(&sum, group[i].sum.high);
			exact_add(&sum, group[i].sum.low);
		}
	mean = exact_value(sum) / *n;
	for (size_t i = 0; i < groups; i++)
		if (group[i].n > 0)
		{
			double		d = exact_value(group[i].sum) / group[i].n - mean;

			*between += group[i].n * d * d;
			*within += squares_within(&group[i]);
		}
	return used;
}

/* the correlation ratio, eta squared (Pearson 1905): what of the sum of squares lies between the groups; p-value of the one-way F test */
association
measure_groups(const group_sums *group, size_t groups)
{
	double		n,
				between,
				within;
	size_t		used = split_squares(group, groups, &n, &between, &within);
	association result = undefined(n);

	if (used < 2 || !(between + within > 0) || isinf(between + within))
		return result;
	result.strength = between / (between + within);
	result.p_value = n > used ? exp(tail_f(between, within, used - 1, n - used)) : NAN;
	return result;
}

/* the variance of all, that of the population */
double
measure_variance(const group_sums *group, size_t groups)
{
	double		n,
				between,
				within;

	split_squares(group, groups, &n, &between, &within);
	return n > 0 ? (between + within) / n : NAN;
}

double
measure_mean_v_test(double mean_in, double n_in, double mean, double variance, double n)
{
	double		spread = n > 1 ? variance / n_in * ((n - n_in) / (n - 1)) : 0;

	if (!(n_in > 0) || !(variance > 0))
		return NAN;
	if (!(spread > 0))
		return 0;
	return (mean_in - mean) / sqrt(spread);
}

/* ---------- pairs of numbers ---------- */

static double
mean_of(const double *x, size_t n)
{
	exact_sum	sum = {0, 0};

	for (size_t i = 0; i < n; i += 256)
	{
		double		part = 0;

		for (size_t j = i; j < n && j < i + 256; j++)
			part += x[j] - x[0];
		exact_add(&sum, part);
	}
	return x[0] + exact_value(sum) / (double) n;
}

association
measure_pearson(const double *x, const double *y, size_t n)
{
	exact_sum	xx = {0, 0},
				yy = {0, 0},
				xy = {0, 0};
	double		mx,
				my,
				low_x = INFINITY,
				high_x = -INFINITY,
				low_y = INFINITY,
				high_y = -INFINITY,
				scale_x,
				scale_y;
	association result = undefined((double) n);

	if (n < 2)
		return result;
	for (size_t i = 0; i < n; i++)
	{
		low_x = x[i] < low_x ? x[i] : low_x;
		high_x = x[i] > high_x ? x[i] : high_x;
		low_y = y[i] < low_y ? y[i] : low_y;
		high_y = y[i] > high_y ? y[i] : high_y;
	}
	if (low_x == high_x || low_y == high_y)
		return result;
	/* scaled by a power of two, so that squares neither overflow nor vanish */
	scale_x = ldexp(1, -ilogb(fmax(fabs(low_x), fabs(high_x))));
	scale_y = ldexp(1, -ilogb(fmax(fabs(low_y), fabs(high_y))));
	if (!isfinite(scale_x) || !isfinite(scale_y))
		return result;
	mx = mean_of(x, n) * scale_x;
	my = mean_of(y, n) * scale_y;
	for (size_t i = 0; i < n; i += 256)
	{
		double		a = 0,
					b = 0,
					c = 0;

		for (size_t j = i; j < n && j < i + 256; j++)
		{
			double		dx = x[j] * scale_x - mx,
						dy = y[j] * scale_y - my;

			a += dx * dx;
			b += dy * dy;
			c += dx * dy;
		}
		exact_add(&xx, a);
		exact_add(&yy, b);
		exact_add(&xy, c);
	}
	result.strength = fmin(1, fmax(-1, exact_value(xy) / sqrt(exact_value(xx)) / sqrt(exact_value(yy))));
	result.p_value = exp(tail_correlation(result.strength, (double) n));
	return result;
}

/* numbers as whole numbers of the same order; minus zero is zero */
static uint64_t
ordered_bits(double v)
{
	union
	{
		double		d;
		uint64_t	u;
	}			b = {.d = v + 0.0};

	return b.u >> 63 ? ~b.u : b.u | (UINT64_C(1) << 63);
}

/* Shell's sort, by the whole value, of a run whose sorted bits are equal; runs are short unless values crowd */
static void
sort_run(const double *x, ranked *r, size_t n)
{
	size_t		gap = 1;

	while (gap < n / 3)
		gap = gap * 3 + 1;
	for (; gap > 0; gap /= 3)
		for (size_t i = gap; i < n; i++)
		{
			ranked		v = r[i];
			size_t		j = i;

			for (; j >= gap && x[r[j - gap].index] > x[v.index]; j -= gap)
				r[j] = r[j - gap];
			r[j] = v;
		}
}

/* the nearest whole number of what is below 2^51: no bit of its fraction has a place beside this sum's, and no call is made */
static inline double
whole(double v)
{
	return v + 0x1.8p52 - 0x1.8p52;
}

/*
 * Ranks by counting, where all are whole multiples of 1 / scale in a range of at most `range`: counts of things, days, cents. False, and nothing
 * is ranked, where they are not. `room` is for `range` of them.
 */
static bool
ranks_by_counting(const double *x, size_t n, double scale, size_t range, ranked *room, int64_t *doubled)
{
	double		least = x[0] * scale,
				most = least;
	int64_t		below = 0;

	for (size_t i = 0; i < n; i++)
	{
		double		v = whole(x[i] * scale);

		least = fmin(least, v);
		most = fmax(most, v);
		if (v / scale != x[i] || !(most - least < (double) range))
			return false;
	}
	memset(room, 0, sizeof(ranked) * ((size_t) (most - least) + 1));
	for (size_t i = 0; i < n; i++)
		room[(size_t) (whole(x[i] * scale) - least)].count++;
	for (size_t i = 0; i <= (size_t) (most - least); i++)
	{
		int64_t		here = room[i].count;

		room[i].count = 2 * below + here + 1;
		below += here;
	}
	for (size_t i = 0; i < n; i++)
		doubled[i] = room[(size_t) (whole(x[i] * scale) - least)].count;
	return true;
}

#define PASSES 3
#define COUNTED 262144			/* numbers: what a second-level cache holds */

/*
 * Twice the average rank of each value: equal values share the mean of their places. A radix sort by the 32 bits after those that all have in
 * common, which leaves few values together, and these are sorted by comparing.
 */
void
measure_ranks(const double *x, size_t n, int64_t *doubled, ranked *room)
{
	static const int digit[PASSES] = {11, 11, 10};
	ranked	   *from = room,
			   *to = room + n;
	size_t		range = n < COUNTED ? n : COUNTED;
	uint64_t	differ = 0;
	int			lead = 0,
				shift = 0;

	if (n == 0 || ranks_by_counting(x, n, 1, range, room, doubled) || ranks_by_counting(x, n, 100, range, room, doubled))
		return;
	for (size_t i = 0; i < n; i++)
		differ |= ordered_bits(x[i]) ^ ordered_bits(x[0]);
	while (lead < 32 && !(differ >> (63 - lead)))
		lead++;
	for (size_t i = 0; i < n; i++)
		from[i] = (ranked) {.key = (uint32_t) (ordered_bits(x[i]) << lead >> 32), .index = (uint32_t) i};
	for (int pass = 0; pass < PASSES; shift += digit[pass++])
	{
		size_t		start[1 << 11] = {0},
					sum = 0;
		uint32_t	mask = (UINT32_C(1) << digit[pass]) - 1;
		ranked	   *swap;

		/* a digit in which nothing differs */
		if (((differ << lead >> 32) >> shift & mask) == 0)
			continue;
		for (size_t i = 0; i < n; i++)
			start[from[i].key >> shift & mask]++;
		for (uint32_t b = 0; b <= mask; b++)
		{
			size_t		c = start[b];

			start[b] = sum;
			sum += c;
		}
		for (size_t i = 0; i < n; i++)
			to[start[from[i].key >> shift & mask]++] = from[i];
		swap = from, from = to, to = swap;
	}
	for (size_t i = 0; i < n;)
	{
		size_t		stop = i + 1;
		bool		sorted = true;

		for (; stop < n && from[stop].key == from[i].key; stop++)
			sorted &= x[from[stop - 1].index] <= x[from[stop].index];
		if (!sorted)
			sort_run(x, from + i, stop - i);
		while (i < stop)
		{
			size_t		j = i + 1;

			while (j < stop && x[from[j].index] == x[from[i].index])
				j++;
			for (size_t l = i; l < j; l++)
				doubled[from[l].index] = (int64_t) (i + j + 1);
			i = j;
		}
	}
}

association
measure_spearman(const int64_t *x, const int64_t *y, size_t n)
{
	__int128	xx = 0,
				yy = 0,
				xy = 0;
	int64_t		mean = (int64_t) n + 1;	/* of doubled ranks */
	association result = undefined((double) n);

	for (size_t i = 0; i < n; i++)
	{
		xx += (__int128) (x[i] - mean) * (x[i] - mean);
		yy += (__int128) (y[i] - mean) * (y[i] - mean);
		xy += (__int128) (x[i] - mean) * (y[i] - mean);
	}
	if (n < 2 || xx == 0 || yy == 0)
		return result;
	result.strength = fmin(1, fmax(-1, (double) xy / sqrt((double) xx) / sqrt((double) yy)));
	result.p_value = exp(tail_correlation(result.strength, (double) n));
	return result;
}

/* ---------- many tests ---------- */

static int
by_p(const void *a, const void *b)
{
	const double *const *x = a,
			   *const *y = b;

	return (**x > **y) - (**x < **y);
}

/* the false discovery rate at which each would just be kept; of tests without a p-value, NaN */
void
measure_adjust(const double *p, size_t n, double *adjusted, const double **order)
{
	size_t		tests = 0;
	double		least = 1;

	for (size_t i = 0; i < n; i++)
	{
		adjusted[i] = NAN;
		if (!isnan(p[i]))
			order[tests++] = &p[i];
	}
	qsort(order, tests, sizeof(*order), by_p);
	for (size_t i = tests; i-- > 0;)
	{
		least = fmin(least, *order[i] * (double) tests / (double) (i + 1));
		adjusted[order[i] - p] = least;
	}
}
