/*
 * book_io_fn.c: the type rfm_book written and read: binary, and as text the hex of that. The object is in book_fn.c.
 */
#include "rfm_private.h"

#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#define BOOK_WIRE_VERSION 1

PG_FUNCTION_INFO_V1(crmseg_book_in);
PG_FUNCTION_INFO_V1(crmseg_book_out);
PG_FUNCTION_INFO_V1(crmseg_book_recv);
PG_FUNCTION_INFO_V1(crmseg_book_send);

/* version 1: kind of ids, customers, then of each the id, last purchase, purchases and amount; texts with their lengths */
Datum
crmseg_book_send(PG_FUNCTION_ARGS)
{
	Book	   *k = book_of(PG_GETARG_DATUM(0), CurrentMemoryContext);
	StringInfoData buf;

	book_settle(k);
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, BOOK_WIRE_VERSION);
	pq_sendbyte(&buf, k->b.text_ids);
	pq_sendint64(&buf, k->b.used);
	for (uint64 i = 0; i < k->b.slots; i++)
	{
		rfm_cell   *c = &k->b.cell[i];
		char	   *amount;

		if (c->tag == 0)
			continue;
		if (k->b.text_ids)
		{
			uint32		len;
			const char *key = rfm_book_key(&k->b, c, &len);

			pq_sendint32(&buf, len);
			pq_sendbytes(&buf, key, len);
		}
		else
			pq_sendint64(&buf, c->id);
		pq_sendint64(&buf, c->purchases > 0 ? c->last_at : 0);
		pq_sendint32(&buf, c->purchases);
		amount = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(book_amount(k, c))));
		pq_sendint32(&buf, strlen(amount));
		pq_sendbytes(&buf, amount, strlen(amount));
		pfree(amount);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

static void
bad_book(void)
{
	ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("invalid binary rfm_book")));
}

Datum
crmseg_book_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buf),
				kind;
	int64		n;
	Book	   *k;

	if (version != BOOK_WIRE_VERSION)
		ereport(ERROR, (errcode(CRMSEG_BAD_BINARY), errmsg("unsupported rfm_book version number %d", version)));
	kind = pq_getmsgbyte(buf);
	n = pq_getmsgint64(buf);
	if (kind > 1 || n < 0 || n > (buf->len - buf->cursor) / 21)
		bad_book();
	k = book_new(CurrentMemoryContext, kind == 1, n);
	for (int64 i = 0; i < n; i++)
	{
		rfm_cell	c = {0};
		const char *key = NULL,
				   *text;
		int			key_len = 0,
					len,
					scale;
		Numeric		amount;
		bool		small;

		if (kind == 1)
		{
			key_len = (int) pq_getmsgint(buf, 4);
			if (key_len < 0)
				bad_book();
			key = pq_getmsgbytes(buf, key_len);
			if (memchr(key, 0, key_len) || !pg_verifymbstr(key, key_len, true))
				bad_book();
		}
		else
			c.id = pq_getmsgint64(buf);
		c.last_at = pq_getmsgint64(buf);
		c.purchases = pq_getmsgint(buf, 4);
		len = (int) pq_getmsgint(buf, 4);
		if (len < 1 || len > 120000 || (c.purchases > 0 && (c.last_at < RFM_TIME_MIN || c.last_at >= RFM_TIME_END)))
			bad_book();
		text = pq_getmsgbytes(buf, len);
		if (!rfm_is_decimal(text, len, true))
			bad_book();
		amount = rfm_numeric_from_text(text, len);
		small = rfm_small(amount, &c.amount, &scale);
		if (small && scale > k->b.scale)
			book_rescale(k, scale);
		book_merge_cell(k, &c, key, key_len, small ? NULL : amount, small ? scale : 0);
		pfree(amount);
		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_DATUM(EOHPGetRWDatum(&k->hdr));
}

Datum
crmseg_book_out(PG_FUNCTION_ARGS)
{
	return state_out(crmseg_book_send, PG_GETARG_DATUM(0));
}

Datum
crmseg_book_in(PG_FUNCTION_ARGS)
{
	return state_in(crmseg_book_recv, PG_GETARG_CSTRING(0), "rfm_book");
}
