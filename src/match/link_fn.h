/*
 * link_fn.h: what the skins of the linkage engine share: reading relations, models in jsonb.
 */
#ifndef CRMSEG_LINK_FN_H
#define CRMSEG_LINK_FN_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/jsonb.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "error.h"
#include "match/link.h"

typedef struct LinkColumns
{
	int			n;
	link_kind	kind[LINK_MAX_COLUMNS];
	char	   *name[LINK_MAX_COLUMNS];
} LinkColumns;

extern void link_columns(Jsonb *columns, Oid relid, LinkColumns *out);
extern link_engine *link_engine_start(const LinkColumns *c);
extern void link_put(link_engine *e, int column, const char *s, int n);
extern link_engine *link_read(Oid relid, Name id_column, Jsonb *columns, Oid other);
extern void link_model_from(Jsonb *json, const link_engine *e, link_model *model);
extern Jsonb *link_model_to(const link_engine *e, const link_model *model);
extern Tuplestorestate *link_result(FunctionCallInfo fcinfo, TupleDesc *desc);

#endif
