/*
 * predict.c: what a model says of one customer, from the field's plain numbers: x repeat purchases, the last at tx, T the time observed
 * since the first (one unit). Called by value_predict_fn.c; the sums behind are in while_alive.c.
 */
#include <math.h>
#include <string.h>

#include "value/value.h"

const char *
value_history_check(int kind, double x, double tx, double T)
{
	if (!isfinite(x) || !isfinite(tx) || !isfinite(T))
		return "Frequency, recency and age must be finite numbers.";
	if (x < 0 || x != floor(x))
		return "Frequency counts repeat purchases: a whole number, not below zero.";
	if (x > 1e9)
		return "Frequency is limited to 1000000000 purchases.";
	if (tx < 0)
		return "Recency is below zero: the last purchase lies before the first.";
	if (T < tx)
		return "Recency is above age: the last purchase lies after the end of the observation.";
	if (T > 1e15)
		return "Age is limited to 1e15 units of time.";
	if (kind == VALUE_BG_BB && T > 1e6)
		return "Opportunities are limited to 1000000.";
	if (kind == VALUE_BG_BB && (tx != floor(tx) || T != floor(T) || x > tx))
		return "BG/BB counts occasions: recency and opportunities are whole numbers, and frequency is at most recency.";
	return NULL;
}

/*
 * BG/BB: the likelihood of having left, against that of being there at the last of n occasions, summed over the occasion he left after. The
 * terms follow from each other, the latest first. Returns the logarithm of the odds.
 */
static double
bg_bb_log_odds_gone(const double *p, double x, double tx, double n)
{
	double		term,
				sum = 0,
				scale = 0;

	if (n <= tx || p[2] == 0)
		return -INFINITY;
	/* left just before occasion n: B(al + x, be + n-1 - x) B(ga + 1, de + n-1) / (B(al + x, be + n - x) B(ga, de + n)) */
	term = (p[0] + p[1] + (n - 1)) / (p[1] + (n - 1 - x)) * (p[2] / (p[3] + (n - 1)));
	for (double i = n - 1;; i--)
	{
		sum += term;
		if (sum > 1e280)
		{
			sum *= 1e-280;
			term *= 1e-280;
			scale += log(1e280);
		}
		if (i <= tx)
			return log(sum) + scale;
		/* from leaving before occasion i + 1 to leaving before occasion i */
		term *= (p[0] + p[1] + (i - 1)) / (p[1] + (i - 1 - x)) * ((p[2] + p[3] + i) / (p[3] + (i - 1)));
	}
}

/*
 * Of the families whose odds are an integral or a long sum, the last one asked for: one statement often asks p_alive and expected_purchases of one
 * history, which are two calls.
 */
static double
remembered_log_odds(const value_model *m, double x, double tx, double T)
{
	static _Thread_local struct
	{
		int			kind;
		double		key[7],
					log_odds;
	}			last;
	const double key[7] = {m->param[0], m->param[1], m->param[2], m->param[3], x, tx, T};

	if (last.kind != m->kind || memcmp(last.key, key, sizeof(key)) != 0)
	{
		last.log_odds = m->kind == VALUE_PARETO_NBD ? value_pareto_log_odds_gone(key[0] + x, key[1], key[2], key[3], tx, T) : bg_bb_log_odds_gone(key, x, tx, T);
		last.kind = m->kind;
		memcpy(last.key, key, sizeof(key));
	}
	return last.log_odds;
}

/* ln(P(gone) / P(alive)) at T; for BG/BB at the last occasion */
double
value_log_odds_gone(const value_model *m, double x, double tx, double T)
{
	const double *p = m->param;
	double		k = p[0] + x;

	if (x == 0)
		tx = 0;
	switch (m->kind)
	{
		case VALUE_BG_NBD:
			if (x == 0 || p[2] == 0)
				return -INFINITY;
			return log(p[2] / (p[3] + (x - 1))) + k * log1p((T - tx) / (p[1] + tx));
		case VALUE_MBG_NBD:
			if (p[2] == 0)
				return -INFINITY;
			return log(p[2] / (p[3] + x)) + k * log1p((T - tx) / (p[1] + tx));
		case VALUE_PARETO_NBD:
		case VALUE_BG_BB:
			return remembered_log_odds(m, x, tx, T);
	}
	return NAN;
}

static double
logistic(double z)
{
	return z < 0 ? exp(z) / (1 + exp(z)) : 1 / (1 + exp(-z));
}

/* BG/BB: that he is still there at the occasion after the last (Fader, Hardie and Shang 2010, eq. 11); else: at T */
double
value_p_alive(const value_model *m, double x, double tx, double T)
{
	double		p = logistic(-value_log_odds_gone(m, x, tx, T));

	if (m->kind == VALUE_BG_BB)
		p *= (m->param[3] + T) / (m->param[2] + m->param[3] + T);
	return p;
}

double
value_p_gone(const value_model *m, double x, double tx, double T)
{
	double		z = value_log_odds_gone(m, x, tx, T),
				gone = logistic(z);

	if (m->kind == VALUE_BG_BB)
		gone += logistic(-z) * m->param[2] / (m->param[2] + m->param[3] + T);
	return gone;
}

struct bb_context
{
	double		occasions,
				discount;
};

/* the sum over j = 1..m of q^j d^j, q = 1 - p */
static double
occasions_given_p(double p, const void *context)
{
	const struct bb_context *k = context;
	double		log_step = log1p(-p) + log(k->discount),
				less = p >= 1 ? 1 : -expm1(log_step);

	if (p >= 1)
		return 0;
	if (k->occasions * less < 1e-290)
		return k->occasions;
	return exp(log_step) * (isinf(k->occasions) ? 1 : -expm1(k->occasions * log_step)) / less;
}

/* BG/BB: occasions of the next m at which a customer there at the last will still be there, each discounted */
static double
bg_bb_occasions(const double *p, double n, double m, double discount)
{
	double		c = p[2],
				d = p[3] + n,
				sum = 0,
				term = 1;

	if (m <= 256)
	{
		for (double j = 0; j < m; j++)
		{
			term *= (d + j) / (c + d + j) * discount;
			sum += term;
		}
		return sum;
	}
	if (c == 0)
		return discount == 1 ? m : discount * -expm1(m * log(discount)) / (1 - discount);
	{
		struct bb_context k = {m, discount};

		return value_beta_mean(c, d, log(fmin(m, 1 / (1 - discount + 1e-300)) + 1) + 40, occasions_given_p, &k);
	}
}

/* mean number of purchases in the next t of a customer who has not left */
static double
while_alive(const value_model *m, double x, double T, double t)
{
	const double *p = m->param;

	switch (m->kind)
	{
		case VALUE_BG_NBD:
			return value_bg_purchases(p[0] + x, p[1] + T, p[2], p[3] + x, t);
		case VALUE_MBG_NBD:
			return value_bg_purchases(p[0] + x, p[1] + T, p[2], p[3] + x + 1, t);
		case VALUE_PARETO_NBD:
			return value_pareto_purchases(p[0] + x, p[1] + T, p[2], p[3] + T, t);
		case VALUE_BG_BB:
			return (p[0] + x) / (p[0] + p[1] + T) * bg_bb_occasions(p, T, floor(t), 1);
	}
	return NAN;
}

double
value_expected(const value_model *m, double x, double tx, double T, double t)
{
	double		alive = logistic(-value_log_odds_gone(m, x, tx, T));

	return alive == 0 ? 0 : alive * while_alive(m, x, T, t);
}

/* purchases of a customer of whom nothing but the first purchase is known, in the t that follow it */
double
value_expected_new(const value_model *m, double t)
{
	double		there = m->kind == VALUE_MBG_NBD ? m->param[3] / (m->param[2] + m->param[3]) : 1;

	return there * while_alive(m, 0, 0, t);
}

/* purchases of the next t (which may be infinite), discounted at a continuous rate per unit of time */
double
value_discounted(const value_model *m, double x, double tx, double T, double rate, double t)
{
	const double *p = m->param;
	double		alive = logistic(-value_log_odds_gone(m, x, tx, T)),
				sum = 0;

	if (alive == 0)
		return 0;
	switch (m->kind)
	{
		case VALUE_BG_NBD:
			sum = value_bg_discounted(p[0] + x, p[1] + T, p[2], p[3] + x, rate, t);
			break;
		case VALUE_MBG_NBD:
			sum = value_bg_discounted(p[0] + x, p[1] + T, p[2], p[3] + x + 1, rate, t);
			break;
		case VALUE_PARETO_NBD:
			sum = value_pareto_discounted(p[0] + x, p[1] + T, p[2], p[3] + T, rate, t);
			break;
		case VALUE_BG_BB:
			sum = (p[0] + x) / (p[0] + p[1] + T) * bg_bb_occasions(p, T, floor(t), exp(-rate));
			break;
	}
	return alive * sum;
}

/* probability of at least one purchase in the next t */
double
value_buys_within(const value_model *m, double x, double tx, double T, double t)
{
	const double *p = m->param;
	double		alive = logistic(-value_log_odds_gone(m, x, tx, T)),
				k = p[0] + x,
				a = p[1] + T;

	if (alive == 0 || t == 0)
		return 0;
	switch (m->kind)
	{
		case VALUE_BG_NBD:
		case VALUE_MBG_NBD:
			/* who is alive stays so until he has bought once more */
			return alive * -expm1(-k * log1p(t / a));
		case VALUE_PARETO_NBD:
			return alive * fmin(1, value_pareto_buys(k, a, p[2], p[3] + T, t));
		case VALUE_BG_BB:
			{
				/* over the occasion of the first purchase */
				double		occasions = floor(t),
							there = 1,
							none = 1,
							sum = 0;

				for (double j = 0; j < occasions; j++)
				{
					double		more;

					there *= (p[3] + T + j) / (p[2] + p[3] + T + j);
					more = there * none * (p[0] + x) / (p[0] + p[1] + T + j);
					none *= (p[1] + (T - x) + j) / (p[0] + p[1] + T + j);
					sum += more;
					if (more < 1e-18 * sum / (occasions - j))
						break;
				}
				return alive * sum;
			}
	}
	return NAN;
}

/* the time within which a customer who stays buys again with even odds; infinite where he never does */
double
value_median_wait(const value_model *m, double x, double T)
{
	double		k = m->param[0] + x;

	return k == 0 ? INFINITY : (m->param[1] + T) * expm1(M_LN2 / k);
}

/* the log-likelihood of one history */
double
value_log_likelihood(const value_model *m, double x, double tx, double T)
{
	const double *p = m->param;
	double		z = value_log_odds_gone(m, x, tx, T),
				alive;

	if (m->kind == VALUE_BG_BB)
	{
		alive = value_log_rising(p[0], x) + value_log_rising(p[1], T - x) - value_log_rising(p[0] + p[1], T)
			+ value_log_rising(p[3], T) - value_log_rising(p[2] + p[3], T);
		return alive + value_log1pexp(z);
	}
	/* no repeat: one less the probability of having bought, which may be small */
	if (x == 0 && m->kind == VALUE_MBG_NBD)
		return log1p(p[3] / (p[2] + p[3]) * expm1(-p[0] * log1p(T / p[1])));
	if (x == 0 && m->kind == VALUE_PARETO_NBD)
	{
		double		buys = value_pareto_buys(p[0], p[1], p[2], p[3], T);

		if (buys < 0.5)
			return log1p(-buys);
	}
	alive = x == 0 ? 0 : p[0] == 0 ? -INFINITY : value_log_rising(p[0], x) - x * log(p[1] + T);
	alive -= p[0] * log1p(T / p[1]);
	switch (m->kind)
	{
		case VALUE_BG_NBD:
			alive += value_log_rising(p[3], x) - value_log_rising(p[2] + p[3], x);
			break;
		case VALUE_MBG_NBD:
			alive += value_log_rising(p[3], x + 1) - value_log_rising(p[2] + p[3], x + 1);
			break;
		case VALUE_PARETO_NBD:
			alive -= p[2] * log1p(T / p[3]);
			break;
	}
	return alive + value_log1pexp(z);
}

/* Gamma-Gamma: the log-likelihood of a mean amount over x purchases */
double
value_log_likelihood_spend(const value_model *m, double x, double mean)
{
	double		p = m->param[0] * x,
				q = m->param[1],
				v = m->param[2],
				low = fmin(p, q),
				high = fmax(p, q);

	/* -p ln(1 + v/(xm)) - q ln(1 + xm/v) */
	return value_gamma_steps(high, low).log_gamma - lgamma(low) - log(mean) - p * log1p(v / (x * mean)) - q * log1p(x * mean / v);
}

/* the mean amount to expect of a customer whose x purchases had this mean; infinite where the model gives none (p x + q <= 1) */
double
value_expected_spend(const value_model *m, double x, double mean)
{
	double		below = m->param[0] * x + (m->param[1] - 1);

	return below > 0 ? m->param[0] * (m->param[2] + (x > 0 ? mean * x : 0)) / below : INFINITY;
}
