/*
 * party_set_fn.h: values of type party_set in the server: flat, as the bytes of party_set.h behind a length, or expanded while they are
 * worked on. A set in memory belongs to a context, with which it goes.
 */
#ifndef CRMSEG_PARTY_SET_FN_H
#define CRMSEG_PARTY_SET_FN_H

#include "postgres.h"

#include "fmgr.h"

#include "activity/party_set.h"
#include "compat.h"
#include "error.h"

/* a set of a context of its own below parent, as a datum and as what it holds */
extern Datum party_set_datum(party_set *set, MemoryContext parent);

/* an empty set that goes with the context, also after an error; not a datum */
extern party_set *party_set_in_context(MemoryContext context);

/* what a datum holds, perhaps read from its bytes; not to be changed */
extern const party_set *party_set_of(Datum d);

/*
 * Sets that bytea of the mart's tables hold, joined one after the other where they lie (22P03 when one is none); then all of them joined to a
 * set. The work goes with its context.
 */
extern party_set_work *party_set_work_in_context(MemoryContext context);
extern void party_set_work_join_bytes(party_set_work *work, Datum bytes);
extern void party_set_join_work(party_set *set, party_set_work *work);

#endif
