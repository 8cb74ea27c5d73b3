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
	IF @extschema@.name_key(ga || ' ' || fa) = @extschema@.name_key(gb || ' ' || fb) THEN
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
		WHEN a = b OR starts_with(a, b || ' ') OR starts_with(b, a || ' ') OR @extschema@.name_key(a) = @extschema@.name_key(b)
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

-- The pairs of parties that are surely one, among those with a record that resolve has not looked at. Parties that share a key are
-- not all paired with each other but with the first of them: the groups come out the same.
CREATE FUNCTION @extschema@.exact_pairs(mart name) RETURNS TABLE (left_id bigint, right_id bigint, reason text, rank integer)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
BEGIN
	-- keys that several sources share
	RETURN QUERY EXECUTE format($q$
		WITH fresh AS (SELECT DISTINCT r.party_id FROM %1$s.source_record r WHERE r.resolved_at IS NULL),
		said AS (
			SELECT k.scheme, k.key_value, k.party_id, k.source_id FROM %1$s.external_key k
			UNION ALL
			SELECT s.key_scheme, r.external_id, r.party_id, s.source_id FROM %1$s.source s JOIN %1$s.source_record r ON r.source_id = s.source_id WHERE s.key_scheme IS NOT NULL),
		bearer AS (	-- a rule for the source goes before one for all
			SELECT k.scheme, k.key_value, k.party_id, max(coalesce(o.max_parties, i.max_parties, d.max_parties_per_key)) AS most, max(coalesce(o.priority, i.priority, 0)) AS priority
			FROM said k CROSS JOIN %1$s.datamart d LEFT JOIN %1$s.identifier_rule i ON i.kind = k.scheme AND i.source_id IS NULL
			LEFT JOIN %1$s.identifier_rule o ON o.kind = k.scheme AND o.source_id = k.source_id
			WHERE NOT EXISTS (SELECT FROM %1$s.blocked_identifier x WHERE x.kind = k.scheme AND x.source_id = k.source_id AND k.key_value LIKE x.value_norm) GROUP BY k.scheme, k.key_value, k.party_id),
		shared AS (
			SELECT b.party_id, p.kind, count(*) OVER (PARTITION BY b.scheme, b.key_value, p.kind) AS parties, b.scheme, b.key_value, b.most, b.priority
			FROM (SELECT x.*, bool_or(f.party_id IS NOT NULL) OVER (PARTITION BY x.scheme, x.key_value) AS has_fresh
				FROM bearer x LEFT JOIN fresh f ON f.party_id = x.party_id) b
			JOIN %1$s.party p ON p.party_id = b.party_id AND p.kind <> 'unidentified'
			WHERE b.has_fresh),
		paired AS (
			SELECT min(s.party_id) OVER same AS first, s.party_id, 1 - max(s.priority) OVER same AS rank
			FROM shared s WHERE s.parties <= s.most AND NOT EXISTS (SELECT FROM %1$s.blocked_identifier x WHERE x.kind = s.scheme AND x.source_id IS NULL AND s.key_value LIKE x.value_norm)
			WINDOW same AS (PARTITION BY s.scheme, s.key_value, s.kind))
		SELECT s.first, s.party_id, 'key'::text, s.rank FROM paired s WHERE s.party_id <> s.first$q$, m);

	-- one canonical e-mail address, unless it is a role's, a throw-away one, or several people's
	RETURN QUERY EXECUTE format($q$
		WITH fresh AS (SELECT DISTINCT r.party_id FROM %1$s.source_record r WHERE r.resolved_at IS NULL),
		asked AS (SELECT DISTINCT c.value_norm FROM %1$s.contact_point c JOIN fresh f ON f.party_id = c.party_id WHERE c.kind = 'email'),
		held AS (
			SELECT a.value_norm AS key, p.kind, p.party_id, c.source_id, p.given_name, p.family_name, p.legal_name, count(*) OVER (PARTITION BY a.value_norm) AS holders,
				coalesce(o.max_parties, i.max_parties, d.max_parties_per_key) AS most, coalesce(o.priority, i.priority, 0) AS priority
			FROM asked a JOIN %1$s.contact_point c ON c.kind = 'email' AND c.value_norm = a.value_norm AND c.status <> 'invalid' JOIN %1$s.party p ON p.party_id = c.party_id
			CROSS JOIN %1$s.datamart d LEFT JOIN %1$s.identifier_rule i ON i.kind = 'email' AND i.source_id IS NULL LEFT JOIN %1$s.identifier_rule o ON o.kind = 'email' AND o.source_id = c.source_id),
		holder AS (
			SELECT p.key, p.kind, max(p.priority) AS priority, array_agg(p.party_id ORDER BY p.party_id) AS parties,
				array_agg(coalesce(@extschema@.fold(p.given_name), '') ORDER BY p.party_id) AS given, array_agg(coalesce(@extschema@.fold(p.family_name), '') ORDER BY p.party_id) AS family,
				array_agg(coalesce(@extschema@.fold(p.legal_name), '') ORDER BY p.party_id) AS legal
			FROM held p WHERE p.holders > 1 AND p.holders <= p.most
				AND NOT EXISTS (SELECT FROM %1$s.blocked_identifier b WHERE b.kind = 'email' AND b.source_id = p.source_id AND p.key LIKE b.value_norm) GROUP BY p.key, p.kind)
		SELECT x.left_id, x.right_id, 'email'::text, CASE WHEN x.agree = 2 THEN 2 ELSE 4 END - h.priority
		FROM %1$s.datamart d CROSS JOIN holder h CROSS JOIN LATERAL (SELECT (@extschema@.try_email(h.key)).email) e
		CROSS JOIN LATERAL @extschema@.address_pairs(h.kind, h.parties, h.given, h.family, h.legal, d.max_names_per_key) x
		WHERE NOT EXISTS (SELECT FROM %1$s.blocked_identifier b WHERE b.kind = 'email' AND b.source_id IS NULL AND h.key LIKE b.value_norm) AND cardinality(h.parties) > 1 AND h.kind <> 'unidentified'
			AND NOT coalesce(@extschema@.is_role_address(e.email), true) AND NOT coalesce(@extschema@.is_disposable(e.email), true)$q$, m);

	-- one telephone number under one name: a family name alone is a household's
	RETURN QUERY EXECUTE format($q$
		WITH fresh AS (SELECT DISTINCT r.party_id FROM %1$s.source_record r WHERE r.resolved_at IS NULL),
		asked AS (SELECT DISTINCT c.value_norm FROM %1$s.contact_point c JOIN fresh f ON f.party_id = c.party_id WHERE c.kind = 'phone'),
		candidate AS (
			SELECT a.value_norm AS key, c.party_id, c.source_id, count(*) OVER (PARTITION BY a.value_norm) AS parties
			FROM asked a JOIN %1$s.contact_point c ON c.kind = 'phone' AND c.value_norm = a.value_norm AND c.status <> 'invalid'),
		holder AS MATERIALIZED (
			SELECT c.key, p.kind, p.party_id, coalesce(o.priority, i.priority, 0) AS priority, @extschema@.name_key(CASE WHEN p.kind = 'person' THEN concat_ws(' ', p.given_name, p.family_name) ELSE p.legal_name END) AS name
			FROM candidate c JOIN %1$s.party p ON p.party_id = c.party_id AND p.kind IN ('person', 'organisation')
			CROSS JOIN %1$s.datamart d LEFT JOIN %1$s.identifier_rule i ON i.kind = 'phone' AND i.source_id IS NULL LEFT JOIN %1$s.identifier_rule o ON o.kind = 'phone' AND o.source_id = c.source_id
			WHERE c.parties > 1 AND c.parties <= coalesce(o.max_parties, i.max_parties, d.max_parties_per_key)
				AND NOT EXISTS (SELECT FROM %1$s.blocked_identifier b WHERE b.kind = 'phone' AND (b.source_id IS NULL OR b.source_id = c.source_id) AND c.key LIKE b.value_norm)),
		named AS (SELECT h.party_id, min(h.party_id) OVER same AS first, 3 - max(h.priority) OVER same AS rank
			FROM holder h WHERE h.name <> '' AND (h.kind <> 'person' OR strpos(h.name, ' ') > 0) WINDOW same AS (PARTITION BY h.key, h.kind, h.name))
		SELECT n.first, n.party_id, 'phone'::text, n.rank FROM named n WHERE n.party_id <> n.first$q$, m);
END $$;
COMMENT ON FUNCTION @extschema@.exact_pairs(name) IS 'the pairs of parties that are surely one, among those with records that resolve has not looked at: a shared external key (rank 1), a canonical e-mail with names that agree (2), a phone with the same folded name (3), an e-mail with a name that says little (4). Role, throw-away and shared addresses are no keys';

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

-- What a record says: by the mapping of its import, or, of a record that was written without one, what its party said before it was merged.
CREATE FUNCTION @extschema@.refresh_record_identity(mart name, records bigint[]) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET datestyle = 'ISO, YMD' SET enable_seqscan FROM CURRENT SET jit = off AS $$
BEGIN
	-- a few records are found by their numbers, whatever the planner makes of it
	PERFORM set_config('enable_seqscan', 'off', true) WHERE cardinality(records) < 10000;
	EXECUTE format($q$
		WITH spec AS MATERIALIZED (	-- once an import; what identify() wrote bears the names of the fields
			SELECT b.import_id, b.m -> 'party' -> 'given_name' AS given_name, b.m -> 'party' -> 'family_name' AS family_name, b.m -> 'party' -> 'maiden_name' AS maiden_name, b.m -> 'party' -> 'birth_date' AS birth_date,
				b.m -> 'party' -> 'sex' AS sex, b.m -> 'party' -> 'legal_name' AS legal_name, b.m -> 'email' AS email, b.m -> 'phone' AS phone, b.a -> 'street' AS street, b.a -> 'postal_code' AS postal_code, b.a -> 'city' AS city, b.a -> 'country' AS country
			FROM (SELECT i.import_id, i.mapping AS m, CASE jsonb_typeof(i.mapping -> 'address') WHEN 'array' THEN i.mapping -> 'address' -> 0 ELSE i.mapping -> 'address' END AS a FROM %1$s.import_batch i
				UNION ALL SELECT NULL, v, v -> 'address' FROM (VALUES ('{"party": {"given_name": "given_name", "family_name": "family_name", "maiden_name": "maiden_name", "birth_date": "birth_date", "sex": "sex", "legal_name": "legal_name"},
					"email": "email", "phone": "phone", "address": {"street": "street", "postal_code": "postal_code", "city": "city", "country": "country"}}'::jsonb)) x (v)) b),
		fresh AS MATERIALIZED (
			SELECT r.source_record_id, r.party_id, r.source_id, r.payload, r.import_id,
				r.payload IS NOT NULL AND (r.import_id IS NOT NULL OR r.payload ?| '{given_name,family_name,legal_name,email,phone}') AS is_mapped
			FROM unnest($1) n (id) JOIN %1$s.source_record r ON r.source_record_id = n.id),
		said AS (
			SELECT f.source_record_id, f.party_id, f.source_id, true AS is_own,
				@extschema@.mapped_text(f.payload, m.given_name) AS given_name, @extschema@.mapped_text(f.payload, m.family_name) AS family_name, @extschema@.mapped_text(f.payload, m.maiden_name) AS maiden_name,
				@extschema@.mapped_text(f.payload, m.birth_date) AS birth_date, @extschema@.mapped_text(f.payload, m.sex) AS sex, @extschema@.mapped_text(f.payload, m.legal_name) AS legal_name,
				@extschema@.mapped_text(f.payload, m.email) AS email, @extschema@.mapped_text(f.payload, m.phone) AS phone, @extschema@.mapped_text(f.payload, m.phone, 1) AS other_phone,
				@extschema@.mapped_text(f.payload, m.street) AS street, @extschema@.mapped_text(f.payload, m.postal_code) AS postal_code, @extschema@.mapped_text(f.payload, m.city) AS city, @extschema@.mapped_text(f.payload, m.country) AS country
			FROM fresh f JOIN spec m ON coalesce(m.import_id, 0) = coalesce(f.import_id, 0) WHERE f.is_mapped
			UNION ALL
			SELECT f.source_record_id, f.party_id, f.source_id, NOT EXISTS (SELECT FROM %1$s.source_record o WHERE o.party_id = f.party_id AND o.source_record_id <> f.source_record_id),
				p.given_name, p.family_name, p.maiden_name, p.birth_date::text, p.sex, p.legal_name, e.value, n.phones[1], n.phones[2], a.street, a.postal_code, a.city, a.country
			FROM fresh f JOIN %1$s.party p ON p.party_id = f.party_id
			LEFT JOIN LATERAL (SELECT c.value FROM %1$s.contact_point c WHERE c.party_id = f.party_id AND c.kind = 'email' ORDER BY c.is_primary DESC, c.contact_point_id LIMIT 1) e ON true
			LEFT JOIN LATERAL (SELECT array_agg(c.value_norm ORDER BY c.is_primary DESC, c.contact_point_id) AS phones FROM %1$s.contact_point c WHERE c.party_id = f.party_id AND c.kind = 'phone') n ON true
			LEFT JOIN LATERAL (SELECT c.street, c.postal_code, c.city, c.country FROM %1$s.contact_point c WHERE c.party_id = f.party_id AND c.kind = 'postal' ORDER BY c.is_primary DESC, c.contact_point_id LIMIT 1) a ON true
			WHERE NOT f.is_mapped)
		INSERT INTO %1$s.record_identity AS i (source_record_id, origin_id, source_id, given_name, family_name, maiden_name, birth_date, sex, legal_name, email, phone, other_phone, street, postal_code, city, country)
		SELECT s.source_record_id, s.party_id, s.source_id, s.given_name, s.family_name, s.maiden_name, s.birth_date, s.sex, s.legal_name, s.email, s.phone, s.other_phone, s.street, s.postal_code, s.city, s.country
		FROM said s WHERE s.is_own OR NOT EXISTS (SELECT FROM %1$s.record_identity x WHERE x.source_record_id = s.source_record_id)
		ON CONFLICT (source_record_id) DO UPDATE SET given_name = excluded.given_name, family_name = excluded.family_name, maiden_name = excluded.maiden_name, birth_date = excluded.birth_date, sex = excluded.sex,
			legal_name = excluded.legal_name, email = excluded.email, phone = excluded.phone, other_phone = excluded.other_phone, street = excluded.street, postal_code = excluded.postal_code, city = excluded.city, country = excluded.country$q$, quote_ident(mart))
		USING records;
END $$;
COMMENT ON FUNCTION @extschema@.refresh_record_identity(name, bigint[]) IS 'internal: writes to record_identity what records say';

CREATE FUNCTION @extschema@.record_identity_columns() RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN '{"given_name": "given_name", "family_name": "family_name", "maiden_name": "maiden_name", "birth_date": "date", "sex": "sex", "legal_name": "organisation_name", "email": "email",
		"phone": "phone", "other_phone": "phone", "street": "address", "postal_code": "postal_code", "city": "city", "country": "country", "source_id": "source"}'::jsonb;
COMMENT ON FUNCTION @extschema@.record_identity_columns() IS 'the columns of record_identity and their kinds, for link_records and its like over a datamart''s records';

-- Groups of pairs of parties, without what keeps them apart, as three arrays for merge_groups.
CREATE FUNCTION @extschema@.groups_to_merge(mart name, left_ids bigint[], right_ids bigint[], reasons text[], ranks integer[], OUT keep bigint[], OUT dropped bigint[], OUT why text[])
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
BEGIN
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

CREATE FUNCTION @extschema@.exact_groups(mart name, OUT keep bigint[], OUT dropped bigint[], OUT why text[])
	LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
	SELECT g.keep, g.dropped, g.why
	FROM (SELECT coalesce(array_agg(p.left_id), '{}') AS l, coalesce(array_agg(p.right_id), '{}') AS r, coalesce(array_agg(p.reason), '{}') AS reason, coalesce(array_agg(p.rank), '{}') AS rank FROM @extschema@.exact_pairs(mart) p) x
	CROSS JOIN LATERAL @extschema@.groups_to_merge(mart, x.l, x.r, x.reason, x.rank) g $$;
COMMENT ON FUNCTION @extschema@.exact_groups(name) IS 'internal: what exact_pairs makes one, as three arrays for merge_groups';

-- All records are clustered anew, so that the outcome does not depend on the order in which they came. Parties that hold several clusters,
-- and were made by similarity in part, are looked at record by record: what hangs together neither by this run's clusters nor by an e-mail,
-- a phone, a key or a person's word, is taken apart, and its keys are followed again.
CREATE FUNCTION @extschema@.unlike_aliases(mart name, records bigint[], clusters bigint[], OUT aliases bigint[], OUT origins bigint[])
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := quote_ident(mart);
	parties bigint[];
BEGIN
	EXECUTE format($q$
		SELECT coalesce(array_agg(x.party_id), '{}') FROM (
			SELECT r.party_id FROM unnest($1, $2) c (record, cluster) JOIN %1$s.source_record r ON r.source_record_id = c.record GROUP BY r.party_id HAVING min(c.cluster) <> max(c.cluster)) x
		WHERE EXISTS (SELECT FROM %1$s.party_alias a WHERE a.party_id = x.party_id AND a.reason = 'similar')$q$, m) INTO parties USING records, clusters;
	EXECUTE format($q$
		WITH RECURSIVE member AS MATERIALIZED (
			SELECT r.party_id, p.kind, i.*, c.cluster, (SELECT CASE WHEN t.email IS NULL THEN NULL WHEN d.email_rules IS NULL THEN @extschema@.canonical(t.email) ELSE @extschema@.canonical(t.email, d.email_rules) END FROM @extschema@.try_email(i.email) t) AS mail,
				@extschema@.name_key(CASE WHEN p.kind = 'person' THEN concat_ws(' ', i.given_name, i.family_name) ELSE i.legal_name END) AS name
			FROM %1$s.datamart d, unnest($1, $2) c (record, cluster) JOIN %1$s.source_record r ON r.source_record_id = c.record AND r.party_id = ANY ($3)
			JOIN %1$s.party p ON p.party_id = r.party_id JOIN %1$s.record_identity i ON i.source_record_id = c.record),
		number AS (SELECT b.party_id, b.origin_id, b.name, t.phone::text AS phone FROM %1$s.datamart d, member b CROSS JOIN LATERAL unnest(ARRAY[b.phone, b.other_phone]) u (n) CROSS JOIN LATERAL @extschema@.try_phone(u.n, d.default_phone_region) t
			WHERE t.phone IS NOT NULL AND b.name <> '' AND (b.kind <> 'person' OR strpos(b.name, ' ') > 0)),
		edge AS (
			SELECT b.origin_id AS l, min(b.origin_id) OVER (PARTITION BY b.party_id, b.cluster) AS r FROM member b
			UNION
			SELECT x.left_id, x.right_id FROM (
				SELECT b.kind, array_agg(b.origin_id ORDER BY b.origin_id) AS ids, array_agg(coalesce(@extschema@.fold(b.given_name), '') ORDER BY b.origin_id) AS given,
					array_agg(coalesce(@extschema@.fold(b.family_name), '') ORDER BY b.origin_id) AS family, array_agg(coalesce(@extschema@.fold(b.legal_name), '') ORDER BY b.origin_id) AS legal
				FROM member b WHERE b.mail IS NOT NULL GROUP BY b.party_id, b.kind, b.mail) h CROSS JOIN %1$s.datamart d
			CROSS JOIN LATERAL @extschema@.address_pairs(h.kind, h.ids, h.given, h.family, h.legal, d.max_names_per_key) x
			UNION
			SELECT n.origin_id, min(n.origin_id) OVER (PARTITION BY n.party_id, n.phone, n.name) FROM number n
			UNION
			SELECT a.old_party_id, a.merged_into FROM %1$s.party_alias a WHERE a.party_id = ANY ($3) AND a.reason IS DISTINCT FROM 'similar' AND a.reason IS DISTINCT FROM 'email' AND a.reason IS DISTINCT FROM 'phone'),
		part AS MATERIALIZED (SELECT g.member, g.root FROM (SELECT array_agg(e.l) AS l, array_agg(e.r) AS r FROM edge e) e CROSS JOIN LATERAL @extschema@.connected_groups(e.l, e.r) g),
		outside AS MATERIALIZED (
			SELECT DISTINCT b.party_id, b.origin_id FROM member b JOIN part x ON x.member = b.origin_id LEFT JOIN part y ON y.member = b.party_id
			JOIN (SELECT q.party_id, min(z.root) AS root FROM member q JOIN part z ON z.member = q.origin_id GROUP BY q.party_id) w ON w.party_id = b.party_id
			WHERE x.root IS DISTINCT FROM coalesce(y.root, w.root)),
		way AS (	-- from each of them up to the party
			SELECT o.origin_id AS node FROM outside o WHERE o.origin_id <> o.party_id
			UNION
			SELECT a.merged_into FROM way w JOIN %1$s.party_alias a ON a.old_party_id = w.node)
		SELECT coalesce((SELECT array_agg(a.old_party_id ORDER BY a.merge_id DESC, a.old_party_id) FROM %1$s.party_alias a JOIN way w ON w.node = a.old_party_id WHERE a.reason IN ('similar', 'email', 'phone')), '{}'),
			coalesce((SELECT array_agg(DISTINCT o.origin_id) FROM outside o), '{}')$q$, m) INTO aliases, origins USING records, clusters, parties;
END $$;
COMMENT ON FUNCTION @extschema@.unlike_aliases(name, bigint[], bigint[]) IS 'internal: merges by resolve that the clusters of records no longer bear out, latest first, and the parties of the records that do not belong';

CREATE FUNCTION @extschema@.resolve_similar(mart name, OUT split bigint, OUT merged bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := quote_ident(mart);
	records bigint[];
	clusters bigint[];
	placed bigint[];
	parties bigint[];
	of_which_party text := format('SELECT coalesce(array_agg(r.source_record_id), ''{}''), coalesce(array_agg(r.party_id), ''{}'') FROM %s.source_record r', m);
	fresh bigint[];
	alias bigint;
	is_alias boolean;
	u record;
	g record;
	pairs record;
	run record;
	threshold float8;
	doubt float8;
BEGIN
	EXECUTE format('SELECT d.link_threshold, d.doubt_threshold FROM %s.datamart d', m) INTO threshold, doubt;
	-- one run gives the clusters, the pairs for people to look at, and what holds each cluster together
	run := @extschema@.resolve_records(format('%I.record_identity', mart)::regclass, 'source_record_id', @extschema@.record_identity_columns(), threshold, NULL, NULL, least(doubt, 0.01));
	-- where parties and clusters are the same nothing is to be done: what follows looks at the others alone
	EXECUTE of_which_party INTO placed, parties;
	SELECT coalesce(array_agg(c.record_id), '{}'), coalesce(array_agg(c.cluster_id), '{}') INTO records, clusters FROM @extschema@.mixed_records(run.record_ids, run.clusters, placed, parties) c;
	u := @extschema@.unlike_aliases(mart, records, clusters);
	split := 0;
	merged := 0;
	FOREACH alias IN ARRAY u.aliases LOOP
		EXECUTE format('SELECT EXISTS (SELECT FROM %s.party_alias a WHERE a.old_party_id = $1)', m) INTO is_alias USING alias;
		IF is_alias THEN
			PERFORM @extschema@.split_off(mart, alias, 'no longer similar', false);
			split := split + 1;
		END IF;
	END LOOP;
	IF split > 0 THEN
		EXECUTE format('WITH n AS (UPDATE %1$s.source_record r SET resolved_at = NULL FROM %1$s.record_identity i WHERE i.source_record_id = r.source_record_id AND i.origin_id = ANY ($1 || $2) RETURNING r.source_record_id)
			SELECT array_agg(n.source_record_id) FROM n', m) INTO fresh USING u.aliases, u.origins;
		g := @extschema@.exact_groups(mart);
		merged := cardinality(g.dropped);
		PERFORM @extschema@.merge_groups(mart, g.keep, g.dropped, g.why, fresh, now(), false);
		EXECUTE format('UPDATE %s.source_record r SET resolved_at = now() WHERE r.source_record_id = ANY ($1) AND r.resolved_at IS NULL', m) USING fresh;
	END IF;
	EXECUTE format($q$
		WITH placed AS (
			SELECT DISTINCT c.cluster, r.party_id, p.kind FROM unnest($1, $2) c (record, cluster) JOIN %1$s.source_record r ON r.source_record_id = c.record
			JOIN %1$s.party p ON p.party_id = r.party_id AND p.kind IN ('person', 'organisation')),
		star AS (SELECT min(x.party_id) OVER (PARTITION BY x.cluster, x.kind) AS l, x.party_id AS r FROM placed x)
		SELECT coalesce(array_agg(s.l), '{}') AS l, coalesce(array_agg(s.r), '{}') AS r FROM star s WHERE s.l <> s.r$q$, m) INTO pairs USING records, clusters;
	g := @extschema@.groups_to_merge(mart, pairs.l, pairs.r, array_fill('similar'::text, ARRAY[cardinality(pairs.l)]), array_fill(5, ARRAY[cardinality(pairs.l)]));
	merged := merged + cardinality(g.dropped);
	PERFORM @extschema@.merge_groups(mart, g.keep, g.dropped, g.why, '{}', now(), false);
	-- what is left to people
	EXECUTE format('DELETE FROM %s.doubtful_pair', m);
	EXECUTE format('DELETE FROM %s.weight_histogram', m);
	EXECUTE format('DELETE FROM %s.record_cluster', m);
	EXECUTE format('INSERT INTO %s.record_cluster (cluster_id, records, links, weakest_left_id, weakest_right_id, weakest_weight, held_by)
		SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)', m) USING run.cluster_ids, run.sizes, run.links, run.weakest_left, run.weakest_right, run.weakest, run.held_by;
	IF split + merged > 0 THEN
		EXECUTE of_which_party INTO placed, parties;
	END IF;
	EXECUTE format('WITH pair AS MATERIALIZED (SELECT * FROM @extschema@.placed_pairs($1, $2, $3, $4, $5, $6)),
		counted AS (INSERT INTO %1$s.weight_histogram (bits, pairs, one_party) SELECT p.bits, p.pairs, p.one_party FROM pair p WHERE p.left_id IS NULL)
		INSERT INTO %1$s.doubtful_pair (left_record_id, right_record_id, match_weight, match_probability)
		SELECT p.left_id, p.right_id, p.match_weight, p.match_probability FROM pair p WHERE p.left_id IS NOT NULL', m)
		USING run.left_ids, run.right_ids, run.weights, doubt, placed, parties;
END $$;
COMMENT ON FUNCTION @extschema@.resolve_similar(name) IS 'internal: the second half of resolve, by similarity of all records; returns the parties taken apart and merged';

CREATE FUNCTION @extschema@.resolve(mart name, OUT records_read bigint, OUT linked bigint, OUT created bigint, OUT merged bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	records bigint[];
	first_time bigint[];
	g record;
	alike record;
	by_similarity boolean;
BEGIN
	-- one resolve of a mart at a time, and no single merge meanwhile
	PERFORM pg_advisory_xact_lock(@extschema@.mart_lock(mart));
	EXECUTE format('SELECT coalesce(array_agg(r.source_record_id), ''{}''), coalesce(array_agg(r.source_record_id) FILTER (WHERE r.linked_at IS NULL), ''{}''), count(*) FROM %s.source_record r WHERE r.resolved_at IS NULL', m)
		INTO records, first_time, records_read;
	RAISE NOTICE 'resolve: % records to place', records_read;
	PERFORM @extschema@.refresh_statistics(mart);
	PERFORM @extschema@.refresh_record_identity(mart, records);
	g := @extschema@.exact_groups(mart);
	merged := cardinality(g.dropped);
	RAISE NOTICE 'resolve: % parties to merge by keys', merged;
	PERFORM @extschema@.merge_groups(mart, g.keep, g.dropped, g.why, records, now(), false);
	EXECUTE format('SELECT count(*) >= min(d.link_min_records) AND min(d.link_threshold) < 1 FROM %1$s.record_identity i, %1$s.datamart d', m) INTO by_similarity;
	IF by_similarity AND records_read > 0 THEN
		alike := @extschema@.resolve_similar(mart);
		RAISE NOTICE 'resolve: % parties merged by similarity, % taken apart', alike.merged, alike.split;
		merged := merged + alike.merged;
	END IF;
	-- a party is new when resolve placed the first of its records now
	EXECUTE format('SELECT count(*) FROM (SELECT r.party_id FROM %1$s.source_record r WHERE r.party_id IN (SELECT x.party_id FROM unnest($1) n (id) JOIN %1$s.source_record x ON x.source_record_id = n.id)
		GROUP BY r.party_id HAVING bool_and(r.source_record_id = ANY ($2))) p', m) INTO created USING records, first_time;
	linked := records_read - created;
	EXECUTE format('UPDATE %s.source_record r SET resolved_at = now(), linked_at = coalesce(r.linked_at, now()) FROM unnest($1) n (id) WHERE r.source_record_id = n.id AND r.resolved_at IS NULL', m)
		USING records;
END $$;
COMMENT ON FUNCTION @extschema@.resolve(name) IS 'links the records that are new or changed since the last time: parties that share an external key, a canonical e-mail with a name that agrees, or a phone with the same folded name become one, then, from link_min_records records on, those whose records are similar with link_threshold (cluster_records over record_identity, all records anew, so that the order in which they came does not matter). The oldest id lives on and the others lead to it (party_alias). Returns the records read, those that joined other records, the parties that are new, and the parties merged away; read = linked + created. One at a time; two different birth dates are never one party, nor what keep_apart or split_party keeps apart; pairs in doubt go to steward_queue';
