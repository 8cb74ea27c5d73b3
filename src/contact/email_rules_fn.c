/*
 * email_rules_fn.c: canonical(email) by the shipped list of providers' rules, and canonical(email, rules) by the user's own as well.
 *
 * Rules are a jsonb object from domain to rule: {"example.org": {"drop_dots": true, "drop": "-_", "alike": "-.", "tag": "+",
 * "same_as": "example.com"}, "*": {"tag": "+"}}. They are read once and kept as long as the same bytes come.
 */
#include "contact/contact_fn.h"

#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "contact/contact.h"
#include "error.h"

typedef struct domain_rule
{
	const char *domain;
	email_rule	rule;
} domain_rule;

typedef struct rule_cache
{
	MemoryContext context;		/* holds all of it */
	void	   *source;			/* the jsonb it was read from */
	Size		source_size;
	int			count;
	domain_rule *rules;			/* sorted by domain */
	const email_rule *any_other;	/* of '*' */
} rule_cache;

#define RULE_HINT "A rule is an object with any of drop_dots (boolean), drop, alike, tag, same_as (texts), such as {\"example.org\": {\"drop_dots\": true, \"tag\": \"+\"}}."

#define BAD_RULES(...) \
	ereport(ERROR, (errcode(CRMSEG_BAD_VALUE), errmsg("invalid rules for e-mail addresses"), errdetail(__VA_ARGS__), errhint(RULE_HINT)))

static char *
string_of(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* The normal form of a domain that stands in the rules. */
static char *
domain_of(const JsonbValue *value)
{
	char	   *domain = palloc(EMAIL_DOMAIN_MAX + 1);
	size_t		len;

	if (email_domain_normal(value->val.string.val, value->val.string.len, domain, EMAIL_DOMAIN_MAX, &len) != EMAIL_OK)
		BAD_RULES("\"%s\" is not a domain.", string_of(value));
	domain[len] = 0;
	return domain;
}

/* One property of a domain's rule. */
static void
read_property(email_rule *rule, const JsonbValue *key, const JsonbValue *value, const char *domain)
{
	char	   *name = string_of(key),
			   *text;

	if (strcmp(name, "drop_dots") == 0)
	{
		if (value->type != jbvBool)
			BAD_RULES("drop_dots of \"%s\" is not a boolean.", domain);
		if (value->val.boolean)
			rule->drop = psprintf("%s.", rule->drop);
		return;
	}
	if (strcmp(name, "drop") != 0 && strcmp(name, "alike") != 0 && strcmp(name, "tag") != 0 && strcmp(name, "same_as") != 0)
		BAD_RULES("\"%s\" has an unknown property \"%s\".", domain, name);
	if (value->type != jbvString)
		BAD_RULES("%s of \"%s\" is not a text.", name, domain);
	if (strcmp(name, "same_as") == 0)
	{
		rule->same_as = domain_of(value);
		return;
	}
	text = string_of(value);
	for (char *p = text; *p; p++)
		if ((unsigned char) *p <= ' ' || (unsigned char) *p > '~' || *p == '@' || *p == '"' || *p == '\\')
			BAD_RULES("%s of \"%s\" holds something else than signs of ASCII that may stand before the @.", name, domain);
	if (name[0] == 'd')
		rule->drop = psprintf("%s%s", rule->drop, text);
	else if (name[0] == 't')
		rule->tag = text;
	else if (strlen(text) != 2)
		BAD_RULES("alike of \"%s\" has not two characters.", domain);
	else
		rule->alike = text;
}

static int
by_domain(const void *a, const void *b)
{
	return strcmp(((const domain_rule *) a)->domain, ((const domain_rule *) b)->domain);
}

/* Reads the rules into the current memory context. */
static void
read_rules(rule_cache *cache, Jsonb *source)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	key,
				value;

	if (!JB_ROOT_IS_OBJECT(source))
		BAD_RULES("The rules are not an object.");
	cache->rules = palloc(sizeof(domain_rule) * Max(JB_ROOT_COUNT(source), 1));
	iterator = JsonbIteratorInit(&source->root);
	token = JsonbIteratorNext(&iterator, &value, false);	/* the outer object begins */
	while ((token = JsonbIteratorNext(&iterator, &key, false)) == WJB_KEY)
	{
		domain_rule *to = &cache->rules[cache->count];
		bool		any = key.val.string.len == 1 && key.val.string.val[0] == '*';

		to->domain = any ? "*" : domain_of(&key);
		to->rule = (email_rule) {.drop = "", .alike = "", .tag = "", .same_as = ""};
		if (JsonbIteratorNext(&iterator, &value, false) != WJB_BEGIN_OBJECT)
			BAD_RULES("The rule of \"%s\" is not an object.", to->domain);
		while ((token = JsonbIteratorNext(&iterator, &key, false)) == WJB_KEY)
		{
			JsonbIteratorNext(&iterator, &value, true);
			read_property(&to->rule, &key, &value, to->domain);
		}
		if (any)
		{
			email_rule *other = palloc(sizeof(email_rule));

			*other = to->rule;
			cache->any_other = other;
		}
		else
			cache->count++;
	}
	qsort(cache->rules, cache->count, sizeof(domain_rule), by_domain);
	for (int i = 1; i < cache->count; i++)
		if (by_domain(&cache->rules[i - 1], &cache->rules[i]) == 0)
			BAD_RULES("\"%s\" has two rules.", cache->rules[i].domain);
}

static rule_cache *
get_rules(FunctionCallInfo fcinfo, Jsonb *source)
{
	rule_cache *cache = fcinfo->flinfo->fn_extra;
	MemoryContext context,
				old;

	if (cache != NULL && cache->source_size == VARSIZE(source) && memcmp(cache->source, source, VARSIZE(source)) == 0)
		return cache;
	fcinfo->flinfo->fn_extra = NULL;
	if (cache != NULL)
		MemoryContextDelete(cache->context);
	context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "crmseg e-mail rules", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	cache = palloc0(sizeof(rule_cache));
	cache->context = context;
	cache->source_size = VARSIZE(source);
	cache->source = palloc(cache->source_size);
	memcpy(cache->source, source, cache->source_size);
	read_rules(cache, source);
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = cache;
	return cache;
}

static text *
canonical(const struct varlena *email, rule_cache *cache)
{
	size_t		len;
	const char *normal = contact_normal(email, &len);
	size_t		domain = email_domain_begin(normal, len);
	const email_rule *rule = NULL;
	char		out[EMAIL_CANONICAL_MAX];

	if (cache != NULL && cache->count > 0)
	{
		char		name[256];
		domain_rule wanted = {.domain = name},
				   *found;

		memcpy(name, normal + domain, len - domain);
		name[len - domain] = 0;
		found = bsearch(&wanted, cache->rules, cache->count, sizeof(domain_rule), by_domain);
		if (found != NULL)
			rule = &found->rule;
	}
	if (rule == NULL)
		rule = email_provider_rule(normal + domain, len - domain);
	if (rule == NULL && cache != NULL)
		rule = cache->any_other;
	return cstring_to_text_with_len(out, (int) email_canonical(normal, len, rule, out));
}

/* canonical(email) -> text */
PG_FUNCTION_INFO_V1(crmseg_canonical);
Datum
crmseg_canonical(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(canonical(PG_GETARG_VARLENA_PP(0), NULL));
}

/* canonical(email, rules jsonb) -> text; without rules the shipped ones */
PG_FUNCTION_INFO_V1(crmseg_canonical_rules);
Datum
crmseg_canonical_rules(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(canonical(PG_GETARG_VARLENA_PP(0), PG_ARGISNULL(1) ? NULL : get_rules(fcinfo, PG_GETARG_JSONB_P(1))));
}
