/*
 * party_set.h: a set of parties (64-bit numbers) as roaring bitmaps: Chambi, Lemire, Kaser, Godin, "Better bitmap performance with Roaring
 * bitmaps" (2016). The library knows 32-bit numbers; a set is a bitmap for each upper half, in ascending order, and its bytes are the
 * library's portable form for 64 bits: the number of halves, then each half and its bitmap, all little-endian.
 * Memory is the library's own (malloc): whoever makes a set frees it.
 */
#ifndef CRMSEG_PARTY_SET_H
#define CRMSEG_PARTY_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <roaring/roaring.h>

typedef struct party_set_part
{
	int32_t		high;
	roaring_bitmap_t *low;
} party_set_part;

typedef struct party_set
{
	uint32_t	n,
				room;
	bool		lazy;			/* its cardinalities are not known: party_set_settle */
	party_set_part *part;		/* by high */
} party_set;

extern party_set *party_set_new(void);
extern void party_set_free(party_set *s);

/* a half at its place; the bitmap is the set's from then on */
extern void party_set_put(party_set *s, uint32_t at, int32_t high, roaring_bitmap_t *low);
extern void party_set_add(party_set *s, int64_t party);
extern void party_set_remove(party_set *s, int64_t party);
extern bool party_set_has(const party_set *s, int64_t party);
extern uint64_t party_set_count(const party_set *s);
extern uint64_t party_set_common(const party_set *a, const party_set *b);
extern bool party_set_equal(const party_set *a, const party_set *b);

/* a becomes the union, intersection, difference; b stays as it is. Many unions may be lazy, then the set is settled once. */
extern void party_set_or(party_set *a, const party_set *b, bool lazy);
extern void party_set_and(party_set *a, const party_set *b);
extern void party_set_minus(party_set *a, const party_set *b);
extern void party_set_settle(party_set *s);

/* The numbers in ascending order, from a place on ({0}: the first): at most max of them. The set must not change meanwhile. */
typedef struct party_set_place
{
	uint32_t	part;
	bool		begun;			/* next stands in the part */
	roaring_uint32_iterator_t next;
} party_set_place;
extern size_t party_set_take(const party_set *s, party_set_place *at, int64_t *out, size_t max);

/* bytes: party_set_sound tells whether bytes from outside are such a set; the others take sound ones only */
extern size_t party_set_bytes(const party_set *s);
extern void party_set_write(const party_set *s, uint8_t *out);
extern bool party_set_sound(const uint8_t *bytes, size_t len);
extern party_set *party_set_read(const uint8_t *bytes, size_t len);
extern bool party_set_bytes_have(const uint8_t *bytes, size_t len, int64_t party);
extern uint64_t party_set_bytes_count(const uint8_t *bytes, size_t len);
extern uint64_t party_set_bytes_common(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);

/*
 * Many sets joined, or met, one after the other, read where their bytes lie: nothing is counted until the end. One that is new is empty;
 * party_set_work_and makes a new one what the bytes are.
 */
typedef struct party_set_work party_set_work;
extern party_set_work *party_set_work_new(void);
extern void party_set_work_free(party_set_work *w);
extern void party_set_work_or(party_set_work *w, const uint8_t *bytes, size_t len);
extern void party_set_work_and(party_set_work *w, const uint8_t *bytes, size_t len);
/* no set that it is to meet need be read any more */
extern bool party_set_work_met_nobody(const party_set_work *w);
extern uint64_t party_set_work_count(party_set_work *w);
/* as the set's bytes: how many, after which they can be written */
extern size_t party_set_work_bytes(party_set_work *w);
extern void party_set_work_write(party_set_work *w, uint8_t *out);

#endif
