/*
 * groups.c: disjoint sets (Galler and Fischer 1964, path halving), whose root is the smallest member, so that the oldest id lives on.
 * Pairs come from the statement that found them, groups go to the statement that merges.
 */
#include "mart/groups.h"

#include "disjoint.h"

#include <stdlib.h>

void
groups_init(Groups *g)
{
	for (uint32_t i = 0; i < g->n; i++)
	{
		g->parent[i] = i;
		g->has_fact[i] = false;
		g->fact[i] = 0;
		if (g->apart)
		{
			g->first[i] = g->last[i] = GROUPS_NONE;
			g->count[i] = 0;
		}
	}
	g->n_apart = 0;
}

uint32_t
groups_root(Groups *g, uint32_t thing)
{
	return disjoint_root(g->parent, thing);
}

static void
add_apart(Groups *g, uint32_t from, uint32_t to)
{
	uint32_t	place = g->n_apart++;

	g->apart[place].other = to;
	g->apart[place].next = GROUPS_NONE;
	if (g->count[from]++ == 0)
		g->first[from] = place;
	else
		g->apart[g->last[from]].next = place;
	g->last[from] = place;
}

void
groups_keep_apart(Groups *g, uint32_t a, uint32_t b)
{
	if (a == b)
		return;
	add_apart(g, a, b);
	add_apart(g, b, a);
}

bool
groups_join(Groups *g, uint32_t a, uint32_t b)
{
	a = groups_root(g, a);
	b = groups_root(g, b);
	if (a == b)
		return true;
	if (g->has_fact[a] && g->has_fact[b] && g->fact[a] != g->fact[b])
		return false;
	if (g->apart)
	{
		uint32_t	fewer = g->count[a] <= g->count[b] ? a : b;

		for (uint32_t i = g->first[fewer]; i != GROUPS_NONE; i = g->apart[i].next)
			if (groups_root(g, g->apart[i].other) == (fewer == a ? b : a))
				return false;
	}
	if (b < a)
	{
		uint32_t	swap = a;

		a = b;
		b = swap;
	}
	g->parent[b] = a;
	if (!g->has_fact[a] && g->has_fact[b])
	{
		g->has_fact[a] = true;
		g->fact[a] = g->fact[b];
	}
	if (g->apart && g->count[b] > 0)
	{
		if (g->count[a] > 0)
			g->apart[g->last[a]].next = g->first[b];
		else
			g->first[a] = g->first[b];
		g->last[a] = g->last[b];
		g->count[a] += g->count[b];
	}
	return true;
}

static int
compare_ids(const void *a, const void *b)
{
	int64_t		x = *(const int64_t *) a,
				y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

size_t
ids_sort_unique(int64_t *ids, size_t n)
{
	size_t		kept = 0;

	if (n == 0)
		return 0;
	qsort(ids, n, sizeof *ids, compare_ids);
	for (size_t i = 1; i < n; i++)
		if (ids[i] != ids[kept])
			ids[++kept] = ids[i];
	return kept + 1;
}

size_t
ids_find(const int64_t *ids, size_t n, int64_t id)
{
	size_t		low = 0,
				high = n;

	while (low < high)
	{
		size_t		mid = low + (high - low) / 2;

		if (ids[mid] < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n && ids[low] == id ? low : n;
}
