# An import that is cancelled in the middle: another session saw how far it was, nothing of it is left, and the same import works afterwards.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use IPC::Run;
use Crmseg;

my $node = Crmseg::new_node('import');
$node->safe_psql('postgres', q{
	CREATE EXTENSION crmseg;
	SELECT crmseg.create_datamart('shop');
	-- lines that take their time, so that there is a middle
	CREATE FUNCTION slow(i int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN IF i % 50 = 0 THEN PERFORM pg_sleep(0.05); END IF; RETURN 'c' || i % 400; END $$;
	CREATE VIEW flat AS SELECT slow(i) AS id, 'Nom' || i % 400 AS nom, 't' || i AS no, date '2024-01-01' + i % 300 AS day, CASE WHEN i % 100 = 7 THEN 'abc' ELSE '12.50' END AS amount FROM generate_series(1, 20000) i;
	CREATE VIEW fast AS SELECT 'c' || i % 400 AS id, 'Nom' || i % 400 AS nom, 't' || i AS no, date '2024-01-01' + i % 300 AS day, CASE WHEN i % 100 = 7 THEN 'abc' ELSE '12.50' END AS amount FROM generate_series(1, 20000) i;
});
my $import = q{SELECT crmseg.import_flat('shop', 'till', '%s', '{"source_key": "id", "party": {"family_name": "nom"}, "order": {"external_id": "no", "ordered_at": "day", "amount": "amount"}}')};
my ($out, $err) = ('', '');
my $session = IPC::Run::start([ 'psql', '-XqAt', '-d', $node->connstr('postgres'), '-c', sprintf($import, 'flat') ], '>', \$out, '2>', \$err);
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 AND max(lines_read) >= 1000 AND max(lines_rejected) >= 5 AND bool_and(phase = 'reading') FROM shop.import_progress}),
	'another session sees the phase, the lines read and the lines refused');
is($node->safe_psql('postgres', 'SELECT count(pg_cancel_backend(pid)) FROM shop.import_progress'), '1', 'it is cancelled');
$session->finish;
like($err, qr/canceling statement due to user request/, 'the session says so');
is($node->safe_psql('postgres', q{SELECT (SELECT count(*) FROM shop.party) + (SELECT count(*) FROM shop.source_record) + (SELECT count(*) FROM shop.sales_order) + (SELECT count(*) FROM shop.import_batch)
	+ (SELECT count(*) FROM shop.import_reject) + (SELECT count(*) FROM shop.source) + (SELECT count(*) FROM shop.import_progress)}), '0', 'nothing of it is left');
is($node->safe_psql('postgres', sprintf("SELECT (r).* FROM (SELECT crmseg.import_report('shop', (%s)) r) x", sprintf($import, 'fast'))), '20000|19800|0|0|200', 'the same import works afterwards');
is($node->safe_psql('postgres', q{SELECT crmseg.refresh_profile('shop') || ' ' || sum(revenue) FROM shop.party_profile}), '0 247500.00', 'and the profiles are exact');
$node->stop;
done_testing();
