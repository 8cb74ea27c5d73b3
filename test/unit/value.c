/*
 * value.c: the value models against golden values (test/data/value_points.txt, value_discounted.txt, made by value_points.py with mpmath),
 * analytic derivatives against differences, fits of random data sets against searches from many random starts, limits, and the text form.
 */
#include <math.h>

#include "unit.h"
#include "value/value.h"

/* ---------- random data ---------- */

static uint64_t state = 88172645463325252ULL;

static double
uniform(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return ((state >> 11) + 0.5) / 9007199254740992.0;
}

static double
between(double low, double high)
{
	return exp(log(low) + uniform() * (log(high) - log(low)));
}

/* gamma distributed: Marsaglia and Tsang */
static double
gamma_draw(double a)
{
	double		d,
				c;

	if (a < 1)
		return gamma_draw(a + 1) * pow(uniform(), 1 / a);
	d = a - 1.0 / 3;
	c = 1 / sqrt(9 * d);
	for (;;)
	{
		double		x = sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform()),
					v = 1 + c * x;

		if (v <= 0)
			continue;
		v = v * v * v;
		if (log(uniform()) < 0.5 * x * x + d - d * v + d * log(v))
			return d * v;
	}
}

static double
beta_draw(double a, double b)
{
	double		x = gamma_draw(a);

	return x / (x + gamma_draw(b));
}

/* customers of a shop; shape chooses who leaves, and when */
static size_t
make_rows(int kind, int shape, value_row *row, size_t n)
{
	double		r = between(0.1, 5),
				alpha = between(0.5, 30),
				a = between(0.05, 5),
				b = between(0.1, 10),
				s = between(0.1, 3),
				beta = between(0.5, 30),
				span = between(2, 60);
	bool		whole = uniform() < 0.4;

	for (size_t i = 0; i < n; i++)
	{
		double		T = span * (0.5 + 0.5 * uniform()),
					x = 0,
					tx = 0,
					t = 0,
					rate = shape == 4 ? r / alpha : gamma_draw(r) / alpha,
					p = shape == 3 ? 0 : shape == 5 ? uniform() < 0.4 : beta_draw(a, b),
					die = shape == 2 ? -log(uniform()) / (gamma_draw(s) / beta) : INFINITY;

		if (whole)
			T = ceil(T);
		if (kind == VALUE_GAMMA_GAMMA)
		{
			x = floor(1 + gamma_draw(1) * 3);
			row[i] = (value_row) {x, gamma_draw(r * 3 * x) / (gamma_draw(a + 1) / alpha * x), 0, 1};
			continue;
		}
		if (kind == VALUE_BG_BB)
		{
			double		take = beta_draw(r, b),
						leave = beta_draw(s, beta),
						occasions = 6 + i % 3;

			for (double j = 1; j <= occasions && uniform() >= leave; j++)
				if (uniform() < take)
				{
					x++;
					tx = j;
				}
			row[i] = (value_row) {x, tx, occasions, 1};
			continue;
		}
		if (shape == 1 && uniform() < p)
			die = 0;
		if (shape == 6 && uniform() < 0.5)
			rate = 1e-9;
		while ((t += -log(uniform()) / rate) <= fmin(T, die) && x < 400)
		{
			x++;
			tx = t;
			if (shape != 2 && shape != 3 && uniform() < p)
				break;
		}
		if (whole && x > 0)
			tx = fmin(T, ceil(tx));
		row[i] = (value_row) {x, tx, T, 1};
	}
	return n;
}

static const value_likelihood likelihood[] = {NULL, value_sum_bg, value_sum_mbg, value_sum_pareto, value_sum_spend, value_sum_bg_bb};
static const value_host host = {malloc, free, NULL};

static int
by_x(const void *a, const void *b)
{
	double		x = ((const value_row *) a)->x,
				y = ((const value_row *) b)->x;

	return (x > y) - (x < y);
}

/* rows sorted and grouped; the caller frees data->group */
static value_data
group_rows(value_row *row, size_t n)
{
	value_group *g = malloc((n + 1) * sizeof(value_group));
	size_t		k = 0;

	qsort(row, n, sizeof(value_row), by_x);
	for (size_t i = 0; i < n; i++)
	{
		if (i == 0 || row[i].x != row[i - 1].x)
			g[k++] = (value_group) {row[i].x, 0, i, 0};
		g[k - 1].customers += row[i].w;
		g[k - 1].rows++;
	}
	return (value_data) {row, g, n, k, &host};
}

/* ---------- tests ---------- */

static void
points(void)
{
	FILE	   *f = fopen("test/data/value_points.txt", "r");
	char		line[512];
	int			n = 0,
				bad = 0;
	double		worst = 0;

	CHECK(f != NULL, "the golden points are there");
	while (f && fgets(line, sizeof(line), f))
	{
		value_model m;
		double		x,
					tx,
					T,
					t,
					alive,
					purchases,
					l,
					e;

		value_model_clear(&m, 1);
		if (line[0] == '#' || sscanf(line, "%d %lf %lf %lf %lf %lf %lf %lf %lf %lf %lf %lf", &m.kind, &m.param[0], &m.param[1], &m.param[2], &m.param[3],
									 &x, &tx, &T, &t, &alive, &purchases, &l) != 12)
			continue;
		n++;
		e = fmax(fmax(fabs(value_p_alive(&m, x, tx, T) - alive) / fmax(alive, 1e-300), fabs(value_expected(&m, x, tx, T, t) - purchases) / fmax(purchases, 1e-300)),
				 fabs(value_log_likelihood(&m, x, tx, T) / l - 1));
		if (!(e <= worst))
			worst = e;
		if (!(e < 1e-10))
		{
			bad++;
			printf("# off by %g: %s", e, line);
		}
	}
	if (f)
		fclose(f);
	CHECK(n > 100 && bad == 0, "%d golden points within 1e-10", n);
	printf("# worst %.2g\n", worst);
	f = fopen("test/data/value_discounted.txt", "r");
	CHECK(f != NULL, "the golden discounted purchases are there");
	n = bad = 0;
	while (f && fgets(line, sizeof(line), f))
	{
		value_model m;
		double		x,
					tx,
					T,
					d,
					h,
					v;

		value_model_clear(&m, 1);
		if (line[0] == '#' || sscanf(line, "%d %lf %lf %lf %lf %lf %lf %lf %lf %lf %lf", &m.kind, &m.param[0], &m.param[1], &m.param[2], &m.param[3], &x, &tx, &T, &d, &h, &v) != 11)
			continue;
		n++;
		bad += !(fabs(value_discounted(&m, x, tx, T, log1p(d), h) / v - 1) < 1e-10);
	}
	if (f)
		fclose(f);
	CHECK(n > 20 && bad == 0, "%d discounted purchases within 1e-10", n);
}

static void
derivatives(void)
{
	for (int kind = VALUE_BG_NBD; kind <= VALUE_BG_BB; kind++)
	{
		int			params = value_param_count(kind);
		double		worst = 0;

		for (int turn = 0; turn < 20; turn++)
		{
			value_row	row[60];
			value_data	data;
			value_sums	at,
						up,
						down;
			double		param[VALUE_MAX_PARAMS];

			make_rows(kind, turn % 7, row, 60);
			data = group_rows(row, 60);
			for (int i = 0; i < params; i++)
				param[i] = between(0.05, 20);
			likelihood[kind] (&data, param, &at, true);
			for (int i = 0; i < params; i++)
			{
				double		keep = param[i],
							step = keep * 1e-5;

				param[i] = keep + step;
				likelihood[kind] (&data, param, &up, true);
				param[i] = keep - step;
				likelihood[kind] (&data, param, &down, true);
				param[i] = keep;
				worst = fmax(worst, fabs((up.f - down.f) / (2 * step) - at.g[i]) / (1 / keep + fabs(at.g[i]) + fabs(at.f) / keep));
				for (int j = 0; j < params; j++)
				{
					double		h = i >= j ? at.h[i][j] : at.h[j][i];

					worst = fmax(worst, fabs((up.g[j] - down.g[j]) / (2 * step) - h) / (fabs(h) + (1 + fabs(at.f)) / (keep * param[j])));
				}
			}
			free((void *) data.group);
		}
		CHECK(worst < 1e-7, "%s: gradient and Hessian agree with differences (%.1g)", value_kind_name(kind), worst);
	}
}

/* the fit is never worse than the best of many searches from random places, in the data's own unit */
static void
random_fits(void)
{
	for (int kind = VALUE_BG_NBD; kind <= VALUE_BG_BB; kind++)
	{
		int			worse = 0,
					unfinished = 0,
					sets = kind == VALUE_PARETO_NBD ? 7 : 28;

		for (int set = 0; set < sets; set++)
		{
			size_t		n = (size_t) between(1, kind == VALUE_PARETO_NBD ? 60 : 300) + 1;
			value_row	row[302],
						copy[302];
			value_model m;
			double		passes,
						best = -INFINITY,
						scale = 0,
						shift = 0;
			value_data	data;
			value_search s = {.likelihood = likelihood[kind],.params = value_param_count(kind),.max_iterations = 300,.tolerance = 1e-7};

			make_rows(kind, set % 7, row, n);
			memcpy(copy, row, n * sizeof(value_row));
			if (value_fit(kind, copy, n, &m, &passes, &host) != NULL || isnan(m.log_likelihood) || (m.status & VALUE_NO_REPEATS))
				continue;
			unfinished += (m.status & VALUE_NOT_CONVERGED) != 0;
			for (size_t i = 0; i < n && kind != VALUE_BG_BB; i++)
				scale += (kind == VALUE_GAMMA_GAMMA ? row[i].tx : row[i].T) / n;
			for (size_t i = 0; i < n && kind != VALUE_BG_BB; i++)
			{
				shift += (kind == VALUE_GAMMA_GAMMA ? 1 : row[i].x) * log(scale);
				row[i].tx /= scale;
				row[i].T /= scale;
			}
			data = group_rows(row, n);
			for (int i = 0; i < VALUE_MAX_PARAMS; i++)
			{
				s.low[i] = log(1e-12);
				s.high[i] = log(1e12);
			}
			for (int start = 0; start < 10; start++)
			{
				value_sums	at;
				double		param[VALUE_MAX_PARAMS];

				for (int i = 0; i < VALUE_MAX_PARAMS; i++)
					param[i] = between(1e-3, 1e3);
				value_newton(&s, &data, param, &at);
				best = fmax(best, at.f - shift);
			}
			if (best > m.log_likelihood + 1e-6 * fmax(1, fabs(best) / 1000))
			{
				char		text[VALUE_TEXT_MAX];

				value_model_print(&m, text);
				printf("# set %d of %zu customers reaches %.9f: %s\n", set, n, best, text);
				worse++;
			}
			free((void *) data.group);
		}
		CHECK(worse == 0 && unfinished == 0, "%s: %d random data sets fitted as well as from 10 random starts (seed 88172645463325252)", value_kind_name(kind), sets);
	}
}

static value_model
fit_of(int kind, const value_row *row, size_t n)
{
	value_row	copy[16];
	value_model m;
	double		passes;

	memcpy(copy, row, n * sizeof(value_row));
	value_fit(kind, copy, n, &m, &passes, &host);
	return m;
}

static void
limits(void)
{
	static const value_row nobody[] = {{0, 0, 30, 5}, {0, 0, 20, 5}},
				one[] = {{3, 20, 30, 1}},
				regular[] = {{10, 30, 30, 4}, {10, 29, 30, 4}, {9, 30, 30, 4}},
				alike[] = {{3, 25, 0, 1}, {5, 25, 0, 1}},
				always[] = {{6, 6, 6, 10}};
	value_model m;

	for (int kind = VALUE_BG_NBD; kind <= VALUE_PARETO_NBD; kind++)
	{
		m = fit_of(kind, nobody, 2);
		CHECK((m.status & VALUE_NO_REPEATS) && value_expected(&m, 0, 0, 30, 10) == 0 && value_p_alive(&m, 0, 0, 30) == 1, "%s: nobody came back", value_kind_name(kind));
		m = fit_of(kind, one, 1);
		CHECK(!(m.status & (VALUE_CONVERGED | VALUE_NOT_CONVERGED)) && m.status != 0 && isfinite(value_expected(&m, 3, 20, 30, 10)), "%s: one customer", value_kind_name(kind));
		m = fit_of(kind, regular, 3);
		CHECK((m.status & VALUE_EQUAL_RATES) && (m.status & VALUE_NO_DROPOUT) && fabs(value_expected(&m, 10, 30, 30, 30) - 29.0 / 3) < 1e-6, "%s: all buy alike and stay: the Poisson rate", value_kind_name(kind));
		CHECK(value_model_check(&m) == NULL, "%s: a limit is a valid model", value_kind_name(kind));
	}
	m = fit_of(VALUE_GAMMA_GAMMA, alike, 2);
	CHECK((m.status & VALUE_EQUAL_AMOUNTS) && fabs(value_expected_spend(&m, 3, 25) - 25) < 1e-6 && fabs(value_expected_spend(&m, 0, 0) - 25) < 1e-6, "all amounts equal: that amount");
	m = fit_of(VALUE_BG_BB, always, 1);
	CHECK((m.status & VALUE_NO_DROPOUT) && fabs(value_expected(&m, 6, 6, 6, 5) - 5) < 1e-6, "bg_bb: who always came will always come");
	/* a = 1, s = 1 and their neighbours; nothing to expect of no time */
	m = (value_model) {.kind = VALUE_BG_NBD,.param = {0.3, 5, 1, 2.4}};
	CHECK(fabs(value_expected(&m, 0, 0, 0, 39) / value_expected_new(&m, 39) - 1) < 1e-14 && value_expected(&m, 2, 10, 20, 0) == 0, "a = 1, and a horizon of zero");
	for (int i = 0; i < 2000; i++)
	{
		double		T = between(1e-3, 1e7),
					x = i % 3 == 0 ? 0 : floor(between(1, 1e5)),
					tx = x == 0 ? 0 : T * uniform(),
					t = between(1e-6, 1e7),
					e;
		value_model q = {.kind = 1 + i % 3,.param = {between(1e-6, 1e4), between(1e-6, 1e6), between(1e-6, 1e4), between(1e-6, 1e4)}};

		e = value_expected(&q, x, tx, T, t);
		if (!(isfinite(e) && e >= 0 && value_p_alive(&q, x, tx, T) >= 0 && value_p_alive(&q, x, tx, T) <= 1 &&
			  e <= (q.param[0] + x) / (q.param[1] + T) * t * (1 + 1e-12) && isfinite(value_log_likelihood(&q, x, tx, T))))
		{
			CHECK(false, "finite and bounded: kind %d, %g %g %g %g, x %g tx %g T %g t %g: %g", q.kind, q.param[0], q.param[1], q.param[2], q.param[3], x, tx, T, t, e);
			return;
		}
	}
	CHECK(true, "2000 random points: finite, positive, at most the rate of a customer who stays");
}

static void
predictor(void)
{
	static value_predictor p;
	double		worst = 0;

	for (int i = 0; i < 200; i++)
	{
		value_model m = {.kind = 1 + i % 2,.param = {between(0.01, 50), between(0.1, 100), between(0.001, 100), between(0.001, 100)}};

		value_predictor_init(&p, &m);
		for (int j = 0; j < 20; j++)
		{
			double		T = between(0.1, 100),
						x = floor(uniform() * 40),
						tx = x == 0 ? 0 : T * uniform(),
						t = between(1e-3, 1e3);

			worst = fmax(worst, fabs(value_predictor_expected(&p, x, tx, T, t) / value_expected(&m, x, tx, T, t) - 1));
			worst = fmax(worst, fabs(value_predictor_alive(&p, x, tx, T) / value_p_alive(&m, x, tx, T) - 1));
		}
	}
	CHECK(worst < 2e-12, "tabulated predictions are those computed one by one (%.1g)", worst);
}

int
main(void)
{
	points();
	derivatives();
	limits();
	predictor();
	random_fits();
	return unit_done();
}
