# Folded forms outside of a session: generated columns, expression indexes and checks over them survive a dump, which restores with an
# empty search path; other settings, parallel plans and the ICU's locale change nothing; a long text can be interrupted.
use strict;
use warnings;
use Cwd;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crmseg;

my $node = Crmseg::new_node('text');
my $dir = Cwd::abs_path(PostgreSQL::Test::Utils::tempdir());
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
$sql->('CREATE EXTENSION crmseg');
$sql->(q{
	CREATE TABLE people (id int PRIMARY KEY, name text, street text, country text,
		folded text GENERATED ALWAYS AS (crmseg.fold(name)) STORED, key text GENERATED ALWAYS AS (crmseg.address_key(street, country)) STORED,
		CHECK (crmseg.fold(name) <> ''));
	INSERT INTO people SELECT i, (ARRAY['Élodie Müller ', 'Юлия Чехова ', '王小明 ', 'O’Brien ', 'シャネル '])[1 + i % 5] || i, i || ' av. du Gal Leclerc, F-75014 PARIS', (ARRAY['FR', NULL])[1 + i % 2] FROM generate_series(1, 3000) i;
	CREATE UNIQUE INDEX people_fold ON people (crmseg.fold(name));
	CREATE INDEX people_key ON people (crmseg.name_key(name));
	CREATE INDEX people_address ON people (crmseg.address_key(street, country));
	CREATE MATERIALIZED VIEW keys AS SELECT id, crmseg.name_key(name) AS k, (crmseg.parse_address(street)).* FROM people});
my $digest = q{SELECT md5(string_agg(concat_ws('|', crmseg.fold(name), crmseg.name_key(name), crmseg.address_key(street, country), crmseg.parse_address(street, country), folded, key), E'\n' ORDER BY id)) FROM people};
my $before = $sql->($digest);

$node->command_ok([ 'pg_dump', '-d', $node->connstr('postgres'), '-f', "$dir/first.sql" ], 'pg_dump');
like(slurp_file("$dir/first.sql"), qr/set_config\('search_path', '', false\)/, 'the dump restores with an empty search path');
$sql->('CREATE DATABASE restored');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', "$dir/first.sql" ], 'restore');
is($node->safe_psql('restored', $digest), $before, 'the restored database has the same forms');
$node->command_ok([ 'pg_dump', '-d', $node->connstr('restored'), '-f', "$dir/second.sql" ], 'dump of the restored database');
my ($first, $second) = map { my $s = slurp_file("$dir/$_.sql"); $s =~ s/^\\(un)?restrict .*$//mg; $s } qw(first second);
ok($first eq $second, 'the second dump equals the first');

# immutable: settings, and another collation of the database
for my $set ("lc_messages = 'C'; SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'", "standard_conforming_strings = off; SET extra_float_digits = 0", "client_encoding = 'LATIN1'", "search_path = ''")
{
	is($sql->("SET $set; SET client_min_messages = error; " . ($set =~ /search_path/ ? $digest =~ s/FROM people/FROM public.people/r : $digest)), $before, "the same with $set");
}
SKIP: {
	my ($rc, $out, $err) = $node->psql('postgres', q{CREATE DATABASE other TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'tr' LOCALE 'C'});
	skip 'this server is built without ICU', 1 if $err =~ /ICU is not supported/;
	$node->safe_psql('other', 'CREATE EXTENSION crmseg');
	is($node->safe_psql('other', q{SELECT crmseg.fold('İSTANBUL ILGAZ ΣΑΣ')}), 'istanbul ilgaz sas', 'a Turkish database folds like another');
}
my $parallel = $sql->(q{SELECT CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'force_parallel_mode' ELSE 'debug_parallel_query' END});
is($sql->("SET $parallel = regress; $digest"), $before, 'the same in a parallel worker');
is($sql->(q{SET enable_seqscan = off; SELECT count(*) FROM people p JOIN people q ON crmseg.fold(q.name) = crmseg.fold(upper(p.name))}), 3000, 'the index finds every name');

# a fold of a long text can be cancelled
$node->psql('postgres', q{CREATE TABLE long_text AS SELECT repeat('aé', 8000000) AS t}, on_error_die => 1);
my ($rc, $out, $err) = $node->psql('postgres', q{SET statement_timeout = '300ms'; SELECT sum(length(crmseg.fold(t))) FROM long_text, generate_series(1, 100)});
like($err, qr/statement timeout/, 'a long fold is cancelled');

$node->stop;
done_testing();
