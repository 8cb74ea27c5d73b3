/*
 * reference.h: the foreign keys that refer to a table, known for the session.
 */
#ifndef CRMSEG_MART_REFERENCE_H
#define CRMSEG_MART_REFERENCE_H

#include "postgres.h"

#include "access/attnum.h"

/* A foreign key: the columns of the table that refers, and of the one it refers to. */
typedef struct Reference
{
	Oid			constraint;
	Oid			table;
	char		on_update;
	char		on_delete;
	int			n;
	AttrNumber	from[INDEX_MAX_KEYS];
	AttrNumber	to[INDEX_MAX_KEYS];
} Reference;

/*
 * The foreign keys that refer to a table, those of partitions left to their parents, by their OID, as a copy; SPI must be connected. relid 0:
 * those of any table that have several columns and ON UPDATE CASCADE.
 */
extern Reference *references_to(Oid relid, int *n);

#endif
