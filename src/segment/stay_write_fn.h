/*
 * stay_write_fn.h: rows written straight to a mart's tables and their indexes, as a worker of logical replication writes, and the stays of
 * parties in segments that way (stay_write_fn.c), for upkeep_write_fn.c.
 */
#ifndef CRMSEG_STAY_WRITE_FN_H
#define CRMSEG_STAY_WRITE_FN_H

#include "vocabulary_fn.h"

#include "mart/without_checks.h"

#include "executor/executor.h"

/* a table that is written row by row; its foreign keys are not checked: whoever writes has done it */
typedef struct row_writer
{
	Relation	rel;
	EState	   *estate;
	ResultRelInfo *result;
	EPQState	epq;
	TupleTableSlot *was,
			   *is;
	WithoutChecks checks;
} row_writer;

extern void row_writer_open(row_writer *w, Relation rel);
extern void row_writer_close(row_writer *w);

/* the row at a place into w->was, its values into w->is */
extern void row_writer_fetch(row_writer *w, ItemPointer at);

/* the row of w->was gets the values of w->is */
extern void row_writer_update(row_writer *w);

/* pairs of a party and a segment */
typedef struct stays
{
	int64	   *party,
			   *id;
	int			n,
				room;
} stays;

extern void stay_add(stays *s, int64 party, int64 id);

typedef struct stay_changes
{
	vocabulary *v;
	const char *m;				/* the schema, quoted */
	TimestampTz at;
	stays		come,			/* a party's one after the other */
				gone;
} stay_changes;

/* The stays end and begin; what refers to nothing that is there goes out of come. Sets, followers and listeners are told. SPI is connected. */
extern void stay_changes_write(stay_changes *c);

#endif
