"""What the drivers in asyncio's loops have in common: whose they are, how they end, and where errors go."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final, final

from .hosted import Idling
from .naming import words_for

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AsyncioHome", "Lease", "hold", "known_driver", "loop_for"]

NEVER: Final = 50 * 365.25 * 86400.0
"""Seconds; more than a computer runs, and less than what uvloop takes for a mistake."""


@final
class Lease:
    """What the loop alone holds: when this goes, the loop is over, and `over()` is called."""

    __slots__ = ("_over",)

    def __init__(self, over: Callable[[], None]) -> None:
        self._over: Final = over

    def __del__(self) -> None:
        self._over()


def hold(loop: asyncio.AbstractEventLoop, lease: Lease) -> asyncio.TimerHandle:
    """Let the loop hold the lease until it is closed, or until the timer is cancelled."""
    return loop.call_later(NEVER, _nothing, lease, context=contextvars.Context())


_drivers: Final[weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.ref[AsyncioHome]]] = (
    weakref.WeakKeyDictionary()
)


def known_driver(loop: asyncio.AbstractEventLoop) -> AsyncioHome | None:
    """The driver that the loop has, unless that is closed."""
    known = _drivers.get(loop)
    driver = None if known is None else known()
    return None if driver is None or driver.closed else driver


def loop_for(loop: asyncio.AbstractEventLoop | None) -> asyncio.AbstractEventLoop:
    """The loop, or the one that runs here. Raises RuntimeError if there is none, if it is closed, or has a driver."""
    found = asyncio.get_running_loop() if loop is None else loop
    if found.is_closed():
        raise RuntimeError("this asyncio loop is closed; sockets need one that runs")
    if known_driver(found) is not None:
        raise RuntimeError("this asyncio loop has a driver; driver_of(loop) is that one, or close() it before")
    return found


class AsyncioHome(Idling):
    """A driver in an asyncio loop. Stands before the driver's class among the bases."""

    closed: bool

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        Idling.__init__(self)
        self._loop: Final = loop
        self._thread: int | None = None

    def _settle(self) -> None:
        """From now on the loop has this driver."""
        _drivers[self._loop] = weakref.ref(self)

    def close(self) -> None:
        """Close every handle that is left and say nothing."""
        raise NotImplementedError

    def report(self, error: BaseException, source: object = None) -> None:
        """Give `error` to the loop's exception handler; `source` is in the context as 'emitter'."""
        context: dict[str, Any] = {"message": "Unhandled exception in a sansnet listener", "exception": error}
        if source is not None:
            context |= {"message": words_for(source), "emitter": source}
        self._loop.call_exception_handler(context)

    async def idle(self) -> None:
        """Wait until nothing ref'd is left: what `run()` is to a driver that owns its loop.

        Raises RuntimeError in a task of another loop.
        """
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError(f"this {type(self).__name__} belongs to another loop: await its idle() there")
        await self._become_idle(asyncio.Event)

    def _look_idle(self) -> None:
        if self._calm and not self._loop.is_closed():  # a loop that is closed wakes nobody
            super()._look_idle()

    def check(self) -> None:
        """Raise RuntimeError where the driver can't be used: when its loop is closed, and on another thread."""
        if asyncio._get_running_loop() is self._loop and not self.closed:
            self._thread = threading.get_ident()
            return  # as nearly always, and cheaply asked: what runs isn't closed, and it runs here
        if self._loop.is_closed():
            self.close()  # where objects aren't collected at once, nobody may have told us yet
        if self.closed:
            raise self.complaint()
        here = threading.get_ident()
        if self._thread != here:
            if self._thread is not None and asyncio._get_running_loop() is not self._loop:
                raise RuntimeError(
                    f"this {type(self).__name__}'s loop runs on another thread; call_soon_threadsafe() is how to reach "
                    "it from here"
                )
            self._thread = here

    def complaint(self) -> RuntimeError:
        """What to raise when the driver is closed."""
        if not self._loop.is_closed():
            return RuntimeError(f"this {type(self).__name__} is closed")
        return RuntimeError(
            f"the asyncio loop of this {type(self).__name__} is closed, and so is every socket and server that was "
            "made in it; make new ones in the loop that runs now"
        )


def _nothing(*_: object) -> None:
    """Called by a timer that never fires."""
