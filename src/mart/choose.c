/*
 * choose.c: the score of each channel and the best of those that are open.
 */
#include <stddef.h>

#include "mart/choose.h"

double
choose_rate(double responses, double touches, ChannelPrior prior)
{
	return (responses + prior.strength * prior.rate) / (touches + prior.strength);
}

static bool
is_better(const ChannelChoice *a, const ChannelChoice *b)
{
	if (a->is_preferred != b->is_preferred)
		return a->is_preferred;
	if (a->score != b->score)
		return a->score > b->score;
	return a->cost_place < b->cost_place;
}

int
choose_best(ChannelChoice *channel, int n, const double *value)
{
	int			best = -1;

	for (int i = 0; i < n; i++)
	{
		ChannelChoice *c = &channel[i];

		c->score = choose_rate(c->responses, c->touches, c->prior);
		if (value != NULL)
			c->score = c->score * *value - c->cost;
		if (c->is_open && (best < 0 || is_better(c, &channel[best])))
			best = i;
	}
	return best;
}
