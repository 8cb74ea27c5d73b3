-- Months of the big fact tables of a datamart: made ahead, reported, detached and taken back. Months are those of UTC, whatever the time
-- zone of the mart, which can change; a row of a month that has no partition lies in the default one until make_partitions moves it.

CREATE FUNCTION @extschema@.month_table(parent text, month date) RETURNS name
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
	RETURN (parent || to_char(month, '_YYYY_MM'))::name;
COMMENT ON FUNCTION @extschema@.month_table(text, date) IS 'internal: the name of the partition of a month, such as web_event_2026_11';

-- What CREATE TABLE ... PARTITION OF and ATTACH leave out: statistics stay off on direct identifiers, and the statement triggers of the parent
-- stand on the partition too, where they fire for what is written straight into it, and only then.
CREATE FUNCTION @extschema@.dress_partition(parent regclass, partition regclass) RETURNS void
	LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	c record;
BEGIN
	FOR c IN SELECT a.attname FROM pg_attribute a JOIN pg_attribute b ON b.attrelid = partition AND b.attname = a.attname
			WHERE a.attrelid = parent AND a.attnum > 0 AND NOT a.attisdropped AND a.attstattarget = 0 AND b.attstattarget IS DISTINCT FROM 0 LOOP
		EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 0', partition, c.attname);
	END LOOP;
	FOR c IN SELECT replace(pg_get_triggerdef(t.oid), ' ON ' || parent::text || ' ', ' ON ' || partition::text || ' ') AS ddl
			FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
			WHERE t.tgrelid = parent AND NOT t.tgisinternal AND t.tgtype & 1 = 0 AND t.tgname NOT LIKE '% %'
				AND p.pronamespace = (SELECT k.relnamespace FROM pg_class k WHERE k.oid = parent)
				AND NOT EXISTS (SELECT FROM pg_trigger o WHERE o.tgrelid = partition AND o.tgname = t.tgname) ORDER BY t.tgname LOOP
		EXECUTE c.ddl;
	END LOOP;
	IF EXISTS (SELECT FROM pg_class p JOIN pg_class k ON k.oid = partition WHERE p.oid = parent AND p.relreplident = 'f' AND k.relreplident <> 'f') THEN
		EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', partition);
	END IF;
	FOR c IN SELECT a.attname, col_description(parent, a.attnum) AS text FROM pg_attribute a JOIN pg_attribute b ON b.attrelid = partition AND b.attname = a.attname
			WHERE a.attrelid = parent AND a.attnum > 0 AND NOT a.attisdropped AND col_description(partition, b.attnum) IS NULL AND col_description(parent, a.attnum) IS NOT NULL LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', partition, c.attname, c.text);
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.dress_partition(regclass, regclass) IS 'internal: gives a partition of a mart what it does not take over from its parent: statistics turned off, the replica identity, the statement triggers of the mart, comments of columns';

CREATE FUNCTION @extschema@.partitions(mart name)
	RETURNS TABLE (relation text, partition text, from_month date, until_month date, is_default boolean, rows bigint, bytes bigint)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
BEGIN
	PERFORM @extschema@.require_datamart(mart);
	RETURN QUERY
		SELECT p.relname::text, c.relname::text,
			(regexp_match(b.bound, 'FROM \(''([^'']*)''\)'))[1]::timestamptz::date, (regexp_match(b.bound, 'TO \(''([^'']*)''\)'))[1]::timestamptz::date,
			b.bound = 'DEFAULT', greatest(c.reltuples, 0)::bigint, pg_total_relation_size(c.oid)
		FROM pg_namespace n JOIN pg_class p ON p.relnamespace = n.oid AND p.relkind = 'p'
		JOIN pg_inherits i ON i.inhparent = p.oid JOIN pg_class c ON c.oid = i.inhrelid
		CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS bound) b
		WHERE n.nspname = mart ORDER BY 1, 5, 3, 2;
END $$;
COMMENT ON FUNCTION @extschema@.partitions(name) IS 'the partitions of a datamart''s fact tables: the months they hold (until_month is the first that they do not), the planner''s estimate of their rows, their size with indexes in bytes';

CREATE FUNCTION @extschema@.make_partitions(mart name, ahead integer DEFAULT 3, since date DEFAULT NULL, until date DEFAULT NULL) RETURNS integer
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET row_security = off AS $$
DECLARE
	m text := quote_ident(mart);
	this_month CONSTANT date := date_trunc('month', now())::date;
	first_month date := date_trunc('month', least(since, this_month))::date;
	made integer := 0;
	p record;
	month date;
	stray date[];
	part name;
	here bigint;
BEGIN
	PERFORM @extschema@.datamart_step_of(mart);
	IF ahead IS NULL OR ahead < 0 OR ahead > 1200 OR NOT isfinite(first_month) OR first_month < this_month - 73000 THEN
		RAISE EXCEPTION 'months are made for 0 to 1200 ahead and 200 years back' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM pg_advisory_xact_lock(hashtextextended('crmseg.partitions ' || mart, 0));
	FOR p IN SELECT c.oid::regclass AS parent, c.relname, a.attname AS at, d.oid::regclass AS rest
			FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind = 'p'
			JOIN pg_partitioned_table t ON t.partrelid = c.oid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = t.partattrs[0]
			LEFT JOIN pg_class d ON d.oid = t.partdefid
			WHERE n.nspname = mart AND c.relname IN ('interaction', 'reaction', 'web_session', 'web_event') ORDER BY c.oid LOOP
		-- the months wanted, and those of rows that found none
		stray := '{}';
		IF p.rest IS NOT NULL AND pg_relation_size(p.rest) > 0 THEN
			EXECUTE format('SELECT coalesce(array_agg(DISTINCT date_trunc(''month'', d.%I)::date), ''{}'') FROM %s d', p.at, p.rest) INTO stray;
		END IF;
		FOR month IN SELECT g::date FROM generate_series(first_month::timestamp, least(until::timestamp, this_month::timestamp + ahead * interval '1 month'), interval '1 month') g
				UNION SELECT unnest(stray) ORDER BY 1 LOOP
			part := @extschema@.month_table(p.relname, month);
			CONTINUE WHEN EXISTS (SELECT FROM @extschema@.partitions_of(p.parent) o WHERE o.from_at <= month::timestamptz AND o.until_at > month::timestamptz);
			IF to_regclass(format('%I.%I', mart, part)) IS NOT NULL THEN
				-- a month that was detached comes back by attach_partition alone
				CONTINUE;
			END IF;
			IF month <> ALL (stray) THEN
				EXECUTE format('CREATE TABLE %s.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)', m, part, p.parent, month::timestamptz, (month + interval '1 month')::timestamptz);
			ELSE
				EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', p.parent);
				EXECUTE format('CREATE TABLE %s.%I (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION)', m, part, p.parent);
				EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', p.rest);	-- the rows stay what they are, in another place
				EXECUTE format('WITH gone AS (DELETE FROM %1$s d WHERE d.%2$I >= %3$L AND d.%2$I < %4$L RETURNING d.*) INSERT INTO %5$s.%6$I SELECT * FROM gone',
					p.rest, p.at, month::timestamptz, (month + interval '1 month')::timestamptz, m, part);
				EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER', p.rest);
				EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s.%I FOR VALUES FROM (%L) TO (%L)', p.parent, m, part, month::timestamptz, (month + interval '1 month')::timestamptz);
			END IF;
			EXECUTE format('COMMENT ON TABLE %s.%I IS %L', m, part, format('%s of %s, UTC', p.relname, to_char(month, 'YYYY-MM')));
			PERFORM @extschema@.dress_partition(p.parent, format('%I.%I', mart, part)::regclass);
			made := made + 1;
		END LOOP;
	END LOOP;
	RETURN made;
END $$;
COMMENT ON FUNCTION @extschema@.make_partitions(name, integer, date, date) IS 'makes the monthly partitions of a datamart''s fact tables that are missing: from the month of since (default the present one) to ahead months from now, or to that of until where it comes before, and those of rows in the default partitions, which move there; returns their number. Months that were detached are left alone. 22023 for more than 1200 months ahead';

CREATE FUNCTION @extschema@.partitions_of(parent regclass) RETURNS TABLE (partition regclass, from_at timestamptz, until_at timestamptz)
	LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
	SELECT i.inhrelid::regclass, (regexp_match(b.bound, 'FROM \(''([^'']*)''\)'))[1]::timestamptz, (regexp_match(b.bound, 'TO \(''([^'']*)''\)'))[1]::timestamptz
	FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS bound) b
	WHERE i.inhparent = parent AND b.bound <> 'DEFAULT' $$;
COMMENT ON FUNCTION @extschema@.partitions_of(regclass) IS 'internal: the partitions of a table by range of time and their bounds';

CREATE FUNCTION @extschema@.fact_parent(mart name, relation text) RETURNS regclass
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found_oid oid;
BEGIN
	PERFORM @extschema@.require_datamart(mart);
	SELECT c.oid INTO found_oid FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind = 'p' WHERE n.nspname = mart AND c.relname = relation;
	IF found_oid IS NULL THEN
		RAISE EXCEPTION 'a datamart has no partitioned table "%"', relation USING ERRCODE = 'invalid_parameter_value', HINT = 'They are interaction, reaction, web_session and web_event.';
	END IF;
	RETURN found_oid;
END $$;
COMMENT ON FUNCTION @extschema@.fact_parent(name, text) IS 'internal: a partitioned fact table of a mart by its name; 22023 when there is none';

CREATE FUNCTION @extschema@.detach_partitions(mart name, relation text, before date) RETURNS SETOF text
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
	parent regclass := @extschema@.fact_parent(mart, relation);
	p record;
	t record;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended('crmseg.partitions ' || mart, 0));
	FOR p IN SELECT o.partition, c.relname FROM @extschema@.partitions_of(parent) o JOIN pg_class c ON c.oid = o.partition WHERE o.until_at <= before::timestamptz ORDER BY o.from_at LOOP
		EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', parent, p.partition);
		-- what is done to it from now on is of no concern to the kept tables
		FOR t IN SELECT g.tgname FROM pg_trigger g JOIN pg_trigger o ON o.tgrelid = parent AND o.tgname = g.tgname WHERE g.tgrelid = p.partition AND NOT g.tgisinternal LOOP
			EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, p.partition);
		END LOOP;
		RETURN NEXT p.relname::text;
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.detach_partitions(name, text, date) IS 'detaches the months of a fact table that end on or before a day, and returns their names: ordinary tables of the mart that can be moved, archived or dropped, still found by their foreign key to party. What party_channel counted of them stays until it is rebuilt. 22023 for another table';

CREATE FUNCTION @extschema@.attach_partition(mart name, relation text, partition text) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
	parent regclass := @extschema@.fact_parent(mart, relation);
	part regclass := to_regclass(format('%I.%I', mart, partition));
	month date;
BEGIN
	IF part IS NULL OR partition !~ ('^' || relation || '_[0-9]{4}_[0-9]{2}$') THEN
		RAISE EXCEPTION 'a month of % is a table of the mart named %_YYYY_MM', relation, relation USING ERRCODE = 'invalid_parameter_value';
	END IF;
	month := to_date(right(partition, 7), 'YYYY_MM');
	EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', parent, part, month::timestamptz, (month + interval '1 month')::timestamptz);
	PERFORM @extschema@.dress_partition(parent, part);
END $$;
COMMENT ON FUNCTION @extschema@.attach_partition(name, text, text) IS 'takes a month back that detach_partitions detached. 22023 when it is no such table, 23514 when it holds rows of another month';
