#!/bin/sh
# gen/nicknames.sh [--check]: writes ../nickname_table.c from ../data/nicknames.tsv; --check only compares.
set -e
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if LC_ALL=C grep -v '^#' data/nicknames.tsv | LC_ALL=C grep -nv '^[a-z][a-z]	[a-z]*	[a-z][a-z, ]*$'; then echo "nicknames.tsv: not folded" >&2; exit 1; fi
# word, line number, 1 for the name of the line; then one row a word with its lines
LC_ALL=C awk -F '\t' '!/^#/ { print $2, ++line, 1; n = split($3, w, /, */); for (i = 1; i <= n; i++) print w[i], line, 0 }' data/nicknames.tsv |
	LC_ALL=C sort -k1,1 -k2,2n -u | LC_ALL=C awk '
	function flush() { if (word != "") { words = words sprintf("\t{\"%s\", %d, %d, %d},\n", word, length(word), n, at); at += n; count++ } }
	BEGIN { for (i = 97; i <= 122; i++) first[sprintf("%c", i)] = -1 }
	$3 == 1 { head[$2] = -1 - (count + (word == "" ? 0 : $1 != word)) ; if ($2 > last) last = $2 }
	$1 != word { flush(); word = $1; n = 0; l = substr(word, 1, 1); if (first[l] < 0) first[l] = count + 0 }
	{ lines = lines (at + n > 0 ? "," : "") ((at + n) % 24 == 0 ? "\n\t" : " ") (2 * $2 + $3); n++ }
	END {
		flush()
		next_first = count
		for (i = 122; i >= 97; i--) { l = sprintf("%c", i); if (first[l] < 0) first[l] = next_first; next_first = first[l] }
		printf "/*\n * nickname_table.c: written by gen/nicknames.sh from data/nicknames.tsv; do not edit.\n */\n#include \"match/match_private.h\"\n\n"
		printf "const nickname_word nickname_words[] = {\n%s};\n\n", words
		printf "const uint16_t nickname_first[27] = {"
		for (i = 97; i <= 122; i++) printf "%d, ", first[sprintf("%c", i)]
		printf "%d};\n\nconst uint16_t nickname_lines[] = {%s\n};\n\nconst uint16_t nickname_heads[] = {", count, lines
		for (i = 0; i <= last; i++) printf "%s%d", (i == 0 ? "\n\t" : i % 20 == 0 ? ",\n\t" : ", "), (i == 0 ? 0 : -1 - head[i])
		printf "\n};\n"
	}' > "$work/table.c"
if [ "$1" = --check ]; then cmp "$work/table.c" nickname_table.c; else cp "$work/table.c" nickname_table.c; fi
