"""`AsyncLoop`: an asynchronous iteration that notices when its `async for` is left early.

Python doesn't tell an iterator that its loop is left: it only lets go of it. So that is what counts here. Where
something else refers to the iterator, `aclose()` says so (`contextlib.aclosing`).

It is let go of on any thread, and, where it is part of a cycle, by the garbage collector, in the middle of whatever the
loop's thread is at: a transition of the very socket, for one. So nothing is done there; the loop does it in its next
turn.
"""

from __future__ import annotations

import contextlib
from typing import Generic, Protocol, Self, TypeVar

__all__ = ["AsyncLoop", "Walk"]

T_co = TypeVar("T_co", covariant=True)


class Walk(Protocol[T_co]):
    """What an iteration knows. It is apart from the iterator, to which nobody but the loop may refer."""

    async def next(self) -> T_co:
        """The next item; StopAsyncIteration after the last one."""

    def leave_early(self) -> None:
        """The loop was left; nothing happens if it had come to its end."""

    def leave_soon(self) -> None:
        """The same in a turn of the loop; called on any thread, at any time. RuntimeError if the driver is closed."""


class AsyncLoop(Generic[T_co]):
    """The iterator."""

    __slots__ = ("_walk",)

    def __init__(self, walk: Walk[T_co]) -> None:
        self._walk = walk

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T_co:
        """The next item. A task that is cancelled here has lost nothing: the next call goes on.

        Raises RuntimeError when another task waits for it already.
        """
        try:
            return await self._walk.next()
        finally:
            del self  # the traceback of what is raised would keep it, and then the loop couldn't let go of it

    async def aclose(self) -> None:
        """Leave the loop."""
        self._walk.leave_early()

    def __del__(self) -> None:
        if hasattr(self, "_walk"):  # or it could not be made
            with contextlib.suppress(RuntimeError):
                self._walk.leave_soon()
