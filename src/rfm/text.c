/*
 * text.c: the notations of the text forms, one for every setting of the server: '{key=value; key=item,item}', days as 1997-01-18,
 * instants as 1997-01-18T10:00:00Z, ages as 30d or 12h, each the shortest that is exact. What is printed here is read here.
 */
#include <stdio.h>
#include <string.h>

#include "rfm/rfm.h"

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
trim(const char **s, size_t *len)
{
	while (*len > 0 && blank(**s))
		(*s)++, (*len)--;
	while (*len > 0 && blank((*s)[*len - 1]))
		(*len)--;
}

/* splits '{a=1; b=2}'; a key is lower-case letters and '_' */
rfm_status
rfm_fields(const char *s, size_t len, rfm_field *field, int max, int *n)
{
	*n = 0;
	trim(&s, &len);
	if (len < 2 || s[0] != '{' || s[len - 1] != '}')
		return RFM_BAD;
	s++, len -= 2;
	while (len > 0)
	{
		const char *end = memchr(s, ';', len),
				   *part = s;
		size_t		part_len = end ? (size_t) (end - s) : len,
					k = 0;

		s += part_len, len -= part_len;
		if (len > 0)
			s++, len--;
		trim(&part, &part_len);
		if (part_len == 0 && len == 0 && *n > 0)
			break;				/* a semicolon at the end */
		while (k < part_len && ((part[k] >= 'a' && part[k] <= 'z') || part[k] == '_'))
			k++;
		if (k == 0 || *n == max)
			return RFM_BAD;
		field[*n].key = part, field[*n].key_len = k;
		part += k, part_len -= k;
		trim(&part, &part_len);
		if (part_len == 0 || *part != '=')
			return RFM_BAD;
		part++, part_len--;
		trim(&part, &part_len);
		field[*n].value = part, field[*n].value_len = part_len;
		for (int i = 0; i < *n; i++)
			if (field[i].key_len == k && memcmp(field[i].key, field[*n].key, k) == 0)
				return RFM_BAD;
		(*n)++;
	}
	return *n > 0 ? RFM_OK : RFM_BAD;
}

/* the items of 'a,b,c' one after the other; *p starts at the list and becomes NULL after the last */
bool
rfm_next_item(const char **p, const char *end, const char **item, size_t *len)
{
	const char *comma;

	if (*p == NULL)
		return false;
	comma = memchr(*p, ',', (size_t) (end - *p));
	*item = *p;
	*len = (size_t) ((comma ? comma : end) - *p);
	trim(item, len);
	*p = comma ? comma + 1 : NULL;
	return true;
}

/* days since 1970-01-01 of a proleptic Gregorian date and back, after Howard Hinnant's algorithms; the year is astronomical */
static int64_t
days_from_civil(int64_t y, int m, int d)
{
	int64_t		era,
				yoe,
				doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void
civil_from_days(int64_t z, int64_t *y, int *m, int *d)
{
	int64_t		era,
				doe,
				yoe,
				doy,
				mp;

	z += 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = (int) (doy - (153 * mp + 2) / 5 + 1);
	*m = (int) (mp < 10 ? mp + 3 : mp - 9);
	*y = yoe + era * 400 + (*m <= 2);
}

#define EPOCH_2000 10957		/* days from 1970-01-01 to 2000-01-01 */

size_t
rfm_print_day(char *out, int32_t day)
{
	int64_t		y;
	int			m,
				d;

	civil_from_days((int64_t) day + EPOCH_2000, &y, &m, &d);
	return (size_t) snprintf(out, RFM_TIME_TEXT, "%s%04lld-%02d-%02d", y < 0 ? "-" : "", (long long) (y < 0 ? -y : y), m, d);
}

/* digits at *s, at least min and at most max of them; -1 when there are fewer */
static int64_t
digits(const char **s, const char *end, int min, int max)
{
	int64_t		v = 0;
	int			n = 0;

	while (*s < end && n < max && **s >= '0' && **s <= '9')
		v = v * 10 + (*(*s)++ - '0'), n++;
	return n < min ? -1 : v;
}

static bool
date_part(const char **s, const char *end, int64_t *day)
{
	static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		before = *s < end && **s == '-';
	int64_t		y,
				m,
				d;

	*s += before;
	y = digits(s, end, 4, 6);
	if (y < 0 || *s == end || *(*s)++ != '-' || (m = digits(s, end, 2, 2)) < 1 || m > 12 ||
		*s == end || *(*s)++ != '-' || (d = digits(s, end, 2, 2)) < 1)
		return false;
	if (before)
		y = -y;
	if (d > length[m - 1] + (m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)))
		return false;
	*day = days_from_civil(y, (int) m, (int) d) - EPOCH_2000;
	return true;
}

rfm_status
rfm_parse_day(const char *s, size_t len, int32_t *day)
{
	const char *end = s + len;
	int64_t		d;

	if (!date_part(&s, end, &d) || s != end || d < RFM_DAY_MIN || d > RFM_DAY_MAX)
		return RFM_BAD;
	*day = (int32_t) d;
	return RFM_OK;
}

size_t
rfm_print_time(char *out, int64_t at)
{
	int32_t		day = rfm_day_of(at);
	int64_t		rest = at - day * RFM_USECS_PER_DAY;
	int			sec = (int) (rest / 1000000),
				usec = (int) (rest % 1000000);
	size_t		n = rfm_print_day(out, day);

	n += (size_t) snprintf(out + n, RFM_TIME_TEXT - n, "T%02d:%02d:%02d", sec / 3600, sec / 60 % 60, sec % 60);
	if (usec != 0)
	{
		n += (size_t) snprintf(out + n, RFM_TIME_TEXT - n, ".%06d", usec);
		while (out[n - 1] == '0')
			n--;
	}
	out[n++] = 'Z';
	out[n] = 0;
	return n;
}

/* as printed; the time of day may lack, and a blank may stand for the T */
rfm_status
rfm_parse_time(const char *s, size_t len, int64_t *at)
{
	const char *end = s + len;
	int64_t		day,
				h = 0,
				m = 0,
				sec = 0,
				usec = 0;

	if (!date_part(&s, end, &day) || day < RFM_DAY_MIN || day > RFM_DAY_MAX)
		return RFM_BAD;
	if (s != end)
	{
		if ((*s != 'T' && *s != ' ') || (s++, h = digits(&s, end, 2, 2)) < 0 || h > 23 ||
			s == end || *s++ != ':' || (m = digits(&s, end, 2, 2)) < 0 || m > 59 ||
			s == end || *s++ != ':' || (sec = digits(&s, end, 2, 2)) < 0 || sec > 59)
			return RFM_BAD;
		if (s < end && *s == '.')
		{
			const char *from = ++s;

			if ((usec = digits(&s, end, 1, 6)) < 0)
				return RFM_BAD;
			for (ptrdiff_t n = s - from; n < 6; n++)
				usec *= 10;
		}
		if (s == end || *s++ != 'Z' || s != end)
			return RFM_BAD;
	}
	if (__builtin_mul_overflow(day, RFM_USECS_PER_DAY, at) || __builtin_add_overflow(*at, ((h * 60 + m) * 60 + sec) * 1000000 + usec, at) ||
		*at < RFM_TIME_MIN || *at >= RFM_TIME_END)
		return RFM_BAD;
	return RFM_OK;
}

static const struct
{
	const char *name;
	int64_t		usecs;
}			unit[] = {
	{"d", RFM_USECS_PER_DAY}, {"h", INT64_C(3600000000)}, {"min", 60000000}, {"s", 1000000}, {"ms", 1000}, {"us", 1}
};

#define UNITS ((int) (sizeof(unit) / sizeof(unit[0])))

/* in the largest unit in which it is whole */
size_t
rfm_print_age(char *out, int64_t usecs)
{
	int			i = 0;

	while (usecs % unit[i].usecs != 0)
		i++;
	return (size_t) snprintf(out, RFM_TIME_TEXT, "%lld%s", (long long) (usecs / unit[i].usecs), unit[i].name);
}

rfm_status
rfm_parse_count(const char *s, size_t len, int64_t *n)
{
	const char *end = s + len;

	if (len > 19 || (len == 19 && memcmp(s, "9223372036854775807", 19) > 0))
		return RFM_BAD;
	*n = digits(&s, end, 1, 19);
	return *n < 0 || s != end ? RFM_BAD : RFM_OK;
}

/* '90d', '12h', '1.5h'; a number without a unit is days */
rfm_status
rfm_parse_age(const char *s, size_t len, int64_t *usecs)
{
	const char *end = s + len,
			   *from = s;
	int64_t		whole,
				fraction = 0,
				part = 1;
	int			i;

	while (s < end && *s >= '0' && *s <= '9')
		s++;
	if (rfm_parse_count(from, (size_t) (s - from), &whole) != RFM_OK)
		return RFM_BAD;
	if (s < end && *s == '.')
	{
		from = ++s;
		if ((fraction = digits(&s, end, 1, 6)) < 0)
			return RFM_BAD;
		for (; from < s; from++)
			part *= 10;
	}
	while (s < end && blank(*s))
		s++;
	for (i = 0; i < UNITS; i++)
		if (s == end || ((size_t) (end - s) == strlen(unit[i].name) && memcmp(s, unit[i].name, (size_t) (end - s)) == 0))
			break;
	if (i == UNITS || (fraction * unit[i].usecs) % part != 0 ||
		__builtin_mul_overflow(whole, unit[i].usecs, usecs) || __builtin_add_overflow(*usecs, fraction * unit[i].usecs / part, usecs))
		return RFM_BAD;
	return RFM_OK;
}

/* digits, at most one point among or after them: what numeric reads, without exponent, blanks, names; '-' first where negative */
bool
rfm_is_decimal(const char *s, size_t len, bool negative)
{
	size_t		whole = 0,
				decimals = 0;

	if (negative && len > 0 && *s == '-')
		s++, len--;
	while (whole < len && s[whole] >= '0' && s[whole] <= '9')
		whole++;
	if (whole < len && s[whole] == '.')
		while (whole + 1 + decimals < len && s[whole + 1 + decimals] >= '0' && s[whole + 1 + decimals] <= '9')
			decimals++;
	/* numeric's own limits */
	return whole > 0 && whole <= 100000 && decimals <= 16000 && whole + (whole < len ? 1 + decimals : 0) == len && (whole == len || decimals > 0);
}
