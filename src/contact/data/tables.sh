#!/bin/sh
# tables.sh: the lists beside this script as C tables, in email_tables.inc. Run it after a list was changed: sh src/contact/data/tables.sh
# The tables are committed, so that a build needs nothing but a compiler; test/unit/email.c finds every entry of the lists in them.
set -e
cd "$(dirname "$0")"
LC_ALL=C; export LC_ALL
entries() { sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$@"; }
# a sorted set of lines in one string: each line stands between two line breaks, and is found by bisection
set_of() { printf 'static const char %s[] = "\\n"\n' "$1"; sort -u | sed 's/.*/"&\\n"/'; echo ';'; }
{
	echo '/* made by tables.sh from the lists beside it: do not edit */'
	entries disposable.txt | set_of disposable_domains
	entries free_mail.txt well_known.txt | set_of free_mail_domains
	entries roles.txt | tr -d '*' | set_of role_names
	entries roles.txt | grep '\*' | tr -d '*' | set_of role_words
	entries cctlds.txt | tr ' ' '\n' | set_of country_ends
	echo 'static const struct { char domain[24]; email_rule rule; } providers[] = {'
	entries providers.txt | sort -u | awk '{
		for (k in f) delete f[k]
		for (i = 2; i <= NF; i++) { p = index($i, "="); f[substr($i, 1, p - 1)] = substr($i, p + 1) }
		printf "{\"%s\", {.drop = \"%s\", .alike = \"%s\", .tag = \"%s\", .same_as = \"%s\"}},\n", $1, f["drop"], f["alike"], f["tag"], f["same_as"] }'
	echo '};'
	echo 'static const char well_known_domains[][20] = {'
	entries well_known.txt | sed 's/.*/"&",/'
	echo '};'
	echo 'static const struct { char wrong[20], right[16]; } typos[] = {'
	entries typos.txt | sort -u | sed 's/\(.*\) \(.*\)/{"\1", "\2"},/'
	echo '};'
} > email_tables.inc
