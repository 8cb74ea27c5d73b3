/*
 * link_private.h: the engine's own structures, for src/match/link_*.c alone.
 *
 * Every distinct value is kept once, in a dictionary, with what comparing it takes (length, letters, spelling key, counts); a record is 64
 * bytes of value numbers. So what is dear is done once a value, and a pair touches two records and a few values.
 */
#ifndef CRMSEG_LINK_PRIVATE_H
#define CRMSEG_LINK_PRIVATE_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "match/link.h"
#include "match/match.h"
#include "text/text.h"

/* asks the cache for an item that will be looked at; of an array that may be none, so its place is reckoned as a number */
#define link_ask(array, i) __builtin_prefetch((const void *) ((uintptr_t) (array) + (size_t) (i) * sizeof(*(array))))
#define LINK_TEXT_MAX 255		/* bytes of a value that are looked at */

typedef struct link_value_record
{
	uint32_t	text,			/* where it begins */
				letters;		/* which letters it has, for a bound on distances */
	uint32_t	count;
	uint16_t	length;
	uint8_t		flags,
				extra;
} link_value_record;

typedef struct link_dict
{
	uint64_t   *slot;			/* upper half of the hash, number of the value */
	link_value_record *v;		/* from 1 */
	char	   *text;
	uint32_t	slots,
				n,
				room;
	size_t		text_used,
				text_room;
} link_dict;

/* ---- flags of values ---- */
#define VALUE_MOBILE	1		/* phone */
#define VALUE_LANDLINE	2
#define VALUE_FREE		4		/* domain that many use */
#define VALUE_GIVEN		8		/* its frequency is given (of a name: as a given name) */
#define VALUE_GIVEN_LAST 16

typedef struct link_record
{
	uint64_t	hash;			/* of side and id: the order of everything */
	uint32_t	first,			/* names; an organisation's legal form */
				last,			/* an organisation's name */
				date,			/* packed, DATE_OTHER when it can be read another way */
				email,
				phone,
				street,
				number,
				postcode,
				city,
				registry,
				id;				/* where its id stands */
	uint8_t		country,
				source;
	uint16_t	flags;
	uint32_t	maiden;
	uint32_t	spare;			/* settled: last two digits of the years in the e-mail and of the date, each plus one */
} link_record;

#define RECORD_ORG		0x0001
#define RECORD_IMPUTED_FIRST 0x0002	/* read out of the e-mail */
#define RECORD_IMPUTED_LAST	0x0004
#define RECORD_FULL		0x0008		/* before settling: first is a full name */
#define RECORD_COMMA	0x0010		/* family name first, with a comma */
#define RECORD_DERIVED	0x0060		/* two bits: how the e-mail is made from the name */
#define RECORD_DERIVED_SHIFT 5
#define RECORD_SIDE		0x0080
#define RECORD_DATE_OTHER 0x0100
#define RECORD_NAME_BIN	0x1c00		/* three bits: how many records have this given and family name */
#define RECORD_NAME_BIN_SHIFT 10
#define RECORD_NAME_COUNTED 0x2000	/* from 2 to NAME_COUNT_MOST have it */
#define RECORD_MANY_AT_HOME 0x4000	/* more than ADDRESS_MOST have its address */
#define RECORD_MORE		0x8000		/* has further e-mail addresses or telephone numbers, in link_engine.more */
#define NAME_COUNT_MOST	40
#define ADDRESS_MOST	12

#define LINK_MORE_MOST 16		/* so many further values of a record are compared */

/* a further address or number of a record that has several */
typedef struct link_more
{
	uint32_t	row,
				email,			/* one of the two, else 0 */
				phone,
				key[3];			/* while pairs are listed */
} link_more;

/* what is known of a name, beside its text: one dictionary serves given and family names, so that a swap is seen */
typedef struct link_name
{
	uint32_t	skeleton,		/* number in the skeleton dictionary */
				head,			/* first part of a compound name, else 0; before settling its length */
				as_first,		/* records that hold it so */
				as_last;
	float		lu_first,		/* log2 of how often another record has it by chance */
				lu_last;
	int			nickname;		/* in the table of given names and their forms, or -1 */
} link_name;

typedef struct link_email
{
	uint32_t	local,			/* in the dictionary of local parts: letters and digits */
				domain,
				letters;		/* of the local part, as its value has them */
	float		lu;
	uint8_t		length;			/* of the local part */
	bool		own;			/* the domain is no shared provider's */
	uint16_t	form;			/* how its letters are parted, hashed */
} link_email;

typedef struct link_pair_u		/* what one pair is worth, comparison by comparison */
{
	uint8_t		level[LINK_COMPARISONS];
	float		lu[LINK_COMPARISONS];	/* log2 u of this pair */
	float		lh_first;		/* log2 h of the given name: not learned */
	uint8_t		name_bin;		/* of equal whole names, plus one; 0 for others */
} link_pair_levels;

#define LINK_KEYS_MAX	32
#define LINK_COUNTRIES	8		/* the frequent ones, and all others */

/*
 * A value on its way into its dictionary. Some hundred of them are gathered, and memory is asked for all of them before any is looked at:
 * dictionaries of many megabytes are a matter of waiting for memory.
 */
typedef struct link_waiting
{
	link_dict  *dict;
	uint64_t	hash;
	uint32_t	row;
	uint16_t	length,
				text,			/* where it begins in the engine's waiting_text */
				field,			/* offset in link_record */
				head;			/* length of the first part of a given name */
	uint8_t		flags;			/* of the value */
	uint8_t		what;			/* WAITING_... */
} link_waiting;

#define WAITING_ROOM 256
#define WAITING_TEXT 32768
#define WAITING_PLAIN 0
#define WAITING_FIRST 1
#define WAITING_LAST 2
#define WAIT(dict, s, n, field) link_wait(e, dict, s, n, offsetof(link_record, field), WAITING_PLAIN, 0, 0)

typedef struct link_word
{
	uint64_t	hash;
	int			flags;
} link_word;

typedef struct link_column
{
	link_kind	kind;
	int			extra;			/* which extra, or -1 */
	const char *name;
} link_column;

struct link_engine
{
	link_memory memory;
	size_t		used;
	int			ncolumns;
	link_column column[LINK_MAX_COLUMNS];
	int			nextra,
				rest_extra;		/* which extra holds the second line of an address, or -1 */
	link_kind	extra_kind[LINK_MAX_EXTRAS];
	const char *extra_name[LINK_MAX_EXTRAS];
	bool		has[LINK_KINDS];

	link_word  *word;
	link_waiting *waiting;
	char	   *waiting_text;
	uint32_t	nwaiting,
				waiting_used;

	/* the row that is being read: folded or raw text by kind */
	char		text[LINK_KINDS][LINK_TEXT_MAX + 1 + 64];
	int			length[LINK_KINDS];
	char		rest[LINK_TEXT_MAX + 1];
	int			rest_length;
	uint32_t	extra_now[LINK_MAX_EXTRAS];
	bool		any_now,
				ordered_now,	/* by order_now */
				by_text;		/* keys are of texts, not of numbers of values */
	uint64_t	order_now;

	link_record *record;
	uint32_t   *extra;			/* nextra numbers a record */
	uint32_t	n,
				room;
	char	   *ids;
	size_t		ids_used,
				ids_room;

	link_dict	names,			/* given and family names */
				full,			/* full names as folded tokens; freed when settled */
				written,		/* local parts of e-mails of records without a name, as written; freed when settled */
				skeletons,
				companies,
				compacts,
				legals,
				locals,
				addresses,		/* e-mail addresses as read; freed when settled */
				domains,
				phones,
				streets,
				numbers,
				postcodes,
				cities,
				registries,
				countries,
				sources,
				extras[LINK_MAX_EXTRAS];
	link_name  *name;
	uint32_t	name_room;
	struct link_company *company;
	link_email *email;			/* from 1 */
	uint32_t	nemails;
	float	   *lu_phone,
			   *lu_postcode,
			   *lu_extra[LINK_MAX_EXTRAS],
			   *name_country;	/* LINK_COUNTRIES shares of a name as first, then as last */
	float		lu_home;		/* log2 u of an address that as many have as live in a house */
	float		country_share[LINK_COUNTRIES];
	uint8_t		country_slot[256];
	link_more  *more;			/* sorted by row once settled */
	uint32_t	nmore,
				more_room;
	uint64_t   *address_count,	/* how many records have an address: part of its hash, count */
			   *full_count;		/* the same for given and family name together; freed when settled */
	float	   *lu_whole;		/* for every record: log2 u of its given name beside its family name */
	uint32_t	count_slots;
	uint32_t	of_kind[2],		/* records */
				with_first,
				with_last,
				with_email,
				with_phone,
				with_date,
				with_address,
				with_extra[LINK_MAX_EXTRAS];
	float		year_share[2048],
				day_share[512];
	float		initial_share[256],
				initial_square;
	bool		two_sides,
				placed;			/* rows stand by what is in them, not in the order of a hash */

	int			nkeys,
				key_stride;
	uint32_t   *key;			/* key_stride a record, 0: none */
	link_rule	rule[LINK_KEYS_MAX];
	uint64_t  **pair_block;		/* chunks of candidate pairs: a << 32 | b */
	uint32_t	pair_blocks,
				pair_room;
	uint64_t	npairs,
				npairs_of[2];	/* of persons, of organisations */

	bool		by_model;		/* no frequencies of this table */
	struct link_given *given;	/* frequencies that are given, or NULL */
	link_model	model;
	float		lm[2][LINK_COMPARISONS][LINK_LEVELS],
				lh[2][LINK_COMPARISONS][LINK_LEVELS],
				lu[2][LINK_COMPARISONS][LINK_LEVELS];
	float		lu_name[2][LINK_NAME_BINS];	/* log2 of name_chance */
	float		prior_m[2],
				prior_h[2],
				prior_u[2];

	link_edge  *edge;
	uint64_t	nedges,
				edge_room;

	bool		is_shared;		/* what comparing takes lies where other processes see it, and is not ours to give back */
	uint64_t   *shared_pair;
	float	   *shared_weight,
				keep_from;		/* weaker pairs are not kept */
};

typedef struct link_company
{
	uint32_t	skeleton,
				sorted;			/* hash of its tokens in order */
	uint32_t	compact;		/* its text without spaces, in the dictionary compacts */
	float		lu;
} link_company;

/*
 * How often a value is met by chance is counted in the table, to which so many records are added that do not have it: in a small table a
 * value that two records share looks frequent, and what is usual of names and contacts holds instead. From some thousand records on it makes
 * no difference.
 */
#define USUAL_FIRST		170
#define USUAL_LAST		1000
#define USUAL_COMPANY	1000
#define USUAL_CONTACT	3000
#define USUAL_POSTCODE	200
#define USUAL_CODE		500
#define USUAL_TEXT		50
#define USUAL_YEARS		30		/* records spread over eighty years */
#define USUAL_DAYS		100		/* over all days of the year */

#define LINK_PLACED 20000		/* so many records and more are put near those with which they will be compared */

#define PAIR_CHUNK (1u << 18)		/* candidate pairs lie in pieces of as many as fill a large page */
#define PAIR_PORTION (1u << 16)	/* and are weighed in portions of so many */

/* ---- link_dict.c ---- */
extern void *link_alloc(link_engine *e, size_t n);
extern void *link_zalloc(link_engine *e, size_t n);
extern void *link_grow(link_engine *e, void *p, size_t old, size_t n);
extern void link_free(link_engine *e, void *p, size_t n);
extern void link_look(link_engine *e);
extern uint64_t link_hash(const char *s, size_t n);
#define LINK_AHEAD 64
extern void link_ask_places(const link_dict *d, const uint64_t *hash, uint32_t n);
extern uint32_t link_intern(link_engine *e, link_dict *d, const char *s, size_t n);
extern uint32_t link_intern_hashed(link_engine *e, link_dict *d, uint64_t h, const char *s, size_t n);
extern uint32_t link_lookup(const link_dict *d, const char *s, size_t n);	/* 0: not there */
extern void link_dict_free(link_engine *e, link_dict *d);

static inline const char *
link_text(const link_dict *d, uint32_t id)
{
	return d->text + d->v[id].text;
}

/* the bytes of a short text as a number, without a call: n of at most 8 */
static inline uint64_t
link_load(const char *s, size_t n)
{
	uint64_t	x;
	uint32_t	low,
				high;

	if (n == 8)
	{
		memcpy(&x, s, 8);
		return x;
	}
	if (n >= 4)
	{
		memcpy(&low, s, 4);
		memcpy(&high, s + n - 4, 4);
		return low | (uint64_t) high << 8 * (n - 4);
	}
	x = 0;
	for (size_t i = 0; i < n; i++)
		x |= (uint64_t) (unsigned char) s[i] << 8 * i;
	return x;
}

/* whether n bytes are the same; most values are short */
static inline bool
link_same(const char *a, const char *b, size_t n)
{
	uint64_t	x,
				y;

	if (n <= 8)
		return link_load(a, n) == link_load(b, n);
	for (size_t i = 0; i + 8 < n; i += 8)
	{
		memcpy(&x, a + i, 8);
		memcpy(&y, b + i, 8);
		if (x != y)
			return false;
	}
	memcpy(&x, a + n - 8, 8);
	memcpy(&y, b + n - 8, 8);
	return x == y;
}

/* copies n bytes of a short text */
static inline void
link_copy(char *to, const char *s, size_t n)
{
	if (n < 8)
	{
		for (size_t i = 0; i < n; i++)
			to[i] = s[i];
		return;
	}
	for (size_t i = 0; i + 8 < n; i += 8)
		memcpy(to + i, s + i, 8);
	memcpy(to + n - 8, s + n - 8, 8);
}

/* the number of a country or source, of which a record has room for 254 */
static inline uint8_t
link_small(uint32_t id, uint8_t beyond)
{
	return id < 255 ? (uint8_t) id : beyond;
}

/* number of set bits, without a call where the processor's own instruction may not be used */
static inline int
link_bits(uint32_t x)
{
	x -= (x >> 1) & 0x55555555u;
	x = (x & 0x33333333u) + ((x >> 2) & 0x33333333u);
	return (int) ((((x + (x >> 4)) & 0x0f0f0f0fu) * 0x01010101u) >> 24);
}

static inline uint64_t
link_mix(uint64_t a, uint64_t b)
{
	__uint128_t r = (__uint128_t) (a ^ UINT64_C(0x9e3779b97f4a7c15)) * (b ^ UINT64_C(0xd6e8feb86659fd93));

	return (uint64_t) r ^ (uint64_t) (r >> 64);
}

/* ---- link_words.c ---- */
#define LINK_WORD_TITLE 1
#define LINK_WORD_STREET 2		/* a type of street, or a word such as of */
#define LINK_WORD_FLAT 4		/* what follows says which flat */
#define LINK_WORD_CITY 8		/* of the names of towns, what is left out as often as not */
extern void link_words_make(link_engine *e);
extern int	link_word_flags(const link_engine *e, const char *s, size_t n);
extern const char *link_legal_form(const char *s, size_t n);	/* its short form, or NULL */
extern int	link_skeleton(const char *s, int n, char *out);
extern const char *link_country(const char *folded, size_t n);	/* ISO code, or NULL */

/* ---- link_phone.c ---- */
extern bool link_phone_mobile(const char *iso, const char *d, int n);
extern int	link_phone(const char *s, size_t n, const char *country, char *out, int *flags, const char **found);

/* ---- link_contact.c ---- */
#define LINK_FOLD_ROOM (LINK_TEXT_MAX * TEXT_FOLD_EXPANSION + 8)
#define LINK_TOKENS 24
extern int	link_fold(const char *s, size_t n, char *out);
extern void link_put_email(link_engine *e, link_record *r, const char *s, int n, bool nameless, char end[2]);
extern int	link_email_form(const char *s, int n, char *t, char *raw, int *raw_n, int *ends, int *at);
extern void link_put_city(link_engine *e, link_record *r, const char *t, int n);
extern void link_put_postcode(link_engine *e, link_record *r, const char *country, const char *s, int n);
extern void link_put_address(link_engine *e, link_record *r, const char *country, const char *s, int n);
extern void link_put_registry(link_engine *e, link_record *r, const char *s, int n);

/* ---- link_written.c ---- */
extern bool link_is_nothing(const char *s, int n);
extern int	link_put_name(link_engine *e, const char *s, int n, size_t field, int what);
extern bool link_put_full(link_engine *e, const char *s, int n, bool *comma);
extern void link_put_company(link_engine *e, link_record *r, const char *s, int n);

/* ---- link_more.c, link_block.c ---- */
extern void link_more_put(link_engine *e, const link_more *m);
extern void link_more_value(link_engine *e, link_kind kind, const char *s, size_t n, const char *country);
extern void link_more_order(link_engine *e, const uint64_t *order);
extern void link_more_emails(link_engine *e, const uint32_t *box);
extern void link_more_phones(link_engine *e);
extern const link_more *link_more_of(const link_engine *e, const link_record *r, uint32_t *n);
extern void link_more_pairs(link_engine *e, uint64_t *entry, uint64_t *spare);
extern void link_sort_entries(uint64_t *a, uint64_t *b, uint32_t n);	/* sorted by the upper half, into b */
extern bool link_share_before(const uint32_t *a, const uint32_t *b, int key);
extern void link_put_pair(link_engine *e, uint32_t a, uint32_t b, int org);
extern void link_contact_keys(const link_engine *e, uint32_t email, uint32_t phone, int org, uint32_t k[3]);	/* e-mail, local part, phone */
#define LINK_CONTACT_RULE 1		/* where these three begin among the rules */

/* ---- link_queue.c, link_settle.c, link_names.c ---- */
extern void link_wait(link_engine *e, link_dict *d, const char *s, size_t n, size_t field, int what, int head, int flags);
extern void link_flush(link_engine *e);
extern void link_name_room(link_engine *e);
extern uint32_t link_name_id(link_engine *e, const char *s, size_t n);
extern void link_names_settle(link_engine *e);
extern void link_emails_settle(link_engine *e);
extern uint64_t link_address_hash(const link_record *r);	/* 0: it has none */
extern uint64_t link_full_hash(const link_record *r);
extern void link_frequencies(link_engine *e);

static inline int
link_name_bin(uint32_t count)
{
	return count <= 2 ? 0 : count <= 4 ? (int) count - 2 : count <= 6 ? 3 : count <= 10 ? 4 : count <= 20 ? 5 : 6;
}

static inline int
link_record_name_bin(const link_record *r)
{
	return (r->flags & RECORD_NAME_BIN) >> RECORD_NAME_BIN_SHIFT;
}

/* how many records were counted under a hash */
static inline uint32_t
link_count_of(const link_engine *e, const uint64_t *count, uint64_t hash)
{
	for (uint32_t i = (uint32_t) hash & (e->count_slots - 1); count[i]; i = (i + 1) & (e->count_slots - 1))
		if (count[i] >> 32 == hash >> 32)
			return (uint32_t) count[i];
	return 0;
}

/* ---- link_given.c ---- */
extern void link_given_names(link_engine *e);
extern void link_given_others(link_engine *e);
extern void link_given_end(link_engine *e);
extern float link_given_share(const link_engine *e, int c, const link_record *a, const link_record *b);

/* ---- link_train.c, link_em.c ---- */
extern int	link_levels_of(const link_engine *e, int c, int org);

/* m, h and the shares of one kind of records from the candidate pairs, from those that k holds */
extern void link_maximise(link_engine *e, int org, link_class_model *k);

/* ---- link_score.c ---- */
extern void link_unshare(link_engine *e);
extern void link_prefetch(const link_engine *e, const link_record *a, const link_record *b);

/* ---- link_compare.c ---- */
extern float link_kappa(const link_engine *e, uint32_t first, uint32_t last);
extern void link_compare(link_engine *e, const link_record *a, const link_record *b, link_pair_levels *p);
extern int	link_first_level(const link_engine *e, uint32_t a, uint32_t b);
extern int	link_last_level(const link_engine *e, uint32_t a, uint32_t b);
extern bool link_impersonal(const link_pair_levels *p);
/*
 * log2 of how often a comparison but the given name's has a level among people of one household. Two of one name have addresses that are made from
 * it in the same way at least as often as strangers of that name.
 */
static inline float
link_lh(const link_engine *e, int org, int c, int level, float lu)
{
	float		h = e->lh[org][c][level];

	return c == LINK_C_EMAIL && level == 2 && lu > h ? lu : h;
}

/* log2(2^a + 2^b) */
static inline float
link_log2_sum(float a, float b)
{
	float		d = a > b ? b - a : a - b;

	return (a > b ? a : b) + (d < -24 ? 0 : log2f(1 + exp2f(d)));
}

#define LINK_LESS (-1e30f)
extern float link_weight_from(const link_engine *e, int org, const link_pair_levels *p, float least);
extern float link_weight(const link_engine *e, int org, const link_pair_levels *p);
extern void link_model_logs(link_engine *e);
extern bool link_near(const link_dict *d, uint32_t a, uint32_t b, bool same_skeleton);

#define LINK_MISSING_BITS (-30.0f)

#endif
