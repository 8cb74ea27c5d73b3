/*
 * gen/fold_table.c: writes ../fold_table.c, the frozen folding table. Run by gen/fold_table.sh when the definition changes, never by a
 * build: the result is kept, and stands for one version of Unicode, which the ICU at hand must have.
 *
 * A letter's Latin form is, in this order: the passport letters of ICAO 9303 where ICU's scholarly ones rest on marks that are taken off
 * afterwards (Cyrillic: "zh" rather than z-caron, hence z), then ICU's Any-Latin and Latin-ASCII, of the letter without its marks. What these leave
 * outside a-z and 0-9 stays as it is. Compatibility characters and case follow NFKC_Casefold.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>
#include <unicode/uversion.h>

#include "text/fold_table.h"

#define PINNED_UNICODE "15.0"
#define CODE_POINTS 0x110000

/* Letters whose Latin form is not ICU's. ICAO 9303 part 3, section 6, where it names the letter; ts for the Tatar, Kazakh and like letters follows it. */
static const struct { UChar32 c; const char *latin; } exceptions[] = {
	{0x0430, "a"}, {0x0431, "b"}, {0x0432, "v"}, {0x0433, "g"}, {0x0434, "d"}, {0x0435, "e"}, {0x0436, "zh"}, {0x0437, "z"}, {0x0438, "i"},
	{0x043A, "k"}, {0x043B, "l"}, {0x043C, "m"}, {0x043D, "n"}, {0x043E, "o"}, {0x043F, "p"}, {0x0440, "r"}, {0x0441, "s"}, {0x0442, "t"},
	{0x0443, "u"}, {0x0444, "f"}, {0x0445, "kh"}, {0x0446, "ts"}, {0x0447, "ch"}, {0x0448, "sh"}, {0x0449, "shch"}, {0x044A, ""}, {0x044B, "y"},
	{0x044C, ""}, {0x044D, "e"}, {0x044E, "iu"}, {0x044F, "ia"}, {0x0452, "d"}, {0x0454, "ie"}, {0x0455, "dz"}, {0x0456, "i"}, {0x0458, "j"},
	{0x0459, "lj"}, {0x045A, "nj"}, {0x045B, "c"}, {0x045F, "dz"}, {0x0463, "ie"}, {0x0473, "f"}, {0x0475, "y"}, {0x0491, "g"}, {0x0493, "g"},
	{0x0497, "zh"}, {0x0499, "z"}, {0x049B, "k"}, {0x049D, "k"}, {0x04A3, "n"}, {0x04A5, "ng"}, {0x04AF, "u"}, {0x04B1, "u"}, {0x04B3, "kh"},
	{0x04B7, "ch"}, {0x04B9, "ch"}, {0x04BB, "h"}, {0x04D9, "a"}, {0x04E9, "o"},
	/* Armenian and Georgian, for the same reason: BGN/PCGN, the national system of Georgia */
	{0x0567, "e"}, {0x0568, "y"}, {0x056A, "zh"}, {0x056D, "kh"}, {0x056E, "ts"}, {0x0571, "dz"}, {0x0572, "gh"}, {0x0573, "ch"}, {0x0577, "sh"},
	{0x0579, "ch"}, {0x057B, "j"}, {0x0581, "ts"},
	{0x10DF, "zh"}, {0x10E6, "gh"}, {0x10E8, "sh"}, {0x10E9, "ch"}, {0x10EA, "ts"}, {0x10EB, "dz"}, {0x10EC, "ts"}, {0x10ED, "ch"}, {0x10EE, "kh"},
	{0x10EF, "j"},
	{0x0259, "e"},				/* schwa, of Azerbaijani names: ICAO 9303 */
	{0x021D, "y"},				/* yogh */
	{0x01BF, "w"},				/* wynn */
	{0x0241, ""}, {0x0242, ""},	/* glottal stop */
	{0x30FC, ""},				/* kana length mark: the length is a mark too */
	{0xFF70, ""},
};

static UTransliterator *to_latin;
static const UNormalizer2 *nfd, *nfkc_cf;
static bool script_has_latin[USCRIPT_CODE_LIMIT];

static fold_entry values[65536];
static int	nvalues;
static char pool[65536];
static int	npool;
static uint16_t value_of[CODE_POINTS];
static bool done[CODE_POINTS];
static bool is_base[CODE_POINTS], is_second[CODE_POINTS];	/* of a pair that composes to something with a form of its own */

static void
fail(const char *what, UChar32 c)
{
	fprintf(stderr, "fold_table: %s (U+%04X)\n", what, (unsigned) c);
	exit(1);
}

static void
check(UErrorCode e, const char *what, UChar32 c)
{
	if (U_FAILURE(e))
	{
		fprintf(stderr, "%s: ", u_errorName(e));
		fail(what, c);
	}
}

/* The values are numbered; equal ones share a number, equal strings their bytes. */
static int
value(int kind, const char *string, int len)
{
	int			at;

	for (int i = 0; i < nvalues; i++)
		if (values[i].kind == kind && values[i].len == len && memcmp(pool + values[i].offset, string, len) == 0)
			return i;
	for (at = 0; at + len <= npool && memcmp(pool + at, string, len) != 0; at++)
		;
	if (at + len > npool)
	{
		at = npool;
		memcpy(pool + npool, string, len);
		npool += len;
	}
	if (len > 255 || npool > 65000 || nvalues == 65536)
		fail("a table is full", 0);
	values[nvalues] = (fold_entry) {.offset = at, .len = len, .kind = kind};
	return nvalues++;
}

static int
normalize(const UNormalizer2 *how, const UChar *s, int n, UChar *out, int cap)
{
	UErrorCode	e = U_ZERO_ERROR;
	int			r = unorm2_normalize(how, s, n, out, cap, &e);

	check(e, "normalization", 0);
	return r;
}

static int
to_utf8(const UChar *s, int n, char *out, int cap)
{
	UErrorCode	e = U_ZERO_ERROR;
	int32_t		r;

	u_strToUTF8(out, cap, &r, s, n, &e);
	check(e, "conversion", 0);
	return r;
}

/* ICU's Latin form of a string, lower-case, without marks, punctuation and spaces. True if it consists of a-z and 0-9. */
static bool
latin(const UChar *s, int n, char *out, int *outlen)
{
	UChar		a[256], b[256];
	int32_t		na = n, limit = n, i = 0;
	int			nb = 0;
	UErrorCode	e = U_ZERO_ERROR;
	bool		ok = true;

	memcpy(a, s, n * sizeof(UChar));
	utrans_transUChars(to_latin, a, &na, 256, 0, &limit, &e);
	check(e, "transliteration", s[0]);
	nb = normalize(nfd, a, na, b, 256);
	*outlen = 0;
	while (i < nb)
	{
		UChar32		c;
		int8_t		cat;

		U16_NEXT(b, i, nb, c);
		c = u_tolower(c);
		cat = u_charType(c);
		if (c < 0x80 && u_isalnum(c))
			out[(*outlen)++] = (char) c;
		else if (!((U_GET_GC_MASK(c) & (U_GC_M_MASK | U_GC_P_MASK | U_GC_S_MASK | U_GC_Z_MASK | U_GC_CF_MASK)) || cat == U_MODIFIER_LETTER))
			ok = false;
	}
	return ok;
}

static bool
latin_of(UChar32 c, char *out, int *outlen)
{
	UChar		s[2];
	int			n = 0;

	for (size_t i = 0; i < sizeof(exceptions) / sizeof(*exceptions); i++)
		if (exceptions[i].c == c)
		{
			*outlen = strlen(exceptions[i].latin);
			memcpy(out, exceptions[i].latin, *outlen);
			return true;
		}
	U16_APPEND_UNSAFE(s, n, c);
	return latin(s, n, out, outlen);
}

static bool
latin_of_two(UChar32 c, UChar32 d, char *out, int *outlen)
{
	UChar		s[4];
	int			n = 0;

	U16_APPEND_UNSAFE(s, n, c);
	U16_APPEND_UNSAFE(s, n, d);
	return latin(s, n, out, outlen);
}

static UScriptCode
script(UChar32 c)
{
	UErrorCode	e = U_ZERO_ERROR;

	return uscript_getScript(c, &e);
}

/* One letter and the virama of the scripts whose consonants carry an inherent a. */
static const struct { UScriptCode script; UChar32 ka, virama; } indic[] = {
	{USCRIPT_DEVANAGARI, 0x0915, 0x094D}, {USCRIPT_BENGALI, 0x0995, 0x09CD}, {USCRIPT_GURMUKHI, 0x0A15, 0x0A4D},
	{USCRIPT_GUJARATI, 0x0A95, 0x0ACD}, {USCRIPT_ORIYA, 0x0B15, 0x0B4D}, {USCRIPT_TAMIL, 0x0B95, 0x0BCD}, {USCRIPT_TELUGU, 0x0C15, 0x0C4D},
	{USCRIPT_KANNADA, 0x0C95, 0x0CCD}, {USCRIPT_MALAYALAM, 0x0D15, 0x0D4D}
};

/* The kind of a letter or mark that has a Latin form t, from what ICU makes of it beside others. */
static int
kind_of(UChar32 c, const char *t, int n)
{
	UScriptCode sc = script(c);
	char		two[256];
	int			n2;

	for (size_t i = 0; i < sizeof(indic) / sizeof(*indic); i++)
	{
		if (indic[i].script != sc)
			continue;
		if (u_isalpha(c) && !(U_GET_GC_MASK(c) & U_GC_M_MASK))
			return n > 1 && t[n - 1] == 'a' && latin_of_two(c, indic[i].virama, two, &n2) && n2 == n - 1 && memcmp(two, t, n2) == 0
				? FOLD_INHERENT : FOLD_PLAIN;
		if (c == indic[i].virama)
			return FOLD_DEPENDENT;
		/* ka with the sign gives k and the sign's own form */
		return latin_of_two(indic[i].ka, c, two, &n2) && n > 0 && n2 == n + 1 && two[0] == 'k' && memcmp(two + 1, t, n) == 0
			? FOLD_DEPENDENT : FOLD_PLAIN;
	}
	if (sc == USCRIPT_THAI)
		return FOLD_THAI;
	if (sc == USCRIPT_HIRAGANA || sc == USCRIPT_KATAKANA)
	{
		UChar32		h = sc == USCRIPT_KATAKANA && c >= 0x30A1 && c <= 0x30F6 ? c - 0x60 : c;

		if (h == 0x3063)
			return FOLD_SOKUON;
		if (h == 0x3083 || h == 0x3085 || h == 0x3087)
			return FOLD_SMALL_Y;
		if (h <= 0x3049 && (h & 1))
			return FOLD_SMALL_VOWEL;
		return FOLD_KANA;
	}
	if (sc == USCRIPT_GREEK && n == 1)
	{
		if (t[0] == 'y')
			return FOLD_GREEK_UPSILON;
		if (c == 0x03B3)
			return FOLD_GREEK_GAMMA;
		if (latin_of_two(c, 0x03C5, two, &n2) && n2 == 2 && two[1] == 'u')
			return FOLD_GREEK_VOWEL;
	}
	if (sc == USCRIPT_GREEK && latin_of_two(0x03B3, c, two, &n2) && n2 > 0 && two[0] == 'n' && two[1] != 'g')
		return FOLD_GREEK_VELAR;
	return FOLD_PLAIN;
}

static int	assign(UChar32 c);
static bool pair(UChar32 c, UChar32 *a, UChar32 *b);

/* A letter or mark that NFKC_Casefold leaves alone. */
static int
assign_letter(UChar32 c, uint32_t gc)
{
	char		t[256];
	int			n;
	UChar		d[64], s[2];
	int			nd, ns = 0;
	int32_t		i = 0;
	UChar32		base;
	UScriptCode sc = script(c);
	bool		has = latin_of(c, t, &n);	/* of a mark it is true even when nothing is known */
	bool		kana = sc == USCRIPT_HIRAGANA || sc == USCRIPT_KATAKANA;

	if (c == 0x3099 || c == 0x309A)
		return value(FOLD_MARK, "", 0);
	U16_APPEND_UNSAFE(s, ns, c);
	nd = normalize(nfd, s, ns, d, 64);
	U16_NEXT(d, i, nd, base);
	if (gc & U_GC_M_MASK)
	{
		UChar32		a, b;

		if (i < nd && !pair(c, &a, &b) && nd == 2 && u_getCombiningClass(base) == 0 && values[assign(base)].kind != FOLD_KEEP)
			return assign(base);	/* Telugu ai, as if it were e with a length mark */
		if (has && n > 0 && u_getCombiningClass(c) == 0)
			return value(kind_of(c, t, n), t, n);
		if (has && sc == USCRIPT_THAI)
			return value(FOLD_MARK, t, n);
		if (u_getCombiningClass(c) != 0)
		{
			for (size_t k = 0; k < sizeof(indic) / sizeof(*indic); k++)
				if (indic[k].virama == c)
					return value(FOLD_DEPENDENT, "", 0);
			return value(FOLD_MARK, "", 0);
		}
		if (sc == USCRIPT_COMMON || sc == USCRIPT_INHERITED || script_has_latin[sc])
			return value(FOLD_PLAIN, "", 0);
		has = false;
	}
	else if (i < nd && !kana)
	{
		/* marks off first, as if it had been written with combining ones; signs that are more than marks keep their own form */
		bool		marks = true;

		while (i < nd)
		{
			UChar32		m;

			U16_NEXT(d, i, nd, m);
			marks = marks && values[assign(m)].kind == FOLD_MARK;
		}
		if (marks && values[assign(base)].kind != FOLD_KEEP)
			return assign(base);
		if (sc != USCRIPT_HANGUL && has && n > 0 && !pair(c, &(UChar32) {0}, &(UChar32) {0}))
			fail("a letter and its decomposition would fold apart", c);
	}
	if (has && n > 0)
		return value(kind_of(c, t, n), t, n);
	if (has && sc == USCRIPT_COMMON && u_charType(c) == U_MODIFIER_LETTER && c < 0x3000)
		return value(FOLD_SPACE, "", 0);	/* apostrophes that Unicode counts among the letters, free-standing tone marks */
	if (has && sc == USCRIPT_LATIN && u_charType(c) == U_OTHER_LETTER)
		return value(FOLD_SPACE, "", 0);	/* clicks, written like punctuation */
	if (has)
		return value(FOLD_PLAIN, "", 0);
	/* no Latin form: stays, decomposed, without the marks that can be told from it */
	{
		char		u[64];
		UChar		kept[64];
		int			nk = 0,
					nu;

		for (i = 0; i < nd;)
		{
			UChar32		m;

			U16_NEXT(d, i, nd, m);
			if (u_getCombiningClass(m) == 0)
				U16_APPEND_UNSAFE(kept, nk, m);
		}
		if (nk == ns && memcmp(kept, s, ns * sizeof(UChar)) == 0)
			return value(FOLD_KEEP, "", 0);
		nu = to_utf8(kept, nk, u, sizeof u);
		for (i = 0; i < nk;)
		{
			UChar32		m;

			U16_NEXT(kept, i, nk, m);
			if (m == c || values[assign(m)].kind != FOLD_KEEP)
				fail("a letter that stays does not stay in its decomposition", c);
		}
		return value(FOLD_PLAIN, u, nu);
	}
}

/* The value of a code point: of what NFKC_Casefold makes of it. */
static int
assign_new(UChar32 c)
{
	UChar		s[2], f[64];
	int			ns = 0, nf;
	int32_t		i = 0;
	uint32_t	gc = U_GET_GC_MASK(c);
	UChar32		d;
	char		out[1024];
	int			n = 0;
	bool		context = false, marks = true;

	if (U_IS_SURROGATE(c) || (gc & U_GC_CO_MASK))
		return value(FOLD_KEEP, "", 0);
	U16_APPEND_UNSAFE(s, ns, c);
	nf = normalize(nfkc_cf, s, ns, f, 64);
	if (nf == 0 || (gc & U_GC_CF_MASK))
		return value(FOLD_IGNORE, "", 0);
	if (gc & U_GC_CN_MASK)
		return value(FOLD_KEEP, "", 0);
	if (nf == ns && memcmp(f, s, ns * sizeof(UChar)) == 0)
	{
		if (gc & (U_GC_Z_MASK | U_GC_CC_MASK | U_GC_P_MASK | U_GC_S_MASK))
			return value(FOLD_SPACE, "", 0);
		if (c >= 0xAC00 && c <= 0xD7A3)
			return value(FOLD_HANGUL, "", 0);
		if (gc & U_GC_ND_MASK)
		{
			out[0] = '0' + u_charDigitValue(c);
			return value(FOLD_PLAIN, out, 1);
		}
		if (script(c) == USCRIPT_HAN && latin_of(c, out + 1, &n) && n > 0)
		{
			out[0] = out[n + 1] = ' ';	/* one word a character */
			return value(FOLD_MIXED, out, n + 2);
		}
		return assign_letter(c, gc);
	}
	/* one code point: its value, but what may compose with a neighbour must be met as itself */
	U16_NEXT(f, i, nf, d);
	if (i == nf && !is_base[d] && !is_second[d] && values[assign(d)].kind != FOLD_KEEP && values[assign(d)].kind != FOLD_HANGUL)
		return assign(d);
	for (i = 0; i < nf;)
	{
		fold_entry	v;

		U16_NEXT(f, i, nf, d);
		v = values[assign(d)];
		marks = marks && v.kind == FOLD_MARK && v.len == 0;
		if (v.kind == FOLD_KEEP)
		{
			int32_t		k = 0;
			char		u[4];

			U8_APPEND_UNSAFE(u, k, d);
			memcpy(out + n, u, k);
			n += k;
		}
		else if (v.kind == FOLD_SPACE)
			out[n++] = ' ';
		else if (v.kind == FOLD_PLAIN || v.kind == FOLD_MIXED)
		{
			memcpy(out + n, pool + v.offset, v.len);
			n += v.len;
		}
		else if ((v.kind != FOLD_MARK && v.kind != FOLD_IGNORE) || v.len > 0)
			context = true;		/* a flag in the kind too */
	}
	if (marks)
		return value(FOLD_MARK, "", 0);
	if (context)
		return value(FOLD_EXPAND, out, to_utf8(f, nf, out, sizeof out));
	return value(memchr(out, ' ', n) ? FOLD_MIXED : FOLD_PLAIN, out, n);
}

static int
assign(UChar32 c)
{
	if (!done[c])
	{
		fold_entry	v = values[assign_new(c)];

		value_of[c] = value(v.kind | (is_base[c] ? FOLD_BASE : 0) | (is_second[c] ? FOLD_SECOND : 0), pool + v.offset, v.len);
		done[c] = true;
	}
	return value_of[c];
}

/*
 * The pairs: a letter that NFC composes from two code points of which the second is no mere mark. Kana with a sound mark, Indic vowels of two parts.
 */
static bool
pair(UChar32 c, UChar32 *a, UChar32 *b)
{
	UErrorCode	e = U_ZERO_ERROR;
	UChar		d[32];
	int			n = unorm2_getRawDecomposition(nfd, c, d, 32, &e);
	int32_t		i = 0;

	if (n < 2 || (c >= 0xAC00 && c <= 0xD7A3))
		return false;
	U16_NEXT(d, i, n, *a);
	U16_NEXT(d, i, n, *b);
	return unorm2_composePair(nfkc_cf, *a, *b) == c && (u_getCombiningClass(*b) == 0 || *b == 0x3099 || *b == 0x309A);
}

/* A script is one with Latin forms when ICU has them for some tens of its letters. */
static void
find_scripts(void)
{
	static int	with[USCRIPT_CODE_LIMIT];

	for (UChar32 c = 0; c < CODE_POINTS; c++)
		if (u_isalpha(c))
		{
			char		t[256];
			int			n;

			with[script(c)] += latin_of(c, t, &n);
		}
	for (int i = 0; i < USCRIPT_CODE_LIMIT; i++)
		script_has_latin[i] = with[i] >= 20;
}

static void
print_string(const char *s, int n)
{
	bool		hex = false;

	putchar('"');
	for (int i = 0; i < n; i++)
	{
		unsigned char b = s[i];

		if (b >= 0x80)
			printf("\\x%02x", b);
		else
			printf("%s%c", hex ? "\" \"" : "", b);
		hex = b >= 0x80;
	}
	putchar('"');
}

static void
print_jamo(void)
{
	static const int count[] = {19, 21, 28};
	char		parts[68][8] = {{0}};
	int			at = 0;

	for (int k = 0; k < 3; k++)
		for (int i = 0; i < count[k]; i++, at++)
		{
			/* beside the silent leading consonant (11) and the vowel a (0) */
			UChar		c = 0xAC00 + (k == 0 ? i * 588 : k == 1 ? 11 * 588 + i * 28 : 11 * 588 + i);
			char		t[256];
			int			n;

			if (!latin(&c, 1, t, &n))
				fail("a Hangul syllable without a Latin form", c);
			if (k == 0)
				n--;			/* the vowel's a */
			memcpy(parts[at], t + (k == 2), n - (k == 2));
		}
	for (int c = 0xAC00; c <= 0xD7A3; c++)
	{
		UChar		u = c;
		char		t[256], ours[16];
		int			n, s = c - 0xAC00;

		latin(&u, 1, t, &n);
		t[n] = 0;
		sprintf(ours, "%s%s%s", parts[s / 588], parts[19 + s % 588 / 28], parts[40 + s % 28]);
		if (strcmp(t, ours) != 0)
			fail("a Hangul syllable is not the sum of its parts", c);
	}
	printf("const char fold_jamo[68][4] = {");
	for (int i = 0; i < 68; i++)
		printf("%s\"%s\"%s", i % 17 ? "" : "\n\t", parts[i], i < 67 ? ", " : "\n};\n\n");
}

int
main(void)
{
	UErrorCode	e = U_ZERO_ERROR;
	UChar		id[100];
	static uint16_t blocks[CODE_POINTS >> FOLD_BLOCK_BITS][FOLD_BLOCK_SIZE], stage1[CODE_POINTS >> FOLD_BLOCK_BITS];
	int			nblocks = 0, expansion = 0;
	UChar32		widest = 0;

	if (strcmp(U_UNICODE_VERSION, PINNED_UNICODE) != 0)
	{
		fprintf(stderr, "fold_table: the table is made from Unicode %s, this ICU has %s\n", PINNED_UNICODE, U_UNICODE_VERSION);
		return 2;
	}
	u_uastrcpy(id, "Any-Latin; Latin-ASCII; Any-Lower");
	to_latin = utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, &e);
	nfd = unorm2_getNFDInstance(&e);
	nfkc_cf = unorm2_getNFKCCasefoldInstance(&e);
	check(e, "ICU", 0);
	find_scripts();
	if (value(FOLD_KEEP, "", 0) != 0)
		fail("KEEP is not value 0", 0);
	for (UChar32 c = 0; c < CODE_POINTS; c++)
	{
		UChar32		a, b;
		UScriptCode sc = script(c);

		if (!pair(c, &a, &b))
			continue;
		if (sc != USCRIPT_COMMON && !script_has_latin[sc])
			continue;
		is_base[a] = is_second[b] = true;
	}
	for (UChar32 c = 0; c < CODE_POINTS; c++)
		assign(c);

	/* the tables: stage 1 gives the block of a code point, equal blocks are one */
	for (UChar32 c = 0; c < CODE_POINTS; c += FOLD_BLOCK_SIZE)
	{
		int			b;

		for (b = 0; b < nblocks && memcmp(blocks[b], value_of + c, sizeof blocks[0]) != 0; b++)
			;
		if (b == nblocks)
			memcpy(blocks[nblocks++], value_of + c, sizeof blocks[0]);
		stage1[c >> FOLD_BLOCK_BITS] = b;
	}
	printf("/*\n * fold_table.c: written by gen/fold_table.sh; do not edit. Unicode %s.\n */\n#include \"text/fold_table.h\"\n\n", PINNED_UNICODE);
	printf("const char fold_unicode_version[] = \"%s\";\n\n", PINNED_UNICODE);
	printf("const char fold_ascii[128] = {");
	for (int c = 0; c < 128; c++)
		printf("%s%d%s", c % 32 ? "" : "\n\t", values[value_of[c]].len ? pool[values[value_of[c]].offset] : 0, c < 127 ? ", " : "\n};\n\n");
	printf("const char fold_latin1[128][2] = {");
	for (int c = 128; c < 256; c++)
	{
		fold_entry	v = values[value_of[c]];
		bool		space = v.kind == FOLD_SPACE;

		/* vulgar fractions and the free-standing accents hold spaces: (1, 0) sends them the general way */
		if (v.kind != FOLD_PLAIN && v.kind != FOLD_SPACE)
			printf("%s{1, 0}%s", c % 16 ? "" : "\n\t", c < 255 ? ", " : "\n};\n\n");
		else
			printf("%s{%d, %d}%s", c % 16 ? "" : "\n\t", v.len ? pool[v.offset] : 0, v.len > 1 ? pool[v.offset + 1] : v.len == 0 && !space, c < 255 ? ", " : "\n};\n\n");
		if (v.len > 2 && v.kind == FOLD_PLAIN)
			fail("more than two letters in Latin-1", c);
	}
	print_jamo();
	printf("const uint16_t fold_pairs[][3] = {\n");
	for (UChar32 a = 0; a < CODE_POINTS; a++)
		for (UChar32 b = 0; is_base[a] && b < CODE_POINTS; b++)
		{
			UChar32		c = is_second[b] ? unorm2_composePair(nfkc_cf, a, b) : -1;

			if (c > 0xFFFF)
				fail("a pair beyond the table", c);
			if (c > 0)
				printf("\t{0x%04X, 0x%04X, 0x%04X},\n", a, b, c);
		}
	printf("\t{0, 0, 0}\n};\n\n");
	printf("const fold_entry fold_value[%d] = {", nvalues);
	for (int i = 0; i < nvalues; i++)
		printf("%s{%d, %d, %d},", i % 10 ? " " : "\n\t", values[i].offset, values[i].len, values[i].kind);
	printf("\n};\n\nconst char fold_pool[%d] =", npool + 1);
	for (int i = 0; i < npool; i += 110)
	{
		printf("\n\t");
		print_string(pool + i, npool - i < 110 ? npool - i : 110);
	}
	printf(";\n\nconst uint16_t fold_stage1[%d] = {", CODE_POINTS >> FOLD_BLOCK_BITS);
	for (int i = 0; i < CODE_POINTS >> FOLD_BLOCK_BITS; i++)
		printf("%s%d,", i % 32 ? " " : "\n\t", stage1[i]);
	printf("\n};\n\nconst uint16_t fold_stage2[%d] = {", nblocks * FOLD_BLOCK_SIZE);
	for (int i = 0; i < nblocks * FOLD_BLOCK_SIZE; i++)
		printf("%s%d,", i % 32 ? " " : "\n\t", blocks[i / FOLD_BLOCK_SIZE][i % FOLD_BLOCK_SIZE]);
	printf("\n};\n");

	for (UChar32 c = 0; c < CODE_POINTS; c++)
		if (values[value_of[c]].kind != FOLD_EXPAND && values[value_of[c]].len > expansion * U8_LENGTH(c))
		{
			expansion = (values[value_of[c]].len + U8_LENGTH(c) - 1) / U8_LENGTH(c);
			widest = c;
		}
	fprintf(stderr, "%d values, %d bytes of strings, %d blocks: %d bytes; widest U+%04X, %d bytes for one\n", nvalues, npool, nblocks,
			(int) (nvalues * sizeof(fold_entry) + npool + sizeof blocks[0] * nblocks + sizeof stage1), (unsigned) widest, expansion);
	return 0;
}
