/*
 * link_model_fn.c: models of the linkage engine as jsonb, to be kept, read, edited and used again, and the explanation of one pair.
 *
 * {"version": 1, "persons": {"pairs": .., "same": .., "household": .., "name_chance": .., "comparisons": {"given_name": [{"level": "equal", "m": .., "h": ..,
 * "u": ..}, ...], ...}, "columns": {a column of kind code, text, sex or a further date: the same}}, "organisations": {the same},
 * "frequencies": {"given_name": {"jean": share, ...}, "family_name": .., "organisation_name": .., "postal_code": .., "columns": {a column: the same}}}
 */
#include "match/link_fn.h"

#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include <math.h>

PG_FUNCTION_INFO_V1(crmseg_explain_match);

#define MODEL_VERSION 1
#define FREQUENCIES_MOST 1000	/* values of a kind that a model keeps, the most frequent ones */

static const char *const part[2] = {"persons", "organisations"};

/* ---- out ---- */

static void
key(JsonbParseState **s, const char *k)
{
	JsonbValue	v = {.type = jbvString};

	v.val.string.val = unconstify(char *, k);
	v.val.string.len = strlen(k);
	pushJsonbValue(s, WJB_KEY, &v);
}

static void
text_value(JsonbParseState **s, const char *t)
{
	JsonbValue	v = {.type = jbvString};

	v.val.string.val = unconstify(char *, t);
	v.val.string.len = strlen(t);
	pushJsonbValue(s, WJB_VALUE, &v);
}

static void
plain_number(JsonbParseState **s, JsonbIteratorToken where, double x)
{
	JsonbValue	v = {.type = jbvNumeric};
	char		t[40];

	/* as many digits as it takes to read the same number back */
	snprintf(t, sizeof t, "%.17g", x);
	v.val.numeric = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(t), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	pushJsonbValue(s, where, &v);
}

static void
number(JsonbParseState **s, const char *k, double x)
{
	key(s, k);
	plain_number(s, WJB_VALUE, x);
}

static void
comparisons(JsonbParseState **s, const link_engine *e, const link_class_model *k, bool org, int from, int to)
{
	pushJsonbValue(s, WJB_BEGIN_OBJECT, NULL);
	for (int c = from; c < to; c++)
	{
		key(s, link_comparison_name(e, c, org));
		pushJsonbValue(s, WJB_BEGIN_ARRAY, NULL);
		for (int l = 1; l <= link_comparison_levels(e, c, org); l++)
		{
			pushJsonbValue(s, WJB_BEGIN_OBJECT, NULL);
			key(s, "level");
			text_value(s, link_comparison_level(e, c, org, l));
			number(s, "m", k->m[c][l]);
			number(s, "h", k->h[c][l]);
			number(s, "u", k->u[c][l]);
			pushJsonbValue(s, WJB_END_OBJECT, NULL);
		}
		pushJsonbValue(s, WJB_END_ARRAY, NULL);
	}
	pushJsonbValue(s, WJB_END_OBJECT, NULL);
}

static const char *const frequency_name[LINK_OF_EXTRA] = {"given_name", "family_name", "organisation_name", "postal_code"};

static void
put_frequency(void *context, const char *s, size_t n, double share)
{
	JsonbParseState **state = context;
	JsonbValue	v = {.type = jbvString};

	/* what has letters that this database may not know, or was cut within one, is left out */
	if (!pg_verify_mbstr(PG_UTF8, s, n, true))
		return;
	for (size_t i = 0; i < n; i++)
		if ((s[i] & 0x80) && GetDatabaseEncoding() != PG_UTF8)
			return;
	v.val.string.val = unconstify(char *, s);
	v.val.string.len = n;
	pushJsonbValue(state, WJB_KEY, &v);
	plain_number(state, WJB_VALUE, share);
}

static void
frequencies(JsonbParseState **s, link_engine *e)
{
	pushJsonbValue(s, WJB_BEGIN_OBJECT, NULL);
	for (int what = 0; what < LINK_OF_EXTRA; what++)
	{
		key(s, frequency_name[what]);
		pushJsonbValue(s, WJB_BEGIN_OBJECT, NULL);
		link_frequency_list(e, what, FREQUENCIES_MOST, put_frequency, s);
		pushJsonbValue(s, WJB_END_OBJECT, NULL);
	}
	key(s, "columns");
	pushJsonbValue(s, WJB_BEGIN_OBJECT, NULL);
	for (int c = LINK_C_EXTRA; c < link_comparisons(e); c++)
	{
		key(s, link_comparison_name(e, c, false));
		pushJsonbValue(s, WJB_BEGIN_OBJECT, NULL);
		link_frequency_list(e, LINK_OF_EXTRA + c - LINK_C_EXTRA, FREQUENCIES_MOST, put_frequency, s);
		pushJsonbValue(s, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(s, WJB_END_OBJECT, NULL);
	pushJsonbValue(s, WJB_END_OBJECT, NULL);
}

Jsonb *
link_model_to(link_engine *e, const link_model *model)
{
	JsonbParseState *s = NULL;
	JsonbValue *done;

	pushJsonbValue(&s, WJB_BEGIN_OBJECT, NULL);
	number(&s, "version", MODEL_VERSION);
	for (int org = 0; org < 2; org++)
	{
		const link_class_model *k = &model->of[org];

		key(&s, part[org]);
		pushJsonbValue(&s, WJB_BEGIN_OBJECT, NULL);
		number(&s, "pairs", k->pairs);
		number(&s, "same", k->same);
		number(&s, "household", k->household);
		key(&s, "name_chance");
		pushJsonbValue(&s, WJB_BEGIN_ARRAY, NULL);
		for (int b = 0; b < LINK_NAME_BINS; b++)
			plain_number(&s, WJB_ELEM, k->name_chance[b]);
		pushJsonbValue(&s, WJB_END_ARRAY, NULL);
		key(&s, "comparisons");
		comparisons(&s, e, k, org, 0, LINK_C_EXTRA);
		key(&s, "columns");
		comparisons(&s, e, k, org, LINK_C_EXTRA, link_comparisons(e));
		pushJsonbValue(&s, WJB_END_OBJECT, NULL);
	}
	key(&s, "frequencies");
	frequencies(&s, e);
	done = pushJsonbValue(&s, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(done);
}

/* ---- in ---- */

static void pg_attribute_noreturn()
bad_model(const char *path, const char *what)
{
	ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("model: %s %s", path, what), errhint("A model is what train_records gives for the same columns.")));
}

static JsonbValue *
get(JsonbContainer *c, const char *k)
{
	return getKeyJsonValueFromContainer(c, k, strlen(k), NULL);
}

static JsonbContainer *
object(JsonbContainer *c, const char *k, const char *path)
{
	JsonbValue *v = get(c, k);

	if (!v || v->type != jbvBinary || !JsonContainerIsObject(v->val.binary.data))
		bad_model(psprintf("%s.%s", path, k), "must be an object");
	return v->val.binary.data;
}

static double
plain_number_of(const JsonbValue *v, const char *path, double most)
{
	double		x;

	if (!v || v->type != jbvNumeric || numeric_is_nan(v->val.numeric))
		bad_model(path, "must be a number");
	x = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(v->val.numeric)));
	if (!(x >= 0 && x <= most))
		bad_model(path, psprintf("must be between 0 and %g", most));
	return x;
}

static double
number_of(JsonbContainer *c, const char *k, const char *path, double most)
{
	return plain_number_of(get(c, k), psprintf("%s.%s", path, k), most);
}

/* link_model_from: a model for this engine's columns; whatever else stands in the object is left alone */
void
link_model_from(Jsonb *json, const link_engine *e, link_model *model)
{
	memset(model, 0, sizeof *model);
	if (!JB_ROOT_IS_OBJECT(json))
		bad_model("the whole", "must be an object");
	if (number_of(&json->root, "version", "model", 1000) != MODEL_VERSION)
		bad_model("version", psprintf("must be %d", MODEL_VERSION));
	for (int org = 0; org < 2; org++)
	{
		link_class_model *k = &model->of[org];
		JsonbContainer *p = object(&json->root, part[org], "model"),
				   *fixed = object(p, "comparisons", part[org]),
				   *columns = object(p, "columns", part[org]);
		JsonbValue *v;

		k->pairs = number_of(p, "pairs", part[org], 1e18);
		k->same = number_of(p, "same", part[org], k->pairs);
		k->household = number_of(p, "household", part[org], k->pairs);
		v = get(p, "name_chance");
		if (!v || v->type != jbvBinary || !JsonContainerIsArray(v->val.binary.data) || JsonContainerSize(v->val.binary.data) != LINK_NAME_BINS)
			bad_model(psprintf("%s.name_chance", part[org]), psprintf("must be an array of %d numbers", LINK_NAME_BINS));
		for (int b = 0; b < LINK_NAME_BINS; b++)
			k->name_chance[b] = plain_number_of(getIthJsonbValueFromContainer(v->val.binary.data, b), psprintf("%s.name_chance", part[org]), 1e6);
		for (int c = 0; c < link_comparisons(e); c++)
		{
			const char *name = link_comparison_name(e, c, org);
			int			levels = link_comparison_levels(e, c, org);
			char	   *path = psprintf("%s.%s", part[org], name);

			v = get(c < LINK_C_EXTRA ? fixed : columns, name);
			if (!v || v->type != jbvBinary || !JsonContainerIsArray(v->val.binary.data) || JsonContainerSize(v->val.binary.data) != levels)
				bad_model(path, psprintf("must be an array of %d levels", levels));
			for (int l = 1; l <= levels; l++)
			{
				JsonbValue *x = getIthJsonbValueFromContainer(v->val.binary.data, l - 1);

				if (!x || x->type != jbvBinary || !JsonContainerIsObject(x->val.binary.data))
					bad_model(path, "must hold objects of m, h and u");
				k->m[c][l] = number_of(x->val.binary.data, "m", path, 1);
				k->h[c][l] = number_of(x->val.binary.data, "h", path, 1);
				k->u[c][l] = number_of(x->val.binary.data, "u", path, 1);
			}
		}
		k->trained = true;
	}
}

/* the frequencies in an object {"value": share} */
static void
give(JsonbContainer *c, link_engine *e, int what, const char *path)
{
	JsonbIterator *it = JsonbIteratorInit(c);
	JsonbValue	name,
				v;
	JsonbIteratorToken t;

	while ((t = JsonbIteratorNext(&it, &name, true)) != WJB_DONE)
	{
		double		share;
		char	   *u;

		if (t != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &v, true);
		share = plain_number_of(&v, path, 1);
		if (share <= 0)
			bad_model(path, "must be above 0");
		u = pg_server_to_any(name.val.string.val, name.val.string.len, PG_UTF8);
		link_give_frequency(e, what, u, u == name.val.string.val ? name.val.string.len : strlen(u), share);
	}
}

/* link_model_give: how frequent values are, where the model says so; before the engine is settled */
void
link_model_give(Jsonb *json, link_engine *e)
{
	JsonbContainer *p;

	if (!JB_ROOT_IS_OBJECT(json) || !get(&json->root, "frequencies"))
		return;
	p = object(&json->root, "frequencies", "model");
	for (int what = 0; what < LINK_OF_EXTRA; what++)
		if (get(p, frequency_name[what]))
			give(object(p, frequency_name[what], "frequencies"), e, what, psprintf("frequencies.%s", frequency_name[what]));
	if (get(p, "columns"))
	{
		p = object(p, "columns", "frequencies");
		for (int c = LINK_C_EXTRA; c < link_comparisons(e); c++)
		{
			const char *name = link_comparison_name(e, c, false);

			if (get(p, name))
				give(object(p, name, "frequencies.columns"), e, LINK_OF_EXTRA + c - LINK_C_EXTRA, psprintf("frequencies.columns.%s", name));
		}
	}
}

/* ---- explain_match(a jsonb, b jsonb, columns jsonb, model jsonb) ---- */

static void
put_object(link_engine *e, Jsonb *record, const LinkColumns *c, const char *id)
{
	if (!JB_ROOT_IS_OBJECT(record))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("a record must be a JSON object of columns and values")));
	for (int i = 0; i < c->n; i++)
	{
		JsonbValue *v = get(&record->root, c->name[i]);

		if (!v || v->type == jbvNull)
			continue;
		if (v->type == jbvString)
			link_put(e, i, v->val.string.val, v->val.string.len);
		else if (v->type == jbvNumeric)
		{
			char	   *t = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(v->val.numeric)));

			link_put(e, i, t, strlen(t));
		}
		else
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("the value of \"%s\" must be a string, a number or null", c->name[i])));
	}
	link_row(e, id, strlen(id), 0);
}

/* the values of a record that a comparison looks at, as written, joined; NULL when there are none */
static char *
values_of(Jsonb *record, const LinkColumns *c, const link_engine *e, int comparison)
{
	StringInfoData s;

	initStringInfo(&s);
	for (int i = 0; i < c->n; i++)
	{
		link_kind	k = c->kind[i];
		bool		use = false;
		JsonbValue *v;

		switch (comparison)
		{
			case LINK_C_FIRST:
				use = k == LINK_GIVEN_NAME || k == LINK_FULL_NAME;
				break;
			case LINK_C_LAST:
				use = k == LINK_FAMILY_NAME || k == LINK_MAIDEN_NAME || k == LINK_FULL_NAME || k == LINK_ORGANISATION_NAME;
				break;
			case LINK_C_DATE:
				use = k == LINK_DATE;
				break;
			case LINK_C_EMAIL:
				use = k == LINK_EMAIL;
				break;
			case LINK_C_PHONE:
				use = k == LINK_PHONE;
				break;
			case LINK_C_ADDRESS:
				use = k == LINK_ADDRESS || k == LINK_POSTAL_CODE || k == LINK_CITY;
				break;
			case LINK_C_REGISTRY:
				use = k == LINK_REGISTRY_NUMBER;
				break;
			case LINK_C_SOURCE:
				use = k == LINK_SOURCE;
				break;
			default:
				use = strcmp(c->name[i], link_comparison_name(e, comparison, false)) == 0;
		}
		if (!use || (v = get(&record->root, c->name[i])) == NULL)
			continue;
		if (v->type == jbvString)
			appendStringInfo(&s, "%s%.*s", s.len ? " " : "", v->val.string.len, v->val.string.val);
		else if (v->type == jbvNumeric)
			appendStringInfo(&s, "%s%s", s.len ? " " : "", DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(v->val.numeric))));
	}
	return s.len ? s.data : NULL;
}

Datum
crmseg_explain_match(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Tuplestorestate *store;
	MemoryContext context,
				old;
	LinkColumns c;
	link_engine *e;
	link_model	model;
	link_step	step[LINK_COMPARISONS];
	Jsonb	   *record[2];
	const char *id;
	size_t		n;
	bool		org;
	double		running;

	for (int i = 0; i < 3; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("explain_match: only model may be null")));
	record[0] = PG_GETARG_JSONB_P(0);
	record[1] = PG_GETARG_JSONB_P(1);
	store = link_result(fcinfo, &desc);
	context = AllocSetContextCreate(CurrentMemoryContext, "linkage", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	link_columns(PG_GETARG_JSONB_P(2), InvalidOid, &c);
	e = link_engine_start(&c);
	put_object(e, record[0], &c, "a");
	put_object(e, record[1], &c, "b");
	if (!PG_ARGISNULL(3))
		link_model_give(PG_GETARG_JSONB_P(3), e);
	link_settle(e, &id, &n);
	if (PG_ARGISNULL(3))
		link_default_model(e, &model);
	else
		link_model_from(PG_GETARG_JSONB_P(3), e, &model);
	link_values_by_model(e);
	link_train(e, &model, NULL);
	org = link_is_organisation(e, 0);
	running = link_prior(e, 0);
	if (org != link_is_organisation(e, 1))
	{
		Datum		values[9] = {CStringGetTextDatum("kind"), 0, 0, CStringGetTextDatum("a person and an organisation")};
		bool		nulls[9] = {false, true, true, false, true, true, true, false, false};

		values[7] = values[8] = Float8GetDatum(-get_float8_infinity());
		tuplestore_putvalues(store, desc, values, nulls);
	}
	else
	{
		link_pair(e, 0, 1, step);
		for (int i = -1; i < link_comparisons(e); i++)
		{
			Datum		values[9];
			bool		nulls[9] = {false};
			char	   *left,
					   *right;

			if (i >= 0 && step[i].level == 0)
			{
				/* nothing compared: told only where a value stands on a side */
				if (!values_of(record[0], &c, e, i) && !values_of(record[1], &c, e, i))
					continue;
			}
			left = i < 0 ? NULL : values_of(record[0], &c, e, i);
			right = i < 0 ? NULL : values_of(record[1], &c, e, i);
			if (i >= 0)
				running += step[i].weight;
			values[0] = CStringGetTextDatum(i < 0 ? "prior" : link_comparison_name(e, i, org));
			nulls[1] = !left;
			nulls[2] = !right;
			values[1] = left ? CStringGetTextDatum(left) : 0;
			values[2] = right ? CStringGetTextDatum(right) : 0;
			nulls[3] = nulls[4] = nulls[5] = nulls[6] = true;
			if (i >= 0)
			{
				values[3] = CStringGetTextDatum(link_comparison_level(e, i, org, step[i].level));
				nulls[3] = false;
				if (step[i].level > 0)
				{
					values[4] = Float8GetDatum(step[i].m);
					values[5] = Float8GetDatum(step[i].u);
					nulls[4] = nulls[5] = false;
					if (step[i].frequency >= 0)
					{
						values[6] = Float8GetDatum(step[i].frequency);
						nulls[6] = false;
					}
				}
			}
			values[7] = Float8GetDatum(i < 0 ? running : step[i].weight);
			values[8] = Float8GetDatum(running);
			tuplestore_putvalues(store, desc, values, nulls);
		}
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return (Datum) 0;
}
