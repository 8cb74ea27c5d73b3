# A database whose ICU locale is Turkish, where the upper case of i is no I and that of a code of SQL no word of SQL, with dates, intervals and a search path of
# its own, and a mart with quotes and blanks in its name: what looks at letters answers as in any other.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crmseg;

my $node = Crmseg::new_node('locale');
my ($rc, $out, $err) = $node->psql('postgres', q{CREATE DATABASE tr TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C'});
plan(skip_all => 'this server is built without ICU') if $err =~ /ICU is not supported/;
is($rc, 0, 'a database of another locale') or diag $err;
$node->safe_psql('postgres', q{ALTER DATABASE tr SET timezone = 'America/Santiago'; ALTER DATABASE tr SET datestyle = 'SQL, DMY'; ALTER DATABASE tr SET intervalstyle = 'iso_8601';
	ALTER DATABASE tr SET bytea_output = 'escape'; ALTER DATABASE tr SET extra_float_digits = 0; ALTER DATABASE tr SET search_path = ''});
my $mart = q{'In "ı" d''I'};
sub asked { my $sql = shift; $sql =~ s/MART/$mart/g; return $node->safe_psql('tr', "SET client_min_messages = warning; SET search_path = \"In \"\"ı\"\" d'I\", public; $sql") }

$node->safe_psql('tr', qq{SET client_min_messages = warning; CREATE EXTENSION crmseg; SELECT crmseg.create_datamart($mart, '{"time_zone": "Pacific/Auckland", "base_currency": "EUR", "default_phone_region": "FR"}')});
is(asked(q{SELECT * FROM crmseg.check_datamart(MART)}), '', 'a mart is as its steps make it');

# triggers on tables of the application and of the mart
is(asked(q{CREATE SCHEMA "İş"; CREATE TABLE "İş".client ("Id" int PRIMARY KEY, name text, mail text, country text);
	INSERT INTO "İş".client VALUES (1, 'IRIS', 'INFO@IRIS.IT', 'it'), (2, 'ilker', 'Ilker@x.fr', 'fi');
	SELECT crmseg.attach(MART, 'party', '"İş".client', '{"source": "app", "source_key": "Id", "party": {"family_name": "name", "country": "country"}, "email": "mail", "deletions": "erase"}') \g /dev/null
	SELECT rows_read, refused FROM crmseg.pull_attached(MART);
	DELETE FROM "İş".client WHERE "Id" = 2;
	SELECT deleted FROM crmseg.pull_attached(MART)}), "2|0\n1", 'an attached table and its deletions');
is(asked(q{SELECT family_name, country FROM party}), 'IRIS|IT', 'a country is written as its code');
is(asked(q{SELECT crmseg.keep_activity(MART) \g /dev/null
	SELECT crmseg.define_segment(MART, 'iris', 'family_name = ''IRIS'' and country = ''IT''') > 0; SELECT crmseg.keep_segments(MART, true) \g /dev/null
	SELECT count(*) FROM segment_membership; UPDATE party SET country = 'IE'; SELECT count(*) FROM segment_membership}), "t\n1\n0", 'memberships follow changes');
is(asked(q{SELECT crmseg.identify(MART, 'app', '77', '{"family_name": "Inci", "email": "inci@x.fr", "country": "it"}') > 0; SELECT country FROM party WHERE family_name = 'Inci'}), "t\nIT", 'a record that is identified');
is(asked(q{UPDATE campaign SET name = name; INSERT INTO consent (party_id, purpose, channel_id, status, valid, captured_at) SELECT party_id, 'ads', c.channel_id, 'granted', '[2020-01-01,)', '2020-01-01' FROM party, channel c WHERE name IN ('email', 'social');
	SELECT count(*) FROM crmseg.export_audience(MART, 'party', purpose => 'ads') a WHERE a::text LIKE '%' || encode(sha256('info@iris.it'), 'hex') || '%'}), '1', 'digests of addresses are those of all the world');

# refused lines that name an erased address are found, however it is written there
asked(q{CREATE TABLE public.line (n bigint GENERATED ALWAYS AS IDENTITY, l text);
	INSERT INTO public.line (l) VALUES ('no;mail;ticket;date;montant'), ('5;INFO@IRIS.IT;T5;31/02/2024;1'), ('6;i@x.fr;T6;31/02/2024;1');
	SELECT crmseg.import_csv(MART, 'till', 'public.line', '{"source_key": "no", "email": "mail", "order": {"external_id": "ticket", "ordered_at": {"column": "date", "format": "DD/MM/YYYY"}, "amount": "montant"}}')});
asked(q{SELECT crmseg.erase_party(MART, (SELECT min(party_id) FROM party WHERE family_name = 'IRIS'))});
is(asked(q{SELECT raw FROM import_reject ORDER BY line_no}), "\n6;i\@x.fr;T6;31/02/2024;1", 'the refused line of an erased address is emptied');
is(asked(q{SELECT crmseg.set_datamart(MART, '{"time_zone": "INDIAN/mauritius"}') IS NOT NULL}), 't', 'time zones in any case');

# the demo, upkeep and the check of it all
asked(q{CALL crmseg.demo('demo', 60); CALL crmseg.maintain('demo')});
is(asked(q{SELECT (SELECT count(*) FROM demo.run WHERE state = 'failed') + (SELECT count(*) FROM crmseg.check_datamart('demo'))}), '0', 'the demo and its upkeep');
$node->safe_psql('postgres', q{CREATE DATABASE c TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'});
$node->safe_psql('c', q{SET client_min_messages = warning; SET timezone = 'America/Santiago'; CREATE EXTENSION crmseg; CALL crmseg.demo('demo', 60)});
my $digest = q{SET timezone = 'UTC'; SET datestyle = 'ISO'; SELECT sum(hashtextextended(concat_ws('|', family_name, given_name, country, orders, revenue, email), 0)) FROM demo.customer_360};
is($node->safe_psql('tr', $digest), $node->safe_psql('c', $digest), 'its customers are those of another database');
$node->stop;
done_testing();
