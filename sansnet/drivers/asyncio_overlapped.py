"""asyncio's Proactor loop, the default on Windows, as a driver: TCP and named pipes on the loop's completion port.

Our operations are issued and registered as the loop's own are (`loop._proactor`, private, and the same in every Python
since 3.4): the loop takes their packets, keeps their memory until then, and calls us back as it calls anything back.
When it is closed it cancels what is under way, waits for the packets, and lets go of its timers; one of these holds the
driver (`asyncio_home.Lease`), which then closes its handles.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, final

from .asyncio_home import AsyncioHome, Lease, hold, loop_for
from .completion import CompletionDriver
from .overlapped_port import Begin, Done, Operation
from .overlapped_proactor import OverlappedProactor

if TYPE_CHECKING:
    from _overlapped import Overlapped

__all__ = ["AsyncioOverlappedDriver", "AsyncioPort"]


@final
class AsyncioPort:
    """The loop's completion port: `overlapped_port.Port`. `api` is the module `_overlapped`."""

    def __init__(self, loop: Any, api: Any) -> None:
        self._loop: Final = loop
        self._proactor: Final = loop._proactor
        self._api: Final = api
        self.now: Final[Callable[[], float]] = loop.time
        self._coarseness: Final = time.get_clock_info("monotonic").resolution  # seconds: 15 ms before Python 3.13

    def attach(self, handle: int) -> None:
        """Let the packets of this handle come to the port. Raises OSError."""
        self._api.CreateIoCompletionPort(handle, self._proactor._iocp, 0, 0)

    def issue(self, begin: Begin, done: Done) -> Operation:
        """Begin an operation; see `overlapped_port.Port`."""
        overlapped: Overlapped = self._api.Overlapped(self._api.NULL)
        operation = Operation(overlapped, done)
        if begin(overlapped) is True:
            self.call_soon(operation.complete)
        else:
            future = self._proactor._register(overlapped, operation, _nothing)
            future.add_done_callback(lambda _: operation.complete(), context=contextvars.Context())
        return operation

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call back in a later turn, in the order of asking; never, when the loop is closed."""
        if not self._loop.is_closed():
            self._loop.call_soon(callback, context=contextvars.Context())

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        """The same from any thread. RuntimeError when the loop is closed."""
        self._loop.call_soon_threadsafe(callback, context=contextvars.Context())

    def call_later(self, seconds: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Call back once `seconds` have passed: the loop calls as much too early as its clock is coarse."""
        delay = max(seconds, 0.0) + self._coarseness
        timer: asyncio.TimerHandle = self._loop.call_later(delay, callback, context=contextvars.Context())
        return timer


class AsyncioOverlappedDriver(AsyncioHome, CompletionDriver):
    """The driver of a Proactor loop. `sansnet.connect()` and its like find it by themselves inside a running loop.

    What listeners raise, and an 'error' that nobody listens to, goes to the loop's exception handler.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """A driver for `loop`, by default the running one.

        Raises RuntimeError if no loop is running, if it is closed, or if it has a driver; ImportError elsewhere than on
        Windows.
        """
        import _overlapped  # noqa: PLC0415  # only Windows has them

        from . import windows  # noqa: PLC0415

        AsyncioHome.__init__(self, loop_for(loop))
        self._system: Final = OverlappedProactor(AsyncioPort(self._loop, _overlapped), windows)
        CompletionDriver.__init__(self, self._system)
        self._term: Final = weakref.ref(hold(self._loop, Lease(self.close)))  # the loop's alone
        self._settle()

    @property
    def alive(self) -> bool:
        """Is a ref'd handle, a lookup or a callback that was put off still going to do something?"""
        return self._active > 0 or self._waiting > 0 or bool(self._posted)

    def _run_soon(self, callback: Callable[[], None]) -> None:
        try:
            super()._run_soon(callback)
        finally:  # an interrupt may come out of the last one, too
            self._look_idle()

    def _run_posted(self, key: object, callback: Callable[[], None]) -> None:
        try:
            super()._run_posted(key, callback)
        finally:
            self._look_idle()

    def lookup_begun(self, begun: int) -> None:
        super().lookup_begun(begun)
        self._look_idle()

    def close(self) -> None:
        """Close every handle that is left and say nothing; the end of the loop does so too.

        Whoever uses the driver now gets a RuntimeError.
        """
        if not self.closed:
            try:
                CompletionDriver.close(self)
            finally:
                self._system.close()
                term = self._term()
                if term is not None:
                    term.cancel()


def _nothing(*_: object) -> None:
    """The operation asks for its result itself."""
