/*
 * groups.h: groups of things told to be one, with a fact that keeps groups apart.
 */
#ifndef CRMSEG_GROUPS_H
#define CRMSEG_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One end of a pair that must not be joined, in the list of the group of its own end. */
typedef struct Apart
{
	uint32_t	other;
	uint32_t	next;			/* place of the next one in the list, or GROUPS_NONE */
} Apart;

#define GROUPS_NONE UINT32_MAX

/*
 * Things are 0 .. n-1. The root of a group is its smallest member. A thing may bear a fact; two groups that bear different facts are
 * never joined, nor two of which a member of one is to be kept apart from a member of the other. The arrays are the caller's, of n
 * elements each but apart, which has room for two elements a pair; without pairs the four last may be NULL.
 */
typedef struct Groups
{
	uint32_t   *parent;
	int64_t    *fact;			/* of the root: the fact of its group, where has_fact says so */
	bool	   *has_fact;
	uint32_t	n;
	Apart	   *apart;
	uint32_t	n_apart;
	uint32_t   *first;			/* of the root: its list in apart */
	uint32_t   *last;
	uint32_t   *count;			/* length of that list */
} Groups;

/* every thing a group of its own, without a fact */
extern void groups_init(Groups *g);
extern uint32_t groups_root(Groups *g, uint32_t thing);
/* a and b are to be kept apart; told before anything is joined */
extern void groups_keep_apart(Groups *g, uint32_t a, uint32_t b);
/* joins the groups of a and b; false when facts or pairs to keep apart forbid it, and then nothing changed */
extern bool groups_join(Groups *g, uint32_t a, uint32_t b);

/* Sorts ids ascending and drops repeats; returns how many are left. */
extern size_t ids_sort_unique(int64_t *ids, size_t n);
/* The place of an id in such an array, or n when it is not there. */
extern size_t ids_find(const int64_t *ids, size_t n, int64_t id);

#endif
