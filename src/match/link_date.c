/*
 * link_date.c: reads a date as people write it: 1982-11-18, 18/11/1982, 18.11.82, 19821118, 18 nov 1982, November 18, 1982, with or
 * without a time after it. Read by value: a first number above 31 is a year, one above 12 a day; where day and month could be either
 * way round, day first is given and the other reading beside it.
 */
#include "match/link_private.h"

static const struct
{
	char		word[5];
	uint8_t		month;
}			month_word[] = {
	{"jan", 1}, {"fev", 2}, {"feb", 2}, {"mar", 3}, {"mae", 3}, {"mrz", 3}, {"apr", 4}, {"avr", 4}, {"abr", 4}, {"mai", 5}, {"may", 5},
	{"maj", 5}, {"mei", 5}, {"mag", 5}, {"juin", 6}, {"jun", 6}, {"giu", 6}, {"juil", 7}, {"jul", 7}, {"lug", 7}, {"aou", 8}, {"aug", 8},
	{"ago", 8}, {"sep", 9}, {"set", 9}, {"oct", 10}, {"okt", 10}, {"ott", 10}, {"out", 10}, {"nov", 11}, {"dec", 12}, {"dez", 12},
	{"dic", 12}, {"gen", 1}, {"ene", 1}
};

static int
month_of(const char *s, int n)
{
	for (size_t i = 0; i < sizeof month_word / sizeof *month_word; i++)
	{
		int			k = (int) strlen(month_word[i].word);

		if (n >= k && memcmp(s, month_word[i].word, k) == 0)
			return month_word[i].month;
	}
	return 0;
}

static bool
real_date(int y, int m, int d)
{
	static const uint8_t days[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (y < 1000 || y > 2999 || m < 1 || m > 12 || d < 1)
		return false;
	return d <= days[m] || (m == 2 && d == 29 && (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)));
}

static uint32_t
pack(int y, int m, int d)
{
	return real_date(y, m, d) ? (uint32_t) y << 9 | m << 5 | d : 0;
}

static int
century(int y, int digits)
{
	return digits > 2 ? y : y <= 29 ? 2000 + y : 1900 + y;
}

uint32_t
link_read_date(const char *s, size_t n, uint32_t *other)
{
	int			part[3],
				digits[3],
				parts = 0,
				month = 0,
				month_at = -1;
	size_t		i = 0;
	uint32_t	r = 0;

	*other = 0;
	while (i < n && parts < 3)
	{
		unsigned char c = (unsigned char) s[i];

		if (c >= '0' && c <= '9')
		{
			int			k = 0;
			size_t		from = i;

			for (; i < n && s[i] >= '0' && s[i] <= '9'; i++)
				if (i - from < 8)
					k = k * 10 + (s[i] - '0');
			if (i - from == 8 && parts == 0 && month == 0)
			{
				/* 19821118, or 18111982 */
				if ((r = pack(k / 10000, k / 100 % 100, k % 100)) == 0 || k / 10000 < 1800 || k / 10000 > 2100)
				{
					uint32_t	q = pack(k % 10000, k / 10000 % 100, k / 1000000);

					if (q)
						r = q;
				}
				return r;
			}
			if (i - from > 4)
				return 0;
			part[parts] = k;
			digits[parts++] = (int) (i - from);
		}
		else if ((c | 32) >= 'a' && (c | 32) <= 'z')
		{
			char		w[8] = {0};
			int			k = 0;

			for (; i < n && (((unsigned char) s[i] | 32) >= 'a') && ((s[i] | 32) <= 'z' || (unsigned char) s[i] >= 0x80); i++)
			{
				unsigned char b = (unsigned char) s[i];

				/* é, û and ä of the months, as two bytes of UTF-8 */
				if (b == 0xc3 && i + 1 < n)
				{
					unsigned char l = ((unsigned char) s[i + 1]) | 0x20;

					b = l == 0xa9 || l == 0xa8 ? 'e' : l == 0xbb || l == 0xb9 ? 'u' : l == 0xa4 ? 'a' : '?';
					i++;
				}
				if (k < 7)
					w[k++] = (char) (b | 32);
			}
			if (month == 0 && (month = month_of(w, k)) != 0)
				month_at = parts;
			else if (parts == 0 && month == 0 && k > 2)
				continue;		/* a day of the week */
			else if (parts >= 1 && k <= 2)
				continue;		/* 1st, de */
			else if (parts < 3 && month == 0)
				return 0;
		}
		else
			i++;
	}
	if (month != 0 && parts >= 2)
	{
		/* the month is a word: year and day by size */
		if (month_at == 0 || month_at == 1)
		{
			if (digits[0] == 4 && digits[1] <= 2)
				return pack(part[0], month, part[1]);
			if (digits[0] <= 2)
				return pack(century(part[1], digits[1]), month, part[0]);
		}
		return 0;
	}
	if (parts != 3)
		return 0;
	if (digits[0] >= 3)
		return digits[0] == 4 ? pack(part[0], part[1], part[2]) : 0;
	if (digits[2] == 3)
		return 0;
	if (part[0] > 31)
		return pack(century(part[0], digits[0]), part[1], part[2]);
	r = pack(century(part[2], digits[2]), part[1], part[0]);
	*other = pack(century(part[2], digits[2]), part[0], part[1]);
	if (r == 0)
	{
		r = *other;
		*other = 0;
	}
	if (*other == r)
		*other = 0;
	return r;
}
