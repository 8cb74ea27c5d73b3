/*
 * link_contact.c: e-mail addresses, postal addresses and registry numbers of a row in the forms in which they are compared.
 */
#include "match/link_private.h"

/* folds what fits; returns the length */
int
link_fold(const char *s, size_t n, char *out)
{
	size_t		r = text_fold(s, n > LINK_TEXT_MAX ? LINK_TEXT_MAX : n, out, LINK_FOLD_ROOM);

	return r == TEXT_BAD_UTF8 || r > LINK_FOLD_ROOM ? 0 : r > LINK_TEXT_MAX ? LINK_TEXT_MAX : (int) r;
}

static inline char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* a letter or digit of what was folded, or a byte of a letter beyond ASCII */
static inline bool
of_mailbox(unsigned char c)
{
	return (unsigned) (c - 'a') < 26 || (unsigned) (c - '0') < 10 || c >= 0x80;
}

/*
 * The e-mail as letters and digits of the part before @, without a +tag, and the domain, into t (LINK_FOLD_ROOM + 8 bytes); behind it, after
 * a line feed, how the letters are parted. raw gets the part before @ as written; *ends where the domain ends, *at where @ stood. 0: none.
 */
int
link_email_form(const char *s, int n, char *t, char *raw, int *raw_n, int *ends, int *at)
{
	int			k = 0,
				q = 0;
	bool		high = false;

	*at = -1;
	for (int i = 0; i < n; i++)
	{
		*at = s[i] == '@' ? i : *at;
		high |= (unsigned char) s[i] >= 0x80;
	}
	if (n > 7 && memcmp(s, "mailto:", 7) == 0)
		s += 7, n -= 7, *at -= 7;
	/* Ann Lee <ann@lee.example> */
	for (int i = *at - 1; i >= 0; i--)
		if (s[i] == '<')
		{
			s += i + 1, n -= i + 1, *at -= i + 1;
			break;
		}
	if (high)
	{
		char		f[LINK_FOLD_ROOM];

		q = link_fold(s, *at < 0 ? n : *at, f);
		memcpy(raw, f, q);
	}
	else
		for (int i = 0; i < (*at < 0 ? n : *at); i++)
			raw[q++] = lower(s[i]);
	for (int i = 1; i < q; i++)
		if (raw[i] == '+')
			q = i;
	for (int i = 0; i < q; i++)
	{
		t[k] = raw[i];
		k += of_mailbox(raw[i]);
	}
	*raw_n = q;
	if (k == 0)
		return 0;
	if (k > 120)
		k = 120;
	t[k++] = '@';
	for (int i = *at < 0 ? n : *at + 1; i < n && k < LINK_TEXT_MAX - 1; i++)
	{
		char		c = lower(s[i]);

		if (c != ' ' && c != '>' && c != ';' && c != ',' && c != '\n')
			t[k++] = c;
	}
	while (t[k - 1] == '.')
		k--;
	*ends = k;
	/* a.b@ and ab@ are one mailbox at Google alone */
	if (*at > 0 && q <= 100 && k + q < LINK_TEXT_MAX && !(k > 9 && memcmp(t + k - 9, "gmail.com", 9) == 0))
	{
		int			from = k;

		t[k++] = '\n';
		for (int i = 0; i < q && k + 2 < LINK_TEXT_MAX; i++)
			if (!of_mailbox(raw[i]))
			{
				t[k++] = (char) (1 + i);
				t[k++] = raw[i];
			}
		if (k == from + 1)
			k = from;
	}
	return k;
}

void
link_put_email(link_engine *e, link_record *r, const char *s, int n, bool nameless, char end[2])
{
	char		t[LINK_FOLD_ROOM + 8],
				raw[LINK_FOLD_ROOM + 8];
	int			at,
				q,
				ends,
				k = link_email_form(s, n, t, raw, &q, &ends, &at);

	if (k == 0)
		return;
	WAIT(&e->addresses, t, k, email);
	r->email = 1;				/* there is one; its number comes later */
	if (ends > 4 && t[ends - 3] == '.')
	{
		memcpy(end, t + ends - 2, 2);
		if (end[0] == 'u' && end[1] == 'k')
			memcpy(end, "gb", 2);
	}
	if (nameless && at > 0)
	{
		if (q > LINK_TEXT_MAX)
			q = LINK_TEXT_MAX;
		WAIT(&e->written, raw, q, spare);
	}
}

static bool
has_digit(const char *s, int n)
{
	for (int i = 0; i < n; i++)
		if (s[i] >= '0' && s[i] <= '9')
			return true;
	return false;
}

static bool
all_digits(const char *s, int n)
{
	for (int i = 0; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return n > 0;
}

void
link_put_city(link_engine *e, link_record *r, const char *t, int n)
{
	char		o[LINK_TEXT_MAX + 1];
	int			k = 0;

	for (int at = 0; at < n;)
	{
		int			w = 0;

		while (at + w < n && t[at + w] != ' ')
			w++;
		if (!(link_word_flags(e, t + at, w) & LINK_WORD_CITY) && !(t[at] >= '0' && t[at] <= '9'))
		{
			memcpy(o + k, t + at, w);
			k += w;
		}
		at += w + 1;
	}
	if (k == 0)
		for (int i = 0; i < n; i++)
			if (t[i] != ' ')
				o[k++] = t[i];
	WAIT(&e->cities, o, k, city);
}

void
link_put_postcode(link_engine *e, link_record *r, const char *country, const char *s, int n)
{
	char		o[LINK_TEXT_MAX + 1];
	int			k = 0;

	for (int i = 0; i < n && k < 12; i++)
	{
		char		c = s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i];

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			o[k++] = c;
	}
	/* F-75001, D 10115 */
	if (k == 6 && o[0] >= 'a' && all_digits(o + 1, 5))
		memmove(o, o + 1, --k);
	/* a zero that a spreadsheet took away */
	if (k == 4 && all_digits(o, 4) && e->two_sides == false && country)
	{
		const char *c = country;

		if (memcmp(c, "fr", 2) == 0 || memcmp(c, "de", 2) == 0 || memcmp(c, "es", 2) == 0 || memcmp(c, "it", 2) == 0 || memcmp(c, "us", 2) == 0)
		{
			memmove(o + 1, o, k++);
			o[0] = '0';
		}
	}
	r->postcode = link_intern(e, &e->postcodes, o, k);
}

void
link_put_address(link_engine *e, link_record *r, const char *country, const char *s, int n)
{
	char		t[LINK_FOLD_ROOM],
				o[LINK_TEXT_MAX + 1];
	text_token	token[LINK_TOKENS];
	int			ntokens,
				k = 0,
				street_tokens = 0;
	bool		own_place = e->has[LINK_POSTAL_CODE] || e->has[LINK_CITY];

	n = link_fold(s, n, t);
	ntokens = (int) text_tokens(t, n, token, LINK_TOKENS);
	if (ntokens > LINK_TOKENS)
		ntokens = LINK_TOKENS;
	for (int i = 0; i < ntokens; i++)
	{
		const char *w = token[i].s;
		int			m = (int) token[i].n,
					flags = w[0] >= '0' && w[0] <= '9' ? 0 : link_word_flags(e, w, m);

		if ((flags & LINK_WORD_FLAT) && ntokens > 1)
		{
			/* flat 3, 12 Mill Lane; 12 Mill Lane flat 3 */
			if (i + 1 < ntokens && (has_digit(token[i + 1].s, (int) token[i + 1].n) || token[i + 1].n == 1))
			{
				i++;
				continue;
			}
			if (street_tokens > 0)
				continue;
		}
		if (w[0] >= '0' && w[0] <= '9')
		{
			int			d = 0;

			while (d < m && w[d] >= '0' && w[d] <= '9')
				d++;
			if (!own_place && street_tokens > 0 && d == m && (m == 5 || (m == 4 && r->number)) && r->postcode == 0)
			{
				/* what follows the postcode is the city */
				link_put_postcode(e, r, country, w, m);
				if (i + 1 < ntokens)
					link_put_city(e, r, token[i + 1].s, (int) (t + n - token[i + 1].s));
				break;
			}
			if (r->number == 0)
			{
				int			z = 0;

				while (z + 1 < d && w[z] == '0')
					z++;
				r->number = link_intern(e, &e->numbers, w + z, d - z);
				continue;
			}
		}
		street_tokens++;
		if (flags & LINK_WORD_STREET)
			continue;
		if (k + m > LINK_TEXT_MAX)
			break;
		memcpy(o + k, w, m);
		k += m;
	}
	if (k == 0)
		/* nothing but words such as place and street */
		for (int i = 0; i < ntokens; i++)
			if (!(token[i].s[0] >= '0' && token[i].s[0] <= '9') && k + (int) token[i].n <= LINK_TEXT_MAX)
			{
				memcpy(o + k, token[i].s, token[i].n);
				k += (int) token[i].n;
			}
	WAIT(&e->streets, o, k, street);
}

void
link_put_registry(link_engine *e, link_record *r, const char *s, int n)
{
	char		o[LINK_TEXT_MAX + 1];
	int			k = 0;

	for (int i = 0; i < n; i++)
	{
		char		c = s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i];

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char) c >= 0x80)
			o[k++] = c;
	}
	/* a French establishment (SIRET) and a French VAT number hold the number of the enterprise (SIREN) */
	if (k == 14 && all_digits(o, 14))
		k = 9;
	else if (k == 13 && o[0] == 'f' && o[1] == 'r' && all_digits(o + 4, 9))
		memmove(o, o + 4, k = 9);
	WAIT(&e->registries, o, k, registry);
}
