/*
 * cell_number.c: numbers and amounts as people and tills write them: decimal comma, thousands apart by spaces, points or apostrophes,
 * a currency sign or code on either side, (12.00) and 12.00- for negative, percent. The text that comes out is the server's numeric.
 */
#include <string.h>

#include "mart/import.h"

#define MAX_DIGITS 60

/* ISO 4217, active codes, each four bytes. */
static const char iso_codes[] =
"AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK "
"DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR "
"KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN "
"PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH "
"UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL FRF DEM ";

#define SIGN(sign, code, loose) {sign, sizeof(sign) - 1, code, loose}

static const struct
{
	const char *sign;
	size_t		size;
	const char *code;
	bool		loose;			/* several countries share it */
}			signs[] = {
	SIGN("€", "EUR", false), SIGN("¤", "EUR", true) /* Latin-9's euro read as Latin-1 */, SIGN("euros", "EUR", false), SIGN("euro", "EUR", false), SIGN("US$", "USD", false), SIGN("CA$", "CAD", false), SIGN("C$", "CAD", false),
	SIGN("A$", "AUD", false), SIGN("$US", "USD", false), SIGN("$CA", "CAD", false), SIGN("$", "USD", true), SIGN("£", "GBP", true), SIGN("¥", "JPY", true),
	SIGN("￥", "JPY", true), SIGN("₹", "INR", false), SIGN("₽", "RUB", false), SIGN("₺", "TRY", false), SIGN("₪", "ILS", false), SIGN("₩", "KRW", false),
	SIGN("₴", "UAH", false), SIGN("₫", "VND", false), SIGN("฿", "THB", false), SIGN("zł", "PLN", false), SIGN("Kč", "CZK", false), SIGN("Ft", "HUF", false),
	SIGN("kr.", "DKK", true), SIGN("kr", "SEK", true), SIGN("Fr.", "CHF", true), SIGN("SFr.", "CHF", false), SIGN("R$", "BRL", false), SIGN("лв", "BGN", false), SIGN("lei", "RON", false),
};

/* Takes a currency from the front (or the end) of the text; true when there was one. */
static bool
take_currency(const char **text, size_t *size, bool front, CellNumber *r)
{
	const char *p = *text;
	size_t		n = *size;

	if (n < 2 || (front ? p[0] >= '0' && p[0] <= '9' : p[n - 1] >= '0' && p[n - 1] <= '9'))
		return false;
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
	{
		size_t		k = signs[i].size;

		if (n > k && cell_same_word(front ? p : p + n - k, k, signs[i].sign, k))
		{
			memcpy(r->currency, signs[i].code, 4);
			r->currency_is_loose = signs[i].loose;
			*text = front ? p + k : p;
			*size = n - k;
			return true;
		}
	}
	if (n > 3)
	{
		const char *c = front ? p : p + n - 3;
		char		code[4];

		for (int i = 0; i < 3; i++)
		{
			code[i] = c[i] >= 'a' && c[i] <= 'z' ? (char) (c[i] - 32) : c[i];
			if (code[i] < 'A' || code[i] > 'Z')
				return false;
		}
		code[3] = '\0';
		for (const char *q = iso_codes; *q; q += 4)
			if (memcmp(q, code, 3) == 0)
			{
				memcpy(r->currency, code, 4);
				r->currency_is_loose = false;
				*text = front ? p + 3 : p;
				*size = n - 3;
				return true;
			}
	}
	return false;
}

/* Decimal digits of the scripts that files bring: ASCII, full-width, Arabic-Indic, Devanagari. */
static int
digit(uint32_t c)
{
	if (c >= '0' && c <= '9')
		return (int) (c - '0');
	if (c >= 0xFF10 && c <= 0xFF19)
		return (int) (c - 0xFF10);
	if (c >= 0x0660 && c <= 0x0669)
		return (int) (c - 0x0660);
	if (c >= 0x06F0 && c <= 0x06F9)
		return (int) (c - 0x06F0);
	if (c >= 0x0966 && c <= 0x096F)
		return (int) (c - 0x0966);
	return -1;
}

static bool
is_apostrophe(uint32_t c)
{
	return c == '\'' || c == 0x2019 || c == 0x02BC || c == 0xB4 || c == '`';
}

static bool
is_minus(uint32_t c)
{
	return c == '-' || c == 0x2212 || c == 0x2013 || c == 0xFF0D || c == 0x2010 || c == 0x2011;
}

/* A minus at one end; removes it. */
static bool
take_minus(const char **text, size_t *size, bool front)
{
	size_t		at = 0;

	if (*size == 0)
		return false;
	if (!front)
	{
		at = *size - 1;
		while (at > 0 && ((uint8_t) (*text)[at] & 0xC0) == 0x80)
			at--;
	}
	{
		size_t		next = at;
		uint32_t	c = cell_char(*text, *size, &next);

		if (!is_minus(c))
			return false;
		if (front)
		{
			*text += next;
			*size -= next;
		}
		else
			*size = at;
		return true;
	}
}

/* The digits before the decimal sign are grouped by three, or the Indian way (1,23,456). sizes[0] is the leftmost group. */
static bool
groups_right(const int *sizes, int count)
{
	bool		indian = true;

	if (count <= 1)
		return true;
	if (sizes[0] < 1 || sizes[0] > 3 || sizes[count - 1] != 3)
		return false;
	for (int i = 1; i < count - 1; i++)
		if (sizes[i] != 2)
			indian = false;
	if (indian && sizes[0] <= 2 && count > 2)
		return true;
	for (int i = 1; i < count; i++)
		if (sizes[i] != 3)
			return false;
	return true;
}

CellStatus
cell_number(const char *text, size_t size, char decimal, uint32_t grouping, CellNumber *r)
{
	bool		negative = false,
				percent = false;
	char		digits[MAX_DIGITS + 1];
	int			n = 0,
				before,			/* digits before the decimal sign */
				exponent = 0;
	int			groups[MAX_DIGITS];
	int			group_count = 1;
	uint32_t	separator = 0;	/* the one that groups */
	size_t		at = 0;
	bool		fraction = false;

	memset(r, 0, sizeof(*r));
	cell_trim(&text, &size);
	if (cell_is_empty_word(text, size))
		return CELL_EMPTY;
	if (size > 200)
		return CELL_TOO_LONG;

	/* what stands around the digits, in any order that people use: -12 €, €-12, (12 €), EUR (12), 12-, 12 % */
	for (int round = 0; round < 4; round++)
	{
		if (size >= 2 && text[0] == '(' && text[size - 1] == ')')
		{
			if (negative)
				return CELL_NOT_A_NUMBER;
			negative = true;
			text++;
			size -= 2;
		}
		else if (take_minus(&text, &size, true) || take_minus(&text, &size, false))
		{
			if (negative)
				return CELL_NOT_A_NUMBER;
			negative = true;
		}
		else if (size > 1 && text[0] == '+')
		{
			text++;
			size--;
		}
		else if (size > 1 && text[size - 1] == '%' && !percent)
		{
			percent = true;
			size--;
		}
		else if (r->currency[0] != '\0' || !(take_currency(&text, &size, true, r) || take_currency(&text, &size, false, r)))
			break;
		cell_trim(&text, &size);
	}
	if (size == 0)
		return CELL_NOT_A_NUMBER;

	/* the decimal sign, when nobody stated it */
	if (decimal == 0)
	{
		int			points = 0,
					commas = 0;
		size_t		last_point = 0,
					last_comma = 0;

		for (size_t i = 0; i < size; i++)
		{
			if (text[i] == '.')
				points++, last_point = i;
			if (text[i] == ',')
				commas++, last_comma = i;
		}
		if (points > 0 && commas > 0)
			decimal = last_point > last_comma ? '.' : ',';
		else if (commas == 1)
		{
			/* 1,250 has two readings; 0,250 and 1234,500 have one */
			if (size - last_comma == 4 && last_comma >= 1 && last_comma <= 3 && text[0] != '0')
				return CELL_AMBIGUOUS_DECIMAL;
			decimal = ',';
		}
		else
			decimal = points > 1 ? ',' : '.';
	}

	groups[0] = 0;
	while (at < size)
	{
		uint32_t	c = cell_char(text, size, &at);
		int			d = digit(c);

		if (d >= 0)
		{
			if (n >= MAX_DIGITS)
				return CELL_OUT_OF_RANGE;
			digits[n++] = (char) ('0' + d);
			if (!fraction)
				groups[group_count - 1]++;
			continue;
		}
		if (c == (uint32_t) decimal || (c == 0x066B && decimal == '.') || (c == 0xFF0E && decimal == '.'))
		{
			if (fraction)
				return CELL_NOT_A_NUMBER;
			fraction = true;
			before = n;
			groups[group_count] = n;	/* kept for below */
			continue;
		}
		if ((c == 'e' || c == 'E') && n > 0 && at < size)
		{
			bool		minus = false;
			int			e = 0;

			if (text[at] == '-' || text[at] == '+')
				minus = text[at++] == '-';
			if (at >= size || size - at > 2)
				return CELL_NOT_A_NUMBER;
			for (; at < size; at++)
			{
				if (text[at] < '0' || text[at] > '9')
					return CELL_NOT_A_NUMBER;
				e = e * 10 + (text[at] - '0');
			}
			if (e > 30)
				return CELL_OUT_OF_RANGE;
			exponent = minus ? -e : e;
			break;
		}
		{
			uint32_t	s = cell_is_space(c) ? ' ' : is_apostrophe(c) ? '\'' : c;
			uint32_t	allowed = grouping == 0 ? 0 : cell_is_space(grouping) ? ' ' : is_apostrophe(grouping) ? '\'' : grouping;

			if (s != ' ' && s != '\'' && s != '.' && s != ',' && s != '_' && s != allowed)
				return CELL_NOT_A_NUMBER;
			if ((allowed != 0 && s != allowed) || (separator != 0 && s != separator))
				return CELL_GROUPING;
			if (fraction || groups[group_count - 1] == 0)
				return CELL_GROUPING;
			separator = s;
			if (group_count >= MAX_DIGITS - 1)
				return CELL_OUT_OF_RANGE;
			groups[group_count++] = 0;
		}
	}
	if (n == 0)
		return CELL_NOT_A_NUMBER;
	if (!fraction)
		before = n;
	else
		before = groups[group_count];
	if (!groups_right(groups, group_count))
		return CELL_GROUPING;
	if (percent)
		exponent -= 2;

	/* write it down: sign, digits, point moved by the exponent */
	{
		int			point = before + exponent;	/* digits before the point */
		int			skip = 0;
		int			o = 0;
		uint64_t	m = 0;
		bool		zero = true;

		if (point - n > 40 || point < -40)
			return CELL_OUT_OF_RANGE;
		for (int i = 0; i < n; i++)
			if (digits[i] != '0')
				zero = false;
		if (zero && point > n)
			point = n;			/* 0e4 is 0 */
		if (negative && !zero)
			r->text[o++] = '-';
		while (skip < point - 1 && skip < n - 1 && digits[skip] == '0')
			skip++;
		if (CELL_NUMBER_SIZE < n + 48 && (point > n || point < 0) && n + (point > n ? point - n : -point) > CELL_NUMBER_SIZE - 6)
			return CELL_OUT_OF_RANGE;
		if (point <= 0)
		{
			r->text[o++] = '0';
			r->text[o++] = '.';
			for (int i = point; i < 0; i++)
				r->text[o++] = '0';
			memcpy(r->text + o, digits, n);
			o += n;
		}
		else
		{
			for (int i = skip; i < n || i < point; i++)
			{
				if (i == point)
					r->text[o++] = '.';
				r->text[o++] = i < n ? digits[i] : '0';
			}
		}
		r->text[o] = '\0';
		r->scale = point < n ? n - point : 0;
		r->small = o <= 18 && r->scale <= 16;
		if (r->small)
		{
			for (int i = 0; i < o; i++)
				if (r->text[i] >= '0' && r->text[i] <= '9')
					m = m * 10 + (uint64_t) (r->text[i] - '0');
			r->mantissa = negative ? -(int64_t) m : (int64_t) m;
		}
	}
	return CELL_OK;
}
