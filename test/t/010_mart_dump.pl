# A mart in use, with what its users added to it, survives dump and restore whole; DROP EXTENSION is refused while marts depend and costs
# no customer row when it is forced. All of it without a superuser.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Crmseg;

my $node = Crmseg::new_node('main');
my @app = (extra_params => [ '-U', 'app' ], on_error_stop => 1);
my $mart = q{"It's a ""mart"" $$"};
my $name = q{'It''s a "mart" $$'};

sub app { my ($db, $sql) = @_; return $node->safe_psql($db, $sql, @app); }
sub refused { my ($db, $sql) = @_; my ($out, $err); $node->psql($db, "\\set VERBOSITY verbose\n$sql", stdout => \$out, stderr => \$err, @app); return $err; }
# rows of a table come in no order: those of each COPY are sorted
sub slurp_dump { my $text = slurp_file($_[0]); $text =~ s/^\\(un)?restrict .*$//mg; $text =~ s/^(COPY [^\n]*;\n)(.*?)(^\\\.$)/$1 . join('', sort split(m{^}m, $2)) . $3/gems; return $text; }

$node->safe_psql('postgres', q{CREATE ROLE app LOGIN; CREATE ROLE reader LOGIN; CREATE DATABASE shop OWNER app; CREATE DATABASE copy OWNER app; CREATE DATABASE second OWNER app});
app('shop', q{CREATE EXTENSION crmseg});
app('shop', qq{SET client_min_messages = warning; SELECT crmseg.create_datamart($name, '{"time_zone": "Europe/Paris", "default_phone_region": "FR"}'); SELECT crmseg.create_datamart('plain')});
app('shop', qq{
	SET client_min_messages = warning;
	SET search_path = $mart;
	INSERT INTO source (name) VALUES ('till'), ('web');
	INSERT INTO currency_rate VALUES ('EUR', 'USD', '2020-01-01', 0.9);
	INSERT INTO party (given_name, family_name) SELECT 'Given' || i % 50, 'Family' || i % 50 FROM generate_series(1, 200) i;
	INSERT INTO source_record (party_id, source_id, external_id, payload) SELECT party_id, 1 + party_id % 2, 'r' || party_id, '{"a": 1}' FROM party;
	INSERT INTO contact_point (party_id, kind, value, value_norm, is_primary) SELECT party_id, 'email', e, e, true FROM party, LATERAL (SELECT 'given.family' || party_id % 50 || '\@example.fr') x (e);
	INSERT INTO consent (party_id, purpose, channel_id, status, valid, captured_at) SELECT party_id, 'newsletter', 1, CASE party_id % 3 WHEN 0 THEN 'withdrawn' ELSE 'granted' END, '[2020-01-01,)', '2020-01-01' FROM party;
	INSERT INTO store (code, name) VALUES ('1', 'Paris');
	INSERT INTO product (sku, name) SELECT 'p' || i, 'product' FROM generate_series(1, 20) i;
	INSERT INTO sales_order (party_id, ordered_at, currency, amount, source_id, external_id, store_id) SELECT party_id, timestamptz '2024-01-01 UTC' + party_id * interval '1 hour', CASE party_id % 4 WHEN 0 THEN 'USD' WHEN 1 THEN 'GBP' ELSE 'EUR' END, 10.50, 1, 'o' || party_id, 1 FROM party;
	INSERT INTO sales_order_line (party_id, order_id, line_no, product_id, ordered_at, amount) SELECT party_id, order_id, 1, 1 + order_id % 20, ordered_at, amount FROM sales_order;
	SELECT crmseg.resolve($name);
	-- what its users add
	ALTER TABLE party ADD COLUMN shoe_size integer DEFAULT 42;
	CREATE INDEX my_index ON party (shoe_size);
	COMMENT ON COLUMN party.shoe_size IS 'ours';
	CREATE TABLE my_table (party_id bigint REFERENCES party, body text);
	INSERT INTO my_table SELECT min(party_id), 'kept' FROM party;
	CREATE FUNCTION my_check() RETURNS trigger LANGUAGE plpgsql AS \$f\$ BEGIN RETURN NEW; END \$f\$;
	CREATE TRIGGER my_trigger BEFORE UPDATE ON party FOR EACH ROW EXECUTE FUNCTION my_check();
	ALTER TABLE sales_order ENABLE ROW LEVEL SECURITY;
	CREATE POLICY my_policy ON sales_order TO reader USING (store_id = 2);
	GRANT USAGE ON SCHEMA $mart TO reader;
	GRANT SELECT ON ALL TABLES IN SCHEMA $mart TO reader;
	ALTER TABLE party ALTER COLUMN tier SET STATISTICS 500;
	CREATE PUBLICATION my_publication FOR TABLE party;
});
# a mart with every kind of row in it, activity kept as bitmaps, memberships followed, a live source, a month detached
app('shop', q{SET client_min_messages = warning; CALL crmseg.demo('full', 150); SELECT crmseg.keep_segments('full'); SELECT crmseg.detach_partitions('full', 'web_event', '2025-03-01');
	INSERT INTO "full".interaction (party_id, occurred_at, channel_id) SELECT party_id, '2025-07-14 12:00+02', 1 FROM "full".party WHERE kind = 'person' ORDER BY party_id LIMIT 3});
# what is asked of it before and after: sets from the bitmaps beside the rows themselves, members, an audience, health, what the whole of it holds
my $answers = q{SET client_min_messages = warning; SELECT
	(SELECT crmseg.cardinality(crmseg.activity_set('full', 'did order and did not click')) FROM (SELECT) x),
	(SELECT count(DISTINCT party_id) FROM "full".sales_order o JOIN "full".party p USING (party_id) WHERE p.kind <> 'unidentified' AND o.kind = 's' AND o.status <> 'cancelled' AND NOT EXISTS (SELECT FROM "full".reaction r WHERE r.party_id = o.party_id AND r.kind = 'click' AND NOT r.is_machine)),
	(SELECT bool_and(ready) FROM "full".activity_kept), (SELECT count(*) FROM "full".activity_delta),
	(SELECT md5(string_agg(segment || party_id, ',' ORDER BY segment, party_id)) FROM "full".segment_membership),
	(SELECT md5(string_agg(r::text, ',' ORDER BY party_id, channel, purpose)) FROM "full".reachable r), (SELECT md5(string_agg(p::text, ',' ORDER BY party_id)) FROM "full".portfolio p),
	(SELECT count(*) FROM "full".web_activity), (SELECT sum(touch_w) FROM "full".party_channel), (SELECT count(*) FROM "full".mart_health WHERE state = 'look')};
my $answered = app('shop', $answers);
my ($by_bitmaps, $by_rows) = split /\|/, $answered;
is($by_bitmaps, $by_rows, 'the bitmaps of the full mart say what its rows say');
cmp_ok($by_bitmaps, '>', 10, 'and that is not nothing');
is(app('shop', qq{SELECT count(*) FROM $mart.party}), '50', 'resolve linked the records');
is($node->safe_psql('shop', qq{SELECT count(*) FROM $mart.sales_order}, extra_params => [ '-U', 'reader' ]), '0', 'row-level security holds before');

my $dump = "$PostgreSQL::Test::Utils::tmp_check/shop.sql";
my $custom = "$PostgreSQL::Test::Utils::tmp_check/shop.dump";
$node->command_ok([ 'pg_dump', '-U', 'app', '-f', $dump, 'shop' ], 'dump by the owner');
$node->command_ok([ 'pg_dump', '-U', 'app', '-Fc', '-f', $custom, 'shop' ], 'dump in the custom format');
$node->command_ok([ 'psql', '-X', '-q', '-U', 'app', '-v', 'ON_ERROR_STOP=1', '-d', 'copy', '-f', $dump ], 'restore by the owner, without one error');
$node->command_ok([ 'pg_restore', '-U', 'app', '-j', '2', '--exit-on-error', '-d', 'second', $custom ], 'restore in parallel');

for my $db ('copy', 'second')
{
	my $again = "$PostgreSQL::Test::Utils::tmp_check/$db.sql";
	$node->command_ok([ 'pg_dump', '-U', 'app', '-f', $again, $db ], "$db: dump again");
	ok(slurp_dump($dump) eq slurp_dump($again), "$db: both dumps are equal byte by byte");
	is($node->safe_psql($db, qq{SELECT count(*) FROM $mart.sales_order}, extra_params => [ '-U', 'reader' ]), '0', "$db: row-level security holds");
	is($node->safe_psql($db, qq{SELECT count(*) FROM $mart.customer_rfm}, extra_params => [ '-U', 'reader' ]), app('shop', qq{SELECT count(*) FROM $mart.customer_rfm}), "$db: so do grants on the views");
	is(app($db, qq{SELECT mart, step = (SELECT max(step) FROM crmseg.mart_step) FROM crmseg.datamarts() ORDER BY 1}), qq{It's a "mart" \$\$|t\nfull|t\nplain|t}, "$db: the marts are found");
	is(app($db, $answers), $answered, "$db: the full mart answers as before");
	# what keeps it up goes on: an order is in the profile, the bitmaps and the segment at once; what waited for a live source is pulled
	is(app($db, q{SET client_min_messages = warning;
		INSERT INTO "full".sales_order (party_id, ordered_at, currency, amount, source_id, external_id) SELECT min(party_id), '2025-12-31', 'EUR', 5000, 1, 'restored' FROM "full".party WHERE kind = 'person' AND restricted_at IS NULL;
		INSERT INTO "full".demo_ticket SELECT 9999, min(r.external_id), 'quote', '2025-12-30' FROM "full".source_record r JOIN "full".source USING (source_id) WHERE name = 'web';
		SELECT f.revenue >= 5000, (SELECT count(*) > 0 FROM "full".activity_delta), (SELECT rows_read > 0 FROM crmseg.pull_attached('full')), crmseg.has_party(crmseg.activity_set('full', 'did order'), f.party_id),
			crmseg.refresh_profile('full') + crmseg.refresh_traits('full') + crmseg.refresh_channels('full') AS wrong
		FROM "full".party_profile f JOIN "full".sales_order o USING (party_id) WHERE o.external_id = 'restored'}), 't|t|t|t|0', "$db: and is kept up");
	is(app($db, qq{SET client_min_messages = warning; SELECT c.* FROM crmseg.datamarts() d, LATERAL crmseg.check_datamart(d.mart) c}), '', "$db: nothing deviates");
	is(app($db, qq{SELECT schemaname, count(*), string_agg(tablename, ',') FROM pg_publication_tables GROUP BY 1}), qq{It's a "mart" \$\$|1|party}, "$db: the publication");
	# an empty search_path is what restored triggers, CHECKs and generated columns meet
	is(app($db, qq{SET client_min_messages = warning; SET search_path = '';
		INSERT INTO $mart.party (given_name, family_name) VALUES ('Given1', 'Family1');
		INSERT INTO $mart.source_record (party_id, source_id, external_id) SELECT max(party_id), 1, 'new' FROM $mart.party;
		INSERT INTO $mart.contact_point (party_id, kind, value, value_norm) SELECT max(party_id), 'email', 'given.family1\@example.fr', 'given.family1\@example.fr' FROM $mart.party;
		INSERT INTO $mart.sales_order (party_id, ordered_at, currency, amount, source_id, external_id) SELECT max(party_id), '2024-05-05', 'USD', 100, 1, 'new' FROM $mart.party;
		SELECT records_read, linked, created, merged FROM crmseg.resolve($name)}), '1|1|0|1', "$db: functions work, with an empty search_path too");
	is(app($db, qq{SELECT base_amount FROM $mart.sales_order WHERE external_id = 'new'}), '90.0', "$db: and triggers do");
	is(app($db, qq{SELECT crmseg.upgrade_datamart($name) = (SELECT max(step) FROM crmseg.mart_step)}), 't', "$db: nothing to upgrade");
}

# only the mart: definitions and rows
$node->command_like([ 'pg_dump', '-U', 'app', '-n', 'plain', 'shop' ], qr/CREATE TABLE plain\.party .*COPY plain\.datamart/s, 'a mart alone is dumped with its definitions');

# the extension goes
like(refused('shop', 'DROP EXTENSION crmseg'), qr/2BP01.*cannot drop extension crmseg because other objects depend on it/s, 'DROP EXTENSION is refused while marts depend');
like(refused('shop', 'DROP EXTENSION btree_gist'), qr/2BP01/, 'so is that of btree_gist');
# a count of every table of a mart, as one statement
my $rows = app('shop', q{SELECT string_agg(format('SELECT %L AS t, count(*) FROM %s', c.relname, c.oid::regclass), ' UNION ALL ') || ' ORDER BY t'
	FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'It%')});
my $sums = qq{SELECT (SELECT md5(string_agg(p::text, '|' ORDER BY party_id)) FROM $mart.party p), (SELECT sum(base_amount) FROM $mart.sales_order), (SELECT count(*) FROM $mart.sales_order_line)};
my ($rows_before, $sums_before) = (app('shop', $rows), app('shop', $sums));
app('shop', 'SET client_min_messages = warning; DROP EXTENSION crmseg CASCADE');
is(app('shop', $rows), $rows_before, 'DROP EXTENSION CASCADE costs no row');
is(app('shop', $sums), $sums_before, 'and changes none');
app('shop', 'CREATE EXTENSION crmseg');
like(app('shop', qq{SET client_min_messages = warning; SELECT * FROM crmseg.check_datamart($name)}), qr/datamart\.datamart_time_zone_known\|constraint is missing.*sales_order\.sales_order_base_rate\|trigger is missing/s, 'what it took along is reported');

# a mart goes, and the extension with nothing left
app('copy', qq{SET client_min_messages = warning; DROP SCHEMA $mart CASCADE; DROP SCHEMA plain CASCADE; DROP SCHEMA "full" CASCADE});
is(app('copy', 'SELECT count(*) FROM crmseg.datamarts()'), '0', 'a mart goes by DROP SCHEMA');
app('copy', 'DROP EXTENSION crmseg');
is(app('copy', q{SELECT count(*) FROM pg_namespace n JOIN pg_proc p ON p.pronamespace = n.oid WHERE nspname = 'crmseg'}), '0', 'then the extension goes without CASCADE');
$node->stop;
done_testing();
