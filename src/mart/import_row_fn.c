/*
 * import_row_fn.c: one row of texts becomes typed values in the staging tables, or one reject. Nothing of a row is staged before all of
 * it is read well.
 *
 * Rows of one customer and of one order come in any order and any distance: two hash tables, by the digests of their keys, say which
 * were met before. What was met with the same content is not read again.
 */
#include "import_known.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"

/* ---- digests ---- */

static Digest
digest_of(const char *p, size_t n, uint64 seed)
{
	Digest		d;

	d.a = hash_bytes_extended((const unsigned char *) p, (int) n, seed);
	d.b = hash_bytes_extended((const unsigned char *) p, (int) n, d.a ^ UINT64CONST(0x9E3779B97F4A7C15));
	return d;
}

/* Of several cells: lengths count, NULL differs from empty. */
static Digest
digest_cells(Import *im, const int *column, int count)
{
	Digest		d = {im->map->seed, ~im->map->seed};

	for (int i = 0; i < count; i++)
	{
		Cell	   *c = &im->cells[column[i]];
		const char *p = c->text;
		size_t		n = c->size;

		if (p == NULL)
		{
			d.a = d.a * 31 + 7;
			continue;
		}
		cell_trim(&p, &n);
		d.a = hash_bytes_extended((const unsigned char *) p, (int) n, d.a + n);
		d.b = hash_bytes_extended((const unsigned char *) p, (int) n, d.b ^ d.a);
	}
	return d;
}
/* The number of a product or a store, staged when it is met first. */
static int32
named(Import *im, struct name_hash *hash, int *count, StageTable table, Datum key, Datum *more, bool *more_null, int more_count)
{
	text	   *t = DatumGetTextPP(key);
	bool		found;
	NameEntry  *e = name_insert(hash, digest_of(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), 1), &found);

	if (!found)
	{
		Datum		v[6];
		bool		n[6] = {false};

		e->id = (*count)++;
		v[0] = Int32GetDatum(e->id);
		v[1] = key;
		for (int i = 0; i < more_count; i++)
		{
			v[2 + i] = more[i];
			n[2 + i] = more_null[i];
		}
		import_stage_put(im, table, v, n);
	}
	return e->id;
}
/* ---- one row ---- */

static bool
all_empty(Import *im, const int *column, int count)
{
	for (int i = 0; i < count; i++)
	{
		const char *p = im->cells[column[i]].text;
		size_t		n = im->cells[column[i]].size;

		if (p == NULL)
			continue;
		cell_trim(&p, &n);
		if (!cell_is_empty_word(p, n))
			return false;
	}
	return true;
}

static Datum
negated(Datum number)
{
	return DirectFunctionCall1(numeric_uminus, number);
}

static int
sign_of(Datum number)
{
	/* numeric_sign would make a number of it; the text form of the sign is enough */
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, number, NumericGetDatum(int64_to_numeric(0))));
}

static void
add_to_total(Import *im, OrderEntry *order, Numeric amount)
{
	Numeric		was = order->total;

	if (was != NULL)
		amount = DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(was), NumericGetDatum(amount)));
	order->total = memcpy(MemoryContextAlloc(im->context, VARSIZE(amount)), amount, VARSIZE(amount));
	if (was != NULL)
		pfree(was);
}

void
import_row(Import *im)
{
	MemoryContext old = MemoryContextSwitchTo(im->row_context);
	ImportMapping *m = im->map;
	PartyRow   *party = NULL;
	FactRow    *facts = NULL;
	RecordEntry *record = NULL;
	OrderEntry *order = NULL;
	Digest		content = {0, 0},
				key = {0, 0};
	text	   *external_id = NULL;
	Datum		d;
	bool		has_order = m->has_order;
	bool		anonymous = false;
	bool		nobody = false;	/* a visit of somebody who is not known */
	Datum		head[ORDER_FIELDS];
	bool		head_null[ORDER_FIELDS];
	Datum		order_id = 0;
	Digest		order_key = {0, 0};
	uint64		head_digest = 0;
	Datum		line[LINE_FIELDS];
	bool		line_null[LINE_FIELDS];
	uint64		line_key = 0,
				line_digest = 0;
	char		currency[4] = "";
	bool		loose = false;
	bool		order_known = false;
	bool		again = false;	/* a line that the file held before */
	char		kind = 0;
	bool		found;

	im->bad = false;
	im->nth = 0;
	im->lines_read++;

	/* the party: known already with this very content? */
	if (m->has_party)
	{
		content = digest_cells(im, m->party_column, m->party_column_count);
		if (m->source_key && import_field_datum(im, m->source_key, &d))
		{
			external_id = DatumGetTextPP(d);
			key = digest_of(VARDATA_ANY(external_id), VARSIZE_ANY_EXHDR(external_id), 0);
			record = record_lookup(im->records, key);
		}
	}
	if (record == NULL || record->last.a != content.a || record->last.b != content.b)
	{
		party = palloc(sizeof(PartyRow));
		import_read_party(im, party);
		import_check_attributes(im);
	}

	/* the order's head */
	if (has_order)
	{
		if (!import_field_datum(im, m->order[ORDER_EXTERNAL_ID], &order_id))
		{
			if (all_empty(im, m->order_column, m->order_column_count) && all_empty(im, m->line_column, m->line_column_count) && m->has_party)
				has_order = false;
			else if (!im->bad)
				import_reject_status(im, m->order[ORDER_EXTERNAL_ID], CELL_EMPTY);
			memset(head_null, true, sizeof(head_null));
		}
		else
		{
			text	   *t = DatumGetTextPP(order_id);

			order_key = digest_of(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), 2);
			head_digest = digest_cells(im, m->order_column, m->order_column_count).a;
			order = order_lookup(im->orders, order_key);
			order_known = order != NULL;
			if (order != NULL)
				kind = order->kind;
			if (order == NULL || order->head != head_digest)
			{
				for (int i = 0; i < ORDER_FIELDS; i++)
					head_null[i] = i == ORDER_EXTERNAL_ID || m->order[i] == NULL || (i != ORDER_AMOUNT && !import_field_datum(im, m->order[i], &head[i]));
				if (head_null[ORDER_ORDERED_AT] && !im->bad)
					import_reject_status(im, m->order[ORDER_ORDERED_AT], CELL_EMPTY);
				if (!head_null[ORDER_KIND] && !order_known)
					kind = VARDATA_ANY(DatumGetTextPP(head[ORDER_KIND]))[0];
				if (!head_null[ORDER_AMOUNT])
				{
					const char *p;
					size_t		n;
					CellNumber	number;

					head_null[ORDER_AMOUNT] = true;
					if (import_field_text(im, m->order[ORDER_AMOUNT], &p, &n))
					{
						if (import_parse_number(im, m->order[ORDER_AMOUNT], p, n, &number))
						{
							head[ORDER_AMOUNT] = import_numeric(&number);
							head_null[ORDER_AMOUNT] = false;
							memcpy(currency, number.currency, 4);
							loose = number.currency_is_loose;
						}
					}
					else if (!m->has_line && !im->bad)
						import_reject_status(im, m->order[ORDER_AMOUNT], CELL_EMPTY);
				}
			}
		}
	}

	/* the line */
	memset(line_null, true, sizeof(line_null));
	if (has_order && m->has_line)
	{
		line_digest = digest_cells(im, m->line_column, m->line_column_count).a;
		for (int i = 0; i < LINE_FIELDS; i++)
		{
			if (m->line[i] == NULL)
				continue;
			if (i == LINE_AMOUNT || i == LINE_UNIT_PRICE)
			{
				const char *p;
				size_t		n;
				CellNumber	number;

				if (import_field_text(im, m->line[i], &p, &n) && import_parse_number(im, m->line[i], p, n, &number))
				{
					line[i] = import_numeric(&number);
					line_null[i] = false;
					if (number.currency[0] != '\0' && (currency[0] == '\0' || loose))
					{
						memcpy(currency, number.currency, 4);
						loose = number.currency_is_loose;
					}
				}
			}
			else
				line_null[i] = !import_field_datum(im, m->line[i], &line[i]);
		}
		/* the key of a line in its order: its number, else its product and which one of these it is, rejected lines counted */
		if (!line_null[LINE_NO])
		{
			line_key = digest_of(VARDATA_ANY(DatumGetTextPP(line[LINE_NO])), VARSIZE_ANY_EXHDR(DatumGetTextPP(line[LINE_NO])), 3).a;
			if (!im->bad && order_id != 0)
			{
				CountEntry *e = count_insert(im->nths, order_key.b ^ line_key, &found);

				/* a line exported twice says nothing new */
				if (!found)
					e->content = line_digest;
				else if (e->content == line_digest)
					again = true;
				else
					import_reject_field(im, m->line[LINE_NO], "23505", "the order has another line of this number");
			}
		}
		else if (order_id != 0)
		{
			CountEntry *e;

			line_key = line_null[LINE_SKU] ? 4 : digest_of(VARDATA_ANY(DatumGetTextPP(line[LINE_SKU])), VARSIZE_ANY_EXHDR(DatumGetTextPP(line[LINE_SKU])), 4).a;
			if (im->replay_nth != 0)
				im->nth = im->replay_nth;
			else
			{
				e = count_insert(im->nths, order_key.b ^ line_key, &found);
				if (!found)
					e->count = 0;
				im->nth = ++e->count;
			}
			line_key = hash_combine64(line_key, im->nth > 0 ? (uint64) im->nth : ~(uint64) im->line_no);
		}
		if (line_null[LINE_QUANTITY])
		{
			line[LINE_QUANTITY] = NumericGetDatum(int64_to_numeric(1));
			line_null[LINE_QUANTITY] = false;
		}
		if (line_null[LINE_AMOUNT] && !line_null[LINE_UNIT_PRICE] && !im->bad)
		{
			line[LINE_AMOUNT] = DirectFunctionCall2(numeric_mul, line[LINE_UNIT_PRICE], line[LINE_QUANTITY]);
			line_null[LINE_AMOUNT] = false;
		}
		if (line_null[LINE_AMOUNT] && !im->bad)
			import_reject_status(im, m->line[LINE_AMOUNT] ? m->line[LINE_AMOUNT] : m->line[LINE_UNIT_PRICE], CELL_EMPTY);
	}
	if (has_order && !im->bad)
	{
		bool		stated = false;

		/* one currency an order: the column's, else that of the amounts, else the mart's */
		if (order_id != 0 && (order == NULL || order->head != head_digest) && !head_null[ORDER_CURRENCY])
		{
			char		code[4];

			memcpy(code, VARDATA_ANY(DatumGetTextPP(head[ORDER_CURRENCY])), 3);
			code[3] = '\0';
			if (currency[0] != '\0' && !loose && strcmp(code, currency) != 0)
				import_reject(im, m->order[ORDER_CURRENCY]->column_count ? im->columns.name[m->order[ORDER_CURRENCY]->column[0]] : "currency",
							  "22023", "the currency of the amount is not that of the order");
			memcpy(currency, code, 4);
			stated = true;
		}
		if (order != NULL)
		{
			if ((stated || (currency[0] != '\0' && !loose)) && strcmp(currency, order->currency) != 0)
				import_reject(im, m->line[LINE_AMOUNT] && m->line[LINE_AMOUNT]->column_count ? im->columns.name[m->line[LINE_AMOUNT]->column[0]] : "currency",
							  "22023", "the order has lines in another currency");
		}
		else if (currency[0] == '\0')
			strlcpy(currency, im->mart.currency, 4);
	}

	if (m->fact_count > 0)
		facts = import_read_facts(im);

	if (!im->bad && m->has_visit && external_id == NULL && !has_order && !(m->has_party && party->identifies))
	{
		nobody = true;
		for (int i = 0; i < m->fact_count; i++)
			nobody = nobody && (!facts[i].is || m->fact[i].kind == FACT_VISIT);
	}
	/* who it is, when no key says so */
	if (!im->bad && !nobody && m->has_party && external_id == NULL && (party->identifies || !has_order))
	{
		const char *norm = NULL;
		StringInfoData id;

		initStringInfo(&id);
		for (int i = 0; i < m->key_count && norm == NULL; i++)
			if (import_field_datum(im, m->key[i].value, &d))
				appendStringInfo(&id, "%s:%s", m->key[i].scheme, norm = TextDatumGetCString(d));
		for (int i = 0; i < party->contacts && norm == NULL; i++)
			if (strcmp(party->contact[i].kind, "email") == 0)
				appendStringInfo(&id, "email:%.*s", (int) party->contact[i].norm_size, norm = party->contact[i].norm);
		for (int i = 0; i < party->contacts && norm == NULL; i++)
			if (strcmp(party->contact[i].kind, "phone") == 0)
				appendStringInfo(&id, "phone:%.*s", (int) party->contact[i].norm_size, norm = party->contact[i].norm);
		if (norm == NULL && m->source_key && !has_order)
			import_reject_field(im, m->source_key, "23502", "no key, no valid e-mail address and no valid telephone number: nothing says which record this is");
		else if (norm == NULL && !party->identifies)
			import_reject(im, m->contact_count && m->contact[0].value->column_count ? im->columns.name[m->contact[0].value->column[0]] : NULL,
						  "23502", "nothing says which record this is");
		else
		{
			if (norm == NULL)
				appendStringInfo(&id, "row:" UINT64_FORMAT, content.a);
			external_id = cstring_to_text_with_len(id.data, id.len);
			key = digest_of(id.data, id.len, 0);
			record = record_lookup(im->records, key);
		}
	}
	else if (!im->bad && !nobody && external_id == NULL)
		anonymous = true;

	if (im->bad)
	{
		import_reject_line(im, im->bad_column, im->bad_code, im->bad_reason);
		goto done;
	}

	/* nothing can fail any more: stage */
	{
		int32		store = -1;
		int32		rec;
		int32		ver;
		bool		opens = false;

		if (has_order && !order_known && !head_null[ORDER_STORE])
			store = named(im, im->stores, &im->store_count, STAGE_STORE, head[ORDER_STORE], &head[ORDER_STORE_NAME], &head_null[ORDER_STORE_NAME], 1);
		if (anonymous)
		{
			/* an anonymous ticket belongs to the unidentified party of its store */
			if (order_known)
				rec = -1;
			else
			{
				if (store < 0)
				{
					bool		no_name = true;
					Datum		none = 0;

					store = named(im, im->stores, &im->store_count, STAGE_STORE, PointerGetDatum(cstring_to_text(im->source)), &none, &no_name, 1);
				}
				key.a = (uint64) store;
				key.b = UINT64CONST(0xA70A70A70A70A70A);
				record = record_insert(im->records, key, &found);
				if (!found)
				{
					memset(&record->last, 0, sizeof(Digest));
					record->rec = im->record_count++;
					record->versions = 0;
					record->anonymous_store = store;
					record->buys = true;
				}
				rec = record->rec;
			}
			ver = 0;
		}
		else if (nobody)
			rec = -1,
				ver = 0;
		else
		{
			record = record_insert(im->records, key, &found);
			if (!found)
			{
				record->rec = im->record_count++;
				record->versions = 0;
				record->anonymous_store = -1;
				record->buys = false;
			}
			if (!found || record->last.a != content.a || record->last.b != content.b)
			{
				record->last = content;
				record->versions++;
				opens = true;
				import_stage_version(im, record->rec, record->versions, external_id, party);
			}
			record->buys = record->buys || (has_order && kind != 'r');
			rec = record->rec;
			ver = record->versions;
		}
		if (facts != NULL && !anonymous)
			import_stage_facts(im, facts, rec);
		if (has_order && !again)
		{
			bool		head_line = !order_known;

			order = order_insert(im->orders, order_key, &found);
			if (!found)
			{
				Datum		v[18];
				bool		n[18] = {false};
				uint64		who = anonymous ? 0 : key.a;

				order->head = head_digest;
				order->ord = im->order_count++;
				order->lines = 0;
				order->total = NULL;
				order->kind = kind;
				memcpy(order->currency, currency, 4);
				v[0] = Int32GetDatum(order->ord);
				v[1] = Int32GetDatum(rec);
				v[2] = Int64GetDatum(im->line_no);
				v[3] = order_id;
				v[4] = Int64GetDatum((int64) hash_combine64(head_digest, who));
				v[5] = head[ORDER_ORDERED_AT];
				n[6] = kind == 0;
				if (!n[6])
					v[6] = import_text_datum(&kind, 1);
				v[7] = head[ORDER_CHANNEL];
				n[7] = head_null[ORDER_CHANNEL];
				v[8] = Int32GetDatum(store);
				n[8] = store < 0;
				v[9] = import_text_datum(currency, 3);
				n[10] = head_null[ORDER_AMOUNT];
				if (!n[10])
					v[10] = kind == 'r' && sign_of(head[ORDER_AMOUNT]) > 0 ? negated(head[ORDER_AMOUNT]) : head[ORDER_AMOUNT];
				n[11] = head_null[ORDER_MARGIN];
				v[11] = head[ORDER_MARGIN];
				for (int i = ORDER_STATUS; i <= ORDER_USAGE; i++)
				{
					v[12 + i - ORDER_STATUS] = head[i];
					n[12 + i - ORDER_STATUS] = head_null[i];
				}
				import_stage_put(im, STAGE_ORDER, v, n);
			}
			order->lines++;
			im->lines_of_orders++;
			{
				Datum		v[14];
				bool		n[14] = {false};

				v[0] = Int64GetDatum(im->line_no);
				v[1] = Int32GetDatum(rec);
				v[2] = Int32GetDatum(ver);
				v[3] = BoolGetDatum(opens);
				v[4] = Int32GetDatum(order->ord);
				v[5] = BoolGetDatum(head_line);
				v[6] = Int32GetDatum(order->lines);
				v[7] = Int64GetDatum((int64) line_key);
				v[8] = Int64GetDatum((int64) line_digest);
				n[9] = line_null[LINE_SKU];
				if (!n[9])
					v[9] = Int32GetDatum(named(im, im->products, &im->product_count, STAGE_PRODUCT, line[LINE_SKU], &line[LINE_NAME], &line_null[LINE_NAME], 3));
				n[10] = n[11] = n[12] = n[13] = true;
				if (m->has_line)
				{
					int			q = sign_of(line[LINE_QUANTITY]),
								a = sign_of(line[LINE_AMOUNT]);

					/* what comes back has a negative quantity and a negative amount */
					if (kind == 'r')
					{
						if (q > 0)
							line[LINE_QUANTITY] = negated(line[LINE_QUANTITY]);
						if (a > 0)
							line[LINE_AMOUNT] = negated(line[LINE_AMOUNT]);
					}
					else if (q < 0 && a > 0)
						line[LINE_AMOUNT] = negated(line[LINE_AMOUNT]);
					add_to_total(im, order, DatumGetNumeric(line[LINE_AMOUNT]));
					v[10] = line[LINE_QUANTITY];
					v[11] = line[LINE_AMOUNT];
					n[10] = n[11] = false;
					n[12] = line_null[LINE_DISCOUNT];
					v[12] = line[LINE_DISCOUNT];
					n[13] = line_null[LINE_RETURN_REASON];
					v[13] = line[LINE_RETURN_REASON];
				}
				import_stage_put(im, STAGE_LINE, v, n);
			}
		}
		else
		{
			Datum		v[14];
			bool		n[14];

			memset(n, true, sizeof(n));
			n[0] = n[1] = n[2] = n[3] = false;
			v[0] = Int64GetDatum(im->line_no);
			v[1] = Int32GetDatum(rec);
			v[2] = Int32GetDatum(ver);
			v[3] = BoolGetDatum(opens);
			import_stage_put(im, STAGE_LINE, v, n);
		}
	}
done:
	MemoryContextSwitchTo(old);
	MemoryContextReset(im->row_context);
	if ((im->lines_read & 1023) == 0)
	{
		CHECK_FOR_INTERRUPTS();
		import_progress_lines(im);
	}
}
