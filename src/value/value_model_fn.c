/*
 * value_model_fn.c: the type value_model: text and binary input and output, comparison, hash, and what can be read from a model. Models come
 * from value_fit_fn.c or from their text (model_text.c) and go to value_predict_fn.c.
 */
#include "value/value_fn.h"

#include <math.h>

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "error.h"

PG_FUNCTION_INFO_V1(crmseg_value_model_in);
PG_FUNCTION_INFO_V1(crmseg_value_model_out);
PG_FUNCTION_INFO_V1(crmseg_value_model_recv);
PG_FUNCTION_INFO_V1(crmseg_value_model_send);
PG_FUNCTION_INFO_V1(crmseg_value_model_eq);
PG_FUNCTION_INFO_V1(crmseg_value_model_ne);
PG_FUNCTION_INFO_V1(crmseg_value_model_lt);
PG_FUNCTION_INFO_V1(crmseg_value_model_le);
PG_FUNCTION_INFO_V1(crmseg_value_model_gt);
PG_FUNCTION_INFO_V1(crmseg_value_model_ge);
PG_FUNCTION_INFO_V1(crmseg_value_model_cmp);
PG_FUNCTION_INFO_V1(crmseg_value_model_hash);
PG_FUNCTION_INFO_V1(crmseg_value_model_hash_extended);
PG_FUNCTION_INFO_V1(crmseg_value_model_family);
PG_FUNCTION_INFO_V1(crmseg_value_model_status);
PG_FUNCTION_INFO_V1(crmseg_value_model_unit);
PG_FUNCTION_INFO_V1(crmseg_value_model_parameter);
PG_FUNCTION_INFO_V1(crmseg_value_model_standard_error);
PG_FUNCTION_INFO_V1(crmseg_value_model_log_likelihood);
PG_FUNCTION_INFO_V1(crmseg_value_model_aic);
PG_FUNCTION_INFO_V1(crmseg_value_model_nbd_aic);
PG_FUNCTION_INFO_V1(crmseg_value_model_customers);

const value_model *
value_model_arg(FunctionCallInfo fcinfo, int n)
{
	stored_model *s = (stored_model *) PG_DETOAST_DATUM(PG_GETARG_DATUM(n));

	if (VARSIZE(s) != sizeof(stored_model) || s->version != VALUE_MODEL_VERSION)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("value_model is of another version of the extension")));
	return &s->model;
}

Datum
value_model_datum(const value_model *m)
{
	stored_model *s = palloc0(sizeof(stored_model));

	SET_VARSIZE(s, sizeof(stored_model));
	s->version = VALUE_MODEL_VERSION;
	s->model = *m;
	return PointerGetDatum(s);
}

Datum
crmseg_value_model_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	value_model m;
	int			position = 0;
	const char *wrong = value_model_parse(text, strlen(text), &m, &position);

	if (wrong != NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(CRMSEG_BAD_TEXT), errmsg("invalid input syntax for type %s at character %d", "value_model", position + 1),
				 errdetail_internal("%s", wrong),
				 errhint("Write a model as bg_nbd(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259).")));
	PG_RETURN_DATUM(value_model_datum(&m));
}

Datum
crmseg_value_model_out(PG_FUNCTION_ARGS)
{
	char	   *text = palloc(VALUE_TEXT_MAX);

	value_model_print(GETARG_MODEL(0), text);
	PG_RETURN_CSTRING(text);
}

/* the numbers of a model, from the first parameter on */
#define DOUBLES ((int) ((sizeof(value_model) - offsetof(value_model, param)) / sizeof(double)))
#define NUMBERS_OF(m) ((const char *) (m) + offsetof(value_model, param))

Datum
crmseg_value_model_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	value_model m;
	double		number[DOUBLES];
	const char *wrong;
	int			version = pq_getmsgbyte(buf);

	if (version != VALUE_MODEL_VERSION)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("unsupported version number %d of value_model", version)));
	memset(&m, 0, sizeof(m));
	m.kind = pq_getmsgint(buf, 4);
	m.status = pq_getmsgint(buf, 4);
	for (int i = 0; i < DOUBLES; i++)
		number[i] = pq_getmsgfloat8(buf);
	memcpy((char *) &m + offsetof(value_model, param), number, sizeof(number));
	if ((wrong = value_model_check(&m)) != NULL)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("invalid binary value_model"), errdetail_internal("%s", wrong)));
	PG_RETURN_DATUM(value_model_datum(&m));
}

Datum
crmseg_value_model_send(PG_FUNCTION_ARGS)
{
	const value_model *m = GETARG_MODEL(0);
	double		number[DOUBLES];
	StringInfoData buf;

	memcpy(number, NUMBERS_OF(m), sizeof(number));
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, VALUE_MODEL_VERSION);
	pq_sendint32(&buf, m->kind);
	pq_sendint32(&buf, m->status);
	for (int i = 0; i < DOUBLES; i++)
		pq_sendfloat8(&buf, number[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* by family, parameters, then what the fit says; unknown numbers last. Never raises. */
static int
compare(FunctionCallInfo fcinfo)
{
	const stored_model *a = (stored_model *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0)),
			   *b = (stored_model *) PG_DETOAST_DATUM(PG_GETARG_DATUM(1));
	double		x[DOUBLES],
				y[DOUBLES];

	memcpy(x, NUMBERS_OF(&a->model), sizeof(x));
	memcpy(y, NUMBERS_OF(&b->model), sizeof(y));
	if (a->model.kind != b->model.kind)
		return a->model.kind < b->model.kind ? -1 : 1;
	for (int i = 0; i < DOUBLES; i++)
	{
		if (isnan(x[i]) || isnan(y[i]))
		{
			if (!isnan(x[i]) || !isnan(y[i]))
				return isnan(x[i]) ? 1 : -1;
		}
		else if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	}
	return a->model.status < b->model.status ? -1 : a->model.status > b->model.status;
}

Datum crmseg_value_model_eq(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare(fcinfo) == 0); }
Datum crmseg_value_model_ne(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare(fcinfo) != 0); }
Datum crmseg_value_model_lt(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare(fcinfo) < 0); }
Datum crmseg_value_model_le(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare(fcinfo) <= 0); }
Datum crmseg_value_model_gt(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare(fcinfo) > 0); }
Datum crmseg_value_model_ge(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compare(fcinfo) >= 0); }
Datum crmseg_value_model_cmp(PG_FUNCTION_ARGS) { PG_RETURN_INT32(compare(fcinfo)); }

Datum
crmseg_value_model_hash(PG_FUNCTION_ARGS)
{
	const stored_model *s = (stored_model *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));

	PG_RETURN_DATUM(hash_any((const unsigned char *) &s->model, sizeof(value_model)));
}

Datum
crmseg_value_model_hash_extended(PG_FUNCTION_ARGS)
{
	const stored_model *s = (stored_model *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));

	PG_RETURN_DATUM(hash_any_extended((const unsigned char *) &s->model, sizeof(value_model), PG_GETARG_INT64(1)));
}

/* ---------- reading a model ---------- */

Datum
crmseg_value_model_family(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(value_kind_name(GETARG_MODEL(0)->kind)));
}

Datum
crmseg_value_model_status(PG_FUNCTION_ARGS)
{
	char		text[VALUE_TEXT_MAX];

	value_status_print(GETARG_MODEL(0)->status, text);
	PG_RETURN_TEXT_P(cstring_to_text(text));
}

Datum
crmseg_value_model_unit(PG_FUNCTION_ARGS)
{
	const value_model *m = GETARG_MODEL(0);
	Interval   *span;

	if (isnan(m->unit))
		PG_RETURN_NULL();
	span = palloc0(sizeof(Interval));
	span->day = (int32) (m->unit / USECS_PER_DAY);
	span->time = (int64) (m->unit - (double) span->day * USECS_PER_DAY);
	PG_RETURN_INTERVAL_P(span);
}

static int
parameter_number(const value_model *m, text *name)
{
	char	   *given = text_to_cstring(name);

	for (int i = 0; i < value_param_count(m->kind); i++)
		if (strcmp(given, value_param_name(m->kind, i)) == 0)
			return i;
	ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("a %s model has no parameter \"%s\"", value_kind_name(m->kind), given)));
}

static Datum
number_or_null(FunctionCallInfo fcinfo, double v)
{
	if (isnan(v))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(v);
}

Datum
crmseg_value_model_parameter(PG_FUNCTION_ARGS)
{
	const value_model *m = GETARG_MODEL(0);

	PG_RETURN_FLOAT8(m->param[parameter_number(m, PG_GETARG_TEXT_PP(1))]);
}

Datum
crmseg_value_model_standard_error(PG_FUNCTION_ARGS)
{
	const value_model *m = GETARG_MODEL(0);

	return number_or_null(fcinfo, m->se[parameter_number(m, PG_GETARG_TEXT_PP(1))]);
}

Datum crmseg_value_model_log_likelihood(PG_FUNCTION_ARGS) { return number_or_null(fcinfo, GETARG_MODEL(0)->log_likelihood); }
Datum crmseg_value_model_aic(PG_FUNCTION_ARGS) { return number_or_null(fcinfo, value_aic(GETARG_MODEL(0))); }
Datum crmseg_value_model_nbd_aic(PG_FUNCTION_ARGS) { return number_or_null(fcinfo, GETARG_MODEL(0)->nbd_aic); }
Datum crmseg_value_model_customers(PG_FUNCTION_ARGS) { return number_or_null(fcinfo, GETARG_MODEL(0)->customers); }
