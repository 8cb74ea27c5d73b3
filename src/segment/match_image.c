/*
 * match_image.c: the index over predicates as bytes, so that another process need not read and place ten thousand predicates again. The image is
 * the index's own arrays, one after the other in an order that their counts give, so that no place in it need be believed: a reader takes
 * each piece where the one before ended, checks every number that leads elsewhere, and makes anew what it can (chains of free places, which lines
 * live). It can be read where sizes and byte order are those of the writer, which the first bytes tell.
 */
#include "segment/match_private.h"

#define MAGIC "crmsegix"

typedef struct
{
	char		magic[8];
	uint32_t	layout,
				attributes,
				line_room,
				lines,
				exacts,
				predicates,
				count,
				ids;
	uint64_t	kept;
} Header;

static uint32_t
layout(void)
{
	return (uint32_t) (sizeof(Attribute) + (sizeof(Table) << 7) + (sizeof(Bound) << 14) + (sizeof(Value) << 20) + (sizeof(Line) << 25) + ((uint32_t) (sizeof(Predicate) != 12) << 31));
}

/* ---- writing ---- */

typedef struct
{
	uint8_t    *to;				/* NULL: only counted */
	size_t		len;
} Writer;

static void
write_bytes(Writer *w, const void *data, size_t size)
{
	if (w->to && size)
		memcpy(w->to + w->len, data, size);
	w->len += size;
}

/* the next piece begins at a multiple of 8 */
static void
finish(Writer *w)
{
	size_t		pad = -w->len & 7;

	if (w->to)
		memset(w->to + w->len, 0, pad);
	w->len += pad;
}

static void
piece(Writer *w, const void *data, size_t size)
{
	write_bytes(w, data, size);
	finish(w);
}

static Lines
bare_lines(const Lines *l)
{
	Lines		bare = {.n = l->n};

	if (l->n > 2)
		bare.room = l->n;
	else if (l->n > 0)
		memcpy(bare.line.few, l->room ? l->line.many : l->line.few, l->n * sizeof(uint32_t));
	return bare;
}

static void
put_lines(Writer *w, const Lines *l)
{
	if (l->n > 2)
		piece(w, l->line.many, l->n * sizeof(uint32_t));
}

static void
put_table(Writer *w, const Table *t, size_t bits)
{
	static Word present;

	piece(w, t->base, bits);
	piece(w, t->null, bits);
	for (uint32_t i = 0; i < t->bounds; i++)
	{
		Bound		b;

		memset(&b, 0, sizeof(b));
		b.at.key = t->bound[i].at.key;
		b.at.after = t->bound[i].at.after;
		b.exact = t->bound[i].exact;
		b.flips = bare_lines(&t->bound[i].flips);
		b.whole = t->bound[i].whole ? &present : NULL;
		write_bytes(w, &b, sizeof(b));
	}
	finish(w);
	for (uint32_t i = 0; i < t->bounds; i++)
	{
		put_lines(w, &t->bound[i].flips);
		if (t->bound[i].whole)
			piece(w, t->bound[i].whole, bits);
	}
	piece(w, t->value, t->pages * sizeof(Value *));
	for (uint32_t i = 0; i < t->pages; i++)
	{
		if (!t->value[i])
			continue;
		for (int j = 0; j < PAGE; j++)
		{
			Value		v;

			memset(&v, 0, sizeof(v));
			v.lines = bare_lines(&t->value[i][j].lines);
			v.whole = t->value[i][j].whole ? &present : NULL;
			write_bytes(w, &v, sizeof(v));
		}
		finish(w);
		for (int j = 0; j < PAGE; j++)
		{
			put_lines(w, &t->value[i][j].lines);
			if (t->value[i][j].whole)
				piece(w, t->value[i][j].whole, bits);
		}
	}
}

static size_t
put_index(const segment_index *ix, void *image)
{
	Writer		w = {.to = image};
	Header		h;
	size_t		bits;
	Line		empty = {.next = NOTHING};

	memset(&h, 0, sizeof(h));
	memcpy(h.magic, MAGIC, sizeof(h.magic));
	h.layout = layout();
	h.attributes = (uint32_t) ix->attributes;
	h.lines = ix->lines;
	h.line_room = (ix->lines + 64 * WIDE) / (64 * WIDE) * (64 * WIDE);
	if (h.line_room > ix->line_room)
		h.line_room = ix->line_room;
	bits = h.line_room / 8;
	h.exacts = ix->exacts;
	h.predicates = ix->predicates;
	h.count = ix->count;
	h.ids = ix->ids;
	h.kept = ix->kept_used;
	piece(&w, &h, sizeof(h));
	piece(&w, ix->attribute, (size_t) ix->attributes * sizeof(Attribute));
	for (int i = 0; i < ix->attributes; i++)
	{
		const Attribute *a = &ix->attribute[i];

		piece(&w, a->name_end, a->named * sizeof(uint32_t));
		piece(&w, a->names, a->named ? a->name_end[a->named - 1] : 0);
		piece(&w, a->name_hash, a->named * sizeof(uint32_t));
		piece(&w, a->slot, a->slots * sizeof(uint32_t));
		piece(&w, a->table, a->tables * sizeof(Table));
		for (int t = 0; t < a->tables; t++)
			put_table(&w, &a->table[t], bits);
	}
	/* sizes of the exact values in place of their addresses */
	for (uint32_t i = 1; i <= ix->exacts; i++)
	{
		uint64_t	size = exact_is_free(ix, i) ? 0 : ix->kind->size(ix->exact[i - 1]);

		write_bytes(&w, &size, sizeof(size));
	}
	for (uint32_t i = 1; i <= ix->exacts; i++)
		if (!exact_is_free(ix, i))
			piece(&w, ix->exact[i - 1], ix->kind->size(ix->exact[i - 1]));
	piece(&w, ix->kept, ix->kept_used);
	write_bytes(&w, ix->line, ix->lines * sizeof(Line));
	for (uint32_t i = ix->lines; i < h.line_room; i++)
		write_bytes(&w, &empty, sizeof(Line));
	finish(&w);
	piece(&w, ix->residue, bits);
	piece(&w, ix->several, bits);
	for (int s = 0; s < SLOTS; s++)
		piece(&w, ix->uses[s], bits);
	piece(&w, ix->predicate, ix->predicates * sizeof(Predicate));
	piece(&w, ix->by_id, ix->ids * sizeof(uint32_t));
	return w.len;
}

size_t
segment_index_image_size(const segment_index *ix)
{
	return put_index(ix, NULL);
}

void
segment_index_image_write(const segment_index *ix, void *image)
{
	put_index(ix, image);
}

/* ---- reading ---- */

typedef struct
{
	segment_index *ix;
	uint8_t    *at,
			   *end;
	bool		wrong;
} Reader;

/* n things of a size, NULL for none; what is not there is wrong */
static void *
take(Reader *r, uint64_t n, size_t size)
{
	uint8_t    *p = r->at;
	uint64_t	len;

	if (r->wrong || n > (uint64_t) (r->end - r->at) / size)
	{
		r->wrong = true;
		return NULL;
	}
	len = (n * size + 7) & ~(uint64_t) 7;
	if (len > (uint64_t) (r->end - r->at))
	{
		r->wrong = true;
		return NULL;
	}
	r->at += len;
	return n ? p : NULL;
}

static void
take_lines(Reader *r, Lines *l)
{
	const uint32_t *line = l->line.few;
	uint32_t	lines = r->ix->lines,
				beyond = 0;

	l->room = l->n > 2 ? l->n : 0;
	if (l->n > 2)
		line = l->line.many = take(r, l->n, sizeof(uint32_t));
	if (r->wrong)
		return;
	for (uint32_t i = 0; i < l->n; i++)
		beyond |= line[i] >= lines;
	r->wrong |= beyond != 0;
}

static Word *
take_bits(Reader *r)
{
	return take(r, words(r->ix), sizeof(Word));
}

static bool
fits(segment_attribute_form form, segment_form of)
{
	return form == SEGMENT_ORDERED ? of == SEGMENT_RANGES : form == SEGMENT_CODE ? of == SEGMENT_VALUES : of == SEGMENT_ANY || of == SEGMENT_NONE;
}

static void
take_table(Reader *r, const Attribute *a, Table *t)
{
	r->wrong |= !fits(a->form, t->form) || t->slot < -1 || t->slot >= SLOTS;
	t->base = take_bits(r);
	t->null = take_bits(r);
	t->bound = take(r, t->bounds, sizeof(Bound));
	t->bound_room = t->bounds;
	for (uint32_t i = 0; i < t->bounds && !r->wrong; i++)
	{
		Bound	   *b = &t->bound[i];

		r->wrong |= b->exact > r->ix->exacts || b->at.end;
		b->at.exact = NULL;
		take_lines(r, &b->flips);
		b->whole = b->whole ? take_bits(r) : NULL;
	}
	t->value = take(r, t->pages, sizeof(Value *));
	for (uint32_t i = 0; i < t->pages && !r->wrong; i++)
	{
		if (!t->value[i])
			continue;
		t->value[i] = take(r, PAGE, sizeof(Value));
		for (int j = 0; j < PAGE && !r->wrong; j++)
		{
			take_lines(r, &t->value[i][j].lines);
			t->value[i][j].whole = t->value[i][j].whole ? take_bits(r) : NULL;
		}
	}
}

/* open addressing comes to an end when a place is free; none leads beyond n */
static bool
is_table_of(const uint32_t *slot, uint32_t slots, uint32_t n)
{
	uint32_t	used = 0;

	if (slots & (slots - 1))
		return false;
	for (uint32_t i = 0; i < slots; i++)
	{
		if (slot[i] > n)
			return false;
		used += slot[i] != 0;
	}
	return slots == 0 || used < slots;
}

static void
take_attribute(Reader *r, Attribute *a)
{
	a->name_end = take(r, a->named, sizeof(uint32_t));
	a->name_room = a->named;
	if (r->wrong)
		return;
	for (uint32_t i = 1; i < a->named; i++)
		r->wrong |= a->name_end[i] < a->name_end[i - 1];
	a->names_room = a->named ? a->name_end[a->named - 1] : 0;
	a->names = take(r, a->names_room, 1);
	a->name_hash = take(r, a->named, sizeof(uint32_t));
	a->slot = take(r, a->slots, sizeof(uint32_t));
	r->wrong |= (unsigned) a->form > SEGMENT_SET || (a->named && !a->slots) || (!r->wrong && !is_table_of(a->slot, a->slots, a->named));
	a->table = take(r, a->tables, sizeof(Table));
	a->table_room = a->tables;
	for (int t = 0; t < a->tables && !r->wrong; t++)
		take_table(r, a, &a->table[t]);
}

static void
take_exacts(Reader *r, const segment_exact_kind *kind)
{
	segment_index *ix = r->ix;

	ix->exact = take(r, ix->exacts, sizeof(void *));
	ix->exact_room = ix->exacts;
	r->wrong |= ix->exacts && !kind;
	for (uint32_t i = 0; i < ix->exacts && !r->wrong; i++)
	{
		size_t		size = (size_t) ix->exact[i];

		if (size)
		{
			ix->exact[i] = take(r, size, 1);
			r->wrong |= !r->wrong && !kind->valid(ix->exact[i], size);
		}
		else
		{
			ix->exact[i] = (void *) ((uintptr_t) ix->free_exact * 2 + 1);
			ix->free_exact = i + 1;
		}
	}
	for (int i = 0; i < ix->attributes; i++)
		for (int t = 0; t < ix->attribute[i].tables && !r->wrong; t++)
		{
			Table	   *table = &ix->attribute[i].table[t];

			for (uint32_t b = 0; b < table->bounds && !r->wrong; b++)
			{
				if (table->bound[b].exact)
				{
					r->wrong |= exact_is_free(ix, table->bound[b].exact);
					if (!r->wrong)
						table->bound[b].at.exact = ix->exact[table->bound[b].exact - 1];
				}
				/* an order that is another one by now, of texts under a newer library, finds nothing */
				r->wrong |= !r->wrong && b > 0 && segment_bound_compare(&table->bound[b - 1].at, &table->bound[b].at, ix->compare) >= 0;
			}
		}
}

/* the lines of each predicate, none of them twice; the others are free */
static void
take_chains(Reader *r, uint32_t ids)
{
	segment_index *ix = r->ix;
	uint32_t	count = 0;

	ix->live = bitmap(ix);
	for (uint32_t i = 0; i < ix->predicates && !r->wrong; i++)
	{
		Predicate  *p = &ix->predicate[i];

		if (p->seen == NOTHING)
		{
			p->first = ix->free_predicate;
			ix->free_predicate = i;
			continue;
		}
		p->seen = 0;
		count++;
		r->wrong |= p->id >= ids;
		for (uint32_t l = p->first; l != NOTHING && !r->wrong; l = ix->line[l].next)
		{
			r->wrong = l >= ix->lines || is_set(ix->live, l) || ix->line[l].owner != i || ix->line[l].slots > SLOTS ||
				ix->line[l].kept > ix->kept_used || ix->line[l].kept_len > ix->kept_used - ix->line[l].kept;
			if (r->wrong)
				return;
			put(ix->live, l, true);
		}
	}
	r->wrong |= count != ix->count;
	if (r->wrong)
		return;
	for (uint32_t l = 0; l < ix->lines; l++)
		if (!is_set(ix->live, l))
		{
			ix->line[l] = (Line) {.next = ix->free_line};
			ix->free_line = l;
			put(ix->residue, l, false);
			put(ix->several, l, false);
		}
	/* no id leads to a free place */
	for (uint32_t i = 0; i < ix->ids; i++)
		r->wrong |= ix->by_id[i] && ix->predicate[ix->by_id[i] - 1].seen == NOTHING;
	for (int s = 0; s < SLOTS; s++)
	{
		for (size_t w = 0; w < words(ix); w++)
		{
			ix->uses[s][w] &= ix->live[w];
			ix->slot_lines[s] += (uint32_t) __builtin_popcountll(ix->uses[s][w]);
		}
	}
}

segment_index *
segment_index_load(segment_realloc alloc, void *context, const segment_exact_kind *kind, void *image, size_t len, uint32_t ids)
{
	segment_index *ix = alloc(context, NULL, sizeof(segment_index));
	Reader		r = {.ix = ix, .at = image, .end = (uint8_t *) image + len};
	const Header *h = take(&r, 1, sizeof(Header));

	memset(ix, 0, sizeof(*ix));
	ix->alloc = alloc;
	ix->context = context;
	ix->kind = kind;
	ix->compare = kind ? kind->compare : NULL;
	ix->free_line = ix->free_predicate = NOTHING;
	r.wrong = r.wrong || memcmp(h->magic, MAGIC, sizeof(h->magic)) != 0 || h->layout != layout() || h->attributes > SEGMENT_INDEX_ATTRIBUTES ||
		h->line_room == 0 || h->line_room % (64 * WIDE) || h->lines > h->line_room || h->predicates >= NOTHING - 1 || h->exacts >= NOTHING - 1 ||
		h->line_room / 8 > len;
	if (!r.wrong)
	{
		/* from here on what is freed one by one lies outside */
		ix->image = image;
		ix->image_len = len;
		ix->line_room = h->line_room;
		ix->lines = h->lines;
		ix->exacts = h->exacts;
		ix->predicates = ix->predicate_room = h->predicates;
		ix->count = h->count;
		ix->ids = h->ids;
		ix->kept_used = ix->kept_room = h->kept;
		ix->attribute = take(&r, h->attributes, sizeof(Attribute));
		for (uint32_t i = 0; i < h->attributes && !r.wrong; i++)
		{
			take_attribute(&r, &ix->attribute[i]);
			if (!r.wrong)
				ix->attributes = ix->attribute_room = (int) i + 1;
		}
		take_exacts(&r, kind);
		ix->kept = take(&r, h->kept, 1);
		ix->line = take(&r, ix->line_room, sizeof(Line));
		ix->residue = take_bits(&r);
		ix->several = take_bits(&r);
		for (int s = 0; s < SLOTS; s++)
			ix->uses[s] = take_bits(&r);
		ix->predicate = take(&r, ix->predicates, sizeof(Predicate));
		ix->by_id = take(&r, ix->ids, sizeof(uint32_t));
		r.wrong = r.wrong || r.at != r.end || !is_table_of(ix->by_id, ix->ids, ix->predicates) || (ix->count && ix->count >= ix->ids);
		if (!r.wrong)
			take_chains(&r, ids);
	}
	if (r.wrong)
	{
		/* nothing but the bits of lines that live was got */
		if (ix->live)
			alloc(context, ix->live, 0);
		alloc(context, ix, 0);
		return NULL;
	}
	ix->work = bitmap(ix);
	ix->work2 = bitmap(ix);
	return ix;
}
