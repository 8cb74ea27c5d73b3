/*
 * choose.h: by which of the channels that are open now to write to a party. The arithmetic alone, from what was read.
 */
#ifndef CRMSEG_CHOOSE_H
#define CRMSEG_CHOOSE_H

#include <stdbool.h>
#include <stdint.h>

/* the mean rate of parties alike, and how many touches of a party's own weigh as much */
typedef struct ChannelPrior
{
	double		rate;
	double		strength;
} ChannelPrior;

/* where nothing is known: 1 in 20 */
#define CHOOSE_NO_PRIOR ((ChannelPrior) {0.05, 20})

typedef struct ChannelChoice
{
	bool		is_open;
	bool		is_preferred;
	double		touches,		/* decayed, as of the instant */
				responses;
	double		cost;			/* of a message */
	int64_t		cost_place;		/* the lower, the cheaper */
	ChannelPrior prior;
	double		score;			/* set by choose_best */
} ChannelChoice;

/* the rate of a party on a channel, drawn to that of parties alike (empirical Bayes: the mean of the posterior beta) */
extern double choose_rate(double responses, double touches, ChannelPrior prior);

/*
 * The scores, and which of the open channels is best: the preferred one first, then the higher score, the cheaper, the one that comes first;
 * -1: none is open. value: what a response is worth, to weigh against the cost of a message; NULL: costs decide among equals only.
 */
extern int	choose_best(ChannelChoice *channel, int n, const double *value);

#endif
