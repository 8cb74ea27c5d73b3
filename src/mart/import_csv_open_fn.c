/*
 * import_csv_open_fn.c: what lines are: the column that holds them, their delimiter, encoding and header, from what the caller states and
 * from the first of them.
 */
#include "import_lines.h"

#include <unicode/ucnv.h>

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

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
close_converter(void *converter)
{
	ucnv_close(converter);
}

/* An encoding that ICU knows, with one line a line: not UTF-16 and its like. */
static bool
open_converter(LineSource *s, const char *name)
{
	UErrorCode	status = U_ZERO_ERROR;
	MemoryContextCallback *callback;

	s->converter = ucnv_open(name, &status);
	if (U_FAILURE(status) || s->converter == NULL)
	{
		s->converter = NULL;
		return false;
	}
	callback = palloc(sizeof(MemoryContextCallback));
	callback->func = close_converter;
	callback->arg = s->converter;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
	ucnv_setToUCallBack(s->converter, UCNV_TO_U_CALLBACK_STOP, NULL, NULL, NULL, &status);
	return U_SUCCESS(status) && ucnv_getMinCharSize(s->converter) == 1;
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
			if (s->encoding < 0 && open_converter(s, name))
				s->encoding = PG_SQL_ASCII;
			else if (s->encoding < 0)
				ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("format: \"%s\" is not an encoding that the server knows", name),
								errhint("Such as UTF8, LATIN1, WIN1252, WIN1250, CP850, macintosh, SJIS, or \"auto\" for UTF-8 and WIN1252 mixed.")));
			if (s->encoding != PG_UTF8 && s->converter == NULL)
			{
				s->conversion = FindDefaultConversionProc(s->encoding, PG_UTF8);
				if (!OidIsValid(s->conversion))
					ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("format: the server has no conversion from \"%s\" to UTF8", name)));
			}
		}
	}
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
		while (samples < 40 && import_next_line(s, &p, &n))
		{
			char	   *copy;

			if (s->line_no <= s->skip)
				continue;
			if (n > 0 && p[n - 1] == '\r')
				n--;
			if (!import_line_to_utf8(s, &p, &n) && samples == 0)
				ereport(ERROR, (errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE), errmsg("the first line is not of the stated encoding")));
			if (n == 0 && samples == 0)
				continue;
			/* what Excel writes before the header to say what its delimiter is */
			if (samples == 0 && n == 5 && memcmp(p, "sep=", 4) == 0)
			{
				if (s->format.delimiter == '\0')
					s->format.delimiter = p[4];
				s->skip = s->line_no;
				continue;
			}
			copy = palloc(n + 1);
			memcpy(copy, p, n);
			sample[samples] = copy;
			sizes[samples++] = n;
		}
		if (s->rows)
			SPI_freetuptable(s->rows);
		SPI_cursor_close(s->portal);
	}
	/* whole lines say more of their character set than a field does */
	for (int i = 0; i < samples && s->encoding < 0; i++)
		if (!utf8_valid(sample[i], sizes[i]))
		{
			size_t		k;

			legacy_to_utf8(sample[i], sizes[i], &s->usual, palloc(sizes[i] * 3 + 1), &k);
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

			if (!import_field_bytes(s, p, n, &c))
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
