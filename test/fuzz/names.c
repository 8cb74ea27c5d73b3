/*
 * names.c: comparison of names, sounds and registry numbers on any bytes: within 0 and 1, the same in both directions, 1 for equal ones, no read past the end.
 * A zero byte parts the two values; names are folded first, as the callers do.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "match/match.h"
#include "text/text.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *
exact(const char *s, size_t n)
{
	char	   *copy = malloc(n ? n : 1);

	memcpy(copy, s, n);
	return copy;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
	size_t		n[2] = {end != NULL ? (size_t) (end - data) : size, end != NULL ? size - (size_t) (end - data) - 1 : 0};
	char	   *raw[2] = {exact((const char *) data, n[0]), exact((const char *) (end != NULL ? end + 1 : data), n[1])},
			   *folded[2] = {NULL, NULL};
	size_t		m[2];
	char		number[REGISTRY_NUMBER],
				code[PHONETIC_CODES][PHONETIC_LENGTH + 1];
	int			valid = 1;

	for (int i = 0; i < 2; i++)
	{
		registry_kind kind = registry_number_find(raw[i], n[i], number);

		/* what was found is a number of its own, and names the same organisation */
		if (kind != REGISTRY_NONE && strlen(number) >= sizeof number)
			__builtin_trap();
		registry_number_read(raw[i], n[i], NULL);
		m[i] = text_fold(raw[i], n[i], NULL, 0);
		if (m[i] == TEXT_BAD_UTF8)
		{
			valid = 0;
			continue;
		}
		folded[i] = malloc(m[i] ? m[i] : 1);
		text_fold(raw[i], n[i], folded[i], m[i]);
		for (int k = phonetic_codes(folded[i], m[i], code) - 1; k >= 0; k--)
			if (strlen(code[k]) == 0 || strlen(code[k]) > PHONETIC_LENGTH)
				__builtin_trap();
	}
	if (valid)
	{
		match_keys	a = {0},
					b = {0};

		match_keys_person(&a, raw[0], n[0], raw[1], n[1], "", 0);
		match_keys_full_name(&b, raw[0], n[0]);
		match_keys_organisation(&b, raw[0], n[0]);
		match_keys_registry(&b, raw[1], n[1]);
		match_keys_email(&b, raw[0], n[0], true);
		match_keys_email_name(&b, raw[0], n[0]);
		match_keys_phone(&b, raw[0], n[0]);
		match_keys_address(&b, folded[0], m[0]);
		match_keys_place(&b, raw[0], n[0], raw[1], n[1]);
		if (a.n > MATCH_KEYS_MAX || b.n > MATCH_KEYS_MAX)
			__builtin_trap();
	}
	if (valid)
		for (int k = 0; k < 2; k++)
		{
			double		(*f) (const char *, size_t, const char *, size_t) = k == 0 ? name_similarity : organisation_similarity;
			double		s = f(folded[0], m[0], folded[1], m[1]);

			if (!(s >= 0 && s <= 1) || s != f(folded[1], m[1], folded[0], m[0]) || f(folded[0], m[0], folded[0], m[0]) != 1)
				__builtin_trap();
		}
	for (int i = 0; i < 2; i++)
	{
		free(raw[i]);
		free(folded[i]);
	}
	return 0;
}
