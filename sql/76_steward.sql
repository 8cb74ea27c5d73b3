-- What people and applications do with identities: decide pairs in doubt, judge a sample, bring one person, form households, ask a partner.

CREATE FUNCTION @extschema@.decide_pair(mart name, left_id bigint, right_id bigint, verdict text, reason text DEFAULT NULL) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
BEGIN
	IF verdict = 'same' THEN
		PERFORM @extschema@.keep_together(mart, left_id, right_id, reason);
	ELSIF verdict = 'different' THEN
		PERFORM @extschema@.keep_apart(mart, left_id, right_id, reason);
	ELSE
		RAISE EXCEPTION 'there is no verdict "%"', verdict USING ERRCODE = 'invalid_parameter_value', HINT = 'A verdict is same or different.';
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.decide_pair(name, bigint, bigint, text, text) IS 'decides a pair of steward_queue: same merges the two parties, different keeps them apart; both are remembered. 22023 for another verdict or an unknown party';

CREATE FUNCTION @extschema@.identity_health(mart name) RETURNS TABLE (topic text, item text, number bigint)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
BEGIN
	RETURN QUERY EXECUTE format('SELECT h.topic, h.item, h.number FROM %s.identity_health h ORDER BY h.topic, h.item', m);
END $$;
COMMENT ON FUNCTION @extschema@.identity_health(name) IS 'the report of the mart''s view identity_health: parties by number of records, merges by reason, clusters by size, weakest edge and density, those over the size guard, bridges, keys and values over their limits, pairs in doubt, thresholds, judgements';

-- A sample of pairs, the same number from each band of probability, that people judge. Nothing below the lowest band is seen.
CREATE FUNCTION @extschema@.match_review(mart name, sample integer DEFAULT 100)
	RETURNS TABLE (left_record_id bigint, right_record_id bigint, match_probability float8, left_record jsonb, right_record jsonb)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
BEGIN
	IF sample IS NULL OR sample < 1 OR sample > 1000000 THEN
		RAISE EXCEPTION 'a sample is of 1 to 1000000 pairs' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	EXECUTE format('DELETE FROM %s.review_pair p WHERE p.is_same IS NULL', m);
	EXECUTE format($q$
		WITH pair AS MATERIALIZED (
			SELECT least(p.left_id::bigint, p.right_id::bigint) AS l, greatest(p.left_id::bigint, p.right_id::bigint) AS r, p.match_probability AS probability,
				CASE WHEN p.match_probability >= 0.99 THEN 10 ELSE least(9, 1 + floor(p.match_probability * 9 / 0.99)::integer) END AS stratum
			FROM @extschema@.link_records(%2$L::regclass, 'source_record_id', @extschema@.record_identity_columns(), 0.01) p),
		counted AS (
			SELECT p.*, count(*) OVER (PARTITION BY p.stratum) AS pairs, row_number() OVER (PARTITION BY p.stratum ORDER BY hashint8extended(p.l, p.r), p.l, p.r) AS place FROM pair p),
		share AS (SELECT ceil($1::numeric / greatest(count(DISTINCT p.stratum), 1)) AS each FROM pair p)
		INSERT INTO %1$s.review_pair (left_record_id, right_record_id, match_probability, stratum, stratum_pairs)
		SELECT c.l, c.r, c.probability, c.stratum, c.pairs FROM counted c, share s WHERE c.place <= s.each ORDER BY c.stratum, c.place LIMIT $1
		ON CONFLICT (left_record_id, right_record_id) DO UPDATE SET match_probability = excluded.match_probability, stratum = excluded.stratum, stratum_pairs = excluded.stratum_pairs$q$,
		m, m || '.record_identity') USING sample;
	RETURN QUERY EXECUTE format('SELECT p.left_record_id, p.right_record_id, p.match_probability, jsonb_strip_nulls(to_jsonb(i) - ''{source_record_id,origin_id,source_id}''::text[]),
			jsonb_strip_nulls(to_jsonb(k) - ''{source_record_id,origin_id,source_id}''::text[])
		FROM %1$s.review_pair p JOIN %1$s.record_identity i ON i.source_record_id = p.left_record_id JOIN %1$s.record_identity k ON k.source_record_id = p.right_record_id
		WHERE p.is_same IS NULL ORDER BY p.left_record_id, p.right_record_id', m);
END $$;
COMMENT ON FUNCTION @extschema@.match_review(name, integer) IS 'draws pairs of records to judge, as many from each band of probability, and returns them; write what people say of each to review_pair.is_same, or call judge_match. Pairs judged before stay. 22023 for a sample below 1';

CREATE FUNCTION @extschema@.judge_match(mart name, left_record_id bigint, right_record_id bigint, is_same boolean) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	n bigint;
BEGIN
	EXECUTE format('UPDATE %s.review_pair p SET is_same = $3, judged_at = now(), judged_by = current_user WHERE p.left_record_id = least($1, $2) AND p.right_record_id = greatest($1, $2)', m)
		USING left_record_id, right_record_id, is_same;
	GET DIAGNOSTICS n = ROW_COUNT;
	IF n = 0 THEN
		RAISE EXCEPTION 'records % and % are no pair of the sample', left_record_id, right_record_id USING ERRCODE = 'invalid_parameter_value', HINT = 'match_review draws a sample.';
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.judge_match(name, bigint, bigint, boolean) IS 'says of a pair of match_review whether its records are of one party (NULL takes it back). It judges the model and merges nothing. 22023 when the pair is not in the sample';

-- Estimates of a stratified sample with the finite population correction left out (Cochran 1977, ch. 5); a share of 0 or 1 in a band is
-- drawn towards one half by half a pair each way, so that its variance is not 0.
CREATE FUNCTION @extschema@.match_quality(mart name) RETURNS TABLE (measure text, threshold float8, estimate float8, low float8, high float8, judged bigint)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
BEGIN
	RETURN QUERY EXECUTE format($q$
		WITH judged AS (SELECT p.stratum, p.stratum_pairs, p.match_probability, p.is_same FROM %1$s.review_pair p WHERE p.is_same IS NOT NULL),
		cut AS (SELECT d.link_threshold AS t, true AS present FROM %1$s.datamart d UNION SELECT v, false FROM unnest('{0.5,0.6,0.7,0.8,0.9,0.95,0.99}'::float8[]) v),
		band AS (	-- a band, above and below each threshold: how many pairs it stands for, and the share of true ones
			SELECT c.t, c.present, j.stratum, j.match_probability >= c.t AS above, count(*) AS n, j.stratum_pairs * count(*)::float8 / sum(count(*)) OVER (PARTITION BY c.t, c.present, j.stratum) AS pairs,
				(count(*) FILTER (WHERE j.is_same) + 0.5) / (count(*) + 1.0) AS share, count(*) FILTER (WHERE j.is_same)::float8 / count(*) AS plain
			FROM cut c CROSS JOIN judged j GROUP BY c.t, c.present, j.stratum, j.stratum_pairs, j.match_probability >= c.t),
		total AS (
			SELECT b.t, b.present, sum(b.n) AS n, sum(b.pairs) FILTER (WHERE b.above) AS linked, sum(b.pairs * b.plain) FILTER (WHERE b.above) AS hit, sum(b.pairs * b.plain) AS truth,
				sum(b.pairs ^ 2 * b.share * (1 - b.share) / b.n) FILTER (WHERE b.above) AS hit_variance, sum(b.pairs ^ 2 * b.share * (1 - b.share) / b.n) FILTER (WHERE NOT b.above) AS missed_variance
			FROM band b GROUP BY b.t, b.present),
		figure AS (
			SELECT t.t, t.present, t.n, t.hit / nullif(t.linked, 0) AS precision, sqrt(t.hit_variance) / nullif(t.linked, 0) AS precision_error, t.hit / nullif(t.truth, 0) AS recall,
				sqrt(coalesce(t.hit_variance, 0) * ((t.truth - t.hit) / nullif(t.truth, 0) ^ 2) ^ 2 + coalesce(t.missed_variance, 0) * (t.hit / nullif(t.truth, 0) ^ 2) ^ 2) AS recall_error
			FROM total t)
		SELECT 'precision', f.t, f.precision, greatest(0, f.precision - 1.96 * f.precision_error), least(1, f.precision + 1.96 * f.precision_error), f.n::bigint FROM figure f WHERE f.present
		UNION ALL SELECT 'recall', f.t, f.recall, greatest(0, f.recall - 1.96 * f.recall_error), least(1, f.recall + 1.96 * f.recall_error), f.n::bigint FROM figure f WHERE f.present
		UNION ALL (SELECT 'suggested threshold', f.t, f.precision, greatest(0, f.precision - 1.96 * f.precision_error), least(1, f.precision + 1.96 * f.precision_error), f.n::bigint
			FROM figure f WHERE NOT f.present AND f.precision >= 0.98 ORDER BY f.t LIMIT 1)$q$, m);
END $$;
COMMENT ON FUNCTION @extschema@.match_quality(name) IS 'precision and recall of the links at link_threshold with 95 % intervals, estimated from the pairs judged, and the lowest of a few thresholds with a precision of 0.98 (a row less when there is none). Recall is among the pairs with a probability of 0.01 or more. estimate NULL while nothing is judged';

-- A record as people and forms write it, in the words of a mapping of imports, brought to what the columns of a party hold.
CREATE FUNCTION @extschema@.identity_record(record jsonb, region text) RETURNS jsonb
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	wrong text;
	day_first CONSTANT text[] := CASE WHEN region = 'US' THEN '{MM/DD/YYYY,DD/MM/YYYY,MM/DD/YY}' ELSE '{DD/MM/YYYY,MM/DD/YYYY,DD/MM/YY}' END;
	born date;
BEGIN
	record := jsonb_strip_nulls(record);
	IF jsonb_typeof(record -> 'party') = 'object' THEN
		record := (record -> 'party') || (record - 'party');
	END IF;
	IF jsonb_typeof(record -> 'address') = 'object' THEN
		record := (record -> 'address') || (record - 'address');
	ELSIF record ? 'address' AND NOT record ? 'street' THEN
		record := (record - 'address') || jsonb_build_object('street', record -> 'address');
	END IF;
	IF record ? 'organisation_name' AND NOT record ? 'legal_name' THEN
		record := (record - 'organisation_name') || jsonb_build_object('legal_name', record -> 'organisation_name');
	END IF;
	SELECT k INTO wrong FROM jsonb_object_keys(record) k
	WHERE k <> ALL ('{salutation,given_name,family_name,maiden_name,sex,birth_date,language,legal_name,country,email,phone,street,postal_code,city,keys}'::text[]) ORDER BY k LIMIT 1;
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'a record to identify has no "%"', wrong USING ERRCODE = 'invalid_parameter_value',
			HINT = 'It may hold salutation, given_name, family_name, maiden_name, sex, birth_date, language, legal_name, country, email, phone, street, postal_code, city, and keys, an object of scheme and value.';
	END IF;
	SELECT k.key INTO wrong FROM jsonb_each(record) k WHERE jsonb_typeof(k.value) IN ('object', 'array') AND k.key <> 'keys' ORDER BY k.key LIMIT 1;
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION 'the value of "%" must be a string, a number or null', wrong USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT coalesce(jsonb_object_agg(k.key, CASE WHEN jsonb_typeof(k.value) = 'string' THEN to_jsonb(btrim(k.value #>> '{}')) ELSE k.value END), '{}') INTO record
	FROM jsonb_each(record) k WHERE k.value <> 'null' AND (jsonb_typeof(k.value) <> 'string' OR btrim(k.value #>> '{}') <> '');
	IF record ? 'birth_date' THEN
		SELECT d.value INTO born FROM unnest('{ISO}' || day_first || '{DD Month YYYY}'::text[]) WITH ORDINALITY f (format, n) CROSS JOIN LATERAL @extschema@.parse_date(record ->> 'birth_date', f.format) d
		WHERE d.value IS NOT NULL ORDER BY f.n LIMIT 1;
		IF born IS NULL THEN
			RAISE EXCEPTION 'the value of "birth_date" is not a date that can be read' USING ERRCODE = 'invalid_datetime_format', HINT = 'Such as 1982-11-18 or 18/11/1982.';
		END IF;
		record := record || jsonb_build_object('birth_date', born);
	END IF;
	-- what is not understood of these is not said: it tells nobody apart
	IF record ? 'sex' THEN
		record := jsonb_strip_nulls(record || jsonb_build_object('sex', @extschema@.parse_sex(record ->> 'sex')));
	END IF;
	IF record ? 'country' THEN
		record := jsonb_strip_nulls(record || jsonb_build_object('country', @extschema@.parse_country(record ->> 'country')));
	END IF;
	RETURN record;
END $$;
COMMENT ON FUNCTION @extschema@.identity_record(jsonb, text) IS 'internal: a record to identify, trimmed and without what is empty, its date of birth read as people write it (month first where the region is US), sex and country as codes. 22023 for a key that is none and for a value that is no scalar, 22007 for a date of birth that cannot be read';

-- One person comes in, from any number of sessions at once: whoever brings the same key, address or number waits for the other.
CREATE FUNCTION @extschema@.identify(mart name, source text, external_id text, record jsonb) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET datestyle = 'ISO, YMD' AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	from_source smallint;
	settings record;
	mail text;
	mail_norm text;
	number text;
	key_names text[];
	key_values text[];
	keys bigint[];
	key bigint;
	found bigint;
	kind text;
	postal text;
	r record;
	record_id bigint;
	full_name text;
	by_similarity boolean;
	alike bigint;
	is_new boolean;
BEGIN
	-- an empty key is none: all who lack one would be one record
	IF nullif(btrim(source), '') IS NULL OR nullif(btrim(external_id), '') IS NULL OR record IS NULL OR jsonb_typeof(record) <> 'object' THEN
		RAISE EXCEPTION 'a source, a key and a record, which is a JSON object, must be given' USING ERRCODE = CASE WHEN jsonb_typeof(record) <> 'object' THEN 'invalid_parameter_value' ELSE 'null_value_not_allowed' END;
	END IF;
	settings := @extschema@.run_kept(format('SELECT d.default_phone_region, d.email_rules, d.max_names_per_key, d.link_threshold, d.doubt_threshold, d.link_min_records, s.source_id,
			coalesce((SELECT i.max_parties FROM %1$s.identifier_rule i WHERE i.kind = ''email'' AND (i.source_id IS NULL OR i.source_id = s.source_id) ORDER BY i.source_id NULLS LAST LIMIT 1), d.max_parties_per_key) AS most
		FROM %1$s.datamart d LEFT JOIN %1$s.source s ON s.name = $1', m), source);
	record := @extschema@.identity_record(record, settings.default_phone_region);
	from_source := settings.source_id;
	IF from_source IS NULL THEN
		EXECUTE format('INSERT INTO %s.source (name) VALUES ($1) ON CONFLICT DO NOTHING', m) USING source;
		EXECUTE format('SELECT s.source_id FROM %s.source s WHERE s.name = $1', m) INTO from_source USING source;
	END IF;
	mail := nullif(btrim(record ->> 'email'), '');
	IF mail IS NOT NULL THEN
		SELECT CASE WHEN t.email IS NULL THEN NULL WHEN settings.email_rules IS NULL THEN @extschema@.canonical(t.email) ELSE @extschema@.canonical(t.email, settings.email_rules) END INTO mail_norm FROM @extschema@.try_email(mail) t;
	END IF;
	IF nullif(btrim(record ->> 'phone'), '') IS NOT NULL THEN
		SELECT t.phone::text INTO number FROM @extschema@.try_phone(record ->> 'phone', settings.default_phone_region) t;
	END IF;
	SELECT array_agg(k.key ORDER BY k.key), array_agg(k.value ORDER BY k.key) INTO key_names, key_values
	FROM jsonb_each_text(CASE jsonb_typeof(record -> 'keys') WHEN 'object' THEN record -> 'keys' ELSE '{}' END) k WHERE nullif(k.value, '') IS NOT NULL;
	kind := CASE WHEN nullif(btrim(record ->> 'legal_name'), '') IS NOT NULL AND nullif(btrim(record ->> 'family_name'), '') IS NULL THEN 'organisation' ELSE 'person' END;
	postal := nullif(concat_ws(', ', nullif(btrim(record ->> 'street'), ''), nullif(concat_ws(' ', nullif(btrim(record ->> 'postal_code'), ''), nullif(btrim(record ->> 'city'), '')), '')), '');

	full_name := @extschema@.name_key(left(CASE WHEN kind = 'person' THEN concat_ws(' ', record ->> 'given_name', record ->> 'family_name') ELSE record ->> 'legal_name' END, 1000));
	by_similarity := strpos(full_name, ' ') > 0 OR (kind <> 'person' AND full_name <> '');

	-- in one order, so that two sessions never wait for each other
	SELECT array_agg(DISTINCT hashtextextended(format('crmseg.identify %s', v.key), n.oid::bigint)) INTO keys
	FROM pg_namespace n CROSS JOIN LATERAL (
		SELECT format('record %s %s', from_source, external_id) UNION ALL SELECT 'email ' || mail_norm WHERE mail_norm IS NOT NULL UNION ALL SELECT 'phone ' || number WHERE number IS NOT NULL
		UNION ALL SELECT 'name ' || full_name WHERE by_similarity UNION ALL SELECT format('key %s %s', u.k, u.v) FROM unnest(key_names, key_values) u (k, v)) v (key) WHERE n.nspname = mart;
	FOR key IN SELECT k FROM unnest(keys) k ORDER BY 1 LOOP
		PERFORM pg_advisory_xact_lock(key);
	END LOOP;

	FOR attempt IN 1 .. 10 LOOP
		BEGIN
			r := @extschema@.run_kept(format('SELECT (SELECT r.party_id FROM %s.source_record r WHERE r.source_id = $1 AND r.external_id = $2) AS party_id', m), from_source, external_id);
			found := r.party_id;
			IF found IS NULL THEN
				-- the rules of exact_pairs, for one record
				r := @extschema@.run_kept(format($q$
					WITH candidate AS (
						SELECT e.party_id, 1 AS rank FROM unnest($1, $2) k (scheme, key_value) JOIN %1$s.external_key e ON e.scheme = k.scheme AND e.key_value = k.key_value
						WHERE NOT EXISTS (SELECT FROM %1$s.blocked_identifier b WHERE b.kind = k.scheme AND (b.source_id IS NULL OR b.source_id IN ($12, e.source_id)) AND k.key_value LIKE b.value_norm)
						UNION ALL
						SELECT x.right_id, 2 FROM (
							SELECT array_agg(p.party_id ORDER BY p.party_id) AS ids, array_agg(coalesce(@extschema@.fold(p.given_name), '') ORDER BY p.party_id) AS given,
								array_agg(coalesce(@extschema@.fold(p.family_name), '') ORDER BY p.party_id) AS family, array_agg(coalesce(@extschema@.fold(p.legal_name), '') ORDER BY p.party_id) AS legal, count(*) AS n
							FROM %1$s.contact_point c JOIN %1$s.party p ON p.party_id = c.party_id AND p.kind = $7 WHERE c.kind = 'email' AND c.value_norm = $3 AND c.status <> 'invalid'
								AND NOT EXISTS (SELECT FROM %1$s.blocked_identifier b WHERE b.kind = 'email' AND b.source_id = c.source_id AND $3 LIKE b.value_norm)) h
						CROSS JOIN LATERAL (SELECT (@extschema@.try_email($3)).email) e
						CROSS JOIN LATERAL @extschema@.address_pairs($7, 0::bigint || h.ids, @extschema@.fold(coalesce($5, '')) || h.given, @extschema@.fold(coalesce($6, '')) || h.family, @extschema@.fold(coalesce($8, '')) || h.legal, $11) x
						WHERE h.n BETWEEN 1 AND $10 AND x.left_id = 0 AND NOT coalesce(@extschema@.is_role_address(e.email), true) AND NOT coalesce(@extschema@.is_disposable(e.email), true)
							AND NOT EXISTS (SELECT FROM %1$s.blocked_identifier b WHERE b.kind = 'email' AND (b.source_id IS NULL OR b.source_id = $12) AND $3 LIKE b.value_norm)
						UNION ALL
						SELECT p.party_id, 3 FROM %1$s.contact_point c JOIN %1$s.party p ON p.party_id = c.party_id AND p.kind = $7
						WHERE c.kind = 'phone' AND c.value_norm = $4 AND c.status <> 'invalid' AND NOT EXISTS (SELECT FROM %1$s.blocked_identifier b WHERE b.kind = 'phone' AND (b.source_id IS NULL OR b.source_id IN ($12, c.source_id)) AND $4 LIKE b.value_norm)
							AND @extschema@.name_key(left(CASE WHEN $7 = 'person' THEN concat_ws(' ', p.given_name, p.family_name) ELSE p.legal_name END, 1000)) = @extschema@.name_key(left(CASE WHEN $7 = 'person' THEN concat_ws(' ', $5, $6) ELSE $8 END, 1000))
							AND ($7 <> 'person' OR strpos(@extschema@.name_key(left(concat_ws(' ', $5, $6), 1000)), ' ') > 0))
					SELECT (SELECT c.party_id FROM candidate c JOIN %1$s.party p ON p.party_id = c.party_id AND p.kind = $7
					WHERE p.birth_date IS NULL OR $9 IS NULL OR p.birth_date = $9 GROUP BY c.party_id ORDER BY min(c.rank), c.party_id LIMIT 1) AS party_id$q$, m),
					coalesce(key_names, '{}'::text[]), coalesce(key_values, '{}'::text[]), mail_norm, number, record ->> 'given_name', record ->> 'family_name', kind, record ->> 'legal_name', nullif(record ->> 'birth_date', '')::date,
					settings.most::bigint, settings.max_names_per_key::integer, from_source);
				found := r.party_id;
			END IF;
			-- as resolve would link it by similarity, where it is clear to whom
			alike := NULL;
			IF found IS NULL AND by_similarity THEN
				r := @extschema@.run_kept(format('SELECT (SELECT count(*) FROM (SELECT FROM %1$s.source_record r LIMIT $1) x) >= $1 AND NOT EXISTS (SELECT FROM %1$s.identifier_rule i WHERE i.max_values IS NOT NULL AND i.kind = ANY ($2)) AS is_wanted', m), settings.link_min_records::bigint,
					array_remove(ARRAY[CASE WHEN mail_norm IS NOT NULL THEN 'email' END, CASE WHEN number IS NOT NULL THEN 'phone' END], NULL) || coalesce(key_names, '{}'::text[]));
				by_similarity := r.is_wanted;
			END IF;
			IF found IS NULL AND by_similarity THEN
				SELECT (array_agg(f.party_id ORDER BY f.match_probability DESC))[1] INTO alike
				FROM @extschema@.find_matches(mart, record - '{salutation,language,keys}'::text[], 5) f WHERE f.match_probability >= settings.doubt_threshold
				HAVING count(*) = 1 AND max(f.match_probability) >= greatest(settings.link_threshold, 0.99);
			END IF;
			is_new := found IS NULL;
			IF is_new THEN
				r := @extschema@.run_kept(format('INSERT INTO %s.party (kind, salutation, given_name, family_name, maiden_name, sex, birth_date, language, legal_name, country, postal_code)
					SELECT $1, r.salutation, r.given_name, r.family_name, r.maiden_name, r.sex, r.birth_date, r.language, r.legal_name, upper(r.country COLLATE "C"), r.postal_code
					FROM jsonb_to_record($2) r (salutation text, given_name text, family_name text, maiden_name text, sex text, birth_date date, language text, legal_name text, country text, postal_code text) RETURNING party_id', m), kind, record);
				found := r.party_id;
			ELSE
				-- what the party does not say yet
				r := @extschema@.run_kept(format('UPDATE %s.party p SET salutation = coalesce(p.salutation, r.salutation), given_name = coalesce(p.given_name, r.given_name), family_name = coalesce(p.family_name, r.family_name),
						maiden_name = coalesce(p.maiden_name, r.maiden_name), sex = coalesce(p.sex, r.sex), birth_date = coalesce(p.birth_date, r.birth_date), language = coalesce(p.language, r.language),
						legal_name = coalesce(p.legal_name, r.legal_name), country = coalesce(p.country, upper(r.country COLLATE "C")), postal_code = coalesce(p.postal_code, r.postal_code), updated_at = now()
					FROM jsonb_to_record($2) r (salutation text, given_name text, family_name text, maiden_name text, sex text, birth_date date, language text, legal_name text, country text, postal_code text) WHERE p.party_id = $1 RETURNING p.party_id', m), found, record);
				IF r IS NULL THEN
					RAISE EXCEPTION 'moved' USING ERRCODE = 'CS001';	-- merged away meanwhile
				END IF;
			END IF;
			r := @extschema@.run_kept(format('INSERT INTO %s.source_record AS r (party_id, source_id, external_id, payload) VALUES ($1, $2, $3, $4)
				ON CONFLICT (source_id, external_id) DO UPDATE SET payload = excluded.payload, last_seen = now(), resolved_at = CASE WHEN r.payload IS DISTINCT FROM excluded.payload THEN NULL ELSE r.resolved_at END
				RETURNING r.party_id, r.source_record_id', m), found, from_source, external_id, record);
			found := r.party_id;
			record_id := r.source_record_id;
			IF mail_norm IS NOT NULL THEN
				PERFORM @extschema@.run_kept(format('INSERT INTO %1$s.contact_point (party_id, kind, value, value_norm, source_id, is_primary) SELECT $1, ''email'', $2, $3, $4, NOT EXISTS (SELECT FROM %1$s.contact_point c WHERE c.party_id = $1 AND c.kind = ''email'' AND c.is_primary) ON CONFLICT DO NOTHING', m),
					found, mail, mail_norm, from_source);
			END IF;
			IF number IS NOT NULL THEN
				PERFORM @extschema@.run_kept(format('INSERT INTO %1$s.contact_point (party_id, kind, value, value_norm, country, source_id, is_primary) SELECT $1, ''phone'', $2, $3, @extschema@.phone_region($3::@extschema@.phone), $4, NOT EXISTS (SELECT FROM %1$s.contact_point c WHERE c.party_id = $1 AND c.kind = ''phone'' AND c.is_primary) ON CONFLICT DO NOTHING', m),
					found, record ->> 'phone', number, from_source);
			END IF;
			IF postal IS NOT NULL THEN
				PERFORM @extschema@.run_kept(format('INSERT INTO %1$s.contact_point (party_id, kind, value, value_norm, street, postal_code, city, country, source_id, is_primary)
					SELECT $1, ''postal'', $2, k, $4 ->> ''street'', $4 ->> ''postal_code'', $4 ->> ''city'', upper(($4 ->> ''country'') COLLATE "C"), $3, NOT EXISTS (SELECT FROM %1$s.contact_point c WHERE c.party_id = $1 AND c.kind = ''postal'' AND c.is_primary)
					FROM @extschema@.address_key($2, upper(($4 ->> ''country'') COLLATE "C")) k WHERE octet_length(k) BETWEEN 1 AND 1000 ON CONFLICT DO NOTHING', m),
					found, postal, from_source, record);
			END IF;
			IF key_names IS NOT NULL THEN
				PERFORM @extschema@.run_kept(format('INSERT INTO %s.external_key (party_id, scheme, key_value, source_id) SELECT $1, u.k, u.v, $4 FROM unnest($2, $3) u (k, v) ON CONFLICT DO NOTHING', m),
					found, key_names, key_values, from_source);
			END IF;
			IF alike IS NOT NULL THEN
				-- a party of its own, merged: so that it can be taken apart when more is known
				PERFORM @extschema@.refresh_record_identity(mart, ARRAY[record_id]);
				PERFORM @extschema@.merge_parties(mart, alike, found, 'similar');
				RETURN @extschema@.party_of(mart, found);
			ELSIF is_new AND by_similarity AND has_table_privilege(m || '.match_key', 'INSERT') THEN
				-- found by the next one, who may wait for this transaction
				PERFORM @extschema@.run_kept(format('INSERT INTO %1$s.match_key (party_id, key_hash) SELECT p.party_id, unnest(@extschema@.match_keys(p.kind, p.given_name, p.family_name, p.maiden_name, p.legal_name, p.birth_date, p.postal_code, c.kinds, c.norms, c.codes))
					FROM %1$s.party p LEFT JOIN LATERAL (SELECT array_agg(c.kind) AS kinds, array_agg(c.value_norm) AS norms, array_agg(c.postal_code) AS codes
						FROM %1$s.contact_point c WHERE c.party_id = p.party_id AND c.kind IN (''email'', ''phone'', ''postal'') AND c.status <> ''invalid'') c ON true
					WHERE p.party_id = $1 ON CONFLICT DO NOTHING', m), found);
			END IF;
			RETURN found;
		EXCEPTION WHEN foreign_key_violation OR deadlock_detected OR SQLSTATE 'CS001' THEN
			IF attempt = 10 THEN
				RAISE EXCEPTION 'the party was merged with others meanwhile' USING ERRCODE = 'serialization_failure', HINT = 'Try again.';
			END IF;
		END;
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.identify(name, text, text, jsonb) IS 'the party of a record, in one call: that of the record when it is known by source and key, else the one that shares an external key, an e-mail with a name that agrees or a phone with the same name, else, from link_min_records records on, the only one that find_matches takes for it, with a probability of 0.99 and no other above doubt_threshold, else a new one. The record and its contact points are written, and what the party does not say yet is filled; the next resolve looks at the record with all others. Safe when many sessions bring the same person at once. The record is {"given_name", "family_name", "email", "phone", "birth_date", "street", "postal_code", "city", "country", "legal_name", "keys": {"scheme": "value"}, ...}; an e-mail or phone that is none is left out. 22023 for another field, 22007 for a birth date that is none';

-- People at one address who share a family name, or a maiden name with one.
CREATE FUNCTION @extschema@.form_households(mart name, OUT households bigint, OUT members bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	people bigint[];
	homes bigint[];
	h record;
	household bigint;
BEGIN
	PERFORM pg_advisory_xact_lock(@extschema@.mart_lock(mart));
	households := 0;
	members := 0;
	FOR h IN EXECUTE format($q$
		WITH home AS (
			SELECT c.value_norm AS address, p.party_id, p.family_name, n.name
			FROM %1$s.contact_point c JOIN %1$s.party p ON p.party_id = c.party_id AND p.kind = 'person'
			CROSS JOIN LATERAL (SELECT DISTINCT @extschema@.fold(v.name) AS name FROM (VALUES (p.family_name), (p.maiden_name)) v (name) WHERE nullif(v.name, '') IS NOT NULL) n
			WHERE c.kind = 'postal' AND c.status <> 'invalid' AND c.valid @> current_date
				AND (c.street IS NOT NULL OR (c.postal_code IS NULL AND c.city IS NULL))),	-- a city is no address
		shared AS (
			SELECT h.address, h.name, array_agg(h.party_id ORDER BY h.party_id) AS people, count(*) AS n, mode() WITHIN GROUP (ORDER BY h.family_name) AS family_name, min(h.party_id) AS first
			FROM home h GROUP BY h.address, h.name HAVING count(DISTINCT h.party_id) > 1)
		SELECT s.people, s.family_name, (SELECT min(r.related_id) FROM %1$s.party_relation r WHERE r.party_id = ANY (s.people) AND r.kind = 'member_of_household' AND r.valid @> current_date) AS there,
			(SELECT p.country FROM %1$s.party p WHERE p.party_id = s.first) AS country, (SELECT p.postal_code FROM %1$s.party p WHERE p.party_id = s.first) AS postal_code
		FROM shared s CROSS JOIN %1$s.datamart d WHERE s.n <= d.max_parties_per_key
			AND EXISTS (SELECT FROM unnest(s.people) u (id) WHERE NOT EXISTS (SELECT FROM %1$s.party_relation r WHERE r.party_id = u.id AND r.kind = 'member_of_household' AND r.valid @> current_date))
		ORDER BY s.first, s.name$q$, m) LOOP
		-- one before may have taken in some of them
		EXECUTE format('SELECT min(r.related_id) FROM %s.party_relation r WHERE r.party_id = ANY ($1) AND r.kind = ''member_of_household'' AND r.valid @> current_date', m) INTO household USING h.people;
		IF household IS NULL THEN
			EXECUTE format('INSERT INTO %s.party (kind, family_name, country, postal_code) VALUES (''household'', $1, $2, $3) RETURNING party_id', m) INTO household USING h.family_name, h.country, h.postal_code;
			households := households + 1;
		END IF;
		EXECUTE format('WITH n AS (INSERT INTO %1$s.party_relation (party_id, related_id, kind, valid) SELECT u.id, $2, ''member_of_household'', daterange(current_date, NULL) FROM unnest($1) u (id)
				WHERE NOT EXISTS (SELECT FROM %1$s.party_relation r WHERE r.party_id = u.id AND r.kind = ''member_of_household'' AND r.valid @> current_date) RETURNING 1)
			SELECT $3 + count(*) FROM n', m) INTO members USING h.people, household, members;
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.form_households(name) IS 'makes a party of kind household of people at one address who share a family name (or maiden name), each related to it by member_of_household from today; who is in a household stays in it, and takes others in. Identity is not touched. Returns the households made and the people added; a second call adds only what is new';

CREATE FUNCTION @extschema@.append_emails(mart name, partner regclass, columns jsonb, min_probability float8 DEFAULT 0.95, OUT matched bigint, OUT ambiguous bigint, OUT refused bigint)
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	settings record;
	mail_column text;
	proof_column text;
	link_columns jsonb;
	list text;
	ours text;
	from_source smallint;
	r record;
	norm text;
	refuses boolean;
	point bigint;
BEGIN
	IF partner IS NULL OR columns IS NULL OR jsonb_typeof(columns) <> 'object' OR min_probability IS NULL OR NOT min_probability BETWEEN 0.5 AND 1 THEN
		RAISE EXCEPTION 'a relation, its columns as a JSON object and a probability from 0.5 to 1 must be given' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT c.key INTO mail_column FROM jsonb_each_text(columns) c WHERE c.value = 'email' ORDER BY c.key LIMIT 1;
	SELECT c.key INTO proof_column FROM jsonb_each_text(columns) c WHERE c.value = 'proof' ORDER BY c.key LIMIT 1;
	SELECT coalesce(jsonb_object_agg(c.key, c.value), '{}') INTO link_columns FROM jsonb_each_text(columns) c WHERE c.value NOT IN ('email', 'proof', 'ignored', 'source');
	SELECT c.key INTO list FROM jsonb_each_text(columns) c WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = partner AND a.attname = c.key AND a.attnum > 0 AND NOT a.attisdropped) ORDER BY c.key LIMIT 1;
	IF list IS NOT NULL THEN
		RAISE EXCEPTION 'column "%" does not exist in %', list, partner USING ERRCODE = 'undefined_column';
	ELSIF mail_column IS NULL OR link_columns = '{}' THEN
		RAISE EXCEPTION 'the columns name no e-mail, or nothing to match by' USING ERRCODE = 'invalid_parameter_value', HINT = 'Such as {"prenom": "given_name", "nom": "family_name", "adresse": "address", "cp": "postal_code", "mail": "email", "preuve": "proof"}.';
	END IF;
	PERFORM pg_advisory_xact_lock_shared(@extschema@.mart_lock(mart));
	EXECUTE format('SELECT d.email_rules FROM %s.datamart d', m) INTO settings;
	EXECUTE format('INSERT INTO %1$s.source (name, kind, party_level, trust, note) SELECT $1, ''partner'', ''third'', 10, ''append_emails'' WHERE NOT EXISTS (SELECT FROM %1$s.source s WHERE s.name = $1)', m) USING partner::text;
	EXECUTE format('SELECT s.source_id FROM %s.source s WHERE s.name = $1', m) INTO from_source USING partner::text;
	-- both sides under the partner's names of the columns, numbered
	SELECT string_agg(format('%s AS %I', CASE c.value WHEN 'given_name' THEN 'p.given_name' WHEN 'family_name' THEN 'p.family_name' WHEN 'maiden_name' THEN 'p.maiden_name' WHEN 'full_name' THEN 'concat_ws('' '', p.given_name, p.family_name)'
			WHEN 'organisation_name' THEN 'p.legal_name' WHEN 'date' THEN 'p.birth_date::text' WHEN 'sex' THEN 'p.sex' WHEN 'phone' THEN 't.value_norm' WHEN 'address' THEN 'a.street' WHEN 'postal_code' THEN 'coalesce(a.postal_code, p.postal_code)'
			WHEN 'city' THEN 'a.city' WHEN 'country' THEN 'coalesce(a.country, p.country)' ELSE 'NULL::text' END, c.key), ', ') INTO ours FROM jsonb_each_text(link_columns) c;
	SELECT string_agg(format('x.%1$I::text AS %1$I', c.key), ', ') INTO list FROM jsonb_each_text(link_columns) c;
	EXECUTE 'DROP TABLE IF EXISTS pg_temp.crmseg_append_ours, pg_temp.crmseg_append_theirs';
	EXECUTE format('CREATE TEMPORARY TABLE crmseg_append_ours ON COMMIT DROP AS SELECT p.party_id AS crmseg_id, %2$s FROM %1$s.party p
		LEFT JOIN LATERAL (SELECT c.* FROM %1$s.contact_point c WHERE c.party_id = p.party_id AND c.kind = ''postal'' ORDER BY c.is_primary DESC, c.contact_point_id LIMIT 1) a ON true
		LEFT JOIN LATERAL (SELECT c.* FROM %1$s.contact_point c WHERE c.party_id = p.party_id AND c.kind = ''phone'' ORDER BY c.is_primary DESC, c.contact_point_id LIMIT 1) t ON true
		WHERE p.kind IN (''person'', ''organisation'') AND p.lifecycle <> ''closed'' AND p.deceased_on IS NULL AND NOT EXISTS (SELECT FROM %1$s.contact_point c WHERE c.party_id = p.party_id AND c.kind = ''email'')', m, ours);
	EXECUTE format('CREATE TEMPORARY TABLE crmseg_append_theirs ON COMMIT DROP AS SELECT row_number() OVER () AS crmseg_id, x.%I::text AS crmseg_mail, %s AS crmseg_proof, %s FROM %s x', mail_column,
		CASE WHEN proof_column IS NULL THEN 'NULL::text' ELSE format('nullif(btrim(x.%I::text), '''')', proof_column) END, list, partner);
	matched := 0; ambiguous := 0; refused := 0;
	FOR r IN EXECUTE 'WITH pair AS (
				SELECT p.left_id::bigint AS party_id, t.crmseg_mail AS mail, t.crmseg_proof AS proof, t.crmseg_id AS line, p.match_probability AS probability
				FROM @extschema@.link_records(''pg_temp.crmseg_append_ours''::regclass, ''crmseg_id'', $1, $2, ''pg_temp.crmseg_append_theirs''::regclass) p
				JOIN pg_temp.crmseg_append_theirs t ON t.crmseg_id = p.right_id::bigint WHERE nullif(btrim(t.crmseg_mail), '''') IS NOT NULL)
			SELECT p.party_id, min(p.mail) AS mail, max(p.proof) AS proof, count(DISTINCT lower(btrim(p.mail) COLLATE "C")) AS mails,
				bool_or(EXISTS (SELECT FROM pair q WHERE lower(btrim(q.mail) COLLATE "C") = lower(btrim(p.mail) COLLATE "C") AND q.party_id <> p.party_id)) AS is_shared
			FROM pair p GROUP BY p.party_id ORDER BY p.party_id' USING link_columns, least(min_probability, 0.999999) LOOP
		IF r.mails > 1 OR r.is_shared THEN
			ambiguous := ambiguous + 1;
			CONTINUE;
		END IF;
		norm := NULL;
		SELECT CASE WHEN t.email IS NULL THEN NULL WHEN settings.email_rules IS NULL THEN @extschema@.canonical(t.email) ELSE @extschema@.canonical(t.email, settings.email_rules) END INTO norm FROM @extschema@.try_email(btrim(r.mail)) t;
		EXECUTE format('SELECT $2 IS NULL
				OR EXISTS (SELECT FROM %1$s.contact_point c WHERE c.kind = ''email'' AND c.value_norm = $2)
				OR EXISTS (SELECT FROM %1$s.suppression s CROSS JOIN %1$s.suppression_key k WHERE s.kind = ''email'' AND s.value_hash = @extschema@.suppression_digest(k.key, $2))
				OR EXISTS (SELECT FROM %1$s.consent c JOIN %1$s.channel h ON h.channel_id = c.channel_id WHERE c.party_id = $1 AND h.contact_kind = ''email'' AND c.status <> ''granted'' AND c.valid @> now())
				OR EXISTS (SELECT FROM %1$s.contact_preference f JOIN %1$s.channel h ON h.channel_id = f.channel_id WHERE f.party_id = $1 AND h.contact_kind = ''email'' AND f.max_touches = 0)', m)
			INTO refuses USING r.party_id, norm;
		IF refuses THEN
			refused := refused + 1;
			CONTINUE;
		END IF;
		EXECUTE format('INSERT INTO %s.contact_point (party_id, kind, value, value_norm, status, is_primary, source_id) VALUES ($1, ''email'', $2, $3, ''unverified'', true, $4) RETURNING contact_point_id', m)
			INTO point USING r.party_id, btrim(r.mail), norm, from_source;
		IF r.proof IS NOT NULL THEN
			EXECUTE format('INSERT INTO %1$s.consent (party_id, purpose, channel_id, contact_point_id, status, valid, captured_at, source_id, method, evidence)
				SELECT $1, ''newsletter'', h.channel_id, $2, ''granted'', tstzrange(now(), NULL), now(), $3, ''partner'', jsonb_build_object(''proof'', $4) FROM %1$s.channel h WHERE h.name = ''email''', m) USING r.party_id, point, from_source, r.proof;
		END IF;
		matched := matched + 1;
	END LOOP;
	EXECUTE 'DROP TABLE pg_temp.crmseg_append_ours, pg_temp.crmseg_append_theirs';
END $$;
COMMENT ON FUNCTION @extschema@.append_emails(name, regclass, jsonb, float8) IS 'matches the parties without an e-mail to a partner''s relation (columns: its columns and their kinds, as for link_records; the e-mail to take has kind email, what proves an opt-in kind proof) and adds the address, unverified and third party, where it is clear whose it is; a consent (newsletter, that address) only where there is a proof, kept as evidence. Returns the parties matched, those with several addresses or an address of several (ambiguous), and those refused: no address, one that another party has, a suppressed one, or a party that does not want e-mail. 42703 for an unknown column, 22023 without an e-mail or anything to match by';
