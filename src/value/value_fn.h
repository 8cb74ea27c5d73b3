/*
 * value_fn.h: what the skins of the value models share: the stored form of a model, and how to get at one.
 */
#ifndef CRMSEG_VALUE_FN_H
#define CRMSEG_VALUE_FN_H

#include "compat.h"

#include "datatype/timestamp.h"

#include "value/value.h"

#define VALUE_MODEL_VERSION 1

/* The type is stored plain: neither compressed nor with a short header, so a model is read where it lies. */
typedef struct stored_model
{
	int32		vl_len_;
	uint8		version;
	uint8		pad[3];
	value_model model;
} stored_model;

extern const value_model *value_model_arg(FunctionCallInfo fcinfo, int n);
extern Datum value_model_datum(const value_model *m);
extern double value_interval_microseconds(const Interval *span);

extern value_predictor *value_predictor_of(FunctionCallInfo fcinfo, const value_model *m);

#define GETARG_MODEL(n) value_model_arg(fcinfo, n)
#endif
