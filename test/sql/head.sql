-- the module loads, and its version is the control file's
SELECT crmseg.version() = (SELECT extversion FROM pg_extension WHERE extname = 'crmseg') AS same_version;
-- every object of the extension has a comment
SELECT pg_describe_object(d.classid, d.objid, 0) AS object_without_comment
FROM pg_depend d
WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'crmseg') AND d.deptype = 'e'
  AND d.classid IN ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_operator'::regclass)
  AND obj_description(d.objid, d.classid::regclass::name) IS NULL
UNION ALL
SELECT pg_describe_object(d.classid, d.objid, 0)
FROM pg_depend d JOIN pg_type t ON t.oid = d.objid
WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'crmseg') AND d.deptype = 'e'
  AND d.classid = 'pg_type'::regclass AND t.typelem = 0 AND t.typtype <> 'c' AND t.typrelid = 0
  AND obj_description(d.objid, 'pg_type') IS NULL
ORDER BY 1;
-- no member of the extension runs with its owner's rights
SELECT p.oid::regprocedure AS security_definer
FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'crmseg') AND d.deptype = 'e'
  AND d.classid = 'pg_proc'::regclass AND p.prosecdef;
-- a database of another encoding is refused
SELECT current_database() AS db \gset
\set SHOW_CONTEXT never
CREATE DATABASE crmseg_latin1 TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C';
\c crmseg_latin1
CREATE EXTENSION crmseg;
\unset SHOW_CONTEXT
\c :db
DROP DATABASE crmseg_latin1;
-- what is said to bear parallel workers begins no subtransaction (an exception block) and calls nothing that does not bear them
WITH f AS (
	SELECT p.oid, p.proname, p.proparallel, l.lanname, regexp_replace(coalesce(p.prosrc, '') || coalesce(pg_get_function_sqlbody(p.oid), ''), '[^\n]*HINT[^\n]*', '', 'g') AS body
	FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid JOIN pg_language l ON l.oid = p.prolang
	WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'crmseg') AND d.deptype = 'e' AND d.classid = 'pg_proc'::regclass AND p.prokind = 'f')
SELECT f.oid::regprocedure AS marked_wrongly
FROM f
WHERE f.proparallel <> 'u' AND f.lanname IN ('sql', 'plpgsql') AND (f.body ~ '\n\s*EXCEPTION\s' OR EXISTS (
	SELECT FROM regexp_matches(f.body, '\mcrmseg\.(\w+)\s*\(', 'g') c (name) WHERE (SELECT every(o.proparallel = 'u') FROM f o WHERE o.proname = c.name[1])))
ORDER BY 1;
