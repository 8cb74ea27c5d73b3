#!/bin/sh
# gen/address_words.sh [--check]: writes ../address_words.c from ../data/address_words.tsv; --check only compares.
set -e
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{
	printf '/*\n * address_words.c: written by gen/address_words.sh from data/address_words.tsv; do not edit.\n */\n#include "contact/address_private.h"\n\nconst address_word address_words[] = {\n'
	awk -F '\t' '
		function row(written, glued) { printf "%s\t\t{\"%s\", \"%s\", LANGUAGE_%s, WORD_%s, %d},\n", written, written, canonical, toupper($1), toupper($2), glued }
		/^#/ { next }
		{
			canonical = $3; glued = sub(/^\+/, "", canonical)
			itself = $2 ~ /^(type|weak|name|title|rank|direction|suffix|state|cityword|unit|box)$/
			if (itself) row(canonical, glued)
			n = split($4, w, / *, */)
			for (i = 1; i <= n; i++) { glued = sub(/^\+/, "", w[i]); if (!itself || w[i] != canonical) row(w[i], glued) }
		}' data/address_words.tsv | LC_ALL=C sort -u | sed 's/^[^\t]*\t//'
	printf '};\n\nconst int address_nwords = sizeof(address_words) / sizeof(*address_words);\n'
} > "$work/words.c"
if [ "$1" = --check ]; then cmp "$work/words.c" address_words.c; else cp "$work/words.c" address_words.c; fi
