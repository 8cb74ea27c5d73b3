/* sets of parties against an array of flags, through every representation that the library has */
#include <stdlib.h>
#include <string.h>

#include "activity/party_set.h"
#include "unit.h"

#define ROOM 400000

static party_set *
drawn(uint8_t *flag, int kind, unsigned *seed)
{
	party_set  *s = party_set_new();

	memset(flag, 0, ROOM);
	for (int i = 0; i < (kind == 0 ? 500 : 60000); i++)
	{
		int			x = kind == 2 ? 70000 + i : rand_r(seed) % (kind == 1 ? 100000 : ROOM);

		flag[x] = 1;
		party_set_add(s, x - 150000);
	}
	return s;
}

static uint8_t *
written(const party_set *s, size_t *len)
{
	uint8_t    *b = malloc(*len = party_set_bytes(s));

	party_set_write(s, b);
	return b;
}

/* the bytes of x and y joined or met, where they lie, are the set that the library makes of them */
static bool
works(party_set *x, party_set *y, const party_set *result, int op)
{
	size_t		len[3],
				n;
	uint8_t    *b[2] = {written(x, &len[0]), written(y, &len[1])},
			   *out;
	party_set_work *w = party_set_work_new();
	party_set  *z;
	bool		right;

	if (op == 0)
		party_set_work_or(w, b[0], len[0]), party_set_work_or(w, b[1], len[1]);
	else
		party_set_work_and(w, b[0], len[0]), party_set_work_and(w, b[1], len[1]), party_set_work_and(w, b[0], len[0]);
	right = party_set_work_count(w) == party_set_count(result);
	out = malloc(n = party_set_work_bytes(w));
	party_set_work_write(w, out);
	right = right && party_set_sound(out, n) && party_set_work_count(w) == party_set_count(result);
	z = party_set_read(out, n);
	right = right && party_set_equal(z, result);
	right = right && party_set_bytes_common(b[0], len[0], b[1], len[1]) == party_set_common(x, y) && party_set_bytes_common(b[1], len[1], b[0], len[0]) == party_set_common(x, y);
	party_set_work_free(w);
	party_set_free(z);
	free(b[0]), free(b[1]), free(out);
	return right;
}

int
main(void)
{
	static uint8_t a[ROOM],
				b[ROOM];
	unsigned	seed = 42;

	for (int k = 0; k < 9; k++)
		for (int op = 0; op < 3; op++)
		{
			party_set  *x = drawn(a, k % 3, &seed),
					   *y = drawn(b, k / 3, &seed),
					   *z,
					   *was = party_set_new();
			party_set_place at = {0};
			int64_t		id[777];
			size_t		n;
			uint64_t	count = 0;
			bool		right = true;
			uint8_t    *bytes;

			for (uint32_t i = 0; op == 0 && i < y->n; i++)
				roaring_bitmap_run_optimize(y->part[i].low);
			for (uint32_t i = 0; k % 2 && i < x->n; i++)
				roaring_bitmap_run_optimize(x->part[i].low);
			party_set_or(was, x, false);
			if (op == 0)
				party_set_or(x, y, k % 2);
			else if (op == 1)
				party_set_and(x, y);
			else
				party_set_minus(x, y);
			party_set_settle(x);
			CHECK(op == 2 || works(was, y, x, op), "bytes joined where they lie are the same set");
			party_set_free(was);
			bytes = malloc(party_set_bytes(x));
			party_set_write(x, bytes);
			CHECK(party_set_sound(bytes, party_set_bytes(x)), "what is written is sound");
			z = party_set_read(bytes, party_set_bytes(x));
			for (int i = 0; i < ROOM; i++)
			{
				bool		in = op == 0 ? a[i] | b[i] : op == 1 ? a[i] & b[i] : a[i] & !b[i];

				count += in;
				right = right && party_set_has(x, i - 150000) == in && party_set_bytes_have(bytes, party_set_bytes(x), i - 150000) == in;
				a[i] = in;
			}
			CHECK(right, "membership is that of the flags");
			CHECK(count == party_set_count(x) && count == party_set_bytes_count(bytes, party_set_bytes(x)), "counts are those of the flags");
			CHECK(party_set_equal(x, z), "what was written is read back");
			while ((n = party_set_take(z, &at, id, 777)) > 0)
				for (size_t i = 0; i < n; i++)
				{
					right = right && a[id[i] + 150000];
					count--;
				}
			CHECK(right && count == 0, "the walk gives each once");
			free(bytes);
			party_set_free(x);
			party_set_free(y);
			party_set_free(z);
		}
	return unit_done();
}
