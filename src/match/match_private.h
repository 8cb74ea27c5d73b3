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

#endif
