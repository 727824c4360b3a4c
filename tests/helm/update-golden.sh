#!/usr/bin/env bash
# Regenerates the golden manifests. Review the diff before you commit it: it is the change in a user's cluster.
set -euo pipefail
cd "$(dirname "$0")"
chart=../../helm/orleansdtm
# The chart does not render without authentication settings.
helm template orleansdtm "$chart" --namespace dtm --set security.allowAnonymous=true >golden/default.yaml
for values in production minimal kind minikube; do
  helm template orleansdtm "$chart" --namespace dtm --values "../../helm/values/$values.yaml" >"golden/$values.yaml"
done
