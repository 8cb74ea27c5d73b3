-- One row, all its segments: src/segment/reverse_fn.c, docs/segments.md.

CREATE FUNCTION @extschema@.matching_segments(mart name, "row" record) RETURNS SETOF text
	AS 'MODULE_PATHNAME', 'crmseg_matching_segments' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 ROWS 20;
COMMENT ON FUNCTION @extschema@.matching_segments(name, record) IS 'the names of all segments of a mart that a row is in, found by an index over their predicates, as in_segment would say of each; the row may come from any table, view or query. Segments that name an attribute which neither the row nor the mart has are left out. NULL: none. 3F000, 55000 when it is no datamart';

CREATE FUNCTION @extschema@.segment_ids(mart name, "row" record, before bigint[], OUT ids bigint[], OUT due timestamptz)
	AS 'MODULE_PATHNAME', 'crmseg_segment_ids' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION @extschema@.segment_ids(name, record, bigint[]) IS 'the numbers of all segments of a mart that a row is in, ascending, and the first instant at which time alone may change them (never later than it does; NULL: it will not). Segments by rank are taken from before, as of the last refresh';

CREATE FUNCTION @extschema@.ids_without(a bigint[], b bigint[]) RETURNS bigint[]
	AS 'MODULE_PATHNAME', 'crmseg_ids_without' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.ids_without(bigint[], bigint[]) IS 'internal: of two ascending lists what is in the first only; NULL is the empty list';

CREATE FUNCTION @extschema@.segment_looks_elsewhere(mart name, "row" record, id bigint) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_segment_looks_elsewhere' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_looks_elsewhere(name, record, bigint) IS 'internal: whether more than such a row decides about a segment; NULL when it cannot be asked of such a row';

-- Entries and exits of parties from what they are in to what they should be in.
CREATE FUNCTION @extschema@.update_memberships(mart name, parties bigint[], OUT entered bigint, OUT left_ bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := quote_ident(mart);
BEGIN
	-- two sessions that change one party: the later one waits, and then sees what the earlier wrote
	EXECUTE format('INSERT INTO %1$s.party_segments (party_id) SELECT p.party_id FROM %1$s.party p WHERE p.party_id = ANY ($1) AND p.kind <> ''unidentified''
		AND NOT EXISTS (SELECT FROM %1$s.party_segments s WHERE s.party_id = p.party_id) ORDER BY 1 ON CONFLICT DO NOTHING', m) USING parties;
	EXECUTE format('SELECT count(*) FROM (SELECT FROM %s.party_segments s WHERE s.party_id = ANY ($1) ORDER BY s.party_id FOR NO KEY UPDATE) l', m) USING parties;
	EXECUTE format($q$
		WITH fresh AS MATERIALIZED (
			SELECT s.party_id, s.segments AS before, s.due_at, i.ids, i.due
			FROM %1$s.party_segments s JOIN %1$s.party_row p ON p.party_id = s.party_id CROSS JOIN LATERAL @extschema@.segment_ids($2, p, s.segments) i
			WHERE s.party_id = ANY ($1)),
		kept AS (
			UPDATE %1$s.party_segments s SET segments = f.ids, due_at = f.due FROM fresh f
			WHERE s.party_id = f.party_id AND (f.ids <> f.before OR f.due IS DISTINCT FROM f.due_at)),
		gone AS (
			SELECT f.party_id, u.id FROM fresh f CROSS JOIN LATERAL unnest(@extschema@.ids_without(f.before, f.ids)) u (id) WHERE f.ids <> f.before),
		come AS (
			SELECT f.party_id, u.id FROM fresh f CROSS JOIN LATERAL unnest(@extschema@.ids_without(f.ids, f.before)) u (id) WHERE f.ids <> f.before),
		ended AS (
			UPDATE %1$s.segment_member t SET valid = tstzrange(lower(t.valid), now()) FROM gone g
			WHERE t.party_id = g.party_id AND t.segment_id = g.id AND upper_inf(t.valid) AND lower(t.valid) < now()),
		undone AS (
			-- entered in this very transaction: it never was
			DELETE FROM %1$s.segment_member t USING gone g WHERE t.party_id = g.party_id AND t.segment_id = g.id AND upper_inf(t.valid) AND lower(t.valid) >= now()),
		begun AS (
			INSERT INTO %1$s.segment_member (segment_id, party_id, valid) SELECT c.id, c.party_id, tstzrange(now(), NULL) FROM come c
			ON CONFLICT DO NOTHING),
		told AS (
			INSERT INTO %1$s.segment_change (party_id, segment_id, entered, at)
			SELECT x.party_id, x.id, x.entered, now() FROM (SELECT g.*, false AS entered FROM gone g UNION ALL SELECT c.*, true FROM come c) x CROSS JOIN %1$s.datamart d WHERE d.follow_segments)
		SELECT (SELECT count(*) FROM come), (SELECT count(*) FROM gone)$q$, m) INTO entered, left_ USING parties, mart;
END $$;
COMMENT ON FUNCTION @extschema@.update_memberships(name, bigint[]) IS 'looks at the segments of some parties again and writes their entries and exits; returns how many. Called by the triggers of keep_segments and by refresh_segments; it needs the rights of the mart''s owner';

-- All members of one segment at once, by its SQL.
CREATE FUNCTION @extschema@.refresh_segment(mart name, segment bigint, as_of timestamptz, OUT entered bigint, OUT left_ bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := quote_ident(mart);
	predicate @extschema@.segment;
	elsewhere boolean;
BEGIN
	EXECUTE format('SELECT d.predicate FROM %s.segment_definition d WHERE d.segment_id = $1', m) INTO predicate USING segment;
	EXECUTE format('SELECT coalesce(@extschema@.segment_looks_elsewhere($1, p, $2), true) FROM (SELECT * FROM %s.party_row LIMIT 1) p', m) INTO elsewhere USING mart, segment;
	EXECUTE format($q$
		WITH now_in AS MATERIALIZED (%2$s),
		was AS MATERIALIZED (SELECT t.party_id FROM %1$s.segment_member t WHERE t.segment_id = $1 AND upper_inf(t.valid)),
		come AS MATERIALIZED (SELECT party_id FROM now_in EXCEPT SELECT party_id FROM was),
		gone AS MATERIALIZED (SELECT party_id FROM was EXCEPT SELECT party_id FROM now_in),
		ended AS (UPDATE %1$s.segment_member t SET valid = tstzrange(lower(t.valid), $2) FROM gone g WHERE t.segment_id = $1 AND t.party_id = g.party_id AND upper_inf(t.valid) AND lower(t.valid) < $2),
		undone AS (DELETE FROM %1$s.segment_member t USING gone g WHERE t.segment_id = $1 AND t.party_id = g.party_id AND upper_inf(t.valid) AND lower(t.valid) >= $2),
		begun AS (INSERT INTO %1$s.segment_member (segment_id, party_id, valid) SELECT $1, c.party_id, tstzrange($2, NULL) FROM come c ON CONFLICT DO NOTHING),
		put AS (
			INSERT INTO %1$s.party_segments AS s (party_id, segments, due_at) SELECT c.party_id, ARRAY[$1], $2 FROM come c ORDER BY 1
			ON CONFLICT (party_id) DO UPDATE SET segments = (SELECT array_agg(DISTINCT u.id ORDER BY u.id) FROM unnest(s.segments || $1) u (id))),
		taken AS (UPDATE %1$s.party_segments s SET segments = array_remove(s.segments, $1) FROM gone g WHERE s.party_id = g.party_id),
		told AS (
			INSERT INTO %1$s.segment_change (party_id, segment_id, entered, at)
			SELECT x.party_id, $1, x.entered, $2 FROM (SELECT g.*, false AS entered FROM gone g UNION ALL SELECT c.*, true FROM come c) x CROSS JOIN %1$s.datamart d WHERE d.follow_segments),
		state AS (
			INSERT INTO %1$s.segment_state AS t (segment_id, predicate, looks_elsewhere, fresh_as_of, members) SELECT $1, @extschema@.segment_text($4, $1), $3, $2, count(*) FROM now_in
			ON CONFLICT (segment_id) DO UPDATE SET predicate = excluded.predicate, looks_elsewhere = excluded.looks_elsewhere, fresh_as_of = excluded.fresh_as_of, members = excluded.members)
		SELECT (SELECT count(*) FROM come), (SELECT count(*) FROM gone)$q$, m, @extschema@.segment_sql(mart, predicate, NULL, NULL, NULL))
		INTO entered, left_ USING segment, as_of, elsewhere, mart;
END $$;
COMMENT ON FUNCTION @extschema@.refresh_segment(name, bigint, timestamptz) IS 'internal: finds all members of one segment and writes the entries and exits';

CREATE FUNCTION @extschema@.segment_text(mart name, segment bigint) RETURNS text
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	t text;
BEGIN
	EXECUTE format('WITH RECURSIVE u AS (SELECT d.name, d.predicate, d.uses FROM %1$I.segment_definition d WHERE d.segment_id = $1
			UNION SELECT d.name, d.predicate, d.uses FROM u JOIN %1$I.segment_definition d ON d.name = ANY (u.uses))
		SELECT string_agg(u.predicate, E''\n'' ORDER BY u.name) FROM u', mart) INTO t USING segment;
	RETURN t;
END $$;
COMMENT ON FUNCTION @extschema@.segment_text(name, bigint) IS 'internal: the predicate of a segment with those of the segments that it names';

CREATE FUNCTION @extschema@.refresh_segments(mart name, as_of timestamptz DEFAULT now(), OUT entered bigint, OUT left_ bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	s record;
	part record;
	due bigint[];
BEGIN
	IF as_of IS NULL OR as_of > now() THEN
		RAISE EXCEPTION 'segments are refreshed as of now, or of a past instant that is later than their last refresh' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM pg_advisory_xact_lock(hashtextextended('crmseg.segments ' || mart, 0));
	entered := 0; left_ := 0;
	-- parties that came since
	EXECUTE format('INSERT INTO %1$s.party_segments (party_id, due_at) SELECT p.party_id, ''-infinity'' FROM %1$s.party p WHERE p.kind <> ''unidentified''
		AND NOT EXISTS (SELECT FROM %1$s.party_segments t WHERE t.party_id = p.party_id) ORDER BY 1 ON CONFLICT DO NOTHING', m);
	-- definitions that are new or changed, and those that more than the row decides: set by set
	FOR s IN EXECUTE format('SELECT d.segment_id, t.segment_id IS NULL OR t.predicate IS DISTINCT FROM @extschema@.segment_text($1, d.segment_id) AS changed FROM %1$s.segment_definition d LEFT JOIN %1$s.segment_state t ON t.segment_id = d.segment_id
			WHERE t.segment_id IS NULL OR t.looks_elsewhere OR t.predicate IS DISTINCT FROM @extschema@.segment_text($1, d.segment_id) ORDER BY d.segment_id', m) USING mart LOOP
		SELECT * INTO part FROM @extschema@.refresh_segment(mart, s.segment_id, as_of);
		entered := entered + part.entered; left_ := left_ + part.left_;
		IF s.changed THEN
			due := '{}';	-- a new window may be due earlier than the old ones
		END IF;
	END LOOP;
	IF due IS NOT NULL THEN
		EXECUTE format('UPDATE %s.party_segments SET due_at = ''-infinity'' WHERE due_at IS DISTINCT FROM ''-infinity''', m);
	END IF;
	-- those whose time has come, in portions
	LOOP
		EXECUTE format('SELECT array_agg(x.party_id) FROM (SELECT t.party_id FROM %s.party_segments t WHERE t.due_at <= $1 AND t.due_at < now() ORDER BY t.due_at, t.party_id LIMIT 10000) x', m) INTO due USING as_of;
		EXIT WHEN due IS NULL;
		SELECT * INTO part FROM @extschema@.update_memberships(mart, due);
		entered := entered + part.entered; left_ := left_ + part.left_;
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.refresh_segments(name, timestamptz) IS 'brings the members of all segments of a mart up to date: segments that are new or changed and those on events, scores, places and ranks by their SQL; of the others only the parties whose time has come (party_segments.due_at). Returns entries and exits. For a scheduler; it needs the rights of the mart''s owner. 22023 for a future instant';

CREATE FUNCTION @extschema@.keep_segments(mart name, kept boolean DEFAULT true) RETURNS integer
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	r record;
	verb text;
	done integer := 0;
BEGIN
	IF kept THEN
		PERFORM @extschema@.refresh_segments(mart);
	END IF;
	-- the relations on which the row of a party rests, and those of events
	FOR r IN EXECUTE format($q$
			SELECT v.rel, c.relname FROM (
				SELECT unnest(ARRAY['%1$s.party', '%1$s.party_profile', '%1$s.sales_order', '%1$s.interaction', '%1$s.reaction', '%1$s.cart', '%1$s.web_session', '%1$s.survey_answer', '%1$s.service_case',
					'%1$s.consent', '%1$s.contact_point', '%1$s.contact_preference']::regclass[]) AS rel
				UNION SELECT e.relation FROM %1$s.segment_event e UNION SELECT a.relation FROM %1$s.segment_attribute a) v
			JOIN pg_class c ON c.oid = v.rel AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE')
			WHERE EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = v.rel AND a.attname = 'party_id' AND NOT a.attisdropped)
			ORDER BY c.relname, v.rel$q$, m) LOOP
		FOREACH verb IN ARRAY '{insert,update,delete}'::text[] LOOP
			EXECUTE format('DROP TRIGGER IF EXISTS zz_segments_%s ON %s', verb, r.rel);
			CONTINUE WHEN NOT kept OR (r.relname = 'party' AND verb = 'delete');
			EXECUTE format('CREATE TRIGGER zz_segments_%1$s AFTER %2$s ON %3$s REFERENCING %4$s FOR EACH STATEMENT EXECUTE FUNCTION %5$s.segments_row_changed()', verb, upper(verb), r.rel,
				CASE verb WHEN 'insert' THEN 'NEW TABLE AS new_row' WHEN 'delete' THEN 'OLD TABLE AS old_row' ELSE 'OLD TABLE AS old_row NEW TABLE AS new_row' END, m);
			done := done + 1;
		END LOOP;
	END LOOP;
	RETURN done;
END $$;
COMMENT ON FUNCTION @extschema@.keep_segments(name, boolean) IS 'from now on every change of a party, its profile, orders and other facts updates its memberships in the same transaction, by triggers (zz_segments_...) on the mart''s tables and on tables of yours in the vocabulary that have a party_id; with false no longer. Returns the triggers made. Rows that a logical apply worker or TRUNCATE changes are seen by the next refresh_segments';
