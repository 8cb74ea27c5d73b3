/*
 * RFM cores: summaries that merge in any order, cuts against a sort, the book against plain arrays, decimals there and back, notations.
 */
#include "unit.h"

#include "rfm/rfm.h"

static uint64_t seed = 20260102;

static uint64_t
draw(void)
{
	seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
	return seed;
}

static purchase_state *
state(int32_t room)
{
	purchase_state *s = malloc(purchase_state_size(room));

	purchase_state_init(s, room);
	return s;
}

static bool
same_state(const purchase_state *a, const purchase_state *b)
{
	return a->scale == b->scale && a->purchases == b->purchases && a->returns == b->returns && a->first_at == b->first_at && a->last_at == b->last_at &&
		a->gross == b->gross && a->returned == b->returned && a->largest == b->largest && a->first_day == b->first_day && a->days == b->days &&
		memcmp(a->day, b->day, sizeof(int32_t) * a->days) == 0;
}

static void
test_summary(void)
{
	bool		ok = true;
	int32_t		need;
	purchase_state *s = state(1),
			   *t = state(4);

	for (int round = 0; round < 300; round++)
	{
		purchase_state *all = state(64),
				   *part[3] = {state(64), state(64), state(64)};
		int			n = (int) (draw() % 40);

		for (int i = 0; i < n; i++)
		{
			int64_t		at = (int64_t) (draw() % 2000) * (RFM_USECS_PER_DAY / 50) - 20 * RFM_USECS_PER_DAY,
						value = (int64_t) (draw() % 2001) - 500;
			int			scale = (int) (draw() % 4);

			ok = ok && purchase_state_add(all, at, rfm_day_of(at), value, scale) == RFM_OK &&
				purchase_state_add(part[draw() % 3], at, rfm_day_of(at), value, scale) == RFM_OK;
		}
		ok = ok && purchase_state_merge(part[2], part[0], &need) == RFM_OK && purchase_state_merge(part[1], part[2], &need) == RFM_OK && same_state(all, part[1]);
		free(all), free(part[0]), free(part[1]), free(part[2]);
	}
	CHECK(ok, "300 random sets of orders give the same state whole and merged from three parts in another order");
	CHECK(purchase_state_add(s, 0, 0, 100, 2) == RFM_OK && purchase_state_add(s, 1, 0, 50, 2) == RFM_OK && purchase_state_add(s, 2, 1, 1, 0) == RFM_FULL && s->purchases == 2, "a full state says so and is unchanged");
	CHECK(purchase_state_add(t, 0, 5, INT64_MAX, 0) == RFM_OK && purchase_state_add(t, 0, 5, 1, 0) == RFM_WIDE && purchase_state_add(t, 0, 5, 0, 1) == RFM_WIDE && t->purchases == 1, "a sum that does not fit is refused, and nothing changed");
	CHECK(purchase_state_merge(s, t, &need) == RFM_WIDE && s->purchases == 2, "so is a merge");
	CHECK(purchase_state_add(t, 0, 5, 1, 19) == RFM_WIDE, "19 decimals are too many");
	CHECK(rfm_day_of(-1) == -1 && rfm_day_of(0) == 0 && rfm_day_of(RFM_USECS_PER_DAY) == 1 && rfm_day_of(-RFM_USECS_PER_DAY) == -1, "days begin at midnight, before 2000 too");
	free(s), free(t);
}

static int
by_value(const void *a, const void *b)
{
	int64_t		x = *(const int64_t *) a,
				y = *(const int64_t *) b;

	return x < y ? -1 : x > y;
}

static void
test_cuts(void)
{
	static int64_t v[100000],
				sorted[100000];
	bool		ok = true;

	for (int round = 0; round < 60; round++)
	{
		size_t		n = round < 40 ? 1 + draw() % 300 : 40000 + draw() % 60000;
		uint64_t	range = round % 4 == 0 ? 3 : round % 4 == 1 ? 1000 : UINT64_MAX;

		for (size_t i = 0; i < n; i++)
			v[i] = sorted[i] = range == UINT64_MAX ? (int64_t) draw() : (int64_t) (draw() % range) - 1;
		if (round % 8 == 5)
			v[0] = sorted[0] = INT64_MAX;	/* one value far from the others */
		qsort(sorted, n, sizeof(int64_t), by_value);
		for (int bins = 1; bins <= 9; bins++)
		{
			int64_t		cut[RFM_BINS_MAX];
			int64_t    *copy = malloc(sizeof(int64_t) * n);

			memcpy(copy, v, sizeof(int64_t) * n);
			rfm_quantiles(copy, n, bins, cut);
			for (int k = 1; k < bins; k++)
				ok = ok && cut[k - 1] == sorted[(k * n + bins - 1) / bins - 1];
			free(copy);
		}
	}
	CHECK(ok, "quantile cuts are those of a sort, for few and many values, ties and outliers");
}

static void *
take(void *context, size_t size)
{
	(void) context;
	return calloc(1, size);
}

static void *
value_room(size_t size)
{
	return malloc(size);
}

/* the cuts of cells against those of a plain array, for values that lie close, far apart and all in one place */
static void
test_cell_quantiles(void)
{
	bool		ok = true;

	for (int round = 0; round < 400; round++)
	{
		size_t		n = 1 + (size_t) (draw() % (round % 8 == 0 ? 60000 : 300)),
					used = 0;
		rfm_cell   *cell = calloc(n, sizeof(rfm_cell));
		int64_t    *value = malloc(sizeof(int64_t) * n),
					cut[RFM_BINS_MAX],
					expected[RFM_BINS_MAX],
					as_of = (int64_t) (draw() % 1000000);
		int			bins = 1 + (int) (draw() % RFM_BINS_MAX),
					shift = (int) (draw() % 63);

		for (size_t i = 0; i < n; i++)
		{
			cell[i].purchases = draw() % 4 == 0 ? 0 : 1 + (uint32_t) (draw() >> shift) % 100000;
			cell[i].last_at = (int64_t) (draw() >> shift) / 2 - (int64_t) (draw() >> shift) / 2;
			cell[i].amount = draw() % 3 == 0 ? 7 : (int64_t) (draw() >> shift) / 2 - (int64_t) (draw() >> shift) / 2;
		}
		for (int m = RFM_AGE; m <= RFM_AMOUNT; m++)
		{
			used = 0;
			for (size_t i = 0; i < n; i++)
				if (cell[i].purchases > 0)
					value[used++] = m == RFM_AGE ? rfm_age_at(cell[i].last_at, as_of) : m == RFM_PURCHASES ? (int64_t) cell[i].purchases : cell[i].amount;
			ok = ok && rfm_cell_quantiles(cell, n, (rfm_measure) m, as_of, bins, cut, value_room, free) == used;
			if (used > 0)
			{
				rfm_quantiles(value, used, bins, expected);
				ok = ok && memcmp(cut, expected, sizeof(int64_t) * (size_t) (bins - 1)) == 0;
			}
		}
		free(cell), free(value);
	}
	CHECK(ok, "400 random books have the cuts of the same values in plain arrays");
	ok = rfm_part_of(5, 1) == 0;
	for (int64_t id = 0; id < 1000; id++)
		ok = ok && rfm_part_of(id, 8) < 8 && rfm_part_of(id, 8) % 4 == rfm_part_of(id, 4) && rfm_part_of_text((const char *) &id, 8, 4) < 4;
	CHECK(ok, "a part of many is a part of a part of fewer");
}

static void
test_book(void)
{
	enum {IDS = 5000};
	static int64_t last[IDS],
				amount[IDS];
	static uint32_t n[IDS];
	rfm_book	b = {.allocate = take, .release = free},
				t = {.allocate = take, .release = free};
	rfm_cell   *c;
	bool		ok;

	rfm_book_init(&b, false, 0);
	rfm_book_init(&t, true, 0);
	for (int i = 0; i < 100000; i++)
	{
		int			id = (int) (draw() % IDS);
		int64_t		at = (int64_t) (draw() % 1000000),
					value = (int64_t) (draw() % 1000) - 50;
		char		key[40];
		int			len = sprintf(key, "%d-%.*s", id, id % 20, "xxxxxxxxxxxxxxxxxxxx");

		if (value >= 0)
		{
			last[id] = n[id] == 0 || at > last[id] ? at : last[id];
			n[id]++;
		}
		amount[id] += value;
		if (rfm_book_gather(&b, (int64_t) id << 40, at, value))
			rfm_book_flush(&b, &c);
		rfm_book_find_text(&t, key, (uint32_t) len, &c);
		rfm_cell_add(c, at, value);
	}
	ok = rfm_book_flush(&b, &c) == RFM_OK && b.used == IDS && t.used == IDS;
	for (int id = 0; id < IDS; id++)
	{
		char		key[40];
		int			len = sprintf(key, "%d-%.*s", id, id % 20, "xxxxxxxxxxxxxxxxxxxx");

		ok = ok && rfm_book_find(&b, (int64_t) id << 40, &c) == RFM_OK && c->purchases == n[id] && c->amount == amount[id] && (n[id] == 0 || c->last_at == last[id]);
		ok = ok && rfm_book_find_text(&t, key, (uint32_t) len, &c) == RFM_OK && c->purchases == n[id] && c->amount == amount[id] && (n[id] == 0 || c->last_at == last[id]);
	}
	CHECK(ok && b.used == IDS && t.used == IDS, "the book holds what plain arrays hold, for ids that are integers and texts");
	CHECK(sizeof(rfm_cell) == 32 && b.slots * sizeof(rfm_cell) <= 64 * (size_t) IDS + 64 * 1024, "at most 64 bytes a customer");
	ok = rfm_book_find(&b, -1, &c) == RFM_OK && rfm_cell_add(c, 0, INT64_MAX) == RFM_OK;
	rfm_book_gather(&b, -1, 5, 1);
	rfm_book_gather(&b, -2, 5, 1);
	CHECK(ok && rfm_book_flush(&b, &c) == RFM_WIDE && c->id == -1 && c->purchases == 1 && b.done == 0, "an amount that does not fit stops the batch there");
	b.done++;
	CHECK(rfm_book_flush(&b, &c) == RFM_OK && b.gathered == 0 && rfm_book_find(&b, -2, &c) == RFM_OK && c->amount == 1, "which goes on behind it");
	CHECK(rfm_book_init(&t, false, (uint64_t) RFM_BOOK_MAX + 1) == RFM_LIMIT, "a book has a limit");
	free(b.cell), free(t.cell), free(t.keys);
}

static void
test_decimals(void)
{
	unsigned char out[RFM_NUMERIC_MAX];
	bool		ok = true;
	const uint16_t nan = 0xC000,
				infinity = 0xD000;
	int64_t		v;
	int			scale;

	for (int i = 0; i < 200000; i++)
	{
		int64_t		value = (int64_t) draw() >> (draw() % 64);
		int			s = (int) (draw() % 19);
		size_t		len;

		if (value == INT64_MIN)
			continue;
		len = rfm_encode_numeric(out, value, s);
		ok = ok && len <= RFM_NUMERIC_MAX && rfm_decode_numeric(out, len, &v, &scale) == RFM_OK && v == value && scale == s;
	}
	CHECK(ok, "200000 random amounts are the same after numeric's stored form and back");
	CHECK(rfm_decode_numeric((const unsigned char *) &nan, 2, &v, &scale) == RFM_NAN && rfm_decode_numeric((const unsigned char *) &infinity, 2, &v, &scale) == RFM_NAN, "NaN and infinity are told");
	CHECK(rfm_decode_numeric(out, 1, &v, &scale) == RFM_BAD, "a byte is no numeric");
	v = 5;
	CHECK(rfm_rescale(&v, 0, 18) && v == INT64_C(5000000000000000000) && !rfm_rescale(&v, 0, 1) && v == INT64_C(5000000000000000000), "rescaling says when it does not fit");
	CHECK(rfm_yearly(100, 0, 2 * RFM_YEAR, &v) && v == INT64_C(5000000000), "an amount of two years is halved");
	CHECK(rfm_yearly(-7, 2, RFM_YEAR / 2, &v) && v == -7000000, "less than a year counts as one");
	CHECK(rfm_yearly(3, 8, 2 * RFM_YEAR, &v) && v == 2 && rfm_yearly(-3, 8, 2 * RFM_YEAR, &v) && v == -2, "halves are rounded away from 0");
	CHECK(!rfm_yearly(1, 9, 0, &v) && !rfm_yearly(INT64_MAX, 0, 0, &v) && !rfm_yearly(INT64_MAX, 0, 3 * RFM_YEAR, &v) && !rfm_yearly(INT64_MIN, 8, 0, &v), "an amount by years that does not fit is told");
}

static void
test_text(void)
{
	char		out[RFM_TIME_TEXT];
	bool		ok = true;
	int64_t		at;
	int32_t		day;
	rfm_field	f[2];
	int			n;

	for (int i = 0; i < 100000; i++)
	{
		int64_t		t = i < 4 ? (int64_t[]) {RFM_TIME_MIN, RFM_TIME_END - 1, 0, -1}[i] : RFM_TIME_MIN + (int64_t) (draw() % (uint64_t) (i % 2 ? RFM_TIME_END : 20 * 365 * RFM_USECS_PER_DAY) );
		int32_t		d = rfm_day_of(t);
		int64_t		age = (int64_t) (draw() >> (24 + draw() % 40)) * (int64_t[]) {1, 1000, 1000000}[draw() % 3];

		ok = ok && rfm_print_time(out, t) < RFM_TIME_TEXT && rfm_parse_time(out, strlen(out), &at) == RFM_OK && at == t;
		ok = ok && rfm_print_day(out, d) < RFM_TIME_TEXT && rfm_parse_day(out, strlen(out), &day) == RFM_OK && day == d;
		ok = ok && rfm_print_age(out, age) < RFM_TIME_TEXT && rfm_parse_age(out, strlen(out), &at) == RFM_OK && at == age;
	}
	CHECK(ok, "100000 random instants, days and ages read as they are written");
	rfm_print_time(out, 0);
	CHECK(strcmp(out, "2000-01-01T00:00:00Z") == 0, "the first instant is 2000-01-01");
	CHECK(rfm_parse_day("2024-02-29", 10, &day) == RFM_OK && day == 8825 && rfm_parse_day("2023-02-29", 10, &day) == RFM_BAD && rfm_parse_day("2024-13-01", 10, &day) == RFM_BAD, "days that do not exist are refused");
	CHECK(rfm_parse_age("1.5", 3, &at) == RFM_OK && at == 36 * INT64_C(3600000000) && rfm_parse_age("90 min", 6, &at) == RFM_OK && at == INT64_C(5400000000), "ages: days unless a unit is named");
	CHECK(rfm_parse_age("-1", 2, &at) == RFM_BAD && rfm_parse_age("1w", 2, &at) == RFM_BAD && rfm_parse_age("99999999999999999d", 18, &at) == RFM_BAD && rfm_parse_age("0.000001us", 10, &at) == RFM_BAD, "and what is none");
	CHECK(rfm_fields("{a=1; b = x,y ;}", 16, f, 2, &n) == RFM_OK && n == 2 && f[1].value_len == 3, "fields are found");
	CHECK(rfm_fields("{a=1; a=2}", 10, f, 2, &n) == RFM_BAD && rfm_fields("{a=1;b=1;c=1}", 13, f, 2, &n) == RFM_BAD && rfm_fields("{}", 2, f, 2, &n) == RFM_BAD, "not twice, not too many, not none");
	CHECK(rfm_is_decimal("12.50", 5, false) && rfm_is_decimal("-3", 2, true) && !rfm_is_decimal("-3", 2, false) && !rfm_is_decimal("1e5", 3, true) && !rfm_is_decimal(".5", 2, true) && !rfm_is_decimal("5.", 2, true), "decimals");
}

static void
test_labels(void)
{
	bool		ok = true;

	for (int bins = 1; bins <= 9; bins++)
		for (int r = 1; r <= 9; r++)
			for (int f = 1; f <= 9; f++)
				for (int m = 1; m <= 9; m++)
					for (int groups = 3; groups <= 11; groups += groups == 3 ? 2 : 6)
						ok = ok && (rfm_label_name(RFM_PACK(r, f, m), bins, groups) != NULL) == (r <= bins && f <= bins && m <= bins);
	CHECK(ok, "every cell of every number of bins has a name");
}

static void
test_shares(void)
{
	bool		sorted = true,
				cuts = true;
	int64_t		v[400],
				was[400],
				scratch[400],
				sum;

	for (int round = 0; round < 2000; round++)
	{
		size_t		n = draw() % 400;
		int64_t		xors[2] = {0, 0},
					cut,
					limit,
					want = 0;
		bool		found;

		for (size_t i = 0; i < n; i++)
			was[i] = v[i] = round % 3 == 0 ? (int64_t) draw() : (int64_t) (draw() % 1000) - 200;
		rfm_sort(v, n, scratch);
		for (size_t i = 0; i < n; i++)
		{
			sorted = sorted && (i == 0 || v[i - 1] <= v[i]);
			xors[0] ^= v[i], xors[1] ^= was[i];
		}
		sorted = sorted && xors[0] == xors[1];
		if (!rfm_sum_above_zero(v, n, &sum))
			continue;
		/* the least whose betters sum up to less than the limit, one by one */
		limit = sum > 0 ? (int64_t) (draw() % (uint64_t) sum) + round % 2 : 0;
		for (size_t i = 0; i < n; i++)
		{
			int64_t		before = 0;

			for (size_t k = 0; k < n; k++)
				before += was[k] > was[i] ? was[k] : 0;
			if (was[i] > 0 && before < limit && (want == 0 || was[i] < want))
				want = was[i];
		}
		found = rfm_share_cut(v, n, limit, &cut);
		cuts = cuts && found == (want > 0) && (!found || cut == want);
	}
	CHECK(sorted, "a sort by digits sorts");
	CHECK(cuts, "from the cut on, the largest bring the share");
	v[0] = v[1] = INT64_MAX / 2 + 1;
	CHECK(!rfm_sum_above_zero(v, 2, &sum), "a sum that does not fit is told");
}

int
main(void)
{
	printf("# seed %llu\n", (unsigned long long) seed);
	test_summary();
	test_cuts();
	test_cell_quantiles();
	test_book();
	test_decimals();
	test_text();
	test_labels();
	test_shares();
	return unit_done();
}
