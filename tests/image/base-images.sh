#!/usr/bin/env bash
# Makes stand-ins for the two base images of the Dockerfile, for tests on a machine that reaches no image registry:
# the files of this Debian's own packages and this machine's .NET. Needs root, buildah and nothing from the network.
# Afterwards: SDK_IMAGE=localhost/sdk RUNTIME_IMAGE=localhost/runtime .github/release/image.sh ...
set -euo pipefail
dotnet="$(dirname "$(readlink -f "$(command -v dotnet)")")"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
root="$work/root"

# Files, not installations: no script of a package has to run.
packages="base-files base-passwd bash dash coreutils debianutils findutils grep sed ca-certificates openssl libc6
  libgcc-s1 libstdc++6 libssl3 zlib1g libtinfo6 libselinux1 libpcre2-8-0 libacl1 libattr1 libgmp10 libcap2"
mkdir -p "$root/usr" "$root/app"
for folder in bin sbin lib lib64; do
  [ ! -L "/$folder" ] || ln -s "$(readlink "/$folder")" "$root/$folder"
  mkdir -p "$root/usr/$folder"
done
{
  # shellcheck disable=SC2086
  dpkg -L $packages | sed -nE 's#^/(.+)#\1#p' | sort -u |
    grep -vE '^(bin|sbin|lib|lib64)$|^usr/share/(doc|man|locale|info)/'
  (cd / && ls -d etc/ssl/certs/*)
} | tar -C / --no-recursion -cf - -T - | tar -C "$root" --keep-directory-symlink -xf -
# As in Microsoft's images.
printf 'root:x:0:0:root:/root:/bin/bash\napp:x:1654:1654::/home/app:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\napp:x:1654:\n' >"$root/etc/group"
mkdir -p "$root/home/app" "$root/usr/share/dotnet"
chown 1654:1654 "$root/home/app"

# The SDK and the packages are large, so image.sh mounts this machine's while it builds.
container="$(buildah from scratch)"
buildah copy --quiet "$container" "$root" / >/dev/null
buildah config --env PATH=/usr/share/dotnet:/usr/bin:/bin --env DOTNET_NOLOGO=1 --env DOTNET_CLI_TELEMETRY_OPTOUT=1 \
  --env DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 --env NUGET_PACKAGES=/packages \
  "$container"
buildah commit --quiet "$container" localhost/sdk >/dev/null
buildah rm "$container" >/dev/null

cp -a "$dotnet/dotnet" "$dotnet/host" "$dotnet/shared" "$root/usr/share/dotnet/"
# Nothing in the image for arm64 is run, neither here nor by the Dockerfile.
mkdir "$work/none"
buildah manifest create localhost/runtime >/dev/null
for base in "amd64 $root" "arm64 $work/none"; do
  read -r arch files <<<"$base"
  container="$(buildah from --arch "$arch" scratch)"
  buildah copy --quiet "$container" "$files" / >/dev/null
  buildah config --arch "$arch" --env PATH=/usr/share/dotnet:/usr/bin:/bin --env ASPNETCORE_HTTP_PORTS=8080 \
    --env APP_UID=1654 --env DOTNET_RUNNING_IN_CONTAINER=true "$container"
  buildah commit --quiet --manifest localhost/runtime "$container" "localhost/runtime-$arch" >/dev/null
  buildah rm "$container" >/dev/null
done
