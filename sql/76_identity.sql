-- Who is it: the first link between records of several systems. Pairs are found here (exact_pairs: what is surely one), groups are made of
-- them, and 76_merge.sql makes each group one party; then similar records are found by the linkage engine (31_link.sql) and go the same way.

CREATE FUNCTION @extschema@.connected_groups(left_ids bigint[], right_ids bigint[], fact_ids bigint[] DEFAULT '{}', facts bigint[] DEFAULT '{}', apart_left bigint[] DEFAULT '{}', apart_right bigint[] DEFAULT '{}')
	RETURNS TABLE (member bigint, root bigint)
	AS 'MODULE_PATHNAME', 'crmseg_connected_groups' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.connected_groups(bigint[], bigint[], bigint[], bigint[], bigint[], bigint[]) IS 'the groups that pairs of ids make, each with its smallest id as root; pairs are taken in order, and a pair that would join two different facts (a birth date, say), or two ids to be kept apart, is passed over. 22023 when arrays that belong together differ in length';

-- How two folded names that stand at one address agree: 2 surely one person, 1 possibly (one of them says too little), 0 not.
-- A letter more at the end is no typing error here: Louis and Louise, Daniel and Daniele share addresses.
CREATE FUNCTION @extschema@.names_agree(given_a text, family_a text, given_b text, family_b text) RETURNS smallint
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	ga text := coalesce(given_a, '');
	fa text := coalesce(family_a, '');
	gb text := coalesce(given_b, '');
	fb text := coalesce(family_b, '');
	same_family boolean;
BEGIN
	IF ga || fa = '' OR gb || fb = '' THEN
		RETURN 1;
	END IF;
	IF (ga = gb AND fa = fb) OR (ga = fb AND fa = gb) THEN
		RETURN CASE WHEN ga = '' OR fa = '' THEN 1 ELSE 2 END;
	END IF;
	IF @extschema@.name_key(left(ga || ' ' || fa, 1000)) = @extschema@.name_key(left(gb || ' ' || fb, 1000)) THEN
		RETURN 2;	-- one of them has all in one field
	END IF;
	same_family := fa = '' OR fb = '' OR fa = fb OR starts_with(fa, fb || ' ') OR starts_with(fb, fa || ' ')
		OR @extschema@.edit_distance(left(fa, 200), left(fb, 200), 2) <= CASE WHEN length(fa) >= 8 AND length(fb) >= 8 THEN 2 WHEN length(fa) >= 4 AND length(fb) >= 4 THEN 1 ELSE 0 END;
	IF ga = '' OR gb = '' THEN
		RETURN CASE WHEN same_family THEN 1 ELSE 0 END;
	END IF;
	IF ga = gb THEN
		RETURN 2;	-- another family name at the same address: marriage
	END IF;
	IF NOT same_family THEN
		RETURN 0;
	END IF;
	IF length(ga) >= 4 AND length(gb) >= 4 AND NOT starts_with(ga, gb) AND NOT starts_with(gb, ga)
			AND @extschema@.edit_distance(left(ga, 200), left(gb, 200), 1) <= 1 THEN
		RETURN 2;
	END IF;
	-- an initial, or the first of several given names
	IF (length(split_part(ga, ' ', 1)) = 1 OR length(split_part(gb, ' ', 1)) = 1) AND left(ga, 1) = left(gb, 1) THEN
		RETURN 1;
	END IF;
	IF starts_with(ga, gb || ' ') OR starts_with(gb, ga || ' ') THEN
		RETURN 1;
	END IF;
	RETURN 0;
END $$;
COMMENT ON FUNCTION @extschema@.names_agree(text, text, text, text) IS 'how two folded names (given, family, given, family) agree that stand at one address: 2 surely one person (equal, swapped, a typing error, another family name), 1 possibly (a name or a given name is missing, an initial), 0 not';

CREATE FUNCTION @extschema@.organisations_agree(a text, b text) RETURNS smallint
	LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT (CASE WHEN coalesce(a, '') = '' OR coalesce(b, '') = '' THEN 1
		WHEN a = b OR starts_with(a, b || ' ') OR starts_with(b, a || ' ') OR @extschema@.name_key(left(a, 1000)) = @extschema@.name_key(left(b, 1000))
			OR @extschema@.jaro_winkler(left(a, 1000), left(b, 1000)) >= 0.92 THEN 2 ELSE 0 END)::smallint $$;
COMMENT ON FUNCTION @extschema@.organisations_agree(text, text) IS 'how two folded names of organisations agree that stand at one address: 2 surely one, 1 possibly (a name is missing), 0 not';

-- The parties of one kind that use an address, by id, with their folded names. As many people use it as there are full names that agree
-- with none before them.
CREATE FUNCTION @extschema@.address_pairs(kind text, parties bigint[], given text[], family text[], legal text[], max_names integer) RETURNS TABLE (left_id bigint, right_id bigint, agree integer)
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	first integer[] := '{}';	-- of each spelling, the place of its first party
	full_name boolean[] := '{}';
	people integer := 0;
	a bigint[] := '{}';
	b bigint[] := '{}';
	how integer[] := '{}';
	place integer;
	agrees integer;
	is_full boolean;
	is_other boolean;
BEGIN
	FOR i IN 1 .. cardinality(parties) LOOP
		place := NULL;
		FOR s IN 1 .. cardinality(first) LOOP
			IF given[first[s]] = given[i] AND family[first[s]] = family[i] AND legal[first[s]] = legal[i] THEN
				place := s;
				EXIT;
			END IF;
		END LOOP;
		IF place IS NOT NULL THEN
			a := a || parties[first[place]];
			b := b || parties[i];
			how := how || CASE WHEN full_name[place] THEN 2 ELSE 1 END;
			CONTINUE;
		END IF;
		is_full := given[i] <> '' OR (kind <> 'person' AND legal[i] <> '');
		is_other := is_full;
		FOR s IN 1 .. cardinality(first) LOOP
			agrees := CASE WHEN kind = 'person' THEN @extschema@.names_agree(given[first[s]], family[first[s]], given[i], family[i]) ELSE @extschema@.organisations_agree(legal[first[s]], legal[i]) END;
			IF agrees > 0 THEN
				a := a || parties[first[s]];
				b := b || parties[i];
				how := how || agrees;
				is_other := is_other AND NOT full_name[s];
			END IF;
		END LOOP;
		people := people + is_other::integer;
		first := first || i;
		full_name := full_name || is_full;
	END LOOP;
	IF people <= max_names THEN
		RETURN QUERY SELECT u.a, u.b, u.how FROM unnest(a, b, how) u (a, b, how) WHERE u.how = 2 OR people <= 1;
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.address_pairs(text, bigint[], text[], text[], text[], integer) IS 'internal: which of the parties that use one address are one by their names (see names_agree); none when more than max_names people use it';

CREATE FUNCTION @extschema@.party_of(mart name, party_id bigint) RETURNS bigint
	LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	found_id bigint;
BEGIN
	EXECUTE format('SELECT coalesce((SELECT p.party_id FROM %1$s.party p WHERE p.party_id = $1), (SELECT a.party_id FROM %1$s.party_alias a WHERE a.old_party_id = $1))', m)
		INTO found_id USING party_id;
	RETURN found_id;
END $$;
COMMENT ON FUNCTION @extschema@.party_of(name, bigint) IS 'the living party that an id leads to: itself, or the one it was merged into; NULL when there never was such a party';

-- A table that was just filled has no statistics yet, and the planner takes it for nearly empty: joins of what an import brought would
-- be nested loops; so has one that was analysed while its rows were being written. Whoever owns the tables need not wait for autovacuum.
CREATE FUNCTION @extschema@.refresh_statistics(mart name) RETURNS integer
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	r record;
	done integer := 0;
BEGIN
	PERFORM @extschema@.require_datamart(mart);
	FOR r IN SELECT c.oid::regclass AS relation FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = mart AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE')
				AND (c.reltuples < 0 OR (c.reltuples = 0 AND pg_relation_size(c.oid) > 65536) OR pg_relation_size(c.oid) > 1.2 * 8192 * c.relpages + 65536) LOOP
		EXECUTE format('ANALYZE %s', r.relation);
		done := done + 1;
	END LOOP;
	RETURN done;
END $$;
COMMENT ON FUNCTION @extschema@.refresh_statistics(name) IS 'gathers the planner''s statistics of those tables of a mart that have none yet or grew by a fifth since; only tables that the caller owns. Returns their number';

-- A value of a record by the mapping of its import: a column, {"column": ...}, {"value": ...}, or the place in a list of these. Written as one
-- expression, so that the server inlines it.
CREATE FUNCTION @extschema@.mapped_text(payload jsonb, spec jsonb, place integer DEFAULT 0) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN nullif(btrim(CASE jsonb_typeof(spec)
		WHEN 'string' THEN CASE WHEN place = 0 THEN payload ->> (spec #>> '{}') END
		WHEN 'object' THEN CASE WHEN place = 0 THEN coalesce(payload ->> (spec ->> 'column'), spec ->> 'value') END
		WHEN 'array' THEN coalesce(payload ->> (spec ->> place), payload ->> (spec -> place ->> 'column'), spec -> place ->> 'value') END), '');
COMMENT ON FUNCTION @extschema@.mapped_text(jsonb, jsonb, integer) IS 'internal: a value of a record by its mapping, as it was written; NULL when empty';

-- The planner takes a few rows of many lists for a good part of a table. For functions that set both on, and so give them back at their end.
CREATE FUNCTION @extschema@.by_index(number integer) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF number < 10000 THEN
		PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_mergejoin', 'off', true);
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.by_index(integer) IS 'internal: for the rest of the calling function, rows of a few parties are found by indexes, not by reading a whole table';

-- What a record says: by the mapping of its import, or, of a record that was written without one, what its party said before it was merged.
CREATE FUNCTION @extschema@.refresh_record_identity(mart name, records bigint[]) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET datestyle = 'ISO, YMD' SET enable_seqscan = on SET enable_mergejoin = on SET jit = off AS $$
BEGIN
	PERFORM @extschema@.by_index(cardinality(records));
	EXECUTE format($q$
		WITH spec AS MATERIALIZED (	-- once an import; what identify() wrote bears the names of the fields
			SELECT b.import_id, b.m -> 'party' -> 'given_name' AS given_name, b.m -> 'party' -> 'family_name' AS family_name, b.m -> 'party' -> 'maiden_name' AS maiden_name, b.m -> 'party' -> 'birth_date' AS birth_date,
				b.m -> 'party' -> 'sex' AS sex, b.m -> 'party' -> 'legal_name' AS legal_name, b.m -> 'email' AS email, b.m -> 'phone' AS phone, b.a -> 'street' AS street, b.a -> 'postal_code' AS postal_code, b.a -> 'city' AS city, b.a -> 'country' AS country
			FROM (SELECT i.import_id, i.mapping AS m, CASE jsonb_typeof(i.mapping -> 'address') WHEN 'array' THEN i.mapping -> 'address' -> 0 ELSE i.mapping -> 'address' END AS a FROM %1$s.import_batch i
				UNION ALL SELECT NULL, v, v -> 'address' FROM (VALUES ('{"party": {"given_name": "given_name", "family_name": "family_name", "maiden_name": "maiden_name", "birth_date": "birth_date", "sex": "sex", "legal_name": "legal_name"},
					"email": "email", "phone": "phone", "address": {"street": "street", "postal_code": "postal_code", "city": "city", "country": "country"}}'::jsonb)) x (v)) b),
		fresh AS MATERIALIZED (
			SELECT r.source_record_id, r.party_id, r.source_id, r.payload, r.import_id,
				NOT EXISTS (SELECT FROM %1$s.source_record o WHERE o.party_id = r.party_id AND o.source_record_id <> r.source_record_id) AS is_alone,
				CASE WHEN o.key_scheme IS NOT NULL THEN ARRAY[o.key_scheme || chr(31) || r.external_id] END AS own_key, hashtextextended(r.source_id || ' ' || r.external_id, 0) AS order_key, r.payload IS NOT NULL AND (r.import_id IS NOT NULL OR r.payload ?| '{given_name,family_name,legal_name,email,phone}') AS is_mapped
			FROM unnest($1) n (id) JOIN %1$s.source_record r ON r.source_record_id = n.id JOIN %1$s.source o ON o.source_id = r.source_id),
		said AS (
			SELECT f.source_record_id, f.party_id, f.source_id, f.order_key, f.own_key, f.is_alone, true AS is_own,
				@extschema@.mapped_text(f.payload, m.given_name) AS given_name, @extschema@.mapped_text(f.payload, m.family_name) AS family_name, @extschema@.mapped_text(f.payload, m.maiden_name) AS maiden_name,
				@extschema@.mapped_text(f.payload, m.birth_date) AS birth_date, @extschema@.mapped_text(f.payload, m.sex) AS sex, @extschema@.mapped_text(f.payload, m.legal_name) AS legal_name,
				@extschema@.mapped_text(f.payload, m.email) AS email, @extschema@.mapped_text(f.payload, m.phone) AS phone, @extschema@.mapped_text(f.payload, m.phone, 1) AS other_phone,
				@extschema@.mapped_text(f.payload, m.street) AS street, @extschema@.mapped_text(f.payload, m.postal_code) AS postal_code, @extschema@.mapped_text(f.payload, m.city) AS city, @extschema@.mapped_text(f.payload, m.country) AS country
			FROM fresh f JOIN spec m ON coalesce(m.import_id, 0) = coalesce(f.import_id, 0) WHERE f.is_mapped
			UNION ALL
			SELECT f.source_record_id, f.party_id, f.source_id, f.order_key, f.own_key, f.is_alone, f.is_alone,
				p.given_name, p.family_name, p.maiden_name, p.birth_date::text, p.sex, p.legal_name, e.value, n.phones[1], n.phones[2], a.street, a.postal_code, a.city, a.country
			FROM fresh f JOIN %1$s.party p ON p.party_id = f.party_id
			LEFT JOIN LATERAL (SELECT c.value FROM %1$s.contact_point c WHERE c.party_id = f.party_id AND c.kind = 'email' ORDER BY c.is_primary DESC, c.contact_point_id LIMIT 1) e ON true
			LEFT JOIN LATERAL (SELECT array_agg(c.value_norm ORDER BY c.is_primary DESC, c.contact_point_id) AS phones FROM %1$s.contact_point c WHERE c.party_id = f.party_id AND c.kind = 'phone') n ON true
			LEFT JOIN LATERAL (SELECT c.street, c.postal_code, c.city, c.country FROM %1$s.contact_point c WHERE c.party_id = f.party_id AND c.kind = 'postal' ORDER BY c.is_primary DESC, c.contact_point_id LIMIT 1) a ON true
			WHERE NOT f.is_mapped),
		-- the normal forms of a party that has this record alone are the record's; of another one they are made from what it says
		held AS MATERIALIZED (
			SELECT c.party_id, array_agg(c.value_norm ORDER BY c.value_norm) FILTER (WHERE c.kind = 'email') AS mails, array_agg(c.value_norm ORDER BY c.value_norm) FILTER (WHERE c.kind = 'phone') AS phones
			FROM %1$s.contact_point c WHERE c.kind IN ('email', 'phone') AND c.status <> 'invalid' AND c.party_id IN (SELECT f.party_id FROM fresh f WHERE f.is_alone) GROUP BY c.party_id),
		keyed AS MATERIALIZED (SELECT k.party_id, array_agg(k.scheme || chr(31) || k.key_value ORDER BY k.scheme, k.key_value) AS keys, array_agg(k.source_id ORDER BY k.scheme, k.key_value) AS sources FROM %1$s.external_key k WHERE k.party_id IN (SELECT f.party_id FROM fresh f WHERE f.is_alone) GROUP BY k.party_id)
		INSERT INTO %1$s.record_identity AS i (source_record_id, origin_id, source_id, order_key, given_name, family_name, maiden_name, birth_date, sex, legal_name, email, phone, other_phone, street, postal_code, city, country, mail_norms, phone_norms, keys, key_sources, born)
		SELECT s.source_record_id, s.party_id, s.source_id, s.order_key, s.given_name, s.family_name, s.maiden_name, s.birth_date, s.sex, s.legal_name, s.email, s.phone, s.other_phone, s.street, s.postal_code, s.city, s.country,
			CASE WHEN s.is_alone THEN h.mails ELSE (SELECT array_agg(CASE WHEN d.email_rules IS NULL THEN @extschema@.canonical(t.email) ELSE @extschema@.canonical(t.email, d.email_rules) END) FROM @extschema@.try_email(s.email) t WHERE t.email IS NOT NULL) END,
			CASE WHEN s.is_alone THEN h.phones ELSE (SELECT array_agg(DISTINCT t.phone::text) FROM unnest(ARRAY[s.phone, s.other_phone]) n CROSS JOIN LATERAL @extschema@.try_phone(n, coalesce(s.country, d.default_phone_region)) t WHERE t.phone IS NOT NULL) END,
			CASE WHEN s.is_alone THEN nullif(coalesce(k.keys, '{}') || s.own_key, '{}') ELSE s.own_key END,
			CASE WHEN s.is_alone THEN nullif(coalesce(k.sources, '{}') || CASE WHEN s.own_key IS NULL THEN '{}'::smallint[] ELSE ARRAY[s.source_id] END, '{}') WHEN s.own_key IS NOT NULL THEN ARRAY[s.source_id] END, CASE WHEN s.is_alone THEN p.birth_date END
		FROM %1$s.datamart d CROSS JOIN said s LEFT JOIN keyed k ON k.party_id = s.party_id JOIN %1$s.party p ON p.party_id = s.party_id LEFT JOIN held h ON h.party_id = s.party_id
		WHERE s.is_own OR NOT EXISTS (SELECT FROM %1$s.record_identity x WHERE x.source_record_id = s.source_record_id)
		ON CONFLICT (source_record_id) DO UPDATE SET order_key = excluded.order_key, given_name = excluded.given_name, family_name = excluded.family_name, maiden_name = excluded.maiden_name, birth_date = excluded.birth_date, sex = excluded.sex,
			legal_name = excluded.legal_name, email = excluded.email, phone = excluded.phone, other_phone = excluded.other_phone, street = excluded.street, postal_code = excluded.postal_code, city = excluded.city, country = excluded.country,
			mail_norms = excluded.mail_norms, phone_norms = excluded.phone_norms, keys = CASE WHEN (SELECT count(*) FROM %1$s.source_record o WHERE o.party_id = i.origin_id) = 1 THEN excluded.keys ELSE coalesce(i.keys, excluded.keys) END, key_sources = CASE WHEN (SELECT count(*) FROM %1$s.source_record o WHERE o.party_id = i.origin_id) = 1 THEN excluded.key_sources ELSE CASE WHEN i.keys IS NULL THEN excluded.key_sources ELSE i.key_sources END END, born = coalesce(excluded.born, CASE WHEN i.birth_date IS NOT DISTINCT FROM excluded.birth_date THEN i.born END)$q$, quote_ident(mart))
		USING records;
END $$;
COMMENT ON FUNCTION @extschema@.refresh_record_identity(name, bigint[]) IS 'internal: writes to record_identity what records say';

-- Found by the indexes of both tables alone: the rows of a whole base are wide.
CREATE FUNCTION @extschema@.forget_records(mart name) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET enable_seqscan = off SET enable_hashjoin = off SET jit = off AS $$
BEGIN
	EXECUTE format('DELETE FROM %1$s.record_identity i WHERE i.source_record_id = ANY (ARRAY(SELECT x.source_record_id FROM %1$s.record_identity x WHERE NOT EXISTS (SELECT FROM %1$s.source_record r WHERE r.source_record_id = x.source_record_id)))', quote_ident(mart));
END $$;
COMMENT ON FUNCTION @extschema@.forget_records(name) IS 'internal: records that went say nothing any more';

CREATE FUNCTION @extschema@.record_identity_columns() RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN '{"given_name": "given_name", "family_name": "family_name", "maiden_name": "maiden_name", "birth_date": "date", "sex": "sex", "legal_name": "organisation_name", "email": "email",
		"phone": "phone", "other_phone": "phone", "street": "address", "postal_code": "postal_code", "city": "city", "country": "country", "source_id": "source"}'::jsonb;
COMMENT ON FUNCTION @extschema@.record_identity_columns() IS 'the columns of record_identity and their kinds, for link_records and its like over a datamart''s records';

-- Groups of pairs of parties, without what keeps them apart, as three arrays for merge_groups.
CREATE FUNCTION @extschema@.groups_to_merge(mart name, left_ids bigint[], right_ids bigint[], reasons text[], ranks integer[], OUT keep bigint[], OUT dropped bigint[], OUT why text[])
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET enable_seqscan = on SET enable_mergejoin = on AS $$
BEGIN
	PERFORM @extschema@.by_index(cardinality(left_ids));
	EXECUTE format($q$
		WITH pair AS MATERIALIZED (SELECT * FROM unnest($1, $2, $3, $4) p (left_id, right_id, reason, rank)),
		list AS (SELECT coalesce(array_agg(p.left_id ORDER BY p.rank, p.left_id, p.right_id), '{}') AS l,
				coalesce(array_agg(p.right_id ORDER BY p.rank, p.left_id, p.right_id), '{}') AS r FROM pair p),
		born AS (
			SELECT coalesce(array_agg(p.party_id), '{}') AS id, coalesce(array_agg((p.birth_date - date '2000-01-01')::bigint), '{}') AS day
			FROM %1$s.party p WHERE p.birth_date IS NOT NULL AND p.party_id IN (SELECT x.left_id FROM pair x UNION SELECT x.right_id FROM pair x)),
		apart AS (
			SELECT coalesce(array_agg(coalesce(a.party_id, j.left_id)), '{}') AS l, coalesce(array_agg(coalesce(b.party_id, j.right_id)), '{}') AS r
			FROM %1$s.party_judgement j LEFT JOIN %1$s.party_alias a ON a.old_party_id = j.left_id LEFT JOIN %1$s.party_alias b ON b.old_party_id = j.right_id
			WHERE j.verdict = 'different'),
		grouped AS MATERIALIZED (SELECT g.member, g.root FROM list, born, apart, @extschema@.connected_groups(list.l, list.r, born.id, born.day, apart.l, apart.r) g),
		-- groups that would have more values of an identifier than a party can
		crowded AS (
			SELECT g.root FROM %1$s.identifier_rule i JOIN grouped g ON true JOIN %1$s.contact_point c ON c.party_id = g.member AND c.kind = i.kind
			WHERE i.max_values IS NOT NULL AND (i.source_id IS NULL OR i.source_id = c.source_id) GROUP BY g.root, i.kind, i.source_id, i.max_values HAVING count(DISTINCT c.value_norm) > i.max_values
			UNION
			SELECT g.root FROM %1$s.identifier_rule i JOIN grouped g ON true JOIN %1$s.external_key c ON c.party_id = g.member AND c.scheme = i.kind
			WHERE i.max_values IS NOT NULL AND (i.source_id IS NULL OR i.source_id = c.source_id) GROUP BY g.root, i.kind, i.source_id, i.max_values HAVING count(DISTINCT c.key_value) > i.max_values),
		cause AS (SELECT DISTINCT ON (w.id) w.id, w.reason FROM (
				SELECT p.right_id AS id, p.reason, p.rank FROM pair p UNION ALL SELECT p.left_id, p.reason, p.rank FROM pair p) w ORDER BY w.id, w.rank)
		SELECT coalesce(array_agg(g.root ORDER BY g.member), '{}'), coalesce(array_agg(g.member ORDER BY g.member), '{}'), coalesce(array_agg(w.reason ORDER BY g.member), '{}')
		FROM grouped g JOIN cause w ON w.id = g.member WHERE g.member <> g.root AND g.root NOT IN (SELECT c.root FROM crowded c)$q$, quote_ident(mart)) INTO keep, dropped, why USING left_ids, right_ids, reasons, ranks;
END $$;
COMMENT ON FUNCTION @extschema@.groups_to_merge(name, bigint[], bigint[], text[], integer[]) IS 'internal: which parties pairs make one: never two birth dates, nor what people keep apart';

-- Who shares an address, a number or a key with some parties, by what their records say, or was told to be one with them.
CREATE FUNCTION @extschema@.parties_near(mart name, parties bigint[]) RETURNS bigint[]
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off SET enable_seqscan = on SET enable_mergejoin = on AS $$
DECLARE
	found_ids bigint[];
BEGIN
	PERFORM @extschema@.by_index(cardinality(parties));
	EXECUTE format($q$
		WITH most AS MATERIALIZED (SELECT greatest(max(d.max_parties_per_key), max(i.max_parties)) + 1 AS holders FROM %1$s.datamart d LEFT JOIN %1$s.identifier_rule i ON i.max_parties IS NOT NULL),
		asked AS MATERIALIZED (SELECT DISTINCT u.id AS party_id FROM unnest($1) u (id)),
		value AS MATERIALIZED (SELECT DISTINCT v.kind, v.norm FROM asked a JOIN %1$s.source_record r ON r.party_id = a.party_id JOIN %1$s.record_identity i ON i.source_record_id = r.source_record_id
			CROSS JOIN LATERAL (SELECT 'email' AS kind, unnest(i.mail_norms) AS norm UNION ALL SELECT 'phone', unnest(i.phone_norms) UNION ALL SELECT 'key', unnest(i.keys)) v),
		near AS (SELECT DISTINCT c.party_id FROM most m CROSS JOIN value v CROSS JOIN LATERAL (SELECT c.party_id FROM %1$s.contact_point c WHERE c.kind = v.kind AND c.value_norm = v.norm LIMIT m.holders) c
			UNION SELECT DISTINCT k.party_id FROM most m CROSS JOIN value v CROSS JOIN LATERAL (SELECT k.party_id FROM %1$s.external_key k WHERE v.kind = 'key' AND k.scheme = split_part(v.norm, chr(31), 1) AND k.key_value = substr(v.norm, strpos(v.norm, chr(31)) + 1) LIMIT m.holders) k
			UNION SELECT coalesce(b.party_id, y.id) FROM (SELECT a.party_id AS id FROM asked a UNION ALL SELECT l.old_party_id FROM asked a JOIN %1$s.party_alias l ON l.party_id = a.party_id) x
				CROSS JOIN LATERAL (SELECT j.right_id AS id FROM %1$s.party_judgement j WHERE j.left_id = x.id AND j.verdict = 'same' UNION ALL SELECT j.left_id FROM %1$s.party_judgement j WHERE j.right_id = x.id AND j.verdict = 'same') y LEFT JOIN %1$s.party_alias b ON b.old_party_id = y.id
			UNION SELECT DISTINCT r.party_id FROM value v JOIN %1$s.source o ON v.kind = 'key' AND o.key_scheme = split_part(v.norm, chr(31), 1) JOIN %1$s.source_record r ON r.source_id = o.source_id AND r.external_id = substr(v.norm, strpos(v.norm, chr(31)) + 1))
		SELECT coalesce(array_agg(n.party_id), '{}') FROM near n$q$, quote_ident(mart)) INTO found_ids USING parties;
	RETURN found_ids;
END $$;
COMMENT ON FUNCTION @extschema@.parties_near(name, bigint[]) IS 'internal: the parties that share an address, a number or a key with some parties, or that people told to be one with them';

-- What the records say is one, from them alone and not from what was merged before, so that the order in which they came does not matter: first what
-- surely is one (what people told, shared keys), then the clusters of similar records, then one address with names that agree and one telephone
-- number under one name. It is made anew for the records of some parties and of those that share an address or a number with them. Where cluster and
-- party are the same the party stands for its records.
CREATE FUNCTION @extschema@.record_groups(mart name, parties bigint[], near bigint[], records bigint[], clusters bigint[], by_similarity boolean,
	OUT nodes bigint[], OUT roots bigint[], OUT causes text[], OUT ranks integer[])
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off SET enable_seqscan = on SET enable_mergejoin = on AS $$
BEGIN
	PERFORM @extschema@.by_index(cardinality(parties));
	EXECUTE format($q$
		WITH mixed AS MATERIALIZED (SELECT * FROM unnest($2, $3) x (record, cluster)),
		asked AS MATERIALIZED (SELECT DISTINCT u.id AS party_id FROM unnest($1) u (id)),
		value AS MATERIALIZED (SELECT DISTINCT v.kind, v.norm FROM asked a JOIN %1$s.source_record r ON r.party_id = a.party_id JOIN %1$s.record_identity i ON i.source_record_id = r.source_record_id
			CROSS JOIN LATERAL (SELECT 'email' AS kind, unnest(i.mail_norms) AS norm UNION ALL SELECT 'phone', unnest(i.phone_norms) UNION ALL SELECT 'key', unnest(i.keys)) v),
		member AS MATERIALIZED (
			SELECT r.source_record_id, r.party_id, i.source_id, row_number() OVER (ORDER BY r.source_id, r.external_id COLLATE "C") AS order_key, p.kind, coalesce(x.cluster, CASE WHEN $4 THEN -r.party_id END) AS cluster, i.mail_norms, i.phone_norms, i.keys, i.key_sources, i.born,
				-- the party that was made for it, as far as it leads to where the record is
				CASE WHEN i.origin_id = r.party_id OR EXISTS (SELECT FROM %1$s.party_alias a WHERE a.old_party_id = i.origin_id AND a.party_id = r.party_id) THEN i.origin_id ELSE r.party_id END AS node,
				length(split_part(@extschema@.fold(i.given_name), ' ', 1)) IS NOT DISTINCT FROM 1 AS is_initial, coalesce(@extschema@.fold(i.given_name), '') AS given, coalesce(@extschema@.fold(i.family_name), '') AS family, coalesce(@extschema@.fold(i.legal_name), '') AS legal,
				@extschema@.name_key(left(CASE WHEN p.kind = 'person' THEN concat_ws(' ', i.given_name, i.family_name) ELSE i.legal_name END, 1000)) AS name
			FROM (SELECT a.party_id FROM asked a UNION SELECT n.id FROM unnest($5) n (id)) q JOIN %1$s.party p ON p.party_id = q.party_id AND p.kind IN ('person', 'organisation')
			JOIN %1$s.source_record r ON r.party_id = p.party_id JOIN %1$s.record_identity i ON i.source_record_id = r.source_record_id LEFT JOIN mixed x ON x.record = r.source_record_id),
		held AS MATERIALIZED (	-- each address and number whose holders are all here, unless it is known to be wrong, with how many they are
			SELECT b.*, v.what, v.scheme, v.norm, v.giver, coalesce(o.max_parties, i.max_parties, d.max_parties_per_key) AS most, coalesce(o.priority, i.priority, 0) AS priority,
				count(*) OVER (PARTITION BY v.what, v.norm) AS holders
			FROM %1$s.datamart d CROSS JOIN member b CROSS JOIN LATERAL (SELECT 'email' AS what, 'email' AS scheme, unnest(b.mail_norms) AS norm, b.source_id AS giver UNION ALL SELECT 'phone', 'phone', unnest(b.phone_norms), b.source_id
				UNION ALL SELECT 'key', split_part(k.v, chr(31), 1), k.v, coalesce(k.giver, b.source_id) FROM unnest(b.keys, b.key_sources) k (v, giver)) v
			JOIN value w ON w.kind = v.what AND w.norm = v.norm
			LEFT JOIN %1$s.identifier_rule i ON i.kind = v.scheme AND i.source_id IS NULL LEFT JOIN %1$s.identifier_rule o ON o.kind = v.scheme AND o.source_id = v.giver
			WHERE NOT EXISTS (SELECT FROM %1$s.contact_point c WHERE c.party_id = b.party_id AND c.kind = v.what AND c.value_norm = v.norm AND c.status = 'invalid')),
		usable AS MATERIALIZED (SELECT h.* FROM held h WHERE h.holders > 1 AND h.holders <= h.most
			AND NOT EXISTS (SELECT FROM %1$s.blocked_identifier x WHERE x.kind = h.scheme AND (x.source_id IS NULL OR x.source_id = h.giver) AND CASE h.what WHEN 'key' THEN substr(h.norm, strpos(h.norm, chr(31)) + 1) ELSE h.norm END LIKE x.value_norm)),
		mailbox AS (
			SELECT h.kind, h.norm, max(h.priority) AS priority, array_agg(h.node ORDER BY h.is_initial, h.given, h.family, h.legal, h.order_key) AS ids, array_agg(h.given ORDER BY h.is_initial, h.given, h.family, h.legal, h.order_key) AS given,
				array_agg(h.family ORDER BY h.is_initial, h.given, h.family, h.legal, h.order_key) AS family, array_agg(h.legal ORDER BY h.is_initial, h.given, h.family, h.legal, h.order_key) AS legal
			FROM usable h WHERE h.what = 'email' GROUP BY h.kind, h.norm HAVING count(*) > 1),
		pair AS MATERIALIZED (	-- place: what goes first; rank: what is told as the reason
			SELECT a.old_party_id AS l, a.merged_into AS r, 'told' AS reason, -1000 AS place, 0 AS rank FROM asked q JOIN %1$s.party_alias a ON a.party_id = q.party_id WHERE a.reason IS NULL OR a.reason NOT IN ('similar', 'key', 'email', 'phone', 'judged')
			UNION ALL
			SELECT j.left_id, j.right_id, 'judged', -1000, 0 FROM %1$s.party_judgement j WHERE j.verdict = 'same' AND j.left_id IN (SELECT b.node FROM member b) AND j.right_id IN (SELECT b.node FROM member b)
			UNION ALL
			SELECT first_value(h.node) OVER (PARTITION BY h.kind, h.norm ORDER BY h.order_key, h.node), h.node, 'key', 1 - max(h.priority) OVER (PARTITION BY h.kind, h.norm), 1 FROM usable h WHERE h.what = 'key'
			UNION ALL
			SELECT first_value(b.node) OVER (PARTITION BY b.kind, b.cluster ORDER BY b.order_key, b.node), b.node, 'similar', 2, 5 FROM member b WHERE b.cluster IS NOT NULL
			UNION ALL
			SELECT x.left_id, x.right_id, 'email', 3 + CASE WHEN x.agree = 2 THEN 0 ELSE 2 END - h.priority, CASE WHEN x.agree = 2 THEN 2 ELSE 4 END
			FROM %1$s.datamart d CROSS JOIN mailbox h CROSS JOIN LATERAL (SELECT (@extschema@.try_email(h.norm)).email) e
			CROSS JOIN LATERAL @extschema@.address_pairs(h.kind, h.ids, h.given, h.family, h.legal, d.max_names_per_key) x
			WHERE NOT coalesce(@extschema@.is_role_address(e.email), true) AND NOT coalesce(@extschema@.is_disposable(e.email), true)
			UNION ALL
			SELECT first_value(h.node) OVER same, h.node, 'phone', 4 - max(h.priority) OVER (PARTITION BY h.kind, h.norm, h.name), 3
			FROM usable h WHERE h.what = 'phone' AND h.name <> '' AND (h.kind <> 'person' OR strpos(h.name, ' ') > 0) WINDOW same AS (PARTITION BY h.kind, h.norm, h.name ORDER BY h.order_key, h.node)),
		known AS MATERIALIZED (SELECT b.node, min(b.order_key) AS order_key, min(b.born) AS born FROM member b GROUP BY b.node),
		list AS MATERIALIZED (
			SELECT p.l, p.r, p.place, least(x.order_key, y.order_key) AS first, greatest(x.order_key, y.order_key) AS second FROM pair p LEFT JOIN known x ON x.node = p.l LEFT JOIN known y ON y.node = p.r WHERE p.l <> p.r
			UNION ALL SELECT k.node, k.node, 10000, k.order_key, k.order_key FROM known k),
		fact AS MATERIALIZED (SELECT coalesce(array_agg(k.node), '{}') AS id, coalesce(array_agg((k.born - date '2000-01-01')::bigint), '{}') AS day FROM known k WHERE k.born IS NOT NULL
			-- people know of two dates of one person
			AND NOT EXISTS (SELECT FROM pair p JOIN known x ON x.node = p.l JOIN known y ON y.node = p.r WHERE p.rank = 0 AND x.born <> y.born AND k.node IN (p.l, p.r))),
		apart AS MATERIALIZED (SELECT coalesce(array_agg(j.left_id), '{}') AS l, coalesce(array_agg(j.right_id), '{}') AS r FROM %1$s.party_judgement j WHERE j.verdict = 'different'),
		grouped AS MATERIALIZED (
			SELECT g.member, g.root FROM fact f, apart a, (SELECT array_agg(p.l ORDER BY p.place, p.first, p.second, p.l, p.r) AS l, array_agg(p.r ORDER BY p.place, p.first, p.second, p.l, p.r) AS r FROM list p) p
			CROSS JOIN LATERAL @extschema@.connected_groups(p.l, p.r, f.id, f.day, a.l, a.r) g WHERE p.l IS NOT NULL),
		-- a group that would have more values of an identifier than a party can is not made at all
		crowded AS MATERIALIZED (
			SELECT DISTINCT c.root FROM (SELECT g.root FROM %1$s.identifier_rule i JOIN member b ON i.source_id IS NULL OR i.source_id = b.source_id JOIN grouped g ON g.member = b.node
				CROSS JOIN LATERAL (SELECT unnest(CASE i.kind WHEN 'email' THEN b.mail_norms WHEN 'phone' THEN b.phone_norms ELSE ARRAY(SELECT k FROM unnest(b.keys) k WHERE split_part(k, chr(31), 1) = i.kind) END) AS norm) v
				WHERE i.max_values IS NOT NULL GROUP BY g.root, i.kind, i.source_id, i.max_values HAVING count(DISTINCT v.norm) > i.max_values) c),
		kept AS (
			SELECT g.member, g.root FROM grouped g WHERE g.root NOT IN (SELECT c.root FROM crowded c)
			UNION ALL
			SELECT t.member, t.root FROM (SELECT array_agg(g.member) AS l, array_agg(coalesce(a.merged_into, g.member)) AS r FROM grouped g JOIN crowded c ON c.root = g.root
				LEFT JOIN %1$s.party_alias a ON a.old_party_id = g.member AND (a.reason IS NULL OR a.reason NOT IN ('similar', 'key', 'email', 'phone', 'judged'))) o CROSS JOIN LATERAL @extschema@.connected_groups(o.l, o.r) t WHERE o.l IS NOT NULL),
		cause AS (SELECT DISTINCT ON (w.id) w.id, w.reason, w.rank FROM (SELECT p.r AS id, p.reason, p.rank FROM pair p WHERE p.l <> p.r UNION ALL SELECT p.l, p.reason, p.rank FROM pair p WHERE p.l <> p.r) w ORDER BY w.id, w.rank)
		SELECT coalesce(array_agg(k.member), '{}'), coalesce(array_agg(k.root), '{}'), coalesce(array_agg(coalesce(c.reason, 'similar')), '{}'), coalesce(array_agg(coalesce(c.rank, 5)), '{}')
		FROM kept k LEFT JOIN cause c ON c.id = k.member$q$, quote_ident(mart)) INTO nodes, roots, causes, ranks USING parties, records, clusters, by_similarity, near;
END $$;
COMMENT ON FUNCTION @extschema@.record_groups(name, bigint[], bigint[], bigint[], bigint[], boolean) IS 'internal: of the records of some parties, and of those near them (parties_near), which ones are one: the ids of the parties that were made for them, the least of each group, the reason and its rank';

-- Merges that resolve made and that the groups do not bear out, the latest first: each that holds two groups together.
CREATE FUNCTION @extschema@.aliases_to_split(mart name, nodes bigint[], roots bigint[]) RETURNS bigint[]
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off SET enable_seqscan = on SET enable_mergejoin = on AS $$
DECLARE
	aliases bigint[];
BEGIN
	PERFORM @extschema@.by_index(cardinality(nodes));
	EXECUTE format($q$
		WITH part AS MATERIALIZED (SELECT * FROM unnest($1, $2) p (node, root)),
		merged AS MATERIALIZED (SELECT a.old_party_id, a.merged_into, a.party_id, a.merge_id, a.reason FROM %1$s.party_alias a
			WHERE a.party_id IN (SELECT x.party_id FROM part p JOIN %1$s.party_alias x ON x.old_party_id = p.node)),
		main AS (SELECT m.party_id, min(p.root) AS root FROM merged m JOIN part p ON p.node = m.old_party_id GROUP BY m.party_id)	-- of a party whose own record went
		SELECT coalesce(array_agg(m.old_party_id ORDER BY m.merge_id DESC, m.old_party_id), '{}') FROM merged m JOIN part x ON x.node = m.old_party_id
			LEFT JOIN part y ON y.node = m.merged_into LEFT JOIN part z ON z.node = m.party_id LEFT JOIN main w ON w.party_id = m.party_id
		WHERE m.reason IN ('similar', 'key', 'email', 'phone', 'judged') AND x.root <> coalesce(y.root, z.root, w.root)$q$, quote_ident(mart)) INTO aliases USING nodes, roots;
	RETURN aliases;
END $$;
COMMENT ON FUNCTION @extschema@.aliases_to_split(name, bigint[], bigint[]) IS 'internal: merges by resolve between records that record_groups does not have in one group, latest first';

CREATE FUNCTION @extschema@.parties_to_merge(mart name, nodes bigint[], roots bigint[], causes text[], cause_ranks integer[], OUT keep bigint[], OUT dropped bigint[], OUT why text[])
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off SET enable_seqscan = on SET enable_mergejoin = on AS $$
DECLARE
	p record;
BEGIN
	PERFORM @extschema@.by_index(cardinality(nodes));
	EXECUTE format($q$
		WITH placed AS MATERIALIZED (SELECT coalesce(a.party_id, n.node) AS party_id, n.root, n.cause, n.rank FROM unnest($1, $2, $3, $4) n (node, root, cause, rank) LEFT JOIN %1$s.party_alias a ON a.old_party_id = n.node),
		several AS (SELECT x.root FROM placed x GROUP BY x.root HAVING min(x.party_id) <> max(x.party_id)),
		star AS (SELECT DISTINCT ON (x.root, x.party_id) min(x.party_id) OVER (PARTITION BY x.root) AS l, x.party_id AS r, x.cause, x.rank FROM placed x JOIN several USING (root) JOIN %1$s.party p ON p.party_id = x.party_id ORDER BY x.root, x.party_id, x.rank)
		SELECT coalesce(array_agg(s.l), '{}') AS l, coalesce(array_agg(s.r), '{}') AS r, coalesce(array_agg(s.cause), '{}') AS cause, coalesce(array_agg(s.rank), '{}') AS rank FROM star s WHERE s.l <> s.r$q$, quote_ident(mart))
		INTO p USING nodes, roots, causes, cause_ranks;
	SELECT g.keep, g.dropped, g.why INTO keep, dropped, why FROM @extschema@.groups_to_merge(mart, p.l, p.r, p.cause, p.rank) g;
END $$;
COMMENT ON FUNCTION @extschema@.parties_to_merge(name, bigint[], bigint[], text[], integer[]) IS 'internal: which parties the groups of record_groups make one, as three arrays for merge_groups';

-- What the records of a whole mart make one by keys, addresses and numbers.
CREATE FUNCTION @extschema@.exact_groups(mart name, OUT keep bigint[], OUT dropped bigint[], OUT why text[])
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	all_parties bigint[];
	n record;
BEGIN
	EXECUTE format('SELECT coalesce(array_agg(p.party_id), ''{}'') FROM %I.party p', mart) INTO all_parties;
	n := @extschema@.record_groups(mart, all_parties, '{}', '{}', '{}', false);
	SELECT g.keep, g.dropped, g.why INTO keep, dropped, why FROM @extschema@.parties_to_merge(mart, n.nodes, n.roots, n.causes, n.ranks) g;
END $$;
COMMENT ON FUNCTION @extschema@.exact_groups(name) IS 'internal: what keys, addresses and numbers make one in a whole mart, as three arrays for merge_groups';

CREATE FUNCTION @extschema@.regroup(mart name, fresh bigint[], by_similarity boolean, OUT split bigint, OUT merged bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := quote_ident(mart);
	placed bigint[];
	parties bigint[];
	was record;
	look record;
	told record;
	asked bigint[];
	near bigint[];
	added bigint[];
	of_which_party text := format('SELECT coalesce(array_agg(r.source_record_id), ''{}''), coalesce(array_agg(r.party_id), ''{}'') FROM %s.source_record r', m);
	-- what decides beside the records: with other rules all is looked at
	rules text := format('SELECT md5(concat_ws(''/'', d.max_names_per_key, d.max_parties_per_key, (SELECT string_agg(i::text, '','' ORDER BY i::text) FROM %1$s.identifier_rule i), (SELECT string_agg(b::text, '','' ORDER BY b::text) FROM %1$s.blocked_identifier b),
		(SELECT string_agg(concat(o.source_id, '' '', o.key_scheme), '','' ORDER BY o.source_id) FROM %1$s.source o), (SELECT count(*) FROM %1$s.party_judgement j WHERE j.obeyed_at IS NOT NULL))) FROM %1$s.datamart d', m);
	rules_now text;
	n record;
	g record;
	run record;
	threshold float8;
	doubt float8;
BEGIN
	EXECUTE format('SELECT d.link_threshold, d.doubt_threshold FROM %s.datamart d', m) INTO threshold, doubt;
	-- the parties of records that are new or changed, and of a small base without clusters all
	EXECUTE format('SELECT coalesce(array_agg(DISTINCT r.party_id), ''{}'') FROM %1$s.source_record r WHERE r.source_record_id = ANY ($1) OR NOT $2 AND (SELECT count(*) < 20000 FROM (SELECT FROM %1$s.source_record LIMIT 20000) x)', m)
		INTO asked USING fresh, by_similarity;
	IF by_similarity THEN
		-- one run gives the clusters, the pairs for people to look at, and what holds each cluster together
		run := @extschema@.resolve_records(format('%I.record_identity', mart)::regclass, 'source_record_id', @extschema@.record_identity_columns(), threshold, NULL, NULL, least(doubt, 0.01), 'order_key');
		-- what follows looks at parties and clusters that are not the same, where something is new about them
		EXECUTE of_which_party INTO placed, parties;
		EXECUTE format('SELECT coalesce(array_agg(w.source_record_id), ''{}'') AS records, coalesce(array_agg(w.cluster_id), ''{}'') AS clusters, coalesce(array_agg(w.party_id), ''{}'') AS parties FROM %s.record_place w', m) INTO was;
		look := @extschema@.mixed_records(run.record_ids, run.clusters, placed, parties, was.records, was.clusters, was.parties, fresh);
		EXECUTE format('SELECT coalesce(array_agg(j.left_id), ''{}'') AS l, coalesce(array_agg(j.right_id), ''{}'') AS r, coalesce(array_agg(coalesce(a.party_id, j.left_id)), ''{}'') || coalesce(array_agg(coalesce(b.party_id, j.right_id)), ''{}'') AS parties
			FROM %1$s.party_judgement j LEFT JOIN %1$s.party_alias a ON a.old_party_id = j.left_id LEFT JOIN %1$s.party_alias b ON b.old_party_id = j.right_id WHERE j.obeyed_at IS NULL', m) INTO told;
		EXECUTE format('SELECT r.rules FROM (%2$s) r (rules), %1$s.resolved_rules d WHERE d.rules = r.rules', m, rules) INTO rules_now;
		IF rules_now IS NULL THEN
			added := look.still;
			look.still := '{}';
			look.still_groups := '{}';
		ELSE
			-- an address that turned out to be wrong joins nobody any more
			EXECUTE format('SELECT coalesce(array_agg(s.id), ''{}'') FROM unnest($1) s (id) WHERE EXISTS (SELECT FROM %s.contact_point c WHERE c.party_id = s.id AND c.status = ''invalid'' AND c.kind IN (''email'', ''phone''))', m) INTO added USING look.still;
		END IF;
		asked := asked || look.touched || told.parties || added;
	ELSE
		SELECT '{}'::bigint[] AS mixed, '{}'::bigint[] AS mixed_clusters, '{}'::bigint[] AS still, '{}'::bigint[] AS still_groups INTO look;
	END IF;
	-- who is near one of them and not yet where its cluster is, and all that hang together with it
	near := '{}';
	added := asked;
	LOOP
		near := near || @extschema@.parties_near(mart, added);
		EXIT WHEN cardinality(look.still) = 0;
		SELECT coalesce(array_agg(s.id) FILTER (WHERE s.is_met), '{}'), coalesce(array_agg(s.id) FILTER (WHERE NOT s.is_met), '{}'), coalesce(array_agg(s.of) FILTER (WHERE NOT s.is_met), '{}') INTO added, look.still, look.still_groups
		FROM (SELECT s.id, s.of, s.of IN (SELECT x.of FROM unnest(look.still, look.still_groups) x (id, of) JOIN unnest(near || asked) y (id) ON y.id = x.id) AS is_met FROM unnest(look.still, look.still_groups) s (id, of)) s;
		EXIT WHEN cardinality(added) = 0;
		asked := asked || added;
	END LOOP;
	n := @extschema@.record_groups(mart, asked, near, look.mixed, look.mixed_clusters, by_similarity);
	split := @extschema@.split_many(mart, @extschema@.aliases_to_split(mart, n.nodes, n.roots), 'no longer similar');
	g := @extschema@.parties_to_merge(mart, n.nodes, n.roots, n.causes, n.ranks);
	merged := cardinality(g.dropped);
	RAISE NOTICE 'resolve: % parties to merge, % taken apart', merged, split;
	PERFORM @extschema@.merge_groups(mart, g.keep, g.dropped, g.why, fresh, now(), false);
	IF NOT by_similarity THEN
		RETURN;
	END IF;
	-- what is left to people
	EXECUTE format('DELETE FROM %s.doubtful_pair', m);
	EXECUTE format('DELETE FROM %s.weight_histogram', m);
	EXECUTE format('DELETE FROM %s.record_cluster', m);
	EXECUTE format('INSERT INTO %s.record_cluster (cluster_id, records, links, weakest_left_id, weakest_right_id, weakest_weight, held_by)
		SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)', m) USING run.cluster_ids, run.sizes, run.links, run.weakest_left, run.weakest_right, run.weakest, run.held_by;
	IF split + merged > 0 THEN
		EXECUTE of_which_party INTO placed, parties;
	END IF;
	-- what the next run need not look at
	EXECUTE 'SELECT coalesce(array_agg(c.record_id) FILTER (WHERE NOT c.is_now), ''{}'') AS gone, coalesce(array_agg(c.party_id) FILTER (WHERE NOT c.is_now), ''{}'') AS gone_parties, coalesce(array_agg(c.record_id) FILTER (WHERE c.is_now), ''{}'') AS records,
			coalesce(array_agg(c.cluster_id) FILTER (WHERE c.is_now), ''{}'') AS clusters, coalesce(array_agg(c.party_id) FILTER (WHERE c.is_now), ''{}'') AS parties FROM @extschema@.changed_places($1, $2, $3, $4, $5, $6, $7) c'
		INTO was USING run.record_ids, run.clusters, placed, parties, was.records, was.clusters, was.parties;
	EXECUTE format('DELETE FROM %s.record_place w USING unnest($1, $2) u (record, party) WHERE w.party_id = u.party AND w.source_record_id = u.record', m) USING was.gone, was.gone_parties;
	EXECUTE format('INSERT INTO %s.record_place (party_id, source_record_id, cluster_id) SELECT * FROM unnest($1, $2, $3)', m) USING was.parties, was.records, was.clusters;
	EXECUTE format('UPDATE %s.party_judgement j SET obeyed_at = now() FROM unnest($1, $2) u (l, r) WHERE j.left_id = u.l AND j.right_id = u.r', m) USING told.l, told.r;
	EXECUTE format('INSERT INTO %1$s.resolved_rules AS d (rules) SELECT r.rules FROM (%2$s) r (rules) ON CONFLICT (is_only) DO UPDATE SET rules = excluded.rules WHERE d.rules <> excluded.rules', m, rules);
	EXECUTE format('WITH pair AS MATERIALIZED (SELECT * FROM @extschema@.placed_pairs($1, $2, $3, $4, $5, $6)),
		counted AS (INSERT INTO %1$s.weight_histogram (bits, pairs, one_party) SELECT p.bits, p.pairs, p.one_party FROM pair p WHERE p.left_id IS NULL)
		INSERT INTO %1$s.doubtful_pair (left_record_id, right_record_id, match_weight, match_probability)
		SELECT p.left_id, p.right_id, p.match_weight, p.match_probability FROM pair p WHERE p.left_id IS NOT NULL', m)
		USING run.left_ids, run.right_ids, run.weights, doubt, placed, parties;
END $$;
COMMENT ON FUNCTION @extschema@.regroup(name, bigint[], boolean) IS 'internal: brings parties to what their records say is one; returns the parties taken apart and merged';

CREATE FUNCTION @extschema@.resolve(mart name, OUT records_read bigint, OUT linked bigint, OUT created bigint, OUT merged bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	records bigint[];
	first_time bigint[];
	by_similarity boolean;
BEGIN
	-- one resolve of a mart at a time, and no single merge meanwhile
	PERFORM pg_advisory_xact_lock(@extschema@.mart_lock(mart));
	EXECUTE format('SELECT coalesce(array_agg(r.source_record_id), ''{}''), coalesce(array_agg(r.source_record_id) FILTER (WHERE r.linked_at IS NULL), ''{}''), count(*) FROM %s.source_record r WHERE r.resolved_at IS NULL', m)
		INTO records, first_time, records_read;
	RAISE NOTICE 'resolve: % records to place', records_read;
	PERFORM @extschema@.refresh_statistics(mart);
	PERFORM @extschema@.refresh_record_identity(mart, records);
	PERFORM @extschema@.forget_records(mart);
	EXECUTE format('SELECT count(*) >= min(d.link_min_records) AND min(d.link_threshold) < 1 FROM %1$s.record_identity i, %1$s.datamart d', m) INTO by_similarity;
	merged := 0;
	IF records_read > 0 THEN
		merged := (@extschema@.regroup(mart, records, by_similarity)).merged;
	END IF;
	-- a party is new when resolve placed the first of its records now
	EXECUTE format('SELECT count(*) FROM (SELECT r.party_id FROM %1$s.source_record r WHERE r.party_id IN (SELECT x.party_id FROM unnest($1) n (id) JOIN %1$s.source_record x ON x.source_record_id = n.id)
		GROUP BY r.party_id HAVING bool_and(r.source_record_id = ANY ($2))) p', m) INTO created USING records, first_time;
	linked := records_read - created;
	EXECUTE format('UPDATE %s.source_record r SET resolved_at = now(), linked_at = coalesce(r.linked_at, now()) FROM unnest($1) n (id) WHERE r.source_record_id = n.id AND r.resolved_at IS NULL', m)
		USING records;
END $$;
COMMENT ON FUNCTION @extschema@.resolve(name) IS 'links the records that are new or changed since the last time: parties that share an external key, a canonical e-mail with a name that agrees, or a phone with the same folded name become one, then, from link_min_records records on, those whose records are similar with link_threshold (cluster_records over record_identity, all records anew, so that the order in which they came does not matter). The oldest id lives on and the others lead to it (party_alias). Returns the records read, those that joined other records, the parties that are new, and the parties merged away; read = linked + created. One at a time; two different birth dates are never one party, nor what keep_apart or split_party keeps apart; pairs in doubt go to steward_queue';
