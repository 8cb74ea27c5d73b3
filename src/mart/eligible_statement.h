/*
 * eligible_statement.h: the state of a statement that asks for parties, shared by eligible_statement_fn.c (what was asked, what is known), eligible_one_fn.c
 * (one party) and eligible_block_fn.c (neighbours together).
 */
#ifndef CRMSEG_ELIGIBLE_STATEMENT_H
#define CRMSEG_ELIGIBLE_STATEMENT_H

#include "compat.h"

#include "utils/date.h"
#include "utils/hsearch.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"

#include "mart/eligible_read.h"

#define SH_PREFIX answers
#define SH_ELEMENT_TYPE Answer
#define SH_KEY_TYPE int64
#define SH_KEY party
#define SH_HASH_KEY(tb, key) ((uint32) (((uint64) (key) * UINT64CONST(0x9E3779B97F4A7C15)) >> 32))
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* One instant that is asked for, and what was answered for it. */
typedef struct Instant
{
	TimestampTz at;
	bool		is_running;		/* the campaign */
	DateADT		day;
	int32		hour;
	answers_hash *answers;		/* NULL: none kept yet */
	bool		has_latest;
	Answer		latest;			/* to the question before */
	int64		asked;			/* calls */
	int64		met;			/* of these, answered by blocks */
	int64		falls;			/* of these, with a lesser id than the one before */
	int64		first;			/* id */
	int64		last;
	int64		answered;		/* parties answered by blocks */
	int64		turn;			/* of the last question */
} Instant;

#define INSTANTS 4				/* of a campaign and channel at a time */

/* A channel and a campaign that the statement asks for, and what was found once for all parties. */
typedef struct Occasion
{
	text	   *channel;
	int64		campaign;
	EligibleCampaign what;		/* but for is_running, which stands with the instant */
	int16		channel_id;
	text	   *contact_kind;
	text	   *purpose;
	text	   *topic;
	text	   *time_zone;
	bytea	   *key;			/* of the digests of addresses */
	RangeType  *running;		/* NULL: always */
	int32		cap[2];			/* of the channel, over all; -1: no rule */
	Interval	per[2];
	Instant		instant[INSTANTS];
	int			n_instants;
} Occasion;

/* A query that may be kept begun. */
typedef struct Kept
{
	Lookup	   *lookup;
	bool		tried;
} Kept;

struct Statement
{
	MemoryContext context;
	MemoryContext answer_context;	/* all that follows, but for turn; it ends with the moment */
	bool		is_valid;
	Moment		moment;
	Occasion  **occasion;
	int			n_occasions;
	int			recent;			/* the one asked for last */
	int64		turn;			/* calls */
	int64		answers;		/* kept in all tables */
	Kept		one;			/* the query for one party */
	Kept		suppressed;		/* for one address */
	Kept		touches;		/* for the messages of one party */
	int			touches_begun;	/* how often */
	TimestampTz touched_from;	/* how far back it looks */
	TimestampTz touched_first;	/* how far it had to look at first */
	HTAB	   *commercial;		/* campaigns of claims: do they count? */
};

/* A party whose touches have to be counted, and from when. */
typedef struct Capped
{
	int			answer;			/* its place */
	int32		cap[2];
	TimestampTz from[2];
} Capped;

/* What was read of one party. */
typedef struct Case
{
	EligibleParty who;
	EligiblePoint *point;		/* the best first */
	int			n_points;
	EligibleConsent *consent;
	int			n_consents;
	int32		cap[2];
	Interval	per[2];
	eligible_suppressed is_suppressed;	/* NULL: it stands with the point */
	void	   *arg;
} Case;

extern void eligible_begin_case(const Occasion *o, Case *c);

/* The answer, but for the touches: true when these have to be counted, by *capped. */
extern bool eligible_decide_case(const Occasion *o, const Instant *i, const Case *c, Answer *answer, Capped *capped);

/* Rows of a query whose first parameters change from call to call. */
extern void eligible_ask_rows(Statement *st, Kept *kept, SPIPlanPtr plan, Datum *values, const char *nulls, int changing, bool keep, lookup_row row, void *arg);

/* One party. False: there is no such party. */
extern bool eligible_one(Statement *st, Plans *p, const Occasion *o, const Instant *i, int64 party, bool keep, Answer *answer);

/* All parties from lo to hi: their number, and the answers. */
extern int eligible_block(Plans *p, const Occasion *o, const Instant *i, int64 lo, int64 hi, Answer **answers);

#endif
