/*
 * link_frequency.c: how often every value is met by chance, counted in the table that is linked, as logarithms; and
 * what a record's own values say of one another.
 */
#include "match/link_private.h"

#include <math.h>

static inline float
log2_of(double x)
{
	return (float) log2(x);
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
	link_given_names(e);
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
	link_given_others(e);
	link_given_end(e);
}
