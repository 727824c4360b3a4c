#!/usr/bin/env bash
# Builds the NuGet packages and their symbols into a folder.
# usage: pack.sh VERSION FOLDER [OPTIONS OF dotnet build]
set -euo pipefail
version="${1:?usage: pack.sh VERSION FOLDER [OPTIONS]}"
into="$(mkdir -p "${2:?usage: pack.sh VERSION FOLDER [OPTIONS]}" && cd "$2" && pwd)"
shift 2
root="$(cd "$(dirname "$0")/../.." && pwd)"

# The version is a global property, so that packages depend on each other with it.
dotnet build "$root/tests/packages/pack.proj" -v q -p:Version="$version" -p:PackageOutputPath="$into" "$@"
