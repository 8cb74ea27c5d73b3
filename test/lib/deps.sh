# deps.sh (to be sourced): makes sure that what the build and the tests need is there.
# On Debian and its relatives what is missing is installed by apt (as root or by sudo); elsewhere it is named, and we stop.
# need PACKAGE... : the packages that must be installed. The server's packages are those of $MAJOR (default 15).
MAJOR=${MAJOR:-15}
# packages MAJOR : what building and testing on that server takes
packages() { echo "make gcc g++ pkg-config flex bison libicu-dev libphonenumber-dev perl libipc-run-perl postgresql-$1 postgresql-server-dev-$1"; }
TEST_PACKAGES=$(packages "$MAJOR")

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
	$sudo apt-get update -q >/dev/null || true
	# A package of the server makes and starts a cluster of its own when it is first installed: not wanted here.
	case $missing in *" postgresql-$MAJOR "* | *" postgresql-$MAJOR")
		$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql-common >/tmp/crmseg-apt.$$ 2>&1
		local conf=/etc/postgresql-common/createcluster.conf
		$sudo cp -p $conf $conf.crmseg && echo 'create_main_cluster = false' | $sudo tee -a $conf >/dev/null ;;
	esac
	local ok=0
	# shellcheck disable=SC2086
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >>/tmp/crmseg-apt.$$ 2>&1 || ok=1
	[ -e /etc/postgresql-common/createcluster.conf.crmseg ] && $sudo mv /etc/postgresql-common/createcluster.conf.crmseg /etc/postgresql-common/createcluster.conf
	if [ $ok != 0 ]; then tail -20 /tmp/crmseg-apt.$$ >&2; rm -f /tmp/crmseg-apt.$$; echo "apt could not install:$missing" >&2; exit 1; fi
	rm -f /tmp/crmseg-apt.$$
}

# find_pg: sets PG_CONFIG, which the caller may have named
find_pg() {
	if [ -z "${PG_CONFIG:-}" ]; then
		PG_CONFIG=/usr/lib/postgresql/$MAJOR/bin/pg_config
		[ -x "$PG_CONFIG" ] || PG_CONFIG=$(command -v pg_config) || { echo "no pg_config" >&2; exit 1; }
	fi
	export PG_CONFIG
}
