"""A completion port, and pipes on it, that do what the test says when it says so.

The rules are Windows': an operation is pending until its packet is taken, whatever was cancelled or closed meanwhile;
its memory must be there until then; a handle that was closed is used no more.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from sansnet.drivers.overlapped_port import Operation

__all__ = ["ABORTED", "BROKEN", "FakeOverlapped", "FakePort", "FakeSystem", "windows_error"]

BROKEN: Final = 109
ABORTED: Final = 995


def windows_error(number: int) -> OSError:
    """As Windows' Python raises it."""
    error = OSError(22, f"error {number}")
    error.winerror = number  # type: ignore[attr-defined,unused-ignore]  # a member on Windows only
    return error


class FakeOverlapped:
    """The memory of one operation."""

    def __init__(self, system: FakeSystem, at_once: bool) -> None:
        self.address = next(system.numbers)
        self.error = 0
        self.kind = ""
        self.what: Any = None
        self.cancelled = False
        self.pending = False
        self._system = system
        self._at_once = at_once
        self._result: Any = None

    def _begin(self, kind: str, handle: int, what: object = None) -> None:
        assert handle in self._system.open, f"{kind} on a handle that is closed"
        self.kind, self.what, self.pending = kind, what, True
        self._system.flying.append(self)

    def ReadFile(self, handle: int, size: int) -> None:  # the system's names
        self._begin("read", handle, size)

    def WriteFile(self, handle: int, payload: memoryview) -> None:
        self._begin("write", handle, bytes(payload))
        if self._at_once:
            self.finish(len(payload))

    def ConnectNamedPipe(self, handle: int) -> bool:
        self._begin("accept", handle)
        return False

    def cancel(self) -> None:
        self.cancelled = True

    def finish(self, result: object) -> None:
        """The system is done with it; the packet is on its way."""
        self.pending = False
        self._result = result

    def getresult(self) -> Any:
        assert not self.pending, "asked too early"
        if isinstance(self._result, OSError):
            self.error = getattr(self._result, "winerror", 0)
            raise self._result
        if self._result is None:  # Python makes b"" of the end of a pipe, and keeps the number
            self.error = BROKEN
            return b""
        return self._result


class FakeSystem:
    """Handles, and the operations on them."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.open: dict[int, str] = {}
        self.flying: list[FakeOverlapped] = []
        """Operations whose packet was not taken."""
        self.refusal: OSError | None = None

    def create_pipe(self, name: str, first: bool, for_all: str) -> int:
        return self.open_pipe(name)

    def open_pipe(self, name: str) -> int:
        if self.refusal is not None:
            raise self.refusal
        number = next(self.numbers)
        self.open[number] = name
        return number

    def close_handle(self, handle: int) -> None:
        assert handle in self.open, "closed twice"
        del self.open[handle]


class FakePort:
    """`overlapped_port.Port`. `at_once`: writes are finished when they are issued."""

    def __init__(self, system: FakeSystem, at_once: bool = False) -> None:
        self.system = system
        self.at_once = at_once
        self.attached: list[int] = []
        self.soon: deque[Callable[[], None]] = deque()
        self.timers: list[FakeTimer] = []
        self._operations: dict[int, Operation] = {}

    def attach(self, handle: int) -> None:
        assert handle in self.system.open
        assert handle not in self.attached, "attached twice"
        self.attached.append(handle)

    def issue(self, begin: Callable[[Any], object], done: Callable[[Any], None]) -> Operation:
        overlapped: Any = FakeOverlapped(self.system, self.at_once)
        operation = Operation(overlapped, done)
        assert begin(overlapped) is not True
        self._operations[overlapped.address] = operation
        return operation

    def packet(self, overlapped: FakeOverlapped, result: object = None) -> None:
        """The packet of an operation is taken; unless it is finished already, with this result."""
        if overlapped.pending:
            overlapped.finish(result)
        self.system.flying.remove(overlapped)
        self._operations.pop(overlapped.address).complete()

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.soon.append(callback)

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        self.soon.append(callback)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> FakeTimer:
        self.timers.append(FakeTimer(callback))
        return self.timers[-1]

    def now(self) -> float:
        return 5.0

    def turn(self) -> None:
        """Call what was put off until now."""
        for _ in range(len(self.soon)):
            self.soon.popleft()()


class FakeTimer:
    """Fires when the test says so."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None

    def fire(self) -> None:
        callback, self.callback = self.callback, None
        assert callback is not None
        callback()
