# Eight sessions claim an audience for two campaigns, and abandoned carts, at once: nobody is told twice, the cap over all campaigns holds, nobody who could be
# written to is forgotten, nobody who withdrew is claimed, no error and no deadlock reaches a session.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crmseg;

my $node = Crmseg::new_node('claim');
my $pgbench = 'pgbench';	# check.sh puts the server's programs first
plan skip_all => 'this server brings no pgbench' if system("'$pgbench' --version >/dev/null 2>&1") != 0;
my $seed = $ENV{CRMSEG_SEED} // 20260411;
note "CRMSEG_SEED=$seed";

# 700 parties, 600 with a consent; of these each tenth refused since; each may be written to once for both campaigns
$node->safe_psql('postgres', q{SET client_min_messages = warning; CREATE EXTENSION crmseg; SELECT crmseg.create_datamart('race', '{"max_touches": 1}');
	INSERT INTO race.campaign (campaign_id, name) VALUES (1, 'one'), (2, 'two');
	INSERT INTO race.party (party_id) SELECT i FROM generate_series(1, 700) i;
	INSERT INTO race.contact_point (party_id, kind, value, value_norm, is_primary) SELECT i, 'email', i || '@x.fr', i || '@x.fr', true FROM generate_series(1, 700) i;
	INSERT INTO race.consent (party_id, purpose, channel_id, status, valid, captured_at) SELECT i, 'newsletter', 1, 'granted', '[2024-01-01,)', '2024-01-01' FROM generate_series(1, 600) i;
	SELECT crmseg.set_consent('race', i, 'newsletter', 'email', 'withdrawn', '2025-01-01') FROM generate_series(10, 600, 10) i;
	INSERT INTO race.cart (visitor_id, cart_id, party_id, created_at, updated_at, amount) SELECT '00000000-0000-0000-0000-000000000001', i, 1 + i % 300, now() - interval '2 days', now() - interval '1 day' - i * interval '1 second', 5 FROM generate_series(1, 600) i;
	CREATE TABLE race.told (campaign integer, party_id bigint, at timestamptz DEFAULT clock_timestamp());
	CREATE TABLE race.cart_told (cart_id bigint, party_id bigint)});

sub by_many
{
	my ($name, $times, $sql) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . "/$name.sql";
	append_to_file($file, $sql);
	my ($out, $err);
	my $ok = IPC::Run::run([ $pgbench, '-n', '-h', $node->host, '-p', $node->port, '-c', 8, '-j', 2, '-t', $times, "--random-seed=$seed", '-f', $file, 'postgres' ], '>', \$out, '2>', \$err);
	ok($ok, "$name: 8 sessions end");
	unlike($err, qr/ERROR|aborted/, "$name: no error reaches a session") or diag $err;
	return;
}

# a third of them roll back what they claimed
by_many('claims', 12, q{
\set campaign random(1, 2)
\set share random(0, 1)
\set fate random(1, 3)
BEGIN;
INSERT INTO race.told (campaign, party_id) SELECT :campaign, p FROM crmseg.claim_audience('race', 'party', :campaign, 'email', 15, 0.1 * :share) p;
\if :fate = 1
ROLLBACK;
\else
COMMIT;
\endif
});
# what is left, and once more: nothing is left then
$node->safe_psql('postgres', qq{INSERT INTO race.told (campaign, party_id) SELECT $_, p FROM crmseg.claim_audience('race', 'party', $_, 'email', 1000) p}) for (1, 2, 1);
is($node->safe_psql('postgres', q{SELECT count(*) - count(DISTINCT party_id) FROM race.told}), '0', 'nobody is told twice, for one campaign or for both');
is($node->safe_psql('postgres', q{SELECT count(*) FROM race.campaign_target t FULL JOIN race.told x ON x.party_id = t.party_id AND x.campaign = t.campaign_id AND NOT t.is_control
	WHERE NOT coalesce(t.is_control, false) AND (t.party_id IS NULL OR x.party_id IS NULL)}), '0', 'who was told is who is reserved');
is($node->safe_psql('postgres', q{SELECT count(*) FROM race.campaign_target WHERE party_id > 600 OR party_id % 10 = 0}), '0', 'none without a consent, none who withdrew');
is($node->safe_psql('postgres', q{SELECT count(*) FROM race.party p CROSS JOIN race.campaign g WHERE (crmseg.eligible('race', p.party_id, 'email', g.campaign_id)).ok}), '0', 'nobody who may be written to is left');
is($node->safe_psql('postgres', q{SELECT count(DISTINCT party_id) FROM race.campaign_target}), '540', 'everybody is reserved for a campaign');

$node->safe_psql('postgres', q{SELECT crmseg.set_datamart('race', '{"max_touches": null}'); DELETE FROM race.campaign_target});
by_many('carts', 12, q{
\set some random(1, 20)
INSERT INTO race.cart_told SELECT c.cart_id, c.party_id FROM crmseg.claim_abandoned_carts('race', 1, 'email', '1 hour', '30 days', :some) c;
});
$node->safe_psql('postgres', q{INSERT INTO race.cart_told SELECT c.cart_id, c.party_id FROM crmseg.claim_abandoned_carts('race', 1, 'email') c});
is($node->safe_psql('postgres', q{SELECT count(*) || ' ' || count(DISTINCT cart_id) || ' ' || count(DISTINCT party_id) FROM race.cart_told}), '270 270 270', 'each party is reminded once, of one cart');
done_testing();
