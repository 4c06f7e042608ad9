"""What the pure machine costs: an echo cycle against the system calls it stands beside."""

from __future__ import annotations

import socket
import time
import timeit
from collections.abc import Callable

from sansnet.state import SocketMachine, Step

from .tables import Table

PAYLOAD = b"x" * 1024
CYCLES = 20_000


def measure(rounds: int) -> Table:
    """Nanoseconds of CPU of a cycle, and of a send and a recv on a socketpair."""
    table = Table("inputs", "The pure machine, 1 KiB: received, write, sent", "ns", "send + recv")
    machine = flowing_machine()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for _ in range(rounds):  # in turn, so that a slow moment of the machine meets both
            table.add("echo cycle", "machine", _nanoseconds(lambda: echo_cycle(machine)))
            pair = _nanoseconds(lambda: (ours.send(PAYLOAD), theirs.recv(65536)))
            table.add("echo cycle", "send + recv", pair)
    return table


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
