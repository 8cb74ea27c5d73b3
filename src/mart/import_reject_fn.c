/*
 * import_reject_fn.c: what was wrong with a row: kept with the row until it is done, then staged as its one reject; warnings at once.
 */
#include "import_private.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/json.h"

void
import_reject(Import *im, const char *column, const char *code, const char *reason)
{
	if (!im->bad)
	{
		im->bad = true;
		im->bad_column = column;
		im->bad_code = code;
		im->bad_reason = reason;
		initStringInfo(&im->bad_more);
	}
	else
		appendStringInfo(&im->bad_more, "%s%s: %s", im->bad_more.len ? "; " : "", column ? column : "line", reason);
}

/* The row as text that can be edited and read again: the line as it came, or the columns as a JSON object. */
static text *
raw_text(Import *im)
{
	StringInfoData s;

	if (im->raw != NULL)
		return import_raw_text(im->raw, im->raw_size);
	initStringInfo(&s);
	appendStringInfoChar(&s, '{');
	for (int i = 0; i < im->columns.count; i++)
	{
		if (im->columns.name[i] == NULL)
			continue;
		if (s.len > 1)
			appendStringInfoString(&s, ", ");
		escape_json(&s, im->columns.name[i]);
		appendStringInfoString(&s, ": ");
		if (im->cells[i].text == NULL)
			appendStringInfoString(&s, "null");
		else
			escape_json(&s, pnstrdup(im->cells[i].text, im->cells[i].size));
	}
	appendStringInfoChar(&s, '}');
	return cstring_to_text_with_len(s.data, s.len);
}

/* Stages the reject of the row at hand, or of a line that never became a row. */
void
import_reject_line(Import *im, const char *column, const char *code, const char *reason)
{
	Datum		v[7];
	bool		n[7] = {false};

	im->rejected++;
	v[0] = Int64GetDatum(im->line_no);
	v[1] = PointerGetDatum(raw_text(im));
	n[2] = column == NULL;
	if (column)
		v[2] = PointerGetDatum(cstring_to_text(column));
	v[3] = PointerGetDatum(cstring_to_text(code));
	v[4] = PointerGetDatum(cstring_to_text(reason));
	n[5] = !im->bad || im->bad_more.len == 0;
	if (!n[5])
		v[5] = PointerGetDatum(cstring_to_text_with_len(im->bad_more.data, im->bad_more.len));
	v[6] = Int32GetDatum(im->nth);
	import_stage_put(im, STAGE_REJECT, v, n);
}

void
import_warn(Import *im, const char *column, const char *code, const char *reason, const char *p, size_t size)
{
	Datum		v[5];
	bool		n[5] = {false};

	im->warnings++;
	v[0] = Int64GetDatum(im->line_no);
	n[1] = column == NULL;
	if (column)
		v[1] = PointerGetDatum(cstring_to_text(column));
	v[2] = PointerGetDatum(cstring_to_text(code));
	v[3] = PointerGetDatum(cstring_to_text(reason));
	v[4] = import_text_datum(p, size);
	import_stage_put(im, STAGE_WARNING, v, n);
}
