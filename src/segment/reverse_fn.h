/*
 * reverse_fn.h: the index over the segments of a mart for one sort of row: reverse_index_fn.c keeps it, reverse_definition_fn.c reads the definitions
 * into it, reverse_image_fn.c stores it for other sessions, reverse_leaf_fn.c makes conditions of leaves on the parts that reverse_part_fn.c finds in a row,
 * reverse_row_fn.c and reverse_time_fn.c read a row for it, and reverse_fn.c answers from it. reverse_watch_fn.c knows what of other tables it rests on, upkeep_fn.c whose rows changed.
 */
#ifndef CRMSEG_REVERSE_FN_H
#define CRMSEG_REVERSE_FN_H

#include "plan_fn.h"
#include "match_index.h"

#include "access/htup.h"
#include "nodes/bitmapset.h"
#include "utils/array.h"
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
	PART_BUCKET,				/* place in a sample by a key */
	PART_LIKE,					/* of a text: which patterns hold, whose numbers are those of their names as values of the attribute */
	PART_ILIKE,					/* the same without regard to case */
	PART_ORDER					/* of a text: its place among others in its collation */
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
	segment_patterns *patterns;	/* as many as have been needed */
	TimestampTz at;				/* the instant for which the windows' ends were made */
	int64		value;			/* of a time: of the row at hand */
} part;

/* what conditions that the index cannot hold read of other relations */
typedef struct watched
{
	Oid			relation;
	char	   *text;			/* names and expressions, NULL: all its columns */
} watched;

/* what a change of a table's rows may mean for the segments of a sort of row */
typedef struct relevance
{
	struct relevance *next;
	Oid			relation;
	uint64		catalog,		/* what it was made of */
				version;
	int			parts;
	bool		watch_all;
	Bitmapset  *watched;
	bool		rows;			/* a row that comes or goes may matter */
	bool		all;			/* and a change of any column */
	bool		in_row;			/* the row has columns of this table */
	uint64		reached;		/* by RESTS_ON, the relations through which it is looked into */
	Bitmapset  *touch;			/* a change of these columns may matter; numbers from 1 */
	AttrNumber *from;			/* for each column of the row the table's, 0: not of this table */
} relevance;

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
	int64		id;				/* of one that is gone: the next free place, or -1 */
	uint64		hash;			/* of its name and predicate, and of those of the segments that it names */
	bool		present;
	bool		held;			/* in the index */
	bool		seen;			/* still in the table */
	bool		elsewhere;		/* more than the row decides */
	bool		ranked;			/* among all parties: as of the last refresh */
	uint64		rests;			/* the relations that it looks into, by RESTS_ON */
} definition;

#define RESTS_ON(relation) (UINT64CONST(1) << ((uint32) (relation) * UINT32_C(0x9e3779b1) >> 26))

typedef struct reverse_index
{
	struct reverse_index *next;
	MemoryContext context;
	Oid			schema;
	Oid			type;
	int32		typmod;
	Oid			user;
	uint64		generation;
	uint64		snapshot;		/* under which the definitions were read */
	bool		settled;		/* and nothing was told to have changed since an earlier one */
	uint64		digest;			/* of what names mean: attributes, events, traits, zone */
	int			strange;		/* put in since the image, or since there is none */
	TupleDesc	desc;
	segment_index *ix;
	int			parts,
				part_room;
	part	   *part;
	HTAB	   *names;			/* attributes that were resolved: reverse_name */
	int			watches,
				watch_room;
	uint64		watch_version;
	watched    *watch;			/* what the index does not hold */
	Bitmapset  *watched_columns;	/* of the row */
	bool		watch_all;		/* it is not known what */
	uint64		rests;			/* of the definition that is put in */
	relevance  *relevances;
	int			definitions,	/* ever used */
				definition_room,
				free_definition;	/* -1: none */
	definition *definition;
	Datum	   *label;			/* the names as texts, apart: found one after the other */
	struct varlena *image;		/* from which it came: definitions, labels and index may lie in it */
	int		   *by_id,			/* those present, ascending by id */
				ids;
	FmgrInfo	in_segment;
	MinimalTuple answer;		/* a name as a row, and the slot that it is put into */
	Size		answer_room;
	struct TupleTableSlot *answer_slot;
	segment_given *datum;		/* one for each part */
	MemoryContext per_row;
	Datum	   *value;			/* the row at hand */
	bool	   *isnull;
} reverse_index;

/* where all memory of an index comes from: context is a MemoryContext */
extern void *reverse_realloc(void *context, void *old, size_t size);

/* ---- reverse_fn.c ---- */

/*
 * The numbers of the segments that a row is in at an instant, ascending, and when time alone may change them (DT_NOEND: never). They lie in r->per_row, which the
 * caller resets. Ranks, and unless changed has all bits what more than the row decides but rests on none of its relations (RESTS_ON), are taken from before.
 */
extern int	reverse_answer(reverse_index *r, vocabulary *v, Datum mart, HeapTupleHeader row, ArrayType *before, TimestampTz at, uint64 changed, int64 **ids, TimestampTz *due);
extern ArrayType *reverse_array_of_ids(const int64 *id, int n);
extern void reverse_sort_ids(int64 *id, int n);
/* of an ascending list */
extern bool reverse_is_among(const ArrayType *ids, int64 id);

/* ---- reverse_index_fn.c ---- */

/* the index for a row's type, with all that the caller sees */
extern reverse_index *reverse_index_for(vocabulary *v, Oid type, int32 typmod);

/* ---- reverse_definition_fn.c ---- */

/* takes over what differs in the table of definitions from what is held, and gives how many were put in */
extern int	reverse_read_definitions(reverse_index *r, vocabulary *v);
/* the place of a definition, -1 when there is none */
extern int	reverse_find(const reverse_index *r, int64 id);

/* ---- reverse_image_fn.c ---- */

/* fills a new index from what is stored for such rows; false when there is nothing of use */
extern bool reverse_load(reverse_index *r, vocabulary *v);
static inline bool
reverse_in_image(const reverse_index *r, const void *p)
{
	return r->image && (const char *) p >= (const char *) r->image && (const char *) p < (const char *) r->image + VARSIZE(r->image);
}
/* stores it for other sessions where the caller may; the index moves together either way */
extern void reverse_store(reverse_index *r, vocabulary *v);

/* ---- reverse_part_fn.c ---- */

/* keys of the index: ascending with the values */
extern uint64 reverse_key_of_double(double d);
static inline uint64
reverse_key_of_int(int64 i)
{
	return (uint64) i ^ UINT64CONST(1) << 63;
}
extern void reverse_bound_of_numeric(Numeric n, segment_bound *b);
extern int	reverse_compare(const segment_bound *a, const segment_bound *b);
extern const segment_exact_kind reverse_exact;
extern bool reverse_is_text(Oid type);
/* of texts: the collation of a part, and a text as an exact value of the index that is compared by it */
extern Oid	reverse_collation(const reverse_index *r, const part *p);
extern void *reverse_exact_text(Oid collation, const char *data, Size len);
extern segment_attribute_form reverse_form(part_kind kind);

/* the number of a part like this one, made when there is none; -1 when there are too many */
extern int	reverse_part(reverse_index *r, part_kind kind, const part *like);
/* the column of the row, or the document in it, that a reference reads; false when it reads something else */
extern bool reverse_locate(reverse_index *r, const segment_node *attribute, const segment_reference *ref, part *p);
/* the same for a name, remembered: an index over thousands of predicates names few attributes */
extern bool reverse_located(reverse_index *r, segment_scope *scope, const segment_node *attribute, segment_reference *ref, part *p);

/* ---- reverse_leaf_fn.c ---- */

/* the condition under which a definition holds; whether it looks elsewhere than into the row, and whether it ranks */
extern segment_condition *reverse_condition(reverse_index *r, vocabulary *v, const segment_node *tree, const char *name, segment_allocator memory, bool *elsewhere, bool *ranked);

/* ---- reverse_watch_fn.c ---- */

/* the index does not hold, of what a definition rests on: a column of the row; a relation with what is read of it; a leaf; conditions beside what it cannot hold */
extern void reverse_watch_column(reverse_index *r, int column);
extern void reverse_watch_all(reverse_index *r);
extern void reverse_watch(reverse_index *r, Oid relation, const char *text);
extern void reverse_watch_leaf(reverse_index *r, vocabulary *v, const segment_node *n, const vocabulary_event *event);
extern void reverse_watch_weak(reverse_index *r, const segment_condition *c, bool all);
/* what changes of a table mean; the row's type is that of a view. Holds until the next call */
extern relevance *reverse_relevance(reverse_index *r, Oid relation, TupleDesc desc);

/* ---- reverse_row_fn.c ---- */

/* one part of a row, from the value of its column */
extern void reverse_read_part(reverse_index *r, int part_no, Datum x, bool isnull, segment_given *d, vocabulary *v, TimestampTz now);

/* fills r->datum from a row; NULL: all columns unknown */
extern void reverse_read_row(reverse_index *r, HeapTuple tuple, vocabulary *v, TimestampTz now);

/* ---- reverse_time_fn.c ---- */

/* which windows of a part hold for a time that lies in a row */
extern void reverse_windows_of(segment_given *d, reverse_index *r, int part_no, int64 value, vocabulary *v, TimestampTz now);
/* the first instant after now at which the row just read may be in other segments by the passing of time: never later than it is; DT_NOEND: none */
extern TimestampTz reverse_next_flip(reverse_index *r, vocabulary *v, TimestampTz now);

#endif
