/*
 * Patterns of LIKE: whatever the bytes are, the patterns found together for a text are those that match one by one, and that the slow obvious way says match. The
 * input's first byte says whether it is UTF-8; then patterns, each ended by a zero, and the text.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "segment/match_index.h"
#include "../lib/reallocate.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* for each place in the pattern, from its end: whether what is left of it matches what is left of the text */
static bool
slow(const char *p, size_t len, const char *t, size_t text_len, bool utf8)
{
	bool	   *after = malloc(text_len + 1),
			   *now = malloc(text_len + 1),
				is;
	size_t	   *start = malloc((len + 1) * sizeof(size_t)),
				tokens = 0;

	for (size_t i = 0; i < len; i++)
	{
		start[tokens++] = i;
		i += p[i] == '\\' && i + 1 < len;
	}
	for (size_t i = 0; i <= text_len; i++)
		after[i] = i == text_len;
	while (tokens-- > 0)
	{
		const char *c = p + start[tokens];
		bool		escaped = *c == '\\' && start[tokens] + 1 < len,
				   *swap = after;

		for (size_t i = text_len + 1; i-- > 0;)
		{
			size_t		next = i + 1;

			while (utf8 && next < text_len && ((unsigned char) t[next] & 0xc0) == 0x80)
				next++;
			if (!escaped && *c == '%')
				now[i] = after[i] || (i < text_len && now[next]);
			else if (i == text_len)
				now[i] = false;
			else if (!escaped && *c == '_')
				now[i] = after[next];
			else
				now[i] = t[i] == c[escaped] && after[i + 1];
		}
		after = now;
		now = swap;
	}
	is = after[0];
	free(after);
	free(now);
	free(start);
	return is;
}

/* whole characters: what is not is asked about, but a '%' may stop in different middles of one */
static bool
is_whole(const char *s, size_t len)
{
	size_t		more = 0;

	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) s[i];

		if ((c & 0xc0) == 0x80 ? more == 0 : more > 0)
			return false;
		more = (c & 0xc0) == 0x80 ? more - 1 : c < 0xc0 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	}
	return more == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *copy,
			   *text;
	bool		utf8 = size && data[0] & 1;
	uint32_t	n = 0,
				found[64],
				f;
	uint64_t	holds = 0;
	size_t		from[64],
				len[64],
				text_len;
	segment_patterns *ps;

	if (size < 2 || size > 2000)
		return 0;
	copy = malloc(size - 1);
	memcpy(copy, data + 1, size - 1);
	ps = segment_patterns_new(reallocate, NULL, utf8);
	text_len = size - 1;
	text = copy;
	for (char *zero; n < 64 && (zero = memchr(text, 0, text_len)) != NULL; n++)
	{
		from[n] = (size_t) (text - copy);
		len[n] = (size_t) (zero - text);
		segment_patterns_add(ps, n, text, len[n]);
		text_len -= len[n] + 1;
		text = zero + 1;
	}
	/* of its exact size, too */
	text = memcpy(malloc(text_len ? text_len : 1), text, text_len);
	f = segment_patterns_match(ps, text, text_len, found);
	for (uint32_t i = 0; i < f; i++)
	{
		if (holds >> found[i] & 1)
			__builtin_trap();
		holds |= UINT64_C(1) << found[i];
	}
	for (uint32_t i = 0; i < n; i++)
	{
		bool		is;

		if (utf8 && !(is_whole(copy + from[i], len[i]) && is_whole(text, text_len)))
			continue;
		is = slow(copy + from[i], len[i], text, text_len, utf8);
		if (is != (holds >> i & 1) || is != segment_pattern_matches(copy + from[i], len[i], text, text_len, utf8))
			__builtin_trap();
	}
	segment_patterns_free(ps);
	free(text);
	free(copy);
	return 0;
}
