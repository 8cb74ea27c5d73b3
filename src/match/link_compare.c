/*
 * link_compare.c: the levels of a pair, comparison by comparison, and what each level is worth for the values at hand.
 *
 * A weight is log2 m - log2 u. m belongs to the level; u, how often the level is met by chance, belongs to the values: a frequent name
 * says little, equal or nearly equal (Winkler 1989, 1990). Near means an edit distance of at most 1, or 2 in long names, or the same
 * spelling key; two names that are both frequent are two names and no slip (Mark, Mary).
 */
#include "match/link_private.h"

#include <math.h>

#define FREQUENT_SLIP 0.05

bool
link_near(const link_dict *d, uint32_t a, uint32_t b, bool same_skeleton)
{
	const link_value_record *x = &d->v[a],
			   *y = &d->v[b];
	int			most = x->length >= 8 && y->length >= 8 ? 2 : 1;

	if (same_skeleton && x->length >= 4 && y->length >= 4)
		return true;
	if (x->length < 3 || y->length < 3 || x->length > 64 || y->length > 64 || x->length > y->length + most || y->length > x->length + most)
		return false;
	if (link_bits(x->letters & ~y->letters) > most || link_bits(y->letters & ~x->letters) > most)
		return false;
	return edit_distance_bytes((const uint8_t *) link_text(d, a), x->length, (const uint8_t *) link_text(d, b), y->length) <= most;
}

/* both are values that many have: then one is no slip of the other */
static inline bool
established(uint32_t a, uint32_t b)
{
	uint32_t	least = a < b ? a : b,
				most = a < b ? b : a;

	return least > 2 + FREQUENT_SLIP * most;
}

static bool
head_near(const link_engine *e, uint32_t head, uint32_t b)
{
	return link_near(&e->names, head, b, e->name[head].skeleton == e->name[b].skeleton) && !established(e->name[head].as_first, e->name[b].as_first);
}

int
link_first_level(const link_engine *e, uint32_t a, uint32_t b)
{
	const link_value_record *x = &e->names.v[a],
			   *y = &e->names.v[b];
	const link_name *p = &e->name[a],
			   *q = &e->name[b];

	if (a == 0 || b == 0)
		return 0;
	if (a == b)
		return x->length == 1 ? 3 : 1;
	if (x->length == 1 || y->length == 1)
		return *link_text(&e->names, a) == *link_text(&e->names, b) ? 3 : 5;
	if (p->head == b || q->head == a)
		return 2;
	if (p->nickname >= 0 && q->nickname >= 0 && nickname_same(p->nickname, q->nickname))
		return 2;
	if (link_near(&e->names, a, b, p->skeleton == q->skeleton) && !established(p->as_first, q->as_first))
		return 4;
	/* a slip in the first part of a compound name */
	if ((p->head && (p->head == q->head || head_near(e, p->head, b))) || (q->head && head_near(e, q->head, a)))
		return 4;
	return 5;
}

int
link_last_level(const link_engine *e, uint32_t a, uint32_t b)
{
	if (a == 0 || b == 0)
		return 0;
	if (a == b)
		return 1;
	if (e->names.v[a].length == 1 || e->names.v[b].length == 1)
		return *link_text(&e->names, a) == *link_text(&e->names, b) ? 0 : 3;
	return link_near(&e->names, a, b, e->name[a].skeleton == e->name[b].skeleton) && !established(e->name[a].as_last, e->name[b].as_last) ? 2 : 3;
}

static int
date_level_one(uint32_t a, uint32_t b)
{
	uint32_t	ya = a >> 9,
				yb = b >> 9,
				ma = (a >> 5) & 15,
				mb = (b >> 5) & 15,
				da = a & 31,
				db = b & 31;

	if (a == b)
		return 1;
	if (ya == yb && ((ma == db && da == mb) || (a & 511) == (1 << 5 | 1) || (b & 511) == (1 << 5 | 1)))
		return 2;
	return (ya == yb) + (ma == mb) + (da == db) >= 2 ? 3 : 4;
}

static inline uint32_t
turned(uint32_t d)
{
	return (d & ~511u) | (d & 31) << 5 | ((d >> 5) & 15);
}

static int
compare_dates(const link_record *a, const link_record *b)
{
	int			l;

	if (a->date == 0 || b->date == 0)
		return 0;
	l = date_level_one(a->date, b->date);
	if (l > 1 && ((a->flags | b->flags) & RECORD_DATE_OTHER))
	{
		int			k = 4;

		if (a->flags & RECORD_DATE_OTHER)
			k = date_level_one(turned(a->date), b->date);
		if (k > 1 && (b->flags & RECORD_DATE_OTHER))
			k = date_level_one(a->date, turned(b->date)) < k ? date_level_one(a->date, turned(b->date)) : k;
		if (k < l)
			l = k;
	}
	return l;
}

static int
email_level(const link_engine *e, uint32_t a, uint32_t b)
{
	const link_email *x = &e->email[a],
			   *y = &e->email[b];

	if (a == 0 || b == 0)
		return 0;
	if (a == b)
		return 1;
	if (x->local == y->local)
	{
		if (x->length >= 5)
			return 2;
	}
	else if (x->length >= 6 && y->length >= 6 && x->length <= 64 && y->length <= 64 && x->length <= y->length + 1 && y->length <= x->length + 1 &&
			 link_bits(x->letters & ~y->letters) <= 1 && link_bits(y->letters & ~x->letters) <= 1 &&
			 edit_distance_bytes((const uint8_t *) link_text(&e->locals, x->local), x->length, (const uint8_t *) link_text(&e->locals, y->local), y->length) <= 1)
		return 2;
	if (x->domain && x->domain == y->domain && x->own)
		return 3;
	return 4;
}

static int
phone_level(const link_engine *e, uint32_t a, uint32_t b)
{
	const link_value_record *p,
			   *q;

	if (a == 0 || b == 0)
		return 0;
	p = &e->phones.v[a];
	q = &e->phones.v[b];
	if (a == b)
		return p->flags & VALUE_MOBILE ? 1 : 2;
	if (p->length <= q->length + 1 && q->length <= p->length + 1 &&
		link_bits(p->letters & ~q->letters) <= 1 && link_bits(q->letters & ~p->letters) <= 1 &&
		edit_distance_bytes((const uint8_t *) link_text(&e->phones, a), p->length, (const uint8_t *) link_text(&e->phones, b), q->length) <= 1)
		return 3;
	/* people have both: that says next to nothing */
	return (p->flags ^ q->flags) & (VALUE_MOBILE | VALUE_LANDLINE) ? 4 : 5;
}

static int
address_level(const link_engine *e, const link_record *a, const link_record *b)
{
	bool		postcode = a->postcode && a->postcode == b->postcode,
				city = a->city && a->city == b->city,
				place = postcode || city,
				number = a->number && a->number == b->number;

	if (a->street && b->street)
	{
		if (a->street == b->street || link_near(&e->streets, a->street, b->street, false))
		{
			if (a->number == b->number && (place || !(a->postcode && b->postcode) || link_near(&e->postcodes, a->postcode, b->postcode, false)))
				return 1;
			if (place || number)
				return 2;
		}
		else if (number && place && e->streets.v[a->street].length >= 8 && e->streets.v[b->street].length >= 8)
		{
			/* one street name written shorter: the end or the beginning of the other */
			const link_value_record *x = &e->streets.v[a->street],
					   *y = &e->streets.v[b->street];
			int			n = (x->length < y->length ? x->length : y->length) / 2 + 2;

			if (memcmp(link_text(&e->streets, a->street), link_text(&e->streets, b->street), n) == 0 ||
				memcmp(link_text(&e->streets, a->street) + x->length - n, link_text(&e->streets, b->street) + y->length - n, n) == 0)
				return 2;
		}
	}
	else if (!(a->postcode && b->postcode) && !(a->city && b->city))
		return 0;
	return postcode || (city && !(a->postcode && b->postcode)) ? 3 : 4;
}

static int
company_level(const link_engine *e, uint32_t a, uint32_t b)
{
	uint32_t	x = e->company[a].compact,
				y = e->company[b].compact;

	if (a == 0 || b == 0)
		return 0;
	if (a == b || x == y || e->company[a].sorted == e->company[b].sorted)
		return 1;
	if (e->compacts.v[x].length >= 7 && e->compacts.v[y].length >= 7 && e->compacts.v[x].length <= 64 && e->compacts.v[y].length <= 64 &&
		!established(e->companies.v[a].count, e->companies.v[b].count) &&
		edit_distance_bytes((const uint8_t *) link_text(&e->compacts, x), e->compacts.v[x].length, (const uint8_t *) link_text(&e->compacts, y), e->compacts.v[y].length) <= 2)
		return 2;
	return e->company[a].skeleton == e->company[b].skeleton && e->compacts.v[x].length >= 6 ? 2 : 3;
}

static int
registry_level(const link_engine *e, uint32_t a, uint32_t b)
{
	const link_value_record *p,
			   *q;

	if (a == 0 || b == 0)
		return 0;
	p = &e->registries.v[a];
	q = &e->registries.v[b];
	if (a == b)
		return 1;
	if (p->length >= 5 && q->length >= 5 && p->length <= 64 && q->length <= 64 && p->length <= q->length + 1 && q->length <= p->length + 1 &&
		edit_distance_bytes((const uint8_t *) link_text(&e->registries, a), p->length, (const uint8_t *) link_text(&e->registries, b), q->length) <= 1)
		return 2;
	return 3;
}

static int
extra_level(const link_engine *e, int x, uint32_t a, uint32_t b)
{
	const link_dict *d = &e->extras[x];
	const link_value_record *p = &d->v[a],
			   *q = &d->v[b];

	if (a == 0 || b == 0)
		return 0;
	if (a == b)
		return 1;
	switch (e->extra_kind[x])
	{
		case LINK_SEX:
			return 2;
		case LINK_DATE:
			{
				uint32_t	s,
							t;

				memcpy(&s, link_text(d, a), 4);
				memcpy(&t, link_text(d, b), 4);
				return date_level_one(s, t);
			}
		case LINK_CODE:
			return p->length >= 5 && q->length >= 5 && p->length <= 64 && q->length <= 64 &&
				edit_distance_bytes((const uint8_t *) link_text(d, a), p->length, (const uint8_t *) link_text(d, b), q->length) <= 1 ? 2 : 3;
		default:
			if (p->length > 64 || q->length > 64 || p->length < 3 || q->length < 3)
				return 3;
			return jaro_winkler_bytes((const uint8_t *) link_text(d, a), p->length, (const uint8_t *) link_text(d, b), q->length) >= 0.9 ? 2 : 3;
	}
}

/*
 * People put their year of birth, or another number that they like, into their addresses. What is in one record's address is compared
 * with the address and the date of the other, where the addresses or dates themselves do not say more.
 */
static int
year_level(uint32_t a, uint32_t b, int email)
{
	uint32_t	ma = a & 255,
				mb = b & 255,
				da = a >> 8,
				db = b >> 8;
	bool		any = false;

	if ((ma | mb) == 0 || email == 1 || (da && db))
		return 0;
	if (ma && mb && email > 2)
	{
		if (ma == mb)
			return 1;
		any = true;
	}
	if (ma && db)
	{
		if (ma == db)
			return 1;
		any = true;
	}
	if (mb && da)
	{
		if (mb == da)
			return 1;
		any = true;
	}
	return any ? 2 : 0;
}

#define NICKNAME_BITS (-4.06f)	/* of those of a name 6 % write a certain other form */
#define PART_BITS (-2.47f)		/* of those of a compound name 18 % write one part alone */

static inline float
least(float a, float b)
{
	return a < b ? a : b;
}

/* names that go together in one country meet by chance more often than their frequencies say */
float
link_kappa(const link_engine *e, uint32_t f, uint32_t l)
{
	const float *a = e->name_country + (size_t) f * 2 * LINK_COUNTRIES,
			   *b = e->name_country + (size_t) l * 2 * LINK_COUNTRIES + LINK_COUNTRIES;
	float		s = 0;

	for (int c = 0; c < LINK_COUNTRIES; c++)
		if (e->country_share[c] > 0)
			s += a[c] * b[c] / e->country_share[c];
	return log2f(s > 1 ? s : 1);
}

static inline float
lu_common(uint32_t count, uint32_t n)
{
	return log2f(((float) count > 2.5f ? count - 2 : 0.5f) / (n ? n : 1));
}

/*
 * How often two given names meet by chance that agree so. Who has a nickname wrote it, or another form of the name: among records of one person so many
 * do. So two forms that are one person's say as much as the rarer form is rare, but not more than if both had the commoner one.
 */
static float
lu_first(const link_engine *e, int level, uint32_t a, uint32_t b)
{
	const float *lu = e->lu[0][LINK_C_FIRST];
	const link_name *x = &e->name[a],
			   *y = &e->name[b];
	float		most;

	switch (level)
	{
		case 1:
			return x->lu_first;
		case 2:
			most = x->lu_first > y->lu_first ? x->lu_first : y->lu_first;
			if (x->head == b || y->head == a)
				return least(most + PART_BITS, -0.3f);
			return least(fmaxf(least(x->lu_first, y->lu_first), most + NICKNAME_BITS), -0.3f);
		case 3:
			return least(log2f((e->initial_share[(unsigned char) *link_text(&e->names, b)] + 1e-6f) / e->initial_square) + lu[3], -0.05f);
		case 4:
			return least(lu_common((x->as_first > y->as_first ? x->as_first : y->as_first) + 2, e->with_first + USUAL_FIRST) + lu[4] - lu[1], -0.3f);
		default:
			return lu[level];
	}
}

static float
lu_last(const link_engine *e, int level, uint32_t a, uint32_t b)
{
	const float *lu = e->lu[0][LINK_C_LAST];

	switch (level)
	{
		case 1:
			return e->name[a].lu_last;
		case 2:
			return least(lu_common(e->name[a].as_last + e->name[b].as_last, e->with_last + USUAL_LAST) + lu[2] - lu[1], -0.3f);
		default:
			return lu[level];
	}
}

static void
compare_persons(link_engine *e, const link_record *a, const link_record *b, link_pair_levels *p)
{
	uint32_t	af = a->first,
				al = a->last,
				bf = b->first,
				bl = b->last;
	int			f = link_first_level(e, a->first, b->first),
				l = link_last_level(e, a->last, b->last);
	bool		exchanged = false;

	if (l == 3 && (a->maiden | b->maiden) && (a->maiden == b->last || b->maiden == a->last || a->maiden == b->maiden) && (a->maiden ? a->maiden : b->maiden))
	{
		al = a->maiden == b->last || a->maiden == b->maiden ? a->maiden : a->last;
		l = 1;
	}
	if (f == 5 || l == 3)
	{
		/* the names of one of them may stand the other way round: of a, or of b */
		for (int turned = 0; turned < 2; turned++)
		{
			int			fs = turned ? link_first_level(e, a->first, b->last) : link_first_level(e, a->last, b->first),
						ls;

			if (fs == 0 || fs == 3 || fs == 5 || (fs == 1 && f == 1))
				continue;
			ls = turned ? link_last_level(e, a->last, b->first) : link_last_level(e, a->first, b->last);
			if (ls == 0 || ls == 3)
				continue;
			f = fs, l = ls;
			exchanged = true;
			if (turned)
				bf = b->last, bl = b->first;
			else
				af = a->last, al = a->first;
			break;
		}
	}
	p->lu[LINK_C_FIRST] = lu_first(e, f, af, bf);
	p->lu[LINK_C_LAST] = lu_last(e, l, al, bl);
	if (exchanged)
	{
		/* which of the names is the given one is open: the commoner reading counts */
		int			first = l == 1 ? 1 : 4,
					last = f == 1 ? 1 : 2;
		float		u_first = lu_first(e, first, al, bl),
					u_last = lu_last(e, last, af, bf);

		if (u_first + u_last > p->lu[LINK_C_FIRST] + p->lu[LINK_C_LAST])
		{
			uint32_t	x = af,
						y = bf;

			af = al, al = x;
			bf = bl, bl = y;
			f = first, l = last;
			p->lu[LINK_C_FIRST] = u_first;
			p->lu[LINK_C_LAST] = u_last;
		}
	}
	p->level[LINK_C_FIRST] = (uint8_t) f;
	p->level[LINK_C_LAST] = (uint8_t) l;
	p->name_bin = 0;
	if (f == 1 && l == 1 && af == bf && al == bl && ((bf == b->first && bl == b->last) || (af == a->first && al == a->last)))
	{
		const link_record *r = bf == b->first && bl == b->last ? b : a;

		p->name_bin = (uint8_t) (1 + link_record_name_bin(r));
		p->lu[LINK_C_FIRST] = e->lu_whole[r - e->record] + e->lu_name[0][p->name_bin - 1];
	}
	else if ((f == 1 || f == 2 || f == 4) && (l == 1 || l == 2))
		p->lu[LINK_C_FIRST] = least(p->lu[LINK_C_FIRST] + link_kappa(e, af, al), -1.0f);
	/* a child may bear a parent's name */
	p->lh_first = f == 1 ? log2f(exp2f(p->lu[LINK_C_FIRST]) + 0.02f) : p->lu[LINK_C_FIRST];
}

static void
compare_organisations(link_engine *e, const link_record *a, const link_record *b, link_pair_levels *p)
{
	const float (*lu)[LINK_LEVELS] = (const float (*)[LINK_LEVELS]) e->lu[1];
	int			f = a->first == 0 || b->first == 0 ? 0 : a->first == b->first ? 1 : 2,
				l = company_level(e, a->last, b->last);

	p->level[LINK_C_FIRST] = (uint8_t) f;
	p->level[LINK_C_LAST] = (uint8_t) l;
	p->lu[LINK_C_FIRST] = f == 1 ? -2 : lu[LINK_C_FIRST][f];
	p->lh_first = p->lu[LINK_C_FIRST];
	p->name_bin = 0;
	if (l == 1)
	{
		uint32_t	count = e->companies.v[a->last].count + (a->last == b->last ? 0 : e->companies.v[b->last].count);

		p->name_bin = (uint8_t) (1 + link_name_bin(count));
		p->lu[LINK_C_LAST] = lu_common(count, e->of_kind[1] + USUAL_COMPANY) + e->lu_name[1][p->name_bin - 1];
	}
	else if (l == 2)
		p->lu[LINK_C_LAST] = least(lu_common(e->companies.v[a->last].count + e->companies.v[b->last].count, e->of_kind[1] + USUAL_COMPANY) + lu[LINK_C_LAST][2] - lu[LINK_C_LAST][1], -0.3f);
	else
		p->lu[LINK_C_LAST] = lu[LINK_C_LAST][l];
}

/* records with several addresses or numbers: of all pairs of them the best agreement counts */
static void
compare_more(link_engine *e, const link_record *a, const link_record *b, const float (*lu)[LINK_LEVELS], link_pair_levels *p)
{
	const link_record *side[2] = {a, b};
	link_more	value[2][1 + LINK_MORE_MOST];
	uint32_t	n[2];

	for (int s = 0; s < 2; s++)
	{
		value[s][0] = (link_more) {.email = side[s]->email,.phone = side[s]->phone};
		n[s] = 1;
		if (side[s]->flags & RECORD_MORE)
		{
			uint32_t	k;
			const link_more *m = link_more_of(e, side[s], &k);

			for (uint32_t i = 0; i < k && i < LINK_MORE_MOST; i++)
				value[s][n[s]++] = m[i];
		}
	}
	for (uint32_t i = 0; i < n[0]; i++)
		for (uint32_t j = 0; j < n[1]; j++)
		{
			const link_more *x = &value[0][i],
					   *y = &value[1][j];
			int			l = email_level(e, x->email, y->email),
						k = phone_level(e, x->phone, y->phone);
			float		u = l == 1 ? e->email[x->email].lu : lu[LINK_C_EMAIL][l],
						v = k == 1 || k == 2 ? e->lu_phone[x->phone] : lu[LINK_C_PHONE][k];

			if (l && (p->level[LINK_C_EMAIL] == 0 || l < p->level[LINK_C_EMAIL] || (l == p->level[LINK_C_EMAIL] && u < p->lu[LINK_C_EMAIL])))
			{
				p->level[LINK_C_EMAIL] = (uint8_t) l;
				p->lu[LINK_C_EMAIL] = u;
			}
			if (k && (p->level[LINK_C_PHONE] == 0 || k < p->level[LINK_C_PHONE] || (k == p->level[LINK_C_PHONE] && v < p->lu[LINK_C_PHONE])))
			{
				p->level[LINK_C_PHONE] = (uint8_t) k;
				p->lu[LINK_C_PHONE] = v;
			}
		}
}

/* link_compare: the levels of a pair and log2 u of each */
void
link_compare(link_engine *e, const link_record *a, const link_record *b, link_pair_levels *p)
{
	int			org = (a->flags & RECORD_ORG) != 0;
	const float (*lu)[LINK_LEVELS] = (const float (*)[LINK_LEVELS]) e->lu[org];
	int			l;

	if (org)
		compare_organisations(e, a, b, p);
	else
		compare_persons(e, a, b, p);

	p->level[LINK_C_DATE] = (uint8_t) (l = compare_dates(a, b));
	if (l == 1)
	{
		float		d = e->day_share[a->date & 511];

		p->lu[LINK_C_DATE] = log2f(e->year_share[(a->date >> 9) & 2047] * (d > 1.0f / 730 ? d : 1.0f / 730) + 1e-9f);
	}
	else
		p->lu[LINK_C_DATE] = lu[LINK_C_DATE][l];

	p->level[LINK_C_EMAIL] = (uint8_t) (l = email_level(e, a->email, b->email));
	p->lu[LINK_C_EMAIL] = l == 1 ? e->email[a->email].lu : lu[LINK_C_EMAIL][l];

	p->level[LINK_C_PHONE] = (uint8_t) (l = phone_level(e, a->phone, b->phone));
	p->lu[LINK_C_PHONE] = l == 1 || l == 2 ? e->lu_phone[a->phone] : lu[LINK_C_PHONE][l];
	if ((a->flags | b->flags) & RECORD_MORE)
		compare_more(e, a, b, lu, p);

	p->level[LINK_C_ADDRESS] = (uint8_t) (l = address_level(e, a, b));
	if (l == 1)
	{
		uint32_t	more = a->flags & RECORD_MANY_AT_HOME ? link_count_of(e, e->address_count, link_address_hash(a)) - ADDRESS_MOST : 0;

		p->lu[LINK_C_ADDRESS] = more ? log2f((0.1f + more) / (e->with_address + USUAL_CONTACT)) : e->lu_home;
	}
	else if (l == 3 && a->postcode && a->postcode == b->postcode)
		p->lu[LINK_C_ADDRESS] = e->lu_postcode[a->postcode];
	else
		p->lu[LINK_C_ADDRESS] = lu[LINK_C_ADDRESS][l];

	p->level[LINK_C_REGISTRY] = (uint8_t) (l = registry_level(e, a->registry, b->registry));
	p->lu[LINK_C_REGISTRY] = l == 1 ? -20 : lu[LINK_C_REGISTRY][l];

	p->level[LINK_C_SOURCE] = (uint8_t) (l = a->source == 0 || b->source == 0 ? 0 : a->source == b->source ? 1 : 2);
	p->lu[LINK_C_SOURCE] = lu[LINK_C_SOURCE][l];

	p->level[LINK_C_YEAR] = (uint8_t) (l = year_level(a->spare, b->spare, p->level[LINK_C_EMAIL]));
	p->lu[LINK_C_YEAR] = lu[LINK_C_YEAR][l];

	for (int x = 0; x < e->nextra; x++)
	{
		uint32_t	va = e->extra[(size_t) (a - e->record) * e->nextra + x],
					vb = e->extra[(size_t) (b - e->record) * e->nextra + x];

		p->level[LINK_C_EXTRA + x] = (uint8_t) (l = extra_level(e, x, va, vb));
		if (l == 1)
			p->lu[LINK_C_EXTRA + x] = e->lu_extra[x][va];
		else
			p->lu[LINK_C_EXTRA + x] = lu[LINK_C_EXTRA + x][l];
	}

	if (e->by_model)
	{
		for (int c = 0; c < LINK_C_EXTRA + e->nextra; c++)
		{
			float		given = p->level[c] == 1 ? link_given_share(e, c, a, b) : 0;

			p->lu[c] = given < 0 ? given : lu[c][p->level[c]];
		}
		p->lh_first = p->level[LINK_C_FIRST] == 1 ? log2f(exp2f(p->lu[LINK_C_FIRST]) + 0.02f) : p->lu[LINK_C_FIRST];
	}
	/* what is made from one another is one piece of evidence, not two */
	if ((l = p->level[LINK_C_EMAIL]) != 0)
	{
		int			da = (a->flags & RECORD_DERIVED) >> RECORD_DERIVED_SHIFT,
					db = (b->flags & RECORD_DERIVED) >> RECORD_DERIVED_SHIFT;
		float	   *u = &p->lu[LINK_C_EMAIL];

		if (org)
		{
			if ((da == 3 || db == 3) && (p->level[LINK_C_LAST] == 1 || p->level[LINK_C_LAST] == 2))
			{
				if (l == 1 && *u < -2)
					*u = -2;
				else if ((l == 2 || l == 3) && *u < -0.152f)
					*u = -0.152f;
			}
		}
		else
		{
			int			d = da > db ? da : db;

			/* a name read out of the e-mail agrees because the e-mail does */
			if (l == 1 && ((a->flags | b->flags) & (RECORD_IMPUTED_FIRST | RECORD_IMPUTED_LAST)))
			{
				if (((a->flags | b->flags) & RECORD_IMPUTED_FIRST) && p->level[LINK_C_FIRST] < 5)
					p->level[LINK_C_FIRST] = 0, p->lu[LINK_C_FIRST] = 0, p->lh_first = 0;
				/* of a family name another one is not even evidence against: it was read wrong */
				if ((a->flags | b->flags) & RECORD_IMPUTED_LAST)
					p->level[LINK_C_LAST] = 0, p->lu[LINK_C_LAST] = 0;
			}
			if (d && ((l == 1 && p->level[LINK_C_LAST] == 1) || (l == 2 && p->level[LINK_C_LAST] != 0)) && p->level[LINK_C_FIRST] < 5)
			{
				bool		imputed = ((a->flags | b->flags) & (RECORD_IMPUTED_FIRST | RECORD_IMPUTED_LAST)) != 0;
				float		floor = l == 1 ? (d == 1 ? -5.64f : -11.29f) : d == 1 || imputed ? -3.06f : -7.97f;

				if (*u < floor)
					*u = floor;
			}
		}
	}
}

/* a place or a line shared by a household, and nothing that tells its members apart: which of them it is remains open */
bool
link_impersonal(const link_pair_levels *p)
{
	return p->level[LINK_C_FIRST] == 0 && p->level[LINK_C_DATE] == 0 && p->level[LINK_C_EMAIL] % 3 == 0 && p->level[LINK_C_PHONE] != 1 &&
		p->level[LINK_C_REGISTRY] == 0;
}

/* link_weight: log2 of the odds that a pair with these levels is one party; link_weight_from: or LINK_LESS when they are less than least */
float
link_weight_from(const link_engine *e, int org, const link_pair_levels *p, float least)
{
	float		m = e->prior_m[org],
				h = e->prior_h[org] + p->lh_first,
				u = e->prior_u[org] + p->lu[LINK_C_FIRST];

	m += e->lm[org][LINK_C_FIRST][p->level[LINK_C_FIRST]];
	for (int c = LINK_C_LAST; c < LINK_C_EXTRA + e->nextra; c++)
	{
		m += e->lm[org][c][p->level[c]];
		h += link_lh(e, org, c, p->level[c], p->lu[c]);
		u += p->lu[c];
	}
	if (link_impersonal(p) && !org)
		m -= 1.5f;
	if (org)
		return m - u;
	/* with one of the two alone it would be more than it is, which is enough of a pair that will not be kept */
	return m - (h > u ? h : u) < least ? LINK_LESS : m - link_log2_sum(h, u);
}

float
link_weight(const link_engine *e, int org, const link_pair_levels *p)
{
	return link_weight_from(e, org, p, LINK_LESS);
}
