"""Run the benchmarks and print their figures.

python -m benchmarks [--rounds N] [--seconds S] [inputs] [blocklist] [echo] [explorer] [simulation]
"""

from __future__ import annotations

import argparse
import os
import platform
import sys

from . import blocklist, echo, explorer, inputs, simulation


def main() -> int:
    """Run what was asked for; all of it by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    every = ["inputs", "blocklist", "echo", "explorer", "simulation"]
    parser.add_argument("which", nargs="*", choices=[*every, []], help="default: all")
    parser.add_argument(
        "--rounds", type=int, default=5, help="rounds of each figure; the median is printed (default 5)"
    )
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one echo measurement (default 1)")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or arguments.seconds <= 0:
        parser.error("--rounds and --seconds must be positive")
    which = arguments.which or every
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    )
    if "inputs" in which:
        inputs.report(arguments.rounds)
    if "blocklist" in which:
        blocklist.report(arguments.rounds)
    if "echo" in which:
        echo.report(arguments.rounds, arguments.seconds)
    if "explorer" in which:
        explorer.report(arguments.rounds)
    if "simulation" in which:
        simulation.report(arguments.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
