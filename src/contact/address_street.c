/*
 * address_street.c: house number, street type and name out of what the other steps have left, and the key of the whole.
 */
#include <string.h>

#include "contact/address_private.h"

static bool
country_is(const address *a, const char *code)
{
	return memcmp(a->country, code, 2) == 0;
}

static const address_word *
type_at(const work *w, int i, int end, int *count)
{
	return address_find_tokens(w, i, end, WORD_TYPE, w->languages & (LANGUAGE_FR | LANGUAGE_IT), count);
}

/* The letter behind a house number: in France b, t and q stand for bis, ter and quater. */
static void
add_suffix(work *w, bool write, const char *s, size_t n)
{
	static const char *const french[] = {"bis", "ter", "quater"};

	if (!write)
		return;
	if (n == 1 && (country_is(w->a, "FR") || country_is(w->a, "MC")))
		for (int i = 0; i < 3; i++)
			if (french[i][0] == s[0])
				s = french[i], n = strlen(s);
	if (n > 1)
		part_append(w->a, &w->a->number, " ", 1);
	part_append(w->a, &w->a->number, s, n);
}

/* May the single letter at token i belong to the house number before it? */
static bool
is_number_letter(const work *w, int i, int end, bool last)
{
	const token *t = &w->tokens[i];
	int			count;

	if (t->n != 1 || t->s[0] < 'a' || t->s[0] > 'z' || t->by == BY_BREAK || t->by == BY_APOSTROPHE || (i + 1 < end && t[1].by == BY_APOSTROPHE))
		return false;
	if (i + 1 == end)
		return last || w->n > end;	/* the street follows in a segment of its own */
	if (last)
		return t[1].by == BY_HYPHEN || t[1].by == BY_SLASH;
	if (t->by == BY_HYPHEN || t[1].by == BY_BREAK)
		return true;
	if (w->languages == LANGUAGE_EN || (w->languages & LANGUAGE_EN && type_at(w, i + 1, end, &count) == NULL))
		return i + 2 < end && strchr("nsew", t->s[0]) == NULL && t[1].n > 1;
	return type_at(w, i + 1, end, &count) != NULL || !(w->languages & (LANGUAGE_FR | LANGUAGE_IT));
}

/*
 * A house number at token i: 12, 12b, 12 bis, 12-14, 12 1/2. Returns how many tokens it takes, 0 if there is none; write puts it into the
 * address. last: it stands behind the street, and must reach end.
 */
static int
read_number(work *w, int i, int end, bool last, bool write)
{
	address    *a = w->a;
	int			start = i;

	for (;;)
	{
		const token *t = &w->tokens[i];
		int			digits = token_leading_digits(t),
					rest = t->n - digits,
					zeros = 0;
		const address_word *suffix = address_find(t->s + digits, rest, WORD_SUFFIX, LANGUAGE_FR);

		if (digits == 0 || digits > 6)
			return 0;
		if (rest > 1 && suffix == NULL)
			return 0;
		if (rest == 1 && (t->s[digits] < 'a' || t->s[digits] > 'z' || (t->s[digits] == 'e' && w->languages & LANGUAGE_FR && !last)))
			return 0;
		while (zeros + 1 < digits && t->s[zeros] == '0')
			zeros++;
		if (write)
			part_append(a, &a->number, t->s + zeros, digits - zeros);
		if (suffix != NULL)
			add_suffix(w, write, suffix->canonical, strlen(suffix->canonical));
		else if (rest == 1)
			add_suffix(w, write, t->s + digits, 1);
		i++, t++;
		if (rest == 0 && i < end)
		{
			suffix = t->by != BY_BREAK && w->languages & LANGUAGE_FR ? address_find_token(t, WORD_SUFFIX, LANGUAGE_FR) : NULL;
			if (suffix != NULL)
				add_suffix(w, write, suffix->canonical, strlen(suffix->canonical)), i++, t++;
			else if (is_number_letter(w, i, end, last))
				add_suffix(w, write, t->s, 1), i++, t++;
		}
		if (i >= end || t->by == BY_BREAK)
			break;
		/* a half */
		if (i + 1 < end && token_is(t, "1") && t[1].by == BY_SLASH && token_is(t + 1, "2") && t->by != BY_SLASH)
		{
			if (write)
				part_append(a, &a->number, " 1/2", 4);
			i += 2;
			break;
		}
		if (token_starts_with_digit(t) && t->by == BY_SLASH && country_is(a, "BE"))
		{
			if (write && a->unit.n == 0)
				part_add(a, &a->unit, t->s, t->n);
			i++;
			break;
		}
		if (i + 1 < end && token_starts_with_digit(t + 1) && t[1].by != BY_BREAK && (token_is(t, "a") || token_is(t, "et") || token_is(t, "to") || token_is(t, "au")))
			i++;
		else if (!(token_starts_with_digit(t) && (t->by == BY_HYPHEN || t->by == BY_SLASH)))
			break;
		/* 42nd behind a hyphen is the street's, not the range's end */
		if (read_number(w, i, i + 1, last, false) == 0)
			break;
		if (write)
			part_append(a, &a->number, "-", 1);
	}
	return i - start;
}

/* One word of the street's name; German umlauts as one letter, English ordinals as numbers. */
static void
add_name_token(work *w, const token *t, int language)
{
	address    *a = w->a;
	char		plain[ADDRESS_MAX * TEXT_FOLD_EXPANSION];
	int			digits = token_leading_digits(t);
	size_t		n = t->n;
	const char *s = t->s;

	if (language == LANGUAGE_DE)
		n = address_without_umlauts(s, n, plain), s = plain;
	else if (language == LANGUAGE_EN && digits > 0 && t->n == digits + 2 && strchr("snrt", s[digits]) != NULL)
		n = digits;
	part_add(a, &a->street, s, n);
}

static void
read_name(work *w, int i, int end, int language)
{
	/* abbreviations that are words of their own: a pass, a cape, a sea, meadows */
	static const char *const words[] = {"col", "cap", "mar", "am", "ab", "pr", "pres", "comm", "card"};
	static const char *const articles[] = {"de", "du", "des", "d", "la", "le", "les", "l", "et", "a", "au", "aux"};

	int			first = i;

	while (i < end)
	{
		int			count,
					k = i;
		bool		rank = false;
		const address_word *word = address_find_tokens(w, i, end, WORD_NAME, language, &count);

		/* du general leclerc, de l abbe gregoire: the article before a rank comes and goes */
		if (i == first && language == LANGUAGE_FR && end - i > 2)
		{
			k += token_is(&w->tokens[i], "du") || token_is(&w->tokens[i], "de") || token_is(&w->tokens[i], "d");
			k += k > i && (token_is(&w->tokens[k], "la") || token_is(&w->tokens[k], "l"));
		}
		if (word == NULL && k < end && (word = address_find_tokens(w, k, end, WORD_RANK, language, &count)) != NULL)
			rank = true;
		else if (word == NULL)
			word = address_find_tokens(w, i, end, WORD_TITLE, language, &count);
		if (word != NULL && word->kind != WORD_NAME)
		{
			/* gal leclerc is the general, rue du col a pass: a title has a name behind it */
			int			behind = (rank ? k : i) + count;
			bool		sure = rank;

			for (size_t j = 0; j < sizeof words / sizeof *words; j++)
				sure = sure && strcmp(word->written, words[j]) != 0;
			if (behind >= end)
				word = NULL;
			for (size_t j = 0; !sure && word != NULL && j < sizeof articles / sizeof *articles; j++)
				if (token_is(&w->tokens[behind], articles[j]))
					word = NULL;
		}
		if (word != NULL)
		{
			part_add(w->a, &w->a->street, word->canonical, strlen(word->canonical));
			i = (rank ? k : i) + count;
		}
		else
			add_name_token(w, &w->tokens[i++], language);
	}
}

static void
set_part(address *a, address_part *p, const char *s)
{
	part_add(a, p, s, strlen(s));
}

/* Type and name of French and Italian streets: rue de la paix; in Canada a direction behind. */
static bool
read_prefix_street(work *w, int i, int end)
{
	address    *a = w->a;
	int			count;
	const address_word *type = type_at(w, i, end, &count),
			   *direction = NULL;

	if (type == NULL || (i + count == end && w->tokens[i].n < 4))
		return false;
	set_part(a, &a->type, type->canonical);
	if (country_is(a, "CA") && end - i - count > 1)
		direction = address_find_token(&w->tokens[end - 1], WORD_DIRECTION, type->languages);
	read_name(w, i + count, direction != NULL ? end - 1 : end, type->languages);
	if (direction != NULL)
		set_part(a, &a->after, direction->canonical);
	a->order = ORDER_PREFIX;
	return true;
}

/* German and Dutch: hauptstr, haupt strasse, platz der republik. */
static bool
read_compound_street(work *w, int i, int end, int languages)
{
	const token *first = &w->tokens[i],
			   *last = &w->tokens[end - 1];
	const address_word *type = end - i > 1 ? address_find_token(last, WORD_TYPE, languages) : NULL;
	size_t		stem;
	int			language;

	if (type != NULL)
	{
		language = type->languages;
		set_part(w->a, &w->a->type, type->canonical);
		read_name(w, i, end - 1, language);
		w->a->order = ORDER_SUFFIX_LAST;
		return true;
	}
	type = address_find_glued(last, languages, &stem);
	if (type != NULL)
	{
		token		head = {last->s, (uint16_t) stem, last->by, false, false, -1};

		language = type->languages;
		set_part(w->a, &w->a->type, type->canonical);
		read_name(w, i, end - 1, language);
		add_name_token(w, &head, language);
		w->a->order = ORDER_SUFFIX_LAST;
		return true;
	}
	type = end - i > 1 && first->n > 2 ? address_find_token(first, WORD_TYPE, languages) : NULL;
	if (type != NULL)
	{
		set_part(w->a, &w->a->type, type->canonical);
		read_name(w, i + 1, end, type->languages);
		w->a->order = ORDER_PREFIX_LAST;
		return true;
	}
	return false;
}

/* English: n main st w */
static bool
read_suffix_street(work *w, int i, int end)
{
	address    *a = w->a;
	bool		directions = !country_is(a, "GB") && !country_is(a, "IE");
	int			count,
				last = end - 1;
	const address_word *before = NULL,
			   *after = NULL,
			   *type = NULL;

	if (directions && end - i > 2)
	{
		int			k = end - i > 3 && address_find_tokens(w, end - 2, end, WORD_DIRECTION, LANGUAGE_EN, &count) != NULL && count == 2 ? 2 : 1;

		after = address_find_tokens(w, end - k, end, WORD_DIRECTION, LANGUAGE_EN, &count);
		if (after != NULL && count == k)
			last = end - 1 - k;
		else
			after = NULL;
	}
	if (last > i)
	{
		type = address_find_token(&w->tokens[last], WORD_TYPE, LANGUAGE_EN);
		if (type == NULL)
			type = address_find_token(&w->tokens[last], WORD_WEAK, LANGUAGE_EN);
	}
	if (type == NULL)
	{
		/* highway 61, avenue c */
		const address_word *first = end - i == 2 ? address_find_token(&w->tokens[i], WORD_TYPE, LANGUAGE_EN) : NULL;

		if (first == NULL || (w->tokens[i + 1].n > 1 && !token_starts_with_digit(&w->tokens[i + 1])))
			return false;
		set_part(a, &a->type, first->canonical);
		part_add(a, &a->street, w->tokens[i + 1].s, w->tokens[i + 1].n);
		a->order = ORDER_PREFIX;
		return true;
	}
	if (directions)
		before = address_find_tokens(w, i, last, WORD_DIRECTION, LANGUAGE_EN, &count);
	if (before != NULL && i + count < last)
	{
		set_part(a, &a->before, before->canonical);
		i += count;
	}
	read_name(w, i, last, LANGUAGE_EN);
	set_part(a, &a->type, type->canonical);
	if (after != NULL)
		set_part(a, &a->after, after->canonical);
	a->order = ORDER_SUFFIX;
	return true;
}

/* Has the segment from i to end a street type where one may stand? */
bool
address_has_type(const work *w, int i, int end)
{
	int			count;
	size_t		stem;
	const token *last = &w->tokens[end - 1];

	while (i < end && token_starts_with_digit(&w->tokens[i]))
		i++;
	while (end > i + 1 && token_starts_with_digit(last))
		end--, last--;
	if (i >= end)
		return false;
	return type_at(w, i, end, &count) != NULL || address_find_glued(last, w->languages, &stem) != NULL ||
		(end - i > 1 && (address_find_token(last, WORD_TYPE, w->languages & ~(LANGUAGE_FR | LANGUAGE_IT)) != NULL ||
						 (last[-1].n > 1 && address_find_token(last - 1, WORD_TYPE, w->languages & LANGUAGE_EN) != NULL &&
						  address_find_token(last, WORD_DIRECTION, LANGUAGE_EN) != NULL)));
}

static bool
only_number(work *w, int i, int end)
{
	int			count;

	if (address_find_tokens(w, i, end, WORD_NUMBER, LANGUAGE_XX, &count) != NULL && i + count < end)
		i += count;
	return token_starts_with_digit(&w->tokens[i]) && read_number(w, i, end, true, false) == end - i;
}

/* The line of the street: with a type and a number, else with a number, else with a type, else the first. */
static void
choose_segment(work *w, int *start, int *end)
{
	int			best = -1;

	/* a number that stands alone belongs to the line behind it, or to the one before */
	for (int i = 0; i < w->n; i = address_segment_end(w, i))
	{
		int			stop = address_segment_end(w, i);

		if (!only_number(w, i, stop))
			continue;
		if (stop < w->n && !token_starts_with_digit(&w->tokens[stop]))
			w->tokens[stop].by = BY_SPACE;
		else if (i > 0)
			w->tokens[i].by = BY_SPACE;
	}
	/* Residence du Lac 12 rue Curie: in French the street begins with the number before its type, unless that belongs to a name (rue des 3 cours) */
	for (int i = 1; i + 1 < w->n && w->languages & LANGUAGE_FR; i++)
	{
		const token *t = &w->tokens[i];
		int			suffix = address_find_token(t + 1, WORD_SUFFIX, LANGUAGE_FR) != NULL,
					count;

		if (i + 1 + suffix < w->n && t[1].by != BY_BREAK && t[1 + suffix].by != BY_BREAK && token_starts_with_digit(t) && t->by <= BY_DOT && !token_starts_with_digit(t - 1) && t[-1].n > 1 && !token_is(t - 1, "et") && !token_is(t - 1, "des") &&
			!token_is(t - 1, "les") && !token_is(t - 1, "aux") && address_find_token(t - 1, WORD_NUMBER, LANGUAGE_XX) == NULL &&
			type_at(w, i + 1 + suffix, w->n, &count) != NULL && w->tokens[i + 1 + suffix].n > 1)
			w->tokens[i].by = BY_BREAK;
	}
	*start = 0;
	*end = w->n;
	for (int i = 0; i < w->n; i = address_segment_end(w, i))
	{
		int			stop = address_segment_end(w, i);
		bool		number = false;
		int			score;

		for (int k = i; k < stop; k++)
			number = number || token_starts_with_digit(&w->tokens[k]);
		score = 2 * number + address_has_type(w, i, stop);
		score += score == 3 && token_starts_with_digit(&w->tokens[i]);
		if (score > best)
		{
			best = score;
			*start = i;
			*end = stop;
		}
	}
	/* a house without a number has a name, on a line of its own */
	if (best < 2)
		*start = 0;
	if (best == 0)
		*end = w->n;
}

void
address_read_street(work *w)
{
	address    *a = w->a;
	bool		compound = (w->languages & (LANGUAGE_DE | LANGUAGE_NL)) != 0;
	int			i,
				end,
				count,
				taken;
	bool		done = false,
				last = false;
	const address_word *numeral;

	if (w->n == 0)
		return;
	choose_segment(w, &i, &end);
	/* no city was told from the rest: the last line may be one */
	if (a->city.n == 0 && end < w->n)
		address_take_city(w, address_segment_start(w, w->n - 1), w->n);
	if (end - i > 1 && address_find_tokens(w, i, end, WORD_NUMBER, LANGUAGE_XX, &count) != NULL && i + count < end && token_starts_with_digit(&w->tokens[i + count]))
		i += count;
	taken = read_number(w, i, end, false, false);
	numeral = taken == 0 && end - i > 2 ? address_find_token(&w->tokens[i], WORD_NUMERAL, w->languages & LANGUAGE_EN) : NULL;
	if (numeral != NULL)
	{
		set_part(a, &a->number, numeral->canonical);
		i++;
	}
	else if (taken > 0)
	{
		read_number(w, i, end, false, true);
		i += taken;
		if (i < end && w->tokens[i].by == BY_BREAK)
			w->tokens[i].by = BY_SPACE;
	}
	else if (w->languages != LANGUAGE_EN)
		for (int k = i + 1; k < end; k++)
		{
			int			number = k;

			if (address_find_tokens(w, k, end, WORD_NUMBER, LANGUAGE_XX, &count) != NULL && k + count < end)
				number = k + count;
			if (!token_starts_with_digit(&w->tokens[number]) || read_number(w, number, end, true, false) != end - number)
				continue;
			if (address_is_year(w, number))
				break;
			read_number(w, number, end, true, true);
			last = true;
			end = k;
			break;
		}
	/* in Canada 5-123 is apartment 5 of number 123 */
	if (country_is(a, "CA") && a->unit.n == 0 && a->number.n > 0)
	{
		const char *hyphen = memchr(a->number.s, '-', a->number.n);

		if (hyphen != NULL)
		{
			a->unit = (address_part) {a->number.s, (size_t) (hyphen - a->number.s)};
			a->number = (address_part) {hyphen + 1, a->number.n - a->unit.n - 1};
		}
	}
	if (i < end)
	{
		done = read_prefix_street(w, i, end);
		/* kerkstr is a straat in Belgium, a strasse elsewhere */
		if (!done && compound)
			done = country_is(a, "BE") ? read_compound_street(w, i, end, LANGUAGE_NL) || read_compound_street(w, i, end, w->languages & LANGUAGE_DE)
				: read_compound_street(w, i, end, w->languages & LANGUAGE_DE) || read_compound_street(w, i, end, w->languages & LANGUAGE_NL);
		if (!done && w->languages & LANGUAGE_EN)
			done = read_suffix_street(w, i, end);
		if (!done)
		{
			/* Am Bach 5 is German where it might be French */
			int			language = last && compound ? w->languages & LANGUAGE_DE ? LANGUAGE_DE : LANGUAGE_NL : w->languages & -w->languages;

			const address_word *before = !country_is(a, "GB") ? address_find_tokens(w, i, end, WORD_DIRECTION, w->languages & LANGUAGE_EN, &count) : NULL;

			if (before != NULL && i + count < end && (w->languages == LANGUAGE_EN || country_is(a, "CA")))
			{
				set_part(a, &a->before, before->canonical);	/* north broadway */
				i += count;
			}
			read_name(w, i, end, language);
			a->order = compound && !(w->languages & (LANGUAGE_FR | LANGUAGE_EN)) ? ORDER_SUFFIX_LAST : ORDER_PREFIX;
		}
	}
}

address_status
address_parse(const char *s, size_t n, const char *country, size_t ncountry, address *a)
{
	work		w;

	memset(a, 0, offsetof(address, room));
	if (n > ADDRESS_MAX)
		return ADDRESS_TOO_LONG;
	w.a = a;
	w.languages = 0;
	w.place_last = w.city_last = false;
	if (!address_tokens(&w, s, n))
		return ADDRESS_BAD_UTF8;
	address_read_place(&w, country, ncountry);
	address_read_inner(&w);
	address_read_city(&w);
	address_read_street(&w);
	return ADDRESS_OK;
}

static void
key_add(char *out, size_t *len, const char *separator, const char *s, size_t n)
{
	if (n == 0)
		return;
	if (*len > 0)
	{
		memcpy(out + *len, separator, strlen(separator));
		*len += strlen(separator);
	}
	memcpy(out + *len, s, n);
	*len += n;
}

#define KEY_ADD(part) key_add(out, &len, " ", (part).s, (part).n)

/* '12 bis avenue du general leclerc, 75014 paris'. The order is that in which the address would be read again. */
size_t
address_key(const address *a, char *out)
{
	size_t		len = 0;
	char		postal_code[16];
	bool		last = a->order == ORDER_PREFIX_LAST || a->order == ORDER_SUFFIX_LAST;
	bool		prefix = a->order == ORDER_PREFIX || a->order == ORDER_PREFIX_LAST;
	bool		precise = a->postal_code.n > 0 && (country_is(a, "GB") || country_is(a, "CA") || country_is(a, "NL"));
	bool		place_last = country_is(a, "GB") || country_is(a, "CA") || country_is(a, "US");
	const char *comma;

	if (!last)
		KEY_ADD(a->number);
	if (prefix)
		KEY_ADD(a->type);
	KEY_ADD(a->before);
	KEY_ADD(a->street);
	/* hauptstrasse, but karl marx strasse */
	if (a->order == ORDER_SUFFIX_LAST && a->street.n > 2 && a->type.n > 0 && memchr(a->street.s, ' ', a->street.n) == NULL)
		key_add(out, &len, "", a->type.s, a->type.n);
	else if (!prefix)
		KEY_ADD(a->type);
	KEY_ADD(a->after);
	if (last)
		KEY_ADD(a->number);
	/* what stands beside a post box names the post office */
	if (a->box.n > 0 && a->number.n == 0)
	{
		len = 0;
		key_add(out, &len, " ", "box", 3);
		KEY_ADD(a->box);
	}
	if (a->unit.n > 0)
	{
		key_add(out, &len, " ", "unit", 4);
		KEY_ADD(a->unit);
	}
	comma = len > 0 ? ", " : "";
	for (size_t i = 0; i < a->postal_code.n; i++)
		postal_code[i] = a->postal_code.s[i] >= 'A' && a->postal_code.s[i] <= 'Z' ? (char) (a->postal_code.s[i] + 32) : a->postal_code.s[i];
	if (!place_last && a->postal_code.n > 0)
		key_add(out, &len, comma, postal_code, a->postal_code.n), comma = " ";
	if (!precise && a->city.n > 0)
		key_add(out, &len, comma, a->city.s, a->city.n), comma = " ";
	if (a->postal_code.n == 0 && a->state.n > 0)
		key_add(out, &len, comma, a->state.s, a->state.n);
	if (place_last && a->postal_code.n > 0)
		key_add(out, &len, comma, postal_code, a->postal_code.n);
	return len;
}
