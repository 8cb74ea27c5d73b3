-- RFM of any table of orders, in one pass
SET timezone = 'UTC';
-- CDNOW: totals, and every customer against plain SQL
\getenv abs_srcdir PG_ABS_SRCDIR
\set content `cat ":abs_srcdir"/data/cdnow_sample.txt`
CREATE TABLE rt_cdnow AS SELECT a[1]::int AS customer, to_date(a[3], 'YYYYMMDD')::timestamptz AS at, a[5]::numeric AS amount
FROM (SELECT regexp_split_to_array(btrim(l), '\s+') a FROM regexp_split_to_table(:'content', E'\\r?\\n') l WHERE l <> '') x;
SELECT count(*) AS customers, sum(frequency) AS purchases, sum(monetary) AS dollars, min(last_purchase_at) AS first, max(last_purchase_at) AS last
FROM crmseg.rfm_table('rt_cdnow', 'customer', 'at', 'amount', '1998-07-01');
SELECT label, count(*) AS customers, sum(monetary) AS dollars FROM crmseg.rfm_table('rt_cdnow', 'customer', 'at', 'amount', '1998-07-01') GROUP BY 1 ORDER BY 2 DESC;
SELECT * FROM crmseg.rfm_table('rt_cdnow', 'customer', 'at', 'amount', '1998-07-01') ORDER BY party_id::int LIMIT 3;
-- plain SQL that says the same: purchases up to as_of, net amounts, the quantiles percentile_disc(k / bins)
CREATE FUNCTION rt_wrong(orders text, id text, at text, amount text, as_of timestamptz, bins int) RETURNS TABLE (customers bigint, wrong bigint, split bigint) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		WITH o AS (SELECT %2$s::text AS id, %3$s::timestamptz AS at, %4$s::numeric AS amount FROM %1$s),
		v AS (SELECT id, max(at) FILTER (WHERE amount >= 0) AS last, count(*) FILTER (WHERE amount >= 0) AS n, sum(amount) AS amount FROM o
			WHERE id IS NOT NULL AND at <= $1 AND amount IS NOT NULL GROUP BY id HAVING count(*) FILTER (WHERE amount >= 0) > 0),
		p AS (SELECT array_agg(k::float8 / $2) AS p FROM generate_series(1, $2 - 1) k),
		q AS (SELECT percentile_disc((SELECT p FROM p)) WITHIN GROUP (ORDER BY $1 - last) AS ages, percentile_disc((SELECT p FROM p)) WITHIN GROUP (ORDER BY n) AS ns,
			percentile_disc((SELECT p FROM p)) WITHIN GROUP (ORDER BY amount) AS amounts FROM v),
		s AS (SELECT v.*, ($2 - (SELECT count(*) FROM unnest(ages) u WHERE u < $1 - last))::int AS r, (1 + (SELECT count(*) FROM unnest(ns) u WHERE u < n))::int AS f,
			(1 + (SELECT count(*) FROM unnest(amounts) u WHERE u < amount))::int AS m FROM v, q),
		t AS (SELECT * FROM crmseg.rfm_table('%1$s', '%2$s', '%3$s', '%4$s', $1, $2))
		SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM s FULL JOIN t ON t.party_id = s.id
			WHERE (s.last, s.n, s.amount, s.r, s.f, s.m, crmseg.rfm_group(crmseg.rfm(s.r, s.f, s.m), $2)) IS DISTINCT FROM (t.last_purchase_at, t.frequency, t.monetary, t.r::int, t.f::int, t.m::int, t.label)),
			(SELECT count(*) FROM (SELECT FROM t GROUP BY monetary HAVING count(DISTINCT m) > 1 UNION ALL SELECT FROM t GROUP BY frequency HAVING count(DISTINCT f) > 1
				UNION ALL SELECT FROM t GROUP BY last_purchase_at HAVING count(DISTINCT r) > 1) x)$q$, orders, id, at, amount) USING as_of, bins;
END $$;
SELECT bins, w.* FROM generate_series(1, 9) bins, rt_wrong('rt_cdnow', 'customer', 'at', 'amount', '1998-07-01', bins) w ORDER BY bins;
SELECT w.* FROM rt_wrong('rt_cdnow', 'customer', 'at', 'amount', '1997-03-01', 5) w;
-- the same as by purchase summaries
SELECT count(*) FILTER (WHERE crmseg.rfm_score(s, c, '1998-07-01') OPERATOR(crmseg.<>) crmseg.rfm(r, f, m)) AS other_scores
FROM crmseg.rfm_table('rt_cdnow', 'customer', 'at', 'amount', '1998-07-01') t JOIN (SELECT customer, crmseg.purchases(at, amount) s FROM rt_cdnow GROUP BY 1) x ON customer::text = party_id,
	(SELECT crmseg.rfm_cuts(s, '1998-07-01', 5) c FROM (SELECT crmseg.purchases(at, amount) s FROM rt_cdnow GROUP BY customer) y) z;
-- random orders with dirt: no customer, no time, no amount, returns, free ones, many decimals, sums that no int64 holds; ids of every kind
\set seed 0.7
SELECT setseed(:seed);
CREATE TABLE rt_random AS
SELECT CASE WHEN random() > 0.01 THEN (random() * random() * 4000)::int - 100 END AS id, '2024-01-01'::timestamptz + (random() * 400)::int * interval '1 day' + (random() * 86399)::int * interval '1 second' AS at,
	CASE WHEN random() < 0.01 THEN NULL WHEN random() < 0.001 THEN 9e18 * (random() * 5)::int WHEN random() < 0.001 THEN 1e40 WHEN random() < 0.002 THEN round(random()::numeric, 25)
	WHEN random() < 0.1 THEN -round((random() * 80)::numeric, 2) WHEN random() < 0.03 THEN 0 ELSE round((random() * 100)::numeric, 2) END AS amount, random() < 0.01 AS no_time
FROM generate_series(1, 15000);
ALTER TABLE rt_random ADD small smallint, ADD big bigint, ADD word text, ADD code uuid, ADD number numeric, ADD day date, ADD cents int, ADD euro float8;
UPDATE rt_random SET at = CASE WHEN no_time THEN NULL ELSE at END, small = id, big = id * 4294967296 * 16, word = 'client é ' || repeat('x', abs(id) % 40) || id, code = md5(id::text)::uuid, number = id, day = at::date,
	cents = (abs(amount) * 100 % 100000)::int, euro = (amount % 1000)::numeric(10, 2)::float8;
SELECT id, t.* FROM unnest('{id,small,big,word,code,number}'::text[]) id, rt_wrong('rt_random', id, 'at', 'amount', '2024-09-01', 5) t;
SELECT at, amount, t.* FROM (VALUES ('day', 'amount'), ('at', 'cents'), ('day', 'euro')) v(at, amount), rt_wrong('rt_random', 'id', at, amount, '2025-09-01', 7) t;
-- parallel workers, and a plan that merges states
ALTER TABLE rt_random SET (parallel_workers = 2);
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
-- a book merged with itself, and one that is only lent, which stays as it is
SELECT frequency, monetary FROM (SELECT crmseg.rfm_book(1, '2024-01-01', 1, NULL) AS k) x, LATERAL (VALUES (crmseg.rfm_book_merge(k, k)), (k)) v(b), crmseg.rfm_rows(b, '2025-01-01') ORDER BY 1 DESC;
EXPLAIN (COSTS OFF) SELECT crmseg.rfm_book(big, at, amount, now()), crmseg.rfm_book(word, at, amount, now()) FROM rt_random;
SELECT id, t.* FROM unnest('{id,big,word}'::text[]) id, rt_wrong('rt_random', id, 'at', 'amount', '2024-09-01', 5) t;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET max_parallel_workers_per_gather;
-- more customers than one reading is to hold: by parts, one reading each
SET crmseg.rfm_customers = 300;
SELECT id, t.* FROM unnest('{id,small,big,word,code,number}'::text[]) id, rt_wrong('rt_random', id, 'at', 'amount', '2024-09-01', 5) t;
ANALYZE rt_random;
SELECT id, t.* FROM unnest('{big,word}'::text[]) id, rt_wrong('rt_random', id, 'at', 'cents', '2024-09-01', 9) t;
RESET crmseg.rfm_customers;
-- scopes, each with customers and cuts of its own, in one pass: as rfm_table gives them for each alone
ALTER TABLE rt_random ADD brand text;
UPDATE rt_random SET brand = CASE WHEN id % 7 > 0 THEN (ARRAY['', 'Été', 'b' || repeat('"', 200)])[1 + (cents % 3)] WHEN cents % 2 = 0 THEN 'few' || cents % 5 END;
CREATE TABLE rt_scopes AS SELECT 'id' AS id, t.* FROM crmseg.rfm_scopes('rt_random', 'brand', 'id', 'at', 'amount', '2024-09-01') t UNION ALL SELECT 'word', t.* FROM crmseg.rfm_scopes('rt_random', 'brand', 'word', 'at', 'amount', '2024-09-01') t;
CREATE TABLE rt_each AS SELECT 'id' AS id, brand, t.* FROM (SELECT brand, crmseg.rfm_book(id, at, amount, '2024-09-01') x FROM rt_random WHERE brand IS NOT NULL GROUP BY brand) y, crmseg.rfm_rows(x, '2024-09-01') t
	UNION ALL SELECT 'word', brand, t.* FROM (SELECT brand, crmseg.rfm_book(word, at, amount, '2024-09-01') x FROM rt_random WHERE brand IS NOT NULL GROUP BY brand) y, crmseg.rfm_rows(x, '2024-09-01') t;
SELECT id, count(DISTINCT scope) AS scopes, count(*) AS customers FROM rt_scopes GROUP BY id ORDER BY id;
SELECT count(*) AS differ FROM ((TABLE rt_scopes EXCEPT ALL TABLE rt_each) UNION ALL (TABLE rt_each EXCEPT ALL TABLE rt_scopes)) x;
SELECT count(*) FROM crmseg.rfm_scopes('rt_random', 'no_time', 'id', 'at', 'amount');
SELECT * FROM crmseg.rfm_scopes('rt_random', 'none', 'id', 'at', 'amount');
-- any query, by its book; groups of a query have books of their own; a book as text
SELECT parity, count(*) AS customers, sum(frequency) AS purchases FROM (SELECT id % 2 AS parity, crmseg.rfm_book(id, at, amount, NULL) AS b FROM rt_random WHERE id > 0 GROUP BY 1) x, crmseg.rfm_rows(b, '2025-09-01', 4) GROUP BY 1 ORDER BY 1;
SELECT kind, count(*) AS customers, count(*) FILTER (WHERE a <> b) AS differ FROM (
	SELECT 'int' AS kind, a, b FROM (SELECT crmseg.rfm_book(id, at, amount, NULL) AS x FROM rt_random) y, crmseg.rfm_rows(x, '2025-09-01') a JOIN crmseg.rfm_rows(x::text::crmseg.rfm_book, '2025-09-01') b USING (party_id)
	UNION ALL SELECT 'text', a, b FROM (SELECT crmseg.rfm_book(word, at, amount, NULL) AS x FROM rt_random) y, crmseg.rfm_rows(x, '2025-09-01') a JOIN crmseg.rfm_rows(x::text::crmseg.rfm_book, '2025-09-01') b USING (party_id)) z GROUP BY 1 ORDER BY 1;
CREATE TABLE rt_book AS SELECT crmseg.rfm_book(word, at, amount, NULL) AS b FROM rt_random;
CREATE TABLE rt_back (LIKE rt_book);
\copy rt_book TO 'results/rfm_book.copy' (FORMAT binary)
\copy rt_back FROM 'results/rfm_book.copy' (FORMAT binary)
SELECT count(*) AS customers, count(*) FILTER (WHERE x <> y) AS differ FROM rt_book a, rt_back b, crmseg.rfm_rows(a.b, '2025-09-01') x JOIN crmseg.rfm_rows(b.b, '2025-09-01') y USING (party_id);
SELECT count(*) AS customers, sum(frequency) AS twice FROM (SELECT crmseg.rfm_book_merge(a.b, b.b) AS m FROM rt_book a, rt_back b) x, crmseg.rfm_rows(m, '2025-09-01');
-- nothing, one customer, all equal, only returns, orders to come
CREATE TABLE rt_few (id text, at timestamp, amount numeric);
SELECT * FROM crmseg.rfm_table('rt_few', 'id', 'at', 'amount');
INSERT INTO rt_few VALUES ('a', '2024-01-01', -5), ('b', '2999-01-01', 5), (NULL, '2024-01-01', 5);
SELECT * FROM crmseg.rfm_table('rt_few', 'id', 'at', 'amount');
INSERT INTO rt_few VALUES ('c', '2024-01-01', 5);
SELECT * FROM crmseg.rfm_table('rt_few', 'id', 'at', 'amount', '2024-02-01');
INSERT INTO rt_few SELECT 'c' || g, '2024-01-01', 5 FROM generate_series(1, 9) g;
SELECT count(*), r, f, m, label FROM crmseg.rfm_table('rt_few', 'id', 'at', 'amount', '2024-02-01') GROUP BY 2, 3, 4, 5;
INSERT INTO rt_few VALUES ('z', '2024-01-01', 'NaN');
SELECT * FROM crmseg.rfm_table('rt_few', 'id', 'at', 'amount', '2024-02-01');
UPDATE rt_few SET at = 'infinity', amount = 1 WHERE id = 'z';
SELECT * FROM crmseg.rfm_table('rt_few', 'id', 'at', 'amount', '2024-02-01');
-- amounts that stop fitting while they are brought to more decimals
TRUNCATE rt_few;
INSERT INTO rt_few VALUES ('a', '2024-01-01', 9000000000000000.05), ('b', '2024-01-01', 0.00001), ('a', '2024-01-01', -0.00001), ('c', '2024-01-01', 3);
SELECT party_id, monetary, m FROM crmseg.rfm_table('rt_few', 'id', 'at', 'amount', '2024-02-01', 3) ORDER BY 1;
-- what cannot be
SELECT * FROM crmseg.rfm_table('rt_few', 'who', 'at', 'amount');
SELECT * FROM crmseg.rfm_table('rt_few', 'id', 'amount', 'at');
SELECT * FROM crmseg.rfm_table('rt_few', 'id', 'at', 'amount', now(), 10);
SELECT * FROM crmseg.rfm_table('rt_few', 'id', 'at', 'amount', 'infinity');
SELECT * FROM crmseg.rfm_table('rt_few', NULL, 'at', 'amount');
SELECT * FROM crmseg.rfm_table('rt_none', 'id', 'at', 'amount');
SELECT '\x01'::crmseg.rfm_book;
SELECT '\x020000000000000000'::crmseg.rfm_book;
SELECT '\x01007fffffffffffffff'::crmseg.rfm_book;
SELECT '\x010100000000000000010000000161000000000000000100000001000000014e'::crmseg.rfm_book;
SELECT crmseg.rfm_book_merge(crmseg.rfm_book_accum(NULL, 1::bigint, '2024-01-01', 1, NULL), crmseg.rfm_book_accum(NULL, '1'::text, '2024-01-01', 1, NULL));
-- with the rights of the caller: privileges, row-level security, views and names that need quotes; nothing of the caller's path is called
CREATE ROLE rt_reader;
GRANT CREATE, USAGE ON SCHEMA public TO rt_reader;
CREATE SCHEMA "Rt""x";
GRANT USAGE ON SCHEMA "Rt""x" TO rt_reader;
CREATE TABLE "Rt""x"."Or ders" AS SELECT customer AS "The id", at AS "At", amount AS "A""m" FROM rt_cdnow;
SET ROLE rt_reader;
SELECT count(*) FROM crmseg.rfm_table('"Rt""x"."Or ders"', 'The id', 'At', 'A"m', '1998-07-01');
RESET ROLE;
GRANT SELECT ON "Rt""x"."Or ders" TO rt_reader;
ALTER TABLE "Rt""x"."Or ders" ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON "Rt""x"."Or ders" FOR SELECT TO rt_reader USING ("The id" < 1000);
CREATE VIEW "Rt""x".v WITH (security_invoker = true) AS SELECT * FROM "Rt""x"."Or ders" WHERE "The id" > 500;
GRANT SELECT ON "Rt""x".v TO rt_reader;
SET ROLE rt_reader;
CREATE FUNCTION public.rfm_book_accum(crmseg.rfm_book, bigint, timestamptz, numeric, timestamptz) RETURNS crmseg.rfm_book LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a planted function was called'; END $$;
SET search_path = public, pg_catalog;
SELECT count(*) AS rows_allowed, max(party_id::int) FROM crmseg.rfm_table('"Rt""x"."Or ders"', 'The id', 'At', 'A"m', '1998-07-01');
SELECT count(*) AS rows_of_view, min(party_id::int), max(party_id::int) FROM crmseg.rfm_table('"Rt""x".v', 'The id', 'At', 'A"m', '1998-07-01');
RESET search_path;
RESET ROLE;
SELECT count(*) AS rows_of_owner FROM crmseg.rfm_table('"Rt""x"."Or ders"', 'The id', 'At', 'A"m', '1998-07-01');
SET client_min_messages = warning;
DROP SCHEMA "Rt""x" CASCADE;
DROP OWNED BY rt_reader;
DROP ROLE rt_reader;
DROP TABLE rt_cdnow, rt_random, rt_few, rt_book, rt_back, rt_scopes, rt_each;
DROP FUNCTION rt_wrong;
