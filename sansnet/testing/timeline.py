"""Virtual time: what is to happen, in order, and a clock that jumps from one to the next.

Two things that are due at the same moment happen in the order in which they were asked for; there is no other order
anywhere in a simulation, and none that depends on the machine it runs on.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable, Sized
from typing import Any, Final, final

from .endless import LIMIT, MOMENT, WATCHED, name_of, no_end

__all__ = ["Timeline", "Timer"]

Callback = Callable[[], Any]


@final
class Timer:
    """Something that is to happen once."""

    __slots__ = ("callback", "owner", "when")

    def __init__(self, when: float, callback: Callback, owner: str | None) -> None:
        self.when: Final = when
        self.owner: Final = owner
        self.callback: Callback | None = callback

    def cancel(self) -> None:
        """It won't. May be called at any time."""
        self.callback = None


@final
class Timeline:
    """What is due. `now` is in seconds since the beginning."""

    __slots__ = ("_count", "_heap", "_limit", "_soon", "now")

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit: Final = limit
        self.now = 0.0
        self._count = 0
        self._heap: list[tuple[float, int, Timer | Callable[..., Any], tuple[Any, ...]]] = []
        self._soon: deque[Callback] = deque()

    def soon(self, callback: Callback) -> None:
        """At this moment, after everything that was asked for it before."""
        self._soon.append(callback)

    def at(self, when: float, callback: Callable[..., Any], *args: Any) -> None:
        """At that time, with these arguments; it can't be taken back, and costs less than a timer."""
        self._count += 1
        heapq.heappush(self._heap, (when, self._count, callback, args))

    def timer(self, seconds: float, callback: Callback, owner: str | None = None) -> Timer:
        """In so many seconds, unless it is cancelled. owner: the host whose program asked for it, if one did."""
        made = Timer(self.now + max(seconds, 0.0), callback, owner)
        self._count += 1
        heapq.heappush(self._heap, (made.when, self._count, made, ()))
        return made

    def timers(self) -> list[Timer]:
        """Those that wait, in no order that means anything."""
        return [what for _, _, what, _ in self._heap if isinstance(what, Timer) and what.callback is not None]

    def forget(self, owner: str) -> None:
        """Cancel all timers of a host."""
        for timer in self.timers():
            if timer.owner == owner:
                timer.cancel()

    def run(
        self,
        end: float,
        stops: Sized,
        until: Callable[[], object] | None,
        waits: Callable[[], bool],
    ) -> None:
        """Let things happen, up to the time `end`, until there is something in `stops`, or `until()` is true.

        Nobody waits for timers alone: before one, `waits()` is asked whether anybody waits for anything.

        Raises Endless when so much happens, at one moment or at all, that there seems to be no end to it.
        """
        soon, heap = self._soon, self._heap
        count = 0
        most = min(self._limit, MOMENT)
        watch = most - WATCHED
        seen: Counter[str] | None = None  # what the last of it was
        while not stops and (until is None or not until()):
            what: Timer | Callable[..., Any]
            args: tuple[Any, ...] = ()
            when = self.now
            if soon:
                what = soon.popleft()
            elif not heap or heap[0][0] > end:
                return
            else:
                when, _, what, args = heap[0]
                if type(what) is Timer:
                    callback = what.callback
                    if callback is None:  # it was cancelled
                        heapq.heappop(heap)
                        continue
                    if not waits():
                        return
                    what.callback, what = None, callback
                heapq.heappop(heap)
                if when != self.now and most < self._limit:  # time doesn't stand still
                    seen, most = None, min(self._limit, count + MOMENT)
                    watch = most - WATCHED
            if count >= watch:
                if count == most:
                    raise no_end(self.now, most, self._limit, seen or Counter())
                seen = seen if seen is not None else Counter()
                seen[name_of(what, args)] += 1
            self.now = when
            count += 1
            what(*args)
