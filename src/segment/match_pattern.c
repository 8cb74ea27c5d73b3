/*
 * match_pattern.c: of many patterns of LIKE, those that hold for a text, for the index over predicates (match_index.h). Patterns hang on the literal
 * bytes with which they begin, found by a hash of each beginning of the text; of those that begin with a wildcard most are passed over because the text
 * lacks a pair of bytes that the pattern has. What is left is matched: a wildcard holds again only from the last '%' on, since what a '%' before it has
 * taken as early as possible leaves the most to come.
 */
#include <string.h>

#include "segment/match_index.h"

#define PREFIX_MAX	63			/* bytes of a beginning that are looked for */

typedef enum
{
	WHOLE,						/* the beginning alone: the text is it */
	BEGINNING,					/* the beginning, then anything */
	MATCHED						/* to be matched */
} Rest;

typedef struct
{
	uint32_t	number;			/* the caller's */
	uint32_t	next;			/* with the same beginning, counted from 1 */
	uint32_t	hash;			/* of the beginning */
	uint32_t	len;			/* of the pattern */
	size_t		at;				/* in bytes: the pattern, then its beginning without escapes */
	uint64_t	pairs;			/* of literal bytes side by side, hashed */
	uint8_t		prefix;			/* bytes of its beginning */
	uint8_t		rest;
} Pattern;

struct segment_patterns
{
	segment_realloc alloc;
	void	   *context;
	bool		utf8;
	char	   *bytes;
	size_t		used,
				room;
	Pattern    *pattern;
	uint32_t	patterns,
				pattern_room;
	uint32_t   *slot,			/* open addressing over beginnings: the newest pattern with it, from 1 */
				slots,
				beginnings;
	uint64_t	lengths;		/* of the beginnings that there are: bits */
};

segment_patterns *
segment_patterns_new(segment_realloc alloc, void *context, bool utf8)
{
	segment_patterns *ps = alloc(context, NULL, sizeof(segment_patterns));

	memset(ps, 0, sizeof(*ps));
	ps->alloc = alloc;
	ps->context = context;
	ps->utf8 = utf8;
	return ps;
}

void
segment_patterns_free(segment_patterns *ps)
{
	if (ps->bytes)
		ps->alloc(ps->context, ps->bytes, 0);
	if (ps->pattern)
		ps->alloc(ps->context, ps->pattern, 0);
	if (ps->slot)
		ps->alloc(ps->context, ps->slot, 0);
	ps->alloc(ps->context, ps, 0);
}

uint32_t
segment_patterns_count(const segment_patterns *ps)
{
	return ps->patterns;
}

bool
segment_pattern_valid(const char *pattern, size_t len)
{
	size_t		escapes = 0;

	while (escapes < len && pattern[len - 1 - escapes] == '\\')
		escapes++;
	return escapes % 2 == 0;
}

/* FNV-1a, so that each beginning's hash comes of the one before; mixed where a place is chosen */
#define HASH_START 2166136261u

static uint32_t
hash_on(uint32_t hash, char byte)
{
	return (hash ^ (unsigned char) byte) * 16777619u;
}

static uint32_t
place_of(const segment_patterns *ps, uint32_t hash)
{
	return (uint32_t) ((hash * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (ps->slots - 1);
}

static uint64_t
pair(char a, char b)
{
	return UINT64_C(1) << (((unsigned char) a * 0x9e3779b1u + (unsigned char) b * 0x85ebca6bu) >> 26);
}

/* the place of a beginning: of a pattern that has it, or a free one */
static uint32_t
find(const segment_patterns *ps, uint32_t hash, const char *data, size_t len)
{
	uint32_t	at = place_of(ps, hash);

	for (; ps->slot[at]; at = (at + 1) & (ps->slots - 1))
	{
		const Pattern *p = &ps->pattern[ps->slot[at] - 1];

		if (p->hash == hash && p->prefix == len && memcmp(ps->bytes + p->at + p->len, data, len) == 0)
			break;
	}
	return at;
}

static void
make_room(segment_patterns *ps, size_t len)
{
	if (ps->used + len > ps->room)
	{
		ps->room = ps->used + len + ps->room / 2 + 256;
		ps->bytes = ps->alloc(ps->context, ps->bytes, ps->room);
	}
	if (ps->patterns == ps->pattern_room)
	{
		ps->pattern_room += ps->pattern_room / 2 + 16;
		ps->pattern = ps->alloc(ps->context, ps->pattern, ps->pattern_room * sizeof(Pattern));
	}
	if (ps->beginnings + ps->beginnings / 3 + 1 >= ps->slots)
	{
		uint32_t   *old = ps->slot,
					slots = ps->slots;

		ps->slots = slots ? slots * 2 : 16;
		ps->slot = ps->alloc(ps->context, NULL, ps->slots * sizeof(uint32_t));
		memset(ps->slot, 0, ps->slots * sizeof(uint32_t));
		for (uint32_t i = 0; i < slots; i++)
			if (old[i])
			{
				uint32_t	at = place_of(ps, ps->pattern[old[i] - 1].hash);

				while (ps->slot[at])
					at = (at + 1) & (ps->slots - 1);
				ps->slot[at] = old[i];
			}
		if (old)
			ps->alloc(ps->context, old, 0);
	}
}

void
segment_patterns_add(segment_patterns *ps, uint32_t number, const char *pattern, size_t len)
{
	Pattern		p = {.number = number, .hash = HASH_START, .len = (uint32_t) len, .rest = MATCHED};
	bool		at_start = true,
				literal_before = false;
	char	   *prefix,
				before = 0;
	size_t		i = 0;
	uint32_t	at;

	make_room(ps, len + PREFIX_MAX);
	p.at = ps->used;
	prefix = ps->bytes + p.at + len;
	if (len)
		memcpy(ps->bytes + p.at, pattern, len);
	for (; i < len; i++)
	{
		char		c = pattern[i];

		if (c == '%' || c == '_')
		{
			at_start = literal_before = false;
			continue;
		}
		if (c == '\\' && i + 1 < len)
			c = pattern[++i];
		if (literal_before)
			p.pairs |= pair(before, c);
		before = c;
		literal_before = true;
		at_start = at_start && p.prefix < PREFIX_MAX;
		if (at_start)
		{
			prefix[p.prefix++] = c;
			p.hash = hash_on(p.hash, c);
		}
	}
	/* the beginning stands for all of it where nothing, or nothing but '%', follows */
	if (at_start)
		p.rest = WHOLE;
	else
	{
		size_t		end = len;

		while (end > 0 && pattern[end - 1] == '%')
			end--;
		/* as long as the beginning would be with its escapes, that of the last '%' not among them */
		if (end < len)
		{
			size_t		k = 0;

			for (i = 0; i < end; i++, k++)
			{
				if (pattern[i] == '%' || pattern[i] == '_')
					break;
				i += pattern[i] == '\\' && i + 1 < len;
			}
			if (i == end && k == p.prefix)
				p.rest = BEGINNING;
		}
	}
	ps->used += len + p.prefix;
	at = find(ps, p.hash, prefix, p.prefix);
	ps->beginnings += ps->slot[at] == 0;
	p.next = ps->slot[at];
	ps->lengths |= UINT64_C(1) << p.prefix;
	ps->pattern[ps->patterns++] = p;
	ps->slot[at] = ps->patterns;
}

/* behind the character that begins at i */
static size_t
step(const char *text, size_t len, size_t i, bool utf8)
{
	i++;
	while (utf8 && i < len && ((unsigned char) text[i] & 0xc0) == 0x80)
		i++;
	return i;
}

bool
segment_pattern_matches(const char *pattern, size_t len, const char *text, size_t text_len, bool utf8)
{
	size_t		i = 0,
				p = 0,
				star = 0,		/* behind the last '%' */
				from = 0;		/* where what follows it is tried */
	bool		any = false;

	while (i < text_len)
	{
		if (p < len)
		{
			size_t		literal = p + (pattern[p] == '\\' && p + 1 < len);

			if (literal == p && pattern[p] == '%')
			{
				any = true;
				star = ++p;
				from = i;
				continue;
			}
			if (literal == p && pattern[p] == '_')
			{
				p++;
				i = step(text, text_len, i, utf8);
				continue;
			}
			if (pattern[literal] == text[i])
			{
				p = literal + 1;
				i++;
				continue;
			}
		}
		else if (any && star == len)
			return true;
		if (!any)
			return false;
		p = star;
		i = from = step(text, text_len, from, utf8);
	}
	while (p < len && pattern[p] == '%')
		p++;
	return p == len;
}

static uint64_t
pairs_of(const char *text, size_t len)
{
	uint64_t	pairs = 0;

	for (size_t i = 1; i < len && ~pairs; i++)
		pairs |= pair(text[i - 1], text[i]);
	return pairs;
}

uint32_t
segment_patterns_match(const segment_patterns *ps, const char *text, size_t len, uint32_t *found)
{
	uint32_t	n = 0,
				hash = HASH_START;
	uint64_t	pairs = 0;
	bool		paired = false;

	if (!ps->patterns)
		return 0;
	for (size_t i = 0; i <= len && ps->lengths >> i; i++)
	{
		if (ps->lengths >> i & 1)
			for (uint32_t next = ps->slot[find(ps, hash, text, i)]; next; next = ps->pattern[next - 1].next)
			{
				const Pattern *p = &ps->pattern[next - 1];

				if (p->rest == MATCHED && !paired)
				{
					pairs = pairs_of(text, len);
					paired = true;
				}
				if (p->rest == WHOLE ? i == len : p->rest == BEGINNING ||
					(!(p->pairs & ~pairs) && segment_pattern_matches(ps->bytes + p->at, p->len, text, len, ps->utf8)))
					found[n++] = p->number;
			}
		if (i == PREFIX_MAX || i == len)
			break;
		hash = hash_on(hash, text[i]);
	}
	return n;
}
