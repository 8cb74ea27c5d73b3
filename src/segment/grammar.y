%code top {
/*
 * grammar.y: the language of segments (docs/segments.md has it with an example each). SQL's boolean syntax where SQL has one; a condition on
 * an event ('where ...') reaches as far as it can: to the number of times, the window, 'then', a dot or the end. Parentheses end it sooner.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "segment/segment_private.h"
}

%require "3.6"
%define api.pure full
%define api.prefix {segment_gg}
%define api.location.type {uint32_t}
%define parse.error custom
%locations
%param { segment_reader *r } { void *scanner }

%code requires {
#include "segment/segment_private.h"
#define YYSTYPE SEGMENT_GGSTYPE
}

%union {
	segment_text text;
	segment_list list;
	segment_node *node;
	segment_value value;
	segment_window window;
	int32_t		count[2];
	int			number;
}

%code {
#include "segment/actions.h"

extern int	segment_yylex(YYSTYPE *value, uint32_t *location, void *scanner);
extern int	segment_yylex_init_extra(segment_reader *r, void **scanner);
extern void *segment_yy_scan_bytes(const char *s, int len, void *scanner);
static void yyerror(const uint32_t *location, segment_reader *r, void *scanner, const char *message);

/* the byte after blanks and comments, 0 at the end */
static char
next_byte(const segment_reader *r)
{
	size_t		i = r->at;

	for (;;)
	{
		while (i < r->len && strchr(" \t\r\n\f", r->text[i]) && r->text[i])
			i++;
		if (i + 1 >= r->len || r->text[i] != '-' || r->text[i + 1] != '-')
			return i < r->len ? r->text[i] : 0;
		while (i < r->len && r->text[i] != '\n')
			i++;
	}
}

static int
yylex(YYSTYPE *value, uint32_t *location, segment_reader *r, void *scanner)
{
	int			token = segment_yylex(value, location, scanner);

	*location = (uint32_t) (token == 0 ? r->len : r->token);
	/* in (...) is told from in this month by what follows: a measure before it may have a window of its own */
	if (token == IN_P && next_byte(r) == '(')
		token = IN_LIST;
	return token;
}

#define YYMAXDEPTH 4000
#define YYMALLOC(n) segment_take(r->memory, (n))
#define YYFREE(p) ((void) (p))
/* where a rule begins, or what follows it when it is empty */
#define YYLLOC_DEFAULT(current, rhs, n) ((current) = YYRHSLOC(rhs, (n) ? 1 : 0))
#define STOP_IF_WRONG do { if (r->failed) YYABORT; } while (0)
}

%token END 0 "the end"
%token <list> NAME "a name" PATH "a dotted name"
%token <text> STRING "a string" NUMBER "a number"
%token IN_LIST "in ("
%token NE "<>" LE "<=" GE ">=" BAD "a wrong sign"
%token <list> AFTER "after" ALL "all" AND "and" ANNIVERSARY "anniversary" ANY "any" AT "at" AVG "avg" BETWEEN "between" BY "by"
	CALENDAR "calendar" COUNT "count" DATE "date" DAY "days" DID "did" DISTINCT "distinct" EXACTLY "exactly" FALSE_P "false" FIRST "first" FOR "for"
	HAS "has" HOUR "hours" ILIKE "ilike" IN_P "in" INTERVAL "interval" IS "is" KM "km" LAST "last" LEAST "least" LESS "less" LIKE "like" MAX "max"
	MIN "min" MINUTE "minutes" MONTH "months" MORE "more" MOST "most" NEXT "next" NONE "none" NOT "not" NULL_P "null" OF "of" OLDER "older"
	ONCE "once" OR "or" PERCENT "percent" QUARTER "quarters" REACHABLE "reachable" SAMPLE "sample" SEED "seed" SEGMENT "segment" STOPPED "stopped"
	SUM "sum" THAN "than" THEN "then" THIS "this" TIMES "times" TIMESTAMP "timestamp" TO "to" TOP "top" TRUE_P "true" TWICE "twice"
	UNKNOWN "unknown" WEEK "weeks" WHERE "where" WITHIN "within" YEAR "years"

%type <node> expr predicate compared operand step later_step chain opt_where
%type <list> path name values has_values
%type <text> event opt_seed
%type <value> value signed
%type <window> span when opt_when
%type <count> count
%type <number> unit cmp test aggregate like

/* a condition on an event goes on as long as it can; so does what may be more than a bare name */
%precedence ENDS
%left OR
%left AND
%precedence NOT
%precedence BARE
%precedence WITHIN BETWEEN IN_P OLDER AT EXACTLY MORE LESS THEN

%%

start: expr END { r->result = $1; }
	;

expr: expr OR expr { $$ = segment_both(r, SEGMENT_OR, $1, $3); }
	| expr AND expr { $$ = segment_both(r, SEGMENT_AND, $1, $3); }
	| NOT expr { $$ = segment_negate(r, $2, @1); }
	| '(' expr ')' { $$ = $2; }
	| '(' expr ')' IS test { $$ = segment_tested(r, $2, $5, @1); }
	| '(' expr ')' IS NOT test { $$ = segment_negate(r, segment_tested(r, $2, $6, @1), @1); }
	| predicate { $$ = $1; STOP_IF_WRONG; }
	;

/* IS asks for the value of what stands before it, as far back as to a comparison: a = 1 is true */
predicate: operand %prec BARE { $$ = segment_flag(r, $1); }
	| compared
	| compared IS test { $$ = segment_tested(r, $1, $3, @1); }
	| compared IS NOT test { $$ = segment_negate(r, segment_tested(r, $1, $4, @1), @1); }
	| operand IS test { $$ = segment_tested(r, $1, $3, @1); }
	| operand IS NOT test { $$ = segment_negate(r, segment_tested(r, $1, $4, @1), @1); }
	| operand HAS has_values { $$ = segment_having(r, $1, SEGMENT_HAS_ANY, &$3); }
	| operand HAS ANY has_values { $$ = segment_having(r, $1, SEGMENT_HAS_ANY, &$4); }
	| operand HAS ALL has_values { $$ = segment_having(r, $1, SEGMENT_HAS_ALL, &$4); }
	| operand HAS NONE has_values { $$ = segment_negate(r, segment_having(r, $1, SEGMENT_HAS_ANY, &$4), @1); }
	| operand NOT HAS has_values { $$ = segment_negate(r, segment_having(r, $1, SEGMENT_HAS_ANY, &$4), @1); }
	| operand NOT HAS ANY has_values { $$ = segment_negate(r, segment_having(r, $1, SEGMENT_HAS_ANY, &$5), @1); }
	| operand NOT HAS ALL has_values { $$ = segment_negate(r, segment_having(r, $1, SEGMENT_HAS_ALL, &$5), @1); }
	| operand when { $$ = segment_timed(r, SEGMENT_WITHIN, $1, $2); }
	| operand NOT when { $$ = segment_negate(r, segment_timed(r, SEGMENT_WITHIN, $1, $3), @1); }
	| operand ANNIVERSARY when { $$ = segment_timed(r, SEGMENT_ANNIVERSARY, $1, $3); }
	| operand NOT ANNIVERSARY when { $$ = segment_negate(r, segment_timed(r, SEGMENT_ANNIVERSARY, $1, $4), @1); }
	| TRUE_P { $$ = segment_constant(r, SEGMENT_TRUE, @1); }
	| FALSE_P { $$ = segment_constant(r, SEGMENT_FALSE, @1); }
	| UNKNOWN { $$ = segment_constant(r, SEGMENT_UNKNOWN, @1); }
	| DID step opt_when { $$ = segment_done(r, $2, NULL, $3, @1); }
	| DID step count opt_when { $$ = segment_done(r, $2, $3, $4, @1); }
	| DID step when count { $$ = segment_done(r, $2, $4, $3, @1); }
	| DID NOT step opt_when { $$ = segment_negate(r, segment_done(r, $3, NULL, $4, @1), @1); }
	| DID NOT step count opt_when { $$ = segment_negate(r, segment_done(r, $3, $4, $5, @1), @1); }
	| DID NOT step when count { $$ = segment_negate(r, segment_done(r, $3, $5, $4, @1), @1); }
	| DID chain opt_when { $$ = segment_chained(r, $2, (segment_window) {0}, $3, @1); }
	| DID chain WITHIN span opt_when { $$ = segment_chained(r, $2, $4, $5, @1); }
	| STOPPED event FOR span { $$ = segment_ended(r, &$2, $4, NULL, NULL, @1); }
	| STOPPED event FOR span AFTER AT LEAST NUMBER event { $$ = segment_ended(r, &$2, $4, &$8, &$9, @1); }
	| IN_P SEGMENT STRING { $$ = segment_named(r, SEGMENT_MEMBER, $3, @1); }
	| SAMPLE signed PERCENT opt_seed { $$ = segment_sampled(r, NULL, $2, $4, @1); }
	| SAMPLE signed TO signed PERCENT opt_seed { $$ = segment_sampled(r, &$2, $4, $6, @1); }
	| WITHIN signed KM OF '(' signed ',' signed ')' { $$ = segment_placed(r, $2, $6, $8, @1); }
	| REACHABLE BY event { $$ = segment_named(r, SEGMENT_REACHABLE, $3, @1); }
	| REACHABLE BY event FOR STRING { $$ = segment_named(r, SEGMENT_REACHABLE, $3, @1); segment_add_string(r, $$, $5); }
	| TOP signed BY operand { $$ = segment_ranked(r, $2, false, $4, @1); }
	| TOP signed PERCENT BY operand { $$ = segment_ranked(r, $2, true, $5, @1); }
	;

compared: operand cmp value { $$ = segment_compared(r, $1, $2, $3); }
	| operand cmp path { $$ = segment_leaf_of(r, SEGMENT_COMPARE, $1); $$->op = (uint8_t) $2; segment_adopt(r->memory, $$, segment_attribute(r, &$3, @3)); }
	| value cmp operand { $$ = segment_compared(r, $3, segment_op_flipped((segment_op) $2), $1); }
	| operand IN_LIST '(' values ')' { $$ = segment_with_values(r, SEGMENT_IN, $1, &$4); }
	| operand NOT IN_LIST '(' values ')' { $$ = segment_negate(r, segment_with_values(r, SEGMENT_IN, $1, &$5), @1); }
	| operand BETWEEN value AND value { $$ = segment_between(r, $1, $3, $5); }
	| operand NOT BETWEEN value AND value { $$ = segment_negate(r, segment_between(r, $1, $4, $6), @1); }
	| operand like STRING { $$ = segment_alike(r, $1, $2, $3); }
	| operand NOT like STRING { $$ = segment_negate(r, segment_alike(r, $1, $3, $4), @1); }
	;

/* a measure takes the window that follows it for its own */
operand: path { $$ = segment_attribute(r, &$1, @1); }
	| FIRST PATH { $$ = segment_edge(r, 0, &$2, @1); }
	| LAST PATH { $$ = segment_edge(r, 1, &$2, @1); }
	| FIRST step opt_when '.' path { $$ = segment_edge_where(r, 0, $2, $3, &$5, @1); }
	| LAST step opt_when '.' path { $$ = segment_edge_where(r, 1, $2, $3, &$5, @1); }
	| aggregate '(' PATH opt_where ')' opt_when { $$ = segment_measured(r, $1, &$3, $4, $6, @1); }
	| COUNT '(' path opt_where ')' opt_when { $$ = segment_measured(r, SEGMENT_COUNT, &$3, $4, $6, @1); }
	| COUNT DISTINCT '(' PATH opt_where ')' opt_when { $$ = segment_measured(r, SEGMENT_COUNT_DISTINCT, &$4, $5, $7, @1); }
	| COUNT '(' DISTINCT PATH opt_where ')' opt_when { $$ = segment_measured(r, SEGMENT_COUNT_DISTINCT, &$4, $5, $7, @1); }
	;

aggregate: SUM { $$ = SEGMENT_SUM; }
	| AVG { $$ = SEGMENT_AVG; }
	| MIN { $$ = SEGMENT_MIN; }
	| MAX { $$ = SEGMENT_MAX; }
	;

step: event opt_where { $$ = segment_step(r, $1, $2, @1); }
	;

opt_where: %empty { $$ = NULL; }
	| WHERE expr %prec ENDS { $$ = $2; }
	;

chain: step THEN later_step { $$ = segment_chain(r, NULL, $1, $3); }
	| chain THEN later_step { $$ = segment_chain(r, $1, NULL, $3); }
	;

later_step: step { $$ = $1; }
	| NOT step { $$ = $2; $$->op = 1; }
	;

count: AT LEAST NUMBER TIMES { segment_counted(r, $$, &$3, NULL, 0, 0, @3); }
	| AT LEAST ONCE { segment_counted(r, $$, NULL, NULL, 1, -1, @1); }
	| AT LEAST TWICE { segment_counted(r, $$, NULL, NULL, 2, -1, @1); }
	| AT MOST NUMBER TIMES { segment_counted(r, $$, NULL, &$3, 0, 0, @3); }
	| AT MOST ONCE { segment_counted(r, $$, NULL, NULL, 0, 1, @1); }
	| AT MOST TWICE { segment_counted(r, $$, NULL, NULL, 0, 2, @1); }
	| EXACTLY NUMBER TIMES { segment_counted(r, $$, &$2, &$2, 0, 0, @2); }
	| EXACTLY ONCE { segment_counted(r, $$, NULL, NULL, 1, 1, @1); }
	| EXACTLY TWICE { segment_counted(r, $$, NULL, NULL, 2, 2, @1); }
	| MORE THAN NUMBER TIMES { segment_counted(r, $$, &$3, NULL, 1, 0, @3); }
	| MORE THAN ONCE { segment_counted(r, $$, NULL, NULL, 2, -1, @1); }
	| LESS THAN NUMBER TIMES { segment_counted(r, $$, NULL, &$3, 0, -1, @3); }
	| BETWEEN NUMBER AND NUMBER TIMES { segment_counted(r, $$, &$2, &$4, 0, 0, @2); }
	;

when: WITHIN LAST span { $$ = $3; $$.kind = SEGMENT_LAST; }
	| WITHIN NEXT span { $$ = $3; $$.kind = SEGMENT_NEXT; }
	| OLDER THAN span { $$ = $3; $$.kind = SEGMENT_OLDER; }
	| IN_P THIS unit { $$ = segment_window_of(SEGMENT_THIS, $3, 0); }
	| IN_P LAST unit { $$ = segment_window_of(SEGMENT_LAST_CALENDAR, $3, 1); }
	| IN_P LAST CALENDAR unit { $$ = segment_window_of(SEGMENT_LAST_CALENDAR, $4, 1); }
	| IN_P LAST NUMBER CALENDAR unit { $$ = segment_window_of(SEGMENT_LAST_CALENDAR, $5, segment_amount(r, &$3, @3)); }
	| IN_P NEXT unit { $$ = segment_window_of(SEGMENT_NEXT_CALENDAR, $3, 1); }
	| IN_P NEXT CALENDAR unit { $$ = segment_window_of(SEGMENT_NEXT_CALENDAR, $4, 1); }
	| IN_P NEXT NUMBER CALENDAR unit { $$ = segment_window_of(SEGMENT_NEXT_CALENDAR, $5, segment_amount(r, &$3, @3)); }
	;

opt_when: %empty %prec BARE { $$ = (segment_window) {0}; }
	| when %prec BARE { $$ = $1; }
	;

span: NUMBER unit { $$ = segment_window_of(SEGMENT_LAST, $2, segment_amount(r, &$1, @1)); }
	| unit { $$ = segment_window_of(SEGMENT_LAST, $1, 1); }
	;

unit: MINUTE { $$ = SEGMENT_MINUTE; }
	| HOUR { $$ = SEGMENT_HOUR; }
	| DAY { $$ = SEGMENT_DAY; }
	| WEEK { $$ = SEGMENT_WEEK; }
	| MONTH { $$ = SEGMENT_MONTH; }
	| QUARTER { $$ = SEGMENT_QUARTER; }
	| YEAR { $$ = SEGMENT_YEAR; }
	;

cmp: '=' { $$ = SEGMENT_EQ; }
	| NE { $$ = SEGMENT_NE; }
	| '<' { $$ = SEGMENT_LT; }
	| LE { $$ = SEGMENT_LE; }
	| GE { $$ = SEGMENT_GE; }
	| '>' { $$ = SEGMENT_GT; }
	;

like: LIKE { $$ = 0; }
	| ILIKE { $$ = 1; }
	;

test: NULL_P { $$ = SEGMENT_IS_NULL; }
	| TRUE_P { $$ = SEGMENT_IS_TRUE; }
	| FALSE_P { $$ = SEGMENT_IS_FALSE; }
	| UNKNOWN { $$ = SEGMENT_IS_UNKNOWN; }
	;

has_values: value { $$ = segment_listed(r, (segment_list) {0}, $1); }
	| '(' values ')' { $$ = $2; }
	;

values: value { $$ = segment_listed(r, (segment_list) {0}, $1); }
	| values ',' value { $$ = segment_listed(r, $1, $3); }
	;

value: signed { $$ = $1; }
	| STRING { $$.kind = SEGMENT_STRING; $$.text = $1; }
	| TRUE_P { $$ = segment_word_value(SEGMENT_BOOL, "true"); }
	| FALSE_P { $$ = segment_word_value(SEGMENT_BOOL, "false"); }
	| DATE STRING { $$ = segment_time_value(r, SEGMENT_DATE, &$2, @2); STOP_IF_WRONG; }
	| TIMESTAMP STRING { $$ = segment_time_value(r, SEGMENT_TIMESTAMP, &$2, @2); STOP_IF_WRONG; }
	| INTERVAL STRING { $$ = segment_time_value(r, SEGMENT_INTERVAL, &$2, @2); STOP_IF_WRONG; }
	;

signed: NUMBER { $$ = segment_number_value(r, &$1, false, @1); STOP_IF_WRONG; }
	| '-' NUMBER { $$ = segment_number_value(r, &$2, true, @1); STOP_IF_WRONG; }
	| '+' NUMBER { $$ = segment_number_value(r, &$2, false, @1); STOP_IF_WRONG; }
	;

opt_seed: %empty { $$ = (segment_text) {"", 0}; }
	| SEED STRING { $$ = $2; }
	;

event: name { $$ = *(segment_text *) $1.item[0]; }
	;

path: PATH
	| name
	;

/* words of the language that may also be names, unquoted */
name: NAME
	| AFTER | ALL | ANY | AT | BY | CALENDAR | DATE | DAY | DISTINCT | EXACTLY | FOR | HOUR | INTERVAL | KM | LEAST | LESS | MINUTE
	| MONTH | MORE | MOST | NEXT | NONE | OF | ONCE | PERCENT | QUARTER | SEED | SEGMENT | THAN | THIS | TIMES | TIMESTAMP | TO | TWICE
	| WEEK | YEAR
	;

%%

/* "expected ..., found ..." with at most four things expected */
static int
yyreport_syntax_error(const yypcontext_t *context, segment_reader *r, void *scanner)
{
	yysymbol_kind_t expected[4];
	int			n = yypcontext_expected_tokens(context, expected, 4);
	yysymbol_kind_t found = yypcontext_token(context);
	const char *name = found == YYSYMBOL_YYEMPTY ? "the end" : yysymbol_name(found);

	(void) scanner;
	if (r->failed)
		return 0;
	segment_fail(r->error, SEGMENT_SYNTAX, *yypcontext_location(context), "%s has no place here", name);
	if (n > 0 && n <= 4)
		segment_hint(r->error, "Expected here: %s%s%s%s%s%s%s.", yysymbol_name(expected[0]), n > 1 ? ", " : "", n > 1 ? yysymbol_name(expected[1]) : "",
					 n > 2 ? ", " : "", n > 2 ? yysymbol_name(expected[2]) : "", n > 3 ? ", " : "", n > 3 ? yysymbol_name(expected[3]) : "");
	r->failed = true;
	return 0;
}

/* called for a stack that cannot grow any more */
static void
yyerror(const uint32_t *location, segment_reader *r, void *scanner, const char *message)
{
	(void) scanner, (void) message;
	if (!r->failed)
		segment_fail(r->error, SEGMENT_LIMIT, *location, "the predicate is nested too deep");
	r->failed = true;
}

segment_node *
segment_parse(const char *text, size_t len, segment_allocator memory, segment_error *error)
{
	segment_reader reader = {.text = text, .len = len, .memory = memory, .error = error};
	void	   *scanner;

	*error = (segment_error) {0};
	if (len > SEGMENT_TEXT_MAX)
	{
		segment_fail(error, SEGMENT_LIMIT, 0, "a predicate of %zu bytes is longer than %d", len, SEGMENT_TEXT_MAX);
		return NULL;
	}
	if (segment_yylex_init_extra(&reader, &scanner) != 0)
		return NULL;
	segment_yy_scan_bytes(text, (int) len, scanner);
	if (yyparse(&reader, scanner) != 0 || reader.failed)
	{
		if (error->status == SEGMENT_OK)
			segment_fail(error, SEGMENT_LIMIT, reader.token, "the predicate is nested too deep");
		return NULL;
	}
	return segment_check(reader.result, error) ? reader.result : NULL;
}
