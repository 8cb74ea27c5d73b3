/*
 * match_index.c: the index over predicates against evaluating every condition, on random conditions and rows with NULLs, while predicates
 * come and go; and three-valued trees against their conditions.
 */
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "segment/match_index.h"
#include "../lib/reallocate.h"

static uint64_t seed = 20260203;

static uint32_t
draw(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t) (seed >> 33) % below;
}

/* ---- an arena, emptied after each step ---- */
static char *block[4096];
static int	blocks;

static void *
take(void *context, size_t size)
{
	(void) context;
	if (blocks == 4096)
		abort();
	return block[blocks++] = malloc(size ? size : 1);
}

static void
empty(void)
{
	while (blocks > 0)
		free(block[--blocks]);
}

static const segment_allocator arena = {take, NULL};

/* keys are the value halved: 2k and 2k + 1 share a key and are told apart by compare alone */
static int
compare(const segment_bound *a, const segment_bound *b)
{
	int			x = *(const int *) a->exact,
				y = *(const int *) b->exact;

	return (x > y) - (x < y);
}

static size_t
size_of(const void *exact)
{
	(void) exact;
	return sizeof(int);
}

static bool
is_valid(const void *data, size_t size)
{
	(void) data;
	return size == sizeof(int);
}

static const segment_exact_kind kind = {compare, size_of, is_valid};

static int
compare_backwards(const segment_bound *a, const segment_bound *b)
{
	return compare(b, a);
}

static const segment_exact_kind backwards = {compare_backwards, size_of, is_valid};

static void *image_of_last;

/* another process: the index goes into an image and comes out of it */
static segment_index *
moved(segment_index *ix)
{
	size_t		len = segment_index_image_size(ix);
	void	   *image = malloc(len),
			   *other = malloc(len);
	segment_index *again;

	segment_index_image_write(ix, image);
	segment_index_free(ix);
	again = segment_index_load(reallocate, NULL, &kind, image, len, 100000);
	if (again)
	{
		segment_index_image_write(again, other);
		CHECK(segment_index_image_size(again) == len, "an image read is an image of the same size");
	}
	free(other);
	free(image_of_last);
	image_of_last = image;
	return again;
}

#define ATTRIBUTES 9
#define RANGE 40
static int	number[RANGE + 1];

static segment_attribute_form
form_of(int attribute)
{
	return attribute % 3 == 0 ? SEGMENT_ORDERED : attribute % 3 == 1 ? SEGMENT_CODE : SEGMENT_SET;
}

typedef struct
{
	bool		is_null;
	int			n,
				value[4];		/* ordered and code: value[0] */
} Datum;

/* ---- the slow obvious way ---- */

static bool
inside(const segment_condition *c, int x)
{
	bool		in = false;

	for (uint32_t i = 0; i + 1 < c->n; i += 2)
	{
		const segment_bound *a = &c->bound[i],
				   *b = &c->bound[i + 1];
		bool		from = a->end < 0 || (!a->end && (*(const int *) a->exact < x || (*(const int *) a->exact == x && !a->after)));
		bool		upto = b->end > 0 || (!b->end && (x < *(const int *) b->exact || (*(const int *) b->exact == x && b->after)));

		in |= from && upto;
	}
	return in;
}

static bool
holds(const segment_condition *c, const Datum *row, bool opaque)
{
	const Datum *d = &row[c->attribute];
	bool		any = false;

	switch (c->form)
	{
		case SEGMENT_ALL_OF:
			for (uint32_t i = 0; i < c->n; i++)
				if (!holds(c->child[i], row, opaque))
					return false;
			return true;
		case SEGMENT_ONE_OF:
			for (uint32_t i = 0; i < c->n; i++)
				if (holds(c->child[i], row, opaque))
					return true;
			return false;
		case SEGMENT_ALWAYS_SO:
			return true;
		case SEGMENT_NEVER_SO:
			return false;
		case SEGMENT_OPAQUE:
			return opaque;
		default:
			if (d->is_null)
				return c->on_null;
			if (c->form == SEGMENT_RANGES)
				return inside(c, d->value[0]);
			for (int j = 0; j < (c->form == SEGMENT_VALUES ? 1 : d->n); j++)
				for (uint32_t i = 0; i < c->n; i++)
					any |= (int) c->value[i] == d->value[j];
			return c->form == SEGMENT_VALUES ? any != c->complement : c->form == SEGMENT_ANY ? any : !any;
	}
}

/* ---- random conditions ---- */

static segment_condition *
literal(int values)
{
	int			a = (int) draw(ATTRIBUTES);
	segment_attribute_form f = form_of(a);
	segment_condition *c = segment_condition_new(f == SEGMENT_ORDERED ? SEGMENT_RANGES : f == SEGMENT_CODE ? SEGMENT_VALUES : draw(2) ? SEGMENT_ANY : SEGMENT_NONE, arena);

	c->attribute = (uint16_t) a;
	c->on_null = draw(5) == 0;
	if (f == SEGMENT_ORDERED)
	{
		int			at = (int) draw(12) - 1;

		c->bound = take(NULL, sizeof(segment_bound) * 8);
		memset(c->bound, 0, sizeof(segment_bound) * 8);
		while (c->n < 6 && at < RANGE)
		{
			segment_bound *b = &c->bound[c->n];

			b->end = (int8_t) (at < 0 ? -1 : 0);
			b->key = at < 0 ? 0 : (uint64_t) at / 2;
			b->exact = at < 0 ? NULL : &number[at];
			b->after = (uint8_t) (at < 0 ? 0 : draw(2));
			c->n++;
			at = (at < 0 ? 0 : at) + 1 + (int) draw(14);
		}
		if (c->n % 2)
			c->bound[c->n++] = (segment_bound) {.end = 1};
	}
	else
	{
		uint32_t	v = 1 + draw(4);

		c->value = take(NULL, sizeof(uint32_t) * 8);
		while (c->n < 1 + draw(5) && v < (uint32_t) values)
		{
			c->value[c->n++] = v;
			v += 1 + draw(3);
		}
		c->complement = f == SEGMENT_CODE && draw(4) == 0;
	}
	return c;
}

static segment_condition *
condition(int depth, int values, bool opaque)
{
	segment_condition *c;
	uint32_t	k = draw(100);

	if (opaque && k < 4)
		return segment_condition_new(SEGMENT_OPAQUE, arena);
	if (k < 6)
		return segment_condition_new(draw(2) ? SEGMENT_ALWAYS_SO : SEGMENT_NEVER_SO, arena);
	if (depth == 0 || k < 30)
		return literal(values);
	c = segment_condition_new(draw(5) < 3 ? SEGMENT_ALL_OF : SEGMENT_ONE_OF, arena);
	c->n = 1 + draw(4);
	c->child = take(NULL, sizeof(*c->child) * c->n);
	for (uint32_t i = 0; i < c->n; i++)
		c->child[i] = condition(depth - 1, values, opaque);
	return c;
}

/* conditions outlive the arena here */
static segment_condition *
keep(const segment_condition *c)
{
	segment_condition *k = malloc(sizeof(*k));

	*k = *c;
	if (c->form <= SEGMENT_ONE_OF)
	{
		k->child = malloc(sizeof(*k->child) * c->n);
		for (uint32_t i = 0; i < c->n; i++)
			k->child[i] = keep(c->child[i]);
	}
	if (c->bound)
	{
		k->bound = malloc(sizeof(*k->bound) * 8);
		memcpy(k->bound, c->bound, sizeof(*k->bound) * c->n);
	}
	if (c->value)
	{
		k->value = malloc(sizeof(*k->value) * 8);
		memcpy(k->value, c->value, sizeof(*k->value) * c->n);
	}
	return k;
}

static void
drop(segment_condition *c)
{
	if (c->form <= SEGMENT_ONE_OF)
	{
		for (uint32_t i = 0; i < c->n; i++)
			drop(c->child[i]);
		free(c->child);
	}
	free(c->bound);
	free(c->value);
	free(c);
}

#define MOST 3000
static segment_condition *predicate[MOST];
static bool opaque_of[MOST];
static bool whole[MOST];		/* the index holds all of it */
static uint32_t passed_over;
static const Datum *asked_row;
static uint8_t answer[MOST];
static uint32_t exact_only;

static bool
ask(void *context, uint32_t id)
{
	(void) context;
	return holds(predicate[id], asked_row, opaque_of[id]);
}

static void
answered(void *context, uint32_t id)
{
	(void) context;
	answer[id]++;
}

static int
compare_uint(const void *a, const void *b)
{
	uint32_t	x = *(const uint32_t *) a,
				y = *(const uint32_t *) b;

	return (x > y) - (x < y);
}

static void
draw_value(int a, int values, Datum *d, uint32_t *set, segment_given *given)
{
	d->is_null = draw(6) == 0;
	d->n = form_of(a) == SEGMENT_SET ? (int) draw(5) : 1;
	for (int j = 0; j < d->n; j++)
	{
		d->value[j] = (int) draw(form_of(a) == SEGMENT_ORDERED ? RANGE : (uint32_t) values);
		set[j] = (uint32_t) d->value[j];
	}
	*given = (segment_given) {.is_null = d->is_null, .n = (uint32_t) d->n, .value = set};
	qsort(set, (size_t) d->n, sizeof(uint32_t), compare_uint);
	if (form_of(a) == SEGMENT_ORDERED)
	{
		given->key = (uint64_t) d->value[0] / 2;
		given->exact = &number[d->value[0]];
	}
}

/* a row that changes in some attributes: where the index says that nothing differs, nothing does; some of the others are told to it as they are */
static int
check_change(segment_index *ix, const Datum *row, const segment_given *given, int values)
{
	Datum		other[ATTRIBUTES];
	segment_given is[ATTRIBUTES];
	uint32_t	set[ATTRIBUTES][4];
	uint8_t		changed[ATTRIBUTES],
				known[ATTRIBUTES];
	int			wrong = 0;

	memcpy(other, row, sizeof(other));
	memcpy(is, given, sizeof(is));
	for (int a = 0; a < ATTRIBUTES; a++)
	{
		changed[a] = draw(5) == 0;
		known[a] = !changed[a] && draw(2);
		if (changed[a])
			draw_value(a, values, &other[a], set[a], &is[a]);
	}
	if (segment_index_differ(ix, given, is, changed) && segment_index_differ_still(ix, given, known))
		return 0;
	passed_over++;
	for (int i = 0; i < MOST; i++)
		wrong += predicate[i] && whole[i] && holds(predicate[i], row, opaque_of[i]) != holds(predicate[i], other, opaque_of[i]);
	return wrong;
}

static int
check(segment_index *ix, int rows, int values)
{
	int			wrong = 0;

	for (int r = 0; r < rows; r++)
	{
		Datum		row[ATTRIBUTES];
		segment_given given[ATTRIBUTES];
		uint32_t	set[ATTRIBUTES][4];

		for (int a = 0; a < ATTRIBUTES; a++)
			draw_value(a, values, &row[a], set[a], &given[a]);
		asked_row = row;
		memset(answer, 0, sizeof(answer));
		exact_only += segment_index_match(ix, given, ask, answered, NULL);
		for (int i = 0; i < MOST; i++)
			wrong += answer[i] != (predicate[i] && holds(predicate[i], row, opaque_of[i]));
		for (int k = 0; k < 3; k++)
			wrong += check_change(ix, row, given, values);
	}
	return wrong;
}

static void
change(segment_index *ix, uint32_t id, int depth, int values, bool opaque)
{
	if (predicate[id])
	{
		segment_index_remove(ix, id);
		drop(predicate[id]);
		predicate[id] = NULL;
	}
	else
	{
		predicate[id] = keep(condition(depth, values, opaque));
		opaque_of[id] = draw(2);
		whole[id] = segment_index_add(ix, id, predicate[id], arena) && !opaque;
		empty();
	}
}

static void
clear(segment_index *ix)
{
	for (uint32_t i = 0; i < MOST; i++)
		if (predicate[i])
			change(ix, i, 0, 0, false);
}

/* ---- three-valued trees ---- */

static segment_node node_pool[256];
static int	nodes;

static segment_node *
tree(int depth)
{
	segment_node *n = &node_pool[nodes++];
	uint32_t	k = draw(depth > 0 ? 6 : 2);

	memset(n, 0, sizeof(*n));
	n->kind = k == 0 ? SEGMENT_CONSTANT : k == 1 ? SEGMENT_FLAG : k == 2 ? SEGMENT_AND : k == 3 ? SEGMENT_OR : k == 4 ? SEGMENT_NOT : SEGMENT_IS;
	n->op = (uint8_t) (n->kind == SEGMENT_IS ? 1 + draw(3) : draw(3));
	n->position = draw(4);		/* which leaf */
	n->children = k < 2 ? 0 : k < 4 ? 2 + draw(2) : 1;
	n->child = take(NULL, sizeof(*n->child) * 4);
	for (uint32_t i = 0; i < n->children; i++)
		n->child[i] = tree(depth - 1);
	return n;
}

/* truths as SQL has them: 0 false, 1 unknown, 2 true */
static int
truth(const segment_node *n, const int *leaf)
{
	int			t;

	switch (n->kind)
	{
		case SEGMENT_CONSTANT:
			return n->op == SEGMENT_FALSE ? 0 : n->op == SEGMENT_TRUE ? 2 : 1;
		case SEGMENT_FLAG:
			return leaf[n->position];
		case SEGMENT_NOT:
			return 2 - truth(n->child[0], leaf);
		case SEGMENT_IS:
			t = truth(n->child[0], leaf);
			return 2 * (t == (n->op == SEGMENT_IS_TRUE ? 2 : n->op == SEGMENT_IS_FALSE ? 0 : 1));
		default:
			t = n->kind == SEGMENT_AND ? 2 : 0;
			for (uint32_t i = 0; i < n->children; i++)
			{
				int			c = truth(n->child[i], leaf);

				t = n->kind == SEGMENT_AND ? (c < t ? c : t) : (c > t ? c : t);
			}
			return t;
	}
}

/* a leaf is a code attribute whose value 1 is false, 2 unknown, 3 true */
static segment_condition *
leaf_condition(const segment_node *leaf, int mask, void *context)
{
	segment_condition *c = segment_condition_new(SEGMENT_VALUES, arena);

	(void) context;
	c->attribute = (uint16_t) leaf->position;
	c->value = take(NULL, sizeof(uint32_t) * 3);
	if (mask & SEGMENT_IF_FALSE)
		c->value[c->n++] = 1;
	if (mask & SEGMENT_IF_UNKNOWN)
		c->value[c->n++] = 2;
	if (mask & SEGMENT_IF_TRUE)
		c->value[c->n++] = 3;
	return c;
}

int
main(void)
{
	segment_index *ix;
	int			wrong = 0,
				wrong_truth = 0;

	printf("# seed %llu\n", (unsigned long long) seed);
	for (int i = 0; i <= RANGE; i++)
		number[i] = i;

	/* few predicates that change often, many, flat ones with many values and ones the index cannot hold */
	for (int round = 0; round < 6; round++)
	{
		int			values = round % 2 ? 300 : 12;
		bool		opaque = round >= 2;
		int			depth = round == 5 ? 4 : 2;
		uint32_t	most = round < 3 ? 60 : MOST;

		ix = segment_index_new(reallocate, NULL, &kind);
		for (int a = 0; a < ATTRIBUTES; a++)
			segment_index_attribute(ix, form_of(a));
		for (int a = 0; a < ATTRIBUTES; a++)
			for (int v = 1; v < values; v++)
			{
				char		name[16];

				sprintf(name, "v%d", v);
				/* the codes of attribute 4 are numbers that were never names, like true and false */
				if (form_of(a) != SEGMENT_ORDERED && a != 4 && segment_index_value(ix, a, name, strlen(name), true) != (uint32_t) v)
					wrong++;
			}
		for (uint32_t i = 0; i < most; i++)
			change(ix, i, depth, values, opaque);
		wrong += check(ix, 60, values);
		for (int step = 0; step < 20; step++)
		{
			for (uint32_t i = 0; i < most / 6; i++)
				change(ix, draw(most), depth, values, opaque);
			wrong += check(ix, 10, values);
			if (step % 7 == 3)
			{
				ix = moved(ix);
				wrong += check(ix, 5, values);
			}
		}
		clear(ix);
		CHECK(segment_index_count(ix) == 0, "an index is empty when all its predicates were taken out");
		wrong += check(ix, 5, values);
		CHECK(wrong == 0, "round %d: what the index finds is what holds, %u candidates asked about; a change that it passes over changes nothing, %u were", round, exact_only, passed_over);
		CHECK(segment_index_value(ix, 1, "v3", 2, false) == 3 && segment_index_value(ix, 1, "none", 4, false) == 0, "values are found by name");
		CHECK(!segment_index_remove(ix, 7), "what is not in cannot be taken out");
		segment_index_free(ix);
	}

	/* two bounds of one key, and an image of them for a reader to whom their order is another one */
	ix = segment_index_new(reallocate, NULL, &kind);
	segment_index_attribute(ix, SEGMENT_ORDERED);
	for (uint32_t i = 0; i < 2; i++)
	{
		segment_condition *c = segment_condition_new(SEGMENT_RANGES, arena);

		c->n = 2;
		c->bound = take(NULL, 2 * sizeof(segment_bound));
		c->bound[0] = (segment_bound) {.key = 2, .exact = &number[4 + i]};
		c->bound[1] = (segment_bound) {.end = 1};
		segment_index_add(ix, i, c, arena);
	}
	empty();
	{
		size_t		len = segment_index_image_size(ix);
		void	   *image = malloc(len);
		segment_index *again;

		segment_index_image_write(ix, image);
		CHECK(segment_index_load(reallocate, NULL, &backwards, image, len, 2) == NULL, "an image in another order is none");
		segment_index_image_write(ix, image);
		again = segment_index_load(reallocate, NULL, &kind, image, len, 2);
		CHECK(again != NULL, "but it is one in its own");
		segment_index_free(again);
		segment_index_free(ix);
		free(image);
	}

	for (int i = 0; i < 3000; i++)
	{
		const segment_node *t;

		nodes = 0;
		t = tree(4);
		for (int combination = 0; combination < 81; combination += 1 + (int) draw(5))
		{
			int			leaf[4] = {combination % 3, combination / 3 % 3, combination / 9 % 3, combination / 27};
			int			is = truth(t, leaf);
			Datum		row[4];

			for (int a = 0; a < 4; a++)
				row[a] = (Datum) {.n = 1, .value = {leaf[a] + 1}};
			for (int mask = 0; mask < 8; mask++)
			{
				bool		expected = ((is == 2 ? SEGMENT_IF_TRUE : is == 0 ? SEGMENT_IF_FALSE : SEGMENT_IF_UNKNOWN) & mask) != 0;
				const segment_condition *c = segment_condition_of(t, mask, leaf_condition, NULL, arena);
				bool		residue;
				const segment_condition *s = segment_condition_simplify(c, NULL, arena, &residue);

				wrong_truth += holds(c, row, false) != expected || holds(s, row, false) != expected || residue;
				if (blocks > 2048)
				{
					/* the tree's own blocks were taken first; a new tree comes sooner */
					combination = 81;
					break;
				}
			}
		}
		empty();
	}
	CHECK(wrong_truth == 0, "the conditions of a tree are its truths, simplified or not");
	return unit_done();
}
