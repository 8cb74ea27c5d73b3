/*
 * email_fn.c: the type email for SQL: input, output, and what is read from an address.
 */
#include "contact/contact_fn.h"

#include "access/htup_details.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "contact/contact.h"
#include "error.h"

static struct varlena *
make_email(const email_parsed *parsed)
{
	return contact_make(EMAIL_VERSION, parsed->normal, parsed->normal_len, parsed->written, parsed->written_len);
}

/* The detail and the hint never quote the text: it is a person's. */
#define EMAIL_ERROR(status) \
	(errcode(CRMSEG_BAD_TEXT), errmsg("invalid input syntax for type email"), errdetail("%s", email_detail(status)), \
	 email_hint(status) != NULL ? errhint("%s", email_hint(status)) : 0)

PG_FUNCTION_INFO_V1(crmseg_email_in);
Datum
crmseg_email_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	email_parsed parsed;
	email_status status = email_parse(text, strlen(text), &parsed);

	if (status != EMAIL_OK)
		ereturn(fcinfo->context, (Datum) 0, EMAIL_ERROR(status));
	PG_RETURN_POINTER(make_email(&parsed));
}

PG_FUNCTION_INFO_V1(crmseg_email_out);
Datum
crmseg_email_out(PG_FUNCTION_ARGS)
{
	size_t		len;
	const char *written = contact_written(PG_GETARG_VARLENA_PP(0), &len);

	PG_RETURN_CSTRING(pnstrdup(written, len));
}

/* The binary form: a version byte and the text as written. The normal form is made anew, so that nothing in it need be trusted. */
PG_FUNCTION_INFO_V1(crmseg_email_recv);
Datum
crmseg_email_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buf);
	email_parsed parsed;
	email_status status;
	char	   *text;
	int			len;

	if (version != EMAIL_VERSION)
		ereport(ERROR,
				(errcode(CRMSEG_BAD_BINARY),
				 errmsg("unsupported version %d of the binary form of type email", version)));
	text = pq_getmsgtext(buf, buf->len - buf->cursor, &len);
	status = email_parse(text, len, &parsed);
	if (status != EMAIL_OK)
		ereport(ERROR, EMAIL_ERROR(status));
	if (parsed.written_len != (size_t) len)
		ereport(ERROR,
				(errcode(CRMSEG_BAD_BINARY),
				 errmsg("invalid binary form of type email"), errdetail("Something stands around the address.")));
	PG_RETURN_POINTER(make_email(&parsed));
}

PG_FUNCTION_INFO_V1(crmseg_email_send);
Datum
crmseg_email_send(PG_FUNCTION_ARGS)
{
	size_t		len;
	const char *written = contact_written(PG_GETARG_VARLENA_PP(0), &len);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, EMAIL_VERSION);
	pq_sendtext(&buf, written, (int) len);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* try_email(text, OUT email, OUT reason): NULL and a reason instead of an error */
PG_FUNCTION_INFO_V1(crmseg_try_email);
Datum
crmseg_try_email(PG_FUNCTION_ARGS)
{
	text	   *input = PG_GETARG_TEXT_PP(0);
	TupleDesc	row = contact_row_type(fcinfo);
	email_parsed parsed;
	email_status status = email_parse(VARDATA_ANY(input), VARSIZE_ANY_EXHDR(input), &parsed);
	Datum		values[2] = {0};
	bool		nulls[2] = {status != EMAIL_OK, status == EMAIL_OK};

	if (status == EMAIL_OK)
		values[0] = PointerGetDatum(make_email(&parsed));
	else
		values[1] = CStringGetTextDatum(email_reason(status));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(row, values, nulls)));
}

/* The normal form of the argument, and where its domain begins. */
static const char *
get_normal(FunctionCallInfo fcinfo, size_t *len, size_t *domain)
{
	const char *normal = contact_normal(PG_GETARG_VARLENA_PP(0), len);

	for (*domain = *len; *domain > 0 && normal[*domain - 1] != '@'; (*domain)--)
		;
	return normal;
}

/* mailbox(email) -> text: the normal form */
PG_FUNCTION_INFO_V1(crmseg_email_mailbox);
Datum
crmseg_email_mailbox(PG_FUNCTION_ARGS)
{
	size_t		len;
	const char *normal = contact_normal(PG_GETARG_VARLENA_PP(0), &len);

	PG_RETURN_TEXT_P(cstring_to_text_with_len(normal, (int) len));
}

PG_FUNCTION_INFO_V1(crmseg_email_domain);
Datum
crmseg_email_domain(PG_FUNCTION_ARGS)
{
	size_t		len,
				domain;
	const char *normal = get_normal(fcinfo, &len, &domain);

	PG_RETURN_TEXT_P(cstring_to_text_with_len(normal + domain, (int) (len - domain)));
}
