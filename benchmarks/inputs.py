"""What the pure machine costs: an echo cycle against the system calls it stands beside.

python -m benchmarks.inputs    # the figures of one round as JSON: those of the machine that this process imports
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sansnet.state import SocketMachine, Step

from . import compiled
from .tables import Table

ROOT: Final = Path(__file__).resolve().parent.parent
PAYLOAD: Final = b"x" * 1024
CYCLES: Final = 20_000
ROW: Final = "echo cycle"


def measure(rounds: int) -> Table:
    """Nanoseconds of CPU of a cycle, and of a send and a recv on a socketpair; compiled too, if that is there."""
    table = Table("inputs", "The pure machine, 1 KiB: received, write, sent", "ns", "send + recv")
    missing = compiled.missing()
    if missing:
        print(f"{ROW}, compiled is left out: {missing}")
    for _ in range(rounds):
        figures = {ROW: one_round()}
        if not missing:
            line = compiled.command("benchmarks.inputs")
            told = subprocess.run(line, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
            figures[f"{ROW}, compiled"] = json.loads(told)
        for row, columns in figures.items():
            for column, figure in columns.items():
                table.add(row, column, figure)
    return table


def one_round() -> dict[str, float]:
    """One after the other, so that a slow moment of the machine meets both."""
    machine = flowing_machine()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        works: dict[str, Callable[[], object]] = {
            "machine": lambda: echo_cycle(machine),
            "send + recv": lambda: (ours.send(PAYLOAD), theirs.recv(65536)),
        }
        return {column: _nanoseconds(work) for column, work in works.items()}


def flowing_machine() -> SocketMachine:
    """An open socket whose data flows."""
    machine = SocketMachine()
    machine.adopt(False, False)
    machine.resume()
    machine.ticked(Step.RESUME)
    machine.ticked(Step.FLOW)
    return machine


def echo_cycle(machine: SocketMachine) -> None:
    """One message in, the same out."""
    machine.received(PAYLOAD, len(PAYLOAD))
    machine.write(PAYLOAD, len(PAYLOAD))
    machine.sent(True)


def _nanoseconds(call: Callable[[], object]) -> float:
    return timeit.timeit(call, timer=time.process_time, number=CYCLES) / CYCLES * 1e9


if __name__ == "__main__":
    print(json.dumps(one_round()))
