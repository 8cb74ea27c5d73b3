/*
 * match_index.h: the index over predicates: one row, all the predicates that hold for it. Each predicate is split into lines, each a
 * conjunction of clauses; a line is one bit. For each attribute and each value that matters there is a bitmap of the lines that
 * this value refuses, so what is left after all attributes is what holds. A core: no server, memory from an allocator.
 * What comes in are conditions on values (match_condition.c makes them of a predicate's tree), already in two-valued logic: the set of
 * values, NULL among them or not, for which a leaf is as it must be. What the index cannot hold is told as a residue: such lines
 * are only candidates, and the caller's evaluator has the last word.
 */
#ifndef CRMSEG_MATCH_INDEX_H
#define CRMSEG_MATCH_INDEX_H

#include "segment/segment.h"

typedef enum segment_form
{
	SEGMENT_ALL_OF,				/* child[]: every one */
	SEGMENT_ONE_OF,				/* child[]: at least one */
	SEGMENT_ALWAYS_SO,
	SEGMENT_NEVER_SO,
	SEGMENT_OPAQUE,				/* the index cannot tell */
	SEGMENT_RANGES,				/* bound[]: the value lies in [bound 0, bound 1) or [bound 2, bound 3) ... */
	SEGMENT_VALUES,				/* value[]: it is one of them; with complement: none of them */
	SEGMENT_ANY,				/* value[]: the set has at least one of them */
	SEGMENT_NONE				/* value[]: the set has none of them */
} segment_form;

/* A place between values of an ordered attribute: just before the value, or just after it. */
typedef struct segment_bound
{
	uint64_t	key;			/* ascending with the values */
	const void *exact;			/* where the key does not say all: the value, for compare; else NULL */
	int8_t		end;			/* -1 below every value, 1 above every value, else 0 */
	uint8_t		after;
} segment_bound;

typedef struct segment_condition
{
	segment_form form;
	uint16_t	attribute;
	bool		on_null;		/* NULL is accepted */
	bool		complement;
	uint32_t	n;				/* of child, bound or value */
	struct segment_condition **child;
	segment_bound *bound;		/* ascending, an even number */
	uint32_t   *value;			/* ascending, no repeats; 0 is a value that nobody named */
} segment_condition;

typedef enum segment_attribute_form
{
	SEGMENT_ORDERED,			/* numbers, times: RANGES */
	SEGMENT_CODE,				/* what is only equal or not: VALUES */
	SEGMENT_SET					/* ANY, NONE */
} segment_attribute_form;

/* What a row holds of one attribute. */
typedef struct segment_given
{
	bool		is_null;
	uint64_t	key;			/* ORDERED */
	const void *exact;
	uint32_t	n;				/* CODE: 1; SET: how many */
	const uint32_t *value;		/* 0 for a value that no predicate names */
} segment_given;

typedef struct segment_index segment_index;

/* realloc; size 0 frees; never NULL */
typedef void *(*segment_realloc) (void *context, void *old, size_t size);

/* of two bounds of one attribute with equal keys, at least one of them with an exact value */
typedef int (*segment_exact_compare) (const segment_bound *a, const segment_bound *b);

/* Exact values, which the index copies. */
typedef struct segment_exact_kind
{
	segment_exact_compare compare;
	size_t		(*size) (const void *exact);
	bool		(*valid) (const void *data, size_t size);	/* of one that comes from an image: all of it is such a value */
} segment_exact_kind;

/* kind may be NULL where keys say all */
extern segment_index *segment_index_new(segment_realloc alloc, void *context, const segment_exact_kind *kind);
extern void segment_index_free(segment_index *ix);
/* room for so many predicates, which spares growing */
extern void segment_index_reserve(segment_index *ix, uint32_t predicates);
/* a further attribute, numbered from 0; at most SEGMENT_INDEX_ATTRIBUTES */
#define SEGMENT_INDEX_ATTRIBUTES 65535
extern int	segment_index_attribute(segment_index *ix, segment_attribute_form form);
extern int	segment_index_attributes(const segment_index *ix);
extern segment_attribute_form segment_index_attribute_form(const segment_index *ix, int attribute);
/* the number of a value of a CODE or SET attribute, from 1; 0 when nobody named it and add is false */
extern uint32_t segment_index_value(segment_index *ix, int attribute, const char *data, size_t len, bool add);
/* how many values of an attribute were named, and their names, numbered from 1 */
extern uint32_t segment_index_values(const segment_index *ix, int attribute);
extern const char *segment_index_value_name(const segment_index *ix, int attribute, uint32_t number, size_t *len);
/*
 * Adds the predicate id (any number, not yet in); the condition's memory stays the caller's. scratch is used during the call. Returns false when its
 * clauses did not all find a place: then it is a candidate of more rows than the condition says, and segment_index_differ does not see all changes.
 */
extern bool segment_index_add(segment_index *ix, uint32_t id, const segment_condition *condition, segment_allocator scratch);
/* true when it was in */
extern bool segment_index_remove(segment_index *ix, uint32_t id);
extern uint32_t segment_index_count(const segment_index *ix);
extern bool segment_index_has(const segment_index *ix, uint32_t id);

/*
 * Calls found for each predicate that holds for the row, once, in no order. row has one datum for each attribute. holds is asked about candidates
 * that the index alone cannot decide. Neither may change the index. Returns how many candidates were asked about.
 */
extern uint32_t segment_index_match(segment_index *ix, const segment_given *row, bool (*holds) (void *context, uint32_t id),
									void (*found) (void *context, uint32_t id), void *context);

/* ---- what a change of a row may change (match_differ.c) ---- */

/*
 * Whether old and new values differ for any predicate, whatever the attributes are that changed does not name: both have one datum for each attribute of
 * which changed is not 0. What the index cannot hold is not considered.
 */
extern bool segment_index_differ(segment_index *ix, const segment_given *was, const segment_given *is, const uint8_t *changed);
/* After it returned true, and before any other call: whether it is still so for a row which has these values of the known attributes before and afterwards. */
extern bool segment_index_differ_still(segment_index *ix, const segment_given *row, const uint8_t *known);

/* ---- images (match_image.c) ---- */

/*
 * The index as bytes, to be loaded by another process of this machine's kind: the size it takes, and the bytes, written to a place aligned to 8.
 */
extern size_t segment_index_image_size(const segment_index *ix);
extern void segment_index_image_write(const segment_index *ix, void *image);
/*
 * The index of an image, in place: the memory, aligned to 8, stays the caller's, who keeps it as long as the index. NULL when the bytes are no image or
 * a predicate has an id of ids or more. Whatever the bytes are, the index stays within its memory.
 */
extern segment_index *segment_index_load(segment_realloc alloc, void *context, const segment_exact_kind *kind, void *image, size_t len, uint32_t ids);

/* ---- patterns of LIKE (match_pattern.c): for a SET attribute whose values are those that hold ---- */

typedef struct segment_patterns segment_patterns;

/* utf8: '_' is a character of UTF-8; else a byte */
extern segment_patterns *segment_patterns_new(segment_realloc alloc, void *context, bool utf8);
extern void segment_patterns_free(segment_patterns *ps);
/* false when it ends in the escape character, which to SQL is an error: what it holds of then is not told */
extern bool segment_pattern_valid(const char *pattern, size_t len);
extern void segment_patterns_add(segment_patterns *ps, uint32_t number, const char *pattern, size_t len);
extern uint32_t segment_patterns_count(const segment_patterns *ps);
/* the numbers of those that hold, each once; the order depends on nothing but which they are. found has room for all */
extern uint32_t segment_patterns_match(const segment_patterns *ps, const char *text, size_t len, uint32_t *found);
/* one alone */
extern bool segment_pattern_matches(const char *pattern, size_t len, const char *text, size_t text_len, bool utf8);

/* ---- conditions (match_condition.c) ---- */

#define SEGMENT_IF_TRUE		1
#define SEGMENT_IF_FALSE	2
#define SEGMENT_IF_UNKNOWN	4

/*
 * The condition under which the tree has one of the truths of the mask (SEGMENT_IF_TRUE for 'it holds'), by SQL's three-valued logic. leaf gives
 * the same of a leaf; what it does not know is OPAQUE.
 */
typedef segment_condition *(*segment_leaf_condition) (const segment_node *leaf, int mask, void *context);
extern segment_condition *segment_condition_of(const segment_node *node, int mask, segment_leaf_condition leaf, void *context, segment_allocator memory);
extern segment_condition *segment_condition_new(segment_form form, segment_allocator memory);
/* joins literals about one attribute, drops what is always so; sets *residue where something OPAQUE was left out. Never OPAQUE itself: ALWAYS_SO and residue instead */
extern segment_condition *segment_condition_simplify(const segment_condition *c, segment_exact_compare compare, segment_allocator memory, bool *residue);
extern int	segment_bound_compare(const segment_bound *a, const segment_bound *b, segment_exact_compare compare);
/* union or intersection; NULL where one literal cannot say it */
extern segment_condition *segment_condition_merge(const segment_condition *a, const segment_condition *b, bool both, segment_exact_compare compare, segment_allocator memory);

#endif
