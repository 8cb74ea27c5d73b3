/*
 * json_fn.c: a predicate as jsonb and back, for screen builders: each node an object with its kind and what it has of op, name, object, values,
 * min and max, window, span, children. What comes back passes the rules of the text form.
 */
#include "segment_fn.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(crmseg_segment_to_json);
PG_FUNCTION_INFO_V1(crmseg_segment_from_json);

static const char *const kind_name[SEGMENT_KINDS] = {NULL, "and", "or", "not", "is", "flag", "compare", "in", "between", "like", "has", "within", "anniversary", "constant", "did", "sequence", "stopped",
"segment", "sample", "place", "reachable", "top", "attribute", "measure", "edge", "step"};
static const char *const test_name[] = {"null", "true", "false", "unknown", NULL};
static const char *const has_name[] = {"any", "all", NULL};
static const char *const edge_name[] = {"first", "last", NULL};
static const char *const truth_name[] = {"false", "true", "unknown", NULL};
static const char *const like_name[] = {"like", "ilike", NULL};
static const char *const top_name[] = {"count", "percent", NULL};
static const char *const step_name[] = {"did", "did not", NULL};
static const char *const op_name[] = {"=", "<>", "<", "<=", ">=", ">", NULL};
static const char *const measure_name[] = {"sum", "avg", "min", "max", "count", "count distinct", NULL};
static const char *const unit_name[] = {"minute", "hour", "day", "week", "month", "quarter", "year", NULL};
static const char *const window_name[] = {"", "last", "next", "older", "this", "last calendar", "next calendar", NULL};
static const char *const value_name[] = {"", "number", "string", "boolean", "date", "timestamp", "interval", NULL};

/* the names of op for a kind, NULL when it has none */
static const char *const *
ops_of(segment_kind kind)
{
	switch (kind)
	{
		case SEGMENT_IS:
			return test_name;
		case SEGMENT_COMPARE:
			return op_name;
		case SEGMENT_LIKE:
			return like_name;
		case SEGMENT_HAS:
			return has_name;
		case SEGMENT_CONSTANT:
			return truth_name;
		case SEGMENT_TOP:
			return top_name;
		case SEGMENT_MEASURE:
			return measure_name;
		case SEGMENT_EDGE:
			return edge_name;
		case SEGMENT_STEP:
			return step_name;
		default:
			return NULL;
	}
}

static void
put_window(StringInfo s, const char *key, segment_window w)
{
	if (w.kind != SEGMENT_ALWAYS)
		appendStringInfo(s, ", \"%s\": {\"kind\": \"%s\", \"amount\": %d, \"unit\": \"%s\"}", key, window_name[w.kind], w.amount, unit_name[w.unit]);
}

static void
put(StringInfo s, const segment_node *n)
{
	const char *const *ops = ops_of(n->kind);

	check_stack_depth();
	appendStringInfo(s, "{\"kind\": \"%s\"", kind_name[n->kind]);
	if (ops)
		appendStringInfo(s, ", \"op\": \"%s\"", ops[n->op]);
	if (n->parts)
	{
		appendStringInfoString(s, ", \"name\": [");
		for (int i = 0; i < n->parts; i++)
		{
			if (i)
				appendStringInfoString(s, ", ");
			escape_json(s, n->part[i].data);
		}
		appendStringInfoChar(s, ']');
	}
	if (n->object.len)
	{
		appendStringInfoString(s, ", \"object\": ");
		escape_json(s, n->object.data);
	}
	if (n->values)
	{
		appendStringInfoString(s, ", \"values\": [");
		for (uint32_t i = 0; i < n->values; i++)
		{
			const segment_value *v = &n->value[i];

			if (i)
				appendStringInfoString(s, ", ");
			if (v->kind == SEGMENT_NUMBER || v->kind == SEGMENT_BOOL)
				appendStringInfoString(s, v->text.data);
			else if (v->kind == SEGMENT_STRING)
				escape_json(s, v->text.data);
			else
			{
				appendStringInfo(s, "{\"%s\": ", value_name[v->kind]);
				escape_json(s, v->text.data);
				appendStringInfoChar(s, '}');
			}
		}
		appendStringInfoChar(s, ']');
	}
	if (n->kind == SEGMENT_DID || n->kind == SEGMENT_STOPPED)
	{
		appendStringInfo(s, ", \"min\": %d", n->count.min);
		if (n->count.max >= 0)
			appendStringInfo(s, ", \"max\": %d", n->count.max);
	}
	put_window(s, "window", n->window);
	put_window(s, "span", n->span);
	if (n->children)
	{
		appendStringInfoString(s, ", \"children\": [");
		for (uint32_t i = 0; i < n->children; i++)
		{
			if (i)
				appendStringInfoString(s, ", ");
			put(s, n->child[i]);
		}
		appendStringInfoChar(s, ']');
	}
	appendStringInfoChar(s, '}');
}

/* segment_to_json(segment) -> jsonb */
Datum
crmseg_segment_to_json(PG_FUNCTION_ARGS)
{
	StringInfoData s;

	initStringInfo(&s);
	put(&s, segment_tree(PG_GETARG_VARLENA_PP(0)));
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(s.data));
}

/* ---- back ---- */

static void wrong(const char *what) pg_attribute_noreturn();
static void
wrong(const char *what)
{
	ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("this is not a segment as JSON: %s", what), errhint("Make one with segment_to_json() to see its shape.")));
}

static JsonbValue *
field(JsonbContainer *c, const char *key, JsonbValue *v)
{
	return getKeyJsonValueFromContainer(c, key, strlen(key), v);
}

static segment_text
text_of(const JsonbValue *v, const char *what)
{
	segment_text t;

	if (!v || v->type != jbvString)
		wrong(what);
	t.data = pnstrdup(v->val.string.val, v->val.string.len);
	t.len = (uint32_t) v->val.string.len;
	return t;
}

static int
word_of(const JsonbValue *v, const char *const *words, int from, const char *what)
{
	segment_text t = text_of(v, what);

	for (int i = from; words[i]; i++)
		if (strcmp(words[i], t.data) == 0)
			return i;
	wrong(what);
}

static int32
integer_of(const JsonbValue *v, const char *what)
{
	int32		n;

	if (!v || v->type != jbvNumeric)
		wrong(what);
	n = DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(v->val.numeric)));
	if (n < 0 || n > SEGMENT_AMOUNT_MAX)
		wrong(what);
	return n;
}

static segment_window
window_of(JsonbContainer *c, const char *key)
{
	segment_window w = {0};
	JsonbValue	v,
				u;

	if (!field(c, key, &v))
		return w;
	if (v.type != jbvBinary || !JsonContainerIsObject(v.val.binary.data))
		wrong(key);
	w.kind = (segment_window_kind) word_of(field(v.val.binary.data, "kind", &u), window_name, 1, "kind of a window");
	w.unit = (segment_unit) word_of(field(v.val.binary.data, "unit", &u), unit_name, 0, "unit");
	w.amount = integer_of(field(v.val.binary.data, "amount", &u), "amount");
	return w;
}

static segment_value
value_of(const JsonbValue *v)
{
	segment_value r;
	JsonbValue	u;

	switch (v->type)
	{
		case jbvNumeric:
			r.kind = SEGMENT_NUMBER;
			/* in the one form in which numbers are kept */
			r.text.data = DatumGetCString(DirectFunctionCall1(numeric_out, DirectFunctionCall1(numeric_trim_scale, NumericGetDatum(v->val.numeric))));
			r.text.len = (uint32_t) strlen(r.text.data);
			return r;
		case jbvString:
			r.kind = SEGMENT_STRING;
			r.text = text_of(v, "value");
			return r;
		case jbvBool:
			r.kind = SEGMENT_BOOL;
			r.text.data = v->val.boolean ? "true" : "false";
			r.text.len = (uint32_t) strlen(r.text.data);
			return r;
		case jbvBinary:
			if (JsonContainerIsObject(v->val.binary.data))
				for (int k = SEGMENT_DATE; k <= SEGMENT_INTERVAL; k++)
					if (field(v->val.binary.data, value_name[k], &u))
					{
						r.kind = (segment_value_kind) k;
						r.text = text_of(&u, value_name[k]);
						return r;
					}
			/* FALLTHROUGH */
		default:
			wrong("value");
	}
}

static JsonbContainer *
list_of(JsonbContainer *c, const char *key)
{
	JsonbValue	v;

	if (!field(c, key, &v))
		return NULL;
	if (v.type != jbvBinary || !JsonContainerIsArray(v.val.binary.data))
		wrong(key);
	return v.val.binary.data;
}

static segment_node *
node_of(JsonbContainer *c)
{
	segment_node *n = palloc0(sizeof(segment_node));
	JsonbValue	v;
	JsonbContainer *list;
	const char *const *ops;

	check_stack_depth();
	if (!JsonContainerIsObject(c))
		wrong("a node is an object");
	n->object.data = "";
	{
		segment_text t = text_of(field(c, "kind", &v), "kind");

		for (int k = 1; k < SEGMENT_KINDS; k++)
			if (strcmp(kind_name[k], t.data) == 0)
				n->kind = (segment_kind) k;
	}
	if (!n->kind)
		wrong("kind");
	ops = ops_of(n->kind);
	if (ops && field(c, "op", &v))
		n->op = (uint8_t) word_of(&v, ops, 0, "op");
	if ((list = list_of(c, "name")) != NULL)
	{
		if (JsonContainerSize(list) > SEGMENT_PARTS_MAX)
			wrong("name");
		n->part = palloc(sizeof(segment_text) * (JsonContainerSize(list) + 1));
		for (; n->parts < JsonContainerSize(list); n->parts++)
		{
			n->part[n->parts] = text_of(getIthJsonbValueFromContainer(list, n->parts), "name");
			if (n->part[n->parts].len == 0 || n->part[n->parts].len > SEGMENT_NAME_MAX)
				wrong("name");
		}
	}
	if (field(c, "object", &v))
		n->object = text_of(&v, "object");
	if ((list = list_of(c, "values")) != NULL)
	{
		n->value = palloc(sizeof(segment_value) * (JsonContainerSize(list) + 1));
		for (; n->values < JsonContainerSize(list); n->values++)
			n->value[n->values] = value_of(getIthJsonbValueFromContainer(list, n->values));
	}
	if (n->kind == SEGMENT_DID || n->kind == SEGMENT_STOPPED)
	{
		n->count.min = field(c, "min", &v) ? integer_of(&v, "min") : 1;
		n->count.max = field(c, "max", &v) ? integer_of(&v, "max") : -1;
	}
	n->window = window_of(c, "window");
	n->span = window_of(c, "span");
	if ((list = list_of(c, "children")) != NULL)
	{
		n->child = palloc(sizeof(segment_node *) * (JsonContainerSize(list) + 1));
		for (; n->children < JsonContainerSize(list); n->children++)
		{
			JsonbValue *k = getIthJsonbValueFromContainer(list, n->children);

			if (k->type != jbvBinary)
				wrong("children");
			n->child[n->children] = node_of(k->val.binary.data);
		}
	}
	return n;
}

/* segment_from_json(jsonb) -> segment */
Datum
crmseg_segment_from_json(PG_FUNCTION_ARGS)
{
	segment_node *n = node_of(&PG_GETARG_JSONB_P(0)->root);
	segment_allocator memory = segment_memory(CurrentMemoryContext);
	segment_error error;
	size_t		len;
	uint8_t    *bytes = segment_encode(n, memory, &len);

	/* a builder may nest an and in an and, or write a number its own way: the text of what has the right shape decides */
	n = segment_decode(bytes, len, memory);
	if (!n)
		wrong("a node lacks something, or has too much");
	{
		char	   *text = segment_print(n, memory, &len);
		segment_node *read = segment_parse(text, len, memory, &error);

		if (!read)
			segment_raise(&error, text, NULL);
		PG_RETURN_POINTER(segment_datum(read));
	}
}
