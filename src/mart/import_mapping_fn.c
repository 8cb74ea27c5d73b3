/*
 * import_mapping_fn.c: a mapping, as the user writes it in jsonb, compiled once: which column goes where and how it is read. Every name
 * is checked here (keys, columns, formats, zones, channels), so that a mistake is told before the first row is read.
 * docs/import.md holds the definition.
 */
#include "import_private.h"

#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

typedef struct Compile
{
	ImportMapping *map;
	const SourceColumns *columns;
	const MartInfo *mart;
	const char *from;			/* what has the columns, for messages */
	bool	   *used;			/* by what is compiled now */
} Compile;

typedef struct FieldName
{
	const char *name;
	FieldType	type;
	const char *const *allowed;
	bool		string_is_value;	/* a plain string is the value itself */
} FieldName;

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

/* ---- jsonb ---- */

static char *
string_of(const JsonbValue *v)
{
	return pnstrdup(v->val.string.val, v->val.string.len);
}

static bool
is_object(const JsonbValue *v)
{
	return v->type == jbvBinary && JsonContainerIsObject(v->val.binary.data);
}

static bool
is_array(const JsonbValue *v)
{
	return v->type == jbvBinary && JsonContainerIsArray(v->val.binary.data) && !JsonContainerIsScalar(v->val.binary.data);
}

static JsonbValue *
get(const JsonbValue *object, const char *key)
{
	JsonbValue *v = getKeyJsonValueFromContainer(object->val.binary.data, key, strlen(key), NULL);

	return v != NULL && v->type == jbvNull ? NULL : v;
}

static void
bad(const char *path, const char *what, const char *hint)
{
	ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("mapping: \"%s\" %s", path, what), hint ? errhint("%s", hint) : 0));
}

static char *
need_string(const JsonbValue *v, const char *path)
{
	if (v->type != jbvString)
		bad(path, "must be a string", NULL);
	return string_of(v);
}

/* The keys of an object must be among those named (a list ended by NULL). */
static void
check_keys(const JsonbValue *object, const char *path, const char *const *known)
{
	JsonbIterator *it = JsonbIteratorInit(object->val.binary.data);
	JsonbValue	v;
	JsonbIteratorToken t;

	while ((t = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		int			i;
		StringInfoData list;

		if (t != WJB_KEY)
			continue;
		for (i = 0; known[i]; i++)
			if (strlen(known[i]) == v.val.string.len && memcmp(known[i], v.val.string.val, v.val.string.len) == 0)
				break;
		if (known[i])
			continue;
		initStringInfo(&list);
		for (i = 0; known[i]; i++)
			appendStringInfo(&list, "%s%s", i ? ", " : "", known[i]);
		ereport(ERROR,
				(errcode(CRMSEG_BAD_VALUE),
				 path[0] ? errmsg("mapping: \"%s\" has no key \"%s\"", path, string_of(&v)) : errmsg("mapping: there is no key \"%s\"", string_of(&v)),
				 errhint("The keys are %s.", list.data)));
	}
}

static const char *
in(const char *path, const char *key)
{
	return path[0] ? psprintf("%s.%s", path, key) : pstrdup(key);
}

/* One string or an array of them. */
static Words
words(const JsonbValue *v, const char *path)
{
	Words		w = {0, NULL};

	if (v->type == jbvString)
	{
		w.count = 1;
		w.word = palloc(sizeof(char *));
		w.word[0] = string_of(v);
	}
	else if (is_array(v))
	{
		uint32		n = JsonContainerSize(v->val.binary.data);

		w.word = palloc(sizeof(char *) * (n + 1));
		for (uint32 i = 0; i < n; i++)
			w.word[w.count++] = need_string(getIthJsonbValueFromContainer(v->val.binary.data, i), path);
	}
	else
		bad(path, "must be a string or an array of strings", NULL);
	return w;
}

/* ---- fields ---- */

static int
column_of(Compile *c, const char *name, const char *path)
{
	int			found = -1;
	StringInfoData list;

	for (int i = 0; i < c->columns->count; i++)
		if (c->columns->name[i] && strcmp(c->columns->name[i], name) == 0)
			return i;
	/* headers of files: case and outer white space forgiven when one column alone answers */
	for (int i = 0; i < c->columns->count; i++)
	{
		const char *a = c->columns->name[i];
		size_t		an = a ? strlen(a) : 0;
		const char *b = name;
		size_t		bn = strlen(name);

		if (!a)
			continue;
		cell_trim(&a, &an);
		cell_trim(&b, &bn);
		if (cell_same_word(a, an, b, bn))
		{
			if (found >= 0)
			{
				found = -1;
				break;
			}
			found = i;
		}
	}
	if (found >= 0)
		return found;
	initStringInfo(&list);
	for (int i = 0; i < c->columns->count; i++)
		if (c->columns->name[i])
			appendStringInfo(&list, "%s%s", list.len ? ", " : "", c->columns->name[i]);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("mapping: \"%s\" names column \"%s\", which %s has not", path, name, c->from),
			 errhint("Its columns are %s. A constant is written {\"value\": \"%s\"}.", list.data, name)));
	return -1;
}

static void
add_column(Compile *c, Field *f, const char *name)
{
	int			i = column_of(c, name, f->path);

	f->column = f->column ? repalloc(f->column, sizeof(int) * (f->column_count + 1)) : palloc(sizeof(int));
	f->column[f->column_count++] = i;
	c->used[i] = true;
}

static pg_tz *
zone_of(const JsonbValue *v, const char *path)
{
	char	   *name = need_string(v, path);
	pg_tz	   *zone = pg_tzset(name);

	if (zone == NULL)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("mapping: \"%s\" names time zone \"%s\", which the server does not know", path, name),
						errhint("See pg_timezone_names, such as Europe/Paris.")));
	return zone;
}

static char
decimal_of(const JsonbValue *v, const char *path)
{
	char	   *s = need_string(v, path);

	if (strcmp(s, ".") != 0 && strcmp(s, ",") != 0)
		bad(path, "must be \".\" or \",\"", NULL);
	return s[0];
}

static char *
region_of(const JsonbValue *v, const char *path)
{
	char	   *s = need_string(v, path);

	if (strlen(s) != 2 || s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z')
		bad(path, "must be a country of ISO 3166 in capitals, such as FR", NULL);
	return s;
}

static void
add_format(Field *f, const char *text)
{
	size_t		at;

	f->format = f->format ? repalloc(f->format, sizeof(CellFormat) * (f->format_count + 1)) : palloc(sizeof(CellFormat));
	if (!cell_format(text, strlen(text), &f->format[f->format_count], &at))
		ereport(ERROR,
				(errcode(CRMSEG_BAD_VALUE),
				 errmsg("mapping: \"%s\" has format \"%s\", which is not one of dates", f->path, text),
				 errhint("Write it as for to_char, with day, month and year, each once: DD/MM/YYYY, YYYY-MM-DD HH24:MI:SS, DD Month YYYY; or ISO, EXCEL, EPOCH.")));
	f->format_count++;
}

static const char *const field_keys[] = {
	"column", "columns", "value", "default", "format", "zone", "decimal", "grouping", "region", "true", "false", "null", "map", "required", "invalid",
	"separator", "label", "type", "provenance", NULL
};

static Field *
field(Compile *c, const JsonbValue *v, const char *path, FieldType type, const char *const *allowed, bool string_is_value)
{
	Field	   *f = palloc0(sizeof(Field));
	JsonbValue *k;

	f->path = path;
	f->type = type;
	f->allowed = allowed;
	f->zone = c->map->zone;
	f->decimal = c->map->decimal;
	f->region = c->map->region;
	if (v->type == jbvString)
	{
		if (string_is_value)
			f->value = string_of(v);
		else
			add_column(c, f, string_of(v));
	}
	else if (is_object(v))
	{
		check_keys(v, path, field_keys);
		if ((k = get(v, "column")) != NULL || (k = get(v, "columns")) != NULL)
		{
			Words		w = words(k, path);

			for (int i = 0; i < w.count; i++)
				add_column(c, f, w.word[i]);
		}
		if ((k = get(v, "value")) != NULL)
		{
			if (k->type == jbvString)
				f->value = string_of(k);
			else if (k->type == jbvBool)
				f->value = k->val.boolean ? "true" : "false";
			else if (k->type == jbvNumeric)
			{
				f->value = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(k->val.numeric)));
				f->decimal = '.';
			}
			else
				bad(path, "must have a plain value", NULL);
		}
		if ((f->column_count > 0) == (f->value != NULL))
			bad(path, f->value ? "has a column and a value" : "has neither a column nor a value", "{\"column\": \"name\", ...} or {\"value\": \"constant\"}");
		if ((k = get(v, "default")) != NULL)
			f->instead = need_string(k, path);
		if ((k = get(v, "format")) != NULL)
		{
			Words		w = words(k, path);

			if (type != FIELD_DATE && type != FIELD_BIRTH && type != FIELD_TIME)
				bad(path, "is not a date and takes no format", NULL);
			for (int i = 0; i < w.count; i++)
				add_format(f, w.word[i]);
		}
		if ((k = get(v, "zone")) != NULL)
			f->zone = zone_of(k, path);
		if ((k = get(v, "decimal")) != NULL)
			f->decimal = decimal_of(k, path);
		if ((k = get(v, "grouping")) != NULL)
		{
			char	   *s = need_string(k, path);
			size_t		at = 0;

			f->grouping = s[0] ? cell_char(s, strlen(s), &at) : 0;
			if (s[0] == '\0' || s[at] != '\0')
				bad(path, "must group by one character", NULL);
		}
		if ((k = get(v, "region")) != NULL)
		{
			if (is_object(k))
				f->region_field = field(c, k, in(path, "region"), FIELD_COUNTRY, NULL, false);
			else
				f->region = region_of(k, in(path, "region"));
		}
		if ((k = get(v, "true")) != NULL)
			f->yes = words(k, path);
		if ((k = get(v, "false")) != NULL)
			f->no = words(k, path);
		if ((k = get(v, "null")) != NULL)
		{
			f->nothing = words(k, path);
			f->has_nothing = true;
		}
		if ((k = get(v, "separator")) != NULL)
			f->separator = need_string(k, path);
		if ((k = get(v, "required")) != NULL)
		{
			if (k->type != jbvBool)
				bad(path, "is required: true or false", NULL);
			f->required = k->val.boolean;
		}
		if ((k = get(v, "invalid")) != NULL)
		{
			char	   *s = need_string(k, path);

			if (strcmp(s, "drop") != 0 && strcmp(s, "reject") != 0)
				bad(in(path, "invalid"), "must be \"drop\" or \"reject\"", NULL);
			f->on_invalid = s[0];
		}
		if ((k = get(v, "map")) != NULL)
		{
			JsonbIterator *it;
			JsonbValue	e;
			JsonbIteratorToken t;
			uint32		n;

			if (!is_object(k))
				bad(in(path, "map"), "must be an object of strings", NULL);
			n = JsonContainerSize(k->val.binary.data);
			f->from.word = palloc(sizeof(char *) * (n + 1));
			f->to.word = palloc(sizeof(char *) * (n + 1));
			it = JsonbIteratorInit(k->val.binary.data);
			while ((t = JsonbIteratorNext(&it, &e, true)) != WJB_DONE)
			{
				if (t == WJB_KEY)
					f->from.word[f->from.count++] = string_of(&e);
				else if (t == WJB_VALUE)
					f->to.word[f->to.count++] = e.type == jbvNull ? "" : need_string(&e, in(path, "map"));
			}
		}
	}
	else
		bad(path, "must be the name of a column or an object", NULL);
	if (type == FIELD_CHANNEL && f->value && import_channel(c->mart, f->value, strlen(f->value)) < 0)
	{
		StringInfoData list;

		initStringInfo(&list);
		for (int i = 0; i < c->mart->channel_count; i++)
			appendStringInfo(&list, "%s%s", i ? ", " : "", c->mart->channel_name[i]);
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("mapping: \"%s\" names channel \"%s\", which the mart has not", path, f->value),
						errhint("Its channels are %s.", list.data)));
	}
	if (type == FIELD_WORD && f->value)
	{
		int			i = 0;

		while (allowed[i] && strcmp(allowed[i], f->value) != 0)
			i++;
		if (!allowed[i])
			bad(path, "has a value that cannot be", psprintf("The first that can is \"%s\"; docs/import.md lists them.", allowed[0]));
	}
	if (f->format_count == 0 && (type == FIELD_DATE || type == FIELD_BIRTH || type == FIELD_TIME))
		add_format(f, "ISO");
	return f;
}

/* An object of fields with given names. */
static void
entity(Compile *c, const JsonbValue *v, const char *path, const FieldName *names, int count, Field **into)
{
	const char **known = palloc0(sizeof(char *) * (count + 1));

	if (!is_object(v))
		bad(path, "must be an object", NULL);
	for (int i = 0; i < count; i++)
		known[i] = names[i].name;
	check_keys(v, path, known);
	for (int i = 0; i < count; i++)
	{
		JsonbValue *k = get(v, names[i].name);

		if (k != NULL)
			into[i] = field(c, k, in(path, names[i].name), names[i].type, names[i].allowed, names[i].string_is_value);
	}
}

/* The value, or each element of an array of them. */
static int
each(const JsonbValue *v, JsonbValue ***elements)
{
	uint32		n = is_array(v) ? JsonContainerSize(v->val.binary.data) : 1;

	*elements = palloc(sizeof(JsonbValue *) * (n + 1));
	for (uint32 i = 0; i < n; i++)
		(*elements)[i] = is_array(v) ? getIthJsonbValueFromContainer(v->val.binary.data, i) : unconstify(JsonbValue *, v);
	return (int) n;
}

/* Takes the columns used since the last call as a list. */
static int *
take_used(Compile *c, int *count)
{
	int		   *list = palloc(sizeof(int) * (c->columns->count + 1));

	*count = 0;
	for (int i = 0; i < c->columns->count; i++)
		if (c->used[i])
			list[(*count)++] = i;
	memset(c->used, 0, c->columns->count);
	return list;
}

static void
contacts(Compile *c, const JsonbValue *v, char kind, const char *path)
{
	JsonbValue **e;
	int			n = each(v, &e);
	ImportMapping *m = c->map;

	m->contact = m->contact ? repalloc(m->contact, sizeof(Contact) * (m->contact_count + n)) : palloc(sizeof(Contact) * (n + 1));
	for (int i = 0; i < n; i++)
	{
		Contact    *t = &m->contact[m->contact_count++];
		JsonbValue *label = is_object(e[i]) ? get(e[i], "label") : NULL;

		t->kind = kind;
		t->value = field(c, e[i], path, FIELD_TEXT, NULL, false);
		t->label = label ? need_string(label, in(path, "label")) : NULL;
	}
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

	if (!is_object(v))
		bad("attributes", "must be an object", "{\"attributes\": {\"interest\": \"column\"}}");
	m->attribute = palloc0(sizeof(Attribute) * (JsonContainerSize(v->val.binary.data) + 1));
	it = JsonbIteratorInit(v->val.binary.data);
	while ((t = JsonbIteratorNext(&it, &e, true)) != WJB_DONE)
	{
		if (t == WJB_KEY)
			key = string_of(&e);
		else if (t == WJB_VALUE && e.type != jbvNull)
		{
			Attribute  *a = &m->attribute[m->attribute_count++];
			const char *path = in("attributes", key);
			JsonbValue *k;

			a->key = key;
			a->provenance = "declared";
			if (is_object(&e))
			{
				if ((k = get(&e, "type")) != NULL)
				{
					a->data_type = need_string(k, in(path, "type"));
					for (int i = 0;; i++)
					{
						if (types[i] == NULL)
							bad(in(path, "type"), "must be bool, num, date, text, enum or json", NULL);
						if (strcmp(types[i], a->data_type) == 0)
							break;
					}
				}
				if ((k = get(&e, "provenance")) != NULL)
				{
					a->provenance = need_string(k, in(path, "provenance"));
					if (strcmp(a->provenance, "declared") != 0 && strcmp(a->provenance, "observed") != 0 && strcmp(a->provenance, "inferred") != 0)
						bad(in(path, "provenance"), "must be declared, observed or inferred", NULL);
				}
			}
			/* the type of the values is settled when the catalogue of attributes is read; formats need to be allowed now */
			a->value = field(c, &e, path, is_object(&e) && get(&e, "format") ? FIELD_DATE : FIELD_TEXT, NULL, false);
		}
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
		"source_key", "party", "email", "phone", "address", "consent", "order", "line", "attributes", "keys",
		"null", "encoding", "invalid_contact", "region", "zone", "decimal", NULL
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
	check_keys(&root, "", top);

	/* settings first: the fields take them over */
	m->seed = digest(json);
	m->encoding = 'r';
	m->on_invalid = 'd';
	m->region = mart->region;
	m->zone = mart->zone;
	if ((k = get(&root, "null")) != NULL)
	{
		m->nothing = words(k, "null");
		m->has_nothing = true;
	}
	if ((k = get(&root, "encoding")) != NULL)
	{
		char	   *s = need_string(k, "encoding");

		if (strcmp(s, "repair") != 0 && strcmp(s, "keep") != 0 && strcmp(s, "refuse") != 0)
			bad("encoding", "must be \"repair\", \"keep\" or \"refuse\"", NULL);
		m->encoding = strcmp(s, "refuse") == 0 ? 'x' : s[0];
	}
	if ((k = get(&root, "invalid_contact")) != NULL)
	{
		char	   *s = need_string(k, "invalid_contact");

		if (strcmp(s, "drop") != 0 && strcmp(s, "reject") != 0)
			bad("invalid_contact", "must be \"drop\" or \"reject\"", NULL);
		m->on_invalid = s[0];
	}
	if ((k = get(&root, "region")) != NULL)
		m->region = region_of(k, "region");
	if ((k = get(&root, "zone")) != NULL)
		m->zone = zone_of(k, "zone");
	if ((k = get(&root, "decimal")) != NULL)
		m->decimal = decimal_of(k, "decimal");

	/* the party's part */
	if ((k = get(&root, "source_key")) != NULL)
		m->source_key = field(c, k, "source_key", FIELD_KEY, NULL, false);
	if ((k = get(&root, "party")) != NULL)
		entity(c, k, "party", party_names, PARTY_FIELDS, m->party);
	if ((k = get(&root, "email")) != NULL)
		contacts(c, k, 'e', "email");
	if ((k = get(&root, "phone")) != NULL)
		contacts(c, k, 'p', "phone");
	if ((k = get(&root, "address")) != NULL)
	{
		m->address_count = each(k, &e);
		m->address = palloc0(sizeof(*m->address) * (m->address_count + 1));
		for (int i = 0; i < m->address_count; i++)
		{
			entity(c, e[i], "address", address_names, ADDRESS_FIELDS, m->address[i]);
			if (!m->address[i][ADDRESS_STREET] && !m->address[i][ADDRESS_POSTAL_CODE] && !m->address[i][ADDRESS_CITY])
				bad("address", "needs street, postal_code or city", NULL);
		}
	}
	if ((k = get(&root, "consent")) != NULL)
	{
		m->consent_count = each(k, &e);
		m->consent = palloc0(sizeof(*m->consent) * (m->consent_count + 1));
		for (int i = 0; i < m->consent_count; i++)
		{
			Field	  **f = m->consent[i];

			entity(c, e[i], "consent", consent_names, CONSENT_FIELDS, f);
			if (!f[CONSENT_PURPOSE] || !f[CONSENT_CHANNEL] || !f[CONSENT_STATUS])
				bad("consent", "needs purpose, channel and status", "{\"purpose\": \"newsletter\", \"channel\": \"email\", \"status\": {\"column\": \"optin\", \"true\": [\"oui\"]}}");
		}
	}
	if ((k = get(&root, "attributes")) != NULL)
		attributes(c, k);
	if ((k = get(&root, "keys")) != NULL)
	{
		JsonbIterator *it;
		JsonbValue	v;
		JsonbIteratorToken t;
		char	   *scheme = NULL;

		if (!is_object(k))
			bad("keys", "must be an object", "{\"keys\": {\"loyalty_card\": \"column\"}}");
		m->key = palloc0(sizeof(Key) * (JsonContainerSize(k->val.binary.data) + 1));
		it = JsonbIteratorInit(k->val.binary.data);
		while ((t = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		{
			if (t == WJB_KEY)
				scheme = string_of(&v);
			else if (t == WJB_VALUE && v.type != jbvNull)
			{
				m->key[m->key_count].scheme = scheme;
				m->key[m->key_count++].value = field(c, &v, in("keys", scheme), FIELD_KEY, NULL, false);
			}
		}
	}
	for (int i = 0; i < PARTY_FIELDS; i++)
		m->has_party = m->has_party || m->party[i];
	m->has_party = m->has_party || m->source_key || m->contact_count || m->address_count || m->consent_count || m->attribute_count || m->key_count;
	m->party_column = take_used(c, &m->party_column_count);

	/* order and line */
	if ((k = get(&root, "order")) != NULL)
	{
		m->has_order = true;
		entity(c, k, "order", order_names, ORDER_FIELDS, m->order);
		if (!m->order[ORDER_EXTERNAL_ID] || !m->order[ORDER_ORDERED_AT])
			bad("order", "needs external_id and ordered_at", NULL);
	}
	m->order_column = take_used(c, &m->order_column_count);
	if ((k = get(&root, "line")) != NULL)
	{
		m->has_line = true;
		entity(c, k, "line", line_names, LINE_FIELDS, m->line);
		if (!m->has_order)
			bad("line", "needs an order", "Add \"order\": {\"external_id\": ..., \"ordered_at\": ...}.");
		if (!m->line[LINE_AMOUNT] && !m->line[LINE_UNIT_PRICE])
			bad("line", "needs amount or unit_price", NULL);
		if (m->line[LINE_UNIT_PRICE] && !m->line[LINE_AMOUNT] && !m->line[LINE_QUANTITY])
			bad("line", "needs quantity beside unit_price", NULL);
		if ((m->line[LINE_NAME] || m->line[LINE_CATEGORY] || m->line[LINE_BRAND]) && !m->line[LINE_SKU])
			bad("line", "needs sku to name a product", NULL);
	}
	else if (m->has_order && !m->order[ORDER_AMOUNT])
		bad("order", "needs amount when there is no line", NULL);
	m->line_column = take_used(c, &m->line_column_count);
	if (!m->has_party && !m->has_order)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("the mapping maps nothing"), errhint("Name at least a party, a contact point or an order.")));

	/* the payload is the record without what belongs to order and line alone */
	m->in_payload = palloc(columns->count + 1);
	memset(m->in_payload, true, columns->count);
	for (int i = 0; i < m->order_column_count; i++)
		m->in_payload[m->order_column[i]] = false;
	for (int i = 0; i < m->line_column_count; i++)
		m->in_payload[m->line_column[i]] = false;
	for (int i = 0; i < m->party_column_count; i++)
		m->in_payload[m->party_column[i]] = true;
	return m;
}
