/*
 * link_part.c: rows that several processes bring to their normal forms. Each of them reads parts of a table into an engine of its own; a part is
 * written down as one block of memory without pointers, and whoever links takes the parts in the order of the table. Values are then numbered as
 * if one process had read it all: a part numbers its values as its rows first have them, and so does the whole.
 */
#include "match/link_private.h"

#define PART_DICTS (14 + LINK_MAX_EXTRAS)

typedef struct part_values
{
	const link_value_record *v;
	const char *text;
	uint32_t	n;
} part_values;

/* a part where it lies: in its engine, or written down */
typedef struct part_view
{
	uint32_t	n,
				nmore;
	bool		two_sides;
	const link_record *record;
	const uint32_t *extra;
	const link_more *more;
	const link_name *name;
	const char *ids;
	size_t		ids_used;
	part_values dict[PART_DICTS];
} part_view;

/* what stands at the beginning of a written part: where its arrays begin */
typedef struct part_head
{
	size_t		size,
				record,
				extra,
				more,
				name,
				ids,
				ids_used,
				v[PART_DICTS],
				text[PART_DICTS],
				text_used[PART_DICTS];
	uint32_t	n,
				nmore,
				values[PART_DICTS];
	bool		two_sides;
} part_head;

enum
{
	PART_NAMES, PART_FULL, PART_WRITTEN, PART_COMPANIES, PART_LEGALS, PART_ADDRESSES, PART_PHONES, PART_STREETS, PART_NUMBERS, PART_POSTCODES,
	PART_CITIES, PART_REGISTRIES, PART_COUNTRIES, PART_SOURCES, PART_EXTRAS
};

/* the dictionaries that reading fills */
static int
dicts_of(link_engine *e, link_dict *d[PART_DICTS])
{
	link_dict  *of[PART_EXTRAS] = {&e->names, &e->full, &e->written, &e->companies, &e->legals, &e->addresses, &e->phones, &e->streets, &e->numbers,
	&e->postcodes, &e->cities, &e->registries, &e->countries, &e->sources};

	memcpy(d, of, sizeof of);
	for (int x = 0; x < e->nextra; x++)
		d[PART_EXTRAS + x] = &e->extras[x];
	return PART_EXTRAS + e->nextra;
}

static size_t
rounded(size_t n)
{
	return (n + 63) & ~(size_t) 63;
}

static void
lay_out(link_engine *part, part_head *h)
{
	link_dict  *d[PART_DICTS];
	int			dicts = dicts_of(part, d);
	size_t		at = rounded(sizeof *h);

	memset(h, 0, sizeof *h);
	h->n = part->n;
	h->nmore = part->nmore;
	h->two_sides = part->two_sides;
	h->ids_used = part->ids_used;
	h->record = at;
	at += rounded(sizeof(link_record) * part->n);
	h->extra = at;
	at += rounded(sizeof(uint32_t) * part->nextra * part->n);
	h->more = at;
	at += rounded(sizeof(link_more) * part->nmore);
	h->name = at;
	at += rounded(sizeof(link_name) * ((size_t) part->names.n + 1));
	h->ids = at;
	at += rounded(part->ids_used);
	for (int i = 0; i < dicts; i++)
	{
		h->values[i] = d[i]->n;
		h->text_used[i] = d[i]->text_used;
		h->v[i] = at;
		at += rounded(sizeof(link_value_record) * ((size_t) d[i]->n + 1));
		h->text[i] = at;
		at += rounded(d[i]->text_used);
	}
	h->size = at;
}

/* link_part_size: of the memory that link_part_write fills; nothing may be added to the part in between */
size_t
link_part_size(link_engine *part)
{
	part_head	h;

	link_flush(part);
	lay_out(part, &h);
	return h.size;
}

static void
put(char *to, const void *from, size_t n)
{
	if (n)
		memcpy(to, from, n);
}

void
link_part_write(link_engine *part, void *area)
{
	part_head  *h = area;
	char	   *base = area;
	link_dict  *d[PART_DICTS];
	int			dicts = dicts_of(part, d);

	link_flush(part);
	lay_out(part, h);
	put(base + h->record, part->record, sizeof(link_record) * part->n);
	put(base + h->extra, part->extra, sizeof(uint32_t) * part->nextra * part->n);
	put(base + h->more, part->more, sizeof(link_more) * part->nmore);
	if (part->name)
		put(base + h->name, part->name, sizeof(link_name) * ((size_t) part->names.n + 1));
	put(base + h->ids, part->ids, part->ids_used);
	for (int i = 0; i < dicts; i++)
		if (d[i]->n)
		{
			put(base + h->v[i], d[i]->v, sizeof(link_value_record) * ((size_t) d[i]->n + 1));
			put(base + h->text[i], d[i]->text, d[i]->text_used);
		}
}

/* link_part_clear: the engine can read the next part */
void
link_part_clear(link_engine *part)
{
	link_dict  *d[PART_DICTS];
	int			dicts = dicts_of(part, d);

	if (part->name)
		memset(part->name, 0, sizeof(link_name) * part->name_room);
	for (int i = 0; i < dicts; i++)
	{
		if (d[i]->slot)
			memset(d[i]->slot, 0, sizeof(uint64_t) * d[i]->slots);
		d[i]->n = 0;
		d[i]->text_used = 0;
	}
	part->n = part->nmore = 0;
	part->ids_used = 0;
	part->two_sides = false;
}

/* the values of a part into the dictionary of the whole; their numbers there */
static uint32_t *
take_values(link_engine *e, link_dict *d, const part_values *p)
{
	uint32_t   *to = link_alloc(e, sizeof(uint32_t) * ((size_t) p->n + 1));

	to[0] = 0;
	for (uint32_t i = 1; i <= p->n; i += LINK_AHEAD)
	{
		uint64_t	hash[LINK_AHEAD];
		uint32_t	n = p->n - i + 1 < LINK_AHEAD ? p->n - i + 1 : LINK_AHEAD;

		for (uint32_t k = 0; k < n; k++)
			hash[k] = link_hash(p->text + p->v[i + k].text, p->v[i + k].length);
		link_ask_places(d, hash, n);
		for (uint32_t k = 0; k < n; k++)
		{
			const link_value_record *v = &p->v[i + k];
			uint32_t	id = link_intern_hashed(e, d, hash[k], p->text + v->text, v->length);

			d->v[id].count += v->count - 1;
			d->v[id].flags |= v->flags;
			to[i + k] = id;
		}
		if ((i & 0x3fff) == 1)
			link_look(e);
	}
	return to;
}

static void
take_names(link_engine *e, const part_view *p, const uint32_t *to)
{
	link_name_room(e);
	for (uint32_t i = 1; i <= p->dict[PART_NAMES].n; i++)
	{
		const link_name *from = &p->name[i];
		link_name  *n = &e->name[to[i]];

		if (i + 16 <= p->dict[PART_NAMES].n)
			link_ask(e->name, to[i + 16]);
		n->as_first += from->as_first;
		n->as_last += from->as_last;
		if (n->head == 0)
			n->head = from->head;
	}
}

static bool
take(link_engine *e, const part_view *p)
{
	link_dict  *d[PART_DICTS];
	int			dicts = dicts_of(e, d);
	uint32_t   *to[PART_DICTS];

	if (p->n > LINK_MAX_ROWS - e->n)
		return false;
	if (p->n == 0)
		return true;
	link_flush(e);
	for (int i = 0; i < dicts; i++)
		to[i] = take_values(e, d[i], &p->dict[i]);
	if (p->dict[PART_NAMES].n)
		take_names(e, p, to[PART_NAMES]);
	if (e->n + p->n > e->room)
	{
		uint32_t	room = e->room + e->room / 2;

		if (room < e->n + p->n)
			room = e->n + p->n;
		e->record = link_grow(e, e->record, sizeof(link_record) * e->room, sizeof(link_record) * room);
		if (e->nextra)
			e->extra = link_grow(e, e->extra, sizeof(uint32_t) * e->nextra * e->room, sizeof(uint32_t) * e->nextra * room);
		e->room = room;
	}
	if (e->ids_used + p->ids_used + 8 > e->ids_room)
	{
		size_t		room = e->ids_room + e->ids_room / 2;

		if (room < e->ids_used + p->ids_used + 8)
			room = e->ids_used + p->ids_used + 8;
		e->ids = link_grow(e, e->ids, e->ids_room, room);
		e->ids_room = room;
	}
	for (uint32_t i = 0; i < p->n; i++)
	{
		link_record r = p->record[i];

		/* as link_row fills them */
		if (r.flags & RECORD_ORG)
		{
			r.first = to[PART_LEGALS][r.first];
			r.last = to[PART_COMPANIES][r.last];
		}
		else
		{
			r.first = to[r.flags & RECORD_FULL ? PART_FULL : PART_NAMES][r.first];
			r.last = to[PART_NAMES][r.last];
		}
		r.maiden = to[PART_NAMES][r.maiden];
		r.email = to[PART_ADDRESSES][r.email];
		r.spare = to[PART_WRITTEN][r.spare];
		r.phone = to[PART_PHONES][r.phone];
		r.street = to[PART_STREETS][r.street];
		r.number = to[PART_NUMBERS][r.number];
		r.postcode = to[PART_POSTCODES][r.postcode];
		r.city = to[PART_CITIES][r.city];
		r.registry = to[PART_REGISTRIES][r.registry];
		r.country = link_small(to[PART_COUNTRIES][r.country], 0);
		r.source = r.source == 255 ? 255 : link_small(to[PART_SOURCES][r.source], 255);
		r.id += (uint32_t) (e->ids_used / 4);
		e->record[e->n + i] = r;
	}
	for (int x = 0; x < e->nextra; x++)
		for (uint32_t i = 0; i < p->n; i++)
			e->extra[(size_t) (e->n + i) * e->nextra + x] = to[PART_EXTRAS + x][p->extra[(size_t) i * e->nextra + x]];
	put(e->ids + e->ids_used, p->ids, p->ids_used);
	e->ids_used += p->ids_used;
	for (uint32_t i = 0; i < p->nmore; i++)
	{
		link_more	m = p->more[i];

		m.row += e->n;
		m.email = to[PART_ADDRESSES][m.email];
		m.phone = to[PART_PHONES][m.phone];
		link_more_put(e, &m);
	}
	e->n += p->n;
	e->two_sides |= p->two_sides;
	for (int i = 0; i < dicts; i++)
		link_free(e, to[i], sizeof(uint32_t) * ((size_t) p->dict[i].n + 1));
	return true;
}

/* link_part_take: the rows of a written part behind those that are there; false when they would be too many */
bool
link_part_take(link_engine *e, const void *area)
{
	const part_head *h = area;
	const char *base = area;
	part_view	p = {.n = h->n,.nmore = h->nmore,.two_sides = h->two_sides,.record = (const link_record *) (base + h->record),
		.extra = (const uint32_t *) (base + h->extra),.more = (const link_more *) (base + h->more),.name = (const link_name *) (base + h->name),
	.ids = base + h->ids,.ids_used = h->ids_used};

	for (int i = 0; i < PART_EXTRAS + e->nextra; i++)
		p.dict[i] = (part_values) {(const link_value_record *) (base + h->v[i]), base + h->text[i], h->values[i]};
	return take(e, &p);
}

/* link_part_join: the same of a part in its engine, which stays as it is */
bool
link_part_join(link_engine *e, link_engine *part)
{
	part_view	p = {.n = part->n,.two_sides = part->two_sides};
	link_dict  *d[PART_DICTS];
	int			dicts = dicts_of(part, d);

	link_flush(part);
	p.nmore = part->nmore;
	p.record = part->record;
	p.extra = part->extra;
	p.more = part->more;
	p.name = part->name;
	p.ids = part->ids;
	p.ids_used = part->ids_used;
	for (int i = 0; i < dicts; i++)
		p.dict[i] = (part_values) {d[i]->v, d[i]->text, d[i]->n};
	return take(e, &p);
}
