/*
 * similarity.c: how alike two strings are, character by character: Jaro-Winkler (Jaro 1989, Winkler 1990) and the optimal string
 * alignment distance (Damerau 1964; bit-parallel after Hyyrö 2003).
 *
 * Text comes in as UTF-8, is decoded once, and is compared as bytes where it can be: where all characters are below U+0100, or, for up to
 * 64 characters, after the distinct characters of the first string are numbered. Up to 64 characters one 64-bit word holds the positions
 * of the first string, and one step of the loop does a whole row. Longer strings take the plain way.
 */
#include "match/match.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define WORD 64

static inline uint64_t
low_bits(int n)
{
	return n >= WORD ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1;
}

/* Number of set bits without the instruction, which the baseline of x86-64 lacks. */
static inline int
count_bits(uint64_t x)
{
	x -= (x >> 1) & UINT64_C(0x5555555555555555);
	x = (x & UINT64_C(0x3333333333333333)) + ((x >> 2) & UINT64_C(0x3333333333333333));
	x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (int) ((x * UINT64_C(0x0101010101010101)) >> 56);
}

/*
 * Where a byte stands in the first string, as a word of positions. With SSE2 the string stays in registers and each question is a
 * compare; elsewhere it is a table. `registers` is a constant of the caller: 1, 2 or 4 of 16 bytes.
 */
#ifdef __SSE2__
typedef struct { __m128i v[4]; uint64_t mask; } positions;

static inline __attribute__((always_inline)) void
positions_load(positions *p, const uint8_t *a, int la, const int registers)
{
	for (int k = 0; k < registers; k++)
		p->v[k] = _mm_loadu_si128((const __m128i *) a + k);
	p->mask = low_bits(la);
}

static inline __attribute__((always_inline)) uint64_t
positions_of(const positions *p, uint8_t c, const int registers)
{
	__m128i		s = _mm_set1_epi8((char) c);
	uint64_t	r = 0;

	for (int k = 0; k < registers; k++)
		r |= (uint64_t) (uint32_t) _mm_movemask_epi8(_mm_cmpeq_epi8(p->v[k], s)) << (16 * k);
	return r & p->mask;
}
#else
typedef struct { uint64_t table[256]; } positions;

static inline void
positions_load(positions *p, const uint8_t *a, int la, const int registers)
{
	(void) registers;
	memset(p->table, 0, sizeof p->table);
	for (int i = 0; i < la; i++)
		p->table[a[i]] |= UINT64_C(1) << i;
}

static inline uint64_t
positions_of(const positions *p, uint8_t c, const int registers)
{
	(void) registers;
	return p->table[c];
}
#endif

static inline double
jaro_winkler_value(int common, int out_of_order, int la, int lb, int prefix)
{
	double		s;

	if (common == 0)
		return 0;
	s = ((double) common / la + (double) common / lb + (double) (common - out_of_order / 2) / common) / 3.0;
	/* Winkler's bonus is for pairs that are already alike */
	if (s > 0.7)
		s += 0.1 * prefix * (1.0 - s);
	return s;
}

static inline __attribute__((always_inline)) double
jaro_winkler_word(const uint8_t *a, int la, const uint8_t *b, int lb, const int registers)
{
	positions	p;
	int			shorter = la < lb ? la : lb;
	int			bound = (la > lb ? la : lb) / 2 - 1;
	int			j = 0,
				prefix,
				end,
				out_of_order = 0;
	uint64_t	in_a,
				in_b,
				window,
				x,
				y;

	if (bound < 0)
		bound = 0;
	positions_load(&p, a, la, registers);
	/* a common beginning matches itself, which saves its turns of the loop */
	while (j < shorter && a[j] == b[j])
		j++;
	prefix = j < 4 ? j : 4;
	in_a = in_b = low_bits(j);
	/* characters of b beyond the reach of a's end cannot match */
	end = lb < la + bound ? lb : la + bound;
	window = low_bits(j + bound + 1);
	if (j > bound)
		window &= ~low_bits(j - bound);
	for (; j < end; j++)
	{
		x = positions_of(&p, b[j], registers) & window & ~in_a;
		x &= -x;
		in_a |= x;
		in_b |= (uint64_t) (x != 0) << j;
		/* grows at its upper end until it is whole, then moves */
		window = (window << 1) | (j < bound);
	}
	for (x = in_a & ~low_bits(prefix), y = in_b & ~low_bits(prefix); y != 0; x &= x - 1, y &= y - 1)
		out_of_order += a[__builtin_ctzll(x)] != b[__builtin_ctzll(y)];
	return jaro_winkler_value(count_bits(in_b), out_of_order, la, lb, prefix);
}

/*
 * jaro_winkler_bytes: for strings of at most 64 one-byte characters, each readable for SIMILARITY_PAD bytes. 1 for two empty strings, 0
 * when one is empty.
 */
double
jaro_winkler_bytes(const uint8_t *a, int la, const uint8_t *b, int lb)
{
	if (la == 0 || lb == 0)
		return la == lb;
	if (la <= 16)
		return jaro_winkler_word(a, la, b, lb, 1);
	if (la <= 32)
		return jaro_winkler_word(a, la, b, lb, 2);
	return jaro_winkler_word(a, la, b, lb, 4);
}

static inline __attribute__((always_inline)) int
edit_distance_word(const uint8_t *a, int la, const uint8_t *b, int lb, const int registers)
{
	positions	p;
	uint64_t	vp = ~UINT64_C(0),
				vn = 0,
				d0 = 0,
				previous = 0,
				last = UINT64_C(1) << (la - 1);
	int			d = la;

	positions_load(&p, a, la, registers);
	for (int j = 0; j < lb; j++)
	{
		uint64_t	pm = positions_of(&p, b[j], registers);
		uint64_t	swapped = ((~d0 & pm) << 1) & previous;
		uint64_t	hp,
					hn;

		d0 = ((((pm & vp) + vp) ^ vp) | pm | vn) | swapped;
		hp = vn | ~(d0 | vp);
		hn = d0 & vp;
		d += (hp & last) != 0;
		d -= (hn & last) != 0;
		hp = (hp << 1) | 1;
		hn <<= 1;
		vp = hn | ~(d0 | hp);
		vn = hp & d0;
		previous = pm;
	}
	return d;
}

/* edit_distance_bytes: as jaro_winkler_bytes; the number of insertions, deletions, replacements and swaps of neighbours. */
int
edit_distance_bytes(const uint8_t *a, int la, const uint8_t *b, int lb)
{
	while (la > 0 && lb > 0 && a[la - 1] == b[lb - 1])
		la--, lb--;
	if (la == 0 || lb == 0)
		return la + lb;
	if (la <= 16)
		return edit_distance_word(a, la, b, lb, 1);
	if (la <= 32)
		return edit_distance_word(a, la, b, lb, 2);
	return edit_distance_word(a, la, b, lb, 4);
}

/* similarity_length: the number of characters of valid UTF-8. */
int
similarity_length(const char *s, size_t n)
{
	int			length = 0;

	for (size_t i = 0; i < n; i++)
		length += ((unsigned char) s[i] & 0xc0) != 0x80;
	return length;
}

/*
 * decode: the characters of valid UTF-8 as 32-bit units. A truncated sequence at the end is read as far as it goes, so that no byte past
 * the end is touched whatever comes in.
 */
static int
decode(const char *s, size_t n, uint32_t *out)
{
	const unsigned char *p = (const unsigned char *) s,
			   *end = p + n;
	int			length = 0;

	while (p < end)
	{
		uint32_t	c = *p++;
		int			more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;

		if (more > 0)
			c &= 0x3f >> more;
		for (; more > 0 && p < end && (*p & 0xc0) == 0x80; more--)
			c = c << 6 | (*p++ & 0x3f);
		out[length++] = c;
	}
	return length;
}

#ifdef __SSE2__
/*
 * copy_word: at most 64 bytes into a buffer with SIMILARITY_PAD more. Where no page ends within the next 64 bytes they are copied whole, which takes no
 * decision on the length: reading past a value's end, within its page, cannot fail. Tools that watch each byte get a plain copy.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define WATCHED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(USE_VALGRIND)
#define WATCHED
#endif

static inline void
copy_word(const char *s, size_t n, uint8_t *out)
{
#ifndef WATCHED
	if (((uintptr_t) s & 4095) <= 4096 - WORD)
	{
		for (int k = 0; k < 4; k++)
			_mm_storeu_si128((__m128i *) out + k, _mm_loadu_si128((const __m128i *) s + k));
		return;
	}
#endif
	memcpy(out, s, n);
}
#endif

/* decode_bytes: the same into bytes, -1 when it has more than 64 characters or one from U+0100 on. */
static inline int
decode_bytes(const char *s, size_t n, uint8_t *out)
{
	const unsigned char *p = (const unsigned char *) s,
			   *end = p + n;
	int			length = 0;

#ifdef __SSE2__
	/* most names have at most 64 bytes and few beyond ASCII */
	if (n <= WORD)
	{
		uint64_t	high = 0;
		__m128i		v[4];

		copy_word(s, n, out);
		for (int k = 0; k < 2; k++)
			high |= (uint64_t) (uint32_t) _mm_movemask_epi8(_mm_loadu_si128((const __m128i *) out + k)) << (16 * k);
		if (n > 32)
			for (int k = 2; k < 4; k++)
				high |= (uint64_t) (uint32_t) _mm_movemask_epi8(_mm_loadu_si128((const __m128i *) out + k)) << (16 * k);
		high &= low_bits((int) n);
		/* two bytes become one, and the rest moves up */
		while (high != 0)
		{
			int			i = __builtin_ctzll(high);

			if (out[i] > 0xc3 || (size_t) i + 1 == n)
				return -1;
			out[i] = (uint8_t) ((out[i] & 3) << 6 | (out[i + 1] & 0x3f));
			for (int k = 0; k < 4; k++)
				v[k] = _mm_loadu_si128((const __m128i *) (out + i + 2) + k);
			for (int k = 0; k < 4; k++)
				_mm_storeu_si128((__m128i *) (out + i + 1) + k, v[k]);
			n--;
			high = high >> 1 & ~low_bits(i + 1);
		}
		return (int) n;
	}
#endif
	while (p < end)
	{
		uint32_t	c = *p++;

		if (c >= 0x80)
		{
			if (c > 0xc3 || p == end)
				return -1;
			c = (c & 3) << 6 | (*p++ & 0x3f);
		}
		if (length == WORD)
			return -1;
		out[length++] = (uint8_t) c;
	}
	return length;
}

/*
 * number: gives the distinct characters of a (at most 64) the numbers 1 to 64, and those of b that a does not have 0, which stands for
 * "nowhere in a". Then bytes can be compared instead.
 */
static void
number(const uint32_t *a, int la, const uint32_t *b, int lb, uint8_t *to_a, uint8_t *to_b)
{
	uint32_t	key[2 * WORD];
	uint8_t		value[2 * WORD];
	int			used = 0;

	memset(value, 0, sizeof value);
#define SLOT(c) \
	uint32_t slot = ((c) * UINT32_C(2654435761)) >> 25; \
	while (value[slot] != 0 && key[slot] != (c)) \
		slot = (slot + 1) & (2 * WORD - 1)
	for (int i = 0; i < la; i++)
	{
		SLOT(a[i]);
		if (value[slot] == 0)
		{
			key[slot] = a[i];
			value[slot] = (uint8_t) ++used;
		}
		to_a[i] = value[slot];
	}
	for (int i = 0; i < lb; i++)
	{
		SLOT(b[i]);
		to_b[i] = value[slot];
	}
#undef SLOT
}

static double
jaro_winkler_long(const uint32_t *a, int la, const uint32_t *b, int lb, uint8_t *flags)
{
	int			longer = la > lb ? la : lb,
				bound = longer / 2 - 1,
				common = 0,
				out_of_order = 0,
				prefix = 0;
	uint8_t    *in_a = flags,
			   *in_b = flags + la;

	if (bound < 0)
		bound = 0;
	memset(flags, 0, (size_t) la + lb);
	for (int j = 0; j < lb; j++)
	{
		int			end = j + bound + 1 < la ? j + bound + 1 : la;

		for (int i = j > bound ? j - bound : 0; i < end; i++)
			if (!in_a[i] && a[i] == b[j])
			{
				in_a[i] = in_b[j] = 1;
				common++;
				break;
			}
	}
	for (int i = 0, j = 0; j < lb; j++)
		if (in_b[j])
		{
			while (!in_a[i])
				i++;
			out_of_order += a[i++] != b[j];
		}
	while (prefix < 4 && prefix < la && prefix < lb && a[prefix] == b[prefix])
		prefix++;
	return jaro_winkler_value(common, out_of_order, la, lb, prefix);
}

/* Three rows of the dynamic programme; stops when a whole row is above at_most. */
static int
edit_distance_long(const uint32_t *a, int la, const uint32_t *b, int lb, int at_most, uint32_t *rows)
{
	uint32_t   *before = rows,
			   *above = rows + lb + 1,
			   *row = rows + 2 * (lb + 1),
			   *swap;

	for (int j = 0; j <= lb; j++)
		above[j] = (uint32_t) j;
	for (int i = 1; i <= la; i++)
	{
		uint32_t	least = row[0] = (uint32_t) i;

		for (int j = 1; j <= lb; j++)
		{
			uint32_t	d = above[j - 1] + (a[i - 1] != b[j - 1]);

			if (above[j] + 1 < d)
				d = above[j] + 1;
			if (row[j - 1] + 1 < d)
				d = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < d)
				d = before[j - 2] + 1;
			row[j] = d;
			if (d < least)
				least = d;
		}
		/* a swap reaches back two rows, so the distance can be one below the least of a row, not more */
		if (at_most >= 0 && (int) least - 1 > at_most)
			return at_most + 1;
		swap = before;
		before = above;
		above = row;
		row = swap;
	}
	return (int) above[lb];
}

/*
 * jaro_winkler: 0 to 1 for two strings of valid UTF-8, equal to rapidfuzz's: prefix of at most 4, weight 0.1, given from 0.7 on. work is
 * memory of SIMILARITY_WORK(characters of a, of b) units, only touched by strings of more than 64 characters or beyond Latin-1.
 */
double
jaro_winkler(const char *a, size_t na, const char *b, size_t nb, uint32_t *work)
{
	uint8_t		x[WORD + SIMILARITY_PAD],
				y[WORD + SIMILARITY_PAD];
	int			la = decode_bytes(a, na, x),
				lb = la < 0 ? -1 : decode_bytes(b, nb, y);

	if (lb < 0)
	{
		uint32_t   *wide_b;

		la = decode(a, na, work);
		wide_b = work + la;
		lb = decode(b, nb, wide_b);
		if (la == 0 || lb == 0)
			return la == lb;
		if (la > WORD || lb > WORD)
			return jaro_winkler_long(work, la, wide_b, lb, (uint8_t *) (wide_b + lb));
		number(work, la, wide_b, lb, x, y);
	}
	return jaro_winkler_bytes(x, la, y, lb);
}

/*
 * edit_distance: the optimal string alignment distance of two strings of valid UTF-8, in characters. With at_most >= 0 a distance above
 * it is given as at_most + 1.
 */
int
edit_distance(const char *a, size_t na, const char *b, size_t nb, int at_most, uint32_t *work)
{
	uint8_t		x[WORD + SIMILARITY_PAD],
				y[WORD + SIMILARITY_PAD];
	int			la = decode_bytes(a, na, x),
				lb = la < 0 ? -1 : decode_bytes(b, nb, y),
				d;

	if (lb < 0)
	{
		uint32_t   *wide_b;

		la = decode(a, na, work);
		wide_b = work + la;
		lb = decode(b, nb, wide_b);
		if (at_most >= 0 && (la > lb ? la - lb : lb - la) > at_most)
			return at_most + 1;
		if (la > WORD || lb > WORD)
		{
			d = edit_distance_long(work, la, wide_b, lb, at_most, wide_b + lb);
			return at_most >= 0 && d > at_most ? at_most + 1 : d;
		}
		number(work, la, wide_b, lb, x, y);
	}
	if (at_most >= 0 && (la > lb ? la - lb : lb - la) > at_most)
		return at_most + 1;
	d = edit_distance_bytes(x, la, y, lb);
	return at_most >= 0 && d > at_most ? at_most + 1 : d;
}
