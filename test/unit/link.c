/*
 * link.c: the linkage engine without a server: dates, telephones, spelling keys, words; random rows of hostile bytes; and that its memory
 * is given back.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "match/link_private.h"

static size_t live;
static uint64_t seed = 20261122;

static void *
get(void *context, size_t n)
{
	void	   *p = malloc(n);

	(void) context;
	live++;
	return p;
}

static void *
grow(void *context, void *p, size_t old, size_t n)
{
	(void) context;
	(void) old;
	return realloc(p, n);
}

static void
give_back(void *context, void *p)
{
	(void) context;
	live--;
	free(p);
}

static void
look(void *context)
{
	(void) context;
}

static uint32_t
draw(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t) (seed >> 33) % n;
}

#define DAY(y, m, d) ((uint32_t) (y) << 9 | (m) << 5 | (d))

static void
dates(void)
{
	static const struct
	{
		const char *text;
		uint32_t	day,
					other;
	}			t[] = {
		{"1982-11-18", DAY(1982, 11, 18), 0}, {"18/11/1982", DAY(1982, 11, 18), 0}, {"18.11.82", DAY(1982, 11, 18), 0}, {"11/18/1982", DAY(1982, 11, 18), 0},
		{"03/04/1990", DAY(1990, 4, 3), DAY(1990, 3, 4)}, {"05/05/1990", DAY(1990, 5, 5), 0}, {"19821118", DAY(1982, 11, 18), 0}, {"18111982", DAY(1982, 11, 18), 0},
		{"18 nov. 1982", DAY(1982, 11, 18), 0}, {"November 18, 1982", DAY(1982, 11, 18), 0}, {"3 février 2001", DAY(2001, 2, 3), 0}, {"3. März 2001", DAY(2001, 3, 3), 0},
		{"1982-11-18 00:00:00", DAY(1982, 11, 18), 0}, {"1982-11-18T10:20:30Z", DAY(1982, 11, 18), 0}, {"29/02/2000", DAY(2000, 2, 29), 0}, {"29/02/1900", 0, 0}, {"31/04/1990", 0, 0},
		{"", 0, 0}, {"unknown", 0, 0}, {"1982", 0, 0}, {"12/1982", 0, 0}, {"00/00/0000", 0, 0}, {"99/99/9999", 0, 0}, {"1/2/03", DAY(2003, 2, 1), DAY(2003, 1, 2)}
	};

	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
	{
		uint32_t	other,
					d = link_read_date(t[i].text, strlen(t[i].text), &other);

		CHECK(d == t[i].day && other == t[i].other, "%s", t[i].text[0] ? t[i].text : "the empty text");
	}
}

static void
phones(void)
{
	static const struct
	{
		const char *text,
				   *country,
				   *national;
		int			flags;
	}			t[] = {
		{"06 12 34 56 78", "fr", "612345678", VALUE_MOBILE}, {"+33 (0)6 12 34 56 78", NULL, "612345678", VALUE_MOBILE}, {"0033612345678", NULL, "612345678", VALUE_MOBILE},
		{"33612345678", NULL, "612345678", VALUE_MOBILE}, {"612345678", "fr", "612345678", VALUE_MOBILE}, {"01.42.34.56.78", "fr", "142345678", VALUE_LANDLINE},
		{"07911 123456", "gb", "7911123456", VALUE_MOBILE}, {"+44 7911 123456", NULL, "7911123456", VALUE_MOBILE}, {"+49 (0)151 23456789", NULL, "15123456789", VALUE_MOBILE},
		{"4915123456789", NULL, "15123456789", VALUE_MOBILE}, {"0151 23456789", "de", "15123456789", VALUE_MOBILE}, {"(212) 555-1234", "us", "2125551234", VALUE_LANDLINE},
		{"+1 212 555 1234", NULL, "2125551234", VALUE_LANDLINE}, {"06 12 34 56 78 ext", NULL, "612345678", 0}, {"0000000000", "fr", "", 0}, {"12", "fr", "", 0}, {"", NULL, "", 0}, {"no number", NULL, "", 0}
	};

	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
	{
		char		o[24];
		int			flags;
		const char *found;
		int			n = link_phone(t[i].text, strlen(t[i].text), t[i].country, o, &flags, &found);

		CHECK(n == (int) strlen(t[i].national) && memcmp(o, t[i].national, n) == 0 && flags == t[i].flags, "%s", t[i].text[0] ? t[i].text : "the empty text");
	}
}

static void
skeletons(void)
{
	static const char *const pair[][2] = {{"philippe", "filipe"}, {"thibault", "tibolt"}, {"moreau", "moro"}, {"schmidt", "smidt"}, {"mercier", "mercie"}, {"becquet", "beket"}};
	char		a[64],
				b[64];

	for (size_t i = 0; i < sizeof pair / sizeof *pair; i++)
	{
		int			n = link_skeleton(pair[i][0], (int) strlen(pair[i][0]), a),
					m = link_skeleton(pair[i][1], (int) strlen(pair[i][1]), b);

		CHECK(n == m && memcmp(a, b, n) == 0, "%s", pair[i][0]);
	}
}

/* what is stated of a weight grows with it, and the way back leads to it */
static void
stated(void)
{
	static const double records[] = {0, 10, 4321, 1e6, 1e9};

	for (int k = 0; k < 10; k++)
	{
		int			org = k & 1;
		bool		grows = true,
					back = true,
					least = true;
		double		n = records[k / 2],
					before = -1e9;

		for (double w = -20; w < 60; w += 0.01)
		{
			double		s = link_stated(org, n, w),
						d = link_unstated(org, n, s) - w;

			grows &= s > before;
			back &= d < 1e-9 && d > -1e-9;
			least &= link_unstated(org, 0, s) <= w + 1e-9;
			before = s;
		}
		CHECK(grows, "more weight, more is stated");
		CHECK(back, "the weight of what is stated");
		CHECK(least, "no base of more records has a lower weight of which so much is stated");
	}
}

/* rows of pieces that normal forms are made of, and of bytes that are no text */
static const link_kind random_kinds[] = {LINK_GIVEN_NAME, LINK_FAMILY_NAME, LINK_MAIDEN_NAME, LINK_FULL_NAME, LINK_ORGANISATION_NAME, LINK_DATE, LINK_EMAIL, LINK_PHONE, LINK_ADDRESS, LINK_ADDRESS,
LINK_POSTAL_CODE, LINK_CITY, LINK_COUNTRY, LINK_SEX, LINK_REGISTRY_NUMBER, LINK_CODE, LINK_TEXT, LINK_SOURCE, LINK_DATE};
#define RANDOM_KINDS ((int) (sizeof random_kinds / sizeof *random_kinds))

static link_engine *
random_engine(const link_memory *memory)
{
	const char *names[RANDOM_KINDS];

	for (int i = 0; i < RANDOM_KINDS; i++)
		names[i] = "column";
	return link_start(memory, RANDOM_KINDS, random_kinds, names);
}

static void
random_row(link_engine *e, int id, int side)
{
	static const char *const piece[] = {"Jean", "Dupont", "M.", ", ", "-", "@", "example.org", "+x", "12", " rue ", "75002", "flat 3", "é", "\xc3", "\xff", "'", "  ", "S.A.R.L.", "1982-11-18", "00", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	char		t[32];

	for (int c = 0; c < RANDOM_KINDS; c++)
	{
		char		v[600];
		size_t		k = 0;

		if (draw(2))
			continue;
		for (uint32_t p = draw(5); p > 0; p--)
		{
			const char *s = piece[draw(sizeof piece / sizeof *piece)];

			memcpy(v + k, s, strlen(s));
			k += strlen(s);
		}
		/* more countries and sources than a record has room for, and of one letter */
		if (random_kinds[c] == LINK_COUNTRY || random_kinds[c] == LINK_SOURCE)
		{
			k = 1 + draw(3);
			for (size_t i = 0; i < k; i++)
				v[i] = (char) ('a' + draw(26));
			if (draw(4) == 0)
				memcpy(v, "fr", k = 2);
		}
		{
			char	   *exact = malloc(k ? k : 1);

			memcpy(exact, v, k);
			link_value(e, c, exact, k);
			free(exact);
		}
	}
	snprintf(t, sizeof t, "%d", id);
	link_row(e, t, strlen(t), side);
}

static void
random_rows(int n, int sides)
{
	link_memory memory = {get, grow, give_back, look, NULL};
	link_engine *e;
	link_model	model;
	uint32_t   *cluster = malloc(sizeof(uint32_t) * (n + 1));
	const char *id;
	size_t		size;
	bool		good = true;
	uint64_t	edges;
	const link_edge *edge;

	e = random_engine(&memory);
	CHECK(link_usable(e), "columns that identify");
	for (int i = 0; i < n; i++)
		random_row(e, i / sides, i % sides);
	CHECK(link_settle(e, &id, &size), "ids are unique");
	link_block(e);
	link_train(e, NULL, &model);
	link_score(e, -4);
	edge = link_edges(e, &edges);
	for (uint64_t i = 0; i < edges; i++)
		good &= edge[i].a < edge[i].b && edge[i].weight >= -4 && edge[i].weight < 1000 && (sides == 1 || ((e->record[edge[i].a].flags ^ e->record[edge[i].b].flags) & RECORD_SIDE));
	CHECK(good, "edges in order, weights finite, sides apart");
	link_cluster(e, 0, cluster);
	for (int i = 0; i < n; i++)
		good &= cluster[i] <= (uint32_t) i && cluster[cluster[i]] == cluster[i];
	CHECK(good, "every row has the least row of its cluster");
	for (int org = 0; org < 2; org++)
		for (int c = 0; c < link_comparisons(e); c++)
			for (int l = 0; l < LINK_LEVELS; l++)
				good &= model.of[org].m[c][l] >= 0 && model.of[org].m[c][l] <= 1.0000001 && model.of[org].u[c][l] >= 0 && model.of[org].u[c][l] <= 1.0000001;
	CHECK(good, "m and u are probabilities");
	link_end(e);
	free(cluster);
}

static bool
same_dict(const link_dict *a, const link_dict *b)
{
	if (a->n != b->n)
		return false;
	for (uint32_t i = 1; i <= a->n; i++)
		if (a->v[i].length != b->v[i].length || a->v[i].count != b->v[i].count || a->v[i].flags != b->v[i].flags || memcmp(link_text(a, i), link_text(b, i), a->v[i].length))
			return false;
	return true;
}

/* rows that came in parts, written down or joined, are as if one engine had read them all */
static void
parts(int n, int most, int sides)
{
	link_memory memory = {get, grow, give_back, look, NULL};
	link_engine *one = random_engine(&memory),
			   *whole = random_engine(&memory),
			   *part = random_engine(&memory);
	uint64_t	before = seed;
	const char *id;
	size_t		size;

	for (int i = 0; i < n; i++)
		random_row(one, i, sides == 2 && i > n / 2);
	seed = before;
	for (int i = 0, in = 0; i <= n; i++)
	{
		/* a part is of one side */
		if (i == n || in == most || (sides == 2 && i == n / 2 + 1))
		{
			if (i % 2)
			{
				void	   *area = malloc(size = link_part_size(part));

				link_part_write(part, area);
				CHECK(link_part_take(whole, area), "room for a written part");
				free(area);
			}
			else
				CHECK(link_part_join(whole, part), "room for a part");
			link_part_clear(part);
			in = 0;
		}
		if (i < n)
		{
			random_row(part, i, sides == 2 && i > n / 2);
			in++;
		}
	}
	link_flush(one);
	link_flush(whole);
	CHECK(same_dict(&one->names, &whole->names) && same_dict(&one->phones, &whole->phones) && same_dict(&one->addresses, &whole->addresses) && same_dict(&one->full, &whole->full) &&
		  same_dict(&one->countries, &whole->countries) && same_dict(&one->extras[0], &whole->extras[0]), "the same values, %d rows, at most %d a part", n, most);
	CHECK(one->n == whole->n && (n == 0 || memcmp(one->record, whole->record, sizeof(link_record) * n) == 0), "the same records, %d rows, at most %d a part", n, most);
	CHECK(n == 0 || memcmp(one->extra, whole->extra, sizeof(uint32_t) * one->nextra * n) == 0, "the same extras");
	CHECK(one->nmore == whole->nmore && (one->nmore == 0 || memcmp(one->more, whole->more, sizeof(link_more) * one->nmore) == 0), "the same further values");
	CHECK(link_settle(one, &id, &size) && link_settle(whole, &id, &size), "ids are unique");
	CHECK(n == 0 || memcmp(one->record, whole->record, sizeof(link_record) * n) == 0, "the same settled");
	CHECK(link_block(one) == link_block(whole), "the same pairs");
	link_end(one);
	link_end(whole);
	link_end(part);
}

/* every second number */
static uint32_t
other_number(void *context)
{
	*(uint32_t *) context += 2;
	return *(uint32_t *) context - 2;
}

static link_engine *
repeated_rows(const link_memory *memory, int n)
{
	static const char *const first[] = {"Jean", "Jeanne", "Bob", "Robert", "Anna", "J."},
			   *const last[] = {"Dupont", "Dupond", "Martin", "Garcia", "Smith", "Smyth", "Acme SARL"},
			   *const mail[] = {"a.martin@example.org", "jd75@mail.example", "smith@acme.example"};
	static const link_kind kinds[] = {LINK_GIVEN_NAME, LINK_FAMILY_NAME, LINK_EMAIL, LINK_DATE, LINK_ORGANISATION_NAME, LINK_CODE, LINK_POSTAL_CODE};
	static const char *const names[] = {"f", "l", "m", "d", "o", "c", "p"};
	link_engine *e = link_start(memory, 7, kinds, names);
	const char *id;
	size_t		size;

	for (int i = 0; i < n; i++)
	{
		char		t[32];
		const char *v;

		if (draw(8))
			v = first[draw(6)], link_value(e, 0, v, strlen(v));
		v = last[draw(7)], link_value(e, v[0] == 'A' ? 4 : 1, v, strlen(v));
		if (draw(3) == 0)
			v = mail[draw(3)], link_value(e, 2, v, strlen(v));
		snprintf(t, sizeof t, "19%02d-0%d-11", (int) (60 + draw(30)), (int) (1 + draw(9)));
		if (draw(2))
			link_value(e, 3, t, strlen(t));
		snprintf(t, sizeof t, "%d", (int) draw(400));
		if (draw(2))
			link_value(e, 5, t, strlen(t));
		snprintf(t, sizeof t, "75%03d", (int) draw(20));
		link_value(e, 6, t, strlen(t));
		snprintf(t, sizeof t, "%d", i);
		link_row(e, t, strlen(t), 0);
	}
	CHECK(link_settle(e, &id, &size), "ids are unique");
	link_block(e);
	link_train(e, NULL, NULL);
	return e;
}

/* what several do together is what one does alone */
static void
shared_work(int n)
{
	link_memory memory = {get, grow, give_back, look, NULL};
	link_engine *one,
			   *leader,
			   *worker;
	uint32_t   *cluster = malloc(sizeof(uint32_t) * (n + 1)),
				number[2] = {0, 1};
	void	   *area,
			   *plan;
	uint64_t	edges[2];
	const link_edge *x,
			   *y;
	uint64_t	before = seed;
	bool		same;

	one = repeated_rows(&memory, n);
	seed = before;
	leader = repeated_rows(&memory, n);
	link_score(one, -7);
	x = link_edges(one, &edges[0]);
	area = malloc(link_share_size(leader));
	link_share(leader, area, -7);
	worker = link_attach(&memory, area);
	link_score_work(worker, other_number, &number[1]);
	link_score_work(leader, other_number, &number[0]);
	link_score_gather(leader);
	y = link_edges(leader, &edges[1]);
	CHECK(edges[0] == edges[1] && (edges[0] == 0 || memcmp(x, y, sizeof *x * edges[0]) == 0), "the same edges");
	link_cluster(one, 0, cluster);
	plan = malloc(link_plan_size(leader));
	link_plan_make(leader, 0, plan);
	for (int round = 0; round < LINK_PLAN_ROUNDS; round++)
	{
		number[0] = 0;
		link_plan_learn(worker, plan, round, other_number, (number[1] = 1, &number[1]));
		link_plan_learn(leader, plan, round, other_number, &number[0]);
	}
	number[0] = 0;
	link_plan_work(worker, plan, other_number, (number[1] = 1, &number[1]));
	link_plan_work(leader, plan, other_number, &number[0]);
	same = memcmp(cluster, link_plan_clusters(plan), sizeof(uint32_t) * n) == 0;
	CHECK(same, "the same clusters");
	give_back(NULL, worker);
	link_end(leader);
	link_end(one);
	free(area);
	free(plan);
	free(cluster);
}

static void
same_id_twice(void)
{
	link_memory memory = {get, grow, give_back, look, NULL};
	link_kind	kind = LINK_EMAIL;
	const char *name = "mail",
			   *id = NULL;
	size_t		n = 0;
	link_engine *e = link_start(&memory, 1, &kind, &name);

	link_row(e, "7", 1, 0);
	link_row(e, "8", 1, 0);
	link_row(e, "7", 1, 0);
	CHECK(!link_settle(e, &id, &n) && n == 1 && *id == '7', "an id that comes twice is told");
	link_end(e);
}

int
main(void)
{
	dates();
	phones();
	skeletons();
	stated();
	same_id_twice();
	random_rows(0, 1);
	random_rows(1, 1);
	random_rows(3000, 1);
	random_rows(2000, 2);
	parts(0, 10, 1);
	parts(700, 50, 1);
	parts(700, 1, 2);
	parts(3000, 1000, 2);
	shared_work(2);
	shared_work(19000);
	shared_work(20000);			/* LINK_PLACED */
	CHECK(live == 0, "all memory given back");
	return unit_done();
}
