"""Has a path become longer? Instructions, as valgrind counts them, of a few workloads beside those of a baseline.

python -m benchmarks.guard [--update]

Unlike times these don't depend on what else the machine does: the hashes are fixed, everything is compiled beforehand,
and the difference of two runs, one of which does more rounds, has no start-up in it. Fails when one takes 5 % more than
`guard.json` has for this version of Python; `--update` writes what it takes now.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
BASELINE: Final = Path(__file__).with_name("guard.json")
ALLOWED: Final = 1.05
PAIRS: Final = 10
PAYLOAD: Final = b"x" * 1024

# ------------------------------------------------------------------------------------------------------ the workloads


def machine_cycle() -> Callable[[], object]:
    """One message through the pure machine: received, write, sent."""
    from .inputs import echo_cycle, flowing_machine

    machine = flowing_machine()
    return lambda: echo_cycle(machine)


def selector_echo() -> Callable[[], object]:
    """Ten messages echoed over socketpairs by the selector driver, in one turn."""
    import sansnet
    from sansnet.drivers.selector import SelectorDriver

    driver, pairs = SelectorDriver(), _pairs()
    with sansnet.using(driver):
        for _, theirs in pairs:
            echoing = sansnet.Socket(handle=theirs)
            echoing.on("data", echoing.write)
    driver.step(0)  # what was put off
    return lambda: _exchange(pairs, lambda: driver.step(0))


def raw_echo() -> Callable[[], object]:
    """The same by the barest loop over epoll: what no driver could be without."""
    import select

    pairs = _pairs()
    poll, by_number = select.epoll(), {theirs.fileno(): theirs for _, theirs in pairs}
    for number in by_number:
        poll.register(number, select.EPOLLIN)

    def turn() -> None:
        for number, _ in poll.poll(0):
            by_number[number].send(by_number[number].recv(65536))

    return lambda: _exchange(pairs, turn)


def simulated_seed() -> Callable[[], object]:
    """A program on the simulated network, under one seed after the other."""
    from .simulation import echo

    seeds = iter(range(1_000_000))
    return lambda: echo(next(seeds))


def explored_model() -> Callable[[], object]:
    """One of our models, explored anew."""
    from sansnet.testing import IDLING, explore

    return lambda: explore(IDLING)


def _pairs() -> list[tuple[socket.socket, socket.socket]]:
    pairs = [socket.socketpair() for _ in range(PAIRS)]
    for _, theirs in pairs:
        theirs.setblocking(False)
    return pairs


def _exchange(pairs: list[tuple[socket.socket, socket.socket]], turn: Callable[[], object]) -> None:
    for ours, _ in pairs:
        ours.send(PAYLOAD)
    turn()
    for ours, _ in pairs:
        assert len(ours.recv(65536)) == len(PAYLOAD), "each message came back"


WORKLOADS: Final[dict[str, tuple[Callable[[], Callable[[], object]], int]]] = {
    "machine_cycle": (machine_cycle, 1000),
    "selector_echo": (selector_echo, 100),
    "raw_echo": (raw_echo, 100),
    "simulated_seed": (simulated_seed, 20),
    "explored_model": (explored_model, 1),
}
"""Each with the rounds that make the difference."""

WARM_UP: Final = 20  # rounds, so that the interpreter has adapted its bytecode and the caches are full


def play(name: str, rounds: int) -> None:
    """What runs under valgrind."""
    prepare, most = WORKLOADS[name]
    round_ = prepare()
    for _ in range(min(WARM_UP, most)):
        round_()
    for _ in range(rounds):
        round_()


# -------------------------------------------------------------------------------------------------------- the counting


def measure() -> dict[str, float]:
    """Instructions of a round of each; of the selector's echo, those that it takes beyond the bare loop."""
    with tempfile.TemporaryDirectory(prefix="sansnet-") as compiled:
        counts = {name: _instructions(name, compiled) for name in WORKLOADS}
    counts["selector_echo"] -= counts.pop("raw_echo")
    return counts


def _instructions(name: str, compiled: str) -> float:
    rounds = WORKLOADS[name][1]
    _run([], name, 0, compiled)  # compiles what it imports
    with_start, without = (_counted(name, count, compiled) for count in (rounds, 0))
    return (with_start - without) / rounds


def _counted(name: str, rounds: int, compiled: str) -> int:
    told = _run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"], name, rounds, compiled)
    found = re.search(r"Collected : (\d+)", told)
    assert found is not None, told
    return int(found[1])


def _run(prefix: list[str], name: str, rounds: int, compiled: str) -> str:
    environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONPYCACHEPREFIX": compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    code = f"from benchmarks.guard import play; play({name!r}, {rounds})"
    done = subprocess.run(
        [*prefix, sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr}")
    return done.stderr


def main() -> int:
    """Count, and compare or update. 1: something takes more than it may."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guard", description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true", help="let the baseline be what it takes now")
    arguments = parser.parse_args()
    if shutil.which("valgrind") is None:
        parser.error("there is no valgrind to count with")
    version = platform.python_version()
    baselines: dict[str, dict[str, float]] = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    if not arguments.update and version not in baselines:
        parser.error(f"guard.json has no baseline for Python {version}, only for {', '.join(sorted(baselines))}")
    counts = {name: round(count) for name, count in measure().items()}
    if arguments.update:
        BASELINE.write_text(json.dumps(dict(sorted((baselines | {version: counts}).items())), indent=2) + "\n")
        print(*(f"{name}: {count:,}" for name, count in counts.items()), sep="\n")
        return 0
    return 1 if longer_ones(counts, baselines[version]) else 0


def longer_ones(counts: dict[str, int], baseline: dict[str, float]) -> list[str]:
    """Print both; the names of those that take more than they may."""
    longer = []
    for name, count in counts.items():
        known = baseline.get(name)
        if known is None:
            print(f"{name}: {count:,}, which the baseline lacks")
            continue
        if count > known * ALLOWED:
            longer.append(name)
        print(f"{'LONGER' if name in longer else 'fine  '}  {name}: {count:,}, {count / known - 1:+.1%} of {known:,}")
    return longer


if __name__ == "__main__":
    sys.exit(main())
