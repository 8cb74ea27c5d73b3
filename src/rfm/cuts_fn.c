/*
 * cuts_fn.c: the type rfm_cuts, the borders between the scores, and rfm_score, which looks a customer up in them. Cuts come from the
 * aggregate rfm_cuts (sample_fn.c) as quantiles, or from a user's hand as text; they are kept apart from the customers, so that new
 * cuts rewrite no customer.
 */
#include "rfm_private.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define CUTS_WIRE_VERSION 1
#define KEY_IS(f, name) ((f).key_len == strlen(name) && memcmp((f).key, name, (f).key_len) == 0)
#define VALUE_IS(f, name) ((f).value_len == strlen(name) && memcmp((f).value, name, (f).value_len) == 0)

const char *const rfm_count_names[2] = {"purchases", "days"};
const char *const rfm_amount_names[2] = {"net", "gross"};

void
cuts_amounts(const RfmCuts *c, Numeric *amount)
{
	const char *at = c->amount;

	for (int i = 0; i < c->bins - 1; i++)
	{
		amount[i] = (Numeric) at;
		at += INTALIGN(VARSIZE(at));
	}
}

RfmCuts *
cuts_build(const RfmCuts *head, Numeric *amount)
{
	Size		size = offsetof(RfmCuts, amount);
	RfmCuts    *c;
	char	   *at;

	for (int i = 0; i < head->bins - 1; i++)
		size += INTALIGN(VARSIZE(amount[i]));
	c = palloc0(size);
	memcpy(c, head, offsetof(RfmCuts, amount));
	c->version = RFM_CUTS_VERSION;
	SET_VARSIZE(c, size);
	at = c->amount;
	for (int i = 0; i < head->bins - 1; i++)
	{
		memcpy(at, amount[i], VARSIZE(amount[i]));
		at += INTALIGN(VARSIZE(amount[i]));
	}
	return c;
}

static RfmCuts *
cuts_arg(Datum d)
{
	return (RfmCuts *) PG_DETOAST_DATUM(d);
}

void
rfm_check_frequency(int64 frequency)
{
	if (frequency < 0)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("frequency must not be negative"), errhint("It is a number of purchases; who bought nothing has 0.")));
}

static int
compare_amount(Numeric a, Numeric b)
{
	return DatumGetInt32(rfm_numeric_op(numeric_cmp, a, b));
}

/* NULL, or what is wrong */
static const char *
cuts_problem(const RfmCuts *c, Numeric *amount)
{
	if (c->bins < 1 || c->bins > RFM_BINS_MAX)
		return "There are 1 to 9 bins.";
	if (c->customers < 0)
		return "The number of customers is not negative.";
	for (int i = 0; i < c->bins - 1; i++)
	{
		if (c->age[i] < 0 || c->frequency[i] < 0)
			return "Ages and counts are not negative.";
		if (i > 0 && (c->age[i] < c->age[i - 1] || c->frequency[i] < c->frequency[i - 1] || compare_amount(amount[i], amount[i - 1]) < 0))
			return "The cuts of a measure ascend.";
	}
	for (int i = 0; i < 3; i++)
		if (c->exists[i] & ~(((1 << c->bins) - 1) << 1))
			return "An existing score is not above the bins.";
	return NULL;
}

PG_FUNCTION_INFO_V1(crmseg_cuts_in);
PG_FUNCTION_INFO_V1(crmseg_cuts_out);
PG_FUNCTION_INFO_V1(crmseg_cuts_recv);
PG_FUNCTION_INFO_V1(crmseg_cuts_send);
PG_FUNCTION_INFO_V1(crmseg_cuts_bins);
PG_FUNCTION_INFO_V1(crmseg_cuts_scores);
PG_FUNCTION_INFO_V1(crmseg_cuts_recency);
PG_FUNCTION_INFO_V1(crmseg_cuts_frequency);
PG_FUNCTION_INFO_V1(crmseg_cuts_monetary);
PG_FUNCTION_INFO_V1(crmseg_score_summary);
PG_FUNCTION_INFO_V1(crmseg_score_values);

static int
name_index(const char *const *names, const rfm_field *f)
{
	return VALUE_IS(*f, names[0]) ? 0 : VALUE_IS(*f, names[1]) ? 1 : -1;
}

/* '{count=days; amount=gross}': which definition of frequency and amount */
void
rfm_parse_options(const char *s, size_t len, uint8 *count_by, uint8 *amount_by)
{
	rfm_field	field[2];
	int			n,
				i;

	if (rfm_fields(s, len, field, lengthof(field), &n) == RFM_OK)
	{
		for (i = 0; i < n; i++)
		{
			bool		count = KEY_IS(field[i], "count");
			int			index = count ? name_index(rfm_count_names, &field[i]) : KEY_IS(field[i], "amount") ? name_index(rfm_amount_names, &field[i]) : -1;

			if (index < 0)
				break;
			*(count ? count_by : amount_by) = index;
		}
		if (i == n)
			return;
	}
	ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("unknown option of rfm_cuts"), errhint("Options read {count=purchases|days; amount=net|gross}.")));
}

/* how many items, or -1; the cuts of one measure */
static int
cut_list(const rfm_field *f, int64 *to, rfm_status (*parse) (const char *, size_t, int64_t *), Numeric *numeric)
{
	const char *at = f->value,
			   *end = f->value + f->value_len,
			   *item;
	size_t		len;
	int			n = 0;

	if (f->value_len == 0)
		return 0;
	while (rfm_next_item(&at, end, &item, &len))
	{
		if (n == RFM_BINS_MAX - 1)
			return -1;
		if (numeric)
		{
			if (!rfm_is_decimal(item, len, true))
				return -1;
			numeric[n] = rfm_numeric_from_text(item, len);
		}
		else if (parse(item, len, &to[n]) != RFM_OK)
			return -1;
		n++;
	}
	return n;
}

/* '135' -> the bits 1, 3 and 5; -1 when it is not that */
static int
digits_mask(const rfm_field *f)
{
	int			mask = 0;

	for (size_t i = 0; i < f->value_len; i++)
	{
		if (f->value[i] < '1' || f->value[i] > '9' || (mask >> (f->value[i] - '0')) != 0)
			return -1;
		mask |= 1 << (f->value[i] - '0');
	}
	return mask;
}

Datum
crmseg_cuts_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	rfm_field	field[12];
	int			n,
				items[3] = {-1, -1, -1};
	int64		bins = 0;
	bool		ok = rfm_fields(text, strlen(text), field, lengthof(field), &n) == RFM_OK;
	const char *problem = "It reads {bins=5; recency=30d,90d,180d,365d; frequency=1,2,4,8; monetary=50,100,200,500}: one cut less than bins for each measure.";
	RfmCuts		c = {0};
	Numeric		amount[RFM_BINS_MAX];

	for (int i = 0; ok && i < n; i++)
	{
		const rfm_field *f = &field[i];
		int			got = 0;

		if (KEY_IS(*f, "bins"))
			got = rfm_parse_count(f->value, f->value_len, &bins) == RFM_OK ? 0 : -1;
		else if (KEY_IS(*f, "customers"))
			got = rfm_parse_count(f->value, f->value_len, &c.customers) == RFM_OK ? 0 : -1;
		else if (KEY_IS(*f, "recency"))
			got = items[0] = cut_list(f, c.age, rfm_parse_age, NULL);
		else if (KEY_IS(*f, "frequency"))
			got = items[1] = cut_list(f, c.frequency, rfm_parse_count, NULL);
		else if (KEY_IS(*f, "monetary"))
			got = items[2] = cut_list(f, NULL, NULL, amount);
		else if (KEY_IS(*f, "count"))
			c.count_by = got = name_index(rfm_count_names, f);
		else if (KEY_IS(*f, "amount"))
			c.amount_by = got = name_index(rfm_amount_names, f);
		else if (f->key_len == 1 && (*f->key == 'r' || *f->key == 'f' || *f->key == 'm'))
			c.exists[*f->key == 'r' ? 0 : *f->key == 'f' ? 1 : 2] = got = digits_mask(f);
		else
			got = -1;
		ok = got >= 0;
	}
	ok = ok && bins >= 1 && bins <= RFM_BINS_MAX;
	for (int i = 0; ok && i < 3; i++)
		ok = Max(items[i], 0) == bins - 1;
	if (ok)
	{
		c.bins = (uint8) bins;
		problem = cuts_problem(&c, amount);
		ok = problem == NULL;
	}
	if (!ok)
		ereturn(fcinfo->context, (Datum) 0, (errcode(CRMSEG_BAD_TEXT), errmsg("invalid input syntax for type %s", "rfm_cuts"), errdetail("%s", problem)));
	PG_RETURN_POINTER(cuts_build(&c, amount));
}

Datum
crmseg_cuts_out(PG_FUNCTION_ARGS)
{
	RfmCuts    *c = cuts_arg(PG_GETARG_DATUM(0));
	Numeric		amount[RFM_BINS_MAX];
	StringInfoData out;
	char		text[RFM_TIME_TEXT];

	cuts_amounts(c, amount);
	initStringInfo(&out);
	appendStringInfo(&out, "{bins=%d", c->bins);
	if (c->customers > 0)
		appendStringInfo(&out, "; customers=" INT64_FORMAT, c->customers);
	if (c->count_by)
		appendStringInfo(&out, "; count=%s", rfm_count_names[c->count_by]);
	if (c->amount_by)
		appendStringInfo(&out, "; amount=%s", rfm_amount_names[c->amount_by]);
	for (int i = 0; i < c->bins - 1; i++)
	{
		rfm_print_age(text, c->age[i]);
		appendStringInfo(&out, "%s%s", i == 0 ? "; recency=" : ",", text);
	}
	for (int i = 0; i < c->bins - 1; i++)
		appendStringInfo(&out, "%s" INT64_FORMAT, i == 0 ? "; frequency=" : ",", c->frequency[i]);
	for (int i = 0; i < c->bins - 1; i++)
		appendStringInfo(&out, "%s%s", i == 0 ? "; monetary=" : ",", DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(amount[i]))));
	for (int i = 0; i < 3; i++)
	{
		if (c->exists[i] == 0)
			continue;
		appendStringInfo(&out, "; %c=", "rfm"[i]);
		for (int s = 1; s <= c->bins; s++)
			if (c->exists[i] & (1 << s))
				appendStringInfoChar(&out, '0' + s);
	}
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

/* version 1: bins, definitions, customers, existing scores, the cuts; amounts as decimal text with their lengths */
Datum
crmseg_cuts_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buf);
	RfmCuts		c = {0};
	Numeric		amount[RFM_BINS_MAX];
	const char *problem = NULL;

	if (version != CUTS_WIRE_VERSION)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("unsupported rfm_cuts version number %d", version)));
	c.bins = pq_getmsgbyte(buf);
	c.count_by = pq_getmsgbyte(buf);
	c.amount_by = pq_getmsgbyte(buf);
	c.customers = pq_getmsgint64(buf);
	for (int i = 0; i < 3; i++)
		c.exists[i] = (uint16) pq_getmsgint(buf, 2);
	if (c.bins < 1 || c.bins > RFM_BINS_MAX || c.count_by > COUNT_DAYS || c.amount_by > AMOUNT_GROSS)
		problem = "The head is wrong.";
	for (int i = 0; !problem && i < c.bins - 1; i++)
	{
		int			len;
		const char *s;

		c.age[i] = pq_getmsgint64(buf);
		c.frequency[i] = pq_getmsgint64(buf);
		len = (int) pq_getmsgint(buf, 4);
		if (len < 1 || len > 120000)
			problem = "The length of an amount is wrong.";
		else
		{
			s = pq_getmsgbytes(buf, len);
			if (rfm_is_decimal(s, len, true))
				amount[i] = rfm_numeric_from_text(s, len);
			else
				problem = "An amount is not a decimal number.";
		}
	}
	if (!problem)
		problem = cuts_problem(&c, amount);
	if (problem)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("invalid binary rfm_cuts"), errdetail("%s", problem)));
	PG_RETURN_POINTER(cuts_build(&c, amount));
}

Datum
crmseg_cuts_send(PG_FUNCTION_ARGS)
{
	RfmCuts    *c = cuts_arg(PG_GETARG_DATUM(0));
	Numeric		amount[RFM_BINS_MAX];
	StringInfoData buf;

	cuts_amounts(c, amount);
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, CUTS_WIRE_VERSION);
	pq_sendbyte(&buf, c->bins);
	pq_sendbyte(&buf, c->count_by);
	pq_sendbyte(&buf, c->amount_by);
	pq_sendint64(&buf, c->customers);
	for (int i = 0; i < 3; i++)
		pq_sendint16(&buf, c->exists[i]);
	for (int i = 0; i < c->bins - 1; i++)
	{
		char	   *s = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(amount[i])));

		pq_sendint64(&buf, c->age[i]);
		pq_sendint64(&buf, c->frequency[i]);
		pq_sendint32(&buf, strlen(s));
		pq_sendbytes(&buf, s, strlen(s));
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

Datum
crmseg_cuts_bins(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(cuts_arg(PG_GETARG_DATUM(0))->bins);
}

/* rfm_scores(cuts, 'r' | 'f' | 'm') -> the scores that some customer has; for cuts written by hand, those that can exist */
Datum
crmseg_cuts_scores(PG_FUNCTION_ARGS)
{
	RfmCuts    *c = cuts_arg(PG_GETARG_DATUM(0));
	text	   *measure = PG_GETARG_TEXT_PP(1);
	const char *m = VARSIZE_ANY_EXHDR(measure) == 1 ? memchr("rfm", *VARDATA_ANY(measure), 3) : NULL;
	Numeric		amount[RFM_BINS_MAX];
	Datum		score[RFM_BINS_MAX];
	int			n = 0;

	if (!m)
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("unknown measure"), errhint("The measures are 'r', 'f' and 'm'.")));
	cuts_amounts(c, amount);
	for (int s = 1; s <= c->bins; s++)
	{
		/* the bin between cut s - 2 and cut s - 1, counted upwards: empty when they are equal, or when nothing lies below the first */
		int			i = *m == 'r' ? c->bins - s : s - 1;
		bool		can = i == 0 || i == c->bins - 1 ||
			(*m == 'r' ? c->age[i - 1] < c->age[i] : *m == 'f' ? c->frequency[i - 1] < c->frequency[i] : compare_amount(amount[i - 1], amount[i]) < 0);
		int			known = c->exists[*m == 'r' ? 0 : *m == 'f' ? 1 : 2];

		if (known ? (known & (1 << s)) != 0 : can)
			score[n++] = Int16GetDatum(s);
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(score, n, INT2OID, 2, true, TYPALIGN_SHORT));
}

Datum
crmseg_cuts_recency(PG_FUNCTION_ARGS)
{
	RfmCuts    *c = cuts_arg(PG_GETARG_DATUM(0));
	Datum		cut[RFM_BINS_MAX];

	for (int i = 0; i < c->bins - 1; i++)
	{
		Interval   *age = palloc0(sizeof(Interval));

		age->day = (int32) (c->age[i] / RFM_USECS_PER_DAY);
		age->time = c->age[i] % RFM_USECS_PER_DAY;
		cut[i] = IntervalPGetDatum(age);
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(cut, c->bins - 1, INTERVALOID, sizeof(Interval), false, TYPALIGN_DOUBLE));
}

Datum
crmseg_cuts_frequency(PG_FUNCTION_ARGS)
{
	RfmCuts    *c = cuts_arg(PG_GETARG_DATUM(0));
	Datum		cut[RFM_BINS_MAX];

	for (int i = 0; i < c->bins - 1; i++)
		cut[i] = Int64GetDatum(c->frequency[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(cut, c->bins - 1, INT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

Datum
crmseg_cuts_monetary(PG_FUNCTION_ARGS)
{
	RfmCuts    *c = cuts_arg(PG_GETARG_DATUM(0));
	Numeric		amount[RFM_BINS_MAX];
	Datum		cut[RFM_BINS_MAX];

	cuts_amounts(c, amount);
	for (int i = 0; i < c->bins - 1; i++)
		cut[i] = NumericGetDatum(amount[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(cut, c->bins - 1, NUMERICOID, -1, false, TYPALIGN_INT));
}

/* how many of the cuts lie below the amount */
static int
amounts_below(const RfmCuts *c, Numeric amount)
{
	Numeric		cut[RFM_BINS_MAX];
	int64		value = 0;
	int			scale = 0,
				i = 0;
	bool		small = rfm_small(amount, &value, &scale);

	cuts_amounts(c, cut);
	for (; i < c->bins - 1; i++)
	{
		int64		border,
					v = value;
		int			border_scale;

		if (small && rfm_small(cut[i], &border, &border_scale) && rfm_rescale(&v, scale, Max(scale, border_scale)) &&
			rfm_rescale(&border, border_scale, Max(scale, border_scale)))
		{
			if (border >= v)
				break;
		}
		else if (compare_amount(cut[i], amount) >= 0)
			break;
	}
	return i;
}

int16
cuts_score(const RfmCuts *c, int64 last_at, int64 frequency, Numeric amount, int64 as_of)
{
	int			r,
				f,
				m;

	if (TIMESTAMP_NOT_FINITE(as_of) || TIMESTAMP_NOT_FINITE(last_at))
		ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("time is not finite"), errhint("Score as of a date, such as now().")));
	r = c->bins - rfm_above(c->age, c->bins - 1, rfm_age_at(last_at, as_of));
	f = 1 + rfm_above(c->frequency, c->bins - 1, frequency);
	m = 1 + amounts_below(c, amount);
	return RFM_PACK(r, f, m);
}

/* rfm_score(purchase_summary, rfm_cuts, as_of): NULL for who never purchased */
Datum
crmseg_score_summary(PG_FUNCTION_ARGS)
{
	purchase_state *s = summary_arg(PG_GETARG_DATUM(0));
	RfmCuts    *c = cuts_arg(PG_GETARG_DATUM(1));
	SummaryParts p;

	if (s->purchases == 0)
		PG_RETURN_NULL();
	if (c->amount_by == AMOUNT_GROSS)
		summary_parts(s, &p);
	PG_RETURN_INT16(cuts_score(c, s->last_at, c->count_by == COUNT_DAYS ? s->days : s->purchases,
							   c->amount_by == AMOUNT_GROSS ? p.gross : summary_net(s), PG_GETARG_TIMESTAMPTZ(2)));
}

/* rfm_score(last_purchase_at, frequency, monetary, rfm_cuts, as_of): over plain columns, whatever definition they follow */
Datum
crmseg_score_values(PG_FUNCTION_ARGS)
{
	rfm_check_frequency(PG_GETARG_INT64(1));
	if (PG_GETARG_INT64(1) == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT16(cuts_score(cuts_arg(PG_GETARG_DATUM(3)), PG_GETARG_TIMESTAMPTZ(0), PG_GETARG_INT64(1), PG_GETARG_NUMERIC(2), PG_GETARG_TIMESTAMPTZ(4)));
}

/* by bins, definitions, cuts of age and frequency as bytes, then amounts as numbers: an order, not a meaning */
static int
cuts_compare(FunctionCallInfo fcinfo)
{
	RfmCuts    *a = cuts_arg(PG_GETARG_DATUM(0)),
			   *b = cuts_arg(PG_GETARG_DATUM(1));
	Numeric		x[RFM_BINS_MAX],
				y[RFM_BINS_MAX];
	int			c = memcmp((char *) a + 4, (char *) b + 4, offsetof(RfmCuts, amount) - 4);

	if (c != 0)
		return c > 0 ? 1 : -1;
	cuts_amounts(a, x);
	cuts_amounts(b, y);
	for (int i = 0; i < a->bins - 1 && c == 0; i++)
		c = compare_amount(x[i], y[i]);
	return c;
}

PG_FUNCTION_INFO_V1(crmseg_cuts_cmp);
Datum
crmseg_cuts_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(cuts_compare(fcinfo));
}

#define COMPARISON(name, op) \
	PG_FUNCTION_INFO_V1(crmseg_cuts_##name); \
	Datum crmseg_cuts_##name(PG_FUNCTION_ARGS) { PG_RETURN_BOOL(cuts_compare(fcinfo) op 0); }
COMPARISON(lt, <)
COMPARISON(le, <=)
COMPARISON(eq, ==)
COMPARISON(ne, !=)
COMPARISON(ge, >=)
COMPARISON(gt, >)

PG_FUNCTION_INFO_V1(crmseg_cuts_hash);
Datum
crmseg_cuts_hash(PG_FUNCTION_ARGS)
{
	RfmCuts    *c = cuts_arg(PG_GETARG_DATUM(0));

	PG_RETURN_INT32((int32) hash_bytes((unsigned char *) c + 4, offsetof(RfmCuts, amount) - 4));
}
