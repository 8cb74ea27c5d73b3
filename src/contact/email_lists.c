/*
 * email_lists.c: what is known of mailbox providers, from the lists in data/, compiled in: which domains are free mail or throw-away,
 * which names are a function's, and what a provider ignores in the part before the @. Takes normal forms (email.c).
 */
#include "contact/contact.h"

#include <string.h>

#include "contact/data/email_tables.inc"

/* Is the word one of the lines of a sorted set? set begins and ends with a line break; size counts its last zero byte. */
static bool
set_has(const char *set, size_t size, const char *word, size_t len)
{
	size_t		low = 1,		/* begins of lines */
				high = size - 1;

	if (len == 0 || memchr(word, '\n', len) != NULL)
		return false;
	while (low < high)
	{
		size_t		begin = low + (high - low) / 2,
					end,
					n;
		int			order;

		while (set[begin - 1] != '\n')
			begin--;
		end = (const char *) memchr(set + begin, '\n', size - begin) - set;
		n = end - begin;
		order = memcmp(word, set + begin, len < n ? len : n);
		if (order == 0 && len == n)
			return true;
		if (order < 0 || (order == 0 && len < n))
			high = begin;
		else
			low = end + 1;
	}
	return false;
}

#define IN_SET(set, word, len) set_has(set, sizeof set, word, len)

/* Compares a word with a zero-terminated string. */
static int
compare(const char *word, size_t len, const char *s)
{
	size_t		n = strlen(s);
	int			order = memcmp(word, s, len < n ? len : n);

	return order != 0 ? order : len < n ? -1 : len > n;
}

/* Where the domain of a normal form begins: no domain holds an @. */
size_t
email_domain_begin(const char *normal, size_t len)
{
	size_t		i = len;

	while (i > 0 && normal[i - 1] != '@')
		i--;
	return i;
}

const email_rule *
email_provider_rule(const char *domain, size_t len)
{
	size_t		low = 0,
				high = sizeof providers / sizeof providers[0];

	while (low < high)
	{
		size_t		middle = (low + high) / 2;
		int			order = compare(domain, len, providers[middle].domain);

		if (order == 0)
			return &providers[middle].rule;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool
email_is_free_mail(const char *domain, size_t len)
{
	return IN_SET(free_mail_domains, domain, len);
}

bool
email_is_disposable(const char *domain, size_t len)
{
	while (!IN_SET(disposable_domains, domain, len))
	{
		const char *dot = memchr(domain, '.', len);

		if (dot == NULL)
			return false;
		len -= dot + 1 - domain;
		domain = dot + 1;
	}
	return true;
}

bool
email_is_country_end(const char *label, size_t len)
{
	return IN_SET(country_ends, label, len);
}

const char *
email_well_known(size_t i)
{
	return i < sizeof well_known_domains / sizeof well_known_domains[0] ? well_known_domains[i] : NULL;
}

/* The right spelling of a wrong domain, or of a wrong end of a domain with its dot before it. */
const char *
email_typo(const char *wrong, size_t len)
{
	for (size_t i = 0; i < sizeof typos / sizeof typos[0]; i++)
		if (compare(wrong, len, typos[i].wrong) == 0)
			return typos[i].right;
	return NULL;
}

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_separator(char c)
{
	return c == '.' || c == '-' || c == '_';
}

/* A word of a role list, digits at the end left aside? */
static bool
is_role_word(const char *word, size_t len)
{
	while (len > 0 && is_digit(word[len - 1]))
		len--;
	return IN_SET(role_words, word, len);
}

/* Is the local part a function's and not a person's? */
bool
email_is_role(const char *local, size_t len)
{
	char		joined[EMAIL_LOCAL_MAX];
	const char *plus = memchr(local, '+', len);
	size_t		n = 0,
				first = 0,
				last;

	if (plus != NULL && plus > local)
		len = plus - local;
	if (len > EMAIL_LOCAL_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_separator(local[i]))
			joined[n++] = local[i];
	while (n > 0 && is_digit(joined[n - 1]))
		n--;
	if (IN_SET(role_names, joined, n))
		return true;
	while (first < len && !is_separator(local[first]))
		first++;
	for (last = len; last > 0 && !is_separator(local[last - 1]); last--)
		;
	return last > 0 && (is_role_word(local, first) || is_role_word(local + last, len - last));
}

/*
 * The mailbox in which mail to this address arrives, under a provider's rule (NULL: none is known, and the normal form stays). out
 * has EMAIL_CANONICAL_MAX octets; gives the length. A rule that would leave no valid local part is not applied to it.
 */
size_t
email_canonical(const char *normal, size_t len, const email_rule *rule, char *out)
{
	size_t		domain = email_domain_begin(normal, len),
				local_len = domain > 0 ? domain - 1 : 0,
				n = 0,
				cut;
	bool		valid = true;

	if (rule == NULL || domain == 0)
	{
		memcpy(out, normal, len);
		return len;
	}
	for (cut = 0; cut < local_len; cut++)
		if (cut > 0 && rule->tag[0] != 0 && strchr(rule->tag, normal[cut]) != NULL)
			break;
	for (size_t i = 0; i < cut; i++)
	{
		char		c = normal[i];

		if (strchr(rule->drop, c) != NULL)
			continue;
		if (c == rule->alike[0])
			c = rule->alike[1];
		valid = valid && !(c == '.' && (n == 0 || out[n - 1] == '.'));
		out[n++] = c;
	}
	if (n == 0 || !valid || out[n - 1] == '.' || normal[0] == '"')
	{
		memcpy(out, normal, local_len);
		n = local_len;
	}
	out[n++] = '@';
	if (rule->same_as[0] != 0)
	{
		size_t		same_len = strlen(rule->same_as);

		memcpy(out + n, rule->same_as, same_len);
		return n + same_len;
	}
	memcpy(out + n, normal + domain, len - domain);
	return n + len - domain;
}
