/*
 * fold_table.h: what the generator (gen/fold_table.c) and the reader (fold.c) of the folding table agree on.
 * A code point has an index into fold_value, found in two stages; a value is a kind and a string in fold_pool.
 */
#ifndef CRMSEG_FOLD_TABLE_H
#define CRMSEG_FOLD_TABLE_H

#include <stdint.h>

enum fold_kind
{
	FOLD_KEEP,					/* stays as it is: no Latin form is known, or not assigned in the pinned Unicode version */
	FOLD_PLAIN,					/* gives its string, which may be empty */
	FOLD_SPACE,					/* ends a word */
	FOLD_IGNORE,				/* is as if it were not there: format characters */
	FOLD_MARK,					/* a mark that combines with the letter before: disturbs nothing, gives nothing */
	FOLD_MIXED,					/* a string with spaces in it, at its ends too */
	FOLD_EXPAND,				/* a string of code points, each to be folded in its turn */
	FOLD_HANGUL,				/* a Hangul syllable: its two or three parts give a string each */
	FOLD_INHERENT,				/* an Indic consonant with its inherent a, which a dependent sign takes off */
	FOLD_DEPENDENT,				/* an Indic vowel sign or virama */
	FOLD_KANA,
	FOLD_SMALL_Y,				/* small ya, yu, yo: ki + ya gives kya */
	FOLD_SMALL_VOWEL,			/* small a, i, u, e, o: fu + a gives fa */
	FOLD_SOKUON,				/* small tsu: doubles the next consonant */
	FOLD_GREEK_VOWEL,			/* a Greek vowel after which upsilon is u, not y */
	FOLD_GREEK_UPSILON,
	FOLD_GREEK_GAMMA,			/* n before gamma, kappa, xi and chi */
	FOLD_GREEK_VELAR,			/* kappa, xi, chi */
	FOLD_THAI,					/* a Thai letter, after which the mark that is the vowel u gives u */

	/* flags beside the kind: may be the first, the second of a pair in fold_pairs */
	FOLD_BASE = 0x40,
	FOLD_SECOND = 0x80
};

typedef struct fold_entry
{
	uint16_t	offset;			/* into fold_pool */
	uint8_t		len;
	uint8_t		kind;			/* enum fold_kind, with flags */
} fold_entry;

#define FOLD_BLOCK_BITS 6
#define FOLD_BLOCK_SIZE (1 << FOLD_BLOCK_BITS)

extern const uint16_t fold_stage1[0x110000 >> FOLD_BLOCK_BITS];
extern const uint16_t fold_stage2[];
extern const fold_entry fold_value[];
extern const char fold_pool[];
extern const char fold_ascii[128];			/* the letter or digit, or 0: a space */
extern const char fold_latin1[128][2];		/* U+0080 to U+00FF: one or two letters, or 0: a space; (0, 1): nothing */
extern const char fold_jamo[19 + 21 + 28][4];	/* leading consonants, vowels, trailing consonants (the first: none) */
extern const uint16_t fold_pairs[][3];		/* first, second, what they compose to; ascending; ends with 0 */
extern const char fold_unicode_version[];	/* the pinned one */

#endif
