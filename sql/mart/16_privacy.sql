-- Step 16: the rights of a person: which rows are about one, how long what is kept, and what was done when somebody asked.
-- What later tables hold is found by their foreign keys; a column without one is registered in party_key.
ALTER TABLE @mart@.party_key DROP CONSTRAINT party_key_on_erase_check,
	ADD CONSTRAINT party_key_on_erase_check CHECK (on_erase IN ('delete', 'detach', 'account', 'keep'));
COMMENT ON COLUMN @mart@.party_key.on_erase IS 'delete: the rows go; detach: the column becomes NULL; account: they go, or stay without a name where mode keep_accounts asks for it; keep: they stay';
INSERT INTO @mart@.party_key (relation, column_name, on_export, on_erase, on_merge, note)
	SELECT format('%I.%I', @mart_literal@, v.relation)::regclass, v.column_name, v.on_export, v.on_erase, v.on_merge, v.note
	FROM (VALUES
		('party', 'party_id', 'rows', 'account', 'special', 'what stays for the accounts is a party without a name'),
		('party_alias', 'party_id', 'rows', 'delete', 'special', NULL),
		('party_relation', 'party_id', 'rows', 'delete', 'special', NULL),
		('party_relation', 'related_id', 'rows', 'delete', 'special', NULL),
		('source_record', 'party_id', 'rows', 'delete', 'follow', NULL),
		('external_key', 'party_id', 'rows', 'delete', 'follow', NULL),
		('party_attribute', 'party_id', 'rows', 'delete', 'special', NULL),
		('contact_point', 'party_id', 'rows', 'delete', 'special', 'a digest stays in suppression'),
		('consent', 'party_id', 'rows', 'delete', 'special', NULL),
		('contact_preference', 'party_id', 'rows', 'delete', 'follow', NULL),
		('sales_order', 'party_id', 'rows', 'account', 'follow', 'kept for as long as accounts must be'),
		('sales_order', 'contact_party_id', 'rows', 'detach', 'follow', NULL),
		('sales_order_line', 'party_id', 'rows', 'account', 'follow', NULL),
		('loyalty_account', 'party_id', 'rows', 'delete', 'follow', NULL),
		('store', 'anonymous_party_id', 'none', 'detach', 'follow', NULL),
		('party_profile', 'party_id', 'rows', 'delete', 'special', 'kept by triggers')) v (relation, column_name, on_export, on_erase, on_merge, note);

-- The French authority (CNIL, guide for commercial activities): three years after the last contact that came from the person; an opened
-- message is none, a click is. last_active_at of party_profile is kept by that rule.
ALTER TABLE @mart@.datamart ADD COLUMN apply_retention boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN @mart@.datamart.apply_retention IS 'maintain erases those whose time by retention_rule is over; false: it only counts them';
CREATE TABLE @mart@.retention_rule (
	rule text PRIMARY KEY,
	purpose text NOT NULL,
	lifecycle text[] NOT NULL CHECK (lifecycle <@ '{prospect,customer,former,closed}'),
	since text NOT NULL DEFAULT 'last_active' CHECK (since IN ('last_active', 'last_order', 'created')),
	keep_for interval NOT NULL CHECK (keep_for > interval '0'),
	action text NOT NULL DEFAULT 'erase' CHECK (action IN ('erase', 'keep_accounts', 'review')),
	note text
);
COMMENT ON TABLE @mart@.retention_rule IS 'how long parties may be kept, one row a rule; retention_due lists those whose time is over';
COMMENT ON COLUMN @mart@.retention_rule.rule IS 'name of the rule';
COMMENT ON COLUMN @mart@.retention_rule.purpose IS 'what the data are kept for';
COMMENT ON COLUMN @mart@.retention_rule.lifecycle IS 'the parties it is for, by party.lifecycle';
COMMENT ON COLUMN @mart@.retention_rule.since IS 'from when on: last_active, the last action of its own (a click counts, an opening does not), else when it was made; last_order, the last purchase, else the same; created, when it was made';
COMMENT ON COLUMN @mart@.retention_rule.keep_for IS 'how long from then on';
COMMENT ON COLUMN @mart@.retention_rule.action IS 'what is due: erase, keep_accounts (both modes of erase_party), or review by a person';
COMMENT ON COLUMN @mart@.retention_rule.note IS 'its source';
INSERT INTO @mart@.retention_rule (rule, purpose, lifecycle, since, keep_for, action, note) VALUES
	('prospect', 'prospecting', '{prospect}', 'last_active', '3 years', 'erase', 'CNIL: three years after collection or the last contact from the prospect'),
	('customer', 'customer relations and prospecting', '{customer,former}', 'last_active', '3 years', 'keep_accounts', 'CNIL: three years after the end of the relation'),
	('closed', 'customer relations', '{closed}', 'last_active', '1 year', 'keep_accounts', 'an account that was closed');

CREATE TABLE @mart@.privacy_log (
	privacy_log_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	done_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	done_by text NOT NULL DEFAULT current_user,
	action text NOT NULL CHECK (action IN ('export', 'erase', 'keep_accounts', 'restrict', 'release', 'object')),
	rows jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(rows) = 'object')
);
COMMENT ON TABLE @mart@.privacy_log IS 'what was done when somebody asked, without saying who asked; rows are only added';
COMMENT ON COLUMN @mart@.privacy_log.privacy_log_id IS 'number of the entry';
COMMENT ON COLUMN @mart@.privacy_log.done_at IS 'when';
COMMENT ON COLUMN @mart@.privacy_log.done_by IS 'the role that did it';
COMMENT ON COLUMN @mart@.privacy_log.action IS 'what';
COMMENT ON COLUMN @mart@.privacy_log.rows IS 'rows of each table that were given out, deleted or changed';
CREATE TRIGGER privacy_log_only_grows BEFORE UPDATE OR DELETE ON @mart@.privacy_log FOR EACH ROW EXECUTE FUNCTION @extschema@.refuse_change();
CREATE TRIGGER privacy_log_never_empty BEFORE TRUNCATE ON @mart@.privacy_log FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.refuse_change();

CREATE TABLE @mart@.reader_scope (
	reader name NOT NULL,
	dimension text NOT NULL CHECK (dimension IN ('country', 'store', 'brand')),
	value text,
	UNIQUE NULLS NOT DISTINCT (reader, dimension, value)
);
ALTER TABLE @mart@.reader_scope REPLICA IDENTITY FULL;
COMMENT ON TABLE @mart@.reader_scope IS 'what a role may see, written by scope_readers; a role without a row of a dimension is not limited in it';
COMMENT ON COLUMN @mart@.reader_scope.reader IS 'the role';
COMMENT ON COLUMN @mart@.reader_scope.dimension IS 'country of parties, store of orders, brand of order lines';
COMMENT ON COLUMN @mart@.reader_scope.value IS 'one value that it may see; NULL: none';

-- The profile without a name or an address: what marketing and analysts need not know is not in it.
CREATE VIEW @mart@.customer_profile WITH (security_invoker = true) AS
	SELECT p.party_id, p.kind, p.lifecycle, p.is_professional, p.sex,
		extract(year FROM age((now() AT TIME ZONE (SELECT d.time_zone FROM @mart@.datamart d))::date::timestamp, p.birth_date::timestamp))::integer AS age,
		p.language, p.country, p.postal_code, p.industry_code, p.headcount, p.tier,
		f.traits, f.first_order_at, f.last_order_at, f.orders, f.order_days, f.revenue, f.largest_order, f.returns, f.returned, f.margin, f.last_active_at,
		r.r, r.f, r.m, r.rfm, r.label AS rfm_label
	FROM @mart@.party p
	LEFT JOIN @mart@.party_profile f ON f.party_id = p.party_id
	LEFT JOIN @mart@.customer_rfm r ON r.party_id = p.party_id
	WHERE p.kind <> 'unidentified';
COMMENT ON VIEW @mart@.customer_profile IS 'one flat row a party without direct identifiers: what kind it is, what it is worth. For those who need not know who it is. @primaryKey party_id';
COMMENT ON COLUMN @mart@.customer_profile.age IS 'whole years lived today, in the time zone of the mart';
COMMENT ON COLUMN @mart@.customer_profile.rfm_label IS 'name of the RFM group';
SELECT @extschema@.comment_view_columns(@mart_literal@);
