#!/bin/sh
# assemble.sh PIECE... -- STEP... : the install script on standard output.
# The numbered pieces follow each other; each step of the datamart (sql/mart/NN_title.sql) becomes a row of mart_step,
# written where the piece 75_mart.sql says '--@steps@'.
set -e
pieces= steps= to=pieces
for a; do
	if [ "$a" = -- ]; then to=steps; elif [ $to = pieces ]; then pieces="$pieces $a"; else steps="$steps $a"; fi
done
for p in $pieces; do
	while IFS= read -r line || [ -n "$line" ]; do
		if [ "$line" = '--@steps@' ]; then
			for s in $steps; do
				b=$(basename "$s" .sql)
				if grep -q 'crmseg_step_text' "$s"; then echo "$s: holds the quoting tag of the steps" >&2; exit 1; fi
				printf 'INSERT INTO @extschema@.mart_step (step, title, ddl) VALUES (%d, %s, $crmseg_step_text$' "$(echo "${b%%_*}" | sed 's/^0*//')" "'${b#*_}'"
				cat "$s"
				printf '$crmseg_step_text$);\n'
			done
		else
			printf '%s\n' "$line"
		fi
	done < "$p"
done
