/*
 * typology.h: groups of customers and what tells them apart. Cores in plain C: k-means (cluster_rows.c, kmeans.c, kmeans_fit.c), the text form of its
 * model (cluster_text.c), measures of association (measure.c) and the tails of the distributions behind their p-values (tail.c).
 * Rows come from the aggregates and from the reader of relations (relation_fn.c).
 */
#ifndef CRMSEG_TYPOLOGY_H
#define CRMSEG_TYPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* what a core may ask of its host: memory (release gives it back), and a look whether somebody wants it to stop */
typedef struct typology_host
{
	void	   *(*allocate) (size_t size);
	void		(*release) (void *memory);
	void		(*tick) (void);
} typology_host;

/* ---------- tail.c: natural logarithms of tail probabilities, accurate however far out ---------- */

extern double tail_chi_square(double x, double df);
/* of I_x(a, b), the regularised incomplete beta function, with y = 1 - x given without cancellation */
extern double tail_beta(double x, double y, double a, double b);
/* F of explained and left sums of squares; r of n pairs, two-sided */
extern double tail_f(double between, double within, double df1, double df2);
extern double tail_correlation(double r, double n);
/* members of a sort found in a draw: ln of twice the smaller tail beyond x, and the probability of x itself (the mid-p of Lebart) */
extern double tail_hypergeometric(double x, double sort, double others, double drawn);
/* the v >= 0 whose two-sided normal tail has this logarithm, and the way back */
extern double tail_normal_quantile(double log_p);
extern double tail_normal(double v);

/* ---------- measure.c ---------- */

/* a sum as the unevaluated sum of two numbers: twice the digits */
typedef struct exact_sum
{
	double		high,
				low;
} exact_sum;

/* count, sum and sum of squares of the values of one group, each less a shift common to all groups */
typedef struct group_sums
{
	double		n;
	exact_sum	sum,
				square;
} group_sums;
extern void group_add(group_sums *g, double shifted);

typedef struct association
{
	double		strength,		/* NaN where it is not defined */
				p_value,
				n;
} association;

/* counts[i * stride + j] of rows x columns */
extern void measure_table(const uint64_t *counts, size_t rows, size_t columns, size_t stride, double *work, association *cramer, association *mutual);
extern association measure_groups(const group_sums *group, size_t groups);
extern double measure_variance(const group_sums *group, size_t groups);
/* pairs without missing values */
extern association measure_pearson(const double *x, const double *y, size_t n);
/* doubled average ranks; room for 2 n */
typedef union ranked
{
	struct
	{
		uint32_t	key;		/* leading bits of the value */
		uint32_t	index;
	};
	int64_t		count;
} ranked;
extern void measure_ranks(const double *x, size_t n, int64_t *doubled, ranked *room);
extern association measure_spearman(const int64_t *x, const int64_t *y, size_t n);

/* one cell of a sparse table of two typologies */
typedef struct pair_count
{
	uint32_t	a,
				b;
	uint64_t	n;
} pair_count;
extern double measure_adjusted_rand(const pair_count *cell, size_t cells, const uint64_t *a, size_t as, const uint64_t *b, size_t bs);

/* v-test of the mean of n_in of n values against the mean of all; population sums */
extern double measure_mean_v_test(double mean_in, double n_in, double mean, double variance, double n);

/* p-values adjusted after Benjamini and Hochberg (1995); NaN stays; order is room for n pointers */
extern void measure_adjust(const double *p, size_t n, double *adjusted, const double **order);

/* ---------- k-means ---------- */

#define CLUSTER_MAX_K			1000
#define CLUSTER_MAX_FEATURES	1000
#define CLUSTER_MAX_VALUE		1e140	/* squares and sums of them stay finite */

#define CLUSTER_CONVERGED		1
#define CLUSTER_NOT_CONVERGED	2
#define CLUSTER_STATUS_ALL		3	/* 0: the model was written, not fitted */

typedef struct cluster_options
{
	int			k;
	int			starts;			/* how many seedings are tried; 0: from ten to a hundred, the more the less they cost */
	int			max_iterations;
	int			silhouette_rows;	/* of how many rows the silhouette is taken */
	bool		standardise;	/* distances in units of each feature's standard deviation */
	uint64_t	seed;
} cluster_options;
#define CLUSTER_ITERATIONS		300
#define CLUSTER_SILHOUETTE_ROWS	2000

/* a model; NaN stands for unknown. number holds, in this order, centre[k][d], mean[d], deviation[d], size[k], within[k] */
typedef struct cluster_model
{
	int32_t		k,
				d;
	int32_t		status;
	int32_t		standardised;
	int64_t		seed;
	int64_t		iterations;
	double		rows;			/* that were clustered: sum of weights */
	double		ignored;		/* without any known feature */
	double		inertia,		/* sum of squared distances to the nearest centre */
				total,			/* the same to one centre for all */
				silhouette;
	double	   *number;
} cluster_model;
#define CLUSTER_NUMBERS(k, d)		((size_t) (k) * (d) + 2 * (size_t) (d) + 2 * (size_t) (k))
#define CLUSTER_CENTRE(m, c)		((m)->number + (size_t) (c) * (m)->d)
#define CLUSTER_MEAN(m)				((m)->number + (size_t) (m)->k * (m)->d)
#define CLUSTER_DEVIATION(m)		(CLUSTER_MEAN(m) + (m)->d)
#define CLUSTER_SIZE(m)				(CLUSTER_DEVIATION(m) + (m)->d)
#define CLUSTER_WITHIN(m)			(CLUSTER_SIZE(m) + (m)->k)

/*
 * rows of d features; NaN is missing. cluster_rows.c puts them into one order whatever order they came in, equal rows made one, the
 * incomplete ones last, so that nothing that follows depends on the way they came.
 */
typedef struct cluster_rows
{
	double	   *x,				/* n x d */
			   *w;
	size_t		n,
				complete;
	int			d;
} cluster_rows;
extern bool cluster_rows_order(const double *x, const double *w, size_t n, int d, uint64_t seed, cluster_rows *out, double *ignored, const typology_host *host);
extern void cluster_rows_moments(const cluster_rows *r, double *mean, double *deviation, double *room);
extern double cluster_rows_silhouette(const cluster_rows *r, const uint32_t *label, int k, int sample, const typology_host *host);

/* random numbers of our own, the same everywhere: splitmix64 */
extern uint64_t cluster_random(uint64_t *state);
extern double cluster_uniform(uint64_t *state);

/* kmeans_fit.c: the rows are left centred and scaled; m->number must have room, m->k may come out smaller. start: k x d or NULL */
extern void cluster_fit(cluster_rows *r, const cluster_options *o, const double *start, cluster_model *m, const typology_host *host);

/* the nearest centre (from 0) to a row, -1 when no feature is known; *distance is squared, in the units of the model */
extern int	cluster_nearest(const cluster_model *m, const double *x, double *distance);

/* cluster_text.c: NULL, or what is wrong, as a sentence; number has room for CLUSTER_NUMBERS of what cluster_text_shape says */
extern const char *cluster_model_check(const cluster_model *m);
extern const char *cluster_text_shape(const char *text, size_t length, int *k, int *d, size_t *position);
extern const char *cluster_text_parse(const char *text, size_t length, cluster_model *m, size_t *position);
extern size_t cluster_text_room(const cluster_model *m);
extern size_t cluster_text_print(const cluster_model *m, char *out);

#endif
