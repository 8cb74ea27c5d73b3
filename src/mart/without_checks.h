/*
 * without_checks.h: one statement without the row by row check of those foreign keys that its caller has proved for all rows at once.
 */
#ifndef CRMSEG_MART_WITHOUT_CHECKS_H
#define CRMSEG_MART_WITHOUT_CHECKS_H

#include "postgres.h"

#include "nodes/execnodes.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"

/*
 * Is what this trigger of the relation would check proved for every row that the statement can write? is_own: it is the statement itself,
 * not one that its triggers started.
 */
typedef bool (*is_proved_function) (const Trigger *trigger, Relation relation, bool is_own, void *arg);

typedef struct WithoutChecks
{
	const char *statement;		/* NULL: none, its owner sets started itself */
	is_proved_function is_proved;
	void	   *arg;
	bool		started;		/* what starts now is run by its triggers */
	struct WithoutChecks *outer;
} WithoutChecks;

/* For the statement of this text that starts next; end it in PG_FINALLY, for it may never start. */
extern void without_checks_begin(WithoutChecks *w, const char *statement, is_proved_function is_proved, void *arg);
extern void without_checks_end(WithoutChecks *w);

/* Takes the proved checks out of the triggers that this execution holds of a table. */
extern void without_checks_filter(const WithoutChecks *w, ResultRelInfo *result, bool is_own);

/*
 * Does a statement on this table write what its text says, and no more? Not where the user has rules, partitions or triggers before the
 * event, which could put other values into a row or add rows. attnum: the only column that an UPDATE sets, 0: any. known: a trigger of the
 * mart that does not, or NULL.
 */
extern bool without_checks_is_plain(Relation relation, CmdType event, AttrNumber attnum, const char *known);

#endif
