/*
 * unit.h: a unit test of a core is a program that prints TAP. CHECK(condition, "what is ensured") counts one assertion;
 * main ends with `return unit_done();`, which is non-zero when one failed.
 */
#ifndef CRMSEG_UNIT_H
#define CRMSEG_UNIT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int	unit_count = 0,
			unit_failed = 0;

#define CHECK(condition, ...) \
	do { \
		int ok_ = (condition) ? 1 : 0; \
		unit_count++; unit_failed += !ok_; \
		printf("%sok %d - ", ok_ ? "" : "not ", unit_count); printf(__VA_ARGS__); printf("\n"); \
		if (!ok_) printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition); \
	} while (0)

static inline int
unit_done(void)
{
	printf("1..%d\n", unit_count);
	return unit_failed != 0;
}

#endif
