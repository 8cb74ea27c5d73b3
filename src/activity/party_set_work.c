/*
 * party_set_work.c: unions and intersections of many sets, and how many are in two, read from the bytes where they lie. The library copies
 * each container of a set before it joins it, and counts each result; here a word of a bitset is met with a word of the bytes, and what is
 * left is counted once, at the end.
 */
#include "activity/party_set_portable.h"

#include <stdlib.h>

#define WORDS (BITSET_BYTES / 8)
#define SMALL 512				/* numbers in an array that others are merged into; with more it becomes a bitset */

/* the processor's own instructions where it has them, chosen when the module is loaded */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_UNDEFINED__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

/* the numbers with equal upper 48 bits */
typedef struct box
{
	uint64_t	key;			/* the upper bits, in the order of the numbers */
	uint32_t	n;				/* of an array; of a bitset once it is counted */
	bool		bits;			/* a bitset, else sorted numbers */
	uint64_t   *words;			/* WORDS of them, or room for as many bytes of numbers */
} box;

struct party_set_work
{
	bool		begun;
	uint32_t	n,
				room;
	box		   *box;
};

/* a container as it lies in the bytes */
typedef struct container
{
	uint64_t	key;
	uint32_t	n;
	enum
	{
		ARRAY, BITSET, RUNS
	}			kind;
	const uint8_t *at;
} container;

typedef struct cursor
{
	const uint8_t *b,
			   *end,
			   *at;
	uint32_t	parts,			/* still to come */
				i;
	portable	p;				/* of the part in hand */
	uint64_t	high;
} cursor;

static void
open_bytes(cursor *c, const uint8_t *b, size_t len)
{
	memset(c, 0, sizeof(*c));
	c->end = b + len;
	c->parts = get32(b);
	c->b = c->at = b + 8;
}

static bool
next_container(cursor *c, container *out)
{
	while (c->i == c->p.containers)
	{
		if (c->parts == 0)
			return false;
		c->parts--;
		c->b = c->at;
		c->high = (uint64_t) (get32(c->b) ^ 0x80000000u) << 16;
		if (!party_set_open(c->b + 4, (size_t) (c->end - c->b - 4), &c->p))
			return false;
		c->at = c->p.first;
		c->i = 0;
	}
	out->key = c->high | get16(c->p.keys + 4 * c->i);
	out->n = container_count(&c->p, c->i);
	out->kind = is_run(&c->p, c->i) ? RUNS : out->n > ARRAY_MAX ? BITSET : ARRAY;
	out->at = c->at;
	c->at += container_bytes(&c->p, c->i, c->at);
	c->i++;
	return true;
}

static void *
taken(void *p)
{
	if (!p)
		abort();				/* as the library does */
	return p;
}

party_set_work *
party_set_work_new(void)
{
	return taken(calloc(1, sizeof(party_set_work)));
}

void
party_set_work_free(party_set_work *w)
{
	if (!w)
		return;
	for (uint32_t i = 0; i < w->n; i++)
		free(w->box[i].words);
	free(w->box);
	free(w);
}

/* ---- words ---- */

WIDE static void
or_words(uint64_t *to, const uint8_t *from)
{
	for (int i = 0; i < WORDS; i++)
		to[i] |= get64(from + 8 * i);
}

/* whether any is left */
WIDE static bool
and_words(uint64_t *to, const uint8_t *from)
{
	uint64_t	left = 0;

	for (int i = 0; i < WORDS; i++)
		left |= to[i] &= get64(from + 8 * i);
	return left != 0;
}

WIDE static uint32_t
count_words(const uint64_t *words)
{
	uint32_t	n = 0;

	for (int i = 0; i < WORDS; i++)
		n += (uint32_t) __builtin_popcountll(words[i]);
	return n;
}

WIDE uint32_t
party_set_count_bits(const uint8_t *bitset)
{
	uint32_t	n = 0;

	for (int i = 0; i < WORDS; i++)
		n += (uint32_t) __builtin_popcountll(get64(bitset + 8 * i));
	return n;
}

WIDE static uint32_t
count_both(const uint8_t *a, const uint8_t *b)
{
	uint32_t	n = 0;

	for (int i = 0; i < WORDS; i++)
		n += (uint32_t) __builtin_popcountll(get64(a + 8 * i) & get64(b + 8 * i));
	return n;
}

static bool
has_bit(const uint64_t *words, uint32_t v)
{
	return words[v / 64] >> (v % 64) & 1;
}

static void
set_range(uint64_t *words, uint32_t from, uint32_t last)
{
	for (; from <= last && from % 64; from++)
		words[from / 64] |= (uint64_t) 1 << (from % 64);
	for (; from + 63 <= last; from += 64)
		words[from / 64] = ~(uint64_t) 0;
	for (; from <= last; from++)
		words[from / 64] |= (uint64_t) 1 << (from % 64);
}

/* a container's numbers added to a bitset */
static void
or_container(uint64_t *words, const container *c)
{
	if (c->kind == BITSET)
		or_words(words, c->at);
	else if (c->kind == ARRAY)
		for (uint32_t i = 0; i < c->n; i++)
		{
			uint32_t	v = get16(c->at + 2 * i);

			words[v / 64] |= (uint64_t) 1 << (v % 64);
		}
	else
		for (uint32_t r = 0; r < get16(c->at); r++)
		{
			uint32_t	from = get16(c->at + 2 + 4 * r);

			set_range(words, from, from + get16(c->at + 4 + 4 * r));
		}
}

/* ---- boxes ---- */

static uint16_t *
numbers(const box *b)
{
	return (uint16_t *) (void *) b->words;
}

static void
fill(box *b, const container *c)
{
	b->key = c->key;
	b->bits = c->kind != ARRAY;
	b->n = c->n;
	if (b->bits)
		or_container(b->words = taken(calloc(WORDS, 8)), c);
	else
	{
		b->words = taken(malloc(BITSET_BYTES));
		for (uint32_t i = 0; i < c->n; i++)
			numbers(b)[i] = (uint16_t) get16(c->at + 2 * i);
	}
}

static void
become_bits(box *b)
{
	uint64_t   *words = taken(calloc(WORDS, 8));

	for (uint32_t i = 0; i < b->n; i++)
		words[numbers(b)[i] / 64] |= (uint64_t) 1 << (numbers(b)[i] % 64);
	free(b->words);
	b->words = words;
	b->bits = true;
}

static void
join(box *b, const container *c)
{
	if (!b->bits && c->kind == ARRAY && b->n + c->n <= SMALL)
	{
		uint16_t	merged[SMALL];
		uint32_t	i = 0,
					j = 0,
					n = 0;

		while (i < b->n || j < c->n)
		{
			uint32_t	x = i < b->n ? numbers(b)[i] : 65536,
						y = j < c->n ? get16(c->at + 2 * j) : 65536;

			merged[n++] = (uint16_t) (x < y ? x : y);
			i += x <= y;
			j += y <= x;
		}
		memcpy(b->words, merged, n * sizeof(uint16_t));
		b->n = n;
		return;
	}
	if (!b->bits)
		become_bits(b);
	or_container(b->words, c);
}

/* how many of sorted numbers are in a container; they are moved to kept, if there is one, which may be where they stand */
static uint32_t
keep_those_in(const uint16_t *from, uint32_t n, const container *c, uint16_t *kept)
{
	uint32_t	left = 0,
				j = 0;
	const uint8_t *runs = c->at + 2;
	uint32_t	end = c->kind == RUNS ? get16(c->at) : c->n;

	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t	v = from[i];
		bool		in;

		if (c->kind == BITSET)
			in = c->at[v / 8] >> (v % 8) & 1;
		else if (c->kind == ARRAY)
		{
			/* by ever longer steps where there is far to go */
			for (uint32_t step = 1; j + step < end && get16(c->at + 2 * (j + step)) < v; step *= 2)
				j += step;
			while (j < end && get16(c->at + 2 * j) < v)
				j++;
			in = j < end && get16(c->at + 2 * j) == v;
		}
		else
		{
			while (j < end && get16(runs + 4 * j) + get16(runs + 4 * j + 2) < v)
				j++;
			in = j < end && get16(runs + 4 * j) <= v;
		}
		if (kept)
			kept[left] = (uint16_t) v;
		left += in;
	}
	return left;
}

/* whether any is left */
static bool
meet(box *b, const container *c)
{
	uint64_t	left = 0;

	if (!b->bits)
		b->n = keep_those_in(numbers(b), b->n, c, numbers(b));
	else if (c->kind == BITSET)
		return and_words(b->words, c->at);
	else if (c->kind == ARRAY)
	{
		uint16_t	kept[ARRAY_MAX];
		uint32_t	n = 0;

		for (uint32_t i = 0; i < c->n; i++)
		{
			uint32_t	v = get16(c->at + 2 * i);

			kept[n] = (uint16_t) v;
			n += has_bit(b->words, v);
		}
		memcpy(b->words, kept, n * sizeof(uint16_t));
		b->bits = false;
		b->n = n;
	}
	else
	{
		uint64_t	mask[WORDS] = {0};

		or_container(mask, c);
		for (int i = 0; i < WORDS; i++)
			left |= b->words[i] &= mask[i];
		return left != 0;
	}
	return b->n > 0;
}

static void
insert(party_set_work *w, uint32_t at, const container *c)
{
	if (w->n == w->room)
	{
		w->room = w->room * 2 + 16;
		w->box = taken(realloc(w->box, w->room * sizeof(box)));
	}
	memmove(w->box + at + 1, w->box + at, (w->n - at) * sizeof(box));
	fill(&w->box[at], c);
	w->n++;
}

void
party_set_work_or(party_set_work *w, const uint8_t *bytes, size_t len)
{
	cursor		at;
	container	c;
	uint32_t	i = 0;

	w->begun = true;
	open_bytes(&at, bytes, len);
	while (next_container(&at, &c))
	{
		while (i < w->n && w->box[i].key < c.key)
			i++;
		if (i < w->n && w->box[i].key == c.key)
			join(&w->box[i], &c);
		else
			insert(w, i, &c);
	}
}

void
party_set_work_and(party_set_work *w, const uint8_t *bytes, size_t len)
{
	cursor		at;
	container	c;
	uint32_t	i = 0,
				kept = 0;

	if (!w->begun)
	{
		party_set_work_or(w, bytes, len);
		return;
	}
	open_bytes(&at, bytes, len);
	while (i < w->n && next_container(&at, &c))
	{
		for (; i < w->n && w->box[i].key < c.key; i++)
			free(w->box[i].words);
		if (i < w->n && w->box[i].key == c.key)
		{
			w->box[kept] = w->box[i++];
			if (meet(&w->box[kept], &c))
				kept++;
			else
				free(w->box[kept].words);
		}
	}
	for (; i < w->n; i++)
		free(w->box[i].words);
	w->n = kept;
}

/* ---- the end ---- */

/* each box counted, with no more than an array's numbers an array, and gone when empty */
static void
settle(party_set_work *w)
{
	uint32_t	kept = 0;

	for (uint32_t i = 0; i < w->n; i++)
	{
		box		   *b = &w->box[i];

		if (b->bits)
			b->n = count_words(b->words);
		if (b->n == 0)
		{
			free(b->words);
			continue;
		}
		if (b->bits && b->n <= ARRAY_MAX)
		{
			uint16_t	found[ARRAY_MAX];
			uint32_t	n = 0;

			for (int k = 0; k < WORDS; k++)
				for (uint64_t left = b->words[k]; left; left &= left - 1)
					found[n++] = (uint16_t) (64 * k + __builtin_ctzll(left));
			memcpy(b->words, found, n * sizeof(uint16_t));
			b->bits = false;
		}
		w->box[kept++] = *b;
	}
	w->n = kept;
}

bool
party_set_work_met_nobody(const party_set_work *w)
{
	return w->begun && w->n == 0;
}

uint64_t
party_set_work_count(party_set_work *w)
{
	uint64_t	n = 0;

	for (uint32_t i = 0; i < w->n; i++)
		n += w->box[i].bits ? count_words(w->box[i].words) : w->box[i].n;
	return n;
}

/* the boxes from one on that are of one half */
static uint32_t
same_half(const party_set_work *w, uint32_t from)
{
	uint32_t	i = from;

	while (i < w->n && w->box[i].key >> 16 == w->box[from].key >> 16)
		i++;
	return i;
}

static size_t
box_bytes(const box *b)
{
	return b->bits ? BITSET_BYTES : 2 * (size_t) b->n;
}

size_t
party_set_work_bytes(party_set_work *w)
{
	size_t		n = 8;

	settle(w);
	for (uint32_t i = 0, end; i < w->n; i = end)
	{
		end = same_half(w, i);
		n += 4 + 8 + 8 * (size_t) (end - i);
		for (uint32_t k = i; k < end; k++)
			n += box_bytes(&w->box[k]);
	}
	return n;
}

void
party_set_work_write(party_set_work *w, uint8_t *out)
{
	uint32_t	halves = 0;
	uint8_t    *to = out + 8;

	for (uint32_t i = 0, end; i < w->n; i = end)
	{
		uint8_t    *begin = to + 4,
				   *at;

		end = same_half(w, i);
		at = begin + 8 + 8 * (size_t) (end - i);
		put32(to, (uint32_t) (w->box[i].key >> 16) ^ 0x80000000u);
		put32(begin, COOKIE_PLAIN);
		put32(begin + 4, end - i);
		for (uint32_t k = i; k < end; k++)
		{
			const box  *b = &w->box[k];

			put16(begin + 8 + 4 * (k - i), (uint32_t) b->key & 0xFFFF);
			put16(begin + 10 + 4 * (k - i), b->n - 1);
			put32(begin + 8 + 4 * (end - i) + 4 * (k - i), (uint32_t) (at - begin));
			if (b->bits)
				for (int i64 = 0; i64 < WORDS; i64++)
				{
					put32(at + 8 * i64, (uint32_t) b->words[i64]);
					put32(at + 8 * i64 + 4, (uint32_t) (b->words[i64] >> 32));
				}
			else
				for (uint32_t v = 0; v < b->n; v++)
					put16(at + 2 * v, numbers(b)[v]);
			at += box_bytes(b);
		}
		to = at;
		halves++;
	}
	put32(out, halves);
	put32(out + 4, 0);
}

/* ---- two sets ---- */

static uint32_t
count_of(const container *a, const container *b)
{
	box			x;
	uint32_t	n;

	if (a->kind == BITSET && b->kind == BITSET)
		return count_both(a->at, b->at);
	if (b->kind == ARRAY)
	{
		const container *swap = a;

		a = b, b = swap;
	}
	if (a->kind == ARRAY)
	{
		uint16_t	v[ARRAY_MAX];

		for (uint32_t i = 0; i < a->n; i++)
			v[i] = (uint16_t) get16(a->at + 2 * i);
		return keep_those_in(v, a->n, b, NULL);
	}
	fill(&x, a);
	meet(&x, b);
	n = x.bits ? count_words(x.words) : x.n;
	free(x.words);
	return n;
}

uint64_t
party_set_bytes_common(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	cursor		at,
				bt;
	container	x,
				y;
	uint64_t	n = 0;
	bool		more;

	open_bytes(&at, a, a_len);
	open_bytes(&bt, b, b_len);
	more = next_container(&at, &x) && next_container(&bt, &y);
	while (more)
	{
		if (x.key < y.key)
			more = next_container(&at, &x);
		else if (x.key > y.key)
			more = next_container(&bt, &y);
		else
		{
			n += count_of(&x, &y);
			more = next_container(&at, &x) && next_container(&bt, &y);
		}
	}
	return n;
}
