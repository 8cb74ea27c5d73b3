/*
 * address_fn.c: address_key and parse_address as SQL functions. The words are compiled in and the text is folded by our own table, so
 * both are immutable; the country may be NULL, then the address tells.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "compat.h"
#include "contact/address.h"
#include "error.h"

PG_FUNCTION_INFO_V1(crmseg_address_key);
PG_FUNCTION_INFO_V1(crmseg_parse_address);

/* Reads the address of arguments 0 and 1. */
static void
parse_arguments(FunctionCallInfo fcinfo, address *a)
{
	text	   *in = PG_GETARG_TEXT_PP(0);
	text	   *country = PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1);

	switch (address_parse(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in), country != NULL ? VARDATA_ANY(country) : "", country != NULL ? VARSIZE_ANY_EXHDR(country) : 0, a))
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

/* address_key(text, country text) -> text */
Datum
crmseg_address_key(PG_FUNCTION_ARGS)
{
	address		a;
	char		key[ADDRESS_KEY_MAX];

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	parse_arguments(fcinfo, &a);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(key, (int) address_key(&a, key)));
}

static Datum
part_datum(const address_part *p, bool *null)
{
	*null = p->n == 0;
	return *null ? (Datum) 0 : PointerGetDatum(cstring_to_text_with_len(p->s, (int) p->n));
}

/* parse_address(text, country text) -> (house_number, street_type, street, postal_code, city text) */
Datum
crmseg_parse_address(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[5];
	bool		nulls[5];
	address		a;
	char		street[ADDRESS_KEY_MAX];
	address_part whole = {street, 0};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	parse_arguments(fcinfo, &a);
	/* the name with its directions */
	for (const address_part *const *p = (const address_part *const []) {&a.before, &a.street, &a.after, NULL}; *p != NULL; p++)
		if ((*p)->n > 0)
		{
			if (whole.n > 0)
				street[whole.n++] = ' ';
			memcpy(street + whole.n, (*p)->s, (*p)->n);
			whole.n += (*p)->n;
		}
	values[0] = part_datum(&a.number, &nulls[0]);
	values[1] = part_datum(&a.type, &nulls[1]);
	values[2] = part_datum(&whole, &nulls[2]);
	values[3] = part_datum(&a.postal_code, &nulls[3]);
	values[4] = part_datum(&a.city, &nulls[4]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
