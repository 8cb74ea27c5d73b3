/*
 * find_record_fn.c: the record of find_matches, read from JSON in the words of an import's mapping, and its keys, as match_key holds those of parties.
 */
#include "match/find_record.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#include "contact/address.h"
#include "match/link_fn.h"

/* what a record may hold, in the words of an import's mapping; kinds are those of the engine */
static const struct
{
	const char *name;
	int			kind;
} known[] = {
	{"given_name", V_GIVEN}, {"family_name", V_FAMILY}, {"maiden_name", V_MAIDEN}, {"full_name", V_FULL}, {"legal_name", V_LEGAL}, {"birth_date", V_BIRTH},
	{"sex", V_SEX}, {"email", V_EMAIL}, {"phone", V_PHONE}, {"street", V_STREET}, {"postal_code", V_POSTAL}, {"city", V_CITY}, {"country", V_COUNTRY}, {"registry_number", V_REGISTRY},
	/* these do not tell who it is */
	{"kind", -1}, {"salutation", -1}, {"deceased_on", -1}, {"language", -1}, {"industry_code", -1}, {"headcount", -1}, {"trade", -1}, {"chain_position", -1}, {"tier", -1}, {"is_professional", -1},
	{"label", -1}, {"extra", -1}};

void
find_put(Record *r, int kind, const char *s, int n)
{
	while (n > 0 && (*s == ' ' || *s == '\t'))
		s++, n--;
	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	if (n > 0 && r->n[kind] < VALUES_MAX)
		r->value[kind][r->n[kind]++] = (Value) {s, n};
}

static void pg_attribute_noreturn()
unknown_key(const char *key, int n)
{
	StringInfoData s;

	initStringInfo(&s);
	for (size_t i = 0; i < lengthof(known); i++)
		appendStringInfo(&s, "%s%s", i ? ", " : "", known[i].name);
	ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("a record has no key \"%.*s\"", Min(n, 63), key), errhint("Keys: %s; and party, address, objects of them.", s.data)));
}

static void
put_json(Record *r, int kind, const char *name, const JsonbValue *v)
{
	switch (v->type)
	{
		case jbvNull:
			return;
		case jbvString:
			find_put(r, kind, v->val.string.val, v->val.string.len);
			return;
		case jbvNumeric:
			{
				char	   *t = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(v->val.numeric)));

				find_put(r, kind, t, strlen(t));
				return;
			}
		case jbvBinary:
			if (JsonContainerIsArray(v->val.binary.data))
			{
				for (uint32 i = 0; i < JsonContainerSize(v->val.binary.data); i++)
				{
					JsonbValue *x = getIthJsonbValueFromContainer(v->val.binary.data, i);

					if (x->type != jbvString && x->type != jbvNumeric && x->type != jbvNull)
						break;
					put_json(r, kind, name, x);
				}
				return;
			}
			/* FALLTHROUGH */
		default:
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("the value of \"%s\" must be a string, a number, null, or an array of them", name)));
	}
}

void
find_read_record(JsonbContainer *c, Record *r, bool inner)
{
	JsonbIterator *it = JsonbIteratorInit(c);
	JsonbValue	key,
				v;
	JsonbIteratorToken t;

	if (!JsonContainerIsObject(c))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("a record must be a JSON object"), errhint("Such as {\"given_name\": \"Jeanne\", \"family_name\": \"Petit\", \"email\": \"j.petit@example.fr\"}.")));
	while ((t = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		size_t		i;

		if (t != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &v, true);
		for (i = 0; i < lengthof(known); i++)
			if (strlen(known[i].name) == key.val.string.len && memcmp(known[i].name, key.val.string.val, key.val.string.len) == 0)
				break;
		if (i < lengthof(known))
		{
			if (known[i].kind >= 0)
				put_json(r, known[i].kind, known[i].name, &v);
		}
		else if (!inner && ((key.val.string.len == 5 && memcmp(key.val.string.val, "party", 5) == 0) || (key.val.string.len == 7 && memcmp(key.val.string.val, "address", 7) == 0)))
		{
			if (v.type == jbvBinary)
				find_read_record(v.val.binary.data, r, true);
			else if (v.type == jbvString)
				find_put(r, V_STREET, v.val.string.val, v.val.string.len);
			else if (v.type != jbvNull)
				ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("the value of \"%.*s\" must be an object", key.val.string.len, key.val.string.val)));
		}
		else
			unknown_key(key.val.string.val, key.val.string.len);
	}
}

#define FIRST(r, k) ((r)->n[k] > 0 ? (r)->value[k][0].s : ""), ((size_t) ((r)->n[k] > 0 ? (r)->value[k][0].n : 0))

/* The days that a date as people write it may mean. */
static void
date_keys(match_keys *k, const Value *v)
{
	uint32		other = 0,
				packed[2];

	packed[0] = link_read_date(v->s, v->n, &other);
	packed[1] = other;
	for (int i = 0; i < 2; i++)
		if (packed[i] != 0)
			match_keys_date(k, date2j(packed[i] >> 9, packed[i] >> 5 & 15, packed[i] & 31) - POSTGRES_EPOCH_JDATE, true);
}

void
find_record_keys(const Record *r, match_keys *k)
{
	bool		organisation = r->n[V_LEGAL] > 0;
	Value		family = {FIRST(r, V_FAMILY)};

	if (r->n[V_GIVEN] > 0 || r->n[V_FAMILY] > 0)
		match_keys_person(k, FIRST(r, V_GIVEN), FIRST(r, V_FAMILY), FIRST(r, V_MAIDEN));
	for (int i = 0; i < r->n[V_LEGAL]; i++)
		match_keys_organisation(k, r->value[V_LEGAL][i].s, r->value[V_LEGAL][i].n);
	for (int i = 0; i < r->n[V_FULL]; i++)
	{
		const Value *v = &r->value[V_FULL][i];
		const char *space = memchr(v->s, ' ', v->n);

		match_keys_full_name(k, v->s, v->n);
		if (space != NULL && family.n == 0)
			family = (Value) {space + 1, v->n - (int) (space + 1 - v->s)};
	}
	for (int i = 0; i < r->n[V_BIRTH]; i++)
		date_keys(k, &r->value[V_BIRTH][i]);
	for (int i = 0; i < r->n[V_EMAIL]; i++)
	{
		match_keys_email(k, r->value[V_EMAIL][i].s, r->value[V_EMAIL][i].n, organisation);
		if (!organisation && (r->n[V_GIVEN] == 0 || r->n[V_FAMILY] == 0) && r->n[V_FULL] == 0)
			match_keys_email_name(k, r->value[V_EMAIL][i].s, r->value[V_EMAIL][i].n);
	}
	for (int i = 0; i < r->n[V_PHONE]; i++)
		match_keys_phone(k, r->value[V_PHONE][i].s, r->value[V_PHONE][i].n);
	for (int i = 0; i < r->n[V_REGISTRY]; i++)
		match_keys_registry(k, r->value[V_REGISTRY][i].s, r->value[V_REGISTRY][i].n);
	if (organisation)
		family = r->value[V_LEGAL][0];
	for (int i = 0; i < r->n[V_POSTAL]; i++)
		match_keys_place(k, family.s, family.n, r->value[V_POSTAL][i].s, r->value[V_POSTAL][i].n);
	for (int i = 0; i < r->n[V_STREET]; i++)
	{
		StringInfoData s;
		address    *a = palloc(sizeof(address));
		char	   *key = palloc(ADDRESS_KEY_MAX);

		initStringInfo(&s);
		appendBinaryStringInfo(&s, r->value[V_STREET][i].s, r->value[V_STREET][i].n);
		for (int part = V_POSTAL; part <= V_CITY; part++)
			if (r->n[part] > 0)
			{
				appendStringInfoString(&s, part == V_POSTAL ? ", " : " ");
				appendBinaryStringInfo(&s, r->value[part][0].s, r->value[part][0].n);
			}
		if (address_parse(s.data, s.len, FIRST(r, V_COUNTRY), a) == ADDRESS_OK)
			match_keys_address(k, key, address_key(a, key));
	}
}

const char *
find_kind_name(int kind)
{
	for (size_t i = 0; i < lengthof(known); i++)
		if (known[i].kind == kind)
			return known[i].name;
	return NULL;
}
