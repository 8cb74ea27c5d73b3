/*
 * demo_fn.c: SQL face of the demo's draws (draw.c), used by the functions of sql/85_demo.sql and 86_demo_files.sql.
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "demo/demo.h"
#include "error.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"

#define DAY_TRIES 8
#define MAX_DAYS 100000

PG_FUNCTION_INFO_V1(crmseg_demo_u);
PG_FUNCTION_INFO_V1(crmseg_demo_pick);
PG_FUNCTION_INFO_V1(crmseg_demo_words);
PG_FUNCTION_INFO_V1(crmseg_demo_season);
PG_FUNCTION_INFO_V1(crmseg_demo_day);

static const demo_list *
list_of(text *kind)
{
	const demo_list *list = demo_find(VARDATA_ANY(kind), VARSIZE_ANY_EXHDR(kind));

	if (list == NULL)
		ereport(ERROR,
				errcode(CRMSEG_BAD_VALUE),
				errmsg("the demo has no word list of this kind"));
	return list;
}

static double
season_of(DateADT date)
{
	int			year,
				month,
				day;

	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	return demo_season(month, day);
}

Datum
crmseg_demo_u(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(demo_u(PG_GETARG_INT64(0), PG_GETARG_INT32(1), PG_GETARG_INT64(2)));
}

Datum
crmseg_demo_pick(PG_FUNCTION_ARGS)
{
	const demo_list *list = list_of(PG_GETARG_TEXT_PP(0));
	double		u = demo_u(PG_GETARG_INT64(1), PG_GETARG_INT32(2), PG_GETARG_INT64(3));
	double		skew = PG_GETARG_FLOAT8(4);
	double		at = floor(pow(u, skew) * list->count);

	if (!(at >= 0 && at < list->count))
		at = 0;					/* a skew below zero, or not a number */
	PG_RETURN_TEXT_P(cstring_to_text(list->words[(size_t) at]));
}

Datum
crmseg_demo_words(PG_FUNCTION_ARGS)
{
	const demo_list *list = list_of(PG_GETARG_TEXT_PP(0));
	Datum	   *words = palloc(sizeof(Datum) * list->count);

	for (size_t i = 0; i < list->count; i++)
		words[i] = CStringGetTextDatum(list->words[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(words, list->count, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum
crmseg_demo_season(PG_FUNCTION_ARGS)
{
	DateADT		date = PG_GETARG_DATEADT(0);

	if (DATE_NOT_FINITE(date))
		PG_RETURN_FLOAT8(1.0);
	PG_RETURN_FLOAT8(season_of(date));
}

/* A day among those that begin at from_day, drawn by rejection so that busy days come more often. */
Datum
crmseg_demo_day(PG_FUNCTION_ARGS)
{
	DateADT		from = PG_GETARG_DATEADT(0);
	int32		days = PG_GETARG_INT32(1);
	int64		key = PG_GETARG_INT64(2);
	int64		seed = PG_GETARG_INT64(3);
	DateADT		day = from;

	if (DATE_NOT_FINITE(from) || days < 1 || days > MAX_DAYS || from >= DATE_END_JULIAN - POSTGRES_EPOCH_JDATE - MAX_DAYS)
		PG_RETURN_DATEADT(from);
	for (int try = 0; try < DAY_TRIES; try++)
	{
		day = from + (int32) (demo_u(key, 1000 + try, seed) * days);
		if (demo_u(key, 2000 + try, seed) * 3.2 < season_of(day))
			break;
	}
	PG_RETURN_DATEADT(day);
}
