/*
 * link_written.c: names of persons and organisations as they are written, brought to the form in which they are compared and put into the queue
 * of their dictionaries. Which part of a full name is which waits for link_names.c.
 */
#include "match/link_private.h"

/* words that stand for no value */
bool
link_is_nothing(const char *s, int n)
{
	static const char *const word[] = {"na", "n a", "null", "none", "unknown", "inconnu", "inconnue", "unbekannt", "nc", "n c", "nan", "anonymous", "anonyme", "sans"};

	if (n > 9)
		return false;
	for (size_t i = 0; i < sizeof word / sizeof *word; i++)
		if (word[i][0] == s[0] && (int) strlen(word[i]) == n && memcmp(word[i], s, n) == 0)
			return true;
	return false;
}

/* a given or family name, joined without spaces; returns its length */
int
link_put_name(link_engine *e, const char *s, int n, size_t field, int what)
{
	char		t[LINK_FOLD_ROOM],
				joined[LINK_TEXT_MAX + 1];
	text_token	token[LINK_TOKENS];
	size_t		ntokens;
	int			k = 0,
				kept = 0,
				head = 0;

	n = link_fold(s, n, t);
	if (n == 0 || link_is_nothing(t, n))
		return 0;
	ntokens = text_tokens(t, n, token, LINK_TOKENS);
	if (ntokens > LINK_TOKENS)
		ntokens = LINK_TOKENS;
	for (size_t i = 0; i < ntokens; i++)
	{
		if (i + 1 < ntokens && (link_word_flags(e, token[i].s, token[i].n) & LINK_WORD_TITLE) && token[i].n > 1)
			continue;
		if (k + token[i].n > LINK_TEXT_MAX)
			break;
		link_copy(joined + k, token[i].s, token[i].n);
		k += (int) token[i].n;
		if (kept++ == 0)
			head = k;
	}
	link_wait(e, &e->names, joined, k, field, what, what == WAITING_FIRST && kept > 1 && head >= 3 ? head : 0, 0);
	return k;
}

static bool
is_title(const link_engine *e, const char *s, int n)
{
	char		t[LINK_FOLD_ROOM];
	int			m = link_fold(s, n, t);

	while (m > 0 && !(t[m - 1] >= 'a' && t[m - 1] <= 'z'))
		m--;
	return m > 0 && (link_word_flags(e, t, m) & LINK_WORD_TITLE) != 0;
}

/*
 * DUPONT Jean, Jean DUPONT: what alone stands in capitals is the family name. Its bytes, from *from to *to; false where capitals say
 * nothing. Letters beyond Latin-1 count as small ones.
 */
static bool
capitals(link_engine *e, const char *s, int n, int *from, int *to)
{
	int			words = 0,
				runs = 0;
	bool		last = false,
				small = false;

	for (int at = 0; at < n;)
	{
		int			w = 0,
					up = 0,
					low = 0;
		bool		is;

		while (at + w < n && s[at + w] != ' ')
		{
			unsigned char c = (unsigned char) s[at + w++];

			if (c >= 'A' && c <= 'Z')
				up++;
			else if (c >= 'a' && c <= 'z')
				low++;
			else if (c == 0xc3 && at + w < n)
			{
				c = (unsigned char) s[at + w++];
				if (c < 0xa0 && c != 0x9f)
					up++;
				else
					low++;
			}
			else if (c > 0xc3)
				low++;
		}
		if (up + low == 0 || (up > 1 && low == 0 && w <= 5 && is_title(e, s + at, w)))
		{
			at += w + 1;
			continue;
		}
		is = up > 1 && low == 0;
		small |= low > 0;
		if (is && !last)
		{
			*from = at;
			runs++;
		}
		if (is)
			*to = at + w;
		last = is;
		words++;
		at += w + 1;
	}
	return runs == 1 && small && words > 1;
}

/* a full name: folded tokens without titles; "last, first" keeps its comma */
bool
link_put_full(link_engine *e, const char *s, int n, bool *comma)
{
	char		t[LINK_FOLD_ROOM],
				r[LINK_TEXT_MAX + 1],
				turned[LINK_TEXT_MAX + 2];
	int			k = 0,
				from = 0,
				to = 0;
	const char *c = memchr(s, ',', n);

	*comma = false;
	if (!c && n < LINK_TEXT_MAX && capitals(e, s, n, &from, &to))
	{
		/* with the comma that the capitals stand for */
		memcpy(turned, s + from, to - from);
		turned[to - from] = ',';
		memcpy(turned + to - from + 1, s, from);
		memcpy(turned + to + 1, s + to, n - to);
		s = turned;
		c = turned + to - from;
		n++;
	}
	for (int part = 0; part < (c ? 2 : 1); part++)
	{
		const char *from = part ? c + 1 : s;
		int			m = link_fold(from, c ? (part ? s + n - from : c - s) : n, t),
					at = 0;

		if (part && k > 0 && k < LINK_TEXT_MAX)
		{
			r[k++] = ',';
			*comma = true;
		}
		while (at < m)
		{
			int			w = 0;

			while (at + w < m && t[at + w] != ' ')
				w++;
			/* a title, but not the last word: Don and Mme are names of some; one letter is a title only at the beginning */
			if (!((link_word_flags(e, t + at, w) & LINK_WORD_TITLE) && at + w < m && (w > 1 || (at == 0 && !c))) && k + w + 1 < LINK_TEXT_MAX)
			{
				if (k > 0 && r[k - 1] != ',')
					r[k++] = ' ';
				memcpy(r + k, t + at, w);
				k += w;
			}
			at += w + 1;
		}
	}
	if (k > 0 && r[k - 1] == ',')
		k--, *comma = false;
	if (k == 0 || link_is_nothing(r, k))
		return false;
	WAIT(&e->full, r, k, first);
	return true;
}

void
link_put_company(link_engine *e, link_record *r, const char *s, int n)
{
	char		t[LINK_FOLD_ROOM],
				name[LINK_TEXT_MAX + 1];
	const char *form = NULL;
	int			k = 0,
				at = 0;

	n = link_fold(s, n, t);
	if (n == 0 || link_is_nothing(t, n))
		return;
	while (at < n)
	{
		char		w[LINK_TEXT_MAX + 1];
		int			m = 0;
		const char *f;

		/* S.A.R.L. and s a r l: single letters in a row are one word */
		while (at < n && (at + 1 == n || t[at + 1] == ' ') && m < LINK_TEXT_MAX)
		{
			w[m++] = t[at];
			at += 2;
		}
		if (m == 0)
		{
			while (at < n && t[at] != ' ')
				w[m++] = t[at++];
			at++;
		}
		if (m == 7 && memcmp(w, "societe", 7) == 0 && n - at >= 7 && memcmp(t + at, "anonyme", 7) == 0)
		{
			if (!form)
				form = "sa";
			at += 8;
			continue;
		}
		if ((f = link_legal_form(w, m)) != NULL)
		{
			if (*f && !form)
				form = f;
			continue;
		}
		if ((m == 2 && (memcmp(w, "et", 2) == 0)) || (m == 3 && (memcmp(w, "and", 3) == 0 || memcmp(w, "und", 3) == 0 || memcmp(w, "the", 3) == 0)))
			continue;
		if (k + m + 1 > LINK_TEXT_MAX)
			break;
		if (k > 0)
			name[k++] = ' ';
		memcpy(name + k, w, m);
		k += m;
	}
	if (k == 0)
	{
		/* only a legal form: it is the name */
		memcpy(name, t, k = n);
		form = NULL;
	}
	WAIT(&e->companies, name, k, last);
	r->first = form ? link_intern(e, &e->legals, form, strlen(form)) : 0;
	r->flags |= RECORD_ORG;
}
