/*
 * link_scan_fn.c: a large table is read by several processes of the server. It is cut into ranges of blocks; each process runs the same query on
 * one range after another (a scan by tid), brings the rows to their normal forms in an engine of its own and leaves what it read in shared memory,
 * from where the process that links takes the parts in the order of the table (link_part.c). So the result is that of reading it alone.
 *
 * The shared memory is made once and does not grow. A part for which it has no room is left to the process that links, which reads it itself.
 */
#include "match/link_fn.h"

#include "access/parallel.h"
#include "access/relation.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "optimizer/paths.h"
#include "port/atomics.h"
#include "storage/bufmgr.h"
#include "storage/condition_variable.h"
#include "storage/lwlock.h"
#include "storage/shm_toc.h"
#include "utils/dsa.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/wait_event.h"

#define KEY_CONTROL UINT64CONST(0x6c696e6b00000002)
#define KEY_QUERY UINT64CONST(0x6c696e6b00000003)	/* and the next one, of the second relation */
#define PARTS_A_PROCESS 12
#define PART_BLOCKS 512			/* a part has at most so many */
#define PART_BYTES 3			/* so many times a part's blocks is what is left of it in shared memory, at most, as a rule */

enum
{
	PART_OPEN, PART_WRITTEN, PART_LEFT
};

typedef struct ScanPart
{
	pg_atomic_uint32 state;
	dsa_pointer image;
} ScanPart;

typedef struct ScanControl
{
	dsm_handle	area;
	int			columns;
	link_kind	kind[LINK_MAX_COLUMNS];
	BlockNumber blocks[2],		/* of the two relations */
				size;			/* blocks of a part */
	uint32		parts_of[2];
	ConditionVariable written;
	pg_atomic_uint32 next;
	ScanPart	part[FLEXIBLE_ARRAY_MEMBER];
} ScanControl;

extern PGDLLEXPORT void crmseg_link_scan_worker(dsm_segment *seg, shm_toc *toc);

static uint32
parts(const ScanControl *c)
{
	return c->parts_of[0] + c->parts_of[1];
}

/*
 * How many blocks a relation has, when ranges of them can be read by themselves: a plain table, whose columns take no function of anyone's to be
 * told as text, and of which the caller sees all rows. 0 else, and when there are none.
 */
static BlockNumber
blocks_of(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	bool		plain = rel->rd_rel->relkind == RELKIND_RELATION && rel->rd_rel->relpersistence != RELPERSISTENCE_TEMP && !rel->rd_rel->relhassubclass &&
		!rel->rd_rel->relhasrules && rel->rd_tableam && rel->rd_tableam->scan_set_tidrange && rel->rd_tableam->scan_getnextslot_tidrange &&
		check_enable_rls(relid, InvalidOid, true) != RLS_ENABLED;
	BlockNumber n;

	for (int i = 0; i < RelationGetNumberOfAttributes(rel) && plain; i++)
		if (!TupleDescAttr(RelationGetDescr(rel), i)->attisdropped)
			plain = getBaseType(TupleDescAttr(RelationGetDescr(rel), i)->atttypid) < FirstNormalObjectId;
	n = plain ? RelationGetNumberOfBlocks(rel) : 0;
	relation_close(rel, NoLock);
	return n;
}

/* reads one part into an engine */
static void
read_part(link_engine *e, const ScanControl *c, char *const query[2], uint32 part)
{
	int			side = part >= c->parts_of[0];
	uint32		k = side ? part - c->parts_of[0] : part;
	BlockNumber from = k * c->size;
	StringInfoData q;

	initStringInfo(&q);
	/* the last one has no end: blocks that came since hold no row that we see */
	appendStringInfo(&q, "%s WHERE o.ctid OPERATOR(pg_catalog.>=) '(%u,0)'::pg_catalog.tid", query[side], from);
	if (k + 1 < c->parts_of[side])
		appendStringInfo(&q, " AND o.ctid OPERATOR(pg_catalog.<) '(%u,0)'::pg_catalog.tid", from + c->size);
	link_run(e, q.data, c->columns, side, true);
	pfree(q.data);
}

/* reads one part into an engine of this process and leaves it for the one that links */
static void
leave_part(link_engine *own, ScanControl *c, dsa_area *area, char *const query[2], uint32 part)
{
	dsa_pointer image;

	read_part(own, c, query, part);
	image = dsa_allocate_extended(area, link_part_size(own), DSA_ALLOC_HUGE | DSA_ALLOC_NO_OOM);
	if (DsaPointerIsValid(image))
		link_part_write(own, dsa_get_address(area, image));
	link_part_clear(own);
	c->part[part].image = image;
	pg_write_barrier();
	pg_atomic_write_u32(&c->part[part].state, DsaPointerIsValid(image) ? PART_WRITTEN : PART_LEFT);
	ConditionVariableBroadcast(&c->written);
}

static link_engine *
own_engine(const ScanControl *c)
{
	LinkColumns columns = {.n = c->columns};

	memcpy(columns.kind, c->kind, sizeof columns.kind);
	return link_engine_start(&columns);
}

void
crmseg_link_scan_worker(dsm_segment *seg, shm_toc *toc)
{
	ScanControl *c = shm_toc_lookup(toc, KEY_CONTROL, false);
	char	   *query[2] = {shm_toc_lookup(toc, KEY_QUERY, false), shm_toc_lookup(toc, KEY_QUERY + 1, false)};
	dsm_segment *memory = dsm_attach(c->area);
	dsa_area   *area;
	link_engine *own;

	/* the leader is gone */
	if (!memory)
		return;
	area = dsa_attach_in_place(dsm_segment_address(memory), memory);
	own = own_engine(c);
	for (uint32 part; (part = pg_atomic_fetch_add_u32(&c->next, 1)) < parts(c);)
		leave_part(own, c, area, query, part);
	dsa_detach(area);
	dsm_detach(memory);
}

/* the parts in the order of the table; while the next one is not there, another is read */
static void
take_parts(link_engine *e, ScanControl *c, dsa_area *area, char *const query[2])
{
	link_engine *own = NULL;

	for (uint32 next = 0; next < parts(c);)
	{
		uint32		state = pg_atomic_read_u32(&c->part[next].state),
					part;

		if (state == PART_WRITTEN)
		{
			pg_read_barrier();
			if (!link_part_take(e, dsa_get_address(area, c->part[next].image)))
				ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("at most %u records can be linked at once", LINK_MAX_ROWS)));
			dsa_free(area, c->part[next++].image);
		}
		else if (state == PART_LEFT)
			read_part(e, c, query, next++);
		else if ((part = pg_atomic_fetch_add_u32(&c->next, 1)) == next)
			read_part(e, c, query, next++);
		else if (part < parts(c))
		{
			if (!own)
				own = own_engine(c);
			leave_part(own, c, area, query, part);
		}
		else
		{
			ConditionVariablePrepareToSleep(&c->written);
			while (pg_atomic_read_u32(&c->part[next].state) == PART_OPEN)
				ConditionVariableSleep(&c->written, WAIT_EVENT_PARALLEL_FINISH);
			ConditionVariableCancelSleep();
		}
	}
	if (own)
		link_end(own);
}

/*
 * link_scan_shared: the rows of the relations into an engine by this process and its workers; false, and nothing done, when one process should
 * do it: by the planner's own settings, or since a relation is no plain table.
 */
bool
link_scan_shared(link_engine *e, const LinkColumns *columns, const Oid relation[2], char *const query[2])
{
	int			workers = Min(max_parallel_workers_per_gather, max_parallel_workers);
	ScanControl head = {.columns = columns->n},
			   *c;
	uint64		blocks;
	uint32		n;
	Size		size;
	dsm_segment *memory;
	dsa_area   *area;
	ParallelContext *context;

	if (workers <= 0 || IsInParallelMode() || !enable_tidscan)
		return false;
	for (int side = 0; side < 2 && query[side]; side++)
		if ((head.blocks[side] = blocks_of(relation[side])) == 0)
			return false;
	blocks = (uint64) head.blocks[0] + head.blocks[1];
	if (blocks < min_parallel_table_scan_size)
		return false;
	head.size = Max(Min(blocks / (PARTS_A_PROCESS * (workers + 1)), PART_BLOCKS), 1);
	for (int side = 0; side < 2; side++)
		head.parts_of[side] = (head.blocks[side] + head.size - 1) / head.size;
	n = parts(&head);
	/* a part of every process, one that is being written and one that is taken */
	memory = link_make_segment(Max((Size) (workers + 3) * head.size * BLCKSZ * PART_BYTES, 1024 * 1024));
	if (!memory)
		return false;
	area = dsa_create_in_place(dsm_segment_address(memory), dsm_segment_map_length(memory), LWTRANCHE_PARALLEL_QUERY_DSA, memory);
	dsa_set_size_limit(area, dsm_segment_map_length(memory));
	memcpy(head.kind, columns->kind, sizeof head.kind);
	head.area = dsm_segment_handle(memory);

	EnterParallelMode();
	context = CreateParallelContext("$libdir/crmseg", "crmseg_link_scan_worker", workers);
	size = offsetof(ScanControl, part) + sizeof(ScanPart) * n;
	shm_toc_estimate_chunk(&context->estimator, size);
	for (int side = 0; side < 2; side++)
		shm_toc_estimate_chunk(&context->estimator, query[side] ? strlen(query[side]) + 1 : 1);
	shm_toc_estimate_keys(&context->estimator, 3);
	InitializeParallelDSM(context);
	c = shm_toc_allocate(context->toc, size);
	memcpy(c, &head, offsetof(ScanControl, part));
	ConditionVariableInit(&c->written);
	pg_atomic_init_u32(&c->next, 0);
	for (uint32 i = 0; i < n; i++)
	{
		pg_atomic_init_u32(&c->part[i].state, PART_OPEN);
		c->part[i].image = InvalidDsaPointer;
	}
	shm_toc_insert(context->toc, KEY_CONTROL, c);
	for (int side = 0; side < 2; side++)
	{
		Size		length = query[side] ? strlen(query[side]) + 1 : 1;
		char	   *text = shm_toc_allocate(context->toc, length);

		memcpy(text, query[side] ? query[side] : "", length);
		shm_toc_insert(context->toc, KEY_QUERY + side, text);
	}
	LaunchParallelWorkers(context);
	take_parts(e, c, area, query);
	WaitForParallelWorkersToFinish(context);
	DestroyParallelContext(context);
	ExitParallelMode();
	dsa_detach(area);
	dsm_detach(memory);
	return true;
}
