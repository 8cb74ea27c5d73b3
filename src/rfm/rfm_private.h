/*
 * rfm_private.h: what the skins of this folder share. Not for other folders: they call the SQL accessors or rfm.h.
 */
#ifndef CRMSEG_RFM_PRIVATE_H
#define CRMSEG_RFM_PRIVATE_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/expandeddatum.h"
#include "utils/numeric.h"

#include "state.h"

#include "compat.h"
#include "error.h"
#include "rfm/rfm.h"

/* a summary taken apart, whatever its stored form; the numerics have `scale` decimals */
typedef struct SummaryParts
{
	int64		purchases,
				returns,
				first_at,
				last_at;
	int			scale;
	Numeric		gross,
				returned,
				largest,
				first_day;
	int32		days;
	const int32 *day;
} SummaryParts;

#define SUMMARY_AMOUNTS 4

/* summary_fn.c */
extern purchase_state *summary_arg(Datum d);
extern void summary_parts(const purchase_state *s, SummaryParts *p);
extern purchase_state *summary_build(const SummaryParts *p, int32 room);
extern Numeric summary_net(const purchase_state *s);

/* amounts */
extern void rfm_fail(rfm_status status) pg_attribute_noreturn();
extern Numeric rfm_numeric(int64 value, int scale);
extern bool rfm_small(Numeric n, int64 *value, int *scale);
extern Numeric rfm_at_scale(Numeric n, int scale);
extern Numeric rfm_numeric_from_text(const char *s, size_t len);
extern int	rfm_numeric_scale(Numeric n);

/*
 * rfm_cuts as stored: bins - 1 ascending cuts a measure; those of the amount follow as numerics. A value equal to a cut lies below it.
 */
typedef struct RfmCuts
{
	int32		vl_len_;
	uint8		version;
	uint8		bins;
	uint8		count_by;		/* COUNT_... */
	uint8		amount_by;		/* AMOUNT_... */
	int64		customers;		/* whose quantiles these are; 0 when written by hand */
	uint16		exists[4];		/* bit s: some customer has score s of recency, frequency, amount; the fourth is unused */
	int64		age[RFM_BINS_MAX - 1];	/* microseconds */
	int64		frequency[RFM_BINS_MAX - 1];
	char		amount[];		/* numerics, each at an int boundary */
} RfmCuts;

enum {COUNT_PURCHASES, COUNT_DAYS};
enum {AMOUNT_NET, AMOUNT_GROSS};
#define RFM_CUTS_VERSION 1

/* cuts_fn.c */
extern RfmCuts *cuts_build(const RfmCuts *head, Numeric *amount);
extern int16 cuts_score(const RfmCuts *c, int64 last_at, int64 frequency, Numeric amount, int64 as_of);
extern void rfm_check_frequency(int64 frequency);
extern void cuts_amounts(const RfmCuts *c, Numeric *amount);
extern void rfm_parse_options(const char *s, size_t len, uint8 *count_by, uint8 *amount_by);
extern const char *const rfm_count_names[2],
		   *const rfm_amount_names[2];

/* sample_fn.c: quantile cuts of a measure; the bits of the scores that exist. copy has room for n values */
extern uint16 rfm_cut_measure(const int64 *value, int64 n, int bins, bool falling, int64 *copy, int64 *cut);
extern uint16 rfm_cut_numerics(Numeric *sorted, int64 n, int bins, Numeric *cut);

/* sample_fn.c: measures of many customers, and their cuts; NULL for none */
struct Sample;
extern struct Sample *sample_new(MemoryContext parent, int bins, int count_by, int amount_by, int64 room);
extern void sample_push(struct Sample *s, int64 age, int64 frequency, Numeric amount, bool small, int64 value, int scale);
extern RfmCuts *sample_cuts(struct Sample *s);

/* the amounts of a sample, expanded or flat: numeric, or amount at the scale where that is NULL */
typedef struct SampleAmounts
{
	int64		n;
	int			scale;
	const int64 *amount;
	Numeric    *numeric;
} SampleAmounts;

extern SampleAmounts sample_amounts(Datum d);

#define rfm_numeric_op(op, a, b) DirectFunctionCall2(op, NumericGetDatum(a), NumericGetDatum(b))

/* the book of customers as an expanded object (book_fn.c) */
typedef struct Book
{
	ExpandedObjectHeader hdr;
	int			magic;
	rfm_book	b;
	Numeric    *wide;			/* amounts of wide cells, which hold an index into it */
	int64		wides,
				wide_room;
} Book;

/* a book to read, expanded or flat; cells of tag 0 are empty */
typedef struct BookView
{
	const rfm_cell *cell;
	uint64		slots,
				used;
	const char *keys;			/* of text ids, else NULL */
	int			scale;
	Numeric    *wide;
	int64		wides;
} BookView;

extern Book *book_new(MemoryContext parent, bool text_ids, uint64 customers);
extern Book *book_of(Datum d, MemoryContext context);
extern void book_add(Book *k, int64 id, int64 at, Datum amount);
extern void book_add_text(Book *k, const char *id, uint32 len, int64 at, Datum amount);
extern void book_bad_time(void) pg_attribute_noreturn();
extern void book_settle(Book *k);
extern void book_rescale(Book *k, int scale);
extern Numeric book_amount(const Book *k, const rfm_cell *c);
extern void book_merge_cell(Book *k, const rfm_cell *from, const char *key, uint32 len, Numeric wide, int scale);
extern void book_keep_part(Book *k, uint32 part, uint32 parts);
extern void book_view(Datum d, BookView *v);
extern void book_view_of(Book *k, BookView *v);

#endif
