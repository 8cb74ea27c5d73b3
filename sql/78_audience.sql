-- An audience for those who show advertising: the members of a segment as ad platforms match them, digests of the addresses that may be used.
CREATE FUNCTION @extschema@.export_audience(mart name, segment text, hash text DEFAULT 'sha256', purpose text DEFAULT 'newsletter')
	RETURNS TABLE (party_id bigint, email text, phone text, given_name text, family_name text, postal_code text, country text)
	LANGUAGE plpgsql STABLE ROWS 10000 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
BEGIN
	IF segment IS NULL OR purpose IS NULL OR hash IS NULL OR hash NOT IN ('sha256', 'none') THEN
		RAISE EXCEPTION 'an audience needs a segment, a purpose, and sha256 or none as hash' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- as the platforms want them: e-mail in small letters, telephone E.164, names in small letters, hexadecimal digests; the place as it is
	RETURN QUERY EXECUTE format('
		SELECT a.party_id, %1$s, %2$s, %3$s, %4$s, p.postal_code, p.country
		FROM (SELECT r.party_id, max(r.address) FILTER (WHERE r.channel = ''email'') AS email, max(c.value_norm) FILTER (WHERE r.channel IN (''sms'', ''phone'')) AS phone
			FROM (%5$s) s JOIN %6$s.reachable r ON r.party_id = s.party_id JOIN %6$s.contact_point c ON c.party_id = r.party_id AND c.contact_point_id = r.contact_point_id
			WHERE r.purpose = $1 AND r.channel IN (''email'', ''sms'', ''phone'') GROUP BY r.party_id) a
		JOIN %6$s.party p ON p.party_id = a.party_id ORDER BY a.party_id',
		CASE hash WHEN 'none' THEN 'a.email' ELSE 'encode(sha256(convert_to(lower(translate(btrim(a.email), ''I'', ''i'')), ''UTF8'')), ''hex'')' END,
		CASE hash WHEN 'none' THEN 'a.phone' ELSE 'encode(sha256(convert_to(a.phone, ''UTF8'')), ''hex'')' END,
		CASE hash WHEN 'none' THEN 'p.given_name' ELSE 'encode(sha256(convert_to(lower(translate(btrim(p.given_name), ''I'', ''i'')), ''UTF8'')), ''hex'')' END,
		CASE hash WHEN 'none' THEN 'p.family_name' ELSE 'encode(sha256(convert_to(lower(translate(btrim(p.family_name), ''I'', ''i'')), ''UTF8'')), ''hex'')' END,
		@extschema@.audience_sql(mart, segment), m) USING purpose;
END $$;
COMMENT ON FUNCTION @extschema@.export_audience(name, text, text, text) IS 'the members of a segment (or of a table or view with a column party_id) who may be written to for a purpose now, by e-mail or telephone, as advertising platforms match them: SHA-256 of e-mail, telephone in E.164 and names in small letters, hexadecimal; postal code and country as they are. hash none: the addresses themselves. A consent withdrawn a moment ago leaves its party out. 22023 for an unknown segment or hash';

CREATE FUNCTION @extschema@.export_audience(mart name, segment text, hash boolean)
	RETURNS TABLE (party_id bigint, email text, phone text, given_name text, family_name text, postal_code text, country text)
	LANGUAGE sql STABLE ROWS 10000 SET search_path = pg_catalog, pg_temp AS $$ SELECT * FROM @extschema@.export_audience(mart, segment, CASE WHEN hash THEN 'sha256' WHEN NOT hash THEN 'none' END) $$;
COMMENT ON FUNCTION @extschema@.export_audience(name, text, boolean) IS 'the same, for the purpose newsletter: true for digests, false for the addresses themselves';
