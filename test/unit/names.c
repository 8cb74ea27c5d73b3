/*
 * names.c: comparison of names, dates, e-mail addresses and registry numbers: the properties that hold for any pair (0 to 1, the same in both
 * directions, 1 for equal ones), and numbers whose check digits another implementation was asked about (python-stdnum 2.2).
 */
#include "unit.h"

#include "contact/contact.h"
#include "match/match.h"
#include "text/text.h"

static uint64_t seed = 20260722;

static uint32_t
draw(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t) (seed >> 33) % n;
}

/* Words that such names are made of, and what breaks: empty, very long, letters that do not fold to Latin. */
static const char *const pieces[] = {"jean", "pierre", "jeanpierre", "jp", "marie", "anne", "marianne", "dupont", "dupond", "martin", "de", "la", "van", "der", "o", "j", "p", "nee", "epouse", "mr", "mme", "dr",
	"bob", "robert", "saint", "st", "ste", "sarl", "s a r l", "sas", "gmbh", "co", "kg", "et", "cie", "and", "garage", "group", "sncf", "societe", "anonyme", "nationale", "chemins", "fer",
	"\xe0\xb6\x9a\xe0\xb6\x9b", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "muller", "mueller", "garage", "12", "el", "amrani", "ben", "salah"};

static char *
random_name(size_t *n)
{
	char		s[4096];
	uint32_t	words = draw(20) == 0 ? draw(30) : draw(6);
	char	   *copy;

	*n = 0;
	for (uint32_t i = 0; i < words; i++)
	{
		const char *p = pieces[draw(sizeof pieces / sizeof *pieces)];
		size_t		k = strlen(p);

		if (*n > 0)
			s[(*n)++] = ' ';
		memcpy(s + *n, p, k);
		/* a slip of the pen */
		if (k > 3 && k < 20 && draw(4) == 0 && (unsigned char) p[0] < 0x80)
			s[*n + draw((uint32_t) k)] = (char) ('a' + draw(26));
		*n += k;
	}
	copy = malloc(*n ? *n : 1);
	memcpy(copy, s, *n);
	return copy;
}

static void
random_names(void)
{
	int			wrong[2] = {0, 0};

	printf("# seed %llu\n", (unsigned long long) seed);
	for (int i = 0; i < 30000; i++)
	{
		size_t		n,
					m;
		char	   *a = random_name(&n),
				   *b = random_name(&m);

		for (int k = 0; k < 2; k++)
		{
			double		(*f) (const char *, size_t, const char *, size_t) = k == 0 ? name_similarity : organisation_similarity;
			double		s = f(a, n, b, m);

			wrong[k] += !(s >= 0 && s <= 1) || s != f(b, m, a, n) || f(a, n, a, n) != 1;
		}
		free(a);
		free(b);
	}
	CHECK(wrong[0] == 0, "name_similarity of random names is within 0 and 1, symmetric, 1 for equal ones (%d wrong)", wrong[0]);
	CHECK(wrong[1] == 0, "organisation_similarity too (%d wrong)", wrong[1]);
}

static void
dates(void)
{
	int			wrong = 0;

	for (int i = 0; i < 200000; i++)
	{
		int32_t		a = (int32_t) draw(20000) - 15000,
					b = draw(3) ? (int32_t) draw(20000) - 15000 : a + (int32_t) draw(40) - 20;
		double		s = date_similarity(a, b);

		wrong += !(s >= 0 && s <= 1) || s != date_similarity(b, a) || date_similarity(a, a) != 1 || (s == 1) != (a == b);
	}
	for (int i = 0; i < 1000; i++)
	{
		int32_t		end = draw(2) ? MATCH_DATE_EARLIEST + (int32_t) draw(3) : MATCH_DATE_LATEST - (int32_t) draw(3),
					b = (int32_t) draw(20000);
		double		s = date_similarity(end, b);

		wrong += !(s >= 0 && s <= 1) || s != date_similarity(b, end) || date_similarity(end, end) != 1;
	}
	CHECK(wrong == 0, "date_similarity of random dates is within 0 and 1, symmetric, 1 for equal ones only (%d wrong)", wrong);
}

static void
emails(void)
{
	static const char *const local[] = {"jean.dupont", "jeandupont", "jean.dupont42", "dupont.jean", "j.dupont", "info", "contact", "a", "marie", "marie.durand", "m", "jean.dupnt", "\xc3\xa9lodie"};
	static const char *const domain[] = {"gmail.com", "gmial.com", "googlemail.com", "orange.fr", "acme.fr", "acme.com", "x.de", "free.fr"};
	int			wrong = 0,
				read = 0;

	for (size_t i = 0; i < sizeof local / sizeof *local; i++)
		for (size_t j = 0; j < sizeof local / sizeof *local; j++)
			for (size_t k = 0; k < sizeof domain / sizeof *domain; k++)
				for (size_t l = 0; l < sizeof domain / sizeof *domain; l++)
				{
					char		a[100],
								b[100];
					email_parsed x,
								y;
					double		s;

					sprintf(a, "%s@%s", local[i], domain[k]);
					sprintf(b, "%s@%s", local[j], domain[l]);
					read += email_parse(a, strlen(a), &x) == EMAIL_OK && email_parse(b, strlen(b), &y) == EMAIL_OK;
					s = email_similarity(x.normal, x.normal_len, y.normal, y.normal_len);
					wrong += !(s >= 0 && s <= 1) || s != email_similarity(y.normal, y.normal_len, x.normal, x.normal_len) || (s == 1) != (strcmp(a, b) == 0);
				}
	CHECK(wrong == 0 && read == 13 * 13 * 8 * 8, "email_similarity of %d pairs is within 0 and 1, symmetric, 1 for equal ones only (%d wrong)", read, wrong);
}

static void
registry(void)
{
	/* kind and the organisation's number; 0: not valid */
	static const struct { const char *written; int kind; const char *number; } numbers[] = {
		{"552100554", 1, "FR552100554"}, {"552 100 554", 1, "FR552100554"}, {"552100555", 0, ""}, {"55210055400013", 2, "FR552100554"}, {"552.100.554-00013", 2, "FR552100554"}, {"55210055400014", 0, ""},
		{"35600000000048", 2, "FR356000000"}, {"35600000049837", 2, "FR356000000"}, {"35600000099289", 0, ""}, {"FR40303265045", 3, "FR303265045"}, {"fr 40 303 265 045", 3, "FR303265045"}, {"FR84323140391", 0, ""},
		{"FRK7399859412", 3, "FR399859412"}, {"FRGG248169567", 0, ""}, {"BE0403170701", 3, "BE0403170701"}, {"BE 0428.759.497", 3, "BE0428759497"}, {"BE0431150351", 0, ""}, {"DE136695976", 3, "DE136695976"}, {"DE136695978", 0, ""},
		{"ATU13585627", 3, "ATU13585627"}, {"ATU13585626", 0, ""}, {"CHE-100.155.212", 3, "CH100155212"}, {"CHE100155212MWST", 3, "CH100155212"}, {"CHE-100.155.212 TVA", 3, "CH100155212"}, {"CHE100155213", 0, ""}, {"GB980780684", 3, "GB980780684"},
		{"GB802311781", 0, ""}, {"NL004495445B01", 3, "NL004495445B01"}, {"NL123456789B90", 0, ""}, {"ES54362315K", 3, "ES54362315K"}, {"ESX5253868R", 3, "ESX5253868R"}, {"ESA28015865", 3, "ESA28015865"}, {"ESM1234567L", 3, "ESM1234567L"}, {"ESJ99216583", 0, ""},
		{"IT00743110157", 3, "IT00743110157"}, {"IT00743110158", 0, ""}, {"", 0, ""}, {"000000000", 0, ""}, {"XX123456789", 0, ""}, {"552100554 x", 0, ""}, {"12345678901234567890123", 0, ""}};
	static const char *const within[][2] = {{"RCS Paris 552 100 554", "FR552100554"}, {"Acme SAS - 552 100 554 00013 - APE 6201Z", "FR552100554"}, {"TVA: FR 40 303 265 045.", "FR303265045"}, {"tel 0102030405", ""}, {"x552100554", ""}, {"552100554x", ""}, {"", ""}};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
	{
		char		number[REGISTRY_NUMBER] = "",
				   *s = malloc(strlen(numbers[i].written) + 1);
		int			kind;

		memcpy(s, numbers[i].written, strlen(numbers[i].written));
		kind = registry_number_read(s, strlen(numbers[i].written), number);
		CHECK(kind == numbers[i].kind && (kind == 0 || strcmp(number, numbers[i].number) == 0), "registry number '%s': %d '%s'", numbers[i].written, kind, number);
		free(s);
	}
	for (size_t i = 0; i < sizeof within / sizeof *within; i++)
	{
		char		number[REGISTRY_NUMBER] = "";

		registry_number_find(within[i][0], strlen(within[i][0]), number);
		CHECK(strcmp(number, within[i][1]) == 0, "registry number within '%s': '%s'", within[i][0], number);
	}
}

static bool
meet(const match_keys *a, const match_keys *b)
{
	for (int i = 0; i < a->n; i++)
		for (int j = 0; j < b->n; j++)
			if (a->key[i] == b->key[j])
				return true;
	return false;
}

/* Keys of two people: a given and a family name each. */
static bool
people_meet(const char *given_a, const char *family_a, const char *given_b, const char *family_b)
{
	match_keys	a = {0},
				b = {0};

	match_keys_person(&a, given_a, strlen(given_a), family_a, strlen(family_a), "", 0);
	match_keys_person(&b, given_b, strlen(given_b), family_b, strlen(family_b), "", 0);
	return meet(&a, &b);
}

static void
keys(void)
{
	static const char *const alike[][4] = {{"Jean", "Dupont", "DUPONT", "jean"}, {"J\xc3\xa9r\xc3\xb4me", "Lef\xc3\xa8vre", "Jerome", "Lefevre"}, {"Jean-Baptiste", "de la Tour", "Jean", "Delatour"}, {"Bob", "Smith", "Robert", "Smith"},
		{"J.", "Dupont", "Jean", "Dupont"}, {"Jean", "Dupont", "Jaen", "Dupont"}, {"Jean", "Duponnt", "Jean", "Dupont"}, {"Marie", "Durand-Martin", "Marie", "Martin"}, {"M.", "Jean Dupont", "Jean", "Dupont"}, {"", "Jean Dupont", "Dupont", "Jean"},
		{"Catherine", "Maier", "Katherine", "Meyer"}};
	static const char *const different[][4] = {{"Jean", "Dupont", "Marie", "Durand"}, {"Jean", "Dupont", "Paul", "Dupont"}};
	static const char *const mail[][2] = {{"jean.dupont@free.fr", "x"}, {"jeandupont42@free.fr", "x"}, {"dupont_jean@free.fr", "x"}, {"jdupont@free.fr", "x"}, {"dupontj@free.fr", "x"}};
	static const char *const firms[][2] = {{"Dupont SARL", "DUPONT S.A.R.L."}, {"Garage Martin", "Martin Garage"}, {"M\xc3\xbcller Bau GmbH", "Muller Bau"}, {"Acme SIREN 552 100 554", "Other (55210055400013)"}};
	match_keys	a,
				b;

	for (size_t i = 0; i < sizeof alike / sizeof *alike; i++)
		CHECK(people_meet(alike[i][0], alike[i][1], alike[i][2], alike[i][3]), "%s %s meets %s %s", alike[i][0], alike[i][1], alike[i][2], alike[i][3]);
	for (size_t i = 0; i < sizeof different / sizeof *different; i++)
		CHECK(!people_meet(different[i][0], different[i][1], different[i][2], different[i][3]), "%s %s does not meet %s %s", different[i][0], different[i][1], different[i][2], different[i][3]);
	b = (match_keys) {0};
	match_keys_person(&b, "Jean", 4, "Dupont", 6, "", 0);
	for (size_t i = 0; i < sizeof mail / sizeof *mail; i++)
	{
		a = (match_keys) {0};
		match_keys_email_name(&a, mail[i][0], strlen(mail[i][0]));
		CHECK(meet(&a, &b), "%s may be of Jean Dupont", mail[i][0]);
	}
	for (size_t i = 0; i < sizeof firms / sizeof *firms; i++)
	{
		a = b = (match_keys) {0};
		match_keys_organisation(&a, firms[i][0], strlen(firms[i][0]));
		match_keys_organisation(&b, firms[i][1], strlen(firms[i][1]));
		CHECK(meet(&a, &b), "%s meets %s", firms[i][0], firms[i][1]);
	}
	a = b = (match_keys) {0};
	match_keys_phone(&a, "06 12 34 56 78", 14);
	match_keys_phone(&b, "+33612345678", 12);
	CHECK(meet(&a, &b), "a number meets its international form");
	a = b = (match_keys) {0};
	match_keys_date(&a, -6259, true);
	match_keys_date(&b, -6230, false);
	CHECK(meet(&a, &b), "a question with 1982-11-12 meets 1982-12-11");
	a = b = (match_keys) {0};
	match_keys_email(&a, "Jean.Dupont+x@gmail.com", 23, false);
	match_keys_email(&b, "jeandupont@googlemail.com", 25, false);
	CHECK(meet(&a, &b), "a mailbox meets its other spelling");
	/* stored keys stay: this one changes together with MATCH_KEY_VERSION alone */
	a = (match_keys) {0};
	match_keys_phone(&a, "+33612345678", 12);
	CHECK(a.n == 1 && a.key[0] == INT64_C(5908970862385798564), "the key of a number is what it was (%lld)", (long long) a.key[0]);
}

int
main(void)
{
	keys();
	random_names();
	dates();
	emails();
	registry();
	return unit_done();
}
