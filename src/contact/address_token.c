/*
 * address_token.c: an address as tokens, each folded, with what stood before it; words and phrases looked up in the compiled-in list.
 */
#include <string.h>

#include "contact/address_private.h"

static bool
alphanumeric(unsigned char b)
{
	return (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z');
}

/* Bytes of the dash or quotation mark of General Punctuation at s, or 0; what it stands for in *by. */
static int
punctuation(const char *s, const char *end, int *by)
{
	if (end - s < 3 || memcmp(s, "\xE2\x80", 2) != 0)
		return 0;
	if ((unsigned char) s[2] >= 0x90 && (unsigned char) s[2] <= 0x95)
		*by = BY_HYPHEN;
	else if ((unsigned char) s[2] == 0x98 || (unsigned char) s[2] == 0x99)
		*by = BY_APOSTROPHE;
	else
		return 0;
	return 3;
}

static int
separator(char b)
{
	switch (b)
	{
		case '.':
			return BY_DOT;
		case '\'':
			return BY_APOSTROPHE;
		case '-':
			return BY_HYPHEN;
		case '/':
		case '&':
		case '+':
			return BY_SLASH;
		case ',':
		case ';':
		case '\n':
		case '\r':
		case '|':
			return BY_BREAK;
	}
	return BY_SPACE;
}

/* The index of the first entry that is not below the n bytes at s. */
static int
first_word(const char *s, size_t n)
{
	int			lo = 0,
				hi = address_nwords;

	while (lo < hi)
	{
		int			mid = (lo + hi) / 2;
		int			r = strncmp(address_words[mid].written, s, n);

		if (r == 0)
			r = address_words[mid].written[n] != 0;
		if (r < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool
is_written(int i, const char *s, size_t n)
{
	return i < address_nwords && strncmp(address_words[i].written, s, n) == 0 && address_words[i].written[n] == 0;
}

/* What the list has for each token, found once: the first entry for it alone, and whether a phrase begins with it. */
static void
find_words(work *w)
{
	for (token *t = w->tokens; t < w->tokens + w->n; t++)
	{
		int			i = first_word(t->s, t->n);

		t->word = is_written(i, t->s, t->n) ? (int16_t) i : -1;
		while (is_written(i, t->s, t->n))
			i++;
		t->phrase = i < address_nwords && strncmp(address_words[i].written, t->s, t->n) == 0 && address_words[i].written[t->n] == ' ';
	}
}

/* False: not UTF-8. w->folded has room for the fold of any n bytes up to ADDRESS_MAX. */
bool
address_tokens(work *w, const char *s, size_t n)
{
	const char *end = s + n;
	const char *behind = s;		/* the last token, in s */
	char	   *out = w->folded;
	int			by = BY_BREAK;
	bool		initials = false,
				hash = false;

	w->n = 0;
	while (s < end)
	{
		const char *start = s;
		size_t		len;
		int			here,
					skip;

		while (s < end && (alphanumeric(*s) || ((unsigned char) *s >= 0x80 && punctuation(s, end, &here) == 0)))
			s++;
		if (s == start)
		{
			skip = punctuation(s, end, &here);
			if (skip == 0)
				here = separator(*s), skip = 1;
			by = here > by ? here : by;
			hash = hash || *s == '#';
			s += skip;
			continue;
		}
		len = text_fold(start, s - start, out, w->folded + sizeof w->folded - out);
		if (len == TEXT_BAD_UTF8)
			return false;
		/* queen's is queens */
		if (len == 1 && *out == 's' && w->n > 0 && by == BY_APOSTROPHE && (start - behind == 1 || start - behind == 3))
		{
			w->tokens[w->n - 1].n++;
			by = BY_SPACE;
			out += len;
			behind = s;
			continue;
		}
		/* B.P., N.W.: initials with nothing but dots between them are one token */
		if (len == 1 && s - start == 1 && w->n > 0 && by == BY_DOT && start - behind == 1 && *out >= 'a' && initials)
		{
			w->tokens[w->n - 1].n++;
			by = BY_SPACE;
			out += len;
			behind = s;
			continue;
		}
		initials = len == 1 && *out >= 'a';
		behind = s;
		for (size_t i = 0; i < len;)
		{
			size_t		from = i;

			while (i < len && out[i] != ' ')
				i++;
			w->tokens[w->n++] = (token) {out + from, (uint16_t) (i - from), (uint8_t) by, hash, false, -1};
			by = BY_SPACE;
			hash = false;
			i++;
		}
		out += len;
	}
	find_words(w);
	return true;
}

/* Takes tokens out. Where they began a segment, what follows them does now. */
void
address_remove(work *w, int i, int count)
{
	bool		begins = w->tokens[i].by == BY_BREAK;

	memmove(w->tokens + i, w->tokens + i + count, (w->n - i - count) * sizeof(token));
	w->n -= count;
	if (begins && i < w->n)
		w->tokens[i].by = BY_BREAK;
}

int
address_segment_end(const work *w, int i)
{
	while (++i < w->n && w->tokens[i].by != BY_BREAK)
		;
	return i;
}

int
address_segment_start(const work *w, int i)
{
	while (i > 0 && w->tokens[i].by != BY_BREAK)
		i--;
	return i;
}

bool
token_is(const token *t, const char *s)
{
	return t->n == strlen(s) && memcmp(t->s, s, t->n) == 0;
}

int
token_leading_digits(const token *t)
{
	int			i = 0;

	while (i < t->n && t->s[i] >= '0' && t->s[i] <= '9')
		i++;
	return i;
}

bool
token_digits(const token *t)
{
	return token_leading_digits(t) == t->n;
}

bool
token_starts_with_digit(const token *t)
{
	return token_leading_digits(t) > 0;
}

/* A part grows at the end of the room; if another was begun since, it moves there. */
void
part_append(address *a, address_part *p, const char *s, size_t n)
{
	if (p->n > 0 && p->s + p->n != a->room + a->used && p->n <= sizeof a->room - a->used)
	{
		memcpy(a->room + a->used, p->s, p->n);
		p->s = a->room + a->used;
		a->used += p->n;
	}
	if (n > sizeof a->room - a->used)
		n = sizeof a->room - a->used;
	if (p->n == 0)
		p->s = a->room + a->used;
	memcpy(a->room + a->used, s, n);
	a->used += n;
	p->n += n;
}

void
part_add(address *a, address_part *p, const char *s, size_t n)
{
	if (n == 0)
		return;
	if (p->n > 0)
		part_append(a, p, " ", 1);
	part_append(a, p, s, n);
}

static const address_word *
of_kind(int i, const char *s, size_t n, address_word_kind kind, int languages)
{
	for (; is_written(i, s, n); i++)
		if (address_words[i].kind == kind && (address_words[i].languages & languages) != 0)
			return &address_words[i];
	return NULL;
}

const address_word *
address_find(const char *s, size_t n, address_word_kind kind, int languages)
{
	return of_kind(first_word(s, n), s, n, kind, languages);
}

const address_word *
address_find_token(const token *t, address_word_kind kind, int languages)
{
	return t->word >= 0 ? of_kind(t->word, t->s, t->n, kind, languages) : NULL;
}

/* The longest phrase that begins at token i and ends before end, within its segment; how many tokens it has in *count. */
const address_word *
address_find_tokens(const work *w, int i, int end, address_word_kind kind, int languages, int *count)
{
	char		phrase[64];
	size_t		len = 0;
	size_t		upto[ADDRESS_WORD_TOKENS];
	int			n = 0;

	*count = 1;
	if (i >= end)
		return NULL;
	while (w->tokens[i].phrase && n < ADDRESS_WORD_TOKENS && i + n < end && (n == 0 || w->tokens[i + n].by != BY_BREAK))
	{
		const token *t = &w->tokens[i + n];

		if (len + t->n + 1 > sizeof phrase)
			break;
		if (n > 0)
			phrase[len++] = ' ';
		memcpy(phrase + len, t->s, t->n);
		len += t->n;
		upto[n++] = len;
	}
	for (; n > 1; n--)
	{
		const address_word *word = address_find(phrase, upto[n - 1], kind, languages);

		if (word != NULL)
		{
			*count = n;
			return word;
		}
	}
	return address_find_token(&w->tokens[i], kind, languages);
}

/* A street type at the end of a word, such as hauptstr; the length of what is before it in *stem. */
const address_word *
address_find_glued(const token *t, int languages, size_t *stem)
{
	for (size_t n = 3; n + 2 <= t->n; n++)
	{
		const address_word *word = address_find(t->s + n, t->n - n, WORD_TYPE, languages);

		if (word != NULL && word->glued)
		{
			*stem = n;
			return word;
		}
	}
	return NULL;
}
