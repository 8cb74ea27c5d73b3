/*
 * link_parallel_fn.c: parallel workers of the server weigh candidate pairs and grow clusters beside the process that read the records.
 *
 * What comparing takes is moved into dynamic shared memory once; the workers see it where it lies. Each piece of work is done by whoever asks
 * for the next number, and lands in a place of its own, so the result is the same with any number of workers, and with none: when there is no
 * room in shared memory, no worker to be had, or a parallel plan around us, the one process does it all.
 */
#include "match/link_fn.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "optimizer/paths.h"
#include "port/atomics.h"
#include "storage/barrier.h"
#include "storage/dsm.h"
#include "storage/shm_toc.h"
#include "utils/resowner.h"
#include "utils/wait_event.h"

#include <sys/mman.h>

#define PARALLEL_ROWS 50000		/* fewer are done before a worker has started */
#define KEY_CONTROL UINT64CONST(0x6c696e6b00000001)

typedef struct LinkControl
{
	dsm_handle	area,
				plan;			/* DSM_HANDLE_INVALID while pairs are weighed */
	pg_atomic_uint32 next[LINK_PLAN_ROUNDS + 1];	/* pairs are weighed in one step, clusters grown in several */
	Barrier		step;
} LinkControl;

struct LinkShared
{
	dsm_segment *area,
			   *plan;
};

extern PGDLLEXPORT void crmseg_link_worker(dsm_segment *seg, shm_toc *toc);

static uint32_t
next_number(void *context)
{
	return pg_atomic_fetch_add_u32(context, 1);
}

/* link_make_segment: until the end of the transaction or its detaching; NULL when the machine has no room for it */
dsm_segment *
link_make_segment(Size size)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	dsm_segment *volatile seg = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		seg = dsm_create(size, DSM_CREATE_NULL_IF_MAXSEGMENTS);
		if (seg)
			dsm_pin_mapping(seg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		/* only a lack of room is taken for an answer */
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_INSUFFICIENT_RESOURCES)
			ReThrowError(error);
		FreeErrorData(error);
		seg = NULL;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (seg)
		dsm_unpin_mapping(seg);
	return seg;
}

/* all of a segment will be written: its pages are asked for at once, which takes a fraction of meeting them one by one */
static void *
written_whole(dsm_segment *seg)
{
	void	   *p = dsm_segment_address(seg);

#ifdef MADV_POPULATE_WRITE
	(void) madvise(p, dsm_segment_map_length(seg), MADV_POPULATE_WRITE);
#endif
	return p;
}

/* what is left of the work, from a step on; who comes late begins where the others are */
static void
work(link_engine *e, LinkControl *control, dsm_segment *plan, int step)
{
	if (!plan)
		link_score_work(e, next_number, &control->next[0]);
	else
	{
		link_plan  *p = dsm_segment_address(plan);

		for (; step < LINK_PLAN_ROUNDS; step++)
		{
			link_plan_learn(e, p, step, next_number, &control->next[step]);
			BarrierArriveAndWait(&control->step, WAIT_EVENT_PARALLEL_FINISH);
		}
		link_plan_work(e, p, next_number, &control->next[LINK_PLAN_ROUNDS]);
	}
	BarrierDetach(&control->step);
}

/* the work of a worker: what the leader moved into shared memory, and the parts that are left */
void
crmseg_link_worker(dsm_segment *seg, shm_toc *toc)
{
	LinkControl *control = shm_toc_lookup(toc, KEY_CONTROL, false);
	dsm_segment *area = dsm_attach(control->area),
			   *plan = NULL;
	link_memory memory = link_server_memory();
	link_engine *e;

	/* the leader is gone */
	if (!area)
		return;
	if (control->plan != DSM_HANDLE_INVALID && (plan = dsm_attach(control->plan)) == NULL)
	{
		dsm_detach(area);
		return;
	}
	e = link_attach(&memory, dsm_segment_address(area));
	work(e, control, plan, BarrierAttach(&control->step));
	if (plan)
		dsm_detach(plan);
	dsm_detach(area);
}

/* workers beside the leader until all is done */
static void
work_together(link_engine *e, int workers, dsm_segment *area, dsm_segment *plan)
{
	ParallelContext *context;
	LinkControl *control;

	EnterParallelMode();
	context = CreateParallelContext("$libdir/crmseg", "crmseg_link_worker", workers);
	shm_toc_estimate_chunk(&context->estimator, sizeof(LinkControl));
	shm_toc_estimate_keys(&context->estimator, 1);
	InitializeParallelDSM(context);
	control = shm_toc_allocate(context->toc, sizeof(LinkControl));
	control->area = dsm_segment_handle(area);
	control->plan = plan ? dsm_segment_handle(plan) : DSM_HANDLE_INVALID;
	for (int i = 0; i <= LINK_PLAN_ROUNDS; i++)
		pg_atomic_init_u32(&control->next[i], 0);
	BarrierInit(&control->step, 0);
	BarrierAttach(&control->step);	/* no step ends without us */
	shm_toc_insert(context->toc, KEY_CONTROL, control);
	LaunchParallelWorkers(context);
	work(e, control, plan, 0);
	WaitForParallelWorkersToFinish(context);
	DestroyParallelContext(context);
	ExitParallelMode();
}

static int
workers_for(const link_engine *e)
{
	/* min_parallel_table_scan_size = 0 asks for workers whatever the size, as of the planner */
	if ((link_rows(e) < PARALLEL_ROWS && min_parallel_table_scan_size > 0) || link_rows(e) == 0 || IsInParallelMode())
		return 0;
	return Min(max_parallel_workers_per_gather, max_parallel_workers);
}

/* link_score_shared: link_score by this process and its workers */
uint64
link_score_shared(link_engine *e, double keep_from, LinkShared **shared)
{
	int			workers = workers_for(e);
	dsm_segment *area = workers > 0 ? link_make_segment(link_share_size(e)) : NULL;

	*shared = NULL;
	if (!area)
		return link_score(e, keep_from);
	*shared = palloc0(sizeof(LinkShared));
	(*shared)->area = area;
	link_share(e, written_whole(area), keep_from);
	work_together(e, workers, area, NULL);
	return link_score_gather(e);
}

/* link_cluster_shared: link_cluster by the same */
void
link_cluster_shared(link_engine *e, double threshold, uint32 *cluster, LinkShared *shared)
{
	Size		size = shared ? link_plan_size(e) : 0;

	if (shared)
		shared->plan = link_make_segment(size);
	if (!shared || !shared->plan)
	{
		link_cluster(e, threshold, cluster);
		return;
	}
	link_plan_make(e, threshold, written_whole(shared->plan));
	work_together(e, workers_for(e), shared->area, shared->plan);
	memcpy(cluster, link_plan_clusters(dsm_segment_address(shared->plan)), sizeof(uint32) * link_rows(e));
	dsm_detach(shared->plan);
	shared->plan = NULL;
}

/* link_shared_end: the engine may not be used after it */
void
link_shared_end(LinkShared *shared)
{
	if (shared)
		dsm_detach(shared->area);
}
