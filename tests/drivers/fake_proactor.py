"""A system that finishes operations when the test says so: every interleaving can be played by hand."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from sansnet.drivers.completion import CompletionDriver
from sansnet.drivers.contract import SocketHandle
from sansnet.state.effects import Payload
from sansnet.state.endpoints import Endpoint, Found, ListenPlan
from sansnet.state.faults import Fault
from tests.drivers.recorder import Recorder, attached

__all__ = ["FakeChannel", "FakeDoor", "FakeProactor", "Operation", "RecordingDriver", "finish", "opened"]

HERE: Final = Endpoint("127.0.0.1", 8124, 4)


class Operation:
    """Something that was issued. The test completes it, once; a `cancel()` is only noted."""

    def __init__(self, kind: str, done: Callable[[Any], None], what: object = None) -> None:
        self.kind = kind
        self.what = what
        self.cancelled = False
        self.over = False
        self._done = done

    def cancel(self) -> None:
        self.cancelled = True

    def complete(self, answer: object) -> None:
        assert not self.over, f"{self.kind} completes twice"
        self.over = True
        self._done(answer)


class FakeChannel:
    """A connection, with at most one read, one write and one shutdown in flight."""

    def __init__(self, takes: int | Fault | None = None) -> None:
        self.takes = takes
        """What `write` answers at once."""
        self.flying: dict[str, Operation] = {}
        self.sizes: list[int] = []
        self.closed: bool | None = None
        """With RST? None: it is open."""
        self.settings: list[tuple[object, ...]] = []

    def _issue(self, kind: str, done: Callable[[Any], None]) -> None:
        assert self.closed is None, f"{kind} on a channel that was given back"
        assert kind not in self.flying or self.flying[kind].over, f"two times {kind} in flight"
        self.flying[kind] = Operation(kind, done)

    def read(self, size: int, done: Callable[[bytes | Fault | None], None]) -> None:
        self.sizes.append(size)
        self._issue("read", done)

    def write(self, payloads: tuple[Payload, ...], done: Callable[[Fault | None], None]) -> int | Fault | None:
        if isinstance(self.takes, int):
            self._issue("write", done)
        return self.takes

    def shutdown(self, done: Callable[[Fault | None], None]) -> None:
        assert not self.is_flying("write"), "FIN overtakes what was written before"
        self._issue("shutdown", done)

    def is_flying(self, kind: str) -> bool:
        return kind in self.flying and not self.flying[kind].over

    def close(self, reset: bool) -> None:
        assert self.closed is None, "given back twice"
        self.closed = reset

    def set_no_delay(self, on: bool) -> None:
        self.settings.append(("no_delay", on))

    def set_keep_alive(self, on: bool, delay: int, interval: int, count: int) -> None:
        self.settings.append(("keep_alive", on, delay, interval, count))

    def set_type_of_service(self, value: int) -> None:
        self.settings.append(("type_of_service", value))

    def get_type_of_service(self) -> int:
        return 16

    def local_name(self) -> Endpoint | None:
        return HERE

    def remote_name(self) -> Endpoint | None:
        return HERE

    def fileno(self) -> int:
        return 7


class FakeDoor:
    """A listening socket."""

    def __init__(self) -> None:
        self.accepting: Operation | None = None
        self.is_closed = False

    def accept(self, done: Callable[[Any], None]) -> None:
        assert not self.is_closed
        assert not self.accepts, "two accepts in flight"
        self.accepting = Operation("accept", done)

    @property
    def accepts(self) -> bool:
        return self.accepting is not None and not self.accepting.over

    def complete(self, answer: FakeChannel | Fault) -> None:
        """The accept in flight is over."""
        assert self.accepting is not None
        self.accepting.complete(answer)

    def close(self) -> None:
        assert not self.is_closed, "given back twice"
        self.is_closed = True

    def local_name(self) -> Endpoint | None:
        return HERE

    def fileno(self) -> int:
        return 9


class FakeBound:
    """An address that is held."""

    def __init__(self) -> None:
        self.is_closed = False

    def local_name(self) -> Endpoint | None:
        return HERE

    def fileno(self) -> int:
        return 8

    def close(self) -> None:
        assert not self.is_closed, "given back twice"
        self.is_closed = True


class FakeProactor:
    """The system, and its loop: `turn()` calls what was put off until now."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.doors: list[FakeDoor] = []
        self.bounds: list[FakeBound] = []
        self.refusal: Fault | None = None
        self._soon: deque[Callable[[], None]] = deque()

    def last(self, kind: str) -> Operation:
        return [operation for operation in self.operations if operation.kind == kind][-1]

    @property
    def has_put_off(self) -> bool:
        """Would a turn do anything?"""
        return bool(self._soon)

    def turn(self, calls: int | None = None) -> None:
        for _ in range(len(self._soon) if calls is None else calls):
            self._soon.popleft()()

    def _issue(self, kind: str, done: Callable[[Any], None], what: object) -> Operation:
        self.operations.append(Operation(kind, done, what))
        return self.operations[-1]

    def connect(self, endpoint: Endpoint, local: object, done: Callable[[Any], None]) -> Operation:
        return self._issue("connect", done, (endpoint, local))

    def bind(self, endpoint: Endpoint, ipv6_only: bool, reuse_port: bool) -> FakeBound | Fault:
        if self.refusal is None:
            self.bounds.append(FakeBound())
        return self.refusal or self.bounds[-1]

    def listen(self, endpoint: Endpoint | None, plan: ListenPlan) -> FakeDoor | Fault:
        if self.refusal is None:
            self.doors.append(FakeDoor())
        return self.refusal or self.doors[-1]

    def adopt(self, source: Any) -> Any:
        return (source, None) if isinstance(source, FakeChannel) else (None, source)

    def resolve(
        self, host: str, family: int, hints: int, every: bool, done: Callable[[tuple[Found, ...] | Fault], None]
    ) -> Operation:
        return self._issue("resolve", done, host)

    def now(self) -> float:
        return 5.0

    def call_soon(self, callback: Callable[[], None]) -> None:
        self._soon.append(callback)

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        self._soon.append(callback)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Operation:
        return self._issue("timer", lambda _: callback(), seconds)


class RecordingDriver(CompletionDriver):
    """A driver that keeps what is reported to it."""

    def __init__(self, proactor: FakeProactor) -> None:
        super().__init__(proactor)
        self.reported: list[BaseException] = []

    def report(self, error: BaseException, source: object = None) -> None:
        self.reported.append(error)


def opened(driver: CompletionDriver, takes: int | Fault | None = None) -> tuple[SocketHandle, Recorder, FakeChannel]:
    """A handle that is connected."""
    channel = FakeChannel(takes)
    handle = driver.adopt(channel)
    return handle, attached(handle), channel


def finish(system: FakeProactor, channel: FakeChannel | None = None) -> None:
    """Whatever is still in flight ends, cancelled."""
    while channel and any(not operation.over for operation in channel.flying.values()):
        for operation in list(channel.flying.values()):
            if not operation.over:
                operation.complete(Fault("ECANCELED"))
    for _ in range(5):
        system.turn()
