/*
 * newton.c: the search for a maximum by Newton steps on the logarithms of the parameters, between bounds. Where the surface is not concave
 * the step goes along each principal axis by the size of its curvature, uphill, and no further than a trusted length. A likelihood whose
 * supremum lies at infinity takes steps of about one for ever: when a parameter is far out and still leaving, the step is prolonged to the
 * bound at once. Called by fit.c.
 */
#include <math.h>
#include <string.h>

#include "value/value.h"

typedef double matrix[VALUE_MAX_PARAMS][VALUE_MAX_PARAMS];

/* solves (a + shift) x = b for the rows of free; false if not positive definite */
static bool
solve(const matrix a, double shift, const bool *free, int n, const double *b, double *x)
{
	matrix		l;
	double		y[VALUE_MAX_PARAMS];

	for (int i = 0; i < n; i++)
	{
		x[i] = 0;
		if (!free[i])
			continue;
		y[i] = b[i];
		for (int j = 0; j <= i; j++)
		{
			double		v;

			if (!free[j])
				continue;
			v = i >= j ? a[i][j] : a[j][i];
			if (i == j)
				v += shift;
			for (int k = 0; k < j; k++)
				if (free[k])
					v -= l[i][k] * l[j][k];
			if (i == j)
			{
				if (!(v > 1e-15 * (fabs(a[i][i]) + shift) && v > 1e-280))
					return false;
				l[i][i] = sqrt(v);
			}
			else
			{
				l[i][j] = v / l[j][j];
				y[i] -= l[i][j] * y[j];
			}
		}
		y[i] /= l[i][i];
	}
	for (int i = n - 1; i >= 0; i--)
	{
		if (!free[i])
			continue;
		x[i] = y[i];
		for (int k = i + 1; k < n; k++)
			if (free[k])
				x[i] -= l[k][i] * x[k];
		x[i] /= l[i][i];
	}
	return true;
}

/* the inverse of a positive definite matrix given by its lower triangle */
bool
value_invert(const double (*h)[VALUE_MAX_PARAMS], int n, double (*out)[VALUE_MAX_PARAMS])
{
	bool		free[VALUE_MAX_PARAMS] = {true, true, true, true};

	for (int i = 0; i < n; i++)
	{
		double		b[VALUE_MAX_PARAMS] = {0};

		b[i] = 1;
		if (!solve(h, 0, free, n, b, out[i]))
			return false;
	}
	return true;
}

/* Jacobi's rotations: a (lower triangle read) becomes diagonal, the columns of v its axes */
static void
principal_axes(matrix a, int n, matrix v)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
		{
			v[i][j] = i == j;
			if (j < i)
				a[j][i] = a[i][j];
		}
	for (int sweep = 0; sweep < 30; sweep++)
	{
		double		off = 0,
					on = 0;

		for (int i = 0; i < n; i++)
			for (int j = 0; j < n; j++)
				*(i == j ? &on : &off) += fabs(a[i][j]);
		if (off <= 1e-18 * on)
			return;
		for (int p = 0; p < n; p++)
			for (int q = p + 1; q < n; q++)
			{
				double		t,
							c,
							s;

				if (a[p][q] == 0)
					continue;
				t = (a[q][q] - a[p][p]) / (2 * a[p][q]);
				t = (t >= 0 ? 1 : -1) / (fabs(t) + sqrt(t * t + 1));
				c = 1 / sqrt(t * t + 1);
				s = t * c;
				for (int k = 0; k < n; k++)
				{
					double		x = a[k][p],
								y = a[k][q];

					a[k][p] = c * x - s * y;
					a[k][q] = s * x + c * y;
				}
				for (int k = 0; k < n; k++)
				{
					double		x = a[p][k],
								y = a[q][k];

					a[p][k] = c * x - s * y;
					a[q][k] = s * x + c * y;
					x = v[k][p];
					y = v[k][q];
					v[k][p] = c * x - s * y;
					v[k][q] = s * x + c * y;
				}
			}
	}
}

/* where the search stands */
typedef struct place
{
	double		theta[VALUE_MAX_PARAMS],
				param[VALUE_MAX_PARAMS],
				g[VALUE_MAX_PARAMS],
				f;
	matrix		h;
	value_sums	at;
} place;

/* one customer's mean of everything, by the logarithms of the parameters; false where it is not finite */
static bool
evaluate(value_search *s, const value_data *data, double scale, place *p)
{
	double		check;

	for (int i = 0; i < s->params; i++)
		p->param[i] = exp(p->theta[i]);
	s->likelihood(data, p->param, &p->at, true);
	s->row_visits += data->rows;
	check = p->f = p->at.f * scale;
	for (int i = 0; i < s->params; i++)
	{
		p->g[i] = p->at.g[i] * p->param[i] * scale;
		check += p->g[i];
		for (int j = 0; j <= i; j++)
		{
			p->h[i][j] = -(p->at.h[i][j] * p->param[i] * p->param[j] + (i == j ? p->at.g[i] * p->param[i] : 0)) * scale;
			check += p->h[i][j];
		}
	}
	return isfinite(check);
}

/* the step uphill, between the bounds; returns its longest part, *gain what it promises, *concave whether the surface is */
static double
uphill(const value_search *s, const place *p, double trust, double *step, double *gain, bool *concave)
{
	int			index[VALUE_MAX_PARAMS],
				n = 0;
	matrix		a,
				v;
	double		longest = 0,
				steepest = 0;

	*gain = 0;
	*concave = true;
	for (int i = 0; i < s->params; i++)
	{
		step[i] = 0;
		if (!((p->theta[i] <= s->low[i] && p->g[i] <= 0) || (p->theta[i] >= s->high[i] && p->g[i] >= 0)))
			index[n++] = i;
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j <= i; j++)
			a[i][j] = p->h[index[i]][index[j]];
	principal_axes(a, n, v);
	for (int k = 0; k < n; k++)
		steepest = fmax(steepest, fabs(a[k][k]));
	for (int k = 0; k < n; k++)
	{
		double		slope = 0,
					curve = fabs(a[k][k]),
					length;

		for (int i = 0; i < n; i++)
			slope += v[i][k] * p->g[index[i]];
		if (fabs(slope) < 1e-300)
			continue;
		/* less than rounding leaves of a curvature is none */
		length = slope / fmax(curve, 1e-16 * steepest);
		if (a[k][k] < 0 && fabs(length) > 1e-6)
			*concave = false;
		if (fabs(length) > trust)
			length = length > 0 ? trust : -trust;
		*gain += slope * length - 0.5 * curve * length * length;
		for (int i = 0; i < n; i++)
			step[index[i]] += v[i][k] * length;
	}
	for (int i = 0; i < s->params; i++)
		longest = fmax(longest, fabs(step[i]));
	return longest;
}

/* true when a maximum (or the bounds) is reached; param and *at are where the search ended, either way */
bool
value_newton(value_search *s, const value_data *data, double *param, value_sums *at)
{
	int			calm = 0,
				next_jump = 0;
	double		customers = 0,
				trust = 2;
	place		here,
				there;
	bool		done = false;

	for (size_t j = 0; j < data->groups; j++)
		customers += data->group[j].customers;
	for (int i = 0; i < s->params; i++)
		here.theta[i] = fmin(fmax(log(param[i]), s->low[i]), s->high[i]);
	if (!evaluate(s, data, 1 / customers, &here))
	{
		*at = here.at;
		at->f = -INFINITY;
		return false;
	}
	for (int iteration = 0; iteration < s->max_iterations && !done; iteration++)
	{
		double		step[VALUE_MAX_PARAMS],
					gain,
					noise = 2e-15 * (fabs(here.f) + 1),
					longest,
					jump = INFINITY;
		bool		concave,
					far = false;

		longest = uphill(s, &here, trust, step, &gain, &concave);
		if (longest < 1e-11)
			break;
		for (int i = 0; i < s->params; i++)
		{
			/* how far along this step until a bound is met */
			if (step[i] != 0)
				jump = fmin(jump, ((step[i] > 0 ? s->high[i] : s->low[i]) - here.theta[i]) / step[i]);
			far |= fabs(here.theta[i]) > 6 && step[i] * here.theta[i] > 0 && fabs(step[i]) > 0.2;
		}
		if (far && jump > 1 && iteration >= next_jump)
		{
			for (int i = 0; i < s->params; i++)
				there.theta[i] = fmin(fmax(here.theta[i] + jump * step[i], s->low[i]), s->high[i]);
			if (evaluate(s, data, 1 / customers, &there) && there.f >= here.f - noise)
			{
				here = there;
				continue;
			}
			next_jump = iteration + 4;
		}
		for (int i = 0; i < s->params; i++)
			there.theta[i] = fmin(fmax(here.theta[i] + step[i], s->low[i]), s->high[i]);
		if (evaluate(s, data, 1 / customers, &there) && there.f >= here.f + fmin(1e-4 * gain, gain) - noise)
		{
			/* what is left lies below the rounding of the sum: a few more steps settle the parameters */
			done = (concave && longest < s->tolerance) || (there.f - here.f < noise && gain < 4 * noise && ++calm > 4);
			here = there;
			trust = fmin(4, trust * 2);
		}
		else if (gain < 4 * noise)
			done = true;
		else
			trust = fmin(trust, longest) / 4;
		if (iteration + 1 == s->max_iterations && !done)
		{
			memcpy(param, here.param, s->params * sizeof(double));
			*at = here.at;
			return false;
		}
	}
	memcpy(param, here.param, s->params * sizeof(double));
	*at = here.at;
	return true;
}
