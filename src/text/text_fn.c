/*
 * text_fn.c: fold(text) and name_key(text) as SQL functions. The database's text is valid UTF-8; the results depend on nothing but the
 * bytes, so both are immutable. They are not leakproof: a result that would pass the limit of a text value is an error.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "error.h"
#include "text/text.h"

/* After so many bytes we look for a cancel. */
#define FOLD_PIECE (1024 * 1024)

/* A name is no book: sorting its tokens cannot be interrupted. */
#define NAME_KEY_MAX (1024 * 1024)

PG_FUNCTION_INFO_V1(crmseg_fold);
PG_FUNCTION_INFO_V1(crmseg_name_key);

/* Folds into buf; returns the exact length, which may be above cap. */
static size_t
fold_into(const char *s, size_t n, char *buf, size_t cap)
{
	text_folder f;

	text_fold_start(&f, buf, cap);
	while (n > 0)
	{
		size_t		piece = Min(n, FOLD_PIECE);

		while (piece < n && piece > 0 && ((unsigned char) s[piece] & 0xC0) == 0x80)
			piece--;
		CHECK_FOR_INTERRUPTS();
		if (!text_fold_feed(&f, s, piece))
			ereport(ERROR, (errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE), errmsg("text is not valid UTF-8")));
		s += piece;
		n -= piece;
	}
	return f.now.len;
}

/* The folded form of a text value, as a new text. */
static text *
fold_text(const char *s, size_t n)
{
	/* most texts do not grow: a guess with some room, and a second pass for those that do */
	size_t		cap = n + n / 8 + 16,
				len;
	text	   *result = palloc(VARHDRSZ + Min(cap, MaxAllocSize - VARHDRSZ));

	cap = Min(cap, MaxAllocSize - VARHDRSZ);
	len = fold_into(s, n, VARDATA(result), cap);
	if (len > cap)
	{
		pfree(result);
		if (len > MaxAllocSize - VARHDRSZ)
			ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("the folded text would be longer than a text value can be"),
							errdetail("It would have %zu bytes.", len)));
		result = palloc(VARHDRSZ + len);
		fold_into(s, n, VARDATA(result), len);
	}
	SET_VARSIZE(result, VARHDRSZ + len);
	return result;
}

/* fold(text) -> text */
Datum
crmseg_fold(PG_FUNCTION_ARGS)
{
	text	   *in = PG_GETARG_TEXT_PP(0);

	PG_RETURN_TEXT_P(fold_text(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in)));
}

/* name_key(text) -> text */
Datum
crmseg_name_key(PG_FUNCTION_ARGS)
{
	text	   *in = PG_GETARG_TEXT_PP(0);
	text	   *folded,
			   *result;
	text_token *tokens;
	size_t		n,
				count;

	if (VARSIZE_ANY_EXHDR(in) > NAME_KEY_MAX)
		ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("name is too long for a key"),
						errdetail("A name may have %d bytes.", NAME_KEY_MAX)));
	folded = fold_text(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in));
	n = VARSIZE_ANY_EXHDR(folded);
	count = text_tokens(VARDATA_ANY(folded), n, NULL, 0);
	if (count < 2)
		PG_RETURN_TEXT_P(folded);
	tokens = palloc(count * sizeof(text_token));
	result = palloc(VARHDRSZ + n);
	n = text_name_key(VARDATA_ANY(folded), n, tokens, count, VARDATA(result));
	SET_VARSIZE(result, VARHDRSZ + n);
	PG_RETURN_TEXT_P(result);
}
