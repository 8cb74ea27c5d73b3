/*
 * phonetic.c: how a word sounds: Double Metaphone (Philips, "The Double Metaphone Search Algorithm", C/C++ Users Journal 18(6), 2000),
 * which knows the spellings of English, French, German, Italian, Spanish and Slavic names, and gives a second code where a word can be
 * read in two ways. Words come in folded: lower-case Latin letters without marks.
 *
 * French leaves letters unsaid where the algorithm reads them: an h at the beginning, the consonants at the end (Renault, Renaud), the b of
 * Lefebvre. Where a word has such letters, the codes of what is said are given too.
 */
#include "match/match.h"

#include <string.h>

#define WORD_MAX 64

typedef struct sound
{
	char		word[WORD_MAX + 1];
	int			length;
	bool		slavo_germanic;
	char		code[2][PHONETIC_LENGTH + 4];	/* primary and alternate */
	int			n[2];
} sound;

/* The letter at i; a space before the beginning and behind the end. */
static inline char
letter(const sound *w, int i)
{
	return i >= 0 && i < w->length ? w->word[i] : ' ';
}

/* Whether one of the strings, which a bar separates, stands at i. */
static bool
at(const sound *w, int i, const char *strings)
{
	if (i < 0)
		return false;
	while (*strings != 0)
	{
		int			k = 0;

		while (strings[k] != 0 && strings[k] != '|' && letter(w, i + k) == strings[k])
			k++;
		if (strings[k] == 0 || strings[k] == '|')
			return true;
		while (strings[k] != 0 && strings[k] != '|')
			k++;
		strings += k + (strings[k] == '|');
	}
	return false;
}

static inline bool
vowel(const sound *w, int i)
{
	char		c = letter(w, i);

	return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y';
}

static void
add(sound *w, const char *primary, const char *alternate)
{
	for (; *primary != 0 && w->n[0] < PHONETIC_LENGTH; primary++)
		w->code[0][w->n[0]++] = *primary;
	for (; *alternate != 0 && w->n[1] < PHONETIC_LENGTH; alternate++)
		w->code[1][w->n[1]++] = *alternate;
}

#define BOTH(code) add(w, code, code)

/* Each of these reads the letter at i and says where the next one is. */
static int
sound_c(sound *w, int i)
{
	bool		germanic = at(w, 0, "van |von |sch");

	if (i > 1 && !vowel(w, i - 2) && at(w, i - 1, "ach") && letter(w, i + 2) != 'i' && (letter(w, i + 2) != 'e' || at(w, i - 2, "bacher|macher")))
		return BOTH("K"), i + 2;
	if (i == 0 && at(w, i, "caesar"))
		return BOTH("S"), i + 2;
	if (at(w, i, "chia"))
		return BOTH("K"), i + 2;
	if (at(w, i, "ch"))
	{
		if (i > 0 && at(w, i, "chae"))
			add(w, "K", "X");
		else if (i == 0 && at(w, 1, "harac|haris|hor|hym|hia|hem") && !at(w, 0, "chore"))
			BOTH("K");
		else if (germanic || at(w, i - 2, "orches|archit|orchid") || at(w, i + 2, "t|s") ||
				 ((i == 0 || at(w, i - 1, "a|o|u|e")) && at(w, i + 2, "l|r|n|m|b|h|f|v|w| ")))
			BOTH("K");
		else if (i == 0)
			BOTH("X");
		else if (at(w, 0, "mc"))
			BOTH("K");
		else
			add(w, "X", "K");
		return i + 2;
	}
	if (at(w, i, "cz") && !at(w, i - 2, "wicz"))
		return add(w, "S", "X"), i + 2;
	if (at(w, i + 1, "cia"))
		return BOTH("X"), i + 3;
	if (at(w, i, "cc") && !(i == 1 && letter(w, 0) == 'm'))
	{
		if (!at(w, i + 2, "i|e|h") || at(w, i + 2, "hu"))
			return BOTH("K"), i + 2;
		if ((i == 1 && letter(w, 0) == 'a') || at(w, i - 1, "uccee|ucces"))
			BOTH("KS");
		else
			BOTH("X");
		return i + 3;
	}
	if (at(w, i, "ck|cg|cq"))
		return BOTH("K"), i + 2;
	if (at(w, i, "ci|ce|cy"))
	{
		if (at(w, i, "cio|cie|cia"))
			add(w, "S", "X");
		else
			BOTH("S");
		return i + 2;
	}
	BOTH("K");
	return at(w, i + 1, "c|k|q") && !at(w, i + 1, "ce|ci") ? i + 2 : i + 1;
}

static int
sound_g(sound *w, int i)
{
	char		next = letter(w, i + 1);

	if (next == 'h')
	{
		if (i > 0 && !vowel(w, i - 1))
			BOTH("K");
		else if (i == 0)
			BOTH(letter(w, 2) == 'i' ? "J" : "K");
		/* Parker's rule: hugh, bough, broughton */
		else if (at(w, i - 2, "b|h|d") || at(w, i - 3, "b|h|d") || at(w, i - 4, "b|h"))
			;
		/* laugh, mclaughlin, cough, gough, rough, tough */
		else if (i > 2 && letter(w, i - 1) == 'u' && at(w, i - 3, "c|g|l|r|t"))
			BOTH("F");
		else if (letter(w, i - 1) != 'i')
			BOTH("K");
		return i + 2;
	}
	if (next == 'n')
	{
		if (i == 1 && vowel(w, 0) && !w->slavo_germanic)
			add(w, "KN", "N");
		else if (!at(w, i + 2, "ey") && !w->slavo_germanic)
			add(w, "N", "KN");
		else
			BOTH("KN");
		return i + 2;
	}
	if (at(w, i + 1, "li") && !w->slavo_germanic)
		return add(w, "KL", "L"), i + 2;
	if (i == 0 && at(w, 1, "y|es|ep|eb|el|ey|ib|il|in|ie|ei|er"))
		return add(w, "K", "J"), i + 2;
	if (at(w, i + 1, "er|y") && !at(w, 0, "danger|ranger|manger") && !at(w, i - 1, "e|i|rgy|ogy"))
		return add(w, "K", "J"), i + 2;
	if (at(w, i + 1, "e|i|y") || at(w, i - 1, "aggi|oggi"))
	{
		if (at(w, 0, "van |von |sch") || at(w, i + 1, "et"))
			BOTH("K");
		else if (at(w, i + 1, "ier "))
			BOTH("J");
		else
			add(w, "J", "K");
		return i + 2;
	}
	BOTH("K");
	return next == 'g' ? i + 2 : i + 1;
}

static int
sound_j(sound *w, int i)
{
	char		next = letter(w, i + 1);

	if (at(w, i, "jose"))
	{
		if (i == 0 && letter(w, i + 4) == ' ')
			BOTH("H");
		else
			add(w, "J", "H");
		return i + 1;
	}
	if (i == 0)
		add(w, "J", "A");
	else if (vowel(w, i - 1) && !w->slavo_germanic && (next == 'a' || next == 'o'))
		add(w, "J", "H");
	else if (i == w->length - 1)
		add(w, "J", "");
	else if (!at(w, i + 1, "l|t|k|s|n|m|b|z") && !at(w, i - 1, "s|k|l"))
		BOTH("J");
	return next == 'j' ? i + 2 : i + 1;
}

static int
sound_s(sound *w, int i)
{
	int			last = w->length - 1;

	if (at(w, i - 1, "isl|ysl"))
		return i + 1;
	if (i == 0 && at(w, i, "sugar"))
		return add(w, "X", "S"), i + 1;
	if (at(w, i, "sh"))
	{
		BOTH(at(w, i + 1, "heim|hoek|holm|holz") ? "S" : "X");
		return i + 2;
	}
	if (at(w, i, "sio|sia"))
	{
		add(w, "S", w->slavo_germanic ? "S" : "X");
		return i + 3;
	}
	if ((i == 0 && at(w, 1, "m|n|l|w")) || letter(w, i + 1) == 'z')
	{
		add(w, "S", "X");
		return letter(w, i + 1) == 'z' ? i + 2 : i + 1;
	}
	if (at(w, i, "sc"))
	{
		if (letter(w, i + 2) == 'h')
		{
			if (at(w, i + 3, "er|en"))
				add(w, "X", "SK");
			else if (at(w, i + 3, "oo|uy|ed|em"))
				BOTH("SK");
			else if (i == 0 && !vowel(w, 3) && letter(w, 3) != 'w')
				add(w, "X", "S");
			else
				BOTH("X");
		}
		else
			BOTH(at(w, i + 2, "i|e|y") ? "S" : "SK");
		return i + 3;
	}
	add(w, i == last && at(w, i - 2, "ai|oi") ? "" : "S", "S");
	return at(w, i + 1, "s|z") ? i + 2 : i + 1;
}

static int
sound_t(sound *w, int i)
{
	if (at(w, i, "tion|tia|tch"))
		return BOTH("X"), i + 3;
	if (at(w, i, "th|tth"))
	{
		if (at(w, i + 2, "om|am") || at(w, 0, "van |von |sch"))
			BOTH("T");
		else
			add(w, "0", "T");
		return i + 2;
	}
	BOTH("T");
	return at(w, i + 1, "t|d") ? i + 2 : i + 1;
}

static int
sound_w(sound *w, int i)
{
	if (at(w, i, "wr"))
		return BOTH("R"), i + 2;
	if (i == 0 && vowel(w, 1))
		add(w, "A", "F");
	else if (i == 0 && at(w, 0, "wh"))
		BOTH("A");
	if ((i == w->length - 1 && vowel(w, i - 1)) || at(w, i - 1, "ewski|ewsky|owski|owsky") || at(w, 0, "sch"))
		return add(w, "", "F"), i + 1;
	if (at(w, i, "wicz|witz"))
		return add(w, "TS", "FX"), i + 4;
	return i + 1;
}

static int
sound_l(sound *w, int i)
{
	int			last = w->length - 1;

	if (letter(w, i + 1) != 'l')
		return BOTH("L"), i + 1;
	if ((i == last - 2 && at(w, i - 1, "illo|illa|alle")) || ((at(w, last - 1, "as|os") || at(w, last, "a|o")) && at(w, i - 1, "alle")))
		add(w, "L", "");
	else
		BOTH("L");
	return i + 2;
}

static int
sound_letter(sound *w, int i)
{
	char		c = w->word[i],
				next = letter(w, i + 1);
	int			last = w->length - 1,
				step = next == c ? i + 2 : i + 1;

	switch (c)
	{
		case 'a': case 'e': case 'i': case 'o': case 'u': case 'y':
			if (i == 0)
				BOTH("A");
			return i + 1;
		case 'b':
			return BOTH("P"), step;
		case 'c':
			return sound_c(w, i);
		case 'd':
			if (next == 'g' && at(w, i + 2, "i|e|y"))
				return BOTH("J"), i + 3;
			if (next == 'g')
				return BOTH("TK"), i + 2;
			return BOTH("T"), next == 't' ? i + 2 : step;
		case 'f':
			return BOTH("F"), step;
		case 'g':
			return sound_g(w, i);
		case 'h':
			if ((i == 0 || vowel(w, i - 1)) && vowel(w, i + 1))
				return BOTH("H"), i + 2;
			return i + 1;
		case 'j':
			return sound_j(w, i);
		case 'k': case 'q':
			return BOTH("K"), step;
		case 'l':
			return sound_l(w, i);
		case 'm':
			BOTH("M");
			return at(w, i - 1, "umb") && (i + 1 == last || at(w, i + 2, "er")) ? i + 2 : step;
		case 'n':
			return BOTH("N"), step;
		case 'p':
			if (next == 'h')
				return BOTH("F"), i + 2;
			return BOTH("P"), next == 'b' ? i + 2 : step;
		case 'r':
			add(w, i == last && !w->slavo_germanic && at(w, i - 2, "ie") && !at(w, i - 4, "me|ma") ? "" : "R", "R");
			return step;
		case 's':
			return sound_s(w, i);
		case 't':
			return sound_t(w, i);
		case 'v':
			return BOTH("F"), step;
		case 'w':
			return sound_w(w, i);
		case 'x':
			if (i == 0)
				return BOTH("S"), i + 1;
			if (!(i == last && (at(w, i - 3, "iau|eau") || at(w, i - 2, "au|ou"))))
				BOTH("KS");
			return next == 'c' ? i + 2 : step;
		case 'z':
			if (next == 'h')
				return BOTH("J"), i + 2;
			add(w, "S", at(w, i + 1, "zo|zi|za") || (w->slavo_germanic && i > 0 && letter(w, i - 1) != 't') ? "TS" : "S");
			return step;
		default:
			if (c >= '0' && c <= '9')
				add(w, (char[2]) {c}, (char[2]) {c});
			return i + 1;
	}
}

static void
double_metaphone(sound *w)
{
	int			i;

	w->n[0] = w->n[1] = 0;
	w->slavo_germanic = false;
	for (i = 0; i < w->length; i++)
		if (at(w, i, "w|k|cz|witz"))
			w->slavo_germanic = true;
	i = at(w, 0, "gn|kn|pn|wr|ps") ? 1 : 0;
	while (i < w->length && (w->n[0] < PHONETIC_LENGTH || w->n[1] < PHONETIC_LENGTH))
		i = sound_letter(w, i);
	w->code[0][w->n[0]] = w->code[1][w->n[1]] = 0;
}

/* french: the word without the letters that French leaves unsaid; false when it has none, or when too little would be left. */
static bool
french(const sound *w, sound *said)
{
	int			from = w->word[0] == 'h',
				n = w->length,
				m = 0;

	if (n > 2 && at(w, n - 2, "er|ez"))
		n--;
	else
	{
		if (n > 2 && !at(w, n - 2, "tz") && !(w->word[n - 1] == 'p' && strchr("oum", w->word[n - 2]) == NULL))
			while (n > 0 && strchr("tdsxzp", w->word[n - 1]) != NULL)
				n--;
		if (n < w->length && n > 1 && w->word[n - 1] == 'l' && w->word[n - 2] == 'u')
			n--;
		/* what has no vowel or r, n, m, g, c before those is no silent end: Kurtz, Leopold, Adolphs */
		if (n < w->length && (n == 0 || strchr("aeiouyrnmgc", w->word[n - 1]) == NULL))
			n = w->length;
	}
	for (int i = from; i < n; i++)
		if (!(w->word[i] == 'b' && letter(w, i + 1) == 'v'))
			said->word[m++] = w->word[i];
	said->length = m;
	return m >= 3 && m < w->length;
}

/* phonetic_codes: see match.h. Letters beyond the 64th do not count. */
int
phonetic_codes(const char *s, size_t n, char (*codes)[PHONETIC_LENGTH + 1])
{
	sound		w[2];
	int			count = 0;

	w[0].length = 0;
	for (size_t i = 0; i < n && w[0].length < WORD_MAX; i++)
		if ((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9'))
			w[0].word[w[0].length++] = s[i];
	if (w[0].length == 0)
		return 0;
	for (int k = 0; k < 2; k++)
	{
		if (k == 1 && !french(&w[0], &w[1]))
			break;
		double_metaphone(&w[k]);
		/* one letter alone would make alike what is not */
		if (k == 1 && w[k].n[0] < 2)
			break;
		for (int a = 0; a < 2; a++)
		{
			bool		known = w[k].n[a] == 0;

			for (int j = 0; j < count; j++)
				known = known || strcmp(codes[j], w[k].code[a]) == 0;
			if (!known)
				memcpy(codes[count++], w[k].code[a], (size_t) w[k].n[a] + 1);
		}
	}
	return count;
}
