/*
 * cell.c: cells of a flat file as text: trimming, words that stand for nothing, yes and no, and the reasons for which a cell is refused.
 * Cells come from import_read_fn.c (rows of a relation or lines of a file), in UTF-8; what comes out goes to the staging tables.
 */
#include <string.h>

#include "mart/import.h"

static const struct
{
	const char *code;
	const char *reason;
}			status_text[CELL_STATUS_COUNT] = {
	[CELL_OK] = {"00000", "accepted"},
	[CELL_EMPTY] = {"23502", "empty"},
	[CELL_NOT_A_NUMBER] = {"22P02", "not a number"},
	[CELL_GROUPING] = {"22P02", "the digits are not grouped by three"},
	[CELL_AMBIGUOUS_DECIMAL] = {"22P02", "decimal or thousands separator: state \"decimal\" in the mapping"},
	[CELL_OUT_OF_RANGE] = {"22003", "out of range"},
	[CELL_NOT_OF_FORMAT] = {"22007", "does not follow the stated format"},
	[CELL_IMPOSSIBLE_DATE] = {"22008", "no such day in the calendar"},
	[CELL_IMPOSSIBLE_TIME] = {"22008", "no such time of day"},
	[CELL_NO_SUCH_MONTH] = {"22007", "not the name of a month"},
	[CELL_NOT_A_BOOLEAN] = {"22P02", "neither a word for yes nor one for no"},
	[CELL_BAD_BYTES] = {"22021", "bytes that are not of the encoding"},
	[CELL_REPLACEMENT] = {"22021", "holds the replacement character: what stood there was lost before"},
	[CELL_MOJIBAKE] = {"22021", "was read in a wrong encoding"},
	[CELL_TOO_LONG] = {"22001", "too long"},
};

const char *
cell_code(CellStatus status)
{
	return status_text[status].code;
}

const char *
cell_reason(CellStatus status)
{
	return status_text[status].reason;
}

void
cell_trim(const char **text, size_t *size)
{
	const char *p = *text;
	size_t		n = *size;
	size_t		at = 0;

	/* the usual cell has signs of ASCII at both ends */
	if (n > 0 && p[0] > ' ' && p[0] < 0x7F && p[n - 1] > ' ' && p[n - 1] < 0x7F)
		return;
	while (at < n)
	{
		size_t		next = at;

		if (!cell_is_space(cell_char(p, n, &next)))
			break;
		at = next;
	}
	p += at;
	n -= at;
	while (n > 0)
	{
		size_t		start = n - 1;
		size_t		next;

		while (start > 0 && n - start < 4 && ((uint8_t) p[start] & 0xC0) == 0x80)
			start--;
		next = start;
		if (!cell_is_space(cell_char(p, n, &next)) || next != n)
			break;
		n = start;
	}
	*text = p;
	*size = n;
}

size_t
cell_squeeze(const char *text, size_t size, char *out)
{
	size_t		at = 0,
				n = 0;
	bool		space = false;

	while (at < size)
	{
		size_t		start = at;
		uint32_t	c = cell_char(text, size, &at);

		if (cell_is_space(c))
		{
			/* zero-width characters join, all others separate; U+200C and U+200D are part of words in some scripts */
			if (c == 0x200C || c == 0x200D)
				goto keep;
			space = space || !((c >= 0x200B && c <= 0x200F) || c == 0x2060 || c == 0xFEFF);
			continue;
		}
keep:
		if (space && n > 0)
			out[n++] = ' ';
		space = false;
		memmove(out + n, text + start, at - start);
		n += at - start;
	}
	return n;
}

bool
cell_is_empty_word(const char *text, size_t size)
{
	static const char *const words[] = {"-", "--", "---", "NULL", "null", "(null)", "\\N", "N/A", "n/a", "#N/A", "#N/D", "#NV", "NaN", "nan"};

	if (size == 0)
		return true;
	if (size > 6 || (text[0] != '-' && text[0] != 'N' && text[0] != 'n' && text[0] != '(' && text[0] != '\\' && text[0] != '#'))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i]) == size && memcmp(words[i], text, size) == 0)
			return true;
	return false;
}

/* Lower case of ASCII, Latin-1, Latin Extended-A, Greek and Cyrillic: enough for the words of a mapping. */
static uint32_t
lower(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	if (c >= 0xC0 && c <= 0xDE && c != 0xD7)
		return c + 32;
	if ((c >= 0x100 && c <= 0x137 && c != 0x130 && c != 0x131) || (c >= 0x14A && c <= 0x177))
		return c | 1;
	if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E))
		return (c & 1) ? c + 1 : c;
	if (c >= 0x391 && c <= 0x3A9 && c != 0x3A2)
		return c + 32;
	if (c >= 0x410 && c <= 0x42F)
		return c + 32;
	if (c >= 0x400 && c <= 0x40F)
		return c + 80;
	return c;
}

bool
cell_same_word(const char *a, size_t asize, const char *b, size_t bsize)
{
	size_t		i = 0,
				j = 0;

	while (i < asize && j < bsize)
		if (lower(cell_char(a, asize, &i)) != lower(cell_char(b, bsize, &j)))
			return false;
	return i == asize && j == bsize;
}

CellStatus
cell_boolean(const char *text, size_t size, bool *value)
{
	static const char *const yes[] = {"1", "oui", "o", "yes", "y", "true", "t", "vrai", "v", "ja", "j", "wahr", "si", "sí", "sì", "s", "sim", "vero", "verdadero",
	"x", "on", "ok", "да", "ναι", "tak", "✓", "✔", NULL};
	static const char *const no[] = {"0", "non", "n", "no", "false", "f", "faux", "nein", "falsch", "nee", "não", "nao", "falso", "off", "нет", "όχι", "nie", "✗", "✘", NULL};

	cell_trim(&text, &size);
	if (cell_is_empty_word(text, size))
		return CELL_EMPTY;
	for (int i = 0; yes[i]; i++)
		if (cell_same_word(text, size, yes[i], strlen(yes[i])))
		{
			*value = true;
			return CELL_OK;
		}
	for (int i = 0; no[i]; i++)
		if (cell_same_word(text, size, no[i], strlen(no[i])))
		{
			*value = false;
			return CELL_OK;
		}
	return CELL_NOT_A_BOOLEAN;
}
