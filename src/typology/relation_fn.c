/*
 * relation_fn.c: reads a relation once, with the rights of the caller, each row as numbers and as codes of categories. The query goes through
 * the server's executor, so privileges and row-level security hold, and views and partitions are read as tables are.
 */
#include "typology/relation.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "tcop/dest.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/cash.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "rfm/rfm.h"

enum {KIND_BOOL, KIND_INT2, KIND_INT4, KIND_INT8, KIND_FLOAT4, KIND_FLOAT8, KIND_NUMERIC, KIND_MONEY, KIND_DATE, KIND_TIMESTAMP, KIND_TIME, KIND_INTERVAL,
	KIND_TEXT, KIND_DATUM, KIND_OUTPUT};

#define TEXT_MAX 10000			/* bytes; a longer text is no category */
#define SLOTS 4096				/* more than twice CATEGORIES_MAX, a power of two */

/* the categories of a column in the order they were met: short values are their own key, of longer ones the key is a hash */
typedef struct category
{
	uint64		key;
	uint32		length;
	char	   *text;			/* of long values; NULL: the key is the value */
} category;

typedef struct category_table
{
	MemoryContext context;
	category	category[CATEGORIES_MAX];
	uint16		slot[SLOTS];	/* number of the category + 1 */
} category_table;

/* ---------- columns ---------- */

static int
kind_of(Oid type, int *readings)
{
	char		category;
	bool		preferred;

	*readings = AS_NUMBER;
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			*readings = AS_NUMBER | AS_CATEGORY;
			return type == INT2OID ? KIND_INT2 : type == INT4OID ? KIND_INT4 : KIND_INT8;
		case FLOAT4OID:
			return KIND_FLOAT4;
		case FLOAT8OID:
			return KIND_FLOAT8;
		case NUMERICOID:
			return KIND_NUMERIC;
		case CASHOID:
			return KIND_MONEY;
		case DATEOID:
			return KIND_DATE;
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return KIND_TIMESTAMP;
		case TIMEOID:
			return KIND_TIME;
		case INTERVALOID:
			return KIND_INTERVAL;
	}
	*readings = AS_CATEGORY;
	switch (type)
	{
		case BOOLOID:
			return KIND_BOOL;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			return KIND_TEXT;
		case JSONOID:
		case JSONBOID:
		case XMLOID:
		case BYTEAOID:
		case TSVECTOROID:
		case TSQUERYOID:
			break;
		default:
			get_type_category_preferred(type, &category, &preferred);
			if (category == TYPCATEGORY_ENUM)
				return KIND_DATUM;
			if (category != TYPCATEGORY_ARRAY && category != TYPCATEGORY_COMPOSITE && category != TYPCATEGORY_GEOMETRIC && category != TYPCATEGORY_RANGE &&
				category != TYPCATEGORY_PSEUDOTYPE)
				return KIND_OUTPUT;
	}
	*readings = 0;
	return 0;
}

static bool
may_read(Oid relid, AttrNumber number)
{
	return pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK || pg_attribute_aclcheck(relid, number, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

/*
 * The columns of a relation that can be read as numbers or categories and that the caller may read. must_have, when given, is an error when it is
 * not there or of a type that cannot be read, and is kept whether it may be read or not: the server then says so.
 */
table_reader *
table_reader_open(Oid relid, const char *must_have)
{
	table_reader *r = palloc0(sizeof(table_reader));
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	int			n;
	bool		found = false;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation with OID %u does not exist", relid)));
	n = ((Form_pg_class) GETSTRUCT(tuple))->relnatts;
	ReleaseSysCache(tuple);
	r->column = palloc0(sizeof(table_column) * (n + 1));
	for (int i = 1; i <= n; i++)
	{
		table_column *c = &r->column[r->columns];
		Form_pg_attribute att;
		bool		wanted;

		tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relid), Int16GetDatum(i));
		if (!HeapTupleIsValid(tuple))
			continue;
		att = (Form_pg_attribute) GETSTRUCT(tuple);
		wanted = must_have != NULL && strcmp(NameStr(att->attname), must_have) == 0;
		if (!att->attisdropped && (wanted || may_read(relid, i)))
		{
			c->type = getBaseType(att->atttypid);
			c->kind = kind_of(c->type, &c->readings);
			if (wanted && c->readings == 0)
				ereport(ERROR, (errcode(CRMSEG_TYPE_CLASH), errmsg("column \"%s\" is neither a number nor a category", must_have),
								errdetail("It is of type %s.", format_type_be(att->atttypid))));
			found |= wanted;
			if (c->readings != 0)
			{
				c->name = pstrdup(NameStr(att->attname));
				if (c->readings & AS_CATEGORY && c->kind != KIND_BOOL)
				{
					c->table = MemoryContextAllocZero(CurrentMemoryContext, sizeof(category_table));
					c->table->context = CurrentMemoryContext;
				}
				if (c->kind == KIND_BOOL)
					c->categories = 2;
				if (c->kind == KIND_OUTPUT || c->kind == KIND_DATUM)
				{
					Oid			output;
					bool		varlena;

					getTypeOutputInfo(c->type, &output, &varlena);
					c->output = palloc(sizeof(FmgrInfo));
					fmgr_info(output, c->output);
				}
				r->columns++;
			}
		}
		ReleaseSysCache(tuple);
	}
	if (must_have != NULL && !found)
		ereport(ERROR, (errcode(CRMSEG_UNKNOWN_NAME), errmsg("column \"%s\" of relation \"%s\" does not exist", must_have, get_rel_name(relid))));
	return r;
}

/* ---------- categories ---------- */

/* no category any more: too many values */
static int
give_up(table_column *c)
{
	c->readings &= ~AS_CATEGORY;
	return -1;
}

static int
code_of(table_column *c, uint64 key, const char *text, uint32 length)
{
	category_table *t = c->table;
	uint32		at;

	for (at = (uint32) ((key * UINT64CONST(0x9E3779B97F4A7C15)) >> 52);; at = (at + 1) & (SLOTS - 1))
	{
		const category *k;

		if (t->slot[at] == 0)
			break;
		k = &t->category[t->slot[at] - 1];
		if (k->key == key && k->length == length && (k->text == NULL || memcmp(k->text, text, length) == 0))
			return t->slot[at] - 1;
	}
	if (c->categories == ((c->readings & AS_NUMBER) ? WHOLE_MAX : CATEGORIES_MAX))
		return give_up(c);
	t->category[c->categories] = (category) {key, length, NULL};
	if (text != NULL && length > sizeof(key))
	{
		char	   *copy = MemoryContextAlloc(t->context, length);

		memcpy(copy, text, length);
		t->category[c->categories].text = copy;
	}
	t->slot[at] = c->categories + 1;
	return c->categories++;
}

static int
code_of_text(table_column *c, const char *text, size_t length)
{
	uint64		key = 0;

	if (length > TEXT_MAX)
		return give_up(c);
	if (length <= sizeof(key))
		memcpy(&key, text, length);
	else
		key = hash_bytes_extended((const unsigned char *) text, length, 0);
	return code_of(c, key, text, length);
}

/* the value of a category as text, palloc'd */
char *
table_reader_category(const table_column *c, int code)
{
	const category *k;
	char	   *text;

	if (c->kind == KIND_BOOL)
		return pstrdup(code ? "true" : "false");
	k = &c->table->category[code];
	if (c->readings & AS_NUMBER)
		return psprintf(INT64_FORMAT, (int64) k->key);
	if (c->kind == KIND_DATUM)
		return OutputFunctionCall(c->output, (Datum) k->key);
	text = palloc(k->length + 1);
	memcpy(text, k->text != NULL ? k->text : (const char *) &k->key, k->length);
	text[k->length] = '\0';
	return text;
}

bool
table_reader_names_rows(const table_column *c, int64 rows)
{
	return !(c->readings & AS_CATEGORY) || (!(c->readings & AS_NUMBER) && c->categories > WHOLE_MAX && c->categories > rows / 2);
}

/* ---------- rows ---------- */

static double
number_of_numeric(Numeric n)
{
	int64		value;
	int			scale;
	static const double power[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

	/* two exact numbers: one division is rounded once */
	if (rfm_decode_numeric((const unsigned char *) VARDATA_ANY(n), VARSIZE_ANY_EXHDR(n), &value, &scale) == RFM_OK && scale >= 0 && scale <= 22 &&
		value <= INT64CONST(1) << 53 && value >= -(INT64CONST(1) << 53))
		return (double) value / power[scale];
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(n)));
}

/* a value as a number, a code, or both */
static void
read_value(table_column *c, Datum d)
{
	double		v = NAN;

	switch (c->kind)
	{
		case KIND_BOOL:
			c->code = DatumGetBool(d);
			return;
		case KIND_INT2:
			v = DatumGetInt16(d);
			break;
		case KIND_INT4:
			v = DatumGetInt32(d);
			break;
		case KIND_INT8:
			v = (double) DatumGetInt64(d);
			break;
		case KIND_FLOAT4:
			v = DatumGetFloat4(d);
			break;
		case KIND_FLOAT8:
			v = DatumGetFloat8(d);
			break;
		case KIND_NUMERIC:
			v = number_of_numeric((Numeric) PG_DETOAST_DATUM_PACKED(d));
			break;
		case KIND_MONEY:
			v = (double) DatumGetCash(d) / 100;
			break;
		case KIND_DATE:
			if (!DATE_NOT_FINITE(DatumGetDateADT(d)))
				v = ((double) DatumGetDateADT(d) + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)) * SECS_PER_DAY;
			break;
		case KIND_TIMESTAMP:
			if (!TIMESTAMP_NOT_FINITE(DatumGetTimestamp(d)))
				v = ((double) DatumGetTimestamp(d) + (double) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY) / 1e6;
			break;
		case KIND_TIME:
			v = (double) DatumGetTimeADT(d) / 1e6;
			break;
		case KIND_INTERVAL:
			{
				const Interval *i = DatumGetIntervalP(d);

				v = (double) i->time / 1e6 + (double) i->day * SECS_PER_DAY + (double) i->month * (DAYS_PER_YEAR / MONTHS_PER_YEAR) * SECS_PER_DAY;
				break;
			}
		case KIND_TEXT:
			if (c->readings & AS_CATEGORY)
			{
				struct varlena *t = PG_DETOAST_DATUM_PACKED(d);

				c->code = code_of_text(c, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
			}
			return;
		case KIND_DATUM:
			if (c->readings & AS_CATEGORY)
				c->code = code_of(c, (uint64) d, NULL, 0);
			return;
		case KIND_OUTPUT:
			if (c->readings & AS_CATEGORY)
			{
				const char *text = OutputFunctionCall(c->output, d);

				c->code = code_of_text(c, text, strlen(text));
			}
			return;
	}
	/* squares of what is larger are no numbers */
	if (!(fabs(v) <= 1e140))
	{
		c->known = false;
		return;
	}
	c->number = v + 0.0;
	if (c->readings & AS_CATEGORY)
		c->code = code_of(c, (uint64) (c->kind == KIND_INT8 ? DatumGetInt64(d) : (int64) v), NULL, 0);
}

typedef struct receiver
{
	DestReceiver pub;
	table_reader *reader;
	bool		condition;
	MemoryContext scratch;
} receiver;

static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	receiver   *v = (receiver *) self;
	table_reader *r = v->reader;
	MemoryContext old;

	slot_getallattrs(slot);
	old = MemoryContextSwitchTo(v->scratch);
	for (int i = 0; i < r->columns; i++)
	{
		r->column[i].number = NAN;
		r->column[i].code = -1;
		r->column[i].known = !slot->tts_isnull[i];
		if (!slot->tts_isnull[i])
			read_value(&r->column[i], slot->tts_values[i]);
	}
	if (v->condition)
		r->member = DatumGetBool(slot->tts_values[r->columns]);
	MemoryContextSwitchTo(old);
	r->row(r);
	if ((++r->rows & 255) == 0)
	{
		MemoryContextReset(v->scratch);
		CHECK_FOR_INTERRUPTS();
	}
	return true;
}

static void
receiver_startup(DestReceiver *self, int operation, TupleDesc typeinfo)
{
}

static void
receiver_done(DestReceiver *self)
{
}

/*
 * A condition is one expression and nothing else. The server's own parser says so: what is not, such as 'true) FROM secret --' or 'true; DROP TABLE t',
 * is refused here and never run.
 */
#define BEFORE "SELECT ("

/* where an error lies in the condition, not in the statement that called us */
static void
condition_error(void *condition)
{
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(Max(1, position - (int) strlen(BEFORE)));
		internalerrquery(condition);
	}
}

static void
check_condition(char *condition)
{
	ErrorContextCallback callback = {error_context_stack, condition_error, condition};
	List	   *statements;
	bool		good;

	error_context_stack = &callback;
	statements = raw_parser(psprintf(BEFORE "%s\n)", condition), RAW_PARSE_DEFAULT);
	error_context_stack = callback.previous;
	good = list_length(statements) == 1;
	if (good)
	{
		SelectStmt *s = (SelectStmt *) linitial_node(RawStmt, statements)->stmt;

		good = IsA(s, SelectStmt) && s->op == SETOP_NONE && list_length(s->targetList) == 1 && linitial_node(ResTarget, s->targetList)->name == NULL &&
			s->distinctClause == NIL && s->intoClause == NULL && s->fromClause == NIL && s->whereClause == NULL && s->groupClause == NIL && s->havingClause == NULL &&
			s->windowClause == NIL && s->valuesLists == NIL && s->sortClause == NIL && s->limitOffset == NULL && s->limitCount == NULL && s->lockingClause == NIL &&
			s->withClause == NULL;
	}
	if (!good)
		ereport(ERROR, (errcode(CRMSEG_SYNTAX), errmsg("the condition must be one expression"), errhint("Write what could stand after WHERE, such as age > 40 AND city = 'Lyon'.")));
}

void
table_reader_run(table_reader *r, Oid relid, char *condition)
{
	receiver	v = {{receive_row, receiver_startup, receiver_done, receiver_done, DestNone}, r, condition != NULL, NULL};
	SPIExecuteOptions options = {0};
	StringInfoData query;
	char	   *schema = get_namespace_name(get_rel_namespace(relid)),
			   *name = get_rel_name(relid);

	if (schema == NULL || name == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation with OID %u does not exist", relid)));
	if (condition != NULL)
		check_condition(condition);
	initStringInfo(&query);
	appendStringInfoString(&query, "SELECT ");
	for (int i = 0; i < r->columns; i++)
		appendStringInfo(&query, "%s%s", i > 0 ? ", " : "", quote_identifier(r->column[i].name));
	/* as WHERE takes it: NULL is no, and what is not boolean is an error */
	if (condition != NULL)
		appendStringInfo(&query, "%sCASE WHEN (%s\n) THEN true ELSE false END", r->columns > 0 ? ", " : "", condition);
	appendStringInfo(&query, " FROM %s", quote_qualified_identifier(schema, name));
	v.scratch = AllocSetContextCreate(CurrentMemoryContext, "table_reader_row", ALLOCSET_DEFAULT_SIZES);
	options.read_only = true;
	options.dest = &v.pub;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	SPI_execute_extended(query.data, &options);
	SPI_finish();
	MemoryContextDelete(v.scratch);
}

/* the tuplestore in which a function returns its rows */
Tuplestorestate *
typology_result(FunctionCallInfo fcinfo, TupleDesc *desc)
{
	ReturnSetInfo *info = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext old;

	if (!info || !IsA(info, ReturnSetInfo) || !(info->allowedModes & SFRM_Materialize))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("set-valued function called in context that cannot accept a set"),
						errhint("Call it in FROM.")));
	if (get_call_result_type(fcinfo, NULL, desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	old = MemoryContextSwitchTo(info->econtext->ecxt_per_query_memory);
	*desc = BlessTupleDesc(CreateTupleDescCopy(*desc));
	info->returnMode = SFRM_Materialize;
	info->setResult = tuplestore_begin_heap((info->allowedModes & SFRM_Materialize_Random) != 0, false, work_mem);
	info->setDesc = *desc;
	MemoryContextSwitchTo(old);
	return info->setResult;
}
