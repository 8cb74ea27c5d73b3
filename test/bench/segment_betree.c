/*
 * segment_betree.c FOLDER [ROWS]: the same workload by be-tree (github.com/adgear/be-tree, built by its own Makefile elsewhere). Its events are
 * made before, outside the time.
 */
#include <malloc.h>
#include <stdbool.h>

#include "betree.h"
#include "segment_reverse.h"

int
main(int argc, char **argv)
{
	char	   *line = NULL,
				path[1000];
	size_t		room = 0;
	FILE	   *f;
	int			n = 0,
				rows = 0,
				rows_max = argc > 2 ? atoi(argv[2]) : 200;
	struct betree *tree = betree_make();
	struct betree_event **event;
	double		insert,
				per_row[RUNS];
	uint64_t	matches = 0,
				sum = 0;
	double		before = (double) mallinfo2().uordblks,
				bytes;

	if (argc < 2)
		return 2;
	for (int a = 0; a < ATTRIBUTES; a++)
		if (attributes[a].form == NUMBER)
			betree_add_integer_variable(tree, attributes[a].name, false, 0, 250000);
		else if (attributes[a].form == CODE)
			betree_add_string_variable(tree, attributes[a].name, false, strcmp(attributes[a].name, "postcode") == 0 ? 60000 : 64);
		else
			betree_add_string_list_variable(tree, attributes[a].name, false, 256);
	snprintf(path, sizeof(path), "%s/predicates.tsv", argv[1]);
	f = fopen(path, "r");
	insert = 0;
	while (next_line(f, &line, &room))
	{
		char	   *at = line,
				   *theirs;
		double		start;

		strsep(&at, "\t");
		strsep(&at, "\t");
		theirs = strsep(&at, "\t");
		start = processor_us();
		if (!betree_insert(tree, (uint64_t) atoi(line), theirs))
			fprintf(stderr, "be-tree refuses %s\n", theirs);
		insert += processor_us() - start;
		n++;
	}
	fclose(f);
	bytes = (double) mallinfo2().uordblks - before;
	event = calloc((size_t) rows_max, sizeof(*event));
	snprintf(path, sizeof(path), "%s/customers.tsv", argv[1]);
	f = fopen(path, "r");
	while (rows < rows_max && next_line(f, &line, &room))
	{
		char	   *at = line;
		struct betree_event *e = betree_make_event(tree);

		strsep(&at, "\t");
		for (int a = 0; a < ATTRIBUTES; a++)
		{
			char	   *cell = strsep(&at, "\t");
			struct betree_variable *v;

			if (attributes[a].form == NUMBER)
				v = betree_make_integer_variable(attributes[a].name, atoll(cell));
			else if (attributes[a].form == CODE)
				v = betree_make_string_variable(attributes[a].name, cell);
			else
			{
				size_t		items = 0,
							i = 0;
				struct betree_string_list *list;
				char	   *item;

				cell++;
				cell[strlen(cell) - 1] = 0;
				for (char *c = cell; *c; c++)
					items += *c == ',';
				items += *cell != 0;
				list = betree_make_string_list(items);
				while (*cell && (item = strsep(&cell, ",")))
				{
					betree_add_string(list, i++, item);
					if (!cell)
						break;
				}
				v = betree_make_string_list_variable(attributes[a].name, list);
			}
			betree_set_variable(e, (size_t) a, v);
		}
		event[rows++] = e;
	}
	for (int run = 0; run < RUNS; run++)
	{
		double		start = processor_us(),
					aside = 0;

		matches = sum = 0;
		for (int i = 0; i < rows; i++)
		{
			struct report *r = make_report();

			if (!betree_search_with_event(tree, event[i], r))
				fprintf(stderr, "be-tree refuses customer %d\n", i + 1);
			matches += r->matched;
			for (size_t k = 0; k < r->matched; k++)
				sum += r->subs[k] * (uint64_t) (i + 1);
			free_report(r);
		}
		per_row[run] = (processor_us() - start - aside) / rows;
	}
	report("be-tree", n, per_row, insert / n, bytes, matches, sum);
	return 0;
}
