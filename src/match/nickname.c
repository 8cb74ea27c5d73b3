/*
 * nickname.c: whether two given names are forms of one name, such as bob and robert, by the table of data/nicknames.tsv.
 */
#include "match/match_private.h"

#include <string.h>

/* nickname_find: the number of a folded word in the table, -1 when it is not there: a question for each distinct value, not for each pair. */
int
nickname_find(const char *s, size_t n)
{
	int			low,
				high;

	if (n == 0 || s[0] < 'a' || s[0] > 'z')
		return -1;
	low = nickname_first[s[0] - 'a'];
	high = nickname_first[s[0] - 'a' + 1];
	while (low < high)
	{
		int			middle = (low + high) / 2;
		const nickname_word *w = &nickname_words[middle];
		int			r = memcmp(w->s, s, w->len < n ? w->len : n);

		if (r == 0)
			r = (w->len > n) - (w->len < n);
		if (r == 0)
			return middle;
		if (r < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

static bool
is_name(const nickname_word *w)
{
	for (int i = 0; i < w->n; i++)
		if (nickname_lines[w->at + i] & 1)
			return true;
	return false;
}

/*
 * nickname_same: whether two different words of the table are forms of one name: one is the name of a line and the other stands in it, or both stand in
 * one and neither has a line of its own (bob and rob are robert; marion and manon are not both marie).
 */
bool
nickname_same(int a, int b)
{
	const nickname_word *x,
			   *y;
	bool		forms = false;

	if (a < 0 || b < 0)
		return false;
	x = &nickname_words[a];
	y = &nickname_words[b];
	for (int i = 0, j = 0; i < x->n && j < y->n;)
	{
		uint16_t	p = nickname_lines[x->at + i],
					q = nickname_lines[y->at + j];

		if (p >> 1 == q >> 1)
		{
			if ((p | q) & 1)
				return true;
			forms = true;
		}
		if (p >> 1 <= q >> 1)
			i++;
		if (p >> 1 >= q >> 1)
			j++;
	}
	return forms && !is_name(x) && !is_name(y);
}
