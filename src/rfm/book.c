/*
 * book.c: the book of customers: one pass over the orders in any order, one 32-byte cell a customer. Orders are gathered in batches whose
 * cells are fetched ahead, because a table of a million customers lies outside the cache. The place of a cell follows the order of its
 * hash, so that a larger table is filled from front to back. Rows come from the aggregate rfm_book (book_fn.c).
 */
#include <string.h>

#include "rfm/rfm.h"

static inline uint64_t
hash_id(int64_t id)
{
	uint64_t	x = (uint64_t) id;

	x ^= x >> 32;
	x *= UINT64_C(0xD6E8FEB86659FD93);
	x ^= x >> 32;
	x *= UINT64_C(0xD6E8FEB86659FD93);
	x ^= x >> 32;
	return x;
}

static uint64_t
hash_text(const char *s, uint32_t len)
{
	uint64_t	h = UINT64_C(0x9E3779B97F4A7C15) ^ len,
				w;

	for (; len >= 8; s += 8, len -= 8)
	{
		memcpy(&w, s, 8);
		h = (h ^ w) * UINT64_C(0xD6E8FEB86659FD93);
		h ^= h >> 32;
	}
	w = 0;
	memcpy(&w, s, len);
	return hash_id((int64_t) (h ^ w));
}

/* by the lower half of the hash: the upper half says where in a table a customer stands */
uint32_t
rfm_part_of(int64_t id, uint32_t parts)
{
	return (uint32_t) hash_id(id) & (parts - 1);
}

uint32_t
rfm_part_of_text(const char *s, uint32_t len, uint32_t parts)
{
	return (uint32_t) hash_text(s, len) & (parts - 1);
}

static inline uint64_t
place_of(const rfm_book *b, uint64_t hash)
{
	return (uint64_t) (((unsigned __int128) hash * b->slots) >> 64);
}

static inline uint64_t
next_place(const rfm_book *b, uint64_t place)
{
	return place + 1 == b->slots ? 0 : place + 1;
}

const char *
rfm_book_key(const rfm_book *b, const rfm_cell *c, uint32_t *len)
{
	memcpy(len, b->keys + c->id, sizeof(uint32_t));
	return b->keys + c->id + sizeof(uint32_t);
}

rfm_status
rfm_book_init(rfm_book *b, bool text_ids, uint64_t customers)
{
	if (customers > RFM_BOOK_MAX)
		return RFM_LIMIT;
	b->text_ids = text_ids;
	b->slots = customers + customers / 3 + 128;
	b->limit = b->slots / 4 * 3;
	b->used = 0;
	b->cell = b->allocate(b->context, sizeof(rfm_cell) * b->slots);
	b->keys_room = text_ids ? 16 * b->slots : 0;
	b->keys = text_ids ? b->allocate(b->context, b->keys_room) : NULL;
	b->keys_used = 0;
	b->gathered = b->done = 0;
	return RFM_OK;
}

/* by two fifths, so that a table is at least half full, and 64 bytes a customer suffice */
static rfm_status
grow(rfm_book *b)
{
	rfm_cell   *old = b->cell;
	uint64_t	old_slots = b->slots;

	if (b->used >= RFM_BOOK_MAX)
		return RFM_LIMIT;
	b->slots = old_slots / 5 * 7;
	b->limit = b->slots / 4 * 3;
	b->cell = b->allocate(b->context, sizeof(rfm_cell) * b->slots);
	for (uint64_t i = 0; i < old_slots; i++)
		if (old[i].tag != 0)
		{
			uint32_t	len;
			const char *s = b->text_ids ? rfm_book_key(b, &old[i], &len) : NULL;
			uint64_t	place = place_of(b, s ? hash_text(s, len) : hash_id(old[i].id));

			while (b->cell[place].tag != 0)
				place = next_place(b, place);
			b->cell[place] = old[i];
		}
	b->release(old);
	return RFM_OK;
}

/* One order in its cell. RFM_WIDE: the cell is the skin's, or its sum would not fit; nothing changed. */
rfm_status
rfm_cell_add(rfm_cell *c, int64_t at, int64_t amount)
{
	int64_t		sum;

	if ((c->tag & RFM_CELL_WIDE) || __builtin_add_overflow(c->amount, amount, &sum))
		return RFM_WIDE;
	if (amount >= 0)
	{
		if (c->purchases == UINT32_MAX)
			return RFM_LIMIT;
		if (c->purchases == 0 || at > c->last_at)
			c->last_at = at;
		c->purchases++;
	}
	c->amount = sum;
	return RFM_OK;
}

static inline rfm_cell *
cell_from(rfm_book *b, uint64_t place, int64_t id)
{
	rfm_cell   *c = &b->cell[place];

	while (c->tag != 0 && c->id != id)
	{
		place = next_place(b, place);
		c = &b->cell[place];
	}
	if (c->tag == 0)
	{
		c->id = id;
		c->tag = RFM_USED;
		b->used++;
	}
	return c;
}

rfm_status
rfm_book_flush(rfm_book *b, rfm_cell **stuck)
{
	uint64_t	place[RFM_BOOK_BATCH];

	/* room for all of the batch, so that no cell moves meanwhile */
	while (b->used + (uint64_t) b->gathered > b->limit)
	{
		rfm_status	status = grow(b);

		if (status != RFM_OK)
			return status;
	}
	for (int i = b->done; i < b->gathered; i++)
	{
		place[i] = place_of(b, hash_id(b->batch[i].id));
		__builtin_prefetch(&b->cell[place[i]], 1);
	}
	while (b->done < b->gathered)
	{
		rfm_order  *o = &b->batch[b->done];
		rfm_cell   *c = cell_from(b, place[b->done], o->id);
		rfm_status	status = rfm_cell_add(c, o->at, o->amount);

		if (status != RFM_OK)
		{
			*stuck = c;
			return status;
		}
		b->done++;
	}
	b->gathered = b->done = 0;
	return RFM_OK;
}

/* the cell of an integer id, new when there is none; it moves when another one is asked for */
rfm_status
rfm_book_find(rfm_book *b, int64_t id, rfm_cell **cell)
{
	if (b->used >= b->limit)
	{
		rfm_status	status = grow(b);

		if (status != RFM_OK)
			return status;
	}
	*cell = cell_from(b, place_of(b, hash_id(id)), id);
	return RFM_OK;
}

rfm_status
rfm_book_find_text(rfm_book *b, const char *s, uint32_t len, rfm_cell **cell)
{
	uint64_t	hash = hash_text(s, len),
				place;
	uint32_t	tag = ((uint32_t) hash & ~(RFM_USED | RFM_CELL_WIDE)) | RFM_USED;
	rfm_cell   *c;

	if (b->used >= b->limit)
	{
		rfm_status	status = grow(b);

		if (status != RFM_OK)
			return status;
	}
	for (place = place_of(b, hash);; place = next_place(b, place))
	{
		uint32_t	other;

		c = &b->cell[place];
		if (c->tag == 0)
			break;
		if ((c->tag & ~RFM_CELL_WIDE) == tag)
		{
			const char *key = rfm_book_key(b, c, &other);

			if (other == len && memcmp(key, s, len) == 0)
			{
				*cell = c;
				return RFM_OK;
			}
		}
	}
	if (b->keys_used + sizeof(uint32_t) + len > b->keys_room)
	{
		uint64_t	room = (b->keys_used + sizeof(uint32_t) + len) * 3 / 2;
		char	   *keys = b->allocate(b->context, room);

		memcpy(keys, b->keys, b->keys_used);
		b->release(b->keys);
		b->keys = keys;
		b->keys_room = room;
	}
	c->id = (int64_t) b->keys_used;
	c->tag = tag;
	memcpy(b->keys + b->keys_used, &len, sizeof(uint32_t));
	memcpy(b->keys + b->keys_used + sizeof(uint32_t), s, len);
	b->keys_used += sizeof(uint32_t) + len;
	b->used++;
	*cell = c;
	return RFM_OK;
}
