-- CALL demo('shop'): the whole way in any database. A datamart is made, the files of 86_demo_files.sql are imported with the mappings
-- below, linked and scored. Only what every user could call is called.

CREATE FUNCTION @extschema@.demo_mapping(kind text) RETURNS jsonb
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE kind
	WHEN 'card' THEN '{"source_key": "no_carte", "keys": {"loyalty_card": "no_carte"},
		"party": {"salutation": "civilite", "given_name": "prenom", "family_name": "nom", "maiden_name": "nom_naissance",
			"birth_date": {"column": "date_naissance", "format": "DD/MM/YYYY"}},
		"email": {"column": "courriel"},
		"phone": [{"column": "mobile", "region": "FR", "label": "mobile"}, {"column": "telephone", "region": "FR", "label": "home"}],
		"address": {"street": "adresse", "postal_code": "code_postal", "city": "ville", "country": {"value": "FR"}}}'::jsonb
	WHEN 'web' THEN '{"source_key": "customer_id",
		"party": {"given_name": "first_name", "family_name": "last_name", "legal_name": "company"},
		"email": "email", "phone": {"column": "phone", "region": "FR"},
		"address": {"street": "address", "postal_code": "postal_code", "city": "city", "country": "country"},
		"order": {"external_id": "order_id", "ordered_at": {"column": "created_at", "format": "ISO"}, "channel": {"value": "web"}, "currency": "currency"},
		"line": {"line_no": "line", "sku": "sku", "name": "product", "category": "category", "quantity": "quantity", "amount": {"column": "total", "decimal": "."}}}'
	WHEN 'newsletter' THEN '{"source_key": "email", "party": {"given_name": "prenom", "family_name": "nom"},
		"email": {"column": "email", "invalid": "reject"},
		"consent": {"purpose": "newsletter", "channel": "email", "status": {"column": "optin", "true": ["oui", "1"], "false": ["non", "0"]},
			"captured_at": {"column": "inscrit_le", "format": "DD/MM/YYYY"}, "method": "web_form"}}'
	WHEN 'till' THEN '{"keys": {"loyalty_card": "carte"},
		"order": {"external_id": "ticket", "ordered_at": {"column": "date", "format": "DD/MM/YYYY HH24:MI", "zone": "Europe/Paris"},
			"store": "magasin", "channel": {"value": "store"}, "payment_method": "reglement", "currency": {"value": "EUR"}},
		"line": {"line_no": "ligne", "sku": "ref", "name": "designation", "quantity": "quantite", "amount": {"column": "montant", "decimal": ","}}}'
	END;
COMMENT ON FUNCTION @extschema@.demo_mapping(text) IS
	'demo: the mapping with which import_csv reads a file of demo_file(); kind card, web, newsletter or till, NULL for another';

-- Records that the mart holds against the people behind them: a pair is two records of one person, found when both have one party.
CREATE FUNCTION @extschema@.demo_links(mart name)
	RETURNS TABLE (records bigint, people bigint, parties bigint, true_pairs bigint, found_pairs bigint, right_pairs bigint, pair_precision numeric, pair_recall numeric)
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY EXECUTE format('WITH known AS (
			SELECT r.party_id, t.person_id, count(*) AS n FROM %1$s.source_record AS r JOIN %1$s.source AS s USING (source_id)
				JOIN %1$s.demo_truth AS t ON t.source = s.name AND t.external_id = r.external_id GROUP BY 1, 2
		), pairs AS (
			SELECT (SELECT sum(n) FROM known) AS records, (SELECT count(DISTINCT person_id) FROM known) AS people, (SELECT count(DISTINCT party_id) FROM known) AS parties,
				(SELECT sum(n * (n - 1) / 2) FROM (SELECT sum(n) AS n FROM known GROUP BY person_id) AS p) AS truth,
				(SELECT sum(n * (n - 1) / 2) FROM (SELECT sum(n) AS n FROM known GROUP BY party_id) AS p) AS found,
				(SELECT sum(n * (n - 1) / 2) FROM known) AS hit
		)
		SELECT records::bigint, people, parties, trunc(truth)::bigint, trunc(found)::bigint, trunc(hit)::bigint, round(hit / nullif(found, 0), 4), round(hit / nullif(truth, 0), 4) FROM pairs',
		@extschema@.require_datamart(mart));
END $$;
COMMENT ON FUNCTION @extschema@.demo_links(name) IS
	'demo: how many pairs of records of one person were found, how many wrongly, against the table demo_truth; precision and recall from 0 to 1';
