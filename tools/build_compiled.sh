#!/usr/bin/env bash
# Builds the compiled wheel (SANSNET_COMPILE=1), and unpacks it into a folder, which it makes anew.
#
#     tools/build_compiled.sh PYTHON FOLDER
set -euo pipefail
python=$(realpath -s "$1")
folder=$(realpath -m "$2")
cd "$(dirname "$0")/.."

rm -rf "$folder"
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
SANSNET_COMPILE=1 "$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$wheels" .
"$python" -m zipfile -e "$wheels"/*.whl "$folder"
