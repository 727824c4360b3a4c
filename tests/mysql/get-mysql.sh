#!/usr/bin/env bash
# Installs Oracle's MySQL into the given folder, for distributions that have only MariaDB (root on Debian, amd64). The
# folder is a minimal system of Debian unstable. Tests use it as the root directory of MySQL:
# DTM_TESTS_MYSQL_ROOT=FOLDER. A complete folder is left unchanged.
set -euo pipefail
into="${1:?usage: get-mysql.sh FOLDER}"
fail() { echo "get-mysql.sh: $1" >&2; exit 1; }

version() { env -u TMPDIR chroot "$into" /usr/sbin/mysqld --no-defaults --version; }
if [ -x "$into/usr/sbin/mysqld" ] && version; then
  exit 0
fi

[ "$(id -u)" = 0 ] || fail "needs root: it installs a separate system in $into"
command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"
if [ -d "$into" ] && [ -n "$(ls -A "$into")" ]; then
  fail "$into is neither empty nor complete; remove it, or name another folder"
fi

# The Debian mirror of this machine, from either format of its sources list.
lists="/etc/apt/sources.list.d/debian.sources /etc/apt/sources.list /etc/apt/sources.list.d/*"
mirror="$({ cat $lists 2>/dev/null || true; } |
  sed -nE 's#^(URIs:|deb +(\[[^]]*\] +)?)[[:space:]]*(https?://[^[:space:]]*/debian)/?([[:space:]].*)?$#\3#p' |
  head -n 1)"
mirror="${mirror:-http://deb.debian.org/debian}"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
check=()
[ -r "$keyring" ] && check=("--keyring=$keyring" --force-check-gpg)

mkdir -p "$into"
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
debootstrap --variant=minbase "${check[@]}" --include=mysql-server-core sid "$into" "$mirror" >"$log" 2>&1 ||
  { tail -n 20 "$log" >&2; fail "debootstrap of sid from $mirror failed"; }
rm -f "$into"/var/cache/apt/archives/*.deb
version || fail "mysqld does not run in $into"
