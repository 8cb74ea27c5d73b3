-- Who is in which segment, since when, until when: kept by triggers and refreshes. (sql/mart/19_membership.sql, src/segment/outlook_fn.c, docs/membership.md)

CREATE FUNCTION @extschema@.segment_outlook(mart name, predicate @extschema@.segment, OUT foreseen boolean, OUT timed boolean, OUT views regclass[], OUT turns text[])
	AS 'MODULE_PATHNAME', 'crmseg_segment_outlook' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_outlook(name, @extschema@.segment) IS 'internal: whether the instants at which time alone may change the members of a predicate are known, whether there are any, the views that it looks into, and the queries of those instants that the row of a party does not tell';
CREATE FUNCTION @extschema@.segment_turns(mart name) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_segment_turns' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_turns(name) IS 'internal: the query of the first such instant after $1 of each of the parties $2, for all segments of segment_state that have any; NULL when none has';

CREATE FUNCTION @extschema@.view_tables(relation regclass) RETURNS TABLE (base regclass, kind "char", says_now boolean)
	LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
	WITH RECURSIVE v AS (
		SELECT relation::oid AS oid
		UNION
		SELECT d.refobjid FROM v JOIN pg_rewrite w ON w.ev_class = v.oid AND w.rulename = '_RETURN'
			JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid)
	SELECT c.oid::regclass, c.relkind, c.relkind = 'v' AND pg_get_viewdef(c.oid) ~ 'now\(\)|CURRENT_|LOCALTIME' FROM v JOIN pg_class c ON c.oid = v.oid
$$;
COMMENT ON FUNCTION @extschema@.view_tables(regclass) IS 'internal: a relation, and when it is a view the relations that it reads, down to the tables; and whether it says now';

-- ---- one party or some ----
CREATE FUNCTION @extschema@.tell_segment(channel text, mart name, segment text) RETURNS text
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM pg_notify(channel, jsonb_build_object('mart', mart, 'segment', segment, 'at', now())::text);
	RETURN segment;
END $$;
COMMENT ON FUNCTION @extschema@.tell_segment(text, name, text) IS 'internal: NOTIFY that members of a segment changed; the server sends equal messages of a transaction once';

CREATE FUNCTION @extschema@.update_memberships(mart name, parties bigint[], at timestamptz, row_only boolean, OUT entered bigint, OUT left_ bigint)
	AS 'MODULE_PATHNAME', 'crmseg_update_memberships' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION @extschema@.update_memberships(name, bigint[], timestamptz, boolean) IS 'internal: looks at the segments of some parties again, at an instant, and writes their entries and exits; with row_only only at segments that the row alone decides. Returns how many. Called by the triggers of keep_segments and by refresh_segments; it needs the rights of the mart''s owner';

CREATE FUNCTION @extschema@.segments_touched(mart name, parties bigint[], relation regclass) RETURNS void
	AS 'MODULE_PATHNAME', 'crmseg_segments_touched' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.segments_touched(name, bigint[], regclass) IS 'internal: what the triggers of keep_segments call when rows of parties changed in a table: update_memberships as of now, of what rests on that table; while the clock of the mart stands elsewhere they wait for the next refresh. To be called with an empty search_path';

-- ---- all members of one segment at once, by its SQL ----
CREATE FUNCTION @extschema@.refresh_segment(mart name, segment bigint, as_of timestamptz, is_new boolean, OUT entered bigint, OUT left_ bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := quote_ident(mart);
	predicate @extschema@.segment;
	sql text;
	differ bigint[];
BEGIN
	EXECUTE format('SELECT d.predicate FROM %s.segment_definition d WHERE d.segment_id = $1', m) INTO predicate USING segment;
	sql := CASE WHEN as_of = now() THEN @extschema@.segment_sql(mart, predicate) ELSE @extschema@.segment_sql_at(mart, predicate, as_of) END;
	-- who differs is locked and asked again: what another session wrote meanwhile counts. Whom another session has locked it looks at itself
	EXECUTE format($q$
		WITH now_in AS MATERIALIZED (%2$s),
		was AS MATERIALIZED (SELECT t.party_id FROM %1$s.segment_member t WHERE t.segment_id = $1 AND upper_inf(t.valid))
		SELECT array_agg(x.party_id ORDER BY x.party_id) FROM ((TABLE now_in EXCEPT TABLE was) UNION ALL (TABLE was EXCEPT TABLE now_in)) x$q$, m, sql) INTO differ USING segment;
	entered := 0; left_ := 0;
	IF differ IS NULL THEN
		RETURN;
	END IF;
	EXECUTE format('INSERT INTO %1$s.party_segments (party_id, due_at) SELECT p.party_id, ''-infinity'' FROM %1$s.party p WHERE p.party_id = ANY ($1)
		AND NOT EXISTS (SELECT FROM %1$s.party_segments s WHERE s.party_id = p.party_id) ORDER BY 1 ON CONFLICT DO NOTHING', m) USING differ;
	EXECUTE format('SELECT array_agg(l.party_id) FROM (SELECT s.party_id FROM %s.party_segments s WHERE s.party_id = ANY ($1) FOR NO KEY UPDATE SKIP LOCKED) l', m) INTO differ USING differ;
	EXECUTE format($q$
		WITH now_in AS MATERIALIZED (SELECT x.party_id FROM (%2$s) x WHERE x.party_id = ANY ($3)),
		was AS MATERIALIZED (SELECT t.party_id FROM %1$s.segment_member t WHERE t.segment_id = $1 AND upper_inf(t.valid) AND t.party_id = ANY ($3)),
		come AS MATERIALIZED (SELECT party_id FROM now_in EXCEPT SELECT party_id FROM was),
		gone AS MATERIALIZED (SELECT party_id FROM was EXCEPT SELECT party_id FROM now_in),
		ended AS (UPDATE %1$s.segment_member t SET valid = tstzrange(lower(t.valid), $2) FROM gone g WHERE t.segment_id = $1 AND t.party_id = g.party_id AND upper_inf(t.valid) AND lower(t.valid) < $2),
		undone AS (DELETE FROM %1$s.segment_member t USING gone g WHERE t.segment_id = $1 AND t.party_id = g.party_id AND upper_inf(t.valid) AND lower(t.valid) >= $2),
		back AS (UPDATE %1$s.segment_member t SET valid = tstzrange(lower(t.valid), NULL) FROM come c
			WHERE t.segment_id = $1 AND t.party_id = c.party_id AND upper(t.valid) = $2 RETURNING t.party_id),
		begun AS (INSERT INTO %1$s.segment_member (segment_id, party_id, valid) SELECT $1, c.party_id, tstzrange($2, NULL) FROM come c
			WHERE NOT EXISTS (SELECT FROM back b WHERE b.party_id = c.party_id) ON CONFLICT DO NOTHING),
		put AS (UPDATE %1$s.party_segments s SET segments = (SELECT array_agg(DISTINCT u.id ORDER BY u.id) FROM unnest(s.segments || $1) u (id)) FROM come c WHERE s.party_id = c.party_id AND NOT $5),
		taken AS (UPDATE %1$s.party_segments s SET segments = array_remove(s.segments, $1) FROM gone g WHERE s.party_id = g.party_id),
		told AS (
			INSERT INTO %1$s.segment_change (party_id, segment_id, entered, at)
			SELECT x.party_id, $1, x.entered, $2 FROM (SELECT g.*, false AS entered FROM gone g UNION ALL SELECT c.*, true FROM come c) x CROSS JOIN %1$s.datamart d WHERE d.follow_segments ORDER BY 1)
		SELECT (SELECT count(*) FROM come), (SELECT count(*) FROM gone),
			(SELECT count(@extschema@.tell_segment(d.notify_segments, $4, n.name)) FROM %1$s.datamart d, %1$s.segment_definition n
				WHERE d.notify_segments IS NOT NULL AND n.segment_id = $1 AND (EXISTS (SELECT FROM come) OR EXISTS (SELECT FROM gone)))$q$, m, sql)
		INTO entered, left_ USING segment, as_of, differ, mart, is_new;
END $$;
COMMENT ON FUNCTION @extschema@.refresh_segment(name, bigint, timestamptz, boolean) IS 'internal: finds all members of one segment by its SQL and writes the entries and exits; of a new one the caller adds it to the lists of party_segments, once for all that are new';

CREATE FUNCTION @extschema@.refresh_due(mart name, as_of timestamptz, row_only boolean, OUT entered bigint, OUT left_ bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	due bigint[];
	part record;
BEGIN
	entered := 0; left_ := 0;
	-- whom another session has locked stays due
	LOOP
		EXECUTE format('SELECT array_agg(x.party_id) FROM (SELECT t.party_id FROM %I.party_segments t WHERE t.due_at <= $1 ORDER BY t.due_at, t.party_id LIMIT 10000 FOR NO KEY UPDATE SKIP LOCKED) x', mart) INTO due USING as_of;
		EXIT WHEN due IS NULL;
		SELECT * INTO part FROM @extschema@.update_memberships(mart, due, as_of, row_only);
		entered := entered + part.entered; left_ := left_ + part.left_;
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.refresh_due(name, timestamptz, boolean) IS 'internal: looks again at the parties whose time has come, in portions';

-- ---- everybody ----
CREATE FUNCTION @extschema@.refresh_segments(mart name, as_of timestamptz DEFAULT now(), OUT entered bigint, OUT left_ bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	mode record;
	s record;
	part record;
	came bigint;
	fresh bigint[];
	due bigint[];
	timed boolean;
	by_row boolean;
	by_set boolean;
BEGIN
	IF as_of IS NULL OR NOT isfinite(as_of) THEN
		RAISE EXCEPTION 'segments are refreshed as of an instant' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM pg_advisory_xact_lock(hashtextextended('crmseg.segments ' || mart, 0));
	EXECUTE format('SELECT u.kept, u.as_of, EXISTS (SELECT FROM %1$s.segment_definition) AS any FROM %1$s.segment_upkeep u', m) INTO mode;
	-- the present of a transaction that waited here for another refresh is not the past
	IF as_of < mode.as_of AND as_of = now() AND mode.as_of <= clock_timestamp() THEN
		as_of := mode.as_of;
	END IF;
	IF as_of < mode.as_of THEN
		RAISE EXCEPTION 'the segments of datamart "%" were already refreshed as of %', mart, mode.as_of USING ERRCODE = 'invalid_parameter_value',
			HINT = 'What was recorded is not written over: @extschema@.rewind_segments(mart, as_of) takes back what was recorded from an instant on.';
	END IF;
	IF mode.kept IS NULL AND mode.any THEN
		PERFORM @extschema@.watch_segments(mart);
	END IF;
	entered := 0; left_ := 0;
	-- parties that came since
	EXECUTE format('INSERT INTO %1$s.party_segments (party_id, due_at) SELECT p.party_id, ''-infinity'' FROM %1$s.party p WHERE p.kind <> ''unidentified''
		AND NOT EXISTS (SELECT FROM %1$s.party_segments t WHERE t.party_id = p.party_id) ORDER BY 1 ON CONFLICT DO NOTHING', m);
	GET DIAGNOSTICS came = ROW_COUNT;
	IF came > 1000 THEN
		-- what was empty a moment ago is planned as empty, and each portion below would read all of it for each of its parties
		EXECUTE format('ANALYZE %s.party_segments', m);
	END IF;
	-- definitions that are new or changed: a change of rows that is under way does not know them, it is waited for
	EXECUTE format('SELECT array_agg(d.segment_id ORDER BY d.segment_id) FROM %1$s.segment_definition d WHERE NOT EXISTS (SELECT FROM %1$s.segment_state t WHERE t.segment_id = d.segment_id)', m) INTO fresh;
	IF fresh IS NOT NULL THEN
		EXECUTE format('LOCK TABLE %s.party_segments IN SHARE ROW EXCLUSIVE MODE', m);
		EXECUTE format($q$
			WITH o AS MATERIALIZED (SELECT d.segment_id, (@extschema@.segment_outlook($1, d.predicate::@extschema@.segment)).* FROM %1$s.segment_definition d WHERE d.segment_id = ANY ($2)),
			put AS (
				INSERT INTO %1$s.segment_state (segment_id, looks_elsewhere, foreseen, has_turns, fresh_as_of)
				SELECT o.segment_id, coalesce(e.elsewhere, true), o.foreseen AND NOT EXISTS (SELECT FROM unnest(o.views) v CROSS JOIN LATERAL @extschema@.view_tables(v) b
						WHERE b.says_now OR (b.kind <> 'v' AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = b.base AND a.attname = 'party_id' AND NOT a.attisdropped))), o.turns <> '{}', $3
				FROM o LEFT JOIN LATERAL (SELECT @extschema@.segment_looks_elsewhere($1, p, o.segment_id) AS elsewhere FROM (SELECT * FROM %1$s.party_row LIMIT 1) p) e ON true
				RETURNING segment_id, looks_elsewhere)
			SELECT count(*) FILTER (WHERE NOT p.looks_elsewhere) > 5, bool_or(o.timed) FROM put p JOIN o ON o.segment_id = p.segment_id$q$, m) INTO by_row, timed USING mart, fresh, as_of;
		-- tells all sessions too that segment_state has others now
		EXECUTE format('UPDATE %s.segment_definition d SET recorded_from = least(d.recorded_from, $2) WHERE d.segment_id = ANY ($1)', m) USING fresh, as_of;
	END IF;
	-- many that the row alone decides are found faster row by row than set by set; and all are looked at when no trigger saw what changed
	by_row := by_row IS TRUE OR mode.kept IS FALSE;
	-- where the time of many has come, events are asked for set by set, else party by party
	EXECUTE format('SELECT count(*) > 50 + (SELECT c.reltuples FROM pg_class c WHERE c.oid = %2$L::regclass) / 100 FROM %1$s.party_segments t WHERE t.due_at <= $1', m, m || '.party_segments') INTO by_set USING as_of;
	by_set := by_set OR mode.kept IS FALSE;
	IF by_set THEN
		-- whom another session has locked stays due; a refresh that does not wait for writers cannot make a deadlock with them
		EXECUTE format('SELECT array_agg(x.party_id) FROM (SELECT t.party_id FROM %s.party_segments t WHERE t.due_at <= $1 FOR NO KEY UPDATE SKIP LOCKED) x', m) INTO due USING as_of;
	ELSE
		SELECT * INTO part FROM @extschema@.refresh_due(mart, as_of, false);
		entered := entered + part.entered; left_ := left_ + part.left_;
	END IF;
	FOR s IN EXECUTE format('SELECT t.segment_id FROM %s.segment_state t WHERE NOT t.foreseen OR (t.looks_elsewhere AND $2) OR (t.segment_id = ANY ($1) AND (t.looks_elsewhere OR NOT $3)) ORDER BY t.segment_id', m)
			USING fresh, by_set, by_row LOOP
		SELECT * INTO part FROM @extschema@.refresh_segment(mart, s.segment_id, as_of, s.segment_id = ANY (fresh) IS TRUE);
		entered := entered + part.entered; left_ := left_ + part.left_;
	END LOOP;
	IF fresh IS NOT NULL THEN
		-- a party's list is written once, not once for each segment that is new
		EXECUTE format($q$
			UPDATE %1$s.party_segments s SET segments = (SELECT array_agg(DISTINCT u.id ORDER BY u.id) FROM unnest(s.segments || x.ids) u (id))
			FROM (SELECT t.party_id, array_agg(t.segment_id) AS ids FROM %1$s.segment_member t WHERE t.segment_id = ANY ($1) AND upper_inf(t.valid) GROUP BY 1) x
			WHERE s.party_id = x.party_id AND NOT s.segments @> x.ids$q$, m) USING fresh;
	END IF;
	IF by_row OR timed THEN
		-- a new window may be due earlier than the old ones
		EXECUTE format('UPDATE %s.party_segments SET due_at = ''-infinity'' WHERE due_at IS DISTINCT FROM ''-infinity''', m);
		SELECT * INTO part FROM @extschema@.refresh_due(mart, as_of, true);
		entered := entered + part.entered; left_ := left_ + part.left_;
	ELSIF due IS NOT NULL THEN
		FOR i IN 0 .. (cardinality(due) - 1) / 10000 LOOP
			SELECT * INTO part FROM @extschema@.update_memberships(mart, due[i * 10000 + 1:(i + 1) * 10000], as_of, true);
			entered := entered + part.entered; left_ := left_ + part.left_;
		END LOOP;
	END IF;
	EXECUTE format('UPDATE %s.segment_state SET fresh_as_of = $1 WHERE fresh_as_of <> $1', m) USING as_of;
	-- short lists of whom to look up are left as they are: sets are not written anew for a few
	PERFORM @extschema@.fold_segment_sets(mart, 200);
	EXECUTE format('UPDATE %s.segment_upkeep SET as_of = $1, simulated = $2, kept = coalesce(kept, $3)', m) USING as_of, as_of > now() OR as_of < now() - interval '1 day', nullif(mode.any, false);
END $$;
COMMENT ON FUNCTION @extschema@.refresh_segments(name, timestamptz) IS 'brings the members of all segments of a mart up to date, as of now or of another instant not before the last one: segments that are new or changed, those that no queue can follow (ranks, scores, permissions), and of the others only the parties whose time has come (party_segments.due_at). From the first call on changes of rows update memberships in the same transaction, unless keep_segments(mart, false) was said; then all is looked at each time. Returns entries and exits. For a scheduler; it needs the rights of the mart''s owner. 22023 for an instant before the last one';

CREATE FUNCTION @extschema@.rewind_segments(mart name, as_of timestamptz) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	n bigint;
	k bigint;
BEGIN
	IF as_of IS NULL THEN
		RAISE EXCEPTION 'segments are rewound to an instant' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM pg_advisory_xact_lock(hashtextextended('crmseg.segments ' || mart, 0));
	EXECUTE format('LOCK TABLE %s.party_segments IN SHARE ROW EXCLUSIVE MODE', m);
	EXECUTE format('DELETE FROM %s.segment_member t WHERE lower(t.valid) >= $1', m) USING as_of;
	GET DIAGNOSTICS n = ROW_COUNT;
	EXECUTE format('UPDATE %s.segment_member t SET valid = tstzrange(lower(t.valid), NULL) WHERE upper(t.valid) >= $1', m) USING as_of;
	GET DIAGNOSTICS k = ROW_COUNT;
	EXECUTE format('UPDATE %1$s.party_segments s SET due_at = ''-infinity'', segments = coalesce((SELECT array_agg(t.segment_id ORDER BY t.segment_id) FROM %1$s.segment_member t
		WHERE t.party_id = s.party_id AND upper_inf(t.valid)), ''{}'')', m);
	EXECUTE format('DELETE FROM %s.segment_state', m);
	EXECUTE format('UPDATE %s.segment_definition d SET recorded_from = NULL WHERE d.recorded_from >= $1', m) USING as_of;
	EXECUTE format('UPDATE %s.segment_upkeep u SET as_of = CASE WHEN u.as_of > $1 THEN $1 ELSE u.as_of END', m) USING as_of;
	RETURN n + k;
END $$;
COMMENT ON FUNCTION @extschema@.rewind_segments(name, timestamptz) IS 'takes back what was recorded of memberships from an instant on: stays that began are forgotten, those that ended go on; the next refresh_segments, as of that instant or later, finds all anew. Returns how many stays. For simulations, and after a refresh as of a wrong instant; segment_change is left as it is';

-- ---- in the transaction of a change ----
CREATE FUNCTION @extschema@.watch_segments(mart name, watched boolean DEFAULT true) RETURNS integer
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := quote_ident(mart);
	home oid := to_regnamespace(quote_ident(mart));
	r record;
	verb text;
	done integer := 0;
BEGIN
	-- the tables on which the row of a party rests, and those of the vocabulary, with the column that names the party
	FOR r IN EXECUTE format($q$
			SELECT DISTINCT ON (v.rel) v.rel, v.party, c.relname, c.relnamespace = $1 AS own FROM (
				SELECT (%2$L || t)::regclass AS rel, 'party_id' AS party FROM unnest(ARRAY['party', 'party_profile', 'sales_order', 'sales_order_line', 'interaction', 'reaction', 'cart', 'web_session', 'survey_answer', 'service_case',
					'consent', 'contact_point', 'contact_preference']) t
				UNION ALL SELECT b.base, 'party_id' FROM @extschema@.view_tables((%2$L || 'reachable')::regclass) b
				UNION ALL SELECT b.base, CASE WHEN b.base = x.relation THEN x.party_column ELSE 'party_id' END
				FROM (SELECT e.relation, e.party_column FROM %1$s.segment_event e UNION SELECT a.relation, a.party_column FROM %1$s.segment_attribute a) x
				CROSS JOIN LATERAL @extschema@.view_tables(x.relation) b) v
			JOIN pg_class c ON c.oid = v.rel AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE') AND NOT c.relispartition
			JOIN pg_attribute a ON a.attrelid = v.rel AND a.attname = v.party AND a.attnum > 0 AND NOT a.attisdropped
			WHERE NOT (c.relnamespace = $1 AND c.relname IN ('party_segments', 'segment_member', 'segment_change'))
			ORDER BY v.rel, v.party = 'party_id'$q$, m, m || '.') USING home LOOP
		FOREACH verb IN ARRAY '{insert,update,delete,truncate}'::text[] LOOP
			CONTINUE WHEN r.own AND r.relname = 'party' AND verb IN ('delete', 'truncate');
			IF watched THEN
				PERFORM @extschema@.follow_statements(r.rel, (CASE WHEN r.own THEN 'zz_segments_' || verb ELSE format('zz_segments_%s_%s', verb, left(mart, 40)) END)::name, verb, format('%s.segments_row_changed(%L)', m, r.party));
				done := done + 1;
			END IF;
		END LOOP;
	END LOOP;
	IF NOT watched THEN
		FOR r IN SELECT t.tgname, t.tgrelid::regclass AS rel FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid WHERE f.pronamespace = home AND f.proname = 'segments_row_changed' AND t.tgparentid = 0 ORDER BY 2, 1 LOOP
			EXECUTE format('DROP TRIGGER %I ON %s', r.tgname, r.rel);
		END LOOP;
	END IF;
	RETURN done;
END $$;
COMMENT ON FUNCTION @extschema@.watch_segments(name, boolean) IS 'internal: makes or drops the triggers of keep_segments; returns how many were made';

CREATE FUNCTION @extschema@.keep_segments(mart name, kept boolean DEFAULT true) RETURNS integer
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	done integer;
BEGIN
	IF kept IS NULL THEN
		RAISE EXCEPTION 'segments are kept or not' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	done := @extschema@.watch_segments(mart, kept);
	IF kept THEN
		PERFORM @extschema@.refresh_segments(mart);
	END IF;
	EXECUTE format('UPDATE %s.segment_upkeep SET kept = $1', m) USING kept;
	RETURN done;
END $$;
COMMENT ON FUNCTION @extschema@.keep_segments(name, boolean) IS 'from now on every change of a party, its profile, orders and other facts updates its memberships in the same transaction, by triggers (zz_segments_...) on the mart''s tables and on tables of yours in the vocabulary; with false no longer. The first refresh_segments does the same. Returns the triggers made. Rows that a logical apply worker changes are not seen: UPDATE party_segments SET due_at = ''-infinity'' has the next refresh look at all';

-- what is new in the vocabulary is watched too
CREATE FUNCTION @extschema@.watch_vocabulary(mart name) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	kept boolean;
BEGIN
	IF to_regclass(format('%I.segment_upkeep', mart)) IS NOT NULL THEN
		EXECUTE format('SELECT u.kept FROM %I.segment_upkeep u', mart) INTO kept;
		IF kept THEN
			PERFORM @extschema@.watch_segments(mart);
		END IF;
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.watch_vocabulary(name) IS 'internal: called by add_attribute and add_event';

-- ---- understanding ----
CREATE FUNCTION @extschema@.segment_history(mart name, name text, from_ date DEFAULT NULL, until date DEFAULT NULL) RETURNS TABLE (day date, entered bigint, left_ bigint, members bigint)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp ROWS 365 AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
BEGIN
	PERFORM @extschema@.segment_predicate(mart, name);
	RETURN QUERY EXECUTE format($q$
		WITH t AS (SELECT (lower(v.valid) AT TIME ZONE d.time_zone)::date AS came, (upper(v.valid) AT TIME ZONE d.time_zone)::date AS went
				FROM %1$s.segment_member v JOIN %1$s.segment_definition n ON n.segment_id = v.segment_id CROSS JOIN %1$s.datamart d WHERE n.name = $1),
			e AS (SELECT x.day, sum(x.i)::bigint AS i, sum(x.o)::bigint AS o FROM (SELECT t.came, 1, 0 FROM t UNION ALL SELECT t.went, 0, 1 FROM t WHERE t.went IS NOT NULL) x (day, i, o) GROUP BY x.day),
			s AS (SELECT coalesce($2, min(e.day)) AS low, coalesce($3, (SELECT (CASE WHEN u.simulated THEN u.as_of ELSE now() END AT TIME ZONE d.time_zone)::date FROM %1$s.datamart d, %1$s.segment_upkeep u)) AS high FROM e)
		SELECT g.day, coalesce(e.i, 0), coalesce(e.o, 0),
			(coalesce((SELECT sum(b.i - b.o) FROM e b WHERE b.day < s.low), 0) + sum(coalesce(e.i - e.o, 0)) OVER (ORDER BY g.day))::bigint
		FROM s CROSS JOIN LATERAL (SELECT s.low + k AS day FROM generate_series(0, least(s.high - s.low, 40000)) k) g LEFT JOIN e ON e.day = g.day ORDER BY g.day$q$, m) USING name, from_, until;
END $$;
COMMENT ON FUNCTION @extschema@.segment_history(name, text, date, date) IS 'growth of a segment by day, in the time zone of the mart, from its recorded periods: entries, exits, and the members at the end of the day; from the first day recorded until today (or the instant of a simulated clock), or between two days. 42704 when there is no such segment';

CREATE FUNCTION @extschema@.segment_profile(mart name, name text, relation regclass DEFAULT NULL) RETURNS TABLE (variable name, modality text, share float8, base_share float8, lift float8, v_test float8, p_value float8)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp ROWS 200 AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
BEGIN
	RETURN QUERY SELECT * FROM @extschema@.describe_segment(coalesce(relation, (m || '.party_features')::regclass),
		format('party_id IN (%s)', @extschema@.segment_sql(mart, @extschema@.segment_predicate(mart, name), name, NULL, NULL))) x WHERE x.variable <> 'party_id';
END $$;
COMMENT ON FUNCTION @extschema@.segment_profile(name, text, regclass) IS 'what sets the members of a segment apart from all parties, as describe_segment: of each column of a relation that has a party_id, by itself the view party_features. 42704 when there is no such segment';
