/*
 * link_block.c: candidate pairs. Each record has up to link_engine.nkeys keys, each the hash of a few of its values; two records that
 * share a key are a candidate pair. A pair is listed once, under the first key that it shares. Blocks above a rule's cap are skipped,
 * but for records in them that are equal in everything, which are paired in a chain: never quadratic.
 */
#include "match/link_private.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define PAIR_RANGE_BITS 11		/* so many rows, at least, are a range; with what comparing looks at they stay in a processor's cache */
#define PAIR_RANGES 4096

enum
{
	K_EQUAL, K_EMAIL, K_LOCAL, K_PHONE, K_NUMBER_POSTCODE, K_NUMBER_CITY, K_NAMES, K_SOUND_INITIAL, K_PREFIX_POSTCODE, K_LAST_POSTCODE,
	K_DATE_FIRST, K_DATE_LAST, K_YEAR_NAME, K_BEGIN, K_END, K_REGISTRY, K_FIXED
};

static const link_rule rules[K_FIXED] = {
	{.name = "equal in everything",.cap = 30}, {.name = "email",.cap = 60}, {.name = "email local part",.cap = 30}, {.name = "phone",.cap = 60},
	{.name = "house number + postal code + street prefix",.cap = 60}, {.name = "house number + city + street prefix",.cap = 60},
	{.name = "names in either order | organisation: words in any order",.cap = 40},
	{.name = "family name by sound + initial | organisation: beginning",.cap = 20},
	{.name = "family name prefix + given name + postal prefix | organisation: end",.cap = 40},
	{.name = "family name + postal code | organisation: e-mail domain",.cap = 40},
	{.name = "date + given name prefix",.cap = 40}, {.name = "date + family name prefix",.cap = 40},
	{.name = "year + given name + family name prefix | organisation: by sound",.cap = 40}, {.name = "family name beginning + given name",.cap = 15},
	{.name = "family name end + given name",.cap = 15}, {.name = "registry number",.cap = 60}
};

static inline uint32_t
key_of(int rule, uint64_t a, uint64_t b)
{
	return (uint32_t) (link_mix(link_mix(a, rule + 1), b) >> 32) | 1;
}

/*
 * What stands for a value in a key: its number, which depends on the order in which values came, or, where nothing may depend on it (link_order), a
 * hash of its text: then even keys that collide are the same ones whatever the order.
 */
static inline uint64_t
name_of(const link_engine *e, const link_dict *d, uint32_t id)
{
	return e->by_text && id ? link_hash(link_text(d, id), d->v[id].length) : id;
}

static inline uint64_t
mailbox_of(const link_engine *e, uint32_t id)
{
	const link_email *m = &e->email[id];

	return e->by_text && id ? link_mix(link_mix(name_of(e, &e->locals, m->local), name_of(e, &e->domains, m->domain)), m->form) : id;
}

/* two values side by side */
static inline uint64_t
two_of(const link_engine *e, const link_dict *c, uint32_t a, const link_dict *d, uint32_t b)
{
	return e->by_text ? link_mix(name_of(e, c, a), name_of(e, d, b)) : (uint64_t) a << 32 | b;
}

/* n bytes of a value from one place on, as a number; texts can be read beyond their ends */
static inline uint64_t
part(const link_dict *d, const link_value_record *v, int from, int n)
{
	uint64_t	x;

	memcpy(&x, d->text + v->text + from, 8);
	return n >= 8 ? x : x & ((UINT64_C(1) << 8 * n) - 1);
}

static inline uint64_t
prefix(const link_dict *d, uint32_t id, int n)
{
	const link_value_record *v = &d->v[id];

	return part(d, v, 0, v->length < n ? v->length : n);
}

static inline uint64_t
suffix(const link_dict *d, uint32_t id, int n)
{
	const link_value_record *v = &d->v[id];

	return v->length < n ? part(d, v, 0, v->length) : part(d, v, v->length - n, n);
}

static inline uint64_t
both(uint64_t a, uint64_t b)
{
	return a < b ? link_mix(a, b) : link_mix(b, a);
}

static void
person_keys(const link_engine *e, const link_record *r, uint32_t *k)
{
	uint32_t	f = r->first,
				l = r->last;
	uint64_t	fn = name_of(e, &e->names, f),
				ln = name_of(e, &e->names, l);
	bool		whole = f && e->names.v[f].length > 1;

	if (f && l)
	{
		if (whole)
		{
			k[K_NAMES] = key_of(K_NAMES, both(fn, ln), 0);
			k[K_BEGIN] = key_of(K_BEGIN, prefix(&e->names, l, 5), fn);
			k[K_END] = key_of(K_END, suffix(&e->names, l, 5), fn);
			if (r->postcode)
				k[K_PREFIX_POSTCODE] = key_of(K_PREFIX_POSTCODE, link_mix(prefix(&e->names, l, 3), fn), prefix(&e->postcodes, r->postcode, 4));
		}
		k[K_SOUND_INITIAL] = key_of(K_SOUND_INITIAL, name_of(e, &e->skeletons, e->name[l].skeleton), prefix(&e->names, f, 1));
		if (r->date)
			k[K_YEAR_NAME] = key_of(K_YEAR_NAME, link_mix(fn, r->date >> 9), prefix(&e->names, l, 4));
	}
	if (l && r->postcode)
		k[K_LAST_POSTCODE] = key_of(K_LAST_POSTCODE, ln, name_of(e, &e->postcodes, r->postcode));
	if (r->date)
	{
		uint32_t	d = r->date;

		/* day and month may stand either way round: the key is blind to it */
		d = (d >> 9) << 9 | (((d >> 5) & 15) < (d & 31) ? (d & 511) : (d & 31) << 5 | ((d >> 5) & 15));
		if (f)
			k[K_DATE_FIRST] = key_of(K_DATE_FIRST, d, prefix(&e->names, f, 2));
		if (l)
			k[K_DATE_LAST] = key_of(K_DATE_LAST, d, prefix(&e->names, l, 3));
		/* without names the date stands with the place */
		if (!f && !l && (r->postcode || r->city))
			k[K_DATE_FIRST] = key_of(K_DATE_FIRST, d, r->postcode ? name_of(e, &e->postcodes, r->postcode) : UINT64_C(0x100000000) + name_of(e, &e->cities, r->city));
	}
}

static void
organisation_keys(const link_engine *e, const link_record *r, uint32_t *k)
{
	const link_company *c = &e->company[r->last];

	k[K_NAMES] = key_of(K_NAMES + 100, c->sorted, 0);
	k[K_SOUND_INITIAL] = key_of(K_SOUND_INITIAL + 100, prefix(&e->compacts, c->compact, 7), 0);
	k[K_YEAR_NAME] = key_of(K_YEAR_NAME + 100, name_of(e, &e->skeletons, c->skeleton), 0);
	k[K_PREFIX_POSTCODE] = key_of(K_PREFIX_POSTCODE + 100, suffix(&e->compacts, c->compact, 8), 0);
	if (r->email)
	{
		uint32_t	d = e->email[r->email].domain;

		if (d && !(e->domains.v[d].flags & VALUE_FREE))
			k[K_LAST_POSTCODE] = key_of(K_LAST_POSTCODE + 100, name_of(e, &e->domains, d), 0);
	}
}

/* of everything that is compared: records equal in all of it are paired here or nowhere */
static uint32_t
equal_key(const link_engine *e, uint32_t i, const link_record *r)
{
	const link_dict *first = (r->flags & RECORD_ORG) ? &e->legals : &e->names,
			   *last = (r->flags & RECORD_ORG) ? &e->companies : &e->names;
	uint64_t	date = r->date,
				mail = mailbox_of(e, r->email),
				h = link_mix(link_mix(two_of(e, first, r->first, last, r->last), e->by_text ? link_mix(date, mail) : date << 32 | mail),
							 link_mix(two_of(e, &e->phones, r->phone, &e->streets, r->street), two_of(e, &e->numbers, r->number, &e->cities, r->city)));

	h = link_mix(h, link_mix(two_of(e, &e->postcodes, r->postcode, &e->registries, r->registry), name_of(e, &e->names, r->maiden)));
	if (r->flags & RECORD_MORE)
	{
		uint32_t	n;
		const link_more *m = link_more_of(e, r, &n);

		for (uint32_t k = 0; k < n; k++)
			h = link_mix(h, e->by_text ? link_mix(mailbox_of(e, m[k].email), name_of(e, &e->phones, m[k].phone)) : (uint64_t) m[k].email << 32 | m[k].phone);
	}
	for (int x = 0; x < e->nextra; x++)
		h = link_mix(h, name_of(e, &e->extras[x], e->extra[(size_t) i * e->nextra + x]));
	return (uint32_t) (h >> 32) | 1;
}

/* the keys of an address and a number: those of K_EMAIL, K_LOCAL, K_PHONE */
void
link_contact_keys(const link_engine *e, uint32_t email, uint32_t phone, int org, uint32_t k[3])
{
	k[0] = k[1] = k[2] = 0;
	if (email)
	{
		uint32_t	local = e->email[email].local;

		k[0] = key_of(K_EMAIL + org, mailbox_of(e, email), 0);
		if (e->locals.v[local].length >= 6)
			k[1] = key_of(K_LOCAL + org, name_of(e, &e->locals, local), 0);
	}
	if (phone)
		k[2] = key_of(K_PHONE + org, name_of(e, &e->phones, phone), 0);
}

/* the keys of every record side by side, and in the result those of every rule, so that each is read in one sweep */
static uint32_t *
make_keys(link_engine *e)
{
	uint32_t   *column;

	e->nkeys = K_FIXED + e->nextra;
	e->key_stride = (e->nkeys + 15) / 16 * 16;
	e->key = link_alloc(e, sizeof(uint32_t) * e->key_stride * (e->n + 1));
	column = link_alloc(e, sizeof(uint32_t) * e->nkeys * ((size_t) e->n + 1));
	for (int i = 0; i < K_FIXED; i++)
		e->rule[i] = rules[i];
	for (int x = 0; x < e->nextra; x++)
		e->rule[K_FIXED + x] = (link_rule) {.name = e->extra_name[x],.cap = 30};
	for (uint32_t i = 0; i < e->n; i++)
	{
		const link_record *r = &e->record[i];
		uint32_t   *k = e->key + (size_t) i * e->key_stride;
		int			org = (r->flags & RECORD_ORG) ? 1000 : 0;

		memset(k, 0, sizeof(uint32_t) * e->key_stride);
		if (i + 12 < e->n)
		{
			const link_record *q = &e->record[i + 12];

			if (!(q->flags & RECORD_ORG))
			{
				link_ask(e->names.v, q->first);
				link_ask(e->names.v, q->last);
				link_ask(e->name, q->first);
				link_ask(e->name, q->last);
			}
			link_ask(e->email, q->email);
			link_ask(e->streets.v, q->street);
		}
		k[K_EQUAL] = equal_key(e, i, r);
		link_contact_keys(e, r->email, r->phone, org, k + K_EMAIL);
		if (r->number && r->street)
		{
			if (r->postcode)
				k[K_NUMBER_POSTCODE] = key_of(K_NUMBER_POSTCODE + org, two_of(e, &e->numbers, r->number, &e->postcodes, r->postcode), prefix(&e->streets, r->street, 3));
			if (r->city)
				k[K_NUMBER_CITY] = key_of(K_NUMBER_CITY + org, link_mix(name_of(e, &e->numbers, r->number), prefix(&e->cities, r->city, 6)), prefix(&e->streets, r->street, 4));
		}
		if (r->registry)
			k[K_REGISTRY] = key_of(K_REGISTRY + org, name_of(e, &e->registries, r->registry), 0);
		if (org)
			organisation_keys(e, r, k);
		else
			person_keys(e, r, k);
		for (int x = 0; x < e->nextra; x++)
		{
			uint32_t	v = e->extra[(size_t) i * e->nextra + x];

			if (v && e->extra_kind[x] != LINK_SEX)
				k[K_FIXED + x] = key_of(K_FIXED + x + org, name_of(e, &e->extras[x], v), 0);
		}
		/* one bit keeps persons and organisations apart whatever the hashes */
		for (int x = 0; x < e->nkeys; x++)
		{
			if (k[x])
				k[x] = (k[x] & ~3u) | 2 | (org != 0);
			column[(size_t) x * e->n + i] = k[x];
		}
		if ((i & 0xfff) == 0)
			link_look(e);
	}
	return column;
}

/* sorted by key: three passes of eleven bits */
void
link_sort_entries(uint64_t *a, uint64_t *b, uint32_t n)
{
	static const int shift[3] = {32, 43, 54};
	uint32_t	count[3][2048] = {{0}};

	for (uint32_t i = 0; i < n; i++)
		for (int p = 0; p < 3; p++)
			count[p][(a[i] >> shift[p]) & 2047]++;
	for (int p = 0; p < 3; p++)
	{
		uint32_t   *at = count[p],
					sum = 0;
		uint64_t   *t;

		for (int k = 0; k < 2048; k++)
		{
			uint32_t	c = at[k];

			at[k] = sum;
			sum += c;
		}
		for (uint32_t i = 0; i < n; i++)
			b[at[(a[i] >> shift[p]) & 2047]++] = a[i];
		t = a, a = b, b = t;
	}
}

static inline bool
share_before(const uint32_t *a, const uint32_t *b, int key)
{
#ifdef __SSE2__
	const __m128i zero = _mm_setzero_si128();

	for (int q = 0; q * 4 < key; q++)
	{
		__m128i		x = _mm_loadu_si128((const __m128i *) a + q),
					y = _mm_loadu_si128((const __m128i *) b + q);
		int			m = _mm_movemask_ps(_mm_castsi128_ps(_mm_andnot_si128(_mm_cmpeq_epi32(x, zero), _mm_cmpeq_epi32(x, y))));

		if (q * 4 + 4 > key)
			m &= (1 << (key - q * 4)) - 1;
		if (m)
			return true;
	}
	return false;
#else
	for (int i = 0; i < key; i++)
		if (a[i] && a[i] == b[i])
			return true;
	return false;
#endif
}

static inline void
put_pair(link_engine *e, uint32_t a, uint32_t b, int org)
{
	uint64_t	at = e->npairs++;

	e->npairs_of[org]++;

	if (at / PAIR_CHUNK >= e->pair_blocks)
	{
		if (e->pair_blocks >= e->pair_room)
		{
			uint32_t	room = e->pair_room ? e->pair_room * 2 : 64;

			e->pair_block = link_grow(e, e->pair_block, sizeof(uint64_t *) * e->pair_room, sizeof(uint64_t *) * room);
			e->pair_room = room;
		}
		e->pair_block[e->pair_blocks++] = link_alloc(e, sizeof(uint64_t) * PAIR_CHUNK);
		link_look(e);
	}
	e->pair_block[at / PAIR_CHUNK][at % PAIR_CHUNK] = a < b ? (uint64_t) a << 32 | b : (uint64_t) b << 32 | a;
}

bool
link_share_before(const uint32_t *a, const uint32_t *b, int key)
{
	return share_before(a, b, key);
}

void
link_put_pair(link_engine *e, uint32_t a, uint32_t b, int org)
{
	put_pair(e, a, b, org);
}

/* pairs of rows that stand near one another come together, whatever rule listed them: by ranges of the first row, within each as they were listed */
static void
gather_pairs(link_engine *e)
{
	uint64_t  **block,
			   *at;
	int			shift = PAIR_RANGE_BITS;
	uint32_t	ranges;
	uint64_t	sum = 0;

	while (e->n >> shift > PAIR_RANGES)
		shift++;
	ranges = (e->n >> shift) + 1;
	at = link_zalloc(e, sizeof(uint64_t) * ranges);
	block = link_alloc(e, sizeof(uint64_t *) * e->pair_room);
	for (uint32_t k = 0; k < e->pair_blocks; k++)
		block[k] = link_alloc(e, sizeof(uint64_t) * PAIR_CHUNK);
	for (uint64_t i = 0; i < e->npairs; i++)
		at[e->pair_block[i / PAIR_CHUNK][i % PAIR_CHUNK] >> 32 >> shift]++;
	for (uint32_t k = 0; k < ranges; k++)
	{
		uint64_t	c = at[k];

		at[k] = sum;
		sum += c;
	}
	for (uint64_t i = 0; i < e->npairs; i++)
	{
		uint64_t	x = e->pair_block[i / PAIR_CHUNK][i % PAIR_CHUNK],
					to = at[x >> 32 >> shift]++;

		block[to / PAIR_CHUNK][to % PAIR_CHUNK] = x;
	}
	for (uint32_t k = 0; k < e->pair_blocks; k++)
	{
		link_free(e, e->pair_block[k], sizeof(uint64_t) * PAIR_CHUNK);
		e->pair_block[k] = block[k];
	}
	link_free(e, block, sizeof(uint64_t *) * e->pair_room);
	link_free(e, at, sizeof(uint64_t) * ranges);
	link_look(e);
}

uint64_t
link_block(link_engine *e)
{
	uint64_t   *entry,
			   *spare;
	uint32_t   *column = make_keys(e);

	entry = link_alloc(e, sizeof(uint64_t) * (e->n + e->nmore + 1));
	spare = link_alloc(e, sizeof(uint64_t) * (e->n + e->nmore + 1));
	for (int key = 0; key < e->nkeys; key++)
	{
		link_rule  *rule = &e->rule[key];
		uint32_t	n = 0,
					ahead = 0;
		const uint64_t *s = spare;

		for (uint32_t i = 0; i < e->n; i++)
		{
			uint32_t	k = column[(size_t) key * e->n + i];

			entry[n] = (uint64_t) k << 32 | i;
			n += k != 0;
		}
		link_sort_entries(entry, spare, n);
		for (uint32_t i = 0, j; i < n; i = j)
		{
			uint32_t	size;

			for (j = i + 1; j < n && s[j] >> 32 == s[i] >> 32; j++)
				;
			size = j - i;
			/* the keys of records further on, unless they are alone in their blocks */
			for (; key > 0 && ahead < n && ahead < j + 24; ahead++)
				if ((ahead + 1 < n && s[ahead + 1] >> 32 == s[ahead] >> 32) || (ahead > 0 && s[ahead - 1] >> 32 == s[ahead] >> 32))
					__builtin_prefetch(e->key + (size_t) (uint32_t) s[ahead] * e->key_stride);
			if (size < 2)
				continue;
			rule->blocks++;
			if (size > rule->largest)
				rule->largest = size;
			if (size > (uint32_t) rule->cap)
			{
				rule->skipped++;
				if (key == K_EQUAL)
				{
					/* a chain holds as many equal records together as it takes */
					for (uint32_t x = i; x + 1 < j; x++)
						if (!e->two_sides || ((e->record[(uint32_t) s[x]].flags ^ e->record[(uint32_t) s[x + 1]].flags) & RECORD_SIDE))
						{
							put_pair(e, (uint32_t) s[x], (uint32_t) s[x + 1], s[x] >> 32 & 1);
							rule->pairs++;
						}
					continue;
				}
				/* the records no longer share this key: a later rule may pair them */
				for (uint32_t x = i; x < j; x++)
					e->key[(size_t) (uint32_t) s[x] * e->key_stride + key] = 0;
				continue;
			}
			for (uint32_t x = i; x + 1 < j; x++)
			{
				uint32_t	a = (uint32_t) s[x];
				const uint32_t *ka = e->key + (size_t) a * e->key_stride;

				for (uint32_t y = x + 1; y < j; y++)
				{
					uint32_t	b = (uint32_t) s[y];

					if (e->two_sides && !((e->record[a].flags ^ e->record[b].flags) & RECORD_SIDE))
						continue;
					if (share_before(ka, e->key + (size_t) b * e->key_stride, key))
						continue;
					put_pair(e, a, b, s[i] >> 32 & 1);
					rule->pairs++;
				}
			}
		}
		link_look(e);
	}
	link_free(e, column, sizeof(uint32_t) * e->nkeys * ((size_t) e->n + 1));
	if (e->nmore)
		link_more_pairs(e, entry, spare);
	link_free(e, entry, sizeof(uint64_t) * (e->n + e->nmore + 1));
	link_free(e, spare, sizeof(uint64_t) * (e->n + e->nmore + 1));
	link_free(e, e->key, sizeof(uint32_t) * e->key_stride * (e->n + 1));
	e->key = NULL;
	if (e->placed && e->npairs)
		gather_pairs(e);
	return e->npairs;
}

const link_rule *
link_rules(const link_engine *e, int *n)
{
	*n = e->nkeys;
	return e->rule;
}
