/*
 * fold: any bytes as text. Refused exactly when they are not UTF-8; else the length is exact and within the bound, nothing is written
 * beyond the room given, the short way gives what the general one gives, in one piece or in many, and the result folds to itself.
 */
#include <stdlib.h>
#include <string.h>

#include "text/text.h"

#define ENSURE(condition) do { if (!(condition)) abort(); } while (0)

static size_t
fold(const char *s, size_t n, char **out)
{
	char	   *copy = malloc(n ? n : 1);
	size_t		len;

	memcpy(copy, s, n);
	len = text_fold(copy, n, NULL, 0);
	*out = malloc(len != TEXT_BAD_UTF8 && len ? len : 1);
	if (len != TEXT_BAD_UTF8)
		ENSURE(text_fold(copy, n, *out, len) == len);
	free(copy);
	return len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *) data;
	char	   *first,
			   *again,
			   *slow;
	size_t		n = fold(s, size, &first);
	text_folder f;

	if (n == TEXT_BAD_UTF8)
	{
		text_fold_start(&f, NULL, 0);
		ENSURE(!text_fold_general(&f, s, size));
		free(first);
		return 0;
	}
	ENSURE(n <= text_fold_bound(size));
	ENSURE(fold(first, n, &again) == n && memcmp(first, again, n) == 0);
	for (size_t i = 0; i < n; i++)
		ENSURE(first[i] != ' ' || (i > 0 && i + 1 < n && first[i + 1] != ' '));

	slow = malloc(n ? n : 1);
	text_fold_start(&f, slow, n);
	ENSURE(text_fold_general(&f, s, size) && f.now.len == n && memcmp(first, slow, n) == 0);

	/* in pieces, and into too little room */
	text_fold_start(&f, slow, n / 2);
	for (size_t i = 0, k; i < size; i = k)
	{
		for (k = i + 1; k < size && (data[k] & 0xC0) == 0x80; k++)
			;
		ENSURE(text_fold_feed(&f, s + i, k - i));
	}
	ENSURE(f.now.len == n && memcmp(first, slow, n / 2) == 0);

	/* its tokens, and the key of a name */
	{
		size_t		count = text_tokens(first, n, NULL, 0);
		text_token *tokens = malloc((count + 1) * sizeof *tokens);
		char	   *key = malloc(n ? n : 1),
				   *twice = malloc(n ? n : 1);

		ENSURE(text_name_key(first, n, tokens, count, key) == n);
		ENSURE(text_tokens(key, n, tokens, count) == count);
		ENSURE(text_name_key(key, n, tokens, count, twice) == n && memcmp(key, twice, n) == 0);
		free(tokens);
		free(key);
		free(twice);
	}
	free(first);
	free(again);
	free(slow);
	return 0;
}
