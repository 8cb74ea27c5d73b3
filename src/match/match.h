/*
 * match.h: what the cores of record matching offer: how alike two strings are.
 */
#ifndef CRMSEG_MATCH_H
#define CRMSEG_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters of the longest string that can be compared; the callers refuse longer ones. */
#define SIMILARITY_MAX_CHARS 4096

/*
 * A string decoded for comparison: one byte a character where every character of both strings is below U+0100, else one 32-bit unit a
 * character. The byte form is readable for SIMILARITY_PAD bytes from any of its first 64 characters.
 */
#define SIMILARITY_PAD 64

extern int	similarity_length(const char *s, size_t n);
extern double jaro_winkler(const char *a, size_t na, const char *b, size_t nb, uint32_t *work);
extern int	edit_distance(const char *a, size_t na, const char *b, size_t nb, int at_most, uint32_t *work);

/* 32-bit units of work memory that the two need for strings of la and lb characters */
#define SIMILARITY_WORK(la, lb) (2 * ((size_t) (la) + (lb)) + 3 * ((size_t) (lb) + 1))

extern double jaro_winkler_bytes(const uint8_t *a, int la, const uint8_t *b, int lb);
extern int	edit_distance_bytes(const uint8_t *a, int la, const uint8_t *b, int lb);

/*
 * Given names (nickname.c): words are folded and in one piece (jeanbaptiste). nickname_find gives the number of a word, or -1; nickname_same is
 * about two different words: the same word is for the caller to see.
 */
extern int	nickname_find(const char *s, size_t n);
extern bool nickname_same(int a, int b);

/*
 * Sound (phonetic.c): the Double Metaphone codes (Philips 2000) of one folded word, at most PHONETIC_CODES, each at most PHONETIC_LENGTH
 * letters with a zero behind; the first is the primary one. 0 for a word without a Latin letter or digit.
 */
#define PHONETIC_CODES 4
#define PHONETIC_LENGTH 8

extern int	phonetic_codes(const char *s, size_t n, char (*codes)[PHONETIC_LENGTH + 1]);

/*
 * How alike two values of a kind are, 0 to 1, the same in both directions, 1 for equal ones. Names come in folded (text_fold); work
 * memory is their own.
 */
extern double name_similarity(const char *a, size_t na, const char *b, size_t nb);	/* name.c */
extern double organisation_similarity(const char *a, size_t na, const char *b, size_t nb);	/* organisation.c */

extern double email_similarity(const char *a, size_t na, const char *b, size_t nb);	/* of normal forms (email_parse); contact_match.c */
struct address;
extern double address_similarity(const struct address *a, const struct address *b);	/* contact_match.c */

/* Days since 2000-01-01 as the server counts them; DATE_EARLIEST and DATE_LATEST stand for the two infinities. date.c */
#define MATCH_DATE_EARLIEST INT32_MIN
#define MATCH_DATE_LATEST INT32_MAX
typedef enum match_date_level
{
	DATE_EQUAL,
	DATE_UNKNOWN,				/* one of them is a default such as 1900-01-01: says nothing */
	DATE_SWAPPED,				/* day and month */
	DATE_ONE_DIGIT,				/* one digit wrong, or two neighbours swapped, or another century */
	DATE_YEAR_ONLY,				/* same year, one of them on 1 January */
	DATE_NEAR,					/* at most a week apart */
	DATE_TWO_PARTS,				/* two of day, month and year agree */
	DATE_DIFFERENT
} match_date_level;
extern match_date_level date_compare(int32_t a, int32_t b);
extern bool date_is_default(int32_t day);
extern bool date_is_default_day(int64_t year, int month, int day);
extern double date_similarity(int32_t a, int32_t b);

/*
 * Numbers of registers (registry.c), proved by their check digits. number, when not NULL, becomes the organisation's number with its country
 * before it (FR and the SIREN, for a SIRET and a French VAT number too), at most REGISTRY_NUMBER bytes with a zero behind.
 */
#define REGISTRY_NUMBER 16
typedef enum registry_kind
{
	REGISTRY_NONE,
	REGISTRY_SIREN,
	REGISTRY_SIRET,
	REGISTRY_VAT
} registry_kind;
extern registry_kind registry_number_read(const char *s, size_t n, char *number);
extern registry_kind registry_number_find(const char *s, size_t n, char *number);

/*
 * Keys (key.c): what two records of one party usually have in common, as hashes, for an index. Each call adds to k; keys beyond MATCH_KEYS_MAX are
 * left out.
 */
#define MATCH_KEY_VERSION 1
#define MATCH_KEYS_MAX 64
typedef struct match_keys
{
	int			n;
	int64_t		key[MATCH_KEYS_MAX];
	char		kind[MATCH_KEYS_MAX];	/* S: given and family name, O: the words of an organisation; others are key.c's */
} match_keys;
extern void match_keys_person(match_keys *k, const char *given, size_t ngiven, const char *family, size_t nfamily, const char *maiden, size_t nmaiden);
extern void match_keys_full_name(match_keys *k, const char *s, size_t n);
extern void match_keys_email_name(match_keys *k, const char *s, size_t n);
extern void match_keys_organisation(match_keys *k, const char *name, size_t n);
extern void match_keys_registry(match_keys *k, const char *s, size_t n);
extern void match_keys_date(match_keys *k, int32_t date, bool also);
extern void match_keys_email(match_keys *k, const char *s, size_t n, bool organisation);
extern void match_keys_phone(match_keys *k, const char *s, size_t n);
extern void match_keys_address(match_keys *k, const char *key, size_t n);	/* an address_key */
extern void match_keys_place(match_keys *k, const char *family, size_t nfamily, const char *postal_code, size_t npostal);

#endif
