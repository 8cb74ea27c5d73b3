/*
 * link_given.c: how frequent values are, where it is given and not counted: by a model that was learned from another table, or by hand.
 * What is given stands in place of the count of the table that is linked, value by value; the others stay as counted. Goes in between
 * link_start and link_settle; link_frequency_list gives out what a table has taught (Winkler 1989).
 */
#include "match/link_private.h"

#include <math.h>
#include <stdlib.h>

#define PIECES 16

struct link_given
{
	link_dict	text[LINK_FREQUENCIES];
	double	   *share[LINK_FREQUENCIES];
	uint32_t	room[LINK_FREQUENCIES];
};

/* the form in which a value stands in its dictionary */
static int
normal_form(int what, const char *s, size_t n, char *out)
{
	char		t[LINK_FOLD_ROOM];
	text_token	token[PIECES];
	int			k = 0,
				m = link_fold(s, n, t);

	if (what == LINK_OF_POSTAL_CODE)
	{
		for (int i = 0; i < m && k < LINK_TEXT_MAX; i++)
			if ((t[i] >= 'a' && t[i] <= 'z') || (t[i] >= '0' && t[i] <= '9'))
				out[k++] = t[i];
		return k;
	}
	if (what > LINK_OF_FAMILY_NAME)
	{
		memcpy(out, t, m);
		return m;
	}
	/* the parts of a name stand together */
	m = (int) text_tokens(t, m, token, PIECES);
	for (int i = 0; i < m && i < PIECES; i++)
	{
		int			len = (int) token[i].n;

		if (k + len > LINK_TEXT_MAX)
			len = LINK_TEXT_MAX - k;
		memcpy(out + k, token[i].s, len);
		k += len;
	}
	return k;
}

void
link_give_frequency(link_engine *e, int what, const char *s, size_t n, double share)
{
	struct link_given *g = e->given;
	char		t[LINK_FOLD_ROOM];
	uint32_t	id;

	if (!g)
		g = e->given = link_zalloc(e, sizeof *g);
	id = link_intern(e, &g->text[what], t, normal_form(what, s, n, t));
	if (id == 0)
		return;
	if (id >= g->room[what])
	{
		uint32_t	room = id * 2 + 64;

		g->share[what] = link_grow(e, g->share[what], sizeof(double) * g->room[what], sizeof(double) * room);
		g->room[what] = room;
	}
	g->share[what][id] = share;
}

/* the number in d of each value that is given, and its share, one after the other; 0 at the end */
static uint32_t
next_given(const link_engine *e, int what, const link_dict *d, uint32_t *at, double *share)
{
	const struct link_given *g = e->given;

	while (g && *at < g->text[what].n)
	{
		uint32_t	i = ++*at,
					id = link_lookup(d, link_text(&g->text[what], i), g->text[what].v[i].length);

		if (id)
		{
			*share = g->share[what][i];
			return id;
		}
	}
	return 0;
}

/* a count for which link_frequency.c would reckon this share */
static uint32_t
as_count(double share, double of)
{
	return (uint32_t) (share * of + 2.5);
}

void
link_given_names(link_engine *e)
{
	double		share;
	uint32_t	id;

	for (uint32_t at = 0; (id = next_given(e, LINK_OF_GIVEN_NAME, &e->names, &at, &share)) != 0;)
	{
		e->name[id].as_first = as_count(share, e->with_first + USUAL_FIRST);
		e->name[id].lu_first = (float) log2(share);
		e->names.v[id].flags |= VALUE_GIVEN;
	}
	for (uint32_t at = 0; (id = next_given(e, LINK_OF_FAMILY_NAME, &e->names, &at, &share)) != 0;)
	{
		e->name[id].as_last = as_count(share, e->with_last + USUAL_LAST);
		e->name[id].lu_last = (float) log2(share);
		e->names.v[id].flags |= VALUE_GIVEN_LAST;
	}
	for (uint32_t at = 0; (id = next_given(e, LINK_OF_ORGANISATION_NAME, &e->companies, &at, &share)) != 0;)
	{
		e->companies.v[id].count = as_count(share, e->of_kind[1] + USUAL_COMPANY);
		e->company[id].lu = (float) log2(share);
		e->companies.v[id].flags |= VALUE_GIVEN;
	}
}

void
link_given_others(link_engine *e)
{
	double		share;
	uint32_t	id;

	for (uint32_t at = 0; (id = next_given(e, LINK_OF_POSTAL_CODE, &e->postcodes, &at, &share)) != 0;)
	{
		e->lu_postcode[id] = (float) log2(share);
		e->postcodes.v[id].flags |= VALUE_GIVEN;
	}
	for (int x = 0; x < e->nextra; x++)
		for (uint32_t at = 0; (id = next_given(e, LINK_OF_EXTRA + x, &e->extras[x], &at, &share)) != 0;)
		{
			e->lu_extra[x][id] = (float) log2(share);
			e->extras[x].v[id].flags |= VALUE_GIVEN;
		}
}

void
link_given_end(link_engine *e)
{
	for (int i = 0; e->given && i < LINK_FREQUENCIES; i++)
	{
		link_dict_free(e, &e->given->text[i]);
		link_free(e, e->given->share[i], sizeof(double) * e->given->room[i]);
	}
	link_free(e, e->given, sizeof(struct link_given));
	e->given = NULL;
}

/* without counts, log2 of how frequent an equal value of a comparison is, where that is given; 0: it is not */
float
link_given_share(const link_engine *e, int c, const link_record *a, const link_record *b)
{
	bool		org = (a->flags & RECORD_ORG) != 0;

	if (c == LINK_C_LAST && a->last == b->last)
	{
		if (org)
			return e->companies.v[a->last].flags & VALUE_GIVEN ? e->company[a->last].lu : 0;
		return e->names.v[a->last].flags & VALUE_GIVEN_LAST ? e->name[a->last].lu_last : 0;
	}
	if (c == LINK_C_FIRST && !org && a->first == b->first)
		return e->names.v[a->first].flags & VALUE_GIVEN ? e->name[a->first].lu_first : 0;
	if (c >= LINK_C_EXTRA)
	{
		int			x = c - LINK_C_EXTRA;
		uint32_t	v = e->extra[(size_t) (a - e->record) * e->nextra + x];

		return e->extras[x].v[v].flags & VALUE_GIVEN ? e->lu_extra[x][v] : 0;
	}
	return 0;
}

/* ---- what a table has taught ---- */

typedef struct counted
{
	uint32_t	id,
				count;
	const char *text;
	uint32_t	length;
} counted;

static int
most_first(const void *a, const void *b)
{
	const counted *x = a,
			   *y = b;
	int			r;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	r = memcmp(x->text, y->text, x->length < y->length ? x->length : y->length);
	return r ? r : x->length < y->length ? -1 : x->length > y->length;
}

void
link_frequency_list(link_engine *e, int what, uint32_t most, void (*put) (void *context, const char *s, size_t n, double share), void *context)
{
	int			x = what - LINK_OF_EXTRA;
	const link_dict *d = what <= LINK_OF_FAMILY_NAME ? &e->names : what == LINK_OF_ORGANISATION_NAME ? &e->companies : what == LINK_OF_POSTAL_CODE ? &e->postcodes : &e->extras[x];
	counted    *c;
	uint32_t	n = 0;

	if (x >= 0 && (x >= e->nextra || e->extra_kind[x] == LINK_DATE))
		return;
	c = link_alloc(e, sizeof(counted) * (d->n + 1));
	for (uint32_t i = 1; i <= d->n; i++)
	{
		uint32_t	count = what == LINK_OF_GIVEN_NAME ? e->name[i].as_first : what == LINK_OF_FAMILY_NAME ? e->name[i].as_last : d->v[i].count;

		/* what two have may be one party */
		if (count >= 3)
			c[n++] = (counted) {i, count, link_text(d, i), d->v[i].length};
	}
	if (n)
		qsort(c, n, sizeof *c, most_first);
	for (uint32_t i = 0; i < n && i < most; i++)
	{
		uint32_t	id = c[i].id;
		float		lu = what == LINK_OF_GIVEN_NAME ? e->name[id].lu_first : what == LINK_OF_FAMILY_NAME ? e->name[id].lu_last : what == LINK_OF_ORGANISATION_NAME ? e->company[id].lu :
			what == LINK_OF_POSTAL_CODE ? e->lu_postcode[id] : e->lu_extra[x][id];

		put(context, c[i].text, c[i].length, exp2(lu));
	}
	link_free(e, c, sizeof(counted) * (d->n + 1));
}
