-- Small functions behind the steps 09_campaign and 11_behaviour: weights that decay, triggers, and the writers of consents, attributes and
-- recognised visitors.

CREATE FUNCTION @extschema@.decay_weight(at timestamptz, half_life_days integer) RETURNS numeric
	AS 'MODULE_PATHNAME', 'crmseg_decay_weight' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.decay_weight(timestamptz, integer) IS 'the weight 2^(20 + days since 2020 / half-life) that a fact of that day (UTC) has in sums with forward decay, a whole number; such a sum divided by the weight of the present is what it is worth now. The same on every machine. 22023 for half-lives beyond 1 to 36500 days and instants that are not finite';

CREATE FUNCTION @extschema@.visitor_id(cookie text) RETURNS uuid
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE WHEN cookie ~* '^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$' THEN cookie::uuid ELSE md5('crmseg visitor ' || cookie)::uuid END;
COMMENT ON FUNCTION @extschema@.visitor_id(text) IS 'the visitor_id of what a cookie or a device says: a UUID is itself, anything else its digest; as import_flat writes it';

CREATE FUNCTION @extschema@.set_value_norm() RETURNS trigger
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	s record;
BEGIN
	EXECUTE format('SELECT d.email_rules, d.default_phone_region FROM %I.datamart d', TG_TABLE_SCHEMA) INTO s;
	NEW.value_norm := CASE NEW.kind WHEN 'email' THEN (SELECT @extschema@.canonical(t.email, s.email_rules) FROM @extschema@.try_email(NEW.value) t)
		WHEN 'phone' THEN (SELECT t.phone::text FROM @extschema@.try_phone(NEW.value, coalesce(NEW.country, s.default_phone_region)) t)
		WHEN 'postal' THEN @extschema@.address_key(NEW.value, NEW.country) ELSE @extschema@.fold(NEW.value) END;
	IF NEW.value_norm IS NULL THEN
		NEW.value_norm := left(@extschema@.fold(NEW.value), 250);
		NEW.status := 'invalid';
	END IF;
	RETURN NEW;
END $$;
COMMENT ON FUNCTION @extschema@.set_value_norm() IS 'trigger of a datamart: gives a contact point written without value_norm its normal form; one that cannot be read is invalid';

CREATE FUNCTION @extschema@.set_interaction_at() RETURNS trigger
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	EXECUTE format('SELECT i.occurred_at FROM %I.interaction i WHERE i.party_id = $1 AND i.interaction_id = $2', TG_TABLE_SCHEMA)
		INTO NEW.interaction_at USING NEW.party_id, NEW.interaction_id;
	IF NEW.interaction_at IS NULL THEN
		RAISE EXCEPTION 'the party has no interaction %', NEW.interaction_id USING ERRCODE = 'foreign_key_violation', TABLE = 'reaction', SCHEMA = TG_TABLE_SCHEMA,
			HINT = 'A reaction without a known message has neither interaction_id nor interaction_at.';
	END IF;
	RETURN NEW;
END $$;
COMMENT ON FUNCTION @extschema@.set_interaction_at() IS 'trigger of a datamart: gives a reaction the instant of the interaction that it names; 23503 when there is none';

CREATE FUNCTION @extschema@.set_privacy_term() RETURNS trigger
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	NEW.due_at := NEW.opened_at + interval '1 month';	-- article 12(3) of the GDPR
	RETURN NEW;
END $$;
COMMENT ON FUNCTION @extschema@.set_privacy_term() IS 'trigger of a datamart: a privacy request is due one month after it came';

CREATE FUNCTION @extschema@.set_consent(mart name, party bigint, purpose text, channel text, status text, at timestamptz DEFAULT now(),
	contact_point bigint DEFAULT 0, source text DEFAULT NULL, method text DEFAULT NULL, notice text DEFAULT NULL, evidence jsonb DEFAULT NULL) RETURNS void
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	who bigint := @extschema@.party_of(mart, party);
	chan smallint;
	src smallint;
	known bigint;
	until timestamptz;
BEGIN
	IF at IS NULL OR NOT isfinite(at) OR purpose IS NULL OR status IS NULL OR contact_point IS NULL THEN
		RAISE EXCEPTION 'purpose, status, a finite instant and contact point of a consent must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	IF status NOT IN ('granted', 'denied', 'withdrawn') THEN
		RAISE EXCEPTION 'there is no status "%" of a consent', status USING ERRCODE = 'check_violation', HINT = 'It is granted, denied or withdrawn.';
	END IF;
	EXECUTE format('SELECT h.channel_id FROM %s.channel h WHERE h.name = $1', m) INTO chan USING channel;
	EXECUTE format('SELECT s.source_id FROM %s.source s WHERE s.name = $1', m) INTO src USING source;
	IF who IS NULL OR chan IS NULL OR (source IS NOT NULL AND src IS NULL) THEN
		RAISE EXCEPTION '% does not exist', CASE WHEN who IS NULL THEN format('party %s', coalesce(party::text, 'NULL')) WHEN chan IS NULL THEN format('channel "%s"', channel) ELSE format('source "%s"', source) END
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	EXECUTE format('SELECT FROM %s.party p WHERE p.party_id = $1 FOR NO KEY UPDATE', m) USING who;
	IF contact_point <> 0 THEN
		EXECUTE format('SELECT c.contact_point_id FROM %s.contact_point c WHERE c.party_id = $1 AND c.contact_point_id = $2', m) INTO known USING who, contact_point;
		IF known IS NULL THEN
			RAISE EXCEPTION 'party % has no contact point %', party, contact_point USING ERRCODE = 'invalid_parameter_value', HINT = '0 is any.';
		END IF;
	END IF;
	-- what held until then ends there; it holds until something said later
	EXECUTE format('SELECT min(lower(c.valid)) FROM %s.consent c WHERE c.party_id = $1 AND c.purpose = $2 AND c.channel_id = $3 AND c.contact_point_id = $4 AND lower(c.valid) > $5', m)
		INTO until USING who, purpose, chan, contact_point, at;
	EXECUTE format('DELETE FROM %s.consent c WHERE c.party_id = $1 AND c.purpose = $2 AND c.channel_id = $3 AND c.contact_point_id = $4 AND lower(c.valid) = $5', m)
		USING who, purpose, chan, contact_point, at;
	EXECUTE format('UPDATE %s.consent c SET valid = tstzrange(lower(c.valid), $5, CASE WHEN lower_inc(c.valid) THEN ''['' ELSE ''('' END || '')'')
		WHERE c.party_id = $1 AND c.purpose = $2 AND c.channel_id = $3 AND c.contact_point_id = $4 AND c.valid @> $5', m) USING who, purpose, chan, contact_point, at;
	EXECUTE format('INSERT INTO %s.consent (party_id, purpose, channel_id, contact_point_id, status, valid, captured_at, source_id, method, notice, evidence)
		VALUES ($1, $2, $3, $4, $5, tstzrange($6, $7), $6, $8, $9, $10, $11)', m) USING who, purpose, chan, contact_point, status, at, until, src, method, notice, evidence;
END $$;
COMMENT ON FUNCTION @extschema@.set_consent(name, bigint, text, text, text, timestamptz, bigint, text, text, text, jsonb) IS 'writes what a party said at an instant (granted, denied or withdrawn) into the ledger of consents: what held until then ends there, and it holds until something said later; effective in the very next query. Told late, it takes its place in time. 22023 for an unknown party, channel, source or contact point';

CREATE FUNCTION @extschema@.set_attribute(mart name, party bigint, key text, value jsonb, provenance text DEFAULT 'declared', confidence real DEFAULT 1, source text DEFAULT NULL, at timestamptz DEFAULT now())
	RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	who bigint := @extschema@.party_of(mart, party);
	d record;
	src smallint;
	made bigint;
	kind text := jsonb_typeof(value);
	word text := value #>> '{}';
	place integer := 0;
	until timestamptz;
BEGIN
	EXECUTE format('SELECT a.* FROM %s.attribute_def a WHERE a.key = $1', m) INTO d USING key;
	EXECUTE format('SELECT s.source_id FROM %s.source s WHERE s.name = $1', m) INTO src USING source;
	IF who IS NULL OR d.attribute_id IS NULL OR (source IS NOT NULL AND src IS NULL) THEN
		RAISE EXCEPTION '% does not exist', CASE WHEN who IS NULL THEN format('party %s', coalesce(party::text, 'NULL')) WHEN d.attribute_id IS NULL THEN format('attribute "%s"', key) ELSE format('source "%s"', source) END
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF value IS NULL OR kind = 'null' OR at IS NULL OR NOT isfinite(at) THEN
		RAISE EXCEPTION 'the value of attribute "%" and its instant must be given', key USING ERRCODE = 'null_value_not_allowed';
	ELSIF d.is_multi AND kind = 'array' AND d.data_type <> 'json' THEN
		FOR place IN 0 .. jsonb_array_length(value) - 1 LOOP
			made := @extschema@.set_attribute(mart, who, key, value -> place, provenance, confidence, source, at);
		END LOOP;
		RETURN made;
	ELSIF (d.data_type = 'num' AND kind <> 'number' AND NOT (kind = 'string' AND word ~ '^[+-]?[0-9]{1,100}([.][0-9]{1,100})?$'))
			OR (d.data_type = 'bool' AND kind <> 'boolean' AND word NOT IN ('true', 'false'))
			OR (d.data_type IN ('text', 'enum') AND kind IN ('object', 'array'))
			OR (d.data_type = 'date' AND (kind <> 'string' OR word !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')) THEN
		RAISE EXCEPTION 'the value of attribute "%" is not of its type, %', key, d.data_type USING ERRCODE = 'check_violation';
	END IF;
	EXECUTE format('SELECT FROM %s.party p WHERE p.party_id = $1 FOR NO KEY UPDATE', m) USING who;
	IF d.is_multi THEN
		EXECUTE format('SELECT a.party_attribute_id FROM %s.party_attribute a WHERE a.party_id = $1 AND a.attribute_id = $2 AND a.source_id IS NOT DISTINCT FROM $3 AND upper_inf(a.valid)
			AND coalesce(to_jsonb(a.flag), to_jsonb(a.num), to_jsonb(a.txt), to_jsonb(a.day), a.doc) = $4 LIMIT 1', m) INTO made USING who, d.attribute_id, src, value;
		IF made IS NOT NULL THEN
			RETURN made;
		END IF;
		EXECUTE format('SELECT coalesce(max(a.item) + 1, 0) FROM %s.party_attribute a WHERE a.party_id = $1 AND a.attribute_id = $2 AND a.source_id IS NOT DISTINCT FROM $3 AND upper_inf(a.valid)', m)
			INTO place USING who, d.attribute_id, src;
	ELSE
		-- what is heard late holds until what was said after it
		EXECUTE format('SELECT min(lower(a.valid)) FROM %s.party_attribute a WHERE a.party_id = $1 AND a.attribute_id = $2 AND a.source_id IS NOT DISTINCT FROM $3 AND lower(a.valid) > $4', m)
			INTO until USING who, d.attribute_id, src, at;
		EXECUTE format('WITH held AS (SELECT a.party_attribute_id, a.valid FROM %1$s.party_attribute a WHERE a.party_id = $1 AND a.attribute_id = $2 AND a.source_id IS NOT DISTINCT FROM $3 AND a.valid @> $4),
			gone AS (DELETE FROM %1$s.party_attribute a USING held h WHERE a.party_id = $1 AND a.party_attribute_id = h.party_attribute_id AND lower(h.valid) = $4)
			UPDATE %1$s.party_attribute a SET valid = tstzrange(lower(h.valid), $4) FROM held h
			WHERE a.party_id = $1 AND a.party_attribute_id = h.party_attribute_id AND (lower_inf(h.valid) OR lower(h.valid) < $4)', m) USING who, d.attribute_id, src, at;
	END IF;
	EXECUTE format('INSERT INTO %s.party_attribute (party_id, attribute_id, item, flag, num, txt, day, doc, provenance, confidence, source_id, collected_at, valid)
		VALUES ($1, $2, $3, CASE WHEN $4 = ''bool'' THEN $6::boolean END, CASE WHEN $4 = ''num'' THEN $6::numeric END, CASE WHEN $4 IN (''text'', ''enum'') THEN $6 END,
			CASE WHEN $4 = ''date'' THEN $6::date END, CASE WHEN $4 = ''json'' THEN $5 END, $7, $8, $9, $10, tstzrange($10, $11)) RETURNING party_attribute_id', m)
		INTO made USING who, d.attribute_id, place, d.data_type, value, word, provenance, confidence, src, at, until;
	RETURN made;
END $$;
COMMENT ON FUNCTION @extschema@.set_attribute(name, bigint, text, jsonb, text, real, text, timestamptz) IS 'writes what was said, seen or guessed about a party: a single value of that source ends where the new one begins, several stand beside each other; returns its number. 22023 for an unknown party, attribute or source, 23514 for a value of another type or a special category without explicit consent';

CREATE FUNCTION @extschema@.recognise_visitor(mart name, visitor uuid, party bigint, since timestamptz DEFAULT '-infinity') RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	who bigint := @extschema@.party_of(mart, party);
	sessions bigint;
	carts bigint;
BEGIN
	IF visitor IS NULL OR since IS NULL THEN
		RAISE EXCEPTION 'the visitor, and since when, must be given' USING ERRCODE = 'null_value_not_allowed';
	ELSIF who IS NULL THEN
		RAISE EXCEPTION 'party % does not exist', party USING ERRCODE = 'invalid_parameter_value';
	END IF;
	EXECUTE format('UPDATE %s.web_session s SET party_id = $2 WHERE s.visitor_id = $1 AND s.party_id IS NULL AND s.started_at >= $3', m) USING visitor, who, since;
	GET DIAGNOSTICS sessions = ROW_COUNT;
	EXECUTE format('UPDATE %s.cart c SET party_id = $2 WHERE c.visitor_id = $1 AND c.party_id IS NULL AND c.updated_at >= $3', m) USING visitor, who, since;
	GET DIAGNOSTICS carts = ROW_COUNT;
	EXECUTE format('UPDATE %1$s.party_profile p SET last_active_at = x.at FROM (SELECT greatest((SELECT max(s.started_at) FROM %1$s.web_session s WHERE s.visitor_id = $1 AND s.party_id = $2), (SELECT max(c.updated_at) FROM %1$s.cart c WHERE c.visitor_id = $1 AND c.party_id = $2)) AS at) x
		WHERE p.party_id = $2 AND (p.last_active_at IS NULL OR p.last_active_at < x.at)', m) USING visitor, who;
	RETURN sessions + carts;
END $$;
COMMENT ON FUNCTION @extschema@.recognise_visitor(name, uuid, bigint, timestamptz) IS 'says who a visitor is: his sessions and carts since an instant that had no party get it, those of somebody else at the same device stay; no event is rewritten. Returns their number. 22023 for an unknown party';

CREATE FUNCTION @extschema@.anonymous_party(mart name, store integer) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	s record;
	made bigint;
BEGIN
	EXECUTE format('SELECT s.store_id, s.anonymous_party_id FROM %s.store s WHERE s.store_id = $1 FOR UPDATE', m) INTO s USING store;
	IF s.store_id IS NULL THEN
		RAISE EXCEPTION 'store % does not exist', store USING ERRCODE = 'invalid_parameter_value';
	ELSIF s.anonymous_party_id IS NULL THEN
		EXECUTE format('INSERT INTO %s.party (kind) VALUES (''unidentified'') RETURNING party_id', m) INTO made;
		EXECUTE format('UPDATE %s.store s SET anonymous_party_id = $2 WHERE s.store_id = $1', m) USING store, made;
		RETURN made;
	END IF;
	RETURN s.anonymous_party_id;
END $$;
COMMENT ON FUNCTION @extschema@.anonymous_party(name, integer) IS 'the one unidentified party of a store that bears its anonymous tickets, made at the first call. 22023 for an unknown store';

CREATE FUNCTION @extschema@.refresh_channels(mart name) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	gone bigint;
	changed bigint;
BEGIN
	EXECUTE format('LOCK TABLE %1$s.interaction, %1$s.reaction IN SHARE ROW EXCLUSIVE MODE', m);
	EXECUTE format('CREATE TEMPORARY TABLE crmseg_channel_summary ON COMMIT DROP AS SELECT * FROM %s.channel_summary', m);
	EXECUTE format('DELETE FROM %s.party_channel c WHERE NOT EXISTS (SELECT FROM pg_temp.crmseg_channel_summary s WHERE s.party_id = c.party_id AND s.channel_id = c.channel_id)', m);
	GET DIAGNOSTICS gone = ROW_COUNT;
	EXECUTE format('INSERT INTO %s.party_channel AS c (party_id, channel_id, touches, responses, touch_w, response_w, last_touch_at, last_response_at) SELECT s.party_id, s.channel_id, s.touches, s.responses, s.touch_w, s.response_w, s.last_touch_at, s.last_response_at
			FROM pg_temp.crmseg_channel_summary s
		ON CONFLICT (party_id, channel_id) DO UPDATE SET touches = excluded.touches, responses = excluded.responses, touch_w = excluded.touch_w, response_w = excluded.response_w,
			last_touch_at = excluded.last_touch_at, last_response_at = excluded.last_response_at
		WHERE (c.touches, c.responses, c.touch_w, c.response_w, c.last_touch_at, c.last_response_at)
			IS DISTINCT FROM (excluded.touches, excluded.responses, excluded.touch_w, excluded.response_w, excluded.last_touch_at, excluded.last_response_at)', m);
	GET DIAGNOSTICS changed = ROW_COUNT;
	EXECUTE 'DROP TABLE pg_temp.crmseg_channel_summary';
	PERFORM @extschema@.rank_channels(mart);
	RETURN gone + changed;
END $$;
COMMENT ON FUNCTION @extschema@.refresh_channels(name) IS 'rebuilds party_channel exactly from interactions and reactions, for instance after half_life_days changed, months were detached or triggers were off; returns the rows that were wrong, normally 0. Interactions and reactions wait meanwhile. Needs the rights of the owner';

CREATE FUNCTION @extschema@.refresh_traits(mart name) RETURNS bigint
	LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
	m text := @extschema@.require_datamart(mart);
	changed bigint;
BEGIN
	EXECUTE format('LOCK TABLE %s.party_attribute IN SHARE ROW EXCLUSIVE MODE', m);
	EXECUTE format('WITH k AS (SELECT coalesce(array_agg(d.key), ''{}'') AS keys FROM %1$s.attribute_def d),
		s AS (SELECT p.party_id, (p.traits - k.keys) || coalesce(v.traits, ''{}'') AS traits FROM k CROSS JOIN %1$s.party_profile p LEFT JOIN %1$s.trait_summary v ON v.party_id = p.party_id)
		UPDATE %1$s.party_profile p SET traits = s.traits FROM s WHERE s.party_id = p.party_id AND p.traits <> s.traits', m);
	GET DIAGNOSTICS changed = ROW_COUNT;
	RETURN changed;
END $$;
COMMENT ON FUNCTION @extschema@.refresh_traits(name) IS 'rebuilds party_profile.traits from the attributes that hold now, for instance after some ran out or the trust of a source changed; returns the profiles that were not so. Attributes wait meanwhile. Needs the rights of the owner';

CREATE FUNCTION @extschema@.trigger_schema(relation oid, trigger_name name) RETURNS name
	LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
	SELECT n.nspname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace WHERE t.tgrelid = relation AND t.tgname = trigger_name $$;
COMMENT ON FUNCTION @extschema@.trigger_schema(oid, name) IS 'internal: the schema of the function of a trigger, the mart in whose name it runs';
