# A role that may create in the schema crmseg and in public plants overloads of the functions and operators in use, better fitting than the true ones.
# Nothing inside the extension may call them. And what is planted before CREATE EXTENSION makes it fail, never adopted.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crmseg;

my $node = Crmseg::new_node('hostile', 'max_locks_per_transaction = 1024');
$node->safe_psql('postgres', 'CREATE ROLE mallory LOGIN; CREATE DATABASE early; CREATE DATABASE late');

# before
$node->safe_psql('early', 'CREATE SCHEMA crmseg AUTHORIZATION mallory');
$node->safe_psql('early', q{CREATE FUNCTION crmseg.version() RETURNS text LANGUAGE sql AS 'SELECT ''planted'''}, extra_params => [ '-U', 'mallory' ]);
isnt($node->psql('early', 'CREATE EXTENSION crmseg'), 0, 'a planted function makes the installation fail');
is($node->safe_psql('early', q{SELECT count(*) FROM pg_extension WHERE extname = 'crmseg'}), '0', 'and nothing is installed');

# after. A planted function writes a line when another function called it: what a session calls by itself is its own affair.
$node->safe_psql('late', q{CREATE EXTENSION crmseg; GRANT CREATE, USAGE ON SCHEMA crmseg, public TO mallory;
	CREATE TABLE public.hit (who name, what text, stack text); GRANT INSERT ON hit TO PUBLIC});
$node->safe_psql('late', q{
	CREATE FUNCTION public.caught(what text) RETURNS void LANGUAGE plpgsql AS $$ DECLARE stack text; BEGIN
		GET DIAGNOSTICS stack = PG_CONTEXT;
		-- what stands on the stack besides this function and the planted one
		stack := pg_catalog.regexp_replace(stack, '^PL/pgSQL function [^\n]*\nSQL (statement|expression) "[^\n]*\nPL/pgSQL function [^\n]*\n?', '');
		IF stack <> '' THEN
			INSERT INTO public.hit VALUES (current_user, what, stack);
		END IF;
	END $$;
	DO $$
	DECLARE f record; target text; args text; n int := 0; m int := 0;
	BEGIN
		FOR f IN
			SELECT p.oid, p.proname, p.prorettype, p.proretset, p.proargtypes::oid[] AS types, n.nspname
			FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
			WHERE n.nspname IN ('pg_catalog', 'crmseg') AND p.prokind = 'f' AND p.pronargs BETWEEN 1 AND 4 AND 25 = ANY (p.proargtypes::oid[])
			  AND p.prorettype <> ALL ('{internal,trigger,event_trigger,cstring,record,fdw_handler,table_am_handler,index_am_handler,tsm_handler,language_handler}'::regtype[]) AND (SELECT typtype FROM pg_type WHERE oid = p.prorettype) <> 'p'
			  AND NOT EXISTS (SELECT FROM pg_type t WHERE t.oid = ANY (p.proargtypes::oid[]) AND t.typtype = 'p') AND p.provariadic = 0
		LOOP
			-- varchar for text: a better fit for a varchar column, a name or a literal of unknown type in another position
			SELECT string_agg(CASE WHEN t = 25 THEN 'varchar' ELSE t::regtype::text END, ', ') INTO args FROM unnest(f.types) t;
			FOREACH target IN ARRAY '{crmseg,public}'::text[] LOOP
				BEGIN
					EXECUTE format('CREATE FUNCTION %I.%I(%s) RETURNS %s%s LANGUAGE plpgsql AS %L', target, f.proname, args, CASE WHEN f.proretset THEN 'SETOF ' ELSE '' END, f.prorettype::regtype,
						format('BEGIN PERFORM public.caught(%L); RETURN%s; END', f.oid::regprocedure, CASE WHEN f.proretset THEN '' ELSE ' NULL' END));
					n := n + 1;
				EXCEPTION WHEN others THEN NULL; END;
			END LOOP;
		END LOOP;
		FOR f IN SELECT oprname, oprleft, oprright, oprresult FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprleft = 25 AND oprright IN (25, 23, 3802) LOOP
			FOREACH target IN ARRAY '{crmseg,public}'::text[] LOOP
				EXECUTE format('CREATE FUNCTION %I.%I(varchar, %s) RETURNS %s LANGUAGE plpgsql AS %L', target, 'planted' || m, CASE WHEN f.oprright = 25 THEN 'varchar' ELSE f.oprright::regtype::text END, f.oprresult::regtype, format('BEGIN PERFORM public.caught(%L); RETURN NULL; END', f.oprname));
				EXECUTE format('CREATE OPERATOR %I.%s (LEFTARG = varchar, RIGHTARG = %s, FUNCTION = %I.%I)', target, f.oprname, CASE WHEN f.oprright = 25 THEN 'varchar' ELSE f.oprright::regtype::text END, target, 'planted' || m);
				m := m + 1;
			END LOOP;
		END LOOP;
		RAISE NOTICE '% functions, % operators', n, m;
		ASSERT n > 500 AND m > 20;
	END $$}, extra_params => [ '-U', 'mallory' ]);

# a function in SQL or PL/pgSQL has a body that is parsed once, or a path of its own; procedures, which may commit, cannot
is($node->safe_psql('late', q{SELECT string_agg(p.oid::regprocedure::text, ' ') FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid JOIN pg_language l ON l.oid = p.prolang
	WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'crmseg')
	  AND l.lanname IN ('sql', 'plpgsql') AND p.prokind <> 'p' AND p.prosqlbody IS NULL AND NOT coalesce(p.proconfig::text LIKE '%search_path=pg_catalog, pg_temp%', false)}), '', 'no function of the extension resolves names by the path of its caller');
# a function as the extension must not have one: the trap works
$node->safe_psql('late', q{CREATE FUNCTION crmseg.careless(v varchar) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN upper(v) || v; END $$});
$node->safe_psql('late', q{SET search_path = crmseg, public; SELECT crmseg.careless('x')});
is($node->safe_psql('late', q{SELECT count(*) > 0 FROM hit; DROP FUNCTION crmseg.careless(varchar); TRUNCATE hit}), 't', 'a careless function is caught');

# the house, its mart, and calls of every function with usual values, by the owner of the database, whose path leads through both schemas
my @calls;
for my $f (Crmseg::functions($node, 'late', q{p.prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c') AND p.proname NOT LIKE 'demo%' AND p.proowner <> 'mallory'::regrole}))
{
	my ($name, $kind, $types) = @$f;
	my @pools = map { [ Crmseg::values($_) ] } @$types;
	next if grep { !@$_ } @pools;
	my $list = join ', ', map { $_->[0] } @pools;
	push @calls, $kind eq 'p' ? "CALL $name($list)" : $kind eq 'a' ? "SELECT $name($list) FROM generate_series(1, 3)" : "SELECT $name($list)";
}
my $err = '';
$node->psql('late', join(";\n", "SET search_path = crmseg, public, pg_catalog", 'SET statement_timeout = \'300s\'', q{SELECT crmseg.create_datamart('shop')}, @calls, q{CALL crmseg.demo('shopdemo', 20)}, q{SELECT length(crmseg.report('shopdemo'))}) . ';',
	on_error_stop => 0, stderr => \$err);
unlike($err, qr/server closed|FATAL|PANIC/, scalar(@calls) . ' calls under a hostile path');
my $hits = $node->safe_psql('late', q{SELECT DISTINCT what || ' from ' || regexp_replace(stack, '\s+', ' ', 'g') FROM public.hit ORDER BY 1 LIMIT 10});
is($hits, '', 'no planted function was called from inside the extension');
$node->stop;
done_testing();
