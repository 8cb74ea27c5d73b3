/*
 * score_fn.c: the type rfm, three scores in two bytes, and the names of its cells. Values come from rfm_score (cuts_fn.c) or as text.
 */
#include "rfm_private.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

#define RFM_WIRE_VERSION 1

PG_FUNCTION_INFO_V1(crmseg_rfm_in);
PG_FUNCTION_INFO_V1(crmseg_rfm_out);
PG_FUNCTION_INFO_V1(crmseg_rfm_recv);
PG_FUNCTION_INFO_V1(crmseg_rfm_send);
PG_FUNCTION_INFO_V1(crmseg_rfm_make);
PG_FUNCTION_INFO_V1(crmseg_rfm_from_int);
PG_FUNCTION_INFO_V1(crmseg_rfm_to_int);
PG_FUNCTION_INFO_V1(crmseg_rfm_r);
PG_FUNCTION_INFO_V1(crmseg_rfm_f);
PG_FUNCTION_INFO_V1(crmseg_rfm_m);
PG_FUNCTION_INFO_V1(crmseg_rfm_label);
PG_FUNCTION_INFO_V1(crmseg_rfm_lt);
PG_FUNCTION_INFO_V1(crmseg_rfm_le);
PG_FUNCTION_INFO_V1(crmseg_rfm_eq);
PG_FUNCTION_INFO_V1(crmseg_rfm_ne);
PG_FUNCTION_INFO_V1(crmseg_rfm_ge);
PG_FUNCTION_INFO_V1(crmseg_rfm_gt);
PG_FUNCTION_INFO_V1(crmseg_rfm_cmp);
PG_FUNCTION_INFO_V1(crmseg_rfm_hash);
PG_FUNCTION_INFO_V1(crmseg_rfm_hash_extended);

Datum
crmseg_rfm_in(PG_FUNCTION_ARGS)
{
	const char *s = PG_GETARG_CSTRING(0);
	int16		value;

	if (rfm_parse(s, strlen(s), &value) != RFM_OK)
		ereturn(fcinfo->context, (Datum) 0, (errcode(CRMSEG_BAD_TEXT), errmsg("invalid input syntax for type %s", "rfm"),
											 errhint("Write three scores of 1 to 9: recency, frequency, amount, as '5-4-3'.")));
	PG_RETURN_INT16(value);
}

Datum
crmseg_rfm_out(PG_FUNCTION_ARGS)
{
	int			v = PG_GETARG_INT16(0);

	PG_RETURN_CSTRING(psprintf("%d-%d-%d", RFM_R(v), RFM_F(v), RFM_M(v)));
}

Datum
crmseg_rfm_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buf),
				value;

	if (version != RFM_WIRE_VERSION)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("unsupported rfm version number %d", version)));
	value = (int) pq_getmsgint(buf, 2);
	if (!rfm_is_valid(value))
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("invalid binary rfm")));
	PG_RETURN_INT16(value);
}

Datum
crmseg_rfm_send(PG_FUNCTION_ARGS)
{
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, RFM_WIRE_VERSION);
	pq_sendint16(&buf, PG_GETARG_INT16(0));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

static Datum
checked(int64 value)
{
	if (value < 0 || value > 999 || !rfm_is_valid((int) value))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("scores must be between 1 and 9"), errhint("An rfm is made of three digits: recency, frequency, amount, as 543.")));
	PG_RETURN_INT16((int16) value);
}

Datum
crmseg_rfm_make(PG_FUNCTION_ARGS)
{
	int32		r = PG_GETARG_INT32(0),
				f = PG_GETARG_INT32(1),
				m = PG_GETARG_INT32(2);

	if (r < 1 || r > 9 || f < 1 || f > 9 || m < 1 || m > 9)
		return checked(-1);
	PG_RETURN_INT16(RFM_PACK(r, f, m));
}

Datum
crmseg_rfm_from_int(PG_FUNCTION_ARGS)
{
	return checked(PG_GETARG_INT32(0));
}

Datum
crmseg_rfm_to_int(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_INT16(0));
}

Datum
crmseg_rfm_r(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT16(RFM_R(PG_GETARG_INT16(0)));
}

Datum
crmseg_rfm_f(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT16(RFM_F(PG_GETARG_INT16(0)));
}

Datum
crmseg_rfm_m(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT16(RFM_M(PG_GETARG_INT16(0)));
}

/* rfm_label(rfm), rfm_group(rfm, bins, groups) */
Datum
crmseg_rfm_label(PG_FUNCTION_ARGS)
{
	int			bins = PG_NARGS() > 1 ? PG_GETARG_INT32(1) : 5,
				groups = PG_NARGS() > 2 ? PG_GETARG_INT32(2) : 11;
	const char *name;

	if (bins < 1 || bins > RFM_BINS_MAX)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("bins must be between 1 and %d", RFM_BINS_MAX)));
	if (groups != 3 && groups != 5 && groups != 11)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("groups must be 3, 5 or 11")));
	name = rfm_label_name(PG_GETARG_INT16(0), bins, groups);
	if (!name)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("a score is above the %d bins", bins),
						errhint("Name the number of bins the scores were made with: rfm_group(rfm, 9).")));
	PG_RETURN_TEXT_P(cstring_to_text(name));
}

#define COMPARISON(name, op) Datum crmseg_rfm_##name(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(PG_GETARG_INT16(0) op PG_GETARG_INT16(1)); }
COMPARISON(lt, <)
COMPARISON(le, <=)
COMPARISON(eq, ==)
COMPARISON(ne, !=)
COMPARISON(ge, >=)
COMPARISON(gt, >)

Datum
crmseg_rfm_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) PG_GETARG_INT16(0) - (int32) PG_GETARG_INT16(1));
}

Datum
crmseg_rfm_hash(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) hash_bytes_uint32(PG_GETARG_INT16(0)));
}

Datum
crmseg_rfm_hash_extended(PG_FUNCTION_ARGS)
{
	PG_RETURN_UINT64(hash_bytes_uint32_extended(PG_GETARG_INT16(0), PG_GETARG_INT64(1)));
}
