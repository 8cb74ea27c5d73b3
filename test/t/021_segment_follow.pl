# Entries and exits followed from outside: by logical replication of the change table, by a trigger of one's own, by NOTIFY with one message a
# transaction and segment; and kept through a dump and a restore.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crmseg;

my $node = Crmseg::new_node('follow', "wal_level = logical\nmax_replication_slots = 4\nmax_wal_senders = 4\n");
my $sql = sub { return $node->safe_psql('postgres', "SET client_min_messages = warning;\n" . $_[0]) };

$sql->(q{CREATE EXTENSION crmseg; SELECT crmseg.create_datamart('f');
	INSERT INTO f.party (party_id, country) SELECT i, CASE WHEN i % 2 = 0 THEN 'FR' ELSE 'BE' END FROM generate_series(1, 20) i;
	SELECT crmseg.define_segment('f', 'french', 'country = ''FR'''), crmseg.define_segment('f', 'O''Brien "x"', 'country = ''BE''');
	SELECT crmseg.set_datamart('f', '{"follow_segments": true, "notify_segments": "f_segments"}')});
is($sql->(q{SELECT count(*) FROM pg_class c WHERE c.oid = 'f.segment_change'::regclass AND c.relreplident = 'd' AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)}), '1',
	'the change table has a replica identity');

# logical decoding by pgoutput, which every server brings
$sql->(q{CREATE PUBLICATION segments FOR TABLE f.segment_change; SELECT pg_create_logical_replication_slot('segments', 'pgoutput')});
is($sql->(q{SELECT entered FROM crmseg.refresh_segments('f')}), '20', 'all are found');
my $changes = q{SELECT count(*) FROM pg_logical_slot_get_binary_changes('segments', NULL, NULL, 'proto_version', '1', 'publication_names', 'segments') WHERE get_byte(data, 0) = ascii('I')};
is($sql->($changes), '20', 'each entry is in the stream');
$sql->(q{UPDATE f.party SET country = 'FR' WHERE party_id IN (1, 3)});
is($sql->($changes), '4', 'two exits and two entries');
$sql->(q{BEGIN; UPDATE f.party SET country = 'FR' WHERE party_id = 5; ROLLBACK});
is($sql->($changes), '0', 'nothing of what is taken back');

# NOTIFY: one message a transaction and segment
my $heard = $sql->(q{LISTEN f_segments; BEGIN; UPDATE f.party SET country = 'BE' WHERE party_id = 1; UPDATE f.party SET country = 'BE' WHERE party_id = 3; UPDATE f.party SET country = 'FR' WHERE party_id IN (7, 9); COMMIT; SELECT 'end'});
my @messages = $heard =~ /^Asynchronous notification "f_segments" with payload "(\{.*\})" received/mg;
is(scalar(@messages), 2, 'two segments changed, two messages') or diag $heard;
like("@messages", qr/"segment": "french"/, 'the segment is named');
like("@messages", qr/"segment": "O'Brien \\"x\\""/, 'whatever its name');
$heard = $sql->(q{LISTEN f_segments; UPDATE f.party SET given_name = 'x' WHERE party_id = 1; SELECT 'end'});
unlike($heard, qr/Asynchronous/, 'nothing changed, no message');

# a trigger of one's own on the change table
$sql->(q{CREATE TABLE outbox (segment text, party_id bigint, entered bool);
	CREATE FUNCTION welcome() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.outbox SELECT d.name, n.party_id, n.entered FROM n JOIN f.segment_definition d USING (segment_id); RETURN NULL; END $$;
	CREATE TRIGGER welcome AFTER INSERT ON f.segment_change REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION welcome();
	UPDATE f.party SET country = 'FR' WHERE party_id = 11});
is($sql->(q{SELECT string_agg(segment || ' ' || party_id || ' ' || entered, ', ' ORDER BY segment) FROM outbox}), q{O'Brien "x" 11 false, french 11 true}, 'a trigger hears');

# a table of another schema, followed after a dump, a restore and another name of the mart
$sql->(q{CREATE SCHEMA app; CREATE TABLE app.login (client int, at timestamptz, state json);
	SELECT crmseg.add_event('f', 'login', 'app.login', 'client', 'at'), crmseg.define_segment('f', 'active', 'did login within last 30 days');
	SELECT crmseg.refresh_segments('f'); INSERT INTO app.login VALUES (2, now(), '{}'); UPDATE app.login SET state = '{"a": 1}'});
is($sql->(q{SELECT string_agg(party_id::text, ' ') FROM f.segment_membership WHERE segment = 'active'}), '2', 'a table of another schema is watched');
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$node->command_ok([ 'pg_dump', '-h', $node->host, '-p', $node->port, '-f', $dump, 'postgres' ], 'dumped');
$node->safe_psql('postgres', 'CREATE DATABASE again');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', $node->host, '-p', $node->port, '-f', $dump, 'again' ], 'restored');
is($node->safe_psql('again', q{DROP TRIGGER welcome ON f.segment_change; ALTER SCHEMA f RENAME TO "G x"; INSERT INTO app.login VALUES (4, now(), NULL), (NULL, now(), NULL); DELETE FROM app.login WHERE client = 2; UPDATE "G x".party SET country = 'BE' WHERE party_id = 4;
	SELECT string_agg(segment || ' ' || party_id, ', ' ORDER BY 1) FROM "G x".segment_membership WHERE segment = 'active' OR party_id = 4}), q{O'Brien "x" 4, active 4}, 'kept on, under another name');
done_testing();
