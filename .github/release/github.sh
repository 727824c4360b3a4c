#!/usr/bin/env bash
# Makes the release on GitHub, with the text from the changelog and the files of a folder. With DRY_RUN=1 it only writes
# the text and the sums, and prints the command.
# usage: github.sh VERSION FOLDER [DIGEST OF THE IMAGE]
set -euo pipefail
version="${1:?usage: github.sh VERSION FOLDER [DIGEST]}"
from="${2:?usage: github.sh VERSION FOLDER [DIGEST]}"
digest="${3:-}"
scripts="$(cd "$(dirname "$0")" && pwd)"

notes="$from/notes.md"
"$scripts/notes.sh" "$version" >"$notes"
if [ -n "$digest" ]; then
  printf '\nImage: `ghcr.io/orleansdtm/orleansdtm:%s`, digest `%s`\n' "$version" "$digest" >>"$notes"
fi
files=("$from"/*.nupkg "$from"/*.tgz "$from"/*.cdx.json)
(cd "$from" && sha256sum "${files[@]##*/}" >SHA256SUMS)

command=(gh release create "v$version" --verify-tag --title "$version" --notes-file "$notes")
[[ "$version" == *-* ]] && command+=(--prerelease)
command+=("${files[@]}" "$from/SHA256SUMS")
if [ "${DRY_RUN:-}" = 1 ]; then
  echo "${command[@]}"
else
  "${command[@]}"
fi
