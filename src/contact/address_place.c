/*
 * address_place.c: where an address lies: country (given, written, or told by the postcode's form and the words), postcode, state, city.
 */
#include <string.h>

#include "contact/address_private.h"

enum postcode_form
{
	FORM_NONE, FORM_4, FORM_5, FORM_US, FORM_CA, FORM_GB, FORM_NL, FORM_ANY
};

static const struct country
{
	char		code[3];
	char		prefix[4];		/* before a postcode: F-75001 */
	uint8_t		languages;
	uint8_t		form;
	bool		place_last;
} countries[] = {
	{"FR", "f", LANGUAGE_FR, FORM_5, false},
	{"BE", "b", LANGUAGE_FR | LANGUAGE_NL | LANGUAGE_DE, FORM_4, false},
	{"CH", "ch", LANGUAGE_FR | LANGUAGE_DE | LANGUAGE_IT, FORM_4, false},
	{"CA", "", LANGUAGE_FR | LANGUAGE_EN, FORM_CA, true},
	{"GB", "", LANGUAGE_EN, FORM_GB, true},
	{"DE", "d", LANGUAGE_DE, FORM_5, false},
	{"US", "", LANGUAGE_EN, FORM_US, true},
	{"LU", "l", LANGUAGE_FR | LANGUAGE_DE, FORM_4, false},
	{"NL", "nl", LANGUAGE_NL, FORM_NL, false},
	{"AT", "a", LANGUAGE_DE, FORM_4, false},
	{"MC", "mc", LANGUAGE_FR, FORM_5, false},
	{"IE", "", LANGUAGE_EN, FORM_NONE, true},
	{"AU", "", LANGUAGE_EN, FORM_NONE, true},
	{"IT", "i", LANGUAGE_IT, FORM_5, false}
};
#define MOVED_CITY 16			/* tokens of a city that stands before the street, at most */
#define NCOUNTRIES ((int) (sizeof countries / sizeof *countries))

/* Any other: every language, any postcode of 4 to 6 digits. */
static const struct country elsewhere = {"", "", LANGUAGE_FR | LANGUAGE_NL | LANGUAGE_DE | LANGUAGE_IT | LANGUAGE_EN, FORM_ANY, false};

static const struct country *
country_of(const char *code)
{
	for (int i = 0; i < NCOUNTRIES; i++)
		if (memcmp(countries[i].code, code, 2) == 0)
			return &countries[i];
	return NULL;
}

static bool
letter(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whether s has the form: a stands for a letter, 9 for a digit. */
static bool
has_form(const char *s, size_t n, const char *form)
{
	if (n != strlen(form))
		return false;
	for (size_t i = 0; i < n; i++)
		if (form[i] == 'a' ? !letter(s[i]) : !digit(s[i]))
			return false;
	return true;
}

static bool
is_outward(const char *s, size_t n)
{
	static const char *const forms[] = {"a9", "a99", "aa9", "aa99", "a9a", "aa9a"};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (has_form(s, n, forms[i]))
			return true;
	return n == 3 && memcmp(s, "gir", 3) == 0;
}

static void
put_upper(address *a, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		char		c = letter(s[i]) ? (char) (s[i] - 'a' + 'A') : s[i];

		part_append(a, &a->postal_code, &c, 1);
	}
}

/* Does a postcode of that form begin at token i? How many tokens it takes, or 0; write puts it into the address. */
static int
match_postcode(work *w, int i, const struct country *c, bool write)
{
	const token *t = &w->tokens[i];
	const token *next = i + 1 < w->n && t[1].by != BY_BREAK ? t + 1 : NULL;
	const char *s = t->s;
	size_t		n = t->n,
				head = n;		/* where the space goes in */
	int			taken = 1;
	size_t		prefix = strlen(c->prefix);

	if (c->form == FORM_CA || c->form == FORM_GB)
	{
		bool		joined = c->form == FORM_CA ? has_form(s, n, "a9a9a9") : n > 4 && has_form(s + n - 3, 3, "9aa") && is_outward(s, n - 3);
		bool		split = !joined && next != NULL && (c->form == FORM_CA ? has_form(s, n, "a9a") && has_form(next->s, next->n, "9a9")
														 : is_outward(s, n) && has_form(next->s, next->n, "9aa"));

		if (!joined && !split)
			return 0;
		if (write)
		{
			put_upper(w->a, s, joined ? n - 3 : n);
			put_upper(w->a, " ", 1);
			put_upper(w->a, joined ? s + n - 3 : next->s, 3);
		}
		return joined ? 1 : 2;
	}
	/* a prefix, glued or before a hyphen or space */
	if (prefix > 0 && n > prefix && memcmp(s, c->prefix, prefix) == 0 && digit(s[prefix]))
		s += prefix, n -= prefix;
	else if (next != NULL && digit(next->s[0]) &&
			 ((prefix > 0 && token_is(t, c->prefix)) || (c->code[0] != 0 && t->n == 2 && t->s[0] == c->code[0] + 32 && t->s[1] == c->code[1] + 32)))
		s = next->s, n = next->n, taken = 2;
	next = i + taken < w->n && w->tokens[i + taken].by != BY_BREAK ? &w->tokens[i + taken] : NULL;
	head = n;
	switch (c->form)
	{
		case FORM_4:
			if (!has_form(s, n, "9999"))
				return 0;
			break;
		case FORM_5:
			if (!has_form(s, n, "99999"))
				return 0;
			break;
		case FORM_US:
			/* the four digits behind a ZIP code say which side of the street: they are not kept */
			if (has_form(s, n, "999999999"))
				head = 5;
			else if (!has_form(s, n, "99999"))
				return 0;
			else if (next != NULL && next->by == BY_HYPHEN && has_form(next->s, next->n, "9999"))
				taken++;
			break;
		case FORM_NL:
			if (has_form(s, n, "9999") && next != NULL && has_form(next->s, next->n, "aa"))
			{
				if (write)
				{
					put_upper(w->a, s, 4);
					put_upper(w->a, " ", 1);
					put_upper(w->a, next->s, 2);
				}
				return taken + 1;
			}
			if (!has_form(s, n, "9999aa"))
				return 0;
			if (write)
			{
				put_upper(w->a, s, 4);
				put_upper(w->a, " ", 1);
				put_upper(w->a, s + 4, 2);
			}
			return taken;
		case FORM_ANY:
			/* 104-0061, 1000-001 */
			if (next != NULL && next->by == BY_HYPHEN && token_digits(next) && n + next->n >= 7 && n <= 5 && next->n <= 4 && has_form(s, n, &"99999"[5 - (n < 5 ? n : 5)]))
			{
				if (write)
				{
					put_upper(w->a, s, n);
					put_upper(w->a, "-", 1);
					put_upper(w->a, next->s, next->n);
				}
				return taken + 1;
			}
			if (n < 4 || n > 6 || token_leading_digits(&(token) {s, (uint16_t) n, 0, false, false, -1}) != (int) n)
				return 0;
			break;
		default:
			return 0;
	}
	if (write)
		put_upper(w->a, s, head);
	return taken;
}

/* A year behind the name of a month is no postcode and no house number: rue du 8 mai 1945. */
bool
address_is_year(const work *w, int i)
{
	const token *t = &w->tokens[i];

	return i > 0 && has_form(t->s, t->n, "9999") && (t->s[0] == '1' || t->s[0] == '2') && address_find_token(t - 1, WORD_MONTH, LANGUAGE_XX) != NULL;
}

/* The last place in the address where a postcode of that country stands, or -1. One that begins a line with the street behind it is a house number. */
static int
find_postcode(work *w, const struct country *c, int *taken)
{
	for (int i = w->n - 1; i >= 0; i--)
	{
		if (i > 0 && (*taken = match_postcode(w, i - 1, c, false)) > 1)
			return i - 1;
		*taken = match_postcode(w, i, c, false);
		if (*taken == 0 || address_is_year(w, i))
			continue;
		if (c->place_last && i + *taken < w->n && c->form == FORM_US && i == 0)
			continue;
		return i;
	}
	return -1;
}

/* 12, 12b, 12bis: not 5th, 42nd */
static bool
is_house_number(const token *t)
{
	int			digits = token_leading_digits(t);

	return digits > 0 && (t->n - digits <= 1 || address_find(t->s + digits, t->n - digits, WORD_SUFFIX, LANGUAGE_FR) != NULL);
}

/* What the street's words say: the language of most street types, where its types stand: in French before the name, in English behind. */
static int
language_of_words(const work *w)
{
	static const int languages[] = {LANGUAGE_FR, LANGUAGE_DE, LANGUAGE_NL, LANGUAGE_EN, LANGUAGE_IT};
	int			best = 0,
				most = 0;

	for (size_t k = 0; k < sizeof languages / sizeof *languages; k++)
	{
		int			points = 0;
		bool		before = languages[k] == LANGUAGE_FR || languages[k] == LANGUAGE_IT;

		for (int i = 0; i < w->n; i++)
		{
			const token *t = &w->tokens[i];
			bool		first = i == 0 || t->by == BY_BREAK || is_house_number(t - 1) || address_find_token(t - 1, WORD_SUFFIX, LANGUAGE_FR) != NULL;
			size_t		stem;
			int			count;

			/* a type written out counts more than an abbreviation, which may be one of several languages */
			if (first == before && address_find_tokens(w, i, w->n, WORD_TYPE, languages[k], &count) != NULL)
				points += t->n > 3 || count > 1 ? 3 : before ? 2 : 1;
			else if ((languages[k] & (LANGUAGE_DE | LANGUAGE_NL)) && address_find_glued(t, languages[k], &stem) != NULL)
				points += 2;
		}
		if (points > most)
			most = points, best = languages[k];
	}
	return best;
}

/* Is the state's name or code before token i? */
static bool
behind_state(const work *w, int i, int languages)
{
	int			count;

	for (int k = 1; k <= 3 && k < i; k++)
		if (address_find_tokens(w, i - k, i, WORD_STATE, languages, &count) != NULL && count == k)
			return true;
	return false;
}

/* Am Bach 5: what is before the postcode ends with a number, and does not begin with one. */
static bool
number_behind(const work *w, int postcode)
{
	int			end = address_segment_end(w, 0);

	end = postcode < end ? postcode : end;
	return end > 1 && !token_starts_with_digit(&w->tokens[0]) && is_house_number(&w->tokens[end - 1]);
}

/* Without a country: postcodes that only one country has, then the words. */
static const struct country *
guess_country(work *w)
{
	static const char *const certain[] = {"CA", "GB"};
	int			taken,
				i,
				count,
				language;

	for (size_t k = 0; k < sizeof certain / sizeof *certain; k++)
		if (find_postcode(w, country_of(certain[k]), &taken) >= 0)
			return country_of(certain[k]);
	for (int k = 0; k < NCOUNTRIES; k++)
		if (countries[k].prefix[0] != 0)
			for (i = 0; i < w->n; i++)
				if (match_postcode(w, i, &countries[k], false) > 0 && !digit(w->tokens[i].s[0]) && (i + 1 >= w->n || w->tokens[i].n > 2 || w->tokens[i + 1].by == BY_HYPHEN))
					return &countries[k];
	i = find_postcode(w, country_of("NL"), &taken);
	if (i > 0 && i + taken < w->n && w->tokens[i + taken].by != BY_BREAK)
		return country_of("NL");
	i = find_postcode(w, country_of("US"), &taken);
	if (i > 0 && (taken > 1 || (i + taken == w->n && behind_state(w, i, LANGUAGE_US))))
		return country_of("US");
	for (int k = 0; k < w->n; k++)
		if (token_is(&w->tokens[k], "cedex"))
			return country_of("FR");
	language = language_of_words(w);
	if (i >= 0 && language == LANGUAGE_EN)
		return country_of("US");
	i = find_postcode(w, country_of("FR"), &taken);
	if (i >= 0 && language == LANGUAGE_FR)
		return country_of("FR");
	if (i >= 0 && (language == LANGUAGE_DE || (language == 0 && number_behind(w, i))))
		return country_of("DE");
	/* at the end of an address that has no postcode */
	for (int k = 1; k <= 3 && k <= w->n; k++)
	{
		const address_word *state = address_find_tokens(w, w->n - k, w->n, WORD_STATE, LANGUAGE_US | LANGUAGE_CA, &count);

		if (state != NULL && count == k && (language == LANGUAGE_EN || state->languages == LANGUAGE_CA) && w->n > k + 1)
			return country_of(state->languages == LANGUAGE_CA ? "CA" : "US");
	}
	i = find_postcode(w, country_of("BE"), &taken);
	if (i > 0 && i + taken < w->n && language != LANGUAGE_EN)
		return country_of(language == LANGUAGE_DE || language == LANGUAGE_IT ? "CH" : "BE");
	if (i < 0 && find_postcode(w, country_of("FR"), &taken) < 0)
		switch (language)
		{
			case LANGUAGE_FR:
				return country_of("FR");
			case LANGUAGE_DE:
				return country_of("DE");
			case LANGUAGE_NL:
				return country_of("BE");
		}
	return NULL;
}

/* The country's name at the end: a line of its own, or the last word behind a postcode. Takes it out. */
static const address_word *
read_country_name(work *w)
{
	int			start,
				count = 0;
	const address_word *word;

	if (w->n == 0)
		return NULL;
	start = address_segment_start(w, w->n - 1);
	word = address_find_tokens(w, start, w->n, WORD_COUNTRY, LANGUAGE_XX, &count);
	if (word != NULL && start > 0 && start + count == w->n)
	{
		/* a code of two letters may be a state's: CA, DE */
		if (w->tokens[start].n > 2 || count > 1 || address_find_token(&w->tokens[start], WORD_STATE, LANGUAGE_US) == NULL)
		{
			address_remove(w, start, count);
			return word;
		}
	}
	for (int k = 4; k > 0; k--)
	{
		int			i = w->n - k;
		bool		postcode = false;

		if (i < 2)
			continue;
		word = address_find_tokens(w, i, w->n, WORD_COUNTRY, LANGUAGE_XX, &count);
		if (word == NULL || count != k || token_starts_with_digit(&w->tokens[i - 1]))
			continue;
		for (int j = start; j < i; j++)
			postcode = postcode || (token_leading_digits(&w->tokens[j]) > 3 && j > 0) || token_is(&w->tokens[i], "uk");
		if (!postcode)
			continue;
		address_remove(w, i, k);
		return word;
	}
	return NULL;
}

/* The country, its languages, and the postcode, which is taken out; the city comes to begin a segment. */
void
address_read_place(work *w, const char *country, size_t ncountry)
{
	const address_word *written = read_country_name(w);
	const struct country *c = NULL;
	char		given[32];
	size_t		n = text_fold(country, ncountry, given, sizeof given);
	address    *a = w->a;
	int			i,
				taken;
	bool		alone,
				followed;

	if (n != TEXT_BAD_UTF8 && n > 0 && n <= sizeof given)
	{
		const address_word *word = address_find(given, n, WORD_COUNTRY, LANGUAGE_XX);

		if (word != NULL)
			memcpy(a->country, word->canonical, 2);
		else if (n == 2)
			for (int k = 0; k < 2; k++)
				a->country[k] = letter(given[k]) ? (char) (given[k] - 32) : given[k];
	}
	else if (written != NULL)
		memcpy(a->country, written->canonical, 2);
	if (a->country[0] != 0)
		c = country_of(a->country);
	else
	{
		c = guess_country(w);
		if (c != NULL)
			memcpy(a->country, c->code, 2);
	}
	if (c == NULL)
		c = &elsewhere;
	w->languages = c->languages;
	w->place_last = c->place_last;
	i = find_postcode(w, c, &taken);
	if (i < 0 || (i == 0 && c->form == FORM_ANY))
		return;
	match_postcode(w, i, c, true);
	alone = w->tokens[i].by == BY_BREAK;
	address_remove(w, i, taken);
	followed = i < w->n && (alone || w->tokens[i].by != BY_BREAK);
	if (w->place_last || !followed)
		w->n = i;				/* the city stands before it, and behind is nothing that we know */
	else
	{
		int			end = address_segment_end(w, i);

		w->tokens[i].by = BY_BREAK;
		/* 10115 Berlin, Hauptstr. 5: the city changes places with the street */
		if (i == 0 && end < w->n && end <= MOVED_CITY)
		{
			token		city[MOVED_CITY];

			memcpy(city, w->tokens, end * sizeof(token));
			memmove(w->tokens, w->tokens + end, (w->n - end) * sizeof(token));
			memcpy(w->tokens + w->n - end, city, end * sizeof(token));
			end = w->n;
		}
		w->n = end;
		w->city_last = true;
	}
}

/* The umlauts that German writes as two letters where there are none: ae, oe, ue. Not behind a vowel or q: neue, bauer, quelle. */
size_t
address_without_umlauts(const char *s, size_t n, char *out)
{
	size_t		len = 0;

	for (size_t i = 0; i < n; i++)
	{
		out[len++] = s[i];
		if (i + 1 < n && s[i + 1] == 'e' && (s[i] == 'a' || s[i] == 'o' || s[i] == 'u') && (i == 0 || strchr("aeiouq", s[i - 1]) == NULL))
			i++;
	}
	return len;
}

/* The words of the city from token i on, up to end; they are taken out with all that follows. */
void
address_take_city(work *w, int i, int end)
{
	address    *a = w->a;
	bool		german = memcmp(a->country, "DE", 2) == 0 || memcmp(a->country, "AT", 2) == 0 || memcmp(a->country, "CH", 2) == 0;
	int			first = i,
				count;

	while (i < end)
	{
		const token *t = &w->tokens[i];
		const address_word *word;
		char		plain[ADDRESS_MAX * TEXT_FOLD_EXPANSION];

		/* Paris 14e, Lyon 3, CEDEX 09, 3000 Bern 7 */
		if (!w->place_last && i > first && (token_starts_with_digit(t) || address_find_token(t, WORD_LASTPART, w->languages) != NULL))
			break;
		word = address_find_tokens(w, i, end, WORD_CITYWORD, w->languages, &count);
		if (word != NULL && (i + count < end || i > first))
		{
			part_add(a, &a->city, word->canonical, strlen(word->canonical));
			i += count;
			continue;
		}
		part_add(a, &a->city, german ? plain : t->s, german ? address_without_umlauts(t->s, t->n, plain) : t->n);
		i++;
	}
	w->n = first;
}

/* The state at the end, in English. A written-out one may be a city as well: New York 10001. */
static void
read_state(work *w)
{
	int			languages = memcmp(w->a->country, "US", 2) == 0 ? LANGUAGE_US : memcmp(w->a->country, "CA", 2) == 0 ? LANGUAGE_CA : 0;
	int			start = address_segment_start(w, w->n - 1);
	int			count;

	for (int k = 4; k > 0; k--)
	{
		int			i = w->n - k;
		const address_word *state;

		if (i < start || (state = address_find_tokens(w, i, w->n, WORD_STATE, languages, &count)) == NULL || count != k)
			continue;
		if (i == 0 || (w->tokens[i].n > 2 && i == start && address_segment_start(w, start - 1) == 0 && address_has_type(w, 0, start)))
			return;
		part_add(w->a, &w->a->state, state->canonical, strlen(state->canonical));
		w->n = i;
		return;
	}
}

/* Where the city begins in a line that begins with the street: behind the first street type (and direction) that none follows. */
static int
behind_street(const work *w, int start)
{
	int			i = start + 1 + token_starts_with_digit(&w->tokens[start]);

	for (; i + 1 < w->n; i++)
	{
		if (address_find_token(&w->tokens[i], WORD_TYPE, LANGUAGE_EN) == NULL ||
			address_find_token(&w->tokens[i + 1], WORD_TYPE, LANGUAGE_EN) != NULL)
			continue;
		i++;
		if (i < w->n && address_find_token(&w->tokens[i], WORD_DIRECTION, LANGUAGE_EN) != NULL)
			i++;
		return i;
	}
	return w->n;
}

static bool
has_digit(const token *t)
{
	for (int i = 0; i < t->n; i++)
		if (digit(t->s[i]))
			return true;
	return false;
}

/* The city, and the state: a line of their own, or behind the street in its line. What is left is the street. */
void
address_read_city(work *w)
{
	bool		sure = w->a->postal_code.n > 0;
	bool		digits = false,
				numbered = false,
				words = false,
				type = false;
	int			start;

	if (w->n > 0 && w->place_last)
	{
		read_state(w);
		sure = sure || w->a->state.n > 0;
	}
	if (w->n == 0)
		return;
	start = address_segment_start(w, w->n - 1);
	if (w->city_last)
	{
		address_take_city(w, start, w->n);
		return;
	}
	for (int i = start; i < w->n; i++)
		digits = digits || token_starts_with_digit(&w->tokens[i]);
	/* before it stands more than the house number, and the street's type if the line could be a street */
	for (int i = 0; i < start; i = address_segment_end(w, i))
	{
		int			end = address_segment_end(w, i);

		type = type || address_has_type(w, i, end);
		for (int k = i; k < end; k++)
		{
			numbered = numbered || has_digit(&w->tokens[k]);
			words = words || (w->tokens[k].n > 1 && !token_starts_with_digit(&w->tokens[k]) && address_find_token(&w->tokens[k], WORD_SUFFIX, LANGUAGE_FR) == NULL);
		}
	}
	if (start > 0 && !digits && words && (type || (sure && numbered) || !address_has_type(w, start, w->n)))
		address_take_city(w, start, w->n);
	else if (start == 0 && !digits && w->a->box.n > 0)
		address_take_city(w, start, w->n);	/* a post box, and no street */
	else if (sure && w->place_last)
		address_take_city(w, behind_street(w, start), w->n);
	if (w->a->city.n == 0 && w->a->state.n > 0 && memcmp(w->a->state.s, "ny", 2) == 0)
		part_add(w->a, &w->a->city, "new york", 8);
}
