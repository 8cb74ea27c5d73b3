/*
 * link_cluster.h: one component at work, between link_cluster.c, which grows its clusters, and link_plan.c, which hands components out.
 */
#ifndef CRMSEG_LINK_CLUSTER_H
#define CRMSEG_LINK_CLUSTER_H

#include "match/link_private.h"

#define JOIN_STEPS 88			/* eighths of a bit by which joins are counted, */
#define JOIN_LEAST (-1.0)		/* from so many bits on */
#define SIZES 12				/* clusters of so many members and more are of one size class */

typedef struct link_cluster_node
{
	uint32_t	first,			/* local numbers, chained by next */
				size;
	uint32_t	version;
	uint32_t	neighbour,		/* where its neighbours begin in links */
				neighbours,
				room;
	bool		dead;
} link_cluster_node;

typedef struct link_heap_item
{
	float		weight;
	uint32_t	a,
				b,
				va,
				vb;
} link_heap_item;

/* an edge within its component, by local numbers */
typedef struct link_local_edge
{
	uint32_t	a,
				b;
	float		weight;
} link_local_edge;

typedef struct link_known_weight
{
	float		weight;
	uint16_t	va,				/* versions of the two */
				vb;
} link_known_weight;

/* what a pair says, and m over u of each comparison, below all others where a value is missing; a few comparisons are looked at at once */
#define NO_GAIN (-1e30f)
#define GAINS ((LINK_COMPARISONS + 3) / 4)
typedef float link_four __attribute__((vector_size(16), aligned(4)));	/* memory is aligned to eight bytes */
typedef int32_t link_four_whole __attribute__((vector_size(16)));

typedef struct link_known_pair
{
	link_four	gain[GAINS];
	link_pair_levels p;
} link_known_pair;

typedef struct link_work
{
	link_engine *e;
	const uint32_t *row;		/* of the component's local numbers */
	uint32_t	n,
				room;
	link_cluster_node *c;
	uint32_t   *next,
			   *last;
	uint32_t   *mark,
				stamp;
	link_heap_item *heap;
	uint32_t	heaped,
				heap_room;
	uint32_t   *link;			/* lists of neighbours, begun anew with each component */
	size_t		linked,
				link_room;
	link_known_pair *cache;
	uint8_t    *cached;
	link_known_weight *known;	/* what small components' clusters are worth to each other, while both stay as they are */
	float		gain[2][LINK_COMPARISONS][LINK_LEVELS];	/* log2 m, and NO_GAIN where a value is missing */
	double		threshold,		/* of the component at work */
				threshold_of[2];	/* of persons, of organisations */
	bool		counts;			/* joins are counted by their weight */
	double		joined[JOIN_STEPS + 1],	/* pairs of persons' records that joins assert, and of them those expected to be wrong */
				wrong[JOIN_STEPS + 1];
	float		size_bits[2][SIZES + 1][SIZES + 1]; /* what the sizes of two clusters say about joining them */
} link_work;

extern link_work *link_work_start(link_engine *e);
extern void link_work_end(link_work *w);
extern void link_grow_clusters(link_work *w, const uint32_t *row, uint32_t size, const link_local_edge *edge, uint32_t edges);
extern void link_prefetch_values(const link_engine *e, const link_record *r);

#endif
