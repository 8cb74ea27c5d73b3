/*
 * party_set_portable.h: the bytes of a set, as party_set_bytes.c and party_set_work.c read and write them.
 */
#ifndef CRMSEG_PARTY_SET_PORTABLE_H
#define CRMSEG_PARTY_SET_PORTABLE_H

#include "activity/party_set.h"

#include <string.h>

/*
 * One bitmap in the portable form (github.com/RoaringBitmap/RoaringFormatSpec): a cookie, keys and cardinalities of the containers, where they
 * lie, then each: sorted 16-bit numbers up to 4096 of them, a bitset of 8 kB above, or runs where the cookie says so.
 */
#define COOKIE_PLAIN 12346
#define COOKIE_RUNS 12347
#define ARRAY_MAX 4096
#define BITSET_BYTES 8192

typedef struct portable
{
	uint32_t	containers;
	const uint8_t *runs,		/* a bit each, NULL: none */
			   *keys,			/* key and cardinality less one, 16 bits each */
			   *offsets,		/* 32 bits each, NULL: none */
			   *first;			/* the first container */
} portable;

static inline void
put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t) (v >> (8 * i));
}

static inline void
put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t) v, p[1] = (uint8_t) (v >> 8);
}

static inline uint32_t
get16(const uint8_t *p)
{
	return p[0] | (uint32_t) p[1] << 8;
}

static inline uint32_t
get32(const uint8_t *p)
{
	return get16(p) | get16(p + 2) << 16;
}

/* eight bytes of a bitset */
static inline uint64_t
get64(const uint8_t *p)
{
	uint64_t	v;

	memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

/* where the parts of a bitmap lie; false when they do not lie in the bytes */
extern bool party_set_open(const uint8_t *b, size_t len, portable *p);
/* its bytes, without looking into it */
extern size_t party_set_bitmap_bytes(const uint8_t *b, const portable *p);

/* the numbers in a bitset of BITSET_BYTES */
extern uint32_t party_set_count_bits(const uint8_t *bitset);

static inline bool
is_run(const portable *p, uint32_t i)
{
	return p->runs && (p->runs[i / 8] >> (i % 8) & 1);
}

static inline uint32_t
container_count(const portable *p, uint32_t i)
{
	return get16(p->keys + 4 * i + 2) + 1;
}

static inline size_t
container_bytes(const portable *p, uint32_t i, const uint8_t *at)
{
	return is_run(p, i) ? 2 + 4 * (size_t) get16(at) : container_count(p, i) > ARRAY_MAX ? BITSET_BYTES : 2 * (size_t) container_count(p, i);
}

#endif
