/*
 * find_fn.c: find_matches: the parties of a mart that an incoming record may be. The record's keys are looked up in match_key; who has the rarest ones in
 * common is read and weighed by the linkage engine, with the mart's model or what is usual. Everything is read by SQL with the caller's rights; the
 * three questions are planned once a session and mart.
 */
#include "match/find_record.h"
#include "match/link_fn.h"

#include <math.h>

#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"


#define ROWS_PER_KEY 120			/* of one key are read; a key that more have says too little */
#define CANDIDATES 32			/* at most are read and weighed */
#define CANDIDATES_SURE 12		/* of them even with few bits of keys in common */
#define CANDIDATES_SHARE 0.3	/* others with this share of the best one's bits */

PG_FUNCTION_INFO_V1(crmseg_find_matches);

static const link_kind engine_kind[V_KINDS] = {LINK_GIVEN_NAME, LINK_FAMILY_NAME, LINK_MAIDEN_NAME, LINK_FULL_NAME, LINK_ORGANISATION_NAME, LINK_DATE, LINK_SEX, LINK_EMAIL, LINK_PHONE, LINK_ADDRESS,
	LINK_POSTAL_CODE, LINK_CITY, LINK_COUNTRY, LINK_REGISTRY_NUMBER};

/* ---- the plans ---- */

typedef enum Question { Q_PENDING, Q_KEYS, Q_PARTIES, Q_MODEL, QUESTIONS } Question;

typedef struct Plans
{
	NameData	mart;			/* the key */
	Oid			schema;			/* that was a mart when it was last looked at */
	SPIPlanPtr	plan[QUESTIONS];
} Plans;

static HTAB *plans;

/* The entry of a mart; a schema that is new under this name is asked first whether it is one. */
static Plans *
plans_of(Name mart)
{
	Plans	   *p;
	bool		found;
	Oid			schema = get_namespace_oid(NameStr(*mart), true);

	if (plans == NULL)
	{
		HASHCTL		c = {.keysize = sizeof(NameData), .entrysize = sizeof(Plans)};

		plans = hash_create("crmseg find_matches", 8, &c, HASH_ELEM | HASH_BLOBS);
	}
	p = hash_search(plans, mart, HASH_ENTER, &found);
	if (!found)
		memset(p->plan, 0, sizeof p->plan);
	if (!found || p->schema != schema)
	{
		Oid			type = NAMEOID;
		Datum		arg = NameGetDatum(mart);

		p->schema = InvalidOid;
		SPI_execute_with_args("SELECT crmseg.require_datamart($1)", 1, &type, &arg, NULL, false, 1);
		p->schema = schema;
	}
	return p;
}

static SPIPlanPtr
plan_of(Name mart, Question q)
{
	Plans	   *p = plans_of(mart);

	if (p->plan[q] == NULL)
	{
		const char *m = quote_identifier(NameStr(*mart));
		char	   *sql = NULL;
		Oid			types[2] = {INT8ARRAYOID, INT4OID};
		SPIPlanPtr	plan;

		switch (q)
		{
			case Q_PENDING:
				sql = psprintf("SELECT 1 FROM %s.match_pending LIMIT 1", m);
				break;
			case Q_KEYS:
				sql = psprintf("SELECT k.n::integer, x.party_id FROM unnest($1) WITH ORDINALITY k (h, n) CROSS JOIN LATERAL "
							   "(SELECT m.party_id FROM %s.match_key m WHERE m.key_hash = k.h LIMIT $2) x", m);
				break;
			case Q_PARTIES:
				sql = psprintf("SELECT k.n::integer, p.party_id, p.kind, p.given_name, p.family_name, p.maiden_name, p.legal_name, p.birth_date, p.sex, p.postal_code, p.country, "
							   "c.kind, c.value, coalesce(c.street, c.value), c.postal_code, c.city, c.country "
							   "FROM unnest($1) WITH ORDINALITY k (id, n) JOIN %1$s.party p ON p.party_id = k.id AND p.kind IN ('person', 'organisation') "
							   "LEFT JOIN %1$s.contact_point c ON c.party_id = p.party_id AND c.kind IN ('email', 'phone', 'postal') ORDER BY k.n", m);
				break;
			case Q_MODEL:
				sql = psprintf("SELECT m.model FROM %s.match_model m ORDER BY m.match_model_id DESC LIMIT 1", m);
				break;
			case QUESTIONS:
				break;
		}
		plan = SPI_prepare_cursor(sql, q == Q_KEYS ? 2 : q == Q_PARTIES ? 1 : 0, types, CURSOR_OPT_GENERIC_PLAN);
		if (plan == NULL)
			elog(ERROR, "find_matches: %s", SPI_result_code_string(SPI_result));
		SPI_keepplan(plan);
		p->plan[q] = plan;
	}
	return p->plan[q];
}

static void
ask(Name mart, Question q, Datum *args, int limit)
{
	if (SPI_execute_plan(plan_of(mart, q), args, NULL, false, limit) != SPI_OK_SELECT)
		elog(ERROR, "find_matches: a question failed");
}

static Datum
bigints(const int64 *v, int n)
{
	Datum	   *d = palloc(Max(n, 1) * sizeof(Datum));

	for (int i = 0; i < n; i++)
		d[i] = Int64GetDatum(v[i]);
	return PointerGetDatum(construct_array(d, n, INT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* ---- candidates ---- */

typedef struct Candidate
{
	int64		id;
	double		votes;			/* bits of the keys in common */
	double		weight;
	bool		weighed;
} Candidate;

static int
by_votes(const void *a, const void *b)
{
	const Candidate *x = a,
			   *y = b;

	return x->votes > y->votes ? -1 : x->votes < y->votes ? 1 : x->id < y->id ? -1 : x->id > y->id;
}

static int
by_weight(const void *a, const void *b)
{
	const Candidate *x = a,
			   *y = b;

	if (x->weighed != y->weighed)
		return x->weighed ? -1 : 1;
	return x->weight > y->weight ? -1 : x->weight < y->weight ? 1 : x->id < y->id ? -1 : x->id > y->id;
}

static int
by_id(const void *a, const void *b)
{
	const Candidate *x = a,
			   *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* Who has keys in common, most and rarest first; at most CANDIDATES. */
static Candidate *
candidates(Name mart, const match_keys *k, int *count, int *namesakes)
{
	Datum		args[2] = {bigints(k->key, k->n), Int32GetDatum(ROWS_PER_KEY)};
	uint64		rows;
	int			of_key[MATCH_KEYS_MAX] = {0};
	Candidate  *c;
	int			n = 0;

	ask(mart, Q_KEYS, args, 0);
	rows = SPI_processed;
	c = palloc((rows + 1) * sizeof(Candidate));
	for (int pass = 0; pass < 2; pass++)
		for (uint64 i = 0; i < rows; i++)
		{
			HeapTuple	t = SPI_tuptable->vals[i];
			bool		null;
			int			key = DatumGetInt32(SPI_getbinval(t, SPI_tuptable->tupdesc, 1, &null)) - 1;

			if (pass == 0)
				of_key[key]++;
			else
				/* a key that few have is worth more, one that is cut off next to nothing */
				c[i] = (Candidate) {DatumGetInt64(SPI_getbinval(t, SPI_tuptable->tupdesc, 2, &null)), of_key[key] >= ROWS_PER_KEY ? 2 : 14 - log2(of_key[key])};
		}
	SPI_freetuptable(SPI_tuptable);
	*namesakes = 0;
	for (int i = 0; i < k->n; i++)
		if (k->kind[i] == 'S' || k->kind[i] == 'O')
			*namesakes = Max(*namesakes, of_key[i]);
	qsort(c, rows, sizeof(Candidate), by_id);
	for (uint64 i = 0; i < rows; i++)
		if (n > 0 && c[n - 1].id == c[i].id)
			c[n - 1].votes += c[i].votes;
		else
			c[n++] = c[i];
	qsort(c, n, sizeof(Candidate), by_votes);
	n = Min(n, CANDIDATES);
	while (n > CANDIDATES_SURE && c[n - 1].votes < c[0].votes * CANDIDATES_SHARE)
		n--;
	/* neighbours are read together */
	qsort(c, n, sizeof(Candidate), by_id);
	*count = n;
	return c;
}

/* ---- weighing ---- */

static Value
column(HeapTuple t, int i, bool is_date)
{
	bool		null;
	Datum		d = SPI_getbinval(t, SPI_tuptable->tupdesc, i, &null);

	if (null)
		return (Value) {"", 0};
	if (is_date)
	{
		int			y,
					m,
					day;
		char	   *s;

		j2date(DatumGetDateADT(d) + POSTGRES_EPOCH_JDATE, &y, &m, &day);
		s = psprintf("%04d-%02d-%02d", y, m, day);
		return (Value) {s, strlen(s)};
	}
	return (Value) {VARDATA_ANY(DatumGetPointer(d)), VARSIZE_ANY_EXHDR(DatumGetPointer(d))};
}

/* How well a value of a party serves to compare it with the record's: the engine reads one of each kind. */
static int
fitness(const Record *record, int kind, const Value *v)
{
	match_keys	a = {0},
				b = {0};
	int			shared = 0;

	if (kind == V_EMAIL)
	{
		match_keys_email(&a, v->s, v->n, false);
		for (int i = 0; i < record->n[kind]; i++)
			match_keys_email(&b, record->value[kind][i].s, record->value[kind][i].n, false);
	}
	else
	{
		match_keys_phone(&a, v->s, v->n);
		for (int i = 0; i < record->n[kind]; i++)
			match_keys_phone(&b, record->value[kind][i].s, record->value[kind][i].n);
	}
	for (int i = 0; i < a.n; i++)
		for (int j = 0; j < b.n; j++)
			shared += a.key[i] == b.key[j];
	return shared;
}

static void
take(Record *r, const Record *record, int kind, Value v, int *best)
{
	int			f;

	if (v.n == 0)
		return;
	/* nothing to choose where there is one, or where the record has none */
	f = record->n[kind] == 0 || r->n[kind] == 0 ? 0 : fitness(record, kind, &v);
	if (r->n[kind] > 0 && *best < 0)
		*best = fitness(record, kind, &r->value[kind][0]);
	if (r->n[kind] == 0)
		*best = -1;
	if (r->n[kind] == 0 || f > *best)
	{
		r->n[kind] = 0;
		find_put(r, kind, v.s, v.n);
		*best = f > 0 ? f : *best;
	}
}

static bool
same_value(const Value *a, const Value *b)
{
	return a->n == b->n && pg_strncasecmp(a->s, b->s, a->n) == 0;
}

/* A party's row, with the contact points that agree best with the record. */
static void
read_party(const Record *record, uint64 from, uint64 to, Record *r)
{
	HeapTuple	t = SPI_tuptable->vals[from];
	Value		kind = column(t, 3, false);
	bool		organisation = kind.n == 12;
	int			best[V_KINDS] = {0},
				address_fit = -1;
	Value		v;
#define TAKE(k, i, is_date) (v = column(t, i, is_date), find_put(r, k, v.s, v.n))

	memset(r->n, 0, sizeof r->n);
	if (organisation)
		TAKE(V_LEGAL, 7, false);
	else
	{
		TAKE(V_GIVEN, 4, false);
		TAKE(V_FAMILY, 5, false);
		TAKE(V_MAIDEN, 6, false);
		TAKE(V_BIRTH, 8, true);
		TAKE(V_SEX, 9, false);
	}
	for (uint64 i = from; i < to; i++)
	{
		Value		contact;

		t = SPI_tuptable->vals[i];
		contact = column(t, 12, false);
		if (contact.n == 0)
			continue;
		if (contact.s[1] == 'm')
			take(r, record, V_EMAIL, column(t, 13, false), &best[V_EMAIL]);
		else if (contact.s[1] == 'h')
			take(r, record, V_PHONE, column(t, 13, false), &best[V_PHONE]);
		else
		{
			Value		code = column(t, 15, false);
			int			fit = record->n[V_POSTAL] > 0 && same_value(&code, &record->value[V_POSTAL][0]);

			if (fit <= address_fit)
				continue;
			address_fit = fit;
			r->n[V_STREET] = r->n[V_POSTAL] = r->n[V_CITY] = r->n[V_COUNTRY] = 0;
			TAKE(V_STREET, 14, false);
			TAKE(V_POSTAL, 15, false);
			TAKE(V_CITY, 16, false);
			TAKE(V_COUNTRY, 17, false);
		}
	}
	t = SPI_tuptable->vals[from];
	if (r->n[V_POSTAL] == 0)
		TAKE(V_POSTAL, 10, false);
	if (r->n[V_COUNTRY] == 0)
		TAKE(V_COUNTRY, 11, false);
#undef TAKE
}

static void
put_engine(link_engine *e, const Record *r, const char *id)
{
	for (int k = 0; k < V_KINDS; k++)
		if (r->n[k] > 0)
			link_put(e, k, r->value[k][0].s, r->value[k][0].n);
	link_row(e, id, strlen(id), 0);
}

/* About how many parties there are. */
static double
parties(Name mart)
{
	Relation	r = table_open(get_relname_relid("party", get_namespace_oid(NameStr(*mart), false)), AccessShareLock);
	double		n = r->rd_rel->reltuples;

	if (n <= 0)
		n = RelationGetNumberOfBlocks(r) * 60.0;
	table_close(r, AccessShareLock);
	return n;
}

/*
 * Reads the candidates and weighs each against the record. What is usual was learned from ten thousand records: in a larger base a name is met by chance more
 * often, so the prior falls with the number of parties; and where both names agree, how many parties bear them takes the place of what is usual.
 */
static void
weigh(Name mart, const Record *record, Candidate *c, int count, int namesakes)
{
	LinkColumns columns = {.n = V_KINDS};
	link_engine *e;
	link_model	model;
	int64	   *ids = palloc(count * sizeof(int64));
	Datum		args[1];
	Record	   *r = palloc(sizeof(Record));
	const char *id;
	size_t		n;
	uint32		self = 0;
	bool		null;
	Jsonb	   *given = NULL;
	double		n_parties = parties(mart);

	for (int k = 0; k < V_KINDS; k++)
	{
		columns.kind[k] = engine_kind[k];
		columns.name[k] = unconstify(char *, find_kind_name(k));
	}
	ask(mart, Q_MODEL, NULL, 1);
	if (SPI_processed > 0)
		given = DatumGetJsonbPCopy(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null));
	e = link_engine_start(&columns);
	put_engine(e, record, "q");
	for (int i = 0; i < count; i++)
		ids[i] = c[i].id;
	args[0] = bigints(ids, count);
	ask(mart, Q_PARTIES, args, 0);
	for (uint64 i = 0, to; i < SPI_processed; i = to)
	{
		int			at = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &null));
		char		name[12];

		for (to = i + 1; to < SPI_processed && DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[to], SPI_tuptable->tupdesc, 1, &null)) == at; to++)
			;
		read_party(record, i, to, r);
		snprintf(name, sizeof name, "%d", at - 1);
		put_engine(e, r, name);
	}
	link_settle(e, &id, &n);
	if (given != NULL)
		link_model_from(given, e, &model);
	else
	{
		link_default_model(e, &model);
		for (int org = 0; org < 2; org++)
		{
			model.of[org].same = Min(model.of[org].same, model.of[org].pairs * 2 / n_parties);
			model.of[org].household = Min(model.of[org].household, model.of[org].pairs * 0.8 / n_parties);
		}
	}
	link_values_by_model(e);
	link_train(e, &model, NULL);
	for (uint32 i = 0; i < link_rows(e); i++)
	{
		int			side;

		id = link_id(e, i, &n, &side);
		if (n == 1 && *id == 'q')
			self = i;
	}
	for (uint32 i = 0; i < link_rows(e); i++)
	{
		link_step	step[LINK_COMPARISONS];
		int			side;
		Candidate  *x;

		if (i == self || link_is_organisation(e, i) != link_is_organisation(e, self))
			continue;
		id = link_id(e, i, &n, &side);
		x = &c[pg_strtoint32(pnstrdup(id, n))];
		x->weight = link_pair(e, self, i, step);
		x->weighed = true;
		if (step[LINK_C_LAST].level == 1 && (link_is_organisation(e, i) || step[LINK_C_FIRST].level == 1) && namesakes > 1)
		{
			double		usual = step[LINK_C_LAST].u * (link_is_organisation(e, i) ? 1 : step[LINK_C_FIRST].u);

			x->weight += Min(0, log2(usual * Max(n_parties, 10000) / namesakes));
		}
	}
}

/* find_matches(mart, record, max_rows) -> (party_id, match_weight, match_probability) */
Datum
crmseg_find_matches(PG_FUNCTION_ARGS)
{
	Name		mart;
	int32		max_rows;
	TupleDesc	desc;
	Tuplestorestate *store;
	MemoryContext context,
				old;
	Record	   *record;
	match_keys	keys = {0};

	for (int i = 0; i < 3; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("find_matches: no argument may be null")));
	mart = PG_GETARG_NAME(0);
	max_rows = PG_GETARG_INT32(2);
	if (max_rows < 0)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("max_rows must not be negative")));
	store = link_result(fcinfo, &desc);
	SPI_connect();
	context = AllocSetContextCreate(CurrentMemoryContext, "find_matches", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	record = palloc0(sizeof(Record));
	find_read_record(&PG_GETARG_JSONB_P(1)->root, record, false);
	find_record_keys(record, &keys);
	plans_of(mart);
	if (keys.n > 0 && max_rows > 0)
	{
		Candidate  *c;
		int			count,
					namesakes;

		ask(mart, Q_PENDING, NULL, 1);
		if (SPI_processed > 0 && !XactReadOnly && !RecoveryInProgress())
		{
			Oid			type = NAMEOID;
			Datum		arg = NameGetDatum(mart);

			SPI_execute_with_args("SELECT crmseg.match_catch_up($1)", 1, &type, &arg, NULL, false, 1);
		}
		c = candidates(mart, &keys, &count, &namesakes);
		if (count > 0)
			weigh(mart, record, c, count, namesakes);
		qsort(c, count, sizeof(Candidate), by_weight);
		for (int i = 0; i < count && i < max_rows && c[i].weighed; i++)
		{
			Datum		values[3] = {Int64GetDatum(c[i].id), Float8GetDatum(c[i].weight), Float8GetDatum(1 / (1 + exp2(-c[i].weight)))};
			bool		nulls[3] = {0};

			tuplestore_putvalues(store, desc, values, nulls);
		}
	}
	MemoryContextSwitchTo(old);
	SPI_finish();
	return (Datum) 0;
}
