"""A completion port, and pipes and sockets on it, that do what the test says when it says so.

The rules are Windows': an operation is pending until its packet is taken, whatever was cancelled or closed meanwhile;
its memory must be there until then; a handle that was closed is used no more.
"""

from __future__ import annotations

import itertools
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from sansnet.drivers.overlapped_port import Operation

__all__ = [
    "ABORTED",
    "BROKEN",
    "BUSY",
    "GONE",
    "IN_VAIN",
    "NOT_FOUND",
    "FakeOverlapped",
    "FakePort",
    "FakeSocket",
    "FakeSystem",
    "windows_error",
]

NOT_FOUND: Final = 2
GONE: Final = 64
BROKEN: Final = 109
IN_VAIN: Final = 121
BUSY: Final = 231
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
        self.handle = 0
        self.what: Any = None
        self.cancelled = False
        self.pending = False
        self._system = system
        self._at_once = at_once
        self._result: Any = None

    def _begin(self, kind: str, handle: int, what: object = None) -> None:
        assert handle in self._system.open, f"{kind} on a handle that is closed"
        self.kind, self.handle, self.what, self.pending = kind, handle, what, True
        self._system.flying.append(self)

    def ReadFile(self, handle: int, size: int) -> None:  # the system's names
        self._begin("read", handle, size)

    def WriteFile(self, handle: int, payload: memoryview) -> None:
        self._begin("write", handle, bytes(payload))
        if self._at_once:
            self.finish(len(payload))

    def ConnectNamedPipe(self, handle: int) -> bool:
        if self._system.clients:  # they came before anybody waited
            self._system.clients -= 1
            self._result = b""
            return True
        self._begin("accept", handle)
        return False

    def WSARecv(self, handle: int, size: int, flags: int) -> None:
        self._begin("read", handle, size)

    def WSASend(self, handle: int, payload: memoryview, flags: int) -> None:
        self.WriteFile(handle, payload)

    def ConnectEx(self, handle: int, address: object) -> None:
        self._system.refuse("connect")
        self._begin("connect", handle, address)

    def AcceptEx(self, listening: int, coming: int) -> None:
        self._system.refuse("accept")
        assert coming in self._system.open
        self._begin("accept", listening, coming)

    def cancel(self) -> None:
        self.cancelled = True

    def finish(self, result: object) -> None:
        """The system is done with it; the packet is on its way."""
        self.pending = False
        self._result = result
        if self.kind == "write" and isinstance(result, int):
            self._system.written += self.what[:result]

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
        """What is said to who asks for a pipe."""
        self.refuses: set[str] = set()
        """Which of the other calls fail: 'attach', 'option', 'connect', 'accept', 'socket'."""
        self.written = bytearray()
        """By whatever handle."""
        self.clients = 0
        """So many come before anybody waits for them."""

    def refuse(self, call: str) -> None:
        """Raise, if that is to fail."""
        if call in self.refuses:
            raise windows_error(1450)

    def create_pipe(self, name: str, first: bool, for_all: str) -> int:
        return self.open_pipe(name)

    def open_pipe(self, name: str) -> int:
        if self.refusal is not None:
            raise self.refusal
        number = next(self.numbers)
        self.open[number] = name
        return number

    def wait_for_pipe(self, name: str, milliseconds: int) -> None:
        """An instance may be free at once, or never."""

    def open_socket(self, family: int) -> FakeSocket:
        """In the place of `drivers.system.open_socket`."""
        self.refuse("socket")
        return FakeSocket(self, family)

    def close_handle(self, handle: int) -> None:
        assert handle in self.open, "closed twice"
        del self.open[handle]


class FakeSocket:
    """A plain socket, as far as channels, dials and doors ask."""

    def __init__(self, system: FakeSystem, family: int = 4) -> None:
        self.family = socket.AF_INET6 if family == 6 else socket.AF_INET
        self.room = 0
        """So many bytes it takes at once."""
        self.is_shut = False
        self._system = system
        self._number = next(system.numbers)
        system.open[self._number] = "socket"

    def fileno(self) -> int:
        return self._number

    def bind(self, address: object) -> None:
        assert self._number in self._system.open

    def setsockopt(self, *_: object) -> None:
        assert self._number in self._system.open
        self._system.refuse("option")

    def send(self, payload: memoryview) -> int:
        assert self._number in self._system.open
        if not self.room:
            raise BlockingIOError
        self._system.written += payload[: self.room]
        return min(self.room, len(payload))

    def shutdown(self, how: int) -> None:
        assert self._number in self._system.open
        self.is_shut = True

    def close(self) -> None:
        self._system.close_handle(self._number)


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
        self.system.refuse("attach")
        self.attached.append(handle)

    def issue(self, begin: Callable[[Any], object], done: Callable[[Any], None]) -> Operation:
        overlapped: Any = FakeOverlapped(self.system, self.at_once)
        operation = Operation(overlapped, done)
        if begin(overlapped) is True:
            self.soon.append(operation.complete)
        else:
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
