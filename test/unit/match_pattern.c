/*
 * match_pattern.c: patterns of LIKE against the slow obvious way, on random patterns and texts of few letters, while patterns are added; and what
 * SQL says of some that are easily got wrong.
 */
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "segment/match_index.h"
#include "../lib/reallocate.h"

static uint64_t seed = 20261122;

static uint32_t
draw(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t) (seed >> 33) % below;
}

/* the standard's words, character by character */
static bool
slow(const char *p, const char *pe, const char *t, const char *te, bool utf8)
{
	if (p == pe)
		return t == te;
	if (*p == '%')
	{
		for (;;)
		{
			if (slow(p + 1, pe, t, te, utf8))
				return true;
			if (t == te)
				return false;
			t++;
			while (utf8 && t < te && (*t & 0xc0) == 0x80)
				t++;
		}
	}
	if (t == te)
		return false;
	if (*p == '_')
	{
		t++;
		while (utf8 && t < te && (*t & 0xc0) == 0x80)
			t++;
		return slow(p + 1, pe, t, te, utf8);
	}
	if (*p == '\\' && p + 1 < pe)
		p++;
	return *p == *t && slow(p + 1, pe, t + 1, te, utf8);
}

/* letters of one, two and three bytes */
static size_t
make(char *to, uint32_t most, bool pattern)
{
	static const char *const letter[] = {"a", "b", "a", "\xc3\xa9", "\xe2\x82\xac", "%", "_", "\\"};
	uint32_t	n = draw(most + 1);

	*to = 0;
	for (uint32_t i = 0; i < n; i++)
	{
		uint32_t	k = draw(pattern ? 11 : 8);

		strcat(to, k < 8 ? letter[k] : k == 8 ? "_" : "%");
		if (pattern && k == 7)
			strcat(to, letter[draw(8)]);
	}
	return strlen(to);
}

/* so many bytes of literals, then what is told */
static bool
long_one(size_t literals, const char *rest, size_t text_len, const char *end)
{
	char		pattern[400],
				text[400];
	uint32_t	found[1];
	segment_patterns *ps = segment_patterns_new(reallocate, NULL, true);
	bool		holds;

	memset(pattern, 'x', literals);
	strcpy(pattern + literals, rest);
	memset(text, 'x', text_len);
	strcpy(text + text_len, end);
	segment_patterns_add(ps, 1, pattern, strlen(pattern));
	holds = segment_patterns_match(ps, text, strlen(text), found) == 1;
	segment_patterns_free(ps);
	return holds;
}

int
main(void)
{
	static char pattern[3000][64];
	static uint32_t found[3000];
	static bool holds[3000];
	static const struct
	{
		const char *pattern,
				   *text;
		bool		is;
	}			known[] = {
		{"", "", true}, {"", "a", false}, {"%", "", true}, {"_", "", false}, {"_", "\xc3\xa9", true}, {"__", "\xc3\xa9", false}, {"a\\%", "a%", true}, {"a\\%", "ab", false},
		{"a\\%%", "a%b", true}, {"a\\\\%", "a\\b", true}, {"a\\\\%", "ab", false}, {"a\\_b", "a_b", true}, {"a\\_b", "axb", false}, {"%a%b%a", "aaba", true}, {"%a%b%a", "aab", false},
		{"%aab", "aaab", true}, {"%a_b", "aaxb", true}, {"a%b_", "abbb", true}, {"\\a", "a", true}, {"%%_%%", "", false}, {"%%_%%", "\xe2\x82\xac", true}, {"ab", "abc", false}, {"abc", "ab", false}
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
	{
		segment_patterns *ps = segment_patterns_new(reallocate, NULL, true);
		size_t		len = strlen(known[i].pattern);

		segment_patterns_add(ps, 7, known[i].pattern, len);
		CHECK(segment_pattern_valid(known[i].pattern, len) && (segment_patterns_match(ps, known[i].text, strlen(known[i].text), found) == 1) == known[i].is &&
			  segment_pattern_matches(known[i].pattern, len, known[i].text, strlen(known[i].text), true) == known[i].is, "'%s' like '%s' is %s", known[i].text, known[i].pattern, known[i].is ? "true" : "false");
		segment_patterns_free(ps);
	}
	CHECK(!segment_pattern_valid("a\\", 2) && !segment_pattern_valid("\\", 1) && segment_pattern_valid("a\\\\", 3) && !segment_pattern_valid("%\\\\\\", 4) && segment_pattern_valid("", 0),
		  "a pattern that ends in an escape is none");
	for (size_t n = 60; n < 70; n++)
		CHECK(long_one(n, "", n, "") && !long_one(n, "", n, "x") && !long_one(n, "", n - 1, "") && long_one(n, "%", n, "") && long_one(n, "%", n, "yz") && !long_one(n, "%", n - 1, "y") &&
			  long_one(n, "_", n, "y") && long_one(n, "%z", n + 50, "z") && !long_one(n, "y", n, "x"), "a beginning of %d bytes", (int) n);
	for (int utf8 = 0; utf8 < 2; utf8++)
	{
		segment_patterns *ps = segment_patterns_new(reallocate, NULL, utf8);
		int			wrong = 0,
					again = 0;
		uint32_t	all = 0;

		for (uint32_t n = 0; n < 3000; n++)
		{
			char		text[64];
			size_t		len = make(text, 9, false);
			uint32_t	f;

			segment_patterns_add(ps, n, pattern[n], make(pattern[n], n % 7 + n % 3, true));
			if (n % 5)
				continue;
			f = segment_patterns_match(ps, text, len, found);
			memset(holds, 0, sizeof(holds));
			for (uint32_t i = 0; i < f; i++)
			{
				again += holds[found[i]];
				holds[found[i]] = true;
			}
			for (uint32_t i = 0; i <= n; i++)
			{
				bool		is = slow(pattern[i], pattern[i] + strlen(pattern[i]), text, text + len, utf8);

				wrong += holds[i] != is || segment_pattern_matches(pattern[i], strlen(pattern[i]), text, len, utf8) != is;
			}
			all += f;
		}
		CHECK(wrong == 0 && again == 0 && all > 10000 && segment_patterns_count(ps) == 3000, "%s: random patterns as the slow way has them: %d wrong, %d told again, %u held", utf8 ? "UTF-8" : "bytes", wrong, again, all);
		segment_patterns_free(ps);
	}
	return unit_done();
}
