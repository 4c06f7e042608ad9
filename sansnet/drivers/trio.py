"""trio's loop as a driver, for as long as a block lasts: sockets and servers beside the tasks that run there.

    async with sansnet.drivers.trio.open_driver() as driver:
        server = sansnet.create_server(on_connection).listen(8124)
        await driver.idle()

Theory of operation
-------------------
The block is a nursery, and one task in it does all the work. It sleeps until something is ready or a timer is due: it
watches one descriptor, that of a poller which watches all the sockets (`SelectorReactor`), and the timers go by trio's
clock, so that with a `MockClock` the sockets live in its time. When it wakes it does one turn of that reactor.

trio runs tasks that are ready in no order. So the task of the driver lets some rounds of them pass before each turn:
those that a listener has woken go on, and those that they start begin, before anything else is told, as in asyncio. So
`start_soon(serve, server)` and then `connect()` is no race; and the rounds cost little, compared to a turn.

A listener's exception can't be raised where it happened: others wait to be told. It is kept, the nursery is cancelled,
and in the end the exception comes out of the block, in a group, as that of any task in a nursery. The driver's own task
is shielded from this, and from every other cancellation: it works until the block is left, so that what is cancelled
can still say goodbye (within a shield of its own). Nor does Ctrl-C strike in it; trio raises that in the main task.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import AsyncIterator, Callable
from typing import Final, final

import trio

from .chosen import using
from .clock import Timer
from .hosted import HostedDriver
from .naming import name_source
from .selector_reactor import SelectorReactor

__all__ = ["TrioDriver", "TrioReactor", "open_driver"]

ROUNDS: Final = 2
"""So many rounds of trio's tasks pass before a turn, besides that in which the driver wakes."""


@contextlib.asynccontextmanager
async def open_driver() -> AsyncIterator[TrioDriver]:
    """A driver for this block: inside, and in tasks started inside, `sansnet.connect()` and its like use it.

    Leaving the block, in whatever way, closes every socket and server that is left and says nothing; to wait until they
    are done, await `driver.idle()`. Tasks that wait for them belong into a nursery within the block: one that waits
    when the block is left waits for ever.

    What a listener raises, and an 'error' that nobody listens to, cancels the block once its turn is over, and comes
    out of it like the exception of a child task: in an ExceptionGroup, with whatever else goes wrong in the block.

    Raises RuntimeError outside of trio, and where its loop can't watch the descriptor that there is (Windows).
    """
    with trio.CancelScope() as scope:
        driver = TrioDriver(scope)  # not in the nursery, which would put into a group what this raises
        async with trio.open_nursery() as nursery:
            with using(driver):
                nursery.start_soon(driver.serve)
                try:
                    yield driver
                finally:
                    driver.close()


@final
class TrioReactor:
    """trio's loop as a `readiness.Reactor`: the watching and the timers are another's, the waiting is trio's.

    `report` is given what a callback raises. Raises OSError where there is no poller with a descriptor.
    """

    def __init__(self, report: Callable[[BaseException], None]) -> None:
        self._token: Final = trio.lowlevel.current_trio_token()
        self.now: Final = trio.lowlevel.current_clock().current_time
        self._watching: Final = SelectorReactor(report, _nothing, self.now)
        self.watch_readable: Final = self._watching.watch_readable
        self.watch_writable: Final = self._watching.watch_writable
        self.unwatch_readable: Final = self._watching.unwatch_readable
        self.unwatch_writable: Final = self._watching.unwatch_writable
        self.fileno: Final = self._watching.fileno
        self._sleep: trio.CancelScope | None = None  # while the driver's task sleeps: what wakes it
        try:
            self.fileno()
        except OSError:
            self._watching.close()
            raise

    async def rest(self) -> None:
        """Sleep until there is something to do, for a round of trio's tasks at least."""
        pause = self._watching.next_timeout()
        if pause == 0.0:
            await trio.lowlevel.cancel_shielded_checkpoint()
            return
        self._sleep = trio.CancelScope(deadline=math.inf if pause is None else self.now() + pause)
        try:
            with self._sleep, contextlib.suppress(trio.ClosedResourceError):
                await trio.lowlevel.wait_readable(self.fileno())
        finally:
            self._sleep = None

    def turn(self) -> None:
        """Call back for all that is due, was put off, or is ready."""
        self._watching.turn(0.0, _never)

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call back in a later turn, in the order of asking."""
        self._watching.call_soon(callback)
        if self._sleep is not None:
            self._sleep.cancel()

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        """The same from any thread. RuntimeError when trio has come to its end."""
        self._token.run_sync_soon(self.call_soon, callback)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back once `seconds` have passed."""
        timer = self._watching.call_later(seconds, callback)
        if self._sleep is not None and timer.deadline < self._sleep.deadline:
            self._sleep.deadline = timer.deadline
        return timer

    def close(self) -> None:
        """Wake who sleeps, and give everything back."""
        trio.lowlevel.notify_closing(self.fileno())
        self._watching.close()


class TrioDriver(HostedDriver):
    """The driver of a block in trio. `open_driver()` makes it, and closes it."""

    def __init__(self, scope: trio.CancelScope) -> None:
        """A driver that cancels `scope` when a listener raises something. Somebody has to run `serve()`."""
        self._thread: Final = threading.get_ident()
        self._scope: Final = scope
        self._errors: Final[list[BaseException]] = []
        try:
            self._reactor: Final = TrioReactor(self.report)
        except OSError as error:
            raise RuntimeError(
                "sansnet can't run in trio on this system; "
                "use sansnet.run(), or a SelectorDriver on a thread of its own"
            ) from error
        super().__init__(self._reactor)

    @trio.lowlevel.enable_ki_protection
    async def serve(self) -> None:
        """Do the driver's work until it is closed. Raises then what listeners have raised, several in a group."""
        with trio.CancelScope(shield=True):
            while not self.closed:
                try:
                    self._reactor.turn()
                except BaseException as error:  # an interrupt, which has gone through: the others get their turn
                    self.report(error)
                self._look_idle()
                if not self.closed:
                    await self._rest()
                for _ in range(ROUNDS):
                    await trio.lowlevel.cancel_shielded_checkpoint()
        if len(self._errors) == 1:
            raise self._errors[0]
        if self._errors:
            raise BaseExceptionGroup("several listeners failed", self._errors)

    async def _rest(self) -> None:
        await self._reactor.rest()

    async def idle(self) -> None:
        """Wait until nothing ref'd is left: what `run()` is to a driver that owns its loop."""
        await self._become_idle(trio.Event)

    def report(self, error: BaseException, source: object = None) -> None:
        """Cancel the block, and let `error` come out of it, with a note that names the source."""
        name_source(error, source)
        self._errors.append(error)
        self._scope.cancel()

    def close(self) -> None:
        """Close every handle that is left and say nothing; leaving the block does so too."""
        if not self.closed:
            self.check()
            try:
                super().close()
            finally:
                self._reactor.close()

    def check(self) -> None:
        """Raise RuntimeError where the driver can't be used: after the block, and on another thread."""
        if self.closed:
            raise self.complaint()
        if self._thread != threading.get_ident():
            raise RuntimeError(
                "this TrioDriver is used on another thread; call_soon_threadsafe() is how to reach it from here"
            )

    def complaint(self) -> RuntimeError:
        return RuntimeError(
            "this TrioDriver is closed, and so is every socket and server that was made in its block; "
            "keep the tasks that use them inside of 'async with open_driver():'"
        )


def _nothing() -> None:
    """Called before each callback of the reactor's own: those of the driver begin with what comes first."""


def _never() -> bool:
    return False
