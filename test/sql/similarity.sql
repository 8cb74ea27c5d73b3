-- published values (Winkler 1990, table of pairs)
SELECT a, b, round(crmseg.jaro_winkler(a, b)::numeric, 4) AS jaro_winkler, crmseg.edit_distance(a, b)
FROM (VALUES ('SHACKLEFORD', 'SHACKELFORD'), ('DUNNINGHAM', 'CUNNIGHAM'), ('NICHLESON', 'NICHULSON'), ('JONES', 'JOHNSON'),
	('MASSEY', 'MASSIE'), ('ABROMS', 'ABRAMS'), ('DWAYNE', 'DUANE'), ('MARTHA', 'MARHTA'), ('', ''), ('', 'A'), ('A', 'A'), ('A', 'B')) v(a, b);
-- characters, not bytes; accents and case count
SELECT crmseg.jaro_winkler('Hélène', 'Helene') AS accents, crmseg.edit_distance('Hélène', 'Helene') AS edits, crmseg.edit_distance('Наталья', 'Наталия') AS cyrillic,
	crmseg.edit_distance('山田太郎', '山田太朗') AS han, crmseg.jaro_winkler('😀a', '😀b') AS beyond_bmp;
-- a limit stops early, and is told from a distance
SELECT crmseg.edit_distance('kitten', 'sitting', 3) AS within, crmseg.edit_distance('kitten', 'sitting', 2) AS above, crmseg.edit_distance('kitten', 'kitten', 0) AS same;
SELECT crmseg.edit_distance('a', 'b', -1);
SELECT crmseg.jaro_winkler(NULL, 'a') IS NULL AND crmseg.edit_distance('a', NULL) IS NULL AS null_gives_null;
-- long strings: up to the limit, and refused beyond it
SELECT crmseg.jaro_winkler(repeat('ab', 2048), repeat('ba', 2048)) > 0.9 AS alike, crmseg.edit_distance(repeat('é', 4096), repeat('é', 4000)) AS edits;
SELECT crmseg.edit_distance(repeat('é', 4097), 'e');
