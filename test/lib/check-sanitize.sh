#!/usr/bin/env bash
# check-sanitize.sh: (0) the whole tree without a warning on gcc and clang (make DEV=1); (1) the unit tests of the cores under the address and undefined-behaviour sanitizers, without a server;
# (2) every target of test/fuzz: its seeds replayed, then new inputs; (3) the SQL tests with the module under the undefined-behaviour
# sanitizer in the stock server. Closes with 'N passed, N failed'. Works on copies: no sanitized object is left in the tree.
#   FUZZ_SECONDS=100   of new inputs for all targets together (0: seeds only)    FUZZ="email phone"   only these targets    FUZZ_SEED=1
#   SKIP="warnings unit fuzz module"   leaves parts out        CC=gcc   instead of clang: no new inputs then, seeds only
set -u
cd "$(dirname "$0")/../.." || exit 1
skipped=" ${SKIP:-} "; SKIP=	# check.sh below has parts of its own
. test/lib/deps.sh; . test/lib/cache.sh; . test/lib/server.sh; . test/lib/unit.sh
# shellcheck disable=SC2086
[ -n "${NO_DEPS:-}" ] || need $TEST_PACKAGES clang libclang-rt-14-dev
find_pg
SOURCE=$ROOT
WORK=$(mktemp -d "${TMPDIR:-/tmp}/crmseg.XXXXXX"); ACCOUNT=$(id -un)
cleanup_on_exit
passed=0 failed=0
good() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "not ok - $1"; }
cc=${CC:-clang}; command -v "$cc" >/dev/null || cc=gcc
sanitizers='-O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined'
# what a core allocates belongs to a memory context in the server: freeing it is not the core's duty
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=0:handle_abort=1 UBSAN_OPTIONS=print_stacktrace=1

if [[ $skipped != *" warnings "* ]]; then
	copy_tree "$SOURCE" "$WORK/tree"
	for c in gcc clang; do
		command -v $c >/dev/null || { echo "warnings of $c: skipped, it is not installed"; continue; }
		find "$WORK/tree" -name '*.o' -delete
		if make -C "$WORK/tree" -s -k -j"$(nproc)" PG_CONFIG="$PG_CONFIG" with_llvm=no DEV=1 CC=$c all >"$WORK/warnings.log" 2>&1; then good; echo "warnings of $c: none"
		else bad "warnings of $c"; grep -E -A3 'error|Error' "$WORK/warnings.log" | head -40; fi
	done
fi

if [[ $skipped != *" unit "* ]]; then
	# shellcheck disable=SC2086
	if unit_build "$WORK/unit" "$cc" $sanitizers; then
		unit_run "$WORK/unit" >"$WORK/unit.log" 2>&1
		p=$(grep -c '^ok' "$WORK/unit.log") f=$(grep -c '^not ok' "$WORK/unit.log")
		passed=$((passed + p)) failed=$((failed + f))
		grep -E -A12 '^not ok|runtime error|ERROR: AddressSanitizer' "$WORK/unit.log" | head -80
		echo "cores under sanitizers ($cc): $p ok, $f not ok"
	else bad "the unit tests do not compile with $cc"; fi
fi

if [[ $skipped != *" fuzz "* ]]; then
	targets=${FUZZ:-$(for f in test/fuzz/*.c; do [ -e "$f" ] && basename "$f" .c; done)}
	count=$(wc -w <<<"$targets") each=0 driver=
	if [ "$cc" = clang ]; then fuzzer=-fsanitize=fuzzer; else fuzzer= driver=test/lib/replay.c; fi
	[ "$count" -gt 0 ] && each=$((${FUZZ_SECONDS:-100} / count))
	# shellcheck disable=SC2086
	unit_objects "$WORK/fuzz" "$cc" $sanitizers ${fuzzer:+-fsanitize=fuzzer-no-link} || { bad "the cores do not compile for fuzzing"; targets=; }
	for t in $targets; do
		# shellcheck disable=SC2046,SC2086
		"$cc" -std=gnu11 -Wall -g $sanitizers $fuzzer -Isrc test/fuzz/$t.c $driver $(unit_link "$WORK/fuzz") -o "$WORK/fuzz/$t" || { bad "fuzz target $t does not compile"; continue; }
		mkdir -p "$WORK/corpus/$t" "$WORK/found"; seeds=test/fuzz/seeds/$t; [ -d "$seeds" ] || seeds=
		if [ -n "$driver" ]; then
			# shellcheck disable=SC2086
			"$WORK/fuzz/$t" ${seeds:+$seeds/*} >"$WORK/$t.log" 2>&1 && { good; continue; }
		else
			dictionary=test/fuzz/$t.dict; [ -e "$dictionary" ] || dictionary=
			options=(-artifact_prefix="$WORK/found/$t-" -timeout=60 -rss_limit_mb=2048 -seed="${FUZZ_SEED:-1}" -max_len="${FUZZ_LENGTH:-4096}" ${dictionary:+-dict="$dictionary"})
			# shellcheck disable=SC2086
			"$WORK/fuzz/$t" "${options[@]}" -runs=0 "$WORK/corpus/$t" $seeds >"$WORK/$t.log" 2>&1 &&
				{ [ "$each" = 0 ] || "$WORK/fuzz/$t" "${options[@]}" -max_total_time="$each" -print_final_stats=1 "$WORK/corpus/$t" $seeds >"$WORK/$t.log" 2>&1; } &&
				{ good; echo "fuzz $t: $(ls ${seeds:-"$WORK/corpus/$t"} | wc -l) seeds, $(sed -n 's/^stat::number_of_executed_units: *//p' "$WORK/$t.log") inputs in $each s"; continue; }
		fi
		bad "fuzz target $t"
		grep -E -A14 'ERROR|runtime error|Test unit written' "$WORK/$t.log" | head -40
		for f in "$WORK/found/$t-"*; do [ -e "$f" ] && mkdir -p build/fuzz && cp "$f" build/fuzz/ && echo "the input is kept as build/fuzz/$(basename "$f"); in base64: $(base64 -w0 "$f" | head -c 2000)"; done
	done
fi

if [[ $skipped != *" module "* ]]; then
	copy_tree "$SOURCE" "$WORK/tree"; find "$WORK/tree" -name '*.o' -delete; mkdir "$WORK/logs"
	# without -fno-wrapv nothing would be found: the server's flags let signed numbers wrap
	COPT='-O1 -fsanitize=undefined -fno-wrapv' SKIP='unit isolation tap' NO_DEPS=1 KEEP_LOGS="$WORK/logs" CC= bash "$WORK/tree/test/lib/check.sh" >"$WORK/module.log" 2>&1
	read -r p _ f _ <<<"$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$WORK/module.log" | tail -1)"
	passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1}))
	[ "${f:-1}" = 0 ] || tail -80 "$WORK/module.log"
	grep -h 'runtime error' "$WORK"/logs/* "$WORK/module.log" | sort | uniq -c | sort -rn >"$WORK/findings"
	if [ -s "$WORK/findings" ]; then bad "undefined behaviour in the module"; head -20 "$WORK/findings"; else good; fi
	echo "module under the sanitizer in the server: ${p:-0} passed, ${f:-1} failed, $(wc -l <"$WORK/findings") places with undefined behaviour"
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
