-- Parties that are one become one: what is known of both stays, facts follow in the same transaction, the most restrictive consent wins,
-- the id that goes leads to the one that lives (party_alias). Each step notes in party_undo what takes it back; 76_split.sql does so.

CREATE FUNCTION @extschema@.mart_lock(mart name) RETURNS bigint
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN (SELECT hashtextextended('crmseg.mart', n.oid::bigint) FROM pg_namespace n WHERE n.nspname = mart);
END $$;
COMMENT ON FUNCTION @extschema@.mart_lock(name) IS 'internal: the advisory lock of a mart, exclusive for resolve, shared for single merges';

CREATE FUNCTION @extschema@.run_kept(sql text, VARIADIC args "any") RETURNS record
	AS 'MODULE_PATHNAME', 'crmseg_run_kept' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION @extschema@.run_kept(text, VARIADIC "any") IS 'internal: runs a statement with its arguments, which have a type, and the rights of the caller; returns its first row, NULL when it has none. Its plan is kept for the session under its text while the arrays among the arguments are short';

CREATE FUNCTION @extschema@.row_image(record) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'crmseg_row_image' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.row_image(record) IS 'internal: a row as a JSON object for jsonb_populate_record; computed columns are left out, NULLs too where they are the default';

CREATE FUNCTION @extschema@.row_difference(record, record) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'crmseg_row_difference' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.row_difference(record, record) IS 'internal: the columns of a row in which another row of the same type differs, as a JSON object. 42804 for rows of two types';

CREATE FUNCTION @extschema@.first_known_step(anyelement, anyelement) RETURNS anyelement
	AS 'MODULE_PATHNAME', 'crmseg_first_known' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.first_known_step(anyelement, anyelement) IS 'internal: transition of first_known';
CREATE AGGREGATE @extschema@.first_known(anyelement) (SFUNC = @extschema@.first_known_step, STYPE = anyelement, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.first_known(anyelement) IS 'the first value that is not NULL, in the order of the input';

CREATE FUNCTION @extschema@.move_rows(party oid, relation oid, attnum smallint, keep bigint[], dropped bigint[], merge_ids bigint[], undo oid, fresh bigint[]) RETURNS void
	AS 'MODULE_PATHNAME', 'crmseg_move_rows' LANGUAGE C STRICT SET search_path = pg_catalog, pg_temp SET row_security = off SET enable_mergejoin = off;
COMMENT ON FUNCTION @extschema@.move_rows(oid, oid, smallint, bigint[], bigint[], bigint[], oid, bigint[]) IS 'internal: rows of one table follow a merge, which is noted in undo unless that is 0';

CREATE FUNCTION @extschema@.drop_parties(party oid, dropped bigint[], merge_ids bigint[], undo oid) RETURNS bigint
	AS 'MODULE_PATHNAME', 'crmseg_drop_parties' LANGUAGE C STRICT SET search_path = pg_catalog, pg_temp SET row_security = off;
COMMENT ON FUNCTION @extschema@.drop_parties(oid, bigint[], bigint[], oid) IS 'internal: parties whose rows have moved go, with what ON DELETE CASCADE takes along, which is noted in undo unless that is 0; returns their number';

-- Rows that refer to a party by a foreign key follow it, the user's own tables included. Where the key of a table holds the party and the
-- party that lives has such a row already, the row is left behind: its foreign key says what becomes of it (ON DELETE CASCADE: it goes).
CREATE FUNCTION @extschema@.move_references(party oid, keep bigint[], dropped bigint[], merge_ids bigint[], undo oid, fresh bigint[]) RETURNS void
	AS 'MODULE_PATHNAME', 'crmseg_move_references' LANGUAGE C STRICT SET search_path = pg_catalog, pg_temp SET row_security = off SET enable_mergejoin = off;
COMMENT ON FUNCTION @extschema@.move_references(oid, bigint[], bigint[], bigint[], oid, bigint[]) IS 'internal: lets every table that refers to a party by a foreign key, or by a column in party_key, follow a merge';

-- Contact points: the same address twice becomes one, with the worse news; the pairs (lost, survivor) are what consents must follow.
CREATE FUNCTION @extschema@.merge_contact_points(mart name, keep bigint[], dropped bigint[], merge_ids bigint[], OUT lost bigint[], OUT survivor bigint[])
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := quote_ident(mart);
	r record;
BEGIN
	-- one primary of a kind stays: that of the party that lives, else the oldest party's
	r := @extschema@.run_kept(format($q$
		WITH held AS MATERIALIZED (
			SELECT m.keep, m.merge_id, c.party_id, c.contact_point_id, c.status, c.verified_at, c.valid, c.is_primary AS was_primary,
				c.is_primary AND row_number() OVER (PARTITION BY m.keep, c.kind, c.is_primary ORDER BY c.party_id <> m.keep, c.party_id) = 1 AS is_primary,
				count(*) OVER (PARTITION BY m.keep, c.kind, c.value_norm) AS times,
				row_number() OVER same AS place, first_value(c.party_id) OVER same AS survivor_party, first_value(c.contact_point_id) OVER same AS survivor
			FROM (SELECT u.keep, u.dropped AS id, u.merge_id FROM unnest($1, $2, $3) u (keep, dropped, merge_id) UNION SELECT u.keep, u.keep, u.merge_id FROM unnest($1, $3) u (keep, merge_id)) m
			JOIN %1$s.contact_point c ON c.party_id = m.id
			WINDOW same AS (PARTITION BY m.keep, c.kind, c.value_norm ORDER BY c.party_id <> m.keep, c.party_id, c.contact_point_id)),
		gone AS (
			DELETE FROM %1$s.contact_point c USING held h
			WHERE h.place > 1 AND c.party_id = h.party_id AND c.contact_point_id = h.contact_point_id
			RETURNING h.merge_id, h.party_id, c.contact_point_id AS lost, h.survivor, @extschema@.row_image(c) AS was),
		becomes AS MATERIALIZED (
			SELECT h.keep, h.merge_id, h.survivor_party AS party_id, h.survivor AS contact_point_id,
				(array_agg(h.status ORDER BY array_position('{opted_out,invalid,bounced,valid,unverified}'::text[], h.status)))[1] AS status,
				max(h.verified_at) AS verified_at, range_merge(range_agg(h.valid)) AS valid, bool_or(h.is_primary) AS is_primary,
				@extschema@.first_known(h.status) FILTER (WHERE h.place = 1) AS old_status, @extschema@.first_known(h.verified_at) FILTER (WHERE h.place = 1) AS old_verified_at,
				@extschema@.first_known(h.valid) FILTER (WHERE h.place = 1) AS old_valid, bool_or(h.was_primary) FILTER (WHERE h.place = 1) AS old_primary
			FROM held h WHERE h.times > 1 GROUP BY h.keep, h.merge_id, h.survivor_party, h.survivor
			UNION ALL
			SELECT h.keep, h.merge_id, h.party_id, h.contact_point_id, h.status, h.verified_at, h.valid, h.is_primary, h.status, h.verified_at, h.valid, h.was_primary
			FROM held h WHERE h.times = 1 AND h.party_id <> h.keep),
		-- the count lets those that go do so first: two rows cannot be one address of a party
		stays AS (
			UPDATE %1$s.contact_point c SET party_id = b.keep, status = b.status, verified_at = b.verified_at, valid = b.valid, is_primary = b.is_primary
			FROM becomes b WHERE c.party_id = b.party_id AND c.contact_point_id = b.contact_point_id
				AND (b.party_id <> b.keep OR (b.status, b.verified_at, b.valid, b.is_primary) IS DISTINCT FROM (b.old_status, b.old_verified_at, b.old_valid, b.old_primary))
				AND (SELECT count(*) FROM gone) >= 0
			RETURNING b.*, (b.status, b.verified_at, b.valid, b.is_primary) IS NOT DISTINCT FROM (b.old_status, b.old_verified_at, b.old_valid, b.old_primary) AS only_moved),
		noted AS (
			INSERT INTO %1$s.party_undo (merge_id, relation, party_id, moved, before, after)
			SELECT g.merge_id, %2$s::regclass, g.party_id, NULL::jsonb, g.was, NULL::jsonb FROM gone g
			UNION ALL
			SELECT s.merge_id, %2$s::regclass, s.party_id, jsonb_agg(s.contact_point_id), NULL, NULL FROM stays s WHERE s.only_moved GROUP BY s.merge_id, s.party_id
			UNION ALL
			SELECT s.merge_id, %2$s::regclass, s.party_id, to_jsonb(s.contact_point_id),
				jsonb_build_object('party_id', s.party_id, 'status', s.old_status, 'verified_at', s.old_verified_at, 'valid', s.old_valid, 'is_primary', s.old_primary),
				jsonb_build_object('party_id', s.keep, 'status', s.status, 'verified_at', s.verified_at, 'valid', s.valid, 'is_primary', s.is_primary)
			FROM stays s WHERE NOT s.only_moved)
		SELECT coalesce(array_agg(g.lost), '{}') AS lost, coalesce(array_agg(g.survivor), '{}') AS survivor FROM gone g$q$, m, format('%I.contact_point', mart)::regclass::oid), keep, dropped, merge_ids);
	lost := r.lost;
	survivor := r.survivor;
END $$;
COMMENT ON FUNCTION @extschema@.merge_contact_points(name, bigint[], bigint[], bigint[]) IS 'internal: contact points follow a merge, without repeats; returns which one stands for each that went';

-- Consents: in each instant the most restrictive statement stays (withdrawn, then denied, then granted; among equals the later one), the
-- others keep the rest of their period. Those of the party that lives are touched only where another's speaks of the same.
CREATE FUNCTION @extschema@.merge_consents(mart name, keep bigint[], dropped bigint[], merge_ids bigint[], lost bigint[], survivor bigint[]) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := quote_ident(mart);
	own text[];		-- the columns that stay as they are, the user's own included
BEGIN
	SELECT array_agg(quote_ident(a.attname) ORDER BY a.attnum) INTO own
	FROM pg_attribute a WHERE a.attrelid = format('%I.consent', mart)::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
		AND a.attname NOT IN ('party_id', 'contact_point_id', 'valid');
	PERFORM @extschema@.run_kept(format($q$
		WITH came AS (
			DELETE FROM %1$s.consent c USING unnest($1, $2, $3) m (keep, dropped, merge_id) WHERE c.party_id = m.dropped
			RETURNING m.keep, m.merge_id, @extschema@.row_image(c) AS was, c.*),
		placed AS MATERIALIZED (
			SELECT g.*, coalesce(l.survivor, g.contact_point_id) AS point
			FROM came g LEFT JOIN unnest($4, $5) l (lost, survivor) ON l.lost = g.contact_point_id AND g.contact_point_id <> 0),
		met AS (
			DELETE FROM %1$s.consent c USING (SELECT DISTINCT p.keep, p.merge_id, p.purpose, p.channel_id, p.point FROM placed p) p
			WHERE c.party_id = p.keep AND c.purpose = p.purpose AND c.channel_id = p.channel_id AND c.contact_point_id = p.point
			RETURNING p.keep, p.merge_id, @extschema@.row_image(c) AS was, c.*),
		said AS MATERIALIZED (
			SELECT g.*, row_number() OVER (ORDER BY array_position('{granted,denied,withdrawn}'::text[], g.status), g.captured_at, g.party_id, lower(g.valid)) AS weight
			FROM (SELECT p.* FROM placed p UNION ALL SELECT t.*, t.contact_point_id FROM met t) g),
		rest AS (
			SELECT s.weight, tstzmultirange(s.valid) - coalesce(range_agg(o.valid), '{}'::tstzmultirange) AS valid
			FROM said s LEFT JOIN said o ON o.keep = s.keep AND o.purpose = s.purpose AND o.channel_id = s.channel_id AND o.point = s.point AND o.weight > s.weight AND o.valid && s.valid
			GROUP BY s.weight, s.valid),
		made AS (
			INSERT INTO %1$s.consent AS n (party_id, contact_point_id, valid, %2$s)
			SELECT s.keep, s.point, r.period, s.%3$s
			FROM (SELECT x.weight, unnest(x.valid) AS period FROM rest x) r JOIN said s ON s.weight = r.weight
			ORDER BY hashint8(s.keep)	-- rising keys always split the last page of the gist index, and badly
			RETURNING n.party_id, @extschema@.row_image(n) AS is)
		INSERT INTO %1$s.party_undo (merge_id, relation, party_id, before, after)
		SELECT s.merge_id, %4$s::regclass, s.party_id, s.was, NULL::jsonb FROM said s
		UNION ALL
		SELECT u.merge_id, %4$s::regclass, d.party_id, NULL, d.is FROM made d JOIN (SELECT DISTINCT k, i FROM unnest($1, $3) x (k, i)) u (keep, merge_id) ON u.keep = d.party_id$q$,
		m, array_to_string(own, ', '), array_to_string(own, ', s.'), format('%I.consent', mart)::regclass::oid), keep, dropped, merge_ids, lost, survivor);
END $$;
COMMENT ON FUNCTION @extschema@.merge_consents(name, bigint[], bigint[], bigint[], bigint[], bigint[]) IS 'internal: consents follow a merge, the most restrictive one wins in each instant and none overlap';

-- Relations: each end follows by itself. Where the same relation would then stand twice, or a party be related to itself, one stays, the
-- others keep the rest of their period.
CREATE FUNCTION @extschema@.merge_relations(mart name, keep bigint[], dropped bigint[], merge_ids bigint[]) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := quote_ident(mart);
	there record;
	own text[];
BEGIN
	there := @extschema@.run_kept(format('SELECT EXISTS (SELECT FROM %1$s.party_relation r WHERE r.party_id = ANY ($1)) OR EXISTS (SELECT FROM %1$s.party_relation r WHERE r.related_id = ANY ($1)) AS any', m), dropped);
	IF NOT there.any THEN
		RETURN;
	END IF;
	SELECT array_agg(quote_ident(a.attname) ORDER BY a.attnum) INTO own
	FROM pg_attribute a WHERE a.attrelid = format('%I.party_relation', mart)::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
		AND a.attname NOT IN ('party_id', 'party_relation_id', 'related_id', 'valid');
	PERFORM @extschema@.run_kept(format($q$
		WITH moved AS MATERIALIZED (SELECT u.keep, u.dropped AS id, u.merge_id FROM unnest($1, $2, $3) u (keep, dropped, merge_id)),
		touched AS MATERIALIZED (
			SELECT r.party_relation_id, r.kind, r.valid, coalesce(a.keep, r.party_id) AS one, coalesce(b.keep, r.related_id) AS other, coalesce(a.merge_id, b.merge_id) AS merge_id
			FROM %1$s.party_relation r LEFT JOIN moved a ON a.id = r.party_id LEFT JOIN moved b ON b.id = r.related_id
			WHERE a.id IS NOT NULL OR b.id IS NOT NULL),
		crowd AS MATERIALIZED (	-- relations that will be the same ones
			SELECT t.one, t.other, t.kind, min(t.merge_id) AS merge_id FROM touched t
			GROUP BY t.one, t.other, t.kind
			HAVING t.one = t.other OR count(*) > 1 OR EXISTS (SELECT FROM %1$s.party_relation r WHERE r.party_id = t.one AND r.related_id = t.other AND r.kind = t.kind)),
		gone AS (
			DELETE FROM %1$s.party_relation r USING (
				SELECT t.party_relation_id, c.one, c.other, c.merge_id FROM touched t JOIN crowd c ON c.one = t.one AND c.other = t.other AND c.kind = t.kind
				UNION
				SELECT r.party_relation_id, c.one, c.other, c.merge_id FROM crowd c JOIN %1$s.party_relation r ON r.party_id = c.one AND r.related_id = c.other AND r.kind = c.kind) c
			WHERE r.party_relation_id = c.party_relation_id RETURNING c.merge_id, c.one, c.other, @extschema@.row_image(r) AS was, r.*),
		said AS MATERIALIZED (
			SELECT g.*, row_number() OVER (ORDER BY g.party_id DESC, g.related_id DESC, lower(g.valid)) AS weight FROM gone g),
		rest AS (
			SELECT s.weight, datemultirange(s.valid) - coalesce(range_agg(o.valid), '{}'::datemultirange) AS valid
			FROM said s LEFT JOIN said o ON o.one = s.one AND o.other = s.other AND o.kind = s.kind AND o.weight > s.weight AND o.valid && s.valid
			WHERE s.one <> s.other GROUP BY s.weight, s.valid),
		made AS (
			INSERT INTO %1$s.party_relation AS n (party_id, related_id, valid, %2$s)
			SELECT s.one, s.other, r.period, s.%3$s
			FROM (SELECT x.weight, unnest(x.valid) AS period FROM rest x) r JOIN said s ON s.weight = r.weight ORDER BY s.weight, r.period
			RETURNING n.party_id, n.related_id, @extschema@.row_image(n) AS is),
		noted AS (
			INSERT INTO %1$s.party_undo (merge_id, relation, party_id, before, after)
			SELECT s.merge_id, %4$s::regclass, s.party_id, s.was, NULL::jsonb FROM said s
			UNION ALL
			SELECT coalesce((SELECT max(v.merge_id) FROM moved v WHERE v.keep = d.party_id), (SELECT max(v.merge_id) FROM moved v WHERE v.keep = d.related_id)),
				%4$s::regclass, d.party_id, NULL, d.is FROM made d),
		follows AS (
			UPDATE %1$s.party_relation r SET party_id = t.one, related_id = t.other
			FROM touched t, %1$s.party_relation o
			WHERE r.party_relation_id = t.party_relation_id AND o.party_relation_id = r.party_relation_id AND (SELECT count(*) FROM gone) >= 0
				AND NOT EXISTS (SELECT FROM crowd c WHERE c.one = t.one AND c.other = t.other AND c.kind = t.kind)
			RETURNING r.party_relation_id, o.party_id AS old_party, o.related_id AS old_related)
		INSERT INTO %1$s.party_undo (merge_id, relation, column_name, party_id, moved)
		SELECT v.merge_id, %4$s::regclass, f.col, v.id, jsonb_agg(f.party_relation_id)
		FROM (SELECT party_relation_id, 'party_id' AS col, old_party AS id FROM follows UNION ALL SELECT party_relation_id, 'related_id', old_related FROM follows) f
		JOIN moved v ON v.id = f.id GROUP BY v.merge_id, f.col, v.id$q$,
		m, array_to_string(own, ', '), array_to_string(own, ', s.'), format('%I.party_relation', mart)::regclass::oid), keep, dropped, merge_ids);
END $$;
COMMENT ON FUNCTION @extschema@.merge_relations(name, bigint[], bigint[], bigint[]) IS 'internal: relations follow a merge, without repeats and without a party related to itself';

-- Attributes: the evidence stays. Of two current statements of one source the later one goes on, several values are numbered through.
CREATE FUNCTION @extschema@.merge_attributes(mart name, keep bigint[], dropped bigint[], merge_ids bigint[], at timestamptz) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := quote_ident(mart);
	there record;
BEGIN
	there := @extschema@.run_kept(format('SELECT EXISTS (SELECT FROM %1$s.party_attribute a WHERE a.party_id = ANY ($1)) AS any', m), dropped);
	IF NOT there.any THEN
		RETURN;
	END IF;
	PERFORM @extschema@.run_kept(format($q$
		WITH held AS MATERIALIZED (
			SELECT m.merge_id, a.party_id, a.party_attribute_id, a.valid, row_number() OVER (
				PARTITION BY m.keep, a.attribute_id, a.source_id, CASE WHEN d.is_multi THEN concat_ws('|', a.flag, a.num, a.txt, a.day, a.doc) ELSE a.item::text END
				ORDER BY a.collected_at DESC, a.party_id <> m.keep, a.party_attribute_id) AS place
			FROM (SELECT u.keep, u.dropped AS id, u.merge_id FROM unnest($1, $2, $3) u (keep, dropped, merge_id) UNION SELECT u.keep, u.keep, u.merge_id FROM unnest($1, $3) u (keep, merge_id)) m
			JOIN %1$s.party_attribute a ON a.party_id = m.id AND upper_inf(a.valid)
			JOIN %1$s.attribute_def d ON d.attribute_id = a.attribute_id),
		never AS (
			DELETE FROM %1$s.party_attribute a USING held h
			WHERE h.place > 1 AND lower(h.valid) >= $4 AND a.party_id = h.party_id AND a.party_attribute_id = h.party_attribute_id
			RETURNING h.merge_id, a.party_id, @extschema@.row_image(a) AS was),
		closed AS (
			UPDATE %1$s.party_attribute a SET valid = tstzrange(lower(h.valid), $4)
			FROM held h
			WHERE h.place > 1 AND (lower_inf(h.valid) OR lower(h.valid) < $4) AND a.party_id = h.party_id AND a.party_attribute_id = h.party_attribute_id
			RETURNING h.merge_id, a.party_id, a.party_attribute_id, h.valid AS was, a.valid AS is)
		INSERT INTO %1$s.party_undo (merge_id, relation, party_id, moved, before, after)
		SELECT n.merge_id, %2$s::regclass, n.party_id, NULL::jsonb, n.was, NULL::jsonb FROM never n
		UNION ALL
		SELECT c.merge_id, %2$s::regclass, c.party_id, to_jsonb(c.party_attribute_id), jsonb_build_object('valid', c.was), jsonb_build_object('valid', c.is) FROM closed c$q$, m, format('%I.party_attribute', mart)::regclass::oid),
		keep, dropped, merge_ids, at);
	PERFORM @extschema@.run_kept(format($q$
		WITH moving AS MATERIALIZED (
			SELECT u.keep, u.merge_id, a.party_id, a.party_attribute_id, a.item AS old_item, CASE WHEN d.is_multi AND upper_inf(a.valid) THEN
				coalesce((SELECT max(k.item) FROM %1$s.party_attribute k
					WHERE k.party_id = u.keep AND k.attribute_id = a.attribute_id AND k.source_id IS NOT DISTINCT FROM a.source_id AND upper_inf(k.valid)), -1)
				+ row_number() OVER (PARTITION BY u.keep, a.attribute_id, a.source_id, upper_inf(a.valid) ORDER BY a.party_id, a.item) ELSE a.item END AS item
			FROM unnest($1, $2, $3) u (keep, dropped, merge_id)
			JOIN %1$s.party_attribute a ON a.party_id = u.dropped
			JOIN %1$s.attribute_def d ON d.attribute_id = a.attribute_id),
		moved AS (
			UPDATE %1$s.party_attribute a SET party_id = w.keep, item = w.item
			FROM moving w WHERE a.party_id = w.party_id AND a.party_attribute_id = w.party_attribute_id RETURNING w.*)
		INSERT INTO %1$s.party_undo (merge_id, relation, party_id, moved, before, after)
		SELECT w.merge_id, %2$s::regclass, w.party_id, to_jsonb(w.party_attribute_id),
			jsonb_build_object('party_id', w.party_id, 'item', w.old_item), jsonb_build_object('party_id', w.keep, 'item', w.item) FROM moved w$q$, m, format('%I.party_attribute', mart)::regclass::oid), keep, dropped, merge_ids);
END $$;
COMMENT ON FUNCTION @extschema@.merge_attributes(name, bigint[], bigint[], bigint[], timestamptz) IS 'internal: attributes follow a merge; of two current statements of one source about one thing the later one goes on';

CREATE FUNCTION @extschema@.merge_fields(mart name, keep bigint[], dropped bigint[], merge_ids bigint[], at timestamptz) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := quote_ident(mart);
	f record;
BEGIN
	-- a wish to be left alone outlives the merge
	PERFORM @extschema@.run_kept(format($q$
		WITH changed AS (
			UPDATE %1$s.contact_preference k SET max_touches = least(k.max_touches, d.max_touches),
				paused = CASE WHEN k.paused IS NULL THEN d.paused WHEN d.paused IS NULL THEN k.paused ELSE range_merge(k.paused, d.paused) END
			FROM (SELECT u.keep, u.merge_id, p.channel_id, min(p.max_touches) AS max_touches, range_merge(range_agg(p.paused)) AS paused
				FROM unnest($1, $2, $3) u (keep, dropped, merge_id) JOIN %1$s.contact_preference p ON p.party_id = u.dropped GROUP BY u.keep, u.merge_id, p.channel_id) d
			JOIN %1$s.contact_preference o ON o.party_id = d.keep AND o.channel_id = d.channel_id
			WHERE k.party_id = d.keep AND k.channel_id = d.channel_id
			RETURNING d.merge_id, k.party_id, k.channel_id, @extschema@.row_difference(o, k) AS was, @extschema@.row_difference(k, o) AS is)
		INSERT INTO %1$s.party_undo (merge_id, relation, party_id, moved, before, after)
		SELECT c.merge_id, %2$s::regclass, c.party_id, to_jsonb(c.channel_id), c.was, c.is FROM changed c WHERE c.was <> '{}'$q$, m, format('%I.contact_preference', mart)::regclass::oid),
		keep, dropped, merge_ids);
	-- what the party that lives does not say of itself, the others say for it, the oldest first, but where survivorship_rule has another rule;
	-- columns added by the user included
	f := @extschema@.run_kept(format($q$
		SELECT string_agg(format('%%1$I = CASE WHEN d.f%%2$s IS NULL THEN k.%%1$I ELSE d.f%%2$s END', a.attname, a.attnum), ', ' ORDER BY a.attnum) FILTER (WHERE r.rule IS NOT NULL) AS chosen,
			string_agg(format('%%1$I = coalesce(k.%%1$I, d.f%%2$s)', a.attname, a.attnum), ', ' ORDER BY a.attnum) FILTER (WHERE r.rule IS NULL) AS filled,
			string_agg(CASE r.rule
				WHEN 'trust' THEN format('@extschema@.first_known(s.f%%1$s ORDER BY s.trust DESC NULLS LAST, s.place, s.party_id)', a.attnum)
				WHEN 'recent' THEN format('@extschema@.first_known(s.f%%1$s ORDER BY s.seen DESC NULLS LAST, s.place, s.party_id)', a.attnum)
				WHEN 'frequent' THEN format('(SELECT x.v FROM unnest(array_agg(s.f%%1$s ORDER BY s.place, s.party_id)) WITH ORDINALITY x (v, n) WHERE x.v IS NOT NULL GROUP BY x.v ORDER BY count(*) DESC, min(x.n) LIMIT 1)', a.attnum)
				WHEN 'complete' THEN format('@extschema@.first_known(s.f%%1$s ORDER BY length(s.f%%1$s::text) DESC NULLS LAST, s.place, s.party_id)', a.attnum)
				ELSE format('@extschema@.first_known(s.f%%1$s) FILTER (WHERE s.place = 1)', a.attnum) END || format(' AS f%%s', a.attnum), ', ' ORDER BY a.attnum) AS winners,
			string_agg(format('p.%%I AS f%%s', a.attname, a.attnum), ', ' ORDER BY a.attnum) AS fields, count(r.rule) AS ruled
		FROM pg_attribute a LEFT JOIN %1$s.survivorship_rule r ON r.field = a.attname AND r.rule <> 'kept'
		WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
			AND a.attname NOT IN ('party_id', 'kind', 'lifecycle', 'is_professional', 'created_at', 'updated_at')$q$, m), format('%I.party', mart)::regclass::oid);
	PERFORM @extschema@.run_kept(format($q$
		WITH changed AS (
			UPDATE %1$s.party k SET is_professional = k.is_professional OR d.is_professional, created_at = least(k.created_at, d.created_at), updated_at = $4,
				lifecycle = CASE WHEN 'closed' IN (k.lifecycle, d.lifecycle) THEN 'closed' WHEN 'customer' IN (k.lifecycle, d.lifecycle) THEN 'customer'
					WHEN 'former' IN (k.lifecycle, d.lifecycle) THEN 'former' ELSE 'prospect' END, %2$s
			FROM (SELECT s.keep, s.merge_id, bool_or(s.is_professional) AS is_professional, min(s.created_at) AS created_at,
					('{closed,customer,former,prospect}'::text[])[min(array_position('{closed,customer,former,prospect}'::text[], s.lifecycle))] AS lifecycle, %3$s
				FROM (SELECT u.keep, u.merge_id, u.place, p.party_id, p.is_professional, p.created_at, p.lifecycle, %6$s %4$s
					FROM (SELECT v.keep, v.dropped AS id, v.merge_id, 1 AS place FROM unnest($1, $2, $3) v (keep, dropped, merge_id)%7$s) u
					JOIN %1$s.party p ON p.party_id = u.id ORDER BY u.keep, p.party_id) s
				GROUP BY s.keep, s.merge_id) d
			JOIN %1$s.party o ON o.party_id = d.keep
			WHERE k.party_id = d.keep
			RETURNING d.merge_id, k.party_id, @extschema@.row_difference(o, k) AS was, @extschema@.row_difference(k, o) AS is)
		INSERT INTO %1$s.party_undo (merge_id, relation, party_id, moved, before, after)
		SELECT c.merge_id, %5$s::regclass, c.party_id, 'true', c.was, c.is FROM changed c WHERE c.was <> '{}'$q$, m,
		concat_ws(', ', f.filled, f.chosen), f.winners, f.fields, format('%I.party', mart)::regclass::oid,
		-- what the rules ask for is looked up only where there are rules
		CASE WHEN f.ruled > 0 THEN format('(SELECT max(x.trust) FROM %1$s.source_record r JOIN %1$s.source x ON x.source_id = r.source_id WHERE r.party_id = p.party_id) AS trust, (SELECT max(r.last_seen) FROM %1$s.source_record r WHERE r.party_id = p.party_id) AS seen,', m) ELSE '' END,
		CASE WHEN f.ruled > 0 THEN ' UNION SELECT v.keep, v.keep, v.merge_id, 0 FROM unnest($1, $3) v (keep, merge_id)' ELSE '' END),
		keep, dropped, merge_ids, at);
	-- the orders that come tell most of it to the profile
	PERFORM @extschema@.run_kept(format($q$
		WITH changed AS (
			UPDATE %1$s.party_profile k SET traits = coalesce(d.traits, '{}') || k.traits, last_active_at = greatest(k.last_active_at, d.last_active_at)
			FROM (SELECT u.keep, u.merge_id, max(p.last_active_at) AS last_active_at, jsonb_object_agg(t.key, t.value ORDER BY u.dropped DESC) FILTER (WHERE t.key IS NOT NULL) AS traits
				FROM unnest($1, $2, $3) u (keep, dropped, merge_id) JOIN %1$s.party_profile p ON p.party_id = u.dropped LEFT JOIN LATERAL jsonb_each(p.traits) t ON true
				WHERE p.traits <> '{}' OR p.last_active_at IS NOT NULL GROUP BY u.keep, u.merge_id) d
			JOIN %1$s.party_profile o ON o.party_id = d.keep
			WHERE k.party_id = d.keep AND (d.traits IS NOT NULL OR d.last_active_at > coalesce(k.last_active_at, '-infinity'))
			RETURNING d.merge_id, k.party_id, @extschema@.row_difference(o, k) AS was, @extschema@.row_difference(k, o) AS is),
		left_behind AS (
			SELECT u.merge_id, p.party_id, jsonb_build_object('traits', p.traits, 'last_active_at', p.last_active_at) AS was
			FROM unnest($2, $3) u (dropped, merge_id) JOIN %1$s.party_profile p ON p.party_id = u.dropped WHERE p.traits <> '{}' OR p.last_active_at IS NOT NULL)
		INSERT INTO %1$s.party_undo (merge_id, relation, party_id, moved, before, after)
		SELECT c.merge_id, %2$s::regclass, c.party_id, 'true'::jsonb, c.was, c.is FROM changed c WHERE c.was <> '{}'
		UNION ALL
		SELECT l.merge_id, %2$s::regclass, l.party_id, 'true', l.was, NULL FROM left_behind l$q$, m, format('%I.party_profile', mart)::regclass::oid), keep, dropped, merge_ids);
END $$;
COMMENT ON FUNCTION @extschema@.merge_fields(name, bigint[], bigint[], bigint[], timestamptz) IS 'internal: the fields of the party that lives, its preferences and its profile after a merge';

-- quiet: a merge that is done again after a split of the same group changes no identity that anybody has to be told of.
CREATE FUNCTION @extschema@.merge_groups(mart name, keep bigint[], dropped bigint[], reasons text[], fresh bigint[], at timestamptz, quiet boolean) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET datestyle = 'ISO, YMD' SET intervalstyle = 'postgres' SET extra_float_digits = 1 SET enable_seqscan = on SET enable_mergejoin = on AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	wanted bigint := (SELECT count(*) FROM (SELECT unnest(keep) UNION SELECT unnest(dropped)) u);
	party oid := format('%I.party', mart)::regclass;
	undo oid := format('%I.party_undo', mart)::regclass;
	r record;
	merge_ids bigint[];
	points record;
BEGIN
	IF cardinality(dropped) = 0 THEN
		RETURN;
	END IF;
	-- few of many: by indexes (a single merge is planned so once a session)
	IF cardinality(dropped) BETWEEN 20 AND 9999 THEN
		PERFORM @extschema@.by_index(cardinality(dropped));
	END IF;
	-- whoever writes facts of these parties holds a key share lock on them until it commits: wait for it, and let none begin
	r := @extschema@.run_kept(format('SELECT count(*) AS there FROM (SELECT FROM %s.party p WHERE p.party_id = ANY ($1) ORDER BY p.party_id FOR UPDATE) p', m), keep || dropped);
	IF r.there <> wanted THEN
		RAISE EXCEPTION 'parties to merge have gone meanwhile' USING ERRCODE = 'serialization_failure', HINT = 'Try again.';
	END IF;
	r := @extschema@.run_kept(format($q$SELECT count(*) AS unlike FROM unnest($1, $2) u (keep, dropped) JOIN %1$s.party k ON k.party_id = u.keep JOIN %1$s.party d ON d.party_id = u.dropped
		WHERE d.kind <> k.kind OR k.kind = 'unidentified'$q$, m), keep, dropped);
	IF r.unlike > 0 THEN
		RAISE EXCEPTION 'parties of different kinds, or unidentified ones, cannot be merged' USING ERRCODE = 'invalid_parameter_value';
	END IF;

	r := @extschema@.run_kept(format('WITH n AS (INSERT INTO %s.party_merge (party_id, merged_at) SELECT DISTINCT u, $2 FROM unnest($1) u ORDER BY u RETURNING merge_id, party_id)
		SELECT array_agg(n.merge_id ORDER BY u.place) AS ids FROM unnest($1) WITH ORDINALITY u (keep, place) JOIN n ON n.party_id = u.keep', m), keep, at);
	merge_ids := r.ids;
	PERFORM @extschema@.run_kept(format('UPDATE %s.party_alias a SET party_id = u.keep FROM unnest($1, $2) u (keep, dropped) WHERE a.party_id = u.dropped', m), keep, dropped);
	PERFORM @extschema@.run_kept(format('INSERT INTO %1$s.party_alias (old_party_id, party_id, merged_into, merge_id, merged_at, reason)
		SELECT u.dropped, u.keep, u.keep, u.merge_id, $5, u.reason FROM unnest($1, $2, $3, $4) u (keep, dropped, merge_id, reason)', m), keep, dropped, merge_ids, reasons, at);
	IF NOT quiet THEN
		PERFORM @extschema@.run_kept(format('INSERT INTO %s.party_change (kind, party_id, other_id, reason) SELECT ''merged'', u.dropped, u.keep, u.reason FROM unnest($1, $2, $3) u (keep, dropped, reason) ORDER BY u.dropped', m), keep, dropped, reasons);
	END IF;

	SELECT * INTO points FROM @extschema@.merge_contact_points(mart, keep, dropped, merge_ids);
	PERFORM @extschema@.merge_consents(mart, keep, dropped, merge_ids, points.lost, points.survivor);
	PERFORM @extschema@.merge_relations(mart, keep, dropped, merge_ids);
	PERFORM @extschema@.merge_attributes(mart, keep, dropped, merge_ids, at);
	PERFORM @extschema@.merge_fields(mart, keep, dropped, merge_ids, at);
	PERFORM @extschema@.move_references(party, keep, dropped, merge_ids, undo, fresh);
	PERFORM @extschema@.run_kept(format('INSERT INTO %1$s.party_undo (merge_id, relation, party_id, before) SELECT u.merge_id, %2$s::regclass, p.party_id, @extschema@.row_image(p)
		FROM unnest($1, $2) u (dropped, merge_id) JOIN %1$s.party p ON p.party_id = u.dropped', m, format('%I.party', mart)::regclass::oid), dropped, merge_ids);
	PERFORM @extschema@.drop_parties(party, dropped, merge_ids, undo);
END $$;
COMMENT ON FUNCTION @extschema@.merge_groups(name, bigint[], bigint[], text[], bigint[], timestamptz, boolean) IS 'internal: merges each dropped party into the one to keep, all at once; no party to keep may be among the dropped. fresh: records that resolve places now. 40001 when one of them has gone meanwhile';

CREATE FUNCTION @extschema@.merge_party_lists(mart name, keep bigint[], dropped bigint[], reasons text[]) RETURNS void
	LANGUAGE sql SET search_path = pg_catalog, pg_temp
	AS $$ SELECT @extschema@.merge_groups(mart, keep, dropped, reasons, '{}'::bigint[], now(), false) $$;
COMMENT ON FUNCTION @extschema@.merge_party_lists(name, bigint[], bigint[], text[]) IS 'internal: merges each dropped party into the one to keep, all at once; no party to keep may be among the dropped. 40001 when one of them has gone meanwhile';
