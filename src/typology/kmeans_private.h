/*
 * kmeans_private.h: the search of a k-means, between kmeans.c (Lloyd's iteration) and kmeans_fit.c (seeding, and the whole).
 */
#ifndef CRMSEG_KMEANS_PRIVATE_H
#define CRMSEG_KMEANS_PRIVATE_H

#include <math.h>
#include <string.h>

#include "typology/typology.h"

#define LANES 8					/* centres measured at a time */

typedef struct kmeans_search
{
	const cluster_rows *r;
	const typology_host *host;
	int			k,
				d,
				blocks;			/* of LANES centres */
	double	   *centre,			/* k x d */
			   *before,			/* the same, one iteration ago */
			   *across,			/* blocks x d x LANES */
			   *sum,			/* k x d */
			   *known,			/* k x d: weight of the known values; only with incomplete rows */
			   *weight,			/* k */
			   *move,			/* k: how far each centre went just now */
			   *gone,			/* k: and since the bounds were last set for all */
			   *others,			/* k: the sum of the farthest moves of the other centres */
			   *half;			/* k: half the distance to the nearest other centre */
	size_t	   *count;			/* k */
	uint32_t   *label;			/* n */
	float	   *upper,			/* complete rows: this + gone[label] is at least the distance to the own centre */
			   *lower;			/* this - others[label] is at most the distance to any other */
} kmeans_search;

/* squared, over the known features */
static inline double
kmeans_distance(const double *x, const double *y, int d)
{
	double		sum = 0;

	for (int j = 0; j < d; j++)
	{
		double		v = x[j] - y[j];

		sum += isnan(v) ? 0 : v * v;
	}
	return sum;
}

static inline void
kmeans_tick(const kmeans_search *s)
{
	if (s->host->tick)
		s->host->tick();
}

extern void kmeans_begin(kmeans_search *s, const cluster_rows *r, int k, const typology_host *host);
extern void kmeans_end(kmeans_search *s);
extern void kmeans_assign(kmeans_search *s);
extern void kmeans_count(kmeans_search *s);
extern bool kmeans_lloyd(kmeans_search *s, int max_iterations, int64_t *iterations);
extern double kmeans_inertia(const kmeans_search *s, double *within);

#endif
