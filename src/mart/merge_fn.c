/*
 * merge_fn.c: the rows that refer to parties follow a merge, and the parties that are left go. Both are done for all parties at once; the
 * server's check of each reference of each row, nine tenths of the time, is left out where it is proved beforehand:
 *   - rows move to parties that are there and locked as that check locks them (FOR KEY SHARE);
 *   - rows that follow by ON UPDATE CASCADE, such as order lines, move in the same statement, those that were being added in a second one;
 *   - parties go when no row refers to them, which one query tells for all foreign keys, after they were locked against new ones.
 * What is not proved is checked by the server: foreign keys of other shapes, tables that the caller may not read or whose triggers or
 * rules could write something else, partitions, and everything under REPEATABLE READ, where a query may not see the newest rows.
 * All runs with the caller's rights; the SQL declarations fix search_path and row_security.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "error.h"
#include "mart/kept_plan.h"
#include "mart/reference.h"
#include "mart/without_checks.h"

PG_FUNCTION_INFO_V1(crmseg_move_rows);
PG_FUNCTION_INFO_V1(crmseg_move_references);
PG_FUNCTION_INFO_V1(crmseg_drop_parties);

static uint64
run(const char *sql, int nargs, Datum *arrays)
{
	Oid			types[4] = {INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID};

	return run_kept(sql, nargs, types, arrays, NULL);
}

/* What the catalog says of a table ($1) and one of its columns ($2). */
static uint64
look_up(const char *sql, Oid relid, AttrNumber attnum)
{
	Oid			types[2] = {OIDOID, INT2OID};
	Datum		args[2] = {ObjectIdGetDatum(relid), Int16GetDatum(attnum)};

	return run_kept(sql, 2, types, args, NULL);
}

/* The single number that a query gives. */
static int64
number(const char *sql, int nargs, Datum *arrays)
{
	bool		null;

	run(sql, nargs, arrays);
	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null));
}

static bool
is_proved(const Trigger *trigger, Relation relation, bool is_own, void *arg)
{
	if (!is_own)
		return false;
	switch (trigger->tgfoid)
	{
		case F_RI_FKEY_CHECK_UPD:
		case F_RI_FKEY_CASCADE_UPD:
		case F_RI_FKEY_NOACTION_DEL:
		case F_RI_FKEY_RESTRICT_DEL:
		case F_RI_FKEY_CASCADE_DEL:
		case F_RI_FKEY_SETNULL_DEL:
		case F_RI_FKEY_SETDEFAULT_DEL:
			return list_member_oid((List *) arg, trigger->tgconstraint);
	}
	return false;
}

static uint64
run_proved(const char *sql, int nargs, Datum *arrays, List *constraints)
{
	volatile uint64 n = 0;
	WithoutChecks w;

	without_checks_begin(&w, sql, is_proved, constraints);
	PG_TRY();
	{
		n = run(sql, nargs, arrays);
	}
	PG_FINALLY();
	{
		without_checks_end(&w);
	}
	PG_END_TRY();
	return n;
}

/* Does a statement on this table do what its text says, and may the caller see all its rows? attnum: the only column that an UPDATE sets, 0: several. */
static bool
is_plain(Oid relid, CmdType event, AttrNumber attnum)
{
	Relation	rel;
	bool		plain;

	if (pg_class_aclcheck(relid, GetUserId(), ACL_SELECT | (event == CMD_DELETE ? ACL_DELETE : ACL_UPDATE)) != ACLCHECK_OK
		|| check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED)
		return false;
	rel = table_open(relid, AccessShareLock);
	plain = without_checks_is_plain(rel, event, attnum, NULL);
	table_close(rel, AccessShareLock);
	return plain;
}

static char *
table_name(Oid relid)
{
	const char *name = get_rel_name(relid);
	const char *schema = name ? get_namespace_name(get_rel_namespace(relid)) : NULL;

	if (schema == NULL)
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE), errmsg("table with OID %u does not exist", relid));
	return quote_qualified_identifier(schema, name);
}

static const char *
column_name(Oid relid, AttrNumber attnum)
{
	const char *name = get_attname(relid, attnum, true);

	if (name == NULL)
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("column %d of table with OID %u does not exist", attnum, relid));
	return quote_identifier(name);
}

static int
item_count(Datum array)
{
	ArrayType  *a = DatumGetArrayTypeP(array);

	return ArrayGetNItems(ARR_NDIM(a), ARR_DIMS(a));
}

/*
 * SQL behind FROM: the rows of a table that refer to the parties of $1. Of few by a join, for a gist index knows no ANY; of many without, for
 * where the planner takes a table for empty that was filled just now, a join would compare each with each.
 */
static char *
rows_of(Datum parties, const char *table, const char *column)
{
	return psprintf(item_count(parties) <= 16 ? "unnest($1) u (id) JOIN %s t ON t.%s = u.id" : "%s t WHERE t.%s = ANY ($1)", table, column);
}

/* The only column of the primary key of party. */
static AttrNumber
key_column(Oid party)
{
	return get_attnum(party, "party_id");
}

/*
 * Where the key of a table holds the party and the party that lives has such a row already, the row is left behind, if ON DELETE CASCADE
 * says what becomes of it: ranks are columns that number rows of equal future keys, free the condition of those (m) that can move.
 */
static void
key_conditions(Oid relid, AttrNumber attnum, StringInfo ranks, StringInfo free)
{
	const char *name = table_name(relid);
	const char *col = column_name(relid, attnum);
	uint64		n;

	n = look_up("SELECT coalesce(string_agg(format(', t.%I', a.attname), '') FILTER (WHERE a.attname IS NOT NULL), ''), "
		"coalesce(string_agg(format(' AND x.%1$I IS NOT DISTINCT FROM t.%1$I', a.attname), '') FILTER (WHERE a.attname IS NOT NULL), '') "
		"FROM pg_catalog.pg_index i "
		"LEFT JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY u (attnum, place) ON u.place <= i.indnkeyatts AND u.attnum <> $2 "
		"LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum "
		"WHERE i.indrelid = $1 AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND $2 = ANY (i.indkey::smallint[]) "
		"GROUP BY i.indexrelid", relid, attnum);
	for (uint64 i = 0; i < n; i++)
	{
		char	   *partition_by = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);
		char	   *same = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2);

		appendStringInfo(ranks, ", row_number() OVER (PARTITION BY m.keep%s ORDER BY m.dropped) AS r%d", partition_by, (int) i);
		appendStringInfo(free, " AND m.r%d = 1 AND NOT EXISTS (SELECT FROM %s x WHERE x.%s = m.keep%s)", (int) i, name, col, same);
	}
}

/*
 * What tells the rows of a table apart that follow a party by this column: of the primary key its column that numbers the rows, else all but
 * the party; without a primary key the whole row. moved_condition() in SQL reads it.
 */
static const char *
row_key(Oid relid, AttrNumber attnum)
{
	look_up("SELECT CASE WHEN i.indexrelid IS NULL THEN 'crmseg.row_image(t)' "
		"ELSE (SELECT CASE count(*) WHEN 0 THEN 'true' WHEN 1 THEN min(format('t.%I', c.attname)) ELSE format('pg_catalog.jsonb_build_array(%s)', string_agg(format('t.%I', c.attname), ', ' ORDER BY c.place)) END "
		"FROM (SELECT a.attname, u.place, a.attidentity, max(a.attidentity) OVER () AS numbered "
		"FROM unnest(i.indkey::smallint[]) WITH ORDINALITY u (attnum, place) JOIN pg_catalog.pg_attribute a ON a.attrelid = $1 AND a.attnum = u.attnum "
		"WHERE u.place <= i.indnkeyatts AND u.attnum <> $2) c WHERE c.attidentity = c.numbered) END "
		"FROM (VALUES (1)) one LEFT JOIN pg_catalog.pg_index i ON i.indrelid = $1 AND i.indisprimary", relid, attnum);
	return SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
}

/*
 * The rows of a table that refer to a dropped party by this column follow it. arrays: the parties to keep, those dropped, the numbers of the
 * merges, and the records that resolve places now, where places says that the table is that of the records and there are any. undo, unless 0,
 * is the table that notes which rows came, under the number of the merge.
 */
static void
move_rows(Oid party, Oid relid, AttrNumber attnum, Datum *arrays, Oid undo, bool places)
{
	List	   *proved = NIL;
	bool		may_stay = false;
	const char *name;
	const char *col;
	Reference  *refs;
	int			n;
	StringInfoData ranks,
				free,
				also,
				follow,
				sql;
	List	   *followers = NIL;
	ListCell   *l;

	name = table_name(relid);
	col = column_name(relid, attnum);
	initStringInfo(&ranks);
	initStringInfo(&free);
	initStringInfo(&also);
	initStringInfo(&follow);
	initStringInfo(&sql);

	refs = references_to(party, &n);
	for (int i = 0; i < n; i++)
	{
		if (refs[i].table != relid || refs[i].n != 1 || refs[i].from[0] != attnum)
			continue;
		may_stay |= refs[i].on_delete == FKCONSTR_ACTION_CASCADE;
		if (refs[i].to[0] == key_column(party))
			proved = lappend_oid(proved, refs[i].constraint);
	}
	if (may_stay)
		key_conditions(relid, attnum, &ranks, &free);
	if (places && free.len == 0)
		appendStringInfoString(&also, ", resolved_at = CASE WHEN t.source_record_id = ANY ($4) THEN pg_catalog.now() ELSE t.resolved_at END, "
			"linked_at = CASE WHEN t.source_record_id = ANY ($4) THEN coalesce(t.linked_at, pg_catalog.now()) ELSE t.linked_at END");

	if (IsolationUsesXactSnapshot() || proved == NIL || !is_plain(relid, CMD_UPDATE, also.len > 0 ? 0 : attnum))
		proved = NIL;
	else
	{
		appendStringInfo(&sql, "SELECT (SELECT count(*) FROM (SELECT FROM %s p WHERE p.party_id = ANY ($1) ORDER BY p.party_id FOR KEY SHARE) p) "
			"- (SELECT count(DISTINCT u) FROM unnest($1) u) - (SELECT count(*) - count(DISTINCT u) FROM unnest($2) u)", table_name(party));
		if (number(sql.data, 2, arrays) != 0)	/* a party to keep is not there, or one goes to two places */
			proved = NIL;
	}
	/* what follows by ON UPDATE CASCADE; all rows must move for that */
	if (proved != NIL && free.len == 0)
	{
		refs = references_to(relid, &n);
		for (int i = 0; i < n; i++)
		{
			Oid			child = refs[i].table;
			AttrNumber	follower = InvalidAttrNumber;
			StringInfoData one;

			if (refs[i].on_update != FKCONSTR_ACTION_CASCADE || child == relid)
				continue;
			for (int k = 0; k < refs[i].n; k++)
				if (refs[i].to[k] == attnum)
					follower = refs[i].from[k];
			if (follower == InvalidAttrNumber || !is_plain(child, CMD_UPDATE, follower))
				continue;
			initStringInfo(&one);
			appendStringInfo(&one, "UPDATE %s t SET %s = m.keep FROM unnest($1, $2) m (keep, dropped) WHERE t.%s = m.dropped",
				table_name(child), column_name(child, follower), column_name(child, follower));
			for (int k = 0; k < refs[i].n; k++)
				appendStringInfo(&one, " AND t.%s IS NOT NULL", column_name(child, refs[i].from[k]));
			appendStringInfo(&follow, "%s f%d AS (%s)", follow.len == 0 ? "WITH" : ",", i, one.data);
			followers = lappend(followers, one.data);
			proved = lappend_oid(proved, refs[i].constraint);
		}
	}
	resetStringInfo(&sql);
	if (OidIsValid(undo))
		appendStringInfo(&sql, "%s moved AS (", follow.len > 0 ? psprintf("%s,", follow.data) : "WITH");
	else
		appendStringInfoString(&sql, follow.data);
	if (free.len == 0)
		appendStringInfo(&sql, " UPDATE %s t SET %s = m.keep%s FROM unnest($1, $2, $3) m (keep, dropped, merge_id) WHERE t.%s = m.dropped", name, col, also.data, col);
	else
		appendStringInfo(&sql, " %s w AS (SELECT t.ctid AS place, t.tableoid AS part, m.keep, m.dropped, m.merge_id%s FROM %s t JOIN unnest($1, $2, $3) m (keep, dropped, merge_id) ON t.%s = m.dropped) "
			"UPDATE %s t SET %s = m.keep FROM w m WHERE t.ctid = m.place AND t.tableoid = m.part%s", follow.len > 0 && !OidIsValid(undo) ? "," : "WITH", ranks.data, name, col, name, col, free.data);
	if (OidIsValid(undo))
		appendStringInfo(&sql, " RETURNING m.merge_id, m.dropped, %s AS row_key) INSERT INTO %s (merge_id, relation, column_name, party_id, moved) "
			"SELECT m.merge_id, %u, %s, m.dropped, pg_catalog.jsonb_agg(m.row_key) FROM moved m GROUP BY m.merge_id, m.dropped",
			row_key(relid, attnum), table_name(undo), relid, quote_literal_cstr(get_attname(relid, attnum, false)));
	run_proved(sql.data, 4, arrays, proved);
	/* who was adding such a row meanwhile has held a lock on the one it refers to, which this statement waited for; no other can come */
	foreach(l, followers)
		run_proved(lfirst(l), 2, arrays, proved);
}


/* move_rows(party, relation, attnum, keep, dropped, merge_ids, undo, fresh): of one table by one column. */
Datum
crmseg_move_rows(PG_FUNCTION_ARGS)
{
	Datum		arrays[4] = {PG_GETARG_DATUM(3), PG_GETARG_DATUM(4), PG_GETARG_DATUM(5), PG_GETARG_DATUM(7)};

	SPI_connect();
	move_rows(PG_GETARG_OID(0), PG_GETARG_OID(1), PG_GETARG_INT16(2), arrays, PG_GETARG_OID(6), item_count(arrays[3]) > 0);
	SPI_finish();
	PG_RETURN_VOID();
}

/* A column of a table that holds a party. */
typedef struct Place
{
	Oid			table;
	AttrNumber	attnum;
} Place;

static int
place_order(const void *a, const void *b)
{
	const Place *x = a;
	const Place *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	return x->attnum - y->attnum;
}

/*
 * The columns whose rows follow a merge: those with a foreign key to party, and those without one, such as logs in partitions have them, that
 * party_key registers. Not those that it says are kept or that 76_merge.sql treats by itself, nor lines, which follow their order.
 */
static Place *
places_that_follow(Oid party, int *n)
{
	static const char *const special[] = {"party", "party_alias", "party_relation", "contact_point", "consent", "party_attribute", "party_profile"};
	Oid			mart = get_rel_namespace(party);
	Oid			left[lengthof(special)];
	int			n_refs,
				n_lines;
	Reference  *refs = references_to(party, &n_refs);
	Reference  *lines = references_to(InvalidOid, &n_lines);
	uint64		n_keys = run(psprintf("SELECT k.relation::pg_catalog.oid, k.column_name, k.on_merge = 'follow' FROM %s.party_key k", quote_identifier(get_namespace_name(mart))), 0, NULL);
	Place	   *places = palloc((n_refs + n_keys + 1) * sizeof *places);
	int			kept = 0;

	for (int i = 0; i < lengthof(special); i++)
		left[i] = get_relname_relid(special[i], mart);
	*n = 0;
	for (int i = 0; i < n_refs; i++)
		if (refs[i].n == 1 && refs[i].to[0] == key_column(party))
			places[(*n)++] = (Place) {refs[i].table, refs[i].from[0]};
	for (uint64 i = 0; i < n_keys; i++)
	{
		HeapTuple	t = SPI_tuptable->vals[i];
		TupleDesc	d = SPI_tuptable->tupdesc;
		bool		null;
		Oid			relid = DatumGetObjectId(SPI_getbinval(t, d, 1, &null));
		char	   *name = SPI_getvalue(t, d, 2);
		AttrNumber	attnum = null || name == NULL ? InvalidAttrNumber : get_attnum(relid, name);
		bool		follows = DatumGetBool(SPI_getbinval(t, d, 3, &null)) && !null;

		if (attnum <= 0)
			continue;			/* the table or the column is gone */
		if (!follows)
		{
			for (int k = 0; k < *n; k++)
				if (places[k].table == relid && places[k].attnum == attnum)
					places[k].table = InvalidOid;
			continue;
		}
		for (int k = 0; k < n_lines && follows; k++)
			for (int c = 0; c < lines[k].n; c++)
				follows &= lines[k].table != relid || lines[k].from[c] != attnum;
		if (follows)
			places[(*n)++] = (Place) {relid, attnum};
	}
	SPI_freetuptable(SPI_tuptable);
	qsort(places, *n, sizeof *places, place_order);
	for (int i = 0; i < *n; i++)
	{
		bool		drop = !OidIsValid(places[i].table) || (kept > 0 && place_order(&places[kept - 1], &places[i]) == 0);

		for (int k = 0; k < lengthof(special); k++)
			drop |= places[i].table == left[k];
		if (!drop)
			places[kept++] = places[i];
	}
	*n = kept;
	return places;
}

/* move_references(party, keep, dropped, merge_ids, undo, fresh): every table that refers to the parties follows. */
Datum
crmseg_move_references(PG_FUNCTION_ARGS)
{
	Oid			party = PG_GETARG_OID(0);
	Datum		arrays[4] = {PG_GETARG_DATUM(1), PG_GETARG_DATUM(2), PG_GETARG_DATUM(3), PG_GETARG_DATUM(5)};
	bool		any_fresh = item_count(arrays[3]) > 0;
	Oid			records;
	Place	   *places;
	StringInfoData sql;
	Datum	   *there;
	bool	   *unknown,
				null;
	int			n,
				n_there;

	(void) table_name(party);	/* raises when there is none */
	records = get_relname_relid("source_record", get_rel_namespace(party));
	SPI_connect();
	places = places_that_follow(party, &n);
	/* most tables hold no row of a single party: which ones do is asked at once */
	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ARRAY[]::boolean[]");
	for (int i = 0; i < n; i++)
		appendStringInfo(&sql, " || EXISTS (SELECT FROM %s)", rows_of(arrays[1], table_name(places[i].table), column_name(places[i].table, places[i].attnum)));
	run(sql.data, 1, &arrays[1]);
	deconstruct_array(DatumGetArrayTypePCopy(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null)), BOOLOID, 1, true, TYPALIGN_CHAR, &there, &unknown, &n_there);
	for (int i = 0; i < n_there; i++)
		if (DatumGetBool(there[i]))
			move_rows(party, places[i].table, places[i].attnum, arrays, PG_GETARG_OID(4), any_fresh && places[i].table == records);
	SPI_finish();
	PG_RETURN_VOID();
}

/* drop_parties(party, dropped, merge_ids, undo): the parties go, and the rows that ON DELETE CASCADE takes along, which undo notes. */
Datum
crmseg_drop_parties(PG_FUNCTION_ARGS)
{
	Oid			party = PG_GETARG_OID(0);
	Datum		arrays[2] = {PG_GETARG_DATUM(1), PG_GETARG_DATUM(2)};
	Oid			undo = PG_GETARG_OID(3);
	Oid			profile = get_relname_relid("party_profile", get_rel_namespace(party));	/* computed anew when its party comes back */
	Oid			segments[2] = {get_relname_relid("party_segments", get_rel_namespace(party)), get_relname_relid("segment_member", get_rel_namespace(party))};	/* too */
	List	   *proved = NIL;
	StringInfoData sql;
	uint64		gone;

	SPI_connect();
	initStringInfo(&sql);
	if (!IsolationUsesXactSnapshot() && is_plain(party, CMD_DELETE, 0))
	{
		int			n,
					n_there;
		Reference  *refs;
		Datum	   *there;
		bool	   *unknown,
					null;

		/* from here on nobody can refer to them */
		appendStringInfo(&sql, "SELECT count(*) FROM (SELECT FROM %s p WHERE p.party_id = ANY ($1) ORDER BY p.party_id FOR UPDATE) p", table_name(party));
		run(sql.data, 1, arrays);
		refs = references_to(party, &n);
		/* which tables hold rows of theirs, asked at once */
		resetStringInfo(&sql);
		appendStringInfoString(&sql, "SELECT ARRAY[]::boolean[]");
		for (int i = 0; i < n; i++)
		{
			if (refs[i].n == 1 && refs[i].to[0] == key_column(party) && pg_class_aclcheck(refs[i].table, GetUserId(), ACL_SELECT) == ACLCHECK_OK
				&& check_enable_rls(refs[i].table, InvalidOid, true) != RLS_ENABLED)
				appendStringInfo(&sql, " || EXISTS (SELECT FROM %s)", rows_of(arrays[0], table_name(refs[i].table), column_name(refs[i].table, refs[i].from[0])));
			else
				appendStringInfoString(&sql, " || NULL::boolean");
		}
		run(sql.data, 1, arrays);
		deconstruct_array(DatumGetArrayTypePCopy(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null)), BOOLOID, 1, true, TYPALIGN_CHAR, &there, &unknown, &n_there);
		/* memberships last: while other rows go, triggers look at them again */
		for (int k = 0; k < 2 * n_there; k++)
		{
			int			i = k % n_there;
			bool		derived = refs[i].table == segments[0] || refs[i].table == segments[1];
			const char *name;
			const char *col;

			if (unknown[i] || derived != (k >= n_there))
				continue;
			name = table_name(refs[i].table);
			col = column_name(refs[i].table, refs[i].from[0]);
			if (derived || DatumGetBool(there[i]))
			{
				if (refs[i].on_delete != FKCONSTR_ACTION_CASCADE || !is_plain(refs[i].table, CMD_DELETE, 0))
					continue;
				resetStringInfo(&sql);
				if (OidIsValid(undo) && refs[i].table != profile && !derived)
					appendStringInfo(&sql, "WITH gone AS (DELETE FROM %s t USING unnest($1, $2) m (dropped, merge_id) WHERE t.%s = m.dropped RETURNING m.merge_id, m.dropped, crmseg.row_image(t) AS was) "
						"INSERT INTO %s (merge_id, relation, column_name, party_id, before) SELECT g.merge_id, %u, %s, g.dropped, g.was FROM gone g", name, col, table_name(undo), refs[i].table,
						quote_literal_cstr(get_attname(refs[i].table, refs[i].from[0], false)));
				else
					appendStringInfo(&sql, "DELETE FROM %s t WHERE t.%s = ANY ($1)", name, col);
				run(sql.data, 2, arrays);
				/* a trigger may have kept some */
				resetStringInfo(&sql);
				appendStringInfo(&sql, "SELECT count(*) FROM %s", rows_of(arrays[0], name, col));
				if (number(sql.data, 1, arrays) > 0)
					continue;
			}
			proved = lappend_oid(proved, refs[i].constraint);
		}
	}
	resetStringInfo(&sql);
	appendStringInfo(&sql, "DELETE FROM %s p WHERE p.party_id = ANY ($1)", table_name(party));
	gone = run_proved(sql.data, 1, arrays, proved);
	SPI_finish();
	PG_RETURN_INT64((int64) gone);
}
