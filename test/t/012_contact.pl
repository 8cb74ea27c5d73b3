# The types email and phone outside of a session: dump and restore, binary copies, hostile bytes, row-level security, soft errors, and a
# server on which libphonenumber is missing.
use strict;
use warnings;
use Cwd;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crmseg;

my $seed = $ENV{CRMSEG_SEED} // 20260615;
note "CRMSEG_SEED=$seed";
srand($seed);
my $node = Crmseg::new_node('contact');
my $dir = Cwd::abs_path(PostgreSQL::Test::Utils::tempdir());
my $sql = sub { $node->safe_psql('postgres', $_[0]) };
$sql->(q{CREATE EXTENSION crmseg; ALTER DATABASE postgres SET search_path = public, crmseg});
$sql->(q{
	CREATE TABLE contact (id int, e crmseg.email, p crmseg.phone);
	INSERT INTO contact SELECT i, ((CASE WHEN i % 3 = 0 THEN 'Élodie.' ELSE 'Jean.' END) || i || '@' || CASE WHEN i % 5 = 0 THEN 'Straße.de' ELSE 'Example.FR' END)::crmseg.email,
		crmseg.phone('06 12 34 5' || i % 10 || ' ' || 10 + i % 80 || CASE WHEN i % 7 = 0 THEN ' ext 5' ELSE '' END, 'FR') FROM generate_series(1, 200) i;
	CREATE UNIQUE INDEX contact_e ON contact (e);
	CREATE TABLE part (e crmseg.email PRIMARY KEY) PARTITION BY HASH (e);
	CREATE TABLE part0 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 0);
	CREATE TABLE part1 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 1);
	INSERT INTO part SELECT e FROM contact; ANALYZE});

# dump and restore: the same rows, in the same partitions
$node->command_ok([ 'pg_dump', '-d', $node->connstr('postgres'), '-f', "$dir/first.sql" ], 'pg_dump');
$sql->('CREATE DATABASE restored');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', "$dir/first.sql" ], 'restore');
$node->command_ok([ 'pg_dump', '-d', $node->connstr('restored'), '-f', "$dir/second.sql" ], 'dump of the restored database');
# what differs from one dump to the next by itself: a random key since the releases of August 2025
my ($first, $second) = map { my $s = slurp_file("$dir/$_.sql"); $s =~ s/^\\(un)?restrict .*$//mg; $s } qw(first second);
ok($first eq $second, 'the second dump equals the first');

# binary copies keep what was written
$sql->("COPY contact TO '$dir/contact.bin' (FORMAT binary); CREATE TABLE again (LIKE contact); COPY again FROM '$dir/contact.bin' (FORMAT binary)");
is($sql->(q{SELECT count(*) FROM contact c JOIN again a USING (id) WHERE c.e = a.e AND c.p = a.p AND crmseg.as_written(c.e) = crmseg.as_written(a.e) AND crmseg.as_written(c.p) = crmseg.as_written(a.p)}), 200, 'binary copies keep everything');

# hostile bytes: refused, or a value that is whole
for my $type (qw(email phone))
{
	my $column = substr $type, 0, 1;
	$sql->("CREATE TABLE hostile_$type (v crmseg.$type)");
	my @good = map { pack 'H*', $_ } split /\n/, $sql->("SELECT encode(crmseg.${type}_send($column), 'hex') FROM contact WHERE id <= 20");
	my ($script, $tried) = ('', 0);
	for my $n (1 .. 600)
	{
		my $bytes = $good[ rand @good ];
		if ($n <= 40) { $bytes = substr $bytes, 0, $n - 1; }
		elsif ($n <= 60) { $bytes = join '', map { chr int rand 256 } 1 .. int rand 40; }
		elsif ($n == 61) { $bytes .= 'x' x 70000; }
		else { substr($bytes, int rand length $bytes, 1, chr(int rand 4 ? 32 + rand 95 : rand 256)) for 0 .. rand 3; }
		append_to_file("$dir/$type.$n", "PGCOPY\n\xff\r\n\0" . pack('NN', 0, 0) . pack('nN', 1, length $bytes) . $bytes . pack('n', 0xffff));
		$script .= "COPY hostile_$type FROM '$dir/$type.$n' (FORMAT binary);\n";
		$tried++;
	}
	append_to_file("$dir/$type.sql", $script);
	my ($out, $err);
	$node->psql('postgres', undef, stdout => \$out, stderr => \$err, on_error_stop => 0, extra_params => [ '-v', 'VERBOSITY=sqlstate', '-f', "$dir/$type.sql" ]);
	my %states;
	$states{$_}++ for $err =~ /ERROR:\s+(\w{5})/g;
	is(join(' ', grep { !/^(22P02|22P03|22021|08P01)$/ } sort keys %states), '', "$type: hostile bytes are refused with an error of their own") or diag $err;
	my $refused = 0;
	$refused += $_ for values %states;
	is($sql->("SELECT count(*) FROM hostile_$type"), $tried - $refused, "$type: every one of $tried is refused ($refused) or taken");
	my $whole = $type eq 'email' ? q{crmseg.mailbox(v) = crmseg.mailbox(crmseg.as_written(v)::crmseg.email)} : q{v::text::crmseg.phone = v AND octet_length(crmseg.as_written(v)) BETWEEN 1 AND 250};
	is($sql->("SELECT count(*) FROM hostile_$type WHERE ($whole) IS NOT TRUE"), 0, "$type: what is taken is whole");
}

# row-level security: the index serves, because the comparison is leakproof
my $plan = $sql->(q{CREATE ROLE reader; GRANT SELECT ON contact TO reader; ALTER TABLE contact ENABLE ROW LEVEL SECURITY;
	CREATE POLICY even ON contact FOR SELECT TO reader USING (id % 2 = 0); SET ROLE reader; SET enable_seqscan = off; EXPLAIN SELECT * FROM contact WHERE e = 'jean.1@example.fr'});
like($plan, qr/Index (Only )?Scan using contact_e/, 'an index on an address serves under row-level security');
is($sql->(q{SET ROLE reader; SELECT count(*) FROM contact WHERE e IN ('jean.1@example.fr', 'JEAN.2@example.fr')}), 1, 'and the policy holds');

# a text that is not of the type is said, not raised, where the server can
SKIP: {
	skip 'soft errors came with PostgreSQL 16', 1 if $sql->(q{SELECT current_setting('server_version_num')::int < 160000}) eq 't';
	is($sql->(q{SELECT pg_input_is_valid('j@x.fr', 'crmseg.email'), pg_input_is_valid('j x', 'crmseg.email'), pg_input_is_valid('+33612345678', 'crmseg.phone'), pg_input_is_valid('06', 'crmseg.phone')}), 't|f|t|f', 'soft errors');
}

# libphonenumber speaks on stderr when it is not stopped: no number may come into the server's log
$sql->(q{SELECT crmseg.try_phone(n, 'FR') FROM unnest(ARRAY['0612345678912345', '+99912345678912345', 'tel:0612345678912345;phone-context=+999', '12345678912345x6']) n});
is(scalar(grep { /12345678912345/ && !/statement: / } split /\n/, slurp_file($node->logfile)), 0, 'no number comes into the log');
$node->stop;

# without the library of numbering plans everything else works, and who needs it is told
SKIP: {
	my ($stage) = ($ENV{CRMSEG_SETTINGS} // '') =~ /extension_destdir = '([^']+)'/;
	skip 'the staged extension cannot be copied here', 3 unless $stage;
	my $copy = "$dir/stage";
	system_or_bail('cp', '-r', $stage, $copy);
	system_or_bail('find', $copy, '-name', 'crmseg_phone*', '-delete');
	my $without = PostgreSQL::Test::Cluster->new('without');
	$without->init(extra => [ '--locale=C.UTF-8', '-E', 'UTF8' ]);
	$without->append_conf('postgresql.conf', "extension_destdir = '$copy'");
	$without->start;
	is($without->safe_psql('postgres', q{CREATE EXTENSION crmseg; SELECT 'j@x.fr'::crmseg.email, '+33612345678'::crmseg.phone}), 'j@x.fr|+33612345678', 'the types work without libphonenumber');
	for my $call (q{crmseg.phone('0612345678', 'FR')}, q{crmseg.phone_kind('+33612345678')})
	{
		my ($rc, $out, $err) = $without->psql('postgres', "\\set VERBOSITY verbose\nSELECT $call");
		like($err, qr/ERROR:  58P01: could not load the library of telephone numbering plans.*HINT:  Install libphonenumber/s, "$call says what is missing");
	}
	$without->stop;
}
done_testing();
