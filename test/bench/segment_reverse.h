/*
 * segment_reverse.h: the workload of segment_reverse.sh, for the generator, our core and the peer: customers of 17 attributes and predicates of
 * three to eight conditions. Times are processor time.
 */
#ifndef SEGMENT_REVERSE_H
#define SEGMENT_REVERSE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {NUMBER, CODE, SET};

typedef struct attribute
{
	const char *name;
	int			form;
} attribute;

#define ATTRIBUTES 17
static const attribute attributes[ATTRIBUTES] = {
	{"age", NUMBER}, {"sex", CODE}, {"country", CODE}, {"postcode", CODE}, {"r", NUMBER}, {"f", NUMBER}, {"m", NUMBER}, {"revenue", NUMBER}, {"last_order", NUMBER}, {"orders", NUMBER},
	{"channels", SET}, {"interests", SET}, {"status", CODE}, {"headcount", NUMBER}, {"opens", NUMBER}, {"clicks", NUMBER}, {"consent", CODE}};

static inline double
processor_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int
compare_double(const void *a, const void *b)
{
	double		x = *(const double *) a,
				y = *(const double *) b;

	return (x > y) - (x < y);
}

/* the next line of a file without its end, NULL at the end */
static inline char *
next_line(FILE *f, char **buffer, size_t *room)
{
	ssize_t		n = getline(buffer, room, f);

	if (n < 0)
		return NULL;
	if (n && (*buffer)[n - 1] == '\n')
		(*buffer)[n - 1] = 0;
	return *buffer;
}

#define RUNS 5
/* one line, as segment_reverse.sh reads it */
static inline void
report(const char *who, int predicates, double *per_row, double insert, double bytes, uint64_t matches, uint64_t sum)
{
	qsort(per_row, RUNS, sizeof(double), compare_double);
	printf("%s|%d|%.2f|%.2f|%.2f|%.2f|%llu|%llu\n", who, predicates, per_row[0], per_row[RUNS / 2], insert, bytes / 1e6, (unsigned long long) matches, (unsigned long long) sum);
}

#endif
