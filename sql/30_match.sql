-- Comparison of records: how alike two values are.
CREATE FUNCTION @extschema@.jaro_winkler(text, text) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_jaro_winkler' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.jaro_winkler(text, text) IS 'Jaro-Winkler similarity (Winkler 1990), 0: nothing in common, 1: equal; by characters, prefix of at most 4, weight 0.1 from 0.7 on; case and accents count. 54000 beyond 4096 characters';

CREATE FUNCTION @extschema@.edit_distance(text, text) RETURNS integer
	AS 'MODULE_PATHNAME', 'crmseg_edit_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.edit_distance(text, text) IS 'optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours, in characters (Damerau 1964; Hyyro 2003). 54000 beyond 4096 characters';

CREATE FUNCTION @extschema@.edit_distance(text, text, at_most integer) RETURNS integer
	AS 'MODULE_PATHNAME', 'crmseg_edit_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.edit_distance(text, text, integer) IS 'the same, where a distance above at_most is given as at_most + 1, and found sooner. 22023 for at_most below 0 or above 4096';

CREATE FUNCTION @extschema@.name_similarity(text, text) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_name_similarity' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.name_similarity(text, text) IS 'how alike two names of persons are, 0 to 1: words in any order, initials, particles, titles, double and maiden names, forms of given names (French, English, German, Spanish, Italian, Dutch), any script. 54000 beyond 4096 characters';

CREATE FUNCTION @extschema@.organisation_similarity(text, text) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_organisation_similarity' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.organisation_similarity(text, text) IS 'how alike two names of organisations are, 0 to 1: legal forms do not count, common words count little, valid registry numbers within decide. 54000 beyond 4096 characters';

CREATE FUNCTION @extschema@.phonetic(text) RETURNS text[]
	AS 'MODULE_PATHNAME', 'crmseg_phonetic' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.phonetic(text) IS 'Double Metaphone codes (Philips 2000) of the folded words, up to 8 letters each, and those of what French says of them: two names sound alike when their arrays overlap (&&). 54000 beyond 4096 characters';

CREATE FUNCTION @extschema@.date_similarity(date, date) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_date_similarity' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.date_similarity(date, date) IS 'how alike two dates of birth are, 0 to 1: 0.95 day and month swapped, 0.9 one digit off, 0.85 same year and 1 January, 0.8 within a week, 0.75 two parts agree, 0.5 a default date such as 1900-01-01 or infinity on a side';

CREATE FUNCTION @extschema@.email_similarity(@extschema@.email, @extschema@.email) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_email_similarity' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.email_similarity(@extschema@.email, @extschema@.email) IS 'how alike two e-mail addresses are, 0 to 1: 0.99 one mailbox in two spellings, 0.95 a slip in the domain, 0.92 a slip in the local part, less for one local part at two domains';

CREATE FUNCTION @extschema@.address_similarity(text, text) RETURNS float8
	AS 'MODULE_PATHNAME', 'crmseg_address_similarity' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.address_similarity(text, text) IS 'how alike two postal addresses are, 0 to 1, by their parts (parse_address); 1 for equal address_key. 54000 beyond 1000 bytes';

CREATE FUNCTION @extschema@.is_valid_siren(text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_is_valid_siren' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.is_valid_siren(text) IS 'whether this is the SIREN of a French company: nine digits with a right check digit; spaces and dots do not count';

CREATE FUNCTION @extschema@.is_valid_siret(text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_is_valid_siret' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.is_valid_siret(text) IS 'whether this is the SIRET of a French establishment: fourteen digits with a right check digit, also those of La Poste';

CREATE FUNCTION @extschema@.is_valid_vat(text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'crmseg_is_valid_vat' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.is_valid_vat(text) IS 'whether this is a VAT number with a right check digit, its country before it: FR, BE, CHE, DE, AT, GB, XI, NL, ES, IT';

CREATE FUNCTION @extschema@.registry_number(text) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_registry_number' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.registry_number(text) IS 'the first valid SIREN, SIRET or VAT number within a text, as its organisation''s, such as FR552100554 from a SIRET; NULL when there is none';
