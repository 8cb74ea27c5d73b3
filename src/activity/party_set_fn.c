/*
 * party_set_fn.c: the type party_set: text and bytes, set algebra, aggregates. Who is in one: party_set_member_fn.c.
 */
#include "activity/party_set_fn.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(crmseg_party_set_in);
PG_FUNCTION_INFO_V1(crmseg_party_set_out);
PG_FUNCTION_INFO_V1(crmseg_party_set_recv);
PG_FUNCTION_INFO_V1(crmseg_party_set_send);
PG_FUNCTION_INFO_V1(crmseg_party_set_of_bytes);
PG_FUNCTION_INFO_V1(crmseg_party_set_to_bytes);
PG_FUNCTION_INFO_V1(crmseg_party_set_or);
PG_FUNCTION_INFO_V1(crmseg_party_set_and);
PG_FUNCTION_INFO_V1(crmseg_party_set_minus);
PG_FUNCTION_INFO_V1(crmseg_party_set_eq);
PG_FUNCTION_INFO_V1(crmseg_party_set_ne);
PG_FUNCTION_INFO_V1(crmseg_party_set_cardinality);
PG_FUNCTION_INFO_V1(crmseg_party_set_common);
PG_FUNCTION_INFO_V1(crmseg_party_set_add_step);
PG_FUNCTION_INFO_V1(crmseg_party_set_or_step);
PG_FUNCTION_INFO_V1(crmseg_party_set_and_step);

#define WIRE_VERSION 1
#define SET_MAGIC 0x70736574

typedef struct set_object
{
	ExpandedObjectHeader hdr;
	int			magic;
	party_set  *set;			/* NULL: it is still being worked on */
	party_set_work *work;		/* of an aggregate */
	Size		flat;			/* bytes when flat, 0: not known */
	MemoryContextCallback gone;
} set_object;

static void
free_set(void *set)
{
	party_set_free(set);
}

static void
free_object(void *object)
{
	party_set_free(((set_object *) object)->set);
	party_set_work_free(((set_object *) object)->work);
}

static Size
flat_size(ExpandedObjectHeader *h)
{
	set_object *o = (set_object *) h;

	if (o->flat == 0)
	{
		if (o->set)
			party_set_settle(o->set);
		o->flat = VARHDRSZ + (o->set ? party_set_bytes(o->set) : party_set_work_bytes(o->work));
		if (!AllocSizeIsValid(o->flat))
			ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("a set of parties is larger than 1 GB")));
	}
	return o->flat;
}

static void
flatten(ExpandedObjectHeader *h, void *result, Size size)
{
	set_object *o = (set_object *) h;

	SET_VARSIZE(result, size);
	if (o->set)
		party_set_write(o->set, (uint8_t *) VARDATA(result));
	else
		party_set_work_write(o->work, (uint8_t *) VARDATA(result));
}

static const ExpandedObjectMethods methods = {flat_size, flatten};

static set_object *
new_object(party_set *set, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "crmseg party_set", ALLOCSET_SMALL_SIZES);
	set_object *o = MemoryContextAllocZero(context, sizeof(set_object));

	EOH_init_header(&o->hdr, &methods, context);
	o->magic = SET_MAGIC;
	o->set = set;
	o->gone.func = free_object;
	o->gone.arg = o;
	MemoryContextRegisterResetCallback(context, &o->gone);
	return o;
}

party_set *
party_set_in_context(MemoryContext context)
{
	MemoryContextCallback *cb = MemoryContextAllocZero(context, sizeof(*cb));

	cb->func = free_set;
	cb->arg = party_set_new();
	MemoryContextRegisterResetCallback(context, cb);
	return cb->arg;
}

Datum
party_set_datum(party_set *set, MemoryContext parent)
{
	return EOHPGetRWDatum(&new_object(set, parent)->hdr);
}

static set_object *
object_of(Datum d)
{
	struct varlena *flat;
	set_object *o;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(d)))
	{
		o = (set_object *) DatumGetEOHP(d);
		if (o->magic != SET_MAGIC)
			elog(ERROR, "this is no set of parties");
		if (!o->set)
		{
			size_t		len = party_set_work_bytes(o->work);
			uint8_t    *bytes = palloc_extended(len, MCXT_ALLOC_HUGE);

			party_set_work_write(o->work, bytes);
			o->set = party_set_read(bytes, len);
			party_set_work_free(o->work);
			o->work = NULL;
			pfree(bytes);
		}
		return o;
	}
	flat = PG_DETOAST_DATUM_PACKED(d);
	o = new_object(party_set_read((uint8_t *) VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat)), CurrentMemoryContext);
	if ((Pointer) flat != DatumGetPointer(d))
		pfree(flat);
	return o;
}

const party_set *
party_set_of(Datum d)
{
	set_object *o = object_of(d);

	party_set_settle(o->set);
	return o->set;
}

/* one that may be changed: its own when it may, else a copy */
static set_object *
writable(Datum d)
{
	set_object *o = object_of(d);

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(d)) && !VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(d)))
	{
		set_object *c = new_object(party_set_new(), CurrentMemoryContext);

		party_set_or(c->set, party_set_of(d), false);
		return c;
	}
	party_set_settle(o->set);
	o->flat = 0;
	return o;
}

static void
check_bytes(const uint8_t *b, size_t len)
{
	if (!party_set_sound(b, len))
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("these bytes are no set of parties"),
						errhint("A set is in the portable form of 64-bit roaring bitmaps.")));
}

static void
free_work(void *work)
{
	party_set_work_free(work);
}

party_set_work *
party_set_work_in_context(MemoryContext context)
{
	MemoryContextCallback *cb = MemoryContextAllocZero(context, sizeof(*cb));

	cb->func = free_work;
	cb->arg = party_set_work_new();
	MemoryContextRegisterResetCallback(context, cb);
	return cb->arg;
}

void
party_set_work_join_bytes(party_set_work *work, Datum bytes)
{
	struct varlena *flat = PG_DETOAST_DATUM_PACKED(bytes);

	check_bytes((uint8_t *) VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat));
	party_set_work_or(work, (uint8_t *) VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat));
	if ((Pointer) flat != DatumGetPointer(bytes))
		pfree(flat);
}

/* what was worked out, joined to a set */
void
party_set_join_work(party_set *set, party_set_work *work)
{
	size_t		len = party_set_work_bytes(work);
	uint8_t    *bytes = palloc_extended(len, MCXT_ALLOC_HUGE);
	party_set  *read;

	party_set_work_write(work, bytes);
	read = party_set_read(bytes, len);
	pfree(bytes);
	party_set_or(set, read, false);
	party_set_free(read);
}

/* ---- text and bytes ---- */

/* '{1,2,3}' */
Datum
crmseg_party_set_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0),
			   *p = text;
	set_object *o = new_object(party_set_new(), CurrentMemoryContext);

#define BLANKS while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r') p++
	BLANKS;
	if (*p++ != '{')
		goto wrong;
	BLANKS;
	while (*p != '}')
	{
		char	   *end,
					digits[32];
		size_t		n = strspn(p, "-0123456789");

		if (n == 0 || n >= sizeof(digits))
			goto wrong;
		memcpy(digits, p, n);
		digits[n] = 0;
		errno = 0;
		party_set_add(o->set, strtoll(digits, &end, 10));
		if (*end || errno)
			goto wrong;
		p += n;
		BLANKS;
		if (*p == ',')
		{
			p++;
			BLANKS;
			if (*p == '}')
				goto wrong;
		}
		else if (*p != '}')
			goto wrong;
	}
	p++;
	BLANKS;
	if (*p)
		goto wrong;
	PG_RETURN_DATUM(EOHPGetRWDatum(&o->hdr));
wrong:
	ereturn(fcinfo->context, (Datum) 0, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION), errmsg("invalid set of parties at character %d", (int) (p - text) + 1),
										 errhint("A set is written as {1,2,3}, of whole numbers of 64 bits.")));
}

Datum
crmseg_party_set_out(PG_FUNCTION_ARGS)
{
	const party_set *s = party_set_of(PG_GETARG_DATUM(0));
	party_set_place at = {0};
	int64_t		id[512];
	size_t		n;
	StringInfoData b;

	initStringInfo(&b);
	appendStringInfoChar(&b, '{');
	while ((n = party_set_take(s, &at, id, lengthof(id))) > 0)
	{
		CHECK_FOR_INTERRUPTS();
		for (size_t i = 0; i < n; i++)
			appendStringInfo(&b, "%s%lld", b.len > 1 ? "," : "", (long long) id[i]);
	}
	appendStringInfoChar(&b, '}');
	PG_RETURN_CSTRING(b.data);
}

Datum
crmseg_party_set_recv(PG_FUNCTION_ARGS)
{
	StringInfo	b = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(b);
	int			len = b->len - b->cursor;
	struct varlena *v;

	if (version != WIRE_VERSION)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("version %d of a set of parties is not known", version)));
	check_bytes((const uint8_t *) pq_getmsgbytes(b, len), len);
	v = palloc(VARHDRSZ + len);
	SET_VARSIZE(v, VARHDRSZ + len);
	memcpy(VARDATA(v), b->data + b->cursor - len, len);
	PG_RETURN_POINTER(v);
}

static struct varlena *
flat_of(Datum d)
{
	return PG_DETOAST_DATUM(d);
}

Datum
crmseg_party_set_send(PG_FUNCTION_ARGS)
{
	struct varlena *v = flat_of(PG_GETARG_DATUM(0));
	StringInfoData b;

	pq_begintypsend(&b);
	pq_sendbyte(&b, WIRE_VERSION);
	pq_sendbytes(&b, VARDATA(v), VARSIZE(v) - VARHDRSZ);
	PG_RETURN_BYTEA_P(pq_endtypsend(&b));
}

/* party_set(bytea) and bytea(party_set): the portable form */
Datum
crmseg_party_set_of_bytes(PG_FUNCTION_ARGS)
{
	struct varlena *v = flat_of(PG_GETARG_DATUM(0));

	check_bytes((uint8_t *) VARDATA(v), VARSIZE(v) - VARHDRSZ);
	PG_RETURN_POINTER(v);
}

Datum
crmseg_party_set_to_bytes(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(flat_of(PG_GETARG_DATUM(0)));
}

/* ---- algebra ---- */

Datum
crmseg_party_set_or(PG_FUNCTION_ARGS)
{
	set_object *a = writable(PG_GETARG_DATUM(0));

	party_set_or(a->set, party_set_of(PG_GETARG_DATUM(1)), false);
	PG_RETURN_DATUM(EOHPGetRWDatum(&a->hdr));
}

Datum
crmseg_party_set_and(PG_FUNCTION_ARGS)
{
	set_object *a = writable(PG_GETARG_DATUM(0));

	party_set_and(a->set, party_set_of(PG_GETARG_DATUM(1)));
	PG_RETURN_DATUM(EOHPGetRWDatum(&a->hdr));
}

Datum
crmseg_party_set_minus(PG_FUNCTION_ARGS)
{
	set_object *a = writable(PG_GETARG_DATUM(0));

	party_set_minus(a->set, party_set_of(PG_GETARG_DATUM(1)));
	PG_RETURN_DATUM(EOHPGetRWDatum(&a->hdr));
}

Datum
crmseg_party_set_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(party_set_equal(party_set_of(PG_GETARG_DATUM(0)), party_set_of(PG_GETARG_DATUM(1))));
}

Datum
crmseg_party_set_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!party_set_equal(party_set_of(PG_GETARG_DATUM(0)), party_set_of(PG_GETARG_DATUM(1))));
}

Datum
crmseg_party_set_cardinality(PG_FUNCTION_ARGS)
{
	Datum		d = PG_GETARG_DATUM(0);
	struct varlena *v;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(d)))
	{
		set_object *o = (set_object *) DatumGetEOHP(d);

		PG_RETURN_INT64((int64) (o->magic == SET_MAGIC && !o->set ? party_set_work_count(o->work) : party_set_count(party_set_of(d))));
	}
	v = PG_DETOAST_DATUM_PACKED(d);
	PG_RETURN_INT64((int64) party_set_bytes_count((uint8_t *) VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v)));
}

/* how many are in both */
Datum
crmseg_party_set_common(PG_FUNCTION_ARGS)
{
	Datum		a = PG_GETARG_DATUM(0),
				b = PG_GETARG_DATUM(1);
	struct varlena *x,
			   *y;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(a)) && VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(b)))
		PG_RETURN_INT64((int64) party_set_common(party_set_of(a), party_set_of(b)));
	x = PG_DETOAST_DATUM_PACKED(a);
	y = PG_DETOAST_DATUM_PACKED(b);
	PG_RETURN_INT64((int64) party_set_bytes_common((uint8_t *) VARDATA_ANY(x), VARSIZE_ANY_EXHDR(x), (uint8_t *) VARDATA_ANY(y), VARSIZE_ANY_EXHDR(y)));
}

/* ---- aggregates: the state is a set that is worked on in place ---- */

static set_object *
state_of(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		context = CurrentMemoryContext;
	if (PG_ARGISNULL(0))
		return new_object(party_set_new(), context);
	if (!VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(PG_GETARG_DATUM(0))))
	{
		set_object *o = new_object(party_set_new(), context);

		party_set_or(o->set, party_set_of(PG_GETARG_DATUM(0)), false);
		return o;
	}
	return object_of(PG_GETARG_DATUM(0));
}

Datum
crmseg_party_set_add_step(PG_FUNCTION_ARGS)
{
	set_object *o;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	o = state_of(fcinfo);
	o->flat = 0;
	party_set_add(o->set, PG_GETARG_INT64(1));
	PG_RETURN_DATUM(EOHPGetRWDatum(&o->hdr));
}

/* sets one after the other, joined or met where their bytes lie */
static Datum
joined(FunctionCallInfo fcinfo, bool both)
{
	MemoryContext context;
	set_object *o;
	struct varlena *v;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (!AggCheckCallContext(fcinfo, &context))
		context = CurrentMemoryContext;
	if (!PG_ARGISNULL(0) && VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(PG_GETARG_DATUM(0))) && !((set_object *) DatumGetEOHP(PG_GETARG_DATUM(0)))->set)
		o = (set_object *) DatumGetEOHP(PG_GETARG_DATUM(0));
	else
	{
		o = new_object(NULL, context);
		o->work = party_set_work_new();
		if (!PG_ARGISNULL(0))
		{
			v = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));
			party_set_work_or(o->work, (uint8_t *) VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v));
		}
	}
	if (both && party_set_work_met_nobody(o->work))
		PG_RETURN_DATUM(EOHPGetRWDatum(&o->hdr));
	o->flat = 0;
	v = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(1));
	(both ? party_set_work_and : party_set_work_or) (o->work, (uint8_t *) VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v));
	if ((Pointer) v != DatumGetPointer(PG_GETARG_DATUM(1)))
		pfree(v);
	PG_RETURN_DATUM(EOHPGetRWDatum(&o->hdr));
}

Datum
crmseg_party_set_or_step(PG_FUNCTION_ARGS)
{
	return joined(fcinfo, false);
}

Datum
crmseg_party_set_and_step(PG_FUNCTION_ARGS)
{
	return joined(fcinfo, true);
}
