/*
 * RFM cores on hostile input. The first byte says what: the notations (what is read prints and reads the same), numeric's stored form,
 * orders put into a summary whole and in two parts that merge, orders put into the book in two orders.
 */
#include <stdlib.h>
#include <string.h>

#include "rfm/rfm.h"

#define ENSURE(c) do { if (!(c)) abort(); } while (0)

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *
take(void *context, size_t size)
{
	(void) context;
	return calloc(1, size);
}

static void
notations(const char *s, size_t n)
{
	char		out[RFM_TIME_TEXT];
	rfm_field	field[12];
	int			fields;
	int64_t		a,
				b;
	int32_t		d,
				e;
	int16_t		v;

	if (rfm_parse_time(s, n, &a) == RFM_OK)
	{
		size_t		len = rfm_print_time(out, a);

		ENSURE(len < sizeof(out) && rfm_parse_time(out, len, &b) == RFM_OK && a == b);
	}
	if (rfm_parse_day(s, n, &d) == RFM_OK)
	{
		size_t		len = rfm_print_day(out, d);

		ENSURE(len < sizeof(out) && rfm_parse_day(out, len, &e) == RFM_OK && d == e);
	}
	if (rfm_parse_age(s, n, &a) == RFM_OK)
	{
		size_t		len = rfm_print_age(out, a);

		ENSURE(a >= 0 && len < sizeof(out) && rfm_parse_age(out, len, &b) == RFM_OK && a == b);
	}
	if (rfm_parse(s, n, &v) == RFM_OK)
		ENSURE(rfm_is_valid(v) && rfm_label_name(v, 9, 11) != NULL);
	if (rfm_fields(s, n, field, 12, &fields) == RFM_OK)
		for (int i = 0; i < fields; i++)
		{
			const char *at = field[i].value,
					   *item;
			size_t		len;

			ENSURE(field[i].key >= s && field[i].value + field[i].value_len <= s + n);
			while (rfm_next_item(&at, field[i].value + field[i].value_len, &item, &len))
				ENSURE(item >= s && item + len <= s + n);
		}
	rfm_is_decimal(s, n, true);
}

typedef struct
{
	int64_t		id,
				at,
				amount;
	int			scale;
} order;

static order
order_at(const uint8_t *p)
{
	order		o;

	o.id = p[0] & 7;
	o.at = (int64_t) (p[1] | p[2] << 8) * (RFM_USECS_PER_DAY / 16) - 100 * RFM_USECS_PER_DAY;
	o.scale = p[3] % 20;
	memcpy(&o.amount, p + 4, 8);
	o.amount = o.amount == INT64_MIN ? 0 : o.amount >> (p[3] >> 2);
	return o;
}

static void
summaries(const uint8_t *data, size_t n)
{
	purchase_state *all = malloc(purchase_state_size(300)),
			   *part[2] = {malloc(purchase_state_size(300)), malloc(purchase_state_size(300))};
	int32_t		need;
	bool		narrow = true;

	purchase_state_init(all, 300), purchase_state_init(part[0], 300), purchase_state_init(part[1], 300);
	for (size_t i = 0; i < n / 12 && i < 300; i++)
	{
		order		o = order_at(data + 12 * i);

		narrow = narrow && purchase_state_add(all, o.at, rfm_day_of(o.at), o.amount, o.scale) == RFM_OK &&
			purchase_state_add(part[o.id & 1], o.at, rfm_day_of(o.at), o.amount, o.scale) == RFM_OK;
	}
	if (narrow)
	{
		ENSURE(purchase_state_merge(part[0], part[1], &need) == RFM_OK);
		ENSURE(memcmp((char *) all + 4, (char *) part[0] + 4, offsetof(purchase_state, room) - 4) == 0 && memcmp(all->day, part[0]->day, sizeof(int32_t) * all->days) == 0);
	}
	free(all), free(part[0]), free(part[1]);
}

static void
books(const uint8_t *data, size_t n)
{
	rfm_book	a = {take, free},
				b = {take, free};
	rfm_cell   *c,
			   *d;
	size_t		orders = n / 12;
	bool		narrow = true;

	rfm_book_init(&a, false, 0), rfm_book_init(&b, true, 0);
	for (size_t i = 0; i < orders; i++)
	{
		order		o = order_at(data + 12 * i);

		if (rfm_book_gather(&a, o.id, o.at, o.amount) && rfm_book_flush(&a, &c) != RFM_OK)
		{
			narrow = false;
			break;
		}
	}
	narrow = narrow && rfm_book_flush(&a, &c) == RFM_OK;
	for (size_t i = orders; narrow && i-- > 0;)
	{
		order		o = order_at(data + 12 * i);

		ENSURE(rfm_book_find_text(&b, (const char *) &o.id, sizeof(o.id), &c) == RFM_OK);
		narrow = rfm_cell_add(c, o.at, o.amount) == RFM_OK;
	}
	if (narrow)
	{
		ENSURE(a.used == b.used);
		for (int64_t id = 0; id < 8 && a.used > 0; id++)
			if (rfm_book_find(&a, id, &c) == RFM_OK && rfm_book_find_text(&b, (const char *) &id, sizeof(id), &d) == RFM_OK)
				ENSURE(c->purchases == d->purchases && c->amount == d->amount && (c->purchases == 0 || c->last_at == d->last_at));
	}
	free(a.cell), free(b.cell), free(b.keys);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t    *exact;
	size_t		n = size - 1;

	if (size < 1)
		return 0;
	exact = malloc(n + 1);		/* a copy of its own, so that a byte too many is seen */
	exact = realloc(exact, n ? n : 1);
	memcpy(exact, data + 1, n);
	switch (data[0] % 4)
	{
		case 0:
			notations((const char *) exact, n);
			break;
		case 1:
			{
				int64_t		v,
							w;
				int			scale,
							again;
				unsigned char out[RFM_NUMERIC_MAX];

				if (rfm_decode_numeric(exact, n, &v, &scale) == RFM_OK && v != INT64_MIN)
				{
					size_t		len = rfm_encode_numeric(out, v, scale);

					ENSURE(len <= sizeof(out) && rfm_decode_numeric(out, len, &w, &again) == RFM_OK && v == w && scale == again);
				}
			}
			break;
		case 2:
			summaries(exact, n);
			break;
		default:
			books(exact, n);
	}
	free(exact);
	return 0;
}
