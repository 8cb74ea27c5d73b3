/*
 * import_field_fn.c: one field of the mapping in the row at hand: its cells joined, trimmed, repaired, translated, and read as the type that
 * the field has. What cannot be read makes the row bad (import_reject_fn.c).
 */
#include "import_private.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/json.h"

void
import_reject_field(Import *im, const Field *f, const char *code, const char *reason)
{
	import_reject(im, f->column_count ? im->columns.name[f->column[0]] : f->path, code, reason);
}

void
import_reject_status(Import *im, const Field *f, CellStatus s)
{
	import_reject_field(im, f, cell_code(s), cell_reason(s));
}

bool
import_in_words(const Words *w, const char *p, size_t n, bool exact)
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
bool
import_field_text(Import *im, const Field *f, const char **text, size_t *size)
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
			if (n == 0 || (nothing ? import_in_words(nothing, p, n, true) : cell_is_empty_word(p, n)))
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
					import_reject_status(im, f, s);
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
			import_reject_status(im, f, CELL_EMPTY);
	}
	*text = p;
	*size = n;
	return p != NULL;
}

Datum
import_text_datum(const char *p, size_t n)
{
	return PointerGetDatum(cstring_to_text_with_len(p, (int) n));
}

const CellFormat *
import_iso_format(void)
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
		s = cell_time(p, n, import_iso_format(), t);
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
		import_reject_status(im, f, s);
	return s == CELL_OK;
}

bool
import_parse_number(Import *im, const Field *f, const char *p, size_t n, CellNumber *number)
{
	bool		typed = f->column_count == 1 && im->columns.typed[f->column[0]];
	CellStatus	s = cell_number(p, n, typed ? '.' : f->decimal, f->grouping, number);

	if (s == CELL_OK)
		return true;
	if (s != CELL_EMPTY)
		import_reject_status(im, f, s);
	return false;
}

const char *
import_sex_of(const char *p, size_t n)
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

bool
import_boolean_of(const Field *f, const char *p, size_t n, bool *value)
{
	if (f->yes.count && import_in_words(&f->yes, p, n, false))
		*value = true;
	else if (f->no.count && import_in_words(&f->no, p, n, false))
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
		{"opened", "open"}, {"opens", "open"}, {"unique_opened", "open"}, {"first opening", "open"}, {"first_opening", "open"}, {"ouverture", "open"}, {"ouvert", "open"}, {"geöffnet", "open"},
		{"abierto", "open"}, {"aperto", "open"}, {"clicked", "click"}, {"clicks", "click"}, {"clic", "click"}, {"clics", "click"}, {"geklickt", "click"}, {"replied", "reply"}, {"réponse", "reply"},
		{"bounced", "bounce"}, {"hard_bounce", "bounce"}, {"hard bounce", "bounce"}, {"hardbounce", "bounce"}, {"soft bounce", "soft_bounce"}, {"softbounce", "soft_bounce"}, {"deferred", "soft_bounce"}, {"softbounces", "soft_bounce"}, {"soft bounced", "soft_bounce"}, {"blocked", "soft_bounce"}, {"error", "soft_bounce"},
		{"hardbounces", "bounce"}, {"hard bounced", "bounce"}, {"invalid", "bounce"}, {"invalid email", "bounce"}, {"invalid_email", "bounce"}, {"proxy_open", "machine_open"}, {"proxy open", "machine_open"},
		{"loadedbyproxy", "machine_open"}, {"unique_proxy_open", "machine_open"}, {"marked as spam", "complaint"},
		{"npai", "bounce"}, {"spam", "complaint"}, {"abuse", "complaint"}, {"plainte", "complaint"}, {"unsubscribed", "unsubscribe"}, {"unsub", "unsubscribe"}, {"désinscription", "unsubscribe"},
		{"désabonnement", "unsubscribe"}, {"abgemeldet", "unsubscribe"}, {"send", "sent"}, {"request", "sent"}, {"requests", "sent"}, {"envoi", "sent"}, {"envoyé", "sent"}, {"gesendet", "sent"},
		{"delivery", "delivered"}, {"livré", "delivered"}, {"délivré", "delivered"}, {"zugestellt", "delivered"}, {"conversion", "order"}, {"purchase", "order"}, {"achat", "order"},
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
bool
import_field_datum(Import *im, const Field *f, Datum *result)
{
	const char *p;
	size_t		n;
	CellTime	t;
	CellNumber	number;
	bool		b;

	if (f == NULL || !import_field_text(im, f, &p, &n))
		return false;
	switch (f->type)
	{
		case FIELD_TEXT:
			*result = import_text_datum(p, n);
			return true;
		case FIELD_NAME:
		case FIELD_KEY:
			{
				char	   *out = palloc(n + 1);

				n = cell_squeeze(p, n, out);
				if (n > (f->type == FIELD_KEY ? 1000 : 4000))
				{
					import_reject_status(im, f, CELL_TOO_LONG);
					return false;
				}
				*result = import_text_datum(out, n);
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
					import_reject_status(im, f, CELL_OUT_OF_RANGE);
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
							import_reject_status(im, f, CELL_IMPOSSIBLE_DATE);
							return false;
						}
					}
					else if (d > today || t.year < 1850)
					{
						import_reject_field(im, f, "22008", d > today ? "a birth date in the future" : "a birth date before 1850");
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
					import_reject_status(im, f, CELL_OUT_OF_RANGE);
					return false;
				}
				*result = TimestampTzGetDatum(ts);
				return true;
			}
		case FIELD_NUMBER:
			if (!import_parse_number(im, f, p, n, &number))
				return false;
			*result = import_numeric(&number);
			return true;
		case FIELD_INTEGER:
			if (!import_parse_number(im, f, p, n, &number))
				return false;
			while (number.small && number.scale > 0 && number.mantissa % 10 == 0)
			{
				number.mantissa /= 10;
				number.scale--;
			}
			if (!number.small || number.scale > 0 || number.mantissa < 0 || number.mantissa > PG_INT32_MAX)
			{
				import_reject_field(im, f, "22003", "not a whole number from 0 to 2147483647");
				return false;
			}
			*result = Int32GetDatum((int32) number.mantissa);
			return true;
		case FIELD_BOOLEAN:
			if (!import_boolean_of(f, p, n, &b))
			{
				import_reject_status(im, f, CELL_NOT_A_BOOLEAN);
				return false;
			}
			*result = BoolGetDatum(b);
			return true;
		case FIELD_SEX:
			{
				const char *s = import_sex_of(p, n);

				if (s == NULL)
				{
					import_warn(im, im->columns.name[f->column_count ? f->column[0] : 0], "22023", "not a sex that is known: left out", p, n);
					return false;
				}
				*result = import_text_datum(s, 1);
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
				*result = import_text_datum(s, 2);
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
						*result = import_text_datum(number.currency, 3);
						return true;
					}
				}
				import_reject_field(im, f, "22023", "not a currency of ISO 4217");
				return false;
			}
		case FIELD_CHANNEL:
			{
				int			id = import_channel(&im->mart, p, n);

				if (id < 0)
				{
					import_reject_field(im, f, "22023", "not a channel of the mart");
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
					import_reject_field(im, f, "22023", "not one of the words that can stand here; the mapping's \"map\" can translate it");
					return false;
				}
				*result = import_text_datum(w, strlen(w));
				return true;
			}
		case FIELD_CONSENT:
			{
				static const char *const status[] = {"granted", "denied", "withdrawn", NULL};
				const char *w = word_of(status, p, n);

				if (w == NULL)
				{
					if (!import_boolean_of(f, p, n, &b))
					{
						import_reject_status(im, f, CELL_NOT_A_BOOLEAN);
						return false;
					}
					w = status[b ? 0 : 1];
				}
				*result = import_text_datum(w, strlen(w));
				return true;
			}
	}
	return false;
}
