"""Parking: how a task waits, whichever kind of task it is. All that is awaitable here rests on these two methods.

A task that has to wait makes a `Spot` and parks there until a listener calls `wake()`. The tasks of asyncio (uvloop's
too) and of trio are known; a runner of another kind says how its tasks wait with `parking_at()`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, Protocol, final

from .hosts import running_asyncio, running_trio

if TYPE_CHECKING:
    import asyncio
    from types import ModuleType

    from .drivers.contract import Driver

__all__ = ["Spot", "has_parking", "new_spot", "parking_at"]


class Spot(Protocol):
    """Where one task waits, once."""

    async def park(self) -> None:
        """Wait for `wake()`; not at all if it was called already. What cancels the task is raised from here."""

    def wake(self) -> None:
        """Let the task go on, soon: never from inside this call. Any number of times, also when nobody waits."""


_maker: ContextVar[Callable[[], Spot] | None] = ContextVar("sansnet_parking", default=None)


def new_spot(driver: Driver | None = None) -> Spot:
    """A spot for the running task. RuntimeError if that is of no kind that is known.

    driver: of what is waited for, if there is one. RuntimeError if it is closed, and in a task that its loop doesn't
    wake (where it wakes none but its own the driver has a method `check_task()`): they would wait for ever.
    """
    if driver is not None:
        driver.check()
        check_task = getattr(driver, "check_task", None)
        if check_task is not None:
            check_task()
    maker = _maker.get()
    if maker is not None:
        return maker()
    trio = running_trio()
    if trio is not None:
        return _TrioSpot(trio)
    loop = running_asyncio()
    if loop is None:
        raise RuntimeError("sansnet can be awaited in a task of asyncio or trio; none is running here")
    return _AsyncioSpot(loop)


def has_parking() -> bool:
    """Is the running task of a kind that somebody has told of with `parking_at()`?"""
    return _maker.get() is not None


@contextlib.contextmanager
def parking_at(maker: Callable[[], Spot]) -> Iterator[None]:
    """Within this block tasks park at what `maker()` returns: for those who run coroutines in a way of their own."""
    token = _maker.set(maker)
    try:
        yield
    finally:
        _maker.reset(token)


@final
class _AsyncioSpot:
    """A future."""

    __slots__ = ("_future",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._future: Final[asyncio.Future[None]] = loop.create_future()

    async def park(self) -> None:
        await self._future

    def wake(self) -> None:
        if not self._future.done():  # it was woken before, or its task was cancelled
            self._future.set_result(None)


@final
class _TrioSpot:
    """An event, which is no checkpoint when it is set already."""

    __slots__ = ("_event",)

    def __init__(self, trio: ModuleType) -> None:
        self._event: Final = trio.Event()

    async def park(self) -> None:
        if not self._event.is_set():
            await self._event.wait()

    def wake(self) -> None:
        self._event.set()
