/*
 * contingency_fn.c: aggregates over pairs of values of any types: adjusted_rand_index, cramers_v, mutual_information. Their state counts how often
 * each pair occurs: an expanded object while it grows, a bytea when it travels to another process or node. The measures are in measure.c.
 */
#include "typology/typology_fn.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/expandeddatum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(crmseg_contingency_add);
PG_FUNCTION_INFO_V1(crmseg_contingency_merge);
PG_FUNCTION_INFO_V1(crmseg_adjusted_rand);
PG_FUNCTION_INFO_V1(crmseg_cramers_v);
PG_FUNCTION_INFO_V1(crmseg_mutual_information);

#define STATE_MAGIC 0x434F4E54
#define FLAT_VERSION 0x01544E43
#define MAX_CELLS 4000000		/* of the whole table, for the measures that look at empty cells too */

/* the values of one side, counted */
typedef struct side
{
	uint32		used,
				room;			/* a power of two; at most half of the slots are taken */
	uint32	   *slot;			/* number of the value + 1 */
	uint32	   *hash,
			   *length,
			   *at;				/* where in text */
	uint64	   *count;
	char	   *text;
	Size		text_used,
				text_room;
} side;

typedef struct contingency
{
	ExpandedObjectHeader header;
	int			magic;
	side		s[2];
	uint32		cells,
				cell_room;
	uint32	   *slot;
	pair_count *cell;
} contingency;

/* flat: version, number of values a and b, of cells; the values, each its length and bytes; the cells */
#define HEAD (4 * sizeof(uint32))
#define CELL (2 * sizeof(uint32) + sizeof(uint64))

static Size
get_flat_size(ExpandedObjectHeader *eohptr)
{
	contingency *t = (contingency *) eohptr;
	Size		size = VARHDRSZ + HEAD + (Size) t->cells * CELL;

	for (int i = 0; i < 2; i++)
		size += (Size) t->s[i].used * sizeof(uint32) + t->s[i].text_used;
	return size;
}

static void
flatten_into(ExpandedObjectHeader *eohptr, void *result, Size size)
{
	contingency *t = (contingency *) eohptr;
	uint32		head[4] = {FLAT_VERSION, t->s[0].used, t->s[1].used, t->cells};
	char	   *p = (char *) result + VARHDRSZ;

	SET_VARSIZE(result, size);
#define PUT(v, n) (memcpy(p, (v), (n)), p += (n))
	PUT(head, HEAD);
	for (int i = 0; i < 2; i++)
		for (uint32 j = 0; j < t->s[i].used; j++)
		{
			PUT(&t->s[i].length[j], sizeof(uint32));
			PUT(t->s[i].text + t->s[i].at[j], t->s[i].length[j]);
		}
	for (uint32 j = 0; j < t->cells; j++)
	{
		PUT(&t->cell[j].a, sizeof(uint32));
		PUT(&t->cell[j].b, sizeof(uint32));
		PUT(&t->cell[j].n, sizeof(uint64));
	}
}

static const ExpandedObjectMethods methods = {get_flat_size, flatten_into};

static contingency *
make(MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "contingency", ALLOCSET_DEFAULT_SIZES);
	contingency *t = MemoryContextAllocZero(context, sizeof(contingency));

	EOH_init_header(&t->header, &methods, context);
	t->magic = STATE_MAGIC;
	return t;
}

static void
too_many(void)
{
	ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("too many distinct values or pairs to count"), errdetail("They would take more than 1 GB."),
					errhint("Group the values first.")));
}

static void *
resized(contingency *t, void *old, Size size)
{
	if (size > MaxAllocSize)
		too_many();
	return old == NULL ? MemoryContextAlloc(t->header.eoh_context, size) : repalloc(old, size);
}

static void
grow_side(contingency *t, side *s)
{
	uint32		room = s->room == 0 ? 32 : s->room * 2;

	s->slot = resized(t, s->slot, (Size) room * 2 * sizeof(uint32));
	s->hash = resized(t, s->hash, (Size) room * sizeof(uint32));
	s->length = resized(t, s->length, (Size) room * sizeof(uint32));
	s->at = resized(t, s->at, (Size) room * sizeof(uint32));
	s->count = resized(t, s->count, (Size) room * sizeof(uint64));
	s->room = room;
	memset(s->slot, 0, (Size) room * 2 * sizeof(uint32));
	for (uint32 j = 0; j < s->used; j++)
	{
		uint32		at = s->hash[j] & (room * 2 - 1);

		while (s->slot[at] != 0)
			at = (at + 1) & (room * 2 - 1);
		s->slot[at] = j + 1;
	}
}

static uint32
value_number(contingency *t, side *s, const char *text, uint32 length)
{
	uint32		hash = hash_bytes((const unsigned char *) text, length),
				at;

	if (s->used == s->room)
		grow_side(t, s);
	for (at = hash & (s->room * 2 - 1); s->slot[at] != 0; at = (at + 1) & (s->room * 2 - 1))
	{
		uint32		j = s->slot[at] - 1;

		if (s->hash[j] == hash && s->length[j] == length && memcmp(s->text + s->at[j], text, length) == 0)
			return j;
	}
	if (s->text_used + length > s->text_room)
	{
		Size		room = Max(s->text_room * 2, s->text_used + length + 256);

		if (s->text_used + length > MaxAllocSize)
			too_many();
		room = Min(room, MaxAllocSize);
		s->text = resized(t, s->text, room);
		s->text_room = room;
	}
	s->slot[at] = s->used + 1;
	s->hash[s->used] = hash;
	s->length[s->used] = length;
	s->at[s->used] = s->text_used;
	s->count[s->used] = 0;
	memcpy(s->text + s->text_used, text, length);
	s->text_used += length;
	return s->used++;
}

static inline uint32
cell_hash(uint32 a, uint32 b)
{
	uint64		h = ((uint64) a << 32 | b) * UINT64CONST(0x9E3779B97F4A7C15);

	return (uint32) (h >> 32) ^ (uint32) (h >> 17);
}

static void
count_pair(contingency *t, uint32 a, uint32 b, uint64 n)
{
	uint32		at;

	if (t->cells == t->cell_room)
	{
		uint32		room = t->cell_room == 0 ? 32 : t->cell_room * 2;

		t->slot = resized(t, t->slot, (Size) room * 2 * sizeof(uint32));
		t->cell = resized(t, t->cell, (Size) room * sizeof(pair_count));
		t->cell_room = room;
		memset(t->slot, 0, (Size) room * 2 * sizeof(uint32));
		for (uint32 j = 0; j < t->cells; j++)
		{
			at = cell_hash(t->cell[j].a, t->cell[j].b) & (room * 2 - 1);
			while (t->slot[at] != 0)
				at = (at + 1) & (room * 2 - 1);
			t->slot[at] = j + 1;
		}
	}
	t->s[0].count[a] += n;
	t->s[1].count[b] += n;
	for (at = cell_hash(a, b) & (t->cell_room * 2 - 1); t->slot[at] != 0; at = (at + 1) & (t->cell_room * 2 - 1))
	{
		pair_count *c = &t->cell[t->slot[at] - 1];

		if (c->a == a && c->b == b)
		{
			c->n += n;
			return;
		}
	}
	t->slot[at] = t->cells + 1;
	t->cell[t->cells++] = (pair_count) {a, b, n};
}

static void
invalid(void)
{
	ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("these bytes are not a state of this aggregate")));
}

/* adds what a flat state counts; anybody may call us with any bytes */
static void
add_flat(contingency *t, const char *p, Size size)
{
	const char *end = p + size;
	uint32		head[4],
			   *number[2];

#define GET(v, n) do { if ((Size) (end - p) < (Size) (n)) invalid(); memcpy((v), p, (n)); p += (n); } while (0)
	GET(head, HEAD);
	if (head[0] != FLAT_VERSION || head[1] > size / 4 || head[2] > size / 4)
		invalid();
	for (int i = 0; i < 2; i++)
	{
		number[i] = palloc(sizeof(uint32) * (head[i + 1] + 1));
		for (uint32 j = 0; j < head[i + 1]; j++)
		{
			uint32		length;

			GET(&length, sizeof(uint32));
			if ((Size) (end - p) < length)
				invalid();
			number[i][j] = value_number(t, &t->s[i], p, length);
			p += length;
		}
	}
	if ((Size) (end - p) != (Size) head[3] * CELL)
		invalid();
	for (uint32 j = 0; j < head[3]; j++)
	{
		uint32		a,
					b;
		uint64		n;

		GET(&a, sizeof(uint32));
		GET(&b, sizeof(uint32));
		GET(&n, sizeof(uint64));
		if (a >= head[1] || b >= head[2] || n == 0 || n > PG_INT64_MAX / 2)
			invalid();
		count_pair(t, number[0][a], number[1][b], n);
		if ((j & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	for (int i = 0; i < 2; i++)
		pfree(number[i]);
}

static contingency *
writable(FunctionCallInfo fcinfo, int n)
{
	Datum		d = PG_GETARG_DATUM(n);
	MemoryContext parent;
	contingency *t;
	struct varlena *flat;

	if (!PG_ARGISNULL(n) && VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(d)))
	{
		t = (contingency *) DatumGetEOHP(d);
		if (t->header.eoh_methods == &methods && t->magic == STATE_MAGIC)
			return t;
	}
	if (!AggCheckCallContext(fcinfo, &parent))
		parent = CurrentMemoryContext;
	t = make(parent);
	if (!PG_ARGISNULL(n))
	{
		flat = PG_DETOAST_DATUM_PACKED(d);
		add_flat(t, VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat));
	}
	return t;
}

/* how the values of both sides become text */
typedef struct outputs
{
	Oid			type[2];
	bool		text[2];
	FmgrInfo	function[2];
} outputs;

static outputs *
outputs_of(FunctionCallInfo fcinfo)
{
	outputs    *o = fcinfo->flinfo->fn_extra;

	if (o == NULL)
	{
		o = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(outputs));
		for (int i = 0; i < 2; i++)
		{
			Oid			function;
			bool		varlena;

			o->type[i] = get_fn_expr_argtype(fcinfo->flinfo, i + 1);
			if (!OidIsValid(o->type[i]))
				ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("could not determine the types of the values")));
			o->text[i] = o->type[i] == TEXTOID || o->type[i] == VARCHAROID || o->type[i] == BPCHAROID;
			getTypeOutputInfo(o->type[i], &function, &varlena);
			fmgr_info_cxt(function, &o->function[i], fcinfo->flinfo->fn_mcxt);
		}
		fcinfo->flinfo->fn_extra = o;
	}
	return o;
}

/* (state, a, b): a pair with a NULL is not counted */
Datum
crmseg_contingency_add(PG_FUNCTION_ARGS)
{
	outputs    *o;
	contingency *t;
	uint32		number[2];

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	o = outputs_of(fcinfo);
	t = writable(fcinfo, 0);
	for (int i = 0; i < 2; i++)
		if (o->text[i])
		{
			struct varlena *v = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(i + 1));

			number[i] = value_number(t, &t->s[i], VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v));
		}
		else
		{
			char	   *text = OutputFunctionCall(&o->function[i], PG_GETARG_DATUM(i + 1));

			number[i] = value_number(t, &t->s[i], text, strlen(text));
			pfree(text);
		}
	count_pair(t, number[0], number[1], 1);
	PG_RETURN_DATUM(EOHPGetRWDatum(&t->header));
}

Datum
crmseg_contingency_merge(PG_FUNCTION_ARGS)
{
	contingency *t;
	struct varlena *flat;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	t = writable(fcinfo, 0);
	flat = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(1));
	add_flat(t, VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat));
	PG_RETURN_DATUM(EOHPGetRWDatum(&t->header));
}

Datum
crmseg_adjusted_rand(PG_FUNCTION_ARGS)
{
	contingency *t = writable(fcinfo, 0);
	double		v = measure_adjusted_rand(t->cell, t->cells, t->s[0].count, t->s[0].used, t->s[1].count, t->s[1].used);

	if (isnan(v))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(v);
}

static Datum
table_measure(FunctionCallInfo fcinfo, bool information)
{
	contingency *t = writable(fcinfo, 0);
	Size		cells = (Size) t->s[0].used * t->s[1].used;
	association cramer,
				mutual;
	double		v;

	if (t->cells == 0)
		PG_RETURN_NULL();
	if (cells > MAX_CELLS)
		ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("too large a table: %u by %u values", t->s[0].used, t->s[1].used), errhint("Group the values first.")));
	{
		uint64	   *counts = palloc0(sizeof(uint64) * cells);
		double	   *room = palloc(sizeof(double) * (t->s[0].used + t->s[1].used));

		for (uint32 j = 0; j < t->cells; j++)
			counts[(Size) t->cell[j].a * t->s[1].used + t->cell[j].b] = t->cell[j].n;
		measure_table(counts, t->s[0].used, t->s[1].used, t->s[1].used, room, &cramer, &mutual);
	}
	v = information ? mutual.strength : cramer.strength;
	if (isnan(v))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(v);
}

Datum crmseg_cramers_v(PG_FUNCTION_ARGS) { return table_measure(fcinfo, false); }
Datum crmseg_mutual_information(PG_FUNCTION_ARGS) { return table_measure(fcinfo, true); }
