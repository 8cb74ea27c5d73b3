/*
 * newton.c: the search for a maximum by Newton steps on the logarithms of the parameters, between bounds, damped where the surface is not
 * concave. A likelihood whose supremum lies at infinity takes steps of about one for ever: when a parameter is far out and still leaving,
 * the step is prolonged to the bound at once. Called by fit.c.
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

/* one customer's mean of everything, by the logarithms of the parameters; false where it is not finite */
static bool
evaluate(value_search *s, const value_data *data, double scale, const double *theta, double *param, value_sums *at, double *g, matrix h)
{
	double		check;

	for (int i = 0; i < s->params; i++)
		param[i] = exp(theta[i]);
	s->likelihood(data, param, at, true);
	s->row_visits += data->rows;
	check = at->f;
	for (int i = 0; i < s->params; i++)
	{
		g[i] = at->g[i] * param[i] * scale;
		check += g[i];
		for (int j = 0; j <= i; j++)
		{
			h[i][j] = -(at->h[i][j] * param[i] * param[j] + (i == j ? at->g[i] * param[i] : 0)) * scale;
			check += h[i][j];
		}
	}
	return isfinite(check);
}

bool
value_newton(value_search *s, const value_data *data, double *param, value_sums *at)
{
	int			n = s->params,
				calm = 0,
				next_jump = 0;
	double		theta[VALUE_MAX_PARAMS],
				g[VALUE_MAX_PARAMS],
				customers = 0,
				scale,
				f,
				damping = 0;
	matrix		h;

	for (size_t j = 0; j < data->groups; j++)
		customers += data->group[j].customers;
	scale = 1 / customers;
	for (int i = 0; i < n; i++)
		theta[i] = fmin(fmax(log(param[i]), s->low[i]), s->high[i]);
	if (!evaluate(s, data, scale, theta, param, at, g, h))
		return false;
	f = at->f * scale;
	for (int iteration = 0; iteration < s->max_iterations; iteration++)
	{
		bool		free[VALUE_MAX_PARAMS];
		double		step[VALUE_MAX_PARAMS],
					longest = 0,
					gain = 0,
					noise = 4e-15 * (fabs(f) + 1),
					diagonal = 0,
					slope = 0,
					jump = INFINITY;
		int			frees = 0;
		bool		plain;

		for (int i = 0; i < n; i++)
		{
			free[i] = !((theta[i] <= s->low[i] && g[i] <= 0) || (theta[i] >= s->high[i] && g[i] >= 0));
			frees += free[i];
			if (free[i])
			{
				diagonal = fmax(diagonal, fabs(h[i][i]));
				slope = fmax(slope, fabs(g[i]));
			}
		}
		if (frees == 0 || slope == 0)
			return true;
		while (!solve(h, damping, free, n, g, step))
		{
			damping = fmax(damping * 8, 1e-4 * diagonal + 1e-20);
			if (!isfinite(damping))
				return false;
		}
		plain = damping == 0;
		for (int i = 0; i < n; i++)
			longest = fmax(longest, fabs(step[i]));
		if (plain && longest < 1e-10)
			return true;
		if (longest > 3)
			for (int i = 0; i < n; i++)
				step[i] *= 3 / longest;
		for (int i = 0; i < n; i++)
		{
			/* how far along this step until a bound is met */
			if (step[i] != 0)
				jump = fmin(jump, ((step[i] > 0 ? s->high[i] : s->low[i]) - theta[i]) / step[i]);
			gain += g[i] * step[i];
		}
		/* leaving for the bound? */
		if (iteration >= next_jump && jump > 1 && longest > 0.2)
		{
			bool		far = false;

			for (int i = 0; i < n; i++)
				far |= fabs(theta[i]) > 7 && step[i] * theta[i] > 0 && fabs(step[i]) > 0.2;
			if (far)
			{
				double		try_theta[VALUE_MAX_PARAMS],
							try_param[VALUE_MAX_PARAMS],
							try_g[VALUE_MAX_PARAMS];
				matrix		try_h;
				value_sums	try_at;

				for (int i = 0; i < n; i++)
					try_theta[i] = fmin(fmax(theta[i] + jump * step[i], s->low[i]), s->high[i]);
				if (evaluate(s, data, scale, try_theta, try_param, &try_at, try_g, try_h) && try_at.f * scale >= f - noise)
				{
					memcpy(theta, try_theta, sizeof(theta));
					memcpy(param, try_param, n * sizeof(double));
					memcpy(g, try_g, sizeof(g));
					memcpy(h, try_h, sizeof(h));
					*at = try_at;
					f = fmax(f, at->f * scale);
					damping = 0;
					continue;
				}
				next_jump = iteration + 4;
			}
		}
		{
			double		try_theta[VALUE_MAX_PARAMS],
						try_param[VALUE_MAX_PARAMS],
						try_g[VALUE_MAX_PARAMS];
			matrix		try_h;
			value_sums	try_at;
			bool		better;

			for (int i = 0; i < n; i++)
				try_theta[i] = fmin(fmax(theta[i] + step[i], s->low[i]), s->high[i]);
			better = evaluate(s, data, scale, try_theta, try_param, &try_at, try_g, try_h) &&
				try_at.f * scale >= f + fmin(1e-4 * gain, gain - noise) - (gain < 8 * noise ? noise : 0);
			if (better)
			{
				/* what is left lies below the rounding of the sum: a few more steps settle the parameters */
				if (try_at.f * scale - f < noise && plain && ++calm > 6)
					return true;
				memcpy(theta, try_theta, sizeof(theta));
				memcpy(param, try_param, n * sizeof(double));
				memcpy(g, try_g, sizeof(g));
				memcpy(h, try_h, sizeof(h));
				*at = try_at;
				f = at->f * scale;
				damping = damping < 1e-12 * diagonal ? 0 : damping / 10;
				if (plain && longest < 1e-7)
					return true;	/* the next step would be of its square */
			}
			else
			{
				if (gain < noise)
				{
					/* nothing left to gain */
					for (int i = 0; i < n; i++)
						param[i] = exp(theta[i]);
					return true;
				}
				damping = fmax(damping * 8, 1e-3 * diagonal + 1e-20);
			}
		}
	}
	for (int i = 0; i < n; i++)
		param[i] = exp(theta[i]);
	return false;
}
