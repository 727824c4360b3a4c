#!/usr/bin/env bash
# Prints the changelog's section of a version, the text of the release. A pre-release without a section has the one of
# the unreleased changes.
# usage: notes.sh VERSION [CHANGELOG]
set -euo pipefail
version="${1:?usage: notes.sh VERSION [CHANGELOG]}"
changelog="${2:-$(dirname "$0")/../../src/CHANGELOG.md}"
section() {
  awk -v title="## [$1]" 'index($0, "## ") == 1 { inside = index($0, title) == 1; next } inside' "$changelog" |
    sed -e '/./,$!d'
}
notes="$(section "$version")"
if [ -z "$notes" ] && [[ "$version" == *-* ]]; then
  notes="$(section Unreleased)"
fi
if [ -z "$notes" ]; then
  echo "notes.sh: $changelog has no section for $version. Rename '## [Unreleased]' to '## [$version] - DATE'." >&2
  exit 1
fi
printf '%s\n' "$notes"
