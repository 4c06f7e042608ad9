#!/usr/bin/env bash
# Runs the test suite on a compiled build: the wheel is made, its files are laid into a copy of the checkout, and the tests
# run there, where the modules that were compiled come before their sources. Called by `make test-compiled`.
#
#     tools/test_compiled.sh PYTHON [PYTEST-ARGUMENT...]
set -euo pipefail
cd "$(dirname "$0")/.."
python=$(realpath -s "$1")
shift

tools/build_compiled.sh "$python" build/compiled/tree
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents --target-directory build/compiled/tree

cd build/compiled/tree
SANSNET_COMPILED=1 "$python" -m pytest "$@"
