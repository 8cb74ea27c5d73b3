/*
 * share.c: amounts in order, and where the largest of them have brought a share of all.
 */
#include <string.h>

#include "rfm/rfm.h"

#define RADIX_BITS 8
#define RADIX (1 << RADIX_BITS)

/* Ascending, by digits of eight bits; those that all values share cost nothing. scratch has room for n values. */
void
rfm_sort(int64_t *v, size_t n, int64_t *scratch)
{
	int64_t    *from = v,
			   *to = scratch;

	for (int shift = 0; shift < 64; shift += RADIX_BITS)
	{
		size_t		count[RADIX] = {0},
					at = 0;
		uint64_t	flip = shift == 64 - RADIX_BITS ? RADIX / 2 : 0;	/* the sign comes first */

		for (size_t i = 0; i < n; i++)
			count[(((uint64_t) from[i] >> shift) & (RADIX - 1)) ^ flip]++;
		if (n > 0 && count[(((uint64_t) from[0] >> shift) & (RADIX - 1)) ^ flip] == n)
			continue;
		for (int d = 0; d < RADIX; d++)
		{
			size_t		c = count[d];

			count[d] = at;
			at += c;
		}
		for (size_t i = 0; i < n; i++)
			to[count[(((uint64_t) from[i] >> shift) & (RADIX - 1)) ^ flip]++] = from[i];
		int64_t    *was = from;

		from = to, to = was;
	}
	if (from != v)
		memcpy(v, from, n * sizeof *v);
}

/* The sum of what is above 0; false when it does not fit. */
bool
rfm_sum_above_zero(const int64_t *v, size_t n, int64_t *sum)
{
	*sum = 0;
	for (size_t i = 0; i < n; i++)
		if (v[i] > 0 && __builtin_add_overflow(*sum, v[i], sum))
			return false;
	return true;
}

/*
 * Of ascending values the least one above 0 whose betters, the values above it, sum up to less than the limit; false: there is none. The sum
 * of all above 0 fits.
 */
bool
rfm_share_cut(const int64_t *ascending, size_t n, int64_t limit, int64_t *cut)
{
	int64_t		before = 0;
	size_t		i = n;
	bool		found = false;

	while (i > 0 && ascending[i - 1] > 0 && before < limit)
	{
		*cut = ascending[i - 1];
		found = true;
		for (; i > 0 && ascending[i - 1] == *cut; i--)
			before += *cut;
	}
	return found;
}
