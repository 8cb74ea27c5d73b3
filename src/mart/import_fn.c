/*
 * import_fn.c: import_flat, import_csv and import_replay: one batch from begin to end, in the caller's transaction and with the caller's
 * rights. The phases: compile the mapping, read all rows into staging tables (import_read_fn.c, import_row_fn.c), load the mart
 * (import_load_fn.c), count what became of the lines.
 */
#include "import_private.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/progress.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(crmseg_import_flat);
PG_FUNCTION_INFO_V1(crmseg_import_csv);
PG_FUNCTION_INFO_V1(crmseg_import_replay);

/* ---- progress: the server's own report of COPY, under the oid of the mart's import_batch; see its view import_progress ---- */

void
import_progress(Import *im, int phase)
{
	static const char *const name[] = {"", "reading", "parties", "contact points, consents and attributes", "orders", "counting"};

	if (phase != PHASE_COUNT)
		ereport(NOTICE, (errmsg("import " INT64_FORMAT ": %s", im->batch, name[phase]), phase == PHASE_READ ? 0 : errhidestmt(true)));
	im->phase = phase;
	pgstat_progress_start_command(PROGRESS_COMMAND_COPY, im->mart.batch_relation);
	pgstat_progress_update_param(PROGRESS_COPY_BYTES_PROCESSED, im->batch);
	pgstat_progress_update_param(PROGRESS_COPY_BYTES_TOTAL, phase);
	import_progress_lines(im);
}

void
import_progress_lines(Import *im)
{
	pgstat_progress_update_param(PROGRESS_COPY_TUPLES_PROCESSED, im->lines_read);
	pgstat_progress_update_param(PROGRESS_COPY_TUPLES_EXCLUDED, im->rejected);
}

/* ---- SPI, one value or one row ---- */

static bool
query(Import *im, const char *sql, int count, Oid *types, Datum *values, const char *nulls)
{
	int			rc = SPI_execute_with_args(sql, count, types, values, nulls, false, 0);

	if (rc < 0)
		elog(ERROR, "import: statement failed: %s", SPI_result_code_string(rc));
	return SPI_processed > 0 && SPI_tuptable != NULL;
}

static Datum
got(uint64 row, int column, bool *null)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, null);
}

/* A value that outlives SPI's own memory: all of this runs in the import's context. */
static char *
got_text(uint64 row, int column)
{
	char	   *s = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);

	return s;
}

static void
read_mart(Import *im)
{
	Oid			types[1] = {NAMEOID};
	Datum		values[1];
	bool		null;
	Datum		d;

	values[0] = DirectFunctionCall1(namein, CStringGetDatum(im->mart_name));
	query(im, "SELECT crmseg.require_datamart($1)", 1, types, values, NULL);
	im->mart.quoted = got_text(0, 1);
	im->mart.name = im->mart_name;
	query(im, psprintf("SELECT d.time_zone, d.default_phone_region, d.base_currency, d.email_rules FROM %s.datamart d", im->mart.quoted), 0, NULL, NULL, NULL);
	im->mart.zone = pg_tzset(got_text(0, 1));
	if (im->mart.zone == NULL)
		im->mart.zone = pg_tzset("UTC");
	im->mart.region = got_text(0, 2);
	im->mart.currency = got_text(0, 3);
	d = got(0, 4, &null);
	im->mart.email_rules = null ? NULL : DatumGetJsonbPCopy(d);
	query(im, psprintf("SELECT c.channel_id, c.name FROM %s.channel c ORDER BY 1", im->mart.quoted), 0, NULL, NULL, NULL);
	im->mart.channel_count = (int) SPI_processed;
	im->mart.channel_name = palloc(sizeof(char *) * (SPI_processed + 1));
	im->mart.channel_id = palloc(sizeof(int16) * (SPI_processed + 1));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		im->mart.channel_id[i] = DatumGetInt16(got(i, 1, &null));
		im->mart.channel_name[i] = got_text(i, 2);
	}
	im->mart.batch_relation = get_relname_relid("import_batch", get_namespace_oid(im->mart_name, false));
	im->mart.party = get_relname_relid("party", get_namespace_oid(im->mart_name, false));
	im->mart.party_profile = get_relname_relid("party_profile", get_namespace_oid(im->mart_name, false));
	im->mart.channel = get_relname_relid("channel", get_namespace_oid(im->mart_name, false));
	im->mart.sales_order = get_relname_relid("sales_order", get_namespace_oid(im->mart_name, false));
	query(im, psprintf("SELECT pg_get_serial_sequence(%s, 'party_id')::regclass::oid, pg_get_serial_sequence(%s, 'order_id')::regclass::oid",
					   quote_literal_cstr(psprintf("%s.party", im->mart.quoted)), quote_literal_cstr(psprintf("%s.sales_order", im->mart.quoted))), 0, NULL, NULL, NULL);
	im->mart.party_sequence = DatumGetObjectId(got(0, 1, &null));
	im->mart.order_sequence = DatumGetObjectId(got(0, 2, &null));
}

/* The source's row, made at its first import; one import of a source at a time. */
static void
find_source(Import *im)
{
	ImportMapping *m = im->map;
	Oid			types[1] = {TEXTOID};
	Datum		values[1];
	bool		null;
	const char *find = psprintf("SELECT s.source_id FROM %s.source s WHERE s.name = $1", im->mart.quoted);

	values[0] = PointerGetDatum(cstring_to_text(im->source));
	query(im, psprintf("SELECT pg_advisory_xact_lock(hashtextextended(%s || $1, 0))", quote_literal_cstr(psprintf("crmseg.import %s ", im->mart.quoted))), 1, types, values, NULL);
	if (!query(im, find, 1, types, values, NULL))
	{
		query(im, psprintf("INSERT INTO %s.source (name%s%s%s) VALUES ($1%s%s%s) ON CONFLICT (name) DO NOTHING", im->mart.quoted,
						   m->source_kind ? ", kind" : "", m->source_level ? ", party_level" : "", m->source_trust >= 0 ? ", trust" : "",
						   m->source_kind ? psprintf(", '%s'", m->source_kind) : "", m->source_level ? psprintf(", '%s'", m->source_level) : "",
						   m->source_trust >= 0 ? psprintf(", %d", m->source_trust) : ""), 1, types, values, NULL);
		query(im, find, 1, types, values, NULL);
	}
	im->source_id = DatumGetInt16(got(0, 1, &null));
}

/* The attributes of the mapping in the mart's catalogue: types from there, new ones added to it. */
static void
find_attributes(Import *im)
{
	ImportMapping *m = im->map;

	for (int i = 0; i < m->attribute_count; i++)
	{
		Attribute  *a = &m->attribute[i];
		Oid			types[3] = {TEXTOID, TEXTOID, BOOLOID};
		Datum		values[3];
		bool		null;
		char	   *find = psprintf("SELECT d.attribute_id, d.data_type, d.allowed, d.sensitivity FROM %s.attribute_def d WHERE d.key = $1", im->mart.quoted);

		values[0] = PointerGetDatum(cstring_to_text(a->key));
		values[1] = PointerGetDatum(cstring_to_text(a->data_type ? a->data_type : a->value->format_count ? "date" : "text"));
		values[2] = BoolGetDatum(a->value->separator != NULL && a->value->column_count <= 1);
		if (!query(im, find, 1, types, values, NULL))
		{
			if (a->data_type && strcmp(a->data_type, "enum") == 0)
				ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("mapping: attribute \"%s\" is not in the mart's catalogue", a->key),
								errhint("An attribute of type enum needs its allowed values: add it to attribute_def first.")));
			query(im, psprintf("INSERT INTO %s.attribute_def (key, data_type, is_multi) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING", im->mart.quoted), 3, types, values, NULL);
			ereport(NOTICE, (errmsg("attribute \"%s\" was added to the catalogue of the mart", a->key)));
			query(im, find, 1, types, values, NULL);
		}
		a->attribute_id = DatumGetInt16(got(0, 1, &null));
		if (a->data_type && strcmp(a->data_type, got_text(0, 2)) != 0)
			ereport(ERROR, (errcode(CRMSEG_TYPE_CLASH), errmsg("mapping: attribute \"%s\" is of type %s in the mart's catalogue, not %s", a->key, got_text(0, 2), a->data_type)));
		a->data_type = got_text(0, 2);
		a->is_special = got_text(0, 4)[0] == 's';
		if (a->data_type[0] == 'e')
		{
			Datum	   *words;
			bool	   *nulls;
			int			n;

			deconstruct_array(DatumGetArrayTypeP(got(0, 3, &null)), TEXTOID, -1, false, TYPALIGN_INT, &words, &nulls, &n);
			a->allowed.word = palloc(sizeof(char *) * (n + 1));
			for (int k = 0; k < n; k++)
				if (!nulls[k])
					a->allowed.word[a->allowed.count++] = TextDatumGetCString(words[k]);
		}
	}
}

static void
begin_batch(Import *im, const char *kind, const char *relation, Jsonb *mapping, Jsonb *format)
{
	Oid			types[6] = {INT2OID, TEXTOID, TEXTOID, JSONBOID, JSONBOID, INT8OID};
	Datum		values[6];
	char		nulls[7] = "      ";
	bool		null;

	values[0] = Int16GetDatum(im->source_id);
	values[1] = PointerGetDatum(cstring_to_text(kind));
	values[2] = PointerGetDatum(cstring_to_text(relation));
	values[3] = JsonbPGetDatum(mapping);
	values[4] = JsonbPGetDatum(format);
	values[5] = Int64GetDatum(im->replay_of);
	nulls[5] = im->replay_of ? ' ' : 'n';
	query(im, psprintf("INSERT INTO %s.import_batch (source_id, kind, relation, mapping, format, replay_of) VALUES ($1, $2, $3, $4, $5, $6) RETURNING import_id", im->mart.quoted),
		  6, types, values, nulls);
	im->batch = DatumGetInt64(got(0, 1, &null));
}

static void
end_batch(Import *im, int64 inserted, int64 updated, int64 unchanged)
{
	Oid			types[8] = {INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID};
	Datum		values[8];

	values[0] = Int64GetDatum(im->batch);
	values[1] = Int64GetDatum(im->lines_read);
	values[2] = Int64GetDatum(inserted);
	values[3] = Int64GetDatum(updated);
	values[4] = Int64GetDatum(unchanged);
	values[5] = Int64GetDatum(im->rejected);
	values[6] = Int64GetDatum(im->warnings);
	values[7] = Int64GetDatum(im->repaired);
	query(im, psprintf("UPDATE %s.import_batch SET ended_at = clock_timestamp(), lines_read = $2, inserted = $3, updated = $4, unchanged = $5, rejected = $6, warnings = $7, repaired = $8 "
					   "WHERE import_id = $1", im->mart.quoted), 8, types, values, NULL);
	if (im->replay_of)
	{
		/* in the import whose rejects these were, each line has its last outcome; what was refused again stays there, with its new reason */
		types[1] = types[2] = types[3] = INT8OID;
		values[0] = Int64GetDatum(im->replay_of);
		values[4] = Int64GetDatum(inserted + updated + unchanged);
		values[1] = Int64GetDatum(inserted);
		values[2] = Int64GetDatum(updated);
		values[3] = Int64GetDatum(unchanged);
		query(im, psprintf("UPDATE %s.import_batch SET inserted = inserted + $2, updated = updated + $3, unchanged = unchanged + $4, rejected = rejected - $5 WHERE import_id = $1", im->mart.quoted),
			  5, types, values, NULL);
		query(im, psprintf("DELETE FROM %s.import_reject r WHERE r.import_id = $1 AND NOT EXISTS (SELECT FROM pg_temp.crmseg_reject n WHERE n.line_no = r.line_no)", im->mart.quoted), 1, types, values, NULL);
		query(im, psprintf("UPDATE %s.import_reject r SET column_name = n.column_name, code = n.code, reason = n.reason, detail = n.detail, rejected_at = now() "
						   "FROM pg_temp.crmseg_reject n WHERE r.import_id = $1 AND n.line_no = r.line_no", im->mart.quoted), 1, types, values, NULL);
	}
}

/* ---- the three functions ---- */

static Import *
begin(const char *mart, const char *source)
{
	static TimestampTz last_begin = 0;
	Import	   *im = palloc0(sizeof(Import));

	im->context = CurrentMemoryContext;
	im->row_context = AllocSetContextCreate(CurrentMemoryContext, "crmseg row", ALLOCSET_DEFAULT_SIZES);
	im->mart_name = pstrdup(mart);
	/* the instant that now() is, so that what is said now holds in the very next query; what an earlier import of the transaction said at it is replaced */
	im->now = GetCurrentTransactionStartTimestamp();
	im->is_later = im->now == last_begin;
	last_begin = im->now;
	read_mart(im);
	if (source)
	{
		const char *p = source;
		size_t		n = strlen(source);

		cell_trim(&p, &n);
		if (n == 0)
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("the name of the source is empty")));
		im->source = pnstrdup(p, n);
	}
	return im;
}

static void
set_for_now(const char *name, const char *value)
{
	set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/* Settings of the work: names found in pg_catalog alone, dates in one form, rows in their physical order. */
static int
settings(void)
{
	int			level = NewGUCNestLevel();

	set_for_now("search_path", "pg_catalog, pg_temp");
	set_for_now("DateStyle", "ISO, YMD");
	set_for_now("IntervalStyle", "iso_8601");
	set_for_now("synchronize_seqscans", "off");
	/* nothing is known of the staging tables: sorting both sides, which seems cheap then, is not */
	set_for_now("enable_mergejoin", "off");
	set_for_now("jit", "off");
	if (work_mem < 65536)
		set_for_now("work_mem", "64MB");
	return level;
}

static int64
finish(Import *im)
{
	int64		inserted,
				updated,
				unchanged;

	import_rows_end(im);
	import_stage_end(im);
	import_load(im, &inserted, &updated, &unchanged);
	end_batch(im, inserted, updated, unchanged);
	pgstat_progress_end_command();
	if (im->rejected > 0)
		ereport(NOTICE, (errmsg("import " INT64_FORMAT ": " INT64_FORMAT " of " INT64_FORMAT " lines rejected", im->batch, im->rejected, im->lines_read),
						 errhint("See import_reject; when its column raw is corrected: SELECT crmseg.import_replay(%s, " INT64_FORMAT ");", quote_literal_cstr(im->mart_name), im->batch)));
	return im->batch;
}

static void
start_rows(Import *im)
{
	find_attributes(im);
	import_contacts_begin(im);
	import_stage_begin(im);
	import_row_begin(im);
	import_progress(im, PHASE_READ);
}

static void
need_arguments(FunctionCallInfo fcinfo, int count)
{
	static const char *const names[] = {"the name of a datamart", "the name of the source", "the relation", "the mapping", "the format"};

	for (int i = 0; i < count; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must be given", names[i])));
}

static const char *
relation_name(Oid relation)
{
	char	   *name = get_rel_name(relation);

	if (name == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation with OID %u does not exist", relation)));
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), name);
}

/* What the columns were, for a later replay: {"columns": [...], "typed": [...]} */
static Jsonb *
columns_json(const SourceColumns *c)
{
	JsonbParseState *state = NULL;
	JsonbValue	v;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int k = 0; k < 2; k++)
	{
		v.type = jbvString;
		v.val.string.val = k ? "typed" : "columns";
		v.val.string.len = k ? 5 : 7;
		pushJsonbValue(&state, WJB_KEY, &v);
		pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
		for (int i = 0; i < c->count; i++)
		{
			if (k)
			{
				v.type = jbvBool;
				v.val.boolean = c->typed[i];
			}
			else
			{
				v.type = jbvString;
				v.val.string.val = c->name[i];
				v.val.string.len = (int) strlen(c->name[i]);
			}
			pushJsonbValue(&state, WJB_ELEM, &v);
		}
		pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* import_flat(mart name, source text, relation regclass, mapping jsonb) -> bigint */
Datum
crmseg_import_flat(PG_FUNCTION_ARGS)
{
	Import	   *im;
	Oid			relation;
	Jsonb	   *mapping;
	int64		batch;
	int			level;

	need_arguments(fcinfo, 4);
	relation = PG_GETARG_OID(2);
	mapping = PG_GETARG_JSONB_P(3);
	SPI_connect();
	level = settings();
	im = begin(NameStr(*PG_GETARG_NAME(0)), text_to_cstring(PG_GETARG_TEXT_PP(1)));
	relation_name(relation);
	import_relation_columns(im, relation);
	im->map = import_mapping(mapping, &im->columns, &im->mart, relation_name(relation));
	find_source(im);
	begin_batch(im, "flat", relation_name(relation), mapping, columns_json(&im->columns));
	start_rows(im);
	import_read_relation(im, relation);
	batch = finish(im);
	AtEOXact_GUC(false, level);
	SPI_finish();
	PG_RETURN_INT64(batch);
}

/* import_csv(mart name, source text, lines regclass, mapping jsonb, format jsonb) -> bigint */
Datum
crmseg_import_csv(PG_FUNCTION_ARGS)
{
	Import	   *im;
	Oid			relation;
	Jsonb	   *mapping,
			   *format;
	int64		batch;
	int			level;

	need_arguments(fcinfo, 5);
	relation = PG_GETARG_OID(2);
	mapping = PG_GETARG_JSONB_P(3);
	SPI_connect();
	level = settings();
	im = begin(NameStr(*PG_GETARG_NAME(0)), text_to_cstring(PG_GETARG_TEXT_PP(1)));
	relation_name(relation);
	format = import_lines_open(im, relation, PG_GETARG_JSONB_P(4));
	if (im->columns.count == 0)
		ereport(ERROR, (errcode(ERRCODE_NO_DATA), errmsg("%s holds no line", relation_name(relation)), errhint("Not even a header; or state \"columns\" in the format.")));
	im->map = import_mapping(mapping, &im->columns, &im->mart, "the file");
	find_source(im);
	begin_batch(im, "csv", relation_name(relation), mapping, format);
	start_rows(im);
	import_read_lines(im);
	batch = finish(im);
	AtEOXact_GUC(false, level);
	SPI_finish();
	PG_RETURN_INT64(batch);
}

/* import_replay(mart name, batch bigint) -> bigint: reads the rejects of an import again, as a batch of its own */
Datum
crmseg_import_replay(PG_FUNCTION_ARGS)
{
	Import	   *im;
	int64		batch = PG_GETARG_INT64(1);
	Oid			types[1] = {INT8OID};
	Datum		values[1];
	Jsonb	   *mapping,
			   *format;
	bool		csv;
	char	   *relation;
	bool		null;
	int			level;

	SPI_connect();
	level = settings();
	im = begin(NameStr(*PG_GETARG_NAME(0)), NULL);
	values[0] = Int64GetDatum(batch);
	/* a replay of a replay is one of the import itself */
	if (!query(im, psprintf("SELECT o.import_id, o.kind, o.relation, o.mapping, o.format, s.name FROM %1$s.import_batch b JOIN %1$s.import_batch o ON o.import_id = coalesce(b.replay_of, b.import_id) "
							"JOIN %1$s.source s ON s.source_id = o.source_id WHERE b.import_id = $1", im->mart.quoted), 1, types, values, NULL))
		ereport(ERROR, (errcode(ERRCODE_NO_DATA_FOUND), errmsg("datamart \"%s\" has no import " INT64_FORMAT, im->mart_name, batch), errhint("See its table import_batch.")));
	im->replay_of = DatumGetInt64(got(0, 1, &null));
	csv = got_text(0, 2)[0] == 'c';
	relation = got_text(0, 3);
	mapping = DatumGetJsonbPCopy(got(0, 4, &null));
	format = DatumGetJsonbPCopy(got(0, 5, &null));
	im->source = got_text(0, 6);
	import_columns_stored(im, format);
	im->map = import_mapping(mapping, &im->columns, &im->mart, "the import");
	find_source(im);
	begin_batch(im, csv ? "csv" : "flat", relation, mapping, format);
	start_rows(im);
	import_read_rejects(im, csv, format);
	batch = finish(im);
	AtEOXact_GUC(false, level);
	SPI_finish();
	PG_RETURN_INT64(batch);
}
