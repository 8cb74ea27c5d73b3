/*
 * while_alive.c: what a customer who has not left will do, by the parameters that his history leaves him: r + x and alpha + T of the rate of
 * purchase, and those of the dropout. Every way is a sum or an integral of positive terms: nothing cancels, no parameter is special
 * (a = 1 or s = 1 included), nothing overflows. Called by predict.c.
 */
#include <math.h>

#include "value/value.h"

struct bg_context
{
	double		r,
				u,				/* t / alpha */
				c;				/* discount rate times alpha */
};

/* (1 - (1 + p u)^-r) / p: purchases until t of a customer who leaves with probability p after each */
static double
purchases_given_p(double p, const void *context)
{
	const struct bg_context *k = context;
	double		y = k->r * log1p(p * k->u);

	return y < 1e-290 || p < 1e-290 ? k->r * k->u : -expm1(-y) / p;
}

/*
 * BG/NBD: the mean number of purchases in the next t. With N negative binomial (the occasions to buy, were he to stay), it is
 * sum over j of P(N > j) (b)_j / (a + b)_j: he is still there after j purchases. Where that is long, the mean over p by quadrature.
 */
double
value_bg_purchases(double r, double alpha, double a, double b, double t)
{
	double		u = t / alpha,
				z,
				mean = r * u,
				lp0,
				term,
				stay = 1,
				reach = 1,
				sum;

	if (mean == 0 || a == 0)
		return mean;
	lp0 = r * log1p(u);
	if (lp0 > 650 || mean + 8 * sqrt(mean * (1 + u)) + 40 * u > 1500)
	{
		struct bg_context k = {.r = r,.u = u};

		return value_beta_mean(a, b, fmin(log1p(mean), 700), purchases_given_p, &k);
	}
	z = t / (alpha + t);
	/* term = P(N = n), reach = sum over j < n of (b)_j / (a + b)_j: how many of n occasions he takes */
	term = exp(-lp0) * r * z;
	sum = term;
	for (double n = 1;; n++)
	{
		double		more,
					v = 1 / ((n + 1) * (a + b + (n - 1)));

		term *= (r + n) * z * ((a + b + (n - 1)) * v);
		stay *= (b + (n - 1)) * ((n + 1) * v);
		reach += stay;
		more = term * reach;
		sum += more;
		/* so put that it ends where both sides underflow, or are not numbers */
		if (!(more * (n + 2) > 1e-17 * sum * ((n + 2) - (r + n + 1) * z)))
			return sum;
	}
}

/* int_0^t e^(-rate s) d purchases(s), given p */
static double
discounted_given_p(double p, const void *context)
{
	const struct bg_context *k = context;
	double		reach = fmin(k->u, 60 / k->c);

	/* p so small that he does not leave before the horizon or the discount end it */
	if (p < 1e-280 || (k->r + 1) * p * reach < 1e-16)
		return k->r * -expm1(-k->c * k->u) / k->c;
	return k->r / p * value_decay_integral(k->r + 1, k->c / p, p * k->u);
}

/* The same for purchases discounted at a continuous rate, in the next t, which may be infinite when the rate is positive. */
double
value_bg_discounted(double r, double alpha, double a, double b, double rate, double t)
{
	struct bg_context k = {.r = r,.u = t / alpha,.c = rate * alpha};
	double		span;

	if (rate == 0)
		return value_bg_purchases(r, alpha, a, b, t);
	if (r == 0 || t == 0)
		return 0;
	if (a == 0)
		return r / alpha * -expm1(-rate * t) / rate;
	if (k.u <= 8 && rate * t <= 8 && r * log1p(k.u) <= 48)
	{
		/* by parts: e^(-rate t) M(t) + int rate e^(-rate s) M(s) ds, in panels over which (1 + s / alpha)^-r changes little */
		int			panels = 1 + (int) (r * log1p(k.u) / 8);
		double		sum = 0,
					width = log1p(k.u) / panels;

		for (int i = 0; i < panels * 16; i++)
		{
			double		s = alpha * expm1(width * (i / 16 + value_gauss16[i % 16][0]));

			sum += value_gauss16[i % 16][1] * exp(-rate * s) * value_bg_purchases(r, alpha, a, b, s) * (alpha + s);
		}
		return exp(-rate * t) * value_bg_purchases(r, alpha, a, b, t) + rate * sum * width;
	}
	span = log1p(r * fmin(k.u, 1 / k.c));
	return value_beta_mean(a, b, fmin(span, 700), discounted_given_p, &k);
}

/* (1 - e^-y) / y */
static double
decay_mean(double y)
{
	return fabs(y) < 1e-300 ? 1 : -expm1(-y) / y;
}

/* Pareto/NBD: r / alpha times the mean time alive in the next t, (beta / (s - 1)) (1 - (beta / (beta + t))^(s-1)) */
double
value_pareto_purchases(double r, double alpha, double s, double beta, double t)
{
	double		v = log1p(t / beta);

	return r / alpha * beta * v * decay_mean((s - 1) * v);
}

double
value_pareto_discounted(double r, double alpha, double s, double beta, double rate, double t)
{
	if (rate == 0)
		return value_pareto_purchases(r, alpha, s, beta, t);
	return r / alpha * beta * value_decay_integral(s, rate * beta, t / beta);
}

/*
 * Pareto/NBD: the likelihood of being gone by T is an integral over the time of leaving, tau in (tx, T), of
 * s (alpha + tau)^-k (beta + tau)^-(s+1), k = r + x. Gauss-Legendre in v = ln((m + tau) / (m + tx)), m the smaller of alpha and beta, whose
 * singularities then lie pi away; cut where the integrand has died, in panels over which it changes by a bounded factor.
 */
int
value_pareto_nodes(double k, double alpha, double s, double beta, double tx, double T, pareto_node *node)
{
	double		m = alpha < beta ? alpha : beta,
				other = alpha < beta ? beta : alpha,
				start = m + tx,
				whole = log1p((T - tx) / start),
				end = whole,
				died = 48 + whole,	/* the integrand in tau may fall so far; (m + tau) d v makes up for at most whole */
				log_start = -whole,
				log_scale = log(s * (start / (beta + T))),
				v = 0;
	int			n = 0;

	if (!(T > tx))
		return 0;
	if (died < k * 700)
		end = fmin(end, log1p((alpha + tx) * expm1(died / k) / start));
	if (died < (s + 1) * 700)
		end = fmin(end, log1p((beta + tx) * expm1(died / (s + 1)) / start));
#define RATE(at) (start * exp(at) * (k / (start * exp(at) + alpha - m) + (s + 1) / (start * exp(at) + beta - m)))
	while (v < end)
	{
		double		width = end - v < 3 ? end - v : 3;
		const double (*rule)[2] = value_gauss16;
		int			points = 16;
		double		change = width * RATE(v + width);

		if (change > 14)
		{
			width = fmin(width, 14 / RATE(v));
			width = fmin(width, 14 / RATE(v + width));
		}
		else if (change <= 4 && width <= 1)
		{
			rule = value_gauss8;
			points = 8;
		}
		if (n + points > PARETO_MAX_NODES || v + width <= v)
			break;
		for (int i = 0; i < points; i++, n++)
		{
			double		at = v + rule[i][0] * width,
						past = start * (at < 0.05 ? expm1(at) : exp(at) - 1),	/* tau - tx */
						near = log_start + at,
						far = (tx - T + past) / (other + T);

			/* log1p is slower, and wanted only where log would lose digits that count */
			far = alpha == beta ? near : far < -0.5 ? log((other + tx + past) / (other + T)) :
				far < -0.01 && k < 1000 && s < 1000 ? log(1 + far) : log1p(far);

			node[n].tau = tx + past;
			node[n].la = alpha <= beta ? near : far;
			node[n].lb = alpha <= beta ? far : near;
			/* s (beta + T)^-1 e^(-k la - (s+1) lb), and d tau / dv = m + tau */
			node[n].weight = rule[i][1] * width;
			node[n].lw = log_scale + at - k * node[n].la - (s + 1) * node[n].lb;
		}
		v += width;
	}
#undef RATE
	return n;
}

/* ln of the odds of having left by T, given the history */
double
value_pareto_log_odds_gone(double k, double alpha, double s, double beta, double tx, double T)
{
	pareto_node node[PARETO_MAX_NODES];
	int			n;
	double		most = -INFINITY,
				sum = 0;

	if (s == 0)
		return -INFINITY;
	n = value_pareto_nodes(k, alpha, s, beta, tx, T, node);
	if (n == 0)
		return -INFINITY;
	for (int i = 0; i < n; i++)
		most = fmax(most, node[i].lw);
	for (int i = 0; i < n; i++)
		sum += node[i].weight * exp(node[i].lw - most);
	return most + log(sum);
}

/* the probability that a customer who has not left buys in the next t: int_0^t (k / a) (1 + v / a)^(-k-1) (1 + v / b)^-s dv */
double
value_pareto_buys(double k, double a, double s, double b, double t)
{
	return k == 0 ? 0 : exp(value_pareto_log_odds_gone(s, b, k, a, 0, t) - s * log1p(t / b) - k * log1p(t / a));
}
