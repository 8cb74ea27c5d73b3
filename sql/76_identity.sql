-- Who is it: the first link between records of several systems. Pairs are found here (exact_pairs: what is surely one), groups are made of
-- them, and 76_merge.sql makes each group one party. Another finder of pairs can take the first place and leave the rest as it is.

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
		bearer AS (
			SELECT k.scheme, k.key_value, k.party_id FROM %1$s.external_key k
			UNION
			SELECT s.key_scheme, r.external_id, r.party_id FROM %1$s.source s JOIN %1$s.source_record r ON r.source_id = s.source_id WHERE s.key_scheme IS NOT NULL),
		shared AS (
			SELECT min(b.party_id) OVER same AS first, b.party_id, count(*) OVER same AS parties
			FROM (SELECT x.*, bool_or(f.party_id IS NOT NULL) OVER (PARTITION BY x.scheme, x.key_value) AS has_fresh
				FROM bearer x LEFT JOIN fresh f ON f.party_id = x.party_id) b
			JOIN %1$s.party p ON p.party_id = b.party_id AND p.kind <> 'unidentified'
			WHERE b.has_fresh
			WINDOW same AS (PARTITION BY b.scheme, b.key_value, p.kind))
		SELECT s.first, s.party_id, 'key'::text, 1
		FROM shared s, %1$s.datamart d WHERE s.party_id <> s.first AND s.parties <= d.max_parties_per_key$q$, m);

	-- one canonical e-mail address, unless it is a role's, a throw-away one, or several people's
	RETURN QUERY EXECUTE format($q$
		WITH fresh AS (SELECT DISTINCT r.party_id FROM %1$s.source_record r WHERE r.resolved_at IS NULL),
		asked AS (SELECT DISTINCT c.value_norm FROM %1$s.contact_point c JOIN fresh f ON f.party_id = c.party_id WHERE c.kind = 'email'),
		holder AS (
			SELECT a.value_norm AS key, p.kind, sum(count(*)) OVER (PARTITION BY a.value_norm) AS holders, array_agg(p.party_id ORDER BY p.party_id) AS parties,
				array_agg(coalesce(@extschema@.fold(p.given_name), '') ORDER BY p.party_id) AS given, array_agg(coalesce(@extschema@.fold(p.family_name), '') ORDER BY p.party_id) AS family,
				array_agg(coalesce(@extschema@.fold(p.legal_name), '') ORDER BY p.party_id) AS legal
			FROM asked a JOIN %1$s.contact_point c ON c.kind = 'email' AND c.value_norm = a.value_norm AND c.status <> 'invalid' JOIN %1$s.party p ON p.party_id = c.party_id
			GROUP BY a.value_norm, p.kind)
		SELECT x.left_id, x.right_id, 'email'::text, CASE WHEN x.agree = 2 THEN 2 ELSE 4 END
		FROM %1$s.datamart d CROSS JOIN holder h CROSS JOIN LATERAL (SELECT (@extschema@.try_email(h.key)).email) e
		CROSS JOIN LATERAL @extschema@.address_pairs(h.kind, h.parties, h.given, h.family, h.legal, d.max_names_per_key) x
		WHERE h.holders > 1 AND h.holders <= d.max_parties_per_key AND cardinality(h.parties) > 1 AND h.kind <> 'unidentified'
			AND NOT coalesce(@extschema@.is_role_address(e.email), true) AND NOT coalesce(@extschema@.is_disposable(e.email), true)$q$, m);

	-- one telephone number under one name: a family name alone is a household's
	RETURN QUERY EXECUTE format($q$
		WITH fresh AS (SELECT DISTINCT r.party_id FROM %1$s.source_record r WHERE r.resolved_at IS NULL),
		asked AS (SELECT DISTINCT c.value_norm FROM %1$s.contact_point c JOIN fresh f ON f.party_id = c.party_id WHERE c.kind = 'phone'),
		candidate AS (
			SELECT a.value_norm AS key, c.party_id, count(*) OVER (PARTITION BY a.value_norm) AS parties
			FROM asked a JOIN %1$s.contact_point c ON c.kind = 'phone' AND c.value_norm = a.value_norm AND c.status <> 'invalid'),
		holder AS MATERIALIZED (
			SELECT c.key, p.kind, p.party_id, @extschema@.name_key(CASE WHEN p.kind = 'person' THEN concat_ws(' ', p.given_name, p.family_name) ELSE p.legal_name END) AS name
			FROM candidate c JOIN %1$s.party p ON p.party_id = c.party_id AND p.kind IN ('person', 'organisation')
			CROSS JOIN %1$s.datamart d WHERE c.parties > 1 AND c.parties <= d.max_parties_per_key),
		named AS (SELECT h.party_id, min(h.party_id) OVER (PARTITION BY h.key, h.kind, h.name) AS first
			FROM holder h WHERE h.name <> '' AND (h.kind <> 'person' OR strpos(h.name, ' ') > 0))
		SELECT n.first, n.party_id, 'phone'::text, 3 FROM named n WHERE n.party_id <> n.first$q$, m);
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
-- be nested loops. Whoever owns the tables need not wait for autovacuum.
CREATE FUNCTION @extschema@.refresh_statistics(mart name) RETURNS integer
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	r record;
	done integer := 0;
BEGIN
	PERFORM @extschema@.require_datamart(mart);
	FOR r IN SELECT c.oid::regclass AS relation FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = mart AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE')
				AND (c.reltuples < 0 OR pg_relation_size(c.oid) > 1.2 * 8192 * c.relpages + 65536) LOOP
		EXECUTE format('ANALYZE %s', r.relation);
		done := done + 1;
	END LOOP;
	RETURN done;
END $$;
COMMENT ON FUNCTION @extschema@.refresh_statistics(name) IS 'gathers the planner''s statistics of those tables of a mart that have none yet or grew by a fifth since; only tables that the caller owns. Returns their number';

CREATE FUNCTION @extschema@.resolve(mart name, OUT records_read bigint, OUT linked bigint, OUT created bigint, OUT merged bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	records bigint[];
	keep bigint[];
	dropped bigint[];
	reasons text[];
BEGIN
	-- one resolve of a mart at a time, and no single merge meanwhile
	PERFORM pg_advisory_xact_lock(@extschema@.mart_lock(mart));
	EXECUTE format('SELECT coalesce(array_agg(r.source_record_id), ''{}''), count(*) FROM %s.source_record r WHERE r.resolved_at IS NULL', m)
		INTO records, records_read;
	RAISE NOTICE 'resolve: % records to place', records_read;
	PERFORM @extschema@.refresh_statistics(mart);
	EXECUTE format($q$
		WITH pair AS MATERIALIZED (SELECT * FROM @extschema@.exact_pairs($1)),
		list AS (SELECT coalesce(array_agg(p.left_id ORDER BY p.rank, p.left_id, p.right_id), '{}') AS l,
				coalesce(array_agg(p.right_id ORDER BY p.rank, p.left_id, p.right_id), '{}') AS r FROM pair p),
		born AS (
			SELECT coalesce(array_agg(p.party_id), '{}') AS id, coalesce(array_agg((p.birth_date - date '2000-01-01')::bigint), '{}') AS day
			FROM %1$s.party p WHERE p.birth_date IS NOT NULL AND p.party_id IN (SELECT x.left_id FROM pair x UNION SELECT x.right_id FROM pair x)),
		apart AS (
			SELECT coalesce(array_agg(coalesce(a.party_id, j.left_id)), '{}') AS l, coalesce(array_agg(coalesce(b.party_id, j.right_id)), '{}') AS r
			FROM %1$s.party_judgement j LEFT JOIN %1$s.party_alias a ON a.old_party_id = j.left_id LEFT JOIN %1$s.party_alias b ON b.old_party_id = j.right_id
			WHERE j.verdict = 'different'),
		grouped AS (SELECT g.member, g.root FROM list, born, apart, @extschema@.connected_groups(list.l, list.r, born.id, born.day, apart.l, apart.r) g WHERE g.member <> g.root),
		why AS (SELECT DISTINCT ON (w.id) w.id, w.reason FROM (
				SELECT p.right_id AS id, p.reason, p.rank FROM pair p UNION ALL SELECT p.left_id, p.reason, p.rank FROM pair p) w ORDER BY w.id, w.rank)
		SELECT coalesce(array_agg(g.root ORDER BY g.member), '{}'), coalesce(array_agg(g.member ORDER BY g.member), '{}'), coalesce(array_agg(w.reason ORDER BY g.member), '{}')
		FROM grouped g JOIN why w ON w.id = g.member$q$, m) INTO keep, dropped, reasons USING mart;
	merged := cardinality(dropped);
	RAISE NOTICE 'resolve: % parties to merge', merged;
	-- a party is new when resolve places the first of its records now
	EXECUTE format($q$
		WITH record AS MATERIALIZED (
			SELECT coalesce(u.keep, r.party_id) AS root, r.source_record_id, r.linked_at FROM %1$s.source_record r LEFT JOIN unnest($1, $2) u (keep, dropped) ON u.dropped = r.party_id
			WHERE r.party_id IN (SELECT x.party_id FROM %1$s.source_record x WHERE x.resolved_at IS NULL UNION ALL SELECT unnest($1) UNION ALL SELECT unnest($2)))
		SELECT count(*) FROM (SELECT FROM record r LEFT JOIN unnest($3) n (id) ON n.id = r.source_record_id GROUP BY r.root HAVING count(n.id) > 0 AND count(r.linked_at) = 0) g$q$, m)
		INTO created USING keep, dropped, records;
	linked := records_read - created;
	PERFORM @extschema@.merge_groups(mart, keep, dropped, reasons, records, now(), false);
	EXECUTE format('UPDATE %s.source_record r SET resolved_at = now(), linked_at = coalesce(r.linked_at, now()) FROM unnest($1) n (id) WHERE r.source_record_id = n.id AND r.resolved_at IS NULL', m)
		USING records;
END $$;
COMMENT ON FUNCTION @extschema@.resolve(name) IS 'links the records that are new or changed since the last time: parties that share an external key, a canonical e-mail with a name that agrees, or a phone with the same folded name become one, the oldest id lives on and the others lead to it (party_alias). Returns the records read, those that joined other records, the parties that are new, and the parties merged away; read = linked + created. One at a time; two different birth dates are never one party, nor what keep_apart or split_party keeps apart';
