#!/usr/bin/env bash
# check.sh: unit tests of the cores, then pg_regress, isolation and TAP tests on a private throw-away server.
# Closes with 'N passed, N failed'. ONLY="rfm email" restricts pg_regress to those, TAP="install" the TAP tests; SKIP="unit regress isolation tap" leaves parts out.
set -u
cd "$(dirname "$0")/../.." || exit 1
. test/lib/deps.sh; . test/lib/server.sh; . test/lib/unit.sh
# shellcheck disable=SC2086
[ -n "${NO_DEPS:-}" ] || need $TEST_PACKAGES
server_prepare
passed=0 failed=0
skip() { [[ " ${SKIP:-} " == *" $1 "* ]]; }
# count FILE : adds the ok and not ok lines of a TAP or pg_regress output
count() {
	local p f
	p=$(grep -cE '^[[:space:]]*ok |^(test|     ).* \.\.\. +ok' "$1"); f=$(grep -cE '^[[:space:]]*not ok|^(test|     ).* \.\.\. +FAILED' "$1")
	passed=$((passed + p)); failed=$((failed + f))
}
run_driver() { # run_driver DRIVER OUTPUTFOLDER ARGUMENTS...
	local driver=$1 out=$2; shift 2
	as env PATH="$PGBIN:$PATH" PG_ABS_SRCDIR="$WORK/w" "$driver" --bindir="$PGBIN" --host="$WORK" --port="$PGPORT" --user="$PGUSER" "$@" >"$WORK/$out.log" 2>&1
	local rc=$?
	grep -E '^(not )?ok|^test |^(not )?ok|could not|psql: error' "$WORK/$out.log"
	count "$WORK/$out.log"
	if [ $rc != 0 ]; then
		grep -qE '^not ok|FAILED' "$WORK/$out.log" || { failed=$((failed + 1)); cat "$WORK/$out.log"; }
		find "$WORK/w" -name regression.diffs -exec head -${DIFF_LINES:-400} {} +
	fi
}

if ! skip unit; then
	if unit_build "$WORK/unit" gcc -O1 -Werror; then unit_run "$WORK/unit" >"$WORK/unit.log" 2>&1
	else echo 'not ok - the unit tests do not compile' >"$WORK/unit.log"; fi
	grep -E '^not ok|^#' "$WORK/unit.log"; count "$WORK/unit.log"
	echo "unit: $(grep -c '^ok' "$WORK/unit.log") ok"
fi

# the drivers write beside their inputs, as the unprivileged account: they work on a copy
mkdir "$WORK/w" && cp -r test expected docs README.md "$WORK/w/" && { [ "$ACCOUNT" = "$(id -un)" ] || chown -R "$ACCOUNT" "$WORK/w"; }
cd "$WORK/w" || exit 1
pgxs_test=$(dirname "$("$PG_CONFIG" --pgxs)")/../test
var() { make -C "$ROOT" -s "print-$1" PG_CONFIG="$PG_CONFIG"; }
if ! skip regress || ! skip isolation; then server_start ${SERVER_SETTINGS:+"$SERVER_SETTINGS"}; fi
# shellcheck disable=SC2046,SC2086
skip regress || run_driver "$pgxs_test/regress/pg_regress" regress $(var REGRESS_OPTS) --dbname=regression ${ONLY:-$(var REGRESS)}
isolation=$(var ISOLATION)
if ! skip isolation && [ -n "$isolation" ] && [ -x "$pgxs_test/isolation/pg_isolation_regress" ]; then
	# shellcheck disable=SC2046,SC2086
	run_driver "$pgxs_test/isolation/pg_isolation_regress" isolation $(var ISOLATION_OPTS) --outputdir=output_iso --dbname=isolation $isolation
fi
server_stop fast
tests=$(for t in $(var PROVE_TESTS); do [ -z "${TAP:-}" ] && echo "$t"; for o in ${TAP:-}; do [[ $t == *"$o"* ]] && echo "$t"; done; done)
if ! skip tap && [ -n "$tests" ]; then
	# a server without the modules (a wheel) borrows those of the machine's: an older Cluster.pm drives a newer server well
	for perl_lib in "$pgxs_test/perl" "$("$PG_CONFIG" --libdir)/pgxs/src/test/perl" /usr/lib/postgresql/*/lib/pgxs/src/test/perl; do
		[ -e "$perl_lib/PostgreSQL/Test/Cluster.pm" ] && break
	done
	if [ -e "$perl_lib/PostgreSQL/Test/Cluster.pm" ] && perl -MIPC::Run -e 1 2>/dev/null; then
		as mkdir "$WORK/w/t"
		# shellcheck disable=SC2086
		as env PATH="$PGBIN:$PATH" TMPDIR="$WORK/w/t" TESTDATADIR="$WORK/w/tmp_check" TESTLOGDIR="$WORK/w/tmp_check/log" PG_REGRESS="$pgxs_test/regress/pg_regress" \
			CRMSEG_SETTINGS="$STAGE_SETTINGS" CRMSEG_ROOT="$WORK/w" PERL5LIB="$perl_lib:$WORK/w/test/lib" PGHOST= PGPORT=65432 prove --verbose $tests >"$WORK/tap.log" 2>&1
		rc=$?
		count "$WORK/tap.log"; grep -E '^not ok|^#   Failed|^Result|\.\. *$' "$WORK/tap.log"
		if [ $rc != 0 ]; then grep -q '^not ok' "$WORK/tap.log" || failed=$((failed + 1)); tail -"${DIFF_LINES:-60}" "$WORK/tap.log" | cut -c1-500
			# a script that died says why in its log only
			for t in $(sed -n 's|^test/t/\([^ ]*\)\.pl .*exited.*|\1|p' "$WORK/tap.log"); do tail -15 "$WORK/w/tmp_check/log/regress_log_$t" | cut -c1-500; done
		fi
	else
		echo "TAP tests skipped: this server brings no PostgreSQL::Test::Cluster"
	fi
fi
[ -n "${KEEP_LOGS:-}" ] && cp -r "$WORK"/*.log "$KEEP_LOGS"/ 2>/dev/null
if [ -n "${RESULTS:-}" ]; then mkdir -p "$RESULTS" && cp -r "$WORK/w/results/." "$RESULTS/" 2>/dev/null; fi
# the last lines that a caller reads
[ $((passed + failed)) -gt 0 ] || failed=1
echo "$passed passed, $failed failed"
[ $failed = 0 ]
