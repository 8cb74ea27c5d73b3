/*
 * segment_set_fn.c: segment_set_changed(), the trigger by which the sets of segments follow segment_member (mart step 22): whose stays a
 * statement wrote, as one row a segment in segment_set_delta. It is C from end to end, for it is fired by each entry and exit. The writer of
 * memberships, which writes stays past the executor and its triggers, calls segment_set_note() itself.
 * And common_parties_of_all(), what segment_overlap() makes of many sets.
 */
#include "compat.h"

#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "activity/party_set_fn.h"
#include "error.h"
#include "mart/kept_plan.h"
#include "segment_set_fn.h"

PG_FUNCTION_INFO_V1(crmseg_segment_set_changed);
PG_FUNCTION_INFO_V1(crmseg_party_set_common_of_all);

typedef struct stay
{
	int64		segment,
				party;
} stay;

typedef struct stays
{
	stay	   *s;
	int64		n,
				room;
} stays;

static void
gather(stays *found, Tuplestorestate *rows, TupleDesc desc, int segment, int party)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);

	tuplestore_rescan(rows);
	while (tuplestore_gettupleslot(rows, true, false, slot))
	{
		bool		none[2];
		stay		s = {DatumGetInt64(slot_getattr(slot, segment, &none[0])), DatumGetInt64(slot_getattr(slot, party, &none[1]))};

		CHECK_FOR_INTERRUPTS();
		if (none[0] || none[1])
			continue;
		if (found->n == found->room)
		{
			found->room = found->room * 2 + 64;
			found->s = found->s ? repalloc_huge(found->s, found->room * sizeof(stay)) : palloc(found->room * sizeof(stay));
		}
		found->s[found->n++] = s;
	}
	ExecDropSingleTupleTableSlot(slot);
}

static int
by_segment(const void *a, const void *b)
{
	const stay *x = a,
			   *y = b;

	if (x->segment != y->segment)
		return x->segment < y->segment ? -1 : 1;
	return x->party < y->party ? -1 : x->party > y->party;
}

static bytea *
bytes_of(const stay *s, int64 n)
{
	party_set  *set = party_set_in_context(CurrentMemoryContext);
	bytea	   *b;
	size_t		len;

	for (int64 i = 0; i < n; i++)
		party_set_add(set, s[i].party);
	len = party_set_bytes(set);
	b = palloc(VARHDRSZ + len);
	SET_VARSIZE(b, VARHDRSZ + len);
	party_set_write(set, (uint8_t *) VARDATA(b));
	return b;
}

static void
write_stays(const char *mart, stays *found)
{
	Oid			types[2] = {INT8ARRAYOID, BYTEAARRAYOID};
	int64		at = 0;
	const char *sql = psprintf("INSERT INTO %s.segment_set_delta (segment_id, parties) SELECT u.segment_id, u.parties FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS u (segment_id, parties)", mart);

	if (found->n == 0)
		return;
	qsort(found->s, found->n, sizeof(stay), by_segment);
	while (at < found->n)
	{
		/* so many at once as have one plan that is kept */
		Datum		segment[16],
					parties[16],
					args[2];
		int			n = 0;
		MemoryContext part = AllocSetContextCreate(CurrentMemoryContext, "crmseg segment sets", ALLOCSET_DEFAULT_SIZES),
					old = MemoryContextSwitchTo(part);

		while (at < found->n && n < 16)
		{
			int64		from = at;

			while (at < found->n && found->s[at].segment == found->s[from].segment)
				at++;
			segment[n] = Int64GetDatum(found->s[from].segment);
			parties[n++] = PointerGetDatum(bytes_of(found->s + from, at - from));
		}
		args[0] = PointerGetDatum(construct_array(segment, n, INT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
		args[1] = PointerGetDatum(construct_array(parties, n, BYTEAOID, -1, false, TYPALIGN_INT));
		MemoryContextSwitchTo(old);
		run_kept(sql, 2, types, args, NULL);
		MemoryContextDelete(part);
	}
}

/* the sets are the owner's: whoever may write the stays need not have rights on them */
static void
become_owner(Relation relation, Oid *user, int *security)
{
	GetUserIdAndSecContext(user, security);
	SetUserIdAndSecContext(relation->rd_rel->relowner, *security | SECURITY_LOCAL_USERID_CHANGE);
}

static const char *
mart_of(Relation relation)
{
	return quote_identifier(get_namespace_name(RelationGetNamespace(relation)));
}

bool
segment_set_is_trigger(const Trigger *t)
{
	FmgrInfo	f;

	if (!TRIGGER_FOR_AFTER(t->tgtype) || TRIGGER_FOR_ROW(t->tgtype))
		return false;
	fmgr_info(t->tgfoid, &f);
	return f.fn_addr == crmseg_segment_set_changed;
}

void
segment_set_note(Relation relation, const int64 *segment, const int64 *party, int n)
{
	stays		found = {.s = palloc_extended(Max(1, n) * sizeof(stay), MCXT_ALLOC_HUGE), .n = n, .room = n};
	Oid			user;
	int			security;

	for (int i = 0; i < n; i++)
		found.s[i] = (stay) {segment[i], party[i]};
	become_owner(relation, &user, &security);
	write_stays(mart_of(relation), &found);
	SetUserIdAndSecContext(user, security);
	pfree(found.s);
}

Datum
crmseg_segment_set_changed(PG_FUNCTION_ARGS)
{
	TriggerData *t = (TriggerData *) fcinfo->context;
	Oid			user;
	int			security;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(t->tg_event) || TRIGGER_FIRED_FOR_ROW(t->tg_event))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED), errmsg("segment_set_changed is the trigger of segment_member, after each statement")));
	become_owner(t->tg_relation, &user, &security);
	SPI_connect();
	if (TRIGGER_FIRED_BY_TRUNCATE(t->tg_event))
		run_kept(psprintf("DELETE FROM %s.segment_set", mart_of(t->tg_relation)), 0, NULL, NULL, NULL);
	else
	{
		stays		found = {0};
		TupleDesc	desc = RelationGetDescr(t->tg_relation);
		int			segment = SPI_fnumber(desc, "segment_id"),
					party = SPI_fnumber(desc, "party_id");

		if (segment <= 0 || party <= 0 || TupleDescAttr(desc, segment - 1)->atttypid != INT8OID || TupleDescAttr(desc, party - 1)->atttypid != INT8OID)
			ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED), errmsg("segment_set_changed is the trigger of segment_member")));
		if (t->tg_oldtable)
			gather(&found, t->tg_oldtable, desc, segment, party);
		if (t->tg_newtable)
			gather(&found, t->tg_newtable, desc, segment, party);
		write_stays(mart_of(t->tg_relation), &found);
	}
	SPI_finish();
	SetUserIdAndSecContext(user, security);
	PG_RETURN_POINTER(NULL);
}

/* common_parties_of_all(numbers integer[], sets party_set[]) -> (i, j, members), i <= j in the order of the arrays */
Datum
crmseg_party_set_common_of_all(PG_FUNCTION_ARGS)
{
	ArrayType  *numbers = PG_GETARG_ARRAYTYPE_P(0),
			   *sets = PG_GETARG_ARRAYTYPE_P(1);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum	   *number,
			   *set;
	bool	   *no_number,
			   *nobody;
	int			n,
				m;

	InitMaterializedSRF(fcinfo, 0);
	deconstruct_array(numbers, INT4OID, 4, true, TYPALIGN_INT, &number, &no_number, &n);
	deconstruct_array(sets, ARR_ELEMTYPE(sets), -1, false, TYPALIGN_INT, &set, &nobody, &m);
	if (n != m)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("there are as many numbers as sets")));
	for (int i = 0; i < n; i++)
		for (int j = i; j < n; j++)
		{
			Datum		row[3] = {number[i], number[j], Int64GetDatum(0)};
			bool		none[3] = {no_number[i], no_number[j], false};
			const char *a = nobody[i] ? NULL : VARDATA_ANY(DatumGetPointer(set[i])),
					   *b = nobody[j] ? NULL : VARDATA_ANY(DatumGetPointer(set[j]));

			CHECK_FOR_INTERRUPTS();
			if (a && b)
				row[2] = Int64GetDatum((int64) (i == j ? party_set_bytes_count((const uint8_t *) a, VARSIZE_ANY_EXHDR(DatumGetPointer(set[i])))
												: party_set_bytes_common((const uint8_t *) a, VARSIZE_ANY_EXHDR(DatumGetPointer(set[i])), (const uint8_t *) b, VARSIZE_ANY_EXHDR(DatumGetPointer(set[j])))));
			tuplestore_putvalues(result->setResult, result->setDesc, row, none);
		}
	return (Datum) 0;
}
