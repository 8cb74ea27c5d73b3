# Crmseg.pm: a server for the TAP tests that finds the staged extension.
package Crmseg;
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

# new_node(NAME, SETTING...): a started cluster whose configuration names the staged extension
sub new_node
{
	my ($name, @settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(extra => [ '--locale=C.UTF-8', '-E', 'UTF8' ], allows_streaming => 1);
	$node->append_conf('postgresql.conf', join("\n", $ENV{CRMSEG_SETTINGS} // '', @settings) . "\n");
	$node->start;
	return $node;
}
1;
