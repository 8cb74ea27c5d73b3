/*
 * link_queue.c: values on their way into their dictionaries. Some hundred are gathered, and memory is asked for all of them before any is
 * looked at; then each gets its number, which is put into its record.
 */
#include "match/link_private.h"

/* room for what is known of every name */
void
link_name_room(link_engine *e)
{
	if (e->names.room > e->name_room)
	{
		e->name = link_grow(e, e->name, sizeof(link_name) * e->name_room, sizeof(link_name) * e->names.room);
		memset(e->name + e->name_room, 0, sizeof(link_name) * (e->names.room - e->name_room));
		e->name_room = e->names.room;
	}
}

uint32_t
link_name_id(link_engine *e, const char *s, size_t n)
{
	uint32_t	id = link_intern(e, &e->names, s, n);

	link_name_room(e);
	return id;
}

/* puts a value into the queue of its dictionary; its number will stand in the field of the row */
void
link_wait(link_engine *e, link_dict *d, const char *s, size_t n, size_t field, int what, int head, int flags)
{
	link_waiting *w;

	if (n == 0)
		return;
	if (n > LINK_TEXT_MAX)
		n = LINK_TEXT_MAX;
	if (e->nwaiting == WAITING_ROOM || e->waiting_used + n > WAITING_TEXT)
		link_flush(e);
	w = &e->waiting[e->nwaiting++];
	w->dict = d;
	w->hash = link_hash(s, n);
	w->row = e->n;
	w->length = (uint16_t) n;
	w->text = (uint16_t) e->waiting_used;
	w->field = (uint16_t) field;
	w->head = (uint16_t) head;
	w->what = (uint8_t) what;
	w->flags = (uint8_t) flags;
	link_copy(e->waiting_text + e->waiting_used, s, n);
	e->waiting_used += n;
	if (d->slots)
		link_ask(d->slot, (uint32_t) (w->hash >> 32) & (d->slots - 1));
}

void
link_flush(link_engine *e)
{
	for (uint32_t i = 0; i < e->nwaiting; i++)
	{
		const link_waiting *w = &e->waiting[i];

		if (w->dict->slots)
		{
			uint64_t	s = w->dict->slot[(uint32_t) (w->hash >> 32) & (w->dict->slots - 1)];

			if (s >> 32 == w->hash >> 32)
				link_ask(w->dict->v, (uint32_t) s);
		}
	}
	for (uint32_t i = 0; i < e->nwaiting; i++)
	{
		const link_waiting *w = &e->waiting[i];

		if (w->dict->slots)
		{
			uint64_t	s = w->dict->slot[(uint32_t) (w->hash >> 32) & (w->dict->slots - 1)];

			if (s >> 32 == w->hash >> 32)
			{
				__builtin_prefetch(link_text(w->dict, (uint32_t) s));
				if (w->what != WAITING_PLAIN)
					link_ask(e->name, (uint32_t) s);
			}
		}
	}
	for (uint32_t i = 0; i < e->nwaiting; i++)
	{
		const link_waiting *w = &e->waiting[i];
		const char *s = e->waiting_text + w->text;
		uint32_t	id = link_intern_hashed(e, w->dict, w->hash, s, w->length);

		memcpy((char *) &e->record[w->row] + w->field, &id, sizeof id);
		w->dict->v[id].flags |= w->flags;
		if (w->what == WAITING_PLAIN)
			continue;
		link_name_room(e);
		if (w->what == WAITING_LAST)
			e->name[id].as_last++;
		else
		{
			e->name[id].as_first++;
			if (e->name[id].head == 0)
				e->name[id].head = w->head;
		}
	}
	e->nwaiting = 0;
	e->waiting_used = 0;
}
