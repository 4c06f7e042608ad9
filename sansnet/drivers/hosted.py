"""Drivers in a loop that isn't theirs. They can't run it until nothing is left; but a task can wait for that."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, final

from ..state.endpoints import Found
from ..state.faults import Fault
from .readiness import Reactor, ReadinessDriver

if TYPE_CHECKING:
    from .contract import Cancellable

__all__ = ["Event", "HostedDriver"]


class Event(Protocol):
    """What asyncio and trio call so: tasks wait until it is set."""

    def set(self) -> None: ...

    async def wait(self) -> object: ...


class HostedDriver(ReadinessDriver):
    """A `ReadinessDriver` that knows when it has become idle.

    Who inherits it calls `_look_idle()` when the loop has done something for it.
    """

    def __init__(self, reactor: Reactor) -> None:
        self._active = 0
        self._waiting: Final[dict[Event, None]] = {}  # for the driver to be idle
        super().__init__(reactor)

    @property
    def active(self) -> int:
        """How many reasons the ref'd handles have to be waited for, all together."""
        return self._active

    @active.setter
    def active(self, count: int) -> None:
        self._active = count
        if not count:
            self._look_idle()

    def resolve(
        self, host: str, family: int, hints: int, every: bool, done: Callable[[tuple[Found, ...] | Fault], None]
    ) -> Cancellable:
        """Look `host` up off the loop's thread; `done` is called from the loop, once, unless it was cancelled."""
        return _Lookup(super().resolve(host, family, hints, every, done), self._look_idle)

    async def _become_idle(self, new_event: Callable[[], Event]) -> None:
        """Wait until nothing ref'd is left."""
        while self.alive:
            calm = new_event()
            self._waiting[calm] = None
            try:
                await calm.wait()
            finally:
                del self._waiting[calm]

    def _look_idle(self) -> None:
        """Something is over that was waited for: perhaps it was the last."""
        if self._waiting and not self.alive:
            for calm in self._waiting:
                calm.set()


@final
class _Lookup:
    """A lookup; when it is cancelled, `over()` is called."""

    __slots__ = ("_lookup", "_over")

    def __init__(self, lookup: Cancellable, over: Callable[[], None]) -> None:
        self._lookup = lookup
        self._over = over

    def cancel(self) -> None:
        """Nobody waits any more."""
        self._lookup.cancel()
        self._over()
