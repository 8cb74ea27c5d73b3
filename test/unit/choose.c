/*
 * choose.c: which of the open channels is best, by rates that are worked out by hand.
 */
#include "unit.h"
#include "mart/choose.h"

#include <math.h>

int
main(void)
{
	ChannelChoice c[3] = {
		{.is_open = true, .touches = 10, .responses = 2, .cost = 0.1, .cost_place = 2, .prior = {0.1, 20}},
		{.is_open = true, .touches = 0, .responses = 0, .cost = 0.01, .cost_place = 1, .prior = {0.1, 20}},
		{.is_open = false, .touches = 10, .responses = 9, .cost = 5, .cost_place = 3, .prior = {0.1, 20}},
	};
	double		value = 1;

	CHECK(fabs(choose_rate(2, 10, (ChannelPrior) {0.1, 20}) - 4.0 / 30) < 1e-15, "a rate is drawn to that of parties alike");
	CHECK(fabs(choose_rate(0, 0, CHOOSE_NO_PRIOR) - 0.05) < 1e-15, "where nothing is known it is 1 in 20");
	CHECK(choose_best(c, 3, NULL) == 0 && fabs(c[0].score - 4.0 / 30) < 1e-15, "the higher rate of those open");
	CHECK(choose_best(c, 3, &value) == 1 && fabs(c[1].score - 0.09) < 1e-15, "less the cost, where a response has a value");
	c[0].is_preferred = true;
	CHECK(choose_best(c, 3, &value) == 0, "the preferred one first");
	c[0] = c[1];
	c[0].cost_place = 2;
	CHECK(choose_best(c, 3, NULL) == 1, "of equal scores the cheaper");
	c[0].cost_place = 1;
	CHECK(choose_best(c, 3, NULL) == 0, "else the one that comes first");
	c[0].is_open = c[1].is_open = false;
	CHECK(choose_best(c, 3, NULL) == -1 && choose_best(c, 0, NULL) == -1, "none is open");
	return unit_done();
}
