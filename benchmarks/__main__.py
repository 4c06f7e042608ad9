"""Run the benchmarks; print their tables, and how the targets were met; keep the figures as JSON.

python -m benchmarks [NAME...] [--rounds N] [--seconds S] [--only SERVER]... [--json PATH]
python -m benchmarks --plot        # the figures at that path, as a drawing and as the tables of docs/performance.md
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from . import blocklist, explorer, inputs, simulation, traffic
from .contenders import LOAD, ROOT
from .tables import Report, Table
from .targets import judge

FIGURES = ROOT / "build" / "benchmarks.json"
IN_PROCESS = ("inputs", "blocklist", "explorer", "simulation")
EVERY = (*IN_PROCESS, *traffic.NAMES, "memory")


def main() -> int:
    """Do what was asked for; all of it by default."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("which", metavar="NAME", nargs="*", help=f"one of {', '.join(EVERY)}; default: all")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each figure; medians are shown (default 7)")
    parser.add_argument("--seconds", type=float, default=0.3, help="length of a server's turn in a round (default 0.3)")
    parser.add_argument("--only", action="append", help="measure this server, not all; may be given again")
    parser.add_argument(
        "--json", type=Path, default=FIGURES, help="where the figures are (default build/benchmarks.json)"
    )
    parser.add_argument("--plot", action="store_true", help="draw the figures that are there; measure nothing")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.which) - set(EVERY))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(EVERY)}")
    if arguments.rounds < 1 or not 0 < arguments.seconds <= 60:
        parser.error("--rounds must be at least 1, and --seconds from 0 to 60")
    if arguments.plot:
        from .page import publish

        publish(Report.load(arguments.json))
        return 0
    if sys.platform != "linux" and not set(arguments.which or EVERY) <= set(IN_PROCESS):
        parser.error(f"servers are measured on Linux; elsewhere name what runs in one process: {', '.join(IN_PROCESS)}")
    run(arguments).save(arguments.json)
    return 0


def run(arguments: argparse.Namespace) -> Report:
    """Measure, and print as it goes."""
    report = Report(_machine(), f"python -m benchmarks {shlex.join(sys.argv[1:])}".strip())
    print(report.machine)
    for name in arguments.which or EVERY:
        if name not in IN_PROCESS and not LOAD.exists():
            sys.exit("the generator of load isn't there: make build/load")
        for table in _measurements(arguments)[name]():
            report.tables.append(table)
            print(f"\n{table.title}\n\n{table.markdown()}", flush=True)
    report.targets = judge(report)
    print("", *report.targets, sep="\n")
    return report


def _measurements(arguments: argparse.Namespace) -> dict[str, Callable[[], list[Table]]]:
    rounds, seconds, only = arguments.rounds, arguments.seconds, arguments.only
    return {
        "inputs": lambda: [inputs.measure(rounds)],
        "blocklist": lambda: [blocklist.measure(rounds)],
        "explorer": lambda: [explorer.measure(rounds)],
        "simulation": lambda: simulation.measure(rounds),
        "memory": lambda: [traffic.memory(min(rounds, 3), only)],  # it hardly varies
        **{name: partial(traffic.measure, name, rounds, seconds, only) for name in traffic.NAMES},
    }


def _machine() -> str:
    cpu = platform.processor() or platform.machine()
    known = Path("/proc/cpuinfo")
    if known.exists():
        models = [line.partition(":")[2].strip() for line in known.read_text().splitlines() if "model name" in line]
        cpu = models[0] if models else cpu
    busy = f", load average {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {platform.system()} {platform.machine()}, {cpu}, {os.cpu_count()} cores{busy}"


if __name__ == "__main__":
    sys.exit(main())
