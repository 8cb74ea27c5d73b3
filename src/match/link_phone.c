/*
 * link_phone.c: telephone numbers as people type them, brought to the digits of the national number, fast enough for a million in a
 * tenth of a second. Not a validator (the type phone is): what cannot be read as a number of any plan keeps its digits and is compared
 * as it stands.
 *
 * The numbering plans below are the ITU's country codes with the lengths and mobile ranges of the national plans, for the countries named.
 */
#include "match/link_private.h"

#include <stdlib.h>

static const struct
{
	char		code[4],
				iso[3];
	uint8_t		least,
				most;			/* digits of a national number */
	const char *mobile;			/* how mobile numbers begin */
}			plan[] = {
	{"33", "fr", 9, 9, "6 7"}, {"44", "gb", 9, 10, "7"}, {"49", "de", 6, 11, "15 16 17"}, {"34", "es", 9, 9, "6 7"}, {"39", "it", 8, 11, "3"},
	{"32", "be", 8, 9, "4"}, {"41", "ch", 9, 9, "7"}, {"31", "nl", 9, 9, "6"}, {"352", "lu", 6, 9, "6"}, {"351", "pt", 9, 9, "9"},
	{"43", "at", 7, 13, "65 66 67 68 69"}, {"353", "ie", 8, 9, "8"}, {"48", "pl", 9, 9, "45 5 6 72 73 78 79 88"}, {"46", "se", 7, 9, "7"},
	{"45", "dk", 8, 8, ""}, {"47", "no", 8, 8, "4 9"}, {"358", "fi", 6, 11, "4 50"}, {"420", "cz", 9, 9, "6 7"}, {"421", "sk", 9, 9, "9"},
	{"36", "hu", 8, 9, "20 30 31 50 70"}, {"40", "ro", 9, 9, "7"}, {"30", "gr", 10, 10, "69"}, {"359", "bg", 8, 9, "8 9"}, {"385", "hr", 8, 9, "9"},
	{"386", "si", 8, 8, "3 4 5 6 7"}, {"370", "lt", 8, 8, "6"}, {"371", "lv", 8, 8, "2"}, {"372", "ee", 7, 8, "5 8"}, {"356", "mt", 8, 8, "7 9"},
	{"357", "cy", 8, 8, "9"}, {"354", "is", 7, 7, "6 7 8"}, {"1", "us", 10, 10, ""}, {"7", "ru", 10, 10, "9"}, {"380", "ua", 9, 9, "5 6 73 9"},
	{"90", "tr", 10, 10, "5"}, {"212", "ma", 9, 9, "6 7"}, {"213", "dz", 9, 9, "5 6 7"}, {"216", "tn", 8, 8, "2 4 5 9"}, {"221", "sn", 9, 9, "7"},
	{"225", "ci", 10, 10, "0"}, {"61", "au", 9, 9, "4"}, {"64", "nz", 8, 10, "2"}, {"81", "jp", 9, 10, "70 80 90"}, {"82", "kr", 8, 10, "1"},
	{"86", "cn", 10, 11, "1"}, {"91", "in", 10, 10, "6 7 8 9"}, {"55", "br", 10, 11, "119"}, {"52", "mx", 10, 10, ""}, {"54", "ar", 10, 11, "9"},
	{"27", "za", 9, 9, "6 7 8"}, {"234", "ng", 8, 10, "7 8 9"}, {"20", "eg", 8, 10, "1"}, {"972", "il", 8, 9, "5"}, {"971", "ae", 8, 9, "5"},
	{"966", "sa", 9, 9, "5"}, {"65", "sg", 8, 8, "8 9"}, {"60", "my", 8, 10, "1"}, {"66", "th", 8, 9, "6 8 9"}, {"62", "id", 8, 12, "8"},
	{"63", "ph", 8, 10, "9"}, {"84", "vn", 9, 10, "3 5 7 8 9"}
};

#define PLANS ((int) (sizeof plan / sizeof *plan))

/* plans by the number that a country code is, and by the two letters of a country; plus one, 0 for none */
static uint8_t by_code[1000],
			by_letters[26 * 26];

static void
make_tables(void)
{
	for (int i = PLANS - 1; i >= 0; i--)
	{
		by_code[atoi(plan[i].code)] = (uint8_t) (i + 1);
		by_letters[(plan[i].iso[0] - 'a') * 26 + plan[i].iso[1] - 'a'] = (uint8_t) (i + 1);
	}
}

static int
plan_of_country(const char *iso)
{
	if (!iso || iso[0] < 'a' || iso[0] > 'z' || iso[1] < 'a' || iso[1] > 'z')
		return -1;
	if (by_code[33] == 0)
		make_tables();
	return by_letters[(iso[0] - 'a') * 26 + iso[1] - 'a'] - 1;
}

/* the plan whose country code the digits begin with; *length digits of it */
static int
plan_of_code(const char *d, int n, int *length)
{
	if (by_code[33] == 0)
		make_tables();
	for (int l = 3; l >= 1; l--)
		if (n > l && d[0] != '0')
		{
			int			code = l == 3 ? (d[0] - '0') * 100 + (d[1] - '0') * 10 + d[2] - '0' : l == 2 ? (d[0] - '0') * 10 + d[1] - '0' : d[0] - '0';

			if (by_code[code])
			{
				*length = l;
				return by_code[code] - 1;
			}
		}
	/* other countries: two digits for those of the table of the ITU that have two, else three */
	*length = n > 3 ? (strchr("2346789", d[0]) && strchr("0", d[1]) ? 2 : 3) : 0;
	return -1;
}

static bool
is_mobile(int p, const char *d, int n)
{
	const char *m = plan[p].mobile;

	if (n < plan[p].least || n > plan[p].most)
		return false;
	/* the German and British ranges tell a mobile by its length too */
	if (p == 1 && n != 10)
		return false;
	if (p == 2 && n < 10)
		return false;
	while (*m)
	{
		int			k = (int) strcspn(m, " ");

		if (k <= n && memcmp(m, d, k) == 0)
			return true;
		m += k + (m[k] == ' ');
	}
	return false;
}

/*
 * link_phone: the digits of the national number into out (at most 20), their count returned; 0 for what is no number. country is the
 * record's, lower case, or NULL. *flags gets VALUE_MOBILE or VALUE_LANDLINE where the plan is known; *found the country of an
 * international prefix.
 */
int
link_phone(const char *s, size_t n, const char *country, char *out, int *flags, const char **found)
{
	char		d[40];
	int			k = 0,
				p = -1,
				distinct = 0,
				code;
	bool		plus = false;
	char		seen[10] = {0};

	*flags = 0;
	*found = NULL;
	for (size_t i = 0; i < n && k < 32; i++)
	{
		if (s[i] == '+' && k == 0)
			plus = true;
		/* +33 (0)6: the zero in brackets is for callers at home */
		else if (s[i] == '(' && i + 2 < n && s[i + 1] == '0' && s[i + 2] == ')' && k > 0)
			i += 2;
		else if (s[i] >= '0' && s[i] <= '9')
			d[k++] = s[i];
		/* an extension is not part of the number */
		else if ((s[i] == 'x' || s[i] == 'X' || s[i] == '#') && k >= 7)
			break;
	}
	for (int i = 0; i < k; i++)
		if (!seen[d[i] - '0']++)
			distinct++;
	if (k < 6 || distinct <= 2)
		return 0;
	{
		char	   *at = d;

		if (!plus && k > 8 && at[0] == '0' && at[1] == '0')
			plus = true, at += 2, k -= 2;
		if (plus)
		{
			p = plan_of_code(at, k, &code);
			at += code, k -= code;
			if (p >= 0)
				*found = plan[p].iso;
			/* +33 06: the zero again; Italy keeps its own */
			if (p >= 0 && k > plan[p].most && at[0] == '0')
				at++, k--;
			else if (p >= 0 && at[0] == '0' && p != 4 && k > plan[p].least)
				at++, k--;
		}
		else if (at[0] == '0' && k > 6)
		{
			at++, k--;
			p = plan_of_country(country);
		}
		else
		{
			int			q = plan_of_code(at, k, &code);

			p = plan_of_country(country);
			/* the plus was lost: the number is too long for its own country, and of the right length without the code */
			if (q >= 0 && k >= 10 && k - code >= plan[q].least && k - code <= plan[q].most + (at[code] == '0') &&
				(p == q || p < 0 || k > plan[p].most) && (k >= 11 || p == q))
			{
				p = q;
				*found = plan[q].iso;
				at += code, k -= code;
				if (at[0] == '0' && k > plan[q].most)
					at++, k--;
			}
		}
		if (k > 20)
			k = 20;
		if (p >= 0)
			*flags = is_mobile(p, at, k) ? VALUE_MOBILE : VALUE_LANDLINE;
		memcpy(out, at, k);
	}
	return k;
}

/* link_phone_mobile: for a number of unknown country: whether it is a mobile of that country's plan */
bool
link_phone_mobile(const char *iso, const char *d, int n)
{
	int			p = plan_of_country(iso);

	return p >= 0 && is_mobile(p, d, n);
}
