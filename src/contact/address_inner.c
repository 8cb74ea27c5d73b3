/*
 * address_inner.c: what an address says beside the street: care of, post box, apartment; floors, staircases and buildings are left out.
 */
#include <string.h>

#include "contact/address_private.h"

/* The number of an apartment or floor at token i: digits with letters, or one letter that is no elided article. */
static bool
is_number_or_letter(const work *w, int i)
{
	const token *t = &w->tokens[i];

	for (int k = 0; k < t->n && t->n <= 6; k++)
		if (t->s[k] >= '0' && t->s[k] <= '9')
			return true;
	return t->n == 1 && t->s[0] >= 'a' && (i + 1 >= w->n || t[1].by != BY_APOSTROPHE);
}

static bool
is_argument(const work *w, int i)
{
	return i < w->n && w->tokens[i].by != BY_BREAK && is_number_or_letter(w, i);
}

/* apt no 4: the index of the 4 behind the words up to i, or 0 */
static int
argument(const work *w, int i)
{
	int			count;

	if (i < w->n && w->tokens[i].by != BY_BREAK && address_find_tokens(w, i, w->n, WORD_NUMBER, LANGUAGE_XX, &count) != NULL && is_argument(w, i + count))
		return i + count;
	return is_argument(w, i) ? i : 0;
}

static bool
is_ordinal(const token *t)
{
	static const char *const endings[] = {"e", "eme", "er", "ere", "ieme", "th", "st", "nd", "rd"};
	int			digits = token_leading_digits(t);

	for (size_t k = 0; digits > 0 && k < sizeof endings / sizeof *endings; k++)
		if ((size_t) t->n == digits + strlen(endings[k]) && memcmp(t->s + digits, endings[k], t->n - digits) == 0)
			return true;
	return false;
}

/* 3e etage, 3 eme etage, 2. OG: how many tokens, or 0. */
static int
ordinal_floor(const work *w, int i)
{
	int			k = i + 1,
				count;
	const address_word *word;
	bool		ordinal = is_ordinal(&w->tokens[i]);

	if (!ordinal && !token_digits(&w->tokens[i]))
		return 0;
	if (!ordinal && k < w->n && (token_is(&w->tokens[k], "eme") || token_is(&w->tokens[k], "e") || token_is(&w->tokens[k], "er")))
		k++, ordinal = true;
	if (k >= w->n || w->tokens[k].by == BY_BREAK)
		return 0;
	word = address_find_tokens(w, k, w->n, WORD_INNER, w->languages, &count);
	if (word == NULL || strcmp(word->canonical, "floor") != 0)
		return 0;
	return ordinal || w->tokens[k].by == BY_DOT || argument(w, k + count) == 0 ? k + count - i : 0;
}

/* Care of, at the head of a line: up to the first number, if there is one in the address. */
static void
drop_care(work *w)
{
	for (int i = 0; i < w->n; i++)
	{
		int			count,
					end = i,
					after;

		if (w->tokens[i].by != BY_BREAK || address_find_tokens(w, i, w->n, WORD_CARE, LANGUAGE_XX, &count) == NULL)
			continue;
		while (end < address_segment_end(w, i) && !token_starts_with_digit(&w->tokens[end]))
			end++;
		for (after = end; after < w->n && !token_starts_with_digit(&w->tokens[after]); after++)
			;
		if (after < w->n || i > 0)
			address_remove(w, i, end - i), i--;
	}
}

static void
take_unit(work *w, int i, int arg)
{
	address    *a = w->a;
	const token *t = &w->tokens[arg];
	int			last = arg,
				zeros = 0;

	if (a->unit.n == 0)
	{
		while (zeros + 1 < t->n && t->s[zeros] == '0')
			zeros++;
		part_add(a, &a->unit, t->s + zeros, t->n - zeros);
		/* 4-b is 4b, 3/2 is 3-2 */
		if (arg + 1 < w->n && (t[1].by == BY_HYPHEN || t[1].by == BY_SLASH) && (t[1].n == 1 || token_digits(t + 1)))
		{
			if (token_digits(t + 1))
				part_append(a, &a->unit, "-", 1);
			part_append(a, &a->unit, t[1].s, t[1].n);
			last++;
		}
	}
	address_remove(w, i, last + 1 - i);
	/* in English what is behind the apartment is the city */
	if (w->place_last && i < w->n && i > 0 && token_starts_with_digit(&w->tokens[address_segment_start(w, i - 1)]))
		w->tokens[i].by = BY_BREAK;
}

void
address_read_inner(work *w)
{
	drop_care(w);
	for (int i = 0; i < w->n;)
	{
		int			count,
					arg;
		const address_word *word;

		if ((word = address_find_tokens(w, i, w->n, WORD_BOX, w->languages, &count)) != NULL && (arg = argument(w, i + count)) > 0 && token_starts_with_digit(&w->tokens[arg]))
		{
			address_part *box = &w->a->box;
			bool		add = box->n == 0 || w->languages & LANGUAGE_EN;
			int			last = arg;

			/* rural route 2 box 152 has two numbers: 2-152 */
			while (last + 1 < w->n && w->tokens[last + 1].by == BY_HYPHEN && token_digits(&w->tokens[last + 1]))
				last++;
			for (int k = arg; add && k <= last; k++)
			{
				if (box->n > 0)
					part_append(w->a, box, "-", 1);
				part_append(w->a, box, w->tokens[k].s, w->tokens[k].n);
			}
			address_remove(w, i, last + 1 - i);
		}
		else if (word != NULL && (w->tokens[i].n > 6 || (count > 1 && w->tokens[i + count - 1].n > 2)) && w->tokens[i].by == BY_BREAK && address_segment_end(w, i) == i + count)
			address_remove(w, i, count);
		else if (address_find_tokens(w, i, w->n, WORD_ALONE, w->languages, &count) != NULL && (count > 1 || w->tokens[i].n > 2 || i > 0) && address_segment_start(w, i) + 1 != i)
			address_remove(w, i, count);
		else if ((count = ordinal_floor(w, i)) > 0)
			address_remove(w, i, count);
		else if (address_find_tokens(w, i, w->n, WORD_UNIT, w->languages, &count) != NULL && (arg = argument(w, i + count)) > 0)
			take_unit(w, i, arg);
		else if (address_find_tokens(w, i, w->n, WORD_INNER, w->languages, &count) != NULL && (arg = argument(w, i + count)) > 0)
			address_remove(w, i, arg + 1 - i);
		else if (memcmp(w->a->country, "BE", 2) == 0 && token_is(&w->tokens[i], "b") && i > 0 && token_starts_with_digit(&w->tokens[i - 1]) && i + 1 < w->n && token_starts_with_digit(&w->tokens[i + 1]))
			take_unit(w, i, i + 1);
		else if (w->tokens[i].hash && i > 0 && is_number_or_letter(w, i))
			take_unit(w, i, i);
		else
			i++;
	}
}
