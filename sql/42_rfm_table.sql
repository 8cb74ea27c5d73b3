-- RFM of any table of orders in one pass: the book of customers, and the rows read out of it. (src/rfm/book.c, book_fn.c, table_fn.c)
CREATE TYPE @extschema@.rfm_book;
CREATE FUNCTION @extschema@.rfm_book_in(cstring) RETURNS @extschema@.rfm_book
	AS 'MODULE_PATHNAME', 'crmseg_book_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_book_in(cstring) IS 'text to rfm_book';
CREATE FUNCTION @extschema@.rfm_book_out(@extschema@.rfm_book) RETURNS cstring
	AS 'MODULE_PATHNAME', 'crmseg_book_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_book_out(@extschema@.rfm_book) IS 'rfm_book to text';
CREATE FUNCTION @extschema@.rfm_book_recv(internal) RETURNS @extschema@.rfm_book
	AS 'MODULE_PATHNAME', 'crmseg_book_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_book_recv(internal) IS 'bytes to rfm_book; another version, or bytes that break its rules: 22P03';
CREATE FUNCTION @extschema@.rfm_book_send(@extschema@.rfm_book) RETURNS bytea
	AS 'MODULE_PATHNAME', 'crmseg_book_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_book_send(@extschema@.rfm_book) IS 'rfm_book to bytes, the first of which is the version';
CREATE TYPE @extschema@.rfm_book (INPUT = @extschema@.rfm_book_in, OUTPUT = @extschema@.rfm_book_out, RECEIVE = @extschema@.rfm_book_recv, SEND = @extschema@.rfm_book_send,
	INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE @extschema@.rfm_book IS 'last purchase, number of purchases and net amount of every customer: state and result of the aggregate rfm_book, 32 bytes a customer when flat; its text is hex, for machines';

CREATE FUNCTION @extschema@.rfm_book_accum(@extschema@.rfm_book, int8, timestamptz, numeric, timestamptz) RETURNS @extschema@.rfm_book
	AS 'MODULE_PATHNAME', 'crmseg_book_int' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_book_accum(@extschema@.rfm_book, int8, timestamptz, numeric, timestamptz) IS 'transition function of rfm_book: one order more';
CREATE FUNCTION @extschema@.rfm_book_accum(@extschema@.rfm_book, text, timestamptz, numeric, timestamptz) RETURNS @extschema@.rfm_book
	AS 'MODULE_PATHNAME', 'crmseg_book_text' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_book_accum(@extschema@.rfm_book, text, timestamptz, numeric, timestamptz) IS 'transition function of rfm_book for ids that are not integers: one order more';
CREATE FUNCTION @extschema@.rfm_book_merge(@extschema@.rfm_book, @extschema@.rfm_book) RETURNS @extschema@.rfm_book
	AS 'MODULE_PATHNAME', 'crmseg_book_merge' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rfm_book_merge(@extschema@.rfm_book, @extschema@.rfm_book) IS 'combine function of rfm_book';
CREATE AGGREGATE @extschema@.rfm_book(id int8, ordered_at timestamptz, amount numeric, as_of timestamptz) (SFUNC = @extschema@.rfm_book_accum, STYPE = @extschema@.rfm_book,
	COMBINEFUNC = @extschema@.rfm_book_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.rfm_book(id int8, ordered_at timestamptz, amount numeric, as_of timestamptz) IS 'the book of all customers of a query of orders, for rfm_rows: amounts >= 0 are purchases, below 0 returns; rows without customer, time or amount, or after as_of (NULL: none), do not count. At most 16 million customers: 54000';
CREATE AGGREGATE @extschema@.rfm_book(id text, ordered_at timestamptz, amount numeric, as_of timestamptz) (SFUNC = @extschema@.rfm_book_accum, STYPE = @extschema@.rfm_book,
	COMBINEFUNC = @extschema@.rfm_book_merge, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.rfm_book(id text, ordered_at timestamptz, amount numeric, as_of timestamptz) IS 'the same for ids that are not integers, told apart by their text';

CREATE FUNCTION @extschema@.rfm_rows(book @extschema@.rfm_book, as_of timestamptz, bins int4 DEFAULT 5)
	RETURNS TABLE (party_id text, last_purchase_at timestamptz, frequency int8, monetary numeric, r int2, f int2, m int2, label text)
	AS 'MODULE_PATHNAME', 'crmseg_rfm_rows' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 100000;
COMMENT ON FUNCTION @extschema@.rfm_rows(@extschema@.rfm_book, timestamptz, int4) IS 'the customers of a book with their scores by quantile cuts, as rfm_table gives them, so that any query can be scored: SELECT t.* FROM (SELECT rfm_book(id, at, amount, now()) b FROM ...) x, rfm_rows(x.b, now(), 5) t';
CREATE FUNCTION @extschema@.rfm_table(orders regclass, party_column name, time_column name, amount_column name, as_of timestamptz DEFAULT now(), bins int4 DEFAULT 5)
	RETURNS TABLE (party_id text, last_purchase_at timestamptz, frequency int8, monetary numeric, r int2, f int2, m int2, label text)
	AS 'MODULE_PATHNAME', 'crmseg_rfm_table' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 100000;
COMMENT ON FUNCTION @extschema@.rfm_table(regclass, name, name, name, timestamptz, int4) IS 'RFM of every customer of a table or view of orders, in one pass and with the rights of the caller: time of the last purchase, number of purchases (amounts >= 0), net amount (returns taken off), scores by quantile cuts in which equal values have equal scores, name of the group. Orders after as_of, and rows without customer, time or amount, do not count; customers with returns only have no row. More than 12 million customers (or crmseg.rfm_customers) are taken by parts, one reading each. 42703 for an unknown column';
CREATE FUNCTION @extschema@.rfm_scopes(orders regclass, scope_column name, party_column name, time_column name, amount_column name, as_of timestamptz DEFAULT now(), bins int4 DEFAULT 5)
	RETURNS TABLE (scope text, party_id text, last_purchase_at timestamptz, frequency int8, monetary numeric, r int2, f int2, m int2, label text)
	AS 'MODULE_PATHNAME', 'crmseg_rfm_scopes' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 100000;
COMMENT ON FUNCTION @extschema@.rfm_scopes(regclass, name, name, name, name, timestamptz, int4) IS 'rfm_table for each value of a column, such as brand, store or category, in one pass: each scope has its own customers and its own cuts. Orders with a NULL scope do not count';
