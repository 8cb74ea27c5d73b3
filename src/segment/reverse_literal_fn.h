/*
 * reverse_literal_fn.h: the literals of which reverse_leaf_fn.c makes the condition of a leaf.
 */
#ifndef CRMSEG_REVERSE_LITERAL_FN_H
#define CRMSEG_REVERSE_LITERAL_FN_H

#include "reverse_fn.h"

/* a definition on its way into the index */
typedef struct building
{
	reverse_index *r;
	vocabulary *v;
	segment_scope scope;
	segment_allocator memory;
	int			nodes;
	bool		opaque;			/* the leaf at hand */
	bool		elsewhere;
	bool		ranked;
} building;

/* what the index cannot hold, and tells b of */
extern segment_condition *reverse_opaque(building *b);
/* an empty one with room for so many bounds or values; opaque without a part */
extern segment_condition *reverse_literal(building *b, segment_form form, int part_no, uint32 room);
/* a literal for the outcomes of mask (SEGMENT_IF_...): as it is, its complement, all there is, and NULL; of a set, any or all of the values are in it */
extern segment_condition *reverse_masked_ranges(building *b, segment_condition *c, int mask);
extern segment_condition *reverse_masked_values(building *b, segment_condition *c, int mask);
extern segment_condition *reverse_masked_set(building *b, int part_no, const uint32 *value, uint32 n, bool all, int mask);
/* ascending, each once */
extern void reverse_sort_values(segment_condition *c);
/* those of a comparison, NULL where a constant has no place in the order; of a list of texts; of a pattern */
extern segment_condition *reverse_ranges_of(building *b, const segment_node *n, const segment_reference *ref, int part_no);
extern segment_condition *reverse_values_of(building *b, const segment_node *n, int part_no);
extern segment_condition *reverse_pattern_of(building *b, const segment_node *n, const part *p, int mask);

#endif
