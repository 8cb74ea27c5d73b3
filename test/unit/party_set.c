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
					   *z;
			party_set_place at = {0};
			int64_t		id[777];
			size_t		n;
			uint64_t	count = 0;
			bool		right = true;
			uint8_t    *bytes;

			if (op == 0)
				party_set_or(x, y, k % 2);
			else if (op == 1)
				party_set_and(x, y);
			else
				party_set_minus(x, y);
			party_set_settle(x);
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
