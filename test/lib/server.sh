# server.sh (to be sourced, after deps.sh): a private throw-away server with the extension staged beside it.
# Nothing is written into the machine's server; its own data folder and socket lie in $WORK, which goes when the script ends.
#   server_prepare          WORK, PGBIN, ACCOUNT; builds the extension and stages it
#   server_start [SETTING]  initdb and start; PGHOST, PGPORT and PGUSER are set for psql
#   as COMMAND...           runs a command as the unprivileged account (the caller's own, unless that is root)
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

as() {
	if [ "$ACCOUNT" = "$(id -un)" ]; then "$@"; else
		setpriv --reuid="$ACCOUNT" --regid="$(id -g "$ACCOUNT")" --init-groups env HOME="$WORK" "$@"
	fi
}

server_stop() {
	[ -n "${WORK:-}" ] && [ -e "$WORK/data/postmaster.pid" ] && as "$PGBIN/pg_ctl" -D "$WORK/data" -m "${1:-immediate}" -w stop >/dev/null 2>&1
	return 0
}

# What this run started and what still runs (after an interrupt: test drivers and their clients, known by the mark in their
# environment), then every server below $WORK, those of the TAP tests too, then the folder.
server_cleanup() {
	local rc=$? pid pids i
	trap - EXIT; trap '' INT TERM HUP
	server_stop
	pids=$(grep -lsz "^CRMSEG_WORK=${WORK:-none}$" /proc/[0-9]*/environ 2>/dev/null | sed 's|[^0-9]||g' | grep -vx -e "$$" -e "$BASHPID")
	for pid in $pids; do kill -TERM "$pid" 2>/dev/null; done
	for pid in $pids; do for i in {1..100}; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done; done
	for pid in $(find "${WORK:-/nonexistent}" -name postmaster.pid -exec head -qn1 {} + 2>/dev/null); do
		for i in {1..100}; do kill -QUIT "$pid" 2>/dev/null || break; sleep 0.1; done
	done
	[ -n "${WORK:-}" ] && [ -z "${KEEP_WORK:-}" ] && rm -rf "$WORK"
	exit $rc
}

cleanup_on_exit() {
	export CRMSEG_WORK=$WORK
	trap server_cleanup EXIT
	trap 'exit 130' INT; trap 'exit 143' TERM; trap 'exit 129' HUP
}

# Builds in the source tree and stages into $WORK: by DESTDIR where the server can be told of it (Debian's extension_destdir, 18's
# extension_control_path), else into a private copy of the server.
server_prepare() {
	find_pg
	PGBIN=$("$PG_CONFIG" --bindir)
	if [ "$(id -u)" = 0 ]; then
		ACCOUNT=postgres; id postgres >/dev/null 2>&1 || ACCOUNT=nobody
	else
		ACCOUNT=$(id -un)
	fi
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/crmseg.XXXXXX")
	cleanup_on_exit
	chmod 755 "$WORK"; [ "$ACCOUNT" = "$(id -un)" ] || chown "$ACCOUNT" "$WORK"
	local config; config=$("$PGBIN/postgres" --describe-config 2>/dev/null | cut -f1)
	STAGE_SETTINGS=
	make -C "$ROOT" -s -j"$(nproc)" PG_CONFIG="$PG_CONFIG" with_llvm=no ${MAKE_ARGS:+"${MAKE_ARGS[@]}"} all || { echo "the build failed" >&2; exit 1; }
	if grep -qx extension_destdir <<<"$config"; then
		STAGE=$WORK/stage
		STAGE_SETTINGS="extension_destdir = '$STAGE'"
	elif grep -qx extension_control_path <<<"$config"; then
		STAGE=$WORK/stage
		STAGE_SETTINGS="extension_control_path = '$STAGE$("$PG_CONFIG" --sharedir):\$system'"$'\n'"dynamic_library_path = '$STAGE$("$PG_CONFIG" --pkglibdir):\$libdir'"
	else
		# at the depth at which the programs of a wheel look for their libraries
		local prefix; prefix=$(dirname "$PGBIN")
		mkdir "$WORK/server" && cp -a "$prefix" "$WORK/server/own" && find "$prefix/../.." -maxdepth 1 -name '*.libs' -exec cp -a {} "$WORK/" \;
		PGBIN=$WORK/server/own/bin; PG_CONFIG=$PGBIN/pg_config
		STAGE=
	fi
	make -C "$ROOT" -s PG_CONFIG="$PG_CONFIG" with_llvm=no ${MAKE_ARGS:+"${MAKE_ARGS[@]}"} install DESTDIR="$STAGE" >/dev/null || { echo "the install failed" >&2; exit 1; }
	chmod -R a+rX "$WORK"
}

server_start() {
	export CRMSEG_PGBIN=$PGBIN PGHOST=$WORK PGPORT=54321 PGUSER=crmseg_admin PGDATABASE=postgres PGCLIENTENCODING=UTF8
	as "$PGBIN/initdb" -D "$WORK/data" -U "$PGUSER" -A trust -N --locale=C.UTF-8 -E UTF8 >"$WORK/initdb.log" 2>&1 || { cat "$WORK/initdb.log" >&2; exit 1; }
	{
		printf "listen_addresses = ''\nunix_socket_directories = '%s'\nport = %s\nfsync = off\nmax_prepared_transactions = 4\n" "$WORK" "$PGPORT"
		printf "log_min_messages = warning\n%s\n" "$STAGE_SETTINGS"
		for s; do printf '%s\n' "$s"; done
	} | as tee -a "$WORK/data/postgresql.conf" >/dev/null
	# SERVER_PROGRAM: a program to start instead of the server, such as one that runs it under valgrind
	as "$PGBIN/pg_ctl" -D "$WORK/data" ${SERVER_PROGRAM:+-p "$SERVER_PROGRAM"} -w -t 180 -l "$WORK/server.log" start >/dev/null || { cat "$WORK/server.log" >&2; exit 1; }
}
