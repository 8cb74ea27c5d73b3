/*
 * relation.h: what association_fn.c and description_fn.c ask of the reader of relations (relation_fn.c): each row of a relation as numbers
 * and as codes of categories.
 */
#ifndef CRMSEG_RELATION_H
#define CRMSEG_RELATION_H

#include "typology/typology_fn.h"

#define CATEGORIES_MAX	1000	/* a column of more values names its rows rather than sorting them */
#define WHOLE_MAX		20		/* whole numbers of at most this many values are categories too */

/* how a column can be read: bits */
#define AS_NUMBER		1
#define AS_CATEGORY		2

typedef struct table_column
{
	char	   *name;
	int			readings;		/* what it may be read as; AS_CATEGORY goes when there are too many values */
	/* of the row at hand */
	bool		known;			/* neither NULL, nor NaN or infinite */
	double		number;			/* NaN: not known, or none */
	int			code;			/* from 0; -1: not known, or none */
	/* categories */
	int			categories;
	struct category_table *table;
	/* private to relation_fn.c */
	int			kind;
	Oid			type;
	int16		position;
	FmgrInfo   *output;
} table_column;

typedef struct table_reader table_reader;
typedef void (*table_reader_row) (table_reader *reader);

struct table_reader
{
	int			columns;
	table_column *column;
	bool		member;			/* of the row at hand: whether the condition holds */
	int64		rows;
	table_reader_row row;			/* called for each row */
	void	   *context;		/* of the caller */
};

extern table_reader *table_reader_open(Oid relid, const char *must_have);
extern void table_reader_run(table_reader *r, Oid relid, char *condition);
extern char *table_reader_category(const table_column *c, int code);
/* too many values, or nearly one a row */
extern bool table_reader_names_rows(const table_column *c, int64 rows);

#endif
