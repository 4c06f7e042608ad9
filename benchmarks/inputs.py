"""What the pure machine costs: nanoseconds an input, and an echo cycle against the system calls it stands beside."""

from __future__ import annotations

import socket
import statistics
import timeit
from collections.abc import Callable

from sansnet.state import SocketMachine, Step

PAYLOAD = b"x" * 1024
CYCLES = 20_000


def report(rounds: int) -> None:
    """Print the figures."""
    machine = flowing_machine()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        cycles, pairs = [], []
        for _ in range(rounds):  # in turn, so that a slow moment of the machine meets both
            cycles.append(_nanoseconds(lambda: echo_cycle(machine)))
            pairs.append(_nanoseconds(lambda: (ours.send(PAYLOAD), theirs.recv(65536))))
    cycle = statistics.median(cycles)
    ratio = statistics.median([one / other for one, other in zip(cycles, pairs, strict=True)])
    print(f"\npure machine, 1 KiB echoed: {cycle / 3:.0f} ns an input (received, write, sent)")
    print(f"an echo cycle is {ratio:.2f} of a send and a recv on a socketpair ({statistics.median(pairs):.0f} ns)")


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
    return timeit.timeit(call, number=CYCLES) / CYCLES * 1e9
