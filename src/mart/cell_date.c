/*
 * cell_date.c: dates and times in stated formats. The format is written as for the server's to_char (DD/MM/YYYY HH24:MI:SS, Mon, Month,
 * AM, TZH:TZM), or is one of ISO, EXCEL (days since 1899-12-30) and EPOCH (seconds since 1970, or milliseconds when beyond 1e11).
 * Unlike to_date, an impossible day is refused, a year of four digits has four, and nothing may follow. The signs between fields
 * (/ - . space) stand for each other. What comes out are the fields of a local time; zones are the caller's.
 */
#include <string.h>

#include "mart/import.h"

enum
{
	T_YYYY = 1, T_YY, T_MM, T_MON, T_DD, T_DAY, T_HH24, T_HH12, T_MI, T_SS, T_FRACTION, T_AMPM, T_OFFSET, T_SEPARATOR,
	T_ISO, T_EXCEL, T_EPOCH, T_LITERAL	/* the byte follows */
};

static const struct
{
	const char *name;
	uint8_t		token;
}			names[] = {
	/* longer names first */
	{"TZH:TZM", T_OFFSET}, {"TZHTZM", T_OFFSET}, {"MONTH", T_MON}, {"YYYY", T_YYYY}, {"RRRR", T_YYYY}, {"AAAA", T_YYYY}, {"JJJJ", T_YYYY}, {"HH24", T_HH24}, {"HH12", T_HH12},
	{"MON", T_MON}, {"DAY", T_DAY}, {"TZH", T_OFFSET}, {"YY", T_YY}, {"RR", T_YY}, {"MM", T_MM}, {"DD", T_DD}, {"DY", T_DAY}, {"JJ", T_DD}, {"HH", T_HH24},
	{"MI", T_MI}, {"SS", T_SS}, {"MS", T_FRACTION}, {"US", T_FRACTION}, {"FF6", T_FRACTION}, {"FF3", T_FRACTION}, {"AM", T_AMPM}, {"PM", T_AMPM}, {"OF", T_OFFSET}, {"TZ", T_OFFSET},
};

int
cell_days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) ? 29 : days[month - 1];
}

bool
cell_format(const char *format, size_t size, CellFormat *r, size_t *at)
{
	bool		meridiem = false;
	uint32_t	seen = 0;

	memset(r, 0, sizeof(*r));
	cell_trim(&format, &size);
	*at = 0;
	if (cell_same_word(format, size, "ISO", 3) || cell_same_word(format, size, "EXCEL", 5) || cell_same_word(format, size, "EPOCH", 5))
	{
		r->token[r->count++] = size == 3 ? T_ISO : (format[1] | 32) == 'x' ? T_EXCEL : T_EPOCH;
		r->has_date = r->has_time = true;
		return true;
	}
	while (*at < size)
	{
		const char *p = format + *at;
		size_t		left = size - *at;
		size_t		i;

		if (r->count >= CELL_FORMAT_SIZE - 2)
			return false;
		if (left >= 2 && (p[0] | 32) == 'f' && (p[1] | 32) == 'm')	/* FM: fields of any width are taken anyway */
		{
			*at += 2;
			continue;
		}
		for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		{
			size_t		k = strlen(names[i].name);

			if (left >= k && cell_same_word(p, k, names[i].name, k))
			{
				uint8_t		t = names[i].token;

				/* a field stands once */
				if (t != T_DAY && (seen & (1u << t)) != 0)
					return false;
				seen |= 1u << t;
				meridiem |= t == T_AMPM;
				r->token[r->count++] = t;
				*at += k;
				break;
			}
		}
		if (i < sizeof(names) / sizeof(*names))
			continue;
		if (p[0] == '"')
		{
			for ((*at)++; *at < size && format[*at] != '"'; (*at)++)
			{
				if (r->count >= CELL_FORMAT_SIZE - 2)
					return false;
				r->token[r->count++] = T_LITERAL;
				r->token[r->count++] = (uint8_t) format[*at];
			}
			if (*at >= size)
				return false;
			(*at)++;
			continue;
		}
		if (strchr("/-. ,", p[0]) != NULL && p[0] != '\0')
		{
			if (r->count == 0 || r->token[r->count - 1] != T_SEPARATOR)
				r->token[r->count++] = T_SEPARATOR;
		}
		else if (p[0] == ':' || p[0] == 'T' || p[0] == 'h' || p[0] == '_' || p[0] == 'Z')
		{
			r->token[r->count++] = T_LITERAL;
			r->token[r->count++] = (uint8_t) p[0];
		}
		else
			return false;
		(*at)++;
	}
	if (meridiem)
	{
		if ((seen & ((1u << T_HH12) | (1u << T_HH24))) == 0)
			return false;
		for (int i = 0; i < r->count; i++)
			if (r->token[i] == T_LITERAL)
				i++;
			else if (r->token[i] == T_HH24)
				r->token[i] = T_HH12;
	}
	r->has_date = (seen & (1u << T_DD)) && (seen & ((1u << T_MM) | (1u << T_MON))) && (seen & ((1u << T_YYYY) | (1u << T_YY)));
	r->has_time = (seen & ((1u << T_HH24) | (1u << T_HH12))) != 0;
	r->short_year = (seen & (1u << T_YY)) != 0;
	*at = 0;
	return r->has_date && ((seen & (1u << T_YYYY)) == 0 || (seen & (1u << T_YY)) == 0) && ((seen & (1u << T_MM)) == 0 || (seen & (1u << T_MON)) == 0);
}

/* Month names of FR, EN, DE, ES, IT, NL, PT, without marks; three letters at least, unless shorter in full (mai). */
static const char *const months[12] = {
	"january janvier januar janner jaenner enero gennaio januari janeiro",
	"february fevrier februar feber febrero febbraio februari fevereiro",
	"march mars marz maerz marzo maart mrz marco mrt",
	"april avril abril aprile avr",
	"may mai mayo maggio mei maio",
	"june juin juni junio giugno junho",
	"july juillet juli julio luglio julho juil",
	"august aout agosto augustus",
	"september septembre septiembre settembre setembro setiembre",
	"october octobre oktober octubre ottobre outubro okt",
	"november novembre noviembre novembro",
	"december decembre dezember diciembre dicembre dezembro dez",
};

/* Lower-case ASCII of a letter with or without mark; 0 for anything else. */
static char
plain_letter(uint32_t c)
{
	static const char latin1[] = "aaaaaaaceeeeiiiidnooooo\0ouuuuy\0\0aaaaaaaceeeeiiiidnooooo\0ouuuuy\0y";

	if (c < 0x80)
	{
		c |= 32;
		return c >= 'a' && c <= 'z' ? (char) c : 0;
	}
	return c >= 0xC0 && c <= 0xFF ? latin1[c - 0xC0] : 0;
}

/* Reads a word of letters; returns its length in out. */
static int
take_word(const char *text, size_t size, size_t *at, char *out, int max)
{
	int			n = 0;

	while (*at < size && n < max)
	{
		size_t		next = *at;
		char		c = plain_letter(cell_char(text, size, &next));

		if (c == 0)
			break;
		out[n++] = c;
		*at = next;
	}
	if (*at < size && text[*at] == '.' && n > 0)
		(*at)++;
	return n;
}

static int
month_of(const char *word, int n)
{
	int			found = 0;

	if (n < 3)
		return 0;
	for (int m = 0; m < 12; m++)
	{
		const char *p = months[m];

		while (*p)
		{
			size_t		k = strcspn(p, " ");

			if ((size_t) n <= k && memcmp(p, word, n) == 0)
			{
				if ((size_t) n == k)
					return m + 1;
				if (found != 0 && found != m + 1)
					found = -1; /* 'jui' is June or July */
				else if (found == 0)
					found = m + 1;
			}
			p += k;
			while (*p == ' ')
				p++;
		}
	}
	return found > 0 ? found : 0;
}

/* A number of min to max digits. */
static bool
take_number(const char *text, size_t size, size_t *at, int min, int max, int *value)
{
	int			n = 0;

	*value = 0;
	while (*at < size && n < max && text[*at] >= '0' && text[*at] <= '9')
	{
		*value = *value * 10 + (text[(*at)++] - '0');
		n++;
	}
	return n >= min;
}

static bool
take_fraction(const char *text, size_t size, size_t *at, int *microsecond)
{
	int			n = 0,
				v = 0;

	while (*at < size && text[*at] >= '0' && text[*at] <= '9')
	{
		if (n < 6)
		{
			v = v * 10 + (text[*at] - '0');
			n++;
		}
		(*at)++;
	}
	if (n == 0)
		return false;
	for (; n < 6; n++)
		v *= 10;
	*microsecond = v;
	return true;
}

/* Z, UTC, GMT, +02, +0200, +02:00 */
static bool
take_offset(const char *text, size_t size, size_t *at, CellTime *r)
{
	int			hours = 0,
				minutes = 0,
				sign;

	while (*at < size && text[*at] == ' ')
		(*at)++;
	if (*at >= size)
		return false;
	r->has_offset = true;
	if ((text[*at] | 32) == 'z')
	{
		(*at)++;
		return true;
	}
	if (size - *at >= 3 && (cell_same_word(text + *at, 3, "utc", 3) || cell_same_word(text + *at, 3, "gmt", 3)))
	{
		*at += 3;
		if (*at == size)
			return true;
	}
	if (text[*at] != '+' && text[*at] != '-')
		return false;
	sign = text[(*at)++] == '-' ? -1 : 1;
	if (!take_number(text, size, at, 2, 2, &hours))
		return false;
	if (*at < size && text[*at] == ':')
	{
		(*at)++;
		if (!take_number(text, size, at, 2, 2, &minutes))
			return false;
	}
	else if (*at < size && !take_number(text, size, at, 2, 2, &minutes))
		return false;
	if (hours > 15 || minutes > 59)
		return false;
	r->offset = sign * (hours * 3600 + minutes * 60);
	return true;
}

/* ':SS', '.ffffff' behind hours and minutes */
static bool
take_seconds(const char *text, size_t size, size_t *at, CellTime *r)
{
	if (*at < size && text[*at] == ':')
	{
		(*at)++;
		if (!take_number(text, size, at, 2, 2, &r->second))
			return false;
		if (*at + 1 < size && (text[*at] == '.' || text[*at] == ','))
		{
			(*at)++;
			if (!take_fraction(text, size, at, &r->microsecond))
				return false;
		}
	}
	return true;
}

static CellStatus
check(CellTime *r)
{
	if (r->month < 1 || r->month > 12 || r->day < 1 || r->year < 1 || r->year > 9999 || r->day > cell_days_in_month(r->year, r->month))
		return CELL_IMPOSSIBLE_DATE;
	if (r->hour == 24 && r->minute == 0 && r->second == 0 && r->microsecond == 0)
		return CELL_OK;			/* midnight at the end of the day; the caller's arithmetic carries it */
	if (r->hour > 23 || r->minute > 59 || r->second > 60)
		return CELL_IMPOSSIBLE_TIME;
	return CELL_OK;
}

static CellStatus
iso(const char *text, size_t size, CellTime *r)
{
	size_t		at = 0;

	if (!take_number(text, size, &at, 4, 4, &r->year))
		return CELL_NOT_OF_FORMAT;
	if (at < size && text[at] >= '0' && text[at] <= '9')
	{
		if (!take_number(text, size, &at, 2, 2, &r->month) || !take_number(text, size, &at, 2, 2, &r->day))
			return CELL_NOT_OF_FORMAT;
	}
	else
	{
		char		sign = at < size ? text[at] : '\0';

		if (sign != '-' && sign != '/')
			return CELL_NOT_OF_FORMAT;
		at++;
		if (!take_number(text, size, &at, 1, 2, &r->month) || at >= size || text[at] != sign)
			return CELL_NOT_OF_FORMAT;
		at++;
		if (!take_number(text, size, &at, 1, 2, &r->day))
			return CELL_NOT_OF_FORMAT;
	}
	if (at < size)
	{
		if (text[at] != 'T' && text[at] != ' ' && text[at] != 't')
			return CELL_NOT_OF_FORMAT;
		at++;
		while (at < size && text[at] == ' ')
			at++;
		if (!take_number(text, size, &at, 1, 2, &r->hour) || at >= size || text[at] != ':')
			return CELL_NOT_OF_FORMAT;
		at++;
		if (!take_number(text, size, &at, 2, 2, &r->minute) || !take_seconds(text, size, &at, r))
			return CELL_NOT_OF_FORMAT;
		r->has_time = true;
		if (at < size && !take_offset(text, size, &at, r))
			return CELL_NOT_OF_FORMAT;
	}
	return at == size ? check(r) : CELL_NOT_OF_FORMAT;
}

/* Days since 1970-01-01 to a day of the calendar (proleptic Gregorian). */
static void
from_days(int64_t days, CellTime *r)
{
	int64_t		z = days + 719468;
	int64_t		era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t		doe = z - era * 146097;
	int64_t		yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t		doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t		mp = (5 * doy + 2) / 153;

	r->day = (int) (doy - (153 * mp + 2) / 5 + 1);
	r->month = (int) (mp < 10 ? mp + 3 : mp - 9);
	r->year = (int) (yoe + era * 400 + (r->month <= 2));
}

/* A serial number of a spreadsheet, or seconds since 1970. */
static CellStatus
serial(const char *text, size_t size, bool excel, CellTime *r)
{
	CellNumber	n;
	CellStatus	s = cell_number(text, size, 0, 0, &n);
	__int128	value;
	int64_t		days,
				rest;

	if (s != CELL_OK || n.currency[0] != '\0' || !n.small || n.mantissa < 0)
		return CELL_NOT_OF_FORMAT;
	value = (__int128) n.mantissa * (excel ? INT64_C(86400) : 1) * 1000000;
	if (!excel && n.scale == 0 && n.mantissa > INT64_C(100000000000))	/* milliseconds */
		value /= 1000;
	for (int i = 0; i < n.scale; i++)
		value /= 10;
	if (value > (__int128) INT64_C(86400) * 1000000 * 3000000)
		return CELL_OUT_OF_RANGE;
	if (excel)
		value = (value + 500) / 1000 * 1000;	/* what the decimals of a spreadsheet can tell */
	days = (int64_t) (value / (INT64_C(86400) * 1000000));
	rest = (int64_t) (value % (INT64_C(86400) * 1000000));
	if (excel)
	{
		if (days < 61 || days > 2958465)	/* before March 1900 spreadsheets count a day that never was */
			return CELL_OUT_OF_RANGE;
		days -= 25569;
	}
	else
	{
		r->has_offset = true;
		if (days > 2932896)
			return CELL_OUT_OF_RANGE;
	}
	from_days(days, r);
	r->has_time = !excel || rest != 0;
	r->hour = (int) (rest / INT64_C(3600000000));
	r->minute = (int) (rest / 60000000 % 60);
	r->second = (int) (rest / 1000000 % 60);
	r->microsecond = (int) (rest % 1000000);
	return CELL_OK;
}

CellStatus
cell_time(const char *text, size_t size, const CellFormat *format, CellTime *r)
{
	size_t		at = 0;
	int			v,
				afternoon = -1;
	bool		seconds = false;

	memset(r, 0, sizeof(*r));
	cell_trim(&text, &size);
	if (cell_is_empty_word(text, size))
		return CELL_EMPTY;
	if (size > 100)
		return CELL_TOO_LONG;
	if (format->token[0] == T_ISO)
		return iso(text, size, r);
	if (format->token[0] == T_EXCEL || format->token[0] == T_EPOCH)
		return serial(text, size, format->token[0] == T_EXCEL, r);

	for (int i = 0; i < format->count; i++)
	{
		/* fields that touch have their full width */
		bool		touches = i + 1 < format->count && format->token[i + 1] != T_SEPARATOR && format->token[i + 1] != T_LITERAL;
		int			least = touches ? 2 : 1;
		char		word[24];

		switch (format->token[i])
		{
			case T_YYYY:
				if (!take_number(text, size, &at, 4, 4, &r->year))
					return CELL_NOT_OF_FORMAT;
				break;
			case T_YY:
				/* the year nearest to 2020, as the server has it */
				if (!take_number(text, size, &at, 2, 2, &v) || (at < size && text[at] >= '0' && text[at] <= '9' && !touches))
					return CELL_NOT_OF_FORMAT;
				r->year = v < 70 ? 2000 + v : 1900 + v;
				break;
			case T_MM:
				if (!take_number(text, size, &at, least, 2, &r->month))
					return CELL_NOT_OF_FORMAT;
				break;
			case T_MON:
				v = take_word(text, size, &at, word, 20);
				if ((r->month = month_of(word, v)) == 0)
					return CELL_NO_SUCH_MONTH;
				break;
			case T_DD:
				if (!take_number(text, size, &at, least, 2, &r->day))
					return CELL_NOT_OF_FORMAT;
				/* 1er mars, 3rd of may, 3. Mai */
				if (at + 1 < size && ((text[at] == 'e' && text[at + 1] == 'r') || (text[at] == 's' && text[at + 1] == 't') || (text[at] == 'n' && text[at + 1] == 'd') ||
									  (text[at] == 'r' && text[at + 1] == 'd') || (text[at] == 't' && text[at + 1] == 'h')))
					at += 2;
				break;
			case T_DAY:
				if (take_word(text, size, &at, word, 20) < 2)
					return CELL_NOT_OF_FORMAT;
				break;
			case T_HH24:
			case T_HH12:
				if (!take_number(text, size, &at, least, 2, &r->hour))
					return CELL_NOT_OF_FORMAT;
				if (format->token[i] == T_HH12 && (r->hour < 1 || r->hour > 12))
					return CELL_IMPOSSIBLE_TIME;
				r->has_time = true;
				break;
			case T_MI:
				if (!take_number(text, size, &at, 2, 2, &r->minute))
					return CELL_NOT_OF_FORMAT;
				break;
			case T_SS:
				if (!take_number(text, size, &at, 2, 2, &r->second))
					return CELL_NOT_OF_FORMAT;
				seconds = true;
				break;
			case T_FRACTION:
				if (!take_fraction(text, size, &at, &r->microsecond))
					return CELL_NOT_OF_FORMAT;
				break;
			case T_AMPM:
				v = take_word(text, size, &at, word, 3);
				if (v == 1 && at < size && (text[at] | 32) == 'm')	/* a.m. */
				{
					v = 2;
					word[1] = 'm';
					at++;
					if (at < size && text[at] == '.')
						at++;
				}
				if (v != 2 || word[1] != 'm' || (word[0] != 'a' && word[0] != 'p'))
					return CELL_NOT_OF_FORMAT;
				afternoon = word[0] == 'p';
				break;
			case T_OFFSET:
				if (!take_offset(text, size, &at, r))
					return CELL_NOT_OF_FORMAT;
				break;
			case T_SEPARATOR:
				{
					size_t		start = at;

					while (at < size)
					{
						size_t		next = at;
						uint32_t	c = cell_char(text, size, &next);

						if (!(c == '/' || c == '-' || c == '.' || c == ',' || cell_is_space(c)))
							break;
						/* one sign, and spaces around it; the point may belong to an ordinal or a short name before */
						if (next - start > 4)
							return CELL_NOT_OF_FORMAT;
						at = next;
					}
					if (at == start && !(at > 0 && text[at - 1] == '.'))
						return CELL_NOT_OF_FORMAT;
					break;
				}
			default:			/* T_LITERAL */
				i++;
				if (at >= size || ((uint8_t) text[at] | 32) != (format->token[i] | 32))
				{
					/* the T of a time may be written as a space */
					if (!(format->token[i] == 'T' && at < size && text[at] == ' '))
						return CELL_NOT_OF_FORMAT;
				}
				at++;
				break;
		}
	}
	/* HH24:MI stands for HH24:MI[:SS[.fff]] */
	if (format->has_time && !seconds && !take_seconds(text, size, &at, r))
		return CELL_NOT_OF_FORMAT;
	if (seconds && at < size && (text[at] == '.' || text[at] == ','))
	{
		at++;
		if (!take_fraction(text, size, &at, &r->microsecond))
			return CELL_NOT_OF_FORMAT;
	}
	/* a date that drags a midnight behind it is that date */
	if (!format->has_time && at < size)
	{
		CellTime	t = {0};
		size_t		back = at;

		while (back < size && (text[back] == ' ' || text[back] == 'T'))
			back++;
		if (back == at || !take_number(text, size, &back, 1, 2, &t.hour) || back >= size || text[back] != ':')
			return CELL_NOT_OF_FORMAT;
		back++;
		if (!take_number(text, size, &back, 2, 2, &t.minute) || !take_seconds(text, size, &back, &t) || back != size ||
			t.hour != 0 || t.minute != 0 || t.second != 0 || t.microsecond != 0)
			return CELL_NOT_OF_FORMAT;
		at = back;
	}
	if (at != size)
		return CELL_NOT_OF_FORMAT;
	if (afternoon >= 0)
		r->hour = r->hour % 12 + (afternoon ? 12 : 0);
	return check(r);
}
