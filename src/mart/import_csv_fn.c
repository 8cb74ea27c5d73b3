/*
 * import_csv_fn.c: raw lines of a file, as a relation holds them: bytes (bytea), bytes loaded as LATIN1 (text whose characters are all
 * below 256), or text. Encodings are found out field by field; records are put together by csv.c.
 */
#include "import_lines.h"

#include <unicode/ucnv.h>
#include <unicode/ustring.h>

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#define FETCH 1000

static void *
reallocate(void *context, void *old, size_t size)
{
	if (size == 0)
	{
		if (old)
			pfree(old);
		return NULL;
	}
	if (old)
		return repalloc_huge(old, size);
	return MemoryContextAllocHuge(context, size);
}

/* Bytes as text that can be stored: UTF-8 as it is, else CP1252, else each byte as the character of its number. */
text *
import_raw_text(const char *p, size_t n)
{
	char	   *out;
	size_t		k;

	if (utf8_valid(p, n) && memchr(p, '\0', n) == NULL)
		return cstring_to_text_with_len(p, (int) n);
	out = MemoryContextAllocHuge(CurrentMemoryContext, n * 3 + 1);
	if (memchr(p, '\0', n) != NULL || !cp1252_to_utf8(p, n, out, &k))
	{
		k = 0;
		for (size_t i = 0; i < n; i++)
			k += cell_put_char(p[i] == '\0' ? 0x2400 : (uint8) p[i], out + k);
	}
	return cstring_to_text_with_len(out, (int) k);
}

/* The bytes of the next physical line; false: no more. They live until the next call. */
bool
import_next_line(LineSource *s, const char **p, size_t *n)
{
	if (s->rest == NULL)
	{
		Datum		d;
		bool		null;
		struct varlena *v;
		MemoryContext old;

		do
		{
			if (s->at >= s->count)
			{
				if (s->rows)
					SPI_freetuptable(s->rows);
				s->rows = NULL;
				CHECK_FOR_INTERRUPTS();
				SPI_cursor_fetch(s->portal, true, FETCH);
				s->count = SPI_processed;
				s->rows = SPI_tuptable;
				s->at = 0;
				if (s->count == 0)
					return false;
			}
			d = heap_getattr(s->rows->vals[s->at++], 1, s->rows->tupdesc, &null);
			if (null)
				s->line_no++;
		} while (null);
		MemoryContextReset(s->line_context);
		old = MemoryContextSwitchTo(s->line_context);
		v = PG_DETOAST_DATUM_PACKED(d);
		s->rest = VARDATA_ANY(v);
		s->rest_size = VARSIZE_ANY_EXHDR(v);
		s->is_text = false;
		if (s->type != BYTEAOID)
		{
			bool		high = false;

			for (size_t i = 0; i < s->rest_size && !high; i++)
				high = (s->rest[i] & 0x80) != 0;
			if (high)
			{
				char	   *bytes = MemoryContextAllocHuge(s->line_context, s->rest_size + 1);
				size_t		k;

				/* characters that were bytes; when others are among them it was text all along */
				if (utf8_to_bytes(s->rest, s->rest_size, bytes, &k))
				{
					s->rest = bytes;
					s->rest_size = k;
				}
				else
					s->is_text = true;
			}
		}
		MemoryContextSwitchTo(old);
		/* old files of the Macintosh, in one value */
		s->by_cr = false;
		if (memchr(s->rest, '\n', s->rest_size) == NULL)
		{
			const char *cr = memchr(s->rest, '\r', s->rest_size);

			s->by_cr = cr != NULL && cr + 1 < s->rest + s->rest_size;
		}
	}
	{
		const char *end = memchr(s->rest, s->by_cr ? '\r' : '\n', s->rest_size);

		*p = s->rest;
		*n = end ? (size_t) (end - s->rest) : s->rest_size;
		if (end && *n + 1 < s->rest_size)
		{
			s->rest += *n + 1;
			s->rest_size -= *n + 1;
		}
		else
			s->rest = NULL;
	}
	s->line_no++;
	if (s->line_no == 1 && *n >= 2 &&
		((((uint8) (*p)[0]) == 0xFF && ((uint8) (*p)[1]) == 0xFE) || (((uint8) (*p)[0]) == 0xFE && ((uint8) (*p)[1]) == 0xFF) || (*p)[0] == '\0' || (*p)[1] == '\0'))
		ereport(ERROR, (errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE), errmsg("the lines are UTF-16"),
						errhint("Convert the file before it is loaded: iconv -f UTF-16 -t UTF-8.")));
	if (s->line_no == 1 && *n >= 3 && memcmp(*p, "\xEF\xBB\xBF", 3) == 0)
	{
		*p += 3;
		*n -= 3;
	}
	return true;
}

static bool
convert_by_icu(LineSource *s, const char **p, size_t *n)
{
	UErrorCode	status = U_ZERO_ERROR;
	UChar	   *wide;
	char	   *out;
	int32_t		units,
				size;

	if (*n > PG_INT32_MAX / 4)
		return false;
	wide = MemoryContextAllocHuge(s->line_context, sizeof(UChar) * (*n * 2 + 1));
	ucnv_reset(s->converter);
	units = ucnv_toUChars(s->converter, wide, (int32_t) (*n * 2 + 1), *p, (int32_t) *n, &status);
	if (U_FAILURE(status))
		return false;
	out = MemoryContextAllocHuge(s->line_context, (size_t) units * 3 + 1);
	u_strToUTF8(out, units * 3 + 1, &size, wide, units, &status);
	if (U_FAILURE(status))
		return false;
	*p = out;
	*n = size;
	return true;
}

/* A line of a stated encoding as UTF-8; false: not of it. */
bool
import_line_to_utf8(LineSource *s, const char **p, size_t *n)
{
	char	   *out;
	int			done;

	if (s->encoding < 0 || s->is_text)
		return true;
	if (s->encoding == PG_UTF8)
		return utf8_valid(*p, *n);
	if (s->converter != NULL)
		return convert_by_icu(s, p, n);
	out = MemoryContextAllocHuge(s->line_context, *n * MAX_CONVERSION_GROWTH + 1);
	done = pg_do_encoding_conversion_buf(s->conversion, s->encoding, PG_UTF8, (unsigned char *) unconstify(char *, *p), (int) *n,
										 (unsigned char *) out, (int) Min(*n * MAX_CONVERSION_GROWTH + 1, PG_INT32_MAX), true);
	if (done < (int) *n)
		return false;
	*p = out;
	*n = strlen(out);
	return true;
}

/* A field as UTF-8, out of the context given; false: its bytes mean nothing. */
bool
import_field_bytes(LineSource *s, const char *p, size_t n, Cell *cell)
{
	char	   *out;
	size_t		k;

	if (memchr(p, '\0', n) != NULL)
		return false;
	if (utf8_valid(p, n))
	{
		cell->text = p;
		cell->size = n;
		return true;
	}
	out = palloc(n * 3 + 1);
	if (!legacy_to_utf8(p, n, &s->usual, out, &k))
		return false;
	cell->text = out;
	cell->size = k;
	return true;
}

static void
reject_here(Import *im, const char *column, const char *code, const char *reason)
{
	MemoryContext old = MemoryContextSwitchTo(im->row_context);

	im->bad = false;
	im->nth = 0;
	im->lines_read++;
	import_reject_line(im, column, code, reason);
	MemoryContextSwitchTo(old);
	MemoryContextReset(im->row_context);
}

/* All events that the reader has. */
static void
take_records(Import *im, LineSource *s)
{
	CsvReader  *r = s->reader;
	CsvEvent	e;

	while ((e = csv_next(r)) != CSV_MORE)
	{
		MemoryContext old;
		int			bad = -1;

		im->line_no = csv_line_no(r);
		im->raw = csv_raw(r, &im->raw_size);
		if (e == CSV_REJECT)
		{
			s->unclosed += csv_reason(r) == CSV_UNCLOSED;
			reject_here(im, NULL, "22P04", csv_reason_text(csv_reason(r)));
			continue;
		}
		if (s->header)
		{
			s->header = false;
			continue;
		}
		old = MemoryContextSwitchTo(im->row_context);
		for (int i = 0; i < im->columns.count; i++)
		{
			size_t		n;
			const char *p;

			im->cells[i].text = NULL;
			im->cells[i].size = 0;
			if (i >= csv_count(r))
				continue;
			p = csv_field(r, i, &n);
			if (!import_field_bytes(s, p, n, &im->cells[i]) && bad < 0)
				bad = i;
		}
		MemoryContextSwitchTo(old);
		if (bad >= 0)
			reject_here(im, im->columns.name[bad], cell_code(CELL_BAD_BYTES), cell_reason(CELL_BAD_BYTES));
		else
			import_row(im);
	}
}

void
import_read_lines(Import *im)
{
	LineSource *s = im->lines;
	const char *p;
	size_t		n;

	if (im->columns.count == 0)
		return;
	s->reader = csv_reader(&s->format, im->columns.count, s->short_lines, reallocate, im->context);
	while (import_next_line(s, &p, &n))
	{
		if (s->line_no <= s->skip)
			continue;
		if (!import_line_to_utf8(s, &p, &n))
		{
			/* lines before it that wait for the end of a quote stay before it */
			im->line_no = s->line_no;
			im->raw = p;
			im->raw_size = n;
			reject_here(im, NULL, cell_code(CELL_BAD_BYTES), cell_reason(CELL_BAD_BYTES));
			continue;
		}
		csv_push(s->reader, s->line_no, p, n);
		take_records(im, s);
	}
	csv_end(s->reader);
	take_records(im, s);
	csv_reader_free(s->reader);
	SPI_cursor_close(s->portal);
	/* the server may put a short line into room left on an earlier page */
	if (s->unclosed > 0 && !s->numbered)
		ereport(NOTICE, (errmsg("import " INT64_FORMAT ": " INT64_FORMAT " lines are cut off inside quotes, and the lines have no numbers", im->batch, s->unclosed),
						 errhint("A table without a column of line numbers does not keep the order of a file for certain. Load it into one with n bigint GENERATED ALWAYS AS IDENTITY beside the lines.")));
}
