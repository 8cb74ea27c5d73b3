/*
 * fold.c: text folded by the frozen table of fold_table.c, which gen/fold_table.c made; text_fold is what the types, the matching and
 * the mart's stored normal forms use. ASCII and Latin-1 take a short way; the tests hold that it gives what the general one gives.
 *
 * Most code points give their string whatever stands beside them. Where Latin spelling depends on a neighbour (kana, Indic vowels, some
 * Greek letters) the last letter's kind is remembered, and the two or three bytes it gave may be taken back.
 */
#include <string.h>

#include "text/fold_table.h"
#include "text/text.h"

void
text_fold_start(text_folder *f, char *out, size_t cap)
{
	memset(f, 0, sizeof *f);
	f->out = out;
	f->cap = cap;
}

static inline void
put_byte(text_folder *f, char b)
{
	if (f->now.len < f->cap)
		f->out[f->now.len] = b;
	f->now.len++;
}

/* Appends letters, after the space that may be due: none at the start. */
static inline void
put(text_folder *f, const char *s, size_t n)
{
	if (n == 0)
		return;
	if (f->now.space && f->now.len > 0)
		put_byte(f, ' ');
	f->now.space = false;
	for (size_t i = 0; i < n; i++)
		put_byte(f, s[i]);
}

/* One character of valid UTF-8, or 0 bytes. The bounds are those of the Unicode standard, table 3-7. */
static inline int
decode(const unsigned char *s, const unsigned char *end, uint32_t *c)
{
	ptrdiff_t	n = end - s;

	if (s[0] < 0x80)
	{
		*c = s[0];
		return 1;
	}
	if (s[0] < 0xE0)
	{
		if (s[0] < 0xC2 || n < 2 || (s[1] & 0xC0) != 0x80)
			return 0;
		*c = (s[0] & 0x1F) << 6 | (s[1] & 0x3F);
		return 2;
	}
	if (s[0] < 0xF0)
	{
		if (n < 3 || (s[1] & 0xC0) != 0x80 || (s[2] & 0xC0) != 0x80)
			return 0;
		*c = (s[0] & 0x0F) << 12 | (s[1] & 0x3F) << 6 | (s[2] & 0x3F);
		return *c < 0x800 || (*c >= 0xD800 && *c <= 0xDFFF) ? 0 : 3;
	}
	if (s[0] > 0xF4 || n < 4 || (s[1] & 0xC0) != 0x80 || (s[2] & 0xC0) != 0x80 || (s[3] & 0xC0) != 0x80)
		return 0;
	*c = (uint32_t) (s[0] & 0x07) << 18 | (s[1] & 0x3F) << 12 | (s[2] & 0x3F) << 6 | (s[3] & 0x3F);
	return *c < 0x10000 || *c > 0x10FFFF ? 0 : 4;
}

static void
put_code_point(text_folder *f, uint32_t c)
{
	char		b[4];

	if (c < 0x80)
		put(f, (b[0] = (char) c, b), 1);
	else if (c < 0x800)
		put(f, (b[0] = (char) (0xC0 | c >> 6), b[1] = (char) (0x80 | (c & 0x3F)), b), 2);
	else if (c < 0x10000)
		put(f, (b[0] = (char) (0xE0 | c >> 12), b[1] = (char) (0x80 | (c >> 6 & 0x3F)), b[2] = (char) (0x80 | (c & 0x3F)), b), 3);
	else
		put(f, (b[0] = (char) (0xF0 | c >> 18), b[1] = (char) (0x80 | (c >> 12 & 0x3F)), b[2] = (char) (0x80 | (c >> 6 & 0x3F)),
				b[3] = (char) (0x80 | (c & 0x3F)), b), 4);
}

static void
put_hangul(text_folder *f, uint32_t c)
{
	int			s = (int) (c - 0xAC00);
	const char *part[3] = {fold_jamo[s / 588], fold_jamo[19 + s % 588 / 28], fold_jamo[40 + s % 28]};

	for (int i = 0; i < 3; i++)
		put(f, part[i], strnlen(part[i], sizeof fold_jamo[0]));
}

/* Small kana write one sound with the kana before, whose vowel goes: ki + ya is kya, shi + ya sha, fu + a fa, u + i wi. */
static void
put_small_kana(text_folder *f, int kind, const char *s, size_t n)
{
	if (f->now.after == FOLD_KANA && f->now.nletters > 1)
	{
		const char *k = f->now.letters;

		f->now.len--;
		if (kind == FOLD_SMALL_Y && (k[0] == 'j' || k[1] == 'h'))
			s++, n--;
	}
	else if (f->now.after == FOLD_KANA && f->now.letters[0] == 'u' && kind == FOLD_SMALL_VOWEL)
	{
		f->now.len--;
		put(f, "w", 1);
	}
	put(f, s, n);
}

static uint32_t
compose(uint32_t first, uint32_t second)
{
	for (int i = 0; fold_pairs[i][0] != 0; i++)
		if (fold_pairs[i][0] == first && fold_pairs[i][1] == second)
			return fold_pairs[i][2];
	return 0;
}

static void
fold_one(text_folder *f, uint32_t c)
{
	fold_entry	v = fold_value[fold_stage2[(fold_stage1[c >> FOLD_BLOCK_BITS] << FOLD_BLOCK_BITS) + (c & (FOLD_BLOCK_SIZE - 1))]];
	int			kind = v.kind & ~(FOLD_BASE | FOLD_SECOND);
	const char *s = fold_pool + v.offset;
	int			after = f->now.after;

	if (kind == FOLD_IGNORE)
		return;
	if (v.kind & FOLD_SECOND)
	{
		/* a sound mark comes before other marks in canonical order, but a vowel sign composes with what touches it only */
		uint32_t	composed = f->base != 0 && (kind == FOLD_MARK || !f->apart) ? compose(f->base, c) : 0;

		f->base = 0;
		if (composed != 0)
		{
			f->now = f->before;
			fold_one(f, composed);
			return;
		}
	}
	if (kind == FOLD_MARK)
	{
		f->apart = true;
		if (after == FOLD_THAI)
			put(f, s, v.len);
		return;
	}
	if (kind == FOLD_EXPAND)
	{
		for (const char *end = s + v.len; s < end;)
		{
			s += decode((const unsigned char *) s, (const unsigned char *) end, &c);
			fold_one(f, c);
		}
		return;
	}
	f->base = v.kind & FOLD_BASE ? c : 0;
	if (f->base != 0)
	{
		f->before = f->now;
		f->apart = false;
	}
	switch (kind)
	{
		case FOLD_KEEP:
			put_code_point(f, c);
			break;
		case FOLD_SPACE:
			f->now.space = true;
			break;
		case FOLD_MIXED:
			for (int i = 0; i < v.len; i++)
				if (s[i] == ' ')
					f->now.space = true;
				else
					put(f, s + i, 1);
			break;
		case FOLD_HANGUL:
			put_hangul(f, c);
			break;
		case FOLD_DEPENDENT:
			f->now.len -= after == FOLD_INHERENT;
			put(f, s, v.len);
			break;
		case FOLD_KANA:
			if (f->now.doubling && v.len > 1 && strchr("aeiou", s[0]) == NULL)
				put(f, s[0] == 'c' ? "t" : s, 1);
			put(f, s, v.len);
			break;
		case FOLD_SMALL_Y:
		case FOLD_SMALL_VOWEL:
			put_small_kana(f, kind, s, v.len);
			break;
		case FOLD_SOKUON:
			break;
		case FOLD_GREEK_UPSILON:
			put(f, after == FOLD_GREEK_VOWEL ? "u" : s, v.len);
			break;
		case FOLD_GREEK_GAMMA:
		case FOLD_GREEK_VELAR:
			if (after == FOLD_GREEK_GAMMA)
			{
				f->now.len--;
				put(f, "n", 1);
			}
			put(f, s, v.len);
			break;
		default:				/* FOLD_PLAIN, FOLD_INHERENT, FOLD_GREEK_VOWEL, FOLD_THAI */
			put(f, s, v.len);
	}
	f->now.after = kind;
	f->now.letters = s;
	f->now.nletters = v.len;
	f->now.doubling = kind == FOLD_SOKUON;
}

bool
text_fold_general(text_folder *f, const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *) s,
			   *end = p + n;

	while (p < end)
	{
		uint32_t	c;
		int			size = decode(p, end, &c);

		if (size == 0)
			return false;
		fold_one(f, c);
		p += size;
	}
	return true;
}

bool
text_fold_feed(text_folder *f, const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *) s,
			   *end = n > 0 ? p + n : p;	/* nothing may come as NULL */

	while (p < end)
	{
		uint32_t	c;
		int			size;

		if (*p < 0x80)
		{
			/* a run of ASCII: nothing before it matters to it, nor it to what follows */
			char	   *out = f->out;
			size_t		cap = f->cap,
						len = f->now.len;
			bool		space = f->now.space;

			do
			{
				char		b = fold_ascii[*p];

				if (b == 0)
				{
					space = true;
					continue;
				}
				if (space)
				{
					if (len > 0)
					{
						if (len < cap)
							out[len] = ' ';
						len++;
					}
					space = false;
				}
				if (len < cap)
					out[len] = b;
				len++;
			} while (++p < end && *p < 0x80);
			f->now.len = len;
			f->now.space = space;
			f->now.after = f->now.doubling = 0;
			f->base = 0;
			continue;
		}
		if (*p <= 0xC3 && *p >= 0xC2 && end - p > 1 && (p[1] & 0xC0) == 0x80)
		{
			const char *b = fold_latin1[(*p & 1) << 6 | (p[1] & 0x3F)];

			if (b[0] != 1)
			{
				if (b[0] != 0)
					put(f, b, 1 + (b[1] != 0));
				else
					f->now.space |= b[1] == 0;
				f->now.after = f->now.doubling = 0;
				f->base = 0;
				p += 2;
				continue;
			}
		}
		size = decode(p, end, &c);
		if (size == 0)
			return false;
		fold_one(f, c);
		p += size;
	}
	return true;
}

size_t
text_fold(const char *s, size_t n, char *out, size_t cap)
{
	text_folder f;

	text_fold_start(&f, out, cap);
	return text_fold_feed(&f, s, n) ? f.now.len : TEXT_BAD_UTF8;
}
