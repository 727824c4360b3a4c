#!/usr/bin/env bash
# Writes the golden manifests anew. Look at the difference before you commit it: it is what a user's cluster will see.
set -euo pipefail
cd "$(dirname "$0")"
chart=../../helm/orleansdtm
# Without a word about security the chart refuses.
helm template orleansdtm "$chart" --namespace dtm --set security.allowAnonymous=true >golden/default.yaml
for values in production minimal; do
  helm template orleansdtm "$chart" --namespace dtm --values "../../helm/values/$values.yaml" >"golden/$values.yaml"
done
