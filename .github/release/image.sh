#!/usr/bin/env bash
# Builds the image for amd64 and arm64 with buildah, as a manifest list in the local storage, and pushes it if the third
# argument is a registry's repository. Prints the digest of what was pushed.
# usage: image.sh VERSION NAME [docker://REGISTRY/NAME]
# SDK_IMAGE, RUNTIME_IMAGE: other base images. BUILDAH_OPTIONS, PUSH_OPTIONS: options for buildah, such as
# --pull-never or --tls-verify=false.
set -euo pipefail
version="${1:?usage: image.sh VERSION NAME [docker://REGISTRY/NAME]}"
name="${2:?usage: image.sh VERSION NAME [docker://REGISTRY/NAME]}"
target="${3:-}"
cd "$(dirname "$0")/../.."

revision="$(git rev-parse HEAD 2>/dev/null || true)"
# buildah before 1.30 does not set BUILDPLATFORM.
arguments=(--build-arg "VERSION=$version" --build-arg "REVISION=$revision"
  --build-arg "BUILDPLATFORM=linux/$(dpkg --print-architecture)")
[ -z "${SDK_IMAGE:-}" ] || arguments+=(--build-arg "SDK_IMAGE=$SDK_IMAGE")
[ -z "${RUNTIME_IMAGE:-}" ] || arguments+=(--build-arg "RUNTIME_IMAGE=$RUNTIME_IMAGE")

buildah manifest rm "$name:$version" >/dev/null 2>&1 || true
# The format docker: OCI's has no HEALTHCHECK. With layers, the second architecture takes the first one's build.
# shellcheck disable=SC2086
buildah bud --isolation=chroot --format docker --layers --platform linux/amd64,linux/arm64 \
  --manifest "$name:$version" "${arguments[@]}" ${BUILDAH_OPTIONS:-} . >&2

[ -n "$target" ] || exit 0
digest="$(mktemp)"
trap 'rm -f "$digest"' EXIT
# A pre-release never becomes the latest.
tags=("$version")
[[ "$version" == *-* ]] || tags+=(latest)
for tag in "${tags[@]}"; do
  # shellcheck disable=SC2086
  buildah manifest push --all --format v2s2 --digestfile "$digest" ${PUSH_OPTIONS:-} "$name:$version" "$target:$tag" >&2
done
cat "$digest"
[ -z "${GITHUB_OUTPUT:-}" ] || echo "digest=$(cat "$digest")" >>"$GITHUB_OUTPUT"
