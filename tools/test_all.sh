#!/usr/bin/env bash
# Runs the test suite on every CPython >= 3.11 of this machine but the one that `make test` uses, each in an environment
# of its own under .venvs/. Stops at the first that fails. Called by `make test-all`.
#
#   tools/test_all.sh [PYTEST ARGUMENT …]
set -euo pipefail
cd "$(dirname "$0")/.."

# Prints an interpreter's "major.minor", if it is one to test on. It is asked, not judged by its name: a version
# manager's shim bears the name of a version that isn't there.
version_of() {
    "$1" -c '
import sys, ensurepip, ssl, venv
if sys.implementation.name == "cpython" and sys.version_info >= (3, 11):
    print("%d.%d" % sys.version_info[:2])
' 2>/dev/null </dev/null || true
}

# One interpreter a version, the first one found.
declare -A interpreters
while read -r python; do
    version=$(version_of "$python")
    if [[ -n $version && -z ${interpreters[$version]:-} ]]; then
        interpreters[$version]=$python
    fi
done < <(
    for minor in 11 12 13 14 15; do type -aP "python3.$minor" || true; done
    printf '%s\n' ~/.pyenv/versions/*/bin/python3 | sort -rV
)
tested=$(version_of "${PYTHON:-python3}")
unset "interpreters[${tested:-none}]"

if [[ ${#interpreters[@]} == 0 ]]; then
    echo "No other Python >= 3.11 found."
    exit
fi
for version in $(printf '%s\n' "${!interpreters[@]}" | sort -V); do
    venv=.venvs/$version
    echo "== Python $version: ${interpreters[$version]}"
    "${MAKE:-make}" --no-print-directory VENV="$venv" PYTHON="${interpreters[$version]}" "$venv/.has-test"
    "$venv/bin/python" -m pytest "$@"
done
