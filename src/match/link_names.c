/*
 * link_names.c: which name is the given name and which the family name, learned from the table itself: how often a value stands in the
 * column of given names and how often in that of family names. Swapped names are put right, full names are split, and a name that is
 * missing is read out of the e-mail address where the address is made from one.
 */
#include "match/link_private.h"

#include <math.h>

#define PIECES 8
#define UNKNOWN_BEHIND 0.001	/* what stands behind a given name is no known one: rather a family name */
#define UNKNOWN_PAIR 0.02		/* of two words that are not known as a family name */

typedef struct split
{
	char		text[2][LINK_TEXT_MAX + 1];
	int			length[2];
	int			head[2];		/* length of the first token of each */
	double		score;
} split;

/* the counts by which names are oriented; one more than seen so that an unknown name is possible */
static inline double
first_count(const link_engine *e, uint32_t id)
{
	return (id ? e->name[id].as_first : 0) + 0.1;
}

static inline double
last_count(const link_engine *e, uint32_t id)
{
	return (id ? e->name[id].as_last : 0) + 0.1;
}

static void
join(split *s, int part, const text_token *token, int from, int to)
{
	int			k = 0;

	for (int i = from; i < to; i++)
	{
		int			m = (int) token[i].n;

		if (k + m > LINK_TEXT_MAX)
			m = LINK_TEXT_MAX - k;
		memcpy(s->text[part] + k, token[i].s, m);
		k += m;
		if (i == from)
			s->head[part] = to - from > 1 ? k : 0;
	}
	s->length[part] = k;
}

/* the better way to split tokens into a given name (part 0) and a family name (part 1) */
static bool
split_tokens(const link_engine *e, const text_token *token, int n, split *best)
{
	split		s;

	best->score = -1;
	for (int p = 1; p < n; p++)
		for (int turned = 0; turned < 2; turned++)
		{
			join(&s, turned, token, 0, p);
			join(&s, !turned, token, p, n);
			s.score = first_count(e, link_lookup(&e->names, s.text[0], s.length[0]));
			if (s.head[0] > 1)
			{
				/* a further given name or an initial behind a known one */
				double		h = 0.2 * first_count(e, link_lookup(&e->names, s.text[0], s.head[0]));
				uint32_t	rest = link_lookup(&e->names, s.text[0] + s.head[0], s.length[0] - s.head[0]);

				if (s.length[0] - s.head[0] > 1 && first_count(e, rest) < 1)
					h *= UNKNOWN_BEHIND;
				if (h > s.score)
					s.score = h;
			}
			{
				uint32_t	last = link_lookup(&e->names, s.text[1], s.length[1]);

				s.score *= last_count(e, last) * (s.head[1] && last_count(e, last) < 1 ? UNKNOWN_PAIR : 1);
			}
			/* an initial is a given name */
			if (s.length[0] == 1 && s.length[1] > 1)
				s.score *= 30;
			if (s.score > best->score)
				*best = s;
		}
	return best->score >= 0;
}

static void
add_name(link_engine *e, const split *s, int part, uint32_t *id)
{
	*id = link_name_id(e, s->text[part], s->length[part]);
	if (part == 0 && s->head[0] >= 3 && *id && e->name[*id].head == 0)
	{
		uint32_t	h = link_name_id(e, s->text[0], s->head[0]);

		e->name[*id].head = h;
	}
}

static bool
swapped(const link_engine *e, uint32_t f, uint32_t l)
{
	double		of = e->name[f].as_first,
				ol = e->name[l].as_last;

	/* e^-3.2: names stand where they belong unless much speaks against it */
	return first_count(e, l) * last_count(e, f) * 0.0407622 > (of > 0 ? of - 0.9 : 0.1) * (ol > 0 ? ol - 0.9 : 0.1);
}

/* one full name as far as it can be read without knowing the others: with a comma, or its first word against the rest; false for one word */
static bool
split_by_place(const link_engine *e, uint32_t id, split *s)
{
	const char *t = link_text(&e->full, id);
	size_t		n = e->full.v[id].length;
	const char *c = memchr(t, ',', n);
	text_token	a[PIECES],
				b[PIECES];

	if (c)
	{
		int			ka = (int) text_tokens(t, c - t, a, PIECES),
					kb = (int) text_tokens(c + 1, t + n - c - 1, b, PIECES);

		join(s, 1, a, 0, ka < PIECES ? ka : PIECES);
		join(s, 0, b, 0, kb < PIECES ? kb : PIECES);
		return true;
	}
	else
	{
		int			k = (int) text_tokens(t, n, a, PIECES);

		if (k > PIECES)
			k = PIECES;
		if (k < 2)
			return false;
		join(s, 0, a, 0, 1);
		join(s, 1, a, 1, k);
		return true;
	}
}

#define ORDER_ROUNDS 4
#define ORDER_SAMPLE 50000		/* full names that teach */

/*
 * Where most names are full names, they themselves teach which part is which: given names are few and frequent. The first round goes by
 * their place, the others by what the round before has taught, until the same name is a given name everywhere.
 */
static void
order_of_names(link_engine *e)
{
	uint32_t	before = e->names.n,
				limit = (uint32_t) (UINT32_MAX * fmin(1, ORDER_SAMPLE / (double) e->full.n));
	uint32_t   *base = link_alloc(e, sizeof(uint32_t) * 2 * (before + 1));

	for (uint32_t i = 1; i <= before; i++)
	{
		base[2 * i] = e->name[i].as_first;
		base[2 * i + 1] = e->name[i].as_last;
	}
	for (int round = 0; round < ORDER_ROUNDS; round++)
	{
		uint32_t   *part = link_alloc(e, sizeof(uint32_t) * 2 * (e->full.n + 1));

		for (uint32_t i = 1; i <= e->full.n; i++)
		{
			split		s,
						better;
			text_token	token[PIECES];
			const char *t = link_text(&e->full, i);
			char		copy[LINK_TEXT_MAX + 1];
			size_t		n = e->full.v[i].length;

			part[2 * i] = part[2 * i + 1] = 0;
			/* whatever order they came in, the same ones teach */
			if (e->full.n > ORDER_SAMPLE && (uint32_t) (link_hash(t, n) >> 32) > limit)
				continue;
			memcpy(copy, t, n);
			if (!split_by_place(e, i, &s))
				continue;
			if (round > 0 && !memchr(copy, ',', n))
			{
				int			k = (int) text_tokens(copy, n, token, PIECES);

				if (split_tokens(e, token, k < PIECES ? k : PIECES, &better))
					s = better;
			}
			part[2 * i] = link_name_id(e, s.text[0], s.length[0]);
			part[2 * i + 1] = link_name_id(e, s.text[1], s.length[1]);
			if ((i & 0xfff) == 0)
				link_look(e);
		}
		for (uint32_t i = 1; i <= e->names.n; i++)
		{
			e->name[i].as_first = i <= before ? base[2 * i] : 0;
			e->name[i].as_last = i <= before ? base[2 * i + 1] : 0;
		}
		for (uint32_t i = 1; i <= e->full.n; i++)
			if (part[2 * i] && part[2 * i + 1])
			{
				e->name[part[2 * i]].as_first += e->full.v[i].count;
				e->name[part[2 * i + 1]].as_last += e->full.v[i].count;
			}
		link_free(e, part, sizeof(uint32_t) * 2 * (e->full.n + 1));
	}
	link_free(e, base, sizeof(uint32_t) * 2 * (before + 1));
}

static void
full_names(link_engine *e)
{
	uint32_t   *first = link_zalloc(e, sizeof(uint32_t) * (e->full.n + 1)),
			   *last = link_zalloc(e, sizeof(uint32_t) * (e->full.n + 1));
	uint32_t	known = 0;
	split		s;
	text_token	token[PIECES];

	for (uint32_t i = 1; i <= e->names.n; i++)
		known += e->name[i].as_first;
	if (known < e->full.n)
		order_of_names(e);
	for (uint32_t i = 1; i <= e->full.n; i++)
	{
		char		t[LINK_TEXT_MAX + 1];
		size_t		n = e->full.v[i].length;
		const char *c;
		int			k;

		if ((i & 0xfff) == 0)
			link_look(e);
		memcpy(t, link_text(&e->full, i), n);
		c = memchr(t, ',', n);
		if (c)
		{
			text_token	a[PIECES],
						b[PIECES];
			int			ka = (int) text_tokens(t, c - t, a, PIECES),
						kb = (int) text_tokens(c + 1, t + n - c - 1, b, PIECES);

			join(&s, 1, a, 0, ka < PIECES ? ka : PIECES);
			join(&s, 0, b, 0, kb < PIECES ? kb : PIECES);
			add_name(e, &s, 0, &first[i]);
			add_name(e, &s, 1, &last[i]);
			if (first[i] && last[i] && swapped(e, first[i], last[i]))
			{
				uint32_t	x = first[i];

				first[i] = last[i];
				last[i] = x;
			}
			continue;
		}
		k = (int) text_tokens(t, n, token, PIECES);
		if (k > PIECES)
			k = PIECES;
		if (k == 1)
		{
			uint32_t	id;

			join(&s, 0, token, 0, 1);
			id = link_lookup(&e->names, s.text[0], s.length[0]);
			if (id && e->name[id].as_first > e->name[id].as_last)
				first[i] = id;
			else
				last[i] = link_name_id(e, s.text[0], s.length[0]);
		}
		else if (split_tokens(e, token, k, &s))
		{
			add_name(e, &s, 0, &first[i]);
			add_name(e, &s, 1, &last[i]);
		}
	}
	for (uint32_t i = 0; i < e->n; i++)
	{
		link_record *r = &e->record[i];

		if (i + 16 < e->n && !(r[16].flags & (RECORD_ORG | RECORD_FULL)))
		{
			link_ask(e->name, r[16].first);
			link_ask(e->name, r[16].last);
		}
		if (r->flags & RECORD_FULL)
		{
			uint32_t	f = r->first;

			r->first = first[f];
			r->last = last[f];
		}
		else if (!(r->flags & RECORD_ORG) && r->first && r->last && swapped(e, r->first, r->last))
		{
			uint32_t	f = r->first;

			r->first = r->last;
			r->last = f;
		}
	}
	link_free(e, first, sizeof(uint32_t) * (e->full.n + 1));
	link_free(e, last, sizeof(uint32_t) * (e->full.n + 1));
	link_dict_free(e, &e->full);
}

static bool
is_name(const link_engine *e, uint32_t id, const char *s, int n)
{
	return e->names.v[id].length == n && link_same(link_text(&e->names, id), s, n);
}

/* one way to read a name out of a local part: is it believable, and how much so; names are looked up only where the answer hangs on them */
static double
mail_score(const link_engine *e, const link_record *r, const char *f, int nf, const char *l, int nl, bool apart, double least, double total)
{
	uint32_t	fi,
				li;
	bool		known_first,
				initial = nf == 1;

	if (nl < 2)
		return -1;
	/* what the record says of its given name must be what stands here: the same, its first part or its initial */
	if (r->first && link_text(&e->names, r->first)[0] != f[0])
		return -1;
	if (!r->first && r->last && !is_name(e, r->last, l, nl))
		return -1;
	fi = link_lookup(&e->names, f, nf);
	known_first = fi && e->name[fi].as_first >= least && e->name[fi].as_first > e->name[fi].as_last;
	if (r->first)
	{
		if (fi != r->first && !(fi && e->name[r->first].head == fi) && !initial && !(e->names.v[r->first].length == 1 && known_first))
			return -1;
		return first_count(e, fi) * last_count(e, link_lookup(&e->names, l, nl)) / (total * total) * (initial ? 0.01 : 1);
	}
	if (!known_first && !initial)
		return -1;
	if (r->last)
		return first_count(e, fi) * (initial ? 0.01 : 1);
	li = link_lookup(&e->names, l, nl);
	if (known_first && (li || apart))
		return first_count(e, fi) * last_count(e, li) / (total * total);
	if (initial && li && e->name[li].as_last >= 2)
		return 0.01 * last_count(e, li) / total / total;
	return -1;
}

static void
mail_names(link_engine *e)
{
	double		total = 0,
				least;

	for (uint32_t i = 1; i <= e->names.n; i++)
		total += e->name[i].as_first;
	least = total * 1e-4 > 3 ? total * 1e-4 : 3;
	for (uint32_t i = 0; i < e->n; i++)
	{
		link_record *r = &e->record[i];
		char		t[LINK_TEXT_MAX + 1];
		int			n,
					k = 0,
					cut = 0,
					cuts[PIECES];
		double		best = 0;
		int			bf = 0,
					nbf = 0,
					bl = 0,
					nbl = 0;

		if ((i & 0xfff) == 0)
			link_look(e);
		if (i + 16 < e->n && r[16].spare)
		{
			link_ask(e->names.v, r[16].first);
			link_ask(e->written.v, r[16].spare);
			if (r[8].spare)
				__builtin_prefetch(link_text(&e->written, r[8].spare));
		}
		if (r->spare == 0 || (r->first && r->last && e->names.v[r->first].length > 1) || (r->flags & RECORD_FULL && r->first && r->last))
			continue;
		{
			const char *w = link_text(&e->written, r->spare);

			n = e->written.v[r->spare].length;
			for (int j = 0; j < n; j++)
				if ((w[j] >= 'a' && w[j] <= 'z') || (unsigned char) w[j] >= 0x80)
					t[k++] = w[j];
				else if (k > 0 && cut < PIECES && (cut == 0 || cuts[cut - 1] != k))
					cuts[cut++] = k;
		}
		/* what is a separator only before trailing digits is none */
		while (cut > 0 && cuts[cut - 1] >= k)
			cut--;
		if (k < 3 || k > 60)
			continue;
		for (int j = 0; j < (cut ? cut : k - 1); j++)
		{
			int			p = cut ? cuts[j] : j + 1;
			double		s;

			if ((s = mail_score(e, r, t, p, t + p, k - p, cut > 0, least, total)) > best)
				best = s, bf = 0, nbf = p, bl = p, nbl = k - p;
			if ((s = mail_score(e, r, t + p, k - p, t, p, cut > 0, least, total)) > best)
				best = s, bf = p, nbf = k - p, bl = 0, nbl = p;
		}
		if (best > 0)
		{
			uint32_t	f = link_name_id(e, t + bf, nbf),
						l = link_name_id(e, t + bl, nbl);

			if (r->first == 0 || e->names.v[r->first].length == 1)
			{
				if (f && (r->first == 0 || nbf > 1))
				{
					r->first = f;
					r->flags |= RECORD_IMPUTED_FIRST;
				}
			}
			if (r->last == 0)
			{
				r->last = l;
				r->flags |= RECORD_IMPUTED_LAST;
			}
		}
	}
	for (uint32_t i = 0; i < e->n; i++)
		e->record[i].spare = 0;
	link_dict_free(e, &e->written);
}

/*
 * First parts of compound names get numbers of their own. This waits until all rows are in, so that names are numbered in the order in which
 * rows hold them, whatever parts the rows came in.
 */
static void
head_names(link_engine *e)
{
	for (uint32_t i = 1, n = e->names.n; i <= n; i++)
		if (e->name[i].head)
		{
			char		s[LINK_TEXT_MAX + 1];
			uint32_t	k = e->name[i].head;

			memcpy(s, link_text(&e->names, i), k);
			k = link_name_id(e, s, k);
			e->name[i].head = k;
		}
}

/* link_names_settle: after it, first and last of every person are final, and names are counted as they are held now */
void
link_names_settle(link_engine *e)
{
	char		s[LINK_TEXT_MAX + 1];

	head_names(e);
	full_names(e);
	mail_names(e);
	for (uint32_t i = 1; i <= e->names.n; i++)
	{
		link_name  *a = &e->name[i];
		int			n = link_skeleton(link_text(&e->names, i), e->names.v[i].length, s);

		if ((i & 0xfff) == 0)
			link_look(e);
		a->skeleton = link_intern(e, &e->skeletons, s, n);
		a->nickname = nickname_find(link_text(&e->names, i), e->names.v[i].length);
		a->as_first = a->as_last = 0;
	}
	for (uint32_t i = 0; i < e->n; i++)
	{
		const link_record *r = &e->record[i];

		if (i + 16 < e->n && !(r[16].flags & RECORD_ORG))
		{
			link_ask(e->name, r[16].first);
			link_ask(e->name, r[16].last);
		}
		if (r->flags & RECORD_ORG)
			continue;
		if (r->first)
			e->name[r->first].as_first++;
		if (r->last)
			e->name[r->last].as_last++;
	}
}
