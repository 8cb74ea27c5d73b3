-- The demo's purchases, and the files in which the retailer's four systems give them away: a till, a web shop, a newsletter list and a
-- loyalty card. Each file has the separator, encoding, dates, spellings and dirt of its kind. Drawn from 85_demo.sql; read by 87_demo_mart.sql.

CREATE FUNCTION @extschema@.demo_season(day date) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_demo_season' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.demo_season(date) IS
	'demo: how busy a day is; 1 for a plain one, more before Christmas and in the sales, less in August';

CREATE FUNCTION @extschema@.demo_day(from_day date, days int, key bigint, seed bigint) RETURNS date
	AS 'MODULE_PATHNAME', 'crmseg_demo_day' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.demo_day(date, int, bigint, bigint) IS
	'demo: one of the days that begin at from_day, drawn for this key; busy days of demo_season() come more often';

CREATE FUNCTION @extschema@.demo_products() RETURNS TABLE (sku text, name text, category text, price numeric)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 64
BEGIN ATOMIC
	SELECT upper(left(@extschema@.demo_ascii(replace(c, 'Mode ', 'M')), 3) COLLATE "C") || '-' || lpad(n::text, 2, '0'), p, c,
		floor(5 + power(@extschema@.demo_u(cn * 100 + n, 40, 0), 2) * 85)::numeric + (ARRAY[0.90, 0.50, 0.00, 0.99])[1 + (cn * 3 + n) % 4]
	FROM unnest(@extschema@.demo_words('category')) WITH ORDINALITY AS category (c, cn),
		unnest(@extschema@.demo_words(c)) WITH ORDINALITY AS item (p, n)
	ORDER BY cn, n;
END;
COMMENT ON FUNCTION @extschema@.demo_products() IS 'demo: what the shop sells, price in euros with tax';

-- One row a line of an order or a return. person_id is NULL for the tickets of a customer who showed no card.
CREATE FUNCTION @extschema@.demo_orders(parties int DEFAULT 5000, seed bigint DEFAULT 1)
	RETURNS TABLE (order_no bigint, person_id int, channel text, store text, ordered_at timestamp, payment text, line_no int,
		sku text, product text, quantity int, amount numeric)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 40000 SET jit = off
BEGIN ATOMIC
	WITH product AS MATERIALIZED (
		SELECT row_number() OVER () AS n, p.* FROM @extschema@.demo_products() AS p
	), people AS MATERIALIZED (
		SELECT * FROM @extschema@.demo_people(parties, seed) AS p WHERE has_card OR has_web
	), slot AS (
		SELECT p.person_id, p.person_id::bigint * 64 + k AS key, is_organisation, taste,
			CASE WHEN has_card AND (NOT has_web OR @extschema@.demo_u(p.person_id::bigint * 64 + k, 41, seed) < 0.5) THEN 'store' ELSE 'web' END AS way,
			joined_on AS from_day, left_on - joined_on AS days, house
		FROM people AS p, generate_series(1, orders) AS k
		UNION ALL
		SELECT NULL, k, false, 0.8, 'store', date '2024-01-02', 729, k
		FROM generate_series(@extschema@.demo_size(parties)::bigint * 64 + 64, parties::bigint * 64 + 63 + parties / 3) AS k
	), dated AS MATERIALIZED (
		SELECT s.*, @extschema@.demo_day(from_day, greatest(days, 1), key, seed) AS day,
			@extschema@.demo_u(key, 50, seed) AS hour
		FROM slot AS s
	), bought AS (
		SELECT key, person_id, way, is_organisation, taste, house, false AS back,
			CASE way WHEN 'store' THEN day - (CASE WHEN extract(isodow FROM day) = 7 THEN 1 ELSE 0 END) + time '10:00' + interval '1 minute' * floor(hour * 569)
				ELSE day + interval '1 second' * floor(86399 * (1 - power(hour, 1.8))) END AS at
		FROM dated WHERE day < date '2026-01-01'
	), line AS (
		SELECT b.*, l, key * 8 + l AS lkey
		FROM bought AS b, generate_series(1, 1 + floor(power(@extschema@.demo_u(key, 51, seed), 2.5) * 5)::int) AS l
	), drawn AS MATERIALIZED (
		SELECT *, CASE WHEN @extschema@.demo_u(lkey, 52, seed) < 0.55 THEN floor(@extschema@.demo_u(coalesce(person_id, key), 53, seed) * 8)
				ELSE floor(@extschema@.demo_u(lkey, 54, seed) * 8) END * 8 + 1 + floor(power(@extschema@.demo_u(lkey, 55, seed), 1.5 / taste) * 8) AS n,
			CASE WHEN is_organisation THEN 2 + floor(@extschema@.demo_u(lkey, 56, seed) * 12)::int
				ELSE 1 + floor(power(@extschema@.demo_u(lkey, 56, seed), 5) * 3)::int END AS qty
		FROM line
	), priced AS (
		SELECT d.*, p.sku AS item, p.name AS item_name,
			round(p.price * qty * CASE WHEN @extschema@.demo_season(at::date) IN (2.2, 2.0) THEN 0.7 ELSE 1 END, 2) AS total
		FROM drawn AS d JOIN product AS p USING (n)
	), everything AS (
		SELECT * FROM priced
		UNION ALL	-- what comes back, a few days later, for the same money
		SELECT key, person_id, way, is_organisation, taste, house, true, at + interval '1 day' * (4 + floor(@extschema@.demo_u(key, 57, seed) * 20)),
			l, lkey, n, -qty, item, item_name, -total
		FROM priced
		WHERE @extschema@.demo_u(lkey, 58, seed) < 0.04 AND at < timestamp '2025-12-06' AND person_id IS NOT NULL
	)
	SELECT dense_rank() OVER (ORDER BY at, key, back), person_id, way,
		CASE way WHEN 'store' THEN @extschema@.demo_pick('store', house, 59, seed, 1.3) END, at,
		CASE way WHEN 'store' THEN @extschema@.demo_pick('payment', key, 60, seed) ELSE 'CB' END,
		(row_number() OVER (PARTITION BY key, back ORDER BY l))::int, item, item_name, qty, total
	FROM everything ORDER BY 1, 7;
END;
COMMENT ON FUNCTION @extschema@.demo_orders(int, bigint) IS
	'demo: the purchases of demo_people() in 2024 and 2025, a row a line; ordered_at is the time on the wall in Paris, amount euros with tax for the whole line; returns are orders of their own with negative quantity and amount';

-- A telephone number as people write it; one in seventy lacks a digit.
CREATE FUNCTION @extschema@.demo_phone(n text, key bigint, salt int, seed bigint) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE
		WHEN u < 0.014 THEN left(n, 9)
		WHEN u < 0.35 THEN n
		WHEN u < 0.65 THEN spaced
		WHEN u < 0.78 THEN replace(spaced, ' ', '.')
		WHEN u < 0.88 THEN '+33' || substr(n, 2)
		WHEN u < 0.94 THEN '0033 ' || substr(spaced, 2)
		ELSE '+33 (0)' || substr(spaced, 2) END
	FROM (SELECT @extschema@.demo_u(key, salt, seed) AS u, regexp_replace(n, '(..)(?=.)', '\1 ', 'g') AS spaced) AS drawn;
END;
COMMENT ON FUNCTION @extschema@.demo_phone(text, bigint, int, bigint) IS 'demo: a French number of ten digits in one of its usual writings, now and then one digit short';

CREATE FUNCTION @extschema@.demo_card_no(person_id int, copy int) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN '296' || lpad((person_id::bigint * 7)::text, 9, '0') || copy;
COMMENT ON FUNCTION @extschema@.demo_card_no(int, int) IS 'demo: the number of a person''s first or second loyalty card';

-- Some have two cards, two accounts, two lines in the list: the second one is in use from March 2025.
CREATE FUNCTION @extschema@.demo_has_second(system text, person_id int, seed bigint) RETURNS bool
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN @extschema@.demo_u(person_id, 69, seed) < CASE system WHEN 'card' THEN 0.04 WHEN 'web' THEN 0.06 ELSE 0.05 END;
COMMENT ON FUNCTION @extschema@.demo_has_second(text, int, bigint) IS 'demo: whether a person is in this system twice';

-- The same person in the three systems that know people. source_key is what the system calls its record.
CREATE FUNCTION @extschema@.demo_records(system text, parties int DEFAULT 5000, seed bigint DEFAULT 1)
	RETURNS TABLE (source_key text, person_id int, copy int, title text, given_name text, family_name text, maiden_name text,
		birth_date text, legal_name text, street text, postal_code text, city text, landline text, mobile text, email text, since date)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 9000 SET jit = off
BEGIN ATOMIC
	WITH spread AS MATERIALIZED (
		SELECT p.*, s.n, c AS nth, (p.person_id::bigint * 4 + s.n) * 2 + c AS key
		FROM @extschema@.demo_people(parties, seed) AS p,
			LATERAL (VALUES ('card', 1, has_card), ('web', 2, has_web), ('newsletter', 3, has_newsletter)) AS s (source, n, there),
			LATERAL generate_series(1, 1 + @extschema@.demo_has_second(system, p.person_id, seed)::int) AS c
		WHERE s.source = system AND s.there
	), spelled AS MATERIALIZED (
		SELECT s.*, u.given AS ug, u.family AS uf,
			CASE WHEN system = 'card' AND s.maiden_name IS NOT NULL AND @extschema@.demo_u(key, 75, seed) < 0.35 THEN s.maiden_name ELSE s.family_name END AS fam,
			CASE WHEN s.nth = 2 AND system = 'web' AND NOT is_organisation AND @extschema@.demo_u(key, 77, seed) < 0.6
					THEN split_part(s.email, '@', 1) || '@' || @extschema@.demo_pick('provider', key, 78, seed)
				ELSE s.email END AS mail, @extschema@.demo_u(key, 79, seed) AS um
		FROM spread AS s, LATERAL (SELECT @extschema@.demo_u(key, 73, seed) AS given, @extschema@.demo_u(key, 74, seed) AS family) AS u
	), written AS MATERIALIZED (
		SELECT *, CASE
				WHEN system = 'newsletter' AND um < 0.02 THEN @extschema@.demo_pick('bad_email', key, 80, seed)
				WHEN system = 'card' AND um < 0.01 THEN @extschema@.demo_pick('bad_email', key, 80, seed)
				WHEN system = 'card' AND um > 0.6 THEN ''
				WHEN split_part(mail, '@', 2) = 'gmail.com' AND um < 0.14 THEN replace(split_part(mail, '@', 1), '.', '') || '@gmail.com'
				WHEN split_part(mail, '@', 2) = 'gmail.com' AND um < 0.28 OR nth = 2 AND system = 'newsletter' AND split_part(mail, '@', 2) = 'gmail.com'
					THEN replace(mail, '@', '+boutique@')
				WHEN um > 0.93 THEN upper(mail COLLATE "C")
				WHEN um > 0.88 OR nth = 2 AND system = 'newsletter' THEN initcap(split_part(mail, '@', 1) COLLATE "C") || '@' || initcap(split_part(mail, '@', 2) COLLATE "C")
				ELSE mail END AS address
		FROM spelled
	)
	SELECT CASE system WHEN 'card' THEN @extschema@.demo_card_no(w.person_id, nth)
			WHEN 'web' THEN 'W' || (100000 + w.person_id * 2 + nth - 1) ELSE address END,
		w.person_id, nth,
		CASE sex WHEN 'f' THEN CASE WHEN system = 'card' AND @extschema@.demo_u(key, 81, seed) < 0.2 THEN 'Mlle' ELSE 'Mme' END WHEN 'm' THEN 'M.' END,
		CASE WHEN ug < 0.64 THEN w.given_name
			WHEN ug < 0.74 THEN @extschema@.demo_ascii(w.given_name)
			WHEN ug < 0.84 THEN upper(@extschema@.demo_ascii(w.given_name) COLLATE "C")
			WHEN ug < 0.88 THEN lower(translate(w.given_name, 'I', 'i'))
			WHEN ug < 0.92 THEN regexp_replace(w.given_name, '(\w)[^- ]*', '\1.', 'g')
			WHEN ug < 0.96 THEN replace(w.given_name, '-', ' ')
			ELSE @extschema@.demo_typo(w.given_name, key, 82, seed) END,
		CASE WHEN uf < 0.25 AND system <> 'web' OR uf < 0.08 THEN upper(@extschema@.demo_ascii(fam) COLLATE "C")
			WHEN uf < 0.33 THEN @extschema@.demo_ascii(fam)
			WHEN uf < 0.37 THEN @extschema@.demo_typo(fam, key, 84, seed)
			WHEN uf < 0.40 THEN lower(translate(fam, 'I', 'i'))
			ELSE fam END,
		CASE WHEN system = 'card' AND fam IS DISTINCT FROM w.maiden_name AND @extschema@.demo_u(key, 86, seed) < 0.5 THEN w.maiden_name END,
		CASE WHEN @extschema@.demo_u(key, 87, seed) < 0.008 THEN @extschema@.demo_pick('bad_date', key, 88, seed)
			WHEN @extschema@.demo_u(key, 87, seed) < 0.85 THEN to_char(w.birth_date, 'DD/MM/YYYY') END,
		w.legal_name, w.street, CASE WHEN system = 'card' AND @extschema@.demo_u(key, 89, seed) < 0.5 THEN ltrim(w.postal_code, '0') ELSE w.postal_code END, w.city,
		CASE WHEN @extschema@.demo_u(key, 90, seed) < 0.4 THEN @extschema@.demo_phone(w.landline, key, 91, seed) END,
		CASE WHEN @extschema@.demo_u(key, 92, seed) < 0.7 THEN @extschema@.demo_phone(w.mobile, key, 93, seed) END,
		address, w.joined_on
	FROM written AS w ORDER BY w.joined_on, w.person_id, nth;
END;
COMMENT ON FUNCTION @extschema@.demo_records(text, int, bigint) IS
	'demo: the people of demo_people() as one system (card, web or newsletter) knows them, in its spellings; source_key is the record''s key in the file, person_id the truth';

-- One row a line of each file, in order. A line that is spoilt on purpose is spoilt by its key, so the same lines always are.
CREATE FUNCTION @extschema@.demo_card_lines(parties int, seed bigint) RETURNS TABLE (line text)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 3000
BEGIN ATOMIC
	SELECT 'no_carte;civilite;nom;nom_naissance;prenom;date_naissance;adresse;code_postal;ville;telephone;mobile;courriel;adhesion'
	UNION ALL
	SELECT CASE WHEN @extschema@.demo_u(person_id, 100, seed) < 0.004 THEN left(l, length(l) / 3)
		WHEN @extschema@.demo_u(person_id, 100, seed) < 0.006 THEN replace(l, ';', ',') ELSE l END
	FROM (SELECT person_id, concat_ws(';', source_key, title, family_name, coalesce(maiden_name, ''), given_name, coalesce(birth_date, ''), street, postal_code, city,
			coalesce(landline, ''), coalesce(mobile, ''), email, to_char(since + (copy - 1) * 200, 'DD/MM/YYYY')) AS l
		FROM @extschema@.demo_records('card', parties, seed)) AS card;
END;
COMMENT ON FUNCTION @extschema@.demo_card_lines(int, bigint) IS 'demo: the lines of the loyalty card file, as text; demo_file() gives the bytes';

CREATE FUNCTION @extschema@.demo_newsletter_lines(parties int, seed bigint) RETURNS TABLE (line text)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 3000
BEGIN ATOMIC
	SELECT chr(65279) || 'email;prenom;nom;optin;inscrit_le'
	UNION ALL
	SELECT CASE WHEN @extschema@.demo_u(person_id, 103, seed) < 0.004 THEN source_key ELSE
		concat_ws(';', CASE WHEN @extschema@.demo_u(person_id, 104, seed) < 0.04 THEN '  ' || source_key || ' ' ELSE source_key END, given_name, family_name,
			CASE WHEN copy = 2 THEN 'non' ELSE (ARRAY['oui', 'oui', 'oui', 'OUI', '1', 'oui', 'non', 'Non'])[1 + floor(@extschema@.demo_u(person_id, 105, seed) * 8)::int] END,
			CASE WHEN @extschema@.demo_u(person_id, 106, seed) < 0.004 THEN '30/02/2025' ELSE to_char(since + (copy - 1) * 90, 'DD/MM/YYYY') END) END
	FROM @extschema@.demo_records('newsletter', parties, seed);
END;
COMMENT ON FUNCTION @extschema@.demo_newsletter_lines(int, bigint) IS 'demo: the lines of the newsletter list, as text; demo_file() gives the bytes';

CREATE FUNCTION @extschema@.demo_till_lines(parties int, seed bigint) RETURNS TABLE (line text)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 30000
BEGIN ATOMIC
	WITH ticket AS (
		SELECT *, @extschema@.demo_u(order_no * 8 + o.line_no, 110, seed) AS u,
			coalesce(@extschema@.demo_card_no(person_id, 1 + (@extschema@.demo_has_second('card', person_id, seed) AND ordered_at > timestamp '2025-03-01')::int), '') AS carte
		FROM @extschema@.demo_orders(parties, seed) AS o
		WHERE channel = 'store'
	)
	SELECT 'ticket;ligne;magasin;date;carte;ref;designation;quantite;montant;reglement'
	UNION ALL
	SELECT s FROM (SELECT order_no, line_no, n, s FROM (
		SELECT order_no, line_no, u, concat_ws(';', 'T' || order_no, line_no, store,
			CASE WHEN u < 0.003 AND u > 0.0015 THEN '31/02/' || to_char(ordered_at, 'YYYY HH24:MI') ELSE to_char(ordered_at, 'DD/MM/YYYY HH24:MI') END,
			carte, sku, product, quantity,
			CASE WHEN u < 0.0045 AND u > 0.003 THEN replace(translate(to_char(amount, 'FM999999990.00'), '.', ','), '0', 'O')
				WHEN abs(amount) >= 1000 THEN translate(to_char(amount, 'FM999G999G990D00'), ',.', chr(160) || ',')
				ELSE translate(to_char(amount, 'FM999999990.00'), '.', ',') END, payment) AS l
		FROM ticket) AS t,
		-- a truncated line, a line sent twice, a title in the middle where two days' files were joined, an empty line
		LATERAL unnest(CASE WHEN u < 0.0015 THEN ARRAY[left(l, length(l) / 2)]
			WHEN u BETWEEN 0.005 AND 0.007 THEN ARRAY[l, l]
			WHEN u BETWEEN 0.007 AND 0.0072 THEN ARRAY['ticket;ligne;magasin;date;carte;ref;designation;quantite;montant;reglement', l]
			WHEN u BETWEEN 0.0072 AND 0.0075 THEN ARRAY['', l] ELSE ARRAY[l] END) WITH ORDINALITY AS part (s, n)
		ORDER BY order_no, line_no, n) AS sorted;
END;
COMMENT ON FUNCTION @extschema@.demo_till_lines(int, bigint) IS 'demo: the lines of the tills'' tickets, as text; demo_file() gives the bytes';

-- Bytes, as some lines are in another encoding than the rest.
CREATE FUNCTION @extschema@.demo_web_lines(parties int, seed bigint) RETURNS TABLE (line bytea)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 30000
BEGIN ATOMIC
	WITH account AS MATERIALIZED (
		SELECT r.*, CASE WHEN legal_name IS NULL THEN '' ELSE '"' || replace(legal_name, '"', '""') || '"' END AS company
		FROM @extschema@.demo_records('web', parties, seed) AS r
	), category AS MATERIALIZED (
		SELECT sku, category FROM @extschema@.demo_products()
	), bought AS (
		SELECT o.*, @extschema@.demo_u(order_no * 8 + o.line_no, 120, seed) AS u, a.source_key, a.email, a.given_name, a.family_name, a.company,
			a.mobile, a.street, a.postal_code, a.city, c.category
		FROM @extschema@.demo_orders(parties, seed) AS o JOIN category AS c USING (sku)
			JOIN account AS a ON a.person_id = o.person_id
				AND a.copy = 1 + (@extschema@.demo_has_second('web', o.person_id, seed) AND ordered_at > timestamp '2025-03-01')::int
		WHERE channel = 'web'
	)
	SELECT convert_to('order_id,line,created_at,customer_id,email,first_name,last_name,company,phone,address,postal_code,city,country,sku,product,category,quantity,total,currency', 'UTF8')
	UNION ALL
	SELECT b FROM (SELECT order_no, line_no, n, convert_to(s, CASE WHEN u BETWEEN 0.004 AND 0.007 AND s !~ '[^\u0001-\u00ff]' THEN 'WIN1252' ELSE 'UTF8' END) AS b FROM (
		SELECT order_no, line_no, u, concat_ws(',', 'FR' || order_no, line_no,
			CASE WHEN u < 0.0035 AND u > 0.002 THEN '0000-00-00T00:00:00Z'
				ELSE to_char(ordered_at AT TIME ZONE 'Europe/Paris' AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END,
			source_key, email, coalesce(given_name, ''), coalesce(family_name, ''), company, coalesce(mobile, ''),
			'"' || street || CASE WHEN @extschema@.demo_u(person_id, 121, seed) < 0.02 THEN E'\nBât. ' || chr(65 + person_id % 5) || ', 2e étage' ELSE '' END || '"',
			postal_code, city, 'FR', sku, '"' || product || '"', category, quantity,
			CASE WHEN u BETWEEN 0.0008 AND 0.002 THEN translate(amount::text, '.', ',') ELSE amount::text END, 'EUR') AS l
		FROM bought) AS b,
		LATERAL regexp_split_to_table(CASE WHEN u < 0.0008 THEN left(l, 40) ELSE l END, E'\n') WITH ORDINALITY AS part (s, n)
		ORDER BY order_no, line_no, n) AS sorted;
END;
COMMENT ON FUNCTION @extschema@.demo_web_lines(int, bigint) IS 'demo: the lines of the web shop''s export of orders, as bytes; an address in quotes may go over two lines';

CREATE FUNCTION @extschema@.demo_file(kind text, parties int DEFAULT 5000, seed bigint DEFAULT 1) RETURNS SETOF bytea
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 20000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	CASE kind	-- letters that Windows-1252 lacks become question marks, as they do in life
		WHEN 'card' THEN RETURN QUERY SELECT convert_to(translate(line, 'ễăŁł', '????'), 'WIN1252') FROM @extschema@.demo_card_lines(parties, seed);
		WHEN 'newsletter' THEN RETURN QUERY SELECT convert_to(line, 'UTF8') FROM @extschema@.demo_newsletter_lines(parties, seed);
		WHEN 'till' THEN RETURN QUERY SELECT convert_to(line, 'WIN1252') FROM @extschema@.demo_till_lines(parties, seed);
		WHEN 'web' THEN RETURN QUERY SELECT line FROM @extschema@.demo_web_lines(parties, seed);
		ELSE RAISE EXCEPTION 'the demo has no file of this kind' USING ERRCODE = 'invalid_parameter_value', HINT = 'The kinds are card, newsletter, till and web.';
	END CASE;
END;
$$;
COMMENT ON FUNCTION @extschema@.demo_file(text, int, bigint) IS
	'demo: the raw lines of one file, title line first and without line ends; kind card (loyalty cards, Windows-1252), newsletter (UTF-8 with a byte order mark), till (tickets, Windows-1252) or web (orders, UTF-8 with slips); 22023 for another kind';
