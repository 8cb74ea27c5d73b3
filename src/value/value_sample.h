/*
 * value_sample.h: the state of the fitting aggregates, between value_sample_fn.c (the type) and value_fit_fn.c (the aggregates).
 */
#ifndef CRMSEG_VALUE_SAMPLE_H
#define CRMSEG_VALUE_SAMPLE_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/expandeddatum.h"

#include "value/value.h"

#define VALUE_SAMPLE_VERSION 1

#define SAMPLE_REPEAT		1	/* frequency, recency, age */
#define SAMPLE_SPEND		2	/* frequency, mean amount */
#define SAMPLE_OCCASIONS	3	/* frequency, recency, opportunities */

typedef struct sample_slot
{
	uint32		tag,			/* never 0 when taken */
				row;
} sample_slot;

typedef struct value_sample
{
	ExpandedObjectHeader header;
	int			magic;
	int			kind;
	double		unit;
	value_row  *row;
	Size		rows,
				capacity;
	sample_slot *slot;
	Size		slots;			/* a power of two */
} value_sample;

extern value_sample *value_sample_make(MemoryContext parent, int kind, double unit);
extern void value_sample_append(value_sample *s, double x, double tx, double T, double w);
extern value_sample *value_sample_writable(Datum d, MemoryContext parent);
extern const value_row *value_sample_rows(Datum d, Size *rows, value_sample *view);
extern Datum value_sample_add(FunctionCallInfo fcinfo, int kind, double unit, double x, double tx, double T, double w);
extern const char *value_sample_wrong(int kind, double x, double tx, double T);

#endif
