-- Step 19: who is in which segment, since when, until when. Kept by refresh_segments, and, once keep_segments has been called, in the
-- transaction of every change. party_segments holds what each party is in now as one row, so that a change is compared with one row and not
-- with hundreds; segment_member holds the periods. Both are written together, by update_memberships and refresh_segments alone.
CREATE VIEW @mart@.party_row WITH (security_invoker = true) AS
	SELECT p.party_id, p.kind, p.lifecycle, p.is_professional, p.salutation, p.given_name, p.family_name, p.sex, p.birth_date,
		extract(year FROM age((now() AT TIME ZONE (SELECT d.time_zone FROM @mart@.datamart d))::date::timestamp, p.birth_date::timestamp))::integer AS age,
		p.deceased_on, p.language, p.country, p.postal_code, p.legal_name, p.industry_code, p.headcount, p.trade, p.chain_position, p.tier, p.created_at,
		f.traits, f.first_order_at, f.last_order_at, f.orders, f.order_days, f.revenue, f.gross_revenue, f.largest_order, f.returns, f.returned, f.margin, f.last_active_at
	FROM @mart@.party p LEFT JOIN @mart@.party_profile f ON f.party_id = p.party_id
	WHERE p.kind <> 'unidentified';
COMMENT ON VIEW @mart@.party_row IS 'a party and its profile as the row that segments are asked of; scores, places and events are looked up beside it';
COMMENT ON COLUMN @mart@.party_row.age IS 'whole years lived today, in the time zone of the mart';

CREATE VIEW @mart@.party_features WITH (security_invoker = true) AS
	SELECT p.party_id, p.kind, p.lifecycle, p.is_professional, p.sex,
		extract(year FROM age((now() AT TIME ZONE (SELECT d.time_zone FROM @mart@.datamart d))::date::timestamp, p.birth_date::timestamp))::integer AS age, p.language, p.country, p.industry_code, p.headcount, p.tier,
		f.orders, f.revenue, f.largest_order, f.returns, f.margin, c.r, c.f, c.m, c.label AS rfm_label
	FROM @mart@.party p LEFT JOIN @mart@.party_profile f ON f.party_id = p.party_id LEFT JOIN @mart@.customer_rfm c ON c.party_id = p.party_id
	WHERE p.kind <> 'unidentified';
COMMENT ON VIEW @mart@.party_features IS 'what segment_profile describes the members of a segment by, if it is told no other relation';
COMMENT ON COLUMN @mart@.party_features.age IS 'whole years lived today';
COMMENT ON COLUMN @mart@.party_features.rfm_label IS 'name of the RFM group';

CREATE TABLE @mart@.party_segments (
	party_id bigint PRIMARY KEY REFERENCES @mart@.party ON DELETE CASCADE,
	segments bigint[] NOT NULL DEFAULT '{}',
	due_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX party_segments_due_at ON @mart@.party_segments (due_at) WHERE due_at IS NOT NULL;
COMMENT ON TABLE @mart@.party_segments IS 'the segments that each party is in now, one row a party, and when they may change though nothing happens';
COMMENT ON COLUMN @mart@.party_segments.party_id IS 'the party';
COMMENT ON COLUMN @mart@.party_segments.segments IS 'the numbers of its segments, ascending';
COMMENT ON COLUMN @mart@.party_segments.due_at IS 'from this instant on the passing of time may have changed them: a window ran out, a birthday came; never later than it does. NULL: it will not';

CREATE TABLE @mart@.segment_member (
	segment_id bigint NOT NULL REFERENCES @mart@.segment_definition ON DELETE CASCADE,
	party_id bigint NOT NULL REFERENCES @mart@.party ON DELETE CASCADE,
	valid tstzrange NOT NULL CHECK (NOT isempty(valid)),
	PRIMARY KEY (party_id, segment_id, valid)
);
CREATE INDEX segment_member_segment ON @mart@.segment_member (segment_id, party_id) WHERE upper_inf(valid);
COMMENT ON TABLE @mart@.segment_member IS 'who is and was in which segment: one row a stay';
COMMENT ON COLUMN @mart@.segment_member.segment_id IS 'the segment';
COMMENT ON COLUMN @mart@.segment_member.party_id IS 'the member';
COMMENT ON COLUMN @mart@.segment_member.valid IS 'from when until when, the end not in it; without an end: a member now';

CREATE TABLE @mart@.segment_state (
	segment_id bigint PRIMARY KEY REFERENCES @mart@.segment_definition ON DELETE CASCADE,
	looks_elsewhere boolean NOT NULL,
	foreseen boolean NOT NULL,
	has_turns boolean NOT NULL,
	fresh_as_of timestamptz NOT NULL
);
COMMENT ON TABLE @mart@.segment_state IS 'the segments whose members have been found since they were defined, and how. One that is not here, because it is new or a definition that it rests on changed, is evaluated whenever its members are read, and found by the next refresh_segments';
COMMENT ON COLUMN @mart@.segment_state.segment_id IS 'the segment';
COMMENT ON COLUMN @mart@.segment_state.looks_elsewhere IS 'true when more than the row of the party decides: events, scores, places, permissions, a rank';
COMMENT ON COLUMN @mart@.segment_state.foreseen IS 'true when it is known of each party when time alone may change it, and every change of what it rests on is seen: exact at every instant while keep_segments is on. False: ranks, permissions, scores, views of yours; their members are those of the last refresh';
COMMENT ON COLUMN @mart@.segment_state.has_turns IS 'true when events or other relations tell when that may be';
COMMENT ON COLUMN @mart@.segment_state.fresh_as_of IS 'the instant as of which all its members were looked at last';

ALTER TABLE @mart@.segment_definition ADD COLUMN recorded_from timestamptz;
COMMENT ON COLUMN @mart@.segment_definition.recorded_from IS 'since when its members have been recorded in segment_member, NULL: not yet';

-- A changed definition makes those that rest on it unknown, and a changed meaning of names all of them.
CREATE FUNCTION @mart@.segment_definition_changed() RETURNS trigger
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF TG_RELID = to_regclass(format('%I.segment_definition', TG_TABLE_SCHEMA)) THEN
		EXECUTE format('WITH RECURSIVE u AS (
				SELECT n.segment_id, n.name FROM new_row n JOIN old_row o USING (segment_id) WHERE n.predicate <> o.predicate
				UNION SELECT d.segment_id, d.name FROM u JOIN %1$I.segment_definition d ON d.uses @> ARRAY[u.name])
			DELETE FROM %1$I.segment_state s USING u WHERE s.segment_id = u.segment_id', TG_TABLE_SCHEMA);
	ELSE
		EXECUTE format('DELETE FROM %I.segment_state', TG_TABLE_SCHEMA);
	END IF;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION @mart@.segment_definition_changed() IS 'trigger: the members of segments whose meaning changed are to be found again; runs as the owner of the mart';
REVOKE ALL ON FUNCTION @mart@.segment_definition_changed() FROM PUBLIC;
CREATE TRIGGER segment_definition_changed AFTER UPDATE ON @mart@.segment_definition REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row
	FOR EACH STATEMENT EXECUTE FUNCTION @mart@.segment_definition_changed();
CREATE TRIGGER segment_definition_changed AFTER UPDATE OR DELETE OR TRUNCATE ON @mart@.segment_attribute FOR EACH STATEMENT EXECUTE FUNCTION @mart@.segment_definition_changed();
CREATE TRIGGER segment_definition_changed AFTER UPDATE OR DELETE OR TRUNCATE ON @mart@.segment_event FOR EACH STATEMENT EXECUTE FUNCTION @mart@.segment_definition_changed();
CREATE TRIGGER segment_definition_changed AFTER UPDATE ON @mart@.datamart FOR EACH ROW
	WHEN (old.time_zone <> new.time_zone OR old.week_start <> new.week_start) EXECUTE FUNCTION @mart@.segment_definition_changed();

-- Parties whose time has come, and segments that have not been found yet, are evaluated when they are read, so that the view is right between two refreshes.
CREATE VIEW @mart@.segment_membership WITH (security_invoker = true) AS
	SELECT d.name AS segment, m.party_id, lower(m.valid) AS since
	FROM @mart@.segment_member m JOIN @mart@.segment_definition d ON d.segment_id = m.segment_id JOIN @mart@.segment_state t ON t.segment_id = d.segment_id
	JOIN @mart@.party_segments s ON s.party_id = m.party_id
	WHERE upper_inf(m.valid) AND (s.due_at IS NULL OR s.due_at > now())
	UNION ALL
	SELECT d.name AS segment, s.party_id, coalesce((SELECT lower(m.valid) FROM @mart@.segment_member m WHERE m.party_id = s.party_id AND m.segment_id = d.segment_id AND upper_inf(m.valid)), greatest(s.due_at, t.fresh_as_of)) AS since
	FROM @mart@.party_segments s JOIN @mart@.party_row p ON p.party_id = s.party_id
	CROSS JOIN LATERAL @extschema@.segment_ids((SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = '@mart_text@.datamart'::regclass), p, s.segments) i
	JOIN @mart@.segment_definition d ON d.segment_id = ANY (i.ids) JOIN @mart@.segment_state t ON t.segment_id = d.segment_id
	WHERE s.due_at <= now()
	UNION ALL
	SELECT d.name AS segment, x.party_id, coalesce((SELECT lower(m.valid) FROM @mart@.segment_member m WHERE m.party_id = x.party_id AND m.segment_id = d.segment_id AND upper_inf(m.valid)), now()) AS since
	FROM @mart@.segment_definition d
	CROSS JOIN LATERAL @extschema@.members((SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = '@mart_text@.datamart'::regclass), d.name) x (party_id)
	WHERE NOT EXISTS (SELECT FROM @mart@.segment_state t WHERE t.segment_id = d.segment_id);
COMMENT ON VIEW @mart@.segment_membership IS 'who is in which segment now, and since when. Exact at every instant for foreseen segments while keep_segments is on; the others are as of their last refresh (segment_state). The row of a party that came since the last refresh counts once it was looked at';
COMMENT ON COLUMN @mart@.segment_membership.segment IS 'name of the segment';
COMMENT ON COLUMN @mart@.segment_membership.since IS 'since when; for a party whose time came since the last refresh, and for a segment not found yet, at most since then';

-- Changes of members, for whoever follows: the same rows as of segment_member, in the order in which they were written.
CREATE TABLE @mart@.segment_change (
	segment_change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	party_id bigint NOT NULL,
	segment_id bigint NOT NULL,
	entered boolean NOT NULL,
	at timestamptz NOT NULL
);
COMMENT ON TABLE @mart@.segment_change IS 'entries and exits, one row each, for logical replication or a reader that deletes what it has read; written only when the setting follow_segments is on';
COMMENT ON COLUMN @mart@.segment_change.segment_change_id IS 'ascending';
COMMENT ON COLUMN @mart@.segment_change.party_id IS 'who';
COMMENT ON COLUMN @mart@.segment_change.segment_id IS 'which segment';
COMMENT ON COLUMN @mart@.segment_change.entered IS 'true: entered, false: left';
COMMENT ON COLUMN @mart@.segment_change.at IS 'when';
ALTER TABLE @mart@.datamart ADD COLUMN follow_segments boolean NOT NULL DEFAULT false,
	ADD COLUMN notify_segments text CHECK (octet_length(notify_segments) BETWEEN 1 AND 63);
COMMENT ON COLUMN @mart@.datamart.follow_segments IS 'whether entries and exits are written to segment_change';
COMMENT ON COLUMN @mart@.datamart.notify_segments IS 'the channel of NOTIFY on which each transaction tells each segment whose members changed, NULL: none';

-- apart from the settings, on whose change plans are made again
CREATE TABLE @mart@.segment_upkeep (
	only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
	kept boolean,
	as_of timestamptz,
	simulated boolean NOT NULL DEFAULT false
);
INSERT INTO @mart@.segment_upkeep DEFAULT VALUES;
COMMENT ON TABLE @mart@.segment_upkeep IS 'how the memberships of the mart are kept, one row; written by keep_segments, refresh_segments and rewind_segments';
COMMENT ON COLUMN @mart@.segment_upkeep.only_one IS 'true';
COMMENT ON COLUMN @mart@.segment_upkeep.kept IS 'whether changes of rows update memberships in the same transaction, NULL: from the first refresh_segments on';
COMMENT ON COLUMN @mart@.segment_upkeep.as_of IS 'the instant of the last refresh_segments';
COMMENT ON COLUMN @mart@.segment_upkeep.simulated IS 'true when that was another instant than the present: changes of rows then wait for the next refresh';

INSERT INTO @mart@.party_key (relation, column_name, on_export, on_erase, on_merge, note)
	VALUES ('@mart_text@.segment_change'::regclass, 'party_id', 'rows', 'delete', 'keep', NULL),
		('@mart_text@.party_segments'::regclass, 'party_id', 'rows', 'delete', 'special', 'found anew from what the party holds'),
		('@mart_text@.segment_member'::regclass, 'party_id', 'rows', 'delete', 'special', 'those of the party that lives are its own');

-- Upkeep in the transaction of a change: called by triggers that keep_segments makes, on tables of the mart and of others. The argument is the
-- column of the party; the mart is the schema of this function, which a dump, a restore and another name of the schema do not change.
CREATE FUNCTION @mart@.segments_row_changed() RETURNS trigger
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	touched bigint[];
	mart name := TG_TABLE_SCHEMA;
BEGIN
	IF TG_NAME NOT IN ('zz_segments_insert', 'zz_segments_update', 'zz_segments_delete', 'zz_segments_truncate') THEN
		SELECT n.nspname INTO mart FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid JOIN pg_namespace n ON n.oid = f.pronamespace WHERE t.tgrelid = TG_RELID AND t.tgname = TG_NAME;
	END IF;
	IF TG_OP = 'TRUNCATE' THEN
		-- whom it concerned nobody knows any more: all are looked at when they are read, and by the next refresh
		EXECUTE format('UPDATE %I.party_segments SET due_at = ''-infinity'' WHERE due_at IS DISTINCT FROM ''-infinity''', mart);
		RETURN NULL;
	END IF;
	SELECT c INTO touched FROM @extschema@.parties_changed(mart, TG_ARGV[0]) c;
	IF touched IS NOT NULL THEN
		PERFORM @extschema@.segments_touched(mart, touched, TG_RELID);
	END IF;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION @mart@.segments_row_changed() IS 'trigger: the memberships of parties are looked at again whose rows changed in what segments name; runs as the owner of the mart';
REVOKE ALL ON FUNCTION @mart@.segments_row_changed() FROM PUBLIC;
SELECT @extschema@.comment_view_columns(@mart_literal@);
