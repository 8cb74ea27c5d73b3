/*
 * reverse_leaf_fn.c: what a leaf of a predicate says of a row's values, as a condition for the index over predicates. A name is resolved as for
 * SQL (resolve_fn.c); where it does not lead to a column of the row, or the index has no form for the comparison, the leaf is opaque.
 */
#include "reverse_fn.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#define EXPANDED_MAX 20000		/* conditions of a predicate with the segments that it names; beyond it is a candidate */

/* ---- leaves ---- */

typedef struct building
{
	reverse_index *r;
	vocabulary *v;
	segment_scope scope;
	segment_allocator memory;
	int			nodes;
	bool		opaque;			/* the leaf at hand */
	bool		elsewhere;
	bool		ranked;
} building;

static segment_condition *
opaque(building *b)
{
	b->elsewhere = b->opaque = true;
	return segment_condition_new(SEGMENT_OPAQUE, b->memory);
}

static segment_condition *
literal(building *b, segment_form form, int part_no, uint32 room)
{
	segment_condition *c;

	if (part_no < 0)
		return opaque(b);
	c = segment_condition_new(form, b->memory);
	c->attribute = (uint16_t) part_no;
	if (form == SEGMENT_RANGES)
		c->bound = palloc0(sizeof(segment_bound) * (room + 2));
	else
		c->value = palloc0(sizeof(uint32) * (room + 1));
	return c;
}

/* ranges as they are, their complement, or all there is; and NULL */
static segment_condition *
masked_ranges(building *b, segment_condition *c, int mask)
{
	bool		is_true = mask & SEGMENT_IF_TRUE,
				is_false = mask & SEGMENT_IF_FALSE;
	segment_condition *m;

	if (c->form == SEGMENT_OPAQUE)
		return c;
	m = literal(b, SEGMENT_RANGES, c->attribute, c->n + 2);
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

static segment_condition *
masked_values(building *b, segment_condition *c, int mask)
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

static void
sort_values(segment_condition *c)
{
	uint32		n = 0;

	qsort(c->value, c->n, sizeof(uint32), compare_uint32);
	for (uint32 i = 0; i < c->n; i++)
		if (i == 0 || c->value[i] != c->value[n - 1])
			c->value[n++] = c->value[i];
	c->n = n;
}

/* a set: one of the values, or all of them */
static segment_condition *
masked_set(building *b, int part_no, const uint32 *value, uint32 n, bool all, int mask)
{
	bool		is_true = mask & SEGMENT_IF_TRUE,
				is_false = mask & SEGMENT_IF_FALSE,
				on_null = mask & SEGMENT_IF_UNKNOWN;
	segment_condition *c;

	if (part_no < 0)
		return opaque(b);
	if (is_true == is_false)
	{
		c = literal(b, is_true ? SEGMENT_NONE : SEGMENT_ANY, part_no, 0);
		c->on_null = on_null;
		return c;
	}
	if (!all)
	{
		c = literal(b, is_true ? SEGMENT_ANY : SEGMENT_NONE, part_no, n);
		memcpy(c->value, value, n * sizeof(uint32));
		c->n = n;
		sort_values(c);
		c->on_null = on_null;
		return c;
	}
	c = segment_condition_new(is_true ? SEGMENT_ALL_OF : SEGMENT_ONE_OF, b->memory);
	c->child = palloc(sizeof(*c->child) * Max(n, 1));
	for (uint32 i = 0; i < n; i++)
		c->child[c->n++] = masked_set(b, part_no, &value[i], 1, false, mask);
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
static segment_condition *
ranges_of(building *b, const segment_node *n, const segment_reference *ref, int part_no)
{
	segment_condition *c = literal(b, SEGMENT_RANGES, part_no, 2 * n->values + 2);
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

static segment_condition *
values_of(building *b, const segment_node *n, int part_no)
{
	segment_condition *c = literal(b, SEGMENT_VALUES, part_no, n->values);

	if (c->form == SEGMENT_OPAQUE)
		return c;
	for (uint32 i = 0; i < n->values; i++)
		c->value[c->n++] = segment_index_value(b->r->ix, part_no, n->value[i].text.data, n->value[i].text.len, true);
	sort_values(c);
	c->complement = n->kind == SEGMENT_COMPARE && n->op == SEGMENT_NE;
	return c;
}

/* a pattern: of a text that there is it holds or it does not */
static segment_condition *
pattern_of(building *b, const segment_node *n, const part *p, int mask)
{
	const segment_text *text = &n->value[0].text;
	int			encoding = GetDatabaseEncoding();
	Oid			collation = reverse_collation(b->r, p);
	int			part_no;
	uint32		value;

	/* an encoding where a byte may be the middle of another character; letters' cases where the server goes byte by byte; what SQL refuses */
	if ((encoding != PG_UTF8 && (n->op || pg_database_encoding_max_length() > 1)) || !get_collation_isdeterministic(collation) || !segment_pattern_valid(text->data, text->len))
		return opaque(b);
	part_no = reverse_part(b->r, n->op ? PART_ILIKE : PART_LIKE, p);
	if (part_no < 0)
		return opaque(b);
	value = segment_index_value(b->r->ix, part_no, text->data, text->len, true);
	return masked_set(b, part_no, &value, 1, false, mask);
}

/* the number of a test among those of its column */
static int
window_of(part *p, MemoryContext context, const segment_node *n)
{
	window_test *w;

	for (int i = 0; i < p->windows; i++)
		if (p->window[i].kind == n->kind && memcmp(&p->window[i].window, &n->window, sizeof(n->window)) == 0)
			return i;
	if (p->windows == p->window_room)
	{
		p->window_room = p->window_room ? p->window_room * 2 : 8;
		p->window = p->window ? repalloc(p->window, p->window_room * sizeof(window_test)) : MemoryContextAlloc(context, p->window_room * sizeof(window_test));
	}
	w = &p->window[p->windows];
	memset(w, 0, sizeof(*w));
	w->kind = n->kind;
	w->window = n->window;
	p->at = DT_NOBEGIN;
	return p->windows++;
}

static segment_condition *leaf_condition(const segment_node *leaf, int mask, void *context);

static segment_condition *
leaf_of(building *b, const segment_node *n, int mask)
{
	const segment_node *operand = n->children > 0 ? n->child[0] : NULL;
	segment_reference ref;
	segment_condition *c;
	part		p;
	int			part_no;

	if (n->kind == SEGMENT_TOP)
		b->ranked = true;
	if (n->kind == SEGMENT_MEMBER)
	{
		segment_node *definition;
		int			of = (mask & SEGMENT_IF_TRUE ? SEGMENT_IF_TRUE : 0) | (mask & SEGMENT_IF_FALSE ? SEGMENT_IF_FALSE | SEGMENT_IF_UNKNOWN : 0);
		ListCell   *l;
		List	   *around = b->scope.expanding;

		foreach(l, around)
			if (strcmp(lfirst(l), n->object.data) == 0)
				return opaque(b);	/* refused when it is evaluated */
		definition = b->v ? vocabulary_find_segment(b->v, n->object.data) : NULL;
		if (!definition || of == 0)
			return definition && of == 0 ? segment_condition_new(SEGMENT_NEVER_SO, b->memory) : opaque(b);
		b->scope.expanding = lappend(list_copy(around), pstrdup(n->object.data));
		if (definition->kind == SEGMENT_TOP)
		{
			b->ranked = true;
			b->scope.expanding = around;
			return opaque(b);
		}
		c = segment_condition_of(definition, of, leaf_condition, b, b->memory);
		b->scope.expanding = around;
		return c;
	}
	if (n->kind == SEGMENT_SAMPLE)
	{
		char	   *key = segment_key(&b->scope, n);
		segment_reference as = {.sql = key, .type = TEXTOID, .class = CLASS_TEXT};
		segment_node name = {.kind = SEGMENT_ATTRIBUTE, .parts = 1, .part = &(segment_text) {"", 0}};
		segment_bound *at;

		if (!reverse_locate(b->r, &name, &as, &p))
			return opaque(b);
		p.type = getBaseType(TupleDescAttr(b->r->desc, p.column)->atttypid);
		p.seed = pstrdup(n->object.data);
		c = literal(b, SEGMENT_RANGES, reverse_part(b->r, PART_BUCKET, &p), 2);
		if (c->form == SEGMENT_OPAQUE)
			return c;
		at = c->bound;
		at[0].key = reverse_key_of_int((int) (strtod(n->value[0].text.data, NULL) * (SEGMENT_BUCKETS / 100) + 0.5));
		at[1].key = reverse_key_of_int((int) (strtod(n->value[1].text.data, NULL) * (SEGMENT_BUCKETS / 100) + 0.5));
		if (at[0].key < at[1].key)
			c->n = 2;
		return masked_ranges(b, c, mask);
	}
	if (!operand || operand->kind != SEGMENT_ATTRIBUTE || n->kind == SEGMENT_TOP || n->children > 1)
		return opaque(b);
	if (!reverse_located(b->r, &b->scope, operand, &ref, &p))
		return opaque(b);

	/* a document is read as what it is compared with */
	if (ref.class == CLASS_JSON)
	{
		segment_value_kind as = n->values > 0 ? n->value[0].kind : n->kind == SEGMENT_WITHIN || n->kind == SEGMENT_ANNIVERSARY ? SEGMENT_DATE :
			n->kind == SEGMENT_FLAG || (n->kind == SEGMENT_IS && n->op != SEGMENT_IS_NULL) ? SEGMENT_BOOL : SEGMENT_STRING;

		if (getBaseType(TupleDescAttr(b->r->desc, p.column)->atttypid) != JSONBOID)
			return opaque(b);
		if (n->kind == SEGMENT_HAS)
		{
			for (uint32 i = 0; i < n->values; i++)
				if (n->value[i].kind != SEGMENT_STRING)
					return opaque(b);
			p.document = DOCUMENT_SET;
		}
		else if (as == SEGMENT_NUMBER)
		{
			p.document = DOCUMENT_NUMBER;
			ref.type = NUMERICOID, ref.class = CLASS_NUMBER;
		}
		else if (as == SEGMENT_BOOL)
		{
			p.document = DOCUMENT_FLAG;
			ref.type = BOOLOID, ref.class = CLASS_BOOL;
		}
		else if (as == SEGMENT_DATE || as == SEGMENT_TIMESTAMP)
		{
			p.document = DOCUMENT_DATE;
			ref.type = DATEOID, ref.class = CLASS_DATE;
		}
		else
		{
			p.document = DOCUMENT_TEXT;
			ref.type = TEXTOID, ref.class = CLASS_TEXT;
		}
		p.type = ref.type;
		p.class = ref.class;
	}

	switch (n->kind)
	{
		case SEGMENT_IS:
			if (n->op == SEGMENT_IS_NULL)
			{
				/* never unknown itself */
				c = literal(b, SEGMENT_VALUES, reverse_part(b->r, PART_PRESENT, &p), 0);
				if (c->form != SEGMENT_OPAQUE)
				{
					c->on_null = (mask & SEGMENT_IF_TRUE) != 0;
					c->complement = (mask & SEGMENT_IF_FALSE) != 0;
				}
				return c;
			}
			if (ref.class != CLASS_BOOL)
				return opaque(b);
			c = literal(b, SEGMENT_VALUES, reverse_part(b->r, PART_BOOL, &p), 2);
			if (c->form == SEGMENT_OPAQUE)
				return c;
			for (int truth = 0; truth < 3; truth++)
			{
				/* 0 unknown, 1 false, 2 true */
				bool		is = n->op == SEGMENT_IS_TRUE ? truth == 2 : n->op == SEGMENT_IS_FALSE ? truth == 1 : truth == 0;

				if (!(mask & (is ? SEGMENT_IF_TRUE : SEGMENT_IF_FALSE)))
					continue;
				if (truth == 0)
					c->on_null = true;
				else
					c->value[c->n++] = (uint32) truth;
			}
			return c;
		case SEGMENT_FLAG:
			if (ref.class != CLASS_BOOL)
				return opaque(b);
			c = literal(b, SEGMENT_VALUES, reverse_part(b->r, PART_BOOL, &p), 1);
			if (c->form != SEGMENT_OPAQUE)
				c->value[c->n++] = 2;
			return masked_values(b, c, mask);
		case SEGMENT_COMPARE:
		case SEGMENT_IN:
		case SEGMENT_BETWEEN:
			if (ref.class == CLASS_NUMBER || ref.class == CLASS_DATE || ref.class == CLASS_TIMESTAMP || ref.class == CLASS_TIMESTAMPTZ)
			{
				c = ranges_of(b, n, &ref, reverse_part(b->r, ref.class == CLASS_NUMBER ? PART_NUMBER : PART_TIME, &p));
				return c ? masked_ranges(b, c, mask) : opaque(b);
			}
			if (ref.class == CLASS_BOOL && n->kind != SEGMENT_BETWEEN && (n->kind == SEGMENT_IN || n->op == SEGMENT_EQ || n->op == SEGMENT_NE))
			{
				for (uint32 i = 0; i < n->values; i++)
					if (n->value[i].kind != SEGMENT_BOOL)
						return opaque(b);
				c = literal(b, SEGMENT_VALUES, reverse_part(b->r, PART_BOOL, &p), n->values);
				if (c->form == SEGMENT_OPAQUE)
					return c;
				for (uint32 i = 0; i < n->values; i++)
					c->value[c->n++] = n->value[i].text.data[0] == 't' ? 2 : 1;
				sort_values(c);
				c->complement = n->kind == SEGMENT_COMPARE && n->op == SEGMENT_NE;
				return masked_values(b, c, mask);
			}
			if (ref.class != CLASS_TEXT || !reverse_is_text(p.type))
				return opaque(b);
			for (uint32 i = 0; i < n->values; i++)
				if (n->value[i].kind != SEGMENT_STRING)
					return opaque(b);
			{
				Oid			collation = reverse_collation(b->r, &p);

				if (OidIsValid(collation) && !get_collation_isdeterministic(collation))
					return opaque(b);
				if (n->kind == SEGMENT_IN || (n->kind == SEGMENT_COMPARE && (n->op == SEGMENT_EQ || n->op == SEGMENT_NE)))
					return masked_values(b, values_of(b, n, reverse_part(b->r, PART_TEXT, &p)), mask);
				/* a name is compared with what is cut to its length */
				if (!OidIsValid(collation) || p.type == NAMEOID)
					return opaque(b);
				return masked_ranges(b, ranges_of(b, n, &ref, reverse_part(b->r, PART_ORDER, &p)), mask);
			}
		case SEGMENT_LIKE:
			if (ref.class != CLASS_TEXT || !reverse_is_text(p.type) || n->value[0].kind != SEGMENT_STRING || !OidIsValid(reverse_collation(b->r, &p)))
				return opaque(b);
			return pattern_of(b, n, &p, mask);
		case SEGMENT_HAS:
			{
				uint32	   *value = palloc(sizeof(uint32) * Max(n->values, 1));

				if (p.document == NO_DOCUMENT)
				{
					Oid			element = get_element_type(p.type);

					if (element != TEXTOID && element != VARCHAROID)
						return opaque(b);
					if (OidIsValid(TupleDescAttr(b->r->desc, p.column)->attcollation) && !get_collation_isdeterministic(TupleDescAttr(b->r->desc, p.column)->attcollation))
						return opaque(b);
				}
				part_no = reverse_part(b->r, PART_SET, &p);
				for (uint32 i = 0; i < n->values; i++)
				{
					if (n->value[i].kind != SEGMENT_STRING)
						return opaque(b);
					value[i] = part_no < 0 ? 0 : segment_index_value(b->r->ix, part_no, n->value[i].text.data, n->value[i].text.len, true);
				}
				return masked_set(b, part_no, value, n->values, n->op == SEGMENT_HAS_ALL, mask);
			}
		case SEGMENT_WITHIN:
		case SEGMENT_ANNIVERSARY:
			{
				uint32		test[2],
							named[2];
				int			wanted = mask;
				char		name[2][16];

				if (!b->v || (ref.class != CLASS_DATE && ref.class != CLASS_TIMESTAMP && ref.class != CLASS_TIMESTAMPTZ))
					return opaque(b);
				part_no = reverse_part(b->r, PART_WINDOWS, &p);
				if (part_no < 0)
					return opaque(b);
				test[0] = (uint32) window_of(&b->r->part[part_no], b->r->context, n);
				for (int i = 0; i < 2; i++)
				{
					snprintf(name[i], sizeof(name[i]), "%u%c", test[0], i ? 'f' : 't');
					named[i] = segment_index_value(b->r->ix, part_no, name[i], strlen(name[i]), true);
				}
				/* for an infinite day an anniversary is unknown: neither of the two */
				switch (wanted)
				{
					case SEGMENT_IF_TRUE:
						return masked_set(b, part_no, &named[0], 1, false, SEGMENT_IF_TRUE);
					case SEGMENT_IF_FALSE:
						return masked_set(b, part_no, &named[1], 1, false, SEGMENT_IF_TRUE);
					case SEGMENT_IF_TRUE | SEGMENT_IF_FALSE:
						return masked_set(b, part_no, named, 2, false, SEGMENT_IF_TRUE);
					case SEGMENT_IF_UNKNOWN:
						return masked_set(b, part_no, named, 2, false, SEGMENT_IF_FALSE | SEGMENT_IF_UNKNOWN);
					case SEGMENT_IF_UNKNOWN | SEGMENT_IF_TRUE:
						return masked_set(b, part_no, &named[1], 1, false, SEGMENT_IF_FALSE | SEGMENT_IF_UNKNOWN);
					default:
						return masked_set(b, part_no, &named[0], 1, false, SEGMENT_IF_FALSE | SEGMENT_IF_UNKNOWN);
				}
			}
		default:
			return opaque(b);
	}
}

static segment_condition *
leaf_condition(const segment_node *leaf, int mask, void *context)
{
	building   *b = context;
	segment_condition *c;

	check_stack_depth();
	if (++b->nodes > EXPANDED_MAX)
	{
		reverse_watch_all(b->r);
		return opaque(b);
	}
	b->opaque = false;
	c = leaf_of(b, leaf, mask);
	/* of a segment that is named its own leaves have told; a rank is as of the last refresh */
	if (leaf->kind == SEGMENT_MEMBER ? c->form == SEGMENT_OPAQUE && !b->ranked : b->opaque && leaf->kind != SEGMENT_TOP)
		reverse_watch_leaf(b->r, b->v, leaf, NULL);
	return c;
}

segment_condition *
reverse_condition(reverse_index *r, vocabulary *v, const segment_node *tree, const char *name, segment_allocator memory, bool *elsewhere, bool *ranked)
{
	building	b = {.r = r, .v = v, .memory = memory};
	Oid			base = getBaseType(r->type);
	segment_condition *c;

	b.scope.v = v;
	b.scope.row = r->desc;
	b.scope.row_relation = base == RECORDOID ? InvalidOid : get_typ_typrelid(base);
	b.scope.root = tree;
	b.scope.expanding = list_make1(pstrdup(name));
	/* a rank looks at the other conditions too */
	if (tree->kind == SEGMENT_TOP)
	{
		b.ranked = true;
		c = opaque(&b);
	}
	else
		c = segment_condition_of(tree, SEGMENT_IF_TRUE, leaf_condition, &b, memory);
	if (b.elsewhere && tree->kind != SEGMENT_TOP)
		reverse_watch_weak(r, c, false);
	*elsewhere = b.elsewhere;
	*ranked = b.ranked;
	return c;
}
