/*
 * names_fn.c: comparison of names, dates, e-mail and postal addresses, sounds and registry numbers for SQL. Values come from the caller; nothing is
 * kept. All are strict and immutable: they depend on the bytes given and on tables compiled in.
 */
#include "contact/contact_fn.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"

#include "contact/address.h"
#include "error.h"
#include "match/match.h"
#include "text/text.h"

/* A folded value: on the stack for all but long ones, so that a call allocates nothing. */
#define FOLD_STACK 512

typedef struct folded
{
	char	   *s;
	size_t		n;
	char		stack[FOLD_STACK];
} folded;

static void
fold_value(const text *in, folded *out)
{
	const char *s = VARDATA_ANY(in);
	size_t		n = VARSIZE_ANY_EXHDR(in);

	if (unlikely(n > SIMILARITY_MAX_CHARS))
	{
		int			chars = similarity_length(s, n);

		if (chars > SIMILARITY_MAX_CHARS)
			ereport(ERROR,
					(errcode(CRMSEG_LIMIT),
					 errmsg("text is too long to be compared"),
					 errdetail("It has %d characters, at most %d can be compared.", chars, SIMILARITY_MAX_CHARS)));
	}
	out->s = out->stack;
	out->n = text_fold(s, n, out->stack, FOLD_STACK);
	if (out->n == TEXT_BAD_UTF8)
		ereport(ERROR, (errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE), errmsg("text is not valid UTF-8")));
	if (out->n > FOLD_STACK)
	{
		out->s = palloc(out->n);
		text_fold(s, n, out->s, out->n);
	}
}

static void
fold_free(folded *f)
{
	if (f->s != f->stack)
		pfree(f->s);
}

/* name_similarity(text, text) -> float8 */
PG_FUNCTION_INFO_V1(crmseg_name_similarity);
Datum
crmseg_name_similarity(PG_FUNCTION_ARGS)
{
	folded		a,
				b;
	double		s;

	fold_value(PG_GETARG_TEXT_PP(0), &a);
	fold_value(PG_GETARG_TEXT_PP(1), &b);
	s = name_similarity(a.s, a.n, b.s, b.n);
	fold_free(&a);
	fold_free(&b);
	PG_RETURN_FLOAT8(s);
}

/*
 * organisation_similarity(text, text) -> float8. Valid registry numbers within both decide: the same one, one organisation; two of one country, two organisations.
 */
PG_FUNCTION_INFO_V1(crmseg_organisation_similarity);
Datum
crmseg_organisation_similarity(PG_FUNCTION_ARGS)
{
	text	   *in[2] = {PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1)};
	folded		a,
				b;
	char		x[REGISTRY_NUMBER],
				y[REGISTRY_NUMBER];
	double		s;

	fold_value(in[0], &a);
	fold_value(in[1], &b);
	s = organisation_similarity(a.s, a.n, b.s, b.n);
	if (s < 1 && registry_number_find(VARDATA_ANY(in[0]), VARSIZE_ANY_EXHDR(in[0]), x) != REGISTRY_NONE &&
		registry_number_find(VARDATA_ANY(in[1]), VARSIZE_ANY_EXHDR(in[1]), y) != REGISTRY_NONE)
	{
		if (strcmp(x, y) == 0)
			s = Max(s, 0.98);
		else if (memcmp(x, y, 2) == 0)
			s = Min(s, 0.3);
	}
	fold_free(&a);
	fold_free(&b);
	PG_RETURN_FLOAT8(s);
}

/* phonetic(text) -> text[]: the codes of each word, each once, in the order of the words. */
PG_FUNCTION_INFO_V1(crmseg_phonetic);
Datum
crmseg_phonetic(PG_FUNCTION_ARGS)
{
	folded		f;
	Datum	   *codes;
	char		code[PHONETIC_CODES][PHONETIC_LENGTH + 1];
	int			count = 0,
				room = 16;

	fold_value(PG_GETARG_TEXT_PP(0), &f);
	codes = palloc(room * sizeof(Datum));
	for (size_t i = 0; i < f.n;)
	{
		size_t		end = i;
		int			n;

		while (end < f.n && f.s[end] != ' ')
			end++;
		n = phonetic_codes(f.s + i, end - i, code);
		for (int k = 0; k < n; k++)
		{
			int			j = 0;

			while (j < count && (VARSIZE_ANY_EXHDR(codes[j]) != strlen(code[k]) || memcmp(VARDATA_ANY(codes[j]), code[k], strlen(code[k])) != 0))
				j++;
			if (j < count)
				continue;
			if (count == room)
				codes = repalloc(codes, (room *= 2) * sizeof(Datum));
			codes[count++] = CStringGetTextDatum(code[k]);
		}
		CHECK_FOR_INTERRUPTS();
		i = end + 1;
	}
	fold_free(&f);
	PG_RETURN_ARRAYTYPE_P(construct_array(codes, count, TEXTOID, -1, false, TYPALIGN_INT));
}

/* date_similarity(date, date) -> float8. The server's infinities are the ends of its numbers, as date.c has them. */
PG_FUNCTION_INFO_V1(crmseg_date_similarity);
Datum
crmseg_date_similarity(PG_FUNCTION_ARGS)
{
	StaticAssertStmt(DATEVAL_NOBEGIN == MATCH_DATE_EARLIEST && DATEVAL_NOEND == MATCH_DATE_LATEST, "infinite dates are the ends");
	PG_RETURN_FLOAT8(date_similarity(PG_GETARG_DATEADT(0), PG_GETARG_DATEADT(1)));
}

/* email_similarity(email, email) -> float8 */
PG_FUNCTION_INFO_V1(crmseg_email_similarity);
Datum
crmseg_email_similarity(PG_FUNCTION_ARGS)
{
	size_t		n,
				m;
	const char *a = contact_normal(PG_GETARG_VARLENA_PP(0), &n),
			   *b = contact_normal(PG_GETARG_VARLENA_PP(1), &m);

	PG_RETURN_FLOAT8(email_similarity(a, n, b, m));
}

static void
read_address(const text *in, address *a)
{
	switch (address_parse(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in), "", 0, a))
	{
		case ADDRESS_OK:
			break;
		case ADDRESS_TOO_LONG:
			ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("address is too long"),
							errdetail("An address may have %d bytes.", ADDRESS_MAX),
							errhint("Give the lines of one address only.")));
			break;
		case ADDRESS_BAD_UTF8:
			ereport(ERROR, (errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE), errmsg("text is not valid UTF-8")));
	}
}

/* address_similarity(text, text) -> float8: 1 for two spellings of one address (equal address_key) */
PG_FUNCTION_INFO_V1(crmseg_address_similarity);
Datum
crmseg_address_similarity(PG_FUNCTION_ARGS)
{
	text	   *in[2] = {PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1)};
	address		a,
				b;
	char		x[ADDRESS_KEY_MAX],
				y[ADDRESS_KEY_MAX];
	size_t		n;

	read_address(in[0], &a);
	read_address(in[1], &b);
	n = address_key(&a, x);
	if ((VARSIZE_ANY_EXHDR(in[0]) == VARSIZE_ANY_EXHDR(in[1]) && memcmp(VARDATA_ANY(in[0]), VARDATA_ANY(in[1]), VARSIZE_ANY_EXHDR(in[0])) == 0) ||
		(n > 0 && address_key(&b, y) == n && memcmp(x, y, n) == 0))
		PG_RETURN_FLOAT8(1);
	PG_RETURN_FLOAT8(address_similarity(&a, &b));
}

static registry_kind
read_registry_number(const text *in, char *number)
{
	return registry_number_read(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in), number);
}

/* is_valid_siren(text), is_valid_siret(text), is_valid_vat(text) -> bool */
PG_FUNCTION_INFO_V1(crmseg_is_valid_siren);
Datum
crmseg_is_valid_siren(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(read_registry_number(PG_GETARG_TEXT_PP(0), NULL) == REGISTRY_SIREN);
}

PG_FUNCTION_INFO_V1(crmseg_is_valid_siret);
Datum
crmseg_is_valid_siret(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(read_registry_number(PG_GETARG_TEXT_PP(0), NULL) == REGISTRY_SIRET);
}

PG_FUNCTION_INFO_V1(crmseg_is_valid_vat);
Datum
crmseg_is_valid_vat(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(read_registry_number(PG_GETARG_TEXT_PP(0), NULL) == REGISTRY_VAT);
}

/* registry_number(text) -> text: the first valid number within the text, as its organisation's, or NULL */
PG_FUNCTION_INFO_V1(crmseg_registry_number);
Datum
crmseg_registry_number(PG_FUNCTION_ARGS)
{
	text	   *in = PG_GETARG_TEXT_PP(0);
	char		number[REGISTRY_NUMBER];

	if (registry_number_find(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in), number) == REGISTRY_NONE)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(number));
}
