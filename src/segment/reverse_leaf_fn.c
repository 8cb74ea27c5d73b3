/*
 * reverse_leaf_fn.c: what a leaf of a predicate says of a row's values, as a condition for the index over predicates. A name is resolved as for
 * SQL (resolve_fn.c); where it does not lead to a column of the row, or the index has no form for the comparison, the leaf is opaque.
 */
#include "reverse_literal_fn.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"

#define EXPANDED_MAX 20000		/* conditions of a predicate with the segments that it names; beyond it is a candidate */

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
				return reverse_opaque(b);	/* refused when it is evaluated */
		definition = b->v ? vocabulary_find_segment(b->v, n->object.data) : NULL;
		if (!definition || of == 0)
			return definition && of == 0 ? segment_condition_new(SEGMENT_NEVER_SO, b->memory) : reverse_opaque(b);
		b->scope.expanding = lappend(list_copy(around), pstrdup(n->object.data));
		if (definition->kind == SEGMENT_TOP)
		{
			b->ranked = true;
			b->scope.expanding = around;
			return reverse_opaque(b);
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
			return reverse_opaque(b);
		p.type = getBaseType(TupleDescAttr(b->r->desc, p.column)->atttypid);
		p.seed = pstrdup(n->object.data);
		c = reverse_literal(b, SEGMENT_RANGES, reverse_part(b->r, PART_BUCKET, &p), 2);
		if (c->form == SEGMENT_OPAQUE)
			return c;
		at = c->bound;
		at[0].key = reverse_key_of_int((int) (strtod(n->value[0].text.data, NULL) * (SEGMENT_BUCKETS / 100) + 0.5));
		at[1].key = reverse_key_of_int((int) (strtod(n->value[1].text.data, NULL) * (SEGMENT_BUCKETS / 100) + 0.5));
		if (at[0].key < at[1].key)
			c->n = 2;
		return reverse_masked_ranges(b, c, mask);
	}
	if (!operand || operand->kind != SEGMENT_ATTRIBUTE || n->kind == SEGMENT_TOP || n->children > 1)
		return reverse_opaque(b);
	if (!reverse_located(b->r, &b->scope, operand, &ref, &p))
		return reverse_opaque(b);

	/* a document is read as what it is compared with */
	if (ref.class == CLASS_JSON)
	{
		segment_value_kind as = n->values > 0 ? n->value[0].kind : n->kind == SEGMENT_WITHIN || n->kind == SEGMENT_ANNIVERSARY ? SEGMENT_DATE :
			n->kind == SEGMENT_FLAG || (n->kind == SEGMENT_IS && n->op != SEGMENT_IS_NULL) ? SEGMENT_BOOL : SEGMENT_STRING;

		if (getBaseType(TupleDescAttr(b->r->desc, p.column)->atttypid) != JSONBOID)
			return reverse_opaque(b);
		if (n->kind == SEGMENT_HAS)
		{
			for (uint32 i = 0; i < n->values; i++)
				if (n->value[i].kind != SEGMENT_STRING)
					return reverse_opaque(b);
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
				c = reverse_literal(b, SEGMENT_VALUES, reverse_part(b->r, PART_PRESENT, &p), 0);
				if (c->form != SEGMENT_OPAQUE)
				{
					c->on_null = (mask & SEGMENT_IF_TRUE) != 0;
					c->complement = (mask & SEGMENT_IF_FALSE) != 0;
				}
				return c;
			}
			if (ref.class != CLASS_BOOL)
				return reverse_opaque(b);
			c = reverse_literal(b, SEGMENT_VALUES, reverse_part(b->r, PART_BOOL, &p), 2);
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
				return reverse_opaque(b);
			c = reverse_literal(b, SEGMENT_VALUES, reverse_part(b->r, PART_BOOL, &p), 1);
			if (c->form != SEGMENT_OPAQUE)
				c->value[c->n++] = 2;
			return reverse_masked_values(b, c, mask);
		case SEGMENT_COMPARE:
		case SEGMENT_IN:
		case SEGMENT_BETWEEN:
			if (ref.class == CLASS_NUMBER || ref.class == CLASS_DATE || ref.class == CLASS_TIMESTAMP || ref.class == CLASS_TIMESTAMPTZ)
			{
				c = reverse_ranges_of(b, n, &ref, reverse_part(b->r, ref.class == CLASS_NUMBER ? PART_NUMBER : PART_TIME, &p));
				return c ? reverse_masked_ranges(b, c, mask) : reverse_opaque(b);
			}
			if (ref.class == CLASS_BOOL && n->kind != SEGMENT_BETWEEN && (n->kind == SEGMENT_IN || n->op == SEGMENT_EQ || n->op == SEGMENT_NE))
			{
				for (uint32 i = 0; i < n->values; i++)
					if (n->value[i].kind != SEGMENT_BOOL)
						return reverse_opaque(b);
				c = reverse_literal(b, SEGMENT_VALUES, reverse_part(b->r, PART_BOOL, &p), n->values);
				if (c->form == SEGMENT_OPAQUE)
					return c;
				for (uint32 i = 0; i < n->values; i++)
					c->value[c->n++] = n->value[i].text.data[0] == 't' ? 2 : 1;
				reverse_sort_values(c);
				c->complement = n->kind == SEGMENT_COMPARE && n->op == SEGMENT_NE;
				return reverse_masked_values(b, c, mask);
			}
			if (ref.class != CLASS_TEXT || !reverse_is_text(p.type))
				return reverse_opaque(b);
			for (uint32 i = 0; i < n->values; i++)
				if (n->value[i].kind != SEGMENT_STRING)
					return reverse_opaque(b);
			{
				Oid			collation = reverse_collation(b->r, &p);

				if (OidIsValid(collation) && !get_collation_isdeterministic(collation))
					return reverse_opaque(b);
				if (n->kind == SEGMENT_IN || (n->kind == SEGMENT_COMPARE && (n->op == SEGMENT_EQ || n->op == SEGMENT_NE)))
					return reverse_masked_values(b, reverse_values_of(b, n, reverse_part(b->r, PART_TEXT, &p)), mask);
				/* a name is compared with what is cut to its length */
				if (!OidIsValid(collation) || p.type == NAMEOID)
					return reverse_opaque(b);
				return reverse_masked_ranges(b, reverse_ranges_of(b, n, &ref, reverse_part(b->r, PART_ORDER, &p)), mask);
			}
		case SEGMENT_LIKE:
			if (ref.class != CLASS_TEXT || !reverse_is_text(p.type) || n->value[0].kind != SEGMENT_STRING || !OidIsValid(reverse_collation(b->r, &p)))
				return reverse_opaque(b);
			return reverse_pattern_of(b, n, &p, mask);
		case SEGMENT_HAS:
			{
				uint32	   *value = palloc(sizeof(uint32) * Max(n->values, 1));

				if (p.document == NO_DOCUMENT)
				{
					Oid			element = get_element_type(p.type);

					if (element != TEXTOID && element != VARCHAROID)
						return reverse_opaque(b);
					if (OidIsValid(TupleDescAttr(b->r->desc, p.column)->attcollation) && !get_collation_isdeterministic(TupleDescAttr(b->r->desc, p.column)->attcollation))
						return reverse_opaque(b);
				}
				part_no = reverse_part(b->r, PART_SET, &p);
				for (uint32 i = 0; i < n->values; i++)
				{
					if (n->value[i].kind != SEGMENT_STRING)
						return reverse_opaque(b);
					value[i] = part_no < 0 ? 0 : segment_index_value(b->r->ix, part_no, n->value[i].text.data, n->value[i].text.len, true);
				}
				return reverse_masked_set(b, part_no, value, n->values, n->op == SEGMENT_HAS_ALL, mask);
			}
		case SEGMENT_WITHIN:
		case SEGMENT_ANNIVERSARY:
			{
				uint32		test[2],
							named[2];
				int			wanted = mask;
				char		name[2][16];

				if (!b->v || (ref.class != CLASS_DATE && ref.class != CLASS_TIMESTAMP && ref.class != CLASS_TIMESTAMPTZ))
					return reverse_opaque(b);
				part_no = reverse_part(b->r, PART_WINDOWS, &p);
				if (part_no < 0)
					return reverse_opaque(b);
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
						return reverse_masked_set(b, part_no, &named[0], 1, false, SEGMENT_IF_TRUE);
					case SEGMENT_IF_FALSE:
						return reverse_masked_set(b, part_no, &named[1], 1, false, SEGMENT_IF_TRUE);
					case SEGMENT_IF_TRUE | SEGMENT_IF_FALSE:
						return reverse_masked_set(b, part_no, named, 2, false, SEGMENT_IF_TRUE);
					case SEGMENT_IF_UNKNOWN:
						return reverse_masked_set(b, part_no, named, 2, false, SEGMENT_IF_FALSE | SEGMENT_IF_UNKNOWN);
					case SEGMENT_IF_UNKNOWN | SEGMENT_IF_TRUE:
						return reverse_masked_set(b, part_no, &named[1], 1, false, SEGMENT_IF_FALSE | SEGMENT_IF_UNKNOWN);
					default:
						return reverse_masked_set(b, part_no, &named[0], 1, false, SEGMENT_IF_FALSE | SEGMENT_IF_UNKNOWN);
				}
			}
		default:
			return reverse_opaque(b);
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
		return reverse_opaque(b);
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
		c = reverse_opaque(&b);
	}
	else
		c = segment_condition_of(tree, SEGMENT_IF_TRUE, leaf_condition, &b, memory);
	if (b.elsewhere && tree->kind != SEGMENT_TOP)
		reverse_watch_weak(r, c, false);
	*elsewhere = b.elsewhere;
	*ranked = b.ranked;
	return c;
}
