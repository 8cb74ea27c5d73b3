/*
 * reverse_part_fn.c: what the attributes of the index over predicates are in a row: a column, or a key of a document in one, read as a number, a
 * text, a time, a set. Numbers become keys that ascend with them, and an exact value where a double does not say all.
 */
#include "reverse_fn.h"

#include <math.h>
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

/* ---- numbers ---- */

uint64
reverse_key_of_double(double d)
{
	uint64		bits;

	if (isnan(d))
		return UINT64_MAX;
	if (d == 0)
		d = 0;					/* of either sign */
	memcpy(&bits, &d, sizeof(bits));
	return bits >> 63 ? ~bits : bits | UINT64CONST(1) << 63;
}

static double
double_of_key(uint64 key)
{
	uint64		bits = key >> 63 ? key & ~(UINT64CONST(1) << 63) : ~key;
	double		d;

	if (key == UINT64_MAX)
		return NAN;
	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* ---- exact values: a numeric, or a text with its collation, which begins as no numeric does ---- */

#define TEXT_MARK 0xE000

typedef struct exact_text
{
	int32		vl_len_;
	uint16		mark;
	uint16		unused;
	Oid			collation;
	char		data[FLEXIBLE_ARRAY_MEMBER];
} exact_text;

static bool
is_exact_text(const void *exact)
{
	return exact && VARSIZE(exact) >= offsetof(exact_text, data) && ((const exact_text *) exact)->mark == TEXT_MARK;
}

void *
reverse_exact_text(Oid collation, const char *data, Size len)
{
	exact_text *t = palloc(offsetof(exact_text, data) + len);

	SET_VARSIZE(t, offsetof(exact_text, data) + len);
	t->mark = TEXT_MARK;
	t->unused = 0;
	t->collation = collation;
	memcpy(t->data, data, len);
	return t;
}

Oid
reverse_collation(const reverse_index *r, const part *p)
{
	return p->document != NO_DOCUMENT ? DEFAULT_COLLATION_OID : TupleDescAttr(r->desc, p->column)->attcollation;
}

/* texts, all of one collation; numbers that one double cannot tell apart: without an exact value a bound is its key's double itself */
int
reverse_compare(const segment_bound *a, const segment_bound *b)
{
	bool		text_a = is_exact_text(a->exact),
				text_b = is_exact_text(b->exact);
	Numeric		x = a->exact ? (Numeric) a->exact : NULL,
				y = b->exact ? (Numeric) b->exact : NULL;

	if (text_a && text_b)
	{
		const exact_text *s = a->exact,
				   *t = b->exact;

		return varstr_cmp(s->data, VARSIZE(s) - offsetof(exact_text, data), t->data, VARSIZE(t) - offsetof(exact_text, data), s->collation);
	}
	if (text_a || text_b)
		return (int) text_a - (int) text_b; /* in a damaged image only */
	if (!x)
		x = DatumGetNumeric(DirectFunctionCall1(float8_numeric, Float8GetDatum(double_of_key(a->key))));
	if (!y)
		y = DatumGetNumeric(DirectFunctionCall1(float8_numeric, Float8GetDatum(double_of_key(b->key))));
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(x), NumericGetDatum(y)));
}

/* float8_numeric keeps 15 digits only: whole numbers up to 2^53 are the doubles that stand for themselves */
static bool
is_plain(double d)
{
	return isnan(d) || (fabs(d) <= 9007199254740992.0 && d == rint(d) && fabs(d) < 1e15);
}

void
reverse_bound_of_numeric(Numeric n, segment_bound *b)
{
	double		d = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(n)));

	b->key = reverse_key_of_double(d);
	b->exact = isinf(d) ? (numeric_is_inf(n) ? NULL : n) :
		is_plain(d) && (isnan(d) ||
							   DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(n), DirectFunctionCall1(int8_numeric, Int64GetDatum((int64) d)))) == 0) ? NULL : n;
}

static size_t
exact_size(const void *exact)
{
	return VARSIZE(exact);
}

/* a text, or a numeric as the server keeps it in memory, as far as it looks into it: a header of two or four bytes, then digits */
static bool
exact_valid(const void *data, size_t size)
{
	uint16		header;

	if (size < VARHDRSZ + sizeof(uint16) || !VARATT_IS_4B_U(data) || VARSIZE(data) != size)
		return false;
	memcpy(&header, VARDATA(data), sizeof(header));
	if (header == TEXT_MARK)
		return is_exact_text(data) && SearchSysCacheExists1(COLLOID, ObjectIdGetDatum(((const exact_text *) data)->collation));
	if (size % 2)
		return false;
	return header & 0x8000 || size >= VARHDRSZ + 2 * sizeof(uint16);
}

const segment_exact_kind reverse_exact = {reverse_compare, exact_size, exact_valid};

bool
reverse_is_text(Oid type)
{
	return type == TEXTOID || type == VARCHAROID || type == NAMEOID;
}

/* ---- parts ---- */

segment_attribute_form
reverse_form(part_kind kind)
{
	switch (kind)
	{
		case PART_NUMBER:
		case PART_TIME:
		case PART_BUCKET:
		case PART_ORDER:
			return SEGMENT_ORDERED;
		case PART_SET:
		case PART_WINDOWS:
		case PART_LIKE:
		case PART_ILIKE:
			return SEGMENT_SET;
		default:
			return SEGMENT_CODE;
	}
}

int
reverse_part(reverse_index *r, part_kind kind, const part *like)
{
	part	   *p;

	for (int i = 0; i < r->parts; i++)
	{
		p = &r->part[i];
		if (p->kind == kind && p->document == like->document && p->column == like->column && p->keys == like->keys && p->flat == like->flat &&
			strcmp(p->joined, like->joined) == 0 && (kind != PART_BUCKET || strcmp(p->seed, like->seed) == 0))
			return i;
	}
	if (r->parts >= SEGMENT_INDEX_ATTRIBUTES - 1)
		return -1;
	if (r->parts == r->part_room)
	{
		r->part_room = r->part_room ? r->part_room * 2 : 32;
		r->part = r->part ? repalloc(r->part, r->part_room * sizeof(part)) : MemoryContextAlloc(r->context, r->part_room * sizeof(part));
	}
	p = &r->part[r->parts];
	*p = *like;
	p->kind = kind;
	p->key = MemoryContextAlloc(r->context, sizeof(char *) * Max(1, like->keys));
	for (int i = 0; i < like->keys; i++)
		p->key[i] = MemoryContextStrdup(r->context, like->key[i]);
	p->joined = MemoryContextStrdup(r->context, like->joined);
	p->seed = like->seed ? MemoryContextStrdup(r->context, like->seed) : NULL;
	p->windows = p->window_room = 0;
	p->window = NULL;
	p->patterns = NULL;
	p->at = DT_NOBEGIN;
	return segment_index_attribute(r->ix, reverse_form(kind)), r->parts++;
}

bool
reverse_locate(reverse_index *r, const segment_node *attribute, const segment_reference *ref, part *p)
{
	TupleDesc	desc = r->desc;

	memset(p, 0, sizeof(*p));
	p->joined = "";
	p->class = ref->class;
	p->type = getBaseType(ref->type);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute a = TupleDescAttr(desc, i);
		char	   *column;

		if (a->attisdropped)
			continue;
		column = psprintf(SEGMENT_ROW ".%s", quote_identifier(NameStr(a->attname)));
		p->column = i;
		if (strcmp(ref->sql, column) == 0)
		{
			p->keys = 0;
			return true;
		}
		/* keys of a document: (column OPERATOR(->) 'a.b') or (column OPERATOR(#>) ARRAY['a', 'b']) */
		if (getBaseType(a->atttypid) == JSONBOID && ref->class == CLASS_JSON && strncmp(ref->sql + 1, column, strlen(column)) == 0)
		{
			bool		of_traits = strcmp(NameStr(a->attname), attribute->part[0].data) != 0;
			int			first = of_traits ? 0 : 1;
			StringInfoData flat,
						path;

			initStringInfo(&flat);
			initStringInfo(&path);
			appendStringInfo(&path, "(%s OPERATOR(pg_catalog.#>) ARRAY[", column);
			for (int k = first; k < attribute->parts; k++)
			{
				appendStringInfo(&flat, "%s%s", k > first ? "." : "", attribute->part[k].data);
				appendStringInfo(&path, "%s%s", k > first ? ", " : "", quote_literal_cstr(attribute->part[k].data));
			}
			appendStringInfoString(&path, "])");
			p->joined = flat.data;
			if (strcmp(ref->sql, psprintf("(%s OPERATOR(pg_catalog.->) %s)", column, quote_literal_cstr(flat.data))) == 0)
			{
				p->flat = true;
				p->keys = 1;
				p->key = palloc(sizeof(char *));
				p->key[0] = flat.data;
				return true;
			}
			if (strcmp(ref->sql, path.data) == 0)
			{
				p->keys = attribute->parts - first;
				p->key = palloc(sizeof(char *) * p->keys);
				for (int k = 0; k < p->keys; k++)
					p->key[k] = pstrdup(attribute->part[first + k].data);
				return true;
			}
		}
	}
	return false;
}

bool
reverse_located(reverse_index *r, segment_scope *scope, const segment_node *attribute, segment_reference *ref, part *p)
{
	char		name[256] = "";
	size_t		len = 0;
	reverse_name *known = NULL;
	bool		found;
	MemoryContext old;

	for (int i = 0; i < attribute->parts; i++)
	{
		size_t		n = attribute->part[i].len;

		if (len + n + 2 > sizeof(name))
		{
			*ref = segment_resolve(scope, attribute);
			return reverse_locate(r, attribute, ref, p);
		}
		/* a byte that no name holds, so that "a.b" is not a.b */
		if (i)
			name[len++] = 1;
		memcpy(name + len, attribute->part[i].data, n);
		name[len += n] = 0;
	}
	known = hash_search(r->names, name, HASH_FIND, NULL);
	if (!known)
	{
		*ref = segment_resolve(scope, attribute);
		old = MemoryContextSwitchTo(r->context);
		found = reverse_locate(r, attribute, ref, p);
		known = hash_search(r->names, name, HASH_ENTER, NULL);
		known->located = found;
		known->ref = *ref;
		known->ref.sql = known->ref.from = known->ref.on = NULL;
		known->like = *p;
		MemoryContextSwitchTo(old);
	}
	*ref = known->ref;
	*p = known->like;
	return known->located;
}
