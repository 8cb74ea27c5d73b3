/*
 * match_index.c: bitmaps of the lines that a value refuses, for match_index.h. The idea is that of bitmap indexes turned around (O'Neil and Quass
 * 1997; for publish/subscribe Fabret et al. 2001): a line is a bit, an attribute's value selects a bitmap of the lines it refuses.
 *
 * A line is a conjunction of clauses. A clause of one literal stands in the table of its attribute; a clause of several is put into a slot: the
 * tables of a slot hold the lines that a value accepts, and a line that uses the slot needs one of them to. The
 * tables are in match_table.c.
 */
#include "segment/match_private.h"

/* ---- lines of a predicate ---- */

typedef struct
{
	const segment_condition *clause[64];
	uint32_t	n;
	bool		residue;
} Conjunction;

static void
add_clause(Conjunction *all, const segment_condition *c)
{
	if (c->form == SEGMENT_ALWAYS_SO)
		return;
	if (all->n < 64)
		all->clause[all->n++] = c;
	else
		all->residue = true;
}

/*
 * An OR as clauses: distributed over its ANDs when few come of it, otherwise one clause with the first of each AND, which is weaker.
 */
static void
add_or(segment_index *ix, Conjunction *all, const segment_condition *c, segment_allocator scratch)
{
	uint32_t	product = 1;
	uint32_t   *turn = scratch.take(scratch.context, c->n * sizeof(uint32_t));

	for (uint32_t i = 0; i < c->n; i++)
	{
		turn[i] = 0;
		if (c->child[i]->form == SEGMENT_ALL_OF)
		{
			/* an OR deeper inside is not gone into */
			for (uint32_t j = 0; j < c->child[i]->n; j++)
				if (c->child[i]->child[j]->form == SEGMENT_ONE_OF)
					all->residue = true;
			product = product <= CLAUSES_MAX ? product * c->child[i]->n : product;
		}
	}
	if (product > CLAUSES_MAX)
	{
		all->residue = true;
		product = 1;
	}
	for (uint32_t k = 0; k < product; k++)
	{
		segment_condition *clause = segment_condition_new(SEGMENT_ONE_OF, scratch);
		bool		residue,
					known = true;
		uint32_t	left = k;

		clause->child = scratch.take(scratch.context, c->n * sizeof(*clause->child));
		for (uint32_t i = 0; i < c->n; i++)
		{
			const segment_condition *part = c->child[i];

			if (part->form == SEGMENT_ALL_OF)
			{
				const segment_condition *one = part->child[left % part->n];

				if (product == 1)
				{
					/* weaker: any literal of it will do */
					for (uint32_t j = 0; j < part->n; j++)
						if (part->child[j]->form >= SEGMENT_RANGES)
						{
							one = part->child[j];
							break;
						}
				}
				else
					left /= part->n;
				part = one;
			}
			if (part->form < SEGMENT_RANGES)
				known = false;
			clause->child[clause->n++] = (segment_condition *) part;
		}
		if (known)
			add_clause(all, segment_condition_simplify(clause, ix->compare, scratch, &residue));
	}
}

static uint32_t
new_line(segment_index *ix)
{
	uint32_t	line = ix->free_line;

	if (line != NOTHING)
		ix->free_line = ix->line[line].next;
	else
	{
		if (ix->lines == ix->line_room)
			segment_match_grow(ix, ix->line_room + ix->line_room / 4);
		line = ix->lines++;
	}
	memset(&ix->line[line], 0, sizeof(Line));
	ix->line[line].next = NOTHING;
	return line;
}

/*
 * Literals of a line, packed one after the other, in numbers of 7 bits a byte: attribute, table, flags, how many; then the values as steps,
 * or of each bound a byte that says which it is, the bytes of its key without the zeros at its end (a round number has many), and the number of
 * its exact value when it has one.
 */
typedef struct
{
	uint8_t    *data;
	size_t		len;
} Packing;

static void
pack(Packing *p, uint32_t n)
{
	for (; n >= 128; n >>= 7)
		p->data[p->len++] = (uint8_t) (n | 128);
	p->data[p->len++] = (uint8_t) n;
}

/* past the end are zeros: what came from an image may be anything */
static uint32_t
unpack(const uint8_t **at, const uint8_t *end)
{
	uint32_t	n = 0;

	for (int shift = 0; *at < end && shift < 35; shift += 7)
	{
		uint8_t		byte = *(*at)++;

		n |= (uint32_t) (byte & 127) << shift;
		if (byte < 128)
			break;
	}
	return n;
}

/* at most */
static size_t
packed_size(const segment_condition *c)
{
	return 20 + (size_t) c->n * (c->form == SEGMENT_RANGES ? 1 + 8 + 5 : 5);
}

static void
place(segment_index *ix, uint32_t line, const segment_condition *c, int slot, int nth, Packing *p)
{
	Attribute  *a = &ix->attribute[c->attribute];
	int			t = segment_match_table(ix, a, c->form, slot, nth);

	segment_match_enter(ix, &a->table[t], c, line, true);
	pack(p, c->attribute);
	pack(p, (uint32_t) t);
	pack(p, c->on_null | (uint32_t) c->complement << 1);
	pack(p, c->n);
	for (uint32_t i = 0; i < c->n; i++)
		if (c->form != SEGMENT_RANGES)
			pack(p, c->value[i] - (i ? c->value[i - 1] : 0));
		else
		{
			const segment_bound *b = &c->bound[i];
			uint32_t	exact = b->exact && !b->end ? segment_match_exact(ix, &a->table[t], b) : 0;

			int			bytes = b->end || !b->key ? 0 : 8 - __builtin_ctzll(b->key) / 8;

			p->data[p->len++] = (uint8_t) (b->end < 0 ? 4 : b->end > 0 ? 5 : b->after | (exact ? 2 : 0) | bytes << 3);
			for (int k = 0; k < bytes; k++)
				p->data[p->len++] = (uint8_t) (b->key >> (56 - 8 * k));
			if (exact)
				pack(p, exact);
		}
}

/* the first of some bytes that are put with what is kept; what lines that went have left is taken back when it is most of it */
static uint32_t
keep(segment_index *ix, const Packing *p)
{
	size_t		at;

	if (ix->kept_used + p->len > ix->kept_room)
	{
		size_t		room = ix->kept_used - ix->kept_lost + p->len;
		uint8_t    *kept;

		room += room / 8 + 256;
		kept = ix->alloc(ix->context, NULL, room);
		at = 0;
		for (uint32_t i = 0; i < ix->lines; i++)
			if (ix->line[i].kept_len)
			{
				memcpy(kept + at, ix->kept + ix->line[i].kept, ix->line[i].kept_len);
				ix->line[i].kept = (uint32_t) at;
				at += ix->line[i].kept_len;
			}
		release(ix, ix->kept);
		ix->kept = kept;
		ix->kept_used = at;
		ix->kept_room = room;
		ix->kept_lost = 0;
	}
	at = ix->kept_used;
	memcpy(ix->kept + at, p->data, p->len);
	ix->kept_used += p->len;
	return (uint32_t) at;
}

static void
take_out(segment_index *ix, uint32_t line)
{
	const uint8_t *at = ix->kept + ix->line[line].kept,
			   *end = at + ix->line[line].kept_len;

	while (ix->line[line].kept_len && at < end)
	{
		segment_condition c = {.attribute = (uint16_t) unpack(&at, end)};
		uint32_t	t = unpack(&at, end),
					flags = unpack(&at, end);
		Table	   *table;
		bool		sound = true;

		c.n = unpack(&at, end);
		/* an image may say anything; ours never does */
		if (c.attribute >= ix->attributes || t >= ix->attribute[c.attribute].tables || c.n > (size_t) (end - at))
			break;
		table = &ix->attribute[c.attribute].table[t];
		c.form = table->form;
		c.on_null = flags & 1;
		c.complement = flags >> 1 & 1;
		if (c.form == SEGMENT_RANGES)
			c.bound = get(ix, (c.n + 1) * sizeof(segment_bound));
		else
			c.value = get(ix, (c.n + 1) * sizeof(uint32_t));
		for (uint32_t i = 0; i < c.n && sound; i++)
			if (c.value)
			{
				c.value[i] = unpack(&at, end) + (i ? c.value[i - 1] : 0);
				sound = value_of(table, c.value[i]) != NULL;
			}
			else
			{
				segment_bound *b = &c.bound[i];
				uint8_t		kind = at < end ? *at++ : 4;

				b->end = (int8_t) (kind == 4 ? -1 : kind == 5);
				b->after = kind & 1;
				sound = kind >> 3 <= 8 && kind >> 3 <= end - at;
				for (int k = 0; sound && k < kind >> 3; k++)
					b->key |= (uint64_t) *at++ << (56 - 8 * k);
				if (sound && kind & 2)
				{
					uint32_t	number = unpack(&at, end);

					sound = number > 0 && number <= ix->exacts && !exact_is_free(ix, number);
					b->exact = sound ? ix->exact[number - 1] : NULL;
				}
			}
		if (sound)
			segment_match_enter(ix, table, &c, line, false);
		release(ix, c.bound);
		release(ix, c.value);
		if (!sound)
			break;
	}
	ix->kept_lost += ix->line[line].kept_len;
	ix->line[line].kept_len = 0;
}

/* One line: clauses of one literal by attribute, clauses of several by slot. What finds no place leaves a residue; true when all found one. */
static bool
add_line(segment_index *ix, uint32_t predicate, const Conjunction *all, bool residue, segment_allocator scratch)
{
	uint32_t	line = new_line(ix);
	size_t		size = 0;
	const segment_condition *single[64];
	uint32_t	singles = 0,
				slots = 0,
				clauses = all->n;
	Packing		p = {0};
	bool		lacking = all->residue;

	for (uint32_t i = 0; i < all->n; i++)
	{
		const segment_condition *c = all->clause[i];

		if (c->form == SEGMENT_ONE_OF)
		{
			for (uint32_t j = 0; j < c->n; j++)
				size += packed_size(c->child[j]);
			continue;
		}
		for (uint32_t j = 0; j < singles && c; j++)
		{
			const segment_condition *merged = segment_condition_merge(single[j], c, true, ix->compare, scratch);

			if (merged)
			{
				single[j] = merged;
				c = NULL;
			}
		}
		if (c)
			single[singles++] = c;
	}
	for (uint32_t i = 0; i < singles; i++)
		size += packed_size(single[i]);
	/* beyond what can be kept the line is a candidate only */
	lacking |= size > KEPT_MAX || size > UINT32_MAX - ix->kept_used;
	if (size > KEPT_MAX || size > UINT32_MAX - ix->kept_used)
		singles = clauses = 0;
	p.data = scratch.take(scratch.context, size + 1);
	for (uint32_t i = 0; i < singles; i++)
	{
		int			nth = 0;

		for (uint32_t j = 0; j < i; j++)
			nth += single[j]->attribute == single[i]->attribute && single[j]->form == single[i]->form;
		if (nth < LISTS)
			place(ix, line, single[i], -1, nth, &p);
		else
			lacking = true;
	}
	for (uint32_t i = 0; i < clauses; i++)
	{
		const segment_condition *c = all->clause[i];
		bool		fits = slots < SLOTS;
		int			nth = 0;

		if (c->form != SEGMENT_ONE_OF)
			continue;
		/* two literals of one kind about one attribute stand in two tables */
		for (uint32_t j = 0; j < c->n && fits; j++, fits = fits && nth < LISTS)
		{
			nth = 0;
			for (uint32_t k = 0; k < j; k++)
				nth += c->child[j]->attribute == c->child[k]->attribute && c->child[j]->form == c->child[k]->form;
		}
		if (!fits)
		{
			lacking = true;
			continue;
		}
		for (uint32_t j = 0; j < c->n; j++)
		{
			nth = 0;
			for (uint32_t k = 0; k < j; k++)
				nth += c->child[j]->attribute == c->child[k]->attribute && c->child[j]->form == c->child[k]->form;
			place(ix, line, c->child[j], (int) slots, nth, &p);
		}
		put(ix->uses[slots], line, true);
		ix->slot_lines[slots]++;
		slots++;
	}
	if (p.len)
	{
		ix->line[line].kept = keep(ix, &p);
		ix->line[line].kept_len = (uint32_t) p.len & KEPT_MAX;
	}
	ix->line[line].slots = slots;
	ix->line[line].owner = predicate;
	ix->line[line].next = ix->predicate[predicate].first;
	ix->predicate[predicate].first = line;
	put(ix->live, line, true);
	put(ix->residue, line, residue || lacking);
	return !lacking;
}
/* ---- predicates by id ---- */

static uint32_t *
id_slot(const segment_index *ix, uint32_t id)
{
	uint32_t	at = (uint32_t) ((id * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (ix->ids - 1);

	while (ix->by_id[at] && ix->predicate[ix->by_id[at] - 1].id != id)
		at = (at + 1) & (ix->ids - 1);
	return &ix->by_id[at];
}

bool
segment_index_has(const segment_index *ix, uint32_t id)
{
	return ix->ids && *id_slot(ix, id) != 0;
}

static void
remember_id(segment_index *ix, uint32_t predicate)
{
	if (ix->count + ix->count / 3 >= ix->ids)
	{
		release(ix, ix->by_id);
		ix->ids = ix->ids ? ix->ids * 2 : 64;
		ix->by_id = get(ix, ix->ids * sizeof(uint32_t));
		for (uint32_t i = 0; i < ix->predicates; i++)
			if (i != predicate && ix->predicate[i].seen != NOTHING)
				*id_slot(ix, ix->predicate[i].id) = i + 1;
	}
	*id_slot(ix, ix->predicate[predicate].id) = predicate + 1;
}

/* takes an id out of open addressing: what follows in its run moves up */
static void
forget_id(segment_index *ix, uint32_t id)
{
	uint32_t	at = (uint32_t) (id_slot(ix, id) - ix->by_id);

	ix->by_id[at] = 0;
	for (at = (at + 1) & (ix->ids - 1); ix->by_id[at]; at = (at + 1) & (ix->ids - 1))
	{
		uint32_t	p = ix->by_id[at];

		ix->by_id[at] = 0;
		*id_slot(ix, ix->predicate[p - 1].id) = p;
	}
}

bool
segment_index_add(segment_index *ix, uint32_t id, const segment_condition *condition, segment_allocator scratch)
{
	bool		residue,
				placed = true;
	const segment_condition *c = segment_condition_simplify(condition, ix->compare, scratch, &residue);
	const segment_condition *const *line = &c;
	uint32_t	lines = 1,
				p = ix->free_predicate;

	if (p != NOTHING)
		ix->free_predicate = ix->predicate[p].first;
	else
	{
		if (ix->predicates == ix->predicate_room)
		{
			ix->predicate_room += ix->predicate_room / 4 + 64;
			ix->predicate = resize(ix, ix->predicate, ix->predicates * sizeof(Predicate), ix->predicate_room * sizeof(Predicate));
		}
		p = ix->predicates++;
	}
	ix->predicate[p] = (Predicate) {.id = id, .first = NOTHING};
	remember_id(ix, p);
	ix->count++;
	if (c->form == SEGMENT_NEVER_SO)
		return true;
	if (c->form == SEGMENT_ONE_OF)
	{
		/* an OR of literals is one clause; an OR of ANDs is lines */
		bool		inner = false;

		for (uint32_t i = 0; i < c->n; i++)
			inner |= c->child[i]->form < SEGMENT_RANGES;
		if (inner && c->n <= LINES_MAX)
		{
			line = (const segment_condition *const *) c->child;
			lines = c->n;
		}
	}
	for (uint32_t i = 0; i < lines; i++)
	{
		Conjunction all = {.n = 0};

		if (line[i]->form == SEGMENT_ALL_OF)
		{
			for (uint32_t j = 0; j < line[i]->n; j++)
				if (line[i]->child[j]->form == SEGMENT_ONE_OF)
					add_or(ix, &all, line[i]->child[j], scratch);
				else
					add_clause(&all, line[i]->child[j]);
		}
		else if (line[i]->form == SEGMENT_ONE_OF)
			add_or(ix, &all, line[i], scratch);
		else
			add_clause(&all, line[i]);
		placed &= add_line(ix, p, &all, residue, scratch);
	}
	if (lines > 1)
		for (uint32_t l = ix->predicate[p].first; l != NOTHING; l = ix->line[l].next)
			put(ix->several, l, true);
	return placed;
}

bool
segment_index_remove(segment_index *ix, uint32_t id)
{
	uint32_t	p,
				l,
				next;

	if (!ix->ids || !(p = *id_slot(ix, id)))
		return false;
	p--;
	forget_id(ix, id);
	for (l = ix->predicate[p].first; l != NOTHING; l = next)
	{
		Line	   *line = &ix->line[l];

		next = line->next;
		take_out(ix, l);
		for (int s = 0; s < line->slots; s++)
		{
			put(ix->uses[s], l, false);
			ix->slot_lines[s]--;
		}
		put(ix->live, l, false);
		put(ix->residue, l, false);
		put(ix->several, l, false);
		line->next = ix->free_line;
		ix->free_line = l;
	}
	ix->predicate[p].first = ix->free_predicate;
	ix->predicate[p].seen = NOTHING;	/* marks a place without a predicate */
	ix->free_predicate = p;
	ix->count--;
	return true;
}
/* ---- search ---- */

uint32_t
segment_index_match(segment_index *ix, const segment_given *row, bool (*holds) (void *context, uint32_t id),
					void (*found) (void *context, uint32_t id), void *context)
{
	size_t		n = ((ix->lines + 63) / 64 + WIDE - 1) / WIDE * WIDE;
	Word	   *left = ix->work,
			   *work = ix->work2,
			   *accepted;
	uint32_t	asked = 0;
	int			slots = 0;

	if (!ix->lines)
		return 0;
	while (slots < SLOTS && ix->slot_lines[slots])
		slots++;
	accepted = slots ? ix->alloc(ix->context, NULL, n * sizeof(Word)) : NULL;
	memcpy(left, ix->live, n * sizeof(Word));
	for (int a = 0; a < ix->attributes; a++)
		for (int t = 0; t < ix->attribute[a].tables; t++)
			if (ix->attribute[a].table[t].slot < 0 && ix->attribute[a].table[t].lines)
				and_not_into(left, segment_match_bits(ix, &ix->attribute[a].table[t], &row[a], work, n), n);
	for (int s = 0; s < slots; s++)
	{
		for (size_t i = 0; i < n; i += WIDE)
			*(Wide *) (accepted + i) = ~*(Wide *) (ix->uses[s] + i);
		for (int a = 0; a < ix->attributes; a++)
			for (int t = 0; t < ix->attribute[a].tables; t++)
				if (ix->attribute[a].table[t].slot == s && ix->attribute[a].table[t].lines)
					or_into(accepted, segment_match_bits(ix, &ix->attribute[a].table[t], &row[a], work, n), n);
		for (size_t i = 0; i < n; i += WIDE)
			*(Wide *) (left + i) &= *(Wide *) (accepted + i);
	}
	release(ix, accepted);
	if (++ix->search >= NOTHING - 1)
	{
		for (uint32_t i = 0; i < ix->predicates; i++)
			if (ix->predicate[i].seen != NOTHING)
				ix->predicate[i].seen = 0;
		ix->search = 1;
	}
	for (size_t w = 0; w < n; w++)
		for (Word word = left[w]; word; word &= word - 1)
		{
			uint32_t	line = (uint32_t) (w * 64 + (unsigned) __builtin_ctzll(word));
			Predicate  *p = &ix->predicate[ix->line[line].owner];

			if (is_set(ix->several, line))
			{
				if (p->seen == ix->search)
					continue;
				p->seen = ix->search;
			}
			if (is_set(ix->residue, line))
			{
				asked++;
				if (!holds(context, p->id))
					continue;
			}
			found(context, p->id);
		}
	return asked;
}
