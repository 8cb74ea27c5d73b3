/*
 * import_party_fn.c: the party's part of a row: names, addresses, e-mails, telephones, consents, attributes; read (PartyRow), and staged
 * when all of the row is read well.
 */
#include "import_private.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/json.h"

/* 'DUPONT Jean', 'Dupont, Jean', 'Jean Dupont': the family name is what stands in capitals, before a comma, or last. */
static void
split_name(PartyRow *r)
{
	text	   *full = DatumGetTextPP(r->value[PARTY_FULL_NAME]);
	const char *p = VARDATA_ANY(full);
	size_t		n = VARSIZE_ANY_EXHDR(full);
	const char *comma = memchr(p, ',', n);
	size_t		first = n,		/* end of the first part */
				rest = n;		/* begin of the second */
	bool		family_first = false;

	if (r->null[PARTY_GIVEN_NAME] == false || r->null[PARTY_FAMILY_NAME] == false)
		return;
	if (comma != NULL)
	{
		first = comma - p;
		rest = first + 1;
		family_first = true;
	}
	else
	{
		/* leading words in capitals, when others follow */
		size_t		at = 0,
					end = 0;

		while (at < n)
		{
			size_t		stop = at;
			bool		lower = false;

			while (stop < n && p[stop] != ' ')
			{
				if (p[stop] >= 'a' && p[stop] <= 'z')
					lower = true;
				stop++;
			}
			if (lower || stop - at < 2)
				break;
			end = stop;
			at = stop + 1;
		}
		if (end > 0 && end < n)
		{
			first = end;
			rest = end + 1;
			family_first = true;
		}
		else
		{
			const char *space = memchr(p, ' ', n);

			if (space == NULL)
			{
				r->value[PARTY_FAMILY_NAME] = r->value[PARTY_FULL_NAME];
				r->null[PARTY_FAMILY_NAME] = false;
				return;
			}
			first = space - p;
			rest = first + 1;
		}
	}
	{
		const char *a = p,
				   *b = p + rest;
		size_t		an = first,
					bn = n - rest;
		int			fa = family_first ? PARTY_FAMILY_NAME : PARTY_GIVEN_NAME;
		int			fb = family_first ? PARTY_GIVEN_NAME : PARTY_FAMILY_NAME;

		cell_trim(&a, &an);
		cell_trim(&b, &bn);
		if (an > 0)
		{
			r->value[fa] = import_text_datum(a, an);
			r->null[fa] = false;
		}
		if (bn > 0)
		{
			r->value[fb] = import_text_datum(b, bn);
			r->null[fb] = false;
		}
	}
}

/* Codes of five digits that a spreadsheet robbed of their leading zero. */
static Datum
postal_code(Datum code, const char *country)
{
	text	   *t = DatumGetTextPP(code);
	const char *p = VARDATA_ANY(t);
	size_t		n = VARSIZE_ANY_EXHDR(t);

	/* the sign that keeps a spreadsheet from making a number of it */
	if (n > 1 && p[0] == '\'')
	{
		code = import_text_datum(p + 1, n - 1);
		p++;
		n--;
	}
	if (country == NULL || n != 4)
		return code;
	for (size_t i = 0; i < n; i++)
		if (p[i] < '0' || p[i] > '9')
			return code;
	if (strcmp(country, "FR") != 0 && strcmp(country, "DE") != 0 && strcmp(country, "ES") != 0 && strcmp(country, "IT") != 0 && strcmp(country, "US") != 0)
		return code;
	return PointerGetDatum(cstring_to_text(psprintf("0%.4s", p)));
}

void
import_read_party(Import *im, PartyRow *r)
{
	ImportMapping *m = im->map;
	const char *country = NULL;

	memset(r->null, true, sizeof(r->null));
	r->contacts = r->consents = 0;
	r->identifies = false;
	for (int i = 0; i < PARTY_FIELDS; i++)
		if (m->party[i])
			r->null[i] = !import_field_datum(im, m->party[i], &r->value[i]);
	if (!r->null[PARTY_FULL_NAME])
		split_name(r);
	if (r->null[PARTY_SEX] && !r->null[PARTY_SALUTATION])
	{
		text	   *t = DatumGetTextPP(r->value[PARTY_SALUTATION]);
		const char *s = VARSIZE_ANY_EXHDR(t) > 1 ? import_sex_of(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t)) : NULL;

		if (s != NULL)
		{
			r->value[PARTY_SEX] = import_text_datum(s, 1);
			r->null[PARTY_SEX] = false;
		}
	}
	if (!r->null[PARTY_COUNTRY])
		country = text_to_cstring(DatumGetTextPP(r->value[PARTY_COUNTRY]));
	if (!r->null[PARTY_POSTAL_CODE])
		r->value[PARTY_POSTAL_CODE] = postal_code(r->value[PARTY_POSTAL_CODE], country ? country : m->region);
	if (r->null[PARTY_KIND])
	{
		r->value[PARTY_KIND] = PointerGetDatum(cstring_to_text(r->null[PARTY_LEGAL_NAME] ? "person" : "organisation"));
		r->null[PARTY_KIND] = false;
	}
	else if (r->null[PARTY_LEGAL_NAME] && VARSIZE_ANY_EXHDR(DatumGetTextPP(r->value[PARTY_KIND])) == strlen("organisation"))
		import_reject_field(im, m->party[PARTY_LEGAL_NAME] ? m->party[PARTY_LEGAL_NAME] : m->party[PARTY_KIND], "23502", "an organisation without a legal name");
	for (int i = PARTY_GIVEN_NAME; i <= PARTY_MAIDEN_NAME; i++)
		if (!r->null[i])
			r->identifies = true;
	if (!r->null[PARTY_LEGAL_NAME])
		r->identifies = true;

	/* addresses before phones: their country is the region of a number */
	for (int i = 0; i < m->address_count && r->contacts < lengthof(r->contact) - 1; i++)
	{
		int			k = r->contacts;
		StringInfoData whole;
		const char *own = NULL;

		memset(r->contact[k].null, true, sizeof(r->contact[k].null));
		for (int j = 0; j < ADDRESS_FIELDS; j++)
			if (m->address[i][j])
				r->contact[k].null[j] = !import_field_datum(im, m->address[i][j], &r->contact[k].part[j]);
		if (r->contact[k].null[ADDRESS_STREET] && r->contact[k].null[ADDRESS_POSTAL_CODE] && r->contact[k].null[ADDRESS_CITY])
			continue;
		if (!r->contact[k].null[ADDRESS_COUNTRY])
			own = text_to_cstring(DatumGetTextPP(r->contact[k].part[ADDRESS_COUNTRY]));
		if (!r->contact[k].null[ADDRESS_POSTAL_CODE])
			r->contact[k].part[ADDRESS_POSTAL_CODE] = postal_code(r->contact[k].part[ADDRESS_POSTAL_CODE], own ? own : country ? country : m->region);
		initStringInfo(&whole);
		for (int j = ADDRESS_STREET; j <= ADDRESS_CITY; j++)
			if (!r->contact[k].null[j])
			{
				text	   *t = DatumGetTextPP(r->contact[k].part[j]);

				if (whole.len > 0)
					appendStringInfoString(&whole, j == ADDRESS_CITY && !r->contact[k].null[ADDRESS_POSTAL_CODE] ? " " : ", ");
				appendBinaryStringInfo(&whole, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
			}
		r->contact[k].address_norm = import_address_key(im, whole.data, whole.len, own ? own : country ? country : m->region);
		if (VARSIZE_ANY_EXHDR(r->contact[k].address_norm) == 0)
			continue;
		if (VARSIZE_ANY_EXHDR(r->contact[k].address_norm) > 1000 || whole.len > 3000)
		{
			import_warn(im, "address", "22001", "an address too long to be one: left out", whole.data, 100);
			continue;
		}
		if (!r->contact[k].null[ADDRESS_STREET])
			r->identifies = true;
		if (country == NULL)
			country = own;
		r->contact[k].kind = "postal";
		r->contact[k].value = whole.data;
		r->contact[k].value_size = whole.len;
		r->contact[k].norm = VARDATA_ANY(r->contact[k].address_norm);
		r->contact[k].norm_size = VARSIZE_ANY_EXHDR(r->contact[k].address_norm);
		r->contact[k].label = NULL;
		r->contacts++;
	}
	for (int i = 0; i < m->contact_count && r->contacts < lengthof(r->contact) - 1; i++)
	{
		Field	   *f = m->contact[i].value;
		int			k = r->contacts;
		const char *p;
		size_t		n;
		const char *why = NULL;
		bool		ok;

		if (!import_field_text(im, f, &p, &n))
			continue;
		memset(r->contact[k].null, true, sizeof(r->contact[k].null));
		r->contact[k].value = p;
		r->contact[k].value_size = n;
		if (m->contact[i].kind == 'e')
		{
			r->contact[k].kind = "email";
			ok = import_email(im, p, n, &r->contact[k].value, &r->contact[k].value_size, &r->contact[k].norm, &r->contact[k].norm_size, &why);
		}
		else
		{
			const char *region = f->region ? f->region : country;
			Datum		d;

			if (country != NULL && f->region == m->region)
				region = country;	/* the customer's own country before the import's */
			if (f->region_field && import_field_datum(im, f->region_field, &d))
				region = text_to_cstring(DatumGetTextPP(d));
			r->contact[k].kind = "phone";
			if (n > 1 && p[0] == '\'')
				p++, n--;
			ok = import_phone(im, p, n, region, &r->contact[k].norm, &r->contact[k].norm_size, &why);
			/* people keep the number of another country: that of the import is tried after their own */
			if (!ok && f->region && region && strcmp(region, f->region) != 0)
				ok = import_phone(im, p, n, f->region, &r->contact[k].norm, &r->contact[k].norm_size, &why);
		}
		if (!ok)
		{
			const char *column = f->column_count ? im->columns.name[f->column[0]] : f->path;
			char		how = f->on_invalid ? f->on_invalid : m->on_invalid;

			if (how == 'r')
				import_reject(im, column, "22023", psprintf("not a valid %s: %s", m->contact[i].kind == 'e' ? "e-mail address" : "telephone number", why));
			else
				import_warn(im, column, "22023", psprintf("not a valid %s, left out: %s", m->contact[i].kind == 'e' ? "e-mail address" : "telephone number", why), p, n);
			continue;
		}
		r->contact[k].label = m->contact[i].label;
		r->identifies = true;
		/* the same value twice in a row */
		for (int j = 0; j < k; j++)
			if (r->contact[j].kind[0] == r->contact[k].kind[0] && r->contact[j].kind[1] == r->contact[k].kind[1] &&
				r->contact[j].norm_size == r->contact[k].norm_size && memcmp(r->contact[j].norm, r->contact[k].norm, r->contact[k].norm_size) == 0)
				ok = false;
		if (ok)
			r->contacts++;
	}
	for (int i = 0; i < m->consent_count && r->consents < lengthof(r->consent); i++)
	{
		int			k = r->consents;

		for (int j = 0; j < CONSENT_FIELDS; j++)
			r->consent[k].null[j] = m->consent[i][j] == NULL || !import_field_datum(im, m->consent[i][j], &r->consent[k].value[j]);
		if (r->consent[k].null[CONSENT_STATUS])
			continue;			/* nothing was said */
		if (r->consent[k].null[CONSENT_PURPOSE] || r->consent[k].null[CONSENT_CHANNEL])
		{
			import_reject_field(im, m->consent[i][CONSENT_STATUS], "23502", "a consent without purpose or channel");
			continue;
		}
		r->consents++;
	}
	for (int i = 0; i < m->key_count; i++)
	{
		const char *p;
		size_t		n;

		if (import_field_text(im, m->key[i].value, &p, &n))
			r->identifies = true;
	}
}

/* ---- staging ---- */

static Datum
payload(Import *im, bool *null)
{
	JsonbPair  *pairs = palloc(sizeof(JsonbPair) * (im->columns.count + 1));
	JsonbValue	v;
	int			n = 0;

	for (int i = 0; i < im->columns.count; i++)
	{
		int			k = im->payload_order[i];
		Cell	   *c = &im->cells[k];

		if (!im->map->in_payload[k] || c->text == NULL || c->size == 0 || im->columns.name[k] == NULL)
			continue;
		pairs[n].key.type = jbvString;
		pairs[n].key.val.string.val = im->columns.name[k];
		pairs[n].key.val.string.len = (int) strlen(im->columns.name[k]);
		pairs[n].value.type = jbvString;
		pairs[n].value.val.string.val = unconstify(char *, c->text);
		pairs[n].value.val.string.len = (int) c->size;
		pairs[n].order = n;
		n++;
	}
	v.type = jbvObject;
	v.val.object.nPairs = n;
	v.val.object.pairs = pairs;
	*null = false;
	return PointerGetDatum(JsonbValueToJsonb(&v));
}

static void
stage_attributes(Import *im, int32 rec, int32 ver)
{
	ImportMapping *m = im->map;

	for (int i = 0; i < m->attribute_count; i++)
	{
		Attribute  *a = &m->attribute[i];
		Field	   *f = a->value;
		const char *p;
		size_t		n;
		int			item = 0;

		if (!import_field_text(im, f, &p, &n))
			continue;
		while (n > 0 || item == 0)
		{
			const char *piece = p;
			size_t		size = n;
			Datum		values[10];
			bool		nulls[10] = {false, false, false, false, true, true, true, true, true, false};
			CellNumber	number;
			CellTime	t;
			DateADT		d;
			bool		b;

			/* several values in one cell, apart by the separator */
			if (f->separator && f->separator[0] && f->column_count <= 1)
			{
				size_t		k = strlen(f->separator);
				size_t		at = 0;

				while (at + k <= n && memcmp(p + at, f->separator, k) != 0)
					at++;
				if (at + k <= n)
				{
					size = at;
					p += at + k;
					n -= at + k;
				}
				else
					n = 0;
			}
			else
				n = 0;
			cell_trim(&piece, &size);
			/* items of a list that are in quotes themselves */
			if (f->separator && size >= 2 && piece[0] == '"' && piece[size - 1] == '"')
			{
				piece++;
				size -= 2;
			}
			if (size == 0)
			{
				item += item == 0 && n == 0;
				if (n == 0)
					break;
				continue;
			}
			values[0] = Int32GetDatum(rec);
			values[1] = Int32GetDatum(ver);
			values[2] = Int16GetDatum(a->attribute_id);
			values[3] = Int32GetDatum(item++);
			switch (a->data_type[0] == 'd' ? 'd' : a->data_type[0])
			{
				case 'b':
					if (import_boolean_of(f, piece, size, &b))
						values[4] = BoolGetDatum(b), nulls[4] = false;
					break;
				case 'n':
					if (cell_number(piece, size, f->decimal, f->grouping, &number) == CELL_OK)
						values[5] = import_numeric(&number), nulls[5] = false;
					break;
				case 'd':
					if (cell_time(piece, size, f->format_count ? &f->format[0] : import_iso_format(), &t) == CELL_OK && import_date(&t, &d))
						values[7] = DateADTGetDatum(d), nulls[7] = false;
					break;
				case 'j':
					{
						/* a text is a JSON string; structured values come from elsewhere */
						JsonbValue	v;

						v.type = jbvString;
						v.val.string.val = unconstify(char *, piece);
						v.val.string.len = (int) size;
						values[8] = PointerGetDatum(JsonbValueToJsonb(&v));
						nulls[8] = false;
						break;
					}
				default:
					values[6] = import_text_datum(piece, size);
					nulls[6] = false;
			}
			values[9] = PointerGetDatum(cstring_to_text(a->provenance));
			if (!(nulls[4] && nulls[5] && nulls[6] && nulls[7] && nulls[8]))
				import_stage_put(im, STAGE_ATTRIBUTE, values, nulls);
		}
	}
}

/* The values of attributes must be of their types: checked before anything is staged. */
void
import_check_attributes(Import *im)
{
	ImportMapping *m = im->map;

	for (int i = 0; i < m->attribute_count; i++)
	{
		Attribute  *a = &m->attribute[i];
		Field	   *f = a->value;
		const char *p;
		size_t		n;
		CellNumber	number;
		CellTime	t;
		bool		b;

		if (!import_field_text(im, f, &p, &n) || f->separator)
			continue;
		if (a->data_type[0] == 'b' && !import_boolean_of(f, p, n, &b))
			import_reject_status(im, f, CELL_NOT_A_BOOLEAN);
		else if (a->data_type[0] == 'n')
			import_parse_number(im, f, p, n, &number);
		else if (a->data_type[0] == 'd')
		{
			CellStatus	s = cell_time(p, n, f->format_count ? &f->format[0] : import_iso_format(), &t);

			if (s != CELL_OK)
				import_reject_status(im, f, s);
		}
		else if (a->data_type[0] == 'e' && !import_in_words(&a->allowed, p, n, true))
			import_reject_field(im, f, "23514", "not one of the values that the attribute allows");
		else if (n > 10000)
			import_reject_status(im, f, CELL_TOO_LONG);
	}
}

void
import_stage_version(Import *im, int32 rec, int32 ver, text *external_id, PartyRow *r)
{
	Datum		values[24];
	bool		nulls[24];
	static const int8 order[] = {
		PARTY_KIND, PARTY_SALUTATION, PARTY_GIVEN_NAME, PARTY_FAMILY_NAME, PARTY_MAIDEN_NAME, PARTY_SEX, PARTY_BIRTH_DATE, PARTY_DECEASED_ON,
		PARTY_LANGUAGE, PARTY_COUNTRY, PARTY_POSTAL_CODE, PARTY_LEGAL_NAME, PARTY_INDUSTRY_CODE, PARTY_HEADCOUNT, PARTY_TRADE, PARTY_CHAIN_POSITION,
		PARTY_TIER, PARTY_IS_PROFESSIONAL
	};
	int			k = 0;
	int			emails = 0;

	memset(nulls, false, sizeof(nulls));
	values[k++] = Int32GetDatum(rec);
	values[k++] = Int32GetDatum(ver);
	values[k++] = PointerGetDatum(external_id);
	for (size_t i = 0; i < lengthof(order); i++)
	{
		values[k] = r->value[order[i]];
		nulls[k++] = r->null[order[i]];
	}
	/* the place of living is that of the first address, unless the party says it */
	if (r->contacts > 0 && strcmp(r->contact[0].kind, "postal") == 0)
	{
		if (nulls[12] && !r->contact[0].null[ADDRESS_COUNTRY])
			values[12] = r->contact[0].part[ADDRESS_COUNTRY], nulls[12] = false;
		if (nulls[13] && !r->contact[0].null[ADDRESS_POSTAL_CODE])
			values[13] = r->contact[0].part[ADDRESS_POSTAL_CODE], nulls[13] = false;
	}
	values[k] = payload(im, &nulls[k]);
	k++;
	import_stage_put(im, STAGE_VERSION, values, nulls);

	for (int i = 0; i < r->contacts; i++)
	{
		Datum		v[11];
		bool		n[11] = {false};
		int			item = 0;

		for (int j = 0; j < i; j++)
			item += strcmp(r->contact[j].kind, r->contact[i].kind) == 0;
		v[0] = Int32GetDatum(rec);
		v[1] = Int32GetDatum(ver);
		v[2] = Int16GetDatum(item);
		v[3] = PointerGetDatum(cstring_to_text(r->contact[i].kind));
		v[4] = import_text_datum(r->contact[i].value, r->contact[i].value_size);
		v[5] = import_text_datum(r->contact[i].norm, r->contact[i].norm_size);
		n[6] = r->contact[i].label == NULL;
		if (!n[6])
			v[6] = PointerGetDatum(cstring_to_text(r->contact[i].label));
		n[7] = r->contact[i].null[ADDRESS_STREET];
		v[7] = r->contact[i].part[ADDRESS_STREET];
		if (!r->contact[i].null[ADDRESS_EXTRA])
		{
			if (!n[7])
				v[7] = PointerGetDatum(cstring_to_text(psprintf("%s, %s", text_to_cstring(DatumGetTextPP(v[7])), text_to_cstring(DatumGetTextPP(r->contact[i].part[ADDRESS_EXTRA])))));
			else
				v[7] = r->contact[i].part[ADDRESS_EXTRA];
			n[7] = false;
		}
		n[8] = r->contact[i].null[ADDRESS_POSTAL_CODE];
		v[8] = r->contact[i].part[ADDRESS_POSTAL_CODE];
		n[9] = r->contact[i].null[ADDRESS_CITY];
		v[9] = r->contact[i].part[ADDRESS_CITY];
		n[10] = r->contact[i].null[ADDRESS_COUNTRY];
		v[10] = r->contact[i].part[ADDRESS_COUNTRY];
		if (!r->contact[i].null[ADDRESS_LABEL])
			v[6] = r->contact[i].part[ADDRESS_LABEL], n[6] = false;
		import_stage_put(im, STAGE_CONTACT, v, n);
		emails++;
	}
	for (int i = 0; i < r->consents; i++)
	{
		Datum		v[3 + CONSENT_FIELDS];
		bool		n[3 + CONSENT_FIELDS] = {false};

		v[0] = Int32GetDatum(rec);
		v[1] = Int32GetDatum(ver);
		v[2] = Int16GetDatum(i);
		for (int j = 0; j < CONSENT_FIELDS; j++)
		{
			v[3 + j] = r->consent[i].value[j];
			n[3 + j] = r->consent[i].null[j];
		}
		import_stage_put(im, STAGE_CONSENT, v, n);
	}
	for (int i = 0; i < im->map->key_count; i++)
	{
		Datum		v[4];
		bool		n[4] = {false};

		if (!import_field_datum(im, im->map->key[i].value, &v[3]))
			continue;
		v[0] = Int32GetDatum(rec);
		v[1] = Int32GetDatum(ver);
		v[2] = PointerGetDatum(cstring_to_text(im->map->key[i].scheme));
		import_stage_put(im, STAGE_KEY, v, n);
	}
	stage_attributes(im, rec, ver);
}
