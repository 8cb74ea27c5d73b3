/*
 * state.c: the text form of aggregate states: the bytes of their binary form in hex, whatever bytea_output says, since a function that is
 * immutable looks at no setting.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "error.h"
#include "state.h"

/* the text of a state, which is for machines: the bytes of its send function in hex */
Datum
state_out(PGFunction send, Datum state)
{
	bytea	   *b = DatumGetByteaPP(DirectFunctionCall1(send, state));
	Size		len = VARSIZE_ANY_EXHDR(b);
	char	   *out;

	if (len > MaxAllocSize / 2 - 2)
		ereport(ERROR, (errcode(CRMSEG_LIMIT), errmsg("state is too large for its text form")));
	out = palloc(len * 2 + 3);
	out[0] = '\\', out[1] = 'x';
	out[2 + hex_encode(VARDATA_ANY(b), len, out + 2)] = 0;
	PG_RETURN_CSTRING(out);
}

Datum
state_in(PGFunction recv, const char *text, const char *type)
{
	Size		len = strlen(text);
	StringInfoData buf;
	Datum		result;

	if (len < 4 || len % 2 != 0 || text[0] != '\\' || text[1] != 'x' || strspn(text + 2, "0123456789abcdefABCDEF") != len - 2)
		ereport(ERROR, (errcode(CRMSEG_BAD_TEXT), errmsg("invalid input syntax for type %s", type), errdetail("It is the hex form of a state.")));
	initStringInfo(&buf);
	enlargeStringInfo(&buf, len / 2);
	buf.len = hex_decode(text + 2, len - 2, buf.data);
	result = DirectFunctionCall1(recv, PointerGetDatum(&buf));
	if (buf.cursor != buf.len)
		ereport(ERROR, (errcode(CRMSEG_BAD_TEXT), errmsg("invalid input syntax for type %s", type), errdetail("It is longer than its state.")));
	return result;
}
