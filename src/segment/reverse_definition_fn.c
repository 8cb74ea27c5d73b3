/*
 * reverse_definition_fn.c: the definitions of a mart's segments, read into the index over predicates: all of them at each reading, by a receiver of rows
 * that hashes their texts, and those put in anew whose text, or that of a segment that they name, is not the one that is held.
 */
#include "reverse_fn.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

static int
column_named(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped && strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) == 0)
			return i;
	return -1;
}

static bool
is_document(TupleDesc desc, int column)
{
	return column >= 0 && segment_class_of(TupleDescAttr(desc, column)->atttypid) == CLASS_JSON;
}

typedef struct lookup
{
	TupleDesc	desc;
	vocabulary *v;
	char	   *missing;
	int			members;		/* gone into; one that names itself is refused elsewhere */
} lookup;

/* an attribute of which neither the row nor the mart knows anything: what segment_resolve would refuse */
static bool
is_missing(const segment_node *n, const segment_node *parent, void *context)
{
	lookup	   *l = context;
	const vocabulary_attribute *a;
	StringInfoData name;
	int			c;

	/* those of an event are none of the row */
	if (n->kind != SEGMENT_ATTRIBUTE || l->missing)
		return false;
	c = column_named(l->desc, n->part[0].data);
	if (c >= 0)
	{
		if (n->parts > 1 && !is_document(l->desc, c))
			l->missing = segment_path_of(n);
		return false;
	}
	initStringInfo(&name);
	for (int i = 0; i < n->parts; i++)
		appendStringInfo(&name, "%s%s", i ? "." : "", n->part[i].data);
	if (l->v)
	{
		bool		has_key = column_named(l->desc, "party_id") >= 0;

		if (has_key && vocabulary_find_attribute(l->v, name.data))
			return false;
		a = vocabulary_find_attribute(l->v, n->part[0].data);
		if (has_key && a && n->parts > 1 && segment_class_of(a->type) == CLASS_JSON)
			return false;
		if (has_key && (n->parts > 1 || vocabulary_find_trait(l->v, name.data)) && (a = vocabulary_find_attribute(l->v, "traits")) && segment_class_of(a->type) == CLASS_JSON)
			return false;
	}
	if ((!l->v || n->parts > 1 || vocabulary_find_trait(l->v, name.data)) && is_document(l->desc, column_named(l->desc, "traits")))
		return false;
	l->missing = segment_path_of(n);
	return false;
}

/* walks conditions on the row only */
static void
look_up(const segment_node *n, lookup *l)
{
	check_stack_depth();
	is_missing(n, NULL, l);
	if (n->kind == SEGMENT_MEMBER && l->v && !l->missing && ++l->members < 1000)
	{
		segment_node *definition = vocabulary_find_segment(l->v, n->object.data);

		if (definition)
			look_up(definition, l);
	}
	for (uint32 i = 0; i < n->children; i++)
		if (!(n->kind == SEGMENT_DID || n->kind == SEGMENT_SEQUENCE || n->kind == SEGMENT_STOPPED || n->kind == SEGMENT_MEASURE || n->kind == SEGMENT_EDGE))
			look_up(n->child[i], l);
}

static void
put_definition(reverse_index *r, vocabulary *v, int at, const char *name, const char *predicate)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "crmseg definition", ALLOCSET_SMALL_SIZES),
				old = MemoryContextSwitchTo(scratch);
	segment_allocator memory = segment_memory(scratch);
	segment_error error;
	definition *d = &r->definition[at];
	segment_node *tree = segment_parse(predicate, strlen(predicate), memory, &error);
	lookup		l = {.desc = r->desc, .v = v};

	d->elsewhere = d->ranked = false;
	if (!tree)
		segment_raise(&error, predicate, NULL);
	look_up(tree, &l);
	if (l.missing)
		ereport(DEBUG1, (errmsg("segment \"%s\" cannot be asked of such a row: unknown attribute %s", name, l.missing)));
	else
	{
		segment_condition *c;

		r->rests = 0;
		c = reverse_condition(r, v, tree, name, memory, &d->elsewhere, &d->ranked);
		if (!segment_index_add(r->ix, (uint32) at, c, memory))
			reverse_watch_weak(r, c, true);
		d->rests = r->rests;
		d->held = true;
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* the place in by_id, -1 when there is none */
static int
find_position(const reverse_index *r, int64 id)
{
	int			low = 0,
				high = r->ids - 1;

	while (low <= high)
	{
		int			mid = (low + high) / 2;
		int64		x = r->definition[r->by_id[mid]].id;

		if (x == id)
			return mid;
		if (x < id)
			low = mid + 1;
		else
			high = mid - 1;
	}
	return -1;
}

int
reverse_find(const reverse_index *r, int64 id)
{
	int			position = find_position(r, id);

	return position < 0 ? -1 : r->by_id[position];
}

static int
compare_ids(const void *a, const void *b, void *r)
{
	int64		x = ((reverse_index *) r)->definition[*(const int *) a].id,
				y = ((reverse_index *) r)->definition[*(const int *) b].id;

	return (x > y) - (x < y);
}

static void
sort_ids(reverse_index *r)
{
	if (r->by_id && !reverse_in_image(r, r->by_id))
		pfree(r->by_id);
	r->by_id = MemoryContextAllocHuge(r->context, r->definition_room * sizeof(int));
	r->ids = 0;
	for (int i = 0; i < r->definitions; i++)
		if (r->definition[i].present)
			r->by_id[r->ids++] = i;
	qsort_arg(r->by_id, r->ids, sizeof(int), compare_ids, r);
}

static int
new_place(reverse_index *r)
{
	int			at = r->free_definition;

	if (at >= 0)
		r->free_definition = (int) r->definition[at].id;
	else
	{
		if (r->definitions == r->definition_room)
		{
			r->definition_room = r->definition_room ? r->definition_room * 2 : 64;
			if (r->definition && !reverse_in_image(r, r->definition))
				r->definition = repalloc_huge(r->definition, r->definition_room * sizeof(definition));
			else
			{
				definition *from = r->definition;

				r->definition = MemoryContextAllocHuge(r->context, r->definition_room * sizeof(definition));
				if (from)
					memcpy(r->definition, from, r->definitions * sizeof(definition));
			}
			r->label = r->label ? repalloc_huge(r->label, r->definition_room * sizeof(Datum)) : MemoryContextAllocHuge(r->context, r->definition_room * sizeof(Datum));
		}
		at = r->definitions++;
	}
	memset(&r->definition[at], 0, sizeof(definition));
	r->definition[at].present = true;
	r->label[at] = (Datum) 0;
	return at;
}

static void
free_label(reverse_index *r, int at)
{
	char	   *label = DatumGetPointer(r->label[at]);

	if (label && !reverse_in_image(r, label))
		pfree(label);
	r->label[at] = (Datum) 0;
}

/* ---- what changed in the table of definitions ---- */

typedef struct changed
{
	int			at;
	uint64		hash;
	char	   *name;
	char	   *predicate;
} changed;

/* one that names others, for what it says changes with theirs */
typedef struct user
{
	changed		c;
	ArrayType  *uses;
	bool		visiting,
				done;
} user;

typedef struct name_entry
{
	uint64		name;			/* hash of the name */
	uint64		hash;
	user	   *user;			/* when it names others itself */
} name_entry;

typedef struct reading
{
	DestReceiver pub;
	reverse_index *r;
	MemoryContext context;
	int			next;			/* the definition that probably comes, by id */
	bool		others;			/* some came or went */
	List	   *changed;
	List	   *users;
	int			rows;
	int			row_room;
	struct
	{
		uint64		name,
					hash;
	}		   *row;
} reading;

/* of texts: each definition is hashed at each reading */
static uint64
hash_of(const char *data, Size len, uint64 seed)
{
	uint64		h = seed ^ len * UINT64CONST(0x9e3779b97f4a7c15),
				w;

	for (; len >= 8; len -= 8, data += 8)
	{
		memcpy(&w, data, 8);
		h = (h ^ w) * UINT64CONST(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	w = 0;
	memcpy(&w, data, len);
	h = (h ^ w) * UINT64CONST(0xc4ceb9fe1a85ec53);
	return h ^ h >> 29;
}

/* remembers a definition whose text is not the one that is held */
static void
note_changed(reading *n, int at, uint64 hash, const text *name, const text *predicate, changed *c)
{
	c->at = at;
	c->hash = hash;
	c->name = text_to_cstring(name);
	c->predicate = text_to_cstring(predicate);
}

static bool
is_label(Datum label, const text *name)
{
	return DatumGetPointer(label) && VARSIZE_ANY_EXHDR(DatumGetPointer(label)) == VARSIZE_ANY_EXHDR(name) &&
		memcmp(VARDATA_ANY(DatumGetPointer(label)), VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)) == 0;
}

static bool
receive_definition(TupleTableSlot *slot, DestReceiver *self)
{
	reading    *n = (reading *) self;
	reverse_index *r = n->r;
	MemoryContext old = MemoryContextSwitchTo(n->context);
	int64		id;
	text	   *name,
			   *predicate;
	ArrayType  *uses = NULL;
	uint64		name_hash,
				hash;
	int			at = -1;
	definition *d;

	slot_getallattrs(slot);
	id = DatumGetInt64(slot->tts_values[0]);
	name = DatumGetTextPP(slot->tts_values[1]);
	predicate = DatumGetTextPP(slot->tts_values[2]);
	/* an empty array is nothing but its header */
	if (!slot->tts_isnull[3] && VARSIZE_ANY_EXHDR(DatumGetPointer(slot->tts_values[3])) > sizeof(ArrayType) - VARHDRSZ)
		uses = DatumGetArrayTypeP(slot->tts_values[3]);
	name_hash = hash_of(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), 0);
	hash = hash_of(VARDATA_ANY(predicate), VARSIZE_ANY_EXHDR(predicate), name_hash);
	if (n->rows == n->row_room)
	{
		n->row_room = n->row_room * 2;
		n->row = repalloc_huge(n->row, n->row_room * sizeof(*n->row));
	}
	n->row[n->rows].name = name_hash;
	n->row[n->rows++].hash = hash;
	/* mostly in the order in which they were made */
	if (n->next >= r->ids || r->definition[r->by_id[n->next]].id != id)
		n->next = find_position(r, id);
	if (n->next >= 0)
		at = r->by_id[n->next++];
	else
	{
		at = new_place(r);
		r->definition[at].id = id;
		n->others = true;
		n->next = 0;
	}
	d = &r->definition[at];
	d->seen = true;
	if (uses && ArrayGetNItems(ARR_NDIM(uses), ARR_DIMS(uses)) > 0)
	{
		user	   *u = palloc0(sizeof(user));

		note_changed(n, at, hash, name, predicate, &u->c);
		u->uses = (ArrayType *) PG_DETOAST_DATUM_COPY(PointerGetDatum(uses));
		n->users = lappend(n->users, u);
	}
	else if (d->hash != hash || !is_label(r->label[at], name))
	{
		changed    *c = palloc(sizeof(changed));

		note_changed(n, at, hash, name, predicate, c);
		n->changed = lappend(n->changed, c);
	}
	if ((Pointer) predicate != DatumGetPointer(slot->tts_values[2]))
		pfree(predicate);
	if (uses && (Pointer) uses != DatumGetPointer(slot->tts_values[3]))
		pfree(uses);
	MemoryContextSwitchTo(old);
	CHECK_FOR_INTERRUPTS();
	return true;
}

static void
start_reading(DestReceiver *self, int operation, TupleDesc desc)
{
}

static void
stop_reading(DestReceiver *self)
{
}

/* the hash of a segment with those that it names, however deep; one that names itself is refused elsewhere */
static uint64
deep_hash(HTAB *names, user *u)
{
	Datum	   *used;
	bool	   *isnull;
	int			n;

	check_stack_depth();
	if (u->done || u->visiting)
		return u->c.hash;
	u->visiting = true;
	deconstruct_array(u->uses, TEXTOID, -1, false, TYPALIGN_INT, &used, &isnull, &n);
	for (int i = 0; i < n; i++)
	{
		text	   *t = isnull[i] ? NULL : DatumGetTextPP(used[i]);
		uint64		name = t ? hash_of(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), 0) : 0;
		name_entry *e = hash_search(names, &name, HASH_FIND, NULL);

		u->c.hash = hash_combine64(u->c.hash, !e ? 1 : e->user ? deep_hash(names, e->user) : e->hash);
	}
	u->visiting = false;
	u->done = true;
	return u->c.hash;
}

static void
hash_users(reading *n)
{
	HASHCTL		ctl = {.keysize = sizeof(uint64), .entrysize = sizeof(name_entry), .hcxt = n->context};
	HTAB	   *names = hash_create("crmseg names of segments", n->rows, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	ListCell   *l;

	for (int i = 0; i < n->rows; i++)
	{
		name_entry *e = hash_search(names, &n->row[i].name, HASH_ENTER, NULL);

		e->hash = n->row[i].hash;
		e->user = NULL;
	}
	foreach(l, n->users)
	{
		user	   *u = lfirst(l);
		uint64		name = hash_of(u->c.name, strlen(u->c.name), 0);
		name_entry *e = hash_search(names, &name, HASH_FIND, NULL);

		e->user = u;
	}
	foreach(l, n->users)
	{
		user	   *u = lfirst(l);
		text	   *name;

		deep_hash(names, u);
		name = cstring_to_text(u->c.name);
		if (n->r->definition[u->c.at].hash != u->c.hash || !is_label(n->r->label[u->c.at], name))
			n->changed = lappend(n->changed, &u->c);
	}
}

/* the caller is told how many were put in */
int
reverse_read_definitions(reverse_index *r, vocabulary *v)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "crmseg definitions", ALLOCSET_DEFAULT_SIZES),
				old = MemoryContextSwitchTo(context);
	reading		n = {.r = r, .context = context, .row_room = 1024};
	SPIExecuteOptions options = {.read_only = true, .dest = &n.pub};
	ListCell   *l;
	int			put;

	n.pub.receiveSlot = receive_definition;
	n.pub.rStartup = start_reading;
	n.pub.rShutdown = n.pub.rDestroy = stop_reading;
	n.pub.mydest = DestTuplestore;	/* anything but none */
	n.row = palloc(n.row_room * sizeof(*n.row));
	for (int i = 0; i < r->definitions; i++)
		r->definition[i].seen = false;
	PushActiveSnapshot(GetTransactionSnapshot());	/* with what this transaction has just written */
	SPI_connect();
	if (SPI_execute_extended(psprintf("SELECT d.segment_id, d.name, d.predicate, d.uses FROM %s.segment_definition d", quote_identifier(v->name)), &options) != SPI_OK_SELECT)
		elog(ERROR, "could not read the segments of the mart");
	SPI_finish();
	MemoryContextSwitchTo(context);
	if (n.users)
		hash_users(&n);
	if (n.rows > (int) segment_index_count(r->ix))
		segment_index_reserve(r->ix, (uint32) Min(n.rows, 10000000));
	for (int i = 0; i < r->definitions; i++)
	{
		definition *d = &r->definition[i];

		if (!d->present || d->seen)
			continue;
		if (d->held)
			segment_index_remove(r->ix, (uint32) i);
		free_label(r, i);
		memset(d, 0, sizeof(*d));
		d->id = r->free_definition;
		r->free_definition = i;
		n.others = true;
	}
	if (n.others)
		sort_ids(r);
	put = list_length(n.changed);
	foreach(l, n.changed)
	{
		changed    *c = lfirst(l);
		definition *d = &r->definition[c->at];

		CHECK_FOR_INTERRUPTS();
		if (d->held)
			segment_index_remove(r->ix, (uint32) c->at);
		d->held = false;
		free_label(r, c->at);
		MemoryContextSwitchTo(r->context);
		r->label[c->at] = CStringGetTextDatum(c->name);
		MemoryContextSwitchTo(context);
		put_definition(r, v, c->at, c->name, c->predicate);
		d->hash = c->hash;
	}
	PopActiveSnapshot();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return put;
}
