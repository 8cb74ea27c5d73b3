-- Segments of rows of 300 attributes, NULLs everywhere: matching_segments against the same conditions as plain SQL; and the stored index: made, read by
-- another session, changed beside it, damaged.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET search_path = crmseg, public;
SELECT create_datamart('img', '{"time_zone": "Asia/Tokyo"}');
SELECT setseed(0.300) IS NOT NULL AS seed_0_300;
SELECT 80 AS rows, CASE current_setting('crmseg_test.light', true) WHEN 'on' THEN 110 ELSE 500 END AS segments \gset
-- column k is of the type k % 6
SELECT format('CREATE TABLE img.wide (party_id bigint PRIMARY KEY, %s)', string_agg(format('c%s %s', k, (ARRAY['int', 'numeric', 'text', 'boolean', 'date', 'text[]'])[1 + k % 6]), ', ')) FROM generate_series(0, 299) k \gexec
SELECT format('INSERT INTO img.wide SELECT i, %s FROM generate_series(1, %s) i', string_agg(format('CASE WHEN random() > %s THEN %s END', round((k % 10) / 10.0, 1),
	(ARRAY['(random() * 20)::int', 'round((random() * 10)::numeric, 2)', '''v'' || (random() * 6)::int', 'random() < 0.5', 'date ''2026-01-01'' + (random() * 300)::int', 'ARRAY[''x'' || (random() * 4)::int, ''x'' || (random() * 9)::int]'])[1 + k % 6]), ', '), :rows)
	FROM generate_series(0, 299) k \gexec
CREATE TABLE img.truth (name text PRIMARY KEY, seg text, q text);
CREATE FUNCTION img.leaf(OUT s text, OUT q text) LANGUAGE plpgsql AS $$
DECLARE
	k int := floor(random() * 300);
	o text := (ARRAY['=', '<>', '<', '<=', '>=', '>'])[1 + floor(random() * 6)::int];
	n int := floor(random() * 20);
	m int := floor(random() * 4);
BEGIN
	IF random() < 0.1 THEN
		s := format('c%s is null', k);
	ELSE
		CASE k % 6
			WHEN 0 THEN s := CASE m WHEN 0 THEN format('c%s in (%s, %s, %s)', k, n, n + 3, n + 1) ELSE format('c%s %s %s', k, o, n) END;
			WHEN 1 THEN s := CASE m WHEN 0 THEN format('c%s between %s and %s.75', k, n / 4, n / 2) ELSE format('c%s %s %s.%s', k, o, n / 2, m) END;
			WHEN 2 THEN s := CASE m WHEN 0 THEN format('c%s <> ''v%s''', k, n % 7) WHEN 1 THEN format('c%s like ''v%s%%''', k, n % 7) ELSE format('c%s in (''v%s'', ''v%s'')', k, n % 7, m) END;
			WHEN 3 THEN s := CASE m WHEN 0 THEN format('c%s is not true', k) WHEN 1 THEN format('c%s is unknown', k) ELSE format('c%s', k) END;
			WHEN 4 THEN s := format('c%s %s date ''%s''', k, o, to_char(date '2026-01-01' + n * 15, 'YYYY-MM-DD'));
			ELSE s := format('c%s has %s (''x%s'', ''x%s'')', k, (ARRAY['any', 'all', 'none'])[1 + m % 3], n % 10, m);
				q := format(CASE m % 3 WHEN 0 THEN 'c%s && ARRAY[''x%s'', ''x%s'']' WHEN 1 THEN 'c%s @> ARRAY[''x%s'', ''x%s'']' ELSE 'NOT c%s && ARRAY[''x%s'', ''x%s'']' END, k, n % 10, m);
		END CASE;
	END IF;
	q := format('(%s)', coalesce(q, s));
END $$;
CREATE FUNCTION img.predicate(depth int, OUT s text, OUT q text) LANGUAGE plpgsql AS $$
DECLARE
	a record;
	b record;
	k float := random();
BEGIN
	IF depth = 0 OR k < 0.15 THEN
		SELECT l.s, l.q INTO s, q FROM img.leaf() l;
		s := '(' || s || ')';
	ELSIF k < 0.3 THEN
		SELECT p.s, p.q INTO a FROM img.predicate(depth - 1) p;
		s := format('not %s', a.s); q := format('(NOT %s)', a.q); s := '(' || s || ')';
	ELSIF k < 0.38 THEN
		SELECT p.s, p.q INTO a FROM img.predicate(depth - 1) p;
		s := format('(%s is unknown)', a.s); q := format('(%s IS UNKNOWN)', a.q);
	ELSE
		SELECT p.s, p.q INTO a FROM img.predicate(depth - 1) p;
		SELECT p.s, p.q INTO b FROM img.predicate(depth - 1) p;
		s := format('(%s %s %s)', a.s, CASE WHEN k < 0.7 THEN 'and' ELSE 'or' END, b.s);
		q := format('(%s %s %s)', a.q, CASE WHEN k < 0.7 THEN 'AND' ELSE 'OR' END, b.q);
	END IF;
END $$;
CREATE FUNCTION img.define(first int, last int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	p record;
BEGIN
	FOR i IN first .. last LOOP
		SELECT * INTO p FROM img.predicate(1 + i % 4);
		INSERT INTO img.truth VALUES ('s' || i, p.s, p.q);
		INSERT INTO img.segment_definition (name, predicate) VALUES ('s' || i, p.s::crmseg.segment::text);
	END LOOP;
END $$;
-- pairs of party and segment that one of the two has alone
CREATE FUNCTION img.wrong() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	t record;
	n bigint;
	wrong bigint := 0;
	pairs bigint := 0;
	first text;
BEGIN
	CREATE TEMP TABLE matched ON COMMIT DROP AS SELECT w.party_id, m AS name FROM img.wide w, crmseg.matching_segments('img', w) m;
	FOR t IN SELECT * FROM img.truth ORDER BY name COLLATE "C" LOOP
		EXECUTE format('SELECT count(*) FROM (SELECT party_id FROM img.wide WHERE %s) a FULL JOIN (SELECT party_id FROM matched WHERE name = $1) b USING (party_id) WHERE a.party_id IS NULL OR b.party_id IS NULL', t.q) INTO n USING t.name;
		wrong := wrong + n;
		IF n > 0 THEN
			first := coalesce(first, t.seg);
		END IF;
	END LOOP;
	SELECT wrong + count(*) FILTER (WHERE h.name IS NULL), count(*) INTO wrong, pairs FROM matched d LEFT JOIN img.truth h USING (name);
	DROP TABLE matched;
	RETURN format('%s wrong%s, %s', wrong, ': ' || first, CASE WHEN pairs > 500 THEN 'many found' ELSE pairs || ' found' END);
END $$;
SELECT img.define(1, :segments);
SELECT img.wrong();
SELECT count(*) AS images FROM img.segment_image;
-- another session reads it; what it stands on changes beside it
\c
SET search_path = crmseg, public;
SELECT img.wrong();
SELECT setseed(0.301) IS NOT NULL AS seed_0_301;
BEGIN;
DELETE FROM img.truth WHERE length(q) % 3 = 0;
DELETE FROM img.segment_definition d WHERE NOT EXISTS (SELECT FROM img.truth t WHERE t.name = d.name);
SELECT img.define(10001, 10040);
UPDATE img.segment_definition d SET predicate = (SELECT t.seg FROM img.truth t WHERE t.name = 's10001')::segment::text WHERE name = 's10002';
UPDATE img.truth SET q = (SELECT t.q FROM img.truth t WHERE t.name = 's10001') WHERE name = 's10002';
SELECT img.wrong();
ROLLBACK;
SELECT img.wrong();
-- the table changed while no session held the index
ALTER TABLE img.segment_definition DISABLE TRIGGER USER;
DELETE FROM img.segment_definition WHERE name = 's7';
DELETE FROM img.truth WHERE name = 's7';
ALTER TABLE img.segment_definition ENABLE TRIGGER USER;
\c
SET search_path = crmseg, public;
SELECT img.wrong();
-- damaged: as if there were none
CREATE TABLE img.sound AS TABLE img.segment_image;
UPDATE img.segment_image SET image = set_byte(image, length(image) / 2, get_byte(image, length(image) / 2) # 1);
\c
SET search_path = crmseg, public;
SELECT img.wrong();
SELECT count(*) AS images, bool_and(s.image = i.image) IS NOT TRUE AS anew FROM img.segment_image i, img.sound s;
TRUNCATE img.segment_image;
INSERT INTO img.segment_image SELECT shape, meaning, written_at, substr(image, 1, 1000) FROM img.sound;
INSERT INTO img.segment_image SELECT shape, meaning, written_at + interval '1 hour', '' FROM img.sound;
\c
SET search_path = crmseg, public;
SELECT img.wrong();
-- another shape of the row, another zone of the mart
ALTER TABLE img.wide DROP COLUMN c299;
DELETE FROM img.segment_definition WHERE name IN (SELECT name FROM img.truth WHERE seg ~ 'c299\M');
DELETE FROM img.truth WHERE seg ~ 'c299\M';
SELECT img.wrong();
SELECT set_datamart('img', '{"time_zone": "UTC"}');
SELECT img.wrong();
-- who may not read the table of images does without; who may read but not write reads
CREATE ROLE img_reader;
GRANT USAGE ON SCHEMA img TO img_reader;
GRANT SELECT ON img.wide, img.datamart, img.segment_definition, img.segment_attribute, img.segment_event, img.attribute_def TO img_reader;
SELECT count(*) AS n FROM img.wide w, matching_segments('img', w) \gset
SET ROLE img_reader;
SELECT count(*) = :n AS same FROM img.wide w, matching_segments('img', w);
RESET ROLE;
GRANT SELECT ON img.segment_image TO img_reader;
\c
SET search_path = crmseg, public;
SET ROLE img_reader;
SELECT count(*) = :n AS same FROM img.wide w, matching_segments('img', w);
RESET ROLE;
BEGIN READ ONLY;
SELECT count(*) = :n AS same FROM img.wide w, matching_segments('img', w);
COMMIT;
-- nobody but the owner writes it, whatever was granted: the others would believe what it says
GRANT INSERT, UPDATE, DELETE, SELECT ON img.segment_image TO img_reader;
SET ROLE img_reader;
UPDATE img.segment_image SET image = image;
INSERT INTO img.segment_image SELECT * FROM img.segment_image;
SELECT count(*) > 0 AS any FROM img.segment_image;
DELETE FROM img.segment_image;
SELECT count(*) = :n AS same FROM img.wide w, matching_segments('img', w);
\c
SET search_path = crmseg, public;
SET ROLE img_reader;
SELECT count(*) = :n AS same FROM img.wide w, matching_segments('img', w);
SELECT count(*) AS images FROM img.segment_image;
RESET ROLE;
DROP OWNED BY img_reader;
DROP ROLE img_reader;
SET client_min_messages = error;
DROP SCHEMA img CASCADE;
RESET client_min_messages;
RESET search_path;
