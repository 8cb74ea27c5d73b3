/*
 * activity_private.h: what activity_plan_fn.c and activity_set_fn.c share.
 */
#ifndef CRMSEG_ACTIVITY_PRIVATE_H
#define CRMSEG_ACTIVITY_PRIVATE_H

#include "segment/sql_fn.h"

/* The bitmaps of a table's events are whole, and the caller may read all of the events and the bitmaps. */
extern bool activity_is_trusted(vocabulary *v, Oid relation, const vocabulary_activity *a);

/* did EVENT, or did not EVENT, without a condition on the event; made of such alone; true for who did none of it */
extern bool activity_is_leaf(const segment_node *n);
extern bool activity_is_made_of(const segment_node *n, bool (*leaf) (void *context, const segment_node *n), void *context);
extern bool activity_holds_for_none(const segment_node *n);

#endif
