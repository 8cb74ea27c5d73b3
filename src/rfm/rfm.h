/*
 * rfm.h: recency, frequency, amount. The cores of this folder know pointers, lengths and numbers only; the skins (*_fn.c) meet the server.
 *
 * An instant is an int64 of microseconds and a day an int32 of days, both since 2000-01-01 UTC, as the server counts them. An amount
 * is an int64 and a scale: 12.50 is 1250 at scale 2. What does not fit (RFM_WIDE) is the skin's to add in numeric.
 */
#ifndef CRMSEG_RFM_H
#define CRMSEG_RFM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum rfm_status
{
	RFM_OK,
	RFM_FULL,					/* no room for another day: nothing changed, enlarge and repeat */
	RFM_WIDE,					/* an amount or a sum does not fit an int64 at its scale: nothing changed */
	RFM_LIMIT,					/* a stated limit is passed */
	RFM_NAN,					/* not a number, or infinite */
	RFM_BAD						/* malformed */
} rfm_status;

#define RFM_SCALE_MAX		18	/* decimals of an int64 amount */
#define RFM_DAYS_MAX		1000000 /* distinct days of one summary: 2,700 years */
#define RFM_BINS_MAX		9
#define RFM_USECS_PER_DAY	INT64_C(86400000000)
/* the server's range of finite instants, and the days that hold them, with one day for zones on each side */
#define RFM_TIME_MIN		INT64_C(-211813488000000000)
#define RFM_TIME_END		INT64_C(9223371331200000000)
#define RFM_DAY_MIN			(-2451546)
#define RFM_DAY_MAX			106751984

/* ---- decimal.c: numeric's stored digits as an int64 at a scale ---- */
extern rfm_status rfm_decode_numeric(const unsigned char *payload, size_t len, int64_t *value, int *scale);
extern bool rfm_rescale(int64_t *value, int from, int to);

#define RFM_YEAR INT64_C(31557600000000)	/* 365.25 days, in microseconds */
#define RFM_YEARLY_SCALE 8
extern bool rfm_yearly(int64_t value, int scale, int64_t span, int64_t *yearly);

/* ---- summary.c: what one customer bought, as a state that grows in place ---- */
typedef struct purchase_state
{
	int32_t		vl_len_;		/* the varlena header, which is the skin's */
	uint8_t		version;
	uint8_t		wide;			/* the amounts below are 0 and follow the days as four numerics */
	int16_t		scale;			/* the most decimals of an amount so far; all four amounts have it */
	int64_t		purchases,		/* amount >= 0 */
				returns;		/* amount < 0 */
	int64_t		first_at,		/* of the purchases; 0 when there are none */
				last_at;
	int64_t		gross,			/* sum of the purchases */
				returned,		/* sum of the returns, as a positive amount */
				largest,		/* the largest purchase */
				first_day;		/* the sum of the purchases of the first day */
	int32_t		days,
				room;
	int32_t		day[];			/* the distinct days with a purchase, ascending; room of them are allocated */
} purchase_state;

#define PURCHASE_STATE_VERSION	1
extern size_t purchase_state_size(int32_t room);
extern void purchase_state_init(purchase_state *s, int32_t room);
extern int32_t rfm_day_of(int64_t at);
extern rfm_status purchase_state_add(purchase_state *s, int64_t at, int32_t day, int64_t value, int scale);
/* on RFM_FULL *need is the room it takes */
extern rfm_status purchase_state_merge(purchase_state *s, const purchase_state *other, int32_t *need);
/* the days of either: out has room for na + nb; how many */
extern int32_t rfm_union_days(int32_t *out, const int32_t *a, int32_t na, const int32_t *b, int32_t nb);
/* where day stands or would stand; *found says which */
extern int32_t rfm_find_day(const int32_t *day, int32_t n, int32_t key, bool *found);

/* ---- cut.c: quantile cuts and scores ---- */
extern void rfm_quantiles(int64_t *values, size_t n, int bins, int64_t *cuts);
extern int	rfm_above(const int64_t *cuts, int n, int64_t value);

/* ---- share.c: amounts in order, and where the largest have brought a share of all ---- */
extern void rfm_sort(int64_t *v, size_t n, int64_t *scratch);
extern bool rfm_sum_above_zero(const int64_t *v, size_t n, int64_t *sum);
extern bool rfm_share_cut(const int64_t *ascending, size_t n, int64_t limit, int64_t *cut);

/* ---- book.c: last purchase, number and amount of every customer in one open-addressed table, 32 bytes a customer ---- */
typedef struct rfm_cell
{
	int64_t		id;				/* an integer id, or where the text of the id stands in the book's keys */
	int64_t		last_at;		/* meaningless while purchases is 0 */
	int64_t		amount;			/* net, at the book's scale; of a wide cell, whatever the skin keeps there */
	uint32_t	purchases;
	uint32_t	tag;			/* 0: empty; RFM_USED, RFM_CELL_WIDE, and for texts 30 bits of the hash */
} rfm_cell;

#define RFM_USED		1u
#define RFM_CELL_WIDE	2u
#define RFM_BOOK_BATCH	64
#define RFM_BOOK_MAX	(16 * 1024 * 1024)	/* customers of one book */

typedef struct rfm_order
{
	int64_t		id,
				at,
				amount;
} rfm_order;

typedef struct rfm_book
{
	void	   *(*allocate) (void *context, size_t size);	/* zeroed memory, never NULL; cells best begin at a cache line */
	void		(*release) (void *pointer);
	void	   *context;
	bool		text_ids;
	int			scale;
	uint64_t	slots,
				used,
				limit;			/* of used, before it grows */
	rfm_cell   *cell;
	char	   *keys;			/* text ids: a 32-bit length and the bytes, one after the other */
	uint64_t	keys_used,
				keys_room;
	int			gathered,
				done;			/* of the gathered orders, those in the table already */
	rfm_order	batch[RFM_BOOK_BATCH];
} rfm_book;

extern rfm_status rfm_book_init(rfm_book *b, bool text_ids, uint64_t customers);
/* gathers an order of an integer id, amount at the book's scale; when *full, rfm_book_flush must follow */
static inline bool
rfm_book_gather(rfm_book *b, int64_t id, int64_t at, int64_t amount)
{
	rfm_order  *o = &b->batch[b->gathered++];

	o->id = id, o->at = at, o->amount = amount;
	return b->gathered == RFM_BOOK_BATCH;
}

/* RFM_WIDE: the order batch[done] does not fit its cell *stuck; the skin adds it, raises done by one, and calls again */
extern rfm_status rfm_book_flush(rfm_book *b, rfm_cell **stuck);
extern rfm_status rfm_book_find(rfm_book *b, int64_t id, rfm_cell **cell);
extern rfm_status rfm_book_find_text(rfm_book *b, const char *s, uint32_t len, rfm_cell **cell);
/* which of 2^k parts, for more customers than one book holds */
extern uint32_t rfm_part_of(int64_t id, uint32_t parts);
extern uint32_t rfm_part_of_text(const char *s, uint32_t len, uint32_t parts);
extern rfm_status rfm_cell_add(rfm_cell *c, int64_t at, int64_t amount);
extern const char *rfm_book_key(const rfm_book *b, const rfm_cell *c, uint32_t *len);

/* numeric's stored form of an amount: the bytes after the varlena header; how many. out has room for RFM_NUMERIC_MAX */
#define RFM_NUMERIC_MAX 24
extern size_t rfm_encode_numeric(unsigned char *out, int64_t value, int scale);

/* quantile cuts of the cells with a purchase; how many they are. Only the values near a cut are copied, into memory from allocate */
typedef enum rfm_measure {RFM_AGE, RFM_PURCHASES, RFM_AMOUNT} rfm_measure;
extern uint64_t rfm_cell_quantiles(const rfm_cell *cell, uint64_t slots, rfm_measure measure, int64_t as_of, int bins, int64_t *cuts,
								   void *(*allocate) (size_t), void (*release) (void *));
extern int64_t rfm_age_at(int64_t last_at, int64_t as_of);

/* ---- score.c: the value '5-4-3' and the names of its cells ---- */
#define RFM_R(v) ((v) / 100)
#define RFM_F(v) ((v) / 10 % 10)
#define RFM_M(v) ((v) % 10)
#define RFM_PACK(r, f, m) ((int16_t) ((r) * 100 + (f) * 10 + (m)))
extern bool rfm_is_valid(int value);
extern rfm_status rfm_parse(const char *s, size_t len, int16_t *value);
/* groups is 11, 5 or 3; NULL when a score is above bins */
extern const char *rfm_label_name(int value, int bins, int groups);

/* ---- text.c: the notations of the text forms ---- */
typedef struct rfm_field		/* one key=value of '{a=1; b=2,3}' */
{
	const char *key,
			   *value;
	size_t		key_len,
				value_len;
} rfm_field;

extern rfm_status rfm_fields(const char *s, size_t len, rfm_field *field, int max, int *n);
extern bool rfm_next_item(const char **p, const char *end, const char **item, size_t *len);
extern size_t rfm_print_day(char *out, int32_t day);
extern rfm_status rfm_parse_day(const char *s, size_t len, int32_t *day);
extern size_t rfm_print_time(char *out, int64_t at);
extern rfm_status rfm_parse_time(const char *s, size_t len, int64_t *at);
extern size_t rfm_print_age(char *out, int64_t usecs);
extern rfm_status rfm_parse_age(const char *s, size_t len, int64_t *usecs);
extern rfm_status rfm_parse_count(const char *s, size_t len, int64_t *n);
extern bool rfm_is_decimal(const char *s, size_t len, bool negative);
#define RFM_TIME_TEXT 48		/* room for any of the above */

#endif
