/*
 * literal.c: numbers, days, instants and spans of time brought to the one text under which they are kept, and the forms of an event's name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "segment/segment_private.h"

/* plain decimal without an exponent or needless zeros: 007.50 is 7.5, 1e3 is 1000 */
bool
segment_read_number(segment_reader *r, const char *s, size_t len, bool negative, segment_text *out)
{
	char		digit[SEGMENT_NUMBER_MAX + 8];
	char		text[2 * SEGMENT_NUMBER_MAX + 16];
	int			n = 0,
				point = 0,
				k = 0;
	long		exponent = 0;
	bool		after = false;

	for (size_t i = 0; i < len; i++)
	{
		if (s[i] == 'e' || s[i] == 'E')
		{
			exponent = strtol(s + i + 1, NULL, 10);
			break;
		}
		if (s[i] == '.')
			after = true;
		else if (n > 0 || s[i] != '0')
		{
			if (n >= SEGMENT_NUMBER_MAX)
				return segment_fail(r->error, SEGMENT_LIMIT, r->token, "a number has more than %d digits", SEGMENT_NUMBER_MAX);
			digit[n++] = s[i];
			point += !after;
		}
		else if (after)
			point--;			/* a zero before the first digit that counts */
	}
	while (n > 0 && digit[n - 1] == '0' && n > 0)
		n--;
	if (n == 0)
	{
		*out = segment_copy(r->memory, "0", 1);
		return true;
	}
	if (exponent > 1000 || exponent < -1000 || (point += (int) exponent) > SEGMENT_NUMBER_MAX || n - point > SEGMENT_NUMBER_MAX)
		return segment_fail(r->error, SEGMENT_LIMIT, r->token, "a number has more than %d digits", SEGMENT_NUMBER_MAX);
	if (negative)
		text[k++] = '-';
	if (point <= 0)
		text[k++] = '0';
	for (int i = 0; i < point; i++)
		text[k++] = i < n ? digit[i] : '0';
	if (n > point)
	{
		text[k++] = '.';
		for (int i = point; i < 0; i++)
			text[k++] = '0';
		for (int i = point > 0 ? point : 0; i < n; i++)
			text[k++] = digit[i];
	}
	*out = segment_copy(r->memory, text, (size_t) k);
	return true;
}

/* exactly so many digits, or at most so many when min is less */
static int
digits(const char **s, int min, int max)
{
	int			v = 0,
				n = 0;

	while (n < max && **s >= '0' && **s <= '9')
		v = v * 10 + (*(*s)++ - '0'), n++;
	return n < min ? -1 : v;
}

static bool
read_day(const char **s, int *y, int *m, int *d)
{
	static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return (*y = digits(s, 4, 4)) >= 1 && *(*s)++ == '-' && (*m = digits(s, 2, 2)) >= 1 && *m <= 12 && *(*s)++ == '-' &&
		(*d = digits(s, 2, 2)) >= 1 && *d <= length[*m - 1] + (*m == 2 && *y % 4 == 0 && (*y % 100 != 0 || *y % 400 == 0));
}

static bool
read_instant(const char *s, char *out)
{
	int			y,
				mo,
				d,
				h = 0,
				mi = 0,
				sec = 0,
				us = 0,
				n;

	if (!read_day(&s, &y, &mo, &d))
		return false;
	if (*s == 'T' || *s == ' ')
	{
		s++;
		if ((h = digits(&s, 2, 2)) < 0 || h > 23 || *s++ != ':' || (mi = digits(&s, 2, 2)) < 0 || mi > 59)
			return false;
		if (*s == ':')
		{
			s++;
			if ((sec = digits(&s, 2, 2)) < 0 || sec > 59)
				return false;
			if (*s == '.')
			{
				const char *from = ++s;

				if ((us = digits(&s, 1, 6)) < 0)
					return false;
				for (ptrdiff_t k = s - from; k < 6; k++)
					us *= 10;
			}
		}
	}
	n = sprintf(out, "%04d-%02d-%02d %02d:%02d:%02d", y, mo, d, h, mi, sec);
	if (us > 0)
	{
		n += sprintf(out + n, ".%06d", us);
		while (out[n - 1] == '0')
			n--;
		out[n] = 0;
	}
	if (*s == ' ' && s[1] != 0)
		s++;
	if (*s == 'Z')
	{
		s++;
		n += sprintf(out + n, "+00:00");
	}
	else if (*s == '+' || *s == '-')
	{
		char		sign = *s++;
		int			zh = digits(&s, 2, 2),
					zm = 0;

		if (zh < 0 || zh > 15)
			return false;
		if (*s == ':')
			s++;
		if (*s && ((zm = digits(&s, 2, 2)) < 0 || zm > 59))
			return false;
		n += sprintf(out + n, "%c%02d:%02d", sign, zh, zm);
	}
	return *s == 0;
}

/* '2 years 3 days 04:30': amounts with units, then perhaps a time of day */
static bool
read_interval(const char *s, char *out, size_t room)
{
	static const struct
	{
		const char *word,
				   *name;
	}			unit[] = {{"year", "year"}, {"quarter", NULL}, {"month", "month"}, {"mon", "month"}, {"week", "week"}, {"day", "day"}, {"hour", "hour"},
					{"minute", "minute"}, {"min", "minute"}, {"second", "second"}, {"sec", "second"}};
	size_t		n = 0;

	while (*s == ' ')
		s++;
	if (!*s)
		return false;
	while (*s)
	{
		bool		negative = *s == '-';
		int			v,
					i;
		size_t		len;

		s += negative || *s == '+';
		if ((v = digits(&s, 1, 7)) < 0)
			return false;
		if (n + 40 > room)
			return false;
		if (*s == ':')
		{
			int			mi,
						sec = 0;

			s++;
			if ((mi = digits(&s, 2, 2)) < 0 || mi > 59 || (*s == ':' && (s++, (sec = digits(&s, 2, 2)) < 0 || sec > 59)))
				return false;
			while (*s == ' ')
				s++;
			n += (size_t) sprintf(out + n, "%s%s%02d:%02d:%02d", n ? " " : "", negative ? "-" : "", v, mi, sec);
			return *s == 0;
		}
		while (*s == ' ')
			s++;
		for (len = 0; (s[len] | 32) >= 'a' && (s[len] | 32) <= 'z'; len++)
			;
		for (i = 0; i < (int) (sizeof(unit) / sizeof(unit[0])); i++)
		{
			size_t		w = strlen(unit[i].word);
			bool		same = len == w || (len == w + 1 && (s[w] | 32) == 's');

			for (size_t k = 0; same && k < w; k++)
				same = (s[k] | 32) == unit[i].word[k];
			if (same)
				break;
		}
		if (i == (int) (sizeof(unit) / sizeof(unit[0])))
			return false;
		s += len;
		while (*s == ' ')
			s++;
		if (!unit[i].name)
			v *= 3;
		n += (size_t) sprintf(out + n, "%s%s%d %s%s", n ? " " : "", negative ? "-" : "", v, unit[i].name ? unit[i].name : "month", v == 1 ? "" : "s");
	}
	return true;
}

bool
segment_read_time(segment_reader *r, segment_value_kind kind, const segment_text *s, size_t position, segment_text *out)
{
	char		text[240];
	const char *from = s->data;
	int			y,
				m,
				d;

	if (strlen(s->data) == s->len)	/* no zero byte inside */
		switch (kind)
		{
			case SEGMENT_DATE:
				if (read_day(&from, &y, &m, &d) && *from == 0)
				{
					*out = *s;
					return true;
				}
				break;
			case SEGMENT_TIMESTAMP:
				if (read_instant(from, text))
				{
					*out = segment_copy(r->memory, text, strlen(text));
					return true;
				}
				break;
			default:
				if (read_interval(from, text, sizeof(text)))
				{
					*out = segment_copy(r->memory, text, strlen(text));
					return true;
				}
		}
	segment_fail(r->error, SEGMENT_BAD_VALUE, position, "this is not a valid %s", kind == SEGMENT_DATE ? "date" : kind == SEGMENT_TIMESTAMP ? "timestamp" : "interval");
	segment_hint(r->error, kind == SEGMENT_DATE ? "Write it as date '2026-11-22'." : kind == SEGMENT_TIMESTAMP ?
				 "Write it as timestamp '2026-11-22 10:30:00', with a zone as '+01:00' if it has one." : "Write it as interval '2 years 3 days'.");
	return false;
}

/* ---- the forms of an event's name ---- */

static bool
ends(const char *s, size_t n, const char *with)
{
	size_t		w = strlen(with);

	return n >= w && memcmp(s + n - w, with, w) == 0;
}

static bool
vowel(char c)
{
	return c && strchr("aeiou", c) != NULL;
}

/* 'order' of 'ordering', 'browse' of 'browsing', 'shop' of 'shopping'; a word that is no such form is itself */
static segment_text
base_of(segment_allocator memory, const segment_text *word)
{
	const char *s = word->data;
	size_t		n = word->len;
	char	   *to;

	if (n <= 5 || !ends(s, n, "ing"))
		return *word;
	n -= 3;
	to = segment_take(memory, n + 2);
	memcpy(to, s, n);
	if (n > 2 && s[n - 1] == s[n - 2] && !strchr("aeioulszf", s[n - 1]))
		n--;
	else if ((strchr("cvzu", s[n - 1]) && !ends(s, n, "zz")) || (s[n - 1] == 's' && s[n - 2] != 's') || (s[n - 1] == 'g' && s[n - 2] != 'n') ||
			 ends(s, n, "ib") || (ends(s, n, "at") && n > 3 && s[n - 3] != 'e' && s[n - 3] != 'o'))
		to[n++] = 'e';
	to[n] = 0;
	return (segment_text) {to, (uint32_t) n};
}

segment_text
segment_event_of(segment_reader *r, const segment_text *word, bool gerund)
{
	return gerund ? base_of(r->memory, word) : *word;
}

/* 'ordering' or 'orders' of 'order' */
segment_text
segment_inflect(segment_allocator memory, const segment_text *event, bool gerund)
{
	char	   *to = segment_take(memory, event->len + 8);
	size_t		n = event->len;

	memcpy(to, event->data, n);
	if (n > 0 && gerund)
	{
		int			groups = 0;

		for (size_t i = 0; i < n; i++)
			groups += vowel(to[i]) && (i == 0 || !vowel(to[i - 1]));
		if (n > 2 && to[n - 1] == 'e' && !strchr("eyo", to[n - 2]))
			n--;
		else if (n > 2 && n < 5 && groups == 1 && !vowel(to[n - 1]) && !strchr("wxylszf", to[n - 1]) && vowel(to[n - 2]) && !vowel(to[n - 3]))
			to[n] = to[n - 1], n++;
		memcpy(to + n, "ing", 3), n += 3;
	}
	else if (n > 1)
	{
		if (to[n - 1] == 'y' && !vowel(to[n - 2]))
			memcpy(to + n - 1, "ies", 3), n += 2;
		else if (to[n - 1] == 's' || to[n - 1] == 'x' || ends(to, n, "ch") || ends(to, n, "sh"))
			memcpy(to + n, "es", 2), n += 2;
		else
			to[n++] = 's';
	}
	to[n] = 0;
	return (segment_text) {to, (uint32_t) n};
}

static void *
take_from(void *context, size_t size)
{
	char	  **p = context,
			   *at = *p;

	*p += (size + 15) & ~(size_t) 15;
	return at;
}

bool
segment_same_name(const segment_text *a, const segment_text *b)
{
	char		room[2 * (SEGMENT_NAME_MAX + 32)],
			   *p = room;
	segment_allocator memory = {take_from, &p};

	if (a->len == b->len && memcmp(a->data, b->data, a->len) == 0)
		return true;
	if (a->len > SEGMENT_NAME_MAX)
		return false;
	for (int gerund = 0; gerund < 2; gerund++)
	{
		segment_text t = segment_inflect(memory, a, gerund);

		if (t.len == b->len && memcmp(t.data, b->data, t.len) == 0)
			return true;
	}
	return false;
}

/* valid UTF-8 without a zero byte */
bool
segment_utf8(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *) s,
			   *end = p + len;

	while (p < end)
	{
		int			more;
		uint32_t	c = *p++;

		if (c == 0)
			return false;
		if (c < 0x80)
			continue;
		if (c < 0xC2 || c > 0xF4)
			return false;
		more = c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
		c &= 0x3F >> more;
		for (int i = 0; i < more; i++)
		{
			if (p == end || (*p & 0xC0) != 0x80)
				return false;
			c = c << 6 | (*p++ & 0x3F);
		}
		if ((more == 2 && (c < 0x800 || (c >= 0xD800 && c <= 0xDFFF))) || (more == 3 && (c < 0x10000 || c > 0x10FFFF)))
			return false;
	}
	return true;
}
