#!/bin/sh
# gen/fold_table.sh [--check]: writes src/text/fold_table.c with the ICU at hand, which must have the pinned Unicode version;
# --check only compares (0: equal, 1: differs, 2: this ICU has another Unicode version, nothing compared).
set -e
cd "$(dirname "$0")/../../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
${CC:-cc} -std=gnu11 -O1 -Wall -Isrc src/text/gen/fold_table.c -o "$work/gen" $(pkg-config --cflags --libs icu-uc icu-i18n)
"$work/gen" > "$work/fold_table.c"
if [ "$1" = --check ]; then cmp "$work/fold_table.c" src/text/fold_table.c; else cp "$work/fold_table.c" src/text/fold_table.c; fi
