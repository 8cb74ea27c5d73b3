#!/usr/bin/env bash
# matrix.sh: the whole of check.sh on each major of $MAJORS (default "15 16 17 18"), one line a major, then 'N passed, N failed'.
# 15 is Debian 12's own; 16 and 18 come from wheels of PyPI (built without ICU collations); 17 from a folder with
# Debian 13, and with FULL=1 18 too from one with Debian testing. A major that cannot be had here is said to be skipped, with the reason.
set -u
cd "$(dirname "$0")/../.." || exit 1
. test/lib/deps.sh; . test/lib/cache.sh
ROOT=$PWD CACHE=$(cache_dir) || exit 1
unset PG_CONFIG; export NO_DEPS=
exec 9>"$CACHE/lock"; flock 9	# the trees and servers below are one user's at a time
passed=0 failed=0
key=$(printf '%s' "$ROOT" | cksum | cut -d' ' -f1)

# result V SECONDS LOG : takes the closing line of a run and says what came of it
result() {
	local line; line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$3" | tail -1)
	# a run without a closing line did not get as far as its tests
	read -r p _ f _ <<<"${line:-0 passed, 1 failed}"
	passed=$((passed + p)) failed=$((failed + f))
	if [ "$f" = 0 ]; then echo "PostgreSQL $1: $p passed ($2 s)$(sed -n 's/^TAP tests skipped.*/, without TAP tests/p' "$3")"
	else echo "PostgreSQL $1: $p passed, $f failed ($2 s); $3 ends:"; tail -"${DIFF_LINES:-60}" "$3" | sed 's/^/    /'; fi
}

on_debian_12() { need $TEST_PACKAGES && bash test/lib/check.sh; }

# the flags a wheel was built with are not all known to an older compiler
on_wheel() { # on_wheel V
	local config; config=$(wheel_server "$1" 2>&1) || { why=$config; return 2; }
	copy_tree "$ROOT" "$CACHE/tree/$key-$1"
	PG_CONFIG=$config MAKE_ARGS='CFLAGS=-O2 -g -Wall -fno-strict-aliasing -fwrapv -fexcess-precision=standard' bash "$CACHE/tree/$key-$1/test/lib/check.sh"
}

in_root() { # in_root V SUITE
	local r; r=$(debian_root "$1" "$2" 2>"$CACHE/why") || { why=$(tail -1 "$CACHE/why"); return 2; }
	copy_tree "$ROOT" "$r/src/$key"
	unshare -m sh -ec "mount -t proc proc '$r/proc'; mkdir -p '$r/dev/shm'; mount -t tmpfs tmpfs '$r/dev/shm'
		exec chroot '$r' env PATH=/usr/sbin:/usr/bin:/sbin:/bin TMPDIR=/tmp PG_CONFIG=/usr/lib/postgresql/$1/bin/pg_config bash /src/$key/test/lib/check.sh"
}

for v in ${MAJORS:-15 16 17 18}; do
	why= start=$SECONDS log=$CACHE/check$v.log
	case $v in
	15) on_debian_12 ;;
	16) export NO_DEPS=1; on_wheel 16 ;;
	17) export NO_DEPS=1; in_root 17 trixie ;;
	18) export NO_DEPS=1; if [ -n "${FULL:-}" ]; then in_root 18 forky; else on_wheel 18; fi ;;
	*) why="no way to get it is known here"; false ;;
	esac >"$log" 2>&1 </dev/null
	if [ -n "$why" ]; then echo "PostgreSQL $v: skipped, $why"; else result "$v" $((SECONDS - start)) "$log"; fi
done
[ $((passed + failed)) -gt 0 ] || failed=1
echo "$passed passed, $failed failed"
[ $failed = 0 ]
