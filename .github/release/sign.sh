#!/usr/bin/env bash
# Signs the NuGet packages of a folder with the certificate in NUGET_SIGNING_CERTIFICATE (a .pfx in base64) and its
# password in NUGET_SIGNING_PASSWORD. Without a certificate it does nothing.
# usage: sign.sh FOLDER
set -euo pipefail
from="${1:?usage: sign.sh FOLDER}"
if [ -z "${NUGET_SIGNING_CERTIFICATE:-}" ]; then
  echo "sign.sh: no certificate; the packages are not signed"
  exit 0
fi
work="$(mktemp -d)" # readable for this user only
trap 'rm -rf "$work"' EXIT
base64 --decode <<<"$NUGET_SIGNING_CERTIFICATE" >"$work/certificate.pfx"
options=(--certificate-path "$work/certificate.pfx" --certificate-password "${NUGET_SIGNING_PASSWORD:-}" --overwrite)
# Without a timestamp a signature is valid only as long as its certificate.
[ -z "${NUGET_TIMESTAMPER:-}" ] || options+=(--timestamper "$NUGET_TIMESTAMPER")
dotnet nuget sign "$from/*.nupkg" "${options[@]}"
