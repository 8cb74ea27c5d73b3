/*
 * link_plan.c: the components into which edges of at least -7 bits, and in large ones stronger edges, split the records, and the working through
 * them by one process or several; each component is grouped into parties by itself (link_cluster.c).
 */
#include "disjoint.h"
#include "match/link_cluster.h"

#include <math.h>

#define SIZE_ROUNDS LINK_PLAN_ROUNDS
#define SIZE_LEAST 12.0
#define SIZE_SAMPLE 30000		/* records from whose components the sizes of parties are learned */
#define SIZE_MOST (4 * SIZE_SAMPLE)	/* so many components at most, by far more than are drawn */
#define SIZE_PARTS 64			/* into so many the sample is cut */
#define SIZE_COUNTS (2 * SIZES + 2)
#define WEAK_MOST 200			/* a component of more records is taken apart by stronger edges */
#define CLUSTER_MARGIN 1.0		/* bits: a cluster asserts all pairs of its members, so joining persons asks for more than a pair by itself; organisations are surer than they say */
#define MARGIN_LESS 15			/* eighths of a bit by which it is less where joins are sure, at most, */
#define MARGIN_MORE 12			/* and more where they are not */
#define WRONG_ALLOWED 0.027		/* at even odds, of the pairs that joins assert: so many may be expected to be wrong */
#define WRONG_FALL 0.4			/* by which it falls with each bit of the threshold: halvings */
#define WRONG_PAIRS 1000		/* fewer tell too little */
#define LOST_ALLOWED 0.05		/* at even odds, of the pairs that are expected to be right: so many may be given up for it */

/* what a part of the sample taught, whoever grouped it */
typedef struct learned_part
{
	uint32_t	sizes[SIZE_ROUNDS][2][SIZE_COUNTS]; /* parties of so many records */
	double		joined[JOIN_STEPS + 1],	/* as of link_work */
				wrong[JOIN_STEPS + 1];
} learned_part;

/*
 * The components of the graph of edges, and what it takes to work through them: one block of memory without pointers, so that several
 * processes can share it. Large components are parts of their own, the largest first; all others are cut into ranges of rows.
 */
struct link_plan
{
	uint32_t	n,
				large,
				parts;
	double		threshold;		/* that was asked for, in bits */
	uint32_t	sampled,		/* components of several records from which sizes are learned */
				singles[2];		/* and single records, persons and organisations */
	learned_part learned[SIZE_PARTS];
	size_t		start,			/* where the arrays begin */
				member,
				edges,
				edge,
				out,
				root,
				sample;
};

#define LARGE_COMPONENT 2000
#define PLAN_RANGES 64

typedef struct components
{
	uint32_t   *start,			/* where each one's members end, by its root */
			   *member,
			   *edges,			/* where each one's edges end */
			   *out,			/* for every row the least row of its cluster */
			   *root,			/* the large ones */
			   *sample;			/* the sampled ones */
	link_local_edge *edge;			/* by component */
} components;

static components
arrays_of(link_plan *p)
{
	char	   *at = (char *) p;

	return (components) {(uint32_t *) (at + p->start), (uint32_t *) (at + p->member), (uint32_t *) (at + p->edges), (uint32_t *) (at + p->out),
		(uint32_t *) (at + p->root), (uint32_t *) (at + p->sample), (link_local_edge *) (at + p->edge)};
}

static size_t
lay_out(const link_engine *e, link_plan *p)
{
	size_t		n = e->n,
				at = (sizeof *p + 63) & ~(size_t) 63,
				sizes[7] = {sizeof(uint32_t) * (n + 2), sizeof(uint32_t) * (n + 1), sizeof(uint32_t) * (n + 2), sizeof(link_local_edge) * (e->nedges + 1),
		sizeof(uint32_t) * (n + 1), sizeof(uint32_t) * (n / LARGE_COMPONENT + 1),
	sizeof(uint32_t) * ((n < SIZE_MOST ? n : SIZE_MOST) + 1)},
			   *to[7] = {&p->start, &p->member, &p->edges, &p->edge, &p->out, &p->root, &p->sample};

	for (int i = 0; i < 7; i++)
	{
		*to[i] = at;
		at += (sizes[i] + 63) & ~(size_t) 63;
	}
	return at;
}

/* link_plan_size: of the memory that link_plan_make fills */
size_t
link_plan_size(const link_engine *e)
{
	link_plan	p;

	return lay_out(e, &p);
}

/* joins the ends of edges of at least this weight, those of records that are marked, or all */
static void
join_edges(const link_engine *e, uint32_t *up, float least, const uint8_t *marked)
{
	for (uint64_t i = 0; i < e->nedges; i++)
	{
		uint32_t	a,
					b;

		if (i + 16 < e->nedges)
		{
			link_ask(up, e->edge[i + 16].a);
			link_ask(up, e->edge[i + 16].b);
		}
		if (marked && (e->edge[i].weight < least || !marked[e->edge[i].a]))
			continue;
		a = disjoint_root(up, e->edge[i].a);
		b = disjoint_root(up, e->edge[i].b);
		if (a != b)
		{
			if (a < b)
				up[b] = a;
			else
				up[a] = b;
		}
	}
	/* a root is the least of its members, so it is final before they are */
	for (uint32_t i = 0; i < e->n; i++)
		up[i] = up[up[i]];
}

/*
 * The components of all edges, by the least member of each. A component of many records hangs together by weak edges alone, which count for
 * little there and cost much: it is taken apart by stronger edges, again and again while it is large.
 */
static void
component_roots(link_engine *e, uint32_t *up, uint32_t *size)
{
	static const float least[] = {-3, -1};
	uint8_t    *large = link_alloc(e, e->n + 1);

	for (uint32_t i = 0; i < e->n; i++)
		up[i] = i;
	join_edges(e, up, 0, NULL);
	for (size_t k = 0; k < sizeof least / sizeof *least; k++)
	{
		uint32_t	many = 0;

		memset(size, 0, sizeof(uint32_t) * (e->n + 1));
		for (uint32_t i = 0; i < e->n; i++)
			size[up[i]]++;
		for (uint32_t i = 0; i < e->n; i++)
			many += large[i] = size[up[i]] > WEAK_MOST;
		if (many == 0)
			break;
		for (uint32_t i = 0; i < e->n; i++)
			if (large[i])
				up[i] = i;
		join_edges(e, up, least[k], large);
		link_look(e);
	}
	link_free(e, large, e->n + 1);
}

static void
find_components(link_engine *e, const components *g)
{
	uint32_t	n = e->n,
			   *up = g->out,
			   *local = link_alloc(e, sizeof(uint32_t) * (n + 1));

	component_roots(e, up, local);
	memset(g->start, 0, sizeof(uint32_t) * (n + 2));
	memset(g->edges, 0, sizeof(uint32_t) * (n + 2));
	for (uint32_t i = 0; i < n; i++)
		g->start[up[i] + 1]++;
	for (uint64_t i = 0; i < e->nedges; i++)
	{
		uint32_t	r = up[e->edge[i].a];

		if (i + 16 < e->nedges)
		{
			link_ask(up, e->edge[i + 16].a);
			link_ask(up, e->edge[i + 16].b);
		}
		if (r == up[e->edge[i].b])
			g->edges[r + 1]++;
	}
	for (uint32_t i = 0; i <= n; i++)
	{
		g->start[i + 1] += g->start[i];
		g->edges[i + 1] += g->edges[i];
	}
	for (uint32_t i = 0; i < n; i++)
	{
		local[i] = g->start[up[i]]++;
		g->member[local[i]] = i;
	}
	for (uint64_t i = 0; i < e->nedges; i++)
	{
		const link_edge *x = &e->edge[i];
		uint32_t	r = up[x->a],
					from;

		if (i + 16 < e->nedges)
		{
			link_ask(local, x[16].a);
			link_ask(local, x[16].b);
			link_ask(up, x[16].a);
			link_ask(up, x[16].b);
		}
		if (r != up[x->b])
			continue;
		from = local[r];		/* a root is its component's first */
		g->edge[g->edges[r]++] = (link_local_edge) {local[x->a] - from, local[x->b] - from, x->weight};
	}
	link_free(e, local, sizeof(uint32_t) * (n + 1));
	/* the starts have moved on by one component: they are ends now */
	link_look(e);
}

/* one component's clusters, as chains of local numbers */
static void
grow_component(link_work *w, const components *g, uint32_t r)
{
	uint32_t	from = r == 0 ? 0 : g->start[r - 1],
				edge = r == 0 ? 0 : g->edges[r - 1];

	link_grow_clusters(w, g->member + from, g->start[r] - from, g->edge + edge, g->edges[r] - edge);
}

/*
 * How many records a party has is learned from a first grouping of some components, and speaks against joining two clusters into one of a
 * size that hardly any party has: chains of namesakes. With m(s) the share of parties of s records, the odds of joining sizes a and b are
 * to those of joining two single records as m(a + b) / m(a) m(b) to m(2) / m(1)^2; never in favour. (After the priors on partitions into
 * small clusters of Betancourt, Zanella and Steorts 2022; without their count of arrangements, since a profile already takes the best of
 * its members' values.)
 */
static void
sizes_learned(link_work *w, const link_plan *p, int round)
{
	for (int org = 0; org < 2; org++)
	{
		double		count[SIZE_COUNTS] = {0},
					share[SIZE_COUNTS],
					sum = 0,
					base;

		count[1] = p->singles[org];
		for (int part = 0; part < SIZE_PARTS; part++)
			for (int s = 1; s <= 2 * SIZES; s++)
				count[s] += p->learned[part].sizes[round][org][s];
		for (int s = 1; s <= 2 * SIZES; s++)
			sum += count[s];
		for (int s = 1; s <= 2 * SIZES; s++)
		{
			/* held by a geometric guess worth a few parties */
			share[s] = (count[s] + 8 * exp2(-s)) / (sum + 8);
		}
		base = share[2] / (share[1] * share[1]);
		for (int a = 1; a <= SIZES; a++)
			for (int b = 1; b <= SIZES; b++)
			{
				double		r = share[a + b] / (share[a] * share[b]) / base;
				double		x = log2(r);

				w->size_bits[org][a][b] = (float) (x > 0 ? 0 : x < -SIZE_LEAST ? -SIZE_LEAST : x);
			}
	}
}

/* the components from which sizes are learned: so much of them by a hash of the first record's id */
static void
draw_sample(const link_engine *e, link_plan *p, const components *g)
{
	uint64_t	limit[2];

	for (int org = 0; org < 2; org++)
		limit[org] = e->of_kind[org] <= SIZE_SAMPLE ? UINT64_MAX : (uint64_t) (SIZE_SAMPLE / (double) e->of_kind[org] * 0x1p64);
	for (uint32_t r = 0, from = 0; r < e->n; from = g->start[r++])
	{
		uint32_t	size = g->start[r] - from;
		const link_record *first;
		int			org;

		if (size == 0)
			continue;
		if (from + 16 < e->n)
			link_ask(e->record, g->member[from + 16]);
		first = &e->record[g->member[from]];
		org = (first->flags & RECORD_ORG) != 0;
		if (size > 4096 || link_mix(first->hash, 5) > limit[org])
			continue;
		if (size == 1)
			p->singles[org]++;
		else if (p->sampled < SIZE_MOST)
			g->sample[p->sampled++] = r;
	}
}

/*
 * link_plan_learn: groups parts of the sample until there are none, by what the round before has taught; when all of a round are done the next one
 * can begin, and after LINK_PLAN_ROUNDS of them link_plan_work. The second round sees chains that only namesakes hold together no more.
 */
void
link_plan_learn(link_engine *e, link_plan *p, int round, uint32_t (*next) (void *context), void *context)
{
	components	g = arrays_of(p);
	link_work  *w = link_work_start(e);
	uint32_t	part;

	if (round > 0)
		sizes_learned(w, p, round - 1);
	/* weak joins are counted too */
	w->counts = round == SIZE_ROUNDS - 1;
	w->threshold_of[0] = w->counts ? JOIN_LEAST : 0;
	while ((part = next(context)) < SIZE_PARTS)
	{
		memset(w->joined, 0, sizeof w->joined);
		memset(w->wrong, 0, sizeof w->wrong);
		for (uint64_t k = (uint64_t) p->sampled * part / SIZE_PARTS; k < (uint64_t) p->sampled * (part + 1) / SIZE_PARTS; k++)
		{
			uint32_t	r = g.sample[k];
			int			org = (e->record[g.member[r == 0 ? 0 : g.start[r - 1]]].flags & RECORD_ORG) != 0;

			grow_component(w, &g, r);
			for (uint32_t i = 0; i < w->n; i++)
				if (!w->c[i].dead)
					p->learned[part].sizes[round][org][w->c[i].size < 2 * SIZES ? w->c[i].size : 2 * SIZES]++;
			if ((k & 0x3f) == 0)
				link_look(e);
		}
		memcpy(p->learned[part].joined, w->joined, sizeof w->joined);
		memcpy(p->learned[part].wrong, w->wrong, sizeof w->wrong);
	}
	link_work_end(w);
}

/*
 * How many bits beyond the threshold two clusters must have to be joined. As few as leave no more than WRONG_ALLOWED of the pairs that joins assert
 * expected to be wrong: of a base with many columns and little dirt most joins are sure, and weak ones, which are right as often as not, find more of
 * what is there. Of a base with much dirt, or with few columns, many joins are doubtful, and those that are made add up: the margin grows, until right
 * ones would be given up for it in numbers.
 */
static double
margin(const link_plan *p)
{
	double		threshold = fmax(p->threshold, 0),
				allowed = WRONG_ALLOWED * exp2(-WRONG_FALL * threshold),
				joined[JOIN_STEPS + 2] = {0},	/* by joins of this step and more */
				wrong[JOIN_STEPS + 2] = {0},
				lose;
	int			usual,
				k;

	if (threshold + CLUSTER_MARGIN - JOIN_LEAST > JOIN_STEPS / 8.0)
		return CLUSTER_MARGIN;
	k = usual = (int) ((threshold + CLUSTER_MARGIN - JOIN_LEAST) * 8);
	for (int i = JOIN_STEPS; i >= 0; i--)
	{
		joined[i] = joined[i + 1];
		wrong[i] = wrong[i + 1];
		for (int part = 0; part < SIZE_PARTS; part++)
		{
			joined[i] += p->learned[part].joined[i];
			wrong[i] += p->learned[part].wrong[i];
		}
	}
	if (joined[usual] < WRONG_PAIRS)
		return CLUSTER_MARGIN;
	lose = LOST_ALLOWED * (1 + threshold / 2) * (joined[usual] - wrong[usual]);
	while (k > usual - MARGIN_LESS && wrong[k - 1] <= allowed * joined[k - 1])
		k--;
	if (k == usual)
		while (k < JOIN_STEPS && k < usual + MARGIN_MORE && wrong[k] > allowed * joined[k] &&
			   joined[usual] - wrong[usual] - joined[k + 1] + wrong[k + 1] <= lose)
			k++;
	return CLUSTER_MARGIN + (k - usual) / 8.0;
}

/*
 * link_plan_make: everything up to the growing of clusters, into link_plan_size(e) bytes. threshold is in bits. Edges of link_score(e, -7) or
 * more should be there; they are no longer needed afterwards.
 */
link_plan *
link_plan_make(link_engine *e, double threshold, void *memory)
{
	link_plan  *p = memory;
	components	g;

	memset(p, 0, sizeof *p);
	lay_out(e, p);
	p->n = e->n;
	g = arrays_of(p);
	find_components(e, &g);
	draw_sample(e, p, &g);
	p->threshold = threshold;
	for (uint32_t r = 0, from = 0; r < e->n; from = g.start[r++])
		if (g.start[r] - from > LARGE_COMPONENT)
		{
			uint32_t	i = p->large++,
						size = g.start[r] - from;

			for (; i > 0 && g.start[g.root[i - 1]] - (g.root[i - 1] ? g.start[g.root[i - 1] - 1] : 0) < size; i--)
				g.root[i] = g.root[i - 1];
			g.root[i] = r;
		}
	p->parts = p->large + PLAN_RANGES;
	return p;
}

uint32_t
link_plan_parts(const link_plan *p)
{
	return p->parts;
}

/* link_plan_clusters: for every row the least row of its cluster, once all parts are done */
const uint32_t *
link_plan_clusters(const link_plan *p)
{
	return (const uint32_t *) ((const char *) p + p->out);
}

static void
cluster_component(link_work *w, const components *g, uint32_t r)
{
	grow_component(w, g, r);
	for (uint32_t i = 0; i < w->n; i++)
		if (!w->c[i].dead)
		{
			uint32_t	least = UINT32_MAX;

			for (uint32_t j = w->c[i].first; j != UINT32_MAX; j = w->next[j])
				if (w->row[j] < least)
					least = w->row[j];
			for (uint32_t j = w->c[i].first; j != UINT32_MAX; j = w->next[j])
				g->out[w->row[j]] = least;
		}
}

/* one range of rows: the components whose roots are in it, but for the large ones */
static void
cluster_range(link_work *w, const components *g, uint32_t r, uint32_t end)
{
	const link_engine *e = w->e;
	uint32_t	from = r == 0 ? 0 : g->start[r - 1],
				ahead = from;

	for (; r < end; r++)
	{
		uint32_t	to = g->start[r],
					size = to - from;

		if (size > 2 && size <= LARGE_COMPONENT)
		{
			/* records of the components to come, then what of their values a comparison looks at */
			for (ahead = ahead < to ? to : ahead; ahead < to + 48 && ahead < e->n; ahead++)
				link_ask(e->record, g->member[ahead]);
			if (to + 16 < e->n)
				for (uint32_t i = to; i < to + 16; i++)
					link_prefetch_values(e, &e->record[g->member[i]]);
		}
		if (size > 1 && size <= LARGE_COMPONENT)
			cluster_component(w, g, r);
		if ((r & 0xff) == 0)
			link_look(w->e);
		from = to;
	}
}

/* link_plan_work: parts of the plan until there are none; next gives the number of one, different to everyone who asks */
void
link_plan_work(link_engine *e, link_plan *p, uint32_t (*next) (void *context), void *context)
{
	components	g = arrays_of(p);
	link_work  *w = link_work_start(e);
	uint32_t	part;

	sizes_learned(w, p, SIZE_ROUNDS - 1);
	w->threshold_of[0] = p->threshold + margin(p);
	w->threshold_of[1] = p->threshold;
	while ((part = next(context)) < p->parts)
		if (part < p->large)
			cluster_component(w, &g, g.root[part]);
		else
		{
			uint64_t	k = part - p->large;

			cluster_range(w, &g, (uint32_t) (p->n * k / PLAN_RANGES), (uint32_t) (p->n * (k + 1) / PLAN_RANGES));
		}
	link_work_end(w);
}

static uint32_t
next_number(void *context)
{
	return (*(uint32_t *) context)++;
}

/* link_cluster: for every row the least row of its cluster, by one process */
void
link_cluster(link_engine *e, double threshold, uint32_t *out)
{
	size_t		size = link_plan_size(e);
	link_plan  *p = link_plan_make(e, threshold, link_alloc(e, size));
	uint32_t	number[LINK_PLAN_ROUNDS + 1] = {0};

	for (int round = 0; round < LINK_PLAN_ROUNDS; round++)
		link_plan_learn(e, p, round, next_number, &number[round]);
	link_plan_work(e, p, next_number, &number[LINK_PLAN_ROUNDS]);
	memcpy(out, link_plan_clusters(p), sizeof(uint32_t) * e->n);
	link_free(e, p, size);
}
