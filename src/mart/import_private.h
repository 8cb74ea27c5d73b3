/*
 * import_private.h: what the skins of the way in share: the compiled mapping, the state of one import, and its staging tables.
 *
 *   import_fn.c          import_flat, import_csv, import_replay: one batch from begin to end
 *   import_mapping_fn.c  jsonb to ImportMapping, every name checked before anything is read
 *   import_read_fn.c     where rows come from: a relation, lines of a file, rejects to be replayed
 *   import_row_fn.c      one row of texts to typed values, or a reject; with import_field_fn.c, import_party_fn.c, import_reject_fn.c
 *   import_contact_fn.c  e-mails, phones, addresses and countries, by the types of src/contact
 *   import_fact_fn.c     what else a row says: loyalty, reactions, answers
 *   import_stage_fn.c    typed values to temporary tables
 *   import_load_fn.c     temporary tables to the mart, a few statements each
 *   import_insert_fn.c   inserting where references are proved already
 */
#ifndef CRMSEG_IMPORT_PRIVATE_H
#define CRMSEG_IMPORT_PRIVATE_H

#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "pgtime.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "compat.h"
#include "error.h"
#include "mart/bulk_insert.h"
#include "mart/import.h"
#include "mart/without_checks.h"

/* ---- cells ---- */

extern Datum import_numeric(const CellNumber *n);
extern bool import_date(const CellTime *t, DateADT *result);
extern bool import_timestamp(const CellTime *t, pg_tz *zone, TimestampTz *result);

/* ---- mapping ---- */

typedef enum FieldType
{
	FIELD_TEXT,					/* as written, trimmed */
	FIELD_NAME,					/* inner white space squeezed too */
	FIELD_KEY,					/* a key: squeezed */
	FIELD_DATE, FIELD_BIRTH, FIELD_TIME, FIELD_NUMBER, FIELD_INTEGER, FIELD_BOOLEAN,
	FIELD_SEX, FIELD_COUNTRY, FIELD_CURRENCY, FIELD_CHANNEL, FIELD_WORD,	/* one of a list */
	FIELD_CONSENT				/* yes, no, or the status itself */
} FieldType;

typedef struct Words
{
	int			count;
	char	  **word;
} Words;

typedef struct Field
{
	const char *path;			/* order.ordered_at, for messages */
	FieldType	type;
	int			column_count;
	int		   *column;			/* of the source's row */
	const char *separator;		/* between joined columns, or between items of an attribute */
	char	   *value;			/* a constant, NULL: none */
	char	   *instead;		/* for empty cells: "default" */
	int			format_count;
	CellFormat *format;
	pg_tz	   *zone;
	char		decimal;
	uint32		grouping;
	char	   *region;			/* phones: a region, or */
	struct Field *region_field;
	Words		yes, no, nothing;
	bool		has_nothing;
	Words		from, to;		/* "map" */
	bool		required;
	int			on_invalid;		/* 0: the import's setting, 'd' drop, 'r' reject */
	const char *const *allowed;	/* FIELD_WORD */
} Field;

typedef enum PartyField
{
	PARTY_KIND, PARTY_SALUTATION, PARTY_GIVEN_NAME, PARTY_FAMILY_NAME, PARTY_MAIDEN_NAME, PARTY_FULL_NAME, PARTY_SEX, PARTY_BIRTH_DATE,
	PARTY_DECEASED_ON, PARTY_LANGUAGE, PARTY_COUNTRY, PARTY_POSTAL_CODE, PARTY_LEGAL_NAME, PARTY_INDUSTRY_CODE, PARTY_HEADCOUNT, PARTY_TRADE,
	PARTY_CHAIN_POSITION, PARTY_TIER, PARTY_IS_PROFESSIONAL, PARTY_FIELDS
} PartyField;

typedef enum AddressField
{
	ADDRESS_STREET, ADDRESS_EXTRA, ADDRESS_POSTAL_CODE, ADDRESS_CITY, ADDRESS_COUNTRY, ADDRESS_LABEL, ADDRESS_FIELDS
} AddressField;

typedef enum ConsentField
{
	CONSENT_PURPOSE, CONSENT_CHANNEL, CONSENT_STATUS, CONSENT_AT, CONSENT_LEGAL_BASIS, CONSENT_METHOD, CONSENT_NOTICE, CONSENT_JURISDICTION,
	CONSENT_DOUBLE_OPT_IN_AT, CONSENT_FIELDS
} ConsentField;

typedef enum OrderField
{
	ORDER_EXTERNAL_ID, ORDER_ORDERED_AT, ORDER_KIND, ORDER_CHANNEL, ORDER_STORE, ORDER_STORE_NAME, ORDER_CURRENCY, ORDER_AMOUNT, ORDER_MARGIN, ORDER_STATUS,
	ORDER_PAYMENT_METHOD, ORDER_DELIVERY_METHOD, ORDER_DEVICE, ORDER_USAGE, ORDER_FIELDS
} OrderField;

typedef enum LineField
{
	LINE_NO, LINE_SKU, LINE_NAME, LINE_CATEGORY, LINE_BRAND, LINE_QUANTITY, LINE_AMOUNT, LINE_UNIT_PRICE, LINE_DISCOUNT, LINE_RETURN_REASON, LINE_FIELDS
} LineField;

typedef struct Contact
{
	char		kind;			/* e, p */
	Field	   *value;
	const char *label;
} Contact;

typedef struct Attribute
{
	char	   *key;
	const char *data_type;		/* of attribute_def */
	char	   *provenance;
	int16		attribute_id;
	bool		is_special;		/* a category that needs an explicit consent */
	Words		allowed;		/* enum */
	Field	   *value;
} Attribute;

typedef struct Key
{
	char	   *scheme;
	Field	   *value;
} Key;

/* What a row says besides party and order (import_fact_fn.c): the columns of the staging table, which mean another thing for each kind. */
typedef enum FactField
{
	FACT_AT, FACT_A, FACT_B, FACT_C, FACT_D, FACT_E, FACT_F, FACT_G, FACT_H, FACT_N, FACT_DAY, FACT_CHANNEL, FACT_FLAG, FACT_FIELDS
} FactField;

typedef enum FactKind
{
	FACT_LOYALTY, FACT_REACTION, FACT_ANSWER, FACT_VISIT, FACT_KINDS
} FactKind;

typedef struct Fact
{
	FactKind	kind;
	Field	   *field[FACT_FIELDS];
} Fact;

typedef struct ImportMapping
{
	Field	   *source_key;
	bool		has_party, has_order, has_line;
	Field	   *party[PARTY_FIELDS];
	Field	   *order[ORDER_FIELDS];
	Field	   *line[LINE_FIELDS];
	int			contact_count, address_count, consent_count, attribute_count, key_count;
	Contact    *contact;
	Field	 *(*address)[ADDRESS_FIELDS];
	Field	 *(*consent)[CONSENT_FIELDS];
	Attribute  *attribute;
	Key		   *key;
	bool		has_visit;		/* visits are of somebody who may not be known */
	bool		points_only;	/* nothing of a party but its key: a record that is known is not changed */
	char	   *source_kind, *source_level;	/* of a source that is new */
	int			source_trust;	/* -1: as the table has it */
	int			fact_count;
	Fact	   *fact;
	int			fact_column_count;
	int		   *fact_column;
	Words		nothing;		/* words for NULL instead of the usual ones */
	bool		has_nothing;
	char		encoding;		/* 'r' repair, 'k' keep, 'x' refuse */
	char		on_invalid;		/* 'd' drop the contact point and warn, 'r' reject the line */
	char	   *region;
	pg_tz	   *zone;
	char		decimal;
	/* which columns of the source make the party's part, the order's head and the line: what their digests cover */
	int			party_column_count, order_column_count, line_column_count;
	int		   *party_column, *order_column, *line_column;
	bool	   *in_payload;		/* for each column: kept in source_record.payload */
	uint64		seed;			/* digest of the mapping itself: another mapping reads another thing */
} ImportMapping;

/* What a mart says about itself. */
typedef struct MartInfo
{
	char	   *quoted;			/* schema, quoted */
	const char *name;
	Oid			batch_relation;
	Oid			party_sequence, order_sequence;
	Oid			party, party_profile, sales_order, channel;
	pg_tz	   *zone;
	char	   *region;
	char	   *currency;
	Jsonb	   *email_rules;
	int			channel_count;
	char	  **channel_name;
	int16	   *channel_id;
} MartInfo;

typedef struct SourceColumns
{
	int			count;
	char	  **name;
	bool	   *typed;			/* the server's own output: ISO dates, decimal point */
} SourceColumns;

extern ImportMapping *import_mapping(Jsonb *json, const SourceColumns *columns, const MartInfo *mart, const char *from);

/* ---- one import ---- */

typedef struct Cell
{
	const char *text;			/* NULL: null */
	size_t		size;
} Cell;

typedef struct Stage Stage;
typedef struct ContactCache ContactCache;

typedef enum StageTable
{
	STAGE_VERSION, STAGE_CONTACT, STAGE_CONSENT, STAGE_ATTRIBUTE, STAGE_KEY, STAGE_ORDER, STAGE_LINE, STAGE_PRODUCT, STAGE_STORE, STAGE_REJECT, STAGE_WARNING,
	STAGE_RECORD, STAGE_TOTAL, STAGE_FACT, STAGE_TABLES
} StageTable;

typedef struct Import
{
	const char *mart_name;
	MartInfo	mart;
	ImportMapping *map;
	SourceColumns columns;
	int64		batch;			/* import_id */
	int16		source_id;
	const char *source;
	int64		replay_of;		/* 0: none */
	TimestampTz now;
	bool		is_later;		/* the transaction has imported before */
	MemoryContext context;		/* as long as the import */
	MemoryContext row_context;	/* reset after each row */
	Stage	   *stage[STAGE_TABLES];
	ContactCache *contacts;
	struct record_hash *records;
	struct order_hash *orders;
	struct name_hash *products;
	struct name_hash *stores;
	struct count_hash *nths;
	int			record_count, order_count, product_count, store_count;
	int64		lines_read, rejected, warnings, repaired;
	int64		facts;			/* staged */
	int64		lines_of_orders;	/* staged with an order */
	int64		lines_total;	/* estimate, for the progress */
	int			phase;

	/* the row at hand */
	int64		line_no;
	Cell	   *cells;
	const char *raw;			/* the line as it came; NULL: made of the cells */
	size_t		raw_size;
	bool		bad;
	const char *bad_column, *bad_code, *bad_reason;
	StringInfoData bad_more;	/* the other bad cells of the row */
	int			nth;			/* of the order's lines with this product, counted over all lines of the file */
	int			replay_nth;		/* as the reject kept it: 0 count, -1 unknown */
	int		   *payload_order;	/* columns as jsonb sorts its keys */
	struct LineSource *lines;	/* import_csv */
	bool		proved;			/* the parties that rows will refer to */
	bool		parties_locked;	/* those known before */
	bool		channels_proved;
	bool		orders_made;	/* all new orders that lines will refer to */
} Import;

/* the mart's channel of a name, -1: none */
extern int	import_channel(const MartInfo *mart, const char *text, size_t size);

/* phases, for the view import_progress */
enum
{
	PHASE_READ = 1, PHASE_PARTY, PHASE_CONTACT, PHASE_ORDER, PHASE_COUNT
};

extern void import_progress(Import *im, int phase);
extern void import_progress_lines(Import *im);

/* rows */
extern void import_row_begin(Import *im);
extern void import_row(Import *im);
extern void import_reject(Import *im, const char *column, const char *code, const char *reason);
extern void import_reject_line(Import *im, const char *column, const char *code, const char *reason);
extern void import_warn(Import *im, const char *column, const char *code, const char *reason, const char *text, size_t size);
extern void import_rows_end(Import *im);

/* fields of the row at hand */
extern void import_reject_field(Import *im, const Field *f, const char *code, const char *reason);
extern void import_reject_status(Import *im, const Field *f, CellStatus s);
extern bool import_in_words(const Words *w, const char *p, size_t n, bool exact);
extern bool import_field_text(Import *im, const Field *f, const char **text, size_t *size);
extern bool import_field_datum(Import *im, const Field *f, Datum *result);
extern Datum import_text_datum(const char *p, size_t n);
extern const CellFormat *import_iso_format(void);
extern bool import_parse_number(Import *im, const Field *f, const char *p, size_t n, CellNumber *number);
extern const char *import_sex_of(const char *p, size_t n);
extern bool import_boolean_of(const Field *f, const char *p, size_t n, bool *value);

/* the party's part of a row */
typedef struct PartyRow
{
	Datum		value[PARTY_FIELDS];
	bool		null[PARTY_FIELDS];
	int			contacts;
	struct
	{
		const char *kind;
		const char *value;
		size_t		value_size;
		const char *norm;
		size_t		norm_size;
		const char *label;
		Datum		part[ADDRESS_FIELDS];
		bool		null[ADDRESS_FIELDS];
		text	   *address_norm;
	}			contact[24];
	int			consents;
	struct
	{
		Datum		value[CONSENT_FIELDS];
		bool		null[CONSENT_FIELDS];
	}			consent[16];
	bool		identifies;		/* holds something of a person */
} PartyRow;

extern void import_read_party(Import *im, PartyRow *r);
extern void import_check_attributes(Import *im);
extern void import_stage_version(Import *im, int32 rec, int32 ver, text *external_id, PartyRow *r);

/* the facts of a row */
typedef struct FactRow
{
	bool		is;				/* the row says this */
	Datum		value[FACT_FIELDS];
	bool		null[FACT_FIELDS];
} FactRow;

extern FactRow *import_read_facts(Import *im);
extern void import_stage_facts(Import *im, const FactRow *rows, int32 rec);
extern void import_load_facts(Import *im);

/* contacts */
extern void import_contacts_begin(Import *im);
extern bool import_email(Import *im, const char *text, size_t size, const char **value, size_t *value_size, const char **norm, size_t *norm_size, const char **reason);
extern bool import_phone(Import *im, const char *text, size_t size, const char *region, const char **norm, size_t *norm_size, const char **reason);
extern text *import_address_key(Import *im, const char *text, size_t size, const char *country);
extern const char *import_country(const char *text, size_t size);

/* staging */
extern void import_stage_begin(Import *im);
extern void import_stage_put(Import *im, StageTable table, Datum *values, bool *nulls);
extern void import_stage_end(Import *im);

/* loading */
extern uint64 import_run(Import *im, const char *sql);
extern void import_load(Import *im, int64 *inserted, int64 *updated, int64 *unchanged);

/* inserting where references are proved */
extern void import_without_checks_begin(WithoutChecks *w, const Import *im, const char *statement);
extern void import_bulk_begin(BulkScope *scope, const Import *im);

/* reading */
extern void import_relation_columns(Import *im, Oid relation);
extern void import_read_relation(Import *im, Oid relation);
extern Jsonb *import_lines_open(Import *im, Oid relation, Jsonb *format);
extern void import_read_lines(Import *im);
extern void import_read_rejects(Import *im, bool csv, Jsonb *format);
extern void import_columns_stored(Import *im, Jsonb *format);
extern text *import_raw_text(const char *p, size_t n);

#endif
