/*
 * reverse_fn.h: the index over the segments of a mart for one sort of row, between reverse_fn.c (which keeps it), reverse_leaf_fn.c (which
 * makes conditions of leaves) and reverse_row_fn.c (which reads a row for it).
 */
#ifndef CRMSEG_REVERSE_FN_H
#define CRMSEG_REVERSE_FN_H

#include "plan_fn.h"
#include "match_index.h"

#include "access/htup.h"
#include "nodes/bitmapset.h"
#include "utils/hsearch.h"
#include "utils/numeric.h"

/* What an attribute of the index is made of. */
typedef enum part_kind
{
	PART_PRESENT,				/* code 1 when not NULL */
	PART_NUMBER,				/* int2, int4, int8, numeric, float4, float8 */
	PART_TEXT,					/* text, varchar, name with a deterministic collation: by its bytes */
	PART_BOOL,					/* code 1 false, 2 true */
	PART_TIME,					/* date, timestamp, timestamptz: their integers */
	PART_SET,					/* text[] */
	PART_WINDOWS,				/* of a time: which windows and anniversaries hold now: 2i + 1 true, 2i + 2 false */
	PART_BUCKET					/* place in a sample by a key */
} part_kind;

/* how a document is read before */
typedef enum document_kind
{
	NO_DOCUMENT, DOCUMENT_TEXT, DOCUMENT_NUMBER, DOCUMENT_FLAG, DOCUMENT_DATE, DOCUMENT_SET
} document_kind;

typedef struct window_test
{
	segment_kind kind;			/* WITHIN or ANNIVERSARY */
	segment_window window;
	bool		open;			/* to is not in it */
	int64		from,
				to;				/* for the instant at */
	TimestampTz next;			/* of calendar windows: when the present unit ends */
} window_test;

typedef struct part
{
	part_kind	kind;
	document_kind document;
	int			column;			/* of the row, from 0 */
	bool		flat;			/* one key, with dots if it has any */
	int			keys;			/* of the document; 0: the column itself is it */
	char	  **key;
	char	   *joined;			/* the keys, for comparing parts */
	segment_class class;		/* of times */
	Oid			type;
	char	   *seed;			/* of buckets */
	int			windows,
				window_room;
	window_test *window;
	TimestampTz at;				/* the instant for which the windows' ends were made */
	int64		value;			/* of a time: of the row at hand */
} part;

/* what a name of a predicate is, dotted */
typedef struct reverse_name
{
	char		name[256];
	bool		located;		/* in the row: like */
	segment_reference ref;
	part		like;
} reverse_name;

typedef struct definition
{
	int64		id;
	char	   *name;
	char	   *predicate;
	bool		held;			/* in the index */
	bool		seen;			/* still in the table */
	Bitmapset  *columns;		/* of the row that it names; NULL with names_all when it looks elsewhere */
	bool		elsewhere;		/* more than the row decides */
	bool		ranked;			/* among all parties: as of the last refresh */
} definition;

typedef struct reverse_index
{
	struct reverse_index *next;
	MemoryContext context;
	Oid			schema;
	Oid			type;
	int32		typmod;
	Oid			user;
	uint64		generation;
	uint64		digest;			/* of what names mean: attributes, events, traits, zone */
	TupleDesc	desc;
	segment_index *ix;
	int			parts,
				part_room;
	part	   *part;
	HTAB	   *names;			/* attributes that were resolved: reverse_name */
	HTAB	   *by_id;			/* int64 -> index in definition */
	int			definitions,
				definition_room;
	definition *definition;
	Datum	   *label;			/* the names as texts, apart: found one after the other */
	FmgrInfo	in_segment;
	segment_given *datum;		/* one for each part */
	MemoryContext per_row;
	Datum	   *value;			/* the row at hand */
	bool	   *isnull;
} reverse_index;

/* keys of the index: ascending with the values */
extern uint64 reverse_key_of_double(double d);
static inline uint64
reverse_key_of_int(int64 i)
{
	return (uint64) i ^ UINT64CONST(1) << 63;
}
extern void reverse_bound_of_numeric(Numeric n, segment_bound *b);
extern int	reverse_compare(const segment_bound *a, const segment_bound *b);

/* the condition under which a definition holds; the columns that it names, whether it looks elsewhere too, and whether it ranks */
extern segment_condition *reverse_condition(reverse_index *r, vocabulary *v, const segment_node *tree, const char *name, segment_allocator memory,
											Bitmapset **columns, bool *elsewhere, bool *ranked);
/* fills r->datum from a row; NULL: all columns unknown */
extern void reverse_read_row(reverse_index *r, HeapTuple tuple, vocabulary *v, TimestampTz now);
/* the first instant after now at which the row just read may be in other segments by the passing of time: never later than it is; DT_NOEND: none */
extern TimestampTz reverse_next_flip(reverse_index *r, vocabulary *v, TimestampTz now);

#endif
