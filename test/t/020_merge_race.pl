# Many sessions merge, split and identify at once: no link that was told is lost, no deadlock reaches a client, one person stays one party.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crmseg;

my $node = Crmseg::new_node('race');
my $pgbench = 'pgbench';	# check.sh puts the server's programs first
plan skip_all => 'this server brings no pgbench' if system("'$pgbench' --version >/dev/null 2>&1") != 0;

my $times = $ENV{CRMSEG_MERGES} // 20;	# of each of 8 sessions
my $seed = $ENV{CRMSEG_SEED} // 20260403;
note "CRMSEG_SEED=$seed";
$node->safe_psql('postgres', q{SET client_min_messages = warning; CREATE EXTENSION crmseg; SELECT crmseg.create_datamart('race');
	INSERT INTO race.source (name) VALUES ('till');
	INSERT INTO race.party (given_name) SELECT 'p' FROM generate_series(1, 60);
	INSERT INTO race.source_record (party_id, source_id, external_id) SELECT party_id, 1, party_id FROM race.party;
	INSERT INTO race.sales_order (party_id, ordered_at, currency, amount, source_id, external_id) SELECT party_id, '2024-01-01', 'EUR', 10, 1, party_id FROM race.party;
	CREATE TABLE race.told (a bigint, b bigint)});

sub by_many
{
	my ($name, $sql) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . "/$name.sql";
	append_to_file($file, $sql);
	my ($out, $err);
	my $ok = IPC::Run::run([ $pgbench, '-n', '-h', $node->host, '-p', $node->port, '-c', 8, '-j', 2, '-t', $times, "--random-seed=$seed", '-f', $file, 'postgres' ], '>', \$out, '2>', \$err);
	ok($ok, "$name: 8 sessions end");
	unlike($err, qr/ERROR|aborted/, "$name: no error reaches a session") or diag $err;
	return;
}

by_many('merges', q{
\set g random(0, 5)
\set a 10 * :g + random(1, 10)
\set b 10 * :g + random(1, 10)
WITH m AS (SELECT crmseg.merge_parties('race', least(:a, :b), greatest(:a, :b))) INSERT INTO race.told SELECT :a, :b FROM m;
});
is($node->safe_psql('postgres', q{SELECT count(*) FROM race.told WHERE crmseg.party_of('race', a) IS DISTINCT FROM crmseg.party_of('race', b)}), '0', 'each pair that was told leads to one party');
is($node->safe_psql('postgres', q{SELECT count(*) FROM race.party_alias a JOIN race.party_alias b ON b.old_party_id = a.party_id}), '0', 'no alias leads to an alias');
is($node->safe_psql('postgres', q{SELECT count(*) || ' ' || sum(amount) FROM race.sales_order o JOIN race.party p USING (party_id)}), '60 600', 'no order is lost');
is($node->safe_psql('postgres', q{SELECT count(*) FROM race.party_profile f WHERE f.revenue <> (SELECT coalesce(sum(o.amount), 0) FROM race.sales_order o WHERE o.party_id = f.party_id)}), '0', 'and the profiles are exact');

by_many('identify', q{
\set n random(1, 3)
\set r random(1, 1000000)
SELECT crmseg.identify('race', 'web', 'w' || :r, format('{"given_name": "Jean", "family_name": "Dupont", "email": "jean.dupont%s@gmail.com", "phone": "+3361234567%s"}', :n, :n)::jsonb);
});
is($node->safe_psql('postgres', q{SELECT count(DISTINCT party_id) || ' ' || count(*) FROM race.contact_point WHERE kind = 'email'}), '3 3', 'each person is one party with one address');
is($node->safe_psql('postgres', q{SELECT count(*) FROM race.source_record WHERE source_id <> 1}), $node->safe_psql('postgres', q{SELECT count(DISTINCT external_id) FROM race.source_record WHERE source_id <> 1}), 'and every record is there');

# without a key, an address or a number in common: by similarity, which looks from link_min_records records on
$node->safe_psql('postgres', 'UPDATE race.datamart SET link_min_records = 2');
by_many('alike', q{
\set n random(1, 3)
\set r random(1, 1000000)
SELECT crmseg.identify('race', 'app', 'a' || :r, format('{"given_name": "%s", "family_name": "%s", "birth_date": "198%s-03-04", "postal_code": "7500%s", "city": "Paris"}',
	(ARRAY['Zoé', 'Hugo', 'Nina'])[:n], (ARRAY['Lambert', 'Petitjean', 'Roussel'])[:n], :n, :n)::jsonb);
});
is($node->safe_psql('postgres', q{SELECT count(DISTINCT r.party_id) FROM race.source_record r JOIN race.source s USING (source_id) WHERE s.name = 'app'}), '3', 'each person is one party');
is($node->safe_psql('postgres', q{SELECT count(*) FROM race.record_identity i JOIN race.party_alias a ON a.old_party_id = i.origin_id WHERE a.reason IS DISTINCT FROM 'similar'}), '0', 'and what was linked so can be taken apart');
done_testing();
