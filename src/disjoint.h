/*
 * disjoint.h: disjoint sets in an array (Galler and Fischer 1964): up[x] is what x hangs on, itself for the root of a set. Cores and skins use it.
 */
#ifndef CRMSEG_DISJOINT_H
#define CRMSEG_DISJOINT_H

#include <stdint.h>

/* the root of the set of x, by path halving */
static inline uint32_t
disjoint_root(uint32_t *up, uint32_t x)
{
	while (up[x] != x)
		x = up[x] = up[up[x]];
	return x;
}

#endif
