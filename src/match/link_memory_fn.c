/*
 * link_memory_fn.c: the memory of the linkage engine. What is small comes from the current memory context. Arrays of megabytes are looked at in random
 * order, and that is a matter of page tables: each has a range of addresses of its own that begins and ends where large pages do, with room to grow
 * in, so that it is never moved and the system can keep it in large pages. They go with the context too.
 */
#include "match/link_fn.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include <sys/mman.h>

#if defined(MADV_HUGEPAGE) && defined(MAP_ANONYMOUS)
#define LARGE_PAGES
#define LARGE_PAGE ((Size) 2 * 1024 * 1024)
#define LARGE_LEAST ((Size) 1024 * 1024)	/* from so many bytes on */
#define GROWS 4					/* addresses for so many times what an array that grows has */
#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif
#endif

typedef struct EngineRange
{
	char	   *base;			/* as mapped; NULL: this entry is free */
	Size		mapped;
	char	   *start;
	Size		room;			/* from start on */
} EngineRange;

typedef struct EngineMemory
{
	MemoryContext context;
	MemoryContextCallback callback;
	EngineRange *range;
	int			ranges,
				rooms;
} EngineMemory;

#ifdef LARGE_PAGES
static EngineRange *
range_at(EngineMemory *m, const void *p)
{
	if ((uintptr_t) p & (LARGE_PAGE - 1))
		return NULL;
	for (int i = 0; i < m->ranges; i++)
		if (m->range[i].base && m->range[i].start == p)
			return &m->range[i];
	return NULL;
}

/* NULL: the system gives no addresses */
static void *
make_range(EngineMemory *m, Size room)
{
	Size		mapped = TYPEALIGN(LARGE_PAGE, room) + LARGE_PAGE;
	int			k = 0;
	char	   *base;

	while (k < m->ranges && m->range[k].base)
		k++;
	if (k == m->rooms)
	{
		m->range = m->rooms ? repalloc(m->range, sizeof(EngineRange) * m->rooms * 2) : MemoryContextAlloc(m->context, sizeof(EngineRange) * 32);
		m->rooms = m->rooms ? m->rooms * 2 : 32;
	}
	base = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return NULL;
	m->range[k] = (EngineRange) {base, mapped, (char *) TYPEALIGN(LARGE_PAGE, (uintptr_t) base), TYPEALIGN(LARGE_PAGE, room)};
	if (k == m->ranges)
		m->ranges++;
	(void) madvise(m->range[k].start, m->range[k].room, MADV_HUGEPAGE);
	return m->range[k].start;
}

static void
end_range(EngineRange *r)
{
	(void) munmap(r->base, r->mapped);
	r->base = NULL;
}

static void
end_ranges(void *arg)
{
	EngineMemory *m = arg;

	for (int i = 0; i < m->ranges; i++)
		if (m->range[i].base)
			end_range(&m->range[i]);
	m->ranges = 0;
}
#endif

static void *
engine_alloc(void *context, size_t n)
{
	EngineMemory *m = context;

#ifdef LARGE_PAGES
	void	   *p = n >= LARGE_LEAST ? make_range(m, n) : NULL;

	if (p)
		return p;
#endif
	return MemoryContextAllocHuge(m->context, n);
}

static void *
engine_grow(void *context, void *p, size_t old, size_t n)
{
#ifdef LARGE_PAGES
	EngineMemory *m = context;
	EngineRange *r = range_at(m, p);
	void	   *to;

	if (r && n <= r->room)
		return p;
	if (n >= LARGE_LEAST)
	{
		to = make_range(m, n * GROWS);
		if (!to)
			to = engine_alloc(m, n);
		memcpy(to, p, Min(old, n));
		r = range_at(m, p);		/* the list may have moved */
		if (r)
			end_range(r);
		else
			pfree(p);
		return to;
	}
	if (r)
	{
		to = MemoryContextAllocHuge(m->context, n);
		memcpy(to, p, Min(old, n));
		end_range(r);
		return to;
	}
#endif
	return repalloc_huge(p, n);
}

static void
engine_release(void *context, void *p)
{
#ifdef LARGE_PAGES
	EngineRange *r = range_at(context, p);

	if (r)
	{
		end_range(r);
		return;
	}
#endif
	pfree(p);
}

static void
engine_look(void *context)
{
	CHECK_FOR_INTERRUPTS();
}

/* link_server_memory: memory of the current context, which has to outlive the engine */
link_memory
link_server_memory(void)
{
	EngineMemory *m = palloc0(sizeof(EngineMemory));

	m->context = CurrentMemoryContext;
#ifdef LARGE_PAGES
	m->callback.func = end_ranges;
	m->callback.arg = m;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &m->callback);
#endif
	return (link_memory) {engine_alloc, engine_grow, engine_release, engine_look, m};
}
