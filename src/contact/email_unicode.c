/*
 * email_unicode.c: the parts of an e-mail address that are not ASCII: case folding of the local part, IDNA of the domain.
 *
 * Both results are stored and indexed, so they may not change with the ICU of the machine. Three rules see to it. Characters not
 * assigned in Unicode 15.0 are refused, whatever the ICU at hand knows: Unicode promises that NFKC_Casefold never changes for
 * assigned characters. The one mapping of IDNA (UTS #46) that has changed since, capital sharp s (to ss until Unicode 15.0, to
 * sharp s from 15.1), is done here, before ICU sees it. And what UTS #46 refused in Unicode 15.0 stays refused. test/unit/email.c
 * holds the digest of both over every code point: it is the same with ICU 72 and 76.
 */
#include "contact/contact.h"

#include <string.h>

#include <unicode/uchar.h>
#include <unicode/uidna.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#define UNICODE_MAJOR	15		/* the pinned version, 15.0 */
#define UNICODE_MINOR	0

/* Is the character assigned in the pinned version, and one that people write? */
static bool
is_known(UChar32 c)
{
	UVersionInfo age;

	if (c == 0xFFFD)
		return false;			/* what a failed conversion leaves behind */

	switch (u_charType(c))
	{
		case U_UNASSIGNED:
		case U_CONTROL_CHAR:
		case U_PRIVATE_USE_CHAR:
		case U_SURROGATE:
		case U_LINE_SEPARATOR:
		case U_PARAGRAPH_SEPARATOR:
			return false;
		default:
			u_charAge(c, age);
			return age[0] < UNICODE_MAJOR || (age[0] == UNICODE_MAJOR && age[1] <= UNICODE_MINOR);
	}
}

/* Code points that UTS #46 refused in Unicode 15.0 and that a later version (up to 16.0) takes. */
static const UChar32 refused_in_domain[][2] = {
	{0x04C0, 0x04C0}, {0x10A0, 0x10C5}, {0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x1806, 0x1806}, {0x180E, 0x180E}, {0x2061, 0x2063},
	{0x206A, 0x206F}, {0x2132, 0x2132}, {0x2183, 0x2183}, {0x2260, 0x2260}, {0x226E, 0x226F}, {0x3164, 0x3164}, {0xFFA0, 0xFFA0},
	{0x1D173, 0x1D17A}, {0x2F868, 0x2F868}, {0x2F874, 0x2F874}, {0x2F91F, 0x2F91F}, {0x2F95F, 0x2F95F}, {0x2F9BF, 0x2F9BF}
};

/* NFKC_Casefold. The text is valid UTF-8. */
email_status
email_fold_local(const char *text, size_t len, char *out, size_t size, size_t *out_len)
{
	UErrorCode	error = U_ZERO_ERROR;
	const UNormalizer2 *fold = unorm2_getNFKCCasefoldInstance(&error);
	UChar		in[EMAIL_WRITTEN_MAX],
				folded[EMAIL_WRITTEN_MAX];
	int32_t		at = 0,
				n = 0;
	UChar32		c;

	while (at < (int32_t) len)
	{
		U8_NEXT((const uint8_t *) text, at, (int32_t) len, c);
		if (c < 0)
			return EMAIL_NOT_UTF8;
		if (c != ' ' && u_isUWhiteSpace(c))
			return EMAIL_WHITE_SPACE;
		if (!is_known(c))
			return EMAIL_LOCAL_CHARACTER;
	}
	u_strFromUTF8(in, EMAIL_WRITTEN_MAX, &n, text, (int32_t) len, &error);
	n = unorm2_normalize(fold, in, n, folded, EMAIL_WRITTEN_MAX, &error);
	u_strToUTF8(out, (int32_t) size, &n, folded, n, &error);
	if (U_FAILURE(error))
		return EMAIL_LOCAL_TOO_LONG;	/* the buffers are the only thing that can fail */
	*out_len = n;
	return EMAIL_OK;
}

/* The ASCII form of a domain: UTS #46, nontransitional. The text is valid UTF-8. */
email_status
email_idna_domain(const char *text, size_t len, char *out, size_t size, size_t *out_len)
{
	static UIDNA *idna = NULL;	/* made once in a process, and kept */
	UErrorCode	error = U_ZERO_ERROR;
	UIDNAInfo	info = UIDNA_INFO_INITIALIZER;
	char		name[EMAIL_WRITTEN_MAX];
	int32_t		at = 0,
				from,
				n = 0;
	UChar32		c;

	if (len > sizeof name)
		return EMAIL_DOMAIN_TOO_LONG;
	if (idna == NULL)
		idna = uidna_openUTS46(UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE | UIDNA_USE_STD3_RULES |
							   UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ, &error);
	if (U_FAILURE(error))
		return EMAIL_DOMAIN_IDNA;
	while (at < (int32_t) len)
	{
		from = at;
		U8_NEXT((const uint8_t *) text, at, (int32_t) len, c);
		if (c < 0)
			return EMAIL_NOT_UTF8;
		if (c == ' ' || (c != 0x3002 && u_isUWhiteSpace(c)))
			return EMAIL_WHITE_SPACE;
		if (!is_known(c))
			return EMAIL_DOMAIN_CHARACTER;
		for (size_t i = 0; i < sizeof refused_in_domain / sizeof refused_in_domain[0]; i++)
			if (c >= refused_in_domain[i][0] && c <= refused_in_domain[i][1])
				return EMAIL_DOMAIN_IDNA;
		if (c == 0x1E9E)
			memcpy(name + n, "\xC3\x9F", 2), n += 2;
		else
			memcpy(name + n, text + from, at - from), n += at - from;
	}
	n = uidna_nameToASCII_UTF8(idna, name, n, out, (int32_t) size, &info, &error);
	if (error == U_BUFFER_OVERFLOW_ERROR || (info.errors & UIDNA_ERROR_DOMAIN_NAME_TOO_LONG))
		return EMAIL_DOMAIN_TOO_LONG;
	if (U_FAILURE(error))
		return EMAIL_DOMAIN_IDNA;
	info.errors &= ~(uint32_t) UIDNA_ERROR_HYPHEN_3_4;	/* registered names of this kind exist */
	if (info.errors & UIDNA_ERROR_LABEL_TOO_LONG)
		return EMAIL_LABEL_TOO_LONG;
	if (info.errors & UIDNA_ERROR_EMPTY_LABEL)
		return EMAIL_LABEL_EMPTY;
	if (info.errors & (UIDNA_ERROR_LEADING_HYPHEN | UIDNA_ERROR_TRAILING_HYPHEN))
		return EMAIL_LABEL_HYPHEN;
	if (info.errors != 0)
		return EMAIL_DOMAIN_IDNA;
	*out_len = n;
	return EMAIL_OK;
}
