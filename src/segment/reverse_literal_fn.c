/*
 * reverse_literal_fn.c: comparisons of one attribute as literals of the index over predicates (match_index.h): ranges, values, patterns, each for the
 * outcomes asked for of true, false and unknown. The conditions of reverse_leaf_fn.c are made of them.
 */
#include "reverse_literal_fn.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"

segment_condition *
reverse_opaque(building *b)
{
	b->elsewhere = b->opaque = true;
	return segment_condition_new(SEGMENT_OPAQUE, b->memory);
}

segment_condition *
reverse_literal(building *b, segment_form form, int part_no, uint32 room)
{
	segment_condition *c;

	if (part_no < 0)
		return reverse_opaque(b);
	c = segment_condition_new(form, b->memory);
	c->attribute = (uint16_t) part_no;
	if (form == SEGMENT_RANGES)
		c->bound = palloc0(sizeof(segment_bound) * (room + 2));
	else
		c->value = palloc0(sizeof(uint32) * (room + 1));
	return c;
}

/* ranges as they are, their complement, or all there is; and NULL */
segment_condition *
reverse_masked_ranges(building *b, segment_condition *c, int mask)
{
	bool		is_true = mask & SEGMENT_IF_TRUE,
				is_false = mask & SEGMENT_IF_FALSE;
	segment_condition *m;

	if (c->form == SEGMENT_OPAQUE)
		return c;
	m = reverse_literal(b, SEGMENT_RANGES, c->attribute, c->n + 2);
	m->on_null = (mask & SEGMENT_IF_UNKNOWN) != 0;
	if (is_true != is_false)
	{
		bool		complement = is_false;

		if (complement)
		{
			if (c->n == 0 || c->bound[0].end >= 0)
				m->bound[m->n++].end = -1;
			for (uint32 i = 0; i < c->n; i++)
				if (c->bound[i].end == 0)
					m->bound[m->n++] = c->bound[i];
			if (c->n == 0 || c->bound[c->n - 1].end <= 0)
				m->bound[m->n++].end = 1;
		}
		else
		{
			memcpy(m->bound, c->bound, c->n * sizeof(segment_bound));
			m->n = c->n;
		}
	}
	else if (is_true)
	{
		m->bound[0].end = -1;
		m->bound[1].end = 1;
		m->n = 2;
	}
	return m;
}

segment_condition *
reverse_masked_values(building *b, segment_condition *c, int mask)
{
	bool		is_true = mask & SEGMENT_IF_TRUE,
				is_false = mask & SEGMENT_IF_FALSE;

	if (c->form == SEGMENT_OPAQUE)
		return c;
	c->on_null = (mask & SEGMENT_IF_UNKNOWN) != 0;
	if (is_true && is_false)
	{
		c->n = 0;
		c->complement = true;
	}
	else if (is_false)
		c->complement = !c->complement;
	else if (!is_true)
	{
		c->n = 0;
		c->complement = false;
	}
	return c;
}

static int
compare_uint32(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a,
				y = *(const uint32 *) b;

	return (x > y) - (x < y);
}

void
reverse_sort_values(segment_condition *c)
{
	uint32		n = 0;

	qsort(c->value, c->n, sizeof(uint32), compare_uint32);
	for (uint32 i = 0; i < c->n; i++)
		if (i == 0 || c->value[i] != c->value[n - 1])
			c->value[n++] = c->value[i];
	c->n = n;
}

/* a set: one of the values, or all of them */
segment_condition *
reverse_masked_set(building *b, int part_no, const uint32 *value, uint32 n, bool all, int mask)
{
	bool		is_true = mask & SEGMENT_IF_TRUE,
				is_false = mask & SEGMENT_IF_FALSE,
				on_null = mask & SEGMENT_IF_UNKNOWN;
	segment_condition *c;

	if (part_no < 0)
		return reverse_opaque(b);
	if (is_true == is_false)
	{
		c = reverse_literal(b, is_true ? SEGMENT_NONE : SEGMENT_ANY, part_no, 0);
		c->on_null = on_null;
		return c;
	}
	if (!all)
	{
		c = reverse_literal(b, is_true ? SEGMENT_ANY : SEGMENT_NONE, part_no, n);
		memcpy(c->value, value, n * sizeof(uint32));
		c->n = n;
		reverse_sort_values(c);
		c->on_null = on_null;
		return c;
	}
	c = segment_condition_new(is_true ? SEGMENT_ALL_OF : SEGMENT_ONE_OF, b->memory);
	c->child = palloc(sizeof(*c->child) * Max(n, 1));
	for (uint32 i = 0; i < n; i++)
		c->child[c->n++] = reverse_masked_set(b, part_no, &value[i], 1, false, mask);
	return c;
}

/* bounds of a literal of a number or time; false when it has none there */
static bool
bound_of(building *b, const segment_node *n, const segment_value *v, const segment_reference *ref, const part *p, segment_bound *at)
{
	memset(at, 0, sizeof(*at));
	if (ref->class == CLASS_TEXT)
	{
		at->exact = reverse_exact_text(reverse_collation(b->r, p), v->text.data, v->text.len);
		return true;
	}
	if (ref->class == CLASS_NUMBER)
	{
		/* as segment_literal has it: plain decimals, an rfm's three scores */
		char	   *text = segment_literal(&b->scope, n, v, ref);
		size_t		len = strlen(text);

		if (text[0] == '(' && text[len - 1] == ')')
		{
			text[len - 1] = 0;
			text++;
		}
		if (ref->type == FLOAT4OID || ref->type == FLOAT8OID)
		{
			at->key = reverse_key_of_double(DatumGetFloat8(DirectFunctionCall1(float8in, CStringGetDatum(text))));
			return true;
		}
		{
			Numeric		number = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));

			reverse_bound_of_numeric(number, at);
			return true;
		}
	}
	else
	{
		/* a time: the constant as SQL makes it */
		char	   *sql = segment_literal(&b->scope, n, v, ref);
		char	   *text = pstrdup(v->text.data);
		bool		offset;
		Datum		d;

		(void) sql;				/* raises what SQL would */
		offset = strlen(text) > 19 && (text[strlen(text) - 6] == '+' || text[strlen(text) - 6] == '-') && text[strlen(text) - 3] == ':';
		if (offset)
			return false;		/* rare: the evaluator has it */
		if (ref->class == CLASS_DATE)
		{
			if (strlen(text) > 10)
				return false;	/* a date against an instant */
			d = DirectFunctionCall1(date_in, CStringGetDatum(text));
			at->key = reverse_key_of_int(DatumGetDateADT(d));
			return true;
		}
		d = DirectFunctionCall3(timestamp_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
		if (ref->class == CLASS_TIMESTAMPTZ)
		{
			if (!b->v)
				return false;	/* the session's zone may change */
			d = DirectFunctionCall2(timestamp_zone, CStringGetTextDatum(b->v->zone), d);
		}
		at->key = reverse_key_of_int(DatumGetInt64(d));
		return true;
	}
}

static segment_bound
after(segment_bound b)
{
	b.after = 1;
	return b;
}

static int
compare_bounds(const void *a, const void *b)
{
	return segment_bound_compare(a, b, reverse_compare);
}

/* comparisons of ordered values as ranges; NULL when a literal has no bound */
segment_condition *
reverse_ranges_of(building *b, const segment_node *n, const segment_reference *ref, int part_no)
{
	segment_condition *c = reverse_literal(b, SEGMENT_RANGES, part_no, 2 * n->values + 2);
	part	   *p;
	segment_bound *x;

	if (c->form == SEGMENT_OPAQUE)
		return c;
	p = &b->r->part[part_no];
	x = palloc(sizeof(segment_bound) * (n->values + 1));
	for (uint32 i = 0; i < n->values; i++)
		if (!bound_of(b, n, &n->value[i], ref, p, &x[i]))
			return NULL;
	if (n->kind == SEGMENT_IN)
	{
		uint32		m = 0;

		qsort(x, n->values, sizeof(segment_bound), compare_bounds);
		for (uint32 i = 0; i < n->values; i++)
			if (i == 0 || compare_bounds(&x[i], &x[m - 1]) != 0)
				x[m++] = x[i];
		for (uint32 i = 0; i < m; i++)
		{
			c->bound[c->n++] = x[i];
			c->bound[c->n++] = after(x[i]);
		}
		return c;
	}
	if (n->kind == SEGMENT_BETWEEN)
	{
		if (compare_bounds(&x[0], &x[1]) <= 0)
		{
			c->bound[c->n++] = x[0];
			c->bound[c->n++] = after(x[1]);
		}
		return c;
	}
	switch ((segment_op) n->op)
	{
		case SEGMENT_EQ:
			c->bound[c->n++] = x[0];
			c->bound[c->n++] = after(x[0]);
			break;
		case SEGMENT_NE:
			c->bound[c->n++].end = -1;
			c->bound[c->n++] = x[0];
			c->bound[c->n++] = after(x[0]);
			c->bound[c->n++].end = 1;
			break;
		case SEGMENT_LT:
		case SEGMENT_LE:
			c->bound[c->n++].end = -1;
			c->bound[c->n++] = n->op == SEGMENT_LT ? x[0] : after(x[0]);
			break;
		case SEGMENT_GE:
		case SEGMENT_GT:
			c->bound[c->n++] = n->op == SEGMENT_GE ? x[0] : after(x[0]);
			c->bound[c->n++].end = 1;
			break;
	}
	return c;
}

segment_condition *
reverse_values_of(building *b, const segment_node *n, int part_no)
{
	segment_condition *c = reverse_literal(b, SEGMENT_VALUES, part_no, n->values);

	if (c->form == SEGMENT_OPAQUE)
		return c;
	for (uint32 i = 0; i < n->values; i++)
		c->value[c->n++] = segment_index_value(b->r->ix, part_no, n->value[i].text.data, n->value[i].text.len, true);
	reverse_sort_values(c);
	c->complement = n->kind == SEGMENT_COMPARE && n->op == SEGMENT_NE;
	return c;
}

/* a pattern: of a text that there is it holds or it does not */
segment_condition *
reverse_pattern_of(building *b, const segment_node *n, const part *p, int mask)
{
	const segment_text *text = &n->value[0].text;
	int			encoding = GetDatabaseEncoding();
	Oid			collation = reverse_collation(b->r, p);
	int			part_no;
	uint32		value;

	/* an encoding where a byte may be the middle of another character; letters' cases where the server goes byte by byte; what SQL refuses */
	if ((encoding != PG_UTF8 && (n->op || pg_database_encoding_max_length() > 1)) || !get_collation_isdeterministic(collation) || !segment_pattern_valid(text->data, text->len))
		return reverse_opaque(b);
	part_no = reverse_part(b->r, n->op ? PART_ILIKE : PART_LIKE, p);
	if (part_no < 0)
		return reverse_opaque(b);
	value = segment_index_value(b->r->ix, part_no, text->data, text->len, true);
	return reverse_masked_set(b, part_no, &value, 1, false, mask);
}
