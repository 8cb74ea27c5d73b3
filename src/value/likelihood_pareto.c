/*
 * likelihood_pareto.c: the log-likelihood of the Pareto/NBD with gradient and Hessian. A history's likelihood is a sum over ways to have
 * left (the nodes of value_pareto_nodes) and of having stayed, each a product of powers: the gradient is the mean of theirs, the Hessian
 * that of theirs plus their covariance. Called by the search of fit.c.
 */
#include <math.h>
#include <string.h>

#include "value/value.h"

void
value_sum_pareto(const value_data *data, const double *param, value_sums *out, bool derivatives)
{
	double		r = param[0],
				alpha = param[1],
				s = param[2],
				beta = param[3];
	pareto_node node[PARETO_MAX_NODES];

	memset(out, 0, sizeof(*out));
	for (size_t j = 0; j < data->groups; j++)
	{
		const value_group *group = &data->group[j];
		double		x = group->x,
					k = r + x;
		gamma_steps d = value_gamma_steps(r, x);

		out->f += group->customers * (d.log_gamma - x * log(alpha));
		out->g[0] += group->customers * d.digamma;
		out->h[0][0] += group->customers * d.trigamma;
		for (size_t i = group->first; i < group->first + group->rows; i++)
		{
			const value_row *row = &data->row[i];
			double		T = row->T,
						w = row->w,
						v = 1 / (alpha + T),
						u = 1 / (beta + T),
						la = log1p(T / alpha),
						lb = log1p(T / beta),
						most = 0,
						alive,
						whole,
						m0 = 0,	/* means of the gradient of the nodes, against that of staying */
						m1 = 0,
						m2 = 0,
						m3 = 0,
						h00 = 0,
						h10 = 0,
						h11 = 0,
						h20 = 0,
						h21 = 0,
						h22 = 0,
						h30 = 0,
						h31 = 0,
						h32 = 0,
						h33 = 0;
			int			n = value_pareto_nodes(k, alpha, s, beta, row->tx, T, node);

			if ((i & 1023) == 1023 && data->host->tick)
				data->host->tick();
			for (int q = 0; q < n; q++)
				if (node[q].lw > most)
					most = node[q].lw;
			whole = alive = exp(-most);
			for (int q = 0; q < n; q++)
			{
				const pareto_node *at = &node[q];
				double		p = at->weight * exp(at->lw - most),
							/* 1 / (alpha + tau) - 1 / (alpha + T) and so on: nothing cancels */
							va,
							ub,
							d0,
							d1,
							d2,
							d3;

				whole += p;
				if (!derivatives)
					continue;
				va = 1 / (alpha + at->tau);
				ub = 1 / (beta + at->tau);
				d0 = -at->la;
				d1 = -k * (T - at->tau) * va * v;
				d2 = 1 / s - at->lb;
				d3 = -s * (T - at->tau) * ub * u - ub;
				m0 += p * d0;
				m1 += p * d1;
				m2 += p * d2;
				m3 += p * d3;
				h00 += p * d0 * d0;
				h10 += p * (d1 * d0 - (T - at->tau) * va * v);
				h11 += p * (d1 * d1 + k * (va * va - v * v));
				h20 += p * d2 * d0;
				h21 += p * d2 * d1;
				h22 += p * (d2 * d2 - 1 / (s * s));
				h30 += p * d3 * d0;
				h31 += p * d3 * d1;
				h32 += p * (d3 * d2 - (T - at->tau) * ub * u);
				h33 += p * (d3 * d3 + (s + 1) * ub * ub - s * u * u);
			}
			out->f += w * (most + log(whole) - k * la - s * lb);
			if (!derivatives)
				continue;
			whole = 1 / whole;
			m0 *= whole;
			m1 *= whole;
			m2 *= whole;
			m3 *= whole;
			/* staying: ln = -k ln(1 + T / alpha) - x ln alpha - s ln(1 + T / beta) */
			out->g[0] += w * (m0 - la);
			out->g[1] += w * (m1 + (r * T / alpha - x) * v);
			out->g[2] += w * (m2 - lb);
			out->g[3] += w * (m3 + s * T / beta * u);
			out->h[0][0] += w * (h00 * whole - m0 * m0);
			out->h[1][0] += w * (h10 * whole - m1 * m0 + T / alpha * v);
			out->h[1][1] += w * (h11 * whole - m1 * m1 + k * v * v - r / (alpha * alpha));
			out->h[2][0] += w * (h20 * whole - m2 * m0);
			out->h[2][1] += w * (h21 * whole - m2 * m1);
			out->h[2][2] += w * (h22 * whole - m2 * m2);
			out->h[3][0] += w * (h30 * whole - m3 * m0);
			out->h[3][1] += w * (h31 * whole - m3 * m1);
			out->h[3][2] += w * (h32 * whole - m3 * m2 + T / beta * u);
			out->h[3][3] += w * (h33 * whole - m3 * m3 + s * u * u - s / (beta * beta));
		}
	}
}
