/*
 * link_fn.h: what the skins of the linkage engine share: reading relations, by one process or several, models in jsonb.
 */
#ifndef CRMSEG_LINK_FN_H
#define CRMSEG_LINK_FN_H

#include "postgres.h"

#include "fmgr.h"
#include "storage/dsm.h"
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
extern char *link_query(Oid relid, const char *id, const LinkColumns *c, const char *order);
extern void link_run(link_engine *e, const char *query, int columns, int side, bool in_order);
extern bool link_scan_shared(link_engine *e, const LinkColumns *c, const Oid relation[2], char *const query[2]);
extern link_engine *link_read(Oid relid, Name id_column, Jsonb *columns, Oid other, Jsonb *model, const char *order);
extern void link_model_from(Jsonb *json, const link_engine *e, link_model *model);
extern void link_model_give(Jsonb *json, link_engine *e);
extern Jsonb *link_model_to(link_engine *e, const link_model *model);
extern link_memory link_server_memory(void);
typedef struct LinkShared LinkShared;
extern dsm_segment *link_make_segment(Size size);
extern uint64 link_score_shared(link_engine *e, double keep_from, LinkShared **shared);
extern void link_cluster_shared(link_engine *e, double threshold, uint32 *cluster, LinkShared *shared);
extern void link_shared_end(LinkShared *shared);
extern Tuplestorestate *link_result(FunctionCallInfo fcinfo, TupleDesc *desc);

#endif
