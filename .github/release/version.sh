#!/usr/bin/env bash
# Prints the version of a tag, v1.2.3 or v1.2.3-rc.1, and refuses everything else. On GitHub it is also an output.
# usage: version.sh TAG
set -euo pipefail
tag="${1:?usage: version.sh TAG}"
number='(0|[1-9][0-9]*)'
if ! [[ "$tag" =~ ^v$number\.$number\.$number(-[0-9A-Za-z]+(\.[0-9A-Za-z]+)*)?$ ]]; then
  echo "version.sh: $tag is no version. Name the tag v1.2.3, or v1.2.3-rc.1 for a pre-release." >&2
  exit 1
fi
echo "${tag#v}"
[ -z "${GITHUB_OUTPUT:-}" ] || echo "version=${tag#v}" >>"$GITHUB_OUTPUT"
