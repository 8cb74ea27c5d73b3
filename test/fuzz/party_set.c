/*
 * party_set.c: bytes from outside as a set of parties: what is taken can be walked, counted, searched, joined and written back, with one answer.
 */
#include <stdlib.h>
#include <string.h>

#include "activity/party_set.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(c) do { if (!(c)) __builtin_trap(); } while (0)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t    *b = malloc(size ? size : 1);

	memcpy(b, data, size);
	if (party_set_sound(b, size))
	{
		party_set  *s = party_set_read(b, size),
				   *t = party_set_new();
		party_set_place at = {0};
		int64_t		id[100],
					before = 0;
		uint64_t	n = 0;
		size_t		some,
					len;
		uint8_t    *w,
				   *out;

		while ((some = party_set_take(s, &at, id, 1 + n % 100)) > 0)
			for (size_t i = 0; i < some; i++, n++)
			{
				MUST(n == 0 || id[i] > before);
				before = id[i];
				if (n < 2000)
					MUST(party_set_has(s, before) && party_set_bytes_have(b, size, before));
				if (n < 2000)
					party_set_add(t, before);
			}
		MUST(n == party_set_count(s) && n == party_set_bytes_count(b, size));
		MUST(n > 2000 || party_set_equal(s, t));
		MUST(party_set_common(s, t) == party_set_count(t));
		party_set_minus(s, t);
		MUST(party_set_common(s, t) == 0);
		party_set_or(s, t, true);
		party_set_settle(s);
		MUST(party_set_count(s) == n);
		len = party_set_bytes(s);
		w = malloc(len);
		party_set_write(s, w);
		MUST(party_set_sound(w, len) && party_set_bytes_count(w, len) == n);
		{
			/* the same where the bytes lie */
			party_set_work *k = party_set_work_new();

			party_set_work_or(k, w, len);
			party_set_work_or(k, b, size);
			MUST(party_set_work_count(k) == n && party_set_bytes_common(b, size, w, len) == n && party_set_bytes_common(w, len, b, size) == n);
			party_set_work_and(k, b, size);
			some = party_set_work_bytes(k);
			out = malloc(some);
			party_set_work_write(k, out);
			MUST(party_set_sound(out, some) && party_set_bytes_count(out, some) == n && party_set_bytes_common(b, size, out, some) == n);
			free(out);
			party_set_work_free(k);
		}
		party_set_and(s, t);
		MUST(party_set_equal(s, t));
		free(w);
		party_set_free(s);
		party_set_free(t);
	}
	free(b);
	return 0;
}
