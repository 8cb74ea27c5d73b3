/*
 * match_private.h: what the files of this folder share and others need not know.
 */
#ifndef CRMSEG_MATCH_PRIVATE_H
#define CRMSEG_MATCH_PRIVATE_H

#include "match/match.h"

/* A folded given name or a form of one: nickname_lines[at .. at + n) are its lines, times two, plus one where it is the line's name. */
typedef struct nickname_word
{
	const char *s;
	uint8_t		len,
				n;
	uint16_t	at;
} nickname_word;

extern const nickname_word nickname_words[];	/* in byte order */
extern const uint16_t nickname_first[27];		/* where each first letter begins */
extern const uint16_t nickname_lines[];
extern const uint16_t nickname_heads[];			/* for each line the number of its name */

/* ---- words of names: words.c, for names of persons and of organisations ---- */

#define WORDS_MAX 8				/* words of a name that are compared */
#define WORD_BYTES 64			/* of each */

typedef struct match_word
{
	const char *s;				/* in words.room; neighbours follow each other without a space */
	uint8_t		n;
	int			given;			/* its number in the table of given names, or -1 */
	double		weight;
} match_word;

/* A word that means something of its own; tables of them are in byte order. */
typedef struct match_class
{
	const char *word;
	int			class;
} match_class;

typedef struct match_words
{
	match_word	word[WORDS_MAX];
	int			count;
	bool		cut;			/* there was more than is compared */
	bool		marked;			/* a maiden name, or the like: more words than the other has say little */
	char		room[WORDS_MAX * WORD_BYTES];
} match_words;

typedef double (*match_words_alike) (const match_word *a, const match_word *b);

extern int	match_class_of(const match_class *table, int count, const char *s, size_t n);
extern void match_words_given(match_words *w);
extern bool match_words_add(match_words *w, const char *s, size_t n, double weight);
extern void match_words_join(match_words *a, match_words *b, bool given_names);
extern double match_words_compare(const match_words *a, const match_words *b, match_words_alike alike, double surplus, bool *in_order);
extern double match_spelling(const match_word *a, const match_word *b);
extern bool match_is_one_of(const char *s, size_t n, const char *words);
extern bool match_is_title(const char *s, size_t n);	/* name.c */
extern void match_read_organisation(const char *s, size_t n, match_words *w);	/* organisation.c */

/* ---- date.c ---- */
extern void date_text(int32_t date, char *out);		/* at most 24 bytes and a zero */
extern bool date_swap(int32_t date, int32_t *swapped);	/* day and month in each other's place, when that is another date */

#endif
