-- Single merges, and what takes a merge back. A split undoes, latest first, every merge that stands upon the one to take back, and does
-- the others again: what the group is then follows from its parts, in whatever order it was merged and split. What was written to the
-- party since stays with it, field by field.

-- The living parties that two ids lead to, both locked, in order, until the end of the transaction.
CREATE FUNCTION @extschema@.lock_roots(mart name, ids bigint[]) RETURNS bigint[]
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	question text := format('SELECT array_agg(coalesce((SELECT p.party_id FROM %1$s.party p WHERE p.party_id = u.id), (SELECT a.party_id FROM %1$s.party_alias a WHERE a.old_party_id = u.id)) ORDER BY u.place) AS roots
		FROM unnest($1) WITH ORDINALITY u (id, place)', quote_ident(mart));
	r record;
	roots bigint[];
	key bigint;
BEGIN
	FOR attempt IN 1 .. 100 LOOP
		r := @extschema@.run_kept(question, ids);
		roots := r.roots;
		IF array_position(roots, NULL) IS NOT NULL THEN
			RAISE EXCEPTION 'party % does not exist', ids[array_position(roots, NULL)] USING ERRCODE = 'invalid_parameter_value';
		END IF;
		-- a lock that turns out to be the wrong one goes with the block
		BEGIN
			FOR key IN SELECT DISTINCT hashtextextended(format('crmseg.party %s', u.id), n.oid::bigint) FROM pg_namespace n, unnest(roots) u (id) WHERE n.nspname = mart ORDER BY 1 LOOP
				PERFORM pg_advisory_xact_lock(key);
			END LOOP;
			-- look again: a merge that was first may have moved them
			r := @extschema@.run_kept(question, ids);
			IF roots = r.roots THEN
				RETURN roots;
			END IF;
			RAISE EXCEPTION 'moved' USING ERRCODE = 'CS001';
		EXCEPTION WHEN SQLSTATE 'CS001' THEN
			NULL;
		END;
	END LOOP;
	RAISE EXCEPTION 'the parties were merged with others meanwhile' USING ERRCODE = 'serialization_failure', HINT = 'Try again.';
END $$;
COMMENT ON FUNCTION @extschema@.lock_roots(name, bigint[]) IS 'internal: the living parties that ids lead to, locked against other merges and splits; 22023 for an unknown id, 40001 when others are always faster';

CREATE FUNCTION @extschema@.merge_parties(mart name, keep bigint, dropped bigint, reason text DEFAULT NULL) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	roots bigint[];
BEGIN
	IF keep IS NULL OR dropped IS NULL THEN
		RAISE EXCEPTION 'the parties to merge must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	PERFORM pg_advisory_xact_lock_shared(@extschema@.mart_lock(mart));
	FOR attempt IN 1 .. 20 LOOP
		BEGIN
			roots := @extschema@.lock_roots(mart, ARRAY[keep, dropped]);
			IF roots[1] = roots[2] THEN
				-- already one: the id that leads to the other
				RETURN CASE WHEN dropped <> roots[1] THEN dropped WHEN keep <> roots[1] THEN keep END;
			END IF;
			PERFORM @extschema@.merge_groups(mart, roots[1:1], roots[2:2], ARRAY[reason], '{}', now(), false);
			-- who merges by hand takes back what was said before
			PERFORM @extschema@.run_kept(format('DELETE FROM %1$s.party_judgement j WHERE j.verdict = ''different'' AND (j.left_id, j.right_id) IN (SELECT least(a, b), greatest(a, b) FROM
				(SELECT $1 UNION SELECT l.old_party_id FROM %1$s.party_alias l WHERE l.party_id = $1) a (a), (SELECT $1 UNION SELECT l.old_party_id FROM %1$s.party_alias l WHERE l.party_id = $1) b (b))', m), roots[1]);
			RETURN roots[2];
		EXCEPTION WHEN deadlock_detected OR serialization_failure THEN
			-- another session's merge was first; from an older snapshot it cannot be seen
			IF attempt = 20 OR current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
				RAISE;
			END IF;
		END;
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.merge_parties(name, bigint, bigint, text) IS 'makes two parties one: facts follow, the most restrictive consent wins, the dropped id resolves for ever; returns the alias, the id that was merged away. Ids that were merged before stand for the party they lead to. split_party takes it back. 22023 for an unknown party or different kinds, 40001 when another merge was faster under REPEATABLE READ: try again';

-- The columns by which party_undo.moved tells the rows of a table apart that follow a party by one: its number, else the primary key without
-- that column; none: the row is the only one of its party. NULL without a primary key. As row_key() in src/mart/merge_fn.c.
CREATE FUNCTION @extschema@.row_key_columns(relation regclass, column_name text) RETURNS name[]
	LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN (SELECT ARRAY(SELECT c.attname FROM (SELECT a.attname, u.place, a.attidentity, max(a.attidentity) OVER () AS numbered
			FROM unnest(i.indkey::smallint[]) WITH ORDINALITY u (attnum, place) JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum
			WHERE u.place <= i.indnkeyatts AND a.attname <> column_name) c
		WHERE c.attidentity = c.numbered ORDER BY c.place)
	FROM pg_index i WHERE i.indrelid = relation AND i.indisprimary);
END $$;
COMMENT ON FUNCTION @extschema@.row_key_columns(regclass, text) IS 'internal: the columns of the keys in party_undo.moved';

CREATE FUNCTION @extschema@.row_key(relation regclass, column_name text, image jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	c name[] := @extschema@.row_key_columns(relation, column_name);
BEGIN
	RETURN CASE WHEN c IS NULL THEN image WHEN cardinality(c) = 0 THEN 'true' WHEN cardinality(c) = 1 THEN image -> c[1]::text
		ELSE (SELECT jsonb_agg(image -> u.n::text ORDER BY u.place) FROM unnest(c) WITH ORDINALITY u (n, place)) END;
END $$;
COMMENT ON FUNCTION @extschema@.row_key(regclass, text, jsonb) IS 'internal: the key in party_undo.moved of a row, from its image';

-- A row as it was: parties that it names by a foreign key may be called otherwise now; a period gives way to what has been written since.
CREATE FUNCTION @extschema@.restore_row(mart name, relation regclass, image jsonb) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := quote_ident(mart);
	col text;
	living bigint;
	columns text;
	pieces jsonb[] := ARRAY[image];
	was jsonb := '{}';		-- columns whose party is called otherwise now
	party regclass := format('%I.party', mart)::regclass;
	made record;
BEGIN
	IF relation <> party THEN
		FOR col IN SELECT a.attname FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
				WHERE c.contype = 'f' AND c.conrelid = relation AND c.confrelid = party AND cardinality(c.conkey) = 1 LOOP
			made := @extschema@.run_kept(format('SELECT coalesce((SELECT p.party_id FROM %1$s.party p WHERE p.party_id = $1), (SELECT a.party_id FROM %1$s.party_alias a WHERE a.old_party_id = $1)) AS id', m), (image ->> col)::bigint);
			living := made.id;
			IF living <> (image ->> col)::bigint THEN
				was := was || jsonb_build_object(col, image -> col);
				image := image || jsonb_build_object(col, living);
			END IF;
		END LOOP;
	END IF;
	IF relation = format('%I.consent', mart)::regclass THEN
		made := @extschema@.run_kept(format('SELECT array_agg($1 || jsonb_build_object(''valid'', p.period) ORDER BY p.period) AS pieces FROM (SELECT unnest(tstzmultirange(i.valid) - coalesce(
				(SELECT range_agg(c.valid) FROM %1$s.consent c WHERE c.party_id = i.party_id AND c.purpose = i.purpose AND c.channel_id = i.channel_id AND c.contact_point_id = i.contact_point_id), ''{}'')) AS period
			FROM jsonb_populate_record(NULL::%1$s.consent, $1) i) p', m), image);
		pieces := made.pieces;
	ELSIF relation = format('%I.party_relation', mart)::regclass THEN
		made := @extschema@.run_kept(format('SELECT array_agg(CASE WHEN p.n > 1 OR EXISTS (SELECT FROM %1$s.party_relation x WHERE x.party_relation_id = ($1 ->> ''party_relation_id'')::bigint) THEN $1 - ''party_relation_id'' ELSE $1 END
				|| jsonb_build_object(''valid'', p.period) ORDER BY p.period) AS pieces FROM (SELECT period, row_number() OVER (ORDER BY period) AS n FROM (SELECT unnest(datemultirange(i.valid) - coalesce(
				(SELECT range_agg(r.valid) FROM %1$s.party_relation r WHERE r.party_id = i.party_id AND r.related_id = i.related_id AND r.kind = i.kind), ''{}'')) AS period
			FROM jsonb_populate_record(NULL::%1$s.party_relation, $1) i WHERE i.party_id <> i.related_id) q) p', m), image);
		pieces := made.pieces;
	ELSE
		pieces := ARRAY[image];
	END IF;
	FOREACH image IN ARRAY coalesce(pieces, '{}') LOOP
		SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO columns
		FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND image ? a.attname::text;
		made := @extschema@.run_kept(format('INSERT INTO %1$s AS t (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, $1) ON CONFLICT DO NOTHING RETURNING @extschema@.row_image(t) AS image', relation, columns), image);
		IF made IS NOT NULL THEN
			-- as if the row had been there when that party was merged away: it goes back with it
			FOR col IN SELECT jsonb_object_keys(was) LOOP
				EXECUTE format('WITH RECURSIVE way AS (SELECT a.* FROM %1$s.party_alias a WHERE a.old_party_id = $1 UNION ALL SELECT a.* FROM way w JOIN %1$s.party_alias a ON a.old_party_id = w.merged_into)
					INSERT INTO %1$s.party_undo (merge_id, relation, column_name, party_id, moved) SELECT w.merge_id, $2, $3, w.old_party_id, jsonb_build_array($4) FROM way w', m)
					USING (was ->> col)::bigint, relation, col, @extschema@.row_key(relation, col, made.image);
			END LOOP;
		END IF;
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.restore_row(name, regclass, jsonb) IS 'internal: inserts a row from its image, where none stands in its place';

-- The condition by which the rows of party_undo.moved are found again; a key that holds another party finds it under its present id.
CREATE FUNCTION @extschema@.moved_condition(mart name, relation regclass, column_name text) RETURNS text
	LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	c name[] := @extschema@.row_key_columns(relation, column_name);
	party oid := format('%I.party', mart)::regclass;
BEGIN
	RETURN CASE WHEN c IS NOT NULL THEN coalesce((SELECT string_agg(format(CASE WHEN EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conrelid = relation AND f.conkey = ARRAY[a.attnum] AND f.confrelid = party)
				THEN 't.%1$I = @extschema@.party_of(%4$L, (k.v %2$s)::bigint)' ELSE 't.%1$I = (k.v %2$s)::%3$s' END,
				a.attname, CASE WHEN cardinality(c) = 1 THEN '#>> ''{}''' ELSE format('->> %s', u.place - 1) END, format_type(a.atttypid, a.atttypmod), mart), ' AND ')
			FROM unnest(c) WITH ORDINALITY u (attname, place) JOIN pg_attribute a ON a.attrelid = relation AND a.attname = u.attname), 'true') END;
END $$;
COMMENT ON FUNCTION @extschema@.moved_condition(name, regclass, text) IS 'internal: SQL that finds a row t by its key k.v in party_undo.moved; NULL for a table without primary key';

-- Without a primary key: as many equal rows as came.
CREATE FUNCTION @extschema@.move_back_rows(relation regclass, column_name text, root bigint, party_id bigint, moved jsonb) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	r record;
BEGIN
	FOR r IN SELECT j.image, count(*) AS times FROM jsonb_array_elements(moved) j (image) GROUP BY j.image LOOP
		EXECUTE format('UPDATE %1$s t SET %2$I = $1 WHERE t.ctid = ANY (ARRAY(SELECT x.ctid FROM %1$s x WHERE x.%2$I = $2 AND @extschema@.row_image(x) = @extschema@.row_image(jsonb_populate_record(NULL::%1$s, $3)) LIMIT $4 FOR UPDATE))', relation, column_name)
			USING party_id, root, r.image, r.times;
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.move_back_rows(regclass, text, bigint, bigint, jsonb) IS 'internal: rows of a table without primary key go back to the party they came from';

-- The same of many rows of one table: those that name parties as they are now called go in together.
CREATE FUNCTION @extschema@.restore_rows(mart name, relation regclass, images jsonb[]) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := quote_ident(mart);
	party regclass := format('%I.party', mart)::regclass;
	image jsonb;
	col text;
	r record;
BEGIN
	IF relation <> party THEN
		FOR col IN SELECT a.attname FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
				WHERE cardinality(images) > 1 AND c.contype = 'f' AND c.conrelid = relation AND c.confrelid = party AND cardinality(c.conkey) = 1 LOOP
			r := @extschema@.run_kept(format('SELECT array_agg(i.image) FILTER (WHERE p.party_id IS NULL AND i.image ->> %2$L IS NOT NULL) AS other, array_agg(i.image) FILTER (WHERE p.party_id IS NOT NULL OR i.image ->> %2$L IS NULL) AS same
				FROM unnest($1) i (image) LEFT JOIN %1$s.party p ON p.party_id = (i.image ->> %2$L)::bigint', m, col), images);
			FOREACH image IN ARRAY coalesce(r.other, '{}') LOOP
				PERFORM @extschema@.restore_row(mart, relation, image);
			END LOOP;
			images := coalesce(r.same, '{}');
		END LOOP;
	END IF;
	IF cardinality(images) < 2 OR relation IN (format('%I.consent', mart)::regclass, format('%I.party_relation', mart)::regclass) THEN
		FOREACH image IN ARRAY images LOOP
			PERFORM @extschema@.restore_row(mart, relation, image);
		END LOOP;
		RETURN;
	END IF;
	-- what an image does not name takes its default
	FOR r IN SELECT x.columns, x.of_image, array_agg(x.image) AS images FROM (
			SELECT i.image, c.columns, c.of_image FROM unnest(images) i (image) CROSS JOIN LATERAL (
				SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns, string_agg('p.' || quote_ident(a.attname), ', ' ORDER BY a.attnum) AS of_image
				FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND i.image ? a.attname::text) c) x
			GROUP BY x.columns, x.of_image LOOP
		PERFORM @extschema@.run_kept(format('INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %3$s FROM unnest($1) i (image) CROSS JOIN LATERAL jsonb_populate_record(NULL::%1$s, i.image) p ON CONFLICT DO NOTHING', relation, r.columns, r.of_image), r.images);
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.restore_rows(name, regclass, jsonb[]) IS 'internal: restore_row for many rows of one table';

-- Of several merges at once none may stand upon another: the steps of each are taken in their reverse order, those of one shape together.
CREATE FUNCTION @extschema@.undo_merges(mart name, merges bigint[]) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET datestyle = 'ISO, YMD' SET intervalstyle = 'postgres' SET extra_float_digits = 1 SET enable_seqscan = off SET enable_mergejoin = off SET enable_hashjoin = off AS $$
DECLARE
	m text := quote_ident(mart);
	party regclass := format('%I.party', mart)::regclass;
	back bigint[];
	roots bigint[];
	r record;
	e record;
	s record;
	changes text;
	condition text;
BEGIN
	r := @extschema@.run_kept(format('SELECT array_agg(a.old_party_id) AS back, array_agg(g.party_id) AS roots, min(a.old_party_id) FILTER (WHERE NOT EXISTS (SELECT FROM %1$s.party_undo u WHERE u.merge_id = g.merge_id AND u.relation = $2 AND u.after IS NULL AND u.party_id = a.old_party_id)) AS lost
		FROM unnest($1) n (merge_id) JOIN %1$s.party_merge g ON g.merge_id = n.merge_id JOIN %1$s.party_alias a ON a.merge_id = g.merge_id', m), merges, party);
	back := r.back;
	roots := r.roots;
	IF r.lost IS NOT NULL THEN
		RAISE EXCEPTION 'the merge of party % can no longer be taken back', r.lost USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'Its rows in party_undo were deleted.';
	END IF;
	r := @extschema@.run_kept(format('SELECT array_agg(u.before ORDER BY u.party_id) AS images FROM unnest($1) n (merge_id) JOIN %s.party_undo u ON u.merge_id = n.merge_id WHERE u.relation = $2 AND u.after IS NULL', m), merges, party);
	PERFORM @extschema@.restore_rows(mart, party, coalesce(r.images, '{}'));
	-- the paths, flat again: each alias below one of them leads to it
	PERFORM @extschema@.run_kept(format('DELETE FROM %s.party_alias a WHERE a.merge_id = ANY ($1)', m), merges);
	PERFORM @extschema@.run_kept(format('WITH RECURSIVE below AS (
			SELECT a.old_party_id, a.merged_into AS top, b.root FROM unnest($1, $2) b (party_id, root) JOIN %1$s.party_alias a ON a.party_id = b.root AND a.merged_into = b.party_id
			UNION ALL SELECT a.old_party_id, b.top, b.root FROM below b JOIN %1$s.party_alias a ON a.party_id = b.root AND a.merged_into = b.old_party_id)
		UPDATE %1$s.party_alias a SET party_id = b.top FROM below b WHERE a.old_party_id = b.old_party_id', m), back, roots);

	r := @extschema@.run_kept(format($q$SELECT jsonb_agg(x ORDER BY x.place) AS steps FROM (
			SELECT s.place, s.relation, s.column_name, s.shape, s.before_keys, s.after_keys, array_agg(s.undo_id ORDER BY s.undo_id DESC) AS ids, array_agg(s.root ORDER BY s.undo_id DESC) AS roots FROM (
				SELECT u.undo_id, g.party_id AS root, row_number() OVER (PARTITION BY u.merge_id ORDER BY u.undo_id DESC) AS place, u.relation::oid::bigint AS relation, u.column_name,
					CASE WHEN u.before IS NULL AND u.after IS NULL THEN 'moved' WHEN u.moved IS NOT NULL THEN 'changed' WHEN u.before IS NULL THEN 'made' ELSE 'gone' END AS shape,
					CASE WHEN u.moved IS NOT NULL AND u.before IS NOT NULL THEN ARRAY(SELECT k FROM jsonb_object_keys(u.before) k ORDER BY k) END AS before_keys,
					CASE WHEN u.moved IS NOT NULL AND u.after IS NOT NULL THEN ARRAY(SELECT k FROM jsonb_object_keys(u.after) k ORDER BY k) END AS after_keys
				FROM unnest($1) n (merge_id) JOIN %1$s.party_merge g ON g.merge_id = n.merge_id JOIN %1$s.party_undo u ON u.merge_id = g.merge_id
				WHERE NOT (u.relation = $2 AND u.after IS NULL) AND EXISTS (SELECT FROM pg_class c WHERE c.oid = u.relation)) s
			GROUP BY s.place, s.relation, s.column_name, s.shape, s.before_keys, s.after_keys) x$q$, m), merges, party);
	-- types of its own, which are those of every mart: this function is planned once for all of them. OFFSET 0: the keys of other steps are of other types
	FOR e IN SELECT x.relation::oid::regclass AS relation, x.column_name, x.shape, x.before_keys, x.after_keys, x.ids, x.roots
			FROM jsonb_to_recordset(r.steps) x (relation bigint, column_name text, shape text, before_keys text[], after_keys text[], ids bigint[], roots bigint[]) LOOP
		condition := @extschema@.moved_condition(mart, e.relation, e.column_name);
		IF e.shape = 'moved' AND condition IS NOT NULL THEN
			PERFORM @extschema@.run_kept(format('UPDATE %1$s t SET %2$I = k.party_id FROM (SELECT u.party_id, n.root, j.v FROM unnest($1, $2) n (id, root) JOIN %4$s.party_undo u ON u.undo_id = n.id CROSS JOIN LATERAL jsonb_array_elements(u.moved) j (v) OFFSET 0) k
				WHERE t.%2$I = k.root AND %3$s', e.relation, e.column_name, condition, m), e.ids, e.roots);
		ELSIF e.shape = 'changed' THEN
			-- a row that was changed: each column goes back that nobody has written since
			SELECT string_agg(CASE WHEN a.attname = ANY (e.after_keys) THEN format('%1$I = CASE WHEN t.%1$I::text IS NOT DISTINCT FROM a.%1$I::text THEN b.%1$I ELSE t.%1$I END', a.attname) ELSE format('%1$I = b.%1$I', a.attname) END, ', ' ORDER BY a.attnum)
				INTO changes FROM pg_attribute a WHERE a.attrelid = e.relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attname = ANY (e.before_keys);
			CONTINUE WHEN changes IS NULL;	-- its columns are gone
			PERFORM @extschema@.run_kept(format('UPDATE %1$s t SET %2$s FROM (SELECT u.before, coalesce(u.after, ''{}'') AS after, u.moved AS v, coalesce((u.after ->> %5$L)::bigint, u.party_id) AS at_party FROM unnest($1) n (id) JOIN %6$s.party_undo u ON u.undo_id = n.id OFFSET 0) k
				CROSS JOIN LATERAL jsonb_populate_record(NULL::%1$s, k.before) b CROSS JOIN LATERAL jsonb_populate_record(NULL::%1$s, k.after) a WHERE t.%3$I = k.at_party AND %4$s',
				e.relation, changes, e.column_name, condition, e.column_name, m), e.ids);
		ELSIF e.shape = 'gone' THEN
			s := @extschema@.run_kept(format('SELECT array_agg(u.before ORDER BY n.place) AS images FROM unnest($1) WITH ORDINALITY n (id, place) JOIN %s.party_undo u ON u.undo_id = n.id', m), e.ids);
			PERFORM @extschema@.restore_rows(mart, e.relation, s.images);
		ELSE
			r := @extschema@.run_kept(format('SELECT array_agg(u.party_id ORDER BY n.place) AS parties, array_agg(u.moved ORDER BY n.place) AS moved, array_agg(u.after ORDER BY n.place) AS after FROM unnest($1) WITH ORDINALITY n (id, place) JOIN %s.party_undo u ON u.undo_id = n.id', m), e.ids);
			FOR s IN SELECT * FROM unnest(e.roots, r.parties, r.moved, r.after) u (root, party_id, moved, after) LOOP
				IF e.shape = 'moved' THEN
					PERFORM @extschema@.move_back_rows(e.relation, e.column_name, s.root, s.party_id, s.moved);
				ELSIF s.after ? 'party_relation_id' AND e.relation = format('%I.party_relation', mart)::regclass THEN
					PERFORM @extschema@.run_kept(format('DELETE FROM %1$s t WHERE t.party_relation_id = ($1 ->> ''party_relation_id'')::bigint
						AND @extschema@.row_image(t) - ''party_id'' - ''related_id'' = @extschema@.row_image(jsonb_populate_record(NULL::%1$s, $1)) - ''party_id'' - ''related_id''', e.relation), s.after);
				ELSE
					PERFORM @extschema@.run_kept(format('DELETE FROM %1$s t WHERE t.%2$I = $2 AND @extschema@.row_image(t) = @extschema@.row_image(jsonb_populate_record(NULL::%1$s, $1))', e.relation, e.column_name), s.after, s.root);
				END IF;
			END LOOP;
		END IF;
	END LOOP;
	PERFORM @extschema@.run_kept(format('DELETE FROM %s.party_undo u WHERE u.merge_id = ANY ($1)', m), merges);
	PERFORM @extschema@.run_kept(format('DELETE FROM %s.party_merge g WHERE g.merge_id = ANY ($1)', m), merges);
END $$;
COMMENT ON FUNCTION @extschema@.undo_merges(name, bigint[]) IS 'internal: takes merges back that no later one stands upon. 55000 when what is needed for it was deleted';

-- The merges that must be undone before and with some: those above them, of each party on the way to the root; and those of the parties at the
-- other end of relations that they made one, for a relation has two ends and each may merge.
CREATE FUNCTION @extschema@.merges_above(mart name, merges bigint[], is_locking boolean) RETURNS bigint[]
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := quote_ident(mart);
	found_ids bigint[] := merges;
	found_next bigint[];
	r record;
BEGIN
	LOOP
		r := @extschema@.run_kept(format($q$
			SELECT ARRAY(
				SELECT g.merge_id FROM %1$s.party_merge x JOIN %1$s.party_merge g ON g.party_id = x.party_id AND g.merge_id >= x.merge_id WHERE x.merge_id = ANY ($1)
				UNION SELECT a.merge_id FROM %1$s.party_merge x JOIN %1$s.party_alias a ON a.old_party_id = x.party_id WHERE x.merge_id = ANY ($1)
				UNION SELECT y.merge_id FROM %1$s.party_undo x JOIN %1$s.party_undo y ON y.relation = x.relation AND y.merge_id > x.merge_id
				WHERE x.merge_id = ANY ($1) AND x.relation = %2$s::regclass AND y.relation = %2$s::regclass
					AND (y.moved @> (x.after -> 'party_relation_id')
						OR (y.after IS NULL AND (y.before -> 'party_relation_id' = x.after -> 'party_relation_id' OR x.moved @> (y.before -> 'party_relation_id'))))
				ORDER BY 1 DESC) AS merges$q$, m, format('%I.party_relation', mart)::regclass::oid), found_ids);
		found_next := r.merges;
		IF is_locking THEN
			r := @extschema@.run_kept(format('SELECT ARRAY(SELECT g.party_id FROM %s.party_merge g WHERE g.merge_id = ANY ($1)) AS parties', m), found_next);
			PERFORM @extschema@.lock_roots(mart, r.parties);
		END IF;
		EXIT WHEN found_next = found_ids;
		found_ids := found_next;
	END LOOP;
	RETURN found_ids;
END $$;
COMMENT ON FUNCTION @extschema@.merges_above(name, bigint[], boolean) IS 'internal: the merges to undo with some, latest first, their parties locked where is_locking';

-- For whoever holds the parties' locks, or the mart's: the merges of some aliases are taken back, those above them done again.
CREATE FUNCTION @extschema@.split_aliases(mart name, aliases bigint[], merges bigint[], reason text) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := quote_ident(mart);
	done jsonb;
	again jsonb;
	e record;
	r record;
BEGIN
	-- place: merges of one group one after the other, those of different groups together, but where relations lie between them
	r := @extschema@.run_kept(format('SELECT jsonb_agg(to_jsonb(y) || jsonb_build_object(''place'', CASE WHEN y.related THEN y.merge_id ELSE y.nth END) ORDER BY y.merge_id) AS done FROM (
		SELECT x.*, row_number() OVER (PARTITION BY x.root ORDER BY x.merge_id) AS nth, EXISTS (SELECT FROM unnest($1) v (merge_id) JOIN %1$s.party_undo u ON u.merge_id = v.merge_id WHERE u.relation = %2$s::regclass) AS related FROM (
		SELECT g.merge_id, g.party_id, g.merged_at, g.merged_by, coalesce(l.party_id, g.party_id) AS root, ARRAY(SELECT a.old_party_id FROM %1$s.party_alias a WHERE a.merge_id = g.merge_id ORDER BY 1) AS dropped,
			ARRAY(SELECT a.reason FROM %1$s.party_alias a WHERE a.merge_id = g.merge_id ORDER BY a.old_party_id) AS reasons
		FROM unnest($1) v (merge_id) JOIN %1$s.party_merge g ON g.merge_id = v.merge_id LEFT JOIN %1$s.party_alias l ON l.old_party_id = g.party_id) x) y', m, format('%I.party_relation', mart)::regclass::oid), merges);
	done := r.done;
	-- whoever writes facts of these parties is waited for, as in a merge
	PERFORM @extschema@.run_kept(format('SELECT count(*) FROM (SELECT FROM %1$s.party p WHERE p.party_id IN (SELECT j.root FROM jsonb_to_recordset($1) j (root bigint)) ORDER BY p.party_id FOR UPDATE) p', m), done);
	r := @extschema@.run_kept(format('SELECT array_agg(a.old_party_id ORDER BY u.place) AS ids, array_agg(a.party_id ORDER BY u.place) AS roots FROM unnest($1) WITH ORDINALITY u (id, place) JOIN %s.party_alias a ON a.old_party_id = u.id', m), aliases);
	FOR e IN SELECT array_agg(j.merge_id) AS merges FROM (SELECT x.merge_id, CASE WHEN x.related THEN x.merge_id ELSE x.nth - max(x.nth) OVER (PARTITION BY x.root) END AS place
			FROM jsonb_to_recordset(done) x (merge_id bigint, root bigint, nth bigint, related boolean)) j GROUP BY j.place ORDER BY j.place DESC LOOP
		PERFORM @extschema@.undo_merges(mart, e.merges);
	END LOOP;
	FOR e IN SELECT array_agg(j.party_id ORDER BY j.merge_id, u.d) AS keep, array_agg(u.d ORDER BY j.merge_id, u.d) AS dropped, array_agg(u.r ORDER BY j.merge_id, u.d) AS reasons, j.merged_at, j.merged_by
			FROM jsonb_to_recordset(done) j (merge_id bigint, party_id bigint, merged_at timestamptz, merged_by text, dropped bigint[], reasons text[], place bigint), unnest(j.dropped, j.reasons) u (d, r)
			WHERE u.d <> ALL (aliases) GROUP BY j.place, j.merged_at, j.merged_by ORDER BY j.place, j.merged_at, j.merged_by LOOP
		PERFORM @extschema@.merge_groups(mart, e.keep, e.dropped, e.reasons, '{}', e.merged_at, true);
		PERFORM @extschema@.run_kept(format('UPDATE %1$s.party_merge g SET merged_by = $2 FROM unnest($1) u (id) JOIN %1$s.party_alias a ON a.old_party_id = u.id WHERE g.merge_id = a.merge_id AND g.merged_by <> $2', m), e.dropped, e.merged_by);
	END LOOP;
	-- what each did last goes with its facts
	PERFORM @extschema@.run_kept(format('UPDATE %1$s.party_profile p SET last_active_at = a.at
		FROM (SELECT y.party_id, (SELECT max(o.at) FROM %1$s.own_action o WHERE o.party_id = y.party_id) AS at FROM %1$s.party y WHERE y.kind <> ''unidentified'' AND y.party_id IN (
			SELECT j.party_id FROM jsonb_to_recordset($1) j (party_id bigint) UNION SELECT d FROM jsonb_to_recordset($1) j (dropped bigint[]), unnest(j.dropped) d)) a
		WHERE p.party_id = a.party_id AND (p.last_active_at IS NULL OR p.last_active_at < a.at)', m), done);
	PERFORM @extschema@.run_kept(format('INSERT INTO %s.party_change (kind, party_id, other_id, reason) SELECT ''split'', u.id, u.root, $3 FROM unnest($1, $2) WITH ORDINALITY u (id, root, place) ORDER BY u.place', m), r.ids, r.roots, reason);
END $$;
COMMENT ON FUNCTION @extschema@.split_aliases(name, bigint[], bigint[], text) IS 'internal: takes the merges of aliases back; merges: what merges_above found for them';

-- What resolve found not to be one; the merges of which party_undo holds no more stay. It holds the mart's lock: nobody merges meanwhile.
CREATE FUNCTION @extschema@.split_many(mart name, aliases bigint[], reason text) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off AS $$
DECLARE
	m text := quote_ident(mart);
	r record;
	above bigint[];
BEGIN
	IF cardinality(aliases) = 0 THEN
		RETURN 0;
	END IF;
	r := @extschema@.run_kept(format('SELECT array_agg(DISTINCT a.merge_id) AS merges FROM unnest($1) u (id) JOIN %s.party_alias a ON a.old_party_id = u.id', m), aliases);
	above := @extschema@.merges_above(mart, r.merges, false);
	r := @extschema@.run_kept(format('WITH above AS MATERIALIZED (SELECT v.merge_id, coalesce(l.party_id, g.party_id) AS root FROM unnest($2) v (merge_id) JOIN %1$s.party_merge g ON g.merge_id = v.merge_id LEFT JOIN %1$s.party_alias l ON l.old_party_id = g.party_id),
		lost AS MATERIALIZED (SELECT w.root FROM above w JOIN %1$s.party_alias a ON a.merge_id = w.merge_id WHERE NOT EXISTS (SELECT FROM %1$s.party_undo u WHERE u.merge_id = a.merge_id AND u.relation = $3 AND u.after IS NULL AND u.party_id = a.old_party_id))
		SELECT array_agg(u.id ORDER BY u.place) AS aliases, array_agg(DISTINCT a.merge_id) AS merges FROM unnest($1) WITH ORDINALITY u (id, place) JOIN %1$s.party_alias a ON a.old_party_id = u.id WHERE a.party_id NOT IN (SELECT l.root FROM lost l)', m),
		aliases, above, format('%I.party', mart)::regclass);
	IF r.aliases IS NULL THEN
		RETURN 0;
	END IF;
	PERFORM @extschema@.split_aliases(mart, r.aliases, CASE WHEN r.aliases = aliases THEN above ELSE @extschema@.merges_above(mart, r.merges, false) END, reason);
	RETURN cardinality(r.aliases);
END $$;
COMMENT ON FUNCTION @extschema@.split_many(name, bigint[], text) IS 'internal: split_party of many ids at once, without remembering it; returns how many';

CREATE FUNCTION @extschema@.split_party(mart name, alias bigint, reason text DEFAULT NULL) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	root bigint;
	merge bigint;
	r record;
BEGIN
	IF alias IS NULL THEN
		RAISE EXCEPTION 'the party to split off must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	PERFORM pg_advisory_xact_lock_shared(@extschema@.mart_lock(mart));
	FOR attempt IN 1 .. 20 LOOP
		BEGIN
			root := (@extschema@.lock_roots(mart, ARRAY[alias]))[1];
			IF root = alias THEN
				RAISE EXCEPTION 'party % was not merged into another', alias USING ERRCODE = 'invalid_parameter_value',
					HINT = 'Give the id that was merged away: party_alias.old_party_id.';
			END IF;
			r := @extschema@.run_kept(format('SELECT a.merge_id FROM %s.party_alias a WHERE a.old_party_id = $1', m), alias);
			merge := r.merge_id;
			PERFORM @extschema@.split_aliases(mart, ARRAY[alias], @extschema@.merges_above(mart, ARRAY[merge], true), reason);
			PERFORM @extschema@.judge_parties(mart, alias, root, 'different', coalesce(reason, 'split'));
			RETURN alias;
		EXCEPTION WHEN deadlock_detected OR serialization_failure THEN
			IF attempt = 20 OR current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
				RAISE;
			END IF;
		END;
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.split_party(name, bigint, text) IS 'takes back the merge of an id that was merged away: the party lives again with its rows and all that it had taken in, the others of the group stay together, both as if it had never come. What was written since stays with the party it was written to. resolve keeps the two apart from then on. Returns the id. 22023 when it was not merged away, 55000 when party_undo holds no more of it';

CREATE FUNCTION @extschema@.judge_parties(mart name, a bigint, b bigint, verdict text, reason text) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
BEGIN
	PERFORM @extschema@.run_kept(format('INSERT INTO %I.party_judgement (left_id, right_id, verdict, reason) VALUES (least($1, $2), greatest($1, $2), $3, $4)
		ON CONFLICT (left_id, right_id) DO UPDATE SET verdict = excluded.verdict, reason = excluded.reason, decided_at = excluded.decided_at, decided_by = excluded.decided_by, obeyed_at = NULL', mart), a, b, verdict, reason);
END $$;
COMMENT ON FUNCTION @extschema@.judge_parties(name, bigint, bigint, text, text) IS 'internal: remembers a verdict on two ids, instead of an earlier one';

CREATE FUNCTION @extschema@.keep_apart(mart name, a bigint, b bigint, reason text DEFAULT NULL) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	roots bigint[];
BEGIN
	IF a IS NULL OR b IS NULL THEN
		RAISE EXCEPTION 'the parties to keep apart must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	PERFORM pg_advisory_xact_lock_shared(@extschema@.mart_lock(mart));
	roots := @extschema@.lock_roots(mart, ARRAY[a, b]);
	IF roots[1] = roots[2] THEN
		RAISE EXCEPTION 'parties % and % are one', a, b USING ERRCODE = 'invalid_parameter_value',
			HINT = CASE WHEN a = b THEN 'Name two parties.' ELSE format('SELECT @extschema@.split_party(%L, %s); takes the merge back and keeps them apart.', mart, CASE WHEN b = roots[1] THEN a ELSE b END) END;
	END IF;
	PERFORM @extschema@.judge_parties(mart, a, b, 'different', reason);
END $$;
COMMENT ON FUNCTION @extschema@.keep_apart(name, bigint, bigint, text) IS 'remembers that two parties are not one: resolve never merges them, nor parties that they were merged into. merge_parties and keep_together by hand take it back. 22023 when they are one already';

CREATE FUNCTION @extschema@.keep_together(mart name, a bigint, b bigint, reason text DEFAULT NULL) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	roots bigint[];
BEGIN
	IF a IS NULL OR b IS NULL THEN
		RAISE EXCEPTION 'the parties to keep together must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	PERFORM @extschema@.require_datamart(mart);
	roots := ARRAY[@extschema@.party_of(mart, a), @extschema@.party_of(mart, b)];
	-- the oldest id lives on
	PERFORM @extschema@.merge_parties(mart, CASE WHEN roots[2] < roots[1] THEN b ELSE a END, CASE WHEN roots[2] < roots[1] THEN a ELSE b END, coalesce(reason, 'kept together'));
	IF a <> b THEN
		PERFORM @extschema@.judge_parties(mart, a, b, 'same', reason);
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.keep_together(name, bigint, bigint, text) IS 'merges two parties, the older id living on, and remembers that they are one, until split_party or keep_apart says otherwise. 22023 for an unknown party or different kinds';
