/*
 * import.h: the cores of the way in: cells of a flat file (cell.c, cell_date.c, cell_number.c), repair of encodings (cell_charset.c), and
 * the reader of CSV lines (csv.c). Plain C over pointers and lengths, without the server; the skins are import*_fn.c.
 */
#ifndef CRMSEG_IMPORT_H
#define CRMSEG_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a cell is refused. cell_code() gives its SQLSTATE and cell_reason() its sentence. */
typedef enum CellStatus
{
	CELL_OK = 0,
	CELL_EMPTY,					/* nothing, or a word that stands for nothing: NULL */
	CELL_NOT_A_NUMBER,
	CELL_GROUPING,				/* digits grouped otherwise than by three */
	CELL_AMBIGUOUS_DECIMAL,		/* '1,250' and no decimal sign stated */
	CELL_OUT_OF_RANGE,
	CELL_NOT_OF_FORMAT,			/* a date that does not follow the stated format */
	CELL_IMPOSSIBLE_DATE,		/* 31/02 */
	CELL_IMPOSSIBLE_TIME,		/* 25:61 */
	CELL_NO_SUCH_MONTH,
	CELL_NOT_A_BOOLEAN,
	CELL_BAD_BYTES,				/* bytes that are of no encoding in question */
	CELL_REPLACEMENT,			/* U+FFFD: what stood there was lost before */
	CELL_MOJIBAKE,				/* read in a wrong encoding, and to be refused by setting */
	CELL_TOO_LONG,
	CELL_STATUS_COUNT
} CellStatus;

extern const char *cell_code(CellStatus status);
extern const char *cell_reason(CellStatus status);

/* ---- text ---- */

/* Cuts white space of every kind, zero-width characters and byte order marks from both ends. */
extern void cell_trim(const char **text, size_t *size);

/* Inner runs of white space become one space. `out` holds `size` bytes; returns the length written. */
extern size_t cell_squeeze(const char *text, size_t size, char *out);

/* The words that stand for nothing when nobody says otherwise; compared exactly ('Null' is a family name). */
extern bool cell_is_empty_word(const char *text, size_t size);

/* Case-insensitive equality, ASCII and the Latin letters of Europe. */
extern bool cell_same_word(const char *a, size_t asize, const char *b, size_t bsize);

/* Yes and no in six languages. */
extern CellStatus cell_boolean(const char *text, size_t size, bool *value);

/* ---- numbers ---- */

#define CELL_NUMBER_SIZE 80		/* enough for every accepted number, NUL included */

typedef struct CellNumber
{
	char		text[CELL_NUMBER_SIZE]; /* as the server's numeric reads it: -1234.50 */
	bool		small;			/* mantissa and scale hold it too */
	int64_t		mantissa;
	int			scale;
	char		currency[4];	/* ISO 4217, or "" */
	bool		currency_is_loose;	/* from a sign that several currencies share ($, kr) */
} CellNumber;

/*
 * decimal: '.' or ',', or 0 to find out (then '1,250' is ambiguous). grouping: a character that alone may group, or 0 for any of
 * spaces, apostrophes and whichever of '.' and ',' is not the decimal sign.
 */
extern CellStatus cell_number(const char *text, size_t size, char decimal, uint32_t grouping, CellNumber *result);

/* ---- dates and times ---- */

typedef struct CellTime
{
	int			year, month, day;
	int			hour, minute, second, microsecond;
	bool		has_time;
	bool		has_offset;
	int			offset;			/* seconds east of Greenwich */
} CellTime;

/* A format compiled once: tokens, one byte each, literals behind a marker. */
#define CELL_FORMAT_SIZE 64
typedef struct CellFormat
{
	uint8_t		token[CELL_FORMAT_SIZE];
	int			count;
	bool		has_date, has_time;
	bool		short_year;		/* two digits */
} CellFormat;

/* False: not a format; *at is then the offset of what was not understood. */
extern bool cell_format(const char *format, size_t size, CellFormat *result, size_t *at);
extern CellStatus cell_time(const char *text, size_t size, const CellFormat *format, CellTime *result);
extern int	cell_days_in_month(int year, int month);

/* ---- encodings ---- */

extern bool utf8_valid(const char *text, size_t size);

/* CP1252 to UTF-8; `out` holds 3 * size bytes. False when a byte means nothing in it. */
extern bool cp1252_to_utf8(const char *text, size_t size, char *out, size_t *outsize);

/* What the bytes 0x80 to 0xFF mean in CP1252, 0: nothing. */
extern void cp1252_table(uint16_t *high);

/*
 * Bytes of CP1252, CP850 or MacRoman to UTF-8, whichever makes words of them; usual: what the file's other fields were, kept up here. False
 * when they make sense in none, or as much in two. `out` holds 3 * size bytes.
 */
typedef enum LegacyCharset
{
	LEGACY_UNKNOWN, LEGACY_CP1252, LEGACY_CP850, LEGACY_MACROMAN
} LegacyCharset;
extern bool legacy_to_utf8(const char *text, size_t size, LegacyCharset *usual, char *out, size_t *outsize);

/*
 * Text whose characters are all below U+0100 back to the bytes it was loaded from as LATIN1. False when there are others; `out` holds
 * `size` bytes.
 */
extern bool utf8_to_bytes(const char *text, size_t size, char *out, size_t *outsize);

/*
 * UTF-8 that was read as CP1252 or Latin-1 ('HÃ©lÃ¨ne'), once or twice over, and C1 controls that are CP1252 signs. Repairs only what
 * has one reading: every character outside ASCII must take part. `out` holds `size` * 2 bytes. CELL_OK: nothing to do; CELL_MOJIBAKE:
 * repaired in out; CELL_REPLACEMENT: holds U+FFFD.
 */
extern CellStatus cell_mojibake(const char *text, size_t size, char *out, size_t *outsize);

/* ---- CSV ---- */

typedef struct CsvFormat
{
	char		delimiter;		/* 0: to be found out */
	char		quote;			/* 0: none */
	char		escape;			/* usually the quote itself */
} CsvFormat;

typedef struct CsvField
{
	size_t		at, size;		/* in the buffer of the record */
	bool		quoted;
} CsvField;

typedef enum CsvStatus
{
	CSV_OK = 0,
	CSV_OPEN,					/* the line ends inside quotes */
	CSV_STRAY_QUOTE,			/* text after a closing quote */
	CSV_TOO_MANY				/* more fields than max_fields */
} CsvStatus;

/*
 * Splits one line (or several joined by \n) into fields. The unquoted text goes to `out` (size bytes). lenient: a quote closes a field
 * only when a delimiter or the end follows.
 */
extern CsvStatus csv_split(const char *text, size_t size, const CsvFormat *format, bool lenient,
						   char *out, CsvField *fields, int max_fields, int *count);

/* The delimiter that splits the sample lines most evenly: , ; tab or |. */
extern char csv_sniff(const char *const *lines, const size_t *sizes, int count, char quote);

/*
 * The reader: lines go in one by one, records come out. It holds lines back while a quote is open, and finds its footing again: a held
 * line is given up as soon as a line behind it is a whole record by itself.
 */
#define CSV_MAX_JOIN 200		/* lines that one record may span */
#define CSV_MAX_FIELDS 1600
#define CSV_MAX_RECORD (16 * 1024 * 1024)

typedef enum CsvEvent
{
	CSV_MORE,					/* push a line (or csv_end) */
	CSV_RECORD,					/* fields are set */
	CSV_REJECT					/* raw text is set, and the reason */
} CsvEvent;

typedef enum CsvReason
{
	CSV_UNCLOSED,				/* a quote that is never closed: a truncated line */
	CSV_TOO_FEW_FIELDS,
	CSV_TOO_MANY_FIELDS,
	CSV_STRAY,					/* text behind a closing quote */
	CSV_TOO_LONG				/* the record passes CSV_MAX_RECORD */
} CsvReason;

typedef struct CsvReader CsvReader;
typedef void *(*CsvAlloc) (void *context, void *old, size_t size);	/* realloc; size 0 frees */

extern CsvReader *csv_reader(const CsvFormat *format, int columns, bool short_lines, CsvAlloc alloc, void *context);
extern void csv_reader_free(CsvReader *reader);
extern void csv_push(CsvReader *reader, int64_t line_no, const char *text, size_t size);
extern void csv_end(CsvReader *reader);
extern CsvEvent csv_next(CsvReader *reader);

/* of the last record or reject */
extern int64_t csv_line_no(const CsvReader *reader);
extern const char *csv_raw(const CsvReader *reader, size_t *size);
extern int	csv_count(const CsvReader *reader);
extern const char *csv_field(const CsvReader *reader, int i, size_t *size);
extern CsvReason csv_reason(const CsvReader *reader);
extern const char *csv_reason_text(CsvReason reason);

/* ---- UTF-8, shared by the cores above ---- */

/* One character at *at (advanced); invalid bytes give themselves + 0x110000. */
static inline uint32_t
cell_char(const char *text, size_t size, size_t *at)
{
	const uint8_t *p = (const uint8_t *) text + *at;
	size_t		left = size - *at;

	if (p[0] < 0x80)
	{
		*at += 1;
		return p[0];
	}
	if (p[0] >= 0xC2 && p[0] < 0xE0 && left >= 2 && (p[1] & 0xC0) == 0x80)
	{
		*at += 2;
		return (uint32_t) (p[0] & 0x1F) << 6 | (p[1] & 0x3F);
	}
	if (p[0] >= 0xE0 && p[0] < 0xF0 && left >= 3 && (p[1] & 0xC0) == 0x80 && (p[2] & 0xC0) == 0x80)
	{
		uint32_t	c = (uint32_t) (p[0] & 0x0F) << 12 | (uint32_t) (p[1] & 0x3F) << 6 | (p[2] & 0x3F);

		if (c >= 0x800 && !(c >= 0xD800 && c < 0xE000))
		{
			*at += 3;
			return c;
		}
	}
	if (p[0] >= 0xF0 && p[0] < 0xF5 && left >= 4 && (p[1] & 0xC0) == 0x80 && (p[2] & 0xC0) == 0x80 && (p[3] & 0xC0) == 0x80)
	{
		uint32_t	c = (uint32_t) (p[0] & 0x07) << 18 | (uint32_t) (p[1] & 0x3F) << 12 | (uint32_t) (p[2] & 0x3F) << 6 | (p[3] & 0x3F);

		if (c >= 0x10000 && c < 0x110000)
		{
			*at += 4;
			return c;
		}
	}
	*at += 1;
	return 0x110000 + p[0];
}

static inline size_t
cell_put_char(uint32_t c, char *out)
{
	if (c < 0x80)
	{
		out[0] = (char) c;
		return 1;
	}
	if (c < 0x800)
	{
		out[0] = (char) (0xC0 | c >> 6);
		out[1] = (char) (0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000)
	{
		out[0] = (char) (0xE0 | c >> 12);
		out[1] = (char) (0x80 | (c >> 6 & 0x3F));
		out[2] = (char) (0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (char) (0xF0 | c >> 18);
	out[1] = (char) (0x80 | (c >> 12 & 0x3F));
	out[2] = (char) (0x80 | (c >> 6 & 0x3F));
	out[3] = (char) (0x80 | (c & 0x3F));
	return 4;
}

/* White space of every kind, zero-width characters, the byte order mark. */
static inline bool
cell_is_space(uint32_t c)
{
	return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x1F) || c == 0x85 || c == 0xA0 || c == 0x1680 || c == 0x180E || (c >= 0x2000 && c <= 0x200F) ||
		c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x2060 || c == 0x3000 || c == 0xFEFF;
}

#endif
