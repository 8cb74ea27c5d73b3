/*
 * contact_match.c: how alike two e-mail addresses and two postal addresses are. They come in as the cores of src/contact read them.
 */
#include "match/match_private.h"

#include <string.h>

#include "contact/address.h"
#include "contact/contact.h"

#define LOCAL_MAX 64

/* The Jaro-Winkler value of two strings, cut to 64 bytes; the same in both directions, which it is not of itself. */
static double
spelling(const char *a, size_t na, const char *b, size_t nb)
{
	uint32_t	work[SIMILARITY_WORK(LOCAL_MAX, LOCAL_MAX)];
	int			r = memcmp(a, b, na < nb ? na : nb);

	if (r > 0 || (r == 0 && na > nb))
		return spelling(b, nb, a, na);
	return jaro_winkler(a, na < LOCAL_MAX ? na : LOCAL_MAX, b, nb < LOCAL_MAX ? nb : LOCAL_MAX, work);
}

static int
distance(const char *a, size_t na, const char *b, size_t nb, int at_most)
{
	uint32_t	work[SIMILARITY_WORK(LOCAL_MAX, LOCAL_MAX)];

	return edit_distance(a, na < LOCAL_MAX ? na : LOCAL_MAX, b, nb < LOCAL_MAX ? nb : LOCAL_MAX, at_most, work);
}

/* The letters of a local part as words of a name: jean.dupont42 gives "jean dupont". */
static size_t
local_words(const char *s, size_t n, char *out)
{
	size_t		m = 0;

	for (size_t i = 0; i < n && m < LOCAL_MAX; i++)
		if ((s[i] >= 'a' && s[i] <= 'z') || (s[i] & 0x80))
			out[m++] = s[i];
		else if (m > 0 && out[m - 1] != ' ')
			out[m++] = ' ';
	while (m > 0 && out[m - 1] == ' ')
		m--;
	return m;
}

/* Takes the dots out of a local part: some providers ignore them, so one of two may have been written without. */
static size_t
without_dots(char *s, size_t n)
{
	size_t		m = 0;

	for (size_t i = 0; i < n; i++)
		if (s[i] != '.')
			s[m++] = s[i];
	return m;
}

/* email_similarity: of two normal forms (email_parse). */
double
email_similarity(const char *a, size_t na, const char *b, size_t nb)
{
	size_t		la,
				lb,
				da,
				db,
				ca,
				cb,
				fixed_len;
	char		x[EMAIL_CANONICAL_MAX],
				y[EMAIL_CANONICAL_MAX],
				fixed[EMAIL_DOMAIN_MAX],
				p[LOCAL_MAX],
				q[LOCAL_MAX];
	int			r = memcmp(a, b, na < nb ? na : nb);
	bool		slip;
	double		s;

	if (r == 0 && na == nb)
		return 1;
	if (na > EMAIL_NORMAL_MAX || nb > EMAIL_NORMAL_MAX || na == 0 || nb == 0)
		return 0;
	if (r > 0 || (r == 0 && na > nb))
		return email_similarity(b, nb, a, na);
	da = email_domain_begin(a, na);
	db = email_domain_begin(b, nb);
	if (da == 0 || db == 0)
		return 0;
	ca = email_canonical(a, na, email_provider_rule(a + da, na - da), x);
	cb = email_canonical(b, nb, email_provider_rule(b + db, nb - db), y);
	/* two ways to write one mailbox */
	if (ca == cb && memcmp(x, y, ca) == 0)
		return 0.99;
	a = x, na = ca, b = y, nb = cb;
	da = email_domain_begin(a, na);
	db = email_domain_begin(b, nb);
	if (da == 0 || db == 0)
		return 0;
	la = da - 1;
	lb = db - 1;
	if (na - da == nb - db && memcmp(a + da, b + db, na - da) == 0)
	{
		if (distance(a, la, b, lb, 1) <= 1 && la >= 5 && lb >= 5)
			return 0.92;
		if (email_is_role(a, la) != email_is_role(b, lb))
			return email_is_free_mail(a + da, na - da) ? 0 : 0.4;
		/* the same words in another order, or an initial */
		s = name_similarity(p, local_words(a, la, p), q, local_words(b, lb, q)) * 0.85;
		if (s < 0.6)
			s = 0;
		/* two people of one company have that in common */
		return s < 0.3 && !email_is_free_mail(a + da, na - da) ? 0.3 : s;
	}
	/* another domain: a slip of the pen, or another mailbox of one person */
	s = name_similarity(p, local_words(a, la, p), q, local_words(b, lb, q));
	slip = distance(a + da, na - da, b + db, nb - db, 1) <= 1 ||
		(email_suggest_domain(a + da, na - da, fixed, &fixed_len) && fixed_len == nb - db && memcmp(fixed, b + db, fixed_len) == 0) ||
		(email_suggest_domain(b + db, nb - db, fixed, &fixed_len) && fixed_len == na - da && memcmp(fixed, a + da, fixed_len) == 0);
	la = without_dots(x, la);
	lb = without_dots(y, lb);
	if (la == lb && memcmp(a, b, la) == 0)
		return slip ? 0.95 : email_is_role(a, la) ? 0.1 : la >= 8 ? 0.85 : la >= 5 ? 0.75 : 0.4;
	if (distance(a, la, b, lb, 1) <= 1 && la >= 6 && lb >= 6)
		return slip ? 0.85 : 0.7;
	return s < 0.9 || la < 5 || lb < 5 ? 0 : slip ? 0.8 : 0.6;
}

static bool
same(const address_part *a, const address_part *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->s, b->s, a->n) == 0);
}

/* From Jaro-Winkler on: what is no slip of the pen is nothing. */
static double
part_spelling(const address_part *a, const address_part *b)
{
	double		s;

	if (same(a, b))
		return 1;
	if (a->n == 0 || b->n == 0)
		return 0;
	s = spelling(a->s, a->n, b->s, b->n);
	return s >= 0.9 ? s : s < 0.75 ? 0 : (s - 0.75) * 6;
}

/* Of a city: with and without what stands behind a hyphen is nearly the same. */
static double
city_alike(const address_part *a, const address_part *b)
{
	const address_part *shorter = a->n < b->n ? a : b,
			   *longer = a->n < b->n ? b : a;

	if (shorter->n >= 3 && longer->n > shorter->n && longer->s[shorter->n] == ' ' && memcmp(shorter->s, longer->s, shorter->n) == 0)
		return 0.9;
	return part_spelling(a, b);
}

/* The words of a street without small ones: rue du bois, rue des bois. */
static size_t
street_words(const address_part *p, char *out)
{
	size_t		m = 0;

	for (size_t i = 0; i < p->n && m < LOCAL_MAX;)
	{
		size_t		k = i;

		while (k < p->n && p->s[k] != ' ')
			k++;
		if (!match_is_one_of(p->s + i, k - i, " de du des d la le les l the of der die den dem am an im zur zum van het "))
			for (size_t j = i; j < k && m < LOCAL_MAX; j++)
				out[m++] = p->s[j];
		i = k + 1;
	}
	return m;
}

static double
street_alike(const address *a, const address *b)
{
	char		x[LOCAL_MAX],
				y[LOCAL_MAX];
	size_t		n,
				m;
	double		s = part_spelling(&a->street, &b->street),
				t;

	n = street_words(&a->street, x);
	m = street_words(&b->street, y);
	if (n > 0 && m > 0)
	{
		t = n == m && memcmp(x, y, n) == 0 ? 0.98 : spelling(x, n, y, m) - 0.01;
		if (t >= 0.9 && t > s)
			s = t;
	}
	/* of the name cut short, one word of two or more: rue leclerc, rue du general leclerc */
	if (s < 0.85 && n >= 4 && m >= 4 && n != m)
	{
		const char *longer = n < m ? y : x,
				   *shorter = n < m ? x : y;
		size_t		l = n < m ? m : n,
					k = n < m ? n : m;

		if (memcmp(longer + l - k, shorter, k) == 0 || memcmp(longer, shorter, k) == 0)
			s = 0.85;
	}
	if (!same(&a->type, &b->type) && a->type.n > 0 && b->type.n > 0)
		s *= 0.85;
	if (!same(&a->before, &b->before) || !same(&a->after, &b->after))
		s *= 0.9;
	return s;
}

/* The digits a number begins with, -1 without. */
static int
leading_number(const address_part *p)
{
	int			n = -1;

	for (size_t i = 0; i < p->n && i < 6 && p->s[i] >= '0' && p->s[i] <= '9'; i++)
		n = (n < 0 ? 0 : n * 10) + (p->s[i] - '0');
	return n;
}

static double
number_alike(const address_part *a, const address_part *b)
{
	if (same(a, b))
		return 1;
	if (leading_number(a) >= 0 && leading_number(a) == leading_number(b))
		return 0.8;
	return 0;
}

static double
postal_alike(const address_part *a, const address_part *b)
{
	if (same(a, b))
		return 1;
	if (distance(a->s, a->n, b->s, b->n, 1) <= 1)
		return 0.7;
	return a->n >= 4 && b->n >= 4 && memcmp(a->s, b->s, 2) == 0 ? 0.4 : 0;
}

/*
 * address_similarity: of two addresses that were read (address_parse). A mean over the parts that both have, where what one side alone has counts
 * half; another house number makes another address, however alike the rest is.
 */
double
address_similarity(const address *a, const address *b)
{
	double		sum = 0,
				weight = 0,
				s;
	bool		shared = false;
#define PART(w, part, alike) \
	if (a->part.n > 0 || b->part.n > 0) \
	{ \
		double		half = a->part.n > 0 && b->part.n > 0 ? 1 : 0.5; \
		shared = shared || half == 1; \
		sum += (w) * half * (half == 1 ? (alike) : 0.5); \
		weight += (w) * half; \
	}
	PART(4, street, street_alike(a, b));
	PART(2, number, number_alike(&a->number, &b->number));
	PART(2, postal_code, postal_alike(&a->postal_code, &b->postal_code));
	PART(2, city, city_alike(&a->city, &b->city));
	PART(0.5, unit, same(&a->unit, &b->unit));
	PART(3, box, same(&a->box, &b->box));
#undef PART
	if (!shared)
		return 0;
	s = sum / weight;
	if (a->number.n > 0 && b->number.n > 0 && number_alike(&a->number, &b->number) == 0 && s > 0.7)
		s = 0.7;
	/* nothing in common but a number or a town */
	if (a->street.n > 0 && b->street.n > 0 && s > 0.5 && street_alike(a, b) < 0.3)
		s = 0.5;
	return s > 0.99 ? 0.99 : s;
}
