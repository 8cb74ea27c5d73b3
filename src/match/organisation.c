/*
 * organisation.c: how alike two names of organisations are: legal forms do not count, whatever their spelling; words that many bear count
 * little; an abbreviation by first letters counts as its name. Names come in folded.
 */
#include "match/match_private.h"

#include <string.h>

#include "text/text.h"

/*
 * Legal forms of France, Belgium, Switzerland, Germany, Austria, Great Britain, the United States, the Netherlands, Spain and Italy, folded, in one
 * word: "s a r l" has become sarl before it is looked up. The full forms of several words stand below.
 */
enum { LEGAL = 1, SMALL, COMMON };

static const match_class words[] = {
	{"ag", LEGAL}, {"agence", COMMON}, {"agency", COMMON}, {"and", SMALL}, {"asbl", LEGAL}, {"associates", COMMON}, {"associes", COMMON},
	{"assurance", COMMON}, {"assurances", COMMON}, {"atelier", COMMON}, {"ateliers", COMMON}, {"austria", COMMON}, {"auto", COMMON},
	{"automobile", COMMON}, {"automobiles", COMMON}, {"autos", COMMON}, {"bakery", COMMON}, {"bar", COMMON}, {"bat", COMMON},
	{"batiment", COMMON}, {"bau", COMMON}, {"belgique", COMMON}, {"belgium", COMMON}, {"boucherie", COMMON}, {"boulangerie", COMMON},
	{"bros", COMMON}, {"brothers", COMMON}, {"btp", COMMON}, {"butchers", COMMON}, {"bv", LEGAL}, {"bvba", LEGAL}, {"cabinet", COMMON},
	{"cafe", COMMON}, {"cic", LEGAL}, {"cie", COMMON}, {"cio", LEGAL}, {"co", LEGAL}, {"coiffure", COMMON}, {"comm", LEGAL},
	{"communication", COMMON}, {"commv", LEGAL}, {"company", LEGAL}, {"conseil", COMMON}, {"conseils", COMMON}, {"construction", COMMON},
	{"consulting", COMMON}, {"coop", LEGAL}, {"corp", LEGAL}, {"corporation", LEGAL}, {"cv", LEGAL}, {"cvba", LEGAL}, {"d", SMALL},
	{"de", SMALL}, {"des", SMALL}, {"design", COMMON}, {"deutschland", COMMON}, {"digital", COMMON}, {"distribution", COMMON}, {"du", SMALL},
	{"e", SMALL}, {"earl", LEGAL}, {"eg", LEGAL}, {"ei", LEGAL}, {"eingetragenerverein", LEGAL}, {"eirl", LEGAL}, {"ek", LEGAL},
	{"ekfm", LEGAL}, {"ekfr", LEGAL}, {"electricite", COMMON}, {"en", SMALL}, {"entreprise", COMMON}, {"epic", LEGAL}, {"espana", COMMON},
	{"et", SMALL}, {"etablissement", COMMON}, {"etablissements", COMMON}, {"ets", COMMON}, {"eurl", LEGAL}, {"europe", COMMON}, {"ev", LEGAL},
	{"export", COMMON}, {"fils", COMMON}, {"finance", COMMON}, {"firma", COMMON}, {"fleurs", COMMON}, {"france", COMMON}, {"frere", COMMON},
	{"freres", COMMON}, {"gaec", LEGAL}, {"garage", COMMON}, {"gbr", LEGAL}, {"gcv", LEGAL}, {"gebruder", COMMON}, {"gesmbh", LEGAL},
	{"ggmbh", LEGAL}, {"gie", LEGAL}, {"gmbh", LEGAL}, {"gmbhco", LEGAL}, {"gmbhcokg", LEGAL}, {"group", COMMON}, {"groupe", COMMON},
	{"grupo", COMMON}, {"gruppe", COMMON}, {"gruppo", COMMON}, {"handel", COMMON}, {"handels", COMMON}, {"holding", COMMON},
	{"holdings", COMMON}, {"hotel", COMMON}, {"il", SMALL}, {"immobilien", COMMON}, {"immobilier", COMMON}, {"import", COMMON},
	{"inc", LEGAL}, {"incorporated", LEGAL}, {"industrie", COMMON}, {"industries", COMMON}, {"informatique", COMMON},
	{"international", COMMON}, {"invest", COMMON}, {"italia", COMMON}, {"jardin", COMMON}, {"kg", LEGAL}, {"kgaa", LEGAL}, {"l", SMALL},
	{"la", SMALL}, {"le", SMALL}, {"les", SMALL}, {"limited", LEGAL}, {"llc", LEGAL}, {"llp", LEGAL}, {"lo", SMALL}, {"lp", LEGAL},
	{"ltd", LEGAL}, {"maatschap", LEGAL}, {"maconnerie", COMMON}, {"maison", COMMON}, {"mbh", LEGAL}, {"media", COMMON},
	{"menuiserie", COMMON}, {"nv", LEGAL}, {"of", SMALL}, {"ohg", LEGAL}, {"onlus", LEGAL}, {"osterreich", COMMON}, {"partg", LEGAL},
	{"partgmbb", LEGAL}, {"partner", COMMON}, {"partners", COMMON}, {"pc", LEGAL}, {"peinture", COMMON}, {"pere", COMMON},
	{"pharmacie", COMMON}, {"plc", LEGAL}, {"pllc", LEGAL}, {"plomberie", COMMON}, {"production", COMMON}, {"productions", COMMON},
	{"renovation", COMMON}, {"restaurant", COMMON}, {"sa", LEGAL}, {"sagl", LEGAL}, {"sapa", LEGAL}, {"sarl", LEGAL}, {"sarlgmbh", LEGAL},
	{"sarlu", LEGAL}, {"sas", LEGAL}, {"sasu", LEGAL}, {"sau", LEGAL}, {"sc", LEGAL}, {"sca", LEGAL}, {"scarl", LEGAL}, {"sccv", LEGAL},
	{"scea", LEGAL}, {"schweiz", COMMON}, {"sci", LEGAL}, {"scm", LEGAL}, {"scoop", LEGAL}, {"scop", LEGAL}, {"scp", LEGAL}, {"scpa", LEGAL},
	{"scpi", LEGAL}, {"scri", LEGAL}, {"scrl", LEGAL}, {"scs", LEGAL}, {"sdf", LEGAL}, {"se", LEGAL}, {"sel", LEGAL}, {"selarl", LEGAL},
	{"selas", LEGAL}, {"selasu", LEGAL}, {"sem", LEGAL}, {"service", COMMON}, {"services", COMMON}, {"sl", LEGAL}, {"sll", LEGAL},
	{"slne", LEGAL}, {"slu", LEGAL}, {"snc", LEGAL}, {"sociedadlimitada", LEGAL}, {"societe", COMMON}, {"sohne", COMMON},
	{"solutions", COMMON}, {"son", COMMON}, {"sons", COMMON}, {"spa", LEGAL}, {"spl", LEGAL}, {"sprl", LEGAL}, {"srl", LEGAL},
	{"srls", LEGAL}, {"stichting", LEGAL}, {"studio", COMMON}, {"suisse", COMMON}, {"systemes", COMMON}, {"systems", COMMON}, {"the", SMALL},
	{"trading", COMMON}, {"transport", COMMON}, {"transports", COMMON}, {"travaux", COMMON}, {"ug", LEGAL}, {"uk", COMMON}, {"und", SMALL},
	{"usa", COMMON}, {"verlag", COMMON}, {"vof", LEGAL}, {"vzw", LEGAL}, {"y", SMALL}};
static const char *const phrases[] = {"societe a responsabilite limitee", "societe par actions simplifiee unipersonnelle", "societe par actions simplifiee", "societe anonyme",
	"societe civile immobiliere", "societe civile", "societe en nom collectif", "entreprise individuelle", "entreprise unipersonnelle a responsabilite limitee", "auto entreprise", "societe cooperative",
	"association sans but lucratif", "societe privee a responsabilite limitee", "besloten vennootschap", "naamloze vennootschap", "gesellschaft mit beschrankter haftung", "gesellschaft mbh", "aktiengesellschaft",
	"kommanditgesellschaft", "offene handelsgesellschaft", "unternehmergesellschaft haftungsbeschrankt", "unternehmergesellschaft", "eingetragener kaufmann", "eingetragener verein", "e v", "e k", "public limited company", "private limited company", "limited liability company",
	"limited liability partnership", "sociedad anonima", "sociedad limitada", "sociedad de responsabilidad limitada", "societa per azioni", "societa a responsabilita limitata", "gmbh co kg", "gmbh und co kg", "und co kg", "co kg",
	"et cie", "et co", "and co", "und co", "cie", NULL};

/* Leaves out the phrases: whole words only. */
static size_t
without_phrases(const char *s, size_t n, char *out)
{
	size_t		m = 0,
				i = 0;

	while (i < n)
	{
		size_t		skip = 0;

		if (i == 0 || s[i - 1] == ' ')
			for (const char *const *p = phrases; *p != NULL; p++)
			{
				size_t		k;

				if (**p != s[i])
					continue;
				k = strlen(*p);
				if (k > skip && i + k <= n && memcmp(s + i, *p, k) == 0 && (i + k == n || s[i + k] == ' '))
					skip = k;
			}
		if (skip > 0)
			i += skip;
		else
			out[m++] = s[i++];
	}
	return m;
}

#define NAME_BYTES 512			/* of a folded name that are compared */

/* match_read_organisation: the words that count of a folded name */
void
match_read_organisation(const char *s, size_t n, match_words *w)
{
	char		rest[NAME_BYTES];
	text_token	token[4 * WORDS_MAX];
	size_t		count;

	w->count = 0;
	w->cut = n > NAME_BYTES;
	w->marked = false;
	if (n > NAME_BYTES)
		for (n = NAME_BYTES; n > 0 && ((unsigned char) s[n] & 0xc0) == 0x80; n--)
			;
	for (int pass = 0; pass < 2 && w->count == 0; pass++)
	{
		/* a name that is nothing but a legal form is kept as it is */
		size_t		m = n;

		if (pass == 0)
			m = without_phrases(s, n, rest);
		else
			memcpy(rest, s, n);
		count = text_tokens(rest, m, token, 4 * WORDS_MAX);
		if (count > 4 * WORDS_MAX)
			count = 4 * WORDS_MAX;
		for (size_t i = 0; i < count; i++)
		{
			char		letters[4 * WORDS_MAX];
			const char *t = token[i].s;
			size_t		k = token[i].n;
			int			class;

			/* single letters are one word: s a r l */
			if (k == 1)
			{
				size_t		to = i;

				k = 0;
				while (to < count && token[to].n == 1)
					letters[k++] = token[to++].s[0];
				i = to - 1;
				t = letters;
			}
			class = match_class_of(words, sizeof words / sizeof *words, t, k);
			if (pass == 0 && (class == LEGAL || class == SMALL))
				continue;
			if (!match_words_add(w, t, k, class == COMMON ? 0.4 : 1))
				break;
		}
	}
}

static double
words_alike(const match_word *a, const match_word *b)
{
	if (a->n == b->n && memcmp(a->s, b->s, a->n) == 0)
		return 1;
	/* cut short: const for construction */
	if (a->n >= 4 && b->n >= 4 && memcmp(a->s, b->s, a->n < b->n ? a->n : b->n) == 0)
		return 0.85;
	if (a->n < 4 || b->n < 4)
		return 0;
	return match_spelling(a, b);
}

static bool
abbreviates(const match_words *a, const match_words *b)
{
	if (a->count != 1 || b->count < 3 || a->word[0].n != b->count)
		return false;
	for (int i = 0; i < b->count; i++)
		if (a->word[0].s[i] != b->word[i].s[0])
			return false;
	return true;
}

static bool
same_words(const match_words *a, const match_words *b)
{
	if (a->count != b->count || a->cut || b->cut)
		return false;
	for (int i = 0; i < a->count; i++)
		if (a->word[i].n != b->word[i].n || memcmp(a->word[i].s, b->word[i].s, a->word[i].n) != 0)
			return false;
	return true;
}

/* organisation_similarity: see match.h */
double
organisation_similarity(const char *a, size_t na, const char *b, size_t nb)
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
	if (r > 0 || (r == 0 && na > nb))
		return organisation_similarity(b, nb, a, na);
	match_read_organisation(a, na, &x);
	match_read_organisation(b, nb, &y);
	if (same_words(&x, &y))
		return 1;
	if (abbreviates(&x, &y) || abbreviates(&y, &x))
		return 0.85;
	match_words_join(&x, &y, false);
	s = match_words_compare(&x, &y, words_alike, 0.5, &in_order);
	if (!in_order)
		s *= 0.98;
	return s > 0.99 ? 0.99 : s;
}
