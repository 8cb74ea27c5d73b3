/*
 * link_dict.c: memory and dictionaries of the linkage engine. A dictionary gives every distinct value a number from 1 on.
 */
#include "match/link_private.h"

void *
link_alloc(link_engine *e, size_t n)
{
	e->used += n;
	return e->memory.alloc(e->memory.context, n ? n : 1);
}

void *
link_zalloc(link_engine *e, size_t n)
{
	return memset(link_alloc(e, n), 0, n);
}

void *
link_grow(link_engine *e, void *p, size_t old, size_t n)
{
	if (!p)
		return link_alloc(e, n);
	e->used += n - old;
	return e->memory.grow(e->memory.context, p, old, n);
}

void
link_free(link_engine *e, void *p, size_t n)
{
	if (!p)
		return;
	e->used -= n;
	e->memory.release(e->memory.context, p);
}

void
link_look(link_engine *e)
{
	e->memory.look(e->memory.context);
}

uint64_t
link_hash(const char *s, size_t n)
{
	uint64_t	h = UINT64_C(0x2545f4914f6cdd1d) ^ n;

	for (; n > 8; s += 8, n -= 8)
		h = link_mix(h, link_load(s, 8));
	return link_mix(h, link_load(s, n) ^ UINT64_C(0xa0761d6478bd642f));
}

static void
dict_slots(link_engine *e, link_dict *d, uint32_t slots)
{
	uint64_t   *slot = link_zalloc(e, sizeof(uint64_t) * slots);

	/* the half of the hash that stands in the slot says where it goes */
	for (uint32_t i = 0; i < d->slots; i++)
		if (d->slot[i])
		{
			uint32_t	k = (uint32_t) (d->slot[i] >> 32) & (slots - 1);

			while (slot[k])
				k = (k + 1) & (slots - 1);
			slot[k] = d->slot[i];
		}
	link_free(e, d->slot, sizeof(uint64_t) * d->slots);
	d->slot = slot;
	d->slots = slots;
}

static uint32_t
letters_of(const char *s, size_t n)
{
	uint32_t	r = 0;

	for (size_t i = 0; i < n; i++)
		r |= UINT32_C(1) << ((unsigned char) s[i] & 31);
	return r;
}

static inline uint32_t
find(const link_dict *d, uint64_t h, const char *s, size_t n, uint32_t *at)
{
	uint32_t	k = (uint32_t) (h >> 32) & (d->slots - 1);

	for (; d->slot[k]; k = (k + 1) & (d->slots - 1))
		if (d->slot[k] >> 32 == h >> 32)
		{
			uint32_t	id = (uint32_t) d->slot[k];

			if (d->v[id].length == n && link_same(d->text + d->v[id].text, s, n))
				return id;
		}
	*at = k;
	return 0;
}

uint32_t
link_lookup(const link_dict *d, const char *s, size_t n)
{
	uint32_t	at;

	return n == 0 || d->slots == 0 ? 0 : find(d, link_hash(s, n), s, n, &at);
}

/* link_ask_places: asks for what finding values by these hashes, at most LINK_AHEAD, will look at: all of it before any is looked at */
void
link_ask_places(const link_dict *d, const uint64_t *hash, uint32_t n)
{
	if (d->slots == 0)
		return;
	for (uint32_t k = 0; k < n; k++)
		link_ask(d->slot, (uint32_t) (hash[k] >> 32) & (d->slots - 1));
	for (int step = 0; step < 2; step++)
		for (uint32_t k = 0; k < n; k++)
		{
			uint64_t	s = d->slot[(uint32_t) (hash[k] >> 32) & (d->slots - 1)];

			if (s >> 32 != hash[k] >> 32)
				continue;
			if (step == 0)
				link_ask(d->v, (uint32_t) s);
			else
				__builtin_prefetch(link_text(d, (uint32_t) s));
		}
}

/* link_intern: the number of a value, counted; 0 for an empty one. Texts stay readable for SIMILARITY_PAD bytes past their ends. */
uint32_t
link_intern(link_engine *e, link_dict *d, const char *s, size_t n)
{
	if (n == 0)
		return 0;
	if (n > LINK_TEXT_MAX)
		n = LINK_TEXT_MAX;
	return link_intern_hashed(e, d, link_hash(s, n), s, n);
}

uint32_t
link_intern_hashed(link_engine *e, link_dict *d, uint64_t h, const char *s, size_t n)
{
	uint32_t	at = 0,
				id;

	if ((d->n + 2) * 2 > d->slots)
		dict_slots(e, d, d->slots ? d->slots * 4 : 64);
	id = find(d, h, s, n, &at);
	if (id)
	{
		d->v[id].count++;
		return id;
	}
	if (d->n + 2 > d->room)
	{
		uint32_t	room = d->room ? d->room + d->room / 2 : 64;

		d->v = link_grow(e, d->v, sizeof(link_value_record) * d->room, sizeof(link_value_record) * room);
		if (d->room == 0)
			memset(&d->v[0], 0, sizeof(link_value_record));
		d->room = room;
	}
	if (d->text_used + n + 2 * SIMILARITY_PAD > d->text_room)
	{
		size_t		room = d->text_room ? d->text_room + d->text_room / 2 : 2048;

		d->text = link_grow(e, d->text, d->text_room, room);
		memset(d->text + d->text_room, 0, room - d->text_room);
		d->text_room = room;
	}
	id = ++d->n;
	d->v[id] = (link_value_record) {.text = (uint32_t) d->text_used,.letters = letters_of(s, n),.count = 1,.length = (uint16_t) n};
	link_copy(d->text + d->text_used, s, n);
	d->text_used += n;
	d->slot[at] = (h >> 32) << 32 | id;
	return id;
}

void
link_dict_free(link_engine *e, link_dict *d)
{
	link_free(e, d->slot, sizeof(uint64_t) * d->slots);
	link_free(e, d->v, sizeof(link_value_record) * d->room);
	link_free(e, d->text, d->text_room);
	memset(d, 0, sizeof *d);
}

/* link_end: gives back all memory, the engine's own too */
void
link_end(link_engine *e)
{
	if (e->is_shared)
		link_unshare(e);
	link_given_end(e);

	link_memory m = e->memory;
	link_dict  *dicts[] = {&e->names, &e->full, &e->written, &e->skeletons, &e->companies, &e->compacts, &e->legals, &e->locals, &e->addresses, &e->domains,
		&e->phones, &e->streets, &e->numbers, &e->postcodes, &e->cities, &e->registries, &e->countries, &e->sources};
	void	   *rest[] = {e->word, e->waiting, e->waiting_text, e->record, e->extra, e->ids, e->name, e->company, e->email, e->lu_phone, e->lu_postcode,
		e->name_country, e->more, e->address_count, e->full_count, e->lu_whole, e->key, e->edge};

	for (size_t i = 0; i < sizeof dicts / sizeof *dicts; i++)
		link_dict_free(e, dicts[i]);
	for (int x = 0; x < e->nextra; x++)
	{
		link_dict_free(e, &e->extras[x]);
		if (e->lu_extra[x])
			m.release(m.context, e->lu_extra[x]);
	}
	for (uint32_t i = 0; i < e->pair_blocks; i++)
		if (e->pair_block[i])
			m.release(m.context, e->pair_block[i]);
	if (e->pair_block)
		m.release(m.context, e->pair_block);
	for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
		if (rest[i])
			m.release(m.context, rest[i]);
	m.release(m.context, e);
}
