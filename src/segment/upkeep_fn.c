/*
 * upkeep_fn.c: of the rows that a statement changed, the parties whose segments may have changed: parties_changed, asked by the statement triggers
 * of keep_segments, whose transition tables it reads. Old and new rows are compared column by column; a change of columns that no segment
 * names is passed over, and one of columns that the index over predicates knows only counts when it moves some predicate's bit.
 */
#include "reverse_fn.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(crmseg_parties_changed);

/* a transition table */
typedef struct side
{
	Tuplestorestate *store;
	TupleTableSlot *slot;
	bool		more;
} side;

typedef struct comparing
{
	reverse_index *r;
	vocabulary *v;
	relevance  *of;
	TupleDesc	desc;
	AttrNumber	key;			/* the column of the party, from 1 */
	Oid			key_type;
	int64	   *party;
	int			parties,
				room;
	/* for each part of the index: in the row's columns of this table */
	segment_given *was,
			   *is;
	uint8	   *changed,
			   *known;
	int			most;			/* of rows at a time: interrupts */
} comparing;

static void
next_row(side *s)
{
	s->more = s->store && tuplestore_gettupleslot(s->store, true, false, s->slot);
	if (s->more)
		slot_getallattrs(s->slot);
}

/* as an expression of the trigger's query finds it; false when there is none of that name */
static bool
open_side(side *s, QueryEnvironment *environment, const char *name, Oid *relation, TupleDesc *desc)
{
	EphemeralNamedRelation enr = environment ? get_ENR(environment, name) : NULL;

	if (!enr || enr->md.enrtype != ENR_NAMED_TUPLESTORE)
		return false;
	*relation = enr->md.reliddesc;
	*desc = ENRMetadataGetTupDesc(&enr->md);
	s->store = enr->reldata;
	/* a place of its own in it, which goes with it */
	tuplestore_select_read_pointer(s->store, tuplestore_alloc_read_pointer(s->store, EXEC_FLAG_REWIND));
	tuplestore_rescan(s->store);
	s->slot = MakeSingleTupleTableSlot(CreateTupleDescCopy(*desc), &TTSOpsMinimalTuple);
	return true;
}

static bool
party_of(const comparing *c, const side *s, int64 *party)
{
	Datum		x = s->slot->tts_values[c->key - 1];
	Oid			output;
	bool		varlena;

	if (s->slot->tts_isnull[c->key - 1])
		return false;
	switch (c->key_type)
	{
		case INT8OID:
			*party = DatumGetInt64(x);
			return true;
		case INT4OID:
			*party = DatumGetInt32(x);
			return true;
		case INT2OID:
			*party = DatumGetInt16(x);
			return true;
		case NUMERICOID:
			*party = DatumGetInt64(DirectFunctionCall1(numeric_int8, x));
			return true;
		default:
			getTypeOutputInfo(c->key_type, &output, &varlena);
			*party = DatumGetInt64(DirectFunctionCall1(int8in, CStringGetDatum(OidOutputFunctionCall(output, x))));
			return true;
	}
}

static void
add_party(comparing *c, const side *s)
{
	int64		party;

	if (!party_of(c, s, &party) || (c->parties > 0 && c->party[c->parties - 1] == party))
		return;
	if (c->parties == c->room)
	{
		c->room = c->room ? c->room * 2 : 16;
		c->party = c->party ? repalloc_huge(c->party, c->room * sizeof(int64)) : MemoryContextAllocHuge(CurrentMemoryContext, c->room * sizeof(int64));
	}
	c->party[c->parties++] = party;
}

static bool
same_column(const comparing *c, const side *a, const side *b, int column)
{
	Form_pg_attribute att = TupleDescAttr(c->desc, column);

	if (att->attisdropped)
		return true;
	if (a->slot->tts_isnull[column] || b->slot->tts_isnull[column])
		return a->slot->tts_isnull[column] && b->slot->tts_isnull[column];
	return datumIsEqual(a->slot->tts_values[column], b->slot->tts_values[column], att->attbyval, att->attlen);
}

/* whether a change from one row to the other may matter; NULL: from or to no row, where the columns were or will be unknown */
static bool
matters(comparing *c, const side *was, const side *is)
{
	reverse_index *r = c->r;
	const side *any = was ? was : is;
	MemoryContext old;
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	bool		some = false,
				known = false,
				may;

	for (int k = 0; was && is && k < c->desc->natts; k++)
		if ((c->of->all || bms_is_member(k + 1, c->of->touch)) && !same_column(c, was, is, k))
			return true;
	/* a row that comes or goes, but for its key, of which the columns would else be NULL */
	for (int k = 0; !(was && is) && k < c->desc->natts; k++)
		if (k + 1 != c->key && (c->of->all || bms_is_member(k + 1, c->of->touch)) && !any->slot->tts_isnull[k])
			return true;
	if (!c->of->in_row || r->parts == 0)
		return false;
	/* columns that the index knows */
	old = MemoryContextSwitchTo(r->per_row);
	memset(c->changed, 0, r->parts);
	memset(c->known, 0, r->parts);
	for (int i = 0; i < r->parts; i++)
	{
		int			k = c->of->from[r->part[i].column] - 1;

		if (k < 0)
			continue;
		if (was && is && same_column(c, was, is, k))
		{
			c->known[i] = known = true;
			continue;
		}
		reverse_read_part(r, i, was ? was->slot->tts_values[k] : (Datum) 0, was ? was->slot->tts_isnull[k] : true, &c->was[i], c->v, now);
		reverse_read_part(r, i, is ? is->slot->tts_values[k] : (Datum) 0, is ? is->slot->tts_isnull[k] : true, &c->is[i], c->v, now);
		c->changed[i] = some = true;
	}
	may = some && segment_index_differ(r->ix, c->was, c->is, c->changed);
	if (may && known)
	{
		for (int i = 0; i < r->parts; i++)
			if (c->known[i])
			{
				int			k = c->of->from[r->part[i].column] - 1;

				reverse_read_part(r, i, any->slot->tts_values[k], any->slot->tts_isnull[k], &c->is[i], c->v, now);
			}
		may = segment_index_differ_still(r->ix, c->is, c->known);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(r->per_row);
	return may;
}

static int
compare_int64(const void *a, const void *b)
{
	int64		x = *(const int64 *) a,
				y = *(const int64 *) b;

	return (x > y) - (x < y);
}

/* parties_changed(mart name, party_column name) -> setof bigint[]: one list, ascending, or none */
Datum
crmseg_parties_changed(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	comparing	c = {0};
	side		was = {0},
				is = {0};
	Oid			relation = InvalidOid,
				row;
	bool		has_old,
				has_new;
	const char *key = NameStr(*PG_GETARG_NAME(1));
	QueryEnvironment *environment;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	environment = rsinfo->econtext && rsinfo->econtext->ecxt_estate ? rsinfo->econtext->ecxt_estate->es_queryEnv : NULL;
	has_old = open_side(&was, environment, "old_row", &relation, &c.desc);
	has_new = open_side(&is, environment, "new_row", &relation, &c.desc);
	if (!has_old && !has_new)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("parties_changed is asked in a trigger with transition tables old_row, new_row")));
	for (int i = 0; i < c.desc->natts; i++)
		if (!TupleDescAttr(c.desc, i)->attisdropped && strcmp(NameStr(TupleDescAttr(c.desc, i)->attname), key) == 0)
			c.key = i + 1;
	if (!c.key)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("column \"%s\" of the changed rows does not exist", key)));
	c.key_type = getBaseType(TupleDescAttr(c.desc, c.key - 1)->atttypid);
	c.v = vocabulary_of_mart(NameStr(*PG_GETARG_NAME(0)));
	row = get_relname_relid("party_segments", c.v->schema);
	/* also when nothing matters: a refresh that finds the members of a new definition waits for this transaction, which may not know it yet, or is waited for */
	if (OidIsValid(row))
		LockRelationOid(row, RowExclusiveLock);
	c.v = vocabulary_of_mart(NameStr(*PG_GETARG_NAME(0)));
	row = get_relname_relid("party_row", c.v->schema);
	if (!OidIsValid(row))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("datamart \"%s\" has no view party_row", c.v->name)));
	c.r = reverse_index_for(c.v, get_rel_type_id(row), -1);
	c.of = reverse_relevance(c.r, relation, c.desc);
	if (c.of->rows)
	{
		int			n = Max(1, c.r->parts);
		bool		beside = c.of->in_row;	/* a row of its own beside the party's, unknown until it comes */

		for (int i = 0; i < c.r->desc->natts; i++)
			if (c.of->from[i] == c.key && strcmp(NameStr(TupleDescAttr(c.r->desc, i)->attname), "party_id") == 0)
				beside = false;
		c.was = palloc(sizeof(segment_given) * n);
		c.is = palloc(sizeof(segment_given) * n);
		c.changed = palloc(n);
		c.known = palloc(n);
		next_row(&was);
		next_row(&is);
		while (was.more || is.more)
		{
			int64		a,
						b;

			CHECK_FOR_INTERRUPTS();
			if (was.more && is.more && party_of(&c, &was, &a) && party_of(&c, &is, &b) && a == b)
			{
				if (matters(&c, &was, &is))
					add_party(&c, &is);
			}
			else if (has_old && has_new)
			{
				/* moved from one party to another; or they are not in step */
				if (was.more)
					add_party(&c, &was);
				if (is.more)
					add_party(&c, &is);
			}
			else if (!beside || matters(&c, was.more ? &was : NULL, is.more ? &is : NULL))
				add_party(&c, was.more ? &was : &is);
			if (was.more)
				next_row(&was);
			if (is.more)
				next_row(&is);
		}
	}
	if (c.parties > 0)
	{
		int			n = 0;
		Datum	   *d;
		Datum		value;
		bool		isnull = false;

		qsort(c.party, c.parties, sizeof(int64), compare_int64);
		for (int i = 0; i < c.parties; i++)
			if (i == 0 || c.party[i] != c.party[n - 1])
				c.party[n++] = c.party[i];
		d = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Datum) * n);
		for (int i = 0; i < n; i++)
			d[i] = Int64GetDatum(c.party[i]);
		value = PointerGetDatum(construct_array(d, n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &value, &isnull);
	}
	if (was.slot)
		ExecDropSingleTupleTableSlot(was.slot);
	if (is.slot)
		ExecDropSingleTupleTableSlot(is.slot);
	PG_RETURN_NULL();
}
