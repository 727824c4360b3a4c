#!/usr/bin/env bash
# Downloads the JSON schema of the Compose specification into the given folder. The source is an npm package that
# contains it; version and checksum are fixed.
set -euo pipefail
into="${1:?usage: get-schema.sh FOLDER}"
checksum=46b7d35f19dd93a05f8fea530291bf84d881c1791ec167ecf0e6fb94e639d496
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent dclint@3.1.0 >/dev/null)
tar -xzf "$work"/*.tgz -C "$work" package/schemas/compose.schema.json
echo "$checksum  $work/package/schemas/compose.schema.json" | sha256sum --check --quiet
mkdir -p "$into"
mv "$work/package/schemas/compose.schema.json" "$into/"
