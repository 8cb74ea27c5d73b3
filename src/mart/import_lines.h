/*
 * import_lines.h: what the two files of import_csv share: import_csv_open_fn.c finds out format and columns of the lines,
 * import_csv_fn.c reads them.
 */
#ifndef CRMSEG_IMPORT_LINES_H
#define CRMSEG_IMPORT_LINES_H

#include "import_private.h"

#include "executor/spi.h"

typedef struct LineSource
{
	Portal		portal;
	SPITupleTable *rows;
	uint64		count, at;		/* rows fetched, the one at hand */
	Oid			type;
	CsvFormat	format;
	bool		header, short_lines;
	int			encoding;		/* -1: found out; else a server encoding */
	Oid			conversion;
	struct UConverter *converter;	/* of ICU, for an encoding that the server does not know */
	LegacyCharset usual;		/* of the fields that are no UTF-8 */
	int64		skip;
	int64		line_no;
	CsvReader  *reader;
	MemoryContext line_context;
	/* the row at hand, cut at its line breaks */
	bool		by_cr;			/* its lines end with a carriage return alone */
	const char *rest;
	size_t		rest_size;
	bool		is_text;		/* it never was bytes */
	bool		numbered;		/* by a column of the relation */
	int64		unclosed;		/* rejects for a quote that is never closed */
} LineSource;

/* The bytes of the next physical line; false: no more. They live until the next call. */
extern bool import_next_line(LineSource *s, const char **p, size_t *n);

/* A line of a stated encoding as UTF-8; false: not of it. */
extern bool import_line_to_utf8(LineSource *s, const char **p, size_t *n);

/* A field as UTF-8; false: its bytes mean nothing. */
extern bool import_field_bytes(LineSource *s, const char *p, size_t n, Cell *cell);

#endif
