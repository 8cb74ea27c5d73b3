/*
 * match_table.c: the bitmaps of one attribute, for the index over predicates (match_index.c). A table of an ordered attribute has the bits below
 * every value, a list of lines that flip at each bound, and the whole bitmap at some bounds, so that a value costs one bitmap and a bounded
 * number of flips; one of codes has the bits of a value nobody names, and a list or a whole bitmap for each value; one of sets those of each value.
 */
#include "segment/match_private.h"

/* ---- memory ---- */

static inline const uint32_t *
lines_of(const Lines *l)
{
	return l->room ? l->line.many : l->line.few;
}

static void
push(segment_index *ix, Lines *l, uint32_t line)
{
	if (l->room == 0 && l->n == 2)
	{
		uint32_t   *many = ix->alloc(ix->context, NULL, 6 * sizeof(uint32_t));

		memcpy(many, l->line.few, sizeof(l->line.few));
		l->line.many = many;
		l->room = 6;
	}
	else if (l->room && l->n == l->room)
	{
		l->room += l->room / 2;
		l->line.many = resize(ix, l->line.many, l->n * sizeof(uint32_t), l->room * sizeof(uint32_t));
	}
	(l->room ? l->line.many : l->line.few)[l->n++] = line;
}

static void
pull(Lines *l, uint32_t line)
{
	uint32_t   *of = l->room ? l->line.many : l->line.few;

	for (uint32_t i = l->n; i-- > 0;)
		if (of[i] == line)
		{
			of[i] = of[--l->n];
			return;
		}
}

static void
free_lines(segment_index *ix, Lines *l)
{
	if (l->room)
		release(ix, l->line.many);
}

static void
grow_bitmap(segment_index *ix, Word **b, size_t from, size_t to)
{
	if (!*b)
		return;
	*b = resize(ix, *b, from * sizeof(Word), to * sizeof(Word));
	memset(*b + from, 0, (to - from) * sizeof(Word));
}

void
segment_match_grow(segment_index *ix, uint32_t room)
{
	size_t		from = words(ix),
				to;

	room = (room + 64 * WIDE - 1) / (64 * WIDE) * (64 * WIDE);
	if (room <= ix->line_room)
		return;
	to = room / 64;
	grow_bitmap(ix, &ix->live, from, to);
	grow_bitmap(ix, &ix->residue, from, to);
	grow_bitmap(ix, &ix->several, from, to);
	grow_bitmap(ix, &ix->work, from, to);
	grow_bitmap(ix, &ix->work2, from, to);
	for (int s = 0; s < SLOTS; s++)
		grow_bitmap(ix, &ix->uses[s], from, to);
	for (int a = 0; a < ix->attributes; a++)
		for (int t = 0; t < ix->attribute[a].tables; t++)
		{
			Table	   *table = &ix->attribute[a].table[t];

			grow_bitmap(ix, &table->base, from, to);
			grow_bitmap(ix, &table->null, from, to);
			for (uint32_t i = 0; i < table->bounds; i++)
				grow_bitmap(ix, &table->bound[i].whole, from, to);
			for (uint32_t i = 0; i < table->pages * PAGE; i++)
				if (value_of(table, i))
					grow_bitmap(ix, &table->value[i / PAGE][i % PAGE].whole, from, to);
		}
	ix->line = resize(ix, ix->line, ix->line_room * sizeof(Line), room * sizeof(Line));
	ix->line_room = room;
}

segment_index *
segment_index_new(segment_realloc alloc, void *context, const segment_exact_kind *kind)
{
	segment_index *ix = alloc(context, NULL, sizeof(segment_index));

	memset(ix, 0, sizeof(*ix));
	ix->alloc = alloc;
	ix->context = context;
	ix->kind = kind;
	ix->compare = kind ? kind->compare : NULL;
	ix->free_line = ix->free_predicate = NOTHING;
	ix->line_room = 64 * WIDE;
	ix->line = get(ix, ix->line_room * sizeof(Line));
	ix->live = bitmap(ix);
	ix->residue = bitmap(ix);
	ix->several = bitmap(ix);
	ix->work = bitmap(ix);
	ix->work2 = bitmap(ix);
	for (int s = 0; s < SLOTS; s++)
		ix->uses[s] = bitmap(ix);
	return ix;
}

void
segment_index_free(segment_index *ix)
{
	for (uint32_t i = 1; i <= ix->exacts; i++)
		if (!exact_is_free(ix, i))
			release(ix, ix->exact[i - 1]);
	release(ix, ix->exact);
	release(ix, ix->kept);
	for (int a = 0; a < ix->attributes; a++)
	{
		Attribute  *at = &ix->attribute[a];

		for (int t = 0; t < at->tables; t++)
		{
			Table	   *table = &at->table[t];

			for (uint32_t i = 0; i < table->bounds; i++)
			{
				free_lines(ix, &table->bound[i].flips);
				release(ix, table->bound[i].whole);
			}
			for (uint32_t i = 0; i < table->pages * PAGE; i++)
				if (value_of(table, i))
				{
					free_lines(ix, &table->value[i / PAGE][i % PAGE].lines);
					release(ix, table->value[i / PAGE][i % PAGE].whole);
				}
			for (uint32_t i = 0; i < table->pages; i++)
				release(ix, table->value[i]);
			release(ix, table->bound);
			release(ix, table->value);
			release(ix, table->base);
			release(ix, table->null);
		}
		release(ix, at->table);
		release(ix, at->names);
		release(ix, at->name_end);
		release(ix, at->name_hash);
		release(ix, at->slot);
	}
	release(ix, ix->attribute);
	release(ix, ix->line);
	release(ix, ix->live);
	release(ix, ix->residue);
	release(ix, ix->several);
	release(ix, ix->work);
	release(ix, ix->work2);
	for (int s = 0; s < SLOTS; s++)
		release(ix, ix->uses[s]);
	release(ix, ix->predicate);
	release(ix, ix->by_id);
	ix->alloc(ix->context, ix, 0);
}

void
segment_index_reserve(segment_index *ix, uint32_t predicates)
{
	if (predicates < UINT32_MAX / 2)
		segment_match_grow(ix, predicates + predicates / 8 + 64);
}

uint32_t
segment_index_count(const segment_index *ix)
{
	return ix->count;
}

/* ---- tables ---- */

int
segment_match_table(segment_index *ix, Attribute *a, segment_form form, int slot, int nth)
{
	for (int t = 0; t < a->tables; t++)
		if (a->table[t].form == form && a->table[t].slot == slot && nth-- == 0)
			return t;
	if (a->tables == a->table_room)
	{
		a->table_room = a->table_room ? a->table_room * 2 : 2;
		a->table = resize(ix, a->table, a->tables * sizeof(Table), a->table_room * sizeof(Table));
	}
	memset(&a->table[a->tables], 0, sizeof(Table));
	a->table[a->tables].form = form;
	a->table[a->tables].slot = (int8_t) slot;
	a->table[a->tables].base = bitmap(ix);
	a->table[a->tables].null = bitmap(ix);
	return a->tables++;
}

/* how many flips cost about as much as a pass over a bitmap */
static uint32_t
list_max(const segment_index *ix)
{
	uint32_t	n = (uint32_t) (words(ix) / 2);

	return n < 64 ? 64 : n;
}

/* how many bounds are at or below a place: their flips have happened there */
static uint32_t
bounds_upto(const segment_index *ix, const Table *t, const segment_bound *at)
{
	uint32_t	low = 0,
				high = t->bounds;

	while (low < high)
	{
		uint32_t	mid = low + (high - low) / 2;

		if (segment_bound_compare(&t->bound[mid].at, at, ix->compare) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint32_t
segment_match_place(const segment_index *ix, const Table *t, const segment_given *d)
{
	segment_bound at = {.key = d->key, .exact = d->exact};

	return bounds_upto(ix, t, &at);
}

/* ---- exact values ---- */

static void
forget_exact(segment_index *ix, uint32_t number)
{
	if (!number)
		return;
	release(ix, ix->exact[number - 1]);
	ix->exact[number - 1] = (void *) ((uintptr_t) ix->free_exact * 2 + 1);
	ix->free_exact = number;
}

/* a copy of the bound's exact value, and its number */
static uint32_t
keep_exact(segment_index *ix, segment_bound *at)
{
	size_t		size;
	void	   *copy;
	uint32_t	number = ix->free_exact;

	if (!at->exact || !ix->kind)
		return 0;
	size = ix->kind->size(at->exact);
	copy = ix->alloc(ix->context, NULL, size);
	memcpy(copy, at->exact, size);
	if (number)
		ix->free_exact = (uint32_t) ((uintptr_t) ix->exact[number - 1] >> 1);
	else
	{
		if (ix->exacts == ix->exact_room)
		{
			ix->exact_room += ix->exact_room / 4 + 16;
			ix->exact = resize(ix, ix->exact, ix->exacts * sizeof(void *), ix->exact_room * sizeof(void *));
		}
		number = ++ix->exacts;
	}
	ix->exact[number - 1] = copy;
	at->exact = copy;
	return number;
}

uint32_t
segment_match_exact(const segment_index *ix, const Table *t, const segment_bound *b)
{
	return t->bound[bounds_upto(ix, t, b) - 1].exact;
}

/* Chooses the bounds that have their whole bitmap: one as soon as the flips since the last would cost more. */
static void
settle_bounds(segment_index *ix, Table *t)
{
	size_t		size = words(ix) * sizeof(Word);
	uint32_t	since = 0,
				kept = 0;

	for (uint32_t i = 0; i < t->bounds; i++)
		if (t->bound[i].flips.n)
			t->bound[kept++] = t->bound[i];
		else
		{
			free_lines(ix, &t->bound[i].flips);
			release(ix, t->bound[i].whole);
			forget_exact(ix, t->bound[i].exact);
		}
	t->bounds = kept;
	memcpy(ix->work2, t->base, size);
	for (uint32_t i = 0; i < t->bounds; i++)
	{
		Bound	   *b = &t->bound[i];

		for (uint32_t j = 0; j < b->flips.n; j++)
			flip(ix->work2, lines_of(&b->flips)[j]);
		since += b->flips.n;
		if (since >= list_max(ix))
		{
			if (!b->whole)
				b->whole = ix->alloc(ix->context, NULL, size);
			memcpy(b->whole, ix->work2, size);
			since = 0;
		}
		else
		{
			release(ix, b->whole);
			b->whole = NULL;
		}
	}
	t->unsettled = 0;
}

static void
flip_at(segment_index *ix, Table *t, const segment_bound *at, uint32_t line, bool adding)
{
	uint32_t	i = bounds_upto(ix, t, at);

	if (i > 0 && segment_bound_compare(&t->bound[i - 1].at, at, ix->compare) == 0)
		i--;
	else if (!adding)
		return;
	else
	{
		if (t->bounds == t->bound_room)
		{
			t->bound_room = t->bound_room ? t->bound_room * 2 : 8;
			t->bound = resize(ix, t->bound, t->bounds * sizeof(Bound), t->bound_room * sizeof(Bound));
		}
		memmove(&t->bound[i + 1], &t->bound[i], (t->bounds - i) * sizeof(Bound));
		t->bounds++;
		memset(&t->bound[i], 0, sizeof(Bound));
		t->bound[i].at = *at;
		t->bound[i].exact = keep_exact(ix, &t->bound[i].at);
	}
	if (adding)
		push(ix, &t->bound[i].flips, line);
	else
		pull(&t->bound[i].flips, line);
	for (; i < t->bounds; i++)
		if (t->bound[i].whole)
			flip(t->bound[i].whole, line);
}

static Value *
value_at(segment_index *ix, Table *t, uint32_t number)
{
	uint32_t	page = number / PAGE;

	if (page >= t->pages)
	{
		uint32_t	n = page + page / 4 + 1;

		t->value = resize(ix, t->value, t->pages * sizeof(Value *), n * sizeof(Value *));
		memset(t->value + t->pages, 0, (n - t->pages) * sizeof(Value *));
		t->pages = n;
	}
	if (!t->value[page])
		t->value[page] = get(ix, PAGE * sizeof(Value));
	return &t->value[page][number % PAGE];
}

/* Putting in and taking out are the same steps, but for lists. */
void
segment_match_enter(segment_index *ix, Table *t, const segment_condition *c, uint32_t line, bool adding)
{
	bool		refusing = t->slot < 0;

	put(t->null, line, adding && c->on_null != refusing);
	t->lines += adding ? 1 : -1;
	switch (t->form)
	{
		case SEGMENT_RANGES:
			{
				/* below every value the line is inside when its first range has no lower end */
				bool		inside = c->n > 0 && c->bound[0].end < 0;
				bool		start = adding && inside != refusing;

				if (is_set(t->base, line) != start)
				{
					flip(t->base, line);
					for (uint32_t i = 0; i < t->bounds; i++)
						if (t->bound[i].whole)
							flip(t->bound[i].whole, line);
				}
				for (uint32_t i = 0; i < c->n; i++)
					if (c->bound[i].end == 0)
					{
						flip_at(ix, t, &c->bound[i], line, adding);
						t->unsettled++;
					}
				if (t->unsettled > list_max(ix) + t->lines / 8)
					settle_bounds(ix, t);
				break;
			}
		case SEGMENT_VALUES:
			{
				bool		other = adding && c->complement != refusing;

				put(t->base, line, other);
				for (uint32_t i = 0; i < t->pages && t->wholes; i++)
					for (uint32_t j = 0; j < PAGE && t->value[i]; j++)
						if (t->value[i][j].whole)
							put(t->value[i][j].whole, line, other);
				for (uint32_t i = 0; i < c->n; i++)
				{
					Value	   *v = value_at(ix, t, c->value[i]);

					if (adding)
						push(ix, &v->lines, line);
					else
						pull(&v->lines, line);
					if (v->whole && adding)
						put(v->whole, line, !other);
					else if (!v->whole && v->lines.n > list_max(ix))
					{
						t->wholes++;
						v->whole = bitmap(ix);
						memcpy(v->whole, t->base, words(ix) * sizeof(Word));
						for (uint32_t j = 0; j < v->lines.n; j++)
							flip(v->whole, lines_of(&v->lines)[j]);
					}
				}
				break;
			}
		default:
			put(t->base, line, adding);
			for (uint32_t i = 0; i < c->n; i++)
			{
				Value	   *v = value_at(ix, t, c->value[i]);

				if (adding)
					push(ix, &v->lines, line);
				else
					pull(&v->lines, line);
				if (v->whole)
					put(v->whole, line, adding);
				else if (v->lines.n > list_max(ix))
				{
					v->whole = bitmap(ix);
					for (uint32_t j = 0; j < v->lines.n; j++)
						put(v->whole, lines_of(&v->lines)[j], true);
				}
			}
	}
}
const Word *
segment_match_bits(segment_index *ix, const Table *t, const segment_given *d, Word *work, size_t n)
{
	const Word *from = t->base;

	if (d->is_null)
		return t->null;
	switch (t->form)
	{
		case SEGMENT_RANGES:
			{
				uint32_t	upto = segment_match_place(ix, t, d),
							i = upto;

				while (i > 0 && !t->bound[i - 1].whole)
					i--;
				if (i > 0)
					from = t->bound[i - 1].whole;
				if (i == upto)
					return from;
				memcpy(work, from, n * sizeof(Word));
				for (; i < upto; i++)
				{
					const uint32_t *line = lines_of(&t->bound[i].flips);

					for (uint32_t j = 0; j < t->bound[i].flips.n; j++)
						flip(work, line[j]);
				}
				return work;
			}
		case SEGMENT_VALUES:
			{
				const Value *v = d->n ? value_of(t, d->value[0]) : NULL;
				const uint32_t *line = v ? lines_of(&v->lines) : NULL;

				if (!v || !v->lines.n)
					return v && v->whole ? v->whole : from;
				if (v->whole)
					return v->whole;
				memcpy(work, from, n * sizeof(Word));
				for (uint32_t j = 0; j < v->lines.n; j++)
					flip(work, line[j]);
				return work;
			}
		default:
			{
				/* the lines that name one of the set's values; of those with a literal the others, where that is what is asked */
				bool		others = (t->form == SEGMENT_ANY) == (t->slot < 0);

				memset(work, 0, n * sizeof(Word));
				for (uint32_t k = 0; k < d->n; k++)
				{
					const Value *v = value_of(t, d->value[k]);
					const uint32_t *line = v ? lines_of(&v->lines) : NULL;

					if (!v)
						continue;
					if (v->whole)
						or_into(work, v->whole, n);
					else
						for (uint32_t j = 0; j < v->lines.n; j++)
							work[line[j] / 64] |= (Word) 1 << (line[j] % 64);
				}
				if (others)
					for (size_t i = 0; i < n; i += WIDE)
						*(Wide *) (work + i) = *(const Wide *) (t->base + i) & ~*(Wide *) (work + i);
				return work;
			}
	}
}
