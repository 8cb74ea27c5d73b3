/*
 * link_settle.c: what is done once all rows are in: the records are put in an order that depends on their ids alone, e-mail addresses are
 * brought to their mailboxes, and every value gets the logarithm of how often it is met by chance.
 */
#include "match/link_private.h"
#include "contact/contact.h"

#include <math.h>

static inline float
log2_of(double x)
{
	return (float) log2(x);
}

/* radix sort by the hash: whatever order the rows came in, everything after this is the same */
static void
order_rows(link_engine *e)
{
	uint32_t	n = e->n;
	uint64_t   *a = link_alloc(e, sizeof(uint64_t) * 2 * (n + 1)),
			   *b = link_alloc(e, sizeof(uint64_t) * 2 * (n + 1));
	link_record *sorted;

	for (uint32_t i = 0; i < n; i++)
	{
		a[2 * i] = e->record[i].hash;
		a[2 * i + 1] = i;
	}
	/* a few rows are sorted by the last step alone */
	for (int shift = n > 100 ? 16 : 64; shift < 64; shift += 16)
	{
		uint32_t   *at = link_zalloc(e, sizeof(uint32_t) * 65536),
					sum = 0;
		uint64_t   *t;

		for (uint32_t i = 0; i < n; i++)
			at[(a[2 * i] >> shift) & 0xffff]++;
		for (int k = 0; k < 65536; k++)
		{
			uint32_t	c = at[k];

			at[k] = sum;
			sum += c;
		}
		for (uint32_t i = 0; i < n; i++)
		{
			uint32_t	to = at[(a[2 * i] >> shift) & 0xffff]++;

			b[2 * to] = a[2 * i];
			b[2 * to + 1] = a[2 * i + 1];
		}
		t = a, a = b, b = t;
		link_free(e, at, sizeof(uint32_t) * 65536);
		link_look(e);
	}
	/* equal in the upper 48 bits: by the rest */
	for (uint32_t i = 1; i < n; i++)
		for (uint32_t j = i; j > 0 && a[2 * j] < a[2 * j - 2]; j--)
		{
			uint64_t	h = a[2 * j],
						x = a[2 * j + 1];

			a[2 * j] = a[2 * j - 2], a[2 * j + 1] = a[2 * j - 1];
			a[2 * j - 2] = h, a[2 * j - 1] = x;
		}
	link_free(e, b, sizeof(uint64_t) * 2 * (n + 1));
	sorted = link_alloc(e, sizeof(link_record) * (n + 1));
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
	link_free(e, a, sizeof(uint64_t) * 2 * (n + 1));
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

	for (uint32_t i = 1; i <= n; i++)
	{
		const char *t = link_text(&e->addresses, i);
		size_t		k = e->addresses.v[i].length;
		const char *at = memchr(t, '@', k);
		size_t		nl = at ? (size_t) (at - t) : k;
		const char *end = memchr(t, '\n', k);

		if (end)
		{
			form[i] = (uint32_t) (link_hash(end + 1, t + k - end - 1) >> 32) | 1;
			k = end - t;
		}

		local[i] = link_intern(e, &e->locals, t, nl);
		e->locals.v[local[i]].count += e->addresses.v[i].count - 1;
		domain[i] = link_intern(e, &e->domains, t + nl + 1, k > nl ? k - nl - 1 : 0);
		if (domain[i])
			e->domains.v[domain[i]].count += e->addresses.v[i].count - 1;
		total += e->addresses.v[i].count;
		if ((i & 0xfff) == 0)
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
	for (uint32_t i = 1; i <= n; i++)
	{
		uint32_t	key[3] = {local[i], domain[i] ? becomes[domain[i]] : 0, form[i]},
					id = link_intern(e, &boxes, (const char *) key, sizeof key);

		boxes.v[id].count += e->addresses.v[i].count - 1;
		local[i] = id;
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
			e->email[i] = (link_email) {key[0], key[1], c, log2_of(u + common)};
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

static bool
contains(const char *s, int n, const char *t, int m)
{
	for (int i = 0; i + m <= n; i++)
		if (s[i] == t[0] && memcmp(s + i, t, m) == 0)
			return true;
	return false;
}

/* how the e-mail is made from the name: 0 not, 1 of letters, 2 with digits, 3 the domain is the organisation's name */
static int
derived(const link_engine *e, const link_record *r)
{
	const link_email *m = &e->email[r->email];
	const link_value_record *v;
	const char *s;

	if (r->flags & RECORD_ORG)
	{
		char		compact[8];
		int			k = 0;

		v = &e->companies.v[r->last];
		s = link_text(&e->companies, r->last);
		for (int i = 0; i < v->length && k < 6; i++)
			if (s[i] != ' ')
				compact[k++] = s[i];
		return m->domain && k >= 4 && e->domains.v[m->domain].length > k && memcmp(link_text(&e->domains, m->domain), compact, k) == 0 ? 3 : 0;
	}
	v = &e->names.v[r->last];
	if (r->last == 0 || v->length < 2 || v->length > e->locals.v[m->local].length || (v->letters & ~e->locals.v[m->local].letters))
		return 0;
	s = link_text(&e->locals, m->local);
	if (!contains(s, e->locals.v[m->local].length, link_text(&e->names, r->last), v->length))
		return 0;
	/* digits have letters bits of their own only by accident, so they are looked for */
	for (int i = 0; i < e->locals.v[m->local].length; i++)
		if (s[i] >= '0' && s[i] <= '9')
			return 2;
	return 1;
}

/* two digits at the end of the local part, or four that are a year: as a year plus one, 0 for none */
static uint32_t
year_in(const char *s, int n)
{
	int			d = 0;

	while (d < n && s[n - 1 - d] >= '0' && s[n - 1 - d] <= '9')
		d++;
	if (d == n || !(d == 2 || (d == 4 && ((s[n - 4] == '1' && s[n - 3] == '9') || (s[n - 4] == '2' && s[n - 3] == '0')))))
		return 0;
	return (s[n - 2] - '0') * 10 + (s[n - 1] - '0') + 1;
}

/* ---- frequencies ---- */

uint64_t
link_address_hash(const link_record *r)
{
	return r->street ? link_mix(link_mix(r->street, r->number), r->postcode ? r->postcode : r->city + UINT64_C(0x100000000)) | 1 : 0;
}

uint64_t
link_full_hash(const link_record *r)
{
	return r->first && r->last ? link_mix(r->first, r->last) | 1 : 0;
}

static void
count_one(const link_engine *e, uint64_t *count, uint64_t hash)
{
	uint32_t	i = (uint32_t) hash & (e->count_slots - 1);

	while (count[i] && count[i] >> 32 != hash >> 32)
		i = (i + 1) & (e->count_slots - 1);
	count[i] = (hash >> 32 << 32 | (uint32_t) count[i]) + 1;
}

static void
count_phones(link_engine *e)
{
	for (uint32_t i = 1; i <= e->phones.n; i++)
	{
		link_value_record *v = &e->phones.v[i];

		/* seen without a country: a mobile if it is one in a country that the table is about */
		if (!(v->flags & (VALUE_MOBILE | VALUE_LANDLINE)))
			for (uint32_t c = 1; c <= e->countries.n && c < 255; c++)
				if (e->country_slot[c] > 0 && e->countries.v[c].length == 2 &&
					link_phone_mobile(link_text(&e->countries, c), link_text(&e->phones, i), v->length))
					v->flags |= VALUE_MOBILE;
		v->count = 0;
	}
	for (uint32_t i = 0; i < e->n; i++)
	{
		if (i + 16 < e->n)
			link_ask(e->phones.v, e->record[i + 16].phone);
		if (e->record[i].phone)
		{
			e->phones.v[e->record[i].phone].count++;
			e->with_phone++;
		}
	}
	link_more_phones(e);
	e->lu_phone = link_alloc(e, sizeof(float) * (e->phones.n + 1));
	for (uint32_t i = 1; i <= e->phones.n; i++)
	{
		uint32_t	c = e->phones.v[i].count;

		e->lu_phone[i] = log2_of((0.1 + (c > 12 ? c - 12 : 0)) / (e->with_phone + USUAL_CONTACT));
	}
}

/* a value that c of n records have: how often a record has it by chance; less the record itself and one expected double */
static inline float
chance(uint32_t c, uint32_t n)
{
	return log2_of((c > 2.5 ? c - 2 : 0.5) / (n ? n : 1));
}

static void
count_names(link_engine *e)
{
	uint32_t	slots = 1;
	uint64_t	letters = 0;

	for (uint32_t i = 1; i <= e->names.n; i++)
	{
		e->with_first += e->name[i].as_first;
		e->with_last += e->name[i].as_last;
	}
	for (uint32_t i = 1; i <= e->names.n; i++)
	{
		unsigned char c = (unsigned char) *link_text(&e->names, i);

		e->name[i].lu_first = chance(e->name[i].as_first, e->with_first + USUAL_FIRST);
		e->name[i].lu_last = chance(e->name[i].as_last, e->with_last + USUAL_LAST);
		e->initial_share[c] += e->name[i].as_first;
		letters += e->name[i].as_first;
	}
	for (int c = 0; c < 256; c++)
	{
		e->initial_share[c] = (e->initial_share[c] + (c >= 'a' && c <= 'z')) / (letters + 26);
		e->initial_square += e->initial_share[c] * e->initial_share[c];
	}
	if (e->initial_square <= 0)
		e->initial_square = 1;
	/* how often each name stands in each country: names of one country meet by chance more often */
	e->name_country = link_zalloc(e, sizeof(float) * 2 * LINK_COUNTRIES * (e->names.n + 1));
	for (uint32_t i = 0; i < e->n; i++)
	{
		const link_record *r = &e->record[i];

		if (i + 16 < e->n && !(r[16].flags & RECORD_ORG))
		{
			__builtin_prefetch(e->name_country + (size_t) r[16].first * 2 * LINK_COUNTRIES, 1);
			__builtin_prefetch(e->name_country + (size_t) r[16].last * 2 * LINK_COUNTRIES + LINK_COUNTRIES, 1);
		}
		if (r->flags & RECORD_ORG || r->country == 0)
			continue;
		if (r->first)
			e->name_country[(size_t) r->first * 2 * LINK_COUNTRIES + e->country_slot[r->country]]++;
		if (r->last)
			e->name_country[(size_t) r->last * 2 * LINK_COUNTRIES + LINK_COUNTRIES + e->country_slot[r->country]]++;
	}
	for (uint32_t i = 1; i <= 2 * e->names.n + 1; i++)
	{
		float	   *c = e->name_country + (size_t) i * LINK_COUNTRIES,
					sum = 2;

		for (int k = 0; k < LINK_COUNTRIES; k++)
			sum += c[k];
		for (int k = 0; k < LINK_COUNTRIES; k++)
			c[k] = (c[k] + 2 * e->country_share[k]) / sum;
	}
	while (slots < e->n + e->n / 2 + 2)
		slots *= 2;
	e->count_slots = slots;
	e->address_count = link_zalloc(e, sizeof(uint64_t) * slots);
	e->full_count = link_zalloc(e, sizeof(uint64_t) * slots);
	for (uint32_t i = 0; i < e->n; i++)
	{
		const link_record *r = &e->record[i];
		uint64_t	h = link_address_hash(r);

		if (i + 16 < e->n)
		{
			link_ask(e->address_count, link_address_hash(r + 16) & (slots - 1));
			link_ask(e->full_count, link_full_hash(r + 16) & (slots - 1));
		}
		if (h)
		{
			count_one(e, e->address_count, h);
			e->with_address++;
		}
		if (!(r->flags & RECORD_ORG) && (h = link_full_hash(r)) != 0)
			count_one(e, e->full_count, h);
	}
}

static void
count_countries(link_engine *e)
{
	uint32_t	count[256] = {0},
				total = 0;

	for (uint32_t i = 0; i < e->n; i++)
	{
		e->of_kind[(e->record[i].flags & RECORD_ORG) != 0]++;
		if (e->record[i].country)
		{
			count[e->record[i].country]++;
			total++;
		}
	}
	/* slot 0 is for all that are rare */
	for (int k = 1; k < LINK_COUNTRIES; k++)
	{
		int			best = 0;

		for (int c = 1; c < 256; c++)
			if (e->country_slot[c] == 0 && count[c] * 50 >= total &&
				(count[c] > count[best] ||
				 (best && count[c] == count[best] && link_hash(link_text(&e->countries, c), e->countries.v[c].length) > link_hash(link_text(&e->countries, best), e->countries.v[best].length))))
				best = c;
		if (best == 0)
			break;
		e->country_slot[best] = (uint8_t) k;
		e->country_share[k] = count[best] / (float) total;
	}
	e->country_share[0] = 1e-6f;
	for (int c = 1; c < 256; c++)
		if (e->country_slot[c] == 0)
			e->country_share[0] += count[c] / (float) (total ? total : 1);
}

static void
count_dates(link_engine *e)
{
	for (uint32_t i = 0; i < e->n; i++)
	{
		uint32_t	d = e->record[i].date;

		if (d)
		{
			e->year_share[(d >> 9) & 2047]++;
			e->day_share[d & 511]++;
			e->with_date++;
		}
	}
	for (int i = 0; i < 2048; i++)
		e->year_share[i] = (e->year_share[i] + USUAL_YEARS / 80.0f) / (e->with_date + USUAL_YEARS);
	for (int i = 0; i < 512; i++)
		e->day_share[i] = (e->day_share[i] + USUAL_DAYS / 365.0f) / (e->with_date + USUAL_DAYS);
}

static void
count_companies(link_engine *e)
{
	e->company = link_zalloc(e, sizeof(link_company) * (e->companies.n + 1));
	for (uint32_t i = 1; i <= e->companies.n; i++)
	{
		const char *t = link_text(&e->companies, i);
		char		compact[LINK_TEXT_MAX + 1],
					s[LINK_TEXT_MAX + 1];
		int			n = e->companies.v[i].length,
					k = 0;
		uint64_t	sorted = 0;

		for (int a = 0; a < n;)
		{
			int			w = 0;

			while (a + w < n && t[a + w] != ' ')
				w++;
			memcpy(compact + k, t + a, w);
			k += w;
			sorted += link_hash(t + a, w);
			a += w + 1;
		}
		e->company[i].sorted = (uint32_t) (sorted >> 32) | 1;
		n = link_skeleton(compact, k, s);
		e->company[i].skeleton = link_intern(e, &e->skeletons, s, n);
		e->company[i].compact = link_intern(e, &e->compacts, compact, k);
		e->company[i].lu = chance(e->companies.v[i].count, e->of_kind[1] + USUAL_COMPANY);
	}
}

/* what is said of a record's whole name and of its address, so that a pair need not look it up */
static void
whole_name(link_engine *e, uint32_t i)
{
	link_record *r = &e->record[i];

	if (i + 8 < e->n)
	{
		const link_record *q = &e->record[i + 8];

		link_ask(e->address_count, link_address_hash(q) & (e->count_slots - 1));
		if (!(q->flags & RECORD_ORG))
		{
			link_ask(e->full_count, link_full_hash(q) & (e->count_slots - 1));
			__builtin_prefetch(e->name_country + (size_t) q->first * 2 * LINK_COUNTRIES);
			__builtin_prefetch(e->name_country + (size_t) q->last * 2 * LINK_COUNTRIES + LINK_COUNTRIES);
			link_ask(e->name, q->first);
		}
	}
	if (r->street && link_count_of(e, e->address_count, link_address_hash(r)) > ADDRESS_MOST)
		r->flags |= RECORD_MANY_AT_HOME;
	if (!(r->flags & RECORD_ORG) && r->first && r->last)
	{
		uint32_t	c = link_count_of(e, e->full_count, link_full_hash(r));

		r->flags |= link_name_bin(c) << RECORD_NAME_BIN_SHIFT | (c >= 2 && c <= NAME_COUNT_MOST ? RECORD_NAME_COUNTED : 0);
		/* which of two equal names is the given one is open: the commoner reading counts */
		e->lu_whole[i] = fminf(fmaxf(e->name[r->first].lu_first, e->name[r->last].lu_first + e->name[r->first].lu_last - e->name[r->last].lu_last) +
							   link_kappa(e, r->first, r->last), -1.0f);
	}
	if ((i & 0xfff) == 0)
		link_look(e);
}

void
link_frequencies(link_engine *e)
{
	count_countries(e);
	count_phones(e);
	count_names(e);
	count_dates(e);
	count_companies(e);
	for (uint32_t i = 0; i < e->n; i++)
	{
		link_record *r = &e->record[i];

		if (i + 24 < e->n && e->nemails)
		{
			/* mailboxes, then their local parts, then the letters of these */
			link_ask(e->email, e->record[i + 24].email);
			link_ask(e->locals.v, e->email[e->record[i + 16].email].local);
			__builtin_prefetch(link_text(&e->locals, e->email[e->record[i + 8].email].local));
			if (!(e->record[i + 16].flags & RECORD_ORG))
				link_ask(e->names.v, e->record[i + 16].last);
		}
		r->spare = 0;
		if (r->email)
		{
			const link_value_record *v = &e->locals.v[e->email[r->email].local];

			r->flags |= derived(e, r) << RECORD_DERIVED_SHIFT;
			r->spare = year_in(e->locals.text + v->text, v->length);
		}
		if (r->date)
			r->spare |= ((r->date >> 9) % 100 + 1) << 8;
		if ((i & 0xfff) == 0)
			link_look(e);
	}
	e->lu_whole = link_zalloc(e, sizeof(float) * (e->n + 1));
	for (uint32_t i = 0; i < e->n; i++)
		whole_name(e, i);
	e->lu_home = log2f(0.1f / (e->with_address + USUAL_CONTACT));
	link_free(e, e->full_count, sizeof(uint64_t) * e->count_slots);
	e->full_count = NULL;
	e->lu_postcode = link_alloc(e, sizeof(float) * (e->postcodes.n + 1));
	{
		uint32_t	total = 0;

		for (uint32_t i = 1; i <= e->postcodes.n; i++)
			total += e->postcodes.v[i].count;
		for (uint32_t i = 1; i <= e->postcodes.n; i++)
			e->lu_postcode[i] = log2_of((double) e->postcodes.v[i].count / (total + USUAL_POSTCODE));
	}
	for (int x = 0; x < e->nextra; x++)
	{
		for (uint32_t i = 1; i <= e->extras[x].n; i++)
			e->with_extra[x] += e->extras[x].v[i].count;
		e->lu_extra[x] = link_alloc(e, sizeof(float) * (e->extras[x].n + 1));
		for (uint32_t i = 1; i <= e->extras[x].n; i++)
			e->lu_extra[x][i] = chance(e->extras[x].v[i].count, e->with_extra[x] + (e->extra_kind[x] == LINK_SEX ? 0 : e->extra_kind[x] == LINK_TEXT ? USUAL_TEXT : USUAL_CODE));
	}
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
