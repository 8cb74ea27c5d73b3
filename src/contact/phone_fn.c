/*
 * phone_fn.c: the type phone for SQL. Text and binary input take E.164 and need nothing; what needs numbering plans goes through
 * crmseg_phone.so, which is opened at its first use from the folder in which crmseg.so lies: who uses no phones pays nothing.
 */
#include "contact/contact_fn.h"

#include <dlfcn.h>

#include "access/htup_details.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "contact/contact.h"
#include "error.h"

static struct
{
	int			(*version) (void);
	phone_status (*read) (const char *text, size_t len, const char *region, char *out, size_t *out_len);
	phone_status (*ask) (const char *normal, size_t len, phone_question question, char *out, size_t size, size_t *out_len);
}			shim;

PG_FUNCTION_INFO_V1(crmseg_phone_in);

/* Opens the library of numbering plans, once in a process. */
static void
open_shim(void)
{
	Dl_info		self;
	const char *slash;
	char	   *path;
	void	   *library;

	if (shim.version != NULL)
		return;
	if (dladdr((void *) crmseg_phone_in, &self) == 0 || (slash = strrchr(self.dli_fname, '/')) == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FILE), errmsg("cannot tell where the library of crmseg lies")));
	path = psprintf("%.*s/crmseg_phone%s", (int) (slash - self.dli_fname), self.dli_fname, strrchr(slash, '.') ? strrchr(slash, '.') : "");
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (library != NULL)
	{
		shim.read = (phone_status (*) (const char *, size_t, const char *, char *, size_t *)) dlsym(library, "crmseg_phone_read");
		shim.ask = (phone_status (*) (const char *, size_t, phone_question, char *, size_t, size_t *)) dlsym(library, "crmseg_phone_ask");
		shim.version = (int (*) (void)) dlsym(library, "crmseg_phone_shim_version");
		if (shim.read != NULL && shim.ask != NULL && shim.version != NULL && shim.version() == PHONE_SHIM_VERSION)
		{
			pfree(path);
			return;
		}
		shim.version = NULL;
		dlclose(library);
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("library \"%s\" is of another version than crmseg", path),
				 errhint("Install both libraries from one build of crmseg.")));
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FILE),
			 errmsg("could not load the library of telephone numbering plans \"%s\"", path),
			 errdetail_internal("%s", dlerror()),
			 errhint("Install libphonenumber (Debian package libphonenumber8) and crmseg_phone beside crmseg. Everything but the reading and showing of telephone numbers works without.")));
}

static struct varlena *
make_phone(const char *normal, size_t normal_len, const char *written, size_t written_len)
{
	return contact_make(PHONE_VERSION, normal, normal_len, written, written_len);
}

/* The detail and the hint never quote the text: it is a person's. */
#define PHONE_ERROR(status) \
	(errcode(CRMSEG_BAD_TEXT), errmsg("invalid input syntax for type phone"), errdetail("%s", phone_detail(status)), \
	 phone_hint(status) != NULL ? errhint("%s", phone_hint(status)) : 0)

Datum
crmseg_phone_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	size_t		len = strlen(text);
	phone_status status = phone_read_e164(&text, &len);

	if (status != PHONE_OK)
		ereturn(fcinfo->context, (Datum) 0, PHONE_ERROR(status));
	PG_RETURN_POINTER(make_phone(text, len, text, len));
}

/* Gives the normal form, which the input takes: a dump restores. */
PG_FUNCTION_INFO_V1(crmseg_phone_out);
Datum
crmseg_phone_out(PG_FUNCTION_ARGS)
{
	size_t		len;
	const char *normal = contact_normal(PG_GETARG_VARLENA_PP(0), &len);

	PG_RETURN_CSTRING(pnstrdup(normal, len));
}

/* The binary form: a version byte, the length of the normal form in a byte, the normal form, the text as written. */
PG_FUNCTION_INFO_V1(crmseg_phone_recv);
Datum
crmseg_phone_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buf),
				normal_len,
				written_len;
	const char *normal,
			   *read;
	char	   *written;
	size_t		len;

	if (version != PHONE_VERSION)
		ereport(ERROR,
				(errcode(CRMSEG_BAD_BINARY),
				 errmsg("unsupported version %d of the binary form of type phone", version)));
	normal_len = pq_getmsgbyte(buf);
	read = normal = pq_getmsgbytes(buf, normal_len);
	len = normal_len;
	if (phone_read_e164(&read, &len) != PHONE_OK || len != (size_t) normal_len)
		ereport(ERROR,
				(errcode(CRMSEG_BAD_BINARY),
				 errmsg("invalid binary form of type phone"), errdetail("The normal form is not a number in E.164.")));
	written = pq_getmsgtext(buf, buf->len - buf->cursor, &written_len);
	if (written_len > PHONE_WRITTEN_MAX || strlen(written) != (size_t) written_len)
		ereport(ERROR,
				(errcode(CRMSEG_BAD_BINARY),
				 errmsg("invalid binary form of type phone"), errdetail("The text as written is longer than %d octets.", PHONE_WRITTEN_MAX)));
	if (written_len == 0)
		PG_RETURN_POINTER(make_phone(normal, normal_len, normal, normal_len));
	PG_RETURN_POINTER(make_phone(normal, normal_len, written, written_len));
}

PG_FUNCTION_INFO_V1(crmseg_phone_send);
Datum
crmseg_phone_send(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);
	size_t		normal_len,
				written_len;
	const char *normal = contact_normal(value, &normal_len),
			   *written = contact_written(value, &written_len);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, PHONE_VERSION);
	pq_sendbyte(&buf, (uint8) normal_len);
	pq_sendbytes(&buf, normal, (int) normal_len);
	if (written != normal)
		pq_sendtext(&buf, written, (int) written_len);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* Reads a number as people write it, dialled from a region (NULL: none). normal has PHONE_NORMAL_MAX octets. */
phone_status
crmseg_phone_from_text(const char *text, size_t len, const char *region, size_t region_len, char *normal, size_t *normal_len)
{
	char		code[3] = "";

	while (region_len > 0 && region[region_len - 1] == ' ')
		region_len--;
	if (region_len > 0)
	{
		if (region_len != 2)
			return PHONE_UNKNOWN_REGION;
		code[0] = (char) pg_ascii_toupper((unsigned char) region[0]);
		code[1] = (char) pg_ascii_toupper((unsigned char) region[1]);
		if (strcmp(code, "UK") == 0)
			strcpy(code, "GB");
		if (code[0] < 'A' || code[0] > 'Z' || code[1] < 'A' || code[1] > 'Z')
			return PHONE_UNKNOWN_REGION;
	}
	if (len == 0)
		return PHONE_EMPTY;
	open_shim();
	return shim.read(text, len, code, normal, normal_len);
}

/* What a call of phone() or try_phone() says; the result is written into value when it is PHONE_OK. */
static phone_status
read_arguments(FunctionCallInfo fcinfo, struct varlena **value)
{
	text	   *input = PG_GETARG_TEXT_PP(0);
	text	   *region = PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1);
	const char *written = VARDATA_ANY(input);
	size_t		len = VARSIZE_ANY_EXHDR(input),
				normal_len;
	char		normal[PHONE_NORMAL_MAX];
	phone_status status;

	while (len > 0 && (unsigned char) written[0] <= ' ')
		written++, len--;
	while (len > 0 && (unsigned char) written[len - 1] <= ' ')
		len--;
	status = crmseg_phone_from_text(written, len, region ? VARDATA_ANY(region) : "", region ? VARSIZE_ANY_EXHDR(region) : 0, normal, &normal_len);
	if (status == PHONE_OK)
		*value = make_phone(normal, normal_len, written, len);
	else if (status == PHONE_FAILED)
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION), errmsg("the library of telephone numbering plans failed")));
	return status;
}

/* phone(number text, region text) -> phone */
PG_FUNCTION_INFO_V1(crmseg_phone);
Datum
crmseg_phone(PG_FUNCTION_ARGS)
{
	struct varlena *value = NULL;
	phone_status status;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	status = read_arguments(fcinfo, &value);
	if (status == PHONE_OK)
		PG_RETURN_POINTER(value);
	ereport(ERROR,
			(errcode(status == PHONE_UNKNOWN_REGION ? CRMSEG_BAD_VALUE : CRMSEG_BAD_TEXT),
			 errmsg(status == PHONE_UNKNOWN_REGION ? "unknown region of a telephone number" : "invalid telephone number"),
			 errdetail("%s", phone_detail(status)),
			 phone_hint(status) != NULL ? errhint("%s", phone_hint(status)) : errhint("Use try_phone(number, region) to have NULL and a reason instead of an error.")));
}

/* try_phone(text, text, OUT phone, OUT reason): NULL and a reason instead of an error */
PG_FUNCTION_INFO_V1(crmseg_try_phone);
Datum
crmseg_try_phone(PG_FUNCTION_ARGS)
{
	TupleDesc	row = contact_row_type(fcinfo);
	struct varlena *value = NULL;
	Datum		values[2] = {0};
	bool		nulls[2] = {true, true};

	if (!PG_ARGISNULL(0))
	{
		phone_status status = read_arguments(fcinfo, &value);

		nulls[0] = status != PHONE_OK;
		nulls[1] = status == PHONE_OK;
		if (status == PHONE_OK)
			values[0] = PointerGetDatum(value);
		else
			values[1] = CStringGetTextDatum(phone_reason(status));
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(row, values, nulls)));
}

static Datum
ask(FunctionCallInfo fcinfo, phone_question question)
{
	size_t		len;
	const char *normal = contact_normal(PG_GETARG_VARLENA_PP(0), &len);
	char		answer[256];

	open_shim();
	if (shim.ask(normal, len, question, answer, sizeof answer, &len) != PHONE_OK)
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION), errmsg("the library of telephone numbering plans failed")));
	if (len == 0)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(answer, (int) len));
}

#define QUESTION(name, question) \
PG_FUNCTION_INFO_V1(crmseg_##name); \
Datum \
crmseg_##name(PG_FUNCTION_ARGS) \
{ \
	return ask(fcinfo, question); \
}

QUESTION(phone_region, PHONE_REGION)
QUESTION(phone_kind, PHONE_KIND)
QUESTION(phone_national, PHONE_NATIONAL)
QUESTION(phone_international, PHONE_INTERNATIONAL)
