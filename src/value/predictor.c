/*
 * predictor.c: one model's predictions for many customers. Of BG/NBD and MBG/NBD, purchases while alive are a function of x and of
 * z = t / (alpha + T + t) alone: for small x it is tabulated, on demand, as one polynomial for each x and each 32nd part of z, to 14 digits,
 * whatever the horizon. What is tabulated depends on the arguments only, never on what was asked before. Called by value_predict_fn.c.
 */
#include <math.h>
#include <string.h>

#include "value/value.h"

void
value_predictor_init(value_predictor *p, const value_model *m)
{
	p->model = *m;
	memset(p->known, 0, sizeof(p->known));
	p->tabulated = (m->kind == VALUE_BG_NBD || m->kind == VALUE_MBG_NBD) && m->param[0] > 1e-6 && m->param[0] < 100 &&
		m->param[2] > 1e-6 && m->param[2] < 1e4 && m->param[3] > 1e-6 && m->param[3] < 1e4;
	if (p->tabulated)
		for (int x = 0; x < PREDICTOR_X; x++)
			p->log_odds[x] = m->kind == VALUE_MBG_NBD ? log(m->param[2] / (m->param[3] + x)) :
				x == 0 ? -INFINITY : log(m->param[2] / (m->param[3] + (x - 1)));
}

/* ln of the odds of having left */
static double
log_odds(const value_predictor *p, double x, double tx, double T)
{
	double		ratio;

	if (!p->tabulated || x >= PREDICTOR_X)
		return value_log_odds_gone(&p->model, x, tx, T);
	if (x == 0)
	{
		if (p->model.kind == VALUE_BG_NBD)
			return -INFINITY;
		tx = 0;
	}
	ratio = (T - tx) / (p->model.param[1] + tx);
	return p->log_odds[(int) x] + (p->model.param[0] + x) * (ratio > 1e-3 ? log(1 + ratio) : log1p(ratio));
}

static inline double
alive_of(double z)
{
	return z == -INFINITY ? 1 : z < 0 ? 1 / (1 + exp(z)) : exp(-z) / (1 + exp(-z));
}

double
value_predictor_alive(const value_predictor *p, double x, double tx, double T)
{
	if (!p->tabulated)
		return value_p_alive(&p->model, x, tx, T);
	return alive_of(log_odds(p, x, tx, T));
}

/*
 * The polynomial, in s from -1 to 1 over part i of z, of purchases while alive divided by t / (alpha + T): interpolation at Chebyshev's
 * points, then powers of s. The singularity at z = 1 lies at least six half-widths away.
 */
static void
tabulate(value_predictor *p, int x, int i)
{
	const double *m = p->model.param;
	double		value[PREDICTOR_TERMS],
				chebyshev[PREDICTOR_TERMS],
				before[PREDICTOR_TERMS] = {1},
				now[PREDICTOR_TERMS] = {0, 1},
			   *out = p->power[x][i];

	for (int k = 0; k < PREDICTOR_TERMS; k++)
	{
		double		s = cos(M_PI * (k + 0.5) / PREDICTOR_TERMS),
					z = (i + 0.5 + 0.5 * s) / PREDICTOR_PARTS,
					u = z / (1 - z);

		value[k] = value_bg_purchases(m[0] + x, 1, m[2], m[3] + x + (p->model.kind == VALUE_MBG_NBD), u) / u;
	}
	for (int j = 0; j < PREDICTOR_TERMS; j++)
	{
		chebyshev[j] = 0;
		for (int k = 0; k < PREDICTOR_TERMS; k++)
			chebyshev[j] += value[k] * cos(M_PI * j * (k + 0.5) / PREDICTOR_TERMS);
		chebyshev[j] *= (j == 0 ? 1.0 : 2.0) / PREDICTOR_TERMS;
		out[j] = 0;
	}
	/* T_0 = 1, T_1 = s, T_(j+1) = 2 s T_j - T_(j-1), as powers */
	out[0] = chebyshev[0];
	for (int j = 1; j < PREDICTOR_TERMS; j++)
	{
		double		next[PREDICTOR_TERMS];

		for (int k = 0; k < PREDICTOR_TERMS; k++)
		{
			out[k] += chebyshev[j] * now[k];
			next[k] = (k > 0 ? 2 * now[k - 1] : 0) - before[k];
		}
		memcpy(before, now, sizeof(now));
		memcpy(now, next, sizeof(now));
	}
	p->known[x] |= 1u << i;
}

double
value_predictor_expected(value_predictor *p, double x, double tx, double T, double t)
{
	double		a,
				z,
				s,
				odds;
	const double *c;
	int			i;

	if (!p->tabulated || x >= PREDICTOR_X)
		return value_expected(&p->model, x, tx, T, t);
	a = p->model.param[1] + T;
	z = t / (a + t) * PREDICTOR_PARTS;
	if (z >= PREDICTOR_LAST)
		return value_expected(&p->model, x, tx, T, t);
	i = (int) z;
	s = (z - i) * 2 - 1;
	if (!(p->known[(int) x] & (1u << i)))
		tabulate(p, (int) x, i);
	c = p->power[(int) x][i];
	odds = log_odds(p, x, tx, T);
	{
		double		q = s * s,
					even = c[12],
					odd = c[11];

		for (int k = 10; k > 0; k -= 2)
		{
			even = even * q + c[k];
			odd = odd * q + c[k - 1];
		}
		return alive_of(odds) * (t / a) * ((even * q + c[0]) + odd * s);
	}
}
