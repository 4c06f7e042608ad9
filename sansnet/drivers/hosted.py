"""Drivers in a loop that isn't theirs. They can't run it until nothing is left; but a task can wait for that."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, final

from ..state.endpoints import Found
from ..state.faults import Fault
from .readiness import Reactor, ReadinessDriver

if TYPE_CHECKING:
    from .contract import Cancellable

__all__ = ["Event", "HostedDriver", "Idling"]


class Event(Protocol):
    """What asyncio and trio call so: tasks wait until it is set."""

    def set(self) -> None: ...

    async def wait(self) -> object: ...


class Idling:
    """Knows when a driver has become idle. Stands before the driver's class among the bases.

    Who inherits it calls `_look_idle()` when the loop has done something for it.
    """

    def __init__(self) -> None:
        self._active = 0
        self._calm: Final[dict[Event, None]] = {}  # what waits for the driver to be idle

    @property
    def alive(self) -> bool:
        """As the contract has it."""
        raise NotImplementedError

    @property
    def active(self) -> int:
        """How many reasons the ref'd handles have to be waited for, all together."""
        return self._active

    @active.setter
    def active(self, count: int) -> None:
        self._active = count
        if not count:
            self._look_idle()

    async def _become_idle(self, new_event: Callable[[], Event]) -> None:
        """Wait until nothing ref'd is left."""
        while self.alive:
            calm = new_event()
            self._calm[calm] = None
            try:
                await calm.wait()
            finally:
                del self._calm[calm]

    def _look_idle(self) -> None:
        """Something is over that was waited for: perhaps it was the last."""
        if self._calm and not self.alive:
            for calm in self._calm:
                calm.set()


class HostedDriver(Idling, ReadinessDriver):
    """A `ReadinessDriver` that knows when it has become idle."""

    def __init__(self, reactor: Reactor) -> None:
        Idling.__init__(self)
        ReadinessDriver.__init__(self, reactor)

    @property
    def alive(self) -> bool:
        """Is a ref'd handle, a lookup or a callback that was put off still going to do something?"""
        return self._active > 0 or bool(self._soon or self._posted) or self._resolver.busy

    def resolve(
        self, host: str, family: int, hints: int, every: bool, done: Callable[[tuple[Found, ...] | Fault], None]
    ) -> Cancellable:
        """Look `host` up off the loop's thread; `done` is called from the loop, once, unless it was cancelled."""
        return _Lookup(super().resolve(host, family, hints, every, done), self._look_idle)


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
