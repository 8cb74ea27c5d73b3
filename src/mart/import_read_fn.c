/*
 * import_read_fn.c: where rows come from: a relation (import_flat), or the rejects of an import that were corrected (import_replay). The
 * relation is read with the caller's rights, row security included, in its physical order.
 */
#include "import_private.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#define FETCH 1000

/* The texts of a column: its own bytes for texts, the output function's for others. */
typedef struct ColumnReader
{
	bool		is_text;
	FmgrInfo	output;
} ColumnReader;

void
import_relation_columns(Import *im, Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	SourceColumns *c = &im->columns;

	if (strchr("rvmpf", rel->rd_rel->relkind) == NULL)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is not a relation that can be read", RelationGetRelationName(rel)),
						errhint("Name a table, a view or a foreign table.")));
	c->count = 0;
	c->name = palloc0(sizeof(char *) * (desc->natts + 1));
	c->typed = palloc0(sizeof(bool) * (desc->natts + 1));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute a = TupleDescAttr(desc, i);
		char		category;
		bool		preferred;

		if (a->attisdropped)
			continue;
		get_type_category_preferred(getBaseType(a->atttypid), &category, &preferred);
		c->name[c->count] = pstrdup(NameStr(a->attname));
		/* the server's own form of dates, numbers and booleans, whatever the mapping says of texts */
		c->typed[c->count] = category == TYPCATEGORY_DATETIME || category == TYPCATEGORY_NUMERIC || category == TYPCATEGORY_BOOLEAN;
		c->count++;
	}
	im->lines_total = rel->rd_rel->reltuples > 0 ? (int64) rel->rd_rel->reltuples : 0;
	relation_close(rel, NoLock);
}

void
import_read_relation(Import *im, Oid relid)
{
	char	   *name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)), get_rel_name(relid));
	SPIPlanPtr	plan = SPI_prepare(psprintf("SELECT * FROM %s", name), 0, NULL);
	Portal		portal;
	ColumnReader *reader = palloc0(sizeof(ColumnReader) * (im->columns.count + 1));
	Datum	   *value = palloc(sizeof(Datum) * (im->columns.count + 1));
	bool	   *null = palloc(sizeof(bool) * (im->columns.count + 1));
	bool		ready = false;

	if (plan == NULL)
		elog(ERROR, "could not prepare the reading of %s", name);
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	for (;;)
	{
		SPITupleTable *rows;

		SPI_cursor_fetch(portal, true, FETCH);
		rows = SPI_tuptable;
		if (SPI_processed == 0)
			break;
		if (!ready)
		{
			for (int i = 0; i < im->columns.count; i++)
			{
				Oid			type = getBaseType(TupleDescAttr(rows->tupdesc, i)->atttypid);
				Oid			function;
				bool		is_varlena;

				reader[i].is_text = type == TEXTOID || type == VARCHAROID;
				getTypeOutputInfo(TupleDescAttr(rows->tupdesc, i)->atttypid, &function, &is_varlena);
				fmgr_info_cxt(function, &reader[i].output, im->context);
			}
			ready = true;
		}
		for (uint64 r = 0; r < SPI_processed; r++)
		{
			MemoryContext old = MemoryContextSwitchTo(im->row_context);

			heap_deform_tuple(rows->vals[r], rows->tupdesc, value, null);
			for (int i = 0; i < im->columns.count; i++)
			{
				Datum		d = value[i];
				Cell	   *c = &im->cells[i];

				if (null[i])
				{
					c->text = NULL;
					c->size = 0;
				}
				else if (reader[i].is_text)
				{
					text	   *t = DatumGetTextPP(d);

					c->text = VARDATA_ANY(t);
					c->size = VARSIZE_ANY_EXHDR(t);
				}
				else
				{
					c->text = OutputFunctionCall(&reader[i].output, d);
					c->size = strlen(c->text);
				}
			}
			MemoryContextSwitchTo(old);
			im->line_no++;
			im->raw = NULL;
			import_row(im);
		}
		SPI_freetuptable(rows);
	}
	SPI_cursor_close(portal);
}

/* The columns of an import that is replayed, as the import stored them. */
void
import_columns_stored(Import *im, Jsonb *format)
{
	JsonbValue *list = format ? getKeyJsonValueFromContainer(&format->root, "columns", 7, NULL) : NULL;
	JsonbValue *typed = format ? getKeyJsonValueFromContainer(&format->root, "typed", 5, NULL) : NULL;
	uint32		n;

	if (list == NULL || list->type != jbvBinary)
		ereport(ERROR, (errcode(CRMSEG_BAD_MART), errmsg("the import does not say which columns it read")));
	n = JsonContainerSize(list->val.binary.data);
	im->columns.count = (int) n;
	im->columns.name = palloc0(sizeof(char *) * (n + 1));
	im->columns.typed = palloc0(sizeof(bool) * (n + 1));
	for (uint32 i = 0; i < n; i++)
	{
		JsonbValue *v = getIthJsonbValueFromContainer(list->val.binary.data, i);

		im->columns.name[i] = v->type == jbvString ? pnstrdup(v->val.string.val, v->val.string.len) : NULL;
		if (typed && typed->type == jbvBinary && i < JsonContainerSize(typed->val.binary.data))
		{
			v = getIthJsonbValueFromContainer(typed->val.binary.data, i);
			im->columns.typed[i] = v->type == jbvBool && v->val.boolean;
		}
	}
}

/* Sets the cells from {"column": "text", ...}; false: it is not that. */
static bool
cells_of_json(Import *im, const char *raw)
{
	Jsonb	   *json;
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken t;
	int			column = -1;
	int			depth = 0;

	if (raw[0] != '{')
		return false;
	json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(raw)));
	memset(im->cells, 0, sizeof(Cell) * im->columns.count);
	it = JsonbIteratorInit(&json->root);
	while ((t = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (t == WJB_BEGIN_OBJECT)
			depth++;
		else if (t == WJB_KEY && depth == 1)
		{
			column = -1;
			for (int i = 0; i < im->columns.count; i++)
				if (im->columns.name[i] && strlen(im->columns.name[i]) == v.val.string.len && memcmp(im->columns.name[i], v.val.string.val, v.val.string.len) == 0)
					column = i;
			if (column < 0)
				ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("the corrected line " INT64_FORMAT " names column \"%s\", which the import did not read",
																		  im->line_no, pnstrdup(v.val.string.val, v.val.string.len))));
		}
		else if (t == WJB_VALUE && column >= 0)
		{
			Cell	   *c = &im->cells[column];

			if (v.type == jbvString)
			{
				c->text = v.val.string.val;
				c->size = v.val.string.len;
			}
			else if (v.type == jbvNumeric)
			{
				c->text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(v.val.numeric)));
				c->size = strlen(c->text);
			}
			else if (v.type == jbvBool)
			{
				c->text = v.val.boolean ? "true" : "false";
				c->size = strlen(c->text);
			}
		}
	}
	return true;
}

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

void
import_read_rejects(Import *im, bool csv, Jsonb *format)
{
	Oid			types[1] = {INT8OID};
	Datum		values[1];
	SPITupleTable *rows;
	uint64		n;
	CsvFormat	f = {';', '"', '"'};
	bool		short_lines = false;

	if (csv)
	{
		static const char *const keys[] = {"delimiter", "quote", "escape"};
		char	   *into[] = {&f.delimiter, &f.quote, &f.escape};
		JsonbValue *v;

		for (int i = 0; i < 3; i++)
			if ((v = getKeyJsonValueFromContainer(&format->root, keys[i], strlen(keys[i]), NULL)) != NULL && v->type == jbvString)
				*into[i] = v->val.string.len ? v->val.string.val[0] : '\0';
		v = getKeyJsonValueFromContainer(&format->root, "short_lines", 11, NULL);
		short_lines = v != NULL && v->type == jbvBool && v->val.boolean;
	}
	values[0] = Int64GetDatum(im->replay_of);
	if (SPI_execute_with_args(psprintf("SELECT r.line_no, r.raw, r.occurrence FROM %s.import_reject r WHERE r.import_id = $1 ORDER BY r.line_no", im->mart.quoted),
							  1, types, values, NULL, true, 0) < 0)
		elog(ERROR, "could not read the rejects");
	n = SPI_processed;
	rows = SPI_tuptable;
	for (uint64 i = 0; i < n; i++)
	{
		bool		null;
		MemoryContext old = MemoryContextSwitchTo(im->row_context);
		text	   *raw;
		const char *p;
		size_t		size;

		im->line_no = DatumGetInt64(SPI_getbinval(rows->vals[i], rows->tupdesc, 1, &null));
		raw = DatumGetTextPP(SPI_getbinval(rows->vals[i], rows->tupdesc, 2, &null));
		im->replay_nth = DatumGetInt32(SPI_getbinval(rows->vals[i], rows->tupdesc, 3, &null));
		if (im->replay_nth == 0)
			im->replay_nth = -1;
		p = VARDATA_ANY(raw);
		size = VARSIZE_ANY_EXHDR(raw);
		if (!csv)
		{
			im->raw = NULL;
			if (!cells_of_json(im, pnstrdup(p, size)))
				ereport(ERROR, (errcode(CRMSEG_BAD_TEXT), errmsg("the corrected line " INT64_FORMAT " of import_reject is not a JSON object", im->line_no),
								errhint("Correct its column raw with care for the quotes, or with jsonb: raw = (raw::jsonb || '{\"column\": \"value\"}')::text.")));
			MemoryContextSwitchTo(old);
			import_row(im);
		}
		else
		{
			CsvReader  *r = csv_reader(&f, im->columns.count, short_lines, reallocate, im->row_context);
			CsvEvent	e;
			size_t		at = 0;

			while (at <= size)
			{
				const char *end = at < size ? memchr(p + at, '\n', size - at) : NULL;
				size_t		length = end ? (size_t) (end - p) - at : size - at;

				csv_push(r, 1, p + at, length);
				at += length + 1;
				if (at > size)
					break;
			}
			csv_end(r);
			e = csv_next(r);
			im->raw = p;
			im->raw_size = size;
			MemoryContextSwitchTo(old);
			if (e == CSV_RECORD)
			{
				for (int k = 0; k < im->columns.count; k++)
				{
					im->cells[k].text = NULL;
					if (k < csv_count(r))
						im->cells[k].text = csv_field(r, k, &im->cells[k].size);
				}
				import_row(im);
			}
			else
			{
				im->bad = false;
				im->nth = 0;
				im->lines_read++;
				old = MemoryContextSwitchTo(im->row_context);
				import_reject_line(im, NULL, "22P04", e == CSV_REJECT ? csv_reason_text(csv_reason(r)) : "nothing stands in the line");
				MemoryContextSwitchTo(old);
				MemoryContextReset(im->row_context);
			}
		}
	}
}
