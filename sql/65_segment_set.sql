-- The members of kept segments as sets. (sql/mart/22_segment_set.sql, src/segment/segment_set_fn.c, docs/membership.md)

CREATE FUNCTION @extschema@.segment_set_changed() RETURNS trigger
	AS 'MODULE_PATHNAME', 'crmseg_segment_set_changed' LANGUAGE C;
COMMENT ON FUNCTION @extschema@.segment_set_changed() IS 'trigger of segment_member: whose stays a statement wrote goes to segment_set_delta, as the owner of the table; TRUNCATE empties segment_set';

CREATE FUNCTION @extschema@.fold_segment_sets(mart name, from_parties bigint DEFAULT 1) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	folded bigint;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended('crmseg.segments ' || mart, 0));
	IF (SELECT count(*) <> 4 FROM pg_trigger t WHERE t.tgrelid = to_regclass(m || '.segment_member') AND t.tgname LIKE 'segment\_set\_%' AND t.tgenabled = 'A') THEN
		-- writes passed by: all anew, of what is written from here on deltas come
		EXECUTE format('ALTER TABLE %s.segment_member ENABLE ALWAYS TRIGGER segment_set_insert, ENABLE ALWAYS TRIGGER segment_set_update, ENABLE ALWAYS TRIGGER segment_set_delete, ENABLE ALWAYS TRIGGER segment_set_truncate', m);
		EXECUTE format('DELETE FROM %s.segment_set', m);
	END IF;
	-- Each is one statement, so one snapshot: a delta and the stay that it tells of are seen both or neither.
	EXECUTE format($q$
		WITH fresh AS MATERIALIZED (SELECT t.segment_id FROM %1$s.segment_state t WHERE t.foreseen AND NOT EXISTS (SELECT FROM %1$s.segment_set s WHERE s.segment_id = t.segment_id)),
		gone AS (DELETE FROM %1$s.segment_set_delta d WHERE NOT EXISTS (SELECT FROM %1$s.segment_set s WHERE s.segment_id = d.segment_id))
		INSERT INTO %1$s.segment_set (segment_id, members)
		SELECT f.segment_id, @extschema@.party_set_bytes(coalesce((SELECT @extschema@.party_set_agg(t.party_id) FROM %1$s.segment_member t WHERE t.segment_id = f.segment_id AND upper_inf(t.valid)), '{}')) FROM fresh f$q$, m);
	EXECUTE format($q$
		WITH many AS (
			SELECT d.segment_id FROM %1$s.segment_set_delta d GROUP BY 1 HAVING count(*) >= greatest($1 / 4, 1) OR sum(@extschema@.cardinality(@extschema@.party_set(d.parties))) >= $1),
		taken AS (DELETE FROM %1$s.segment_set_delta d USING many WHERE many.segment_id = d.segment_id RETURNING d.segment_id, d.parties),
		doubt AS MATERIALIZED (SELECT t.segment_id, @extschema@.party_set_union(@extschema@.party_set(t.parties)) AS parties FROM taken t GROUP BY 1),
		looked AS (
			-- each is looked up by the key, however many there are and whatever the statistics say of a table just filled: a LIMIT is not made a join
			SELECT d.segment_id, (SELECT @extschema@.party_set_agg(u.id) FROM @extschema@.party_ids(d.parties) u (id)
				WHERE (SELECT true FROM %1$s.segment_member t WHERE t.segment_id = d.segment_id AND t.party_id = u.id AND upper_inf(t.valid) LIMIT 1)) AS members FROM doubt d),
		put AS (
			UPDATE %1$s.segment_set s SET folded_at = now(),
				members = @extschema@.party_set_bytes(@extschema@.party_set_or(@extschema@.party_set_minus(@extschema@.party_set(s.members), d.parties), coalesce(l.members, '{}')))
			FROM doubt d LEFT JOIN looked l ON l.segment_id = d.segment_id WHERE s.segment_id = d.segment_id)
		SELECT count(*) FROM taken$q$, m) INTO folded USING from_parties;
	RETURN folded;
END $$;
COMMENT ON FUNCTION @extschema@.fold_segment_sets(name, bigint) IS 'makes the sets of kept segments that have none yet, and joins what was written since into those where it is about so many parties; returns the rows of segment_set_delta that it read. maintain calls it, and refresh_segments for what has become long. For the owner of the mart';

-- Which segments can be answered from their sets, exactly as from their definitions, for this caller: kept in the transaction of each change
-- (as segment_membership is), foreseen, nobody's rows hidden from the caller, and no right needed that the caller has not.
CREATE FUNCTION @extschema@.segment_sets_usable(mart name, names text[]) RETURNS bigint[]
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	home oid := to_regnamespace(quote_ident(mart));
	ids bigint[];
	due bigint;
BEGIN
	IF EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = home AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT has_table_privilege(c.oid, 'SELECT'))
		OR EXISTS (SELECT FROM pg_class c WHERE c.relrowsecurity AND row_security_active(c.oid))
		OR (SELECT count(*) <> 4 FROM pg_trigger t WHERE t.tgrelid = to_regclass(format('%I.segment_member', mart)) AND t.tgname LIKE 'segment\_set\_%' AND t.tgenabled = 'A')
		OR EXISTS (SELECT FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid WHERE f.pronamespace = home AND f.proname = 'segments_row_changed' AND t.tgenabled = 'D') THEN
		RETURN '{}';
	END IF;
	EXECUTE format($q$
		SELECT array_agg(d.segment_id) FROM %1$I.segment_definition d JOIN %1$I.segment_state t ON t.segment_id = d.segment_id AND t.foreseen JOIN %1$I.segment_set s ON s.segment_id = d.segment_id
		WHERE d.name = ANY ($1) AND (SELECT u.kept AND NOT u.simulated FROM %1$I.segment_upkeep u)
			AND NOT EXISTS (SELECT FROM (SELECT e.relation FROM %1$I.segment_event e UNION SELECT a.relation FROM %1$I.segment_attribute a) x LEFT JOIN pg_class c ON c.oid = x.relation
				WHERE c.oid IS NULL OR NOT has_table_privilege(c.oid, 'SELECT') OR (c.relnamespace <> $2 AND c.relkind = 'v' AND c.reloptions::text ~* 'security_invoker=(true|on|1|yes)') OR c.relkind NOT IN ('r', 'p', 'v'))$q$, mart) INTO ids USING names, home;
	IF ids IS NOT NULL THEN
		-- whose time has come is evaluated: where they are many, all may as well be
		EXECUTE format('SELECT count(*) FROM (SELECT FROM %I.party_segments s WHERE s.due_at <= now() LIMIT 1001) x', mart) INTO due;
	END IF;
	RETURN CASE WHEN due <= 1000 THEN ids ELSE '{}' END;
END $$;
COMMENT ON FUNCTION @extschema@.segment_sets_usable(name, text[]) IS 'internal: the numbers of those of some segments whose members can be read from segment_set, exactly as their predicates would say now to this caller';

CREATE FUNCTION @extschema@.segment_sets(mart name, segments bigint[]) RETURNS TABLE (segment_id bigint, parties @extschema@.party_set)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	due bigint[];
BEGIN
	EXECUTE format('SELECT array_agg(s.party_id) FROM %I.party_segments s WHERE s.due_at <= now()', mart) INTO due;
	RETURN QUERY EXECUTE format($q$
		WITH doubt AS MATERIALIZED (
			SELECT d.segment_id, @extschema@.party_set_union(@extschema@.party_set(d.parties)) AS parties FROM %1$I.segment_set_delta d WHERE d.segment_id = ANY ($1) GROUP BY 1),
		looked AS MATERIALIZED (
			SELECT d.segment_id, @extschema@.party_set_agg(u.id) AS members FROM doubt d CROSS JOIN LATERAL @extschema@.party_ids(d.parties) u (id)
			WHERE EXISTS (SELECT FROM %1$I.segment_member t WHERE t.segment_id = d.segment_id AND t.party_id = u.id AND upper_inf(t.valid)) GROUP BY 1)%2$s
		SELECT s.segment_id, %3$s FROM (
			SELECT s.segment_id, CASE WHEN d.parties IS NULL THEN @extschema@.party_set(s.members)
				ELSE @extschema@.party_set_or(@extschema@.party_set_minus(@extschema@.party_set(s.members), d.parties), coalesce(l.members, '{}')) END AS parties
			FROM %1$I.segment_set s LEFT JOIN doubt d ON d.segment_id = s.segment_id LEFT JOIN looked l ON l.segment_id = s.segment_id WHERE s.segment_id = ANY ($1)) s$q$,
		mart, CASE WHEN due IS NOT NULL THEN format($q$,
		due AS MATERIALIZED (
			SELECT u.id AS segment_id, @extschema@.party_set_agg(s.party_id) AS members FROM %1$I.party_segments s JOIN %1$I.party_row p ON p.party_id = s.party_id
			CROSS JOIN LATERAL @extschema@.segment_ids($3, p, s.segments) i CROSS JOIN LATERAL unnest(i.ids) u (id) WHERE s.party_id = ANY ($2) AND u.id = ANY ($1) GROUP BY 1)$q$, mart) ELSE '' END,
		CASE WHEN due IS NOT NULL THEN '@extschema@.party_set_or(@extschema@.party_set_minus(s.parties, (SELECT @extschema@.party_set_agg(x) FROM unnest($2) x)), coalesce((SELECT u.members FROM due u WHERE u.segment_id = s.segment_id), ''{}''))' ELSE 's.parties' END)
		USING segments, due, mart;
END $$;
COMMENT ON FUNCTION @extschema@.segment_sets(name, bigint[]) IS 'internal: the members of kept segments now, from their sets, what was written since, and the parties whose time has come';
