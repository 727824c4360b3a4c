#!/usr/bin/env bash
# Puts Oracle's MySQL into the given folder, for machines whose distribution has only MariaDB (root on Debian, amd64): a minimal system of
# Debian's unstable release, which packages it. The tests find it by ORLEANSDTM_MYSQL_ROOT=FOLDER and run it with that folder as its root.
# May be repeated: a folder that is complete is left as it is.
set -euo pipefail
into="${1:?usage: get-mysql.sh FOLDER}"
fail() { echo "get-mysql.sh: $1" >&2; exit 1; }

version() { env -u TMPDIR chroot "$into" /usr/sbin/mysqld --no-defaults --version; }
if [ -x "$into/usr/sbin/mysqld" ] && version; then
  exit 0
fi

[ "$(id -u)" = 0 ] || fail "needs the rights of root: it makes a system of its own in $into"
command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"
if [ -d "$into" ] && [ -n "$(ls -A "$into")" ]; then
  fail "$into is neither empty nor complete; remove it, or name another folder"
fi

# From where this machine gets its own packages, by either form of its list.
mirror="$({ cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
  sed -nE 's#^(URIs:|deb +(\[[^]]*\] +)?)[[:space:]]*(https?://[^[:space:]]*/debian)/?([[:space:]].*)?$#\3#p' | head -n 1)"
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
