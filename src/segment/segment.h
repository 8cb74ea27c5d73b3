/*
 * segment.h: the predicate language of segments. A text is parsed (lexer.l, grammar.y) into a tree of nodes, printed in its canonical
 * form (print.c), and kept as bytes (wire.c), which are the stored form of the type segment and what its equality compares. A core:
 * memory comes from an allocator of the caller's, what fails is told in a segment_error.
 * A tree knows names and literals only; which column or table a name means is settled where it meets a row or a mart (bind_fn.c).
 */
#ifndef CRMSEG_SEGMENT_H
#define CRMSEG_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEGMENT_VERSION		1			/* first byte of the stored form */
#define SEGMENT_TEXT_MAX	(1 << 20)	/* bytes of a text, and of a stored form */
#define SEGMENT_LITERAL_MAX	8192		/* bytes of a string */
#define SEGMENT_NUMBER_MAX	100			/* digits of a number */
#define SEGMENT_NAME_MAX	255			/* bytes of one part of a name */
#define SEGMENT_PARTS_MAX	16			/* parts of a dotted name */
#define SEGMENT_DEPTH_MAX	500			/* nested parentheses, nested nodes */
#define SEGMENT_AMOUNT_MAX	1000000		/* 'last N days', 'N times' */
#define SEGMENT_STEPS_MAX	16			/* steps of a sequence */

typedef enum segment_kind
{
	/* made of other conditions */
	SEGMENT_AND = 1,			/* children: two or more conditions, none of them an AND */
	SEGMENT_OR,					/* the same */
	SEGMENT_NOT,				/* child: a condition */
	SEGMENT_IS,					/* op: segment_test; child: a condition or an operand. Its negation is NOT */
	/* leaves about an operand, which is child 0 */
	SEGMENT_FLAG,				/* a boolean attribute by itself; child: ATTRIBUTE */
	SEGMENT_COMPARE,			/* op: segment_op; value[0], or child 1: ATTRIBUTE */
	SEGMENT_IN,					/* value[]: at least one */
	SEGMENT_BETWEEN,			/* value[0] and value[1] */
	SEGMENT_LIKE,				/* op: 1 without regard to case; value[0] a string */
	SEGMENT_HAS,				/* op: segment_has; value[]; one value is always HAS_ANY. 'has none' is NOT of HAS_ANY */
	SEGMENT_WITHIN,				/* window */
	SEGMENT_ANNIVERSARY,		/* window */
	/* leaves of their own */
	SEGMENT_CONSTANT,			/* op: segment_truth */
	SEGMENT_DID,				/* object: event; count, window; child 0, if any: condition on the event */
	SEGMENT_SEQUENCE,			/* children: STEP, two or more; span: all steps, or a denied last one, within it; window: of the first step */
	SEGMENT_STOPPED,			/* object: event; span: for how long; count.min: after at least so many */
	SEGMENT_MEMBER,				/* object: name of a segment */
	SEGMENT_SAMPLE,				/* value[0] to value[1] percent; object: seed */
	SEGMENT_PLACE,				/* within value[0] km of (value[1], value[2]): latitude, longitude */
	SEGMENT_REACHABLE,			/* object: channel; value[0], if any: purpose */
	SEGMENT_TOP,				/* value[0]; op: 1 percent; child 0: operand. Only the root, or a child of an AND which is the root */
	/* operands */
	SEGMENT_ATTRIBUTE,			/* part[] */
	SEGMENT_MEASURE,			/* op: segment_measure; object: event; part[]: its column, none for count; window; child 0, if any: condition */
	SEGMENT_EDGE,				/* op: 0 first, 1 last; object: event; part[]: its column; window; child 0, if any: condition */
	/* of a sequence */
	SEGMENT_STEP,				/* op: 1 denied (the last only); object: event; child 0, if any: condition */
	SEGMENT_KINDS
} segment_kind;

typedef enum segment_truth
{
	SEGMENT_FALSE = 0,
	SEGMENT_TRUE = 1,
	SEGMENT_UNKNOWN = 2
} segment_truth;

typedef enum segment_op
{
	SEGMENT_EQ, SEGMENT_NE, SEGMENT_LT, SEGMENT_LE, SEGMENT_GE, SEGMENT_GT
} segment_op;

typedef enum segment_test
{
	SEGMENT_IS_NULL, SEGMENT_IS_TRUE, SEGMENT_IS_FALSE, SEGMENT_IS_UNKNOWN
} segment_test;

typedef enum segment_has
{
	SEGMENT_HAS_ANY, SEGMENT_HAS_ALL
} segment_has;

typedef enum segment_measure
{
	SEGMENT_SUM, SEGMENT_AVG, SEGMENT_MIN, SEGMENT_MAX, SEGMENT_COUNT, SEGMENT_COUNT_DISTINCT
} segment_measure;

typedef enum segment_unit
{
	SEGMENT_MINUTE, SEGMENT_HOUR, SEGMENT_DAY, SEGMENT_WEEK, SEGMENT_MONTH, SEGMENT_QUARTER, SEGMENT_YEAR
} segment_unit;

typedef enum segment_window_kind
{
	SEGMENT_ALWAYS,				/* no window */
	SEGMENT_LAST,				/* from now less the span to now, both ends in */
	SEGMENT_NEXT,				/* from now to now and the span */
	SEGMENT_OLDER,				/* before now less the span */
	SEGMENT_THIS,				/* the calendar unit in which now lies; amount 0 */
	SEGMENT_LAST_CALENDAR,		/* the whole calendar units before it */
	SEGMENT_NEXT_CALENDAR		/* those after it */
} segment_window_kind;

typedef enum segment_value_kind
{
	SEGMENT_NUMBER = 1,			/* text: plain decimal, -?digits[.digits], no needless zero */
	SEGMENT_STRING,
	SEGMENT_BOOL,				/* text: true or false */
	SEGMENT_DATE,				/* text: YYYY-MM-DD */
	SEGMENT_TIMESTAMP,			/* text: YYYY-MM-DD HH:MM:SS[.ffffff][+HH:MM] */
	SEGMENT_INTERVAL			/* text: amounts with units */
} segment_value_kind;

typedef struct segment_text
{
	const char *data;			/* UTF-8, ended by a NUL that len does not count */
	uint32_t	len;
} segment_text;

typedef struct segment_value
{
	segment_value_kind kind;
	segment_text text;
} segment_value;

typedef struct segment_window
{
	segment_window_kind kind;
	segment_unit unit;
	int32_t		amount;
} segment_window;

typedef struct segment_node
{
	segment_kind kind;
	uint8_t		op;
	uint32_t	position;		/* byte of the text where it begins, for messages; not stored, 0 when decoded */
	uint16_t	parts;
	uint32_t	values;
	uint32_t	children;
	segment_text *part;			/* a name: its first part may be a column, the others keys */
	segment_text object;
	segment_value *value;
	struct
	{
		int32_t		min,
					max;		/* -1: no end */
	}			count;
	segment_window window;
	segment_window span;		/* kind SEGMENT_LAST when there is one */
	struct segment_node **child;
} segment_node;

typedef enum segment_status
{
	SEGMENT_OK,
	SEGMENT_SYNTAX,				/* the text cannot be read */
	SEGMENT_LIMIT,				/* a stated limit is passed */
	SEGMENT_BAD_VALUE,			/* a literal out of its range */
	SEGMENT_BAD_BYTES			/* a stored form that breaks the rules */
} segment_status;

typedef struct segment_error
{
	segment_status status;
	uint32_t	position;		/* byte of the text */
	char		message[160];
	char		hint[200];
} segment_error;

/* Allocator: never returns NULL (it may leave by longjmp); what it gave is the caller's to free, all at once. */
typedef struct segment_allocator
{
	void	   *(*take) (void *context, size_t size);
	void	   *context;
} segment_allocator;

/* ---- text and bytes ---- */

/* The tree of a text, NULL on error. */
extern segment_node *segment_parse(const char *text, size_t len, segment_allocator memory, segment_error *error);

/* The canonical text, ended by a NUL; *len without it. Parsing it gives a tree with the same bytes. */
extern char *segment_print(const segment_node *node, segment_allocator memory, size_t *len);

/* The stored form, the same for equal trees. */
extern uint8_t *segment_encode(const segment_node *node, segment_allocator memory, size_t *len);

/* The tree of bytes that segment_encode made; NULL when they are not such. */
extern segment_node *segment_decode(const uint8_t *bytes, size_t len, segment_allocator memory);

/* The same for bytes from outside: also what the text form would refuse is refused. */
extern segment_node *segment_decode_checked(const uint8_t *bytes, size_t len, segment_allocator memory, segment_error *error);

/* Both joined as the operators &, | and ! join them; NULL and an error when a limit is passed or a rank would not be outermost. */
extern segment_node *segment_join(segment_kind kind, segment_node *a, segment_node *b, segment_allocator memory, segment_error *error);

/* ---- walking ---- */

/* Calls see for each node, parents first; stops and returns true as soon as see does. */
typedef bool (*segment_visitor) (const segment_node *node, const segment_node *parent, void *context);
extern bool segment_walk(const segment_node *node, segment_visitor see, void *context);

static inline bool
segment_is_operand(const segment_node *node)
{
	return node->kind >= SEGMENT_ATTRIBUTE && node->kind <= SEGMENT_EDGE;
}

/* AND, OR, NOT, and IS of a condition: what segment_evaluate goes through; anything else is a leaf */
static inline bool
segment_is_inner(const segment_node *node)
{
	return node->kind <= SEGMENT_NOT || (node->kind == SEGMENT_IS && !segment_is_operand(node->child[0]));
}

/*
 * SQL's three-valued logic over what leaf says of each leaf. A leaf that cannot change the result any more is not asked.
 */
typedef segment_truth (*segment_leaf) (const segment_node *leaf, void *context);
extern segment_truth segment_evaluate(const segment_node *node, segment_leaf leaf, void *context);

/* ---- what several places need to say the same of ---- */
extern const char *segment_op_text(segment_op op);
extern segment_op segment_op_negated(segment_op op);	/* not a < b is a >= b, in three values too */
extern segment_op segment_op_flipped(segment_op op);	/* a < b is b > a */
extern const char *segment_unit_text(segment_unit unit);
extern const char *segment_measure_text(segment_measure m);

/* 'order' of 'ordering' and of 'orders', as events are called after 'stopped' */
extern bool segment_same_name(const segment_text *a, const segment_text *b);

/* The place of a party in a sample: 0 to 999,999, frozen for ever (SipHash-2-4 of the key's text, keyed by the seed). */
#define SEGMENT_BUCKETS 1000000
extern uint32_t segment_bucket(const char *key, size_t key_len, const char *seed, size_t seed_len);

/* Days since 2000-01-01. The first n-th (n >= 1) year's day of a day that is on or after another; 29 February is 28 February in common years. */
extern int32_t segment_next_anniversary(int32_t day, int32_t from);
extern int32_t segment_last_anniversary(int32_t day, int32_t upto, bool *any);

/* Great-circle distance in km on a sphere of 6371.0088 km (IUGG mean radius), by the haversine formula. */
extern double segment_distance(double lat1, double lon1, double lat2, double lon2);

/* Edit distance of two names (Damerau, adjacent swaps), for "did you mean"; at_most + 1 when it is more. */
extern int segment_name_distance(const char *a, size_t alen, const char *b, size_t blen, int at_most);

#endif
