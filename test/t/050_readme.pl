# Every SQL example of the README is run in order, by a role that is no superuser, and gives the output shown
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crmseg;

my $root = $ENV{CRMSEG_ROOT} // '.';
my @pages = grep { -e "$root/$_" } ('README.md', 'docs/questions.md');
plan skip_all => 'the pages are not beside the tests' unless @pages;
my $node = Crmseg::new_node('readme');
$node->safe_psql('postgres', 'CREATE ROLE app LOGIN; GRANT CREATE ON DATABASE postgres TO app');

sub trimmed { my $t = shift; $t =~ s/[ \t]+$//mg; $t =~ s/^\n+|\n+$//g; return $t }

for my $page (@pages)
{
	my $text = slurp_file("$root/$page");
	my (@blocks, $script);
	# a block of SQL, and what is shown right after it
	while ($text =~ /^```sql\n(.*?)^```\n(?:```text\n(.*?)^```\n)?/msg)
	{
		push @blocks, { sql => $1, shown => $2, sql_at => substr($text, 0, $-[0]) =~ tr/\n// + 1 };
	}
	cmp_ok(scalar @blocks, '>', 0, "$page has examples");
	(my $db = "page_$page") =~ s/\W/_/g;
	$node->safe_psql('postgres', qq{CREATE DATABASE "$db" OWNER app});
	$script .= "\\echo \@\@$_\n$blocks[$_]{sql}\n" for 0 .. $#blocks;
	local $ENV{PGTZ} = 'UTC';
	local $ENV{PGCLIENTENCODING} = 'UTF8';
	my ($out, $err) = ('', '');
	my $ok = IPC::Run::run([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-U', 'app', '-d', $node->connstr($db), '-f', '-' ], '<', \$script, '>', \$out, '2>', \$err);
	ok($ok, "the examples of $page run") or diag $err;
	my %got = $out =~ /^@@(\d+)\n(.*?)(?=^@@\d+\n|\z)/msg;
	for my $i (0 .. $#blocks)
	{
		next unless defined $blocks[$i]{shown};
		is(trimmed($got{$i} // ''), trimmed($blocks[$i]{shown}), "$page, line $blocks[$i]{sql_at}: the output is the one shown");
	}
	if (my $to = $ENV{CRMSEG_UPDATE_PAGES})
	{
		my $n = 0;
		$text =~ s/^(```sql\n.*?^```\n)(```text\n.*?^```\n)?/my $o = trimmed($got{$n++} \/\/ ''); defined $2 ? "$1```text\n$o\n```\n" : $1/mseg;
		my $name = "$to/" . ($page =~ s|.*\/||r);
		open my $fh, '>', $name or die $!;
		print $fh $text;
		close $fh;
	}
}
$node->stop;
done_testing();
