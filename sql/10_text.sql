-- Text in the forms in which it is compared: src/text, docs/text.md.

CREATE FUNCTION @extschema@.fold(text) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_fold' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.fold(text) IS
	'Unicode NFKC case fold in Latin letters, marks off, punctuation as single spaces, trimmed: ''Élodie  Müller-Łuc'' gives ''elodie muller luc''; from a frozen table of Unicode 15.0, so it may be stored and indexed; error 54000 above 1 GB';

CREATE FUNCTION @extschema@.name_key(text) RETURNS text
	AS 'MODULE_PATHNAME', 'crmseg_name_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.name_key(text) IS
	'the form under which a personal name is indexed: its folded words, sorted, particles and initials kept: ''Jean-Baptiste de la Tour'' and ''DE LA TOUR, Jean Baptiste'' give ''baptiste de jean la tour''; error 54000 above 1 MB';
