/*
 * link.h: what the linkage engine offers: which records of a table, or of two, are of one person or organisation.
 *
 * Records go in one by one as text by kind of column (link_start, link_value, link_row); link_settle brings them to their normal forms,
 * link_block lists candidate pairs, link_train estimates the model or takes a given one, link_score weighs every pair, link_cluster
 * groups. docs/identity.md has the model. All memory comes from the caller's allocator and is given back by whoever owns that.
 */
#ifndef CRMSEG_LINK_H
#define CRMSEG_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum link_kind
{
	LINK_GIVEN_NAME,
	LINK_FAMILY_NAME,
	LINK_MAIDEN_NAME,
	LINK_FULL_NAME,
	LINK_ORGANISATION_NAME,
	LINK_DATE,
	LINK_EMAIL,
	LINK_PHONE,
	LINK_ADDRESS,
	LINK_POSTAL_CODE,
	LINK_CITY,
	LINK_COUNTRY,
	LINK_SEX,
	LINK_REGISTRY_NUMBER,
	LINK_CODE,
	LINK_TEXT,
	LINK_SOURCE,
	LINK_IGNORED,
	LINK_KINDS
} link_kind;

extern const char *const link_kind_name[LINK_KINDS];

#define LINK_MAX_COLUMNS	64
#define LINK_MAX_EXTRAS		12		/* columns of kind code, text or sex, and dates after the first */
#define LINK_MAX_ROWS		(UINT32_C(1) << 27)

/* alloc does not come back when there is no memory; look is called now and then from long loops and may not come back either */
typedef struct link_memory
{
	void	   *(*alloc) (void *context, size_t n);
	void	   *(*grow) (void *context, void *p, size_t old, size_t n);
	void		(*release) (void *context, void *p);
	void		(*look) (void *context);
	void	   *context;
} link_memory;

/* ---- the model ---- */

/* the comparisons of a model; extras follow as LINK_C_EXTRA + i */
enum
{
	LINK_C_FIRST,				/* given name; of organisations the legal form */
	LINK_C_LAST,				/* family name; of organisations the name */
	LINK_C_DATE,
	LINK_C_EMAIL,
	LINK_C_PHONE,
	LINK_C_ADDRESS,
	LINK_C_REGISTRY,
	LINK_C_SOURCE,
	LINK_C_YEAR,				/* a number in the e-mail that may be the year of birth */
	LINK_C_EXTRA,
	LINK_COMPARISONS = LINK_C_EXTRA + LINK_MAX_EXTRAS
};

#define LINK_LEVELS 6			/* 0: missing on a side; 1: equal; the last used one: different */

#define LINK_NAME_BINS 7

/* the three classes' probabilities of each level, and the prior shares of all pairs */
typedef struct link_class_model
{
	double		m[LINK_COMPARISONS][LINK_LEVELS];	/* same */
	double		h[LINK_COMPARISONS][LINK_LEVELS];	/* same household, another person */
	double		u[LINK_COMPARISONS][LINK_LEVELS];	/* unrelated */
	double		pairs,			/* of all records it was trained on; the two classes' shares of them are the prior */
				same,			/* expected pairs of one party */
				household,
				name_chance[LINK_NAME_BINS];	/* how often equal names meet by chance, as a part of what the counts of their parts say, by
											 * how many records have the whole name: 2, 3, 4, 5-6, 7-10, 11-20, 21 and more */
	bool		trained;
} link_class_model;

typedef struct link_model
{
	link_class_model of[2];		/* persons, organisations */
} link_model;

/* the level names and how many levels a comparison has; what is 0 here is not compared */
extern int	link_levels(int comparison, link_kind extra, bool organisation);
extern const char *link_level_name(int comparison, link_kind extra, bool organisation, int level);

/* ---- the engine ---- */

/* values whose frequencies a model can hold; extras follow as LINK_OF_EXTRA + i */
enum
{
	LINK_OF_GIVEN_NAME,
	LINK_OF_FAMILY_NAME,
	LINK_OF_ORGANISATION_NAME,
	LINK_OF_POSTAL_CODE,
	LINK_OF_EXTRA,
	LINK_FREQUENCIES = LINK_OF_EXTRA + LINK_MAX_EXTRAS
};

typedef struct link_engine link_engine;

typedef struct link_edge
{
	uint32_t	a,
				b;				/* rows in the engine's order */
	float		weight;			/* log2 of the odds */
} link_edge;

/* what one blocking rule made */
typedef struct link_rule
{
	const char *name;
	uint64_t	blocks,
				pairs,
				largest,
				skipped;		/* blocks over the cap, whose members are paired with their neighbours alone */
	int			cap;
} link_rule;

typedef struct link_step		/* one comparison of a pair, for an explanation */
{
	int			comparison,
				level;
	double		m,
				u,				/* of these values */
				frequency,		/* u of these values when it is theirs and not the level's, else -1 */
				weight;			/* log2 of m by the chance under the other two classes */
} link_step;

extern link_engine *link_start(const link_memory *memory, int ncolumns, const link_kind *kinds, const char *const *names);
extern void link_end(link_engine *e);
extern void link_value(link_engine *e, int column, const char *s, size_t n);	/* valid UTF-8 */
extern void link_order(link_engine *e, const char *s, size_t n);	/* of the row that is ended next: its place among the others is that of this id */
extern void link_by_text(link_engine *e);	/* before link_block: candidate pairs too are the same in whatever order rows are read */
extern uint32_t link_row(link_engine *e, const char *id, size_t n, int side);	/* ends a row; side 0 or 1; returns the row's number */
extern void link_give_frequency(link_engine *e, int what, const char *s, size_t n, double share);	/* before link_settle; share above 0, at most 1 */
extern void link_frequency_list(link_engine *e, int what, uint32_t most, void (*put) (void *context, const char *s, size_t n, double share), void *context);	/* settled: the most frequent values first */
extern bool link_usable(const link_engine *e);	/* some column that identifies */

/* puts the rows in an order that depends on their ids, or what link_order said, alone; returns false when an id comes twice, and which */
extern bool link_settle(link_engine *e, const char **id, size_t *n);
extern uint64_t link_block(link_engine *e);
extern void link_train(link_engine *e, const link_model *given, link_model *out);
extern void link_default_model(const link_engine *e, link_model *out);	/* for two records by themselves */
extern void link_values_by_model(link_engine *e);	/* how frequent a value is comes from the model alone */
extern uint64_t link_score(link_engine *e, double keep_from);	/* edges of at least this weight are kept */
extern double link_stated(bool organisation, double records, double weight);	/* log2 of the odds that are stated of a pair of this weight among so many records of its kind */
extern double link_unstated(bool organisation, double records, double stated);
extern void link_state_weights(link_engine *e);	/* of all edges; no clusters afterwards */
extern void link_cluster(link_engine *e, double threshold, uint32_t *cluster);	/* for every row the least row of its cluster */

/*
 * The same by several processes that share memory: whoever read the records calls link_share to move what comparing takes into an area that all
 * can see, and the others link_attach (the area may lie elsewhere in each). Then all call link_score_work, one link_score_gather; one
 * link_plan_make, all link_plan_work. next hands out numbers from 0 on, each once. The result is the same whoever does which part.
 */
typedef struct link_plan link_plan;
extern size_t link_share_size(const link_engine *e);
extern void link_share(link_engine *e, void *area, double keep_from);	/* edges of at least this weight will be kept */
extern link_engine *link_attach(const link_memory *memory, void *area);
extern void link_score_work(link_engine *e, uint32_t (*next) (void *context), void *context);
extern uint64_t link_score_gather(link_engine *e);
extern size_t link_plan_size(const link_engine *e);
extern link_plan *link_plan_make(link_engine *e, double threshold, void *memory);
extern uint32_t link_plan_parts(const link_plan *p);
#define LINK_PLAN_ROUNDS 2
extern void link_plan_learn(link_engine *e, link_plan *p, int round, uint32_t (*next) (void *context), void *context);
extern void link_plan_work(link_engine *e, link_plan *p, uint32_t (*next) (void *context), void *context);
extern const uint32_t *link_plan_clusters(const link_plan *p);

/*
 * Reading by several processes: each reads parts of the rows into an engine that was started in the same way, writes each part down in
 * link_part_size bytes and clears the engine; the parts are taken in the order of the rows. The engine is then as if it had read them all itself.
 */
extern size_t link_part_size(link_engine *part);
extern void link_part_write(link_engine *part, void *area);
extern void link_part_clear(link_engine *part);
extern bool link_part_take(link_engine *e, const void *area);	/* false: too many rows */
extern bool link_part_join(link_engine *e, link_engine *part);	/* the same of an engine in this process */

extern uint32_t link_rows(const link_engine *e);
extern int	link_comparisons(const link_engine *e);
extern const char *link_comparison_name(const link_engine *e, int comparison, bool organisation);
extern int	link_comparison_levels(const link_engine *e, int comparison, bool organisation);
extern const char *link_comparison_level(const link_engine *e, int comparison, bool organisation, int level);
extern link_kind link_comparison_kind(const link_engine *e, int comparison);	/* of an extra; LINK_IGNORED else */
extern double link_prior(const link_engine *e, uint32_t row);	/* log2 of the odds before anything is compared */
extern const char *link_id(const link_engine *e, uint32_t row, size_t *n, int *side);
extern void link_prefetch_id(const link_engine *e, uint32_t row);	/* it will be asked for soon */
extern const link_edge *link_edges(const link_engine *e, uint64_t *n);
extern const link_rule *link_rules(const link_engine *e, int *n);
extern double link_pair(link_engine *e, uint32_t a, uint32_t b, link_step steps[LINK_COMPARISONS]);
extern uint32_t link_date_of(const link_engine *e, uint32_t row);	/* its date, packed, where it reads one way only; else 0 */
extern void link_part_by_date(const link_engine *e, uint32_t *cluster);
extern bool link_is_organisation(const link_engine *e, uint32_t row);
extern size_t link_memory_used(const link_engine *e);

/* ---- parts that stand alone ---- */

/* A date as people write it, read by value. packed year << 9 | month << 5 | day; *other the second reading or 0. 0: not a date. */
extern uint32_t link_read_date(const char *s, size_t n, uint32_t *other);

#endif
