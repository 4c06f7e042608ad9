#!/usr/bin/env bash
# Installs under build/ what the benchmarks compare with and pip can't bring into the environment: Bun, from npm, and
# simloop, with a Python that is new enough for it. What can't be had is left out, with a word. Called by `make bench`.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build

if [[ ! -d build/bun/node_modules ]]; then
    rm -rf build/bun.new
    cp -r benchmarks/bun build/bun.new
    if (cd build/bun.new && npm ci --ignore-scripts --no-audit --no-fund >/dev/null 2>&1); then
        mv build/bun.new build/bun
    else
        echo "No Bun: npm isn't here, or has none for this machine."
    fi
fi

# Prints the first interpreter that simloop can be installed for.
new_python() {
    while read -r python; do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
            echo "$python"
            return
        fi
    done < <(
        for minor in 12 13 14 15; do type -aP "python3.$minor" || true; done
        printf '%s\n' ~/.pyenv/versions/*/bin/python3 | sort -V
    )
}

if [[ ! -x build/simloop/bin/python ]]; then
    python=$(new_python)
    if [[ -z $python ]]; then
        echo "No simloop: there is no Python >= 3.12."
    elif ! { "$python" -m venv --clear build/simloop.new \
            && build/simloop.new/bin/python -m pip install --quiet --disable-pip-version-check simloop==0.2.2 2>/dev/null; }; then
        echo "No simloop: it can't be installed here."
    else
        mv build/simloop.new build/simloop
    fi
fi
