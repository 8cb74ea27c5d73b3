/*
 * reverse_row_fn.c: a row as the index over predicates takes it: the key or number of each value. What depends on the instant asked for is read
 * in reverse_time_fn.c.
 */
#include "reverse_fn.h"

#include <limits.h>
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/formatting.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"

extern Datum crmseg_trait_number(PG_FUNCTION_ARGS);
extern Datum crmseg_trait_date(PG_FUNCTION_ARGS);

/* the value of a key of a document, or NULL */
static JsonbValue *
document_value(const part *p, Jsonb *j, JsonbValue *room)
{
	JsonbValue *v = room;

	if (p->keys == 0)
	{
		if (!JB_ROOT_IS_SCALAR(j) || !JsonbExtractScalar(&j->root, v))
		{
			v->type = jbvBinary;
			v->val.binary.data = &j->root;
			v->val.binary.len = VARSIZE(j) - VARHDRSZ;
		}
		return v;
	}
	if (JB_ROOT_IS_SCALAR(j))
		return NULL;
	v->type = jbvBinary;
	v->val.binary.data = &j->root;
	for (int i = 0; i < p->keys && v; i++)
	{
		JsonbContainer *c;

		if (v->type != jbvBinary)
			return NULL;
		c = v->val.binary.data;
		if (JsonContainerIsObject(c))
			v = getKeyJsonValueFromContainer(c, p->key[i], strlen(p->key[i]), NULL);
		else if (JsonContainerIsArray(c) && !p->flat)
		{
			char	   *end;
			long		at;

			errno = 0;
			at = strtol(p->key[i], &end, 10);
			if (end == p->key[i] || *end || errno || at > INT_MAX || at < INT_MIN)
				return NULL;
			if (at < 0)
				at += JsonContainerSize(c);
			v = at < 0 ? NULL : getIthJsonbValueFromContainer(c, (uint32) at);
		}
		else
			return NULL;
	}
	return v;
}

static void
code(segment_given *d, uint32 value)
{
	uint32	   *v = palloc(sizeof(uint32));

	*v = value;
	d->n = 1;
	d->value = v;
}

static void
number(segment_given *d, Numeric n)
{
	segment_bound b;

	reverse_bound_of_numeric(n, &b);
	d->key = b.key;
	d->exact = b.exact;
}

static void
set_of_array(segment_given *d, segment_index *ix, int part_no, ArrayType *a, Oid element)
{
	Datum	   *item;
	bool	   *isnull;
	int			n;
	uint32	   *value;

	deconstruct_array(a, element, -1, false, TYPALIGN_INT, &item, &isnull, &n);
	value = palloc(sizeof(uint32) * Max(1, n));
	for (int i = 0; i < n; i++)
		if (!isnull[i])
		{
			uint32		number = segment_index_value(ix, part_no, VARDATA_ANY(DatumGetPointer(item[i])), VARSIZE_ANY_EXHDR(DatumGetPointer(item[i])), false);

			if (number)
				value[d->n++] = number;
		}
	d->value = value;
}

static void
set_of_document(segment_given *d, segment_index *ix, int part_no, JsonbValue *v)
{
	uint32	   *value;
	JsonbIterator *it;
	JsonbValue	e;
	JsonbIteratorToken t;
	bool		object;
	uint32		number;

	if (v->type == jbvString)
	{
		value = palloc(sizeof(uint32));
		number = segment_index_value(ix, part_no, v->val.string.val, v->val.string.len, false);
		if (number)
			value[d->n++] = number;
		d->value = value;
		return;
	}
	if (v->type != jbvBinary)
		return;
	object = JsonContainerIsObject(v->val.binary.data);
	value = palloc(sizeof(uint32) * Max(1, JsonContainerSize(v->val.binary.data)));
	it = JsonbIteratorInit(v->val.binary.data);
	while ((t = JsonbIteratorNext(&it, &e, true)) != WJB_DONE)
		if ((object ? t == WJB_KEY : t == WJB_ELEM) && e.type == jbvString)
		{
			number = segment_index_value(ix, part_no, e.val.string.val, e.val.string.len, false);
			if (number)
				value[d->n++] = number;
		}
	d->value = value;
}

/* which patterns hold of a text; those that were named since the last are compiled */
static void
patterns_of(segment_given *d, reverse_index *r, int part_no, const char *data, Size len)
{
	part	   *p = &r->part[part_no];
	Oid			collation = reverse_collation(r, p);
	uint32		named = segment_index_values(r->ix, part_no);
	uint32	   *found;

	if (!p->patterns)
		p->patterns = segment_patterns_new(reverse_realloc, r->context, GetDatabaseEncoding() == PG_UTF8);
	while (segment_patterns_count(p->patterns) < named)
	{
		uint32		number = segment_patterns_count(p->patterns) + 1;
		size_t		n;
		const char *pattern = segment_index_value_name(r->ix, part_no, number, &n);

		if (p->kind == PART_ILIKE)
		{
			pattern = str_tolower(pattern, n, collation);
			n = strlen(pattern);
		}
		segment_patterns_add(p->patterns, number, pattern, n);
	}
	if (p->kind == PART_ILIKE)
	{
		data = str_tolower(data, len, collation);
		len = strlen(data);
	}
	found = palloc(sizeof(uint32) * Max(1, named));
	d->n = segment_patterns_match(p->patterns, data, len, found);
	d->value = found;
}

static void
text_value(segment_given *d, reverse_index *r, int part_no, const char *data, Size len)
{
	part	   *p = &r->part[part_no];

	switch (p->kind)
	{
		case PART_PRESENT:
			code(d, 1);
			break;
		case PART_LIKE:
		case PART_ILIKE:
			patterns_of(d, r, part_no, data, len);
			break;
		case PART_ORDER:
			d->exact = reverse_exact_text(reverse_collation(r, p), data, len);
			break;
		default:
			code(d, segment_index_value(r->ix, part_no, data, len, false));
	}
}

static void
read_document(reverse_index *r, int part_no, Jsonb *j, segment_given *d, vocabulary *v, TimestampTz now)
{
	part	   *p = &r->part[part_no];
	JsonbValue	room,
			   *value = document_value(p, j, &room);
	char	   *text;
	int			len;

	if (!value)
	{
		d->is_null = true;
		return;
	}
	switch (p->document)
	{
		case DOCUMENT_SET:
			set_of_document(d, r->ix, part_no, value);
			return;
		case DOCUMENT_NUMBER:
		case DOCUMENT_DATE:
			if (value->type == jbvNumeric && p->document == DOCUMENT_NUMBER)
			{
				number(d, value->val.numeric);
				return;
			}
			if (value->type == jbvString)
			{
				LOCAL_FCINFO(fcinfo, 1);
				Datum		result;

				InitFunctionCallInfoData(*fcinfo, NULL, 1, InvalidOid, NULL, NULL);
				fcinfo->args[0].value = JsonbPGetDatum(JsonbValueToJsonb(value));
				fcinfo->args[0].isnull = false;
				result = p->document == DOCUMENT_NUMBER ? crmseg_trait_number(fcinfo) : crmseg_trait_date(fcinfo);
				if (!fcinfo->isnull)
				{
					if (p->document == DOCUMENT_NUMBER)
						number(d, DatumGetNumeric(result));
					else if (p->kind == PART_WINDOWS)
						reverse_windows_of(d, r, part_no, DatumGetDateADT(result), v, now);
					else
						d->key = reverse_key_of_int(DatumGetDateADT(result));
					return;
				}
			}
			d->is_null = true;
			return;
		case DOCUMENT_FLAG:
			if (value->type != jbvBool)
				d->is_null = true;
			else
				code(d, value->val.boolean ? 2 : 1);
			return;
		default:
			break;
	}
	switch (value->type)
	{
		case jbvNull:
			d->is_null = true;
			return;
		case jbvString:
			text = value->val.string.val;
			len = value->val.string.len;
			break;
		case jbvBool:
			text = value->val.boolean ? "true" : "false";
			len = strlen(text);
			break;
		case jbvNumeric:
			text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
			len = strlen(text);
			break;
		default:
			text = JsonbToCString(NULL, value->val.binary.data, value->val.binary.len);
			len = strlen(text);
	}
	text_value(d, r, part_no, text, len);
}

void
reverse_read_part(reverse_index *r, int i, Datum x, bool isnull, segment_given *d, vocabulary *v, TimestampTz now)
{
	part	   *p = &r->part[i];
	Oid			type;

	memset(d, 0, sizeof(*d));
	d->is_null = isnull;
	if (isnull)
		return;
	if (p->document != NO_DOCUMENT)
	{
		read_document(r, i, DatumGetJsonbP(x), d, v, now);
		return;
	}
	type = getBaseType(TupleDescAttr(r->desc, p->column)->atttypid);
	switch (p->kind)
	{
		case PART_PRESENT:
			code(d, 1);
			break;
		case PART_NUMBER:
			switch (type)
			{
				case INT2OID:
					d->key = reverse_key_of_double(DatumGetInt16(x));
					break;
				case INT4OID:
					d->key = reverse_key_of_double(DatumGetInt32(x));
					break;
				case INT8OID:
					if (DatumGetInt64(x) < INT64CONST(1000000000000000) && DatumGetInt64(x) > -INT64CONST(1000000000000000))
						d->key = reverse_key_of_double((double) DatumGetInt64(x));
					else
						number(d, DatumGetNumeric(DirectFunctionCall1(int8_numeric, x)));
					break;
				case FLOAT4OID:
					d->key = reverse_key_of_double(DatumGetFloat4(x));
					break;
				case FLOAT8OID:
					d->key = reverse_key_of_double(DatumGetFloat8(x));
					break;
				default:
					number(d, DatumGetNumeric(x));
			}
			break;
		case PART_TEXT:
		case PART_LIKE:
		case PART_ILIKE:
		case PART_ORDER:
			if (type == NAMEOID)
				text_value(d, r, i, NameStr(*DatumGetName(x)), strlen(NameStr(*DatumGetName(x))));
			else
			{
				text	   *t = DatumGetTextPP(x);

				text_value(d, r, i, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
			}
			break;
		case PART_BOOL:
			code(d, DatumGetBool(x) ? 2 : 1);
			break;
		case PART_TIME:
			d->key = reverse_key_of_int(type == DATEOID ? DatumGetDateADT(x) : DatumGetInt64(x));
			break;
		case PART_SET:
			set_of_array(d, r->ix, i, DatumGetArrayTypeP(x), get_element_type(type));
			break;
		case PART_WINDOWS:
			reverse_windows_of(d, r, i, type == DATEOID ? DatumGetDateADT(x) : DatumGetInt64(x), v, now);
			break;
		case PART_BUCKET:
			{
				Oid			output;
				bool		varlena;
				char	   *key;

				getTypeOutputInfo(TupleDescAttr(r->desc, p->column)->atttypid, &output, &varlena);
				key = OidOutputFunctionCall(output, x);
				d->key = reverse_key_of_int(segment_bucket(key, strlen(key), p->seed, strlen(p->seed)));
				break;
			}
	}
}

void
reverse_read_row(reverse_index *r, HeapTuple tuple, vocabulary *v, TimestampTz now)
{
	int			n = r->desc->natts;
	Datum	   *value = r->value = palloc(sizeof(Datum) * n);
	bool	   *isnull = r->isnull = palloc(sizeof(bool) * n);

	if (tuple)
		heap_deform_tuple(tuple, r->desc, value, isnull);
	else
		memset(isnull, true, n * sizeof(bool));
	for (int i = 0; i < r->parts; i++)
		reverse_read_part(r, i, value[r->part[i].column], isnull[r->part[i].column], &r->datum[i], v, now);
}
