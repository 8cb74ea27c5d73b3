/*
 * summary_io_fn.c: purchase_summary as text and bytes, its comparison, and its accessors. Text and bytes are the same for every setting
 * of the server; what comes in passes one check, so that no stored summary breaks a rule the aggregates keep.
 */
#include "rfm_private.h"

#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/timestamp.h"

#define SUMMARY_WIRE_VERSION 1

static int
compare_amount(Numeric a, Numeric b)
{
	return DatumGetInt32(rfm_numeric_op(numeric_cmp, a, b));
}

/* NULL, or what is wrong with the parts */
static const char *
summary_problem(const SummaryParts *p)
{
	Numeric		zero = rfm_numeric(0, 0);
	int			gross = compare_amount(p->gross, zero),
				returned = compare_amount(p->returned, zero);

	if (p->purchases < 0 || p->returns < 0 || (p->purchases == 0 && p->returns == 0))
		return "A summary holds at least one purchase or return.";
	if (p->purchases == 0 && (p->days != 0 || p->first_at != 0 || p->last_at != 0 || gross != 0 ||
							  compare_amount(p->largest, zero) != 0 || compare_amount(p->first_day, zero) != 0))
		return "Without a purchase there are no days, times or purchase amounts.";
	if ((p->returns == 0) != (returned == 0) || returned < 0)
		return "The returned amount is above zero when there are returns, and only then.";
	if (p->purchases > 0)
	{
		if (p->first_at < RFM_TIME_MIN || p->last_at >= RFM_TIME_END || p->first_at > p->last_at)
			return "The first purchase does not come after the last, and both are finite.";
		if (p->days < 1 || p->days > p->purchases || p->days > RFM_DAYS_MAX)
			return "There is at least one day with a purchase, and at most one for each purchase.";
		for (int32 i = 0; i < p->days; i++)
			if (p->day[i] < RFM_DAY_MIN || p->day[i] > RFM_DAY_MAX || (i > 0 && p->day[i] <= p->day[i - 1]))
				return "The days ascend, each once.";
		if (gross < 0 || compare_amount(p->largest, zero) < 0 || compare_amount(p->first_day, zero) < 0 ||
			compare_amount(p->largest, p->gross) > 0 || compare_amount(p->first_day, p->gross) > 0)
			return "The largest purchase and that of the first day are parts of the gross amount.";
		if ((p->purchases == 1 && (p->first_at != p->last_at || compare_amount(p->largest, p->gross) != 0)) ||
			(p->days == 1 && compare_amount(p->first_day, p->gross) != 0))
			return "A single purchase, or day, is the whole.";
	}
	return NULL;
}

PG_FUNCTION_INFO_V1(crmseg_summary_in);
PG_FUNCTION_INFO_V1(crmseg_summary_out);
PG_FUNCTION_INFO_V1(crmseg_summary_recv);
PG_FUNCTION_INFO_V1(crmseg_summary_send);

#define KEY_IS(f, name) ((f).key_len == strlen(name) && memcmp((f).key, name, (f).key_len) == 0)

/* the days of 'd1,d2,...' */
static bool
days_in(const rfm_field *f, SummaryParts *p)
{
	const char *at = f->value,
			   *end = f->value + f->value_len,
			   *item;
	size_t		len;
	int32		room = 1,
			   *day;

	for (size_t i = 0; i < f->value_len; i++)
		room += f->value[i] == ',';
	if (room > RFM_DAYS_MAX)
		return false;
	day = palloc(sizeof(int32) * room);
	p->days = 0;
	while (rfm_next_item(&at, end, &item, &len))
		if (rfm_parse_day(item, len, &day[p->days++]) != RFM_OK)
			return false;
	p->day = day;
	return true;
}

/* text -> purchase_summary: '{purchases=2; first=...; last=...; gross=...; largest=...; first_day=...; days=...; returns=1; returned=...}' */
Datum
crmseg_summary_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	rfm_field	field[16];
	int			n;
	bool		ok = rfm_fields(text, strlen(text), field, lengthof(field), &n) == RFM_OK;
	SummaryParts p = {0};
	const char *problem = "It reads {purchases=..; first=..; last=..; gross=..; largest=..; first_day=..; days=..; returns=..; returned=..}.";

	p.gross = p.returned = p.largest = p.first_day = rfm_numeric(0, 0);
	for (int i = 0; ok && i < n; i++)
	{
		Numeric    *amount = KEY_IS(field[i], "gross") ? &p.gross : KEY_IS(field[i], "returned") ? &p.returned :
			KEY_IS(field[i], "largest") ? &p.largest : KEY_IS(field[i], "first_day") ? &p.first_day : NULL;
		int64	   *count = KEY_IS(field[i], "purchases") ? &p.purchases : KEY_IS(field[i], "returns") ? &p.returns : NULL,
				   *time = KEY_IS(field[i], "first") ? &p.first_at : KEY_IS(field[i], "last") ? &p.last_at : NULL;

		if (amount)
		{
			ok = rfm_is_decimal(field[i].value, field[i].value_len, false);
			if (ok)
			{
				*amount = rfm_numeric_from_text(field[i].value, field[i].value_len);
				p.scale = Max(p.scale, rfm_numeric_scale(*amount));
			}
		}
		else if (count)
			ok = rfm_parse_count(field[i].value, field[i].value_len, count) == RFM_OK;
		else if (time)
			ok = rfm_parse_time(field[i].value, field[i].value_len, time) == RFM_OK;
		else if (KEY_IS(field[i], "days"))
			ok = days_in(&field[i], &p);
		else
			ok = false;
	}
	if (ok)
	{
		problem = summary_problem(&p);
		ok = problem == NULL;
	}
	if (!ok)
		ereturn(fcinfo->context, (Datum) 0, (errcode(CRMSEG_BAD_TEXT), errmsg("invalid input syntax for type %s", "purchase_summary"), errdetail("%s", problem),
											 errhint("Make summaries by purchase() and purchases().")));
	PG_RETURN_POINTER(summary_build(&p, 0));
}

static void
append_amount(StringInfo out, const char *key, Numeric n)
{
	appendStringInfo(out, "; %s=%s", key, DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(n))));
}

Datum
crmseg_summary_out(PG_FUNCTION_ARGS)
{
	SummaryParts p;
	StringInfoData out;
	char		text[RFM_TIME_TEXT];

	summary_parts(summary_arg(PG_GETARG_DATUM(0)), &p);
	initStringInfo(&out);
	appendStringInfo(&out, "{purchases=" INT64_FORMAT, p.purchases);
	if (p.purchases > 0)
	{
		rfm_print_time(text, p.first_at);
		appendStringInfo(&out, "; first=%s", text);
		rfm_print_time(text, p.last_at);
		appendStringInfo(&out, "; last=%s", text);
		append_amount(&out, "gross", p.gross);
		append_amount(&out, "largest", p.largest);
		append_amount(&out, "first_day", p.first_day);
		appendStringInfoString(&out, "; days=");
		for (int32 i = 0; i < p.days; i++)
		{
			rfm_print_day(text, p.day[i]);
			if (i > 0)
				appendStringInfoChar(&out, ',');
			appendStringInfoString(&out, text);
		}
	}
	if (p.returns > 0)
	{
		appendStringInfo(&out, "; returns=" INT64_FORMAT, p.returns);
		append_amount(&out, "returned", p.returned);
	}
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

static Numeric
receive_amount(StringInfo buf, int scale)
{
	int32		len = pq_getmsgint(buf, 4);
	const char *s;
	char	   *written;
	Numeric		amount;

	if (len < 1 || len > 120000)
		return NULL;
	s = pq_getmsgbytes(buf, len);
	if (!rfm_is_decimal(s, len, false))
		return NULL;
	amount = rfm_at_scale(rfm_numeric_from_text(s, len), scale);
	/* one form per value: the text that send would write, at the stated scale */
	written = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(amount)));
	return strlen(written) == (size_t) len && memcmp(written, s, len) == 0 ? amount : NULL;
}

/* version 1: counts, instants, scale, four amounts as decimal text with their lengths, days; all integers in network order */
Datum
crmseg_summary_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	SummaryParts p = {0};
	Numeric    *to[SUMMARY_AMOUNTS] = {&p.gross, &p.returned, &p.largest, &p.first_day};
	int			version = pq_getmsgbyte(buf);
	const char *problem;

	if (version != SUMMARY_WIRE_VERSION)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("unsupported purchase_summary version number %d", version)));
	p.purchases = pq_getmsgint64(buf);
	p.returns = pq_getmsgint64(buf);
	p.first_at = pq_getmsgint64(buf);
	p.last_at = pq_getmsgint64(buf);
	p.scale = (int) pq_getmsgint(buf, 2);
	problem = p.scale > 16000 ? "It has too many decimals." : NULL;
	for (int i = 0; i < SUMMARY_AMOUNTS && !problem; i++)
		if ((*to[i] = receive_amount(buf, p.scale)) == NULL)
			problem = "An amount is not a decimal number of the stated scale.";
	if (!problem)
	{
		int32	   *day;

		p.days = (int32) pq_getmsgint(buf, 4);
		if (p.days < 0 || p.days > RFM_DAYS_MAX || (Size) p.days * 4 > (Size) (buf->len - buf->cursor))
			problem = "The number of days is wrong.";
		else
		{
			p.day = day = palloc(sizeof(int32) * Max(p.days, 1));
			for (int32 i = 0; i < p.days; i++)
				day[i] = (int32) pq_getmsgint(buf, 4);
			problem = summary_problem(&p);
		}
	}
	if (problem)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("invalid binary purchase_summary"), errdetail("%s", problem)));
	PG_RETURN_POINTER(summary_build(&p, 0));
}

Datum
crmseg_summary_send(PG_FUNCTION_ARGS)
{
	SummaryParts p;
	StringInfoData buf;
	Numeric    *from[SUMMARY_AMOUNTS] = {&p.gross, &p.returned, &p.largest, &p.first_day};

	summary_parts(summary_arg(PG_GETARG_DATUM(0)), &p);
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, SUMMARY_WIRE_VERSION);
	pq_sendint64(&buf, p.purchases);
	pq_sendint64(&buf, p.returns);
	pq_sendint64(&buf, p.first_at);
	pq_sendint64(&buf, p.last_at);
	pq_sendint16(&buf, p.scale);
	for (int i = 0; i < SUMMARY_AMOUNTS; i++)
	{
		char	   *s = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(*from[i])));

		pq_sendint32(&buf, strlen(s));
		pq_sendbytes(&buf, s, strlen(s));
	}
	pq_sendint32(&buf, p.days);
	for (int32 i = 0; i < p.days; i++)
		pq_sendint32(&buf, p.day[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

PG_FUNCTION_INFO_V1(crmseg_summary_cmp);
PG_FUNCTION_INFO_V1(crmseg_summary_lt);
PG_FUNCTION_INFO_V1(crmseg_summary_le);
PG_FUNCTION_INFO_V1(crmseg_summary_eq);
PG_FUNCTION_INFO_V1(crmseg_summary_ne);
PG_FUNCTION_INFO_V1(crmseg_summary_ge);
PG_FUNCTION_INFO_V1(crmseg_summary_gt);
PG_FUNCTION_INFO_V1(crmseg_summary_hash);
PG_FUNCTION_INFO_V1(crmseg_summary_hash_extended);

#define COMPARE(a, b) do { if ((a) != (b)) return (a) < (b) ? -1 : 1; } while (0)

/* by last purchase, then first, then counts, amounts and days: amounts as numbers, whatever their decimals */
static int
summary_compare(FunctionCallInfo fcinfo)
{
	SummaryParts a,
				b;

	summary_parts(summary_arg(PG_GETARG_DATUM(0)), &a);
	summary_parts(summary_arg(PG_GETARG_DATUM(1)), &b);
	COMPARE(a.last_at, b.last_at);
	COMPARE(a.first_at, b.first_at);
	COMPARE(a.purchases, b.purchases);
	COMPARE(a.returns, b.returns);
	COMPARE(compare_amount(a.gross, b.gross), 0);
	COMPARE(compare_amount(a.returned, b.returned), 0);
	COMPARE(compare_amount(a.largest, b.largest), 0);
	COMPARE(compare_amount(a.first_day, b.first_day), 0);
	COMPARE(a.days, b.days);
	for (int32 i = 0; i < a.days; i++)
		COMPARE(a.day[i], b.day[i]);
	return 0;
}

Datum
crmseg_summary_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(summary_compare(fcinfo));
}

#define COMPARISON(name, op) Datum crmseg_summary_##name(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(summary_compare(fcinfo) op 0); }
COMPARISON(lt, <)
COMPARISON(le, <=)
COMPARISON(eq, ==)
COMPARISON(ne, !=)
COMPARISON(ge, >=)
COMPARISON(gt, >)

static uint64
summary_hash64(Datum d, uint64 seed)
{
	SummaryParts p;
	int64		count[4];
	uint64		h;

	summary_parts(summary_arg(d), &p);
	count[0] = p.purchases, count[1] = p.returns, count[2] = p.first_at, count[3] = p.last_at;
	h = hash_bytes_extended((unsigned char *) count, sizeof(count), seed);
	h = hash_combine64(h, DatumGetUInt64(DirectFunctionCall2(hash_numeric_extended, NumericGetDatum(p.gross), UInt64GetDatum(seed))));
	h = hash_combine64(h, DatumGetUInt64(DirectFunctionCall2(hash_numeric_extended, NumericGetDatum(p.returned), UInt64GetDatum(seed))));
	return hash_combine64(h, hash_bytes_extended((const unsigned char *) p.day, sizeof(int32) * p.days, seed));
}

Datum
crmseg_summary_hash(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) summary_hash64(PG_GETARG_DATUM(0), 0));
}

Datum
crmseg_summary_hash_extended(PG_FUNCTION_ARGS)
{
	PG_RETURN_UINT64(summary_hash64(PG_GETARG_DATUM(0), PG_GETARG_INT64(1)));
}

PG_FUNCTION_INFO_V1(crmseg_first_purchase_at);
PG_FUNCTION_INFO_V1(crmseg_last_purchase_at);
PG_FUNCTION_INFO_V1(crmseg_purchase_count);
PG_FUNCTION_INFO_V1(crmseg_return_count);
PG_FUNCTION_INFO_V1(crmseg_purchase_days);
PG_FUNCTION_INFO_V1(crmseg_first_purchase_day);
PG_FUNCTION_INFO_V1(crmseg_last_purchase_day);
PG_FUNCTION_INFO_V1(crmseg_gross_amount);
PG_FUNCTION_INFO_V1(crmseg_net_amount);
PG_FUNCTION_INFO_V1(crmseg_returned_amount);
PG_FUNCTION_INFO_V1(crmseg_largest_purchase);
PG_FUNCTION_INFO_V1(crmseg_first_day_amount);

/* a value of the summary, or NULL when there was no purchase */
#define OF_PURCHASES(name, result) \
	Datum crmseg_##name(PG_FUNCTION_ARGS) \
	{ \
		purchase_state *s = summary_arg(PG_GETARG_DATUM(0)); \
		if (s->purchases == 0) \
			PG_RETURN_NULL(); \
		result; \
	}
#define OF_ALL(name, result) \
	Datum crmseg_##name(PG_FUNCTION_ARGS) \
	{ \
		purchase_state *s = summary_arg(PG_GETARG_DATUM(0)); \
		result; \
	}

static Datum
amount_of(const purchase_state *s, int64 narrow, int which)
{
	SummaryParts p;
	Numeric		n = NULL;

	if (!s->wide)
		return NumericGetDatum(rfm_numeric(narrow, s->scale));
	summary_parts(s, &p);
	n = which == 0 ? p.gross : which == 1 ? p.returned : which == 2 ? p.largest : p.first_day;
	return datumCopy(NumericGetDatum(n), false, -1);
}

OF_PURCHASES(first_purchase_at, PG_RETURN_TIMESTAMPTZ(s->first_at))
OF_PURCHASES(last_purchase_at, PG_RETURN_TIMESTAMPTZ(s->last_at))
OF_PURCHASES(first_purchase_day, PG_RETURN_DATEADT(s->day[0]))
OF_PURCHASES(last_purchase_day, PG_RETURN_DATEADT(s->day[s->days - 1]))
OF_PURCHASES(largest_purchase, PG_RETURN_DATUM(amount_of(s, s->largest, 2)))
OF_PURCHASES(first_day_amount, PG_RETURN_DATUM(amount_of(s, s->first_day, 3)))
OF_ALL(purchase_count, PG_RETURN_INT64(s->purchases))
OF_ALL(return_count, PG_RETURN_INT64(s->returns))
OF_ALL(purchase_days, PG_RETURN_INT64(s->days))
OF_ALL(gross_amount, PG_RETURN_DATUM(amount_of(s, s->gross, 0)))
OF_ALL(returned_amount, PG_RETURN_DATUM(amount_of(s, s->returned, 1)))
OF_ALL(net_amount, PG_RETURN_NUMERIC(summary_net(s)))
