/*
 * match_condition.c: from a predicate's tree to conditions on values, for the index over predicates (match_index.h). Three-valued logic ends here:
 * "this leaf is unknown" is a set of values like "this leaf is true".
 */
#include <string.h>

#include "segment/match_index.h"

segment_condition *
segment_condition_new(segment_form form, segment_allocator memory)
{
	segment_condition *c = memory.take(memory.context, sizeof(segment_condition));

	memset(c, 0, sizeof(*c));
	c->form = form;
	return c;
}

static segment_condition *
of_children(segment_form form, uint32_t n, segment_allocator memory)
{
	segment_condition *c = segment_condition_new(form, memory);

	c->n = n;
	c->child = memory.take(memory.context, sizeof(*c->child) * (n ? n : 1));
	return c;
}

static segment_condition *
both(segment_condition *a, segment_condition *b, segment_form form, segment_allocator memory)
{
	segment_condition *c = of_children(form, 2, memory);

	c->child[0] = a;
	c->child[1] = b;
	return c;
}

typedef struct
{
	segment_leaf_condition leaf;
	void	   *context;
	segment_allocator memory;
} Making;

static segment_condition *
make(const segment_node *node, int mask, Making *m);

static segment_condition *
each(const segment_node *node, int mask, segment_form form, Making *m)
{
	segment_condition *c = of_children(form, node->children, m->memory);

	for (uint32_t i = 0; i < node->children; i++)
		c->child[i] = make(node->child[i], mask, m);
	return c;
}

/* Kleene: AND is the least, OR the greatest of its children, false < unknown < true. */
static segment_condition *
make(const segment_node *node, int mask, Making *m)
{
	bool		is_or = node->kind == SEGMENT_OR;
	/* what decides alone: false for AND, true for OR; and what all must be for the opposite */
	int			strong = is_or ? SEGMENT_IF_TRUE : SEGMENT_IF_FALSE;
	int			weak = is_or ? SEGMENT_IF_FALSE : SEGMENT_IF_TRUE;

	if (mask == 7)
		return segment_condition_new(SEGMENT_ALWAYS_SO, m->memory);
	if (mask == 0)
		return segment_condition_new(SEGMENT_NEVER_SO, m->memory);
	if (!segment_is_inner(node))
	{
		if (node->kind == SEGMENT_CONSTANT)
		{
			int			is = node->op == SEGMENT_TRUE ? SEGMENT_IF_TRUE : node->op == SEGMENT_FALSE ? SEGMENT_IF_FALSE : SEGMENT_IF_UNKNOWN;

			return segment_condition_new(is & mask ? SEGMENT_ALWAYS_SO : SEGMENT_NEVER_SO, m->memory);
		}
		return m->leaf(node, mask, m->context);
	}
	switch (node->kind)
	{
		case SEGMENT_NOT:
			return make(node->child[0], (mask & SEGMENT_IF_UNKNOWN) | (mask & SEGMENT_IF_TRUE ? SEGMENT_IF_FALSE : 0) |
						(mask & SEGMENT_IF_FALSE ? SEGMENT_IF_TRUE : 0), m);
		case SEGMENT_IS:
			{
				int			tested = node->op == SEGMENT_IS_TRUE ? SEGMENT_IF_TRUE : node->op == SEGMENT_IS_FALSE ? SEGMENT_IF_FALSE : SEGMENT_IF_UNKNOWN;

				return make(node->child[0], (mask & SEGMENT_IF_TRUE ? tested : 0) | (mask & SEGMENT_IF_FALSE ? 7 & ~tested : 0), m);
			}
		default:
			break;
	}
	if (mask == strong || mask == (strong | SEGMENT_IF_UNKNOWN))
		return each(node, mask, SEGMENT_ONE_OF, m);
	if (mask == weak || mask == (weak | SEGMENT_IF_UNKNOWN))
		return each(node, mask, SEGMENT_ALL_OF, m);
	if (mask == SEGMENT_IF_UNKNOWN)
		return both(each(node, weak | SEGMENT_IF_UNKNOWN, SEGMENT_ALL_OF, m), each(node, SEGMENT_IF_UNKNOWN, SEGMENT_ONE_OF, m), SEGMENT_ALL_OF, m->memory);
	/* known, either way */
	return both(each(node, strong, SEGMENT_ONE_OF, m), each(node, weak, SEGMENT_ALL_OF, m), SEGMENT_ONE_OF, m->memory);
}

segment_condition *
segment_condition_of(const segment_node *node, int mask, segment_leaf_condition leaf, void *context, segment_allocator memory)
{
	Making		m = {leaf, context, memory};

	return make(node, mask, &m);
}

int
segment_bound_compare(const segment_bound *a, const segment_bound *b, segment_exact_compare compare)
{
	if (a->end || b->end)
		return a->end - b->end;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if ((a->exact || b->exact) && compare)
	{
		int			c = compare(a, b);

		if (c)
			return c;
	}
	return (int) a->after - (int) b->after;
}

/* Both lists of ranges in one walk over their bounds: inside of both, or of one of them. */
static segment_condition *
merge_ranges(const segment_condition *a, const segment_condition *b, bool both_, segment_exact_compare compare, segment_allocator memory)
{
	segment_condition *c = segment_condition_new(SEGMENT_RANGES, memory);
	uint32_t	i = 0,
				j = 0;
	bool		in = false;

	c->bound = memory.take(memory.context, sizeof(segment_bound) * (a->n + b->n + 1));
	while (i < a->n || j < b->n)
	{
		int			order = i == a->n ? 1 : j == b->n ? -1 : segment_bound_compare(&a->bound[i], &b->bound[j], compare);
		const segment_bound *at = order <= 0 ? &a->bound[i] : &b->bound[j];
		bool		now;

		i += order <= 0;
		j += order >= 0;
		now = both_ ? (i & 1) && (j & 1) : (i & 1) || (j & 1);
		if (now != in)
			c->bound[c->n++] = *at;
		in = now;
	}
	return c;
}

/* Sorted lists of values: union, intersection, or a without b. */
static segment_condition *
merge_values(const segment_condition *a, const segment_condition *b, char how, segment_allocator memory)
{
	segment_condition *c = segment_condition_new(a->form, memory);
	uint32_t	i = 0,
				j = 0;

	c->value = memory.take(memory.context, sizeof(uint32_t) * ((size_t) a->n + b->n + 1));
	while (i < a->n || j < b->n)
	{
		bool		in_a = i < a->n && (j == b->n || a->value[i] <= b->value[j]);
		bool		in_b = j < b->n && (i == a->n || b->value[j] <= a->value[i]);
		uint32_t	v = in_a ? a->value[i] : b->value[j];

		i += in_a;
		j += in_b;
		if (how == '|' ? true : how == '&' ? in_a && in_b : in_a && !in_b)
			c->value[c->n++] = v;
	}
	return c;
}

segment_condition *
segment_condition_merge(const segment_condition *a, const segment_condition *b, bool both_, segment_exact_compare compare, segment_allocator memory)
{
	segment_condition *c;

	if (a->form != b->form || a->attribute != b->attribute)
		return NULL;
	switch (a->form)
	{
		case SEGMENT_RANGES:
			c = merge_ranges(a, b, both_, compare, memory);
			break;
		case SEGMENT_VALUES:
			if (a->complement == b->complement)
				c = merge_values(a, b, a->complement == both_ ? '|' : '&', memory);
			else if (both_)
				c = a->complement ? merge_values(b, a, '-', memory) : merge_values(a, b, '-', memory);
			else
				c = a->complement ? merge_values(a, b, '-', memory) : merge_values(b, a, '-', memory);
			c->complement = both_ ? a->complement && b->complement : a->complement || b->complement;
			break;
		case SEGMENT_ANY:
			if (both_ || a->on_null != b->on_null)
				return NULL;
			c = merge_values(a, b, '|', memory);
			break;
		case SEGMENT_NONE:
			if (!both_ || a->on_null != b->on_null)
				return NULL;
			c = merge_values(a, b, '|', memory);
			break;
		default:
			return NULL;
	}
	c->attribute = a->attribute;
	c->on_null = both_ ? a->on_null && b->on_null : a->on_null || b->on_null;
	return c;
}

/* ALWAYS_SO or NEVER_SO where a literal is that */
static const segment_condition *
settle(const segment_condition *c, segment_allocator memory)
{
	bool		none = c->n == 0 && !(c->form == SEGMENT_VALUES && c->complement) && c->form != SEGMENT_NONE;
	bool		all = c->n == 0 && ((c->form == SEGMENT_VALUES && c->complement) || c->form == SEGMENT_NONE);

	if (c->form == SEGMENT_RANGES)
		all = c->n == 2 && c->bound[0].end < 0 && c->bound[1].end > 0;
	if (none && !c->on_null)
		return segment_condition_new(SEGMENT_NEVER_SO, memory);
	if (all && c->on_null)
		return segment_condition_new(SEGMENT_ALWAYS_SO, memory);
	return c;
}

typedef struct
{
	segment_exact_compare compare;
	segment_allocator memory;
} Simplifying;

static const segment_condition *simplify(const segment_condition *c, Simplifying *s, bool *residue);

/* the children of a node of the same form join it */
static uint32_t
flat_size(const segment_condition *c, segment_form form)
{
	return c->form == form ? c->n : 1;
}

static const segment_condition *
simplify(const segment_condition *c, Simplifying *s, bool *residue)
{
	bool		all = c->form == SEGMENT_ALL_OF;
	segment_form neutral = all ? SEGMENT_ALWAYS_SO : SEGMENT_NEVER_SO;
	const segment_condition **part;
	segment_condition *result;
	uint32_t	room = 0,
				n = 0;

	if (c->form == SEGMENT_OPAQUE)
	{
		*residue = true;
		return segment_condition_new(SEGMENT_ALWAYS_SO, s->memory);
	}
	if (c->form != SEGMENT_ALL_OF && c->form != SEGMENT_ONE_OF)
		return c->form == SEGMENT_ALWAYS_SO || c->form == SEGMENT_NEVER_SO ? c : settle(c, s->memory);
	part = s->memory.take(s->memory.context, sizeof(*part) * (c->n + 1));
	for (uint32_t i = 0; i < c->n; i++)
	{
		/* what is left out makes a condition weaker: one that never holds even so never does */
		bool		left_out = false;

		part[i] = simplify(c->child[i], s, &left_out);
		*residue |= left_out && part[i]->form != SEGMENT_NEVER_SO;
		if (part[i]->form == (all ? SEGMENT_NEVER_SO : SEGMENT_ALWAYS_SO))
			return part[i];		/* decides alone */
		room += flat_size(part[i], c->form);
	}
	result = of_children(c->form, room, s->memory);
	for (uint32_t i = 0; i < c->n; i++)
	{
		uint32_t	k = flat_size(part[i], c->form);

		for (uint32_t j = 0; j < k; j++)
		{
			const segment_condition *one = part[i]->form == c->form ? part[i]->child[j] : part[i];
			uint32_t	at;

			if (one->form == neutral)
				continue;
			/* with a literal about the same attribute, one literal where that can be said; the last few are looked at */
			for (at = n; at > 0 && n - at < 64; at--)
			{
				segment_condition *merged = one->form >= SEGMENT_RANGES ? segment_condition_merge(result->child[at - 1], one, all, s->compare, s->memory) : NULL;

				if (merged)
				{
					result->child[at - 1] = (segment_condition *) settle(merged, s->memory);
					if (result->child[at - 1]->form == SEGMENT_NEVER_SO || result->child[at - 1]->form == SEGMENT_ALWAYS_SO)
					{
						if (result->child[at - 1]->form != neutral)
							return result->child[at - 1];
						result->child[at - 1] = result->child[--n];
					}
					one = NULL;
					break;
				}
			}
			if (one)
				result->child[n++] = (segment_condition *) one;
		}
	}
	result->n = n;
	if (n == 0)
		return segment_condition_new(neutral, s->memory);
	return n == 1 ? result->child[0] : result;
}

segment_condition *
segment_condition_simplify(const segment_condition *c, segment_exact_compare compare, segment_allocator memory, bool *residue)
{
	Simplifying s = {compare, memory};

	*residue = false;
	return (segment_condition *) simplify(c, &s, residue);
}
