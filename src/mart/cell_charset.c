/*
 * cell_charset.c: the encodings that files bring: UTF-8, CP1252 (which holds Latin-1's letters), and text that was read in the wrong
 * one of them before it came here. The table of CP1252 is the WHATWG's, five bytes without a meaning.
 */
#include <string.h>

#include "mart/import.h"

static const uint16_t cp1252_high[32] = {
	0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
	0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178,
};

bool
utf8_valid(const char *text, size_t size)
{
	size_t		at = 0;

	while (at < size)
	{
		if ((uint8_t) text[at] < 0x80)
			at++;
		else if (cell_char(text, size, &at) >= 0x110000)
			return false;
	}
	return true;
}

void
cp1252_table(uint16_t *high)
{
	for (int i = 0; i < 128; i++)
		high[i] = i < 32 ? cp1252_high[i] : (uint16_t) (0x80 + i);
}

bool
cp1252_to_utf8(const char *text, size_t size, char *out, size_t *outsize)
{
	size_t		n = 0;

	for (size_t i = 0; i < size; i++)
	{
		uint32_t	c = (uint8_t) text[i];

		if (c >= 0x80 && c < 0xA0 && (c = cp1252_high[c - 0x80]) == 0)
			return false;
		n += cell_put_char(c, out + n);
	}
	*outsize = n;
	return true;
}

bool
utf8_to_bytes(const char *text, size_t size, char *out, size_t *outsize)
{
	size_t		at = 0,
				n = 0;

	while (at < size)
	{
		uint32_t	c = cell_char(text, size, &at);

		if (c > 0xFF)
			return false;
		out[n++] = (char) c;
	}
	*outsize = n;
	return true;
}

/* The byte that a reader of CP1252 or Latin-1 made this character of; -1: none. */
static int
byte_of(uint32_t c)
{
	if (c <= 0xFF)
		return (int) c;
	for (int i = 0; i < 32; i++)
		if (cp1252_high[i] == c)
			return 0x80 + i;
	return -1;
}

/* One step back: the characters as bytes, when these are UTF-8 with at least one character of several bytes. */
static bool
step_back(const char *text, size_t size, char *out, size_t *outsize)
{
	size_t		at = 0,
				n = 0;
	bool		high = false;

	while (at < size)
	{
		uint32_t	c = cell_char(text, size, &at);
		int			b = c < 0x110000 ? byte_of(c) : -1;

		if (b < 0)
			return false;
		high |= b >= 0x80;
		out[n++] = (char) b;
	}
	if (!high || !utf8_valid(out, n))
		return false;
	/* C1 controls are never meant: then it was something else */
	for (at = 0; at < n;)
	{
		uint32_t	c = cell_char(out, n, &at);

		if (c >= 0x80 && c < 0xA0)
			return false;
	}
	*outsize = n;
	return true;
}

CellStatus
cell_mojibake(const char *text, size_t size, char *out, size_t *outsize)
{
	size_t		at = 0;
	bool		high = false,
				control = false;
	CellStatus	status = CELL_OK;

	while (at < size)
	{
		uint32_t	c;

		if ((uint8_t) text[at] < 0x80)
		{
			at++;
			continue;
		}
		c = cell_char(text, size, &at);
		if (c == 0xFFFD)
			return CELL_REPLACEMENT;
		high = true;
		control |= c >= 0x80 && c < 0xA0 && c != 0x85;
	}
	if (!high)
		return CELL_OK;
	if (step_back(text, size, out, outsize))
	{
		status = CELL_MOJIBAKE;
		/* read wrongly twice over; the second half of the buffer takes the trial */
		{
			size_t		twice;

			if (step_back(out, *outsize, out + *outsize, &twice))
			{
				memmove(out, out + *outsize, twice);
				*outsize = twice;
			}
		}
		return status;
	}
	if (control)
	{
		/* CP1252 read as Latin-1: C1 controls stand where signs should; every one must have a meaning */
		size_t		n = 0;

		for (at = 0; at < size;)
		{
			uint32_t	c = cell_char(text, size, &at);

			if (c >= 0x80 && c < 0xA0 && c != 0x85 && (c = cp1252_high[c - 0x80]) == 0)
				return CELL_OK;
			if (n + 4 > size + size / 2 + 4)
				return CELL_OK;
			n += cell_put_char(c < 0x110000 ? c : '?', out + n);
		}
		*outsize = n;
		return CELL_MOJIBAKE;
	}
	return status;
}
