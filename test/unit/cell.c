/* The cells of a flat file: numbers, dates, yes and no, trimming, encodings. */
#include "unit.h"

#include "mart/import.h"

static void
number(const char *text, char decimal, const char *expected, const char *currency)
{
	CellNumber	n;
	CellStatus	s = cell_number(text, strlen(text), decimal, 0, &n);

	CHECK(s == CELL_OK && strcmp(n.text, expected) == 0 && strcmp(n.currency, currency) == 0, "number '%s' is %s %s (got %s %s, %s)", text, expected, currency,
		  s == CELL_OK ? n.text : "-", s == CELL_OK ? n.currency : "", cell_reason(s));
	if (s == CELL_OK && n.small)
	{
		char		again[80];
		double		v = (double) n.mantissa;

		for (int i = 0; i < n.scale; i++)
			v /= 10;
		snprintf(again, sizeof again, "%.*f", n.scale, v);
		CHECK(strcmp(again, n.text) == 0 || strlen(n.text) > 15, "mantissa and scale of '%s' agree (%s)", text, again);
	}
}

static void
no_number(const char *text, char decimal, CellStatus expected)
{
	CellNumber	n;
	CellStatus	s = cell_number(text, strlen(text), decimal, 0, &n);

	CHECK(s == expected, "number '%s' is refused: %s", text, cell_reason(s));
}

static void
date(const char *format, const char *text, const char *expected)
{
	CellFormat	f;
	CellTime	t;
	size_t		at;
	char		got[80];
	CellStatus	s;

	if (!cell_format(format, strlen(format), &f, &at))
	{
		CHECK(false, "format %s", format);
		return;
	}
	s = cell_time(text, strlen(text), &f, &t);
	if (s != CELL_OK)
		snprintf(got, sizeof got, "%s", cell_code(s));
	else if (!t.has_time)
		snprintf(got, sizeof got, "%04d-%02d-%02d", t.year, t.month, t.day);
	else
		snprintf(got, sizeof got, "%04d-%02d-%02d %02d:%02d:%02d.%06d%+d", t.year, t.month, t.day, t.hour, t.minute, t.second, t.microsecond, t.has_offset ? t.offset / 60 : 9999);
	CHECK(strcmp(got, expected) == 0, "'%s' as %s is %s (got %s)", text, format, expected, got);
}

static void
mojibake(const char *text, CellStatus status, const char *expected)
{
	char		out[400];
	size_t		n = 0;
	CellStatus	s = cell_mojibake(text, strlen(text), out, &n);

	CHECK(s == status && (s != CELL_MOJIBAKE || (n == strlen(expected) && memcmp(out, expected, n) == 0)), "'%s' gives '%s' (got '%.*s')", text, expected, (int) n, out);
}

static void
legacy(const char *in, LegacyCharset usual, const char *expected)
{
	char		out[600];
	size_t		n = 0;
	bool		ok = legacy_to_utf8(in, strlen(in), &usual, out, &n);

	CHECK(ok == (expected != NULL) && (!ok || (n == strlen(expected) && memcmp(out, expected, n) == 0)), "%s", expected ? expected : "nothing is guessed");
	if (ok && expected && n != strlen(expected))
		printf("#   %.*s\n", (int) n, out);
}

int
main(void)
{
	const char *p;
	size_t		n;
	bool		b;
	char		out[100];

	number("12,50", ',', "12.50", "");
	number("12,50 €", ',', "12.50", "EUR");
	number("€ 12,50", ',', "12.50", "EUR");
	number("1 234,56", ',', "1234.56", "");
	number("1\xC2\xA0" "234,56\xC2\xA0" "EUR", ',', "1234.56", "EUR");
	number("1\xE2\x80\xAF" "234\xE2\x80\xAF" "567,5", ',', "1234567.5", "");
	number("1.234,56", ',', "1234.56", "");
	number("1'234.50 CHF", '.', "1234.50", "CHF");
	number("1’234.50", '.', "1234.50", "");
	number("$1,234.50", '.', "1234.50", "USD");
	number("US$ 1,234", '.', "1234", "USD");
	number("(12.00)", '.', "-12.00", "");
	number("(12,00 €)", ',', "-12.00", "EUR");
	number("12.00-", '.', "-12.00", "");
	number("-12 €", 0, "-12", "EUR");
	number("€-12", 0, "-12", "EUR");
	number("−7,5", 0, "-7.5", "");
	number("+7", 0, "7", "");
	number("12,5 %", ',', "0.125", "");
	number("100%", 0, "1.00", "");
	number("0,250", 0, "0.250", "");
	number("1.234,5", 0, "1234.5", "");
	number("1,234.5", 0, "1234.5", "");
	number("12,3", 0, "12.3", "");
	number("1234,567", 0, "1234.567", "");
	number("1.250", 0, "1.250", "");
	number("1.234.567", 0, "1234567", "");
	number("1,23,456.00", '.', "123456.00", "");
	number("1.5E3", '.', "1500", "");
	number("1,5e-3", ',', "0.0015", "");
	number("00e4", '.', "0", "");
	number(".5", '.', "0.5", "");
	number("5.", '.', "5", "");
	number("007", 0, "7", "");
	number("-0,00", ',', "0.00", "");
	number("１２", 0, "12", "");
	number("٣٫٥", '.', "3.5", "");
	number("\xEF\xBB\xBF 42 ", 0, "42", "");
	number("99999999999999999999.99", '.', "99999999999999999999.99", "");
	number("12,50 zł", ',', "12.50", "PLN");
	no_number("1,250", 0, CELL_AMBIGUOUS_DECIMAL);
	no_number("12.50", ',', CELL_GROUPING);
	no_number("1 23", ',', CELL_GROUPING);
	no_number("1.234 567", ',', CELL_GROUPING);
	no_number("12,5,0", ',', CELL_NOT_A_NUMBER);
	no_number("abc", 0, CELL_NOT_A_NUMBER);
	no_number("12abc", 0, CELL_NOT_A_NUMBER);
	no_number("--5", 0, CELL_NOT_A_NUMBER);
	no_number("(-5)", 0, CELL_NOT_A_NUMBER);
	no_number("€", 0, CELL_NOT_A_NUMBER);
	no_number("Infinity", 0, CELL_NOT_A_NUMBER);
	no_number("1e99", 0, CELL_OUT_OF_RANGE);
	no_number("1111111111111111111111111111111111111111111111111111111111111111111111111", 0, CELL_OUT_OF_RANGE);
	no_number("", 0, CELL_EMPTY);
	no_number(" - ", 0, CELL_EMPTY);
	no_number("N/A", 0, CELL_EMPTY);
	{
		CellNumber	r;

		CHECK(cell_number("1.234", 5, ',', ' ', &r) == CELL_GROUPING, "a stated grouping sign alone may group");
	}

	date("DD/MM/YYYY", "05/03/2024", "2024-03-05");
	date("DD/MM/YYYY", "5/3/2024", "2024-03-05");
	date("DD/MM/YYYY", "05-03-2024", "2024-03-05");
	date("DD/MM/YYYY", "05/03/2024 00:00:00", "2024-03-05");
	date("DD/MM/YYYY", "05/03/2024 10:00", "22007");
	date("DD/MM/YYYY", "31/02/2024", "22008");
	date("DD/MM/YYYY", "29/02/2023", "22008");
	date("DD/MM/YYYY", "29/02/2024", "2024-02-29");
	date("DD/MM/YYYY", "29/02/1900", "22008");
	date("DD/MM/YYYY", "00/00/0000", "22008");
	date("DD/MM/YYYY", "12/25/2024", "22008");
	date("DD/MM/YYYY", "05/03/24", "22007");
	date("DD/MM/YYYY", "2024-03-05", "22007");
	date("DD/MM/YYYY", "demain", "22007");
	date("DD/MM/YYYY", "05/03/20245", "22007");
	date("DD/MM/YY", "05/03/24", "2024-03-05");
	date("DD/MM/YY", "05/03/85", "1985-03-05");
	date("DD/MM/YY", "05/03/1985", "22007");
	date("YYYYMMDD", "20240305", "2024-03-05");
	date("DDMMYYYY", "5032024", "22007");
	date("YYYY-MM-DD", "2024-03-05", "2024-03-05");
	date("MM/DD/YYYY", "12/25/2024", "2024-12-25");
	date("DD Month YYYY", "1er février 2024", "2024-02-01");
	date("DD Month YYYY", "3. März 2024", "2024-03-03");
	date("DD Mon YYYY", "3 août 2024", "2024-08-03");
	date("DD Mon YYYY", "3 AOUT 2024", "2024-08-03");
	date("DD Mon YYYY", "3 janv. 2024", "2024-01-03");
	date("DD Mon YYYY", "3 juil. 2024", "2024-07-03");
	date("DD Mon YYYY", "3 jui 2024", "22007");
	date("DD Mon YYYY", "3 Okt 2024", "2024-10-03");
	date("Day DD Month YYYY", "mardi 5 mars 2024", "2024-03-05");
	date("Mon DD, YYYY", "Dec 25, 2024", "2024-12-25");
	date("DD/MM/YYYY HH24:MI", "05/03/2024 14:30", "2024-03-05 14:30:00.000000+9999");
	date("DD/MM/YYYY HH24:MI", "05/03/2024 14:30:59", "2024-03-05 14:30:59.000000+9999");
	date("DD/MM/YYYY HH24:MI", "05/03/2024", "22007");
	date("DD/MM/YYYY HH24:MI", "05/03/2024 25:30", "22008");
	date("DD/MM/YYYY HH24:MI", "05/03/2024 24:00", "2024-03-05 24:00:00.000000+9999");
	date("DD/MM/YYYY HH24:MI", "05/03/2024 9:05", "2024-03-05 09:05:00.000000+9999");
	date("DD/MM/YYYY HH24\"h\"MI", "05/03/2024 9h05", "2024-03-05 09:05:00.000000+9999");
	date("MM/DD/YYYY HH:MI AM", "12/25/2024 12:05 AM", "2024-12-25 00:05:00.000000+9999");
	date("MM/DD/YYYY HH12:MI:SS PM", "12/25/2024 1:05:06 p.m.", "2024-12-25 13:05:06.000000+9999");
	date("MM/DD/YYYY HH12:MI AM", "12/25/2024 13:05 PM", "22008");
	date("YYYY-MM-DD\"T\"HH24:MI:SSTZH:TZM", "2024-03-05T14:30:00+01:00", "2024-03-05 14:30:00.000000+60");
	date("YYYY-MM-DDTHH24:MI:SSTZ", "2024-03-05T14:30:00Z", "2024-03-05 14:30:00.000000+0");
	date("ISO", "2024-03-05", "2024-03-05");
	date("ISO", "2024-03-05T14:30:00.25Z", "2024-03-05 14:30:00.250000+0");
	date("ISO", "2024-03-05 14:30", "2024-03-05 14:30:00.000000+9999");
	date("ISO", "2024-03-05 14:30:00+0530", "2024-03-05 14:30:00.000000+330");
	date("ISO", "2024-02-30", "22008");
	date("ISO", "05/03/2024", "22007");
	date("EXCEL", "45356", "2024-03-05");
	date("EXCEL", "45356.5", "2024-03-05 12:00:00.000000+9999");
	date("EXCEL", "45356,604166667", "2024-03-05 14:30:00.000000+9999");
	date("EXCEL", "12", "22003");
	date("EPOCH", "1709649000", "2024-03-05 14:30:00.000000+0");
	date("EPOCH", "1709649000123", "2024-03-05 14:30:00.123000+0");
	date("DD/MM/YYYY", " \xC2\xA0", "23502");
	{
		CellFormat	f;
		size_t		at;

		CHECK(!cell_format("DD/QQ/YYYY", 10, &f, &at) && at == 3, "an unknown field of a format is found at 3 (%zu)", at);
		CHECK(!cell_format("DD/MM", 5, &f, &at), "a format without a year is none");
		CHECK(!cell_format("DD/MM/DD/YYYY", 13, &f, &at), "a field stands once");
		CHECK(!cell_format("", 0, &f, &at), "no empty format");
	}

	CHECK(cell_boolean("OUI", 3, &b) == CELL_OK && b, "OUI is yes");
	CHECK(cell_boolean(" Ja ", 4, &b) == CELL_OK && b, "Ja is yes");
	CHECK(cell_boolean("Nein", 4, &b) == CELL_OK && !b, "Nein is no");
	CHECK(cell_boolean("faux", 4, &b) == CELL_OK && !b, "faux is no");
	CHECK(cell_boolean("peut-être", 10, &b) == CELL_NOT_A_BOOLEAN, "peut-être is neither");
	CHECK(cell_boolean("", 0, &b) == CELL_EMPTY, "empty is neither");
	CHECK(cell_same_word("ÉTÉ", 5, "été", 5), "case of accented letters");
	p = "\xEF\xBB\xBF\xE2\x80\x8B  a b\xC2\xA0\xE3\x80\x80";
	n = strlen(p);
	cell_trim(&p, &n);
	CHECK(n == 3 && memcmp(p, "a b", 3) == 0, "all kinds of space are trimmed");
	p = "\xC2\xA0";
	n = 2;
	cell_trim(&p, &n);
	CHECK(n == 0, "nothing is left of spaces");
	n = cell_squeeze("a \xC2\xA0\n b\xE2\x80\x8B" "c", 11, out);
	CHECK(n == 4 && memcmp(out, "a bc", 4) == 0, "inner spaces become one");
	CHECK(cell_is_empty_word("NULL", 4) && !cell_is_empty_word("Null", 4), "NULL is nothing, Null is a family name");

	mojibake("HÃ©lÃ¨ne", CELL_MOJIBAKE, "Hélène");
	mojibake("HÃƒÂ©lÃƒÂ¨ne", CELL_MOJIBAKE, "Hélène");
	mojibake("lâ€™Ã©tÃ©", CELL_MOJIBAKE, "l’été");
	mojibake("l\xC2\x92" "ami", CELL_MOJIBAKE, "l’ami");
	mojibake("\xC2\x80\xC2\x80", CELL_MOJIBAKE, "€€");
	mojibake("Hélène", CELL_OK, "");
	mojibake("Hélène Ã©", CELL_OK, "");
	mojibake("SÃO PAULO", CELL_OK, "");
	mojibake("ÐœÐ¾Ñ\x81ÐºÐ²Ð°", CELL_OK, "");
	mojibake("MÃ¼ller", CELL_MOJIBAKE, "Müller");
	mojibake("Łódź", CELL_OK, "");
	mojibake("abc\xEF\xBF\xBD", CELL_REPLACEMENT, "");
	mojibake("abc", CELL_OK, "");
	CHECK(utf8_valid("é€😀", 9) && !utf8_valid("\xE9", 1) && !utf8_valid("\xC0\x80", 2) && !utf8_valid("\xED\xA0\x80", 3) && !utf8_valid("\xF4\x90\x80\x80", 4), "what is UTF-8 and what is not");
	CHECK(cp1252_to_utf8("\x80\xE9\x92", 3, out, &n) && n == 8 && memcmp(out, "€é’", 8) == 0, "CP1252");
	CHECK(!cp1252_to_utf8("\x81", 1, out, &n), "81 means nothing in CP1252");
	CHECK(utf8_to_bytes("Ã©", 4, out, &n) && n == 2 && memcmp(out, "é", 2) == 0, "bytes loaded as LATIN1 come back");
	CHECK(!utf8_to_bytes("€", 3, out, &n), "what never was a byte does not");

	/* bytes of three old character sets, each told by the words it makes; the usual one of the file decides what is close */
	legacy("Chlo\xE9 L\x92H\xD4TE, 3 rue de l\x92\xC9glise \x96 12 \x80", LEGACY_UNKNOWN, "Chloé L’HÔTE, 3 rue de l’Église – 12 €");
	legacy("H\x82l\x8Ane Fran\x87ois", LEGACY_UNKNOWN, "Hélène François");
	legacy("Ren\x8E" "e \x83lodie", LEGACY_UNKNOWN, "Renée Élodie");
	legacy("M\x84rz", LEGACY_UNKNOWN, "März");
	legacy("M\xFCller \x93Le Grand\x94\x85 etc\x85", LEGACY_UNKNOWN, "Müller “Le Grand”… etc…");
	legacy("10\xA0rue\xA0" "de la c\x9Cur\xB0", LEGACY_UNKNOWN, "10\xC2\xA0rue\xC2\xA0" "de la cœur°");
	legacy("voil\x85", LEGACY_UNKNOWN, "voil…");
	legacy("voil\x85", LEGACY_CP850, "voilà");
	legacy("\x81\x8D", LEGACY_UNKNOWN, NULL);
	return unit_done();
}
