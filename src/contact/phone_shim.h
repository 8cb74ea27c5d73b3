/*
 * phone_shim.h: what crmseg_phone.so offers: libphonenumber behind C functions that let no exception out and write into the caller's
 * buffers. crmseg.so does not link it: phone_fn.c opens it at the first use of a function that needs numbering plans.
 */
#ifndef CRMSEG_PHONE_SHIM_H
#define CRMSEG_PHONE_SHIM_H

#include <stddef.h>

#define PHONE_SHIM_VERSION	1	/* of these functions; crmseg.so refuses a library of another version */

#define PHONE_DIGITS_MIN	7	/* digits of a number, its country code among them; E.164 says at most 15 */
#define PHONE_DIGITS_MAX	15
#define PHONE_EXTENSION_MAX	20	/* digits of an extension */
#define PHONE_NORMAL_MAX	(1 + PHONE_DIGITS_MAX + 5 + PHONE_EXTENSION_MAX)
#define PHONE_WRITTEN_MAX	250	/* octets of the text as written; libphonenumber reads no more */

typedef enum phone_status
{
	PHONE_OK,
	PHONE_EMPTY,
	PHONE_NOT_A_NUMBER,
	PHONE_NOT_E164,
	PHONE_NO_REGION,
	PHONE_UNKNOWN_REGION,
	PHONE_INVALID_COUNTRY_CODE,
	PHONE_TOO_SHORT,
	PHONE_TOO_LONG,
	PHONE_LOCAL_ONLY,
	PHONE_INVALID_NUMBER,
	PHONE_FAILED,				/* the library raised an exception, such as out of memory */
	PHONE_STATUS_COUNT
} phone_status;

typedef enum phone_question
{
	PHONE_REGION,
	PHONE_KIND,
	PHONE_NATIONAL,
	PHONE_INTERNATIONAL
} phone_question;

#ifdef __cplusplus
extern "C"
{
#endif

extern int	crmseg_phone_shim_version(void);

/* Reads a number as people write it. region: two capital letters, or "" when the number must say its country. out has PHONE_NORMAL_MAX octets. */
extern phone_status crmseg_phone_read(const char *text, size_t len, const char *region, char *out, size_t *out_len);

/* Answers a question about a number in normal form. out_len is 0 where there is no answer. */
extern phone_status crmseg_phone_ask(const char *normal, size_t len, phone_question question, char *out, size_t size, size_t *out_len);

#ifdef __cplusplus
}
#endif

#endif
