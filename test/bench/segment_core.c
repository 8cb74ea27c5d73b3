/*
 * segment_core.c FOLDER [ROWS]: the index over predicates without a server, on what segment_workload.c wrote.
 */
#include "segment/match_index.h"
#include "segment_reverse.h"

static size_t held;

static void *
reallocate(void *context, void *old, size_t size)
{
	size_t	   *p = old ? (size_t *) old - 2 : NULL;

	if (p)
		held -= *p;
	if (!size)
	{
		free(p);
		return NULL;
	}
	p = realloc(p, size + 16);
	*p = size;
	held += size;
	return p + 2;
}

/* an arena for one predicate at a time */
static char arena[1 << 22];
static size_t used;

static void *
take(void *context, size_t size)
{
	void	   *p = arena + used;

	used += (size + 15) & ~(size_t) 15;
	if (used > sizeof(arena))
		abort();
	return p;
}

static segment_index *ix;

static int
attribute_named(const char *name)
{
	for (int i = 0; i < ATTRIBUTES; i++)
		if (strcmp(attributes[i].name, name) == 0)
			return i;
	abort();
}

static uint64_t
key(const char *text)
{
	double		d = atof(text);
	uint64_t	bits;

	/* as the server's side has it: ascending with the numbers, none of which is negative here */
	memcpy(&bits, &d, sizeof(bits));
	return bits | UINT64_C(1) << 63;
}

static int
compare_value(const void *a, const void *b)
{
	uint32_t	x = *(const uint32_t *) a,
				y = *(const uint32_t *) b;

	return (x > y) - (x < y);
}

static int
compare_bound(const void *a, const void *b)
{
	return segment_bound_compare(a, b, NULL);
}

/* no NULL in this workload: unknown is never asked for */
static segment_condition *
leaf(const segment_node *n, int mask, void *context)
{
	segment_allocator memory = {take, NULL};
	int			a = attribute_named(n->child[0]->part[0].data),
				is_false = (mask & SEGMENT_IF_FALSE) != 0;
	segment_condition *c;

	if (attributes[a].form == NUMBER)
	{
		segment_bound *b = take(NULL, sizeof(segment_bound) * (2 * n->values + 4));

		memset(b, 0, sizeof(segment_bound) * (2 * n->values + 4));
		c = segment_condition_new(SEGMENT_RANGES, memory);
		c->bound = b;
		if (n->kind == SEGMENT_COMPARE && n->op != SEGMENT_EQ)
		{
			int			below = (n->op == SEGMENT_LT) != is_false;

			b[below].key = key(n->value[0].text.data);
			b[!below].end = (int8_t) (below ? -1 : 1);
			c->n = 2;
			return c;
		}
		if (is_false)
			b[c->n++].end = -1;
		for (uint32_t i = 0; i < n->values; i++)
			for (int after = 0; after < 2; after++)
				b[c->n++] = (segment_bound) {.key = key(n->value[i].text.data), .after = (uint8_t) after};
		qsort(b + is_false, c->n - (uint32_t) is_false, sizeof(*b), compare_bound);
		if (is_false)
			b[c->n++].end = 1;
		return c;
	}
	if (attributes[a].form == SET && n->op == SEGMENT_HAS_ALL)
	{
		c = segment_condition_new(is_false ? SEGMENT_ONE_OF : SEGMENT_ALL_OF, memory);
		c->child = take(NULL, sizeof(*c->child) * n->values);
		for (c->n = 0; c->n < n->values; c->n++)
		{
			segment_condition *one = segment_condition_new(is_false ? SEGMENT_NONE : SEGMENT_ANY, memory);

			one->attribute = (uint16_t) a;
			one->value = take(NULL, sizeof(uint32_t));
			one->value[one->n++] = segment_index_value(ix, a, n->value[c->n].text.data, n->value[c->n].text.len, true);
			c->child[c->n] = one;
		}
		return c;
	}
	c = segment_condition_new(attributes[a].form == CODE ? SEGMENT_VALUES : is_false ? SEGMENT_NONE : SEGMENT_ANY, memory);
	c->attribute = (uint16_t) a;
	c->complement = attributes[a].form == CODE && is_false;
	c->value = take(NULL, sizeof(uint32_t) * n->values);
	for (uint32_t i = 0; i < n->values; i++)
		c->value[c->n++] = segment_index_value(ix, a, n->value[i].text.data, n->value[i].text.len, true);
	qsort(c->value, c->n, sizeof(uint32_t), compare_value);
	return c;
}

static segment_condition *
leaf_of(const segment_node *n, int mask, void *context)
{
	segment_condition *c = leaf(n, mask, context);

	if (c->form == SEGMENT_RANGES)
		c->attribute = (uint16_t) attribute_named(n->child[0]->part[0].data);
	return c;
}

static bool
ask(void *context, uint32_t id)
{
	abort();					/* this workload leaves nothing open */
}

typedef struct
{
	uint64_t	row,
				matches,
				sum;
} tally;

static void
found(void *context, uint32_t id)
{
	tally	   *t = context;

	t->matches++;
	t->sum += id * t->row;
}

static FILE *
open_in(const char *folder, const char *name)
{
	char		path[1000];
	FILE	   *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "r");
	if (!f)
	{
		perror(path);
		exit(1);
	}
	return f;
}

int
main(int argc, char **argv)
{
	char	   *line = NULL;
	size_t		room = 0;
	FILE	   *f;
	int			n = 0,
				rows = 0,
				rows_max = argc > 2 ? atoi(argv[2]) : 2000;
	double		insert = 0,
				per_row[RUNS];
	segment_given *given;
	tally		t;
	segment_allocator memory = {take, NULL};

	if (argc < 2)
		return 2;
	ix = segment_index_new(reallocate, NULL, NULL);
	for (int a = 0; a < ATTRIBUTES; a++)
		segment_index_attribute(ix, attributes[a].form == NUMBER ? SEGMENT_ORDERED : attributes[a].form == CODE ? SEGMENT_CODE : SEGMENT_SET);
	f = open_in(argv[1], "predicates.tsv");
	while (next_line(f, &line, &room))
		n++;
	rewind(f);
	segment_index_reserve(ix, (uint32_t) n);
	n = 0;
	while (next_line(f, &line, &room))
	{
		char	   *ours = strchr(line, '\t') + 1;
		segment_error error;
		segment_node *tree;
		segment_condition *c;
		double		start;

		*strchr(ours, '\t') = 0;
		used = 0;
		tree = segment_parse(ours, strlen(ours), memory, &error);
		if (!tree)
			abort();
		start = processor_us();
		c = segment_condition_of(tree, SEGMENT_IF_TRUE, leaf_of, NULL, memory);
		segment_index_add(ix, (uint32_t) atoi(line), c, memory);
		insert += processor_us() - start;
		n++;
	}
	fclose(f);
	/* rows as the index takes them, as for the peer: made before */
	given = calloc((size_t) rows_max * ATTRIBUTES, sizeof(segment_given));
	f = open_in(argv[1], "customers.tsv");
	while (rows < rows_max && next_line(f, &line, &room))
	{
		char	   *at = line;

		strsep(&at, "\t");
		for (int a = 0; a < ATTRIBUTES; a++)
		{
			char	   *cell = strsep(&at, "\t"),
					   *item;
			segment_given *g = &given[rows * ATTRIBUTES + a];
			uint32_t   *value = calloc(200, sizeof(uint32_t));

			if (attributes[a].form == NUMBER)
			{
				g->key = key(cell);
				continue;
			}
			if (attributes[a].form == SET)
			{
				cell++;
				cell[strlen(cell) - 1] = 0;
			}
			while ((item = strsep(&cell, ",")))
			{
				uint32_t	number = segment_index_value(ix, a, item, strlen(item), false);

				if (number || attributes[a].form == CODE)
					value[g->n++] = number;
			}
			g->value = value;
		}
		rows++;
	}
	for (int run = 0; run < RUNS; run++)
	{
		double		start = processor_us();

		t = (tally) {0};
		for (int i = 0; i < rows; i++)
		{
			t.row = (uint64_t) i + 1;
			segment_index_match(ix, &given[i * ATTRIBUTES], ask, found, &t);
		}
		per_row[run] = (processor_us() - start) / rows;
	}
	/* as another process gets it */
	{
		size_t		len = segment_index_image_size(ix);
		void	   *image = reallocate(NULL, NULL, len);
		segment_index *again;
		double		least = 1e9;
		uint64_t	sum = t.sum;

		for (int run = 0; run < RUNS; run++)
		{
			double		start;

			segment_index_image_write(ix, image);
			start = processor_us();
			again = segment_index_load(reallocate, NULL, NULL, image, len, UINT32_MAX);
			if (!again)
				abort();
			if (processor_us() - start < least)
				least = processor_us() - start;
			t = (tally) {0};
			for (int i = 0; i < rows; i++)
			{
				t.row = (uint64_t) i + 1;
				segment_index_match(again, &given[i * ATTRIBUTES], ask, found, &t);
			}
			if (t.sum != sum)
				abort();
			segment_index_free(again);
		}
		reallocate(NULL, image, 0);
		printf("image|%d|%zu|%.0f\n", n, len, least);
	}
	report("crmseg core", n, per_row, insert / n, (double) held, t.matches, t.sum);
	return 0;
}
