/*
 * value.h: customer value models. Cores in plain C: special functions, individual predictions, likelihoods with gradient and Hessian,
 * a bounded Newton search, the text form of a model. Data come from the aggregates of value_fit_fn.c, models go to value_predict_fn.c.
 */
#ifndef CRMSEG_VALUE_H
#define CRMSEG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum value_kind
{
	VALUE_BG_NBD = 1,			/* r, alpha, a, b: Fader, Hardie and Lee (2005) */
	VALUE_MBG_NBD = 2,			/* r, alpha, a, b: Batislam, Denizel and Filiztekin (2007) */
	VALUE_PARETO_NBD = 3,		/* r, alpha, s, beta: Schmittlein, Morrison and Colombo (1987) */
	VALUE_GAMMA_GAMMA = 4,		/* p, q, v: Fader and Hardie (2013) */
	VALUE_BG_BB = 5				/* alpha, beta, gamma, delta: Fader, Hardie and Shang (2010) */
} value_kind;

#define VALUE_MAX_PARAMS 4

/* What a fit found: bits. No bit: the parameters were given, not fitted. */
#define VALUE_CONVERGED				0x0001
#define VALUE_NOT_CONVERGED			0x0002
#define VALUE_NO_REPEATS			0x0004	/* nobody came back: the rate of purchase is zero */
#define VALUE_NO_DROPOUT			0x0008	/* the NBD limit: nobody leaves */
#define VALUE_EQUAL_RATES			0x0010	/* the Poisson limit: all buy at one rate */
#define VALUE_EQUAL_DROPOUT			0x0020	/* all leave at one rate or probability */
#define VALUE_POLARISED_DROPOUT		0x0040	/* some leave at once, the others never */
#define VALUE_CERTAIN_DROPOUT		0x0080	/* everybody leaves at the first occasion */
#define VALUE_EQUAL_AMOUNTS			0x0100	/* each customer's amounts are all alike */
#define VALUE_EQUAL_CUSTOMERS		0x0200	/* all customers have one mean amount */
#define VALUE_POLARISED_RATES		0x0400	/* some buy at every occasion, the others at none */
#define VALUE_UNBOUNDED_AMOUNTS		0x0800	/* the spread of amounts has no estimate */
#define VALUE_ALL_STATUS			0x0fff

/* A model: parameters, and what the fit says of itself. NaN stands for unknown. The same bytes are stored, sent and compared. */
typedef struct value_model
{
	int32_t		kind;
	int32_t		status;
	double		param[VALUE_MAX_PARAMS];
	double		se[VALUE_MAX_PARAMS];
	double		log_likelihood;
	double		nbd_aic;		/* of the NBD (nobody leaves) on the same data */
	double		customers;		/* sum of weights */
	double		ignored;		/* customers who say nothing of this model (no repeat, no positive amount) */
	double		unit;			/* of time, in microseconds */
} value_model;

extern int	value_param_count(int kind);
extern const char *value_kind_name(int kind);
extern const char *value_param_name(int kind, int i);
extern double value_aic(const value_model *m);

/* model_text.c: NULL, or what is wrong with the model, as a sentence */
extern void value_model_clear(value_model *m, int kind);
extern const char *value_model_check(const value_model *m);
extern const char *value_model_parse(const char *text, size_t length, value_model *m, int *position);
#define VALUE_TEXT_MAX 1024
extern int	value_status_print(int status, char *out);
extern int	value_model_print(const value_model *m, char *out);

/* special.c */
typedef struct gamma_steps
{
	double		log_gamma,		/* ln G(a + n) - ln G(a) */
				digamma,		/* psi(a + n) - psi(a) */
				trigamma;		/* psi'(a + n) - psi'(a) */
} gamma_steps;
extern gamma_steps value_gamma_steps(double a, double n);
extern double value_log_rising(double a, double n);
extern double value_digamma(double x);
extern double value_trigamma(double x);
extern double value_log1pexp(double x);
extern const double value_gauss8[8][2],
			value_gauss16[16][2];
typedef double (*value_function) (double p, const void *context);
extern double value_beta_mean(double a, double b, double span, value_function f, const void *context);
extern double value_decay_integral(double nu, double c, double span);

/* predict.c: x repeat purchases, the last at tx, T the time observed */
extern const char *value_history_check(int kind, double x, double tx, double T);
extern double value_log_odds_gone(const value_model *m, double x, double tx, double T);
extern double value_p_alive(const value_model *m, double x, double tx, double T);
extern double value_p_gone(const value_model *m, double x, double tx, double T);
extern double value_expected(const value_model *m, double x, double tx, double T, double t);
extern double value_expected_new(const value_model *m, double t);
extern double value_log_likelihood(const value_model *m, double x, double tx, double T);
extern double value_log_likelihood_spend(const value_model *m, double x, double mean);
extern double value_expected_spend(const value_model *m, double x, double mean);
extern double value_discounted(const value_model *m, double x, double tx, double T, double rate, double horizon);
extern double value_buys_within(const value_model *m, double x, double tx, double T, double t);
extern double value_median_wait(const value_model *m, double x, double T);
/* while_alive.c: of a customer who has not left, r, alpha, a, b (or s, beta) being those after the history */
extern double value_bg_purchases(double r, double alpha, double a, double b, double t);
extern double value_bg_discounted(double r, double alpha, double a, double b, double rate, double t);
extern double value_pareto_purchases(double r, double alpha, double s, double beta, double t);
extern double value_pareto_buys(double k, double a, double s, double b, double t);
extern double value_pareto_discounted(double r, double alpha, double s, double beta, double rate, double t);
extern double value_pareto_log_odds_gone(double k, double alpha, double s, double beta, double tx, double T);

/* predictor.c: one model, many customers */
#define PREDICTOR_X		32		/* tabulated for frequencies below this */
#define PREDICTOR_PARTS	32		/* of z from 0 to 1 */
#define PREDICTOR_LAST	28		/* parts that are tabulated */
#define PREDICTOR_TERMS	13
typedef struct value_predictor
{
	value_model model;
	bool		tabulated;
	double		log_odds[PREDICTOR_X];
	uint32_t	known[PREDICTOR_X];		/* bit i: part i is there */
	double		power[PREDICTOR_X][PREDICTOR_LAST][PREDICTOR_TERMS];
} value_predictor;
extern void value_predictor_init(value_predictor *p, const value_model *m);
extern double value_predictor_alive(const value_predictor *p, double x, double tx, double T);
extern double value_predictor_expected(value_predictor *p, double x, double tx, double T, double t);

/*
 * Pareto/NBD: the ways of being gone by T, as a sum over nodes: la and lb are ln((alpha + tau) / (alpha + T)) and the same of beta,
 * each at most zero; the likelihood of leaving there, against that of being alive at T, is weight * exp(lw). Returns how many.
 */
typedef struct pareto_node
{
	double		lw,
				weight,
				la,
				lb,
				tau;
} pareto_node;
#define PARETO_MAX_NODES 2048
extern int	value_pareto_nodes(double k, double alpha, double s, double beta, double tx, double T, pareto_node *node);

/* One distinct history, and how many customers have it. Gamma-Gamma: x purchases of mean tx. */
typedef struct value_row
{
	double		x,
				tx,
				T,
				w;
} value_row;

/* What a core may ask of its host: memory, which the host frees, and a look whether somebody wants it to stop. */
typedef struct value_host
{
	void	   *(*allocate) (size_t size);
	void		(*release) (void *memory);
	void		(*tick) (void);
} value_host;

/* fit.c: rows may be reordered. NULL, or why there is nothing to fit. *passes: how often the likelihood of all rows was summed. */
extern const char *value_fit(int kind, value_row *row, size_t rows, value_model *out, double *passes, const value_host *host);

/* likelihood_*.c: sum over rows of the log-likelihood; gradient and Hessian (lower triangle is enough) by natural parameters */
typedef struct value_sums
{
	double		f,
				g[VALUE_MAX_PARAMS],
				h[VALUE_MAX_PARAMS][VALUE_MAX_PARAMS];
} value_sums;
typedef struct value_group		/* rows of one x, which stand together */
{
	double		x,
				customers;
	size_t		first,
				rows;
} value_group;
typedef struct value_data
{
	const value_row *row;
	const value_group *group;
	size_t		rows,
				groups;
	const value_host *host;
} value_data;
typedef void (*value_likelihood) (const value_data *data, const double *param, value_sums *out, bool derivatives);
extern void value_sum_nbd(const value_data *data, const double *param, value_sums *out, bool derivatives);
extern void value_sum_bg(const value_data *data, const double *param, value_sums *out, bool derivatives);
extern void value_sum_mbg(const value_data *data, const double *param, value_sums *out, bool derivatives);
extern void value_sum_pareto(const value_data *data, const double *param, value_sums *out, bool derivatives);
extern void value_sum_spend(const value_data *data, const double *param, value_sums *out, bool derivatives);
extern void value_sum_bg_bb(const value_data *data, const double *param, value_sums *out, bool derivatives);

/* newton.c */
typedef struct value_search
{
	value_likelihood likelihood;
	int			params;
	double		low[VALUE_MAX_PARAMS],	/* bounds of ln(parameter) */
				high[VALUE_MAX_PARAMS];
	double		tolerance;		/* of ln(parameter): a step shorter than this is the last */
	double		row_visits;		/* summed over all passes */
	int			max_iterations;
} value_search;
extern bool value_newton(value_search *search, const value_data *data, double *param, value_sums *at);
extern bool value_invert(const double (*h)[VALUE_MAX_PARAMS], int n, double (*out)[VALUE_MAX_PARAMS]);

#endif
