/*
 * link_read_fn.c: the rows of a table, view or foreign table into the linkage engine. They are read by a plain query with the rights of the
 * caller, straight from the executor, so that privileges and row-level security hold and nothing is copied in between; large tables by several
 * processes (link_scan_fn.c).
 */
#include "match/link_fn.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

static const char *
kind_list(void)
{
	StringInfoData s;

	initStringInfo(&s);
	for (int i = 0; i < LINK_KINDS; i++)
		appendStringInfo(&s, "%s%s", i ? ", " : "", link_kind_name[i]);
	return s.data;
}

static int
compare_columns(const void *a, const void *b, void *arg)
{
	const LinkColumns *c = arg;
	int			x = *(const int *) a,
				y = *(const int *) b;

	return strcmp(c->name[x], c->name[y]);
}

/*
 * link_columns: {"column": "kind"} read and checked against the relation, if there is one; in the order of the relation's columns, so that
 * the lines of an address stand as they do there. Ignored columns are left out.
 */
void
link_columns(Jsonb *columns, Oid relid, LinkColumns *out)
{
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken t;
	LinkColumns c = {0};
	int			at[LINK_MAX_COLUMNS],
				order[LINK_MAX_COLUMNS];

	if (!JB_ROOT_IS_OBJECT(columns))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("columns must be a JSON object of column names and their kinds"),
						errhint("Such as {\"name\": \"full_name\", \"mail\": \"email\"}. Kinds: %s.", kind_list())));
	it = JsonbIteratorInit(&columns->root);
	while ((t = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		char	   *name;
		int			kind = -1;

		if (t != WJB_KEY)
			continue;
		name = pnstrdup(v.val.string.val, v.val.string.len);
		if (JsonbIteratorNext(&it, &v, true) != WJB_VALUE || v.type != jbvString)
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("the kind of column \"%s\" must be a string", name), errhint("Kinds: %s.", kind_list())));
		for (int k = 0; k < LINK_KINDS; k++)
			if (strlen(link_kind_name[k]) == v.val.string.len && memcmp(link_kind_name[k], v.val.string.val, v.val.string.len) == 0)
				kind = k;
		if (kind < 0)
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("column \"%s\" has the unknown kind \"%.*s\"", name, Min(v.val.string.len, 100), v.val.string.val),
							errhint("Kinds: %s.", kind_list())));
		if (c.n == LINK_MAX_COLUMNS)
			ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("at most %d columns can be compared", LINK_MAX_COLUMNS)));
		at[c.n] = 0;
		if (OidIsValid(relid))
		{
			AttrNumber	a = get_attnum(relid, name);

			if (a <= 0)
				ereport(ERROR, (errcode(CRMSEG_UNKNOWN_NAME), errmsg("column \"%s\" of relation \"%s\" does not exist", name, get_rel_name(relid)),
								errhint("columns maps the relation's own column names to kinds.")));
			at[c.n] = a;
		}
		if (kind == LINK_IGNORED)
			continue;
		c.kind[c.n] = kind;
		c.name[c.n] = name;
		order[c.n] = c.n;
		c.n++;
	}
	if (!OidIsValid(relid))
		qsort_arg(order, c.n, sizeof(int), compare_columns, &c);
	else
		for (int i = 1; i < c.n; i++)
			for (int j = i; j > 0 && at[order[j]] < at[order[j - 1]]; j--)
			{
				int			x = order[j];

				order[j] = order[j - 1];
				order[j - 1] = x;
			}
	out->n = c.n;
	for (int i = 0; i < c.n; i++)
	{
		out->kind[i] = c.kind[order[i]];
		out->name[i] = c.name[order[i]];
	}
}

link_engine *
link_engine_start(const LinkColumns *c)
{
	link_memory memory = link_server_memory();
	link_engine *e = link_start(&memory, c->n, c->kind, (const char *const *) c->name);
	int			extras = 0;

	for (int i = 0; i < c->n; i++)
		extras += c->kind[i] == LINK_CODE || c->kind[i] == LINK_TEXT || c->kind[i] == LINK_SEX;
	if (extras > LINK_MAX_EXTRAS)
		ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("at most %d columns can be of the kinds code, text and sex", LINK_MAX_EXTRAS)));
	if (!link_usable(e))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("columns names no column by which records could be told apart"),
						errhint("Name at least one of the kinds given_name, family_name, full_name, organisation_name, date, email, phone, address, registry_number, code or text.")));
	return e;
}

/* link_put: one value in the server's encoding */
void
link_put(link_engine *e, int column, const char *s, int n)
{
	if (GetDatabaseEncoding() != PG_UTF8)
	{
		char	   *u = pg_server_to_any(s, n, PG_UTF8);

		link_value(e, column, u, u == s ? n : strlen(u));
		if (u != s)
			pfree(u);
	}
	else
		link_value(e, column, s, n);
}

typedef struct RowReceiver
{
	DestReceiver pub;
	link_engine *e;
	int			columns,
				side;
	uint64		rows;
	MemoryContext context;
} RowReceiver;

static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	RowReceiver *r = (RowReceiver *) self;
	MemoryContext old = MemoryContextSwitchTo(r->context);
	struct varlena *v;

	slot_getallattrs(slot);
	if (slot->tts_isnull[0])
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the id column holds a null"), errhint("Leave such rows out by a view with WHERE.")));
	if (++r->rows > LINK_MAX_ROWS)
		ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("at most %u records can be linked at once", LINK_MAX_ROWS)));
	for (int i = 0; i < r->columns; i++)
		if (!slot->tts_isnull[i + 1])
		{
			v = PG_DETOAST_DATUM_PACKED(slot->tts_values[i + 1]);
			link_put(r->e, i, VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v));
			if ((Pointer) v != DatumGetPointer(slot->tts_values[i + 1]))
				pfree(v);
		}
	if (slot->tts_tupleDescriptor->natts > r->columns + 1 && !slot->tts_isnull[r->columns + 1])
	{
		v = PG_DETOAST_DATUM_PACKED(slot->tts_values[r->columns + 1]);
		link_order(r->e, VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v));
	}
	v = PG_DETOAST_DATUM_PACKED(slot->tts_values[0]);
	link_row(r->e, VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v), r->side);
	if ((Pointer) v != DatumGetPointer(slot->tts_values[0]))
		pfree(v);
	MemoryContextSwitchTo(old);
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

/* a column as text: dates in ISO order whatever DateStyle says */
static void
append_column(StringInfo q, Oid relid, const char *name)
{
	Oid			type = getBaseType(get_atttype(relid, get_attnum(relid, name)));

	if (type == TEXTOID || type == VARCHAROID)
		appendStringInfo(q, "o.%s", quote_identifier(name));
	else if (type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID)
		appendStringInfo(q, "pg_catalog.to_char(o.%s, 'YYYY-MM-DD')", quote_identifier(name));
	else
		appendStringInfo(q, "o.%s::pg_catalog.text", quote_identifier(name));
}

/* link_query: what reads a relation's id and columns as text, and by what rows stand in place of the id, without its conditions */
char *
link_query(Oid relid, const char *id, const LinkColumns *c, const char *order)
{
	StringInfoData q;

	if (get_attnum(relid, id) <= 0)
		ereport(ERROR, (errcode(CRMSEG_UNKNOWN_NAME), errmsg("column \"%s\" of relation \"%s\" does not exist", id, get_rel_name(relid)),
						errhint("id_column names the column that tells the records apart.")));
	for (int i = 0; i < c->n; i++)
		if (get_attnum(relid, c->name[i]) <= 0)
			ereport(ERROR, (errcode(CRMSEG_UNKNOWN_NAME), errmsg("column \"%s\" of relation \"%s\" does not exist", c->name[i], get_rel_name(relid)),
							errhint("Both relations must have the columns; a view can rename them.")));
	initStringInfo(&q);
	/* an id is told whole, an instant too */
	if (getBaseType(get_atttype(relid, get_attnum(relid, id))) == TEXTOID)
		appendStringInfo(&q, "SELECT o.%s", quote_identifier(id));
	else
		appendStringInfo(&q, "SELECT o.%s::pg_catalog.text", quote_identifier(id));
	for (int i = 0; i < c->n; i++)
	{
		appendStringInfoString(&q, ", ");
		append_column(&q, relid, c->name[i]);
	}
	if (order)
		appendStringInfo(&q, ", o.%s::pg_catalog.text", quote_identifier(order));
	appendStringInfo(&q, " FROM %s o", quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)), get_rel_name(relid)));
	return q.data;
}

/* link_run: the rows of a query into an engine; in_order: without workers of the planner's, so that they come in the order of the table */
void
link_run(link_engine *e, const char *query, int columns, int side, bool in_order)
{
	RowReceiver receiver = {{receive_row, receiver_startup, receiver_done, receiver_done, DestNone}};
	SPIExecuteOptions options = {0};
	SPIPlanPtr	plan;
	int			rc;

	receiver.e = e;
	receiver.columns = columns;
	receiver.side = side;
	receiver.context = CurrentMemoryContext;
	options.read_only = true;
	options.dest = &receiver.pub;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	plan = SPI_prepare_cursor(query, 0, NULL, in_order ? 0 : CURSOR_OPT_PARALLEL_OK);
	if (!plan)
		elog(ERROR, "preparing to read the records failed: %s", SPI_result_code_string(SPI_result));
	rc = SPI_execute_plan_extended(plan, &options);
	if (rc < 0)
		elog(ERROR, "reading the records failed: %s", SPI_result_code_string(rc));
	SPI_finish();
}

/*
 * link_read: an engine in the current memory context, filled and settled, with the frequencies that a model gives, if there is one. order: a column
 * by which records stand in place of their ids, or NULL.
 */
link_engine *
link_read(Oid relid, Name id_column, Jsonb *columns, Oid other, Jsonb *model, const char *order)
{
	LinkColumns c;
	link_engine *e;
	const char *id;
	size_t		n;
	Oid			relation[2] = {relid, other};
	char	   *query[2] = {NULL, NULL};

	if (!get_rel_name(relid) || (OidIsValid(other) && !get_rel_name(other)))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation with OID %u does not exist", get_rel_name(relid) ? other : relid)));
	link_columns(columns, relid, &c);
	e = link_engine_start(&c);
	query[0] = link_query(relid, NameStr(*id_column), &c, order);
	if (OidIsValid(other))
		query[1] = link_query(other, NameStr(*id_column), &c, order);
	if (!link_scan_shared(e, &c, relation, query))
		for (int side = 0; side < 2 && query[side]; side++)
			link_run(e, query[side], c.n, side, false);
	if (order)
		link_by_text(e);
	if (model)
		link_model_give(model, e);
	if (!link_settle(e, &id, &n))
		ereport(ERROR, (errcode(ERRCODE_UNIQUE_VIOLATION), errmsg("column \"%s\" holds one value in more than one row", NameStr(*id_column)),
						errhint("id_column must tell the records of a relation apart.")));
	return e;
}

/* link_result: the tuplestore in which a function returns its rows */
Tuplestorestate *
link_result(FunctionCallInfo fcinfo, TupleDesc *desc)
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
