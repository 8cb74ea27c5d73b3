-- Step 22: the members of kept segments as sets, so that many segments are crossed without asking any of them anew. A set is what
-- segment_member said when it was folded; each statement that writes segment_member appends whom it was about, and these are looked up there
-- until the next fold. No two writers meet in a row.
CREATE TABLE @mart@.segment_set (
	segment_id bigint PRIMARY KEY REFERENCES @mart@.segment_definition ON DELETE CASCADE,
	members bytea NOT NULL,
	folded_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE @mart@.segment_set ALTER COLUMN members SET STORAGE EXTERNAL;
COMMENT ON TABLE @mart@.segment_set IS 'the members of segments whose memberships are kept, as of the last fold; written by refresh_segments and maintain. With segment_set_delta it is what segment_member says now. May be emptied at any time';
COMMENT ON COLUMN @mart@.segment_set.segment_id IS 'the segment';
COMMENT ON COLUMN @mart@.segment_set.members IS 'the parties: 64-bit roaring bitmap in its portable form, crmseg.party_set(members)';
COMMENT ON COLUMN @mart@.segment_set.folded_at IS 'when it was folded last';

CREATE TABLE @mart@.segment_set_delta (
	segment_id bigint NOT NULL,
	segment_set_delta_id bigint GENERATED ALWAYS AS IDENTITY,
	parties bytea NOT NULL,
	PRIMARY KEY (segment_id, segment_set_delta_id)
);
ALTER TABLE @mart@.segment_set_delta ALTER COLUMN parties SET STORAGE EXTERNAL;
COMMENT ON TABLE @mart@.segment_set_delta IS 'whose stays in a segment were written since its set was folded: one row a statement and segment; whether they are members is looked up in segment_member';
COMMENT ON COLUMN @mart@.segment_set_delta.segment_id IS 'the segment';
COMMENT ON COLUMN @mart@.segment_set_delta.segment_set_delta_id IS 'number of the row';
COMMENT ON COLUMN @mart@.segment_set_delta.parties IS 'the parties, as in segment_set';

-- They fire always, also for a replica's writes: one that was switched off and on again is no longer so, which tells that writes may have passed it by
CREATE TRIGGER segment_set_insert AFTER INSERT ON @mart@.segment_member REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.segment_set_changed();
CREATE TRIGGER segment_set_update AFTER UPDATE ON @mart@.segment_member REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.segment_set_changed();
CREATE TRIGGER segment_set_delete AFTER DELETE ON @mart@.segment_member REFERENCING OLD TABLE AS old_row FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.segment_set_changed();
CREATE TRIGGER segment_set_truncate AFTER TRUNCATE ON @mart@.segment_member FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.segment_set_changed();
ALTER TABLE @mart@.segment_member ENABLE ALWAYS TRIGGER segment_set_insert, ENABLE ALWAYS TRIGGER segment_set_update, ENABLE ALWAYS TRIGGER segment_set_delete, ENABLE ALWAYS TRIGGER segment_set_truncate;
