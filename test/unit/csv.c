/* The reader of CSV lines: splitting, quoted line breaks, and finding its footing again. */
#include "unit.h"

#include "mart/import.h"

static void *
take(void *context, void *old, size_t size)
{
	(void) context;
	if (size == 0)
	{
		free(old);
		return NULL;
	}
	return realloc(old, size);
}

/* Reads the lines and compares the events, written as a|b for a record and !n:reason for a reject. */
static void
reads(int columns, const char *const *lines, const char *expected)
{
	CsvFormat	f = {';', '"', '"'};
	CsvReader  *r = csv_reader(&f, columns, false, take, NULL);
	char		got[4000] = "";
	int			i = 0;

	for (;;)
	{
		CsvEvent	e = csv_next(r);
		size_t		n = strlen(got);

		if (e == CSV_MORE)
		{
			if (lines[i])
				csv_push(r, i + 1, lines[i], strlen(lines[i])), i++;
			else if (lines[i] == NULL && i >= 0)
			{
				static const int done = -1;

				csv_end(r);
				i = done;
			}
			if (i < 0)
			{
				while ((e = csv_next(r)) != CSV_MORE)
				{
					n = strlen(got);
					if (e == CSV_REJECT)
						sprintf(got + n, "!%d:%d ", (int) csv_line_no(r), csv_reason(r));
					else
						sprintf(got + n, "%d=%d ", (int) csv_line_no(r), csv_count(r));
				}
				break;
			}
			continue;
		}
		if (e == CSV_REJECT)
			sprintf(got + n, "!%d:%d ", (int) csv_line_no(r), csv_reason(r));
		else
		{
			sprintf(got + n, "%d=", (int) csv_line_no(r));
			for (int k = 0; k < csv_count(r); k++)
			{
				size_t		s;
				const char *t = csv_field(r, k, &s);

				n = strlen(got);
				sprintf(got + n, "%s%.*s", k ? "|" : "", (int) s, t);
			}
			strcat(got, " ");
		}
	}
	for (char *c = got; *c; c++)
		if (*c == '\n')
			*c = '~';
	CHECK(strcmp(got, expected) == 0, "%s (got %s)", expected, got);
	csv_reader_free(r);
}

#define L(...) ((const char *const[]){__VA_ARGS__, NULL})

int
main(void)
{
	reads(3, L("1;a;b", "2;c;d\r"), "1=1|a|b 2=2|c|d ");
	reads(3, L("1;\"a;x\";b", "2;\"say \"\"hi\"\"\";d"), "1=1|a;x|b 2=2|say \"hi\"|d ");
	reads(3, L("1;\"two", "lines\";b", "2;c;d"), "1=1|two~lines|b 3=2|c|d ");
	reads(3, L("1;\"two", "", "lines\";b", "2;c;d"), "1=1|two~~lines|b 4=2|c|d ");
	/* a truncated line costs one reject */
	reads(3, L("1;\"cut", "2;c;d", "3;e;f"), "!1:0 2=2|c|d 3=3|e|f ");
	reads(3, L("1;\"cut", "2;\"c\";d", "3;e;f"), "!1:0 2=2|c|d 3=3|e|f ");
	reads(3, L("\"1\";\"cut", "\"2\";\"c\";\"d\"", "\"3\";\"e\";\"f\""), "!1:0 2=2|c|d 3=3|e|f ");
	reads(3, L("1;\"cut", "2;\"two", "lines\";d", "3;e;f"), "!1:0 2=2|two~lines|d 4=3|e|f ");
	reads(3, L("1;\"two", "lines, and cut", "3;e;f"), "!1:0 3=3|e|f ");
	reads(3, L("1;\"two", "lines\"", "3;e;f"), "!1:1 3=3|e|f ");
	reads(3, L("1;\"two", "lines\";x;y;z", "3;e;f"), "!1:2 3=3|e|f ");
	reads(3, L("1;a", "2;c;d"), "!1:1 2=2|c|d ");
	reads(3, L("1;a;b;c", "2;c;d"), "!1:2 2=2|c|d ");
	reads(3, L("1;a;b;", "2;c;d;;"), "1=1|a|b 2=2|c|d ");
	reads(3, L("1;\"cut"), "!1:0 ");
	reads(3, L("", "1;a;b", "   ", "2;c;d"), "2=1|a|b 4=2|c|d ");
	reads(3, L("1;\"Dupont \"Le Grand\"\";b", "2;c;d"), "1=1|Dupont \"Le Grand\"|b 2=2|c|d ");
	reads(3, L("1;5\" disk;b", "2;c;d"), "1=1|5\" disk|b 2=2|c|d ");
	reads(3, L("1; \"a\" ;b"), "1=1|a|b ");
	reads(3, L("1;;"), "1=1|| ");
	reads(3, L("1;\"\";b"), "1=1||b ");
	{
		/* a quote that is never closed costs one line even in a long file */
		static const char *many[500];

		many[0] = "0;\"open";
		for (int i = 1; i < 400; i++)
			many[i] = "x;y";
		many[400] = "1;c;d";
		many[401] = NULL;
		{
			CsvFormat	f = {';', '"', '"'};
			CsvReader  *r = csv_reader(&f, 3, false, take, NULL);
			int			records = 0,
						rejects = 0;

			for (int i = 0;; i++)
			{
				CsvEvent	e;

				if (many[i])
					csv_push(r, i + 1, many[i], strlen(many[i]));
				else
					csv_end(r);
				while ((e = csv_next(r)) != CSV_MORE)
					(*(e == CSV_RECORD ? &records : &rejects))++;
				if (!many[i])
					break;
			}
			CHECK(records == 1 && rejects == 400, "one record, and each bad line its reject (%d, %d)", records, rejects);
			csv_reader_free(r);
		}
	}
	{
		const char *lines[] = {"a,b;c;d", "1,5;2;3", "2,5;3;4"};
		size_t		sizes[] = {7, 7, 7};
		const char *tabs[] = {"a\tb", "\"x\ty\"\tz"};
		size_t		tsizes[] = {3, 7};

		CHECK(csv_sniff(lines, sizes, 3, '"') == ';', "the semicolon is found beside decimal commas");
		CHECK(csv_sniff(tabs, tsizes, 2, '"') == '\t', "the tab is found");
	}
	return unit_done();
}
