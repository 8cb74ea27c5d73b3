/*
 * import_contact_fn.c: e-mail addresses, telephone numbers, postal addresses and countries of a row, by the parsers of src/contact and
 * src/text. Numbers and addresses go through the SQL functions try_phone and address_key, found once an import.
 */
#include "import_private.h"

#include <unicode/uloc.h>
#include <unicode/ustring.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "contact/contact.h"
#include "contact/contact_fn.h"
#include "funcapi.h"
#include "nodes/pg_list.h"
#include "parser/parse_func.h"
#include "text/text.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/typcache.h"
#include "utils/memutils.h"

struct ContactCache
{
	FmgrInfo	phone, address, canonical;
	bool		has_phone, has_address;
	TupleDesc	phone_row;
};

static bool
find_function(const char *name, Oid a, Oid b, FmgrInfo *info, MemoryContext context)
{
	Oid			types[2] = {a, b};
	Oid			f = LookupFuncName(list_make2(makeString("crmseg"), makeString(pstrdup(name))), 2, types, true);

	if (!OidIsValid(f))
		return false;
	fmgr_info_cxt(f, info, context);
	return true;
}

void
import_contacts_begin(Import *im)
{
	ContactCache *c = palloc0(sizeof(ContactCache));
	Oid			email;

	im->contacts = c;
	c->has_phone = find_function("try_phone", TEXTOID, TEXTOID, &c->phone, im->context);
	c->has_address = find_function("address_key", TEXTOID, TEXTOID, &c->address, im->context);
	if (im->mart.email_rules)
	{
		/* canonical(email, jsonb); its rules are compiled once */
		email = DatumGetObjectId(DirectFunctionCall1(to_regtype, PointerGetDatum(cstring_to_text("crmseg.email"))));
		if (!find_function("canonical", email, JSONBOID, &c->canonical, im->context))
			elog(ERROR, "function canonical is missing");
	}
}

bool
import_email(Import *im, const char *p, size_t n, const char **value, size_t *value_size, const char **norm, size_t *norm_size, const char **reason)
{
	email_parsed parsed;
	email_status s = email_parse(p, n, &parsed);
	char		out[EMAIL_CANONICAL_MAX];

	if (s != EMAIL_OK)
	{
		*reason = email_detail(s);
		return false;
	}
	*value = pnstrdup(parsed.written, parsed.written_len);
	*value_size = parsed.written_len;
	if (im->mart.email_rules)
	{
		struct varlena *email = contact_make(EMAIL_VERSION, parsed.normal, parsed.normal_len, parsed.written, parsed.written_len);
		text	   *t = DatumGetTextPP(FunctionCall2(&im->contacts->canonical, PointerGetDatum(email), JsonbPGetDatum(im->mart.email_rules)));

		*norm = VARDATA_ANY(t);
		*norm_size = VARSIZE_ANY_EXHDR(t);
	}
	else
	{
		size_t		at = email_domain_begin(parsed.normal, parsed.normal_len);
		const email_rule *rule = email_provider_rule(parsed.normal + at, parsed.normal_len - at);
		size_t		k;

		if (rule == NULL)
		{
			*norm = pnstrdup(parsed.normal, parsed.normal_len);
			*norm_size = parsed.normal_len;
		}
		else
		{
			k = email_canonical(parsed.normal, parsed.normal_len, rule, out);
			*norm = pnstrdup(out, k);
			*norm_size = k;
		}
	}
	return true;
}

bool
import_phone(Import *im, const char *p, size_t n, const char *region, const char **norm, size_t *norm_size, const char **reason)
{
	ContactCache *c = im->contacts;
	LOCAL_FCINFO(fcinfo, 2);
	Datum		d,
				value;
	bool		null;
	HeapTupleHeader row;
	HeapTupleData tuple;

	if (!c->has_phone)
		elog(ERROR, "function try_phone is missing");
	InitFunctionCallInfoData(*fcinfo, &c->phone, 2, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = PointerGetDatum(cstring_to_text_with_len(p, (int) n));
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].isnull = region == NULL;
	fcinfo->args[1].value = region ? PointerGetDatum(cstring_to_text(region)) : (Datum) 0;
	d = FunctionCallInvoke(fcinfo);
	*reason = "not a number of any country";
	if (fcinfo->isnull)
		return false;
	row = DatumGetHeapTupleHeader(d);
	if (c->phone_row == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(im->context);

		c->phone_row = lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(row), HeapTupleHeaderGetTypMod(row));
		MemoryContextSwitchTo(old);
	}
	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	tuple.t_data = row;
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	value = heap_getattr(&tuple, 1, c->phone_row, &null);
	if (null)
	{
		value = heap_getattr(&tuple, 2, c->phone_row, &null);
		if (!null)
			*reason = TextDatumGetCString(value);
		return false;
	}
	*norm = contact_normal(PG_DETOAST_DATUM_PACKED(value), norm_size);
	return true;
}

text *
import_address_key(Import *im, const char *p, size_t n, const char *country)
{
	ContactCache *c = im->contacts;

	if (c->has_address)
	{
		LOCAL_FCINFO(fcinfo, 2);
		Datum		d;

		InitFunctionCallInfoData(*fcinfo, &c->address, 2, InvalidOid, NULL, NULL);
		fcinfo->args[0].value = PointerGetDatum(cstring_to_text_with_len(p, (int) n));
		fcinfo->args[0].isnull = false;
		fcinfo->args[1].isnull = country == NULL;
		fcinfo->args[1].value = country ? PointerGetDatum(cstring_to_text(country)) : (Datum) 0;
		d = FunctionCallInvoke(fcinfo);
		return fcinfo->isnull ? cstring_to_text("") : DatumGetTextPP(d);
	}
	{
		char	   *out = palloc(text_fold_bound(n) + 1);

		return cstring_to_text_with_len(out, (int) text_fold(p, n, out, text_fold_bound(n)));
	}
}

/* ---- countries ---- */

typedef struct CountryName
{
	char		name[64];		/* folded */
	char		code[3];
} CountryName;

static HTAB *countries = NULL;

static void
add_country(const char *name, size_t n, const char *code)
{
	char		key[64] = "";
	char		folded[400];
	size_t		k = text_fold(name, n, folded, sizeof(folded));
	CountryName *c;
	bool		found;

	if (k == 0 || k >= sizeof(key))
		return;
	memcpy(key, folded, k);
	c = hash_search(countries, key, HASH_ENTER, &found);
	if (!found)
		memcpy(c->code, code, 3);
}

/* The countries' codes and their names in the languages of the files that are met most; built at the first use, once a session. */
static void
load_countries(void)
{
	static const char *const languages[] = {"fr", "en", "de", "es", "it", "nl", "pt", "pl"};
	static const char *const more[][2] = {
		{"UK", "GB"}, {"Great Britain", "GB"}, {"England", "GB"}, {"Angleterre", "GB"}, {"Scotland", "GB"}, {"Wales", "GB"}, {"Northern Ireland", "GB"}, {"Grande Bretagne", "GB"},
		{"USA", "US"}, {"U.S.A.", "US"}, {"Etats Unis", "US"}, {"Holland", "NL"}, {"Hollande", "NL"}, {"Suisse", "CH"}, {"Deutschland", "DE"}, {"Allemagne", "DE"},
		{"República Checa", "CZ"}, {"Czech Republic", "CZ"}, {"Republique Tcheque", "CZ"}, {"Türkiye", "TR"}, {"Turkey", "TR"}, {"Macedonia", "MK"}, {"Russie", "RU"},
		{"South Korea", "KR"}, {"Vatican", "VA"}, {"D", "DE"}, {"F", "FR"}, {"B", "BE"}, {"A", "AT"}, {"I", "IT"}, {"E", "ES"}, {"L", "LU"},
	};
	HASHCTL		ctl = {.keysize = 64, .entrysize = sizeof(CountryName)};
	const char *const *codes = uloc_getISOCountries();

	ctl.hcxt = TopMemoryContext;
	countries = hash_create("crmseg countries", 4096, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	for (int i = 0; codes[i]; i++)
	{
		char		locale[8];

		snprintf(locale, sizeof(locale), "_%s", codes[i]);
		add_country(codes[i], 2, codes[i]);
		add_country(uloc_getISO3Country(locale), strlen(uloc_getISO3Country(locale)), codes[i]);
		for (size_t l = 0; l < lengthof(languages); l++)
		{
			UChar		name[200];
			char		utf8[600];
			UErrorCode	status = U_ZERO_ERROR;
			int32_t		n = uloc_getDisplayCountry(locale, languages[l], name, lengthof(name), &status);
			int32_t		k;

			if (U_FAILURE(status))
				continue;
			u_strToUTF8(utf8, sizeof(utf8), &k, name, n, &status);
			if (U_SUCCESS(status))
				add_country(utf8, k, codes[i]);
		}
	}
	for (size_t i = 0; i < lengthof(more); i++)
		add_country(more[i][0], strlen(more[i][0]), more[i][1]);
}

/* ISO 3166 of a country's code or name, NULL: not known. */
const char *
import_country(const char *p, size_t n)
{
	static char last[64],
				code[3];
	char		key[64] = "";
	char		folded[400];
	size_t		k;
	CountryName *c;

	if (n > 100)
		return NULL;
	if (countries == NULL)
		load_countries();
	k = text_fold(p, n, folded, sizeof(folded));
	if (k == 0 || k >= sizeof(key))
		return NULL;
	memcpy(key, folded, k);
	if (strcmp(key, last) == 0)
		return code;
	c = hash_search(countries, key, HASH_FIND, NULL);
	if (c == NULL)
		return NULL;
	memcpy(last, key, sizeof(last));
	memcpy(code, c->code, 3);
	return code;
}
