/*
 * contact_fn.h: how a value of the types email and phone lies in a table, for the two types' functions.
 *
 * After the varlena header: a version byte, the length of the normal form in one byte, the normal form, the text as written. The
 * text is left out where it equals the normal form. Comparison and hash read the normal form alone.
 */
#ifndef CRMSEG_CONTACT_FN_H
#define CRMSEG_CONTACT_FN_H

#include "postgres.h"

#include "funcapi.h"

#include "compat.h"
#include "contact/phone_shim.h"

#define EMAIL_VERSION	1		/* the rules of the normal form: Unicode 15.0 */
#define PHONE_VERSION	1		/* E.164, then ';ext=' and digits where there is an extension */

/* The normal form of a value. Never reads past the value, whatever it holds. */
static inline const char *
contact_normal(const struct varlena *value, size_t *len)
{
	const char *p = VARDATA_ANY(value);
	size_t		size = VARSIZE_ANY_EXHDR(value);

	*len = size < 2 ? 0 : Min((uint8) p[1], size - 2);
	return p + 2;
}

/* The text as written. */
static inline const char *
contact_written(const struct varlena *value, size_t *len)
{
	size_t		normal_len;
	const char *normal = contact_normal(value, &normal_len);
	size_t		size = VARSIZE_ANY_EXHDR(value);

	*len = size < 2 ? 0 : size - 2 - normal_len;
	if (*len > 0)
		return normal + normal_len;
	*len = normal_len;
	return normal;
}

extern struct varlena *contact_make(uint8 version, const char *normal, size_t normal_len, const char *written, size_t written_len);
extern TupleDesc contact_row_type(FunctionCallInfo fcinfo);

/* phone_fn.c: phone(number, region) for callers in C; opens the library of numbering plans, and raises when there is none */
extern phone_status crmseg_phone_from_text(const char *text, size_t len, const char *region, size_t region_len, char *normal, size_t *normal_len);

#endif
