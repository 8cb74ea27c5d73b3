/*
 * special.c: the special functions behind the value models: steps of the gamma function that lose no digits however large the argument,
 * means under a beta distribution, and an exponential integral. Used by the likelihoods and the predictions; no state, no errors.
 */
#include <math.h>

#include "value/value.h"

/* Gauss-Legendre nodes and weights on (0, 1) */
const double value_gauss8[8][2] = {
	{0.019855071751231884158, 0.050614268145188129576},
	{0.1016667612931866302, 0.11119051722668723527},
	{0.23723379504183550709, 0.15685332293894364367},
	{0.40828267875217509753, 0.18134189168918099148},
	{0.59171732124782490247, 0.18134189168918099148},
	{0.76276620495816449291, 0.15685332293894364367},
	{0.8983332387068133698, 0.11119051722668723527},
	{0.98014492824876811584, 0.050614268145188129576}
};
const double value_gauss16[16][2] = {
	{0.0052995325041750337019, 0.013576229705877047426},
	{0.027712488463383711961, 0.031126761969323946431},
	{0.06718439880608412806, 0.047579255841246392405},
	{0.12229779582249848305, 0.062314485627766936026},
	{0.19106187779867812578, 0.074797994408288366041},
	{0.27099161117138630683, 0.084578259697501269095},
	{0.35919822461037054338, 0.091301707522461794433},
	{0.45249374508118127991, 0.094725305227534248143},
	{0.54750625491881872009, 0.094725305227534248143},
	{0.64080177538962945662, 0.091301707522461794433},
	{0.72900838882861369317, 0.084578259697501269095},
	{0.80893812220132187422, 0.074797994408288366041},
	{0.87770220417750151695, 0.062314485627766936026},
	{0.93281560119391587194, 0.047579255841246392405},
	{0.97228751153661628804, 0.031126761969323946431},
	{0.9947004674958249663, 0.013576229705877047426}
};

/* ln(1 + e^x) */
double
value_log1pexp(double x)
{
	return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

/* Stirling's series begins to hold 16 digits here */
#define STIRLING 15.0

/* ln G(x) - ((x - 1/2) ln x - x + ln(2 pi) / 2), x >= 15 */
static double
stirling_rest(double x)
{
	double		i = 1 / x,
				s = i * i;

	return i * (1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s * (1.0 / 1680 - s * (1.0 / 1188 - s * (691.0 / 360360))))));
}

/* psi(x) - ln x + 1 / (2x), x >= 15 */
static double
digamma_rest(double x)
{
	double		s = 1 / (x * x);

	return -s * (1.0 / 12 - s * (1.0 / 120 - s * (1.0 / 252 - s * (1.0 / 240 - s * (1.0 / 132 - s * (691.0 / 32760))))));
}

/* psi'(x) - 1 / x - 1 / (2x^2), x >= 15 */
static double
trigamma_rest(double x)
{
	double		i = 1 / x,
				s = i * i;

	return i * s * (1.0 / 6 - s * (1.0 / 30 - s * (1.0 / 42 - s * (1.0 / 30 - s * (5.0 / 66 - s * (691.0 / 2730))))));
}

double
value_digamma(double x)
{
	double		down = 0;

	for (; x < STIRLING; x += 1)
		down += 1 / x;
	return log(x) - 0.5 / x + digamma_rest(x) - down;
}

double
value_trigamma(double x)
{
	double		up = 0;

	for (; x < STIRLING; x += 1)
		up += 1 / (x * x);
	return 1 / x + 0.5 / (x * x) + trigamma_rest(x) + up;
}

/*
 * The differences of ln G, psi and psi' between a + n and a, for a > 0 and n >= 0: as sums where n is a small whole number, else by the
 * differences of Stirling's series, so that a = 10^12 costs no digits.
 */
gamma_steps
value_gamma_steps(double a, double n)
{
	gamma_steps d = {0, 0, 0};
	double		c,
				ratio;

	if (n == 0)
		return d;
	if (n <= 24 && n == floor(n))
	{
		for (double i = 0; i < n; i++)
		{
			double		v = 1 / (a + i);

			d.log_gamma += log(a + i);
			d.digamma += v;
			d.trigamma -= v * v;
		}
		return d;
	}
	for (; a < STIRLING; a += 1)
	{
		double		u = 1 / a,
					v = 1 / (a + n);

		d.log_gamma -= log1p(n / a);
		d.digamma += u - v;
		d.trigamma += v * v - u * u;
	}
	c = a + n;
	ratio = log1p(n / a);
	d.log_gamma += (a - 0.5) * ratio + n * (log(c) - 1) + stirling_rest(c) - stirling_rest(a);
	d.digamma += ratio + 0.5 * n / (a * c) + digamma_rest(c) - digamma_rest(a);
	d.trigamma += -n / (a * c) - 0.5 * n * (a + c) / (a * a * c * c) + trigamma_rest(c) - trigamma_rest(a);
	return d;
}

/* ln G(a + n) - ln G(a); zero where a = 0 (a rate of zero) and n = 0 */
double
value_log_rising(double a, double n)
{
	return n == 0 ? 0 : value_gamma_steps(a, n).log_gamma;
}

/*
 * The mean of f(p), p under beta(a, b), a and b > 0: the trapezoid rule on p = 1 / (1 + exp(-y)), y = y0 + w sinh(v), which converges
 * geometrically at every a and b, then half the step until nothing changes. Both the integral and its norm come from the same nodes, so no
 * beta function is needed. f is positive, and greatest over least is at most exp(span).
 */
double
value_beta_mean(double a, double b, double span, value_function f, const void *context)
{
	double		p0 = a / (a + b),
				q0 = b / (a + b),
				w = fmin(2, sqrt(1 / a + 1 / b)),
				cut = 45 + span,
				left = (cut + (a + b) * -log1p(-p0)) / a,
				right = (cut + (a + b) * -log1p(-q0)) / b,
				sum = 0,
				norm = 0,
				before = 0,
				h = 0.25;

	/* so narrow that it is a point */
	if (a > 1e12 && b > 1e12)
		return f(p0, context);
	/* where p0 rounds to one, the logarithm of q0 does not */
	if (p0 > 0.5)
		left = (cut - (a + b) * log(q0)) / a;
	if (q0 > 0.5)
		right = (cut - (a + b) * log(p0)) / b;
	for (int level = 0; level < 8; level++, h /= 2)
	{
		long		from = (long) floor(-asinh(left / w) / h) - 1,
					to = (long) ceil(asinh(right / w) / h) + 1;
		double		mean;

		for (long i = from; i <= to; i++)
		{
			double		v = i * h,
						d,
						grow,
						lw,
						weight;

			if (level > 0 && i % 2 == 0)
				continue;
			d = w * sinh(v);
			/* a d - (a + b) ln(1 + p0 (e^d - 1)): the density of y against its mode, seen from the rarer side */
			if (p0 <= 0.5)
			{
				grow = d > 30 ? d + log(p0 + q0 * exp(-d)) : log1p(p0 * expm1(d));
				lw = a * d - (a + b) * grow;
			}
			else
			{
				grow = d < -30 ? -d + log(q0 + p0 * exp(d)) : log1p(q0 * expm1(-d));
				lw = -b * d - (a + b) * grow;
			}
			if (lw < -cut - 20)
				continue;
			weight = exp(lw) * w * cosh(v);
			norm += weight;
			sum += weight * f(p0 / (p0 + q0 * exp(-d)), context);
		}
		if (!(norm > 0 && isfinite(sum)))
			return f(p0, context);
		mean = sum / norm;
		if (level >= 2 && fabs(mean - before) <= 1e-10 * fabs(mean))
			return mean;
		before = mean;
	}
	return before;
}

/*
 * The integral of exp(-c (t - 1)) t^-nu for t from 1 to 1 + span (which may be infinite when c > 0): Gauss-Legendre panels in ln t, as long as the
 * integrand's logarithm changes little in each.
 */
double
value_decay_integral(double nu, double c, double span)
{
	double		end = log1p(span),
				v = 0,
				sum = 0;

	if (c > 0)
		end = fmin(end, log1p(60 / c));
	if (nu > 1)
		end = fmin(end, 60 / (nu - 1));
	while (v < end)
	{
		double		step = fmin(end - v, fmin(1.5, 10 / (1.5 * c * exp(v) + fabs(nu - 1)))),
					part = 0;

		for (int i = 0; i < 16; i++)
		{
			double		u = v + step * value_gauss16[i][0];

			part += value_gauss16[i][1] * exp(-c * expm1(u) - (nu - 1) * u);
		}
		sum += part * step;
		if (v + step <= v)
			break;
		v += step;
	}
	return sum;
}
