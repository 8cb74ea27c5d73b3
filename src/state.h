/*
 * state.h: the text form of aggregate states, for the skins of every folder.
 */
#ifndef CRMSEG_STATE_H
#define CRMSEG_STATE_H

#include "postgres.h"

#include "fmgr.h"

/* what send gives, in hex; 54000 when it is too large for a text */
extern Datum state_out(PGFunction send, Datum state);
/* what recv makes of such a text; 22P02 for another text, naming the type */
extern Datum state_in(PGFunction recv, const char *text, const char *type);

#endif
