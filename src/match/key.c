/*
 * key.c: the keys under which a party is found again: hashes of what two records of one party usually have in common, whatever else differs in them.
 * Two parties with a key in common are candidates, no more. Keys are stored: they change only together with MATCH_KEY_VERSION.
 *
 * Values come in as they are written, and are folded here; e-mail addresses and telephone numbers are brought to what all their spellings share.
 */
#include "match/match_private.h"

#include <string.h>

#include "contact/contact.h"
#include "text/text.h"

#define PART_MAX 128

typedef struct part
{
	char		s[PART_MAX];
	size_t		n;
} part;

static void
add(match_keys *k, char kind, uint64_t h)
{
	/* the lower bits of a product know little of the upper letters */
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	for (int i = 0; i < k->n; i++)
		if (k->key[i] == (int64_t) h)
			return;
	if (k->n < MATCH_KEYS_MAX)
	{
		k->kind[k->n] = kind;
		k->key[k->n++] = (int64_t) h;
	}
}

static uint64_t
mix(uint64_t h, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char) s[i]) * UINT64_C(0x100000001b3);
	/* an end, so that ab + c is not a + bc */
	return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

#define START(tag) (UINT64_C(0xcbf29ce484222325) ^ ((uint64_t) (MATCH_KEY_VERSION * 256 + (tag)) << 17))

static void
add1(match_keys *k, char tag, const char *s, size_t n)
{
	add(k, tag, mix(START(tag), s, n));
}

static void
add2(match_keys *k, char tag, const char *a, size_t na, const char *b, size_t nb)
{
	add(k, tag, mix(mix(START(tag), a, na), b, nb));
}

/* The same in either order: given and family name may stand in each other's place. */
static void
add_pair(match_keys *k, char tag, const char *a, size_t na, const char *b, size_t nb)
{
	int			r = memcmp(a, b, na < nb ? na : nb);

	if (r > 0 || (r == 0 && na > nb))
		add2(k, tag, b, nb, a, na);
	else
		add2(k, tag, a, na, b, nb);
}

static size_t
fold_value(const char *s, size_t n, char *out, size_t cap)
{
	size_t		m = n > 1000 ? TEXT_BAD_UTF8 : text_fold(s, n, out, cap);

	return m == TEXT_BAD_UTF8 || m > cap ? 0 : m;
}

/* Folded, without titles, in one piece; first gets how long the first word is. */
static void
name_part(const char *s, size_t n, part *p, size_t *first)
{
	char		folded[512];
	text_token	token[8];
	size_t		m = fold_value(s, n, folded, sizeof folded),
				count = text_tokens(folded, m, token, 8);

	p->n = 0;
	if (first != NULL)
		*first = 0;
	for (size_t i = 0; i < count && i < 8; i++)
	{
		if ((count > 1 && match_is_title(token[i].s, token[i].n)) || p->n + token[i].n > PART_MAX)
			continue;
		memcpy(p->s + p->n, token[i].s, token[i].n);
		p->n += token[i].n;
		if (first != NULL && *first == 0)
			*first = p->n;
	}
}

static size_t
sound(const char *s, size_t n, char *out)
{
	char		code[PHONETIC_CODES][PHONETIC_LENGTH + 1];

	if (phonetic_codes(s, n, code) == 0)
		return 0;
	strcpy(out, code[0]);
	return strlen(out);
}

/* The names of which the given name is a form, with the family name: bob smith, rob smith, robert smith. */
static void
nickname_keys(match_keys *k, const char *given, size_t n, const part *family)
{
	int			word = nickname_find(given, n);

	if (word < 0)
		return;
	for (int i = 0; i < nickname_words[word].n && i < 8; i++)
	{
		const nickname_word *head = &nickname_words[nickname_heads[nickname_lines[nickname_words[word].at + i] >> 1]];

		add2(k, 'G', family->s, family->n, head->s, head->len);
	}
}

/* Of one given and one family name (or what stands in their place). */
static void
person_keys(match_keys *k, const part *given, size_t first, const part *family)
{
	char		gs[PHONETIC_LENGTH + 1],
				fs[PHONETIC_LENGTH + 1];
	size_t		ng,
				nf;

	if (family->n == 0 || given->n == 0)
	{
		if (family->n + given->n > 0)
			add1(k, 'N', family->n > 0 ? family->s : given->s, family->n + given->n);
		return;
	}
	/* an initial is compared as one */
	if (first > 1)
		add_pair(k, 'S', given->s, first, family->s, family->n);
	nickname_keys(k, given->s, first, family);
	add2(k, 'I', family->s, family->n, given->s, 1);
	ng = sound(given->s, first, gs);
	nf = sound(family->s, family->n, fs);
	if (ng > 0 && nf > 0 && first > 1)
		add_pair(k, 'P', gs, ng, fs, nf);
	if (nf > 0)
		add2(k, 'J', fs, nf, given->s, 1);
	if (first > 1 && family->n > 4)
	{
		add2(k, 'F', family->s, 4, given->s, first);
		add2(k, 'L', family->s + family->n - 4, 4, given->s, first);
	}
}

/* All ways to part some words in a given and a family name. */
static void
split_keys(match_keys *k, const char *s, size_t n)
{
	char		folded[512];
	text_token	token[6];
	size_t		m = fold_value(s, n, folded, sizeof folded),
				count = text_tokens(folded, m, token, 6),
				words = 0;

	for (size_t i = 0; i < count && i < 6; i++)
		if (!match_is_title(token[i].s, token[i].n))
			token[words++] = token[i];
	for (size_t i = 1; i < words; i++)
	{
		const char *end = token[words - 1].s + token[words - 1].n;
		part		a,
					b;
		size_t		first_a,
					first_b;

		name_part(token[0].s, (size_t) (token[i - 1].s + token[i - 1].n - token[0].s), &a, &first_a);
		name_part(token[i].s, (size_t) (end - token[i].s), &b, &first_b);
		person_keys(k, &a, first_a, &b);
		person_keys(k, &b, first_b, &a);
	}
}

/* match_keys_full_name: a name in one piece, in any order */
void
match_keys_full_name(match_keys *k, const char *s, size_t n)
{
	split_keys(k, s, n);
}

/* match_keys_person: the names of a person; any may be empty. */
void
match_keys_person(match_keys *k, const char *given, size_t ngiven, const char *family, size_t nfamily, const char *maiden, size_t nmaiden)
{
	part		g,
				f,
				m;
	size_t		first;

	name_part(given, ngiven, &g, &first);
	name_part(family, nfamily, &f, NULL);
	name_part(maiden, nmaiden, &m, NULL);
	if (g.n == 1 || f.n == 1 || match_is_title(g.s, g.n))
		/* a title or an initial in one column, all of the name in the other */
		split_keys(k, g.n <= f.n ? family : given, g.n <= f.n ? nfamily : ngiven);
	else if (g.n == 0 || f.n == 0)
		split_keys(k, g.n > 0 ? given : family, g.n > 0 ? ngiven : nfamily);
	person_keys(k, &g, first, &f);
	/* a double name, of which another record may have half */
	for (size_t i = 1; i + 1 < nfamily && g.n > 0; i++)
		if (family[i] == '-' || family[i] == ' ')
		{
			part		half;

			name_part(family, i, &half, NULL);
			if (half.n > 3 && first > 1)
				add_pair(k, 'S', g.s, first, half.s, half.n);
			name_part(family + i + 1, nfamily - i - 1, &half, NULL);
			if (half.n > 3 && first > 1)
				add_pair(k, 'S', g.s, first, half.s, half.n);
			break;
		}
	if (m.n > 0 && g.n > 0)
		person_keys(k, &g, first, &m);
}

/*
 * match_keys_email_name: the name that an e-mail address may be made of, for a record that lacks one: jean.dupont, dupontj, jeandupont where one end is a
 * known given name.
 */
void
match_keys_email_name(match_keys *k, const char *s, size_t n)
{
	email_parsed p;
	char		words[EMAIL_LOCAL_MAX + 1];
	size_t		m = 0,
				breaks = 0;
	part		a,
				b;

	if (email_parse(s, n, &p) != EMAIL_OK || email_is_role(p.normal, p.local_len))
		return;
	for (size_t i = 0; i < p.local_len && p.normal[i] != '+'; i++)
		if (p.normal[i] >= 'a' && p.normal[i] <= 'z')
			words[m++] = p.normal[i];
		else if (m > 0 && words[m - 1] != ' ')
			words[m++] = ' ';
	while (m > 0 && words[m - 1] == ' ')
		m--;
	for (size_t i = 0; i < m; i++)
		breaks += words[i] == ' ';
	if (breaks > 0)
	{
		split_keys(k, words, m);
		return;
	}
	if (m < 5)
		return;
	for (size_t i = 3; i + 3 <= m; i++)
	{
		bool		left = nickname_find(words, i) >= 0,
					right = nickname_find(words + i, m - i) >= 0;

		if (!left && !right)
			continue;
		name_part(words, i, &a, NULL);
		name_part(words + i, m - i, &b, NULL);
		if (left)
			person_keys(k, &a, a.n, &b);
		if (right)
			person_keys(k, &b, b.n, &a);
	}
	/* an initial before or behind the name */
	add2(k, 'I', words + 1, m - 1, words, 1);
	add2(k, 'I', words, m - 1, words + m - 1, 1);
}

/* match_keys_organisation: the name, and the registry number that it may hold. */
void
match_keys_organisation(match_keys *k, const char *name, size_t n)
{
	char		folded[512],
				number[REGISTRY_NUMBER];
	match_words w;
	text_token	token[WORDS_MAX];
	char		joined[WORDS_MAX * WORD_BYTES],
				sorted[WORDS_MAX * WORD_BYTES + WORDS_MAX],
				code[PHONETIC_LENGTH + 1];
	size_t		m = fold_value(name, n, folded, sizeof folded),
				length = 0,
				c;

	if (registry_number_find(name, n, number) != REGISTRY_NONE)
		add1(k, 'R', number, strlen(number));
	if (m == 0)
		return;
	match_read_organisation(folded, m, &w);
	for (int i = 0; i < w.count; i++)
	{
		token[i] = (text_token) {w.word[i].s, w.word[i].n};
		memcpy(joined + length, w.word[i].s, w.word[i].n);
		length += w.word[i].n;
	}
	if (length == 0)
		return;
	for (int i = 1; i < w.count; i++)
		for (int j = i; j > 0; j--)
		{
			text_token	t = token[j];
			int			r = memcmp(t.s, token[j - 1].s, t.n < token[j - 1].n ? t.n : token[j - 1].n);

			if (r > 0 || (r == 0 && t.n >= token[j - 1].n))
				break;
			token[j] = token[j - 1];
			token[j - 1] = t;
		}
	c = 0;
	for (int i = 0; i < w.count; i++)
	{
		memcpy(sorted + c, token[i].s, token[i].n);
		c += token[i].n;
		sorted[c++] = ' ';
	}
	add1(k, 'O', sorted, c);
	add1(k, 'o', joined, length < 7 ? length : 7);
	if (length > 8)
		add1(k, 'q', joined + length - 8, 8);
	/* the two longest words sound alike */
	c = sound(joined, length, code);
	if (c > 2)
		add1(k, 'Q', code, c);
}

/* match_keys_registry: a number of its own column. */
void
match_keys_registry(match_keys *k, const char *s, size_t n)
{
	char		number[REGISTRY_NUMBER];

	if (registry_number_find(s, n, number) != REGISTRY_NONE)
		add1(k, 'R', number, strlen(number));
	else
	{
		char		folded[PART_MAX];
		size_t		m = fold_value(s, n, folded, sizeof folded);

		if (m > 0)
			add1(k, 'R', folded, m);
	}
}

static size_t
digits_of(const char *s, size_t n, char *out, size_t cap)
{
	size_t		m = 0;

	for (size_t i = 0; i < n && m < cap; i++)
		if (s[i] >= '0' && s[i] <= '9')
			out[m++] = s[i];
	return m;
}

/* match_keys_date: of a date of birth; also == true for a question, which looks for day and month in each other's place too. */
void
match_keys_date(match_keys *k, int32_t date, bool also)
{
	char		s[32];

	if (date_is_default(date))
		return;
	date_text(date, s);
	add1(k, 'B', s, strlen(s));
	if (also && date_swap(date, &date))
	{
		date_text(date, s);
		add1(k, 'B', s, strlen(s));
	}
}

/* match_keys_email: the mailbox, and its local part; of an organisation the domain that is its own. */
void
match_keys_email(match_keys *k, const char *s, size_t n, bool organisation)
{
	email_parsed p;
	char		canonical[EMAIL_CANONICAL_MAX],
				plain[EMAIL_CANONICAL_MAX];
	size_t		at,
				m,
				l = 0;

	if (email_parse(s, n, &p) != EMAIL_OK)
		return;
	at = p.local_len + 1;
	m = email_canonical(p.normal, p.normal_len, email_provider_rule(p.normal + at, p.normal_len - at), canonical);
	add1(k, 'E', canonical, m);
	at = email_domain_begin(canonical, m);
	if (at == 0)
		return;
	for (size_t i = 0; i + 1 < at; i++)
		if (canonical[i] != '.' && canonical[i] != '-' && canonical[i] != '_')
			plain[l++] = canonical[i];
	if (l >= 5 && !email_is_role(canonical, at - 1))
		add1(k, 'M', plain, l);
	if (organisation && !email_is_free_mail(canonical + at, m - at))
		add1(k, 'D', canonical + at, m - at);
}

/* match_keys_phone: the last nine digits, which all ways to write a number share */
void
match_keys_phone(match_keys *k, const char *s, size_t n)
{
	char		d[40];
	size_t		m = digits_of(s, n, d, sizeof d);

	if (m < 6)
		return;
	add1(k, 'T', d + (m > 9 ? m - 9 : 0), m > 9 ? 9 : m);
}

/*
 * match_keys_address: an address_key: house number, the longest word of the street, postcode; and the postcode with the family name.
 */
void
match_keys_address(match_keys *k, const char *key, size_t n)
{
	const char *comma = memchr(key, ',', n),
			   *end = comma != NULL ? comma : key + n,
			   *word = NULL,
			   *p = key;
	size_t		longest = 0;
	char		number[PART_MAX];
	size_t		m = 0,
				digits = 0;

	while (p < end && *p >= '0' && *p <= '9' && m < 10)
		number[m++] = *p++;
	digits = m;
	for (; p < end;)
	{
		const char *q = memchr(p, ' ', (size_t) (end - p));

		if (q == NULL)
			q = end;
		if ((size_t) (q - p) > longest)
		{
			longest = (size_t) (q - p);
			word = p;
		}
		p = q + 1;
	}
	if (digits == 0 || word == NULL || comma == NULL)
		return;
	number[m++] = '|';
	for (p = comma + 1; p < key + n && *p == ' '; p++)
		;
	/* the first word behind the comma: a postcode, or a city */
	for (; p < key + n && *p != ' ' && m < 60; p++)
		number[m++] = *p;
	add2(k, 'A', number, m, word, longest < 5 ? longest : 5);
}

/* match_keys_place: the family name (or the organisation's first word) at a postcode. */
void
match_keys_place(match_keys *k, const char *family, size_t nfamily, const char *postal_code, size_t npostal)
{
	part		f,
				p;
	char		code[PHONETIC_LENGTH + 1];
	size_t		c;

	name_part(family, nfamily, &f, NULL);
	name_part(postal_code, npostal, &p, NULL);
	c = sound(f.s, f.n, code);
	if (c > 0 && p.n >= 3)
		add2(k, 'Z', code, c, p.s, p.n);
}
