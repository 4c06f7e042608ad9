"""Has a path become longer? Instructions, as valgrind counts them, of a few workloads beside those of a baseline.

python -m benchmarks.guard [--update] [--baseline PATH]

Unlike times these don't depend on what else the machine does. What they could depend on is fixed or taken off: hashes,
paths and the environment are alike each time, everything is compiled beforehand, and the start of the interpreter is in
both processes whose difference is counted. They do depend on the interpreter, on its build and on the C library, so
`guard.json` has a baseline for each of these. Without one there is nothing to compare with, and that is no success.

Exit status: 0, nothing takes 5 % more than the baseline; 1, something does; 2, it could not be compared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Final

from .guard_workloads import WORKLOADS

ROOT: Final = Path(__file__).resolve().parent.parent
BASELINE: Final = Path(__file__).with_name("guard.json")
PERCENT: Final = 5
"""So much more than the baseline is too much."""
COUNTING: Final = ("--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
UPDATE: Final = "python -m benchmarks.guard --update"
KEPT: Final = ("LD_LIBRARY_PATH", "VALGRIND_LIB")
"""What the interpreter and valgrind may need of the environment."""

Counts = dict[str, int]
Baselines = dict[str, Counts]


class Incomparable(Exception):
    """There is nothing to compare with, or to count with; the text says what."""


def interpreter() -> str:
    """What the counts depend on beside our code: the interpreter and its build, the C library, the machine's kind."""
    arguments = sysconfig.get_config_var("CONFIG_ARGS") or ""
    how = "optimized" if "--enable-optimizations" in arguments else "not optimized"
    library = "shared" if sysconfig.get_config_var("Py_ENABLE_SHARED") else "static"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    libc = " ".join(platform.libc_ver())
    return f"{python} ({platform.python_compiler()}, {how}, {library}), {libc}, {platform.machine()}"


# -------------------------------------------------------------------------------------------------------- the counting


def measure() -> Counts:
    """Instructions of a round of each workload. Raises Incomparable when they can't be counted."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise Incomparable("there is no valgrind to count with")
    with tempfile.TemporaryDirectory(prefix="sansnet-", dir="/tmp") as folder:
        # Paths of the same length everywhere: strings take memory, and what lies behind them has hashes of its address.
        for name in ("sansnet", "benchmarks"):
            Path(folder, name).symlink_to(ROOT / name)
        _run([], folder)  # compiles what it imports
        played, told = _run([valgrind, *COUNTING], folder)
    return differences(played, told)


def _run(prefix: list[str], folder: str) -> tuple[str, str]:
    """Play all workloads there; what came on stdout and on stderr."""
    environment = {"PYTHONHASHSEED": "0", "PYTHONPYCACHEPREFIX": f"{folder}/compiled"}
    environment |= {name: os.environ[name] for name in KEPT if name in os.environ}
    # The interpreter itself, not an environment's, and without site: what else is installed is no matter.
    command = [*prefix, str(Path(sys.executable).resolve()), "-S", "-s", "-m", "benchmarks.guard_workloads"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Incomparable(f"a workload failed:\n{done.stdout}{done.stderr}")
    return done.stdout, done.stderr


def differences(played: str, told: str) -> Counts:
    """Instructions of a round, from what the workloads printed of their processes, and valgrind of each of these."""
    by_pid = {pid: int(count.replace(",", "")) for pid, count in re.findall(r"==(\d+)== I +refs: +([\d,]+)", told)}
    counts = dict.fromkeys(WORKLOADS, 0.0)
    for name, rounds, pid in (line.split() for line in played.splitlines()):
        if pid not in by_pid:
            raise Incomparable(f"valgrind counted nothing for {name}:\n{told}")
        counts[name] += by_pid[pid] / WORKLOADS[name].rounds * (1 if int(rounds) else -1)
    taken_off = {workload.beyond for workload in WORKLOADS.values()}
    return {
        name: round(count - counts.get(WORKLOADS[name].beyond, 0.0))
        for name, count in counts.items()
        if name not in taken_off
    }


# ------------------------------------------------------------------------------------------------------- the comparing


def longer_ones(counts: Counts, baseline: Counts) -> list[str]:
    """Print both; the names of those that take more than they may. Raises Incomparable when one has no baseline."""
    longer = []
    for name, count in counts.items():
        if name not in baseline:
            raise Incomparable(f"the baseline has no {name}; {UPDATE} would add its {count:,} instructions")
        known = baseline[name]
        more = 100 * (count - known)
        verdict = "LONGER" if more >= PERCENT * known else "shorter" if more <= -PERCENT * known else "fine"
        if verdict == "LONGER":
            longer.append(name)
        print(f"{verdict:<7}  {name}: {count:,}, {more / known:+.1f} % of {known:,}")
    return longer


def compare(baselines: Baselines) -> int:
    """Count, and compare with the baseline of this interpreter. Raises Incomparable when there is none."""
    here = interpreter()
    if here not in baselines:
        known = "\n".join(f"  {name}" for name in sorted(baselines)) or "  none"
        raise Incomparable(
            f"no baseline is of this interpreter:\n  {here}\nThere are baselines of:\n{known}\n"
            f"To compare a change here, check out what it is based on, and make one there: {UPDATE}"
        )
    longer = longer_ones(measure(), baselines[here])
    if not longer:
        return 0
    print(f"{PERCENT} % longer or more: {', '.join(longer)}. If that is worth what it buys:\n  {UPDATE}")
    print(f"and commit {BASELINE.name} with the reason.")
    return 1


def update(baselines: Baselines, path: Path) -> None:
    """Let this interpreter's baseline be what is counted now."""
    counts = measure()
    path.write_text(json.dumps(dict(sorted((baselines | {interpreter(): counts}).items())), indent=2) + "\n")
    print(interpreter(), *(f"  {name}: {count:,}" for name, count in counts.items()), sep="\n")


def main() -> int:
    """Count, and compare or update."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guard", description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true", help="let the baseline be what it takes now")
    parser.add_argument("--baseline", type=Path, default=BASELINE, help="the file (default benchmarks/guard.json)")
    arguments = parser.parse_args()
    path: Path = arguments.baseline
    baselines: Baselines = json.loads(path.read_text()) if path.exists() else {}
    try:
        if not arguments.update:
            return compare(baselines)
        update(baselines, path)
    except Incomparable as reason:
        print(f"The guard could not compare: {reason}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
