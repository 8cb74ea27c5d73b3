-- The demo's customer base: people and organisations of a made-up French retailer, drawn from a seed.
-- Nothing here is stored: each function computes its rows from (parties, seed) alone, by hashing (src/demo), so that every server of every
-- major gives the same. The files of its systems are made from these rows in 86_demo_files.sql; the mart is filled in 87_demo_mart.sql.

CREATE FUNCTION @extschema@.demo_u(key bigint, salt int, seed bigint) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_demo_u' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.demo_u(bigint, int, bigint) IS
	'demo: a number in [0, 1) drawn for this key, use (salt) and seed; always the same for the same three';

CREATE FUNCTION @extschema@.demo_words(kind text) RETURNS text[]
	AS 'MODULE_PATHNAME', 'crmseg_demo_words' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.demo_words(text) IS
	'demo: a word list behind the made-up names, streets and products; kind is f, m, family, city, street, category, ...; 22023 for an unknown kind';

CREATE FUNCTION @extschema@.demo_pick(kind text, key bigint, salt int, seed bigint, skew float8 DEFAULT 1) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_demo_pick' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.demo_pick(text, bigint, int, bigint, float8) IS
	'demo: one word of a list, drawn as by demo_u(); a skew above 1 prefers the first words; 22023 for an unknown kind';

CREATE FUNCTION @extschema@.demo_ascii(t text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN replace(replace(translate(t, 'ÀÂÄÁÃÅĂÇĆÉÈÊËĘÍÎÏÌÑÓÔÖÒŁÚÛÜÙŠÝŸŽàâäáãåăçćéèêëęếễệíîïìñńóôöòőłúûüùúšýÿžÓ',
		'AAAAAAACCEEEEEIIIINOOOOLUUUUSYYZaaaaaaacceeeeeeeeiiiinnoooooluuuuusyyzO'), 'Œ', 'OE'), 'œ', 'oe');
COMMENT ON FUNCTION @extschema@.demo_ascii(text) IS
	'demo: the accents of the word lists taken off, as an old till does it; for real text use fold()';

-- One slip of the keyboard: two letters swapped, one dropped, one doubled, or one struck beside the key.
CREATE FUNCTION @extschema@.demo_typo(t text, key bigint, salt int, seed bigint) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN length(t) < 4 THEN t ELSE
		CASE floor(@extschema@.demo_u(key, salt + 1, seed) * 4)::int
		WHEN 0 THEN left(t, p - 1) || substr(t, p + 1, 1) || substr(t, p, 1) || substr(t, p + 2)
		WHEN 1 THEN left(t, p - 1) || substr(t, p + 1)
		WHEN 2 THEN left(t, p) || substr(t, p)
		ELSE left(t, p - 1) || translate(substr(t, p, 1), 'aeioutnrlsmdcpAEIOUTNRLSMDCP', 'zrupiybtmdnsvoZRUPIYBTMDNSVO') || substr(t, p + 1)
		END END
	FROM (SELECT 2 + floor(@extschema@.demo_u(key, salt, seed) * (length(t) - 3))::int AS p) AS place;
END;
COMMENT ON FUNCTION @extschema@.demo_typo(text, bigint, int, bigint) IS 'demo: the text with one typing error; texts under four letters stay';

CREATE FUNCTION @extschema@.demo_size(parties int) RETURNS int
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF parties < 1 OR parties > 1000000 THEN
		RAISE EXCEPTION 'the demo is made for 1 to 1000000 parties, not %', parties USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN parties;
END $$;
COMMENT ON FUNCTION @extschema@.demo_size(int) IS 'demo: the number of parties, when it is one that the demo is made for, else 22023';

-- The truth. A block of four neighbours by number may share a house: its members have the street and the landline of its head,
-- and most of them the family name.
CREATE FUNCTION @extschema@.demo_people(parties int DEFAULT 5000, seed bigint DEFAULT 1)
	RETURNS TABLE (person_id int, is_organisation bool, sex text, given_name text, family_name text, maiden_name text, birth_date date,
		legal_name text, house int, street text, postal_code text, city text, landline text, mobile text, email text,
		has_card bool, has_web bool, has_newsletter bool, joined_on date, left_on date, orders int, taste float8)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 5000 SET jit = off
BEGIN ATOMIC
	WITH numbered AS (
		SELECT i, i - 1 - (i - 1) % 4 + 1 AS block, (i - 1) % 4 AS place FROM generate_series(1, @extschema@.demo_size(parties)) AS i
	), housed AS (
		SELECT i, CASE WHEN @extschema@.demo_u(block, 1, seed) < 0.12 OR place < 2 AND @extschema@.demo_u(block, 1, seed) < 0.45 THEN block ELSE i END AS head
		FROM numbered
	), kinds AS MATERIALIZED (
		SELECT *, head = i AND NOT (i % 4 = 1 AND @extschema@.demo_u(i, 1, seed) < 0.45) AND @extschema@.demo_u(i, 2, seed) < 0.05 AS org,
			CASE WHEN @extschema@.demo_u(i, 3, seed) < 0.56 THEN 'f' ELSE 'm' END AS sx,
			date '1938-01-01' + floor(@extschema@.demo_u(i, 4, seed) * 0.8 * 25000 + @extschema@.demo_u(head, 5, seed) * 0.2 * 25000)::int AS born
		FROM housed
	), named AS (
		SELECT *, @extschema@.demo_pick(sx, i, 6, seed, 1.4) AS given,
			@extschema@.demo_pick('family', CASE WHEN @extschema@.demo_u(i, 8, seed) < 0.8 THEN head ELSE i END, 7, seed, 1.6) AS family
		FROM kinds
	), addressed AS MATERIALIZED (
		SELECT *, @extschema@.demo_pick('city', head, 14, seed, 1.5) AS town,
			(1 + floor(power(@extschema@.demo_u(head, 10, seed), 2) * 120)::int) || CASE WHEN @extschema@.demo_u(head, 11, seed) < 0.07 THEN ' bis' ELSE '' END || ' '
				|| @extschema@.demo_pick('street_type', head, 12, seed) || ' '
				|| @extschema@.demo_pick('street', head, 13, seed) AS street,
			lower(translate(@extschema@.demo_ascii(given || '.' || family), 'I ''-', 'i')) AS mailbox
		FROM named
	), placed AS (
		SELECT *, @extschema@.demo_pick('company', i, 9, seed) || ' ' || substr(town, 7) AS shop FROM addressed
	), mailed AS MATERIALIZED (
		SELECT *, CASE WHEN org THEN 'contact' ELSE regexp_replace(mailbox, '[^a-z0-9.]', '', 'g') END AS box,
			CASE WHEN org THEN regexp_replace(lower(translate(@extschema@.demo_ascii(shop), 'I ''&-', 'i')), '[^a-z0-9]', '', 'g') || '-' || i || '.fr'
				ELSE @extschema@.demo_pick('provider', i, 15, seed) END AS domain
		FROM placed
	)
	SELECT i, org, CASE WHEN NOT org THEN sx END, CASE WHEN NOT org THEN given END, CASE WHEN NOT org THEN family END,
		CASE WHEN NOT org AND sx = 'f' AND born < date '1990-01-01' AND @extschema@.demo_u(i, 17, seed) < 0.4
			THEN @extschema@.demo_pick('family', i, 18, seed, 1.6) END,
		CASE WHEN NOT org THEN born END, CASE WHEN org THEN shop || ' ' || @extschema@.demo_pick('form', i, 19, seed) END,
		head, street, split_part(town, ' ', 1), substr(town, 7),
		-- landlines of the ranges kept for fiction
		(ARRAY['019900', '026191', '035301', '046571', '053649'])[1 + head % 5] || lpad((head * 7 % 10000)::text, 4, '0'),
		(ARRAY['061', '062', '066', '067', '075', '076', '077', '078'])[1 + floor(@extschema@.demo_u(i, 20, seed) * 8)::int]
			|| lpad((i::bigint * 7368787 % 10000000)::text, 7, '0'),
		box || CASE WHEN NOT org AND row_number() OVER (PARTITION BY box, domain ORDER BY i) > 1
			THEN (row_number() OVER (PARTITION BY box, domain ORDER BY i) + 60)::text ELSE '' END || '@' || domain,
		NOT org AND @extschema@.demo_u(i, 21, seed) < 0.55,
		org OR @extschema@.demo_u(i, 22, seed) < 0.60 OR @extschema@.demo_u(i, 21, seed) >= 0.55 AND @extschema@.demo_u(i, 23, seed) >= 0.5,
		NOT org AND @extschema@.demo_u(i, 23, seed) < 0.5,
		date '2024-01-01' + floor(power(@extschema@.demo_u(i, 24, seed), 1.6) * 700)::int,
		date '2024-01-01' + least(730, floor(power(@extschema@.demo_u(i, 24, seed), 1.6) * 700)::int + 20 + floor(@extschema@.demo_u(i, 25, seed) * 900)::int),
		1 + floor(power(@extschema@.demo_u(i, 26, seed), 2.5) * 16 * (1.15 - power(@extschema@.demo_u(i, 24, seed), 1.6)))::int,
		0.6 + power(@extschema@.demo_u(i, 27, seed), 2) * 1.8
	FROM mailed ORDER BY i;
END;
COMMENT ON FUNCTION @extschema@.demo_people(int, bigint) IS
	'demo: the people and organisations behind the demo''s files, the truth against which its links are checked; person_id 1 to parties, about one in twenty an organisation, the customers'' years are 2024 and 2025';
