/*
 * book_fn.c: the aggregate rfm_book: every order of every customer in one pass, into one table of 32-byte cells, the state being an
 * expanded object of the type rfm_book, which is flat when it travels between workers and nodes. What does not fit an int64 is kept as
 * numeric beside the cells. read_fn.c fills one without the aggregate, table_fn.c reads the customers out of it, book_io_fn.c writes and reads it.
 */
#include "rfm_private.h"

#include <sys/mman.h>
#include <unistd.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define BOOK_MAGIC 0x52464D42
#define BOOK_VERSION 1

/* as it travels: the cells in use, the keys of text ids, the wide amounts as numerics at int boundaries */
typedef struct FlatBook
{
	int32		vl_len_;
	uint8		version,
				text_ids;
	int16		scale;
	int64		used,
				keys_used,
				wides;
	rfm_cell	cell[];
} FlatBook;

static Size book_flat_size(ExpandedObjectHeader *eohptr);
static void book_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated);

static Book *book_clone(Book *from, MemoryContext context);

static const ExpandedObjectMethods book_methods = {book_flat_size, book_flatten};

static void
too_many(void)
{
	ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("too many customers for one rfm_book"),
					errdetail("A book holds at most %d customers, and one that travels between processes 1 GB.", RFM_BOOK_MAX),
					errhint("Take a part of the customers at a time, such as those WHERE hashint8(customer_id) %% 4 = 0.")));
}

static void
different_ids(void)
{
	ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("books of different kinds of ids cannot be merged")));
}

#define CACHE_LINE 64

/*
 * Memory that begins at a cache line, with the palloc'd pointer before it. Random access to tables of many megabytes is mostly a
 * matter of page tables: where the system has large pages to give, it is told that they are welcome here, before they are touched.
 */
static void *
book_allocate_only(void *context, size_t size)
{
	char	   *chunk = MemoryContextAllocExtended(context, size + 2 * CACHE_LINE, MCXT_ALLOC_HUGE);
	char	   *at = (char *) TYPEALIGN(CACHE_LINE, chunk + sizeof(void *));

#ifdef MADV_HUGEPAGE
	if (size >= 4 * 1024 * 1024)
	{
		uintptr_t	page = sysconf(_SC_PAGESIZE),
					from = TYPEALIGN(page, (uintptr_t) at),
					to = TYPEALIGN_DOWN(page, (uintptr_t) at + size);

		(void) madvise((void *) from, to - from, MADV_HUGEPAGE);
	}
#endif
	memcpy(at - sizeof(void *), &chunk, sizeof(void *));
	return at;
}

static void *
book_allocate(void *context, size_t size)
{
	return memset(book_allocate_only(context, size), 0, size);
}

static void
book_release(void *pointer)
{
	void	   *chunk;

	memcpy(&chunk, (char *) pointer - sizeof(void *), sizeof(void *));
	pfree(chunk);
}

Book *
book_new(MemoryContext parent, bool text_ids, uint64 customers)
{
	MemoryContext context = AllocSetContextCreate(parent, "rfm_book", ALLOCSET_START_SMALL_SIZES);
	Book	   *k = MemoryContextAllocZero(context, sizeof(Book));

	EOH_init_header(&k->hdr, &book_methods, context);
	k->magic = BOOK_MAGIC;
	k->b.allocate = book_allocate;
	k->b.release = book_release;
	k->b.context = context;
	if (rfm_book_init(&k->b, text_ids, customers) != RFM_OK)
		too_many();
	return k;
}

static void
too_many_purchases(void)
{
	ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("too many purchases of one customer for an rfm_book"), errdetail("A book counts up to %u purchases of a customer.", PG_UINT32_MAX),
					errhint("Give orders without a known customer the customer NULL: they do not count then.")));
}

static void
check(rfm_status status)
{
	if (status == RFM_LIMIT)
		too_many();
	if (status != RFM_OK)
		rfm_fail(status);
}

Numeric
book_amount(const Book *k, const rfm_cell *c)
{
	return c->tag & RFM_CELL_WIDE ? k->wide[c->amount] : rfm_numeric(c->amount, k->b.scale);
}

/* the amount of a cell, which becomes wide, is `amount` from now on */
static void
set_wide(Book *k, rfm_cell *c, Numeric amount)
{
	Numeric		copy = MemoryContextAlloc(k->hdr.eoh_context, VARSIZE(amount));

	memcpy(copy, amount, VARSIZE(amount));
	if (c->tag & RFM_CELL_WIDE)
		pfree(k->wide[c->amount]);
	else
	{
		if (k->wides == k->wide_room)
		{
			k->wide_room = k->wide_room ? k->wide_room * 2 : 16;
			k->wide = k->wide ? repalloc_huge(k->wide, sizeof(Numeric) * k->wide_room) :
				MemoryContextAlloc(k->hdr.eoh_context, sizeof(Numeric) * k->wide_room);
		}
		c->amount = k->wides++;
		c->tag |= RFM_CELL_WIDE;
	}
	k->wide[c->amount] = copy;
}

/* an order that does not fit its cell, by numeric arithmetic */
static void
add_wide(Book *k, rfm_cell *c, int64 at, Numeric amount)
{
	if (!DatumGetBool(rfm_numeric_op(numeric_lt, amount, rfm_numeric(0, 0))))
	{
		if (c->purchases == PG_UINT32_MAX)
			too_many_purchases();
		if (c->purchases == 0 || at > c->last_at)
			c->last_at = at;
		c->purchases++;
	}
	set_wide(k, c, DatumGetNumeric(rfm_numeric_op(numeric_add, book_amount(k, c), amount)));
}

/* all gathered orders into their cells */
void
book_settle(Book *k)
{
	rfm_cell   *c;
	rfm_status	status;

	while ((status = rfm_book_flush(&k->b, &c)) == RFM_WIDE)
	{
		rfm_order  *o = &k->b.batch[k->b.done];

		add_wide(k, c, o->at, rfm_numeric(o->amount, k->b.scale));
		k->b.done++;
	}
	if (status == RFM_LIMIT && k->b.used < RFM_BOOK_MAX)
		too_many_purchases();
	check(status);
}

/* all amounts at a larger scale; what no longer fits becomes wide */
void
book_rescale(Book *k, int scale)
{
	book_settle(k);
	for (uint64 i = 0; i < k->b.slots; i++)
	{
		rfm_cell   *c = &k->b.cell[i];

		if (c->tag != 0 && !(c->tag & RFM_CELL_WIDE) && !rfm_rescale(&c->amount, k->b.scale, scale))
			set_wide(k, c, rfm_numeric(c->amount, k->b.scale));
	}
	k->b.scale = scale;
}

static Book *
book_if_expanded(Datum d)
{
	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(d)))
	{
		Book	   *k = (Book *) DatumGetEOHP(d);

		if (k->magic == BOOK_MAGIC)
			return k;
	}
	return NULL;
}

void
book_merge_cell(Book *k, const rfm_cell *from, const char *key, uint32 len, Numeric wide, int scale)
{
	rfm_cell   *c;
	int64		amount = from->amount;
	int64		sum;

	check(k->b.text_ids ? rfm_book_find_text(&k->b, key, len, &c) : rfm_book_find(&k->b, from->id, &c));
	if (from->purchases > 0)
	{
		if (c->purchases == 0 || from->last_at > c->last_at)
			c->last_at = from->last_at;
		if (__builtin_add_overflow(c->purchases, from->purchases, &c->purchases))
			too_many_purchases();
	}
	if (!wide && !(c->tag & RFM_CELL_WIDE) && rfm_rescale(&amount, scale, k->b.scale) && !__builtin_add_overflow(c->amount, amount, &sum))
		c->amount = sum;
	else
		set_wide(k, c, DatumGetNumeric(rfm_numeric_op(numeric_add, book_amount(k, c), wide ? wide : rfm_numeric(from->amount, scale))));
}

/* where the wide amounts of a flat book stand */
static Numeric *
flat_wide(const FlatBook *f)
{
	char	   *at = (char *) (f->cell + f->used) + INTALIGN(f->keys_used);
	Numeric    *wide = NULL;

	if (f->wides > 0)
		wide = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Numeric) * f->wides);
	for (int64 i = 0; i < f->wides; i++)
	{
		wide[i] = (Numeric) at;
		at += INTALIGN(VARSIZE(at));
	}
	return wide;
}

static void
merge_flat(Book *k, const FlatBook *f)
{
	const char *keys = (const char *) (f->cell + f->used);
	Numeric    *wide = flat_wide(f);

	if (k->b.text_ids != (bool) f->text_ids)
		different_ids();
	book_settle(k);
	if (f->scale > k->b.scale)
		book_rescale(k, f->scale);
	for (int64 i = 0; i < f->used; i++)
	{
		uint32		len = 0;

		if (f->text_ids)
			memcpy(&len, keys + f->cell[i].id, sizeof(uint32));
		book_merge_cell(k, &f->cell[i], keys + f->cell[i].id + sizeof(uint32), len, f->cell[i].tag & RFM_CELL_WIDE ? wide[f->cell[i].amount] : NULL, f->scale);
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

/* adds a book to another, expanded or flat */
static void
book_merge(Book *k, Datum d)
{
	Book	   *other = book_if_expanded(d);

	if (!other)
	{
		merge_flat(k, (FlatBook *) PG_DETOAST_DATUM(d));
		return;
	}
	if (k->b.text_ids != other->b.text_ids)
		different_ids();
	if (other == k)
		other = book_clone(other, CurrentMemoryContext);
	book_settle(k);
	book_settle(other);
	if (other->b.scale > k->b.scale)
		book_rescale(k, other->b.scale);
	for (uint64 i = 0; i < other->b.slots; i++)
	{
		rfm_cell   *c = &other->b.cell[i];
		uint32		len = 0;
		const char *key = c->tag != 0 && k->b.text_ids ? rfm_book_key(&other->b, c, &len) : NULL;

		if (c->tag != 0)
			book_merge_cell(k, c, key, len, c->tag & RFM_CELL_WIDE ? other->wide[c->amount] : NULL, other->b.scale);
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

/* a copy of a book that may be changed: its table as it stands, which is much less than to fill one */
static Book *
book_clone(Book *from, MemoryContext context)
{
	Book	   *k;

	book_settle(from);
	k = book_new(context, from->b.text_ids, 0);
	book_release(k->b.cell);
	k->b.cell = book_allocate_only(k->hdr.eoh_context, sizeof(rfm_cell) * from->b.slots);
	memcpy(k->b.cell, from->b.cell, sizeof(rfm_cell) * from->b.slots);
	k->b.slots = from->b.slots, k->b.used = from->b.used, k->b.limit = from->b.limit;
	k->b.scale = from->b.scale;
	if (from->b.text_ids)
	{
		book_release(k->b.keys);
		k->b.keys = book_allocate_only(k->hdr.eoh_context, from->b.keys_room);
		memcpy(k->b.keys, from->b.keys, from->b.keys_used);
		k->b.keys_room = from->b.keys_room, k->b.keys_used = from->b.keys_used;
	}
	k->wide_room = k->wides = from->wides;
	if (from->wides > 0)
		k->wide = MemoryContextAllocHuge(k->hdr.eoh_context, sizeof(Numeric) * from->wides);
	for (int64 i = 0; i < from->wides; i++)
	{
		k->wide[i] = MemoryContextAlloc(k->hdr.eoh_context, VARSIZE(from->wide[i]));
		memcpy(k->wide[i], from->wide[i], VARSIZE(from->wide[i]));
	}
	return k;
}

/* the datum as a book: itself when it is one already, else a new one in context */
Book *
book_of(Datum d, MemoryContext context)
{
	Book	   *k = book_if_expanded(d);
	FlatBook   *f;

	if (k)
		return k;
	f = (FlatBook *) PG_DETOAST_DATUM(d);
	k = book_new(context, f->text_ids, f->used);
	k->b.scale = f->scale;
	merge_flat(k, f);
	return k;
}

/* the datum as a book that may be changed: what is only lent is copied */
static Book *
book_own(Datum d, MemoryContext context)
{
	Book	   *k = book_if_expanded(d);

	return k && !VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(d)) ? book_clone(k, context) : book_of(d, context);
}

/* of the customers of a book, keeps those of one part of many: the others come in another reading */
void
book_keep_part(Book *k, uint32 part, uint32 parts)
{
	rfm_book	old;

	book_settle(k);
	old = k->b;
	check(rfm_book_init(&k->b, old.text_ids, old.used * 2 / 3));
	for (uint64 i = 0; i < old.slots; i++)
	{
		rfm_cell   *c = &old.cell[i],
				   *to;
		uint32		len = 0,
					tag;
		int64		id;
		const char *key = c->tag != 0 && old.text_ids ? rfm_book_key(&old, c, &len) : NULL;

		if (c->tag == 0 || (key ? rfm_part_of_text(key, len, parts) : rfm_part_of(c->id, parts)) != part)
			continue;
		check(key ? rfm_book_find_text(&k->b, key, len, &to) : rfm_book_find(&k->b, c->id, &to));
		id = to->id, tag = to->tag;
		*to = *c;
		to->id = id, to->tag = tag | (c->tag & RFM_CELL_WIDE);
	}
	book_release(old.cell);
	if (old.text_ids)
		book_release(old.keys);
}

void
book_view_of(Book *k, BookView *v)
{
	book_settle(k);
	v->cell = k->b.cell, v->slots = k->b.slots, v->used = k->b.used;
	v->keys = k->b.keys;
	v->scale = k->b.scale;
	v->wide = k->wide, v->wides = k->wides;
}

void
book_view(Datum d, BookView *v)
{
	Book	   *k = book_if_expanded(d);

	if (k)
		book_view_of(k, v);
	else
	{
		FlatBook   *f = (FlatBook *) PG_DETOAST_DATUM(d);

		v->cell = f->cell, v->slots = v->used = f->used;
		v->keys = f->text_ids ? (const char *) (f->cell + f->used) : NULL;
		v->scale = f->scale;
		v->wide = flat_wide(f);
		v->wides = f->wides;
	}
}

static Size
book_flat_size(ExpandedObjectHeader *eohptr)
{
	Book	   *k = (Book *) eohptr;
	Size		size;

	book_settle(k);
	size = offsetof(FlatBook, cell) + sizeof(rfm_cell) * k->b.used + INTALIGN(k->b.keys_used);
	for (int64 i = 0; i < k->wides; i++)
		size += INTALIGN(VARSIZE(k->wide[i]));
	if (!AllocSizeIsValid(size))
		too_many();
	return size;
}

static void
book_flatten(ExpandedObjectHeader *eohptr, void *result, Size allocated)
{
	Book	   *k = (Book *) eohptr;
	FlatBook   *f = result;
	rfm_cell   *to = f->cell;
	char	   *at;

	SET_VARSIZE(f, allocated);
	f->version = BOOK_VERSION;
	f->text_ids = k->b.text_ids;
	f->scale = k->b.scale;
	f->used = k->b.used, f->keys_used = k->b.keys_used, f->wides = k->wides;
	for (uint64 i = 0; i < k->b.slots; i++)
		if (k->b.cell[i].tag != 0)
			*to++ = k->b.cell[i];
	at = (char *) to;
	if (k->b.text_ids)
	{
		memcpy(at, k->b.keys, k->b.keys_used);
		memset(at + k->b.keys_used, 0, INTALIGN(k->b.keys_used) - k->b.keys_used);
		at += INTALIGN(k->b.keys_used);
	}
	for (int64 i = 0; i < k->wides; i++)
	{
		memset(at, 0, INTALIGN(VARSIZE(k->wide[i])));
		memcpy(at, k->wide[i], VARSIZE(k->wide[i]));
		at += INTALIGN(VARSIZE(k->wide[i]));
	}
}

/* the running state of argument 0 */
static inline Book *
book_state(FunctionCallInfo fcinfo, bool text_ids)
{
	MemoryContext context;
	Book	   *k;

	if (!PG_ARGISNULL(0) && VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(PG_GETARG_DATUM(0))))
	{
		k = (Book *) DatumGetEOHP(PG_GETARG_DATUM(0));
		if (k->magic == BOOK_MAGIC && k->b.text_ids == text_ids)
			return k;
	}
	if (!AggCheckCallContext(fcinfo, &context))
		context = CurrentMemoryContext;
	k = PG_ARGISNULL(0) ? book_new(context, text_ids, 0) : book_own(PG_GETARG_DATUM(0), context);
	if (k->b.text_ids != text_ids)
		different_ids();
	return k;
}

/* the amount at the book's scale; false when it is too wide for that */
static inline bool
order_amount(Book *k, Numeric n, int64 *value)
{
	int			scale;

	if (!rfm_small(n, value, &scale))
		return false;
	if (likely(scale == k->b.scale))
		return true;
	if (scale > k->b.scale)
		book_rescale(k, scale);
	return rfm_rescale(value, scale, k->b.scale);
}

void
book_bad_time(void)
{
	ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("order time is not finite"),
					errhint("Leave out infinite times, or set them to NULL: orders without a time are not counted.")));
}

/* one order more of an integer id; the amount is not stored out of line or compressed */
void
book_add(Book *k, int64 id, int64 at, Datum amount)
{
	Numeric		n = (Numeric) DatumGetPointer(amount);
	int64		value;

	if (unlikely(TIMESTAMP_NOT_FINITE(at)))
		book_bad_time();
	if (likely(order_amount(k, n, &value)))
	{
		if (rfm_book_gather(&k->b, id, at, value))
			book_settle(k);
	}
	else
	{
		rfm_cell   *c;

		book_settle(k);
		check(rfm_book_find(&k->b, id, &c));
		add_wide(k, c, at, DatumGetNumeric(amount));
	}
}

/* the same for ids of any other type, by their text */
void
book_add_text(Book *k, const char *id, uint32 len, int64 at, Datum amount)
{
	int64		value;
	bool		small;
	rfm_cell   *c;
	rfm_status	status;

	if (unlikely(TIMESTAMP_NOT_FINITE(at)))
		book_bad_time();
	small = order_amount(k, (Numeric) DatumGetPointer(amount), &value);
	check(rfm_book_find_text(&k->b, id, len, &c));
	status = small ? rfm_cell_add(c, at, value) : RFM_WIDE;
	if (status == RFM_WIDE)
		add_wide(k, c, at, DatumGetNumeric(amount));
	else if (status == RFM_LIMIT)
		too_many_purchases();
}

PG_FUNCTION_INFO_V1(crmseg_book_int);
PG_FUNCTION_INFO_V1(crmseg_book_text);
PG_FUNCTION_INFO_V1(crmseg_book_merge);

/* true when the order counts; an infinite time is an error also after as_of */
static inline bool
order_counts(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return false;
	if (unlikely(TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMPTZ(2))))
		book_bad_time();
	return PG_ARGISNULL(4) || PG_GETARG_TIMESTAMPTZ(2) <= PG_GETARG_TIMESTAMPTZ(4);
}

/* (rfm_book, id int8, ordered_at, amount, as_of): one order more; without customer, time or amount, or after as_of, it does not count */
Datum
crmseg_book_int(PG_FUNCTION_ARGS)
{
	Book	   *k = book_state(fcinfo, false);

	if (order_counts(fcinfo))
		book_add(k, PG_GETARG_INT64(1), PG_GETARG_TIMESTAMPTZ(2), PointerGetDatum(PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(3))));
	PG_RETURN_DATUM(EOHPGetRWDatum(&k->hdr));
}

/* the same for ids of any other type, by their text */
Datum
crmseg_book_text(PG_FUNCTION_ARGS)
{
	Book	   *k = book_state(fcinfo, true);

	if (order_counts(fcinfo))
	{
		text	   *id = PG_GETARG_TEXT_PP(1);

		book_add_text(k, VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id), PG_GETARG_TIMESTAMPTZ(2), PointerGetDatum(PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(3))));
	}
	PG_RETURN_DATUM(EOHPGetRWDatum(&k->hdr));
}

Datum
crmseg_book_merge(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	Book	   *k;

	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (!AggCheckCallContext(fcinfo, &context))
		context = CurrentMemoryContext;
	k = book_own(PG_GETARG_DATUM(PG_ARGISNULL(0) ? 1 : 0), context);
	if (!PG_ARGISNULL(0) && !PG_ARGISNULL(1))
		book_merge(k, PG_GETARG_DATUM(1));
	PG_RETURN_DATUM(EOHPGetRWDatum(&k->hdr));
}
