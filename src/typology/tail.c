/*
 * tail.c: the tails of the chi-square, F, correlation, hypergeometric and normal distributions, as natural logarithms, so that a p-value of
 * 1e-400 still ranks. Densities after Loader (2000), Fast and accurate computation of binomial probabilities: no difference of large
 * logarithms, so no digits are lost with many rows; tails by series and continued fractions (Lentz).
 */
#include <float.h>
#include <math.h>

#include "typology/typology.h"

#define LOG_2PI 1.8378770664093454836
#define ENOUGH 10000000			/* terms, more than any tail takes */

/* ln G(x + 1) - ((x + 1/2) ln x - x + ln(2 pi) / 2), x > 0 */
static double
stirling_error(double x)
{
	double		sum = 0,
				s;

	for (; x < 16; x += 1)
		sum += (x + 0.5) * log1p(1 / x) - 1;
	s = 1 / (x * x);
	return sum + (1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s * (1.0 / 1680 - s * (1.0 / 1188 - s * (691.0 / 360360)))))) / x;
}

/* x ln(x / mean) + mean - x, from d, the difference of x and mean: exact where they are close */
static double
deviance(double x, double mean, double d)
{
	if (fabs(d) < 0.1 * (x + mean))
	{
		double		v = d / (x + mean),
					s = d * v,
					e = 2 * x * v;

		v *= v;
		for (int j = 1; j < 1000; j++)
		{
			double		before = s;

			e *= v;
			s += e / (2 * j + 1);
			if (s == before)
				break;
		}
		return s;
	}
	return x * log(x / mean) - d;
}

/* ln of mean^x exp(-mean) / G(x + 1), x > 0 */
static double
log_poisson(double x, double mean)
{
	return -stirling_error(x) - deviance(x, mean, x - mean) - 0.5 * (LOG_2PI + log(x));
}

/* ln of G(n + 1) / (G(x + 1) G(n - x + 1)) p^x q^(n - x) */
static double
log_binomial(double x, double n, double p, double q)
{
	double		rest = n - x,
				d = p <= q ? x - n * p : n * q - rest;	/* from the expected count, by the smaller probability: it has more digits */

	if (p <= 0)
		return x == 0 ? 0 : -INFINITY;
	if (q <= 0)
		return rest == 0 ? 0 : -INFINITY;
	if (x == 0)
		return n == 0 ? 0 : p < 0.5 ? n * log1p(-p) : n * log(q);
	if (rest == 0)
		return q < 0.5 ? n * log1p(-q) : n * log(p);
	if (x < 0 || rest < 0)
		return -INFINITY;
	return stirling_error(n) - stirling_error(x) - stirling_error(rest) - deviance(x, p <= q ? n * p : x - d, d) - deviance(rest, p <= q ? rest + d : n * q, -d) +
		0.5 * (log(n) - log(x) - log(rest) - LOG_2PI);
}

/* ln(1 - exp(l)) for l <= 0 */
static double
log_complement(double l)
{
	return l >= 0 ? -INFINITY : l > -0.6931471805599453 ? log(-expm1(l)) : log1p(-exp(l));
}

double
tail_chi_square(double x, double df)
{
	double		a = df / 2,
				b,
				c,
				d,
				h;

	if (isnan(x) || !(df > 0))
		return NAN;
	x /= 2;
	if (x <= 0)
		return 0;
	if (isinf(x))
		return -INFINITY;
	if (x < a + 1)
	{
		double		term = 1,
					sum = 1;

		for (int i = 1; i < ENOUGH && term > sum * 1e-17; i++)
			sum += term *= x / (a + i);
		return log_complement(log_poisson(a, x) + log(sum));
	}
	b = x + 1 - a;
	c = 1e300;
	h = d = 1 / b;
	for (int i = 1; i < ENOUGH; i++)
	{
		double		an = -i * (i - a),
					step;

		b += 2;
		d = an * d + b;
		d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
		c = b + an / c;
		if (fabs(c) < 1e-300)
			c = 1e-300;
		step = c * d;
		h *= step;
		if (fabs(step - 1) < 1e-16)
			break;
	}
	return log_poisson(a, x) + log(a) + log(h);
}

/*
 * The continued fraction of the incomplete beta function by which x^a y^b / B(a, b) is divided (Didonato and Morris 1992): x and y enter apart,
 * so that nothing is lost where x is close to one.
 */
static double
beta_fraction(double x, double y, double a, double b)
{
	double		lean = a * y - b * x,
				f = a * (lean + 1) / (a + 1),
				c,
				d = 0;

	if (fabs(f) < 1e-300)
		f = 1e-300;
	c = f;
	for (int m = 1; m < ENOUGH; m++)
	{
		double		odd = a + 2 * m - 1,
					above = (a + m - 1) / odd * ((a + b + m - 1) / odd) * m * (b - m) * x * x,
					below = m + m * (b - m) * x / odd + (a + m) * (lean + 1 + m * (1 + y)) / (odd + 2),
					step;

		d = below + above * d;
		d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
		c = below + above / c;
		if (fabs(c) < 1e-300)
			c = 1e-300;
		step = c * d;
		f *= step;
		if (fabs(step - 1) < 1e-16)
			break;
	}
	return f;
}

double
tail_beta(double x, double y, double a, double b)
{
	double		front;

	if (isnan(x) || isnan(y) || !(a > 0) || !(b > 0))
		return NAN;
	if (x <= 0)
		return -INFINITY;
	if (y <= 0)
		return 0;
	/* x^a y^b / B(a, b), as a binomial probability */
	front = log_binomial(a, a + b, x, y) + log(a) + log(b) - log(a + b);
	if (x < (a + 1) / (a + b + 2))
		return fmin(0, front - log(beta_fraction(x, y, a, b)));
	return log_complement(front - log(beta_fraction(y, x, b, a)));
}

double
tail_f(double between, double within, double df1, double df2)
{
	double		all = between + within;

	if (!(all > 0) || !(df1 > 0) || !(df2 > 0))
		return NAN;
	return tail_beta(within / all, between / all, df2 / 2, df1 / 2);
}

double
tail_correlation(double r, double n)
{
	if (isnan(r) || n < 2)
		return NAN;
	if (n == 2)
		return 0;
	return tail_beta((1 - r) * (1 + r), r * r, (n - 2) / 2, 0.5);
}

double
tail_hypergeometric(double x, double sort, double others, double drawn)
{
	double		all = sort + others,
				p = drawn / all,
				q = (all - drawn) / all,
				least = fmax(0, drawn - others),
				most = fmin(sort, drawn),
				term = 1,
				sum = 0,
				here,
				beyond,
				other;

	if (!(x >= least && x <= most))
		return NAN;
	if (least == most)
		return 0;
	here = log_binomial(x, sort, p, q) + log_binomial(drawn - x, others, p, q) - log_binomial(drawn, all, p, q);
	/* the tail beyond x, away from the mean, in units of the probability of x */
	if (x * all >= sort * drawn)
		for (double i = x; i < most && term > sum * 1e-18; i++)
			sum += term *= (sort - i) * (drawn - i) / ((i + 1) * (others - drawn + i + 1));
	else
		for (double i = x; i > least && term > sum * 1e-18; i--)
			sum += term *= i * (others - drawn + i) / ((sort - i + 1) * (drawn - i + 1));
	beyond = here + log1p(2 * sum);
	/* the other tail may be the smaller one, when x lies close to the mean */
	if (beyond > -0.5)
	{
		other = 2 - 2 * exp(here) * (1 + sum) + exp(here);
		if (other < exp(beyond))
			beyond = log(other);
	}
	return fmin(beyond, 0);
}

/* ln of the upper tail of the normal distribution */
static double
log_upper(double v)
{
	double		s;

	if (v < 30)
		return log(0.5 * erfc(v * 0.70710678118654752440));
	s = 1 / (v * v);
	return -0.5 * (v * v + LOG_2PI) - log(v) + log1p(-s * (1 - s * (3 - s * (15 - s * (105 - s * 945)))));
}

double
tail_normal(double v)
{
	return fmin(0, log_upper(fabs(v)) + 0.69314718055994530942);
}

double
tail_normal_quantile(double log_p)
{
	double		goal = log_p - 0.69314718055994530942,
				v;

	if (isnan(log_p))
		return NAN;
	if (log_p >= 0)
		return 0;
	if (isinf(log_p))
		return INFINITY;
	/* concave and falling: Newton's steps from the left of the root stay there, from the right they jump to the left once */
	v = sqrt(fmax(0, -2 * log_p - log(1 - 2 * log_p)));
	for (int i = 0; i < 60; i++)
	{
		double		l = log_upper(v),
					step = (l - goal) * exp(l + 0.5 * (v * v + LOG_2PI));

		v = fmax(0, v + step);
		if (fabs(step) <= 4e-16 * (1 + v))
			break;
	}
	return v;
}
