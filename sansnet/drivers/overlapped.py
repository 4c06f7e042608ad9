"""Windows' own way: TCP and named pipes on an I/O completion port, and a small loop around it, for one thread.

A turn goes like that of `selector`: the timers that are due, then what was put off before the turn began, then one look
at the port (which waits, if nothing was done yet), then what its packets say. Packets are taken from the port first and
told of afterwards, so that an operation which is issued and finished meanwhile waits for the next turn.

Nothing that is under way has its memory freed before its packet came (`overlapped_port`); `close()` waits for those.

The sockets are in `overlapped_tcp`, the pipes in `overlapped_pipe` and `overlapped_dial`; `windows` has what is asked
of the system, and this module can be imported without it: the tests put another port in its place.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, final

from .clock import LONGEST_WAIT, Timer, TimerQueue
from .completion import CompletionDriver
from .overlapped_port import Begin, Done, Operation, Pending
from .overlapped_proactor import OverlappedProactor
from .polling import Waker
from .stepping import Stepping

__all__ = ["OverlappedDriver", "PortLoop"]

MOST_PACKETS: Final = 1024
"""So many are taken in one turn; then timers have theirs."""

NOBODY: Final = 1
"""The address in packets that only wake the loop; no memory begins there, and 0 would be taken for a failure."""

LAST_WAIT: Final = 1000
"""Milliseconds. When everything is closed, packets come at once; one that doesn't has lost its way."""


@final
class PortLoop:
    """A completion port and the loop around it: `overlapped_port.Port`.

    `report` is given what a callback raises; `api` is the module `_overlapped`.
    """

    def __init__(self, report: Callable[[BaseException], None], api: Any, port: int) -> None:
        self.now: Final = time.monotonic
        self._report: Final = report
        self._api: Final = api
        self._port: Final = port
        self._pending: Final = Pending(lambda: api.Overlapped(api.NULL))
        self._timers: Final = TimerQueue()
        self._soon: Final[deque[Callable[[], None]]] = deque()
        self._packets: Final[deque[int]] = deque()  # addresses, of those that were taken from the port
        self._waker: Waker | None = None
        self._closed = False

    # -- the port

    def attach(self, handle: int) -> None:
        """Let the packets of this handle come to the port. Raises OSError."""
        self._api.CreateIoCompletionPort(handle, self._port, 0, 0)

    def issue(self, begin: Begin, done: Done) -> Operation:
        """Begin an operation; see `overlapped_port.Port`."""
        return self._pending.issue(begin, done, self.call_soon)

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call back in a later turn, in the order of asking."""
        self._soon.append(callback)

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        """The same from any thread: an empty packet wakes the loop."""
        if self._closed:
            raise RuntimeError("the loop is closed")
        self._soon.append(callback)
        with contextlib.suppress(OSError):  # closed just now
            self._api.PostQueuedCompletionStatus(self._port, 0, 0, NOBODY)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back once `seconds` have passed; in the next turn if there are none."""
        return self._timers.add(self.now() + max(seconds, 0.0), callback)

    def wake_up_fd(self) -> int:
        """A socket to which a signal is written; the port watches the other end of it."""
        if self._waker is None:
            self._waker = Waker(self)
            self.attach(self._waker.fileno())
            self._listen_to(self._waker)
        return self._waker.signal_fd

    def _listen_to(self, waker: Waker) -> None:
        if not self._closed:
            number = waker.fileno()
            self.issue(lambda overlapped: overlapped.WSARecv(number, 4096, 0), lambda _: self._listen_to(waker))

    # -- turning

    def next_timeout(self) -> float | None:
        """Seconds until there is something to do that the port knows nothing of; None if there is nothing."""
        if self._soon or self._packets:
            return 0.0
        deadline = self._timers.next_deadline()
        return None if deadline is None else max(deadline - self.now(), 0.0)

    def turn(self, timeout: float | None, alive: Callable[[], bool]) -> None:
        """One turn, which waits for packets if it has done nothing else; as `SelectorReactor.turn`."""
        waiting = len(self._soon)  # what the timers put off is for the next turn
        done = self._run_timers()
        for _ in range(waiting):
            if self._soon:  # a callback may have closed the loop
                self._call(self._soon.popleft())
        if self._closed:
            return
        if waiting or done or (timeout is None and not alive()):
            timeout = 0.0
        self._collect(self._milliseconds(timeout))
        for _ in range(len(self._packets)):
            if self._packets:
                self._take_note(self._packets.popleft())

    def _milliseconds(self, timeout: float | None) -> int:
        limit = self.next_timeout()
        if limit is None or (timeout is not None and timeout < limit):
            limit = timeout
        # The port is exact to a millisecond, and a timer is never early.
        return self._api.INFINITE if limit is None else math.ceil(min(max(limit, 0.0), LONGEST_WAIT) * 1000)

    def _collect(self, milliseconds: int) -> None:
        """Take the packets that are there; wait for the first."""
        for _ in range(MOST_PACKETS):
            packet = self._api.GetQueuedCompletionStatus(self._port, milliseconds)
            if packet is None:
                return
            milliseconds = 0
            self._packets.append(packet[3])

    def _take_note(self, address: int) -> None:
        operation = self._pending.take(address)
        if operation is not None:
            self._call(operation.complete)

    def _run_timers(self) -> int:
        now, before, count = self.now(), self._timers.added, 0
        while (callback := self._timers.take(now, before)) is not None:
            self._call(callback)
            count += 1
        return count

    def _call(self, callback: Callable[[], None]) -> None:
        # What isn't an Exception ends the turn at once. It costs the others nothing: all of them are taken one by one.
        try:
            callback()
        except Exception as error:
            self._report(error)

    # -- the end

    def close(self, close_port: Callable[[int], None]) -> None:
        """Wait for the packets of what was closed, and give the port back. Nobody is told of them."""
        self._closed = True
        self._timers.clear()
        self._soon.clear()
        if self._waker is not None:
            self._waker.close()
        for address in self._packets:
            self._pending.take(address)
        self._packets.clear()
        while self._pending:
            packet = self._api.GetQueuedCompletionStatus(self._port, LAST_WAIT)
            if packet is None:
                break
            self._pending.take(packet[3])
        close_port(self._port)


class OverlappedDriver(Stepping, CompletionDriver):
    """The driver of a thread that has no loop of its own, on Windows. Use it from one thread, that which does it first.

    `with OverlappedDriver() as driver:` closes it, and every socket it has, in the end. Raises ImportError elsewhere.
    """

    def __init__(self) -> None:
        import _overlapped  # noqa: PLC0415  # only Windows has them

        from . import windows  # noqa: PLC0415

        Stepping.__init__(self)
        self._close_port: Final = windows.close_handle
        self._loop: Final = PortLoop(self.report, _overlapped, windows.new_port())
        self._system: Final = OverlappedProactor(self._loop, windows)
        CompletionDriver.__init__(self, self._system)

    @property
    def alive(self) -> bool:
        """Is a ref'd handle, a lookup or a callback that was put off still going to do something?"""
        return self.active > 0 or self._waiting > 0 or bool(self._posted)

    def turn(self, timeout: float | None) -> None:
        """Do one turn."""
        self._loop.turn(timeout, self._is_alive)

    def wake_up_fd(self) -> int:
        """A socket that wakes the loop."""
        return self._loop.wake_up_fd()

    def next_timeout(self) -> float | None:
        """Seconds until `step(0)` has something to do whatever the system reports; None when only that counts."""
        self.check()
        return self._loop.next_timeout()

    def fileno(self) -> int:
        """A completion port has no descriptor that another loop could watch: raises OSError."""
        self.check()
        raise OSError("a completion port has no descriptor")

    def close(self) -> None:
        """Close every socket that is left and say nothing. Whoever uses the driver now gets a RuntimeError."""
        if not self.closed:
            try:
                CompletionDriver.close(self)
            finally:
                self._system.close()
                self._loop.close(self._close_port)

    def _is_alive(self) -> bool:
        return self.alive
