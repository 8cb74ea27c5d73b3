/*
 * import_load_fn.c: from the staging tables to the mart, a few statements for all rows at once. @m@ stands for the mart's schema, @ps@ and @os@ for the
 * sequences of party and sales_order;
 * parameters: $1 the source, $2 the import, $3 the instant, $4 the mart's currency, $5 the mart's name, $6 records may change, $7 consents a
 * line. Every name is qualified or of pg_catalog; the search path is fixed by the caller (import_fn.c).
 */
#include "import_private.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"

static char *
in_mart(Import *im, const char *sql)
{
	StringInfoData s;
	const char *at;

	initStringInfo(&s);
	while ((at = strchr(sql, '@')) != NULL)
	{
		appendBinaryStringInfo(&s, sql, (int) (at - sql));
		if (strncmp(at, "@m@", 3) == 0)
		{
			appendStringInfoString(&s, im->mart.quoted);
			sql = at + 3;
		}
		else if (strncmp(at, "@ps@", 4) == 0 || strncmp(at, "@os@", 4) == 0)
		{
			appendStringInfo(&s, "%u::oid::regclass", at[1] == 'p' ? im->mart.party_sequence : im->mart.order_sequence);
			sql = at + 4;
		}
		else
		{
			appendStringInfoChar(&s, '@');
			sql = at + 1;
		}
	}
	appendStringInfoString(&s, sql);
	return s.data;
}

#define PARAMETERS 7
static Oid	parameter_type[PARAMETERS] = {INT2OID, INT8OID, TIMESTAMPTZOID, TEXTOID, NAMEOID, BOOLOID, INT4OID};

static void
parameters(const Import *im, Datum *values)
{
	values[0] = Int16GetDatum(im->source_id);
	values[1] = Int64GetDatum(im->batch);
	values[2] = TimestampTzGetDatum(im->now);
	values[3] = PointerGetDatum(cstring_to_text(im->mart.currency));
	values[4] = DirectFunctionCall1(namein, CStringGetDatum(im->mart.name));
	values[5] = BoolGetDatum(!im->map->points_only);
	values[6] = Int32GetDatum(im->map->consent_count);
}

/* Runs one statement; returns the rows it wrote or read. */
static uint64
run(Import *im, const char *sql)
{
	Datum		values[PARAMETERS];
	int			rc;

	parameters(im, values);
	CHECK_FOR_INTERRUPTS();
	rc = SPI_execute_with_args(in_mart(im, sql), PARAMETERS, parameter_type, values, NULL, false, 0);
	if (rc < 0)
		elog(ERROR, "import: statement failed: %s", SPI_result_code_string(rc));
	return SPI_processed;
}

uint64
import_run(Import *im, const char *sql)
{
	return run(im, sql);
}

/* The same for an INSERT of rows whose party and order are proved to be there. */
static uint64
run_proved(Import *im, const char *sql)
{
	volatile uint64 n = 0;
	WithoutChecks w;

	if (!im->proved)
		return run(im, sql);
	import_without_checks_begin(&w, im, in_mart(im, sql));
	PG_TRY();
	{
		n = run(im, sql);
	}
	PG_FINALLY();
	{
		without_checks_end(&w);
	}
	PG_END_TRY();
	return n;
}

/*
 * INSERT INTO table (columns) select, many rows at once where the table allows it (bulk_insert.h). known: a trigger before the row that does
 * nothing to these rows; apart: they are proved to violate no exclusion constraint.
 */
static bool
bulk(Import *im, BulkScope *scope, const char *table, const char *columns, const char *select, const char *known, bool apart, uint64 *made)
{
	Oid			relid = get_relname_relid(table, get_namespace_oid(im->mart.name, false));
	Datum		values[PARAMETERS];
	ParamListInfo params = makeParamList(PARAMETERS);
	SPIPlanPtr	plan = SPI_prepare(in_mart(im, select), PARAMETERS, parameter_type);

	if (plan == NULL)
		elog(ERROR, "import: could not prepare: %s", SPI_result_code_string(SPI_result));
	parameters(im, values);
	for (int i = 0; i < PARAMETERS; i++)
		params->params[i] = (ParamExternData) {.value = values[i], .pflags = PARAM_FLAG_CONST, .ptype = parameter_type[i]};
	CHECK_FOR_INTERRUPTS();
	return bulk_insert(scope, relid, columns, plan, params, known, apart, made);
}

static char *
insert_statement(const char *table, const char *columns, const char *select)
{
	return psprintf("INSERT INTO @m@.%s (%s) %s", table, columns, select);
}

/* The same in a scope of its own, with its triggers. */
static uint64
insert_rows(Import *im, const char *table, const char *columns, const char *select, const char *known, bool apart)
{
	BulkScope	scope;
	volatile bool done = false;
	uint64		made = 0;

	import_bulk_begin(&scope, im);
	PG_TRY();
	{
		done = bulk(im, &scope, table, columns, select, known, apart, &made);
		bulk_end(&scope);
	}
	PG_CATCH();
	{
		bulk_abandon(&scope);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return done ? made : run_proved(im, insert_statement(table, columns, select));
}

/*
 * Locks the known parties that rows will refer to as the check of a foreign key would lock them, so that none goes away; one that was
 * merged meanwhile has another number now, and of one that was erased the record is a new one. True: all are there; else the server checks
 * row by row (row security hides some).
 */
static bool
lock_parties(Import *im)
{
	bool		sees_all = check_enable_rls(get_relname_relid("party", get_namespace_oid(im->mart.name, false)), InvalidOid, true) != RLS_ENABLED;

	for (int round = 0;; round++)
	{
		uint64		known = run(im, "SELECT FROM @m@.party o WHERE o.party_id IN (SELECT p.party_id FROM pg_temp.crmseg_party p WHERE NOT p.is_new) FOR KEY SHARE");

		if (known == run(im, "SELECT DISTINCT p.party_id FROM pg_temp.crmseg_party p WHERE NOT p.is_new"))
			return true;
		if (round == 3)
			return false;
		if (run(im, "UPDATE pg_temp.crmseg_party p SET party_id = a.party_id FROM @m@.party_alias a WHERE NOT p.is_new AND a.old_party_id = p.party_id "
				"AND NOT EXISTS (SELECT FROM @m@.party o WHERE o.party_id = p.party_id)") > 0)
			continue;
		if (!sees_all || run(im, "UPDATE pg_temp.crmseg_party p SET party_id = nextval(@ps@), is_new = true, is_changed = false, joins = false FROM pg_temp.crmseg_record r "
							 "WHERE NOT p.is_new AND r.rec = p.rec AND r.anonymous_store IS NULL AND NOT EXISTS (SELECT FROM @m@.party o WHERE o.party_id = p.party_id)") == 0)
			return false;
	}
}

/* all_made: the new parties are all there. Likewise the channels of consents, for whoever may lock them. */
static void
prove_references(Import *im, bool all_made)
{
	im->proved = all_made && im->parties_locked;
	if (im->map->consent_count > 0 && pg_class_aclcheck(im->mart.channel, GetUserId(), ACL_SELECT | ACL_UPDATE) == ACLCHECK_OK &&
		check_enable_rls(im->mart.channel, InvalidOid, true) != RLS_ENABLED)
		im->channels_proved = run(im, "SELECT FROM @m@.channel FOR KEY SHARE") == (uint64) im->mart.channel_count;
}

/* Which record belongs to which party: known ones by their key, the others get one of their own. */
static void
match_records(Import *im)
{
	run(im, "INSERT INTO @m@.store (code, name) SELECT s.code, coalesce(s.name, s.code) FROM pg_temp.crmseg_store s "
		"WHERE NOT EXISTS (SELECT FROM @m@.store o WHERE o.code = s.code) ORDER BY s.store_no ON CONFLICT (code) DO NOTHING");
	run(im, "WITH need AS MATERIALIZED (SELECT o.store_id, nextval(@ps@) AS party_id "
		"FROM pg_temp.crmseg_record r JOIN pg_temp.crmseg_store s ON s.store_no = r.anonymous_store JOIN @m@.store o ON o.code = s.code WHERE o.anonymous_party_id IS NULL), "
		"made AS (INSERT INTO @m@.party (party_id, kind, lifecycle) SELECT n.party_id, 'unidentified', 'customer' FROM need n) "
		"UPDATE @m@.store o SET anonymous_party_id = n.party_id FROM need n WHERE o.store_id = n.store_id");
	run(im, "INSERT INTO pg_temp.crmseg_party SELECT r.rec, CASE WHEN r.anonymous_store IS NOT NULL THEN o.anonymous_party_id WHEN s.party_id IS NOT NULL THEN s.party_id "
		"ELSE nextval(@ps@) END, "
		"r.anonymous_store IS NULL AND s.party_id IS NULL, s.party_id IS NOT NULL AND $6 AND s.content_hash IS DISTINCT FROM r.hash, r.versions, r.hash, r.buys, false "
		"FROM pg_temp.crmseg_record r LEFT JOIN pg_temp.crmseg_version v ON v.rec = r.rec AND v.ver = r.versions "
		"LEFT JOIN @m@.source_record s ON s.source_id = $1 AND s.external_id = v.external_id "
		"LEFT JOIN pg_temp.crmseg_store t ON t.store_no = r.anonymous_store LEFT JOIN @m@.store o ON o.code = t.code");
	/* what was seen of an address is of the one party that has it, at once: an unsubscription waits for no linking of records */
	if (im->map->points_only && im->map->fact_count > 0 && im->map->contact_count > 0)
		run(im, "UPDATE pg_temp.crmseg_party p SET party_id = n.party_id, is_new = false, joins = true FROM (SELECT c.rec, min(o.party_id) AS party_id FROM pg_temp.crmseg_contact c "
			"JOIN @m@.contact_point o ON o.kind = c.kind AND o.value_norm = c.value_norm GROUP BY c.rec HAVING count(DISTINCT o.party_id) = 1) n WHERE p.rec = n.rec AND p.is_new");
	im->parties_locked = lock_parties(im);
	/* a record is known by its last content; what earlier lines of the file said of it counts when it names something new */
	run(im, "UPDATE pg_temp.crmseg_party p SET is_changed = true WHERE NOT p.is_new AND NOT p.is_changed AND p.last_ver > 1 AND EXISTS (SELECT FROM pg_temp.crmseg_contact c "
		"WHERE c.rec = p.rec AND NOT EXISTS (SELECT FROM @m@.contact_point o WHERE o.party_id = p.party_id AND o.kind = c.kind AND o.value_norm = c.value_norm))");
}

#define PARTY_COLUMNS "salutation, given_name, family_name, maiden_name, sex, birth_date, deceased_on, language, country, postal_code, legal_name, industry_code, " \
	"headcount, trade, chain_position, tier"

/* What orders name, and which of them are known. */
static void
match_orders(Import *im)
{
	run(im, "INSERT INTO @m@.product (sku, name, category, brand) SELECT s.sku, coalesce(s.name, s.sku), s.category, s.brand FROM pg_temp.crmseg_product s "
		"WHERE NOT EXISTS (SELECT FROM @m@.product o WHERE o.sku = s.sku) ORDER BY s.product_no ON CONFLICT (sku) DO NOTHING");
	run(im, "UPDATE @m@.product o SET name = coalesce(s.name, o.name), category = coalesce(s.category, o.category), brand = coalesce(s.brand, o.brand) FROM pg_temp.crmseg_product s "
		"WHERE o.sku = s.sku AND (o.name <> s.name OR o.category IS DISTINCT FROM coalesce(s.category, o.category) OR o.brand IS DISTINCT FROM coalesce(s.brand, o.brand))");
	run(im, "INSERT INTO pg_temp.crmseg_sale SELECT o.ord, CASE WHEN e.order_id IS NULL THEN nextval(@os@) ELSE e.order_id END, "
		"CASE WHEN e.import_hash = o.hash THEN e.party_id ELSE p.party_id END, e.party_id, e.order_id IS NULL, e.order_id IS NOT NULL AND e.import_hash IS DISTINCT FROM o.hash, o.ordered_at "
		"FROM pg_temp.crmseg_order o LEFT JOIN pg_temp.crmseg_party p ON p.rec = o.rec LEFT JOIN @m@.sales_order e ON e.source_id = $1 AND e.external_id = o.external_id");
}

#define ORDER_COLUMNS "party_id, order_id, ordered_at, kind, channel_id, store_id, currency, amount, base_rate, margin, status, payment_method, " \
	"delivery_method, device, usage, source_id, external_id, import_id, import_hash"

#define NEW_PARTIES "SELECT p.party_id, v.kind, CASE WHEN p.buys THEN 'customer' ELSE 'prospect' END, coalesce(v.is_professional, v.kind = 'organisation'), " PARTY_COLUMNS " " \
	"FROM pg_temp.crmseg_party p JOIN pg_temp.crmseg_version v ON v.rec = p.rec AND v.ver = p.last_ver WHERE p.is_new"

#define NEW_ORDERS "SELECT s.party_id, s.order_id, o.ordered_at, coalesce(o.kind, CASE WHEN coalesce(o.amount, l.amount) < 0 THEN 'r' ELSE 's' END), " \
	"coalesce(o.channel_id, st.channel_id, 0::smallint), st.store_id, o.currency, coalesce(o.amount, l.amount, 0), " \
	"CASE WHEN o.currency = $4 THEN 1 ELSE crmseg.base_rate($5, o.currency, o.ordered_at) END, o.margin, " \
	"coalesce(o.status, 'paid'), o.payment_method, o.delivery_method, o.device, o.usage, $1, o.external_id, $2, o.hash " \
	"FROM pg_temp.crmseg_order o JOIN pg_temp.crmseg_sale s ON s.ord = o.ord AND s.is_new " \
	"LEFT JOIN pg_temp.crmseg_total l ON l.ord = o.ord " \
	"LEFT JOIN pg_temp.crmseg_store t ON t.store_no = o.store_no LEFT JOIN @m@.store st ON st.code = t.code"

/*
 * New parties, and at once the heads of new orders: the triggers of both tables run after both, so that a profile is written once, with
 * the orders.
 */
static void
insert_parties(Import *im)
{
	static const char *const party_columns = "party_id, kind, lifecycle, is_professional, " PARTY_COLUMNS;
	BulkScope	scope;
	volatile bool orders_done = !im->map->has_order;
	uint64		parties = 0,
				made = 0;

	im->proved = true;			/* for the profiles that come with the parties */
	import_bulk_begin(&scope, im);
	PG_TRY();
	{
		if (!bulk(im, &scope, "party", party_columns, NEW_PARTIES, NULL, false, &parties))
			parties = run_proved(im, insert_statement("party", party_columns, NEW_PARTIES));
		prove_references(im, parties == run(im, "SELECT FROM pg_temp.crmseg_party p WHERE p.is_new"));
		if (im->map->has_order)
		{
			match_orders(im);
			orders_done = bulk(im, &scope, "sales_order", ORDER_COLUMNS, NEW_ORDERS, "sales_order_base_rate", false, &made);
		}
		bulk_end(&scope);
	}
	PG_CATCH();
	{
		bulk_abandon(&scope);
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (!orders_done)
		made = run_proved(im, insert_statement("sales_order", ORDER_COLUMNS, NEW_ORDERS));
	if (im->map->has_order)
		im->orders_made = made == run(im, "SELECT FROM pg_temp.crmseg_sale s WHERE s.is_new");
}

static void
load_parties(Import *im)
{
	static const char *const columns[] = {
		"salutation", "given_name", "family_name", "maiden_name", "sex", "birth_date", "deceased_on", "language", "country", "postal_code", "legal_name", "industry_code",
		"headcount", "trade", "chain_position", "tier", "is_professional"
	};
	StringInfoData sql;

	insert_parties(im);
	/* what only earlier lines of the file said of a new party fills the gaps of the last */
	if (run(im, "SELECT FROM pg_temp.crmseg_party WHERE is_new AND last_ver > 1 LIMIT 1") > 0)
	{
		initStringInfo(&sql);
		appendStringInfoString(&sql, "UPDATE @m@.party o SET updated_at = $3");
		for (size_t i = 0; i < lengthof(columns) - 1; i++)
			appendStringInfo(&sql, ", %1$s = coalesce(o.%1$s, n.%1$s)", columns[i]);
		appendStringInfoString(&sql, " FROM (SELECT p.party_id");
		for (size_t i = 0; i < lengthof(columns) - 1; i++)
			appendStringInfo(&sql, ", (array_agg(v.%1$s ORDER BY v.ver DESC) FILTER (WHERE v.%1$s IS NOT NULL))[1] AS %1$s", columns[i]);
		appendStringInfoString(&sql, " FROM pg_temp.crmseg_party p JOIN pg_temp.crmseg_version v ON v.rec = p.rec WHERE p.is_new AND p.last_ver > 1 GROUP BY p.party_id) n WHERE o.party_id = n.party_id");
		run(im, sql.data);
	}
	insert_rows(im, "source_record", "party_id, source_id, external_id, payload, content_hash, first_seen, last_seen, import_id",
		   "SELECT p.party_id, $1, v.external_id, v.payload, p.hash, $3, $3, $2 "
		   "FROM pg_temp.crmseg_party p JOIN pg_temp.crmseg_version v ON v.rec = p.rec AND v.ver = p.last_ver WHERE p.is_new OR p.joins", NULL, false);
	if (run(im, "SELECT FROM pg_temp.crmseg_party WHERE is_changed LIMIT 1") == 0)
		return;

	/* What a changed record says overwrites, unless a source of higher trust speaks of the same party: then it only fills gaps. An empty
	 * cell takes nothing away. */
	initStringInfo(&sql);
	appendStringInfoString(&sql, "UPDATE @m@.party o SET updated_at = $3");
	for (size_t i = 0; i < lengthof(columns); i++)
		appendStringInfo(&sql, ", %1$s = CASE WHEN n.may OR o.%1$s IS NULL THEN coalesce(n.%1$s, o.%1$s) ELSE o.%1$s END", columns[i]);
	appendStringInfoString(&sql, " FROM (SELECT DISTINCT ON (p.party_id) p.party_id, v.*, NOT EXISTS (SELECT FROM @m@.source_record r JOIN @m@.source s ON s.source_id = r.source_id "
						   "WHERE r.party_id = p.party_id AND r.source_id <> $1 AND s.trust > (SELECT m.trust FROM @m@.source m WHERE m.source_id = $1)) AS may "
						   "FROM pg_temp.crmseg_party p JOIN pg_temp.crmseg_version v ON v.rec = p.rec AND v.ver = p.last_ver WHERE p.is_changed ORDER BY p.party_id, p.rec DESC) n "
						   "WHERE o.party_id = n.party_id");
	run(im, sql.data);
	run(im, "UPDATE @m@.source_record s SET payload = v.payload, content_hash = p.hash, last_seen = $3, import_id = $2, resolved_at = NULL "
		"FROM pg_temp.crmseg_party p JOIN pg_temp.crmseg_version v ON v.rec = p.rec AND v.ver = p.last_ver "
		"WHERE p.is_changed AND s.party_id = p.party_id AND s.source_id = $1 AND s.external_id = v.external_id");
}

static void
load_contacts(Import *im)
{
	/* a party made just now has nothing yet */
	insert_rows(im, "contact_point", "party_id, kind, value, value_norm, label, street, postal_code, city, country, source_id, is_primary",
		   "SELECT p.party_id, c.kind, c.value, c.value_norm, c.label, c.street, c.postal_code, c.city, c.country, $1, c.item = 0 "
		   "FROM pg_temp.crmseg_contact c JOIN pg_temp.crmseg_party p ON p.rec = c.rec WHERE p.is_new AND p.last_ver = 1", "contact_point_norm", false);
	if (run(im, "SELECT FROM pg_temp.crmseg_party WHERE is_changed OR (is_new AND last_ver > 1) LIMIT 1") == 0)
		return;
	run(im, "INSERT INTO @m@.contact_point (party_id, kind, value, value_norm, label, street, postal_code, city, country, source_id) "
		"SELECT DISTINCT ON (p.party_id, c.kind, c.value_norm) p.party_id, c.kind, c.value, c.value_norm, c.label, c.street, c.postal_code, c.city, c.country, $1 "
		"FROM pg_temp.crmseg_contact c JOIN pg_temp.crmseg_party p ON p.rec = c.rec "
		"WHERE (p.is_changed OR (p.is_new AND p.last_ver > 1)) "
		"AND NOT EXISTS (SELECT FROM @m@.contact_point o WHERE o.party_id = p.party_id AND o.kind = c.kind AND o.value_norm = c.value_norm) "
		"ORDER BY p.party_id, c.kind, c.value_norm, c.ver DESC, c.item ON CONFLICT (party_id, kind, value_norm) DO NOTHING");
	/* the first of its kind that a record names now is the one to use, in the place of one that the same source named before */
	run(im, "WITH wish AS (SELECT DISTINCT ON (p.party_id, c.kind) p.party_id, c.kind, c.value_norm FROM pg_temp.crmseg_contact c JOIN pg_temp.crmseg_party p ON p.rec = c.rec "
		"WHERE (p.is_changed OR (p.is_new AND p.last_ver > 1)) AND c.ver = p.last_ver AND c.item = 0 ORDER BY p.party_id, c.kind, p.rec DESC) "
		"UPDATE @m@.contact_point o SET is_primary = false FROM wish w WHERE o.party_id = w.party_id AND o.kind = w.kind AND o.is_primary AND o.source_id = $1 AND o.value_norm <> w.value_norm");
	run(im, "WITH wish AS (SELECT DISTINCT ON (p.party_id, c.kind) p.party_id, c.kind, c.value_norm FROM pg_temp.crmseg_contact c JOIN pg_temp.crmseg_party p ON p.rec = c.rec "
		"WHERE (p.is_changed OR (p.is_new AND p.last_ver > 1)) AND c.item = 0 ORDER BY p.party_id, c.kind, c.ver DESC, p.rec DESC) "
		"UPDATE @m@.contact_point o SET is_primary = true FROM wish w WHERE o.party_id = w.party_id AND o.kind = w.kind AND o.value_norm = w.value_norm AND NOT o.is_primary "
		"AND NOT EXISTS (SELECT FROM @m@.contact_point k WHERE k.party_id = w.party_id AND k.kind = w.kind AND k.is_primary)");
}

/*
 * One consent after another, for parties of which something may be known: the ledger's periods never overlap, older news than what is
 * known changes nothing, and an undated yes does not override a no that came another way. Of a yes and a no at one instant the no holds,
 * unless a later import of the transaction takes it back.
 */
static void
load_consents(Import *im)
{
	uint64		n;
	bool		apart;
	SPITupleTable *rows;
	Oid			types[11] = {INT8OID, TEXTOID, INT2OID, TEXTOID, TIMESTAMPTZOID, INT2OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID};
	SPIPlanPtr	find, close, replace, insert;

	/* parties made just now have no consents yet, unless a trigger of the user's gave them some: then the server looks for overlaps */
	apart = im->proved && run(im, "SELECT FROM @m@.consent c JOIN (SELECT min(p.party_id) AS first, max(p.party_id) AS last FROM pg_temp.crmseg_party p WHERE p.is_new) n "
							  "ON c.party_id >= n.first AND c.party_id <= n.last LIMIT 1") == 0;
	insert_rows(im, "consent", "party_id, purpose, channel_id, status, legal_basis, valid, captured_at, double_opt_in_at, source_id, method, notice, jurisdiction",
		   "SELECT p.party_id, c.purpose, c.channel_id, c.status, coalesce(c.legal_basis, 'consent'), tstzrange(coalesce(c.captured_at, $3), NULL), coalesce(c.captured_at, $3), "
		   "c.double_opt_in_at, $1, c.method, c.notice, c.jurisdiction "
		   "FROM pg_temp.crmseg_consent c JOIN pg_temp.crmseg_party p ON p.rec = c.rec WHERE p.is_new AND p.last_ver = 1 "
		   /* of several about one thing the last, of one instant the refusal */
		   "AND NOT EXISTS (SELECT FROM pg_temp.crmseg_consent d WHERE $7 > 1 AND d.rec = c.rec AND d.item <> c.item AND d.purpose = c.purpose AND d.channel_id = c.channel_id "
		   "AND (coalesce(d.captured_at, $3), d.status <> 'granted', -d.item) > (coalesce(c.captured_at, $3), c.status <> 'granted', -c.item)) "
		   /* rising keys always split the last page of the gist index, and badly: in no order it takes less than half the time */
		   "ORDER BY pg_catalog.hashint8(p.party_id)", NULL, apart);
	n = run(im, "SELECT p.party_id, c.purpose, c.channel_id, c.status, coalesce(c.captured_at, $3), c.captured_at IS NULL, "
			"coalesce(c.legal_basis, 'consent'), c.method, c.notice, c.jurisdiction, c.double_opt_in_at, (SELECT min(l.line_no) FROM pg_temp.crmseg_line l WHERE l.rec = c.rec AND l.ver = c.ver) "
			"FROM pg_temp.crmseg_consent c JOIN pg_temp.crmseg_party p ON p.rec = c.rec "
			"WHERE p.is_changed OR (p.is_new AND p.last_ver > 1) ORDER BY 5, c.status <> 'granted', c.ver, p.rec, c.item");
	if (n == 0)
		return;
	rows = SPI_tuptable;
	find = SPI_prepare(in_mart(im, "SELECT c.status, coalesce(lower(c.valid), '-infinity'), c.source_id FROM @m@.consent c WHERE c.party_id = $1 AND c.purpose = $2 AND c.channel_id = $3 "
							   "AND c.contact_point_id = 0 ORDER BY c.valid DESC LIMIT 1"), 3, types);
	close = SPI_prepare(in_mart(im, "UPDATE @m@.consent c SET valid = tstzrange(lower(c.valid), $5) WHERE c.party_id = $1 AND c.purpose = $2 AND c.channel_id = $3 "
								"AND c.contact_point_id = 0 AND upper_inf(c.valid) AND coalesce(lower(c.valid), '-infinity') < $5 AND $4 IS NOT NULL"), 5, types);
	replace = SPI_prepare(in_mart(im, "DELETE FROM @m@.consent c WHERE c.party_id = $1 AND c.purpose = $2 AND c.channel_id = $3 "
								  "AND c.contact_point_id = 0 AND lower(c.valid) = $5 AND $4 IS NOT NULL"), 5, types);
	insert = SPI_prepare(in_mart(im, "INSERT INTO @m@.consent (party_id, purpose, channel_id, status, valid, captured_at, source_id, legal_basis, method, notice, jurisdiction, double_opt_in_at) "
								 "VALUES ($1, $2, $3, $4, tstzrange($5, NULL), $5, $6, $7, $8, $9, $10, $11)"), 11, types);
	if (find == NULL || close == NULL || replace == NULL || insert == NULL)
		elog(ERROR, "import: could not prepare the statements of consents");
	for (uint64 i = 0; i < n; i++)
	{
		static const int8 from[11] = {1, 2, 3, 4, 5, 0, 7, 8, 9, 10, 11};
		Datum		v[11];
		char		nulls[12] = "           ";
		bool		null;
		bool		undated = DatumGetBool(SPI_getbinval(rows->vals[i], rows->tupdesc, 6, &null));
		char	   *status;

		CHECK_FOR_INTERRUPTS();
		for (int k = 0; k < 11; k++)
		{
			if (from[k] == 0)
			{
				v[k] = Int16GetDatum(im->source_id);
				continue;
			}
			v[k] = SPI_getbinval(rows->vals[i], rows->tupdesc, from[k], &null);
			nulls[k] = null ? 'n' : ' ';
		}
		status = TextDatumGetCString(v[3]);
		SPI_execute_plan(find, v, nulls, false, 1);
		if (SPI_processed > 0)
		{
			char	   *known = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
			TimestampTz since = DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &null));
			int16		source = DatumGetInt16(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 3, &null));
			bool		refused = strcmp(known, "granted") != 0;

			if (null)
				source = 0;
			if (strcmp(known, status) == 0 || (refused && strcmp(status, "granted") != 0))
				continue;
			if (undated && refused && source != im->source_id)
			{
				im->line_no = DatumGetInt64(SPI_getbinval(rows->vals[i], rows->tupdesc, 12, &null));
				run(im, psprintf("INSERT INTO @m@.import_warning (import_id, line_no, column_name, code, reason) VALUES ($2, " INT64_FORMAT
								 ", 'consent', '22023', 'an undated consent does not override a refusal that came another way: left out')", im->line_no));
				im->warnings++;
				continue;
			}
			if (DatumGetTimestampTz(v[4]) < since || (DatumGetTimestampTz(v[4]) == since && refused && !(undated && im->is_later)))
				continue;
			if (DatumGetTimestampTz(v[4]) == since)
				SPI_execute_plan(replace, v, nulls, false, 0);
			else
			{
				/* a consent taken back is withdrawn, not denied */
				if (!refused && strcmp(status, "denied") == 0)
					v[3] = PointerGetDatum(cstring_to_text("withdrawn"));
				SPI_execute_plan(close, v, nulls, false, 0);
			}
		}
		SPI_execute_plan(insert, v, nulls, false, 0);
	}
}

static void
load_attributes(Import *im)
{
	bool		special = false;

	run(im, "INSERT INTO @m@.external_key (party_id, scheme, key_value, source_id) SELECT p.party_id, k.scheme, k.key_value, $1 "
		"FROM pg_temp.crmseg_key k JOIN pg_temp.crmseg_party p ON p.rec = k.rec WHERE p.is_new OR p.is_changed ON CONFLICT (party_id, scheme, key_value) DO NOTHING");
	if (im->map->attribute_count == 0)
		return;
	for (int i = 0; i < im->map->attribute_count; i++)
		special = special || im->map->attribute[i].is_special;
	/* the mart refuses what is of a special category without an explicit consent: such a value is left out, and the line is taken */
	if (special)
		im->warnings += run(im, "WITH gone AS (DELETE FROM pg_temp.crmseg_attribute a USING pg_temp.crmseg_party p, @m@.attribute_def d WHERE p.rec = a.rec AND d.attribute_id = a.attribute_id "
			"AND d.sensitivity = 'special' AND NOT EXISTS (SELECT FROM @m@.consent c WHERE c.party_id = p.party_id AND c.status = 'granted' AND c.legal_basis = 'consent' AND c.valid @> now() "
			"AND (c.purpose = d.consent_purpose OR (d.consent_purpose IS NULL AND c.purpose IN (d.key, 'special_categories')))) RETURNING a.rec, a.ver, d.key) "
			"INSERT INTO @m@.import_warning (import_id, line_no, column_name, code, reason) SELECT $2, (SELECT min(l.line_no) FROM pg_temp.crmseg_line l WHERE l.rec = g.rec AND l.ver = g.ver), 'attributes.' || g.key, "
			"'23514', 'of a special category, and the party has given no explicit consent: left out' FROM gone g WHERE EXISTS (SELECT FROM pg_temp.crmseg_line l WHERE l.rec = g.rec AND l.ver = g.ver)");
	run_proved(im, "INSERT INTO @m@.party_attribute (party_id, attribute_id, item, flag, num, txt, day, doc, provenance, source_id, collected_at, import_id) "
		"SELECT p.party_id, a.attribute_id, a.item, a.flag, a.num, a.txt, a.day, a.doc, a.provenance, $1, $3, $2 "
		"FROM pg_temp.crmseg_attribute a JOIN pg_temp.crmseg_party p ON p.rec = a.rec AND a.ver = p.last_ver WHERE p.is_new ON CONFLICT DO NOTHING");
	if (run(im, "SELECT FROM pg_temp.crmseg_party WHERE is_changed LIMIT 1") == 0)
		return;
	/* what the same source said otherwise, or in more items, ends now; what began now is gone */
#define SAID_OTHERWISE "upper_inf(o.valid) AND o.source_id = $1 AND EXISTS (SELECT FROM said s WHERE s.party_id = o.party_id AND s.attribute_id = o.attribute_id) " \
		"AND NOT EXISTS (SELECT FROM said s WHERE s.party_id = o.party_id AND s.attribute_id = o.attribute_id AND s.item = o.item " \
		"AND s.flag IS NOT DISTINCT FROM o.flag AND s.num IS NOT DISTINCT FROM o.num AND s.txt IS NOT DISTINCT FROM o.txt AND s.day IS NOT DISTINCT FROM o.day " \
		"AND s.doc IS NOT DISTINCT FROM o.doc)"
#define SAID "WITH said AS (SELECT p.party_id, a.* FROM pg_temp.crmseg_attribute a JOIN pg_temp.crmseg_party p ON p.rec = a.rec AND a.ver = p.last_ver WHERE p.is_changed) "
	if (im->is_later)
		run(im, SAID "DELETE FROM @m@.party_attribute o WHERE lower(o.valid) = $3 AND " SAID_OTHERWISE);
	run(im, SAID "UPDATE @m@.party_attribute o SET valid = tstzrange(lower(o.valid), greatest($3, lower(o.valid) + interval '1 microsecond')) WHERE " SAID_OTHERWISE);
	run(im, "INSERT INTO @m@.party_attribute (party_id, attribute_id, item, flag, num, txt, day, doc, provenance, source_id, collected_at, valid, import_id) "
		"SELECT DISTINCT ON (p.party_id, a.attribute_id, a.item) p.party_id, a.attribute_id, a.item, a.flag, a.num, a.txt, a.day, a.doc, a.provenance, $1, $3, tstzrange($3, NULL), $2 "
		"FROM pg_temp.crmseg_attribute a JOIN pg_temp.crmseg_party p ON p.rec = a.rec AND a.ver = p.last_ver WHERE p.is_changed "
		"ORDER BY p.party_id, a.attribute_id, a.item, p.rec DESC ON CONFLICT DO NOTHING");
}

static void
load_orders(Import *im)
{
	bool		any_known;

	if (im->map->has_line)
	{
		im->proved = im->proved && im->orders_made;
		insert_rows(im, "sales_order_line", "party_id, order_id, line_no, product_id, ordered_at, quantity, amount, discount, return_reason, import_key, import_hash",
			"SELECT s.party_id, s.order_id, l.nth, d.product_id, s.ordered_at, l.quantity, l.amount, coalesce(l.discount, 0), l.return_reason, l.key, l.hash "
			"FROM pg_temp.crmseg_line l JOIN pg_temp.crmseg_sale s ON s.ord = l.ord AND s.is_new "
			"LEFT JOIN (SELECT p.product_no, o.product_id FROM pg_temp.crmseg_product p JOIN @m@.product o ON o.sku = p.sku) d ON d.product_no = l.product_no", NULL, false);
	}
	run(im, "UPDATE @m@.party p SET lifecycle = 'customer', updated_at = $3 WHERE p.lifecycle = 'prospect' AND p.party_id IN (SELECT s.party_id FROM pg_temp.crmseg_sale s "
		"JOIN pg_temp.crmseg_order o ON o.ord = s.ord JOIN pg_temp.crmseg_party q ON q.rec = o.rec WHERE NOT q.is_new AND s.is_new AND o.kind IS DISTINCT FROM 'r')");
	any_known = run(im, "SELECT FROM pg_temp.crmseg_sale WHERE NOT is_new LIMIT 1") > 0;
	if (!any_known)
		return;

	/* orders that were here before: their heads, then their lines, then what follows from the lines */
	run(im, "UPDATE @m@.sales_order e SET party_id = s.party_id, ordered_at = o.ordered_at, kind = CASE WHEN coalesce(o.amount, e.amount) > 0 THEN 's' ELSE coalesce(o.kind, e.kind) END, "
		"channel_id = coalesce(o.channel_id, st.channel_id, e.channel_id), store_id = coalesce(st.store_id, e.store_id), currency = o.currency, "
		"amount = coalesce(o.amount, e.amount), margin = coalesce(o.margin, e.margin), status = coalesce(o.status, e.status), "
		"payment_method = coalesce(o.payment_method, e.payment_method), delivery_method = coalesce(o.delivery_method, e.delivery_method), device = coalesce(o.device, e.device), "
		"usage = coalesce(o.usage, e.usage), import_id = $2, import_hash = o.hash "
		"FROM pg_temp.crmseg_sale s JOIN pg_temp.crmseg_order o ON o.ord = s.ord "
		"LEFT JOIN pg_temp.crmseg_store t ON t.store_no = o.store_no LEFT JOIN @m@.store st ON st.code = t.code "
		"WHERE s.is_changed AND e.party_id = s.old_party_id AND e.order_id = s.order_id");
	if (!im->map->has_line)
		return;
	run(im, "UPDATE @m@.sales_order_line e SET ordered_at = s.ordered_at FROM pg_temp.crmseg_sale s "
		"WHERE s.is_changed AND e.party_id = s.party_id AND e.order_id = s.order_id AND e.ordered_at <> s.ordered_at");
	run(im, "INSERT INTO pg_temp.crmseg_known SELECT l.line_no, l.ord, e.line_no, e.line_no IS NOT NULL AND e.import_hash IS DISTINCT FROM l.hash "
		"FROM pg_temp.crmseg_line l JOIN pg_temp.crmseg_sale s ON s.ord = l.ord AND NOT s.is_new "
		"LEFT JOIN @m@.sales_order_line e ON e.party_id = s.party_id AND e.order_id = s.order_id AND e.import_key = l.key");
	if (run(im, "SELECT FROM pg_temp.crmseg_known k WHERE k.is_changed OR k.old_line_no IS NULL LIMIT 1") == 0)
		return;
	run(im, "UPDATE @m@.sales_order_line e SET product_id = d.product_id, quantity = l.quantity, amount = l.amount, discount = coalesce(l.discount, 0), "
		"return_reason = l.return_reason, import_hash = l.hash "
		"FROM pg_temp.crmseg_known k JOIN pg_temp.crmseg_line l ON l.line_no = k.line_no JOIN pg_temp.crmseg_sale s ON s.ord = k.ord "
		"LEFT JOIN (SELECT p.product_no, o.product_id FROM pg_temp.crmseg_product p JOIN @m@.product o ON o.sku = p.sku) d ON d.product_no = l.product_no "
		"WHERE k.is_changed AND e.party_id = s.party_id AND e.order_id = s.order_id AND e.line_no = k.old_line_no");
	run(im, "INSERT INTO @m@.sales_order_line (party_id, order_id, line_no, product_id, ordered_at, quantity, amount, discount, return_reason, import_key, import_hash) "
		"SELECT s.party_id, s.order_id, (SELECT coalesce(max(x.line_no), 0) FROM @m@.sales_order_line x WHERE x.party_id = s.party_id AND x.order_id = s.order_id) "
		"+ row_number() OVER (PARTITION BY s.ord ORDER BY l.line_no), "
		"d.product_id, s.ordered_at, l.quantity, l.amount, coalesce(l.discount, 0), l.return_reason, l.key, l.hash "
		"FROM pg_temp.crmseg_known k JOIN pg_temp.crmseg_line l ON l.line_no = k.line_no JOIN pg_temp.crmseg_sale s ON s.ord = k.ord "
		"LEFT JOIN (SELECT p.product_no, o.product_id FROM pg_temp.crmseg_product p JOIN @m@.product o ON o.sku = p.sku) d ON d.product_no = l.product_no "
		"WHERE k.old_line_no IS NULL");
	run(im, "UPDATE @m@.sales_order e SET amount = n.amount, kind = CASE WHEN n.stated = 'r' AND n.amount <= 0 THEN 'r' WHEN n.stated IS NULL AND n.amount < 0 THEN 'r' ELSE 's' END, import_id = $2 "
		"FROM (SELECT s.party_id, s.order_id, o.kind AS stated, coalesce(o.amount, (SELECT sum(x.amount) FROM @m@.sales_order_line x WHERE x.party_id = s.party_id AND x.order_id = s.order_id)) AS amount "
		"FROM pg_temp.crmseg_sale s JOIN pg_temp.crmseg_order o ON o.ord = s.ord "
		"WHERE NOT s.is_new AND s.ord IN (SELECT k.ord FROM pg_temp.crmseg_known k WHERE k.is_changed OR k.old_line_no IS NULL)) n "
		"WHERE e.party_id = n.party_id AND e.order_id = n.order_id");
}

/* What became of each line that was not refused. */
static void
count_outcomes(Import *im, int64 *inserted, int64 *updated, int64 *unchanged)
{
	bool		null;

	/* each line is one of an order that is new: the usual case, and nothing to be looked up */
	if (im->map->has_line && im->facts == 0 && im->lines_of_orders == im->lines_read - im->rejected &&
		run(im, "SELECT FROM pg_temp.crmseg_sale WHERE NOT is_new LIMIT 1") == 0)
	{
		*inserted = im->lines_of_orders;
		*updated = *unchanged = 0;
		return;
	}
	run(im, psprintf("SELECT count(*) FILTER (WHERE o = 'i'), count(*) FILTER (WHERE o = 'u'), count(*) FILTER (WHERE o = 'n') FROM (SELECT CASE "
					 "WHEN l.ord IS NOT NULL AND s.is_new AND (l.head OR %s) THEN 'i' "
					 "WHEN k.line_no IS NOT NULL AND k.old_line_no IS NULL THEN 'i' "
					 "WHEN l.ord IS NULL AND l.opens AND l.ver = 1 AND p.is_new THEN 'i' "
					 "WHEN f.fresh THEN 'i' WHEN f.changed THEN 'u' "
					 "WHEN (l.opens AND (p.is_changed OR (p.is_new AND l.ver > 1))) OR (l.head AND s.is_changed) OR k.is_changed THEN 'u' ELSE 'n' END AS o "
					 "FROM pg_temp.crmseg_line l LEFT JOIN pg_temp.crmseg_party p ON p.rec = l.rec LEFT JOIN pg_temp.crmseg_sale s ON s.ord = l.ord "
					 "LEFT JOIN pg_temp.crmseg_known k ON k.line_no = l.line_no "
					 "LEFT JOIN (SELECT f.line_no, bool_or(NOT f.known) AS fresh, bool_or(f.changed) AS changed FROM pg_temp.crmseg_fact f GROUP BY 1) f ON f.line_no = l.line_no) x", im->map->has_line ? "true" : "false"));
	*inserted = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null));
	*updated = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &null));
	*unchanged = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 3, &null));
}

void
import_load(Import *im, int64 *inserted, int64 *updated, int64 *unchanged)
{
	import_progress(im, PHASE_PARTY);
	run(im, "INSERT INTO @m@.import_reject (import_id, line_no, raw, column_name, code, reason, detail, occurrence) "
		"SELECT $2, r.line_no, r.raw, r.column_name, r.code, r.reason, r.detail, r.nth FROM pg_temp.crmseg_reject r WHERE NOT EXISTS "
		"(SELECT FROM @m@.import_batch b WHERE b.import_id = $2 AND b.replay_of IS NOT NULL)");
	run(im, "INSERT INTO @m@.import_warning (import_id, line_no, column_name, code, reason, value) SELECT $2, w.line_no, w.column_name, w.code, w.reason, w.value FROM pg_temp.crmseg_warning w "
		"WHERE NOT EXISTS (SELECT FROM pg_temp.crmseg_reject r WHERE r.line_no = w.line_no)");
	im->warnings = (int64) SPI_processed;
	match_records(im);
	load_parties(im);
	import_progress(im, PHASE_CONTACT);
	load_contacts(im);
	load_consents(im);
	load_attributes(im);
	if (im->map->has_order)
	{
		import_progress(im, PHASE_ORDER);
		load_orders(im);
	}
	import_load_facts(im);
	import_progress(im, PHASE_COUNT);
	count_outcomes(im, inserted, updated, unchanged);
}
