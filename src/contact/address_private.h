/*
 * address_private.h: what the files of the address parser share: tokens, words, and the steps in their order.
 */
#ifndef CRMSEG_ADDRESS_PRIVATE_H
#define CRMSEG_ADDRESS_PRIVATE_H

#include <stdbool.h>

#include "contact/address.h"
#include "text/text.h"

enum
{
	LANGUAGE_FR = 1, LANGUAGE_NL = 2, LANGUAGE_DE = 4, LANGUAGE_IT = 8, LANGUAGE_EN = 16,
	LANGUAGE_US = 32, LANGUAGE_CA = 64,		/* of states */
	LANGUAGE_XX = 127
};

typedef enum address_word_kind
{
	WORD_TYPE, WORD_WEAK, WORD_NAME, WORD_TITLE, WORD_RANK, WORD_NUMERAL, WORD_DIRECTION, WORD_UNIT, WORD_INNER, WORD_ALONE, WORD_BOX, WORD_CARE, WORD_SUFFIX,
	WORD_MONTH, WORD_NUMBER, WORD_COUNTRY, WORD_STATE, WORD_LASTPART, WORD_CITYWORD
} address_word_kind;

typedef struct address_word
{
	const char *written,
			   *canonical;
	uint8_t		languages,
				kind;
	bool		glued;			/* a street type that may be the end of the name's last word */
} address_word;

extern const address_word address_words[];	/* ascending by written */
extern const int address_nwords;

#define ADDRESS_WORD_TOKENS 5	/* of the longest phrase */

enum separator					/* what stood before a token; of several the highest counts */
{
	BY_SPACE, BY_DOT, BY_APOSTROPHE, BY_HYPHEN, BY_SLASH, BY_BREAK
};

typedef struct token
{
	const char *s;
	uint16_t	n;
	uint8_t		by;
	bool		hash,			/* and a # */
				phrase;			/* a phrase of the list begins with it */
	int16_t		word;			/* its first entry in the list, or -1 */
} token;

enum address_order				/* where the type and the number stand */
{
	ORDER_PREFIX,				/* 12 avenue foch */
	ORDER_SUFFIX,				/* 12 foch avenue */
	ORDER_PREFIX_LAST,			/* platz der republik 12 */
	ORDER_SUFFIX_LAST			/* haupt strasse 12 */
};

/* The tokens that are still to be understood: the steps take theirs out. */
typedef struct work
{
	token		tokens[ADDRESS_MAX * TEXT_FOLD_EXPANSION / 2 + 1];
	int			n;
	char		folded[ADDRESS_MAX * TEXT_FOLD_EXPANSION + 1];
	int			languages;		/* those of the country */
	bool		place_last;		/* city, state, postcode in this order, in English */
	bool		city_last;		/* the last segment is the city: it stood behind the postcode */
	address    *a;
} work;

/* the list's reader: address_token.c */
extern const address_word *address_find(const char *s, size_t n, address_word_kind kind, int languages);
extern const address_word *address_find_token(const token *t, address_word_kind kind, int languages);
extern const address_word *address_find_tokens(const work *w, int i, int end, address_word_kind kind, int languages, int *count);
extern const address_word *address_find_glued(const token *t, int languages, size_t *stem);

/* tokens: address_token.c */
extern bool address_tokens(work *w, const char *s, size_t n);
extern void address_remove(work *w, int i, int count);
extern int	address_segment_end(const work *w, int i);
extern int	address_segment_start(const work *w, int i);
extern bool token_is(const token *t, const char *s);
extern bool token_digits(const token *t);
extern bool token_starts_with_digit(const token *t);
extern int	token_leading_digits(const token *t);
extern void part_add(address *a, address_part *p, const char *s, size_t n);	/* a word, after a space */
extern void part_append(address *a, address_part *p, const char *s, size_t n);	/* to the last word */

/* what a token or a segment can be */
extern bool address_is_year(const work *w, int i);
extern bool address_has_type(const work *w, int i, int end);

/* the steps: address_place.c, address_inner.c, address_street.c */
extern void address_read_place(work *w, const char *country, size_t ncountry);
extern void address_read_inner(work *w);
extern size_t address_without_umlauts(const char *s, size_t n, char *out);
extern void address_read_city(work *w);
extern void address_take_city(work *w, int i, int end);
extern void address_read_street(work *w);

#endif
