/*
 * link_more.c: records that have several e-mail addresses or telephone numbers, in one cell or in several columns. The first of each stands
 * in the record; the others stand here, are compared with all of the other record's (the best agreement counts) and bring pairs of their own.
 */
#include "match/link_private.h"

#include <stdlib.h>

void
link_more_put(link_engine *e, const link_more *m)
{
	if (e->nmore == e->more_room)
	{
		uint32_t	room = e->more_room ? e->more_room * 2 : 256;

		e->more = link_grow(e, e->more, sizeof(link_more) * e->more_room, sizeof(link_more) * room);
		e->more_room = room;
	}
	e->more[e->nmore++] = *m;
}

/* a further value of the row that is being read */
void
link_more_value(link_engine *e, link_kind kind, const char *s, size_t n, const char *country)
{
	link_more	m = {.row = e->n};

	if (kind == LINK_EMAIL)
	{
		char		t[LINK_FOLD_ROOM + 8],
					raw[LINK_FOLD_ROOM + 8];
		int			q,
					ends,
					at,
					k = link_email_form(s, (int) n, t, raw, &q, &ends, &at);

		/* what has no @ may be the end of what was written before it */
		if (k == 0 || at < 1)
			return;
		m.email = link_intern(e, &e->addresses, t, k);
	}
	else
	{
		char		o[24];
		int			flags;
		const char *found;
		int			k = link_phone(s, n, country, o, &flags, &found);

		if (k == 0)
			return;
		m.phone = link_intern(e, &e->phones, o, k);
		e->phones.v[m.phone].flags |= flags;
	}
	link_more_put(e, &m);
}

static int
compare_more(const void *a, const void *b)
{
	const link_more *x = a,
			   *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	if (x->email != y->email)
		return x->email < y->email ? -1 : 1;
	return x->phone < y->phone ? -1 : x->phone > y->phone;
}

/* after the rows were put into their order: order[2 i + 1] is where row i stood before */
void
link_more_order(link_engine *e, const uint64_t *order)
{
	uint32_t   *to;

	if (e->nmore == 0)
		return;
	to = link_alloc(e, sizeof(uint32_t) * (e->n + 1));
	for (uint32_t i = 0; i < e->n; i++)
		to[order[2 * i + 1]] = i;
	for (uint32_t i = 0; i < e->nmore; i++)
		e->more[i].row = to[e->more[i].row];
	link_free(e, to, sizeof(uint32_t) * (e->n + 1));
}

/* addresses become mailboxes */
void
link_more_emails(link_engine *e, const uint32_t *box)
{
	for (uint32_t i = 0; i < e->nmore; i++)
		e->more[i].email = box[e->more[i].email];
}

/* the last step: what stands twice goes, the rest is sorted, numbers are counted */
void
link_more_phones(link_engine *e)
{
	uint32_t	k = 0;

	if (e->nmore == 0)
		return;
	qsort(e->more, e->nmore, sizeof *e->more, compare_more);
	for (uint32_t i = 0; i < e->nmore; i++)
	{
		const link_more *m = &e->more[i];
		link_record *r = &e->record[m->row];

		if (k > 0 && compare_more(&e->more[k - 1], m) == 0)
			continue;
		if (m->email ? m->email == r->email : m->phone == r->phone)
			continue;
		if (m->phone)
			e->phones.v[m->phone].count++;
		r->flags |= RECORD_MORE;
		e->more[k++] = *m;
	}
	e->nmore = k;
}

/* the further values of a record that has RECORD_MORE */
const link_more *
link_more_of(const link_engine *e, const link_record *r, uint32_t *n)
{
	uint32_t	row = (uint32_t) (r - e->record),
				low = 0,
				high = e->nmore;

	while (low < high)
	{
		uint32_t	mid = low + (high - low) / 2;

		if (e->more[mid].row < row)
			low = mid + 1;
		else
			high = mid;
	}
	for (*n = 0; low + *n < e->nmore && e->more[low + *n].row == row; (*n)++)
		;
	return e->more + low;
}

static int
compare_pairs(const void *a, const void *b)
{
	uint64_t	x = *(const uint64_t *) a,
				y = *(const uint64_t *) b;

	return x < y ? -1 : x > y;
}

#define MORE_ENTRY (UINT32_C(1) << 31)	/* in an entry: this is a further value; rows have fewer bits */

/*
 * Candidate pairs that further values bring, after all others: those that share no other key. A pair that several values bring is listed once.
 */
void
link_more_pairs(link_engine *e, uint64_t *entry, uint64_t *spare)
{
	uint64_t   *pair = NULL;
	size_t		npairs = 0,
				room = 0;

	for (uint32_t i = 0; i < e->nmore; i++)
	{
		link_more  *m = &e->more[i];
		int			org = (e->record[m->row].flags & RECORD_ORG) != 0;

		link_contact_keys(e, m->email, m->phone, org ? 1000 : 0, m->key);
		for (int k = 0; k < 3; k++)
			if (m->key[k])
				m->key[k] = (m->key[k] & ~3u) | 2 | org;
	}
	for (int rule = 0; rule < 3; rule++)
	{
		uint32_t	n = 0;

		/* the values of records whose block was too large are gone */
		for (uint32_t i = 0; i < e->n; i++)
		{
			uint32_t	k = e->key[(size_t) i * e->key_stride + LINK_CONTACT_RULE + rule];

			if (k)
				entry[n++] = (uint64_t) k << 32 | i;
		}
		for (uint32_t i = 0; i < e->nmore; i++)
			if (e->more[i].key[rule])
				entry[n++] = (uint64_t) e->more[i].key[rule] << 32 | MORE_ENTRY | e->more[i].row;
		link_sort_entries(entry, spare, n);
		for (uint32_t i = 0, j; i < n; i = j)
		{
			bool		any = false;

			for (j = i; j < n && spare[j] >> 32 == spare[i] >> 32; j++)
				any |= (spare[j] & MORE_ENTRY) != 0;
			if (!any || j - i > (uint32_t) e->rule[LINK_CONTACT_RULE + rule].cap)
				continue;
			for (uint32_t x = i; x + 1 < j; x++)
				for (uint32_t y = x + 1; y < j; y++)
				{
					uint32_t	a = (uint32_t) spare[x] & ~MORE_ENTRY,
								b = (uint32_t) spare[y] & ~MORE_ENTRY;

					if (a == b || !((spare[x] | spare[y]) & MORE_ENTRY) || (e->two_sides && !((e->record[a].flags ^ e->record[b].flags) & RECORD_SIDE)) ||
						link_share_before(e->key + (size_t) a * e->key_stride, e->key + (size_t) b * e->key_stride, e->nkeys))
						continue;
					if (npairs == room)
					{
						size_t		to = room ? room * 2 : 1024;

						pair = link_grow(e, pair, sizeof *pair * room, sizeof *pair * to);
						room = to;
					}
					pair[npairs++] = a < b ? (uint64_t) a << 32 | b : (uint64_t) b << 32 | a;
				}
		}
		link_look(e);
	}
	if (npairs)
		qsort(pair, npairs, sizeof *pair, compare_pairs);
	for (size_t i = 0; i < npairs; i++)
		if (i == 0 || pair[i] != pair[i - 1])
		{
			link_put_pair(e, (uint32_t) (pair[i] >> 32), (uint32_t) pair[i], (e->record[pair[i] >> 32].flags & RECORD_ORG) != 0);
			e->rule[LINK_CONTACT_RULE].pairs++;
		}
	link_free(e, pair, sizeof *pair * room);
}
