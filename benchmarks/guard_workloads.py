"""What the guard counts the instructions of: the ways of a byte, from the pure machine to the system, and the test kit.

python -m benchmarks.guard_workloads    # under valgrind; the guard starts it so

Prints two lines for each workload, `NAME ROUNDS PID`: processes that have the same behind them, but that the second did
so many rounds more. What valgrind says of each by its PID, one taken from the other, is what those rounds take.
"""

from __future__ import annotations

import gc
import itertools
import os
import select
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any, Final, NamedTuple, cast

import sansnet
from sansnet.drivers.selector import SelectorDriver
from sansnet.state.endpoints import Endpoint
from sansnet.testing import Bounds, SocketModel, explore

from .blocklist import FAMILIES, Checks
from .inputs import echo_cycle, flowing_machine
from .simulation import echo

__all__ = ["WORKLOADS", "play"]

PAIRS: Final = 10
PAYLOAD: Final = b"x" * 1024
RULES: Final = 1000

# ------------------------------------------------------------------------------------------------------ nothing but us


def machine_cycle() -> Callable[[], object]:
    """One message through the pure machine: received, write, sent."""
    machine = flowing_machine()
    return lambda: echo_cycle(machine)


class _Handle:
    """In place of a system: takes all bytes at once, and is closed in the next turn."""

    sink: Any

    def __init__(self, driver: SelectorDriver) -> None:
        self._driver = driver
        self._sent: tuple[object, ...] = ()

    def receive(self, other: _Handle) -> None:
        """A message comes in here, and has to leave at once by the other."""
        self.sink.received(PAYLOAD)
        assert other._sent == (PAYLOAD,), "the message went out"
        other._sent = ()

    def attach(self, sink: object) -> None:
        self.sink = sink

    def unconnected(self) -> None:
        return None

    def local_name(self) -> Endpoint | None:
        return None

    def fileno(self) -> int:
        return -1

    def start_read(self) -> None: ...

    def stop_read(self) -> None: ...

    def send(self, payloads: tuple[object, ...]) -> None:
        self._sent = payloads

    def shutdown(self) -> None:
        self._driver.call_soon(self.sink.shut_down)

    def close(self) -> None:
        self._driver.call_soon(self.sink.closed)


class _Systemless(SelectorDriver):
    """Adopts such handles as they are."""

    def adopt(self, source: object) -> Any:
        return source

    def connection(self) -> tuple[sansnet.Socket, _Handle]:
        """A socket of the facade, and what is below it."""
        handle = _Handle(self)
        with sansnet.using(self):
            return sansnet.Socket(handle=cast(Any, handle)), handle


def facade_echo() -> Callable[[], object]:
    """One message up through port, pump and facade to a listener, which writes it: the same way down."""
    driver = _Systemless()
    echoing, handle = driver.connection()
    echoing.on("data", echoing.write)
    driver.step(0)  # what was put off
    return lambda: handle.receive(handle)


def facade_pipe() -> Callable[[], object]:
    """One message through `pipe()`, from one socket to another."""
    driver = _Systemless()
    (source, handle), (destination, other) = driver.connection(), driver.connection()
    source.pipe(destination)
    driver.step(0)
    return lambda: handle.receive(other)


def facade_life() -> Callable[[], object]:
    """The life of a connection: adopted, a message echoed, ended by both, closed."""
    driver = _Systemless()

    def live() -> None:
        echoing, handle = driver.connection()
        echoing.set_timeout(60)
        echoing.on("data", echoing.write)
        driver.step(0)
        handle.receive(handle)
        handle.sink.eof()
        while not echoing.closed:
            driver.step(0)

    return live


def blocklist_check() -> Callable[[], object]:
    """Ten addresses held against a list of a thousand rules of all kinds."""
    checks = Checks(FAMILIES[0], "mixed", RULES, held=True)
    return checks.run


# ------------------------------------------------------------------------------------------------------- with a system


def selector_echo() -> Callable[[], object]:
    """Ten messages echoed over socketpairs by the selector driver, in one turn."""
    return _served(lambda socket: socket.write)


def selector_respond() -> Callable[[], object]:
    """The same, but that each answer has two writes."""
    head, body = PAYLOAD[:100], PAYLOAD[100:]

    def listener_of(socket: sansnet.Socket) -> Callable[[bytes], object]:
        def respond(_request: bytes) -> None:
            socket.write(head)
            socket.write(body)

        return respond

    return _served(listener_of)


def _served(listener_of: Callable[[sansnet.Socket], Callable[[bytes], object]]) -> Callable[[], object]:
    driver, pairs = SelectorDriver(), _pairs()
    with sansnet.using(driver):
        for _, theirs in pairs:
            serving = sansnet.Socket(handle=theirs)
            serving.on("data", listener_of(serving))
    driver.step(0)
    return lambda: _exchange(pairs, lambda: driver.step(0))


def raw_echo() -> Callable[[], object]:
    """The same by the barest loop over epoll: what no driver could be without."""
    pairs = _pairs()
    poll, by_number = select.epoll(), {theirs.fileno(): theirs for _, theirs in pairs}
    for number in by_number:
        poll.register(number, select.EPOLLIN)

    def turn() -> None:
        for number, _ in poll.poll(0):
            by_number[number].send(by_number[number].recv(65536))

    return lambda: _exchange(pairs, turn)


def selector_life() -> Callable[[], object]:
    """A connection is accepted, a message echoed, both end: all turns of the selector driver that it takes."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("")  # a name of the kernel's choice, which leaves no file behind
    listener.listen()
    name = listener.getsockname()
    driver, closed = SelectorDriver(), [True]

    def on_connection(connection: sansnet.Socket) -> None:
        connection.on("data", connection.write)
        connection.on("close", closed.append)

    with sansnet.using(driver):
        sansnet.create_server(on_connection).listen(listener)

    def live() -> None:
        closed.clear()
        with socket.socket(socket.AF_UNIX) as ours:
            ours.connect(name)
            ours.send(PAYLOAD)
            ours.shutdown(socket.SHUT_WR)
            while not closed:
                driver.step(0)
            assert len(ours.recv(65536)) == len(PAYLOAD), "the message came back"

    return live


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


# ------------------------------------------------------------------------------------------------------- the test kit


def simulated_seed() -> Callable[[], object]:
    """A program on the simulated network, under one seed after the other."""
    seeds = itertools.count()
    return lambda: echo(next(seeds))


SMALL: Final = SocketModel(
    f"{__name__}.SMALL",
    Bounds(
        at_rest=("write", "end", "pause", "destroy"), adopted=((False, False),), writes=1, ends=1, flips=1, chunks=1
    ),
)


def explored_model() -> Callable[[], object]:
    """A small model of a socket, explored anew."""
    return lambda: explore(SMALL)


# -------------------------------------------------------------------------------------------------------- the playing


class Workload(NamedTuple):
    """What is counted, and the rounds that make the difference."""

    prepare: Callable[[], Callable[[], object]]
    rounds: int
    beyond: str = ""
    """What is taken off: the count of this other one, which nobody asks for by itself."""


WORKLOADS: Final[dict[str, Workload]] = {
    "machine_cycle": Workload(machine_cycle, 2000),
    "facade_echo": Workload(facade_echo, 1000),
    "facade_pipe": Workload(facade_pipe, 1000),
    "facade_life": Workload(facade_life, 100),
    "blocklist_check": Workload(blocklist_check, 50),
    "selector_echo": Workload(selector_echo, 100, beyond="raw_echo"),
    "selector_respond": Workload(selector_respond, 100, beyond="raw_echo"),
    "raw_echo": Workload(raw_echo, 100),
    "selector_life": Workload(selector_life, 100),
    "simulated_seed": Workload(simulated_seed, 20),
    "explored_model": Workload(explored_model, 1),
}

WARM_UP: Final = 20
"""Rounds, so that the interpreter has adapted its bytecode and the caches are full."""


def play(name: str, rounds: int) -> None:
    """So many rounds, after the first ones."""
    workload = WORKLOADS[name]
    round_ = workload.prepare()
    for _ in range(min(WARM_UP, workload.rounds)):
        round_()
    gc.collect()
    gc.freeze()  # so that when the collector comes, and to what, is a matter of these rounds alone
    for _ in range(rounds):
        round_()


def _in_a_child(name: str, rounds: int) -> int:
    """Plays in a process of its own, which is a copy of this one. Its PID."""
    pid = os.fork()
    if not pid:
        try:
            play(name, rounds)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)  # what is open is left to the end, and isn't counted
    return pid


def main() -> int:
    """Play all, two processes at a time. 1: one of them failed."""
    for name, workload in WORKLOADS.items():
        pids = [_in_a_child(name, rounds) for rounds in (0, workload.rounds)]
        for rounds, pid in zip((0, workload.rounds), pids, strict=True):
            if os.waitpid(pid, 0)[1]:
                return 1
            print(name, rounds, pid, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
