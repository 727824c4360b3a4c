#!/usr/bin/env bash
# Pushes the packages (NUGET_SOURCE, NUGET_API_KEY) and the chart (CHART_REGISTRY, oci://...) of a folder. What has been
# pushed before is skipped, so a release that failed halfway can be run again.
# usage: publish.sh VERSION FOLDER
set -euo pipefail
version="${1:?usage: publish.sh VERSION FOLDER}"
from="${2:?usage: publish.sh VERSION FOLDER}"
: "${NUGET_SOURCE:?}" "${CHART_REGISTRY:?}"

key=()
[ -z "${NUGET_API_KEY:-}" ] || key=(--api-key "$NUGET_API_KEY")
# The symbol packages beside them are pushed too, where the source takes them.
dotnet nuget push "$from/*.$version.nupkg" --source "$NUGET_SOURCE" --skip-duplicate "${key[@]}"
# shellcheck disable=SC2086
helm push "$from/orleansdtm-$version.tgz" "$CHART_REGISTRY" ${CHART_OPTIONS:-}
