/*
 * node.c: the nodes of a predicate: made, joined, walked, checked and evaluated in three values.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "segment/segment_private.h"

void *
segment_take(segment_allocator memory, size_t size)
{
	return memory.take(memory.context, size);
}

segment_text
segment_copy(segment_allocator memory, const char *s, size_t len)
{
	char	   *to = segment_take(memory, len + 1);
	segment_text t = {to, (uint32_t) len};

	if (len > 0)
		memcpy(to, s, len);
	to[len] = 0;
	return t;
}

segment_node *
segment_make(segment_allocator memory, segment_kind kind, uint32_t position)
{
	segment_node *n = segment_take(memory, sizeof(*n));

	memset(n, 0, sizeof(*n));
	n->kind = kind;
	n->position = position;
	n->object.data = "";
	return n;
}

/* one more child; there is room up to the next power of two */
void
segment_adopt(segment_allocator memory, segment_node *parent, segment_node *child)
{
	uint32_t	n = parent->children;

	if (n == 0 || (n & (n - 1)) == 0)
	{
		segment_node **more = segment_take(memory, sizeof(*more) * (n == 0 ? 1 : 2 * (size_t) n));

		if (n > 0)
			memcpy(more, parent->child, sizeof(*more) * n);
		parent->child = more;
	}
	parent->child[parent->children++] = child;
}

/* notes the first error only; returns false */
bool
segment_fail(segment_error *error, segment_status status, size_t position, const char *format, ...)
{
	va_list		args;

	if (error->status != SEGMENT_OK)
		return false;
	error->status = status;
	error->position = (uint32_t) position;
	error->hint[0] = 0;
	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	return false;
}

void
segment_hint(segment_error *error, const char *format, ...)
{
	va_list		args;

	if (error->hint[0])
		return;
	va_start(args, format);
	vsnprintf(error->hint, sizeof(error->hint), format, args);
	va_end(args);
}

static bool
walk(const segment_node *node, const segment_node *parent, segment_visitor see, void *context)
{
	if (see(node, parent, context))
		return true;
	for (uint32_t i = 0; i < node->children; i++)
		if (walk(node->child[i], node, see, context))
			return true;
	return false;
}

bool
segment_walk(const segment_node *node, segment_visitor see, void *context)
{
	return walk(node, NULL, see, context);
}

segment_truth
segment_evaluate(const segment_node *node, segment_leaf leaf, void *context)
{
	segment_truth t;

	switch (node->kind)
	{
		case SEGMENT_AND:
		case SEGMENT_OR:
			{
				segment_truth decides = node->kind == SEGMENT_AND ? SEGMENT_FALSE : SEGMENT_TRUE,
							result = node->kind == SEGMENT_AND ? SEGMENT_TRUE : SEGMENT_FALSE;

				for (uint32_t i = 0; i < node->children; i++)
				{
					t = segment_evaluate(node->child[i], leaf, context);
					if (t == decides)
						return t;
					if (t == SEGMENT_UNKNOWN)
						result = SEGMENT_UNKNOWN;
				}
				return result;
			}
		case SEGMENT_NOT:
			t = segment_evaluate(node->child[0], leaf, context);
			return t == SEGMENT_UNKNOWN ? t : t == SEGMENT_TRUE ? SEGMENT_FALSE : SEGMENT_TRUE;
		case SEGMENT_IS:
			if (segment_is_operand(node->child[0]))
				return leaf(node, context);
			t = segment_evaluate(node->child[0], leaf, context);
			switch ((segment_test) node->op)
			{
				case SEGMENT_IS_TRUE:
					return t == SEGMENT_TRUE ? SEGMENT_TRUE : SEGMENT_FALSE;
				case SEGMENT_IS_FALSE:
					return t == SEGMENT_FALSE ? SEGMENT_TRUE : SEGMENT_FALSE;
				default:
					return t == SEGMENT_UNKNOWN ? SEGMENT_TRUE : SEGMENT_FALSE;
			}
		case SEGMENT_CONSTANT:
			return (segment_truth) node->op;
		default:
			return leaf(node, context);
	}
}

/* ---- the rules that the grammar does not hold ---- */

static bool
check(const segment_node *n, int depth, bool rank_allowed, bool on_event, segment_error *error)
{
	if (depth > SEGMENT_DEPTH_MAX)
		return segment_fail(error, SEGMENT_LIMIT, n->position, "conditions are nested more than %d deep", SEGMENT_DEPTH_MAX);
	switch (n->kind)
	{
		case SEGMENT_TOP:
			if (!rank_allowed)
			{
				segment_fail(error, SEGMENT_SYNTAX, n->position, "a rank must be outermost");
				segment_hint(error, "Write it once, by itself or joined by 'and': ... and top 5000 by revenue.");
				return false;
			}
			break;
		case SEGMENT_AND:
		case SEGMENT_OR:
		case SEGMENT_NOT:
		case SEGMENT_IS:
		case SEGMENT_FLAG:
		case SEGMENT_COMPARE:
		case SEGMENT_IN:
		case SEGMENT_BETWEEN:
		case SEGMENT_LIKE:
		case SEGMENT_HAS:
		case SEGMENT_WITHIN:
		case SEGMENT_ANNIVERSARY:
		case SEGMENT_CONSTANT:
		case SEGMENT_ATTRIBUTE:
		case SEGMENT_STEP:
			break;
		default:
			if (on_event)
			{
				segment_fail(error, SEGMENT_SYNTAX, n->position, "a condition on an event is about its own columns only");
				segment_hint(error, "End the condition with parentheses around 'did ... where ...'.");
				return false;
			}
	}
	on_event = on_event || n->kind == SEGMENT_DID || n->kind == SEGMENT_STEP || n->kind == SEGMENT_MEASURE || n->kind == SEGMENT_EDGE;
	for (uint32_t i = 0; i < n->children; i++)
		if (!check(n->child[i], depth + 1, false, on_event, error))
			return false;
	return true;
}

bool
segment_check(const segment_node *root, segment_error *error)
{
	if (root->kind == SEGMENT_AND)
	{
		int			ranks = 0;

		for (uint32_t i = 0; i < root->children; i++)
		{
			const segment_node *c = root->child[i];

			ranks += c->kind == SEGMENT_TOP;
			if (!check(c, 1, c->kind == SEGMENT_TOP && ranks == 1, false, error))
				return false;
		}
		return true;
	}
	return check(root, 0, root->kind == SEGMENT_TOP, false, error);
}

segment_node *
segment_join(segment_kind kind, segment_node *a, segment_node *b, segment_allocator memory, segment_error *error)
{
	segment_node *n = segment_make(memory, kind, 0);

	*error = (segment_error) {0};
	for (int side = 0; side < (b ? 2 : 1); side++)
	{
		segment_node *from = side == 0 ? a : b;

		if (kind != SEGMENT_NOT && from->kind == kind)
			for (uint32_t i = 0; i < from->children; i++)
				segment_adopt(memory, n, from->child[i]);
		else
			segment_adopt(memory, n, from);
	}
	return segment_check(n, error) ? n : NULL;
}

/* ---- words ---- */

const char *
segment_op_text(segment_op op)
{
	static const char *const text[] = {"=", "<>", "<", "<=", ">=", ">"};

	return text[op];
}

segment_op
segment_op_negated(segment_op op)
{
	static const segment_op other[] = {SEGMENT_NE, SEGMENT_EQ, SEGMENT_GE, SEGMENT_GT, SEGMENT_LT, SEGMENT_LE};

	return other[op];
}

segment_op
segment_op_flipped(segment_op op)
{
	static const segment_op other[] = {SEGMENT_EQ, SEGMENT_NE, SEGMENT_GT, SEGMENT_GE, SEGMENT_LE, SEGMENT_LT};

	return other[op];
}

const char *
segment_unit_text(segment_unit unit)
{
	static const char *const text[] = {"minute", "hour", "day", "week", "month", "quarter", "year"};

	return text[unit];
}

const char *
segment_measure_text(segment_measure m)
{
	static const char *const text[] = {"sum", "avg", "min", "max", "count", "count distinct"};

	return text[m];
}
