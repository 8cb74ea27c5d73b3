/*
 * typology.c: k-means against Lloyd's iteration written plainly, in any order of the rows; measures against their definitions; the tails of the
 * distributions against golden values (test/data/typology_points.txt, made by typology_points.py with mpmath); the text form of a model.
 */
#include <math.h>

#include "unit.h"
#include "typology/typology.h"

static const typology_host host = {malloc, free, NULL};
static uint64_t state = 20261122;

static double
uniform(void)
{
	return cluster_uniform(&state);
}

static double
gauss(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

static int
below(int n)
{
	return (int) (uniform() * n);
}

/* ---------- tails ---------- */

static void
tails(void)
{
	FILE	   *f = fopen("test/data/typology_points.txt", "r");
	char		line[256],
				kind[16];
	int			n = 0;
	double		worst = 0;

	CHECK(f != NULL, "the golden points are there");
	while (f && fgets(line, sizeof(line), f))
	{
		double		a[5],
					v,
					golden,
					e;
		int			args = sscanf(line, "%15s %lf %lf %lf %lf %lf", kind, &a[0], &a[1], &a[2], &a[3], &a[4]) - 1;

		golden = a[args - 1];
		v = strcmp(kind, "chi") == 0 ? tail_chi_square(a[0], a[1]) : strcmp(kind, "f") == 0 ? tail_f(a[0], a[1], a[2], a[3]) :
			strcmp(kind, "r") == 0 ? tail_correlation(a[0], a[1]) : strcmp(kind, "hyper") == 0 ? tail_hypergeometric(a[0], a[1], a[2], a[3]) : tail_normal(a[0]);
		/* relative error of the p-value, or of its logarithm where that is large */
		e = golden == 0 ? fabs(v) : fabs(v - golden) / fmax(fmin(1, fabs(golden)), fabs(golden) / 10);
		n++;
		if (!(e <= worst))
			worst = e;
		if (!(e < 1e-12))
			printf("# off by %g (%.17g): %s", e, v, line);
		if (strcmp(kind, "normal") == 0)
		{
			double		back = tail_normal_quantile(golden);

			if (!(fabs(back - a[0]) <= 1e-12 * (1 + a[0])))
			{
				worst = INFINITY;
				printf("# quantile %.17g of %s", back, line);
			}
		}
	}
	if (f)
		fclose(f);
	CHECK(n >= 59 && worst < 1e-12, "%d golden tails within 1e-12", n);
	printf("# worst %.2g\n", worst);
}

/* ---------- measures ---------- */

static void
measures(void)
{
	double		worst_eta = 0,
				worst_v = 0,
				worst_r = 0,
				worst_rank = 0,
				worst_rand = 0;

	for (int round = 0; round < 300; round++)
	{
		int			n = 2 + below(398),
					groups = 1 + below(6),
					others = 1 + below(5);
		double		offset = round % 3 == 0 ? 1e9 : 0,
					x[400],
					y[400];
		int			a[400],
					b[400];
		group_sums	g[8] = {{0}};
		uint64_t	counts[64] = {0},
					by_a[8] = {0},
					by_b[8] = {0};
		int64_t		rank_x[400],
					rank_y[400];
		ranked		room[800];
		double		work[16];
		long double mean = 0,
					between = 0,
					within = 0,
					sx = 0,
					sy = 0,
					xx = 0,
					yy = 0,
					xy = 0;
		association cramer,
					mutual,
					eta,
					r,
					s;
		pair_count	cell[64];
		int			cells = 0;

		for (int i = 0; i < n; i++)
		{
			a[i] = below(groups);
			b[i] = uniform() < 0.3 ? a[i] % others : below(others);
			x[i] = offset + (round % 2 ? floor(3 * gauss()) : gauss()) + a[i] * 0.3;
			y[i] = (round % 5 == 0 ? floor(4 * uniform()) : gauss()) + 0.2 * (x[i] - offset);
			if (round % 7 == 0)
				y[i] = floor(100 * y[i]) / 100;	/* cents */
			group_add(&g[a[i]], x[i] - x[0]);
			counts[a[i] * 8 + b[i]]++;
			by_a[a[i]]++;
			by_b[b[i]]++;
			mean += (long double) x[i] - x[0];
			sx += x[i];
			sy += y[i];
		}
		mean /= n;
		for (int c = 0; c < groups; c++)
		{
			long double m = 0;

			if (by_a[c] == 0)
				continue;
			for (int i = 0; i < n; i++)
				m += a[i] == c ? (long double) x[i] - x[0] : 0;
			m /= by_a[c];
			between += by_a[c] * (m - mean) * (m - mean);
			for (int i = 0; i < n; i++)
				within += a[i] == c ? (x[i] - x[0] - m) * (x[i] - x[0] - m) : 0;
		}
		eta = measure_groups(g, 8);
		if (!isnan(eta.strength))
			worst_eta = fmax(worst_eta, fabs(eta.strength - (double) (between / (between + within))));
		measure_table(counts, 8, 8, 8, work, &cramer, &mutual);
		if (!isnan(cramer.strength))
		{
			double		chi = 0,
						information = 0;
			int			used_a = 0,
						used_b = 0;

			for (int i = 0; i < 8; i++)
			{
				used_a += by_a[i] > 0;
				used_b += by_b[i] > 0;
				for (int j = 0; j < 8; j++)
				{
					double		e = (double) by_a[i] * by_b[j] / n,
								o = counts[i * 8 + j];

					if (e > 0)
						chi += (o - e) * (o - e) / e;
					if (o > 0)
						information += o / n * log(o / e);
				}
			}
			worst_v = fmax(worst_v, fmax(fabs(cramer.strength - sqrt(chi / n / (fmin(used_a, used_b) - 1))), fabs(mutual.strength - information)));
		}
		measure_ranks(x, n, rank_x, room);
		measure_ranks(y, n, rank_y, room);
		for (int i = 0; i < n; i++)
		{
			double		rank = 0.5,
						other = 0.5;

			xx += (x[i] - sx / n) * (x[i] - sx / n);
			yy += (y[i] - sy / n) * (y[i] - sy / n);
			xy += (x[i] - sx / n) * (y[i] - sy / n);
			for (int j = 0; j < n; j++)
			{
				rank += x[j] < x[i] ? 1 : x[j] == x[i] ? 0.5 : 0;
				other += y[j] < y[i] ? 1 : y[j] == y[i] ? 0.5 : 0;
			}
			worst_rank = fmax(worst_rank, fmax(fabs(2 * rank - rank_x[i]), fabs(2 * other - rank_y[i])));
		}
		r = measure_pearson(x, y, n);
		if (!isnan(r.strength))
			worst_r = fmax(worst_r, fabs(r.strength - (double) (xy / sqrtl(xx * yy))));
		s = measure_spearman(rank_x, rank_y, n);
		if (!isnan(s.strength) && !(fabs(s.strength) <= 1 && s.p_value >= 0 && s.p_value <= 1))
			worst_r = INFINITY;
		/* pair by pair */
		for (int i = 0; i < 8; i++)
			for (int j = 0; j < 8; j++)
				if (counts[i * 8 + j] > 0)
					cell[cells++] = (pair_count) {i, j, counts[i * 8 + j]};
		{
			double		together = 0,
						in_a = 0,
						in_b = 0,
						all = 0.5 * n * (n - 1),
						expected;

			for (int i = 0; i < n; i++)
				for (int j = 0; j < i; j++)
				{
					together += a[i] == a[j] && b[i] == b[j];
					in_a += a[i] == a[j];
					in_b += b[i] == b[j];
				}
			expected = in_a * in_b / all;
			if (together != in_a || together != in_b)
				worst_rand = fmax(worst_rand, fabs(measure_adjusted_rand(cell, cells, by_a, 8, by_b, 8) - (together - expected) / ((in_a + in_b) / 2 - expected)));
		}
	}
	CHECK(worst_eta < 1e-14, "correlation ratios as by their definition, far from zero too (%.2g)", worst_eta);
	CHECK(worst_v < 1e-13, "Cramer's V and mutual information as by their definition (%.2g)", worst_v);
	CHECK(worst_rank == 0, "ranks as counted one by one");
	CHECK(worst_r < 1e-14, "Pearson's correlation as by its definition (%.2g)", worst_r);
	CHECK(worst_rand < 1e-12, "adjusted Rand index as counted pair by pair (%.2g)", worst_rand);
}

static void
adjusting(void)
{
	/* Benjamini and Hochberg (1995), their example of 15 tests: 4 are kept at 0.05 */
	static const double p[] = {0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000};
	double		adjusted[15];
	const double *order[15];
	int			kept = 0;

	measure_adjust(p, 15, adjusted, order);
	for (int i = 0; i < 15; i++)
		kept += adjusted[i] <= 0.05;
	CHECK(kept == 4 && fabs(adjusted[3] - 0.0095 * 15 / 4) < 1e-15 && adjusted[14] == 1, "Benjamini and Hochberg's own example");
}

/* ---------- k-means ---------- */

static double
squared(const double *x, const double *y, int d)
{
	double		s = 0;

	for (int j = 0; j < d; j++)
		if (!isnan(x[j]))
			s += (x[j] - y[j]) * (x[j] - y[j]);
	return s;
}

/* Lloyd, plainly: centres change in place; -1 when a group becomes empty */
static double
plain_lloyd(const double *x, const double *w, int n, int d, int k, double *centre)
{
	int			label[4000];
	double		inertia = 0;

	for (int i = 0; i < n; i++)
		label[i] = -1;
	for (int changed = 1; changed;)
	{
		changed = 0;
		inertia = 0;
		for (int i = 0; i < n; i++)
		{
			int			best = 0;

			for (int c = 1; c < k; c++)
				if (squared(x + i * d, centre + c * d, d) < squared(x + i * d, centre + best * d, d))
					best = c;
			changed |= best != label[i];
			label[i] = best;
			inertia += w[i] * squared(x + i * d, centre + best * d, d);
		}
		for (int c = 0; c < k; c++)
		{
			int			rows = 0;

			for (int i = 0; i < n; i++)
				rows += label[i] == c;
			if (rows == 0)
				return -1;
			for (int j = 0; j < d; j++)
			{
				long double sum = 0,
							weight = 0;

				for (int i = 0; i < n; i++)
					if (label[i] == c && !isnan(x[i * d + j]))
					{
						sum += (long double) w[i] * x[i * d + j];
						weight += w[i];
					}
				if (weight > 0)
					centre[c * d + j] = (double) (sum / weight);
			}
		}
	}
	return inertia;
}

/* rows in groups; kind: 0 plain, 1 with missing features, 2 whole numbers, 3 far from zero; every fifth time very small, or very large */
static void
make_rows(int kind, double *x, double *w, int n, int d, int k)
{
	double		centre[64],
				unit = kind == 2 ? 1 : uniform() < 0.2 ? 1e-60 : uniform() < 0.2 ? 1e60 : 1;

	for (int i = 0; i < k * d; i++)
		centre[i] = 3 * gauss() + (kind == 3 ? 1e7 : 0);
	for (int i = 0; i < n; i++)
	{
		int			c = below(k);

		w[i] = kind == 1 ? 1 + below(3) : 1;
		for (int j = 0; j < d; j++)
		{
			x[i * d + j] = centre[c * d + j] + gauss();
			if (kind == 2)
				x[i * d + j] = floor(x[i * d + j]) + 0.0;
			x[i * d + j] *= unit;
			if (kind == 1 && uniform() < 0.1)
				x[i * d + j] = NAN;
		}
	}
}

static void
kmeans(void)
{
	int			same = 0,
				compared = 0,
				order = 0,
				fixed = 0,
				rounds = 240;
	double		worst = 0;
	static double x[4000 * 8],
				shuffled[4000 * 8],
				w[4000],
				shuffled_w[4000];

	for (int round = 0; round < rounds; round++)
	{
		int			kind = round % 4,
					d = 1 + below(8),
					k = 1 + below(8),
					n = k + below(round % 10 == 0 ? 3990 : 300);
		double		start[64],
					centre[64],
					ignored,
					plain;
		cluster_rows rows;
		cluster_options o = {k, 3, 300, 50, false, round};
		cluster_model m = {0},
					again = {0};
		double	   *number = calloc(CLUSTER_NUMBERS(k, d), sizeof(double)),
				   *other = calloc(CLUSTER_NUMBERS(k, d), sizeof(double));
		bool		good;

		make_rows(kind, x, w, n, d, k);
		for (int i = 0; i < k * d; i++)
			start[i] = isnan(x[i]) ? 0 : x[i];
		memcpy(centre, start, sizeof(centre));
		plain = plain_lloyd(x, w, n, d, k, centre);
		m.number = number;
		if (cluster_rows_order(x, w, n, d, round, &rows, &ignored, &host))
		{
			cluster_fit(&rows, &o, start, &m, &host);
			m.ignored = ignored;
			free(rows.x);
			free(rows.w);
			/* whole numbers lie as near to one centre as to another: then the two may differ */
			if (plain >= 0 && kind != 2 && m.k == k)
			{
				double		e = m.inertia == plain ? 0 : fabs(m.inertia - plain) / fmax(plain, 1e-140);

				compared++;
				if (e >= 1e-9)
					printf("# round %d kind %d n %d d %d k %d: %.17g, plainly %.17g, %d iterations\n", round, kind, n, d, k, m.inertia, plain, (int) m.iterations);
				same += e < 1e-9;
				worst = fmax(worst, e);
			}
			/* no row is nearer to another centre, and each centre is the mean of its rows */
			good = m.status == CLUSTER_CONVERGED && cluster_model_check(&m) == NULL;
			memcpy(centre, CLUSTER_CENTRE(&m, 0), sizeof(double) * m.k * d);
			plain = plain_lloyd(x, w, n, d, m.k, centre);
			good &= plain < 0 || fabs(plain - m.inertia) <= 1e-9 * plain || (kind == 2 && plain <= m.inertia * (1 + 1e-12));
			fixed += good;
		}
		/* seeded, in two orders of the rows: the same to the last bit */
		for (int i = 0; i < n; i++)
		{
			int			from = (int) ((i * 7919L + 13) % n);

			memcpy(shuffled + i * d, x + from * d, d * sizeof(double));
			shuffled_w[i] = w[from];
		}
		if (n % 7919 != 0 && cluster_rows_order(x, w, n, d, 5, &rows, &ignored, &host))
		{
			o.standardise = round % 2;
			cluster_fit(&rows, &o, NULL, &m, &host);
			free(rows.x);
			free(rows.w);
			again.number = other;
			cluster_rows_order(shuffled, shuffled_w, n, d, 5, &rows, &ignored, &host);
			cluster_fit(&rows, &o, NULL, &again, &host);
			free(rows.x);
			free(rows.w);
			m.ignored = again.ignored = ignored;
			order += m.k == again.k && memcmp(number, other, CLUSTER_NUMBERS(m.k, d) * sizeof(double)) == 0 && m.inertia == again.inertia &&
				(m.silhouette == again.silhouette || (isnan(m.silhouette) && isnan(again.silhouette))) && m.iterations == again.iterations;
			/* text and back */
			{
				char	   *text = malloc(cluster_text_room(&m)),
						   *second = malloc(cluster_text_room(&m));
				size_t		length = cluster_text_print(&m, text),
							position;
				int			k2,
							d2;

				cluster_model back = {0};
				if (length >= cluster_text_room(&m) || cluster_text_shape(text, length, &k2, &d2, &position) != NULL || k2 != m.k || d2 != d)
					order = -1000000;
				else
				{
					back.k = k2;
					back.d = d2;
					back.number = other;
					if (cluster_text_parse(text, length, &back, &position) != NULL || cluster_text_print(&back, second) != length || memcmp(text, second, length) != 0 ||
						memcmp(number, other, CLUSTER_NUMBERS(k2, d2) * sizeof(double)) != 0)
						order = -1000000;
				}
				free(text);
				free(second);
			}
		}
		else
			order++;
		free(number);
		free(other);
	}
	CHECK(compared > 100 && same == compared, "%d k-means from given centres as plain Lloyd, inertia within 1e-9 (%.2g)", compared, worst);
	CHECK(fixed == rounds, "%d fixed points of Lloyd's iteration", fixed);
	CHECK(order == rounds, "%d models the same in another order of the rows, and read back from their text", order);
}

/* by the definition, one row at a time */
static void
silhouettes(void)
{
	double		worst = 0;

	for (int round = 0; round < 40; round++)
	{
		int			n = 2 + below(100),
					d = 1 + below(4),
					k = 1 + below(5);
		double		x[400],
					w[100],
					mean = 0,
					ignored,
					v;
		uint32_t	label[100];
		cluster_rows rows;

		make_rows(0, x, w, n, d, k);
		cluster_rows_order(x, NULL, n, d, 1, &rows, &ignored, &host);
		for (int i = 0; i < n; i++)
			label[i] = below(k);
		v = cluster_rows_silhouette(&rows, label, k, 1000, &host);
		for (int i = 0; i < n; i++)
		{
			double		sum[8] = {0},
						own,
						next = INFINITY;
			int			count[8] = {0};

			for (int j = 0; j < n; j++)
				if (j != i)
				{
					sum[label[j]] += sqrt(squared(rows.x + i * d, rows.x + j * d, d));
					count[label[j]]++;
				}
			if (count[label[i]] == 0)
				continue;
			own = sum[label[i]] / count[label[i]];
			for (int c = 0; c < k; c++)
				if (c != (int) label[i] && count[c] > 0)
					next = fmin(next, sum[c] / count[c]);
			if (!isinf(next))
				mean += (next - own) / fmax(own, next) / n;
		}
		if (!isnan(v))
			worst = fmax(worst, fabs(v - mean));
		free(rows.x);
		free(rows.w);
	}
	CHECK(worst < 1e-13, "silhouettes as by their definition (%.2g)", worst);
}

int
main(void)
{
	tails();
	measures();
	adjusting();
	kmeans();
	silhouettes();
	return unit_done();
}
