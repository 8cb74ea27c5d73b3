/*
 * name.c: how alike two names of persons are, whatever the order of their words: initials, particles, hyphenated and double names, forms
 * of given names, maiden names. Names come in folded, so that case, accents and scripts make no difference.
 */
#include "match/match_private.h"

#include <string.h>

#include "text/text.h"

static const char titles[] = " mr mrs ms miss mme mlle mlles mmes monsieur madame mademoiselle mister dr doctor docteur doktor prof professeur professor herr frau fraulein hr"
	" dipl ing sir lady lord sr sra srta senor senora dott dottore dottoressa sig signor signora signore dhr mevr mevrouw meneer maitre mgr ";
static const char particles[] = " de du des d da do dos das di del della delle dei degli dal la le les l las los van von vom vande der den dem het ter ten te t zu zum zur"
	" el al as ul ur bin ibn bint abu abou ben bou y i e und et and of ap o mac mc fitz af av jr junior senior pere fils ii iii ";
static const char markers[] = " nee ne geb geborene born epouse ep epse veuve vve veve verw verh dite dit alias aka divorcee ";

/* The words of a folded name. What carries little (titles) is left out, as long as something stays. */
static void
read_name(const char *s, size_t n, match_words *w)
{
	text_token	token[3 * WORDS_MAX];
	size_t		count = text_tokens(s, n, token, 3 * WORDS_MAX);
	bool		full;

	w->count = 0;
	w->cut = count > 3 * WORDS_MAX;
	w->marked = false;
	if (count > 3 * WORDS_MAX)
		count = 3 * WORDS_MAX;
	for (int pass = 0; pass < 2 && w->count == 0; pass++)
	{
		/* of a name with many words particles go first */
		full = count > WORDS_MAX;
		for (size_t i = 0; i < count; i++)
		{
			const char *t = token[i].s;
			size_t		m = token[i].n;
			double		weight = 1;

			if (pass == 0 && m > 1 && m < 16)
			{
				if (match_is_one_of(t, m, titles))
					continue;
				if (i > 0 && i + 1 < count && match_is_one_of(t, m, markers))
				{
					w->marked = true;
					continue;
				}
				if (match_is_one_of(t, m, particles))
					weight = 0.2;
				else if (match_is_one_of(t, m, " st ste sainte sankt san santa "))
					t = "saint", m = 5;
			}
			else if (m == 1)
				weight = match_is_one_of(t, m, particles) && i + 1 < count ? 0.2 : 0.5;
			if (pass == 0 && full && weight < 0.3)
				continue;
			if (!match_words_add(w, t, m, weight))
				break;
		}
	}
}

static double
words_alike(const match_word *a, const match_word *b)
{
	if (a->n == b->n && memcmp(a->s, b->s, a->n) == 0)
		return 1;
	/* an initial says little; that its weight is half is in the pair's weight already */
	if (a->n == 1 || b->n == 1)
		return a->s[0] == b->s[0] ? 0.9 : 0;
	if (nickname_same(nickname_find(a->s, a->n), nickname_find(b->s, b->n)))
		return 0.94;
	return match_spelling(a, b);
}

/* name_similarity: see match.h */
double
name_similarity(const char *a, size_t na, const char *b, size_t nb)
{
	match_words	x,
				y;
	bool		in_order;
	double		s;
	int			r = memcmp(a, b, na < nb ? na : nb);

	if (r == 0 && na == nb)
		return 1;
	if (na == 0 || nb == 0)
		return 0;
	/* one order of the two, so that both directions give the same value to the last bit */
	if (r > 0 || (r == 0 && na > nb))
		return name_similarity(b, nb, a, na);
	read_name(a, na, &x);
	read_name(b, nb, &y);
	match_words_join(&x, &y, true);
	s = match_words_compare(&x, &y, words_alike, x.marked || y.marked ? 0.1 : 0.25, &in_order);
	if (!in_order)
		s *= 0.98;
	/* names that are written differently are never wholly equal */
	return s > 0.99 ? 0.99 : s;
}
