/*
 * segment_set_fn.h: who else than its own trigger tells the sets of segments (mart step 22) of stays.
 */
#ifndef CRMSEG_SEGMENT_SET_FN_H
#define CRMSEG_SEGMENT_SET_FN_H

#include "postgres.h"

#include "utils/rel.h"
#include "utils/reltrigger.h"

/* Is it a trigger by which sets follow a table of stays? */
extern bool segment_set_is_trigger(const Trigger *t);

/* Stays of these parties in these segments were written past those triggers. SPI is connected. */
extern void segment_set_note(Relation relation, const int64 *segment, const int64 *party, int n);

#endif
