/*
 * phone.c: telephone numbers in E.164, without numbering plans: what the type's text and binary input accept.
 *
 * Normal form: +, 7 to 15 digits that begin with a country code assigned by the ITU, then ;ext= and 1 to 20 digits where there is an
 * extension (the notation of RFC 3966). Whether such a number can exist in its country is libphonenumber's to say (phone_shim.cc).
 */
#include "contact/contact.h"

#include <string.h>

/* Country codes of three digits, by their first two (ITU-T E.164, list of assigned codes; reserved and spare ones left out). */
static const struct
{
	char		begin[3];
	const char *last;
}			country_codes[] = {
	{"21", "12368"}, {"22", "0123456789"}, {"23", "0123456789"}, {"24", "0123456789"}, {"25", "012345678"}, {"26", "0123456789"},
	{"29", "01789"}, {"35", "0123456789"}, {"37", "012345678"}, {"38", "01235679"}, {"42", "013"}, {"50", "0123456789"},
	{"59", "0123456789"}, {"67", "023456789"}, {"68", "012356789"}, {"69", "012"}, {"80", "08"}, {"85", "02356"}, {"87", "08"},
	{"88", "012368"}, {"96", "012345678"}, {"97", "01234567" "9"}, {"99", "234568"},
};

/* Does the number begin with an assigned country code? It has at least PHONE_DIGITS_MIN digits. */
static bool
has_country_code(const char *digits)
{
	if (digits[0] == '1' || digits[0] == '7')
		return true;
	if (digits[0] == '0')
		return false;
	for (size_t i = 0; i < sizeof country_codes / sizeof country_codes[0]; i++)
		if (memcmp(country_codes[i].begin, digits, 2) == 0)
			return strchr(country_codes[i].last, digits[2]) != NULL;
	/* codes of two digits: all that are left but these */
	return memcmp(digits, "28", 2) != 0 && memcmp(digits, "83", 2) != 0 && memcmp(digits, "89", 2) != 0;
}

static size_t
count_digits(const char *text, size_t len)
{
	size_t		n = 0;

	while (n < len && text[n] >= '0' && text[n] <= '9')
		n++;
	return n;
}

static bool
is_white_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Reads the normal form, with white space around it allowed. begin and len are set to where it stands. */
phone_status
phone_read_e164(const char **text, size_t *len)
{
	const char *s = *text;
	size_t		n = *len,
				digits,
				extension;

	while (n > 0 && is_white_space(s[0]))
		s++, n--;
	while (n > 0 && is_white_space(s[n - 1]))
		n--;
	*text = s;
	*len = n;
	if (n == 0)
		return PHONE_EMPTY;
	if (s[0] != '+')
		return PHONE_NOT_E164;
	digits = count_digits(s + 1, n - 1);
	if (1 + digits < n)
	{
		if (n - 1 - digits < 6 || memcmp(s + 1 + digits, ";ext=", 5) != 0)
			return PHONE_NOT_E164;
		extension = count_digits(s + digits + 6, n - digits - 6);
		if (digits + 6 + extension != n)
			return PHONE_NOT_E164;
		if (extension > PHONE_EXTENSION_MAX)
			return PHONE_TOO_LONG;
	}
	if (digits < PHONE_DIGITS_MIN)
		return PHONE_TOO_SHORT;
	if (digits > PHONE_DIGITS_MAX)
		return PHONE_TOO_LONG;
	return has_country_code(s + 1) ? PHONE_OK : PHONE_INVALID_COUNTRY_CODE;
}

static const struct
{
	const char *reason;
	const char *detail;
	const char *hint;
}			status_text[PHONE_STATUS_COUNT] = {
	[PHONE_OK] = {"ok", "The number is valid.", NULL},
	[PHONE_EMPTY] = {"empty", "The text is empty.", "Use NULL for a missing number."},
	[PHONE_NOT_A_NUMBER] = {"not_a_number", "The text is not a telephone number.", NULL},
	[PHONE_NOT_E164] = {"not_e164", "The text is not a number in E.164: a plus sign and digits, then ;ext= and digits where there is an extension.",
	"Use phone(number, region) for a number as people write it."},
	[PHONE_NO_REGION] = {"no_region", "The number does not say its country.", "Give the region from which it is dialled, such as phone(number, 'FR'), or write it with + and the country code."},
	[PHONE_UNKNOWN_REGION] = {"unknown_region", "The region is not known.", "Use a two-letter code of ISO 3166-1, such as FR."},
	[PHONE_INVALID_COUNTRY_CODE] = {"invalid_country_code", "The number begins with no country's code.", NULL},
	[PHONE_TOO_SHORT] = {"too_short", "The number is too short.", NULL},
	[PHONE_TOO_LONG] = {"too_long", "The number is too long.", NULL},
	[PHONE_LOCAL_ONLY] = {"local_only", "The number has no area code.", NULL},
	[PHONE_INVALID_NUMBER] = {"invalid_number", "No such number exists in its country's numbering plan.", NULL},
	[PHONE_FAILED] = {"failed", "The library of numbering plans failed.", NULL},
};

const char *
phone_reason(phone_status status)
{
	return status_text[status].reason;
}

const char *
phone_detail(phone_status status)
{
	return status_text[status].detail;
}

const char *
phone_hint(phone_status status)
{
	return status_text[status].hint;
}
