/*
 * resolve_fn.c: what the names of a predicate mean: a column of the row, an attribute of the mart, a key of the traits, a column of an event.
 * What is unknown is refused, with its place and the nearest name that is known.
 */
#include "sql_fn.h"

#include "access/sysattr.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/typcache.h"

segment_class
segment_class_of(Oid type)
{
	char		category;
	bool		preferred;

	type = getBaseType(type);
	switch (type)
	{
		case BOOLOID:
			return CLASS_BOOL;
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			return CLASS_NUMBER;
		case DATEOID:
			return CLASS_DATE;
		case TIMESTAMPOID:
			return CLASS_TIMESTAMP;
		case TIMESTAMPTZOID:
			return CLASS_TIMESTAMPTZ;
		case INTERVALOID:
			return CLASS_INTERVAL;
		case JSONBOID:
		case JSONOID:
			return CLASS_JSON;
		default:
			if (OidIsValid(get_element_type(type)))
				return CLASS_ARRAY;
			get_type_category_preferred(type, &category, &preferred);
			return category == TYPCATEGORY_STRING ? CLASS_TEXT : CLASS_OTHER;
	}
}

/* ---- errors ---- */

/* both trees have one shape: the position in the second of what is n in the first */
static bool
position_of(const segment_node *in, const segment_node *as, const segment_node *n, uint32_t *position)
{
	if (in == n)
	{
		*position = as->position;
		return true;
	}
	for (uint32_t i = 0; i < in->children && i < as->children; i++)
		if (position_of(in->child[i], as->child[i], n, position))
			return true;
	return false;
}

static char *
place_of(segment_scope *s, const segment_node *n)
{
	char	   *text = segment_text_of(s->root);
	segment_error error;
	segment_node *again = segment_parse(text, strlen(text), segment_memory(CurrentMemoryContext), &error);
	uint32_t	position = 0;

	if (again)
		position_of(s->root, again, n, &position);
	return s->inside ? psprintf("In segment '%s'. %s", s->inside, segment_pointed(text, position)) : segment_pointed(text, position);
}

void
segment_refuse(segment_scope *s, const segment_node *n, int code, const char *message, const char *hint)
{
	ereport(ERROR, (errcode(code), errmsg("segment: %s", message), errdetail("%s", place_of(s, n)), hint ? errhint("%s", hint) : 0));
}

void
segment_clash(segment_scope *s, const segment_node *n, const segment_reference *r, const char *with)
{
	segment_refuse(s, n, CRMSEG_TYPE_CLASH, psprintf("%s is of type %s and cannot be compared with %s",
													 n->children > 0 && segment_is_operand(n->child[0]) ? segment_text_of(n->child[0]) : "it", format_type_be(r->type), with),
				   r->class == CLASS_ARRAY ? "Ask what it has: has any (...), has all (...), has none (...)." : NULL);
}

typedef struct nearest
{
	const char *wanted;
	int			distance;
	const char *name;
} nearest;

static void
look(nearest *c, const char *name)
{
	int			d = segment_name_distance(c->wanted, strlen(c->wanted), name, strlen(name), c->distance - 1);

	if (d < c->distance)
		c->distance = d, c->name = pstrdup(name);
}

/* up to a third of the letters may differ */
static nearest
nearest_to(const char *wanted)
{
	nearest		c = {wanted, strlen(wanted) < 3 ? 1 : (int) Max(strlen(wanted) / 3, 1) + 1, NULL};

	return c;
}

static char *
did_you_mean(nearest *c)
{
	return c->name ? psprintf("Did you mean %s?", quote_identifier(c->name)) : NULL;
}

/* ---- names ---- */

/* the parts from one on, joined by dots */
static char *
dotted(const segment_text *part, int parts)
{
	StringInfoData b;

	initStringInfo(&b);
	for (int i = 0; i < parts; i++)
		appendStringInfo(&b, "%s%s", i ? "." : "", part[i].data);
	return b.data;
}

/* j -> 'a', or j #> '{a,b}', or when a flat key may be meant, whichever is there */
static char *
json_key(segment_scope *s, const char *j, const segment_text *part, int parts, bool flat)
{
	StringInfoData b;

	initStringInfo(&b);
	if (parts == 0)
		return pstrdup(j);
	if (flat || parts == 1)
	{
		appendStringInfo(&b, "(%s %s %s)", j, segment_operator(s, "->"), quote_literal_cstr(dotted(part, parts)));
		return b.data;
	}
	appendStringInfo(&b, "(%s %s ARRAY[", j, segment_operator(s, "#>"));
	for (int i = 0; i < parts; i++)
		appendStringInfo(&b, "%s%s", i ? ", " : "", quote_literal_cstr(part[i].data));
	appendStringInfoString(&b, "])");
	return b.data;
}

static segment_reference
reference(char *sql, Oid type)
{
	segment_reference r = {.sql = sql, .type = type, .class = segment_class_of(type)};

	return r;
}

static segment_reference
json_reference(segment_scope *s, const char *column, Oid type, const segment_text *part, int parts, bool flat)
{
	char	   *j = getBaseType(type) == JSONOID ? psprintf("%s::pg_catalog.jsonb", column) : pstrdup(column);

	return reference(json_key(s, j, part, parts, flat), JSONBOID);
}

/* the relation of an attribute, joined once to the parties of a mart */
typedef struct joined
{
	Oid			relation;
	char	   *party_column;
	char	   *alias;
} joined;

char *
segment_relation_sql(Oid relation)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), get_rel_name(relation));
}

static joined *
join_of(segment_scope *s, Oid relation, const char *party_column)
{
	ListCell   *l;
	joined	   *j;

	foreach(l, s->joins)
	{
		j = lfirst(l);
		if (j->relation == relation && strcmp(j->party_column, party_column) == 0)
			return j;
	}
	j = palloc0(sizeof(joined));
	j->relation = relation;
	j->party_column = pstrdup(party_column);
	j->alias = relation == get_relname_relid("party", s->v->schema) ? "p" : psprintf("a%d", ++s->names);
	s->joins = lappend(s->joins, j);
	return j;
}

/* FROM party p LEFT JOIN ... */
char *
segment_joins_sql(segment_scope *s)
{
	StringInfoData b;
	ListCell   *l;
	joined	   *party = join_of(s, get_relname_relid("party", s->v->schema), "party_id");

	initStringInfo(&b);
	appendStringInfo(&b, "%s %s", segment_relation_sql(party->relation), party->alias);
	if (s->sample > 0)
		appendStringInfo(&b, " TABLESAMPLE bernoulli (%.6f) REPEATABLE (1)", s->sample);
	foreach(l, s->joins)
	{
		joined	   *j = lfirst(l);

		if (j != party)
			appendStringInfo(&b, " LEFT JOIN %s %s ON %s.%s %s p.party_id", segment_relation_sql(j->relation), j->alias, j->alias, quote_identifier(j->party_column),
							 segment_operator(s, "="));
	}
	return b.data;
}

/* an attribute of the mart: joined when all parties are asked for, else looked up by the row's key */
static segment_reference
mart_attribute(segment_scope *s, const segment_node *n, const vocabulary_attribute *a)
{
	/* an expression over the columns of the very row needs no look-up */
	bool		here = s->row && a->relation == s->row_relation;
	const char *alias = here ? SEGMENT_ROW : s->row ? "x" : join_of(s, a->relation, a->party_column)->alias;
	char	   *sql = a->is_column ? psprintf("%s.%s", alias, quote_identifier(a->expression)) :
		psprintf("(%s)", vocabulary_expression(s->v, a->relation, a->expression, (char **) &a->parsed, alias, s->now));

	if (!s->row || here)
		return reference(sql, a->type);
	s->has_query = true;
	return reference(psprintf("(SELECT %s FROM %s x WHERE x.%s %s %s)", sql, segment_relation_sql(a->relation), quote_identifier(a->party_column),
							  segment_operator(s, "="), segment_key(s, n)), a->type);
}

static int
row_column(segment_scope *s, const char *name)
{
	for (int i = 0; s->row && i < s->row->natts; i++)
		if (!TupleDescAttr(s->row, i)->attisdropped && strcmp(NameStr(TupleDescAttr(s->row, i)->attname), name) == 0)
			return i;
	return -1;
}

/* what a party has for good, so that it was so at any instant */
static bool
is_lasting(const char *name)
{
	static const char *const lasting[] = {"party_id", "kind", "birth_date", "sex", "created_at", "deceased_on"};

	for (int i = 0; i < (int) lengthof(lasting); i++)
		if (strcmp(lasting[i], name) == 0)
			return true;
	return strcmp(name, "age") == 0;
}

/* what an attribute of the mart was at a past instant, from the orders up to then or the periods of attributes; false when it has no history */
static bool
past_attribute(segment_scope *s, const segment_node *n, segment_reference *r)
{
	static const struct
	{
		const char *name,
				   *value;
		Oid			type;
	}			summary[] = {
		{"first_order_at", "min(o.ordered_at) FILTER (WHERE o.is_purchase)", TIMESTAMPTZOID},
		{"last_order_at", "max(o.ordered_at) FILTER (WHERE o.is_purchase)", TIMESTAMPTZOID},
		{"orders", "count(*) FILTER (WHERE o.is_purchase)", INT8OID},
		{"order_days", "count(DISTINCT o.day) FILTER (WHERE o.is_purchase)", INT8OID},
		{"revenue", "coalesce(sum(o.amount), 0)", NUMERICOID},
		{"gross_revenue", "coalesce(sum(o.amount) FILTER (WHERE o.is_purchase), 0)", NUMERICOID},
		{"largest_order", "max(o.amount) FILTER (WHERE o.is_purchase)", NUMERICOID},
		{"returns", "count(*) FILTER (WHERE NOT o.is_purchase)", INT8OID},
		{"returned", "coalesce(-sum(o.amount) FILTER (WHERE NOT o.is_purchase), 0)", NUMERICOID},
		{"margin", "sum(o.margin)", NUMERICOID}};
	char	   *name = dotted(n->part, n->parts);
	const char *schema = quote_identifier(s->v->name);
	const vocabulary_attribute *a = vocabulary_find_attribute(s->v, name);
	const vocabulary_trait *t;
	int			skip = n->parts > 1 && strcmp(n->part[0].data, "traits") == 0 ? 1 : 0,
				keys = 0;
	char	   *value;

	if (a && a->relation == get_relname_relid("party_profile", s->v->schema) && a->is_column)
		for (int i = 0; i < (int) lengthof(summary); i++)
			if (strcmp(a->expression, summary[i].name) == 0)
			{
				s->has_query = true;
				*r = reference(psprintf("(SELECT %s FROM %s.counted_order o WHERE o.party_id = %s AND o.ordered_at <= %s)", summary[i].value, schema, segment_key(s, n), segment_now(s)),
							   summary[i].type);
				return true;
			}
	if (a)
		return false;
	/* a key of the traits: the whole name, or its first part with keys within */
	t = vocabulary_find_trait(s->v, dotted(n->part + skip, n->parts - skip));
	if (!t && n->parts - skip > 1)
	{
		t = vocabulary_find_trait(s->v, n->part[skip].data);
		keys = n->parts - skip - 1;
	}
	if (!t)
		return false;
	s->has_query = true;
	value = "coalesce(to_jsonb(v.flag), to_jsonb(v.num), to_jsonb(v.txt), to_jsonb(v.day), v.doc)";
	/* the winner, as the view trait_summary has it */
	value = psprintf("(SELECT %s FROM %s.party_attribute v JOIN %s.attribute_def d ON d.attribute_id = v.attribute_id LEFT JOIN %s.source c ON c.source_id = v.source_id "
					 "WHERE v.party_id = %s AND d.key = %s AND v.valid @> %s "
					 "AND (d.sensitivity <> 'special' OR EXISTS (SELECT FROM %s.special_permission k WHERE k.party_id = v.party_id AND k.attribute_id = v.attribute_id AND k.valid @> %s))%s)", t->is_multi ? psprintf("jsonb_agg(DISTINCT %s)", value) : value, schema, schema, schema, segment_key(s, n),
					 quote_literal_cstr(t->key), segment_now(s), schema, segment_now(s), t->is_multi ? "" : " ORDER BY coalesce(c.trust, 50) DESC, v.confidence DESC, v.collected_at DESC, v.party_attribute_id DESC LIMIT 1");
	*r = reference(json_key(s, value, n->part + n->parts - keys, keys, false), JSONBOID);
	return true;
}

segment_reference
segment_resolve(segment_scope *s, const segment_node *n)
{
	const char *first = n->part[0].data;
	char	   *name = dotted(n->part, n->parts);
	const vocabulary_attribute *a = NULL;
	const vocabulary_trait *t = NULL;
	int			c;
	nearest		near;
	segment_reference r;

	if (s->event)
		return segment_resolve_column(s, s->event, s->event_name, n, n->part, n->parts);
	if (s->past && !is_lasting(name))
	{
		if (s->v && !s->row && past_attribute(s, n, &r))
			return r;
		segment_refuse(s, n, ERRCODE_FEATURE_NOT_SUPPORTED, psprintf("attribute %s has no history", segment_path_of(n)),
					   "As of a past instant a segment can ask for events, orders, attributes with periods, consents, samples and dates of birth.");
	}
	c = row_column(s, first);
	if (c >= 0 && s->moving && s->v && (a = vocabulary_find_attribute(s->v, name)) != NULL && strstr(a->expression, "{now}"))
		return mart_attribute(s, n, a);
	if (c >= 0)
	{
		Oid			type = TupleDescAttr(s->row, c)->atttypid;
		char	   *sql = psprintf(SEGMENT_ROW ".%s", quote_identifier(first));

		if (n->parts == 1)
			r = reference(sql, type);
		else if (segment_class_of(type) == CLASS_JSON)
			r = json_reference(s, sql, type, n->part + 1, n->parts - 1, false);
		else
			segment_refuse(s, n, CRMSEG_UNKNOWN_NAME, psprintf("%s is of type %s and has no keys", quote_identifier(first), format_type_be(type)), NULL);
		r.is_rfm = n->parts == 1 && r.class == CLASS_NUMBER && strcmp(first, "rfm") == 0;
		return r;
	}
	if (s->v)
	{
		a = vocabulary_find_attribute(s->v, name);
		if (a)
		{
			r = mart_attribute(s, n, a);
			r.is_rfm = r.class == CLASS_NUMBER && strcmp(name, "rfm") == 0;
			return r;
		}
		a = vocabulary_find_attribute(s->v, first);
		if (a && n->parts > 1 && segment_class_of(a->type) == CLASS_JSON)
			return json_reference(s, mart_attribute(s, n, a).sql, a->type, n->part + 1, n->parts - 1, false);
		t = vocabulary_find_trait(s->v, name);
	}
	near = nearest_to(name);
	for (int i = 0; s->row && i < s->row->natts; i++)
		if (!TupleDescAttr(s->row, i)->attisdropped)
			look(&near, NameStr(TupleDescAttr(s->row, i)->attname));
	for (int i = 0; s->v && i < s->v->attributes; i++)
		look(&near, s->v->attribute[i].name);
	for (int i = 0; s->v && i < s->v->traits; i++)
		look(&near, s->v->trait[i].key);
	/* a key of the row's own traits; what is almost a known name is not taken for one, unless it is said to be */
	c = row_column(s, "traits");
	if (c >= 0 && segment_class_of(TupleDescAttr(s->row, c)->atttypid) == CLASS_JSON && (t || n->parts > 1 || !near.name))
		return json_reference(s, SEGMENT_ROW ".traits", TupleDescAttr(s->row, c)->atttypid, n->part, n->parts, t != NULL);
	/* or of those of the mart: one that it knows, a dotted one, or one that some party has */
	a = s->v ? vocabulary_find_attribute(s->v, "traits") : NULL;
	if (a && segment_class_of(a->type) == CLASS_JSON && (t || n->parts > 1 || (!near.name && a->is_column && vocabulary_has_key(a->relation, a->expression, name))))
		return json_reference(s, mart_attribute(s, n, a).sql, a->type, n->part, n->parts, t != NULL);
	segment_refuse(s, n, CRMSEG_UNKNOWN_NAME, psprintf("unknown attribute %s", segment_path_of(n)),
				   near.name && c >= 0 ? psprintf("Did you mean %s? A key of the traits is written traits.%s.", quote_identifier(near.name), segment_path_of(n)) :
				   near.name ? did_you_mean(&near) : s->v ? "See the table segment_attribute of the mart, or add it by crmseg.add_attribute()." : NULL);
}

const vocabulary_event *
segment_resolve_event(segment_scope *s, const segment_node *n)
{
	const vocabulary_event *e;
	nearest		near;

	if (!s->v)
		segment_refuse(s, n, CRMSEG_BAD_MART, psprintf("no mart is known in which to look for the event %s", quote_identifier(n->object.data)),
					   "The row's relation lies in no datamart: SET crmseg.mart to the one to use.");
	e = vocabulary_find_event(s->v, n->object.data);
	if (e)
		return e;
	/* the name as it was written after 'stopped' */
	for (int i = 0; i < s->v->events; i++)
	{
		segment_text t = {s->v->event[i].name, (uint32_t) strlen(s->v->event[i].name)};

		if (n->kind == SEGMENT_STOPPED && segment_same_name(&n->object, &t))
			return &s->v->event[i];
	}
	near = nearest_to(n->object.data);
	for (int i = 0; i < s->v->events; i++)
		look(&near, s->v->event[i].name);
	segment_refuse(s, n, CRMSEG_UNKNOWN_NAME, psprintf("unknown event %s", quote_identifier(n->object.data)),
				   near.name ? did_you_mean(&near) : "See the table segment_event of the mart, or add it by crmseg.add_event().");
}

segment_reference
segment_resolve_column(segment_scope *s, const vocabulary_event *e, const char *alias, const segment_node *n, const segment_text *part, int parts)
{
	char	   *name = dotted(part, parts);
	const vocabulary_column *c = vocabulary_find_column(e, name);
	segment_reference r;
	Oid			type;
	nearest		near;
	Relation	rel;

	if (c && OidIsValid(c->type))
	{
		char	   *of = OidIsValid(c->relation) ? psprintf("c%d", ++s->names) : pstrdup(alias);

		if (c->is_column)
			r = reference(psprintf("%s.%s", of, quote_identifier(c->expression)), c->type);
		else
			r = reference(psprintf("(%s)", vocabulary_expression(s->v, OidIsValid(c->relation) ? c->relation : e->relation, c->expression, (char **) &c->parsed, of, s->now)), c->type);
		if (OidIsValid(c->relation))
		{
			StringInfoData b;

			initStringInfo(&b);
			for (int i = 0; i < c->nby; i++)
				appendStringInfo(&b, "%s%s.%s %s %s.%s", i ? " AND " : "", of, quote_identifier(c->by[i]), segment_operator(s, "="), alias, quote_identifier(c->by[i]));
			r.from = psprintf("%s %s", segment_relation_sql(c->relation), of);
			r.on = b.data;
		}
		return r;
	}
	type = vocabulary_column_type(e->relation, part[0].data);
	if (OidIsValid(type))
	{
		char	   *sql = psprintf("%s.%s", alias, quote_identifier(part[0].data));

		if (parts == 1)
			return reference(sql, type);
		if (segment_class_of(type) == CLASS_JSON)
			return json_reference(s, sql, type, part + 1, parts - 1, false);
	}
	near = nearest_to(name);
	for (int i = 0; i < e->columns; i++)
		look(&near, e->column[i].name);
	rel = RelationIdGetRelation(e->relation);
	if (RelationIsValid(rel))
	{
		for (int i = 0; i < rel->rd_att->natts; i++)
			if (!TupleDescAttr(rel->rd_att, i)->attisdropped)
				look(&near, NameStr(TupleDescAttr(rel->rd_att, i)->attname));
		RelationClose(rel);
	}
	segment_refuse(s, n, CRMSEG_UNKNOWN_NAME, psprintf("unknown column %s of event %s", name, quote_identifier(e->name)),
				   near.name ? did_you_mean(&near) : "A condition on an event reaches as far as it can: parentheses around 'did ... where ...' end it.");
}

/* the key of the row's party: as the vocabulary has it for its relation, or party_id, or its primary key */
char *
segment_key(segment_scope *s, const segment_node *n)
{
	const char *column = NULL;
	Relation	rel;

	if (!s->row)
		return "p.party_id";
	for (int i = 0; s->v && OidIsValid(s->row_relation) && i < s->v->attributes && !column; i++)
		if (s->v->attribute[i].relation == s->row_relation && row_column(s, s->v->attribute[i].party_column) >= 0)
			column = s->v->attribute[i].party_column;
	if (!column && row_column(s, "party_id") >= 0)
		column = "party_id";
	for (int i = 0; s->v && i < s->v->events && !column; i++)
		if (segment_walk(s->root, segment_names_event, s->v->event[i].name) && row_column(s, s->v->event[i].party_column) >= 0)
			column = s->v->event[i].party_column;
	if (!column && OidIsValid(s->row_relation) && (rel = RelationIdGetRelation(s->row_relation)) != NULL)
	{
		Bitmapset  *key = RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_PRIMARY_KEY);

		if (bms_num_members(key) == 1)
			column = pstrdup(get_attname(s->row_relation, bms_singleton_member(key) + FirstLowInvalidHeapAttributeNumber, false));
		RelationClose(rel);
	}
	if (!column)
		segment_refuse(s, n, CRMSEG_UNKNOWN_NAME, "the row has no column party_id, by which to find what its party did", "Name the key of its relation: crmseg.add_attribute(mart, name, relation, expression, party_column).");
	return psprintf(SEGMENT_ROW ".%s", quote_identifier(column));
}
