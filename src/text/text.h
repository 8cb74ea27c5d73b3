/*
 * text.h: text brought to the forms in which it is compared.
 *
 * fold: Unicode NFKC case folding, to Latin letters, marks off, punctuation to single spaces. Its tables (fold_table.c) are frozen: they
 * were generated from one version of Unicode, are never read from the system, and change only together with CRMSEG_FOLD_VERSION, so a
 * folded value may be stored and indexed. docs/text.md has the definition.
 */
#ifndef CRMSEG_TEXT_H
#define CRMSEG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whoever stores a folded value in a form of its own stores this byte with it. It changes when fold changes for any input. */
#define CRMSEG_FOLD_VERSION 1

/* What text_fold answers for bytes that are not UTF-8. */
#define TEXT_BAD_UTF8 SIZE_MAX

/* No byte of valid UTF-8 folds to more than this many (a test looks at every code point, and at sequences). */
#define TEXT_FOLD_EXPANSION 6

/*
 * Folds the n bytes at s into out and returns the exact length of the result. When that is above cap, out holds nothing of use and the
 * caller comes back with that much room; cap 0 with out NULL only measures. Nothing is terminated by a zero byte. out may not overlap s.
 */
extern size_t text_fold(const char *s, size_t n, char *out, size_t cap);

/* Room that always suffices for n bytes; SIZE_MAX when that cannot be counted. */
static inline size_t
text_fold_bound(size_t n)
{
	return n > SIZE_MAX / TEXT_FOLD_EXPANSION ? SIZE_MAX : n * TEXT_FOLD_EXPANSION;
}

/* The same, fed in pieces that end where a character ends: for input so long that the caller wants to look up between two pieces. */
typedef struct text_folder
{
	char	   *out;
	size_t		cap;
	struct
	{
		size_t		len;		/* of the result so far, without a space that waits */
		const char *letters;	/* what the last letter gave, where the next one may take part of it back */
		uint8_t		nletters,
					after;		/* its kind, or 0 */
		bool		space,		/* a space is due before the next letter */
					doubling;	/* kana: the next consonant is doubled */
	}			now,
				before;			/* as it was before the letter base */
	uint32_t	base;			/* the last letter if the next code point may compose with it, else 0 */
	bool		apart;			/* marks stand between the two */
} text_folder;

extern void text_fold_start(text_folder *f, char *out, size_t cap);
extern bool text_fold_feed(text_folder *f, const char *s, size_t n);	/* false: not UTF-8 */
extern bool text_fold_general(text_folder *f, const char *s, size_t n);	/* without the fast path: what the tests compare it with */

/* The tokens of a folded text: what stands between its spaces. Returns how many there are; the first cap of them are put into tokens. */
typedef struct text_token
{
	const char *s;
	size_t		n;
} text_token;

extern size_t text_tokens(const char *folded, size_t n, text_token *tokens, size_t cap);

/*
 * The key of a personal name: its folded tokens in byte order, one space between two. out has room for n bytes; tokens for as many as
 * text_tokens counts. Returns the length, which is n.
 */
extern size_t text_name_key(const char *folded, size_t n, text_token *tokens, size_t ntokens, char *out);

#endif
