/*
 * reverse_index_fn.c: the definitions of a mart in the index over predicates (match_index.h), once a session for each sort of row, begun from the
 * image that is stored (reverse_image_fn.c). Whenever one of them may have changed all are read, which costs a third of a microsecond each, and
 * those whose text, or that of a segment that they name, is not the one that is held are put in anew. So it holds what the caller's snapshot
 * shows, his own changes too, whoever made them and however.
 */
#include "reverse_fn.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

static reverse_index *indexes = NULL;

void *
reverse_realloc(void *context, void *old, size_t size)
{
	if (size == 0)
	{
		if (old)
			pfree(old);
		return NULL;
	}
	return old ? repalloc_huge(old, size) : MemoryContextAllocHuge(context, size);
}

/* what the names of predicates mean, but for the definitions themselves */
static uint64
digest_of(const vocabulary *v)
{
	uint64		h = hash_bytes_extended((const unsigned char *) v->zone, strlen(v->zone), v->week_start);

#define DIGEST(s) ((s) ? h = hash_bytes_extended((const unsigned char *) (s), strlen(s), h) : 0)
	for (int i = 0; i < v->attributes; i++)
	{
		DIGEST(v->attribute[i].name);
		DIGEST(v->attribute[i].party_column);
		DIGEST(v->attribute[i].expression);
		h = hash_combine64(h, v->attribute[i].relation ^ (uint64) v->attribute[i].type << 32);
	}
	for (int i = 0; i < v->events; i++)
	{
		DIGEST(v->event[i].name);
		DIGEST(v->event[i].party_column);
		DIGEST(v->event[i].time_column);
		DIGEST(v->event[i].condition);
		h = hash_combine64(h, v->event[i].relation);
		for (int k = 0; k < v->event[i].columns; k++)
		{
			DIGEST(v->event[i].column[k].name);
			DIGEST(v->event[i].column[k].expression);
			h = hash_combine64(h, v->event[i].column[k].relation);
		}
	}
	for (int i = 0; i < v->traits; i++)
	{
		DIGEST(v->trait[i].key);
		h = hash_combine64(h, v->trait[i].kind * 2 + v->trait[i].is_multi);
	}
#undef DIGEST
	return h;
}

static void
drop_index(reverse_index *r)
{
	reverse_index **at = &indexes;

	while (*at && *at != r)
		at = &(*at)->next;
	if (*at)
		*at = r->next;
	MemoryContextDelete(r->context);
}

#define INDEXES_MAX 16

/*
 * What tells two snapshots apart between which somebody committed. A change may be told while a statement runs whose snapshot does not show it yet: what
 * was read then is read once more under the next snapshot.
 */
static uint64
snapshot_mark(void)
{
	Snapshot	s = ActiveSnapshotSet() ? GetActiveSnapshot() : GetTransactionSnapshot();

	return hash_combine64(hash_combine64((uint64) s->xmin << 32 | s->xmax, s->xcnt), (uint64) s->subxcnt << 32 | s->curcid);
}

/* so many read anew are worth storing for others */
#define STORE_LEAST 100

reverse_index *
reverse_index_for(vocabulary *v, Oid type, int32 typmod)
{
	reverse_index *r;
	uint64		digest,
				generation;
	int			n = 0;
	HASHCTL		ctl = {.keysize = 256, .entrysize = sizeof(reverse_name)};
	TupleDesc	desc;
	MemoryContext context;

	for (r = indexes; r; r = r->next, n++)
		if (r->schema == v->schema && r->type == type && r->typmod == typmod && r->user == GetUserId())
			break;
	if (r && r->generation == segment_generation() && (r->settled || r->snapshot == snapshot_mark()))
		return r;
	digest = digest_of(v);
	desc = lookup_rowtype_tupdesc_domain(type, typmod, false);
	/* the row's type may have another shape now; generation 0 is one that an error left half done */
	if (r && (r->digest != digest || r->generation == 0 || !equalTupleDescs(r->desc, desc)))
	{
		drop_index(r);
		r = NULL;
	}
	if (!r)
	{
		if (n >= INDEXES_MAX)
		{
			reverse_index *last = indexes;

			while (last->next)
				last = last->next;
			drop_index(last);
		}
		context = AllocSetContextCreate(TopMemoryContext, "crmseg segments of a mart", ALLOCSET_DEFAULT_SIZES);
		r = MemoryContextAllocZero(context, sizeof(reverse_index));
		r->context = context;
		r->schema = v->schema;
		r->type = type;
		r->typmod = typmod;
		r->user = GetUserId();
		r->digest = digest;
		r->next = indexes;
		indexes = r;
		ctl.hcxt = context;
		r->free_definition = -1;
		r->names = hash_create("crmseg attributes of a row", 64, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
		context = MemoryContextSwitchTo(context);
		r->desc = CreateTupleDescCopy(desc);
		context = MemoryContextSwitchTo(context);
		r->per_row = AllocSetContextCreate(r->context, "crmseg row", ALLOCSET_DEFAULT_SIZES);
		if (!reverse_load(r, v))
			r->ix = segment_index_new(reverse_realloc, r->context, &reverse_exact);
	}
	ReleaseTupleDesc(desc);
	generation = segment_generation();
	r->settled = r->generation == generation;
	r->snapshot = snapshot_mark();
	r->generation = 0;
	r->strange += reverse_read_definitions(r, v);
	if (r->strange >= STORE_LEAST + r->ids / 16)
	{
		reverse_store(r, v);
		r->strange = 0;
	}
	r->datum = r->datum ? repalloc(r->datum, Max(1, r->parts) * sizeof(segment_given)) : MemoryContextAlloc(r->context, Max(1, r->parts) * sizeof(segment_given));
	r->generation = generation;
	return r;
}
