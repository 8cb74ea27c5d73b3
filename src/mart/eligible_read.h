/*
 * eligible_read.h: the queries of eligible(), choose_channel() and next_question(), and their rows.
 */
#ifndef CRMSEG_ELIGIBLE_READ_H
#define CRMSEG_ELIGIBLE_READ_H

#include "postgres.h"

#include "access/htup_details.h"
#include "executor/spi.h"
#include "executor/tuptable.h"

#include "mart/eligible.h"

enum {CAMPAIGN, PARTIES, POINTS, CONSENTS, WISHES, TARGETS, TOUCHES, ONE, TOUCHES_OF_ONE, SUPPRESSED, COMMERCIAL, ALIAS, CHANNELS, PRIORS, PERSON, QUESTIONS, N_PLANS};

/* The plans of a mart; they hold its name, so a renamed schema has others. */
typedef struct Plans
{
	char		mart[NAMEDATALEN];	/* key of the hash table */
	Oid			schema;
	SPIPlanPtr	plan[N_PLANS];
} Plans;

/* The plans for a mart of this name; 3F000 or 55000 when it is none or of another step. Within SPI. */
extern Plans *eligible_plans(const char *mart);
extern Plans *eligible_plans_made(const char *mart);	/* the same where they are made already, else NULL; needs no SPI */

/* What was read once for a statement holds for the same user, under the same snapshot. */
typedef struct Moment
{
	Oid			schema;
	Oid			user;
	TimestampTz transaction;
	TransactionId xmin,
				xmax;
	uint32		xcnt;
	int32		subxcnt;
	CommandId	curcid;
} Moment;

extern Moment eligible_moment(const Plans *p);
extern bool eligible_same_moment(const Moment *a, const Moment *b);

/* A statement's questions, about any channels, campaigns and instants, and its answers (eligible_statement_fn.c); lives in the context it was begun in. */
typedef struct Statement Statement;
extern Statement *eligible_begin(MemoryContext context);

typedef struct Answer
{
	int64		party;
	int64		point;			/* where to write, when ok */
	EligibleReason reason;
	char		status;			/* of the hash table that may hold it */
} Answer;

/*
 * May the party be written to? Within SPI. 22023 for a channel or campaign that does not exist. keep: queries may be kept begun for the parties to
 * come, until the context ends.
 */
extern Answer eligible_ask(Statement *st, Plans *p, text *channel, int64 campaign, TimestampTz at, int64 party, bool keep);

/* The answer where it is known already, else NULL; needs no SPI. Good until the next question. */
extern const Answer *eligible_known(Statement *st, Plans *p, text *channel, int64 campaign, TimestampTz at, int64 party);

/* Rows of a query, read in the order of their first column, the party. */
typedef struct Rows
{
	SPITupleTable *table;
	uint64		n;
	uint64		next;
} Rows;

/*
 * A query that is begun once and asked again and again with other values of its first parameters (so many as are said to change): to begin it costs more
 * than to run it. It ends with the context it was opened in. NULL: its plan holds something that keeps rows, or what may be left out, from one
 * time to the next.
 */
typedef struct Lookup Lookup;
typedef void (*lookup_row) (TupleTableSlot *slot, void *arg);
extern Lookup *eligible_lookup_open(MemoryContext context, SPIPlanPtr plan, Datum *values, const char *nulls, int changing);
/* False, and nothing read: it went with a savepoint that was rolled back, and has to be opened again. */
extern bool eligible_lookup(Lookup *lookup, const Datum *values, const char *nulls, lookup_row row, void *arg);

extern void eligible_make_plan(SPIPlanPtr plan);
extern Rows eligible_run(SPIPlanPtr plan, Datum *values, const char *nulls);
extern void eligible_rows(Rows r, lookup_row row, void *arg);

static inline Datum
cell(const Rows *r, uint64 row, int column, bool *null)
{
	return heap_getattr(r->table->vals[row], column, r->table->tupdesc, null);
}

static inline bool
is_true(const Rows *r, uint64 row, int column)
{
	bool		null;
	Datum		d = cell(r, row, column, &null);

	return !null && DatumGetBool(d);
}

static inline int64
number(const Rows *r, uint64 row, int column)
{
	bool		null;

	return DatumGetInt64(cell(r, row, column, &null));
}

/* The rows of a party: from *first to the number returned; parties are asked for in rising order. */
static inline uint64
rows_of(Rows *r, int64 party, uint64 *first)
{
	while (r->next < r->n && number(r, r->next, 1) < party)
		r->next++;
	*first = r->next;
	while (r->next < r->n && number(r, r->next, 1) == party)
		r->next++;
	return r->next;
}

#endif
