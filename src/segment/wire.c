/*
 * wire.c: a predicate as bytes: the version, then each node before its children: its kind, which fields follow, the fields. Numbers are in
 * groups of seven bits, the lowest first. The same tree always has the same bytes.
 */
#include <string.h>

#include "segment/segment_private.h"

enum
{
	HAS_OP = 1, HAS_PARTS = 2, HAS_OBJECT = 4, HAS_VALUES = 8, HAS_COUNT = 16, HAS_WINDOW = 32, HAS_SPAN = 64, HAS_CHILDREN = 128
};

typedef struct writer
{
	segment_allocator memory;
	uint8_t    *s;
	size_t		len,
				room;
} writer;

static void
put(writer *w, const void *bytes, size_t n)
{
	if (w->len + n > w->room)
	{
		uint8_t    *more;

		w->room = (w->room + n + 64) * 2;
		more = segment_take(w->memory, w->room);
		if (w->len > 0)
			memcpy(more, w->s, w->len);
		w->s = more;
	}
	if (n > 0)
		memcpy(w->s + w->len, bytes, n);
	w->len += n;
}

static void
put_byte(writer *w, unsigned v)
{
	uint8_t		b = (uint8_t) v;

	put(w, &b, 1);
}

static void
put_number(writer *w, uint32_t v)
{
	while (v >= 128)
	{
		put_byte(w, (v & 127) | 128);
		v >>= 7;
	}
	put_byte(w, v);
}

static void
put_text(writer *w, const segment_text *t)
{
	put_number(w, t->len);
	put(w, t->data, t->len);
}

static void
put_window(writer *w, segment_window window)
{
	put_byte(w, window.kind);
	put_byte(w, window.unit);
	put_number(w, (uint32_t) window.amount);
}

static void
put_node(writer *w, const segment_node *n)
{
	bool		count = n->count.min != 0 || n->count.max != 0;

	put_byte(w, n->kind);
	put_byte(w, (n->op ? HAS_OP : 0) | (n->parts ? HAS_PARTS : 0) | (n->object.len ? HAS_OBJECT : 0) | (n->values ? HAS_VALUES : 0) |
			 (count ? HAS_COUNT : 0) | (n->window.kind ? HAS_WINDOW : 0) | (n->span.kind ? HAS_SPAN : 0) | (n->children ? HAS_CHILDREN : 0));
	if (n->op)
		put_byte(w, n->op);
	if (n->parts)
	{
		put_number(w, n->parts);
		for (int i = 0; i < n->parts; i++)
			put_text(w, &n->part[i]);
	}
	if (n->object.len)
		put_text(w, &n->object);
	if (n->values)
	{
		put_number(w, n->values);
		for (uint32_t i = 0; i < n->values; i++)
		{
			put_byte(w, n->value[i].kind);
			put_text(w, &n->value[i].text);
		}
	}
	if (count)
	{
		put_number(w, (uint32_t) n->count.min);
		put_number(w, (uint32_t) (n->count.max + 1));
	}
	if (n->window.kind)
		put_window(w, n->window);
	if (n->span.kind)
		put_window(w, n->span);
	if (n->children)
	{
		put_number(w, n->children);
		for (uint32_t i = 0; i < n->children; i++)
			put_node(w, n->child[i]);
	}
}

uint8_t *
segment_encode(const segment_node *node, segment_allocator memory, size_t *len)
{
	writer		w = {.memory = memory};

	put_byte(&w, SEGMENT_VERSION);
	put_node(&w, node);
	*len = w.len;
	return w.s;
}

typedef struct source
{
	segment_allocator memory;
	const uint8_t *at,
			   *end;
	bool		bad;
} source;

static unsigned
get_byte(source *s)
{
	if (s->at >= s->end)
	{
		s->bad = true;
		return 0;
	}
	return *s->at++;
}

static uint32_t
get_number(source *s)
{
	uint32_t	v = 0;

	for (int shift = 0; shift < 35; shift += 7)
	{
		unsigned	b = get_byte(s);

		if (shift == 28 && b > 7)
			break;
		v |= (uint32_t) (b & 127) << shift;
		if (b < 128)
			return v;
	}
	s->bad = true;
	return 0;
}

static segment_text
get_text(source *s)
{
	uint32_t	n = get_number(s);

	if (s->bad || n > (size_t) (s->end - s->at))
	{
		s->bad = true;
		return (segment_text) {"", 0};
	}
	s->at += n;
	return segment_copy(s->memory, (const char *) s->at - n, n);
}

static segment_window
get_window(source *s)
{
	segment_window w;
	unsigned	kind = get_byte(s),
				unit = get_byte(s);
	uint32_t	amount = get_number(s);

	if (kind < SEGMENT_LAST || kind > SEGMENT_NEXT_CALENDAR || unit > SEGMENT_YEAR || amount > SEGMENT_AMOUNT_MAX)
		s->bad = true, kind = SEGMENT_LAST, unit = 0;
	w.kind = (segment_window_kind) kind;
	w.unit = (segment_unit) unit;
	w.amount = (int32_t) amount;
	return w;
}

/* what whoever reads a tree relies on: how many children, of which sort, how many values */
static bool
well_formed(const segment_node *n)
{
	bool		operand_first = n->children > 0 && segment_is_operand(n->child[0]);

	for (uint32_t i = 0; i < n->children; i++)
	{
		const segment_node *c = n->child[i];
		bool		operand = segment_is_operand(c);

		/* a condition below conditions and events, an operand below leaves, steps below a sequence */
		if (n->kind == SEGMENT_SEQUENCE ? c->kind != SEGMENT_STEP :
			n->kind == SEGMENT_IS ? c->kind == SEGMENT_STEP :
			n->kind >= SEGMENT_FLAG && n->kind <= SEGMENT_ANNIVERSARY ? !operand :
			n->kind == SEGMENT_TOP ? !operand : operand || c->kind == SEGMENT_STEP)
			return false;
	}
	switch (n->kind)
	{
		case SEGMENT_AND:
		case SEGMENT_OR:
			return n->children >= 2;
		case SEGMENT_NOT:
			return n->children == 1;
		case SEGMENT_IS:
			return n->children == 1 && n->op <= SEGMENT_IS_UNKNOWN;
		case SEGMENT_FLAG:
			return n->children == 1 && n->child[0]->kind == SEGMENT_ATTRIBUTE;
		case SEGMENT_COMPARE:
			return n->op <= SEGMENT_GT && ((n->children == 1 && n->values == 1) || (n->children == 2 && n->values == 0 && n->child[1]->kind == SEGMENT_ATTRIBUTE));
		case SEGMENT_IN:
			return n->children == 1 && n->values >= 1;
		case SEGMENT_HAS:
			return n->children == 1 && n->values >= 1 && n->op <= SEGMENT_HAS_ALL;
		case SEGMENT_BETWEEN:
			return n->children == 1 && n->values == 2;
		case SEGMENT_LIKE:
			return n->children == 1 && n->values == 1 && n->op <= 1;
		case SEGMENT_WITHIN:
		case SEGMENT_ANNIVERSARY:
			return operand_first && n->children == 1 && n->window.kind != SEGMENT_ALWAYS;
		case SEGMENT_CONSTANT:
			return n->children == 0 && n->op <= SEGMENT_UNKNOWN;
		case SEGMENT_DID:
			return n->children <= 1 && n->object.len > 0;
		case SEGMENT_STEP:
			return n->children <= 1 && n->object.len > 0 && n->op <= 1;
		case SEGMENT_SEQUENCE:
			return n->children >= 2 && n->children <= SEGMENT_STEPS_MAX;
		case SEGMENT_STOPPED:
			return n->children == 0 && n->object.len > 0 && n->span.kind == SEGMENT_LAST && n->count.min >= 1;
		case SEGMENT_MEMBER:
			return n->children == 0 && n->object.len > 0;
		case SEGMENT_SAMPLE:
			return n->children == 0 && n->values == 2;
		case SEGMENT_PLACE:
			return n->children == 0 && n->values == 3;
		case SEGMENT_REACHABLE:
			return n->children == 0 && n->object.len > 0 && n->values <= 1;
		case SEGMENT_TOP:
			return n->children == 1 && n->values == 1 && n->op <= 1;
		case SEGMENT_ATTRIBUTE:
			return n->children == 0 && n->parts >= 1;
		case SEGMENT_MEASURE:
			return n->children <= 1 && n->object.len > 0 && n->op <= SEGMENT_COUNT_DISTINCT && (n->parts >= 1 || n->op == SEGMENT_COUNT);
		case SEGMENT_EDGE:
			return n->children <= 1 && n->object.len > 0 && n->op <= 1 && n->parts >= 1;
		default:
			return false;
	}
}

static segment_node *
get_node(source *s, int depth)
{
	unsigned	kind = get_byte(s),
				has = get_byte(s);
	segment_node *n = segment_make(s->memory, (segment_kind) kind, 0);

	if (kind == 0 || kind >= SEGMENT_KINDS || depth > 2 * SEGMENT_DEPTH_MAX)
		s->bad = true;
	if (s->bad)
		return n;
	if (has & HAS_OP)
		n->op = (uint8_t) get_byte(s);
	if (has & HAS_PARTS)
	{
		uint32_t	parts = get_number(s);

		if (parts > SEGMENT_PARTS_MAX + 1)
		{
			s->bad = true;
			return n;
		}
		n->part = segment_take(s->memory, sizeof(segment_text) * (parts + 1));
		for (n->parts = 0; n->parts < parts && !s->bad; n->parts++)
			n->part[n->parts] = get_text(s);
	}
	if (has & HAS_OBJECT)
		n->object = get_text(s);
	if (has & HAS_VALUES)
	{
		uint32_t	values = get_number(s);

		/* each takes two bytes at least: no more memory is asked for than the input can fill */
		if (s->bad || values > (size_t) (s->end - s->at) / 2)
		{
			s->bad = true;
			return n;
		}
		n->value = segment_take(s->memory, sizeof(segment_value) * (values + 1));
		for (n->values = 0; n->values < values && !s->bad; n->values++)
		{
			unsigned	k = get_byte(s);

			if (k < SEGMENT_NUMBER || k > SEGMENT_INTERVAL)
				s->bad = true;
			n->value[n->values].kind = (segment_value_kind) k;
			n->value[n->values].text = get_text(s);
		}
	}
	if (has & HAS_COUNT)
	{
		uint32_t	min = get_number(s),
					max = get_number(s);

		if (min > SEGMENT_AMOUNT_MAX + 1 || max > SEGMENT_AMOUNT_MAX + 1)
			s->bad = true, min = max = 0;
		n->count.min = (int32_t) min;
		n->count.max = (int32_t) max - 1;
	}
	if (has & HAS_WINDOW)
		n->window = get_window(s);
	if (has & HAS_SPAN)
		n->span = get_window(s);
	if (has & HAS_CHILDREN)
	{
		uint32_t	children = get_number(s);

		if (s->bad || children > (size_t) (s->end - s->at) / 2)
		{
			s->bad = true;
			return n;
		}
		for (uint32_t i = 0; i < children && !s->bad; i++)
			segment_adopt(s->memory, n, get_node(s, depth + 1));
	}
	if (!s->bad && !well_formed(n))
		s->bad = true;
	return n;
}

segment_node *
segment_decode(const uint8_t *bytes, size_t len, segment_allocator memory)
{
	source		s = {memory, bytes, bytes + len, false};
	segment_node *n;

	if (len < 3 || len > 2 * SEGMENT_TEXT_MAX || get_byte(&s) != SEGMENT_VERSION)
		return NULL;
	n = get_node(&s, 0);
	return s.bad || s.at != s.end || segment_is_operand(n) || n->kind == SEGMENT_STEP ? NULL : n;
}

segment_node *
segment_decode_checked(const uint8_t *bytes, size_t len, segment_allocator memory, segment_error *error)
{
	segment_node *n = segment_decode(bytes, len, memory),
			   *again;
	size_t		text_len,
				again_len;
	char	   *text;
	uint8_t    *again_bytes;

	*error = (segment_error) {0};
	if (n)
	{
		/* the text form is the judge: what is not exactly what it makes is refused */
		text = segment_print(n, memory, &text_len);
		if (segment_utf8(text, text_len) && (again = segment_parse(text, text_len, memory, error)) != NULL)
		{
			again_bytes = segment_encode(again, memory, &again_len);
			if (again_len == len && memcmp(again_bytes, bytes, len) == 0)
				return n;
		}
	}
	*error = (segment_error) {SEGMENT_BAD_BYTES, 0, "invalid binary segment", ""};
	return NULL;
}
