#!/usr/bin/env bash
# check-valgrind.sh: the SQL tests with every backend under valgrind's memcheck, on a PostgreSQL 15 built for it from source
# (assertions, USE_VALGRIND: each palloc and pfree is told to valgrind), kept outside the tree. Closes with 'N passed, N failed'.
# About 50 times slower than the server itself: ONLY="rfm email" restricts it to those tests. Tests that do a lot may ask for the
# setting crmseg_test.light and do less.
set -u
cd "$(dirname "$0")/../.." || exit 1
. test/lib/deps.sh; . test/lib/cache.sh; . test/lib/server.sh
need $TEST_PACKAGES valgrind zlib1g-dev
CACHE=$(cache_dir) || exit 1
exec 9>"$CACHE/valgrind.lock"; flock 9
PG_CONFIG=$(valgrind_server) || { echo "the server for valgrind cannot be had"; echo "0 passed, 1 failed"; exit 1; }
exec 9>&-
export PG_CONFIG
prefix=$(dirname "$(dirname "$PG_CONFIG")")
WORK=$(mktemp -d "${TMPDIR:-/tmp}/crmseg.XXXXXX"); ACCOUNT=$(id -un); chmod 755 "$WORK"
cleanup_on_exit
mkdir "$WORK/logs"; install -d -m 1777 "$WORK/valgrind"
copy_tree "$ROOT" "$WORK/tree"; chmod 755 "$WORK/tree"
cat >"$WORK/postgres-valgrind" <<END
#!/bin/sh
# beside the data folder lies the server that the test made for itself
exec valgrind --quiet --trace-children=yes --track-origins=${TRACK_ORIGINS:-yes} --leak-check=no --error-markers=VALGRIND-ERROR-BEGIN,VALGRIND-ERROR-END \\
	--gen-suppressions=all --suppressions='$prefix/valgrind.supp' --suppressions='$WORK/tree/test/lib/valgrind.supp' \\
	--log-file='$WORK/valgrind/%p.log' "\$CRMSEG_PGBIN/postgres" "\$@"
END
chmod 755 "$WORK/postgres-valgrind"
SERVER_PROGRAM=$WORK/postgres-valgrind SERVER_SETTINGS="crmseg_test.light = on
force_parallel_mode = ${PARALLEL:-off}" SKIP='unit isolation tap' NO_DEPS=1 KEEP_LOGS="$WORK/logs" \
	COPT='-O1 -g3 -DUSE_VALGRIND' bash "$WORK/tree/test/lib/check.sh" >"$WORK/check.log" 2>&1
read -r passed _ failed _ <<<"$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$WORK/check.log" | tail -1)"
passed=${passed:-0} failed=${failed:-1}
if [ "$failed" = 0 ]; then grep -E '^(test|ok) ' "$WORK/check.log"; else tail -"${DIFF_LINES:-80}" "$WORK/check.log"; fi
reports=$(cat "$WORK"/valgrind/*.log | grep -c VALGRIND-ERROR-BEGIN)
if [ "$reports" = 0 ]; then passed=$((passed + 1)); else
	failed=$((failed + 1)); echo "not ok - valgrind made $reports reports; the first:"
	cat "$WORK"/valgrind/*.log | sed -n '/VALGRIND-ERROR-BEGIN/,/^}/p' | head -120
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
