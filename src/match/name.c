/*
 * name.c: how alike two names of persons are, whatever the order of their words: initials, particles, hyphenated and double names, forms
 * of given names, maiden names. Names come in folded, so that case, accents and scripts make no difference.
 */
#include "match/match_private.h"

#include <string.h>

#include "text/text.h"

enum { TITLE = 1, PARTICLE, MARKER, SAINT };

/* words that are no part of a name, or carry little of it; in byte order */
static const match_class words[] = {
	{"abou", PARTICLE}, {"abu", PARTICLE}, {"af", PARTICLE}, {"aka", MARKER}, {"al", PARTICLE}, {"alias", MARKER}, {"and", PARTICLE},
	{"ap", PARTICLE}, {"as", PARTICLE}, {"av", PARTICLE}, {"ben", PARTICLE}, {"bin", PARTICLE}, {"bint", PARTICLE}, {"born", MARKER},
	{"bou", PARTICLE}, {"d", PARTICLE}, {"da", PARTICLE}, {"dal", PARTICLE}, {"das", PARTICLE}, {"de", PARTICLE}, {"degli", PARTICLE},
	{"dei", PARTICLE}, {"del", PARTICLE}, {"della", PARTICLE}, {"delle", PARTICLE}, {"dem", PARTICLE}, {"den", PARTICLE}, {"der", PARTICLE},
	{"des", PARTICLE}, {"dhr", TITLE}, {"di", PARTICLE}, {"dipl", TITLE}, {"dit", MARKER}, {"dite", MARKER}, {"divorcee", MARKER},
	{"do", PARTICLE}, {"docteur", TITLE}, {"doctor", TITLE}, {"doktor", TITLE}, {"dos", PARTICLE}, {"dott", TITLE}, {"dottore", TITLE},
	{"dottoressa", TITLE}, {"dr", TITLE}, {"du", PARTICLE}, {"e", PARTICLE}, {"el", PARTICLE}, {"ep", MARKER}, {"epouse", MARKER},
	{"epse", MARKER}, {"et", PARTICLE}, {"fils", PARTICLE}, {"fitz", PARTICLE}, {"frau", TITLE}, {"fraulein", TITLE}, {"geb", MARKER},
	{"geborene", MARKER}, {"herr", TITLE}, {"het", PARTICLE}, {"hr", TITLE}, {"i", PARTICLE}, {"ibn", PARTICLE}, {"ii", PARTICLE},
	{"iii", PARTICLE}, {"ing", TITLE}, {"jr", PARTICLE}, {"junior", PARTICLE}, {"l", PARTICLE}, {"la", PARTICLE}, {"lady", TITLE},
	{"las", PARTICLE}, {"le", PARTICLE}, {"les", PARTICLE}, {"lord", TITLE}, {"los", PARTICLE}, {"mac", PARTICLE}, {"madame", TITLE},
	{"mademoiselle", TITLE}, {"maitre", TITLE}, {"mc", PARTICLE}, {"meneer", TITLE}, {"mevr", TITLE}, {"mevrouw", TITLE}, {"mgr", TITLE},
	{"miss", TITLE}, {"mister", TITLE}, {"mlle", TITLE}, {"mlles", TITLE}, {"mme", TITLE}, {"mmes", TITLE}, {"monsieur", TITLE},
	{"mr", TITLE}, {"mrs", TITLE}, {"ms", TITLE}, {"ne", MARKER}, {"nee", MARKER}, {"o", PARTICLE}, {"of", PARTICLE}, {"pere", PARTICLE},
	{"prof", TITLE}, {"professeur", TITLE}, {"professor", TITLE}, {"saint", SAINT}, {"sainte", SAINT}, {"san", SAINT}, {"sankt", SAINT},
	{"santa", SAINT}, {"senior", PARTICLE}, {"senor", TITLE}, {"senora", TITLE}, {"sig", TITLE}, {"signor", TITLE}, {"signora", TITLE},
	{"signore", TITLE}, {"sir", TITLE}, {"sr", TITLE}, {"sra", TITLE}, {"srta", TITLE}, {"st", SAINT}, {"ste", SAINT}, {"t", PARTICLE},
	{"te", PARTICLE}, {"ten", PARTICLE}, {"ter", PARTICLE}, {"ul", PARTICLE}, {"und", PARTICLE}, {"ur", PARTICLE}, {"van", PARTICLE},
	{"vande", PARTICLE}, {"verh", MARKER}, {"verw", MARKER}, {"veuve", MARKER}, {"veve", MARKER}, {"vom", PARTICLE}, {"von", PARTICLE},
	{"vve", MARKER}, {"y", PARTICLE}, {"zu", PARTICLE}, {"zum", PARTICLE}, {"zur", PARTICLE}};

/* match_is_title: whether a folded word is no part of a name. */
bool
match_is_title(const char *s, size_t n)
{
	return match_class_of(words, sizeof words / sizeof *words, s, n) == TITLE;
}

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
			int			class = match_class_of(words, sizeof words / sizeof *words, t, m);

			if (pass == 0 && m > 1)
			{
				if (class == TITLE)
					continue;
				if (class == MARKER && i > 0 && i + 1 < count)
				{
					w->marked = true;
					continue;
				}
				if (class == PARTICLE)
					weight = 0.2;
				else if (class == SAINT)
					t = "saint", m = 5;
			}
			else if (m == 1)
				weight = class == PARTICLE && i + 1 < count ? 0.2 : 0.5;
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
	if (nickname_same(a->given, b->given))
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
	match_words_given(&x);
	match_words_given(&y);
	s = match_words_compare(&x, &y, words_alike, x.marked || y.marked ? 0.1 : 0.25, &in_order);
	if (!in_order)
		s *= 0.98;
	/* names that are written differently are never wholly equal */
	return s > 0.99 ? 0.99 : s;
}
