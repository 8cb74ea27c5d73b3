/*
 * import_row_fn.c: one row of texts becomes typed values in the staging tables, or one reject. Nothing of a row is staged before all of
 * it is read well.
 *
 * Rows of one customer and of one order come in any order and any distance: two hash tables, by the digests of their keys, say which
 * were met before. What was met with the same content is not read again.
 */
#include "import_private.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"

typedef struct Digest
{
	uint64		a, b;
} Digest;

typedef struct RecordEntry
{
	Digest		key;
	Digest		last;			/* content of the last version */
	int32		rec;
	int32		versions;
	int32		anonymous_store;	/* -1: a record */
	bool		buys;
	char		status;
} RecordEntry;

typedef struct OrderEntry
{
	Digest		key;
	uint64		head;			/* digest of the first head */
	int32		ord;
	int32		lines;
	char		kind;			/* s, r, or 0: not stated */
	char		currency[4];
	char		status;
} OrderEntry;

typedef struct NameEntry
{
	Digest		key;
	int32		id;
	char		status;
} NameEntry;

typedef struct CountEntry
{
	uint64		key;
	uint64		content;		/* of a line that has a number */
	int32		count;
	char		status;
} CountEntry;

#define SH_DECLARE
#define SH_DEFINE
#define SH_SCOPE static inline
#define SH_KEY key
#define SH_KEY_TYPE Digest
#define SH_HASH_KEY(tb, k) ((uint32) (k).a)
#define SH_EQUAL(tb, x, y) ((x).a == (y).a && (x).b == (y).b)
#define SH_PREFIX record
#define SH_ELEMENT_TYPE RecordEntry
#include "lib/simplehash.h"

#define SH_DECLARE
#define SH_DEFINE
#define SH_SCOPE static inline
#define SH_KEY key
#define SH_KEY_TYPE Digest
#define SH_HASH_KEY(tb, k) ((uint32) (k).a)
#define SH_EQUAL(tb, x, y) ((x).a == (y).a && (x).b == (y).b)
#define SH_PREFIX order
#define SH_ELEMENT_TYPE OrderEntry
#include "lib/simplehash.h"

#define SH_DECLARE
#define SH_DEFINE
#define SH_SCOPE static inline
#define SH_KEY key
#define SH_KEY_TYPE Digest
#define SH_HASH_KEY(tb, k) ((uint32) (k).a)
#define SH_EQUAL(tb, x, y) ((x).a == (y).a && (x).b == (y).b)
#define SH_PREFIX name
#define SH_ELEMENT_TYPE NameEntry
#include "lib/simplehash.h"

#define SH_DECLARE
#define SH_DEFINE
#define SH_SCOPE static inline
#define SH_KEY key
#define SH_KEY_TYPE uint64
#define SH_HASH_KEY(tb, k) ((uint32) ((k) ^ ((k) >> 32)))
#define SH_EQUAL(tb, x, y) ((x) == (y))
#define SH_PREFIX count
#define SH_ELEMENT_TYPE CountEntry
#include "lib/simplehash.h"

/* What a party's part of a row says. */
typedef struct PartyRow
{
	Datum		value[PARTY_FIELDS];
	bool		null[PARTY_FIELDS];
	int			contacts;
	struct
	{
		const char *kind;
		const char *value;
		size_t		value_size;
		const char *norm;
		size_t		norm_size;
		const char *label;
		Datum		part[ADDRESS_FIELDS];
		bool		null[ADDRESS_FIELDS];
		text	   *address_norm;
	}			contact[24];
	int			consents;
	struct
	{
		Datum		value[CONSENT_FIELDS];
		bool		null[CONSENT_FIELDS];
	}			consent[16];
	bool		identifies;		/* holds something of a person */
} PartyRow;

/* ---- digests ---- */

static Digest
digest_of(const char *p, size_t n, uint64 seed)
{
	Digest		d;

	d.a = hash_bytes_extended((const unsigned char *) p, (int) n, seed);
	d.b = hash_bytes_extended((const unsigned char *) p, (int) n, d.a ^ UINT64CONST(0x9E3779B97F4A7C15));
	return d;
}

/* Of several cells: lengths count, NULL differs from empty. */
static Digest
digest_cells(Import *im, const int *column, int count)
{
	Digest		d = {im->map->seed, ~im->map->seed};

	for (int i = 0; i < count; i++)
	{
		Cell	   *c = &im->cells[column[i]];
		const char *p = c->text;
		size_t		n = c->size;

		if (p == NULL)
		{
			d.a = d.a * 31 + 7;
			continue;
		}
		cell_trim(&p, &n);
		d.a = hash_bytes_extended((const unsigned char *) p, (int) n, d.a + n);
		d.b = hash_bytes_extended((const unsigned char *) p, (int) n, d.b ^ d.a);
	}
	return d;
}

/* ---- cells of a field ---- */

static void
reject_field(Import *im, const Field *f, const char *code, const char *reason)
{
	import_reject(im, f->column_count ? im->columns.name[f->column[0]] : f->path, code, reason);
}

static void
reject_status(Import *im, const Field *f, CellStatus s)
{
	reject_field(im, f, cell_code(s), cell_reason(s));
}

static bool
in_words(const Words *w, const char *p, size_t n, bool exact)
{
	for (int i = 0; i < w->count; i++)
	{
		size_t		k = strlen(w->word[i]);

		if (exact ? k == n && memcmp(p, w->word[i], n) == 0 : cell_same_word(p, n, w->word[i], k))
			return true;
	}
	return false;
}

/* The text of a field in the row at hand, trimmed and repaired; false: NULL. */
static bool
field_text(Import *im, const Field *f, const char **text, size_t *size)
{
	const char *p = f->value;
	size_t		n = p ? strlen(p) : 0;
	const ImportMapping *m = im->map;

	if (p == NULL)
	{
		if (f->column_count == 1)
		{
			p = im->cells[f->column[0]].text;
			n = im->cells[f->column[0]].size;
		}
		else
		{
			StringInfoData joined;

			initStringInfo(&joined);
			for (int i = 0; i < f->column_count; i++)
			{
				const char *q = im->cells[f->column[i]].text;
				size_t		k = im->cells[f->column[i]].size;

				if (q == NULL)
					continue;
				cell_trim(&q, &k);
				if (cell_is_empty_word(q, k))
					continue;
				if (joined.len > 0)
					appendStringInfoString(&joined, f->separator ? f->separator : " ");
				appendBinaryStringInfo(&joined, q, (int) k);
			}
			p = joined.data;
			n = joined.len;
		}
		if (p != NULL)
		{
			const Words *nothing = f->has_nothing ? &f->nothing : m->has_nothing ? &m->nothing : NULL;

			cell_trim(&p, &n);
			if (n == 0 || (nothing ? in_words(nothing, p, n, true) : cell_is_empty_word(p, n)))
				p = NULL;
		}
		if (p != NULL && m->encoding != 'k')
		{
			bool		high = false;

			for (size_t i = 0; i < n && !high; i++)
				high = (p[i] & 0x80) != 0;
			if (high)
			{
				char	   *out = palloc(2 * n + 8);
				size_t		outsize;
				CellStatus	s = cell_mojibake(p, n, out, &outsize);

				if (s == CELL_REPLACEMENT || (s == CELL_MOJIBAKE && m->encoding == 'x'))
					reject_status(im, f, s);
				else if (s == CELL_MOJIBAKE)
				{
					p = out;
					n = outsize;
					cell_trim(&p, &n);
					im->repaired++;
				}
			}
		}
		for (int i = 0; p != NULL && i < f->from.count; i++)
			if (cell_same_word(p, n, f->from.word[i], strlen(f->from.word[i])))
			{
				p = f->to.word[i];
				n = strlen(p);
				if (n == 0)
					p = NULL;
				break;
			}
		if (p == NULL && f->instead)
		{
			p = f->instead;
			n = strlen(p);
		}
		if (p == NULL && f->required)
			reject_status(im, f, CELL_EMPTY);
	}
	*text = p;
	*size = n;
	return p != NULL;
}

static Datum
text_datum(const char *p, size_t n)
{
	return PointerGetDatum(cstring_to_text_with_len(p, (int) n));
}

static const CellFormat *
iso_format(void)
{
	static CellFormat iso;

	if (iso.count == 0)
	{
		size_t		at;

		cell_format("ISO", 3, &iso, &at);
	}
	return &iso;
}

static bool
parse_time(Import *im, const Field *f, const char *p, size_t n, CellTime *t)
{
	CellStatus	s = CELL_OK;

	if (f->column_count == 1 && im->columns.typed[f->column[0]])
		s = cell_time(p, n, iso_format(), t);
	else
		for (int i = 0; i < f->format_count; i++)
		{
			CellStatus	again = cell_time(p, n, &f->format[i], t);

			/* of several formats the most telling failure is kept: an impossible day rather than another format */
			if (again == CELL_OK)
				return true;
			if (i == 0 || again == CELL_IMPOSSIBLE_DATE)
				s = again;
		}
	if (s != CELL_OK)
		reject_status(im, f, s);
	return s == CELL_OK;
}

static bool
parse_number(Import *im, const Field *f, const char *p, size_t n, CellNumber *number)
{
	bool		typed = f->column_count == 1 && im->columns.typed[f->column[0]];
	CellStatus	s = cell_number(p, n, typed ? '.' : f->decimal, f->grouping, number);

	if (s == CELL_OK)
		return true;
	if (s != CELL_EMPTY)
		reject_status(im, f, s);
	return false;
}

static const char *
sex_of(const char *p, size_t n)
{
	static const char *const words[][2] = {
		{"f", "f"}, {"m", "m"}, {"x", "x"}, {"mme", "f"}, {"mme.", "f"}, {"madame", "f"}, {"mlle", "f"}, {"mademoiselle", "f"}, {"femme", "f"}, {"female", "f"},
		{"féminin", "f"}, {"feminin", "f"}, {"woman", "f"}, {"w", "f"}, {"weiblich", "f"}, {"frau", "f"}, {"mrs", "f"}, {"mrs.", "f"}, {"ms", "f"}, {"ms.", "f"},
		{"miss", "f"}, {"sra", "f"}, {"sra.", "f"}, {"mujer", "f"}, {"donna", "f"}, {"mevrouw", "f"}, {"m.", "m"}, {"mr", "m"}, {"mr.", "m"}, {"monsieur", "m"},
		{"homme", "m"}, {"h", "m"}, {"male", "m"}, {"masculin", "m"}, {"man", "m"}, {"männlich", "m"}, {"maennlich", "m"}, {"herr", "m"}, {"sr", "m"}, {"sr.", "m"},
		{"hombre", "m"}, {"uomo", "m"}, {"heer", "m"}, {"nb", "x"}, {"divers", "x"}, {"non-binary", "x"}, {"other", "x"}, {"autre", "x"}, {"1", "m"}, {"2", "f"},
	};

	for (size_t i = 0; i < lengthof(words); i++)
		if (cell_same_word(p, n, words[i][0], strlen(words[i][0])))
			return words[i][1];
	return NULL;
}

int
import_channel(const MartInfo *mart, const char *p, size_t n)
{
	static const char *const also[][2] = {
		{"e-mail", "email"}, {"mail", "email"}, {"courriel", "email"}, {"texto", "sms"}, {"mobile", "sms"}, {"courrier", "post"}, {"postal", "post"}, {"letter", "post"},
		{"post", "post"}, {"brief", "post"}, {"telephone", "phone"}, {"téléphone", "phone"}, {"tel", "phone"}, {"telefon", "phone"}, {"magasin", "store"},
		{"boutique", "store"}, {"shop", "store"}, {"filiale", "store"}, {"tienda", "store"}, {"online", "web"}, {"internet", "web"}, {"site", "web"},
		{"website", "web"}, {"en ligne", "web"}, {"application", "app"}, {"appli", "app"},
	};

	for (int i = 0; i < mart->channel_count; i++)
		if (cell_same_word(p, n, mart->channel_name[i], strlen(mart->channel_name[i])))
			return mart->channel_id[i];
	for (size_t k = 0; k < lengthof(also); k++)
		if (cell_same_word(p, n, also[k][0], strlen(also[k][0])))
			for (int i = 0; i < mart->channel_count; i++)
				if (strcmp(mart->channel_name[i], also[k][1]) == 0)
					return mart->channel_id[i];
	return -1;
}

static bool
boolean_of(const Field *f, const char *p, size_t n, bool *value)
{
	if (f->yes.count && in_words(&f->yes, p, n, false))
		*value = true;
	else if (f->no.count && in_words(&f->no, p, n, false))
		*value = false;
	else if (cell_boolean(p, n, value) != CELL_OK || (*value ? f->yes.count : f->no.count) > 0)
		return false;
	return true;
}

/* One of a list of words, with the usual other words for the kind of an order. */
static const char *
word_of(const char *const *allowed, const char *p, size_t n)
{
	static const char *const also[][2] = {
		{"sale", "s"}, {"vente", "s"}, {"v", "s"}, {"verkauf", "s"}, {"venta", "s"}, {"return", "r"}, {"refund", "r"}, {"retour", "r"}, {"avoir", "r"},
		{"remboursement", "r"}, {"rückgabe", "r"}, {"retoure", "r"}, {"devolución", "r"}, {"reso", "r"},
		{"personne", "person"}, {"particulier", "person"}, {"b2c", "person"}, {"privat", "person"}, {"organization", "organisation"}, {"company", "organisation"},
		{"société", "organisation"}, {"entreprise", "organisation"}, {"pro", "organisation"}, {"b2b", "organisation"}, {"firma", "organisation"}, {"foyer", "household"},
		{"canceled", "cancelled"}, {"annulé", "cancelled"}, {"annulée", "cancelled"}, {"storniert", "cancelled"}, {"payé", "paid"}, {"payée", "paid"}, {"bezahlt", "paid"},
		{"expédié", "shipped"}, {"expédiée", "shipped"}, {"livré", "shipped"}, {"livrée", "shipped"}, {"versandt", "shipped"}, {"completed", "paid"}, {"complete", "paid"},
		{"en cours", "open"}, {"pending", "open"}, {"processing", "open"}, {"offen", "open"}, {"professionnel", "professional"}, {"cadeau", "gift"}, {"personnel", "personal"},
	};

	for (int i = 0; allowed[i]; i++)
		if (cell_same_word(p, n, allowed[i], strlen(allowed[i])))
			return allowed[i];
	for (size_t k = 0; k < lengthof(also); k++)
		if (cell_same_word(p, n, also[k][0], strlen(also[k][0])))
			for (int i = 0; allowed[i]; i++)
				if (strcmp(allowed[i], also[k][1]) == 0)
					return allowed[i];
	return NULL;
}

/* The typed value of a field; false: NULL or refused (then the row is bad). */
static bool
field_datum(Import *im, const Field *f, Datum *result)
{
	const char *p;
	size_t		n;
	CellTime	t;
	CellNumber	number;
	bool		b;

	if (f == NULL || !field_text(im, f, &p, &n))
		return false;
	switch (f->type)
	{
		case FIELD_TEXT:
			*result = text_datum(p, n);
			return true;
		case FIELD_NAME:
		case FIELD_KEY:
			{
				char	   *out = palloc(n + 1);

				n = cell_squeeze(p, n, out);
				if (n > 1000)
				{
					if (f->type == FIELD_KEY)
					{
						reject_status(im, f, CELL_TOO_LONG);
						return false;
					}
				}
				*result = text_datum(out, n);
				return n > 0;
			}
		case FIELD_DATE:
		case FIELD_BIRTH:
			{
				DateADT		d;

				if (!parse_time(im, f, p, n, &t))
					return false;
				if (!import_date(&t, &d))
				{
					reject_status(im, f, CELL_OUT_OF_RANGE);
					return false;
				}
				if (f->type == FIELD_BIRTH)
				{
					DateADT		today = (DateADT) (im->now / USECS_PER_DAY) + 1;

					/* nobody is born tomorrow: a year of two digits is of the century before */
					if (d > today && f->format[0].short_year)
					{
						t.year -= 100;
						if (t.day > cell_days_in_month(t.year, t.month) || !import_date(&t, &d))
						{
							reject_status(im, f, CELL_IMPOSSIBLE_DATE);
							return false;
						}
					}
					else if (d > today || t.year < 1850)
					{
						reject_field(im, f, "22008", d > today ? "a birth date in the future" : "a birth date before 1850");
						return false;
					}
				}
				*result = DateADTGetDatum(d);
				return true;
			}
		case FIELD_TIME:
			{
				TimestampTz ts;

				if (!parse_time(im, f, p, n, &t))
					return false;
				if (!import_timestamp(&t, f->zone, &ts))
				{
					reject_status(im, f, CELL_OUT_OF_RANGE);
					return false;
				}
				*result = TimestampTzGetDatum(ts);
				return true;
			}
		case FIELD_NUMBER:
			if (!parse_number(im, f, p, n, &number))
				return false;
			*result = import_numeric(&number);
			return true;
		case FIELD_INTEGER:
			if (!parse_number(im, f, p, n, &number))
				return false;
			while (number.small && number.scale > 0 && number.mantissa % 10 == 0)
			{
				number.mantissa /= 10;
				number.scale--;
			}
			if (!number.small || number.scale > 0 || number.mantissa < 0 || number.mantissa > PG_INT32_MAX)
			{
				reject_field(im, f, "22003", "not a whole number from 0 to 2147483647");
				return false;
			}
			*result = Int32GetDatum((int32) number.mantissa);
			return true;
		case FIELD_BOOLEAN:
			if (!boolean_of(f, p, n, &b))
			{
				reject_status(im, f, CELL_NOT_A_BOOLEAN);
				return false;
			}
			*result = BoolGetDatum(b);
			return true;
		case FIELD_SEX:
			{
				const char *s = sex_of(p, n);

				if (s == NULL)
				{
					import_warn(im, im->columns.name[f->column_count ? f->column[0] : 0], "22023", "not a sex that is known: left out", p, n);
					return false;
				}
				*result = text_datum(s, 1);
				return true;
			}
		case FIELD_COUNTRY:
			{
				const char *s = import_country(p, n);

				if (s == NULL)
				{
					import_warn(im, f->column_count ? im->columns.name[f->column[0]] : f->path, "22023", "not a country that is known: left out", p, n);
					return false;
				}
				*result = text_datum(s, 2);
				return true;
			}
		case FIELD_CURRENCY:
			{
				char		buffer[40];

				/* a code or a sign, read as that of an amount */
				if (n < 30)
				{
					memcpy(buffer, "1 ", 2);
					memcpy(buffer + 2, p, n);
					if (cell_number(buffer, n + 2, '.', 0, &number) == CELL_OK && number.currency[0] != '\0')
					{
						*result = text_datum(number.currency, 3);
						return true;
					}
				}
				reject_field(im, f, "22023", "not a currency of ISO 4217");
				return false;
			}
		case FIELD_CHANNEL:
			{
				int			id = import_channel(&im->mart, p, n);

				if (id < 0)
				{
					reject_field(im, f, "22023", "not a channel of the mart");
					return false;
				}
				*result = Int16GetDatum((int16) id);
				return true;
			}
		case FIELD_WORD:
			{
				const char *w = word_of(f->allowed, p, n);

				if (w == NULL)
				{
					reject_field(im, f, "22023", "not one of the words that can stand here; the mapping's \"map\" can translate it");
					return false;
				}
				*result = text_datum(w, strlen(w));
				return true;
			}
		case FIELD_CONSENT:
			{
				static const char *const status[] = {"granted", "denied", "withdrawn", NULL};
				const char *w = word_of(status, p, n);

				if (w == NULL)
				{
					if (!boolean_of(f, p, n, &b))
					{
						reject_status(im, f, CELL_NOT_A_BOOLEAN);
						return false;
					}
					w = status[b ? 0 : 1];
				}
				*result = text_datum(w, strlen(w));
				return true;
			}
	}
	return false;
}

/* ---- the party's part ---- */

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
			r->value[fa] = text_datum(a, an);
			r->null[fa] = false;
		}
		if (bn > 0)
		{
			r->value[fb] = text_datum(b, bn);
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

	if (country == NULL || n != 4)
		return code;
	for (size_t i = 0; i < n; i++)
		if (p[i] < '0' || p[i] > '9')
			return code;
	if (strcmp(country, "FR") != 0 && strcmp(country, "DE") != 0 && strcmp(country, "ES") != 0 && strcmp(country, "IT") != 0 && strcmp(country, "US") != 0)
		return code;
	return PointerGetDatum(cstring_to_text(psprintf("0%.4s", p)));
}

static void
read_party(Import *im, PartyRow *r)
{
	ImportMapping *m = im->map;
	const char *country = NULL;

	memset(r->null, true, sizeof(r->null));
	r->contacts = r->consents = 0;
	r->identifies = false;
	for (int i = 0; i < PARTY_FIELDS; i++)
		if (m->party[i])
			r->null[i] = !field_datum(im, m->party[i], &r->value[i]);
	if (!r->null[PARTY_FULL_NAME])
		split_name(r);
	if (r->null[PARTY_SEX] && !r->null[PARTY_SALUTATION])
	{
		text	   *t = DatumGetTextPP(r->value[PARTY_SALUTATION]);
		const char *s = VARSIZE_ANY_EXHDR(t) > 1 ? sex_of(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t)) : NULL;

		if (s != NULL)
		{
			r->value[PARTY_SEX] = text_datum(s, 1);
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
		reject_field(im, m->party[PARTY_LEGAL_NAME] ? m->party[PARTY_LEGAL_NAME] : m->party[PARTY_KIND], "23502", "an organisation without a legal name");
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
				r->contact[k].null[j] = !field_datum(im, m->address[i][j], &r->contact[k].part[j]);
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

		if (!field_text(im, f, &p, &n))
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
			if (f->region_field && field_datum(im, f->region_field, &d))
				region = text_to_cstring(DatumGetTextPP(d));
			r->contact[k].kind = "phone";
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
			r->consent[k].null[j] = m->consent[i][j] == NULL || !field_datum(im, m->consent[i][j], &r->consent[k].value[j]);
		if (r->consent[k].null[CONSENT_STATUS])
			continue;			/* nothing was said */
		if (r->consent[k].null[CONSENT_PURPOSE] || r->consent[k].null[CONSENT_CHANNEL])
		{
			reject_field(im, m->consent[i][CONSENT_STATUS], "23502", "a consent without purpose or channel");
			continue;
		}
		r->consents++;
	}
	for (int i = 0; i < m->key_count; i++)
	{
		const char *p;
		size_t		n;

		if (field_text(im, m->key[i].value, &p, &n))
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

		if (!field_text(im, f, &p, &n))
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
					if (boolean_of(f, piece, size, &b))
						values[4] = BoolGetDatum(b), nulls[4] = false;
					break;
				case 'n':
					if (cell_number(piece, size, f->decimal, f->grouping, &number) == CELL_OK)
						values[5] = import_numeric(&number), nulls[5] = false;
					break;
				case 'd':
					if (cell_time(piece, size, f->format_count ? &f->format[0] : iso_format(), &t) == CELL_OK && import_date(&t, &d))
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
					values[6] = text_datum(piece, size);
					nulls[6] = false;
			}
			values[9] = PointerGetDatum(cstring_to_text(a->provenance));
			if (!(nulls[4] && nulls[5] && nulls[6] && nulls[7] && nulls[8]))
				import_stage_put(im, STAGE_ATTRIBUTE, values, nulls);
		}
	}
}

/* The values of attributes must be of their types: checked before anything is staged. */
static void
check_attributes(Import *im)
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

		if (!field_text(im, f, &p, &n) || f->separator)
			continue;
		if (a->data_type[0] == 'b' && !boolean_of(f, p, n, &b))
			reject_status(im, f, CELL_NOT_A_BOOLEAN);
		else if (a->data_type[0] == 'n')
			parse_number(im, f, p, n, &number);
		else if (a->data_type[0] == 'd')
		{
			CellStatus	s = cell_time(p, n, f->format_count ? &f->format[0] : iso_format(), &t);

			if (s != CELL_OK)
				reject_status(im, f, s);
		}
		else if (a->data_type[0] == 'e' && !in_words(&a->allowed, p, n, true))
			reject_field(im, f, "23514", "not one of the values that the attribute allows");
		else if (n > 10000)
			reject_status(im, f, CELL_TOO_LONG);
	}
}

static void
stage_version(Import *im, int32 rec, int32 ver, text *external_id, PartyRow *r)
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
		v[4] = text_datum(r->contact[i].value, r->contact[i].value_size);
		v[5] = text_datum(r->contact[i].norm, r->contact[i].norm_size);
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

		if (!field_datum(im, im->map->key[i].value, &v[3]))
			continue;
		v[0] = Int32GetDatum(rec);
		v[1] = Int32GetDatum(ver);
		v[2] = PointerGetDatum(cstring_to_text(im->map->key[i].scheme));
		import_stage_put(im, STAGE_KEY, v, n);
	}
	stage_attributes(im, rec, ver);
}

/* The number of a product or a store, staged when it is met first. */
static int32
named(Import *im, struct name_hash *hash, int *count, StageTable table, Datum key, Datum *more, bool *more_null, int more_count)
{
	text	   *t = DatumGetTextPP(key);
	bool		found;
	NameEntry  *e = name_insert(hash, digest_of(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), 1), &found);

	if (!found)
	{
		Datum		v[6];
		bool		n[6] = {false};

		e->id = (*count)++;
		v[0] = Int32GetDatum(e->id);
		v[1] = key;
		for (int i = 0; i < more_count; i++)
		{
			v[2 + i] = more[i];
			n[2 + i] = more_null[i];
		}
		import_stage_put(im, table, v, n);
	}
	return e->id;
}

/* ---- one row ---- */

static bool
all_empty(Import *im, const int *column, int count)
{
	for (int i = 0; i < count; i++)
	{
		const char *p = im->cells[column[i]].text;
		size_t		n = im->cells[column[i]].size;

		if (p == NULL)
			continue;
		cell_trim(&p, &n);
		if (!cell_is_empty_word(p, n))
			return false;
	}
	return true;
}

static Datum
negated(Datum number)
{
	return DirectFunctionCall1(numeric_uminus, number);
}

static int
sign_of(Datum number)
{
	/* numeric_sign would make a number of it; the text form of the sign is enough */
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, number, NumericGetDatum(int64_to_numeric(0))));
}

void
import_row(Import *im)
{
	MemoryContext old = MemoryContextSwitchTo(im->row_context);
	ImportMapping *m = im->map;
	PartyRow   *party = NULL;
	RecordEntry *record = NULL;
	OrderEntry *order = NULL;
	Digest		content = {0, 0},
				key = {0, 0};
	text	   *external_id = NULL;
	Datum		d;
	bool		has_order = m->has_order;
	bool		anonymous = false;
	Datum		head[ORDER_FIELDS];
	bool		head_null[ORDER_FIELDS];
	Datum		order_id = 0;
	Digest		order_key = {0, 0};
	uint64		head_digest = 0;
	Datum		line[LINE_FIELDS];
	bool		line_null[LINE_FIELDS];
	uint64		line_key = 0,
				line_digest = 0;
	char		currency[4] = "";
	bool		loose = false;
	bool		order_known = false;
	bool		again = false;	/* a line that the file held before */
	char		kind = 0;
	bool		found;

	im->bad = false;
	im->nth = 0;
	im->lines_read++;

	/* the party: known already with this very content? */
	if (m->has_party)
	{
		content = digest_cells(im, m->party_column, m->party_column_count);
		if (m->source_key && field_datum(im, m->source_key, &d))
		{
			external_id = DatumGetTextPP(d);
			key = digest_of(VARDATA_ANY(external_id), VARSIZE_ANY_EXHDR(external_id), 0);
			record = record_lookup(im->records, key);
		}
	}
	if (record == NULL || record->last.a != content.a || record->last.b != content.b)
	{
		party = palloc(sizeof(PartyRow));
		read_party(im, party);
		check_attributes(im);
	}

	/* the order's head */
	if (has_order)
	{
		if (!field_datum(im, m->order[ORDER_EXTERNAL_ID], &order_id))
		{
			if (all_empty(im, m->order_column, m->order_column_count) && all_empty(im, m->line_column, m->line_column_count) && m->has_party)
				has_order = false;
			else if (!im->bad)
				reject_status(im, m->order[ORDER_EXTERNAL_ID], CELL_EMPTY);
			memset(head_null, true, sizeof(head_null));
		}
		else
		{
			text	   *t = DatumGetTextPP(order_id);

			order_key = digest_of(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), 2);
			head_digest = digest_cells(im, m->order_column, m->order_column_count).a;
			order = order_lookup(im->orders, order_key);
			order_known = order != NULL;
			if (order != NULL)
				kind = order->kind;
			if (order == NULL || order->head != head_digest)
			{
				for (int i = 0; i < ORDER_FIELDS; i++)
					head_null[i] = i == ORDER_EXTERNAL_ID || m->order[i] == NULL || (i != ORDER_AMOUNT && !field_datum(im, m->order[i], &head[i]));
				if (head_null[ORDER_ORDERED_AT] && !im->bad)
					reject_status(im, m->order[ORDER_ORDERED_AT], CELL_EMPTY);
				if (!head_null[ORDER_KIND] && !order_known)
					kind = VARDATA_ANY(DatumGetTextPP(head[ORDER_KIND]))[0];
				if (!head_null[ORDER_AMOUNT])
				{
					const char *p;
					size_t		n;
					CellNumber	number;

					head_null[ORDER_AMOUNT] = true;
					if (field_text(im, m->order[ORDER_AMOUNT], &p, &n))
					{
						if (parse_number(im, m->order[ORDER_AMOUNT], p, n, &number))
						{
							head[ORDER_AMOUNT] = import_numeric(&number);
							head_null[ORDER_AMOUNT] = false;
							memcpy(currency, number.currency, 4);
							loose = number.currency_is_loose;
						}
					}
					else if (!m->has_line && !im->bad)
						reject_status(im, m->order[ORDER_AMOUNT], CELL_EMPTY);
				}
			}
		}
	}

	/* the line */
	memset(line_null, true, sizeof(line_null));
	if (has_order && m->has_line)
	{
		line_digest = digest_cells(im, m->line_column, m->line_column_count).a;
		for (int i = 0; i < LINE_FIELDS; i++)
		{
			if (m->line[i] == NULL)
				continue;
			if (i == LINE_AMOUNT || i == LINE_UNIT_PRICE)
			{
				const char *p;
				size_t		n;
				CellNumber	number;

				if (field_text(im, m->line[i], &p, &n) && parse_number(im, m->line[i], p, n, &number))
				{
					line[i] = import_numeric(&number);
					line_null[i] = false;
					if (number.currency[0] != '\0' && (currency[0] == '\0' || loose))
					{
						memcpy(currency, number.currency, 4);
						loose = number.currency_is_loose;
					}
				}
			}
			else
				line_null[i] = !field_datum(im, m->line[i], &line[i]);
		}
		/* the key of a line in its order: its number, else its product and which one of these it is, rejected lines counted */
		if (!line_null[LINE_NO])
		{
			line_key = digest_of(VARDATA_ANY(DatumGetTextPP(line[LINE_NO])), VARSIZE_ANY_EXHDR(DatumGetTextPP(line[LINE_NO])), 3).a;
			if (!im->bad && order_id != 0)
			{
				CountEntry *e = count_insert(im->nths, order_key.b ^ line_key, &found);

				/* a line exported twice says nothing new */
				if (!found)
					e->content = line_digest;
				else if (e->content == line_digest)
					again = true;
				else
					reject_field(im, m->line[LINE_NO], "23505", "the order has another line of this number");
			}
		}
		else if (order_id != 0)
		{
			CountEntry *e;

			line_key = line_null[LINE_SKU] ? 4 : digest_of(VARDATA_ANY(DatumGetTextPP(line[LINE_SKU])), VARSIZE_ANY_EXHDR(DatumGetTextPP(line[LINE_SKU])), 4).a;
			if (im->replay_nth != 0)
				im->nth = im->replay_nth;
			else
			{
				e = count_insert(im->nths, order_key.b ^ line_key, &found);
				if (!found)
					e->count = 0;
				im->nth = ++e->count;
			}
			line_key = hash_combine64(line_key, im->nth > 0 ? (uint64) im->nth : ~(uint64) im->line_no);
		}
		if (line_null[LINE_QUANTITY])
		{
			line[LINE_QUANTITY] = NumericGetDatum(int64_to_numeric(1));
			line_null[LINE_QUANTITY] = false;
		}
		if (line_null[LINE_AMOUNT] && !line_null[LINE_UNIT_PRICE] && !im->bad)
		{
			line[LINE_AMOUNT] = DirectFunctionCall2(numeric_mul, line[LINE_UNIT_PRICE], line[LINE_QUANTITY]);
			line_null[LINE_AMOUNT] = false;
		}
		if (line_null[LINE_AMOUNT] && !im->bad)
			reject_status(im, m->line[LINE_AMOUNT] ? m->line[LINE_AMOUNT] : m->line[LINE_UNIT_PRICE], CELL_EMPTY);
	}
	if (has_order && !im->bad)
	{
		bool		stated = false;

		/* one currency an order: the column's, else that of the amounts, else the mart's */
		if (order_id != 0 && (order == NULL || order->head != head_digest) && !head_null[ORDER_CURRENCY])
		{
			char		code[4];

			memcpy(code, VARDATA_ANY(DatumGetTextPP(head[ORDER_CURRENCY])), 3);
			code[3] = '\0';
			if (currency[0] != '\0' && !loose && strcmp(code, currency) != 0)
				import_reject(im, m->order[ORDER_CURRENCY]->column_count ? im->columns.name[m->order[ORDER_CURRENCY]->column[0]] : "currency",
							  "22023", "the currency of the amount is not that of the order");
			memcpy(currency, code, 4);
			stated = true;
		}
		if (order != NULL)
		{
			if ((stated || (currency[0] != '\0' && !loose)) && strcmp(currency, order->currency) != 0)
				import_reject(im, m->line[LINE_AMOUNT] && m->line[LINE_AMOUNT]->column_count ? im->columns.name[m->line[LINE_AMOUNT]->column[0]] : "currency",
							  "22023", "the order has lines in another currency");
		}
		else if (currency[0] == '\0')
			strlcpy(currency, im->mart.currency, 4);
	}

	/* who it is, when no key says so */
	if (!im->bad && m->has_party && external_id == NULL && (party->identifies || !has_order))
	{
		const char *norm = NULL;
		StringInfoData id;

		initStringInfo(&id);
		for (int i = 0; i < m->key_count && norm == NULL; i++)
			if (field_datum(im, m->key[i].value, &d))
				appendStringInfo(&id, "%s:%s", m->key[i].scheme, norm = TextDatumGetCString(d));
		for (int i = 0; i < party->contacts && norm == NULL; i++)
			if (strcmp(party->contact[i].kind, "email") == 0)
				appendStringInfo(&id, "email:%.*s", (int) party->contact[i].norm_size, norm = party->contact[i].norm);
		for (int i = 0; i < party->contacts && norm == NULL; i++)
			if (strcmp(party->contact[i].kind, "phone") == 0)
				appendStringInfo(&id, "phone:%.*s", (int) party->contact[i].norm_size, norm = party->contact[i].norm);
		if (norm == NULL && m->source_key && !has_order)
			reject_field(im, m->source_key, "23502", "no key, no valid e-mail address and no valid telephone number: nothing says which record this is");
		else if (norm == NULL && !party->identifies)
			import_reject(im, m->contact_count && m->contact[0].value->column_count ? im->columns.name[m->contact[0].value->column[0]] : NULL,
						  "23502", "nothing says which record this is");
		else
		{
			if (norm == NULL)
				appendStringInfo(&id, "row:" UINT64_FORMAT, content.a);
			external_id = cstring_to_text_with_len(id.data, id.len);
			key = digest_of(id.data, id.len, 0);
			record = record_lookup(im->records, key);
		}
	}
	else if (!im->bad && external_id == NULL)
		anonymous = true;

	if (im->bad)
	{
		import_reject_line(im, im->bad_column, im->bad_code, im->bad_reason);
		goto done;
	}

	/* nothing can fail any more: stage */
	{
		int32		store = -1;
		int32		rec;
		int32		ver;
		bool		opens = false;

		if (has_order && !order_known && !head_null[ORDER_STORE])
			store = named(im, im->stores, &im->store_count, STAGE_STORE, head[ORDER_STORE], &head[ORDER_STORE_NAME], &head_null[ORDER_STORE_NAME], 1);
		if (anonymous)
		{
			/* an anonymous ticket belongs to the unidentified party of its store */
			if (order_known)
				rec = -1;
			else
			{
				if (store < 0)
				{
					bool		no_name = true;
					Datum		none = 0;

					store = named(im, im->stores, &im->store_count, STAGE_STORE, PointerGetDatum(cstring_to_text(im->source)), &none, &no_name, 1);
				}
				key.a = (uint64) store;
				key.b = UINT64CONST(0xA70A70A70A70A70A);
				record = record_insert(im->records, key, &found);
				if (!found)
				{
					memset(&record->last, 0, sizeof(Digest));
					record->rec = im->record_count++;
					record->versions = 0;
					record->anonymous_store = store;
					record->buys = true;
				}
				rec = record->rec;
			}
			ver = 0;
		}
		else
		{
			record = record_insert(im->records, key, &found);
			if (!found)
			{
				record->rec = im->record_count++;
				record->versions = 0;
				record->anonymous_store = -1;
				record->buys = false;
			}
			if (!found || record->last.a != content.a || record->last.b != content.b)
			{
				record->last = content;
				record->versions++;
				opens = true;
				stage_version(im, record->rec, record->versions, external_id, party);
			}
			record->buys = record->buys || (has_order && kind != 'r');
			rec = record->rec;
			ver = record->versions;
		}
		if (has_order && !again)
		{
			bool		head_line = !order_known;

			order = order_insert(im->orders, order_key, &found);
			if (!found)
			{
				Datum		v[18];
				bool		n[18] = {false};
				uint64		who = anonymous ? 0 : key.a;

				order->head = head_digest;
				order->ord = im->order_count++;
				order->lines = 0;
				order->kind = kind;
				memcpy(order->currency, currency, 4);
				v[0] = Int32GetDatum(order->ord);
				v[1] = Int32GetDatum(rec);
				v[2] = Int64GetDatum(im->line_no);
				v[3] = order_id;
				v[4] = Int64GetDatum((int64) hash_combine64(head_digest, who));
				v[5] = head[ORDER_ORDERED_AT];
				n[6] = kind == 0;
				if (!n[6])
					v[6] = text_datum(&kind, 1);
				v[7] = head[ORDER_CHANNEL];
				n[7] = head_null[ORDER_CHANNEL];
				v[8] = Int32GetDatum(store);
				n[8] = store < 0;
				v[9] = text_datum(currency, 3);
				n[10] = head_null[ORDER_AMOUNT];
				if (!n[10])
					v[10] = kind == 'r' && sign_of(head[ORDER_AMOUNT]) > 0 ? negated(head[ORDER_AMOUNT]) : head[ORDER_AMOUNT];
				n[11] = head_null[ORDER_MARGIN];
				v[11] = head[ORDER_MARGIN];
				for (int i = ORDER_STATUS; i <= ORDER_USAGE; i++)
				{
					v[12 + i - ORDER_STATUS] = head[i];
					n[12 + i - ORDER_STATUS] = head_null[i];
				}
				import_stage_put(im, STAGE_ORDER, v, n);
			}
			order->lines++;
			{
				Datum		v[14];
				bool		n[14] = {false};

				v[0] = Int64GetDatum(im->line_no);
				v[1] = Int32GetDatum(rec);
				v[2] = Int32GetDatum(ver);
				v[3] = BoolGetDatum(opens);
				v[4] = Int32GetDatum(order->ord);
				v[5] = BoolGetDatum(head_line);
				v[6] = Int32GetDatum(order->lines);
				v[7] = Int64GetDatum((int64) line_key);
				v[8] = Int64GetDatum((int64) line_digest);
				n[9] = line_null[LINE_SKU];
				if (!n[9])
					v[9] = Int32GetDatum(named(im, im->products, &im->product_count, STAGE_PRODUCT, line[LINE_SKU], &line[LINE_NAME], &line_null[LINE_NAME], 3));
				n[10] = n[11] = n[12] = n[13] = true;
				if (m->has_line)
				{
					int			q = sign_of(line[LINE_QUANTITY]),
								a = sign_of(line[LINE_AMOUNT]);

					/* what comes back has a negative quantity and a negative amount */
					if (kind == 'r')
					{
						if (q > 0)
							line[LINE_QUANTITY] = negated(line[LINE_QUANTITY]);
						if (a > 0)
							line[LINE_AMOUNT] = negated(line[LINE_AMOUNT]);
					}
					else if (q < 0 && a > 0)
						line[LINE_AMOUNT] = negated(line[LINE_AMOUNT]);
					v[10] = line[LINE_QUANTITY];
					v[11] = line[LINE_AMOUNT];
					n[10] = n[11] = false;
					n[12] = line_null[LINE_DISCOUNT];
					v[12] = line[LINE_DISCOUNT];
					n[13] = line_null[LINE_RETURN_REASON];
					v[13] = line[LINE_RETURN_REASON];
				}
				import_stage_put(im, STAGE_LINE, v, n);
			}
		}
		else
		{
			Datum		v[14];
			bool		n[14];

			memset(n, true, sizeof(n));
			n[0] = n[1] = n[2] = n[3] = false;
			v[0] = Int64GetDatum(im->line_no);
			v[1] = Int32GetDatum(rec);
			v[2] = Int32GetDatum(ver);
			v[3] = BoolGetDatum(opens);
			import_stage_put(im, STAGE_LINE, v, n);
		}
	}
done:
	MemoryContextSwitchTo(old);
	MemoryContextReset(im->row_context);
	if ((im->lines_read & 1023) == 0)
	{
		CHECK_FOR_INTERRUPTS();
		import_progress_lines(im);
	}
}

/* ---- rejects and warnings ---- */

void
import_reject(Import *im, const char *column, const char *code, const char *reason)
{
	if (!im->bad)
	{
		im->bad = true;
		im->bad_column = column;
		im->bad_code = code;
		im->bad_reason = reason;
		initStringInfo(&im->bad_more);
	}
	else
		appendStringInfo(&im->bad_more, "%s%s: %s", im->bad_more.len ? "; " : "", column ? column : "line", reason);
}

/* The row as text that can be edited and read again: the line as it came, or the columns as a JSON object. */
static text *
raw_text(Import *im)
{
	StringInfoData s;

	if (im->raw != NULL)
		return import_raw_text(im->raw, im->raw_size);
	initStringInfo(&s);
	appendStringInfoChar(&s, '{');
	for (int i = 0; i < im->columns.count; i++)
	{
		if (im->columns.name[i] == NULL)
			continue;
		if (s.len > 1)
			appendStringInfoString(&s, ", ");
		escape_json(&s, im->columns.name[i]);
		appendStringInfoString(&s, ": ");
		if (im->cells[i].text == NULL)
			appendStringInfoString(&s, "null");
		else
			escape_json(&s, pnstrdup(im->cells[i].text, im->cells[i].size));
	}
	appendStringInfoChar(&s, '}');
	return cstring_to_text_with_len(s.data, s.len);
}

/* Stages the reject of the row at hand, or of a line that never became a row. */
void
import_reject_line(Import *im, const char *column, const char *code, const char *reason)
{
	Datum		v[7];
	bool		n[7] = {false};

	im->rejected++;
	v[0] = Int64GetDatum(im->line_no);
	v[1] = PointerGetDatum(raw_text(im));
	n[2] = column == NULL;
	if (column)
		v[2] = PointerGetDatum(cstring_to_text(column));
	v[3] = PointerGetDatum(cstring_to_text(code));
	v[4] = PointerGetDatum(cstring_to_text(reason));
	n[5] = !im->bad || im->bad_more.len == 0;
	if (!n[5])
		v[5] = PointerGetDatum(cstring_to_text_with_len(im->bad_more.data, im->bad_more.len));
	v[6] = Int32GetDatum(im->nth);
	import_stage_put(im, STAGE_REJECT, v, n);
}

void
import_warn(Import *im, const char *column, const char *code, const char *reason, const char *p, size_t size)
{
	Datum		v[5];
	bool		n[5] = {false};

	im->warnings++;
	v[0] = Int64GetDatum(im->line_no);
	n[1] = column == NULL;
	if (column)
		v[1] = PointerGetDatum(cstring_to_text(column));
	v[2] = PointerGetDatum(cstring_to_text(code));
	v[3] = PointerGetDatum(cstring_to_text(reason));
	v[4] = text_datum(p, size);
	import_stage_put(im, STAGE_WARNING, v, n);
}

/* ---- begin and end ---- */

static int
by_jsonb_key(const void *a, const void *b, void *arg)
{
	char	  **name = arg;
	const char *x = name[*(const int *) a] ? name[*(const int *) a] : "";
	const char *y = name[*(const int *) b] ? name[*(const int *) b] : "";
	size_t		xn = strlen(x),
				yn = strlen(y);

	if (xn != yn)
		return xn > yn ? 1 : -1;
	return memcmp(x, y, xn);
}

void
import_row_begin(Import *im)
{
	im->records = record_create(im->context, 4096, NULL);
	im->orders = order_create(im->context, 4096, NULL);
	im->products = name_create(im->context, 1024, NULL);
	im->stores = name_create(im->context, 64, NULL);
	im->nths = count_create(im->context, 4096, NULL);
	im->cells = palloc0(sizeof(Cell) * (im->columns.count + 1));
	im->payload_order = palloc(sizeof(int) * (im->columns.count + 1));
	for (int i = 0; i < im->columns.count; i++)
		im->payload_order[i] = i;
	qsort_arg(im->payload_order, im->columns.count, sizeof(int), by_jsonb_key, im->columns.name);
}

/* What is known of each record only when all rows were read. */
void
import_rows_end(Import *im)
{
	record_iterator it;
	RecordEntry *e;
	RecordEntry **ordered = MemoryContextAllocHuge(im->context, sizeof(RecordEntry *) * (im->record_count + 1));

	/* in the order in which they were met, so that new ids ascend with the file */
	record_start_iterate(im->records, &it);
	while ((e = record_iterate(im->records, &it)) != NULL)
		ordered[e->rec] = e;
	for (int i = 0; i < im->record_count; i++)
	{
		Datum		v[5];
		bool		n[5] = {false};
		pg_uuid_t	hash;

		e = ordered[i];
		memcpy(hash.data, &e->last.a, 8);
		memcpy(hash.data + 8, &e->last.b, 8);
		v[0] = Int32GetDatum(e->rec);
		v[1] = Int32GetDatum(e->versions);
		v[2] = UUIDPGetDatum(&hash);
		v[3] = BoolGetDatum(e->buys);
		v[4] = Int32GetDatum(e->anonymous_store);
		n[4] = e->anonymous_store < 0;
		import_stage_put(im, STAGE_RECORD, v, n);
	}
	pfree(ordered);
	record_destroy(im->records);
	order_destroy(im->orders);
	name_destroy(im->products);
	name_destroy(im->stores);
	count_destroy(im->nths);
}
