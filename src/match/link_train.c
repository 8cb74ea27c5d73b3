/*
 * link_train.c: the model (Fellegi and Sunter 1969) without labels.
 *
 * Three classes: same, same household but another person, unrelated. u, the chance of each level among unrelated pairs, comes from random
 * pairs without those that are likely matches, and stays fixed. m and h, the chances among pairs of one person and of one household, and
 * the shares of the classes, come from expectation-maximisation over the candidate pairs (Winkler 1988; Enamorado, Fifield and Imai 2019),
 * starting from, and held by, the priors below. Pairs that no key brings together count as unrelated.
 */
#include "match/link_private.h"

#include <math.h>

#define EM_SAMPLE	100000
#define EM_ROUNDS	15
#define U_SAMPLE	100000
#define U_PER_RECORD 10
#define USUAL_PAIRS	1000.0		/* how many pairs what is usual of unrelated ones counts for */
#define HOUSE_LEAST	0.1		/* pairs of one household by pairs of one party, at least, where neither address nor telephone would show them */
#define TWINS		0.06	/* pairs of one household with one date of birth, at most */
#define PRIOR_PAIRS	100.0		/* how many pairs a prior counts for */

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

static inline int
levels_of(const link_engine *e, int c, int org)
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
			for (int c = 0; c < LINK_C_EXTRA + e->nextra; c++)
				count[c][p.level[c]]++;
		}
	for (int c = 0; c < LINK_C_EXTRA + e->nextra; c++)
	{
		int			levels = levels_of(e, c, org);
		double		sum = 0;

		for (int l = 1; l <= levels; l++)
			sum += count[c][l];
		for (int l = 1; l < LINK_LEVELS; l++)
			k->u[c][l] = l > levels ? 0 : (count[c][l] + 0.05 + USUAL_PAIRS * usual(e, org, c, l)) / (sum + 0.05 * levels + USUAL_PAIRS);
	}
}

/*
 * How many unrelated pairs of equal whole names the counts lead to expect, by how many records have the name. Names that so many records
 * have that their block is not looked into teach nothing.
 */
static void
names_by_count(const link_engine *e, int org, double expected[LINK_NAME_BINS])
{
	for (uint32_t i = 0; i < e->n; i++)
	{
		const link_record *r = &e->record[i];
		uint32_t	c;
		double		u;

		if (((r->flags & RECORD_ORG) != 0) != org)
			continue;
		if (org)
		{
			c = e->companies.v[r->last].count;
			u = (c > 2.5 ? c - 2 : 0.5) / (e->of_kind[1] + USUAL_COMPANY);
		}
		else
		{
			if (!r->first || !r->last || e->names.v[r->first].length == 1)
				continue;
			/* names that one record has, or more than the rule looks at */
			if (!(r->flags & RECORD_NAME_COUNTED))
				continue;
			expected[link_record_name_bin(r)] += exp2(e->lu_whole[i] + e->name[r->last].lu_last) * e->of_kind[org] / 2;
			continue;
		}
		if (c >= 2 && c <= NAME_COUNT_MOST)
			expected[link_name_bin(c)] += u * e->of_kind[org] / 2;
	}
}

/*
 * One pair of the sample as expectation-maximisation sees it. m and h depend on the levels alone, so they are summed once a pattern of
 * levels, of which there are a few thousand, and the posteriors are gathered by pattern too.
 */
typedef struct em_pair
{
	uint32_t	pattern;
	uint32_t	bin;
	float		u,				/* sum of log2 u */
				h_first;
} em_pair;

typedef struct em_pattern
{
	uint64_t	levels;			/* three bits a comparison */
	float		m,
				h;
	double		same,
				household;
} em_pattern;

typedef struct em_sample
{
	em_pair    *pair;
	em_pattern *pattern;
	uint32_t   *slot;			/* patterns by hash */
	uint32_t	npairs,
				npatterns,
				room,
				slots;
} em_sample;

static uint32_t
pattern_of(link_engine *e, em_sample *s, uint64_t levels)
{
	uint32_t	at;

	if ((s->npatterns + 1) * 2 > s->slots)
	{
		uint32_t	slots = s->slots ? s->slots * 4 : 4096;

		link_free(e, s->slot, sizeof(uint32_t) * s->slots);
		s->slot = link_zalloc(e, sizeof(uint32_t) * slots);
		s->pattern = link_grow(e, s->pattern, sizeof(em_pattern) * s->room, sizeof(em_pattern) * (slots / 2));
		s->slots = slots;
		s->room = slots / 2;
		for (uint32_t i = 0; i < s->npatterns; i++)
		{
			for (at = (uint32_t) link_mix(s->pattern[i].levels, 3) & (slots - 1); s->slot[at]; at = (at + 1) & (slots - 1))
				;
			s->slot[at] = i + 1;
		}
	}
	for (at = (uint32_t) link_mix(levels, 3) & (s->slots - 1); s->slot[at]; at = (at + 1) & (s->slots - 1))
		if (s->pattern[s->slot[at] - 1].levels == levels)
			return s->slot[at] - 1;
	s->pattern[s->npatterns] = (em_pattern) {.levels = levels};
	s->slot[at] = ++s->npatterns;
	return s->npatterns - 1;
}

static void
take_pair(link_engine *e, em_sample *s, const link_record *a, const link_record *b)
{
	link_pair_levels p;
	uint64_t	levels = 0;
	float		u = 0;

	link_compare(e, a, b, &p);
	for (int c = 0; c < LINK_C_EXTRA + e->nextra; c++)
	{
		levels |= (uint64_t) p.level[c] << (3 * c);
		u += p.lu[c];
	}
	s->pair[s->npairs++] = (em_pair) {pattern_of(e, s, levels), p.name_bin, u, p.lh_first};
}

/* four numbers at once, as the compiler's vectors */
typedef float four __attribute__((vector_size(16)));
typedef int32_t four_whole __attribute__((vector_size(16)));

#define EM_PORTION 64			/* pairs whose posteriors are taken together */

static inline four
larger(four a, four b)
{
	four_whole	m = a > b;

	return (four) (((four_whole) a & m) | ((four_whole) b & ~m));
}

/* 2^x of numbers of at most 0, without what does not count: below -30. The polynomial is the series of 2^x, right to 2e-7 from -1/2 to 1/2; 2^0 is 1 */
static inline four
power_of_two(four x)
{
	four_whole	counts = x >= -30.0f,
				whole = __builtin_convertvector((four) ((four_whole) x & counts) - 0.5f, four_whole);
	four		f = (four) ((four_whole) x & counts) - __builtin_convertvector(whole, four),
				p = ((((1.5403530e-4f * f + 1.3333558e-3f) * f + 9.6181291e-3f) * f + 5.5504109e-2f) * f + 2.4022651e-1f) * f * f + 6.9314718e-1f * f + 1.0f;

	return (four) (((four_whole) p + (whole << 23)) & counts);
}

/* from logarithms of what speaks for each of three classes to their shares; without_h: there are two */
static void
shares(float *m, float *h, float *u, bool without_h)
{
	for (int i = 0; i < EM_PORTION; i += 4)
	{
		four		x,
					y,
					z,
					top;

		memcpy(&x, m + i, sizeof x);
		memcpy(&y, h + i, sizeof y);
		memcpy(&z, u + i, sizeof z);
		top = larger(x, larger(y, z));
		x = power_of_two(x - top);
		y = without_h ? (four) {0, 0, 0, 0} : power_of_two(y - top);
		z = power_of_two(z - top);
		top = x + y + z;
		x /= top;
		y /= top;
		z /= top;
		memcpy(m + i, &x, sizeof x);
		memcpy(h + i, &y, sizeof y);
		memcpy(u + i, &z, sizeof z);
	}
}

static void
maximise(link_engine *e, int org, link_class_model *k)
{
	link_class_model start = *k;
	uint64_t	of_kind = e->npairs_of[org];
	uint32_t	limit;
	em_sample	s = {0};
	int			nc = LINK_C_EXTRA + e->nextra;
	double		least,
				relatives,
				unplaced;
	size_t		most = EM_SAMPLE + EM_SAMPLE / 8;

	if (of_kind == 0)
		return;
	if (of_kind < most)
		most = of_kind;
	link_model_logs(e);
	limit = of_kind <= EM_SAMPLE ? UINT32_MAX : (uint32_t) (UINT32_MAX * (EM_SAMPLE / (double) of_kind));
	s.pair = link_alloc(e, sizeof(em_pair) * most);
	for (uint64_t i = 0; i < e->npairs && s.npairs < most; i++)
	{
		uint64_t	x = e->pair_block[i / PAIR_CHUNK][i % PAIR_CHUNK];
		const link_record *a;

		if (limit != UINT32_MAX && (uint32_t) link_mix(x, 7) > limit)
			continue;
		a = &e->record[x >> 32];
		if (((a->flags & RECORD_ORG) != 0) != org)
			continue;
		take_pair(e, &s, a, &e->record[(uint32_t) x]);
		if ((s.npairs & 0x3ff) == 0)
			link_look(e);
	}
	float		shift[LINK_NAME_BINS + 1] = {0};
	double		by_count[LINK_NAME_BINS] = {0};

	/* a table that is to be linked has some doubles: what is expected of it before anything is seen */
	/* in a few records a parent and a child of one name are as likely as a double with another date of birth */
	relatives = org || e->with_first == 0 ? 0 : 0.8 * 900 / (900 + (double) e->of_kind[0] * e->of_kind[0]);
	/* households whose members no place and no line brings together are not seen among the candidates */
	unplaced = fmax(0, 1 - 2 * (e->with_address + e->with_phone) / (double) (e->of_kind[0] + 1));
	least = fmin(0.5 + 0.01 * e->of_kind[org], k->pairs / 4);
	names_by_count(e, org, by_count);
	for (int round = 0; s.npairs && round < EM_ROUNDS; round++)
	{
		double		sa[LINK_COMPARISONS][LINK_LEVELS] = {{0}},
					sb[LINK_COMPARISONS][LINK_LEVELS] = {{0}},
					suma = 0,
					sumb = 0,
					weight = of_kind / (double) s.npairs,
					chance[LINK_NAME_BINS + 1] = {0},
					moved;

		link_model_logs(e);
		for (uint32_t i = 0; i < s.npatterns; i++)
		{
			em_pattern *t = &s.pattern[i];

			t->m = e->prior_m[org] + e->lm[org][0][t->levels & 7];
			t->h = e->prior_h[org];
			t->same = t->household = 0;
			for (int c = 1; c < nc; c++)
			{
				int			l = t->levels >> (3 * c) & 7;

				t->m += e->lm[org][c][l];
				t->h += e->lh[org][c][l];
			}
		}
		for (uint32_t from = 0; from < s.npairs; from += EM_PORTION)
		{
			uint32_t	n = s.npairs - from < EM_PORTION ? s.npairs - from : EM_PORTION;
			float		m[EM_PORTION] = {0},
						h[EM_PORTION] = {0},
						u[EM_PORTION] = {0};

			for (uint32_t i = 0; i < n; i++)
			{
				const em_pair *q = &s.pair[from + i];
				const em_pattern *t = &s.pattern[q->pattern];

				m[i] = t->m;
				h[i] = t->h + q->h_first;
				u[i] = e->prior_u[org] + q->u + shift[q->bin];
			}
			shares(m, h, u, org);
			for (uint32_t i = 0; i < n; i++)
			{
				const em_pair *q = &s.pair[from + i];
				em_pattern *t = &s.pattern[q->pattern];

				chance[q->bin] += u[i];
				suma += m[i];
				sumb += h[i];
				if (m[i] > 1e-4f)
					t->same += m[i];
				if (h[i] > 1e-4f)
					t->household += h[i];
			}
		}
		for (uint32_t i = 0; i < s.npatterns; i++)
			for (int c = 0; c < nc; c++)
			{
				const em_pattern *t = &s.pattern[i];
				int			l = t->levels >> (3 * c) & 7;

				sa[c][l] += t->same;
				sb[c][l] += t->household;
			}
		link_look(e);
		/* what equal whole names are found to be worth beyond the counts of their parts */
		for (int b = 0; b < LINK_NAME_BINS; b++)
		{
			double		found = (weight * chance[b + 1] + 2 + 0.02 * by_count[b]) / (2 + 1.02 * by_count[b]);

			/* not more often: where names say all, parties of several records would be taken for people of one name */
			shift[b + 1] = (float) log2(found < 1 ? found : 1);
		}
		moved = fabs(k->same - weight * suma) / (k->same + 1e-9);
		k->same = weight * suma + least;
		k->household = org ? 0 : fmax(weight * sumb + fmin(0.3, least), HOUSE_LEAST * unplaced * k->same) + relatives * k->same;
		for (int c = 0; c < nc; c++)
		{
			int			levels = levels_of(e, c, org);
			double		ta = PRIOR_PAIRS,
						tb = PRIOR_PAIRS;

			for (int l = 1; l <= levels; l++)
			{
				ta += weight * sa[c][l];
				tb += weight * sb[c][l];
			}
			for (int l = 1; l <= levels; l++)
			{
				k->m[c][l] = (weight * sa[c][l] + PRIOR_PAIRS * start.m[c][l]) / ta;
				if (c > 0)
					k->h[c][l] = (weight * sb[c][l] + PRIOR_PAIRS * start.h[c][l]) / tb;
			}
		}
		/* of those who live together few are twins: else people whose given name was written wrong would be taken for others */
		if (!org && k->h[LINK_C_DATE][1] > TWINS)
		{
			k->h[LINK_C_DATE][4] += k->h[LINK_C_DATE][1] - TWINS;
			k->h[LINK_C_DATE][1] = TWINS;
		}
		if (round >= 5 && moved < 0.002)
			break;
	}
	for (int b = 0; b < LINK_NAME_BINS; b++)
		k->name_chance[b] = exp2(shift[b + 1]);
	link_free(e, s.pair, sizeof(em_pair) * most);
	link_free(e, s.pattern, sizeof(em_pattern) * s.room);
	link_free(e, s.slot, sizeof(uint32_t) * s.slots);
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
			maximise(e, org, k);
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
	return levels_of(e, comparison, organisation);
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
			int			levels = levels_of(e, c, org);

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
