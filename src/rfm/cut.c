/*
 * cut.c: where a measure is cut into bins so that equal values never part, and which bin a value falls into. The cuts are the
 * observed quantiles percentile_disc(k / bins), k = 1 .. bins - 1: the smallest value with at least k/bins of the values at or below it.
 */
#include "rfm/rfm.h"

static inline void
swap(int64_t *a, int64_t *b)
{
	int64_t		t = *a;

	*a = *b;
	*b = t;
}

static inline uint64_t
next_random(uint64_t *seed)
{
	*seed ^= *seed << 13, *seed ^= *seed >> 7, *seed ^= *seed << 17;
	return *seed;
}

/*
 * Puts the values of the wanted ranks (ascending, within [lo, hi)) into place: quickselect with a three-way partition, which many equal
 * values only make faster, and random pivots, which no order of the input makes slow.
 */
static void
select_ranks(int64_t *v, size_t lo, size_t hi, const size_t *rank, int n, uint64_t *seed)
{
	while (n > 0 && hi - lo > 1)
	{
		int64_t		a = v[lo + next_random(seed) % (hi - lo)],
					b = v[lo + next_random(seed) % (hi - lo)],
					c = v[lo + next_random(seed) % (hi - lo)],
					pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
		size_t		less = lo,
					i = lo,
					more = hi;
		int			below = 0,
					within;

		while (i < more)
		{
			if (v[i] < pivot)
				swap(&v[less++], &v[i++]);
			else if (v[i] > pivot)
				swap(&v[i], &v[--more]);
			else
				i++;
		}
		while (below < n && rank[below] < less)
			below++;
		within = below;
		while (within < n && rank[within] < more)
			within++;
		select_ranks(v, lo, less, rank, below, seed);
		/* the rest by iteration */
		rank += within, n -= within, lo = more;
	}
}

#define BUCKETS 4096

/*
 * Of many values keeps those that share a bucket, one of 4096 between the least and the greatest, with a wanted rank; the ranks become
 * those among the kept, of which there are mostly few. Returns how many.
 */
static size_t
keep_wanted(int64_t *v, size_t n, size_t *rank, int ranks)
{
	uint32_t	count[BUCKETS] = {0};
	bool		wanted[BUCKETS] = {0};
	int64_t		least = v[0],
				greatest = v[0];
	size_t		below = 0,
				dropped = 0,
				kept = 0;
	int			shift = 0,
				k = 0;

	for (size_t i = 1; i < n; i++)
	{
		least = v[i] < least ? v[i] : least;
		greatest = v[i] > greatest ? v[i] : greatest;
	}
	while (((uint64_t) greatest - (uint64_t) least) >> shift >= BUCKETS)
		shift++;
	for (size_t i = 0; i < n; i++)
		count[((uint64_t) v[i] - (uint64_t) least) >> shift]++;
	for (int i = 0; i < BUCKETS; i++)
	{
		for (; k < ranks && rank[k] < below + count[i]; k++)
		{
			wanted[i] = true;
			rank[k] -= dropped;
		}
		below += count[i];
		if (!wanted[i])
			dropped += count[i];
	}
	for (size_t i = 0; i < n; i++)
		if (wanted[((uint64_t) v[i] - (uint64_t) least) >> shift])
			v[kept++] = v[i];
	return kept;
}

/* bins - 1 cuts of 1 <= n < 2^32 values, which are lost */
void
rfm_quantiles(int64_t *values, size_t n, int bins, int64_t *cuts)
{
	size_t		rank[RFM_BINS_MAX] = {0};
	uint64_t	seed = UINT64_C(0x9E3779B97F4A7C15);

	for (int k = 1; k < bins; k++)
		rank[k - 1] = (n / bins) * k + (n % bins * k + bins - 1) / bins - 1;
	if (n > 8 * BUCKETS)
		n = keep_wanted(values, n, rank, bins - 1);
	select_ranks(values, 0, n, rank, bins - 1, &seed);
	for (int k = 1; k < bins; k++)
		cuts[k - 1] = values[rank[k - 1]];
}

/* how many of the ascending cuts lie below value */
int
rfm_above(const int64_t *cuts, int n, int64_t value)
{
	int			i = 0;

	while (i < n && cuts[i] < value)
		i++;
	return i;
}

/* how long ago, at as_of; what lies after it is no time ago */
int64_t
rfm_age_at(int64_t last_at, int64_t as_of)
{
	int64_t		age;

	if (__builtin_sub_overflow(as_of, last_at, &age))
		age = as_of > last_at ? INT64_MAX : 0;
	return age > 0 ? age : 0;
}

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE int64_t
value_of(const rfm_cell *c, rfm_measure measure, int64_t as_of)
{
	return measure == RFM_AGE ? rfm_age_at(c->last_at, as_of) : measure == RFM_PURCHASES ? (int64_t) c->purchases : c->amount;
}

/* as keep_wanted and rfm_quantiles, straight from the cells */
ALWAYS_INLINE uint64_t
cell_quantiles(const rfm_cell *cell, uint64_t slots, const rfm_measure measure, int64_t as_of, int bins, int64_t *cuts, void *(*allocate) (size_t), void (*release) (void *))
{
	uint32_t	count[BUCKETS] = {0};
	bool		wanted[BUCKETS] = {0};
	int64_t		least = INT64_MAX,
				greatest = INT64_MIN,
			   *kept;
	uint64_t	n = 0,
				below = 0,
				dropped = 0,
				keep = 0,
				seed = UINT64_C(0x9E3779B97F4A7C15);
	size_t		rank[RFM_BINS_MAX] = {0};
	int			shift = 0,
				k = 0;

	for (uint64_t i = 0; i < slots; i++)
		if (cell[i].purchases > 0)
		{
			int64_t		v = value_of(&cell[i], measure, as_of);

			least = v < least ? v : least;
			greatest = v > greatest ? v : greatest;
			n++;
		}
	if (n == 0)
		return 0;
	while (((uint64_t) greatest - (uint64_t) least) >> shift >= BUCKETS)
		shift++;
	for (uint64_t i = 0; i < slots; i++)
		if (cell[i].purchases > 0)
			count[((uint64_t) value_of(&cell[i], measure, as_of) - (uint64_t) least) >> shift]++;
	for (k = 1; k < bins; k++)
		rank[k - 1] = (n / bins) * k + (n % bins * k + bins - 1) / bins - 1;
	k = 0;
	for (int i = 0; i < BUCKETS; i++)
	{
		for (; k < bins - 1 && rank[k] < below + count[i]; k++)
		{
			/* a bucket of one value needs no looking into */
			if (shift == 0)
				cuts[k] = least + i;
			else
			{
				keep += wanted[i] ? 0 : count[i];
				wanted[i] = true;
				rank[k] -= dropped;
			}
		}
		below += count[i];
		if (!wanted[i])
			dropped += count[i];
	}
	if (keep == 0)
		return n;
	kept = allocate(sizeof(int64_t) * keep);
	keep = 0;
	for (uint64_t i = 0; i < slots; i++)
		if (cell[i].purchases > 0)
		{
			int64_t		v = value_of(&cell[i], measure, as_of);

			if (wanted[((uint64_t) v - (uint64_t) least) >> shift])
				kept[keep++] = v;
		}
	select_ranks(kept, 0, keep, rank, bins - 1, &seed);
	for (k = 1; k < bins; k++)
		cuts[k - 1] = kept[rank[k - 1]];
	release(kept);
	return n;
}

uint64_t
rfm_cell_quantiles(const rfm_cell *cell, uint64_t slots, rfm_measure measure, int64_t as_of, int bins, int64_t *cuts, void *(*allocate) (size_t), void (*release) (void *))
{
	/* one copy of the loops for each measure */
	return measure == RFM_AGE ? cell_quantiles(cell, slots, RFM_AGE, as_of, bins, cuts, allocate, release) :
		measure == RFM_PURCHASES ? cell_quantiles(cell, slots, RFM_PURCHASES, as_of, bins, cuts, allocate, release) :
		cell_quantiles(cell, slots, RFM_AMOUNT, as_of, bins, cuts, allocate, release);
}
