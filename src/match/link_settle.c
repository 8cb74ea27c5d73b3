/*
 * link_settle.c: what is done once all rows are in: the records are put in an order that depends on their ids alone, e-mail addresses are
 * brought to their mailboxes, and every value gets the logarithm of how often it is met by chance (link_frequency.c).
 */
#include "match/link_private.h"
#include "contact/contact.h"

#include <math.h>

static inline float
log2_of(double x)
{
	return (float) log2(x);
}

#define SORT_BITS 11			/* a pass: so many places are written to at a time as a processor's caches hold */

/* n pairs of a number and a row, sorted by the number's upper bits, so many passes of them, those equal in them as they stood; into *a, with *b as room */
static void
sort_rows(link_engine *e, uint64_t **a, uint64_t **b, uint32_t n, int passes)
{
	for (int shift = 64 - SORT_BITS * passes; shift < 64; shift += SORT_BITS)
	{
		const uint64_t *from = *a;
		uint64_t   *to = *b;
		uint32_t	at[1 << SORT_BITS] = {0},
					sum = 0;

		for (uint32_t i = 0; i < n; i++)
			at[from[2 * i] >> shift & ((1 << SORT_BITS) - 1)]++;
		for (int k = 0; k < 1 << SORT_BITS; k++)
		{
			uint32_t	c = at[k];

			at[k] = sum;
			sum += c;
		}
		for (uint32_t i = 0; i < n; i++)
		{
			uint32_t	t = at[from[2 * i] >> shift & ((1 << SORT_BITS) - 1)]++;

			to[2 * t] = from[2 * i];
			to[2 * t + 1] = from[2 * i + 1];
		}
		*b = *a;
		*a = to;
		link_look(e);
	}
}

/* puts the rows where the pairs of a number and a row say: the first one is the row that comes first */
static void
move_rows(link_engine *e, const uint64_t *a)
{
	uint32_t	n = e->n;
	link_record *sorted = link_alloc(e, sizeof(link_record) * (n + 1));

	for (uint32_t i = 0; i < n; i++)
	{
		if (i + 16 < n)
			link_ask(e->record, a[2 * (i + 16) + 1]);
		sorted[i] = e->record[a[2 * i + 1]];
	}
	link_free(e, e->record, sizeof(link_record) * e->room);
	e->record = sorted;
	if (e->nextra)
	{
		uint32_t   *x = link_alloc(e, sizeof(uint32_t) * e->nextra * (n + 1));

		for (uint32_t i = 0; i < n; i++)
			memcpy(x + (size_t) i * e->nextra, e->extra + (size_t) a[2 * i + 1] * e->nextra, sizeof(uint32_t) * e->nextra);
		link_free(e, e->extra, sizeof(uint32_t) * e->nextra * e->room);
		e->extra = x;
	}
	e->room = n + 1;
	link_more_order(e, a);
}

/* by the hash of their ids: whatever order the rows came in, everything after this is the same */
static void
order_rows(link_engine *e)
{
	uint32_t	n = e->n;
	uint64_t   *a = link_alloc(e, sizeof(uint64_t) * 2 * (n + 1)),
			   *b = link_alloc(e, sizeof(uint64_t) * 2 * (n + 1));

	for (uint32_t i = 0; i < n; i++)
	{
		a[2 * i] = e->record[i].hash;
		a[2 * i + 1] = i;
	}
	/* a few rows are sorted by the last step alone */
	if (n > 100)
		sort_rows(e, &a, &b, n, 3);
	/* few are equal in the upper 33 bits: by the rest */
	for (uint32_t i = 1; i < n; i++)
		for (uint32_t j = i; j > 0 && a[2 * j] < a[2 * j - 2]; j--)
		{
			uint64_t	h = a[2 * j],
						x = a[2 * j + 1];

			a[2 * j] = a[2 * j - 2], a[2 * j + 1] = a[2 * j - 1];
			a[2 * j - 2] = h, a[2 * j - 1] = x;
		}
	link_free(e, b, sizeof(uint64_t) * 2 * (n + 1));
	move_rows(e, a);
	link_free(e, a, sizeof(uint64_t) * 2 * (n + 1));
}

/* new numbers for the values of one field, in the order in which the records have them; 0 stays 0 */
static uint32_t *
by_first_use(link_engine *e, size_t field, uint32_t n)
{
	uint32_t   *to = link_zalloc(e, sizeof(uint32_t) * (n + 1)),
				k = 0;

	for (uint32_t i = 0; i < e->n; i++)
	{
		uint32_t	x;

		if (i + 16 < e->n)
		{
			memcpy(&x, (const char *) &e->record[i + 16] + field, sizeof x);
			link_ask(to, x);
		}
		memcpy(&x, (const char *) &e->record[i] + field, sizeof x);
		if (x == 0)
			continue;
		if (to[x] == 0)
			to[x] = ++k;
		memcpy((char *) &e->record[i] + field, &to[x], sizeof x);
	}
	/* those that stand among the further values alone */
	for (uint32_t i = 1; i <= n; i++)
		if (to[i] == 0)
			to[i] = ++k;
	link_look(e);
	return to;
}

/* a dictionary's values by new numbers; nothing can be looked up in it afterwards */
static void
renumber(link_engine *e, link_dict *d, const uint32_t *to)
{
	link_value_record *v = link_alloc(e, sizeof(link_value_record) * ((size_t) d->n + 1));

	for (uint32_t i = 0; i <= d->n && d->v; i++)
		v[to[i]] = d->v[i];
	link_free(e, d->slot, sizeof(uint64_t) * d->slots);
	link_free(e, d->v, sizeof(link_value_record) * d->room);
	d->slot = NULL;
	d->slots = 0;
	d->v = v;
	d->room = d->n + 1;
}

/* what records that stand near one another have shall do so too */
static void
place_values(link_engine *e)
{
	uint32_t   *to = by_first_use(e, offsetof(link_record, email), e->nemails);
	link_email *email = link_alloc(e, sizeof(link_email) * ((size_t) e->nemails + 1));

	for (uint32_t i = 0; i <= e->nemails; i++)
		email[to[i]] = e->email[i];
	link_free(e, e->email, sizeof(link_email) * ((size_t) e->nemails + 1));
	e->email = email;
	for (uint32_t i = 0; i < e->nmore; i++)
		e->more[i].email = to[e->more[i].email];
	link_free(e, to, sizeof(uint32_t) * (e->nemails + 1));
	if (e->phones.n)
	{
		to = by_first_use(e, offsetof(link_record, phone), e->phones.n);
		renumber(e, &e->phones, to);
		for (uint32_t i = 0; i < e->nmore; i++)
			e->more[i].phone = to[e->more[i].phone];
		link_free(e, to, sizeof(uint32_t) * (e->phones.n + 1));
	}
	if (e->streets.n)
	{
		to = by_first_use(e, offsetof(link_record, street), e->streets.n);
		renumber(e, &e->streets, to);
		link_free(e, to, sizeof(uint32_t) * (e->streets.n + 1));
	}
}

static inline uint64_t
text_hash(const link_dict *d, uint32_t id)
{
	return link_hash(link_text(d, id), d->v[id].length);
}

/*
 * Records that will be compared are put near one another, where the processor's caches hold them and their values: by the sound of the family
 * name and the given name, organisations by the beginning of the name, others by what they have. Equal ones stay in the order of their ids.
 */
static void
place_rows(link_engine *e)
{
	uint32_t	n = e->n;
	uint64_t   *a,
			   *b;
	uint32_t   *as_first,
			   *as_last;

	if (n < LINK_PLACED)
		return;
	a = link_alloc(e, sizeof(uint64_t) * 2 * (n + 1));
	b = link_alloc(e, sizeof(uint64_t) * 2 * (n + 1));
	as_first = link_zalloc(e, sizeof(uint32_t) * (e->names.n + 1));
	as_last = link_zalloc(e, sizeof(uint32_t) * (e->names.n + 1));
	for (uint32_t i = 1; i <= e->names.n; i++)
	{
		as_first[i] = (uint32_t) (unsigned char) *link_text(&e->names, i) << 24 | (uint32_t) (text_hash(&e->names, i) >> 48) << 8;
		as_last[i] = (uint32_t) (text_hash(&e->skeletons, e->name[i].skeleton) >> 32) | 1;
	}
	for (uint32_t i = 0; i < n; i++)
	{
		const link_record *r = &e->record[i];
		uint64_t	h = 0;

		if (i + 16 < n && !(r[16].flags & RECORD_ORG))
		{
			link_ask(as_first, r[16].first);
			link_ask(as_last, r[16].last);
		}
		if (r->flags & RECORD_ORG)
		{
			const link_value_record *v = &e->companies.v[r->last];
			int			k = v->length < 6 ? v->length : 6;

			h = (link_hash(link_text(&e->companies, r->last), k) >> 40 << 40) | (text_hash(&e->companies, r->last) >> 40 << 16);
		}
		else if (r->last)
			h = (uint64_t) as_last[r->last] >> 8 << 40 | (uint64_t) as_first[r->first] << 8;
		else if (r->email)
			h = text_hash(&e->locals, e->email[r->email].local);
		else if (r->phone)
			h = text_hash(&e->phones, r->phone);
		else if (r->street)
			h = text_hash(&e->streets, r->street);
		a[2 * i] = h;
		a[2 * i + 1] = i;
	}
	link_free(e, as_first, sizeof(uint32_t) * (e->names.n + 1));
	link_free(e, as_last, sizeof(uint32_t) * (e->names.n + 1));
	sort_rows(e, &a, &b, n, 4);
	link_free(e, b, sizeof(uint64_t) * 2 * (n + 1));
	move_rows(e, a);
	link_free(e, a, sizeof(uint64_t) * 2 * (n + 1));
	place_values(e);
	e->placed = true;
}

static bool
unique_ids(link_engine *e, const char **id, size_t *n)
{
	for (uint32_t i = 1; i < e->n; i++)
		if (e->record[i].hash == e->record[i - 1].hash)
		{
			int			sa,
						sb;
			size_t		na,
						nb;
			const char *a = link_id(e, i, &na, &sa),
					   *b = link_id(e, i - 1, &nb, &sb);

			if (na == nb && sa == sb && memcmp(a, b, na) == 0)
			{
				*id = a;
				*n = na;
				return false;
			}
		}
	return true;
}

/* ---- e-mail ---- */

/* a domain written wrong goes to the frequent one it is nearly equal to: gmial.com, or to the one with its first label: gmail.fr */
static uint32_t
frequent_domain(const link_engine *e, uint32_t d, const uint32_t *frequent, int n)
{
	const link_value_record *v = &e->domains.v[d];
	const char *s = link_text(&e->domains, d);
	int			label = 0;

	while (label < v->length && s[label] != '.')
		label++;
	for (int i = 0; i < n; i++)
	{
		const link_value_record *f = &e->domains.v[frequent[i]];
		const char *t = link_text(&e->domains, frequent[i]);
		int			most = v->length >= 9 && f->length >= 9 ? 2 : 1;

		if (f->count <= 10 * v->count)
			continue;
		if (label >= 4 && label < f->length && memcmp(s, t, label + 1) == 0)
			return frequent[i];
		if (link_bits(v->letters & ~f->letters) > most || link_bits(f->letters & ~v->letters) > most ||
			v->length > f->length + most || f->length > v->length + most || v->length > 64 || f->length > 64)
			continue;
		if (edit_distance_bytes((const uint8_t *) s, v->length, (const uint8_t *) t, f->length) <= most)
			return frequent[i];
	}
	return d;
}

void
link_emails_settle(link_engine *e)
{
	uint32_t	n = e->addresses.n,
				total = 0;
	uint32_t   *local = link_zalloc(e, sizeof(uint32_t) * (n + 1)),
			   *domain = link_zalloc(e, sizeof(uint32_t) * (n + 1)),
			   *form = link_zalloc(e, sizeof(uint32_t) * (n + 1)),	/* how its letters are parted */
			   *becomes,
				frequent[256];
	int			nfrequent = 0;
	link_dict	boxes = {0};

	/* addresses in portions: where the places of their local parts are asked for before any is looked at */
	for (uint32_t from = 1; from <= n; from += LINK_AHEAD)
	{
		uint32_t	count = n - from + 1 < LINK_AHEAD ? n - from + 1 : LINK_AHEAD;
		uint64_t	hash[LINK_AHEAD];
		size_t		length[LINK_AHEAD];

		for (uint32_t k = 0; k < count; k++)
		{
			const char *t = link_text(&e->addresses, from + k);
			size_t		all = e->addresses.v[from + k].length;
			const char *at = memchr(t, '@', all);

			length[k] = at ? (size_t) (at - t) : all;
			hash[k] = link_hash(t, length[k]);
		}
		link_ask_places(&e->locals, hash, count);
		for (uint32_t k = 0; k < count; k++)
		{
			uint32_t	i = from + k,
						uses = e->addresses.v[i].count;
			const char *t = link_text(&e->addresses, i);
			size_t		nl = length[k],
						all = e->addresses.v[i].length;
			const char *end = memchr(t, '\n', all);

			if (end)
			{
				form[i] = (uint32_t) (link_hash(end + 1, t + all - end - 1) >> 32) | 1;
				all = end - t;
			}
			local[i] = nl ? link_intern_hashed(e, &e->locals, hash[k], t, nl) : 0;
			e->locals.v[local[i]].count += uses - 1;
			domain[i] = link_intern(e, &e->domains, t + nl + 1, all > nl ? all - nl - 1 : 0);
			if (domain[i])
				e->domains.v[domain[i]].count += uses - 1;
			total += uses;
		}
		if ((from / LINK_AHEAD & 63) == 0)
			link_look(e);
	}
	for (uint32_t i = 1; i <= e->domains.n && nfrequent < 256; i++)
	{
		link_value_record *v = &e->domains.v[i];

		/* a shared provider: known as one, or used by so many that it must be */
		if ((v->count >= 20 && v->count >= 0.002 * e->n))
		{
			frequent[nfrequent++] = i;
			v->flags |= VALUE_FREE;
		}
		if (email_is_free_mail(link_text(&e->domains, i), v->length))
			v->flags |= VALUE_FREE;
	}
	/* the most used first, so that the answer does not depend on the order in which domains were met */
	for (int i = 1; i < nfrequent; i++)
		for (int j = i; j > 0; j--)
		{
			const link_value_record *x = &e->domains.v[frequent[j]],
					   *y = &e->domains.v[frequent[j - 1]];
			uint32_t	t = frequent[j];

			if (x->count < y->count || (x->count == y->count && link_hash(link_text(&e->domains, frequent[j]), x->length) <= link_hash(link_text(&e->domains, frequent[j - 1]), y->length)))
				break;
			frequent[j] = frequent[j - 1];
			frequent[j - 1] = t;
		}
	becomes = link_zalloc(e, sizeof(uint32_t) * (e->domains.n + 1));
	for (uint32_t i = 1; i <= e->domains.n; i++)
	{
		becomes[i] = frequent_domain(e, i, frequent, nfrequent);
		if ((i & 0xff) == 0)
			link_look(e);
	}
	for (uint32_t from = 1; from <= n; from += LINK_AHEAD)
	{
		uint32_t	count = n - from + 1 < LINK_AHEAD ? n - from + 1 : LINK_AHEAD,
					key[LINK_AHEAD][3];
		uint64_t	hash[LINK_AHEAD];

		for (uint32_t k = 0; k < count; k++)
		{
			uint32_t	i = from + k,
						of[3] = {local[i], domain[i] ? becomes[domain[i]] : 0, form[i]};

			memcpy(key[k], of, sizeof of);
			hash[k] = link_hash((const char *) key[k], sizeof key[k]);
		}
		link_ask_places(&boxes, hash, count);
		for (uint32_t k = 0; k < count; k++)
		{
			uint32_t	id = link_intern_hashed(e, &boxes, hash[k], (const char *) key[k], sizeof key[k]);

			boxes.v[id].count += e->addresses.v[from + k].count - 1;
			local[from + k] = id;
		}
	}
	e->nemails = boxes.n;
	e->email = link_zalloc(e, sizeof(link_email) * (boxes.n + 1));
	for (uint32_t i = 1; i <= boxes.n; i++)
	{
		uint32_t	key[3];

		memcpy(key, link_text(&boxes, i), sizeof key);
		{
			uint32_t	c = boxes.v[i].count,
						elsewhere = e->locals.v[key[0]].count > c ? e->locals.v[key[0]].count - c : 0;
			/* a mailbox that implausibly many use stops being evidence */
			double		all = (double) total + USUAL_CONTACT,
						u = (0.03 + (c > 12 ? c - 12 : 0)) / all,
						common = elsewhere / all * (key[1] ? e->domains.v[key[1]].count : 0) / all;

			/* a local part that stands before many domains is one that several people choose at one of them too, or type by mistake */
			e->email[i] = (link_email) {.local = key[0],.domain = key[1],.letters = e->locals.v[key[0]].letters,.lu = log2_of(u + common),
				.length = (uint8_t) e->locals.v[key[0]].length,.form = (uint16_t) key[2],.own = key[1] && !(e->domains.v[key[1]].flags & VALUE_FREE)};
		}
	}
	for (uint32_t i = 0; i < e->n; i++)
	{
		link_record *r = &e->record[i];

		if (i + 16 < e->n)
			link_ask(local, r[16].email);
		if (r->email)
		{
			r->email = local[r->email];
			e->with_email++;
		}
	}
	link_more_emails(e, local);
	link_dict_free(e, &boxes);
	link_dict_free(e, &e->addresses);
	link_free(e, becomes, sizeof(uint32_t) * (e->domains.n + 1));
	link_free(e, local, sizeof(uint32_t) * (n + 1));
	link_free(e, form, sizeof(uint32_t) * (n + 1));
	link_free(e, domain, sizeof(uint32_t) * (n + 1));
}

bool
link_settle(link_engine *e, const char **id, size_t *n)
{
	link_flush(e);
	order_rows(e);
	if (!unique_ids(e, id, n))
		return false;
	link_names_settle(e);
	link_emails_settle(e);
	place_rows(e);
	link_frequencies(e);
	return true;
}

uint32_t
link_rows(const link_engine *e)
{
	return e->n;
}

const char *
link_id(const link_engine *e, uint32_t row, size_t *n, int *side)
{
	const char *p = e->ids + (size_t) e->record[row].id * 4;
	uint32_t	len;

	memcpy(&len, p, 4);
	*n = len;
	*side = (e->record[row].flags & RECORD_SIDE) != 0;
	return p + 4;
}

void
link_prefetch_id(const link_engine *e, uint32_t row)
{
	__builtin_prefetch(e->ids + (size_t) e->record[row].id * 4);
}

bool
link_is_organisation(const link_engine *e, uint32_t row)
{
	return (e->record[row].flags & RECORD_ORG) != 0;
}

size_t
link_memory_used(const link_engine *e)
{
	return e->used;
}
