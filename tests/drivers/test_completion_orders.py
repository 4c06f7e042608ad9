"""The completion family: every order of asking, completing, cancelling and closing, up to a length.

The laws are the contract's obligations. A step is something that a machine may ask, something that may complete, or
both at once: what is asked just before a completion is reported, in `call_first`. Instead of asking, that may be
interrupted (Ctrl-C), once in a life; the interrupt has to surface, and nothing may be lost by it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import pytest

from sansnet.state.endpoints import Endpoint, ListenPlan
from sansnet.state.faults import Fault
from tests.drivers.fake_proactor import FakeChannel, FakeProactor, Operation, RecordingDriver
from tests.drivers.orders import explore
from tests.drivers.recorder import Recorder

THERE: Final = Endpoint("10.0.0.1", 80, 4)
FAULT: Final = Fault("EIO")


class _Steps(ABC):
    """What can happen next to a handle: what is asked of it, what completes, and what comes first then."""

    def __init__(self) -> None:
        self.system = FakeProactor()
        self.driver = RecordingDriver(self.system)
        self.recorder = Recorder()
        self.closing = False
        self.just_closed = False
        self.interrupted = self.surfaced = False

    @abstractmethod
    def _asks(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """What may be asked, by name."""

    @abstractmethod
    def _completions(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """What the system may tell, by name."""

    def steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """What can happen next, by name."""
        asks = dict(self._asks())
        yield from asks.items()
        for name, completion in self._completions():
            yield name, completion
            for ask, act in asks.items():
                yield f"{ask}, then {name}", partial(self._both, partial(self._still, act), completion)
            if not self.interrupted:
                yield f"an interrupt, then {name}", partial(self._both, self._interrupt, completion)

    def _both(self, act: Callable[[], None], completion: Callable[[], None]) -> None:
        self.driver.call_first(act)
        completion()

    def _still(self, act: Callable[[], None]) -> None:
        if not self.closing:  # since then, where an interrupt came between
            act()

    def _interrupt(self) -> None:
        self.interrupted = True
        raise KeyboardInterrupt

    def _turn(self) -> None:
        try:
            self.system.turn()
        except KeyboardInterrupt:
            assert self.interrupted
            self.surfaced = True


class Life(_Steps):
    """A handle, what was asked of it, and what it owes."""

    def __init__(self, connected: bool) -> None:
        super().__init__()
        self.channels = [FakeChannel(0)]
        self.handle = self.driver.adopt(self.channels[0]) if connected else self.driver.socket()
        self.handle.attach(self.recorder)
        self.attempts: set[int] = set()
        self.cancelled: set[int] = set()
        self.asked: Counter[str] = Counter()
        self.open = connected
        self.reading = False
        self.recorder.then["connected"] = self._cancel_the_others
        if not connected:
            self.channels = []

    # -- what may be done

    def _asks(self) -> Iterator[tuple[str, Callable[[], None]]]:
        if self.closing:
            return
        told = Counter(self.recorder.names)
        if not self.open and not self.told_connected and len(self.attempts) < 2:
            yield "connect", self._connect
        for attempt in sorted(self.attempts - self.cancelled - self.over):
            yield f"cancel {attempt}", partial(self._cancel, attempt)
        if self.is_open:
            over = told["eof"] + told["read_failed"]
            if self.reading and not over:
                yield "stop reading", self._stop
            elif not over:
                yield "read", self._read
            if not self.asked["send"]:
                yield "send", self._send
            if not self.asked["shutdown"]:
                yield "shutdown", self._shutdown
        yield "close", lambda: self._close(False)
        yield "reset", lambda: self._close(True)

    @property
    def told_connected(self) -> bool:
        return "connected" in self.recorder.names

    @property
    def is_open(self) -> bool:
        return self.open or self.told_connected

    @property
    def over(self) -> set[int]:
        return {entry[1] for entry in self.recorder.log if entry[0] in ("connected", "attempt_failed")}

    def _completions(self) -> Iterator[tuple[str, Callable[[], None]]]:
        if self.system.has_put_off:
            yield "a turn", self._turn
        for number, operation in enumerate(self.system.operations):
            if not operation.over:
                yield f"attempt {number} wins", partial(self._win, operation)
                yield f"attempt {number} fails", partial(operation.complete, FAULT)
        for channel in self.channels:
            for kind, answers in (("read", (b"x", None, FAULT)), ("write", (None, FAULT)), ("shutdown", (None,))):
                if channel.is_flying(kind):
                    for answer in answers:
                        yield (
                            f"{kind} {answer!r:.5}",
                            partial(channel.flying[kind].complete, answer),
                        )

    # -- asking

    def _win(self, operation: Operation) -> None:
        self.channels.append(FakeChannel(0))
        operation.complete(self.channels[-1])

    def _connect(self) -> None:
        attempt = len(self.attempts)
        self.attempts.add(attempt)
        self.handle.connect(attempt, THERE)

    def _cancel(self, attempt: int) -> None:
        if attempt not in self.over:  # it may be, when it comes first of all
            self.cancelled.add(attempt)
            self.handle.cancel_connect(attempt)

    def _cancel_the_others(self, winner: int) -> None:
        """Machines do so at once."""
        for attempt in sorted(self.attempts - self.cancelled - {winner} - self.over):
            self._cancel(attempt)

    def _read(self) -> None:
        self.reading = True
        self.handle.start_read()

    def _stop(self) -> None:
        self.reading = False
        self.handle.stop_read()

    def _send(self) -> None:
        self.asked["send"] += 1
        assert self.handle.send((b"abc",)) == 0

    def _shutdown(self) -> None:
        self.asked["shutdown"] += 1
        self.handle.shutdown()

    def _close(self, reset: bool) -> None:
        self.closing = self.just_closed = True
        (self.handle.reset if reset else self.handle.close)()

    # -- the laws

    def check(self) -> None:
        """So far."""
        told = Counter(self.recorder.names)
        ends = Counter(entry[1] for entry in self.recorder.log if entry[0] in ("connected", "attempt_failed"))
        assert all(count == 1 for count in ends.values()), "an attempt ended twice"
        assert ends.keys() <= self.attempts
        assert told["sent"] + told["send_failed"] <= self.asked["send"]
        assert told["shut_down"] + told["shutdown_failed"] <= self.asked["shutdown"]
        assert told["eof"] + told["read_failed"] <= 1
        assert "closed" not in self.recorder.names[:-1], "something came after closed()"
        assert told["closed"] <= self.closing
        assert not (told["closed"] and self.just_closed), "closed() in the turn of close() (obligation 6)"
        self.just_closed = False
        for entry in self.recorder.log:
            if entry[0] == "connected":
                assert entry[1] not in self.cancelled, "connected after cancel_connect"
        if self.closing:
            assert all(channel.closed is not None for channel in self.channels), "not given back at once"
        waits = not self.closing and self.is_open and self.reading and not told["eof"] + told["read_failed"]
        busy = (
            bool(self.attempts - self.over)
            or self.asked["send"] > told["sent"] + told["send_failed"]
            or self.asked["shutdown"] > told["shut_down"] + told["shutdown_failed"]
            or (self.closing and not told["closed"])
        )
        if not self.system.has_put_off:
            assert self.driver.alive == (waits or busy), "obligation 8"

    def finish(self) -> None:
        """Close, let everything end, and see that each op had its one completion."""
        if not self.closing:
            self._close(False)
            self.check()
        for _ in range(50):
            completions = dict(self._completions())
            if not completions:
                break
            next(iter(completions.values()))()
            self.check()
        told = Counter(self.recorder.names)
        assert self.over == self.attempts
        assert told["sent"] + told["send_failed"] == self.asked["send"]
        assert told["shut_down"] + told["shutdown_failed"] == self.asked["shutdown"]
        assert self.recorder.names[-1] == "closed"
        assert self.surfaced == self.interrupted, "the interrupt was swallowed"
        assert not self.driver.handles
        assert not self.driver.alive


@pytest.mark.parametrize(
    ("connected", "depth", "least"), [(True, 4, 5000), (False, 4, 900)], ids=["open", "connecting"]
)
def test_every_order(connected: bool, depth: int, least: int) -> None:
    assert explore(partial(Life, connected), depth) > least


class ListenerLife(_Steps):
    """A listener, and what became of the connections that came."""

    def __init__(self) -> None:
        super().__init__()
        handle = self.driver.listen(THERE, ListenPlan(), self.recorder)
        assert not isinstance(handle, Fault)
        self.handle = handle
        [self.door] = self.system.doors
        self.channels: list[FakeChannel] = []
        self.accepting = False
        self.recorder.then["accepted"] = self._is_wanted

    def _is_wanted(self, _: object) -> None:
        """More than the contract asks: what came too late is kept for the next one who wants it."""
        assert self.accepting
        assert not self.closing

    def _asks(self) -> Iterator[tuple[str, Callable[[], None]]]:
        if not self.closing:
            yield ("stop", self._stop) if self.accepting else ("accept", self._accept)
            yield "close", self._close

    def _completions(self) -> Iterator[tuple[str, Callable[[], None]]]:
        if self.system.has_put_off:
            yield "a turn", self._turn
        if self.door.accepts:
            yield "connection", self._connect  # also when it is closed: the cancel came too late
            fault = FAULT if not self.door.is_closed else Fault("ECANCELED")
            yield "failure", partial(self.door.complete, fault)

    # -- asking

    def _accept(self) -> None:
        self.accepting = True
        self.handle.start_accept()

    def _stop(self) -> None:
        self.accepting = False
        self.handle.stop_accept()

    def _close(self) -> None:
        self.closing = self.just_closed = True
        self.handle.close()

    def _connect(self) -> None:
        self.channels.append(FakeChannel(0))
        self.door.complete(self.channels[-1])

    # -- the laws

    def check(self) -> None:
        """So far."""
        told = Counter(self.recorder.names)
        assert "listener_closed" not in self.recorder.names[:-1], "something came after listener_closed()"
        assert told["listener_closed"] <= self.closing
        assert not (told["listener_closed"] and self.just_closed), "in the turn of close() (obligation 6)"
        self.just_closed = False
        assert self.door.is_closed == self.closing, "given back at once, and not before"
        kept = len(self.channels) - told["accepted"]
        if self.closing:
            lost = [channel for channel in self.channels if channel.closed is not None]
            assert len(lost) == kept, "a connection that nobody has is still open"
        else:
            assert kept <= 1, "more were taken than were wanted"
            if self.accepting and not self.system.has_put_off:
                assert self.door.accepts, "nobody waits for the next one"
                assert not kept, "it is kept from who wants it"
        if not self.system.has_put_off:
            assert self.driver.alive == (not told["listener_closed"]), "obligation 8"

    def finish(self) -> None:
        """Close, let everything end, and see that it was told once."""
        if not self.closing:
            self._close()
            self.check()
        while self.system.has_put_off or self.door.accepts:
            self._turn()
            if self.door.accepts:
                self.door.complete(Fault("ECANCELED"))
            self.check()
        assert self.recorder.names[-1] == "listener_closed"
        assert self.surfaced == self.interrupted, "the interrupt was swallowed"
        assert not self.driver.alive


def test_every_order_of_a_listener() -> None:
    assert explore(ListenerLife, 6) > 2000
