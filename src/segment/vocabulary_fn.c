/*
 * vocabulary_fn.c: reads what the names of predicates mean in a mart from its tables datamart, segment_attribute, segment_event,
 * segment_definition and attribute_def, as the caller, and keeps it for the session.
 */
#include "vocabulary_fn.h"

#include "plan_fn.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parse_type.h"
#include "parser/parser.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/rewriteManip.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(crmseg_vocabulary_changed);
PG_FUNCTION_INFO_V1(crmseg_expression_type);

static List *known = NIL;
static List *retired = NIL;
static uint64 generation = 1;
static char *mart_setting = NULL;

static const char *const table_names[VOCABULARY_TABLES] = {"datamart", "segment_attribute", "segment_event", "segment_definition", "attribute_def", "activity_kept"};

/* a table changed, was made or dropped: whatever was read from it is read again */
static void
forget(Datum argument, Oid relation)
{
	ListCell   *l;

	foreach(l, known)
	{
		vocabulary *v = lfirst(l);

		if (relation == InvalidOid || relation == v->tables[VOCABULARY_DEFINITIONS])
			generation++;
		if (relation == InvalidOid)
			v->valid = false;
		/* definitions are read when they are named: a mart may have many, and change them often */
		for (int i = 0; i < VOCABULARY_TABLES && v->valid; i++)
			if (v->tables[i] == relation && i != VOCABULARY_DEFINITIONS)
				v->valid = false;
		/* the relations of attributes and events: their columns may have changed */
		for (int i = 0; i < v->attributes && v->valid; i++)
			if (v->attribute[i].relation == relation)
				v->valid = false;
		for (int i = 0; i < v->events && v->valid; i++)
			if (v->event[i].relation == relation)
				v->valid = false;
		if (!v->valid)
			generation++;
	}
}

uint64
segment_generation(void)
{
	return generation;
}

void
vocabulary_init(void)
{
	DefineCustomStringVariable("crmseg.mart", "The datamart whose events and attributes a row of another schema is judged by.", NULL, &mart_setting, "",
							   PGC_USERSET, 0, NULL, NULL, NULL);
	CacheRegisterRelcacheCallback(forget, (Datum) 0);
}

/* trigger: the sessions that keep the vocabulary of this mart, and the plans made from it, are told that it changed */
Datum
crmseg_vocabulary_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED), errmsg("vocabulary_changed is a trigger function")));
	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	PG_RETURN_POINTER(NULL);
}

Oid
vocabulary_column_type(Oid relation, const char *column)
{
	AttrNumber	a = get_attnum(relation, column);

	return a == InvalidAttrNumber || a < 0 ? InvalidOid : get_atttype(relation, a);
}

/* '{now}' and '{zone}' by what they are worth */
static char *
with_markers(const char *expression, const char *now, const char *zone)
{
	StringInfoData s;

	initStringInfo(&s);
	for (const char *p = expression; *p; p++)
		if (strncmp(p, "{now}", 5) == 0)
			appendStringInfoString(&s, now), p += 4;
		else if (strncmp(p, "{zone}", 6) == 0)
			appendStringInfoString(&s, zone), p += 5;
		else
			appendStringInfoChar(&s, *p);
	return s.data;
}

/* an expression over a relation's columns, read; raises when it is not one */
static Node *
read_expression(Oid relation, const char *alias, const char *expression, const char *zone)
{
	char	   *text = psprintf("SELECT (%s)", with_markers(expression, "pg_catalog.now()", quote_literal_cstr(zone)));
	List	   *raw = raw_parser(text, RAW_PARSE_DEFAULT);
	SelectStmt *select = list_length(raw) == 1 && IsA(linitial_node(RawStmt, raw)->stmt, SelectStmt) ? (SelectStmt *) linitial_node(RawStmt, raw)->stmt : NULL;
	ParseState *pstate;
	Relation	rel;
	Node	   *node;

	if (!select || list_length(select->targetList) != 1 || select->fromClause || select->whereClause || select->withClause || select->intoClause || select->op != SETOP_NONE ||
		select->groupClause || select->havingClause || select->windowClause || select->valuesLists || select->sortClause || select->limitCount || select->limitOffset ||
		select->lockingClause || select->distinctClause)
		ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("this is not one expression")));
	pstate = make_parsestate(NULL);
	rel = table_open(relation, AccessShareLock);
	addNSItemToQuery(pstate, addRangeTableEntryForRelation(pstate, rel, AccessShareLock, makeAlias(alias, NIL), false, true), true, true, true);
	node = transformExpr(pstate, linitial_node(ResTarget, select->targetList)->val, EXPR_KIND_WHERE);
	if (exprType(node) == UNKNOWNOID)
		node = coerce_type(pstate, node, UNKNOWNOID, TEXTOID, -1, COERCION_IMPLICIT, COERCE_IMPLICIT_CAST, -1);
	assign_expr_collations(pstate, node);
	table_close(rel, NoLock);
	return node;
}

bool
vocabulary_is_immutable(Oid relation, const char *expression)
{
	Node	   *n;

	if (strstr(expression, "{now}") || strstr(expression, "{zone}"))
		return false;
	n = read_expression(relation, "r", expression, "UTC");
	return !checkExprHasSubLink(n) && !contain_mutable_functions(n);
}

#define ANY_ALIAS "crmseg_source"

char *
vocabulary_expression(vocabulary *v, Oid relation, const char *expression, char **parsed, const char *alias, const char *now)
{
	StringInfoData b;

	if (!*parsed)
	{
		/* under a path of the catalog only: each name that needs its schema gets it */
		int			level = NewGUCNestLevel();
		Node	   *node = read_expression(relation, ANY_ALIAS, expression, v->zone);

		(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
		*parsed = MemoryContextStrdup(v->context, deparse_expression(node, deparse_context_for(ANY_ALIAS, relation), true, false));
		AtEOXact_GUC(false, level);
	}
	initStringInfo(&b);
	for (const char *p = *parsed; *p; p++)
		if (strncmp(p, ANY_ALIAS ".", sizeof(ANY_ALIAS)) == 0)
			appendStringInfo(&b, "%s.", alias), p += sizeof(ANY_ALIAS) - 1;
		else if (now && strncmp(p, "now()", 5) == 0)
			appendStringInfoString(&b, now), p += 4;
		else
			appendStringInfoChar(&b, *p);
	return b.data;
}

/* expression_type(relation regclass, expression text) -> text: the type of an expression over its columns */
Datum
crmseg_expression_type(PG_FUNCTION_ARGS)
{
	Oid			relation = PG_GETARG_OID(0);
	Oid			type;
	AclResult	acl;

	acl = pg_class_aclcheck(relation, GetUserId(), ACL_SELECT);
	if (acl != ACLCHECK_OK && pg_attribute_aclcheck_all(relation, GetUserId(), ACL_SELECT, ACLMASK_ANY) != ACLCHECK_OK)
		aclcheck_error(acl, OBJECT_TABLE, get_rel_name(relation));
	type = exprType(read_expression(relation, ANY_ALIAS, text_to_cstring(PG_GETARG_TEXT_PP(1)), "UTC"));
	PG_RETURN_TEXT_P(cstring_to_text(format_type_be(type)));
}

/* ---- reading ---- */

static char *
cell(MemoryContext context, int row, int column)
{
	char	   *s = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);

	return s ? MemoryContextStrdup(context, s) : NULL;
}

static uint64
rows_of(const char *schema, const char *query)
{
	const char *quoted = quote_identifier(schema);
	char	   *text = psprintf(query, quoted, quoted);

	if (SPI_execute(text, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the vocabulary");
	return SPI_processed;
}

/* {"amount": "base_amount", "product": {"of": "product_purchase", "by": ["party_id", "order_id"], "column": "name"}}: of all events, in order of names */
static void
read_columns(vocabulary *v, const char *schema)
{
	/* unnested by the server */
	int			n = (int) rows_of(schema, "SELECT e.name, c.key, CASE WHEN jsonb_typeof(c.value) = 'object' THEN c.value ->> 'column' ELSE c.value #>> '{}' END, c.value ->> 'of',"
								  " CASE WHEN jsonb_typeof(c.value -> 'by') = 'array' THEN (SELECT string_agg(b, E'\\x01') FROM jsonb_array_elements_text(c.value -> 'by') b) END, c.value ->> 'type'"
								  " FROM %s.segment_event e, jsonb_each(e.columns) c ORDER BY e.name COLLATE \"C\", c.key COLLATE \"C\"");
	vocabulary_column *c = MemoryContextAllocZero(v->context, sizeof(vocabulary_column) * (n + 1));
	int			at = 0;

	for (int i = 0; i < n; i++, c++)
	{
		char	   *event = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1),
				   *of = cell(v->context, i, 4),
				   *by = cell(v->context, i, 5);
		vocabulary_event *e;

		while (at < v->events && strcmp(v->event[at].name, event) != 0)
			at++;
		if (at == v->events)
			break;
		e = &v->event[at];
		if (e->columns++ == 0)
			e->column = c;
		c->name = cell(v->context, i, 2);
		c->expression = cell(v->context, i, 3);
		if (!c->expression)
			c->expression = c->name;
		if (of)
		{
			c->relation = get_relname_relid(of, get_rel_namespace(e->relation));
			if (!OidIsValid(c->relation) || !by)
			{
				c->relation = InvalidOid;
				c->type = InvalidOid;
				continue;
			}
			c->by = MemoryContextAllocZero(v->context, sizeof(char *) * (strlen(by) / 2 + 2));
			for (char *t = strtok(by, "\001"); t; t = strtok(NULL, "\001"))
				c->by[c->nby++] = t;
		}
		c->type = vocabulary_column_type(OidIsValid(c->relation) ? c->relation : e->relation, c->expression);
		c->is_column = OidIsValid(c->type);
		if (!c->is_column)
		{
			char	   *type = cell(v->context, i, 6);
			int32		typmod;

			if (type)
				parseTypeString(type, &c->type, &typmod, CRMSEG_NO_SOFT_ERROR);
		}
	}
}

/* as long as the event is defined as it was when it began to be kept */
static void
read_activity(vocabulary *v, const char *schema)
{
	uint64		n = rows_of(schema, "SELECT k.event, k.parties_a_day, pg_catalog.array_to_string(k.relations::pg_catalog.oid[], ' ') FROM %s.activity_kept k LEFT JOIN %s.segment_event e ON e.name = k.event"
							" WHERE k.event = '' OR (e.relation = k.relation AND e.party_column = k.party_column AND e.time_column = k.time_column AND e.condition IS NOT DISTINCT FROM k.condition)");

	for (uint64 i = 0; i < n; i++)
	{
		char	   *name = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1),
				   *mean = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2),
				   *list = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 3);
		vocabulary_activity *a = MemoryContextAllocZero(v->context, sizeof(*a));
		vocabulary_event *e = (vocabulary_event *) vocabulary_find_event(v, name);

		a->parties_a_day = strtod(mean, NULL);
		a->relation = MemoryContextAlloc(v->context, sizeof(Oid) * (strlen(list) / 2 + 1));
		for (char *t = strtok(list, " "); t; t = strtok(NULL, " "))
			a->relation[a->relations++] = (Oid) strtoul(t, NULL, 10);
		qsort(a->relation, a->relations, sizeof(Oid), oid_cmp);
		if (name[0] == 0)
			v->parties = a;
		else if (e)
			e->activity = a;
	}
}

static vocabulary *
read_vocabulary(Oid schema, const char *name)
{
	MemoryContext context = AllocSetContextCreate(CacheMemoryContext, "crmseg vocabulary", ALLOCSET_SMALL_SIZES);
	vocabulary *v = MemoryContextAllocZero(context, sizeof(vocabulary));

	v->context = context;
	v->schema = schema;
	v->name = MemoryContextStrdup(context, name);
	for (int i = 0; i < VOCABULARY_TABLES; i++)
		v->tables[i] = get_relname_relid(table_names[i], schema);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to read the vocabulary");
	if (rows_of(name, "SELECT d.time_zone, d.week_start FROM %s.datamart d") > 0)
	{
		v->zone = cell(context, 0, 1);
		v->week_start = atoi(cell(context, 0, 2));
	}
	else
		v->zone = MemoryContextStrdup(context, "UTC"), v->week_start = 1;
	v->attributes = (int) rows_of(name, "SELECT a.name, a.relation::oid, a.party_column, a.expression, a.data_type FROM %s.segment_attribute a ORDER BY a.name COLLATE \"C\"");
	v->attribute = MemoryContextAllocZero(context, sizeof(vocabulary_attribute) * (v->attributes + 1));
	for (int i = 0; i < v->attributes; i++)
	{
		vocabulary_attribute *a = &v->attribute[i];
		char	   *relation = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2);

		a->name = cell(context, i, 1);
		a->relation = (Oid) strtoul(relation, NULL, 10);
		a->party_column = cell(context, i, 3);
		a->expression = cell(context, i, 4);
		a->type = vocabulary_column_type(a->relation, a->expression);
		a->is_column = OidIsValid(a->type);
		if (!a->is_column)
		{
			int32		typmod;

			parseTypeString(SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 5), &a->type, &typmod, CRMSEG_NO_SOFT_ERROR);
		}
	}
	v->traits = OidIsValid(v->tables[4]) ? (int) rows_of(name, "SELECT d.key, left(d.data_type, 1), d.is_multi FROM %s.attribute_def d ORDER BY d.key COLLATE \"C\"") : 0;
	v->trait = MemoryContextAllocZero(context, sizeof(vocabulary_trait) * (v->traits + 1));
	for (int i = 0; i < v->traits; i++)
	{
		char	   *kind = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2);

		v->trait[i].key = cell(context, i, 1);
		v->trait[i].kind = kind[0] == 'e' ? 't' : kind[0];
		v->trait[i].is_multi = strcmp(SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 3), "t") == 0;
	}
	v->events = (int) rows_of(name, "SELECT e.name, e.relation::oid, e.party_column, e.time_column, e.condition FROM %s.segment_event e ORDER BY e.name COLLATE \"C\"");
	v->event = MemoryContextAllocZero(context, sizeof(vocabulary_event) * (v->events + 1));
	for (int i = 0; i < v->events; i++)
	{
		vocabulary_event *e = &v->event[i];

		e->name = cell(context, i, 1);
		e->relation = (Oid) strtoul(SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2), NULL, 10);
		e->party_column = cell(context, i, 3);
		e->time_column = cell(context, i, 4);
		e->condition = cell(context, i, 5);
	}
	read_columns(v, name);
	if (OidIsValid(v->tables[5]) && pg_class_aclcheck(v->tables[5], GetUserId(), ACL_SELECT) == ACLCHECK_OK)
		read_activity(v, name);
	SPI_finish();
	v->valid = true;
	return v;
}

vocabulary *
vocabulary_of_schema(Oid schema)
{
	ListCell   *l;
	vocabulary *v = NULL;
	char	   *name;
	MemoryContext old;

	foreach(l, known)
		if (((vocabulary *) lfirst(l))->schema == schema)
			v = lfirst(l);
	/* a schema may be renamed without a word */
	name = v && v->valid ? get_namespace_name(schema) : NULL;
	if (name && strcmp(name, v->name) == 0)
		return v;
	if (!OidIsValid(schema) || !OidIsValid(get_relname_relid("segment_definition", schema)) || !OidIsValid(get_relname_relid("datamart", schema)))
		return NULL;
	name = get_namespace_name(schema);
	/* who reads the old one in this transaction goes on with it */
	for (int i = list_length(retired) - 1; i >= 0; i--)
	{
		vocabulary *r = list_nth(retired, i);

		if (r->retired_at != GetCurrentTransactionStartTimestamp())
		{
			retired = list_delete_nth_cell(retired, i);
			MemoryContextDelete(r->context);
		}
	}
	old = MemoryContextSwitchTo(CacheMemoryContext);
	if (v)
	{
		v->retired_at = GetCurrentTransactionStartTimestamp();
		known = list_delete_ptr(known, v);
		retired = lappend(retired, v);
	}
	MemoryContextSwitchTo(old);
	/* what this very transaction has just written is seen, also while a query that began before is under way */
	PushActiveSnapshot(GetTransactionSnapshot());
	v = read_vocabulary(schema, name);
	PopActiveSnapshot();
	old = MemoryContextSwitchTo(CacheMemoryContext);
	known = lappend(known, v);
	MemoryContextSwitchTo(old);
	return v;
}

vocabulary *
vocabulary_for(Oid relation)
{
	vocabulary *v = NULL;

	if (OidIsValid(relation))
		v = vocabulary_of_schema(get_rel_namespace(relation));
	if (!v && mart_setting && mart_setting[0])
	{
		Oid			schema = get_namespace_oid(mart_setting, true);

		v = vocabulary_of_schema(schema);
		if (!v)
			ereport(ERROR, (errcode(CRMSEG_BAD_MART), errmsg("the setting crmseg.mart names no datamart: \"%s\"", mart_setting), errhint("See crmseg.datamarts() for those that exist.")));
	}
	return v;
}

vocabulary *
vocabulary_of_mart(const char *mart)
{
	Oid			schema = get_namespace_oid(mart, false);
	vocabulary *v = vocabulary_of_schema(schema);

	if (!v)
		ereport(ERROR, (errcode(CRMSEG_BAD_MART), errmsg("schema \"%s\" is not a datamart with segments", mart), errhint("See crmseg.datamarts(), or run crmseg.upgrade_datamart().")));
	return v;
}

/* ---- looking up ---- */

#define FIND(type, n, array, field) \
	int low = 0, high = (n) - 1; \
	while (low <= high) \
	{ \
		int mid = (low + high) / 2, c = strcmp((array)[mid].field, name); \
		if (c == 0) \
			return &(array)[mid]; \
		if (c < 0) \
			low = mid + 1; \
		else \
			high = mid - 1; \
	} \
	return NULL

const vocabulary_attribute *
vocabulary_find_attribute(const vocabulary *v, const char *name)
{
	FIND(attribute, v->attributes, v->attribute, name);
}

const vocabulary_event *
vocabulary_find_event(const vocabulary *v, const char *name)
{
	FIND(event, v->events, v->event, name);
}

const vocabulary_column *
vocabulary_find_column(const vocabulary_event *e, const char *name)
{
	FIND(column, e->columns, e->column, name);
}

/* The predicate of a segment of the mart, NULL when there is none; read with the rights of the caller. */
segment_node *
vocabulary_find_segment(const vocabulary *v, const char *name)
{
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(name);
	MemoryContext caller = CurrentMemoryContext;
	char	   *text = psprintf("SELECT d.predicate FROM %s.segment_definition d WHERE d.name OPERATOR(pg_catalog.=) $1", quote_identifier(v->name));
	segment_node *n = NULL;
	segment_error error;

	/* what this very transaction has just written is seen, also while a query that began before is under way */
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	if (SPI_execute_with_args(text, 1, &type, &value, NULL, true, 0) == SPI_OK_SELECT && SPI_processed > 0)
	{
		MemoryContext old = MemoryContextSwitchTo(caller);
		char	   *predicate = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);

		n = segment_parse(predicate, strlen(predicate), segment_memory(caller), &error);
		if (!n)
			segment_raise(&error, predicate, NULL);
		MemoryContextSwitchTo(old);
	}
	SPI_finish();
	PopActiveSnapshot();
	return n;
}

const vocabulary_trait *
vocabulary_find_trait(const vocabulary *v, const char *name)
{
	FIND(trait, v->traits, v->trait, key);
}

bool
vocabulary_has_key(Oid relation, const char *column, const char *key)
{
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(key);
	bool		has,
				isnull;

	/* what this very transaction has just written is seen, also while a query that began before is under way */
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	if (SPI_execute_with_args(psprintf("SELECT EXISTS (SELECT FROM %s x WHERE x.%s OPERATOR(pg_catalog.?) $1)",
									   quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), get_rel_name(relation)), quote_identifier(column)),
							  1, &type, &value, NULL, true, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "could not look for a key");
	has = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	PopActiveSnapshot();
	return has;
}
