/*
 * fold: the frozen table against its digest, against itself and against the ICU at hand. Digest, short way, idempotence and sizes are
 * looked at for every code point; what must hold under any ICU (NFKC case folding of assigned code points makes no difference) under any;
 * that the generator still writes the table, when this ICU has the pinned Unicode version.
 */
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/uversion.h>

#include "text/fold_table.h"
#include "text/text.h"
#include "unit.h"

/* The digest of every code point's result. It changes together with CRMSEG_FOLD_VERSION, and then every stored value is another. */
#define TABLE_DIGEST UINT64_C(0x939f3987c7bca928)

#define LAST 0x10FFFF
#define ROUNDS 200000
#define SURROGATE(c) ((c) >= 0xD800 && (c) <= 0xDFFF)

static int
encode(uint32_t c, char *out)
{
	int			n = 0;

	U8_APPEND_UNSAFE(out, n, c);
	return n;
}

/* The fold of n bytes, by an exact-size copy (an over-read is then seen by a sanitizer) and an exact-size result. */
static char *
fold(const char *s, size_t n, size_t *len)
{
	char	   *copy = malloc(n ? n : 1),
			   *out;

	memcpy(copy, s, n);
	*len = text_fold(copy, n, NULL, 0);
	if (*len == TEXT_BAD_UTF8)
	{
		free(copy);
		return NULL;
	}
	out = malloc(*len ? *len : 1);
	if (text_fold(copy, n, out, *len) != *len)
		abort();
	free(copy);
	return out;
}

static bool
folds_alike(const char *a, size_t na, const char *b, size_t nb)
{
	size_t		la, lb;
	char	   *fa = fold(a, na, &la),
			   *fb = fold(b, nb, &lb);
	bool		same = fa != NULL && fb != NULL && la == lb && memcmp(fa, fb, la) == 0;

	free(fa);
	free(fb);
	return same;
}

static bool
folds_to(const char *s, const char *expected)
{
	size_t		n;
	char	   *f = fold(s, strlen(s), &n);
	bool		same = f != NULL && n == strlen(expected) && memcmp(f, expected, n) == 0;

	if (!same)
		printf("# '%s' gives '%.*s'\n", s, f ? (int) n : 0, f ? f : "");
	free(f);
	return same;
}

static bool
normal_form_folds_alike(const UNormalizer2 *form, const UChar *s, int n)
{
	UErrorCode	e = U_ZERO_ERROR;
	UChar		t[2000];
	char		a[6000], b[6000];
	int32_t		na, nb;
	int			nt = unorm2_normalize(form, s, n, t, 2000, &e);

	u_strToUTF8(a, sizeof a, &na, s, n, &e);
	u_strToUTF8(b, sizeof b, &nb, t, nt, &e);
	return U_SUCCESS(e) && folds_alike(a, na, b, nb);
}

static const UNormalizer2 *forms[5];
static const char *form_names[] = {"NFC", "NFD", "NFKC", "NFKD", "NFKC_Casefold"};

static void
get_forms(void)
{
	UErrorCode	e = U_ZERO_ERROR;

	forms[0] = unorm2_getNFCInstance(&e);
	forms[1] = unorm2_getNFDInstance(&e);
	forms[2] = unorm2_getNFKCInstance(&e);
	forms[3] = unorm2_getNFKDInstance(&e);
	forms[4] = unorm2_getNFKCCasefoldInstance(&e);
	CHECK(U_SUCCESS(e), "the ICU at hand has the normal forms");
}

/* Assigned in the pinned version: what a later ICU knows beyond that is nothing the table could know. */
static bool
assigned(UChar32 c)
{
	UVersionInfo age, pinned;

	u_charAge(c, age);
	u_versionFromString(pinned, fold_unicode_version);
	return memcmp(age, (UVersionInfo) {0}, sizeof age) != 0 && memcmp(age, pinned, sizeof age) <= 0;
}

static void
every_code_point(void)
{
	uint64_t	digest = UINT64_C(14695981039346656037);
	int			bad_short = 0, bad_again = 0, bad_size = 0, bad_form[5] = {0};
	double		widest = 0;

	for (uint32_t c = 0; c <= LAST; c++)
	{
		char		s[4], f[64], g[64], x[64];
		int			n, nx;
		size_t		len, glen;
		text_folder slow;

		if (SURROGATE(c))
			continue;
		n = encode(c, s);
		len = text_fold(s, n, f, sizeof f);
		for (size_t i = 0; i < len; i++)
			digest = (digest ^ (unsigned char) f[i]) * UINT64_C(1099511628211);
		digest = (digest ^ '|') * UINT64_C(1099511628211);

		/* alone, between letters, and doubled: the short way and the general one */
		for (int k = 0; k < 3; k++)
		{
			nx = 0;
			if (k > 0)
				x[nx++] = k == 1 ? 'a' : ' ';
			memcpy(x + nx, s, n), nx += n;
			if (k == 2)
				memcpy(x + nx, s, n), nx += n;
			if (k > 0)
				x[nx++] = 'b';
			glen = text_fold(x, nx, f, sizeof f);
			text_fold_start(&slow, g, sizeof g);
			if (!text_fold_general(&slow, x, nx) || slow.now.len != glen || memcmp(f, g, glen) != 0)
				bad_short++;
			if (glen > text_fold_bound(nx))
				bad_size++;
			if (!folds_alike(f, glen, x, nx))
				bad_again++;
			widest = glen > widest * nx ? (double) glen / nx : widest;
		}
		if (assigned(c))
		{
			UChar		u[2];
			int			nu = 0;

			U16_APPEND_UNSAFE(u, nu, c);
			for (int k = 0; k < 5; k++)
				if (!normal_form_folds_alike(forms[k], u, nu) && bad_form[k]++ < 5)
					printf("# U+%04X\n", c);
		}
	}
	printf("# digest %016llx, one byte gives at most %.2f\n", (unsigned long long) digest, widest);
	CHECK(digest == TABLE_DIGEST, "the table is the one that belongs to version %d", CRMSEG_FOLD_VERSION);
	CHECK(bad_short == 0, "the short way and the general one agree on every code point");
	CHECK(bad_again == 0, "what is folded folds to itself, for every code point");
	CHECK(bad_size == 0, "the bound holds for every code point");
	for (int k = 0; k < 5; k++)
		CHECK(bad_form[k] == 0, "%s of a code point folds as the code point", form_names[k]);
}

static uint64_t rng = 20261122;

static uint32_t
dice(uint32_t n)
{
	rng = rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t) ((rng >> 33) % n);
}

/* Sequences, of the blocks where neighbours matter above all. */
static void
sequences(void)
{
	static const uint32_t block[][2] = {{0x20, 0x250}, {0x300, 0x370}, {0x370, 0x400}, {0x400, 0x530}, {0x590, 0x700}, {0x900, 0xE00}, {0xE00, 0xE60},
		{0x1100, 0x1200}, {0x1E00, 0x2000}, {0x3040, 0x3100}, {0x3099, 0x309B}, {0x300, 0x316}, {0xAC00, 0xAD00}, {0xFF00, 0xFFE0}, {0x4E00, 0x4F00}, {0x0F00, 0x1000}, {0x1B00, 0x1C00},
		{0x11000, 0x11200}, {0, 0x30000}};
	int			bad_form[5] = {0}, bad_again = 0, bad_size = 0, bad_piece = 0, bad_short = 0;

	for (int round = 0; round < ROUNDS; round++)
	{
		UChar		u[40];
		char		s[160], f[1000], g[1000];
		int			nu = 0;
		int32_t		n;
		size_t		len;
		int			count = 1 + dice(8);
		int			b = dice(sizeof block / sizeof *block);
		UErrorCode	e = U_ZERO_ERROR;
		text_folder slow, pieces;

		for (int i = 0; i < count; i++)
		{
			int			k = dice(3) == 0 ? (int) dice(sizeof block / sizeof *block) : b;
			uint32_t	c;

			do
				c = block[k][0] + dice(block[k][1] - block[k][0]);
			while (SURROGATE(c) || !assigned(c) || (c == 0x0345 && b != 2));	/* the iota below, a letter and a mark, is Greek only */
			U16_APPEND_UNSAFE(u, nu, c);
		}
		u_strToUTF8(s, sizeof s, &n, u, nu, &e);
		len = text_fold(s, n, f, sizeof f);
		bad_size += len > text_fold_bound(n);
		bad_again += !folds_alike(f, len, s, n);
		text_fold_start(&slow, g, sizeof g);
		bad_short += !text_fold_general(&slow, s, n) || slow.now.len != len || memcmp(f, g, len) != 0;
		text_fold_start(&pieces, g, sizeof g);
		for (int i = 0; i < n;)
		{
			int			k = i;

			U8_FWD_1_UNSAFE(s, k);
			text_fold_feed(&pieces, s + i, k - i);
			i = k;
		}
		bad_piece += pieces.now.len != len || memcmp(f, g, len) != 0;
		for (int k = 0; k < 5; k++)
			if (!normal_form_folds_alike(forms[k], u, nu) && bad_form[k]++ < 3)
			{
				printf("# %s:", form_names[k]);
				for (int i = 0; i < nu; i++)
					printf(" %04X", u[i]);
				printf("\n");
			}
	}
	CHECK(bad_short == 0, "sequences: the short way and the general one agree");
	CHECK(bad_piece == 0, "sequences: fed in pieces gives the same");
	CHECK(bad_again == 0, "sequences: what is folded folds to itself");
	CHECK(bad_size == 0, "sequences: the bound holds");
	for (int k = 0; k < 5; k++)
		CHECK(bad_form[k] == 0, "sequences: %s folds as the text", form_names[k]);
}

static void
bytes(void)
{
	static const char *const bad[] = {"\x80", "\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xE2\x82", "\xED\xA0\x80", "\xED\xBF\xBF",
		"\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF0\x9F\x98", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "a\xFE", "\xC3\x28", "\xE2\x28\xA1", "\xC2"};
	size_t		n;
	char		out[8] = "xxxxxxx";

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(fold(bad[i], strlen(bad[i]), &n) == NULL && n == TEXT_BAD_UTF8, "bytes that are not UTF-8 are refused (%zu)", i);
	CHECK(text_fold("a\0b", 3, out, 8) == 3 && memcmp(out, "a b", 3) == 0, "a zero byte is a control character like another");
	memset(out, 'x', 8);
	CHECK(text_fold("abc", 3, out, 2) == 3 && out[2] == 'x', "nothing is written beyond the room given");
	CHECK(text_fold(NULL, 0, NULL, 0) == 0, "nothing gives nothing");
	CHECK(text_fold_bound(SIZE_MAX / 2) == SIZE_MAX, "a bound that cannot be counted");
}

static void
words(void)
{
	CHECK(folds_to("  Élodie   D'ARTAGNAN-Müller ", "elodie d artagnan muller"), "French and German");
	CHECK(folds_to("Straße ŒUVRE Æ ﬁ Ø Łódź Þór ĳ", "strasse oeuvre ae fi o lodz thor ij"), "ligatures");
	CHECK(folds_to("がっつ ガッツ ｶﾞｯﾂ か゛", "gattsu gattsu gattsu ka"), "kana");
	CHECK(folds_to("きゃ しゃ じゅ ちょ ファ ティ ウィ ヴァ", "kya sha ju cho fa ti wi va"), "small kana");
	CHECK(folds_to("Чайковский Жуков Щукин Юлия", "chaikovskii zhukov shchukin iuliia"), "Cyrillic as in passports");
	CHECK(folds_to("Αγγελική Ευάγγελος Άγχος υιός", "angelike euangelos anchos yios"), "Greek");
	CHECK(folds_to("क क् का कि", "ka k ka ki"), "an inherent vowel");
	CHECK(folds_to("王小明", "wang xiao ming"), "one word a Chinese character");
}

static bool
name_key_is(const char *s, const char *expected)
{
	size_t		n;
	char	   *f = fold(s, strlen(s), &n);
	size_t		count = text_tokens(f, n, NULL, 0);
	text_token *tokens = malloc(count * sizeof *tokens + 1);
	char	   *out = malloc(n + 1);
	bool		same = text_name_key(f, n, tokens, count, out) == n && n == strlen(expected) && memcmp(out, expected, n) == 0;

	free(f);
	free(tokens);
	free(out);
	return same;
}

int
main(void)
{
	get_forms();
	bytes();
	words();
	CHECK(name_key_is("DE LA TOUR, Jean Baptiste", "baptiste de jean la tour"), "the key of a name");
	CHECK(name_key_is("Jean-Baptiste de la Tour", "baptiste de jean la tour"), "the key of the same name");
	CHECK(name_key_is("ab a abc a", "a a ab abc"), "a shorter token comes first, and twice is twice");
	CHECK(name_key_is(" - ", ""), "the key of no name");
	every_code_point();
	sequences();
	if (strcmp(U_UNICODE_VERSION, fold_unicode_version) == 0)
		CHECK(system("sh src/text/gen/fold_table.sh --check") == 0, "the generator writes this table with this ICU");
	else
		printf("ok %d # SKIP this ICU has Unicode %s, the table %s\n", ++unit_count, U_UNICODE_VERSION, fold_unicode_version);
	return unit_done();
}
