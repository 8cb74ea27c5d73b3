/*
 * email: any bytes as an address. What is accepted keeps its normal form when that or the text as written is read again, stays within
 * the limits, and its canonical form and its suggestion are addresses of which the same holds.
 */
#include <stdlib.h>
#include <string.h>

#include "contact/contact.h"

#define ENSURE(condition) do { if (!(condition)) abort(); } while (0)

/* Reads an exact-size copy. */
static email_status
parse(const char *text, size_t len, email_parsed *out)
{
	char	   *copy = malloc(len ? len : 1);
	email_status status;

	memcpy(copy, text, len);
	status = email_parse(copy, len, out);
	free(copy);
	return status;
}

static void
same_when_read_again(const char *text, size_t len, const email_parsed *p)
{
	email_parsed again;

	ENSURE(parse(text, len, &again) == EMAIL_OK);
	ENSURE(again.normal_len == p->normal_len && again.local_len == p->local_len && memcmp(again.normal, p->normal, p->normal_len) == 0);
	ENSURE(again.written_len == len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	email_parsed p,
				other;
	char		out[EMAIL_CANONICAL_MAX],
				twice[EMAIL_CANONICAL_MAX];
	char	   *copy = malloc(size ? size : 1);
	size_t		n,
				m,
				domain;
	email_status status;

	memcpy(copy, data, size);
	status = email_parse(copy, size, &p);
	ENSURE(status >= EMAIL_OK && status < EMAIL_STATUS_COUNT);
	if (status == EMAIL_OK)
	{
		ENSURE(p.normal_len <= EMAIL_NORMAL_MAX && p.local_len <= EMAIL_LOCAL_MAX && p.written_len <= EMAIL_WRITTEN_MAX);
		ENSURE(p.normal[p.local_len] == '@');
		domain = email_domain_begin(p.normal, p.normal_len);
		ENSURE(domain == p.local_len + 1);
		same_when_read_again(p.normal, p.normal_len, &p);
		same_when_read_again(p.written, p.written_len, &p);

		n = email_canonical(p.normal, p.normal_len, email_provider_rule(p.normal + domain, p.normal_len - domain), out);
		ENSURE(parse(out, n, &other) == EMAIL_OK && other.normal_len == n && memcmp(other.normal, out, n) == 0);
		m = email_domain_begin(out, n);
		m = email_canonical(out, n, email_provider_rule(out + m, n - m), twice);
		ENSURE(m == n && memcmp(out, twice, n) == 0);

		email_is_free_mail(p.normal + domain, p.normal_len - domain);
		email_is_disposable(p.normal + domain, p.normal_len - domain);
		email_is_role(p.normal, p.local_len);
		if (email_suggest_domain(p.normal + domain, p.normal_len - domain, out, &n))
		{
			ENSURE(n <= EMAIL_DOMAIN_MAX && !(n == p.normal_len - domain && memcmp(out, p.normal + domain, n) == 0));
			ENSURE(email_domain_normal(out, n, twice, EMAIL_DOMAIN_MAX, &m) != EMAIL_OK || (m == n && memcmp(out, twice, n) == 0));
		}
	}
	free(copy);
	return 0;
}
