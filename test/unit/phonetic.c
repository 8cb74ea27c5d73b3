/*
 * phonetic.c: Double Metaphone codes against published ones, what French adds to them, and the forms of given names.
 */
#include "unit.h"

#include "match/match.h"

static const char *
codes(const char *word)
{
	static char line[PHONETIC_CODES * (PHONETIC_LENGTH + 2)];
	char		code[PHONETIC_CODES][PHONETIC_LENGTH + 1];
	int			n = phonetic_codes(word, strlen(word), code);

	line[0] = 0;
	for (int i = 0; i < n; i++)
		sprintf(line + strlen(line), "%s%s", i > 0 ? " " : "", code[i]);
	return line;
}

static bool
share(const char *a, const char *b)
{
	char		x[PHONETIC_CODES][PHONETIC_LENGTH + 1],
				y[PHONETIC_CODES][PHONETIC_LENGTH + 1];
	int			n = phonetic_codes(a, strlen(a), x),
				m = phonetic_codes(b, strlen(b), y);

	for (int i = 0; i < n; i++)
		for (int j = 0; j < m; j++)
			if (strcmp(x[i], y[j]) == 0)
				return true;
	return false;
}

static bool
forms(const char *a, const char *b)
{
	int			x = nickname_find(a, strlen(a)),
				y = nickname_find(b, strlen(b));

	return nickname_same(x, y) && nickname_same(y, x);
}

/* Words of all the algorithm's rules and what another implementation gives for them: test/data/double_metaphone.tsv. Its codes end after four letters. */
static void
against_another(void)
{
	FILE	   *f = fopen("test/data/double_metaphone.tsv", "r");
	char		line[200],
				word[100],
				want[2][20];
	int			words = 0,
				wrong = 0;

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
	{
		char		code[PHONETIC_CODES][PHONETIC_LENGTH + 1];
		int			n,
					found = 0;

		word[0] = want[0][0] = want[1][0] = 0;
		sscanf(line, "%99[^\t]\t%19[^\t\n]\t%19[^\n]", word, want[0], want[1]);
		n = phonetic_codes(word, strlen(word), code);
		for (int w = 0; w < 2; w++)
			for (int i = 0; i < n; i++)
				if (strncmp(code[i], want[w], 4) == 0)
				{
					found |= 1 << w;
					break;
				}
		words++;
		/* the primary code is the first */
		wrong += want[0][0] != 0 && want[1][0] != 0 && (found != 3 || strncmp(code[0], want[0], strlen(want[0])) != 0);
	}
	if (f != NULL)
		fclose(f);
	CHECK(words == 1200 && wrong == 0, "%d words sound as another implementation has them (%d differ)", words, wrong);
}

int
main(void)
{
	/* the article's own examples, and those of its implementations' documentation */
	static const char *const published[][2] = {{"smith", "SM0 XMT"}, {"schmidt", "XMT SMT"}, {"snider", "SNTR XNTR"}, {"schneider", "XNTR SNTR"}, {"arnow", "ARN ARNF"},
		{"arnoff", "ARNF"}, {"thompson", "TMPSN"}, {"caesar", "SSR"}, {"michael", "MKL MXL"}, {"architect", "ARKTKT"}, {"mchugh", "MK"}, {"bacher", "PKR"}, {"focaccia", "FKX"},
		{"bellocchio", "PLX"}, {"edge", "AJ"}, {"edgar", "ATKR"}, {"ghiradelli", "JRTL"}, {"mclaughlin", "MKLFLN"}, {"cagney", "KKN"}, {"tagliaro", "TKLR TLR"}, {"jankelowicz", "JNKLTS ANKLFX"},
		{"uomo", "AM"}, {"womo", "AM FM"}, {"filipowicz", "FLPTS FLPFX"}, {"breaux", "PR"}, {"zhao", "J"}, {"isle", "AL"}, {"carlisle", "KRLL"}, {"island", "ALNT"}, {"school", "SKL"}, {"schooner", "SKNR"},
		{"hochmeier", "HKMR"}, {"rogier", "RJ RJR"}, {"artois", "ART ARTS"}, {"resnais", "RSN RSNS"}, {"thumb", "0M TM"}, {"campbell", "KMPL"}, {"raspberry", "RSPR"}, {"dumb", "TM"},
		{"wasserman", "ASRMN FSRMN"}, {"vasserman", "FSRMN"}, {"knight", "NT"}, {"tichner", "TXNR TKNR"}, {"accident", "AKSTNT"}, {"succeed", "SKST"}, {"jose", "HS"}, {"cabrillo", "KPRL KPR"}};
	static const char *const alike[][2] = {{"renault", "renaud"}, {"renault", "reno"}, {"dupont", "dupond"}, {"dupont", "dupon"}, {"durand", "durant"}, {"petit", "peti"}, {"lefebvre", "lefevre"},
		{"gauthier", "gautier"}, {"gauthier", "gothier"}, {"helene", "elene"}, {"herve", "erve"}, {"thibault", "tibo"}, {"beaumont", "bomon"}, {"legrand", "legran"}, {"boulanger", "boulange"},
		{"meyer", "maier"}, {"meyer", "mayer"}, {"schmidt", "schmitt"}, {"schmid", "schmitt"}, {"wagner", "vagner"}, {"vogel", "fogel"}, {"philippe", "filip"}, {"stephan", "stefan"}, {"weiss", "weis"},
		{"catherine", "katrin"}, {"smith", "schmidt"}, {"fisher", "fischer"}, {"clark", "klark"}, {"chekhov", "tchekhov"}};
	static const char *const different[][2] = {{"martin", "bernard"}, {"dupont", "durand"}, {"meyer", "muller"}, {"marie", "anne"}, {"schmidt", "schneider"}, {"renault", "ronsard"}, {"petit", "grand"}};
	static const char *const names[][2] = {{"bob", "robert"}, {"bob", "rob"}, {"bill", "william"}, {"manu", "emmanuel"}, {"sepp", "josef"}, {"hans", "johannes"}, {"jp", "jeanpierre"}, {"liz", "elizabeth"},
		{"babeth", "elisabeth"}, {"alex", "alexandre"}, {"alex", "alexandra"}, {"uschi", "ursula"}, {"peggy", "margaret"}, {"kees", "cornelis"}, {"pepe", "jose"}, {"beppe", "giuseppe"}};
	static const char *const others[][2] = {{"marion", "manon"}, {"bob", "bill"}, {"marie", "claude"}, {"jean", "pierre"}, {"alexandre", "alexandra"}, {"x", "y"}, {"", "bob"}};
	char		code[PHONETIC_CODES][PHONETIC_LENGTH + 1];

	for (size_t i = 0; i < sizeof published / sizeof *published; i++)
	{
		const char *c = codes(published[i][0]);

		/* what French adds stands behind */
		CHECK(strncmp(c, published[i][1], strlen(published[i][1])) == 0, "%s sounds %s (%s)", published[i][0], published[i][1], c);
	}
	for (size_t i = 0; i < sizeof alike / sizeof *alike; i++)
		CHECK(share(alike[i][0], alike[i][1]), "%s sounds like %s (%s)", alike[i][0], alike[i][1], codes(alike[i][0]));
	for (size_t i = 0; i < sizeof different / sizeof *different; i++)
		CHECK(!share(different[i][0], different[i][1]), "%s does not sound like %s (%s)", different[i][0], different[i][1], codes(different[i][0]));
	CHECK(phonetic_codes("", 0, code) == 0 && phonetic_codes("\xe0\xb6\x9a", 3, code) == 0, "no letter, no code");
	CHECK(strcmp(codes("3m"), "3M") == 0, "digits stand for themselves");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		CHECK(forms(names[i][0], names[i][1]), "%s and %s are one name", names[i][0], names[i][1]);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		CHECK(!forms(others[i][0], others[i][1]), "%s and %s are not", others[i][0], others[i][1]);
	against_another();
	return unit_done();
}
