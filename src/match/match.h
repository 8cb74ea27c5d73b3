/*
 * match.h: what the cores of record matching offer: how alike two strings are.
 */
#ifndef CRMSEG_MATCH_H
#define CRMSEG_MATCH_H

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

#endif
