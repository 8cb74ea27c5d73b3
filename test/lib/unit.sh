# unit.sh (to be sourced): compiles the cores without the server, and the programs of test/unit, which print TAP.
# unit_build OUT CC FLAGS... : objects and programs into OUT
unit_build() {
	local out=$1 cc=$2; shift 2
	local f o objs=()
	mkdir -p "$out"
	local cores; cores=$(make -C "$ROOT" -s print-CORES PG_CONFIG="$PG_CONFIG")
	for f in $cores; do
		o=$out/$(echo "$f" | tr / _); o=${o%.c}.o
		objs+=("$o")
		if [ ! -e "$o" ] || [ -n "$(find "$ROOT/src" -name '*.[ch]' -newer "$o" -print -quit)" ]; then
			"$cc" -std=gnu11 -Wall -g "$@" -I"$ROOT/src" -c "$ROOT/$f" -o "$o" || return 1
		fi
	done
	for f in "$ROOT"/test/unit/*.c; do
		[ -e "$f" ] || continue
		"$cc" -std=gnu11 -Wall -g "$@" -I"$ROOT/src" -I"$ROOT/test/unit" "$f" ${objs[@]+"${objs[@]}"} $(pkg-config --libs icu-uc) -lm -o "$out/$(basename "$f" .c)" || return 1
	done
}

# unit_run OUT : runs them all; ok and not ok lines on standard output
unit_run() {
	local f
	for f in "$ROOT"/test/unit/*.c; do
		[ -e "$f" ] || continue
		f=$(basename "$f" .c)
		( cd "$ROOT" && "$1/$f" ) || echo "not ok - unit program $f"
	done
}
