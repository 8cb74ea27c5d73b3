/*
 * demo.c: the draws of the demo: fixed for ever, within their range, evenly spread; the word lists are whole.
 */
#include <math.h>
#include <string.h>

#include "demo/demo.h"
#include "unit.h"

int
main(void)
{
	double		sum = 0;
	int			low = 0;
	int			equal = 0;
	int			words = 0;
	int			bad = 0;

	CHECK(demo_u(1, 1, 1) == 0.4397849393639228, "a draw is the same for ever");
	for (int i = 0; i < 100000; i++)
	{
		double		u = demo_u(i, 3, 7);

		low += !(u >= 0 && u < 1);
		sum += u;
		equal += u == demo_u(i, 4, 7) || u == demo_u(i, 3, 8);
	}
	CHECK(low == 0, "draws lie in [0, 1)");
	CHECK(fabs(sum / 100000 - 0.5) < 0.005, "and are evenly spread");
	CHECK(equal == 0, "another use or seed is another draw");
	CHECK(demo_find("city", 4) != NULL && demo_find("citys", 4) != NULL && demo_find("cit", 3) == NULL && demo_find("", 0) == NULL,
		  "lists are found by their whole name, which need not end in NUL");
	for (int i = 0; i < demo_list_count; i++)
		for (size_t k = 0; k < demo_lists[i].count; k++)
		{
			words++;
			bad += demo_lists[i].words[k][0] == '\0' || strchr(demo_lists[i].words[k], ';') != NULL;
		}
	CHECK(words > 400 && bad == 0, "no word is empty or holds a separator of the files");
	CHECK(demo_season(12, 24) > demo_season(12, 25) && demo_season(8, 1) < demo_season(9, 1), "Christmas is busy, August is not");
	return unit_done();
}
