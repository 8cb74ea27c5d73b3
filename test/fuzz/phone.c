/* phone: any bytes as a number in E.164. What is accepted is its own normal form, within the limits, wherever it stood in the text. */
#include <stdlib.h>
#include <string.h>

#include "contact/contact.h"

#define ENSURE(condition) do { if (!(condition)) abort(); } while (0)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *copy = malloc(size ? size : 1);
	const char *s = copy;
	size_t		len = size;

	memcpy(copy, data, size);
	if (phone_read_e164(&s, &len) == PHONE_OK)
	{
		const char *again = s;
		size_t		again_len = len;

		ENSURE(s >= copy && s + len <= copy + size && len <= PHONE_NORMAL_MAX && len > PHONE_DIGITS_MIN && s[0] == '+');
		ENSURE(phone_read_e164(&again, &again_len) == PHONE_OK && again == s && again_len == len);
	}
	free(copy);
	return 0;
}
