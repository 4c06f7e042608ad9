"""The loop of the selector driver: small, for one thread, over epoll where there is one, elsewhere over `selectors`.

A turn goes like this: the timers that are due, then what was put off before the turn began, then one look at the system
(which waits, if nothing was done yet), then what the system reported. The drivers of asyncio and trio use it too, as a
poller: their loop watches its one descriptor.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final, final

from .clock import LONGEST_WAIT, Timer, TimerQueue
from .polling import READABLE, WRITABLE, Poller, Waker, new_poller

__all__ = ["SelectorReactor"]


@final
class SelectorReactor:
    """The loop itself, as a `readiness.Reactor`.

    `report` is given what a callback raises; `before` is called before each timer and each callback that was put off;
    `now` is the clock that timers go by, in seconds.
    """

    def __init__(
        self,
        report: Callable[[BaseException], None],
        before: Callable[[], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.now: Final = now
        self._report: Final = report
        self._before: Final = before
        self._poller: Final[Poller] = new_poller()
        # Who wants to know of a descriptor, by its number: the system gives the lowest that is free, so they are short.
        self._readers: Final[list[Callable[[], None] | None]] = []
        self._writers: Final[list[Callable[[], None] | None]] = []
        self._timers: Final = TimerQueue()
        self._soon: Final[deque[Callable[[], None]]] = deque()
        self._wakers: Final[dict[None, Waker]] = {}  # one at most
        self._closed = False
        if not self._poller.sees_changes:
            self.waker()  # a thread that comes later couldn't bring it to the poller's notice

    # -- watching ----------------------------------------------------------------------------------------------------

    def watch_readable(self, fd: int, callback: Callable[[], None]) -> None:
        """Call back in every turn in which `fd` is readable."""
        if not 0 <= fd < len(self._readers):
            self._make_room(fd)
        if self._readers[fd] is None:
            writable = WRITABLE if self._writers[fd] is not None else 0
            self._poller.change(fd, writable, writable | READABLE)
        self._readers[fd] = callback

    def watch_writable(self, fd: int, callback: Callable[[], None]) -> None:
        """Call back in every turn in which `fd` is writable."""
        if not 0 <= fd < len(self._readers):
            self._make_room(fd)
        if self._writers[fd] is None:
            readable = READABLE if self._readers[fd] is not None else 0
            self._poller.change(fd, readable, readable | WRITABLE)
        self._writers[fd] = callback

    def unwatch_readable(self, fd: int) -> None:
        """Call back no more. An event of this turn that names the descriptor finds nobody, or who watches another that
        has got its number since: he is called back once too often, which a `Reactor` may do.
        """
        if 0 <= fd < len(self._readers) and self._readers[fd] is not None:
            self._readers[fd] = None
            writable = WRITABLE if self._writers[fd] is not None else 0
            self._poller.change(fd, writable | READABLE, writable)

    def unwatch_writable(self, fd: int) -> None:
        """The same."""
        if 0 <= fd < len(self._readers) and self._writers[fd] is not None:
            self._writers[fd] = None
            readable = READABLE if self._readers[fd] is not None else 0
            self._poller.change(fd, readable | WRITABLE, readable)

    def _make_room(self, fd: int) -> None:
        if fd < 0:
            raise ValueError(f"{fd} is no descriptor")
        more = [None] * (fd + 1 - len(self._readers))
        self._writers.extend(more)  # first: who sees that there are readers, perhaps on another thread, needs both
        self._readers.extend(more)

    # -- calling back ------------------------------------------------------------------------------------------------

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call back in a later turn, in the order of asking."""
        self._soon.append(callback)

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        """The same from any thread."""
        waker = self.waker()  # first: once the callback is in the queue, all may be over before we go on
        self._soon.append(callback)
        waker.wake()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back once `seconds` have passed; in the next turn if there are none."""
        return self._timers.add(self.now() + max(seconds, 0.0), callback)

    def waker(self) -> Waker:
        """What wakes the loop from outside. Raises RuntimeError once the reactor is closed."""
        waker = self._wakers.get(None)
        if waker is None:
            # Two threads may be here at once, or a signal handler in the middle of it: a lock would be a trap for that
            # one, and setdefault() knows who was first.
            made = Waker(self._poller)  # which goes when the loop does
            waker = self._wakers.setdefault(None, made)
            if waker is not made:
                made.close()
            elif not self._closed:
                self.watch_readable(made.fileno(), made.drain)
        if self._closed:
            waker.close()
            raise RuntimeError("the loop is closed")
        return waker

    # -- turning -----------------------------------------------------------------------------------------------------

    def turn(self, timeout: float | None, alive: Callable[[], bool]) -> None:
        """One turn, which waits for events if it has done nothing else.

        It waits for `timeout` seconds at most; with None as long as it takes, but only if it is to be kept `alive()`.
        """
        waiting = len(self._soon)  # what the timers put off is for the next turn
        done = self._run_timers() if self._timers else 0
        if waiting:
            self._run_soon(waiting)
        if self._closed:
            return
        if waiting or done or (timeout is None and not alive()):
            timeout = 0.0
        elif timeout != 0.0:  # who won't wait needn't know when something is due
            timeout = self._how_long(timeout)
        poller, readers, writers = self._poller, self._readers, self._writers
        for fd, events in poller.poll(timeout):
            try:
                if events & poller.reads and (callback := readers[fd]) is not None:
                    callback()
                if events & poller.writes and (callback := writers[fd]) is not None:
                    callback()
            except Exception as error:
                self._report(error)

    @property
    def waits(self) -> bool:
        """Was a callback put off?"""
        return bool(self._soon)

    def next_timeout(self) -> float | None:
        """Seconds until there is something to do that the system knows nothing of; None if there is nothing."""
        if self._soon:
            return 0.0
        deadline = self._timers.next_deadline() if self._timers else None
        return None if deadline is None else max(deadline - self.now(), 0.0)

    def fileno(self) -> int:
        """The poller's descriptor."""
        return self._poller.fileno()

    def close(self) -> None:
        """Give everything back to the system. What was watched is not closed."""
        self._closed = True
        self._timers.clear()
        self._soon.clear()
        for table in (self._readers, self._writers):
            for fd in range(len(table)):
                table[fd] = None  # not shortened: there may be events of this turn to come
        self._poller.close()
        for waker in self._wakers.values():
            waker.close()

    def _how_long(self, timeout: float | None) -> float | None:
        limit = self.next_timeout()
        if limit is None or (timeout is not None and timeout < limit):
            limit = timeout
        return None if limit is None else min(max(limit, 0.0), LONGEST_WAIT)

    def _run_timers(self) -> int:
        now, before, count = self.now(), self._timers.added, 0
        self._before()
        while (callback := self._timers.take(now, before)) is not None:
            self._call(callback)
            self._before()
            count += 1
        return count

    def _run_soon(self, count: int) -> None:
        for _ in range(count):
            self._before()
            if self._soon:  # a callback may have closed the loop
                self._call(self._soon.popleft())

    def _call(self, callback: Callable[[], None]) -> None:
        # What isn't an Exception ends the turn at once. It costs the others nothing: timers and what was put off are
        # taken one by one, and a descriptor that isn't attended to now is reported again.
        try:
            callback()
        except Exception as error:
            self._report(error)
