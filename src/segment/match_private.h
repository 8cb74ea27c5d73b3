/*
 * match_private.h: what the index over predicates is made of; for match_table.c and match_index.c only.
 */
#ifndef CRMSEG_MATCH_PRIVATE_H
#define CRMSEG_MATCH_PRIVATE_H

#include <string.h>

#include "segment/match_index.h"

#define SLOTS		6			/* clauses of several literals in one line, beyond which the line is a candidate only */
#define LISTS		4			/* 'has' conditions about one set in one line, likewise */
#define LINES_MAX	32			/* lines of one predicate: more make it one line that is always a candidate */
#define CLAUSES_MAX 16			/* clauses that an OR of ANDs may become */
#define KEPT_MAX	((1 << 28) - 1)	/* bytes of one line's literals */
#define NOTHING		UINT32_MAX

typedef uint64_t Word;
typedef Word Wide __attribute__((vector_size(32), aligned(8), may_alias));
#define WIDE		4			/* words; bitmaps are whole Wides */

typedef struct
{
	uint32_t	n,
				room;			/* 0: they stand in few */
	union
	{
		uint32_t	few[2];
		uint32_t   *many;
	}			line;
} Lines;

typedef struct
{
	segment_bound at;
	uint32_t	exact;			/* number of its exact value, from 1; 0: none */
	Lines		flips;
	Word	   *whole;			/* bits from here on, or NULL */
} Bound;

typedef struct
{
	Lines		lines;
	Word	   *whole;			/* the bits of this value (codes), or of its lines (sets), or NULL */
} Value;

typedef struct
{
	segment_form form;			/* RANGES, VALUES, ANY or NONE */
	int8_t		slot;			/* -1: bits are refusals; else acceptances in that slot */
	uint32_t	lines;			/* how many have a literal here */
	Word	   *base;			/* ordered: below every value; codes: unnamed values; sets: lines with a literal */
	Word	   *null;
	Bound	   *bound;
	uint32_t	bounds,
				bound_room,
				unsettled;		/* flips since the whole bitmaps were chosen */
	Value	  **value;			/* pages of PAGE, by number; NULL where nothing is named */
	uint32_t	pages,
				wholes;			/* values with a whole bitmap */
} Table;

#define PAGE		8

typedef struct
{
	segment_attribute_form form;
	uint16_t	tables,
				table_room;
	Table	   *table;
	/* names of values, one after the other, and open addressing over their numbers */
	char	   *names;
	uint32_t	named,
				name_room,
				names_room,
				slots;
	uint32_t   *name_end,		/* the first begins at 0 */
			   *name_hash,
			   *slot;
} Attribute;

typedef struct
{
	uint32_t	kept;			/* its literals, packed, so that it can be taken out again: place among all that is kept */
	uint32_t	kept_len:28,
				slots:4;		/* how many it uses, from the first */
	uint32_t	next;			/* line of the same predicate */
	uint32_t	owner;			/* its predicate, by place in 'predicate' */
} Line;

typedef struct
{
	uint32_t	id,
				first;			/* line */
	uint32_t	seen;			/* search in which it was found */
} Predicate;

struct segment_index
{
	segment_realloc alloc;
	void	   *context;
	const segment_exact_kind *kind;
	segment_exact_compare compare;
	/* what it was loaded from: pieces that lie in it are not freed one by one */
	uint8_t    *image;
	size_t		image_len;
	Attribute  *attribute;
	int			attributes,
				attribute_room;
	/* exact values of bounds by number; a free place holds the next one, doubled and one more */
	void	  **exact;
	uint32_t	exacts,
				exact_room,
				free_exact;		/* 0: none */
	/* literals of lines, one after the other */
	uint8_t    *kept;
	size_t		kept_used,
				kept_room,
				kept_lost;		/* of lines that went */
	Line	   *line;
	uint32_t	lines,			/* ever used */
				line_room,		/* bits of every bitmap */
				free_line;		/* chain by next */
	Word	   *live,
			   *residue,		/* lines that are only candidates */
			   *several,		/* lines of predicates that have several */
			   *uses[SLOTS],
			   *work,
			   *work2;
	uint32_t	slot_lines[SLOTS];
	Predicate  *predicate;
	uint32_t	predicates,		/* ever used */
				predicate_room,
				count,
				free_predicate, /* chain by first */
				search;
	/* from id to predicate */
	uint32_t	ids;
	uint32_t   *by_id;
};

static inline void *
get(segment_index *ix, size_t size)
{
	void	   *p = ix->alloc(ix->context, NULL, size);

	memset(p, 0, size);
	return p;
}

static inline bool
in_image(const segment_index *ix, const void *p)
{
	return (uintptr_t) p - (uintptr_t) ix->image < ix->image_len;
}

static inline void
release(segment_index *ix, void *p)
{
	if (p && !in_image(ix, p))
		ix->alloc(ix->context, p, 0);
}

static inline void *
resize(segment_index *ix, void *old, size_t from, size_t to)
{
	void	   *p;

	if (!in_image(ix, old))
		return ix->alloc(ix->context, old, to);
	p = ix->alloc(ix->context, NULL, to);
	memcpy(p, old, from < to ? from : to);
	return p;
}

static inline size_t
words(const segment_index *ix)
{
	return ix->line_room / 64;
}

static inline Word *
bitmap(segment_index *ix)
{
	return get(ix, words(ix) * sizeof(Word));
}

static inline void
flip(Word *b, uint32_t i)
{
	b[i / 64] ^= (Word) 1 << (i % 64);
}

static inline bool
is_set(const Word *b, uint32_t i)
{
	return (b[i / 64] >> (i % 64)) & 1;
}

static inline void
put(Word *b, uint32_t i, bool on)
{
	b[i / 64] = (b[i / 64] & ~((Word) 1 << (i % 64))) | ((Word) on << (i % 64));
}

static inline const Value *
value_of(const Table *t, uint32_t number)
{
	return number / PAGE < t->pages && t->value[number / PAGE] ? &t->value[number / PAGE][number % PAGE] : NULL;
}

static inline void
or_into(Word *to, const Word *from, size_t n)
{
	for (size_t i = 0; i < n; i += WIDE)
		*(Wide *) (to + i) |= *(const Wide *) (from + i);
}

static inline void
and_not_into(Word *to, const Word *from, size_t n)
{
	for (size_t i = 0; i < n; i += WIDE)
		*(Wide *) (to + i) &= ~*(const Wide *) (from + i);
}

/* every bitmap gets room for so many lines */
extern void segment_match_grow(segment_index *ix, uint32_t room);
/* the nth table of this form and slot of an attribute, made when absent */
extern int	segment_match_table(segment_index *ix, Attribute *a, segment_form form, int slot, int nth);
/* puts a line's literal into its table, or takes it out */
extern void segment_match_enter(segment_index *ix, Table *t, const segment_condition *c, uint32_t line, bool adding);
/* the number of the exact value of a bound that stands in the table */
extern uint32_t segment_match_exact(const segment_index *ix, const Table *t, const segment_bound *b);
static inline bool
exact_is_free(const segment_index *ix, uint32_t number)
{
	return (uintptr_t) ix->exact[number - 1] & 1;
}

/* how many bounds of an ordered table are at or below a value */
extern uint32_t segment_match_place(const segment_index *ix, const Table *t, const segment_given *d);
/* the table's bits for a datum: a bitmap of its own, or the work bitmap, of n words */
extern const Word *segment_match_bits(segment_index *ix, const Table *t, const segment_given *d, Word *work, size_t n);

#endif
