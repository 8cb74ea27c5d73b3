/*
 * sql_fn.h: a predicate as SQL. Its attributes are found in a row (of a table, view, subquery) or in the vocabulary of a mart; each condition
 * becomes the SQL one would write by hand, in three values the same.
 */
#ifndef CRMSEG_SQL_FN_H
#define CRMSEG_SQL_FN_H

#include "vocabulary_fn.h"

#include "access/tupdesc.h"
#include "lib/stringinfo.h"

/* The name under which a row's columns stand in the SQL of a condition on it. */
#define SEGMENT_ROW "crmseg_row"

typedef struct segment_scope
{
	vocabulary *v;				/* NULL: no mart */
	TupleDesc	row;			/* the row's columns; NULL: the parties of the mart */
	Oid			row_relation;	/* where it comes from, or invalid */
	bool		plain;			/* for readers: operators without their schema */
	const char *now;			/* SQL of the instant; NULL: now() */
	bool		past;			/* it is past: what has no history is refused, what came later is not seen */
	bool		clocked;		/* now is another instant than the server's: the rows are as they are, but events that come later are not seen */
	bool		moving;			/* an attribute that time changes is what it is at that instant, not what the row says */
	bool		activity;		/* conditions on events may be answered from activity bitmaps */
	double		sample;			/* percent of the parties of a mart; 0: all */
	/* while SQL is made */
	const segment_node *root;
	const char *inside;			/* the segment whose definition is read, NULL: the outermost */
	List	   *expanding;		/* names of the segments around it */
	List	   *joins;			/* relations of attributes, for parties of a mart */
	const vocabulary_event *event;	/* in a condition on an event */
	const char *event_name;
	int			names;			/* aliases given */
	int			nodes;			/* conditions made, against definitions that multiply */
	bool		has_query;		/* reads tables */
} segment_scope;

/*
 * SQL of the condition on a row. Where it stands in a WHERE (filter), unknown and false are the same, and more of it can become joins.
 */
extern char *segment_condition_sql(segment_scope *s, const segment_node *n, bool filter);

/* SELECT of the party_id of all members in the mart. */
extern char *segment_members_sql(segment_scope *s, const segment_node *n);

/* the condition of being in a segment; the definition of one, which must exist */
extern segment_node *segment_make_member(const char *name);
extern segment_node *segment_definition_of(vocabulary *v, const char *name);

/* one leaf's operand as text, for explaining; NULL when it has none */
extern char *segment_operand_sql(segment_scope *s, const segment_node *operand);

/* ---- between sql_fn.c, sql_leaf_fn.c, sql_event_fn.c and resolve_fn.c ---- */

typedef enum segment_class
{
	CLASS_BOOL, CLASS_NUMBER, CLASS_TEXT, CLASS_DATE, CLASS_TIMESTAMP, CLASS_TIMESTAMPTZ, CLASS_INTERVAL, CLASS_ARRAY, CLASS_JSON, CLASS_OTHER
} segment_class;

typedef struct segment_reference
{
	char	   *sql;
	Oid			type;
	segment_class class;
	bool		is_rfm;			/* an integer of three scores */
	char	   *from;			/* a column of several rows an event: the relation and its alias, */
	char	   *on;				/* and what ties them to the event */
} segment_reference;

typedef struct segment_ends
{
	char	   *from,
			   *to;
	const char *to_op;
} segment_ends;

extern void segment_window_ends(segment_scope *s, segment_class class, segment_window w, segment_ends *ends);
extern segment_reference segment_resolve(segment_scope *s, const segment_node *attribute);
extern segment_reference segment_resolve_column(segment_scope *s, const vocabulary_event *e, const char *alias, const segment_node *n, const segment_text *part, int parts);
extern const vocabulary_event *segment_resolve_event(segment_scope *s, const segment_node *n);
extern char *segment_key(segment_scope *s, const segment_node *n);
extern segment_class segment_class_of(Oid type);
extern void segment_refuse(segment_scope *s, const segment_node *n, int code, const char *message, const char *hint) pg_attribute_noreturn();
extern void segment_clash(segment_scope *s, const segment_node *n, const segment_reference *r, const char *with) pg_attribute_noreturn();

extern char *segment_relation_sql(Oid relation);
extern char *segment_joins_sql(segment_scope *s);
extern bool segment_names_event(const segment_node *n, const segment_node *parent, void *name);
extern const char *segment_operator(segment_scope *s, const char *op);
extern char *segment_now(segment_scope *s);
extern char *segment_interval(segment_window w);
extern char *segment_as_class(segment_scope *s, const char *at, segment_class class);
extern char *segment_shift(segment_scope *s, const char *at, segment_window w, bool back);
extern char *segment_literal(segment_scope *s, const segment_node *n, const segment_value *v, const segment_reference *r);
extern char *segment_leaf_sql(segment_scope *s, const segment_node *n, bool negated);
extern char *segment_window_sql(segment_scope *s, const char *x, segment_class class, segment_window w);
extern char *segment_event_sql(segment_scope *s, const segment_node *n, bool negated, bool filter);
extern segment_reference segment_measure_sql(segment_scope *s, const segment_node *n);
extern char *segment_make_sql(segment_scope *s, const segment_node *n, bool negated, bool filter);

#endif
