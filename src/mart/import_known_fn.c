/*
 * import_known_fn.c: begin and end of the reading of rows: what is known of each record and order only when all rows were read.
 */
#include "import_known.h"

#include "utils/memutils.h"

static int
by_jsonb_key(const void *a, const void *b, void *arg)
{
	char	  **name = arg;
	const char *x = name[*(const int *) a] ? name[*(const int *) a] : "";
	const char *y = name[*(const int *) b] ? name[*(const int *) b] : "";
	size_t		xn = strlen(x),
				yn = strlen(y);

	if (xn != yn)
		return xn > yn ? 1 : -1;
	return memcmp(x, y, xn);
}

void
import_row_begin(Import *im)
{
	im->records = record_create(im->context, 4096, NULL);
	im->orders = order_create(im->context, 4096, NULL);
	im->products = name_create(im->context, 1024, NULL);
	im->stores = name_create(im->context, 64, NULL);
	im->nths = count_create(im->context, 4096, NULL);
	im->cells = palloc0(sizeof(Cell) * (im->columns.count + 1));
	im->payload_order = palloc(sizeof(int) * (im->columns.count + 1));
	for (int i = 0; i < im->columns.count; i++)
		im->payload_order[i] = i;
	qsort_arg(im->payload_order, im->columns.count, sizeof(int), by_jsonb_key, im->columns.name);
}

/* What is known of each record only when all rows were read. */
void
import_rows_end(Import *im)
{
	record_iterator it;
	RecordEntry *e;
	RecordEntry **ordered = MemoryContextAllocHuge(im->context, sizeof(RecordEntry *) * (im->record_count + 1));

	/* in the order in which they were met, so that new ids ascend with the file */
	record_start_iterate(im->records, &it);
	while ((e = record_iterate(im->records, &it)) != NULL)
		ordered[e->rec] = e;
	for (int i = 0; i < im->record_count; i++)
	{
		Datum		v[5];
		bool		n[5] = {false};
		pg_uuid_t	hash;

		e = ordered[i];
		memcpy(hash.data, &e->last.a, 8);
		memcpy(hash.data + 8, &e->last.b, 8);
		v[0] = Int32GetDatum(e->rec);
		v[1] = Int32GetDatum(e->versions);
		v[2] = UUIDPGetDatum(&hash);
		v[3] = BoolGetDatum(e->buys);
		v[4] = Int32GetDatum(e->anonymous_store);
		n[4] = e->anonymous_store < 0;
		import_stage_put(im, STAGE_RECORD, v, n);
	}
	pfree(ordered);
	if (im->map->has_line)
	{
		order_iterator o;
		OrderEntry *order;

		order_start_iterate(im->orders, &o);
		while ((order = order_iterate(im->orders, &o)) != NULL)
		{
			Datum		v[2] = {Int32GetDatum(order->ord), NumericGetDatum(order->total)};
			bool		n[2] = {false, order->total == NULL};

			import_stage_put(im, STAGE_TOTAL, v, n);
		}
	}
	record_destroy(im->records);
	order_destroy(im->orders);
	name_destroy(im->products);
	name_destroy(im->stores);
	count_destroy(im->nths);
}
