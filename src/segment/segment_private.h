/*
 * segment_private.h: what lexer.l, grammar.y, print.c and wire.c share.
 */
#ifndef CRMSEG_SEGMENT_PRIVATE_H
#define CRMSEG_SEGMENT_PRIVATE_H

#include <setjmp.h>

#include "segment/segment.h"

/* a growing list of pointers or values while parsing */
typedef struct segment_list
{
	uint32_t	n,
				room;
	void	  **item;
} segment_list;

typedef struct segment_reader
{
	const char *text;
	size_t		len;
	size_t		at;				/* byte after the last token */
	size_t		token;			/* byte where the last token begins */
	int			nesting;		/* open parentheses */
	segment_allocator memory;
	segment_error *error;
	segment_node *result;
	bool		failed;
} segment_reader;

/* the quoted form is needed to read this name back */
extern bool segment_name_is_reserved(const char *s, size_t len);

extern void *segment_take(segment_allocator memory, size_t size);
extern segment_text segment_copy(segment_allocator memory, const char *s, size_t len);
extern segment_node *segment_make(segment_allocator memory, segment_kind kind, uint32_t position);
extern void segment_adopt(segment_allocator memory, segment_node *parent, segment_node *child);
extern bool segment_fail(segment_error *error, segment_status status, size_t position, const char *format, ...) __attribute__((format(printf, 4, 5)));
extern void segment_hint(segment_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* literals into their canonical text; false and an error when they are not such */
extern bool segment_read_number(segment_reader *r, const char *s, size_t len, bool negative, segment_text *out);
extern bool segment_read_time(segment_reader *r, segment_value_kind kind, const segment_text *s, size_t position, segment_text *out);
extern segment_text segment_event_of(segment_reader *r, const segment_text *word, bool gerund);
extern segment_text segment_inflect(segment_allocator memory, const segment_text *event, bool gerund);

/* rules that the grammar does not hold: where a rank may stand, what may stand in a condition on an event, how deep */
extern bool segment_check(const segment_node *root, segment_error *error);
extern bool segment_utf8(const char *s, size_t len);

#endif
