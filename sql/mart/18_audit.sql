-- Step 18: the audit of the data: what is held, of how many, from whom, how fresh and how sure. A report: it counts all parties, contact
-- points, consents and attributes each time it is read; no other view builds on it.
CREATE VIEW @mart@.data_held WITH (security_invoker = true) AS
	WITH n AS (SELECT count(*) AS parties FROM @mart@.party y WHERE y.kind <> 'unidentified'),
	-- apart from that number, so that who asks for another theme does not have all columns counted
	p AS (
		SELECT max(y.updated_at) AS newest, count(y.salutation) AS salutation, count(y.sex) AS sex,
			count(y.birth_date) AS birth_date, count(y.language) AS language, count(y.country) AS country, count(y.postal_code) AS postal_code,
			count(y.industry_code) AS industry_code, count(y.headcount) AS headcount, count(y.trade) AS trade, count(y.tier) AS tier
		FROM @mart@.party y WHERE y.kind <> 'unidentified'),
	f AS (
		SELECT 'party'::text AS theme, v.key, 'declared'::text AS provenance, NULL::smallint AS source_id, v.parties, NULL::bigint AS items, p.newest, NULL::double precision AS confidence
		FROM p CROSS JOIN LATERAL (VALUES ('salutation', p.salutation), ('sex', p.sex), ('birth_date', p.birth_date), ('language', p.language),
			('country', p.country), ('postal_code', p.postal_code), ('industry_code', p.industry_code), ('headcount', p.headcount), ('trade', p.trade), ('tier', p.tier)) v(key, parties)
		WHERE v.parties > 0
		UNION ALL
		-- as sure as the share of them that is known to work
		SELECT 'contact' AS theme, c.kind AS key, 'declared' AS provenance, c.source_id AS source_id, @extschema@.cardinality(@extschema@.party_set_agg(c.party_id)) AS parties, count(*) AS items, max(c.verified_at) AS newest,
			(count(*) FILTER (WHERE c.status = 'valid') + count(*) FILTER (WHERE c.status = 'unverified') / 2.0::double precision) / count(*) AS confidence
		FROM @mart@.contact_point c GROUP BY c.kind, c.source_id
		UNION ALL
		SELECT 'consent' AS theme, g.purpose || '.' || h.name || '.' || g.status AS key, 'declared' AS provenance, g.source_id AS source_id, g.parties AS parties, g.items AS items, g.newest AS newest, NULL AS confidence
		FROM (SELECT c.purpose, c.channel_id, c.status, c.source_id, @extschema@.cardinality(@extschema@.party_set_agg(c.party_id)) AS parties, count(*) AS items, max(c.captured_at) AS newest
			FROM @mart@.consent c WHERE c.valid @> now() GROUP BY c.purpose, c.channel_id, c.status, c.source_id) g JOIN @mart@.channel h ON h.channel_id = g.channel_id
		UNION ALL
		SELECT 'attribute' AS theme, d.key AS key, g.provenance AS provenance, g.source_id AS source_id, g.parties AS parties, g.items AS items, g.newest AS newest, g.confidence AS confidence
		FROM (SELECT a.attribute_id, a.provenance, a.source_id, @extschema@.cardinality(@extschema@.party_set_agg(a.party_id)) AS parties, count(*) AS items, max(a.collected_at) AS newest, avg(a.confidence) AS confidence
			FROM @mart@.party_attribute a WHERE a.valid @> now() GROUP BY a.attribute_id, a.provenance, a.source_id) g JOIN @mart@.attribute_def d ON d.attribute_id = g.attribute_id
		UNION ALL
		SELECT 'key' AS theme, k.scheme AS key, 'declared' AS provenance, k.source_id AS source_id, @extschema@.cardinality(@extschema@.party_set_agg(k.party_id)) AS parties, count(*) AS items, NULL AS newest, NULL AS confidence FROM @mart@.external_key k GROUP BY k.scheme, k.source_id
		UNION ALL
		SELECT 'record' AS theme, 'record' AS key, 'observed' AS provenance, r.source_id AS source_id, coalesce(@extschema@.cardinality(@extschema@.party_set_agg(r.party_id)), 0) AS parties, count(*) AS items, max(r.last_seen) AS newest, NULL AS confidence FROM @mart@.source_record r GROUP BY r.source_id
		UNION ALL
		SELECT 'behaviour' AS theme, 'orders' AS key, 'observed' AS provenance, NULL AS source_id, count(*) AS parties, sum(q.orders)::bigint AS items, max(q.last_order_at) AS newest, 1 AS confidence FROM @mart@.party_profile q WHERE q.orders > 0 HAVING count(*) > 0)
	SELECT f.theme, f.key, f.provenance, CASE WHEN f.theme <> 'party' THEN coalesce(s.party_level, 'first') END AS level, s.name AS source, f.parties, round(f.parties::numeric / nullif(n.parties, 0), 4) AS fill_rate, f.items, f.newest,
		round(f.confidence::numeric, 4) AS confidence
	FROM f CROSS JOIN n LEFT JOIN @mart@.source s ON s.source_id = f.source_id;
COMMENT ON VIEW @mart@.data_held IS 'the audit without names: as data_audit, for those who may not read the names of parties';
COMMENT ON COLUMN @mart@.data_held.theme IS 'party (its columns), contact, consent, attribute, key, record or behaviour';
COMMENT ON COLUMN @mart@.data_held.key IS 'what is held: a column, the kind of a contact point, purpose.channel.status, the key of an attribute, the scheme of a key';
COMMENT ON COLUMN @mart@.data_held.provenance IS 'declared, observed or inferred';
COMMENT ON COLUMN @mart@.data_held.level IS 'first, second or third party: the level of the source, first without one; NULL: columns of party, which several sources fill';
COMMENT ON COLUMN @mart@.data_held.source IS 'who said so, NULL: several, or not known';
COMMENT ON COLUMN @mart@.data_held.parties IS 'of how many parties';
COMMENT ON COLUMN @mart@.data_held.fill_rate IS 'their share of all parties that are somebody, 0 to 1';
COMMENT ON COLUMN @mart@.data_held.items IS 'how many there are, where a party can have several';
COMMENT ON COLUMN @mart@.data_held.newest IS 'when the newest was collected, verified, said or seen; NULL: never';
COMMENT ON COLUMN @mart@.data_held.confidence IS 'how sure, 0 to 1: the mean confidence of attributes; of contact points the share that works, an unverified one counted half';

-- with the names of parties, which marketing may not even count
CREATE VIEW @mart@.data_audit WITH (security_invoker = true) AS
	SELECT h.* FROM @mart@.data_held h
	UNION ALL
	SELECT 'party', v.key, 'declared', NULL, NULL, v.parties, round(v.parties::numeric / nullif(p.parties, 0), 4), NULL, p.newest, NULL
	FROM (SELECT count(*) AS parties, max(y.updated_at) AS newest, count(y.given_name) AS given_name, count(y.family_name) AS family_name, count(y.legal_name) AS legal_name
		FROM @mart@.party y WHERE y.kind <> 'unidentified') p
	CROSS JOIN LATERAL (VALUES ('given_name', p.given_name), ('family_name', p.family_name), ('legal_name', p.legal_name)) v(key, parties)
	WHERE v.parties > 0;
COMMENT ON VIEW @mart@.data_audit IS 'the audit: what is held, of how many parties, from whom, how fresh, how sure. A report that counts everything: read it now and then, and join nothing to it';
COMMENT ON COLUMN @mart@.data_audit.theme IS 'party (its columns), contact, consent, attribute, key, record or behaviour';
COMMENT ON COLUMN @mart@.data_audit.key IS 'what is held: a column, the kind of a contact point, purpose.channel.status, the key of an attribute, the scheme of a key';
COMMENT ON COLUMN @mart@.data_audit.provenance IS 'declared, observed or inferred';
COMMENT ON COLUMN @mart@.data_audit.level IS 'first, second or third party: the level of the source, first without one; NULL: columns of party, which several sources fill';
COMMENT ON COLUMN @mart@.data_audit.source IS 'who said so, NULL: several, or not known';
COMMENT ON COLUMN @mart@.data_audit.parties IS 'of how many parties';
COMMENT ON COLUMN @mart@.data_audit.fill_rate IS 'their share of all parties that are somebody, 0 to 1';
COMMENT ON COLUMN @mart@.data_audit.items IS 'how many there are, where a party can have several';
COMMENT ON COLUMN @mart@.data_audit.newest IS 'when the newest was collected, verified, said or seen; NULL: never';
COMMENT ON COLUMN @mart@.data_audit.confidence IS 'how sure, 0 to 1: the mean confidence of attributes; of contact points the share that works, an unverified one counted half';
