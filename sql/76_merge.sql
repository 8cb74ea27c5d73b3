-- Parties that are one become one: what is known of both stays, facts follow in the same transaction, the most restrictive consent wins,
-- the id that goes leads to the one that lives (party_alias) with what it takes to undo it.

CREATE FUNCTION @extschema@.mart_lock(mart name) RETURNS bigint
	LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	SELECT hashtextextended('crmseg.mart', n.oid::bigint) FROM pg_namespace n WHERE n.nspname = mart $$;
COMMENT ON FUNCTION @extschema@.mart_lock(name) IS 'internal: the advisory lock of a mart, exclusive for resolve, shared for single merges';

CREATE FUNCTION @extschema@.move_rows(party oid, relation oid, attnum smallint, keep bigint[], dropped bigint[]) RETURNS bigint
	AS 'MODULE_PATHNAME', 'crmseg_move_rows' LANGUAGE C STRICT SET search_path = pg_catalog, pg_temp SET row_security = off;
COMMENT ON FUNCTION @extschema@.move_rows(oid, oid, smallint, bigint[], bigint[]) IS 'internal: rows of one table follow a merge; returns their number';

CREATE FUNCTION @extschema@.drop_parties(party oid, dropped bigint[]) RETURNS bigint
	AS 'MODULE_PATHNAME', 'crmseg_drop_parties' LANGUAGE C STRICT SET search_path = pg_catalog, pg_temp SET row_security = off;
COMMENT ON FUNCTION @extschema@.drop_parties(oid, bigint[]) IS 'internal: parties whose rows have moved go, with what ON DELETE CASCADE takes along; returns their number';

-- Rows that refer to a party by a foreign key follow it, the user's own tables included. Where the key of a table holds the party and the
-- party that lives has such a row already, the row is left behind: its foreign key says what becomes of it (ON DELETE CASCADE: it goes).
CREATE FUNCTION @extschema@.move_references(mart name, keep bigint[], dropped bigint[]) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	party oid := format('%I.party', mart)::regclass;
	f record;
BEGIN
	FOR f IN
		SELECT c.conrelid, c.conkey[1] AS attnum
		FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
		WHERE c.contype = 'f' AND c.confrelid = party AND cardinality(c.conkey) = 1 AND c.conparentid = 0
			AND c.confkey = (SELECT p.conkey FROM pg_constraint p WHERE p.conrelid = party AND p.contype = 'p')
			AND NOT EXISTS (SELECT FROM pg_namespace s WHERE s.oid = t.relnamespace AND s.nspname = mart
				AND t.relname IN ('party_alias', 'party_relation', 'contact_point', 'consent', 'party_attribute'))
		ORDER BY c.conrelid, c.conkey[1]
	LOOP
		PERFORM @extschema@.move_rows(party, f.conrelid, f.attnum, keep, dropped);
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.move_references(name, bigint[], bigint[]) IS 'internal: lets every table that refers to a party by a foreign key follow a merge';

-- Contact points: the same address twice becomes one, with the worse news; the pairs (lost, survivor) are what consents must follow.
CREATE FUNCTION @extschema@.merge_contact_points(mart name, keep bigint[], dropped bigint[], OUT lost bigint[], OUT survivor bigint[])
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := quote_ident(mart);
BEGIN
	-- one primary of a kind stays: that of the party that lives, else the oldest party's
	EXECUTE format($q$
		WITH held AS MATERIALIZED (
			SELECT m.keep, c.party_id, c.contact_point_id, c.status, c.verified_at, c.valid,
				c.is_primary AND row_number() OVER (PARTITION BY m.keep, c.kind, c.is_primary ORDER BY c.party_id <> m.keep, c.party_id) = 1 AS is_primary,
				count(*) OVER (PARTITION BY m.keep, c.kind, c.value_norm) AS times,
				row_number() OVER same AS place, first_value(c.party_id) OVER same AS survivor_party, first_value(c.contact_point_id) OVER same AS survivor
			FROM (SELECT u.keep, u.dropped AS id FROM unnest($1, $2) u (keep, dropped) UNION SELECT u.keep, u.keep FROM unnest($1) u (keep)) m
			JOIN %1$s.contact_point c ON c.party_id = m.id
			WINDOW same AS (PARTITION BY m.keep, c.kind, c.value_norm ORDER BY c.party_id <> m.keep, c.party_id, c.contact_point_id)),
		gone AS (
			DELETE FROM %1$s.contact_point c USING held h
			WHERE h.place > 1 AND c.party_id = h.party_id AND c.contact_point_id = h.contact_point_id RETURNING c.contact_point_id AS lost, h.survivor),
		becomes AS MATERIALIZED (
			SELECT h.keep, h.survivor_party AS party_id, h.survivor AS contact_point_id,
				(array_agg(h.status ORDER BY array_position('{opted_out,invalid,bounced,valid,unverified}'::text[], h.status)))[1] AS status,
				max(h.verified_at) AS verified_at, range_merge(range_agg(h.valid)) AS valid, bool_or(h.is_primary) AS is_primary
			FROM held h WHERE h.times > 1 GROUP BY h.keep, h.survivor_party, h.survivor
			UNION ALL
			SELECT h.keep, h.party_id, h.contact_point_id, h.status, h.verified_at, h.valid, h.is_primary FROM held h WHERE h.times = 1 AND h.party_id <> h.keep),
		-- the count lets those that go do so first: two rows cannot be one address of a party
		stays AS (
			UPDATE %1$s.contact_point c SET party_id = b.keep, status = b.status, verified_at = b.verified_at, valid = b.valid, is_primary = b.is_primary
			FROM becomes b WHERE c.party_id = b.party_id AND c.contact_point_id = b.contact_point_id
				AND (c.party_id, c.status, c.verified_at, c.valid, c.is_primary) IS DISTINCT FROM (b.keep, b.status, b.verified_at, b.valid, b.is_primary)
				AND (SELECT count(*) FROM gone) >= 0)
		SELECT coalesce(array_agg(g.lost), '{}'), coalesce(array_agg(g.survivor), '{}') FROM gone g$q$, m)
		INTO lost, survivor USING keep, dropped;
END $$;
COMMENT ON FUNCTION @extschema@.merge_contact_points(name, bigint[], bigint[]) IS 'internal: contact points follow a merge, without repeats; returns which one stands for each that went';

-- Consents: in each instant the most restrictive statement stays (withdrawn, then denied, then granted; among equals the later one), the
-- others keep the rest of their period.
CREATE FUNCTION @extschema@.merge_consents(mart name, keep bigint[], dropped bigint[], lost bigint[], survivor bigint[]) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := quote_ident(mart);
	own text[];		-- the columns that stay as they are, the user's own included
BEGIN
	SELECT array_agg(quote_ident(a.attname) ORDER BY a.attnum) INTO own
	FROM pg_attribute a WHERE a.attrelid = format('%I.consent', mart)::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
		AND a.attname NOT IN ('party_id', 'contact_point_id', 'valid');
	EXECUTE format($q$
		WITH gone AS (
			DELETE FROM %1$s.consent c
			USING (SELECT u.keep, u.dropped AS id FROM unnest($1, $2) u (keep, dropped)
				UNION SELECT u.keep, u.keep FROM unnest($1, $2) u (keep, dropped) WHERE u.dropped IN (SELECT d.party_id FROM %1$s.consent d)) m
			WHERE c.party_id = m.id RETURNING m.keep, c.*),
		said AS MATERIALIZED (
			SELECT g.*, coalesce(l.survivor, g.contact_point_id) AS point, row_number() OVER (ORDER BY
				array_position('{granted,denied,withdrawn}'::text[], g.status), g.captured_at, g.party_id, lower(g.valid)) AS weight
			FROM gone g LEFT JOIN unnest($3, $4) l (lost, survivor) ON l.lost = g.contact_point_id AND g.contact_point_id <> 0),
		rest AS (
			SELECT s.weight, tstzmultirange(s.valid) - coalesce(range_agg(o.valid), '{}'::tstzmultirange) AS valid
			FROM said s LEFT JOIN said o ON o.keep = s.keep AND o.purpose = s.purpose AND o.channel_id = s.channel_id AND o.point = s.point AND o.weight > s.weight AND o.valid && s.valid
			GROUP BY s.weight, s.valid)
		INSERT INTO %1$s.consent (party_id, contact_point_id, valid, %2$s)
		SELECT s.keep, s.point, r.period, s.%3$s
		FROM (SELECT x.weight, unnest(x.valid) AS period FROM rest x) r JOIN said s ON s.weight = r.weight
		ORDER BY hashint8(s.keep)	-- rising keys always split the last page of the gist index, and badly
		$q$,
		m, array_to_string(own, ', '), array_to_string(own, ', s.')) USING keep, dropped, lost, survivor;
END $$;
COMMENT ON FUNCTION @extschema@.merge_consents(name, bigint[], bigint[], bigint[], bigint[]) IS 'internal: consents follow a merge, the most restrictive one wins in each instant and none overlap';

CREATE FUNCTION @extschema@.merge_relations(mart name, keep bigint[], dropped bigint[]) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := quote_ident(mart);
	own text[];
BEGIN
	SELECT array_agg(quote_ident(a.attname) ORDER BY a.attnum) INTO own
	FROM pg_attribute a WHERE a.attrelid = format('%I.party_relation', mart)::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
		AND a.attname NOT IN ('party_id', 'related_id', 'valid');
	EXECUTE format($q$
		WITH moved AS MATERIALIZED (
			SELECT u.keep, u.dropped AS id FROM unnest($1, $2) u (keep, dropped) UNION SELECT u.keep, u.keep FROM unnest($1) u (keep)),
		gone AS (
			DELETE FROM %1$s.party_relation r WHERE r.party_id IN (SELECT m.id FROM moved m) OR r.related_id IN (SELECT m.id FROM moved m) RETURNING r.*),
		said AS MATERIALIZED (
			SELECT g.*, coalesce(a.keep, g.party_id) AS one, coalesce(b.keep, g.related_id) AS other, row_number() OVER (ORDER BY g.party_id DESC, g.related_id DESC, lower(g.valid)) AS weight
			FROM gone g LEFT JOIN moved a ON a.id = g.party_id LEFT JOIN moved b ON b.id = g.related_id),
		rest AS (
			SELECT s.weight, datemultirange(s.valid) - coalesce(range_agg(o.valid), '{}'::datemultirange) AS valid
			FROM said s LEFT JOIN said o ON o.one = s.one AND o.other = s.other AND o.kind = s.kind AND o.weight > s.weight AND o.valid && s.valid
			WHERE s.one <> s.other GROUP BY s.weight, s.valid)
		INSERT INTO %1$s.party_relation (party_id, related_id, valid, %2$s)
		SELECT s.one, s.other, r.period, s.%3$s
		FROM (SELECT x.weight, unnest(x.valid) AS period FROM rest x) r JOIN said s ON s.weight = r.weight$q$,
		m, array_to_string(own, ', '), array_to_string(own, ', s.')) USING keep, dropped;
END $$;
COMMENT ON FUNCTION @extschema@.merge_relations(name, bigint[], bigint[]) IS 'internal: relations follow a merge, without repeats and without a party related to itself';

-- Attributes: the evidence stays. Of two current statements of one source the later one goes on, several values are numbered through.
CREATE FUNCTION @extschema@.merge_attributes(mart name, keep bigint[], dropped bigint[]) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := quote_ident(mart);
BEGIN
	EXECUTE format($q$
		WITH held AS (
			SELECT a.party_id, a.party_attribute_id, a.valid, row_number() OVER (
				PARTITION BY m.keep, a.attribute_id, a.source_id, CASE WHEN d.is_multi THEN concat_ws('|', a.flag, a.num, a.txt, a.day, a.doc) ELSE a.item::text END
				ORDER BY a.collected_at DESC, a.party_id <> m.keep, a.party_attribute_id) AS place
			FROM (SELECT u.keep, u.dropped AS id FROM unnest($1, $2) u (keep, dropped) UNION SELECT u.keep, u.keep FROM unnest($1) u (keep)) m
			JOIN %1$s.party_attribute a ON a.party_id = m.id AND upper_inf(a.valid)
			JOIN %1$s.attribute_def d ON d.attribute_id = a.attribute_id),
		never AS (
			DELETE FROM %1$s.party_attribute a USING held h
			WHERE h.place > 1 AND lower(h.valid) >= now() AND a.party_id = h.party_id AND a.party_attribute_id = h.party_attribute_id)
		UPDATE %1$s.party_attribute a SET valid = tstzrange(lower(h.valid), now())
		FROM held h
		WHERE h.place > 1 AND (lower_inf(h.valid) OR lower(h.valid) < now()) AND a.party_id = h.party_id AND a.party_attribute_id = h.party_attribute_id$q$, m) USING keep, dropped;
	EXECUTE format($q$
		WITH moving AS (
			SELECT u.keep, a.party_id, a.party_attribute_id, CASE WHEN d.is_multi AND upper_inf(a.valid) THEN
				coalesce((SELECT max(k.item) FROM %1$s.party_attribute k
					WHERE k.party_id = u.keep AND k.attribute_id = a.attribute_id AND k.source_id IS NOT DISTINCT FROM a.source_id AND upper_inf(k.valid)), -1)
				+ row_number() OVER (PARTITION BY u.keep, a.attribute_id, a.source_id, upper_inf(a.valid) ORDER BY a.party_id, a.item) ELSE a.item END AS item
			FROM unnest($1, $2) u (keep, dropped)
			JOIN %1$s.party_attribute a ON a.party_id = u.dropped
			JOIN %1$s.attribute_def d ON d.attribute_id = a.attribute_id)
		UPDATE %1$s.party_attribute a SET party_id = w.keep, item = w.item
		FROM moving w WHERE a.party_id = w.party_id AND a.party_attribute_id = w.party_attribute_id$q$, m) USING keep, dropped;
END $$;
COMMENT ON FUNCTION @extschema@.merge_attributes(name, bigint[], bigint[]) IS 'internal: attributes follow a merge; of two current statements of one source about one thing the later one goes on';

CREATE FUNCTION @extschema@.merge_party_lists(mart name, keep bigint[], dropped bigint[], reasons text[]) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	wanted bigint := (SELECT count(*) FROM (SELECT unnest(keep) UNION SELECT unnest(dropped)) u);
	there bigint;
	unlike bigint;
	fields name[];
	points record;
BEGIN
	IF cardinality(dropped) = 0 THEN
		RETURN;
	END IF;
	-- whoever writes facts of these parties holds a key share lock on them until it commits: wait for it, and let none begin
	EXECUTE format('SELECT count(*) FROM (SELECT FROM %s.party p WHERE p.party_id = ANY ($1) ORDER BY p.party_id FOR UPDATE) p', m) INTO there USING keep || dropped;
	IF there <> wanted THEN
		RAISE EXCEPTION 'parties to merge have gone meanwhile' USING ERRCODE = 'serialization_failure', HINT = 'Try again.';
	END IF;
	EXECUTE format($q$SELECT count(*) FROM unnest($1, $2) u (keep, dropped) JOIN %1$s.party k ON k.party_id = u.keep JOIN %1$s.party d ON d.party_id = u.dropped
		WHERE d.kind <> k.kind OR k.kind = 'unidentified'$q$, m) INTO unlike USING keep, dropped;
	IF unlike > 0 THEN
		RAISE EXCEPTION 'parties of different kinds, or unidentified ones, cannot be merged' USING ERRCODE = 'invalid_parameter_value';
	END IF;

	EXECUTE format('UPDATE %s.party_alias a SET party_id = u.keep FROM unnest($1, $2) u (keep, dropped) WHERE a.party_id = u.dropped', m) USING keep, dropped;
	EXECUTE format($q$
		INSERT INTO %1$s.party_alias (old_party_id, party_id, reason, undo)
		SELECT u.dropped, u.keep, u.reason, jsonb_strip_nulls(jsonb_build_object(
			'party', to_jsonb(d),
			'source_record', t1.rows,
			'sales_order', t2.rows,
			'contact_point', t3.rows,
			'consent', t4.rows,
			'party_attribute', t5.rows,
			'external_key', t6.rows,
			'loyalty_account', t7.rows))
		FROM unnest($1, $2, $3) u (keep, dropped, reason) JOIN %1$s.party d ON d.party_id = u.dropped
		LEFT JOIN (SELECT x.party_id, jsonb_agg(x.source_record_id) AS rows FROM %1$s.source_record x WHERE x.party_id = ANY ($2) GROUP BY x.party_id) t1 ON t1.party_id = u.dropped
		LEFT JOIN (SELECT x.party_id, jsonb_agg(x.order_id) AS rows FROM %1$s.sales_order x WHERE x.party_id = ANY ($2) GROUP BY x.party_id) t2 ON t2.party_id = u.dropped
		LEFT JOIN (SELECT x.party_id, jsonb_agg(to_jsonb(x)) AS rows FROM %1$s.contact_point x WHERE x.party_id = ANY ($2) GROUP BY x.party_id) t3 ON t3.party_id = u.dropped
		LEFT JOIN (SELECT x.party_id, jsonb_agg(to_jsonb(x)) AS rows FROM %1$s.consent x WHERE x.party_id = ANY ($2) GROUP BY x.party_id) t4 ON t4.party_id = u.dropped
		LEFT JOIN (SELECT x.party_id, jsonb_agg(to_jsonb(x)) AS rows FROM %1$s.party_attribute x WHERE x.party_id = ANY ($2) GROUP BY x.party_id) t5 ON t5.party_id = u.dropped
		LEFT JOIN (SELECT x.party_id, jsonb_agg(to_jsonb(x)) AS rows FROM %1$s.external_key x WHERE x.party_id = ANY ($2) GROUP BY x.party_id) t6 ON t6.party_id = u.dropped
		LEFT JOIN (SELECT x.party_id, jsonb_agg(to_jsonb(x)) AS rows FROM %1$s.loyalty_account x WHERE x.party_id = ANY ($2) GROUP BY x.party_id) t7 ON t7.party_id = u.dropped$q$, m) USING keep, dropped, reasons;

	SELECT * INTO points FROM @extschema@.merge_contact_points(mart, keep, dropped);
	PERFORM @extschema@.merge_consents(mart, keep, dropped, points.lost, points.survivor);
	PERFORM @extschema@.merge_relations(mart, keep, dropped);
	PERFORM @extschema@.merge_attributes(mart, keep, dropped);
	-- a wish to be left alone outlives the merge
	EXECUTE format($q$
		UPDATE %1$s.contact_preference k SET max_touches = least(k.max_touches, d.max_touches),
			paused = CASE WHEN k.paused IS NULL THEN d.paused WHEN d.paused IS NULL THEN k.paused ELSE range_merge(k.paused, d.paused) END
		FROM (SELECT u.keep, p.channel_id, min(p.max_touches) AS max_touches, range_merge(range_agg(p.paused)) AS paused
			FROM unnest($1, $2) u (keep, dropped) JOIN %1$s.contact_preference p ON p.party_id = u.dropped GROUP BY u.keep, p.channel_id) d
		WHERE k.party_id = d.keep AND k.channel_id = d.channel_id$q$, m) USING keep, dropped;
	-- what the party that lives does not say of itself, the others say for it, the oldest first; columns added by the user included
	SELECT array_agg(a.attname ORDER BY a.attnum) INTO fields
	FROM pg_attribute a WHERE a.attrelid = format('%I.party', mart)::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
		AND a.attname NOT IN ('party_id', 'kind', 'lifecycle', 'is_professional', 'created_at', 'updated_at');
	EXECUTE format($q$
		UPDATE %1$s.party k SET is_professional = k.is_professional OR d.is_professional, created_at = least(k.created_at, d.created_at), updated_at = now(),
			lifecycle = CASE WHEN 'closed' IN (k.lifecycle, d.lifecycle) THEN 'closed' WHEN 'customer' IN (k.lifecycle, d.lifecycle) THEN 'customer'
				WHEN 'former' IN (k.lifecycle, d.lifecycle) THEN 'former' ELSE 'prospect' END, %2$s
		FROM (SELECT u.keep, bool_or(p.is_professional) AS is_professional, min(p.created_at) AS created_at,
				(array_agg(p.lifecycle ORDER BY array_position('{closed,customer,former,prospect}'::text[], p.lifecycle)))[1] AS lifecycle, %3$s
			FROM unnest($1, $2) u (keep, dropped) JOIN %1$s.party p ON p.party_id = u.dropped GROUP BY u.keep) d
		WHERE k.party_id = d.keep$q$, m,
		(SELECT string_agg(format('%1$I = coalesce(k.%1$I, d.%1$I)', f), ', ') FROM unnest(fields) f),
		(SELECT string_agg(format('(array_agg(p.%1$I ORDER BY p.party_id) FILTER (WHERE p.%1$I IS NOT NULL))[1] AS %1$I', f), ', ') FROM unnest(fields) f))
		USING keep, dropped;
	PERFORM @extschema@.move_references(mart, keep, dropped);
	-- the orders that came have told most of it to the profile
	EXECUTE format($q$
		UPDATE %1$s.party_profile k SET traits = coalesce(d.traits, '{}') || k.traits, last_active_at = greatest(k.last_active_at, d.last_active_at)
		FROM (SELECT u.keep, max(p.last_active_at) AS last_active_at, jsonb_object_agg(t.key, t.value ORDER BY u.dropped DESC) FILTER (WHERE t.key IS NOT NULL) AS traits
			FROM unnest($1, $2) u (keep, dropped) JOIN %1$s.party_profile p ON p.party_id = u.dropped LEFT JOIN LATERAL jsonb_each(p.traits) t ON true
			WHERE p.traits <> '{}' OR p.last_active_at IS NOT NULL GROUP BY u.keep) d
		WHERE k.party_id = d.keep AND (d.traits IS NOT NULL OR d.last_active_at > coalesce(k.last_active_at, '-infinity'))$q$, m) USING keep, dropped;
	PERFORM @extschema@.drop_parties(format('%I.party', mart)::regclass, dropped);
END $$;
COMMENT ON FUNCTION @extschema@.merge_party_lists(name, bigint[], bigint[], text[]) IS 'internal: merges each dropped party into the one to keep, all at once; no party to keep may be among the dropped. 40001 when one of them has gone meanwhile';

CREATE FUNCTION @extschema@.merge_parties(mart name, keep bigint, dropped bigint, reason text DEFAULT NULL) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	a bigint;
	b bigint;
	first_lock bigint;
	second_lock bigint;
BEGIN
	PERFORM @extschema@.require_datamart(mart);
	IF keep IS NULL OR dropped IS NULL THEN
		RAISE EXCEPTION 'the parties to merge must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	PERFORM pg_advisory_xact_lock_shared(@extschema@.mart_lock(mart));
	a := @extschema@.party_of(mart, keep);
	b := @extschema@.party_of(mart, dropped);
	IF a IS NULL OR b IS NULL THEN
		RAISE EXCEPTION 'party % does not exist', CASE WHEN a IS NULL THEN keep ELSE dropped END USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF a = b THEN
		-- already one: the id that leads to the other
		RETURN CASE WHEN dropped <> a THEN dropped WHEN keep <> a THEN keep END;
	END IF;
	-- both roots in order, then look again: a merge that was first may have moved them
	SELECT min(hashtextextended(format('crmseg.party %s', p), n.oid::bigint)), max(hashtextextended(format('crmseg.party %s', p), n.oid::bigint))
		INTO first_lock, second_lock FROM pg_namespace n, unnest(ARRAY[a, b]) p WHERE n.nspname = mart;
	PERFORM pg_advisory_xact_lock(first_lock);
	PERFORM pg_advisory_xact_lock(second_lock);
	IF @extschema@.party_of(mart, keep) = @extschema@.party_of(mart, dropped) THEN
		RETURN b;	-- told twice, the other was first
	ELSIF @extschema@.party_of(mart, keep) IS DISTINCT FROM a OR @extschema@.party_of(mart, dropped) IS DISTINCT FROM b THEN
		RAISE EXCEPTION 'the parties were merged with others meanwhile' USING ERRCODE = 'serialization_failure', HINT = 'Try again.';
	END IF;
	PERFORM @extschema@.merge_party_lists(mart, ARRAY[a], ARRAY[b], ARRAY[reason]);
	RETURN b;
END $$;
COMMENT ON FUNCTION @extschema@.merge_parties(name, bigint, bigint, text) IS 'makes two parties one: facts follow, the most restrictive consent wins, the dropped id resolves for ever; returns the alias, the id that was merged away. Ids that were merged before stand for the party they lead to. 22023 for an unknown party or different kinds, 40001 when another merge was faster: try again';
