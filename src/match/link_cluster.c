/*
 * link_cluster.c: groups the records of one component of the graph of edges into parties. Not connected components, which chain: clusters grow
 * best pair first, each cluster is a profile of all values of its members, and before two of them are joined the profiles are weighed against
 * each other. A person has one given name and one date of birth, so a contradiction there counts against the whole; of addresses, mailboxes,
 * telephones and family names a person may have several, so the best pair of values counts.
 */
#include "match/link_cluster.h"

#include <math.h>

#define PROFILE_MEMBERS 16		/* so many members speak for a cluster: no cluster costs quadratic time */
#define CONTEST_MOST 10.0f		/* bits */
#define UNSAID 0.4f				/* bits */
#define SURE 4.8f				/* bits */
#define CACHE_NODES 48			/* up to this size of a component all comparisons are kept */

static bool
before(const link_heap_item *x, const link_heap_item *y)
{
	if (x->weight != y->weight)
		return x->weight > y->weight;
	return x->a != y->a ? x->a < y->a : x->b < y->b;
}

static void
push(link_work *w, float weight, uint32_t a, uint32_t b)
{
	uint32_t	i = w->heaped++;
	link_heap_item	x = {weight, a < b ? a : b, a < b ? b : a, 0, 0};

	x.va = w->c[x.a].version;
	x.vb = w->c[x.b].version;
	if (w->heaped > w->heap_room)
	{
		uint32_t	room = w->heap_room ? w->heap_room * 2 : 256;

		w->heap = link_grow(w->e, w->heap, sizeof(link_heap_item) * w->heap_room, sizeof(link_heap_item) * room);
		w->heap_room = room;
	}
	for (; i > 0 && before(&x, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		w->heap[i] = w->heap[(i - 1) / 2];
	w->heap[i] = x;
}

static link_heap_item
pop(link_work *w)
{
	link_heap_item	top = w->heap[0],
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

static void
compare_pair(const link_work *w, uint32_t a, uint32_t b, link_known_pair *k)
{
	link_engine *e = w->e;
	const link_record *x = &e->record[w->row[a]];
	const float (*m)[LINK_LEVELS] = (const float (*)[LINK_LEVELS]) w->gain[(x->flags & RECORD_ORG) != 0];
	int			nc = LINK_C_EXTRA + e->nextra,
				c;

	link_compare(e, x, &e->record[w->row[b]], &k->p);
	for (c = 0; c < nc; c++)
		k->gain[c / 4][c % 4] = m[c][k->p.level[c]] - k->p.lu[c];
	for (; c % 4; c++)
		k->gain[c / 4][c % 4] = NO_GAIN;
}

static const link_known_pair *
known_pair(link_work *w, uint32_t a, uint32_t b, link_known_pair *own)
{
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
			compare_pair(w, a, b, &w->cache[at]);
			w->cached[at] = 1;
		}
		return &w->cache[at];
	}
	compare_pair(w, a, b, own);
	return own;
}

/* of each comparison the better of two pairs, into the first */
static inline void
take_better(link_known_pair *best, const link_known_pair *k, int fours)
{
	for (int q = 0; q < fours; q++)
	{
		link_four_whole more = k->gain[q] > best->gain[q];
		uint64_t	any[2];

		memcpy(any, &more, sizeof any);
		if ((any[0] | any[1]) == 0)
			continue;
		for (int i = 0; i < 4; i++)
			if (more[i])
			{
				int			c = q * 4 + i;

				best->gain[q][i] = k->gain[q][i];
				best->p.level[c] = k->p.level[c];
				best->p.lu[c] = k->p.lu[c];
				if (c == LINK_C_FIRST)
					best->p.lh_first = k->p.lh_first;
			}
	}
}

/* what two profiles are worth to each other */
static float
profile_weight(link_work *w, const link_cluster_node *a, const link_cluster_node *b)
{
	link_engine *e = w->e;
	int			org = (e->record[w->row[a->first]].flags & RECORD_ORG) != 0,
				nc = LINK_C_EXTRA + e->nextra;
	link_known_pair best,
				own;
	float		mm[2] = {0, 0},
				mh[2] = {0, 0},
				mu[2] = {0, 0};
	uint32_t	counted[2] = {0, 0};
	bool		against[2] = {false, false};
	float		m,
				h,
				u;

	if (a->size == 1 && b->size == 1)
		return link_weight(e, org, &known_pair(w, a->first, b->first, &own)->p);
	for (uint32_t i = a->first, k1 = 0; k1 < PROFILE_MEMBERS; k1++, i = w->next[i])
	{
		for (uint32_t j = b->first, k2 = 0; k2 < PROFILE_MEMBERS; k2++, j = w->next[j])
		{
			const link_known_pair *pair = known_pair(w, i, j, &own);
			const link_pair_levels *p = &pair->p;

			if (k1 + k2 == 0)
				best = *pair;
			else
				take_better(&best, pair, (nc + 3) / 4);
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
		m += e->lm[org][c][best.p.level[c]];
		h += c == LINK_C_FIRST ? best.p.lh_first : link_lh(e, org, c, best.p.level[c], best.p.lu[c]);
		u += best.p.lu[c];
	}
	if (org)
		return m - u;
	if (link_impersonal(&best.p))
		m -= 1.5f;
	return m - link_log2_sum(h, u);
}

/* what two clusters are worth to each other, kept until one of them changes */
static float
weight_of(link_work *w, uint32_t a, uint32_t b)
{
	link_cluster_node *x = &w->c[a < b ? a : b],
			   *y = &w->c[a < b ? b : a];
	link_known_weight *k;

	if (w->n > CACHE_NODES)
		return profile_weight(w, x, y);
	k = &w->known[(x - w->c) * w->n + (y - w->c)];
	if (k->va != x->version || k->vb != y->version)
		*k = (link_known_weight) {profile_weight(w, x, y), (uint16_t) x->version, (uint16_t) y->version};
	return k->weight;
}

static void
link_list(link_work *w, link_cluster_node *c, uint32_t room)
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
add_neighbour(link_work *w, link_cluster_node *c, uint32_t x)
{
	if (c->neighbours == c->room)
		link_list(w, c, c->room ? c->room * 2 : 4);
	w->link[c->neighbour + c->neighbours++] = x;
}

void
link_prefetch_values(const link_engine *e, const link_record *r)
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
prefetch_neighbours(const link_work *w, const link_cluster_node *x)
{
	const link_engine *e = w->e;

	for (int step = 0; step < 3; step++)
		for (uint32_t i = 0; i < x->neighbours; i++)
		{
			const link_cluster_node *z = &w->c[w->link[x->neighbour + i]];
			uint32_t	m = z->first;

			if (step == 0)
				link_ask(w->row, m);
			else
				for (uint32_t k = 0; k < 4 && m != UINT32_MAX; k++, m = w->next[m])
					if (step == 1)
						link_ask(e->record, w->row[m]);
					else
						link_prefetch_values(e, &e->record[w->row[m]]);
		}
}

static void
merge(link_work *w, uint32_t a, uint32_t b)
{
	link_cluster_node *x,
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
		float		s = weight_of(w, a, z);

		if (s >= w->threshold)
			push(w, s, a, z);
	}
	y->room = y->neighbours = 0;
}

/*
 * Whether another cluster z contests x to y: a record without a date of birth that fits father and son, a bare name that two people bear. Of what
 * may be (x is one with y, with z, y is one with z, all three are, none) the odds that x and y are one count, and no longer those of the two alone. z counts
 * where it would be taken by itself and cannot be one with y. When z and y become one later, or z goes elsewhere, x is weighed anew.
 */
static float
contested(link_work *w, uint32_t xi, uint32_t yi, float s)
{
	link_cluster_node *x = &w->c[xi],
			   *y = &w->c[yi];
	float		least = s;

	for (uint32_t i = 0; i < x->neighbours; i++)
	{
		uint32_t	zi = w->link[x->neighbour + i],
					after;
		link_cluster_node *z = &w->c[zi];
		float		xz,
					yz,
					all;

		if (zi == yi || z->dead)
			continue;
		xz = weight_of(w, xi, zi);
		/* what is weaker by so much changes nothing that would be asked for */
		if (xz < 0 || xz < s - CONTEST_MOST)
			continue;
		yz = weight_of(w, yi, zi);
		if (yz >= 0)
			continue;
		/* y's members stand behind x's for a moment */
		after = w->next[w->last[xi]];
		w->next[w->last[xi]] = y->first;
		x->size += y->size;
		all = profile_weight(w, x, z);
		x->size -= y->size;
		w->next[w->last[xi]] = after;
		least = fminf(least, s + link_log2_sum(0, all) - link_log2_sum(link_log2_sum(0, xz), yz));
	}
	return least;
}

/* room for a component of this many members */
static void
make_room(link_work *w, uint32_t size)
{
	link_engine *e = w->e;

	if (size <= w->room)
		return;
	link_free(e, w->c, sizeof(link_cluster_node) * w->room);
	link_free(e, w->next, sizeof(uint32_t) * w->room);
	link_free(e, w->last, sizeof(uint32_t) * w->room);
	link_free(e, w->mark, sizeof(uint32_t) * w->room);
	w->room = size * 2;
	w->c = link_alloc(e, sizeof(link_cluster_node) * w->room);
	w->next = link_alloc(e, sizeof(uint32_t) * w->room);
	w->last = link_alloc(e, sizeof(uint32_t) * w->room);
	w->mark = link_alloc(e, sizeof(uint32_t) * w->room);
}

/*
 * What a join asserts, by its weight, and how much of that is expected to be wrong. Found on some hundred made-up bases: the odds of joins are a bit
 * better than they say up to some five bits; those of surer ones grow half as fast, because what nobody knows of them (two of one name in one house)
 * is the same for all.
 */
static void
count_join(link_work *w, float weight, double pairs)
{
	int			k = (int) ((weight - JOIN_LEAST) * 8);
	float		odds = weight + UNSAID;

	if (odds > SURE)
		odds = SURE + (odds - SURE) / 2;

	/* organisations are surer than they say */
	if (w->e->record[w->row[0]].flags & RECORD_ORG)
		return;
	k = k < 0 ? 0 : k > JOIN_STEPS ? JOIN_STEPS : k;
	w->joined[k] += pairs;
	w->wrong[k] += pairs / (1 + exp2f(odds));
}

/* link_grow_clusters: one component, from its edges by local numbers to clusters; row says which record a number is */
void
link_grow_clusters(link_work *w, const uint32_t *row, uint32_t size, const link_local_edge *edge, uint32_t edges)
{
	make_room(w, size);
	w->threshold = w->threshold_of[(w->e->record[row[0]].flags & RECORD_ORG) != 0];
	w->n = size;
	w->row = row;
	w->heaped = 0;
	w->stamp = 0;
	w->linked = 0;
	for (uint32_t i = 0; i < size; i++)
	{
		w->c[i] = (link_cluster_node) {.first = i,.size = 1};
		w->next[i] = UINT32_MAX;
		w->last[i] = i;
		w->mark[i] = 0;
	}
	if (size == 2)
	{
		/* most have two members, and their edge says all */
		if (edge[0].weight >= w->threshold)
		{
			if (w->counts)
				count_join(w, edge[0].weight, 1);
			w->next[0] = 1;
			w->c[0].size = 2;
			w->c[1].dead = true;
		}
		return;
	}
	if (size <= CACHE_NODES)
	{
		memset(w->cached, 0, size * (size - 1) / 2);
		memset(w->known, 0xff, sizeof(link_known_weight) * size * size);	/* no version is that */
		for (uint32_t k = 0; k < edges; k++)
		{
			uint32_t	a = edge[k].a < edge[k].b ? edge[k].a : edge[k].b;

			w->known[a * size + (edge[k].a ^ edge[k].b ^ a)] = (link_known_weight) {edge[k].weight, 0, 0};
		}
	}
	for (uint32_t k = 0; k < edges; k++)
	{
		w->c[edge[k].a].room++;
		w->c[edge[k].b].room++;
	}
	for (uint32_t i = 0; i < size; i++)
		link_list(w, &w->c[i], w->c[i].room);
	for (uint32_t k = 0; k < edges; k++)
	{
		const link_local_edge *x = &edge[k];

		add_neighbour(w, &w->c[x->a], x->b);
		add_neighbour(w, &w->c[x->b], x->a);
		if (x->weight >= w->threshold)
			push(w, x->weight, x->a, x->b);
	}
	while (w->heaped > 0)
	{
		link_heap_item	x = pop(w);

		if (w->c[x.a].version == x.va && w->c[x.b].version == x.vb && !w->c[x.a].dead && !w->c[x.b].dead)
		{
			float		weight = fminf(contested(w, x.a, x.b, x.weight), contested(w, x.b, x.a, x.weight));

			if (weight < w->threshold)
				continue;
			if (w->counts)
				count_join(w, weight, (double) w->c[x.a].size * w->c[x.b].size);
			merge(w, x.a, x.b);
			if ((w->stamp & 0xff) == 0)
				link_look(w->e);
		}
	}
}

link_work *
link_work_start(link_engine *e)
{
	link_work  *w = link_zalloc(e, sizeof *w);

	w->e = e;
	for (int org = 0; org < 2; org++)
		for (int c = 0; c < LINK_COMPARISONS; c++)
			for (int l = 0; l < LINK_LEVELS; l++)
				w->gain[org][c][l] = l == 0 ? NO_GAIN : e->lm[org][c][l];
	w->cache = link_alloc(e, sizeof(link_known_pair) * CACHE_NODES * (CACHE_NODES - 1) / 2);
	w->cached = link_alloc(e, CACHE_NODES * (CACHE_NODES - 1) / 2);
	w->known = link_alloc(e, sizeof(link_known_weight) * CACHE_NODES * CACHE_NODES);
	return w;
}

void
link_work_end(link_work *w)
{
	link_engine *e = w->e;

	link_free(e, w->c, sizeof(link_cluster_node) * w->room);
	link_free(e, w->next, sizeof(uint32_t) * w->room);
	link_free(e, w->last, sizeof(uint32_t) * w->room);
	link_free(e, w->mark, sizeof(uint32_t) * w->room);
	link_free(e, w->link, sizeof(uint32_t) * w->link_room);
	link_free(e, w->heap, sizeof(link_heap_item) * w->heap_room);
	link_free(e, w->cache, sizeof(link_known_pair) * CACHE_NODES * (CACHE_NODES - 1) / 2);
	link_free(e, w->cached, CACHE_NODES * (CACHE_NODES - 1) / 2);
	link_free(e, w->known, sizeof(link_known_weight) * CACHE_NODES * CACHE_NODES);
	link_free(e, w, sizeof *w);
}
