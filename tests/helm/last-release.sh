#!/usr/bin/env bash
# Renders the chart of the last released version, the newest tag v1.2.3 that this commit contains, so that tests can
# compare: helm upgrade replaces its objects with those of this commit's chart. Prints the tag on the standard error and
# nothing else if there is no release yet.
# usage: last-release.sh REPOSITORY RELEASE [OPTIONS OF helm template]
set -euo pipefail
repository="${1:?usage: last-release.sh REPOSITORY RELEASE [OPTIONS]}"
release="${2:?usage: last-release.sh REPOSITORY RELEASE [OPTIONS]}"
shift 2
# The tag of this very commit is the release that is being made.
tag="$(git -C "$repository" describe --tags --abbrev=0 --match 'v[0-9]*' --exclude '*-*' 'HEAD^' 2>/dev/null || true)"
[ -n "$tag" ] || { echo "last-release.sh: no release yet" >&2; exit 0; }
echo "$tag" >&2
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
git -C "$repository" archive "$tag" helm/orleansdtm | tar -x -C "$work"
helm template "$release" "$work/helm/orleansdtm" --namespace dtm "$@"
