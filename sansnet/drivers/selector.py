"""Our own loop: one turn is told in `selector_reactor.py`.

`SelectorDriver.step()` is one turn, `run()` is turns for as long as anything ref'd is left.

Inside another loop, watch `fileno()` and call `step(0)` when it is readable, and when `next_timeout()` seconds have
passed: the descriptor knows of sockets, not of timers.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from typing import TYPE_CHECKING, Final

from ..state.endpoints import Found
from ..state.faults import Fault
from .readiness import ReadinessDriver
from .selector_reactor import SelectorReactor
from .stepping import Stepping

if TYPE_CHECKING:
    from .contract import Cancellable

__all__ = ["SelectorDriver"]


class SelectorDriver(Stepping, ReadinessDriver):
    """The driver of a thread that has no loop of its own. Use it from one thread, that which uses it first.

    `with SelectorDriver() as driver:` closes it, and every socket it has, in the end.
    """

    def __init__(self) -> None:
        Stepping.__init__(self)
        self._loop: Final = SelectorReactor(self.report, self.run_first)
        ReadinessDriver.__init__(self, self._loop)

    @property
    def alive(self) -> bool:
        """Is a ref'd handle, a lookup or a callback that was put off still going to do something?"""
        return self.active > 0 or self._loop.waits or self._resolver.busy

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call back from the loop, in a later turn, in the order of asking."""
        if self.closed or self._own_thread != get_ident():
            self.check()
        self._loop.call_soon(callback)

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        """Call back from the loop; may be called on any thread."""
        if self.closed:
            raise self.complaint()
        self._loop.call_soon_threadsafe(callback)

    def resolve(
        self, host: str, family: int, hints: int, every: bool, done: Callable[[tuple[Found, ...] | Fault], None]
    ) -> Cancellable:
        """Look `host` up off the loop's thread; `done` is called from the loop, once, unless it was cancelled."""
        self.check()
        self._loop.waker()  # here an exception is seen; a thread that can't make one could only lose the answer
        return super().resolve(host, family, hints, every, done)

    def turn(self, timeout: float | None) -> None:
        """Do one turn."""
        self._loop.turn(timeout, self._is_alive)

    def wake_up_fd(self) -> int:
        """A socket that wakes the loop."""
        return self._loop.waker().signal_fd

    def next_timeout(self) -> float | None:
        """Seconds until `step(0)` has something to do even if `fileno()` shows nothing; None when only that counts."""
        self.check()
        return self._loop.next_timeout()

    def fileno(self) -> int:
        """A descriptor that is readable when `step(0)` has I/O to attend to. OSError where select() is all there is."""
        self.check()
        return self._loop.fileno()

    def close(self) -> None:
        """Close every socket that is left and say nothing. Whoever uses the driver now gets a RuntimeError."""
        if not self.closed:
            try:
                ReadinessDriver.close(self)
            finally:
                self._loop.close()

    def _is_alive(self) -> bool:
        return self.alive
