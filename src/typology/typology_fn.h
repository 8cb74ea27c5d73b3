/*
 * typology_fn.h: what the skins of this folder share: the stored form of a cluster model, the state of the k-means aggregates, and the
 * reader of relations.
 */
#ifndef CRMSEG_TYPOLOGY_FN_H
#define CRMSEG_TYPOLOGY_FN_H

#include "compat.h"

#include "access/tupdesc.h"
#include "utils/tuplestore.h"

#include "error.h"
#include "typology/typology.h"

#define CLUSTER_MODEL_VERSION 1

/* as stored: the scalars of a model, then its numbers */
typedef struct stored_clusters
{
	int32		vl_len_;
	uint8		version;
	uint8		pad[3];
	int32		k,
				d,
				status,
				standardised;
	int64		seed,
				iterations;
	double		rows,
				ignored,
				inertia,
				total,
				silhouette;
	double		number[FLEXIBLE_ARRAY_MEMBER];
} stored_clusters;

/* cluster_model_fn.c */
extern void cluster_model_arg(FunctionCallInfo fcinfo, int n, cluster_model *m);
extern stored_clusters *cluster_model_make(int k, int d, cluster_model *view);
extern Datum cluster_model_finish(stored_clusters *s, const cluster_model *m);
extern double *cluster_features(Datum array, double *room, int room_for, int *d);

/* memory of the current context, and interrupts */
extern const typology_host typology_server;

/* relation_fn.c: where a set-returning function's rows go */
extern Tuplestorestate *typology_result(FunctionCallInfo fcinfo, TupleDesc *desc);

#endif
