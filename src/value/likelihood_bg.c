/*
 * likelihood_bg.c: log-likelihoods of the NBD, the BG/NBD and the MBG/NBD with gradient and Hessian, summed over rows grouped by x. What
 * depends on x alone is computed once a group; a row costs two logarithms and one exponential. Called by the search of fit.c.
 */
#include <math.h>
#include <string.h>

#include "value/value.h"

#define TICK(i) do { if (((i) & 8191) == 8191 && data->host->tick) data->host->tick(); } while (0)

/* w times the part that depends on x alone: ln G(r+x) - ln G(r), of parameter i */
static void
add_rising(value_sums *out, int i, double r, double x, double w)
{
	gamma_steps d = value_gamma_steps(r, x);

	out->f += w * d.log_gamma;
	out->g[i] += w * d.digamma;
	out->h[i][i] += w * d.trigamma;
}

/* NBD: the rate of purchase is gamma(r, alpha), nobody leaves */
void
value_sum_nbd(const value_data *data, const double *param, value_sums *out, bool derivatives)
{
	double		r = param[0],
				alpha = param[1];

	memset(out, 0, sizeof(*out));
	for (size_t j = 0; j < data->groups; j++)
	{
		const value_group *group = &data->group[j];
		double		x = group->x,
					k = r + x,
					sum_log = 0,
					sum_near = 0,
					sum_inverse = 0,
					sum_square = 0;

		add_rising(out, 0, r, x, group->customers);
		for (size_t i = group->first; i < group->first + group->rows; i++)
		{
			const value_row *row = &data->row[i];
			double		v = 1 / (alpha + row->T);

			/* ln(1 + T / alpha) keeps its digits when alpha is huge */
			sum_log += row->w * log1p(row->T / alpha);
			sum_near += row->w * row->T * v;
			sum_inverse += row->w * v;
			sum_square += row->w * v * v;
			TICK(i);
		}
		out->f -= x * group->customers * log(alpha) + k * sum_log;
		out->g[0] -= sum_log;
		/* r / alpha - k / (alpha + T) = (r T / alpha - x) / (alpha + T) */
		out->g[1] += r / alpha * sum_near - x * sum_inverse;
		out->h[1][0] += sum_near / alpha;
		out->h[1][1] += k * sum_square - r * group->customers / (alpha * alpha);
	}
	(void) derivatives;
}

/*
 * BG/NBD and MBG/NBD: on top of the NBD, ln (b)_n / (a+b)_n and ln(1 + e^z), z the log odds of having left:
 * z = ln a - ln(b + n - 1) + (r+x) ln((alpha + T) / (alpha + tx)), n = x (BG) or x + 1 (MBG), and no odds where n = 0.
 */
static void
sum_bg(const value_data *data, const double *param, value_sums *out, bool derivatives, int extra)
{
	double		r = param[0],
				alpha = param[1],
				a = param[2],
				b = param[3];

	memset(out, 0, sizeof(*out));
	for (size_t j = 0; j < data->groups; j++)
	{
		const value_group *group = &data->group[j];
		double		x = group->x,
					k = r + x,
					n = x + extra,
					w = group->customers,
					odds = n > 0 ? log(a / (b + (n - 1))) : 0,
					u_a = 1 / a,
					u_b = n > 0 ? -1 / (b + (n - 1)) : 0,
					f = 0,
					g_r = 0,
					g_alpha = 0,
					h_ra = 0,
					h_aa = 0,
					gone = 0,	/* sums of p, p (1-p) and p (1-p) times the derivatives of z by r and alpha */
					v_1 = 0,
					v_r = 0,
					v_alpha = 0,
					v_rr = 0,
					v_rA = 0,
					v_AA = 0;
		gamma_steps d;

		add_rising(out, 0, r, x, w);
		if (n > 0)
		{
			add_rising(out, 3, b, n, w);
			d = value_gamma_steps(a + b, n);
			out->f -= w * d.log_gamma;
			out->g[2] -= w * d.digamma;
			out->g[3] -= w * d.digamma;
			out->h[2][2] -= w * d.trigamma;
			out->h[3][2] -= w * d.trigamma;
			out->h[3][3] -= w * d.trigamma;
		}
		for (size_t i = group->first; i < group->first + group->rows; i++)
		{
			const value_row *row = &data->row[i];
			double		c = row->w,
						l = log1p(row->T / alpha),
						v = 1 / (alpha + row->T);

			TICK(i);
			f -= c * k * l;
			g_r -= c * l;
			g_alpha += c * (r / alpha * row->T - x) * v;
			h_ra += c * row->T * v / alpha;
			h_aa += c * k * v * v;
			if (n > 0)
			{
				double		m = 1 / (alpha + row->tx),
							gap = row->T - row->tx,
							ratio = gap * m,
							step = ratio > 1e-3 ? log(1 + ratio) : log1p(ratio),
							z = odds + k * step,
							e = exp(-fabs(z)),
							p = z > 0 ? 1 / (1 + e) : e / (1 + e),
							q = c * p * (1 / (1 + e)) * (z > 0 ? e : 1);
				double		z_alpha = -k * gap * v * m;

				f += c * ((z > 0 ? z : 0) + log1p(e));
				if (!derivatives)
					continue;
				p *= c;
				gone += p;
				g_r += p * step;
				g_alpha += p * z_alpha;
				/* second derivatives of z: by r and alpha -gap v m, by alpha twice k (m + v) gap v m */
				h_ra -= p * gap * v * m;
				h_aa += p * k * (m * m - v * v);
				v_1 += q;
				v_r += q * step;
				v_alpha += q * z_alpha;
				v_rr += q * step * step;
				v_rA += q * step * z_alpha;
				v_AA += q * z_alpha * z_alpha;
			}
		}
		out->f += f - x * w * log(alpha);
		out->g[0] += g_r;
		out->g[1] += g_alpha;
		out->h[0][0] += v_rr;
		out->h[1][0] += h_ra + v_rA;
		out->h[1][1] += h_aa - r * w / (alpha * alpha) + v_AA;
		if (n > 0)
		{
			out->g[2] += gone * u_a;
			out->g[3] += gone * u_b;
			out->h[2][0] += v_r * u_a;
			out->h[2][1] += v_alpha * u_a;
			out->h[2][2] += (v_1 - gone) * u_a * u_a;
			out->h[3][0] += v_r * u_b;
			out->h[3][1] += v_alpha * u_b;
			out->h[3][2] += v_1 * u_a * u_b;
			out->h[3][3] += (v_1 + gone) * u_b * u_b;
		}
	}
}

void
value_sum_bg(const value_data *data, const double *param, value_sums *out, bool derivatives)
{
	sum_bg(data, param, out, derivatives, 0);
}

void
value_sum_mbg(const value_data *data, const double *param, value_sums *out, bool derivatives)
{
	sum_bg(data, param, out, derivatives, 1);
}
