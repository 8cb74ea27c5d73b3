/*
 * groups.h: groups of things told to be one, with a fact that keeps groups apart.
 */
#ifndef CRMSEG_GROUPS_H
#define CRMSEG_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Things are 0 .. n-1. The root of a group is its smallest member. A thing may bear a fact; two groups that bear different facts are
 * never joined. The three arrays are the caller's, of n elements each.
 */
typedef struct Groups
{
	uint32_t   *parent;
	int64_t    *fact;			/* of the root: the fact of its group, where has_fact says so */
	bool	   *has_fact;
	uint32_t	n;
} Groups;

/* every thing a group of its own, without a fact */
extern void groups_init(Groups *g);
extern uint32_t groups_root(Groups *g, uint32_t thing);
/* joins the groups of a and b; false when their facts differ, and then nothing changed */
extern bool groups_join(Groups *g, uint32_t a, uint32_t b);

/* Sorts ids ascending and drops repeats; returns how many are left. */
extern size_t ids_sort_unique(int64_t *ids, size_t n);
/* The place of an id in such an array, or n when it is not there. */
extern size_t ids_find(const int64_t *ids, size_t n, int64_t id);

#endif
