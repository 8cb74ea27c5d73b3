# Crmseg.pm: a server for the TAP tests that finds the staged extension, and values of every type to call its functions with.
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

# limit_memory(NODE, BYTES): a call that takes more fails with 53200 instead of troubling the machine
sub limit_memory
{
	my ($node, $bytes) = @_;
	my ($pid) = split /\n/, slurp_file($node->data_dir . '/postmaster.pid');
	system('prlimit', "--pid=$pid", "--as=$bytes") == 0 or warn 'prlimit failed';
}

# functions(NODE, DB, CONDITION): the extension's functions that SQL can call, as [name, kind, [argument types], whether it is STRICT]
sub functions
{
	my ($node, $db, $condition) = @_;
	my $rows = $node->safe_psql($db, qq{
		SELECT p.oid::regproc, p.prokind, p.proisstrict, coalesce((SELECT string_agg(format_type(t, NULL), '|' ORDER BY n) FROM unnest(p.proargtypes) WITH ORDINALITY u(t, n)), '')
		FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
		WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
		  AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'crmseg')
		  AND p.prorettype <> ALL ('{internal,trigger,event_trigger}'::regtype[]) AND NOT 'internal'::regtype = ANY (p.proargtypes)
		  AND $condition ORDER BY p.oid::regprocedure::text COLLATE "C"});
	return map { my ($name, $kind, $strict, $args) = split /~/; [ $name, $kind, [ split /\|/, $args // '' ], $strict eq 't' ] }
		map { my @f = split /\|/, $_, 4; join '~', @f } split /\n/, $rows;
}

my $summary = q{(SELECT crmseg.purchases(t, a) FROM (VALUES (timestamptz '2024-01-05 10:00+00', 20.5), ('2024-06-01 12:00+00', 3), ('2025-02-03 09:30+00', -3), ('2025-11-11 18:00+00', 199.99)) v(t, a))};
# Usual values first, then odd ones. An own type that is missing here is called with NULL alone.
my %values = (
	'text' => [ q{'Jean-Baptiste Müller'}, q{'12 bis, av. du Gal Leclerc 75014 Paris'}, q{'a@b.fr'}, q{'+33 6 12 34 56 78'}, q{''}, q{E'\\x01\\t'}, q{'e' || chr(769)}, q{chr(65039) || chr(127462)},
		q{repeat('x', 20000)}, q{repeat('(', 20000)}, q{repeat('é ', 9000)}, q{repeat(chr(128512), 5000)}, q{repeat('a.', 500000)}, q{'FR'}, q{'NaN'}, q{'1e999999'}, q{'"' || repeat('\\', 999)} ],
	'name' => [ q{'shop'}, q{'no_such'}, q{''}, q{'pg_catalog'}, q{'a"b''c'}, q{repeat('é', 31)} ],
	'smallint' => [ 1, 0, -1, 32767, -32768 ],
	'integer' => [ 1, 5, 0, -1, 50, 2147483647, -2147483648 ],
	'bigint' => [ 1, 7, 0, -1, '9223372036854775807', q{'-9223372036854775808'} ],
	'oid' => [ 1, 0, q{'4294967295'} ],
	'regclass' => [ q{'public.people'}, q{'pg_catalog.pg_class'}, 0, 99999, q{'public.people_pkey'}, q{'public.empty'} ],
	'real' => [ 0.5, q{'NaN'}, q{'-Infinity'} ],
	'double precision' => [ 1.5, 0, 3, -2.5, q{'NaN'}, q{'Infinity'}, q{'-Infinity'}, 1e308, 1e-308 ],
	'numeric' => [ 12.34, 0, -7, q{'NaN'}, q{'Infinity'}, q{'1e1000'}, q{'1e-1000'}, q{'99999999999999999999999999.999999999'} ],
	'boolean' => [ 'true', 'false' ],
	'date' => [ q{'2024-02-29'}, q{'infinity'}, q{'-infinity'}, q{'4713-01-01 BC'}, q{'5874897-12-31'} ],
	'timestamp without time zone' => [ q{'2024-02-29 12:00'}, q{'infinity'}, q{'-infinity'} ],
	'timestamp with time zone' => [ q{'2026-01-01 00:00+00'}, q{'2024-02-29 12:00+00'}, q{'infinity'}, q{'-infinity'}, q{'4713-01-01 00:00+00 BC'}, q{'294276-12-31 00:00+00'} ],
	'time without time zone' => [ q{'12:00'}, q{'24:00'} ],
	'interval' => [ q{'1 year'}, q{'7 days'}, q{'0'}, q{'-3 days'}, q{'178000000 years'}, q{'1 mon -30 days'} ],
	'uuid' => [ q{'00000000-0000-0000-0000-00000000000a'} ],
	'json' => [ q{'{}'}, q{'null'} ],
	'jsonb' => [ q{'{"given_name": "given_name", "email": "email"}'}, q{'{}'}, q{'null'}, q{'[]'}, q{'"x"'}, q{'{"": {"": [1, null, {"a": "b"}]}}'}, q{'{"a": 1e400}'}, q{(repeat('[', 3000) || repeat(']', 3000))} ],
	'bytea' => [ q{'\x'}, q{'\x00ff'}, q{decode(repeat('ff', 5000), 'hex')} ],
	'character varying' => [ q{'a@b.fr'}, q{''}, q{repeat('x', 20000)} ],
	'record' => [ q{ROW(1, 'a')}, q{ROW()}, q{(SELECT p FROM public.people p LIMIT 1)} ],
	'anyelement' => [ q{'x'::text}, q{1} ], 'anynonarray' => [ q{'x'::text} ], 'anyarray' => [ q{ARRAY[1, NULL]} ], 'any' => [ q{'x'::text}, q{1} ],
	'cstring' => [ q{'5-4-3'}, q{''}, q{'a@b.fr'} ], 'regtype' => [ q{'text'} ], 'regproc' => [ q{'now'} ], 'regconfig' => [ q{'simple'} ],
	'crmseg.email' => [ q{'Jean.Dupont+x@gmail.com'}, q{'é@bücher.example'}, q{'"a b"@example.org'} ],
	'crmseg.phone' => [ q{'+33612345678'}, q{'+14155552671'} ],
	'crmseg.rfm' => [ q{'5-4-3'}, q{'1-1-1'} ],
	'crmseg.purchase_summary' => [ $summary, q{crmseg.purchase('2024-01-01 00:00+00', 5)}, q{crmseg.purchase('2024-01-01 00:00+00', -5)}, q{crmseg.purchase('infinity', 'NaN')}, q{crmseg.purchase('2024-01-01 00:00+00', '1e100')} ],
	'crmseg.rfm_cuts' => [ qq{(SELECT crmseg.rfm_cuts($summary, '2026-01-01 00:00+00', 5))} ],
	'crmseg.value_model' => [ q{'bg_nbd(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259)'}, q{'gamma_gamma(p=6.25, q=3.74, v=15.44)'}, q{'pareto_nbd(r=0.5533, alpha=10.578, s=0.6061, beta=11.669)'}, q{'bg_bb(alpha=1.204, beta=0.750, gamma=0.657, delta=2.783)'} ],
	'crmseg.cluster_model' => [ q{'kmeans(centres={{1,2},{3,4}})'}, q{'kmeans(centres={{0.5}}, sizes={10}, within={2.5}, mean={0.5}, deviation={1}, standardised=true, rows=10, ignored=1, inertia=2.5, total=2.5, seed=7, iterations=3, status=converged)'},
		q{(SELECT crmseg.kmeans(ARRAY[i, i % 3], 2, 1) FROM generate_series(1, 20) i)} ],
	'crmseg.cluster_sample' => [ q{(SELECT crmseg.cluster_sample_add(NULL, ARRAY[1, 2.5], 2, 1))}, q{(SELECT crmseg.cluster_sample_add(NULL, ARRAY[1, NULL, 3], 2, 1, 2, NULL))}, q{(SELECT crmseg.cluster_sample_add(NULL, ARRAY[1, 2], ARRAY[[1, 1], [2, 2]]::float8[]))} ],
	'crmseg.segment' => [ q{'true'}, q{'age > 18'} ],
);

# values(TYPE): SQL expressions of that type; none when it is an own type that this file does not know
sub values
{
	my ($type) = @_;
	return map { "CAST($_ AS $type)" } @{ $values{$type} } if $values{$type} && $type !~ /^(any|record)/;
	return @{ $values{$type} } if $values{$type};
	if ($type =~ /^(.*)\[\]$/)
	{
		my @of = Crmseg::values($1);
		return ("'{}'::$type", "'{NULL}'::$type", @of ? ("ARRAY[$of[0]]", 'ARRAY[' . join(', ', @of[ 0 .. ($#of > 4 ? 4 : $#of) ]) . ']', "ARRAY[ARRAY[$of[0]], ARRAY[$of[-1]]]") : ());
	}
	return ();
}
1;
