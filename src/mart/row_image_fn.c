/*
 * row_image_fn.c: row_image(row) for SQL: a row as a JSON object, for what a merge must be able to bring back; row_image(row, other) only
 * the columns in which the other row of the same type differs. Rows come from a merge's statements (76_merge.sql), images go to
 * party_undo and come back by jsonb_populate_record. NULLs are left out, but for columns with a default, which would else come back with
 * it. Types are looked up once a statement: to_jsonb() does it for every value, four fifths of its time.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(crmseg_row_image);
PG_FUNCTION_INFO_V1(crmseg_row_difference);

typedef struct ImageCache
{
	Oid			type;
	int32		typmod;
	TupleDesc	desc;
	FmgrInfo   *out;			/* one an attribute */
	MemoryContext row_context;	/* what one row takes */
} ImageCache;

static ImageCache *
image_cache(FunctionCallInfo fcinfo, HeapTupleHeader row)
{
	Oid			type = HeapTupleHeaderGetTypeId(row);
	int32		typmod = HeapTupleHeaderGetTypMod(row);
	ImageCache *c = fcinfo->flinfo->fn_extra;
	MemoryContext old;

	if (c && c->type == type && c->typmod == typmod)
		return c;
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	c = palloc0(sizeof *c);
	c->type = type;
	c->typmod = typmod;
	c->desc = lookup_rowtype_tupdesc_copy(type, typmod);
	c->out = palloc0(Max(c->desc->natts, 1) * sizeof *c->out);
	for (int i = 0; i < c->desc->natts; i++)
	{
		Form_pg_attribute a = TupleDescAttr(c->desc, i);
		Oid			out;
		bool		is_varlena;

		if (a->attisdropped)
			continue;
		getTypeOutputInfo(a->atttypid, &out, &is_varlena);
		fmgr_info_cxt(out, &c->out[i], fcinfo->flinfo->fn_mcxt);
	}
	c->row_context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "row image", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = c;
	return c;
}

/* The values of a row; one of an older form of its table has fewer, the others are NULL. */
static void
values_of(HeapTupleHeader row, TupleDesc desc, Datum *values, bool *nulls)
{
	HeapTupleData tuple;

	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	heap_deform_tuple(&tuple, desc, values, nulls);
}

static void
push_value(JsonbParseState **state, ImageCache *c, int i, Datum value)
{
	Oid			type = TupleDescAttr(c->desc, i)->atttypid;
	JsonbValue	v;

	switch (type)
	{
		case BOOLOID:
			v.type = jbvBool;
			v.val.boolean = DatumGetBool(value);
			break;
		case INT2OID:
			v.type = jbvNumeric;
			v.val.numeric = int64_to_numeric(DatumGetInt16(value));
			break;
		case INT4OID:
			v.type = jbvNumeric;
			v.val.numeric = int64_to_numeric(DatumGetInt32(value));
			break;
		case INT8OID:
			v.type = jbvNumeric;
			v.val.numeric = int64_to_numeric(DatumGetInt64(value));
			break;
		case JSONBOID:
			{
				Jsonb	   *j = DatumGetJsonbP(value);

				if (JB_ROOT_IS_SCALAR(j))
					JsonbExtractScalar(&j->root, &v);
				else
				{
					v.type = jbvBinary;
					v.val.binary.data = &j->root;
					v.val.binary.len = VARSIZE(j) - VARHDRSZ;
				}
				break;
			}
		case TEXTOID:
			{
				text	   *t = DatumGetTextPP(value);

				v.type = jbvString;
				v.val.string.val = VARDATA_ANY(t);
				v.val.string.len = VARSIZE_ANY_EXHDR(t);
				break;
			}
		default:
			v.type = jbvString;
			v.val.string.val = OutputFunctionCall(&c->out[i], value);
			v.val.string.len = strlen(v.val.string.val);
	}
	pushJsonbValue(state, WJB_VALUE, &v);
}

static Datum
image(FunctionCallInfo fcinfo, HeapTupleHeader row, HeapTupleHeader other)
{
	ImageCache *c = image_cache(fcinfo, row);
	int			n = c->desc->natts;
	JsonbParseState *state = NULL;
	MemoryContext old = MemoryContextSwitchTo(c->row_context);
	Datum	   *values = palloc(2 * Max(n, 1) * sizeof *values);
	bool	   *nulls = palloc(2 * Max(n, 1) * sizeof *nulls);
	Jsonb	   *result;

	values_of(row, c->desc, values, nulls);
	if (other)
		values_of(other, c->desc, values + n, nulls + n);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < n; i++)
	{
		Form_pg_attribute a = TupleDescAttr(c->desc, i);
		JsonbValue	key;

		/* computed columns come back by themselves */
		if (a->attisdropped || a->attgenerated != '\0')
			continue;
		if (other ? nulls[i] == nulls[n + i] && (nulls[i] || datum_image_eq(values[i], values[n + i], a->attbyval, a->attlen))
			: nulls[i] && !a->atthasdef)
			continue;
		key.type = jbvString;
		key.val.string.val = NameStr(a->attname);
		key.val.string.len = strlen(NameStr(a->attname));
		pushJsonbValue(&state, WJB_KEY, &key);
		if (nulls[i])
		{
			JsonbValue	null = {.type = jbvNull};

			pushJsonbValue(&state, WJB_VALUE, &null);
		}
		else
			push_value(&state, c, i, values[i]);
	}
	result = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	MemoryContextSwitchTo(old);
	result = (Jsonb *) PG_DETOAST_DATUM_COPY(PointerGetDatum(result));
	MemoryContextReset(c->row_context);
	PG_RETURN_JSONB_P(result);
}

Datum
crmseg_row_image(PG_FUNCTION_ARGS)
{
	return image(fcinfo, PG_GETARG_HEAPTUPLEHEADER(0), NULL);
}

Datum
crmseg_row_difference(PG_FUNCTION_ARGS)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(0);
	HeapTupleHeader other = PG_GETARG_HEAPTUPLEHEADER(1);

	if (HeapTupleHeaderGetTypeId(row) != HeapTupleHeaderGetTypeId(other) || HeapTupleHeaderGetTypMod(row) != HeapTupleHeaderGetTypMod(other))
		ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("rows to compare must be of one type"));
	return image(fcinfo, row, other);
}

/* first_known: the state is the first input that is not NULL, which the server takes of a strict function by itself. */
PG_FUNCTION_INFO_V1(crmseg_first_known);

Datum
crmseg_first_known(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}
