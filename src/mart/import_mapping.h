/*
 * import_mapping.h: what the two files that compile a mapping share: import_mapping_field_fn.c reads jsonb and single fields,
 * import_mapping_fn.c the entities made of them.
 */
#ifndef CRMSEG_IMPORT_MAPPING_H
#define CRMSEG_IMPORT_MAPPING_H

#include "import_private.h"

typedef struct Compile
{
	ImportMapping *map;
	const SourceColumns *columns;
	const MartInfo *mart;
	const char *from;			/* what has the columns, for messages */
	bool	   *used;			/* by what is compiled now */
	bool		optional;		/* columns that are not there are left out */
} Compile;

typedef struct FieldName
{
	const char *name;
	FieldType	type;
	const char *const *allowed;
	bool		string_is_value;	/* a plain string is the value itself */
} FieldName;

/* jsonb: values of an object, told by the path that leads to them when they are wrong */
extern char *map_string(const JsonbValue *v);
extern bool map_is_object(const JsonbValue *v);
extern bool map_is_array(const JsonbValue *v);
extern JsonbValue *map_get(const JsonbValue *object, const char *key);
extern void map_bad(const char *path, const char *what, const char *hint);
extern char *map_need_string(const JsonbValue *v, const char *path);
extern void map_check_keys(const JsonbValue *object, const char *path, const char *const *known);
extern const char *map_in(const char *path, const char *key);
extern Words map_words(const JsonbValue *v, const char *path);
extern pg_tz *map_zone(const JsonbValue *v, const char *path);
extern char map_decimal(const JsonbValue *v, const char *path);
extern char *map_region(const JsonbValue *v, const char *path);
extern int	map_each(const JsonbValue *v, JsonbValue ***elements);

/* fields; NULL: none of its columns is there, and that is allowed */
extern Field *map_field(Compile *c, const JsonbValue *v, const char *path, FieldType type, const char *const *allowed, bool string_is_value);
extern void map_entity(Compile *c, const JsonbValue *v, const char *path, const FieldName *names, int count, Field **into);
extern int *map_take_used(Compile *c, int *count);

/* what else a row says */
extern void import_fact_mapping(Compile *c, const JsonbValue *root);

#endif
