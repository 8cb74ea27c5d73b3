/*
 * reference_fn.c: which foreign keys refer to a table. The catalog has no index for that, and a single merge asks it several times
 * (merge_fn.c), so what it said is kept for the session until any constraint changes.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "mart/kept_plan.h"
#include "mart/reference.h"

typedef struct Known
{
	Oid			relid;
	int			n;
	Reference  *refs;
} Known;

static MemoryContext known_context = NULL;
static HTAB *known = NULL;		/* in known_context */
static bool outdated = true;

static void
constraints_changed(Datum arg, int cache, uint32 hash)
{
	outdated = true;
}

static void
begin_anew(void)
{
	static bool registered = false;
	HASHCTL		control = {.keysize = sizeof(Oid), .entrysize = sizeof(Known)};

	if (!registered)
	{
		CacheRegisterSyscacheCallback(CONSTROID, constraints_changed, (Datum) 0);
		registered = true;
	}
	if (known_context)
		MemoryContextDelete(known_context);
	known = NULL;
	known_context = AllocSetContextCreate(CacheMemoryContext, "crmseg references", ALLOCSET_SMALL_SIZES);
	control.hcxt = known_context;
	known = hash_create("crmseg references", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	outdated = false;
}

static Reference *
ask(Oid relid, int *n)
{
	Oid			types[1] = {OIDOID};
	Datum		args[1] = {ObjectIdGetDatum(relid)};
	Reference  *refs;

	*n = (int) run_kept("SELECT c.oid, c.conrelid, c.confupdtype, c.confdeltype, c.conkey, c.confkey FROM pg_catalog.pg_constraint c WHERE c.contype = 'f' AND c.conparentid = 0 "
						"AND CASE WHEN $1 = 0 THEN c.confupdtype = 'c' AND cardinality(c.conkey) > 1 ELSE c.confrelid = $1 END ORDER BY c.oid", 1, types, args, NULL);
	refs = palloc0((*n + 1) * sizeof *refs);
	for (int i = 0; i < *n; i++)
	{
		HeapTuple	t = SPI_tuptable->vals[i];
		TupleDesc	d = SPI_tuptable->tupdesc;
		bool		null;
		ArrayType  *from = DatumGetArrayTypeP(SPI_getbinval(t, d, 5, &null));
		ArrayType  *to = DatumGetArrayTypeP(SPI_getbinval(t, d, 6, &null));

		refs[i].constraint = DatumGetObjectId(SPI_getbinval(t, d, 1, &null));
		refs[i].table = DatumGetObjectId(SPI_getbinval(t, d, 2, &null));
		refs[i].on_update = DatumGetChar(SPI_getbinval(t, d, 3, &null));
		refs[i].on_delete = DatumGetChar(SPI_getbinval(t, d, 4, &null));
		refs[i].n = Min(ARR_DIMS(from)[0], INDEX_MAX_KEYS);
		for (int k = 0; k < refs[i].n; k++)
		{
			refs[i].from[k] = ((int16 *) ARR_DATA_PTR(from))[k];
			refs[i].to[k] = ((int16 *) ARR_DATA_PTR(to))[k];
		}
	}
	SPI_freetuptable(SPI_tuptable);
	return refs;
}

Reference *
references_to(Oid relid, int *n)
{
	Known	   *k;
	Reference  *refs;

	if (outdated)
		begin_anew();
	k = hash_search(known, &relid, HASH_FIND, NULL);
	if (k == NULL)
	{
		refs = ask(relid, n);
		if (outdated)			/* what was asked may be old already */
			return refs;
		k = hash_search(known, &relid, HASH_ENTER, NULL);
		k->n = *n;
		k->refs = NULL;			/* were there no memory for them */
		k->refs = MemoryContextAlloc(known_context, (*n + 1) * sizeof *refs);
		memcpy(k->refs, refs, (*n + 1) * sizeof *refs);
		return refs;
	}
	if (k->refs == NULL)
		return ask(relid, n);
	*n = k->n;
	refs = palloc((k->n + 1) * sizeof *refs);
	memcpy(refs, k->refs, (k->n + 1) * sizeof *refs);
	return refs;
}
