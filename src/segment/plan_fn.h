/*
 * plan_fn.h: a predicate as an expression tree over a row (plan_row_fn.c), for the planner (plan_fn.c) and for the evaluator (match_fn.c).
 */
#ifndef CRMSEG_PLAN_FN_H
#define CRMSEG_PLAN_FN_H

#include "sql_fn.h"

#include "datatype/timestamp.h"

#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"

/* where the columns of a row come from: col makes the expression of one, depth query levels below */
typedef struct segment_row
{
	TupleDesc	desc;
	Oid			relation;
	Node	   *(*column) (struct segment_row *row, int i, int depth);
	Node	   *base;			/* for whoever wrote column */
	bool		row_security;	/* set when a relation that is read has policies */
} segment_row;

/* queries from the one in hand outwards: a Var names its row by number and level */
typedef struct query_level
{
	Query	   *query;
	struct query_level *outer;
} query_level;

/* The row that an argument names in a query: its columns' names and types, and their expressions. False when no plan can name its columns. */
extern bool segment_row_of(Node *arg, query_level *at, segment_row *row);

/* the condition, analysed, its subqueries rewritten */
extern Node *segment_condition_tree(segment_row *row, const char *sql);

/* counts the changes of any vocabulary: what is older than the present one must be made anew */
extern uint64 segment_generation(void);

extern void segment_init(void);

/* the instant that conditions without a plan take for now, where it is another than the server's; DT_NOBEGIN: the server's */
extern TimestampTz segment_clock;

#endif
