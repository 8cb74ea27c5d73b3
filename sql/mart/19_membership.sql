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
	predicate text NOT NULL,
	looks_elsewhere boolean NOT NULL,
	fresh_as_of timestamptz NOT NULL,
	members bigint NOT NULL
);
COMMENT ON TABLE @mart@.segment_state IS 'how each segment was found last';
COMMENT ON COLUMN @mart@.segment_state.segment_id IS 'the segment';
COMMENT ON COLUMN @mart@.segment_state.predicate IS 'its predicate then, with those of the segments that it names';
COMMENT ON COLUMN @mart@.segment_state.looks_elsewhere IS 'true when events, scores, places, permissions or a rank decide beside the row of the party: refresh_segments asks for all its members again';
COMMENT ON COLUMN @mart@.segment_state.fresh_as_of IS 'the instant as of which its members were found all together';
COMMENT ON COLUMN @mart@.segment_state.members IS 'how many there were';

-- Parties whose time has come are evaluated when they are read, so that the view is right between two refreshes.
CREATE VIEW @mart@.segment_membership WITH (security_invoker = true) AS
	SELECT d.name AS segment, m.party_id, lower(m.valid) AS since
	FROM @mart@.segment_member m JOIN @mart@.segment_definition d ON d.segment_id = m.segment_id
	JOIN @mart@.party_segments s ON s.party_id = m.party_id
	WHERE upper_inf(m.valid) AND (s.due_at IS NULL OR s.due_at > now())
	UNION ALL
	SELECT d.name, s.party_id, coalesce((SELECT lower(m.valid) FROM @mart@.segment_member m WHERE m.party_id = s.party_id AND m.segment_id = d.segment_id AND upper_inf(m.valid)), s.due_at)
	FROM @mart@.party_segments s JOIN @mart@.party_row p ON p.party_id = s.party_id
	CROSS JOIN LATERAL @extschema@.segment_ids((SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = '@mart_text@.datamart'::regclass), p, s.segments) i
	JOIN @mart@.segment_definition d ON d.segment_id = ANY (i.ids)
	WHERE s.due_at <= now();
COMMENT ON VIEW @mart@.segment_membership IS 'who is in which segment now, and since when. Exact at every instant for what the party''s own row decides; segments on events, scores or ranks are as of their last change or refresh (segment_state.fresh_as_of)';
COMMENT ON COLUMN @mart@.segment_membership.segment IS 'name of the segment';
COMMENT ON COLUMN @mart@.segment_membership.since IS 'since when; for a party whose time came since the last refresh, at most since then';

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
ALTER TABLE @mart@.datamart ADD COLUMN follow_segments boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN @mart@.datamart.follow_segments IS 'whether entries and exits are written to segment_change';
INSERT INTO @mart@.party_key (relation, column_name, on_export, on_erase, on_merge, note)
	VALUES ('@mart_text@.segment_change'::regclass, 'party_id', 'rows', 'delete', 'keep', NULL);

-- Upkeep in the transaction of a change: these functions are called by triggers that keep_segments makes.
CREATE FUNCTION @mart@.segments_row_changed() RETURNS trigger
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	touched bigint[];
BEGIN
	IF TG_OP = 'INSERT' THEN
		SELECT array_agg(DISTINCT n.party_id) INTO touched FROM new_row n WHERE n.party_id IS NOT NULL;
	ELSIF TG_OP = 'DELETE' THEN
		SELECT array_agg(DISTINCT o.party_id) INTO touched FROM old_row o WHERE o.party_id IS NOT NULL;
	ELSE
		SELECT array_agg(DISTINCT x.party_id) INTO touched FROM ((TABLE old_row EXCEPT ALL TABLE new_row) UNION ALL (TABLE new_row EXCEPT ALL TABLE old_row)) x WHERE x.party_id IS NOT NULL;
	END IF;
	IF touched IS NOT NULL THEN
		PERFORM @extschema@.update_memberships(TG_TABLE_SCHEMA, touched);
	END IF;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION @mart@.segments_row_changed() IS 'trigger: the memberships of parties whose rows changed are looked at again; runs as the owner of the mart';
REVOKE ALL ON FUNCTION @mart@.segments_row_changed() FROM PUBLIC;
SELECT @extschema@.comment_view_columns(@mart_literal@);
