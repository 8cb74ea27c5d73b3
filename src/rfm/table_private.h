/*
 * table_private.h: how the rows of rfm_table, rfm_scopes and rfm_rows are put out (table_fn.c).
 */
#ifndef CRMSEG_RFM_TABLE_PRIVATE_H
#define CRMSEG_RFM_TABLE_PRIVATE_H

#include "rfm_private.h"

#include "executor/tuptable.h"
#include "utils/tuplestore.h"

typedef struct RfmOut
{
	Tuplestorestate *store;
	TupleDesc	desc;
	int			bins;
	TupleTableSlot *slot;
	const char **label;			/* by cell, as met */
	char	   *row;
	Size		room;
} RfmOut;

extern void table_check(int64 as_of, int bins);
extern void table_begin(FunctionCallInfo fcinfo, RfmOut *out, int bins);
extern void table_put(RfmOut *out, const char *scope, uint32 scope_len, const char *id, uint32 id_len, int64 last_at, int64 frequency,
					  const char *amount, uint32 amount_len, int r, int f, int m);
extern void table_book(RfmOut *out, const BookView *v, const char *scope, uint32 scope_len, int64 as_of);

#endif
