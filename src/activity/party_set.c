/*
 * party_set.c: sets of parties on CRoaring, their bytes, and the check of bytes from outside, which the library (0.2.66 in Debian 12) does not
 * make: it trusts what lies in a container.
 */
#include "activity/party_set.h"

#include <stdlib.h>
#include <string.h>

party_set *
party_set_new(void)
{
	return calloc(1, sizeof(party_set));
}

void
party_set_free(party_set *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->n; i++)
		roaring_bitmap_free(s->part[i].low);
	free(s->part);
	free(s);
}

/* the place of a half, or where it would stand */
static uint32_t
find(const party_set *s, int32_t high, bool *found)
{
	uint32_t	low = 0,
				end = s->n;

	while (low < end)
	{
		uint32_t	mid = (low + end) / 2;

		if (s->part[mid].high < high)
			low = mid + 1;
		else
			end = mid;
	}
	*found = low < s->n && s->part[low].high == high;
	return low;
}

static void
put(party_set *s, uint32_t at, int32_t high, roaring_bitmap_t *low)
{
	if (s->n == s->room)
	{
		uint32_t	room = s->room ? s->room * 2 : 2;
		party_set_part *p = realloc(s->part, room * sizeof(party_set_part));

		if (!p)
			abort();			/* as the library does */
		s->part = p;
		s->room = room;
	}
	memmove(s->part + at + 1, s->part + at, (s->n - at) * sizeof(party_set_part));
	s->part[at] = (party_set_part) {high, low};
	s->n++;
}

static void
drop_empty(party_set *s)
{
	uint32_t	n = 0;

	for (uint32_t i = 0; i < s->n; i++)
		if (roaring_bitmap_is_empty(s->part[i].low))
			roaring_bitmap_free(s->part[i].low);
		else
			s->part[n++] = s->part[i];
	s->n = n;
}

void
party_set_add(party_set *s, int64_t party)
{
	int32_t		high = (int32_t) (party >> 32);
	bool		found;
	uint32_t	at = find(s, high, &found);

	if (!found)
		put(s, at, high, roaring_bitmap_create());
	roaring_bitmap_add(s->part[at].low, (uint32_t) party);
}

void
party_set_remove(party_set *s, int64_t party)
{
	bool		found;
	uint32_t	at = find(s, (int32_t) (party >> 32), &found);

	if (found)
		roaring_bitmap_remove(s->part[at].low, (uint32_t) party);
	drop_empty(s);
}

bool
party_set_has(const party_set *s, int64_t party)
{
	bool		found;
	uint32_t	at = find(s, (int32_t) (party >> 32), &found);

	return found && roaring_bitmap_contains(s->part[at].low, (uint32_t) party);
}

uint64_t
party_set_count(const party_set *s)
{
	uint64_t	n = 0;

	for (uint32_t i = 0; i < s->n; i++)
		n += roaring_bitmap_get_cardinality(s->part[i].low);
	return n;
}

uint64_t
party_set_common(const party_set *a, const party_set *b)
{
	uint64_t	n = 0;

	for (uint32_t i = 0, j = 0; i < a->n && j < b->n;)
		if (a->part[i].high < b->part[j].high)
			i++;
		else if (a->part[i].high > b->part[j].high)
			j++;
		else
			n += roaring_bitmap_and_cardinality(a->part[i++].low, b->part[j++].low);
	return n;
}

bool
party_set_equal(const party_set *a, const party_set *b)
{
	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (a->part[i].high != b->part[i].high || !roaring_bitmap_equals(a->part[i].low, b->part[i].low))
			return false;
	return true;
}

void
party_set_or(party_set *a, const party_set *b, bool lazy)
{
	for (uint32_t j = 0; j < b->n; j++)
	{
		bool		found;
		uint32_t	at = find(a, b->part[j].high, &found);

		if (!found)
			put(a, at, b->part[j].high, roaring_bitmap_copy(b->part[j].low));
		else if (lazy)
			roaring_bitmap_lazy_or_inplace(a->part[at].low, b->part[j].low, true);
		else
			roaring_bitmap_or_inplace(a->part[at].low, b->part[j].low);
	}
	a->lazy = a->lazy || lazy;
}

void
party_set_settle(party_set *s)
{
	for (uint32_t i = 0; s->lazy && i < s->n; i++)
		roaring_bitmap_repair_after_lazy(s->part[i].low);
	s->lazy = false;
}

void
party_set_and(party_set *a, const party_set *b)
{
	for (uint32_t i = 0; i < a->n; i++)
	{
		bool		found;
		uint32_t	at = find(b, a->part[i].high, &found);

		if (found)
			roaring_bitmap_and_inplace(a->part[i].low, b->part[at].low);
		else
			roaring_bitmap_clear(a->part[i].low);
	}
	drop_empty(a);
}

void
party_set_minus(party_set *a, const party_set *b)
{
	for (uint32_t i = 0; i < a->n; i++)
	{
		bool		found;
		uint32_t	at = find(b, a->part[i].high, &found);

		if (found)
			roaring_bitmap_andnot_inplace(a->part[i].low, b->part[at].low);
	}
	drop_empty(a);
}

size_t
party_set_take(const party_set *s, party_set_place *at, int64_t *out, size_t max)
{
	size_t		n = 0;

	while (n < max && at->part < s->n)
	{
		const party_set_part *p = &s->part[at->part];
		uint32_t	low[256],
					want = max - n < 256 ? (uint32_t) (max - n) : 256,
					some;

		if (!at->begun)
			roaring_init_iterator(p->low, &at->next);
		at->begun = true;
		some = roaring_read_uint32_iterator(&at->next, low, want);
		for (uint32_t i = 0; i < some; i++)
			out[n + i] = (int64_t) (((uint64_t) (uint32_t) p->high << 32) | low[i]);
		n += some;
		if (some < want)
		{
			at->part++;
			at->begun = false;
		}
	}
	return n;
}

/* ---- bytes ---- */

size_t
party_set_bytes(const party_set *s)
{
	size_t		n = 8;

	for (uint32_t i = 0; i < s->n; i++)
		n += 4 + roaring_bitmap_portable_size_in_bytes(s->part[i].low);
	return n;
}

static void
put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t) (v >> (8 * i));
}

static uint32_t
get16(const uint8_t *p)
{
	return p[0] | (uint32_t) p[1] << 8;
}

static uint32_t
get32(const uint8_t *p)
{
	return get16(p) | get16(p + 2) << 16;
}

void
party_set_write(const party_set *s, uint8_t *out)
{
	put32(out, s->n);
	put32(out + 4, 0);
	out += 8;
	for (uint32_t i = 0; i < s->n; i++)
	{
		put32(out, (uint32_t) s->part[i].high);
		out += 4;
		out += roaring_bitmap_portable_serialize(s->part[i].low, (char *) out);
	}
}

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

static bool
open_portable(const uint8_t *b, size_t len, portable *p)
{
	size_t		head;
	uint32_t	cookie;

	if (len < 4)
		return false;
	cookie = get32(b);
	if ((cookie & 0xFFFF) == COOKIE_RUNS)
	{
		p->containers = (cookie >> 16) + 1;
		p->runs = b + 4;
		head = 4 + (p->containers + 7) / 8;
	}
	else if (cookie == COOKIE_PLAIN)
	{
		if (len < 8)
			return false;
		p->containers = get32(b + 4);
		if (p->containers > 65536)
			return false;
		p->runs = NULL;
		head = 8;
	}
	else
		return false;
	p->keys = b + head;
	head += 4 * (size_t) p->containers;
	p->offsets = !p->runs || p->containers >= 4 ? b + head : NULL;
	if (p->offsets)
		head += 4 * (size_t) p->containers;
	p->first = b + head;
	return head <= len;
}

static bool
is_run(const portable *p, uint32_t i)
{
	return p->runs && (p->runs[i / 8] >> (i % 8) & 1);
}

static uint32_t
container_count(const portable *p, uint32_t i)
{
	return get16(p->keys + 4 * i + 2) + 1;
}

static size_t
container_bytes(const portable *p, uint32_t i, const uint8_t *at)
{
	return is_run(p, i) ? 2 + 4 * (size_t) get16(at) : container_count(p, i) > ARRAY_MAX ? BITSET_BYTES : 2 * (size_t) container_count(p, i);
}

/* the bytes of a sound bitmap, 0 when it is not */
static size_t
sound_bitmap(const uint8_t *b, size_t len)
{
	portable	p;
	const uint8_t *at,
			   *end = b + len;

	if (!open_portable(b, len, &p) || p.containers == 0)
		return 0;
	at = p.first;
	for (uint32_t i = 0; i < p.containers; i++)
	{
		uint32_t	count = container_count(&p, i),
					n = 0;

		if (i > 0 && get16(p.keys + 4 * i) <= get16(p.keys + 4 * i - 4))
			return 0;
		if (p.offsets && get32(p.offsets + 4 * i) != (uint32_t) (at - b))
			return 0;
		if ((is_run(&p, i) && end - at < 2) || (size_t) (end - at) < container_bytes(&p, i, at))
			return 0;
		if (is_run(&p, i))
		{
			uint32_t	runs = get16(at),
						next = 0;

			for (uint32_t r = 0; r < runs; r++)
			{
				uint32_t	from = get16(at + 2 + 4 * r),
							last = from + get16(at + 4 + 4 * r);

				if ((r > 0 && from <= next) || last > 65535)
					return 0;
				next = last + 1;
				n += last - from + 1;
			}
		}
		else if (count > ARRAY_MAX)
		{
			for (int w = 0; w < BITSET_BYTES; w += 4)
				n += (uint32_t) __builtin_popcount(get32(at + w));
		}
		else
			for (n = 1; n < count; n++)
				if (get16(at + 2 * n) <= get16(at + 2 * n - 2))
					return 0;
		if (n != count)
			return 0;
		at += container_bytes(&p, i, at);
	}
	return (size_t) (at - b);
}

bool
party_set_sound(const uint8_t *b, size_t len)
{
	const uint8_t *end = b + len;
	uint32_t	n;
	int32_t		before = 0;

	if (len < 8 || get32(b + 4) != 0)
		return false;
	n = get32(b);
	b += 8;
	for (uint32_t i = 0; i < n; i++)
	{
		size_t		bytes;
		int32_t		high;

		if (end - b < 4)
			return false;
		high = (int32_t) get32(b);
		if (i > 0 && high <= before)
			return false;
		before = high;
		bytes = sound_bitmap(b + 4, (size_t) (end - b - 4));
		if (bytes == 0)
			return false;
		b += 4 + bytes;
	}
	return b == end;
}

party_set *
party_set_read(const uint8_t *b, size_t len)
{
	party_set  *s = party_set_new();
	const uint8_t *end = b + len;
	uint32_t	n = get32(b);

	b += 8;
	for (uint32_t i = 0; i < n; i++)
	{
		roaring_bitmap_t *low = roaring_bitmap_portable_deserialize_safe((const char *) b + 4, (size_t) (end - b - 4));

		if (!low)
			break;
		put(s, i, (int32_t) get32(b), low);
		if (i + 1 < n)
			b += 4 + roaring_bitmap_portable_deserialize_size((const char *) b + 4, (size_t) (end - b - 4));
	}
	return s;
}

/* the bytes of one bitmap, without looking into it */
static size_t
bitmap_bytes(const uint8_t *b, const portable *p)
{
	uint32_t	last = p->containers - 1;
	const uint8_t *at = p->first;

	if (p->offsets)
		at = b + get32(p->offsets + 4 * last);
	else
		for (uint32_t i = 0; i < last; i++)
			at += container_bytes(p, i, at);
	return (size_t) (at + container_bytes(p, last, at) - b);
}

static bool
bitmap_has(const uint8_t *b, const portable *p, uint32_t low)
{
	uint32_t	from = 0,
				to = p->containers,
				key = low >> 16,
				value = low & 0xFFFF,
				count;
	const uint8_t *at;

	while (from < to)
	{
		uint32_t	mid = (from + to) / 2;

		if (get16(p->keys + 4 * mid) < key)
			from = mid + 1;
		else
			to = mid;
	}
	if (from == p->containers || get16(p->keys + 4 * from) != key)
		return false;
	if (p->offsets)
		at = b + get32(p->offsets + 4 * from);
	else
	{
		at = p->first;
		for (uint32_t i = 0; i < from; i++)
			at += container_bytes(p, i, at);
	}
	count = container_count(p, from);
	if (is_run(p, from))
	{
		uint32_t	runs = get16(at);

		from = 0, to = runs;
		while (from < to)		/* the first run that begins behind it */
		{
			uint32_t	mid = (from + to) / 2;

			if (get16(at + 2 + 4 * mid) <= value)
				from = mid + 1;
			else
				to = mid;
		}
		return from > 0 && value <= get16(at + 4 * from - 2) + get16(at + 4 * from);
	}
	if (count > ARRAY_MAX)
		return at[value / 8] >> (value % 8) & 1;
	from = 0, to = count;
	while (from < to)
	{
		uint32_t	mid = (from + to) / 2;

		if (get16(at + 2 * mid) < value)
			from = mid + 1;
		else
			to = mid;
	}
	return from < count && get16(at + 2 * from) == value;
}

bool
party_set_bytes_have(const uint8_t *b, size_t len, int64_t party)
{
	uint32_t	n = get32(b);
	const uint8_t *end = b + len;

	b += 8;
	for (uint32_t i = 0; i < n; i++)
	{
		portable	p;
		int32_t		high = (int32_t) get32(b);

		b += 4;
		if (high > (int32_t) (party >> 32) || !open_portable(b, (size_t) (end - b), &p))
			return false;
		if (high == (int32_t) (party >> 32))
			return bitmap_has(b, &p, (uint32_t) party);
		b += bitmap_bytes(b, &p);
	}
	return false;
}

uint64_t
party_set_bytes_count(const uint8_t *b, size_t len)
{
	uint32_t	n = get32(b);
	const uint8_t *end = b + len;
	uint64_t	count = 0;

	b += 8;
	for (uint32_t i = 0; i < n; i++)
	{
		portable	p;

		b += 4;
		if (!open_portable(b, (size_t) (end - b), &p))
			break;
		for (uint32_t c = 0; c < p.containers; c++)
			count += container_count(&p, c);
		b += bitmap_bytes(b, &p);
	}
	return count;
}
