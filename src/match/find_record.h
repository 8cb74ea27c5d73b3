/*
 * find_record.h: an incoming record as find_matches reads it from JSON (find_record_fn.c), for find_fn.c, which also reads parties into one.
 */
#ifndef CRMSEG_FIND_RECORD_H
#define CRMSEG_FIND_RECORD_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "match/match.h"

#define VALUES_MAX 16			/* of one kind of a record */

enum
{
	V_GIVEN, V_FAMILY, V_MAIDEN, V_FULL, V_LEGAL, V_BIRTH, V_SEX, V_EMAIL, V_PHONE, V_STREET, V_POSTAL, V_CITY, V_COUNTRY, V_REGISTRY, V_KINDS
};

typedef struct Value
{
	const char *s;
	int			n;
} Value;

typedef struct Record
{
	int			n[V_KINDS];
	Value		value[V_KINDS][VALUES_MAX];
} Record;

/* One more value of a kind, without the blanks around it; empty ones and those beyond VALUES_MAX are left out. */
extern void find_put(Record *r, int kind, const char *s, int n);

/* The values of a JSON object, those of its party and address too; they stay where the JSON is. An error names a key that is not known or a value of a wrong type. inner: within such an object. */
extern void find_read_record(JsonbContainer *c, Record *r, bool inner);

/* The keys by which parties are found that it may be. */
extern void find_record_keys(const Record *r, match_keys *k);

/* A kind's name in the words of an import's mapping. */
extern const char *find_kind_name(int kind);

#endif
