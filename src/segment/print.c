/*
 * print.c: the canonical text of a predicate: lower-case words, the fewest parentheses, one way to say each thing. Reading it gives the same tree.
 */
#include <stdio.h>
#include <string.h>

#include "segment/segment_private.h"

typedef struct printer
{
	segment_allocator memory;
	char	   *s;
	size_t		len,
				room;
} printer;

static void
put_bytes(printer *p, const char *s, size_t len)
{
	if (p->len + len + 1 > p->room)
	{
		char	   *more;

		p->room = (p->room + len + 64) * 2;
		more = segment_take(p->memory, p->room);
		if (p->len > 0)
			memcpy(more, p->s, p->len);
		p->s = more;
	}
	if (len > 0)
		memcpy(p->s + p->len, s, len);
	p->len += len;
	p->s[p->len] = 0;
}

static void
put(printer *p, const char *s)
{
	put_bytes(p, s, strlen(s));
}

static void
put_int(printer *p, int v)
{
	char		text[16];

	snprintf(text, sizeof(text), "%d", v);
	put(p, text);
}

static void
put_quoted(printer *p, const segment_text *t, char quote)
{
	put_bytes(p, &quote, 1);
	for (uint32_t i = 0; i < t->len; i++)
	{
		if (t->data[i] == quote)
			put_bytes(p, &quote, 1);
		put_bytes(p, t->data + i, 1);
	}
	put_bytes(p, &quote, 1);
}

static bool
plain(const segment_text *t)
{
	for (uint32_t i = 0; i < t->len; i++)
	{
		char		c = t->data[i];

		if (!((c >= 'a' && c <= 'z') || c == '_' || (unsigned char) c >= 0x80 || (i > 0 && ((c >= '0' && c <= '9') || c == '$'))))
			return false;
	}
	return t->len > 0;
}

static void
put_part(printer *p, const segment_text *t, bool alone)
{
	if (plain(t) && !(alone && segment_name_is_reserved(t->data, t->len)))
		put_bytes(p, t->data, t->len);
	else
		put_quoted(p, t, '"');
}

static void
put_name(printer *p, const segment_text *object, const segment_text *part, int parts)
{
	bool		alone = parts + (object != NULL) == 1;

	if (object)
		put_part(p, object, alone);
	for (int i = 0; i < parts; i++)
	{
		if (i > 0 || object)
			put(p, ".");
		put_part(p, &part[i], alone);
	}
}

static void
put_value(printer *p, const segment_value *v)
{
	switch (v->kind)
	{
		case SEGMENT_STRING:
			put_quoted(p, &v->text, '\'');
			break;
		case SEGMENT_DATE:
		case SEGMENT_TIMESTAMP:
		case SEGMENT_INTERVAL:
			put(p, v->kind == SEGMENT_DATE ? "date " : v->kind == SEGMENT_TIMESTAMP ? "timestamp " : "interval ");
			put_quoted(p, &v->text, '\'');
			break;
		default:
			put_bytes(p, v->text.data, v->text.len);
	}
}

static void
put_values(printer *p, const segment_node *n)
{
	put(p, "(");
	for (uint32_t i = 0; i < n->values; i++)
	{
		if (i > 0)
			put(p, ", ");
		put_value(p, &n->value[i]);
	}
	put(p, ")");
}

static void
put_span(printer *p, segment_window w)
{
	put_int(p, w.amount);
	put(p, " ");
	put(p, segment_unit_text(w.unit));
	if (w.amount != 1)
		put(p, "s");
}

static void
put_window(printer *p, segment_window w)
{
	switch (w.kind)
	{
		case SEGMENT_ALWAYS:
			break;
		case SEGMENT_LAST:
			put(p, " within last ");
			put_span(p, w);
			break;
		case SEGMENT_NEXT:
			put(p, " within next ");
			put_span(p, w);
			break;
		case SEGMENT_OLDER:
			put(p, " older than ");
			put_span(p, w);
			break;
		default:
			put(p, w.kind == SEGMENT_THIS ? " in this " : w.kind == SEGMENT_LAST_CALENDAR ? " in last " : " in next ");
			if (w.kind != SEGMENT_THIS && w.amount != 1)
			{
				put_int(p, w.amount);
				put(p, " calendar ");
			}
			put(p, segment_unit_text(w.unit));
			if (w.kind != SEGMENT_THIS && w.amount != 1)
				put(p, "s");
	}
}

static void
put_count(printer *p, const segment_node *n)
{
	int			min = n->count.min,
				max = n->count.max;

	if (min == 1 && max < 0)
		return;
	if (max == min)
		put(p, " exactly "), put_int(p, min);
	else if (max < 0)
		put(p, " at least "), put_int(p, min);
	else if (min == 0)
		put(p, " at most "), put_int(p, max);
	else
		put(p, " between "), put_int(p, min), put(p, " and "), put_int(p, max);
	put(p, " times");
}

static void put_node(printer *p, const segment_node *n);

static void put_inside(printer *p, const segment_node *n, bool parentheses);

/* its last word is an attribute by itself, which would take a window or 'between' that follows for its own */
static bool
flag_ended(const segment_node *n)
{
	return n->kind == SEGMENT_FLAG || ((n->kind == SEGMENT_AND || n->kind == SEGMENT_OR || n->kind == SEGMENT_NOT) && flag_ended(n->child[n->children - 1]));
}

static void
put_where(printer *p, const segment_node *n)
{
	if (n->children > 0)
	{
		put(p, " where ");
		put_inside(p, n->child[0], flag_ended(n->child[0]) && (n->window.kind != SEGMENT_ALWAYS || n->count.max >= 0 || n->kind == SEGMENT_STEP));
	}
}

static void
put_operand(printer *p, const segment_node *n)
{
	switch (n->kind)
	{
		case SEGMENT_MEASURE:
			put(p, segment_measure_text((segment_measure) n->op));
			put(p, n->op == SEGMENT_COUNT_DISTINCT ? " (" : "(");
			put_name(p, &n->object, n->part, n->parts);
			put_where(p, n);
			put(p, ")");
			put_window(p, n->window);
			break;
		case SEGMENT_EDGE:
			put(p, n->op ? "last " : "first ");
			if (n->children == 0 && n->window.kind == SEGMENT_ALWAYS)
				put_name(p, &n->object, n->part, n->parts);
			else
			{
				put_part(p, &n->object, true);
				put_where(p, n);
				put_window(p, n->window);
				put(p, " .");
				put_name(p, NULL, n->part, n->parts);
			}
			break;
		default:
			put_name(p, NULL, n->part, n->parts);
	}
}

/* its text ends with a condition on an event, which would swallow what follows */
static bool
open_ended(const segment_node *n)
{
	switch (n->kind)
	{
		case SEGMENT_NOT:
			return open_ended(n->child[0]);
		case SEGMENT_DID:
			return n->children > 0 && n->window.kind == SEGMENT_ALWAYS && n->count.min == 1 && n->count.max < 0;
		case SEGMENT_SEQUENCE:
			return n->window.kind == SEGMENT_ALWAYS && n->span.kind == SEGMENT_ALWAYS && n->child[n->children - 1]->children > 0;
		default:
			return false;
	}
}

static void
put_inside(printer *p, const segment_node *n, bool parentheses)
{
	if (parentheses)
		put(p, "(");
	put_node(p, n);
	if (parentheses)
		put(p, ")");
}

/* not beside what it denies, where the language has such a place; false where it has none */
static bool
put_leaf(printer *p, const segment_node *n, bool denied)
{
	const char *not = denied ? " not" : "";

	switch (n->kind)
	{
		case SEGMENT_IN:
			put_operand(p, n->child[0]);
			put(p, not);
			put(p, " in ");
			put_values(p, n);
			return true;
		case SEGMENT_BETWEEN:
			put_operand(p, n->child[0]);
			put(p, not);
			put(p, " between ");
			put_value(p, &n->value[0]);
			put(p, " and ");
			put_value(p, &n->value[1]);
			return true;
		case SEGMENT_LIKE:
			put_operand(p, n->child[0]);
			put(p, not);
			put(p, n->op ? " ilike " : " like ");
			put_value(p, &n->value[0]);
			return true;
		case SEGMENT_IS:
			put_inside(p, n->child[0], !segment_is_operand(n->child[0]));
			put(p, " is");
			put(p, not);
			put(p, n->op == SEGMENT_IS_NULL ? " null" : n->op == SEGMENT_IS_TRUE ? " true" : n->op == SEGMENT_IS_FALSE ? " false" : " unknown");
			return true;
		case SEGMENT_HAS:
			put_operand(p, n->child[0]);
			if (n->values == 1 && !denied)
			{
				put(p, " has ");
				put_value(p, &n->value[0]);
				return true;
			}
			put(p, n->op == SEGMENT_HAS_ANY ? (denied ? " has none " : " has any ") : (denied ? " not has all " : " has all "));
			put_values(p, n);
			return true;
		case SEGMENT_WITHIN:
		case SEGMENT_ANNIVERSARY:
			put_operand(p, n->child[0]);
			put(p, not);
			if (n->kind == SEGMENT_ANNIVERSARY)
				put(p, " anniversary");
			put_window(p, n->window);
			return true;
		case SEGMENT_DID:
			put(p, denied ? "did not " : "did ");
			put_part(p, &n->object, true);
			put_where(p, n);
			put_count(p, n);
			put_window(p, n->window);
			return true;
		default:
			return false;
	}
}

static void
put_node(printer *p, const segment_node *n)
{
	if (put_leaf(p, n, false))
		return;
	switch (n->kind)
	{
		case SEGMENT_AND:
		case SEGMENT_OR:
			for (uint32_t i = 0; i < n->children; i++)
			{
				if (i > 0)
					put(p, n->kind == SEGMENT_AND ? " and " : " or ");
				put_inside(p, n->child[i], (n->kind == SEGMENT_AND && n->child[i]->kind == SEGMENT_OR) || n->child[i]->kind == n->kind || open_ended(n->child[i]));
			}
			break;
		case SEGMENT_NOT:
			if (!put_leaf(p, n->child[0], true))
			{
				put(p, "not ");
				put_inside(p, n->child[0], n->child[0]->kind == SEGMENT_AND || n->child[0]->kind == SEGMENT_OR);
			}
			break;
		case SEGMENT_FLAG:
			put_operand(p, n->child[0]);
			break;
		case SEGMENT_COMPARE:
			put_operand(p, n->child[0]);
			put(p, " ");
			put(p, segment_op_text((segment_op) n->op));
			put(p, " ");
			if (n->values > 0)
				put_value(p, &n->value[0]);
			else
				put_operand(p, n->child[1]);
			break;
		case SEGMENT_CONSTANT:
			put(p, n->op == SEGMENT_TRUE ? "true" : n->op == SEGMENT_FALSE ? "false" : "unknown");
			break;
		case SEGMENT_SEQUENCE:
			put(p, "did ");
			for (uint32_t i = 0; i < n->children; i++)
			{
				put(p, i == 0 ? "" : n->child[i]->op ? " then not " : " then ");
				put_part(p, &n->child[i]->object, true);
				put_where(p, n->child[i]);
			}
			if (n->span.kind != SEGMENT_ALWAYS)
			{
				put(p, " within ");
				put_span(p, n->span);
			}
			put_window(p, n->window);
			break;
		case SEGMENT_STOPPED:
			{
				segment_text gerund = segment_inflect(p->memory, &n->object, true);
				segment_reader r = {.memory = p->memory};
				segment_text back = segment_event_of(&r, &gerund, true);

				put(p, "stopped ");
				put_part(p, back.len == n->object.len && memcmp(back.data, n->object.data, back.len) == 0 && plain(&gerund) ? &gerund : &n->object, true);
				put(p, " for ");
				put_span(p, n->span);
				if (n->count.min > 1)
				{
					segment_text plural = segment_inflect(p->memory, &n->object, false);

					put(p, " after at least ");
					put_int(p, n->count.min);
					put(p, " ");
					put_part(p, plain(&plural) ? &plural : &n->object, true);
				}
			}
			break;
		case SEGMENT_MEMBER:
			put(p, "in segment ");
			put_quoted(p, &n->object, '\'');
			break;
		case SEGMENT_SAMPLE:
			put(p, "sample ");
			if (strcmp(n->value[0].text.data, "0") != 0)
			{
				put_value(p, &n->value[0]);
				put(p, " to ");
			}
			put_value(p, &n->value[1]);
			put(p, " percent");
			if (n->object.len > 0)
			{
				put(p, " seed ");
				put_quoted(p, &n->object, '\'');
			}
			break;
		case SEGMENT_PLACE:
			put(p, "within ");
			put_value(p, &n->value[0]);
			put(p, " km of (");
			put_value(p, &n->value[1]);
			put(p, ", ");
			put_value(p, &n->value[2]);
			put(p, ")");
			break;
		case SEGMENT_REACHABLE:
			put(p, "reachable by ");
			put_part(p, &n->object, true);
			if (n->values > 0)
			{
				put(p, " for ");
				put_value(p, &n->value[0]);
			}
			break;
		case SEGMENT_TOP:
			put(p, "top ");
			put_value(p, &n->value[0]);
			put(p, n->op ? " percent by " : " by ");
			put_operand(p, n->child[0]);
			break;
		default:
			put_operand(p, n);
	}
}

char *
segment_print(const segment_node *node, segment_allocator memory, size_t *len)
{
	printer		p = {.memory = memory};

	put_node(&p, node);
	*len = p.len;
	return p.s;
}
