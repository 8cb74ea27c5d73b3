/*
 * segment_fn.h: what the skins of segments share, and what others may call: a datum's tree in the server's memory, and errors that say where.
 */
#ifndef CRMSEG_SEGMENT_FN_H
#define CRMSEG_SEGMENT_FN_H

#include "postgres.h"

#include "fmgr.h"

#include "compat.h"
#include "error.h"
#include "segment/segment.h"

/* memory of a context of the server */
extern segment_allocator segment_memory(MemoryContext context);

/* the tree of a datum of type segment, in the current memory context; 22P03 when its bytes are no tree */
extern segment_node *segment_tree(struct varlena *datum);
extern struct varlena *segment_datum(const segment_node *node);

/* raises what a core found wrong with a text; into the soft error's context when there is one */
extern void segment_raise(const segment_error *error, const char *text, fmNodePtr escontext);

/* the line of a text with a caret under a place, for a detail */
extern char *segment_pointed(const char *text, uint32_t position);

/* the canonical text of a node, or of a part of it, palloc'd */
extern char *segment_text_of(const segment_node *node);

/* a dotted name as it is written: a.b."C d" */
extern char *segment_path_of(const segment_node *attribute);

#endif
