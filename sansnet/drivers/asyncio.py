"""asyncio's loop, or uvloop's, as a driver: sockets and servers beside everything else that runs there.

Theory of operation
-------------------
The loop watches one descriptor of ours, that of a poller which watches all the sockets (`SelectorReactor`). Why not
`add_reader` for each of them? uvloop gives a watch up once its descriptor has failed: what had arrived before a peer's
RST would never be read, and a send never end. And it is cheaper: what we watch and unwatch, the loop needn't know of.

A loop tells nobody that it is being closed. But its timers it lets go of then, and one of these, which never fires, is
the only thing that refers to a `_Lease`: when that goes, the driver closes its sockets. So they work to the very end,
also in what `asyncio.run` cancels and finalises before it closes the loop, and nothing is left open after it. In the
same way a loop that is dropped without being closed takes its driver with it: the table of drivers holds neither.
The thread of a lookup holds both, but only until the system has answered.
(Not what the loop calls when a socket is ready: the traceback of an exception that somebody keeps may refer to that.)

What is put off gets a place of its own in the loop's queue. So it is in order with the tasks that listeners wake: a
task that was woken by 'end' runs before the report that our FIN went out, which was put off after that.

Listeners belong to no task: they run in an empty context, in which every `ContextVar` has its default.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias, final

from .asyncio_home import AsyncioHome, Lease, hold, known_driver, loop_for
from .hosted import HostedDriver
from .selector_reactor import SelectorReactor

if TYPE_CHECKING:
    from .asyncio_overlapped import AsyncioOverlappedDriver

    LoopDriver: TypeAlias = "AsyncioDriver | AsyncioOverlappedDriver"

__all__ = ["AsyncioDriver", "AsyncioReactor", "driver_of"]


def driver_of(loop: asyncio.AbstractEventLoop) -> LoopDriver:
    """The driver of a loop; each has one, which is made when it is first asked for."""
    driver: Any = known_driver(loop)
    return driver or _new_driver(loop)


def _new_driver(loop: asyncio.AbstractEventLoop) -> LoopDriver:
    if getattr(loop, "_proactor", None) is None:
        return AsyncioDriver(loop)
    from .asyncio_overlapped import AsyncioOverlappedDriver  # noqa: PLC0415  # only Windows has such loops

    return AsyncioOverlappedDriver(loop)


@final
class AsyncioReactor:
    """An asyncio loop as a `readiness.Reactor`: the watching is a poller's, the rest is the loop's.

    `report` is given what a callback of a watch raises. Raises OSError where there is no poller with a descriptor.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, report: Callable[[BaseException], None]) -> None:
        self._loop: Final = loop
        self._watching: Final = SelectorReactor(report, _nothing)
        self.now: Final = loop.time
        self.fileno: Final = self._watching.fileno
        self._term: weakref.ref[asyncio.TimerHandle] | None = None
        try:
            self.fileno()
        except OSError:
            self._watching.close()
            raise

    def occupy(self, turn: Callable[[], None], lease: Lease) -> None:
        """Let the loop call `turn()` when something is ready, and let it hold `lease` until it is closed.

        Raises NotImplementedError if it can't watch descriptors.
        """
        contextvars.Context().run(self._loop.add_reader, self.fileno(), turn)
        self._term = weakref.ref(hold(self._loop, lease))

    def attend(self) -> None:
        """Call back for all that is ready now."""
        self._watching.turn(0.0, _never)

    def watch_readable(self, fd: int, callback: Callable[[], None]) -> None:
        """Call back in every turn in which `fd` is readable."""
        self._watching.watch_readable(fd, callback)

    def unwatch_readable(self, fd: int) -> None:
        """Call back no more."""
        self._watching.unwatch_readable(fd)

    def watch_writable(self, fd: int, callback: Callable[[], None]) -> None:
        """Call back in every turn in which `fd` is writable."""
        self._watching.watch_writable(fd, callback)

    def unwatch_writable(self, fd: int) -> None:
        """Call back no more."""
        self._watching.unwatch_writable(fd)

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call back in a later turn, in the order of asking."""
        self._loop.call_soon(callback, context=contextvars.Context())

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        """The same from any thread. RuntimeError when the loop is closed."""
        self._loop.call_soon_threadsafe(callback, context=contextvars.Context())

    def call_later(self, seconds: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Call back once `seconds` have passed."""
        return self._loop.call_later(seconds, callback, context=contextvars.Context())

    def close(self) -> None:
        """Leave the loop alone from now on."""
        term = None if self._term is None else self._term()
        if term is not None:
            term.cancel()
        if not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):  # it is being collected, half closed
                self._loop.remove_reader(self.fileno())
        self._watching.close()


class AsyncioDriver(AsyncioHome, HostedDriver):
    """The driver of an asyncio loop. `sansnet.connect()` and its like find it by themselves inside a running loop.

    What listeners raise, and an 'error' that nobody listens to, goes to the loop's exception handler.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """The driver for `loop`, by default the running one. `driver_of(loop)` is the one that it may have already.

        Raises RuntimeError if no loop is running, if it is closed, if it has a driver (listeners could not know which
        of two they belong to), or if it can't watch descriptors.
        """
        AsyncioHome.__init__(self, loop_for(loop))
        self._due = 0  # callbacks that were put off, and that the loop has not come to yet
        try:
            self._reactor: Final = AsyncioReactor(self._loop, self.report)
            HostedDriver.__init__(self, self._reactor)
            self._reactor.occupy(self.turn, Lease(self.close))
        except (NotImplementedError, OSError) as error:
            # Windows: its Selector loop is over select(), which has no descriptor that could be watched. The default
            # one has a driver of its own, `asyncio_overlapped`.
            raise RuntimeError(
                f"sansnet can't run in a {type(self._loop).__name__} on this system; "
                "use sansnet.run(), or a SelectorDriver on a thread of its own"
            ) from error
        self._settle()

    # -- the loop ----------------------------------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        """Is a ref'd handle, a lookup or a callback that was put off still going to do something?"""
        return self._active > 0 or self._due > 0 or bool(self._posted) or self._resolver.busy

    def turn(self) -> None:
        """Call back for all that is ready; the loop calls this."""
        self._thread = threading.get_ident()
        self._reactor.attend()

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call back from the loop, in a later turn, in the order of asking."""
        if self.closed or self._thread != threading.get_ident():
            self.check()
        self._reactor.call_soon(functools.partial(self._run_due, callback))
        self._due += 1

    def _run_due(self, callback: Callable[[], None]) -> None:
        self._due -= 1
        try:
            self._call_in_turn(callback)
        finally:  # an interrupt may come out of the last one, too
            self._look_idle()

    def _run_posted(self, key: object, callback: Callable[[], None]) -> None:
        try:
            super()._run_posted(key, callback)
        finally:
            self._look_idle()

    # -- the end -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close every handle that is left and say nothing; the end of the loop does so too.

        Whoever uses the driver now gets a RuntimeError.
        """
        if not self.closed:
            self._due = 0
            try:
                HostedDriver.close(self)
            finally:
                self._reactor.close()


def _nothing(*_: object) -> None:
    """Called before the callbacks of the poller's own, of which there are none."""


def _never() -> bool:
    return False
