/*
 * party_set.c: sets of parties on CRoaring. (party_set_bytes.c has their bytes, party_set_work.c the joining of many)
 */
#include "activity/party_set.h"

#include <stdlib.h>
#include <string.h>

party_set *
party_set_new(void)
{
	return calloc(1, sizeof(party_set));
}

void
party_set_free(party_set *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->n; i++)
		roaring_bitmap_free(s->part[i].low);
	free(s->part);
	free(s);
}

/* the place of a half, or where it would stand */
static uint32_t
find(const party_set *s, int32_t high, bool *found)
{
	uint32_t	low = 0,
				end = s->n;

	while (low < end)
	{
		uint32_t	mid = (low + end) / 2;

		if (s->part[mid].high < high)
			low = mid + 1;
		else
			end = mid;
	}
	*found = low < s->n && s->part[low].high == high;
	return low;
}

void
party_set_put(party_set *s, uint32_t at, int32_t high, roaring_bitmap_t *low)
{
	if (s->n == s->room)
	{
		uint32_t	room = s->room ? s->room * 2 : 2;
		party_set_part *p = realloc(s->part, room * sizeof(party_set_part));

		if (!p)
			abort();			/* as the library does */
		s->part = p;
		s->room = room;
	}
	memmove(s->part + at + 1, s->part + at, (s->n - at) * sizeof(party_set_part));
	s->part[at] = (party_set_part) {high, low};
	s->n++;
}

static void
drop_empty(party_set *s)
{
	uint32_t	n = 0;

	for (uint32_t i = 0; i < s->n; i++)
		if (roaring_bitmap_is_empty(s->part[i].low))
			roaring_bitmap_free(s->part[i].low);
		else
			s->part[n++] = s->part[i];
	s->n = n;
}

void
party_set_add(party_set *s, int64_t party)
{
	int32_t		high = (int32_t) (party >> 32);
	bool		found;
	uint32_t	at = find(s, high, &found);

	if (!found)
		party_set_put(s, at, high, roaring_bitmap_create());
	roaring_bitmap_add(s->part[at].low, (uint32_t) party);
}

void
party_set_remove(party_set *s, int64_t party)
{
	bool		found;
	uint32_t	at = find(s, (int32_t) (party >> 32), &found);

	if (found)
		roaring_bitmap_remove(s->part[at].low, (uint32_t) party);
	drop_empty(s);
}

bool
party_set_has(const party_set *s, int64_t party)
{
	bool		found;
	uint32_t	at = find(s, (int32_t) (party >> 32), &found);

	return found && roaring_bitmap_contains(s->part[at].low, (uint32_t) party);
}

uint64_t
party_set_count(const party_set *s)
{
	uint64_t	n = 0;

	for (uint32_t i = 0; i < s->n; i++)
		n += roaring_bitmap_get_cardinality(s->part[i].low);
	return n;
}

uint64_t
party_set_common(const party_set *a, const party_set *b)
{
	uint64_t	n = 0;

	for (uint32_t i = 0, j = 0; i < a->n && j < b->n;)
		if (a->part[i].high < b->part[j].high)
			i++;
		else if (a->part[i].high > b->part[j].high)
			j++;
		else
			n += roaring_bitmap_and_cardinality(a->part[i++].low, b->part[j++].low);
	return n;
}

bool
party_set_equal(const party_set *a, const party_set *b)
{
	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (a->part[i].high != b->part[i].high || !roaring_bitmap_equals(a->part[i].low, b->part[i].low))
			return false;
	return true;
}

void
party_set_or(party_set *a, const party_set *b, bool lazy)
{
	for (uint32_t j = 0; j < b->n; j++)
	{
		bool		found;
		uint32_t	at = find(a, b->part[j].high, &found);

		if (!found)
			party_set_put(a, at, b->part[j].high, roaring_bitmap_copy(b->part[j].low));
		else if (lazy)
			roaring_bitmap_lazy_or_inplace(a->part[at].low, b->part[j].low, true);
		else
			roaring_bitmap_or_inplace(a->part[at].low, b->part[j].low);
	}
	a->lazy = a->lazy || lazy;
}

void
party_set_settle(party_set *s)
{
	for (uint32_t i = 0; s->lazy && i < s->n; i++)
		roaring_bitmap_repair_after_lazy(s->part[i].low);
	s->lazy = false;
}

void
party_set_and(party_set *a, const party_set *b)
{
	for (uint32_t i = 0; i < a->n; i++)
	{
		bool		found;
		uint32_t	at = find(b, a->part[i].high, &found);

		if (found)
			roaring_bitmap_and_inplace(a->part[i].low, b->part[at].low);
		else
			roaring_bitmap_clear(a->part[i].low);
	}
	drop_empty(a);
}

void
party_set_minus(party_set *a, const party_set *b)
{
	for (uint32_t i = 0; i < a->n; i++)
	{
		bool		found;
		uint32_t	at = find(b, a->part[i].high, &found);

		if (found)
			roaring_bitmap_andnot_inplace(a->part[i].low, b->part[at].low);
	}
	drop_empty(a);
}

size_t
party_set_take(const party_set *s, party_set_place *at, int64_t *out, size_t max)
{
	size_t		n = 0;

	while (n < max && at->part < s->n)
	{
		const party_set_part *p = &s->part[at->part];
		uint32_t	low[256],
					want = max - n < 256 ? (uint32_t) (max - n) : 256,
					some;

		if (!at->begun)
			roaring_init_iterator(p->low, &at->next);
		at->begun = true;
		some = roaring_read_uint32_iterator(&at->next, low, want);
		for (uint32_t i = 0; i < some; i++)
			out[n + i] = (int64_t) (((uint64_t) (uint32_t) p->high << 32) | low[i]);
		n += some;
		if (some < want)
		{
			at->part++;
			at->begun = false;
		}
	}
	return n;
}
