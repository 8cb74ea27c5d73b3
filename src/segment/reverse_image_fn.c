/*
 * reverse_image_fn.c: the index over the segments of a mart as one row of its table segment_image, so that a session's first use need not read and
 * place every predicate. It is stored by the first session that had to place many and may write the table, and is only a beginning: reverse_index_fn.c
 * compares each definition with the table afterwards. An image is taken for rows of the same shape and the same meaning of names alone; what it
 * says is checked before it is used, so that a table which somebody else may write costs answers at worst.
 */
#include "reverse_fn.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "port/pg_crc32c.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#define FORMAT 4				/* a change of this file, of match_image.c or of what leaves become */
#define IMAGE_MAX (512 * 1024 * 1024)

typedef struct image_header
{
	uint32		crc;			/* of all that follows it */
	uint32		format;
	int32		definitions;
	int32		free_definition;
	int32		ids;
	int32		parts;
	uint32		parts_len;
	uint64		labels_len;
	uint64		index_len;
} image_header;

/* The columns of the row: names, types, collations. */
static uint64
shape_of(TupleDesc desc)
{
	uint64		h = FORMAT;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute a = TupleDescAttr(desc, i);

		h = hash_combine64(h, a->attisdropped);
		h = hash_bytes_extended((const unsigned char *) NameStr(a->attname), strlen(NameStr(a->attname)), h);
		h = hash_combine64(h, (uint64) a->atttypid << 32 | a->attcollation);
	}
	return h;
}

/* the table, when the caller has the right */
static Oid
image_table(vocabulary *v, AclMode mode)
{
	Oid			table = get_relname_relid("segment_image", v->schema);

	return OidIsValid(table) && pg_class_aclcheck(table, GetUserId(), mode) == ACLCHECK_OK ? table : InvalidOid;
}

/* ---- parts as bytes ---- */

typedef struct cursor
{
	const char *at,
			   *end;
	bool		wrong;
} cursor;

static void
take_bytes(cursor *c, void *to, Size n)
{
	if (c->wrong || (Size) (c->end - c->at) < n)
	{
		c->wrong = true;
		memset(to, 0, n);
		return;
	}
	memcpy(to, c->at, n);
	c->at += n;
}

static void
put_text(StringInfo s, const char *text)
{
	appendBinaryStringInfo(s, text, strlen(text) + 1);
}

static char *
take_text(cursor *c)
{
	const char *zero = c->wrong ? NULL : memchr(c->at, 0, c->end - c->at);
	char	   *text;

	if (!zero)
	{
		c->wrong = true;
		return pstrdup("");
	}
	text = pstrdup(c->at);
	c->at = zero + 1;
	return text;
}

typedef struct part_image
{
	int32		kind,
				document,
				column,
				flat,
				keys,
				class,
				windows;
	Oid			type;
} part_image;

static void
put_part(StringInfo s, const part *p)
{
	part_image	i = {p->kind, p->document, p->column, p->flat, p->keys, p->class, p->windows, p->type};

	appendBinaryStringInfo(s, (char *) &i, sizeof(i));
	for (int k = 0; k < p->keys; k++)
		put_text(s, p->key[k]);
	put_text(s, p->joined);
	put_text(s, p->seed ? p->seed : "");
	for (int k = 0; k < p->windows; k++)
	{
		int32		w[4] = {p->window[k].kind, p->window[k].window.kind, p->window[k].window.unit, p->window[k].window.amount};

		appendBinaryStringInfo(s, (char *) w, sizeof(w));
	}
}

/* what the index does not hold, after the parts */
static void
put_watches(StringInfo s, const reverse_index *r)
{
	int32		head[3] = {r->watches, bms_num_members(r->watched_columns), r->watch_all};
	int			c = -1;

	appendBinaryStringInfo(s, (char *) head, sizeof(head));
	for (int i = 0; i < r->watches; i++)
	{
		appendBinaryStringInfo(s, (char *) &r->watch[i].relation, sizeof(Oid));
		appendStringInfoChar(s, r->watch[i].text != NULL);
		put_text(s, r->watch[i].text ? r->watch[i].text : "");
	}
	while ((c = bms_next_member(r->watched_columns, c)) >= 0)
		appendBinaryStringInfo(s, (char *) &c, sizeof(c));
}

static bool
take_watches(cursor *c, reverse_index *r)
{
	int32		head[3];

	r->watches = 0;
	r->watched_columns = NULL;
	take_bytes(c, head, sizeof(head));
	if (c->wrong || head[0] < 0 || head[1] < 0 || (Size) head[0] + head[1] > (Size) (c->end - c->at))
		return false;
	r->watch_all = head[2] != 0;
	for (int i = 0; i < head[0] && !c->wrong; i++)
	{
		Oid			relation;
		char		has = 0,
				   *text;

		take_bytes(c, &relation, sizeof(Oid));
		take_bytes(c, &has, 1);
		text = take_text(c);
		if (!c->wrong)
			reverse_watch(r, relation, has ? text : NULL);
	}
	for (int i = 0; i < head[1] && !c->wrong; i++)
	{
		int			column;

		take_bytes(c, &column, sizeof(column));
		if (column < 0 || column >= r->desc->natts)
			return false;
		reverse_watch_column(r, column);
	}
	return !c->wrong;
}

/* a part that reads a column as what it is not would follow a number as if it were an address */
static bool
part_fits(const part *p, Oid type)
{
	segment_class class = segment_class_of(type);

	if (p->document != NO_DOCUMENT)
	{
		static const part_kind of[] = {PART_PRESENT, PART_TEXT, PART_NUMBER, PART_BOOL, PART_TIME, PART_SET};

		return type == JSONBOID && p->document <= DOCUMENT_SET &&
			(p->kind == of[p->document] || (p->document == DOCUMENT_TEXT && (p->kind == PART_PRESENT || p->kind == PART_LIKE || p->kind == PART_ILIKE || p->kind == PART_ORDER)) ||
			 (p->kind == PART_WINDOWS && p->document == DOCUMENT_DATE && p->class == CLASS_DATE));
	}
	switch (p->kind)
	{
		case PART_PRESENT:
			return true;
		case PART_NUMBER:
			return class == CLASS_NUMBER;
		case PART_TEXT:
		case PART_LIKE:
		case PART_ILIKE:
		case PART_ORDER:
			return reverse_is_text(type);
		case PART_BOOL:
			return type == BOOLOID;
		case PART_TIME:
		case PART_WINDOWS:
			return (type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID) && p->class == class;
		case PART_SET:
			return get_element_type(type) == TEXTOID || get_element_type(type) == VARCHAROID;
		case PART_BUCKET:
			return p->seed != NULL;
	}
	return false;
}

static bool
take_part(cursor *c, const reverse_index *r, part *p)
{
	part_image	i;
	Form_pg_attribute a;

	memset(p, 0, sizeof(*p));
	take_bytes(c, &i, sizeof(i));
	if (c->wrong || i.kind < 0 || i.kind > PART_ORDER || i.document < 0 || i.document > DOCUMENT_SET || i.column < 0 || i.column >= r->desc->natts || i.keys < 0 || i.keys > 1000 ||
		i.windows < 0 || (Size) i.windows > (Size) (c->end - c->at) / 16)
		return false;
	a = TupleDescAttr(r->desc, i.column);
	p->kind = i.kind;
	p->document = i.document;
	p->column = i.column;
	p->flat = i.flat != 0;
	p->keys = i.keys;
	p->class = i.class;
	p->type = i.type;
	p->windows = p->window_room = i.windows;
	p->at = DT_NOBEGIN;
	p->key = palloc(sizeof(char *) * Max(1, i.keys));
	for (int k = 0; k < i.keys; k++)
		p->key[k] = take_text(c);
	p->joined = take_text(c);
	p->seed = take_text(c);
	p->window = palloc0(sizeof(window_test) * Max(1, i.windows));
	for (int k = 0; k < i.windows; k++)
	{
		int32		w[4];

		take_bytes(c, w, sizeof(w));
		if (w[0] != SEGMENT_WITHIN && w[0] != SEGMENT_ANNIVERSARY)
			return false;
		if (w[1] <= SEGMENT_ALWAYS || w[1] > SEGMENT_NEXT_CALENDAR || w[2] < 0 || w[2] > SEGMENT_YEAR || w[3] < 0 || w[3] > 1000000)
			return false;
		p->window[k].kind = w[0];
		p->window[k].window = (segment_window) {.kind = w[1], .unit = w[2], .amount = w[3]};
	}
	return !c->wrong && !a->attisdropped && part_fits(p, getBaseType(a->atttypid));
}

/* ---- whole images ---- */

/*
 * In the value: four bytes that bring what follows to a multiple of 8, then the header, the definitions, the labels, their order, the parts and the index, each at
 * a multiple of 8, so that all but the parts are used where they are.
 */
#define HEADER_AT		4
#define DEFINITIONS_AT	(HEADER_AT + MAXALIGN(sizeof(image_header)))
#define LABELS_AT(h)	(DEFINITIONS_AT + (Size) (h)->definitions * sizeof(definition))
#define IDS_AT(h)		(LABELS_AT(h) + MAXALIGN((h)->labels_len))
#define PARTS_AT(h)		(IDS_AT(h) + MAXALIGN((Size) (h)->ids * sizeof(int)))
#define INDEX_AT(h)		(PARTS_AT(h) + MAXALIGN((h)->parts_len))

static uint32
crc_of(const char *image, Size len)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, image + HEADER_AT + sizeof(uint32), len - HEADER_AT - sizeof(uint32));
	FIN_CRC32C(crc);
	return crc;
}

/* names one after the other as texts with their lengths, each at a multiple of 4 */
static bool
take_labels(reverse_index *r, char *labels, Size len)
{
	Size		at = 0;

	for (int i = 0; i < r->definitions; i++)
	{
		char	   *label = labels + at;

		r->label[i] = (Datum) 0;
		if (!r->definition[i].present)
			continue;
		if (len - at < VARHDRSZ || !VARATT_IS_4B_U(label) || VARSIZE(label) < VARHDRSZ || VARSIZE(label) > len - at)
			return false;
		r->label[i] = PointerGetDatum(label);
		at += INTALIGN(VARSIZE(label));
		if (at > len)
			return false;
	}
	return at == len;
}

static bool
take_definitions(reverse_index *r, char *from, int *by_id, const image_header *h)
{
	uint8	   *free = palloc0(Max(1, h->definitions));
	int			last = h->free_definition;

	r->definitions = h->definitions;
	r->definition_room = h->definitions;
	r->free_definition = h->free_definition;
	r->definition = (definition *) from;
	r->by_id = by_id;
	r->label = MemoryContextAllocHuge(r->context, Max(1, h->definitions) * sizeof(Datum));
	for (int i = 0; i < h->definitions; i++)
	{
		definition *d = &r->definition[i];
		const uint8 *flag = (const uint8 *) &d->present;

		for (int k = 0; k < 5; k++)
			if (flag[k] > 1)
				return false;
		if (d->held && !d->present)
			return false;
		free[i] = !d->present;
	}
	r->ids = h->ids;
	for (int i = 0; i < r->ids; i++)
		if (r->by_id[i] < 0 || r->by_id[i] >= r->definitions || !r->definition[r->by_id[i]].present || (i > 0 && r->definition[r->by_id[i]].id <= r->definition[r->by_id[i - 1]].id))
			return false;
	while (last >= 0)
	{
		if (last >= h->definitions || !free[last])
			return false;
		free[last] = 0;
		last = (int) r->definition[last].id;
	}
	return last == -1;
}

/* from the image that r holds */
static bool
take_image(reverse_index *r)
{
	char	   *image = VARDATA(r->image);
	Size		len = VARSIZE(r->image) - VARHDRSZ;
	image_header h;
	cursor		c;

	if (len < DEFINITIONS_AT)
		return false;
	memcpy(&h, image + HEADER_AT, sizeof(h));
	if (h.format != FORMAT || h.definitions <= 0 || h.ids < 0 || h.ids > h.definitions || h.parts < 0 || h.parts >= SEGMENT_INDEX_ATTRIBUTES || h.labels_len > len || h.parts_len > len || h.index_len > len ||
		LABELS_AT(&h) > len || IDS_AT(&h) > len || PARTS_AT(&h) > len || INDEX_AT(&h) > len || INDEX_AT(&h) + h.index_len != len || crc_of(image, len) != h.crc)
		return false;
	if (!take_definitions(r, image + DEFINITIONS_AT, (int *) (image + IDS_AT(&h)), &h) || !take_labels(r, image + LABELS_AT(&h), h.labels_len))
		return false;
	c = (cursor) {image + PARTS_AT(&h), image + PARTS_AT(&h) + h.parts_len};
	r->part = palloc(sizeof(part) * Max(1, h.parts));
	r->part_room = Max(1, h.parts);
	for (r->parts = 0; r->parts < h.parts; r->parts++)
		if (!take_part(&c, r, &r->part[r->parts]))
			return false;
	if (!take_watches(&c, r) || c.at != c.end)
		return false;
	r->ix = segment_index_load(reverse_realloc, r->context, &reverse_exact, image + INDEX_AT(&h), h.index_len, (uint32) h.definitions);
	if (!r->ix || segment_index_attributes(r->ix) != r->parts)
		return false;
	for (int i = 0; i < r->parts; i++)
		if (segment_index_attribute_form(r->ix, i) != reverse_form(r->part[i].kind))
			return false;
	for (int i = 0; i < r->definitions; i++)
		if (r->definition[i].held != segment_index_has(r->ix, (uint32) i))
			return false;
	return true;
}

bool
reverse_load(reverse_index *r, vocabulary *v)
{
	Oid			types[2] = {INT8OID, INT8OID};
	Datum		values[2] = {Int64GetDatum((int64) shape_of(r->desc)), Int64GetDatum((int64) r->digest)};
	bool		pushed = false,
				loaded = false;

	if (!OidIsValid(image_table(v, ACL_SELECT)))
		return false;
	if (!ActiveSnapshotSet())
		PushActiveSnapshot(GetTransactionSnapshot()), pushed = true;
	SPI_connect();
	if (SPI_execute_with_args(psprintf("SELECT i.image FROM %s.segment_image i WHERE i.shape OPERATOR(pg_catalog.=) $1 AND i.meaning OPERATOR(pg_catalog.=) $2"
									   " ORDER BY i.written_at DESC LIMIT 1", quote_identifier(v->name)), 2, types, values, NULL, true, 1) == SPI_OK_SELECT && SPI_processed == 1)
	{
		bool		isnull;
		Datum		stored = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
		MemoryContext old = MemoryContextSwitchTo(r->context);

		r->image = PG_DETOAST_DATUM_COPY(stored);
		loaded = take_image(r);
		MemoryContextSwitchTo(old);
		if (!loaded)
		{
			/* as if there were none */
			ereport(DEBUG1, (errmsg("the image of the segments of datamart \"%s\" is not used: it is damaged or of another version", v->name)));
			r->ix = NULL;
			r->part = NULL;
			r->definition = NULL;
			r->label = NULL;
			r->by_id = NULL;
			pfree(r->image);
			r->image = NULL;
			r->watches = r->watch_room = 0;
			r->watch = NULL;
			r->watched_columns = NULL;
			r->watch_all = false;
			r->parts = r->part_room = r->definitions = r->definition_room = r->ids = 0;
			r->free_definition = -1;
		}
	}
	SPI_finish();
	if (pushed)
		PopActiveSnapshot();
	return loaded;
}

static struct varlena *
image_of(reverse_index *r)
{
	image_header h = {.format = FORMAT, .definitions = r->definitions, .free_definition = r->free_definition, .ids = r->ids, .parts = r->parts, .index_len = segment_index_image_size(r->ix)};
	StringInfoData parts;
	struct varlena *all;
	char	   *image,
			   *at;
	Size		len;

	initStringInfo(&parts);
	for (int i = 0; i < r->parts; i++)
		put_part(&parts, &r->part[i]);
	put_watches(&parts, r);
	h.parts_len = parts.len;
	for (int i = 0; i < r->definitions; i++)
		if (r->definition[i].present)
			h.labels_len += INTALIGN(VARSIZE(DatumGetPointer(r->label[i])));
	len = INDEX_AT(&h) + h.index_len;
	if (len > IMAGE_MAX)
		return NULL;
	all = MemoryContextAllocHuge(r->context, len + VARHDRSZ);
	SET_VARSIZE(all, len + VARHDRSZ);
	image = VARDATA(all);
	memset(image, 0, DEFINITIONS_AT);
	memcpy(image + DEFINITIONS_AT, r->definition, r->definitions * sizeof(definition));
	at = image + LABELS_AT(&h);
	memset(at, 0, INDEX_AT(&h) - LABELS_AT(&h));
	for (int i = 0; i < r->definitions; i++)
		if (r->definition[i].present)
		{
			char	   *label = DatumGetPointer(r->label[i]);

			memcpy(at, label, VARSIZE(label));
			at += INTALIGN(VARSIZE(label));
		}
	memcpy(image + IDS_AT(&h), r->by_id, r->ids * sizeof(int));
	memcpy(image + PARTS_AT(&h), parts.data, parts.len);
	segment_index_image_write(r->ix, image + INDEX_AT(&h));
	memcpy(image + HEADER_AT, &h, sizeof(h));
	h.crc = crc_of(image, len);
	memcpy(image + HEADER_AT, &h, sizeof(h));
	pfree(parts.data);
	return all;
}

/* what others write would be believed by every session: the owner's triggers and refreshes write it, and who has his rights */
static bool
owns(Oid table)
{
	HeapTuple	t = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	bool		yes = HeapTupleIsValid(t) && has_privs_of_role(GetUserId(), ((Form_pg_class) GETSTRUCT(t))->relowner);

	if (HeapTupleIsValid(t))
		ReleaseSysCache(t);
	return yes;
}

/* whether writing is possible here and waits for nobody */
static bool
may_store(reverse_index *r, vocabulary *v)
{
	Oid			table;

	if (r->type == RECORDOID || XactReadOnly || IsInParallelMode() || RecoveryInProgress() || IsolationUsesXactSnapshot())
		return false;
	table = image_table(v, ACL_SELECT);
	if (!OidIsValid(table) || !owns(table))
		return false;
	/* one writer at a time, until he commits; the others do without */
	return ConditionalLockRelationOid(table, ShareUpdateExclusiveLock);
}

#define SHAPES_MAX 16

void
reverse_store(reverse_index *r, vocabulary *v)
{
	struct varlena *old_image = r->image,
			   *image = image_of(r);
	definition *old_definition = r->definition;
	int		   *old_by_id = r->by_id;
	image_header *h;
	segment_index *old_index = r->ix;
	char	   *index;

	if (!image)
		return;
	if (may_store(r, v))
	{
		Oid			types[3] = {INT8OID, INT8OID, BYTEAOID};
		Datum		values[3] = {Int64GetDatum((int64) shape_of(r->desc)), Int64GetDatum((int64) r->digest), PointerGetDatum(image)};
		const char *schema = quote_identifier(v->name);

		PushActiveSnapshot(GetTransactionSnapshot());
		SPI_connect();
		if (SPI_execute_with_args(psprintf("DELETE FROM %s.segment_image i WHERE i.shape OPERATOR(pg_catalog.=) $1 OR i.meaning OPERATOR(pg_catalog.<>) $2"
										   " OR i.written_at OPERATOR(pg_catalog.<) (SELECT x.written_at FROM %s.segment_image x ORDER BY 1 DESC OFFSET %d LIMIT 1)", schema, schema, SHAPES_MAX - 2),
								  2, types, values, NULL, false, 0) != SPI_OK_DELETE ||
			SPI_execute_with_args(psprintf("INSERT INTO %s.segment_image (shape, meaning, image) VALUES ($1, $2, $3)", schema), 3, types, values, NULL, false, 0) != SPI_OK_INSERT)
			elog(ERROR, "could not store the image of the segments");
		SPI_finish();
		PopActiveSnapshot();
	}
	/* all in one piece takes less memory than thousands */
	index = VARDATA(image) + VARSIZE(image) - VARHDRSZ - segment_index_image_size(r->ix);
	r->ix = segment_index_load(reverse_realloc, r->context, &reverse_exact, index, segment_index_image_size(old_index), (uint32) r->definitions);
	if (!r->ix)
		elog(ERROR, "the image of an index is not one");
	segment_index_free(old_index);
	r->definition = (definition *) (VARDATA(image) + DEFINITIONS_AT);
	r->definition_room = r->definitions;
	for (int i = 0; i < r->definitions; i++)
	{
		char	   *label = DatumGetPointer(r->label[i]);

		if (label && !reverse_in_image(r, label))
			pfree(label);
	}
	if (old_definition && !reverse_in_image(r, old_definition))
		pfree(old_definition);
	if (old_by_id && !reverse_in_image(r, old_by_id))
		pfree(old_by_id);
	r->image = image;
	h = (image_header *) (VARDATA(image) + HEADER_AT);
	r->by_id = (int *) (VARDATA(image) + IDS_AT(h));
	if (!take_labels(r, VARDATA(image) + LABELS_AT(h), h->labels_len))
		elog(ERROR, "the image of an index is not one");
	if (old_image)
		pfree(old_image);
}
