#!/usr/bin/env bash
# bench.sh [DIR]: the figures of docs/benchmarks.md, on a private throw-away server; ONLY="rfm import" runs those of test/bench/NAME.sh.
# Each prints ratios to a peer or to the bare scan in the same run. DIR is a folder of large data sets, for those that want one.
set -u
cd "$(dirname "$0")/../.." || exit 1
. test/lib/deps.sh; . test/lib/server.sh
# shellcheck disable=SC2086
[ -n "${NO_DEPS:-}" ] || need $BUILD_PACKAGES
server_prepare
server_start "shared_buffers = '${SHARED_BUFFERS:-2GB}'" "work_mem = '512MB'" "maintenance_work_mem = '512MB'" "max_wal_size = '8GB'" "jit = off" "autovacuum = off"
rc=0
for f in test/bench/*.sh; do
	n=$(basename "$f" .sh)
	[[ -z "${ONLY:-}" || " $ONLY " == *" $n "* ]] || continue
	echo "== $n"
	CRMSEG_ROOT=$ROOT CRMSEG_WORK=$WORK PATH=$PGBIN:$PATH bash "$f" "$@" || { echo "$n: failed"; rc=1; }
done
exit $rc
