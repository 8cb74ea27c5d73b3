/*
 * contact.h: what the contact folder offers: e-mail addresses and telephone numbers without the server.
 *
 * Text comes in as pointer and length (UTF-8), normal forms go into a buffer of the caller's, and a status says what was wrong.
 * A normal form is stored and indexed: it never changes for a text that was accepted once (see email_unicode.c).
 */
#ifndef CRMSEG_CONTACT_H
#define CRMSEG_CONTACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contact/phone_shim.h"

/* ---- e-mail: email.c, email_unicode.c ---- */

#define EMAIL_LOCAL_MAX		64		/* octets before the @ (RFC 5321 4.5.3.1.1) */
#define EMAIL_DOMAIN_MAX	253		/* octets of the domain in its ASCII form (RFC 1035) */
#define EMAIL_LABEL_MAX		63		/* octets of one part of the domain */
#define EMAIL_NORMAL_MAX	254		/* octets of the whole (RFC 3696, erratum 1690) */
#define EMAIL_WRITTEN_MAX	1016	/* octets of the text as written: full-width letters take three, some four */

typedef enum email_status
{
	EMAIL_OK,
	EMAIL_EMPTY,
	EMAIL_NOT_UTF8,
	EMAIL_CONTROL,
	EMAIL_WHITE_SPACE,
	EMAIL_NO_AT,
	EMAIL_SEVERAL_AT,
	EMAIL_DISPLAY_NAME,
	EMAIL_COMMENT,
	EMAIL_TOO_LONG,
	EMAIL_LOCAL_EMPTY,
	EMAIL_LOCAL_TOO_LONG,
	EMAIL_LOCAL_DOT,
	EMAIL_LOCAL_QUOTE,
	EMAIL_LOCAL_CHARACTER,
	EMAIL_DOMAIN_EMPTY,
	EMAIL_DOMAIN_TOO_LONG,
	EMAIL_DOMAIN_NO_DOT,
	EMAIL_DOMAIN_NUMERIC,
	EMAIL_DOMAIN_CHARACTER,
	EMAIL_DOMAIN_IDNA,
	EMAIL_LABEL_EMPTY,
	EMAIL_LABEL_TOO_LONG,
	EMAIL_LABEL_HYPHEN,
	EMAIL_ADDRESS_LITERAL,
	EMAIL_STATUS_COUNT
} email_status;

typedef struct email_parsed
{
	const char *written;		/* the address without what stood around it; in the caller's text, or in decoded */
	size_t		written_len;
	size_t		normal_len;
	size_t		local_len;		/* of the normal form: the @ stands at normal[local_len] */
	char		normal[EMAIL_NORMAL_MAX];
	char		decoded[EMAIL_WRITTEN_MAX];
} email_parsed;

extern email_status email_parse(const char *text, size_t len, email_parsed *out);
extern email_status email_domain_normal(const char *text, size_t len, char *out, size_t size, size_t *out_len);
extern const char *email_reason(email_status status);	/* a short stable word, such as no_at */
extern const char *email_detail(email_status status);	/* a sentence for people */
extern const char *email_hint(email_status status);		/* what to do, or NULL */

/* ---- what is known of providers: email_lists.c, email_suggest.c; all take normal forms ---- */

/* What a provider ignores in the local part; "" where it ignores nothing. */
typedef struct email_rule
{
	const char *drop;			/* characters that do not count */
	const char *alike;			/* two characters: the first counts as the second */
	const char *tag;			/* what follows one of these characters does not count */
	const char *same_as;		/* the domain in which the mailbox of this name is the same one */
} email_rule;

#define EMAIL_CANONICAL_MAX	512		/* room for any value, even one that is damaged */

extern size_t email_domain_begin(const char *normal, size_t len);
extern const email_rule *email_provider_rule(const char *domain, size_t len);
extern size_t email_canonical(const char *normal, size_t len, const email_rule *rule, char *out);
extern bool email_is_free_mail(const char *domain, size_t len);
extern bool email_is_disposable(const char *domain, size_t len);
extern bool email_is_role(const char *local, size_t len);
extern bool email_suggest_domain(const char *domain, size_t len, char *out, size_t *out_len);	/* out: EMAIL_DOMAIN_MAX */
extern bool email_is_country_end(const char *label, size_t len);
extern const char *email_well_known(size_t i);	/* NULL after the last */
extern const char *email_typo(const char *wrong, size_t len);

/* ---- telephone: phone.c (E.164 alone; numbering plans are behind phone_shim.h) ---- */

extern phone_status phone_read_e164(const char **text, size_t *len);
extern const char *phone_reason(phone_status status);
extern const char *phone_detail(phone_status status);
extern const char *phone_hint(phone_status status);

/* for email.c alone: what needs Unicode data */
extern email_status email_fold_local(const char *text, size_t len, char *out, size_t size, size_t *out_len);
extern email_status email_idna_domain(const char *text, size_t len, char *out, size_t size, size_t *out_len);

#endif
