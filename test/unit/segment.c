/*
 * Predicates: what each text becomes, what is refused and where, canonical text and bytes there and back, three values, anniversaries,
 * samples, distances.
 */
#include <math.h>

#include "unit.h"

#include "segment/segment.h"

static void *
take(void *context, size_t size)
{
	(void) context;
	return calloc(1, size);
}

static const segment_allocator memory = {take, NULL};

/* the canonical text, or the message, its position in front */
static const char *
canonical(const char *text)
{
	static char answer[4096];
	segment_error error;
	segment_node *n = segment_parse(text, strlen(text), memory, &error);
	size_t		len;

	if (!n)
		snprintf(answer, sizeof(answer), "%u: %s", error.position, error.message);
	else
		snprintf(answer, sizeof(answer), "%s", segment_print(n, memory, &len));
	return answer;
}

/* text and bytes lead back to the same tree */
static bool
stable(const char *text)
{
	segment_error error;
	segment_node *n = segment_parse(text, strlen(text), memory, &error),
			   *m;
	size_t		len,
				len2,
				bytes,
				bytes2;
	char	   *s,
			   *s2;
	uint8_t    *b,
			   *b2;

	if (!n)
		return false;
	s = segment_print(n, memory, &len);
	b = segment_encode(n, memory, &bytes);
	m = segment_parse(s, len, memory, &error);
	if (!m)
	{
		printf("# %s\n# %s: %u %s\n", text, s, error.position, error.message);
		return false;
	}
	b2 = segment_encode(m, memory, &bytes2);
	s2 = segment_print(m, memory, &len2);
	if (bytes != bytes2 || memcmp(b, b2, bytes) != 0 || strcmp(s, s2) != 0)
	{
		printf("# %s\n# %s\n# %s\n", text, s, s2);
		return false;
	}
	m = segment_decode_checked(b, bytes, memory, &error);
	return m && strcmp(segment_print(m, memory, &len2), s) == 0;
}

static const char *const examples[][2] = {
	{"AGE>=030.50", "age >= 30.5"},
	{"30 <= age", "age >= 30"},
	{"a != -1e2", "a <> -100"},
	{"x = .001 or x = 0.0", "x = 0.001 or x = 0"},
	{"country in ('FR' , 'BE')", "country in ('FR', 'BE')"},
	{"not country in ('FR')", "country not in ('FR')"},
	{"(a = 1 and b = 2) and c", "a = 1 and b = 2 and c"},
	{"a and (b or c)", "a and (b or c)"},
	{"(a and b) or c", "a and b or c"},
	{"not (a and b)", "not (a and b)"},
	{"not not a", "not not a"},
	{"dwelling.tenure = 'owner'", "dwelling.tenure = 'owner'"},
	{"\"Dwelling\".\"a.b\" = 'it''s'", "\"Dwelling\".\"a.b\" = 'it''s'"},
	{"\"top\" = 1 and \"x\" = 2", "\"top\" = 1 and x = 2"},
	{"interests has 'tennis'", "interests has 'tennis'"},
	{"interests has any ('tennis')", "interests has 'tennis'"},
	{"interests has all ('a','b') and interests has none ('c')", "interests has all ('a', 'b') and interests has none ('c')"},
	{"interests not has all ('a','b')", "interests not has all ('a', 'b')"},
	{"last_order_at within last 90 days", "last_order_at within last 90 days"},
	{"last_order_at not within last day", "last_order_at not within last 1 day"},
	{"last_order_at older than 2 years", "last_order_at older than 2 years"},
	{"contract_end within next 30 days", "contract_end within next 30 days"},
	{"d in this month and d in last 3 calendar months or d in last calendar week", "d in this month and d in last 3 calendar months or d in last week"},
	{"birth_date anniversary within next 7 days", "birth_date anniversary within next 7 days"},
	{"birth_date anniversary in this month", "birth_date anniversary in this month"},
	{"did order", "did order"},
	{"did order at least 3 times within last 90 days", "did order at least 3 times within last 90 days"},
	{"did order within last 90 days at least 3 times", "did order at least 3 times within last 90 days"},
	{"did not open within last 30 days", "did not open within last 30 days"},
	{"not did open", "did not open"},
	{"did order where product = '\xc3\x9f' and amount >= 50 exactly once", "did order where product = '\xc3\x9f' and amount >= 50 exactly 1 times"},
	{"did order between 2 and 5 times", "did order between 2 and 5 times"},
	{"did order where x between 2 and 5 between 2 and 5 times and y", "did order where x between 2 and 5 between 2 and 5 times and y"},
	{"did order more than 2 times", "did order at least 3 times"},
	{"did order less than 3 times", "did order at most 2 times"},
	{"did order where gift and amount > 3", "did order where gift and amount > 3"},
	{"(did order where gift) and amount > 3", "(did order where gift) and amount > 3"},
	{"(did not order where gift) or did cart then order where x = 1", "(did not order where gift) or (did cart then order where x = 1)"},
	{"did order where gift within last 3 days", "did order where gift within last 3 days"},
	{"did order where (gift) within last 3 days", "did order where (gift) within last 3 days"},
	{"sum(order.amount) within last 12 months >= 500", "sum(order.amount) within last 12 months >= 500"},
	{"count distinct (order.product) >= 3", "count distinct (order.product) >= 3"},
	{"count(distinct order.product where amount > 3) in this year >= 3", "count distinct (order.product where amount > 3) in this year >= 3"},
	{"count(order) > 3 and avg(order.amount) between 1 and 2", "count(order) > 3 and avg(order.amount) between 1 and 2"},
	{"first order.channel = 'store'", "first order.channel = 'store'"},
	{"last order where status = 'paid' .amount > 100", "last order where status = 'paid' .amount > 100"},
	{"last order within last 30 days .amount > 100", "last order within last 30 days .amount > 100"},
	{"did cart then not order within 3 days", "did cart then not order within 3 days"},
	{"did quote then call then order within 30 days within last 1 year", "did quote then call then order within 30 days within last 1 year"},
	{"did quote where amount > 3 then not order where amount > 3", "did quote where amount > 3 then not order where amount > 3"},
	{"stopped ordering for 180 days after at least 3 orders", "stopped ordering for 180 days after at least 3 orders"},
	{"stopped shopping for 2 months", "stopped shopping for 2 months"},
	{"stopped order for 2 months", "stopped ordering for 2 months"},
	{"rfm in ('5-5-5','5-5-4') and r >= 4 and p_alive < 0.3", "rfm in ('5-5-5', '5-5-4') and r >= 4 and p_alive < 0.3"},
	{"in segment 'vip' and not in segment 'it''s'", "in segment 'vip' and not in segment 'it''s'"},
	{"sample 10 percent seed 'spring'", "sample 10 percent seed 'spring'"},
	{"sample 0 to 10 percent seed 'spring'", "sample 10 percent seed 'spring'"},
	{"sample 10 to 20.5 percent", "sample 10 to 20.5 percent"},
	{"within 20 km of (45.76, 4.84)", "within 20 km of (45.76, 4.84)"},
	{"reachable by email for 'newsletter'", "reachable by email for 'newsletter'"},
	{"top 5000 by revenue", "top 5000 by revenue"},
	{"country = 'FR' and top 10 percent by sum(order.amount) within last 1 year", "country = 'FR' and top 10 percent by sum(order.amount) within last 1 year"},
	{"a is null and a is not null and (a or b) is unknown and (a) is not true", "a is null and a is not null and (a or b) is unknown and a is not true"},
	{"a like 'x%' and b not ilike '_y'", "a like 'x%' and b not ilike '_y'"},
	{"d between date '2026-01-01' and timestamp '2026-01-01T10:00Z'", "d between date '2026-01-01' and timestamp '2026-01-01 10:00:00+00:00'"},
	{"d > interval '2 Years 1 mon 04:05'", "d > interval '2 years 1 month 04:05:00'"},
	{"a <> b -- a comment\n and true", "a <> b and true"},
	{"date = date '2026-01-01' and day = 3 and segment = 'x' and time >= 3", "date = date '2026-01-01' and day = 3 and segment = 'x' and time >= 3"},
	{"x = 1 is true and not a between 1 and 2 is not true", "(x = 1) is true and not (a between 1 and 2) is not true"},
	{"a not in (1) is null or 3 > b is not unknown or c ilike 'x' is false", "(a not in (1)) is unknown or (b < 3) is not unknown or (c ilike 'x') is false"},
	{"max(order.amount) in (1, 2) and max(order.amount) not in -- a list\n (3)", "max(order.amount) in (1, 2) and max(order.amount) not in (3)"},
	{"max(order.amount) in this year in (1) and d in this year and first order.x in (3)", "max(order.amount) in this year in (1) and d in this year and first order.x in (3)"},
	/* refused */
	{"a = 1 is true is true", "14: is has no place here"},
	{"a in 3", "5: a number has no place here"},
	{"a in", "4: the end has no place here"},
	{"age >", "5: the end has no place here"},
	{"age >= and b", "7: and has no place here"},
	{"", "0: the end has no place here"},
	{"a = 'x", "4: a string has no end"},
	{"a = \"x", "4: a quoted name has no end, or is empty"},
	{"a = 3x", "4: a number runs into a word"},
	{"a ; b", "2: a sign that has no place here"},
	{"d = date '2026-02-29'", "9: this is not a valid date"},
	{"not top 5 by x", "4: a rank must be outermost"},
	{"a or top 5 by x", "5: a rank must be outermost"},
	{"top 5 by x and top 6 by x", "15: a rank must be outermost"},
	{"did order where did open", "16: a condition on an event is about its own columns only"},
	{"did a then not b then c", "22: only the last step of a sequence can be denied"},
	{"sample 101 percent", "0: a share of a sample is between 0 and 100 percent"},
	{"within 3 km of (91, 0)", "0: a place is (latitude, longitude) in degrees: -90 to 90, -180 to 180"},
	{"did order between 5 and 2 times", "18: no number of times is meant: the end is below the begin"},
	{"did order less than 0 times", "20: no number of times is meant: the end is below the begin"},
	{"sum(order.amount)", "0: a value stands where a condition is expected: compare it"},
	{"sum(order.amount) within last 3 days", "0: a value stands where a condition is expected: compare it"},
	{"did order at least 10000000 times", "19: a number of times or units is above 1000000"},
	{"a = 1 b", "6: a name has no place here"},
};

static segment_truth
leaf_of(const segment_node *n, void *context)
{
	(void) context;
	/* attributes named t, f, u */
	return n->child[0]->part[0].data[0] == 't' ? SEGMENT_TRUE : n->child[0]->part[0].data[0] == 'f' ? SEGMENT_FALSE : SEGMENT_UNKNOWN;
}

static int
truth(const char *text)
{
	segment_error error;

	return segment_evaluate(segment_parse(text, strlen(text), memory, &error), leaf_of, NULL);
}

static int
day(int y, int m, int d)
{
	/* by the slow way: years and months are counted off */
	static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int			n = 0;

#define LEAP(y) ((y) % 4 == 0 && ((y) % 100 != 0 || (y) % 400 == 0))
	for (int i = 2000; i < y; i++)
		n += 365 + LEAP(i);
	for (int i = y; i < 2000; i++)
		n -= 365 + LEAP(i);
	for (int i = 1; i < m; i++)
		n += length[i - 1] + (i == 2 && LEAP(y));
	return n + d - 1;
}

static void
limits(void)
{
	size_t		n = 2000000;
	char	   *volatile room = malloc(n + 200);
	char	   *s = room;
	segment_error error;

	memset(s, '(', 1000000);
	CHECK(segment_parse(s, 1000000, memory, &error) == NULL && error.status == SEGMENT_LIMIT, "a million parentheses: a limit, told");
	s[0] = 0;
	for (int i = 0; i < 4000; i++)
		strcpy(s + 4 * i, "not ");
	strcpy(s + 16000, "a");
	CHECK(segment_parse(s, strlen(s), memory, &error) == NULL && error.status == SEGMENT_LIMIT, "thousands of not: a limit, told");
	s[0] = 0;
	for (int i = 0; i < 200000; i++)
		strcpy(s + 4 * i, "not ");
	strcpy(s + 800000, "a");
	CHECK(segment_parse(s, strlen(s), memory, &error) == NULL && error.status == SEGMENT_LIMIT, "very many: the same");
	for (int i = 0; i < 20000; i++)
		strcpy(s + 6 * i, "a and ");
	strcpy(s + 120000, "a");
	CHECK(segment_parse(s, strlen(s), memory, &error) != NULL, "what is long is not deep");
	strcpy(s, "a = '");
	memset(s + 5, 'x', 65536);
	strcpy(s + 5 + 65536, "'");
	CHECK(segment_parse(s, strlen(s), memory, &error) == NULL && error.status == SEGMENT_LIMIT && error.position == 4, "a string of 64 kB");
	s[5 + SEGMENT_LITERAL_MAX] = '\'', s[6 + SEGMENT_LITERAL_MAX] = 0;
	CHECK(segment_parse(s, strlen(s), memory, &error) != NULL, "the longest string");
	memset(s, 'x', n);
	CHECK(segment_parse(s, n, memory, &error) == NULL && error.status == SEGMENT_LIMIT, "a text above the limit");
	free(s);
}

/* every example of the reference is read, and is canonical or leads to what is */
static void
reference(void)
{
	FILE	   *f = fopen("docs/segments.md", "r");
	char		line[1000];
	bool		inside = false;
	int			examples_read = 0;

	CHECK(f != NULL, "the reference is there");
	while (f && fgets(line, sizeof(line), f))
	{
		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, "```", 3) == 0)
			inside = strcmp(line, "```segment") == 0;
		else if (inside)
		{
			bool		ok = stable(line);

			CHECK(ok, "an example of the reference");
			if (!ok)
				printf("# %s: %s\n", line, canonical(line));
			examples_read++;
		}
	}
	if (f)
		fclose(f);
	CHECK(examples_read > 50, "%d examples", examples_read);
}

int
main(void)
{
	segment_error error;
	bool		ok = true,
				any;

	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
	{
		const char *got = canonical(examples[i][0]);

		CHECK(strcmp(got, examples[i][1]) == 0, "%s", examples[i][0][0] ? "text becomes canonical" : "empty text");
		if (strcmp(got, examples[i][1]) != 0)
			printf("# %s\n# %s\n# %s\n", examples[i][0], examples[i][1], got);
		if (got[0] < '0' || got[0] > '9')
			CHECK(stable(examples[i][0]), "canonical text and bytes lead back");
	}
	limits();
	reference();

	CHECK(truth("t and u") == SEGMENT_UNKNOWN && truth("f and u") == SEGMENT_FALSE && truth("t or u") == SEGMENT_TRUE && truth("f or u") == SEGMENT_UNKNOWN &&
		  truth("not u") == SEGMENT_UNKNOWN && truth("(u and t) is unknown") == SEGMENT_TRUE && truth("(u or t) is not true") == SEGMENT_FALSE &&
		  truth("not (u and f)") == SEGMENT_TRUE, "three values");

	CHECK(segment_next_anniversary(day(1980, 5, 6), day(2026, 5, 6)) == day(2026, 5, 6), "the day itself");
	CHECK(segment_next_anniversary(day(1980, 5, 6), day(2026, 5, 7)) == day(2027, 5, 6), "over the end of the year");
	CHECK(segment_next_anniversary(day(1980, 2, 29), day(2026, 1, 1)) == day(2026, 2, 28) && segment_next_anniversary(day(1980, 2, 29), day(2028, 2, 28)) == day(2028, 2, 29), "29 February");
	CHECK(segment_next_anniversary(day(2026, 5, 6), day(2026, 5, 6)) == day(2027, 5, 6) && segment_next_anniversary(day(2030, 5, 6), day(2026, 1, 1)) == day(2031, 5, 6), "the first year is the next");
	for (int d = day(1890, 1, 1); d < day(2030, 1, 1) && ok; d += 37)
		for (int from = day(2000, 1, 1); from < day(2009, 1, 1) && ok; from += 1)
		{
			int			a = segment_next_anniversary(d, from),
						b = segment_last_anniversary(d, from, &any);

			ok = a >= from && a > d && (a - from <= 366 || from <= d) && (!any || (b <= from && b > d && from - b <= 366)) && (any || a > from || a == from);
		}
	CHECK(ok, "anniversaries stand in their order");

	CHECK(segment_bucket("42", 2, "spring", 6) < SEGMENT_BUCKETS && segment_bucket("42", 2, "spring", 6) != segment_bucket("42", 2, "autumn", 6), "a seed moves the bucket");
	{
		int			below = 0;
		char		key[16];

		for (int i = 0; i < 100000; i++)
			below += segment_bucket(key, (size_t) sprintf(key, "%d", i), "x", 1) < SEGMENT_BUCKETS / 10;
		CHECK(abs(below - 10000) < 400, "a tenth is a tenth");
		/* frozen: campaigns rely on it for ever */
		CHECK(segment_bucket("1", 1, "", 0) == 617812, "frozen value: %u", segment_bucket("1", 1, "", 0));
		CHECK(segment_bucket("123456789", 9, "spring", 6) == 34551, "frozen value: %u", segment_bucket("123456789", 9, "spring", 6));
	}
	/* Paris to Lyon, Notre-Dame to Bellecour */
	CHECK(fabs(segment_distance(48.853, 2.3499, 45.7578, 4.832) - 391.9) < 1, "a distance: %f", segment_distance(48.853, 2.3499, 45.7578, 4.832));
	CHECK(fabs(segment_distance(0, 179.5, 0, -179.5) - 111.195) < 0.01, "over the date line");
	CHECK(segment_name_distance("revenue", 7, "revnue", 6, 2) == 1 && segment_name_distance("ab", 2, "ba", 2, 2) == 1 && segment_name_distance("abc", 3, "xyz", 3, 2) == 3, "names");
	CHECK(segment_decode_checked((const uint8_t *) "\001\001\000", 3, memory, &error) == NULL && error.status == SEGMENT_BAD_BYTES, "bytes that are no tree");
	return unit_done();
}
