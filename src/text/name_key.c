/*
 * name_key.c: tokens of a folded text, and the key under which a personal name is indexed: its tokens in byte order.
 */
#include <stdlib.h>
#include <string.h>

#include "text/text.h"

size_t
text_tokens(const char *folded, size_t n, text_token *tokens, size_t cap)
{
	size_t		count = 0,
				i = 0;

	while (i < n)
	{
		size_t		start;

		while (i < n && folded[i] == ' ')
			i++;
		start = i;
		while (i < n && folded[i] != ' ')
			i++;
		if (i > start)
		{
			if (count < cap)
				tokens[count] = (text_token) {folded + start, i - start};
			count++;
		}
	}
	return count;
}

static int
compare_tokens(const void *a, const void *b)
{
	const text_token *x = a,
			   *y = b;
	int			r = memcmp(x->s, y->s, x->n < y->n ? x->n : y->n);

	return r != 0 ? r : (x->n > y->n) - (x->n < y->n);
}

size_t
text_name_key(const char *folded, size_t n, text_token *tokens, size_t ntokens, char *out)
{
	size_t		at = 0;

	ntokens = text_tokens(folded, n, tokens, ntokens);
	qsort(tokens, ntokens, sizeof(text_token), compare_tokens);
	for (size_t i = 0; i < ntokens; i++)
	{
		if (i > 0)
			out[at++] = ' ';
		memcpy(out + at, tokens[i].s, tokens[i].n);
		at += tokens[i].n;
	}
	return at;
}
