-- Postal addresses: src/contact/address*, docs/text.md.

CREATE FUNCTION @extschema@.address_key(address text, country text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_address_key' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.address_key(text, text) IS
	'the form in which two spellings of one postal address are equal: ''12 bis, av. du Gal Leclerc, F-75014 PARIS CEDEX 14'' gives ''12 bis avenue du general leclerc, 75014 paris''; country is a code or a name, NULL: told from the address; error 54000 above 1000 bytes';

CREATE FUNCTION @extschema@.parse_address(address text, country text DEFAULT NULL,
	OUT house_number text, OUT street_type text, OUT street text, OUT postal_code text, OUT city text)
	AS 'MODULE_PATHNAME', 'crmseg_parse_address' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.parse_address(text, text) IS
	'the parts of a postal address, folded and with abbreviations written out, the postcode as its country writes it; parts that are not there are NULL; country as in address_key; error 54000 above 1000 bytes';
