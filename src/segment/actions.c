/*
 * actions.c: what the rules of grammar.y do: nodes are made and joined, amounts and ranges checked.
 */
#include <stdlib.h>
#include <string.h>

#include "segment/actions.h"

static void
wrong(segment_reader *r, segment_status status, uint32_t position, const char *message)
{
	if (!r->failed)
		segment_fail(r->error, status, position, "%s", message);
	r->failed = true;
}

static void
set_values(segment_reader *r, segment_node *node, const segment_value *value, uint32_t n)
{
	node->value = segment_take(r->memory, sizeof(segment_value) * n);
	memcpy(node->value, value, sizeof(segment_value) * n);
	node->values = n;
}

static void
set_parts(segment_reader *r, segment_node *node, const segment_list *path, uint32_t from)
{
	node->parts = (uint16_t) (path->n - from);
	node->part = segment_take(r->memory, sizeof(segment_text) * (path->n - from + 1));
	for (uint32_t i = from; i < path->n; i++)
		node->part[i - from] = *(segment_text *) path->item[i];
}

segment_node *
segment_both(segment_reader *r, segment_kind kind, segment_node *a, segment_node *b)
{
	segment_node *node = a;

	if (a->kind != kind)
	{
		node = segment_make(r->memory, kind, a->position);
		segment_adopt(r->memory, node, a);
	}
	if (b->kind == kind)
		for (uint32_t i = 0; i < b->children; i++)
			segment_adopt(r->memory, node, b->child[i]);
	else
		segment_adopt(r->memory, node, b);
	return node;
}

segment_node *
segment_negate(segment_reader *r, segment_node *node, uint32_t position)
{
	segment_node *n = segment_make(r->memory, SEGMENT_NOT, position);

	segment_adopt(r->memory, n, node);
	return n;
}

segment_node *
segment_tested(segment_reader *r, segment_node *node, int test, uint32_t position)
{
	segment_node *n = segment_make(r->memory, SEGMENT_IS, position);

	n->op = (uint8_t) test;
	/* a boolean attribute in parentheses is that attribute; of a condition null is unknown */
	if (node->kind == SEGMENT_FLAG)
		node = node->child[0];
	else if (!segment_is_operand(node) && test == SEGMENT_IS_NULL)
		n->op = SEGMENT_IS_UNKNOWN;
	segment_adopt(r->memory, n, node);
	return n;
}

segment_node *
segment_leaf_of(segment_reader *r, segment_kind kind, segment_node *operand)
{
	segment_node *n = segment_make(r->memory, kind, operand->position);

	segment_adopt(r->memory, n, operand);
	return n;
}

segment_node *
segment_flag(segment_reader *r, segment_node *operand)
{
	if (operand->kind != SEGMENT_ATTRIBUTE)
		wrong(r, SEGMENT_SYNTAX, operand->position, "a value stands where a condition is expected: compare it");
	return segment_leaf_of(r, SEGMENT_FLAG, operand);
}

segment_node *
segment_compared(segment_reader *r, segment_node *operand, int op, segment_value value)
{
	segment_node *n = segment_leaf_of(r, SEGMENT_COMPARE, operand);

	n->op = (uint8_t) op;
	set_values(r, n, &value, 1);
	return n;
}

segment_node *
segment_with_values(segment_reader *r, segment_kind kind, segment_node *operand, const segment_list *values)
{
	segment_node *n = segment_leaf_of(r, kind, operand);

	n->values = values->n;
	n->value = segment_take(r->memory, sizeof(segment_value) * values->n);
	for (uint32_t i = 0; i < values->n; i++)
		n->value[i] = *(segment_value *) values->item[i];
	return n;
}

segment_node *
segment_between(segment_reader *r, segment_node *operand, segment_value low, segment_value high)
{
	segment_node *n = segment_leaf_of(r, SEGMENT_BETWEEN, operand);
	segment_value v[2] = {low, high};

	set_values(r, n, v, 2);
	return n;
}

segment_node *
segment_alike(segment_reader *r, segment_node *operand, int ilike, segment_text pattern)
{
	segment_node *n = segment_leaf_of(r, SEGMENT_LIKE, operand);

	n->op = (uint8_t) ilike;
	segment_add_string(r, n, pattern);
	return n;
}

segment_node *
segment_having(segment_reader *r, segment_node *operand, int how, const segment_list *values)
{
	segment_node *n = segment_with_values(r, SEGMENT_HAS, operand, values);

	n->op = (uint8_t) (n->values == 1 ? SEGMENT_HAS_ANY : how);
	return n;
}

segment_node *
segment_timed(segment_reader *r, segment_kind kind, segment_node *operand, segment_window when)
{
	segment_node *n = segment_leaf_of(r, kind, operand);

	if (operand->kind == SEGMENT_MEASURE)
		wrong(r, SEGMENT_SYNTAX, operand->position, "a measure with its window must be compared, as in sum(order.amount) within last 12 months >= 500");
	if (kind == SEGMENT_ANNIVERSARY && when.kind == SEGMENT_OLDER)
		wrong(r, SEGMENT_SYNTAX, operand->position, "an anniversary is within a window, or in a calendar unit");
	if (kind == SEGMENT_ANNIVERSARY && when.unit < SEGMENT_DAY)
		wrong(r, SEGMENT_SYNTAX, operand->position, "an anniversary is a day: hours and minutes say nothing of it");
	n->window = when;
	return n;
}

segment_node *
segment_constant(segment_reader *r, segment_truth truth, uint32_t position)
{
	segment_node *n = segment_make(r->memory, SEGMENT_CONSTANT, position);

	n->op = (uint8_t) truth;
	return n;
}

segment_node *
segment_done(segment_reader *r, segment_node *step, const int32_t *count, segment_window when, uint32_t position)
{
	step->kind = SEGMENT_DID;
	step->position = position;
	step->count.min = count ? count[0] : 1;
	step->count.max = count ? count[1] : -1;
	step->window = when;
	(void) r;
	return step;
}

segment_node *
segment_chain(segment_reader *r, segment_node *chain, segment_node *first, segment_node *next)
{
	if (!chain)
	{
		chain = segment_make(r->memory, SEGMENT_SEQUENCE, first->position);
		segment_adopt(r->memory, chain, first);
	}
	else if (chain->child[chain->children - 1]->op)
		wrong(r, SEGMENT_SYNTAX, next->position, "only the last step of a sequence can be denied");
	if (chain->children == SEGMENT_STEPS_MAX)
		wrong(r, SEGMENT_LIMIT, next->position, "a sequence has more than 16 steps");
	segment_adopt(r->memory, chain, next);
	return chain;
}

segment_node *
segment_chained(segment_reader *r, segment_node *chain, segment_window span, segment_window when, uint32_t position)
{
	chain->position = position;
	chain->span = span;
	chain->window = when;
	(void) r;
	return chain;
}

segment_node *
segment_ended(segment_reader *r, const segment_text *event, segment_window span, const segment_text *times, const segment_text *again, uint32_t position)
{
	segment_node *n = segment_make(r->memory, SEGMENT_STOPPED, position);

	n->object = segment_event_of(r, event, true);
	n->span = span;
	n->count.min = times ? segment_amount(r, times, position) : 1;
	n->count.max = -1;
	if (n->count.min < 1)
		wrong(r, SEGMENT_BAD_VALUE, position, "who stopped did it at least once");
	if (again && !segment_same_name(&n->object, again))
		wrong(r, SEGMENT_SYNTAX, position, "what was done before is not what was stopped");
	return n;
}

segment_node *
segment_named(segment_reader *r, segment_kind kind, segment_text name, uint32_t position)
{
	segment_node *n = segment_make(r->memory, kind, position);

	n->object = name;
	if (name.len == 0)
		wrong(r, SEGMENT_BAD_VALUE, position, "the name of a segment is empty");
	return n;
}

void
segment_add_string(segment_reader *r, segment_node *node, segment_text text)
{
	segment_value v = {SEGMENT_STRING, text};

	set_values(r, node, &v, 1);
}

segment_node *
segment_sampled(segment_reader *r, const segment_value *from, segment_value to, segment_text seed, uint32_t position)
{
	segment_node *n = segment_make(r->memory, SEGMENT_SAMPLE, position);
	segment_value v[2] = {segment_word_value(SEGMENT_NUMBER, "0"), to};

	if (from)
		v[0] = *from;
	for (int i = 0; i < 2; i++)
	{
		const char *dot = strchr(v[i].text.data, '.');
		double		d = strtod(v[i].text.data, NULL);

		if (d < 0 || d > 100)
			wrong(r, SEGMENT_BAD_VALUE, position, "a share of a sample is between 0 and 100 percent");
		if (dot && strlen(dot + 1) > 4)
			wrong(r, SEGMENT_BAD_VALUE, position, "a share of a sample has at most four decimals");
	}
	if (strtod(v[0].text.data, NULL) > strtod(v[1].text.data, NULL))
		wrong(r, SEGMENT_BAD_VALUE, position, "a sample ends before it begins");
	set_values(r, n, v, 2);
	n->object = seed;
	return n;
}

segment_node *
segment_placed(segment_reader *r, segment_value km, segment_value lat, segment_value lon, uint32_t position)
{
	segment_node *n = segment_make(r->memory, SEGMENT_PLACE, position);
	segment_value v[3] = {km, lat, lon};
	double		d = strtod(km.text.data, NULL),
				a = strtod(lat.text.data, NULL),
				o = strtod(lon.text.data, NULL);

	if (d < 0 || d > 100000)
		wrong(r, SEGMENT_BAD_VALUE, position, "a distance is between 0 and 100000 km");
	if (a < -90 || a > 90 || o < -180 || o > 180)
		wrong(r, SEGMENT_BAD_VALUE, position, "a place is (latitude, longitude) in degrees: -90 to 90, -180 to 180");
	set_values(r, n, v, 3);
	return n;
}

segment_node *
segment_ranked(segment_reader *r, segment_value n, bool percent, segment_node *operand, uint32_t position)
{
	segment_node *node = segment_leaf_of(r, SEGMENT_TOP, operand);
	double		d = strtod(n.text.data, NULL);

	node->position = position;
	node->op = percent;
	if (d < 0 || (percent ? d > 100 : d > 1e9))
		wrong(r, SEGMENT_BAD_VALUE, position, percent ? "a share is between 0 and 100 percent" : "a rank is between 0 and 1000000000");
	if (!percent && strchr(n.text.data, '.'))
		wrong(r, SEGMENT_BAD_VALUE, position, "a rank is a whole number");
	set_values(r, node, &n, 1);
	return node;
}

segment_node *
segment_attribute(segment_reader *r, const segment_list *path, uint32_t position)
{
	segment_node *n = segment_make(r->memory, SEGMENT_ATTRIBUTE, position);

	set_parts(r, n, path, 0);
	return n;
}

segment_node *
segment_edge(segment_reader *r, int last, const segment_list *path, uint32_t position)
{
	segment_node *n = segment_make(r->memory, SEGMENT_EDGE, position);

	n->op = (uint8_t) last;
	n->object = *(segment_text *) path->item[0];
	set_parts(r, n, path, 1);
	return n;
}

segment_node *
segment_edge_where(segment_reader *r, int last, segment_node *step, segment_window when, const segment_list *path, uint32_t position)
{
	step->kind = SEGMENT_EDGE;
	step->position = position;
	step->op = (uint8_t) last;
	step->window = when;
	set_parts(r, step, path, 0);
	return step;
}

segment_node *
segment_measured(segment_reader *r, int op, const segment_list *path, segment_node *where, segment_window when, uint32_t position)
{
	segment_node *n = segment_make(r->memory, SEGMENT_MEASURE, position);

	n->op = (uint8_t) op;
	n->object = *(segment_text *) path->item[0];
	set_parts(r, n, path, 1);
	if (where)
		segment_adopt(r->memory, n, where);
	n->window = when;
	return n;
}

segment_node *
segment_step(segment_reader *r, segment_text event, segment_node *where, uint32_t position)
{
	segment_node *n = segment_make(r->memory, SEGMENT_STEP, position);

	n->object = event;
	if (where)
		segment_adopt(r->memory, n, where);
	return n;
}

void
segment_counted(segment_reader *r, int32_t *count, const segment_text *min, const segment_text *max, int add_min, int add_max, uint32_t position)
{
	count[0] = min ? segment_amount(r, min, position) + add_min : max ? 0 : add_min;
	count[1] = max ? segment_amount(r, max, position) + add_max : min ? -1 : add_max;
	if ((max && count[1] < 0) || (count[1] >= 0 && count[1] < count[0]))
		wrong(r, SEGMENT_BAD_VALUE, position, "no number of times is meant: the end is below the begin");
}

segment_window
segment_window_of(segment_window_kind kind, int unit, int32_t amount)
{
	segment_window w = {kind, (segment_unit) unit, amount};

	return w;
}

int32_t
segment_amount(segment_reader *r, const segment_text *digits, uint32_t position)
{
	long		v = 0;

	for (uint32_t i = 0; i < digits->len; i++)
	{
		if (digits->data[i] < '0' || digits->data[i] > '9')
		{
			wrong(r, SEGMENT_BAD_VALUE, position, "a whole number is expected");
			return 0;
		}
		v = v > SEGMENT_AMOUNT_MAX ? v : v * 10 + digits->data[i] - '0';
	}
	if (v > SEGMENT_AMOUNT_MAX)
		wrong(r, SEGMENT_LIMIT, position, "a number of times or units is above 1000000");
	return (int32_t) v;
}

segment_list
segment_listed(segment_reader *r, segment_list list, segment_value value)
{
	segment_value *v = segment_take(r->memory, sizeof(*v));

	*v = value;
	if (list.n == list.room)
	{
		void	  **more = segment_take(r->memory, sizeof(void *) * (list.room = list.room * 2 + 4));

		if (list.n > 0)
			memcpy(more, list.item, sizeof(void *) * list.n);
		list.item = more;
	}
	list.item[list.n++] = v;
	return list;
}

segment_value
segment_word_value(segment_value_kind kind, const char *word)
{
	segment_value v = {kind, {word, (uint32_t) strlen(word)}};

	return v;
}

segment_value
segment_number_value(segment_reader *r, const segment_text *digits, bool negative, uint32_t position)
{
	segment_value v = {SEGMENT_NUMBER, {"0", 1}};

	r->token = position;
	if (!segment_read_number(r, digits->data, digits->len, negative, &v.text))
		r->failed = true;
	return v;
}

segment_value
segment_time_value(segment_reader *r, segment_value_kind kind, const segment_text *text, uint32_t position)
{
	segment_value v = {kind, {"", 0}};

	if (!segment_read_time(r, kind, text, position, &v.text))
		r->failed = true;
	return v;
}
