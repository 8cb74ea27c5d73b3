# Every function that SQL can call takes NULLs, empty, extreme and long values without a crash or an internal error, and can be cancelled.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crmseg;

my $seed = $ENV{CRMSEG_SEED} // 20260401;
note "CRMSEG_SEED=$seed";
srand($seed);
my $node = Crmseg::new_node('any', 'restart_after_crash = on', 'max_locks_per_transaction = 256');
Crmseg::limit_memory($node, 2 << 30);
$node->safe_psql('postgres', q{CREATE EXTENSION crmseg;
	CREATE TABLE people (id bigint PRIMARY KEY, given_name text, family_name text, email text, at timestamptz, amount numeric);
	CREATE TABLE empty (LIKE people);
	INSERT INTO people SELECT i, 'given' || i % 7, 'family' || i % 11, 'a' || i % 20 || '@example.org', '2024-01-01'::timestamptz + i * interval '1 day', i * 1.5 FROM generate_series(1, 100) i});
$node->psql('postgres', q{SELECT crmseg.create_datamart('shop')});

my (@statements, %unknown);
for my $f (Crmseg::functions($node, 'postgres', 'true'))
{
	my ($name, $kind, $types, $strict) = @$f;
	my @pools = map { [ Crmseg::values($_) ] } @$types;
	$unknown{ $types->[$_] } = 1 for grep { !@{ $pools[$_] } } 0 .. $#pools;
	my $null = join ', ', map { /^(any|record)/ ? 'NULL' : "NULL::$_" } @$types;
	my %lists = ($null => 1);
	if (@$types && !grep { !@$_ } @pools)
	{
		$lists{ join ', ', map { $_->[0] } @pools } = 1;
		$lists{ join ', ', map { $_->[ int rand @$_ ] } @pools } = 1 for 1 .. 10;
		# one argument NULL, for what is not STRICT
		$lists{ join ', ', map { rand() < 0.3 ? 'NULL' : $_->[0] } @pools } = 1 for 1 .. ($strict ? 0 : 4);
	}
	for my $list (sort keys %lists)
	{
		my $call = $kind eq 'p' ? "CALL $name($list)" : $kind eq 'a' ? "SELECT $name($list) FROM generate_series(1, 3)" : "SELECT $name($list)";
		push @statements, $call;
	}
}
diag 'types without sample values in test/lib/Crmseg.pm: ' . join(', ', sort keys %unknown) if %unknown;
my $file = PostgreSQL::Test::Utils::tempdir() . '/calls.sql';
append_to_file($file, "\\set VERBOSITY sqlstate\n\\timing on\n" . join(";\n", "SET client_min_messages = error; SET statement_timeout = '500ms'", @statements) . ";\n");
my ($out, $err) = ('', '');
# a call that no timeout stops is an error in itself, and would hold up everything
my $hung;
my $rc = $node->psql('postgres', undef, timeout => $ENV{CRMSEG_HANG_S} // 900, timed_out => \$hung, stdout => \$out, stderr => \$err, on_error_stop => 0, extra_params => [ '-o', '/dev/null', '-f', $file ]);
ok(!$hung, 'every call ends or can be cancelled') or do {
	diag $node->safe_psql('postgres', q{SELECT now() - query_start, left(query, 500) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()});
	$node->stop('immediate');
	done_testing();
	exit 1;
};
my @lines = split /\n/, $err;
my $which = sub { my ($n) = $_[0] =~ /calls\.sql:(\d+)/; $n ? $statements[ $n - 4 ] // '' : '' };
my @lost = grep { /connection|server closed|FATAL|PANIC/ } @lines;
is(scalar(@lost), 0, 'no call of ' . @statements . ' ends the session') or diag map { "$_: " . $which->($_) . "\n" } @lost[ 0 .. 0 ];
my @internal = grep { /ERROR:\s+XX0/ } @lines;
is(scalar(@internal), 0, 'none raises an internal error') or diag map { "$_: " . substr($which->($_), 0, 300) . "\n" } @internal[ 0 .. ($#internal > 9 ? 9 : $#internal) ];
unlike(slurp_file($node->logfile), qr/terminated by signal|TRAP|PANIC/, 'no process of the server died');
my @cancelled = grep { /ERROR:\s+57014/ } @lines;
note 'cancelled: ' . substr($which->($_), 0, 200) for @cancelled;
# A quiet machine ends a call within 200 ms of its timeout; the bound here leaves room for a very busy one (CRMSEG_CANCEL_MS=1000 asks for more). A time says nothing of a statement's name: the longest is told.
my @times = map { /^Time: ([\d.]+) ms/ ? $1 : () } split /\n/, $out;
my ($longest) = sort { $times[$b] <=> $times[$a] } 0 .. $#times;
note sprintf 'longest: %.0f ms, %s', $times[$longest], substr($statements[ $longest - 2 ] // '', 0, 200);
cmp_ok($times[$longest], '<', $ENV{CRMSEG_CANCEL_MS} // 30000, 'a call is cancelled soon after its timeout of 500 ms');
my %states; $states{$_}++ for map { /ERROR:\s+(\w{5})/ ? $1 : () } @lines;
note join ' ', map { "$_:$states{$_}" } sort keys %states;
cmp_ok(scalar(grep { /ERROR:/ } @lines), '<', scalar(@statements), 'and not every call is refused');
$node->stop;
done_testing();
