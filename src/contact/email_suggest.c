/*
 * email_suggest.c: what a mistyped domain was meant to be. Takes a domain in normal form; the well-known domains and the fixed
 * list of typos come from data/ (email_lists.c).
 *
 * A domain that is itself known, as free mail or as a provider's, is never corrected (a throw-away domain is: those one slip from a
 * well-known name live on typos). Otherwise, in this order: the list of typos; a doubled end (.fr.fr) or an end that does not exist
 * (.con); one slip of the fingers in the name before the end, for names of five letters and more (a letter missing, added, swapped
 * with its neighbour, or replaced by one beside it on a keyboard: a replacement by any other letter is more often another firm's
 * name); a well-known name before an end that no country has.
 */
#include "contact/contact.h"

#include <string.h>

static bool
is_known(const char *domain, size_t len)
{
	return email_is_free_mail(domain, len) || email_provider_rule(domain, len) != NULL;
}

static bool
has_letter(const char *letters, char c)
{
	return c != 0 && strchr(letters, c) != NULL;
}

/* Do two keys lie side by side on a QWERTY, AZERTY or QWERTZ keyboard, or are they vowels or look-alikes that are taken for each other? */
static bool
are_near(char a, char b)
{
	static const char *const rows[] = {"1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn", "qwertzuiop", "yxcvbnm"};
	static const char *const columns[] = {"qaz", "wsx", "edc", "rfv", "tgb", "yhn", "ujm", "ik", "ol", "aqw", "zsx", "0o", "0p", "1l", "1i", "il", "mn", "ck", "sz"};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
	{
		const char *p = a != 0 ? strchr(rows[i], a) : NULL;

		if (p != NULL && (p[1] == b || (p > rows[i] && p[-1] == b)))
			return true;
	}
	for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
		if (has_letter(columns[i], a) && has_letter(columns[i], b))
			return true;
	return has_letter("aeiou", a) && has_letter("aeiou", b);
}

/* Are two names one slip apart? The right one has at least five letters; the first letter is kept, or swapped with the second. */
static bool
is_slip(const char *wrong, size_t n, const char *right, size_t m)
{
	size_t		i = 0,
				j = 0;

	if (m < 5 || n > m + 1 || m > n + 1)
		return false;
	while (i < n && i < m && wrong[i] == right[i])
		i++;
	while (j < n - i && j < m - i && wrong[n - 1 - j] == right[m - 1 - j])
		j++;
	/* what differs: wrong[i .. n - j), right[i .. m - j) */
	n -= i + j;
	m -= i + j;
	if (n == 2 && m == 2)
		return wrong[i] == right[i + 1] && wrong[i + 1] == right[i];
	if (i == 0)
		return false;
	if (n == 1 && m == 1)
		return are_near(wrong[i], right[i]);
	return n + m == 1;
}

/* Is one end the other with one letter changed, missing, added, or two swapped? */
static bool
is_near_end(const char *a, size_t n, const char *b, size_t m)
{
	size_t		i = 0,
				j = 0;

	while (i < n && i < m && a[i] == b[i])
		i++;
	while (j < n - i && j < m - i && a[n - 1 - j] == b[m - 1 - j])
		j++;
	n -= i + j;
	m -= i + j;
	return (n <= 1 && m <= 1) || (n == 2 && m == 2 && a[i] == b[i + 1] && a[i + 1] == b[i]);
}

/* The begin of the last label. */
static size_t
last_label(const char *domain, size_t len)
{
	while (len > 0 && domain[len - 1] != '.')
		len--;
	return len;
}

static bool
answer(const char *right, size_t len, char *out, size_t *out_len)
{
	memmove(out, right, len);
	*out_len = len;
	return true;
}

/* out has EMAIL_DOMAIN_MAX octets. False: nothing to suggest. */
bool
email_suggest_domain(const char *domain, size_t len, char *out, size_t *out_len)
{
	char		fixed[EMAIL_DOMAIN_MAX];
	size_t		n = len,
				end,
				name;
	const char *right,
			   *near_end = NULL;
	bool		end_exists;

	if (len > sizeof fixed || len == 0 || memchr(domain, '.', len) == NULL || is_known(domain, len))
		return false;
	if ((right = email_typo(domain, len)) != NULL)
		return answer(right, strlen(right), out, out_len);
	memcpy(fixed, domain, len);

	/* an end that does not exist, then an end written twice */
	end = last_label(fixed, n);
	if (end > 0 && (right = email_typo(fixed + end - 1, n - end + 1)) != NULL && end + strlen(right) <= sizeof fixed)
	{
		memcpy(fixed + end, right, strlen(right));
		n = end + strlen(right);
	}
	if (end > 1)
	{
		size_t		before = last_label(fixed, end - 1);

		if (before > 0 && n - end == end - 1 - before && memcmp(fixed + before, fixed + end, n - end) == 0 &&
			(n - end == 3 || email_is_country_end(fixed + end, n - end)))
			n = end - 1;
	}
	if (n != len && is_known(fixed, n))
		return answer(fixed, n, out, out_len);
	if ((right = email_typo(fixed, n)) != NULL)
		return answer(right, strlen(right), out, out_len);

	/* a well-known domain one slip away, or one whose end was mistyped */
	name = (const char *) memchr(fixed, '.', n) - fixed;
	end = last_label(fixed, n);
	end_exists = n - end != 2 || email_is_country_end(fixed + end, 2);
	for (size_t i = 0; (right = email_well_known(i)) != NULL; i++)
	{
		size_t		right_len = strlen(right),
					right_name = (const char *) memchr(right, '.', right_len) - right;
		bool		same_end = n - name == right_len - right_name && memcmp(fixed + name, right + right_name, n - name) == 0,
					same_name = name == right_name && memcmp(fixed, right, name) == 0;

		if (same_end && is_slip(fixed, name, right, right_name))
			return answer(right, right_len, out, out_len);
		if (near_end == NULL && same_name && !end_exists && is_near_end(fixed + name, n - name, right + right_name, right_len - right_name))
			near_end = right;
	}
	if (near_end != NULL)
		return answer(near_end, strlen(near_end), out, out_len);
	/* a repaired end is worth saying for a domain of any name */
	if (n != len || memcmp(fixed, domain, len) != 0)
		return answer(fixed, n, out, out_len);
	return false;
}
