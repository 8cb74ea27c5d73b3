/*
 * demo.h: the draws from which the demo's retailer is made. Everything is a function of its arguments: no state, no clock.
 */
#ifndef CRMSEG_DEMO_H
#define CRMSEG_DEMO_H

#include <stddef.h>
#include <stdint.h>

typedef struct demo_list
{
	const char *kind;
	const char *const *words;
	size_t		count;
} demo_list;

extern const demo_list demo_lists[];
extern const int demo_list_count;

/* a number in [0, 1) that belongs to this key, use (salt) and seed */
extern double demo_u(int64_t key, int32_t salt, int64_t seed);

/* the list of that kind, or NULL; the kind need not end in a NUL */
extern const demo_list *demo_find(const char *kind, size_t len);

/* how busy a day of the year is for a French shop: 1 a plain day */
extern double demo_season(int month, int day);

#endif
