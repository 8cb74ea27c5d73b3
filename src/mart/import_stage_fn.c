/*
 * import_stage_fn.c: the staging tables of one import: temporary, of this session, gone with its transaction. Rows are written in
 * batches straight into the tables, which have no index, trigger or constraint; the statements of import_load_fn.c read them.
 */
#include "import_private.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "nodes/makefuncs.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#define BATCH 512

struct Stage
{
	Relation	relation;
	BulkInsertState bulk;
	TupleTableSlot *slot[BATCH];
	int			count;
	Size		bytes;
	MemoryContext context;		/* of the batch */
};

/* Texts are compared and hashed bytewise: the names of the columns' collation are left to no database's default. */
static const struct
{
	const char *name;
	const char *columns;
}			tables[STAGE_TABLES] = {
	[STAGE_VERSION] = {"crmseg_version", "rec int, ver int, external_id text COLLATE \"C\", kind text, salutation text, given_name text, family_name text, "
		"maiden_name text, sex text, birth_date date, deceased_on date, language text, country text, postal_code text, legal_name text, industry_code text, "
		"headcount int, trade text, chain_position text, tier text, is_professional boolean, payload jsonb"},
	[STAGE_CONTACT] = {"crmseg_contact", "rec int, ver int, item smallint, kind text COLLATE \"C\", value text, value_norm text COLLATE \"C\", label text, street text, "
		"postal_code text, city text, country text"},
	[STAGE_CONSENT] = {"crmseg_consent", "rec int, ver int, item smallint, purpose text COLLATE \"C\", channel_id smallint, status text, captured_at timestamptz, "
		"legal_basis text, method text, notice text, jurisdiction text, double_opt_in_at timestamptz"},
	[STAGE_ATTRIBUTE] = {"crmseg_attribute", "rec int, ver int, attribute_id smallint, item int, flag boolean, num numeric, txt text, day date, doc jsonb, provenance text"},
	[STAGE_KEY] = {"crmseg_key", "rec int, ver int, scheme text, key_value text"},
	[STAGE_ORDER] = {"crmseg_order", "ord int, rec int, line_no bigint, external_id text COLLATE \"C\", hash bigint, ordered_at timestamptz, kind text, "
		"channel_id smallint, store_no int, currency text, amount numeric, margin numeric, status text, payment_method text, delivery_method text, device text, usage text"},
	[STAGE_LINE] = {"crmseg_line", "line_no bigint, rec int, ver int, opens boolean, ord int, head boolean, nth int, key bigint, hash bigint, product_no int, "
		"quantity numeric, amount numeric, discount numeric, return_reason text"},
	[STAGE_PRODUCT] = {"crmseg_product", "product_no int, sku text COLLATE \"C\", name text, category text, brand text"},
	[STAGE_STORE] = {"crmseg_store", "store_no int, code text COLLATE \"C\", name text"},
	[STAGE_REJECT] = {"crmseg_reject", "line_no bigint, raw text, column_name text, code text, reason text, detail text, nth int"},
	[STAGE_WARNING] = {"crmseg_warning", "line_no bigint, column_name text, code text, reason text, value text"},
	[STAGE_RECORD] = {"crmseg_record", "rec int, versions int, hash uuid, buys boolean, anonymous_store int"},
	[STAGE_FACT] = {"crmseg_fact", "line_no bigint, rec int, kind int, at timestamptz, a text COLLATE \"C\", b text COLLATE \"C\", c text, d text, e text COLLATE \"C\", f text, g text, h text, n numeric, day date, channel smallint, "
		"flag boolean, known boolean, changed boolean"},
	[STAGE_TOTAL] = {"crmseg_total", "ord int, amount numeric"},
};

static void
flush(Stage *s)
{
	if (s->count == 0)
		return;
	table_multi_insert(s->relation, s->slot, s->count, GetCurrentCommandId(true), 0, s->bulk);
	for (int i = 0; i < s->count; i++)
		ExecClearTuple(s->slot[i]);
	MemoryContextReset(s->context);
	s->count = 0;
	s->bytes = 0;
}

/* A second import of the same transaction finds the tables of the first. */
static void
make_table(StringInfo sql, const char *name, const char *columns)
{
	if (OidIsValid(RangeVarGetRelid(makeRangeVar("pg_temp", pstrdup(name), -1), NoLock, true)))
		appendStringInfo(sql, "DROP TABLE pg_temp.%s; ", name);
	appendStringInfo(sql, "CREATE TEMPORARY TABLE pg_temp.%s (%s) ON COMMIT DROP; ", name, columns);
}

void
import_stage_begin(Import *im)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = 0; i < STAGE_TABLES; i++)
		make_table(&sql, tables[i].name, tables[i].columns);
	make_table(&sql, "crmseg_party", "rec int, party_id bigint, is_new boolean, is_changed boolean, last_ver int, hash uuid, buys boolean, joins boolean NOT NULL DEFAULT false");
	make_table(&sql, "crmseg_sale", "ord int, order_id bigint, party_id bigint, old_party_id bigint, is_new boolean, is_changed boolean, ordered_at timestamptz");
	make_table(&sql, "crmseg_known", "line_no bigint, ord int, old_line_no int, is_changed boolean");
	if (SPI_execute(sql.data, false, 0) < 0)
		elog(ERROR, "could not make the staging tables");
	for (int i = 0; i < STAGE_TABLES; i++)
	{
		Stage	   *s = palloc0(sizeof(Stage));

		s->relation = table_openrv(makeRangeVar("pg_temp", pstrdup(tables[i].name), -1), RowExclusiveLock);
		s->bulk = GetBulkInsertState();
		s->context = AllocSetContextCreate(im->context, "crmseg staging", ALLOCSET_DEFAULT_SIZES);
		for (int k = 0; k < BATCH; k++)
			s->slot[k] = MakeSingleTupleTableSlot(RelationGetDescr(s->relation), &TTSOpsHeapTuple);
		im->stage[i] = s;
	}
}

void
import_stage_put(Import *im, StageTable table, Datum *values, bool *nulls)
{
	Stage	   *s = im->stage[table];
	MemoryContext old = MemoryContextSwitchTo(s->context);
	HeapTuple	t = heap_form_tuple(RelationGetDescr(s->relation), values, nulls);

	s->bytes += t->t_len;
	ExecStoreHeapTuple(t, s->slot[s->count++], false);
	if (s->count == BATCH || s->bytes > 1024 * 1024)
		flush(s);
	MemoryContextSwitchTo(old);
}

/* All rows to the tables, visible to the statements that follow. */
void
import_stage_end(Import *im)
{
	for (int i = 0; i < STAGE_TABLES; i++)
	{
		Stage	   *s = im->stage[i];

		flush(s);
		for (int k = 0; k < BATCH; k++)
			ExecDropSingleTupleTableSlot(s->slot[k]);
		FreeBulkInsertState(s->bulk);
		table_finish_bulk_insert(s->relation, 0);
		table_close(s->relation, NoLock);
		MemoryContextDelete(s->context);
	}
	CommandCounterIncrement();
}
