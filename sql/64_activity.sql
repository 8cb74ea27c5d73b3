-- Activity bitmaps of a mart: which events are kept, and how they are folded. (src/activity, sql/mart/21_activity.sql)

CREATE FUNCTION @extschema@.activity_instant(alias text, time_column text, time_type text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
	RETURN CASE WHEN time_column IS NULL THEN 'timestamp ''2000-01-01''' ELSE format('coalesce(%I.%I%s, ''infinity'')', alias, time_column,
		CASE WHEN time_type = 'timestamp with time zone' THEN ' AT TIME ZONE ''UTC''' ELSE '::timestamp' END) END;
COMMENT ON FUNCTION @extschema@.activity_instant(text, text, text) IS 'internal: SQL of the instant by which an event is put on its day: that of UTC, a timestamp or day as it is; without an instant the end of time, which no window reaches';

CREATE FUNCTION @extschema@.activity_condition_is_stable(relation regclass, condition text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_activity_condition_is_stable' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION @extschema@.activity_condition_is_stable(regclass, text) IS 'internal: whether a condition depends on the columns of the row alone, so that it never changes by itself';

CREATE FUNCTION @extschema@.activity_expression(mart name, relation regclass, expression text, alias text) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_activity_expression' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION @extschema@.activity_expression(name, regclass, text, text) IS 'internal: an expression over a relation''s columns with every name in full, the columns those of an alias';

CREATE FUNCTION @extschema@.activity_write(relation oid, trigger name, verb text) RETURNS void
	AS 'MODULE_PATHNAME', 'crmseg_activity_write' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.activity_write(oid, name, text) IS 'internal: what the rows that a statement wrote mean for the activity, to activity_delta; called by the triggers that keep_activity makes, with their rights, 39P01 otherwise';

CREATE FUNCTION @extschema@.activity_trigger(mart name, relation regclass, verb text) RETURNS name
	LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
	RETURN format('aa_activity_%s%s', verb, CASE WHEN (SELECT n.nspname <> mart FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation) THEN '_' || left(md5(mart), 8) ELSE '' END)::name;
COMMENT ON FUNCTION @extschema@.activity_trigger(name, regclass, text) IS 'internal: the name of the trigger that follows a table; several marts may follow one table of another schema';

-- the table, and each partition for what is written straight into it. They fire always, also for a replica's writes: one that was switched
-- off and on again is no longer so, which tells that writes may have passed it by
CREATE FUNCTION @extschema@.follow_activity(mart name, relation regclass, kept boolean) RETURNS regclass[]
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	r regclass;
	verb text;
	t name;
	found regclass[] := '{}';
BEGIN
	FOR r IN WITH RECURSIVE tree AS (SELECT relation::oid AS oid UNION ALL SELECT i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid) SELECT tree.oid FROM tree ORDER BY 1 LOOP
		found := found || r;
		FOREACH verb IN ARRAY '{insert,update,delete,truncate}'::text[] LOOP
			t := @extschema@.activity_trigger(mart, r, verb);
			IF kept AND NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = r AND g.tgname = t) THEN
				PERFORM @extschema@.follow_statements(r, t, verb, format('%I.activity_changed()', mart));
			END IF;
			IF kept AND EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = r AND g.tgname = t AND g.tgenabled <> 'A') THEN
				EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', r, t);
			ELSIF NOT kept THEN
				EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', t, r);
			END IF;
		END LOOP;
	END LOOP;
	RETURN found;
END $$;
COMMENT ON FUNCTION @extschema@.follow_activity(name, regclass, boolean) IS 'internal: makes or drops the triggers by which activity is kept, and returns the table with its partitions';

CREATE FUNCTION @extschema@.keep_activity(mart name, events text[] DEFAULT NULL, kept boolean DEFAULT true) RETURNS integer
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	e record;
	why text;
	done integer := 0;
	type text;
	relations regclass[];
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended('crmseg.activity ' || mart, 0));
	FOR e IN EXECUTE format('SELECT n.name FROM unnest($1) n (name) WHERE n.name IS NULL OR NOT EXISTS (SELECT FROM %s.segment_event s WHERE s.name = n.name) LIMIT 1', m) USING events LOOP
		RAISE EXCEPTION 'unknown event "%"', e.name USING ERRCODE = 'undefined_column', HINT = 'See the table segment_event of the mart.';
	END LOOP;
	IF NOT coalesce(kept, true) THEN
		FOR e IN EXECUTE format('DELETE FROM %s.activity_kept k WHERE $1 IS NULL OR k.event = ANY ($1) RETURNING k.event, k.relation', m) USING events LOOP
			EXECUTE format('DELETE FROM %s.activity_delta d WHERE d.event = $1', m) USING e.event;
			EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s.activity_kept k WHERE k.relation = $1)', m) INTO kept USING e.relation;
			IF kept THEN
				PERFORM @extschema@.follow_activity(mart, e.relation, false);
			END IF;
			done := done + 1;
		END LOOP;
		RETURN done;
	END IF;
	FOR e IN EXECUTE format($q$SELECT s.name, s.relation, s.party_column, s.time_column, s.condition, c.relkind, c.relowner, c.relpersistence FROM %1$s.segment_event s JOIN pg_class c ON c.oid = s.relation WHERE $1 IS NULL OR s.name = ANY ($1)
			UNION ALL SELECT '', c.oid, 'party_id', NULL, 'kind <> ''unidentified''', c.relkind, c.relowner, c.relpersistence FROM pg_class c WHERE c.oid = %2$L::regclass ORDER BY 1$q$, m, m || '.party') USING events LOOP
		type := CASE WHEN e.time_column IS NOT NULL THEN @extschema@.expression_type(e.relation, quote_ident(e.time_column)) END;
		why := CASE
			WHEN e.relkind NOT IN ('r', 'p') THEN 'it is no table'
			WHEN e.relpersistence <> 'p' THEN 'its table is not permanent'
			WHEN NOT pg_has_role(e.relowner, 'USAGE') THEN 'its table is of another owner'
			WHEN @extschema@.expression_type(e.relation, quote_ident(e.party_column)) NOT IN ('smallint', 'integer', 'bigint') THEN 'the party is no whole number'
			WHEN NOT coalesce(@extschema@.activity_condition_is_stable(e.relation, e.condition), true) THEN 'its condition depends on more than the row'
			WHEN EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = e.relation AND NOT c.relispartition) THEN 'other tables inherit from its table'
			WHEN EXISTS (SELECT FROM pg_class c WHERE c.oid IN (SELECT p.relid FROM pg_partition_tree(e.relation) p) AND c.relkind = 'f') THEN 'a partition is a foreign table'
			WHEN EXISTS (SELECT FROM pg_class c WHERE c.oid = e.relation AND c.relispartition) THEN 'its table is a partition'
			WHEN EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid = e.relation) THEN 'its table is written by logical replication, which fires no such trigger' END;
		IF why IS NOT NULL THEN
			IF events IS NULL THEN
				CONTINUE;
			END IF;
			RAISE EXCEPTION 'the activity of event "%" cannot be kept: %', e.name, why USING ERRCODE = 'feature_not_supported';
		END IF;
		-- the triggers wait for those who write now; who writes later is followed
		relations := @extschema@.follow_activity(mart, e.relation, true);
		EXECUTE format('INSERT INTO %s.activity_kept AS k (event, relation, relations, party_column, time_column, time_type, condition, filter) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (event) DO UPDATE SET relation = excluded.relation, relations = excluded.relations, party_column = excluded.party_column, time_column = excluded.time_column,
				time_type = excluded.time_type, condition = excluded.condition, filter = excluded.filter, ready = false', m)
			USING e.name, e.relation, relations, e.party_column, e.time_column, type, e.condition,
				format('e.%I IS NOT NULL%s', e.party_column, coalesce(' AND (' || @extschema@.activity_expression(mart, e.relation, e.condition, 'e') || ')', ''));
		PERFORM @extschema@.fold_activity_of(mart, e.name);
		done := done + 1;
	END LOOP;
	RETURN done;
END $$;
COMMENT ON FUNCTION @extschema@.keep_activity(name, text[], boolean) IS 'from now on who did these events on which day is kept as bitmaps (NULL: all events of the mart that can be), which conditions such as did order within last 90 days are answered from; with false no longer. Returns how many events and, for the identified parties, one. Reads all events once, and writers of their tables wait meanwhile. For the owner of mart and tables. 0A000, when it is named, for an event whose table is a view, whose party is no whole number or whose condition depends on more than the row; 42703 for an unknown event';

CREATE FUNCTION @extschema@.fold_activity_of(mart name, event text) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
#variable_conflict use_column
DECLARE
	m text := quote_ident(mart);
	k record;
	at text;
	same boolean;
	folded bigint;
BEGIN
	EXECUTE format('SELECT k.*, pg_get_userbyid(c.relowner) AS owner FROM %s.activity_kept k JOIN pg_class c ON c.oid = k.relation WHERE k.event = $1', m) INTO k USING event;
	IF k.event IS NULL THEN
		RETURN NULL;
	END IF;
	at := @extschema@.activity_instant('e', k.time_column, k.time_type);
	-- the tables are as they were, and none of the triggers was off
	SELECT k.ready AND count(*) FILTER (WHERE r.oid <> ALL (k.relations::oid[])) = 0 AND count(*) = cardinality(k.relations)
		AND bool_and((SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = r.oid AND g.tgenabled = 'A' AND g.tgname IN (SELECT @extschema@.activity_trigger(mart, r.oid::regclass, v) FROM unnest('{insert,update,delete,truncate}'::text[]) v)) = 4)
		INTO same
		FROM (WITH RECURSIVE tree AS (SELECT k.relation::oid AS oid UNION ALL SELECT i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid) SELECT tree.oid FROM tree) r;
	IF NOT same THEN
		IF current_setting('transaction_isolation') <> 'read committed' THEN
			RAISE EXCEPTION 'the activity of event "%" can be made anew in a transaction of READ COMMITTED only', event USING ERRCODE = 'active_sql_transaction';
		END IF;
		-- all anew. Triggers come first: when they are there, what is not seen below comes as a delta
		EXECUTE format('UPDATE %s.activity_kept SET relations = $2, ready = true WHERE event = $1', m) USING event, @extschema@.follow_activity(mart, k.relation, true);
		EXECUTE format($q$
			WITH gone AS (DELETE FROM %1$s.activity_delta d WHERE d.event = $1),
			made AS (
				SELECT (%3$s)::date AS day, @extschema@.party_set_bytes(@extschema@.party_set_agg(e.%4$I::bigint)) AS members, min(%3$s) AS first_at, max(%3$s) AS last_at
				FROM %2$s e WHERE %5$s GROUP BY 1),
			old AS (DELETE FROM %1$s.activity a WHERE a.event = $1 AND NOT EXISTS (SELECT FROM made WHERE made.day = a.day)),
			put AS (
				INSERT INTO %1$s.activity AS a (event, day, members, first_at, last_at) SELECT $1, made.* FROM made
				ON CONFLICT (event, day) DO UPDATE SET members = excluded.members, first_at = excluded.first_at, last_at = excluded.last_at)
			SELECT count(*) FROM made$q$, m, k.relation, at, k.party_column, k.filter) INTO folded USING event;
	ELSE
		-- One statement, so one snapshot: a delta and the row that it tells of are seen both or neither.
		EXECUTE format($q$
			WITH taken AS (DELETE FROM %1$s.activity_delta d WHERE d.event = $1 RETURNING d.*),
			sums AS (
				SELECT t.day, @extschema@.party_set_union(@extschema@.party_set(t.members)) FILTER (WHERE NOT t.doubtful) AS came,
					@extschema@.party_set_union(@extschema@.party_set(t.members)) FILTER (WHERE t.doubtful) AS doubtful, min(t.first_at) AS first_at, max(t.last_at) AS last_at
				FROM taken t GROUP BY t.day),
			looked AS (
				SELECT s.day, @extschema@.party_set_agg(u.id) AS members FROM sums s CROSS JOIN LATERAL @extschema@.party_ids(s.doubtful) u (id)
				WHERE EXISTS (SELECT FROM %2$s e WHERE e.%4$I = u.id AND %5$s AND (%3$s)::date = s.day) GROUP BY s.day),
			made AS (
				SELECT s.day, @extschema@.party_set_or(@extschema@.party_set_minus(@extschema@.party_set_or(coalesce(@extschema@.party_set(a.members), '{}'), coalesce(s.came, '{}')), coalesce(s.doubtful, '{}')), coalesce(l.members, '{}')) AS members,
					least(a.first_at, s.first_at) AS first_at, greatest(a.last_at, s.last_at) AS last_at
				FROM sums s LEFT JOIN %1$s.activity a ON a.event = $1 AND a.day = s.day LEFT JOIN looked l ON l.day = s.day),
			put AS (
				INSERT INTO %1$s.activity AS a (event, day, members, first_at, last_at) SELECT $1, x.day, @extschema@.party_set_bytes(x.members), x.first_at, x.last_at FROM made x
				ON CONFLICT (event, day) DO UPDATE SET members = excluded.members, first_at = excluded.first_at, last_at = excluded.last_at)
			SELECT count(*) FROM taken$q$, m, k.relation, at, k.party_column, k.filter) INTO folded USING event;
	END IF;
	IF folded > 0 OR NOT same THEN
		EXECUTE format('UPDATE %1$s.activity_kept k SET folded_at = now(), days = s.days, parties_a_day = coalesce(s.parties, 0)
			FROM (SELECT count(*) AS days, avg(@extschema@.cardinality(@extschema@.party_set(a.members))) AS parties FROM %1$s.activity a WHERE a.event = $1) s WHERE k.event = $1', m) USING event;
	END IF;
	RETURN folded;
END $$;
COMMENT ON FUNCTION @extschema@.fold_activity_of(name, text) IS 'internal: folds the activity of one event, or makes it anew when its table was changed beside the triggers; returns the deltas, or days, that it read';

CREATE FUNCTION @extschema@.fold_activity(mart name) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	k record;
	folded bigint := 0;
BEGIN
	-- one at a time; those who write do not wait
	PERFORM pg_advisory_xact_lock(hashtextextended('crmseg.activity ' || mart, 0));
	FOR k IN EXECUTE format('SELECT k.event FROM %s.activity_kept k ORDER BY 1', m) LOOP
		folded := folded + coalesce(@extschema@.fold_activity_of(mart, k.event), 0);
	END LOOP;
	RETURN folded;
END $$;
COMMENT ON FUNCTION @extschema@.fold_activity(name) IS 'joins what was written since the last time into the bitmaps by day, and makes those anew whose tables were changed beside the triggers (partitions attached or detached, TRUNCATE, triggers switched off); returns the rows of activity_delta and the days that it read. maintain calls it; more often keeps readers fast where much is written';

CREATE FUNCTION @extschema@.activity_set(mart name, predicate @extschema@.segment, among_parties boolean DEFAULT true) RETURNS @extschema@.party_set
	AS 'MODULE_PATHNAME', 'crmseg_activity_set' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 100000;
COMMENT ON FUNCTION @extschema@.activity_set(name, @extschema@.segment, boolean) IS 'the parties for whom a predicate made of and, or, not over did EVENT [window] holds, from the activity bitmaps where they are kept and the caller may read the events without row-level security, else from the events, with the same answer. Among the identified parties, or, with false, those who did something (who did nothing is not in it: the contrary where the predicate holds for them). 0A000 for other predicates';
