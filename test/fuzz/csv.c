/*
 * The reader of CSV lines: it ends, every line that is not blank is in exactly one record or reject, in order, and the fields of a
 * record, written down quoted, are read as the same fields.
 */
#include <stdlib.h>
#include <string.h>

#include "mart/import.h"

#define ENSURE(c) do { if (!(c)) abort(); } while (0)

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *
take(void *context, void *old, size_t size)
{
	(void) context;
	if (size == 0)
	{
		free(old);
		return NULL;
	}
	return realloc(old, size);
}

static int64_t last,
			covered;

static void
events(CsvReader *r, int columns, bool short_lines)
{
	CsvEvent	e;

	while ((e = csv_next(r)) != CSV_MORE)
	{
		size_t		n;
		const char *raw = csv_raw(r, &n);
		int64_t		lines = 1;

		for (size_t i = 0; i < n; i++)
			lines += raw[i] == '\n';
		ENSURE(csv_line_no(r) > last);
		last = csv_line_no(r) + lines - 1;
		covered += lines;
		if (e == CSV_REJECT)
		{
			ENSURE(csv_reason_text(csv_reason(r)) != NULL);
			continue;
		}
		ENSURE(csv_count(r) == columns || (short_lines && csv_count(r) < columns));
		{
			CsvFormat	f = {';', '"', '"'};
			size_t		room = 0,
						at = 0;
			char	   *text,
					   *out;
			CsvField   *fields = malloc(sizeof(CsvField) * (columns + 1));
			int			count;

			for (int i = 0; i < csv_count(r); i++)
			{
				csv_field(r, i, &n);
				room += 2 * n + 3;
			}
			text = malloc(room + 1);
			for (int i = 0; i < csv_count(r); i++)
			{
				const char *p = csv_field(r, i, &n);

				if (i)
					text[at++] = ';';
				text[at++] = '"';
				for (size_t k = 0; k < n; k++)
				{
					if (p[k] == '"')
						text[at++] = '"';
					text[at++] = p[k];
				}
				text[at++] = '"';
			}
			out = malloc(at + 1);
			ENSURE(csv_split(text, at, &f, false, out, fields, columns, &count) == CSV_OK && count == csv_count(r));
			for (int i = 0; i < count; i++)
			{
				const char *p = csv_field(r, i, &n);

				ENSURE(n == fields[i].size && memcmp(p, out + fields[i].at, n) == 0);
			}
			free(fields);
			free(text);
			free(out);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CsvFormat	f = {';', '"', '"'};
	CsvReader  *r;
	int			columns;
	bool		short_lines;
	int64_t		line = 0,
				solid = 0;
	size_t		at = 2;

	if (size < 2)
		return 0;
	columns = 1 + data[0] % 6;
	short_lines = data[1] & 1;
	if (data[1] & 2)
		f.escape = '\\';
	if (data[1] & 4)
		f.delimiter = ',';
	if (data[1] & 8)
		f.quote = f.escape = 0;
	r = csv_reader(&f, columns, short_lines, take, NULL);
	last = covered = 0;
	while (at <= size)
	{
		const uint8_t *end = at < size ? memchr(data + at, '\n', size - at) : NULL;
		size_t		n = end ? (size_t) (end - data) - at : size - at;

		csv_push(r, ++line, (const char *) data + at, n);
		for (size_t i = 0; i < n; i++)
			if (data[at + i] != ' ' && data[at + i] != 0x1a && data[at + i] != '\r')
			{
				solid++;
				break;
			}
		events(r, columns, short_lines);
		at += n + 1;
		if (at > size)
			break;
	}
	csv_end(r);
	events(r, columns, short_lines);
	ENSURE(csv_next(r) == CSV_MORE);
	ENSURE(covered >= solid && covered <= line);
	csv_reader_free(r);
	return 0;
}
