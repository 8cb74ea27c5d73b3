/*
 * link_score.c: candidate pairs are weighed, by one process or by several that share what comparing takes.
 */
#include "match/link_private.h"

#include <math.h>

/* link_pair: what each comparison of one pair is worth; the last word has link_weight, in which household and unrelated are weighed together */
double
link_pair(link_engine *e, uint32_t a, uint32_t b, link_step steps[LINK_COMPARISONS])
{
	link_pair_levels p;
	int			org = (e->record[a].flags & RECORD_ORG) != 0,
				nc = LINK_C_EXTRA + e->nextra;
	double		h = e->prior_h[org],
				u = e->prior_u[org],
				against = org ? u : log2(exp2(h) + exp2(u));

	link_compare(e, &e->record[a], &e->record[b], &p);
	for (int c = 0; c < nc; c++)
	{
		int			l = p.level[c];
		double		now;

		h += c == LINK_C_FIRST ? p.lh_first : link_lh(e, org, c, l, p.lu[c]);
		u += p.lu[c];
		now = org ? u : h > u ? h + log2(1 + exp2(u - h)) : u + log2(1 + exp2(h - u));
		steps[c] = (link_step) {c, l, l == 0 ? 0 : exp2(e->lm[org][c][l]), l == 0 ? 0 : exp2(p.lu[c]),
			l == 0 || fabsf(p.lu[c] - e->lu[org][c][l]) < 1e-4f ? -1 : exp2(p.lu[c]), e->lm[org][c][l] - (now - against)};
		against = now;
	}
	return link_weight(e, org, &p);
}

/* link_prefetch: asks for the values that comparing two records will look at */
void
link_prefetch(const link_engine *e, const link_record *a, const link_record *b)
{
	if (a->flags & RECORD_ORG)
	{
		link_ask(e->company, a->last);
		link_ask(e->company, b->last);
		return;
	}
	if (a->first != b->first && a->first && b->first)
	{
		link_ask(e->names.v, a->first);
		link_ask(e->names.v, b->first);
	}
	if (a->last != b->last && a->last && b->last)
	{
		link_ask(e->names.v, a->last);
		link_ask(e->names.v, b->last);
	}
	link_ask(e->name, a->first);
	link_ask(e->name, b->first);
	link_ask(e->name, a->last);
	link_ask(e->name, b->last);
	if (a->email && b->email)
	{
		link_ask(e->email, a->email);
		link_ask(e->email, b->email);
	}
	if (a->phone && b->phone)
	{
		link_ask(e->phones.v, a->phone);
		link_ask(e->phones.v, b->phone);
	}
	if (a->street && b->street)
	{
		link_ask(e->streets.v, a->street);
		link_ask(e->streets.v, b->street);
	}
	if (a->first == b->first && a->last == b->last)
		link_ask(e->lu_whole, b - e->record);
	else if (a->first != b->first && a->last != b->last)
		return;
	else
	{
		__builtin_prefetch(e->name_country + (size_t) a->first * 2 * LINK_COUNTRIES);
		__builtin_prefetch(e->name_country + (size_t) a->last * 2 * LINK_COUNTRIES + LINK_COUNTRIES);
	}
}

/* the weights of some pairs that stand beside one another; returns how many are worth keeping */
static uint32_t
weigh(link_engine *e, const uint64_t *pair, uint32_t n, float keep_from, float *weight)
{
	link_pair_levels p;
	uint32_t	kept = 0;

	for (uint32_t i = 0; i < n; i++)
	{
		const link_record *a = &e->record[pair[i] >> 32],
				   *b = &e->record[(uint32_t) pair[i]];

		/* records first, then what of their values the comparison will look at */
		if (i + 24 < n)
		{
			link_ask(e->record, pair[i + 24] >> 32);
			link_ask(e->record, (uint32_t) pair[i + 24]);
		}
		if (i + 8 < n)
			link_prefetch(e, &e->record[pair[i + 8] >> 32], &e->record[(uint32_t) pair[i + 8]]);
		link_compare(e, a, b, &p);
		weight[i] = link_weight_from(e, (a->flags & RECORD_ORG) != 0, &p, keep_from);
		kept += weight[i] >= keep_from;
	}
	return kept;
}

static void
keep_edges(link_engine *e, const uint64_t *pair, uint32_t n, float keep_from, const float *weight, uint32_t kept)
{
	if (e->nedges + kept > e->edge_room)
	{
		uint64_t	room = e->nedges + kept + e->edge_room / 2;

		e->edge = link_grow(e, e->edge, sizeof(link_edge) * e->edge_room, sizeof(link_edge) * room);
		e->edge_room = room;
	}
	for (uint32_t i = 0; i < n; i++)
		if (weight[i] >= keep_from)
			e->edge[e->nedges++] = (link_edge) {(uint32_t) (pair[i] >> 32), (uint32_t) pair[i], weight[i]};
}

/* link_score: weighs every candidate pair and keeps those of at least this weight; returns how many */
uint64_t
link_score(link_engine *e, double keep_from)
{
	float	   *weight = link_alloc(e, sizeof(float) * PAIR_CHUNK);

	for (uint32_t block = 0; block < e->pair_blocks; block++)
	{
		uint64_t	from = (uint64_t) block * PAIR_CHUNK,
					n = e->npairs - from < PAIR_CHUNK ? e->npairs - from : PAIR_CHUNK;
		uint32_t	kept = weigh(e, e->pair_block[block], (uint32_t) n, (float) keep_from, weight);

		keep_edges(e, e->pair_block[block], (uint32_t) n, (float) keep_from, weight, kept);
		link_free(e, e->pair_block[block], sizeof(uint64_t) * PAIR_CHUNK);
		link_look(e);
	}
	link_free(e, e->pair_block, sizeof(uint64_t *) * e->pair_room);
	link_free(e, weight, sizeof(float) * PAIR_CHUNK);
	e->pair_block = NULL;
	e->pair_blocks = e->pair_room = 0;
	return e->nedges;
}

/*
 * The odds that are stated of a pair. Evidence is not quite independent, however much of that is modelled, so the sum of a pair's weights goes too far
 * from even odds on both sides, above all where little speaks for or against it: records of one party are alike, and slip alike, in what is not
 * compared. The more records there are, the more of what is alike is so by chance. Organisations, of which few share anything by chance, are surer than
 * their sum. Found on some hundred made-up bases of 300 to a million records, the same for all.
 */
static const struct
{
	double		even,			/* added to a weight of 0 in a base of ten thousand */
				tenfold,		/* less of it for ten times as many */
				each,			/* less of it for each bit */
				most,			/* of it, beyond that of a weight of 0 */
				least;
}			stating[2] = {{0.3, 0.2, 0.1, 0.1, -0.85}, {1, 0, 0.2, 0.3, -0.5}};

static double
stating_even(bool organisation, double records)
{
	return stating[organisation].even - stating[organisation].tenfold * (log10(fmin(fmax(records, 1e3), 1e7)) - 4);
}

double
link_stated(bool organisation, double records, double weight)
{
	double		even = stating_even(organisation, records),
				x = even - stating[organisation].each * weight;

	return weight + fmin(fmax(x, stating[organisation].least), even + stating[organisation].most);
}

/* link_unstated: the weight of which so much is stated; the least one, when the number of records is not known yet, is that of none */
double
link_unstated(bool organisation, double records, double stated)
{
	double		even = stating_even(organisation, records),
				x = even - stating[organisation].each * (stated - even) / (1 - stating[organisation].each);

	return stated - fmin(fmax(x, stating[organisation].least), even + stating[organisation].most);
}

/* link_state_weights: the last step, when clusters are made: edges get the weights that are stated */
void
link_state_weights(link_engine *e)
{
	for (uint64_t i = 0; i < e->nedges; i++)
	{
		bool		org = link_is_organisation(e, e->edge[i].a);

		e->edge[i].weight = (float) link_stated(org, e->of_kind[org], e->edge[i].weight);
	}
}

const link_edge *
link_edges(const link_engine *e, uint64_t *n)
{
	*n = e->nedges;
	return e->edge;
}

/* ---- by several processes ---- */

typedef struct shared_part		/* one array of the engine */
{
	void	  **at;
	size_t		size,
				room;			/* as it was allocated */
} shared_part;

#define PARTS_MOST (64 + 4 * LINK_MAX_EXTRAS)

/* the arrays that comparing looks at; all other pointers of an attached engine are NULL */
static int
shared_parts(link_engine *e, shared_part part[PARTS_MOST])
{
	link_dict  *dict[] = {&e->names, &e->companies, &e->compacts, &e->locals, &e->domains, &e->phones, &e->streets, &e->postcodes, &e->cities, &e->registries};
	int			k = 0;

#define PART(pointer, bytes, allocated) part[k++] = (shared_part) {(void **) &(pointer), bytes, allocated}
#define PART_DICT(d) do { \
		PART((d)->v, (d)->v ? sizeof(link_value_record) * ((size_t) (d)->n + 1) : 0, sizeof(link_value_record) * (d)->room); \
		PART((d)->text, (d)->text ? (d)->text_used + 2 * SIMILARITY_PAD : 0, (d)->text_room); \
	} while (0)
	PART(e->record, sizeof(link_record) * e->n, sizeof(link_record) * e->room);
	if (e->nextra)
		PART(e->extra, sizeof(uint32_t) * e->nextra * e->n, sizeof(uint32_t) * e->nextra * (e->n + 1));
	for (size_t i = 0; i < sizeof dict / sizeof *dict; i++)
		PART_DICT(dict[i]);
	for (int x = 0; x < e->nextra; x++)
	{
		PART_DICT(&e->extras[x]);
		PART(e->lu_extra[x], sizeof(float) * (e->extras[x].n + 1), sizeof(float) * (e->extras[x].n + 1));
	}
	PART(e->name, e->name ? sizeof(link_name) * ((size_t) e->names.n + 1) : 0, sizeof(link_name) * e->name_room);
	PART(e->company, sizeof(link_company) * ((size_t) e->companies.n + 1), sizeof(link_company) * ((size_t) e->companies.n + 1));
	PART(e->email, sizeof(link_email) * ((size_t) e->nemails + 1), sizeof(link_email) * ((size_t) e->nemails + 1));
	PART(e->lu_phone, sizeof(float) * ((size_t) e->phones.n + 1), sizeof(float) * ((size_t) e->phones.n + 1));
	PART(e->lu_postcode, sizeof(float) * ((size_t) e->postcodes.n + 1), sizeof(float) * ((size_t) e->postcodes.n + 1));
	PART(e->name_country, sizeof(float) * 2 * LINK_COUNTRIES * ((size_t) e->names.n + 1), sizeof(float) * 2 * LINK_COUNTRIES * ((size_t) e->names.n + 1));
	PART(e->more, sizeof(link_more) * e->nmore, sizeof(link_more) * e->more_room);
	PART(e->address_count, sizeof(uint64_t) * e->count_slots, sizeof(uint64_t) * e->count_slots);
	PART(e->lu_whole, sizeof(float) * ((size_t) e->n + 1), sizeof(float) * ((size_t) e->n + 1));
	return k;
#undef PART
#undef PART_DICT
}

static size_t
rounded(size_t n)
{
	return (n + 63) & ~(size_t) 63;
}

/* what stands at the beginning of the area */
typedef struct shared_head
{
	size_t		at[PARTS_MOST],	/* where each part begins; 0: there is none */
				pair,
				weight;
	link_engine engine;
} shared_head;

static size_t
lay_out(link_engine *e, shared_head *h)
{
	shared_part part[PARTS_MOST];
	int			n = shared_parts(e, part);
	size_t		at = rounded(sizeof *h);

	for (int i = 0; i < n; i++)
	{
		h->at[i] = part[i].size && *part[i].at ? at : 0;
		if (h->at[i])
			at += rounded(part[i].size);
	}
	h->pair = at;
	at += rounded(sizeof(uint64_t) * e->npairs);
	h->weight = at;
	at += rounded(sizeof(float) * e->npairs);
	return at;
}

size_t
link_share_size(const link_engine *e)
{
	shared_head h;

	return lay_out((link_engine *) e, &h);
}

/* link_share: moves what comparing takes, and the pairs, into the area; done once, after training, before scoring */
void
link_share(link_engine *e, void *area, double keep_from)
{
	shared_head *h = area;
	shared_part part[PARTS_MOST];
	int			n = shared_parts(e, part);
	char	   *base = area;

	lay_out(e, h);
	e->keep_from = (float) keep_from;
	h->engine = *e;
	for (int i = 0; i < n; i++)
		if (h->at[i])
		{
			memcpy(base + h->at[i], *part[i].at, part[i].size);
			link_free(e, *part[i].at, part[i].room);
			*part[i].at = base + h->at[i];
			link_look(e);
		}
	e->shared_pair = (uint64_t *) (base + h->pair);
	e->shared_weight = (float *) (base + h->weight);
	for (uint32_t block = 0; block < e->pair_blocks; block++)
	{
		uint64_t	from = (uint64_t) block * PAIR_CHUNK;

		memcpy(e->shared_pair + from, e->pair_block[block], sizeof(uint64_t) * (e->npairs - from < PAIR_CHUNK ? e->npairs - from : PAIR_CHUNK));
		link_free(e, e->pair_block[block], sizeof(uint64_t) * PAIR_CHUNK);
	}
	link_free(e, e->pair_block, sizeof(uint64_t *) * e->pair_room);
	e->pair_block = NULL;
	e->pair_blocks = e->pair_room = 0;
	e->is_shared = true;
}

/* link_unshare: the arrays in the area are no longer looked at */
void
link_unshare(link_engine *e)
{
	shared_part part[PARTS_MOST];
	int			n = shared_parts(e, part);

	for (int i = 0; i < n; i++)
		*part[i].at = NULL;
	e->shared_pair = NULL;
	e->shared_weight = NULL;
	e->is_shared = false;
}

/* link_attach: an engine that compares the records of another one; its memory is the caller's for as long as the area is there */
link_engine *
link_attach(const link_memory *memory, void *area)
{
	shared_head *h = area;
	link_engine *e = memory->alloc(memory->context, sizeof *e);
	shared_part part[PARTS_MOST];
	int			n;
	char	   *base = area;

	/* the other pointers are of another process; nothing below looks at them */
	*e = h->engine;
	n = shared_parts(e, part);
	e->memory = *memory;
	e->used = sizeof *e;
	e->edge = NULL;
	e->nedges = e->edge_room = 0;
	e->pair_block = NULL;
	e->pair_blocks = e->pair_room = 0;
	for (int i = 0; i < n; i++)
		*part[i].at = h->at[i] ? base + h->at[i] : NULL;
	e->shared_pair = (uint64_t *) (base + h->pair);
	e->shared_weight = (float *) (base + h->weight);
	e->is_shared = true;
	e->given = NULL;
	return e;
}

/* link_score_work: weighs parts of the pairs until there are none */
void
link_score_work(link_engine *e, uint32_t (*next) (void *context), void *context)
{
	for (uint64_t from; (from = (uint64_t) next(context) * PAIR_PORTION) < e->npairs;)
	{
		(void) weigh(e, e->shared_pair + from, (uint32_t) (e->npairs - from < PAIR_PORTION ? e->npairs - from : PAIR_PORTION), e->keep_from, e->shared_weight + from);
		link_look(e);
	}
}

/* link_score_gather: keeps the pairs of at least this weight, once all are weighed, in the order of the pairs */
uint64_t
link_score_gather(link_engine *e)
{
	for (uint64_t from = 0; from < e->npairs; from += PAIR_PORTION)
	{
		uint32_t	n = (uint32_t) (e->npairs - from < PAIR_PORTION ? e->npairs - from : PAIR_PORTION),
					kept = 0;

		for (uint32_t i = 0; i < n; i++)
			kept += e->shared_weight[from + i] >= e->keep_from;
		keep_edges(e, e->shared_pair + from, n, e->keep_from, e->shared_weight + from, kept);
	}
	return e->nedges;
}
