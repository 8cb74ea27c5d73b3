/*
 * import_csv_fn.c: raw lines of a file, as a relation holds them: bytes (bytea), bytes loaded as LATIN1 (text whose characters are all
 * below 256), or text. Encodings are found out field by field; records are put together by csv.c.
 */
#include "import_private.h"

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
	int64		skip;
	int64		line_no;
	CsvReader  *reader;
	MemoryContext line_context;
	/* the row at hand, cut at its line breaks */
	const char *rest;
	size_t		rest_size;
	bool		is_text;		/* it never was bytes */
	bool		numbered;		/* by a column of the relation */
	int64		unclosed;		/* rejects for a quote that is never closed */
} LineSource;

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
static bool
next_line(LineSource *s, const char **p, size_t *n)
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
	}
	{
		const char *end = memchr(s->rest, '\n', s->rest_size);

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
		((((uint8) (*p)[0]) == 0xFF && ((uint8) (*p)[1]) == 0xFE) || (((uint8) (*p)[0]) == 0xFE && ((uint8) (*p)[1]) == 0xFF) || ((*p)[1] == '\0')))
		ereport(ERROR, (errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE), errmsg("the lines are UTF-16"),
						errhint("Convert the file before it is loaded: iconv -f UTF-16 -t UTF-8.")));
	if (s->line_no == 1 && *n >= 3 && memcmp(*p, "\xEF\xBB\xBF", 3) == 0)
	{
		*p += 3;
		*n -= 3;
	}
	return true;
}

/* A line of a stated encoding as UTF-8; false: not of it. */
static bool
to_utf8(LineSource *s, const char **p, size_t *n)
{
	char	   *out;
	int			done;

	if (s->encoding < 0 || s->is_text)
		return true;
	if (s->encoding == PG_UTF8)
		return utf8_valid(*p, *n);
	out = MemoryContextAllocHuge(s->line_context, *n * MAX_CONVERSION_GROWTH + 1);
	done = pg_do_encoding_conversion_buf(s->conversion, s->encoding, PG_UTF8, (unsigned char *) unconstify(char *, *p), (int) *n,
										 (unsigned char *) out, (int) Min(*n * MAX_CONVERSION_GROWTH + 1, PG_INT32_MAX), true);
	if (done < (int) *n)
		return false;
	*p = out;
	*n = strlen(out);
	return true;
}

static JsonbValue *
option(Jsonb *format, const char *key)
{
	JsonbValue *v = getKeyJsonValueFromContainer(&format->root, key, strlen(key), NULL);

	return v != NULL && v->type == jbvNull ? NULL : v;
}

static void
bad_option(const char *key, const char *what)
{
	ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("format: \"%s\" %s", key, what)));
}

static char
one_byte(Jsonb *format, const char *key, char otherwise)
{
	JsonbValue *v = option(format, key);

	if (v == NULL)
		return otherwise;
	if (v->type == jbvString && v->val.string.len == 2 && memcmp(v->val.string.val, "\\t", 2) == 0)
		return '\t';
	if (v->type != jbvString || v->val.string.len > 1 || (v->val.string.len == 1 && ((v->val.string.val[0] & 0x80) != 0 || v->val.string.val[0] == '\n')))
		bad_option(key, "must be one character of ASCII");
	return v->val.string.len ? v->val.string.val[0] : '\0';
}

static void
read_options(LineSource *s, Jsonb *format)
{
	static const char *const known[] = {"delimiter", "quote", "escape", "header", "columns", "encoding", "short_lines", "skip", NULL};
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken t;
	JsonbValue *k;
	int			depth = 0;

	if (!JB_ROOT_IS_OBJECT(format))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("the format of lines is a JSON object"), errhint("{\"delimiter\": \";\", \"encoding\": \"LATIN1\"}")));
	it = JsonbIteratorInit(&format->root);
	while ((t = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		int			i = 0;

		if (t == WJB_BEGIN_OBJECT)
			depth++;
		if (t != WJB_KEY || depth > 1)
			continue;
		while (known[i] && !(strlen(known[i]) == v.val.string.len && memcmp(known[i], v.val.string.val, v.val.string.len) == 0))
			i++;
		if (known[i] == NULL)
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("format: there is no key \"%s\"", pnstrdup(v.val.string.val, v.val.string.len)),
							errhint("The keys are delimiter, quote, escape, header, columns, encoding, short_lines, skip.")));
	}
	s->format.delimiter = one_byte(format, "delimiter", '\0');
	s->format.quote = one_byte(format, "quote", '"');
	s->format.escape = one_byte(format, "escape", s->format.quote);
	s->header = true;
	if ((k = option(format, "columns")) != NULL)
	{
		if (k->type != jbvBinary || !JsonContainerIsArray(k->val.binary.data))
			bad_option("columns", "must be an array of names");
		s->header = false;
	}
	if ((k = option(format, "header")) != NULL)
	{
		if (k->type != jbvBool)
			bad_option("header", "must be true or false");
		s->header = k->val.boolean;
	}
	if ((k = option(format, "short_lines")) != NULL)
	{
		if (k->type != jbvBool)
			bad_option("short_lines", "must be true or false");
		s->short_lines = k->val.boolean;
	}
	if ((k = option(format, "skip")) != NULL)
	{
		if (k->type != jbvNumeric)
			bad_option("skip", "must be a number of lines");
		s->skip = DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(k->val.numeric)));
	}
	s->encoding = -1;
	if ((k = option(format, "encoding")) != NULL)
	{
		char	   *name;

		if (k->type != jbvString)
			bad_option("encoding", "must be the name of an encoding, or \"auto\"");
		name = pnstrdup(k->val.string.val, k->val.string.len);
		if (pg_strcasecmp(name, "auto") != 0)
		{
			s->encoding = pg_strcasecmp(name, "CP1252") == 0 ? PG_WIN1252 : pg_char_to_encoding(name);
			if (s->encoding < 0)
				ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("format: \"%s\" is not an encoding that the server knows", name),
								errhint("Such as UTF8, LATIN1, WIN1252, WIN1250, SJIS, or \"auto\" for UTF-8 and WIN1252 mixed.")));
			if (s->encoding != PG_UTF8)
			{
				s->conversion = FindDefaultConversionProc(s->encoding, PG_UTF8);
				if (!OidIsValid(s->conversion))
					ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("format: the server has no conversion from \"%s\" to UTF8", name)));
			}
		}
	}
}

/* A field as UTF-8, out of the context given; false: its bytes mean nothing. */
static bool
field_text(const char *p, size_t n, Cell *cell)
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
	if (!cp1252_to_utf8(p, n, out, &k))
		return false;
	cell->text = out;
	cell->size = k;
	return true;
}

/* Names for all columns, each once. */
static void
name_columns(Import *im, int count)
{
	SourceColumns *c = &im->columns;

	for (int i = 0; i < count; i++)
	{
		int			again = 1;
		char	   *base;

		if (c->name[i] == NULL || c->name[i][0] == '\0')
			c->name[i] = psprintf("column_%d", i + 1);
		base = c->name[i];
		for (int j = 0; j < i; j++)
			if (strcmp(c->name[j], c->name[i]) == 0)
			{
				c->name[i] = psprintf("%s_%d", base, ++again);
				j = -1;
			}
	}
	c->count = count;
}

/* Finds the columns and the format; returns the latter as import_batch keeps it. */
Jsonb *
import_lines_open(Import *im, Oid relid, Jsonb *format)
{
	LineSource *s = palloc0(sizeof(LineSource));
	Relation	rel = relation_open(relid, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	int			lines = 0,
				numbers = 0;
	char	   *line_column = NULL,
			   *number_column = NULL;
	StringInfoData sql;
	const char *sample[40];
	size_t		sizes[40];
	int			samples = 0;
	JsonbValue *k;

	im->lines = s;
	s->line_context = AllocSetContextCreate(im->context, "crmseg lines", ALLOCSET_DEFAULT_SIZES);
	read_options(s, format);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute a = TupleDescAttr(desc, i);
		Oid			type = getBaseType(a->atttypid);

		if (a->attisdropped)
			continue;
		if (type == TEXTOID || type == VARCHAROID || type == BYTEAOID)
		{
			lines++;
			line_column = pstrdup(NameStr(a->attname));
			s->type = type;
		}
		else if (type == INT8OID || type == INT4OID || type == INT2OID)
		{
			numbers++;
			number_column = pstrdup(NameStr(a->attname));
		}
		else
			lines = 100;
	}
	if (lines != 1 || numbers > 1)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is not a relation of raw lines", RelationGetRelationName(rel)),
						errdetail("It must have one column of type text or bytea, and may have one of integers, the number of the line."),
						errhint("Load a file with \\copy t(l) FROM 'file' WITH (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02', ENCODING 'LATIN1'), or use import_flat for rows of columns.")));
	im->lines_total = rel->rd_rel->reltuples > 0 ? (int64) rel->rd_rel->reltuples : 0;
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s FROM %s", quote_identifier(line_column), quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)), RelationGetRelationName(rel)));
	s->numbered = number_column != NULL;
	if (number_column)
		appendStringInfo(&sql, " ORDER BY %s", quote_identifier(number_column));
	relation_close(rel, NoLock);

	/* the first lines tell delimiter and columns; then it is read again from the begin */
	for (int pass = 0; pass < 2; pass++)
	{
		SPIPlanPtr	plan = SPI_prepare(sql.data, 0, NULL);
		const char *p;
		size_t		n;

		if (plan == NULL)
			elog(ERROR, "could not prepare the reading of lines");
		s->portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
		s->line_no = 0;
		s->count = s->at = 0;
		s->rows = NULL;
		s->rest = NULL;
		if (pass == 1)
			break;
		while (samples < 40 && next_line(s, &p, &n))
		{
			char	   *copy;

			if (s->line_no <= s->skip)
				continue;
			if (n > 0 && p[n - 1] == '\r')
				n--;
			if (!to_utf8(s, &p, &n) && samples == 0)
				ereport(ERROR, (errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE), errmsg("the first line is not of the stated encoding")));
			if (n == 0 && samples == 0)
				continue;
			copy = palloc(n + 1);
			memcpy(copy, p, n);
			sample[samples] = copy;
			sizes[samples++] = n;
		}
		if (s->rows)
			SPI_freetuptable(s->rows);
		SPI_cursor_close(s->portal);
	}
	if (s->format.delimiter == '\0')
		s->format.delimiter = csv_sniff(sample, sizes, samples, s->format.quote);

	if ((k = option(format, "columns")) != NULL)
	{
		uint32		n = JsonContainerSize(k->val.binary.data);

		im->columns.name = palloc0(sizeof(char *) * (n + 1));
		for (uint32 i = 0; i < n; i++)
		{
			JsonbValue *v = getIthJsonbValueFromContainer(k->val.binary.data, i);

			if (v->type != jbvString)
				bad_option("columns", "must be an array of names");
			im->columns.name[i] = pnstrdup(v->val.string.val, v->val.string.len);
		}
		name_columns(im, (int) n);
	}
	else
	{
		static CsvField fields[CSV_MAX_FIELDS];
		int			count = 0;
		StringInfoData head;
		char	   *out = NULL;
		int			used = 0;

		initStringInfo(&head);
		/* a header may hold line breaks inside quotes, too */
		while (used < samples)
		{
			if (used > 0)
				appendStringInfoChar(&head, '\n');
			appendBinaryStringInfo(&head, sample[used], (int) sizes[used]);
			used++;
			out = palloc(head.len + 1);
			if (csv_split(head.data, head.len, &s->format, false, out, fields, CSV_MAX_FIELDS, &count) != CSV_OPEN)
				break;
		}
		im->columns.name = palloc0(sizeof(char *) * (count + 1));
		for (int i = 0; s->header && i < count; i++)
		{
			Cell		c;
			const char *p = out + fields[i].at;
			size_t		n = fields[i].size;

			if (!field_text(p, n, &c))
				ereport(ERROR, (errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE), errmsg("the header holds bytes that are of no encoding in question")));
			cell_trim(&c.text, &c.size);
			im->columns.name[i] = pnstrdup(c.text, c.size);
		}
		while (s->header && count > 1 && im->columns.name[count - 1][0] == '\0')
			count--;			/* a delimiter at the end of each line */
		name_columns(im, count);
	}
	im->columns.typed = palloc0(sizeof(bool) * (im->columns.count + 1));
	{
		JsonbParseState *state = NULL;
		JsonbValue	key,
					v;
		static const char *const names[] = {"delimiter", "quote", "escape"};
		char	   *from[] = {&s->format.delimiter, &s->format.quote, &s->format.escape};

		pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		key.type = v.type = jbvString;
		for (int i = 0; i < 3; i++)
		{
			key.val.string.val = unconstify(char *, names[i]);
			key.val.string.len = (int) strlen(names[i]);
			pushJsonbValue(&state, WJB_KEY, &key);
			v.val.string.val = from[i];
			v.val.string.len = *from[i] ? 1 : 0;
			pushJsonbValue(&state, WJB_VALUE, &v);
		}
		key.val.string.val = "short_lines";
		key.val.string.len = 11;
		pushJsonbValue(&state, WJB_KEY, &key);
		v.type = jbvBool;
		v.val.boolean = s->short_lines;
		pushJsonbValue(&state, WJB_VALUE, &v);
		v.type = jbvString;
		key.val.string.val = "columns";
		key.val.string.len = 7;
		pushJsonbValue(&state, WJB_KEY, &key);
		pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
		for (int i = 0; i < im->columns.count; i++)
		{
			v.val.string.val = im->columns.name[i];
			v.val.string.len = (int) strlen(im->columns.name[i]);
			pushJsonbValue(&state, WJB_ELEM, &v);
		}
		pushJsonbValue(&state, WJB_END_ARRAY, NULL);
		return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	}
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
			if (!field_text(p, n, &im->cells[i]) && bad < 0)
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
	while (next_line(s, &p, &n))
	{
		if (s->line_no <= s->skip)
			continue;
		if (!to_utf8(s, &p, &n))
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
