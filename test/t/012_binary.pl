# The binary form of every type: each value comes back equal from COPY BINARY, and mutated bytes are refused or are a value whose own binary form
# they are; never a crash, never an internal error.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crmseg;

my $seed = $ENV{CRMSEG_SEED} // 20260402;
note "CRMSEG_SEED=$seed";
srand($seed);
my $mutants = 150;
my $node = Crmseg::new_node('binary');
$node->safe_psql('postgres', 'CREATE EXTENSION crmseg');
my $dir = PostgreSQL::Test::Utils::tempdir();

# one row with one field, as COPY BINARY has it
sub write_row
{
	my ($file, $bytes) = @_;
	open my $fh, '>:raw', $file or die "$file: $!";
	print $fh "PGCOPY\n\xff\r\n\0", pack('NN', 0, 0), pack('n', 1), pack('N', length $bytes), $bytes, pack('n', 0xffff);
	close $fh;
}

for my $type (split /\n/, $node->safe_psql('postgres', q{SELECT format_type(t.oid, NULL) FROM pg_depend d JOIN pg_type t ON t.oid = d.objid
	WHERE d.classid = 'pg_type'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND t.typtype = 'b' AND t.typelem = 0
	  AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'crmseg') ORDER BY 1}))
{
	my @values = Crmseg::values($type);
	next unless @values;
	is($node->safe_psql('postgres', "SELECT typsend <> 0 AND typreceive <> 0 AND typcategory = 'U' FROM pg_type WHERE oid = '$type'::regtype"), 't', "$type has a binary form and category U");
	$node->safe_psql('postgres', "DROP TABLE IF EXISTS a, b; CREATE TABLE a (i int, v $type); CREATE TABLE b (LIKE a); CREATE TABLE m (n int, v $type)");
	my $n = 0;
	for my $v (@values) { $node->psql('postgres', 'INSERT INTO a VALUES (' . $n++ . ", $v)") }
	$node->safe_psql('postgres', "\\copy a to '$dir/a' (format binary)\n\\copy b from '$dir/a' (format binary)");
	my $count = $node->safe_psql('postgres', 'SELECT count(*) FROM a');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM a JOIN b USING (i) WHERE a.v::text = b.v::text AND record_image_eq(ROW(a.v), ROW(b.v))'), $count, "$type: $count values come back the same") if $count > 0;
	my $send = $node->safe_psql('postgres', "SELECT typsend FROM pg_type WHERE oid = '$type'::regtype");
	my @wires = map { pack 'H*', $_ } split /\n/, $node->safe_psql('postgres', "SELECT encode($send(v), 'hex') FROM a WHERE length($send(v)) < 100000 ORDER BY i");
	my (@script, @sent);
	for my $i (1 .. $mutants)
	{
		my $w = $wires[ int rand @wires ];
		my $how = int rand 6;
		for (1 .. 1 + int rand 3)
		{
			my $p = length $w ? int rand length $w : 0;
			if ($how == 0) { $w = substr $w, 0, $p }
			elsif ($how == 1) { substr($w, $p, 0) = chr int rand 256 }
			elsif ($how == 2) { substr($w, $p, 1) = '' if length $w }
			elsif ($how == 3) { $w .= join '', map { chr int rand 256 } 1 .. 1 + int rand 8 }
			elsif (length $w) { substr($w, $p, 1) = $how == 4 ? chr(ord(substr $w, $p, 1) ^ (1 << int rand 8)) : chr((0, 127, 128, 255)[ int rand 4 ]) }
		}
		write_row("$dir/m$i", $w);
		push @sent, unpack 'H*', $w;
		push @script, "\\copy m (v) from '$dir/m$i' (format binary)\nUPDATE m SET n = $i WHERE n IS NULL;";
	}
	my ($out, $err) = ('', '');
	$node->psql('postgres', join("\n", '\set VERBOSITY sqlstate', "SET statement_timeout = '60s';", @script), stdout => \$out, stderr => \$err, on_error_stop => 0);
	unlike($err, qr/server closed|XX0|FATAL|57014/, "$type: $mutants mutants, no crash and no internal error") or diag $err =~ /^(.*(?:server closed|XX0|FATAL|57014).*)$/m;
	my @taken = split /\n/, $node->safe_psql('postgres', "SELECT n || ' ' || encode($send(v), 'hex') FROM m ORDER BY n");
	my @other = grep { my ($i, $hex) = split / /; $hex ne $sent[ $i - 1 ] } @taken;
	is(scalar(@other), 0, "$type: " . @taken . ' taken, each with that very binary form') or diag substr("sent $sent[(split / /, $other[0])[0] - 1], kept $other[0]", 0, 400);
	is($node->safe_psql('postgres', "SELECT count(*) FROM m WHERE v::text::${type}::text <> v::text"), '0', "$type: what was taken has a text form that reads back");
	$node->safe_psql('postgres', 'DROP TABLE a, b, m');
}
unlike(slurp_file($node->logfile), qr/terminated by signal|TRAP|PANIC/, 'no process of the server died');
$node->stop;
done_testing();
