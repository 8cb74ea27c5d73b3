/*
 * bulk_insert.h: the rows that a SELECT gives go to a table as COPY would write them, many at once and index by index in the order of its
 * keys, with all its checks, constraints, defaults and triggers. For an INSERT ... SELECT of many rows, and with its rights.
 */
#ifndef CRMSEG_MART_BULK_INSERT_H
#define CRMSEG_MART_BULK_INSERT_H

#include "postgres.h"

#include "executor/spi.h"
#include "mart/without_checks.h"

/* Several inserts may share a scope: the triggers AFTER them all run at its end, in the order of the inserts. */
typedef struct BulkScope
{
	List	   *inserts;
	WithoutChecks checks;
} BulkScope;

typedef struct BulkInsert BulkInsert;

/* is_proved: foreign keys that need no check, as in without_checks.h; NULL: none. End it in any case, by bulk_abandon after an error. */
extern void bulk_begin(BulkScope *scope, is_proved_function is_proved, void *arg);

/*
 * Runs the plan and inserts its rows into these columns; *inserted is their number. False, and nothing done: the table is not one whose
 * rows may be written so (rules, row security, triggers before the row, partitions, column rights, columns of other types than
 * the rows'), use the statement. known: a trigger before the row that has nothing to do with these rows. apart: the rows are proved
 * to violate no exclusion constraint.
 */
extern bool bulk_insert(BulkScope *scope, Oid table, const char *columns, SPIPlanPtr plan, ParamListInfo params, const char *known, bool apart, uint64 *inserted);
extern void bulk_end(BulkScope *scope);
extern void bulk_abandon(BulkScope *scope);

#endif
