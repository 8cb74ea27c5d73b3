/*
 * similarity_fn.c: jaro_winkler(text, text) and edit_distance(text, text [, at_most]) for SQL. Texts come from the caller; nothing is kept.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "compat.h"
#include "error.h"
#include "match/match.h"

/* Work memory on the stack for all but long strings: no allocation a call. */
#define STACK_CHARS 256

PG_FUNCTION_INFO_V1(crmseg_jaro_winkler);
PG_FUNCTION_INFO_V1(crmseg_edit_distance);

/* Checks both lengths and gives work memory: the caller's, or a palloc for long strings. */
static uint32_t *
work_memory(const text *a, const text *b, uint32_t *stack)
{
	size_t		na = VARSIZE_ANY_EXHDR(a),
				nb = VARSIZE_ANY_EXHDR(b);
	int			la,
				lb;

	if (likely(na <= STACK_CHARS && nb <= STACK_CHARS))
		return stack;
	la = similarity_length(VARDATA_ANY(a), na);
	lb = similarity_length(VARDATA_ANY(b), nb);
	if (la > SIMILARITY_MAX_CHARS || lb > SIMILARITY_MAX_CHARS)
		ereport(ERROR,
				(errcode(CRMSEG_LIMIT),
				 errmsg("text is too long to be compared"),
				 errdetail("It has %d characters, at most %d can be compared.", Max(la, lb), SIMILARITY_MAX_CHARS),
				 errhint("Compare a part of it, such as left(value, %d).", SIMILARITY_MAX_CHARS)));
	return palloc(SIMILARITY_WORK(la, lb) * sizeof(uint32_t));
}

/* jaro_winkler(text, text) -> float8, 0 (nothing in common) to 1 (equal); 54000 beyond 4096 characters. Winkler 1990. */
Datum
crmseg_jaro_winkler(PG_FUNCTION_ARGS)
{
	text	   *a = PG_GETARG_TEXT_PP(0);
	text	   *b = PG_GETARG_TEXT_PP(1);
	uint32_t	stack[SIMILARITY_WORK(STACK_CHARS, STACK_CHARS)];
	uint32_t   *work = work_memory(a, b, stack);
	double		s = jaro_winkler(VARDATA_ANY(a), VARSIZE_ANY_EXHDR(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b), work);

	if (work != stack)
		pfree(work);
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	PG_RETURN_FLOAT8(s);
}

/* edit_distance(text, text [, at_most int]) -> int, in characters; a distance above at_most is given as at_most + 1. */
Datum
crmseg_edit_distance(PG_FUNCTION_ARGS)
{
	text	   *a = PG_GETARG_TEXT_PP(0);
	text	   *b = PG_GETARG_TEXT_PP(1);
	int32		at_most = PG_NARGS() > 2 ? PG_GETARG_INT32(2) : -1;
	uint32_t	stack[SIMILARITY_WORK(STACK_CHARS, STACK_CHARS)];
	uint32_t   *work;
	int			d;

	if (PG_NARGS() > 2 && (at_most < 0 || at_most > SIMILARITY_MAX_CHARS))
		ereport(ERROR,
				(errcode(CRMSEG_BAD_VALUE),
				 errmsg("at_most must be between 0 and %d", SIMILARITY_MAX_CHARS)));
	work = work_memory(a, b, stack);
	d = edit_distance(VARDATA_ANY(a), VARSIZE_ANY_EXHDR(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b), at_most, work);
	if (work != stack)
		pfree(work);
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	PG_RETURN_INT32(d);
}
