#!/usr/bin/env bash
# Writes the software bill of materials of the server and of the image's managed part: CycloneDX, as JSON. The tool and
# its version are in .config/dotnet-tools.json. The packages must have been restored.
# usage: sbom.sh VERSION FOLDER
set -euo pipefail
version="${1:?usage: sbom.sh VERSION FOLDER}"
into="$(mkdir -p "${2:?usage: sbom.sh VERSION FOLDER}" && cd "$2" && pwd)"
cd "$(dirname "$0")/../.."
dotnet tool restore >&2
dotnet tool run dotnet-CycloneDX src/OrleansDtm.Server/OrleansDtm.Server.csproj --recursive --disable-package-restore \
  --exclude-dev --output-format json --set-name OrleansDtm --set-version "$version" --set-type Application \
  --output "$into" --filename "orleansdtm-$version.cdx.json" >&2
echo "$into/orleansdtm-$version.cdx.json"
