-- Step 21: activity bitmaps: who did something on which day, one set of parties an event and day. Once keep_activity has been called for an
-- event, each statement that writes its relation appends a row to activity_delta in the same transaction; fold_activity, which maintain
-- calls, joins them into activity. Readers add both up. No two writers meet in a row.
-- Days are those of the column as it is: of UTC for instants, so that the time zone of the mart can change.
CREATE TABLE @mart@.activity_kept (
	event text PRIMARY KEY CHECK (octet_length(event) <= 255),
	relation regclass NOT NULL,
	relations regclass[] NOT NULL,
	party_column text NOT NULL,
	time_column text,
	time_type text,
	condition text,
	filter text NOT NULL,
	ready boolean NOT NULL DEFAULT false,
	folded_at timestamptz,
	days integer NOT NULL DEFAULT 0 CHECK (days >= 0),
	parties_a_day float8 NOT NULL DEFAULT 0
);
COMMENT ON TABLE @mart@.activity_kept IS 'the events whose activity is kept, as they were then, and whether it can be trusted; written by keep_activity and fold_activity. The empty name stands for the identified parties';
COMMENT ON COLUMN @mart@.activity_kept.event IS 'name of the event in segment_event; empty: the parties themselves';
COMMENT ON COLUMN @mart@.activity_kept.relation IS 'table of the events';
COMMENT ON COLUMN @mart@.activity_kept.relations IS 'the table and its partitions then: with others the activity is not used until fold_activity makes it anew';
COMMENT ON COLUMN @mart@.activity_kept.party_column IS 'column of the party';
COMMENT ON COLUMN @mart@.activity_kept.time_column IS 'column of the instant; NULL: none';
COMMENT ON COLUMN @mart@.activity_kept.time_type IS 'type of that column';
COMMENT ON COLUMN @mart@.activity_kept.condition IS 'which rows are such events, NULL: all';
COMMENT ON COLUMN @mart@.activity_kept.filter IS 'SQL of which rows count, e their alias, every name in full';
COMMENT ON COLUMN @mart@.activity_kept.ready IS 'false: the table was changed beside the triggers; the events themselves are read until fold_activity makes the activity anew';
COMMENT ON COLUMN @mart@.activity_kept.folded_at IS 'when it was folded last';
COMMENT ON COLUMN @mart@.activity_kept.days IS 'days with activity then';
COMMENT ON COLUMN @mart@.activity_kept.parties_a_day IS 'mean number of parties on such a day, for the planner';

CREATE TABLE @mart@.activity (
	event text NOT NULL REFERENCES @mart@.activity_kept ON UPDATE CASCADE ON DELETE CASCADE,
	day date NOT NULL,
	members bytea NOT NULL,
	first_at timestamp NOT NULL,
	last_at timestamp NOT NULL,
	PRIMARY KEY (event, day)
);
ALTER TABLE @mart@.activity ALTER COLUMN members SET STORAGE EXTERNAL;
COMMENT ON TABLE @mart@.activity IS 'who did something on a day, folded: one set of parties an event and day';
COMMENT ON COLUMN @mart@.activity.event IS 'the event';
COMMENT ON COLUMN @mart@.activity.day IS 'the day, of UTC for instants';
COMMENT ON COLUMN @mart@.activity.members IS 'the parties: 64-bit roaring bitmap in its portable form, crmseg.party_set(members)';
COMMENT ON COLUMN @mart@.activity.first_at IS 'no event of the day is before this instant';
COMMENT ON COLUMN @mart@.activity.last_at IS 'none is after this instant';

CREATE TABLE @mart@.activity_delta (
	activity_delta_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	event text NOT NULL,
	day date NOT NULL,
	doubtful boolean NOT NULL,
	members bytea NOT NULL,
	first_at timestamp NOT NULL,
	last_at timestamp NOT NULL
);
CREATE INDEX activity_delta_event ON @mart@.activity_delta (event, day);
ALTER TABLE @mart@.activity_delta ALTER COLUMN members SET STORAGE EXTERNAL;
COMMENT ON TABLE @mart@.activity_delta IS 'what was written since the last fold: one row a statement, event and day';
COMMENT ON COLUMN @mart@.activity_delta.activity_delta_id IS 'number of the row';
COMMENT ON COLUMN @mart@.activity_delta.event IS 'the event';
COMMENT ON COLUMN @mart@.activity_delta.day IS 'the day';
COMMENT ON COLUMN @mart@.activity_delta.doubtful IS 'false: these parties did it on that day; true: rows of theirs went, so whether they did is looked up';
COMMENT ON COLUMN @mart@.activity_delta.members IS 'the parties, as in activity';
COMMENT ON COLUMN @mart@.activity_delta.first_at IS 'the first instant';
COMMENT ON COLUMN @mart@.activity_delta.last_at IS 'the last instant';

CREATE TRIGGER vocabulary_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON @mart@.activity_kept
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.vocabulary_changed();

-- The trigger finds its mart by the schema of this function: the table may be of another one. In FROM, where activity_write finds the
-- transition tables. Rows that a statement leaves as they are for this purpose make no delta.
CREATE FUNCTION @mart@.activity_changed() RETURNS trigger
	LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM FROM @extschema@.activity_write(TG_RELID, TG_NAME, TG_OP);
	RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION @mart@.activity_changed() FROM PUBLIC;
COMMENT ON FUNCTION @mart@.activity_changed() IS 'trigger: what a statement wrote goes to activity_delta; runs as the owner of the mart';
