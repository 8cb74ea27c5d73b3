/*
 * words.c: two lists of words of names compared: words are paired so that their likeness is greatest, and what is left over on both sides
 * counts against it. For name.c and organisation.c.
 */
#include "match/match_private.h"

#include <string.h>

/* match_is_one_of: whether the word stands in a list of words with a space around each. */
bool
match_is_one_of(const char *s, size_t n, const char *words)
{
	for (const char *p = words + 1; *p != 0;)
	{
		const char *end = strchr(p, ' ');

		if ((size_t) (end - p) == n && memcmp(p, s, n) == 0)
			return true;
		p = end + 1;
	}
	return false;
}

/* match_class_of: the class of a word in a table in byte order, 0 when it is not there. */
int
match_class_of(const match_class *table, int count, const char *s, size_t n)
{
	int			low = 0;

	while (low < count)
	{
		int			middle = (low + count) / 2,
					r = strncmp(table[middle].word, s, n);

		if (r == 0)
			r = table[middle].word[n] != 0;
		if (r == 0)
			return table[middle].class;
		if (r < 0)
			low = middle + 1;
		else
			count = middle;
	}
	return 0;
}

/* match_words_given: looks up which words are given names. */
void
match_words_given(match_words *w)
{
	for (int i = 0; i < w->count; i++)
		w->word[i].given = nickname_find(w->word[i].s, w->word[i].n);
}

/* match_words_add: false when there is no room for more. A long word is cut where a character ends. */
bool
match_words_add(match_words *w, const char *s, size_t n, double weight)
{
	char	   *to = w->count == 0 ? w->room : (char *) w->word[w->count - 1].s + w->word[w->count - 1].n;

	if (w->count == WORDS_MAX)
	{
		w->cut = true;
		return false;
	}
	if (n > WORD_BYTES)
	{
		w->cut = true;
		for (n = WORD_BYTES; n > 0 && ((unsigned char) s[n] & 0xc0) == 0x80; n--)
			;
	}
	memcpy(to, s, n);
	w->word[w->count++] = (match_word) {to, (uint8_t) n, -1, weight};
	return true;
}

/* Whether two words differ only in how an umlaut is written: mueller, muller (fold takes the marks off). */
static bool
same_but_umlauts(const match_word *a, const match_word *b)
{
	int			i = 0,
				j = 0;

	while (i < a->n && j < b->n)
	{
		if (a->s[i] == b->s[j])
		{
			i++;
			j++;
		}
		else if (i > 0 && a->s[i] == 'e' && strchr("aou", a->s[i - 1]) != NULL)
			i++;
		else if (j > 0 && b->s[j] == 'e' && strchr("aou", b->s[j - 1]) != NULL)
			j++;
		else
			return false;
	}
	return i == a->n && j == b->n;
}

/* match_spelling: 0 to 1 for how alike two words are written or sound; what is less alike than a slip of the pen is little. */
double
match_spelling(const match_word *a, const match_word *b)
{
	uint32_t	work[SIMILARITY_WORK(WORD_BYTES, WORD_BYTES)];
	double		s;
	int			shorter = a->n < b->n ? a->n : b->n,
				longer = a->n < b->n ? b->n : a->n;

	/* no Jaro-Winkler value of such lengths reaches 0.75 */
	if (shorter * 3 < longer)
		return 0;
	if (longer - shorter <= 2 && same_but_umlauts(a, b))
		return 0.98;
	s = jaro_winkler(a->s, a->n, b->s, b->n, work);
	if (s >= 0.9 || s < 0.75)
		return s < 0.75 ? 0 : s;
	if (shorter >= 5)
	{
		char		x[PHONETIC_CODES][PHONETIC_LENGTH + 1],
					y[PHONETIC_CODES][PHONETIC_LENGTH + 1];
		int			n = phonetic_codes(a->s, a->n, x),
					m = phonetic_codes(b->s, b->n, y);

		for (int i = 0; i < n; i++)
			for (int j = 0; j < m; j++)
				if (strcmp(x[i], y[j]) == 0)
					return 0.9;
	}
	return (s - 0.75) * 6;
}

/* Puts words from .. to - 1 together: they follow each other in the room. */
static void
join(match_words *w, int from, int to)
{
	for (int i = from + 1; i < to; i++)
		w->word[from].n += w->word[i].n;
	w->word[from].weight = 1;
	memmove(&w->word[from + 1], &w->word[to], (size_t) (w->count - to) * sizeof(match_word));
	w->count -= to - from - 1;
}

/* Joins neighbours of a where that gives a word of b. */
static void
join_as(match_words *a, const match_words *b, bool given_names)
{
	for (int i = 0; i < a->count; i++)
	{
		size_t		n = a->word[i].n,
					shortest = n;

		for (int to = i + 1; to < a->count && to < i + 4; to++)
		{
			bool		found = false;

			n += a->word[to].n;
			shortest = a->word[to].n < shortest ? a->word[to].n : shortest;
			if (n > WORD_BYTES)
				break;
			for (int j = 0; j < b->count && !found; j++)
			{
				const match_word *w = &b->word[j];

				found = (w->n == n && memcmp(w->s, a->word[i].s, n) == 0) ||
					(given_names && to == i + 1 && w->n == 2 && nickname_same(nickname_find(w->s, w->n), nickname_find(a->word[i].s, n))) ||
					(n > 6 && shortest > 2 && w->n > n - 2 && w->n < n + 2 && match_spelling(&(match_word) {a->word[i].s, (uint8_t) n, -1, 1}, w) > 0.95);
			}
			if (found)
			{
				join(a, i, to + 1);
				break;
			}
		}
	}
}

/* match_words_join: words written in one piece on one side and in several on the other become one: de la tour, delatour. */
void
match_words_join(match_words *a, match_words *b, bool given_names)
{
	if (a->count > 1)
		join_as(a, b, given_names);
	if (b->count > 1)
		join_as(b, a, given_names);
}

/*
 * match_words_compare: 0 to 1. Of all ways to pair the words, the one with the greatest sum of likeness (a dynamic programme over the sets of
 * words of b). Words without a partner on both sides are a contradiction and count whole; those that only one side has count `surplus` of it.
 */
double
match_words_compare(const match_words *a, const match_words *b, match_words_alike alike, double surplus, bool *in_order)
{
	double		likeness[WORDS_MAX][WORDS_MAX],
				best[WORDS_MAX + 1][1 << WORDS_MAX],
				sum = 0,
				weight = 0,
				left_a = 0,
				left_b = 0,
				total;
	int			sets = 1 << b->count,
				set = sets - 1,
				last = -1;

	*in_order = true;
	if (a->count == 0 || b->count == 0)
		return a->count == b->count;
	for (int i = 0; i < a->count; i++)
	{
		left_a += a->word[i].weight;
		for (int j = 0; j < b->count; j++)
			likeness[i][j] = alike(&a->word[i], &b->word[j]) * (a->word[i].weight + b->word[j].weight) / 2 + (i == j) * 1e-9;
	}
	for (int j = 0; j < b->count; j++)
		left_b += b->word[j].weight;
	memset(best[0], 0, sets * sizeof(double));
	for (int i = 0; i < a->count; i++)
		for (int s = 0; s < sets; s++)
		{
			best[i + 1][s] = best[i][s];
			for (int j = 0; j < b->count; j++)
				if ((s >> j & 1) && best[i][s & ~(1 << j)] + likeness[i][j] > best[i + 1][s])
					best[i + 1][s] = best[i][s & ~(1 << j)] + likeness[i][j];
		}
	for (int i = a->count - 1; i >= 0; i--)
		for (int j = 0; j < b->count; j++)
			if ((set >> j & 1) && likeness[i][j] > 1e-6 && best[i + 1][set] == best[i][set & ~(1 << j)] + likeness[i][j])
			{
				double		w = (a->word[i].weight + b->word[j].weight) / 2;

				if (last >= 0 && j > last && w >= 0.4)
					*in_order = false;
				if (w >= 0.4)
					last = j;
				sum += likeness[i][j] - (i == j) * 1e-9;
				weight += w;
				left_a -= a->word[i].weight;
				left_b -= b->word[j].weight;
				set &= ~(1 << j);
				break;
			}
	total = weight + (left_a < left_b ? left_a : left_b) + surplus * (left_a < left_b ? left_b - left_a : left_a - left_b);
	return total > 0 ? sum / total : 0;
}
