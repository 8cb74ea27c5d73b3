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

int
main(void)
{
	random_names();
	dates();
	emails();
	registry();
	return unit_done();
}
