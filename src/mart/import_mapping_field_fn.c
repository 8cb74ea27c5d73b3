/*
 * import_mapping_field_fn.c: the parts of a mapping (import_mapping_fn.c): its jsonb, and single fields: a column or a constant, and how it
 * is read.
 */
#include "import_mapping.h"

#include "mb/pg_wchar.h"
#include "text/text.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

/* ---- jsonb ---- */

char *
map_string(const JsonbValue *v)
{
	return pnstrdup(v->val.string.val, v->val.string.len);
}

bool
map_is_object(const JsonbValue *v)
{
	return v->type == jbvBinary && JsonContainerIsObject(v->val.binary.data);
}

bool
map_is_array(const JsonbValue *v)
{
	return v->type == jbvBinary && JsonContainerIsArray(v->val.binary.data) && !JsonContainerIsScalar(v->val.binary.data);
}

JsonbValue *
map_get(const JsonbValue *object, const char *key)
{
	JsonbValue *v = getKeyJsonValueFromContainer(object->val.binary.data, key, strlen(key), NULL);

	return v != NULL && v->type == jbvNull ? NULL : v;
}

void
map_bad(const char *path, const char *what, const char *hint)
{
	ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("mapping: \"%s\" %s", path, what), hint ? errhint("%s", hint) : 0));
}

char *
map_need_string(const JsonbValue *v, const char *path)
{
	if (v->type != jbvString)
		map_bad(path, "must be a string", NULL);
	return map_string(v);
}

/* A name without case, accents, punctuation and spaces. */
static int
bare(const char *name, char *out, int size)
{
	int			n = 0;
	size_t		k = text_fold(name, strlen(name), out, size);

	if (k > (size_t) size)
		return -1;
	for (size_t i = 0; i < k; i++)
		if (out[i] != ' ' && out[i] != '_')
			out[n++] = out[i];
	return n;
}

/* 'Perhaps "this"? ': the one of the names that this one may have been meant to be; empty: none is near. */
static const char *
perhaps(const char *name, char **names, int count)
{
	char		a[600],
				b[600];
	int			an = bare(name, a, sizeof(a)),
				best = an < 0 ? -1 : 1 + an / 4;
	const char *found = NULL;

	for (int i = 0; i < count && best >= 0; i++)
	{
		int			bn = names[i] ? bare(names[i], b, sizeof(b)) : -1;
		int			d;

		if (bn < 0 || an > 200 || bn > 200)
			continue;
		d = varstr_levenshtein_less_equal(a, an, b, bn, 1, 1, 1, best, true);
		if (d <= best && d < Max(an, 1))
		{
			found = names[i];
			best = d - 1;
		}
	}
	return found ? psprintf("Perhaps \"%s\"? ", found) : "";
}

/* The keys of an object must be among those named (a list ended by NULL). */
void
map_check_keys(const JsonbValue *object, const char *path, const char *const *known)
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
				 path[0] ? errmsg("mapping: \"%s\" has no key \"%s\"", path, map_string(&v)) : errmsg("mapping: there is no key \"%s\"", map_string(&v)),
				 errhint("%sThe keys are %s.", perhaps(map_string(&v), (char **) known, i), list.data)));
	}
}

const char *
map_in(const char *path, const char *key)
{
	return path[0] ? psprintf("%s.%s", path, key) : pstrdup(key);
}

/* One string or an array of them. */
Words
map_words(const JsonbValue *v, const char *path)
{
	Words		w = {0, NULL};

	if (v->type == jbvString)
	{
		w.count = 1;
		w.word = palloc(sizeof(char *));
		w.word[0] = map_string(v);
	}
	else if (map_is_array(v))
	{
		uint32		n = JsonContainerSize(v->val.binary.data);

		w.word = palloc(sizeof(char *) * (n + 1));
		for (uint32 i = 0; i < n; i++)
			w.word[w.count++] = map_need_string(getIthJsonbValueFromContainer(v->val.binary.data, i), path);
	}
	else
		map_bad(path, "must be a string or an array of strings", NULL);
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
	if (found >= 0 || c->optional)
		return found;
	initStringInfo(&list);
	for (int i = 0; i < c->columns->count; i++)
		if (c->columns->name[i])
			appendStringInfo(&list, "%s%s", list.len ? ", " : "", c->columns->name[i]);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("mapping: \"%s\" names column \"%s\", which %s has not", path, name, c->from),
			 errhint("%sIts columns are %s. A constant is written {\"value\": \"%s\"}.", perhaps(name, c->columns->name, c->columns->count), list.data, name)));
	return -1;
}

static void
add_column(Compile *c, Field *f, const char *name)
{
	int			i = column_of(c, name, f->path);

	if (i < 0)
		return;
	f->column = f->column ? repalloc(f->column, sizeof(int) * (f->column_count + 1)) : palloc(sizeof(int));
	f->column[f->column_count++] = i;
	c->used[i] = true;
}

pg_tz *
map_zone(const JsonbValue *v, const char *path)
{
	char	   *name = map_need_string(v, path);
	pg_tz	   *zone = pg_tzset(name);

	if (zone == NULL)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("mapping: \"%s\" names time zone \"%s\", which the server does not know", path, name),
						errhint("See pg_timezone_names, such as Europe/Paris.")));
	return zone;
}

char
map_decimal(const JsonbValue *v, const char *path)
{
	char	   *s = map_need_string(v, path);

	if (strcmp(s, ".") != 0 && strcmp(s, ",") != 0)
		map_bad(path, "must be \".\" or \",\"", NULL);
	return s[0];
}

char *
map_region(const JsonbValue *v, const char *path)
{
	char	   *s = map_need_string(v, path);

	if (strlen(s) != 2 || s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z')
		map_bad(path, "must be a country of ISO 3166 in capitals, such as FR", NULL);
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

Field *
map_field(Compile *c, const JsonbValue *v, const char *path, FieldType type, const char *const *allowed, bool string_is_value)
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
			f->value = map_string(v);
		else
			add_column(c, f, map_string(v));
		if (f->column_count == 0 && f->value == NULL)
			return NULL;
	}
	else if (map_is_object(v))
	{
		map_check_keys(v, path, field_keys);
		if ((k = map_get(v, "column")) != NULL || (k = map_get(v, "columns")) != NULL)
		{
			Words		w = map_words(k, path);

			for (int i = 0; i < w.count; i++)
				add_column(c, f, w.word[i]);
		}
		if ((k = map_get(v, "value")) != NULL)
		{
			if (k->type == jbvString)
				f->value = map_string(k);
			else if (k->type == jbvBool)
				f->value = k->val.boolean ? "true" : "false";
			else if (k->type == jbvNumeric)
			{
				f->value = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(k->val.numeric)));
				f->decimal = '.';
			}
			else
				map_bad(path, "must have a plain value", NULL);
		}
		if (k == NULL && f->column_count == 0 && c->optional && (map_get(v, "column") || map_get(v, "columns")))
			return NULL;
		if ((f->column_count > 0) == (f->value != NULL))
			map_bad(path, f->value ? "has a column and a value" : "has neither a column nor a value", "{\"column\": \"name\", ...} or {\"value\": \"constant\"}");
		if ((k = map_get(v, "default")) != NULL)
			f->instead = map_need_string(k, path);
		if ((k = map_get(v, "format")) != NULL)
		{
			Words		w = map_words(k, path);

			if (type != FIELD_DATE && type != FIELD_BIRTH && type != FIELD_TIME)
				map_bad(path, "is not a date and takes no format", NULL);
			for (int i = 0; i < w.count; i++)
				add_format(f, w.word[i]);
		}
		if ((k = map_get(v, "zone")) != NULL)
			f->zone = map_zone(k, path);
		if ((k = map_get(v, "decimal")) != NULL)
			f->decimal = map_decimal(k, path);
		if ((k = map_get(v, "grouping")) != NULL)
		{
			char	   *s = map_need_string(k, path);
			size_t		at = 0;

			f->grouping = s[0] ? cell_char(s, strlen(s), &at) : 0;
			if (s[0] == '\0' || s[at] != '\0')
				map_bad(path, "must group by one character", NULL);
		}
		if ((k = map_get(v, "region")) != NULL)
		{
			if (map_is_object(k))
				f->region_field = map_field(c, k, map_in(path, "region"), FIELD_COUNTRY, NULL, false);
			else
				f->region = map_region(k, map_in(path, "region"));
		}
		if ((k = map_get(v, "true")) != NULL)
			f->yes = map_words(k, path);
		if ((k = map_get(v, "false")) != NULL)
			f->no = map_words(k, path);
		if ((k = map_get(v, "null")) != NULL)
		{
			f->nothing = map_words(k, path);
			f->has_nothing = true;
		}
		if ((k = map_get(v, "separator")) != NULL)
			f->separator = map_need_string(k, path);
		if ((k = map_get(v, "required")) != NULL)
		{
			if (k->type != jbvBool)
				map_bad(path, "is required: true or false", NULL);
			f->required = k->val.boolean;
		}
		if ((k = map_get(v, "invalid")) != NULL)
		{
			char	   *s = map_need_string(k, path);

			if (strcmp(s, "drop") != 0 && strcmp(s, "reject") != 0)
				map_bad(map_in(path, "invalid"), "must be \"drop\" or \"reject\"", NULL);
			f->on_invalid = s[0];
		}
		if ((k = map_get(v, "map")) != NULL)
		{
			JsonbIterator *it;
			JsonbValue	e;
			JsonbIteratorToken t;
			uint32		n;

			if (!map_is_object(k))
				map_bad(map_in(path, "map"), "must be an object of strings", NULL);
			n = JsonContainerSize(k->val.binary.data);
			f->from.word = palloc(sizeof(char *) * (n + 1));
			f->to.word = palloc(sizeof(char *) * (n + 1));
			it = JsonbIteratorInit(k->val.binary.data);
			while ((t = JsonbIteratorNext(&it, &e, true)) != WJB_DONE)
			{
				if (t == WJB_KEY)
					f->from.word[f->from.count++] = map_string(&e);
				else if (t == WJB_VALUE)
					f->to.word[f->to.count++] = e.type == jbvNull ? "" : map_need_string(&e, map_in(path, "map"));
			}
		}
	}
	else
		map_bad(path, "must be the name of a column or an object", NULL);
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
			map_bad(path, "has a value that cannot be", psprintf("The first that can is \"%s\"; docs/import.md lists them.", allowed[0]));
	}
	if (f->format_count == 0 && (type == FIELD_DATE || type == FIELD_BIRTH || type == FIELD_TIME))
		add_format(f, "ISO");
	return f;
}

/* An object of fields with given names. */
void
map_entity(Compile *c, const JsonbValue *v, const char *path, const FieldName *names, int count, Field **into)
{
	const char **known = palloc0(sizeof(char *) * (count + 1));

	if (!map_is_object(v))
		map_bad(path, "must be an object", NULL);
	for (int i = 0; i < count; i++)
		known[i] = names[i].name;
	map_check_keys(v, path, known);
	for (int i = 0; i < count; i++)
	{
		JsonbValue *k = map_get(v, names[i].name);

		if (k != NULL)
			into[i] = map_field(c, k, map_in(path, names[i].name), names[i].type, names[i].allowed, names[i].string_is_value);
	}
}

/* The value, or each element of an array of them. */
int
map_each(const JsonbValue *v, JsonbValue ***elements)
{
	uint32		n = map_is_array(v) ? JsonContainerSize(v->val.binary.data) : 1;

	*elements = palloc(sizeof(JsonbValue *) * (n + 1));
	for (uint32 i = 0; i < n; i++)
		(*elements)[i] = map_is_array(v) ? getIthJsonbValueFromContainer(v->val.binary.data, i) : unconstify(JsonbValue *, v);
	return (int) n;
}

/* Takes the columns used since the last call as a list. */
int *
map_take_used(Compile *c, int *count)
{
	int		   *list = palloc(sizeof(int) * (c->columns->count + 1));

	*count = 0;
	for (int i = 0; i < c->columns->count; i++)
		if (c->used[i])
			list[(*count)++] = i;
	memset(c->used, 0, c->columns->count);
	return list;
}
