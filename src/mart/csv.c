/*
 * csv.c: records out of lines of CSV as programs really write it (RFC 4180 and its relatives). Lines come from import_csv_fn.c one by one,
 * as bytes of any encoding that has ASCII's delimiters; records go to import_row_fn.c.
 *
 * Finding its footing again. A line that ends inside quotes may be the first of a record with line breaks, or may be truncated. It is
 * held, and each line behind it is looked at: when that line closes the quote and the joined record has the right number of fields, the
 * record is whole; when that line by itself is a whole record with the right number of fields, all that was held is one reject, and
 * reading goes on from there. When neither happens within CSV_MAX_JOIN lines, the first line alone is the reject.
 */
#include <string.h>

#include "mart/import.h"

CsvStatus
csv_split(const char *text, size_t size, const CsvFormat *format, bool lenient, char *out, CsvField *fields, int max_fields, int *count)
{
	const char	d = format->delimiter,
				q = format->quote,
				e = format->escape;
	size_t		at = 0,
				n = 0;
	int			k = 0;

	for (;;)
	{
		size_t		start = n;
		size_t		ahead = at;

		if (k >= max_fields)
		{
			*count = k;
			return CSV_TOO_MANY;
		}
		/* spaces before an opening quote do not count */
		while (q != 0 && ahead < size && text[ahead] == ' ')
			ahead++;
		if (q != 0 && ahead < size && text[ahead] == q)
		{
			bool		closed = false;
			int			stray = 0;

			at = ahead + 1;
			while (at < size)
			{
				char		c = text[at];

				if (c == e && at + 1 < size && (text[at + 1] == q || (e != q && text[at + 1] == e)))
				{
					out[n++] = text[at + 1];
					/* "Dupont "Le Grand"": the second of two quotes closes when a stray one is open */
					if (e == q && stray % 2 == 1 && (at + 2 >= size || text[at + 2] == d))
					{
						closed = true;
						at += 2;
						break;
					}
					at += 2;
				}
				else if (c == q)
				{
					size_t		behind = at + 1;

					while (behind < size && text[behind] == ' ' && d != ' ')
						behind++;
					if (behind >= size || text[behind] == d)
					{
						closed = true;
						at = behind;
						break;
					}
					if (!lenient)
					{
						*count = k;
						return CSV_STRAY_QUOTE;
					}
					stray++;
					out[n++] = text[at++];
				}
				else
					out[n++] = text[at++];
			}
			if (!closed)
			{
				*count = k + 1;
				return CSV_OPEN;
			}
			fields[k].quoted = true;
		}
		else
		{
			const char *end = memchr(text + at, d, size - at);
			size_t		length = end ? (size_t) (end - text) - at : size - at;

			memcpy(out + n, text + at, length);
			n += length;
			at += length;
			fields[k].quoted = false;
		}
		fields[k].at = start;
		fields[k].size = n - start;
		k++;
		if (at >= size)
			break;
		at++;					/* the delimiter */
	}
	*count = k;
	return CSV_OK;
}

char
csv_sniff(const char *const *lines, const size_t *sizes, int count, char quote)
{
	static const char candidates[] = {';', ',', '\t', '|'};
	char		best = ',';
	double		best_score = 0;

	for (size_t c = 0; c < sizeof(candidates); c++)
	{
		int			first = -1,
					same = 0,
					used = 0;
		double		score;

		for (int i = 0; i < count; i++)
		{
			int			n = 0;
			bool		inside = false;

			if (sizes[i] == 0)
				continue;
			for (size_t k = 0; k < sizes[i]; k++)
				if (quote != 0 && lines[i][k] == quote)
					inside = !inside;
				else if (!inside && lines[i][k] == candidates[c])
					n++;
			used++;
			if (first < 0)
				first = n;
			same += n == first;
		}
		if (first <= 0)
			continue;
		/* the header decides the number; agreement of the others counts far more than a high number */
		score = (double) same / used * 100 + (first > 50 ? 50 : first) * 0.1;
		if (score > best_score)
		{
			best_score = score;
			best = candidates[c];
		}
	}
	return best;
}

typedef struct HeldLine
{
	int64_t		line_no;
	size_t		at,
				size;
} HeldLine;

struct CsvReader
{
	CsvFormat	format;
	int			columns;
	bool		short_lines;	/* fewer fields than columns: the rest is NULL */
	bool		ended;
	CsvAlloc	alloc;
	void	   *context;

	char	   *held_text;		/* lines not yet given out, each followed by \n */
	size_t		held_size, held_room;
	HeldLine	held[CSV_MAX_JOIN + 2];
	int			held_count;
	int			looked;			/* lines of held[] that were tried as the end of the first record */

	char	   *out;
	size_t		out_room;
	CsvField	fields[CSV_MAX_FIELDS];
	int			count;
	int64_t		line_no;
	size_t		raw_at, raw_size;
	CsvReason	reason;
	size_t		drop;			/* bytes and lines to be dropped from held before the next event */
	int			drop_count;
};

CsvReader *
csv_reader(const CsvFormat *format, int columns, bool short_lines, CsvAlloc alloc, void *context)
{
	CsvReader  *r = alloc(context, NULL, sizeof(CsvReader));

	memset(r, 0, sizeof(*r));
	r->format = *format;
	r->columns = columns;
	r->short_lines = short_lines;
	r->alloc = alloc;
	r->context = context;
	return r;
}

void
csv_reader_free(CsvReader *r)
{
	r->alloc(r->context, r->held_text, 0);
	r->alloc(r->context, r->out, 0);
	r->alloc(r->context, r, 0);
}

static void
drop_done(CsvReader *r)
{
	if (r->drop_count == 0)
		return;
	memmove(r->held_text, r->held_text + r->drop, r->held_size - r->drop);
	r->held_size -= r->drop;
	r->held_count -= r->drop_count;
	for (int i = 0; i < r->held_count; i++)
	{
		r->held[i] = r->held[i + r->drop_count];
		r->held[i].at -= r->drop;
	}
	r->drop = 0;
	r->drop_count = 0;
	r->looked = 0;
}

void
csv_push(CsvReader *r, int64_t line_no, const char *text, size_t size)
{
	drop_done(r);
	if (size > 0 && text[size - 1] == '\r')
		size--;
	if (r->held_room < r->held_size + size + 1)
	{
		r->held_room = (r->held_size + size + 1) * 2;
		r->held_text = r->alloc(r->context, r->held_text, r->held_room);
	}
	memcpy(r->held_text + r->held_size, text, size);
	r->held_text[r->held_size + size] = '\n';
	r->held[r->held_count].line_no = line_no;
	r->held[r->held_count].at = r->held_size;
	r->held[r->held_count].size = size;
	r->held_count++;
	r->held_size += size + 1;
	if (r->out_room < r->held_size)
	{
		r->out_room = r->held_size * 2;
		r->out = r->alloc(r->context, r->out, r->out_room);
	}
}

void
csv_end(CsvReader *r)
{
	drop_done(r);
	r->ended = true;
}

/* Takes the first `lines` held lines as the event's text. */
static CsvEvent
give(CsvReader *r, CsvEvent event, int lines, CsvReason reason)
{
	HeldLine   *last = &r->held[lines - 1];

	r->line_no = r->held[0].line_no;
	r->raw_at = r->held[0].at;
	r->raw_size = last->at + last->size - r->raw_at;
	r->reason = reason;
	r->drop = last->at + last->size + 1 - r->raw_at;
	r->drop_count = lines;
	return event;
}

/* Is the number of fields right? Empty ones at the end are taken off. */
static bool
fits(CsvReader *r)
{
	while (r->count > r->columns && r->fields[r->count - 1].size == 0)
		r->count--;
	return r->count == r->columns || (r->short_lines && r->count < r->columns);
}

CsvEvent
csv_next(CsvReader *r)
{
	CsvStatus	status;

	drop_done(r);
	/* blank lines between records are nothing */
	while (r->held_count > 0)
	{
		size_t		i = 0;

		while (i < r->held[0].size && (r->held_text[i] == ' ' || r->held_text[i] == '\x1a'))
			i++;
		if (i < r->held[0].size || (r->columns == 1 && r->held[0].size > 0))
			break;
		r->drop = r->held[0].size + 1;
		r->drop_count = 1;
		drop_done(r);
	}
	if (r->held_count == 0)
		return CSV_MORE;

	if (r->looked == 0)
	{
		status = csv_split(r->held_text, r->held[0].size, &r->format, false, r->out, r->fields, CSV_MAX_FIELDS, &r->count);
		if (status == CSV_STRAY_QUOTE)
		{
			/* "Dupont "Le Grand"": taken when it then has the right number of fields */
			status = csv_split(r->held_text, r->held[0].size, &r->format, true, r->out, r->fields, CSV_MAX_FIELDS, &r->count);
			if (status == CSV_OK && fits(r))
				return give(r, CSV_RECORD, 1, 0);
			return give(r, CSV_REJECT, 1, CSV_STRAY);
		}
		if (status == CSV_TOO_MANY)
			return give(r, CSV_REJECT, 1, CSV_TOO_MANY_FIELDS);
		if (status == CSV_OK)
		{
			if (fits(r))
				return give(r, CSV_RECORD, 1, 0);
			return give(r, CSV_REJECT, 1, r->count < r->columns ? CSV_TOO_FEW_FIELDS : CSV_TOO_MANY_FIELDS);
		}
		r->looked = 1;
	}
	/* the first line is open: look at those behind it */
	for (; r->looked < r->held_count; r->looked++)
	{
		HeldLine   *l = &r->held[r->looked];

		status = csv_split(r->held_text + l->at, l->size, &r->format, false, r->out, r->fields, CSV_MAX_FIELDS, &r->count);
		if (status == CSV_OK && r->columns > 1 && r->count == r->columns)
			return give(r, CSV_REJECT, r->looked, CSV_UNCLOSED);
		status = csv_split(r->held_text, l->at + l->size, &r->format, false, r->out, r->fields, CSV_MAX_FIELDS, &r->count);
		if (status == CSV_OK && fits(r))
			return give(r, CSV_RECORD, r->looked + 1, 0);
		if (status == CSV_OK)
			/* a record with line breaks that was cut off behind its last one, or has a delimiter too many */
			return give(r, CSV_REJECT, r->looked + 1, r->count < r->columns ? CSV_TOO_FEW_FIELDS : CSV_TOO_MANY_FIELDS);
		if (status != CSV_OPEN)
			/* the quote closed where it should not: whatever follows, the first line is not to be saved */
			return give(r, CSV_REJECT, 1, CSV_UNCLOSED);
		if (l->at + l->size > CSV_MAX_RECORD)
			return give(r, CSV_REJECT, 1, CSV_TOO_LONG);
	}
	if (r->ended || r->held_count > CSV_MAX_JOIN)
		return give(r, CSV_REJECT, 1, CSV_UNCLOSED);
	return CSV_MORE;
}

int64_t
csv_line_no(const CsvReader *r)
{
	return r->line_no;
}

const char *
csv_raw(const CsvReader *r, size_t *size)
{
	*size = r->raw_size;
	return r->held_text + r->raw_at;
}

int
csv_count(const CsvReader *r)
{
	return r->count;
}

const char *
csv_field(const CsvReader *r, int i, size_t *size)
{
	*size = r->fields[i].size;
	return r->out + r->fields[i].at;
}

CsvReason
csv_reason(const CsvReader *r)
{
	return r->reason;
}

const char *
csv_reason_text(CsvReason reason)
{
	static const char *const text[] = {
		[CSV_UNCLOSED] = "a quote is opened and never closed: the line is cut off",
		[CSV_TOO_FEW_FIELDS] = "too few fields: the line is cut off, or a delimiter is missing",
		[CSV_TOO_MANY_FIELDS] = "too many fields: a delimiter stands outside quotes, or a line break is missing",
		[CSV_STRAY] = "text stands behind a closing quote",
		[CSV_TOO_LONG] = "the record is longer than 16 MB",
	};

	return text[reason];
}
