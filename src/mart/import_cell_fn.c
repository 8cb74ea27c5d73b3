/*
 * import_cell_fn.c: the cells of a flat file as SQL functions, each giving a value or a reason and never an error for what a cell holds;
 * and the way from a core's fields to the server's dates and numbers.
 */
#include "import_private.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

PG_FUNCTION_INFO_V1(crmseg_parse_number);
PG_FUNCTION_INFO_V1(crmseg_parse_date);
PG_FUNCTION_INFO_V1(crmseg_parse_timestamp);
PG_FUNCTION_INFO_V1(crmseg_parse_boolean);
PG_FUNCTION_INFO_V1(crmseg_repair_text);
PG_FUNCTION_INFO_V1(crmseg_parse_sex);
PG_FUNCTION_INFO_V1(crmseg_parse_country);

Datum
import_numeric(const CellNumber *n)
{
	if (n->small)
		return NumericGetDatum(n->scale == 0 ? int64_to_numeric(n->mantissa) : int64_div_fast_to_numeric(n->mantissa, n->scale));
	return DirectFunctionCall3(numeric_in, CStringGetDatum(n->text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

bool
import_date(const CellTime *t, DateADT *result)
{
	if (!IS_VALID_JULIAN(t->year, t->month, t->day))
		return false;
	*result = date2j(t->year, t->month, t->day) - POSTGRES_EPOCH_JDATE;
	return true;
}

/*
 * The instant of a local time. In the hour that the clocks skip the offset before the change counts (02:30 becomes 03:30); in the hour
 * they repeat, the later one, standard time: as the server reads it.
 */
bool
import_timestamp(const CellTime *t, pg_tz *zone, TimestampTz *result)
{
	struct pg_tm tm = {0};
	int			offset;

	tm.tm_year = t->year;
	tm.tm_mon = t->month;
	tm.tm_mday = t->day;
	tm.tm_hour = t->hour;
	tm.tm_min = t->minute;
	tm.tm_sec = t->second;
	tm.tm_isdst = -1;
	offset = t->has_offset ? -t->offset : DetermineTimeZoneOffset(&tm, zone);
	return tm2timestamp(&tm, t->microsecond, &offset, result) == 0;
}

/* A row of the function's result type; its description is kept with the call. */
static Datum
row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc	desc = fcinfo->flinfo->fn_extra;

	if (desc == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		desc = BlessTupleDesc(CreateTupleDescCopy(desc));
		fcinfo->flinfo->fn_extra = desc;
		MemoryContextSwitchTo(old);
	}
	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}

static Datum
reason(CellStatus status)
{
	return PointerGetDatum(cstring_to_text(cell_reason(status)));
}

/* One character given as an argument; 0 for NULL or empty. */
static uint32
one_character(FunctionCallInfo fcinfo, int i, const char *name)
{
	text	   *t;
	size_t		at = 0;
	uint32		c;

	if (PG_ARGISNULL(i))
		return 0;
	t = PG_GETARG_TEXT_PP(i);
	if (VARSIZE_ANY_EXHDR(t) == 0)
		return 0;
	c = cell_char(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), &at);
	if (at != VARSIZE_ANY_EXHDR(t))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("the %s sign must be one character", name)));
	return c;
}

Datum
crmseg_parse_number(PG_FUNCTION_ARGS)
{
	Datum		values[3];
	bool		nulls[3] = {true, true, true};

	if (!PG_ARGISNULL(0))
	{
		text	   *t = PG_GETARG_TEXT_PP(0);
		uint32		decimal = one_character(fcinfo, 1, "decimal");
		CellNumber	n;
		CellStatus	s;

		if (decimal != 0 && decimal != '.' && decimal != ',')
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("the decimal sign must be a point or a comma")));
		s = cell_number(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), (char) decimal, one_character(fcinfo, 2, "grouping"), &n);
		if (s == CELL_OK)
		{
			values[0] = import_numeric(&n);
			nulls[0] = false;
			if (n.currency[0] != '\0')
			{
				values[1] = PointerGetDatum(cstring_to_text(n.currency));
				nulls[1] = false;
			}
		}
		else if (s != CELL_EMPTY)
		{
			values[2] = reason(s);
			nulls[2] = false;
		}
	}
	return row(fcinfo, values, nulls);
}

static void
need_format(text *t, CellFormat *format)
{
	size_t		at;

	if (!cell_format(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), format, &at))
		ereport(ERROR,
				(errcode(CRMSEG_BAD_VALUE),
				 errmsg("\"%s\" is not a format of dates", text_to_cstring(t)),
				 errhint("Write it as for to_char, with day, month and year, each once: DD/MM/YYYY, YYYY-MM-DD HH24:MI:SS, DD Month YYYY; or ISO, EXCEL, EPOCH.")));
}

Datum
crmseg_parse_date(PG_FUNCTION_ARGS)
{
	Datum		values[2];
	bool		nulls[2] = {true, true};

	if (!PG_ARGISNULL(0) && !PG_ARGISNULL(1))
	{
		text	   *t = PG_GETARG_TEXT_PP(0);
		CellFormat	format;
		CellTime	time;
		CellStatus	s;
		DateADT		d;

		need_format(PG_GETARG_TEXT_PP(1), &format);
		s = cell_time(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), &format, &time);
		if (s == CELL_OK && import_date(&time, &d))
		{
			values[0] = DateADTGetDatum(d);
			nulls[0] = false;
		}
		else if (s != CELL_EMPTY)
		{
			values[1] = reason(s == CELL_OK ? CELL_OUT_OF_RANGE : s);
			nulls[1] = false;
		}
	}
	return row(fcinfo, values, nulls);
}

Datum
crmseg_parse_timestamp(PG_FUNCTION_ARGS)
{
	Datum		values[2];
	bool		nulls[2] = {true, true};

	if (!PG_ARGISNULL(0) && !PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		text	   *t = PG_GETARG_TEXT_PP(0);
		char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(2));
		pg_tz	   *zone = pg_tzset(name);
		CellFormat	format;
		CellTime	time;
		CellStatus	s;
		TimestampTz ts;

		if (zone == NULL)
			ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("time zone \"%s\" is not known", name), errhint("See pg_timezone_names: Europe/Paris, UTC.")));
		need_format(PG_GETARG_TEXT_PP(1), &format);
		s = cell_time(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), &format, &time);
		if (s == CELL_OK && import_timestamp(&time, zone, &ts))
		{
			values[0] = TimestampTzGetDatum(ts);
			nulls[0] = false;
		}
		else if (s != CELL_EMPTY)
		{
			values[1] = reason(s == CELL_OK ? CELL_OUT_OF_RANGE : s);
			nulls[1] = false;
		}
	}
	return row(fcinfo, values, nulls);
}

static bool
among(FunctionCallInfo fcinfo, int i, const char *p, size_t n)
{
	Datum	   *words;
	bool	   *nulls;
	int			count;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(i), TEXTOID, -1, false, TYPALIGN_INT, &words, &nulls, &count);
	for (int k = 0; k < count; k++)
		if (!nulls[k] && cell_same_word(p, n, VARDATA_ANY(DatumGetTextPP(words[k])), VARSIZE_ANY_EXHDR(DatumGetTextPP(words[k]))))
			return true;
	return false;
}

Datum
crmseg_parse_boolean(PG_FUNCTION_ARGS)
{
	Datum		values[2];
	bool		nulls[2] = {true, true};

	if (!PG_ARGISNULL(0))
	{
		text	   *t = PG_GETARG_TEXT_PP(0);
		const char *p = VARDATA_ANY(t);
		size_t		n = VARSIZE_ANY_EXHDR(t);
		bool		value = false;
		CellStatus	s;

		cell_trim(&p, &n);
		if (!PG_ARGISNULL(1) && among(fcinfo, 1, p, n))
		{
			s = CELL_OK;
			value = true;
		}
		else if (!PG_ARGISNULL(2) && among(fcinfo, 2, p, n))
			s = CELL_OK;
		else
		{
			s = cell_boolean(p, n, &value);
			/* words of one's own stand instead of the usual ones */
			if (s == CELL_OK && !PG_ARGISNULL(value ? 1 : 2))
				s = CELL_NOT_A_BOOLEAN;
		}
		if (s == CELL_OK)
		{
			values[0] = BoolGetDatum(value);
			nulls[0] = false;
		}
		else if (s != CELL_EMPTY)
		{
			values[1] = reason(s);
			nulls[1] = false;
		}
	}
	return row(fcinfo, values, nulls);
}

Datum
crmseg_repair_text(PG_FUNCTION_ARGS)
{
	text	   *t = PG_GETARG_TEXT_PP(0);
	size_t		n = VARSIZE_ANY_EXHDR(t);
	text	   *r;

	if (n > (MaxAllocSize - VARHDRSZ) / 2 - 16)
		PG_RETURN_TEXT_P(t);
	r = palloc(VARHDRSZ + 2 * n + 8);
	if (cell_mojibake(VARDATA_ANY(t), n, VARDATA(r), &n) != CELL_MOJIBAKE)
		PG_RETURN_TEXT_P(t);
	SET_VARSIZE(r, VARHDRSZ + n);
	PG_RETURN_TEXT_P(r);
}

/* a word of a short list, NULL: it is none of them */
static Datum
listed(FunctionCallInfo fcinfo, const char *(*word_of) (const char *data, size_t len))
{
	text	   *t = PG_GETARG_TEXT_PP(0);
	const char *s = word_of(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));

	if (s == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(s));
}

Datum
crmseg_parse_sex(PG_FUNCTION_ARGS)
{
	return listed(fcinfo, import_sex_of);
}

Datum
crmseg_parse_country(PG_FUNCTION_ARGS)
{
	return listed(fcinfo, import_country);
}
