# After an erasure and the statements that erasure_statements lists, no live file of the database holds a byte of the address, whatever
# had copied it: tables, indexes, refused lines of imports, the planner's statistics, the undo of a merge.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crmseg;

my $node = Crmseg::new_node('main');
my $canary = 'zqcanary7731';

sub files_with_canary
{
	$node->safe_psql('postgres', 'CHECKPOINT');
	my $oid = $node->safe_psql('postgres', q{SELECT oid FROM pg_database WHERE datname = 'shop'});
	my @found;
	for my $file (glob($node->data_dir . "/base/$oid/*"))
	{
		open(my $in, '<:raw', $file) or next;
		local $/;
		my $bytes = <$in>;
		push @found, $file if index(lc $bytes, $canary) >= 0;
	}
	return @found;
}

$node->safe_psql('postgres', 'CREATE DATABASE shop');
$node->safe_psql('shop', qq{
	SET client_min_messages = warning;
	CREATE EXTENSION crmseg;
	SELECT crmseg.create_datamart('crm', '{"time_zone": "Europe/Paris", "default_phone_region": "FR"}');
	CREATE TABLE line (n bigint GENERATED ALWAYS AS IDENTITY, l text);
	INSERT INTO line (l) VALUES ('no;mail;nom;prenom;ticket;date;montant');
	INSERT INTO line (l) SELECT i || ';other' || i || '\@example.fr;Other' || i || ';Ann;T' || i || ';01/02/2024;10,00' FROM generate_series(1, 500) i;
	INSERT INTO line (l) VALUES ('900;$canary\@example.fr;Seldom;Zoé;T900;01/02/2024;10,00'), ('901;${canary}\@example.fr;SELDOM;Zoe;T901;03/02/2024;12,00'),
		('902;$canary\@example.fr;Seldom;Zoé;T902;31/02/2024;10,00');
	SELECT crmseg.import_csv('crm', 'till', 'line', '{"source_key": "no", "party": {"family_name": "nom", "given_name": "prenom"}, "email": "mail",
		"order": {"external_id": "ticket", "ordered_at": {"column": "date", "format": "DD/MM/YYYY"}, "amount": {"column": "montant", "decimal": ","}}}');
	SELECT crmseg.resolve('crm');
	DROP TABLE line;
	ANALYZE;
});
my $party = $node->safe_psql('shop', qq{SELECT party_id FROM crm.contact_point WHERE value_norm LIKE '$canary%'});
like($party, qr/^\d+$/, 'two records of one address were linked');
is($node->safe_psql('shop', q{SELECT count(*) FROM crm.import_reject}), '1', 'a refused line names the address too');
cmp_ok(scalar(files_with_canary()), '>', 2, 'the address stands in several files');
my $before = $node->safe_psql('shop', q{SELECT count(*), sum(amount) FROM crm.sales_order});
$node->safe_psql('shop', "SELECT crmseg.erase_party('crm', $party, 'keep_accounts')");
is($node->safe_psql('shop', q{SELECT count(*), sum(amount) FROM crm.sales_order}), $before, 'the accounts are as they were');
is($node->safe_psql('shop', qq{SELECT count(*) FROM crm.contact_point WHERE value_norm LIKE '$canary%'}), '0', 'nothing is seen any more');
cmp_ok(scalar(files_with_canary()), '>', 0, 'bytes are left in the files until tables are rewritten');
for my $statement (split /\n/, $node->safe_psql('shop', q{SELECT crmseg.erasure_statements('crm')}))
{
	$node->safe_psql('shop', $statement);
}
is(join(' ', files_with_canary()), '', 'no live file holds the address');
# the next import of it makes a party that may not be written to
$node->safe_psql('shop', qq{
	CREATE TABLE partner (mail text, optin text);
	INSERT INTO partner VALUES ('${canary}\@example.fr', 'oui'), ('new\@example.fr', 'oui');
	SELECT crmseg.import_flat('crm', 'partner', 'partner', '{"source_key": "mail", "email": "mail", "consent": {"purpose": "newsletter", "channel": "email", "status": {"column": "optin", "true": ["oui"]}}}');
});
is($node->safe_psql('shop', q{SELECT string_agg(address, ' ') FROM crm.reachable}), 'new@example.fr', 'an address that was erased is not written to again');
$node->stop;
done_testing();
