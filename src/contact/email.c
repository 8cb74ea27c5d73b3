/*
 * email.c: reads an e-mail address and makes the normal form of its mailbox. Bytes in, bytes out; no server, no allocation.
 *
 * The grammar is Mailbox of RFC 5321 4.1.2 with the UTF-8 of RFC 6531: a local part that is a dot-string or a quoted string, and a
 * domain of at least two labels. Normal form: the local part case-folded (NFKC_Casefold), quoted only where it must be; the domain in
 * lower case and in its ASCII form (IDNA). What exports leave around an address is taken off: white space, invisible characters,
 * angle brackets, mailto: with its query. Comments, display names and address literals are refused, each with a reason of its own.
 *
 * An address of ASCII alone, nearly all of them, is read here in one pass; the rest goes through email_unicode.c.
 */
#include "contact/contact.h"

#include <string.h>

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#define ATEXT	1				/* may stand in an unquoted local part (RFC 5322 3.2.3) */
#define LDH		2				/* letter, digit or hyphen: may stand in a label of a domain */
#define DIGIT	4

static const unsigned char char_class[128] = {
	['a' ... 'z'] = ATEXT | LDH, ['A' ... 'Z'] = ATEXT | LDH, ['0' ... '9'] = ATEXT | LDH | DIGIT, ['-'] = ATEXT | LDH,
	['!'] = ATEXT, ['#'] = ATEXT, ['$'] = ATEXT, ['%'] = ATEXT, ['&'] = ATEXT, ['\''] = ATEXT, ['*'] = ATEXT, ['+'] = ATEXT,
	['/'] = ATEXT, ['='] = ATEXT, ['?'] = ATEXT, ['^'] = ATEXT, ['_'] = ATEXT, ['`'] = ATEXT, ['{'] = ATEXT, ['|'] = ATEXT,
	['}'] = ATEXT, ['~'] = ATEXT,
};

static const struct
{
	const char *reason;
	const char *detail;
	const char *hint;
}			status_text[EMAIL_STATUS_COUNT] = {
	[EMAIL_OK] = {"ok", "The address is well formed.", NULL},
	[EMAIL_EMPTY] = {"empty", "The text is empty.", "Use NULL for a missing address."},
	[EMAIL_NOT_UTF8] = {"not_utf8", "The text is not valid UTF-8.", NULL},
	[EMAIL_CONTROL] = {"control_character", "There is a control character in the address.", NULL},
	[EMAIL_WHITE_SPACE] = {"white_space", "There is white space inside the address.", NULL},
	[EMAIL_NO_AT] = {"no_at", "There is no @.", NULL},
	[EMAIL_SEVERAL_AT] = {"several_at", "There is more than one @.", "Give one address at a time."},
	[EMAIL_DISPLAY_NAME] = {"display_name", "A name stands before the address in angle brackets.", "Give only what stands between < and >."},
	[EMAIL_COMMENT] = {"comment", "There is a comment in parentheses.", "Take out the parentheses and what is between them."},
	[EMAIL_TOO_LONG] = {"too_long", "The address is longer than 254 octets.", NULL},
	[EMAIL_LOCAL_EMPTY] = {"local_empty", "Nothing stands before the @.", NULL},
	[EMAIL_LOCAL_TOO_LONG] = {"local_too_long", "The part before the @ is longer than 64 octets.", NULL},
	[EMAIL_LOCAL_DOT] = {"local_dot", "A dot begins or ends the part before the @, or follows another dot.", NULL},
	[EMAIL_LOCAL_QUOTE] = {"local_quote", "The part before the @ has a quotation mark that is not one of a pair around the whole part.", NULL},
	[EMAIL_LOCAL_CHARACTER] = {"local_character", "The part before the @ holds a character that may not stand there.", NULL},
	[EMAIL_DOMAIN_EMPTY] = {"domain_empty", "Nothing stands after the @.", NULL},
	[EMAIL_DOMAIN_TOO_LONG] = {"domain_too_long", "The domain is longer than 253 octets.", NULL},
	[EMAIL_DOMAIN_NO_DOT] = {"domain_no_dot", "The domain has no dot.", NULL},
	[EMAIL_DOMAIN_NUMERIC] = {"domain_numeric", "The last part of the domain is a number.", NULL},
	[EMAIL_DOMAIN_CHARACTER] = {"domain_character", "The domain holds a character that may not stand there.", NULL},
	[EMAIL_DOMAIN_IDNA] = {"domain_idna", "The domain is not a valid internationalized domain name.", NULL},
	[EMAIL_LABEL_EMPTY] = {"label_empty", "A dot begins the domain, or follows another dot.", NULL},
	[EMAIL_LABEL_TOO_LONG] = {"label_too_long", "A part of the domain is longer than 63 octets.", NULL},
	[EMAIL_LABEL_HYPHEN] = {"label_hyphen", "A part of the domain begins or ends with a hyphen.", NULL},
	[EMAIL_ADDRESS_LITERAL] = {"address_literal", "The domain is an address in square brackets.", "Give a domain name."},
};

const char *
email_reason(email_status status)
{
	return status_text[status].reason;
}

const char *
email_detail(email_status status)
{
	return status_text[status].detail;
}

const char *
email_hint(email_status status)
{
	return status_text[status].hint;
}

static inline bool
is_class(char c, unsigned char flags)
{
	return (unsigned char) c < 128 && (char_class[(unsigned char) c] & flags) != 0;
}

static inline char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* White space, and characters that cannot be seen and come along when text is copied. */
static bool
is_blank(UChar32 c)
{
	return (c >= 0 && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0xAD || c == 0x1680 || (c >= 0x2000 && c <= 0x200F) ||
		(c >= 0x2028 && c <= 0x202F) || c == 0x205F || c == 0x2060 || (c >= 0x2066 && c <= 0x2069) || c == 0x3000 || c == 0xFEFF;
}

/* Takes blanks off both ends. */
static void
trim(const char **text, size_t *len)
{
	const uint8_t *s = (const uint8_t *) *text;
	int32_t		begin = 0,
				end = (int32_t) *len,
				at;
	UChar32		c;

	while (begin < end)
	{
		at = begin;
		U8_NEXT(s, at, end, c);
		if (!is_blank(c))
			break;
		begin = at;
	}
	while (end > begin)
	{
		at = end;
		U8_PREV(s, begin, at, c);
		if (!is_blank(c))
			break;
		end = at;
	}
	*text += begin;
	*len = end - begin;
}

static bool
is_utf8(const char *text, size_t len)
{
	int32_t		at = 0;
	UChar32		c;

	while (at < (int32_t) len)
	{
		U8_NEXT((const uint8_t *) text, at, (int32_t) len, c);
		if (c < 0)
			return false;
	}
	return true;
}

static int
hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

/* What follows mailto: (RFC 6068): up to the query, with %XX decoded into a buffer. */
static void
read_mailto(const char **text, size_t *len, char *decoded)
{
	const char *query = memchr(*text, '?', *len);
	size_t		to = 0;

	if (query != NULL)
		*len = query - *text;
	if (memchr(*text, '%', *len) == NULL || *len > EMAIL_WRITTEN_MAX)
		return;
	for (size_t i = 0; i < *len; i++)
	{
		char		c = (*text)[i];

		if (c == '%' && i + 2 < *len && hex_value((*text)[i + 1]) >= 0 && hex_value((*text)[i + 2]) >= 0)
		{
			c = (char) (hex_value((*text)[i + 1]) * 16 + hex_value((*text)[i + 2]));
			i += 2;
		}
		decoded[to++] = c;
	}
	*text = decoded;
	*len = to;
}

/* The @ or one of its two compatibility forms (full-width, small) at a place: its length, or 0. */
static size_t
at_sign(const char *text, size_t len, size_t i)
{
	if (text[i] == '@')
		return 1;
	if (i + 2 < len && text[i] == '\xEF' &&
		((text[i + 1] == '\xBC' && text[i + 2] == '\xA0') || (text[i + 1] == '\xB9' && text[i + 2] == '\xAB')))
		return 3;
	return 0;
}

/* What stops a folded local part from standing without quotation marks. */
static email_status
check_dot_string(const char *s, size_t len)
{
	bool		dot_before = true;

	if (len == 0)
		return EMAIL_LOCAL_EMPTY;
	for (size_t i = 0; i < len; i++)
	{
		if (s[i] == '.')
		{
			if (dot_before)
				return EMAIL_LOCAL_DOT;
			dot_before = true;
			continue;
		}
		dot_before = false;
		if ((unsigned char) s[i] < 128 && !is_class(s[i], ATEXT))
			return s[i] == '(' || s[i] == ')' ? EMAIL_COMMENT : s[i] == '"' ? EMAIL_LOCAL_QUOTE : EMAIL_LOCAL_CHARACTER;
	}
	return dot_before ? EMAIL_LOCAL_DOT : EMAIL_OK;
}

/* Case-folds what the local part stands for. */
static email_status
fold_local(const char *text, size_t len, char *out, size_t size, size_t *out_len)
{
	for (size_t i = 0; i < len; i++)
	{
		if ((unsigned char) text[i] >= 128)
			return email_fold_local(text, len, out, size, out_len);
		if (i >= size)
			return EMAIL_LOCAL_TOO_LONG;
		out[i] = lower(text[i]);
	}
	*out_len = len;
	return EMAIL_OK;
}

/* The local part's normal form, from its text without the quotation marks and their escapes. */
static email_status
normal_local(const char *text, size_t len, bool quoted, char *out, size_t *out_len)
{
	char		folded[EMAIL_LOCAL_MAX];
	size_t		n = 0,
				to = 0;
	email_status status = fold_local(text, len, folded, sizeof folded, &n);

	if (status != EMAIL_OK)
		return status;
	status = check_dot_string(folded, n);
	if (status == EMAIL_OK)
	{
		memcpy(out, folded, n);
		*out_len = n;
		return EMAIL_OK;
	}
	if (!quoted || n == 0)
		return status == EMAIL_LOCAL_CHARACTER && memchr(text, ' ', len) != NULL ? EMAIL_WHITE_SPACE : status;
	out[to++] = '"';
	for (size_t i = 0; i < n; i++)
	{
		if (folded[i] == '"' || folded[i] == '\\')
		{
			if (to + 1 >= EMAIL_LOCAL_MAX)
				return EMAIL_LOCAL_TOO_LONG;
			out[to++] = '\\';
		}
		if (to + 1 >= EMAIL_LOCAL_MAX)
			return EMAIL_LOCAL_TOO_LONG;
		out[to++] = folded[i];
	}
	out[to++] = '"';
	*out_len = to;
	return EMAIL_OK;
}

/* The domain's normal form. size is that of out. */
email_status
email_domain_normal(const char *text, size_t len, char *out, size_t size, size_t *out_len)
{
	char		ascii[EMAIL_DOMAIN_MAX];
	size_t		n = 0,
				label = 0;		/* where the present label begins */
	bool		dot = false,
				numeric = true,
				other = false;	/* not plain ASCII: IDNA says what it is */

	for (size_t i = 0; i < len && !other; i++)
		other = (unsigned char) text[i] >= 128 ||
			(text[i] == '-' && i >= 3 && text[i - 1] == '-' && lower(text[i - 2]) == 'n' && lower(text[i - 3]) == 'x' && (i == 3 || text[i - 4] == '.'));
	if (other)
	{
		email_status status = email_idna_domain(text, len, ascii, sizeof ascii, &n);

		if (status != EMAIL_OK)
			return status;
		text = ascii;
		len = n;
	}
	if (len > 1 && text[len - 1] == '.')
		len--;					/* the root's dot */
	if (len == 0)
		return EMAIL_DOMAIN_EMPTY;
	if (text[0] == '[')
		return EMAIL_ADDRESS_LITERAL;
	if (len > EMAIL_DOMAIN_MAX || len > size)
		return EMAIL_DOMAIN_TOO_LONG;
	for (size_t i = 0; i <= len; i++)
	{
		if (i == len || text[i] == '.')
		{
			if (i == label)
				return EMAIL_LABEL_EMPTY;
			if (i - label > EMAIL_LABEL_MAX)
				return EMAIL_LABEL_TOO_LONG;
			if (text[label] == '-' || text[i - 1] == '-')
				return EMAIL_LABEL_HYPHEN;
			if (i == len)
				break;
			label = i + 1;
			dot = true;
			numeric = true;
		}
		else if (!is_class(text[i], LDH))
			return text[i] == '(' || text[i] == ')' ? EMAIL_COMMENT : text[i] == ' ' ? EMAIL_WHITE_SPACE : EMAIL_DOMAIN_CHARACTER;
		else if (!is_class(text[i], DIGIT))
			numeric = false;
		out[i] = lower(text[i]);
	}
	if (numeric)
		return EMAIL_DOMAIN_NUMERIC;
	if (!dot)
		return EMAIL_DOMAIN_NO_DOT;
	*out_len = len;
	return EMAIL_OK;
}

/*
 * Reads one address. On EMAIL_OK out holds the normal form and the text as written; on anything else its content means nothing.
 */
email_status
email_parse(const char *text, size_t len, email_parsed *out)
{
	char		unquoted[EMAIL_WRITTEN_MAX];
	const char *local = text;
	size_t		local_len = 0,
				domain_at = 0,
				domain_len = 0;
	bool		quoted,
				ascii = true;
	email_status status;

	if (len > INT32_MAX)
		return EMAIL_TOO_LONG;
	trim(&text, &len);
	if (len > 2 && text[0] == '<' && text[len - 1] == '>')
	{
		text++, len -= 2;
		trim(&text, &len);
	}
	if (len >= 7 && text[6] == ':')
	{
		char		scheme[6];

		for (int i = 0; i < 6; i++)
			scheme[i] = lower(text[i]);
		if (memcmp(scheme, "mailto", 6) == 0)
		{
			text += 7, len -= 7;
			read_mailto(&text, &len, out->decoded);
			trim(&text, &len);
		}
	}
	if (len == 0)
		return EMAIL_EMPTY;
	if (len > EMAIL_WRITTEN_MAX)
		return EMAIL_TOO_LONG;
	for (size_t i = 0; i < len; i++)
	{
		if ((unsigned char) text[i] < 0x20 || text[i] == 0x7F)
			return text[i] == '\t' || text[i] == '\n' || text[i] == '\r' ? EMAIL_WHITE_SPACE : EMAIL_CONTROL;
		ascii = ascii && (unsigned char) text[i] < 128;
	}
	if (!ascii && !is_utf8(text, len))
		return EMAIL_NOT_UTF8;
	if (text[len - 1] == '>' && memchr(text, '<', len) != NULL)
		return EMAIL_DISPLAY_NAME;

	quoted = text[0] == '"';
	if (quoted)
	{
		size_t		i = 1;

		for (; i < len && text[i] != '"'; i++)
		{
			if (text[i] == '\\' && ++i == len)
				return EMAIL_LOCAL_QUOTE;
			unquoted[local_len++] = text[i];
		}
		local = unquoted;
		if (i + 1 >= len)
			return i == len ? EMAIL_LOCAL_QUOTE : EMAIL_NO_AT;
		if (at_sign(text, len, ++i) == 0)
			return text[i] == '(' ? EMAIL_COMMENT : EMAIL_LOCAL_QUOTE;
		domain_at = i + at_sign(text, len, i);
	}
	else
	{
		local = text;
		for (; local_len < len && at_sign(text, len, local_len) == 0; local_len++)
			;
		if (local_len == len)
			return EMAIL_NO_AT;
		domain_at = local_len + at_sign(text, len, local_len);
	}
	for (size_t i = domain_at; i < len; i++)
		if (at_sign(text, len, i) != 0)
			return EMAIL_SEVERAL_AT;

	status = normal_local(local, local_len, quoted, out->normal, &out->local_len);
	if (status != EMAIL_OK)
		return status;
	out->normal[out->local_len] = '@';
	status = email_domain_normal(text + domain_at, len - domain_at, out->normal + out->local_len + 1, EMAIL_NORMAL_MAX - out->local_len - 1, &domain_len);
	if (status == EMAIL_DOMAIN_TOO_LONG && len - domain_at <= EMAIL_DOMAIN_MAX)
		status = EMAIL_TOO_LONG;
	if (status != EMAIL_OK)
		return status;
	out->normal_len = out->local_len + 1 + domain_len;
	out->written = text;
	out->written_len = len;
	return EMAIL_OK;
}
