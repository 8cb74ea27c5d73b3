# unit.sh (to be sourced): compiles the cores without the server, and the programs of test/unit, which print TAP.
#   unit_objects OUT CC FLAGS...   the cores' objects into OUT
#   unit_build OUT CC FLAGS...     objects and test programs into OUT
#   unit_link OUT                  prints what a program is linked with
#   unit_run OUT                   runs the programs; ok and not ok lines on standard output
unit_objects() {
	local out=$1 cc=$2 cores f; shift 2
	mkdir -p "$out"
	make -C "$ROOT" -s parser PG_CONFIG="$PG_CONFIG" || return 1
	cores=$(make -C "$ROOT" -s print-CORES PG_CONFIG="$PG_CONFIG")
	for f in $cores; do echo "$f"; done |
		xargs -r -P "$(nproc)" -I{} sh -c 'o=$1/$(echo "$2" | tr / _ | sed "s/c$/o/"); root=$3; cc=$4; f=$2; shift 4
			"$cc" -std=gnu11 -Wall -g "$@" -I"$root/src" -c "$root/$f" -o "$o"' sh "$out" {} "$ROOT" "$cc" "$@"
}

unit_link() { ls "$1"/*.o 2>/dev/null; pkg-config --libs icu-uc; echo -lroaring -lm; }

unit_build() {
	local out=$1 cc=$2 f; shift 2
	unit_objects "$out" "$cc" "$@" || return 1
	for f in "$ROOT"/test/unit/*.c; do [ -e "$f" ] && basename "$f" .c; done |
		xargs -r -P "$(nproc)" -I{} sh -c 'root=$1; out=$2; t=$3; cc=$4; link=$5; shift 5
			"$cc" -std=gnu11 -Wall -g "$@" -I"$root/src" -I"$root/test/unit" "$root/test/unit/$t.c" $link -o "$out/$t"' sh "$ROOT" "$out" {} "$cc" "$(unit_link "$out")" "$@"
}

unit_run() {
	local f
	for f in "$ROOT"/test/unit/*.c; do
		[ -e "$f" ] || continue
		f=$(basename "$f" .c)
		( cd "$ROOT" && "$1/$f" ) || echo "not ok - unit program $f"
	done
}
