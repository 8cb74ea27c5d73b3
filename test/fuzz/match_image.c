/*
 * Images of the index over predicates: whatever the bytes are, reading one, asking it, taking out of it and writing it again stays within its memory. The
 * input is a list of changes to a sound image: two bytes place, one byte value; then rows are asked and predicates taken out.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "segment/match_index.h"
#include "../lib/reallocate.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *blocks[4096];
static int	taken;

static void *
take(void *context, size_t size)
{
	(void) context;
	if (taken == 4096)
		abort();
	return blocks[taken++] = malloc(size ? size : 1);
}

static int
compare(const segment_bound *a, const segment_bound *b)
{
	int32_t		x = a->exact ? *(const int32_t *) a->exact : 0,
				y = b->exact ? *(const int32_t *) b->exact : 0;

	return (x > y) - (x < y);
}

static size_t
size_of(const void *exact)
{
	(void) exact;
	return sizeof(int32_t);
}

static bool
is_valid(const void *data, size_t size)
{
	(void) data;
	return size == sizeof(int32_t);
}

static const segment_exact_kind kind = {compare, size_of, is_valid};

static bool
ask(void *context, uint32_t id)
{
	(void) context;
	return id % 2;
}

static void
answered(void *context, uint32_t id)
{
	(void) context;
	if (id >= 100)
		__builtin_trap();
}

static uint8_t *
sound_image(size_t *len)
{
	segment_index *ix = segment_index_new(reallocate, NULL, &kind);
	segment_allocator memory = {take, NULL};
	static int32_t number[100];
	uint8_t    *image;

	for (int a = 0; a < 6; a++)
		segment_index_attribute(ix, a % 3 == 0 ? SEGMENT_ORDERED : a % 3 == 1 ? SEGMENT_CODE : SEGMENT_SET);
	for (uint32_t i = 0; i < 100; i++)
	{
		segment_condition *all = segment_condition_new(i % 5 ? SEGMENT_ALL_OF : SEGMENT_ONE_OF, memory);

		number[i] = (int32_t) i;
		all->child = take(NULL, 3 * sizeof(*all->child));
		for (uint32_t k = 0; k < 3; k++)
		{
			uint32_t	a = (i * 7 + k * (1 + i % 2)) % 6;
			segment_condition *c = segment_condition_new(a % 3 == 0 ? SEGMENT_RANGES : a % 3 == 1 ? SEGMENT_VALUES : i % 3 ? SEGMENT_ANY : SEGMENT_NONE, memory);

			c->attribute = (uint16_t) a;
			c->on_null = i % 7 == 0;
			c->n = 2;
			c->value = take(NULL, 2 * sizeof(uint32_t));
			c->bound = take(NULL, 2 * sizeof(segment_bound));
			c->value[0] = segment_index_value(ix, (int) a, (char[]) {(char) ('a' + i % 20)}, 1, true);
			c->value[1] = c->value[0] + 1;
			memset(c->bound, 0, 2 * sizeof(segment_bound));
			c->bound[0].key = c->bound[1].key = i % 30 / 2;
			c->bound[0].exact = &number[i % 30];
			c->bound[1].exact = &number[i % 30];
			c->bound[1].after = 1;
			if (i % 4 == 0)
				c->bound[1] = (segment_bound) {.end = 1};
			all->child[all->n++] = c;
		}
		segment_index_add(ix, i, all, memory);
		while (taken)
			free(blocks[--taken]);
	}
	for (uint32_t i = 0; i < 100; i += 9)
		segment_index_remove(ix, i);
	*len = segment_index_image_size(ix);
	image = malloc(*len);
	segment_index_image_write(ix, image);
	segment_index_free(ix);
	return image;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t *sound;
	static size_t len;
	uint8_t    *image;
	segment_index *ix;

	if (!sound)
		sound = sound_image(&len);
	image = malloc(len);
	memcpy(image, sound, len);
	for (size_t i = 0; i + 3 < size && i < 64; i += 4)
		image[((size_t) data[i] << 16 | (size_t) data[i + 1] << 8 | data[i + 2]) % len] = data[i + 3];
	ix = segment_index_load(reallocate, NULL, &kind, image, len, 100);
	if (!ix && size < 4)
		__builtin_trap();
	if (ix)
	{
		int32_t		n = size ? data[size - 1] % 30 : 0;
		uint32_t	value[2] = {(uint32_t) n % 21, (uint32_t) n % 21 + 1};
		segment_given row[6];
		uint8_t    *again;

		for (int turn = 0; turn < 3; turn++)
		{
			for (int a = 0; a < 6; a++)
				row[a] = (segment_given) {.is_null = turn == a, .key = (uint64_t) n / 2, .exact = &n, .n = a % 3 == 1 ? 1 : 2, .value = value};
			if (segment_index_attributes(ix) == 6)
			{
				segment_given other[6];
				const uint8_t changed[6] = {1, 1, 1, 0, 1, 0},
							known[6] = {0, 0, 0, 1, 0, 1};

				segment_index_match(ix, row, ask, answered, NULL);
				memcpy(other, row, sizeof(other));
				other[turn].is_null = !other[turn].is_null;
				other[0].key += (uint64_t) turn;
				other[1].value = &value[1];
				if (segment_index_differ(ix, row, other, changed))
					segment_index_differ_still(ix, row, known);
			}
			for (uint32_t i = (uint32_t) turn; i < 100; i += 3)
				segment_index_remove(ix, i);
		}
		again = malloc(segment_index_image_size(ix));
		segment_index_image_write(ix, again);
		free(again);
		segment_index_free(ix);
	}
	free(image);
	return 0;
}
