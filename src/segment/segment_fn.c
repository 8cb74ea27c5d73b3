/*
 * segment_fn.c: the type segment: a predicate about a party, kept as the bytes of its tree. Two are equal when their canonical texts are.
 */
#include "segment_fn.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(crmseg_segment_in);
PG_FUNCTION_INFO_V1(crmseg_segment_out);
PG_FUNCTION_INFO_V1(crmseg_segment_recv);
PG_FUNCTION_INFO_V1(crmseg_segment_send);
PG_FUNCTION_INFO_V1(crmseg_segment_lt);
PG_FUNCTION_INFO_V1(crmseg_segment_le);
PG_FUNCTION_INFO_V1(crmseg_segment_eq);
PG_FUNCTION_INFO_V1(crmseg_segment_ne);
PG_FUNCTION_INFO_V1(crmseg_segment_ge);
PG_FUNCTION_INFO_V1(crmseg_segment_gt);
PG_FUNCTION_INFO_V1(crmseg_segment_cmp);
PG_FUNCTION_INFO_V1(crmseg_segment_hash);
PG_FUNCTION_INFO_V1(crmseg_segment_hash_extended);
PG_FUNCTION_INFO_V1(crmseg_segment_and);
PG_FUNCTION_INFO_V1(crmseg_segment_or);
PG_FUNCTION_INFO_V1(crmseg_segment_not);
PG_FUNCTION_INFO_V1(crmseg_segment_attributes);
PG_FUNCTION_INFO_V1(crmseg_segment_events);
PG_FUNCTION_INFO_V1(crmseg_segment_segments);

#define EXCERPT 60				/* characters shown on each side of an error */

static void *
take(void *context, size_t size)
{
	return MemoryContextAlloc((MemoryContext) context, size);
}

segment_allocator
segment_memory(MemoryContext context)
{
	segment_allocator a = {take, context};

	return a;
}

segment_node *
segment_tree(struct varlena *datum)
{
	segment_node *n = segment_decode((const uint8_t *) VARDATA_ANY(datum), VARSIZE_ANY_EXHDR(datum), segment_memory(CurrentMemoryContext));

	if (!n)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("invalid segment"), errdetail("Its stored bytes are not a predicate of version %d.", SEGMENT_VERSION)));
	return n;
}

struct varlena *
segment_datum(const segment_node *node)
{
	size_t		len;
	uint8_t    *bytes = segment_encode(node, segment_memory(CurrentMemoryContext), &len);
	struct varlena *v = palloc(VARHDRSZ + len);

	SET_VARSIZE(v, VARHDRSZ + len);
	memcpy(VARDATA(v), bytes, len);
	return v;
}

char *
segment_text_of(const segment_node *node)
{
	size_t		len;

	return segment_print(node, segment_memory(CurrentMemoryContext), &len);
}

char *
segment_path_of(const segment_node *attribute)
{
	segment_node n = *attribute;

	/* of a measure or the first or last event, its column */
	n.kind = SEGMENT_ATTRIBUTE;
	n.children = 0;
	return segment_text_of(&n);
}

/* the line of the error with a caret under the place */
char *
segment_pointed(const char *text, uint32_t position)
{
	const char *line = text,
			   *at = text + Min(position, strlen(text)),
			   *end,
			   *from;
	int			number = 1,
				column = 0,
				before = 0;
	StringInfoData s;

	for (const char *p = text; p < at; p++)
		if (*p == '\n')
			line = p + 1, number++;
	end = strchr(at, '\n');
	if (!end)
		end = at + strlen(at);
	for (const char *p = line; p < at; p += pg_mblen(p))
		column++;
	/* whole characters only */
	from = line;
	for (int skip = column - EXCERPT; skip > 0; skip--)
		from += pg_mblen(from);
	initStringInfo(&s);
	appendStringInfo(&s, "Line %d, character %d:\n%s", number, column + 1, from > line ? "..." : "");
	before = Min(column, EXCERPT) + (from > line ? 3 : 0);
	{
		const char *p = at;

		for (int n = 0; n < EXCERPT && p < end; n++)
			p += pg_mblen(p);
		appendBinaryStringInfo(&s, from, p - from);
		if (p < end)
			appendStringInfoString(&s, "...");
	}
	for (char *p = s.data + strlen("Line "); *p; p++)
		if (*p == '\t' || *p == '\r')
			*p = ' ';
	appendStringInfo(&s, "\n%*s^", before, "");
	return s.data;
}

void
segment_raise(const segment_error *error, const char *text, fmNodePtr escontext)
{
	int			code = error->status == SEGMENT_SYNTAX ? CRMSEG_SYNTAX : error->status == SEGMENT_LIMIT ? CRMSEG_LIMIT :
		error->status == SEGMENT_BAD_BYTES ? CRMSEG_BAD_BINARY : CRMSEG_BAD_VALUE;

	ereturn(escontext,, (errcode(code), errmsg("segment: %s", error->message),
						 text ? errdetail("%s", segment_pointed(text, error->position)) : 0, error->hint[0] ? errhint("%s", error->hint) : 0));
}

Datum
crmseg_segment_in(PG_FUNCTION_ARGS)
{
	const char *s = PG_GETARG_CSTRING(0);
	segment_error error;
	segment_node *n = segment_parse(s, strlen(s), segment_memory(CurrentMemoryContext), &error);

	if (!n)
	{
		segment_raise(&error, s, fcinfo->context);
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(segment_datum(n));
}

Datum
crmseg_segment_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(segment_text_of(segment_tree(PG_GETARG_VARLENA_PP(0))));
}

Datum
crmseg_segment_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			len = buf->len - buf->cursor,
				version = len > 0 ? (unsigned char) buf->data[buf->cursor] : 0;
	const char *bytes = pq_getmsgbytes(buf, len);
	segment_error error;
	segment_node *n;

	if (version != SEGMENT_VERSION)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("unsupported segment version number %d", version)));
	n = segment_decode_checked((const uint8_t *) bytes, len, segment_memory(CurrentMemoryContext), &error);
	if (!n)
		segment_raise(&error, NULL, NULL);
	PG_RETURN_POINTER(segment_datum(n));
}

Datum
crmseg_segment_send(PG_FUNCTION_ARGS)
{
	struct varlena *v = PG_GETARG_VARLENA_PP(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbytes(&buf, VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* by the bytes: an order, though not one with a meaning */
static int
compared(FunctionCallInfo fcinfo)
{
	struct varlena *a = PG_GETARG_VARLENA_PP(0),
			   *b = PG_GETARG_VARLENA_PP(1);
	size_t		an = VARSIZE_ANY_EXHDR(a),
				bn = VARSIZE_ANY_EXHDR(b);
	int			c = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(an, bn));

	c = c != 0 ? c : an < bn ? -1 : an > bn;
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return c;
}

#define COMPARISON(name, op) Datum crmseg_segment_##name(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(compared(fcinfo) op 0); }
COMPARISON(lt, <)
COMPARISON(le, <=)
COMPARISON(eq, ==)
COMPARISON(ne, !=)
COMPARISON(ge, >=)
COMPARISON(gt, >)

Datum
crmseg_segment_cmp(PG_FUNCTION_ARGS)
{
	int			c = compared(fcinfo);

	PG_RETURN_INT32(c < 0 ? -1 : c > 0);
}

Datum
crmseg_segment_hash(PG_FUNCTION_ARGS)
{
	struct varlena *v = PG_GETARG_VARLENA_PP(0);
	Datum		h = hash_any((unsigned char *) VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v));

	PG_FREE_IF_COPY(v, 0);
	return h;
}

Datum
crmseg_segment_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *v = PG_GETARG_VARLENA_PP(0);
	Datum		h = hash_any_extended((unsigned char *) VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v), PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(v, 0);
	return h;
}

static Datum
joined(segment_kind kind, struct varlena *a, struct varlena *b)
{
	segment_error error;
	segment_node *n = segment_join(kind, segment_tree(a), b ? segment_tree(b) : NULL, segment_memory(CurrentMemoryContext), &error);
	struct varlena *v;

	if (!n)
		segment_raise(&error, NULL, NULL);
	v = segment_datum(n);
	if (VARSIZE(v) > SEGMENT_TEXT_MAX)
		ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("segment: the predicate is longer than %d bytes", SEGMENT_TEXT_MAX)));
	return PointerGetDatum(v);
}

Datum
crmseg_segment_and(PG_FUNCTION_ARGS)
{
	return joined(SEGMENT_AND, PG_GETARG_VARLENA_PP(0), PG_GETARG_VARLENA_PP(1));
}

Datum
crmseg_segment_or(PG_FUNCTION_ARGS)
{
	return joined(SEGMENT_OR, PG_GETARG_VARLENA_PP(0), PG_GETARG_VARLENA_PP(1));
}

Datum
crmseg_segment_not(PG_FUNCTION_ARGS)
{
	return joined(SEGMENT_NOT, PG_GETARG_VARLENA_PP(0), NULL);
}

/* ---- the names in it ---- */

typedef struct names
{
	segment_kind kind;			/* ATTRIBUTE, DID for events, MEMBER for segments */
	List	   *list;
} names;

static void
note(names *c, const char *name)
{
	ListCell   *l;

	foreach(l, c->list)
		if (strcmp(lfirst(l), name) == 0)
			return;
	c->list = lappend(c->list, (void *) name);
}

static void
collect(const segment_node *n, names *c)
{
	switch (n->kind)
	{
		case SEGMENT_ATTRIBUTE:
			if (c->kind == SEGMENT_ATTRIBUTE)
				note(c, segment_path_of(n));
			break;
		case SEGMENT_PLACE:
			if (c->kind == SEGMENT_ATTRIBUTE)
				note(c, "lat"), note(c, "lon");
			break;
		case SEGMENT_MEMBER:
			if (c->kind == SEGMENT_MEMBER)
				note(c, n->object.data);
			break;
		case SEGMENT_DID:
		case SEGMENT_STEP:
		case SEGMENT_STOPPED:
		case SEGMENT_MEASURE:
		case SEGMENT_EDGE:
			if (c->kind == SEGMENT_DID)
				note(c, n->object.data);
			return;				/* what is below is columns of the event */
		default:
			break;
	}
	for (uint32_t i = 0; i < n->children; i++)
		collect(n->child[i], c);
}

static int
by_name(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

static Datum
names_of(struct varlena *segment, segment_kind kind)
{
	names		c = {.kind = kind};
	Datum	   *d;
	int			n = 0;
	ListCell   *l;

	collect(segment_tree(segment), &c);
	list_sort(c.list, by_name);
	d = palloc(sizeof(Datum) * (list_length(c.list) + 1));
	foreach(l, c.list)
		d[n++] = CStringGetTextDatum(lfirst(l));
	return PointerGetDatum(construct_array(d, n, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum
crmseg_segment_attributes(PG_FUNCTION_ARGS)
{
	return names_of(PG_GETARG_VARLENA_PP(0), SEGMENT_ATTRIBUTE);
}

Datum
crmseg_segment_events(PG_FUNCTION_ARGS)
{
	return names_of(PG_GETARG_VARLENA_PP(0), SEGMENT_DID);
}

Datum
crmseg_segment_segments(PG_FUNCTION_ARGS)
{
	return names_of(PG_GETARG_VARLENA_PP(0), SEGMENT_MEMBER);
}
