#!/usr/bin/env bash
# Runs the tests that say something about Windows on a Windows Python under Wine, which it builds under .windows/ when it
# isn't there, or is older than the tool that builds it. What is shown so and what isn't: docs/windows.md.
#
#   tools/test_windows.sh [PYTEST ARGUMENT …]     instead of the usual selection
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
home=.windows/$version
trap '[[ ! -x $home/stop ]] || "$home/stop"' EXIT  # Wine's services, and what a test may have left

if [[ ! -e $home/.built || tools/windows-python.sh -nt $home/.built ]]; then
    [[ ! -x $home/stop ]] || "$home/stop"
    tools/windows-python.sh "$home" "$python"
    touch "$home/.built"
fi

# The machines, what is Windows' own, and those of the tests of sockets and servers whose peers need nothing of POSIX.
selection=(
    tests/state tests/windows tests/model/test_models.py
    tests/drivers/test_{shared_door,overlapped_{dial,doors,pair,pipe,tcp}}.py
    tests/drivers/test_{completion,completion_orders,completion_socket}.py
    tests/test_{abort,bound_socket,default,liveness,members,module,on_read,pump,robustness,server,socket,timers}.py
    tests/test_socket_{connecting,failures,random,streams}.py tests/test_{awaiting,awaited_{socket,server,chunks}}.py
    tests/interop/test_{asyncio,stdlib_socket}.py
)
if (($#)); then
    selection=("$@")
fi
export PYTHONDONTWRITEBYTECODE=1 PYTHONUTF8=1
"$home/python" -m pytest -p no:cacheprovider "${selection[@]}"
