/*
 * link_train.c: the model (Fellegi and Sunter 1969) without labels.
 *
 * Three classes: same, same household but another person, unrelated. u, the chance of each level among unrelated pairs, comes from random
 * pairs without those that are likely matches, and stays fixed. m and h, the chances among pairs of one person and of one household, and
 * the shares of the classes, come from expectation-maximisation over the candidate pairs (link_em.c), starting from, and held by, the priors
 * below. Pairs that no key brings together count as unrelated.
 */
#include "match/link_private.h"

#include <math.h>

#define U_SAMPLE	100000
#define U_PER_RECORD 10
#define USUAL_PAIRS	1000.0		/* how many pairs what is usual of unrelated ones counts for */

static const double m_person[LINK_C_SOURCE][LINK_LEVELS] = {
	{0, .80, .06, .05, .07, .02}, {0, .82, .11, .07}, {0, .90, .04, .04, .02}, {0, .60, .05, .01, .34}, {0, .35, .20, .03, .24, .18},
	{0, .68, .05, .05, .22}, {0, .95, .03, .02}
};
static const double m_organisation[LINK_C_SOURCE][LINK_LEVELS] = {
	{0, .95, .05}, {0, .80, .17, .03}, {0, .90, .04, .04, .02}, {0, .60, .05, .01, .34}, {0, .35, .20, .03, .24, .18}, {0, .68, .05, .05, .22},
	{0, .95, .02, .03}
};
static const double h_person[LINK_C_SOURCE][LINK_LEVELS] = {
	{0, .2, .2, .2, .2, .2}, {0, .80, .07, .13}, {0, .02, .01, .03, .94}, {0, .05, .01, .01, .93}, {0, .03, .42, .01, .22, .32},
	{0, .76, .04, .04, .16}, {0, .005, .005, .99}
};

/* what is usual of unrelated pairs: learned from a made-up retailer's hundred thousand records */
static const double u_usual[LINK_C_EXTRA][LINK_LEVELS] = {
	{0, .0055, .004, .006, .0006, .984}, {0, .0004, .0001, .9995}, {0, .00004, .0006, .0055, .994}, {0, 1e-6, 1e-5, 1e-5, .99998},
	{0, 1e-6, 1e-6, 1e-6, .4, .6}, {0, 1e-6, 2e-5, 8e-4, .9992}, {0, 1e-6, 1e-6, .999998}, {0, .2, .8}, {0, .02, .98}
};

static const char *const level_name[LINK_C_EXTRA][LINK_LEVELS] = {
	{"missing", "equal", "nickname or part", "initial", "near", "different"}, {"missing", "equal", "near", "different"},
	{"missing", "equal", "day and month swapped or 1 January", "two parts of three", "different"},
	{"missing", "same mailbox", "same or near local part", "same private domain", "different"},
	{"missing", "same mobile", "same landline", "one digit off", "a mobile and a landline", "different"},
	{"missing", "same", "street or number off", "same postal code or city", "different"}, {"missing", "equal", "one sign off", "different"},
	{"missing", "same", "different"}, {"missing", "same", "different"}
};
static const char *const extra_name[3][LINK_LEVELS] = {
	{"missing", "equal", "one sign off", "different"}, {"missing", "equal", "near", "different"}, {"missing", "equal", "different"}
};

int
link_levels(int comparison, link_kind extra, bool organisation)
{
	static const uint8_t levels[LINK_C_EXTRA] = {5, 3, 4, 4, 5, 4, 3, 2, 2};

	if (comparison >= LINK_C_EXTRA)
		return extra == LINK_DATE ? 4 : extra == LINK_SEX ? 2 : 3;
	return comparison == LINK_C_FIRST && organisation ? 2 : levels[comparison];
}

const char *
link_level_name(int comparison, link_kind extra, bool organisation, int level)
{
	if (comparison >= LINK_C_EXTRA)
		return extra == LINK_DATE ? level_name[LINK_C_DATE][level] : extra_name[extra == LINK_CODE ? 0 : extra == LINK_SEX ? 2 : 1][level];
	if (comparison == LINK_C_FIRST && organisation)
		return level_name[LINK_C_SOURCE][level];
	return level_name[comparison][level];
}

int
link_levels_of(const link_engine *e, int c, int org)
{
	return link_levels(c, c >= LINK_C_EXTRA ? e->extra_kind[c - LINK_C_EXTRA] : LINK_TEXT, org);
}

static void
priors(const link_engine *e, int org, link_class_model *p)
{
	for (int c = 0; c < LINK_C_EXTRA + e->nextra; c++)
		for (int l = 1; l < LINK_LEVELS; l++)
		{
			double	   *m = &p->m[c][l],
					   *h = &p->h[c][l],
						u = p->u[c][l];

			if (c < LINK_C_SOURCE)
			{
				*m = (org ? m_organisation : m_person)[c][l];
				*h = org ? u : h_person[c][l];
			}
			else if (c == LINK_C_SOURCE)
				*m = *h = u;
			else if (c == LINK_C_YEAR)
			{
				*m = l > 2 ? 0 : l == 1 ? 0.4 : 0.6;
				*h = u;
			}
			else
			{
				static const double code[LINK_LEVELS] = {0, .85, .05, .10},
							text[LINK_LEVELS] = {0, .75, .10, .15},
							sex[LINK_LEVELS] = {0, .98, .02},
							date[LINK_LEVELS] = {0, .85, .05, .05, .05};
				link_kind	k = e->extra_kind[c - LINK_C_EXTRA];

				*m = (k == LINK_CODE ? code : k == LINK_SEX ? sex : k == LINK_DATE ? date : text)[l];
				*h = k == LINK_SEX ? 0.5 * (l <= 2) : 0.5 * *m + 0.5 * u;
			}
		}
	/* agreement is no rarer among records of one person than by chance: where given names are initials, or one value fills the column */
	if (!org)
	{
		double		sum = 0;

		for (int l = 1; l < LINK_LEVELS; l++)
			sum += p->m[LINK_C_FIRST][l] = l < 5 ? fmax(p->m[LINK_C_FIRST][l], p->u[LINK_C_FIRST][l]) : p->m[LINK_C_FIRST][l];
		for (int l = 1; l < LINK_LEVELS; l++)
			p->m[LINK_C_FIRST][l] /= sum;
	}
}

static inline float
log2_or(double x)
{
	return (float) log2(x > 1e-9 ? x : 1e-9);
}

/* the tables of logarithms by which pairs are weighed */
void
link_model_logs(link_engine *e)
{
	for (int org = 0; org < 2; org++)
	{
		link_class_model *k = &e->model.of[org];
		double		pairs = k->pairs > 1 ? k->pairs : 1,
					pm = k->same / pairs,
					ph = k->household / pairs;

		if (pm > 0.5)
			pm = 0.5;
		if (ph > 0.3)
			ph = 0.3;
		for (int b = 0; b < LINK_NAME_BINS; b++)
			e->lu_name[org][b] = k->name_chance[b] > 0 ? log2_or(k->name_chance[b]) : 0;
		e->prior_m[org] = log2_or(pm);
		e->prior_h[org] = org ? -60 : log2_or(ph);
		e->prior_u[org] = log2_or(1 - pm - ph);
		for (int c = 0; c < LINK_C_EXTRA + e->nextra; c++)
		{
			e->lm[org][c][0] = e->lh[org][c][0] = e->lu[org][c][0] = 0;
			for (int l = 1; l < LINK_LEVELS; l++)
			{
				e->lm[org][c][l] = log2_or(k->m[c][l]);
				e->lh[org][c][l] = log2_or(k->h[c][l]);
				e->lu[org][c][l] = log2_or(k->u[c][l]);
			}
		}
	}
}

/* pairs that are likely one party, left out of the sample of unrelated ones */
static bool
likely(const link_record *a, const link_record *b)
{
	return (a->email && a->email == b->email) || (a->phone && a->phone == b->phone) || (a->registry && a->registry == b->registry) ||
		(a->street && a->street == b->street && a->number == b->number && a->postcode == b->postcode) ||
		(a->first && a->first == b->first && a->last && a->last == b->last && ((a->date && a->date == b->date) || (a->flags & RECORD_ORG)));
}

/* u of a level as it usually is, by which that of a small table is held */
static double
usual(const link_engine *e, int org, int c, int l)
{
	static const double code[LINK_LEVELS] = {0, .001, .001, .998},
				text[LINK_LEVELS] = {0, .02, .01, .97};

	if (org && c == LINK_C_FIRST)
		return l == 1 ? 0.25 : 0.75;
	if (c < LINK_C_EXTRA)
		return u_usual[c][l];
	switch (e->extra_kind[c - LINK_C_EXTRA])
	{
		case LINK_SEX:
			return 0.5;
		case LINK_DATE:
			return u_usual[LINK_C_DATE][l];
		case LINK_CODE:
			return code[l];
		default:
			return text[l];
	}
}

/* as many of the rows as are looked at, in random order (Fisher and Yates); rows that were not placed by what is in them stand so already */
static void
shuffle(uint32_t *row, uint32_t n)
{
	for (uint32_t i = 0; i + 1 < n && i <= U_SAMPLE; i++)
	{
		uint32_t	j = i + (uint32_t) (link_mix(i, 11) % (n - i)),
					t = row[i];

		row[i] = row[j];
		row[j] = t;
	}
}

static void
unrelated(link_engine *e, int org, const uint32_t *row, uint32_t n, link_class_model *k)
{
	double		count[LINK_COMPARISONS][LINK_LEVELS] = {{0}};
	uint64_t	want = (uint64_t) n * U_PER_RECORD,
				done = 0;
	link_pair_levels p;

	if (want > U_SAMPLE)
		want = U_SAMPLE;
	/* in random order, so neighbours at any distance are random pairs */
	for (uint32_t s = 1; s < n && done < want; s++)
		for (uint32_t i = 0; i < n && done < want; i++, done++)
		{
			const link_record *a = &e->record[row[i]],
					   *b = &e->record[row[i + s < n ? i + s : i + s - n]];

			if (i + s + 8 < n)
				link_prefetch(e, &e->record[row[i + 8]], &e->record[row[i + s + 8]]);
			if ((done & 0x3ff) == 0)
				link_look(e);
			if (likely(a, b))
				continue;
			link_compare(e, a, b, &p);
			/* a name that was read out of an e-mail address is often an initial, and counts for nothing where that address agrees: it says nothing of what is usual */
			if ((a->flags | b->flags) & RECORD_IMPUTED_FIRST)
				p.level[LINK_C_FIRST] = 0;
			if ((a->flags | b->flags) & RECORD_IMPUTED_LAST)
				p.level[LINK_C_LAST] = 0;
			for (int c = 0; c < LINK_C_EXTRA + e->nextra; c++)
				count[c][p.level[c]]++;
		}
	for (int c = 0; c < LINK_C_EXTRA + e->nextra; c++)
	{
		int			levels = link_levels_of(e, c, org);
		double		sum = 0;

		for (int l = 1; l <= levels; l++)
			sum += count[c][l];
		for (int l = 1; l < LINK_LEVELS; l++)
			k->u[c][l] = l > levels ? 0 : (count[c][l] + 0.05 + USUAL_PAIRS * usual(e, org, c, l)) / (sum + 0.05 * levels + USUAL_PAIRS);
	}
}

/* link_train: the model of this table, or the one that is given; what was used is put into out */
void
link_train(link_engine *e, const link_model *given, link_model *out)
{
	uint32_t   *row = NULL;

	for (int org = 0; org < 2; org++)
	{
		link_class_model *k = &e->model.of[org];
		uint32_t	n = 0;

		if (given && given->of[org].trained)
		{
			*k = given->of[org];
			link_model_logs(e);
			continue;
		}
		if (!row)
			row = link_alloc(e, sizeof(uint32_t) * (e->n + 1));
		for (uint32_t i = 0; i < e->n; i++)
			if (((e->record[i].flags & RECORD_ORG) != 0) == org)
				row[n++] = i;
		memset(k, 0, sizeof *k);
		/* levels without u yet are not looked at */
		link_model_logs(e);
		if (e->placed)
			shuffle(row, n);
		unrelated(e, org, row, n, k);
		priors(e, org, k);
		k->pairs = (double) n * (n > 0 ? n - 1 : 0) / 2;
		if (e->two_sides)
		{
			double		b = 0;

			for (uint32_t i = 0; i < n; i++)
				b += (e->record[row[i]].flags & RECORD_SIDE) != 0;
			k->pairs = b * (n - b);
		}
		if (k->pairs < 1)
			k->pairs = 1;
		/* the first guess: a double for each record */
		k->same = n < k->pairs / 2 ? n : k->pairs / 2;
		k->household = org ? 0 : 0.6 * k->same;
		for (int b = 0; b < LINK_NAME_BINS; b++)
			k->name_chance[b] = 1;
		k->trained = true;
		if (n > 1)
			link_maximise(e, org, k);
		link_model_logs(e);
	}
	link_free(e, row, sizeof(uint32_t) * (e->n + 1));
	if (out)
		*out = e->model;
}

int
link_comparisons(const link_engine *e)
{
	return LINK_C_EXTRA + e->nextra;
}

const char *
link_comparison_name(const link_engine *e, int comparison, bool organisation)
{
	static const char *const name[LINK_C_EXTRA] = {"given_name", "family_name", "date", "email", "phone", "address", "registry_number", "source", "year_in_email"};

	if (comparison >= LINK_C_EXTRA)
		return e->extra_name[comparison - LINK_C_EXTRA];
	return organisation && comparison == LINK_C_FIRST ? "legal_form" : organisation && comparison == LINK_C_LAST ? "organisation_name" : name[comparison];
}

int
link_comparison_levels(const link_engine *e, int comparison, bool organisation)
{
	return link_levels_of(e, comparison, organisation);
}

const char *
link_comparison_level(const link_engine *e, int comparison, bool organisation, int level)
{
	return link_level_name(comparison, link_comparison_kind(e, comparison), organisation, level);
}

link_kind
link_comparison_kind(const link_engine *e, int comparison)
{
	return comparison >= LINK_C_EXTRA ? e->extra_kind[comparison - LINK_C_EXTRA] : LINK_IGNORED;
}

double
link_prior(const link_engine *e, uint32_t row)
{
	int			org = (e->record[row].flags & RECORD_ORG) != 0;
	float		h = e->prior_h[org],
				u = e->prior_u[org];

	return e->prior_m[org] - (org ? u : log2(exp2(h) + exp2(u)));
}

void
link_values_by_model(link_engine *e)
{
	e->by_model = true;
}

/* What is usual: for two records that come without their table. Learned from a made-up retailer's hundred thousand records. */
void
link_default_model(const link_engine *e, link_model *out)
{
	memset(out, 0, sizeof *out);
	for (int org = 0; org < 2; org++)
	{
		link_class_model *k = &out->of[org];

		for (int c = 0; c < LINK_C_EXTRA + e->nextra; c++)
		{
			int			levels = link_levels_of(e, c, org);

			for (int l = 1; l <= levels; l++)
				k->u[c][l] = c < LINK_C_EXTRA ? u_usual[c][l] : levels == 2 ? 0.5 : l == 1 ? 0.05 : l == levels ? 0.94 : 0.01 / (levels - 2);
		}
		if (org)
			k->u[LINK_C_FIRST][1] = 0.25, k->u[LINK_C_FIRST][2] = 0.75;
		priors(e, org, k);
		k->pairs = 1e4 * 1e4 / 2;
		k->same = 1e4;
		for (int b = 0; b < LINK_NAME_BINS; b++)
			k->name_chance[b] = 1;
		k->household = org ? 0 : 4e3;
		k->trained = true;
	}
}
