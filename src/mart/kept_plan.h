/*
 * kept_plan.h: statements that are built as text and run again and again in a session, planned once.
 */
#ifndef CRMSEG_MART_KEPT_PLAN_H
#define CRMSEG_MART_KEPT_PLAN_H

#include "postgres.h"

/*
 * Runs one statement with its arguments (nulls as SPI has it, or NULL); SPI must be connected. Its plan is kept under its text while the arrays
 * among the arguments are short, and is made for their present length otherwise. Returns the rows; what they hold is in SPI_tuptable.
 */
extern uint64 run_kept(const char *sql, int nargs, Oid *types, Datum *args, const char *nulls);

#endif
