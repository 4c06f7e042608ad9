"""Timers that wait for their moment. The queue reads no clock: whoever owns it says what time it is."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from typing import Final, final

__all__ = ["LONGEST_WAIT", "Timer", "TimerQueue"]

LONGEST_WAIT: Final = 3600.0
"""Seconds that a loop waits at most. No system call has to cope with what a user may take for "never"."""

_ENOUGH = 64
"""So many cancelled timers may lie about before it pays to sweep them."""


@final
class Timer:
    """One callback that waits. `cancel()` may be called at any time, also afterwards."""

    __slots__ = ("_callback", "_queue", "deadline")

    def __init__(self, queue: TimerQueue, deadline: float, callback: Callable[[], None]) -> None:
        self._queue = queue
        self._callback: Callable[[], None] | None = callback
        self.deadline = deadline

    def cancel(self) -> None:
        """Never call back. What the callback refers to is let go at once; the queue forgets the timer when it likes."""
        if self._callback is not None:
            self._callback = None
            self._queue._note_cancelled()

    @property
    def waits(self) -> bool:
        """Neither taken nor cancelled."""
        return self._callback is not None

    def _take(self) -> Callable[[], None] | None:
        callback, self._callback = self._callback, None
        return callback


@final
class TimerQueue:
    """The timers by deadline, those of equal deadlines in the order they were added.

    A heap with lazy deletion: connections come and go a lot faster than their timers would fire, so most timers are
    cancelled. A cancelled one stays in the heap until it comes up, or until they are the greater part.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._cancelled = 0
        self.added = 0
        """How many timers there ever were."""

    def __len__(self) -> int:
        return len(self._heap) - self._cancelled

    def add(self, deadline: float, callback: Callable[[], None]) -> Timer:
        """A timer for the moment `deadline`. One that is no number would spoil the order of all others: ValueError."""
        if math.isnan(deadline):
            raise ValueError("a timer needs a deadline, not NaN")
        timer = Timer(self, deadline, callback)
        heapq.heappush(self._heap, (deadline, self.added, timer))
        self.added += 1
        return timer

    def next_deadline(self) -> float | None:
        """When the first of those that wait is due."""
        heap = self._heap
        while heap and not heap[0][2].waits:
            heapq.heappop(heap)
            self._cancelled -= 1
        return heap[0][0] if heap else None

    def take(self, now: float, before: int) -> Callable[[], None] | None:
        """The callback of the first timer that is due at `now`, taken out; None if there is none.

        Only timers that were added when fewer than `before` had been: a callback that adds a timer of no seconds must
        not be able to keep its turn going for ever.
        """
        deadline = self.next_deadline()
        if deadline is None or deadline > now or self._heap[0][1] >= before:
            return None
        return heapq.heappop(self._heap)[2]._take()

    def clear(self) -> None:
        """Forget all timers, as if each had been cancelled."""
        for _, _, timer in self._heap:
            timer._take()
        self._heap.clear()
        self._cancelled = 0

    def _note_cancelled(self) -> None:
        self._cancelled += 1
        if self._cancelled > _ENOUGH and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].waits]
            heapq.heapify(self._heap)
            self._cancelled = 0
