/*
 * address.h: a postal address as it was written, read into its parts, and the key under which two spellings of one address are equal.
 * Good for France, Belgium, Switzerland, Canada, Great Britain, Germany and the United States; others are read as well as that serves.
 * docs/text.md says what the key keeps and what it leaves out.
 */
#ifndef CRMSEG_ADDRESS_H
#define CRMSEG_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#define ADDRESS_MAX 1000		/* bytes of an address */
#define ADDRESS_KEY_MAX 16384	/* bytes of a key, at most */

typedef enum address_status
{
	ADDRESS_OK,
	ADDRESS_TOO_LONG,			/* more than ADDRESS_MAX bytes */
	ADDRESS_BAD_UTF8
} address_status;

/* A part of an address: folded, abbreviations written out; n is 0 where there is none. */
typedef struct address_part
{
	const char *s;
	size_t		n;
} address_part;

typedef struct address
{
	address_part number,		/* '12 bis', '12-14', '12a' */
				type,			/* 'avenue', 'strasse' */
				street,			/* the name without the type */
				before,			/* a direction that stands before the name: 'w' 42 street */
				after,			/* or behind it */
				unit,			/* apartment, suite, flat, box of a house */
				box,			/* number of a post box */
				postal_code,	/* as its country writes it: 'SW1A 1AA', '75001' */
				city,
				state;
	uint8_t		order;			/* where type and number stand: enum address_order */
	char		country[3];		/* as given or guessed; empty: unknown */
	size_t		used;
	char		room[ADDRESS_KEY_MAX];
} address;

/* Reads the n bytes at s. country is a code or a name, or empty to let the address tell. */
extern address_status address_parse(const char *s, size_t n, const char *country, size_t ncountry, address *a);

/* Writes the key, at most ADDRESS_KEY_MAX bytes, and returns its length. */
extern size_t address_key(const address *a, char *out);

#endif
