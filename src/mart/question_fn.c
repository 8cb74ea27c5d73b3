/*
 * question_fn.c: what to ask a party for next. first_missing_key(object, keys, leave_out): which of the attributes that are asked for, in their order,
 * an object of traits lacks; the view question_to_ask reads it once a party. next_question(mart, party) reads that view; a statement that asks for
 * many parties is answered by blocks of ids, for to begin a query takes as long as to find thirty rows.
 */
#include "compat.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "error.h"
#include "mart/eligible_read.h"

PG_FUNCTION_INFO_V1(crmseg_first_missing_key);
PG_FUNCTION_INFO_V1(crmseg_next_question);

#define BLOCK_BITS 10			/* 1024 ids are answered together, */
#define BLOCK (1 << BLOCK_BITS)
#define SINGLES 3				/* after so many of them one by one */
#define MAX_BLOCKS 8192			/* kept at a time, each of at most 8 kB */

typedef struct QuestionBlock
{
	int64		number;			/* key of the hash table: the upper bits of the ids */
	int			asked;
	text	  **key;			/* of each id, NULL: there is no such party; the whole is NULL until it is read */
} QuestionBlock;

/* Lives as long as the statement's state of this function call. */
typedef struct Call
{
	MemoryContext context;
	bool		is_valid;
	Moment		moment;
	HTAB	   *blocks;
	int			n_keys;			/* the keys there are, each once */
	int			room;
	text	  **keys;
} Call;

static text nothing;			/* stands for a party of which all is known */

/* an array of texts of one dimension or none, without NULLs: its first element, and how many there are */
static const char *
text_elements(ArrayType *array, int *n)
{
	if (ARR_NDIM(array) > 1 || ARR_ELEMTYPE(array) != TEXTOID)
		ereport(ERROR, errcode(CRMSEG_BAD_VALUE), errmsg("keys are given as an array of text with one dimension"));
	if (array_contains_nulls(array))
		ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("keys must not be null"));
	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return ARR_DATA_PTR(array);
}

/* the element after this one */
static const char *
next_element(const char *element)
{
	return element + INTALIGN(VARSIZE_ANY(element));
}

/* (object jsonb, keys text[], leave_out text[]) returns integer */
Datum
crmseg_first_missing_key(PG_FUNCTION_ARGS)
{
	Jsonb	   *object = PG_ARGISNULL(0) ? NULL : PG_GETARG_JSONB_P(0);
	const char *key,
			   *left_out = NULL;
	int			keys,
				left = 0;

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (object && !JB_ROOT_IS_OBJECT(object))
		ereport(ERROR, errcode(CRMSEG_BAD_VALUE), errmsg("the keys of a JSON object are looked for"));
	key = text_elements(PG_GETARG_ARRAYTYPE_P(1), &keys);
	if (!PG_ARGISNULL(2))
		left_out = text_elements(PG_GETARG_ARRAYTYPE_P(2), &left);
	for (int i = 0; i < keys; i++, key = next_element(key))
	{
		JsonbValue	found;
		const char *other = left_out;
		bool		is_left_out = false;

		for (int j = 0; j < left && !is_left_out; j++, other = next_element(other))
			is_left_out = VARSIZE_ANY_EXHDR(key) == VARSIZE_ANY_EXHDR(other) && memcmp(VARDATA_ANY(key), VARDATA_ANY(other), VARSIZE_ANY_EXHDR(key)) == 0;
		if (!is_left_out && !(object && getKeyJsonValueFromContainer(&object->root, VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key), &found)))
			PG_RETURN_INT32(i + 1);
	}
	PG_RETURN_NULL();
}

/* begins anew: nothing is known */
static void
forget(Call *c)
{
	HASHCTL		ctl = {.keysize = sizeof(int64), .entrysize = sizeof(QuestionBlock), .hcxt = c->context};

	c->is_valid = false;
	MemoryContextReset(c->context);
	c->blocks = hash_create("next_question", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	c->keys = NULL;
	c->n_keys = c->room = 0;
}

/* the one copy of a key */
static text *
keep(Call *c, Datum d, bool null)
{
	text	   *key;

	if (null)
		return &nothing;
	key = DatumGetTextPP(d);
	for (int i = 0; i < c->n_keys; i++)
		if (VARSIZE_ANY_EXHDR(c->keys[i]) == VARSIZE_ANY_EXHDR(key) && memcmp(VARDATA_ANY(c->keys[i]), VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key)) == 0)
			return c->keys[i];
	if (c->n_keys == c->room)
	{
		int			room = Max(16, 2 * c->room);

		c->keys = c->keys ? repalloc(c->keys, room * sizeof *c->keys) : MemoryContextAlloc(c->context, room * sizeof *c->keys);
		c->room = room;
	}
	return c->keys[c->n_keys++] = (text *) memcpy(MemoryContextAlloc(c->context, VARSIZE_ANY(key)), key, VARSIZE_ANY(key));
}

/* Within SPI: the keys of n parties from an id on. */
static void
read_keys(Call *c, Plans *p, int64 from, int n, text **key)
{
	Datum	   *ids = palloc(n * sizeof *ids);
	Datum		value;
	Rows		r;

	for (int i = 0; i < n; i++)
		ids[i] = Int64GetDatum(from + i);
	value = PointerGetDatum(construct_array(ids, n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	r = eligible_run(p->plan[QUESTIONS], &value, NULL);
	for (uint64 i = 0; i < r.n; i++)
	{
		bool		null;
		Datum		d = cell(&r, i, 2, &null);

		key[number(&r, i, 1) - from] = keep(c, d, null);
	}
	SPI_freetuptable(r.table);
}

/* NULL: there is no such party */
static text *
ask(Call *c, Name mart, int64 party)
{
	int64		number_of = party >> BLOCK_BITS;
	QuestionBlock *b = hash_search(c->blocks, &number_of, HASH_FIND, NULL);
	text	   *key = NULL;
	Plans	   *p;

	if (b && b->key && b->key[party & (BLOCK - 1)])
		return b->key[party & (BLOCK - 1)];
	SPI_connect();
	p = eligible_plans(NameStr(*mart));
	if (b == NULL)
	{
		if (hash_get_num_entries(c->blocks) >= MAX_BLOCKS)
		{
			Moment		moment = c->moment;

			forget(c);
			c->moment = moment, c->is_valid = true;
		}
		b = hash_search(c->blocks, &number_of, HASH_ENTER, NULL);
		b->asked = 0, b->key = NULL;
	}
	if (b->key == NULL && b->asked++ < SINGLES)
		read_keys(c, p, party, 1, &key);
	else if (b->key == NULL)
	{
		text	  **keys = MemoryContextAllocZero(c->context, BLOCK * sizeof *keys);

		read_keys(c, p, number_of << BLOCK_BITS, BLOCK, keys);
		b->key = keys;
		key = keys[party & (BLOCK - 1)];
	}
	if (key == NULL)
	{
		/* merged away? */
		Datum		id = Int64GetDatum(party);
		Rows		r = eligible_run(p->plan[ALIAS], &id, NULL);

		if (r.n > 0)
			read_keys(c, p, number(&r, 0, 1), 1, &key);
	}
	SPI_finish();
	return key;
}

/* (mart name, party bigint) returns text */
Datum
crmseg_next_question(PG_FUNCTION_ARGS)
{
	Call	   *c = fcinfo->flinfo->fn_extra;
	Name		mart = PG_GETARG_NAME(0);
	Plans		now = {.schema = get_namespace_oid(NameStr(*mart), true)};
	Moment		moment = eligible_moment(&now);
	text	   *key,
			   *copy;

	if (c == NULL)
	{
		c = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof *c);
		c->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "next_question", ALLOCSET_DEFAULT_SIZES);
		fcinfo->flinfo->fn_extra = c;
	}
	if (!c->is_valid || !OidIsValid(now.schema) || !eligible_same_moment(&c->moment, &moment))
	{
		forget(c);
		c->moment = moment, c->is_valid = true;
	}
	key = ask(c, mart, PG_GETARG_INT64(1));
	if (key == NULL || key == &nothing)
		PG_RETURN_NULL();
	copy = palloc(VARSIZE_ANY(key));
	memcpy(copy, key, VARSIZE_ANY(key));
	PG_RETURN_TEXT_P(copy);
}
