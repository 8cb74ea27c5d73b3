/*
 * explain_fn.h: conditions asked about one row, at an instant of one's choice: for explain_segment and next_change.
 */
#ifndef CRMSEG_EXPLAIN_FN_H
#define CRMSEG_EXPLAIN_FN_H

#include "sql_fn.h"

#include "executor/spi.h"
#include "nodes/params.h"

/* a row and the instant, the columns and the instant being parameters of the queries */
typedef struct asked
{
	segment_scope scope;
	TupleDesc	desc;
	ParamListInfo params;		/* of each column, then the instant */
} asked;

extern asked *ask_about(FunctionCallInfo fcinfo, int mart, int row);
extern void ask_at(asked *a, TimestampTz at);
/* inside SPI_connect */
extern SPIPlanPtr ask_prepare(asked *a, const char *sql);
extern Datum ask_one(asked *a, SPIPlanPtr plan, bool *isnull);

#endif
