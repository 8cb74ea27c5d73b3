/*
 * date.c: how alike two dates of birth are: what slips when a date is written down (day and month swapped, a digit wrong, neighbours swapped), and
 * the dates that a system writes when it knows none.
 */
#include "match/match_private.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct civil { int64_t year; int month; int day; } civil;

/* Days since 2000-01-01 to the proleptic Gregorian calendar (the algorithm of Hinnant, "chrono-compatible low-level date algorithms", 2013). */
static civil
civil_from_days(int32_t date)
{
	int64_t		z = (int64_t) date + 10957 + 719468,
				era = (z >= 0 ? z : z - 146096) / 146097;
	int			doe = (int) (z - era * 146097),
				yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365,
				doy = doe - (365 * yoe + yoe / 4 - yoe / 100),
				mp = (5 * doy + 2) / 153;
	civil		c = {yoe + era * 400, mp < 10 ? mp + 3 : mp - 9, doy - (153 * mp + 2) / 5 + 1};

	c.year += c.month <= 2;
	return c;
}

static int32_t
days_from_civil(const civil *c)
{
	int64_t		y = c->year - (c->month <= 2),
				era = (y >= 0 ? y : y - 399) / 400;
	int			yoe = (int) (y - era * 400),
				doy = (153 * (c->month > 2 ? c->month - 3 : c->month + 9) + 2) / 5 + c->day - 1,
				doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return (int32_t) (era * 146097 + doe - 719468 - 10957);
}

void
date_text(int32_t date, char *out)
{
	civil		c = civil_from_days(date);

	snprintf(out, 25, "%lld-%d-%d", (long long) c.year, c.month, c.day);
}

bool
date_swap(int32_t date, int32_t *swapped)
{
	civil		c = civil_from_days(date);

	if (c.day > 12 || c.day == c.month)
		return false;
	*swapped = days_from_civil(&(civil) {c.year, c.day, c.month});
	return true;
}

/* date_is_default: dates that stand for "unknown" in one system or another, the infinities among them. */
bool
date_is_default(int32_t date)
{
	civil		c;

	if (date == MATCH_DATE_EARLIEST || date == MATCH_DATE_LATEST)
		return true;
	c = civil_from_days(date);
	return date_is_default_day(c.year, c.month, c.day);
}

bool
date_is_default_day(int64_t year, int month, int day)
{
	/* 1 January of the epochs of databases, spreadsheets and operating systems */
	if (month == 1 && day == 1)
		return year <= 1 || year == 1601 || year == 1753 || year == 1800 || year == 1899 || year == 1900 || year == 1901 ||
			year == 1904 || year == 1910 || year == 1970 || year >= 9999;
	if (month == 12 && (day == 30 || day == 31))
		return year == 1899 || (day == 31 && (year == 1969 || year >= 9999));
	return (year == 1111 && month == 11 && day == 11) || (year == 1900 && month == 1 && day == 2);
}

/* One digit of eight wrong, or two neighbours swapped. */
static bool
one_digit(const civil *a, const civil *b)
{
	char		x[8],
				y[8];
	int			wrong = 0,
				first = 0;

	if (a->year < 0 || a->year > 9999 || b->year < 0 || b->year > 9999)
		return false;
	for (int k = 0; k < 2; k++)
	{
		const civil *c = k == 0 ? a : b;
		char	   *d = k == 0 ? x : y;
		int			n = (int) c->year * 10000 + c->month * 100 + c->day;

		for (int i = 7; i >= 0; i--, n /= 10)
			d[i] = (char) (n % 10);
	}
	for (int i = 7; i >= 0; i--)
		if (x[i] != y[i])
		{
			wrong++;
			first = i;
		}
	return wrong == 1 || (wrong == 2 && first < 7 && x[first] == y[first + 1] && x[first + 1] == y[first]);
}

/* date_compare: the first level of match.h that holds, the same in both directions. */
match_date_level
date_compare(int32_t a, int32_t b)
{
	civil		x,
				y;

	if (a == b)
		return DATE_EQUAL;
	if (date_is_default(a) || date_is_default(b))
		return DATE_UNKNOWN;
	x = civil_from_days(a);
	y = civil_from_days(b);
	if (x.year == y.year && x.month == y.day && x.day == y.month)
		return DATE_SWAPPED;
	if (one_digit(&x, &y) || (x.month == y.month && x.day == y.day && (x.year - y.year) % 100 == 0))
		return DATE_ONE_DIGIT;
	if (x.year == y.year && ((x.month == 1 && x.day == 1) || (y.month == 1 && y.day == 1)))
		return DATE_YEAR_ONLY;
	if (llabs((int64_t) a - b) <= 7)
		return DATE_NEAR;
	if ((x.year == y.year) + (x.month == y.month) + (x.day == y.day) >= 2)
		return DATE_TWO_PARTS;
	return DATE_DIFFERENT;
}

/* date_similarity: a value for each level; of different ones, up to 0.4 the nearer they are. */
double
date_similarity(int32_t a, int32_t b)
{
	static const double value[] = {1, 0.5, 0.95, 0.9, 0.85, 0.8, 0.75};
	match_date_level level = date_compare(a, b);

	if (level != DATE_DIFFERENT)
		return value[level];
	return 0.4 / (1 + (double) llabs((int64_t) a - b) / 365.2425);
}
