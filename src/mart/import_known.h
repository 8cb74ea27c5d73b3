/*
 * import_known.h: what the rows of an import have shown so far: records, orders, products, stores, by the digests of their keys.
 * import_row_fn.c fills it, import_known_fn.c begins and ends it.
 */
#ifndef CRMSEG_IMPORT_KNOWN_H
#define CRMSEG_IMPORT_KNOWN_H

#include "import_private.h"

typedef struct Digest
{
	uint64		a, b;
} Digest;

typedef struct RecordEntry
{
	Digest		key;
	Digest		last;			/* content of the last version */
	int32		rec;
	int32		versions;
	int32		anonymous_store;	/* -1: a record */
	bool		buys;
	char		status;
} RecordEntry;

typedef struct OrderEntry
{
	Digest		key;
	uint64		head;			/* digest of the first head */
	int32		ord;
	int32		lines;
	Numeric		total;			/* of its lines, NULL: none */
	char		kind;			/* s, r, or 0: not stated */
	char		currency[4];
	char		status;
} OrderEntry;

typedef struct NameEntry
{
	Digest		key;
	int32		id;
	char		status;
} NameEntry;

typedef struct CountEntry
{
	uint64		key;
	uint64		content;		/* of a line that has a number */
	int32		count;
	char		status;
} CountEntry;

#define SH_DECLARE
#define SH_DEFINE
#define SH_SCOPE static inline pg_attribute_unused()
#define SH_KEY key
#define SH_KEY_TYPE Digest
#define SH_HASH_KEY(tb, k) ((uint32) (k).a)
#define SH_EQUAL(tb, x, y) ((x).a == (y).a && (x).b == (y).b)
#define SH_PREFIX record
#define SH_ELEMENT_TYPE RecordEntry
#include "lib/simplehash.h"

#define SH_DECLARE
#define SH_DEFINE
#define SH_SCOPE static inline pg_attribute_unused()
#define SH_KEY key
#define SH_KEY_TYPE Digest
#define SH_HASH_KEY(tb, k) ((uint32) (k).a)
#define SH_EQUAL(tb, x, y) ((x).a == (y).a && (x).b == (y).b)
#define SH_PREFIX order
#define SH_ELEMENT_TYPE OrderEntry
#include "lib/simplehash.h"

#define SH_DECLARE
#define SH_DEFINE
#define SH_SCOPE static inline pg_attribute_unused()
#define SH_KEY key
#define SH_KEY_TYPE Digest
#define SH_HASH_KEY(tb, k) ((uint32) (k).a)
#define SH_EQUAL(tb, x, y) ((x).a == (y).a && (x).b == (y).b)
#define SH_PREFIX name
#define SH_ELEMENT_TYPE NameEntry
#include "lib/simplehash.h"

#define SH_DECLARE
#define SH_DEFINE
#define SH_SCOPE static inline pg_attribute_unused()
#define SH_KEY key
#define SH_KEY_TYPE uint64
#define SH_HASH_KEY(tb, k) ((uint32) ((k) ^ ((k) >> 32)))
#define SH_EQUAL(tb, x, y) ((x) == (y))
#define SH_PREFIX count
#define SH_ELEMENT_TYPE CountEntry
#include "lib/simplehash.h"

#endif
