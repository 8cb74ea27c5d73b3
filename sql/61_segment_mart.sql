-- Segments of a mart: their SQL, definitions, members, vocabulary, size, overlap, funnel. (src/segment, sql/mart/10_segment.sql)
CREATE FUNCTION @extschema@.segment_sql(mart name, predicate @extschema@.segment) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_segment_sql' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_sql(name, @extschema@.segment) IS 'the SQL of a predicate: the party_id of all parties of a mart for which it holds. 42703 for an unknown name, with the nearest known; 42804 for types that do not fit; 42704 for an unknown segment; 42P19 for one defined by itself';
CREATE FUNCTION @extschema@.segment_sql(mart name, predicate @extschema@.segment, defining text, at timestamptz, sample float8) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_segment_sql_of' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_sql(name, @extschema@.segment, text, timestamptz, float8) IS 'the same while a segment of that name is defined, or as of a past instant, from events, orders, periods of attributes and consents, what is for good (0A000 for what has no history), or of a sample of the parties in percent; NULL for what is not wanted';
CREATE FUNCTION @extschema@.segment_sql_at(mart name, predicate @extschema@.segment, clock timestamptz) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_segment_sql_at' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_sql_at(name, @extschema@.segment, timestamptz) IS 'the same with another instant for now: the rows are as they are, events that come later are not seen';
CREATE FUNCTION @extschema@.segment_set_sql(mart name, predicate @extschema@.segment, defining text) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_segment_set_sql' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_set_sql(name, @extschema@.segment, text) IS 'internal: the SQL of the set of parties for which the predicate of a segment of that name holds: one row, NULL when there is none';
CREATE FUNCTION @extschema@.segment_count_sql(mart name, predicate @extschema@.segment, in_any_case boolean) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_segment_count_sql' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_count_sql(name, @extschema@.segment, boolean) IS 'internal: the SQL of how many parties a predicate holds for: of activity bitmaps their number, of anything else, in any case, the rows counted; NULL otherwise';
CREATE FUNCTION @extschema@.segment_rename(predicate @extschema@.segment, old text, new text) RETURNS @extschema@.segment
	AS 'MODULE_PATHNAME', 'crmseg_segment_rename' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_rename(@extschema@.segment, text, text) IS 'a predicate in which a segment bears another name';
CREATE FUNCTION @extschema@.segment_conditions(predicate @extschema@.segment) RETURNS @extschema@.segment[]
	AS 'MODULE_PATHNAME', 'crmseg_segment_conditions' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.segment_conditions(@extschema@.segment) IS 'the conditions that a predicate joins by and; itself when there is one';

CREATE FUNCTION @extschema@.segment_predicate(mart name, name text) RETURNS @extschema@.segment
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	p text;
BEGIN
	EXECUTE format('SELECT d.predicate FROM %s.segment_definition d WHERE d.name = $1', @extschema@.require_datamart(mart)) INTO p USING name;
	IF p IS NULL THEN
		RAISE EXCEPTION 'there is no segment "%" in datamart "%"', name, mart USING ERRCODE = 'undefined_object', HINT = 'See the table segment_definition of the mart, or define it by @extschema@.define_segment().';
	END IF;
	RETURN p::@extschema@.segment;
END $$;
COMMENT ON FUNCTION @extschema@.segment_predicate(name, text) IS 'the predicate of a named segment; 42704 when there is none';

-- the views of segments: made, and made anew when a definition that they rest on changes, by the trigger segment_view_kept of the mart
CREATE FUNCTION @extschema@.make_segment_view(mart name, name text) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	p @extschema@.segment := @extschema@.segment_predicate(mart, name);
	v text := m || '.' || quote_ident('segment_' || name);
BEGIN
	EXECUTE format('CREATE OR REPLACE VIEW %s WITH (security_invoker = true) AS %s', v, @extschema@.segment_sql(mart, p, name, NULL, NULL));
	EXECUTE format('COMMENT ON VIEW %s IS %L', v, 'members of the segment: ' || p::text);
	EXECUTE format('COMMENT ON COLUMN %s.party_id IS %L', v, 'the member');
END $$;
COMMENT ON FUNCTION @extschema@.make_segment_view(name, text) IS 'makes or replaces the view of a segment: its members, security_invoker';

CREATE FUNCTION @extschema@.define_segment(mart name, name text, predicate @extschema@.segment) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	id bigint;
BEGIN
	IF name IS NULL OR predicate IS NULL THEN
		RAISE EXCEPTION 'a segment has a name and a predicate' USING ERRCODE = 'null_value_not_allowed';
	ELSIF name = '' OR octet_length(name) > 55 THEN
		RAISE EXCEPTION 'the name of a segment has 1 to 55 bytes' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM @extschema@.segment_sql(mart, predicate, name, NULL, NULL);
	EXECUTE format('INSERT INTO %s.segment_definition AS s (name, predicate, uses) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET predicate = excluded.predicate, uses = excluded.uses RETURNING s.segment_id', m)
		INTO id USING name, predicate::text, @extschema@.segment_segments(predicate);
	-- the mart makes the view, and those that rest on it
	EXECUTE format('UPDATE %s.segment_definition s SET defined_at = now() WHERE s.segment_id = $1', m) USING id;
	RETURN id;
END $$;
COMMENT ON FUNCTION @extschema@.define_segment(name, text, @extschema@.segment) IS 'stores a predicate under a name, or gives that name another, and makes its view segment_<name>; returns its number. What the predicate names must be known; a segment must not be defined by itself: 42P19';

CREATE FUNCTION @extschema@.drop_segment(mart name, name text) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	users text;
BEGIN
	PERFORM @extschema@.segment_predicate(mart, name);
	EXECUTE format('SELECT string_agg(quote_literal(s.name), '', '' ORDER BY s.name) FROM %s.segment_definition s WHERE s.uses @> ARRAY[$1]', m) INTO users USING name;
	IF users IS NOT NULL THEN
		RAISE EXCEPTION 'segment "%" is used by others', name USING ERRCODE = 'dependent_objects_still_exist', DETAIL = 'Used by: ' || users, HINT = 'Define these anew, or drop them first.';
	END IF;
	EXECUTE format('DELETE FROM %s.segment_definition s WHERE s.name = $1', m) USING name;
END $$;
COMMENT ON FUNCTION @extschema@.drop_segment(name, text) IS 'drops a segment and its view. 2BP01 when another segment, or a view of yours, uses it; 42704 when there is none';

CREATE FUNCTION @extschema@.rename_segment(mart name, old text, new text) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
BEGIN
	PERFORM @extschema@.segment_predicate(mart, old);
	IF new IS NULL OR new = '' OR octet_length(new) > 55 THEN
		RAISE EXCEPTION 'the name of a segment has 1 to 55 bytes' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	EXECUTE format('UPDATE %s.segment_definition s SET name = $2 WHERE s.name = $1', m) USING old, new;
	EXECUTE format('UPDATE %s.segment_definition s SET predicate = @extschema@.segment_rename(s.predicate::@extschema@.segment, $1, $2)::text,
		uses = @extschema@.segment_segments(@extschema@.segment_rename(s.predicate::@extschema@.segment, $1, $2)) WHERE s.uses @> ARRAY[$1]', m) USING old, new;
END $$;
COMMENT ON FUNCTION @extschema@.rename_segment(name, text, text) IS 'gives a segment and its view another name, in the predicates that use it too. 42704 when there is none, 23505 when the name is taken';

CREATE FUNCTION @extschema@.members(mart name, name text, as_of timestamptz DEFAULT NULL) RETURNS SETOF bigint
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp ROWS 10000 AS $$
DECLARE
	p @extschema@.segment := @extschema@.segment_predicate(mart, name);
	m text := quote_ident(mart);
	sql text;
	why text;
	where_ text;
	id bigint;
	since timestamptz;
	until timestamptz;
BEGIN
	BEGIN
		sql := @extschema@.segment_sql(mart, p, name, as_of, NULL);
	EXCEPTION WHEN feature_not_supported THEN
		GET STACKED DIAGNOSTICS why = MESSAGE_TEXT, where_ = PG_EXCEPTION_DETAIL;
	END;
	IF why IS NULL THEN
		RETURN QUERY EXECUTE sql;
		RETURN;
	END IF;
	EXECUTE format('SELECT d.segment_id, d.recorded_from, CASE WHEN u.kept THEN greatest(u.as_of, now()) ELSE u.as_of END FROM %1$s.segment_definition d CROSS JOIN %1$s.segment_upkeep u WHERE d.name = $1', m) INTO id, since, until USING name;
	IF since <= as_of AND as_of <= until THEN
		RAISE NOTICE 'segment "%" as of % is answered from its recorded periods', name, as_of USING DETAIL = why || E'.\n' || where_;
		RETURN QUERY EXECUTE format('SELECT t.party_id FROM %s.segment_member t WHERE t.segment_id = $1 AND t.valid @> $2', m) USING id, as_of;
	ELSE
		RAISE EXCEPTION '%', why USING ERRCODE = 'feature_not_supported', DETAIL = where_,
			HINT = 'As of a past instant a segment can ask for events, orders, attributes with periods, consents, samples and dates of birth; for anything else its members are known '
				|| CASE WHEN since IS NULL THEN 'from the first refresh_segments on.' ELSE format('from %s to %s.', since, until) END;
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.members(name, text, timestamptz) IS 'the parties in a segment now, or as of a past instant: from events, orders, the periods of attributes and consents, and what is for good, when all its conditions rest on such; else from the recorded periods of membership, and a notice says so and which condition has no history; before they were recorded 0A000. In a FROM clause it is planned as its SQL';

-- ---- the vocabulary ----
CREATE FUNCTION @extschema@.add_attribute(mart name, name text, relation regclass, expression text, party_column name DEFAULT 'party_id') RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	type text := @extschema@.expression_type(relation, expression);
BEGIN
	IF name IS NULL OR relation IS NULL OR expression IS NULL OR party_column IS NULL THEN
		RAISE EXCEPTION 'an attribute has a name, a relation, an expression and a column of the party' USING ERRCODE = 'null_value_not_allowed';
	ELSIF name = '' OR octet_length(name) > 255 THEN
		RAISE EXCEPTION 'the name of an attribute has 1 to 255 bytes' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM @extschema@.expression_type(relation, quote_ident(party_column));
	EXECUTE format('INSERT INTO %s.segment_attribute (name, relation, party_column, expression, data_type) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (name) DO UPDATE SET relation = excluded.relation, party_column = excluded.party_column, expression = excluded.expression, data_type = excluded.data_type', m)
		USING name, relation, party_column::text, expression, type;
	PERFORM @extschema@.watch_vocabulary(mart);
END $$;
COMMENT ON FUNCTION @extschema@.add_attribute(name, text, regclass, text, name) IS 'lets predicates name a column, or an expression over the columns, of a table or view with at most one row a party; again: changes it. {now} and {zone} stand for the instant and the time zone of the mart';

CREATE FUNCTION @extschema@.add_event(mart name, name text, relation regclass, party_column name, time_column name, columns jsonb DEFAULT '{}', condition text DEFAULT NULL) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	c record;
	kept jsonb := '{}';
	type text;
BEGIN
	IF name IS NULL OR relation IS NULL OR party_column IS NULL OR time_column IS NULL THEN
		RAISE EXCEPTION 'an event has a name, a relation, a column of the party and one of the instant' USING ERRCODE = 'null_value_not_allowed';
	ELSIF name = '' OR octet_length(name) > 255 THEN
		RAISE EXCEPTION 'the name of an event has 1 to 255 bytes' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM @extschema@.expression_type(relation, quote_ident(party_column));
	type := @extschema@.expression_type(relation, quote_ident(time_column));
	IF type NOT IN ('date', 'timestamp without time zone', 'timestamp with time zone') THEN
		RAISE EXCEPTION 'column % is of type %, not an instant or a day', quote_ident(time_column), type USING ERRCODE = 'datatype_mismatch';
	END IF;
	IF condition IS NOT NULL AND @extschema@.expression_type(relation, condition) <> 'boolean' THEN
		RAISE EXCEPTION 'the condition of an event is a boolean expression' USING ERRCODE = 'datatype_mismatch';
	END IF;
	-- an array names columns; a column that is one by its key may have anything said of it; the others are expressions
	FOR c IN SELECT t.key, t.value FROM jsonb_each(CASE jsonb_typeof(columns) WHEN 'array' THEN (SELECT jsonb_object_agg(e, e) FROM jsonb_array_elements_text(columns) e)
			WHEN 'object' THEN columns END) t LOOP
		IF jsonb_typeof(c.value) = 'object' THEN
			kept := kept || jsonb_build_object(c.key, c.value);
		ELSIF EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = c.value #>> '{}' AND a.attnum > 0 AND NOT a.attisdropped) THEN
			kept := kept || jsonb_build_object(c.key, c.value);
		ELSIF EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = c.key AND a.attnum > 0 AND NOT a.attisdropped)
				AND (c.value = 'null' OR to_regtype(c.value #>> '{}') IS NOT NULL) THEN
			kept := kept || jsonb_build_object(c.key, c.key);
		ELSE
			kept := kept || jsonb_build_object(c.key, jsonb_build_object('column', c.value, 'type', @extschema@.expression_type(relation, c.value #>> '{}')));
		END IF;
	END LOOP;
	EXECUTE format('INSERT INTO %s.segment_event (name, relation, party_column, time_column, condition, columns) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (name) DO UPDATE SET relation = excluded.relation, party_column = excluded.party_column, time_column = excluded.time_column,
			condition = excluded.condition, columns = excluded.columns', m)
		USING name, relation, party_column::text, time_column::text, condition, kept;
	PERFORM @extschema@.watch_vocabulary(mart);
END $$;
COMMENT ON FUNCTION @extschema@.add_event(name, text, regclass, name, name, jsonb, text) IS 'lets predicates name the rows of a table or view as something that a party did; columns gives names to columns and expressions beside the columns'' own, such as {"amount": "net_total"}; again: changes it';

CREATE FUNCTION @extschema@.drop_attribute(mart name, name text) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	users text;
BEGIN
	EXECUTE format('SELECT string_agg(quote_literal(s.name), '', '' ORDER BY s.name) FROM %s.segment_definition s WHERE $1 = ANY (@extschema@.segment_attributes(s.predicate::@extschema@.segment))', m) INTO users USING name;
	IF users IS NOT NULL THEN
		RAISE EXCEPTION 'attribute "%" is used by segments', name USING ERRCODE = 'dependent_objects_still_exist', DETAIL = 'Used by: ' || users;
	END IF;
	EXECUTE format('DELETE FROM %s.segment_attribute a WHERE a.name = $1', m) USING name;
END $$;
COMMENT ON FUNCTION @extschema@.drop_attribute(name, text) IS 'takes an attribute out of the vocabulary; 2BP01 when a segment uses it';

CREATE FUNCTION @extschema@.drop_event(mart name, name text) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	users text;
BEGIN
	EXECUTE format('SELECT string_agg(quote_literal(s.name), '', '' ORDER BY s.name) FROM %s.segment_definition s WHERE $1 = ANY (@extschema@.segment_events(s.predicate::@extschema@.segment))', m) INTO users USING name;
	IF users IS NOT NULL THEN
		RAISE EXCEPTION 'event "%" is used by segments', name USING ERRCODE = 'dependent_objects_still_exist', DETAIL = 'Used by: ' || users;
	END IF;
	EXECUTE format('DELETE FROM %s.segment_event e WHERE e.name = $1', m) USING name;
END $$;
COMMENT ON FUNCTION @extschema@.drop_event(name, text) IS 'takes an event out of the vocabulary; 2BP01 when a segment uses it';

-- ---- how many, and how they overlap ----
CREATE FUNCTION @extschema@.segment_size(mart name, predicate @extschema@.segment, OUT estimate bigint, OUT margin bigint)
	LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	parties float8;
	share float8;
	seen bigint;
	fits bigint;
	bitmaps text := @extschema@.segment_count_sql(mart, predicate, false);
BEGIN
	IF bitmaps IS NOT NULL THEN
		EXECUTE bitmaps INTO estimate;
		margin := 0;
		RETURN;
	END IF;
	SELECT greatest(c.reltuples, 0) INTO parties FROM pg_class c WHERE c.oid = (m || '.party')::regclass;
	-- some twenty thousand parties tell a share to a percent; a rank is among all of them
	share := CASE WHEN parties <= 50000 OR predicate::text ~ '\mtop\M' THEN NULL ELSE 100.0 * 20000 / parties END;
	EXECUTE format('SELECT count(*) FROM (%s) s', @extschema@.segment_sql(mart, predicate, NULL, NULL, share)) INTO fits;
	IF share IS NULL THEN
		estimate := fits;
		margin := 0;
		RETURN;
	END IF;
	EXECUTE format('SELECT count(*) FROM (%s) s', @extschema@.segment_sql(mart, 'true', NULL, NULL, share)) INTO seen;
	estimate := round(fits * 100.0 / share);
	-- 95 % by Agresti and Coull (1998): also where none or all of the sample fit
	margin := ceil(1.96 * sqrt((fits + 2.0) / (seen + 4.0) * (1 - (fits + 2.0) / (seen + 4.0)) / (seen + 4.0)) * seen * 100.0 / share);
END $$;
COMMENT ON FUNCTION @extschema@.segment_size(name, @extschema@.segment) IS 'how many parties a predicate holds for: counted up to fifty thousand parties, or by activity bitmaps when these alone decide, above by a sample of some twenty thousand, with the margin of 95 %';

CREATE FUNCTION @extschema@.segment_overlap(mart name, names text[]) RETURNS TABLE (a text, b text, members bigint, share float8)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	q text := '';
	kept bigint[];
	id bigint;
BEGIN
	IF coalesce(cardinality(names), 0) NOT BETWEEN 1 AND 64 THEN
		RAISE EXCEPTION 'name 1 to 64 segments' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	kept := @extschema@.segment_sets_usable(mart, names);
	FOR i IN 1 .. cardinality(names) LOOP
		EXECUTE format('SELECT d.segment_id FROM %s.segment_definition d WHERE d.name = $1', m) INTO id USING names[i];
		q := q || CASE WHEN i > 1 THEN ' UNION ALL ' ELSE '' END || CASE WHEN id = ANY (kept) THEN format('SELECT %s, k.parties FROM kept k WHERE k.segment_id = %s', i, id)
			ELSE format('SELECT %s, x.parties FROM (%s) x (parties)', i, @extschema@.segment_set_sql(mart, @extschema@.segment_predicate(mart, names[i]), names[i])) END;
	END LOOP;
	-- each segment is asked once, for its set; a pair is the cardinality of two sets' intersection
	RETURN QUERY EXECUTE format('WITH kept AS MATERIALIZED (SELECT k.segment_id, k.parties FROM @extschema@.segment_sets($2, $3) k), s (i, parties) AS (%s),
		p AS MATERIALIZED (SELECT o.i, o.j, o.members FROM (SELECT array_agg(s.i ORDER BY s.i) AS i, array_agg(s.parties ORDER BY s.i) AS sets FROM s) x CROSS JOIN LATERAL @extschema@.common_parties_of_all(x.i, x.sets) o)
		SELECT ($1)[c.i], ($1)[c.j], c.members, c.members::float8 / nullif(o.members, 0) FROM (SELECT p.i, p.j, p.members FROM p UNION ALL SELECT p.j, p.i, p.members FROM p WHERE p.i < p.j) c
			JOIN p o ON o.i = c.i AND o.j = c.i ORDER BY c.i, c.j', q) USING names, mart, kept;
END $$;
COMMENT ON FUNCTION @extschema@.segment_overlap(name, text[]) IS 'for each pair of segments (of one with itself too) how many parties are in both, and which share of a that is. Exact as of now: of segments whose memberships are kept their sets are read (see refresh_segments), of others the members are found';

CREATE FUNCTION @extschema@.segment_funnel(mart name, predicate @extschema@.segment) RETURNS TABLE (step integer, condition text, remaining bigint, share float8)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	c @extschema@.segment[] := @extschema@.segment_conditions(predicate);
	so_far @extschema@.segment := 'true';
	before bigint;
BEGIN
	FOR i IN 0 .. cardinality(c) LOOP
		IF i > 0 THEN
			so_far := CASE WHEN i = 1 THEN c[1] ELSE @extschema@.segment_and(so_far, c[i]) END;
		END IF;
		before := remaining;
		EXECUTE @extschema@.segment_count_sql(mart, so_far, true) INTO remaining;
		step := i;
		condition := CASE WHEN i = 0 THEN 'all' ELSE c[i]::text END;
		share := remaining::float8 / nullif(before, 0);
		RETURN NEXT;
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.segment_funnel(name, @extschema@.segment) IS 'how many parties are left after each condition, in the order in which and joins them, and which share of those before';

-- ---- why, and until when ----
CREATE FUNCTION @extschema@.explain_segment(mart name, "row" record, predicate @extschema@.segment) RETURNS TABLE (condition text, value text, result boolean, flips_when text)
	AS 'MODULE_PATHNAME', 'crmseg_explain_segment' LANGUAGE C STABLE PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION @extschema@.explain_segment(name, record, @extschema@.segment) IS 'each condition of a predicate for one row: its text, the value it is about (or how many times), whether it holds (NULL: unknown), and the condition that would have to hold for the contrary';
CREATE FUNCTION @extschema@.segment_missing(mart name, "row" record, predicate @extschema@.segment) RETURNS SETOF text
	AS 'MODULE_PATHNAME', 'crmseg_segment_missing' LANGUAGE C STABLE PARALLEL SAFE ROWS 3;
COMMENT ON FUNCTION @extschema@.segment_missing(name, record, @extschema@.segment) IS 'the fewest conditions that would have to hold, beside those that do, for the row to be in the segment; none for a member';
CREATE FUNCTION @extschema@.next_change(mart name, "row" record, predicate @extschema@.segment, after timestamptz) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'crmseg_next_change' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION @extschema@.next_change(name, record, @extschema@.segment, timestamptz) IS 'the first instant after another at which a row enters or leaves a segment by the passing of time alone, to the microsecond; NULL: it will not, as far as its windows, anniversaries, ages (a year ahead) and permissions say. Scores are not foreseen';
