/*
 * address: the compiled-in words are those of data/address_words.tsv and in the order that the search needs; limits, broken text, and
 * room. That two spellings of one address have one key is test/sql/address.sql's.
 */
#include "contact/address_private.h"
#include "unit.h"

static char key[ADDRESS_KEY_MAX];
static address a;

/* The key of an exact-size copy, so that a sanitizer sees an over-read. */
static size_t
key_of(const char *s, size_t n, const char *country)
{
	char	   *copy = malloc(n ? n : 1);
	address_status status;

	memcpy(copy, s, n);
	status = address_parse(copy, n, country, strlen(country), &a);
	free(copy);
	return status == ADDRESS_OK ? address_key(&a, key) : SIZE_MAX;
}

static bool
key_is(const char *s, const char *country, const char *expected)
{
	size_t		n = key_of(s, strlen(s), country);
	bool		same = n == strlen(expected) && memcmp(key, expected, n) == 0;

	if (!same)
		printf("# '%s' gives '%.*s'\n", s, n == SIZE_MAX ? 0 : (int) n, key);
	return same;
}

static void
words(void)
{
	int			unordered = 0,
				unfolded = 0,
				too_long = 0,
				twice = 0;

	for (int i = 0; i < address_nwords; i++)
	{
		const address_word *w = &address_words[i];
		char		folded[256];
		int			tokens = 1;

		for (const char *p = w->written; *p; p++)
			tokens += *p == ' ';
		too_long += tokens > ADDRESS_WORD_TOKENS || strlen(w->written) > 60;
		unfolded += text_fold(w->written, strlen(w->written), folded, sizeof folded) != strlen(w->written) || memcmp(folded, w->written, strlen(w->written)) != 0;
		if (w->kind != WORD_COUNTRY)
			unfolded += text_fold(w->canonical, strlen(w->canonical), folded, sizeof folded) != strlen(w->canonical) || memcmp(folded, w->canonical, strlen(w->canonical)) != 0;
		unordered += i > 0 && strcmp(w[-1].written, w->written) > 0;
		/* one word of one kind has one meaning in a language */
		for (int k = i + 1; k < address_nwords && strcmp(address_words[k].written, w->written) == 0; k++)
			if (address_words[k].kind == w->kind && (address_words[k].languages & w->languages) != 0 && strcmp(address_words[k].canonical, w->canonical) != 0)
			{
				twice++;
				printf("# %s: %s, %s\n", w->written, w->canonical, address_words[k].canonical);
			}
	}
	CHECK(address_nwords > 1000, "there are words");
	CHECK(unordered == 0, "they are in the order of their bytes");
	CHECK(unfolded == 0, "they are folded");
	CHECK(too_long == 0, "none is longer than the search looks");
	CHECK(twice == 0, "none has two meanings of one kind in one language");
	CHECK(system("sh src/contact/gen/address_words.sh --check") == 0, "they are those of the data file");
}

int
main(void)
{
	char		big[ADDRESS_MAX + 1];
	const char *const pieces[] = {"1 ", "1-", "a\n", "r p ", "nd ", "lcl ", "\xE3\x8D\xBF", "#a", ",", "apt 1 ", "75001 ", "b.", "'s", "bis ", "c/o ", "cedex "};
	const char *const countries[] = {"", "FR", "BE", "CH", "CA", "GB", "DE", "US", "NL", "JP"};

	words();
	CHECK(key_is("12 bis, av. du Gal Leclerc, F-75014 PARIS CEDEX 14", "", "12 bis avenue general leclerc, 75014 paris"), "French");
	CHECK(key_is("Karl-Marx-Str. 12 a, D-12043 Berlin", "", "karl marx strasse 12a, 12043 berlin"), "German");
	CHECK(key_is("Flat 2, 10 Downing St, London sw1a2aa", "", "10 downing street unit 2, sw1a 2aa"), "British");
	CHECK(key_is("", "FR", ""), "nothing has an empty key");
	memset(big, 'a', sizeof big);
	CHECK(key_of(big, ADDRESS_MAX, "") == ADDRESS_MAX, "the longest address");
	CHECK(key_of(big, ADDRESS_MAX + 1, "") == SIZE_MAX, "one byte more");
	CHECK(key_of("12 rue \xFF", 8, "") == SIZE_MAX && key_of("\xC3", 1, "") == SIZE_MAX, "bytes that are not UTF-8");
	CHECK(key_of("12 rue X", 8, "\xFF") != SIZE_MAX, "a country that is none is like no country");
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
	{
		size_t		n = 0,
					step = strlen(pieces[i]);
		bool		fits = true;

		while (n + step <= ADDRESS_MAX)
			memcpy(big + n, pieces[i], step), n += step;
		for (size_t c = 0; c < sizeof countries / sizeof *countries; c++)
			fits = fits && key_of(big, n, countries[c]) <= ADDRESS_KEY_MAX / 2 && a.used <= sizeof a.room / 2;
		CHECK(fits, "one piece over and over has a key within its limit (%zu)", i);
	}
	return unit_done();
}
