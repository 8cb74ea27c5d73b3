# Installing needs no superuser, survives a restart, and DROP EXTENSION takes all of it away.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crmseg;

my $node = Crmseg::new_node('main');
$node->safe_psql('postgres', q{CREATE ROLE app LOGIN; CREATE DATABASE shop OWNER app});
is($node->psql('shop', 'CREATE EXTENSION crmseg', extra_params => [ '-U', 'app' ]), 0, 'the owner of a database installs it');
$node->restart;
like($node->safe_psql('shop', 'SELECT crmseg.version()', extra_params => [ '-U', 'app' ]), qr/^\d+\.\d+\.\d+$/, 'and uses it after a restart');
$node->safe_psql('shop', 'DROP EXTENSION crmseg', extra_params => [ '-U', 'app' ]);
is($node->safe_psql('shop', q{SELECT count(*) FROM pg_namespace n JOIN pg_proc p ON p.pronamespace = n.oid WHERE nspname = 'crmseg'}), '0',
	'nothing stays after DROP EXTENSION');
$node->stop;
done_testing();
