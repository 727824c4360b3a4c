#!/usr/bin/env bash
# Packages the Helm chart, as helm pushes it to an OCI registry. Prints the file.
# usage: chart.sh VERSION FOLDER
set -euo pipefail
version="${1:?usage: chart.sh VERSION FOLDER}"
into="${2:?usage: chart.sh VERSION FOLDER}"
chart="$(cd "$(dirname "$0")/../.." && pwd)/helm/orleansdtm"
helm lint --strict --quiet "$chart" >&2
mkdir -p "$into"
helm package "$chart" --version "$version" --app-version "$version" --destination "$into" >&2
echo "$into/orleansdtm-$version.tgz"
