/*
 * registry.c: numbers under which organisations are registered, known by their form and proved by their check digits: SIREN, SIRET and the VAT
 * numbers of France, Belgium, Switzerland, Germany, Austria, Great Britain, the Netherlands, Spain and Italy.
 */
#include "match/match.h"

#include <string.h>

static inline bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
digits(const char *s, int n)
{
	for (int i = 0; i < n; i++)
		if (!digit(s[i]))
			return false;
	return true;
}

/* The number of n digits modulo m, beginning from a remainder. */
static int
modulo(int r, const char *s, int n, int m)
{
	for (int i = 0; i < n; i++)
		r = (r * 10 + (s[i] - '0')) % m;
	return r;
}

/* ISO/IEC 7812: from the right every second digit counts double. */
static bool
luhn(const char *s, int n)
{
	int			sum = 0;

	for (int i = 0; i < n; i++)
	{
		int			d = s[n - 1 - i] - '0';

		sum += i % 2 == 0 ? d : d * 2 - (d > 4 ? 9 : 0);
	}
	return sum % 10 == 0;
}

static int
weighted(const char *s, const char *weights)
{
	int			sum = 0;

	for (int i = 0; weights[i] != 0; i++)
		sum += (s[i] - '0') * (weights[i] - '0');
	return sum;
}

static bool
siren(const char *s, int n)
{
	return n == 9 && digits(s, 9) && memcmp(s, "000000000", 9) != 0 && luhn(s, 9);
}

/* The offices of La Poste (356000000), its seat apart, are numbered so that the sum of their digits is a multiple of five. */
static bool
siret(const char *s, int n)
{
	if (n != 14 || !digits(s, 14) || !siren(s, 9))
		return false;
	if (memcmp(s, "356000000", 9) == 0 && memcmp(s, "35600000000048", 14) != 0)
		return weighted(s, "11111111111111") % 5 == 0;
	return luhn(s, 14);
}

/* The two signs before a SIREN prove it: digits modulo 97, or, of later issues, letters and digits modulo 11. */
static bool
french_vat(const char *s, int n)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
	const char *first,
			   *second;
	int			check;

	if (n != 11 || !siren(s + 2, 9))
		return false;
	if (digits(s, 2))
		return modulo(0, s, 2, 100) == (12 + 3 * modulo(0, s + 2, 9, 97)) % 97;
	first = strchr(alphabet, s[0]);
	second = strchr(alphabet, s[1]);
	if (first == NULL || second == NULL)
		return false;
	check = (int) (digit(s[0]) ? (first - alphabet) * 24 + (second - alphabet) - 10 : (first - alphabet) * 34 + (second - alphabet) - 100);
	return (modulo(0, s + 2, 9, 11) + 1 + check / 11) % 11 == check % 11;
}

static bool
belgian(const char *s, int n)
{
	return n == 10 && digits(s, 10) && s[0] <= '1' && memcmp(s, "00", 2) != 0 && 97 - modulo(0, s, 8, 97) == modulo(0, s + 8, 2, 100);
}

/* ISO/IEC 7064, MOD 11,10 */
static bool
german(const char *s, int n)
{
	int			p = 10;

	if (n != 9 || !digits(s, 9) || s[0] == '0')
		return false;
	for (int i = 0; i < 8; i++)
	{
		int			sum = (s[i] - '0' + p) % 10;

		p = (sum == 0 ? 10 : sum) * 2 % 11;
	}
	return (11 - p) % 10 == s[8] - '0';
}

static bool
austrian(const char *s, int n)
{
	int			sum = 4;

	if (n != 9 || s[0] != 'U' || !digits(s + 1, 8))
		return false;
	for (int i = 0; i < 7; i++)
	{
		int			d = s[1 + i] - '0';

		sum += i % 2 == 0 ? d : d * 2 - (d > 4 ? 9 : 0);
	}
	return (10 - sum % 10) % 10 == s[8] - '0';
}

static bool
swiss(const char *s, int n)
{
	int			check;

	if (n != 9 || !digits(s, 9))
		return false;
	check = (11 - weighted(s, "54327654") % 11) % 11;
	return check == s[8] - '0';
}

/* A branch has three digits more. */
static bool
british(const char *s, int n)
{
	int			r;

	if ((n != 9 && n != 12) || !digits(s, n) || memcmp(s, "000000000", 9) == 0)
		return false;
	r = (weighted(s, "8765432") + (s[7] - '0') * 10 + s[8] - '0') % 97;
	return r == 0 || (s[0] != '0' && (r == 42 || r == 55));
}

/* Of companies by modulo 11; of the self-employed, since 2020, by ISO/IEC 7064 MOD 97-10 with the letters as numbers. */
static bool
dutch(const char *s, int n)
{
	if (n != 12 || !digits(s, 9) || s[9] != 'B' || !digits(s + 10, 2) || memcmp(s + 10, "00", 2) == 0 || memcmp(s, "000000000", 9) == 0)
		return false;
	return weighted(s, "98765432") % 11 == s[8] - '0' || modulo((modulo(2321, s, 9, 97) * 100 + 11) % 97, s + 10, 2, 97) == 1;
}

static bool
spanish(const char *s, int n)
{
	static const char letters[] = "TRWAGMYFPDXBNJZSQVHLCKE";
	int			check = 0;

	if (n != 9 || !digits(s + 1, 7))
		return false;
	if (digit(s[0]))
		return s[8] == letters[modulo(0, s, 8, 23)];
	if (strchr("XYZ", s[0]) != NULL)
		return s[8] == letters[modulo(s[0] - 'X', s + 1, 7, 23)];
	if (strchr("KLM", s[0]) != NULL)
		return s[8] == letters[modulo(0, s + 1, 7, 23)];
	if (strchr("ABCDEFGHJNPQRSUVW", s[0]) == NULL)
		return false;
	for (int i = 0; i < 7; i++)
	{
		int			d = s[1 + i] - '0';

		check += i % 2 == 1 ? d : d * 2 - (d > 4 ? 9 : 0);
	}
	check = (10 - check % 10) % 10;
	/* which kinds have a letter and which a digit is told differently by the sources: either will do */
	return s[8] == '0' + check || s[8] == "JABCDEFGHI"[check];
}

static bool
italian(const char *s, int n)
{
	int			office;

	if (n != 11 || !digits(s, 11) || memcmp(s, "0000000", 7) == 0)
		return false;
	/* the provincial office that gave it */
	office = modulo(0, s + 7, 3, 1000);
	return luhn(s, 11) && ((office >= 1 && office <= 100) || office == 120 || office == 121 || office == 888 || office == 999);
}

typedef struct scheme
{
	const char *prefix;			/* of the number as it is written */
	bool		(*valid) (const char *s, int n);	/* of what stands behind it */
	const char *country;		/* of the number as we keep it */
	int			skip,
				keep;			/* which part of it names the organisation */
} scheme;

static const scheme schemes[] = {
	{"FR", french_vat, "FR", 2, 9}, {"BE", belgian, "BE", 0, 10}, {"DE", german, "DE", 0, 9}, {"AT", austrian, "AT", 0, 9}, {"CHE", swiss, "CH", 0, 9},
	{"GB", british, "GB", 0, 9}, {"XI", british, "GB", 0, 9}, {"NL", dutch, "NL", 0, 12}, {"ES", spanish, "ES", 0, 9}, {"IT", italian, "IT", 0, 11}};

/* What the number is, without spaces, in capitals. */
static registry_kind
classify(const char *s, int n, char *number)
{
	if (n < 9)
		return REGISTRY_NONE;
	if (digit(s[0]))
	{
		registry_kind kind = siren(s, n) ? REGISTRY_SIREN : siret(s, n) ? REGISTRY_SIRET : REGISTRY_NONE;

		if (kind != REGISTRY_NONE && number != NULL)
		{
			memcpy(number, "FR", 2);
			memcpy(number + 2, s, 9);
			number[11] = 0;
		}
		return kind;
	}
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
	{
		int			p = (int) strlen(schemes[i].prefix),
					m = n - p;

		if (m < 8 || memcmp(s, schemes[i].prefix, p) != 0)
			continue;
		/* what the Swiss put behind */
		if (schemes[i].valid == swiss && ((m == 12 && (memcmp(s + n - 3, "TVA", 3) == 0 || memcmp(s + n - 3, "IVA", 3) == 0)) || (m == 13 && memcmp(s + n - 4, "MWST", 4) == 0)))
			m = 9;
		if (!schemes[i].valid(s + p, m))
			continue;
		if (number != NULL)
		{
			memcpy(number, schemes[i].country, 2);
			memcpy(number + 2, s + p + schemes[i].skip, schemes[i].keep);
			number[2 + schemes[i].keep] = 0;
		}
		return REGISTRY_VAT;
	}
	return REGISTRY_NONE;
}

static inline char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char) (c - 32) : c;
}

static inline bool
sign(char c)
{
	return digit(c) || (upper(c) >= 'A' && upper(c) <= 'Z');
}

static inline bool
separator(char c)
{
	return c == ' ' || c == '.' || c == '-' || c == '/';
}

#define REGISTRY_SIGNS 20

/* registry_number_read: what the whole text is; spaces, dots, hyphens and slashes between the signs do not count. */
registry_kind
registry_number_read(const char *s, size_t n, char *number)
{
	char		compact[REGISTRY_SIGNS];
	int			m = 0;

	for (size_t i = 0; i < n; i++)
		if (sign(s[i]) && m < REGISTRY_SIGNS)
			compact[m++] = upper(s[i]);
		else if (sign(s[i]) || !separator(s[i]))
			return REGISTRY_NONE;
	return classify(compact, m, number);
}

/* registry_number_find: the first number within a text; its beginning and end are where no letter or digit is beside it. */
registry_kind
registry_number_find(const char *s, size_t n, char *number)
{
	for (size_t from = 0; from < n; from++)
	{
		char		compact[REGISTRY_SIGNS];
		int			m = 0;
		registry_kind kind,
					best = REGISTRY_NONE;

		if (!sign(s[from]) || (from > 0 && (sign(s[from - 1]) || (s[from - 1] & 0x80))))
			continue;
		for (size_t i = from; i < n && m < REGISTRY_SIGNS && (sign(s[i]) || separator(s[i])); i++)
		{
			if (separator(s[i]))
				continue;
			compact[m++] = upper(s[i]);
			/* the longest number from here: a SIRET begins with a SIREN */
			if (m >= 9 && (i + 1 == n || !(sign(s[i + 1]) || (s[i + 1] & 0x80))) && (kind = classify(compact, m, number)) != REGISTRY_NONE)
				best = kind;
		}
		if (best != REGISTRY_NONE)
			return best;
	}
	return REGISTRY_NONE;
}
