/*
 * vocabulary_fn.h: what the names of a predicate mean in a mart: its attributes, events, segments, time zone; kept per session and read anew
 * when a statement trigger says that one of the tables changed.
 */
#ifndef CRMSEG_VOCABULARY_FN_H
#define CRMSEG_VOCABULARY_FN_H

#include "segment_fn.h"

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

typedef struct vocabulary_attribute
{
	char	   *name;			/* dotted, as segment_path_of writes it without quotes */
	Oid			relation;
	char	   *party_column;
	char	   *expression;		/* over the columns of the relation; {now} and {zone} stand for instant and time zone */
	char	   *parsed;			/* the same with every name in full, when it was first used */
	bool		is_column;		/* the expression is the name of a column */
	Oid			type;
} vocabulary_attribute;

typedef struct vocabulary_column
{
	char	   *name;
	char	   *expression;		/* of the event's relation, or of the relation below */
	char	   *parsed;
	bool		is_column;
	Oid			relation;		/* a relation with several rows an event, else invalid */
	char	  **by;				/* its columns, and the event's, that tie both */
	int			nby;
	Oid			type;
} vocabulary_column;

typedef struct vocabulary_event
{
	char	   *name;
	Oid			relation;
	char	   *party_column;
	char	   *time_column;
	char	   *condition;		/* which rows of the relation are such events, or NULL: all */
	char	   *parsed;
	int			columns;
	vocabulary_column *column;
	struct vocabulary_activity *activity;	/* NULL: no bitmaps are kept of it */
} vocabulary_event;

/* what activity_kept says of an event, or of the parties themselves */
typedef struct vocabulary_activity
{
	double		parties_a_day;
	int			relations;
	Oid		   *relation;		/* the table and its partitions, in order of their numbers */
} vocabulary_activity;

typedef struct vocabulary_trait
{
	char	   *key;
	char		kind;			/* n number, b bool, d date, t text, j json */
	bool		is_multi;
} vocabulary_trait;

typedef struct vocabulary
{
	Oid			schema;
	char	   *name;			/* of the schema */
	MemoryContext context;
	bool		valid;
	TimestampTz retired_at;		/* when it was replaced */
	char	   *zone;
	int			week_start;
	int			attributes;
	vocabulary_attribute *attribute;	/* by name */
	int			events;
	vocabulary_event *event;
	int			traits;
	vocabulary_trait *trait;	/* by key */
	vocabulary_activity *parties;	/* the bitmap of the identified parties */
	Oid			tables[6];		/* datamart, segment_attribute, segment_event, segment_definition, attribute_def, activity_kept: what it was read from */
} vocabulary;

#define VOCABULARY_TABLES 6
#define VOCABULARY_DEFINITIONS 3

/* The vocabulary of the mart in a schema; NULL when there is no mart with segments in it. Holds for the transaction. */
extern vocabulary *vocabulary_of_schema(Oid schema);
/* That of the mart in whose schema a relation lies, or else of the mart named by crmseg.mart; NULL when there is none. */
extern vocabulary *vocabulary_for(Oid relation);
/* By name; raises when it is no mart, with what require_datamart says. */
extern vocabulary *vocabulary_of_mart(const char *mart);

extern const vocabulary_attribute *vocabulary_find_attribute(const vocabulary *v, const char *name);
extern const vocabulary_event *vocabulary_find_event(const vocabulary *v, const char *name);
extern const vocabulary_column *vocabulary_find_column(const vocabulary_event *e, const char *name);
extern segment_node *vocabulary_find_segment(const vocabulary *v, const char *name);
extern const vocabulary_trait *vocabulary_find_trait(const vocabulary *v, const char *key);

/* a column's type, InvalidOid when the relation has none of that name */
extern Oid	vocabulary_column_type(Oid relation, const char *column);

/* an expression over a relation's columns, all names in full, the columns those of an alias; now: SQL of the instant or NULL */
extern char *vocabulary_expression(vocabulary *v, Oid relation, const char *expression, char **parsed, const char *alias, const char *now);

/* whether an expression depends on the columns of its row alone */
extern bool vocabulary_is_immutable(Oid relation, const char *expression);

/* some row has this key in a document */
extern bool vocabulary_has_key(Oid relation, const char *column, const char *key);

extern void vocabulary_init(void);

#endif
