# deps.sh (to be sourced): makes sure that what the build and the tests need is there.
# On Debian and its relatives what is missing is installed by apt (as root or by sudo); elsewhere it is named, and we stop.
# need PACKAGE... : the packages that must be installed. The server's packages are those of $MAJOR (default 15).
MAJOR=${MAJOR:-15}
# packages MAJOR : what building for that server takes
packages() { echo "make gcc g++ pkg-config flex bison libicu-dev libphonenumber-dev libroaring-dev postgresql-$1 postgresql-server-dev-$1"; }
BUILD_PACKAGES=$(packages "$MAJOR")
TEST_TOOLS="perl libipc-run-perl"
TEST_PACKAGES="$BUILD_PACKAGES $TEST_TOOLS"

need() {
	local p missing= sudo=
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		[ -n "${PG_CONFIG:-}" ] && return 0	# not Debian: whoever names a pg_config has seen to the rest
		echo "This is not a Debian system. Please install what these Debian packages hold, then name the server's pg_config:" >&2
		echo "  $*" >&2
		echo "  make PG_CONFIG=/path/to/pg_config ..." >&2
		exit 1
	fi
	for p; do dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"; done
	[ -z "$missing" ] && return 0
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || { echo "missing packages, and neither root nor sudo to install them:$missing" >&2; exit 1; }
		sudo=sudo
	fi
	echo "installing:$missing"
	local log; log=$(mktemp)
	# shellcheck disable=SC2086
	if ! (apt_install $missing) >"$log" 2>&1 </dev/null; then tail -20 "$log" >&2; rm -f "$log"; echo "apt could not install:$missing" >&2; exit 1; fi
	rm -f "$log"
}

# in a subshell of its own, so that what it changes is put back whichever way it ends
apt_install() {
	local conf=/etc/postgresql-common/createcluster.conf
	local apt="$sudo env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=5"
	$apt update || true
	# A package of the server makes and starts a cluster of its own when it is first installed: not wanted here.
	case " $* " in *" postgresql-$MAJOR "*)
		$apt install --no-install-recommends postgresql-common || exit 1
		trap 'test -e $conf.crmseg && $sudo mv $conf.crmseg $conf' EXIT
		trap 'exit 130' INT TERM HUP
		$sudo cp -p $conf $conf.crmseg && echo 'create_main_cluster = false' | $sudo tee -a $conf >/dev/null ;;
	esac
	$apt install --no-install-recommends "$@"
}

# find_pg: sets PG_CONFIG, which the caller may have named
find_pg() {
	if [ -z "${PG_CONFIG:-}" ]; then
		PG_CONFIG=/usr/lib/postgresql/$MAJOR/bin/pg_config
		[ -x "$PG_CONFIG" ] || PG_CONFIG=$(command -v pg_config) || { echo "no pg_config" >&2; exit 1; }
	fi
	export PG_CONFIG
}
