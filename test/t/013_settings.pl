# IMMUTABLE means: bytes in, bytes out. The same calls give the same binary results under other settings, in a parallel worker, and in another session.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crmseg;

my $node = Crmseg::new_node('settings');
Crmseg::limit_memory($node, 2 << 30);
$node->safe_psql('postgres', q{CREATE EXTENSION crmseg; CREATE TABLE people (id bigint PRIMARY KEY, given_name text);
	CREATE FUNCTION digest_of(what text, OUT digest text) LANGUAGE plpgsql AS $$ BEGIN
		EXECUTE format('SELECT pg_catalog.md5(pg_catalog.string_agg(pg_catalog.record_send(ROW(v)), ''x'')) FROM (SELECT %s AS v) s', what) INTO digest;
	EXCEPTION WHEN others THEN digest := SQLSTATE; END $$;
	CREATE TABLE calls (n serial, call text)});
my @calls;
for my $f (Crmseg::functions($node, 'postgres', q{p.provolatile = 'i' AND p.prokind = 'f' AND p.proparallel = 's'}))
{
	my ($name, $kind, $types) = @$f;
	my @pools = map { [ Crmseg::values($_) ] } @$types;
	next if grep { !@$_ } @pools;
	# each argument in turn takes its other usual values while the others keep their first
	my %lists = (join(', ', map { $_->[0] } @pools) => 1);
	for my $i (0 .. $#pools)
	{
		for my $v (@{ $pools[$i] }[ 0 .. ($#{ $pools[$i] } > 3 ? 3 : $#{ $pools[$i] }) ]) { $lists{ join ', ', map { $_ == $i ? $v : $pools[$_][0] } 0 .. $#pools } = 1 }
	}
	push @calls, map { "$name($_)" } sort keys %lists;
}
$node->safe_psql('postgres', join ";\n", map { my $c = $_; $c =~ s/'/''/g; "INSERT INTO calls (call) VALUES ('$c')" } @calls);
my $query = q{SELECT n || ' ' || coalesce(digest_of(call), 'NULL') FROM calls ORDER BY n};
if ($ENV{CRMSEG_CALLS}) { append_to_file($ENV{CRMSEG_CALLS}, join "\n", @calls) }
my @base = split /\n/, $node->safe_psql('postgres', "SET statement_timeout = '120s'; $query");
cmp_ok(scalar(grep { / \w{32}$/ } @base), '>', @calls / 4, @calls . ' calls of immutable functions, and not all refused');
my $parallel = $node->safe_psql('postgres', q{SHOW server_version_num}) >= 160000 ? 'debug_parallel_query' : 'force_parallel_mode';
for my $set (
	"TimeZone = 'Pacific/Apia'", "DateStyle = 'German, MDY'", "IntervalStyle = 'iso_8601'", 'extra_float_digits = 0', "bytea_output = 'escape'", "lc_numeric = 'C'; SET lc_monetary = 'C'; SET lc_time = 'C'",
	"search_path = ''", "backslash_quote = off", "work_mem = '64kB'", "standard_conforming_strings = on; SET default_text_search_config = 'french'", "$parallel = on", 'jit = off')
{
	my $q = $query;
	$q =~ s/digest_of/public.digest_of/; $q =~ s/FROM calls/FROM public.calls/;
	my @now = split /\n/, $node->safe_psql('postgres', "SET $set; $q");
	my @other = grep { $base[$_] ne ($now[$_] // '') } 0 .. $#base;
	# a table that is named without its schema is not found under another search path: that is the call's doing
	is(scalar(@other), 0, "the same under $set") or diag map { "$calls[$_]: $base[$_], $now[$_]\n" } @other[ 0 .. ($#other > 4 ? 4 : $#other) ];
}
$node->stop;
done_testing();
