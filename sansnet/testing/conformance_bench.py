"""What the checks of `conformance` are written with: a bench on which a driver is tried, and the register of checks.

Some laws are kept an eye on in every check, whatever it is about: reports come from the loop, on its thread, and never
inside an op (obligation 6); after `closed()` comes nothing (3); at the end every handle that was made can be closed, is
told so, and then nothing is left that the driver would wait for (1, 8).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, final

from ..drivers.contract import Driver, ListenerHandle, SocketHandle
from ..state.endpoints import Endpoint, ListenPlan
from ..state.faults import Fault

__all__ = [
    "LOOPBACK",
    "MEGABYTE",
    "NEEDS",
    "PATIENCE",
    "Bench",
    "Check",
    "Door",
    "End",
    "Maker",
    "Nonconforming",
    "Recorder",
    "Turn",
    "check",
    "expect",
    "made_by",
    "same",
]

LOOPBACK: Final = "127.0.0.1"
MEGABYTE: Final = bytes(range(256)) * 4096
PATIENCE: Final = 30.0
"""Seconds on the driver's clock after which something that was to happen counts as never to happen."""
NEEDS: Final = ("system", "threads", "paths", "ipv6", "many")
"""What a check may need of a driver: sockets of the operating system, threads, paths, IPv6, and thousands of
descriptors (select() has room for 1,024).
"""

_MOST_TURNS: Final = 1_000_000
_NUMBERS: Final = itertools.count()

Turn = Callable[[float], object]
"""Let the loop go on until it has called the driver back, or so many seconds have passed; with 0 it doesn't wait.

It raises what was reported (`Driver.report`), once the turn is over: several as an exception group.
"""

Maker = Callable[[], AbstractContextManager[tuple[Driver, Turn]]]
"""Makes a driver, and what turns its loop; closes both at the end of the block."""


class Nonconforming(AssertionError):
    """The driver didn't do what it owes."""


def expect(condition: object, what: str) -> None:
    """Raise Nonconforming unless it is so. `what` is what should be."""
    if not condition:
        raise Nonconforming(what)


def same(actual: object, expected: object, what: str) -> None:
    """Raise Nonconforming unless the two are equal."""
    if actual != expected:
        raise Nonconforming(f"{what}: {_short(actual)}, not {_short(expected)}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 500 else f"{text[:480]}… ({len(text)} characters)"


class Recorder:
    """A sink that writes down what it is told: `log` has the reports in order, `data` what was received.

    A function in `then` is called, with the report's arguments, after the report of that name was noted.
    """

    LAST = ""
    """The report after which nothing may come."""

    def __init__(self, bench: Bench) -> None:
        self.bench: Final = bench
        self.log: Final[list[tuple[Any, ...]]] = []
        self.data: Final = bytearray()
        self.then: Final[dict[str, Callable[..., object]]] = {}

    def note(self, name: str, *args: object) -> None:
        """It was told this."""
        self.bench.witness(self, name)
        self.log.append((name, *args))
        if name in self.then:
            with self.bench.listening(name):
                self.then[name](*args)

    @property
    def names(self) -> list[str]:
        """What happened, without the details."""
        return [entry[0] for entry in self.log]

    def has(self, name: str, count: int = 1) -> Callable[[], bool]:
        """Was this told so often?"""
        return lambda: self.names.count(name) >= count

    def fault(self, name: str) -> Fault:
        """The fault that came with the one report of that name."""
        found = [entry[-1] for entry in self.log if entry[0] == name]
        same(len(found), 1, f"{name} is told once")
        expect(isinstance(found[0], Fault), f"{name} comes with a fault")
        fault: Fault = found[0]
        return fault

    def failed(self, name: str, code: str, syscall: str) -> None:
        """Check that this was told once, with a fault of one of these codes (separated by blanks)."""
        fault = self.fault(name)
        expect(fault.code in code.split(), f"{name} has code {code}, not {fault.code}")
        same(fault.syscall, syscall, f"the syscall of {name}")


@final
class End(Recorder):
    """One end of a connection: a handle of the driver, and where its reports go (`contract.SocketSink`)."""

    LAST = "closed"

    def __init__(self, bench: Bench, handle: SocketHandle) -> None:
        super().__init__(bench)
        self.handle: Final = handle
        handle.attach(self)

    def connected(self, attempt: int) -> None:
        self.note("connected", attempt)

    def attempt_failed(self, attempt: int, fault: Fault) -> None:
        self.note("attempt_failed", attempt, fault)

    def received(self, payload: Any) -> None:
        self.data.extend(payload)
        self.note("received", len(payload))

    def eof(self) -> None:
        self.note("eof")

    def read_failed(self, fault: Fault) -> None:
        self.note("read_failed", fault)

    def progressed(self, count: int) -> None:
        self.note("progressed", count)

    def sent(self) -> None:
        self.note("sent")

    def send_failed(self, fault: Fault) -> None:
        self.note("send_failed", fault)

    def shut_down(self) -> None:
        self.note("shut_down")

    def shutdown_failed(self, fault: Fault) -> None:
        self.note("shutdown_failed", fault)

    def closed(self) -> None:
        self.note("closed")


@final
class Door(Recorder):
    """A listener of the driver, and where its reports go (`contract.ListenerSink`)."""

    LAST = "listener_closed"
    handle: ListenerHandle

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.connections: Final[list[SocketHandle]] = []

    @property
    def endpoint(self) -> Endpoint:
        """Where it listens."""
        name = self.handle.local_name()
        expect(name is not None, "a listener has a name")
        assert name is not None
        return name

    def accepted(self, connection: SocketHandle) -> None:
        self.connections.append(connection)
        self.note("accepted", connection)

    def accept_failed(self, fault: Fault) -> None:
        self.note("accept_failed", fault)

    def listener_closed(self) -> None:
        self.note("listener_closed")


@final
class Bench:
    """A driver, a way to turn its loop, and the verbs of the checks."""

    def __init__(self, driver: Driver, turn: Turn, patience: float, stack: contextlib.ExitStack) -> None:
        self.driver: Final = driver
        self.patience: Final = patience
        self.stack: Final = stack
        """What is to be closed when the check is over."""
        self.order: Final[list[tuple[Recorder, str]]] = []
        """All reports to all recorders, in order."""
        self._turn: Final = turn
        self._turning = False
        self._inside = ""  # the report whose listener runs
        self._thread: Final = threading.get_ident()
        self._recorders: Final[list[End | Door]] = []
        self._violations: Final[list[str]] = []

    # -- the loop

    @property
    def alive(self) -> bool:
        """`driver.alive`."""
        return self.driver.alive

    def turn(self, seconds: float = 0.0) -> None:
        """One turn, which waits for at most so many seconds."""
        self._turning = True
        try:
            self._turn(seconds)
        finally:
            self._turning = False

    def settle(self, turns: int = 10) -> None:
        """A few turns that don't wait: whatever was going to happen by itself has happened after them."""
        for _ in range(turns):
            self.turn()

    def until(self, condition: Callable[[], object], what: str = "what was to happen") -> None:
        """Turn until the condition holds."""
        limit = self.driver.now() + self.patience
        for _ in range(_MOST_TURNS):
            if condition():
                return
            left = limit - self.driver.now()
            if left <= 0:
                break
            self.turn(left)
        expect(condition(), f"{what} did not happen within {self.patience:g} s")

    def idle(self) -> None:
        """Turn until the driver says that nothing is left to be waited for."""
        self.until(lambda: not self.driver.alive, "the driver's coming to rest (alive is False)")

    def rests(self) -> None:
        """Check that a loop that waits would really wait: that nothing keeps it spinning."""
        fired: list[None] = []
        self.driver.call_later(0.03, lambda: fired.append(None))
        turns = 0
        while not fired and turns < 100:
            self.turn(self.patience)
            turns += 1
        expect(turns < 25, "nothing keeps the loop spinning")

    def errors(self, act: Callable[[], None], *kinds: type[BaseException]) -> None:
        """Check that, in the end, `act` (or the turns after it) raises exceptions of these kinds, in this order."""
        seen: list[BaseException] = []
        todo: list[Callable[[], None]] = [act]
        limit = self.driver.now() + self.patience
        while len(seen) < len(kinds) and self.driver.now() < limit:
            try:
                todo.pop()() if todo else self.turn(0.01)
            except BaseExceptionGroup as group:
                seen += group.exceptions
            except Exception as error:
                seen.append(error)
        same([type(error) for error in seen], list(kinds), "what surfaces out of the loop")

    # -- reports

    def witness(self, recorder: Recorder, name: str) -> None:
        """A report has come: is it one that may come now?"""
        self.order.append((recorder, name))
        if threading.get_ident() != self._thread:
            self._violations.append(f"{name} came on another thread (obligation 6)")
        elif self._inside:
            self._violations.append(f"{name} came inside an op, while a listener of {self._inside} ran (obligation 6)")
        elif not self._turning:
            self._violations.append(f"{name} came while the loop didn't turn, inside an op (obligation 6)")
        if recorder.LAST in recorder.names:
            self._violations.append(f"{name} came after {recorder.LAST} (obligation 3)")

    @contextlib.contextmanager
    def listening(self, name: str) -> Iterator[None]:
        """A listener runs for the length of the block."""
        before, self._inside = self._inside, name
        try:
            yield
        finally:
            self._inside = before

    def finish(self) -> None:
        """Close what is left, and check the laws that hold for all."""
        for recorder in self._recorders:
            recorder.handle.close()
        for recorder in self._recorders:
            self.until(recorder.has(recorder.LAST), f"{recorder.LAST} of every handle (obligation 1)")
        self.idle()
        self.settle(3)
        if self._violations:
            raise Nonconforming("; ".join(dict.fromkeys(self._violations)))

    # -- sockets

    def end(self, handle: SocketHandle | None = None) -> End:
        """A handle, by default one that has no socket yet, with its recorder."""
        made = End(self, self.driver.socket() if handle is None else handle)
        self._recorders.append(made)
        return made

    def listen(self, endpoint: Endpoint | None = None, *, accept: bool = True, **plan: Any) -> Door:
        """A listener, at a port of the system's choice unless told otherwise, that accepts unless told otherwise."""
        if endpoint is None and "handle" not in plan:
            endpoint = Endpoint(LOOPBACK, 0, 4)
        door = Door(self)
        answer = self.driver.listen(endpoint, ListenPlan(**plan), door)
        if isinstance(answer, Fault):
            raise Nonconforming(f"listen({endpoint}) is refused: {answer}")
        door.handle = answer
        self._recorders.append(door)
        if accept:
            answer.start_accept()
        return door

    def refusal(self, endpoint: Endpoint | None, **plan: Any) -> Fault:
        """Why one can't listen there."""
        answer = self.driver.listen(endpoint, ListenPlan(**plan), Door(self))
        if not isinstance(answer, Fault):
            answer.close()
            raise Nonconforming(f"listen({endpoint}) is refused")
        same(answer.syscall, "listen", "the syscall of a refused listen")
        return answer

    def pair(self, endpoint: Endpoint | None = None) -> tuple[End, End]:
        """Two ends of a connection. The second one is unref'd: it stands for somebody else's."""
        door = self.listen(endpoint)
        near = self.end()
        near.handle.connect(1, door.endpoint)
        self.until(lambda: near.log and door.log, "a connection")
        same((near.names, door.names), (["connected"], ["accepted"]), "what a connection reports")
        far = self.end(door.connections[0])
        far.handle.unref()
        door.handle.close()
        self.until(door.has("listener_closed"), "listener_closed")
        near.log.clear()
        return near, far

    def free(self, address: str = LOOPBACK) -> Endpoint:
        """An address at which nobody listens."""
        door = self.listen(Endpoint(address, 0, 6 if ":" in address else 4), accept=False)
        endpoint = door.endpoint
        door.handle.close()
        self.until(door.has("listener_closed"), "listener_closed")
        return endpoint

    def path(self) -> Endpoint:
        """A path at which nothing is, in a directory of its own; on Windows the name of a pipe that there isn't."""
        if sys.platform == "win32":
            return Endpoint(rf"\\.\pipe\sansnet-{os.getpid()}-{next(_NUMBERS)}", None, 0)
        else:
            directory = self.stack.enter_context(tempfile.TemporaryDirectory())
            return Endpoint(str(Path(directory, "socket")), None, 0)

    def fill(self, end: End) -> int:
        """Send until the system takes no more: how many bytes there were. A send is in flight then."""
        count = 0
        while count < 1 << 29:
            count += len(MEGABYTE)
            answer = end.handle.send((MEGABYTE,))
            if answer is not None:
                expect(isinstance(answer, int), f"a send to a peer that doesn't read is taken or put off, not {answer}")
                self.settle()  # on its way to the peer there may be room for more
                if "sent" not in end.names:
                    return count
                end.log.clear()
        raise Nonconforming("a peer that doesn't read holds the sender up")

    def drain(self, end: End, count: int) -> None:
        """Read until so many bytes have come."""
        end.handle.start_read()
        self.until(lambda: len(end.data) >= count, f"the arrival of {count} bytes")
        same(len(end.data), count, "bytes that arrived")


@contextlib.contextmanager
def made_by(maker: Maker) -> Iterator[tuple[Driver, Turn]]:
    """What the maker makes. Raises TypeError where that is no block around a driver and what turns its loop."""
    block: Any = maker()
    if not hasattr(block, "__enter__"):
        raise TypeError(f"it returns {block!r:.80}, and no context manager; is @contextlib.contextmanager missing?")
    with block as made:
        if not isinstance(made, tuple) or len(made) != 2 or not callable(made[1]):
            raise TypeError(f"its block gives {made!r:.80}, and not a driver and a function that turns its loop")
        yield made


@final
class Check:
    """One thing that a driver owes. Call it with a maker: it returns if all is well, and raises if not."""

    def __init__(
        self, act: Callable[..., None], name: str, obligations: tuple[int, ...], needs: tuple[str, ...], args: Any
    ) -> None:
        self.__name__: Final = name  # which pytest makes the test's id of
        self.__doc__ = act.__doc__
        self.name: Final = name
        """Words joined by underscores; a variant is in brackets."""
        self.suite: Final = act.__module__.rpartition("conformance_")[2]
        """Which part of the kit it is in."""
        self.obligations: Final = obligations
        """The numbers of those in drivers/contract.py that it shows."""
        self.needs: Final = frozenset(needs)
        """What of NEEDS the driver must have for it."""
        self._act: Final = act
        self._args: Final = args

    def __repr__(self) -> str:
        return f"<Check {self.suite}: {self.name}>"

    def __call__(self, maker: Maker, *, patience: float = PATIENCE) -> None:
        """Try it on a new driver. Raises whatever shows that it doesn't conform, mostly Nonconforming.

        Raises unittest.SkipTest where this machine lacks something. patience: seconds, see PATIENCE.
        """
        with contextlib.ExitStack() as stack, made_by(maker) as (driver, turn):
            bench = Bench(driver, turn, patience, stack)
            self._act(bench, *self._args)
            bench.finish()


def check(
    register: list[Check], *obligations: int, needs: str = "", each: tuple[Any, ...] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Put the function into the register; with `each`, once for each of these values, as its second argument."""

    def add(act: Callable[..., None]) -> Callable[..., None]:
        variants: list[tuple[str, tuple[Any, ...]]] = [(f"[{_label(value)}]", (value,)) for value in each]
        for suffix, args in variants or [("", ())]:
            register.append(Check(act, act.__name__ + suffix, obligations, tuple(needs.split()), args))
        return act

    return add


def _label(value: object) -> str:
    parts = value if isinstance(value, tuple) else (value,)
    return " ".join(part.__name__ if isinstance(part, type) else str(part) for part in parts) or "nothing"
