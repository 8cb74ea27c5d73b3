/*
 * address: a byte for the country, then any bytes as an address. The key stays within its limit, its parts lie in the address, case
 * and outer spaces make no difference, and a key short enough to be an address is read as one.
 */
#include <stdlib.h>
#include <string.h>

#include "contact/address.h"
#include "text/text.h"

#define ENSURE(condition) do { if (!(condition)) abort(); } while (0)

static const char *const countries[] = {"", "FR", "BE", "CH", "CA", "GB", "DE", "US", "NL", "JP", "Deutschland", "x"};

static size_t
key(const char *s, size_t n, const char *country, char *out)
{
	static address a;
	char	   *copy = malloc(n ? n : 1),
			   *code = malloc(strlen(country) ? strlen(country) : 1);
	address_status status;
	size_t		len = SIZE_MAX;

	memcpy(copy, s, n);
	memcpy(code, country, strlen(country));
	status = address_parse(copy, n, code, strlen(country), &a);
	free(copy);
	free(code);
	ENSURE((n > ADDRESS_MAX) == (status == ADDRESS_TOO_LONG));
	if (status != ADDRESS_OK)
		return len;
	ENSURE(a.used <= sizeof a.room / 2);
	for (const address_part *const *p = (const address_part *const []) {&a.number, &a.type, &a.street, &a.before, &a.after, &a.unit, &a.box, &a.postal_code, &a.city, &a.state, NULL}; *p != NULL; p++)
		ENSURE((*p)->n == 0 || ((*p)->s >= a.room && (*p)->s + (*p)->n <= a.room + a.used));
	len = address_key(&a, out);
	ENSURE(len <= ADDRESS_KEY_MAX);
	return len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char first[ADDRESS_KEY_MAX],
				other[ADDRESS_KEY_MAX],
				folded[ADDRESS_KEY_MAX];
	char		upper[ADDRESS_MAX + 2];
	const char *country;
	const char *s = (const char *) data + 1;
	size_t		n,
				len;

	if (size == 0)
		return 0;
	country = countries[data[0] % (sizeof countries / sizeof *countries)];
	n = size - 1;
	len = key(s, n, country, first);
	if (len == SIZE_MAX)
		return 0;
	/* a key is folded, but for the comma */
	ENSURE(text_fold(first, len, folded, sizeof folded) <= len);
	if (n < ADDRESS_MAX - 1)
	{
		upper[0] = ' ';
		for (size_t i = 0; i < n; i++)
			upper[i + 1] = s[i] >= 'a' && s[i] <= 'z' ? (char) (s[i] - 32) : s[i];
		upper[n + 1] = '\t';
		ENSURE(key(upper, n + 2, country, other) == len && memcmp(first, other, len) == 0);
	}
	if (len <= ADDRESS_MAX)
		ENSURE(key(first, len, country, other) != SIZE_MAX);
	return 0;
}
