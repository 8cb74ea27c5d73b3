/*
 * party_set_bytes.c: the bytes of sets of parties, and the check of bytes from outside, which the library (0.2.66 in Debian 12) does not make:
 * it trusts what lies in a container.
 */
#include "activity/party_set_portable.h"

size_t
party_set_bytes(const party_set *s)
{
	size_t		n = 8;

	for (uint32_t i = 0; i < s->n; i++)
		n += 4 + roaring_bitmap_portable_size_in_bytes(s->part[i].low);
	return n;
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

bool
party_set_open(const uint8_t *b, size_t len, portable *p)
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

/* the bytes of a sound bitmap, 0 when it is not */
static size_t
sound_bitmap(const uint8_t *b, size_t len)
{
	portable	p;
	const uint8_t *at,
			   *end = b + len;

	if (!party_set_open(b, len, &p) || p.containers == 0)
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
			n = party_set_count_bits(at);
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
		party_set_put(s, i, (int32_t) get32(b), low);
		if (i + 1 < n)
			b += 4 + roaring_bitmap_portable_deserialize_size((const char *) b + 4, (size_t) (end - b - 4));
	}
	return s;
}

size_t
party_set_bitmap_bytes(const uint8_t *b, const portable *p)
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
		if (high > (int32_t) (party >> 32) || !party_set_open(b, (size_t) (end - b), &p))
			return false;
		if (high == (int32_t) (party >> 32))
			return bitmap_has(b, &p, (uint32_t) party);
		b += party_set_bitmap_bytes(b, &p);
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
		if (!party_set_open(b, (size_t) (end - b), &p))
			break;
		for (uint32_t c = 0; c < p.containers; c++)
			count += container_count(&p, c);
		b += party_set_bitmap_bytes(b, &p);
	}
	return count;
}
