# docs/coverage.md: every requirement has its row, every object that it names exists, and every test
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crmseg;

my $root = $ENV{CRMSEG_ROOT} // '.';
plan skip_all => 'the page is not beside the tests' unless -e "$root/docs/coverage.md";
my $node = Crmseg::new_node('coverage');
$node->safe_psql('postgres', q{CREATE EXTENSION crmseg; SELECT crmseg.create_datamart('shop')});
# tables, views, their columns, constraints and trigger functions of a mart, and functions of the extension
my %there = map { $_ => 1 } split /\n/, $node->safe_psql('postgres', q{
	SELECT relname FROM pg_class WHERE relnamespace = 'shop'::regnamespace
	UNION SELECT format('%s.%s', c.relname, a.attname) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'shop'::regnamespace AND a.attnum > 0
	UNION SELECT conname FROM pg_constraint WHERE connamespace = 'shop'::regnamespace
	UNION SELECT proname FROM pg_proc WHERE pronamespace IN ('shop'::regnamespace, 'crmseg'::regnamespace)});
my %rows;
for (split /\n/, slurp_file("$root/docs/coverage.md"))
{
	next unless /^\| (\d+|X\d+) \| (.+?) \| (.+) \| (.+) \|$/;
	my ($number, $objects, $tests) = ($1, $3, $4);
	$rows{$number}++;
	my @named = $objects =~ /`([^`]+)`/g;
	ok(@named > 0, "$number names an object");
	is(join(' ', grep { !$there{$_} } @named), '', "$number: every object exists");
	is(join(' ', grep { my $t = $_; !grep { -e "$root/test/$_" } ("sql/$t.sql", "isolation/specs/$t.spec", "t/$t.pl") } split /, /, $tests), '', "$number: every test exists");
}
is(join(' ', grep { ($rows{$_} // 0) != 1 } 1 .. 107, map { "X$_" } 1 .. 15), '', 'every requirement has one row');
$node->stop;
done_testing();
