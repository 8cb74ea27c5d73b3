/*
 * likelihood_other.c: log-likelihoods of the Gamma-Gamma model of amounts and of the BG/BB model of occasions, with gradient and Hessian,
 * summed over rows grouped by x. Called by the search of fit.c.
 */
#include <math.h>
#include <string.h>

#include "value/value.h"

#define TICK(i) do { if (((i) & 8191) == 8191 && data->host->tick) data->host->tick(); } while (0)

/*
 * Gamma-Gamma: x purchases of mean m: ln G(px + q) - ln G(px) - ln G(q) - ln m - px ln(1 + v / (xm)) - q ln(1 + xm / v)
 */
void
value_sum_spend(const value_data *data, const double *param, value_sums *out, bool derivatives)
{
	double		p = param[0],
				q = param[1],
				v = param[2];

	memset(out, 0, sizeof(*out));
	for (size_t j = 0; j < data->groups; j++)
	{
		const value_group *group = &data->group[j];
		double		x = group->x,
					px = p * x,
					w = group->customers,
					low = px < q ? px : q;
		gamma_steps by_q = value_gamma_steps(px, q),	/* psi(px + q) - psi(px) */
					by_p = value_gamma_steps(q, px);	/* psi(px + q) - psi(q) */

		out->f += w * ((px < q ? by_p.log_gamma : by_q.log_gamma) - lgamma(low));
		out->g[0] += w * x * by_q.digamma;
		out->g[1] += w * by_p.digamma;
		out->h[0][0] += w * x * x * by_q.trigamma;
		out->h[1][0] += w * x * value_trigamma(px + q);
		out->h[1][1] += w * by_p.trigamma;
		for (size_t i = group->first; i < group->first + group->rows; i++)
		{
			const value_row *row = &data->row[i];
			double		c = row->w,
						sum = x * row->tx,
						l = log1p(v / sum),
						k = log1p(sum / v),
						u = 1 / (v + sum);

			TICK(i);
			out->f -= c * (log(row->tx) + px * l + q * k);
			out->g[0] -= c * x * l;
			out->g[1] -= c * k;
			/* q / v - (px + q) / (v + sum) */
			out->g[2] += c * (q * sum / v - px) * u;
			out->h[2][0] -= c * x * u;
			out->h[2][1] += c * sum / v * u;
			out->h[2][2] += c * ((px + q) * u * u - q / (v * v));
		}
	}
	(void) derivatives;
}

/*
 * BG/BB: x of n occasions taken, the last at tx. The likelihood is that of being there at the last, times one plus the sum over the
 * occasions j = tx .. n-1 before which he may have left of the odds; these and their logarithmic derivatives follow from each other.
 */
void
value_sum_bg_bb(const value_data *data, const double *param, value_sums *out, bool derivatives)
{
	double		al = param[0],
				be = param[1],
				ga = param[2],
				de = param[3];

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < data->rows; i++)
	{
		const value_row *row = &data->row[i];
		double		x = row->x,
					n = row->T,
					w = row->w,
					term = 1,
					whole = 1,
					m[4] = {0},
					h[4][4] = {{0}};
		gamma_steps sa = value_gamma_steps(al, x),
					sb = value_gamma_steps(be, n - x),
					sab = value_gamma_steps(al + be, n),
					sd = value_gamma_steps(de, n),
					sgd = value_gamma_steps(ga + de, n);
		/* first and second logarithmic derivatives of a term: by al and be together, by be, by ga, by ga and de together, by de */
		double		u_ab = 0,
					u_b = 0,
					u_g = 1 / ga,
					u_gd = 0,
					u_d = 0,
					v_ab = 0,
					v_b = 0,
					v_g = -1 / (ga * ga),
					v_gd = 0,
					v_d = 0;

		out->f += w * (sa.log_gamma + sb.log_gamma - sab.log_gamma + sd.log_gamma - sgd.log_gamma);
		out->g[0] += w * (sa.digamma - sab.digamma);
		out->g[1] += w * (sb.digamma - sab.digamma);
		out->g[2] -= w * sgd.digamma;
		out->g[3] += w * (sd.digamma - sgd.digamma);
		out->h[0][0] += w * (sa.trigamma - sab.trigamma);
		out->h[1][0] -= w * sab.trigamma;
		out->h[1][1] += w * (sb.trigamma - sab.trigamma);
		out->h[2][2] -= w * sgd.trigamma;
		out->h[3][2] -= w * sgd.trigamma;
		out->h[3][3] += w * (sd.trigamma - sgd.trigamma);
		TICK(i);
		for (double j = n - 1; j >= row->tx; j--)
		{
			double		ab = 1 / (al + be + j),
						b = 1 / (be + (j - x)),
						d = 1 / (de + j),
						gd = 1 / (ga + de + j + 1),
						first = j == n - 1,
						g[4];

			if (((long) j & 8191) == 8191 && data->host->tick)
				data->host->tick();
			/* from leaving before occasion j + 2 to leaving before occasion j + 1 */
			term *= (al + be + j) * b * (first ? ga : ga + de + j + 1) * d;
			u_ab += ab;
			v_ab -= ab * ab;
			u_b -= b;
			v_b += b * b;
			u_d -= d;
			v_d += d * d;
			if (!first)
			{
				u_gd += gd;
				v_gd -= gd * gd;
			}
			whole += term;
			g[0] = u_ab;
			g[1] = u_ab + u_b;
			g[2] = u_g + u_gd;
			g[3] = u_gd + u_d;
			for (int p = 0; p < 4; p++)
			{
				m[p] += term * g[p];
				for (int q = 0; q <= p; q++)
					h[p][q] += term * g[p] * g[q];
			}
			h[0][0] += term * v_ab;
			h[1][0] += term * v_ab;
			h[1][1] += term * (v_ab + v_b);
			h[2][2] += term * (v_g + v_gd);
			h[3][2] += term * v_gd;
			h[3][3] += term * (v_gd + v_d);
			if (whole > 1e200)
			{
				/* far from being there: only the ratios count */
				out->f += w * log(whole);
				term /= whole;
				for (int p = 0; p < 4; p++)
				{
					m[p] /= whole;
					for (int q = 0; q <= p; q++)
						h[p][q] /= whole;
				}
				whole = 1;
			}
		}
		out->f += w * log(whole);
		for (int p = 0; p < 4; p++)
		{
			out->g[p] += w * m[p] / whole;
			for (int q = 0; q <= p; q++)
				out->h[p][q] += w * (h[p][q] / whole - m[p] / whole * (m[q] / whole));
		}
	}
	(void) derivatives;
}
