/*
 * link_em.c: expectation-maximisation over a sample of the candidate pairs (Winkler 1988; Enamorado, Fifield and Imai 2019): m and h of each
 * level, the shares of the classes, and what equal whole names are worth beyond the counts of their parts. u and the priors that hold them come from link_train.c.
 */
#include "match/link_private.h"

#include <math.h>

#define EM_SAMPLE	100000
#define EM_ROUNDS	15
#define HOUSE_LEAST	0.1		/* pairs of one household by pairs of one party, at least, where neither address nor telephone would show them */
#define TWINS		0.06	/* pairs of one household with one date of birth, at most */
#define PRIOR_PAIRS	100.0	/* how many pairs a prior counts for */

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

void
link_maximise(link_engine *e, int org, link_class_model *k)
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
			int			levels = link_levels_of(e, c, org);
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
