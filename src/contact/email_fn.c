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

/* mailbox(email) -> text: the normal form */
PG_FUNCTION_INFO_V1(crmseg_email_mailbox);
Datum
crmseg_email_mailbox(PG_FUNCTION_ARGS)
{
	size_t		len;
	const char *normal = contact_normal(PG_GETARG_VARLENA_PP(0), &len);

	PG_RETURN_TEXT_P(cstring_to_text_with_len(normal, (int) len));
}

/* The domain in the argument's normal form. */
static const char *
get_domain(FunctionCallInfo fcinfo, size_t *len)
{
	const char *normal = contact_normal(PG_GETARG_VARLENA_PP(0), len);
	size_t		begin = email_domain_begin(normal, *len);

	*len -= begin;
	return normal + begin;
}

PG_FUNCTION_INFO_V1(crmseg_email_domain);
Datum
crmseg_email_domain(PG_FUNCTION_ARGS)
{
	size_t		len;
	const char *domain = get_domain(fcinfo, &len);

	PG_RETURN_TEXT_P(cstring_to_text_with_len(domain, (int) len));
}

PG_FUNCTION_INFO_V1(crmseg_is_free_mail);
Datum
crmseg_is_free_mail(PG_FUNCTION_ARGS)
{
	size_t		len;
	const char *domain = get_domain(fcinfo, &len);

	PG_RETURN_BOOL(email_is_free_mail(domain, len));
}

PG_FUNCTION_INFO_V1(crmseg_is_disposable);
Datum
crmseg_is_disposable(PG_FUNCTION_ARGS)
{
	size_t		len;
	const char *domain = get_domain(fcinfo, &len);

	PG_RETURN_BOOL(email_is_disposable(domain, len));
}

PG_FUNCTION_INFO_V1(crmseg_is_role_address);
Datum
crmseg_is_role_address(PG_FUNCTION_ARGS)
{
	size_t		len;
	const char *normal = contact_normal(PG_GETARG_VARLENA_PP(0), &len);
	size_t		domain = email_domain_begin(normal, len);

	PG_RETURN_BOOL(domain > 0 && email_is_role(normal, domain - 1));
}

/* suggest(email) -> email: the same mailbox name in the domain that was meant, or NULL */
PG_FUNCTION_INFO_V1(crmseg_suggest);
Datum
crmseg_suggest(PG_FUNCTION_ARGS)
{
	char		text[EMAIL_WRITTEN_MAX + EMAIL_DOMAIN_MAX];
	size_t		len,
				written_len,
				at;
	const char *domain = get_domain(fcinfo, &len),
			   *written = contact_written(PG_GETARG_VARLENA_PP(0), &written_len);
	email_parsed parsed;

	at = email_domain_begin(written, written_len);
	if (at == 0)				/* a full-width @ */
	{
		written = contact_normal(PG_GETARG_VARLENA_PP(0), &written_len);
		at = email_domain_begin(written, written_len);
	}
	if (at > EMAIL_WRITTEN_MAX || !email_suggest_domain(domain, len, text + at, &len))
		PG_RETURN_NULL();
	memcpy(text, written, at);
	if (email_parse(text, at + len, &parsed) != EMAIL_OK)
		PG_RETURN_NULL();		/* too long */
	PG_RETURN_POINTER(make_email(&parsed));
}
