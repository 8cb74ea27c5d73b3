/*
 * link_cluster.c: groups records into parties. Not connected components, which chain: clusters grow best pair first, each cluster is a
 * profile of all values of its members, and before two of them are joined the profiles are weighed against each other. A person has one
 * given name and one date of birth, so a contradiction there counts against the whole; of addresses, mailboxes, telephones and family
 * names a person may have several, so the best pair of values counts.
 *
 * Edges of at least -7 bits split the records into components; each is worked through by itself.
 */
#include "match/link_private.h"

#include <math.h>
#include <stdlib.h>

#define PROFILE_MEMBERS 16		/* so many members speak for a cluster: no cluster costs quadratic time */
#define SIZE_ROUNDS 2
#define SIZE_LEAST 12.0
#define SIZE_SAMPLE 30000		/* records from whose components the sizes of parties are learned */
#define CLUSTER_MARGIN 1.0		/* bits: a cluster asserts all pairs of its members, so joining asks for more than a pair by itself */
#define SIZES 12				/* clusters of so many members and more are of one size class */
#define CACHE_NODES 48			/* up to this size of a component all comparisons are kept */

typedef struct cluster_member_list
{
	uint32_t	first,			/* local numbers, chained by next */
				size;
	uint32_t	version;
	uint32_t	neighbour,		/* where its neighbours begin in links */
				neighbours,
				room;
	bool		dead;
} cluster;

typedef struct heap_item
{
	float		weight;
	uint32_t	a,
				b,
				va,
				vb;
} heap_item;

/* an edge within its component, by local numbers */
typedef struct local_edge
{
	uint32_t	a,
				b;
	float		weight;
} local_edge;

typedef struct work
{
	link_engine *e;
	const uint32_t *row;		/* of the component's local numbers */
	uint32_t	n,
				room;
	cluster    *c;
	uint32_t   *next,
			   *last;
	uint32_t   *mark,
				stamp;
	heap_item  *heap;
	uint32_t	heaped,
				heap_room;
	uint32_t   *link;			/* lists of neighbours, begun anew with each component */
	size_t		linked,
				link_room;
	link_pair_levels *cache;
	uint8_t    *cached;
	double		threshold;
	float		size_bits[2][SIZES + 1][SIZES + 1]; /* what the sizes of two clusters say about joining them */
} work;

static bool
before(const heap_item *x, const heap_item *y)
{
	if (x->weight != y->weight)
		return x->weight > y->weight;
	return x->a != y->a ? x->a < y->a : x->b < y->b;
}

static void
push(work *w, float weight, uint32_t a, uint32_t b)
{
	uint32_t	i = w->heaped++;
	heap_item	x = {weight, a < b ? a : b, a < b ? b : a, 0, 0};

	x.va = w->c[x.a].version;
	x.vb = w->c[x.b].version;
	if (w->heaped > w->heap_room)
	{
		uint32_t	room = w->heap_room ? w->heap_room * 2 : 256;

		w->heap = link_grow(w->e, w->heap, sizeof(heap_item) * w->heap_room, sizeof(heap_item) * room);
		w->heap_room = room;
	}
	for (; i > 0 && before(&x, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		w->heap[i] = w->heap[(i - 1) / 2];
	w->heap[i] = x;
}

static heap_item
pop(work *w)
{
	heap_item	top = w->heap[0],
				x = w->heap[--w->heaped];
	uint32_t	i = 0;

	for (;;)
	{
		uint32_t	k = 2 * i + 1;

		if (k >= w->heaped)
			break;
		if (k + 1 < w->heaped && before(&w->heap[k + 1], &w->heap[k]))
			k++;
		if (!before(&w->heap[k], &x))
			break;
		w->heap[i] = w->heap[k];
		i = k;
	}
	w->heap[i] = x;
	return top;
}

static const link_pair_levels *
levels(work *w, uint32_t a, uint32_t b, link_pair_levels *own)
{
	link_engine *e = w->e;

	if (a > b)
	{
		uint32_t	t = a;

		a = b;
		b = t;
	}
	if (w->n <= CACHE_NODES)
	{
		uint32_t	at = b * (b - 1) / 2 + a;

		if (!w->cached[at])
		{
			link_compare(e, &e->record[w->row[a]], &e->record[w->row[b]], &w->cache[at]);
			w->cached[at] = 1;
		}
		return &w->cache[at];
	}
	link_compare(e, &e->record[w->row[a]], &e->record[w->row[b]], own);
	return own;
}

/* what two profiles are worth to each other */
static float
profile_weight(work *w, const cluster *a, const cluster *b)
{
	link_engine *e = w->e;
	int			org = (e->record[w->row[a->first]].flags & RECORD_ORG) != 0,
				nc = LINK_C_EXTRA + e->nextra;
	link_pair_levels best,
				own;
	float		gain[LINK_COMPARISONS],
				mm[2] = {0, 0},
				mh[2] = {0, 0},
				mu[2] = {0, 0};
	uint32_t	counted[2] = {0, 0};
	bool		against[2] = {false, false};
	float		m,
				h,
				u;

	if (a->size == 1 && b->size == 1)
		return link_weight(e, org, levels(w, a->first, b->first, &own));
	for (int c = 0; c < nc; c++)
	{
		gain[c] = -1e30f;
		best.level[c] = 0;
		best.lu[c] = 0;
	}
	best.lh_first = 0;
	for (uint32_t i = a->first, k1 = 0; k1 < PROFILE_MEMBERS; k1++, i = w->next[i])
	{
		for (uint32_t j = b->first, k2 = 0; k2 < PROFILE_MEMBERS; k2++, j = w->next[j])
		{
			const link_pair_levels *p = levels(w, i, j, &own);

			for (int c = 0; c < nc; c++)
			{
				int			l = p->level[c];
				float		g;

				if (l == 0)
					continue;
				g = e->lm[org][c][l] - p->lu[c];
				if (g > gain[c])
				{
					gain[c] = g;
					best.level[c] = (uint8_t) l;
					best.lu[c] = p->lu[c];
					if (c == LINK_C_FIRST)
						best.lh_first = p->lh_first;
				}
			}
			for (int k = 0; k < 2; k++)
			{
				int			c = k == 0 ? LINK_C_FIRST : LINK_C_DATE,
							l = p->level[c];
				bool		weak = k == 0 && (org || l == 3 || ((e->record[w->row[i]].flags | e->record[w->row[j]].flags) & RECORD_IMPUTED_FIRST));

				/* an initial or a name read out of an e-mail has no say where whole names are */
				if (l == 0 || weak)
					continue;
				if (l == (k == 0 ? 5 : 4))
					against[k] = true;
				counted[k]++;
				mm[k] += e->lm[org][c][l];
				mu[k] += p->lu[c];
				mh[k] += k == 0 ? p->lh_first : e->lh[org][c][l];
			}
			if (w->next[j] == UINT32_MAX)
				break;
		}
		if (w->next[i] == UINT32_MAX)
			break;
	}
	m = e->prior_m[org] + w->size_bits[org][a->size < SIZES ? a->size : SIZES][b->size < SIZES ? b->size : SIZES];
	h = e->prior_h[org];
	u = e->prior_u[org];
	for (int c = 0; c < nc; c++)
	{
		int			k = c == LINK_C_FIRST ? 0 : c == LINK_C_DATE ? 1 : -1;

		if (k >= 0 && against[k])
		{
			m += mm[k] / counted[k];
			h += mh[k] / counted[k];
			u += mu[k] / counted[k];
			continue;
		}
		m += e->lm[org][c][best.level[c]];
		h += c == LINK_C_FIRST ? best.lh_first : e->lh[org][c][best.level[c]];
		u += best.lu[c];
	}
	if (org)
		return m - u;
	if (link_impersonal(&best))
		m -= 1.5f;
	{
		float		d = h > u ? u - h : h - u;

		return m - (h > u ? h : u) - (d < -24 ? 0 : log2f(1 + exp2f(d)));
	}
}

static void
link_list(work *w, cluster *c, uint32_t room)
{
	if (w->linked + room > w->link_room)
	{
		size_t		more = (w->linked + room) * 2 + 256;

		w->link = link_grow(w->e, w->link, sizeof(uint32_t) * w->link_room, sizeof(uint32_t) * more);
		w->link_room = more;
	}
	memcpy(w->link + w->linked, w->link + c->neighbour, sizeof(uint32_t) * c->neighbours);
	c->neighbour = (uint32_t) w->linked;
	c->room = room;
	w->linked += room;
}

static inline void
add_neighbour(work *w, cluster *c, uint32_t x)
{
	if (c->neighbours == c->room)
		link_list(w, c, c->room ? c->room * 2 : 4);
	w->link[c->neighbour + c->neighbours++] = x;
}

static inline void
prefetch_values(const link_engine *e, const link_record *r)
{
	if (!(r->flags & RECORD_ORG))
	{
		link_ask(e->names.v, r->first);
		link_ask(e->names.v, r->last);
		link_ask(e->name, r->first);
		link_ask(e->name, r->last);
	}
	link_ask(e->email, r->email);
	link_ask(e->phones.v, r->phone);
	link_ask(e->streets.v, r->street);
}

/* asks for what weighing a cluster's neighbours will look at: in a large component each of them lies elsewhere */
static void
prefetch_neighbours(const work *w, const cluster *x)
{
	const link_engine *e = w->e;

	for (int step = 0; step < 3; step++)
		for (uint32_t i = 0; i < x->neighbours; i++)
		{
			const cluster *z = &w->c[w->link[x->neighbour + i]];
			uint32_t	m = z->first;

			if (step == 0)
				link_ask(w->row, m);
			else
				for (uint32_t k = 0; k < 4 && m != UINT32_MAX; k++, m = w->next[m])
					if (step == 1)
						link_ask(e->record, w->row[m]);
					else
						prefetch_values(e, &e->record[w->row[m]]);
		}
}

static void
merge(work *w, uint32_t a, uint32_t b)
{
	cluster    *x,
			   *y;
	uint32_t	k = 0;

	/* the larger neighbourhood stays where it is */
	if (w->c[a].neighbours < w->c[b].neighbours || (w->c[a].neighbours == w->c[b].neighbours && a > b))
	{
		uint32_t	t = a;

		a = b;
		b = t;
	}
	x = &w->c[a];
	y = &w->c[b];
	w->next[w->last[a]] = y->first;
	w->last[a] = w->last[b];
	x->size += y->size;
	x->version++;
	y->dead = true;
	y->version++;
	w->stamp++;
	w->mark[a] = w->mark[b] = w->stamp;
	for (uint32_t i = 0; i < x->neighbours; i++)
	{
		uint32_t	z = w->link[x->neighbour + i];

		if (!w->c[z].dead && w->mark[z] != w->stamp)
		{
			w->mark[z] = w->stamp;
			w->link[x->neighbour + k++] = z;
		}
	}
	x->neighbours = k;
	if (w->n > CACHE_NODES)
		for (uint32_t i = 0; i < y->neighbours; i++)
			link_ask(w->c, w->link[y->neighbour + i]);
	for (uint32_t i = 0; i < y->neighbours; i++)
	{
		uint32_t	z = w->link[y->neighbour + i];

		if (!w->c[z].dead && w->mark[z] != w->stamp)
		{
			w->mark[z] = w->stamp;
			add_neighbour(w, x, z);
			add_neighbour(w, &w->c[z], a);
		}
	}
	if (w->n > CACHE_NODES)
		prefetch_neighbours(w, x);
	for (uint32_t i = 0; i < x->neighbours; i++)
	{
		uint32_t	z = w->link[x->neighbour + i];
		float		s = profile_weight(w, x, &w->c[z]);

		if (s >= w->threshold)
			push(w, s, a, z);
	}
	y->room = y->neighbours = 0;
}

static uint32_t
root(uint32_t *up, uint32_t x)
{
	while (up[x] != x)
	{
		up[x] = up[up[x]];
		x = up[x];
	}
	return x;
}

/*
 * The components of the graph of edges, and what it takes to work through them: one block of memory without pointers, so that several
 * processes can share it. Large components are parts of their own, the largest first; all others are cut into ranges of rows.
 */
struct link_plan
{
	uint32_t	n,
				large,
				parts;
	double		threshold;
	float		size_bits[2][SIZES + 1][SIZES + 1];
	size_t		start,			/* where the arrays begin */
				member,
				edges,
				edge,
				out,
				root;
};

#define LARGE_COMPONENT 2000
#define PLAN_RANGES 64

typedef struct components
{
	uint32_t   *start,			/* where each one's members end, by its root */
			   *member,
			   *edges,			/* where each one's edges end */
			   *out,			/* for every row the least row of its cluster */
			   *root;			/* the large ones */
	local_edge *edge;			/* by component */
} components;

static components
arrays_of(link_plan *p)
{
	char	   *at = (char *) p;

	return (components) {(uint32_t *) (at + p->start), (uint32_t *) (at + p->member), (uint32_t *) (at + p->edges), (uint32_t *) (at + p->out),
		(uint32_t *) (at + p->root), (local_edge *) (at + p->edge)};
}

static size_t
lay_out(const link_engine *e, link_plan *p)
{
	size_t		n = e->n,
				at = (sizeof *p + 63) & ~(size_t) 63,
				sizes[6] = {sizeof(uint32_t) * (n + 2), sizeof(uint32_t) * (n + 1), sizeof(uint32_t) * (n + 2), sizeof(local_edge) * (e->nedges + 1),
		sizeof(uint32_t) * (n + 1), sizeof(uint32_t) * (n / LARGE_COMPONENT + 1)},
			   *to[6] = {&p->start, &p->member, &p->edges, &p->edge, &p->out, &p->root};

	for (int i = 0; i < 6; i++)
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

static void
find_components(link_engine *e, const components *g)
{
	uint32_t	n = e->n,
			   *up = g->out,
			   *local = link_alloc(e, sizeof(uint32_t) * (n + 1));

	memset(g->start, 0, sizeof(uint32_t) * (n + 2));
	memset(g->edges, 0, sizeof(uint32_t) * (n + 2));
	for (uint32_t i = 0; i < n; i++)
		up[i] = i;
	for (uint64_t i = 0; i < e->nedges; i++)
	{
		uint32_t	a,
					b;

		if (i + 16 < e->nedges)
		{
			link_ask(up, e->edge[i + 16].a);
			link_ask(up, e->edge[i + 16].b);
		}
		a = root(up, e->edge[i].a);
		b = root(up, e->edge[i].b);
		if (a != b)
		{
			if (a < b)
				up[b] = a;
			else
				up[a] = b;
		}
	}
	/* a root is the least of its members, so it is final before they are */
	for (uint32_t i = 0; i < n; i++)
	{
		up[i] = up[up[i]];
		g->start[up[i] + 1]++;
	}
	for (uint64_t i = 0; i < e->nedges; i++)
		g->edges[up[e->edge[i].a] + 1]++;
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
					from = local[r];	/* a root is its component's first */

		if (i + 16 < e->nedges)
		{
			link_ask(local, x[16].a);
			link_ask(local, x[16].b);
			link_ask(up, x[16].a);
		}
		g->edge[g->edges[r]++] = (local_edge) {local[x->a] - from, local[x->b] - from, x->weight};
	}
	link_free(e, local, sizeof(uint32_t) * (n + 1));
	/* the starts have moved on by one component: they are ends now */
	link_look(e);
}

/* room for a component of this many members */
static void
make_room(work *w, uint32_t size)
{
	link_engine *e = w->e;

	if (size <= w->room)
		return;
	link_free(e, w->c, sizeof(cluster) * w->room);
	link_free(e, w->next, sizeof(uint32_t) * w->room);
	link_free(e, w->last, sizeof(uint32_t) * w->room);
	link_free(e, w->mark, sizeof(uint32_t) * w->room);
	w->room = size * 2;
	w->c = link_alloc(e, sizeof(cluster) * w->room);
	w->next = link_alloc(e, sizeof(uint32_t) * w->room);
	w->last = link_alloc(e, sizeof(uint32_t) * w->room);
	w->mark = link_alloc(e, sizeof(uint32_t) * w->room);
}

/* one component, from its edges to clusters */
static void
grow_clusters(work *w, const components *g, uint32_t from, uint32_t size, uint32_t edge_from, uint32_t edge_to)
{
	make_room(w, size);
	w->n = size;
	w->row = g->member + from;
	w->heaped = 0;
	w->stamp = 0;
	w->linked = 0;
	for (uint32_t i = 0; i < size; i++)
	{
		w->c[i] = (cluster) {.first = i,.size = 1};
		w->next[i] = UINT32_MAX;
		w->last[i] = i;
		w->mark[i] = 0;
	}
	if (size == 2)
	{
		/* most have two members, and their edge says all */
		if (g->edge[edge_from].weight >= w->threshold)
		{
			w->next[0] = 1;
			w->c[0].size = 2;
			w->c[1].dead = true;
		}
		return;
	}
	if (size <= CACHE_NODES)
		memset(w->cached, 0, size * (size - 1) / 2);
	for (uint32_t k = edge_from; k < edge_to; k++)
	{
		w->c[g->edge[k].a].room++;
		w->c[g->edge[k].b].room++;
	}
	for (uint32_t i = 0; i < size; i++)
		link_list(w, &w->c[i], w->c[i].room);
	for (uint32_t k = edge_from; k < edge_to; k++)
	{
		const local_edge *x = &g->edge[k];

		add_neighbour(w, &w->c[x->a], x->b);
		add_neighbour(w, &w->c[x->b], x->a);
		if (x->weight >= w->threshold)
			push(w, x->weight, x->a, x->b);
	}
	while (w->heaped > 0)
	{
		heap_item	x = pop(w);

		if (w->c[x.a].version == x.va && w->c[x.b].version == x.vb && !w->c[x.a].dead && !w->c[x.b].dead)
		{
			merge(w, x.a, x.b);
			if ((w->stamp & 0xff) == 0)
				link_look(w->e);
		}
	}
}

/*
 * How many records a party has is learned from a first grouping of some components, and speaks against joining two clusters into one of a
 * size that hardly any party has: chains of namesakes. With m(s) the share of parties of s records, the odds of joining sizes a and b are
 * to those of joining two single records as m(a + b) / m(a) m(b) to m(2) / m(1)^2; never in favour. (After the priors on partitions into
 * small clusters of Betancourt, Zanella and Steorts 2022; without their count of arrangements, since a profile already takes the best of
 * its members' values.)
 */
static void
learn_sizes(work *w, const components *g)
{
	link_engine *e = w->e;
	double		count[2][2 * SIZES + 2] = {{0}};
	uint32_t	taken[2] = {0, 0};

	for (uint32_t r = 0, from = 0; r < e->n; r++)
	{
		uint32_t	to = g->start[r],
					size = to - from;
		int			org;

		if (size == 0)
			continue;
		org = (e->record[g->member[from]].flags & RECORD_ORG) != 0;
		if (taken[org] < SIZE_SAMPLE && size <= 4096)
		{
			taken[org] += size;
			if (size == 1)
				count[org][1]++;
			else
			{
				grow_clusters(w, g, from, size, r == 0 ? 0 : g->edges[r - 1], g->edges[r]);
				for (uint32_t i = 0; i < size; i++)
					if (!w->c[i].dead)
						count[org][w->c[i].size < 2 * SIZES ? w->c[i].size : 2 * SIZES]++;
			}
			if ((r & 0xff) == 0)
				link_look(e);
		}
		from = to;
	}
	for (int org = 0; org < 2; org++)
	{
		double		share[2 * SIZES + 2],
					sum = 0,
					base;

		for (int s = 1; s <= 2 * SIZES; s++)
			sum += count[org][s];
		for (int s = 1; s <= 2 * SIZES; s++)
		{
			/* held by a geometric guess worth a few parties */
			share[s] = (count[org][s] + 8 * exp2(-s)) / (sum + 8);
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

static work *
start_work(link_engine *e)
{
	work	   *w = link_zalloc(e, sizeof *w);

	w->e = e;
	w->cache = link_alloc(e, sizeof(link_pair_levels) * CACHE_NODES * (CACHE_NODES - 1) / 2);
	w->cached = link_alloc(e, CACHE_NODES * (CACHE_NODES - 1) / 2);
	return w;
}

static void
end_work(work *w)
{
	link_engine *e = w->e;

	link_free(e, w->c, sizeof(cluster) * w->room);
	link_free(e, w->next, sizeof(uint32_t) * w->room);
	link_free(e, w->last, sizeof(uint32_t) * w->room);
	link_free(e, w->mark, sizeof(uint32_t) * w->room);
	link_free(e, w->link, sizeof(uint32_t) * w->link_room);
	link_free(e, w->heap, sizeof(heap_item) * w->heap_room);
	link_free(e, w->cache, sizeof(link_pair_levels) * CACHE_NODES * (CACHE_NODES - 1) / 2);
	link_free(e, w->cached, CACHE_NODES * (CACHE_NODES - 1) / 2);
	link_free(e, w, sizeof *w);
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
	work	   *w;

	memset(p, 0, sizeof *p);
	lay_out(e, p);
	p->n = e->n;
	g = arrays_of(p);
	find_components(e, &g);
	w = start_work(e);
	/* the second time with what the first time taught: chains that only namesakes hold together are gone by then */
	for (int round = 0; round < SIZE_ROUNDS; round++)
		learn_sizes(w, &g);
	p->threshold = threshold + CLUSTER_MARGIN;
	memcpy(p->size_bits, w->size_bits, sizeof p->size_bits);
	end_work(w);
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
cluster_component(work *w, const components *g, uint32_t r)
{
	uint32_t	from = r == 0 ? 0 : g->start[r - 1];

	grow_clusters(w, g, from, g->start[r] - from, r == 0 ? 0 : g->edges[r - 1], g->edges[r]);
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
cluster_range(work *w, const components *g, uint32_t r, uint32_t end)
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
					prefetch_values(e, &e->record[g->member[i]]);
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
	work	   *w = start_work(e);
	uint32_t	part;

	w->threshold = p->threshold;
	memcpy(w->size_bits, p->size_bits, sizeof p->size_bits);
	while ((part = next(context)) < p->parts)
		if (part < p->large)
			cluster_component(w, &g, g.root[part]);
		else
		{
			uint64_t	k = part - p->large;

			cluster_range(w, &g, (uint32_t) (p->n * k / PLAN_RANGES), (uint32_t) (p->n * (k + 1) / PLAN_RANGES));
		}
	end_work(w);
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
	uint32_t	number = 0;

	link_plan_work(e, p, next_number, &number);
	memcpy(out, link_plan_clusters(p), sizeof(uint32_t) * e->n);
	link_free(e, p, size);
}
