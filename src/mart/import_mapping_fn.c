/*
 * import_mapping_fn.c: a mapping, as the user writes it in jsonb, compiled once: which column goes where and how it is read. Every name
 * is checked here (keys, columns, formats, zones, channels), so that a mistake is told before the first row is read.
 * docs/import.md holds the definition.
 */
#include "import_mapping.h"

#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

static const char *const party_kinds[] = {"person", "organisation", "household", NULL};
static const char *const order_kinds[] = {"s", "r", NULL};
static const char *const order_status[] = {"open", "paid", "shipped", "cancelled", NULL};
static const char *const usages[] = {"personal", "professional", "gift", NULL};
static const char *const bases[] = {"consent", "contract", "legal_obligation", "legitimate_interest", NULL};

static const FieldName party_names[PARTY_FIELDS] = {
	[PARTY_KIND] = {"kind", FIELD_WORD, party_kinds},
	[PARTY_SALUTATION] = {"salutation", FIELD_NAME},
	[PARTY_GIVEN_NAME] = {"given_name", FIELD_NAME},
	[PARTY_FAMILY_NAME] = {"family_name", FIELD_NAME},
	[PARTY_MAIDEN_NAME] = {"maiden_name", FIELD_NAME},
	[PARTY_FULL_NAME] = {"full_name", FIELD_NAME},
	[PARTY_SEX] = {"sex", FIELD_SEX},
	[PARTY_BIRTH_DATE] = {"birth_date", FIELD_BIRTH},
	[PARTY_DECEASED_ON] = {"deceased_on", FIELD_DATE},
	[PARTY_LANGUAGE] = {"language", FIELD_NAME},
	[PARTY_COUNTRY] = {"country", FIELD_COUNTRY},
	[PARTY_POSTAL_CODE] = {"postal_code", FIELD_NAME},
	[PARTY_LEGAL_NAME] = {"legal_name", FIELD_NAME},
	[PARTY_INDUSTRY_CODE] = {"industry_code", FIELD_NAME},
	[PARTY_HEADCOUNT] = {"headcount", FIELD_INTEGER},
	[PARTY_TRADE] = {"trade", FIELD_NAME},
	[PARTY_CHAIN_POSITION] = {"chain_position", FIELD_NAME},
	[PARTY_TIER] = {"tier", FIELD_NAME},
	[PARTY_IS_PROFESSIONAL] = {"is_professional", FIELD_BOOLEAN},
};
static const FieldName address_names[ADDRESS_FIELDS] = {
	[ADDRESS_STREET] = {"street", FIELD_NAME},
	[ADDRESS_EXTRA] = {"extra", FIELD_NAME},
	[ADDRESS_POSTAL_CODE] = {"postal_code", FIELD_NAME},
	[ADDRESS_CITY] = {"city", FIELD_NAME},
	[ADDRESS_COUNTRY] = {"country", FIELD_COUNTRY},
	[ADDRESS_LABEL] = {"label", FIELD_NAME, NULL, true},
};
static const FieldName consent_names[CONSENT_FIELDS] = {
	[CONSENT_PURPOSE] = {"purpose", FIELD_NAME, NULL, true},
	[CONSENT_CHANNEL] = {"channel", FIELD_CHANNEL, NULL, true},
	[CONSENT_STATUS] = {"status", FIELD_CONSENT},
	[CONSENT_AT] = {"captured_at", FIELD_TIME},
	[CONSENT_LEGAL_BASIS] = {"legal_basis", FIELD_WORD, bases, true},
	[CONSENT_METHOD] = {"method", FIELD_NAME, NULL, true},
	[CONSENT_NOTICE] = {"notice", FIELD_NAME, NULL, true},
	[CONSENT_JURISDICTION] = {"jurisdiction", FIELD_NAME, NULL, true},
	[CONSENT_DOUBLE_OPT_IN_AT] = {"double_opt_in_at", FIELD_TIME},
};
static const FieldName order_names[ORDER_FIELDS] = {
	[ORDER_EXTERNAL_ID] = {"external_id", FIELD_KEY},
	[ORDER_ORDERED_AT] = {"ordered_at", FIELD_TIME},
	[ORDER_KIND] = {"kind", FIELD_WORD, order_kinds},
	[ORDER_CHANNEL] = {"channel", FIELD_CHANNEL},
	[ORDER_STORE] = {"store", FIELD_KEY},
	[ORDER_STORE_NAME] = {"store_name", FIELD_NAME},
	[ORDER_CURRENCY] = {"currency", FIELD_CURRENCY},
	[ORDER_AMOUNT] = {"amount", FIELD_NUMBER},
	[ORDER_MARGIN] = {"margin", FIELD_NUMBER},
	[ORDER_STATUS] = {"status", FIELD_WORD, order_status},
	[ORDER_PAYMENT_METHOD] = {"payment_method", FIELD_NAME},
	[ORDER_DELIVERY_METHOD] = {"delivery_method", FIELD_NAME},
	[ORDER_DEVICE] = {"device", FIELD_NAME},
	[ORDER_USAGE] = {"usage", FIELD_WORD, usages},
};
static const FieldName line_names[LINE_FIELDS] = {
	[LINE_NO] = {"line_no", FIELD_KEY},
	[LINE_SKU] = {"sku", FIELD_KEY},
	[LINE_NAME] = {"name", FIELD_NAME},
	[LINE_CATEGORY] = {"category", FIELD_NAME},
	[LINE_BRAND] = {"brand", FIELD_NAME},
	[LINE_QUANTITY] = {"quantity", FIELD_NUMBER},
	[LINE_AMOUNT] = {"amount", FIELD_NUMBER},
	[LINE_UNIT_PRICE] = {"unit_price", FIELD_NUMBER},
	[LINE_DISCOUNT] = {"discount", FIELD_NUMBER},
	[LINE_RETURN_REASON] = {"return_reason", FIELD_NAME},
};

static void
contacts(Compile *c, const JsonbValue *v, char kind, const char *path)
{
	JsonbValue **e;
	int			n = map_each(v, &e);
	ImportMapping *m = c->map;

	m->contact = m->contact ? repalloc(m->contact, sizeof(Contact) * (m->contact_count + n)) : palloc(sizeof(Contact) * (n + 1));
	for (int i = 0; i < n; i++)
	{
		Contact    *t = &m->contact[m->contact_count++];
		JsonbValue *label = map_is_object(e[i]) ? map_get(e[i], "label") : NULL;

		t->kind = kind;
		t->value = map_field(c, e[i], path, FIELD_TEXT, NULL, false);
		if (t->value == NULL)
		{
			m->contact_count--;
			continue;
		}
		t->label = label ? map_need_string(label, map_in(path, "label")) : NULL;
	}
}

static char *
one_of(char *word, const char *const *allowed, const char *path, const char *what)
{
	for (int i = 0; allowed[i]; i++)
		if (strcmp(allowed[i], word) == 0)
			return word;
	map_bad(path, what, NULL);
	return NULL;
}

static void
attributes(Compile *c, const JsonbValue *v)
{
	static const char *const types[] = {"bool", "num", "date", "text", "enum", "json", NULL};
	JsonbIterator *it;
	JsonbValue	e;
	JsonbIteratorToken t;
	ImportMapping *m = c->map;
	char	   *key = NULL;

	if (!map_is_object(v))
		map_bad("attributes", "must be an object", "{\"attributes\": {\"interest\": \"column\"}}");
	m->attribute = palloc0(sizeof(Attribute) * (JsonContainerSize(v->val.binary.data) + 1));
	it = JsonbIteratorInit(v->val.binary.data);
	while ((t = JsonbIteratorNext(&it, &e, true)) != WJB_DONE)
	{
		if (t == WJB_KEY)
			key = map_string(&e);
		else if (t == WJB_VALUE && e.type != jbvNull)
		{
			Attribute  *a = &m->attribute[m->attribute_count++];
			const char *path = map_in("attributes", key);
			JsonbValue *k;

			memset(a, 0, sizeof(*a));
			a->key = key;
			a->provenance = "declared";
			if (map_is_object(&e))
			{
				if ((k = map_get(&e, "type")) != NULL)
				{
					a->data_type = map_need_string(k, map_in(path, "type"));
					for (int i = 0;; i++)
					{
						if (types[i] == NULL)
							map_bad(map_in(path, "type"), "must be bool, num, date, text, enum or json", NULL);
						if (strcmp(types[i], a->data_type) == 0)
							break;
					}
				}
				if ((k = map_get(&e, "provenance")) != NULL)
				{
					a->provenance = map_need_string(k, map_in(path, "provenance"));
					if (strcmp(a->provenance, "declared") != 0 && strcmp(a->provenance, "observed") != 0 && strcmp(a->provenance, "inferred") != 0)
						map_bad(map_in(path, "provenance"), "must be declared, observed or inferred", NULL);
				}
			}
			/* the type of the values is settled when the catalogue of attributes is read; formats need to be allowed now */
			a->value = map_field(c, &e, path, map_is_object(&e) && map_get(&e, "format") ? FIELD_DATE : FIELD_TEXT, NULL, false);
			m->attribute_count -= a->value == NULL;
		}
	}
}

/* What a source is that is made by this import: its kind, its level, its trust. */
static void
source_settings(ImportMapping *m, const JsonbValue *v)
{
	static const char *const known[] = {"kind", "party_level", "trust", NULL};
	static const char *const kinds[] = {"system", "device", "card", "registry", "file", "partner", NULL};
	static const char *const levels[] = {"first", "second", "third", NULL};
	JsonbValue *k;

	if (!map_is_object(v))
		map_bad("source", "must be an object", "{\"source\": {\"kind\": \"partner\", \"party_level\": \"third\", \"trust\": 20}}");
	map_check_keys(v, "source", known);
	if ((k = map_get(v, "kind")) != NULL)
		m->source_kind = one_of(map_need_string(k, "source.kind"), kinds, "source.kind", "must be system, device, card, registry, file or partner");
	if ((k = map_get(v, "party_level")) != NULL)
		m->source_level = one_of(map_need_string(k, "source.party_level"), levels, "source.party_level", "must be first, second or third");
	if ((k = map_get(v, "trust")) != NULL)
	{
		if (k->type == jbvNumeric)
			m->source_trust = DatumGetInt32(DirectFunctionCall1(int4in, DirectFunctionCall1(numeric_out, NumericGetDatum(k->val.numeric))));
		if (m->source_trust < 0 || m->source_trust > 100)
			map_bad("source.trust", "must be a number from 0 to 100", NULL);
	}
}

static uint64
digest(Jsonb *json)
{
	return DatumGetUInt64(hash_any_extended((unsigned char *) VARDATA(json), VARSIZE(json) - VARHDRSZ, 0));
}

ImportMapping *
import_mapping(Jsonb *json, const SourceColumns *columns, const MartInfo *mart, const char *from)
{
	static const char *const top[] = {
		"source_key", "party", "email", "phone", "address", "consent", "order", "line", "attributes", "keys", "loyalty", "reaction", "answer", "visit", "source",
		"null", "encoding", "invalid_contact", "region", "zone", "decimal", "optional_columns", NULL
	};
	ImportMapping *m = palloc0(sizeof(ImportMapping));
	Compile		compile = {m, columns, mart, from, palloc0(columns->count + 1)};
	Compile    *c = &compile;
	JsonbValue	root;
	JsonbValue *k;
	JsonbValue **e;

	if (!JB_ROOT_IS_OBJECT(json))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("a mapping is a JSON object"), errhint("{\"source_key\": \"column\", \"party\": {\"family_name\": \"column\"}, \"email\": \"column\"}")));
	root.type = jbvBinary;
	root.val.binary.data = &json->root;
	root.val.binary.len = VARSIZE(json) - VARHDRSZ;
	map_check_keys(&root, "", top);

	/* settings first: the fields take them over */
	m->seed = digest(json);
	m->encoding = 'r';
	m->on_invalid = 'd';
	m->region = mart->region;
	m->zone = mart->zone;
	if ((k = map_get(&root, "null")) != NULL)
	{
		m->nothing = map_words(k, "null");
		m->has_nothing = true;
	}
	if ((k = map_get(&root, "encoding")) != NULL)
	{
		char	   *s = map_need_string(k, "encoding");

		if (strcmp(s, "repair") != 0 && strcmp(s, "keep") != 0 && strcmp(s, "refuse") != 0)
			map_bad("encoding", "must be \"repair\", \"keep\" or \"refuse\"", NULL);
		m->encoding = strcmp(s, "refuse") == 0 ? 'x' : s[0];
	}
	if ((k = map_get(&root, "invalid_contact")) != NULL)
	{
		char	   *s = map_need_string(k, "invalid_contact");

		if (strcmp(s, "drop") != 0 && strcmp(s, "reject") != 0)
			map_bad("invalid_contact", "must be \"drop\" or \"reject\"", NULL);
		m->on_invalid = s[0];
	}
	if ((k = map_get(&root, "region")) != NULL)
		m->region = map_region(k, "region");
	if ((k = map_get(&root, "zone")) != NULL)
		m->zone = map_zone(k, "zone");
	if ((k = map_get(&root, "decimal")) != NULL)
		m->decimal = map_decimal(k, "decimal");

	if ((k = map_get(&root, "optional_columns")) != NULL)
	{
		if (k->type != jbvBool)
			map_bad("optional_columns", "must be true or false", NULL);
		c->optional = k->val.boolean;
	}

	m->source_trust = -1;
	if ((k = map_get(&root, "source")) != NULL)
		source_settings(m, k);

	/* the party's part */
	if ((k = map_get(&root, "source_key")) != NULL)
		m->source_key = map_field(c, k, "source_key", FIELD_KEY, NULL, false);
	if ((k = map_get(&root, "party")) != NULL)
		map_entity(c, k, "party", party_names, PARTY_FIELDS, m->party);
	if ((k = map_get(&root, "email")) != NULL)
		contacts(c, k, 'e', "email");
	if ((k = map_get(&root, "phone")) != NULL)
		contacts(c, k, 'p', "phone");
	if ((k = map_get(&root, "address")) != NULL)
	{
		int			n = map_each(k, &e);

		m->address = palloc0(sizeof(*m->address) * (n + 1));
		for (int i = 0; i < n; i++)
		{
			Field	  **f = m->address[m->address_count];

			memset(f, 0, sizeof(*m->address));
			map_entity(c, e[i], "address", address_names, ADDRESS_FIELDS, f);
			if (f[ADDRESS_STREET] || f[ADDRESS_POSTAL_CODE] || f[ADDRESS_CITY])
				m->address_count++;
			else if (!c->optional)
				map_bad("address", "needs street, postal_code or city", NULL);
		}
	}
	if ((k = map_get(&root, "consent")) != NULL)
	{
		int			n = map_each(k, &e);

		m->consent = palloc0(sizeof(*m->consent) * (n + 1));
		for (int i = 0; i < n; i++)
		{
			Field	  **f = m->consent[m->consent_count];

			memset(f, 0, sizeof(*m->consent));
			map_entity(c, e[i], "consent", consent_names, CONSENT_FIELDS, f);
			if (f[CONSENT_PURPOSE] && f[CONSENT_CHANNEL] && f[CONSENT_STATUS])
				m->consent_count++;
			else if (!c->optional)
				map_bad("consent", "needs purpose, channel and status", "{\"purpose\": \"newsletter\", \"channel\": \"email\", \"status\": {\"column\": \"optin\", \"true\": [\"oui\"]}}");
		}
	}
	if ((k = map_get(&root, "attributes")) != NULL)
		attributes(c, k);
	if ((k = map_get(&root, "keys")) != NULL)
	{
		JsonbIterator *it;
		JsonbValue	v;
		JsonbIteratorToken t;
		char	   *scheme = NULL;

		if (!map_is_object(k))
			map_bad("keys", "must be an object", "{\"keys\": {\"loyalty_card\": \"column\"}}");
		m->key = palloc0(sizeof(Key) * (JsonContainerSize(k->val.binary.data) + 1));
		it = JsonbIteratorInit(k->val.binary.data);
		while ((t = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		{
			if (t == WJB_KEY)
				scheme = map_string(&v);
			else if (t == WJB_VALUE && v.type != jbvNull)
			{
				m->key[m->key_count].scheme = scheme;
				m->key[m->key_count].value = map_field(c, &v, map_in("keys", scheme), FIELD_KEY, NULL, false);
				m->key_count += m->key[m->key_count].value != NULL;
			}
		}
	}
	for (int i = 0; i < PARTY_FIELDS; i++)
		m->has_party = m->has_party || m->party[i];
	m->has_party = m->has_party || m->source_key || m->contact_count || m->address_count || m->consent_count || m->attribute_count || m->key_count;
	m->points_only = m->address_count + m->consent_count + m->attribute_count + m->key_count == 0 && m->contact_count == (m->source_key == NULL);
	for (int i = 0; i < PARTY_FIELDS; i++)
		m->points_only = m->points_only && !m->party[i];
	m->party_column = map_take_used(c, &m->party_column_count);

	/* order and line */
	if ((k = map_get(&root, "order")) != NULL)
	{
		m->has_order = true;
		map_entity(c, k, "order", order_names, ORDER_FIELDS, m->order);
		if (!m->order[ORDER_EXTERNAL_ID] || !m->order[ORDER_ORDERED_AT])
			map_bad("order", "needs external_id and ordered_at", NULL);
	}
	m->order_column = map_take_used(c, &m->order_column_count);
	if ((k = map_get(&root, "line")) != NULL)
	{
		m->has_line = true;
		map_entity(c, k, "line", line_names, LINE_FIELDS, m->line);
		if (!m->has_order)
			map_bad("line", "needs an order", "Add \"order\": {\"external_id\": ..., \"ordered_at\": ...}.");
		if (!m->line[LINE_AMOUNT] && !m->line[LINE_UNIT_PRICE])
			map_bad("line", "needs amount or unit_price", NULL);
		if (m->line[LINE_UNIT_PRICE] && !m->line[LINE_AMOUNT] && !m->line[LINE_QUANTITY])
			map_bad("line", "needs quantity beside unit_price", NULL);
		if ((m->line[LINE_NAME] || m->line[LINE_CATEGORY] || m->line[LINE_BRAND]) && !m->line[LINE_SKU])
			map_bad("line", "needs sku to name a product", NULL);
	}
	else if (m->has_order && !m->order[ORDER_AMOUNT])
		map_bad("order", "needs amount when there is no line", NULL);
	m->line_column = map_take_used(c, &m->line_column_count);
	import_fact_mapping(c, &root);
	for (int i = 0; i < m->fact_count && !m->has_party; i++)
		if (m->fact[i].kind != FACT_VISIT)
			map_bad("loyalty, reaction or answer", "needs somebody", "Map source_key or an e-mail address beside it.");
	if (!m->has_party && !m->has_order && !m->has_visit)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("the mapping maps nothing"), errhint("Name at least a party, a contact point, an order or a visit.")));

	/* the payload is the record without what belongs to order and line alone */
	m->in_payload = palloc(columns->count + 1);
	memset(m->in_payload, true, columns->count);
	for (int i = 0; i < m->order_column_count; i++)
		m->in_payload[m->order_column[i]] = false;
	for (int i = 0; i < m->line_column_count; i++)
		m->in_payload[m->line_column[i]] = false;
	for (int i = 0; i < m->fact_column_count; i++)
		m->in_payload[m->fact_column[i]] = false;
	for (int i = 0; i < m->party_column_count; i++)
		m->in_payload[m->party_column[i]] = true;
	return m;
}
