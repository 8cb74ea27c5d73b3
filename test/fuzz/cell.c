/*
 * Cells of flat files: whatever bytes come, what is accepted is in range and reads the same a second time. The first byte says which
 * parser, the second how; the rest is the cell.
 */
#include <stdlib.h>
#include <string.h>

#include "mart/import.h"

#define ENSURE(c) do { if (!(c)) abort(); } while (0)

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const formats[] = {"DD/MM/YYYY", "YYYY-MM-DD HH24:MI:SS", "DD Month YYYY", "MM/DD/YY HH12:MI AM", "ISO", "EXCEL", "EPOCH", "YYYYMMDD", "Day DD Mon YYYY HH24\"h\"MI", "DD.MM.YYYY HH24:MI TZH:TZM"};
	char	   *text;
	size_t		n;

	if (size < 2)
		return 0;
	n = size - 2;
	text = malloc(n + 1);		/* exact, so that a byte too many is seen */
	memcpy(text, data + 2, n);
	switch (data[0] % 5)
	{
		case 0:
			{
				CellNumber	a,
							b;
				char		decimal = data[1] % 3 == 0 ? 0 : data[1] % 3 == 1 ? '.' : ',';

				if (cell_number(text, n, decimal, data[1] & 64 ? ' ' : 0, &a) == CELL_OK)
				{
					ENSURE(strlen(a.text) < CELL_NUMBER_SIZE && strlen(a.text) > 0 && strlen(a.currency) <= 3);
					ENSURE(cell_number(a.text, strlen(a.text), '.', 0, &b) == CELL_OK || strlen(a.text) > 60);
					ENSURE(strlen(a.text) > 60 || (strcmp(a.text, b.text) == 0 && a.small == b.small && (!a.small || (a.mantissa == b.mantissa && a.scale == b.scale))));
				}
				break;
			}
		case 1:
			{
				CellFormat	f;
				CellTime	t;
				size_t		at;
				const char *format = formats[data[1] % (sizeof(formats) / sizeof(*formats))];

				ENSURE(cell_format(format, strlen(format), &f, &at));
				if (cell_time(text, n, &f, &t) == CELL_OK)
				{
					ENSURE(t.year >= 1 && t.year <= 9999 && t.month >= 1 && t.month <= 12 && t.day >= 1 && t.day <= cell_days_in_month(t.year, t.month));
					ENSURE(t.hour >= 0 && t.hour <= 24 && t.minute >= 0 && t.minute < 60 && t.second >= 0 && t.second <= 60 && t.microsecond >= 0 && t.microsecond < 1000000);
					ENSURE(abs(t.offset) < 16 * 3600);
				}
				break;
			}
		case 2:
			{
				CellFormat	f;
				CellTime	t;
				size_t		at,
							cut = n / 2;

				if (cell_format(text, cut, &f, &at))
					cell_time(text + cut, n - cut, &f, &t);
				else
					ENSURE(at <= cut);
				break;
			}
		case 3:
			{
				const char *p = text;
				size_t		k = n,
							again;
				char	   *out = malloc(2 * n + 8);
				const char *q;
				bool		b;

				cell_trim(&p, &k);
				ENSURE(p >= text && p + k <= text + n);
				q = p;
				again = k;
				cell_trim(&q, &again);
				ENSURE(q == p && again == k);
				again = cell_squeeze(p, k, out);
				ENSURE(again <= k);
				cell_boolean(text, n, &b);
				ENSURE(cell_same_word(text, n, text, n));
				cell_is_empty_word(text, n);
				free(out);
				break;
			}
		default:
			{
				char	   *out = malloc(3 * n + 8);
				size_t		k = 0;

				if (utf8_valid(text, n))
				{
					if (cell_mojibake(text, n, out, &k) == CELL_MOJIBAKE)
						ENSURE(k <= 2 * n && k > 0 && utf8_valid(out, k));
				}
				else
					cell_mojibake(text, n, out, &k);
				if (cp1252_to_utf8(text, n, out, &k))
					ENSURE(k <= 3 * n && utf8_valid(out, k));
				{
					LegacyCharset usual = (LegacyCharset) (data[1] % 4);

					if (legacy_to_utf8(text, n, &usual, out, &k))
						ENSURE(k <= 3 * n && utf8_valid(out, k));
				}
				if (utf8_to_bytes(text, n, out, &k))
					ENSURE(k <= n);
				free(out);
			}
	}
	free(text);
	return 0;
}
