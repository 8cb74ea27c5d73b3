/*
 * similarity.c: the fast comparisons against slow obvious ones, on random strings of several alphabets and lengths.
 */
#include "unit.h"

#include "match/match.h"

static uint64_t seed = 20260101;

static uint32_t
draw(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t) (seed >> 33) % n;
}

static int
put(char *out, uint32_t c)
{
	if (c < 0x80)
		return out[0] = (char) c, 1;
	if (c < 0x800)
		return out[0] = (char) (0xc0 | c >> 6), out[1] = (char) (0x80 | (c & 63)), 2;
	if (c < 0x10000)
		return out[0] = (char) (0xe0 | c >> 12), out[1] = (char) (0x80 | (c >> 6 & 63)), out[2] = (char) (0x80 | (c & 63)), 3;
	return out[0] = (char) (0xf0 | c >> 18), out[1] = (char) (0x80 | (c >> 12 & 63)), out[2] = (char) (0x80 | (c >> 6 & 63)), out[3] = (char) (0x80 | (c & 63)), 4;
}

static double
slow_jaro_winkler(const uint32_t *a, int la, const uint32_t *b, int lb)
{
	char		fa[512] = {0},
				fb[512] = {0};
	int			bound = (la > lb ? la : lb) / 2 - 1,
				m = 0,
				t = 0,
				prefix = 0;
	double		s;

	if (la == 0 || lb == 0)
		return la == lb;
	if (bound < 0)
		bound = 0;
	for (int j = 0; j < lb; j++)
		for (int i = 0; i < la; i++)
			if (abs(i - j) <= bound && !fa[i] && a[i] == b[j])
			{
				fa[i] = fb[j] = 1;
				m++;
				break;
			}
	if (m == 0)
		return 0;
	for (int i = 0, j = 0; i < la; i++)
		if (fa[i])
		{
			while (!fb[j])
				j++;
			t += a[i] != b[j++];
		}
	s = ((double) m / la + (double) m / lb + (double) (m - t / 2) / m) / 3.0;
	while (prefix < 4 && prefix < la && prefix < lb && a[prefix] == b[prefix])
		prefix++;
	return s > 0.7 ? s + 0.1 * prefix * (1.0 - s) : s;
}

static int
slow_edit_distance(const uint32_t *a, int la, const uint32_t *b, int lb)
{
	static int	d[512][512];

	for (int i = 0; i <= la; i++)
		for (int j = 0; j <= lb; j++)
		{
			int			v;

			if (i == 0 || j == 0)
			{
				d[i][j] = i + j;
				continue;
			}
			v = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (d[i - 1][j] + 1 < v)
				v = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < v)
				v = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < v)
				v = d[i - 2][j - 2] + 1;
			d[i][j] = v;
		}
	return d[la][lb];
}

int
main(void)
{
	/* first code point and number of letters of each alphabet: few and many letters, Latin-1, Cyrillic, kana, beyond the BMP, a mixture */
	static const struct { uint32_t base; uint32_t letters; } alphabet[] = {{'a', 3}, {'a', 26}, {0xe0, 30}, {0x430, 32}, {0x3041, 80}, {0x20000, 200}, {0xf8, 16}};
	int			wrong_jw = 0,
				wrong_ed = 0,
				wrong_cut = 0,
				pairs = 0;

	printf("# seed %llu\n", (unsigned long long) seed);
	for (int round = 0; round < 60000; round++)
	{
		uint32_t	a[300],
					b[300],
					longest = round % 10 == 0 ? 300 : round % 3 == 0 ? 70 : 20;
		int			la = (int) draw(longest),
					lb,
					at_most = (int) draw(12),
					which = (int) draw(7),
					na = 0,
					nb = 0,
					d;
		double		jw;
		char	   *ta = malloc(1200),
				   *tb = malloc(1200),
				   *ea,
				   *eb;
		uint32_t   *work;

		for (int i = 0; i < la; i++)
			a[i] = alphabet[which].base + draw(alphabet[which].letters);
		if (draw(2))
		{
			/* a copy with edits, so that alike strings are met too */
			lb = 0;
			for (int i = 0; i < la; i++)
			{
				uint32_t	what = draw(12);

				if (what == 0)
					continue;
				if (what == 1 && lb < 299)
					b[lb++] = alphabet[which].base + draw(alphabet[which].letters);
				if (what == 2 && lb > 0 && lb < 299)
				{
					b[lb] = b[lb - 1];
					b[lb - 1] = a[i];
					lb++;
					continue;
				}
				if (lb < 299)
					b[lb++] = a[i];
			}
		}
		else
		{
			lb = (int) draw(longest);
			for (int i = 0; i < lb; i++)
				b[i] = alphabet[which].base + draw(alphabet[which].letters);
		}
		for (int i = 0; i < la; i++)
			na += put(ta + na, a[i]);
		for (int i = 0; i < lb; i++)
			nb += put(tb + nb, b[i]);
		/* copies of the exact size: reading past the end is seen by a sanitizer */
		ea = malloc(na ? na : 1);
		eb = malloc(nb ? nb : 1);
		memcpy(ea, ta, na);
		memcpy(eb, tb, nb);
		work = malloc(SIMILARITY_WORK(la, lb) * sizeof(uint32_t) + 1);
		jw = jaro_winkler(ea, na, eb, nb, work);
		wrong_jw += jw != slow_jaro_winkler(a, la, b, lb) || (la == lb && memcmp(a, b, la * sizeof *a) == 0 && jw < 1 - 1e-15);
		d = slow_edit_distance(a, la, b, lb);
		wrong_ed += edit_distance(ea, na, eb, nb, -1, work) != d;
		wrong_cut += edit_distance(ea, na, eb, nb, at_most, work) != (d > at_most ? at_most + 1 : d);
		pairs++;
		free(ta), free(tb), free(ea), free(eb), free(work);
	}
	CHECK(wrong_jw == 0, "jaro_winkler equals the slow one on %d pairs (%d differ)", pairs, wrong_jw);
	CHECK(wrong_ed == 0, "edit_distance equals the slow one on %d pairs (%d differ)", pairs, wrong_ed);
	CHECK(wrong_cut == 0, "edit_distance with a limit equals the slow one on %d pairs (%d differ)", pairs, wrong_cut);
	{
		uint32_t	work[64];

		CHECK(jaro_winkler("MARTHA", 6, "MARHTA", 6, work) > 0.96111 && jaro_winkler("MARTHA", 6, "MARHTA", 6, work) < 0.96112, "the published value of MARTHA and MARHTA");
		CHECK(jaro_winkler("DIXON", 5, "DICKSONX", 8, work) > 0.81333 && jaro_winkler("DIXON", 5, "DICKSONX", 8, work) < 0.81334, "the published value of DIXON and DICKSONX");
		CHECK(edit_distance("ca", 2, "abc", 3, -1, work) == 3, "no part is edited twice: ca to abc takes 3");
	}
	return unit_done();
}
