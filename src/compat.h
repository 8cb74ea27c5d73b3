/*
 * compat.h: the differences between the server's majors, 15 to 18. No other file asks PG_VERSION_NUM.
 */
#ifndef CRMSEG_COMPAT_H
#define CRMSEG_COMPAT_H

#include "postgres.h"

#include "fmgr.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#include "nodes/miscnodes.h"
#endif

/* 18 has pg_noreturn, before a declaration, in the place of pg_attribute_noreturn() behind it. */
#if PG_VERSION_NUM >= 180000
#define pg_attribute_noreturn() __attribute__((noreturn))
#endif

/* 18 shows a module's name and version in pg_get_loaded_modules(). */
#ifdef PG_MODULE_MAGIC_EXT
#define CRMSEG_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "crmseg", .version = CRMSEG_VERSION)
#else
#define CRMSEG_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/*
 * Soft errors of input functions (16): ereturn(escontext, dummy, (errcode(...), ...)) reports into the caller's context, when there is
 * one, and returns dummy. On 15 there is never one, and it raises.
 */
#if PG_VERSION_NUM < 160000
#define ereturn(context, dummy_value, ...) \
	do { (void) (context); ereport(ERROR, __VA_ARGS__); return dummy_value; } while (0)
#define SOFT_ERROR_OCCURRED(escontext) (false)
#define CRMSEG_NO_SOFT_ERROR false		/* last argument of parseTypeString: missing_ok, then a soft error's context */
#else
#define CRMSEG_NO_SOFT_ERROR NULL
#endif

/* 16: a Var says which outer joins may make it NULL; 18: whether it is the old or new row of RETURNING */
#if PG_VERSION_NUM >= 180000
#define CRMSEG_COPY_NULLINGRELS(to, from) ((to)->varnullingrels = bms_copy((from)->varnullingrels), (to)->varreturningtype = (from)->varreturningtype)
#elif PG_VERSION_NUM >= 160000
#define CRMSEG_COPY_NULLINGRELS(to, from) ((to)->varnullingrels = bms_copy((from)->varnullingrels))
#else
#define CRMSEG_COPY_NULLINGRELS(to, from) ((void) 0)
#endif

/* names and Vars of the columns of a range table entry */
#if PG_VERSION_NUM >= 180000
#define CRMSEG_EXPAND_RTE(rte, varno, names, vars) expandRTE(rte, varno, 0, VAR_RETURNING_DEFAULT, -1, true, names, vars)
#else
#define CRMSEG_EXPAND_RTE(rte, varno, names, vars) expandRTE(rte, varno, 0, -1, true, names, vars)
#endif

/* 16 knows indexes that only summarize, which an update may touch alone; 18 asks RelationGetPrimaryKeyIndex whether a deferrable key will do. */
#if PG_VERSION_NUM >= 160000
#define COMPAT_UPDATE_INDEXES TU_UpdateIndexes
#define COMPAT_INSERT_INDEXES(target, slot, estate, which) \
	list_free(ExecInsertIndexTuples(target, slot, estate, true, false, NULL, NIL, (which) == TU_Summarizing))
#else
#define COMPAT_UPDATE_INDEXES bool
#define COMPAT_INSERT_INDEXES(target, slot, estate, which) \
	list_free(ExecInsertIndexTuples(target, slot, estate, true, false, NULL, NIL))
#endif
/* 16: a range that cannot be made may be told softly */
#if PG_VERSION_NUM >= 160000
#define COMPAT_RANGE_NO_SOFT_ERROR , NULL
#else
#define COMPAT_RANGE_NO_SOFT_ERROR
#endif
#if PG_VERSION_NUM >= 180000
#define COMPAT_NO_DEFERRABLE , false
#else
#define COMPAT_NO_DEFERRABLE
#endif

#endif
