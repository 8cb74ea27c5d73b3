-- Mappings that nobody has to write: proposed from the names and the contents of columns, and shipped for common exports.
CREATE FUNCTION @extschema@.mapping_words(OUT place text, OUT field text, OUT names text) RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 60 SET search_path = pg_catalog, pg_temp AS $$
	-- names as fold() gives them, the spaces left out; in the order in which a field takes its column
	VALUES ('', 'source_key', 'refclient|referenceclient|custref|customerref|customerreference|clientref|clientreference|kundenreferenz|noclient|numclient|numeroclient|nclient|idclient|clientid|codeclient|clientno|customerid|customerno|customernumber|custid|customer|idcustomer|contactid|userid|memberid|kundennummer|kundennr|kundenid|kdnr|kunde|idcliente|clienteid|codcliente|codigocliente|numerocliente|ncliente|nocliente|codicecliente|cliente|accountid|account|compte|nocompte|numcompte|id'),
		('party', 'given_name', 'prenom|prenoms|firstname|givenname|forename|vorname|fname|nombre|prenomclient|customerfirstname|billingfirstname|first'),
		('party', 'family_name', 'nomdefamille|nomfamille|lastname|surname|familyname|nachname|familienname|lname|apellido|apellidos|primerapellido|cognome|nomclient|customerlastname|billinglastname|last|nom'),
		('party', 'full_name', 'nomcomplet|nometprenom|nomprenom|prenomnom|fullname|customername|clientname|contactname|billingname|nombrecompleto|nombreyapellidos|nomecompleto|nominativo|kundenname|vollername|name|nome'),
		('party', 'maiden_name', 'nomdejeunefille|nomdenaissance|nomjeunefille|maidenname|birthname|geburtsname|apellidodesoltera|cognomedanubile'),
		('party', 'salutation', 'civilite|civ|titre|salutation|anrede|tratamiento|title|titolo'),
		('party', 'sex', 'sexe|sex|gender|genre|geschlecht|sexo|genero|sesso'),
		('party', 'birth_date', 'datedenaissance|datenaissance|naissance|ddn|datenais|neele|nele|birthdate|dateofbirth|dob|birthday|born|geburtsdatum|geburtstag|gebdatum|fechadenacimiento|fechanacimiento|fnacimiento|datadinascita|datanascita|nascita'),
		('party', 'language', 'langue|language|lang|locale|sprache|idioma|lingua'),
		('party', 'legal_name', 'raisonsociale|societe|nomsociete|entreprise|company|companyname|billingcompany|firma|firmenname|unternehmen|empresa|razonsocial|azienda|ragionesociale|organisation|organization|organisationname'),
		('email', 'email', 'email|mail|courriel|adresseemail|adressemail|adressecourriel|adresseelectronique|emailaddress|emailclient|mailclient|customeremail|contactemail|emailadresse|mailadresse|correo|correoelectronico|postaelettronica|indirizzoemail'),
		('phone', 'phone', 'portable|telportable|telephoneportable|telephonemobile|mobile|mobil|mobilephone|cellphone|cell|gsm|sms|handy|handynummer|movil|telefonomovil|cellulare|tel|telephone|telephonefixe|telfixe|fixe|phone|phonenumber|telephonenumber|telefon|telefonnummer|telnr|telefono|numerotelephone|numtel|notel|billingphone|homephone|landlinenumber|landline|whatsapp'),
		('address', 'street', 'adresse|adresse1|adr|adr1|rue|voie|adresseligne1|adressepostale|address|address1|addressline1|street|streetaddress|street1|billingstreet|billingaddress1|billingaddress|strasse|str|strassehausnummer|strasseundhausnummer|anschrift|calle|direccion|direccion1|domicilio|indirizzo|via'),
		('address', 'extra', 'complement|complementadresse|complementdadresse|adresse2|adr2|address2|addressline2|street2|billingaddress2|adresszusatz|zusatz|direccion2|piso|indirizzo2|interno'),
		('address', 'postal_code', 'cp|codepostal|codpostal|zip|zipcode|postalcode|postcode|billingzip|plz|postleitzahl|codigopostal|cap|codicepostale'),
		('address', 'city', 'ville|city|town|billingcity|commune|localite|ort|stadt|wohnort|ciudad|localidad|poblacion|municipio|citta|comune'),
		('address', 'country', 'pays|country|countrycode|codepays|billingcountry|land|pais|paese|nazione|cc'),
		('consent', 'status', 'optin|optedin|optinemail|optinnewsletter|newsletter|abonne|abonnement|inscrit|inscritnewsletter|acceptsmarketing|acceptsemailmarketing|emailmarketing|marketingconsent|subscribed|consentement|consent|rgpd|gdpr|einwilligung|werbeeinwilligung|newsletterabo|suscrito|suscripcion|boletin|consentimiento|iscritto|consenso|iscrizionenewsletter'),
		('order', 'external_id', 'noticket|numticket|numeroticket|nticket|idticket|ticket|ticketid|ticketno|nocommande|numcommande|numerocommande|ncommande|idcommande|refcommande|referencecommande|commande|orderref|orderreference|orderid|orderno|ordernumber|ordername|ordernr|order|bestellnummer|bestellnr|bestellung|auftragsnummer|auftragsnr|auftrag|belegnummer|belegnr|bonnummer|pedido|numpedido|numeropedido|npedido|nopedido|idpedido|numeroordine|numordine|nordine|noordine|idordine|ordine|scontrino|numeroscontrino|facture|nofacture|numfacture|numerofacture|invoice|invoiceno|invoicenumber|rechnungsnummer|rechnungsnr|factura|numfactura|nofactura|fattura|numerofattura|receipt|receiptno|receiptnumber|transactionid|transaction'),
		('order', 'ordered_at', 'dateheure|dateticket|datecommande|datedecommande|dateachat|datedachat|datevente|datefacture|datetransaction|orderdate|orderedat|ordertime|createdat|purchasedate|purchasedat|transactiondate|invoicedate|bestelldatum|auftragsdatum|kaufdatum|belegdatum|rechnungsdatum|fechapedido|fechacompra|fechafactura|fechaventa|dataordine|dataacquisto|datascontrino|datafattura|datetime|date|datum|fecha|data|timestamp|horodatage'),
		('order', 'store', 'magasin|codemagasin|boutique|pointdevente|pdv|succursale|store|storeid|storecode|storename|shop|shopid|outlet|location|filiale|filialnummer|laden|tienda|codtienda|negozio|puntovendita'),
		('order', 'currency', 'devise|codedevise|monnaie|currency|currencycode|wahrung|waehrung|moneda|divisa|valuta'),
		('order', 'payment_method', 'modedepaiement|modepaiement|moyendepaiement|moyenpaiement|paiement|reglement|modereglement|paymentmethod|payment|zahlungsart|zahlungsmittel|formadepago|formapago|metododipagamento|pagamento'),
		('order', 'delivery_method', 'modedelivraison|modelivraison|livraison|deliverymethod|shippingmethod|delivery|versandart|lieferart|formadeenvio|metodoenvio|spedizione|metododispedizione'),
		('line', 'sku', 'sku|lineitemsku|ref|reference|refarticle|refproduit|referencearticle|referenceproduit|codearticle|codeproduit|article|gencod|ean|ean13|productid|productcode|productsku|productref|itemid|itemcode|itemno|artikelnummer|artikelnr|artnr|produktnummer|articulo|codarticulo|codigoarticulo|referencia|codproducto|articolo|codicearticolo|codarticolo|codiceprodotto'),
		('line', 'name', 'libelle|libellearticle|libelleproduit|designation|nomproduit|produit|productname|itemname|lineitemname|product|item|description|bezeichnung|artikelbezeichnung|artikel|produktname|produkt|descripcion|nombreproducto|producto|descrizione|nomeprodotto|prodotto'),
		('line', 'category', 'categorie|rayon|famille|familleproduit|category|productcategory|department|kategorie|warengruppe|categoria|familia|reparto'),
		('line', 'brand', 'marque|brand|vendor|marke|marca'),
		('line', 'quantity', 'qte|qt|quantite|nb|nbarticles|nombrearticles|quantity|qty|lineitemquantity|units|menge|anzahl|stuck|stueck|cantidad|cant|unidades|quantita|qta'),
		('line', 'amount', 'montant|montantttc|montantligne|mttc|totalttc|totalligne|prixtotal|total|amount|linetotal|lineamount|totalprice|totalamount|ca|chiffreaffaires|betrag|gesamtbetrag|summe|gesamt|gesamtpreis|importe|importetotal|preciototal|importo|totale|prezzototale|revenue|umsatz|sales'),
		('line', 'unit_price', 'prixunitaire|pu|puttc|prix|unitprice|price|lineitemprice|einzelpreis|stuckpreis|stueckpreis|preis|preciounitario|precio|prezzounitario|prezzo'),
		('line', 'discount', 'remise|rabais|montantremise|discount|discountamount|lineitemdiscount|rabatt|nachlass|descuento|sconto'),
		('keys', 'loyalty_card', 'carte|nocarte|numcarte|numerocarte|cartefidelite|nocartefidelite|numcartefidelite|numerocartefidelite|idfidelite|loyaltycard|loyaltycardno|loyaltynumber|loyaltyid|cardno|cardnumber|membershipnumber|kundenkarte|kundenkartennummer|kartennummer|tarjeta|numtarjeta|tarjetafidelidad|tessera|numerotessera|cartafedelta')
	$$;
COMMENT ON FUNCTION @extschema@.mapping_words() IS 'internal: the names by which propose_mapping knows the columns of files in French, English, German, Spanish and Italian, folded, without spaces';

CREATE FUNCTION @extschema@.date_format_of(samples text[], is_us boolean DEFAULT NULL, OUT format text, OUT is_certain boolean)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	day text;
	hour text;
	good bigint;
	others int := 0;
BEGIN
	-- the first that reads them all; of those that differ in the order of day and month, the certain one is the one whose rival fails
	FOREACH day IN ARRAY CASE WHEN is_us THEN ARRAY['ISO', 'MM/DD/YYYY', 'DD/MM/YYYY', 'MM/DD/YY', 'DD/MM/YY'] ELSE ARRAY['ISO', 'DD/MM/YYYY', 'MM/DD/YYYY', 'DD/MM/YY', 'MM/DD/YY'] END
		|| ARRAY['YYYYMMDD', 'YYYY/MM/DD', 'DD Month YYYY', 'DD Mon YYYY', 'Month DD YYYY', 'Mon DD YYYY', 'DD Mon YY'] LOOP
		FOREACH hour IN ARRAY CASE WHEN day = 'ISO' THEN ARRAY[''] ELSE ARRAY['', ' HH24:MI', ' HH24:MI:SS', ' HH12:MI AM', ' HH12:MI:SS AM', ' HH24"h"MI'] END LOOP
			SELECT count(*) INTO good FROM unnest(samples) s WHERE (@extschema@.parse_timestamp(s, day || hour)).value IS NOT NULL;
			IF good > 0 AND good >= 0.95 * cardinality(samples) THEN
				IF format IS NULL THEN
					format := day || hour;
				ELSIF (format LIKE 'DD/MM/YY%' AND day LIKE 'MM/DD/YY%') OR (format LIKE 'MM/DD/YY%' AND day LIKE 'DD/MM/YY%') THEN
					others := others + 1;
				END IF;
			END IF;
		END LOOP;
	END LOOP;
	is_certain := others = 0;
END $$;
COMMENT ON FUNCTION @extschema@.date_format_of(text[], boolean) IS 'the format of dates that reads at least 95 % of the samples, NULL: none; is_certain is false when day and month could be the other way round, then is_us says which is taken';

CREATE FUNCTION @extschema@.propose_mapping(relation regclass) RETURNS jsonb
	LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	c record;
	w record;
	m jsonb := '{}';
	samples text[];
	kind text;
	plain text;
	spec jsonb;
	seen jsonb := '{}';		-- for each place and field its column
	is_us boolean;
	commas bigint := 0;
	points bigint := 0;
	taken text[] := '{}';
	columns jsonb := '[]';
	parts text[];
BEGIN
	-- what each column is called, and what stands in it
	FOR c IN SELECT a.attname::text AS name, a.atttypid, a.attnum,
			replace(@extschema@.fold(regexp_replace(a.attname::text, '([a-z])([A-Z])', '\1 \2', 'g')), ' ', '') AS plain,
			t.typcategory AS category
		FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum LOOP
		EXECUTE format('SELECT array_agg(v) FROM (SELECT btrim(left(x.v, 200)) AS v FROM (SELECT %I::text AS v FROM %s LIMIT 2000) x WHERE btrim(x.v) NOT IN ('''', ''-'', ''NULL'', ''null'', ''N/A'', ''\N'') LIMIT 300) y',
			c.name, relation) INTO samples;
		samples := coalesce(samples, '{}');
		kind := CASE
			WHEN cardinality(samples) = 0 THEN 'empty'
			WHEN c.category = 'D' OR c.category = 'B' OR c.category = 'N' THEN c.category::text
			WHEN (SELECT avg((s ~ '^[^@[:space:]]+@[^@[:space:]]+[.][[:alpha:]]{2,}$')::int) FROM unnest(samples) s) > 0.7 THEN 'email'
			WHEN (SELECT avg((s ~ '^''?([+]|00?)[1-9][0-9 ().-]{6,18}$' AND length(regexp_replace(s, '[^0-9]', '', 'g')) BETWEEN 9 AND 15)::int) FROM unnest(samples) s) > 0.7 THEN 'phone'
			WHEN (SELECT (d).format FROM @extschema@.date_format_of(samples) d) IS NOT NULL THEN 'D'
			WHEN (SELECT avg(((@extschema@.parse_boolean(s)).value IS NOT NULL)::int) FROM unnest(samples) s) > 0.95 AND (SELECT count(DISTINCT s) FROM unnest(samples) s) <= 4 THEN 'B'
			WHEN (SELECT avg(((@extschema@.parse_number(s, ',')).value IS NOT NULL OR (@extschema@.parse_number(s, '.')).value IS NOT NULL)::int) FROM unnest(samples) s) > 0.95 THEN 'N'
			ELSE 'text' END;
		-- a heading of several words is known by some of them too: every run of its words, those that say nothing left out
		parts := ARRAY(SELECT p FROM regexp_split_to_table(@extschema@.fold(regexp_replace(c.name, '([a-z])([A-Z])', '\1 \2', 'g')), '[^[:alnum:]]+') WITH ORDINALITY u(p, n)
			WHERE p <> '' AND p <> ALL ('{de,du,des,la,le,les,l,d,en,of,the,der,die,das,und,und,del,di}') ORDER BY n);
		columns := columns || jsonb_build_object('parts', CASE WHEN cardinality(parts) BETWEEN 2 AND 8 AND NOT parts && '{conjoint,spouse,partner,parrain,vendeur,seller,shipping,livraison,delivery,lieferung,birth,birthplace,geburtsort}'::text[]
				THEN to_jsonb(ARRAY(SELECT array_to_string(parts[i:j], '') FROM generate_series(1, cardinality(parts)) i, generate_series(i, cardinality(parts)) j)) ELSE '[]' END, 'name', c.name, 'plain', regexp_replace(c.plain, '^(shipping|delivery|livraison)', 'other'), 'kind', kind, 'typed', c.category IN ('D', 'B', 'N'), 'samples', samples);
		IF kind = 'D' AND NOT c.category = 'D' AND is_us IS NULL THEN
			-- one column that is certain decides for those that are not
			SELECT CASE WHEN (d).is_certain THEN (d).format LIKE 'MM/DD%' END INTO is_us FROM @extschema@.date_format_of(samples) d WHERE (d).format ~ '^(DD/MM|MM/DD)';
		ELSIF kind = 'N' AND c.category <> 'N' THEN
			-- two digits at the end are cents; three behind the other sign, and nothing more, are thousands
			commas := commas + (SELECT count(*) FROM unnest(samples) s WHERE s ~ ',[0-9]{1,2}([^0-9,.]|$)' OR s ~ '^[^0-9.,]*[0-9]{1,3}([.][0-9]{3})+[^0-9.,]*$');
			points := points + (SELECT count(*) FROM unnest(samples) s WHERE s ~ '[.][0-9]{1,2}([^0-9,.]|$)' OR s ~ '^[^0-9.,]*[0-9]{1,3}(,[0-9]{3})+[^0-9.,]*$');
		END IF;
	END LOOP;
	-- which column is what: by its name, when what stands in it is not of another kind
	FOR w IN SELECT pass, x.place, x.field, u.word, u.n FROM (SELECT row_number() OVER () AS k, * FROM @extschema@.mapping_words()) x, unnest(string_to_array(x.names, '|')) WITH ORDINALITY u(word, n), generate_series(1, 2) pass
			-- by a part of a heading only with words that mean little else
			WHERE pass = 1 OR (length(u.word) > 2 AND u.word <> ALL ('{date,data,fecha,datum,nom,name,nome,nombre,total,totale,first,last,via,cap,str,rue,land,title,titre,titolo,via,calle,customer,client,cliente,kunde,account,compte,article,item,produit,product,produkt,description,contact,order,mail,email,address,adresse,via,net,sms,timestamp,price,prix,preis,user,store,shop,location,famille,familia}'))
			ORDER BY pass, CASE pass WHEN 2 THEN -length(u.word) END, x.k, u.n LOOP
		FOR c IN SELECT x ->> 'name' AS name, x ->> 'kind' AS kind FROM jsonb_array_elements(columns) x WHERE CASE w.pass WHEN 1 THEN x ->> 'plain' = w.word ELSE x -> 'parts' ? w.word END LOOP
			CONTINUE WHEN w.pass = 2 AND seen ? (w.place || '.' || w.field);
			CONTINUE WHEN c.name = ANY (taken);
			CONTINUE WHEN seen ? (w.place || '.' || w.field) AND w.place NOT IN ('email', 'phone');
			CONTINUE WHEN c.kind <> 'empty' AND CASE
				WHEN w.place = 'email' THEN c.kind <> 'email'
				WHEN w.place = 'phone' THEN c.kind NOT IN ('phone', 'N', 'text')
				WHEN w.field IN ('birth_date', 'ordered_at') THEN c.kind <> 'D'
				WHEN w.place = 'consent' THEN c.kind <> 'B'
				WHEN w.field IN ('quantity', 'amount', 'unit_price', 'discount') THEN c.kind NOT IN ('N', 'B')
				WHEN w.field IN ('given_name', 'family_name', 'full_name', 'maiden_name', 'legal_name', 'city') THEN c.kind IN ('email', 'phone', 'D', 'N')
				WHEN w.field = 'street' THEN c.kind IN ('email', 'phone', 'D')
				ELSE c.kind IN ('email', 'D') END;
			seen := jsonb_set(seen, ARRAY[w.place || '.' || w.field], coalesce(seen -> (w.place || '.' || w.field), '[]') || to_jsonb(c.name));
			taken := taken || c.name;
		END LOOP;
	END LOOP;
	-- by what stands in it, whatever it is called
	FOR c IN SELECT x ->> 'name' AS name, x ->> 'kind' AS kind FROM jsonb_array_elements(columns) x WHERE x ->> 'kind' IN ('email', 'phone') AND x ->> 'name' <> ALL (taken) AND x ->> 'plain' NOT LIKE 'other%' LOOP
		seen := jsonb_set(seen, ARRAY[c.kind || '.' || c.kind], coalesce(seen -> (c.kind || '.' || c.kind), '[]') || to_jsonb(c.name));
	END LOOP;
	-- one name of several words and no other is a full name
	IF seen ? 'party.family_name' AND NOT seen ? 'party.given_name' AND NOT seen ? 'party.full_name'
		AND (SELECT avg((s.v ~ '[^[:space:]][[:space:]]+[^[:space:]]')::int) FROM jsonb_array_elements(columns) x, jsonb_array_elements_text(x -> 'samples') s(v) WHERE x ->> 'name' = seen -> 'party.family_name' ->> 0) > 0.7 THEN
		seen := jsonb_set(seen - 'party.family_name', '{party.full_name}', seen -> 'party.family_name');
	ELSIF seen ? 'party.full_name' AND seen ? 'party.given_name' AND NOT seen ? 'party.family_name' THEN
		seen := jsonb_set(seen - 'party.full_name', '{party.family_name}', seen -> 'party.full_name');
	ELSIF seen ? 'party.full_name' AND (seen ? 'party.given_name' OR seen ? 'party.family_name') THEN
		seen := seen - 'party.full_name';
	END IF;
	-- an order has a key, a time and an amount, of its lines or of its own
	IF NOT (seen ? 'order.external_id' AND seen ? 'order.ordered_at' AND (seen ? 'line.amount' OR (seen ? 'line.unit_price' AND seen ? 'line.quantity'))) THEN
		SELECT coalesce(jsonb_object_agg(k.key, k.value), '{}') INTO seen FROM jsonb_each(seen) k WHERE k.key NOT LIKE 'order.%' AND k.key NOT LIKE 'line.%';
	ELSIF NOT (seen ? 'line.sku' OR seen ? 'line.quantity' OR seen ? 'line.name') THEN
		seen := jsonb_set(seen - 'line.amount', '{order.amount}', seen -> 'line.amount');
		SELECT jsonb_object_agg(k.key, k.value) INTO seen FROM jsonb_each(seen) k WHERE k.key NOT LIKE 'line.%';
	ELSIF NOT seen ? 'line.sku' THEN
		seen := seen - 'line.name' - 'line.category' - 'line.brand';
	END IF;
	IF NOT (seen ? 'address.street' OR seen ? 'address.postal_code' OR seen ? 'address.city') AND seen ? 'address.country' THEN
		seen := jsonb_set(seen - 'address.country' - 'address.extra', '{party.country}', seen -> 'address.country');
	END IF;
	FOR w IN SELECT split_part(k.key, '.', 1) AS place, split_part(k.key, '.', 2) AS field, k.value AS names FROM jsonb_each(seen) k ORDER BY k.key LOOP
		spec := w.names -> 0;
		SELECT ARRAY(SELECT jsonb_array_elements_text(x -> 'samples')), CASE WHEN (x ->> 'typed')::boolean THEN 'typed' ELSE x ->> 'kind' END INTO samples, kind
			FROM jsonb_array_elements(columns) x WHERE x ->> 'name' = w.names ->> 0;
		IF kind = 'D' THEN
			plain := (@extschema@.date_format_of(samples, is_us)).format;
			IF plain <> 'ISO' THEN
				spec := jsonb_build_object('column', spec, 'format', plain);
			END IF;
		ELSIF w.field IN ('amount', 'unit_price', 'discount', 'quantity') AND kind <> 'typed' AND (commas > 0 OR points > 0) THEN
			spec := jsonb_build_object('column', spec, 'decimal', CASE WHEN commas >= points THEN ',' ELSE '.' END);
		ELSIF w.place IN ('email', 'phone') AND jsonb_array_length(w.names) > 1 THEN
			spec := w.names;
		END IF;
		IF w.place = '' OR w.place IN ('email', 'phone') THEN
			m := jsonb_set(m, ARRAY[w.field], spec);
		ELSIF w.place = 'consent' THEN
			m := jsonb_set(m, '{consent}', jsonb_build_object('purpose', 'newsletter', 'channel', 'email', 'status', spec));
		ELSE
			m := jsonb_set(jsonb_set(m, ARRAY[w.place], coalesce(m -> w.place, '{}')), ARRAY[w.place, w.field], spec);
		END IF;
	END LOOP;
	RETURN m;
END $$;
COMMENT ON FUNCTION @extschema@.propose_mapping(regclass) IS 'a mapping for import_flat or import_csv, from the names of the columns (French, English, German, Spanish, Italian) and from what stands in up to 300 of their cells: e-mails, telephones, formats of dates with the order of day and month, the decimal sign, yes and no. Read it before you use it: columns that it does not know are left out';

CREATE FUNCTION @extschema@.shipped_mappings() RETURNS TABLE (name text, description text, format jsonb, mapping jsonb)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 12 SET search_path = pg_catalog, pg_temp AS $q$
	VALUES ('shopify_orders', 'Shopify, Orders, Export: a row for each line of an order', '{"delimiter": ","}'::jsonb, $$ {
		"optional_columns": true,
		"party": {"full_name": "Billing Name"}, "email": "Email", "phone": ["Billing Phone", "Phone"],
		"address": {"street": "Billing Address1", "extra": "Billing Address2", "postal_code": "Billing Zip", "city": "Billing City", "country": "Billing Country"},
		"consent": {"purpose": "newsletter", "channel": "email", "status": {"column": "Accepts Marketing", "true": ["yes", "true"], "false": ["no", "false"]}, "captured_at": "Created at"},
		"order": {"external_id": "Name", "ordered_at": "Created at", "channel": {"value": "web"}, "store": "Location", "currency": "Currency", "amount": {"column": "Total", "decimal": "."},
			"status": {"column": "Financial Status", "map": {"authorized": "open", "pending": "open", "partially_paid": "open", "refunded": "paid", "partially_refunded": "paid", "voided": "cancelled", "expired": "cancelled"}},
			"payment_method": "Payment Method", "delivery_method": "Shipping Method"},
		"line": {"sku": {"columns": ["Lineitem sku"], "default": "no sku"}, "name": "Lineitem name", "brand": "Vendor", "quantity": {"column": "Lineitem quantity", "decimal": "."},
			"unit_price": {"column": "Lineitem price", "decimal": "."}, "discount": {"column": "Lineitem discount", "decimal": "."}}} $$::jsonb),
	('brevo_contacts', 'Brevo (Sendinblue), Contacts, Export', '{}', $$ {
		"optional_columns": true, "source_key": "CONTACT ID",
		"party": {"given_name": "FIRSTNAME", "family_name": "LASTNAME"}, "email": "EMAIL",
		"phone": [{"column": "SMS", "label": "mobile"}, {"column": "LANDLINE_NUMBER", "label": "home"}],
		"consent": {"purpose": "newsletter", "channel": "email", "status": {"column": "OPT_IN", "true": ["1", "true", "yes", "oui"], "false": ["0", "false", "no", "non"]},
			"captured_at": {"column": "ADDED_TIME", "format": ["ISO", "DD-MM-YYYY HH24:MI:SS", "DD/MM/YYYY HH24:MI:SS", "DD-MM-YYYY", "DD/MM/YYYY"]}},
		"keys": {"brevo_ext_id": "EXT_ID"}} $$),
	('mailchimp_subscribed', 'Mailchimp, Audience, Export: subscribed_members_export', '{"delimiter": ","}', $$ {
		"optional_columns": true, "source_key": "EUID", "zone": "UTC",
		"party": {"given_name": "First Name", "family_name": "Last Name", "country": "CC"}, "email": "Email Address", "phone": "Phone Number",
		"consent": {"purpose": "newsletter", "channel": "email", "status": {"value": "granted"}, "captured_at": "OPTIN_TIME", "double_opt_in_at": "CONFIRM_TIME", "method": "web_form"},
		"attributes": {"mailchimp.tags": {"column": "TAGS", "separator": ",", "provenance": "observed"}, "mailchimp.rating": {"column": "MEMBER_RATING", "type": "num", "provenance": "inferred"}}} $$),
	('mailchimp_unsubscribed', 'Mailchimp, Audience, Export: unsubscribed_members_export', '{"delimiter": ","}', $$ {
		"optional_columns": true, "source_key": "EUID", "zone": "UTC",
		"party": {"given_name": "First Name", "family_name": "Last Name", "country": "CC"}, "email": "Email Address", "phone": "Phone Number",
		"consent": {"purpose": "newsletter", "channel": "email", "status": {"value": "withdrawn"}, "captured_at": "UNSUB_TIME", "method": "unsubscribe_link"}} $$),
	('mailchimp_cleaned', 'Mailchimp, Audience, Export: cleaned_members_export, addresses that bounced', '{"delimiter": ","}', $$ {
		"optional_columns": true, "source_key": "EUID", "zone": "UTC",
		"party": {"given_name": "First Name", "family_name": "Last Name", "country": "CC"}, "email": "Email Address", "phone": "Phone Number",
		"reaction": {"kind": {"value": "bounce"}, "occurred_at": "CLEAN_TIME", "channel": "email"}} $$),
	('brevo_events', 'Brevo (Sendinblue), events of messages: export of webhook calls', '{}', $$ {
		"optional_columns": true, "zone": "UTC", "email": "email",
		"reaction": {"kind": "event", "occurred_at": {"column": "date", "format": ["ISO", "DD-MM-YYYY HH24:MI:SS", "DD/MM/YYYY HH24:MI:SS"]}, "channel": "email", "campaign": "tag", "subject": "subject", "url": "link"}} $$),
	('snowplow_events', 'Snowplow, atomic.events: a web log', '{}', $$ {
		"optional_columns": true, "zone": "UTC", "source_key": "user_id",
		"visit": {"visitor": "domain_userid", "session": "domain_sessionid", "occurred_at": "collector_tstamp", "kind": "event_name", "page": "page_url", "referrer": "page_referrer", "device": "dvce_type", "campaign": "mkt_campaign"}} $$),
	('partner_list', 'a list of a partner in France: third party, little trusted, with the consents that it states', '{}', $$ {
		"optional_columns": true, "region": "FR", "zone": "Europe/Paris", "source": {"kind": "partner", "party_level": "third", "trust": 20},
		"party": {"salutation": "civilite", "given_name": "prenom", "family_name": "nom", "birth_date": {"column": "naissance", "format": ["DD/MM/YYYY", "ISO"]}, "legal_name": "societe"}, "email": "email", "phone": "telephone",
		"address": {"street": "adresse", "postal_code": "cp", "city": "ville", "country": {"value": "FR"}},
		"consent": {"purpose": "partner_offers", "channel": "email", "status": "optin_partenaire", "captured_at": {"column": "date_optin", "format": ["DD/MM/YYYY", "ISO"]}, "method": "partner"}} $$),
	('loyalty_cards', 'cards of a loyalty programme in France', '{}', $$ {
		"optional_columns": true, "source_key": "no_client", "zone": "Europe/Paris", "decimal": ",",
		"loyalty": {"programme": "club", "card_no": "no_carte", "tier": "niveau", "points": "points", "enrolled_on": {"column": "date_adhesion", "format": ["DD/MM/YYYY", "ISO"]}}} $$),
	('survey_answers', 'answers to a survey: a row for each', '{}', $$ {
		"optional_columns": true, "email": "email", "zone": "Europe/Paris",
		"answer": {"survey": {"column": "survey"}, "question": {"column": "question"}, "score": "score", "choice": "choice", "body": "comment", "sku": "sku", "store": "store", "order": "order", "answered_at": "answered_at"}} $$),
	('till', 'a till in France: a row for each line of a ticket', '{"delimiter": ";"}', $$ {
		"optional_columns": true, "source_key": "no_client", "zone": "Europe/Paris", "region": "FR", "decimal": ",",
		"party": {"salutation": "civilite", "given_name": "prenom", "family_name": "nom", "birth_date": {"column": "naissance", "format": ["DD/MM/YYYY", "DD/MM/YY"]}}, "email": "mail", "phone": "tel",
		"address": {"street": "adresse", "postal_code": "cp", "city": "ville", "country": {"value": "FR"}},
		"consent": {"purpose": "newsletter", "channel": "email", "status": "optin"},
		"order": {"external_id": "no_ticket", "ordered_at": {"column": "date", "format": ["DD/MM/YYYY HH24:MI", "DD/MM/YYYY HH24:MI:SS", "DD/MM/YYYY"]}, "store": "magasin", "channel": {"value": "store"}, "payment_method": "reglement"},
		"line": {"sku": "ref", "name": "libelle", "quantity": "qte", "amount": "montant", "discount": "remise"},
		"keys": {"loyalty_card": "carte"}} $$)
	$q$;
COMMENT ON FUNCTION @extschema@.shipped_mappings() IS 'mappings for common exports, with the format that import_csv wants for them; columns that an export lacks are left out (optional_columns)';

CREATE FUNCTION @extschema@.shipped_mapping(name text) RETURNS jsonb
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	m jsonb := (SELECT s.mapping FROM @extschema@.shipped_mappings() s WHERE s.name = shipped_mapping.name);
BEGIN
	IF m IS NULL THEN
		RAISE EXCEPTION 'there is no shipped mapping "%"', name USING ERRCODE = 'invalid_parameter_value',
			HINT = (SELECT 'There are ' || string_agg(s.name, ', ' ORDER BY s.name) || '.' FROM @extschema@.shipped_mappings() s);
	END IF;
	RETURN m;
END $$;
COMMENT ON FUNCTION @extschema@.shipped_mapping(text) IS 'the shipped mapping of a name, for import_flat and import_csv; || adds or replaces keys. 22023 for an unknown name';
